// Encoded arguments: random, from a dense file, from files of their fields.

// RUN: sparsity-run %s --device=cpu --entry=block --check --check-inputs | FileCheck %s --check-prefix=OK
// RUN: sparsity-run %s --device=cpu --entry=experts --check --check-inputs | FileCheck %s --check-prefix=OK
// RUN: sparsity-run %s --device=cpu --entry=vnm --check --check-inputs | FileCheck %s --check-prefix=OK
// RUN: sparsity-run %s --device=cpu --entry=unstructured --check --check-inputs | FileCheck %s --check-prefix=OK
// RUN: sparsity-run %s --device=cpu --entry=segments --check --check-inputs | FileCheck %s --check-prefix=OK
// RUN: sparsity-run %s --device=cpu --entry=activation --check --check-inputs | FileCheck %s --check-prefix=OK
// RUN: sparsity-run %s --device=cpu --entry=both --check --check-inputs | FileCheck %s --check-prefix=OK
// OK: check: result 0: {{.*}}: ok

// The share of blocks: none are stored, or all, 16 of 4 x 8 f32 with 16 coordinates and 5 positions.
// RUN: sparsity-run %s --device=cpu --entry=block --check --density=1:0 | FileCheck %s --check-prefix=NONE
// NONE: 99.0 % of weight bytes
// NONE: check: result 0: {{.*}}: ok
// RUN: sparsity-run %s --device=cpu --entry=block --check --density=1:1 | FileCheck %s --check-prefix=ALL
// ALL: -4.1 % of weight bytes, padding included
// ALL: check: result 0: {{.*}}: ok

// An argument that the program prunes: 3 of 4 blocks, then the oracle takes it as pruned.
// RUN: sparsity-run %s --device=cpu --entry=prune --check --density=1:0.75 | FileCheck %s --check-prefix=PRUNE
// PRUNE: 21.7 % of weight bytes
// PRUNE: check: result 0: {{.*}}: ok
// RUN: sparsity-run %s --device=cpu --entry=encode --check | FileCheck %s --check-prefix=OK

// A dense file is packed.
// RUN: rm -rf %t && mkdir %t
// RUN: python3 %S/Inputs/write_npy.py %t/zero.npy f4 16x32 0
// RUN: python3 %S/Inputs/write_npy.py %t/one.npy f4 16x32 1
// RUN: sparsity-run %s --device=cpu --entry=block --check --input=1:%t/zero.npy | FileCheck %s --check-prefix=NONE
// RUN: sparsity-run %s --device=cpu --entry=block --check --input=1:%t/one.npy | FileCheck %s --check-prefix=ALL

// Fields; a dense field of values may be left out, and is random then.
// RUN: python3 %S/Inputs/write_npy.py %t/lo.npy i4 16 3
// RUN: python3 %S/Inputs/write_npy.py %t/hi.npy i4 16 9
// RUN: sparsity-run %s --device=cpu --entry=segments --check --input=1.lo:%t/lo.npy --input=1.hi:%t/hi.npy | FileCheck %s --check-prefix=OK
// RUN: sparsity-run %s --device=cpu --entry=segments --check --input=1.lo:%t/lo.npy --input=1.hi:%t/hi.npy --input=1:%t/one.npy | FileCheck %s --check-prefix=OK
// The compiler simplifies this composition; the fields are still those of its storing member.
// RUN: sparsity-run %s --device=cpu --entry=nested --check --input=1.lo:%t/lo.npy --input=1.hi:%t/hi.npy | FileCheck %s --check-prefix=OK
// RUN: python3 %S/Inputs/write_npy.py %t/positions.npy i4 3 0 1 2
// RUN: python3 %S/Inputs/write_npy.py %t/coordinates.npy i4 2 1 0
// RUN: python3 %S/Inputs/write_npy.py %t/bitmap.npy i8 2x2 1 2 4 8
// RUN: python3 %S/Inputs/write_npy.py %t/offsets.npy i4 2x2 0 1 2 3
// RUN: python3 %S/Inputs/write_npy.py %t/values.npy f4 4 1.5 2 -3 4
// RUN: sparsity-run %s --device=cpu --entry=unstructured --check --input=1.positions:%t/positions.npy --input=1.coordinates:%t/coordinates.npy --input=1.bitmap:%t/bitmap.npy --input=1.offsets:%t/offsets.npy --input=1.values:%t/values.npy | FileCheck %s --check-prefix=OK

// RUN: not sparsity-run %s --device=cpu --entry=segments --input=1.lo:%t/lo.npy 2>&1 | FileCheck %s --check-prefix=MISSING
// MISSING: error: expected --input=1.hi:<file.npy> beside the other fields, but got none
// RUN: not sparsity-run %s --device=cpu --entry=segments --input=1.low:%t/lo.npy 2>&1 | FileCheck %s --check-prefix=NAME
// NAME: error: expected a field among values, lo, hi of argument 1, but got low
// RUN: not sparsity-run %s --device=cpu --entry=segments --input=0.lo:%t/lo.npy 2>&1 | FileCheck %s --check-prefix=DENSE
// DENSE: error: expected an encoded argument 0 for --input=0.lo, but got tensor<6x32xf32>
// RUN: not sparsity-run %s --device=cpu --entry=segments --input=1.lo:%t/positions.npy --input=1.hi:%t/hi.npy 2>&1 | FileCheck %s --check-prefix=SHAPE
// SHAPE: error: expected input 1.lo of shape 16, but got 3
// RUN: not sparsity-run %s --device=cpu --entry=segments --input=1.lo:%t/lo.npy --input=1.lo:%t/hi.npy 2>&1 | FileCheck %s --check-prefix=TWICE
// TWICE: error: expected one --input for field lo of argument 1, but got a second one
// RUN: not sparsity-run %s --device=cpu --entry=segments --input=7.lo:%t/lo.npy 2>&1 | FileCheck %s --check-prefix=NUMBER
// NUMBER: error: expected --input for an argument number below 2, but got 7
// RUN: not sparsity-run %s --device=cpu --entry=block --density=1:1.5 2>&1 | FileCheck %s --check-prefix=DENSITY
// DENSITY: error: expected --density=<argument>:<share in 0..1>, such as 1:0.25, but got '1:1.5'

#matmul = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>]
!X = tensor<6x32xf32>
!Y = tensor<6x16xf32>
!Block = tensor<16x32xf32, #sparsity.block<4x8>>
!VNM = tensor<16x32xf32, #sparsity.block<4x8, inner = #sparsity.n_of_m<2:4, axis = 1>>>
!Unstructured = tensor<16x32xf32, #sparsity.unstructured<tile = 8x16>>
!Segments = tensor<16x32xf32, #sparsity.segments>
!Activation = tensor<16x32xf32, #sparsity.activation<top_k = 5>>
!Both = tensor<16x32xf32, #sparsity.all_of<[#sparsity.window<right = 3>, #sparsity.block<4x8>]>>
!Nested = tensor<16x32xf32, #sparsity.all_of<[#sparsity.all_of<[#sparsity.segments, #sparsity.window<left = 40>]>, #sparsity.window<right = 3>]>>
!Experts = tensor<3x10x32xf32, #sparsity.block<4x8>>

func.func @block(%x: !X, %w: !Block) -> !Y {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : !Y
  %f = linalg.fill ins(%zero : f32) outs(%e : !Y) -> !Y
  %y = linalg.matmul indexing_maps = #matmul ins(%x, %w : !X, !Block) outs(%f : !Y) -> !Y
  return %y : !Y
}

func.func @vnm(%x: !X, %w: !VNM) -> !Y {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : !Y
  %f = linalg.fill ins(%zero : f32) outs(%e : !Y) -> !Y
  %y = linalg.matmul indexing_maps = #matmul ins(%x, %w : !X, !VNM) outs(%f : !Y) -> !Y
  return %y : !Y
}

func.func @unstructured(%x: !X, %w: !Unstructured) -> !Y {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : !Y
  %f = linalg.fill ins(%zero : f32) outs(%e : !Y) -> !Y
  %y = linalg.matmul indexing_maps = #matmul ins(%x, %w : !X, !Unstructured) outs(%f : !Y) -> !Y
  return %y : !Y
}

func.func @segments(%x: !X, %w: !Segments) -> !Y {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : !Y
  %f = linalg.fill ins(%zero : f32) outs(%e : !Y) -> !Y
  %y = linalg.matmul indexing_maps = #matmul ins(%x, %w : !X, !Segments) outs(%f : !Y) -> !Y
  return %y : !Y
}

func.func @activation(%x: !X, %w: !Activation) -> !Y {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : !Y
  %f = linalg.fill ins(%zero : f32) outs(%e : !Y) -> !Y
  %y = linalg.matmul indexing_maps = #matmul ins(%x, %w : !X, !Activation) outs(%f : !Y) -> !Y
  return %y : !Y
}

func.func @both(%x: !X, %w: !Both) -> !Y {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : !Y
  %f = linalg.fill ins(%zero : f32) outs(%e : !Y) -> !Y
  %y = linalg.matmul indexing_maps = #matmul ins(%x, %w : !X, !Both) outs(%f : !Y) -> !Y
  return %y : !Y
}

func.func @nested(%x: !X, %w: !Nested) -> !Y {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : !Y
  %f = linalg.fill ins(%zero : f32) outs(%e : !Y) -> !Y
  %y = linalg.matmul indexing_maps = #matmul ins(%x, %w : !X, !Nested) outs(%f : !Y) -> !Y
  return %y : !Y
}

func.func @experts(%x: tensor<3x6x32xf32>, %w: !Experts) -> tensor<3x6x10xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<3x6x10xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<3x6x10xf32>) -> tensor<3x6x10xf32>
  %y = linalg.batch_matmul
      indexing_maps = [affine_map<(e, m, n, k) -> (e, m, k)>, affine_map<(e, m, n, k) -> (e, n, k)>,
                       affine_map<(e, m, n, k) -> (e, m, n)>]
      ins(%x, %w : tensor<3x6x32xf32>, !Experts) outs(%f : tensor<3x6x10xf32>) -> tensor<3x6x10xf32>
  return %y : tensor<3x6x10xf32>
}

func.func @prune(%x: !X, %d: tensor<16x32xf32>) -> !Y {
  %w = sparsity.prune %d : tensor<16x32xf32> to !Block
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : !Y
  %f = linalg.fill ins(%zero : f32) outs(%e : !Y) -> !Y
  %y = linalg.matmul indexing_maps = #matmul ins(%x, %w : !X, !Block) outs(%f : !Y) -> !Y
  return %y : !Y
}

func.func @encode(%x: !X, %d: tensor<16x32xf32>) -> !Y {
  %w = sparsity.encode %d : tensor<16x32xf32> to !Unstructured
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : !Y
  %f = linalg.fill ins(%zero : f32) outs(%e : !Y) -> !Y
  %y = linalg.matmul indexing_maps = #matmul ins(%x, %w : !X, !Unstructured) outs(%f : !Y) -> !Y
  return %y : !Y
}
