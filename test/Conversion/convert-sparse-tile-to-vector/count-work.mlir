// Each work item reports its schedule's number, its steps and its bytes, if asked.

// RUN: sparsity-opt %s --convert-sparse-tile-to-vector="count-work=true" --canonicalize | FileCheck %s
// RUN: sed 's/^module {/module attributes {sparsity.count_work} {/' %s | sparsity-opt --convert-sparse-tile-to-vector --canonicalize | FileCheck %s
// RUN: sparsity-opt %s --convert-sparse-tile-to-vector | FileCheck %s --check-prefix=OFF

// OFF-NOT: sparsityCountWork

#config = #sparse_tile.config<tile = [8, 16, 32], warps = [1, 1], stages = 1, raster = 1, swap = false, multiply = "bf16", instruction = "vector.fma", sparse = false>
#id = affine_map<(d0, d1) -> (d0, d1)>
#pair = #sparsity.format<n_of_m<2:4, axis = 1>>

// CHECK-NOT: count_work
// Four steps of 100 elements, if none were skipped.
// CHECK: func.func @product
// CHECK: llvm.call @sparsityCountDenseWork(%c0_i64, %c4_i64, %c6144_i64)
// CHECK: func.func @fill
// CHECK: llvm.call @sparsityCountDenseWork(%c1_i64, %c0_i64, %c0_i64)
// CHECK: llvm.func internal @product_work(
// CHECK: vector.fma

// Steps from lower to extent.
// CHECK: %[[LENGTH:.*]] = arith.subi
// CHECK: %[[POSITIVE:.*]] = arith.maxsi %[[LENGTH]], %c0_i64
// CHECK: %[[STEPS:.*]] = arith.ceildivsi %[[POSITIVE]], %c32_i64

// Of a step: 8 x 32 x 2 bytes and 16 x 32 x 2 bytes, of which 9 / 16 are stored.
// CHECK: %[[BYTES:.*]] = arith.muli %[[STEPS]], %c1088_i64
// CHECK: llvm.call @sparsityCountWork(%c0_i64, %[[STEPS]], %[[BYTES]])
// CHECK: llvm.func internal @fill_work(
// CHECK: llvm.call @sparsityCountWork(%c1_i64, %c0_i64, %c0_i64)
module {
func.func @product(%x: memref<8x100xbf16>, %values: memref<16x50xbf16>, %metadata: memref<16x13xi8>, %y: memref<8x16xf32>, %begin: index, %end: index) {
  %whole = arith.constant 100 : index
  %n = arith.constant 8 : index
  %m = arith.constant 16 : index
  sparse_tile.forall sizes(%n, %m, %begin, %end, %whole) tile [8, 16] ins(%x, %values, %metadata : memref<8x100xbf16>, memref<16x50xbf16>, memref<16x13xi8>)
      outs(%y : memref<8x16xf32>) config = #config {
  ^bb0(%i: index, %j: index, %rows: index, %columns: index, %lower: index, %upper: index, %all: index, %a: memref<8x100xbf16>, %v: memref<16x50xbf16>, %p: memref<16x13xi8>, %out: memref<8x16xf32>):
    %s = sparse_tile.pipeline from %lower below %upper step 32 stages 1 load {
    ^bb0(%k: index):
      %tx = sparse_tile.load %a[%i, %k] dims [0, 1] : memref<8x100xbf16> -> <8x32xbf16>
      %packed = sparse_tile.load %v, %p[%j, %k] dims [0, 1] : memref<16x50xbf16>, memref<16x13xi8> -> <16x32xbf16, #pair>
      %tw = sparse_tile.expand %packed : <16x32xbf16, #pair> -> <16x32xbf16>
      sparse_tile.yield %tx, %tw : !sparse_tile.tile<8x32xbf16>, !sparse_tile.tile<16x32xbf16>
    } compute {
    ^bb0(%tx: !sparse_tile.tile<8x32xbf16>, %tw: !sparse_tile.tile<16x32xbf16>, %acc: !sparse_tile.tile<8x16xf32>):
      %sum = sparse_tile.mma %tx, %tw, %acc : <8x32xbf16>, <16x32xbf16>, <8x16xf32>
      sparse_tile.yield %sum : !sparse_tile.tile<8x16xf32>
    } {sparsity.reduction = 4 : i64} -> !sparse_tile.tile<8x16xf32>
    sparse_tile.store tiles(%s : !sparse_tile.tile<8x16xf32>) ins() outs(%out : memref<8x16xf32>) maps [#id] {
    ^bb0(%r: index, %c: index, %sum: f32):
      sparse_tile.yield %sum : f32
    }
  }
  return
}
func.func @fill(%y: memref<8x16xf32>) {
  %n = arith.constant 8 : index
  %m = arith.constant 16 : index
  sparse_tile.forall sizes(%n, %m) tile [8, 16] ins() outs(%y : memref<8x16xf32>) config = #config {
  ^bb0(%i: index, %j: index, %rows: index, %columns: index, %out: memref<8x16xf32>):
    %one = arith.constant 1.0 : f32
    sparse_tile.store tiles() ins() outs(%out : memref<8x16xf32>) maps [#id] {
    ^bb0(%r: index, %c: index):
      sparse_tile.yield %one : f32
    }
  }
  return
}
}
