//===- Tune.h - measures the tiles of a program's kernel --------*- C++ -*-===//

#ifndef SPARSITY_TOOLS_RUN_TUNE_H
#define SPARSITY_TOOLS_RUN_TUNE_H

#include "Inputs.h"

namespace mlir::sparsity::run {

/// Measures the program with each of the tiles that the cost model likes best
/// for its kernel, on the GPU called `device`, prints them, and adds the
/// fastest to the table `arguments.tuneOutput`. Every result has to be that of
/// the first tile. `source` and `inputs` get the extents of this run. Errors
/// have been printed.
LogicalResult tuneProgram(ModuleOp source, std::vector<Input> &inputs,
                          const Arguments &arguments, const std::string &target,
                          const std::string &device);

} // namespace mlir::sparsity::run

#endif // SPARSITY_TOOLS_RUN_TUNE_H
