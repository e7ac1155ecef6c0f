// Weights of a pattern that are stored as a dense tensor, and blocks that are stored together: as
// arguments that are packed, pruned or read from files, and as constants.

// DEFINE: %{run} = sparsity-run %s --device=cpu --check --check-inputs
// RUN: %{run} --density=1:0.5 | FileCheck %s --check-prefixes=CHECK,NOTHING
// RUN: %{run} --entry=n_of_m | FileCheck %s --check-prefixes=CHECK,NOTHING
// RUN: %{run} --entry=unstructured --density=1:0.3 | FileCheck %s --check-prefixes=CHECK,NOTHING
// RUN: %{run} --entry=prune | FileCheck %s --check-prefixes=CHECK,NOTHING
// RUN: %{run} --entry=transposed | FileCheck %s
// RUN: %{run} --entry=decoded | FileCheck %s
// RUN: %{run} --entry=constant | FileCheck %s
// RUN: %{run} --entry=merged --density=1:0.1 | FileCheck %s
// RUN: %{run} --entry=merged_constant | FileCheck %s
// RUN: %{run} --entry=pruned_blocks | FileCheck %s
// RUN: %{run} --entry=pruned_dense | FileCheck %s --check-prefixes=CHECK,NOTHING
// RUN: %if cuda %{ sparsity-run %s --device=cuda --check | FileCheck %s %}
// RUN: %if cuda %{ sparsity-run %s --device=cuda --check --entry=merged | FileCheck %s %}
// NOTHING: skipped: 0.0 % of weight bytes
// CHECK: check: result 0: {{.*}}: ok

// Values that do not fit the pattern are refused where they are packed.
// RUN: rm -rf %t && mkdir %t
// RUN: python3 %S/Inputs/write_npy.py %t/x.npy f4 2x4 1 2 3 4 5 6 7 8
// RUN: python3 %S/Inputs/write_npy.py %t/w.npy f4 2x4 1 0 2 0 3 4 5 0
// RUN: not sparsity-run %s --device=cpu --entry=small --input=0:%t/x.npy --input=1:%t/w.npy 2>&1 | FileCheck %s --check-prefix=MISFIT
// RUN: not sparsity-run %s --device=cpu --entry=small --input=0:%t/x.npy --input=1.values:%t/w.npy 2>&1 | FileCheck %s --check-prefix=MISFIT
// MISFIT: error: {{.*}}expected at most 2 non-zero elements in each group of 4 along axis 1, but got 3

#matmul = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>]
!X = tensor<9x40xf16>
!Y = tensor<9x24xf32>
!Dense = tensor<24x40xf16>
!Blocks = tensor<24x40xf16, #sparsity.stored_dense<#sparsity.block<16x16>>>
!Pattern = tensor<24x40xf16, #sparsity.stored_dense<#sparsity.n_of_m<2:4, axis = 1>>>
!Bits = tensor<24x40xf16, #sparsity.stored_dense<#sparsity.unstructured>>
!Merged = tensor<24x40xf16, #sparsity.block<8x8, merged = 16x24>>

func.func @main(%x: !X, %w: !Blocks) -> !Y {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : !Y
  %init = linalg.fill ins(%zero : f32) outs(%e : !Y) -> !Y
  %y = linalg.matmul indexing_maps = #matmul ins(%x, %w : !X, !Blocks) outs(%init : !Y) -> !Y
  return %y : !Y
}

func.func @n_of_m(%x: !X, %w: !Pattern) -> !Y {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : !Y
  %init = linalg.fill ins(%zero : f32) outs(%e : !Y) -> !Y
  %y = linalg.matmul indexing_maps = #matmul ins(%x, %w : !X, !Pattern) outs(%init : !Y) -> !Y
  return %y : !Y
}

func.func @unstructured(%x: !X, %w: !Bits) -> !Y {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : !Y
  %init = linalg.fill ins(%zero : f32) outs(%e : !Y) -> !Y
  %y = linalg.matmul indexing_maps = #matmul ins(%x, %w : !X, !Bits) outs(%init : !Y) -> !Y
  return %y : !Y
}

// The oracle prunes as the packer does.
func.func @prune(%x: !X, %d: !Dense) -> !Y {
  %zero = arith.constant 0.0 : f32
  %w = sparsity.prune %d : !Dense to !Pattern
  %e = tensor.empty() : !Y
  %init = linalg.fill ins(%zero : f32) outs(%e : !Y) -> !Y
  %y = linalg.matmul indexing_maps = #matmul ins(%x, %w : !X, !Pattern) outs(%init : !Y) -> !Y
  return %y : !Y
}

func.func @transposed(%x: !X, %w: tensor<40x24xf16, #sparsity.stored_dense<#sparsity.block<8x16>>>) -> !Y {
  %zero = arith.constant 0.0 : f32
  %t = tensor.empty() : !Dense
  %v = linalg.transpose ins(%w : tensor<40x24xf16, #sparsity.stored_dense<#sparsity.block<8x16>>>)
      outs(%t : !Dense) permutation = [1, 0]
  %e = tensor.empty() : !Y
  %init = linalg.fill ins(%zero : f32) outs(%e : !Y) -> !Y
  %y = linalg.matmul indexing_maps = #matmul ins(%x, %v : !X, !Dense) outs(%init : !Y) -> !Y
  return %y : !Y
}

func.func @decoded(%w: !Blocks, %v: !Merged) -> !Dense {
  %a = sparsity.decode %w : !Blocks to !Dense
  %b = sparsity.decode %v : !Merged to !Dense
  %e = tensor.empty() : !Dense
  %sum = linalg.add ins(%a, %b : !Dense, !Dense) outs(%e : !Dense) -> !Dense
  return %sum : !Dense
}

func.func @constant(%x: tensor<3x4xf32>) -> tensor<3x4xf32> {
  %c = arith.constant dense<[[1.0, 2.0, 0.0, 0.0], [0.0, 0.0, 0.0, -0.0], [3.0, 0.0, 0.0, 4.0], [0.0, 5.0, 6.0, 0.0]]> : tensor<4x4xf32>
  %w = sparsity.encode %c : tensor<4x4xf32> to tensor<4x4xf32, #sparsity.stored_dense<#sparsity.n_of_m<2:4, axis = 1>>>
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<3x4xf32>
  %init = linalg.fill ins(%zero : f32) outs(%e : tensor<3x4xf32>) -> tensor<3x4xf32>
  %y = linalg.matmul indexing_maps = #matmul
      ins(%x, %w : tensor<3x4xf32>, tensor<4x4xf32, #sparsity.stored_dense<#sparsity.n_of_m<2:4, axis = 1>>>)
      outs(%init : tensor<3x4xf32>) -> tensor<3x4xf32>
  return %y : tensor<3x4xf32>
}

func.func @merged(%x: !X, %w: !Merged) -> !Y {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : !Y
  %init = linalg.fill ins(%zero : f32) outs(%e : !Y) -> !Y
  %y = linalg.matmul indexing_maps = #matmul ins(%x, %w : !X, !Merged) outs(%init : !Y) -> !Y
  return %y : !Y
}

func.func @merged_constant(%x: tensor<3x4xf32>) -> tensor<3x4xf32> {
  %c = arith.constant dense<[[1.0, 2.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0], [3.0, 0.0, 0.0, 4.0], [0.0, 5.0, 6.0, 0.0]]> : tensor<4x4xf32>
  %w = sparsity.encode %c : tensor<4x4xf32> to tensor<4x4xf32, #sparsity.block<1x2, merged = 2x2>>
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<3x4xf32>
  %init = linalg.fill ins(%zero : f32) outs(%e : tensor<3x4xf32>) -> tensor<3x4xf32>
  %y = linalg.matmul indexing_maps = #matmul
      ins(%x, %w : tensor<3x4xf32>, tensor<4x4xf32, #sparsity.block<1x2, merged = 2x2>>)
      outs(%init : tensor<3x4xf32>) -> tensor<3x4xf32>
  return %y : tensor<3x4xf32>
}

func.func @pruned_dense(%x: !X, %d: !Dense) -> !Y {
  %zero = arith.constant 0.0 : f32
  %w = sparsity.prune %d : !Dense to !Blocks
  %e = tensor.empty() : !Y
  %init = linalg.fill ins(%zero : f32) outs(%e : !Y) -> !Y
  %y = linalg.matmul indexing_maps = #matmul ins(%x, %w : !X, !Blocks) outs(%init : !Y) -> !Y
  return %y : !Y
}

// What is kept is chosen by block, what is stored by unit.
func.func @pruned_blocks(%x: !X, %d: !Dense) -> !Y {
  %zero = arith.constant 0.0 : f32
  %w = sparsity.prune %d : !Dense to !Merged
  %e = tensor.empty() : !Y
  %init = linalg.fill ins(%zero : f32) outs(%e : !Y) -> !Y
  %y = linalg.matmul indexing_maps = #matmul ins(%x, %w : !X, !Merged) outs(%init : !Y) -> !Y
  return %y : !Y
}

func.func @small(%x: tensor<2x4xf32>, %w: tensor<2x4xf32, #sparsity.stored_dense<#sparsity.n_of_m<2:4, axis = 1>>>) -> tensor<2x2xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<2x2xf32>
  %init = linalg.fill ins(%zero : f32) outs(%e : tensor<2x2xf32>) -> tensor<2x2xf32>
  %y = linalg.matmul indexing_maps = #matmul
      ins(%x, %w : tensor<2x4xf32>, tensor<2x4xf32, #sparsity.stored_dense<#sparsity.n_of_m<2:4, axis = 1>>>)
      outs(%init : tensor<2x2xf32>) -> tensor<2x2xf32>
  return %y : tensor<2x2xf32>
}
