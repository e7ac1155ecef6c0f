// A 2:4 vector times a vector: one work item, K of no whole number of steps.

// RUN: sparsity-run %s --device=cpu --check | FileCheck %s

// CHECK: check: result 0: {{.*}}: ok

!W = tensor<1001xf32, #sparsity.n_of_m<2:4, axis = 0>>
func.func @main(%w: !W, %x: tensor<1001xf32>) -> tensor<f32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<f32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<f32>) -> tensor<f32>
  %y = linalg.dot ins(%w, %x : !W, tensor<1001xf32>) outs(%f : tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}
