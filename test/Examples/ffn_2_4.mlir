// One feed-forward projection with 2:4 weights: y = x * transpose(W), 64 tokens or any
// other number. The weight's axis 1 is the reduction.

func.func @main(%x: tensor<?x4096xbf16>,
                %w: tensor<14336x4096xbf16, #sparsity.n_of_m<2:4, axis = 1>>)
    -> tensor<?x14336xbf16> {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %tokens = tensor.dim %x, %c0 : tensor<?x4096xbf16>
  %empty = tensor.empty(%tokens) : tensor<?x14336xf32>
  %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<?x14336xf32>)
      -> tensor<?x14336xf32>
  %acc = linalg.matmul
      indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>,
                       affine_map<(m, n, k) -> (m, n)>]
      ins(%x, %w : tensor<?x4096xbf16>,
                   tensor<14336x4096xbf16, #sparsity.n_of_m<2:4, axis = 1>>)
      outs(%init : tensor<?x14336xf32>) -> tensor<?x14336xf32>
  %out = tensor.empty(%tokens) : tensor<?x14336xbf16>
  %y = linalg.generic
      {indexing_maps = [affine_map<(m, n) -> (m, n)>, affine_map<(m, n) -> (m, n)>],
       iterator_types = ["parallel", "parallel"]}
      ins(%acc : tensor<?x14336xf32>) outs(%out : tensor<?x14336xbf16>) {
  ^bb0(%a: f32, %o: bf16):
    %t = arith.truncf %a : f32 to bf16
    linalg.yield %t : bf16
  } -> tensor<?x14336xbf16>
  return %y : tensor<?x14336xbf16>
}
