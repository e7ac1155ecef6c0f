// Weights known at compile time: packed by the compiler, and copied to the device as constants.
// REQUIRES: cuda
// RUN: sparsity-run %s --device=cuda --entry=block --check | FileCheck %s
// RUN: sparsity-run %s --device=cuda --entry=n_of_m --check | FileCheck %s
// RUN: sparsity-run %s --device=cuda --entry=dense --check | FileCheck %s

// CHECK: check: result 0: {{.*}}: ok


func.func @block(%x: tensor<7x8xf32>) -> tensor<7x4xf32> {
  %zero = arith.constant 0.0 : f32
  %d = arith.constant dense<[[1.0, 2.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
                             [3.0, 4.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
                             [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 5.0, 6.0],
                             [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 7.0, 8.0]]> : tensor<4x8xf32>
  %w = sparsity.encode %d : tensor<4x8xf32> to tensor<4x8xf32, #sparsity.block<2x2>>
  %e = tensor.empty() : tensor<7x4xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<7x4xf32>) -> tensor<7x4xf32>
  %y = linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>,
                       affine_map<(m, n, k) -> (m, n)>]
      ins(%x, %w : tensor<7x8xf32>, tensor<4x8xf32, #sparsity.block<2x2>>)
      outs(%f : tensor<7x4xf32>) -> tensor<7x4xf32>
  return %y : tensor<7x4xf32>
}

func.func @n_of_m(%x: tensor<7x8xf16>) -> tensor<7x4xf32> {
  %zero = arith.constant 0.0 : f32
  %d = arith.constant dense<[[1.0, 2.0, 0.0, 0.0, 0.0, 3.0, 0.0, 4.0],
                             [0.0, 4.0, 5.0, 0.0, 6.0, 0.0, 0.0, 0.0],
                             [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 5.0, 6.0],
                             [7.0, 0.0, 0.0, 8.0, 0.0, 0.0, 7.0, 8.0]]> : tensor<4x8xf16>
  %w = sparsity.encode %d : tensor<4x8xf16> to tensor<4x8xf16, #sparsity.n_of_m<2:4, axis = 1>>
  %e = tensor.empty() : tensor<7x4xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<7x4xf32>) -> tensor<7x4xf32>
  %y = linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>,
                       affine_map<(m, n, k) -> (m, n)>]
      ins(%x, %w : tensor<7x8xf16>, tensor<4x8xf16, #sparsity.n_of_m<2:4, axis = 1>>)
      outs(%f : tensor<7x4xf32>) -> tensor<7x4xf32>
  return %y : tensor<7x4xf32>
}

func.func @dense(%x: tensor<7x4xf16>) -> tensor<7x2xf32> {
  %zero = arith.constant 0.0 : f32
  %w = arith.constant dense<[[1.0, 2.0, 0.5, -3.0], [0.25, -1.0, 2.0, 1.5]]> : tensor<2x4xf16>
  %e = tensor.empty() : tensor<7x2xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<7x2xf32>) -> tensor<7x2xf32>
  %y = linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>,
                       affine_map<(m, n, k) -> (m, n)>]
      ins(%x, %w : tensor<7x4xf16>, tensor<2x4xf16>) outs(%f : tensor<7x2xf32>) -> tensor<7x2xf32>
  return %y : tensor<7x2xf32>
}
