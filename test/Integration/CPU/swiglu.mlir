// Three 2:4 products with their elementwise ops: two share a kernel, and the third reads
// a temporary buffer.

// RUN: sparsity-run %s --device=cpu --check --shape=0:70x96 | FileCheck %s
// RUN: sparsity-run %s --device=cpu --check --shape=0:1x96 | FileCheck %s
// RUN: sparsity-run %s --device=cpu --check --shape=0:0x96 | FileCheck %s

// CHECK: check: result 0: {{.*}}: ok

!W = tensor<160x96xbf16, #sparsity.n_of_m<2:4, axis = 1>>
!V = tensor<96x160xbf16, #sparsity.n_of_m<2:4, axis = 1>>
#id = affine_map<(d0, d1) -> (d0, d1)>
func.func @main(%x: tensor<?x96xbf16>, %wg: !W, %wu: !W, %wd: !V, %bias: tensor<96xbf16>) -> tensor<?x96xbf16> {
  %c0 = arith.constant 0 : index
  %m = tensor.dim %x, %c0 : tensor<?x96xbf16>
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty(%m) : tensor<?x160xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<?x160xf32>) -> tensor<?x160xf32>
  %g = linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>] ins(%x, %wg : tensor<?x96xbf16>, !W) outs(%f : tensor<?x160xf32>) -> tensor<?x160xf32>
  %u = linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>] ins(%x, %wu : tensor<?x96xbf16>, !W) outs(%f : tensor<?x160xf32>) -> tensor<?x160xf32>
  %he = tensor.empty(%m) : tensor<?x160xbf16>
  %h = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel", "parallel"]} ins(%g, %u : tensor<?x160xf32>, tensor<?x160xf32>) outs(%he : tensor<?x160xbf16>) {
  ^bb0(%a: f32, %b: f32, %o: bf16):
    %one = arith.constant 1.0 : f32
    %na = arith.negf %a : f32
    %ex = math.exp %na : f32
    %d = arith.addf %ex, %one : f32
    %s = arith.divf %a, %d : f32
    %p = arith.mulf %s, %b : f32
    %t = arith.truncf %p : f32 to bf16
    linalg.yield %t : bf16
  } -> tensor<?x160xbf16>
  %oe = tensor.empty(%m) : tensor<?x96xf32>
  %of = linalg.fill ins(%zero : f32) outs(%oe : tensor<?x96xf32>) -> tensor<?x96xf32>
  %y = linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>] ins(%h, %wd : tensor<?x160xbf16>, !V) outs(%of : tensor<?x96xf32>) -> tensor<?x96xf32>
  %re = tensor.empty(%m) : tensor<?x96xbf16>
  %r = linalg.generic {indexing_maps = [#id, #id, affine_map<(d0, d1) -> (d1)>, #id], iterator_types = ["parallel", "parallel"]} ins(%y, %x, %bias : tensor<?x96xf32>, tensor<?x96xbf16>, tensor<96xbf16>) outs(%re : tensor<?x96xbf16>) {
  ^bb0(%a: f32, %b: bf16, %c: bf16, %o: bf16):
    %t = arith.truncf %a : f32 to bf16
    %q = arith.addf %t, %b : bf16
    %v = arith.addf %q, %c : bf16
    %w = math.tanh %v : bf16
    linalg.yield %w : bf16
  } -> tensor<?x96xbf16>
  return %r : tensor<?x96xbf16>
}
