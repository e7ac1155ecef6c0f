// RUN: sparsity-opt %s --sparsity-to-nvvm="target=sm_90a instruction=wgmma tile=128,128,64 warps=8,1 stages=4 cluster=2" | FileCheck %s
// RUN: sparsity-translate %s --to-ptx --target=sm_90a --pipeline-options="instruction=wgmma tile=128,128,64 warps=8,1 stages=4 cluster=2" | FileCheck %s --check-prefix=PTX
// RUN: sparsity-opt %s --sparsity-to-nvvm="target=sm_90a" | FileCheck %s --check-prefix=DEFAULT --implicit-check-not=nvvm.mma.
// RUN: sparsity-opt %s --sparsity-to-nvvm="target=sm_90a instruction=mma" | FileCheck %s --check-prefix=WARP --implicit-check-not='{{wgmma|cp.async.bulk}}'
// RUN: sparsity-opt %s --sparsity-to-nvvm="target=sm_90a instruction=wgmma tile=64,64,64 warps=4,1 stages=4 cluster=1 splits=2" | FileCheck %s --check-prefix=SPLITS
// RUN: sparsity-opt %s --sparsity-to-nvvm="target=sm_90a instruction=wgmma tile=128,128,64 warps=8,1 stages=4 cluster=2 overlap" | FileCheck %s --check-prefix=OVERLAP
// RUN: sparsity-opt %s --sparsity-to-nvvm="target=sm_90a instruction=wgmma tile=128,128,64 warps=8,1 stages=4 cluster=2 defer-stores" | FileCheck %s --check-prefix=DEFER
// RUN: sparsity-opt %s --sparsity-to-nvvm="target=sm_90a instruction=wgmma tile=256,192,64 warps=8,1 stages=3 cluster=2 defer-stores" | FileCheck %s --check-prefix=STORED
// RUN: not sparsity-opt %s --sparsity-to-nvvm="target=sm_90a instruction=wgmma tile=128,128,64 warps=8,1 stages=40" 2>&1 | FileCheck %s --check-prefix=SHARED
// RUN: not sparsity-opt %s --sparsity-to-nvvm="target=sm_90a instruction=wgmma tile=128,128,64 warps=8,1 stages=1" 2>&1 | FileCheck %s --check-prefix=STAGES
// RUN: not sparsity-opt %s --sparsity-to-nvvm="target=sm_90a instruction=wgmma tile=128,128,64 warps=6,1" 2>&1 | FileCheck %s --check-prefix=WARPS
// RUN: not sparsity-opt %s --sparsity-to-nvvm="target=sm_90a instruction=wgmma tile=128,260,64 warps=8,1 stages=3" 2>&1 | FileCheck %s --check-prefix=COLUMNS
// RUN: not sparsity-opt %s --sparsity-to-nvvm="target=sm_90a instruction=wgmma tile=128,64,64 warps=8,1 stages=3 cluster=1 splits=3" 2>&1 | FileCheck %s --check-prefix=UNEVEN

// Kernels of warpgroups are the default; those of single warps have to be asked for.
// DEFAULT: llvm.func @layer_kernel0
// DEFAULT: nvvm.cp.async.bulk.tensor.shared.cluster.global
// DEFAULT: wgmma.mma_async.sp.sync.aligned.m64n{{[0-9]+}}k32.f32.bf16.bf16
// WARP: llvm.func @layer_kernel0
// WARP: nvvm.cp.async.shared.global
// WARP: nvvm.mma.sp.sync
// SHARED: error: {{.*}}expected at most 232448 bytes of shared memory on sm_90a, but got
// The tile in front is stored between a stage's products and the wait for them.
// DEFER: llvm.func @layer_kernel0
// DEFER: wgmma.mma_async
// DEFER: nvvm.wgmma.commit.group.sync.aligned
// DEFER-NOT: nvvm.wgmma.wait.group.sync.aligned
// DEFER: nvvm.stmatrix
// DEFER: nvvm.cp.async.bulk.tensor.global.shared.cta
// DEFER: nvvm.wgmma.wait.group.sync.aligned 1
// Packed results and 192 sums are more registers than there are.
// STORED: llvm.func @layer_kernel0
// STORED: nvvm.wgmma.commit.group.sync.aligned
// STORED-NOT: nvvm.stmatrix
// STORED: nvvm.wgmma.wait.group.sync.aligned 0
// STORED: nvvm.stmatrix
// STAGES: error: {{.*}}expected at least 2 stages, but got
// WARPS: error: {{.*}}expected one or two warpgroups of 4x1 warps with whole blocks of 64 rows each, but got
// COLUMNS: error: {{.*}}expected columns that are a multiple of 8 up to 256, and steps of 64, but got
// UNEVEN: error: {{.*}}expected whole blocks of 8 columns for each of 3 splits, but got 64

// One thread of the producer warpgroup copies: x by tensor copies that reach both blocks of
// the cluster, the weight's blocks and metadata by linear ones.
// CHECK: llvm.func @layer_kernel0
// CHECK-SAME: nvvm.grid_constant
// CHECK-SAME: nvvm.cluster_dim = array<i32: 2, 1, 1>
// CHECK-SAME: nvvm.reqntid = array<i32: 384>
// CHECK: nvvm.mbarrier.init
// CHECK: nvvm.fence.mbarrier.init
// CHECK: nvvm.cluster.arrive{{(.relaxed)?}} {aligned}
// CHECK: nvvm.setmaxregister decrease 40
// CHECK: mbarrier.try_wait.parity.shared::cta.b64
// CHECK: nvvm.mbarrier.arrive.expect_tx
// CHECK: nvvm.cp.async.bulk.tensor.shared.cluster.global {{.*}} multicast_mask
// CHECK: nvvm.cp.async.bulk.shared.cluster.global
// CHECK: nvvm.cp.async.bulk.shared.cluster.global

// Consumers: the first product of a tile ignores the sums before it; one group stays in
// flight while the stage before it is handed back.
// CHECK: nvvm.setmaxregister increase 232
// CHECK: nvvm.wgmma.fence.aligned
// CHECK: wgmma.mma_async.sp.sync.aligned.m64n{{[0-9]+}}k32.f32.bf16.bf16 {{.*}} 0, p, 1, 1, 0, 0;
// CHECK: wgmma.mma_async.sp.sync.aligned.m64n{{[0-9]+}}k32.f32.bf16.bf16 {{.*}} 1, 1, 1, 1, 0, 0;
// CHECK: nvvm.wgmma.commit.group.sync.aligned
// CHECK: nvvm.wgmma.wait.group.sync.aligned 1
// CHECK: nvvm.mapa
// CHECK: nvvm.mbarrier.arrive %{{.*}} : !llvm.ptr<7>
// CHECK: wgmma.wait_group.sync.aligned 0;
// CHECK: nvvm.stmatrix {{.*}}layout = #nvvm.mma_layout<col>
// CHECK: nvvm.fence.proxy
// CHECK: nvvm.cp.async.bulk.tensor.global.shared.cta

// The host describes x and the result to the copy engine, launches no more clusters than run
// at once, and nothing at all if a description failed.
// CHECK: llvm.func @layer(
// CHECK: llvm.call @sparsityEncodeTensorMap
// CHECK: llvm.call @sparsityMultiprocessorCount
// CHECK: llvm.select
// CHECK: gpu.launch_func

// PTX-DAG: .reqnctapercluster 2
// PTX-DAG: cp.async.bulk.tensor.2d.shared::cluster.global.tile.mbarrier::complete_tx::bytes.multicast::cluster
// PTX-DAG: mbarrier.arrive.shared::cluster.b64 _,

// With overlap, packed weights are copied before the wait for the kernel in front, and x
// after it; consumers wait too.
// OVERLAP: llvm.func @layer_kernel0
// OVERLAP: nvvm.griddepcontrol launch_dependents
// OVERLAP: nvvm.setmaxregister decrease
// OVERLAP-NOT: nvvm.cp.async.bulk.tensor
// OVERLAP: nvvm.cp.async.bulk.shared.cluster.global
// OVERLAP-NOT: nvvm.cp.async.bulk.tensor
// OVERLAP: nvvm.griddepcontrol wait
// OVERLAP: nvvm.cp.async.bulk.tensor.shared.cluster.global
// OVERLAP: nvvm.setmaxregister increase
// OVERLAP-NEXT: nvvm.griddepcontrol wait
// OVERLAP: llvm.call @sparsityOverlapNextLaunch
// OVERLAP: gpu.launch_func

// Blocks that split K push their sums to each other.
// SPLITS: llvm.func @layer_kernel0
// SPLITS: llvm.store {{.*}} : vector<4xf32>, !llvm.ptr<7>
// SPLITS: nvvm.cluster.arrive
// SPLITS: nvvm.stmatrix
#sparse = #sparsity.n_of_m<2:4, axis = 1>
func.func @layer(%x: tensor<512x512xbf16>, %w: tensor<2048x512xbf16, #sparse>) -> tensor<512x2048xbf16> {
  %zero = arith.constant 0.0 : f32
  %wide = tensor.empty() : tensor<512x2048xf32>
  %init = linalg.fill ins(%zero : f32) outs(%wide : tensor<512x2048xf32>) -> tensor<512x2048xf32>
  %y = linalg.matmul
      indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>,
                       affine_map<(m, n, k) -> (m, n)>]
      ins(%x, %w : tensor<512x512xbf16>, tensor<2048x512xbf16, #sparse>)
      outs(%init : tensor<512x2048xf32>) -> tensor<512x2048xf32>
  %narrow = tensor.empty() : tensor<512x2048xbf16>
  %z = linalg.generic
      {indexing_maps = [affine_map<(m, n) -> (m, n)>, affine_map<(m, n) -> (m, n)>],
       iterator_types = ["parallel", "parallel"]}
      ins(%y : tensor<512x2048xf32>) outs(%narrow : tensor<512x2048xbf16>) {
  ^bb0(%sum: f32, %out: bf16):
    %r = arith.maximumf %sum, %zero : f32
    %t = arith.truncf %r : f32 to bf16
    linalg.yield %t : bf16
  } -> tensor<512x2048xbf16>
  return %z : tensor<512x2048xbf16>
}
