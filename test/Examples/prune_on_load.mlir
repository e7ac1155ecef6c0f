// The caller passes a dense weight. The program says that it is pruned to 2:4 by
// magnitude; since that is done once per weight, it moves out of the function: the caller
// packs the argument.

// RUN: sparsity-translate --to-ptx --target=sm_80 %s -o %t.sm_80.ptx
// RUN: FileCheck %s --check-prefix=SM80 < %t.sm_80.ptx
// RUN: %if ptxas %{ %ptxas -arch=sm_80 -v %t.sm_80.ptx -o %t.sm_80.cubin 2>&1 | FileCheck %s --check-prefix=PTXAS %}
// RUN: sparsity-translate --to-ptx --target=sm_90a %s -o %t.sm_90a.ptx
// RUN: FileCheck %s --check-prefix=SM90A --implicit-check-not='{{mma.(sync|sp::)}}' < %t.sm_90a.ptx
// RUN: %if ptxas %{ %ptxas -arch=sm_90a -v %t.sm_90a.ptx -o %t.sm_90a.cubin 2>&1 | FileCheck %s --check-prefix=PTXAS %}
// RUN: sed 's/4096/160/g; s/2048/200/g' %s > %t.small.mlir
// RUN: sparsity-run %t.small.mlir --device=cpu --shape=0:13x200 --check | FileCheck %s
// RUN: %if cuda %{ sparsity-run %t.small.mlir --device=cuda --shape=0:13x200 --check | FileCheck %s %}
// RUN: sparsity-opt %s --sparsity-to-nvvm | FileCheck %s --check-prefix=ABI
// RUN: sparsity-run %t.small.mlir --device=cpu --shape=0:13x200 --explain | FileCheck %s --check-prefix=EXPLAIN

// ABI: sparsity.abi = [{{.*}}{arg = 1 : i64, field = "values", kind = "field", pack = "prune"
// SM80: .target sm_80
// SM80: mma.sp::ordered_metadata.sync.aligned.m16n8k32.row.col.f32.bf16.bf16.f32
// SM90A: .target sm_90a
// SM90A: .entry main_kernel0(
// SM90A: setmaxnreg.dec
// SM90A-DAG: mbarrier.arrive.expect_tx
// SM90A-DAG: cp.async.bulk.tensor.2d.shared::cluster.global
// SM90A-DAG: cp.async.bulk.shared::cluster.global
// SM90A: setmaxnreg.inc
// SM90A: wgmma.mma_async.sp.sync.aligned.m64n{{[0-9]+}}k32.f32.bf16.bf16
// PTXAS-NOT: {{[1-9][0-9]* bytes spill|serialized}}
// PTXAS: 0 bytes spill stores, 0 bytes spill loads
// PTXAS-NOT: {{[1-9][0-9]* bytes spill|serialized}}
// CHECK-NOT: FAILED
// CHECK: check: result 0: {{.*}}: ok
// EXPLAIN: explain: kernel 0 (line [[#]]): tiles 12 of 12 (100.0 %), bytes 153.6 kB of 196.6 kB (78.1 %)

#w = #sparsity.n_of_m<2:4, axis = 1>

func.func @main(%x: tensor<?x2048xbf16>, %dense: tensor<4096x2048xbf16>)
    -> tensor<?x4096xf32> {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %w = sparsity.prune %dense : tensor<4096x2048xbf16> to tensor<4096x2048xbf16, #w>
  %tokens = tensor.dim %x, %c0 : tensor<?x2048xbf16>
  %empty = tensor.empty(%tokens) : tensor<?x4096xf32>
  %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<?x4096xf32>)
      -> tensor<?x4096xf32>
  %y = linalg.matmul
      indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>,
                       affine_map<(m, n, k) -> (m, n)>]
      ins(%x, %w : tensor<?x2048xbf16>, tensor<4096x2048xbf16, #w>)
      outs(%init : tensor<?x4096xf32>) -> tensor<?x4096xf32>
  return %y : tensor<?x4096xf32>
}
