// RUN: split-file %s %t
// RUN: sparsity-opt %t/static.mlir --sparsity-select-config=tile=32,32,32 \
// RUN:   --sparsity-simulate-schedule -o /dev/null | FileCheck %s
// RUN: sparsity-opt %t/static.mlir --sparsity-select-config=tile=32,32,32 \
// RUN:   --sparsity-simulate-schedule=summary-only -o /dev/null | FileCheck %s --check-prefix=SUMMARY
// RUN: sparsity-opt %t/dynamic.mlir --sparsity-select-config --sparsity-simulate-schedule \
// RUN:   -verify-diagnostics

//--- static.mlir

#causal = #sparsity.window<right = 0>
#band = #sparsity.window<left = 16, right = 0>
#every = #sparsity.strided<period = 16>
#w = #sparsity.n_of_m<2:4, axis = 1>

// Rows [0, 32) reach columns [0, 32) only; of the diagonal tiles a part.
// CHECK: linalg.matmul sizes [64, 32, 64] tiles [32, 32, 32]
// CHECK-NEXT: item 0 tile [0, 0, 0]: [0, 32) partial
// CHECK-NEXT: item 1 tile [1, 0, 0]: [0, 32) full, [32, 64) partial
// CHECK-NEXT: items 2, empty items 0, steps 3 of 4, full 1, partial 2, gathered 0
// SUMMARY: linalg.matmul sizes [64, 32, 64] tiles [32, 32, 32]
// SUMMARY-NEXT: items 2, empty items 0, steps 3 of 4, full 1, partial 2, gathered 0
func.func @causal(%p: tensor<64x64xf16, #causal>, %v: tensor<64x32xf16>,
                  %init: tensor<64x32xf32>) -> tensor<64x32xf32> {
  %y = linalg.matmul ins(%p, %v : tensor<64x64xf16, #causal>, tensor<64x32xf16>)
      outs(%init : tensor<64x32xf32>) -> tensor<64x32xf32>
  return %y : tensor<64x32xf32>
}

// The far past of the last rows is out of reach; the tail of 100 is a tile of its own.
// CHECK: linalg.matmul sizes [100, 32, 100] tiles [32, 32, 32]
// CHECK-NEXT: item 0 tile [0, 0, 0]: [0, 32) partial
// CHECK-NEXT: item 1 tile [1, 0, 0]: [0, 32) partial, [32, 64) partial
// CHECK-NEXT: item 2 tile [2, 0, 0]: [32, 64) partial, [64, 96) partial
// CHECK-NEXT: item 3 tile [3, 0, 0]: [64, 96) partial, [96, 100) partial
// CHECK-NEXT: items 4, empty items 0, steps 7 of 16,
func.func @band(%p: tensor<100x100xf16, #band>, %v: tensor<100x32xf16>,
                %init: tensor<100x32xf32>) -> tensor<100x32xf32> {
  %y = linalg.matmul ins(%p, %v : tensor<100x100xf16, #band>, tensor<100x32xf16>)
      outs(%init : tensor<100x32xf32>) -> tensor<100x32xf32>
  return %y : tensor<100x32xf32>
}

// A periodic pattern is gathered: four of sixty-four columns fill one step.
// CHECK: linalg.matmul sizes [32, 32, 64] tiles [32, 32, 32]
// CHECK-NEXT: item 0 tile [0, 0, 0]: gather {0, 16, 32, 48} full
// CHECK-NEXT: items 1, empty items 0, steps 1 of 2, full 1, partial 0, gathered 1
func.func @strided(%p: tensor<32x64xf16, #every>, %v: tensor<64x32xf16>,
                   %init: tensor<32x32xf32>) -> tensor<32x32xf32> {
  %y = linalg.matmul ins(%p, %v : tensor<32x64xf16, #every>, tensor<64x32xf16>)
      outs(%init : tensor<32x32xf32>) -> tensor<32x32xf32>
  return %y : tensor<32x32xf32>
}

// n:m skips no tile: its saving is inside.
// CHECK: linalg.batch_matmul sizes [2, 32, 8, 64] tiles [1, 32, 32, 32]
// CHECK: items 2, empty items 0, steps 4 of 4, full 4, partial 0, gathered 0
// SUMMARY: linalg.batch_matmul
// SUMMARY-NEXT: items 2, empty items 0, steps 4 of 4, full 4, partial 0, gathered 0
func.func @n_of_m(%w: tensor<2x32x64xf16, #sparsity.n_of_m<2:4, axis = 2>>,
                  %x: tensor<2x64x8xf16>, %init: tensor<2x32x8xf32>) -> tensor<2x32x8xf32> {
  %y = linalg.batch_matmul
      ins(%w, %x : tensor<2x32x64xf16, #sparsity.n_of_m<2:4, axis = 2>>, tensor<2x64x8xf16>)
      outs(%init : tensor<2x32x8xf32>) -> tensor<2x32x8xf32>
  return %y : tensor<2x32x8xf32>
}

//--- dynamic.mlir

func.func @dynamic(%x: tensor<?x64xf16>, %v: tensor<64x32xf16>, %init: tensor<?x32xf32>)
    -> tensor<?x32xf32> {
  // expected-error @+1 {{expected operands of static shape to simulate, but got 'tensor<?x64xf16>' and 'tensor<64x32xf16>'}}
  %y = linalg.matmul ins(%x, %v : tensor<?x64xf16>, tensor<64x32xf16>)
      outs(%init : tensor<?x32xf32>) -> tensor<?x32xf32>
  return %y : tensor<?x32xf32>
}
