//===- Compile.h - from a program to a compiled module ----------*- C++ -*-===//

#ifndef SPARSITY_EXECUTION_COMPILE_H
#define SPARSITY_EXECUTION_COMPILE_H

#include "mlir/IR/BuiltinOps.h"

namespace mlir::sparsity {

/// Runs the passes that `pipeline` names, such as "canonicalize,cse", on
/// `module`. Needs registerSparsityPasses(), registerSparsityPipelines() and
/// registerUpstreamPasses(); an unknown pass is an error at the module.
LogicalResult runPassPipeline(ModuleOp module, StringRef pipeline);

/// Lowers a program in `linalg` and `sparsity` ops for `target`, a name of the
/// target table: to the LLVM dialect for "cpu", else to host code in the LLVM
/// dialect and gpu.modules of kernels. Entry functions carry `sparsity.abi`.
/// `allowTF32` lets f32 contractions multiply in tf32; `options` are further
/// options of the GPU pipeline, as on its command line.
LogicalResult compileForTarget(ModuleOp module, StringRef target,
                               bool allowTF32, StringRef options = {});

/// Replaces every gpu.module by a gpu.binary that holds its PTX, so that the
/// host code can be translated to LLVM IR and run.
LogicalResult embedKernels(ModuleOp module);

} // namespace mlir::sparsity

#endif // SPARSITY_EXECUTION_COMPILE_H
