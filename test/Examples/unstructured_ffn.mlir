// The feed-forward layer of a Llama 8B model with unstructured weights: a tile of 64x64 is
// a bitmap and its elements, decoded on its way to the tensor cores. What is saved is
// memory traffic, which is what bounds a small number of tokens.

// RUN: sparsity-translate --to-ptx --target=sm_80 %s -o %t.sm_80.ptx
// RUN: FileCheck %s --check-prefix=SM80 < %t.sm_80.ptx
// RUN: %if ptxas %{ %ptxas -arch=sm_80 -v %t.sm_80.ptx -o %t.sm_80.cubin 2>&1 | FileCheck %s --check-prefix=PTXAS %}
// RUN: sparsity-translate --to-ptx --target=sm_90a %s -o %t.sm_90a.ptx
// RUN: FileCheck %s --check-prefix=SM90A < %t.sm_90a.ptx
// RUN: %if ptxas %{ %ptxas -arch=sm_90a -v %t.sm_90a.ptx -o %t.sm_90a.cubin 2>&1 | FileCheck %s --check-prefix=PTXAS %}
// RUN: sed 's/14336/320/g; s/4096/256/g' %s > %t.small.mlir
// RUN: sparsity-run %t.small.mlir --device=cpu --shape=0:13x256 --check | FileCheck %s
// RUN: %if cuda %{ sparsity-run %t.small.mlir --device=cuda --shape=0:13x256 --check | FileCheck %s %}
// RUN: sparsity-run %t.small.mlir --device=cpu --shape=0:13x256 --explain | FileCheck %s --check-prefix=EXPLAIN

// SM80: .target sm_80
// SM80: mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32
// SM90A: .target sm_90a
// SM90A: wgmma.mma_async.sync.aligned.m64n{{[0-9]+}}k16.f32.bf16.bf16
// PTXAS-NOT: {{[1-9][0-9]*}} bytes spill
// PTXAS: 0 bytes spill stores, 0 bytes spill loads
// PTXAS-NOT: {{[1-9][0-9]*}} bytes spill
// CHECK-NOT: FAILED
// CHECK: check: result 0: {{.*}}: ok
// EXPLAIN: explain: kernel 0 (line [[#]]): tiles 40 of 40 (100.0 %), bytes 522.7 kB of 655.4 kB (79.8 %)
// EXPLAIN: explain: kernel 1 (line [[#]]): tiles 20 of 20 (100.0 %), bytes 261.2 kB of 327.7 kB (79.7 %)

#up = #sparsity.unstructured
#down = #sparsity.unstructured

func.func @main(%x: tensor<?x4096xbf16>, %gate: tensor<14336x4096xbf16, #up>,
                %up: tensor<14336x4096xbf16, #up>, %down: tensor<4096x14336xbf16, #down>)
    -> tensor<?x4096xbf16> {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %one = arith.constant 1.0 : f32
  %tokens = tensor.dim %x, %c0 : tensor<?x4096xbf16>
  %wide = tensor.empty(%tokens) : tensor<?x14336xf32>
  %init = linalg.fill ins(%zero : f32) outs(%wide : tensor<?x14336xf32>) -> tensor<?x14336xf32>
  %g = linalg.matmul
      indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>,
                       affine_map<(m, n, k) -> (m, n)>]
      ins(%x, %gate : tensor<?x4096xbf16>, tensor<14336x4096xbf16, #up>)
      outs(%init : tensor<?x14336xf32>) -> tensor<?x14336xf32>
  %u = linalg.matmul
      indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>,
                       affine_map<(m, n, k) -> (m, n)>]
      ins(%x, %up : tensor<?x4096xbf16>, tensor<14336x4096xbf16, #up>)
      outs(%init : tensor<?x14336xf32>) -> tensor<?x14336xf32>
  %half = tensor.empty(%tokens) : tensor<?x14336xbf16>
  %h = linalg.generic
      {indexing_maps = [affine_map<(m, n) -> (m, n)>, affine_map<(m, n) -> (m, n)>,
                        affine_map<(m, n) -> (m, n)>],
       iterator_types = ["parallel", "parallel"]}
      ins(%g, %u : tensor<?x14336xf32>, tensor<?x14336xf32>) outs(%half : tensor<?x14336xbf16>) {
  ^bb0(%a: f32, %b: f32, %o: bf16):
    %minus = arith.negf %a : f32
    %power = math.exp %minus : f32
    %under = arith.addf %power, %one : f32
    %silu = arith.divf %a, %under : f32
    %product = arith.mulf %silu, %b : f32
    %t = arith.truncf %product : f32 to bf16
    linalg.yield %t : bf16
  } -> tensor<?x14336xbf16>
  %narrow = tensor.empty(%tokens) : tensor<?x4096xf32>
  %start = linalg.fill ins(%zero : f32) outs(%narrow : tensor<?x4096xf32>) -> tensor<?x4096xf32>
  %d = linalg.matmul
      indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>,
                       affine_map<(m, n, k) -> (m, n)>]
      ins(%h, %down : tensor<?x14336xbf16>, tensor<4096x14336xbf16, #down>)
      outs(%start : tensor<?x4096xf32>) -> tensor<?x4096xf32>
  %out = tensor.empty(%tokens) : tensor<?x4096xbf16>
  %y = linalg.generic
      {indexing_maps = [affine_map<(m, n) -> (m, n)>, affine_map<(m, n) -> (m, n)>],
       iterator_types = ["parallel", "parallel"]}
      ins(%d : tensor<?x4096xf32>) outs(%out : tensor<?x4096xbf16>) {
  ^bb0(%a: f32, %o: bf16):
    %t = arith.truncf %a : f32 to bf16
    linalg.yield %t : bf16
  } -> tensor<?x4096xbf16>
  return %y : tensor<?x4096xbf16>
}
