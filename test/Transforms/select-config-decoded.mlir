// Decoding a bitmap takes as long at any density. For a few tokens it hides behind the bytes that it
// saves; for many a dense kernel is faster, and the weights are stored densely. Not where the number
// of tokens is known at the call only: few are what such weights are for.

// DEFINE: %{remarks} = --remark-format=emitRemark --remarks-filter=sparsity
// RUN: sparsity-opt %s --split-input-file --sparsity-select-config="target=sm_90a tuning-table=none" --sparsity-resolve-storage=target=sm_90a %{remarks} -o %t.mlir 2>&1 | FileCheck %s --check-prefix=REMARK
// RUN: FileCheck %s < %t.mlir
// RUN: sparsity-opt %s --split-input-file --sparsity-select-config="target=sm_90a tuning-table=none dense-choice=never" --sparsity-resolve-storage=target=sm_90a | FileCheck %s --check-prefix=NEVER
// RUN: sparsity-opt %s --split-input-file --sparsity-select-config="target=sm_90a tile=64,64,64 warps=8,1 stages=3" --sparsity-resolve-storage=target=sm_90a | FileCheck %s --check-prefix=NEVER

// NEVER-NOT: stored_dense

// REMARK: remark: {{.*}}wgmma.registers.m64k16 in bf16, tile 64x16x64 by the cost model; {{[0-9]+}} cycles, {{[0-9]+}} for dense weights, by the cost model
// CHECK: func.func @few(%{{.*}}: tensor<16x4096xbf16>, %{{.*}}: tensor<14336x4096xbf16, #sparsity.unstructured<layout = fragments>>
func.func @few(%x: tensor<16x4096xbf16>, %w: tensor<14336x4096xbf16, #sparsity.unstructured>, %o: tensor<16x14336xf32>) -> tensor<16x14336xf32> {
  %y = linalg.matmul
      indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>,
                       affine_map<(m, n, k) -> (m, n)>]
      ins(%x, %w : tensor<16x4096xbf16>, tensor<14336x4096xbf16, #sparsity.unstructured>) outs(%o : tensor<16x14336xf32>) -> tensor<16x14336xf32>
  return %y : tensor<16x14336xf32>
}

// -----

// REMARK: remark: {{.*}}wgmma.m64k16 in bf16, {{.*}}; dense: {{[0-9]+}} cycles, {{[0-9]+}} for dense weights, by the cost model
// CHECK: func.func @many(%{{.*}}: tensor<128x4096xbf16>, %{{.*}}: tensor<14336x4096xbf16, #sparsity.stored_dense<#sparsity.unstructured>>
func.func @many(%x: tensor<128x4096xbf16>, %w: tensor<14336x4096xbf16, #sparsity.unstructured>, %o: tensor<128x14336xf32>) -> tensor<128x14336xf32> {
  %y = linalg.matmul
      indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>,
                       affine_map<(m, n, k) -> (m, n)>]
      ins(%x, %w : tensor<128x4096xbf16>, tensor<14336x4096xbf16, #sparsity.unstructured>) outs(%o : tensor<128x14336xf32>) -> tensor<128x14336xf32>
  return %y : tensor<128x14336xf32>
}

// -----

// REMARK: remark: {{.*}}wgmma.registers.m64k16 in bf16
// REMARK-NOT: cycles
// CHECK: func.func @any(%{{.*}}: tensor<?x4096xbf16>, %{{.*}}: tensor<14336x4096xbf16, #sparsity.unstructured<layout = fragments>>
func.func @any(%x: tensor<?x4096xbf16>, %w: tensor<14336x4096xbf16, #sparsity.unstructured>, %o: tensor<?x14336xf32>) -> tensor<?x14336xf32> {
  %y = linalg.matmul
      indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>,
                       affine_map<(m, n, k) -> (m, n)>]
      ins(%x, %w : tensor<?x4096xbf16>, tensor<14336x4096xbf16, #sparsity.unstructured>) outs(%o : tensor<?x14336xf32>) -> tensor<?x14336xf32>
  return %y : tensor<?x14336xf32>
}
