// RUN: sparsity-opt %s --sparsity-fuse-epilogues | FileCheck %s

// SiLU(gate) * up, as three named ops: one op with one body.
// CHECK-LABEL: func.func @swiglu
// CHECK-COUNT-2: linalg.matmul
// CHECK: linalg.generic
// CHECK-SAME: iterator_types = ["parallel", "parallel"]
// CHECK: math.exp
// CHECK: arith.divf
// CHECK: arith.mulf
// CHECK: arith.truncf
// CHECK-NOT: linalg.generic
// CHECK: return
func.func @swiglu(%x: tensor<8x16xf16>, %g: tensor<16x32xf16>, %u: tensor<16x32xf16>,
                  %init: tensor<8x32xf32>) -> tensor<8x32xf16> {
  %one = arith.constant 1.0 : f32
  %e = tensor.empty() : tensor<8x32xf32>
  %h = tensor.empty() : tensor<8x32xf16>
  %a = linalg.matmul ins(%x, %g : tensor<8x16xf16>, tensor<16x32xf16>)
      outs(%init : tensor<8x32xf32>) -> tensor<8x32xf32>
  %b = linalg.matmul ins(%x, %u : tensor<8x16xf16>, tensor<16x32xf16>)
      outs(%init : tensor<8x32xf32>) -> tensor<8x32xf32>
  %s = linalg.generic
      {indexing_maps = [affine_map<(m, n) -> (m, n)>, affine_map<(m, n) -> (m, n)>],
       iterator_types = ["parallel", "parallel"]}
      ins(%a : tensor<8x32xf32>) outs(%e : tensor<8x32xf32>) {
  ^bb0(%v: f32, %o: f32):
    %minus = arith.negf %v : f32
    %power = math.exp %minus : f32
    %under = arith.addf %one, %power : f32
    %silu = arith.divf %v, %under : f32
    linalg.yield %silu : f32
  } -> tensor<8x32xf32>
  %m = linalg.mul ins(%s, %b : tensor<8x32xf32>, tensor<8x32xf32>)
      outs(%e : tensor<8x32xf32>) -> tensor<8x32xf32>
  %t = linalg.generic
      {indexing_maps = [affine_map<(m, n) -> (m, n)>, affine_map<(m, n) -> (m, n)>],
       iterator_types = ["parallel", "parallel"]}
      ins(%m : tensor<8x32xf32>) outs(%h : tensor<8x32xf16>) {
  ^bb0(%v: f32, %o: f16):
    %r = arith.truncf %v : f32 to f16
    linalg.yield %r : f16
  } -> tensor<8x32xf16>
  return %t : tensor<8x32xf16>
}

// A broadcast bias becomes a map of the one op.
// CHECK-LABEL: func.func @bias
// CHECK: linalg.matmul
// CHECK: linalg.generic
// CHECK-SAME: iterator_types = ["parallel", "parallel"]
// CHECK-SAME: ins(%{{.*}}, %{{.*}} : tensor<{{8x32|32}}xf32>, tensor<{{8x32|32}}xf32>)
// CHECK-NOT: linalg.{{generic|broadcast|add}}
// CHECK: return
func.func @bias(%x: tensor<8x16xf16>, %w: tensor<16x32xf16>, %bias: tensor<32xf32>,
                %init: tensor<8x32xf32>) -> tensor<8x32xf32> {
  %e = tensor.empty() : tensor<8x32xf32>
  %a = linalg.matmul ins(%x, %w : tensor<8x16xf16>, tensor<16x32xf16>)
      outs(%init : tensor<8x32xf32>) -> tensor<8x32xf32>
  %b = linalg.broadcast ins(%bias : tensor<32xf32>) outs(%e : tensor<8x32xf32>)
      dimensions = [0]
  %y = linalg.add ins(%a, %b : tensor<8x32xf32>, tensor<8x32xf32>)
      outs(%e : tensor<8x32xf32>) -> tensor<8x32xf32>
  return %y : tensor<8x32xf32>
}

// An operand of a contraction is not fused into it, and a fill stays a fill.
// CHECK-LABEL: func.func @prologue
// CHECK: linalg.generic
// CHECK: arith.negf
// CHECK: linalg.fill
// CHECK: linalg.matmul
func.func @prologue(%x: tensor<8x16xf32>, %w: tensor<16x32xf32>) -> tensor<8x32xf32> {
  %zero = arith.constant 0.0 : f32
  %ex = tensor.empty() : tensor<8x16xf32>
  %e = tensor.empty() : tensor<8x32xf32>
  %n = linalg.negf ins(%x : tensor<8x16xf32>) outs(%ex : tensor<8x16xf32>)
      -> tensor<8x16xf32>
  %init = linalg.fill ins(%zero : f32) outs(%e : tensor<8x32xf32>) -> tensor<8x32xf32>
  %y = linalg.matmul ins(%n, %w : tensor<8x16xf32>, tensor<16x32xf32>)
      outs(%init : tensor<8x32xf32>) -> tensor<8x32xf32>
  return %y : tensor<8x32xf32>
}

// A value that two ops read is computed once, not once in each.
// CHECK-LABEL: func.func @shared
// CHECK-COUNT-1: math.exp
// CHECK-NOT: math.exp
// CHECK: return
func.func @shared(%x: tensor<8x16xf32>) -> (tensor<8x16xf32>, tensor<8x16xf32>) {
  %e = tensor.empty() : tensor<8x16xf32>
  %a = linalg.exp ins(%x : tensor<8x16xf32>) outs(%e : tensor<8x16xf32>)
      -> tensor<8x16xf32>
  %b = linalg.negf ins(%a : tensor<8x16xf32>) outs(%e : tensor<8x16xf32>)
      -> tensor<8x16xf32>
  %c = linalg.abs ins(%a : tensor<8x16xf32>) outs(%e : tensor<8x16xf32>)
      -> tensor<8x16xf32>
  return %b, %c : tensor<8x16xf32>, tensor<8x16xf32>
}
