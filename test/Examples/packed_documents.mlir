// Causal attention over documents packed into one sequence: each query sees its own
// document. The bounds are data of the call, so another packing needs no compile.

// RUN: sparsity-translate --to-ptx --target=sm_80 %s -o %t.sm_80.ptx
// RUN: FileCheck %s --check-prefix=SM80 < %t.sm_80.ptx
// RUN: %if ptxas %{ %ptxas -arch=sm_80 -v %t.sm_80.ptx -o %t.sm_80.cubin 2>&1 | FileCheck %s --check-prefix=PTXAS %}
// RUN: sparsity-translate --to-ptx --target=sm_90a %s -o %t.sm_90a.ptx
// RUN: FileCheck %s --check-prefix=SM90A < %t.sm_90a.ptx
// RUN: %if ptxas %{ %ptxas -arch=sm_90a -v %t.sm_90a.ptx -o %t.sm_90a.cubin 2>&1 | FileCheck %s --check-prefix=PTXAS %}
// RUN: python3 %S/Inputs/documents.py %t.documents 30 1 25 14
// RUN: sparsity-run %s --device=cpu --shape=0:8x70x128 --shape=1:8x70x128 --shape=2:8x70x128 --input=3:%t.documents/lo.npy --input=4:%t.documents/hi.npy --check | FileCheck %s
// RUN: %if cuda %{ sparsity-run %s --device=cuda --shape=0:8x70x128 --shape=1:8x70x128 --shape=2:8x70x128 --input=3:%t.documents/lo.npy --input=4:%t.documents/hi.npy --check | FileCheck %s %}
// RUN: sparsity-run %s --device=cpu --shape=0:8x70x128 --shape=1:8x70x128 --shape=2:8x70x128 --input=3:%t.documents/lo.npy --input=4:%t.documents/hi.npy --explain | FileCheck %s --check-prefix=EXPLAIN

// SM80: .target sm_80
// SM80: mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32
// SM90A: .target sm_90a
// SM90A: mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32
// PTXAS-NOT: {{[1-9][0-9]*}} bytes spill
// PTXAS: 0 bytes spill stores, 0 bytes spill loads
// PTXAS-NOT: {{[1-9][0-9]*}} bytes spill
// CHECK-NOT: FAILED
// CHECK: check: result 0: {{.*}}: ok
// EXPLAIN: explain: kernel 0 (line [[#]]): tiles 32 of 48 (66.7 %), bytes 1.2 MB of 1.8 MB (70.4 %)

#mask = #sparsity.all_of<[#sparsity.window<right = 0>, #sparsity.segments]>

func.func @main(%q: tensor<8x?x128xbf16>, %k: tensor<8x?x128xbf16>,
                %v: tensor<8x?x128xbf16>,
                %lo: tensor<?xi32>, %hi: tensor<?xi32>) -> tensor<8x?x128xbf16> {
  %o = sparsity.attention %q, %k, %v
      mask(#mask, %lo, %hi : tensor<?xi32>, tensor<?xi32>) scale(0.0883883476)
      : (tensor<8x?x128xbf16>, tensor<8x?x128xbf16>, tensor<8x?x128xbf16>) -> tensor<8x?x128xbf16>
  return %o : tensor<8x?x128xbf16>
}
