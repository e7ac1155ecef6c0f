// A schedule over lists of rows: the tokens of an expert are gathered, multiplied by the
// expert's matrix and scattered to their rows. Positions run over whole tiles of each
// group: the first group has a tile with one position too many, the second no tile, and
// the last work item lies behind all tiles. Token 5 is in no list: its row stays.

// REQUIRES: mlir-opt

// RUN: sparsity-opt %s --convert-linalg-to-loops --sparsity-to-cpu \
// RUN:   | mlir-runner -e main --entry-point-result=void \
// RUN:     --shared-libs=%sparsity_runtime,%llvm_lib/libmlir_c_runner_utils.so | FileCheck %s

// CHECK: {{^}}0{{$}}
// CHECK-NOT: {{.}}

#config = #sparse_tile.config<tile = [2, 16, 16], warps = [1, 1], stages = 1, raster = 1, swap = false, multiply = "f32", instruction = "vector.fma", sparse = false>
#id = affine_map<(d0, d1) -> (d0, d1)>
#all = affine_map<(d0, d1) -> ()>

memref.global "private" constant @x : memref<8x20xf32> = dense<[[3.0, -4.0, -3.0, -2.0, -3.0, 3.0, 3.0, 1.0, -4.0, -4.0, -2.0, -1.0, 1.0, 0.0, -2.0, -3.0, 2.0, 2.0, -4.0, -3.0], [0.0, -1.0, 3.0, 0.0, -1.0, -1.0, 1.0, 1.0, -3.0, 2.0, 2.0, 4.0, 3.0, -2.0, -2.0, 1.0, 1.0, 2.0, 3.0, -2.0], [4.0, -4.0, -4.0, 4.0, 4.0, -2.0, -3.0, -2.0, -4.0, 4.0, 1.0, 1.0, -2.0, 0.0, -3.0, 2.0, 0.0, -4.0, -2.0, 2.0], [0.0, -1.0, -2.0, -4.0, 1.0, 1.0, 0.0, 4.0, 4.0, -3.0, 1.0, 1.0, -2.0, -2.0, 0.0, 2.0, -2.0, 2.0, 1.0, -3.0], [-1.0, 3.0, 3.0, 1.0, -4.0, 2.0, -2.0, 3.0, 4.0, -1.0, 4.0, 2.0, -2.0, 3.0, -1.0, -4.0, 1.0, 3.0, 1.0, -1.0], [4.0, 0.0, -1.0, -3.0, -3.0, 2.0, 3.0, -2.0, 1.0, 3.0, -3.0, -2.0, 0.0, 1.0, -1.0, -1.0, -3.0, 1.0, 4.0, -3.0], [3.0, -3.0, -4.0, 2.0, -3.0, 2.0, -2.0, 1.0, 4.0, 4.0, 0.0, -3.0, -2.0, 3.0, 1.0, -3.0, 3.0, 4.0, 4.0, 1.0], [4.0, 1.0, 0.0, 4.0, 1.0, 3.0, -1.0, 3.0, 4.0, -4.0, 0.0, -1.0, -4.0, -4.0, -2.0, -3.0, 2.0, -3.0, 1.0, 3.0]]>
memref.global "private" constant @w : memref<3x18x20xf32> = dense<[[[0.0, -3.0, -4.0, -2.0, -1.0, 0.0, -2.0, 3.0, 1.0, 4.0, 4.0, 2.0, -4.0, -3.0, 2.0, 0.0, 4.0, 2.0, 3.0, -4.0], [-2.0, 2.0, 1.0, -1.0, -3.0, 1.0, -4.0, 2.0, 3.0, 2.0, -4.0, 0.0, -2.0, 0.0, 2.0, -3.0, -4.0, 0.0, 1.0, -3.0], [4.0, 0.0, 4.0, 0.0, 2.0, 2.0, 0.0, -1.0, 2.0, -4.0, 1.0, 0.0, -3.0, -3.0, -4.0, 2.0, 2.0, -1.0, 4.0, -1.0], [-2.0, 4.0, -4.0, -1.0, -4.0, -1.0, 2.0, -1.0, 0.0, 0.0, -4.0, -4.0, -2.0, 0.0, -4.0, 4.0, 3.0, 1.0, 2.0, 2.0], [-4.0, 4.0, -4.0, 3.0, 3.0, 2.0, -3.0, 3.0, 4.0, 3.0, 2.0, -2.0, 0.0, 0.0, 3.0, -1.0, -1.0, -2.0, 0.0, 1.0], [0.0, -2.0, 0.0, 1.0, -3.0, 1.0, 2.0, -4.0, 1.0, -1.0, 4.0, -1.0, -2.0, 2.0, 3.0, -4.0, -4.0, -3.0, -1.0, 0.0], [1.0, -1.0, 3.0, 1.0, -3.0, -2.0, -3.0, -3.0, 3.0, 4.0, -1.0, -2.0, 3.0, -3.0, -3.0, -2.0, -1.0, -1.0, -2.0, -2.0], [1.0, 0.0, 1.0, 4.0, 4.0, -3.0, 3.0, -1.0, 3.0, 2.0, -4.0, 3.0, 4.0, 4.0, -4.0, -3.0, 1.0, 0.0, -4.0, 3.0], [-2.0, -4.0, 3.0, 1.0, -4.0, -3.0, 3.0, 2.0, 3.0, 4.0, -2.0, 0.0, -1.0, -4.0, -2.0, -4.0, -3.0, -1.0, 4.0, 3.0], [1.0, -2.0, -3.0, 2.0, 2.0, -1.0, -3.0, -2.0, 4.0, 2.0, 1.0, -2.0, 3.0, -1.0, 0.0, 2.0, -1.0, 0.0, -4.0, 3.0], [-2.0, 0.0, 0.0, -3.0, -2.0, -1.0, -4.0, 3.0, -1.0, 1.0, -3.0, 4.0, 0.0, -4.0, -1.0, -1.0, -2.0, 2.0, 4.0, 2.0], [-3.0, 1.0, 0.0, 1.0, 3.0, 3.0, 3.0, 2.0, 0.0, 0.0, -3.0, 1.0, 0.0, 1.0, 0.0, -2.0, 0.0, 2.0, -3.0, 1.0], [-1.0, 3.0, 1.0, 0.0, -4.0, -4.0, -2.0, 0.0, 0.0, 3.0, -3.0, 1.0, -1.0, 1.0, -4.0, -1.0, -3.0, -1.0, -3.0, 2.0], [2.0, -4.0, -2.0, 3.0, 4.0, 3.0, -3.0, 4.0, -1.0, -3.0, 2.0, -3.0, -4.0, 4.0, -3.0, -1.0, 3.0, -2.0, -2.0, -1.0], [2.0, 1.0, -2.0, -3.0, -1.0, 0.0, -1.0, 1.0, -4.0, 2.0, 0.0, -4.0, 2.0, 3.0, -1.0, -1.0, 1.0, -1.0, 0.0, 1.0], [1.0, -2.0, -4.0, 3.0, 0.0, -3.0, 4.0, 0.0, -2.0, -3.0, -4.0, 1.0, 1.0, 4.0, 4.0, 3.0, -4.0, -3.0, 1.0, 1.0], [-3.0, 4.0, 4.0, -3.0, 1.0, -1.0, 1.0, 2.0, 0.0, 2.0, -2.0, 0.0, -3.0, 1.0, -1.0, 2.0, 4.0, -1.0, 3.0, 1.0], [2.0, 1.0, -2.0, 2.0, -1.0, 0.0, 0.0, -1.0, 0.0, -1.0, -2.0, 4.0, 4.0, -3.0, -1.0, -3.0, -3.0, -4.0, -1.0, 3.0]], [[-3.0, 4.0, 3.0, -2.0, -4.0, -2.0, -1.0, -3.0, 1.0, 1.0, 2.0, 0.0, 1.0, 3.0, 1.0, -3.0, 3.0, 3.0, 1.0, 0.0], [1.0, 3.0, 2.0, 3.0, -2.0, 4.0, -4.0, 0.0, -1.0, 1.0, 1.0, 1.0, -4.0, -3.0, 0.0, 0.0, -3.0, 4.0, -3.0, 4.0], [1.0, -4.0, -1.0, 1.0, -3.0, -2.0, 3.0, -3.0, 4.0, -3.0, -1.0, 3.0, -4.0, 4.0, 1.0, 0.0, 2.0, -1.0, 2.0, 0.0], [-4.0, 3.0, 3.0, 2.0, 2.0, -4.0, -4.0, -3.0, -1.0, 3.0, -4.0, 0.0, 4.0, 1.0, 2.0, 2.0, -1.0, 1.0, -3.0, 2.0], [-2.0, 0.0, 2.0, -2.0, 3.0, -3.0, 2.0, 4.0, 2.0, -4.0, 2.0, 2.0, -3.0, 3.0, 4.0, -2.0, 3.0, -4.0, 2.0, -1.0], [-3.0, -2.0, 3.0, 0.0, 1.0, -1.0, -3.0, 4.0, -3.0, -3.0, -1.0, 4.0, 0.0, -4.0, 4.0, 4.0, 0.0, -2.0, -3.0, 2.0], [-4.0, -4.0, 4.0, 0.0, -1.0, 2.0, -4.0, 1.0, -2.0, 3.0, -1.0, -3.0, 0.0, -1.0, 1.0, 1.0, -4.0, -4.0, 0.0, 3.0], [2.0, -1.0, 2.0, -2.0, -1.0, -2.0, -1.0, 1.0, -3.0, -4.0, 2.0, -2.0, -1.0, -2.0, -2.0, -2.0, -2.0, 2.0, -1.0, 1.0], [-1.0, 4.0, 1.0, 2.0, 4.0, -2.0, 0.0, -2.0, -2.0, -3.0, 0.0, -2.0, -4.0, 1.0, 0.0, 2.0, -2.0, -2.0, 1.0, -1.0], [-3.0, 3.0, -3.0, 4.0, 3.0, -4.0, 2.0, -4.0, 0.0, 2.0, -1.0, 0.0, -4.0, -1.0, 0.0, 1.0, 1.0, 2.0, 0.0, -4.0], [3.0, 4.0, 2.0, 4.0, 3.0, -1.0, 2.0, 0.0, 4.0, -2.0, 0.0, 1.0, 2.0, -3.0, -2.0, 0.0, 3.0, 4.0, 0.0, 0.0], [-3.0, 3.0, -2.0, -3.0, 2.0, 3.0, 1.0, -3.0, 3.0, -3.0, 2.0, 2.0, 3.0, -2.0, -1.0, -3.0, 3.0, -4.0, -4.0, 3.0], [-3.0, -4.0, -2.0, -4.0, 4.0, 4.0, 4.0, 3.0, 1.0, -1.0, 1.0, -3.0, -4.0, 3.0, 4.0, 3.0, -3.0, 2.0, 4.0, 0.0], [-4.0, 0.0, 4.0, 4.0, 3.0, 0.0, -3.0, -4.0, 0.0, -4.0, 4.0, 1.0, 4.0, 2.0, 0.0, 1.0, -2.0, 2.0, -1.0, -2.0], [1.0, -1.0, 0.0, -2.0, 0.0, -1.0, -3.0, -2.0, -3.0, 3.0, -2.0, -3.0, -1.0, -3.0, 2.0, 2.0, -1.0, -1.0, -1.0, -1.0], [-4.0, 4.0, 1.0, 4.0, 4.0, -3.0, -2.0, -3.0, -2.0, 0.0, 3.0, 1.0, -1.0, -1.0, 3.0, 1.0, -1.0, 2.0, 4.0, 3.0], [-1.0, -2.0, -2.0, 1.0, 3.0, -4.0, 3.0, -4.0, 1.0, -4.0, -3.0, -3.0, -4.0, 3.0, -1.0, -1.0, 2.0, 0.0, -1.0, 0.0], [-1.0, -3.0, 2.0, -4.0, -4.0, -3.0, 2.0, 3.0, 2.0, -1.0, 1.0, -1.0, -3.0, -2.0, -3.0, 2.0, 3.0, 2.0, 4.0, -1.0]], [[-3.0, 0.0, 1.0, -1.0, 1.0, 1.0, 1.0, 1.0, 3.0, 1.0, 2.0, 4.0, 3.0, 4.0, 0.0, -4.0, 2.0, -1.0, -1.0, -4.0], [-4.0, -1.0, -4.0, 3.0, -4.0, 2.0, 0.0, 1.0, 0.0, -4.0, -4.0, 3.0, 4.0, 1.0, -3.0, -2.0, 1.0, 3.0, -4.0, -4.0], [2.0, -3.0, 0.0, 3.0, 4.0, -4.0, 3.0, -3.0, -4.0, 0.0, -4.0, 2.0, -1.0, 1.0, 2.0, -4.0, 3.0, -2.0, -3.0, 2.0], [0.0, -1.0, -3.0, -3.0, 0.0, -4.0, 2.0, -2.0, -2.0, 4.0, -2.0, -4.0, 1.0, 0.0, 4.0, 4.0, -4.0, 2.0, -3.0, -2.0], [-1.0, 1.0, -1.0, -3.0, -3.0, 0.0, -1.0, -2.0, 2.0, 3.0, -1.0, 3.0, 3.0, 2.0, -4.0, -1.0, 3.0, 3.0, -2.0, 4.0], [-2.0, -1.0, 2.0, 0.0, 0.0, -3.0, -3.0, -4.0, 3.0, 2.0, -1.0, -4.0, 3.0, 1.0, -4.0, -3.0, -2.0, 2.0, 2.0, 2.0], [-4.0, 4.0, -3.0, -1.0, -1.0, -1.0, -2.0, -1.0, 0.0, 2.0, 3.0, 3.0, 0.0, -3.0, -2.0, -2.0, 1.0, -4.0, 1.0, -2.0], [-1.0, 2.0, 4.0, 4.0, -3.0, 4.0, 0.0, -4.0, 2.0, -1.0, 1.0, 3.0, -2.0, 0.0, 3.0, -1.0, -4.0, 3.0, 0.0, 3.0], [0.0, -3.0, 2.0, 0.0, 2.0, -3.0, -2.0, -3.0, 4.0, 0.0, -2.0, -2.0, -1.0, 3.0, 1.0, -1.0, 0.0, -3.0, -1.0, 1.0], [0.0, -2.0, -3.0, -4.0, -4.0, 4.0, 4.0, -3.0, 4.0, -3.0, -1.0, 0.0, 2.0, -4.0, -1.0, 3.0, 2.0, -4.0, 1.0, -4.0], [1.0, 4.0, -2.0, 0.0, -4.0, 4.0, -1.0, 4.0, 3.0, 2.0, 1.0, -4.0, 1.0, 1.0, 3.0, -4.0, 0.0, -4.0, -3.0, 3.0], [1.0, -2.0, 1.0, 2.0, 0.0, 0.0, 4.0, 3.0, 3.0, 1.0, 3.0, 4.0, 3.0, 0.0, 0.0, 3.0, -3.0, 3.0, -3.0, 1.0], [3.0, 0.0, -3.0, -1.0, 2.0, 1.0, -4.0, -3.0, 4.0, -1.0, -1.0, 1.0, 3.0, -2.0, 0.0, -3.0, -3.0, -4.0, 0.0, 3.0], [-3.0, 3.0, -4.0, 3.0, -2.0, 2.0, -1.0, 1.0, -4.0, -4.0, -4.0, 3.0, -4.0, 0.0, 0.0, 2.0, -3.0, -3.0, -4.0, 2.0], [-1.0, -3.0, -3.0, 4.0, -3.0, 2.0, 1.0, 0.0, -3.0, 1.0, -4.0, -2.0, -3.0, 0.0, -3.0, -4.0, -1.0, -2.0, -1.0, -2.0], [-2.0, -3.0, -1.0, -1.0, 0.0, -4.0, 0.0, -4.0, -4.0, -2.0, 2.0, 4.0, -4.0, 2.0, 3.0, -1.0, 4.0, -3.0, -4.0, -3.0], [-3.0, -1.0, 4.0, 1.0, -1.0, 3.0, -2.0, 0.0, 4.0, 3.0, 1.0, 3.0, 0.0, 3.0, 1.0, -2.0, -4.0, 0.0, 3.0, -3.0], [-1.0, 1.0, 2.0, -4.0, -2.0, 0.0, 1.0, -3.0, 0.0, 0.0, 1.0, -3.0, 1.0, -4.0, 3.0, -1.0, -4.0, -1.0, -3.0, 0.0]]]>
memref.global "private" constant @positions : memref<4xi32> = dense<[0, 3, 3, 7]>
memref.global "private" constant @tokens : memref<7xi32> = dense<[1, 4, 6, 0, 2, 3, 7]>
memref.global "private" constant @expected : memref<8x18xf32> = dense<[[3.0, 90.0, 31.0, 6.0, 7.0, -38.0, -35.0, -39.0, -33.0, 55.0, 2.0, -4.0, -20.0, 20.0, 65.0, 31.0, -53.0, 2.0], [29.0, -20.0, 16.0, -21.0, -45.0, -32.0, 12.0, -5.0, 26.0, -33.0, 36.0, -15.0, -6.0, -39.0, -8.0, -26.0, 13.0, 0.0], [-41.0, -38.0, 73.0, 16.0, -11.0, -6.0, 8.0, -45.0, 23.0, -44.0, -31.0, -7.0, 34.0, 28.0, 40.0, 45.0, -43.0, -42.0], [6.0, 8.0, -66.0, 2.0, -23.0, -31.0, -1.0, -19.0, -18.0, 47.0, -13.0, 26.0, 1.0, -6.0, -28.0, -22.0, 12.0, 2.0], [28.0, 46.0, 14.0, -18.0, 24.0, 21.0, 3.0, -11.0, 13.0, -35.0, 12.0, 4.0, 14.0, 15.0, -18.0, -68.0, 17.0, -24.0], [9.0, 9.0, 9.0, 9.0, 9.0, 9.0, 9.0, 9.0, 9.0, 9.0, 9.0, 9.0, 9.0, 9.0, 9.0, 9.0, 9.0, 9.0], [74.0, 27.0, -11.0, 24.0, 32.0, 11.0, 9.0, -8.0, 32.0, 20.0, 1.0, -14.0, -18.0, 41.0, 22.0, -20.0, -17.0, -34.0], [-28.0, -18.0, 2.0, -100.0, -32.0, -20.0, -1.0, 17.0, 5.0, 11.0, 53.0, -17.0, 47.0, 23.0, 24.0, -42.0, -20.0, -27.0]]>

func.func @main() {
  %padded = arith.constant 10 : index
  %columns = arith.constant 18 : index
  %extent = arith.constant 20 : index
  %nine = arith.constant 9.0 : f32
  %x = memref.get_global @x : memref<8x20xf32>
  %w = memref.get_global @w : memref<3x18x20xf32>
  %positions = memref.get_global @positions : memref<4xi32>
  %tokens = memref.get_global @tokens : memref<7xi32>
  %expected = memref.get_global @expected : memref<8x18xf32>
  %y = memref.alloc() : memref<8x18xf32>
  linalg.fill ins(%nine : f32) outs(%y : memref<8x18xf32>)
  sparse_tile.forall sizes(%padded, %columns, %extent) tile [2, 16]
      ins(%x, %w, %positions, %tokens : memref<8x20xf32>, memref<3x18x20xf32>, memref<4xi32>, memref<7xi32>)
      outs(%y : memref<8x18xf32>) config = #config {
  ^bb0(%i: index, %j: index, %m: index, %n: index, %e: index, %a: memref<8x20xf32>, %b: memref<3x18x20xf32>, %p: memref<4xi32>, %t: memref<7xi32>, %out: memref<8x18xf32>):
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c2 = arith.constant 2 : index
    %c3 = arith.constant 3 : index
    // The group whose tiles hold the work item, and its first and its last entry.
    %tile = arith.divui %i, %c2 : index
    %found:4 = scf.for %g = %c0 to %c3 step %c1 iter_args(%left = %tile, %group = %c0, %first = %c0, %last = %c0) -> (index, index, index, index) {
      %next = arith.addi %g, %c1 : index
      %0 = memref.load %p[%g] : memref<4xi32>
      %1 = memref.load %p[%next] : memref<4xi32>
      %begin = arith.index_cast %0 : i32 to index
      %end = arith.index_cast %1 : i32 to index
      %length = arith.subi %end, %begin : index
      %tiles = arith.ceildivui %length, %c2 : index
      %hit = arith.cmpi ult, %left, %tiles : index
      %rest = arith.subi %left, %tiles : index
      %2:4 = scf.if %hit -> (index, index, index, index) {
        %skip = arith.muli %left, %c2 : index
        %start = arith.addi %begin, %skip : index
        // No tiles of a later group match.
        %far = arith.constant 1000 : index
        scf.yield %far, %g, %start, %end : index, index, index, index
      } else {
        scf.yield %rest, %group, %first, %last : index, index, index, index
      }
      scf.yield %2#0, %2#1, %2#2, %2#3 : index, index, index, index
    }
    %any = arith.cmpi ult, %found#2, %found#3 : index
    %steps = arith.select %any, %e, %c0 : index
    %s = sparse_tile.pipeline below %steps step 16 stages 1 load {
    ^bb0(%k: index):
      %ta = sparse_tile.load %a[%i, %k] dims [0, 1] runs [1, 20] at {
      ^bb0(%position: index, %column: index):
        %offset = arith.subi %position, %i : index
        %entry = arith.addi %found#2, %offset : index
        %present = arith.cmpi ult, %entry, %found#3 : index
        %row = scf.if %present -> (index) {
          %0 = memref.load %t[%entry] : memref<7xi32>
          %1 = arith.index_cast %0 : i32 to index
          scf.yield %1 : index
        } else {
          scf.yield %c0 : index
        }
        sparse_tile.yield %row, %column, %present : index, index, i1
      } : memref<8x20xf32> -> <2x16xf32>
      %tb = sparse_tile.load %b[%found#1, %j, %k] dims [1, 2] : memref<3x18x20xf32> -> <16x16xf32>
      sparse_tile.yield %ta, %tb : !sparse_tile.tile<2x16xf32>, !sparse_tile.tile<16x16xf32>
    } compute {
    ^bb0(%ta: !sparse_tile.tile<2x16xf32>, %tb: !sparse_tile.tile<16x16xf32>, %acc: !sparse_tile.tile<2x16xf32>):
      %sum = sparse_tile.mma %ta, %tb, %acc : <2x16xf32>, <16x16xf32>, <2x16xf32>
      sparse_tile.yield %sum : !sparse_tile.tile<2x16xf32>
    } -> !sparse_tile.tile<2x16xf32>
    sparse_tile.store tiles(%s : !sparse_tile.tile<2x16xf32>) ins() outs(%out : memref<8x18xf32>) maps [#id] {
    ^bb0(%row: index, %column: index, %sum: f32):
      sparse_tile.yield %sum : f32
    } at {
    ^bb0(%position: index, %column: index):
      %offset = arith.subi %position, %i : index
      %entry = arith.addi %found#2, %offset : index
      %present = arith.cmpi ult, %entry, %found#3 : index
      %row = scf.if %present -> (index) {
        %0 = memref.load %t[%entry] : memref<7xi32>
        %1 = arith.index_cast %0 : i32 to index
        scf.yield %1 : index
      } else {
        scf.yield %c0 : index
      }
      sparse_tile.yield %row, %column, %present : index, index, i1
    }
  }
  call @compare(%y, %expected) : (memref<8x18xf32>, memref<8x18xf32>) -> ()
  return
}

// Prints in how many elements two results differ.
func.func private @compare(%y: memref<8x18xf32>, %z: memref<8x18xf32>) {
  %none = arith.constant 0 : i64
  %different = memref.alloc() : memref<i64>
  memref.store %none, %different[] : memref<i64>
  linalg.generic {indexing_maps = [#id, #id, #all], iterator_types = ["reduction", "reduction"]} ins(%y, %z : memref<8x18xf32>, memref<8x18xf32>) outs(%different : memref<i64>) {
  ^bb0(%a: f32, %b: f32, %d: i64):
    %0 = arith.cmpf une, %a, %b : f32
    %1 = arith.extui %0 : i1 to i64
    %2 = arith.addi %d, %1 : i64
    linalg.yield %2 : i64
  }
  %0 = memref.load %different[] : memref<i64>
  vector.print %0 : i64
  return
}
