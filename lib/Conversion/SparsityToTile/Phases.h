//===- Phases.h - coverage as reduction loops -------------------*- C++ -*-===//
//
// A coverage in two dimensions, the rows of a work item and the columns that
// its reduction walks, becomes a list of loops, its *phases*. The disjunctive
// form of the coverage gives one phase a term:
//
//   bands of the term       bound the loop from both sides, for the rows at
//                           hand;
//   one list of the term    drives the loop: positions count its entries, and
//                           are gathered into dense tiles (a block, or every
//                           512th key);
//   what is left            is an element predicate.
//
// Terms may overlap: the predicate of each phase leaves out the elements of the
// terms before it, so that no element is met twice.
//
//===----------------------------------------------------------------------===//

#ifndef SPARSITY_LIB_CONVERSION_SPARSITYTOTILE_PHASES_H
#define SPARSITY_LIB_CONVERSION_SPARSITYTOTILE_PHASES_H

#include "IndexBuilder.h"

#include "sparsity/Coverage/Coverage.h"

namespace mlir::sparsity {

/// What phases are built for. Values live in the body of a forall.
struct PhaseRequest {
  /// Of the masking tensor; `columnDim` is the dimension that the loop walks.
  Coverage coverage;
  unsigned columnDim = 1;
  /// The range [begin, end) of indices that the work item holds in each
  /// dimension of the tensor; that of `columnDim` is the whole [0, size).
  SmallVector<std::pair<Value, Value>> ranges;
  /// Whether the rows of a work item never straddle groups of `granularity`
  /// along dimension `dim`.
  std::function<bool(unsigned dim, int64_t granularity)> isAligned;
  /// A buffer that the coverage names, one-dimensional.
  std::function<Value(StringRef)> field;
  /// Whether the element at a point is present, for parts of the coverage that
  /// only the encoding can decide.
  std::function<Value(OpBuilder &, Location, ValueRange point)> unknown;
  /// Positions that one step of the loop takes.
  int64_t step = 1;
};

/// One loop over positions [lower, upper).
struct Phase {
  Value lower, upper;
  /// The only phase of its coverage.
  bool sole = true;
  /// The position is the column. Otherwise `index` maps it.
  bool identity = true;
  /// Aligned runs of so many positions are consecutive columns.
  int64_t run = 1;
  /// The column of a position; of a position at or above `upper`, anything.
  std::function<Value(IndexBuilder &, Value position)> index;
  /// The entry of a position in the list, and its place inside the entry. Null
  /// unless a list drives that is read from buffers.
  std::function<std::pair<Value, Value>(IndexBuilder &, Value position)> entry;
  /// Whether the element at `point` (an index per tensor dimension, the column
  /// among them) is met in this phase. Null if each is whose position is below
  /// `upper` and whose indices lie inside the tensor.
  std::function<Value(IndexBuilder &, ValueRange point)> present;
  /// `present` as data: an element is met that lies in `filters` and not in
  /// `earlier`.
  Coverage filters = Coverage::all(), earlier = Coverage::none();
};

/// The phases of one work item, at the insertion point of `builder`.
SmallVector<Phase> buildPhases(OpBuilder &builder, Location loc,
                               const PhaseRequest &request);

} // namespace mlir::sparsity

#endif // SPARSITY_LIB_CONVERSION_SPARSITYTOTILE_PHASES_H
