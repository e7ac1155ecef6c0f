// Unions and intersections whose members have index fields: each field is an operand, in
// the order of the members.

// RUN: rm -rf %t && mkdir %t
// RUN: python3 %S/Inputs/write_npy.py %t/positions.npy i4 6 0 1 3 4 5 5
// RUN: python3 %S/Inputs/write_npy.py %t/coordinates.npy i4 5 2 0 1 0 2

// A block mask with a window: row blocks of 8, blocks of 16 keys.
// RUN: sparsity-run %s --device=cpu --entry=block_or_window --input=3:%t/positions.npy --input=4:%t/coordinates.npy --check --explain | FileCheck %s
// RUN: sparsity-run %s --device=cpu --entry=block_or_window --shape=4:7 --check | FileCheck %s --check-prefix=OK

// Packed documents or the first keys; documents and blocks at once.
// RUN: sparsity-run %s --device=cpu --entry=documents_or_prefix --check | FileCheck %s --check-prefix=OK
// RUN: sparsity-run %s --device=cpu --entry=documents_and_block --input=5:%t/positions.npy --input=6:%t/coordinates.npy --check | FileCheck %s --check-prefix=OK
// RUN: sparsity-run %s --device=cpu --entry=documents_or_block --input=5:%t/positions.npy --input=6:%t/coordinates.npy --check | FileCheck %s --check-prefix=OK

// An operand: its values are dense.
// RUN: sparsity-run %s --device=cpu --entry=operand --check | FileCheck %s --check-prefix=OK

// Of 5 tiles of 8 queries for each of 2 heads, each takes a step for its window and four
// take one for the blocks they list; all 40 keys are one step too, so nothing is saved.
// CHECK: explain: kernel 0 (line [[#]]): tiles 18 of 10 (180.0 %)
// CHECK: check: result 0: {{.*}}: ok
// OK: check: result 0: {{.*}}: ok

#block = #sparsity.block<8x16>
#block_or_window = #sparsity.any_of<[#block, #sparsity.window<left = 3, right = 0>]>
#documents_or_prefix = #sparsity.any_of<[#sparsity.segments, #sparsity.prefix<length = 2>]>
#documents_and_block = #sparsity.all_of<[#sparsity.segments, #block]>
#documents_or_block = #sparsity.any_of<[#sparsity.segments, #block]>

func.func @block_or_window(%q: tensor<2x40x16xf32>, %k: tensor<2x40x16xf32>, %v: tensor<2x40x16xf32>,
                           %positions: tensor<6xi32>, %coordinates: tensor<?xi32>) -> tensor<2x40x16xf32> {
  %o = sparsity.attention %q, %k, %v
      mask(#block_or_window, %positions, %coordinates : tensor<6xi32>, tensor<?xi32>)
      : (tensor<2x40x16xf32>, tensor<2x40x16xf32>, tensor<2x40x16xf32>) -> tensor<2x40x16xf32>
  return %o : tensor<2x40x16xf32>
}

func.func @documents_or_prefix(%q: tensor<2x40x16xf32>, %k: tensor<2x40x16xf32>, %v: tensor<2x40x16xf32>,
                               %lo: tensor<40xi32>, %hi: tensor<40xi32>) -> tensor<2x40x16xf32> {
  %o = sparsity.attention %q, %k, %v
      mask(#documents_or_prefix, %lo, %hi : tensor<40xi32>, tensor<40xi32>)
      : (tensor<2x40x16xf32>, tensor<2x40x16xf32>, tensor<2x40x16xf32>) -> tensor<2x40x16xf32>
  return %o : tensor<2x40x16xf32>
}

func.func @documents_and_block(%q: tensor<2x40x16xf32>, %k: tensor<2x40x16xf32>, %v: tensor<2x40x16xf32>,
                               %lo: tensor<40xi32>, %hi: tensor<40xi32>,
                               %positions: tensor<6xi32>, %coordinates: tensor<?xi32>) -> tensor<2x40x16xf32> {
  %o = sparsity.attention %q, %k, %v
      mask(#documents_and_block, %lo, %hi, %positions, %coordinates
           : tensor<40xi32>, tensor<40xi32>, tensor<6xi32>, tensor<?xi32>)
      : (tensor<2x40x16xf32>, tensor<2x40x16xf32>, tensor<2x40x16xf32>) -> tensor<2x40x16xf32>
  return %o : tensor<2x40x16xf32>
}

func.func @documents_or_block(%q: tensor<2x40x16xf32>, %k: tensor<2x40x16xf32>, %v: tensor<2x40x16xf32>,
                              %lo: tensor<40xi32>, %hi: tensor<40xi32>,
                              %positions: tensor<6xi32>, %coordinates: tensor<?xi32>) -> tensor<2x40x16xf32> {
  %o = sparsity.attention %q, %k, %v
      mask(#documents_or_block, %lo, %hi, %positions, %coordinates
           : tensor<40xi32>, tensor<40xi32>, tensor<6xi32>, tensor<?xi32>)
      : (tensor<2x40x16xf32>, tensor<2x40x16xf32>, tensor<2x40x16xf32>) -> tensor<2x40x16xf32>
  return %o : tensor<2x40x16xf32>
}

func.func @operand(%p: tensor<40x40xf32, #documents_or_prefix>, %v: tensor<24x40xf32>) -> tensor<40x24xf32> {
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<40x24xf32>
  %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<40x24xf32>) -> tensor<40x24xf32>
  %y = linalg.matmul
      indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>,
                       affine_map<(m, n, k) -> (m, n)>]
      ins(%p, %v : tensor<40x40xf32, #documents_or_prefix>, tensor<24x40xf32>)
      outs(%init : tensor<40x24xf32>) -> tensor<40x24xf32>
  return %y : tensor<40x24xf32>
}
