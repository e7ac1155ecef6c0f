// RUN: sparsity-opt %s | sparsity-opt | FileCheck %s
// RUN: sparsity-opt %s -mlir-print-op-generic | sparsity-opt | FileCheck %s

#w = #sparsity.n_of_m<2:4, axis = 1>
#c = #sparsity.n_of_m<2:4, axis = 1, layout = core_matrix>

// CHECK-LABEL: func.func @encode_decode_prune
// CHECK: sparsity.encode %{{.*}} : tensor<64x?xf16> to tensor<64x?xf16, #sparsity.n_of_m<2:4, axis = 1>>
// CHECK: sparsity.decode %{{.*}} : tensor<64x?xf16, #sparsity.n_of_m<2:4, axis = 1>> to tensor<64x?xf16>
// CHECK: sparsity.prune %{{.*}} : tensor<64x?xf16> to tensor<64x?xf16, #sparsity.n_of_m<2:4, axis = 1>>
func.func @encode_decode_prune(%d: tensor<64x?xf16>) -> (tensor<64x?xf16>, tensor<64x?xf16, #w>) {
  %e = sparsity.encode %d : tensor<64x?xf16> to tensor<64x?xf16, #w>
  %x = sparsity.decode %e : tensor<64x?xf16, #w> to tensor<64x?xf16>
  %p = sparsity.prune %d : tensor<64x?xf16> to tensor<64x?xf16, #w>
  return %x, %p : tensor<64x?xf16>, tensor<64x?xf16, #w>
}

// The storage of every kind, in ABI order.

// Rows of 130 along axis 1: 33 groups, 66 values, 132 index bits.
// CHECK-LABEL: func.func @n_of_m_row_major
// CHECK: sparsity.disassemble %{{.*}} : tensor<65x130xf16, #sparsity.n_of_m<2:4, axis = 1>> to tensor<65x66xf16>, tensor<65x17xi8>
// CHECK: sparsity.assemble %{{.*}}, %{{.*}} : tensor<65x66xf16>, tensor<65x17xi8> to tensor<65x130xf16, #sparsity.n_of_m<2:4, axis = 1>>
func.func @n_of_m_row_major(%w: tensor<65x130xf16, #w>) -> tensor<65x130xf16, #w> {
  %v, %m = sparsity.disassemble %w : tensor<65x130xf16, #w> to tensor<65x66xf16>, tensor<65x17xi8>
  %a = sparsity.assemble %v, %m : tensor<65x66xf16>, tensor<65x17xi8> to tensor<65x130xf16, #w>
  return %a : tensor<65x130xf16, #w>
}

// The other axes come in order, the pattern's axis last; 4 bits an index from m = 5
// on, 1 bit up to m = 2.
// CHECK-LABEL: func.func @n_of_m_axes
func.func @n_of_m_axes(%a: tensor<2x12x7xf32, #sparsity.n_of_m<3:5, axis = 1>>,
                       %b: tensor<?x4x?xi8, #sparsity.n_of_m<1:2, axis = 0>>,
                       %c: tensor<9x4xi8, #sparsity.n_of_m<1:2, axis = 0>>,
                       %d: tensor<0x4xbf16, #sparsity.n_of_m<2:4, axis = 0>>) {
  // CHECK: to tensor<2x7x9xf32>, tensor<2x7x5xi8>
  sparsity.disassemble %a : tensor<2x12x7xf32, #sparsity.n_of_m<3:5, axis = 1>> to tensor<2x7x9xf32>, tensor<2x7x5xi8>
  // CHECK: to tensor<4x?x?xi8>, tensor<4x?x?xi8>
  sparsity.disassemble %b : tensor<?x4x?xi8, #sparsity.n_of_m<1:2, axis = 0>> to tensor<4x?x?xi8>, tensor<4x?x?xi8>
  // CHECK: to tensor<4x5xi8>, tensor<4x1xi8>
  sparsity.disassemble %c : tensor<9x4xi8, #sparsity.n_of_m<1:2, axis = 0>> to tensor<4x5xi8>, tensor<4x1xi8>
  // CHECK: to tensor<4x0xbf16>, tensor<4x0xi8>
  sparsity.disassemble %d : tensor<0x4xbf16, #sparsity.n_of_m<2:4, axis = 0>> to tensor<4x0xbf16>, tensor<4x0xi8>
  return
}

// 65 rows are 2 row blocks; 130 columns are 3 k blocks of 64 (16 bits), 2 of 128
// (8 bits) and 5 of 32 (32 bits).
// CHECK-LABEL: func.func @n_of_m_core_matrix
func.func @n_of_m_core_matrix(
    %a: tensor<65x130xf16, #c>, %b: tensor<65x130xi8, #c>,
    %d: tensor<130x65xf32, #sparsity.n_of_m<1:2, axis = 0, layout = core_matrix>>) {
  // CHECK: to tensor<3x2x64x32xf16>, tensor<3x2x128xi32>
  sparsity.disassemble %a : tensor<65x130xf16, #c> to tensor<3x2x64x32xf16>, tensor<3x2x128xi32>
  // CHECK: to tensor<2x2x64x64xi8>, tensor<2x2x256xi32>
  sparsity.disassemble %b : tensor<65x130xi8, #c> to tensor<2x2x64x64xi8>, tensor<2x2x256xi32>
  // CHECK: to tensor<5x2x64x16xf32>, tensor<5x2x128xi32>
  sparsity.disassemble %d : tensor<130x65xf32, #sparsity.n_of_m<1:2, axis = 0, layout = core_matrix>> to tensor<5x2x64x16xf32>, tensor<5x2x128xi32>
  return
}

// CHECK-LABEL: func.func @block
func.func @block(%a: tensor<100x96xf16, #sparsity.block<64x32>>,
                 %b: tensor<?x96xf16, #sparsity.block<64x32, inner = #w>>,
                 %c: tensor<128x128xf16, #sparsity.block<64x128, inner = #c>>,
                 %d: tensor<8x100x?xf16, #sparsity.block<64x32>>,
                 %e: tensor<?x100x96xf16, #sparsity.block<64x32>>) {
  // CHECK: to tensor<3xi32>, tensor<?xi32>, tensor<?x64x32xf16>
  sparsity.disassemble %a : tensor<100x96xf16, #sparsity.block<64x32>>
    to tensor<3xi32>, tensor<?xi32>, tensor<?x64x32xf16>
  // CHECK: to tensor<?xi32>, tensor<?xi32>, tensor<?x64x16xf16>, tensor<?x64x4xi8>
  sparsity.disassemble %b : tensor<?x96xf16, #sparsity.block<64x32, inner = #w>>
    to tensor<?xi32>, tensor<?xi32>, tensor<?x64x16xf16>, tensor<?x64x4xi8>
  // CHECK: to tensor<3xi32>, tensor<?xi32>, tensor<?x2x1x64x32xf16>, tensor<?x2x1x128xi32>
  sparsity.disassemble %c : tensor<128x128xf16, #sparsity.block<64x128, inner = #c>>
    to tensor<3xi32>, tensor<?xi32>, tensor<?x2x1x64x32xf16>, tensor<?x2x1x128xi32>
  // The rows of blocks of all batches, and one more.
  // CHECK: to tensor<17xi32>, tensor<?xi32>, tensor<?x64x32xf16>
  sparsity.disassemble %d : tensor<8x100x?xf16, #sparsity.block<64x32>>
    to tensor<17xi32>, tensor<?xi32>, tensor<?x64x32xf16>
  // CHECK: to tensor<?xi32>, tensor<?xi32>, tensor<?x64x32xf16>
  sparsity.disassemble %e : tensor<?x100x96xf16, #sparsity.block<64x32>>
    to tensor<?xi32>, tensor<?xi32>, tensor<?x64x32xf16>
  return
}

// A static number of stored blocks stands for the dynamic one.
// CHECK-LABEL: func.func @assemble_block
// CHECK: sparsity.assemble %{{.*}} : tensor<3xi32>, tensor<5xi32>, tensor<5x64x32xf16> to tensor<100x96xf16, #sparsity.block<64x32>>
func.func @assemble_block(%p: tensor<3xi32>, %c: tensor<5xi32>, %v: tensor<5x64x32xf16>)
    -> tensor<100x96xf16, #sparsity.block<64x32>> {
  %w = sparsity.assemble %p, %c, %v : tensor<3xi32>, tensor<5xi32>, tensor<5x64x32xf16>
    to tensor<100x96xf16, #sparsity.block<64x32>>
  return %w : tensor<100x96xf16, #sparsity.block<64x32>>
}

// CHECK-LABEL: func.func @other_kinds
func.func @other_kinds(%u: tensor<65x64xbf16, #sparsity.unstructured<tile = 16x64>>,
                       %m: tensor<8x?xf32, #sparsity.window<right = 0>>,
                       %s: tensor<4x16x32xf16, #sparsity.segments>,
                       %g: tensor<?x8xf32, #sparsity.gate<top_k = 2>>,
                       %h: tensor<?x?xf16, #sparsity.gate<top_k = 2>>,
                       %a: tensor<4x32xf16, #sparsity.activation<relu>>,
                       %n: tensor<8x8xf16, #sparsity.all_of<[#sparsity.window<right = 0>, #w]>>) {
  // CHECK: to tensor<6xi32>, tensor<?xi32>, tensor<?x16xi64>, tensor<?x16xi32>, tensor<?xbf16>
  sparsity.disassemble %u : tensor<65x64xbf16, #sparsity.unstructured<tile = 16x64>>
    to tensor<6xi32>, tensor<?xi32>, tensor<?x16xi64>, tensor<?x16xi32>, tensor<?xbf16>
  // CHECK: to tensor<8x?xf32>
  sparsity.disassemble %m : tensor<8x?xf32, #sparsity.window<right = 0>> to tensor<8x?xf32>
  // CHECK: to tensor<4x16x32xf16>, tensor<16xi32>, tensor<16xi32>
  sparsity.disassemble %s : tensor<4x16x32xf16, #sparsity.segments>
    to tensor<4x16x32xf16>, tensor<16xi32>, tensor<16xi32>
  // CHECK: to tensor<9xi32>, tensor<?xi32>, tensor<?xf32>, tensor<?x2xi32>
  sparsity.disassemble %g : tensor<?x8xf32, #sparsity.gate<top_k = 2>>
    to tensor<9xi32>, tensor<?xi32>, tensor<?xf32>, tensor<?x2xi32>
  // CHECK: to tensor<?xi32>, tensor<?xi32>, tensor<?xf16>, tensor<?x2xi32>
  sparsity.disassemble %h : tensor<?x?xf16, #sparsity.gate<top_k = 2>>
    to tensor<?xi32>, tensor<?xi32>, tensor<?xf16>, tensor<?x2xi32>
  // CHECK: to tensor<5xi32>, tensor<?xi32>, tensor<4x32xf16>
  sparsity.disassemble %a : tensor<4x32xf16, #sparsity.activation<relu>>
    to tensor<5xi32>, tensor<?xi32>, tensor<4x32xf16>
  // CHECK: to tensor<8x4xf16>, tensor<8x1xi8>
  sparsity.disassemble %n : tensor<8x8xf16, #sparsity.all_of<[#sparsity.window<right = 0>, #w]>>
    to tensor<8x4xf16>, tensor<8x1xi8>
  return
}

// CHECK-LABEL: func.func @field
// CHECK: sparsity.field %{{.*}} "metadata" : tensor<64x64xf16, #sparsity.n_of_m<2:4, axis = 1>> to tensor<64x8xi8>
func.func @field(%w: tensor<64x64xf16, #w>) -> tensor<64x8xi8> {
  %m = sparsity.field %w "metadata" : tensor<64x64xf16, #w> to tensor<64x8xi8>
  return %m : tensor<64x8xi8>
}

// CHECK-LABEL: func.func @assemble_sizes
// CHECK: sparsity.assemble %{{.*}} sizes(%{{.*}}, %{{.*}}) : tensor<?x?xf16> to tensor<?x?xf16, #sparsity.window<right = 0>>
func.func @assemble_sizes(%v: tensor<?x?xf16>, %m: index, %n: index)
    -> tensor<?x?xf16, #sparsity.window<right = 0>> {
  %w = sparsity.assemble %v sizes(%m, %n)
      : tensor<?x?xf16> to tensor<?x?xf16, #sparsity.window<right = 0>>
  return %w : tensor<?x?xf16, #sparsity.window<right = 0>>
}
