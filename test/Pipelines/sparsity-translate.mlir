// RUN: sparsity-translate %s --to-ptx | FileCheck %s --check-prefix=PTX
// RUN: sparsity-translate %s --to-ptx --target=sm_90a -o %t.ptx
// RUN: FileCheck %s --check-prefix=PTX90 < %t.ptx
// RUN: sparsity-translate --to-ptx < %s | FileCheck %s --check-prefix=PTX
// RUN: %if ptxas %{ sparsity-translate %s --to-cubin --target=sm_90a -o %t.cubin && test -s %t.cubin %}
// RUN: %if ptxas %{ sparsity-translate %s --to-cubin -o %t80.cubin && test -s %t80.cubin %}

// PTX: .version 8.5
// PTX: .target sm_80
// PTX: .visible .entry main_kernel0(
// PTX: mma.sp::ordered_metadata.sync.aligned.m16n8k32
// PTX90: .target sm_90a
// PTX90: .visible .entry main_kernel0(
// PTX90: wgmma.mma_async.sp.sync.aligned.m64n{{[0-9]+}}k32

// RUN: sparsity-translate %s --to-launch-json | FileCheck %s --check-prefix=JSON
// JSON: "functions": [
// JSON: "kind": "tensor"
// JSON: "type": "tensor<?x64xf16>"
// JSON: "field": "values"
// JSON: "field": "metadata"
// JSON: "kind": "result"
// JSON: "launches": [
// JSON: "grid": [
// JSON: "kernel": "main_kernel0"
// JSON: "name": "main"
// JSON-NOT: "name": "_mlir_ciface_main"

// Kernels of warpgroups: the caller describes tensors to the copy engine.
// RUN: sparsity-translate %s --to-launch-json --target=sm_90a | FileCheck %s --check-prefix=JSON90
// JSON90: "launches": [
// JSON90: "kernel": "main_kernel0",
// JSON90: "params": [
// JSON90: "pointer of argument 2"
// JSON90: "tensor_map of argument 0 box 64x{{[0-9]+}} swizzle 128"
// JSON90: "persistent": true

func.func @main(%x: tensor<?x64xf16>,
                %w: tensor<128x64xf16, #sparsity.n_of_m<2:4, axis = 1>>) -> tensor<?x128xf32> {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %m = tensor.dim %x, %c0 : tensor<?x64xf16>
  %empty = tensor.empty(%m) : tensor<?x128xf32>
  %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<?x128xf32>) -> tensor<?x128xf32>
  %y = linalg.generic {
      indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>,
                       affine_map<(m, n, k) -> (m, n)>],
      iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : tensor<?x64xf16>, tensor<128x64xf16, #sparsity.n_of_m<2:4, axis = 1>>)
      outs(%init : tensor<?x128xf32>) {
  ^bb0(%a: f16, %b: f16, %c: f32):
    %0 = arith.extf %a : f16 to f32
    %1 = arith.extf %b : f16 to f32
    %2 = arith.mulf %0, %1 : f32
    %3 = arith.addf %c, %2 : f32
    linalg.yield %3 : f32
  } -> tensor<?x128xf32>
  return %y : tensor<?x128xf32>
}
