//===- IndexRegion.cpp - emit an index region loop by loop ----------------===//

#include "IndexRegion.h"

using namespace mlir;
using namespace mlir::sparse_tile;

/// Calls `visit` for every value of `block` that `op` or an op inside of it
/// uses.
static void forEachUse(Operation *op, Block &block,
                       function_ref<void(Value)> visit) {
  op->walk([&](Operation *nested) {
    for (Value operand : nested->getOperands()) {
      if (operand.getParentBlock() == &block) {
        visit(operand);
      }
    }
  });
}

bool IndexRegion::isReady(Operation *op) {
  bool ready = true;
  forEachUse(op, at, [&](Value value) { ready &= mapping.contains(value); });
  return ready;
}

void IndexRegion::bind(unsigned argument, Value position) {
  mapping.map(at.getArgument(argument), position);
  for (Operation &op : at.without_terminator()) {
    if (!emitted.contains(&op) && isReady(&op)) {
      builder.clone(op, mapping);
      emitted.insert(&op);
    }
  }
}

SmallVector<Value> IndexRegion::getIndices() const {
  return llvm::map_to_vector(
      at.getTerminator()->getOperands().drop_back(),
      [&](Value value) { return mapping.lookup(value); });
}

Value IndexRegion::getPresent() const {
  return mapping.lookup(at.getTerminator()->getOperands().back());
}

bool sparse_tile::dependsOn(Value value, BlockArgument argument) {
  if (value == argument) {
    return true;
  }
  Block &block = *argument.getOwner();
  Operation *op = value.getDefiningOp();
  if (!op || op->getBlock() != &block) {
    return false;
  }
  bool depends = false;
  forEachUse(op, block,
             [&](Value used) { depends |= dependsOn(used, argument); });
  return depends;
}
