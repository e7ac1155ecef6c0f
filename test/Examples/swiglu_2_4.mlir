// The gated half of a Llama 8B feed-forward layer: silu(x * transpose(G)) * (x * transpose(U))
// with 2:4 weights. Both contractions and everything after them are one kernel, which
// loads x once.

// RUN: sparsity-translate --to-ptx --target=sm_80 %s -o %t.sm_80.ptx
// RUN: FileCheck %s --check-prefix=SM80 < %t.sm_80.ptx
// RUN: %if ptxas %{ %ptxas -arch=sm_80 -v %t.sm_80.ptx -o %t.sm_80.cubin 2>&1 | FileCheck %s --check-prefix=PTXAS %}
// RUN: sparsity-translate --to-ptx --target=sm_90a %s -o %t.sm_90a.ptx
// RUN: FileCheck %s --check-prefix=SM90A --implicit-check-not='{{mma.(sync|sp::)}}' --implicit-check-not='.entry main_kernel{{[1-9]}}' < %t.sm_90a.ptx
// RUN: %if ptxas %{ %ptxas -arch=sm_90a -v %t.sm_90a.ptx -o %t.sm_90a.cubin 2>&1 | FileCheck %s --check-prefix=PTXAS %}
// RUN: sed 's/14336/160/g; s/4096/256/g' %s > %t.small.mlir
// RUN: sparsity-run %t.small.mlir --device=cpu --shape=0:13x256 --check | FileCheck %s
// RUN: %if cuda %{ sparsity-run %t.small.mlir --device=cuda --shape=0:13x256 --check | FileCheck %s %}
// RUN: sparsity-run %t.small.mlir --device=cpu --shape=0:13x256 --explain | FileCheck %s --check-prefix=EXPLAIN

// SM80: .target sm_80
// SM80-COUNT-1: .entry
// SM80: mma.sp::ordered_metadata.sync.aligned.m16n8k32.row.col.f32.bf16.bf16.f32
// SM80-NOT: .entry
// SM90A: .target sm_90a
// Values and metadata of both weights beside one x.
// SM90A: .entry main_kernel0(
// SM90A: setmaxnreg.dec
// SM90A-COUNT-4: cp.async.bulk.shared::cluster.global
// SM90A-NOT: cp.async.bulk.shared::cluster.global
// SM90A: cp.async.bulk.tensor.2d.shared::cluster.global
// SM90A: setmaxnreg.inc
// SM90A: wgmma.mma_async.sp.sync.aligned.m64n{{[0-9]+}}k32.f32.bf16.bf16
// SM90A: stmatrix
// SM90A: cp.async.bulk.tensor.2d.global.shared::cta
// SM90A-NOT: .entry
// PTXAS-NOT: {{[1-9][0-9]* bytes spill|serialized}}
// PTXAS: 0 bytes spill stores, 0 bytes spill loads
// PTXAS-NOT: {{[1-9][0-9]* bytes spill|serialized}}
// CHECK-NOT: FAILED
// CHECK: check: result 0: {{.*}}: ok
// EXPLAIN: explain: kernel 0 (line [[#]]): tiles 12 of 12 (100.0 %), bytes 208.9 kB of 294.9 kB (70.8 %)

#w = #sparsity.n_of_m<2:4, axis = 1>

func.func @main(%x: tensor<?x4096xbf16>, %gate: tensor<14336x4096xbf16, #w>,
                %up: tensor<14336x4096xbf16, #w>) -> tensor<?x14336xbf16> {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %one = arith.constant 1.0 : f32
  %tokens = tensor.dim %x, %c0 : tensor<?x4096xbf16>
  %empty = tensor.empty(%tokens) : tensor<?x14336xf32>
  %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<?x14336xf32>)
      -> tensor<?x14336xf32>
  %g = linalg.matmul
      indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>,
                       affine_map<(m, n, k) -> (m, n)>]
      ins(%x, %gate : tensor<?x4096xbf16>, tensor<14336x4096xbf16, #w>)
      outs(%init : tensor<?x14336xf32>) -> tensor<?x14336xf32>
  %u = linalg.matmul
      indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>,
                       affine_map<(m, n, k) -> (m, n)>]
      ins(%x, %up : tensor<?x4096xbf16>, tensor<14336x4096xbf16, #w>)
      outs(%init : tensor<?x14336xf32>) -> tensor<?x14336xf32>
  %out = tensor.empty(%tokens) : tensor<?x14336xbf16>
  %y = linalg.generic
      {indexing_maps = [affine_map<(m, n) -> (m, n)>, affine_map<(m, n) -> (m, n)>,
                        affine_map<(m, n) -> (m, n)>],
       iterator_types = ["parallel", "parallel"]}
      ins(%g, %u : tensor<?x14336xf32>, tensor<?x14336xf32>)
      outs(%out : tensor<?x14336xbf16>) {
  ^bb0(%a: f32, %b: f32, %o: bf16):
    %minus = arith.negf %a : f32
    %power = math.exp %minus : f32
    %under = arith.addf %power, %one : f32
    %silu = arith.divf %a, %under : f32
    %product = arith.mulf %silu, %b : f32
    %t = arith.truncf %product : f32 to bf16
    linalg.yield %t : bf16
  } -> tensor<?x14336xbf16>
  return %y : tensor<?x14336xbf16>
}
