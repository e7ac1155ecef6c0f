// What --tune refuses before it measures anything.

// UNSUPPORTED: cuda
// RUN: not sparsity-run %s --device=cuda --tune 2>&1 | FileCheck %s --check-prefix=MISSING
// RUN: not sparsity-run %s --tune=3 2>&1 | FileCheck %s --check-prefix=CPU
// RUN: not sparsity-run %s --device=cpu --tune 2>&1 | FileCheck %s --check-prefix=CPU
// RUN: not sparsity-run %s --tune=0 2>&1 | FileCheck %s --check-prefix=NONE
// RUN: not sparsity-run %s --tune=few 2>&1 | FileCheck %s --check-prefix=NUMBER
// RUN: not sparsity-run %s --tune-output=%t.csv 2>&1 | FileCheck %s --check-prefix=ALONE

// MISSING: sparsity-run: error: expected a CUDA d
// CPU: sparsity-run: error: expected a GPU to measure tiles on (--tune), but got the CPU
// NONE: sparsity-run: error: expected --tune=<number of tiles>, at least 1, but got '0'
// NUMBER: sparsity-run: error: expected --tune=<number of tiles>, at least 1, but got 'few'
// ALONE: sparsity-run: error: expected --tune beside --tune-output, but got none

func.func @main(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %empty = tensor.empty() : tensor<4x8xf32>
  %y = linalg.add ins(%x, %x : tensor<4x8xf32>, tensor<4x8xf32>)
                  outs(%empty : tensor<4x8xf32>) -> tensor<4x8xf32>
  return %y : tensor<4x8xf32>
}
