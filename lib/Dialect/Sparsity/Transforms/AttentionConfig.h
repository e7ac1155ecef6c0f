//===- AttentionConfig.h - tiles of sparsity.attention ----------*- C++ -*-===//

#ifndef SPARSITY_LIB_DIALECT_SPARSITY_TRANSFORMS_ATTENTIONCONFIG_H
#define SPARSITY_LIB_DIALECT_SPARSITY_TRANSFORMS_ATTENTIONCONFIG_H

#include "sparsity/Dialect/Sparsity/IR/Sparsity.h"
#include "sparsity/Target/Target.h"

namespace mlir::sparsity {

/// Leaves a configuration on every sparsity.attention below `root`: `tile` is
/// query rows, columns of the output, keys of a step. `stages` above 0 is taken
/// instead of the choice made here. Fails after an error if the target cannot
/// multiply the operands.
LogicalResult configureAttentions(Operation *root, const TargetInfo &target,
                                  bool allowTF32, int64_t stages);

} // namespace mlir::sparsity

#endif // SPARSITY_LIB_DIALECT_SPARSITY_TRANSFORMS_ATTENTIONCONFIG_H
