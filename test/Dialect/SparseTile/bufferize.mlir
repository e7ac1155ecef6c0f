// A schedule that writes computed elements keeps the others: its output is read, so what is
// still needed of it elsewhere is copied. One that writes every element overwrites.

// RUN: sparsity-opt %s --one-shot-bufferize="bufferize-function-boundaries function-boundary-type-conversion=identity-layout-map" | FileCheck %s

#config = #sparse_tile.config<tile = [8, 16, 32], warps = [1, 1], stages = 1, raster = 1, swap = false, multiply = "f32", instruction = "vector.fma", sparse = false>
#id = affine_map<(d0, d1) -> (d0, d1)>

// CHECK-LABEL: func.func @scatter(
// CHECK: linalg.fill {{.*}} outs(%[[FILLED:.*]] : memref<8x16xf32>)
// CHECK: memref.copy %[[FILLED]], %[[COPY:.*]] :
// CHECK: outs(%[[COPY]] : memref<8x16xf32>)
// CHECK: memref.load %{{.*}} : memref<8xi32
// CHECK-NOT: tensor.extract
// CHECK: return
func.func @scatter(%list: tensor<8xi32>) -> (tensor<8x16xf32>, tensor<8x16xf32>) {
  %n = arith.constant 8 : index
  %m = arith.constant 16 : index
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<8x16xf32>
  %filled = linalg.fill ins(%zero : f32) outs(%empty : tensor<8x16xf32>) -> tensor<8x16xf32>
  %r = sparse_tile.forall sizes(%n, %m) tile [8, 16] ins(%list : tensor<8xi32>) outs(%filled : tensor<8x16xf32>) config = #config {
  ^bb0(%i: index, %j: index, %rows: index, %columns: index, %t: tensor<8xi32>, %out: tensor<8x16xf32>):
    %one = arith.constant 1.0 : f32
    sparse_tile.store tiles() ins() outs(%out : tensor<8x16xf32>) maps [#id] {
    ^bb0(%r: index, %c: index):
      sparse_tile.yield %one : f32
    } at {
    ^bb0(%position: index, %column: index):
      %true = arith.constant true
      %0 = tensor.extract %t[%position] : tensor<8xi32>
      %row = arith.index_cast %0 : i32 to index
      sparse_tile.yield %row, %column, %true : index, index, i1
    }
  } -> tensor<8x16xf32>
  return %r, %filled : tensor<8x16xf32>, tensor<8x16xf32>
}

// CHECK-LABEL: func.func @whole(
// CHECK: linalg.fill
// CHECK-NOT: memref.copy
// CHECK: return
func.func @whole() -> (tensor<8x16xf32>, tensor<8x16xf32>) {
  %n = arith.constant 8 : index
  %m = arith.constant 16 : index
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<8x16xf32>
  %filled = linalg.fill ins(%zero : f32) outs(%empty : tensor<8x16xf32>) -> tensor<8x16xf32>
  %r = sparse_tile.forall sizes(%n, %m) tile [8, 16] ins() outs(%filled : tensor<8x16xf32>) config = #config {
  ^bb0(%i: index, %j: index, %rows: index, %columns: index, %out: tensor<8x16xf32>):
    %one = arith.constant 1.0 : f32
    sparse_tile.store tiles() ins() outs(%out : tensor<8x16xf32>) maps [#id] {
    ^bb0(%r: index, %c: index):
      sparse_tile.yield %one : f32
    }
  } -> tensor<8x16xf32>
  return %r, %filled : tensor<8x16xf32>, tensor<8x16xf32>
}
