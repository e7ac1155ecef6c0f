// A vector times a 1:4 matrix whose groups run along its rows.

// RUN: sparsity-run %s --device=cpu --check | FileCheck %s

// CHECK: check: result 0: {{.*}}: ok

!W = tensor<65x130xbf16, #sparsity.n_of_m<1:4, axis = 0>>
func.func @main(%x: tensor<65xbf16>, %w: !W) -> tensor<130xbf16> {
  %zero = arith.constant 0.0 : bf16
  %e = tensor.empty() : tensor<130xbf16>
  %f = linalg.fill ins(%zero : bf16) outs(%e : tensor<130xbf16>) -> tensor<130xbf16>
  %y = linalg.vecmat ins(%x, %w : tensor<65xbf16>, !W) outs(%f : tensor<130xbf16>) -> tensor<130xbf16>
  return %y : tensor<130xbf16>
}
