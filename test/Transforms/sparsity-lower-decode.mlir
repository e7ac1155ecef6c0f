// RUN: sparsity-opt %s --sparsity-lower-decode --canonicalize --cse -split-input-file -verify-diagnostics | FileCheck %s

// A list of blocks: one search in the list of the row of blocks, and the element at its
// place in the block. Branches carry f32.
// CHECK-LABEL: func.func @block
// CHECK-DAG: %[[P:.*]] = sparsity.field %{{.*}} "positions"
// CHECK-DAG: %[[C:.*]] = sparsity.field %{{.*}} "coordinates"
// CHECK-DAG: %[[V:.*]] = sparsity.field %{{.*}} "values"
// CHECK: %[[D:.*]] = tensor.dim %{{.*}}, %c0
// CHECK: tensor.empty(%[[D]]) : tensor<?x50xbf16>
// CHECK: linalg.generic {{.*}} outs(%{{.*}} : tensor<?x50xbf16>)
// CHECK-DAG: %[[R:.*]] = linalg.index 0
// CHECK-DAG: %[[K:.*]] = linalg.index 1
// CHECK: %[[G:.*]] = arith.divui %[[R]], %c16
// CHECK: tensor.extract %[[P]][%[[G]]]
// CHECK: %[[E:.*]] = scf.if
// CHECK: scf.while
// CHECK: tensor.extract %[[C]]
// CHECK-NOT: scf.while
// CHECK: scf.if %{{.*}} -> (f32)
// CHECK-DAG: %[[I:.*]] = arith.remui %[[R]], %c16
// CHECK-DAG: %[[J:.*]] = arith.remui %[[K]], %c8
// CHECK: tensor.extract %[[V]][%[[E]], %[[I]], %[[J]]]
// CHECK: arith.truncf %{{.*}} : f32 to bf16
#block = #sparsity.block<16x8>
func.func @block(%w: tensor<?x50xbf16, #block>) -> tensor<?x50xbf16> {
  %d = sparsity.decode %w : tensor<?x50xbf16, #block> to tensor<?x50xbf16>
  return %d : tensor<?x50xbf16>
}

// -----

// Groups of n:m inside the blocks of a batch: the axis is one of the block.
// CHECK-LABEL: func.func @vnm
// CHECK-DAG: %[[V:.*]] = sparsity.field %{{.*}} "values" : {{.*}} to tensor<?x8x6xi8>
// CHECK-DAG: %[[M:.*]] = sparsity.field %{{.*}} "metadata" : {{.*}} to tensor<?x8x2xi8>
// CHECK-DAG: %[[B:.*]] = linalg.index 0
// CHECK-DAG: %[[R:.*]] = linalg.index 1
// CHECK: %[[G:.*]] = arith.divui %[[R]], %c10
// CHECK: %[[F:.*]] = arith.muli %[[B]], %c2
// CHECK: arith.addi %[[F]], %[[G]]
// CHECK: %[[E:.*]] = scf.if
// CHECK: %[[I:.*]] = arith.remui %[[R]], %c10
// CHECK: %[[J:.*]] = arith.remui
// CHECK: %[[SLOT:.*]] = scf.for
// CHECK: tensor.extract %[[M]][%[[E]], %[[J]], %{{.*}}]
// CHECK: scf.if %{{.*}} -> (i8)
// CHECK: tensor.extract %[[V]][%[[E]], %[[J]], %[[SLOT]]]
#vnm = #sparsity.block<10x8, inner = #sparsity.n_of_m<2:4, axis = 0>>
func.func @vnm(%w: tensor<3x20x50xi8, #vnm>) -> tensor<3x20x50xi8> {
  %d = sparsity.decode %w : tensor<3x20x50xi8, #vnm> to tensor<3x20x50xi8>
  return %d : tensor<3x20x50xi8>
}

// -----

// A bitmap under a mask: the mask is tested, the list is searched once.
// CHECK-LABEL: func.func @bits
// CHECK: %[[HERE:.*]] = arith.cmpi sle, %{{.*}}, %{{.*}} : index
// CHECK: scf.if %[[HERE]] -> (f32)
// CHECK: scf.while
// CHECK-NOT: scf.while
// CHECK: %[[MASK:.*]] = arith.shli
// CHECK: %[[BELOW:.*]] = arith.subi %[[MASK]], %{{.*}}
// CHECK: arith.andi %{{.*}}, %[[BELOW]]
// CHECK: math.ctpop
#bits = #sparsity.all_of<[#sparsity.window<right = 0>, #sparsity.unstructured]>
func.func @bits(%w: tensor<20x50xf32, #bits>) -> tensor<20x50xf32> {
  %d = sparsity.decode %w : tensor<20x50xf32, #bits> to tensor<20x50xf32>
  return %d : tensor<20x50xf32>
}

// -----

// One value an entry.
// CHECK-LABEL: func.func @gate
// CHECK-NOT: "entries"
// CHECK: %[[W:.*]] = sparsity.field %{{.*}} "weights"
// CHECK: %[[E:.*]] = scf.if
// CHECK: tensor.extract %[[W]][%[[E]]]
#gate = #sparsity.gate<top_k = 2>
func.func @gate(%g: tensor<?x8xf16, #gate>) -> tensor<?x8xf16> {
  %d = sparsity.decode %g : tensor<?x8xf16, #gate> to tensor<?x8xf16>
  return %d : tensor<?x8xf16>
}

// -----

// Dense values are an operand, and need no branch.
// CHECK-LABEL: func.func @segments
// CHECK: %[[V:.*]] = sparsity.field %{{.*}} "values"
// CHECK: linalg.generic {{.*}} ins(%[[V]] : tensor<4x6x8xf16>)
// CHECK: arith.select {{.*}} : f32
func.func @segments(%x: tensor<4x6x8xf16, #sparsity.segments>) -> tensor<4x6x8xf16> {
  %d = sparsity.decode %x : tensor<4x6x8xf16, #sparsity.segments> to tensor<4x6x8xf16>
  return %d : tensor<4x6x8xf16>
}

// -----

// A mask on a value that is computed here: nothing is encoded.
// CHECK-LABEL: func.func @computed
// CHECK-SAME: %[[X:.*]]: tensor<?x8xf32>
// CHECK-NOT: sparsity.
// CHECK: %[[N:.*]] = tensor.dim %[[X]], %c0
// CHECK: tensor.empty(%[[N]])
// CHECK: linalg.generic {{.*}} ins(%[[X]] : tensor<?x8xf32>)
#causal = #sparsity.window<right = 0>
func.func @computed(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %e = sparsity.encode %x : tensor<?x8xf32> to tensor<?x8xf32, #causal>
  %d = sparsity.decode %e : tensor<?x8xf32, #causal> to tensor<?x8xf32>
  return %d : tensor<?x8xf32>
}

// -----

// What was only encoded is the source itself.
// CHECK-LABEL: func.func @round_trip
// CHECK-SAME: %[[X:.*]]: tensor<8x8xf32>
// CHECK-NEXT: return %[[X]]
#w = #sparsity.n_of_m<2:4, axis = 1>
func.func @round_trip(%x: tensor<8x8xf32>) -> tensor<8x8xf32> {
  %e = sparsity.encode %x : tensor<8x8xf32> to tensor<8x8xf32, #w>
  %d = sparsity.decode %e : tensor<8x8xf32, #w> to tensor<8x8xf32>
  return %d : tensor<8x8xf32>
}

// -----

// decode_c4
#c = #sparsity.n_of_m<2:4, axis = 1, layout = core_matrix>
func.func @layout(%w: tensor<64x64xf16, #c>) -> tensor<64x64xf16> {
  // expected-error @+1 {{'sparsity.decode' op expected a source in layout row_major, but got #sparsity.n_of_m<2:4, axis = 1, layout = core_matrix>}}
  %d = sparsity.decode %w : tensor<64x64xf16, #c> to tensor<64x64xf16>
  return %d : tensor<64x64xf16>
}
