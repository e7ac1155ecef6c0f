// RUN: split-file %s %t
// RUN: not sparsity-opt %t/layer.mlir --sparsity-to-nvvm="tile=8,128,64" 2>&1 | FileCheck %s --check-prefix=ROWS
// RUN: not sparsity-opt %t/layer.mlir --sparsity-to-nvvm="tile=128,24,64 warps=2,2" 2>&1 | FileCheck %s --check-prefix=COLUMNS
// RUN: not sparsity-opt %t/layer.mlir --sparsity-to-nvvm="tile=512,512,64 warps=8,8" 2>&1 | FileCheck %s --check-prefix=THREADS
// RUN: not sparsity-opt %t/layer.mlir --sparsity-to-nvvm="tile=128,128,32" 2>&1 | FileCheck %s --check-prefix=STEP
// RUN: not sparsity-opt %t/layer.mlir --sparsity-to-nvvm="stages=16" 2>&1 | FileCheck %s --check-prefix=SHARED
// RUN: sparsity-opt %t/layer.mlir --sparsity-to-nvvm="stages=4" -o /dev/null
// RUN: sparsity-opt %t/rest.mlir --sparsity-to-nvvm -split-input-file -verify-diagnostics

// What the user asked for and the hardware does not have, at the user's op.
// ROWS: layer.mlir:3:8: error: {{.*}}expected a multiple of 16 rows per warp, but got 8 over 2 warps
// COLUMNS: layer.mlir:3:8: error: {{.*}}expected a multiple of 8 columns per warp, but got 24 over 2 warps
// THREADS: layer.mlir:3:8: error: {{.*}}expected at most 1024 threads, but got 2048
// STEP: layer.mlir:3:8: error: {{.*}}expected a step of whole blocks of 64 elements, 128 bytes of K, but got 32
// SHARED: layer.mlir:3:8: error: {{.*}}expected at most 166912 bytes of shared memory on sm_80, but got {{[0-9]+}} for 16 stages

//--- layer.mlir
func.func @layer(%x: tensor<256x256xf16>, %w: tensor<256x256xf16>, %init: tensor<256x256xf32>)
    -> tensor<256x256xf32> {
  %y = linalg.matmul ins(%x, %w : tensor<256x256xf16>, tensor<256x256xf16>)
      outs(%init : tensor<256x256xf32>) -> tensor<256x256xf32>
  return %y : tensor<256x256xf32>
}

//--- rest.mlir
// An op that no schedule covers would run on the host, on device pointers.
func.func @reduce(%x: tensor<8x64xf32>, %init: tensor<8xf32>) -> tensor<8xf32> {
  // expected-error @+1 {{expected an op that has a GPU lowering (a contraction or an elementwise op), but got linalg.reduce}}
  %y = linalg.reduce { arith.maximumf } ins(%x : tensor<8x64xf32>) outs(%init : tensor<8xf32>)
      dimensions = [1]
  return %y : tensor<8xf32>
}
