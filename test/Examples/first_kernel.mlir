// The README's first kernel: y = sum + x * transpose(W) with 2:4 weights.

// RUN: sparsity-translate --to-ptx --target=sm_80 %s -o %t.sm_80.ptx
// RUN: FileCheck %s --check-prefix=SM80 < %t.sm_80.ptx
// RUN: %if ptxas %{ %ptxas -arch=sm_80 -v %t.sm_80.ptx -o %t.sm_80.cubin 2>&1 | FileCheck %s --check-prefix=PTXAS %}
// RUN: sparsity-translate --to-ptx --target=sm_90a %s -o %t.sm_90a.ptx
// RUN: FileCheck %s --check-prefix=SM90A --implicit-check-not='{{mma.(sync|sp::)}}' < %t.sm_90a.ptx
// RUN: %if ptxas %{ %ptxas -arch=sm_90a -v %t.sm_90a.ptx -o %t.sm_90a.cubin 2>&1 | FileCheck %s --check-prefix=PTXAS %}
// RUN: sed 's/14336/160/g; s/4096/256/g' %s > %t.small.mlir
// RUN: sparsity-run %t.small.mlir --device=cpu --check | FileCheck %s
// RUN: %if cuda %{ sparsity-run %t.small.mlir --device=cuda --check | FileCheck %s %}
// RUN: sparsity-run %t.small.mlir --device=cpu --explain | FileCheck %s --check-prefix=EXPLAIN

// SM80: mma.sp::ordered_metadata.sync.aligned.m16n8k32.row.col.f32.bf16.bf16.f32
// SM90A-DAG: cp.async.bulk.tensor.2d.shared::cluster.global
// SM90A-DAG: cp.async.bulk.shared::cluster.global
// SM90A: wgmma.mma_async.sp.sync.aligned.m64n{{[0-9]+}}k32.f32.bf16.bf16
// PTXAS-NOT: {{[1-9][0-9]* bytes spill|serialized}}
// PTXAS: 0 bytes spill stores, 0 bytes spill loads
// CHECK: check: result 0: {{.*}}: ok
// EXPLAIN: explain: kernel 0 (line [[#]]): tiles 12 of 12 (100.0 %), bytes 153.6 kB of 196.6 kB (78.1 %)

#w = #sparsity.n_of_m<2:4, axis = 1>
func.func @main(%x: tensor<64x4096xbf16>, %w: tensor<14336x4096xbf16, #w>,
                %sum: tensor<64x14336xf32>) -> tensor<64x14336xf32> {
  %y = linalg.matmul
      indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>,
                       affine_map<(m, n, k) -> (m, n)>]
      ins(%x, %w : tensor<64x4096xbf16>, tensor<14336x4096xbf16, #w>)
      outs(%sum : tensor<64x14336xf32>) -> tensor<64x14336xf32>
  return %y : tensor<64x14336xf32>
}
