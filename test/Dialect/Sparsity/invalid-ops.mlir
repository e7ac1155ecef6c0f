// RUN: sparsity-opt %s -split-input-file -verify-diagnostics

#w = #sparsity.n_of_m<2:4, axis = 1>

// encode_c1
func.func @f(%x: tensor<64x64xf16, #w>) {
  // expected-error @+1 {{expected a source without an encoding, but got 'tensor<64x64xf16, #sparsity.n_of_m<2:4, axis = 1>>'}}
  sparsity.encode %x : tensor<64x64xf16, #w> to tensor<64x64xf16, #w>
  return
}

// -----

// encode_c2
func.func @f(%x: tensor<64x64xf16>) {
  // expected-error @+1 {{expected a result with a sparsity encoding, but got 'tensor<64x64xf16>'}}
  sparsity.encode %x : tensor<64x64xf16> to tensor<64x64xf16>
  return
}

// -----

// encode_c2
func.func @f(%x: tensor<64x64xf16>) {
  // expected-error @+1 {{expected a result with a sparsity encoding, but got 'tensor<64x64xf16, "other">'}}
  sparsity.encode %x : tensor<64x64xf16> to tensor<64x64xf16, "other">
  return
}

// -----

#w = #sparsity.n_of_m<2:4, axis = 1>

// encode_c3
func.func @f(%x: tensor<64x64xf16>) {
  // expected-error @+1 {{expected a result with the source's shape and element type 'tensor<64x64xf16>', but got 'tensor<64x64xbf16, #sparsity.n_of_m<2:4, axis = 1>>'}}
  sparsity.encode %x : tensor<64x64xf16> to tensor<64x64xbf16, #w>
  return
}

// -----

#w = #sparsity.n_of_m<2:4, axis = 1>

// encode_c3
func.func @f(%x: tensor<64x64xf16>) {
  // expected-error @+1 {{expected a result with the source's shape and element type 'tensor<64x64xf16>', but got 'tensor<64x?xf16, #sparsity.n_of_m<2:4, axis = 1>>'}}
  sparsity.encode %x : tensor<64x64xf16> to tensor<64x?xf16, #w>
  return
}

// -----

// decode_c1
func.func @f(%x: tensor<64x64xf16>) {
  // expected-error @+1 {{expected a source with a sparsity encoding, but got 'tensor<64x64xf16>'}}
  sparsity.decode %x : tensor<64x64xf16> to tensor<64x64xf16>
  return
}

// -----

#w = #sparsity.n_of_m<2:4, axis = 1>

// decode_c2
func.func @f(%x: tensor<64x64xf16, #w>) {
  // expected-error @+1 {{expected a result without an encoding, but got 'tensor<64x64xf16, #sparsity.n_of_m<2:4, axis = 1>>'}}
  sparsity.decode %x : tensor<64x64xf16, #w> to tensor<64x64xf16, #w>
  return
}

// -----

#w = #sparsity.n_of_m<2:4, axis = 1>

// decode_c3
func.func @f(%x: tensor<64x64xf16, #w>) {
  // expected-error @+1 {{expected a result with the source's shape and element type 'tensor<64x64xf16>', but got 'tensor<64x32xf16>'}}
  sparsity.decode %x : tensor<64x64xf16, #w> to tensor<64x32xf16>
  return
}

// -----

#w = #sparsity.n_of_m<2:4, axis = 1>

// prune_c1
func.func @f(%x: tensor<64x64xf16, #w>) {
  // expected-error @+1 {{expected a source without an encoding, but got 'tensor<64x64xf16, #sparsity.n_of_m<2:4, axis = 1>>'}}
  sparsity.prune %x : tensor<64x64xf16, #w> to tensor<64x64xf16, #w>
  return
}

// -----

// prune_c2
func.func @f(%x: tensor<64x64xf16>) {
  // expected-error @+1 {{expected a result with a sparsity encoding, but got 'tensor<64x64xf16>'}}
  sparsity.prune %x : tensor<64x64xf16> to tensor<64x64xf16>
  return
}

// -----

#w = #sparsity.n_of_m<2:4, axis = 1>

// prune_c3
func.func @f(%x: tensor<64x64xf16>) {
  // expected-error @+1 {{expected a result with the source's shape and element type 'tensor<64x64xf16>', but got 'tensor<32x64xf16, #sparsity.n_of_m<2:4, axis = 1>>'}}
  sparsity.prune %x : tensor<64x64xf16> to tensor<32x64xf16, #w>
  return
}

// -----

// prune_c4
func.func @f(%x: tensor<64x64xf16>) {
  // expected-error @+1 {{expected an encoding with a packer, but got #sparsity.window<right = 0>}}
  sparsity.prune %x : tensor<64x64xf16> to tensor<64x64xf16, #sparsity.window<right = 0>>
  return
}

// -----

// assemble_c1
func.func @f(%x: tensor<64x64xf16>) {
  // expected-error @+1 {{expected a result with a sparsity encoding, but got 'tensor<64x64xf16>'}}
  sparsity.assemble %x : tensor<64x64xf16> to tensor<64x64xf16>
  return
}

// -----

#w = #sparsity.n_of_m<2:4, axis = 1>

// assemble_c2
func.func @f(%x: tensor<64x32xf16>) {
  // expected-error @+1 {{expected 2 fields (values, metadata), but got 1}}
  sparsity.assemble %x : tensor<64x32xf16> to tensor<64x64xf16, #w>
  return
}

// -----

#w = #sparsity.n_of_m<2:4, axis = 1>

// assemble_c3
func.func @f(%x: tensor<64x32xf16>, %m: tensor<64x4xi8>) {
  // expected-error @+1 {{expected field metadata of type 'tensor<64x8xi8>', but got 'tensor<64x4xi8>'}}
  sparsity.assemble %x, %m : tensor<64x32xf16>, tensor<64x4xi8> to tensor<64x64xf16, #w>
  return
}

// -----

#w = #sparsity.n_of_m<2:4, axis = 1>

// assemble_c3
func.func @f(%x: tensor<64x32xbf16>, %m: tensor<64x8xi8>) {
  // expected-error @+1 {{expected field values of type 'tensor<64x32xf16>', but got 'tensor<64x32xbf16>'}}
  sparsity.assemble %x, %m : tensor<64x32xbf16>, tensor<64x8xi8> to tensor<64x64xf16, #w>
  return
}

// -----

// assemble_c4
func.func @assemble_sizes(%v: tensor<?x?xf16>, %n: index) {
  // expected-error @+1 {{expected a size for each of the 2 dynamic extents of 'tensor<?x?xf16, #sparsity.window<right = 0>>', but got 1}}
  sparsity.assemble %v sizes(%n) : tensor<?x?xf16> to tensor<?x?xf16, #sparsity.window<right = 0>>
  return
}

// -----

// disassemble_c1
func.func @f(%x: tensor<64x64xf16>) {
  // expected-error @+1 {{expected a source with a sparsity encoding, but got 'tensor<64x64xf16>'}}
  sparsity.disassemble %x : tensor<64x64xf16> to tensor<64x64xf16>
  return
}

// -----

// disassemble_c2
func.func @f(%x: tensor<64x64xf16, #sparsity.block<4x4>>) {
  // expected-error @+1 {{expected 3 fields (positions, coordinates, values), but got 2}}
  sparsity.disassemble %x : tensor<64x64xf16, #sparsity.block<4x4>> to tensor<17xi32>, tensor<?xi32>
  return
}

// -----

// disassemble_c3
func.func @f(%x: tensor<64x64xf16, #sparsity.block<4x4>>) {
  // expected-error @+1 {{expected field positions of type 'tensor<17xi32>', but got 'tensor<16xi32>'}}
  sparsity.disassemble %x : tensor<64x64xf16, #sparsity.block<4x4>> to tensor<16xi32>, tensor<?xi32>, tensor<?x4x4xf16>
  return
}

// -----

// field_c1
func.func @f(%x: tensor<64x64xf16>) {
  // expected-error @+1 {{expected a source with a sparsity encoding, but got 'tensor<64x64xf16>'}}
  sparsity.field %x "values" : tensor<64x64xf16> to tensor<64x64xf16>
  return
}

// -----

#w = #sparsity.n_of_m<2:4, axis = 1>

// field_c2
func.func @f(%x: tensor<64x64xf16, #w>) {
  // expected-error @+1 {{expected a field among values, metadata, but got "positions"}}
  sparsity.field %x "positions" : tensor<64x64xf16, #w> to tensor<64x32xf16>
  return
}

// -----

#w = #sparsity.n_of_m<2:4, axis = 1>

// field_c3
func.func @f(%x: tensor<64x64xf16, #w>) {
  // expected-error @+1 {{expected field values of type 'tensor<64x32xf16>', but got 'tensor<64x?xf16>'}}
  sparsity.field %x "values" : tensor<64x64xf16, #w> to tensor<64x?xf16>
  return
}
