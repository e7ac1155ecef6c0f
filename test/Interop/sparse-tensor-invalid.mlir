// Encodings of sparse_tensor that have no lowering are refused with the level that is not
// taken, before anything is read in a layout that is not theirs.

// RUN: sparsity-opt %s --split-input-file --verify-diagnostics --pass-pipeline='builtin.module(sparsity-simplify-encodings)'

// sparse_tensor_c1
#slice = #sparse_tensor.encoding<{
  map = (i : #sparse_tensor<slice(0, 4, 1)>, j : #sparse_tensor<slice(0, 8, 1)>)
      -> (i : dense, j : compressed) }>
// expected-error @+1 {{expected dimensions without slices, but got #sparse_tensor.encoding}}
func.func @slice(%a: tensor<4x8xf32, #slice>) { return }

// -----

// sparse_tensor_c2
#binary = #sparse_tensor.encoding<{
  map = (i, j) -> (i : dense, j : compressed), explicitVal = 1.0 : f32 }>
// expected-error @+1 {{expected stored values, but got the explicit value 1.000000e+00 : f32}}
func.func @binary(%a: tensor<4x8xf32, #binary>) { return }

// -----

// sparse_tensor_c3
#coo = #sparse_tensor.encoding<{ map = (i, j) -> (i : compressed(nonunique), j : singleton) }>
// expected-error @+1 {{expected level 0 to be dense, but got d0 : compressed(nonunique)}}
func.func @coo(%a: tensor<4x8xf32, #coo>) { return }

// -----

// sparse_tensor_c3
#dcsr = #sparse_tensor.encoding<{ map = (i, j) -> (i : compressed, j : compressed) }>
// expected-error @+1 {{expected level 0 to be dense, but got d0 : compressed}}
func.func @dcsr(%a: tensor<4x8xf32, #dcsr>) { return }

// -----

// sparse_tensor_c3
#vector = #sparse_tensor.encoding<{ map = (i) -> (i : compressed) }>
// expected-error @+1 {{expected level 0 to be dense, but got d0 : compressed}}
func.func @vector(%a: tensor<8xf32, #vector>) { return }

// -----

// sparse_tensor_c3
#loose = #sparse_tensor.encoding<{ map = (i, j) -> (i : dense, j : loose_compressed) }>
// expected-error @+1 {{expected level 1 to be dense, structured, or compressed with unique and ordered coordinates, but got d1 : loose_compressed}}
func.func @loose(%a: tensor<4x8xf32, #loose>) { return }

// -----

// sparse_tensor_c3
#unordered = #sparse_tensor.encoding<{ map = (i, j) -> (i : dense, j : compressed(nonordered)) }>
// expected-error @+1 {{expected level 1 to be dense, structured, or compressed with unique and ordered coordinates, but got d1 : compressed(nonordered)}}
func.func @unordered(%a: tensor<4x8xf32, #unordered>) { return }

// -----

// sparse_tensor_c3
#columns = #sparse_tensor.encoding<{ map = (i, j) -> (j : dense, i : dense) }>
// expected-error @+1 {{expected level 0 to be d0, since every level is dense, but got d1 : dense}}
func.func @columns(%a: tensor<4x8xf32, #columns>) { return }

// -----

// Rows of a block of columns: each group is a range of columns, each block row by row.
// sparse_tensor_c3
#mixed = #sparse_tensor.encoding<{
  map = (i, j) -> (j floordiv 2 : dense, i floordiv 3 : compressed, i mod 3 : dense, j mod 2 : dense) }>
// expected-error @+1 {{expected level 2 to be d1 mod 2 : dense, but got d0 mod 3 : dense}}
func.func @mixed(%a: tensor<6x8xf32, #mixed>) { return }

// -----

// sparse_tensor_c3
#csf = #sparse_tensor.encoding<{ map = (i, j, k) -> (i : dense, j : compressed, k : compressed) }>
// expected-error @+1 {{expected level 2 to be absent, since level 1 is compressed, but got d2 : compressed}}
func.func @csf(%a: tensor<4x8x8xf32, #csf>) { return }

// -----

// sparse_tensor_c3
#swapped = #sparse_tensor.encoding<{ map = (i, j, k) -> (j : dense, i : dense, k : compressed) }>
// expected-error @+1 {{expected level 0 to be d0 : dense, but got d1 : dense}}
func.func @swapped(%a: tensor<4x8x8xf32, #swapped>) { return }

// -----

// sparse_tensor_c3
#pruned_columns = #sparse_tensor.encoding<{
  map = (i, j, k) -> (j : dense, i : dense, k floordiv 4 : dense, k mod 4 : structured[2, 4]) }>
// expected-error @+1 {{expected level 0 to be d0 : dense, but got d1 : dense}}
func.func @pruned_columns(%a: tensor<4x8x8xf32, #pruned_columns>) { return }

// -----

// sparse_tensor_c4
#narrow = #sparse_tensor.encoding<{
  map = (i, j) -> (i : dense, j : compressed), posWidth = 32, crdWidth = 8 }>
// expected-error @+1 {{expected widths of positions and coordinates among 0, 32, 64, but got 8}}
func.func @narrow(%a: tensor<4x8xf32, #narrow>) { return }

// -----

// sparse_tensor_c5
#structured = #sparse_tensor.encoding<{
  map = (i, j) -> (i : dense, j floordiv 4 : dense, j mod 4 : structured[2, 4]) }>
// expected-error @+1 {{expected an element type among f16, bf16, f32, f8E4M3FN, f8E5M2, i8, but got 'f64'}}
func.func @structured(%a: tensor<4x8xf64, #structured>) { return }

// -----

// sparse_tensor_c6
#csr = #sparse_tensor.encoding<{ map = (i, j) -> (i : dense, j : compressed) }>
// expected-error @+1 {{expected an element type among f16, bf16, f32, f8E4M3FN, f8E5M2, i8, but got 'f64'}}
func.func @double(%a: tensor<4x8xf64, #csr>) { return }

// -----

// sparse_tensor_c6
#large = #sparse_tensor.encoding<{
  map = (i, j) -> (i floordiv 2 : dense, j floordiv 512 : compressed, i mod 2 : dense, j mod 512 : dense) }>
// expected-error @+1 {{expected block sizes in 1..256, but got 512}}
func.func @large(%a: tensor<4x1024xf32, #large>) { return }

// -----

// sparse_tensor_c6
#batched = #sparse_tensor.encoding<{ map = (e, i, j) -> (e : dense, i : dense, j : compressed) }>
// expected-error @+1 {{expected a static number of rows in a tensor of rank 3, but got}}
func.func @batched(%a: tensor<4x?x8xf32, #batched>) { return }

// -----

// The result of an op is a value too.
#dcsc = #sparse_tensor.encoding<{ map = (i, j) -> (j : compressed, i : compressed) }>
func.func @result(%a: tensor<4x8xf32>) {
  // expected-error @+1 {{expected level 0 to be dense, but got d1 : compressed}}
  %b = sparsity.encode %a : tensor<4x8xf32> to tensor<4x8xf32, #dcsc>
  return
}
