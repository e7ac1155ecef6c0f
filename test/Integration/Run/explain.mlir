// The work that --explain counts, pinned where a hand can count it. Tiles are 64 rows by
// 64 of K, and one tile holds all columns.

// A causal operand: of 5 tiles of rows, number i runs i + 1 steps of 5; the last one is
// cut off at the end. A step reads 64 x 64 and 64 x 32 elements of 2 bytes.
// RUN: sparsity-run %s --device=cpu --entry=causal --check --explain | FileCheck %s --check-prefix=CAUSAL
// CAUSAL: explain: kernel 0 (line [[#]]): tiles 15 of 25 (60.0 %), bytes 184.3 kB of 307.2 kB (60.0 %)
// CAUSAL-NEXT: skipped: 0.0 % of weight bytes (cpu)
// CAUSAL: check: result 0: {{.*}}: ok

// Lines of 6 columns behind the diagonal: a tile of rows meets its own step and the one
// before.
// RUN: sparsity-run %s --device=cpu --entry=band --check --explain | FileCheck %s --check-prefix=BAND
// BAND: explain: kernel 0 (line [[#]]): tiles 9 of 25 (36.0 %)
// BAND: check: result 0: {{.*}}: ok

// Every 16th of 1024 columns: 64 of them, gathered into one step instead of 16.
// RUN: sparsity-run %s --device=cpu --entry=strided --check --explain | FileCheck %s --check-prefix=STRIDED
// STRIDED: explain: kernel 0 (line [[#]]): tiles 2 of 32 (6.2 %)
// STRIDED: check: result 0: {{.*}}: ok

// Blocks: rows of blocks hold 1, 0 and 2 of 4 blocks, each one step.
// RUN: rm -rf %t && mkdir %t
// RUN: python3 %S/Inputs/write_npy.py %t/positions.npy i4 4 0 1 1 3
// RUN: python3 %S/Inputs/write_npy.py %t/coordinates.npy i4 3 2 0 3
// RUN: python3 %S/Inputs/write_npy.py %t/values.npy f4 3x64x64 1
// RUN: sparsity-run %s --device=cpu --entry=block --input=1.positions:%t/positions.npy --input=1.coordinates:%t/coordinates.npy --input=1.values:%t/values.npy --check --explain | FileCheck %s --check-prefix=BLOCK
// BLOCK: explain: kernel 0 (line [[#]]): tiles 3 of 12 (25.0 %), bytes 98.3 kB of 393.2 kB (25.0 %)
// BLOCK: check: result 0: {{.*}}: ok

// A gate whose logits say: every token takes experts 0 and 2. Of 4 experts two have the
// 130 tokens, which are 3 tiles of rows; the dense program has 3 tiles for each expert.
// Only what the lists depend on runs for the count: that says how many rows there are.
// RUN: sparsity-run %s --device=cpu --entry=gate --shape=0:130x64 --check --explain | FileCheck %s --check-prefix=GATE
// RUN: sparsity-run %s --device=cpu --entry=gate --shape=0:64x64 --explain | FileCheck %s --check-prefix=EVEN
// RUN: sparsity-run %s --device=cpu --entry=gate --shape=0:0x64 --check --explain | FileCheck %s --check-prefix=NONE
// GATE: explain: kernel [[#]] (line [[#]]): tiles 6 of 12 (50.0 %), bytes 98.3 kB of 196.6 kB (50.0 %)
// GATE: check: result 0: {{.*}}: ok
// EVEN: explain: kernel [[#]] (line [[#]]): tiles 2 of 4 (50.0 %)
// NONE-NOT: explain:
// NONE: check: result 0: {{.*}}: ok

// Attention: 3 tiles of 32 queries for each of 2 heads, steps of 64 keys. Causal queries
// see 1, 1 and 2 steps of 2.
// RUN: sparsity-run %s --device=cpu --entry=attention --shape=0:2x70x16 --shape=1:2x70x16 --shape=2:2x70x16 --check --explain | FileCheck %s --check-prefix=ATTENTION
// ATTENTION: explain: kernel 0 (line [[#]]): tiles 8 of 12 (66.7 %)
// ATTENTION: check: result 0: {{.*}}: ok
// Keys 0, 16, 32, ...: of 1024 as many as one step holds, for both tiles of queries.
// RUN: sparsity-run %s --device=cpu --entry=gathered --check --explain | FileCheck %s --check-prefix=GATHERED
// GATHERED: explain: kernel 0 (line [[#]]): tiles 2 of 32 (6.2 %)
// GATHERED: check: result 0: {{.*}}: ok

#causal = #sparsity.window<right = 0>
#band = #sparsity.window<left = 5, right = 0>
#every_16 = #sparsity.strided<period = 16>
#block = #sparsity.block<64x64>
#gate = #sparsity.gate<top_k = 2>

func.func @causal(%p: tensor<300x300xbf16, #causal>, %v: tensor<32x300xbf16>) -> tensor<300x32xf32> {
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<300x32xf32>
  %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<300x32xf32>) -> tensor<300x32xf32>
  %y = linalg.matmul
      indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>,
                       affine_map<(m, n, k) -> (m, n)>]
      ins(%p, %v : tensor<300x300xbf16, #causal>, tensor<32x300xbf16>)
      outs(%init : tensor<300x32xf32>) -> tensor<300x32xf32>
  return %y : tensor<300x32xf32>
}

func.func @band(%p: tensor<300x300xbf16, #band>, %v: tensor<32x300xbf16>) -> tensor<300x32xf32> {
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<300x32xf32>
  %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<300x32xf32>) -> tensor<300x32xf32>
  %y = linalg.matmul
      indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>,
                       affine_map<(m, n, k) -> (m, n)>]
      ins(%p, %v : tensor<300x300xbf16, #band>, tensor<32x300xbf16>)
      outs(%init : tensor<300x32xf32>) -> tensor<300x32xf32>
  return %y : tensor<300x32xf32>
}

func.func @strided(%p: tensor<128x1024xbf16, #every_16>, %v: tensor<32x1024xbf16>) -> tensor<128x32xf32> {
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<128x32xf32>
  %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<128x32xf32>) -> tensor<128x32xf32>
  %y = linalg.matmul
      indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>,
                       affine_map<(m, n, k) -> (m, n)>]
      ins(%p, %v : tensor<128x1024xbf16, #every_16>, tensor<32x1024xbf16>)
      outs(%init : tensor<128x32xf32>) -> tensor<128x32xf32>
  return %y : tensor<128x32xf32>
}

func.func @block(%x: tensor<64x256xf32>, %w: tensor<192x256xf32, #block>) -> tensor<64x192xf32> {
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<64x192xf32>
  %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<64x192xf32>) -> tensor<64x192xf32>
  %y = linalg.matmul
      indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>,
                       affine_map<(m, n, k) -> (m, n)>]
      ins(%x, %w : tensor<64x256xf32>, tensor<192x256xf32, #block>)
      outs(%init : tensor<64x192xf32>) -> tensor<64x192xf32>
  return %y : tensor<64x192xf32>
}

func.func @gate(%x: tensor<?x64xbf16>, %w: tensor<4x48x64xbf16>) -> tensor<?x48xf32> {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %tokens = tensor.dim %x, %c0 : tensor<?x64xbf16>
  %scores = tensor.empty(%tokens) : tensor<?x4xf32>
  // Even experts first.
  %logits = linalg.generic
      {indexing_maps = [affine_map<(t, e) -> (t, e)>], iterator_types = ["parallel", "parallel"]}
      outs(%scores : tensor<?x4xf32>) {
  ^bb0(%o: f32):
    %e = linalg.index 1 : index
    %c2 = arith.constant 2 : index
    %odd = arith.remui %e, %c2 : index
    %i = arith.index_cast %odd : index to i32
    %f = arith.sitofp %i : i32 to f32
    %s = arith.negf %f : f32
    linalg.yield %s : f32
  } -> tensor<?x4xf32>
  %r = sparsity.route %logits order(after) : tensor<?x4xf32> to tensor<?x4xf32, #gate>
  %wide = tensor.empty(%tokens) : tensor<?x48xf32>
  %start = linalg.fill ins(%zero : f32) outs(%wide : tensor<?x48xf32>) -> tensor<?x48xf32>
  %y = linalg.generic
      {indexing_maps = [affine_map<(t, f, e, d) -> (t, e)>, affine_map<(t, f, e, d) -> (t, d)>,
                        affine_map<(t, f, e, d) -> (e, f, d)>, affine_map<(t, f, e, d) -> (t, f)>],
       iterator_types = ["parallel", "parallel", "reduction", "reduction"]}
      ins(%r, %x, %w : tensor<?x4xf32, #gate>, tensor<?x64xbf16>, tensor<4x48x64xbf16>)
      outs(%start : tensor<?x48xf32>) {
  ^bb0(%weight: f32, %a: bf16, %b: bf16, %c: f32):
    %ax = arith.extf %a : bf16 to f32
    %bx = arith.extf %b : bf16 to f32
    %p = arith.mulf %weight, %ax : f32
    %q = arith.mulf %p, %bx : f32
    %s = arith.addf %c, %q : f32
    linalg.yield %s : f32
  } -> tensor<?x48xf32>
  return %y : tensor<?x48xf32>
}

func.func @attention(%q: tensor<2x?x16xf32>, %k: tensor<2x?x16xf32>, %v: tensor<2x?x16xf32>) -> tensor<2x?x16xf32> {
  %o = sparsity.attention %q, %k, %v mask(#causal)
      : (tensor<2x?x16xf32>, tensor<2x?x16xf32>, tensor<2x?x16xf32>) -> tensor<2x?x16xf32>
  return %o : tensor<2x?x16xf32>
}

func.func @gathered(%q: tensor<1x40x16xf32>, %k: tensor<1x1024x16xf32>, %v: tensor<1x1024x16xf32>) -> tensor<1x40x16xf32> {
  %o = sparsity.attention %q, %k, %v mask(#every_16)
      : (tensor<1x40x16xf32>, tensor<1x1024x16xf32>, tensor<1x1024x16xf32>) -> tensor<1x40x16xf32>
  return %o : tensor<1x40x16xf32>
}
