// A gate as an argument: random, from a dense file, from files of its fields.

// RUN: sparsity-run %s --device=cpu --check --check-inputs | FileCheck %s
// CHECK: check: result 0: {{.*}}: ok

// RUN: rm -rf %t && mkdir %t
// RUN: python3 %S/Inputs/write_npy.py %t/dense.npy f4 3x4 0 0.5 0.5 0 1 0 0 0 0 0.25 0 0.75
// RUN: sparsity-run %s --device=cpu --check --input=0:%t/dense.npy | FileCheck %s
// RUN: python3 %S/Inputs/write_npy.py %t/positions.npy i4 5 0 1 3 4 5
// RUN: python3 %S/Inputs/write_npy.py %t/coordinates.npy i4 6 1 0 2 0 2 0
// RUN: python3 %S/Inputs/write_npy.py %t/weights.npy f4 6 1 0.5 0.25 0.5 0.75 0
// RUN: python3 %S/Inputs/write_npy.py %t/entries.npy i4 3x2 1 3 0 -1 2 4
// RUN: sparsity-run %s --device=cpu --check --input=0.positions:%t/positions.npy --input=0.coordinates:%t/coordinates.npy --input=0.weights:%t/weights.npy --input=0.entries:%t/entries.npy | FileCheck %s

// RUN: python3 %S/Inputs/write_npy.py %t/many.npy f4 3x4 1
// RUN: not sparsity-run %s --device=cpu --input=0:%t/many.npy 2>&1 | FileCheck %s --check-prefix=TOPK
// TOPK: error: argument 0: expected at most 2 experts for each token, but got more at token 0
// RUN: python3 %S/Inputs/write_npy.py %t/lost.npy i4 3x2 1 3 0 -1 2 -1
// RUN: not sparsity-run %s --device=cpu --input=0.positions:%t/positions.npy --input=0.coordinates:%t/coordinates.npy --input=0.weights:%t/weights.npy --input=0.entries:%t/lost.npy 2>&1 | FileCheck %s --check-prefix=LOST
// LOST: error: argument 0: expected each of the 5 entries in the field entries, but got 4
// RUN: python3 %S/Inputs/write_npy.py %t/other.npy i4 3x2 1 3 0 -1 2 3
// RUN: not sparsity-run %s --device=cpu --input=0.positions:%t/positions.npy --input=0.coordinates:%t/coordinates.npy --input=0.weights:%t/weights.npy --input=0.entries:%t/other.npy 2>&1 | FileCheck %s --check-prefix=OTHER
// OTHER: error: argument 0: expected -1 or an entry of the token's own, ascending, but got 3 at entries[2, 1]
// RUN: python3 %S/Inputs/write_npy.py %t/slack.npy i4 6 1 0 2 0 2 1
// RUN: not sparsity-run %s --device=cpu --input=0.positions:%t/positions.npy --input=0.coordinates:%t/slack.npy --input=0.weights:%t/weights.npy --input=0.entries:%t/entries.npy 2>&1 | FileCheck %s --check-prefix=SLACK
// SLACK: error: argument 0: expected 0 beyond the last group, but got 1 at coordinates[5]

!Gate = tensor<3x4xf32, #sparsity.gate<top_k = 2>>

func.func @main(%g: !Gate, %x: tensor<4x5xf32>) -> tensor<3x5xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<3x5xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<3x5xf32>) -> tensor<3x5xf32>
  %y = linalg.matmul ins(%g, %x : !Gate, tensor<4x5xf32>) outs(%f : tensor<3x5xf32>) -> tensor<3x5xf32>
  return %y : tensor<3x5xf32>
}
