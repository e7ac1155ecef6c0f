// RUN: sparsity-opt %s -split-input-file --sparsity-select-config="target=sm_90a instruction=wgmma" --remark-format=emitRemark --remarks-filter=sparsity -o %t.mlir 2>&1 | FileCheck %s --check-prefix=REMARK
// RUN: FileCheck %s < %t.mlir

// Why a program keeps the instructions of warps.

// REMARK: no warpgroups: rows are not known to be multiples of 16 bytes
// CHECK-LABEL: func.func @odd_k
// CHECK: instruction = "mma.m16n8k16"
func.func @odd_k(%x: tensor<64x99xbf16>, %w: tensor<128x99xbf16>, %o: tensor<64x128xf32>) -> tensor<64x128xf32> {
  %y = linalg.matmul
      indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>,
                       affine_map<(m, n, k) -> (m, n)>]
      ins(%x, %w : tensor<64x99xbf16>, tensor<128x99xbf16>) outs(%o : tensor<64x128xf32>) -> tensor<64x128xf32>
  return %y : tensor<64x128xf32>
}

// -----

// REMARK: no warpgroups: an operand is part of another tensor
// CHECK-LABEL: func.func @slice
// CHECK: instruction = "mma.m16n8k16"
func.func @slice(%all: tensor<64x256xbf16>, %w: tensor<128x128xbf16>, %o: tensor<64x128xf32>) -> tensor<64x128xf32> {
  %x = tensor.extract_slice %all[0, 3] [64, 128] [1, 1] : tensor<64x256xbf16> to tensor<64x128xbf16>
  %y = linalg.matmul
      indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>,
                       affine_map<(m, n, k) -> (m, n)>]
      ins(%x, %w : tensor<64x128xbf16>, tensor<128x128xbf16>) outs(%o : tensor<64x128xf32>) -> tensor<64x128xf32>
  return %y : tensor<64x128xf32>
}

// -----

// REMARK: no warpgroups: blocks are no multiple of 64 rows and 128 bytes of the reduction
// Nor can they be merged into such: 320 rows are too many for a block.
// CHECK-LABEL: func.func @small_blocks
// CHECK: instruction = "mma.m16n8k16"
func.func @small_blocks(%x: tensor<64x256xbf16>, %w: tensor<128x256xbf16, #sparsity.block<40x32>>, %o: tensor<64x128xf32>) -> tensor<64x128xf32> {
  %y = linalg.matmul
      indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>,
                       affine_map<(m, n, k) -> (m, n)>]
      ins(%x, %w : tensor<64x256xbf16>, tensor<128x256xbf16, #sparsity.block<40x32>>) outs(%o : tensor<64x128xf32>) -> tensor<64x128xf32>
  return %y : tensor<64x128xf32>
}

// -----

// A row tile of listed blocks is a divisor of a block's rows.

// CHECK-LABEL: func.func @blocks
// CHECK: tile = [128, {{[0-9]+}}, 64], warps = [8, 1]
// CHECK-SAME: instruction = "wgmma.m64k16", sparse = false
func.func @blocks(%x: tensor<4096x512xbf16>, %w: tensor<2048x512xbf16, #sparsity.block<128x128>>, %o: tensor<4096x2048xf32>) -> tensor<4096x2048xf32> {
  %y = linalg.matmul
      indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>,
                       affine_map<(m, n, k) -> (m, n)>]
      ins(%x, %w : tensor<4096x512xbf16>, tensor<2048x512xbf16, #sparsity.block<128x128>>) outs(%o : tensor<4096x2048xf32>) -> tensor<4096x2048xf32>
  return %y : tensor<4096x2048xf32>
}

// -----

// Few tokens, few rows: blocks split the reduction. The dense weight takes the A role, so
// that tokens are the instruction's columns.

// CHECK-LABEL: func.func @decode
// CHECK: tile = [64, 16, 64], warps = [4, 1]
// CHECK-SAME: swap = true
// CHECK-SAME: splits = 2
func.func @decode(%x: tensor<16x14336xbf16>, %w: tensor<4096x14336xbf16>, %o: tensor<16x4096xf32>) -> tensor<16x4096xf32> {
  %y = linalg.matmul
      indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>,
                       affine_map<(m, n, k) -> (m, n)>]
      ins(%x, %w : tensor<16x14336xbf16>, tensor<4096x14336xbf16>) outs(%o : tensor<16x4096xf32>) -> tensor<16x4096xf32>
  return %y : tensor<16x4096xf32>
}

// -----

// A list of 8-bit blocks is no exception.

// REMARK: no warpgroups: an operand is converted as it is loaded
// CHECK-LABEL: func.func @converted_blocks
// CHECK: multiply = "f16", instruction = "mma.m16n8k16"
func.func @converted_blocks(%x: tensor<64x256xf16>, %w: tensor<128x256xf8E4M3FN, #sparsity.block<128x128>>, %o: tensor<64x128xf32>) -> tensor<64x128xf32> {
  %y = linalg.matmul
      indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>,
                       affine_map<(m, n, k) -> (m, n)>]
      ins(%x, %w : tensor<64x256xf16>, tensor<128x256xf8E4M3FN, #sparsity.block<128x128>>) outs(%o : tensor<64x128xf32>) -> tensor<64x128xf32>
  return %y : tensor<64x128xf32>
}

// -----

// Tiles with a bitmap are decoded into registers, whose instruction takes 64 rows.

// REMARK: wgmma.registers.m64k16 in bf16, tile 64x16x64 by the cost model, K split by 2
// CHECK-LABEL: func.func @bits
// CHECK: tile = [64, 16, 64], warps = [12, 1]
// CHECK-SAME: instruction = "wgmma.registers.m64k16", sparse = true, splits = 2
// CHECK-SAME: sparse_tile.fallback = #sparse_tile.config<{{.*}}instruction = "mma.m16n8k16", sparse = false
func.func @bits(%x: tensor<16x14336xbf16>, %w: tensor<4096x14336xbf16, #sparsity.unstructured>, %o: tensor<16x4096xf32>) -> tensor<16x4096xf32> {
  %y = linalg.matmul
      indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>,
                       affine_map<(m, n, k) -> (m, n)>]
      ins(%x, %w : tensor<16x14336xbf16>, tensor<4096x14336xbf16, #sparsity.unstructured>) outs(%o : tensor<16x4096xf32>) -> tensor<16x4096xf32>
  return %y : tensor<16x4096xf32>
}

// -----

// REMARK: expanded: bitmap<16x64> lies in the tiles of a list; no warpgroups: tiles of a list are decoded
// CHECK-LABEL: func.func @bits_of_small_tiles
// CHECK: instruction = "mma.m16n8k16", sparse = false
func.func @bits_of_small_tiles(%x: tensor<16x256xbf16>, %w: tensor<128x256xbf16, #sparsity.unstructured<tile = 16x64>>, %o: tensor<16x128xf32>) -> tensor<16x128xf32> {
  %y = linalg.matmul
      indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>,
                       affine_map<(m, n, k) -> (m, n)>]
      ins(%x, %w : tensor<16x256xbf16>, tensor<128x256xbf16, #sparsity.unstructured<tile = 16x64>>) outs(%o : tensor<16x128xf32>) -> tensor<16x128xf32>
  return %y : tensor<16x128xf32>
}

// -----

// REMARK: expanded: bitmap<64x64> lies in the tiles of a list; no warpgroups: tiles of a list are decoded
// CHECK-LABEL: func.func @bits_of_bytes
// CHECK: instruction = "mma.m16n8k32", sparse = false
func.func @bits_of_bytes(%x: tensor<16x256xi8>, %w: tensor<128x256xi8, #sparsity.unstructured>, %o: tensor<16x128xi32>) -> tensor<16x128xi32> {
  %y = linalg.matmul
      indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>,
                       affine_map<(m, n, k) -> (m, n)>]
      ins(%x, %w : tensor<16x256xi8>, tensor<128x256xi8, #sparsity.unstructured>) outs(%o : tensor<16x128xi32>) -> tensor<16x128xi32>
  return %y : tensor<16x128xi32>
}

// -----

// REMARK: expanded: n_of_m<2:4, axis = 1> lies in the tiles of a list; no warpgroups: tiles of a list are decoded
// CHECK-LABEL: func.func @pairs_in_blocks
// CHECK: instruction = "mma.m16n8k16", sparse = false
func.func @pairs_in_blocks(%x: tensor<16x256xbf16>, %w: tensor<128x256xbf16, #sparsity.block<64x64, inner = #sparsity.n_of_m<2:4, axis = 1>>>, %o: tensor<16x128xf32>) -> tensor<16x128xf32> {
  %y = linalg.matmul
      indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>,
                       affine_map<(m, n, k) -> (m, n)>]
      ins(%x, %w : tensor<16x256xbf16>, tensor<128x256xbf16, #sparsity.block<64x64, inner = #sparsity.n_of_m<2:4, axis = 1>>>) outs(%o : tensor<16x128xf32>) -> tensor<16x128xf32>
  return %y : tensor<16x128xf32>
}
