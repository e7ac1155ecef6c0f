//===- IndexRegion.h - computed indices inside loops ------------*- C++ -*-===//
//
// The `at` region of a load or a store takes the positions of an element to its
// indices and to whether it exists. It is emitted in parts, each in the
// outermost loop that knows what the part needs: a search for the group of a
// row runs once a row.
//
//===----------------------------------------------------------------------===//

#ifndef SPARSITY_LIB_CONVERSION_SPARSETILETOVECTOR_INDEXREGION_H
#define SPARSITY_LIB_CONVERSION_SPARSETILETOVECTOR_INDEXREGION_H

#include "mlir/IR/Builders.h"
#include "mlir/IR/IRMapping.h"

namespace mlir::sparse_tile {

/// One evaluation of an `at` region, for positions that become known one after
/// the other, outermost loop first.
class IndexRegion {
public:
  /// `mapping` takes the values that the region uses from outside to values of
  /// the work function.
  IndexRegion(OpBuilder &builder, Region &at, const IRMapping &mapping)
      : builder(builder), at(at.front()), mapping(mapping) {}

  /// Gives position number `argument` a value and emits every op that now has
  /// all it uses.
  void bind(unsigned argument, Value position);

  /// The indices, once every position is bound.
  SmallVector<Value> getIndices() const;
  /// Whether there is an element (i1), once every position is bound.
  Value getPresent() const;

private:
  bool isReady(Operation *op);

  OpBuilder &builder;
  Block &at;
  IRMapping mapping;
  DenseSet<Operation *> emitted;
};

/// Whether `value`, a value of the block that `argument` belongs to, is
/// computed from the argument.
bool dependsOn(Value value, BlockArgument argument);

} // namespace mlir::sparse_tile

#endif // SPARSITY_LIB_CONVERSION_SPARSETILETOVECTOR_INDEXREGION_H
