// The ops of attention, read, printed and refused.

// RUN: sparsity-opt %s -split-input-file -verify-diagnostics | FileCheck %s
// RUN: sparsity-opt %s -split-input-file -verify-diagnostics -mlir-print-op-generic | FileCheck %s --check-prefix=GENERIC

// CHECK-LABEL: @ops
// GENERIC-LABEL: sym_name = "ops"
func.func @ops(%s: !sparse_tile.tile<32x64xf32>, %o: !sparse_tile.tile<32x128xf32>, %at: index, %full: i1) {
  // CHECK: sparse_tile.fill 0xFF800000 : f32 -> <32x1xf32>
  // GENERIC: "sparse_tile.fill"() <{value = 0xFF800000 : f32}>
  %m = sparse_tile.fill 0xFF800000 : f32 -> <32x1xf32>
  %l = sparse_tile.fill 0.0 : f32 -> <32x1xf32>
  // CHECK: sparse_tile.score %{{.*}}[%{{.*}}, %{{.*}}] scale 1.250000e-01 softcap 3.000000e+01 full %{{.*}} where {
  %t = sparse_tile.score %s[%at, %at] scale 0.125 softcap 30.0 full %full where {
  ^bb0(%row: index, %key: index):
    %causal = arith.cmpi sle, %key, %row : index
    sparse_tile.yield %causal : i1
  } : <32x64xf32>
  // CHECK: sparse_tile.score %{{.*}}[%{{.*}}, %{{.*}}] scale 1.000000e+00 : <32x64xf32>
  %u = sparse_tile.score %s[%at, %at] scale 1.0 : <32x64xf32>
  // CHECK: sparse_tile.online_softmax %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} : <32x64xf32>, <32x1xf32>, <32x1xf32>, <32x128xf32> -> <32x64xbf16>
  %p, %m2, %l2, %o2 = sparse_tile.online_softmax %t, %m, %l, %o : <32x64xf32>, <32x1xf32>, <32x1xf32>, <32x128xf32> -> <32x64xbf16>
  return
}

// -----

func.func @fillType() {
  // expected-error @+1 {{expected a dense tile of 'f32', but got '!sparse_tile.tile<32x1xf16>'}}
  %m = sparse_tile.fill 0.0 : f32 -> <32x1xf16>
  return
}

// -----

func.func @scoreType(%s: !sparse_tile.tile<32x64xf16>, %at: index) {
  // expected-error @+1 {{expected a dense tile of f32 in two dimensions, but got '!sparse_tile.tile<32x64xf16>'}}
  %t = sparse_tile.score %s[%at, %at] scale 1.0 : <32x64xf16>
  return
}

// -----

func.func @scoreIndices(%s: !sparse_tile.tile<32x64xf32>, %at: index) {
  // expected-error @+1 {{expected two indices, but got 1}}
  %t = sparse_tile.score %s[%at] scale 1.0 : <32x64xf32>
  return
}

// -----

func.func @fullWithoutWhere(%s: !sparse_tile.tile<32x64xf32>, %at: index, %full: i1) {
  // expected-error @+1 {{expected a where region beside full, but got none}}
  %t = sparse_tile.score %s[%at, %at] scale 1.0 full %full : <32x64xf32>
  return
}

// -----

func.func @wherePredicate(%s: !sparse_tile.tile<32x64xf32>, %at: index) {
  // expected-error @+1 {{expected the where region to take two positions of type index and to yield an i1}}
  %t = sparse_tile.score %s[%at, %at] scale 1.0 where {
  ^bb0(%row: index):
    %yes = arith.constant true
    sparse_tile.yield %yes : i1
  } : <32x64xf32>
  return
}

// -----

func.func @softmaxShapes(%s: !sparse_tile.tile<32x64xf32>, %m: !sparse_tile.tile<16x1xf32>, %o: !sparse_tile.tile<32x128xf32>) {
  // expected-error @+1 {{expected logits and weights r x k, maximum and sum r x 1 and output r x c, but got}}
  %p, %m2, %l2, %o2 = sparse_tile.online_softmax %s, %m, %m, %o : <32x64xf32>, <16x1xf32>, <16x1xf32>, <32x128xf32> -> <32x64xbf16>
  return
}
