// RUN: sparsity-opt %s | sparsity-opt | FileCheck %s
// RUN: sparsity-opt %s --mlir-print-op-generic | sparsity-opt | FileCheck %s

#gate = #sparsity.gate<top_k = 2>

// CHECK-DAG: #[[GFK:.*]] = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
// CHECK-DAG: #[[GKF:.*]] = affine_map<(d0, d1, d2) -> (d0, d2, d1)>

// CHECK-LABEL: func.func @gathers
// CHECK: sparsity.grouped_matmul %{{.*}}, %{{.*}} by %{{.*}} outs(%{{.*}}) rhs_map #[[GFK]] : tensor<?x64xbf16>, tensor<8x128x64xbf16>, tensor<?x8xf32, #sparsity.gate<top_k = 2>> -> tensor<?x128xf32>
func.func @gathers(%x: tensor<?x64xbf16>, %w: tensor<8x128x64xbf16>, %g: tensor<?x8xf32, #gate>,
                   %init: tensor<?x128xf32>) -> tensor<?x128xf32> {
  %y = sparsity.grouped_matmul %x, %w by %g outs(%init)
      rhs_map affine_map<(g, f, k) -> (g, f, k)>
      : tensor<?x64xbf16>, tensor<8x128x64xbf16>, tensor<?x8xf32, #gate> -> tensor<?x128xf32>
  return %y : tensor<?x128xf32>
}

// Rows by entry need not agree with the tokens; matrices may be stored any way.
// CHECK-LABEL: func.func @compact
// CHECK: by %{{.*}} compact outs(%{{.*}}) rhs_map #[[GKF]] {note} : tensor<10x64xbf16>, tensor<8x64x128xbf16, #sparsity.n_of_m<2:4, axis = 1>>
func.func @compact(%h: tensor<10x64xbf16>,
                   %w: tensor<8x64x128xbf16, #sparsity.n_of_m<2:4, axis = 1>>,
                   %g: tensor<5x8xf32, #gate>, %init: tensor<10x128xf32>) -> tensor<10x128xf32> {
  %y = sparsity.grouped_matmul %h, %w by %g compact outs(%init)
      rhs_map affine_map<(g, f, k) -> (g, k, f)> {note}
      : tensor<10x64xbf16>, tensor<8x64x128xbf16, #sparsity.n_of_m<2:4, axis = 1>>,
        tensor<5x8xf32, #gate> -> tensor<10x128xf32>
  return %y : tensor<10x128xf32>
}
