// Bounds and sums of pipelines that follow each other.

// RUN: sparsity-opt %s --convert-sparse-tile-to-vector --canonicalize | FileCheck %s

#config = #sparse_tile.config<tile = [8, 16, 32], warps = [1, 1], stages = 1, raster = 1, swap = false, multiply = "f32", instruction = "vector.fma", sparse = false>
#id = affine_map<(d0, d1) -> (d0, d1)>

// CHECK-LABEL: llvm.func internal @chain_work(
// CHECK: %[[FIRST:.*]] = memref.alloca() {{.*}} : memref<8x16xf32>
// CHECK: %[[A:.*]] = memref.alloca() {{.*}} : memref<8x32xf32>
// CHECK: %[[B:.*]] = memref.alloca() {{.*}} : memref<32x16xf32>
// CHECK: %[[SECOND:.*]] = memref.alloca() {{.*}} : memref<8x16xf32>
// The second and the third pipeline decode where the first did, and the third adds to the
// sums of the second.
// CHECK-NOT: memref.alloca

// CHECK: %[[BOUND:.*]] = memref.load %{{.*}} : memref<2xi32>
// CHECK: %[[LOWER:.*]] = arith.index_cast %[[BOUND]] : i32 to index
// CHECK: scf.for %{{.*}} = %c0 to %[[LOWER]] step %c32
// CHECK: vector.fma
// CHECK: vector.store %{{.*}}, %[[FIRST]]

// The first sums are stored too: the second pipeline starts from a copy.
// CHECK: %[[SUMS:.*]] = vector.load %[[FIRST]][%{{.*}}] : memref<8x16xf32>, vector<16xf32>
// CHECK-NEXT: vector.store %[[SUMS]], %[[SECOND]]
// CHECK: scf.for %{{.*}} = %[[LOWER]] to %{{.*}} step %c32
// CHECK: vector.store %{{.*}}, %[[SECOND]]

// CHECK: scf.for %{{.*}} = %c0 to %{{.*}} step %c32
// CHECK: vector.load %[[SECOND]]
// CHECK: vector.store %{{.*}}, %[[SECOND]]
// CHECK: memref.load %[[FIRST]]
// CHECK: memref.load %[[SECOND]]
func.func @chain(%x: memref<8x?xf32>, %w: memref<16x?xf32>, %bounds: memref<2xi32>, %y: memref<8x16xf32>, %z: memref<8x16xf32>) {
  %c1 = arith.constant 1 : index
  %n = arith.constant 8 : index
  %m = arith.constant 16 : index
  %e = memref.dim %x, %c1 : memref<8x?xf32>
  sparse_tile.forall sizes(%n, %m, %e) tile [8, 16] ins(%x, %w, %bounds : memref<8x?xf32>, memref<16x?xf32>, memref<2xi32>)
      outs(%y, %z : memref<8x16xf32>, memref<8x16xf32>) config = #config {
  ^bb0(%i: index, %j: index, %rows: index, %columns: index, %extent: index, %a: memref<8x?xf32>, %b: memref<16x?xf32>, %p: memref<2xi32>, %o0: memref<8x16xf32>, %o1: memref<8x16xf32>):
    %c0 = arith.constant 0 : index
    %bound = memref.load %p[%c0] : memref<2xi32>
    %lower = arith.index_cast %bound : i32 to index
    %s0 = sparse_tile.pipeline below %lower step 32 stages 1 load {
    ^bb0(%k: index):
      %tx = sparse_tile.load %a[%i, %k] dims [0, 1] : memref<8x?xf32> -> <8x32xf32>
      %tw = sparse_tile.load %b[%j, %k] dims [0, 1] : memref<16x?xf32> -> <16x32xf32>
      sparse_tile.yield %tx, %tw : !sparse_tile.tile<8x32xf32>, !sparse_tile.tile<16x32xf32>
    } compute {
    ^bb0(%tx: !sparse_tile.tile<8x32xf32>, %tw: !sparse_tile.tile<16x32xf32>, %acc: !sparse_tile.tile<8x16xf32>):
      %t = sparse_tile.mma %tx, %tw, %acc : <8x32xf32>, <16x32xf32>, <8x16xf32>
      sparse_tile.yield %t : !sparse_tile.tile<8x16xf32>
    } -> !sparse_tile.tile<8x16xf32>
    %s1 = sparse_tile.pipeline from %lower below %extent step 32 stages 1 init(%s0 : !sparse_tile.tile<8x16xf32>) load {
    ^bb0(%k: index):
      %tx = sparse_tile.load %a[%i, %k] dims [0, 1] : memref<8x?xf32> -> <8x32xf32>
      %tw = sparse_tile.load %b[%j, %k] dims [0, 1] : memref<16x?xf32> -> <16x32xf32>
      sparse_tile.yield %tx, %tw : !sparse_tile.tile<8x32xf32>, !sparse_tile.tile<16x32xf32>
    } compute {
    ^bb0(%tx: !sparse_tile.tile<8x32xf32>, %tw: !sparse_tile.tile<16x32xf32>, %acc: !sparse_tile.tile<8x16xf32>):
      %t = sparse_tile.mma %tx, %tw, %acc : <8x32xf32>, <16x32xf32>, <8x16xf32>
      sparse_tile.yield %t : !sparse_tile.tile<8x16xf32>
    } -> !sparse_tile.tile<8x16xf32>
    %s2 = sparse_tile.pipeline below %extent step 32 stages 1 init(%s1 : !sparse_tile.tile<8x16xf32>) load {
    ^bb0(%k: index):
      %tx = sparse_tile.load %a[%i, %k] dims [0, 1] : memref<8x?xf32> -> <8x32xf32>
      %tw = sparse_tile.load %b[%j, %k] dims [0, 1] : memref<16x?xf32> -> <16x32xf32>
      sparse_tile.yield %tx, %tw : !sparse_tile.tile<8x32xf32>, !sparse_tile.tile<16x32xf32>
    } compute {
    ^bb0(%tx: !sparse_tile.tile<8x32xf32>, %tw: !sparse_tile.tile<16x32xf32>, %acc: !sparse_tile.tile<8x16xf32>):
      %t = sparse_tile.mma %tx, %tw, %acc : <8x32xf32>, <16x32xf32>, <8x16xf32>
      sparse_tile.yield %t : !sparse_tile.tile<8x16xf32>
    } -> !sparse_tile.tile<8x16xf32>
    sparse_tile.store tiles(%s0, %s2 : !sparse_tile.tile<8x16xf32>, !sparse_tile.tile<8x16xf32>) ins() outs(%o0, %o1 : memref<8x16xf32>, memref<8x16xf32>) maps [#id, #id] {
    ^bb0(%r: index, %c: index, %t0: f32, %t1: f32):
      sparse_tile.yield %t0, %t1 : f32, f32
    }
  }
  return
}
