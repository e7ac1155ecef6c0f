// Constant block and unstructured weights are packed at compile time, with as many entries
// as they hold; constant lists given by the program are checked.

// RUN: sparsity-opt %s --split-input-file --verify-diagnostics \
// RUN:   --pass-pipeline="builtin.module(sparsity-resolve-storage{target=sm_80},canonicalize)" | FileCheck %s

!B = tensor<4x5xf32, #sparsity.block<2x2>>

// A block is kept iff it holds an element that is not zero; -0.0 is zero, and a kept block
// keeps it.

// CHECK-LABEL: @encode_block
// CHECK: %[[P:.*]] = arith.constant dense<[0, 2, 3]> : tensor<3xi32>
// CHECK: %[[C:.*]] = arith.constant dense<[0, 2, 2]> : tensor<3xi32>
// CHECK: %[[V:.*]] = arith.constant dense<{{\[\[\[}}1.000000e+00, -0.000000e+00], [0.000000e+00, 0.000000e+00]], {{\[\[}}2.000000e+00, 0.000000e+00], [3.000000e+00, 0.000000e+00]], {{\[\[}}0.000000e+00, 0.000000e+00], [4.000000e+00, 0.000000e+00]]]> : tensor<3x2x2xf32>
// CHECK-DAG: tensor.cast %[[C]] : tensor<3xi32> to tensor<?xi32>
// CHECK-DAG: tensor.cast %[[V]] : tensor<3x2x2xf32> to tensor<?x2x2xf32>
// CHECK: return %[[P]]
func.func @encode_block() -> (tensor<3xi32>, tensor<?xi32>, tensor<?x2x2xf32>) {
  %d = arith.constant dense<[[1.0, -0.0, 0.0, 0.0, 2.0], [0.0, 0.0, 0.0, -0.0, 3.0],
                             [0.0, 0.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0, 4.0]]> : tensor<4x5xf32>
  %w = sparsity.encode %d : tensor<4x5xf32> to !B
  %p = sparsity.field %w "positions" : !B to tensor<3xi32>
  %c = sparsity.field %w "coordinates" : !B to tensor<?xi32>
  %v = sparsity.field %w "values" : !B to tensor<?x2x2xf32>
  return %p, %c, %v : tensor<3xi32>, tensor<?xi32>, tensor<?x2x2xf32>
}

// -----

// The rows of blocks have the lists {2}, {0, 2, 3}, {0, 1}, {2, 3} and none: the longest shares
// two columns with row 3, and the pair of most columns comes first.

!O = tensor<5x4xf32, #sparsity.block<1x1, ordered>>

// CHECK-LABEL: @encode_ordered
// CHECK: arith.constant dense<[1, 3, 2, 0, 4]> : tensor<5xi32>
func.func @encode_ordered() -> tensor<5xi32> {
  %d = arith.constant dense<[[0.0, 0.0, 1.0, 0.0], [1.0, 0.0, 1.0, 1.0], [1.0, 1.0, 0.0, 0.0],
                             [0.0, 0.0, 1.0, 1.0], [0.0, 0.0, 0.0, 0.0]]> : tensor<5x4xf32>
  %w = sparsity.encode %d : tensor<5x4xf32> to !O
  %o = sparsity.field %w "order" : !O to tensor<5xi32>
  return %o : tensor<5xi32>
}

// -----

// Two matrices of one row of blocks each: one list.

!E = tensor<2x2x4xi8, #sparsity.block<2x2>>

// CHECK-LABEL: @encode_batches
// CHECK: arith.constant dense<[0, 1, 1]> : tensor<3xi32>
func.func @encode_batches() -> tensor<3xi32> {
  %d = arith.constant dense<[[[0, 0, 1, 0], [0, 0, 0, 0]], [[0, 0, 0, 0], [0, 0, 0, 0]]]> : tensor<2x2x4xi8>
  %w = sparsity.encode %d : tensor<2x2x4xi8> to !E
  %p = sparsity.field %w "positions" : !E to tensor<3xi32>
  return %p : tensor<3xi32>
}

// -----

// Of four blocks the two of largest norm, then 1 of 2 in each row of a block.

!V = tensor<2x8xf32, #sparsity.block<1x4, inner = #sparsity.n_of_m<1:2, axis = 1>>>

// CHECK-LABEL: @prune_vnm
// CHECK: arith.constant dense<[0, 1, 2]> : tensor<3xi32>
// CHECK: arith.constant dense<[1, 0]> : tensor<2xi32>
// CHECK: arith.constant dense<{{\[\[\[}}3.000000e+00, 1.000000e+00]], {{\[\[}}-2.000000e+00, 2.000000e+00]]]> : tensor<2x1x2xf32>
func.func @prune_vnm() -> (tensor<3xi32>, tensor<?xi32>, tensor<?x1x2xf32>) {
  %d = arith.constant dense<[[1.0, 1.0, 1.0, 1.0, 0.0, 3.0, 1.0, 0.5],
                             [1.0, -2.0, 2.0, 2.0, 0.5, 0.5, 0.5, 0.5]]> : tensor<2x8xf32>
  %w = sparsity.prune %d : tensor<2x8xf32> to !V
  %p = sparsity.field %w "positions" : !V to tensor<3xi32>
  %c = sparsity.field %w "coordinates" : !V to tensor<?xi32>
  %v = sparsity.field %w "values" : !V to tensor<?x1x2xf32>
  return %p, %c, %v : tensor<3xi32>, tensor<?xi32>, tensor<?x1x2xf32>
}

// -----

!U = tensor<4x6xf32, #sparsity.unstructured<tile = 8x8>>

// Bits 0, 4, 13 and 27 of one word.

// CHECK-LABEL: @encode_unstructured
// CHECK: arith.constant dense<134225937> : tensor<1x1xi64>
// CHECK: arith.constant dense<0> : tensor<1x1xi32>
// CHECK: arith.constant dense<[1.000000e+00, 2.000000e+00, 3.000000e+00, 5.000000e+00]> : tensor<4xf32>
func.func @encode_unstructured() -> (tensor<?x1xi64>, tensor<?x1xi32>, tensor<?xf32>) {
  %d = arith.constant dense<[[1.0, 0.0, 0.0, 0.0, 2.0, 0.0], [0.0, 0.0, 0.0, -0.0, 0.0, 3.0],
                             [0.0, 0.0, 0.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 5.0, 0.0, 0.0]]> : tensor<4x6xf32>
  %w = sparsity.encode %d : tensor<4x6xf32> to !U
  %b = sparsity.field %w "bitmap" : !U to tensor<?x1xi64>
  %o = sparsity.field %w "offsets" : !U to tensor<?x1xi32>
  %v = sparsity.field %w "values" : !U to tensor<?xf32>
  return %b, %o, %v : tensor<?x1xi64>, tensor<?x1xi32>, tensor<?xf32>
}

// -----

// Nothing is stored of a zero tensor.

!U = tensor<4x6xf16, #sparsity.unstructured<tile = 8x8>>

// CHECK-LABEL: @encode_zeros
// CHECK: arith.constant dense<> : tensor<0xf16>
func.func @encode_zeros() -> tensor<?xf16> {
  %d = arith.constant dense<0.0> : tensor<4x6xf16>
  %w = sparsity.encode %d : tensor<4x6xf16> to !U
  %v = sparsity.field %w "values" : !U to tensor<?xf16>
  return %v : tensor<?xf16>
}

// -----

// Half of the elements.

!U = tensor<1x6xi8, #sparsity.unstructured<tile = 1x64>>

// CHECK-LABEL: @prune_unstructured
// CHECK: arith.constant dense<[-7, 3, -128]> : tensor<3xi8>
func.func @prune_unstructured() -> tensor<?xi8> {
  %d = arith.constant dense<[[1, -7, 3, -3, 2, -128]]> : tensor<1x6xi8>
  %w = sparsity.prune %d : tensor<1x6xi8> to !U
  %v = sparsity.field %w "values" : !U to tensor<?xi8>
  return %v : tensor<?xi8>
}

// -----

// block_c6, in the block that breaks it
func.func @not_two_of_four() -> tensor<2xi32> {
  %d = arith.constant dense<[[0.0, 0.0, 0.0, 0.0, 1.0, 2.0, 3.0, 0.0]]> : tensor<1x8xf32>
  // expected-error @below {{expected at most 2 non-zero elements in each group of 4 along axis 1, but got 3 at row 0, elements 0..3, in the block at row of blocks 0, column of blocks 1}}
  %w = sparsity.encode %d : tensor<1x8xf32> to tensor<1x8xf32, #sparsity.block<1x4, inner = #sparsity.n_of_m<2:4, axis = 1>>>
  %p = sparsity.field %w "positions" : tensor<1x8xf32, #sparsity.block<1x4, inner = #sparsity.n_of_m<2:4, axis = 1>>> to tensor<2xi32>
  return %p : tensor<2xi32>
}

// -----

!B = tensor<2x4xf32, #sparsity.block<2x2>>

// block_c8
func.func @count() -> tensor<2xi32> {
  %p = arith.constant dense<[0, 2]> : tensor<2xi32>
  %c = arith.constant dense<[0, 1]> : tensor<2xi32>
  %v = arith.constant dense<1.0> : tensor<3x2x2xf32>
  // expected-error @below {{expected 2 entries, one for each coordinate, but got 3 in values}}
  %w = sparsity.assemble %p, %c, %v : tensor<2xi32>, tensor<2xi32>, tensor<3x2x2xf32> to !B
  %f = sparsity.field %w "positions" : !B to tensor<2xi32>
  return %f : tensor<2xi32>
}

// -----

!B = tensor<2x4xf32, #sparsity.block<2x2>>

// block_c9
func.func @unsorted() -> tensor<2xi32> {
  %p = arith.constant dense<[0, 2]> : tensor<2xi32>
  %c = arith.constant dense<[1, 0]> : tensor<2xi32>
  %v = arith.constant dense<1.0> : tensor<2x2x2xf32>
  // expected-error @below {{expected ascending coordinates in a group, but got 0 after 1 at coordinates[1] of group 0}}
  %w = sparsity.assemble %p, %c, %v : tensor<2xi32>, tensor<2xi32>, tensor<2x2x2xf32> to !B
  %f = sparsity.field %w "positions" : !B to tensor<2xi32>
  return %f : tensor<2xi32>
}

// -----

!B = tensor<2x4xf32, #sparsity.block<2x2>>

// block_c9
func.func @descending() -> tensor<2xi32> {
  %p = arith.constant dense<[0, 3]> : tensor<2xi32>
  %c = arith.constant dense<[0, 1]> : tensor<2xi32>
  %v = arith.constant dense<1.0> : tensor<2x2x2xf32>
  // expected-error @below {{expected ascending positions in 0..2, but got 3 after 0 at positions[1]}}
  %w = sparsity.assemble %p, %c, %v : tensor<2xi32>, tensor<2xi32>, tensor<2x2x2xf32> to !B
  %f = sparsity.field %w "positions" : !B to tensor<2xi32>
  return %f : tensor<2xi32>
}

// -----

!B = tensor<4x4xf32, #sparsity.block<2x2, ordered>>

// block_c9
func.func @twice() -> tensor<3xi32> {
  %p = arith.constant dense<[0, 1, 2]> : tensor<3xi32>
  %c = arith.constant dense<[0, 1]> : tensor<2xi32>
  %v = arith.constant dense<1.0> : tensor<2x2x2xf32>
  %o = arith.constant dense<[1, 1]> : tensor<2xi32>
  // expected-error @below {{expected order to be a permutation of 0..1, but got 1 twice at order[1]}}
  %w = sparsity.assemble %p, %c, %v, %o : tensor<3xi32>, tensor<2xi32>, tensor<2x2x2xf32>, tensor<2xi32> to !B
  %f = sparsity.field %w "positions" : !B to tensor<3xi32>
  return %f : tensor<3xi32>
}

// -----

!U = tensor<4x6xf32, #sparsity.unstructured<tile = 8x8>>

// unstructured_c6
func.func @words() -> tensor<2xi32> {
  %p = arith.constant dense<[0, 1]> : tensor<2xi32>
  %c = arith.constant dense<0> : tensor<1xi32>
  %b = arith.constant dense<1> : tensor<2x1xi64>
  %o = arith.constant dense<0> : tensor<1x1xi32>
  %v = arith.constant dense<1.0> : tensor<1xf32>
  // expected-error @below {{expected 1 entries, one for each coordinate, but got 2 in bitmap}}
  %w = sparsity.assemble %p, %c, %b, %o, %v : tensor<2xi32>, tensor<1xi32>, tensor<2x1xi64>, tensor<1x1xi32>, tensor<1xf32> to !U
  %f = sparsity.field %w "positions" : !U to tensor<2xi32>
  return %f : tensor<2xi32>
}

// -----

!U = tensor<4x6xf32, #sparsity.unstructured<tile = 8x8>>

// unstructured_c7: bit 7 is column 7 of 6.
func.func @outside() -> tensor<2xi32> {
  %p = arith.constant dense<[0, 1]> : tensor<2xi32>
  %c = arith.constant dense<0> : tensor<1xi32>
  %b = arith.constant dense<128> : tensor<1x1xi64>
  %o = arith.constant dense<0> : tensor<1x1xi32>
  %v = arith.constant dense<1.0> : tensor<1xf32>
  // expected-error @below {{expected no bits beyond the edge, but got one at bitmap[0, 0]}}
  %w = sparsity.assemble %p, %c, %b, %o, %v : tensor<2xi32>, tensor<1xi32>, tensor<1x1xi64>, tensor<1x1xi32>, tensor<1xf32> to !U
  %f = sparsity.field %w "positions" : !U to tensor<2xi32>
  return %f : tensor<2xi32>
}

// -----

!U = tensor<4x6xf16, #sparsity.unstructured<layout = fragments>>

// unstructured_c6
func.func @ends() -> tensor<2xi32> {
  %p = arith.constant dense<[0, 1]> : tensor<2xi32>
  %c = arith.constant dense<0> : tensor<1xi32>
  %o = arith.constant dense<0> : tensor<1xi32>
  %v = arith.constant dense<1.0> : tensor<392xf16>
  // expected-error @below {{expected 2 offsets, one for each coordinate and the end, but got 1}}
  %w = sparsity.assemble %p, %c, %o, %v : tensor<2xi32>, tensor<1xi32>, tensor<1xi32>, tensor<392xf16> to !U
  %f = sparsity.field %w "positions" : !U to tensor<2xi32>
  return %f : tensor<2xi32>
}

// -----

!U = tensor<4x6xf16, #sparsity.unstructured<layout = fragments>>

// unstructured_c7: no bits, and beginnings at the first byte of the record.
func.func @beginnings() -> tensor<2xi32> {
  %p = arith.constant dense<[0, 1]> : tensor<2xi32>
  %c = arith.constant dense<0> : tensor<1xi32>
  %o = arith.constant dense<[0, 384]> : tensor<2xi32>
  %v = arith.constant dense<0.0> : tensor<384xf16>
  // expected-error @below {{expected 768, where a patch's elements begin in bytes, but got 0 at values[256]}}
  %w = sparsity.assemble %p, %c, %o, %v : tensor<2xi32>, tensor<1xi32>, tensor<2xi32>, tensor<384xf16> to !U
  %f = sparsity.field %w "positions" : !U to tensor<2xi32>
  return %f : tensor<2xi32>
}

// -----

!U = tensor<4x6xf16, #sparsity.unstructured<layout = fragments>>

// One record, of one element.

// CHECK-LABEL: @encode_fragments
// CHECK: arith.constant dense<[0, 392]> : tensor<2xi32>
// CHECK: arith.constant dense<{{.*}}> : tensor<392xf16>
func.func @encode_fragments() -> (tensor<?xi32>, tensor<?xf16>) {
  %d = arith.constant dense<[[0.0, 0.0, 0.0, 0.0, 2.0, 0.0], [0.0, 0.0, 0.0, -0.0, 0.0, 0.0],
                             [0.0, 0.0, 0.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0, 0.0, 0.0]]> : tensor<4x6xf16>
  %w = sparsity.encode %d : tensor<4x6xf16> to !U
  %o = sparsity.field %w "offsets" : !U to tensor<?xi32>
  %v = sparsity.field %w "values" : !U to tensor<?xf16>
  return %o, %v : tensor<?xi32>, tensor<?xf16>
}
