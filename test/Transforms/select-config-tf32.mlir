// RUN: sparsity-opt %s -split-input-file --sparsity-select-config="target=sm_90a allow-tf32" --remark-format=emitRemark --remarks-filter=sparsity -o %t.mlir 2>&1 | FileCheck %s --check-prefix=REMARK
// RUN: FileCheck %s < %t.mlir
// RUN: sparsity-opt %s -split-input-file --sparsity-select-config="target=sm_90a" | FileCheck %s --check-prefix=EXACT --implicit-check-not=mma
// RUN: sparsity-opt %s -split-input-file --sparsity-select-config="target=sm_90a allow-tf32 tuning-candidates=1" | FileCheck %s --check-prefix=KEY

// f32 on warpgroups where tf32 is allowed; else it is multiplied exactly, without matrix instructions.

// KEY: sparsity.tuning = [{{.*}}format = "dense", {{.*}}type = "tf32"
// REMARK: wgmma.m64k8 in tf32, tile 64x{{[0-9]+}}x32 by the cost model"
// CHECK-LABEL: func.func @dense
// CHECK: tile = [64, {{[0-9]+}}, 32], warps = [{{[48]}}, 1]
// CHECK-SAME: multiply = "tf32", instruction = "wgmma.m64k8", sparse = false
// EXACT: multiply = "f32", instruction = "fma"
func.func @dense(%x: tensor<64x100xf32>, %w: tensor<128x100xf32>, %o: tensor<64x128xf32>) -> tensor<64x128xf32> {
  %y = linalg.matmul
      indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>,
                       affine_map<(m, n, k) -> (m, n)>]
      ins(%x, %w : tensor<64x100xf32>, tensor<128x100xf32>) outs(%o : tensor<64x128xf32>) -> tensor<64x128xf32>
  return %y : tensor<64x128xf32>
}

// -----

// KEY: sparsity.tuning = [{{.*}}format = "1:2", {{.*}}type = "tf32"
// REMARK: wgmma.sp.m64k16 in tf32, tile 64x{{[0-9]+}}x32 by the cost model"
// CHECK-LABEL: func.func @one_of_two
// CHECK: tile = [64, {{[0-9]+}}, 32], warps = [{{[48]}}, 1]
// CHECK-SAME: multiply = "tf32", instruction = "wgmma.sp.m64k16", sparse = true
// EXACT: multiply = "f32", instruction = "fma"
func.func @one_of_two(%x: tensor<64x100xf32>, %w: tensor<128x100xf32, #sparsity.n_of_m<1:2, axis = 1>>, %o: tensor<64x128xf32>) -> tensor<64x128xf32> {
  %y = linalg.matmul
      indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>,
                       affine_map<(m, n, k) -> (m, n)>]
      ins(%x, %w : tensor<64x100xf32>, tensor<128x100xf32, #sparsity.n_of_m<1:2, axis = 1>>) outs(%o : tensor<64x128xf32>) -> tensor<64x128xf32>
  return %y : tensor<64x128xf32>
}

// -----

// CHECK-LABEL: func.func @blocks
// CHECK: multiply = "tf32", instruction = "wgmma.m64k8", sparse = false
// EXACT: multiply = "f32", instruction = "fma"
func.func @blocks(%x: tensor<64x160xf32>, %w: tensor<128x160xf32, #sparsity.block<64x32>>, %o: tensor<64x128xf32>) -> tensor<64x128xf32> {
  %y = linalg.matmul
      indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>,
                       affine_map<(m, n, k) -> (m, n)>]
      ins(%x, %w : tensor<64x160xf32>, tensor<128x160xf32, #sparsity.block<64x32>>) outs(%o : tensor<64x128xf32>) -> tensor<64x128xf32>
  return %y : tensor<64x128xf32>
}

// -----

// The instruction takes both operands with K contiguous.

// REMARK: mma.m16n8k8 in tf32, {{.*}}no warpgroups: neither the reduction nor rows of 16-bit elements are contiguous
// CHECK-LABEL: func.func @along_rows
// CHECK: multiply = "tf32", instruction = "mma.m16n8k8"
// EXACT: multiply = "f32", instruction = "fma"
func.func @along_rows(%x: tensor<64x100xf32>, %w: tensor<100x128xf32>, %o: tensor<64x128xf32>) -> tensor<64x128xf32> {
  %y = linalg.matmul
      indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>,
                       affine_map<(m, n, k) -> (m, n)>]
      ins(%x, %w : tensor<64x100xf32>, tensor<100x128xf32>) outs(%o : tensor<64x128xf32>) -> tensor<64x128xf32>
  return %y : tensor<64x128xf32>
}

// -----

// REMARK: mma.m16n8k8 in tf32, {{.*}}no warpgroups: rows are not known to be multiples of 16 bytes
// CHECK-LABEL: func.func @odd_k
// CHECK: multiply = "tf32", instruction = "mma.m16n8k8"
// EXACT: multiply = "f32", instruction = "fma"
func.func @odd_k(%x: tensor<64x98xf32>, %w: tensor<128x98xf32>, %o: tensor<64x128xf32>) -> tensor<64x128xf32> {
  %y = linalg.matmul
      indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>,
                       affine_map<(m, n, k) -> (m, n)>]
      ins(%x, %w : tensor<64x98xf32>, tensor<128x98xf32>) outs(%o : tensor<64x128xf32>) -> tensor<64x128xf32>
  return %y : tensor<64x128xf32>
}

// -----

// Two of four is no pattern of tf32.

// REMARK: mma.m16n8k8 in tf32, {{.*}}expanded: sm_90a has no native n_of_m<2:4, axis = 1> of tf32; no warpgroups: an operand is expanded as it is loaded
// CHECK-LABEL: func.func @two_of_four
// CHECK: multiply = "tf32", instruction = "mma.m16n8k8"
// EXACT: multiply = "f32", instruction = "fma"
func.func @two_of_four(%x: tensor<64x100xf32>, %w: tensor<128x100xf32, #sparsity.n_of_m<2:4, axis = 1>>, %o: tensor<64x128xf32>) -> tensor<64x128xf32> {
  %y = linalg.matmul
      indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>,
                       affine_map<(m, n, k) -> (m, n)>]
      ins(%x, %w : tensor<64x100xf32>, tensor<128x100xf32, #sparsity.n_of_m<2:4, axis = 1>>) outs(%o : tensor<64x128xf32>) -> tensor<64x128xf32>
  return %y : tensor<64x128xf32>
}
