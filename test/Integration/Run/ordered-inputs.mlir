// A list of blocks with an order of its rows as an argument: random, and from files of its fields.
// The CPU takes the rows as they come, so that any order gives the same result.

// RUN: sparsity-run %s --device=cpu --check --check-inputs --density=1:0.5 | FileCheck %s
// CHECK: check: result 0: {{.*}}: ok

// RUN: rm -rf %t && mkdir %t
// RUN: python3 %S/Inputs/write_npy.py %t/x.npy f4 2x12 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24
// RUN: python3 %S/Inputs/write_npy.py %t/positions.npy i4 4 0 1 3 4
// RUN: python3 %S/Inputs/write_npy.py %t/coordinates.npy i4 4 0 0 2 1
// RUN: python3 %S/Inputs/write_npy.py %t/values.npy f4 4x4x4 1 2 -3 4 5 -6 7 8 -9 10 11 -12 13 14 -15 16 17 -18 19 20 -21 22 23 -24 25 26 -27 28 29 -30 31 32 -33 34 35 -36 37 38 -39 40 41 -42 43 44 -45 46 47 -48 49 50 -51 52 53 -54 55 56 -57 58 59 -60 61 62 -63 64

// Two orders, and the same list without one.
// DEFINE: %{fields} = --input=0:%t/x.npy --input=1.positions:%t/positions.npy --input=1.coordinates:%t/coordinates.npy --input=1.values:%t/values.npy
// RUN: python3 %S/Inputs/write_npy.py %t/longest.npy i4 3 1 0 2
// RUN: python3 %S/Inputs/write_npy.py %t/last.npy i4 3 2 1 0
// RUN: sparsity-run %s --device=cpu --check --check-inputs %{fields} --input=1.order:%t/longest.npy --output=0:%t/y-longest.npy | FileCheck %s
// RUN: sparsity-run %s --device=cpu --check --check-inputs %{fields} --input=1.order:%t/last.npy --output=0:%t/y-last.npy | FileCheck %s
// RUN: sparsity-run %s --device=cpu --entry=list --check --check-inputs %{fields} --output=0:%t/y-list.npy | FileCheck %s
// RUN: cmp %t/y-longest.npy %t/y-list.npy
// RUN: cmp %t/y-last.npy %t/y-list.npy

// Where the order breaks: checked with the values, and without them too.
// RUN: python3 %S/Inputs/write_npy.py %t/twice.npy i4 3 1 0 1
// RUN: not sparsity-run %s --device=cpu --check-inputs %{fields} --input=1.order:%t/twice.npy 2>&1 | FileCheck %s --check-prefix=TWICE
// RUN: not sparsity-run %s --device=cpu %{fields} --input=1.order:%t/twice.npy 2>&1 | FileCheck %s --check-prefix=TWICE
// TWICE: error: argument 1: expected order to be a permutation of 0..2, but got 1 twice at order[2]
// RUN: python3 %S/Inputs/write_npy.py %t/beyond.npy i4 3 0 3 1
// RUN: not sparsity-run %s --device=cpu --check-inputs %{fields} --input=1.order:%t/beyond.npy 2>&1 | FileCheck %s --check-prefix=BEYOND
// BEYOND: error: argument 1: expected order to be a permutation of 0..2, but got 3 at order[1]
// RUN: python3 %S/Inputs/write_npy.py %t/negative.npy i4 3 -1 0 1
// RUN: not sparsity-run %s --device=cpu --check-inputs %{fields} --input=1.order:%t/negative.npy 2>&1 | FileCheck %s --check-prefix=NEGATIVE
// NEGATIVE: error: argument 1: expected order to be a permutation of 0..2, but got -1 at order[0]
// RUN: python3 %S/Inputs/write_npy.py %t/short.npy i4 2 1 0
// RUN: not sparsity-run %s --device=cpu %{fields} --input=1.order:%t/short.npy 2>&1 | FileCheck %s --check-prefix=SHORT
// SHORT: error: expected input 1.order of shape 3, but got 2

// An order belongs to the other fields, and to a list that has one.
// RUN: not sparsity-run %s --device=cpu %{fields} 2>&1 | FileCheck %s --check-prefix=MISSING
// MISSING: error: expected --input=1.order:<file.npy> beside the other fields, but got none
// RUN: not sparsity-run %s --device=cpu --entry=list %{fields} --input=1.order:%t/last.npy 2>&1 | FileCheck %s --check-prefix=NAME
// NAME: error: expected a field among positions, coordinates, values of argument 1, but got order

#matmul = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>]
!X = tensor<2x12xf32>
!Ordered = tensor<12x12xf32, #sparsity.block<4x4, ordered>>
!List = tensor<12x12xf32, #sparsity.block<4x4>>

func.func @main(%x: !X, %w: !Ordered) -> !X {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : !X
  %f = linalg.fill ins(%zero : f32) outs(%e : !X) -> !X
  %y = linalg.matmul indexing_maps = #matmul ins(%x, %w : !X, !Ordered) outs(%f : !X) -> !X
  return %y : !X
}

func.func @list(%x: !X, %w: !List) -> !X {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : !X
  %f = linalg.fill ins(%zero : f32) outs(%e : !X) -> !X
  %y = linalg.matmul indexing_maps = #matmul ins(%x, %w : !X, !List) outs(%f : !X) -> !X
  return %y : !X
}
