// Pipelines that continue the sums of the one before: in place where nobody else reads
// them, in a copy where the first sums are stored too. The third has its end before its
// beginning and runs nothing; one that starts from zero follows and has tiles of another
// size. The work items count their steps and bytes.

// REQUIRES: mlir-opt

// RUN: sparsity-opt %s --convert-linalg-to-loops --sparsity-to-cpu="count-work=true" \
// RUN:   | mlir-runner -e main --entry-point-result=void \
// RUN:     --shared-libs=%sparsity_runtime,%llvm_lib/libmlir_c_runner_utils.so | FileCheck %s

// CHECK-COUNT-3: {{^}}0{{$}}
// One schedule of one item: 2 + 2 + 0 + 1 steps of 8 and 8 and 8 and 16; all of the first
// three are ceil(40 / 8), of the last ceil(40 / 16). A step of 8 reads (8 + 16) * 8 * 4
// bytes.
// CHECK-NEXT: {{^}}1{{$}}
// CHECK-NEXT: {{^}}5{{$}}
// CHECK-NEXT: {{^}}8{{$}}
// CHECK-NEXT: {{^}}4608{{$}}
// CHECK-NEXT: {{^}}8448{{$}}
// CHECK-NEXT: {{^}}1{{$}}
// Nothing is left after a reset.
// CHECK-NEXT: {{^}}0{{$}}
// CHECK-NOT: {{.}}

#config = #sparse_tile.config<tile = [8, 16, 8], warps = [1, 1], stages = 1, raster = 1, swap = false, multiply = "f32", instruction = "vector.fma", sparse = false>
#id = affine_map<(d0, d1) -> (d0, d1)>
#all = affine_map<(d0, d1) -> ()>

memref.global "private" constant @x : memref<5x40xf32> = dense<[[3.0, -4.0, -3.0, -2.0, -3.0, 3.0, 3.0, 1.0, -4.0, -4.0, -2.0, -1.0, 1.0, 0.0, -2.0, -3.0, 2.0, 2.0, -4.0, -3.0, 0.0, -1.0, 3.0, 0.0, -1.0, -1.0, 1.0, 1.0, -3.0, 2.0, 2.0, 4.0, 3.0, -2.0, -2.0, 1.0, 1.0, 2.0, 3.0, -2.0], [4.0, -4.0, -4.0, 4.0, 4.0, -2.0, -3.0, -2.0, -4.0, 4.0, 1.0, 1.0, -2.0, 0.0, -3.0, 2.0, 0.0, -4.0, -2.0, 2.0, 0.0, -1.0, -2.0, -4.0, 1.0, 1.0, 0.0, 4.0, 4.0, -3.0, 1.0, 1.0, -2.0, -2.0, 0.0, 2.0, -2.0, 2.0, 1.0, -3.0], [-1.0, 3.0, 3.0, 1.0, -4.0, 2.0, -2.0, 3.0, 4.0, -1.0, 4.0, 2.0, -2.0, 3.0, -1.0, -4.0, 1.0, 3.0, 1.0, -1.0, 4.0, 0.0, -1.0, -3.0, -3.0, 2.0, 3.0, -2.0, 1.0, 3.0, -3.0, -2.0, 0.0, 1.0, -1.0, -1.0, -3.0, 1.0, 4.0, -3.0], [3.0, -3.0, -4.0, 2.0, -3.0, 2.0, -2.0, 1.0, 4.0, 4.0, 0.0, -3.0, -2.0, 3.0, 1.0, -3.0, 3.0, 4.0, 4.0, 1.0, 4.0, 1.0, 0.0, 4.0, 1.0, 3.0, -1.0, 3.0, 4.0, -4.0, 0.0, -1.0, -4.0, -4.0, -2.0, -3.0, 2.0, -3.0, 1.0, 3.0], [0.0, -3.0, -4.0, -2.0, -1.0, 0.0, -2.0, 3.0, 1.0, 4.0, 4.0, 2.0, -4.0, -3.0, 2.0, 0.0, 4.0, 2.0, 3.0, -4.0, -2.0, 2.0, 1.0, -1.0, -3.0, 1.0, -4.0, 2.0, 3.0, 2.0, -4.0, 0.0, -2.0, 0.0, 2.0, -3.0, -4.0, 0.0, 1.0, -3.0]]>
memref.global "private" constant @w : memref<9x40xf32> = dense<[[4.0, 0.0, 4.0, 0.0, 2.0, 2.0, 0.0, -1.0, 2.0, -4.0, 1.0, 0.0, -3.0, -3.0, -4.0, 2.0, 2.0, -1.0, 4.0, -1.0, -2.0, 4.0, -4.0, -1.0, -4.0, -1.0, 2.0, -1.0, 0.0, 0.0, -4.0, -4.0, -2.0, 0.0, -4.0, 4.0, 3.0, 1.0, 2.0, 2.0], [-4.0, 4.0, -4.0, 3.0, 3.0, 2.0, -3.0, 3.0, 4.0, 3.0, 2.0, -2.0, 0.0, 0.0, 3.0, -1.0, -1.0, -2.0, 0.0, 1.0, 0.0, -2.0, 0.0, 1.0, -3.0, 1.0, 2.0, -4.0, 1.0, -1.0, 4.0, -1.0, -2.0, 2.0, 3.0, -4.0, -4.0, -3.0, -1.0, 0.0], [1.0, -1.0, 3.0, 1.0, -3.0, -2.0, -3.0, -3.0, 3.0, 4.0, -1.0, -2.0, 3.0, -3.0, -3.0, -2.0, -1.0, -1.0, -2.0, -2.0, 1.0, 0.0, 1.0, 4.0, 4.0, -3.0, 3.0, -1.0, 3.0, 2.0, -4.0, 3.0, 4.0, 4.0, -4.0, -3.0, 1.0, 0.0, -4.0, 3.0], [-2.0, -4.0, 3.0, 1.0, -4.0, -3.0, 3.0, 2.0, 3.0, 4.0, -2.0, 0.0, -1.0, -4.0, -2.0, -4.0, -3.0, -1.0, 4.0, 3.0, 1.0, -2.0, -3.0, 2.0, 2.0, -1.0, -3.0, -2.0, 4.0, 2.0, 1.0, -2.0, 3.0, -1.0, 0.0, 2.0, -1.0, 0.0, -4.0, 3.0], [-2.0, 0.0, 0.0, -3.0, -2.0, -1.0, -4.0, 3.0, -1.0, 1.0, -3.0, 4.0, 0.0, -4.0, -1.0, -1.0, -2.0, 2.0, 4.0, 2.0, -3.0, 1.0, 0.0, 1.0, 3.0, 3.0, 3.0, 2.0, 0.0, 0.0, -3.0, 1.0, 0.0, 1.0, 0.0, -2.0, 0.0, 2.0, -3.0, 1.0], [-1.0, 3.0, 1.0, 0.0, -4.0, -4.0, -2.0, 0.0, 0.0, 3.0, -3.0, 1.0, -1.0, 1.0, -4.0, -1.0, -3.0, -1.0, -3.0, 2.0, 2.0, -4.0, -2.0, 3.0, 4.0, 3.0, -3.0, 4.0, -1.0, -3.0, 2.0, -3.0, -4.0, 4.0, -3.0, -1.0, 3.0, -2.0, -2.0, -1.0], [2.0, 1.0, -2.0, -3.0, -1.0, 0.0, -1.0, 1.0, -4.0, 2.0, 0.0, -4.0, 2.0, 3.0, -1.0, -1.0, 1.0, -1.0, 0.0, 1.0, 1.0, -2.0, -4.0, 3.0, 0.0, -3.0, 4.0, 0.0, -2.0, -3.0, -4.0, 1.0, 1.0, 4.0, 4.0, 3.0, -4.0, -3.0, 1.0, 1.0], [-3.0, 4.0, 4.0, -3.0, 1.0, -1.0, 1.0, 2.0, 0.0, 2.0, -2.0, 0.0, -3.0, 1.0, -1.0, 2.0, 4.0, -1.0, 3.0, 1.0, 2.0, 1.0, -2.0, 2.0, -1.0, 0.0, 0.0, -1.0, 0.0, -1.0, -2.0, 4.0, 4.0, -3.0, -1.0, -3.0, -3.0, -4.0, -1.0, 3.0], [-3.0, 4.0, 3.0, -2.0, -4.0, -2.0, -1.0, -3.0, 1.0, 1.0, 2.0, 0.0, 1.0, 3.0, 1.0, -3.0, 3.0, 3.0, 1.0, 0.0, 1.0, 3.0, 2.0, 3.0, -2.0, 4.0, -4.0, 0.0, -1.0, 1.0, 1.0, 1.0, -4.0, -3.0, 0.0, 0.0, -3.0, 4.0, -3.0, 4.0]]>
memref.global "private" constant @first : memref<5x9xf32> = dense<[[8.0, -50.0, -22.0, -3.0, 3.0, -9.0, 28.0, 2.0, 6.0], [5.0, 8.0, 11.0, -17.0, -2.0, 20.0, 2.0, 6.0, -20.0], [4.0, 27.0, 1.0, 16.0, 2.0, 9.0, -9.0, -9.0, 35.0], [-18.0, 47.0, 29.0, 23.0, -19.0, 12.0, 14.0, 11.0, 37.0], [6.0, 28.0, -4.0, 13.0, 26.0, -9.0, -7.0, 32.0, 15.0]]>
memref.global "private" constant @second : memref<5x9xf32> = dense<[[-3.0, -79.0, -26.0, -15.0, -10.0, -37.0, 5.0, 11.0, -6.0], [1.0, 4.0, -27.0, -29.0, -12.0, 8.0, -5.0, -12.0, -5.0], [18.0, 25.0, -10.0, -8.0, -1.0, 1.0, 8.0, -18.0, 16.0], [1.0, 54.0, 18.0, 14.0, -24.0, 31.0, -19.0, 28.0, 55.0], [-10.0, 49.0, -12.0, -12.0, 38.0, -23.0, 20.0, 41.0, 16.0]]>
memref.global "private" constant @third : memref<5x9xf32> = dense<[[0.0, -34.0, -10.0, 11.0, -9.0, -24.0, 14.0, -34.0, -27.0], [4.0, 13.0, 1.0, -19.0, -14.0, -22.0, -1.0, -53.0, -57.0], [4.0, 5.0, 20.0, 4.0, 13.0, 25.0, -2.0, 16.0, 36.0], [-6.0, -1.0, 7.0, -4.0, 0.0, -8.0, 10.0, -50.0, -27.0], [-18.0, 1.0, -2.0, -4.0, 16.0, -5.0, 14.0, -25.0, -14.0]]>

llvm.func @sparsityReadWorkCounts(!llvm.ptr, i64) -> i64
llvm.func @sparsityResetWorkCounts()

func.func @main() {
  %n = arith.constant 5 : index
  %m = arith.constant 9 : index
  %e = arith.constant 40 : index
  %x = memref.get_global @x : memref<5x40xf32>
  %w = memref.get_global @w : memref<9x40xf32>
  %first = memref.get_global @first : memref<5x9xf32>
  %second = memref.get_global @second : memref<5x9xf32>
  %third = memref.get_global @third : memref<5x9xf32>
  %y0 = memref.alloc() : memref<5x9xf32>
  %y1 = memref.alloc() : memref<5x9xf32>
  %y2 = memref.alloc() : memref<5x9xf32>
  sparse_tile.forall sizes(%n, %m, %e) tile [8, 16] ins(%x, %w : memref<5x40xf32>, memref<9x40xf32>)
      outs(%y0, %y1, %y2 : memref<5x9xf32>, memref<5x9xf32>, memref<5x9xf32>) config = #config {
  ^bb0(%i: index, %j: index, %rows: index, %columns: index, %extent: index, %a: memref<5x40xf32>, %b: memref<9x40xf32>, %o0: memref<5x9xf32>, %o1: memref<5x9xf32>, %o2: memref<5x9xf32>):
    %c3 = arith.constant 3 : index
    %c7 = arith.constant 7 : index
    %c17 = arith.constant 17 : index
    %c30 = arith.constant 30 : index
    %s0 = sparse_tile.pipeline from %c3 below %c17 step 8 stages 1 load {
    ^bb0(%k: index):
      %tx = sparse_tile.load %a[%i, %k] dims [0, 1] : memref<5x40xf32> -> <8x8xf32>
      %tw = sparse_tile.load %b[%j, %k] dims [0, 1] : memref<9x40xf32> -> <16x8xf32>
      sparse_tile.yield %tx, %tw : !sparse_tile.tile<8x8xf32>, !sparse_tile.tile<16x8xf32>
    } compute {
    ^bb0(%tx: !sparse_tile.tile<8x8xf32>, %tw: !sparse_tile.tile<16x8xf32>, %acc: !sparse_tile.tile<8x16xf32>):
      %t = sparse_tile.mma %tx, %tw, %acc : <8x8xf32>, <16x8xf32>, <8x16xf32>
      sparse_tile.yield %t : !sparse_tile.tile<8x16xf32>
    } {sparsity.reduction = 2 : i64} -> !sparse_tile.tile<8x16xf32>
    %s1 = sparse_tile.pipeline from %c30 below %extent step 8 stages 1 init(%s0 : !sparse_tile.tile<8x16xf32>) load {
    ^bb0(%k: index):
      %tx = sparse_tile.load %a[%i, %k] dims [0, 1] : memref<5x40xf32> -> <8x8xf32>
      %tw = sparse_tile.load %b[%j, %k] dims [0, 1] : memref<9x40xf32> -> <16x8xf32>
      sparse_tile.yield %tx, %tw : !sparse_tile.tile<8x8xf32>, !sparse_tile.tile<16x8xf32>
    } compute {
    ^bb0(%tx: !sparse_tile.tile<8x8xf32>, %tw: !sparse_tile.tile<16x8xf32>, %acc: !sparse_tile.tile<8x16xf32>):
      %t = sparse_tile.mma %tx, %tw, %acc : <8x8xf32>, <16x8xf32>, <8x16xf32>
      sparse_tile.yield %t : !sparse_tile.tile<8x16xf32>
    } {sparsity.reduction = 2 : i64} -> !sparse_tile.tile<8x16xf32>
    %s2 = sparse_tile.pipeline from %c30 below %c17 step 8 stages 1 init(%s1 : !sparse_tile.tile<8x16xf32>) load {
    ^bb0(%k: index):
      %tx = sparse_tile.load %a[%i, %k] dims [0, 1] : memref<5x40xf32> -> <8x8xf32>
      %tw = sparse_tile.load %b[%j, %k] dims [0, 1] : memref<9x40xf32> -> <16x8xf32>
      sparse_tile.yield %tx, %tw : !sparse_tile.tile<8x8xf32>, !sparse_tile.tile<16x8xf32>
    } compute {
    ^bb0(%tx: !sparse_tile.tile<8x8xf32>, %tw: !sparse_tile.tile<16x8xf32>, %acc: !sparse_tile.tile<8x16xf32>):
      %t = sparse_tile.mma %tx, %tw, %acc : <8x8xf32>, <16x8xf32>, <8x16xf32>
      sparse_tile.yield %t : !sparse_tile.tile<8x16xf32>
    } {sparsity.reduction = 2 : i64} -> !sparse_tile.tile<8x16xf32>
    %s3 = sparse_tile.pipeline below %c7 step 16 stages 1 load {
    ^bb0(%k: index):
      %tx = sparse_tile.load %a[%i, %k] dims [0, 1] : memref<5x40xf32> -> <8x16xf32>
      %tw = sparse_tile.load %b[%j, %k] dims [0, 1] : memref<9x40xf32> -> <16x16xf32>
      sparse_tile.yield %tx, %tw : !sparse_tile.tile<8x16xf32>, !sparse_tile.tile<16x16xf32>
    } compute {
    ^bb0(%tx: !sparse_tile.tile<8x16xf32>, %tw: !sparse_tile.tile<16x16xf32>, %acc: !sparse_tile.tile<8x16xf32>):
      %t = sparse_tile.mma %tx, %tw, %acc : <8x16xf32>, <16x16xf32>, <8x16xf32>
      sparse_tile.yield %t : !sparse_tile.tile<8x16xf32>
    } {sparsity.reduction = 2 : i64} -> !sparse_tile.tile<8x16xf32>
    sparse_tile.store tiles(%s0, %s2, %s3 : !sparse_tile.tile<8x16xf32>, !sparse_tile.tile<8x16xf32>, !sparse_tile.tile<8x16xf32>) ins() outs(%o0, %o1, %o2 : memref<5x9xf32>, memref<5x9xf32>, memref<5x9xf32>) maps [#id, #id, #id] {
    ^bb0(%r: index, %c: index, %t0: f32, %t1: f32, %t2: f32):
      sparse_tile.yield %t0, %t1, %t2 : f32, f32, f32
    }
  }
  call @compare(%y0, %first) : (memref<5x9xf32>, memref<5x9xf32>) -> ()
  call @compare(%y1, %second) : (memref<5x9xf32>, memref<5x9xf32>) -> ()
  call @compare(%y2, %third) : (memref<5x9xf32>, memref<5x9xf32>) -> ()

  %zero = arith.constant 0 : index
  %next = arith.constant 1 : index
  %one = arith.constant 1 : i64
  %counts = memref.alloc() : memref<5xi64>
  %address = memref.extract_aligned_pointer_as_index %counts : memref<5xi64> -> index
  %integer = arith.index_cast %address : index to i64
  %pointer = llvm.inttoptr %integer : i64 to !llvm.ptr
  %schedules = llvm.call @sparsityReadWorkCounts(%pointer, %one) : (!llvm.ptr, i64) -> i64
  scf.for %i = %zero to %n step %next {
    %sum = memref.load %counts[%i] : memref<5xi64>
    vector.print %sum : i64
  }
  vector.print %schedules : i64
  llvm.call @sparsityResetWorkCounts() : () -> ()
  %left = llvm.call @sparsityReadWorkCounts(%pointer, %one) : (!llvm.ptr, i64) -> i64
  vector.print %left : i64
  return
}

// Prints in how many elements two results differ.
func.func private @compare(%y: memref<5x9xf32>, %z: memref<5x9xf32>) {
  %none = arith.constant 0 : i64
  %different = memref.alloc() : memref<i64>
  memref.store %none, %different[] : memref<i64>
  linalg.generic {indexing_maps = [#id, #id, #all], iterator_types = ["reduction", "reduction"]} ins(%y, %z : memref<5x9xf32>, memref<5x9xf32>) outs(%different : memref<i64>) {
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
