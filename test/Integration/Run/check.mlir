// The program against its dense form, for sizes known only at run time.

// RUN: sparsity-run %s --device=cpu --shape=0:5x72 --check --explain | FileCheck %s
// RUN: sparsity-run %s --device=cpu --shape=0:1x72 --check --seed=7 | FileCheck %s --check-prefix=ONE
// RUN: sparsity-run %s --device=cpu --shape=0:0x72 --check | FileCheck %s --check-prefix=NONE
// RUN: sparsity-run %s --device=cpu --shape=0:130x72 --check --poison=false | FileCheck %s --check-prefix=MANY
// RUN: sparsity-run - --device=cpu --shape=0:3x72 --check < %s | FileCheck %s --check-prefix=STDIN

// CHECK: check.mlir:[[#]]:[[#]]: remark: SelectConfig: vector.fma in f16
// CHECK: result 0: 5x40 f32 (cpu)
// CHECK-NEXT: explain: kernel 0 (line [[#]]): tiles 2 of 2 (100.0 %), bytes {{.*}} of {{.*}} ([[#]].[[#]] %)
// CHECK-NEXT: skipped: 43.8 % of weight bytes (cpu)
// CHECK-NEXT: check: result 0: max abs error {{.*}}, relative (Frobenius) error {{.*}}, tolerance 1e-05: ok

// ONE-NOT: remark
// ONE: result 0: 1x40 f32 (cpu)
// ONE: check: {{.*}}: ok
// NONE: result 0: 0x40 f32 (cpu)
// NONE: check: result 0: max abs error 0, relative (Frobenius) error 0, tolerance 1e-05: ok
// MANY: result 0: 130x40 f32 (cpu)
// MANY: check: {{.*}}: ok
// STDIN: check: {{.*}}: ok

// A tolerance that rounding exceeds: the mismatches are shown, and the exit code says so.
// RUN: not sparsity-run %s --device=cpu --shape=0:5x72 --check --tolerance=0 | FileCheck %s --check-prefix=FAIL
// FAIL: check: result 0: max abs error {{.*}}, tolerance 0: FAILED
// FAIL-NEXT: at [{{[0-9]+}}, {{[0-9]+}}]: expected {{.*}}, but got {{.*}}
// FAIL: and {{[0-9]+}} more of 200 elements

// RUN: sparsity-run %s --device=cpu --shape=0:5x72 --time | FileCheck %s --check-prefix=TIME
// TIME: time: {{[0-9.]+}} ms, dense {{[0-9.]+}} ms, ratio {{[0-9.]+}} (median of 21 runs, CPU)

func.func @main(%x: tensor<?x72xf16>,
                %w: tensor<40x72xf16, #sparsity.n_of_m<2:4, axis = 1>>) -> tensor<?x40xf32> {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %m = tensor.dim %x, %c0 : tensor<?x72xf16>
  %empty = tensor.empty(%m) : tensor<?x40xf32>
  %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<?x40xf32>) -> tensor<?x40xf32>
  %y = linalg.generic {
      indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>,
                       affine_map<(m, n, k) -> (m, n)>],
      iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : tensor<?x72xf16>, tensor<40x72xf16, #sparsity.n_of_m<2:4, axis = 1>>)
      outs(%init : tensor<?x40xf32>) {
  ^bb0(%a: f16, %b: f16, %c: f32):
    %0 = arith.extf %a : f16 to f32
    %1 = arith.extf %b : f16 to f32
    %2 = arith.mulf %0, %1 : f32
    %3 = arith.addf %c, %2 : f32
    linalg.yield %3 : f32
  } -> tensor<?x40xf32>
  return %y : tensor<?x40xf32>
}
