// RUN: sparsity-opt %s --sparsity-to-nvvm="target=sm_90a tuning-table=none" | FileCheck %s
// RUN: sparsity-opt %s --sparsity-to-nvvm="target=sm_90a tile=64,16,64 warps=4,1 stages=4" | FileCheck %s --check-prefix=ALONE
// RUN: sparsity-opt %s --sparsity-to-nvvm="target=sm_90a tuning-table=none overlap" | FileCheck %s --check-prefix=OVERLAP
// RUN: sparsity-opt %s --sparsity-to-nvvm="target=sm_90a instruction=mma" | FileCheck %s --check-prefix=WARPS
// RUN: not sparsity-opt %s --sparsity-to-nvvm="target=sm_90a tile=64,16,64 warps=8,1 stages=3 cluster=2" 2>&1 | FileCheck %s --check-prefix=CLUSTER
// RUN: not sparsity-opt %s --sparsity-to-nvvm="target=sm_90a tile=128,16,64 warps=8,1 stages=3" 2>&1 | FileCheck %s --check-prefix=CLUSTER
// RUN: echo 'target,type,format,rows,reduction,columns,tile_rows,tile_columns,consumers,stages,cluster,splits,microseconds' > %t.csv
// RUN: echo 'sm_90a,bf16,bitmap/64,4096,4096,16,64,16,2,5,1,2,9.5' >> %t.csv
// RUN: sparsity-opt %s --sparsity-to-nvvm="target=sm_90a tuning-table=%t.csv" --remark-format=emitRemark --remarks-filter=sparsity 2>&1 >/dev/null | FileCheck %s --check-prefix=TABLE
// RUN: sparsity-translate %s --to-launch-json --target=sm_90a --pipeline-options="tuning-table=none" | FileCheck %s --check-prefix=JSON
// RUN: %if ptxas %{ sparsity-translate %s --to-ptx --target=sm_90a --pipeline-options="tuning-table=none" -o %t.ptx %}
// RUN: %if ptxas %{ %lint_sass --ptxas %t.ptx %}
// RUN: %if nvdisasm %{ %lint_sass %t.ptx | FileCheck %s --check-prefix=SASS %}

// Tiles of bits and elements travel as they are stored, in one copy of as many bytes as a record
// has, and are decoded into the registers of A.

// CHECK-LABEL: llvm.func @layer_kernel0(
// The producer of a ring: a warp reads where 32 entries are, and copies a box of B and a record
// for each.
// CHECK: nvvm.setmaxregister  decrease 40
// CHECK-COUNT-4: nvvm.shfl.sync  idx
// CHECK: nvvm.mbarrier.arrive.expect_tx
// CHECK: nvvm.cp.async.bulk.shared.cluster.global
// CHECK: nvvm.cp.async.bulk.tensor.shared.cluster.global
// CHECK: nvvm.setmaxregister  increase 152
// CHECK: llvm.call_intrinsic "llvm.nvvm.idp2a.u.u"
// CHECK: llvm.intr.ctpop
// CHECK-COUNT-3: llvm.call_intrinsic "llvm.nvvm.idp4a.u.u"
// CHECK-COUNT-2: llvm.call_intrinsic "llvm.nvvm.prmt"
// CHECK: nvvm.wgmma.fence.aligned
// CHECK-COUNT-4: wgmma.mma_async.sync.aligned.m64n16k16.f32.bf16.bf16 {{[{].*[}]}}, {{[{]}}$16, $17, $18, $19}, $20, 1, 1, 1, 0;
// CHECK: nvvm.wgmma.wait.group.sync.aligned 0
// One consumer stores the sums of both.
// CHECK: nvvm.barrier

// Records are weights: they may be copied before the kernel in front has ended.
// OVERLAP-LABEL: llvm.func @layer_kernel0(
// OVERLAP: nvvm.setmaxregister  decrease 40
// OVERLAP-NOT: nvvm.cp.async.bulk.tensor
// OVERLAP: nvvm.cp.async.bulk.shared.cluster.global
// OVERLAP-NOT: nvvm.cp.async.bulk.tensor
// OVERLAP: nvvm.griddepcontrol wait
// OVERLAP: nvvm.cp.async.bulk.tensor

// ALONE-LABEL: llvm.func @layer_kernel0(
// ALONE-NOT: nvvm.setmaxregister
// ALONE: wgmma.mma_async

// WARPS-LABEL: llvm.func @layer_kernel0(
// WARPS-NOT: wgmma
// WARPS: nvvm.mma.sync

// CLUSTER: expected tiles of 64 rows and no clusters for A in registers

// TABLE: wgmma.registers.m64k16 in bf16, tile 64x16x64 from the tuning table, K split by 2

// Two blocks share each of the 64 rows of tiles.
// JSON: "arguments":
// JSON: "type": "tensor<4096x4096xbf16, #sparsity.unstructured<layout = fragments>>"
// JSON: "cluster": 2
// JSON: "grid":
// JSON-NEXT: "128"

// SASS: {{[1-9][0-9]*}} wgmmas checked, 0 findings

#bits = #sparsity.unstructured
func.func @layer(%x: tensor<16x4096xbf16>, %w: tensor<4096x4096xbf16, #bits>) -> tensor<16x4096xbf16> {
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<16x4096xf32>
  %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<16x4096xf32>) -> tensor<16x4096xf32>
  %y = linalg.matmul
      indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>,
                       affine_map<(m, n, k) -> (m, n)>]
      ins(%x, %w : tensor<16x4096xbf16>, tensor<4096x4096xbf16, #bits>)
      outs(%init : tensor<16x4096xf32>) -> tensor<16x4096xf32>
  %out = tensor.empty() : tensor<16x4096xbf16>
  %r = linalg.generic {indexing_maps = [affine_map<(m, n) -> (m, n)>, affine_map<(m, n) -> (m, n)>],
                       iterator_types = ["parallel", "parallel"]}
      ins(%y : tensor<16x4096xf32>) outs(%out : tensor<16x4096xbf16>) {
  ^bb0(%a: f32, %o: bf16):
    %c = arith.truncf %a : f32 to bf16
    linalg.yield %c : bf16
  } -> tensor<16x4096xbf16>
  return %r : tensor<16x4096xbf16>
}
