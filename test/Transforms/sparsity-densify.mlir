// RUN: split-file %s %t
// RUN: sparsity-opt %t/valid.mlir --sparsity-densify | FileCheck %s
// RUN: sparsity-opt %t/valid.mlir --sparsity-densify=accumulate=f64 | FileCheck %s --check-prefix=F64
// RUN: sparsity-opt %t/invalid.mlir --sparsity-densify -split-input-file -verify-diagnostics
// RUN: not sparsity-opt %t/valid.mlir --sparsity-densify=accumulate=f16 2>&1 \
// RUN:   | FileCheck %s --check-prefix=OPTION

// OPTION: error: expected accumulate=f64, but got f16

//--- valid.mlir

#w = #sparsity.n_of_m<2:4, axis = 1>
#causal = #sparsity.window<right = 0>
#local = #sparsity.all_of<[#causal, #sparsity.any_of<[#sparsity.window<left = 4>,
                                                      #sparsity.strided<period = 8>]>]>

// Stored data decides about n:m: the same program on the dense type.
// CHECK-LABEL: func.func @weight
// CHECK-SAME: (%{{.*}}: tensor<32x64xf16>, %{{.*}}: tensor<64xf16>, %{{.*}}: tensor<32xf32>)
// CHECK-NEXT: linalg.matvec ins(%{{.*}}, %{{.*}} : tensor<32x64xf16>, tensor<64xf16>)
// F64-LABEL: func.func @weight
// F64: linalg.generic
// F64: arith.extf %{{.*}} : f32 to f64
// F64: linalg.generic
// F64-SAME: iterator_types = ["parallel", "reduction"]
// F64-SAME: outs(%{{.*}} : tensor<32xf64>)
// F64-DAG: arith.extf %{{.*}} : f16 to f64
// F64: %[[P:.*]] = arith.mulf %{{.*}}, %{{.*}} : f64
// F64: arith.addf %{{.*}}, %[[P]]{{.*}} : f64
// F64: arith.truncf %{{.*}} : f64 to f32
func.func @weight(%w: tensor<32x64xf16, #w>, %x: tensor<64xf16>, %init: tensor<32xf32>)
    -> tensor<32xf32> {
  %y = linalg.matvec ins(%w, %x : tensor<32x64xf16, #w>, tensor<64xf16>)
      outs(%init : tensor<32xf32>) -> tensor<32xf32>
  return %y : tensor<32xf32>
}

// Integers stay exact as they are.
// F64-LABEL: func.func @integers
// F64: linalg.matvec ins(%{{.*}}, %{{.*}} : tensor<32x64xi8>, tensor<64xi8>)
// F64-SAME: tensor<32xi32>
func.func @integers(%w: tensor<32x64xi8, #w>, %x: tensor<64xi8>, %init: tensor<32xi32>)
    -> tensor<32xi32> {
  %y = linalg.matvec ins(%w, %x : tensor<32x64xi8, #w>, tensor<64xi8>)
      outs(%init : tensor<32xi32>) -> tensor<32xi32>
  return %y : tensor<32xi32>
}

// What the caller leaves outside an affine pattern is zeroed, for every reader.
// CHECK-LABEL: func.func @mask
// CHECK-SAME: %[[P:[^:]*]]: tensor<?x64xf16>
// CHECK: %[[R:.*]] = linalg.generic
// CHECK-SAME: ins(%[[P]] : tensor<?x64xf16>)
// CHECK: ^bb0(%[[V:.*]]: f16, %{{.*}}: f16):
// CHECK-DAG: linalg.index 0
// CHECK-DAG: linalg.index 1
// CHECK: %[[IN:.*]] = arith.cmpi sge
// CHECK: arith.select %{{.*}}, %[[V]], %{{.*}} : f16
// CHECK: linalg.matvec ins(%[[R]], %{{.*}} : tensor<?x64xf16>, tensor<64xf16>)
// CHECK: linalg.matvec ins(%[[R]],
func.func @mask(%p: tensor<?x64xf16, #causal>, %x: tensor<64xf16>, %init: tensor<?xf32>)
    -> tensor<?xf32> {
  %y = linalg.matvec ins(%p, %x : tensor<?x64xf16, #causal>, tensor<64xf16>)
      outs(%init : tensor<?xf32>) -> tensor<?xf32>
  %z = linalg.matvec ins(%p, %x : tensor<?x64xf16, #causal>, tensor<64xf16>)
      outs(%y : tensor<?xf32>) -> tensor<?xf32>
  return %z : tensor<?xf32>
}

// A composition is the and of its members' ors.
// CHECK-LABEL: func.func @composed
// CHECK: arith.remsi
// CHECK: arith.ori
// CHECK: arith.select %{{.*}}, %{{.*}}, %{{.*}} : f16
// CHECK: return
func.func @composed(%p: tensor<64x64xf16, #local>) -> tensor<64x64xf16, #local> {
  return %p : tensor<64x64xf16, #local>
}

// encode and decode are identities on what fits; prune says what it keeps: an element
// stays if fewer than two of its group of four beat it. A NaN beats every number.
// CHECK-LABEL: func.func @prune
// CHECK-SAME: %[[D:[^:]*]]: tensor<8x64xf16>
// CHECK-NOT: sparsity.
// CHECK: %[[E:.*]] = linalg.generic
// CHECK-SAME: ins(%[[D]] : tensor<8x64xf16>)
// CHECK: %[[NAN:.*]] = arith.cmpf uno
// CHECK: arith.select %[[NAN]], %c262143{{.*}}, %{{.*}} : i32
// CHECK-COUNT-4: tensor.extract %[[D]]
// CHECK: arith.cmpi ult, %{{.*}}, %{{.*}} : index
// CHECK: arith.select
// CHECK: return %[[E]]
func.func @prune(%d: tensor<8x64xf16>) -> tensor<8x64xf16> {
  %w = sparsity.prune %d : tensor<8x64xf16> to tensor<8x64xf16, #w>
  %x = sparsity.decode %w : tensor<8x64xf16, #w> to tensor<8x64xf16>
  %v = sparsity.encode %x : tensor<8x64xf16> to tensor<8x64xf16, #w>
  %y = sparsity.decode %v : tensor<8x64xf16, #w> to tensor<8x64xf16>
  return %y : tensor<8x64xf16>
}

// A declaration loses its encodings like every type.
// CHECK: func.func private @extern(tensor<8x64xf16>)
func.func private @extern(tensor<8x64xf16, #w>)

//--- invalid.mlir

#w = #sparsity.n_of_m<2:4, axis = 1>

func.func @buffers(%v: tensor<32x32xf16>, %m: tensor<32x8xi8>) -> tensor<32x64xf16> {
  // expected-error @+1 {{expected a program without storage buffers, which have no dense form}}
  %w = sparsity.assemble %v, %m : tensor<32x32xf16>, tensor<32x8xi8> to tensor<32x64xf16, #w>
  %d = sparsity.decode %w : tensor<32x64xf16, #w> to tensor<32x64xf16>
  return %d : tensor<32x64xf16>
}

// -----

func.func @entries(%x: tensor<5x16xf32>, %w: tensor<8x24x16xf32>,
                   %gate: tensor<5x8xf32, #sparsity.gate<top_k = 2>>, %init: tensor<10x24xf32>)
    -> tensor<10x24xf32> {
  // expected-error @+1 {{expected a program without rows by the entries of a list, which have no dense form}}
  %y = sparsity.grouped_matmul %x, %w by %gate outs(%init)
      rhs_map affine_map<(g, f, k) -> (g, f, k)>
      : tensor<5x16xf32>, tensor<8x24x16xf32>, tensor<5x8xf32, #sparsity.gate<top_k = 2>>
      -> tensor<10x24xf32>
  return %y : tensor<10x24xf32>
}
