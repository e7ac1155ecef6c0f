//===- Oracle.h - the same program on dense tensors -------------*- C++ -*-===//

#ifndef SPARSITY_TOOLS_RUN_ORACLE_H
#define SPARSITY_TOOLS_RUN_ORACLE_H

#include "Inputs.h"

namespace mlir::sparsity::run {

/// Runs a copy of `source` through `sparsity-densify{accumulate=f64}` and
/// upstream's lowering to loops, on the CPU: nothing of this project's
/// schedules, formats or conversions takes part. Errors have been printed.
FailureOr<std::vector<HostTensor>> runOracle(ModuleOp source,
                                             const std::string &entry,
                                             const std::vector<Input> &inputs);

/// Gives every reduction of `module` the loop order in which memory is read in
/// sequence.
void orderReductionLoops(ModuleOp module);

/// Keeps an element that a loop loads, updates and stores each time in a
/// register, so that LLVM can vectorize the reduction.
void keepSumsInRegisters(ModuleOp module);

/// Replaces transcendental functions by calls of libm in f64.
void callLibm(ModuleOp module);

} // namespace mlir::sparsity::run

#endif // SPARSITY_TOOLS_RUN_ORACLE_H
