// Only elementwise work: two results, a scalar argument, an index, and a function of f16.

// RUN: sparsity-run %s --device=cpu --check --shape=0:3x9x70 | FileCheck %s

// CHECK: check: result 0: {{.*}}: ok

#id = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
func.func @main(%x: tensor<3x?x70xf16>, %s: f32) -> (tensor<3x?x70xf16>, tensor<3x?x70xf32>) {
  %c1 = arith.constant 1 : index
  %m = tensor.dim %x, %c1 : tensor<3x?x70xf16>
  %e = tensor.empty(%m) : tensor<3x?x70xf16>
  %e2 = tensor.empty(%m) : tensor<3x?x70xf32>
  %r:2 = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel", "parallel", "parallel"]} ins(%x : tensor<3x?x70xf16>) outs(%e, %e2 : tensor<3x?x70xf16>, tensor<3x?x70xf32>) {
  ^bb0(%a: f16, %o: f16, %o2: f32):
    %b = arith.extf %a : f16 to f32
    %t = arith.mulf %b, %s : f32
    %u = math.erf %t : f32
    %i = linalg.index 2 : index
    %j = arith.index_cast %i : index to i32
    %k = arith.sitofp %j : i32 to f32
    %l = arith.addf %u, %k : f32
    %q = math.exp %a : f16
    linalg.yield %q, %l : f16, f32
  } -> (tensor<3x?x70xf16>, tensor<3x?x70xf32>)
  return %r#0, %r#1 : tensor<3x?x70xf16>, tensor<3x?x70xf32>
}
