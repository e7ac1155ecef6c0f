// RUN: sparsity-opt %s --sparsity-to-nvvm="target=sm_90a tuning-table=none" | FileCheck %s
// RUN: sparsity-opt %s --sparsity-to-nvvm="target=sm_90a tile=64,256,64 warps=4,1 stages=4 cluster=2" | FileCheck %s --check-prefix=ALONE
// RUN: not sparsity-opt %s --sparsity-to-nvvm="target=sm_90a tile=64,256,64 warps=8,1 stages=3 splits=2" 2>&1 | FileCheck %s --check-prefix=SPLIT
// RUN: sparsity-translate %s --to-launch-json --target=sm_90a --pipeline-options="tuning-table=none" | FileCheck %s --check-prefix=JSON
// RUN: %if ptxas %{ sparsity-translate %s --to-ptx --target=sm_90a --pipeline-options="tuning-table=none" -o %t.ptx %}
// RUN: %if ptxas %{ %lint_sass --ptxas %t.ptx %}
// RUN: %if nvdisasm %{ %lint_sass %t.ptx | FileCheck %s --check-prefix=SASS %}

// Rows of 64 follow lists of their own. Two consumers take two rows of tiles: the producer, with
// more registers than elsewhere, merges the lists and says beside a stage who multiplies. With one
// consumer each row of tiles walks its list alone.

// The order of the rows comes with the list: its element says which row of blocks a place is.
// CHECK-LABEL: llvm.func @layer_kernel0(
// CHECK-SAME: {{.*}}llvm.align = 16 : i64}, %[[ORDER:[a-z0-9]+]]: !llvm.ptr<1> {llvm.align = 4 : i64}
// CHECK: nvvm.setmaxregister  decrease 88
// CHECK: %[[AT:.*]] = llvm.getelementptr %[[ORDER]][
// CHECK: llvm.load %[[AT]] {alignment = 4 : i64} : !llvm.ptr<1> -> i32
// CHECK: llvm.intr.umin
// CHECK: nvvm.mbarrier.arrive.expect_tx
// CHECK: nvvm.cp.async.bulk.tensor.shared.cluster.global
// CHECK: nvvm.setmaxregister  increase 208
// CHECK: wgmma.mma_async

// ALONE-LABEL: llvm.func @layer_kernel0(
// ALONE-NOT: nvvm.setmaxregister
// ALONE: wgmma.mma_async

// SPLIT: expected no splits where each warpgroup has tiles of its own

// 112 pairs of rows of tiles, 16 columns of them, no clusters. The grid is as many blocks as fill
// their rounds.
// JSON: "launches":
// JSON-NOT: "cluster"
// JSON: "even_rounds": true
// JSON: "grid":
// JSON-NEXT: "1792"

// SASS: {{[1-9][0-9]*}} wgmmas checked, 0 findings

#block = #sparsity.block<64x64>
func.func @layer(%x: tensor<4096x4096xbf16>, %w: tensor<14336x4096xbf16, #block>) -> tensor<4096x14336xbf16> {
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<4096x14336xf32>
  %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<4096x14336xf32>) -> tensor<4096x14336xf32>
  %y = linalg.matmul
      indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>,
                       affine_map<(m, n, k) -> (m, n)>]
      ins(%x, %w : tensor<4096x4096xbf16>, tensor<14336x4096xbf16, #block>)
      outs(%init : tensor<4096x14336xf32>) -> tensor<4096x14336xf32>
  %out = tensor.empty() : tensor<4096x14336xbf16>
  %r = linalg.generic {indexing_maps = [affine_map<(m, n) -> (m, n)>, affine_map<(m, n) -> (m, n)>],
                       iterator_types = ["parallel", "parallel"]}
      ins(%y : tensor<4096x14336xf32>) outs(%out : tensor<4096x14336xbf16>) {
  ^bb0(%a: f32, %o: bf16):
    %c = arith.truncf %a : f32 to bf16
    linalg.yield %c : bf16
  } -> tensor<4096x14336xbf16>
  return %r : tensor<4096x14336xbf16>
}
