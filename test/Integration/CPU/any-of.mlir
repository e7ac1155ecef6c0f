// A union of masks.

// RUN: sparsity-run %s --device=cpu --check | FileCheck %s

// CHECK: check: result 0: {{.*}}: ok

!P = tensor<130x130xf32, #sparsity.any_of<[#sparsity.strided<period = 7>, #sparsity.prefix<length = 4>, #sparsity.window<left = 0, right = 0>]>>
func.func @main(%p: !P, %v: tensor<130x40xf32>) -> tensor<130x40xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<130x40xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<130x40xf32>) -> tensor<130x40xf32>
  %y = linalg.matmul ins(%p, %v : !P, tensor<130x40xf32>) outs(%f : tensor<130x40xf32>) -> tensor<130x40xf32>
  return %y : tensor<130x40xf32>
}
