// Parameters and sizes out of their range: a diagnostic, or the documented result.

// RUN: split-file %s %t

// A window wider than the sequence binds nowhere.
// RUN: sparsity-run %t/masks.mlir --device=cpu --entry=wide_window --check | FileCheck %s --check-prefix=OK
// A prefix longer than the row is the whole row.
// RUN: sparsity-run %t/masks.mlir --device=cpu --entry=long_prefix --check | FileCheck %s --check-prefix=OK
// A period beyond the last column leaves one column.
// RUN: sparsity-run %t/masks.mlir --device=cpu --entry=long_period --check | FileCheck %s --check-prefix=OK
// OK-NOT: FAILED
// OK: check: result 0: {{.*}}: ok

// No tokens: an empty result.
// RUN: sparsity-run %t/tokens.mlir --device=cpu --shape=0:0x16 --check | FileCheck %s --check-prefix=NONE
// RUN: sparsity-run %t/tokens.mlir --device=cpu --entry=blocks --shape=0:0x16 --check | FileCheck %s --check-prefix=NONE
// RUN: sparsity-run %t/tokens.mlir --device=cpu --entry=gate --shape=0:0x8 --check | FileCheck %s --check-prefix=NONE
// RUN: sparsity-run %t/tokens.mlir --device=cpu --entry=active --shape=0:0x16 --check | FileCheck %s --check-prefix=NONE
// RUN: sparsity-run %t/attention.mlir --device=cpu --shape=0:2x0x8 --shape=1:1x5x8 --shape=2:1x5x8 --check | FileCheck %s --check-prefix=NONEATT
// NONE: result 0: 0x4 f32
// NONE: check: result 0: {{.*}}: ok
// NONEATT: result 0: 2x0x8 f32
// NONEATT: check: result 0: {{.*}}: ok

// More queries than keys under a causal mask: the queries beyond see every key.
// RUN: sparsity-run %t/attention.mlir --device=cpu --shape=0:2x9x8 --shape=1:1x5x8 --shape=2:1x5x8 --check | FileCheck %s --check-prefix=OK
// No keys at all: every row is 0.
// RUN: sparsity-run %t/attention.mlir --device=cpu --shape=0:2x3x8 --shape=1:1x0x8 --shape=2:1x0x8 --check | FileCheck %s --check-prefix=OK

// RUN: not sparsity-run %t/tokens.mlir --device=cpu --shape=0:-3x16 2>&1 | FileCheck %s --check-prefix=NEGATIVE
// NEGATIVE: error: expected --shape=<argument>:<sizes>, such as 0:64x4096, but got '0:-3x16'

// RUN: not sparsity-run %t/period.mlir --device=cpu 2>&1 | FileCheck %s --check-prefix=PERIOD
// PERIOD: error: expected period >= 1, but got 0
// RUN: not sparsity-run %t/length.mlir --device=cpu 2>&1 | FileCheck %s --check-prefix=LENGTH
// LENGTH: error: expected length >= 1, but got -4
// RUN: not sparsity-run %t/left.mlir --device=cpu 2>&1 | FileCheck %s --check-prefix=LEFT
// LEFT: error: expected left >= 0, but got -1
// RUN: not sparsity-run %t/experts.mlir --device=cpu 2>&1 | FileCheck %s --check-prefix=EXPERTS
// EXPERTS: error: expected top_k <= 2 experts, but got 3

// Router logits that are NaN count as minus infinity; a token with no other has weights 0.
// RUN: python3 %S/Inputs/write_npy.py %t/nan.npy f4 2x8 nan
// RUN: sparsity-run %t/tokens.mlir --device=cpu --entry=gate --input=0:%t/nan.npy --check | FileCheck %s --check-prefix=NAN
// NAN: check: result 0: max abs error 0, {{.*}}: ok

//--- masks.mlir
!X = tensor<9x4xf32>
func.func @wide_window(%p: tensor<7x9xf32, #sparsity.window<left = 4096, right = 4096>>, %v: !X) -> tensor<7x4xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<7x4xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<7x4xf32>) -> tensor<7x4xf32>
  %y = linalg.matmul ins(%p, %v : tensor<7x9xf32, #sparsity.window<left = 4096, right = 4096>>, !X) outs(%f : tensor<7x4xf32>) -> tensor<7x4xf32>
  return %y : tensor<7x4xf32>
}
func.func @long_prefix(%p: tensor<7x9xf32, #sparsity.prefix<length = 10>>, %v: !X) -> tensor<7x4xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<7x4xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<7x4xf32>) -> tensor<7x4xf32>
  %y = linalg.matmul ins(%p, %v : tensor<7x9xf32, #sparsity.prefix<length = 10>>, !X) outs(%f : tensor<7x4xf32>) -> tensor<7x4xf32>
  return %y : tensor<7x4xf32>
}
func.func @long_period(%p: tensor<7x9xf32, #sparsity.strided<period = 100>>, %v: !X) -> tensor<7x4xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<7x4xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<7x4xf32>) -> tensor<7x4xf32>
  %y = linalg.matmul ins(%p, %v : tensor<7x9xf32, #sparsity.strided<period = 100>>, !X) outs(%f : tensor<7x4xf32>) -> tensor<7x4xf32>
  return %y : tensor<7x4xf32>
}

//--- tokens.mlir
#w = #sparsity.n_of_m<2:4, axis = 0>
#gate = #sparsity.gate<top_k = 2>
#active = #sparsity.activation<relu>
func.func @main(%x: tensor<?x16xf32>, %w: tensor<16x4xf32, #w>) -> tensor<?x4xf32> {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %t = tensor.dim %x, %c0 : tensor<?x16xf32>
  %e = tensor.empty(%t) : tensor<?x4xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<?x4xf32>) -> tensor<?x4xf32>
  %y = linalg.matmul ins(%x, %w : tensor<?x16xf32>, tensor<16x4xf32, #w>) outs(%f : tensor<?x4xf32>) -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}
func.func @blocks(%x: tensor<?x16xf32>, %w: tensor<16x4xf32, #sparsity.block<3x2>>) -> tensor<?x4xf32> {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %t = tensor.dim %x, %c0 : tensor<?x16xf32>
  %e = tensor.empty(%t) : tensor<?x4xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<?x4xf32>) -> tensor<?x4xf32>
  %y = linalg.matmul ins(%x, %w : tensor<?x16xf32>, tensor<16x4xf32, #sparsity.block<3x2>>) outs(%f : tensor<?x4xf32>) -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}
func.func @gate(%logits: tensor<?x8xf32>, %v: tensor<8x4xf32>) -> tensor<?x4xf32> {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %t = tensor.dim %logits, %c0 : tensor<?x8xf32>
  %g = sparsity.route %logits : tensor<?x8xf32> to tensor<?x8xf32, #gate>
  %e = tensor.empty(%t) : tensor<?x4xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<?x4xf32>) -> tensor<?x4xf32>
  %y = linalg.matmul ins(%g, %v : tensor<?x8xf32, #gate>, tensor<8x4xf32>) outs(%f : tensor<?x4xf32>) -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}
func.func @active(%x: tensor<?x16xf32>, %w: tensor<16x4xf32>) -> tensor<?x4xf32> {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %t = tensor.dim %x, %c0 : tensor<?x16xf32>
  %a = sparsity.encode %x : tensor<?x16xf32> to tensor<?x16xf32, #active>
  %e = tensor.empty(%t) : tensor<?x4xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<?x4xf32>) -> tensor<?x4xf32>
  %y = linalg.matmul ins(%a, %w : tensor<?x16xf32, #active>, tensor<16x4xf32>) outs(%f : tensor<?x4xf32>) -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

//--- attention.mlir
func.func @main(%q: tensor<2x?x8xf32>, %k: tensor<1x?x8xf32>, %v: tensor<1x?x8xf32>) -> tensor<2x?x8xf32> {
  %o = sparsity.attention %q, %k, %v mask(#sparsity.window<right = 0>)
      : (tensor<2x?x8xf32>, tensor<1x?x8xf32>, tensor<1x?x8xf32>) -> tensor<2x?x8xf32>
  return %o : tensor<2x?x8xf32>
}

//--- period.mlir
func.func @main(%x: tensor<8x8xf32, #sparsity.strided<period = 0>>) -> tensor<8x8xf32>

//--- length.mlir
func.func @main(%x: tensor<8x8xf32, #sparsity.prefix<length = -4>>) -> tensor<8x8xf32>

//--- left.mlir
func.func @main(%x: tensor<8x8xf32, #sparsity.window<left = -1>>) -> tensor<8x8xf32>

//--- experts.mlir
func.func @main(%x: tensor<8x2xf32>) -> tensor<8x2xf32> {
  %g = sparsity.route %x : tensor<8x2xf32> to tensor<8x2xf32, #sparsity.gate<top_k = 3>>
  return %x : tensor<8x2xf32>
}
