// Arguments and results of every kind.

// RUN: sparsity-run %s --device=cpu --entry=scalar --check | FileCheck %s --check-prefix=SCALAR
// SCALAR: check: {{.*}}: ok

// RUN: sparsity-run %s --device=cpu --entry=two --shape=0:3x16 --check --output=1:%t.npy | FileCheck %s --check-prefix=TWO
// TWO: result 0: 3x8 f32 (cpu)
// TWO-NEXT: result 1: 3x16 f32 (cpu)
// TWO: check: result 0: {{.*}}: ok
// TWO-NEXT: check: result 1: {{.*}}: ok

// RUN: sparsity-run %s --device=cpu --entry=dynamic --shape=0:5x20 --shape=1:7x20 --check | FileCheck %s --check-prefix=DYNAMIC
// DYNAMIC: result 0: 5x7 f32 (cpu)
// DYNAMIC: skipped: 42.5 % of weight bytes (cpu)
// DYNAMIC: check: {{.*}}: ok

#matmul = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>]
#two_of_four = #sparsity.n_of_m<2:4, axis = 1>

func.func @scalar(%x: tensor<4x8xf32>, %s: f32) -> tensor<4x8xf32> {
  %empty = tensor.empty() : tensor<4x8xf32>
  %y = linalg.generic {indexing_maps = [affine_map<(m, n) -> (m, n)>, affine_map<(m, n) -> (m, n)>],
                       iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<4x8xf32>) outs(%empty : tensor<4x8xf32>) {
  ^bb0(%a: f32, %b: f32):
    %0 = arith.mulf %a, %s : f32
    %1 = math.erf %0 : f32
    linalg.yield %1 : f32
  } -> tensor<4x8xf32>
  return %y : tensor<4x8xf32>
}

func.func @two(%x: tensor<?x16xf32>, %w: tensor<8x16xf32, #two_of_four>) -> (tensor<?x8xf32>, tensor<?x16xf32>) {
  %c0 = arith.constant 0 : index
  %m = tensor.dim %x, %c0 : tensor<?x16xf32>
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty(%m) : tensor<?x8xf32>
  %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<?x8xf32>) -> tensor<?x8xf32>
  %sum = linalg.generic {indexing_maps = #matmul, iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : tensor<?x16xf32>, tensor<8x16xf32, #two_of_four>)
      outs(%init : tensor<?x8xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %2 = arith.mulf %a, %b : f32
    %3 = arith.addf %c, %2 : f32
    linalg.yield %3 : f32
  } -> tensor<?x8xf32>
  %second = tensor.empty(%m) : tensor<?x16xf32>
  %z = linalg.add ins(%x, %x : tensor<?x16xf32>, tensor<?x16xf32>)
                  outs(%second : tensor<?x16xf32>) -> tensor<?x16xf32>
  return %sum, %z : tensor<?x8xf32>, tensor<?x16xf32>
}

func.func @dynamic(%x: tensor<?x?xf16>, %w: tensor<?x?xf16, #two_of_four>) -> tensor<?x?xf32> {
  %c0 = arith.constant 0 : index
  %m = tensor.dim %x, %c0 : tensor<?x?xf16>
  %n = tensor.dim %w, %c0 : tensor<?x?xf16, #two_of_four>
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty(%m, %n) : tensor<?x?xf32>
  %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<?x?xf32>) -> tensor<?x?xf32>
  %sum = linalg.generic {indexing_maps = #matmul, iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : tensor<?x?xf16>, tensor<?x?xf16, #two_of_four>)
      outs(%init : tensor<?x?xf32>) {
  ^bb0(%a: f16, %b: f16, %c: f32):
    %0 = arith.extf %a : f16 to f32
    %1 = arith.extf %b : f16 to f32
    %2 = arith.mulf %0, %1 : f32
    %3 = arith.addf %c, %2 : f32
    linalg.yield %3 : f32
  } -> tensor<?x?xf32>
  return %sum : tensor<?x?xf32>
}

// RUN: sparsity-run %s --device=cpu --entry=band --check | FileCheck %s --check-prefix=BAND
// BAND: skipped: 0.0 % of weight bytes (cpu)
// BAND: check: {{.*}}: ok

#band = #sparsity.window<left = 5, right = 0>
func.func @band(%p: tensor<200x200xf16, #band>, %v: tensor<200x32xf16>) -> tensor<200x32xf32> {
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<200x32xf32>
  %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<200x32xf32>) -> tensor<200x32xf32>
  %y = linalg.generic {
      indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>,
                       affine_map<(m, n, k) -> (m, n)>],
      iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%p, %v : tensor<200x200xf16, #band>, tensor<200x32xf16>)
      outs(%init : tensor<200x32xf32>) {
  ^bb0(%a: f16, %b: f16, %c: f32):
    %0 = arith.extf %a : f16 to f32
    %1 = arith.extf %b : f16 to f32
    %2 = arith.mulf %0, %1 : f32
    %3 = arith.addf %c, %2 : f32
    linalg.yield %3 : f32
  } -> tensor<200x32xf32>
  return %y : tensor<200x32xf32>
}
