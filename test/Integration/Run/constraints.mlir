// Extents that the types leave open have to agree where an op walks them together.

// RUN: sparsity-run %s --device=cpu --shape=0:5x3 --shape=1:8x3 --check | FileCheck %s
// RUN: not sparsity-run %s --device=cpu --shape=0:5x3 --shape=1:8x4 2>&1 | FileCheck %s --check-prefix=WRONG
// RUN: not sparsity-run %s --device=cpu --shape=0:5x3 --shape=1:7x3 2>&1 | FileCheck %s --check-prefix=STATIC
// RUN: sparsity-translate %s --to-launch-json | FileCheck %s --check-prefix=JSON

// CHECK: check: result 0: {{.*}}: ok
// WRONG: constraints.mlir:[[#]]:[[#]]: error: expected dimension 1 of argument 0 to be 4 as dimension 1 of argument 1, but got 3
// STATIC: error: expected dimension 0 of argument 1 to be 8, but got 7
// JSON: "constraints"

func.func @main(%x: tensor<5x?xf16>, %w: tensor<?x?xf16>) -> tensor<5x8xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<5x8xf32>
  %init = linalg.fill ins(%zero : f32) outs(%e : tensor<5x8xf32>) -> tensor<5x8xf32>
  %y = linalg.matmul
      indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>]
      ins(%x, %w : tensor<5x?xf16>, tensor<?x?xf16>) outs(%init : tensor<5x8xf32>) -> tensor<5x8xf32>
  return %y : tensor<5x8xf32>
}
