// A batch of products; the pattern runs along the columns.

// RUN: sparsity-run %s --device=cpu --check --shape=0:5x37x66 | FileCheck %s

// CHECK: check: result 0: {{.*}}: ok

!W = tensor<5x66x35xf16, #sparsity.n_of_m<2:4, axis = 2>>
func.func @main(%x: tensor<5x?x66xf16>, %w: !W) -> tensor<5x?x35xf32> {
  %zero = arith.constant 0.0 : f32
  %c1 = arith.constant 1 : index
  %m = tensor.dim %x, %c1 : tensor<5x?x66xf16>
  %e = tensor.empty(%m) : tensor<5x?x35xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<5x?x35xf32>) -> tensor<5x?x35xf32>
  %y = linalg.batch_matmul ins(%x, %w : tensor<5x?x66xf16>, !W) outs(%f : tensor<5x?x35xf32>) -> tensor<5x?x35xf32>
  return %y : tensor<5x?x35xf32>
}
