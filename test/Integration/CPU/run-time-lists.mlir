// Lists built at run time, read densely, against the definitions without lists.

// RUN: sparsity-run %s --device=cpu --check --shape=0:131x96 --shape=1:131x8 | FileCheck %s
// RUN: sparsity-run %s --device=cpu --check --shape=0:1x96 --shape=1:1x8 | FileCheck %s

// CHECK: check: result 0: {{.*}}: ok
// CHECK: check: result 1: {{.*}}: ok
// CHECK: check: result 2: {{.*}}: ok
// CHECK: check: result 3: {{.*}}: ok

#relu = #sparsity.activation<relu>
#largest = #sparsity.activation<top_k = 5>
#gate = #sparsity.gate<top_k = 2>
func.func @main(%x: tensor<?x96xf16>, %l: tensor<?x8xf32>, %b: tensor<8xf32>)
    -> (tensor<?x96xf16>, tensor<?x96xf16>, tensor<?x8xf32>, tensor<?x8xbf16>) {
  %e = sparsity.encode %x : tensor<?x96xf16> to tensor<?x96xf16, #relu>
  %r = sparsity.decode %e : tensor<?x96xf16, #relu> to tensor<?x96xf16>
  %f = sparsity.encode %x : tensor<?x96xf16> to tensor<?x96xf16, #largest>
  %s = sparsity.decode %f : tensor<?x96xf16, #largest> to tensor<?x96xf16>
  %c = arith.constant 20 : index
  %g = sparsity.route %l capacity(%c) : tensor<?x8xf32> to tensor<?x8xf32, #gate>
  %t = sparsity.decode %g : tensor<?x8xf32, #gate> to tensor<?x8xf32>
  %h = sparsity.route %l score(sigmoid) bias(%b : tensor<8xf32>) renormalize scale(2.5)
      : tensor<?x8xf32> to tensor<?x8xbf16, #gate>
  %u = sparsity.decode %h : tensor<?x8xbf16, #gate> to tensor<?x8xbf16>
  return %r, %s, %t, %u
      : tensor<?x96xf16>, tensor<?x96xf16>, tensor<?x8xf32>, tensor<?x8xbf16>
}
