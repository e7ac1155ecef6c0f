// The attention of Mistral 7B: causal, each query sees the last 4096 keys, and 4 heads of
// queries share one of keys. One compile serves every length, and no mask is in memory.

// RUN: sparsity-translate --to-ptx --target=sm_80 %s -o %t.sm_80.ptx
// RUN: FileCheck %s --check-prefix=SM80 < %t.sm_80.ptx
// RUN: %if ptxas %{ %ptxas -arch=sm_80 -v %t.sm_80.ptx -o %t.sm_80.cubin 2>&1 | FileCheck %s --check-prefix=PTXAS %}
// RUN: sparsity-translate --to-ptx --target=sm_90a %s -o %t.sm_90a.ptx
// RUN: FileCheck %s --check-prefix=SM90A < %t.sm_90a.ptx
// RUN: %if ptxas %{ %ptxas -arch=sm_90a -v %t.sm_90a.ptx -o %t.sm_90a.cubin 2>&1 | FileCheck %s --check-prefix=PTXAS %}
// RUN: sed 's/4095/31/' %s > %t.small.mlir
// RUN: sparsity-run %t.small.mlir --device=cpu --shape=0:32x70x128 --shape=1:8x70x128 --shape=2:8x70x128 --check | FileCheck %s
// RUN: %if cuda %{ sparsity-run %t.small.mlir --device=cuda --shape=0:32x70x128 --shape=1:8x70x128 --shape=2:8x70x128 --check | FileCheck %s %}
// RUN: sparsity-run %t.small.mlir --device=cpu --shape=0:32x70x128 --shape=1:8x70x128 --shape=2:8x70x128 --explain | FileCheck %s --check-prefix=EXPLAIN

// SM80: .target sm_80
// SM80: mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32
// SM90A: .target sm_90a
// SM90A: mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32
// PTXAS-NOT: {{[1-9][0-9]*}} bytes spill
// PTXAS: 0 bytes spill stores, 0 bytes spill loads
// PTXAS-NOT: {{[1-9][0-9]*}} bytes spill
// CHECK-NOT: FAILED
// CHECK: check: result 0: {{.*}}: ok
// EXPLAIN: explain: kernel 0 (line [[#]]): tiles 128 of 192 (66.7 %), bytes 5.0 MB of 7.1 MB (70.4 %)

#mask = #sparsity.window<left = 4095, right = 0>

func.func @main(%q: tensor<32x?x128xbf16>, %k: tensor<8x?x128xbf16>,
                %v: tensor<8x?x128xbf16>) -> tensor<32x?x128xbf16> {
  %o = sparsity.attention %q, %k, %v
      mask(#mask) scale(0.0883883476)
      : (tensor<32x?x128xbf16>, tensor<8x?x128xbf16>, tensor<8x?x128xbf16>) -> tensor<32x?x128xbf16>
  return %o : tensor<32x?x128xbf16>
}
