// RUN: split-file %s %t
// RUN: sparsity-opt %t/valid.mlir --sparsity-select-config --convert-sparsity-to-tile | FileCheck %s
// RUN: sparsity-opt %t/valid.mlir --sparsity-select-config=target=sm_80 \
// RUN:   --sparsity-resolve-storage=target=sm_80 --convert-sparsity-to-tile \
// RUN:   | FileCheck %s --check-prefix=GPU
// RUN: sparsity-opt %t/invalid.mlir --sparsity-select-config --convert-sparsity-to-tile \
// RUN:   -split-input-file -verify-diagnostics
// RUN: sparsity-opt %t/no-config.mlir --convert-sparsity-to-tile -verify-diagnostics

//--- valid.mlir

#w = #sparsity.n_of_m<2:4, axis = 1>
#v = #sparsity.n_of_m<2:4, axis = 0>
#causal = #sparsity.window<right = 0>
#both = #sparsity.all_of<[#sparsity.window<right = 0>, #sparsity.n_of_m<2:4, axis = 1>]>
#xw = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>]
#id = affine_map<(m, n) -> (m, n)>

// CHECK-DAG: #[[ID:.*]] = affine_map<(d0, d1) -> (d0, d1)>
// CHECK-DAG: #[[ROW:.*]] = affine_map<(d0, d1) -> (d0)>
// CHECK-DAG: #[[COLUMN:.*]] = affine_map<(d0, d1) -> (d1)>
// CHECK-DAG: #[[POINT:.*]] = affine_map<(d0, d1) -> ()>
// CHECK-DAG: #[[CAUSAL:.*]] = affine_set<(d0, d1) : (d0 - d1 >= 0)>
// GPU-DAG: #[[SWAP:.*]] = affine_map<(d0, d1) -> (d1, d0)>

// The whole schedule of one layer. Zero sums start in the accumulator: the fill is read by
// nobody.
// CHECK-LABEL: func.func @layer
// CHECK-SAME: %[[X:[^:]*]]: tensor<?x64xf16>, %[[W:[^:]*]]: tensor<32x64xf16, #sparsity.n_of_m<2:4, axis = 1>>
// CHECK-DAG: %[[TOKENS:.*]] = tensor.dim %[[X]]
// CHECK-DAG: %[[N:.*]] = arith.constant 32 : index
// CHECK-DAG: %[[K:.*]] = arith.constant 64 : index
// CHECK-DAG: %[[VALUES:.*]] = sparsity.field %[[W]] "values"
// CHECK-DAG: %[[METADATA:.*]] = sparsity.field %[[W]] "metadata"
// CHECK: sparse_tile.forall sizes(%{{.*}}, %[[N]], %[[K]]) tile [64, 32] ins(%[[X]], %[[VALUES]], %[[METADATA]] : tensor<?x64xf16>, tensor<32x32xf16>, tensor<32x8xi8>) outs(%{{.*}} : tensor<?x32xf32>)
// CHECK-SAME: coverage = [#sparsity.coverage<all>, #sparsity.coverage<all>]
// CHECK: ^bb0(%[[I:[^:]*]]: index, %[[J:[^:]*]]: index, %{{[^:]*}}: index, %{{[^:]*}}: index, %[[EXTENT:[^:]*]]: index, %[[XA:.*]]: tensor<?x64xf16>, %[[VA:.*]]: tensor<32x32xf16>, %[[MA:.*]]: tensor<32x8xi8>, %[[OA:.*]]: tensor<?x32xf32>):
// CHECK: %[[SUM:.*]] = sparse_tile.pipeline below %[[EXTENT]] step 64 stages 1 load {
// CHECK: ^bb0(%[[KK:[^:]*]]: index):
// CHECK: %[[A:.*]] = sparse_tile.load %[[XA]][%[[I]], %[[KK]]] dims [0, 1] : tensor<?x64xf16> -> <64x64xf16>
// CHECK: %[[B:.*]] = sparse_tile.load %[[VA]], %[[MA]][%[[J]], %[[KK]]] dims [0, 1] : tensor<32x32xf16>, tensor<32x8xi8> -> <32x64xf16, #sparsity.format<n_of_m<2:4, axis = 1>>>
// CHECK: sparse_tile.yield %[[A]], %[[B]]
// CHECK: sparse_tile.mma
// CHECK: sparse_tile.store tiles(%[[SUM]] : !sparse_tile.tile<64x32xf32>) ins() outs(%[[OA]] : tensor<?x32xf32>) maps [#[[ID]]]
// CHECK: ^bb0(%{{[^:]*}}: index, %{{[^:]*}}: index, %[[S:.*]]: f32):
// CHECK-NEXT: sparse_tile.yield %[[S]] : f32
// On a GPU the weight takes the A role, so the rows of a work item are those of the weight.
// GPU-LABEL: func.func @layer
// GPU: sparse_tile.forall {{.*}} swap = true
// GPU: ^bb0(%[[I:[^:]*]]: index, %[[J:[^:]*]]: index,
// GPU: %[[B:.*]] = sparse_tile.load %{{.*}}[%[[J]], %{{.*}}] dims [0, 1] : tensor<?x64xf16> -> <128x64xf16>
// GPU: %[[A:.*]] = sparse_tile.load %{{.*}}, %{{.*}}[%[[I]], %{{.*}}] dims [0, 1]
// GPU: sparse_tile.store {{.*}} maps [#[[SWAP]]]
func.func @layer(%x: tensor<?x64xf16>, %w: tensor<32x64xf16, #w>) -> tensor<?x32xf32> {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %tokens = tensor.dim %x, %c0 : tensor<?x64xf16>
  %empty = tensor.empty(%tokens) : tensor<?x32xf32>
  %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<?x32xf32>) -> tensor<?x32xf32>
  %y = linalg.matmul
      indexing_maps = #xw
      ins(%x, %w : tensor<?x64xf16>, tensor<32x64xf16, #w>)
      outs(%init : tensor<?x32xf32>) -> tensor<?x32xf32>
  return %y : tensor<?x32xf32>
}

// A weight stored transposed is read along its own axes: K is axis 0.
// CHECK-LABEL: func.func @transposed
// CHECK: sparse_tile.load %{{.*}}, %{{.*}}[%{{.*}}, %{{.*}}] dims [1, 0] : tensor<32x32xf16>, tensor<{{.*}}xi8> -> <{{.*}}, #sparsity.format<n_of_m<2:4, axis = 0>>>
func.func @transposed(%x: tensor<8x64xf16>, %w: tensor<64x32xf16, #v>,
                      %init: tensor<8x32xf32>) -> tensor<8x32xf32> {
  %y = linalg.matmul ins(%x, %w : tensor<8x64xf16>, tensor<64x32xf16, #v>)
      outs(%init : tensor<8x32xf32>) -> tensor<8x32xf32>
  return %y : tensor<8x32xf32>
}

// A sum that starts elsewhere adds its start in the store, in the type of the sum.
// CHECK-LABEL: func.func @residual
// CHECK-SAME: %[[INIT:[^:]*]]: tensor<8x32xf16>)
// CHECK: sparse_tile.forall {{.*}}%[[INIT]] : {{.*}} outs(%{{.*}} : tensor<8x32xf16>)
// CHECK: sparse_tile.store tiles(%{{.*}} : !sparse_tile.tile<{{.*}}xf32>) ins(%{{.*}} : tensor<8x32xf16>) outs(%{{.*}} : tensor<8x32xf16>) maps [#[[ID]], #[[ID]]]
// CHECK: ^bb0(%{{[^:]*}}: index, %{{[^:]*}}: index, %[[SUM:.*]]: f32, %[[START:.*]]: f16):
// CHECK: %[[WIDE:.*]] = arith.extf %[[START]] : f16 to f32
// CHECK: %[[Y:.*]] = arith.addf %[[WIDE]], %[[SUM]] : f32
// CHECK: arith.truncf %[[Y]] : f32 to f16
func.func @residual(%x: tensor<8x64xf16>, %w: tensor<64x32xf16>, %init: tensor<8x32xf16>)
    -> tensor<8x32xf16> {
  %y = linalg.matmul ins(%x, %w : tensor<8x64xf16>, tensor<64x32xf16>)
      outs(%init : tensor<8x32xf16>) -> tensor<8x32xf16>
  return %y : tensor<8x32xf16>
}

// Gate and up share x: it is loaded once, and both sums end in one epilogue with its bias,
// its captured scalar and its position.
// CHECK-LABEL: func.func @swiglu
// CHECK-SAME: %[[X:[^:]*]]: tensor<?x64xf16>, %{{.*}}, %{{.*}}, %[[BIAS:[^:]*]]: tensor<32xf32>, %[[S:[^:]*]]: f32
// CHECK: sparse_tile.forall
// CHECK-SAME: coverage = [#sparsity.coverage<all>, #sparsity.coverage<all>, #sparsity.coverage<all>, #sparsity.coverage<all>]
// CHECK: %{{.*}}:2 = sparse_tile.pipeline
// CHECK-COUNT-3: sparse_tile.load
// CHECK-NOT: sparse_tile.load
// CHECK-COUNT-2: sparse_tile.mma
// CHECK: sparse_tile.store tiles(%{{.*}}#0, %{{.*}}#1 : {{.*}}) ins(%{{.*}} : tensor<32xf32>) outs(%{{.*}} : tensor<?x32xf16>) maps [#[[COLUMN]], #[[ID]]]
// CHECK: ^bb0(%{{[^:]*}}: index, %[[J:[^:]*]]: index, %[[G:.*]]: f32, %[[U:.*]]: f32, %[[B:.*]]: f32):
// CHECK: arith.index_cast %[[J]]
// CHECK: arith.mulf %[[G]], %[[U]]
// CHECK: sparse_tile.yield %{{.*}} : f16
// CHECK-NOT: linalg.matmul
func.func @swiglu(%x: tensor<?x64xf16>, %g: tensor<32x64xf16, #w>, %u: tensor<32x64xf16, #w>,
                  %bias: tensor<32xf32>, %scale: f32) -> tensor<?x32xf16> {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %tokens = tensor.dim %x, %c0 : tensor<?x64xf16>
  %empty = tensor.empty(%tokens) : tensor<?x32xf32>
  %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<?x32xf32>) -> tensor<?x32xf32>
  %a = linalg.matmul
      indexing_maps = #xw
      ins(%x, %g : tensor<?x64xf16>, tensor<32x64xf16, #w>)
      outs(%init : tensor<?x32xf32>) -> tensor<?x32xf32>
  %b = linalg.matmul
      indexing_maps = #xw
      ins(%x, %u : tensor<?x64xf16>, tensor<32x64xf16, #w>)
      outs(%init : tensor<?x32xf32>) -> tensor<?x32xf32>
  %out = tensor.empty(%tokens) : tensor<?x32xf16>
  %y = linalg.generic
      {indexing_maps = [#id, #id, affine_map<(m, n) -> (n)>, #id],
       iterator_types = ["parallel", "parallel"]}
      ins(%a, %b, %bias : tensor<?x32xf32>, tensor<?x32xf32>, tensor<32xf32>)
      outs(%out : tensor<?x32xf16>) {
  ^bb0(%p: f32, %q: f32, %c: f32, %o: f16):
    %j = linalg.index 1 : index
    %i = arith.index_cast %j : index to i32
    %f = arith.sitofp %i : i32 to f32
    %m = arith.mulf %p, %q : f32
    %s = arith.mulf %m, %scale : f32
    %t = arith.addf %s, %c : f32
    %r = arith.addf %t, %f : f32
    %h = arith.truncf %r : f32 to f16
    linalg.yield %h : f16
  } -> tensor<?x32xf16>
  return %y : tensor<?x32xf16>
}

// Extents of K that may differ need a pipeline each.
// CHECK-LABEL: func.func @two_extents
// CHECK: sparse_tile.forall sizes(%{{.*}}, %{{.*}}, %[[K0:.*]], %[[K1:.*]]) tile
// CHECK: ^bb0(%{{[^:]*}}: index, %{{[^:]*}}: index, %{{[^:]*}}: index, %{{[^:]*}}: index, %[[E0:[^:]*]]: index, %[[E1:[^:]*]]: index,
// CHECK: sparse_tile.pipeline below %[[E0]]
// CHECK: sparse_tile.pipeline below %[[E1]]
// CHECK: sparse_tile.store tiles(%{{.*}}, %{{.*}} :
func.func @two_extents(%x: tensor<8x?xf16>, %w: tensor<32x?xf16>, %x2: tensor<8x?xf16>,
                       %w2: tensor<32x?xf16>, %init: tensor<8x32xf32>) -> tensor<8x32xf32> {
  %a = linalg.matmul
      indexing_maps = #xw
      ins(%x, %w : tensor<8x?xf16>, tensor<32x?xf16>)
      outs(%init : tensor<8x32xf32>) -> tensor<8x32xf32>
  %b = linalg.matmul
      indexing_maps = #xw
      ins(%x2, %w2 : tensor<8x?xf16>, tensor<32x?xf16>)
      outs(%init : tensor<8x32xf32>) -> tensor<8x32xf32>
  %e = tensor.empty() : tensor<8x32xf32>
  %y = linalg.generic
      {indexing_maps = [#id, #id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%a, %b : tensor<8x32xf32>, tensor<8x32xf32>) outs(%e : tensor<8x32xf32>) {
  ^bb0(%p: f32, %q: f32, %o: f32):
    %s = arith.subf %p, %q : f32
    linalg.yield %s : f32
  } -> tensor<8x32xf32>
  return %y : tensor<8x32xf32>
}

// Two contractions that walk the batch dimensions in another order do not share a kernel:
// the one that is left out feeds the other's epilogue as a tensor.
// CHECK-LABEL: func.func @batch_order
// CHECK: %[[B:.*]] = sparse_tile.forall {{.*}}tile [1, 1, 8, 16]
// CHECK: %[[Y:.*]] = sparse_tile.forall {{.*}}%[[B]]
// CHECK: return %[[Y]]
func.func @batch_order(%x: tensor<3x3x8x16xf16>, %w: tensor<3x3x8x16xf16>,
                       %init: tensor<3x3x8x8xf32>) -> tensor<3x3x8x8xf32> {
  %a = linalg.contract
      indexing_maps = [affine_map<(b, c, m, n, k) -> (b, c, m, k)>,
                       affine_map<(b, c, m, n, k) -> (b, c, n, k)>,
                       affine_map<(b, c, m, n, k) -> (b, c, m, n)>]
      ins(%x, %w : tensor<3x3x8x16xf16>, tensor<3x3x8x16xf16>)
      outs(%init : tensor<3x3x8x8xf32>) -> tensor<3x3x8x8xf32>
  %b = linalg.contract
      indexing_maps = [affine_map<(b, c, m, n, k) -> (b, c, m, k)>,
                       affine_map<(b, c, m, n, k) -> (b, c, n, k)>,
                       affine_map<(b, c, m, n, k) -> (c, b, m, n)>]
      ins(%x, %w : tensor<3x3x8x16xf16>, tensor<3x3x8x16xf16>)
      outs(%init : tensor<3x3x8x8xf32>) -> tensor<3x3x8x8xf32>
  %e = tensor.empty() : tensor<3x3x8x8xf32>
  %y = linalg.generic
      {indexing_maps = [affine_map<(b, c, m, n) -> (b, c, m, n)>,
                        affine_map<(b, c, m, n) -> (b, c, m, n)>,
                        affine_map<(b, c, m, n) -> (b, c, m, n)>],
       iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%a, %b : tensor<3x3x8x8xf32>, tensor<3x3x8x8xf32>)
      outs(%e : tensor<3x3x8x8xf32>) {
  ^bb0(%p: f32, %q: f32, %o: f32):
    %s = arith.subf %p, %q : f32
    linalg.yield %s : f32
  } -> tensor<3x3x8x8xf32>
  return %y : tensor<3x3x8x8xf32>
}

// Matrix-vector: the missing side has one row, which no tensor dimension walks (-1).
// CHECK-LABEL: func.func @matvec
// CHECK: %[[ONE:.*]] = arith.constant 1 : index
// CHECK: sparse_tile.forall sizes(%[[ONE]], %{{.*}}, %{{.*}}) tile [4, 32]
// CHECK: sparse_tile.load %{{.*}}[%{{.*}}] dims [-1, 0] : tensor<64xf16> -> <4x64xf16>
// CHECK: sparse_tile.store {{.*}} maps [#[[COLUMN]], #[[COLUMN]]]
func.func @matvec(%w: tensor<32x64xf16, #w>, %x: tensor<64xf16>, %init: tensor<32xf32>)
    -> tensor<32xf32> {
  %y = linalg.matvec ins(%w, %x : tensor<32x64xf16, #w>, tensor<64xf16>)
      outs(%init : tensor<32xf32>) -> tensor<32xf32>
  return %y : tensor<32xf32>
}

// A scalar result is an iteration space of one point.
// CHECK-LABEL: func.func @dot
// CHECK: %[[ONE:.*]] = arith.constant 1 : index
// CHECK: sparse_tile.forall sizes(%[[ONE]], %[[ONE]], %{{.*}})
// CHECK: sparse_tile.store {{.*}} maps [#[[POINT]], #[[POINT]]]
func.func @dot(%x: tensor<64xf16>, %y: tensor<64xf16>, %init: tensor<f32>) -> tensor<f32> {
  %r = linalg.dot ins(%x, %y : tensor<64xf16>, tensor<64xf16>)
      outs(%init : tensor<f32>) -> tensor<f32>
  return %r : tensor<f32>
}

// Batch dimensions have a tile of one.
// CHECK-LABEL: func.func @batch
// CHECK: tile [1, 8, 32]
// CHECK: ^bb0(%[[B:[^:]*]]: index, %[[I:[^:]*]]: index, %[[J:[^:]*]]: index,
// CHECK: sparse_tile.load %{{.*}}[%[[B]], %[[I]], %{{.*}}] dims [1, 2]
// CHECK: sparse_tile.load %{{.*}}[%[[B]], %{{.*}}, %[[J]]] dims [2, 1]
func.func @batch(%x: tensor<4x8x64xf16>, %w: tensor<4x64x32xf16>, %init: tensor<4x8x32xf32>)
    -> tensor<4x8x32xf32> {
  %y = linalg.batch_matmul ins(%x, %w : tensor<4x8x64xf16>, tensor<4x64x32xf16>)
      outs(%init : tensor<4x8x32xf32>) -> tensor<4x8x32xf32>
  return %y : tensor<4x8x32xf32>
}

// A mask is stored dense and tested where it is loaded; its coverage is kept.
// CHECK-LABEL: func.func @mask
// CHECK: coverage = [#sparsity.coverage<band<rows = 0, cols = 1, lo = -inf, hi = 1 * row + 0>>, #sparsity.coverage<all>]
// CHECK: %[[P:.*]] = sparse_tile.load
// CHECK: %[[M:.*]] = sparse_tile.mask %[[P]][%{{.*}}, %{{.*}}] dims [0, 1] where [#[[CAUSAL]]] coverage = <band<rows = 0, cols = 1, lo = -inf, hi = 1 * row + 0>>
// CHECK: sparse_tile.yield %[[M]], %{{.*}}
func.func @mask(%p: tensor<64x64xf16, #causal>, %v: tensor<64x32xf16>,
                %init: tensor<64x32xf32>) -> tensor<64x32xf32> {
  %y = linalg.matmul ins(%p, %v : tensor<64x64xf16, #causal>, tensor<64x32xf16>)
      outs(%init : tensor<64x32xf32>) -> tensor<64x32xf32>
  return %y : tensor<64x32xf32>
}

// A mask over n:m storage: the format is decoded where it lies, and the band bounds the loop.
// CHECK-LABEL: func.func @composed
// CHECK: sparse_tile.pipeline
// CHECK: sparse_tile.load %{{.*}}, %{{.*}}[%{{.*}}, %{{.*}}] dims [0, 1]
// CHECK-SAME: at {
// CHECK: arith.cmpi sle
// CHECK: } : tensor<64x32xf16>, tensor<64x8xi8> -> <{{.*}}, #sparsity.format<n_of_m<2:4, axis = 1>>>
func.func @composed(%p: tensor<64x64xf16, #both>, %v: tensor<64x8xf16>,
                    %init: tensor<64x8xf32>) -> tensor<64x8xf32> {
  %y = linalg.matmul ins(%p, %v : tensor<64x64xf16, #both>, tensor<64x8xf16>)
      outs(%init : tensor<64x8xf32>) -> tensor<64x8xf32>
  return %y : tensor<64x8xf32>
}

// An elementwise op is a schedule without a reduction.
// CHECK-LABEL: func.func @elementwise
// CHECK-SAME: %[[X:[^:]*]]: tensor<?x32xf16>, %[[B:[^:]*]]: tensor<?xf16>
// CHECK: sparse_tile.forall sizes(%{{.*}}, %{{.*}}) tile [16, 256]
// CHECK-NOT: sparse_tile.pipeline
// CHECK: sparse_tile.store tiles() ins(%{{.*}}, %{{.*}} : tensor<?x32xf16>, tensor<?xf16>) outs(%{{.*}} : tensor<?x32xf16>) maps [#[[ID]], #[[ROW]], #[[ID]]]
func.func @elementwise(%x: tensor<?x32xf16>, %b: tensor<?xf16>, %out: tensor<?x32xf16>)
    -> tensor<?x32xf16> {
  %y = linalg.generic
      {indexing_maps = [#id, affine_map<(m, n) -> (m)>, #id],
       iterator_types = ["parallel", "parallel"]}
      ins(%x, %b : tensor<?x32xf16>, tensor<?xf16>) outs(%out : tensor<?x32xf16>) {
  ^bb0(%p: f16, %q: f16, %o: f16):
    %s = arith.addf %p, %q : f16
    linalg.yield %s : f16
  } -> tensor<?x32xf16>
  return %y : tensor<?x32xf16>
}

// A schedule reads what the one before it wrote.
// CHECK-LABEL: func.func @chain
// CHECK: %[[A:.*]] = sparse_tile.forall
// CHECK: %[[B:.*]] = sparse_tile.forall {{.*}} ins(%[[A]], %{{.*}}
// CHECK: %[[C:.*]] = sparse_tile.forall {{.*}}%[[B]] :
// CHECK: return %[[C]]
func.func @chain(%x: tensor<8x64xf16>, %w: tensor<64x64xf16>, %init: tensor<8x64xf16>)
    -> tensor<8x64xf16> {
  %a = linalg.matmul ins(%x, %w : tensor<8x64xf16>, tensor<64x64xf16>)
      outs(%init : tensor<8x64xf16>) -> tensor<8x64xf16>
  %b = linalg.matmul ins(%a, %w : tensor<8x64xf16>, tensor<64x64xf16>)
      outs(%init : tensor<8x64xf16>) -> tensor<8x64xf16>
  %c = linalg.matmul ins(%x, %w : tensor<8x64xf16>, tensor<64x64xf16>)
      outs(%b : tensor<8x64xf16>) -> tensor<8x64xf16>
  return %c : tensor<8x64xf16>
}

//--- invalid.mlir

#rows = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>]

// A result whose storage no work item can write: the elements of a row share a group.
func.func @compressed_result(%x: tensor<8x64xf16>, %w: tensor<32x64xf16>,
                             %init: tensor<8x32xf32, #sparsity.n_of_m<2:4, axis = 1>>)
    -> tensor<8x32xf32, #sparsity.n_of_m<2:4, axis = 1>> {
  // expected-error @+1 {{expected a result that is stored densely or by the blocks of a list, but got 'tensor<8x32xf32, #sparsity.n_of_m<2:4, axis = 1>>'}}
  %y = linalg.matmul indexing_maps = #rows ins(%x, %w : tensor<8x64xf16>, tensor<32x64xf16>)
      outs(%init : tensor<8x32xf32, #sparsity.n_of_m<2:4, axis = 1>>)
      -> tensor<8x32xf32, #sparsity.n_of_m<2:4, axis = 1>>
  return %y : tensor<8x32xf32, #sparsity.n_of_m<2:4, axis = 1>>
}

// -----

#rows = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>]

func.func @bitmap_result(%x: tensor<8x64xf16>, %w: tensor<64x64xf16>,
                         %init: tensor<8x64xf32, #sparsity.unstructured>)
    -> tensor<8x64xf32, #sparsity.unstructured> {
  // expected-error @+1 {{expected a result that is stored densely or by the blocks of a list, but got 'tensor<8x64xf32, #sparsity.unstructured>'}}
  %y = linalg.matmul indexing_maps = #rows ins(%x, %w : tensor<8x64xf16>, tensor<64x64xf16>)
      outs(%init : tensor<8x64xf32, #sparsity.unstructured>) -> tensor<8x64xf32, #sparsity.unstructured>
  return %y : tensor<8x64xf32, #sparsity.unstructured>
}

// -----

// The blocks of a batch lie in one list, whose entries say nothing of the batch.
func.func @batched_block_result(%x: tensor<2x8x64xf16>, %w: tensor<2x64x32xf16>,
                                %init: tensor<2x8x32xf32, #sparsity.block<8x8>>)
    -> tensor<2x8x32xf32, #sparsity.block<8x8>> {
  // expected-error @+1 {{expected a result that is stored densely or by the blocks of a list, but got 'tensor<2x8x32xf32, #sparsity.block<8x8>>'}}
  %y = linalg.batch_matmul ins(%x, %w : tensor<2x8x64xf16>, tensor<2x64x32xf16>)
      outs(%init : tensor<2x8x32xf32, #sparsity.block<8x8>>) -> tensor<2x8x32xf32, #sparsity.block<8x8>>
  return %y : tensor<2x8x32xf32, #sparsity.block<8x8>>
}

// -----

func.func @foreign(%x: tensor<8x64xf16>, %w: tensor<64x32xf16, "csr">,
                   %init: tensor<8x32xf32>) -> tensor<8x32xf32> {
  // expected-error @+1 {{expected an operand with an encoding of the sparsity dialect, but got "csr"}}
  %y = linalg.matmul ins(%x, %w : tensor<8x64xf16>, tensor<64x32xf16, "csr">)
      outs(%init : tensor<8x32xf32>) -> tensor<8x32xf32>
  return %y : tensor<8x32xf32>
}

//--- no-config.mlir

func.func @dense(%x: tensor<8x64xf16>, %w: tensor<64x32xf16>, %init: tensor<8x32xf32>)
    -> tensor<8x32xf32> {
  // expected-error @+1 {{expected a sparse_tile.config attribute, but got none; run sparsity-select-config first}}
  %y = linalg.matmul ins(%x, %w : tensor<8x64xf16>, tensor<64x32xf16>)
      outs(%init : tensor<8x32xf32>) -> tensor<8x32xf32>
  return %y : tensor<8x32xf32>
}
