// RUN: sparsity-opt %s --sparsity-finalize-abi | FileCheck %s

#map = affine_map<() -> (4)>

// A result is copied into the caller's argument unless it already lies there.

// CHECK-LABEL: func.func @copied(
// CHECK-SAME: %[[X:.*]]: memref<4xf32>, %[[Y:.*]]: memref<4xf32>)
// CHECK-SAME: llvm.emit_c_interface
// CHECK: %[[T:.*]] = memref.alloc()
// CHECK: memref.copy %[[T]], %[[Y]]
// CHECK-NEXT: return{{$}}
func.func @copied(%x: memref<4xf32>, %y: memref<4xf32>) -> memref<4xf32>
    attributes {sparsity.abi = [{kind = "tensor", arg = 0 : i64, type = tensor<4xf32>},
                                {kind = "result", result = 0 : i64, type = tensor<4xf32>, shape = #map, symbols = array<i64>}]} {
  %t = memref.alloc() : memref<4xf32>
  memref.copy %x, %t : memref<4xf32> to memref<4xf32>
  return %t : memref<4xf32>
}

// CHECK-LABEL: func.func @in_place(
// CHECK-SAME: %[[X:.*]]: memref<4xf32>, %[[Y:.*]]: memref<4xf32>)
// CHECK-NEXT: memref.copy %[[X]], %[[Y]]
// CHECK-NEXT: return{{$}}
func.func @in_place(%x: memref<4xf32>, %y: memref<4xf32>) -> memref<4xf32>
    attributes {sparsity.abi = [{kind = "tensor", arg = 0 : i64, type = tensor<4xf32>},
                                {kind = "result", result = 0 : i64, type = tensor<4xf32>, shape = #map, symbols = array<i64>}]} {
  memref.copy %x, %y : memref<4xf32> to memref<4xf32>
  return %y : memref<4xf32>
}

// A private function has no caller outside; one without an ABI is left alone.

// CHECK-LABEL: func.func private @helper(
// CHECK-NOT: llvm.emit_c_interface
// CHECK: return{{$}}
func.func private @helper(%y: memref<4xf32>) -> memref<4xf32>
    attributes {sparsity.abi = [{kind = "result", result = 0 : i64, type = tensor<4xf32>, shape = #map, symbols = array<i64>}]} {
  return %y : memref<4xf32>
}

// CHECK-LABEL: func.func @other(
// CHECK: return %{{.*}} : memref<4xf32>
func.func @other(%y: memref<4xf32>) -> memref<4xf32> {
  return %y : memref<4xf32>
}
