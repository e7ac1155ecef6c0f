// Gathered loads: what needs the row alone is computed once a row, a run is copied as
// vectors, and nothing is read where there is no element.

// RUN: sparsity-opt %s --convert-sparse-tile-to-vector --canonicalize | FileCheck %s

#config = #sparse_tile.config<tile = [8, 16, 32], warps = [1, 1], stages = 1, raster = 1, swap = false, multiply = "f32", instruction = "vector.fma", sparse = false>
#id = affine_map<(d0, d1) -> (d0, d1)>
#bitmap = #sparsity.format<bitmap<16x64>>
#pair = #sparsity.format<n_of_m<2:4, axis = 2>>

// CHECK-LABEL: llvm.func internal @rows_work(
// CHECK: %[[A:.*]] = memref.alloca() {{.*}} : memref<8x32xf32>
// CHECK: %[[B:.*]] = memref.alloca() {{.*}} : memref<32x16xf32>

// The row of x comes from a list, read once; runs of 64 start where 64 divides the position.
// CHECK: scf.for
// CHECK: %[[TOKEN:.*]] = memref.load %{{.*}} : memref<?xi32>
// CHECK: %[[ROW:.*]] = arith.index_cast %[[TOKEN]] : i32 to index
// CHECK: %[[FIRST:.*]] = arith.divui %{{.*}}, %c64
// CHECK: %[[LAST:.*]] = arith.ceildivui %{{.*}}, %c64
// CHECK: scf.for %[[CHUNK:.*]] = %[[FIRST]] to %[[LAST]] step %c1
// CHECK: %[[START:.*]] = arith.muli %[[CHUNK]], %c64
// CHECK: %[[BEGIN:.*]] = arith.maxsi %[[START]],
// CHECK: %[[PRESENT:.*]] = arith.cmpi ult, %[[BEGIN]]
// CHECK: scf.if %[[PRESENT]]
// CHECK: vector.load %{{.*}}[%[[ROW]], %{{.*}}] : memref<?x?xbf16>, vector<16xbf16>
// CHECK: vector.store %{{.*}}, %[[A]]
// CHECK: memref.load %{{.*}}[%[[ROW]], %{{.*}}] : memref<?x?xbf16>
// CHECK: memref.store %{{.*}}, %[[A]]

// A bit of word (r * 64 + c) / 64; its value stands behind those of the bits below.
// CHECK: %[[R:.*]] = arith.remui %{{.*}}, %c16
// CHECK: scf.for
// CHECK: %[[E:.*]] = arith.divui %{{.*}}, %c64
// CHECK: %[[C:.*]] = arith.remui %{{.*}}, %c64
// CHECK: scf.if
// CHECK: %[[LINE:.*]] = arith.muli %[[R]], %c64
// CHECK: %[[BIT:.*]] = arith.addi %[[LINE]], %[[C]]
// CHECK: %[[INDEX:.*]] = arith.divui %[[BIT]], %c64
// CHECK: %[[WORD:.*]] = memref.load %{{.*}}[%[[E]], %[[INDEX]]] : memref<?x16xi64>
// CHECK: %[[SHIFT:.*]] = arith.index_castui %{{.*}} : index to i64
// CHECK: %[[POWER:.*]] = arith.shli %c1_i64, %[[SHIFT]]
// CHECK: %[[MASK:.*]] = arith.subi %[[POWER]], %c1_i64
// CHECK: %[[BELOW:.*]] = arith.andi %[[WORD]], %[[MASK]]
// CHECK: math.ctpop %[[BELOW]]
// CHECK: memref.load %{{.*}} : memref<?x16xi32>
// CHECK: %[[SET:.*]] = arith.trunci %{{.*}} : i64 to i1
// CHECK: scf.if %[[SET]]
// CHECK: memref.load %{{.*}} : memref<?xbf16>
// CHECK: memref.store %{{.*}}, %[[B]]
func.func @rows(%x: memref<?x?xbf16>, %list: memref<?xi32>, %bitmap: memref<?x16xi64>, %offsets: memref<?x16xi32>, %values: memref<?xbf16>, %y: memref<8x16xf32>, %e: index) {
  %n = arith.constant 8 : index
  %m = arith.constant 16 : index
  sparse_tile.forall sizes(%n, %m, %e) tile [8, 16]
      ins(%x, %list, %bitmap, %offsets, %values : memref<?x?xbf16>, memref<?xi32>, memref<?x16xi64>, memref<?x16xi32>, memref<?xbf16>)
      outs(%y : memref<8x16xf32>) config = #config {
  ^bb0(%i: index, %j: index, %rows: index, %columns: index, %extent: index, %a: memref<?x?xbf16>, %t: memref<?xi32>, %bits: memref<?x16xi64>, %before: memref<?x16xi32>, %v: memref<?xbf16>, %out: memref<8x16xf32>):
    %s = sparse_tile.pipeline below %extent step 32 stages 1 load {
    ^bb0(%k: index):
      %tx = sparse_tile.load %a[%i, %k] dims [0, 1] runs [1, 64] at {
      ^bb0(%position: index, %column: index):
        %token = memref.load %t[%position] : memref<?xi32>
        %row = arith.index_cast %token : i32 to index
        %present = arith.cmpi ult, %column, %extent : index
        sparse_tile.yield %row, %column, %present : index, index, i1
      } : memref<?x?xbf16> -> <8x32xbf16>
      %packed = sparse_tile.load %bits, %before, %v[%j, %k] dims [0, 1] at {
      ^bb0(%row: index, %position: index):
        %c16 = arith.constant 16 : index
        %c64 = arith.constant 64 : index
        %r = arith.remui %row, %c16 : index
        %entry = arith.divui %position, %c64 : index
        %c = arith.remui %position, %c64 : index
        %present = arith.cmpi ult, %position, %extent : index
        sparse_tile.yield %entry, %r, %c, %present : index, index, index, i1
      } : memref<?x16xi64>, memref<?x16xi32>, memref<?xbf16> -> <16x32xbf16, #bitmap>
      %tw = sparse_tile.expand %packed : <16x32xbf16, #bitmap> -> <16x32xbf16>
      sparse_tile.yield %tx, %tw : !sparse_tile.tile<8x32xbf16>, !sparse_tile.tile<16x32xbf16>
    } compute {
    ^bb0(%tx: !sparse_tile.tile<8x32xbf16>, %tw: !sparse_tile.tile<16x32xbf16>, %acc: !sparse_tile.tile<8x16xf32>):
      %sum = sparse_tile.mma %tx, %tw, %acc : <8x32xbf16>, <16x32xbf16>, <8x16xf32>
      sparse_tile.yield %sum : !sparse_tile.tile<8x16xf32>
    } -> !sparse_tile.tile<8x16xf32>
    sparse_tile.store tiles(%s : !sparse_tile.tile<8x16xf32>) ins() outs(%out : memref<8x16xf32>) maps [#id] {
    ^bb0(%r: index, %c: index, %sum: f32):
      sparse_tile.yield %sum : f32
    }
  }
  return
}

// The slots of the groups that a run touches; a group may begin before the run.

// CHECK-LABEL: llvm.func internal @groups_work(
// CHECK: scf.if
// CHECK: %[[FIRST:.*]] = arith.divui %[[ORIGIN:.*]], %c4
// CHECK: %[[LAST:.*]] = arith.ceildivui %{{.*}}, %c4
// CHECK: scf.for %[[GROUP:.*]] = %[[FIRST]] to %[[LAST]] step %c1
// CHECK: %[[BEGIN:.*]] = arith.muli %[[GROUP]], %c4
// CHECK: %[[START:.*]] = arith.subi %[[BEGIN]], %[[ORIGIN]]
// CHECK: memref.load %{{.*}} : memref<?x16x8xi8>
// CHECK: %[[OFFSET:.*]] = arith.addi %[[START]],
// CHECK: %[[HIT:.*]] = arith.cmpi ult, %[[OFFSET]],
// CHECK: scf.if %[[HIT]]
// CHECK: memref.load %{{.*}} : memref<?x16x32xf32>
func.func @groups(%x: memref<8x?xf32>, %values: memref<?x16x32xf32>, %metadata: memref<?x16x8xi8>, %y: memref<8x16xf32>, %e: index) {
  %n = arith.constant 8 : index
  %m = arith.constant 16 : index
  sparse_tile.forall sizes(%n, %m, %e) tile [8, 16] ins(%x, %values, %metadata : memref<8x?xf32>, memref<?x16x32xf32>, memref<?x16x8xi8>)
      outs(%y : memref<8x16xf32>) config = #config {
  ^bb0(%i: index, %j: index, %rows: index, %columns: index, %extent: index, %a: memref<8x?xf32>, %v: memref<?x16x32xf32>, %p: memref<?x16x8xi8>, %out: memref<8x16xf32>):
    %s = sparse_tile.pipeline below %extent step 32 stages 1 load {
    ^bb0(%k: index):
      %tx = sparse_tile.load %a[%i, %k] dims [0, 1] : memref<8x?xf32> -> <8x32xf32>
      %packed = sparse_tile.load %v, %p[%j, %k] dims [0, 1] runs [1, 64] at {
      ^bb0(%row: index, %position: index):
        %c64 = arith.constant 64 : index
        %entry = arith.divui %position, %c64 : index
        %c = arith.remui %position, %c64 : index
        %present = arith.cmpi ult, %position, %extent : index
        sparse_tile.yield %entry, %row, %c, %present : index, index, index, i1
      } : memref<?x16x32xf32>, memref<?x16x8xi8> -> <16x32xf32, #pair>
      %tw = sparse_tile.expand %packed : <16x32xf32, #pair> -> <16x32xf32>
      sparse_tile.yield %tx, %tw : !sparse_tile.tile<8x32xf32>, !sparse_tile.tile<16x32xf32>
    } compute {
    ^bb0(%tx: !sparse_tile.tile<8x32xf32>, %tw: !sparse_tile.tile<16x32xf32>, %acc: !sparse_tile.tile<8x16xf32>):
      %sum = sparse_tile.mma %tx, %tw, %acc : <8x32xf32>, <16x32xf32>, <8x16xf32>
      sparse_tile.yield %sum : !sparse_tile.tile<8x16xf32>
    } -> !sparse_tile.tile<8x16xf32>
    sparse_tile.store tiles(%s : !sparse_tile.tile<8x16xf32>) ins() outs(%out : memref<8x16xf32>) maps [#id] {
    ^bb0(%r: index, %c: index, %sum: f32):
      sparse_tile.yield %sum : f32
    }
  }
  return
}
