// 8-bit floats are integers after the pass, except to the caller that `sparsity.abi`
// describes the function to. Their values are tested against APFloat in test/Unit.

// RUN: sparsity-opt %s --split-input-file --sparsity-expand-float8 --verify-diagnostics | FileCheck %s
// RUN: sparsity-opt %s --split-input-file --sparsity-expand-float8 --verify-diagnostics | FileCheck %s --check-prefix=NONE

// NONE-NOT: bitcast {{.*}} f8

// CHECK-LABEL: func.func @widen(
// CHECK-SAME: %[[X:.*]]: i8) -> f32
// CHECK: arith.extui %[[X]] : i8 to i32
// CHECK-NOT: arith.extf
// CHECK: arith.bitcast %{{.*}} : i32 to f32
func.func @widen(%x: f8E4M3FN) -> f32 {
  %0 = arith.extf %x : f8E4M3FN to f32
  return %0 : f32
}

// CHECK-LABEL: func.func @narrow(
// CHECK-SAME: %[[X:.*]]: vector<8xf16>) -> vector<8xi8>
// CHECK: arith.extf %[[X]] : vector<8xf16> to vector<8xf32>
// CHECK: arith.trunci %{{.*}} : vector<8xi32> to vector<8xi8>
func.func @narrow(%x: vector<8xf16>) -> vector<8xf8E5M2> {
  %0 = arith.truncf %x : vector<8xf16> to vector<8xf8E5M2>
  return %0 : vector<8xf8E5M2>
}

// Arithmetic is done in f32.
// CHECK-LABEL: func.func @add(
// CHECK-SAME: memref<?xi8>
// CHECK: memref.load %{{.*}} : memref<?xi8>
// CHECK: arith.addf %{{.*}}, %{{.*}} : f32
// CHECK: memref.store %{{.*}} : memref<?xi8>
func.func @add(%m: memref<?xf8E4M3FN>, %i: index) {
  %0 = memref.load %m[%i] : memref<?xf8E4M3FN>
  %1 = arith.addf %0, %0 : f8E4M3FN
  memref.store %1, %m[%i] : memref<?xf8E4M3FN>
  return
}

// 1.5 is 0x3c in E4M3FN and 0x3e in E5M2.
// CHECK: memref.global "private" constant @table : memref<2xi8> = dense<60>
memref.global "private" constant @table : memref<2xf8E4M3FN> = dense<1.5>
// CHECK-LABEL: func.func @constants() -> (i8, vector<4xi8>)
// CHECK-DAG: arith.constant 60 : i8
// CHECK-DAG: arith.constant dense<62> : vector<4xi8>
func.func @constants() -> (f8E4M3FN, vector<4xf8E5M2>) {
  %0 = arith.constant 1.5 : f8E4M3FN
  %1 = arith.constant dense<1.5> : vector<4xf8E5M2>
  return %0, %1 : f8E4M3FN, vector<4xf8E5M2>
}

// CHECK-LABEL: func.func @entry(
// CHECK-SAME: memref<4xi8>) attributes {sparsity.abi = [{arg = 0 : i64, kind = "tensor", type = tensor<4xf8E5M2>}]}
func.func @entry(%x: memref<4xf8E5M2>) attributes {sparsity.abi = [{arg = 0 : i64, kind = "tensor", type = tensor<4xf8E5M2>}]} {
  return
}

// A byte from memory is a number by a bitcast, in kernels.
// CHECK-LABEL: llvm.func @kernel(
// CHECK: %[[BYTE:.*]] = llvm.load
// CHECK: arith.extui %[[BYTE]] : i8 to i32
gpu.module @kernels {
  llvm.func @kernel(%p: !llvm.ptr, %q: !llvm.ptr) {
    %0 = llvm.load %p : !llvm.ptr -> i8
    %1 = arith.bitcast %0 : i8 to f8E4M3FN
    %2 = arith.extf %1 : f8E4M3FN to f32
    llvm.store %2, %q : f32, !llvm.ptr
    llvm.return
  }
}

// -----

func.func @upward(%x: f32) -> f8E4M3FN {
  // expected-error @below {{expected rounding to nearest even, but got upward}}
  %0 = arith.truncf %x upward : f32 to f8E4M3FN
  return %0 : f8E4M3FN
}
