// A schedule becomes a work function over a range of work items, and a call through the
// runtime's thread pool.

// RUN: sparsity-opt %s --split-input-file --convert-sparse-tile-to-vector --canonicalize --verify-diagnostics | FileCheck %s

#config = #sparse_tile.config<tile = [32, 32, 16], warps = [1, 1], stages = 1, raster = 1, swap = false, multiply = "bf16", instruction = "vector.fma", sparse = false>
#id = affine_map<(d0, d1) -> (d0, d1)>
#format = #sparsity.format<n_of_m<2:4, axis = 1>>

func.func @product(%x: memref<?x40xbf16>, %values: memref<24x20xbf16>, %metadata: memref<24x5xi8>, %y: memref<?x24xbf16>) {
  %c0 = arith.constant 0 : index
  %rows = memref.dim %x, %c0 : memref<?x40xbf16>
  %columns = arith.constant 24 : index
  %k = arith.constant 40 : index
  sparse_tile.forall sizes(%rows, %columns, %k) tile [32, 32]
      ins(%x, %values, %metadata : memref<?x40xbf16>, memref<24x20xbf16>, memref<24x5xi8>)
      outs(%y : memref<?x24xbf16>) config = #config {
  ^bb0(%i: index, %j: index, %m: index, %n: index, %extent: index, %a: memref<?x40xbf16>, %v: memref<24x20xbf16>, %p: memref<24x5xi8>, %out: memref<?x24xbf16>):
    %sum = sparse_tile.pipeline below %extent step 16 stages 1 load {
    ^bb0(%kk: index):
      %0 = sparse_tile.load %a[%i, %kk] dims [0, 1] : memref<?x40xbf16> -> <32x16xbf16>
      %1 = sparse_tile.load %v, %p[%j, %kk] dims [0, 1] : memref<24x20xbf16>, memref<24x5xi8> -> <32x16xbf16, #format>
      %2 = sparse_tile.expand %1 : <32x16xbf16, #format> -> <32x16xbf16>
      sparse_tile.yield %0, %2 : !sparse_tile.tile<32x16xbf16>, !sparse_tile.tile<32x16xbf16>
    } compute {
    ^bb0(%0: !sparse_tile.tile<32x16xbf16>, %1: !sparse_tile.tile<32x16xbf16>, %2: !sparse_tile.tile<32x32xf32>):
      %3 = sparse_tile.mma %0, %1, %2 : <32x16xbf16>, <32x16xbf16>, <32x32xf32>
      sparse_tile.yield %3 : !sparse_tile.tile<32x32xf32>
    } -> !sparse_tile.tile<32x32xf32>
    sparse_tile.store tiles(%sum : !sparse_tile.tile<32x32xf32>) ins() outs(%out : memref<?x24xbf16>) maps [#id] {
    ^bb0(%r: index, %c: index, %s: f32):
      %0 = arith.truncf %s : f32 to bf16
      sparse_tile.yield %0 : bf16
    }
  }
  return
}

// The context holds what the work function reads; constants are not passed.
// CHECK-LABEL: func.func @product(
// CHECK: %[[WORK:.*]] = llvm.mlir.addressof @product_work
// CHECK: %[[CONTEXT:.*]] = llvm.alloca %{{.*}} x !llvm.struct<(i64, struct<{{.*}}>, struct<{{.*}}>, struct<{{.*}}>, struct<{{.*}}>)>
// CHECK: %[[TILES:.*]] = arith.ceildivui %{{.*}}, %c32
// CHECK: %[[COUNT:.*]] = arith.index_cast %[[TILES]] : index to i64
// CHECK: llvm.call @sparsityParallelFor(%[[COUNT]], %[[WORK]], %[[CONTEXT]])

// CHECK-LABEL: llvm.func internal @product_work(
// CHECK-SAME: %{{.*}}: !llvm.ptr, %{{.*}}: i64, %{{.*}}: i64)
// CHECK: %[[SUMS:.*]] = memref.alloca() {alignment = 64 : i64} : memref<32x32xf32>
// CHECK: %[[A:.*]] = memref.alloca() {alignment = 64 : i64} : memref<32x16xf32>
// CHECK: %[[B:.*]] = memref.alloca() {alignment = 64 : i64} : memref<16x32xf32>

// The last step has fewer than 16 elements of K.
// CHECK: scf.for %[[K:.*]] = %c0 to %c40 step %c16
// CHECK: %[[LEFT:.*]] = arith.subi %c40, %[[K]]
// CHECK: %[[STEPS:.*]] = arith.minsi %[[LEFT]], %c16

// A is contiguous along K: vectors, then what is left.
// CHECK: vector.load %{{.*}} : memref<?x40xbf16>, vector<16xbf16>
// CHECK: arith.extf %{{.*}} : vector<16xbf16> to vector<16xf32>
// CHECK: vector.store %{{.*}}, %[[A]]
// CHECK: memref.load %{{.*}} : memref<?x40xbf16>

// B is stored as values and 2-bit positions; ten groups a row.
// CHECK: arith.minsi %{{.*}}, %c10
// CHECK: scf.for %{{.*}} = %c0 to %c2 step %c1
// CHECK: %[[SLOT:.*]] = arith.addi
// CHECK: %[[BIT:.*]] = arith.muli %[[SLOT]], %c2
// CHECK: %[[BYTE:.*]] = arith.shrui %[[BIT]], %c3
// CHECK: memref.load %{{.*}}[%{{.*}}, %[[BYTE]]] : memref<24x5xi8>
// CHECK: arith.andi %{{.*}}, %c3_i8
// CHECK: memref.load %{{.*}}[%{{.*}}, %[[SLOT]]] : memref<24x20xbf16>
// CHECK: memref.store %{{.*}}, %[[B]]

// Four rows by two vectors of sums stay in registers.
// CHECK: scf.for %{{.*}} = %c0 to %[[STEPS]] step %c1 iter_args
// CHECK-COUNT-8: vector.fma
// CHECK: vector.store %{{.*}}, %[[SUMS]]

// CHECK: %[[SUM:.*]] = memref.load %[[SUMS]]
// CHECK: %[[Y:.*]] = arith.truncf %[[SUM]] : f32 to bf16
// CHECK: memref.store %[[Y]], %{{.*}} : memref<?x24xbf16>
// CHECK: llvm.func @sparsityParallelFor(i64, !llvm.ptr, !llvm.ptr)

// -----

// Temporary buffers are freed.

// CHECK-LABEL: func.func @temporary(
// CHECK-SAME: %[[X:.*]]: memref<4xf32>, %[[Y:.*]]: memref<4xf32>)
// CHECK: %[[T:.*]] = memref.alloc()
// CHECK: memref.copy %[[T]], %[[Y]]
// CHECK: memref.dealloc %[[T]]
func.func @temporary(%x: memref<4xf32>, %y: memref<4xf32>) {
  %t = memref.alloc() : memref<4xf32>
  memref.copy %x, %t : memref<4xf32> to memref<4xf32>
  memref.copy %t, %y : memref<4xf32> to memref<4xf32>
  return
}

// -----

#config = #sparse_tile.config<tile = [32, 32, 16], warps = [1, 1], stages = 1, raster = 1, swap = false, multiply = "f32", instruction = "vector.fma", sparse = false>
#id = affine_map<(d0, d1) -> (d0, d1)>
func.func @on_tensors(%x: tensor<8x8xf32>, %y: tensor<8x8xf32>) -> tensor<8x8xf32> {
  %n = arith.constant 8 : index
  // expected-error @below {{expected operands in buffers, but got 'tensor<8x8xf32>'; run one-shot-bufferize first}}
  %r = sparse_tile.forall sizes(%n, %n) tile [32, 32] ins(%x : tensor<8x8xf32>) outs(%y : tensor<8x8xf32>) config = #config {
  ^bb0(%i: index, %j: index, %m: index, %k: index, %a: tensor<8x8xf32>, %out: tensor<8x8xf32>):
    sparse_tile.store tiles() ins(%a : tensor<8x8xf32>) outs(%out : tensor<8x8xf32>) maps [#id, #id] {
    ^bb0(%r: index, %c: index, %s: f32):
      sparse_tile.yield %s : f32
    }
  } -> tensor<8x8xf32>
  return %r : tensor<8x8xf32>
}

// -----

#config = #sparse_tile.config<tile = [32, 32, 16], warps = [1, 1], stages = 1, raster = 1, swap = false, multiply = "f32", instruction = "vector.fma", sparse = false>
#id = affine_map<(d0, d1) -> (d0, d1)>
#format = #sparsity.format<n_of_m<2:4, axis = 1>>
func.func @not_expanded(%v: memref<8x4xf32>, %p: memref<8x1xi8>, %y: memref<8x8xf32>) {
  %n = arith.constant 8 : index
  sparse_tile.forall sizes(%n, %n, %n) tile [32, 32] ins(%v, %p : memref<8x4xf32>, memref<8x1xi8>) outs(%y : memref<8x8xf32>) config = #config {
  ^bb0(%i: index, %j: index, %m: index, %k: index, %e: index, %a: memref<8x4xf32>, %b: memref<8x1xi8>, %out: memref<8x8xf32>):
    // expected-error @below {{expected dense tiles to multiply, but got '!sparse_tile.tile<32x16xf32, #sparsity.format<n_of_m<2:4, axis = 1>>>'; run sparse-tile-legalize-formats first}}
    %sum = sparse_tile.pipeline below %e step 16 stages 1 load {
    ^bb0(%kk: index):
      %0 = sparse_tile.load %a, %b[%i, %kk] dims [0, 1] : memref<8x4xf32>, memref<8x1xi8> -> <32x16xf32, #format>
      sparse_tile.yield %0 : !sparse_tile.tile<32x16xf32, #format>
    } compute {
    ^bb0(%0: !sparse_tile.tile<32x16xf32, #format>, %1: !sparse_tile.tile<32x32xf32>):
      %2 = sparse_tile.mma %0, %0, %1 : <32x16xf32, #format>, <32x16xf32, #format>, <32x32xf32>
      sparse_tile.yield %2 : !sparse_tile.tile<32x32xf32>
    } -> !sparse_tile.tile<32x32xf32>
    sparse_tile.store tiles(%sum : !sparse_tile.tile<32x32xf32>) ins() outs(%out : memref<8x8xf32>) maps [#id] {
    ^bb0(%r: index, %c: index, %s: f32):
      sparse_tile.yield %s : f32
    }
  }
  return
}

// -----

#config = #sparse_tile.config<tile = [1024, 1024, 16], warps = [1, 1], stages = 1, raster = 1, swap = false, multiply = "f32", instruction = "vector.fma", sparse = false>
#id = affine_map<(d0, d1) -> (d0, d1)>
func.func @large(%x: memref<8x8xf32>, %y: memref<8x8xf32>) {
  %n = arith.constant 8 : index
  // expected-error @below {{expected tiles of at most 1048576 bytes in total, but got 4325376}}
  sparse_tile.forall sizes(%n, %n, %n) tile [1024, 1024] ins(%x : memref<8x8xf32>) outs(%y : memref<8x8xf32>) config = #config {
  ^bb0(%i: index, %j: index, %m: index, %k: index, %e: index, %a: memref<8x8xf32>, %out: memref<8x8xf32>):
    %sum = sparse_tile.pipeline below %e step 16 stages 1 load {
    ^bb0(%kk: index):
      %0 = sparse_tile.load %a[%i, %kk] dims [0, 1] : memref<8x8xf32> -> <1024x16xf32>
      %1 = sparse_tile.load %a[%j, %kk] dims [0, 1] : memref<8x8xf32> -> <1024x16xf32>
      sparse_tile.yield %0, %1 : !sparse_tile.tile<1024x16xf32>, !sparse_tile.tile<1024x16xf32>
    } compute {
    ^bb0(%0: !sparse_tile.tile<1024x16xf32>, %1: !sparse_tile.tile<1024x16xf32>, %2: !sparse_tile.tile<1024x1024xf32>):
      %3 = sparse_tile.mma %0, %1, %2 : <1024x16xf32>, <1024x16xf32>, <1024x1024xf32>
      sparse_tile.yield %3 : !sparse_tile.tile<1024x1024xf32>
    } -> !sparse_tile.tile<1024x1024xf32>
    sparse_tile.store tiles(%sum : !sparse_tile.tile<1024x1024xf32>) ins() outs(%out : memref<8x8xf32>) maps [#id] {
    ^bb0(%r: index, %c: index, %s: f32):
      sparse_tile.yield %s : f32
    }
  }
  return
}
