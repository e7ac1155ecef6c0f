// RUN: sparsity-opt %s --sparse-tile-split-partial | FileCheck %s

// Where the coverage proves every tile full, no element is tested.

#config = #sparse_tile.config<tile = [64, 64, 64], warps = [1, 1], stages = 1, raster = 1,
    swap = false, multiply = "f16", instruction = "vector.fma", sparse = false>
#short = affine_set<(i, j) : (i - j + 62 >= 0)>
#wide = affine_set<(i, j) : (i - j + 63 >= 0)>

// A window that reaches the last column from the first row is full; one short of it is not.
// CHECK-LABEL: func.func @window
// CHECK: %[[P:.*]] = sparse_tile.load
// CHECK: %[[Q:.*]] = sparse_tile.load
// CHECK: %[[M:.*]] = sparse_tile.mask %[[Q]]
// CHECK: sparse_tile.yield %[[P]], %[[M]]
func.func @window(%p: tensor<64x64xf16>, %q: tensor<64x64xf16>, %out: tensor<64x64xf32>)
    -> tensor<64x64xf32> {
  %c64 = arith.constant 64 : index
  %r = sparse_tile.forall sizes(%c64, %c64, %c64) tile [64, 64]
      ins(%p, %q : tensor<64x64xf16>, tensor<64x64xf16>) outs(%out : tensor<64x64xf32>)
      config = #config {
  ^bb0(%i: index, %j: index, %m: index, %n: index, %k: index,
       %pa: tensor<64x64xf16>, %qa: tensor<64x64xf16>, %o: tensor<64x64xf32>):
    %sum = sparse_tile.pipeline below %k step 64 stages 1 load {
    ^bb0(%kk: index):
      %a = sparse_tile.load %pa[%i, %kk] dims [0, 1]
          : tensor<64x64xf16> -> !sparse_tile.tile<64x64xf16>
      %am = sparse_tile.mask %a[%i, %kk] dims [0, 1] where [#wide]
          coverage = <band<rows = 0, cols = 1, lo = -inf, hi = 1 * row + 63>> : !sparse_tile.tile<64x64xf16>
      %b = sparse_tile.load %qa[%j, %kk] dims [0, 1]
          : tensor<64x64xf16> -> !sparse_tile.tile<64x64xf16>
      %bm = sparse_tile.mask %b[%j, %kk] dims [0, 1] where [#short]
          coverage = <band<rows = 0, cols = 1, lo = -inf, hi = 1 * row + 62>> : !sparse_tile.tile<64x64xf16>
      sparse_tile.yield %am, %bm : !sparse_tile.tile<64x64xf16>, !sparse_tile.tile<64x64xf16>
    } compute {
    ^bb0(%a: !sparse_tile.tile<64x64xf16>, %b: !sparse_tile.tile<64x64xf16>, %c: !sparse_tile.tile<64x64xf32>):
      %d = sparse_tile.mma %a, %b, %c : !sparse_tile.tile<64x64xf16>,
          !sparse_tile.tile<64x64xf16>, !sparse_tile.tile<64x64xf32>
      sparse_tile.yield %d : !sparse_tile.tile<64x64xf32>
    } -> !sparse_tile.tile<64x64xf32>
    sparse_tile.store tiles(%sum : !sparse_tile.tile<64x64xf32>) ins()
        outs(%o : tensor<64x64xf32>) maps [affine_map<(i, j) -> (i, j)>] {
    ^bb0(%si: index, %sj: index, %v: f32):
      sparse_tile.yield %v : f32
    }
  } -> tensor<64x64xf32>
  return %r : tensor<64x64xf32>
}

// `all` needs no proof; of a tensor of any size nothing is proved.
// CHECK-LABEL: func.func @provable
// CHECK: %[[A:.*]] = sparse_tile.load
// CHECK-NEXT: %[[B:.*]] = sparse_tile.load
// CHECK-NEXT: %[[M:.*]] = sparse_tile.mask %[[B]]
// CHECK-NEXT: sparse_tile.yield %[[A]], %[[M]]
func.func @provable(%p: tensor<?x64xf16>, %out: tensor<?x64xf32>) -> tensor<?x64xf32> {
  %c64 = arith.constant 64 : index
  %r = sparse_tile.forall sizes(%c64, %c64, %c64) tile [64, 64]
      ins(%p : tensor<?x64xf16>) outs(%out : tensor<?x64xf32>) config = #config {
  ^bb0(%i: index, %j: index, %m: index, %n: index, %k: index, %pa: tensor<?x64xf16>,
       %o: tensor<?x64xf32>):
    %sum = sparse_tile.pipeline below %k step 64 stages 1 load {
    ^bb0(%kk: index):
      %a = sparse_tile.load %pa[%i, %kk] dims [0, 1]
          : tensor<?x64xf16> -> !sparse_tile.tile<64x64xf16>
      %am = sparse_tile.mask %a[%i, %kk] dims [0, 1] where [#short] coverage = <all>
          : !sparse_tile.tile<64x64xf16>
      %b = sparse_tile.load %pa[%j, %kk] dims [0, 1]
          : tensor<?x64xf16> -> !sparse_tile.tile<64x64xf16>
      %bm = sparse_tile.mask %b[%j, %kk] dims [0, 1] where [#wide]
          coverage = <band<rows = 0, cols = 1, lo = -inf, hi = 1 * row + 63>>
          : !sparse_tile.tile<64x64xf16>
      sparse_tile.yield %am, %bm : !sparse_tile.tile<64x64xf16>, !sparse_tile.tile<64x64xf16>
    } compute {
    ^bb0(%a: !sparse_tile.tile<64x64xf16>, %b: !sparse_tile.tile<64x64xf16>, %c: !sparse_tile.tile<64x64xf32>):
      %d = sparse_tile.mma %a, %b, %c : !sparse_tile.tile<64x64xf16>,
          !sparse_tile.tile<64x64xf16>, !sparse_tile.tile<64x64xf32>
      sparse_tile.yield %d : !sparse_tile.tile<64x64xf32>
    } -> !sparse_tile.tile<64x64xf32>
    sparse_tile.store tiles(%sum : !sparse_tile.tile<64x64xf32>) ins()
        outs(%o : tensor<?x64xf32>) maps [affine_map<(i, j) -> (i, j)>] {
    ^bb0(%si: index, %sj: index, %v: f32):
      sparse_tile.yield %v : f32
    }
  } -> tensor<?x64xf32>
  return %r : tensor<?x64xf32>
}
