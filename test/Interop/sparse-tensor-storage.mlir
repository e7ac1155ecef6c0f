// What a caller holds as sparse_tensor storage is taken as it is: the program that assembles
// buffers gives bit for bit what the one with an encoded argument gives; also in a batch,
// whose lists stand behind each other, and from a dense tensor by `convert`.

// RUN: rm -rf %t && mkdir %t
// RUN: python3 %S/../Integration/Run/Inputs/write_npy.py %t/positions.npy i8 5 0 2 2 3 5
// RUN: python3 %S/../Integration/Run/Inputs/write_npy.py %t/coordinates.npy i8 5 0 6 3 1 5
// RUN: python3 %S/../Integration/Run/Inputs/write_npy.py %t/values.npy f4 5 1 -2 3 0.5 4
// RUN: sparsity-run %s --device=cpu --entry=csr --check --check-inputs --output=0:%t/argument.npy \
// RUN:   --input=2.positions:%t/positions.npy --input=2.coordinates:%t/coordinates.npy \
// RUN:   --input=2.values:%t/values.npy | FileCheck %s
// RUN: sparsity-run %s --device=cpu --entry=assembled --output=0:%t/assembled.npy \
// RUN:   --input=2:%t/positions.npy --input=3:%t/coordinates.npy --input=4:%t/values.npy
// RUN: cmp %t/argument.npy %t/assembled.npy

// RUN: python3 %S/../Integration/Run/Inputs/write_npy.py %t/starts.npy i4 3 0 1 3
// RUN: python3 %S/../Integration/Run/Inputs/write_npy.py %t/columns.npy i4 3 2 0 1
// RUN: python3 %S/../Integration/Run/Inputs/write_npy.py %t/blocks.npy f4 3x2x3 1 2 0 4 5 0 7 8 9 1 2 3 4 5 6 7 0 0
// RUN: python3 %S/../Integration/Run/Inputs/write_npy.py %t/flat.npy f4 18 1 2 0 4 5 0 7 8 9 1 2 3 4 5 6 7 0 0
// RUN: sparsity-run %s --device=cpu --entry=bsr --check --check-inputs --output=0:%t/bsr.npy \
// RUN:   --input=2.positions:%t/starts.npy --input=2.coordinates:%t/columns.npy \
// RUN:   --input=2.values:%t/blocks.npy | FileCheck %s
// RUN: sparsity-run %s --device=cpu --entry=assembled_blocks --output=0:%t/assembled_bsr.npy \
// RUN:   --input=2:%t/starts.npy --input=3:%t/columns.npy --input=4:%t/flat.npy
// RUN: cmp %t/bsr.npy %t/assembled_bsr.npy

// RUN: sparsity-run %s --device=cpu --entry=batch --check --check-inputs | FileCheck %s
// RUN: sparsity-run %s --device=cpu --entry=convert --check --check-inputs | FileCheck %s
// CHECK: check: result 0: {{.*}}: ok

// RUN: python3 %S/../Integration/Run/Inputs/write_npy.py %t/beyond.npy i8 5 0 6 3 1 4294967301
// RUN: not sparsity-run %s --device=cpu --entry=csr --input=2.positions:%t/positions.npy \
// RUN:   --input=2.coordinates:%t/beyond.npy --input=2.values:%t/values.npy 2>&1 | FileCheck %s --check-prefix=BEYOND
// BEYOND: coordinates: expected indices in 0..2147483647, but got 4294967301 at [4]

// RUN: sparsity-translate --to-ptx --target=sm_80 %s -o %t/all.ptx
// RUN: FileCheck %s --check-prefix=SM80 < %t/all.ptx
// RUN: %if ptxas %{ %ptxas -arch=sm_80 %t/all.ptx -o %t/all.cubin %}
// SM80: .target sm_80

#csr = #sparse_tensor.encoding<{ map = (i, j) -> (i : dense, j : compressed) }>
#bsr = #sparse_tensor.encoding<{
  map = (i, j) -> (i floordiv 2 : dense, j floordiv 3 : compressed, i mod 2 : dense, j mod 3 : dense),
  posWidth = 32, crdWidth = 32 }>
#batch = #sparse_tensor.encoding<{ map = (e, i, j) -> (e : dense, i : dense, j : compressed) }>

func.func @csr(%b: tensor<7x9xf32>, %x: tensor<4x9xf32>, %a: tensor<4x7xf32, #csr>) -> tensor<4x9xf32> {
  %y = linalg.matmul ins(%a, %b : tensor<4x7xf32, #csr>, tensor<7x9xf32>)
      outs(%x : tensor<4x9xf32>) -> tensor<4x9xf32>
  return %y : tensor<4x9xf32>
}

func.func @bsr(%b: tensor<8x9xf32>, %x: tensor<4x9xf32>, %a: tensor<4x8xf32, #bsr>) -> tensor<4x9xf32> {
  %y = linalg.matmul ins(%a, %b : tensor<4x8xf32, #bsr>, tensor<8x9xf32>)
      outs(%x : tensor<4x9xf32>) -> tensor<4x9xf32>
  return %y : tensor<4x9xf32>
}

func.func @batch(%a: tensor<3x5x7xf32, #batch>, %b: tensor<3x7x9xf32>) -> tensor<3x5x9xf32> {
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<3x5x9xf32>
  %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<3x5x9xf32>) -> tensor<3x5x9xf32>
  %y = linalg.batch_matmul ins(%a, %b : tensor<3x5x7xf32, #batch>, tensor<3x7x9xf32>)
      outs(%init : tensor<3x5x9xf32>) -> tensor<3x5x9xf32>
  return %y : tensor<3x5x9xf32>
}

func.func @convert(%dense: tensor<14x7xf32>, %b: tensor<7x9xf32>, %x: tensor<14x9xf32>) -> tensor<14x9xf32> {
  %a = sparse_tensor.convert %dense : tensor<14x7xf32> to tensor<14x7xf32, #csr>
  %y = linalg.matmul ins(%a, %b : tensor<14x7xf32, #csr>, tensor<7x9xf32>)
      outs(%x : tensor<14x9xf32>) -> tensor<14x9xf32>
  return %y : tensor<14x9xf32>
}

func.func @assembled(%b: tensor<7x9xf32>, %x: tensor<4x9xf32>, %p: tensor<5xindex>,
                     %c: tensor<?xindex>, %v: tensor<?xf32>) -> tensor<4x9xf32> {
  %a = sparse_tensor.assemble (%p, %c), %v
      : (tensor<5xindex>, tensor<?xindex>), tensor<?xf32> to tensor<4x7xf32, #csr>
  %y = linalg.matmul ins(%a, %b : tensor<4x7xf32, #csr>, tensor<7x9xf32>)
      outs(%x : tensor<4x9xf32>) -> tensor<4x9xf32>
  return %y : tensor<4x9xf32>
}

func.func @assembled_blocks(%b: tensor<8x9xf32>, %x: tensor<4x9xf32>, %p: tensor<3xi32>,
                            %c: tensor<?xi32>, %v: tensor<?xf32>) -> tensor<4x9xf32> {
  %a = sparse_tensor.assemble (%p, %c), %v
      : (tensor<3xi32>, tensor<?xi32>), tensor<?xf32> to tensor<4x8xf32, #bsr>
  %y = linalg.matmul ins(%a, %b : tensor<4x8xf32, #bsr>, tensor<8x9xf32>)
      outs(%x : tensor<4x9xf32>) -> tensor<4x9xf32>
  return %y : tensor<4x9xf32>
}
