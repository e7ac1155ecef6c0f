// Blocks that warpgroups do not take, merged into units that they do: without a density always, with
// one where the cost model says so.

// DEFINE: %{remarks} = --remark-format=emitRemark --remarks-filter=sparsity
// DEFINE: %{resolve} = --sparsity-resolve-storage=target=sm_90a
// RUN: sparsity-opt %s --sparsity-select-config="target=sm_90a tuning-table=none" %{resolve} %{remarks} -o %t.mlir 2>&1 | FileCheck %s --check-prefix=REMARK
// RUN: FileCheck %s < %t.mlir
// RUN: sparsity-opt %s --sparsity-select-config="target=sm_90a instruction=mma" %{resolve} | FileCheck %s --check-prefix=OFF
// RUN: sparsity-opt %s --sparsity-select-config="target=sm_80" --sparsity-resolve-storage=target=sm_80 | FileCheck %s --check-prefix=OFF
// RUN: sparsity-opt %s --sparsity-select-config --sparsity-resolve-storage | FileCheck %s --check-prefix=OFF
// RUN: sparsity-opt %s --sparsity-to-nvvm="target=sm_90a" | FileCheck %s --check-prefix=KERNEL

// OFF-NOT: merged

#xw = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>]
#b = #sparsity.block<32x32>
!x = tensor<4096x4096xbf16>
!w = tensor<4096x4096xbf16, #b>
!y = tensor<4096x4096xf32>

// REMARK: SelectConfig{{.*}}"wgmma.m64k16 in bf16, tile 64x{{[0-9]+}}x64 by the cost model{{.*}}; blocks are merged for warpgroups"
// CHECK-LABEL: func.func @unknown
// CHECK-SAME: #sparsity.block<32x32, merged = 64x64, ordered>
// CHECK: instruction = "wgmma.m64k16"
// CHECK-NOT: sparse_tile.stored
// KERNEL-LABEL: llvm.func @unknown_kernel0
// KERNEL: wgmma.mma_async
func.func @unknown(%x: !x, %w: !w, %init: !y) -> !y {
  %y = linalg.matmul indexing_maps = #xw ins(%x, %w : !x, !w) outs(%init : !y) -> !y
  return %y : !y
}

// At 0.05 more than half of the units of sixteen blocks are there, which is eleven times the elements.
// REMARK: SelectConfig{{.*}}"mma.m16n8k16 in bf16{{.*}}; no warpgroups: blocks are no multiple
// CHECK-LABEL: func.func @few
// CHECK-SAME: %{{.*}}: tensor<4096x4096xbf16, #sparsity.block<16x16>>, %{{.*}}: tensor
// CHECK: instruction = "mma.m16n8k16"
func.func @few(%x: !x, %w: tensor<4096x4096xbf16, #sparsity.block<16x16>> {sparsity.density = 0.05 : f64}, %init: !y) -> !y {
  %y = linalg.matmul indexing_maps = #xw ins(%x, %w : !x, tensor<4096x4096xbf16, #sparsity.block<16x16>>) outs(%init : !y) -> !y
  return %y : !y
}

// REMARK: SelectConfig{{.*}}"wgmma.m64k16 in bf16{{.*}}; blocks are merged for warpgroups: [[#]] cycles, [[#]] one by one, by the cost model
// CHECK-LABEL: func.func @many
// CHECK-SAME: #sparsity.block<32x32, merged = 64x64, ordered>
func.func @many(%x: !x, %w: !w {sparsity.density = 0.35 : f64}, %init: !y) -> !y {
  %y = linalg.matmul indexing_maps = #xw ins(%x, %w : !x, !w) outs(%init : !y) -> !y
  return %y : !y
}

// Merged units of nearly all weights: dense ones are better still.
// REMARK: SelectConfig{{.*}}; dense: [[#]] cycles at a density of 0.9, [[#]] for dense weights
// CHECK-LABEL: func.func @nearly_all
// CHECK-SAME: #sparsity.stored_dense<#sparsity.block<32x32>>
func.func @nearly_all(%x: !x, %w: !w {sparsity.density = 0.9 : f64}, %init: !y) -> !y {
  %y = linalg.matmul indexing_maps = #xw ins(%x, %w : !x, !w) outs(%init : !y) -> !y
  return %y : !y
}

// 128 bytes of 8-bit elements are 128 of them.
// CHECK-LABEL: func.func @bytes
// CHECK-SAME: #sparsity.block<16x64, merged = 64x128, ordered>
func.func @bytes(%x: tensor<512x1024xi8>, %w: tensor<1024x1024xi8, #sparsity.block<16x64>>, %init: tensor<512x1024xi32>)
    -> tensor<512x1024xi32> {
  %y = linalg.matmul indexing_maps = #xw ins(%x, %w : tensor<512x1024xi8>, tensor<1024x1024xi8, #sparsity.block<16x64>>)
      outs(%init : tensor<512x1024xi32>) -> tensor<512x1024xi32>
  return %y : tensor<512x1024xi32>
}

// A constant is packed in units.
// CHECK-LABEL: func.func @constant
// CHECK: sparsity.assemble {{.*}} : tensor<2xi32>, tensor<1xi32>, tensor<1x64x64xbf16>, tensor<1xi32> to tensor<64x64xbf16, #sparsity.block<32x32, merged = 64x64, ordered>>
func.func @constant(%x: tensor<512x64xbf16>, %init: tensor<512x64xf32>) -> tensor<512x64xf32> {
  %c = arith.constant dense<1.0> : tensor<64x64xbf16>
  %w = sparsity.encode %c : tensor<64x64xbf16> to tensor<64x64xbf16, #b>
  %y = linalg.matmul indexing_maps = #xw ins(%x, %w : tensor<512x64xbf16>, tensor<64x64xbf16, #b>)
      outs(%init : tensor<512x64xf32>) -> tensor<512x64xf32>
  return %y : tensor<512x64xf32>
}

// Buffers that a program assembles are taken as they are.
// CHECK-LABEL: func.func @assembled
// CHECK-NOT: merged
// CHECK: return
func.func @assembled(%p: tensor<129xi32>, %c: tensor<?xi32>, %v: tensor<?x32x32xbf16>, %x: !x, %init: !y) -> !y {
  %w = sparsity.assemble %p, %c, %v : tensor<129xi32>, tensor<?xi32>, tensor<?x32x32xbf16> to !w
  %y = linalg.matmul indexing_maps = #xw ins(%x, %w : !x, !w) outs(%init : !y) -> !y
  return %y : !y
}
