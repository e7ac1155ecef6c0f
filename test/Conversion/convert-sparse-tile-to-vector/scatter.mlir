// A store at computed indices: what needs the row alone is computed once a row, the body
// runs and writes only where there is an element. The last index walks the columns, so the
// inner loop does.

// RUN: sparsity-opt %s --split-input-file --convert-sparse-tile-to-vector --canonicalize | FileCheck %s

#config = #sparse_tile.config<tile = [8, 16, 16], warps = [1, 1], stages = 1, raster = 1, swap = false, multiply = "f32", instruction = "vector.fma", sparse = false>
#id = affine_map<(d0, d1) -> (d0, d1)>
#first = affine_map<(d0, d1) -> (d0)>

// CHECK-LABEL: llvm.func internal @scatter_work(
// CHECK: scf.for %[[I:.*]] = %c0 to %{{.*}} step %c1
// CHECK-NEXT: %[[POSITION:.*]] = arith.addi %{{.*}}, %[[I]]
// CHECK-NEXT: %[[WRITTEN:.*]] = arith.cmpi ult, %[[POSITION]], %{{.*}} : index
// CHECK-NEXT: %[[ROW:.*]] = scf.if %[[WRITTEN]] -> (index)
// CHECK: memref.load %{{.*}}[%[[POSITION]]] : memref<?xi32>
// CHECK: scf.for %[[J:.*]] = %c0
// CHECK: %[[COLUMN:.*]] = arith.addi %{{.*}}, %[[J]]
// CHECK-NEXT: scf.if %[[WRITTEN]]
// CHECK-NEXT: %[[SCALE:.*]] = memref.load %{{.*}}[%[[ROW]]] : memref<?xf32>
// CHECK-NEXT: memref.store %[[SCALE]], %{{.*}}[%[[ROW]], %[[COLUMN]]] : memref<?x16xf32>
func.func @scatter(%list: memref<?xi32>, %scale: memref<?xf32>, %y: memref<?x16xf32>, %count: index) {
  %n = arith.constant 64 : index
  %m = arith.constant 16 : index
  sparse_tile.forall sizes(%n, %m, %count) tile [8, 16] ins(%list, %scale : memref<?xi32>, memref<?xf32>) outs(%y : memref<?x16xf32>) config = #config {
  ^bb0(%i: index, %j: index, %rows: index, %columns: index, %end: index, %t: memref<?xi32>, %s: memref<?xf32>, %out: memref<?x16xf32>):
    sparse_tile.store tiles() ins(%s : memref<?xf32>) outs(%out : memref<?x16xf32>) maps [#first, #id] {
    ^bb0(%r: index, %c: index, %v: f32):
      sparse_tile.yield %v : f32
    } at {
    ^bb0(%position: index, %column: index):
      %present = arith.cmpi ult, %position, %end : index
      %row = scf.if %present -> (index) {
        %0 = memref.load %t[%position] : memref<?xi32>
        %1 = arith.index_cast %0 : i32 to index
        scf.yield %1 : index
      } else {
        %zero = arith.constant 0 : index
        scf.yield %zero : index
      }
      sparse_tile.yield %row, %column, %present : index, index, i1
    }
  }
  return
}

// -----

// The last index comes from the row position: the inner loop walks rows.

#config = #sparse_tile.config<tile = [8, 16, 16], warps = [1, 1], stages = 1, raster = 1, swap = false, multiply = "f32", instruction = "vector.fma", sparse = false>
#id = affine_map<(d0, d1) -> (d0, d1)>

// CHECK-LABEL: llvm.func internal @transposed_work(
// CHECK: scf.for %[[I:.*]] = %c0
// CHECK: %[[COLUMN:.*]] = arith.addi %{{.*}}, %[[I]]
// CHECK: scf.for %[[J:.*]] = %c0
// CHECK: %[[ROW:.*]] = arith.addi %{{.*}}, %[[J]]
// CHECK: memref.store %{{.*}}, %{{.*}}[%[[COLUMN]], %[[ROW]]] : memref<16x64xf32>
func.func @transposed(%y: memref<16x64xf32>) {
  %n = arith.constant 64 : index
  %m = arith.constant 16 : index
  sparse_tile.forall sizes(%n, %m) tile [8, 16] ins() outs(%y : memref<16x64xf32>) config = #config {
  ^bb0(%i: index, %j: index, %rows: index, %columns: index, %out: memref<16x64xf32>):
    %one = arith.constant 1.0 : f32
    sparse_tile.store tiles() ins() outs(%out : memref<16x64xf32>) maps [#id] {
    ^bb0(%r: index, %c: index):
      sparse_tile.yield %one : f32
    } at {
    ^bb0(%position: index, %column: index):
      %present = arith.cmpi ult, %position, %rows : index
      sparse_tile.yield %column, %position, %present : index, index, i1
    }
  }
  return
}
