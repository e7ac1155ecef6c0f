//===- WarpSpecializedOrder.cpp - rows of tiles in a stored order ---------===//
//
// Rows that follow lists of their own take unequal time, and dealing their
// tiles out as they come leaves most of the grid waiting for a few blocks.
// Where the lists are stored with an order (long ones first, those that have
// much in common next to each other), rows are taken in it, and clusters take
// tiles in rounds, every other round from the last cluster to the first.
//
//===----------------------------------------------------------------------===//

#include "WarpSpecializedEmitter.h"

using namespace mlir;
using namespace mlir::sparsity;
using namespace mlir::sparsity::gpu_conversion;

/// Columns of clusters' tiles that are visited together with all rows. Few, so
/// that blocks which run at once read the same tiles of the other operand, and
/// not one, so that a round of them is more than the rows.
static constexpr int64_t kPanelColumns = 2;

Value WarpSpecializedEmitter::findOrder() {
  auto order =
      forall->getAttrOfType<DenseI64ArrayAttr>(sparse_tile::kOrderAttrName);
  // A group is a row of tiles: with several in one, those of the last group
  // that do not exist would be anywhere in the order.
  if (!order || kernel.kBlocks != 0 || order[1] != state.tileRows ||
      forall.getNumParallel() != 2) {
    return {};
  }
  return forall.getInputArgs()[order[0]];
}

Value WarpSpecializedEmitter::getOrderedRow(Value place) {
  if (!kernel.order) {
    return place;
  }
  Value pointer = scalars.buffers.lookup(kernel.order).pointer;
  Value index = b.div(place, state.tileRows);
  Value row = b.load(b.getI32Type(), b.offset(pointer, b.mul(index, 4)), 4);
  return b.mul(row, state.tileRows);
}

void WarpSpecializedEmitter::setOrderedOrigins(Value tile) {
  Value perPanel = b.mul(tileRowCount, kPanelColumns);
  Value inPanel = b.rem(tile, perPanel);
  Value first = b.mul(b.div(tile, perPanel), kPanelColumns);
  Value width = b.min(b.i32(kPanelColumns), b.sub(tileColumnCount, first));
  Value column = b.add(first, b.rem(inPanel, width));
  origins = {b.mul(b.div(inPanel, width), rowsPerCluster()),
             b.mul(column, columnsPerCluster())};
}

Value WarpSpecializedEmitter::countRounds() {
  Value full = b.div(tileCount, clusterCount);
  Value tile = getDealtTile(full);
  return b.add(full, b.select(b.less(tile, tileCount), b.i32(1), b.i32(0)));
}

Value WarpSpecializedEmitter::getDealtTile(Value round) {
  Value backward = b.sub(b.sub(clusterCount, 1), clusterIndex);
  Value place =
      b.select(b.equal(b.bitAnd(round, 1), 0), clusterIndex, backward);
  return b.add(b.mul(round, clusterCount), place);
}
