//===- DenseWork.h - what a schedule would do without sparsity --*- C++ -*-===//
//
// Discardable attributes by which the tiling tells the extents of the dense
// iteration space, which the loops of a schedule visit a part of. They are for
// reports; no code depends on them.
//
//===----------------------------------------------------------------------===//

#ifndef SPARSITY_DIALECT_SPARSETILE_IR_DENSEWORK_H
#define SPARSITY_DIALECT_SPARSETILE_IR_DENSEWORK_H

#include "llvm/ADT/StringRef.h"

namespace mlir::sparse_tile {

/// Of a pipeline (i64): the position among the forall's sizes of the extent of
/// the reduction. A pipeline without it visits the whole of its own extent.
inline constexpr llvm::StringLiteral kReductionAttr = "sparsity.reduction";

/// Of a forall (array<i64>): for each parallel dimension, the position among
/// the sizes of its extent in indices (-1 for the entries of a list, which have
/// none), then of extents that multiply the number of work items (the groups of
/// a list). A forall without it has one work item for each tile of its parallel
/// dimensions.
inline constexpr llvm::StringLiteral kDenseSizesAttr = "sparsity.dense_sizes";

/// Of a module whose schedules count their work (array of locations): where
/// schedule number i came from.
inline constexpr llvm::StringLiteral kSchedulesAttr = "sparsity.schedules";

} // namespace mlir::sparse_tile

#endif // SPARSITY_DIALECT_SPARSETILE_IR_DENSEWORK_H
