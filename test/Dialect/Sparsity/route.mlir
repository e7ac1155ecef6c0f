// RUN: sparsity-opt %s | sparsity-opt | FileCheck %s
// RUN: sparsity-opt %s --mlir-print-op-generic | sparsity-opt | FileCheck %s

#gate = #sparsity.gate<top_k = 2>

// CHECK-LABEL: func.func @clauses
func.func @clauses(%l: tensor<?x8xbf16>, %b: tensor<8xf32>, %c: index) {
  // CHECK: sparsity.route %{{[^ ]*}} : tensor<?x8xbf16> to tensor<?x8xf32, #sparsity.gate<top_k = 2>>
  %0 = sparsity.route %l : tensor<?x8xbf16> to tensor<?x8xf32, #gate>
  // Defaults are not printed.
  // CHECK: sparsity.route %{{[^ ]*}} : tensor
  %1 = sparsity.route %l score(softmax) order(before)
      : tensor<?x8xbf16> to tensor<?x8xf32, #gate>
  // CHECK: sparsity.route %{{[^ ]*}} order(after) renormalize scale(5.000000e-01) : tensor
  %2 = sparsity.route %l order(after) renormalize scale(0.5)
      : tensor<?x8xbf16> to tensor<?x8xf32, #gate>
  // CHECK: sparsity.route %{{[^ ]*}} score(sigmoid) bias(%{{.*}} : tensor<8xf32>) capacity(%{{.*}}) {note} : tensor
  %3 = sparsity.route %l score(sigmoid) bias(%b : tensor<8xf32>) capacity(%c) {note}
      : tensor<?x8xbf16> to tensor<?x8xf32, #gate>
  // CHECK: sparsity.route %{{[^ ]*}} capacity(%{{.*}}) : tensor
  %4 = sparsity.route %l capacity(%c) : tensor<?x8xbf16> to tensor<?x8xf32, #gate>
  return
}
