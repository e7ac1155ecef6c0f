// Blocks of 8 x 16 elements, each stored as 2:4 along its rows, and again as 2:8 along its
// columns. Steps of 24 positions cross blocks; group 1 lists none.

// REQUIRES: mlir-opt

// RUN: sparsity-opt %s --convert-linalg-to-loops --sparsity-to-cpu \
// RUN:   | mlir-runner -e main --entry-point-result=void \
// RUN:     --shared-libs=%sparsity_runtime,%llvm_lib/libmlir_c_runner_utils.so | FileCheck %s

// CHECK-COUNT-5: {{^}}0{{$}}
// CHECK-NOT: {{.}}

#config = #sparse_tile.config<tile = [8, 8, 24], warps = [1, 1], stages = 1, raster = 1, swap = false, multiply = "f32", instruction = "vector.fma", sparse = false>
#id = affine_map<(d0, d1) -> (d0, d1)>
#transposed = affine_map<(d0, d1) -> (d1, d0)>
#all = affine_map<(d0, d1) -> ()>
#format0 = #sparsity.format<n_of_m<2:4, axis = 2>>
#format1 = #sparsity.format<n_of_m<2:8, axis = 1>>

memref.global "private" constant @x : memref<5x40xf32> = dense<[[1.0, 4.0, -2.0, -1.0, 0.0, 2.0, -1.0, 2.0, 0.0, -3.0, 3.0, -2.0, 2.0, 4.0, -4.0, 2.0, 1.0, 1.0, -4.0, -3.0, -2.0, -3.0, 2.0, 1.0, 2.0, 2.0, 4.0, -4.0, -2.0, 2.0, 0.0, 1.0, 1.0, 3.0, 3.0, -3.0, 3.0, 0.0, -2.0, -1.0], [-3.0, 1.0, -2.0, 4.0, 2.0, 3.0, -4.0, -2.0, -2.0, 1.0, 3.0, -4.0, 4.0, -2.0, -1.0, 2.0, 2.0, 1.0, -1.0, 0.0, -2.0, 3.0, 1.0, 3.0, -3.0, 3.0, 0.0, 1.0, 1.0, 2.0, 4.0, -1.0, 3.0, -3.0, -3.0, -2.0, -1.0, 0.0, -4.0, 0.0], [-4.0, -4.0, 4.0, 2.0, -3.0, -4.0, -1.0, -1.0, 2.0, 2.0, -3.0, -3.0, -1.0, -1.0, -3.0, 4.0, 3.0, 2.0, -1.0, -2.0, -3.0, -1.0, -2.0, -4.0, 1.0, -4.0, -1.0, 2.0, -2.0, -1.0, -2.0, 2.0, -1.0, -3.0, 0.0, 4.0, -1.0, 1.0, 2.0, 4.0], [-1.0, -1.0, -4.0, -4.0, -4.0, 3.0, -1.0, -4.0, 4.0, 0.0, -1.0, -3.0, -1.0, 3.0, -4.0, -3.0, 0.0, 4.0, -4.0, 0.0, -2.0, -2.0, -3.0, -4.0, -1.0, 1.0, -3.0, 0.0, -3.0, -1.0, -4.0, 4.0, 0.0, 1.0, -2.0, 0.0, 3.0, -1.0, 2.0, 1.0], [0.0, 2.0, 4.0, 0.0, -2.0, -3.0, -4.0, -2.0, 3.0, 3.0, 4.0, -2.0, -4.0, -1.0, -1.0, -1.0, -4.0, 0.0, 1.0, 2.0, 3.0, -3.0, -4.0, 0.0, 2.0, -4.0, 0.0, 4.0, -3.0, 3.0, -2.0, 1.0, -3.0, -3.0, -3.0, 4.0, 0.0, 3.0, -4.0, 1.0]]>
memref.global "private" constant @positions : memref<4xi32> = dense<[0, 2, 2, 4]>
memref.global "private" constant @coordinates : memref<4xi32> = dense<[0, 2, 1, 2]>
memref.global "private" constant @values : memref<4x8x8xf32> = dense<[[[3.0, 2.0, 0.0, 0.0, 0.0, 5.0, 0.0, 3.0], [0.0, 2.0, 0.0, 4.0, 1.0, 4.0, 0.0, 0.0], [2.0, 0.0, 1.0, 3.0, 0.0, 0.0, 4.0, 5.0], [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 2.0, 1.0], [1.0, 5.0, 2.0, 1.0, 0.0, 2.0, 5.0, 5.0], [4.0, 4.0, 0.0, 0.0, 5.0, 2.0, 0.0, 0.0], [0.0, 0.0, 2.0, 2.0, 0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 0.0, 1.0, 0.0, 2.0, 3.0, 0.0]], [[0.0, 5.0, 1.0, 3.0, 0.0, 0.0, 0.0, 0.0], [0.0, 5.0, 4.0, 5.0, 0.0, 0.0, 0.0, 0.0], [0.0, 4.0, 2.0, 3.0, 0.0, 0.0, 0.0, 0.0], [0.0, 3.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0], [1.0, 2.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0], [3.0, 4.0, 0.0, 2.0, 0.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 4.0, 0.0, 0.0, 0.0, 0.0]], [[4.0, 1.0, 2.0, 1.0, 3.0, 4.0, 4.0, 5.0], [4.0, 2.0, 4.0, 3.0, 5.0, 4.0, 3.0, 4.0], [3.0, 1.0, 1.0, 1.0, 4.0, 4.0, 1.0, 3.0], [1.0, 4.0, 1.0, 1.0, 0.0, 3.0, 1.0, 3.0], [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]], [[1.0, 3.0, 2.0, 1.0, 0.0, 0.0, 0.0, 0.0], [2.0, 0.0, 3.0, 4.0, 0.0, 0.0, 0.0, 0.0], [5.0, 2.0, 1.0, 2.0, 0.0, 0.0, 0.0, 0.0], [4.0, 5.0, 1.0, 4.0, 0.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]]]>
memref.global "private" constant @metadata : memref<4x8x2xi8> = dense<[[[73, 72], [-124, 68], [-108, -60], [68, -108], [-52, -20], [78, 68], [-60, 76], [68, 72]], [[-56, 68], [-44, 68], [-116, 68], [68, 68], [76, 68], [68, 68], [-120, 68], [68, 68]], [[-108, 68], [78, -35], [-23, -120], [-52, -20], [68, 68], [68, 68], [68, 68], [68, 68]], [[-99, 68], [-44, 68], [-55, 68], [-116, 68], [68, 68], [68, 68], [68, 68], [68, 68]]]>
memref.global "private" constant @column_values : memref<4x16x2xf32> = dense<[[[2.0, 1.0], [3.0, 2.0], [2.0, 4.0], [5.0, 4.0], [2.0, 2.0], [1.0, 1.0], [4.0, 3.0], [1.0, 2.0], [1.0, 5.0], [4.0, 2.0], [5.0, 2.0], [2.0, 1.0], [4.0, 3.0], [3.0, 2.0], [1.0, 5.0], [5.0, 5.0]], [[1.0, 3.0], [5.0, 3.0], [5.0, 4.0], [4.0, 2.0], [1.0, 2.0], [4.0, 4.0], [3.0, 2.0], [3.0, 5.0], [0.0, 0.0], [0.0, 0.0], [0.0, 0.0], [0.0, 0.0], [0.0, 0.0], [0.0, 0.0], [0.0, 0.0], [0.0, 0.0]], [[4.0, 1.0], [1.0, 3.0], [4.0, 1.0], [2.0, 4.0], [4.0, 1.0], [2.0, 3.0], [1.0, 1.0], [1.0, 1.0], [3.0, 4.0], [4.0, 5.0], [0.0, 4.0], [4.0, 3.0], [4.0, 1.0], [5.0, 3.0], [3.0, 1.0], [4.0, 3.0]], [[2.0, 4.0], [1.0, 5.0], [0.0, 2.0], [3.0, 5.0], [1.0, 1.0], [2.0, 3.0], [1.0, 4.0], [4.0, 2.0], [0.0, 0.0], [0.0, 0.0], [0.0, 0.0], [0.0, 0.0], [0.0, 0.0], [0.0, 0.0], [0.0, 0.0], [0.0, 0.0]]]>
memref.global "private" constant @column_metadata : memref<4x16x1xi8> = dense<[[[66], [16], [80], [84], [100], [114], [33], [100], [81], [81], [112], [100], [114], [48], [67], [66]], [[100], [49], [96], [66], [32], [113], [98], [16], [16], [16], [16], [16], [16], [16], [16], [16]], [[48], [32], [33], [49], [49], [16], [32], [50], [32], [16], [32], [49], [32], [16], [50], [49]], [[49], [32], [32], [48], [50], [16], [48], [33], [16], [16], [16], [16], [16], [16], [16], [16]]]>
memref.global "private" constant @expected : memref<5x20xf32> = dense<[[50.0, 2.0, 7.0, 13.0, -21.0, -18.0, 13.0, 14.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 9.0, -37.0, 46.0, -37.0], [-8.0, -27.0, -11.0, -14.0, 15.0, 0.0, -15.0, 21.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 20.0, 24.0, -15.0, -8.0], [-11.0, 7.0, 21.0, -14.0, 5.0, 38.0, -10.0, -9.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, -3.0, -13.0, -17.0, 21.0], [-11.0, 4.0, -9.0, 5.0, -74.0, -12.0, -23.0, -6.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, -18.0, -11.0, -24.0, 13.0], [19.0, 5.0, -32.0, -12.0, -15.0, 37.0, -39.0, 5.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, -22.0, 27.0, -23.0, 12.0]]>

func.func @main() {
  %tokens = arith.constant 5 : index
  %rows = arith.constant 20 : index
  %extent = arith.constant 40 : index
  %x = memref.get_global @x : memref<5x40xf32>
  %positions = memref.get_global @positions : memref<4xi32>
  %coordinates = memref.get_global @coordinates : memref<4xi32>
  %values = memref.get_global @values : memref<4x8x8xf32>
  %metadata = memref.get_global @metadata : memref<4x8x2xi8>
  %column_values = memref.get_global @column_values : memref<4x16x2xf32>
  %column_metadata = memref.get_global @column_metadata : memref<4x16x1xi8>
  %expected = memref.get_global @expected : memref<5x20xf32>

  // Element by element.
  %result0 = memref.alloc() : memref<5x20xf32>
  sparse_tile.forall sizes(%tokens, %rows, %extent) tile [8, 8]
      ins(%x, %positions, %coordinates, %values, %metadata : memref<5x40xf32>, memref<4xi32>, memref<4xi32>, memref<4x8x8xf32>, memref<4x8x2xi8>)
      outs(%result0 : memref<5x20xf32>) config = #config {
  ^bb0(%i: index, %j: index, %m: index, %n: index, %k0: index, %a: memref<5x40xf32>, %p: memref<4xi32>, %co: memref<4xi32>, %f0: memref<4x8x8xf32>, %f1: memref<4x8x2xi8>, %out: memref<5x20xf32>):
    %one = arith.constant 1 : index
    %width = arith.constant 16 : index
    %height = arith.constant 8 : index
    %true = arith.constant true
    %group = arith.divui %j, %height : index
    %next = arith.addi %group, %one : index
    %0 = memref.load %p[%group] : memref<4xi32>
    %1 = memref.load %p[%next] : memref<4xi32>
    %2 = arith.index_cast %0 : i32 to index
    %3 = arith.index_cast %1 : i32 to index
    %lower = arith.muli %2, %width : index
    %upper = arith.muli %3, %width : index
    %s = sparse_tile.pipeline from %lower below %upper step 24 stages 1 load {
    ^bb0(%k: index):
      %tx = sparse_tile.load %a[%i, %k] dims [0, 1] at {
      ^bb0(%row: index, %position: index):
        %e = arith.divui %position, %width : index
        %c = arith.remui %position, %width : index
        %b = memref.load %co[%e] : memref<4xi32>
        %block = arith.index_cast %b : i32 to index
        %start = arith.muli %block, %width : index
        %column = arith.addi %start, %c : index
        %present = arith.cmpi ult, %column, %k0 : index
        sparse_tile.yield %row, %column, %present : index, index, i1
      } : memref<5x40xf32> -> <8x24xf32>
      %packed = sparse_tile.load %f0, %f1[%j, %k] dims [0, 1] at {
      ^bb0(%row: index, %position: index):
        %e = arith.divui %position, %width : index
        %c = arith.remui %position, %width : index
        %r = arith.remui %row, %height : index
        sparse_tile.yield %e, %r, %c, %true : index, index, index, i1
      } : memref<4x8x8xf32>, memref<4x8x2xi8> -> <8x24xf32, #format0>
      %tw = sparse_tile.expand %packed : <8x24xf32, #format0> -> <8x24xf32>
      sparse_tile.yield %tx, %tw : !sparse_tile.tile<8x24xf32>, !sparse_tile.tile<8x24xf32>
    } compute {
    ^bb0(%tx: !sparse_tile.tile<8x24xf32>, %tw: !sparse_tile.tile<8x24xf32>, %acc: !sparse_tile.tile<8x8xf32>):
      %sum = sparse_tile.mma %tx, %tw, %acc : <8x24xf32>, <8x24xf32>, <8x8xf32>
      sparse_tile.yield %sum : !sparse_tile.tile<8x8xf32>
    } -> !sparse_tile.tile<8x8xf32>
    sparse_tile.store tiles(%s : !sparse_tile.tile<8x8xf32>) ins() outs(%out : memref<5x20xf32>) maps [#id] {
    ^bb0(%r: index, %c: index, %t: f32):
      sparse_tile.yield %t : f32
    }
  }
  call @compare(%result0, %expected) : (memref<5x20xf32>, memref<5x20xf32>) -> ()

  // Row by row of a block.
  %result1 = memref.alloc() : memref<5x20xf32>
  sparse_tile.forall sizes(%tokens, %rows, %extent) tile [8, 8]
      ins(%x, %positions, %coordinates, %values, %metadata : memref<5x40xf32>, memref<4xi32>, memref<4xi32>, memref<4x8x8xf32>, memref<4x8x2xi8>)
      outs(%result1 : memref<5x20xf32>) config = #config {
  ^bb0(%i: index, %j: index, %m: index, %n: index, %k0: index, %a: memref<5x40xf32>, %p: memref<4xi32>, %co: memref<4xi32>, %f0: memref<4x8x8xf32>, %f1: memref<4x8x2xi8>, %out: memref<5x20xf32>):
    %one = arith.constant 1 : index
    %width = arith.constant 16 : index
    %height = arith.constant 8 : index
    %true = arith.constant true
    %group = arith.divui %j, %height : index
    %next = arith.addi %group, %one : index
    %0 = memref.load %p[%group] : memref<4xi32>
    %1 = memref.load %p[%next] : memref<4xi32>
    %2 = arith.index_cast %0 : i32 to index
    %3 = arith.index_cast %1 : i32 to index
    %lower = arith.muli %2, %width : index
    %upper = arith.muli %3, %width : index
    %s = sparse_tile.pipeline from %lower below %upper step 24 stages 1 load {
    ^bb0(%k: index):
      %tx = sparse_tile.load %a[%i, %k] dims [0, 1] runs [1, 8] at {
      ^bb0(%row: index, %position: index):
        %e = arith.divui %position, %width : index
        %c = arith.remui %position, %width : index
        %b = memref.load %co[%e] : memref<4xi32>
        %block = arith.index_cast %b : i32 to index
        %start = arith.muli %block, %width : index
        %column = arith.addi %start, %c : index
        %present = arith.cmpi ult, %column, %k0 : index
        sparse_tile.yield %row, %column, %present : index, index, i1
      } : memref<5x40xf32> -> <8x24xf32>
      %packed = sparse_tile.load %f0, %f1[%j, %k] dims [0, 1] runs [1, 16] at {
      ^bb0(%row: index, %position: index):
        %e = arith.divui %position, %width : index
        %c = arith.remui %position, %width : index
        %r = arith.remui %row, %height : index
        sparse_tile.yield %e, %r, %c, %true : index, index, index, i1
      } : memref<4x8x8xf32>, memref<4x8x2xi8> -> <8x24xf32, #format0>
      %tw = sparse_tile.expand %packed : <8x24xf32, #format0> -> <8x24xf32>
      sparse_tile.yield %tx, %tw : !sparse_tile.tile<8x24xf32>, !sparse_tile.tile<8x24xf32>
    } compute {
    ^bb0(%tx: !sparse_tile.tile<8x24xf32>, %tw: !sparse_tile.tile<8x24xf32>, %acc: !sparse_tile.tile<8x8xf32>):
      %sum = sparse_tile.mma %tx, %tw, %acc : <8x24xf32>, <8x24xf32>, <8x8xf32>
      sparse_tile.yield %sum : !sparse_tile.tile<8x8xf32>
    } -> !sparse_tile.tile<8x8xf32>
    sparse_tile.store tiles(%s : !sparse_tile.tile<8x8xf32>) ins() outs(%out : memref<5x20xf32>) maps [#id] {
    ^bb0(%r: index, %c: index, %t: f32):
      sparse_tile.yield %t : f32
    }
  }
  call @compare(%result1, %expected) : (memref<5x20xf32>, memref<5x20xf32>) -> ()

  // Runs shorter than a group, as the other operand.
  %result2 = memref.alloc() : memref<5x20xf32>
  sparse_tile.forall sizes(%rows, %tokens, %extent) tile [8, 8]
      ins(%x, %positions, %coordinates, %values, %metadata : memref<5x40xf32>, memref<4xi32>, memref<4xi32>, memref<4x8x8xf32>, memref<4x8x2xi8>)
      outs(%result2 : memref<5x20xf32>) config = #config {
  ^bb0(%i: index, %j: index, %m: index, %n: index, %k0: index, %a: memref<5x40xf32>, %p: memref<4xi32>, %co: memref<4xi32>, %f0: memref<4x8x8xf32>, %f1: memref<4x8x2xi8>, %out: memref<5x20xf32>):
    %one = arith.constant 1 : index
    %width = arith.constant 16 : index
    %height = arith.constant 8 : index
    %true = arith.constant true
    %group = arith.divui %i, %height : index
    %next = arith.addi %group, %one : index
    %0 = memref.load %p[%group] : memref<4xi32>
    %1 = memref.load %p[%next] : memref<4xi32>
    %2 = arith.index_cast %0 : i32 to index
    %3 = arith.index_cast %1 : i32 to index
    %lower = arith.muli %2, %width : index
    %upper = arith.muli %3, %width : index
    %s = sparse_tile.pipeline from %lower below %upper step 24 stages 1 load {
    ^bb0(%k: index):
      %tx = sparse_tile.load %a[%j, %k] dims [0, 1] runs [1, 8] at {
      ^bb0(%row: index, %position: index):
        %e = arith.divui %position, %width : index
        %c = arith.remui %position, %width : index
        %b = memref.load %co[%e] : memref<4xi32>
        %block = arith.index_cast %b : i32 to index
        %start = arith.muli %block, %width : index
        %column = arith.addi %start, %c : index
        %present = arith.cmpi ult, %column, %k0 : index
        sparse_tile.yield %row, %column, %present : index, index, i1
      } : memref<5x40xf32> -> <8x24xf32>
      %packed = sparse_tile.load %f0, %f1[%i, %k] dims [0, 1] runs [1, 2] at {
      ^bb0(%row: index, %position: index):
        %e = arith.divui %position, %width : index
        %c = arith.remui %position, %width : index
        %r = arith.remui %row, %height : index
        sparse_tile.yield %e, %r, %c, %true : index, index, index, i1
      } : memref<4x8x8xf32>, memref<4x8x2xi8> -> <8x24xf32, #format0>
      %tw = sparse_tile.expand %packed : <8x24xf32, #format0> -> <8x24xf32>
      sparse_tile.yield %tx, %tw : !sparse_tile.tile<8x24xf32>, !sparse_tile.tile<8x24xf32>
    } compute {
    ^bb0(%tx: !sparse_tile.tile<8x24xf32>, %tw: !sparse_tile.tile<8x24xf32>, %acc: !sparse_tile.tile<8x8xf32>):
      %sum = sparse_tile.mma %tw, %tx, %acc : <8x24xf32>, <8x24xf32>, <8x8xf32>
      sparse_tile.yield %sum : !sparse_tile.tile<8x8xf32>
    } -> !sparse_tile.tile<8x8xf32>
    sparse_tile.store tiles(%s : !sparse_tile.tile<8x8xf32>) ins() outs(%out : memref<5x20xf32>) maps [#transposed] {
    ^bb0(%r: index, %c: index, %t: f32):
      sparse_tile.yield %t : f32
    }
  }
  call @compare(%result2, %expected) : (memref<5x20xf32>, memref<5x20xf32>) -> ()

  // Groups along the rows of the tile.
  %result3 = memref.alloc() : memref<5x20xf32>
  sparse_tile.forall sizes(%tokens, %rows, %extent) tile [8, 8]
      ins(%x, %positions, %coordinates, %column_values, %column_metadata : memref<5x40xf32>, memref<4xi32>, memref<4xi32>, memref<4x16x2xf32>, memref<4x16x1xi8>)
      outs(%result3 : memref<5x20xf32>) config = #config {
  ^bb0(%i: index, %j: index, %m: index, %n: index, %k0: index, %a: memref<5x40xf32>, %p: memref<4xi32>, %co: memref<4xi32>, %f0: memref<4x16x2xf32>, %f1: memref<4x16x1xi8>, %out: memref<5x20xf32>):
    %one = arith.constant 1 : index
    %width = arith.constant 16 : index
    %height = arith.constant 8 : index
    %true = arith.constant true
    %group = arith.divui %j, %height : index
    %next = arith.addi %group, %one : index
    %0 = memref.load %p[%group] : memref<4xi32>
    %1 = memref.load %p[%next] : memref<4xi32>
    %2 = arith.index_cast %0 : i32 to index
    %3 = arith.index_cast %1 : i32 to index
    %lower = arith.muli %2, %width : index
    %upper = arith.muli %3, %width : index
    %s = sparse_tile.pipeline from %lower below %upper step 24 stages 1 load {
    ^bb0(%k: index):
      %tx = sparse_tile.load %a[%i, %k] dims [0, 1] at {
      ^bb0(%row: index, %position: index):
        %e = arith.divui %position, %width : index
        %c = arith.remui %position, %width : index
        %b = memref.load %co[%e] : memref<4xi32>
        %block = arith.index_cast %b : i32 to index
        %start = arith.muli %block, %width : index
        %column = arith.addi %start, %c : index
        %present = arith.cmpi ult, %column, %k0 : index
        sparse_tile.yield %row, %column, %present : index, index, i1
      } : memref<5x40xf32> -> <8x24xf32>
      %packed = sparse_tile.load %f0, %f1[%j, %k] dims [0, 1] at {
      ^bb0(%row: index, %position: index):
        %e = arith.divui %position, %width : index
        %c = arith.remui %position, %width : index
        %r = arith.remui %row, %height : index
        sparse_tile.yield %e, %r, %c, %true : index, index, index, i1
      } : memref<4x16x2xf32>, memref<4x16x1xi8> -> <8x24xf32, #format1>
      %tw = sparse_tile.expand %packed : <8x24xf32, #format1> -> <8x24xf32>
      sparse_tile.yield %tx, %tw : !sparse_tile.tile<8x24xf32>, !sparse_tile.tile<8x24xf32>
    } compute {
    ^bb0(%tx: !sparse_tile.tile<8x24xf32>, %tw: !sparse_tile.tile<8x24xf32>, %acc: !sparse_tile.tile<8x8xf32>):
      %sum = sparse_tile.mma %tx, %tw, %acc : <8x24xf32>, <8x24xf32>, <8x8xf32>
      sparse_tile.yield %sum : !sparse_tile.tile<8x8xf32>
    } -> !sparse_tile.tile<8x8xf32>
    sparse_tile.store tiles(%s : !sparse_tile.tile<8x8xf32>) ins() outs(%out : memref<5x20xf32>) maps [#id] {
    ^bb0(%r: index, %c: index, %t: f32):
      sparse_tile.yield %t : f32
    }
  }
  call @compare(%result3, %expected) : (memref<5x20xf32>, memref<5x20xf32>) -> ()

  // The same in runs along the columns.
  %result4 = memref.alloc() : memref<5x20xf32>
  sparse_tile.forall sizes(%rows, %tokens, %extent) tile [8, 8]
      ins(%x, %positions, %coordinates, %column_values, %column_metadata : memref<5x40xf32>, memref<4xi32>, memref<4xi32>, memref<4x16x2xf32>, memref<4x16x1xi8>)
      outs(%result4 : memref<5x20xf32>) config = #config {
  ^bb0(%i: index, %j: index, %m: index, %n: index, %k0: index, %a: memref<5x40xf32>, %p: memref<4xi32>, %co: memref<4xi32>, %f0: memref<4x16x2xf32>, %f1: memref<4x16x1xi8>, %out: memref<5x20xf32>):
    %one = arith.constant 1 : index
    %width = arith.constant 16 : index
    %height = arith.constant 8 : index
    %true = arith.constant true
    %group = arith.divui %i, %height : index
    %next = arith.addi %group, %one : index
    %0 = memref.load %p[%group] : memref<4xi32>
    %1 = memref.load %p[%next] : memref<4xi32>
    %2 = arith.index_cast %0 : i32 to index
    %3 = arith.index_cast %1 : i32 to index
    %lower = arith.muli %2, %width : index
    %upper = arith.muli %3, %width : index
    %s = sparse_tile.pipeline from %lower below %upper step 24 stages 1 load {
    ^bb0(%k: index):
      %tx = sparse_tile.load %a[%j, %k] dims [0, 1] runs [1, 8] at {
      ^bb0(%row: index, %position: index):
        %e = arith.divui %position, %width : index
        %c = arith.remui %position, %width : index
        %b = memref.load %co[%e] : memref<4xi32>
        %block = arith.index_cast %b : i32 to index
        %start = arith.muli %block, %width : index
        %column = arith.addi %start, %c : index
        %present = arith.cmpi ult, %column, %k0 : index
        sparse_tile.yield %row, %column, %present : index, index, i1
      } : memref<5x40xf32> -> <8x24xf32>
      %packed = sparse_tile.load %f0, %f1[%i, %k] dims [0, 1] runs [1, 16] at {
      ^bb0(%row: index, %position: index):
        %e = arith.divui %position, %width : index
        %c = arith.remui %position, %width : index
        %r = arith.remui %row, %height : index
        sparse_tile.yield %e, %r, %c, %true : index, index, index, i1
      } : memref<4x16x2xf32>, memref<4x16x1xi8> -> <8x24xf32, #format1>
      %tw = sparse_tile.expand %packed : <8x24xf32, #format1> -> <8x24xf32>
      sparse_tile.yield %tx, %tw : !sparse_tile.tile<8x24xf32>, !sparse_tile.tile<8x24xf32>
    } compute {
    ^bb0(%tx: !sparse_tile.tile<8x24xf32>, %tw: !sparse_tile.tile<8x24xf32>, %acc: !sparse_tile.tile<8x8xf32>):
      %sum = sparse_tile.mma %tw, %tx, %acc : <8x24xf32>, <8x24xf32>, <8x8xf32>
      sparse_tile.yield %sum : !sparse_tile.tile<8x8xf32>
    } -> !sparse_tile.tile<8x8xf32>
    sparse_tile.store tiles(%s : !sparse_tile.tile<8x8xf32>) ins() outs(%out : memref<5x20xf32>) maps [#transposed] {
    ^bb0(%r: index, %c: index, %t: f32):
      sparse_tile.yield %t : f32
    }
  }
  call @compare(%result4, %expected) : (memref<5x20xf32>, memref<5x20xf32>) -> ()
  return
}

// Prints in how many elements two results differ.
func.func private @compare(%y: memref<5x20xf32>, %z: memref<5x20xf32>) {
  %none = arith.constant 0 : i64
  %different = memref.alloc() : memref<i64>
  memref.store %none, %different[] : memref<i64>
  linalg.generic {indexing_maps = [#id, #id, #all], iterator_types = ["reduction", "reduction"]} ins(%y, %z : memref<5x20xf32>, memref<5x20xf32>) outs(%different : memref<i64>) {
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
