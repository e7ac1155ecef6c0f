// RUN: sparsity-opt %s --sparsity-to-nvvm | FileCheck %s --check-prefixes=CHECK,SM80
// RUN: sparsity-opt %s --sparsity-to-nvvm=target=sm_90a | FileCheck %s --check-prefixes=CHECK,SM90A
// RUN: sparsity-opt %s --sparsity-to-nvvm="target=sm_90a tile=64,64,64 warps=2,1 stages=3" --dump-pass-pipeline -o /dev/null 2>&1 \
// RUN:   | FileCheck %s --check-prefix=DUMP
// RUN: sparsity-opt %s --sparsity-to-nvvm --dump-pass-pipeline -o %t.direct.mlir 2> %t.dump
// RUN: sed 1d %t.dump | tr -d '\n' | sed 's/.*/"--pass-pipeline=&"/' > %t.options
// RUN: sparsity-opt %s @%t.options -o %t.roundtrip.mlir
// RUN: diff %t.direct.mlir %t.roundtrip.mlir

// Two layers: the activation between them is a temporary on the device, and each layer with
// its epilogue is one kernel.

// DUMP: sparsity-propagate-encodings
// DUMP: sparsity-select-config{allow-tf32=false cluster=0 instruction= splits=0 stages=3 target=sm_90a tile={64,64,64} {{.*}}warps={2,1}}
// DUMP: convert-sparsity-to-tile
// DUMP: sparsity-materialize-storage
// DUMP: sparsity-verify-materialized
// DUMP: one-shot-bufferize
// DUMP: convert-sparse-tile-to-gpu{overlap=false target=sm_90a}

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
