// RUN: sparsity-opt %s --sparsity-hoist-packing -split-input-file -verify-diagnostics | FileCheck %s

#w = #sparsity.n_of_m<2:4, axis = 1>

// The argument itself becomes the encoded tensor; the caller is told how to pack it.
// CHECK-LABEL: func.func @encode
// CHECK-SAME: %[[W:.*]]: tensor<32x64xf16, #sparsity.n_of_m<2:4, axis = 1>> {sparsity.pack = "encode"}
// CHECK-NOT: sparsity.encode
// CHECK: linalg.matvec ins(%[[W]], %{{.*}} : tensor<32x64xf16, #sparsity.n_of_m<2:4, axis = 1>>
func.func @encode(%d: tensor<32x64xf16>, %x: tensor<64xf16>, %init: tensor<32xf32>)
    -> tensor<32xf32> {
  %w = sparsity.encode %d : tensor<32x64xf16> to tensor<32x64xf16, #w>
  %y = linalg.matvec ins(%w, %x : tensor<32x64xf16, #w>, tensor<64xf16>)
      outs(%init : tensor<32xf32>) -> tensor<32xf32>
  return %y : tensor<32xf32>
}

// Extents may still be asked of it, and two equal packings are one.
// CHECK-LABEL: func.func @prune
// CHECK-SAME: %[[W:.*]]: tensor<?x64xf16, #sparsity.n_of_m<2:4, axis = 1>> {sparsity.pack = "prune"}
// CHECK: tensor.dim %[[W]]
// CHECK: linalg.matvec ins(%[[W]],
// CHECK: linalg.matvec ins(%[[W]],
func.func @prune(%d: tensor<?x64xf16>, %x: tensor<64xf16>)
    -> (tensor<?xf32>, tensor<?xf32>) {
  %c0 = arith.constant 0 : index
  %rows = tensor.dim %d, %c0 : tensor<?x64xf16>
  %init = tensor.empty(%rows) : tensor<?xf32>
  %w = sparsity.prune %d : tensor<?x64xf16> to tensor<?x64xf16, #w>
  %v = sparsity.prune %d : tensor<?x64xf16> to tensor<?x64xf16, #w>
  %y = linalg.matvec ins(%w, %x : tensor<?x64xf16, #w>, tensor<64xf16>)
      outs(%init : tensor<?xf32>) -> tensor<?xf32>
  %z = linalg.matvec ins(%v, %x : tensor<?x64xf16, #w>, tensor<64xf16>)
      outs(%init : tensor<?xf32>) -> tensor<?xf32>
  return %y, %z : tensor<?xf32>, tensor<?xf32>
}

// What is listed by value is listed where the value is, of an argument too.
// CHECK-LABEL: func.func @listed_at_run_time
// CHECK-SAME: %[[X:.*]]: tensor<4x64xf16>)
// CHECK: sparsity.encode %[[X]]
// CHECK: %[[Y:.*]] = arith.addf
// CHECK: sparsity.encode %[[Y]]
func.func @listed_at_run_time(%x: tensor<4x64xf16>)
    -> (tensor<4x64xf16, #sparsity.activation<relu>>,
        tensor<4x64xf16, #sparsity.activation<relu>>) {
  %e = sparsity.encode %x : tensor<4x64xf16>
      to tensor<4x64xf16, #sparsity.activation<relu>>
  %y = arith.addf %x, %x : tensor<4x64xf16>
  %f = sparsity.encode %y : tensor<4x64xf16>
      to tensor<4x64xf16, #sparsity.activation<relu>>
  return %e, %f : tensor<4x64xf16, #sparsity.activation<relu>>,
                  tensor<4x64xf16, #sparsity.activation<relu>>
}

// A packing that nobody reads goes, and its argument stays dense.
// CHECK-LABEL: func.func @unused
// CHECK-SAME: %{{.*}}: tensor<32x64xf16>)
// CHECK-NEXT: return
func.func @unused(%d: tensor<32x64xf16>) {
  %w = sparsity.encode %d : tensor<32x64xf16> to tensor<32x64xf16, #w>
  return
}

// Lists are packed alike; how many entries they have is the caller's to know.
// CHECK-LABEL: func.func @lists
// CHECK-SAME: tensor<32x64xf16, #sparsity.block<8x16>> {sparsity.pack = "prune"}
// CHECK-SAME: tensor<4x32x64xf16, #sparsity.block<8x16>> {sparsity.pack = "encode"}
// CHECK-SAME: tensor<32x64xf16, #sparsity.unstructured> {sparsity.pack = "encode"}
// CHECK-NOT: sparsity.encode
func.func @lists(%a: tensor<32x64xf16>, %b: tensor<4x32x64xf16>, %c: tensor<32x64xf16>)
    -> (tensor<?x8x16xf16>, tensor<17xi32>, tensor<?x64xi32>) {
  %u = sparsity.prune %a : tensor<32x64xf16> to tensor<32x64xf16, #sparsity.block<8x16>>
  %v = sparsity.encode %b : tensor<4x32x64xf16> to tensor<4x32x64xf16, #sparsity.block<8x16>>
  %w = sparsity.encode %c : tensor<32x64xf16> to tensor<32x64xf16, #sparsity.unstructured>
  %x = sparsity.field %u "values" : tensor<32x64xf16, #sparsity.block<8x16>> to tensor<?x8x16xf16>
  %y = sparsity.field %v "positions" : tensor<4x32x64xf16, #sparsity.block<8x16>> to tensor<17xi32>
  %z = sparsity.field %w "offsets" : tensor<32x64xf16, #sparsity.unstructured> to tensor<?x64xi32>
  return %x, %y, %z : tensor<?x8x16xf16>, tensor<17xi32>, tensor<?x64xi32>
}

// -----

#w = #sparsity.n_of_m<2:4, axis = 1>

func.func @computed(%d: tensor<32x64xf16>) -> tensor<32x64xf16, #w> {
  %s = arith.addf %d, %d : tensor<32x64xf16>
  // expected-error @+1 {{expected a function argument to pack on the host, but got a value computed at run time, for a pattern bound at pack time}}
  %w = sparsity.encode %s : tensor<32x64xf16> to tensor<32x64xf16, #w>
  return %w : tensor<32x64xf16, #w>
}

// -----

#w = #sparsity.n_of_m<2:4, axis = 1>

func.func private @callee(%d: tensor<32x64xf16>) -> tensor<32x64xf16, #w> {
  // expected-error @+1 {{expected a public function, whose caller packs, but got the private @callee}}
  %w = sparsity.encode %d : tensor<32x64xf16> to tensor<32x64xf16, #w>
  return %w : tensor<32x64xf16, #w>
}

// -----

// A mask is stored nowhere, so no packer makes it.
func.func @mask(%d: tensor<32x32xf16>) -> tensor<32x32xf16, #sparsity.window<right = 0>> {
  // expected-error @+1 {{expected an encoding with a host packer, but got #sparsity.window<right = 0>}}
  %w = sparsity.encode %d : tensor<32x32xf16> to tensor<32x32xf16, #sparsity.window<right = 0>>
  return %w : tensor<32x32xf16, #sparsity.window<right = 0>>
}

// -----

#w = #sparsity.n_of_m<2:4, axis = 1>

func.func @dense_too(%d: tensor<32x64xf16>) -> (tensor<32x64xf16, #w>, tensor<32x64xf16>) {
  // expected-error @+1 {{expected every use of argument #0 to be the same packing, since the caller passes it packed}}
  %w = sparsity.encode %d : tensor<32x64xf16> to tensor<32x64xf16, #w>
  return %w, %d : tensor<32x64xf16, #w>, tensor<32x64xf16>
}

// -----

#w = #sparsity.n_of_m<2:4, axis = 1>
#v = #sparsity.n_of_m<1:2, axis = 1>

func.func @two_types(%d: tensor<32x64xf16>) -> (tensor<32x64xf16, #w>, tensor<32x64xf16, #v>) {
  // expected-error @+1 {{expected every use of argument #0 to be the same packing, since the caller passes it packed}}
  %w = sparsity.encode %d : tensor<32x64xf16> to tensor<32x64xf16, #w>
  %v = sparsity.encode %d : tensor<32x64xf16> to tensor<32x64xf16, #v>
  return %w, %v : tensor<32x64xf16, #w>, tensor<32x64xf16, #v>
}

// -----

#w = #sparsity.n_of_m<2:4, axis = 1>

func.func @two_ways(%d: tensor<32x64xf16>) -> (tensor<32x64xf16, #w>, tensor<32x64xf16, #w>) {
  // expected-error @+1 {{expected every use of argument #0 to be the same packing, since the caller passes it packed}}
  %w = sparsity.encode %d : tensor<32x64xf16> to tensor<32x64xf16, #w>
  %v = sparsity.prune %d : tensor<32x64xf16> to tensor<32x64xf16, #w>
  return %w, %v : tensor<32x64xf16, #w>, tensor<32x64xf16, #w>
}
