// RUN: sparsity-opt %s -split-input-file -verify-diagnostics

// route_c1
func.func @f(%l: tensor<4x8xf32, #sparsity.window<right = 0>>) {
  // expected-error @+1 {{expected logits without an encoding, but got 'tensor<4x8xf32, #sparsity.window<right = 0>>'}}
  sparsity.route %l : tensor<4x8xf32, #sparsity.window<right = 0>> to tensor<4x8xf32, #sparsity.gate<top_k = 2>>
  return
}

// -----

// route_c2
func.func @f(%l: tensor<4x8xf32>) {
  // expected-error @+1 {{expected a result with a gate encoding, but got 'tensor<4x8xf32>'}}
  sparsity.route %l : tensor<4x8xf32> to tensor<4x8xf32>
  return
}

// -----

// route_c2
func.func @f(%l: tensor<4x8xf32>) {
  // expected-error @+1 {{expected a result with a gate encoding, but got 'tensor<4x8xf32, #sparsity.activation<relu>>'}}
  sparsity.route %l : tensor<4x8xf32> to tensor<4x8xf32, #sparsity.activation<relu>>
  return
}

// -----

// route_c3
func.func @f(%l: tensor<4x8xf32>) {
  // expected-error @+1 {{expected a result with the shape of the logits 'tensor<4x8xf32>', but got 'tensor<?x8xf32, #sparsity.gate<top_k = 2>>'}}
  sparsity.route %l : tensor<4x8xf32> to tensor<?x8xf32, #sparsity.gate<top_k = 2>>
  return
}

// -----

// route_c3
func.func @f(%l: tensor<8xf32>) {
  // expected-error @+1 {{expected a result with the shape of the logits 'tensor<8xf32>', but got 'tensor<4x8xf32, #sparsity.gate<top_k = 2>>'}}
  sparsity.route %l : tensor<8xf32> to tensor<4x8xf32, #sparsity.gate<top_k = 2>>
  return
}

// -----

// route_c4
func.func @f(%l: tensor<4x8xf64>) {
  // expected-error @+1 {{expected logits with an element type among f16, bf16, f32, but got 'f64'}}
  sparsity.route %l : tensor<4x8xf64> to tensor<4x8xf32, #sparsity.gate<top_k = 2>>
  return
}

// -----

// route_c5
func.func @f(%l: tensor<4x8xf32>, %b: tensor<9xf32>) {
  // expected-error @+1 {{expected a bias of type 'tensor<8xf32>', but got 'tensor<9xf32>'}}
  sparsity.route %l score(sigmoid) bias(%b : tensor<9xf32>) : tensor<4x8xf32> to tensor<4x8xf32, #sparsity.gate<top_k = 2>>
  return
}

// -----

// route_c6
func.func @f(%l: tensor<4x8xf32>, %b: tensor<8xf32>) {
  // expected-error @+1 {{expected score(sigmoid) with a bias, but got score(softmax)}}
  sparsity.route %l bias(%b : tensor<8xf32>) : tensor<4x8xf32> to tensor<4x8xf32, #sparsity.gate<top_k = 2>>
  return
}

// -----

// route_c7
func.func @f(%l: tensor<4x8xf32>) {
  // expected-error @+1 {{expected score(softmax) with order(after), but got score(sigmoid)}}
  sparsity.route %l score(sigmoid) order(after) : tensor<4x8xf32> to tensor<4x8xf32, #sparsity.gate<top_k = 2>>
  return
}

// -----

// route_c8
func.func @f(%l: tensor<4x8xf32>) {
  // expected-error @+1 {{expected a finite scale, but got +Inf}}
  sparsity.route %l scale(0x7F800000) : tensor<4x8xf32> to tensor<4x8xf32, #sparsity.gate<top_k = 2>>
  return
}

// -----

// Fewer experts than are chosen: gate_c4.
func.func @f(%l: tensor<4x8xf32>) {
  // expected-error @+1 {{expected top_k <= 8 experts, but got 9}}
  sparsity.route %l : tensor<4x8xf32> to tensor<4x8xf32, #sparsity.gate<top_k = 9>>
  return
}
