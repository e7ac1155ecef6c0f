// Arguments from files, results to files.

// Random values from @random, written, are the input of @main.
// RUN: rm -rf %t && mkdir %t
// RUN: sparsity-run %s --device=cpu --entry=random --output=0:%t/w.npy
// RUN: sparsity-run %s --device=cpu --input=0:%t/w.npy --output=0:%t/y.npy --check | FileCheck %s
// RUN: sparsity-run %s --device=cpu --input=0:%t/w.npy --output=0:%t/z.npy --seed=5
// RUN: cmp %t/y.npy %t/z.npy
// CHECK: result 0: 6x16 f32 (cpu)
// CHECK: check: {{.*}}: ok

// A given size has to be that of the file.
// RUN: sparsity-run %s --device=cpu --shape=0:6x16 --input=0:%t/w.npy | FileCheck %s --check-prefix=BOTH
// BOTH: result 0: 6x16 f32
// RUN: not sparsity-run %s --device=cpu --shape=0:7x16 --input=0:%t/w.npy 2>&1 | FileCheck %s --check-prefix=SIZES
// SIZES: sparsity-run: error: expected input 0 of shape 7x16, but got 6x16 in '{{.*}}w.npy'

// RUN: not sparsity-run %s --device=cpu --entry=wide --input=0:%t/w.npy 2>&1 | FileCheck %s --check-prefix=SHAPE
// SHAPE: sparsity-run: error: expected input 0 of shape 6x17, but got 6x16 in '{{.*}}w.npy'

// RUN: not sparsity-run %s --device=cpu --entry=half --input=0:%t/w.npy 2>&1 | FileCheck %s --check-prefix=TYPE
// TYPE: sparsity-run: error: input 0: {{.*}}f16

// Dense values do not fit a pattern; `prune` makes them fit, `encode` does not.
// RUN: not sparsity-run %s --device=cpu --entry=encoded --input=0:%t/w.npy 2>&1 | FileCheck %s --check-prefix=FIT
// RUN: not sparsity-run %s --device=cpu --entry=encode --input=0:%t/w.npy 2>&1 | FileCheck %s --check-prefix=FIT
// FIT: sparsity-run: error: argument 0: expected at most 2 non-zero elements in each group of 4 along axis 1, but got 4 at row 0, elements 0..3
// RUN: sparsity-run %s --device=cpu --entry=prune --input=0:%t/w.npy --check | FileCheck %s --check-prefix=PRUNE
// PRUNE: check: {{.*}}: ok
// RUN: sparsity-run %s --device=cpu --entry=encode --check | FileCheck %s --check-prefix=PRUNE
// RUN: sparsity-run %s --device=cpu --entry=encoded --check | FileCheck %s --check-prefix=PRUNE

#two_of_four = #sparsity.n_of_m<2:4, axis = 1>

func.func @main(%x: tensor<?x16xf32>) -> tensor<?x16xf32> {
  %c0 = arith.constant 0 : index
  %m = tensor.dim %x, %c0 : tensor<?x16xf32>
  %empty = tensor.empty(%m) : tensor<?x16xf32>
  %y = linalg.add ins(%x, %x : tensor<?x16xf32>, tensor<?x16xf32>)
                  outs(%empty : tensor<?x16xf32>) -> tensor<?x16xf32>
  return %y : tensor<?x16xf32>
}

func.func @random(%x: tensor<6x16xf32>) -> tensor<6x16xf32> {
  %empty = tensor.empty() : tensor<6x16xf32>
  %y = linalg.add ins(%x, %x : tensor<6x16xf32>, tensor<6x16xf32>)
                  outs(%empty : tensor<6x16xf32>) -> tensor<6x16xf32>
  return %y : tensor<6x16xf32>
}

func.func @wide(%x: tensor<6x17xf32>) -> tensor<6x17xf32> {
  %empty = tensor.empty() : tensor<6x17xf32>
  %y = linalg.add ins(%x, %x : tensor<6x17xf32>, tensor<6x17xf32>)
                  outs(%empty : tensor<6x17xf32>) -> tensor<6x17xf32>
  return %y : tensor<6x17xf32>
}

func.func @half(%x: tensor<6x16xf16>) -> tensor<6x16xf16> {
  %empty = tensor.empty() : tensor<6x16xf16>
  %y = linalg.add ins(%x, %x : tensor<6x16xf16>, tensor<6x16xf16>)
                  outs(%empty : tensor<6x16xf16>) -> tensor<6x16xf16>
  return %y : tensor<6x16xf16>
}

func.func @encoded(%w: tensor<6x16xf32, #two_of_four>, %x: tensor<16xf32>) -> tensor<6xf32> {
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<6xf32>
  %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<6xf32>) -> tensor<6xf32>
  %y = linalg.generic {
      indexing_maps = [affine_map<(n, k) -> (n, k)>, affine_map<(n, k) -> (k)>,
                       affine_map<(n, k) -> (n)>],
      iterator_types = ["parallel", "reduction"]}
      ins(%w, %x : tensor<6x16xf32, #two_of_four>, tensor<16xf32>) outs(%init : tensor<6xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %0 = arith.mulf %a, %b : f32
    %1 = arith.addf %c, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<6xf32>
  return %y : tensor<6xf32>
}

func.func @encode(%d: tensor<6x16xf32>, %x: tensor<16xf32>) -> tensor<6xf32> {
  %w = sparsity.encode %d : tensor<6x16xf32> to tensor<6x16xf32, #two_of_four>
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<6xf32>
  %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<6xf32>) -> tensor<6xf32>
  %y = linalg.generic {
      indexing_maps = [affine_map<(n, k) -> (n, k)>, affine_map<(n, k) -> (k)>,
                       affine_map<(n, k) -> (n)>],
      iterator_types = ["parallel", "reduction"]}
      ins(%w, %x : tensor<6x16xf32, #two_of_four>, tensor<16xf32>) outs(%init : tensor<6xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %0 = arith.mulf %a, %b : f32
    %1 = arith.addf %c, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<6xf32>
  return %y : tensor<6xf32>
}

func.func @prune(%d: tensor<6x16xf32>, %x: tensor<16xf32>) -> tensor<6xf32> {
  %w = sparsity.prune %d : tensor<6x16xf32> to tensor<6x16xf32, #two_of_four>
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<6xf32>
  %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<6xf32>) -> tensor<6xf32>
  %y = linalg.generic {
      indexing_maps = [affine_map<(n, k) -> (n, k)>, affine_map<(n, k) -> (k)>,
                       affine_map<(n, k) -> (n)>],
      iterator_types = ["parallel", "reduction"]}
      ins(%w, %x : tensor<6x16xf32, #two_of_four>, tensor<16xf32>) outs(%init : tensor<6xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %0 = arith.mulf %a, %b : f32
    %1 = arith.addf %c, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<6xf32>
  return %y : tensor<6xf32>
}
