// RUN: sparsity-opt %s --sparsity-to-nvvm="target=sm_90a tuning-table=none" | FileCheck %s
// RUN: sparsity-opt %s --sparsity-to-nvvm="target=sm_90a tile=128,192,64 warps=8,1 stages=4 cluster=2" | FileCheck %s
// RUN: sparsity-opt %s --sparsity-to-nvvm="target=sm_90a tuning-table=none" --mlir-print-ir-after=convert-sparsity-to-tile -o /dev/null 2>&1 | FileCheck %s --check-prefix=TILE
// RUN: sed 's/128x128/64x64/' %s > %t.64.mlir
// RUN: sparsity-opt %t.64.mlir --sparsity-to-nvvm="target=sm_90a tuning-table=none" | FileCheck %s --check-prefix=JOINED
// RUN: %if ptxas %{ sparsity-translate %s --to-ptx --target=sm_90a -o %t.ptx %}
// RUN: %if ptxas %{ %ptxas -arch=sm_90a -v %t.ptx -o %t.cubin 2>&1 | FileCheck %s --check-prefix=PTXAS %}
// RUN: %if ptxas %{ %lint_sass --ptxas %t.ptx %}
// RUN: %if ptxas %{ sparsity-translate %t.64.mlir --to-ptx --target=sm_90a -o %t.64.ptx %}
// RUN: %if ptxas %{ %ptxas -arch=sm_90a -v %t.64.ptx -o %t.64.cubin 2>&1 | FileCheck %s --check-prefix=PTXAS %}
// RUN: %if ptxas %{ %lint_sass --ptxas %t.64.ptx %}

// Two products of one kernel with a list each: their loops come one after the other, through the
// same ring of stages. Rows are taken in the order of the first one's list.

// TILE: sparse_tile.pipeline
// TILE: sparse_tile.pipeline
// TILE: sparse_tile.store
// TILE: sparse_tile.order = array<i64: {{[0-9]+}}, 128>

// CHECK-LABEL: llvm.func @gated_kernel0(
// CHECK: nvvm.setmaxregister  decrease 40
// CHECK-COUNT-2: nvvm.mbarrier.arrive.expect_tx
// CHECK-NOT: nvvm.mbarrier.arrive.expect_tx
// CHECK: nvvm.setmaxregister  increase 232
// CHECK-COUNT-8: wgmma.mma_async
// CHECK-NOT: wgmma.mma_async

// JOINED-LABEL: llvm.func @gated_kernel0(
// JOINED: nvvm.setmaxregister  decrease 88
// JOINED: nvvm.setmaxregister  increase 208
// JOINED-COUNT-8: wgmma.mma_async
// JOINED-NOT: wgmma.mma_async


// PTXAS-NOT: serialized
// PTXAS: 0 bytes spill stores, 0 bytes spill loads

#w = #sparsity.block<128x128>
func.func @gated(%x: tensor<?x4096xbf16>, %g: tensor<14336x4096xbf16, #w>, %u: tensor<14336x4096xbf16, #w>)
    -> tensor<?x14336xbf16> {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %tokens = tensor.dim %x, %c0 : tensor<?x4096xbf16>
  %empty = tensor.empty(%tokens) : tensor<?x14336xf32>
  %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<?x14336xf32>) -> tensor<?x14336xf32>
  %a = linalg.matmul
      indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>,
                       affine_map<(m, n, k) -> (m, n)>]
      ins(%x, %g : tensor<?x4096xbf16>, tensor<14336x4096xbf16, #w>)
      outs(%init : tensor<?x14336xf32>) -> tensor<?x14336xf32>
  %b = linalg.matmul
      indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>,
                       affine_map<(m, n, k) -> (m, n)>]
      ins(%x, %u : tensor<?x4096xbf16>, tensor<14336x4096xbf16, #w>)
      outs(%init : tensor<?x14336xf32>) -> tensor<?x14336xf32>
  %out = tensor.empty(%tokens) : tensor<?x14336xbf16>
  %r = linalg.generic {indexing_maps = [affine_map<(m, n) -> (m, n)>, affine_map<(m, n) -> (m, n)>,
                                        affine_map<(m, n) -> (m, n)>],
                       iterator_types = ["parallel", "parallel"]}
      ins(%a, %b : tensor<?x14336xf32>, tensor<?x14336xf32>) outs(%out : tensor<?x14336xbf16>) {
  ^bb0(%p: f32, %q: f32, %o: bf16):
    %s = arith.maximumf %p, %zero : f32
    %t = arith.mulf %s, %q : f32
    %c = arith.truncf %t : f32 to bf16
    linalg.yield %c : bf16
  } -> tensor<?x14336xbf16>
  return %r : tensor<?x14336xbf16>
}
