// Constants are packed into the storage of sparse_tensor: one value an entry, blocks, index
// fields in the encoding's widths, rows of columns for CSC.

// RUN: sparsity-opt %s --split-input-file --pass-pipeline='builtin.module(sparsity-simplify-encodings,sparsity-resolve-storage{target=cpu})' | FileCheck %s

#csr = #sparse_tensor.encoding<{ map = (i, j) -> (i : dense, j : compressed) }>
// CHECK-LABEL: func.func @csr
// CHECK-DAG: dense<[0, 2, 2, 3]> : tensor<4xi64>
// CHECK-DAG: dense<[0, 3, 1]> : tensor<3xi64>
// CHECK-DAG: dense<[1.000000e+00, 2.000000e+00, 3.000000e+00]> : tensor<3xf32>
// CHECK: sparsity.assemble
func.func @csr() -> tensor<3x4xf32, #csr> {
  %c = arith.constant dense<[[1.0, 0.0, 0.0, 2.0], [0.0, 0.0, 0.0, 0.0], [0.0, 3.0, 0.0, 0.0]]>
      : tensor<3x4xf32>
  %w = sparsity.encode %c : tensor<3x4xf32> to tensor<3x4xf32, #csr>
  return %w : tensor<3x4xf32, #csr>
}

// -----

#csc = #sparse_tensor.encoding<{
  map = (i, j) -> (j : dense, i : compressed), posWidth = 64, crdWidth = 32 }>
// CHECK-LABEL: func.func @csc
// CHECK-DAG: dense<[0, 1, 2, 2, 3]> : tensor<5xi64>
// CHECK-DAG: dense<[0, 2, 0]> : tensor<3xi32>
// CHECK-DAG: dense<[1.000000e+00, 3.000000e+00, 2.000000e+00]> : tensor<3xf32>
func.func @csc() -> tensor<3x4xf32, #csc> {
  %c = arith.constant dense<[[1.0, 0.0, 0.0, 2.0], [0.0, 0.0, 0.0, 0.0], [0.0, 3.0, 0.0, 0.0]]>
      : tensor<3x4xf32>
  %w = sparsity.encode %c : tensor<3x4xf32> to tensor<3x4xf32, #csc>
  return %w : tensor<3x4xf32, #csc>
}

// -----

#bsr = #sparse_tensor.encoding<{
  map = (i, j) -> (i floordiv 2 : dense, j floordiv 3 : compressed, i mod 2 : dense, j mod 3 : dense),
  posWidth = 32, crdWidth = 32 }>
// CHECK-LABEL: func.func @bsr
// CHECK-DAG: dense<[0, 1, 2]> : tensor<3xi32>
// CHECK-DAG: dense<[1, 0]> : tensor<2xi32>
// CHECK-DAG{LITERAL}: dense<[[[1, 2, 0], [3, 4, 0]], [[0, 5, 0], [0, 0, 0]]]> : tensor<2x2x3xi8>
func.func @bsr() -> tensor<3x5xi8, #bsr> {
  %c = arith.constant dense<[[0, 0, 0, 1, 2], [0, 0, 0, 3, 4], [0, 5, 0, 0, 0]]> : tensor<3x5xi8>
  %w = sparsity.encode %c : tensor<3x5xi8> to tensor<3x5xi8, #bsr>
  return %w : tensor<3x5xi8, #bsr>
}

// -----

// No entry, and every entry.
#csr = #sparse_tensor.encoding<{ map = (i, j) -> (i : dense, j : compressed) }>
#csc = #sparse_tensor.encoding<{ map = (i, j) -> (j : dense, i : compressed) }>
// CHECK-LABEL: func.func @splat
// CHECK-DAG: dense<0> : tensor<3xi64>
// CHECK-DAG: dense<> : tensor<0xi64>
// CHECK-DAG: dense<> : tensor<0xf16>
// CHECK-DAG: dense<[0, 2, 4, 6]> : tensor<4xi64>
// CHECK-DAG: dense<[0, 1, 0, 1, 0, 1]> : tensor<6xi64>
// CHECK-DAG: dense<1.000000e+00> : tensor<6xf16>
func.func @splat() -> (tensor<2x3xf16, #csr>, tensor<2x3xf16, #csc>) {
  %zero = arith.constant dense<0.0> : tensor<2x3xf16>
  %one = arith.constant dense<1.0> : tensor<2x3xf16>
  %a = sparsity.encode %zero : tensor<2x3xf16> to tensor<2x3xf16, #csr>
  %b = sparsity.encode %one : tensor<2x3xf16> to tensor<2x3xf16, #csc>
  return %a, %b : tensor<2x3xf16, #csr>, tensor<2x3xf16, #csc>
}

// -----

// Only the pattern of structured levels is taken, and dense levels are no pattern.
#structured = #sparse_tensor.encoding<{
  map = (i, j) -> (i : dense, j floordiv 4 : dense, j mod 4 : structured[2, 4]) }>
#dense = #sparse_tensor.encoding<{ map = (i, j) -> (i : dense, j : dense) }>
// CHECK-LABEL: func.func @simple
// CHECK-SAME: tensor<8x16xf16, #sparsity.n_of_m<2:4, axis = 1>>
// CHECK-SAME: tensor<8x16xf16>)
func.func @simple(%a: tensor<8x16xf16, #structured>, %b: tensor<8x16xf16, #dense>) { return }
