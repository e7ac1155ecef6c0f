// Functions, comparisons and choices of bf16 are rounded to bf16 one by one.

// RUN: sparsity-run %s --device=cpu --check | FileCheck %s

// CHECK: check: result 0: {{.*}}: ok

#id = affine_map<(d0, d1) -> (d0, d1)>
func.func @main(%x: tensor<20x70xbf16>, %z: tensor<20x70xbf16>) -> tensor<20x70xbf16> {
  %e = tensor.empty() : tensor<20x70xbf16>
  %r = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel", "parallel"]} ins(%x, %z : tensor<20x70xbf16>, tensor<20x70xbf16>) outs(%e : tensor<20x70xbf16>) {
  ^bb0(%a: bf16, %b: bf16, %o: bf16):
    %0 = arith.mulf %a, %b : bf16
    %1 = math.sqrt %0 : bf16
    %2 = math.absf %a : bf16
    %3 = arith.maximumf %0, %2 : bf16
    %4 = math.log %3 : bf16
    %5 = arith.cmpf ogt, %4, %a : bf16
    %6 = arith.select %5, %4, %b : bf16
    %7 = math.floor %6 : bf16
    %8 = math.rsqrt %3 : bf16
    %9 = arith.addf %8, %7 : bf16
    linalg.yield %9 : bf16
  } -> tensor<20x70xbf16>
  return %r : tensor<20x70xbf16>
}
