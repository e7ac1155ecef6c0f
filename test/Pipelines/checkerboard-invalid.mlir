// RUN: sparsity-test-opt %s -split-input-file -verify-diagnostics

// Another dialect's encoding is verified like the project's own.

// expected-error @+1 {{expected squares of at least 1 element a side, but got 0}}
func.func private @size(tensor<8x8xf16, #test.checkerboard<0>>)

// -----

// expected-error @+1 {{expected a matrix, but got 3 dimensions}}
func.func private @rank(tensor<8x8x8xf16, #test.checkerboard<8>>)
