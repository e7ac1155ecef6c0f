//===- PTX.h - kernels as PTX text and as cubins ----------------*- C++ -*-===//

#ifndef SPARSITY_EXECUTION_PTX_H
#define SPARSITY_EXECUTION_PTX_H

#include "mlir/Dialect/GPU/IR/GPUDialect.h"

#include <string>

namespace mlir::sparsity {

/// PTX text of a module of `llvm.func` kernels, for the chip and features of
/// its `#nvvm.target`. What LLVM's code generator gives up on, which would end
/// the process, is an error at the module.
FailureOr<std::string> emitPTX(gpu::GPUModuleOp module);

/// Assembles PTX text for `chip` ("sm_80") with `ptxas` from $CUDA_HOME/bin,
/// PATH or /usr/local/cuda/bin. A missing assembler and its messages are errors
/// at `location`.
FailureOr<std::string> assembleCubin(StringRef ptx, StringRef chip,
                                     Location location);

} // namespace mlir::sparsity

#endif // SPARSITY_EXECUTION_PTX_H
