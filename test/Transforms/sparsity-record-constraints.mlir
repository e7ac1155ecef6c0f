// RUN: sparsity-opt %s --sparsity-record-constraints | FileCheck %s

#nn = affine_map<(m, n, k) -> (m, k)>
#nt = affine_map<(m, n, k) -> (n, k)>
#mn = affine_map<(m, n, k) -> (m, n)>

// The reduction is walked by both operands, the rows by the first and the init.

// CHECK: @matmul
// CHECK-SAME: sparsity.constraints = [array<i64: 0, 1, 1, 1>, array<i64: 0, 0, 2, 0>, array<i64: 1, 0, -1, 8>]
func.func @matmul(%x: tensor<?x?xf16>, %w: tensor<?x?xf16>, %init: tensor<?x8xf32>)
    -> tensor<?x8xf32> {
  %y = linalg.matmul indexing_maps = [#nn, #nt, #mn]
      ins(%x, %w : tensor<?x?xf16>, tensor<?x?xf16>) outs(%init : tensor<?x8xf32>)
      -> tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}

// What the types or the program say already is not repeated.

// CHECK: @known
// CHECK-NOT: sparsity.constraints
// CHECK: return
func.func @known(%x: tensor<?x4xf16>, %w: tensor<8x4xf16>) -> tensor<?x8xf32> {
  %c0 = arith.constant 0 : index
  %m = tensor.dim %x, %c0 : tensor<?x4xf16>
  %init = tensor.empty(%m) : tensor<?x8xf32>
  %y = linalg.matmul indexing_maps = [#nn, #nt, #mn]
      ins(%x, %w : tensor<?x4xf16>, tensor<8x4xf16>) outs(%init : tensor<?x8xf32>)
      -> tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}
