// The mixture-of-experts layer of Mixtral 8x7B: of 8 experts each token takes 2. Written as
// if every expert saw every token; the gate's encoding says which pairs count, and only
// these are gathered, multiplied and summed. Nothing is padded in memory.

// RUN: sparsity-translate --to-ptx --target=sm_80 %s -o %t.sm_80.ptx
// RUN: FileCheck %s --check-prefix=SM80 < %t.sm_80.ptx
// RUN: %if ptxas %{ %ptxas -arch=sm_80 -v %t.sm_80.ptx -o %t.sm_80.cubin 2>&1 | FileCheck %s --check-prefix=PTXAS %}
// RUN: sparsity-translate --to-ptx --target=sm_90a %s -o %t.sm_90a.ptx
// RUN: FileCheck %s --check-prefix=SM90A < %t.sm_90a.ptx
// RUN: %if ptxas %{ %ptxas -arch=sm_90a -v %t.sm_90a.ptx -o %t.sm_90a.cubin 2>&1 | FileCheck %s --check-prefix=PTXAS %}
// RUN: sed 's/14336/96/g; s/4096/64/g' %s > %t.small.mlir
// RUN: sparsity-run %t.small.mlir --device=cpu --shape=0:21x64 --check | FileCheck %s
// RUN: %if cuda %{ sparsity-run %t.small.mlir --device=cuda --shape=0:21x64 --check | FileCheck %s %}
// RUN: sparsity-run %t.small.mlir --device=cpu --shape=0:300x64 --explain | FileCheck %s --check-prefix=EXPLAIN

// SM80: .target sm_80
// SM80: mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32
// SM90A: .target sm_90a
// SM90A: wgmma.mma_async.sync.aligned.m64n{{[0-9]+}}k16.f32.bf16.bf16
// SM90A: mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32
// PTXAS-NOT: {{[1-9][0-9]* bytes spill|serialized}}
// PTXAS: 0 bytes spill stores, 0 bytes spill loads
// PTXAS-NOT: {{[1-9][0-9]* bytes spill|serialized}}
// CHECK-NOT: FAILED
// CHECK: check: result 0: {{.*}}: ok
// EXPLAIN: explain: kernel 0 (line [[#]]): tiles 5 of 5 (100.0 %), bytes 51.2 kB of 51.2 kB (100.0 %)
// EXPLAIN: explain: kernel [[#]] (line [[#]]): tiles {{[0-9]+}} of 80 ({{.*}} %), bytes {{.*}} of 2.0 MB
// EXPLAIN: explain: kernel [[#]] (line [[#]]): tiles {{[0-9]+}} of 80 ({{.*}} %), bytes {{.*}} of 1.3 MB

#gate = #sparsity.gate<top_k = 2>

func.func @main(%x: tensor<?x4096xbf16>, %router: tensor<8x4096xbf16>,
                %gate: tensor<8x14336x4096xbf16>, %up: tensor<8x14336x4096xbf16>,
                %down: tensor<8x4096x14336xbf16>) -> tensor<?x4096xbf16> {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %one = arith.constant 1.0 : f32
  %tokens = tensor.dim %x, %c0 : tensor<?x4096xbf16>
  // The router's logits, and the gate: which experts each token takes, and how much.
  %scores = tensor.empty(%tokens) : tensor<?x8xf32>
  %none = linalg.fill ins(%zero : f32) outs(%scores : tensor<?x8xf32>) -> tensor<?x8xf32>
  %logits = linalg.matmul
      indexing_maps = [affine_map<(t, e, d) -> (t, d)>, affine_map<(t, e, d) -> (e, d)>,
                       affine_map<(t, e, d) -> (t, e)>]
      ins(%x, %router : tensor<?x4096xbf16>, tensor<8x4096xbf16>)
      outs(%none : tensor<?x8xf32>) -> tensor<?x8xf32>
  %r = sparsity.route %logits order(after) : tensor<?x8xf32> to tensor<?x8xf32, #gate>
  // Every expert's hidden features of every token, of which the gate reads its own.
  %wide = tensor.empty(%tokens) : tensor<?x8x14336xf32>
  %init = linalg.fill ins(%zero : f32) outs(%wide : tensor<?x8x14336xf32>) -> tensor<?x8x14336xf32>
  %g = linalg.generic
      {indexing_maps = [affine_map<(t, e, f, d) -> (t, d)>,
                        affine_map<(t, e, f, d) -> (e, f, d)>,
                        affine_map<(t, e, f, d) -> (t, e, f)>],
       iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
      ins(%x, %gate : tensor<?x4096xbf16>, tensor<8x14336x4096xbf16>)
      outs(%init : tensor<?x8x14336xf32>) {
  ^bb0(%a: bf16, %b: bf16, %c: f32):
    %ax = arith.extf %a : bf16 to f32
    %bx = arith.extf %b : bf16 to f32
    %p = arith.mulf %ax, %bx : f32
    %s = arith.addf %c, %p : f32
    linalg.yield %s : f32
  } -> tensor<?x8x14336xf32>
  %u = linalg.generic
      {indexing_maps = [affine_map<(t, e, f, d) -> (t, d)>,
                        affine_map<(t, e, f, d) -> (e, f, d)>,
                        affine_map<(t, e, f, d) -> (t, e, f)>],
       iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
      ins(%x, %up : tensor<?x4096xbf16>, tensor<8x14336x4096xbf16>)
      outs(%init : tensor<?x8x14336xf32>) {
  ^bb0(%a: bf16, %b: bf16, %c: f32):
    %ax = arith.extf %a : bf16 to f32
    %bx = arith.extf %b : bf16 to f32
    %p = arith.mulf %ax, %bx : f32
    %s = arith.addf %c, %p : f32
    linalg.yield %s : f32
  } -> tensor<?x8x14336xf32>
  %half = tensor.empty(%tokens) : tensor<?x8x14336xbf16>
  %h = linalg.generic
      {indexing_maps = [affine_map<(t, e, f) -> (t, e, f)>, affine_map<(t, e, f) -> (t, e, f)>,
                        affine_map<(t, e, f) -> (t, e, f)>],
       iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%g, %u : tensor<?x8x14336xf32>, tensor<?x8x14336xf32>)
      outs(%half : tensor<?x8x14336xbf16>) {
  ^bb0(%a: f32, %b: f32, %o: bf16):
    %minus = arith.negf %a : f32
    %power = math.exp %minus : f32
    %under = arith.addf %power, %one : f32
    %silu = arith.divf %a, %under : f32
    %product = arith.mulf %silu, %b : f32
    %t = arith.truncf %product : f32 to bf16
    linalg.yield %t : bf16
  } -> tensor<?x8x14336xbf16>
  // The weighted sum of the experts' outputs.
  %narrow = tensor.empty(%tokens) : tensor<?x4096xf32>
  %start = linalg.fill ins(%zero : f32) outs(%narrow : tensor<?x4096xf32>) -> tensor<?x4096xf32>
  %d = linalg.generic
      {indexing_maps = [affine_map<(t, d, e, f) -> (t, e)>,
                        affine_map<(t, d, e, f) -> (t, e, f)>,
                        affine_map<(t, d, e, f) -> (e, d, f)>,
                        affine_map<(t, d, e, f) -> (t, d)>],
       iterator_types = ["parallel", "parallel", "reduction", "reduction"]}
      ins(%r, %h, %down : tensor<?x8xf32, #gate>, tensor<?x8x14336xbf16>,
          tensor<8x4096x14336xbf16>)
      outs(%start : tensor<?x4096xf32>) {
  ^bb0(%weight: f32, %a: bf16, %b: bf16, %c: f32):
    %ax = arith.extf %a : bf16 to f32
    %bx = arith.extf %b : bf16 to f32
    %p = arith.mulf %weight, %ax : f32
    %q = arith.mulf %p, %bx : f32
    %s = arith.addf %c, %q : f32
    linalg.yield %s : f32
  } -> tensor<?x4096xf32>
  %out = tensor.empty(%tokens) : tensor<?x4096xbf16>
  %y = linalg.generic
      {indexing_maps = [affine_map<(t, d) -> (t, d)>, affine_map<(t, d) -> (t, d)>],
       iterator_types = ["parallel", "parallel"]}
      ins(%d : tensor<?x4096xf32>) outs(%out : tensor<?x4096xbf16>) {
  ^bb0(%a: f32, %o: bf16):
    %t = arith.truncf %a : f32 to bf16
    linalg.yield %t : bf16
  } -> tensor<?x4096xbf16>
  return %y : tensor<?x4096xbf16>
}
