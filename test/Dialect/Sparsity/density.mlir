// RUN: sparsity-opt %s | sparsity-opt | FileCheck %s
// RUN: sparsity-opt %s --mlir-print-op-generic | sparsity-opt | FileCheck %s
// RUN: sparsity-opt %s --sparsity-densify | FileCheck %s --check-prefix=DENSE
// RUN: sparsity-opt %s --sparsity-select-config --sparsity-resolve-storage | FileCheck %s --check-prefix=RESOLVED

// A hint on lists of every kind, which the oracle has no use for, and nobody once the storage of a
// function is resolved.

// DENSE-NOT: sparsity.density

// CHECK: func.func private @declared(tensor<64x64xf16, #sparsity.unstructured> {sparsity.density = 1.000000e+00 : f64})
// DENSE: func.func private @declared(tensor<64x64xf16>)
func.func private @declared(tensor<64x64xf16, #sparsity.unstructured> {sparsity.density = 1.0 : f64})

#bsr = #sparse_tensor.encoding<{map = (d0, d1) -> (d0 floordiv 16 : dense, d1 floordiv 16 : compressed,
                                                   d0 mod 16 : dense, d1 mod 16 : dense)}>

// CHECK-LABEL: func.func @lists
// CHECK-SAME: tensor<64x64xf16, #sparsity.block<16x16>> {sparsity.density = 2.500000e-01 : f64}
// CHECK-SAME: {sparsity.density = 1.000000e-01 : f64}
// DENSE-LABEL: func.func @lists
// DENSE-SAME: (%{{.*}}: tensor<64x64xf16>, %{{.*}}: tensor<64x64xf16>)
// RESOLVED-LABEL: func.func @lists
// RESOLVED-NOT: sparsity.density
// RESOLVED: return
func.func @lists(%v: tensor<64x64xf16, #sparsity.block<16x16>> {sparsity.density = 0.25 : f64},
                 %w: tensor<64x64xf16, #bsr> {sparsity.density = 0.1 : f64}) {
  return
}
