//===- DensifyAttention.h - the oracle of sparsity.attention ----*- C++ -*-===//

#ifndef SPARSITY_LIB_DIALECT_SPARSITY_TRANSFORMS_DENSIFYATTENTION_H
#define SPARSITY_LIB_DIALECT_SPARSITY_TRANSFORMS_DENSIFYATTENTION_H

#include "sparsity/Dialect/Sparsity/IR/Sparsity.h"

#include "mlir/IR/PatternMatch.h"

namespace mlir::sparsity {

/// Replaces each sparsity.attention below `root` with loops over its rows that
/// hold the logits of one row at a time, summed in f64 or f32: the definition,
/// with two passes over the keys of a row and no tiles. Keys that the mask
/// leaves out are visited and skipped. Without a mask and in f32 an op stays as
/// it is.
void densifyAttentions(Operation *root, bool sumInF64, RewriterBase &rewriter);

} // namespace mlir::sparsity

#endif // SPARSITY_LIB_DIALECT_SPARSITY_TRANSFORMS_DENSIFYATTENTION_H
