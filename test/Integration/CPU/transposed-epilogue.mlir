// The fused elementwise op writes along the rows of the product: the loops are
// vectorized along those.

// RUN: sparsity-run %s --device=cpu --check --shape=0:37x65 | FileCheck %s
// RUN: sparsity-run %s --device=cpu --check --shape=0:130x65 | FileCheck %s

// CHECK: check: result 0: {{.*}}: ok

!W = tensor<130x65xf32, #sparsity.n_of_m<2:4, axis = 1>>
func.func @main(%x: tensor<?x65xf32>, %w: !W, %scale: tensor<130xf32>) -> tensor<130x?xf16> {
  %c0 = arith.constant 0 : index
  %m = tensor.dim %x, %c0 : tensor<?x65xf32>
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty(%m) : tensor<?x130xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<?x130xf32>) -> tensor<?x130xf32>
  %y = linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>]
      ins(%x, %w : tensor<?x65xf32>, !W) outs(%f : tensor<?x130xf32>) -> tensor<?x130xf32>
  %oe = tensor.empty(%m) : tensor<130x?xf16>
  %o = linalg.generic {indexing_maps = [affine_map<(m, n) -> (m, n)>, affine_map<(m, n) -> (n)>, affine_map<(m, n) -> (n, m)>], iterator_types = ["parallel", "parallel"]}
      ins(%y, %scale : tensor<?x130xf32>, tensor<130xf32>) outs(%oe : tensor<130x?xf16>) {
  ^bb0(%a: f32, %s: f32, %out: f16):
    %0 = arith.mulf %a, %s : f32
    %1 = arith.truncf %0 : f32 to f16
    linalg.yield %1 : f16
  } -> tensor<130x?xf16>
  return %o : tensor<130x?xf16>
}
