// Every form of the op, pretty and generic.

// RUN: sparsity-opt %s | sparsity-opt | FileCheck %s
// RUN: sparsity-opt %s -mlir-print-op-generic | sparsity-opt | FileCheck %s

// CHECK-LABEL: @full
// CHECK: sparsity.attention %{{.*}}, %{{.*}}, %{{.*}} : (tensor<4x?x64xf16>, tensor<4x?x64xf16>, tensor<4x?x64xf16>) -> tensor<4x?x64xf16>
func.func @full(%q: tensor<4x?x64xf16>, %k: tensor<4x?x64xf16>, %v: tensor<4x?x64xf16>) -> tensor<4x?x64xf16> {
  %o = sparsity.attention %q, %k, %v : (tensor<4x?x64xf16>, tensor<4x?x64xf16>, tensor<4x?x64xf16>) -> tensor<4x?x64xf16>
  return %o : tensor<4x?x64xf16>
}

// CHECK-LABEL: @everything
// CHECK: sparsity.attention %{{.*}}, %{{.*}}, %{{.*}} mask(#sparsity.all_of<[#sparsity.window<right = 0>, #sparsity.segments]>, %{{.*}}, %{{.*}} : tensor<?xi32>, tensor<?xi32>) scale(1.250000e-01) softcap(3.000000e+01) offset(%{{.*}}) {user = 1 : i64} : (tensor<?x32x?x80xbf16>, tensor<?x8x?x80xbf16>, tensor<?x8x?x96xbf16>) -> (tensor<?x32x?x96xf32>, tensor<?x32x?xf32>)
func.func @everything(%q: tensor<?x32x?x80xbf16>, %k: tensor<?x8x?x80xbf16>, %v: tensor<?x8x?x96xbf16>, %lo: tensor<?xi32>, %hi: tensor<?xi32>, %at: index) -> (tensor<?x32x?x96xf32>, tensor<?x32x?xf32>) {
  %o, %lse = sparsity.attention %q, %k, %v
      mask(#sparsity.all_of<[#sparsity.window<right = 0>, #sparsity.segments]>, %lo, %hi : tensor<?xi32>, tensor<?xi32>)
      scale(0.125) softcap(30.0) offset(%at) {user = 1}
      : (tensor<?x32x?x80xbf16>, tensor<?x8x?x80xbf16>, tensor<?x8x?x96xbf16>) -> (tensor<?x32x?x96xf32>, tensor<?x32x?xf32>)
  return %o, %lse : tensor<?x32x?x96xf32>, tensor<?x32x?xf32>
}

// A list names its index fields only.
// CHECK-LABEL: @block
// CHECK: mask(#sparsity.block<64x64>, %{{.*}}, %{{.*}} : tensor<5xi32>, tensor<?xi32>)
func.func @block(%q: tensor<1x256x64xf32>, %k: tensor<1x256x64xf32>, %v: tensor<1x256x64xf32>, %p: tensor<5xi32>, %c: tensor<?xi32>) -> tensor<1x256x64xf32> {
  %o = sparsity.attention %q, %k, %v mask(#sparsity.block<64x64>, %p, %c : tensor<5xi32>, tensor<?xi32>) : (tensor<1x256x64xf32>, tensor<1x256x64xf32>, tensor<1x256x64xf32>) -> tensor<1x256x64xf32>
  return %o : tensor<1x256x64xf32>
}
