// f32 with 1:2 weights. With --allow-tf32 the sparse tensor cores take it (10 mantissa
// bits); without, it is exact f32 on the ordinary cores.

// RUN: sparsity-translate --to-ptx --target=sm_80 --allow-tf32 %s -o %t.sm_80.ptx
// RUN: FileCheck %s --check-prefix=SM80 < %t.sm_80.ptx
// RUN: %if ptxas %{ %ptxas -arch=sm_80 -v %t.sm_80.ptx -o %t.sm_80.cubin 2>&1 | FileCheck %s --check-prefix=PTXAS %}
// RUN: sparsity-translate --to-ptx --target=sm_90a --allow-tf32 %s -o %t.sm_90a.ptx
// RUN: FileCheck %s --check-prefix=SM90A --implicit-check-not='{{mma.(sync|sp::)}}' < %t.sm_90a.ptx
// RUN: %if ptxas %{ %ptxas -arch=sm_90a -v %t.sm_90a.ptx -o %t.sm_90a.cubin 2>&1 | FileCheck %s --check-prefix=PTXAS %}
// RUN: sed 's/4096/160/g; s/1024/200/g' %s > %t.small.mlir
// RUN: sparsity-run %t.small.mlir --device=cpu --shape=0:13x200 --check | FileCheck %s
// RUN: %if cuda %{ sparsity-run %t.small.mlir --device=cuda --shape=0:13x200 --allow-tf32 --check | FileCheck %s %}
// RUN: sparsity-translate --to-ptx --target=sm_80 %s | FileCheck %s --check-prefix=EXACT
// RUN: sparsity-run %t.small.mlir --device=cpu --shape=0:13x200 --explain | FileCheck %s --check-prefix=EXPLAIN

// EXACT-NOT: mma.
// EXACT: fma.rn.f32
// EXACT-NOT: mma.
// SM80: .target sm_80
// SM80: mma.sp::ordered_metadata.sync.aligned.m16n8k16.row.col.f32.tf32.tf32.f32
// SM90A: .target sm_90a
// SM90A: .entry main_kernel0(
// SM90A: setmaxnreg.dec
// SM90A-DAG: cp.async.bulk.tensor.2d.shared::cluster.global
// SM90A-DAG: cp.async.bulk.tensor.4d.shared::cluster.global
// SM90A-DAG: cp.async.bulk.shared::cluster.global
// SM90A: setmaxnreg.inc
// SM90A: wgmma.mma_async.sp.sync.aligned.m64n{{[0-9]+}}k16.f32.tf32.tf32
// PTXAS-NOT: {{[1-9][0-9]* bytes spill|serialized}}
// PTXAS: 0 bytes spill stores, 0 bytes spill loads
// PTXAS-NOT: {{[1-9][0-9]* bytes spill|serialized}}
// CHECK-NOT: FAILED
// CHECK: check: result 0: {{.*}}: ok
// EXPLAIN: explain: kernel 0 (line [[#]]): tiles 12 of 12 (100.0 %), bytes 298.0 kB of 393.2 kB (75.8 %)

#w = #sparsity.n_of_m<1:2, axis = 1>

func.func @main(%x: tensor<?x1024xf32>, %w: tensor<4096x1024xf32, #w>)
    -> tensor<?x4096xf32> {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %tokens = tensor.dim %x, %c0 : tensor<?x1024xf32>
  %empty = tensor.empty(%tokens) : tensor<?x4096xf32>
  %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<?x4096xf32>)
      -> tensor<?x4096xf32>
  %y = linalg.matmul
      indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>,
                       affine_map<(m, n, k) -> (m, n)>]
      ins(%x, %w : tensor<?x1024xf32>, tensor<4096x1024xf32, #w>)
      outs(%init : tensor<?x4096xf32>) -> tensor<?x4096xf32>
  return %y : tensor<?x4096xf32>
}
