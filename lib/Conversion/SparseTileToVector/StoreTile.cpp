//===- StoreTile.cpp - the epilogue of a work item as scalar loops --------===//

#include "WorkItem.h"

#include "mlir/Dialect/Affine/Utils.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;
using namespace mlir::sparse_tile;

/// Evaluates the body for each valid element. The inner loop runs along the
/// vector side, where the first output and the accumulators are contiguous, so
/// that LLVM vectorizes it.
LogicalResult WorkItem::emitStore(StoreOp store, IRMapping &mapping) {
  unsigned rank = forall.getNumParallel();
  Block &body = store.getBody().front();
  SmallVector<AffineMap> maps(store.getMaps().getAsValueRange<AffineMapAttr>());
  for (Value tile : store.getTiles()) {
    if (!accumulators.count(tile)) {
      return store.emitOpError("expected to store sums of a pipeline, but got ")
             << tile;
    }
  }
  auto emitElement = [&](Value row, Value column) {
    SmallVector<Value> position;
    for (unsigned dim = 0; dim < rank; ++dim) {
      Value origin = mapping.lookup(forall.getOrigins()[dim]);
      if (dim + 2 == rank) {
        origin = add(origin, row);
      } else if (dim + 1 == rank) {
        origin = add(origin, column);
      }
      position.push_back(origin);
    }
    auto indicesOf = [&](unsigned operand) {
      return *affine::expandAffineMap(builder, loc, maps[operand], position);
    };
    SmallVector<Value> arguments(position);
    for (Value tile : store.getTiles()) {
      SmallVector<Value> place = {row, column};
      if (vectorIsA) {
        std::swap(place[0], place[1]);
      }
      arguments.push_back(
          memref::LoadOp::create(builder, loc, accumulators[tile], place));
    }
    for (auto [operand, input] : llvm::enumerate(store.getInputs())) {
      arguments.push_back(memref::LoadOp::create(
          builder, loc, mapping.lookup(input), indicesOf(operand)));
    }
    // Each element has its own copy of the body's values; what comes from
    // outside of it is shared.
    IRMapping element(mapping);
    element.map(body.getArguments(), arguments);
    for (Operation &op : body.without_terminator()) {
      builder.clone(op, element);
    }
    for (auto [operand, output] : llvm::enumerate(store.getOutputs())) {
      Value value = body.getTerminator()->getOperand(operand);
      memref::StoreOp::create(builder, loc, element.lookupOrDefault(value),
                              mapping.lookup(output),
                              indicesOf(store.getInputs().size() + operand));
    }
  };
  Value outer = vectorIsA ? validColumns : validRows;
  Value inner = vectorIsA ? validRows : validColumns;
  loop(index(0), outer, 1, [&](Value i) {
    loop(index(0), inner, 1,
         [&](Value j) { emitElement(vectorIsA ? j : i, vectorIsA ? i : j); });
  });
  return success();
}
