// RUN: sparsity-opt %s --sparsity-simplify-encodings | FileCheck %s

#w = #sparsity.n_of_m<2:4, axis = 1>
#all = #sparsity.strided<period = 1>

// One member is that member; a pattern that admits everything is no pattern.
// CHECK-LABEL: func.func @single
// CHECK-SAME: tensor<16x64xf16, #sparsity.n_of_m<2:4, axis = 1>>
// CHECK-SAME: tensor<16x64xf16>
// CHECK-SAME: -> tensor<16x64xf16, #sparsity.n_of_m<2:4, axis = 1>>
func.func @single(%w: tensor<16x64xf16, #sparsity.all_of<[#w]>>,
                  %d: tensor<16x64xf16, #all>)
    -> tensor<16x64xf16, #sparsity.all_of<[#w]>> {
  return %w : tensor<16x64xf16, #sparsity.all_of<[#w]>>
}

// Nested compositions of one kind are one; members that say nothing go.
// CHECK-LABEL: func.func @nested
// CHECK-SAME: #sparsity.all_of<[#sparsity.window<right = 0>, #sparsity.any_of<[#sparsity.window<left = 16>, #sparsity.prefix<length = 4>]>]>
func.func @nested(%m: tensor<64x64xf16,
    #sparsity.all_of<[#sparsity.all_of<[#sparsity.window<right = 0>, #all]>,
                      #sparsity.any_of<[#sparsity.any_of<[#sparsity.window<left = 16>]>,
                                        #sparsity.prefix<length = 4>]>]>>) {
  return
}

// Types inside ops are rewritten with those of the function.
// CHECK-LABEL: func.func @body
// CHECK: tensor.dim %{{.*}}, %{{.*}} : tensor<?x64xf16>
// CHECK: linalg.matmul
// CHECK-SAME: ins(%{{.*}}, %{{.*}} : tensor<?x64xf16>, tensor<64x8xf16, #sparsity.n_of_m<2:4, axis = 0>>)
func.func @body(%x: tensor<?x64xf16, #all>,
                %w: tensor<64x8xf16, #sparsity.all_of<[#sparsity.n_of_m<2:4, axis = 0>]>>)
    -> tensor<?x8xf32> {
  %c0 = arith.constant 0 : index
  %d = tensor.dim %x, %c0 : tensor<?x64xf16, #all>
  %init = tensor.empty(%d) : tensor<?x8xf32>
  %y = linalg.matmul
      ins(%x, %w : tensor<?x64xf16, #all>,
                   tensor<64x8xf16, #sparsity.all_of<[#sparsity.n_of_m<2:4, axis = 0>]>>)
      outs(%init : tensor<?x8xf32>) -> tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}

// An encoding of another dialect is left alone.
// CHECK-LABEL: func.func @foreign
// CHECK-SAME: tensor<4xf32, "other">
func.func @foreign(%x: tensor<4xf32, "other">) {
  return
}

// Where no encoding is left, the dense tensor is its own storage.
// CHECK-LABEL: func.func @conversions
// CHECK-SAME: %[[X:[^:]*]]: tensor<?x64xf16>, %[[Y:[^:]*]]: tensor<?x64xf16>
// CHECK-NEXT: return %[[X]], %[[X]], %[[Y]], %[[Y]]
func.func @conversions(%x: tensor<?x64xf16, #all>, %y: tensor<?x64xf16>)
    -> (tensor<?x64xf16>, tensor<?x64xf16>, tensor<?x64xf16, #all>, tensor<?x64xf16, #all>) {
  %d = sparsity.decode %x : tensor<?x64xf16, #all> to tensor<?x64xf16>
  %v = sparsity.field %x "values" : tensor<?x64xf16, #all> to tensor<?x64xf16>
  %e = sparsity.encode %y : tensor<?x64xf16> to tensor<?x64xf16, #all>
  %a = sparsity.assemble %y : tensor<?x64xf16> to tensor<?x64xf16, #all>
  return %d, %v, %e, %a
      : tensor<?x64xf16>, tensor<?x64xf16>, tensor<?x64xf16, #all>, tensor<?x64xf16, #all>
}
