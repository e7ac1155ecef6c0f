//===- AttentionOps.cpp - verifiers of the ops of attention ---------------===//

#include "sparsity/Dialect/SparseTile/IR/SparseTile.h"

using namespace mlir;
using namespace mlir::sparse_tile;

LogicalResult FillOp::verify() {
  TileType tile = getTile().getType();
  if (tile.getFormat() || tile.getElementType() != getValue().getType()) {
    return emitOpError("expected a dense tile of ")
           << getValue().getType() << ", but got " << tile;
  }
  return success();
}

LogicalResult ScoreOp::verify() {
  TileType tile = getTile().getType();
  if (tile.getShape().size() != 2 || tile.getFormat() ||
      !tile.getElementType().isF32()) {
    return emitOpError("expected a dense tile of f32 in two dimensions, but "
                       "got ")
           << tile;
  }
  if (getIndices().size() != 2) {
    return emitOpError("expected two indices, but got ") << getIndices().size();
  }
  if (getWhere().empty()) {
    if (getFull()) {
      return emitOpError("expected a where region beside full, but got none");
    }
    return success();
  }
  Block &block = getWhere().front();
  auto yield = dyn_cast<YieldOp>(block.getTerminator());
  bool isPredicate = block.getNumArguments() == 2 &&
                     llvm::all_of(block.getArgumentTypes(),
                                  [](Type type) { return type.isIndex(); }) &&
                     yield && yield.getValues().size() == 1 &&
                     yield.getValues().front().getType().isInteger(1);
  if (!isPredicate) {
    return emitOpError("expected the where region to take two positions of "
                       "type index and to yield an i1");
  }
  return success();
}

LogicalResult OnlineSoftmaxOp::verify() {
  ArrayRef<int64_t> logits = getLogits().getType().getShape();
  ArrayRef<int64_t> output = getOutput().getType().getShape();
  bool ranks = logits.size() == 2 && output.size() == 2 &&
               logits[0] == output[0] &&
               getWeights().getType().getShape() == logits;
  for (Value column : {getMaximum(), getSum()}) {
    auto type = cast<TileType>(column.getType());
    ranks = ranks && type.getShape() == ArrayRef<int64_t>({logits[0], 1});
  }
  if (!ranks) {
    return emitOpError("expected logits and weights r x k, maximum and sum "
                       "r x 1 and output r x c, but got ")
           << getLogits().getType() << ", " << getWeights().getType() << ", "
           << getMaximum().getType() << ", " << getSum().getType() << " and "
           << getOutput().getType();
  }
  return success();
}
