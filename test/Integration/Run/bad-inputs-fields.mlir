// Buffers that a caller holds already, and that break the rules of their encoding: each is
// refused by name, field and place, before anything reads through them.

// RUN: rm -rf %t && mkdir %t
// RUN: python3 %S/Inputs/write_npy.py %t/values.npy f4 3x4x4 1
// RUN: python3 %S/Inputs/write_npy.py %t/positions.npy i4 3 0 2 3
// RUN: python3 %S/Inputs/write_npy.py %t/coordinates.npy i4 3 0 2 1

// The buffers as they should be.
// RUN: sparsity-run %s --device=cpu --input=1.positions:%t/positions.npy --input=1.coordinates:%t/coordinates.npy --input=1.values:%t/values.npy --check | FileCheck %s --check-prefix=OK
// OK: check: result 0: {{.*}}: ok

// RUN: python3 %S/Inputs/write_npy.py %t/falling.npy i4 3 0 4 3
// RUN: not sparsity-run %s --device=cpu --input=1.positions:%t/falling.npy --input=1.coordinates:%t/coordinates.npy --input=1.values:%t/values.npy 2>&1 | FileCheck %s --check-prefix=FALLING
// FALLING: error: argument 1: expected ascending positions in 0..3, but got 4 after 0 at positions[1]

// RUN: python3 %S/Inputs/write_npy.py %t/late.npy i4 3 1 2 3
// RUN: not sparsity-run %s --device=cpu --input=1.positions:%t/late.npy --input=1.coordinates:%t/coordinates.npy --input=1.values:%t/values.npy 2>&1 | FileCheck %s --check-prefix=LATE
// LATE: error: argument 1: expected positions that begin at 0, but got 1 at positions[0]

// RUN: python3 %S/Inputs/write_npy.py %t/short.npy i4 3 0 1 2
// RUN: not sparsity-run %s --device=cpu --input=1.positions:%t/short.npy --input=1.coordinates:%t/coordinates.npy --input=1.values:%t/values.npy 2>&1 | FileCheck %s --check-prefix=SHORT
// SHORT: error: argument 1: expected positions that end at the 3 coordinates, but got 2 at positions[2]

// RUN: python3 %S/Inputs/write_npy.py %t/unsorted.npy i4 3 2 0 1
// RUN: not sparsity-run %s --device=cpu --input=1.positions:%t/positions.npy --input=1.coordinates:%t/unsorted.npy --input=1.values:%t/values.npy 2>&1 | FileCheck %s --check-prefix=UNSORTED
// UNSORTED: error: argument 1: expected ascending coordinates in a group, but got 0 after 2 at coordinates[1]

// RUN: python3 %S/Inputs/write_npy.py %t/twice.npy i4 3 1 1 0
// RUN: not sparsity-run %s --device=cpu --input=1.positions:%t/positions.npy --input=1.coordinates:%t/twice.npy --input=1.values:%t/values.npy 2>&1 | FileCheck %s --check-prefix=OVERLAP
// OVERLAP: error: argument 1: expected ascending coordinates in a group, but got 1 after 1 at coordinates[1]

// RUN: python3 %S/Inputs/write_npy.py %t/beyond.npy i4 3 0 3 1
// RUN: not sparsity-run %s --device=cpu --input=1.positions:%t/positions.npy --input=1.coordinates:%t/beyond.npy --input=1.values:%t/values.npy 2>&1 | FileCheck %s --check-prefix=BEYOND
// BEYOND: error: argument 1: expected coordinates below 3, but got 3 at coordinates[1]

// RUN: python3 %S/Inputs/write_npy.py %t/negative.npy i4 3 -1 2 1
// RUN: not sparsity-run %s --device=cpu --input=1.positions:%t/positions.npy --input=1.coordinates:%t/negative.npy --input=1.values:%t/values.npy 2>&1 | FileCheck %s --check-prefix=BELOW
// BELOW: error: argument 1: expected coordinates {{.*}}, but got -1 at coordinates[0]

// A gate in which a token points beyond its experts' entries.
// RUN: python3 %S/Inputs/write_npy.py %t/gate-positions.npy i4 3 0 1 2
// RUN: python3 %S/Inputs/write_npy.py %t/gate-coordinates.npy i4 4 0 1 0 0
// RUN: python3 %S/Inputs/write_npy.py %t/gate-weights.npy f4 4 0.5
// RUN: python3 %S/Inputs/write_npy.py %t/gate-entries.npy i4 2x2 0 -1 1 9
// RUN: not sparsity-run %s --device=cpu --entry=gate --input=0.positions:%t/gate-positions.npy --input=0.coordinates:%t/gate-coordinates.npy --input=0.weights:%t/gate-weights.npy --input=0.entries:%t/gate-entries.npy 2>&1 | FileCheck %s --check-prefix=GATE
// GATE: error: argument 0: expected {{.*}}, but got 9 at entries[1, 1]

// A bitmap whose offsets do not count its bits, and one with fewer values than bits.
// RUN: python3 %S/Inputs/write_npy.py %t/tile-positions.npy i4 2 0 1
// RUN: python3 %S/Inputs/write_npy.py %t/tile-coordinates.npy i4 1 0
// RUN: python3 %S/Inputs/write_npy.py %t/bitmap.npy i8 1x2 3 1
// RUN: python3 %S/Inputs/write_npy.py %t/offsets.npy i4 1x2 0 2
// RUN: python3 %S/Inputs/write_npy.py %t/wrong-offsets.npy i4 1x2 0 7
// RUN: python3 %S/Inputs/write_npy.py %t/elements.npy f4 3 1
// RUN: python3 %S/Inputs/write_npy.py %t/few.npy f4 2 1
// RUN: sparsity-run %s --device=cpu --entry=bitmap --input=1.positions:%t/tile-positions.npy --input=1.coordinates:%t/tile-coordinates.npy --input=1.bitmap:%t/bitmap.npy --input=1.offsets:%t/offsets.npy --input=1.values:%t/elements.npy --check | FileCheck %s --check-prefix=OK
// RUN: not sparsity-run %s --device=cpu --entry=bitmap --input=1.positions:%t/tile-positions.npy --input=1.coordinates:%t/tile-coordinates.npy --input=1.bitmap:%t/bitmap.npy --input=1.offsets:%t/wrong-offsets.npy --input=1.values:%t/elements.npy 2>&1 | FileCheck %s --check-prefix=OFFSETS
// OFFSETS: error: argument 1: expected the offset 2, the number of bits before, but got 7 at offsets[0, 1]
// RUN: not sparsity-run %s --device=cpu --entry=bitmap --input=1.positions:%t/tile-positions.npy --input=1.coordinates:%t/tile-coordinates.npy --input=1.bitmap:%t/bitmap.npy --input=1.offsets:%t/offsets.npy --input=1.values:%t/few.npy 2>&1 | FileCheck %s --check-prefix=FEW
// FEW: error: argument 1: expected a value for each of the 3 bits, but got 2 values

// A list of active features that leaves the row.
// RUN: python3 %S/Inputs/write_npy.py %t/active-positions.npy i4 3 0 1 2
// RUN: python3 %S/Inputs/write_npy.py %t/active-coordinates.npy i4 16 8
// RUN: not sparsity-run %s --device=cpu --entry=active --input=0.positions:%t/active-positions.npy --input=0.coordinates:%t/active-coordinates.npy 2>&1 | FileCheck %s --check-prefix=ACTIVE
// ACTIVE: error: argument 0: expected coordinates below 8, but got 8 at coordinates[0]

// Documents whose bounds cross or lie outside see fewer keys or none; nothing is read
// outside the sequence.
// RUN: python3 %S/Inputs/write_npy.py %t/lo.npy i4 4 0 3 -7 2
// RUN: python3 %S/Inputs/write_npy.py %t/hi.npy i4 4 1 2 99 2
// RUN: sparsity-run %s --device=cpu --entry=documents --input=3:%t/lo.npy --input=4:%t/hi.npy --check | FileCheck %s --check-prefix=OK

func.func @main(%x: tensor<5x12xf32>, %w: tensor<8x12xf32, #sparsity.block<4x4>>) -> tensor<5x8xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<5x8xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<5x8xf32>) -> tensor<5x8xf32>
  %y = linalg.matmul
      indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>]
      ins(%x, %w : tensor<5x12xf32>, tensor<8x12xf32, #sparsity.block<4x4>>)
      outs(%f : tensor<5x8xf32>) -> tensor<5x8xf32>
  return %y : tensor<5x8xf32>
}

func.func @gate(%g: tensor<2x2xf32, #sparsity.gate<top_k = 2>>, %v: tensor<2x4xf32>) -> tensor<2x4xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<2x4xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<2x4xf32>) -> tensor<2x4xf32>
  %y = linalg.matmul ins(%g, %v : tensor<2x2xf32, #sparsity.gate<top_k = 2>>, tensor<2x4xf32>)
      outs(%f : tensor<2x4xf32>) -> tensor<2x4xf32>
  return %y : tensor<2x4xf32>
}

func.func @bitmap(%x: tensor<5x16xf32>, %w: tensor<8x16xf32, #sparsity.unstructured<tile = 8x16>>) -> tensor<5x8xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<5x8xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<5x8xf32>) -> tensor<5x8xf32>
  %y = linalg.matmul
      indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>]
      ins(%x, %w : tensor<5x16xf32>, tensor<8x16xf32, #sparsity.unstructured<tile = 8x16>>)
      outs(%f : tensor<5x8xf32>) -> tensor<5x8xf32>
  return %y : tensor<5x8xf32>
}

func.func @active(%a: tensor<2x8xf32, #sparsity.activation<relu>>, %w: tensor<8x4xf32>) -> tensor<2x4xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<2x4xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<2x4xf32>) -> tensor<2x4xf32>
  %y = linalg.matmul ins(%a, %w : tensor<2x8xf32, #sparsity.activation<relu>>, tensor<8x4xf32>)
      outs(%f : tensor<2x4xf32>) -> tensor<2x4xf32>
  return %y : tensor<2x4xf32>
}

func.func @documents(%q: tensor<2x4x8xf32>, %k: tensor<2x4x8xf32>, %v: tensor<2x4x8xf32>,
                     %lo: tensor<?xi32>, %hi: tensor<?xi32>) -> tensor<2x4x8xf32> {
  %o = sparsity.attention %q, %k, %v mask(#sparsity.segments, %lo, %hi : tensor<?xi32>, tensor<?xi32>)
      : (tensor<2x4x8xf32>, tensor<2x4x8xf32>, tensor<2x4x8xf32>) -> tensor<2x4x8xf32>
  return %o : tensor<2x4x8xf32>
}
