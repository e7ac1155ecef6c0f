// RUN: sparsity-opt %s --sparsity-select-config=target=sm_80 --sparsity-resolve-storage=target=sm_80 \
// RUN:   --convert-sparsity-to-tile --sparse-tile-legalize-formats | FileCheck %s
// RUN: sparsity-opt %s --sparsity-select-config=target=sm_80 --sparsity-resolve-storage=target=sm_80 \
// RUN:   --convert-sparsity-to-tile --sparse-tile-legalize-formats \
// RUN:   --remark-format=emitRemark --remarks-filter=sparsity 2>&1 | FileCheck %s --check-prefix=REMARK

#w = #sparsity.n_of_m<2:4, axis = 1>

// The instruction reads A compressed: nothing to do.
// CHECK-LABEL: func.func @native
// CHECK-NOT: sparse_tile.expand
// CHECK: sparse_tile.mma %{{.*}} : <128x64xf16, #sparsity.format<n_of_m<2:4, axis = 1>, layout = core_matrix>>, <16x64xf16>
func.func @native(%w: tensor<256x256xf16, #w>, %x: tensor<256x16xf16>,
                  %init: tensor<256x16xf32>) -> tensor<256x16xf32> {
  %y = linalg.matmul ins(%w, %x : tensor<256x256xf16, #w>, tensor<256x16xf16>)
      outs(%init : tensor<256x16xf32>) -> tensor<256x16xf32>
  return %y : tensor<256x16xf32>
}

// B is never read compressed: it is expanded where it is loaded.
// CHECK-LABEL: func.func @both
// CHECK: load {
// CHECK: %[[A:.*]] = sparse_tile.load {{.*}} -> <128x64xf16, #sparsity.format<n_of_m<2:4, axis = 1>, layout = core_matrix>>
// CHECK: %[[B:.*]] = sparse_tile.load {{.*}} -> <128x64xf16, #sparsity.format<n_of_m<2:4, axis = 1>>>
// CHECK: %[[E:.*]] = sparse_tile.expand %[[B]] : <128x64xf16, #sparsity.format<n_of_m<2:4, axis = 1>>> -> <128x64xf16>
// CHECK: sparse_tile.yield %[[A]], %[[E]]
// CHECK: sparse_tile.mma %{{.*}} : <128x64xf16, #sparsity.format<n_of_m<2:4, axis = 1>, layout = core_matrix>>, <128x64xf16>,
// REMARK: remark: {{.*}}expanded: mma.sp::ordered_metadata.m16n8k32 does not take n_of_m<2:4, axis = 1> compressed
func.func @both(%x: tensor<128x256xf16, #w>, %w: tensor<256x256xf16, #w>,
                %init: tensor<128x256xf32>) -> tensor<128x256xf32> {
  %y = linalg.matmul
      indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>,
                       affine_map<(m, n, k) -> (m, n)>]
      ins(%x, %w : tensor<128x256xf16, #w>, tensor<256x256xf16, #w>)
      outs(%init : tensor<128x256xf32>) -> tensor<128x256xf32>
  return %y : tensor<128x256xf32>
}

// No instruction of sm_80 takes 4:8.
// CHECK-LABEL: func.func @four_of_eight
// CHECK: sparse_tile.expand
// CHECK: sparse_tile.mma %{{.*}} : <128x64xf16>, <16x64xf16>
// REMARK: expanded: mma.m16n8k16 does not take n_of_m<4:8, axis = 1> compressed
func.func @four_of_eight(%w: tensor<64x64xf16, #sparsity.n_of_m<4:8, axis = 1>>,
                         %x: tensor<64x16xf16>, %init: tensor<64x16xf32>)
    -> tensor<64x16xf32> {
  %y = linalg.matmul
      ins(%w, %x : tensor<64x64xf16, #sparsity.n_of_m<4:8, axis = 1>>, tensor<64x16xf16>)
      outs(%init : tensor<64x16xf32>) -> tensor<64x16xf32>
  return %y : tensor<64x16xf32>
}

// Buffers that came assembled are not in the instruction's layout.
// CHECK-LABEL: func.func @assembled
// CHECK: sparse_tile.expand
// REMARK: expected an operand in the layout of mma.sp::ordered_metadata.m16n8k32, but every one is expanded
func.func @assembled(%v: tensor<64x32xf16>, %m: tensor<64x8xi8>, %x: tensor<64x16xf16>,
                     %init: tensor<64x16xf32>) -> tensor<64x16xf32> {
  %w = sparsity.assemble %v, %m : tensor<64x32xf16>, tensor<64x8xi8> to tensor<64x64xf16, #w>
  %y = linalg.matmul ins(%w, %x : tensor<64x64xf16, #w>, tensor<64x16xf16>)
      outs(%init : tensor<64x16xf32>) -> tensor<64x16xf32>
  return %y : tensor<64x16xf32>
}

// Dense tiles and elementwise schedules have no format.
// CHECK-LABEL: func.func @dense
// CHECK-NOT: sparse_tile.expand
// CHECK: return
func.func @dense(%x: tensor<8x64xf16>, %w: tensor<64x16xf16>, %init: tensor<8x16xf32>)
    -> tensor<8x16xf32> {
  %y = linalg.matmul ins(%x, %w : tensor<8x64xf16>, tensor<64x16xf16>)
      outs(%init : tensor<8x16xf32>) -> tensor<8x16xf32>
  return %y : tensor<8x16xf32>
}
