// RUN: sparsity-opt %s --split-input-file --verify-diagnostics --convert-sparse-tensor-to-sparsity | FileCheck %s

#csr = #sparse_tensor.encoding<{ map = (i, j) -> (i : dense, j : compressed) }>
// CHECK-LABEL: func.func @convert
// CHECK: %[[W:.*]] = sparsity.encode %{{.*}} : tensor<4x8xf32> to tensor<4x8xf32, #sparse{{[0-9]*}}>
// CHECK: %[[D:.*]] = sparsity.decode %[[W]] : tensor<4x8xf32, #sparse{{[0-9]*}}> to tensor<4x8xf32>
// CHECK: return %[[D]]
func.func @convert(%a: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %w = sparse_tensor.convert %a : tensor<4x8xf32> to tensor<4x8xf32, #csr>
  %d = sparse_tensor.convert %w : tensor<4x8xf32, #csr> to tensor<4x8xf32>
  return %d : tensor<4x8xf32>
}

// -----

#bsr = #sparse_tensor.encoding<{
  map = (i, j) -> (i floordiv 2 : dense, j floordiv 3 : compressed, i mod 2 : dense, j mod 3 : dense),
  posWidth = 32, crdWidth = 32 }>
// CHECK-LABEL: func.func @blocks
// CHECK-SAME: %[[P:.*]]: tensor<11xi32>, %[[C:.*]]: tensor<?xi32>, %[[V:.*]]: tensor<?xf32>
// CHECK: %[[FLAT:.*]] = tensor.dim %[[V]]
// CHECK: %[[N:.*]] = arith.divui %[[FLAT]], %c6
// CHECK: %[[E:.*]] = tensor.expand_shape %[[V]] {{\[\[}}0, 1, 2]] output_shape [%[[N]], 2, 3]
// CHECK: sparsity.assemble %[[P]], %[[C]], %[[E]] : tensor<11xi32>, tensor<?xi32>, tensor<?x2x3xf32>
func.func @blocks(%p: tensor<11xi32>, %c: tensor<?xi32>, %v: tensor<?xf32>) -> tensor<20x30xf32, #bsr> {
  %w = sparse_tensor.assemble (%p, %c), %v : (tensor<11xi32>, tensor<?xi32>), tensor<?xf32> to tensor<20x30xf32, #bsr>
  return %w : tensor<20x30xf32, #bsr>
}

// -----

// Native indices are 64 bits wide in memory.
#csr = #sparse_tensor.encoding<{ map = (i, j) -> (i : dense, j : compressed) }>
// CHECK-LABEL: func.func @native
// CHECK-SAME: %[[P:.*]]: tensor<5xi64>, %[[C:.*]]: tensor<3xi64>, %[[V:.*]]: tensor<3xf32>
// CHECK: sparsity.assemble %[[P]], %[[C]], %[[V]] : tensor<5xi64>, tensor<3xi64>, tensor<3xf32>
func.func @native(%p: tensor<5xindex>, %c: tensor<3xindex>, %v: tensor<3xf32>) -> tensor<4x8xf32, #csr> {
  %w = sparse_tensor.assemble (%p, %c), %v : (tensor<5xindex>, tensor<3xindex>), tensor<3xf32> to tensor<4x8xf32, #csr>
  return %w : tensor<4x8xf32, #csr>
}

// -----

// sparse_tensor_c8
#csr = #sparse_tensor.encoding<{ map = (i, j) -> (i : dense, j : compressed) }>
func.func @element(%a: tensor<4x8xf32>) -> tensor<4x8xf16, #csr> {
  // expected-error @+1 {{expected a result with the source's shape and element type, but got}}
  %w = sparse_tensor.convert %a : tensor<4x8xf32> to tensor<4x8xf16, #csr>
  return %w : tensor<4x8xf16, #csr>
}

// -----

// sparse_tensor_c8
#csr = #sparse_tensor.encoding<{ map = (i, j) -> (i : dense, j : compressed) }>
#csc = #sparse_tensor.encoding<{ map = (i, j) -> (j : dense, i : compressed) }>
func.func @other(%a: tensor<4x8xf32, #csr>) -> tensor<4x8xf32, #csc> {
  // expected-error @+1 {{expected a dense source or a dense result, but got}}
  %w = sparse_tensor.convert %a : tensor<4x8xf32, #csr> to tensor<4x8xf32, #csc>
  return %w : tensor<4x8xf32, #csc>
}

// -----

// sparse_tensor_c9
#pairs = #sparse_tensor.encoding<{
  map = (i, j) -> (i : dense, j floordiv 4 : dense, j mod 4 : structured[2, 4]), crdWidth = 32 }>
func.func @structured(%c: tensor<16xi32>, %v: tensor<16xf32>) -> tensor<4x8xf32, #pairs> {
  // expected-error @+1 {{expected a compressed level, whose buffers are taken as they are, but got}}
  %w = sparse_tensor.assemble (%c), %v : (tensor<16xi32>), tensor<16xf32> to tensor<4x8xf32, #pairs>
  return %w : tensor<4x8xf32, #pairs>
}

// -----

// sparse_tensor_c10
#bsr = #sparse_tensor.encoding<{
  map = (i, j) -> (i floordiv 2 : dense, j floordiv 3 : compressed, i mod 2 : dense, j mod 3 : dense),
  posWidth = 32, crdWidth = 32 }>
func.func @partial(%p: tensor<11xi32>, %c: tensor<2xi32>, %v: tensor<13xf32>) -> tensor<20x30xf32, #bsr> {
  // expected-error @+1 {{expected flat values, a multiple of 6, but got 'tensor<13xf32>'}}
  %w = sparse_tensor.assemble (%p, %c), %v : (tensor<11xi32>, tensor<2xi32>), tensor<13xf32> to tensor<20x30xf32, #bsr>
  return %w : tensor<20x30xf32, #bsr>
}

// -----

// sparse_tensor_c11
#csr = #sparse_tensor.encoding<{ map = (i, j) -> (i : dense, j : compressed) }>
func.func @count(%a: tensor<4x8xf32, #csr>) -> index {
  // expected-error @+1 {{expected only sparse_tensor.convert and sparse_tensor.assemble of this dialect, but this op has no lowering}}
  %n = sparse_tensor.number_of_entries %a : tensor<4x8xf32, #csr>
  return %n : index
}

// -----

// sparse_tensor_c12
#csr = #sparse_tensor.encoding<{ map = (i, j) -> (i : dense, j : compressed) }>
func.func @shared(%p: tensor<5xindex>, %c: tensor<3xindex>, %v: tensor<3xf32>) -> (tensor<4x8xf32, #csr>, tensor<3xindex>) {
  // expected-error @+1 {{expected buffers of type index to be arguments of a public function, used for assembly only, but got}}
  %w = sparse_tensor.assemble (%p, %c), %v : (tensor<5xindex>, tensor<3xindex>), tensor<3xf32> to tensor<4x8xf32, #csr>
  return %w, %c : tensor<4x8xf32, #csr>, tensor<3xindex>
}
