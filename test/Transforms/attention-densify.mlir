// The oracle of attention: rows one by one, with the mask's own predicate.

// RUN: sparsity-opt %s --sparsity-densify=accumulate=f64 | FileCheck %s
// RUN: sparsity-opt %s --sparsity-densify | FileCheck %s --check-prefix=F32

// CHECK-LABEL: @segments
// CHECK-SAME: %[[Q:.*]]: tensor<4x?x16xf16>, %[[K:.*]]: tensor<2x?x16xf16>, %[[V:.*]]: tensor<2x?x8xf16>, %[[LO:.*]]: tensor<?xi32>, %[[HI:.*]]: tensor<?xi32>
// CHECK-NOT: sparsity.
// CHECK: scf.for
// CHECK: scf.for %[[ROW:[a-z0-9]+]] =
// CHECK: linalg.generic
// CHECK: tensor.extract %[[LO]][%[[ROW]]]
// CHECK: tensor.extract %[[HI]][%[[ROW]]]
// CHECK: tensor.extract %[[Q]]
// CHECK: arith.extf {{.*}} : f16 to f64
// CHECK: math.tanh {{.*}} : f64
// CHECK: arith.maximumf {{.*}} : f64
// CHECK: math.exp {{.*}} : f64
// CHECK: tensor.extract %[[V]]
// CHECK: arith.divf {{.*}} : f64
// CHECK: math.log {{.*}} : f64
// F32-LABEL: @segments
// F32: math.exp {{.*}} : f32
func.func @segments(%q: tensor<4x?x16xf16>, %k: tensor<2x?x16xf16>, %v: tensor<2x?x8xf16>, %lo: tensor<?xi32>, %hi: tensor<?xi32>) -> (tensor<4x?x8xf16>, tensor<4x?xf32>) {
  %o, %l = sparsity.attention %q, %k, %v mask(#sparsity.segments, %lo, %hi : tensor<?xi32>, tensor<?xi32>) softcap(20.0) : (tensor<4x?x16xf16>, tensor<2x?x16xf16>, tensor<2x?x8xf16>) -> (tensor<4x?x8xf16>, tensor<4x?xf32>)
  return %o, %l : tensor<4x?x8xf16>, tensor<4x?xf32>
}

// Without a mask there is nothing sparse; f64 sums ask for the loops all the same.
// CHECK-LABEL: @full
// CHECK-NOT: sparsity.attention
// F32-LABEL: @full
// F32: sparsity.attention
func.func @full(%q: tensor<4x?x16xf16>, %k: tensor<2x?x16xf16>, %v: tensor<2x?x16xf16>) -> tensor<4x?x16xf16> {
  %o = sparsity.attention %q, %k, %v : (tensor<4x?x16xf16>, tensor<2x?x16xf16>, tensor<2x?x16xf16>) -> tensor<4x?x16xf16>
  return %o : tensor<4x?x16xf16>
}
