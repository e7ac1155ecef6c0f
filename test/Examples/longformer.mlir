// Causal attention of a Longformer kind: each query sees the last 512 keys, every 512th key
// and the first four. Keys outside the window are gathered into dense tiles, so the work
// grows with the length divided by 512.

// RUN: sparsity-translate --to-ptx --target=sm_80 %s -o %t.sm_80.ptx
// RUN: FileCheck %s --check-prefix=SM80 < %t.sm_80.ptx
// RUN: %if ptxas %{ %ptxas -arch=sm_80 -v %t.sm_80.ptx -o %t.sm_80.cubin 2>&1 | FileCheck %s --check-prefix=PTXAS %}
// RUN: sparsity-translate --to-ptx --target=sm_90a %s -o %t.sm_90a.ptx
// RUN: FileCheck %s --check-prefix=SM90A < %t.sm_90a.ptx
// RUN: %if ptxas %{ %ptxas -arch=sm_90a -v %t.sm_90a.ptx -o %t.sm_90a.cubin 2>&1 | FileCheck %s --check-prefix=PTXAS %}
// RUN: sed 's/left = 511/left = 15/; s/period = 512/period = 16/' %s > %t.small.mlir
// RUN: sparsity-run %t.small.mlir --device=cpu --shape=0:8x75x64 --shape=1:8x75x64 --shape=2:8x75x64 --check | FileCheck %s
// RUN: %if cuda %{ sparsity-run %t.small.mlir --device=cuda --shape=0:8x75x64 --shape=1:8x75x64 --shape=2:8x75x64 --check | FileCheck %s %}
// RUN: sparsity-run %s --device=cpu --shape=0:8x1024x64 --shape=1:8x1024x64 --shape=2:8x1024x64 --explain | FileCheck %s --check-prefix=EXPLAIN

// SM80: .target sm_80
// SM80: mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32
// SM90A: .target sm_90a
// SM90A: mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32
// PTXAS-NOT: {{[1-9][0-9]*}} bytes spill
// PTXAS: 0 bytes spill stores, 0 bytes spill loads
// PTXAS-NOT: {{[1-9][0-9]*}} bytes spill
// CHECK-NOT: FAILED
// CHECK: check: result 0: {{.*}}: ok
// EXPLAIN: explain: kernel 0 (line [[#]]): tiles 2240 of 4096 (54.7 %), bytes 37.7 MB of 68.2 MB (55.4 %)

#mask = #sparsity.all_of<[
  #sparsity.window<right = 0>,
  #sparsity.any_of<[#sparsity.window<left = 511>, #sparsity.strided<period = 512>,
                    #sparsity.prefix<length = 4>]>]>

func.func @main(%q: tensor<8x?x64xbf16>, %k: tensor<8x?x64xbf16>,
                %v: tensor<8x?x64xbf16>) -> tensor<8x?x64xbf16> {
  %o = sparsity.attention %q, %k, %v
      mask(#mask) scale(0.1250000000)
      : (tensor<8x?x64xbf16>, tensor<8x?x64xbf16>, tensor<8x?x64xbf16>) -> tensor<8x?x64xbf16>
  return %o : tensor<8x?x64xbf16>
}
