// What a program says of the density of its weights is what random ones have, unless --density says
// another; and that is what the compiler is told.

// RUN: sparsity-run %s --device=cpu --check --explain | FileCheck %s --check-prefix=OWN
// RUN: sparsity-run %s --device=cpu --check --explain --density=1:0.25 | FileCheck %s --check-prefix=GIVEN
// RUN: sparsity-run %s --device=cpu --check --explain --density=1:0.25 --density-hint=false | FileCheck %s --check-prefix=GIVEN
// RUN: sparsity-run %s --device=cpu --check --density=1:0 | FileCheck %s --check-prefix=NONE
// RUN: sparsity-run %s --device=cpu --check --explain --entry=units | FileCheck %s --check-prefix=UNITS
// RUN: %if cuda-sm_90 %{ sparsity-run %s --device=cuda --check --explain | FileCheck %s --check-prefix=DENSE %}
// RUN: %if cuda-sm_90 %{ sparsity-run %s --device=cuda --check --explain --pipeline-options=dense-choice=never | FileCheck %s --check-prefix=OWN %}
// RUN: %if cuda-sm_90 %{ sparsity-run %s --device=cuda --check --explain --density=1:0.25 | FileCheck %s --check-prefix=TOLD %}
// RUN: %if cuda-sm_90 %{ sparsity-run %s --device=cuda --check --explain --density=1:0.25 --density-hint=false | FileCheck %s --check-prefix=DENSE %}

// OWN: explain: kernel 0 (line [[#]]): tiles [[#]] of [[#]] (100.0 %)
// OWN: check: result 0: {{.*}}: ok
// GIVEN-NOT: (100.0 %)
// GIVEN: check: result 0: {{.*}}: ok
// NONE: check: result 0: {{.*}}: ok
// UNITS: explain: kernel 0 (line [[#]]): tiles [[#]] of [[#]] (100.0 %)
// UNITS: check: result 0: {{.*}}: ok
// DENSE: remark: SelectConfig: {{.*}}; dense: {{[0-9]+}} cycles at a density of 1,
// DENSE: remark: ResolveStorage: argument #1 is stored as #sparsity.stored_dense<#sparsity.block<64x64>>
// DENSE: check: result 0: {{.*}}: ok
// TOLD: remark: SelectConfig: {{.*}} cycles at a density of 0.25
// TOLD: remark: ResolveStorage: argument #1 is stored as #sparsity.block<64x64, ordered>
// TOLD: check: result 0: {{.*}}: ok

#matmul = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>]
!X = tensor<16x1024xbf16>
!Y = tensor<16x256xf32>
!W = tensor<256x1024xbf16, #sparsity.block<64x64>>
!Units = tensor<256x1024xbf16, #sparsity.block<16x16, merged = 64x64>>

func.func @main(%x: !X, %w: !W {sparsity.density = 1.0 : f64}) -> !Y {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : !Y
  %init = linalg.fill ins(%zero : f32) outs(%e : !Y) -> !Y
  %y = linalg.matmul indexing_maps = #matmul ins(%x, %w : !X, !W) outs(%init : !Y) -> !Y
  return %y : !Y
}

// All units are there, with whatever share of their blocks.
func.func @units(%x: !X, %w: !Units {sparsity.density = 1.0 : f64}) -> !Y {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : !Y
  %init = linalg.fill ins(%zero : f32) outs(%e : !Y) -> !Y
  %y = linalg.matmul indexing_maps = #matmul ins(%x, %w : !X, !Units) outs(%init : !Y) -> !Y
  return %y : !Y
}
