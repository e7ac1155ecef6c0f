// RUN: sparsity-opt %s --sparsity-select-config=target=sm_80 --sparsity-resolve-storage=target=sm_80 | FileCheck %s
// RUN: sparsity-opt %s --sparsity-select-config --sparsity-resolve-storage | FileCheck %s --check-prefix=CPU
// RUN: sparsity-opt %s --sparsity-select-config=target=sm_80 --sparsity-resolve-storage=target=sm_80 \
// RUN:   --remark-format=emitRemark --remarks-filter=sparsity 2>&1 | FileCheck %s --check-prefix=REMARK
// RUN: not sparsity-opt %s --sparsity-resolve-storage=target=gpu 2>&1 | FileCheck %s --check-prefix=TARGET

// TARGET: error: expected a target among cpu, sm_80, sm_90a, but got "gpu"

#w = #sparsity.n_of_m<2:4, axis = 1>

// The CPU reads rows as they are: no layout changes.
// CPU-NOT: core_matrix

// CHECK-LABEL: func.func @compressed
// CHECK-SAME: tensor<256x256xf16, #sparsity.n_of_m<2:4, axis = 1, layout = core_matrix>>
// CHECK: linalg.matmul
// CHECK-SAME: layout = core_matrix
// REMARK: argument #0 is stored as #sparsity.n_of_m<2:4, axis = 1, layout = core_matrix>
func.func @compressed(%w: tensor<256x256xf16, #w>, %x: tensor<256x64xf16>,
                      %init: tensor<256x64xf32>) -> tensor<256x64xf32> {
  %y = linalg.matmul ins(%w, %x : tensor<256x256xf16, #w>, tensor<256x64xf16>)
      outs(%init : tensor<256x64xf32>) -> tensor<256x64xf32>
  return %y : tensor<256x64xf32>
}

// One reader that expands keeps the layout that every reader understands.
// CHECK-LABEL: func.func @two_readers
// CHECK-SAME: %{{.*}}: tensor<256x256xf16, #sparsity.n_of_m<2:4, axis = 1>>
func.func @two_readers(%w: tensor<256x256xf16, #w>, %x: tensor<256x64xf16>,
                       %z: tensor<64x256xf16>, %init: tensor<256x64xf32>,
                       %init2: tensor<64x256xf32>)
    -> (tensor<256x64xf32>, tensor<64x256xf32>) {
  %y = linalg.matmul ins(%w, %x : tensor<256x256xf16, #w>, tensor<256x64xf16>)
      outs(%init : tensor<256x64xf32>) -> tensor<256x64xf32>
  %u = linalg.matmul ins(%z, %w : tensor<64x256xf16>, tensor<256x256xf16, #w>)
      outs(%init2 : tensor<64x256xf32>) -> tensor<64x256xf32>
  return %y, %u : tensor<256x64xf32>, tensor<64x256xf32>
}

// Of two compressed operands one is expanded.
// CHECK-LABEL: func.func @both
// CHECK-SAME: %{{.*}}: tensor<128x256xf16, #sparsity.n_of_m<2:4, axis = 1, layout = core_matrix>>, %{{.*}}: tensor<256x256xf16, #sparsity.n_of_m<2:4, axis = 1>>
func.func @both(%x: tensor<128x256xf16, #w>, %w: tensor<256x256xf16, #w>,
                %init: tensor<128x256xf32>) -> tensor<128x256xf32> {
  %y = linalg.matmul
      indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>,
                       affine_map<(m, n, k) -> (m, n)>]
      ins(%x, %w : tensor<128x256xf16, #w>, tensor<256x256xf16, #w>)
      outs(%init : tensor<128x256xf32>) -> tensor<128x256xf32>
  return %y : tensor<128x256xf32>
}

// Buffers that the program assembles are taken as they are.
// CHECK-LABEL: func.func @assembled
// CHECK: sparsity.assemble
// CHECK-SAME: to tensor<64x64xf16, #sparsity.n_of_m<2:4, axis = 1>>
func.func @assembled(%v: tensor<64x32xf16>, %m: tensor<64x8xi8>, %x: tensor<64x8xf16>,
                     %init: tensor<64x8xf32>) -> tensor<64x8xf32> {
  %w = sparsity.assemble %v, %m : tensor<64x32xf16>, tensor<64x8xi8> to tensor<64x64xf16, #w>
  %y = linalg.matmul ins(%w, %x : tensor<64x64xf16, #w>, tensor<64x8xf16>)
      outs(%init : tensor<64x8xf32>) -> tensor<64x8xf32>
  return %y : tensor<64x8xf32>
}

// CHECK-LABEL: func.func @unused
// CHECK-SAME: tensor<256x256xf16, #sparsity.n_of_m<2:4, axis = 1>>)
func.func @unused(%w: tensor<256x256xf16, #w>) {
  return
}
