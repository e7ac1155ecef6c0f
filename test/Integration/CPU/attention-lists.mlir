// Attention under masks whose buffers are arguments, and with an offset that is one.

// RUN: python3 %S/Inputs/attention_lists.py %t.fields
// RUN: sparsity-run %s --entry=documents --device=cpu --check --input=3:%t.fields/lo.npy --input=4:%t.fields/hi.npy | FileCheck %s
// RUN: sparsity-run %s --entry=blocks --device=cpu --check --input=3:%t.fields/positions.npy --input=4:%t.fields/coordinates.npy | FileCheck %s
// RUN: sparsity-run %s --entry=bounded --device=cpu --check --input=3:%t.fields/positions.npy --input=4:%t.fields/coordinates.npy | FileCheck %s
// A tile of rows would meet two groups: the list is searched key by key.
// RUN: sed 's/block<16x20>/block<14x20>/' %s > %t.unaligned.mlir
// RUN: sparsity-run %t.unaligned.mlir --entry=blocks --device=cpu --check --input=3:%t.fields/positions.npy --input=4:%t.fields/coordinates.npy | FileCheck %s
// RUN: sparsity-run %s --entry=cache --device=cpu --check --input=3:%t.fields/cached.npy | FileCheck %s
// RUN: sparsity-run %s --entry=cache --device=cpu --check --input=3:%t.fields/before.npy | FileCheck %s
// RUN: sparsity-run %s --entry=cache --device=cpu --check --input=3:%t.fields/beyond.npy | FileCheck %s
// Rows that the buffers lack see no key.
// RUN: sparsity-run %s --entry=shifted --device=cpu --check --input=3:%t.fields/lo.npy --input=4:%t.fields/hi.npy --input=5:%t.fields/before.npy | FileCheck %s
// RUN: sparsity-run %s --entry=shifted --device=cpu --check --input=3:%t.fields/lo.npy --input=4:%t.fields/hi.npy --input=5:%t.fields/cached.npy | FileCheck %s
// RUN: sparsity-run %s --entry=shiftedBlocks --device=cpu --check --input=3:%t.fields/positions.npy --input=4:%t.fields/coordinates.npy --input=5:%t.fields/before.npy | FileCheck %s
// RUN: sparsity-run %s --entry=shiftedBlocks --device=cpu --check --input=3:%t.fields/positions.npy --input=4:%t.fields/coordinates.npy --input=5:%t.fields/cached.npy | FileCheck %s

// CHECK-NOT: FAILED
// CHECK: check: result 0: {{.*}}: ok
// CHECK: check: result 1: {{.*}}: ok

!Q = tensor<2x70x16xf32>
!K = tensor<2x130x16xf32>
!L = tensor<2x70xf32>

func.func @documents(%q: !Q, %k: !Q, %v: !Q, %lo: tensor<70xi32>, %hi: tensor<70xi32>) -> (!Q, !L) {
  %o, %l = sparsity.attention %q, %k, %v mask(#sparsity.all_of<[#sparsity.window<right = 0>, #sparsity.segments]>, %lo, %hi : tensor<70xi32>, tensor<70xi32>) : (!Q, !Q, !Q) -> (!Q, !L)
  return %o, %l : !Q, !L
}

func.func @blocks(%q: !Q, %k: !K, %v: !K, %p: tensor<6xi32>, %c: tensor<?xi32>) -> (!Q, !L) {
  %o, %l = sparsity.attention %q, %k, %v mask(#sparsity.block<16x20>, %p, %c : tensor<6xi32>, tensor<?xi32>) : (!Q, !K, !K) -> (!Q, !L)
  return %o, %l : !Q, !L
}

func.func @bounded(%q: !Q, %k: !K, %v: !K, %p: tensor<6xi32>, %c: tensor<?xi32>) -> (!Q, !L) {
  %o, %l = sparsity.attention %q, %k, %v mask(#sparsity.all_of<[#sparsity.block<16x20>, #sparsity.window<left = 9>, #sparsity.strided<period = 2>]>, %p, %c : tensor<6xi32>, tensor<?xi32>) : (!Q, !K, !K) -> (!Q, !L)
  return %o, %l : !Q, !L
}

func.func @cache(%q: !Q, %k: !K, %v: !K, %at: index) -> (!Q, !L) {
  %o, %l = sparsity.attention %q, %k, %v mask(#sparsity.window<left = 40, right = 0>) offset(%at) : (!Q, !K, !K) -> (!Q, !L)
  return %o, %l : !Q, !L
}

func.func @shifted(%q: !Q, %k: !K, %v: !K, %lo: tensor<?xi32>, %hi: tensor<?xi32>, %at: index) -> (!Q, !L) {
  %o, %l = sparsity.attention %q, %k, %v mask(#sparsity.segments, %lo, %hi : tensor<?xi32>, tensor<?xi32>) offset(%at) : (!Q, !K, !K) -> (!Q, !L)
  return %o, %l : !Q, !L
}

func.func @shiftedBlocks(%q: !Q, %k: !K, %v: !K, %p: tensor<?xi32>, %c: tensor<?xi32>, %at: index) -> (!Q, !L) {
  %o, %l = sparsity.attention %q, %k, %v mask(#sparsity.block<16x20>, %p, %c : tensor<?xi32>, tensor<?xi32>) offset(%at) : (!Q, !K, !K) -> (!Q, !L)
  return %o, %l : !Q, !L
}
