// Constant buffers that hold no list.

// RUN: sparsity-opt %s --split-input-file --verify-diagnostics --pass-pipeline='builtin.module(sparsity-resolve-storage{target=cpu})'

// sparse_tensor_c7
#csr = #sparse_tensor.encoding<{ map = (i, j) -> (i : dense, j : compressed) }>
func.func @descending() -> tensor<2x4xf32, #csr> {
  %p = arith.constant dense<[0, 2, 2]> : tensor<3xi64>
  %c = arith.constant dense<[3, 0]> : tensor<2xi64>
  %v = arith.constant dense<[1.0, 2.0]> : tensor<2xf32>
  // expected-error @+1 {{expected ascending coordinates in a group, but got 0 after 3 at coordinates[1] of group 0}}
  %w = sparsity.assemble %p, %c, %v : tensor<3xi64>, tensor<2xi64>, tensor<2xf32> to tensor<2x4xf32, #csr>
  return %w : tensor<2x4xf32, #csr>
}

// -----

// sparse_tensor_c7
#csr = #sparse_tensor.encoding<{ map = (i, j) -> (i : dense, j : compressed) }>
func.func @wide() -> tensor<2x4xf32, #csr> {
  %p = arith.constant dense<[0, 1, 1]> : tensor<3xi64>
  %c = arith.constant dense<[4294967296]> : tensor<1xi64>
  %v = arith.constant dense<[1.0]> : tensor<1xf32>
  // expected-error @+1 {{expected positions and coordinates in 32 bits, but got 4294967296}}
  %w = sparsity.assemble %p, %c, %v : tensor<3xi64>, tensor<1xi64>, tensor<1xf32> to tensor<2x4xf32, #csr>
  return %w : tensor<2x4xf32, #csr>
}

// -----

// sparse_tensor_c7
#csr = #sparse_tensor.encoding<{ map = (i, j) -> (i : dense, j : compressed) }>
func.func @counts() -> tensor<2x4xf32, #csr> {
  %p = arith.constant dense<[0, 1, 2]> : tensor<3xi64>
  %c = arith.constant dense<[3, 0]> : tensor<2xi64>
  %v = arith.constant dense<[1.0, 2.0, 3.0]> : tensor<3xf32>
  // expected-error @+1 {{expected 2 entries, one for each coordinate, but got 3 in values}}
  %w = sparsity.assemble %p, %c, %v : tensor<3xi64>, tensor<2xi64>, tensor<3xf32> to tensor<2x4xf32, #csr>
  return %w : tensor<2x4xf32, #csr>
}
