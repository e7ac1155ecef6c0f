// RUN: sparsity-opt %s -split-input-file -verify-diagnostics

// density_c1
// expected-error @+1 {{expected a density in (0, 1] of type f64, but got 0.000000e+00 : f64 on argument #1}}
func.func private @f(tensor<64x64xf16>, tensor<64x64xf16, #sparsity.block<16x16>> {sparsity.density = 0.0 : f64})

// -----

// density_c1
// expected-error @+1 {{expected a density in (0, 1] of type f64, but got 1.500000e+00 : f64 on argument #0}}
func.func @f(%w: tensor<64x64xf16, #sparsity.block<16x16>> {sparsity.density = 1.5 : f64}) {
  return
}

// -----

// density_c1
// expected-error @+1 {{expected a density in (0, 1] of type f64, but got 0x7FF8000000000000 : f64 on argument #0}}
func.func private @f(tensor<64x64xf16, #sparsity.block<16x16>> {sparsity.density = 0x7FF8000000000000 : f64})

// -----

// density_c1
// expected-error @+1 {{expected a density in (0, 1] of type f64, but got 5.000000e-01 : f32 on argument #0}}
func.func private @f(tensor<64x64xf16, #sparsity.block<16x16>> {sparsity.density = 0.5 : f32})

// -----

// density_c1
// expected-error @+1 {{expected a density in (0, 1] of type f64, but got "half" on argument #0}}
func.func private @f(tensor<64x64xf16, #sparsity.block<16x16>> {sparsity.density = "half"})

// -----

// density_c2
// expected-error @+1 {{expected a density of an argument that is stored as a packed list, but got one of argument #0 of type 'tensor<64x64xf16>'}}
func.func private @f(tensor<64x64xf16> {sparsity.density = 0.5 : f64})

// -----

// density_c2
// expected-error @+1 {{expected a density of an argument that is stored as a packed list, but got one of argument #0 of type 'tensor<64x64xf16, #sparsity.n_of_m<2:4, axis = 1>>'}}
func.func private @f(tensor<64x64xf16, #sparsity.n_of_m<2:4, axis = 1>> {sparsity.density = 0.5 : f64})

// -----

// Lists that are made at run time have as many entries as they have.
// density_c2
// expected-error @+1 {{expected a density of an argument that is stored as a packed list, but got one of argument #0 of type 'tensor<64x8xf32, #sparsity.gate<top_k = 2>>'}}
func.func private @f(tensor<64x8xf32, #sparsity.gate<top_k = 2>> {sparsity.density = 0.5 : f64})

// -----

// density_c3
// expected-error @+1 {{expected sparsity.density on a function argument, but got it on the op}}
func.func private @f(tensor<64x64xf16, #sparsity.block<16x16>>) attributes {sparsity.density = 0.5 : f64}
