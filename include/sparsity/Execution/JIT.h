//===- JIT.h - host code, compiled in this process --------------*- C++ -*-===//

#ifndef SPARSITY_EXECUTION_JIT_H
#define SPARSITY_EXECUTION_JIT_H

#include "mlir/IR/BuiltinOps.h"

#include <memory>

namespace mlir {
class ExecutionEngine;
} // namespace mlir

namespace mlir::sparsity {

/// Compiles a module in the LLVM dialect, with kernels embedded as gpu.binary
/// if it has any, for the processor it runs on, and loads its kernels. The
/// runtime (sparsity*, mgpu*) and libm are found by address, so nothing has to
/// be exported by the executable. Errors are diagnostics at the module.
///
/// With `allocate` and `release`, heap memory of the compiled code comes from
/// them instead of malloc() and free().
FailureOr<std::unique_ptr<ExecutionEngine>>
createJIT(ModuleOp module, void *(*allocate)(size_t) = nullptr,
          void (*release)(void *) = nullptr);

} // namespace mlir::sparsity

#endif // SPARSITY_EXECUTION_JIT_H
