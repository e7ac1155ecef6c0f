// RUN: sparsity-opt %s --sparsity-build-lists --canonicalize --cse -split-input-file | FileCheck %s

// Every field comes from ops whose elements are computed one by one: parallel loops only,
// no inputs that would be fused, tensors read inside the bodies.

#gate = #sparsity.gate<top_k = 2>

// CHECK-LABEL: func.func @route
// CHECK-SAME: %[[L:.*]]: tensor<?x8xbf16>
// CHECK-NOT: sparsity.route
// CHECK: %[[T:.*]] = tensor.dim %[[L]], %c0
// The rank of each expert for its token.
// CHECK: %[[RANKS:.*]] = linalg.generic {indexing_maps = [#{{.*}}], iterator_types = ["parallel", "parallel"]} outs(%{{.*}} : tensor<?x8xi32>)
// CHECK: scf.for
// CHECK: arith.cmpf oeq
// CHECK: arith.cmpf ogt
// The largest logit, and the sum, of each token.
// CHECK: linalg.generic {{.*}} outs(%{{.*}} : tensor<?xf32>)
// CHECK: linalg.generic {{.*}} outs(%{{.*}} : tensor<?xf32>)
// CHECK: math.exp
// Chunks of 64 tokens: kept ones in each, then the tree of sums.
// CHECK: %[[CHUNKS:.*]] = arith.divui %{{.*}}, %c64
// CHECK: linalg.generic {{.*}} outs(%{{.*}} : tensor<?xi32>)
// CHECK: tensor.extract %[[RANKS]]
// CHECK: %[[BASES:.*]] = linalg.generic {{.*}} outs(%{{.*}} : tensor<?xi32>)
// CHECK: %[[POSITIONS:.*]] = linalg.generic {{.*}} outs(%{{.*}} : tensor<9xi32>)
// CHECK: %[[SLOTS:.*]] = arith.muli %[[T]], %c2
// CHECK: %[[EMPTY:.*]] = tensor.empty(%[[SLOTS]]) : tensor<?xi32>
// CHECK: %[[COORDINATES:.*]] = linalg.generic {{.*}} outs(%[[EMPTY]] : tensor<?xi32>)
// CHECK: scf.if
// CHECK: scf.while
// CHECK: %[[WEIGHTS:.*]] = linalg.generic {{.*}} outs(%{{.*}} : tensor<?xf32>)
// CHECK: %[[ENTRIES:.*]] = linalg.generic {{.*}} outs(%{{.*}} : tensor<?x2xi32>)
// CHECK: sparsity.assemble %[[POSITIONS]], %[[COORDINATES]], %[[WEIGHTS]], %[[ENTRIES]]
// CHECK-SAME: sizes(%[[T]])
// CHECK-SAME: to tensor<?x8xf32, #sparsity.gate<top_k = 2>>
func.func @route(%l: tensor<?x8xbf16>) -> tensor<?x8xf32, #gate> {
  %g = sparsity.route %l : tensor<?x8xbf16> to tensor<?x8xf32, #gate>
  return %g : tensor<?x8xf32, #gate>
}

// -----

// Static sizes stay static; fields and extents are read from what was built.
// CHECK-LABEL: func.func @static
// CHECK-DAG: %[[C130:.*]] = arith.constant 130 : index
// CHECK-NOT: sparsity.
// CHECK-NOT: reduction
// CHECK: outs(%{{.*}} : tensor<24xi32>)
// CHECK: %[[P:.*]] = linalg.generic {{.*}} outs(%{{.*}} : tensor<9xi32>)
// CHECK: %[[E:.*]] = linalg.generic {{.*}} outs(%{{.*}} : tensor<130x2xi32>)
// CHECK: return %[[P]], %[[E]], %[[C130]]
func.func @static(%l: tensor<130x8xf32>)
    -> (tensor<9xi32>, tensor<130x2xi32>, index) {
  %g = sparsity.route %l : tensor<130x8xf32> to tensor<130x8xf32, #sparsity.gate<top_k = 2>>
  %p = sparsity.field %g "positions"
      : tensor<130x8xf32, #sparsity.gate<top_k = 2>> to tensor<9xi32>
  %d:4 = sparsity.disassemble %g : tensor<130x8xf32, #sparsity.gate<top_k = 2>>
      to tensor<9xi32>, tensor<?xi32>, tensor<?xf32>, tensor<130x2xi32>
  %c0 = arith.constant 0 : index
  %t = tensor.dim %g, %c0 : tensor<130x8xf32, #sparsity.gate<top_k = 2>>
  return %p, %d#3, %t : tensor<9xi32>, tensor<130x2xi32>, index
}

// -----

// With a bias the keys are computed once; the weights are those of the logits.
// CHECK-LABEL: func.func @sigmoid
// CHECK-SAME: %[[L:[^:]*]]: tensor<4x8xf32>, %[[B:[^:]*]]: tensor<8xf32>
// CHECK: %[[KEYS:.*]] = linalg.generic {{.*}} outs(%{{.*}} : tensor<4x8xf32>)
// CHECK: math.exp
// CHECK: tensor.extract %[[B]]
// CHECK: linalg.generic {{.*}} outs(%{{.*}} : tensor<4x8xi32>)
// CHECK: tensor.extract %[[KEYS]]
// CHECK-NOT: tensor.extract %[[B]]
// CHECK: linalg.generic {{.*}} outs(%{{.*}} : tensor<8xf32>)
// CHECK: tensor.extract %[[L]]
// CHECK: arith.mulf %{{.*}}, %cst{{.*}} : f32
func.func @sigmoid(%l: tensor<4x8xf32>, %b: tensor<8xf32>) -> tensor<?xf32> {
  %g = sparsity.route %l score(sigmoid) bias(%b : tensor<8xf32>) renormalize scale(2.5)
      : tensor<4x8xf32> to tensor<4x8xf32, #sparsity.gate<top_k = 2>>
  %w = sparsity.field %g "weights"
      : tensor<4x8xf32, #sparsity.gate<top_k = 2>> to tensor<?xf32>
  return %w : tensor<?xf32>
}

// -----

// The values are the source itself, computed once.
// CHECK-LABEL: func.func @relu
// CHECK-SAME: %[[X:.*]]: tensor<?x100xf16>
// CHECK: %[[Y:.*]] = linalg.generic {{.*}} ins(%[[X]] : tensor<?x100xf16>)
// CHECK: linalg.generic {{.*}} outs(%{{.*}} : tensor<?xi32>)
// CHECK: tensor.extract %[[Y]]
// CHECK: arith.cmpf ogt, %{{.*}}, %cst
// CHECK: sparsity.assemble %{{.*}}, %{{.*}}, %[[Y]] sizes(%{{.*}}) : tensor<?xi32>, tensor<?xi32>, tensor<?x100xf16> to
func.func @relu(%x: tensor<?x100xf16>) -> tensor<?x100xf16, #sparsity.activation<relu>> {
  %c0 = arith.constant 0 : index
  %t = tensor.dim %x, %c0 : tensor<?x100xf16>
  %i = tensor.empty(%t) : tensor<?x100xf16>
  %y = linalg.generic {
      indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>],
      iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<?x100xf16>) outs(%i : tensor<?x100xf16>) {
  ^bb0(%a: f16, %o: f16):
    %n = arith.negf %a : f16
    linalg.yield %n : f16
  } -> tensor<?x100xf16>
  %e = sparsity.encode %y : tensor<?x100xf16>
      to tensor<?x100xf16, #sparsity.activation<relu>>
  return %e : tensor<?x100xf16, #sparsity.activation<relu>>
}

// -----

// The threshold 0.1 becomes the largest f32 below it, and a NaN passes.
// CHECK-LABEL: func.func @threshold
// CHECK: %[[BELOW:.*]] = arith.constant 0.099999994 : f32
// CHECK: math.absf
// CHECK: arith.cmpf ugt, %{{.*}}, %[[BELOW]]
func.func @threshold(%x: tensor<2x100xf32>)
    -> tensor<2x100xf32, #sparsity.activation<threshold = 0.1>> {
  %e = sparsity.encode %x : tensor<2x100xf32>
      to tensor<2x100xf32, #sparsity.activation<threshold = 0.1>>
  return %e : tensor<2x100xf32, #sparsity.activation<threshold = 0.1>>
}

// -----

// Two digits of 8 bits of the 15 of a bf16 without its sign, then the last tie.
// CHECK-LABEL: func.func @top_k
// CHECK: outs(%{{.*}} : tensor<2x256xi32>)
// CHECK: outs(%{{.*}} : tensor<2x2xi32>)
// CHECK: outs(%{{.*}} : tensor<2x256xi32>)
// CHECK: outs(%{{.*}} : tensor<2x2xi32>)
// CHECK-NOT: outs(%{{.*}} : tensor<2x256xi32>)
// CHECK: outs(%{{.*}} : tensor<2xi32>)
// CHECK: outs(%{{.*}} : tensor<3xi32>)
func.func @top_k(%x: tensor<2x100xbf16>)
    -> tensor<2x100xbf16, #sparsity.activation<top_k = 9>> {
  %e = sparsity.encode %x : tensor<2x100xbf16>
      to tensor<2x100xbf16, #sparsity.activation<top_k = 9>>
  return %e : tensor<2x100xbf16, #sparsity.activation<top_k = 9>>
}

// -----

// What a host packer packs stays.
// CHECK-LABEL: func.func @packed
// CHECK: sparsity.encode
func.func @packed(%x: tensor<8x64xf16>)
    -> tensor<8x64xf16, #sparsity.n_of_m<2:4, axis = 1>> {
  %e = sparsity.encode %x : tensor<8x64xf16>
      to tensor<8x64xf16, #sparsity.n_of_m<2:4, axis = 1>>
  return %e : tensor<8x64xf16, #sparsity.n_of_m<2:4, axis = 1>>
}
