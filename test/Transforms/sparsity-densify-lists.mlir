// RUN: sparsity-opt %s --sparsity-densify | FileCheck %s

// A gate is the tensor of its weights: chosen, and few enough tokens before.
// CHECK-LABEL: func.func @route
// CHECK-NOT: sparsity.
// CHECK: %[[RANKS:.*]] = linalg.generic {{.*}} outs(%{{.*}} : tensor<?x8xi32>)
// CHECK: %[[DENSE:.*]] = linalg.generic {{.*}} outs(%{{.*}} : tensor<?x8xbf16>)
// CHECK: %[[TOKEN:.*]] = linalg.index 0
// CHECK: tensor.extract %[[RANKS]]
// CHECK: scf.for %{{.*}} = %{{.*}} to %[[TOKEN]]
// CHECK: tensor.extract %[[RANKS]]
// CHECK: arith.truncf %{{.*}} : f32 to bf16
// CHECK: return %[[DENSE]] : tensor<?x8xbf16>
func.func @route(%l: tensor<?x8xf32>, %c: index)
    -> tensor<?x8xbf16, #sparsity.gate<top_k = 2>> {
  %g = sparsity.route %l capacity(%c)
      : tensor<?x8xf32> to tensor<?x8xbf16, #sparsity.gate<top_k = 2>>
  return %g : tensor<?x8xbf16, #sparsity.gate<top_k = 2>>
}

// CHECK-LABEL: func.func @relu
// CHECK: linalg.generic {{.*}} outs(%{{.*}} : tensor<4x64xf32>)
// CHECK: %[[X:.*]] = tensor.extract
// CHECK: %[[KEPT:.*]] = arith.cmpf ogt, %[[X]]
// CHECK: arith.select %[[KEPT]]
// CHECK: return %{{.*}} : tensor<4x64xf32>
func.func @relu(%x: tensor<4x64xf32>) -> tensor<4x64xf32, #sparsity.activation<relu>> {
  %e = sparsity.encode %x : tensor<4x64xf32>
      to tensor<4x64xf32, #sparsity.activation<relu>>
  return %e : tensor<4x64xf32, #sparsity.activation<relu>>
}

// The largest of a row by counting larger ones.
// CHECK-LABEL: func.func @top_k
// CHECK: linalg.generic {{.*}} outs(%{{.*}} : tensor<4x64xi8>)
// CHECK: math.absi
// CHECK: scf.for
// CHECK: math.absi
// CHECK: arith.cmpi slt
// CHECK-NOT: linalg.generic
// CHECK: return
func.func @top_k(%x: tensor<4x64xi8>) -> tensor<4x64xi8, #sparsity.activation<top_k = 5>> {
  %e = sparsity.encode %x : tensor<4x64xi8>
      to tensor<4x64xi8, #sparsity.activation<top_k = 5>>
  return %e : tensor<4x64xi8, #sparsity.activation<top_k = 5>>
}
