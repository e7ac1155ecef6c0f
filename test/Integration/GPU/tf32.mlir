// Elements are rounded to tf32 to nearest, dense and packed ones: 1 + 3/4096 lies a quarter of a unit
// below 1 + 1/1024, and cutting off its low bits would err by three times as much.
// REQUIRES: cuda
// RUN: sparsity-run %s --device=cuda --entry=dense --allow-tf32 --check --tolerance=4e-4 | FileCheck %s
// RUN: sparsity-run %s --device=cuda --entry=packed --allow-tf32 --check --tolerance=4e-4 | FileCheck %s
// RUN: sparsity-run %s --device=cuda --entry=dense --allow-tf32 --check --tolerance=4e-4 --pipeline-options=instruction=mma | FileCheck %s
// RUN: sparsity-run %s --device=cuda --entry=packed --allow-tf32 --check --tolerance=4e-4 --pipeline-options=instruction=mma | FileCheck %s
// RUN: sparsity-run %s --device=cuda --entry=dense --check | FileCheck %s

// CHECK: check: result 0: {{.*}}: ok

func.func @dense() -> tensor<77x200xf32> {
  %zero = arith.constant 0.0 : f32
  %x = arith.constant dense<1.000732421875> : tensor<77x132xf32>
  %ones = arith.constant dense<1.0> : tensor<200x132xf32>
  %e = tensor.empty() : tensor<77x200xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<77x200xf32>) -> tensor<77x200xf32>
  %y = linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>,
                       affine_map<(m, n, k) -> (m, n)>]
      ins(%x, %ones : tensor<77x132xf32>, tensor<200x132xf32>)
      outs(%f : tensor<77x200xf32>) -> tensor<77x200xf32>
  return %y : tensor<77x200xf32>
}

func.func @packed() -> tensor<77x200xf32> {
  %zero = arith.constant 0.0 : f32
  %x = arith.constant dense<1.0> : tensor<77x132xf32>
  %d = arith.constant dense<1.000732421875> : tensor<200x132xf32>
  %w = sparsity.prune %d : tensor<200x132xf32> to tensor<200x132xf32, #sparsity.n_of_m<1:2, axis = 1>>
  %e = tensor.empty() : tensor<77x200xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<77x200xf32>) -> tensor<77x200xf32>
  %y = linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>,
                       affine_map<(m, n, k) -> (m, n)>]
      ins(%x, %w : tensor<77x132xf32>, tensor<200x132xf32, #sparsity.n_of_m<1:2, axis = 1>>)
      outs(%f : tensor<77x200xf32>) -> tensor<77x200xf32>
  return %y : tensor<77x200xf32>
}
