// RUN: sparsity-opt %s | sparsity-opt | FileCheck %s
// RUN: sparsity-opt %s -mlir-print-op-generic | sparsity-opt | FileCheck %s
// RUN: sparsity-opt %s -emit-bytecode | sparsity-opt | FileCheck %s

// CHECK-LABEL: func.func private @n_of_m(
// CHECK-SAME: tensor<14336x4096xbf16, #sparsity.n_of_m<2:4, axis = 1>>
// CHECK-SAME: tensor<?x?xf8E4M3FN, #sparsity.n_of_m<1:16, axis = 0>>
// CHECK-SAME: tensor<8x14336x4095xi8, #sparsity.n_of_m<3:5, axis = 2>>
// CHECK-SAME: tensor<7xf32, #sparsity.n_of_m<15:16, axis = 0>>
// CHECK-SAME: tensor<0x4xf8E5M2, #sparsity.n_of_m<2:4, axis = 1>>
// CHECK-SAME: tensor<65x130xf16, #sparsity.n_of_m<2:4, axis = 1, layout = core_matrix>>
// CHECK-SAME: tensor<64x64xf32, #sparsity.n_of_m<1:2, axis = 0, layout = core_matrix>>
// CHECK-SAME: tensor<64x64xi8, #sparsity.n_of_m<1:4, axis = 0, layout = core_matrix>>
func.func private @n_of_m(
  tensor<14336x4096xbf16, #sparsity.n_of_m<2:4, axis = 1>>,
  tensor<?x?xf8E4M3FN, #sparsity.n_of_m<1:16, axis = 0>>,
  tensor<8x14336x4095xi8, #sparsity.n_of_m<3:5, axis = 2>>,
  tensor<7xf32, #sparsity.n_of_m<15:16, axis = 0, layout = row_major>>,
  tensor<0x4xf8E5M2, #sparsity.n_of_m<2:4, axis = 1>>,
  tensor<65x130xf16, #sparsity.n_of_m<2:4, axis = 1, layout = core_matrix>>,
  tensor<64x64xf32, #sparsity.n_of_m<1:2, axis = 0, layout = core_matrix>>,
  tensor<64x64xi8, #sparsity.n_of_m<1:4, axis = 0, layout = core_matrix>>)

// CHECK-LABEL: func.func private @block(
// CHECK-SAME: tensor<4096x4096xf16, #sparsity.block<64x64>>
// CHECK-SAME: tensor<?x100xf16, #sparsity.block<1x256>>
// CHECK-SAME: tensor<4096x4096xf16, #sparsity.block<64x32, inner = #sparsity.n_of_m<2:4, axis = 1>>>
// CHECK-SAME: tensor<?x?xf16, #sparsity.block<64x64, inner = #sparsity.n_of_m<2:4, axis = 0, layout = core_matrix>>>
// CHECK-SAME: tensor<?x?xf16, #sparsity.block<64x64, ordered>>
// CHECK-SAME: tensor<64x64xf16, #sparsity.block<64x64, inner = #sparsity.n_of_m<2:4, axis = 0>, ordered>>
// CHECK-SAME: tensor<64x64xf16, #sparsity.block<32x16, merged = 64x64>>
// CHECK-SAME: tensor<64x64xf16, #sparsity.block<32x16, merged = 64x64, ordered>>
func.func private @block(
  tensor<4096x4096xf16, #sparsity.block<64x64>>,
  tensor<?x100xf16, #sparsity.block<1x256>>,
  tensor<4096x4096xf16, #sparsity.block<64x32, inner = #sparsity.n_of_m<2:4, axis = 1>>>,
  tensor<?x?xf16, #sparsity.block<64x64, inner = #sparsity.n_of_m<2:4, axis = 0, layout = core_matrix>>>,
  tensor<?x?xf16, #sparsity.block<64x64, ordered>>,
  tensor<64x64xf16, #sparsity.block<64x64, inner = #sparsity.n_of_m<2:4, axis = 0>, ordered>>,
  tensor<64x64xf16, #sparsity.block<32x16, merged = 64x64>>,
  tensor<64x64xf16, #sparsity.block<32x16, merged = 64x64, ordered>>)

// CHECK-LABEL: func.func private @stored_dense(
// CHECK-SAME: tensor<64x64xf16, #sparsity.stored_dense<#sparsity.block<16x16>>>
// CHECK-SAME: tensor<?x64xf16, #sparsity.stored_dense<#sparsity.n_of_m<2:4, axis = 1>>>
// CHECK-SAME: tensor<64x64xf16, #sparsity.stored_dense<#sparsity.unstructured>>
func.func private @stored_dense(
  tensor<64x64xf16, #sparsity.stored_dense<#sparsity.block<16x16>>>,
  tensor<?x64xf16, #sparsity.stored_dense<#sparsity.n_of_m<2:4, axis = 1>>>,
  tensor<64x64xf16, #sparsity.stored_dense<#sparsity.unstructured>>)

// CHECK-LABEL: func.func private @unstructured(
// CHECK-SAME: tensor<4096x14336xbf16, #sparsity.unstructured>
// CHECK-SAME: tensor<?x?xbf16, #sparsity.unstructured>
// CHECK-SAME: tensor<4096x14336xbf16, #sparsity.unstructured<tile = 16x64>>
// CHECK-SAME: tensor<?x100xf16, #sparsity.unstructured<layout = fragments>>
// CHECK-SAME: tensor<64x64xf32, #sparsity.unstructured>
func.func private @unstructured(
  tensor<4096x14336xbf16, #sparsity.unstructured>,
  tensor<?x?xbf16, #sparsity.unstructured<tile = 64x64>>,
  tensor<4096x14336xbf16, #sparsity.unstructured<tile = 16x64>>,
  tensor<?x100xf16, #sparsity.unstructured<tile = 64x64, layout = fragments>>,
  tensor<64x64xf32, #sparsity.unstructured<layout = row_major>>)

// CHECK-LABEL: func.func private @masks(
// CHECK-SAME: tensor<32x?x?xi1, #sparsity.window<left = 4096, right = 0>>
// CHECK-SAME: tensor<8x8xf32, #sparsity.window<right = 0>>
// CHECK-SAME: tensor<8x8xf32, #sparsity.window<left = 0>>
// CHECK-SAME: tensor<8x8xf32, #sparsity.window<left = 1, right = 2>>
// CHECK-SAME: tensor<8x8xi1, #sparsity.strided<period = 512>>
// CHECK-SAME: tensor<8x8xi1, #sparsity.strided<period = 512, offset = 511>>
// CHECK-SAME: tensor<8xi1, #sparsity.prefix<length = 4>>
func.func private @masks(
  tensor<32x?x?xi1, #sparsity.window<left = 4096, right = 0>>,
  tensor<8x8xf32, #sparsity.window<right = 0>>,
  tensor<8x8xf32, #sparsity.window<left = 0>>,
  tensor<8x8xf32, #sparsity.window<right = 2, left = 1>>,
  tensor<8x8xi1, #sparsity.strided<period = 512, offset = 0>>,
  tensor<8x8xi1, #sparsity.strided<period = 512, offset = 511>>,
  tensor<8xi1, #sparsity.prefix<length = 4>>)

// CHECK-LABEL: func.func private @run_time(
// CHECK-SAME: tensor<32x?x?xf32, #sparsity.segments>
// CHECK-SAME: tensor<?x8xf32, #sparsity.gate<top_k = 2>>
// CHECK-SAME: tensor<64x?xbf16, #sparsity.gate<top_k = 200>>
// CHECK-SAME: tensor<?x4096xbf16, #sparsity.activation<threshold = 5.000000e-02>>
// CHECK-SAME: tensor<?x4096xbf16, #sparsity.activation<threshold = 0.12345678901234568>>
// CHECK-SAME: tensor<?x4096xbf16, #sparsity.activation<top_k = 128>>
// CHECK-SAME: tensor<?x?xi8, #sparsity.activation<relu>>
func.func private @run_time(
  tensor<32x?x?xf32, #sparsity.segments>,
  tensor<?x8xf32, #sparsity.gate<top_k = 2>>,
  tensor<64x?xbf16, #sparsity.gate<top_k = 200>>,
  tensor<?x4096xbf16, #sparsity.activation<threshold = 0.05>>,
  tensor<?x4096xbf16, #sparsity.activation<threshold = 0.12345678901234568>>,
  tensor<?x4096xbf16, #sparsity.activation<top_k = 128>>,
  tensor<?x?xi8, #sparsity.activation<relu>>)

// Longformer, causal: local, strided and global columns.
// CHECK: func.func private @composed(tensor<?x?xi1, #sparsity.all_of<[#sparsity.window<right = 0>, #sparsity.any_of<[#sparsity.window<left = 512>, #sparsity.strided<period = 512>, #sparsity.prefix<length = 4>]>]>>
// CHECK-SAME: tensor<?x?xf16, #sparsity.all_of<[#sparsity.segments, #sparsity.window<right = 0>]>>
// CHECK-SAME: tensor<64x64xf16, #sparsity.all_of<[#sparsity.window<right = 0>, #sparsity.n_of_m<2:4, axis = 1>]>>
func.func private @composed(
  tensor<?x?xi1, #sparsity.all_of<[#sparsity.window<right = 0>, #sparsity.any_of<[#sparsity.window<left = 512>, #sparsity.strided<period = 512>, #sparsity.prefix<length = 4>]>]>>,
  tensor<?x?xf16, #sparsity.all_of<[#sparsity.segments, #sparsity.window<right = 0>]>>,
  tensor<64x64xf16, #sparsity.all_of<[#sparsity.window<right = 0>, #sparsity.n_of_m<2:4, axis = 1>]>>)
