// The dense layer of the same shape: what sparsity is measured against goes through the
// same schedule, and the same kernels.

// RUN: sparsity-translate --to-ptx --target=sm_80 %s -o %t.sm_80.ptx
// RUN: FileCheck %s --check-prefix=SM80 < %t.sm_80.ptx
// RUN: %if ptxas %{ %ptxas -arch=sm_80 -v %t.sm_80.ptx -o %t.sm_80.cubin 2>&1 | FileCheck %s --check-prefix=PTXAS %}
// RUN: sparsity-translate --to-ptx --target=sm_90a %s -o %t.sm_90a.ptx
// RUN: FileCheck %s --check-prefix=SM90A --implicit-check-not='{{mma.(sync|sp::)|mma_async.sp}}' < %t.sm_90a.ptx
// RUN: %if ptxas %{ %ptxas -arch=sm_90a -v %t.sm_90a.ptx -o %t.sm_90a.cubin 2>&1 | FileCheck %s --check-prefix=PTXAS %}
// RUN: sed 's/14336/160/g; s/4096/256/g' %s > %t.small.mlir
// RUN: sparsity-run %t.small.mlir --device=cpu --shape=0:13x256 --check | FileCheck %s
// RUN: %if cuda %{ sparsity-run %t.small.mlir --device=cuda --shape=0:13x256 --check | FileCheck %s %}
// RUN: sparsity-run %t.small.mlir --device=cpu --shape=0:13x256 --explain | FileCheck %s --check-prefix=EXPLAIN

// SM80: .target sm_80
// SM80-NOT: mma.sp
// SM80: mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32
// SM80-NOT: mma.sp
// SM90A: .target sm_90a
// SM90A: .entry main_kernel0_{{[0-9]+}}(
// SM90A: .entry main_kernel0(
// SM90A: setmaxnreg.dec
// SM90A: mbarrier.arrive.expect_tx
// SM90A: cp.async.bulk.tensor.2d.shared::cluster.global
// SM90A: cp.async.bulk.tensor.2d.shared::cluster.global
// SM90A: setmaxnreg.inc
// SM90A: wgmma.mma_async.sync.aligned.m64n{{[0-9]+}}k16.f32.bf16.bf16
// SM90A: stmatrix
// SM90A: cp.async.bulk.tensor.2d.global.shared::cta
// PTXAS-NOT: {{[1-9][0-9]* bytes spill|serialized}}
// PTXAS: 0 bytes spill stores, 0 bytes spill loads
// PTXAS-NOT: {{[1-9][0-9]* bytes spill|serialized}}
// CHECK-NOT: FAILED
// CHECK: check: result 0: {{.*}}: ok
// EXPLAIN: explain: kernel 0 (line [[#]]): tiles 12 of 12 (100.0 %), bytes 196.6 kB of 196.6 kB (100.0 %)

func.func @main(%x: tensor<?x4096xbf16>,
                %w: tensor<14336x4096xbf16>)
    -> tensor<?x14336xbf16> {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %tokens = tensor.dim %x, %c0 : tensor<?x4096xbf16>
  %empty = tensor.empty(%tokens) : tensor<?x14336xf32>
  %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<?x14336xf32>)
      -> tensor<?x14336xf32>
  %acc = linalg.matmul
      indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>,
                       affine_map<(m, n, k) -> (m, n)>]
      ins(%x, %w : tensor<?x4096xbf16>,
                   tensor<14336x4096xbf16>)
      outs(%init : tensor<?x14336xf32>) -> tensor<?x14336xf32>
  %out = tensor.empty(%tokens) : tensor<?x14336xbf16>
  %y = linalg.generic
      {indexing_maps = [affine_map<(m, n) -> (m, n)>, affine_map<(m, n) -> (m, n)>],
       iterator_types = ["parallel", "parallel"]}
      ins(%acc : tensor<?x14336xf32>) outs(%out : tensor<?x14336xbf16>) {
  ^bb0(%a: f32, %o: bf16):
    %t = arith.truncf %a : f32 to bf16
    linalg.yield %t : bf16
  } -> tensor<?x14336xbf16>
  return %y : tensor<?x14336xbf16>
}
