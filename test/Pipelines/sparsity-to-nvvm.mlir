// RUN: sparsity-opt %s --sparsity-to-nvvm | FileCheck %s --check-prefixes=CHECK,SM80
// RUN: sparsity-opt %s --sparsity-to-nvvm="target=sm_90a instruction=mma" | FileCheck %s --check-prefixes=CHECK,SM90A --implicit-check-not=wgmma
// RUN: sparsity-opt %s --sparsity-to-nvvm=target=sm_90a | FileCheck %s --check-prefix=GROUPS --implicit-check-not=nvvm.mma.
// RUN: sparsity-opt %s --sparsity-to-nvvm="target=sm_90a instruction=mma tile=64,64,64 warps=2,1 stages=3" --dump-pass-pipeline -o /dev/null 2>&1 \
// RUN:   | FileCheck %s --check-prefix=DUMP
// RUN: sparsity-opt %s --sparsity-to-nvvm --dump-pass-pipeline -o %t.direct.mlir 2> %t.dump
// RUN: sed 1d %t.dump | tr -d '\n' | sed 's/.*/"--pass-pipeline=&"/' > %t.options
// RUN: sparsity-opt %s @%t.options -o %t.roundtrip.mlir
// RUN: diff %t.direct.mlir %t.roundtrip.mlir

// Two layers: the activation between them is a temporary on the device, and each layer with
// its epilogue is one kernel.

// DUMP: sparsity-propagate-encodings
// DUMP: sparsity-select-config{allow-tf32=false cluster=0 dense-choice=auto instruction=mma splits=0 stages=3 target=sm_90a tile={64,64,64} {{.*}}warps={2,1}}
// DUMP: convert-sparsity-to-tile
// DUMP: sparsity-materialize-storage
// DUMP: sparsity-verify-materialized
// DUMP: one-shot-bufferize
// DUMP: convert-sparse-tile-to-gpu{defer-stores=false overlap=false target=sm_90a}

// CHECK: module attributes {gpu.container_module}
// SM80: gpu.module @sparsity_kernels [#nvvm.target<{{.*}}chip = "sm_80"
// SM90A: gpu.module @sparsity_kernels [#nvvm.target<{{.*}}chip = "sm_90a"
// CHECK: llvm.func @main_kernel0
// CHECK-SAME: nvvm.kernel
// CHECK: nvvm.mma.sp.sync
// CHECK: llvm.func @main_kernel1
// CHECK: nvvm.mma.sp.sync
// CHECK-NOT: nvvm.kernel

// Results are arguments that the caller provides; what each argument is, and what each
// launch needs, is said in attributes.
// CHECK: llvm.func @main(
// CHECK-SAME: sparsity.abi = [{arg = 0 : i64, kind = "tensor", type = tensor<?x128xf16>}
// CHECK-SAME: field = "values", kind = "field", storage = tensor<2x4x64x32xf16>, type = tensor<256x128xf16, #sparsity.n_of_m<2:4, axis = 1, layout = core_matrix>>
// CHECK-SAME: field = "metadata"
// CHECK-SAME: kind = "result", result = 0 : i64
// CHECK-SAME: sparsity.launches = [
// CHECK-SAME: kernel = "main_kernel0"
// CHECK-SAME: kernel = "main_kernel1"
// CHECK: llvm.call @sparsityWorkspace
// CHECK-COUNT-2: gpu.launch_func
// CHECK: llvm.return
// CHECK: llvm.func @_mlir_ciface_main
// CHECK-NOT: {{memref|tensor}}.{{[a-z]+}}

// sm_90a's default: each layer is a kernel for many tokens beside ones for few, and the host
// picks. The temporary is written and read by tensor copies too.
// GROUPS: module attributes {gpu.container_module}
// GROUPS: gpu.module @sparsity_kernels [#nvvm.target<{{.*}}chip = "sm_90a"
// GROUPS: llvm.func @main_kernel0_{{[0-9]+}}(
// GROUPS: llvm.func @main_kernel0(
// GROUPS-SAME: nvvm.grid_constant
// GROUPS-SAME: nvvm.kernel
// GROUPS-DAG: nvvm.cp.async.bulk.tensor.shared.cluster.global
// GROUPS-DAG: nvvm.cp.async.bulk.shared.cluster.global
// GROUPS: wgmma.mma_async.sp.sync.aligned.m64n{{[0-9]+}}k32.f32.f16.f16
// GROUPS: nvvm.cp.async.bulk.tensor.global.shared.cta
// GROUPS: llvm.func @main_kernel1_{{[0-9]+}}(
// GROUPS: llvm.func @main_kernel1(
// GROUPS-SAME: nvvm.kernel
// GROUPS-DAG: nvvm.cp.async.bulk.tensor.shared.cluster.global
// GROUPS-DAG: nvvm.cp.async.bulk.shared.cluster.global
// GROUPS: wgmma.mma_async.sp.sync.aligned.m64n{{[0-9]+}}k32.f32.f16.f16
// GROUPS-NOT: nvvm.kernel
// GROUPS: llvm.func @main(
// GROUPS-SAME: sparsity.abi = [{arg = 0 : i64, kind = "tensor", type = tensor<?x128xf16>}
// GROUPS-SAME: field = "values", kind = "field", storage = tensor<2x4x64x32xf16>, type = tensor<256x128xf16, #sparsity.n_of_m<2:4, axis = 1, layout = core_matrix>>
// GROUPS-SAME: field = "metadata"
// GROUPS-SAME: kind = "result", result = 0 : i64
// GROUPS-SAME: sparsity.launches = [
// GROUPS-SAME: kernel = "main_kernel0", params = [{{[^]]*}}"tensor_map of argument 0 box 64x{{[0-9]+}} swizzle 128", "tensor_map of temporary box 64x{{[0-9]+}} swizzle 128"], persistent
// GROUPS-SAME: kernel = "main_kernel1", params = [{{[^]]*}}"tensor_map of temporary box 64x{{[0-9]+}} swizzle 128"], persistent
// GROUPS: llvm.call @sparsityWorkspace
// GROUPS: llvm.icmp "ule"
// GROUPS: llvm.call @sparsityEncodeTensorMap
// GROUPS: llvm.call @sparsityMultiprocessorCount
// GROUPS: gpu.launch_func {{.*}}@main_kernel0_{{[0-9]+}} blocks
// GROUPS: gpu.launch_func {{.*}}@main_kernel0 blocks
// GROUPS: gpu.launch_func {{.*}}@main_kernel1_{{[0-9]+}} blocks
// GROUPS: gpu.launch_func {{.*}}@main_kernel1 blocks
// GROUPS: llvm.return
// GROUPS: llvm.func @_mlir_ciface_main
// GROUPS-NOT: {{memref|tensor}}.{{[a-z]+}}
#w = #sparsity.n_of_m<2:4, axis = 1>

func.func @main(%x: tensor<?x128xf16>, %up: tensor<256x128xf16, #w>,
                %down: tensor<128x256xf16, #w>) -> tensor<?x128xf32> {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %tokens = tensor.dim %x, %c0 : tensor<?x128xf16>
  %e0 = tensor.empty(%tokens) : tensor<?x256xf32>
  %i0 = linalg.fill ins(%zero : f32) outs(%e0 : tensor<?x256xf32>) -> tensor<?x256xf32>
  %a = linalg.matmul
      indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>,
                       affine_map<(m, n, k) -> (m, n)>]
      ins(%x, %up : tensor<?x128xf16>, tensor<256x128xf16, #w>)
      outs(%i0 : tensor<?x256xf32>) -> tensor<?x256xf32>
  %e1 = tensor.empty(%tokens) : tensor<?x256xf16>
  %h = linalg.generic
      {indexing_maps = [affine_map<(m, n) -> (m, n)>, affine_map<(m, n) -> (m, n)>],
       iterator_types = ["parallel", "parallel"]}
      ins(%a : tensor<?x256xf32>) outs(%e1 : tensor<?x256xf16>) {
  ^bb0(%v: f32, %o: f16):
    %r = arith.maximumf %v, %zero : f32
    %t = arith.truncf %r : f32 to f16
    linalg.yield %t : f16
  } -> tensor<?x256xf16>
  %e2 = tensor.empty(%tokens) : tensor<?x128xf32>
  %i2 = linalg.fill ins(%zero : f32) outs(%e2 : tensor<?x128xf32>) -> tensor<?x128xf32>
  %y = linalg.matmul
      indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>,
                       affine_map<(m, n, k) -> (m, n)>]
      ins(%h, %down : tensor<?x256xf16>, tensor<128x256xf16, #w>)
      outs(%i2 : tensor<?x128xf32>) -> tensor<?x128xf32>
  return %y : tensor<?x128xf32>
}
