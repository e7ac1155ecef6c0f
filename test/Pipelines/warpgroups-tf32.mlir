// RUN: sparsity-opt %s --sparsity-to-nvvm="target=sm_90a allow-tf32 tile=128,72,32 warps=8,1 stages=3 cluster=2" | FileCheck %s
// RUN: sparsity-opt %s --sparsity-to-nvvm="target=sm_90a allow-tf32 tile=128,72,32 warps=8,1 stages=3 cluster=2 overlap" | FileCheck %s --check-prefix=OVERLAP
// RUN: not sparsity-opt %s --sparsity-to-nvvm="target=sm_90a allow-tf32 tile=128,72,64 warps=8,1 stages=3" 2>&1 | FileCheck %s --check-prefix=STEP
// RUN: sparsity-translate %s --to-ptx --target=sm_90a --allow-tf32 --pipeline-options="tile=128,72,32 warps=8,1 stages=3 cluster=2" -o %t.ptx
// RUN: FileCheck %s --check-prefix=PTX < %t.ptx
// RUN: %if ptxas %{ %ptxas -arch=sm_90a -v %t.ptx -o %t.cubin 2>&1 | FileCheck %s --check-prefix=PTXAS %}

// Products in tf32 on warpgroups. The copies round: dense operands and packed values come by tensor
// copies of that type, metadata as it is.

// STEP: error: {{.*}}expected columns that are a multiple of 8 up to 256, and steps of 32, but got

// CHECK-LABEL: llvm.func @packed_kernel0
// CHECK: nvvm.setmaxregister decrease
// CHECK: nvvm.mbarrier.arrive.expect_tx
// CHECK: nvvm.cp.async.bulk.tensor.shared.cluster.global {{.*}} multicast_mask
// CHECK: nvvm.cp.async.bulk.tensor.shared.cluster.global %{{.*}}, %{{.*}}, %{{.*}}, box[%{{[^,]*}}, %{{[^,]*}}, %{{[^,]*}}, %{{[^,]*}}]
// CHECK: nvvm.cp.async.bulk.shared.cluster.global
// CHECK-NOT: nvvm.cp.async.bulk.shared.cluster.global
// CHECK: nvvm.setmaxregister increase
// CHECK: wgmma.mma_async.sp.sync.aligned.m64n72k16.f32.tf32.tf32 {{.*}} 0, p, 1, 1;
// CHECK: wgmma.mma_async.sp.sync.aligned.m64n72k16.f32.tf32.tf32 {{.*}} 1, 1, 1, 1;
// CHECK: nvvm.wgmma.commit.group.sync.aligned

// CHECK-LABEL: llvm.func @dense_kernel0
// CHECK: wgmma.mma_async.sync.aligned.m64n72k8.f32.tf32.tf32 {{.*}}, p, 1, 1;
// CHECK-COUNT-3: wgmma.mma_async.sync.aligned.m64n72k8.f32.tf32.tf32 {{.*}}, 1, 1, 1;
// CHECK: nvvm.wgmma.commit.group.sync.aligned

// CHECK-LABEL: llvm.func @packed(
// CHECK-SAME: storage = tensor<5x4x64x16xf32>
// CHECK-SAME: "tensor_map of argument 0 box 32x40 swizzle 128 tf32", "tensor_map of argument 0 box 32x32 swizzle 128 tf32", "tensor_map of argument 1 box 16x64x2x1 swizzle 0 tf32"
// CU_TENSOR_MAP_DATA_TYPE_TFLOAT32.
// CHECK: %[[TF32:.*]] = llvm.mlir.constant(11 : i32)
// CHECK-COUNT-3: llvm.call @sparsityEncodeTensorMap(%{{[0-9]+}}, %[[TF32]],
// CHECK-NOT: llvm.call @sparsityEncodeTensorMap
// CHECK: gpu.launch_func

// Values are copied before the wait for the kernel in front, as linear copies are.
// OVERLAP-LABEL: llvm.func @packed_kernel0
// OVERLAP: nvvm.setmaxregister decrease
// OVERLAP: nvvm.cp.async.bulk.tensor.shared.cluster.global %{{.*}}, %{{.*}}, %{{.*}}, box[%{{[^,]*}}, %{{[^,]*}}, %{{[^,]*}}, %{{[^,]*}}]
// OVERLAP: nvvm.cp.async.bulk.shared.cluster.global
// OVERLAP-NOT: nvvm.cp.async.bulk
// OVERLAP: nvvm.griddepcontrol wait
// OVERLAP: nvvm.cp.async.bulk.tensor.shared.cluster.global

// PTX: .entry packed_kernel0(
// PTX: cp.async.bulk.tensor.4d.shared::cluster.global.tile.mbarrier::complete_tx::bytes
// PTX: wgmma.mma_async.sp.sync.aligned.m64n72k16.f32.tf32.tf32
// PTX: .entry dense_kernel0(
// PTX: wgmma.mma_async.sync.aligned.m64n72k8.f32.tf32.tf32

// PTXAS-NOT: {{[1-9][0-9]* bytes spill|serialized}}
// PTXAS: 0 bytes spill stores, 0 bytes spill loads
// PTXAS-NOT: {{[1-9][0-9]* bytes spill|serialized}}

func.func @packed(%x: tensor<77x132xf32>, %w: tensor<200x132xf32, #sparsity.n_of_m<1:2, axis = 1>>, %o: tensor<77x200xf32>) -> tensor<77x200xf32> {
  %y = linalg.matmul
      indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>,
                       affine_map<(m, n, k) -> (m, n)>]
      ins(%x, %w : tensor<77x132xf32>, tensor<200x132xf32, #sparsity.n_of_m<1:2, axis = 1>>)
      outs(%o : tensor<77x200xf32>) -> tensor<77x200xf32>
  return %y : tensor<77x200xf32>
}

func.func @dense(%x: tensor<77x132xf32>, %w: tensor<200x132xf32>, %o: tensor<77x200xf32>) -> tensor<77x200xf32> {
  %y = linalg.matmul
      indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>,
                       affine_map<(m, n, k) -> (m, n)>]
      ins(%x, %w : tensor<77x132xf32>, tensor<200x132xf32>) outs(%o : tensor<77x200xf32>) -> tensor<77x200xf32>
  return %y : tensor<77x200xf32>
}
