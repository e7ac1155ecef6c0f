// A 2:4 matrix times a vector.

// RUN: sparsity-run %s --device=cpu --check | FileCheck %s

// CHECK: check: result 0: {{.*}}: ok

!W = tensor<130x65xf32, #sparsity.n_of_m<2:4, axis = 1>>
func.func @main(%w: !W, %x: tensor<65xf32>) -> tensor<130xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<130xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<130xf32>) -> tensor<130xf32>
  %y = linalg.matvec ins(%w, %x : !W, tensor<65xf32>) outs(%f : tensor<130xf32>) -> tensor<130xf32>
  return %y : tensor<130xf32>
}
