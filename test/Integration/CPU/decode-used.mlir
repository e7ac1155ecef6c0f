// What becomes of a decoded tensor: it fuses with elementwise ops, it does not bind the
// layout of an operand that an instruction takes compressed, and buffers that the program
// assembles are decoded like those of an argument.

// RUN: sparsity-run %s --entry=fused --device=cpu --check | FileCheck %s
// RUN: sparsity-run %s --entry=both --device=cpu --check | FileCheck %s
// RUN: sparsity-run %s --entry=computed --device=cpu --check --shape=0:33x20 | FileCheck %s
// RUN: sparsity-translate %s --target=sm_90a --to-ptx | FileCheck %s --check-prefix=PTX
// CHECK: check: result 0: {{.*}}: ok

// RUN: sparsity-run %s --entry=assembled --device=cpu --shape=0:70x129 --output=0:%t.0.npy --output=1:%t.1.npy
// RUN: cmp %t.0.npy %t.1.npy

// PTX-COUNT-6: .visible .entry
// PTX-NOT: .visible .entry

#block = #sparsity.block<8x8>
#map = affine_map<(d0, d1) -> (d0, d1)>
func.func @fused(%w: tensor<37x50xbf16, #block>, %x: tensor<37x50xbf16>)
    -> tensor<37x50xbf16> {
  %d = sparsity.decode %w : tensor<37x50xbf16, #block> to tensor<37x50xbf16>
  %e = tensor.empty() : tensor<37x50xbf16>
  %y = linalg.add ins(%d, %x : tensor<37x50xbf16>, tensor<37x50xbf16>)
      outs(%e : tensor<37x50xbf16>) -> tensor<37x50xbf16>
  return %y : tensor<37x50xbf16>
}

#w = #sparsity.n_of_m<2:4, axis = 1>
func.func @both(%w: tensor<64x128xf16, #w>, %x: tensor<128x24xf16>)
    -> (tensor<64x24xf32>, tensor<64x128xf16>) {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<64x24xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<64x24xf32>) -> tensor<64x24xf32>
  %y = linalg.matmul ins(%w, %x : tensor<64x128xf16, #w>, tensor<128x24xf16>)
      outs(%f : tensor<64x24xf32>) -> tensor<64x24xf32>
  %d = sparsity.decode %w : tensor<64x128xf16, #w> to tensor<64x128xf16>
  return %y, %d : tensor<64x24xf32>, tensor<64x128xf16>
}

// A mask on a value that is computed here restricts it.
#causal = #sparsity.window<right = 0>
func.func @computed(%x: tensor<?x20xf32>) -> tensor<?x20xf32> {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x20xf32>
  %e = tensor.empty(%n) : tensor<?x20xf32>
  %y = linalg.exp ins(%x : tensor<?x20xf32>) outs(%e : tensor<?x20xf32>) -> tensor<?x20xf32>
  %m = sparsity.encode %y : tensor<?x20xf32> to tensor<?x20xf32, #causal>
  %d = sparsity.decode %m : tensor<?x20xf32, #causal> to tensor<?x20xf32>
  return %d : tensor<?x20xf32>
}

#bits = #sparsity.unstructured
!W = tensor<?x?xf32, #bits>
func.func @assembled(%w: !W) -> (tensor<?x?xf32>, tensor<?x?xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %m = tensor.dim %w, %c0 : !W
  %n = tensor.dim %w, %c1 : !W
  %f:5 = sparsity.disassemble %w : !W to tensor<?xi32>, tensor<?xi32>, tensor<?x64xi64>,
      tensor<?x64xi32>, tensor<?xf32>
  %a = sparsity.assemble %f#0, %f#1, %f#2, %f#3, %f#4 sizes(%m, %n) : tensor<?xi32>,
      tensor<?xi32>, tensor<?x64xi64>, tensor<?x64xi32>, tensor<?xf32> to !W
  %0 = sparsity.decode %w : !W to tensor<?x?xf32>
  %1 = sparsity.decode %a : !W to tensor<?x?xf32>
  return %0, %1 : tensor<?x?xf32>, tensor<?x?xf32>
}
