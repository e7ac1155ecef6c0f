// Attention under every kind of mask, at shapes that no tile divides, against the
// densified program in f64: results and log-sum-exp.

// RUN: sparsity-run %s --entry=grouped --device=cpu --check --shape=0:2x6x45x80 --shape=1:2x2x101x80 --shape=2:2x2x101x13 | FileCheck %s
// RUN: sparsity-run %s --entry=union --device=cpu --check --shape=0:2x150x64 --shape=1:1x150x64 --shape=2:1x150x64 | FileCheck %s
// RUN: sparsity-run %s --entry=union --device=cpu --check --shape=0:2x1x64 --shape=1:1x1x64 --shape=2:1x1x64 | FileCheck %s
// Rows beyond the last key, which see none under the window.
// RUN: sparsity-run %s --entry=union --device=cpu --check --shape=0:2x200x64 --shape=1:1x30x64 --shape=2:1x30x64 | FileCheck %s
// No key, and no query, at all.
// RUN: sparsity-run %s --entry=union --device=cpu --check --shape=0:2x20x64 --shape=1:1x0x64 --shape=2:1x0x64 | FileCheck %s
// RUN: sparsity-run %s --entry=union --device=cpu --check --shape=0:2x0x64 --shape=1:1x9x64 --shape=2:1x9x64 | FileCheck %s
// RUN: sparsity-run %s --entry=intersection --device=cpu --check | FileCheck %s
// RUN: sparsity-run %s --entry=float8 --device=cpu --check | FileCheck %s
// RUN: sparsity-run %s --entry=smallest --device=cpu --check | FileCheck %s
// RUN: sparsity-run %s --entry=largest --device=cpu --check | FileCheck %s
// RUN: sparsity-run %s --entry=negative --device=cpu --check | FileCheck %s

// CHECK-NOT: FAILED
// CHECK: check: result 0: {{.*}}: ok
// CHECK: check: result 1: {{.*}}: ok

func.func @grouped(%q: tensor<?x6x?x80xbf16>, %k: tensor<?x2x?x80xbf16>, %v: tensor<?x2x?x13xbf16>) -> (tensor<?x6x?x13xf32>, tensor<?x6x?xf32>) {
  %o, %l = sparsity.attention %q, %k, %v mask(#sparsity.window<left = 20, right = 3>) softcap(5.0) : (tensor<?x6x?x80xbf16>, tensor<?x2x?x80xbf16>, tensor<?x2x?x13xbf16>) -> (tensor<?x6x?x13xf32>, tensor<?x6x?xf32>)
  return %o, %l : tensor<?x6x?x13xf32>, tensor<?x6x?xf32>
}

func.func @union(%q: tensor<2x?x64xf16>, %k: tensor<1x?x64xf16>, %v: tensor<1x?x64xf16>) -> (tensor<2x?x64xf16>, tensor<2x?xf32>) {
  %o, %l = sparsity.attention %q, %k, %v mask(#sparsity.all_of<[#sparsity.window<right = 0>, #sparsity.any_of<[#sparsity.window<left = 16>, #sparsity.strided<period = 16, offset = 3>, #sparsity.prefix<length = 4>]>]>) : (tensor<2x?x64xf16>, tensor<1x?x64xf16>, tensor<1x?x64xf16>) -> (tensor<2x?x64xf16>, tensor<2x?xf32>)
  return %o, %l : tensor<2x?x64xf16>, tensor<2x?xf32>
}

func.func @intersection(%q: tensor<1x70x16xf32>, %k: tensor<1x130x16xf32>, %v: tensor<1x130x16xf32>) -> (tensor<1x70x16xf32>, tensor<1x70xf32>) {
  %o, %l = sparsity.attention %q, %k, %v mask(#sparsity.all_of<[#sparsity.strided<period = 3>, #sparsity.strided<period = 5, offset = 1>, #sparsity.window<left = 50>]>) : (tensor<1x70x16xf32>, tensor<1x130x16xf32>, tensor<1x130x16xf32>) -> (tensor<1x70x16xf32>, tensor<1x70xf32>)
  return %o, %l : tensor<1x70x16xf32>, tensor<1x70xf32>
}

func.func @float8(%q: tensor<4x33x64xf8E4M3FN>, %k: tensor<2x77x64xf8E4M3FN>, %v: tensor<2x77x64xf8E4M3FN>) -> (tensor<4x33x64xf32>, tensor<4x33xf32>) {
  %o, %l = sparsity.attention %q, %k, %v mask(#sparsity.window<right = 0>) : (tensor<4x33x64xf8E4M3FN>, tensor<2x77x64xf8E4M3FN>, tensor<2x77x64xf8E4M3FN>) -> (tensor<4x33x64xf32>, tensor<4x33xf32>)
  return %o, %l : tensor<4x33x64xf32>, tensor<4x33xf32>
}

func.func @smallest(%q: tensor<1x5x1xf32>, %k: tensor<1x90x1xf32>, %v: tensor<1x90x1xf32>) -> (tensor<1x5x1xf32>, tensor<1x5xf32>) {
  %o, %l = sparsity.attention %q, %k, %v : (tensor<1x5x1xf32>, tensor<1x90x1xf32>, tensor<1x90x1xf32>) -> (tensor<1x5x1xf32>, tensor<1x5xf32>)
  return %o, %l : tensor<1x5x1xf32>, tensor<1x5xf32>
}

func.func @largest(%q: tensor<1x5x256xf32>, %k: tensor<1x90x256xf32>, %v: tensor<1x90x256xf32>) -> (tensor<1x5x256xf32>, tensor<1x5xf32>) {
  %o, %l = sparsity.attention %q, %k, %v mask(#sparsity.prefix<length = 1000>) : (tensor<1x5x256xf32>, tensor<1x90x256xf32>, tensor<1x90x256xf32>) -> (tensor<1x5x256xf32>, tensor<1x5xf32>)
  return %o, %l : tensor<1x5x256xf32>, tensor<1x5xf32>
}

func.func @negative(%q: tensor<1x40x24xf32>, %k: tensor<1x90x24xf32>, %v: tensor<1x90x24xf32>) -> (tensor<1x40x24xf32>, tensor<1x40xf32>) {
  %o, %l = sparsity.attention %q, %k, %v mask(#sparsity.strided<period = 4>) scale(-0.25) : (tensor<1x40x24xf32>, tensor<1x90x24xf32>, tensor<1x90x24xf32>) -> (tensor<1x40x24xf32>, tensor<1x40xf32>)
  return %o, %l : tensor<1x40x24xf32>, tensor<1x40xf32>
}
