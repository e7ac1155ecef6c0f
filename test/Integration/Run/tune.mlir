// Tiles are measured, checked and kept in a table that the compiler reads.

// REQUIRES: cuda-sm_90
// RUN: rm -f %t.csv
// RUN: sparsity-run %s --device=cuda --shape=0:300x1024 --tune=4 --check --tune-output=%t.csv | FileCheck %s
// RUN: sparsity-run %s --device=cuda --shape=0:9x1024 --tune=2 --tune-output=%t.csv | FileCheck %s --check-prefix=FEW
// RUN: sparsity-run %s --device=cuda --shape=0:300x1024 --tune=1 --tune-output=%t.csv
// RUN: FileCheck %s --check-prefix=FILE < %t.csv
// RUN: sparsity-run %s --device=cuda --shape=0:1000x1024 --check --explain \
// RUN:   --pipeline-options="instruction=wgmma tuning-table=none" | FileCheck %s --check-prefix=NONE
// RUN: not sparsity-run %s --device=cuda --entry=two --tune 2>&1 | FileCheck %s --check-prefix=TWO
// RUN: not sparsity-run %s --device=cuda --entry=elementwise --tune 2>&1 | FileCheck %s --check-prefix=ELEMENTWISE
// RUN: echo bad > %t.bad.csv
// RUN: not sparsity-run %s --device=cuda --shape=0:9x1024 --tune --tune-output=%t.bad.csv 2>&1 | FileCheck %s --check-prefix=BAD

// CHECK: tune: bf16 2:4, 512 rows, reduction 1024, 300 columns (sm_90a, {{.*}})
// CHECK-NEXT: tile consumers stages cluster splits microseconds
// CHECK-NEXT: check: result 0: {{.*}}: ok
// CHECK-NEXT: {{[0-9]+}}x{{[0-9]+}} {{.*[0-9]+\.[0-9]+$}}
// CHECK-NEXT: {{[0-9]+}}x{{[0-9]+}} {{.*[0-9]+\.[0-9]+$}}
// CHECK-NEXT: {{[0-9]+}}x{{[0-9]+}} {{.*[0-9]+\.[0-9]+$}}
// CHECK-NEXT: {{[0-9]+}}x{{[0-9]+}} {{.*[0-9]+\.[0-9]+$}}
// CHECK-NEXT: best: sm_90a,bf16,2:4,512,1024,300,

// FEW: best: sm_90a,bf16,2:4,512,1024,9,

// FILE: target,type,
// FILE-NEXT: sm_90a,bf16,2:4,512,1024,9,
// FILE-NEXT: sm_90a,bf16,2:4,512,1024,300,
// FILE-NOT: sm_90a

// NONE: by the cost model
// NONE: check: result 0: {{.*}}: ok

// TWO: [[#@LINE+29]]:8: error: expected a program of one kernel to tune, but got 2
// ELEMENTWISE: error: expected a program with a kernel of warpgroups (wgmma) to tune, but got none on sm_90a
// BAD: sparsity-run: error: {{.*}}.bad.csv: line 1: expected the header

#w = #sparsity.n_of_m<2:4, axis = 1>
#xw = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>]

func.func @main(%x: tensor<?x1024xbf16>, %w: tensor<512x1024xbf16, #w>) -> tensor<?x512xf32> {
  %c0 = arith.constant 0 : index
  %m = tensor.dim %x, %c0 : tensor<?x1024xbf16>
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty(%m) : tensor<?x512xf32>
  %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<?x512xf32>) -> tensor<?x512xf32>
  %y = linalg.matmul indexing_maps = #xw
      ins(%x, %w : tensor<?x1024xbf16>, tensor<512x1024xbf16, #w>)
      outs(%init : tensor<?x512xf32>) -> tensor<?x512xf32>
  return %y : tensor<?x512xf32>
}

func.func @two(%x: tensor<64x1024xbf16>, %w: tensor<512x1024xbf16, #w>, %v: tensor<256x1024xbf16, #w>)
    -> (tensor<64x512xf32>, tensor<64x256xf32>) {
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<64x512xf32>
  %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<64x512xf32>) -> tensor<64x512xf32>
  %y = linalg.matmul indexing_maps = #xw
      ins(%x, %w : tensor<64x1024xbf16>, tensor<512x1024xbf16, #w>)
      outs(%init : tensor<64x512xf32>) -> tensor<64x512xf32>
  %other = tensor.empty() : tensor<64x256xf32>
  %second = linalg.fill ins(%zero : f32) outs(%other : tensor<64x256xf32>) -> tensor<64x256xf32>
  %z = linalg.matmul indexing_maps = #xw
      ins(%x, %v : tensor<64x1024xbf16>, tensor<256x1024xbf16, #w>)
      outs(%second : tensor<64x256xf32>) -> tensor<64x256xf32>
  return %y, %z : tensor<64x512xf32>, tensor<64x256xf32>
}

func.func @elementwise(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %empty = tensor.empty() : tensor<4x8xf32>
  %y = linalg.add ins(%x, %x : tensor<4x8xf32>, tensor<4x8xf32>)
                  outs(%empty : tensor<4x8xf32>) -> tensor<4x8xf32>
  return %y : tensor<4x8xf32>
}
