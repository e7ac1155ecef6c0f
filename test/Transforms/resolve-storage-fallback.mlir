// RUN: sparsity-opt %s --sparsity-select-config="target=sm_90a instruction=wgmma" | FileCheck %s --check-prefix=BEFORE
// RUN: sparsity-opt %s --sparsity-select-config="target=sm_90a instruction=wgmma" --sparsity-resolve-storage=target=sm_90a | FileCheck %s

// Buffers that the program holds already are not packed again: the weight is expanded on its
// way in, which warpgroups cannot do.

// BEFORE: instruction = "wgmma.sp.m64k32"
// BEFORE-SAME: sparse_tile.fallback = #sparse_tile.config<{{.*}}instruction = "mma.sp::ordered_metadata.m16n8k32"
// CHECK-LABEL: func.func @assembled
// CHECK-NOT: sparse_tile.fallback
// CHECK-NOT: wgmma
// CHECK: instruction = "mma.sp::ordered_metadata.m16n8k32"
// CHECK-LABEL: func.func @argument
// CHECK-NOT: sparse_tile.fallback
// CHECK: instruction = "wgmma.sp.m64k32"
// CHECK-NOT: sparse_tile.fallback
#sparse = #sparsity.n_of_m<2:4, axis = 1>
func.func @assembled(%x: tensor<64x512xbf16>, %values: tensor<256x256xbf16>,
                     %metadata: tensor<256x64xi8>, %o: tensor<64x256xf32>) -> tensor<64x256xf32> {
  %w = sparsity.assemble %values, %metadata : tensor<256x256xbf16>, tensor<256x64xi8>
      to tensor<256x512xbf16, #sparse>
  %y = linalg.matmul
      indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>,
                       affine_map<(m, n, k) -> (m, n)>]
      ins(%x, %w : tensor<64x512xbf16>, tensor<256x512xbf16, #sparse>)
      outs(%o : tensor<64x256xf32>) -> tensor<64x256xf32>
  return %y : tensor<64x256xf32>
}

func.func @argument(%x: tensor<64x512xbf16>, %w: tensor<256x512xbf16, #sparse>,
                    %o: tensor<64x256xf32>) -> tensor<64x256xf32> {
  %y = linalg.matmul
      indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>,
                       affine_map<(m, n, k) -> (m, n)>]
      ins(%x, %w : tensor<64x512xbf16>, tensor<256x512xbf16, #sparse>)
      outs(%o : tensor<64x256xf32>) -> tensor<64x256xf32>
  return %y : tensor<64x256xf32>
}
