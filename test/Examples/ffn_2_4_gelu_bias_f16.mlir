// gelu(x * transpose(W) + b) + residual, f16, 2:4 weights: the epilogue is whatever
// elementwise op follows, here with a bias along the features and the exact (erf) GELU.

// RUN: sparsity-translate --to-ptx --target=sm_80 %s -o %t.sm_80.ptx
// RUN: FileCheck %s --check-prefix=SM80 < %t.sm_80.ptx
// RUN: %if ptxas %{ %ptxas -arch=sm_80 -v %t.sm_80.ptx -o %t.sm_80.cubin 2>&1 | FileCheck %s --check-prefix=PTXAS %}
// RUN: sparsity-translate --to-ptx --target=sm_90a %s -o %t.sm_90a.ptx
// RUN: FileCheck %s --check-prefix=SM90A --implicit-check-not='{{mma.(sync|sp::)}}' --implicit-check-not='.entry main_kernel{{[1-9]}}' < %t.sm_90a.ptx
// RUN: %if ptxas %{ %ptxas -arch=sm_90a -v %t.sm_90a.ptx -o %t.sm_90a.cubin 2>&1 | FileCheck %s --check-prefix=PTXAS %}
// RUN: sed 's/4096/160/g; s/1024/200/g' %s > %t.small.mlir
// RUN: sparsity-run %t.small.mlir --device=cpu --shape=0:13x200 --shape=3:13x160 --check | FileCheck %s
// RUN: %if cuda %{ sparsity-run %t.small.mlir --device=cuda --shape=0:13x200 --shape=3:13x160 --check | FileCheck %s %}
// RUN: sparsity-run %t.small.mlir --device=cpu --shape=0:13x200 --shape=3:13x160 --explain | FileCheck %s --check-prefix=EXPLAIN

// SM80: .target sm_80
// SM80: mma.sp::ordered_metadata.sync.aligned.m16n8k32.row.col.f32.f16.f16.f32
// SM80-NOT: .entry
// SM90A: .target sm_90a
// SM90A: .entry main_kernel0(
// SM90A: setmaxnreg.dec
// SM90A-DAG: mbarrier.arrive.expect_tx
// SM90A-DAG: cp.async.bulk.tensor.2d.shared::cluster.global
// SM90A-DAG: cp.async.bulk.shared::cluster.global
// SM90A: setmaxnreg.inc
// SM90A: wgmma.mma_async.sp.sync.aligned.m64n{{[0-9]+}}k32.f32.f16.f16
// SM90A: ld.global
// SM90A: stmatrix
// SM90A: cp.async.bulk.tensor.2d.global.shared::cta
// PTXAS-NOT: {{[1-9][0-9]* bytes spill|serialized}}
// PTXAS: 0 bytes spill stores, 0 bytes spill loads
// PTXAS-NOT: {{[1-9][0-9]* bytes spill|serialized}}
// CHECK-NOT: FAILED
// CHECK: check: result 0: {{.*}}: ok
// EXPLAIN: explain: kernel 0 (line [[#]]): tiles 12 of 12 (100.0 %), bytes 153.6 kB of 196.6 kB (78.1 %)

#w = #sparsity.n_of_m<2:4, axis = 1>

func.func @main(%x: tensor<?x1024xf16>, %w: tensor<4096x1024xf16, #w>,
                %bias: tensor<4096xf16>, %residual: tensor<?x4096xf16>)
    -> tensor<?x4096xf16> {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %half = arith.constant 0.5 : f32
  %one = arith.constant 1.0 : f32
  %root = arith.constant 0.70710678118 : f32
  %tokens = tensor.dim %x, %c0 : tensor<?x1024xf16>
  %empty = tensor.empty(%tokens) : tensor<?x4096xf32>
  %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<?x4096xf32>)
      -> tensor<?x4096xf32>
  %acc = linalg.matmul
      indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>,
                       affine_map<(m, n, k) -> (m, n)>]
      ins(%x, %w : tensor<?x1024xf16>, tensor<4096x1024xf16, #w>)
      outs(%init : tensor<?x4096xf32>) -> tensor<?x4096xf32>
  %out = tensor.empty(%tokens) : tensor<?x4096xf16>
  %y = linalg.generic
      {indexing_maps = [affine_map<(m, n) -> (m, n)>, affine_map<(m, n) -> (n)>,
                        affine_map<(m, n) -> (m, n)>, affine_map<(m, n) -> (m, n)>],
       iterator_types = ["parallel", "parallel"]}
      ins(%acc, %bias, %residual : tensor<?x4096xf32>, tensor<4096xf16>, tensor<?x4096xf16>)
      outs(%out : tensor<?x4096xf16>) {
  ^bb0(%a: f32, %b: f16, %r: f16, %o: f16):
    %wideBias = arith.extf %b : f16 to f32
    %wideResidual = arith.extf %r : f16 to f32
    %s = arith.addf %a, %wideBias : f32
    %scaled = arith.mulf %s, %root : f32
    %erf = math.erf %scaled : f32
    %above = arith.addf %erf, %one : f32
    %halved = arith.mulf %s, %half : f32
    %gelu = arith.mulf %halved, %above : f32
    %sum = arith.addf %gelu, %wideResidual : f32
    %t = arith.truncf %sum : f32 to f16
    linalg.yield %t : f16
  } -> tensor<?x4096xf16>
  return %y : tensor<?x4096xf16>
}
