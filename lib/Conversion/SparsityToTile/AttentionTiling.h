//===- AttentionTiling.h - the schedule of sparsity.attention ---*- C++ -*-===//

#ifndef SPARSITY_LIB_CONVERSION_SPARSITYTOTILE_ATTENTIONTILING_H
#define SPARSITY_LIB_CONVERSION_SPARSITYTOTILE_ATTENTIONTILING_H

#include "sparsity/Dialect/Sparsity/IR/Sparsity.h"

#include "mlir/IR/PatternMatch.h"

namespace mlir::sparsity {

/// Replaces every sparsity.attention below `root` with its schedule: a work
/// item for each head and tile of queries, which passes once over the keys that
/// the mask's phases visit. Fails after an error if an op has no configuration.
LogicalResult tileAttentions(Operation *root, IRRewriter &rewriter);

} // namespace mlir::sparsity

#endif // SPARSITY_LIB_CONVERSION_SPARSITYTOTILE_ATTENTIONTILING_H
