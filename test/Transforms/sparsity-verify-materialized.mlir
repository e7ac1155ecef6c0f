// RUN: sparsity-opt %s --sparsity-verify-materialized -split-input-file -verify-diagnostics

// Buffers and dense tensors pass.
func.func @dense(%x: tensor<8x8xf16>, %m: memref<8xf16>) -> tensor<8x8xf16> {
  return %x : tensor<8x8xf16>
}

// -----

#w = #sparsity.n_of_m<2:4, axis = 1>

// expected-error @+1 {{'func.func' op expected no encoded tensor after storage was materialized, but got 'tensor<8x8xf16, #sparsity.n_of_m<2:4, axis = 1>>'}}
func.func @argument(%w: tensor<8x8xf16, #w>) {
  return
}

// -----

#w = #sparsity.n_of_m<2:4, axis = 1>

// A declaration has no body to find it in.
// expected-error @+1 {{expected no encoded tensor after storage was materialized}}
func.func private @declaration() -> tensor<8x8xf16, #w>

// -----

// Bufferization drops encodings of other dialects as silently.
// expected-error @+1 {{expected no encoded tensor after storage was materialized, but got 'tensor<8xf32, "other">'}}
func.func @foreign(%x: tensor<8xf32, "other">) {
  return
}

// -----

#w = #sparsity.n_of_m<2:4, axis = 1>

func.func @body(%v: tensor<8x4xf16>, %m: tensor<8x1xi8>) {
  // expected-error @+1 {{'sparsity.assemble' op expected no encoded tensor after storage was materialized}}
  %w = sparsity.assemble %v, %m : tensor<8x4xf16>, tensor<8x1xi8> to tensor<8x8xf16, #w>
  return
}
