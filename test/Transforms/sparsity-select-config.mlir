// RUN: sparsity-opt %s --sparsity-select-config | FileCheck %s --check-prefixes=CHECK,CPU
// RUN: sparsity-opt %s --sparsity-select-config=target=sm_80 | FileCheck %s --check-prefixes=CHECK,GPU,SM80
// RUN: sparsity-opt %s --sparsity-select-config=target=sm_90a | FileCheck %s --check-prefixes=CHECK,GPU,SM90A
// RUN: sparsity-opt %s --sparsity-select-config="target=sm_80 allow-tf32" | FileCheck %s --check-prefix=TF32
// RUN: sparsity-opt %s --sparsity-select-config="target=sm_80 tile=64,32,64 warps=4,1 stages=3" | FileCheck %s --check-prefix=FORCED
// RUN: sparsity-opt %s --sparsity-select-config=target=sm_80 --remark-format=emitRemark \
// RUN:   --remarks-filter=sparsity 2>&1 | FileCheck %s --check-prefix=REMARK
// RUN: not sparsity-opt %s --sparsity-select-config=target=sm_75 2>&1 | FileCheck %s --check-prefix=TARGET
// RUN: not sparsity-opt %s --sparsity-select-config=tile=64,64 2>&1 | FileCheck %s --check-prefix=TILE
// RUN: not sparsity-opt %s --sparsity-select-config=tile=0,64,64 2>&1 | FileCheck %s --check-prefix=POSITIVE
// RUN: not sparsity-opt %s --sparsity-select-config="warps=2,2,2" 2>&1 | FileCheck %s --check-prefix=WARPS

// TARGET: error: expected a target among cpu, sm_80, sm_90a, but got "sm_75"
// TILE: error: expected three tile extents and two warp counts, but got 2 and 0
// POSITIVE: error: expected three positive tile extents, but got
// WARPS: error: expected three tile extents and two warp counts, but got 0 and 3

#w = #sparsity.n_of_m<2:4, axis = 1>
#xw = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>]

// The compressed weight is the right-hand operand, so it takes the A role: swap. With
// any number of tokens the tile has its full width.
// CHECK-LABEL: func.func @weight_right
// CPU: #sparse_tile.config<tile = [64, 64, 64], warps = [1, 1], stages = 1, raster = 1, swap = false, multiply = "bf16", instruction = "vector.fma", sparse = false>
// GPU: #sparse_tile.config<tile = [128, 128, 64], warps = [2, 2], stages = {{[0-9]+}}, raster = 1, swap = true, multiply = "bf16", instruction = "mma.sp::ordered_metadata.m16n8k32", sparse = true>
// FORCED-LABEL: func.func @weight_right
// FORCED: tile = [64, 32, 64], warps = [4, 1], stages = 3
// REMARK: mma.sp::ordered_metadata.m16n8k32 in bf16, tile 128x128x64
func.func @weight_right(%x: tensor<?x4096xbf16>, %w: tensor<1024x4096xbf16, #w>,
                        %init: tensor<?x1024xf32>) -> tensor<?x1024xf32> {
  %y = linalg.matmul
      indexing_maps = #xw
      ins(%x, %w : tensor<?x4096xbf16>, tensor<1024x4096xbf16, #w>)
      outs(%init : tensor<?x1024xf32>) -> tensor<?x1024xf32>
  return %y : tensor<?x1024xf32>
}

// Sixteen tokens: the columns shrink to what there is.
// CHECK-LABEL: func.func @few_tokens
// GPU: tile = [128, 16, 64], warps = [2, 1]
// CPU: tile = [16, 64, 64]
func.func @few_tokens(%x: tensor<9x4096xf16>, %w: tensor<1024x4096xf16, #w>,
                      %init: tensor<9x1024xf32>) -> tensor<9x1024xf32> {
  %y = linalg.matmul
      indexing_maps = #xw
      ins(%x, %w : tensor<9x4096xf16>, tensor<1024x4096xf16, #w>)
      outs(%init : tensor<9x1024xf32>) -> tensor<9x1024xf32>
  return %y : tensor<9x1024xf32>
}

// CHECK-LABEL: func.func @weight_left
// GPU: swap = false, multiply = "f16", instruction = "mma.sp::ordered_metadata.m16n8k32", sparse = true
func.func @weight_left(%w: tensor<1024x4096xf16, #w>, %x: tensor<4096x?xf16>,
                       %init: tensor<1024x?xf32>) -> tensor<1024x?xf32> {
  %y = linalg.matmul ins(%w, %x : tensor<1024x4096xf16, #w>, tensor<4096x?xf16>)
      outs(%init : tensor<1024x?xf32>) -> tensor<1024x?xf32>
  return %y : tensor<1024x?xf32>
}

// An instruction takes one operand compressed: the left one here.
// CHECK-LABEL: func.func @both
// GPU: swap = false, multiply = "f16", instruction = "mma.sp::ordered_metadata.m16n8k32", sparse = true
func.func @both(%x: tensor<128x256xf16, #w>, %w: tensor<256x256xf16, #w>,
                %init: tensor<128x256xf32>) -> tensor<128x256xf32> {
  %y = linalg.matmul
      indexing_maps = #xw
      ins(%x, %w : tensor<128x256xf16, #w>, tensor<256x256xf16, #w>)
      outs(%init : tensor<128x256xf32>) -> tensor<128x256xf32>
  return %y : tensor<128x256xf32>
}

// 1:2 nests in the groups of a 2:4 instruction; 4:8 does not.
// CHECK-LABEL: func.func @one_of_two
// GPU: instruction = "mma.sp::ordered_metadata.m16n8k32", sparse = true
func.func @one_of_two(%w: tensor<64x64xf16, #sparsity.n_of_m<1:2, axis = 1>>,
                      %x: tensor<64x8xf16>, %init: tensor<64x8xf32>) -> tensor<64x8xf32> {
  %y = linalg.matmul
      ins(%w, %x : tensor<64x64xf16, #sparsity.n_of_m<1:2, axis = 1>>, tensor<64x8xf16>)
      outs(%init : tensor<64x8xf32>) -> tensor<64x8xf32>
  return %y : tensor<64x8xf32>
}

// CHECK-LABEL: func.func @four_of_eight
// GPU: instruction = "mma.m16n8k16", sparse = false
// REMARK: mma.m16n8k16 in f16, tile {{.*}}; expanded: sm_80 has no native n_of_m<4:8, axis = 1> of f16
func.func @four_of_eight(%w: tensor<64x64xf16, #sparsity.n_of_m<4:8, axis = 1>>,
                         %x: tensor<64x8xf16>, %init: tensor<64x8xf32>) -> tensor<64x8xf32> {
  %y = linalg.matmul
      ins(%w, %x : tensor<64x64xf16, #sparsity.n_of_m<4:8, axis = 1>>, tensor<64x8xf16>)
      outs(%init : tensor<64x8xf32>) -> tensor<64x8xf32>
  return %y : tensor<64x8xf32>
}

// Groups along the rows, not along K.
// CHECK-LABEL: func.func @across
// GPU: instruction = "mma.m16n8k16", sparse = false
// REMARK: expanded: n_of_m<2:4, axis = 1> is not along the reduction
func.func @across(%x: tensor<8x64xf16>, %w: tensor<64x64xf16, #w>,
                  %init: tensor<8x64xf32>) -> tensor<8x64xf32> {
  %y = linalg.matmul ins(%x, %w : tensor<8x64xf16>, tensor<64x64xf16, #w>)
      outs(%init : tensor<8x64xf32>) -> tensor<8x64xf32>
  return %y : tensor<8x64xf32>
}

// The packed layout has no dynamic extents.
// CHECK-LABEL: func.func @dynamic_weight
// GPU: instruction = "mma.m16n8k16", sparse = false
// REMARK: expanded: the packed layout needs a static matrix
func.func @dynamic_weight(%w: tensor<?x64xf16, #w>, %x: tensor<64x8xf16>,
                          %init: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %y = linalg.matmul ins(%w, %x : tensor<?x64xf16, #w>, tensor<64x8xf16>)
      outs(%init : tensor<?x8xf32>) -> tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}

// f32 is exact unless the user gives that up.
// CHECK-LABEL: func.func @f32
// SM80: multiply = "f32", instruction = "fma", sparse = false
// TF32-LABEL: func.func @f32
// TF32: multiply = "tf32", instruction = "mma.sp::ordered_metadata.m16n8k16", sparse = true
func.func @f32(%w: tensor<64x64xf32, #sparsity.n_of_m<1:2, axis = 1>>,
               %x: tensor<64x8xf32>, %init: tensor<64x8xf32>) -> tensor<64x8xf32> {
  %y = linalg.matmul
      ins(%w, %x : tensor<64x64xf32, #sparsity.n_of_m<1:2, axis = 1>>, tensor<64x8xf32>)
      outs(%init : tensor<64x8xf32>) -> tensor<64x8xf32>
  return %y : tensor<64x8xf32>
}

// 8-bit floats: native where the chip has them, in f16 (which holds them) where not.
// CHECK-LABEL: func.func @float8
// CPU: multiply = "e4m3", instruction = "vector.fma"
// SM80: multiply = "f16", instruction = "mma.m16n8k16", sparse = false
// SM90A: tile = [64, 16, 128], warps = [4, 1], {{.*}}multiply = "e4m3", instruction = "mma.sp::ordered_metadata.m16n8k64", sparse = true
func.func @float8(%w: tensor<64x256xf8E4M3FN, #w>, %x: tensor<256x8xf8E4M3FN>,
                  %init: tensor<64x8xf32>) -> tensor<64x8xf32> {
  %y = linalg.matmul ins(%w, %x : tensor<64x256xf8E4M3FN, #w>, tensor<256x8xf8E4M3FN>)
      outs(%init : tensor<64x8xf32>) -> tensor<64x8xf32>
  return %y : tensor<64x8xf32>
}

// Two types: the one that holds both.
// CHECK-LABEL: func.func @mixed
// CHECK: multiply = "f32"
// CHECK: multiply = "f16"
func.func @mixed(%a: tensor<64x64xbf16>, %b: tensor<64x8xf16>, %c: tensor<64x64xf8E5M2>,
                 %init: tensor<64x8xf32>) -> (tensor<64x8xf32>, tensor<64x8xf32>) {
  %y = linalg.matmul ins(%a, %b : tensor<64x64xbf16>, tensor<64x8xf16>)
      outs(%init : tensor<64x8xf32>) -> tensor<64x8xf32>
  %z = linalg.matmul ins(%c, %b : tensor<64x64xf8E5M2>, tensor<64x8xf16>)
      outs(%init : tensor<64x8xf32>) -> tensor<64x8xf32>
  return %y, %z : tensor<64x8xf32>, tensor<64x8xf32>
}

// CHECK-LABEL: func.func @int8
// GPU: tile = [128, 16, 128], {{.*}}multiply = "s8", instruction = "mma.sp::ordered_metadata.m16n8k64", sparse = true
func.func @int8(%w: tensor<64x256xi8, #w>, %x: tensor<256x8xi8>,
                %init: tensor<64x8xi32>) -> tensor<64x8xi32> {
  %y = linalg.matmul ins(%w, %x : tensor<64x256xi8, #w>, tensor<256x8xi8>)
      outs(%init : tensor<64x8xi32>) -> tensor<64x8xi32>
  return %y : tensor<64x8xi32>
}

// Matrix-vector: the missing side is one column for the GPU; the CPU vectorizes along the
// result's last dimension, so there it is one row.
// CHECK-LABEL: func.func @matvec
// GPU: tile = [128, 16, 64], warps = [2, 1], {{.*}}swap = false, {{.*}}sparse = true
// CPU: tile = [4, 64, 64], {{.*}}swap = true
func.func @matvec(%w: tensor<64x256xf16, #w>, %x: tensor<256xf16>, %init: tensor<64xf32>)
    -> tensor<64xf32> {
  %y = linalg.matvec ins(%w, %x : tensor<64x256xf16, #w>, tensor<256xf16>)
      outs(%init : tensor<64xf32>) -> tensor<64xf32>
  return %y : tensor<64xf32>
}

// Contractions that end in one op are one kernel, with one configuration; its sums share
// the registers.
// CHECK-LABEL: func.func @swiglu
// GPU-COUNT-2: tile = [128, 64, 64]
// CHECK: linalg.generic
// CHECK-NOT: sparse_tile.config
// CHECK: return
func.func @swiglu(%x: tensor<?x256xf16>, %g: tensor<512x256xf16, #w>,
                  %u: tensor<512x256xf16, #w>, %init: tensor<?x512xf32>)
    -> tensor<?x512xf32> {
  %a = linalg.matmul
      indexing_maps = #xw
      ins(%x, %g : tensor<?x256xf16>, tensor<512x256xf16, #w>)
      outs(%init : tensor<?x512xf32>) -> tensor<?x512xf32>
  %b = linalg.matmul
      indexing_maps = #xw
      ins(%x, %u : tensor<?x256xf16>, tensor<512x256xf16, #w>)
      outs(%init : tensor<?x512xf32>) -> tensor<?x512xf32>
  %y = linalg.generic
      {indexing_maps = [affine_map<(m, n) -> (m, n)>, affine_map<(m, n) -> (m, n)>,
                        affine_map<(m, n) -> (m, n)>],
       iterator_types = ["parallel", "parallel"]}
      ins(%a, %b : tensor<?x512xf32>, tensor<?x512xf32>) outs(%init : tensor<?x512xf32>) {
  ^bb0(%p: f32, %q: f32, %o: f32):
    %m = arith.mulf %p, %q : f32
    linalg.yield %m : f32
  } -> tensor<?x512xf32>
  return %y : tensor<?x512xf32>
}

// Two weights of one type, of which only one has its groups along K: not one kernel.
// CHECK-LABEL: func.func @unlike
// GPU: instruction = "mma.sp::ordered_metadata.m16n8k32", sparse = true
// GPU: instruction = "mma.m16n8k16", sparse = false
func.func @unlike(%x: tensor<64x256xf16>, %w: tensor<256x256xf16, #w>,
                  %v: tensor<256x256xf16, #w>, %init: tensor<64x256xf32>)
    -> tensor<64x256xf32> {
  %a = linalg.matmul
      indexing_maps = #xw
      ins(%x, %w : tensor<64x256xf16>, tensor<256x256xf16, #w>)
      outs(%init : tensor<64x256xf32>) -> tensor<64x256xf32>
  %b = linalg.matmul ins(%x, %v : tensor<64x256xf16>, tensor<256x256xf16, #w>)
      outs(%init : tensor<64x256xf32>) -> tensor<64x256xf32>
  %y = linalg.generic
      {indexing_maps = [affine_map<(m, n) -> (m, n)>, affine_map<(m, n) -> (m, n)>,
                        affine_map<(m, n) -> (m, n)>],
       iterator_types = ["parallel", "parallel"]}
      ins(%a, %b : tensor<64x256xf32>, tensor<64x256xf32>)
      outs(%init : tensor<64x256xf32>) {
  ^bb0(%p: f32, %q: f32, %o: f32):
    %m = arith.mulf %p, %q : f32
    linalg.yield %m : f32
  } -> tensor<64x256xf32>
  return %y : tensor<64x256xf32>
}

// CHECK-LABEL: func.func @elementwise
// CHECK: multiply = "none", instruction = "elementwise", sparse = false
func.func @elementwise(%x: tensor<?x256xf16>) -> tensor<?x256xf16> {
  %y = linalg.generic
      {indexing_maps = [affine_map<(m, n) -> (m, n)>],
       iterator_types = ["parallel", "parallel"]}
      outs(%x : tensor<?x256xf16>) {
  ^bb0(%o: f16):
    %m = arith.negf %o : f16
    linalg.yield %m : f16
  } -> tensor<?x256xf16>
  return %y : tensor<?x256xf16>
}

// What is not a sum of products of these types is left to others.
// CHECK-LABEL: func.func @others
// CHECK-NOT: sparse_tile.config
// CHECK: return
func.func @others(%a: tensor<8x64xf64>, %b: tensor<64x8xf64>, %init: tensor<8x8xf64>,
                  %c: tensor<8x64xf32>, %max: tensor<8xf32>)
    -> (tensor<8x8xf64>, tensor<8xf32>) {
  %y = linalg.matmul ins(%a, %b : tensor<8x64xf64>, tensor<64x8xf64>)
      outs(%init : tensor<8x8xf64>) -> tensor<8x8xf64>
  %z = linalg.reduce { arith.maximumf } ins(%c : tensor<8x64xf32>)
      outs(%max : tensor<8xf32>) dimensions = [1]
  return %y, %z : tensor<8x8xf64>, tensor<8xf32>
}

// The operand whose list groups rows takes the A role, and tiles do not cross its groups: a
// block of 64 is one tile, and warps keep at least 16 rows each.
// CHECK-LABEL: func.func @block_right
// CPU: tile = [64, 64, 64], warps = [1, 1], stages = 1, raster = 1, swap = true
// GPU: tile = [64, 128, 64], warps = [2, 2], stages = {{[0-9]+}}, raster = 1, swap = true, multiply = "f16", instruction = "mma.m16n8k16", sparse = false
func.func @block_right(%x: tensor<?x256xf16>, %w: tensor<128x256xf16, #sparsity.block<64x32>>,
                       %init: tensor<?x128xf32>) -> tensor<?x128xf32> {
  %y = linalg.matmul
      indexing_maps = #xw
      ins(%x, %w : tensor<?x256xf16>, tensor<128x256xf16, #sparsity.block<64x32>>)
      outs(%init : tensor<?x128xf32>) -> tensor<?x128xf32>
  return %y : tensor<?x128xf32>
}

// 48 rows are three tiles of 16 rather than one of 64.
// CHECK-LABEL: func.func @block_48
// CPU: tile = [16, 64, 64]
// GPU: tile = [16, 128, 64], warps = [1, 4]
func.func @block_48(%x: tensor<?x256xf16>, %w: tensor<96x256xf16, #sparsity.block<48x32>>,
                    %init: tensor<?x96xf32>) -> tensor<?x96xf32> {
  %y = linalg.matmul
      indexing_maps = #xw
      ins(%x, %w : tensor<?x256xf16>, tensor<96x256xf16, #sparsity.block<48x32>>)
      outs(%init : tensor<?x96xf32>) -> tensor<?x96xf32>
  return %y : tensor<?x96xf32>
}

// Groups of one row: the smallest tile there is.
// CHECK-LABEL: func.func @activation
// CPU: tile = [4, 64, 64], warps = [1, 1], stages = 1, raster = 1, swap = false
// GPU: tile = [16, 128, 64], warps = [1, 4], stages = {{[0-9]+}}, raster = 1, swap = false
func.func @activation(%x: tensor<8x256xf16, #sparsity.activation<relu>>, %w: tensor<128x256xf16>,
                      %init: tensor<8x128xf32>) -> tensor<8x128xf32> {
  %y = linalg.matmul
      indexing_maps = #xw
      ins(%x, %w : tensor<8x256xf16, #sparsity.activation<relu>>, tensor<128x256xf16>)
      outs(%init : tensor<8x128xf32>) -> tensor<8x128xf32>
  return %y : tensor<8x128xf32>
}

// The other operand's pattern gathers K, which an instruction with metadata cannot follow.
// CHECK-LABEL: func.func @gathered_reduction
// GPU: instruction = "mma.m16n8k16", sparse = false
// REMARK: expanded: the other operand's pattern gathers the reduction
func.func @gathered_reduction(%x: tensor<128x256xf16, #sparsity.strided<period = 32>>,
                              %w: tensor<64x256xf16, #w>, %init: tensor<128x64xf32>)
    -> tensor<128x64xf32> {
  %y = linalg.matmul
      indexing_maps = #xw
      ins(%x, %w : tensor<128x256xf16, #sparsity.strided<period = 32>>, tensor<64x256xf16, #w>)
      outs(%init : tensor<128x64xf32>) -> tensor<128x64xf32>
  return %y : tensor<128x64xf32>
}

// n:m in the tiles of a list is decoded: its rows are not one packed matrix.
// CHECK-LABEL: func.func @blocks_of_n_of_m
// GPU: instruction = "mma.m16n8k16", sparse = false
// REMARK: expanded: n_of_m<2:4{{.*}} lies in the tiles of a list
func.func @blocks_of_n_of_m(%x: tensor<8x256xf16>,
                            %w: tensor<128x256xf16, #sparsity.block<64x64, inner = #sparsity.n_of_m<2:4, axis = 1>>>,
                            %init: tensor<8x128xf32>) -> tensor<8x128xf32> {
  %y = linalg.matmul
      indexing_maps = #xw
      ins(%x, %w : tensor<8x256xf16>, tensor<128x256xf16, #sparsity.block<64x64, inner = #sparsity.n_of_m<2:4, axis = 1>>>)
      outs(%init : tensor<8x128xf32>) -> tensor<8x128xf32>
  return %y : tensor<8x128xf32>
}

// A result stored by blocks: tiles no larger than a block, in both directions.
// CHECK-LABEL: func.func @block_result
// CPU: tile = [64, 32, 64]
// GPU: tile = [64, 32, 64], warps = [2, 2]
func.func @block_result(%a: tensor<128x64xf16>, %b: tensor<256x64xf16>,
                        %c: tensor<128x256xf32, #sparsity.block<64x32>>)
    -> tensor<128x256xf32, #sparsity.block<64x32>> {
  %y = linalg.matmul
      indexing_maps = #xw
      ins(%a, %b : tensor<128x64xf16>, tensor<256x64xf16>)
      outs(%c : tensor<128x256xf32, #sparsity.block<64x32>>) -> tensor<128x256xf32, #sparsity.block<64x32>>
  return %y : tensor<128x256xf32, #sparsity.block<64x32>>
}

// Rows that follow a gate's list need registers for their addresses: eight warps share them.
// CHECK-LABEL: func.func @gate
// CPU: tile = [64, 64, 64], warps = [1, 1], stages = 1, raster = 1, swap = false
// GPU: tile = [128, 128, 64], warps = [4, 2], stages = {{[0-9]+}}, raster = 1, swap = false, multiply = "f16", instruction = "mma.m16n8k16", sparse = false
func.func @gate(%x: tensor<?x64xf16>, %w: tensor<8x128x64xf16>,
                %g: tensor<?x8xf32, #sparsity.gate<top_k = 2>>, %init: tensor<?x128xf32>)
    -> tensor<?x128xf32> {
  %y = sparsity.grouped_matmul %x, %w by %g outs(%init)
      rhs_map affine_map<(g, f, k) -> (g, f, k)>
      : tensor<?x64xf16>, tensor<8x128x64xf16>, tensor<?x8xf32, #sparsity.gate<top_k = 2>> -> tensor<?x128xf32>
  return %y : tensor<?x128xf32>
}
