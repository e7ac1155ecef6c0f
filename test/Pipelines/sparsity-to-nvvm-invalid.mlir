// RUN: sparsity-opt %s --sparsity-to-nvvm -split-input-file -verify-diagnostics
// RUN: not sparsity-opt %s --sparsity-to-nvvm=target=sm_75 2>&1 | FileCheck %s

// CHECK: error: expected a target among cpu, sm_80, sm_90a, but got "sm_75"

// What has no lowering is an error at the user's op, not a kernel that forgets it.

func.func @compressed_result(%x: tensor<8x128xf16>, %w: tensor<128x128xf16>,
                             %init: tensor<8x128xf32, #sparsity.n_of_m<2:4, axis = 1>>)
    -> tensor<8x128xf32, #sparsity.n_of_m<2:4, axis = 1>> {
  // expected-error @+1 {{expected a result that is stored densely or by the blocks of a list}}
  %y = linalg.matmul ins(%x, %w : tensor<8x128xf16>, tensor<128x128xf16>)
      outs(%init : tensor<8x128xf32, #sparsity.n_of_m<2:4, axis = 1>>)
      -> tensor<8x128xf32, #sparsity.n_of_m<2:4, axis = 1>>
  return %y : tensor<8x128xf32, #sparsity.n_of_m<2:4, axis = 1>>
}

// -----

// Bufferization would drop the encoding and add up storage.
func.func @reduce(%x: tensor<8x64xf32, #sparsity.n_of_m<2:4, axis = 1>>, %init: tensor<8xf32>)
    -> tensor<8xf32> {
  // expected-error @+1 {{expected an op that reads the storage of 'tensor<8x64xf32, #sparsity.n_of_m<2:4, axis = 1>>', but this op has no lowering for it}}
  %y = linalg.reduce { arith.addf } ins(%x : tensor<8x64xf32, #sparsity.n_of_m<2:4, axis = 1>>)
      outs(%init : tensor<8xf32>) dimensions = [1]
  return %y : tensor<8xf32>
}

// -----

func.func @unsigned(%x: tensor<8x64xi8>, %w: tensor<64x8xi8>, %init: tensor<8x8xi32>)
    -> tensor<8x8xi32> {
  // expected-error @+1 {{expected an op that has a GPU lowering}}
  %y = linalg.matmul {cast = #linalg.type_fn<cast_unsigned>}
      ins(%x, %w : tensor<8x64xi8>, tensor<64x8xi8>) outs(%init : tensor<8x8xi32>)
      -> tensor<8x8xi32>
  return %y : tensor<8x8xi32>
}

// -----

func.func @f64(%x: tensor<8x64xf64>, %w: tensor<64x8xf64>, %init: tensor<8x8xf64>)
    -> tensor<8x8xf64> {
  // expected-error @+1 {{expected an op that has a GPU lowering}}
  %y = linalg.matmul ins(%x, %w : tensor<8x64xf64>, tensor<64x8xf64>)
      outs(%init : tensor<8x8xf64>) -> tensor<8x8xf64>
  return %y : tensor<8x8xf64>
}

// -----

// Records are read by the kernels whose instruction takes them, which sm_80 does not have.
func.func @records(%x: tensor<8x64xf16>, %w: tensor<64x64xf16, #sparsity.unstructured<layout = fragments>>,
                   %init: tensor<8x64xf32>) -> tensor<8x64xf32> {
  // expected-error @+1 {{expected a tile in layout row_major to expand, but got '!sparse_tile.tile<64x64xf16, #sparsity.format<bitmap<64x64>, layout = fragments>>'}}
  %y = linalg.matmul
      indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>,
                       affine_map<(m, n, k) -> (m, n)>]
      ins(%x, %w : tensor<8x64xf16>, tensor<64x64xf16, #sparsity.unstructured<layout = fragments>>)
      outs(%init : tensor<8x64xf32>) -> tensor<8x64xf32>
  return %y : tensor<8x64xf32>
}
