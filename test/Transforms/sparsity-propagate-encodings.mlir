// RUN: sparsity-opt %s --sparsity-propagate-encodings | FileCheck %s

// A compressed weight is read as it is stored: the transpose moves into the indexing map.

#w = #sparsity.n_of_m<2:4, axis = 1>

// CHECK-DAG: #[[KN:.*]] = affine_map<(d0, d1, d2) -> (d1, d2)>

// CHECK-LABEL: func.func @transposed_weight
// CHECK-SAME: %[[X:.*]]: tensor<?x64xf16>, %[[W:.*]]: tensor<32x64xf16, #sparsity.n_of_m<2:4, axis = 1>>
// CHECK-NOT: linalg.transpose
// CHECK: linalg.generic {indexing_maps = [#{{.*}}, #[[KN]], #{{.*}}], iterator_types = ["parallel", "parallel", "reduction"]}
// CHECK-SAME: ins(%[[X]], %[[W]] :
func.func @transposed_weight(%x: tensor<?x64xf16>, %w: tensor<32x64xf16, #w>,
                             %init: tensor<?x32xf32>) -> tensor<?x32xf32> {
  %e = tensor.empty() : tensor<64x32xf16>
  %t = linalg.transpose ins(%w : tensor<32x64xf16, #w>) outs(%e : tensor<64x32xf16>)
      permutation = [1, 0]
  %y = linalg.matmul ins(%x, %t : tensor<?x64xf16>, tensor<64x32xf16>)
      outs(%init : tensor<?x32xf32>) -> tensor<?x32xf32>
  return %y : tensor<?x32xf32>
}

// A permutation that is not its own inverse: operand axis i walks source axis
// permutation[i].
// CHECK-LABEL: func.func @rotated_weight
// CHECK-SAME: %[[X:.*]]: tensor<2x8x16xf16>, %[[W:.*]]: tensor<4x2x16xf16, #sparsity.n_of_m<2:4, axis = 2>>
// CHECK-NOT: linalg.transpose
// CHECK: linalg.generic {indexing_maps = [#{{.*}}, #[[ROTATED:.*]], #{{.*}}]
// CHECK-SAME: ins(%[[X]], %[[W]] :
func.func @rotated_weight(%x: tensor<2x8x16xf16>,
                          %w: tensor<4x2x16xf16, #sparsity.n_of_m<2:4, axis = 2>>,
                          %init: tensor<2x8x4xf32>) -> tensor<2x8x4xf32> {
  %e = tensor.empty() : tensor<2x16x4xf16>
  %t = linalg.transpose ins(%w : tensor<4x2x16xf16, #sparsity.n_of_m<2:4, axis = 2>>)
      outs(%e : tensor<2x16x4xf16>) permutation = [1, 2, 0]
  %y = linalg.batch_matmul ins(%x, %t : tensor<2x8x16xf16>, tensor<2x16x4xf16>)
      outs(%init : tensor<2x8x4xf32>) -> tensor<2x8x4xf32>
  return %y : tensor<2x8x4xf32>
}

// A cast that keeps the encoding is looked through; static extents come back.
// CHECK-LABEL: func.func @cast_weight
// CHECK-SAME: %[[W:.*]]: tensor<32x64xf16, #sparsity.n_of_m<2:4, axis = 1>>
// CHECK-NOT: linalg.{{.*}}tensor<?x?xf16, #sparsity
// CHECK: linalg.matvec ins(%[[W]], %{{.*}} : tensor<32x64xf16, #sparsity.n_of_m<2:4, axis = 1>>,
func.func @cast_weight(%w: tensor<32x64xf16, #w>, %x: tensor<64xf16>,
                       %init: tensor<32xf32>) -> tensor<32xf32> {
  %c = tensor.cast %w : tensor<32x64xf16, #w> to tensor<?x?xf16, #w>
  %y = linalg.matvec ins(%c, %x : tensor<?x?xf16, #w>, tensor<64xf16>)
      outs(%init : tensor<32xf32>) -> tensor<32xf32>
  return %y : tensor<32xf32>
}

// A dense transpose is none of this pass's business.
// CHECK-LABEL: func.func @dense
// CHECK: linalg.transpose
// CHECK: linalg.matmul
func.func @dense(%x: tensor<8x64xf16>, %w: tensor<32x64xf16>,
                 %init: tensor<8x32xf32>) -> tensor<8x32xf32> {
  %e = tensor.empty() : tensor<64x32xf16>
  %t = linalg.transpose ins(%w : tensor<32x64xf16>) outs(%e : tensor<64x32xf16>)
      permutation = [1, 0]
  %y = linalg.matmul ins(%x, %t : tensor<8x64xf16>, tensor<64x32xf16>)
      outs(%init : tensor<8x32xf32>) -> tensor<8x32xf32>
  return %y : tensor<8x32xf32>
}
