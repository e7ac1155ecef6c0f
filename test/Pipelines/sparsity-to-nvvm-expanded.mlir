// RUN: sparsity-opt %s --sparsity-to-nvvm | FileCheck %s

// Where an operand could not be stored as the instruction reads it, its tiles are expanded,
// and dense tiles take the dense instruction.

#w = #sparsity.n_of_m<2:4, axis = 1>

// The caller's buffers keep their layout.
// CHECK: llvm.func @assembled_kernel0
// CHECK-NOT: nvvm.mma.sp.sync
// CHECK: nvvm.mma.sync
// CHECK-NOT: nvvm.mma.sp.sync
func.func @assembled(%v: tensor<64x32xf16>, %m: tensor<64x8xi8>, %x: tensor<64x16xf16>,
                     %init: tensor<64x16xf32>) -> tensor<64x16xf32> {
  %w = sparsity.assemble %v, %m : tensor<64x32xf16>, tensor<64x8xi8> to tensor<64x64xf16, #w>
  %y = linalg.matmul ins(%w, %x : tensor<64x64xf16, #w>, tensor<64x16xf16>)
      outs(%init : tensor<64x16xf32>) -> tensor<64x16xf32>
  return %y : tensor<64x16xf32>
}

// One of two readers has its groups across the reduction.
// CHECK: llvm.func @two_readers_kernel0
// CHECK-NOT: nvvm.mma.sp.sync
// CHECK: nvvm.mma.sync
// CHECK-NOT: nvvm.mma.sp.sync
// CHECK: llvm.func @two_readers_kernel1
// CHECK-NOT: nvvm.mma.sp.sync
// CHECK: nvvm.mma.sync
// CHECK-NOT: nvvm.mma.sp.sync
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

// Of two weights that would share a kernel, one has another reader: two kernels, of which
// one takes its weight compressed.
// CHECK: llvm.func @half_kernel0
// CHECK-NOT: nvvm.mma.sp.sync
// CHECK: llvm.func @half_kernel1
// CHECK-NOT: nvvm.mma.sync
// CHECK: nvvm.mma.sp.sync
// CHECK-NOT: nvvm.mma.sync
// CHECK: llvm.func @half_kernel2
// CHECK-NOT: nvvm.mma.sp.sync
func.func @half(%x: tensor<64x256xf16>, %g: tensor<256x256xf16, #w>,
                %u: tensor<256x256xf16, #w>, %init: tensor<64x256xf32>)
    -> (tensor<64x256xf32>, tensor<64x256xf32>) {
  %a = linalg.matmul
      indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>,
                       affine_map<(m, n, k) -> (m, n)>]
      ins(%x, %g : tensor<64x256xf16>, tensor<256x256xf16, #w>)
      outs(%init : tensor<64x256xf32>) -> tensor<64x256xf32>
  %b = linalg.matmul
      indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>,
                       affine_map<(m, n, k) -> (m, n)>]
      ins(%x, %u : tensor<64x256xf16>, tensor<256x256xf16, #w>)
      outs(%init : tensor<64x256xf32>) -> tensor<64x256xf32>
  %e = tensor.empty() : tensor<64x256xf32>
  %y = linalg.generic
      {indexing_maps = [affine_map<(m, n) -> (m, n)>, affine_map<(m, n) -> (m, n)>,
                        affine_map<(m, n) -> (m, n)>],
       iterator_types = ["parallel", "parallel"]}
      ins(%a, %b : tensor<64x256xf32>, tensor<64x256xf32>) outs(%e : tensor<64x256xf32>) {
  ^bb0(%p: f32, %q: f32, %o: f32):
    %s = arith.subf %p, %q : f32
    linalg.yield %s : f32
  } -> tensor<64x256xf32>
  %z = linalg.matmul ins(%x, %u : tensor<64x256xf16>, tensor<256x256xf16, #w>)
      outs(%init : tensor<64x256xf32>) -> tensor<64x256xf32>
  return %y, %z : tensor<64x256xf32>, tensor<64x256xf32>
}
