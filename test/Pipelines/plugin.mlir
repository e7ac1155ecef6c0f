// LLVM's own mlir-opt with this project loaded: parsing, the encoding's verifier (called
// by the host's tensor type) and a pass.

// REQUIRES: plugin, mlir-opt

// RUN: split-file %s %t
// RUN: mlir-opt %t/valid.mlir --load-dialect-plugin=%sparsity_plugin \
// RUN:   --load-pass-plugin=%sparsity_plugin \
// RUN:   --pass-pipeline='builtin.module(sparsity-simplify-encodings)' | FileCheck %s
// RUN: not mlir-opt %t/invalid.mlir --load-dialect-plugin=%sparsity_plugin 2>&1 \
// RUN:   | FileCheck %s --check-prefix=ERROR

// CHECK-LABEL: func.func @weights
// CHECK-SAME: #sparsity.n_of_m<2:4, axis = 1>
// ERROR: error: expected {{.*}}, but got

//--- valid.mlir
func.func @weights(%w: tensor<16x64xf16,
    #sparsity.all_of<[#sparsity.n_of_m<2:4, axis = 1>]>>) {
  return
}

//--- invalid.mlir
func.func private @weights(%w: tensor<16x64xf16, #sparsity.n_of_m<5:4, axis = 1>>)
