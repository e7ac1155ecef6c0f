// Rows of blocks that a kernel of warpgroups takes are stored with an order to visit them in.

// RUN: sparsity-opt %s --sparsity-select-config=target=sm_90a --sparsity-resolve-storage=target=sm_90a | FileCheck %s
// RUN: sparsity-opt %s --sparsity-select-config="target=sm_90a instruction=mma" --sparsity-resolve-storage=target=sm_90a | FileCheck %s --check-prefix=LIST
// RUN: sparsity-opt %s --sparsity-select-config=target=sm_80 --sparsity-resolve-storage=target=sm_80 | FileCheck %s --check-prefix=LIST
// RUN: sparsity-opt %s --sparsity-select-config --sparsity-resolve-storage | FileCheck %s --check-prefix=LIST
// RUN: sparsity-opt %s --sparsity-select-config=target=sm_90a --sparsity-resolve-storage=target=sm_90a \
// RUN:   --remark-format=emitRemark --remarks-filter=sparsity 2>&1 | FileCheck %s --check-prefix=REMARK
// RUN: sparsity-opt %s --sparsity-select-config=target=sm_90a --sparsity-resolve-storage=target=sm_90a \
// RUN:   --convert-sparsity-to-tile | FileCheck %s --check-prefix=TILE

#w = #sparsity.block<64x64>
#xk = affine_map<(m, n, k) -> (m, k)>
#wk = affine_map<(m, n, k) -> (n, k)>
#y = affine_map<(m, n, k) -> (m, n)>

// Other kernels take rows as they come.
// LIST-NOT: ordered

// CHECK-LABEL: func.func @layer
// CHECK-SAME: tensor<512x256xbf16, #sparsity.block<64x64, ordered>>
// REMARK: argument #1 is stored as #sparsity.block<64x64, ordered>
// TILE-LABEL: func.func @layer
// TILE: %[[ORDER:.*]] = sparsity.field %{{.*}} "order" : tensor<512x256xbf16, #sparsity.block<64x64, ordered>> to tensor<8xi32>
// TILE: sparse_tile.forall
// TILE-SAME: ins({{.*}}, %[[ORDER]] :
// TILE: sparse_tile.order = array<i64: 5, 64>
func.func @layer(%x: tensor<256x256xbf16>, %w: tensor<512x256xbf16, #w>,
                 %init: tensor<256x512xf32>) -> tensor<256x512xf32> {
  %r = linalg.matmul indexing_maps = [#xk, #wk, #y]
      ins(%x, %w : tensor<256x256xbf16>, tensor<512x256xbf16, #w>)
      outs(%init : tensor<256x512xf32>) -> tensor<256x512xf32>
  return %r : tensor<256x512xf32>
}

// A reader that is no such kernel keeps the list as it is.
// CHECK-LABEL: func.func @two_readers
// CHECK-SAME: tensor<512x256xbf16, #sparsity.block<64x64>>
// TILE-LABEL: func.func @two_readers
// TILE-NOT: sparse_tile.order
func.func @two_readers(%x: tensor<256x256xbf16>, %w: tensor<512x256xbf16, #w>,
                       %init: tensor<256x512xf32>)
    -> (tensor<256x512xf32>, tensor<512x256xbf16, #w>) {
  %r = linalg.matmul indexing_maps = [#xk, #wk, #y]
      ins(%x, %w : tensor<256x256xbf16>, tensor<512x256xbf16, #w>)
      outs(%init : tensor<256x512xf32>) -> tensor<256x512xf32>
  return %r, %w : tensor<256x512xf32>, tensor<512x256xbf16, #w>
}

// Buffers that the program assembles are taken as they are.
// CHECK-LABEL: func.func @assembled
// CHECK: to tensor<512x256xbf16, #sparsity.block<64x64>>
func.func @assembled(%x: tensor<256x256xbf16>, %p: tensor<9xi32>, %c: tensor<?xi32>,
                     %v: tensor<?x64x64xbf16>, %init: tensor<256x512xf32>)
    -> tensor<256x512xf32> {
  %w = sparsity.assemble %p, %c, %v
      : tensor<9xi32>, tensor<?xi32>, tensor<?x64x64xbf16> to tensor<512x256xbf16, #w>
  %r = linalg.matmul indexing_maps = [#xk, #wk, #y]
      ins(%x, %w : tensor<256x256xbf16>, tensor<512x256xbf16, #w>)
      outs(%init : tensor<256x512xf32>) -> tensor<256x512xf32>
  return %r : tensor<256x512xf32>
}
