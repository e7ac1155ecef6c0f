//===- DensifyResults.h - the oracle of sampled products --------*- C++ -*-===//

#ifndef SPARSITY_LIB_DIALECT_SPARSITY_TRANSFORMS_DENSIFYRESULTS_H
#define SPARSITY_LIB_DIALECT_SPARSITY_TRANSFORMS_DENSIFYRESULTS_H

#include "sparsity/Dialect/Sparsity/IR/Sparsity.h"

namespace mlir::sparsity {

/// Below `root`, makes the uses of each contraction whose result has an
/// encoding see zero where the pattern has no element. The pattern is the
/// encoding's predicate; or, where a list of blocks decides, the blocks in
/// which the tensor that the sums start from holds an element that is not zero,
/// which is what packing keeps. Other patterns are data that a dense tensor
/// does not tell, and leave the result as it is.
void densifyResults(Operation *root);

} // namespace mlir::sparsity

#endif // SPARSITY_LIB_DIALECT_SPARSITY_TRANSFORMS_DENSIFYRESULTS_H
