// Sums that start from a constant other than zero, and from a tensor.

// RUN: sparsity-run %s --device=cpu --check | FileCheck %s
// RUN: sparsity-translate --to-ptx %s -o %t.ptx
// RUN: %if cuda %{ sparsity-run %s --device=cuda --check | FileCheck %s %}

// CHECK: check: result 0: {{.*}}: ok
// CHECK: check: result 1: {{.*}}: ok

func.func @main(%x: tensor<8x68xf16>, %w: tensor<68x24xf16>, %c: tensor<8x24xf32>)
    -> (tensor<8x24xf32>, tensor<8x24xf32>) {
  %one = arith.constant 1.0 : f32
  %e = tensor.empty() : tensor<8x24xf32>
  %i = linalg.fill ins(%one : f32) outs(%e : tensor<8x24xf32>) -> tensor<8x24xf32>
  %y = linalg.matmul ins(%x, %w : tensor<8x68xf16>, tensor<68x24xf16>)
      outs(%i : tensor<8x24xf32>) -> tensor<8x24xf32>
  %z = linalg.matmul ins(%x, %w : tensor<8x68xf16>, tensor<68x24xf16>)
      outs(%c : tensor<8x24xf32>) -> tensor<8x24xf32>
  return %y, %z : tensor<8x24xf32>, tensor<8x24xf32>
}
