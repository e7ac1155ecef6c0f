// RUN: sparsity-opt %s --sparsity-select-config=target=sm_80 --convert-sparsity-to-tile \
// RUN:   --sparse-tile-assign-work | FileCheck %s

// As many panels of rows as there are, at most sixteen.

// CHECK-LABEL: func.func @few
// CHECK: tile = [128, 128, 64], {{.*}}raster = 3,
func.func @few(%x: tensor<300x64xf16>, %w: tensor<64x256xf16>, %init: tensor<300x256xf32>)
    -> tensor<300x256xf32> {
  %y = linalg.matmul ins(%x, %w : tensor<300x64xf16>, tensor<64x256xf16>)
      outs(%init : tensor<300x256xf32>) -> tensor<300x256xf32>
  return %y : tensor<300x256xf32>
}

// CHECK-LABEL: func.func @many
// CHECK: raster = 16,
func.func @many(%x: tensor<65536x64xf16>, %w: tensor<64x256xf16>,
                %init: tensor<65536x256xf32>) -> tensor<65536x256xf32> {
  %y = linalg.matmul ins(%x, %w : tensor<65536x64xf16>, tensor<64x256xf16>)
      outs(%init : tensor<65536x256xf32>) -> tensor<65536x256xf32>
  return %y : tensor<65536x256xf32>
}

// Nothing to visit still makes a valid raster.
// CHECK-LABEL: func.func @none
// CHECK: raster = 1,
func.func @none(%x: tensor<0x64xf16>, %w: tensor<64x256xf16>, %init: tensor<0x256xf32>)
    -> tensor<0x256xf32> {
  %y = linalg.matmul ins(%x, %w : tensor<0x64xf16>, tensor<64x256xf16>)
      outs(%init : tensor<0x256xf32>) -> tensor<0x256xf32>
  return %y : tensor<0x256xf32>
}

// CHECK-LABEL: func.func @dynamic
// CHECK: raster = 16,
func.func @dynamic(%x: tensor<?x64xf16>, %w: tensor<64x256xf16>, %init: tensor<?x256xf32>)
    -> tensor<?x256xf32> {
  %y = linalg.matmul ins(%x, %w : tensor<?x64xf16>, tensor<64x256xf16>)
      outs(%init : tensor<?x256xf32>) -> tensor<?x256xf32>
  return %y : tensor<?x256xf32>
}

// The rows of a batch are the second to last dimension.
// CHECK-LABEL: func.func @batch
// CHECK: tile [1, 128, 16]{{.*}}raster = 2,
func.func @batch(%x: tensor<64x256x64xf16>, %w: tensor<64x64x16xf16>,
                 %init: tensor<64x256x16xf32>) -> tensor<64x256x16xf32> {
  %y = linalg.batch_matmul ins(%x, %w : tensor<64x256x64xf16>, tensor<64x64x16xf16>)
      outs(%init : tensor<64x256x16xf32>) -> tensor<64x256x16xf32>
  return %y : tensor<64x256x16xf32>
}
