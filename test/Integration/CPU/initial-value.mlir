// A sum that starts from an argument.

// RUN: sparsity-run %s --device=cpu --check --shape=0:33x65 --shape=2:33x130 | FileCheck %s

// CHECK: check: result 0: {{.*}}: ok

!W = tensor<130x65xf32, #sparsity.n_of_m<2:4, axis = 1>>
func.func @main(%x: tensor<?x65xf32>, %w: !W, %acc: tensor<?x130xf32>) -> tensor<?x130xf32> {
  %y = linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>] ins(%x, %w : tensor<?x65xf32>, !W) outs(%acc : tensor<?x130xf32>) -> tensor<?x130xf32>
  return %y : tensor<?x130xf32>
}
