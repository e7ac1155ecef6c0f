//===- Check.h - results against the oracle ---------------------*- C++ -*-===//

#ifndef SPARSITY_TOOLS_RUN_CHECK_H
#define SPARSITY_TOOLS_RUN_CHECK_H

#include "Inputs.h"

namespace mlir::sparsity::run {

/// Compares every result and prints a line for each, or for those that differ
/// only, with the first mismatches; they were computed for `target`. Returns
/// whether all are close enough: within `factor` times the tolerance.
bool checkResults(ModuleOp source, const std::vector<HostTensor> &results,
                  const std::vector<HostTensor> &expected,
                  const Arguments &arguments, llvm::StringRef target,
                  bool printsAll = true, double factor = 1);

} // namespace mlir::sparsity::run

#endif // SPARSITY_TOOLS_RUN_CHECK_H
