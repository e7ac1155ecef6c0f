// A feed-forward layer with ReLU, decoding one token or a few. Most of the hidden
// activations are zero: `sparsity.encode` lists the others at run time, and the second
// projection reads the weight rows of these only. Its weight is stored features first, so
// that a row is contiguous.

// RUN: sparsity-translate --to-ptx --target=sm_80 %s -o %t.sm_80.ptx
// RUN: FileCheck %s --check-prefix=SM80 < %t.sm_80.ptx
// RUN: %if ptxas %{ %ptxas -arch=sm_80 -v %t.sm_80.ptx -o %t.sm_80.cubin 2>&1 | FileCheck %s --check-prefix=PTXAS %}
// RUN: sparsity-translate --to-ptx --target=sm_90a %s -o %t.sm_90a.ptx
// RUN: FileCheck %s --check-prefix=SM90A < %t.sm_90a.ptx
// RUN: %if ptxas %{ %ptxas -arch=sm_90a -v %t.sm_90a.ptx -o %t.sm_90a.cubin 2>&1 | FileCheck %s --check-prefix=PTXAS %}
// RUN: sed 's/14336/320/g; s/4096/256/g' %s > %t.small.mlir
// RUN: sparsity-run %t.small.mlir --device=cpu --shape=0:3x256 --check | FileCheck %s
// RUN: %if cuda %{ sparsity-run %t.small.mlir --device=cuda --shape=0:3x256 --check | FileCheck %s %}
// RUN: sparsity-run %t.small.mlir --device=cpu --shape=0:1x256 --explain | FileCheck %s --check-prefix=EXPLAIN

// SM80: .target sm_80
// SM80: .entry
// SM90A: .target sm_90a
// SM90A: .entry main_kernel0(
// SM90A: wgmma.mma_async.sync.aligned.m64n{{[0-9]+}}k16.f32.bf16.bf16
// SM90A: mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32
// PTXAS-NOT: {{[1-9][0-9]* bytes spill|serialized}}
// PTXAS: 0 bytes spill stores, 0 bytes spill loads
// PTXAS-NOT: {{[1-9][0-9]* bytes spill|serialized}}
// CHECK-NOT: FAILED
// CHECK: check: result 0: {{.*}}: ok
// EXPLAIN: explain: kernel 0 (line [[#]]): tiles 20 of 20 (100.0 %), bytes 327.7 kB of 327.7 kB (100.0 %)
// EXPLAIN: explain: kernel [[#]] (line [[#]]): tiles {{[0-9]+}} of 20 ({{.*}} %), bytes {{.*}} of 174.1 kB

#active = #sparsity.activation<relu>

func.func @main(%x: tensor<?x4096xbf16>, %up: tensor<14336x4096xbf16>,
                %down: tensor<14336x4096xbf16>) -> tensor<?x4096xf32> {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %tokens = tensor.dim %x, %c0 : tensor<?x4096xbf16>
  %wide = tensor.empty(%tokens) : tensor<?x14336xf32>
  %init = linalg.fill ins(%zero : f32) outs(%wide : tensor<?x14336xf32>) -> tensor<?x14336xf32>
  %u = linalg.matmul
      indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>,
                       affine_map<(m, n, k) -> (m, n)>]
      ins(%x, %up : tensor<?x4096xbf16>, tensor<14336x4096xbf16>)
      outs(%init : tensor<?x14336xf32>) -> tensor<?x14336xf32>
  %half = tensor.empty(%tokens) : tensor<?x14336xbf16>
  %h = linalg.generic
      {indexing_maps = [affine_map<(m, n) -> (m, n)>, affine_map<(m, n) -> (m, n)>],
       iterator_types = ["parallel", "parallel"]}
      ins(%u : tensor<?x14336xf32>) outs(%half : tensor<?x14336xbf16>) {
  ^bb0(%a: f32, %o: bf16):
    %relu = arith.maximumf %a, %zero : f32
    %t = arith.truncf %relu : f32 to bf16
    linalg.yield %t : bf16
  } -> tensor<?x14336xbf16>
  %active = sparsity.encode %h : tensor<?x14336xbf16> to tensor<?x14336xbf16, #active>
  %narrow = tensor.empty(%tokens) : tensor<?x4096xf32>
  %start = linalg.fill ins(%zero : f32) outs(%narrow : tensor<?x4096xf32>) -> tensor<?x4096xf32>
  %y = linalg.matmul ins(%active, %down : tensor<?x14336xbf16, #active>, tensor<14336x4096xbf16>)
      outs(%start : tensor<?x4096xf32>) -> tensor<?x4096xf32>
  return %y : tensor<?x4096xf32>
}
