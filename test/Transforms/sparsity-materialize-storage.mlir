// RUN: split-file %s %t
// RUN: sparsity-opt %t/valid.mlir -allow-unregistered-dialect --sparsity-materialize-storage | FileCheck %s
// RUN: sparsity-opt %t/invalid.mlir -allow-unregistered-dialect --sparsity-materialize-storage -split-input-file -verify-diagnostics

//--- valid.mlir

#w = #sparsity.n_of_m<2:4, axis = 1>

// The weight becomes its buffers, the result an argument; `sparsity.abi` says which is
// which. The result's dynamic extent is the one of argument #0.
// CHECK: #[[SHAPE:.*]] = affine_map<()[s0] -> (s0, 32)>
// CHECK-LABEL: func.func @layer
// CHECK-SAME: %[[X:[^:]*]]: tensor<?x64xf16> {bufferization.writable = false}, %[[VALUES:[^:]*]]: tensor<32x32xf16> {bufferization.writable = false}, %[[METADATA:[^:]*]]: tensor<32x8xi8> {bufferization.writable = false}, %[[OUT:[^:]*]]: tensor<?x32xf32> {bufferization.writable = true}) -> tensor<?x32xf32>
// CHECK-SAME: sparsity.abi = [
// CHECK-SAME: {arg = 0 : i64, kind = "tensor", type = tensor<?x64xf16>}
// CHECK-SAME: {arg = 1 : i64, field = "values", kind = "field", pack = "prune", storage = tensor<32x32xf16>, type = tensor<32x64xf16, #sparsity.n_of_m<2:4, axis = 1>>}
// CHECK-SAME: {arg = 1 : i64, field = "metadata", kind = "field", pack = "prune", storage = tensor<32x8xi8>, type = tensor<32x64xf16, #sparsity.n_of_m<2:4, axis = 1>>}
// CHECK-SAME: {kind = "result", result = 0 : i64, shape = #[[SHAPE]], symbols = array<i64: 0, 0>, type = tensor<?x32xf32>}
// CHECK: "test.read"(%[[VALUES]], %[[METADATA]])
// CHECK: linalg.fill ins(%{{.*}}) outs(%[[OUT]]
func.func @layer(%x: tensor<?x64xf16>, %w: tensor<32x64xf16, #w> {sparsity.pack = "prune"})
    -> tensor<?x32xf32> {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %tokens = tensor.dim %x, %c0 : tensor<?x64xf16>
  %v = sparsity.field %w "values" : tensor<32x64xf16, #w> to tensor<32x32xf16>
  %m = sparsity.field %w "metadata" : tensor<32x64xf16, #w> to tensor<32x8xi8>
  "test.read"(%v, %m) : (tensor<32x32xf16>, tensor<32x8xi8>) -> ()
  %empty = tensor.empty(%tokens) : tensor<?x32xf32>
  %y = linalg.fill ins(%zero : f32) outs(%empty : tensor<?x32xf32>) -> tensor<?x32xf32>
  return %y : tensor<?x32xf32>
}

// A dynamic extent of an encoded tensor is an argument of its own, behind the buffers.
// CHECK-LABEL: func.func @dynamic
// CHECK-SAME: (%[[V:[^:]*]]: tensor<?x32xf16> {bufferization.writable = false}, %[[M:[^:]*]]: tensor<?x8xi8> {bufferization.writable = false}, %[[D:[^:]*]]: index, %[[S:[^:]*]]: f32)
// CHECK-SAME: {arg = 0 : i64, dim = 0 : i64, kind = "dim"}
// CHECK-SAME: {arg = 1 : i64, kind = "scalar", type = f32}
// CHECK: %[[C64:.*]] = arith.constant 64 : index
// CHECK: "test.read"(%[[V]], %[[M]], %[[D]], %[[C64]], %[[S]])
func.func @dynamic(%w: tensor<?x64xf16, #w>, %s: f32) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %rows = tensor.dim %w, %c0 : tensor<?x64xf16, #w>
  %columns = tensor.dim %w, %c1 : tensor<?x64xf16, #w>
  %v, %m = sparsity.disassemble %w : tensor<?x64xf16, #w> to tensor<?x32xf16>, tensor<?x8xi8>
  "test.read"(%v, %m, %rows, %columns, %s)
      : (tensor<?x32xf16>, tensor<?x8xi8>, index, index, f32) -> ()
  return
}

// Buffers that the caller holds already go straight to their readers.
// CHECK-LABEL: func.func @assembled
// CHECK-SAME: %[[V:[^:]*]]: tensor<32x32xf16> {bufferization.writable = false}, %[[M:[^:]*]]: tensor<32x8xi8> {bufferization.writable = false}
// CHECK-NOT: sparsity.assemble
// CHECK: "test.read"(%[[V]], %[[M]])
func.func @assembled(%values: tensor<32x32xf16>, %metadata: tensor<32x8xi8>) {
  %w = sparsity.assemble %values, %metadata : tensor<32x32xf16>, tensor<32x8xi8>
      to tensor<32x64xf16, #w>
  %v = sparsity.field %w "values" : tensor<32x64xf16, #w> to tensor<32x32xf16>
  %m = sparsity.field %w "metadata" : tensor<32x64xf16, #w> to tensor<32x8xi8>
  "test.read"(%v, %m) : (tensor<32x32xf16>, tensor<32x8xi8>) -> ()
  return
}

// An argument returned as it is, and returned twice, is copied to each result.
// CHECK-LABEL: func.func @twice
// CHECK-SAME: %[[X:[^:]*]]: tensor<8xf16> {bufferization.writable = false}, %[[Y:[^:]*]]: tensor<8xf16> {bufferization.writable = true}, %[[Z:[^:]*]]: tensor<8xf16> {bufferization.writable = true}
// CHECK: %[[A:.*]] = bufferization.materialize_in_destination %[[X]] in %[[Y]]
// CHECK: %[[B:.*]] = bufferization.materialize_in_destination %[[X]] in %[[Z]]
// CHECK: return %[[A]], %[[B]]
func.func @twice(%x: tensor<8xf16>) -> (tensor<8xf16>, tensor<8xf16>) {
  return %x, %x : tensor<8xf16>, tensor<8xf16>
}

// A declaration has nothing to rewrite, and a second run changes nothing.
// CHECK: func.func private @extern(tensor<8xf16>) -> tensor<8xf16>
func.func private @extern(%x: tensor<8xf16>) -> tensor<8xf16>

// CHECK: func.func @done(%{{.*}}: tensor<8xf16>) -> tensor<8xf16>
func.func @done(%x: tensor<8xf16>) -> tensor<8xf16> attributes {sparsity.abi = []} {
  return %x : tensor<8xf16>
}

// Extents of what is assembled here are those that the op is given.
// CHECK-LABEL: func.func @sizes
// CHECK-SAME: %[[N:[^:]*]]: index
// CHECK-NOT: sparsity.assemble
// CHECK: "test.read"(%[[N]], %c8{{.*}}) : (index, index)
func.func @sizes(%p: tensor<9xi32>, %c: tensor<?xi32>, %w: tensor<?xf32>, %e: tensor<?x2xi32>,
                 %n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %g = sparsity.assemble %p, %c, %w, %e sizes(%n)
      : tensor<9xi32>, tensor<?xi32>, tensor<?xf32>, tensor<?x2xi32>
      to tensor<?x8xf32, #sparsity.gate<top_k = 2>>
  %t = tensor.dim %g, %c0 : tensor<?x8xf32, #sparsity.gate<top_k = 2>>
  %x = tensor.dim %g, %c1 : tensor<?x8xf32, #sparsity.gate<top_k = 2>>
  "test.read"(%t, %x) : (index, index) -> ()
  return
}

//--- invalid.mlir

#w = #sparsity.n_of_m<2:4, axis = 1>

func.func @reader(%w: tensor<32x64xf16, #w>) {
  // expected-error @+1 {{'test.read' op expected an op that reads the storage of 'tensor<32x64xf16, #sparsity.n_of_m<2:4, axis = 1>>', but this op has no lowering for it}}
  "test.read"(%w) : (tensor<32x64xf16, #w>) -> ()
  return
}

// -----

#w = #sparsity.n_of_m<2:4, axis = 1>

// expected-error @+1 {{expected dense tensor results, but got result #0 of 'tensor<32x64xf16, #sparsity.n_of_m<2:4, axis = 1>>'; sparsity.decode gives the dense tensor, sparsity.disassemble the storage buffers}}
func.func @result(%w: tensor<32x64xf16, #w>) -> tensor<32x64xf16, #w> {
  return %w : tensor<32x64xf16, #w>
}

// -----

// expected-error @+1 {{expected dense tensor results, but got result #0 of 'f32'}}
func.func @scalar(%x: f32) -> f32 {
  return %x : f32
}

// -----

// The caller could not know how much to provide.
// expected-error @+1 {{expected dimension 0 of result #0 to be computed from the arguments' dimensions}}
func.func @unknown() -> tensor<?xf32> {
  %n = "test.count"() : () -> index
  %y = tensor.empty(%n) : tensor<?xf32>
  return %y : tensor<?xf32>
}

// -----

// expected-error @+1 {{expected a body of one block, but got 2}}
func.func @blocks(%x: tensor<8xf32>) -> tensor<8xf32> {
  cf.br ^bb1
^bb1:
  return %x : tensor<8xf32>
}

// -----

#w = #sparsity.n_of_m<2:4, axis = 1>

func.func @which(%w: tensor<?x64xf16, #w>, %i: index) {
  // expected-error @+1 {{expected a constant dimension below 2 of an encoded tensor}}
  %n = tensor.dim %w, %i : tensor<?x64xf16, #w>
  "test.read"(%n) : (index) -> ()
  return
}

// -----

func.func @sizes(%p: tensor<9xi32>, %c: tensor<?xi32>, %w: tensor<?xf32>, %e: tensor<?x2xi32>) {
  %c0 = arith.constant 0 : index
  // expected-error @+1 {{'sparsity.assemble' op expected sizes for the dynamic extents of 'tensor<?x8xf32, #sparsity.gate<top_k = 2>>', but got none, and dimension 0 is used}}
  %g = sparsity.assemble %p, %c, %w, %e
      : tensor<9xi32>, tensor<?xi32>, tensor<?xf32>, tensor<?x2xi32>
      to tensor<?x8xf32, #sparsity.gate<top_k = 2>>
  %t = tensor.dim %g, %c0 : tensor<?x8xf32, #sparsity.gate<top_k = 2>>
  "test.read"(%t) : (index) -> ()
  return
}
