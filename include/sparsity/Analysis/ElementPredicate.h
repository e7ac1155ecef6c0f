//===- ElementPredicate.h - affine patterns as code -------------*- C++ -*-===//

#ifndef SPARSITY_ANALYSIS_ELEMENTPREDICATE_H
#define SPARSITY_ANALYSIS_ELEMENTPREDICATE_H

#include "mlir/IR/Builders.h"
#include "mlir/IR/IntegerSet.h"

namespace mlir::sparsity {

/// An i1: whether the point at `indices` (of type index, one per dimension)
/// lies in one of `sets`, the form that
/// SparsityEncodingAttrInterface::getElementPredicate and sparse_tile.mask
/// give.
Value emitElementPredicate(OpBuilder &builder, Location loc,
                           ArrayRef<IntegerSet> sets, ValueRange indices);

} // namespace mlir::sparsity

#endif // SPARSITY_ANALYSIS_ELEMENTPREDICATE_H
