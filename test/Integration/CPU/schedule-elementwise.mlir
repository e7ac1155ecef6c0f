// A schedule without a reduction whose body searches a list and sums a prefix: loops and
// branches that read tensors which the schedule takes as inputs.

// REQUIRES: mlir-opt

// RUN: sparsity-opt %s --convert-linalg-to-loops --sparsity-to-cpu \
// RUN:   | mlir-runner -e main --entry-point-result=void \
// RUN:     --shared-libs=%sparsity_runtime,%llvm_lib/libmlir_c_runner_utils.so | FileCheck %s

// CHECK: {{^}}0{{$}}
// CHECK-NOT: {{.}}

#config = #sparse_tile.config<tile = [32, 32, 16], warps = [1, 1], stages = 1, raster = 1, swap = false, multiply = "f32", instruction = "vector.fma", sparse = false>
#id = affine_map<(d0, d1) -> (d0, d1)>
#column = affine_map<(d0, d1) -> (d1)>
#all = affine_map<(d0, d1) -> ()>

memref.global "private" constant @v : memref<70xi32> = dense<[5, 0, 3, 5, 1, 2, 7, 1, 8, 1, 3, 7, 0, 8, 5, 4, 6, 3, 6, 4, 0, 7, 7, 6, 6, 0, 0, 1, 3, 7, 0, 4, 8, 5, 6, 6, 3, 5, 1, 6, 2, 4, 6, 2, 7, 1, 6, 8, 6, 0, 6, 6, 1, 7, 8, 2, 7, 0, 6, 3, 1, 2, 7, 4, 5, 3, 1, 8, 1, 1]>
memref.global "private" constant @list : memref<6xi32> = dense<[0, 16, 20, 37, 37, 37]>
memref.global "private" constant @expected : memref<4x70xi32> = dense<[[110, 105, 108, 110, 106, 105, 112, 106, 105, 106, 108, 112, 105, 105, 110, 105, 205, 208, 205, 205, 305, 312, 312, 305, 305, 305, 305, 306, 308, 312, 305, 305, 305, 310, 305, 305, 308, 610, 606, 605, 605, 605, 605, 605, 612, 606, 605, 605, 605, 605, 605, 605, 606, 612, 605, 605, 612, 605, 605, 608, 606, 605, 612, 605, 610, 608, 606, 605, 606, 606], [110, 105, 108, 110, 106, 105, 112, 106, 105, 106, 108, 112, 105, 105, 110, 105, 205, 208, 205, 205, 305, 312, 312, 305, 305, 305, 305, 306, 308, 312, 305, 305, 305, 310, 305, 305, 308, 610, 606, 605, 605, 605, 605, 605, 612, 606, 605, 605, 605, 605, 605, 605, 606, 612, 605, 605, 612, 605, 605, 608, 606, 605, 612, 605, 610, 608, 606, 605, 606, 606], [113, 108, 111, 113, 109, 108, 115, 109, 108, 109, 111, 115, 108, 108, 113, 108, 208, 211, 208, 208, 308, 315, 315, 308, 308, 308, 308, 309, 311, 315, 308, 308, 308, 313, 308, 308, 311, 613, 609, 608, 608, 608, 608, 608, 615, 609, 608, 608, 608, 608, 608, 608, 609, 615, 608, 608, 615, 608, 608, 611, 609, 608, 615, 608, 613, 611, 609, 608, 609, 609], [118, 113, 116, 118, 114, 113, 120, 114, 113, 114, 116, 120, 113, 113, 118, 113, 213, 216, 213, 213, 313, 320, 320, 313, 313, 313, 313, 314, 316, 320, 313, 313, 313, 318, 313, 313, 316, 618, 614, 613, 613, 613, 613, 613, 620, 614, 613, 613, 613, 613, 613, 613, 614, 620, 613, 613, 620, 613, 613, 616, 614, 613, 620, 613, 618, 616, 614, 613, 614, 614]]>

func.func @main() {
  %v = memref.get_global @v : memref<70xi32>
  %list = memref.get_global @list : memref<6xi32>
  %expected = memref.get_global @expected : memref<4x70xi32>
  %tv = bufferization.to_tensor %v restrict : memref<70xi32> to tensor<70xi32>
  %tlist = bufferization.to_tensor %list restrict : memref<6xi32> to tensor<6xi32>
  %n = arith.constant 4 : index
  %m = arith.constant 70 : index
  %empty = tensor.empty() : tensor<4x70xi32>
  %r = sparse_tile.forall sizes(%n, %m) tile [32, 32] ins(%tv, %tlist : tensor<70xi32>, tensor<6xi32>) outs(%empty : tensor<4x70xi32>) config = #config {
  ^bb0(%i: index, %j: index, %rows: index, %columns: index, %a: tensor<70xi32>, %p: tensor<6xi32>, %out: tensor<4x70xi32>):
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c2 = arith.constant 2 : index
    %c6 = arith.constant 6 : index
    %none = arith.constant 0 : i32
    %one = arith.constant 1 : i32
    %hundred = arith.constant 100 : i32
    sparse_tile.store tiles() ins(%a : tensor<70xi32>) outs(%out : tensor<4x70xi32>) maps [#column, #id] {
    ^bb0(%r: index, %c: index, %e: i32):
      // How many entries of the ascending list are at most c.
      %found:2 = scf.while (%low = %c0, %high = %c6) : (index, index) -> (index, index) {
        %0 = arith.cmpi ult, %low, %high : index
        scf.condition(%0) %low, %high : index, index
      } do {
      ^bb0(%low: index, %high: index):
        %0 = arith.addi %low, %high : index
        %middle = arith.divui %0, %c2 : index
        %1 = tensor.extract %p[%middle] : tensor<6xi32>
        %2 = arith.index_cast %1 : i32 to index
        %3 = arith.cmpi ule, %2, %c : index
        %next = arith.addi %middle, %c1 : index
        %4 = arith.select %3, %next, %low : index
        %5 = arith.select %3, %high, %middle : index
        scf.yield %4, %5 : index, index
      }
      %count = arith.index_cast %found#0 : index to i32
      %scaled = arith.muli %count, %hundred : i32
      %end = arith.addi %r, %c1 : index
      %sum = scf.for %k = %c0 to %end step %c1 iter_args(%s = %scaled) -> (i32) {
        %0 = tensor.extract %a[%k] : tensor<70xi32>
        %1 = arith.addi %s, %0 : i32
        scf.yield %1 : i32
      }
      %bit = arith.andi %e, %one : i32
      %odd = arith.cmpi ne, %bit, %none : i32
      %total = scf.if %odd -> (i32) {
        %0 = arith.addi %sum, %e : i32
        scf.yield %0 : i32
      } else {
        scf.yield %sum : i32
      }
      sparse_tile.yield %total : i32
    }
  } -> tensor<4x70xi32>
  %y = bufferization.to_buffer %r : tensor<4x70xi32> to memref<4x70xi32>
  call @compare(%y, %expected) : (memref<4x70xi32>, memref<4x70xi32>) -> ()
  return
}

// Prints in how many elements two results differ.
func.func private @compare(%y: memref<4x70xi32>, %z: memref<4x70xi32>) {
  %none = arith.constant 0 : i64
  %different = memref.alloc() : memref<i64>
  memref.store %none, %different[] : memref<i64>
  linalg.generic {indexing_maps = [#id, #id, #all], iterator_types = ["reduction", "reduction"]} ins(%y, %z : memref<4x70xi32>, memref<4x70xi32>) outs(%different : memref<i64>) {
  ^bb0(%a: i32, %b: i32, %d: i64):
    %0 = arith.cmpi ne, %a, %b : i32
    %1 = arith.extui %0 : i1 to i64
    %2 = arith.addi %d, %1 : i64
    linalg.yield %2 : i64
  }
  %0 = memref.load %different[] : memref<i64>
  vector.print %0 : i64
  return
}
