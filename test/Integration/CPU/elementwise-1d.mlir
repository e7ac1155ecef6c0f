// Rounding to an 8-bit float, in one dimension.

// RUN: sparsity-run %s --device=cpu --check --shape=0:777 | FileCheck %s
// RUN: sparsity-run %s --device=cpu --check --shape=0:1 | FileCheck %s

// CHECK: check: result 0: {{.*}}: ok

#id = affine_map<(d0) -> (d0)>
func.func @main(%x: tensor<?xf32>) -> tensor<?xf8E4M3FN> {
  %c0 = arith.constant 0 : index
  %m = tensor.dim %x, %c0 : tensor<?xf32>
  %e = tensor.empty(%m) : tensor<?xf8E4M3FN>
  %r = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]} ins(%x : tensor<?xf32>) outs(%e : tensor<?xf8E4M3FN>) {
  ^bb0(%a: f32, %o: f8E4M3FN):
    %q = arith.truncf %a : f32 to f8E4M3FN
    linalg.yield %q : f8E4M3FN
  } -> tensor<?xf8E4M3FN>
  return %r : tensor<?xf8E4M3FN>
}
