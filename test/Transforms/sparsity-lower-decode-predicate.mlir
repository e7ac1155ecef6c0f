// An encoding with an element predicate and nothing else.

// RUN: sparsity-test-opt %s --sparsity-lower-decode --canonicalize --cse -split-input-file -verify-diagnostics | FileCheck %s

// CHECK-LABEL: func.func @board
// CHECK: %[[V:.*]] = sparsity.field %{{.*}} "values"
// CHECK: linalg.generic {{.*}} ins(%[[V]] : tensor<?x20xf32>)
// CHECK: ^bb0(%[[X:.*]]: f32, %{{.*}}: f32):
// CHECK: %[[HERE:.*]] = arith.cmpi eq
// CHECK: %[[Y:.*]] = arith.select %[[HERE]], %[[X]], %cst
// CHECK: linalg.yield %[[Y]]
func.func @board(%w: tensor<?x20xf32, #test.checkerboard<8>>) -> tensor<?x20xf32> {
  %d = sparsity.decode %w : tensor<?x20xf32, #test.checkerboard<8>> to tensor<?x20xf32>
  return %d : tensor<?x20xf32>
}

// -----

// decode_c5: the members have no predicate together.
#both = #sparsity.all_of<[#test.checkerboard<8>, #sparsity.n_of_m<2:4, axis = 1>]>
func.func @unknown(%w: tensor<16x20xf32, #both>) -> tensor<16x20xf32> {
  // expected-error @+1 {{'sparsity.decode' op expected a source with an encoding whose elements the compiler can find, but got #sparsity.all_of<[#test.checkerboard<8>, #sparsity.n_of_m<2:4, axis = 1>]>; sparsity-densify runs it densely}}
  %d = sparsity.decode %w : tensor<16x20xf32, #both> to tensor<16x20xf32>
  return %d : tensor<16x20xf32>
}
