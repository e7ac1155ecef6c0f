// Sampled products against the oracle: a result stored by blocks, whose pattern is that of the
// tensor it starts from, and results under masks.

// RUN: sparsity-run %s --entry=blocks --device=cpu --check | FileCheck %s
// RUN: sparsity-run %s --entry=filled --device=cpu --check | FileCheck %s
// RUN: sparsity-run %s --entry=masked --device=cpu --check | FileCheck %s
// RUN: %if cuda %{ sparsity-run %s --entry=blocks --device=cuda --check | FileCheck %s %}
// RUN: %if cuda %{ sparsity-run %s --entry=filled --device=cuda --check | FileCheck %s %}
// RUN: %if cuda %{ sparsity-run %s --entry=masked --device=cuda --check | FileCheck %s %}

// CHECK: check: result 0: {{.*}}: ok

#b = #sparsity.block<5x7>
#m = #sparsity.window<left = 5, right = 3>

func.func @blocks(%a: tensor<33x65xf32>, %b: tensor<48x65xf32>, %c: tensor<33x48xf32, #b>)
    -> tensor<33x48xf32> {
  %y = linalg.matmul
      indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>,
                       affine_map<(m, n, k) -> (m, n)>]
      ins(%a, %b : tensor<33x65xf32>, tensor<48x65xf32>)
      outs(%c : tensor<33x48xf32, #b>) -> tensor<33x48xf32, #b>
  %d = sparsity.decode %y : tensor<33x48xf32, #b> to tensor<33x48xf32>
  return %d : tensor<33x48xf32>
}

func.func @filled(%a: tensor<33x65xf32>, %b: tensor<48x65xf32>, %c: tensor<33x48xf32, #b>)
    -> tensor<33x48xf32> {
  %zero = arith.constant 0.0 : f32
  %f = linalg.fill ins(%zero : f32) outs(%c : tensor<33x48xf32, #b>) -> tensor<33x48xf32, #b>
  %y = linalg.matmul
      indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>,
                       affine_map<(m, n, k) -> (m, n)>]
      ins(%a, %b : tensor<33x65xf32>, tensor<48x65xf32>)
      outs(%f : tensor<33x48xf32, #b>) -> tensor<33x48xf32, #b>
  %d = sparsity.decode %y : tensor<33x48xf32, #b> to tensor<33x48xf32>
  return %d : tensor<33x48xf32>
}

func.func @masked(%a: tensor<33x65xf32>, %b: tensor<48x65xf32>, %c: tensor<33x48xf32, #m>)
    -> tensor<33x48xf32> {
  %y = linalg.matmul
      indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>,
                       affine_map<(m, n, k) -> (m, n)>]
      ins(%a, %b : tensor<33x65xf32>, tensor<48x65xf32>)
      outs(%c : tensor<33x48xf32, #m>) -> tensor<33x48xf32, #m>
  %d = sparsity.decode %y : tensor<33x48xf32, #m> to tensor<33x48xf32>
  return %d : tensor<33x48xf32>
}
