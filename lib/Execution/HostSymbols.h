//===- HostSymbols.h - what compiled host code may call ---------*- C++ -*-===//

#ifndef SPARSITY_LIB_EXECUTION_HOSTSYMBOLS_H
#define SPARSITY_LIB_EXECUTION_HOSTSYMBOLS_H

#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/StringRef.h"

namespace mlir::sparsity {

/// Calls `visit` with the name and address of every function that code compiled
/// by createJIT() may refer to: the runtime, libm, and the conversions of small
/// floats that LLVM calls on processors without an instruction for them.
void forEachHostSymbol(llvm::function_ref<void(llvm::StringRef, void *)> visit);

} // namespace mlir::sparsity

#endif // SPARSITY_LIB_EXECUTION_HOSTSYMBOLS_H
