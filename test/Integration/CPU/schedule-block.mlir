// A schedule over block storage: each work item multiplies the entries of its group, whose
// bounds it reads from a list. Steps of 24 positions cross blocks of 16; the last block
// column has 8 of its 16 columns inside, group 1 lists nothing, and the last group has 4 of
// its 8 rows inside. The reference multiplies the dense matrix.

// REQUIRES: mlir-opt

// RUN: sparsity-opt %s --convert-linalg-to-loops --sparsity-to-cpu \
// RUN:   | mlir-runner -e main --entry-point-result=void \
// RUN:     --shared-libs=%sparsity_runtime,%llvm_lib/libmlir_c_runner_utils.so | FileCheck %s

// Different elements, then elements that are not zero.
// CHECK: {{^}}0{{$}}
// CHECK-NEXT: {{^}}60{{$}}

#config = #sparse_tile.config<tile = [32, 8, 24], warps = [1, 1], stages = 1, raster = 1, swap = false, multiply = "f32", instruction = "vector.fma", sparse = false>
#id = affine_map<(d0, d1) -> (d0, d1)>
#id3 = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
#row = affine_map<(d0, d1, d2) -> (d0, d2)>
#column = affine_map<(d0, d1, d2) -> (d1, d2)>
#sum = affine_map<(d0, d1, d2) -> (d0, d1)>
#all = affine_map<(d0, d1) -> ()>

memref.global "private" constant @positions : memref<4xi32> = dense<[0, 2, 2, 5]>
memref.global "private" constant @coordinates : memref<5xi32> = dense<[1, 2, 0, 1, 2]>

func.func @main() {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %c5 = arith.constant 5 : index
  %c7 = arith.constant 7 : index
  %c8 = arith.constant 8 : index
  %c11 = arith.constant 11 : index
  %c16 = arith.constant 16 : index
  %c20 = arith.constant 20 : index
  %c40 = arith.constant 40 : index
  %zero = arith.constant 0.0 : f32
  %none = arith.constant 0 : i64
  %positions = memref.get_global @positions : memref<4xi32>
  %coordinates = memref.get_global @coordinates : memref<5xi32>
  %x = memref.alloc() : memref<5x40xf32>
  %values = memref.alloc() : memref<5x8x16xf32>
  %w = memref.alloc() : memref<20x40xf32>
  %y = memref.alloc() : memref<5x20xf32>
  %z = memref.alloc() : memref<5x20xf32>
  linalg.generic {indexing_maps = [#id], iterator_types = ["parallel", "parallel"]} outs(%x : memref<5x40xf32>) {
  ^bb0(%o: f32):
    %i = linalg.index 0 : index
    %k = linalg.index 1 : index
    %0 = arith.muli %i, %c7 : index
    %1 = arith.muli %k, %c3 : index
    %2 = arith.addi %0, %1 : index
    %3 = arith.remui %2, %c11 : index
    %4 = arith.subi %3, %c5 : index
    %5 = arith.index_cast %4 : index to i32
    %6 = arith.sitofp %5 : i32 to f32
    linalg.yield %6 : f32
  }
  linalg.generic {indexing_maps = [#id3], iterator_types = ["parallel", "parallel", "parallel"]} outs(%values : memref<5x8x16xf32>) {
  ^bb0(%o: f32):
    %e = linalg.index 0 : index
    %r = linalg.index 1 : index
    %c = linalg.index 2 : index
    %0 = arith.muli %e, %c5 : index
    %1 = arith.muli %r, %c3 : index
    %2 = arith.addi %0, %1 : index
    %3 = arith.addi %2, %c : index
    %4 = arith.remui %3, %c7 : index
    %5 = arith.subi %4, %c3 : index
    %6 = arith.index_cast %5 : index to i32
    %7 = arith.sitofp %6 : i32 to f32
    linalg.yield %7 : f32
  }
  linalg.fill ins(%zero : f32) outs(%w : memref<20x40xf32>)
  linalg.fill ins(%zero : f32) outs(%z : memref<5x20xf32>)
  scf.for %g = %c0 to %c3 step %c1 {
    %g1 = arith.addi %g, %c1 : index
    %0 = memref.load %positions[%g] : memref<4xi32>
    %1 = memref.load %positions[%g1] : memref<4xi32>
    %begin = arith.index_cast %0 : i32 to index
    %end = arith.index_cast %1 : i32 to index
    scf.for %e = %begin to %end step %c1 {
      %2 = memref.load %coordinates[%e] : memref<5xi32>
      %block = arith.index_cast %2 : i32 to index
      scf.for %r = %c0 to %c8 step %c1 {
        scf.for %c = %c0 to %c16 step %c1 {
          %3 = arith.muli %g, %c8 : index
          %row = arith.addi %3, %r : index
          %4 = arith.muli %block, %c16 : index
          %column = arith.addi %4, %c : index
          %5 = arith.cmpi ult, %row, %c20 : index
          %6 = arith.cmpi ult, %column, %c40 : index
          %inside = arith.andi %5, %6 : i1
          scf.if %inside {
            %v = memref.load %values[%e, %r, %c] : memref<5x8x16xf32>
            memref.store %v, %w[%row, %column] : memref<20x40xf32>
          }
        }
      }
    }
  }
  linalg.generic {indexing_maps = [#row, #column, #sum], iterator_types = ["parallel", "parallel", "reduction"]} ins(%x, %w : memref<5x40xf32>, memref<20x40xf32>) outs(%z : memref<5x20xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %0 = arith.mulf %a, %b : f32
    %1 = arith.addf %o, %0 : f32
    linalg.yield %1 : f32
  }

  sparse_tile.forall sizes(%c5, %c20, %c40) tile [32, 8]
      ins(%x, %positions, %coordinates, %values : memref<5x40xf32>, memref<4xi32>, memref<5xi32>, memref<5x8x16xf32>)
      outs(%y : memref<5x20xf32>) config = #config {
  ^bb0(%i: index, %j: index, %tokens: index, %rows: index, %extent: index, %a: memref<5x40xf32>, %p: memref<4xi32>, %co: memref<5xi32>, %v: memref<5x8x16xf32>, %out: memref<5x20xf32>):
    %one = arith.constant 1 : index
    %size = arith.constant 16 : index
    %height = arith.constant 8 : index
    %group = arith.divui %j, %height : index
    %next = arith.addi %group, %one : index
    %0 = memref.load %p[%group] : memref<4xi32>
    %1 = memref.load %p[%next] : memref<4xi32>
    %2 = arith.index_cast %0 : i32 to index
    %3 = arith.index_cast %1 : i32 to index
    %lower = arith.muli %2, %size : index
    %upper = arith.muli %3, %size : index
    %s = sparse_tile.pipeline from %lower below %upper step 24 stages 1 load {
    ^bb0(%k: index):
      %ta = sparse_tile.load %a[%i, %k] dims [0, 1] runs [1, 8] at {
      ^bb0(%row: index, %position: index):
        %e = arith.divui %position, %size : index
        %c = arith.remui %position, %size : index
        %b = memref.load %co[%e] : memref<5xi32>
        %block = arith.index_cast %b : i32 to index
        %start = arith.muli %block, %size : index
        %column = arith.addi %start, %c : index
        %present = arith.cmpi ult, %column, %extent : index
        sparse_tile.yield %row, %column, %present : index, index, i1
      } : memref<5x40xf32> -> <32x24xf32>
      %tb = sparse_tile.load %v[%j, %k] dims [0, 1] runs [1, 16] at {
      ^bb0(%row: index, %position: index):
        %e = arith.divui %position, %size : index
        %c = arith.remui %position, %size : index
        %r = arith.remui %row, %height : index
        %true = arith.constant true
        sparse_tile.yield %e, %r, %c, %true : index, index, index, i1
      } : memref<5x8x16xf32> -> <8x24xf32>
      sparse_tile.yield %ta, %tb : !sparse_tile.tile<32x24xf32>, !sparse_tile.tile<8x24xf32>
    } compute {
    ^bb0(%ta: !sparse_tile.tile<32x24xf32>, %tb: !sparse_tile.tile<8x24xf32>, %acc: !sparse_tile.tile<32x8xf32>):
      %t = sparse_tile.mma %ta, %tb, %acc : <32x24xf32>, <8x24xf32>, <32x8xf32>
      sparse_tile.yield %t : !sparse_tile.tile<32x8xf32>
    } -> !sparse_tile.tile<32x8xf32>
    sparse_tile.store tiles(%s : !sparse_tile.tile<32x8xf32>) ins() outs(%out : memref<5x20xf32>) maps [#id] {
    ^bb0(%r: index, %c: index, %t: f32):
      sparse_tile.yield %t : f32
    }
  }

  %different = memref.alloc() : memref<i64>
  %nonzero = memref.alloc() : memref<i64>
  memref.store %none, %different[] : memref<i64>
  memref.store %none, %nonzero[] : memref<i64>
  linalg.generic {indexing_maps = [#id, #id, #all, #all], iterator_types = ["reduction", "reduction"]} ins(%y, %z : memref<5x20xf32>, memref<5x20xf32>) outs(%different, %nonzero : memref<i64>, memref<i64>) {
  ^bb0(%a: f32, %b: f32, %d: i64, %n: i64):
    %0 = arith.cmpf une, %a, %b : f32
    %1 = arith.extui %0 : i1 to i64
    %2 = arith.addi %d, %1 : i64
    %3 = arith.cmpf une, %a, %zero : f32
    %4 = arith.extui %3 : i1 to i64
    %5 = arith.addi %n, %4 : i64
    linalg.yield %2, %5 : i64, i64
  }
  %0 = memref.load %different[] : memref<i64>
  %1 = memref.load %nonzero[] : memref<i64>
  vector.print %0 : i64
  vector.print %1 : i64
  return
}
