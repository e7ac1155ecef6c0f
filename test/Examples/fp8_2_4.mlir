// 8-bit floats (E4M3) with 2:4 weights, scaled and rounded to bf16. sm_90a multiplies them
// as they are, by warpgroups or by warps; sm_80, which has no such instruction, in f16,
// which holds every one of them.

// RUN: sparsity-translate --to-ptx --target=sm_80 %s -o %t.sm_80.ptx
// RUN: FileCheck %s --check-prefix=SM80 < %t.sm_80.ptx
// RUN: %if ptxas %{ %ptxas -arch=sm_80 -v %t.sm_80.ptx -o %t.sm_80.cubin 2>&1 | FileCheck %s --check-prefix=PTXAS %}
// RUN: sparsity-translate --to-ptx --target=sm_90a %s -o %t.sm_90a.ptx
// RUN: FileCheck %s --check-prefix=SM90A --implicit-check-not='{{mma.(sync|sp::)}}' < %t.sm_90a.ptx
// RUN: %if ptxas %{ %ptxas -arch=sm_90a -v %t.sm_90a.ptx -o %t.sm_90a.cubin 2>&1 | FileCheck %s --check-prefix=PTXAS %}
// RUN: sparsity-translate --to-ptx --target=sm_90a --pipeline-options="instruction=mma" %s -o %t.warps.ptx
// RUN: FileCheck %s --check-prefix=WARPS --implicit-check-not=wgmma < %t.warps.ptx
// RUN: %if ptxas %{ %ptxas -arch=sm_90a -v %t.warps.ptx -o %t.warps.cubin 2>&1 | FileCheck %s --check-prefix=PTXAS %}
// RUN: sed 's/4096/160/g; s/2048/384/g' %s > %t.small.mlir
// RUN: sparsity-run %t.small.mlir --device=cpu --shape=0:13x384 --check | FileCheck %s
// RUN: %if cuda %{ sparsity-run %t.small.mlir --device=cuda --shape=0:13x384 --check | FileCheck %s %}
// RUN: sparsity-run %t.small.mlir --device=cpu --shape=0:13x384 --explain | FileCheck %s --check-prefix=EXPLAIN

// SM80: .target sm_80
// SM80-NOT: mma.sp
// SM80: mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32
// SM80-NOT: mma.sp
// SM90A: .target sm_90a
// SM90A: .entry main_kernel0(
// SM90A: setmaxnreg.dec
// SM90A-DAG: mbarrier.arrive.expect_tx
// SM90A-DAG: cp.async.bulk.tensor.2d.shared::cluster.global
// SM90A-DAG: cp.async.bulk.shared::cluster.global
// SM90A: setmaxnreg.inc
// SM90A: wgmma.mma_async.sp.sync.aligned.m64n{{[0-9]+}}k64.f32.e4m3.e4m3
// SM90A: stmatrix
// SM90A: cp.async.bulk.tensor.2d.global.shared::cta
// WARPS: .target sm_90a
// WARPS: mma.sp::ordered_metadata.sync.aligned.m16n8k64.row.col{{.*}}.f32.e4m3.e4m3.f32
// PTXAS-NOT: {{[1-9][0-9]* bytes spill|serialized}}
// PTXAS: 0 bytes spill stores, 0 bytes spill loads
// PTXAS-NOT: {{[1-9][0-9]* bytes spill|serialized}}
// CHECK-NOT: FAILED
// CHECK: check: result 0: {{.*}}: ok
// EXPLAIN: explain: kernel 0 (line [[#]]): tiles 18 of 18 (100.0 %), bytes 119.8 kB of 147.5 kB (81.2 %)

#w = #sparsity.n_of_m<2:4, axis = 1>

func.func @main(%x: tensor<?x2048xf8E4M3FN>, %w: tensor<4096x2048xf8E4M3FN, #w>,
                %scale: f32) -> tensor<?x4096xbf16> {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %tokens = tensor.dim %x, %c0 : tensor<?x2048xf8E4M3FN>
  %empty = tensor.empty(%tokens) : tensor<?x4096xf32>
  %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<?x4096xf32>)
      -> tensor<?x4096xf32>
  %acc = linalg.matmul
      indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>,
                       affine_map<(m, n, k) -> (m, n)>]
      ins(%x, %w : tensor<?x2048xf8E4M3FN>, tensor<4096x2048xf8E4M3FN, #w>)
      outs(%init : tensor<?x4096xf32>) -> tensor<?x4096xf32>
  %out = tensor.empty(%tokens) : tensor<?x4096xbf16>
  %y = linalg.generic
      {indexing_maps = [affine_map<(m, n) -> (m, n)>, affine_map<(m, n) -> (m, n)>],
       iterator_types = ["parallel", "parallel"]}
      ins(%acc : tensor<?x4096xf32>) outs(%out : tensor<?x4096xbf16>) {
  ^bb0(%a: f32, %o: bf16):
    %r = arith.mulf %a, %scale : f32
    %t = arith.truncf %r : f32 to bf16
    linalg.yield %t : bf16
  } -> tensor<?x4096xbf16>
  return %y : tensor<?x4096xbf16>
}
