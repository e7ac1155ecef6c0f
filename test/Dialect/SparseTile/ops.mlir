// RUN: sparsity-opt %s | sparsity-opt | FileCheck %s
// RUN: sparsity-opt %s -mlir-print-op-generic | sparsity-opt | FileCheck %s

// Every op, type and attribute of the schedule, read and printed.

#w = #sparsity.format<n_of_m<2:4, axis = 1>, layout = core_matrix>
// CHECK-LABEL: func.func private @attributes
// CHECK-SAME: bits = !sparse_tile.tile<64x64xf16, #sparsity.format<bitmap>>
// CHECK-SAME: config = #sparse_tile.config<tile = [128, 64, 32], warps = [2, 4], stages = 3, raster = 8, swap = true, multiply = "bf16", instruction = "mma.sp", sparse = true>
// CHECK-SAME: dense = !sparse_tile.tile<128x64xbf16>
// CHECK-SAME: packed = !sparse_tile.tile<128x64xi8, #sparsity.format<n_of_m<2:4, axis = 1>, layout = core_matrix>>
// CHECK-SAME: row = !sparse_tile.tile<8xf32>
func.func private @attributes() attributes {
  config = #sparse_tile.config<tile = [128, 64, 32], warps = [2, 4], stages = 3, raster = 8,
      swap = true, multiply = "bf16", instruction = "mma.sp", sparse = true>,
  dense = !sparse_tile.tile<128x64xbf16>,
  packed = !sparse_tile.tile<128x64xi8, #w>,
  bits = !sparse_tile.tile<64x64xf16, #sparsity.format<bitmap>>,
  row = !sparse_tile.tile<8xf32>
}

#config = #sparse_tile.config<tile = [32, 16, 64], warps = [1, 1], stages = 2, raster = 1,
    swap = false, multiply = "f16", instruction = "mma.m16n8k16", sparse = false>
#causal = affine_set<(i, j) : (i - j >= 0)>

// CHECK-LABEL: func.func @schedule
// CHECK: sparse_tile.forall sizes(%{{.*}}, %{{.*}}, %{{.*}}) tile [32, 16]
// CHECK-SAME: ins(%{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} : tensor<?x64xf16>, tensor<16x32xf16>, tensor<16x8xi8>, f32)
// CHECK-SAME: outs(%{{.*}} : tensor<?x16xf32>)
// CHECK-SAME: config = <tile = [32, 16, 64], warps = [1, 1], stages = 2, raster = 1, swap = false, multiply = "f16", instruction = "mma.m16n8k16", sparse = false>
// CHECK-SAME: coverage = [#sparsity.coverage<unknown>, #sparsity.coverage<all>]
// CHECK: sparse_tile.pipeline below %{{.*}} step 64 stages 2 load {
// CHECK: sparse_tile.load %{{.*}}[%{{.*}}, %{{.*}}] dims [0, 1] : tensor<?x64xf16> -> <32x64xf16>
// CHECK: sparse_tile.mask %{{.*}}[%{{.*}}, %{{.*}}] dims [0, 1] where [#{{.*}}] coverage = <unknown> : <32x64xf16>
// CHECK: sparse_tile.load %{{.*}}, %{{.*}}[%{{.*}}, %{{.*}}] dims [0, 1] : tensor<16x32xf16>, tensor<16x8xi8> -> <16x64xf16, #sparsity.format<n_of_m<2:4, axis = 1>>>
// CHECK: sparse_tile.expand %{{.*}} : <16x64xf16, #sparsity.format<n_of_m<2:4, axis = 1>>> -> <16x64xf16>
// CHECK: sparse_tile.yield %{{.*}}, %{{.*}} : !sparse_tile.tile<32x64xf16>, !sparse_tile.tile<16x64xf16>
// CHECK: } compute {
// CHECK: sparse_tile.mma %{{.*}}, %{{.*}}, %{{.*}} : <32x64xf16>, <16x64xf16>, <32x16xf32>
// CHECK: } -> !sparse_tile.tile<32x16xf32>
// CHECK: sparse_tile.store tiles(%{{.*}} : !sparse_tile.tile<32x16xf32>) ins() outs(%{{.*}} : tensor<?x16xf32>) maps [#{{.*}}] {
// CHECK: sparse_tile.yield %{{.*}} : f32
// CHECK: } -> tensor<?x16xf32>
func.func @schedule(%x: tensor<?x64xf16>, %v: tensor<16x32xf16>, %m: tensor<16x8xi8>,
                    %s: f32, %out: tensor<?x16xf32>, %rows: index) -> tensor<?x16xf32> {
  %c16 = arith.constant 16 : index
  %c64 = arith.constant 64 : index
  %r = sparse_tile.forall sizes(%rows, %c16, %c64) tile [32, 16]
      ins(%x, %v, %m, %s : tensor<?x64xf16>, tensor<16x32xf16>, tensor<16x8xi8>, f32)
      outs(%out : tensor<?x16xf32>) config = #config
      coverage = [#sparsity.coverage<unknown>, #sparsity.coverage<all>] {
  ^bb0(%i: index, %j: index, %ni: index, %nj: index, %nk: index, %xa: tensor<?x64xf16>,
       %va: tensor<16x32xf16>, %ma: tensor<16x8xi8>, %sa: f32, %o: tensor<?x16xf32>):
    %sum = sparse_tile.pipeline below %nk step 64 stages 2 load {
    ^bb0(%k: index):
      %a = sparse_tile.load %xa[%i, %k] dims [0, 1] : tensor<?x64xf16> -> !sparse_tile.tile<32x64xf16>
      %am = sparse_tile.mask %a[%i, %k] dims [0, 1] where [#causal] coverage = <unknown>
          : !sparse_tile.tile<32x64xf16>
      %b = sparse_tile.load %va, %ma[%j, %k] dims [0, 1] : tensor<16x32xf16>, tensor<16x8xi8>
          -> !sparse_tile.tile<16x64xf16, #sparsity.format<n_of_m<2:4, axis = 1>>>
      %be = sparse_tile.expand %b
          : !sparse_tile.tile<16x64xf16, #sparsity.format<n_of_m<2:4, axis = 1>>>
          -> !sparse_tile.tile<16x64xf16>
      sparse_tile.yield %am, %be : !sparse_tile.tile<32x64xf16>, !sparse_tile.tile<16x64xf16>
    } compute {
    ^bb0(%a: !sparse_tile.tile<32x64xf16>, %b: !sparse_tile.tile<16x64xf16>, %c: !sparse_tile.tile<32x16xf32>):
      %d = sparse_tile.mma %a, %b, %c : !sparse_tile.tile<32x64xf16>,
          !sparse_tile.tile<16x64xf16>, !sparse_tile.tile<32x16xf32>
      sparse_tile.yield %d : !sparse_tile.tile<32x16xf32>
    } -> !sparse_tile.tile<32x16xf32>
    sparse_tile.store tiles(%sum : !sparse_tile.tile<32x16xf32>) ins()
        outs(%o : tensor<?x16xf32>) maps [affine_map<(i, j) -> (i, j)>] {
    ^bb0(%si: index, %sj: index, %value: f32):
      %scaled = arith.mulf %value, %sa : f32
      sparse_tile.yield %scaled : f32
    }
  } -> tensor<?x16xf32>
  return %r : tensor<?x16xf32>
}

// The same on buffers: no results, and an elementwise schedule has no pipeline.
// CHECK-LABEL: func.func @buffers
// CHECK: sparse_tile.forall sizes(%{{.*}}, %{{.*}}) tile [16, 128] ins() outs(%{{.*}} : memref<8x8xf32>)
// CHECK: sparse_tile.store tiles() ins(%{{.*}} : memref<8x8xf32>) outs(%{{.*}} : memref<8x8xf32>) maps [#{{.*}}, #{{.*}}]
// CHECK: return
func.func @buffers(%out: memref<8x8xf32>) {
  %c8 = arith.constant 8 : index
  sparse_tile.forall sizes(%c8, %c8) tile [16, 128] ins() outs(%out : memref<8x8xf32>)
      config = #config {
  ^bb0(%i: index, %j: index, %ni: index, %nj: index, %o: memref<8x8xf32>):
    sparse_tile.store tiles() ins(%o : memref<8x8xf32>) outs(%o : memref<8x8xf32>)
        maps [affine_map<(i, j) -> (j, i)>, affine_map<(i, j) -> (i, j)>] {
    ^bb0(%si: index, %sj: index, %value: f32):
      sparse_tile.yield %value : f32
    }
  }
  return
}

// What lists need: loops from a computed place and from earlier sums, loads and stores at
// computed indices, and a compute region that takes the position.
// CHECK-LABEL: func.func @lists
// CHECK: %[[FIRST:.*]] = tensor.extract %{{.*}}[%{{.*}}] : tensor<?xi32>
// CHECK: %[[LOWER:.*]] = arith.index_cast %[[FIRST]]
// CHECK: %[[A:.*]] = sparse_tile.pipeline from %[[LOWER]] below %{{.*}} step 64 stages 2 load {
// CHECK: sparse_tile.load %{{.*}}[%{{.*}}, %{{.*}}] dims [0, 1] runs [1, 8] at {
// CHECK-NEXT: ^bb0(%[[R:.*]]: index, %[[C:.*]]: index):
// CHECK: sparse_tile.yield %[[R]], %[[C]], %{{.*}} : index, index, i1
// CHECK-NEXT: } : tensor<?x64xf16> -> <32x64xf16>
// CHECK: %[[B:.*]] = sparse_tile.pipeline below %{{.*}} step 64 stages 2 init(%[[A]] : !sparse_tile.tile<32x16xf32>) load {
// CHECK: ^bb0(%{{.*}}: !sparse_tile.tile<32x64xf16>, %{{.*}}: !sparse_tile.tile<16x64xf16>, %{{.*}}: !sparse_tile.tile<32x16xf32>, %{{.*}}: index):
// CHECK: sparse_tile.store tiles(%[[B]] : {{.*}} maps [#{{.*}}] {
// CHECK: } at {
// CHECK-NEXT: ^bb0(%[[P:.*]]: index, %[[Q:.*]]: index):
// CHECK: sparse_tile.yield %[[P]], %[[Q]], %[[Q]], %{{.*}} : index, index, index, i1
func.func @lists(%x: tensor<?x64xf16>, %w: tensor<16x64xf16>, %list: tensor<?xi32>,
                 %out: tensor<?x16xf32>, %rows: index) -> tensor<?x16xf32> {
  %c16 = arith.constant 16 : index
  %c64 = arith.constant 64 : index
  %r = sparse_tile.forall sizes(%rows, %c16, %c64) tile [32, 16]
      ins(%x, %w, %list : tensor<?x64xf16>, tensor<16x64xf16>, tensor<?xi32>)
      outs(%out : tensor<?x16xf32>) config = #config {
  ^bb0(%i: index, %j: index, %ni: index, %nj: index, %nk: index, %xa: tensor<?x64xf16>,
       %wa: tensor<16x64xf16>, %la: tensor<?xi32>, %o: tensor<?x16xf32>):
    %first = tensor.extract %la[%i] : tensor<?xi32>
    %lower = arith.index_cast %first : i32 to index
    %before = sparse_tile.pipeline from %lower below %nk step 64 stages 2 load {
    ^bb0(%k: index):
      %a = sparse_tile.load %xa[%i, %k] dims [0, 1] runs [1, 8] at {
      ^bb0(%row: index, %column: index):
        %inside = arith.cmpi slt, %row, %ni : index
        sparse_tile.yield %row, %column, %inside : index, index, i1
      } : tensor<?x64xf16> -> !sparse_tile.tile<32x64xf16>
      %b = sparse_tile.load %wa[%j, %k] dims [0, 1] : tensor<16x64xf16> -> !sparse_tile.tile<16x64xf16>
      sparse_tile.yield %a, %b : !sparse_tile.tile<32x64xf16>, !sparse_tile.tile<16x64xf16>
    } compute {
    ^bb0(%a: !sparse_tile.tile<32x64xf16>, %b: !sparse_tile.tile<16x64xf16>, %c: !sparse_tile.tile<32x16xf32>):
      %d = sparse_tile.mma %a, %b, %c : !sparse_tile.tile<32x64xf16>,
          !sparse_tile.tile<16x64xf16>, !sparse_tile.tile<32x16xf32>
      sparse_tile.yield %d : !sparse_tile.tile<32x16xf32>
    } -> !sparse_tile.tile<32x16xf32>
    %sum = sparse_tile.pipeline below %nk step 64 stages 2
        init(%before : !sparse_tile.tile<32x16xf32>) load {
    ^bb0(%k: index):
      %a = sparse_tile.load %xa[%i, %k] dims [0, 1] : tensor<?x64xf16> -> !sparse_tile.tile<32x64xf16>
      %b = sparse_tile.load %wa[%j, %k] dims [0, 1] : tensor<16x64xf16> -> !sparse_tile.tile<16x64xf16>
      sparse_tile.yield %a, %b : !sparse_tile.tile<32x64xf16>, !sparse_tile.tile<16x64xf16>
    } compute {
    ^bb0(%a: !sparse_tile.tile<32x64xf16>, %b: !sparse_tile.tile<16x64xf16>, %c: !sparse_tile.tile<32x16xf32>,
         %k: index):
      %d = sparse_tile.mma %a, %b, %c : !sparse_tile.tile<32x64xf16>,
          !sparse_tile.tile<16x64xf16>, !sparse_tile.tile<32x16xf32>
      sparse_tile.yield %d : !sparse_tile.tile<32x16xf32>
    } -> !sparse_tile.tile<32x16xf32>
    sparse_tile.store tiles(%sum : !sparse_tile.tile<32x16xf32>) ins()
        outs(%o : tensor<?x16xf32>) maps [affine_map<(e, r, c) -> (e, c)>] {
    ^bb0(%e: index, %si: index, %sj: index, %value: f32):
      sparse_tile.yield %value : f32
    } at {
    ^bb0(%p: index, %q: index):
      %written = arith.cmpi slt, %p, %ni : index
      sparse_tile.yield %p, %q, %q, %written : index, index, index, i1
    }
  } -> tensor<?x16xf32>
  return %r : tensor<?x16xf32>
}
