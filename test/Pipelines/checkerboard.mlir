// An encoding of another dialect, which answers with an element predicate and nothing
// else, goes through every pipeline: no pass names it.

// RUN: sparsity-test-opt %s | sparsity-test-opt | FileCheck %s --check-prefix=ROUND
// RUN: sparsity-test-opt %s --sparsity-select-config --convert-sparsity-to-tile \
// RUN:   --sparse-tile-split-partial | FileCheck %s --check-prefix=TILE
// RUN: sparsity-test-opt %s --sparsity-to-cpu | FileCheck %s --check-prefix=CPU
// RUN: sparsity-test-opt %s --sparsity-to-nvvm | FileCheck %s --check-prefix=GPU
// RUN: sparsity-test-opt %s --sparsity-to-nvvm=target=sm_90a | FileCheck %s --check-prefix=GPU
// RUN: sparsity-test-opt %s --sparsity-densify | FileCheck %s --check-prefix=DENSE
// RUN: sparsity-test-opt %s --sparsity-select-config=tile=16,16,16 \
// RUN:   --sparsity-simulate-schedule=summary-only -o /dev/null | FileCheck %s --check-prefix=SCHEDULE
// RUN: not sparsity-opt %s 2>&1 | FileCheck %s --check-prefix=UNKNOWN

// ROUND: tensor<24x40xf16, #test.checkerboard<8>>

// The project's own tools have never heard of it.
// UNKNOWN: error: {{.*}}test

// The mask is the predicate, over the tensor's own indices; with an unknown coverage every
// tile is partial, so it stays.
// TILE: #[[SET:.*]] = affine_set<(d0, d1) : ((d0 floordiv 8 + d1 floordiv 8) mod 2 == 0)>
// TILE: coverage = [#sparsity.coverage<all>, #sparsity.coverage<unknown>]
// TILE: ^bb0(%{{[^:]*}}: index, %[[ROW:[^:]*]]: index, %{{[^:]*}}: index, %{{[^:]*}}: index, %{{[^:]*}}: index,
// TILE: ^bb0(%[[K:.*]]: index):
// TILE: %[[W:.*]] = sparse_tile.load %{{.*}}[%[[ROW]], %[[K]]] dims [0, 1] : tensor<24x40xf16>
// TILE: %[[M:.*]] = sparse_tile.mask %[[W]][%[[ROW]], %[[K]]] dims [0, 1] where [#[[SET]]] coverage = <unknown>
// TILE: sparse_tile.yield %{{.*}}, %[[M]]

// Both back ends compute the colour of each element that they read (squares of 8, two
// colours), and take zero for the other colour.
// CPU: llvm.func @{{.*}}
// CPU-DAG: %[[EIGHT:.*]] = llvm.mlir.constant(8 : index) : i64
// CPU-DAG: %[[TWO:.*]] = llvm.mlir.constant(2 : index) : i64
// CPU: llvm.sdiv %{{.*}}, %[[EIGHT]]
// CPU: llvm.sdiv %{{.*}}, %[[EIGHT]]
// CPU: llvm.srem %{{.*}}, %[[TWO]]
// CPU: llvm.icmp "eq"
// CPU: llvm.select
// GPU: gpu.module @sparsity_kernels
// GPU-DAG: %[[EIGHT:.*]] = llvm.mlir.constant(8 : index) : i64
// GPU-DAG: %[[TWO:.*]] = llvm.mlir.constant(2 : index) : i64
// GPU: llvm.sdiv %{{.*}}, %[[EIGHT]]
// GPU: llvm.srem %{{.*}}, %[[TWO]]
// GPU: llvm.icmp "eq"
// GPU: nvvm.mma.sync

// The oracle zeroes the other colour before anything reads the weight.
// DENSE: func.func @main(%{{.*}}: tensor<16x40xf16>, %[[W:.*]]: tensor<24x40xf16>)
// DENSE: %[[R:.*]] = linalg.generic
// DENSE-SAME: ins(%[[W]] : tensor<24x40xf16>)
// DENSE: arith.remsi
// DENSE: arith.select
// DENSE: linalg.matmul
// DENSE-SAME: ins(%{{.*}}, %[[R]] :

// Two tiles of features by three of K (40 = 16 + 16 + 8): each one partial, none skipped.
// SCHEDULE: linalg.matmul sizes [16, 24, 40] tiles [16, 16, 16]
// SCHEDULE-NEXT: items 2, empty items 0, steps 6 of 6, full 0, partial 6, gathered 0

#w = #test.checkerboard<8>

func.func @main(%x: tensor<16x40xf16>, %w: tensor<24x40xf16, #w>) -> tensor<16x24xf32> {
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<16x24xf32>
  %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<16x24xf32>) -> tensor<16x24xf32>
  %y = linalg.matmul
      indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>,
                       affine_map<(m, n, k) -> (m, n)>]
      ins(%x, %w : tensor<16x40xf16>, tensor<24x40xf16, #w>)
      outs(%init : tensor<16x24xf32>) -> tensor<16x24xf32>
  return %y : tensor<16x24xf32>
}
