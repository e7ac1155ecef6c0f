// The checkerboard of another dialect, run on the CPU: what the pipeline computes on
// buffers that hold elements of both colours is what the densified program computes.

// REQUIRES: mlir-opt

// RUN: split-file %s %t
// RUN: sparsity-test-opt %t/program.mlir --sparsity-to-cpu \
// RUN:   | mlir-translate -allow-unregistered-dialect --mlir-to-llvmir -o %t/sparse.ll
// RUN: sparsity-test-opt %t/program.mlir --sparsity-densify \
// RUN:   --one-shot-bufferize="bufferize-function-boundaries function-boundary-type-conversion=identity-layout-map" \
// RUN:   --convert-linalg-to-loops --convert-scf-to-cf --expand-strided-metadata \
// RUN:   --lower-affine --llvm-request-c-wrappers --convert-to-llvm \
// RUN:   --reconcile-unrealized-casts > %t/dense.mlir
// RUN: sed 's/@sparse(/@dense(/; s/@_mlir_ciface_sparse(/@_mlir_ciface_dense(/' %t/dense.mlir \
// RUN:   | mlir-translate --mlir-to-llvmir -o %t/dense.ll
// RUN: sparsity-opt %t/driver.mlir --convert-scf-to-cf --convert-to-llvm --reconcile-unrealized-casts \
// RUN:   | mlir-translate --mlir-to-llvmir -o %t/driver.ll
// RUN: lli --dlopen=%sparsity_runtime --dlopen=%llvm_lib/libmlir_c_runner_utils.so \
// RUN:   --extra-module=%t/sparse.ll --extra-module=%t/dense.ll %t/driver.ll | FileCheck %s

// Of 37 x 24 elements none differs, most are not zero, and most would differ without the
// mask.
// CHECK: 888
// CHECK-NEXT: 0
// CHECK-NEXT: {{[5-8][0-9][0-9]}}
// CHECK-NEXT: {{[5-8][0-9][0-9]}}

//--- program.mlir

#w = #test.checkerboard<8>

func.func @sparse(%x: tensor<?x40xf32>, %w: tensor<24x40xf32, #w>) -> tensor<?x24xf32> {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %tokens = tensor.dim %x, %c0 : tensor<?x40xf32>
  %empty = tensor.empty(%tokens) : tensor<?x24xf32>
  %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<?x24xf32>) -> tensor<?x24xf32>
  %y = linalg.matmul
      indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>,
                       affine_map<(m, n, k) -> (m, n)>]
      ins(%x, %w : tensor<?x40xf32>, tensor<24x40xf32, #w>)
      outs(%init : tensor<?x24xf32>) -> tensor<?x24xf32>
  return %y : tensor<?x24xf32>
}

//--- driver.mlir

func.func private @sparse(memref<?x40xf32>, memref<24x40xf32>, memref<?x24xf32>)
    attributes {llvm.emit_c_interface}
func.func private @dense(memref<?x40xf32>, memref<24x40xf32>) -> memref<?x24xf32>
    attributes {llvm.emit_c_interface}
func.func private @printI64(i64)
func.func private @printNewline()

// (row * rowFactor + column * columnFactor) mod 11 - 5: sums of products of such small
// integers are exact in any order.
func.func private @element(%row: index, %column: index, %rowFactor: index,
                           %columnFactor: index) -> f32 {
  %c5 = arith.constant 5 : index
  %c11 = arith.constant 11 : index
  %a = arith.muli %row, %rowFactor : index
  %b = arith.muli %column, %columnFactor : index
  %sum = arith.addi %a, %b : index
  %small = arith.remui %sum, %c11 : index
  %signed = arith.subi %small, %c5 : index
  %integer = arith.index_cast %signed : index to i32
  %value = arith.sitofp %integer : i32 to f32
  return %value : f32
}

func.func private @print(%count: i64) {
  func.call @printI64(%count) : (i64) -> ()
  func.call @printNewline() : () -> ()
  return
}

func.func @main() -> i32 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %c7 = arith.constant 7 : index
  %features = arith.constant 24 : index
  %depth = arith.constant 40 : index
  %tokens = arith.constant 37 : index
  %none = arith.constant 0 : i64
  %one = arith.constant 1 : i64
  %zero = arith.constant 0.0 : f32
  %poison = arith.constant 0x7FC00000 : f32
  %x = memref.alloc(%tokens) : memref<?x40xf32>
  %w = memref.alloc() : memref<24x40xf32>
  %y = memref.alloc(%tokens) : memref<?x24xf32>
  scf.for %i = %c0 to %tokens step %c1 {
    scf.for %j = %c0 to %depth step %c1 {
      %value = func.call @element(%i, %j, %c7, %c3) : (index, index, index, index) -> f32
      memref.store %value, %x[%i, %j] : memref<?x40xf32>
    }
    scf.for %j = %c0 to %features step %c1 {
      memref.store %poison, %y[%i, %j] : memref<?x24xf32>
    }
  }
  scf.for %i = %c0 to %features step %c1 {
    scf.for %j = %c0 to %depth step %c1 {
      %value = func.call @element(%i, %j, %c3, %c7) : (index, index, index, index) -> f32
      memref.store %value, %w[%i, %j] : memref<24x40xf32>
    }
  }
  func.call @sparse(%x, %w, %y)
      : (memref<?x40xf32>, memref<24x40xf32>, memref<?x24xf32>) -> ()
  %z = func.call @dense(%x, %w) : (memref<?x40xf32>, memref<24x40xf32>) -> memref<?x24xf32>
  %counts:4 = scf.for %i = %c0 to %tokens step %c1
      iter_args(%n0 = %none, %d0 = %none, %o0 = %none, %m0 = %none) -> (i64, i64, i64, i64) {
    %row:4 = scf.for %j = %c0 to %features step %c1
        iter_args(%n1 = %n0, %d1 = %d0, %o1 = %o0, %m1 = %m0) -> (i64, i64, i64, i64) {
      %unmasked = scf.for %k = %c0 to %depth step %c1 iter_args(%s = %zero) -> f32 {
        %a = memref.load %x[%i, %k] : memref<?x40xf32>
        %b = memref.load %w[%j, %k] : memref<24x40xf32>
        %product = arith.mulf %a, %b : f32
        %next = arith.addf %s, %product : f32
        scf.yield %next : f32
      }
      %got = memref.load %y[%i, %j] : memref<?x24xf32>
      %expected = memref.load %z[%i, %j] : memref<?x24xf32>
      // Not equal, or not a number.
      %differs = arith.cmpf une, %got, %expected : f32
      %nonzero = arith.cmpf une, %expected, %zero : f32
      %masked = arith.cmpf une, %expected, %unmasked : f32
      %d = arith.extui %differs : i1 to i64
      %o = arith.extui %nonzero : i1 to i64
      %m = arith.extui %masked : i1 to i64
      %n2 = arith.addi %n1, %one : i64
      %d2 = arith.addi %d1, %d : i64
      %o2 = arith.addi %o1, %o : i64
      %m2 = arith.addi %m1, %m : i64
      scf.yield %n2, %d2, %o2, %m2 : i64, i64, i64, i64
    }
    scf.yield %row#0, %row#1, %row#2, %row#3 : i64, i64, i64, i64
  }
  func.call @print(%counts#0) : (i64) -> ()
  func.call @print(%counts#1) : (i64) -> ()
  func.call @print(%counts#2) : (i64) -> ()
  func.call @print(%counts#3) : (i64) -> ()
  %status = arith.constant 0 : i32
  return %status : i32
}
