// What this lowering has no form for.

// RUN: sparsity-opt %s --split-input-file --convert-sparse-tile-to-vector --verify-diagnostics

#config = #sparse_tile.config<tile = [8, 16, 32], warps = [1, 1], stages = 1, raster = 1, swap = false, multiply = "f32", instruction = "vector.fma", sparse = false>
#id = affine_map<(d0, d1) -> (d0, d1)>
#format = #sparsity.format<bitmap<8x32>>
func.func @f(%s0: memref<?x4xi64>, %s1: memref<?x4xi32>, %s2: memref<?xf32>, %y: memref<8x16xf32>) {
  %n = arith.constant 8 : index
  %m = arith.constant 16 : index
  sparse_tile.forall sizes(%n, %m, %m) tile [8, 16] ins(%s0, %s1, %s2 : memref<?x4xi64>, memref<?x4xi32>, memref<?xf32>) outs(%y : memref<8x16xf32>) config = #config {
  ^bb0(%i: index, %j: index, %rows: index, %columns: index, %extent: index, %f0: memref<?x4xi64>, %f1: memref<?x4xi32>, %f2: memref<?xf32>, %out: memref<8x16xf32>):
    %s = sparse_tile.pipeline below %extent step 32 stages 1 load {
    ^bb0(%k: index):
      // expected-error @below {{expected a tile that is dense, n_of_m in layout row_major or a gathered bitmap, but got '!sparse_tile.tile<8x32xf32, #sparsity.format<bitmap<8x32>>>'}}
      %packed = sparse_tile.load %f0, %f1, %f2[%i, %k] dims [0, 1] : memref<?x4xi64>, memref<?x4xi32>, memref<?xf32> -> <8x32xf32, #format>
      %t = sparse_tile.expand %packed : <8x32xf32, #format> -> <8x32xf32>
      sparse_tile.yield %t : !sparse_tile.tile<8x32xf32>
    } compute {
    ^bb0(%t: !sparse_tile.tile<8x32xf32>, %acc: !sparse_tile.tile<8x8xf32>):
      %sum = sparse_tile.mma %t, %t, %acc : <8x32xf32>, <8x32xf32>, <8x8xf32>
      sparse_tile.yield %sum : !sparse_tile.tile<8x8xf32>
    } -> !sparse_tile.tile<8x8xf32>
  }
  return
}

// -----

#config = #sparse_tile.config<tile = [8, 16, 32], warps = [1, 1], stages = 1, raster = 1, swap = false, multiply = "f32", instruction = "vector.fma", sparse = false>
#id = affine_map<(d0, d1) -> (d0, d1)>
#format = #sparsity.format<bitmap>
func.func @f(%s0: memref<?x4xi64>, %s1: memref<?x4xi32>, %s2: memref<?xf32>, %y: memref<8x16xf32>) {
  %n = arith.constant 8 : index
  %m = arith.constant 16 : index
  sparse_tile.forall sizes(%n, %m, %m) tile [8, 16] ins(%s0, %s1, %s2 : memref<?x4xi64>, memref<?x4xi32>, memref<?xf32>) outs(%y : memref<8x16xf32>) config = #config {
  ^bb0(%i: index, %j: index, %rows: index, %columns: index, %extent: index, %f0: memref<?x4xi64>, %f1: memref<?x4xi32>, %f2: memref<?xf32>, %out: memref<8x16xf32>):
    %s = sparse_tile.pipeline below %extent step 32 stages 1 load {
    ^bb0(%k: index):
      // expected-error @below {{expected a bitmap whose tile size is known, but got bitmap}}
      %packed = sparse_tile.load %f0, %f1, %f2[%i, %k] dims [0, 1] at {
      ^bb0(%row: index, %position: index):
        %true = arith.constant true
        sparse_tile.yield %row, %row, %position, %true : index, index, index, i1
      } : memref<?x4xi64>, memref<?x4xi32>, memref<?xf32> -> <8x32xf32, #format>
      %t = sparse_tile.expand %packed : <8x32xf32, #format> -> <8x32xf32>
      sparse_tile.yield %t : !sparse_tile.tile<8x32xf32>
    } compute {
    ^bb0(%t: !sparse_tile.tile<8x32xf32>, %acc: !sparse_tile.tile<8x8xf32>):
      %sum = sparse_tile.mma %t, %t, %acc : <8x32xf32>, <8x32xf32>, <8x8xf32>
      sparse_tile.yield %sum : !sparse_tile.tile<8x8xf32>
    } -> !sparse_tile.tile<8x8xf32>
  }
  return
}

// -----

#config = #sparse_tile.config<tile = [8, 16, 32], warps = [1, 1], stages = 1, raster = 1, swap = false, multiply = "f32", instruction = "vector.fma", sparse = false>
#id = affine_map<(d0, d1) -> (d0, d1)>
#format = #sparsity.format<bitmap<8x32>>
func.func @f(%s0: memref<?x4xi64>, %s1: memref<?x4xi32>, %s2: memref<?xf32>, %y: memref<8x16xf32>) {
  %n = arith.constant 8 : index
  %m = arith.constant 16 : index
  sparse_tile.forall sizes(%n, %m, %m) tile [8, 16] ins(%s0, %s1, %s2 : memref<?x4xi64>, memref<?x4xi32>, memref<?xf32>) outs(%y : memref<8x16xf32>) config = #config {
  ^bb0(%i: index, %j: index, %rows: index, %columns: index, %extent: index, %f0: memref<?x4xi64>, %f1: memref<?x4xi32>, %f2: memref<?xf32>, %out: memref<8x16xf32>):
    %s = sparse_tile.pipeline below %extent step 32 stages 1 load {
    ^bb0(%k: index):
      // expected-error @below {{expected the at region to yield 3 indices and an i1, but got 2 indices}}
      %packed = sparse_tile.load %f0, %f1, %f2[%i, %k] dims [0, 1] at {
      ^bb0(%row: index, %position: index):
        %true = arith.constant true
        sparse_tile.yield %row, %position, %true : index, index, i1
      } : memref<?x4xi64>, memref<?x4xi32>, memref<?xf32> -> <8x32xf32, #format>
      %t = sparse_tile.expand %packed : <8x32xf32, #format> -> <8x32xf32>
      sparse_tile.yield %t : !sparse_tile.tile<8x32xf32>
    } compute {
    ^bb0(%t: !sparse_tile.tile<8x32xf32>, %acc: !sparse_tile.tile<8x8xf32>):
      %sum = sparse_tile.mma %t, %t, %acc : <8x32xf32>, <8x32xf32>, <8x8xf32>
      sparse_tile.yield %sum : !sparse_tile.tile<8x8xf32>
    } -> !sparse_tile.tile<8x8xf32>
  }
  return
}

// -----

#config = #sparse_tile.config<tile = [8, 16, 32], warps = [1, 1], stages = 1, raster = 1, swap = false, multiply = "f32", instruction = "vector.fma", sparse = false>
#id = affine_map<(d0, d1) -> (d0, d1)>
#format = #sparsity.format<n_of_m<2:4, axis = 2>>
func.func @f(%s0: memref<8x16xf32>, %s1: memref<8x4xi8>, %y: memref<8x16xf32>) {
  %n = arith.constant 8 : index
  %m = arith.constant 16 : index
  sparse_tile.forall sizes(%n, %m, %m) tile [8, 16] ins(%s0, %s1 : memref<8x16xf32>, memref<8x4xi8>) outs(%y : memref<8x16xf32>) config = #config {
  ^bb0(%i: index, %j: index, %rows: index, %columns: index, %extent: index, %f0: memref<8x16xf32>, %f1: memref<8x4xi8>, %out: memref<8x16xf32>):
    %s = sparse_tile.pipeline below %extent step 32 stages 1 load {
    ^bb0(%k: index):
      // expected-error @below {{expected an axis below 2, but got 2}}
      %packed = sparse_tile.load %f0, %f1[%i, %k] dims [0, 1] at {
      ^bb0(%row: index, %position: index):
        %true = arith.constant true
        sparse_tile.yield %row, %position, %true : index, index, i1
      } : memref<8x16xf32>, memref<8x4xi8> -> <8x32xf32, #format>
      %t = sparse_tile.expand %packed : <8x32xf32, #format> -> <8x32xf32>
      sparse_tile.yield %t : !sparse_tile.tile<8x32xf32>
    } compute {
    ^bb0(%t: !sparse_tile.tile<8x32xf32>, %acc: !sparse_tile.tile<8x8xf32>):
      %sum = sparse_tile.mma %t, %t, %acc : <8x32xf32>, <8x32xf32>, <8x8xf32>
      sparse_tile.yield %sum : !sparse_tile.tile<8x8xf32>
    } -> !sparse_tile.tile<8x8xf32>
  }
  return
}

// -----

#config = #sparse_tile.config<tile = [8, 16, 32], warps = [1, 1], stages = 1, raster = 1, swap = false, multiply = "f32", instruction = "vector.fma", sparse = false>
#id = affine_map<(d0, d1) -> (d0, d1)>
#format = #sparsity.format<n_of_m<2:4, axis = 1>>
func.func @f(%s0: memref<8x16xf32>, %s1: memref<8x4xi8>, %y: memref<8x16xf32>) {
  %n = arith.constant 8 : index
  %m = arith.constant 16 : index
  sparse_tile.forall sizes(%n, %m, %m) tile [8, 16] ins(%s0, %s1 : memref<8x16xf32>, memref<8x4xi8>) outs(%y : memref<8x16xf32>) config = #config {
  ^bb0(%i: index, %j: index, %rows: index, %columns: index, %extent: index, %f0: memref<8x16xf32>, %f1: memref<8x4xi8>, %out: memref<8x16xf32>):
    %s = sparse_tile.pipeline below %extent step 32 stages 1 load {
    ^bb0(%k: index):
      // expected-error @below {{expected the at region to yield 2 indices and an i1, but got 1 indices}}
      %packed = sparse_tile.load %f0, %f1[%i, %k] dims [0, 1] at {
      ^bb0(%row: index, %position: index):
        %true = arith.constant true
        sparse_tile.yield %position, %true : index, i1
      } : memref<8x16xf32>, memref<8x4xi8> -> <8x32xf32, #format>
      %t = sparse_tile.expand %packed : <8x32xf32, #format> -> <8x32xf32>
      sparse_tile.yield %t : !sparse_tile.tile<8x32xf32>
    } compute {
    ^bb0(%t: !sparse_tile.tile<8x32xf32>, %acc: !sparse_tile.tile<8x8xf32>):
      %sum = sparse_tile.mma %t, %t, %acc : <8x32xf32>, <8x32xf32>, <8x8xf32>
      sparse_tile.yield %sum : !sparse_tile.tile<8x8xf32>
    } -> !sparse_tile.tile<8x8xf32>
  }
  return
}

// -----

#config = #sparse_tile.config<tile = [8, 16, 32], warps = [1, 1], stages = 1, raster = 1, swap = false, multiply = "f32", instruction = "vector.fma", sparse = false>
#id = affine_map<(d0, d1) -> (d0, d1)>
#format = #sparsity.format<n_of_m<2:4, axis = 1>, layout = core_matrix>
func.func @f(%s0: memref<8x16xf32>, %s1: memref<8x4xi8>, %y: memref<8x16xf32>) {
  %n = arith.constant 8 : index
  %m = arith.constant 16 : index
  sparse_tile.forall sizes(%n, %m, %m) tile [8, 16] ins(%s0, %s1 : memref<8x16xf32>, memref<8x4xi8>) outs(%y : memref<8x16xf32>) config = #config {
  ^bb0(%i: index, %j: index, %rows: index, %columns: index, %extent: index, %f0: memref<8x16xf32>, %f1: memref<8x4xi8>, %out: memref<8x16xf32>):
    %s = sparse_tile.pipeline below %extent step 32 stages 1 load {
    ^bb0(%k: index):
      // expected-error @below {{expected a tile that is dense, n_of_m in layout row_major or a gathered bitmap, but got '!sparse_tile.tile<8x32xf32, #sparsity.format<n_of_m<2:4, axis = 1>, layout = core_matrix>>'}}
      %packed = sparse_tile.load %f0, %f1[%i, %k] dims [0, 1] at {
      ^bb0(%row: index, %position: index):
        %true = arith.constant true
        sparse_tile.yield %row, %position, %true : index, index, i1
      } : memref<8x16xf32>, memref<8x4xi8> -> <8x32xf32, #format>
      %t = sparse_tile.expand %packed : <8x32xf32, #format> -> <8x32xf32>
      sparse_tile.yield %t : !sparse_tile.tile<8x32xf32>
    } compute {
    ^bb0(%t: !sparse_tile.tile<8x32xf32>, %acc: !sparse_tile.tile<8x8xf32>):
      %sum = sparse_tile.mma %t, %t, %acc : <8x32xf32>, <8x32xf32>, <8x8xf32>
      sparse_tile.yield %sum : !sparse_tile.tile<8x8xf32>
    } -> !sparse_tile.tile<8x8xf32>
  }
  return
}

// -----

#config = #sparse_tile.config<tile = [8, 16, 32], warps = [1, 1], stages = 1, raster = 1, swap = false, multiply = "f32", instruction = "vector.fma", sparse = false>
#id = affine_map<(d0, d1) -> (d0, d1)>
func.func @f(%x: memref<8x8xf32>, %y: memref<8x16xf32>) {
  %n = arith.constant 8 : index
  %m = arith.constant 16 : index
  sparse_tile.forall sizes(%n, %m, %m) tile [8, 16] ins(%x : memref<8x8xf32>) outs(%y : memref<8x16xf32>) config = #config {
  ^bb0(%i: index, %j: index, %rows: index, %columns: index, %extent: index, %a: memref<8x8xf32>, %out: memref<8x16xf32>):
    %init = sparse_tile.load %a[%i, %j] dims [0, 1] : memref<8x8xf32> -> <8x8xf32>
    // expected-error @below {{expected to start from sums of a pipeline, but got}}
    %s = sparse_tile.pipeline below %extent step 32 stages 1 init(%init : !sparse_tile.tile<8x8xf32>) load {
    ^bb0(%k: index):
      %t = sparse_tile.load %a[%i, %k] dims [0, 1] : memref<8x8xf32> -> <8x32xf32>
      sparse_tile.yield %t : !sparse_tile.tile<8x32xf32>
    } compute {
    ^bb0(%t: !sparse_tile.tile<8x32xf32>, %acc: !sparse_tile.tile<8x8xf32>):
      %sum = sparse_tile.mma %t, %t, %acc : <8x32xf32>, <8x32xf32>, <8x8xf32>
      sparse_tile.yield %sum : !sparse_tile.tile<8x8xf32>
    } -> !sparse_tile.tile<8x8xf32>
  }
  return
}

// -----

#config = #sparse_tile.config<tile = [8, 16, 32], warps = [1, 1], stages = 1, raster = 1, swap = false, multiply = "f32", instruction = "vector.fma", sparse = false>
#id = affine_map<(d0, d1) -> (d0, d1)>
func.func @f(%x: memref<8x8xf32>, %y: memref<8x16xf32>, %c: i1) {
  %n = arith.constant 8 : index
  %m = arith.constant 16 : index
  sparse_tile.forall sizes(%n, %m, %m) tile [8, 16] ins(%x, %c : memref<8x8xf32>, i1) outs(%y : memref<8x16xf32>) config = #config {
  ^bb0(%i: index, %j: index, %rows: index, %columns: index, %extent: index, %a: memref<8x8xf32>, %cond: i1, %out: memref<8x16xf32>):
    scf.if %cond {
      // expected-error @below {{expected an op of the schedule that has a lowering to vectors}}
      %t = sparse_tile.load %a[%i, %j] dims [0, 1] : memref<8x8xf32> -> <8x8xf32>
    }
  }
  return
}
