// Errors are diagnostics or messages, and leave no output file.

// RUN: rm -f %t.ptx
// RUN: not sparsity-translate %s --to-ptx -o %t.ptx 2>&1 | FileCheck %s --check-prefix=USER
// RUN: not test -e %t.ptx
// USER: sparsity-translate-errors.mlir:[[#]]:{{.*}}: error: {{.*}}expected an encoding with a host packer, but got #sparsity.window<right = 0>

// RUN: not sparsity-translate %s 2>&1 | FileCheck %s --check-prefix=WHAT
// WHAT: must be specified at least once
// RUN: not sparsity-translate %s --to-ptx --target=sm_70 2>&1 | FileCheck %s --check-prefix=TARGET
// TARGET: sparsity-translate: error: expected a GPU target among sm_80, sm_90a, but got 'sm_70'
// RUN: not sparsity-translate %s --to-ptx --target=cpu 2>&1 | FileCheck %s --check-prefix=CPU
// CPU: sparsity-translate: error: expected a GPU target among sm_80, sm_90a, but got 'cpu'
// RUN: not sparsity-translate %t-missing.mlir --to-ptx 2>&1 | FileCheck %s --check-prefix=FILE
// FILE: sparsity-translate: error: cannot open input file
// RUN: echo "func.func @main() { return }" | not sparsity-translate --to-ptx 2>&1 | FileCheck %s --check-prefix=NOTHING
// NOTHING: error: expected a program that compiles to one module of kernels, but got 0
// RUN: echo "func.func @main(" | not sparsity-translate --to-ptx 2>&1 | FileCheck %s --check-prefix=PARSE
// PARSE: error:

func.func @main(%d: tensor<64x64xf16>, %x: tensor<64xf16>) -> tensor<64xf32> {
  %w = sparsity.encode %d : tensor<64x64xf16> to tensor<64x64xf16, #sparsity.window<right = 0>>
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<64xf32>
  %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<64xf32>) -> tensor<64xf32>
  %y = linalg.generic {
      indexing_maps = [affine_map<(n, k) -> (n, k)>, affine_map<(n, k) -> (k)>,
                       affine_map<(n, k) -> (n)>],
      iterator_types = ["parallel", "reduction"]}
      ins(%w, %x : tensor<64x64xf16, #sparsity.window<right = 0>>, tensor<64xf16>)
      outs(%init : tensor<64xf32>) {
  ^bb0(%a: f16, %b: f16, %c: f32):
    %0 = arith.extf %a : f16 to f32
    %1 = arith.extf %b : f16 to f32
    %2 = arith.mulf %0, %1 : f32
    %3 = arith.addf %c, %2 : f32
    linalg.yield %3 : f32
  } -> tensor<64xf32>
  return %y : tensor<64xf32>
}
