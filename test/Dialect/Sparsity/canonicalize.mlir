// RUN: sparsity-opt %s -canonicalize | FileCheck %s

#w = #sparsity.n_of_m<2:4, axis = 1>

// CHECK-LABEL: func.func @decode_of_encode
// CHECK-SAME: (%[[X:.*]]: tensor<64x64xf16>)
// CHECK-NEXT: return %[[X]]
func.func @decode_of_encode(%x: tensor<64x64xf16>) -> tensor<64x64xf16> {
  %e = sparsity.encode %x : tensor<64x64xf16> to tensor<64x64xf16, #w>
  %d = sparsity.decode %e : tensor<64x64xf16, #w> to tensor<64x64xf16>
  return %d : tensor<64x64xf16>
}

// A window restricts the source, so the pair is not the identity.
// CHECK-LABEL: func.func @decode_of_restriction
// CHECK: sparsity.encode
// CHECK: %[[D:.*]] = sparsity.decode
// CHECK: return %[[D]]
func.func @decode_of_restriction(%x: tensor<64x64xf16>) -> tensor<64x64xf16> {
  %e = sparsity.encode %x : tensor<64x64xf16> to tensor<64x64xf16, #sparsity.window<right = 0>>
  %d = sparsity.decode %e : tensor<64x64xf16, #sparsity.window<right = 0>> to tensor<64x64xf16>
  return %d : tensor<64x64xf16>
}

// Blocks are found by value: only the list knows which are present.
// CHECK-LABEL: func.func @decode_of_blocks
// CHECK: sparsity.decode
func.func @decode_of_blocks(%x: tensor<64x64xf16>) -> tensor<64x64xf16> {
  %e = sparsity.encode %x : tensor<64x64xf16> to tensor<64x64xf16, #sparsity.block<16x16>>
  %d = sparsity.decode %e : tensor<64x64xf16, #sparsity.block<16x16>> to tensor<64x64xf16>
  return %d : tensor<64x64xf16>
}

// Pruning changes values.
// CHECK-LABEL: func.func @decode_of_prune
// CHECK: sparsity.prune
// CHECK: sparsity.decode
func.func @decode_of_prune(%x: tensor<64x64xf16>) -> tensor<64x64xf16> {
  %e = sparsity.prune %x : tensor<64x64xf16> to tensor<64x64xf16, #w>
  %d = sparsity.decode %e : tensor<64x64xf16, #w> to tensor<64x64xf16>
  return %d : tensor<64x64xf16>
}

// CHECK-LABEL: func.func @field_of_assemble
// CHECK-SAME: (%[[V:.*]]: tensor<64x32xf16>, %[[M:.*]]: tensor<64x8xi8>)
// CHECK-NEXT: return %[[M]], %[[V]]
func.func @field_of_assemble(%v: tensor<64x32xf16>, %m: tensor<64x8xi8>)
    -> (tensor<64x8xi8>, tensor<64x32xf16>) {
  %w = sparsity.assemble %v, %m : tensor<64x32xf16>, tensor<64x8xi8> to tensor<64x64xf16, #w>
  %a = sparsity.field %w "metadata" : tensor<64x64xf16, #w> to tensor<64x8xi8>
  %b = sparsity.field %w "values" : tensor<64x64xf16, #w> to tensor<64x32xf16>
  return %a, %b : tensor<64x8xi8>, tensor<64x32xf16>
}

// The operand's type is more static than the field's.
// CHECK-LABEL: func.func @field_of_other_type
// CHECK-NEXT: %[[F:.*]] = tensor.cast %{{.*}} : tensor<1xi32> to tensor<?xi32>
// CHECK-NEXT: return %[[F]]
func.func @field_of_other_type(%p: tensor<2xi32>, %c: tensor<1xi32>, %v: tensor<1x64x64xf16>)
    -> tensor<?xi32> {
  %w = sparsity.assemble %p, %c, %v : tensor<2xi32>, tensor<1xi32>, tensor<1x64x64xf16>
    to tensor<64x64xf16, #sparsity.block<64x64>>
  %f = sparsity.field %w "coordinates" : tensor<64x64xf16, #sparsity.block<64x64>> to tensor<?xi32>
  return %f : tensor<?xi32>
}

// CHECK-LABEL: func.func @disassemble_of_assemble
// CHECK-SAME: %[[P:.*]]: tensor<2xi32>, %[[C:.*]]: tensor<1xi32>, %[[V:.*]]: tensor<?x64x64xf16>
// CHECK-NEXT: %[[F:.*]] = tensor.cast %[[C]] : tensor<1xi32> to tensor<?xi32>
// CHECK-NEXT: return %[[P]], %[[F]], %[[V]]
func.func @disassemble_of_assemble(%p: tensor<2xi32>, %c: tensor<1xi32>, %v: tensor<?x64x64xf16>)
    -> (tensor<2xi32>, tensor<?xi32>, tensor<?x64x64xf16>) {
  %w = sparsity.assemble %p, %c, %v : tensor<2xi32>, tensor<1xi32>, tensor<?x64x64xf16>
    to tensor<64x64xf16, #sparsity.block<64x64>>
  %f:3 = sparsity.disassemble %w : tensor<64x64xf16, #sparsity.block<64x64>>
    to tensor<2xi32>, tensor<?xi32>, tensor<?x64x64xf16>
  return %f#0, %f#1, %f#2 : tensor<2xi32>, tensor<?xi32>, tensor<?x64x64xf16>
}

// Extents come from what was encoded, from the sizes given, or from a buffer of the
// tensor's own shape.
// CHECK-LABEL: func.func @dims
// CHECK-SAME: %[[X:[^:]*]]: tensor<?x8xf16>, %[[N:[^:]*]]: index
// CHECK: %[[E:.*]] = tensor.dim %[[X]], %c0
// CHECK: %[[D:.*]] = tensor.dim %[[X]], %c0
// CHECK: %[[B:.*]] = tensor.dim %[[X]], %c0
// CHECK-NOT: tensor.dim
// CHECK: return %[[E]], %[[D]], %[[N]], %c8, %[[B]]
#band = #sparsity.window<right = 0>
func.func @dims(%x: tensor<?x8xf16>, %n: index) -> (index, index, index, index, index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %e = sparsity.encode %x : tensor<?x8xf16> to tensor<?x8xf16, #band>
  %f = sparsity.decode %e : tensor<?x8xf16, #band> to tensor<?x8xf16>
  %a = sparsity.assemble %x sizes(%n) : tensor<?x8xf16> to tensor<?x8xf16, #band>
  %b = sparsity.assemble %x : tensor<?x8xf16> to tensor<?x8xf16, #band>
  %0 = tensor.dim %e, %c0 : tensor<?x8xf16, #band>
  %1 = tensor.dim %f, %c0 : tensor<?x8xf16>
  %2 = tensor.dim %a, %c0 : tensor<?x8xf16, #band>
  %3 = tensor.dim %a, %c1 : tensor<?x8xf16, #band>
  %4 = tensor.dim %b, %c0 : tensor<?x8xf16, #band>
  return %0, %1, %2, %3, %4 : index, index, index, index, index
}
