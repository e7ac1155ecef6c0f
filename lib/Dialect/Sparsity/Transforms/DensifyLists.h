//===- DensifyLists.h - run-time lists as dense tensors ---------*- C++ -*-===//

#ifndef SPARSITY_LIB_DIALECT_SPARSITY_TRANSFORMS_DENSIFYLISTS_H
#define SPARSITY_LIB_DIALECT_SPARSITY_TRANSFORMS_DENSIFYLISTS_H

#include "sparsity/Dialect/Sparsity/IR/Sparsity.h"

#include "mlir/IR/PatternMatch.h"

namespace mlir::sparsity {

/// The weights of `op` [tokens, experts], 0 where an expert is not kept.
Value densifyRoute(RouteOp op, RewriterBase &rewriter);

/// `source` with 0 where `rule` does not keep the element.
Value densifySelection(Location loc, Value source, Selection rule,
                       RewriterBase &rewriter);

} // namespace mlir::sparsity

#endif // SPARSITY_LIB_DIALECT_SPARSITY_TRANSFORMS_DENSIFYLISTS_H
