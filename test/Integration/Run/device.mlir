// Without a GPU, `auto` says that it runs on the CPU, and `cuda` fails.

// UNSUPPORTED: cuda
// RUN: sparsity-run %s --check 2>&1 | FileCheck %s --check-prefix=FALLBACK
// RUN: sparsity-run %s --device=auto --target=cpu --check 2>&1 | FileCheck %s --check-prefix=ASKED
// RUN: not sparsity-run %s --device=cuda 2>&1 | FileCheck %s --check-prefix=MISSING
// RUN: not sparsity-run %s --target=sm_80 2>&1 | FileCheck %s --check-prefix=MISSING

// FALLBACK: sparsity-run: running on the CPU: expected a CUDA d
// FALLBACK: result 0: 4x8 f32 (cpu)
// ASKED-NOT: running on the CPU
// ASKED: check: {{.*}}: ok
// MISSING: sparsity-run: error: expected a CUDA d
// MISSING-NOT: result

func.func @main(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %empty = tensor.empty() : tensor<4x8xf32>
  %y = linalg.add ins(%x, %x : tensor<4x8xf32>, tensor<4x8xf32>)
                  outs(%empty : tensor<4x8xf32>) -> tensor<4x8xf32>
  return %y : tensor<4x8xf32>
}
