// The same programs on a GPU.

// REQUIRES: cuda
// RUN: sparsity-run %S/types.mlir --device=cuda --entry=f16 --shape=0:9x48 --check | FileCheck %s
// RUN: sparsity-run %S/types.mlir --device=cuda --entry=bf16 --shape=0:130x48 --check | FileCheck %s
// RUN: sparsity-run %S/types.mlir --device=cuda --entry=f32 --shape=0:9x48 --check | FileCheck %s
// RUN: sparsity-run %S/types.mlir --device=cuda --entry=f32 --shape=0:90x48 --check --allow-tf32 | FileCheck %s
// RUN: sparsity-run %S/types.mlir --device=cuda --entry=i8 --shape=0:65x48 --check | FileCheck %s
// RUN: sparsity-run %S/types.mlir --device=cuda --entry=f16 --shape=0:0x48 --check | FileCheck %s
// RUN: sparsity-run %S/types.mlir --device=cuda --entry=f16 --shape=0:9x48 --check --target=sm_80 | FileCheck %s
// RUN: sparsity-run %S/check.mlir --device=auto --shape=0:64x72 --time | FileCheck %s --check-prefix=TIME

// CHECK: result 0: {{.*}} (sm_{{80|90a}})
// CHECK: skipped:
// CHECK: check: {{.*}}: ok
// TIME: time: {{[0-9.]+}} ms, dense {{[0-9.]+}} ms, ratio {{[0-9.]+}} (median of 31 runs, {{.*}})
