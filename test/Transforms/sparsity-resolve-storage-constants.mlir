// A constant weight is packed at compile time, in the layout its instruction reads;
// constant storage given by the program is checked.

// RUN: sparsity-opt %s --split-input-file --verify-diagnostics \
// RUN:   --pass-pipeline="builtin.module(sparsity-select-config{target=sm_80},sparsity-resolve-storage{target=sm_80})" | FileCheck %s

!W = tensor<8x4xf16, #sparsity.n_of_m<2:4, axis = 1>>

// CHECK-LABEL: @encode
// CHECK: %[[V:.*]] = arith.constant dense<{{.*}}> : tensor<1x1x64x32xf16>
// CHECK: %[[M:.*]] = arith.constant dense<{{.*}}> : tensor<1x1x128xi32>
// CHECK: sparsity.assemble %[[V]], %[[M]] : {{.*}} to tensor<8x4xf16, #sparsity.n_of_m<2:4, axis = 1, layout = core_matrix>>
// CHECK-NOT: sparsity.encode
func.func @encode(%x: tensor<3x4xf16>, %init: tensor<3x8xf32>) -> tensor<3x8xf32> {
  %d = arith.constant dense<[1.0, 0.0, 0.0, -2.0]> : tensor<4xf16>
  %c = arith.constant dense<[[1.0, 0.0, 0.0, -2.0], [0.0, 3.0, 4.0, 0.0], [0.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 5.0],
                             [1.0, 0.0, 0.0, -2.0], [0.0, 3.0, 4.0, 0.0], [0.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 5.0]]> : tensor<8x4xf16>
  %w = sparsity.encode %c : tensor<8x4xf16> to !W
  %y = linalg.matmul
      indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>]
      ins(%x, %w : tensor<3x4xf16>, !W) outs(%init : tensor<3x8xf32>) -> tensor<3x8xf32>
  return %y : tensor<3x8xf32>
}

// -----

// A splat is written out, and pruned to its lowest positions.

// CHECK-LABEL: @prune
// CHECK: arith.constant dense<1.000000e+00> : tensor<1x4xf32>
// CHECK: arith.constant dense<68> : tensor<1x1xi8>
func.func @prune() -> tensor<1x4xf32> {
  %c = arith.constant dense<1.0> : tensor<1x8xf32>
  %w = sparsity.prune %c : tensor<1x8xf32> to tensor<1x8xf32, #sparsity.n_of_m<2:4, axis = 1>>
  %v = sparsity.field %w "values" : tensor<1x8xf32, #sparsity.n_of_m<2:4, axis = 1>> to tensor<1x4xf32>
  return %v : tensor<1x4xf32>
}

// -----

func.func @not_two_of_four() -> tensor<1x2xf32> {
  %c = arith.constant dense<[[1.0, 2.0, 3.0, 0.0]]> : tensor<1x4xf32>
  // expected-error @below {{expected at most 2 non-zero elements in each group of 4 along axis 1, but got 3}}
  %w = sparsity.encode %c : tensor<1x4xf32> to tensor<1x4xf32, #sparsity.n_of_m<2:4, axis = 1>>
  %v = sparsity.field %w "values" : tensor<1x4xf32, #sparsity.n_of_m<2:4, axis = 1>> to tensor<1x2xf32>
  return %v : tensor<1x2xf32>
}

// -----

func.func @duplicate_positions() -> tensor<1x2xf32> {
  %c = arith.constant dense<[[1.0, 2.0]]> : tensor<1x2xf32>
  %m = arith.constant dense<[[5]]> : tensor<1x1xi8>
  // expected-error @below {{expected}}
  %w = sparsity.assemble %c, %m : tensor<1x2xf32>, tensor<1x1xi8> to tensor<1x4xf32, #sparsity.n_of_m<2:4, axis = 1>>
  %v = sparsity.field %w "values" : tensor<1x4xf32, #sparsity.n_of_m<2:4, axis = 1>> to tensor<1x2xf32>
  return %v : tensor<1x2xf32>
}

// -----

// Stored densely: what the pattern lacks is +0.

// CHECK-LABEL: @stored_dense
// CHECK: arith.constant dense<{{\[\[}}1.000000e+00, -0.000000e+00, 0.000000e+00, 0.000000e+00]]> : tensor<1x4xf32>
func.func @stored_dense() -> tensor<1x4xf32> {
  %c = arith.constant dense<[[1.0, -0.0, -0.0, 0.0]]> : tensor<1x4xf32>
  %w = sparsity.encode %c : tensor<1x4xf32> to tensor<1x4xf32, #sparsity.stored_dense<#sparsity.block<1x2>>>
  %v = sparsity.field %w "values" : tensor<1x4xf32, #sparsity.stored_dense<#sparsity.block<1x2>>> to tensor<1x4xf32>
  return %v : tensor<1x4xf32>
}

// -----

func.func @stored_dense_misfit() -> tensor<1x4xf32> {
  %c = arith.constant dense<[[1.0, 2.0, 3.0, 0.0]]> : tensor<1x4xf32>
  // expected-error @below {{expected at most 2 non-zero elements in each group of 4 along axis 1, but got 3}}
  %w = sparsity.encode %c : tensor<1x4xf32> to tensor<1x4xf32, #sparsity.stored_dense<#sparsity.n_of_m<2:4, axis = 1>>>
  %v = sparsity.field %w "values" : tensor<1x4xf32, #sparsity.stored_dense<#sparsity.n_of_m<2:4, axis = 1>>> to tensor<1x4xf32>
  return %v : tensor<1x4xf32>
}

// -----

// stored_dense_c3
func.func @stored_dense_assembled() -> tensor<1x4xf32> {
  %c = arith.constant dense<[[1.0, 2.0, 3.0, 0.0]]> : tensor<1x4xf32>
  // expected-error @below {{expected at most 2 non-zero elements in each group of 4 along axis 1, but got 3}}
  %w = sparsity.assemble %c : tensor<1x4xf32> to tensor<1x4xf32, #sparsity.stored_dense<#sparsity.n_of_m<2:4, axis = 1>>>
  %d = sparsity.decode %w : tensor<1x4xf32, #sparsity.stored_dense<#sparsity.n_of_m<2:4, axis = 1>>> to tensor<1x4xf32>
  return %d : tensor<1x4xf32>
}

// -----

// Blocks are pruned one by one, and stored with their neighbours.

// CHECK-LABEL: @merged
// CHECK: arith.constant dense<{{\[\[\[}}0.000000e+00, 0.000000e+00, 3.000000e+00, 4.000000e+00]]]> : tensor<1x1x4xf32>
func.func @merged() -> tensor<?x1x4xf32> {
  %c = arith.constant dense<[[1.0, 2.0, 3.0, 4.0]]> : tensor<1x4xf32>
  %w = sparsity.prune %c : tensor<1x4xf32> to tensor<1x4xf32, #sparsity.block<1x2, merged = 1x4>>
  %v = sparsity.field %w "values" : tensor<1x4xf32, #sparsity.block<1x2, merged = 1x4>> to tensor<?x1x4xf32>
  return %v : tensor<?x1x4xf32>
}
