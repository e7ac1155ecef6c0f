// Sums over a gate become grouped matmuls over the entries of its list, and a sum of the
// few entries of each token.

// RUN: sparsity-opt %s --sparsity-group-contractions --canonicalize --cse | FileCheck %s
// RUN: sparsity-opt %s --sparsity-group-contractions --remark-format=emitRemark \
// RUN:   --remarks-filter=sparsity -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK

#gate = #sparsity.gate<top_k = 2>
#tef = affine_map<(t, e, f) -> (t, e, f)>

// CHECK-DAG: #[[GFK:.*]] = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
// CHECK-DAG: #[[GKF:.*]] = affine_map<(d0, d1, d2) -> (d0, d2, d1)>
// CHECK-DAG: #[[ND:.*]] = affine_map<(d0, d1) -> (d0, d1)>
// CHECK-DAG: #[[LAST:.*]] = affine_map<(d0, d1) -> (d1)>

// A Mixtral layer: gate and up read the tokens by the list, the elementwise op and the down
// projection are over the entries, and nothing over (tokens, experts, features) is left.
// CHECK-LABEL: func.func @layer
// CHECK-SAME: %[[R:[^:]*]]: tensor<?x8xf32, #sparsity.gate<top_k = 2>>, %[[X:[^:]*]]: tensor<?x64xf16>, %[[G:[^:]*]]: tensor<8x96x64xf16>, %[[U:[^:]*]]: tensor<8x64x96xf16>, %[[D:[^:]*]]: tensor<8x64x96xf16>
// CHECK: %[[CRD:.*]] = sparsity.field %[[R]] "coordinates"
// CHECK: %[[N:.*]] = tensor.dim %[[CRD]], %c0
// CHECK: %[[EMPTY:.*]] = tensor.empty(%[[N]]) : tensor<?x96xf32>
// CHECK: %[[ZERO:.*]] = linalg.fill {{.*}} outs(%[[EMPTY]]
// CHECK: %[[A:.*]] = sparsity.grouped_matmul %[[X]], %[[G]] by %[[R]] outs(%[[ZERO]]) rhs_map #[[GFK]]
// CHECK: %[[B:.*]] = sparsity.grouped_matmul %[[X]], %[[U]] by %[[R]] outs(%[[ZERO]]) rhs_map #[[GKF]]
// CHECK: %[[H:.*]] = linalg.generic {indexing_maps = [#[[ND]], #[[ND]], #[[LAST]], #[[ND]]], iterator_types = ["parallel", "parallel"]} ins(%[[A]], %[[B]], %{{.*}} : tensor<?x96xf32>, tensor<?x96xf32>, tensor<96xf32>) outs(%{{.*}} : tensor<?x96xf16>)
// CHECK: %[[Z:.*]] = sparsity.grouped_matmul %[[H]], %[[D]] by %[[R]] compact outs(%{{.*}}) rhs_map #[[GFK]] : tensor<?x96xf16>, tensor<8x64x96xf16>, {{.*}} -> tensor<?x64xf32>
// CHECK-NOT: grouped_matmul
// CHECK-DAG: %[[ENTRIES:.*]] = sparsity.field %[[R]] "entries" : {{.*}} to tensor<?x2xi32>
// CHECK-DAG: %[[WEIGHTS:.*]] = sparsity.field %[[R]] "weights" : {{.*}} to tensor<?xf32>
// CHECK: linalg.generic {{.*}}iterator_types = ["parallel", "parallel"]} outs(%{{.*}} : tensor<?x64xf32>)
// CHECK: %[[T:.*]] = linalg.index 0
// CHECK: %[[C:.*]] = linalg.index 1
// CHECK: scf.for %[[J:.*]] = %c0 to %c2 step %c1
// CHECK: %[[ENTRY:.*]] = tensor.extract %[[ENTRIES]][%[[T]], %[[J]]]
// CHECK: %[[P:.*]] = arith.index_cast %[[ENTRY]]
// An entry of -1 was dropped by a capacity.
// CHECK: arith.cmpi sge, %[[P]], %c0
// CHECK: scf.if
// CHECK: tensor.extract %[[WEIGHTS]][%[[P]]]
// CHECK: tensor.extract %[[Z]][%[[P]], %[[C]]]
// CHECK-NOT: tensor<?x8x
// CHECK: return
func.func @layer(%r: tensor<?x8xf32, #gate>, %x: tensor<?x64xf16>, %gw: tensor<8x96x64xf16>,
                 %uw: tensor<8x64x96xf16>, %dw: tensor<8x64x96xf16>, %bias: tensor<96xf32>,
                 %tokens: index) -> tensor<?x64xf32> {
  %zero = arith.constant 0.0 : f32
  %wide = tensor.empty(%tokens) : tensor<?x8x96xf32>
  %none = linalg.fill ins(%zero : f32) outs(%wide : tensor<?x8x96xf32>) -> tensor<?x8x96xf32>
  %g = linalg.contract
      indexing_maps = [affine_map<(t, e, f, d) -> (t, d)>, affine_map<(t, e, f, d) -> (e, f, d)>,
                       affine_map<(t, e, f, d) -> (t, e, f)>]
      ins(%x, %gw : tensor<?x64xf16>, tensor<8x96x64xf16>)
      outs(%none : tensor<?x8x96xf32>) -> tensor<?x8x96xf32>
  %u = linalg.contract
      indexing_maps = [affine_map<(t, e, f, d) -> (t, d)>, affine_map<(t, e, f, d) -> (e, d, f)>,
                       affine_map<(t, e, f, d) -> (t, e, f)>]
      ins(%x, %uw : tensor<?x64xf16>, tensor<8x64x96xf16>)
      outs(%none : tensor<?x8x96xf32>) -> tensor<?x8x96xf32>
  %half = tensor.empty(%tokens) : tensor<?x8x96xf16>
  %h = linalg.generic
      {indexing_maps = [#tef, #tef, affine_map<(t, e, f) -> (f)>, #tef],
       iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%g, %u, %bias : tensor<?x8x96xf32>, tensor<?x8x96xf32>, tensor<96xf32>)
      outs(%half : tensor<?x8x96xf16>) {
  ^bb0(%a: f32, %b: f32, %c: f32, %o: f16):
    %p = arith.mulf %a, %b : f32
    %s = arith.addf %p, %c : f32
    %t = arith.truncf %s : f32 to f16
    linalg.yield %t : f16
  } -> tensor<?x8x96xf16>
  %narrow = tensor.empty(%tokens) : tensor<?x64xf32>
  %start = linalg.fill ins(%zero : f32) outs(%narrow : tensor<?x64xf32>) -> tensor<?x64xf32>
  %y = linalg.generic
      {indexing_maps = [affine_map<(t, d, e, f) -> (t, e)>, affine_map<(t, d, e, f) -> (t, e, f)>,
                        affine_map<(t, d, e, f) -> (e, d, f)>, affine_map<(t, d, e, f) -> (t, d)>],
       iterator_types = ["parallel", "parallel", "reduction", "reduction"]}
      ins(%r, %h, %dw : tensor<?x8xf32, #gate>, tensor<?x8x96xf16>, tensor<8x64x96xf16>)
      outs(%start : tensor<?x64xf32>) {
  ^bb0(%w: f32, %a: f16, %b: f16, %c: f32):
    %ax = arith.extf %a : f16 to f32
    %bx = arith.extf %b : f16 to f32
    %p = arith.mulf %w, %ax : f32
    %q = arith.mulf %p, %bx : f32
    %s = arith.addf %c, %q : f32
    linalg.yield %s : f32
  } -> tensor<?x64xf32>
  return %y : tensor<?x64xf32>
}

// The factor is over (t, e, d) itself, the result transposed, and the sum starts elsewhere:
// the start is an input of the sum over entries.
// CHECK-LABEL: func.func @two_factors
// CHECK-SAME: %[[INIT:[^:]*]]: tensor<64x?xf32>
// CHECK: %[[Z:.*]] = sparsity.grouped_matmul
// CHECK: linalg.generic {{.*}} ins(%[[INIT]] : tensor<64x?xf32>)
// CHECK: ^bb0(%[[START:[^:]*]]: f32,
// CHECK: %[[C:.*]] = linalg.index 0
// CHECK: %[[T:.*]] = linalg.index 1
// CHECK: scf.for {{.*}} iter_args(%{{.*}} = %[[START]])
// CHECK: tensor.extract %{{.*}}[%[[T]], %{{.*}}] : tensor<?x2xi32>
// CHECK: tensor.extract %[[Z]][%{{.*}}, %[[C]]]
func.func @two_factors(%r: tensor<?x8xf32, #gate>, %x: tensor<?x64xf16>, %w: tensor<8x64x64xf16>,
                       %init: tensor<64x?xf32>, %tokens: index) -> tensor<64x?xf32> {
  %zero = arith.constant 0.0 : f32
  %wide = tensor.empty(%tokens) : tensor<?x8x64xf32>
  %none = linalg.fill ins(%zero : f32) outs(%wide : tensor<?x8x64xf32>) -> tensor<?x8x64xf32>
  %z = linalg.contract
      indexing_maps = [affine_map<(t, e, f, d) -> (t, d)>, affine_map<(t, e, f, d) -> (e, f, d)>,
                       affine_map<(t, e, f, d) -> (t, e, f)>]
      ins(%x, %w : tensor<?x64xf16>, tensor<8x64x64xf16>)
      outs(%none : tensor<?x8x64xf32>) -> tensor<?x8x64xf32>
  %y = linalg.generic
      {indexing_maps = [affine_map<(d, t, e) -> (t, e)>, affine_map<(d, t, e) -> (t, e, d)>,
                        affine_map<(d, t, e) -> (d, t)>],
       iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%r, %z : tensor<?x8xf32, #gate>, tensor<?x8x64xf32>) outs(%init : tensor<64x?xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %p = arith.mulf %a, %b : f32
    %s = arith.addf %c, %p : f32
    linalg.yield %s : f32
  } -> tensor<64x?xf32>
  return %y : tensor<64x?xf32>
}

// The products are an argument: nothing computes them for the entries alone.
// REMARK: sparsity-group-contractions.mlir:[[#@LINE+8]]:{{.*}}not grouped: expected the listed operand in a sum of products of tensors that are computed for each pair on the list
// CHECK-LABEL: func.func @given
// CHECK-NOT: grouped_matmul
// CHECK: linalg.generic
// CHECK-SAME: "reduction"
// CHECK: return
func.func @given(%r: tensor<4x8xf32, #gate>, %z: tensor<4x8x64xf32>, %init: tensor<4x64xf32>)
    -> tensor<4x64xf32> {
  %y = linalg.generic
      {indexing_maps = [affine_map<(t, d, e) -> (t, e)>, affine_map<(t, d, e) -> (t, e, d)>,
                        affine_map<(t, d, e) -> (t, d)>],
       iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%r, %z : tensor<4x8xf32, #gate>, tensor<4x8x64xf32>) outs(%init : tensor<4x64xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %p = arith.mulf %a, %b : f32
    %s = arith.addf %c, %p : f32
    linalg.yield %s : f32
  } -> tensor<4x64xf32>
  return %y : tensor<4x64xf32>
}

// A bias for each expert is read at neither every pair nor none: the listed rows carry no
// expert into an elementwise op.
// REMARK: not grouped
// CHECK-LABEL: func.func @expert_bias
// CHECK-NOT: grouped_matmul
// CHECK: return
func.func @expert_bias(%r: tensor<4x8xf32, #gate>, %x: tensor<4x64xf16>, %w: tensor<8x64x64xf16>,
                       %bias: tensor<8x64xf32>, %init: tensor<4x64xf32>) -> tensor<4x64xf32> {
  %zero = arith.constant 0.0 : f32
  %wide = tensor.empty() : tensor<4x8x64xf32>
  %none = linalg.fill ins(%zero : f32) outs(%wide : tensor<4x8x64xf32>) -> tensor<4x8x64xf32>
  %z = linalg.contract
      indexing_maps = [affine_map<(t, e, f, d) -> (t, d)>, affine_map<(t, e, f, d) -> (e, f, d)>,
                       affine_map<(t, e, f, d) -> (t, e, f)>]
      ins(%x, %w : tensor<4x64xf16>, tensor<8x64x64xf16>)
      outs(%none : tensor<4x8x64xf32>) -> tensor<4x8x64xf32>
  %b = linalg.generic
      {indexing_maps = [#tef, affine_map<(t, e, f) -> (e, f)>, #tef],
       iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%z, %bias : tensor<4x8x64xf32>, tensor<8x64xf32>) outs(%wide : tensor<4x8x64xf32>) {
  ^bb0(%p: f32, %q: f32, %o: f32):
    %s = arith.addf %p, %q : f32
    linalg.yield %s : f32
  } -> tensor<4x8x64xf32>
  %y = linalg.generic
      {indexing_maps = [affine_map<(t, d, e) -> (t, e)>, affine_map<(t, d, e) -> (t, e, d)>,
                        affine_map<(t, d, e) -> (t, d)>],
       iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%r, %b : tensor<4x8xf32, #gate>, tensor<4x8x64xf32>) outs(%init : tensor<4x64xf32>) {
  ^bb0(%p: f32, %q: f32, %c: f32):
    %m = arith.mulf %p, %q : f32
    %s = arith.addf %c, %m : f32
    linalg.yield %s : f32
  } -> tensor<4x64xf32>
  return %y : tensor<4x64xf32>
}

// Not a sum of products: left alone, and nothing is said.
// REMARK-NOT: not grouped
// CHECK-LABEL: func.func @maximum
// CHECK-NOT: grouped_matmul
// CHECK: arith.maximumf
func.func @maximum(%r: tensor<4x8xf32, #gate>, %z: tensor<4x8x64xf32>, %init: tensor<4x64xf32>)
    -> tensor<4x64xf32> {
  %y = linalg.generic
      {indexing_maps = [affine_map<(t, d, e) -> (t, e)>, affine_map<(t, d, e) -> (t, e, d)>,
                        affine_map<(t, d, e) -> (t, d)>],
       iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%r, %z : tensor<4x8xf32, #gate>, tensor<4x8x64xf32>) outs(%init : tensor<4x64xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %p = arith.mulf %a, %b : f32
    %s = arith.maximumf %c, %p : f32
    linalg.yield %s : f32
  } -> tensor<4x64xf32>
  return %y : tensor<4x64xf32>
}
