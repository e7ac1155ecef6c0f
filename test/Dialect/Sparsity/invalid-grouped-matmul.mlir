// RUN: sparsity-opt %s -split-input-file -verify-diagnostics

// grouped_matmul_c1
func.func @dense_list(%x: tensor<4x16xf32>, %w: tensor<8x32x16xf32>, %g: tensor<4x8xf32>, %i: tensor<8x32xf32>) {
  // expected-error @+1 {{expected a list of rows by column, but got 'tensor<4x8xf32>'}}
  sparsity.grouped_matmul %x, %w by %g outs(%i) rhs_map affine_map<(g, f, k) -> (g, f, k)>
      : tensor<4x16xf32>, tensor<8x32x16xf32>, tensor<4x8xf32> -> tensor<8x32xf32>
  return
}

// -----

// A list of columns by row is the other way round: grouped_matmul_c1.
func.func @row_lists(%x: tensor<4x16xf32>, %w: tensor<8x32x16xf32>, %g: tensor<4x8xf32, #sparsity.activation<relu>>,
                     %i: tensor<8x32xf32>) {
  // expected-error @+1 {{expected a list of rows by column, but got 'tensor<4x8xf32, #sparsity.activation<relu>>'}}
  sparsity.grouped_matmul %x, %w by %g outs(%i) rhs_map affine_map<(g, f, k) -> (g, f, k)>
      : tensor<4x16xf32>, tensor<8x32x16xf32>, tensor<4x8xf32, #sparsity.activation<relu>> -> tensor<8x32xf32>
  return
}

// -----

// grouped_matmul_c2
#gate = #sparsity.gate<top_k = 2>
func.func @rank(%x: tensor<4x16xf32>, %w: tensor<32x16xf32>, %g: tensor<4x8xf32, #gate>, %i: tensor<8x32xf32>) {
  // expected-error @+1 {{expected operands of rank 2 and 3 and a result of rank 2, but got 'tensor<4x16xf32>', 'tensor<32x16xf32>' and 'tensor<8x32xf32>'}}
  sparsity.grouped_matmul %x, %w by %g outs(%i) rhs_map affine_map<(g, f, k) -> (g, f, k)>
      : tensor<4x16xf32>, tensor<32x16xf32>, tensor<4x8xf32, #gate> -> tensor<8x32xf32>
  return
}

// -----

// grouped_matmul_c3
#gate = #sparsity.gate<top_k = 2>
func.func @map(%x: tensor<4x16xf32>, %w: tensor<8x32x16xf32>, %g: tensor<4x8xf32, #gate>, %i: tensor<8x32xf32>) {
  // expected-error @+1 {{expected a permutation of (g, f, k), but got affine_map<(d0, d1, d2) -> (d0, d1, d1)>}}
  sparsity.grouped_matmul %x, %w by %g outs(%i) rhs_map affine_map<(g, f, k) -> (g, f, f)>
      : tensor<4x16xf32>, tensor<8x32x16xf32>, tensor<4x8xf32, #gate> -> tensor<8x32xf32>
  return
}

// -----

// grouped_matmul_c3
#gate = #sparsity.gate<top_k = 2>
func.func @map_rank(%x: tensor<4x16xf32>, %w: tensor<8x32x16xf32>, %g: tensor<4x8xf32, #gate>, %i: tensor<8x32xf32>) {
  // expected-error @+1 {{expected a permutation of (g, f, k), but got affine_map<(d0, d1) -> (d0, d1)>}}
  sparsity.grouped_matmul %x, %w by %g outs(%i) rhs_map affine_map<(g, f) -> (g, f)>
      : tensor<4x16xf32>, tensor<8x32x16xf32>, tensor<4x8xf32, #gate> -> tensor<8x32xf32>
  return
}

// -----

// grouped_matmul_c4: the reduction.
#gate = #sparsity.gate<top_k = 2>
func.func @reduction(%x: tensor<4x16xf32>, %w: tensor<8x16x32xf32>, %g: tensor<4x8xf32, #gate>, %i: tensor<8x16xf32>) {
  // expected-error @+1 {{expected extents that agree, but got 'tensor<4x16xf32>', 'tensor<8x16x32xf32>', 'tensor<4x8xf32, #sparsity.gate<top_k = 2>>' and 'tensor<8x16xf32>'}}
  sparsity.grouped_matmul %x, %w by %g outs(%i) rhs_map affine_map<(g, f, k) -> (g, f, k)>
      : tensor<4x16xf32>, tensor<8x16x32xf32>, tensor<4x8xf32, #gate> -> tensor<8x16xf32>
  return
}

// -----

// grouped_matmul_c4: the columns of the result.
#gate = #sparsity.gate<top_k = 2>
func.func @columns(%x: tensor<?x16xf32>, %w: tensor<8x32x16xf32>, %g: tensor<?x8xf32, #gate>, %i: tensor<?x33xf32>) {
  // expected-error @+1 {{expected extents that agree}}
  sparsity.grouped_matmul %x, %w by %g outs(%i) rhs_map affine_map<(g, f, k) -> (g, f, k)>
      : tensor<?x16xf32>, tensor<8x32x16xf32>, tensor<?x8xf32, #gate> -> tensor<?x33xf32>
  return
}

// -----

// grouped_matmul_c4: a matrix for each group.
#gate = #sparsity.gate<top_k = 2>
func.func @groups(%x: tensor<?x16xf32>, %w: tensor<7x32x16xf32>, %g: tensor<?x8xf32, #gate>, %i: tensor<?x32xf32>) {
  // expected-error @+1 {{expected extents that agree}}
  sparsity.grouped_matmul %x, %w by %g outs(%i) rhs_map affine_map<(g, f, k) -> (g, f, k)>
      : tensor<?x16xf32>, tensor<7x32x16xf32>, tensor<?x8xf32, #gate> -> tensor<?x32xf32>
  return
}

// -----

// grouped_matmul_c4: the rows that the list names, unless rows are by entry.
#gate = #sparsity.gate<top_k = 2>
func.func @rows(%x: tensor<5x16xf32>, %w: tensor<8x32x16xf32>, %g: tensor<4x8xf32, #gate>, %i: tensor<8x32xf32>) {
  // expected-error @+1 {{expected extents that agree}}
  sparsity.grouped_matmul %x, %w by %g outs(%i) rhs_map affine_map<(g, f, k) -> (g, f, k)>
      : tensor<5x16xf32>, tensor<8x32x16xf32>, tensor<4x8xf32, #gate> -> tensor<8x32xf32>
  return
}
