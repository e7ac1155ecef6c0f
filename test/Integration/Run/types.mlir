// Every element type, with the tolerance of its result.

// RUN: sparsity-run %s --device=cpu --entry=f16 --shape=0:9x48 --check | FileCheck %s --check-prefix=F16
// F16: result 0: 9x24 f16 (cpu)
// F16: tolerance 0.001: ok

// RUN: sparsity-run %s --device=cpu --entry=bf16 --shape=0:9x48 --check | FileCheck %s --check-prefix=BF16
// BF16: result 0: 9x24 bf16 (cpu)
// BF16: tolerance 0.01: ok

// RUN: sparsity-run %s --device=cpu --entry=f32 --shape=0:9x48 --check | FileCheck %s --check-prefix=F32
// F32: result 0: 9x24 f32 (cpu)
// F32: tolerance 1e-05: ok

// RUN: sparsity-run %s --device=cpu --entry=e4m3 --shape=0:9x48 --check | FileCheck %s --check-prefix=E4M3
// E4M3: result 0: 9x24 bf16 (cpu)
// E4M3: tolerance 0.01: ok

// RUN: sparsity-run %s --device=cpu --entry=e5m2 --shape=0:9x48 --check | FileCheck %s --check-prefix=E5M2
// E5M2: result 0: 9x24 f16 (cpu)
// E5M2: tolerance 0.001: ok

// RUN: sparsity-run %s --device=cpu --entry=e4m3_out --shape=0:9x48 --check | FileCheck %s --check-prefix=E4M3_OUT
// E4M3_OUT: result 0: 9x24 f8E4M3FN (cpu)
// E4M3_OUT: tolerance 0.08: ok

// RUN: sparsity-run %s --device=cpu --entry=i8 --shape=0:9x48 --check | FileCheck %s --check-prefix=I8
// I8: result 0: 9x24 i32 (cpu)
// I8: tolerance 0: ok

#two_of_four = #sparsity.n_of_m<2:4, axis = 1>
#one_of_two = #sparsity.n_of_m<1:2, axis = 1>
#one_of_four = #sparsity.n_of_m<1:4, axis = 1>
#matmul = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>]
#elementwise = [affine_map<(m, n) -> (m, n)>, affine_map<(m, n) -> (m, n)>]

func.func @f16(%x: tensor<?x48xf16>, %w: tensor<24x48xf16, #two_of_four>) -> tensor<?x24xf16> {
  %c0 = arith.constant 0 : index
  %m = tensor.dim %x, %c0 : tensor<?x48xf16>
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty(%m) : tensor<?x24xf32>
  %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<?x24xf32>) -> tensor<?x24xf32>
  %sum = linalg.generic {indexing_maps = #matmul, iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : tensor<?x48xf16>, tensor<24x48xf16, #two_of_four>)
      outs(%init : tensor<?x24xf32>) {
  ^bb0(%a: f16, %b: f16, %c: f32):
    %0 = arith.extf %a : f16 to f32
    %1 = arith.extf %b : f16 to f32
    %2 = arith.mulf %0, %1 : f32
    %3 = arith.addf %c, %2 : f32
    linalg.yield %3 : f32
  } -> tensor<?x24xf32>
  %result = tensor.empty(%m) : tensor<?x24xf16>
  %y = linalg.generic {indexing_maps = #elementwise, iterator_types = ["parallel", "parallel"]}
      ins(%sum : tensor<?x24xf32>) outs(%result : tensor<?x24xf16>) {
  ^bb0(%a: f32, %b: f16):
    %0 = arith.truncf %a : f32 to f16
    linalg.yield %0 : f16
  } -> tensor<?x24xf16>
  return %y : tensor<?x24xf16>
}

func.func @bf16(%x: tensor<?x48xbf16>, %w: tensor<24x48xbf16, #two_of_four>) -> tensor<?x24xbf16> {
  %c0 = arith.constant 0 : index
  %m = tensor.dim %x, %c0 : tensor<?x48xbf16>
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty(%m) : tensor<?x24xf32>
  %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<?x24xf32>) -> tensor<?x24xf32>
  %sum = linalg.generic {indexing_maps = #matmul, iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : tensor<?x48xbf16>, tensor<24x48xbf16, #two_of_four>)
      outs(%init : tensor<?x24xf32>) {
  ^bb0(%a: bf16, %b: bf16, %c: f32):
    %0 = arith.extf %a : bf16 to f32
    %1 = arith.extf %b : bf16 to f32
    %2 = arith.mulf %0, %1 : f32
    %3 = arith.addf %c, %2 : f32
    linalg.yield %3 : f32
  } -> tensor<?x24xf32>
  %result = tensor.empty(%m) : tensor<?x24xbf16>
  %y = linalg.generic {indexing_maps = #elementwise, iterator_types = ["parallel", "parallel"]}
      ins(%sum : tensor<?x24xf32>) outs(%result : tensor<?x24xbf16>) {
  ^bb0(%a: f32, %b: bf16):
    %0 = arith.truncf %a : f32 to bf16
    linalg.yield %0 : bf16
  } -> tensor<?x24xbf16>
  return %y : tensor<?x24xbf16>
}

func.func @f32(%x: tensor<?x48xf32>, %w: tensor<24x48xf32, #one_of_two>) -> tensor<?x24xf32> {
  %c0 = arith.constant 0 : index
  %m = tensor.dim %x, %c0 : tensor<?x48xf32>
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty(%m) : tensor<?x24xf32>
  %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<?x24xf32>) -> tensor<?x24xf32>
  %sum = linalg.generic {indexing_maps = #matmul, iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : tensor<?x48xf32>, tensor<24x48xf32, #one_of_two>)
      outs(%init : tensor<?x24xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %2 = arith.mulf %a, %b : f32
    %3 = arith.addf %c, %2 : f32
    linalg.yield %3 : f32
  } -> tensor<?x24xf32>
  return %sum : tensor<?x24xf32>
}

func.func @e4m3(%x: tensor<?x48xf8E4M3FN>, %w: tensor<24x48xf8E4M3FN, #two_of_four>) -> tensor<?x24xbf16> {
  %c0 = arith.constant 0 : index
  %m = tensor.dim %x, %c0 : tensor<?x48xf8E4M3FN>
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty(%m) : tensor<?x24xf32>
  %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<?x24xf32>) -> tensor<?x24xf32>
  %sum = linalg.generic {indexing_maps = #matmul, iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : tensor<?x48xf8E4M3FN>, tensor<24x48xf8E4M3FN, #two_of_four>)
      outs(%init : tensor<?x24xf32>) {
  ^bb0(%a: f8E4M3FN, %b: f8E4M3FN, %c: f32):
    %0 = arith.extf %a : f8E4M3FN to f32
    %1 = arith.extf %b : f8E4M3FN to f32
    %2 = arith.mulf %0, %1 : f32
    %3 = arith.addf %c, %2 : f32
    linalg.yield %3 : f32
  } -> tensor<?x24xf32>
  %result = tensor.empty(%m) : tensor<?x24xbf16>
  %y = linalg.generic {indexing_maps = #elementwise, iterator_types = ["parallel", "parallel"]}
      ins(%sum : tensor<?x24xf32>) outs(%result : tensor<?x24xbf16>) {
  ^bb0(%a: f32, %b: bf16):
    %0 = arith.truncf %a : f32 to bf16
    linalg.yield %0 : bf16
  } -> tensor<?x24xbf16>
  return %y : tensor<?x24xbf16>
}

func.func @e5m2(%x: tensor<?x48xf8E5M2>, %w: tensor<24x48xf8E5M2, #two_of_four>) -> tensor<?x24xf16> {
  %c0 = arith.constant 0 : index
  %m = tensor.dim %x, %c0 : tensor<?x48xf8E5M2>
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty(%m) : tensor<?x24xf32>
  %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<?x24xf32>) -> tensor<?x24xf32>
  %sum = linalg.generic {indexing_maps = #matmul, iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : tensor<?x48xf8E5M2>, tensor<24x48xf8E5M2, #two_of_four>)
      outs(%init : tensor<?x24xf32>) {
  ^bb0(%a: f8E5M2, %b: f8E5M2, %c: f32):
    %0 = arith.extf %a : f8E5M2 to f32
    %1 = arith.extf %b : f8E5M2 to f32
    %2 = arith.mulf %0, %1 : f32
    %3 = arith.addf %c, %2 : f32
    linalg.yield %3 : f32
  } -> tensor<?x24xf32>
  %result = tensor.empty(%m) : tensor<?x24xf16>
  %y = linalg.generic {indexing_maps = #elementwise, iterator_types = ["parallel", "parallel"]}
      ins(%sum : tensor<?x24xf32>) outs(%result : tensor<?x24xf16>) {
  ^bb0(%a: f32, %b: f16):
    %0 = arith.truncf %a : f32 to f16
    linalg.yield %0 : f16
  } -> tensor<?x24xf16>
  return %y : tensor<?x24xf16>
}

func.func @e4m3_out(%x: tensor<?x48xf8E4M3FN>, %w: tensor<24x48xf8E4M3FN, #one_of_four>) -> tensor<?x24xf8E4M3FN> {
  %c0 = arith.constant 0 : index
  %m = tensor.dim %x, %c0 : tensor<?x48xf8E4M3FN>
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty(%m) : tensor<?x24xf32>
  %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<?x24xf32>) -> tensor<?x24xf32>
  %sum = linalg.generic {indexing_maps = #matmul, iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : tensor<?x48xf8E4M3FN>, tensor<24x48xf8E4M3FN, #one_of_four>)
      outs(%init : tensor<?x24xf32>) {
  ^bb0(%a: f8E4M3FN, %b: f8E4M3FN, %c: f32):
    %0 = arith.extf %a : f8E4M3FN to f32
    %1 = arith.extf %b : f8E4M3FN to f32
    %2 = arith.mulf %0, %1 : f32
    %3 = arith.addf %c, %2 : f32
    linalg.yield %3 : f32
  } -> tensor<?x24xf32>
  %result = tensor.empty(%m) : tensor<?x24xf8E4M3FN>
  %y = linalg.generic {indexing_maps = #elementwise, iterator_types = ["parallel", "parallel"]}
      ins(%sum : tensor<?x24xf32>) outs(%result : tensor<?x24xf8E4M3FN>) {
  ^bb0(%a: f32, %b: f8E4M3FN):
    %0 = arith.truncf %a : f32 to f8E4M3FN
    linalg.yield %0 : f8E4M3FN
  } -> tensor<?x24xf8E4M3FN>
  return %y : tensor<?x24xf8E4M3FN>
}

func.func @i8(%x: tensor<?x48xi8>, %w: tensor<24x48xi8, #two_of_four>) -> tensor<?x24xi32> {
  %c0 = arith.constant 0 : index
  %m = tensor.dim %x, %c0 : tensor<?x48xi8>
  %zero = arith.constant 0 : i32
  %empty = tensor.empty(%m) : tensor<?x24xi32>
  %init = linalg.fill ins(%zero : i32) outs(%empty : tensor<?x24xi32>) -> tensor<?x24xi32>
  %sum = linalg.generic {indexing_maps = #matmul, iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : tensor<?x48xi8>, tensor<24x48xi8, #two_of_four>)
      outs(%init : tensor<?x24xi32>) {
  ^bb0(%a: i8, %b: i8, %c: i32):
    %0 = arith.extsi %a : i8 to i32
    %1 = arith.extsi %b : i8 to i32
    %2 = arith.muli %0, %1 : i32
    %3 = arith.addi %c, %2 : i32
    linalg.yield %3 : i32
  } -> tensor<?x24xi32>
  return %sum : tensor<?x24xi32>
}
