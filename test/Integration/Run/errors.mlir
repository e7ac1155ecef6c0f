// Every wrong command line is an error that says what was expected.

// RUN: not sparsity-run %s --device=cpu 2>&1 | FileCheck %s --check-prefix=DYNAMIC
// DYNAMIC: sparsity-run: error: expected sizes for the dynamic dimensions of argument 0 of type tensor<?x8xf32> (--shape=0:<sizes> or --input=0:<file.npy>), but got none

// RUN: not sparsity-run %s --device=cpu --shape=0:4x9 2>&1 | FileCheck %s --check-prefix=STATIC
// STATIC: sparsity-run: error: expected --shape=0 to match ?x8, but got 4x9

// RUN: not sparsity-run %s --device=cpu --shape=0:4 2>&1 | FileCheck %s --check-prefix=RANK
// RANK: sparsity-run: error: expected --shape=0 to match ?x8, but got 4

// RUN: not sparsity-run %s --device=cpu --shape=0=4x8 2>&1 | FileCheck %s --check-prefix=SYNTAX
// SYNTAX: sparsity-run: error: expected --shape=<argument>:<sizes>, such as 0:64x4096, but got '0=4x8'

// RUN: not sparsity-run %s --device=cpu --shape=0:4x-8 2>&1 | FileCheck %s --check-prefix=NEGATIVE
// NEGATIVE: sparsity-run: error: expected --shape=<argument>:<sizes>, such as 0:64x4096, but got '0:4x-8'

// RUN: not sparsity-run %s --device=cpu --shape=0:4x8 --shape=0:5x8 2>&1 | FileCheck %s --check-prefix=TWICE
// TWICE: sparsity-run: error: expected one --shape for argument 0, but got a second one

// RUN: not sparsity-run %s --device=cpu --shape=0:4x8 --shape=3:4x8 2>&1 | FileCheck %s --check-prefix=NUMBER
// NUMBER: sparsity-run: error: expected --shape for an argument number below 1, but got 3

// RUN: not sparsity-run %s --device=cpu --shape=0:4x8 --input=1:x.npy 2>&1 | FileCheck %s --check-prefix=INNUMBER
// INNUMBER: sparsity-run: error: expected --input for an argument number below 1, but got 1

// RUN: not sparsity-run %s --device=cpu --input=x.npy 2>&1 | FileCheck %s --check-prefix=INSYNTAX
// INSYNTAX: sparsity-run: error: expected --input=<argument>:<file.npy>, such as 0:x.npy, but got 'x.npy'

// RUN: not sparsity-run %s --device=cpu --input=0:%t-missing.npy 2>&1 | FileCheck %s --check-prefix=NOFILE
// NOFILE: sparsity-run: error: input 0: {{.*}}-missing.npy

// RUN: not sparsity-run %s --device=cpu --shape=0:4x8 --output=1:%t.npy 2>&1 | FileCheck %s --check-prefix=OUTNUMBER
// OUTNUMBER: sparsity-run: error: expected --output for a result number below 1, but got 1

// RUN: not sparsity-run %s --device=cpu --shape=0:4x8 --output=0:%t-no/such/folder.npy 2>&1 | FileCheck %s --check-prefix=OUTFILE
// OUTFILE: sparsity-run: error: result 0: {{.*}}folder.npy

// RUN: not sparsity-run %s --device=cpu --shape=0:4x8 --tolerance=-1 2>&1 | FileCheck %s --check-prefix=TOLERANCE
// TOLERANCE: sparsity-run: error: expected --tolerance to be at least 0, but got -1

// RUN: not sparsity-run %s --shape=0:4x8 --target=sm_70 2>&1 | FileCheck %s --check-prefix=TARGET
// TARGET: sparsity-run: error: expected --target among cpu, sm_80, sm_90a, but got 'sm_70'

// RUN: not sparsity-run %s --device=cpu --shape=0:4x8 --target=sm_80 2>&1 | FileCheck %s --check-prefix=PLACE
// PLACE: sparsity-run: error: expected --target to name a target of the device, but got 'sm_80'

// RUN: not sparsity-run %s --device=cpu --shape=0:4x8 --entry=other 2>&1 | FileCheck %s --check-prefix=ENTRY
// ENTRY: error: expected a function @other with a body to run (--entry=<name>), but got none

// RUN: not sparsity-run %s --device=cpu --entry=declared 2>&1 | FileCheck %s --check-prefix=DECLARED
// DECLARED: error: expected a function @declared with a body to run (--entry=<name>), but got a declaration

// RUN: not sparsity-run %s --device=cpu --entry=encoded 2>&1 | FileCheck %s --check-prefix=ENCODED
// ENCODED: errors.mlir:[[#]]:{{.*}}: error: expected results that are dense tensors of f16, bf16, f32, f64, f8E4M3FN, f8E5M2, i1, i8, i32 or i64, but got 'tensor<8x8xf32, #sparsity.n_of_m<1:2, axis = 1>>'

// RUN: not sparsity-run %s --device=cpu --entry=complex 2>&1 | FileCheck %s --check-prefix=COMPLEX
// COMPLEX: sparsity-run: error: expected argument 0 to be a ranked tensor or a scalar of a type among f16, bf16, f32, f64, f8E4M3FN, f8E5M2, i1, i8, i32, i64, but got tensor<2xcomplex<f32>>

// RUN: not sparsity-run %s --device=cpu --shape=0:99999999999999x8 2>&1 | FileCheck %s --check-prefix=MEMORY
// MEMORY: sparsity-run: error: expected memory for a tensor of shape 99999999999999x8 and type f32, but got {{[0-9]+}} GiB in all

// RUN: not sparsity-run %t-missing.mlir 2>&1 | FileCheck %s --check-prefix=PROGRAM
// PROGRAM: sparsity-run: error: cannot open input file

// RUN: echo "func.func @main() {" | not sparsity-run - 2>&1 | FileCheck %s --check-prefix=PARSE
// PARSE: <stdin>:{{.*}}: error:

// RUN: not sparsity-run %s --no-such-option 2>&1 | FileCheck %s --check-prefix=OPTION
// OPTION: Unknown command line argument '--no-such-option'

func.func @main(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %c0 = arith.constant 0 : index
  %m = tensor.dim %x, %c0 : tensor<?x8xf32>
  %empty = tensor.empty(%m) : tensor<?x8xf32>
  %y = linalg.add ins(%x, %x : tensor<?x8xf32>, tensor<?x8xf32>)
                  outs(%empty : tensor<?x8xf32>) -> tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}

func.func private @declared(tensor<8xf32>) -> tensor<8xf32>

func.func @encoded(%x: tensor<8x8xf32, #sparsity.n_of_m<1:2, axis = 1>>)
    -> tensor<8x8xf32, #sparsity.n_of_m<1:2, axis = 1>> {
  return %x : tensor<8x8xf32, #sparsity.n_of_m<1:2, axis = 1>>
}

func.func @complex(%x: tensor<2xcomplex<f32>>) -> tensor<8xf32> {
  %y = tensor.empty() : tensor<8xf32>
  return %y : tensor<8xf32>
}
