// The constraints of sparsity.attention (docs/Spec.md).

// RUN: sparsity-opt %s -split-input-file -verify-diagnostics

!T = tensor<2x8x16xf16>
// attention_c1
func.func @results(%q: !T) {
  // expected-error @+1 {{expected three operand types and one or two result types, but got 3 and 3}}
  %o:3 = sparsity.attention %q, %q, %q : (!T, !T, !T) -> (!T, tensor<2x8xf32>, !T)
  return
}

// -----

!T = tensor<2x8x16xf16>
!E = tensor<2x8x16xf16, #sparsity.window<right = 0>>
// attention_c2
func.func @encoded(%q: !T, %k: !E) {
  // expected-error @+1 {{expected a key without an encoding, but got 'tensor<2x8x16xf16, #sparsity.window<right = 0>>'}}
  %o = sparsity.attention %q, %k, %q : (!T, !E, !T) -> !T
  return
}

// -----

!T = tensor<2x8x16xf16>
!U = tensor<1x2x8x16xf16>
// attention_c3
func.func @rank(%q: !T, %k: !U) {
  // expected-error @+1 {{expected query, key and value of the same rank, 3 or 4, but got a value of rank 4}}
  %o = sparsity.attention %q, %q, %k : (!T, !T, !U) -> !T
  return
}

// -----

!T = tensor<2x8x16xi8>
// attention_c4
func.func @element(%q: !T) {
  // expected-error @+1 {{expected query, key and value of one element type among f16, bf16, f32, f8E4M3FN, f8E5M2, but got a query of 'i8'}}
  %o = sparsity.attention %q, %q, %q : (!T, !T, !T) -> !T
  return
}

// -----

!T = tensor<2x8x264xf16>
// attention_c5
func.func @headSize(%q: !T) {
  // expected-error @+1 {{expected a head size in 1..256, but got 'tensor<2x8x264xf16>'}}
  %o = sparsity.attention %q, %q, %q : (!T, !T, !T) -> !T
  return
}

// -----

!T = tensor<2x8x?xf16>
// attention_c5
func.func @dynamicHeadSize(%q: !T) {
  // expected-error @+1 {{expected a head size in 1..256, but got 'tensor<2x8x?xf16>'}}
  %o = sparsity.attention %q, %q, %q : (!T, !T, !T) -> !T
  return
}

// -----

!T = tensor<2x8x16xf16>
!U = tensor<2x8x32xf16>
// attention_c6
func.func @headSizes(%q: !T, %k: !U) {
  // expected-error @+1 {{expected query and key of one head size, but got 16 and 32}}
  %o = sparsity.attention %q, %k, %k : (!T, !U, !U) -> !U
  return
}

// -----

!T = tensor<3x8x16xf16>
!U = tensor<2x8x16xf16>
// attention_c7
func.func @heads(%q: !T, %k: !U) {
  // expected-error @+1 {{expected query heads that are a multiple of the heads of key and value, but got 3, 2 and 2}}
  %o = sparsity.attention %q, %k, %k : (!T, !U, !U) -> !T
  return
}

// -----

!T = tensor<2x8x16xf16>
!U = tensor<2x9x16xf16>
// attention_c8
func.func @keys(%q: !T, %v: !U) {
  // expected-error @+1 {{expected one batch size, and one number of keys in key and value, but got}}
  %o = sparsity.attention %q, %q, %v : (!T, !T, !U) -> !T
  return
}

// -----

!T = tensor<2x8x16xf16>
!U = tensor<2x8x16xbf16>
// attention_c9
func.func @output(%q: !T) {
  // expected-error @+1 {{expected an output of type 'tensor<2x8x16xf16>', or the same of f32, but got 'tensor<2x8x16xbf16>'}}
  %o = sparsity.attention %q, %q, %q : (!T, !T, !T) -> !U
  return
}

// -----

!T = tensor<2x8x16xf16>
// attention_c10
func.func @lse(%q: !T) {
  // expected-error @+1 {{expected a log-sum-exp of type 'tensor<2x8xf32>', but got 'tensor<2x8xf16>'}}
  %o, %l = sparsity.attention %q, %q, %q : (!T, !T, !T) -> (!T, tensor<2x8xf16>)
  return
}

// -----

!T = tensor<2x8x16xf16>
// attention_c11
func.func @notAnEncoding(%q: !T) {
  // expected-error @+1 {{expected a mask that is a sparsity encoding, but got 3 : i32}}
  %o = sparsity.attention %q, %q, %q mask(3 : i32) : (!T, !T, !T) -> !T
  return
}

// -----

!T = tensor<2x8x16xf16>
// attention_c12
func.func @refused(%q: !T) {
  // expected-error @+1 {{expected top_k <= 8 experts, but got 9}}
  %o = sparsity.attention %q, %q, %q mask(#sparsity.gate<top_k = 9>) : (!T, !T, !T) -> !T
  return
}

// -----

!T = tensor<2x8x16xf16>
// attention_c13
func.func @undecided(%q: !T) {
  // expected-error @+1 {{expected a mask whose index fields decide each element, but got #sparsity.n_of_m<2:4, axis = 1>}}
  %o = sparsity.attention %q, %q, %q mask(#sparsity.n_of_m<2:4, axis = 1>) : (!T, !T, !T) -> !T
  return
}

// -----

!T = tensor<2x8x16xf16>
// attention_c13
func.func @stored_densely(%q: !T) {
  // expected-error @+1 {{expected a mask whose index fields decide each element, but got #sparsity.stored_dense<#sparsity.block<4x4>>}}
  %o = sparsity.attention %q, %q, %q mask(#sparsity.stored_dense<#sparsity.block<4x4>>) : (!T, !T, !T) -> !T
  return
}

// -----

!T = tensor<2x8x16xf16>
// attention_c14
func.func @fields(%q: !T, %lo: tensor<8xi32>) {
  // expected-error @+1 {{expected 2 fields of the mask (lo, hi), but got 1}}
  %o = sparsity.attention %q, %q, %q mask(#sparsity.segments, %lo : tensor<8xi32>) : (!T, !T, !T) -> !T
  return
}

// -----

!T = tensor<2x8x16xf16>
// attention_c15
func.func @fieldTypes(%q: !T, %lo: tensor<8xi32>, %hi: tensor<9xi32>) {
  // expected-error @+1 {{expected field hi of type 'tensor<8xi32>', but got 'tensor<9xi32>'}}
  %o = sparsity.attention %q, %q, %q mask(#sparsity.segments, %lo, %hi : tensor<8xi32>, tensor<9xi32>) : (!T, !T, !T) -> !T
  return
}

// -----

!T = tensor<2x8x16xf16>
// attention_c16
func.func @scale(%q: !T) {
  // expected-error @+1 {{expected a finite scale, but got 0x7FF0000000000000 : f64}}
  %o = sparsity.attention %q, %q, %q scale(0x7FF0000000000000) : (!T, !T, !T) -> !T
  return
}

// -----

!T = tensor<2x8x16xf16>
// attention_c17
func.func @softcap(%q: !T) {
  // expected-error @+1 {{expected a softcap above 0, but got -1.000000e+00 : f64}}
  %o = sparsity.attention %q, %q, %q softcap(-1.0) : (!T, !T, !T) -> !T
  return
}
