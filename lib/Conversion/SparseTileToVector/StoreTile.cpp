//===- StoreTile.cpp - the epilogue of a work item as scalar loops --------===//

#include "IndexRegion.h"
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
  SmallVector<Value> position =
      lookupAll(mapping, ValueRange(forall.getOrigins()));
  // `position` is what `maps` and the body take: indices of the parallel
  // dimensions, or computed ones.
  auto emitElement = [&](Value row, Value column, ValueRange position) {
    auto indicesOf = [&](unsigned operand) {
      return *affine::expandAffineMap(builder, loc, maps[operand], position);
    };
    SmallVector<Value> arguments = llvm::to_vector(position);
    for (Value tile : store.getTiles()) {
      // A tile of one column holds a value a row.
      bool perRow = cast<TileType>(tile.getType()).getShape()[1] == 1;
      SmallVector<Value> place = {row, perRow ? index(0) : column};
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
  unsigned outerDim = vectorIsA ? rank - 1 : rank - 2;
  unsigned innerDim = vectorIsA ? rank - 2 : rank - 1;
  std::optional<IndexRegion> region;
  if (store.isScatter()) {
    region.emplace(builder, store.getAt(), mapping);
    for (unsigned dim = 0; dim + 2 < rank; ++dim) {
      region->bind(dim, position[dim]);
    }
  }
  Value outerOrigin = position[outerDim], innerOrigin = position[innerDim];
  loop(index(0), outer, 1, [&](Value i) {
    position[outerDim] = add(outerOrigin, i);
    if (region) {
      region->bind(outerDim, position[outerDim]);
    }
    loop(index(0), inner, 1, [&](Value j) {
      position[innerDim] = add(innerOrigin, j);
      Value row = vectorIsA ? j : i, column = vectorIsA ? i : j;
      if (!region) {
        emitElement(row, column, position);
        return;
      }
      region->bind(innerDim, position[innerDim]);
      putIf(region->getPresent(),
            [&] { emitElement(row, column, region->getIndices()); });
    });
  });
  return success();
}
