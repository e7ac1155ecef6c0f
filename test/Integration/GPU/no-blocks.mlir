// Weights of which no block is stored: their values have no address and no extent to make a tensor
// map of, and the result is the epilogue of zeros. Lists that are read but name nothing.

// RUN: sparsity-run %s --device=cuda --density=1:0 --check | FileCheck %s
// RUN: sparsity-run %s --device=cuda --density=1:0 --check --pipeline-options="instruction=mma" | FileCheck %s
// CHECK-NOT: FAILED
// CHECK: check: result 0: {{.*}}: ok

func.func @main(%x: tensor<77x128xbf16>, %w: tensor<256x128xbf16, #sparsity.block<64x64>>, %b: tensor<256xf32>)
    -> tensor<77x256xbf16> {
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<77x256xf32>
  %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<77x256xf32>) -> tensor<77x256xf32>
  %y = linalg.matmul
      indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>,
                       affine_map<(m, n, k) -> (m, n)>]
      ins(%x, %w : tensor<77x128xbf16>, tensor<256x128xbf16, #sparsity.block<64x64>>)
      outs(%init : tensor<77x256xf32>) -> tensor<77x256xf32>
  %out = tensor.empty() : tensor<77x256xbf16>
  %r = linalg.generic {indexing_maps = [affine_map<(m, n) -> (m, n)>, affine_map<(m, n) -> (n)>,
                                        affine_map<(m, n) -> (m, n)>],
                       iterator_types = ["parallel", "parallel"]}
      ins(%y, %b : tensor<77x256xf32>, tensor<256xf32>) outs(%out : tensor<77x256xbf16>) {
  ^bb0(%a: f32, %c: f32, %o: bf16):
    %s = arith.addf %a, %c : f32
    %t = arith.truncf %s : f32 to bf16
    linalg.yield %t : bf16
  } -> tensor<77x256xbf16>
  return %r : tensor<77x256xbf16>
}
