// The programs of MLIR's sparse_tensor tests: matmul with the sparse operand on either side
// or on both, and matvec; in each encoding, on the CPU and as sm_80 code. The sizes divide by no block and by no tile.

// RUN: sed 's/#W/#csr/g' %s > %t.csr.mlir
// RUN: sparsity-run %t.csr.mlir --device=cpu --check --check-inputs --entry=left | FileCheck %s
// RUN: sparsity-run %t.csr.mlir --device=cpu --check --check-inputs --entry=right | FileCheck %s
// RUN: sparsity-run %t.csr.mlir --device=cpu --check --check-inputs --entry=both | FileCheck %s
// RUN: sparsity-run %t.csr.mlir --device=cpu --check --check-inputs --entry=matvec | FileCheck %s
// RUN: sparsity-translate --to-ptx --target=sm_80 %t.csr.mlir -o %t.csr.ptx
// RUN: FileCheck %s --check-prefix=SM80 < %t.csr.ptx
// RUN: %if ptxas %{ %ptxas -arch=sm_80 %t.csr.ptx -o %t.cubin %}
// RUN: %if cuda %{ sparsity-run %t.csr.mlir --device=cuda --check --entry=left | FileCheck %s %}
// RUN: %if cuda %{ sparsity-run %t.csr.mlir --device=cuda --check --entry=right | FileCheck %s %}

// RUN: sed 's/#W/#csr_32/g' %s > %t.csr_32.mlir
// RUN: sparsity-run %t.csr_32.mlir --device=cpu --check --check-inputs --entry=left | FileCheck %s
// RUN: sparsity-run %t.csr_32.mlir --device=cpu --check --check-inputs --entry=right | FileCheck %s
// RUN: sparsity-run %t.csr_32.mlir --device=cpu --check --check-inputs --entry=both | FileCheck %s
// RUN: sparsity-run %t.csr_32.mlir --device=cpu --check --check-inputs --entry=matvec | FileCheck %s
// RUN: sparsity-translate --to-ptx --target=sm_80 %t.csr_32.mlir -o %t.csr_32.ptx
// RUN: FileCheck %s --check-prefix=SM80 < %t.csr_32.ptx
// RUN: %if ptxas %{ %ptxas -arch=sm_80 %t.csr_32.ptx -o %t.cubin %}
// RUN: %if cuda %{ sparsity-run %t.csr_32.mlir --device=cuda --check --entry=left | FileCheck %s %}
// RUN: %if cuda %{ sparsity-run %t.csr_32.mlir --device=cuda --check --entry=right | FileCheck %s %}

// RUN: sed 's/#W/#csc/g' %s > %t.csc.mlir
// RUN: sparsity-run %t.csc.mlir --device=cpu --check --check-inputs --entry=left | FileCheck %s
// RUN: sparsity-run %t.csc.mlir --device=cpu --check --check-inputs --entry=right | FileCheck %s
// RUN: sparsity-run %t.csc.mlir --device=cpu --check --check-inputs --entry=both | FileCheck %s
// RUN: sparsity-run %t.csc.mlir --device=cpu --check --check-inputs --entry=matvec | FileCheck %s
// RUN: sparsity-translate --to-ptx --target=sm_80 %t.csc.mlir -o %t.csc.ptx
// RUN: FileCheck %s --check-prefix=SM80 < %t.csc.ptx
// RUN: %if ptxas %{ %ptxas -arch=sm_80 %t.csc.ptx -o %t.cubin %}
// RUN: %if cuda %{ sparsity-run %t.csc.mlir --device=cuda --check --entry=left | FileCheck %s %}
// RUN: %if cuda %{ sparsity-run %t.csc.mlir --device=cuda --check --entry=right | FileCheck %s %}

// RUN: sed 's/#W/#bsr/g' %s > %t.bsr.mlir
// RUN: sparsity-run %t.bsr.mlir --device=cpu --check --check-inputs --entry=left | FileCheck %s
// RUN: sparsity-run %t.bsr.mlir --device=cpu --check --check-inputs --entry=right | FileCheck %s
// RUN: sparsity-run %t.bsr.mlir --device=cpu --check --check-inputs --entry=both | FileCheck %s
// RUN: sparsity-run %t.bsr.mlir --device=cpu --check --check-inputs --entry=matvec | FileCheck %s
// RUN: sparsity-translate --to-ptx --target=sm_80 %t.bsr.mlir -o %t.bsr.ptx
// RUN: FileCheck %s --check-prefix=SM80 < %t.bsr.ptx
// RUN: %if ptxas %{ %ptxas -arch=sm_80 %t.bsr.ptx -o %t.cubin %}
// RUN: %if cuda %{ sparsity-run %t.bsr.mlir --device=cuda --check --entry=left | FileCheck %s %}
// RUN: %if cuda %{ sparsity-run %t.bsr.mlir --device=cuda --check --entry=right | FileCheck %s %}

// RUN: sed 's/#W/#bsr_16/g' %s > %t.bsr_16.mlir
// RUN: sparsity-run %t.bsr_16.mlir --device=cpu --check --check-inputs --entry=left | FileCheck %s
// RUN: sparsity-run %t.bsr_16.mlir --device=cpu --check --check-inputs --entry=right | FileCheck %s
// RUN: sparsity-run %t.bsr_16.mlir --device=cpu --check --check-inputs --entry=both | FileCheck %s
// RUN: sparsity-run %t.bsr_16.mlir --device=cpu --check --check-inputs --entry=matvec | FileCheck %s
// RUN: sparsity-translate --to-ptx --target=sm_80 %t.bsr_16.mlir -o %t.bsr_16.ptx
// RUN: FileCheck %s --check-prefix=SM80 < %t.bsr_16.ptx
// RUN: %if ptxas %{ %ptxas -arch=sm_80 %t.bsr_16.ptx -o %t.cubin %}
// RUN: %if cuda %{ sparsity-run %t.bsr_16.mlir --device=cuda --check --entry=left | FileCheck %s %}
// RUN: %if cuda %{ sparsity-run %t.bsr_16.mlir --device=cuda --check --entry=right | FileCheck %s %}

// RUN: sed 's/#W/#bsc/g' %s > %t.bsc.mlir
// RUN: sparsity-run %t.bsc.mlir --device=cpu --check --check-inputs --entry=left | FileCheck %s
// RUN: sparsity-run %t.bsc.mlir --device=cpu --check --check-inputs --entry=right | FileCheck %s
// RUN: sparsity-run %t.bsc.mlir --device=cpu --check --check-inputs --entry=both | FileCheck %s
// RUN: sparsity-run %t.bsc.mlir --device=cpu --check --check-inputs --entry=matvec | FileCheck %s
// RUN: sparsity-translate --to-ptx --target=sm_80 %t.bsc.mlir -o %t.bsc.ptx
// RUN: FileCheck %s --check-prefix=SM80 < %t.bsc.ptx
// RUN: %if ptxas %{ %ptxas -arch=sm_80 %t.bsc.ptx -o %t.cubin %}
// RUN: %if cuda %{ sparsity-run %t.bsc.mlir --device=cuda --check --entry=left | FileCheck %s %}
// RUN: %if cuda %{ sparsity-run %t.bsc.mlir --device=cuda --check --entry=right | FileCheck %s %}

// RUN: sed 's/#W/#runs/g' %s > %t.runs.mlir
// RUN: sparsity-run %t.runs.mlir --device=cpu --check --check-inputs --entry=left | FileCheck %s
// RUN: sparsity-run %t.runs.mlir --device=cpu --check --check-inputs --entry=right | FileCheck %s
// RUN: sparsity-run %t.runs.mlir --device=cpu --check --check-inputs --entry=both | FileCheck %s
// RUN: sparsity-run %t.runs.mlir --device=cpu --check --check-inputs --entry=matvec | FileCheck %s
// RUN: sparsity-translate --to-ptx --target=sm_80 %t.runs.mlir -o %t.runs.ptx
// RUN: FileCheck %s --check-prefix=SM80 < %t.runs.ptx
// RUN: %if ptxas %{ %ptxas -arch=sm_80 %t.runs.ptx -o %t.cubin %}
// RUN: %if cuda %{ sparsity-run %t.runs.mlir --device=cuda --check --entry=left | FileCheck %s %}
// RUN: %if cuda %{ sparsity-run %t.runs.mlir --device=cuda --check --entry=right | FileCheck %s %}

// RUN: sed 's/#W/#pairs/g' %s > %t.pairs.mlir
// RUN: sparsity-run %t.pairs.mlir --device=cpu --check --check-inputs --entry=left | FileCheck %s
// RUN: sparsity-run %t.pairs.mlir --device=cpu --check --check-inputs --entry=right | FileCheck %s
// RUN: sparsity-run %t.pairs.mlir --device=cpu --check --check-inputs --entry=both | FileCheck %s
// RUN: sparsity-run %t.pairs.mlir --device=cpu --check --check-inputs --entry=matvec | FileCheck %s
// RUN: sparsity-translate --to-ptx --target=sm_80 %t.pairs.mlir -o %t.pairs.ptx
// RUN: FileCheck %s --check-prefix=SM80 < %t.pairs.ptx
// RUN: %if ptxas %{ %ptxas -arch=sm_80 %t.pairs.ptx -o %t.cubin %}
// RUN: %if cuda %{ sparsity-run %t.pairs.mlir --device=cuda --check --entry=left | FileCheck %s %}
// RUN: %if cuda %{ sparsity-run %t.pairs.mlir --device=cuda --check --entry=right | FileCheck %s %}

// RUN: sed 's/#W/#pairs_of_columns/g' %s > %t.pairs_of_columns.mlir
// RUN: sparsity-run %t.pairs_of_columns.mlir --device=cpu --check --check-inputs --entry=left | FileCheck %s
// RUN: sparsity-run %t.pairs_of_columns.mlir --device=cpu --check --check-inputs --entry=right | FileCheck %s
// RUN: sparsity-run %t.pairs_of_columns.mlir --device=cpu --check --check-inputs --entry=both | FileCheck %s
// RUN: sparsity-run %t.pairs_of_columns.mlir --device=cpu --check --check-inputs --entry=matvec | FileCheck %s
// RUN: sparsity-translate --to-ptx --target=sm_80 %t.pairs_of_columns.mlir -o %t.pairs_of_columns.ptx
// RUN: FileCheck %s --check-prefix=SM80 < %t.pairs_of_columns.ptx
// RUN: %if ptxas %{ %ptxas -arch=sm_80 %t.pairs_of_columns.ptx -o %t.cubin %}
// RUN: %if cuda %{ sparsity-run %t.pairs_of_columns.mlir --device=cuda --check --entry=left | FileCheck %s %}
// RUN: %if cuda %{ sparsity-run %t.pairs_of_columns.mlir --device=cuda --check --entry=right | FileCheck %s %}

// RUN: sed 's/#W/#dense/g' %s > %t.dense.mlir
// RUN: sparsity-run %t.dense.mlir --device=cpu --check --check-inputs --entry=left | FileCheck %s
// RUN: sparsity-run %t.dense.mlir --device=cpu --check --check-inputs --entry=right | FileCheck %s
// RUN: sparsity-run %t.dense.mlir --device=cpu --check --check-inputs --entry=both | FileCheck %s
// RUN: sparsity-run %t.dense.mlir --device=cpu --check --check-inputs --entry=matvec | FileCheck %s
// RUN: sparsity-translate --to-ptx --target=sm_80 %t.dense.mlir -o %t.dense.ptx
// RUN: FileCheck %s --check-prefix=SM80 < %t.dense.ptx
// RUN: %if ptxas %{ %ptxas -arch=sm_80 %t.dense.ptx -o %t.cubin %}
// RUN: %if cuda %{ sparsity-run %t.dense.mlir --device=cuda --check --entry=left | FileCheck %s %}
// RUN: %if cuda %{ sparsity-run %t.dense.mlir --device=cuda --check --entry=right | FileCheck %s %}

// CHECK-NOT: FAILED
// CHECK: check: result 0: {{.*}}: ok
// SM80: .target sm_80
// SM80: mma.s{{p|ync}}

#csr = #sparse_tensor.encoding<{ map = (i, j) -> (i : dense, j : compressed) }>
#csr_32 = #sparse_tensor.encoding<{
  map = (i, j) -> (i : dense, j : compressed), posWidth = 64, crdWidth = 32 }>
#csc = #sparse_tensor.encoding<{ map = (i, j) -> (j : dense, i : compressed) }>
#bsr = #sparse_tensor.encoding<{
  map = (i, j) -> (i floordiv 2 : dense, j floordiv 3 : compressed, i mod 2 : dense, j mod 3 : dense) }>
#bsr_16 = #sparse_tensor.encoding<{
  map = (i, j) -> (i floordiv 16 : dense, j floordiv 16 : compressed, i mod 16 : dense, j mod 16 : dense),
  posWidth = 32, crdWidth = 32 }>
#bsc = #sparse_tensor.encoding<{
  map = (i, j) -> (j floordiv 2 : dense, i floordiv 3 : compressed, j mod 2 : dense, i mod 3 : dense) }>
#runs = #sparse_tensor.encoding<{
  map = (i, j) -> (i : dense, j floordiv 4 : compressed, j mod 4 : dense) }>
#pairs = #sparse_tensor.encoding<{
  map = (i, j) -> (i : dense, j floordiv 4 : dense, j mod 4 : structured[2, 4]) }>
#pairs_of_columns = #sparse_tensor.encoding<{
  map = (i, j) -> (j : dense, i floordiv 4 : dense, i mod 4 : structured[2, 4]) }>
#dense = #sparse_tensor.encoding<{ map = (i, j) -> (i : dense, j : dense) }>

func.func @left(%a: tensor<37x70xf16, #W>, %b: tensor<70x21xf16>) -> tensor<37x21xf32> {
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<37x21xf32>
  %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<37x21xf32>) -> tensor<37x21xf32>
  %y = linalg.matmul ins(%a, %b : tensor<37x70xf16, #W>, tensor<70x21xf16>)
      outs(%init : tensor<37x21xf32>) -> tensor<37x21xf32>
  return %y : tensor<37x21xf32>
}

func.func @right(%a: tensor<21x37xf32>, %b: tensor<37x70xf32, #W>) -> tensor<21x70xf32> {
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<21x70xf32>
  %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<21x70xf32>) -> tensor<21x70xf32>
  %y = linalg.matmul ins(%a, %b : tensor<21x37xf32>, tensor<37x70xf32, #W>)
      outs(%init : tensor<21x70xf32>) -> tensor<21x70xf32>
  return %y : tensor<21x70xf32>
}

func.func @both(%a: tensor<37x70xf32, #W>, %b: tensor<70x41xf32, #W>) -> tensor<37x41xf32> {
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<37x41xf32>
  %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<37x41xf32>) -> tensor<37x41xf32>
  %y = linalg.matmul ins(%a, %b : tensor<37x70xf32, #W>, tensor<70x41xf32, #W>)
      outs(%init : tensor<37x41xf32>) -> tensor<37x41xf32>
  return %y : tensor<37x41xf32>
}

// The sum starts from an argument, as in MLIR's matvec.
func.func @matvec(%a: tensor<37x70xf32, #W>, %b: tensor<70xf32>, %x: tensor<37xf32>) -> tensor<37xf32> {
  %y = linalg.matvec ins(%a, %b : tensor<37x70xf32, #W>, tensor<70xf32>)
      outs(%x : tensor<37xf32>) -> tensor<37xf32>
  return %y : tensor<37xf32>
}
