// The result is contiguous along the rows of the left operand.

// RUN: sparsity-run %s --device=cpu --check --shape=0:37x65 | FileCheck %s

// CHECK: check: result 0: {{.*}}: ok

!W = tensor<130x65xf32, #sparsity.n_of_m<2:4, axis = 1>>
func.func @main(%x: tensor<?x65xf32>, %w: !W) -> tensor<130x?xf32> {
  %c0 = arith.constant 0 : index
  %m = tensor.dim %x, %c0 : tensor<?x65xf32>
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty(%m) : tensor<130x?xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<130x?xf32>) -> tensor<130x?xf32>
  %y = linalg.generic {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (n, m)>], iterator_types = ["parallel", "parallel", "reduction"]} ins(%x, %w : tensor<?x65xf32>, !W) outs(%f : tensor<130x?xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %p = arith.mulf %a, %b : f32
    %s = arith.addf %c, %p : f32
    linalg.yield %s : f32
  } -> tensor<130x?xf32>
  return %y : tensor<130x?xf32>
}
