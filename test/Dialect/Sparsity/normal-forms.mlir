// RUN: sparsity-opt %s | sparsity-opt | FileCheck %s
// RUN: sparsity-opt %s -mlir-print-op-generic | sparsity-opt | FileCheck %s

// CHECK-LABEL: func.func private @coverage
// CHECK-SAME: a = #sparsity.coverage<all>
// CHECK-SAME: b = #sparsity.coverage<unknown>
// CHECK-SAME: c = #sparsity.coverage<band<rows = 1, cols = 2, lo = 1 * row + -4096, hi = inf>>
// CHECK-SAME: d = #sparsity.coverage<band<rows = 0, cols = 1, lo = -inf, hi = 0 * row + 3>>
// CHECK-SAME: e = #sparsity.coverage<band<rows = 0, cols = 1, lo = "lo", hi = -1 * row + 7>>
// CHECK-SAME: f = #sparsity.coverage<listed<groups = 0 by 64, entries = 1 by 32, positions = "positions", coordinates = "coordinates">>
// CHECK-SAME: g = #sparsity.coverage<periodic<dim = 1, period = 512, offset = 3, length = 1>>
// CHECK-SAME: h = #sparsity.coverage<all_of<[band<rows = 0, cols = 1, lo = -inf, hi = 1 * row + 0>, any_of<[unknown, periodic<dim = 1, period = 8, offset = 0, length = 2>]>]>>
// CHECK-SAME: i = #sparsity.coverage<any_of<[]>>
// A single member stands for itself, and equal members count once.
// CHECK-SAME: j = #sparsity.coverage<periodic<dim = 1, period = 8, offset = 0, length = 1>>
// CHECK-SAME: k = #sparsity.coverage<listed<batches = 0 of 4, groups = 1 by 64, entries = 2 by 32, positions = "positions", coordinates = "coordinates">>
func.func private @coverage() attributes {
  a = #sparsity.coverage<all>,
  b = #sparsity.coverage<unknown>,
  c = #sparsity.coverage<band<rows = 1, cols = 2, lo = 1 * row + -4096, hi = inf>>,
  d = #sparsity.coverage<band<rows = 0, cols = 1, lo = -inf, hi = 0 * row + 3>>,
  e = #sparsity.coverage<band<rows = 0, cols = 1, lo = "lo", hi = -1 * row + 7>>,
  f = #sparsity.coverage<listed<groups = 0 by 64, entries = 1 by 32, positions = "positions", coordinates = "coordinates">>,
  g = #sparsity.coverage<periodic<dim = 1, period = 512, offset = 3, length = 1>>,
  h = #sparsity.coverage<all_of<[band<rows = 0, cols = 1, lo = -inf, hi = 1 * row + 0>, any_of<[unknown, periodic<dim = 1, period = 8, offset = 0, length = 2>]>]>>,
  i = #sparsity.coverage<any_of<[]>>,
  j = #sparsity.coverage<all_of<[periodic<dim = 1, period = 8, offset = 0, length = 1>, all, periodic<dim = 1, period = 8, offset = 0, length = 1>]>>,
  k = #sparsity.coverage<listed<batches = 0 of 4, groups = 1 by 64, entries = 2 by 32, positions = "positions", coordinates = "coordinates">>
}

// CHECK-LABEL: func.func private @format
// CHECK-SAME: a = #sparsity.format<dense>
// CHECK-SAME: b = #sparsity.format<n_of_m<2:4, axis = 1>>
// CHECK-SAME: c = #sparsity.format<n_of_m<1:2, axis = 0>, layout = core_matrix>
// CHECK-SAME: d = #sparsity.format<bitmap>
// CHECK-SAME: e = #sparsity.format<bitmap<64x32>>
func.func private @format() attributes {
  a = #sparsity.format<dense>,
  b = #sparsity.format<n_of_m<2:4, axis = 1>, layout = row_major>,
  c = #sparsity.format<n_of_m<1:2, axis = 0>, layout = core_matrix>,
  d = #sparsity.format<bitmap>,
  e = #sparsity.format<bitmap<64x32>>
}

// CHECK-LABEL: func.func private @target
// CHECK-SAME: a = #sparsity.target<"cpu">, b = #sparsity.target<"sm_80">, c = #sparsity.target<"sm_90a">
func.func private @target() attributes {
  a = #sparsity.target<"cpu">,
  b = #sparsity.target<"sm_80">,
  c = #sparsity.target<"sm_90a">
}
