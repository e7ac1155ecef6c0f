// RUN: sparsity-opt %s --sparsity-select-config="target=sm_90a tuning-table=none" --remark-format=emitRemark --remarks-filter=sparsity -o %t.mlir 2>&1 | FileCheck %s --check-prefix=REMARK
// RUN: FileCheck %s --check-prefix=CONFIG < %t.mlir
// RUN: sparsity-opt %s --sparsity-to-nvvm="target=sm_90a" | FileCheck %s
// RUN: sparsity-opt %s --sparsity-to-nvvm="target=sm_90a instruction=wgmma tile=128,64,64 warps=8,1 stages=4" | FileCheck %s --check-prefix=GIVEN
// RUN: sparsity-translate %s --to-launch-json --target=sm_90a --pipeline-options="tuning-table=none" | FileCheck %s --check-prefix=JSON
// RUN: %if ptxas %{ sparsity-translate %s --to-ptx --target=sm_90a --pipeline-options="tuning-table=none" -o %t.ptx %}
// RUN: %if ptxas %{ %lint_sass --ptxas %t.ptx %}

// The number of tokens is known at the launch: few of them get tiles of their own, and the host
// picks. A tile that is given serves them all.

// REMARK: tiles for fewer columns
// CONFIG: sparse_tile.config = #sparse_tile.config<tile = [256, 176, 64]
// CONFIG-SAME: sparse_tile.variants = {{\[\[}}16, #sparse_tile.config<tile = [64, 16, 64]{{.*}}splits = 2>{{\]}}

// CHECK: gpu.module
// CHECK: llvm.func @layer_kernel0_16(
// CHECK: llvm.func @layer_kernel0(
// CHECK: llvm.func @layer(
// CHECK: llvm.icmp "ule"
// CHECK: gpu.launch_func {{.*}}@layer_kernel0_16
// CHECK: gpu.launch_func {{.*}}@layer_kernel0 blocks

// GIVEN: gpu.module
// GIVEN: llvm.func @layer_kernel0(
// GIVEN-NOT: llvm.func @layer_kernel0_

// JSON-DAG: "columns_at_most": 16
// JSON-DAG: "columns_at_most": -1
#sparse = #sparsity.n_of_m<2:4, axis = 1>
func.func @layer(%x: tensor<?x4096xbf16>, %w: tensor<4096x4096xbf16, #sparse>) -> tensor<?x4096xf32> {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %m = tensor.dim %x, %c0 : tensor<?x4096xbf16>
  %empty = tensor.empty(%m) : tensor<?x4096xf32>
  %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<?x4096xf32>) -> tensor<?x4096xf32>
  %y = linalg.matmul
      indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>,
                       affine_map<(m, n, k) -> (m, n)>]
      ins(%x, %w : tensor<?x4096xbf16>, tensor<4096x4096xbf16, #sparse>)
      outs(%init : tensor<?x4096xf32>) -> tensor<?x4096xf32>
  return %y : tensor<?x4096xf32>
}
