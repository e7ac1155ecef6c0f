// Index fields of an attention mask that are arguments: checked before anything else.

// RUN: rm -rf %t && mkdir %t
// RUN: python3 %S/Inputs/write_npy.py %t/positions.npy i4 6 0 1 3 4 5 5
// RUN: python3 %S/Inputs/write_npy.py %t/twice.npy i4 5 0 2 2 0 1
// RUN: not sparsity-run %s --device=cpu --input=3:%t/positions.npy --input=4:%t/twice.npy 2>&1 | FileCheck %s --check-prefix=TWICE
// TWICE: error: argument 3 (positions of a mask): expected ascending coordinates in a group, but got 2 after 2 at coordinates[2] of group 1
// RUN: python3 %S/Inputs/write_npy.py %t/beyond.npy i4 5 0 2 3 0 1
// RUN: not sparsity-run %s --device=cpu --input=3:%t/positions.npy --input=4:%t/beyond.npy 2>&1 | FileCheck %s --check-prefix=BEYOND
// BEYOND: error: argument 3 (positions of a mask): expected coordinates below 3, but got 3 at coordinates[2] of group 1
// RUN: not sparsity-run %s --device=cpu --input=3:%t/positions.npy --shape=4:5 2>&1 | FileCheck %s --check-prefix=BOTH
// BOTH: error: argument 4 (coordinates of a mask): expected a file beside the mask's other fields, but got none
// RUN: not sparsity-run %s --device=cpu --shape=4:16 2>&1 | FileCheck %s --check-prefix=ROOM
// ROOM: error: argument 4 (coordinates of a mask): expected at most 15 entries, but got 16

func.func @main(%q: tensor<2x40x16xf32>, %k: tensor<2x40x16xf32>, %v: tensor<2x40x16xf32>,
                %positions: tensor<6xi32>, %coordinates: tensor<?xi32>) -> tensor<2x40x16xf32> {
  %o = sparsity.attention %q, %k, %v
      mask(#sparsity.block<8x16>, %positions, %coordinates : tensor<6xi32>, tensor<?xi32>)
      : (tensor<2x40x16xf32>, tensor<2x40x16xf32>, tensor<2x40x16xf32>) -> tensor<2x40x16xf32>
  return %o : tensor<2x40x16xf32>
}
