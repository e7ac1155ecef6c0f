//===- WarpSpecializedOrder.cpp - rows of tiles by the length of lists ----===//
//
// Rows that follow lists of their own take unequal time, and dealing their
// tiles out in order leaves most of the grid waiting for a few blocks. Here the
// rows are sorted by their steps, longest first, and clusters take tiles from
// the front in rounds, every other round from the last cluster to the first.
// Each block sorts for itself before the roles part: no counter in memory, and
// the same result at each run. Rows that run together have lists of the same
// length, so that they read the other operand in step.
//
//===----------------------------------------------------------------------===//

#include "WarpSpecializedEmitter.h"

#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;
using namespace mlir::sparsity;
using namespace mlir::sparsity::gpu_conversion;

int64_t WarpSpecializedEmitter::countSortedRows() {
  std::optional<int64_t> rows =
      getConstantIntValue(forall.getSizes()[forall.getNumParallel() - 2]);
  // Lists may come from the kernel in front, which overlaps with what is before
  // the wait.
  if (!kernel.sortsLists || !kernel.sharesA || !rows || kernel.kBlocks != 0 ||
      kernel.overlap || forall.getNumParallel() != 2) {
    return 0;
  }
  int64_t tiles = llvm::divideCeil(*rows, rowsPerCluster());
  return tiles <= state.threads ? tiles : 0;
}

Value WarpSpecializedEmitter::getOrderEntry(Value index, bool sorted) {
  int64_t offset = kernel.orderOffset + (sorted ? 0 : 4 * kernel.sortedRows);
  return b.offset(state.shared, b.add(b.mul(index, 4), offset));
}

/// The steps of row `tile` of tiles, of both lists if they are joined.
Value WarpSpecializedEmitter::countSteps(Value tile) {
  Value first = b.mul(tile, rowsPerCluster());
  Value steps = b.i32(0);
  origins = {first, b.i32(0)};
  for (int64_t list = 0; list < (kernel.joins ? 2 : 1); ++list) {
    steps = b.add(steps, followList(first, list));
  }
  return steps;
}

void WarpSpecializedEmitter::emitSort() {
  Value row = state.thread;
  Value isRow = b.less(row, kernel.sortedRows);
  b.when(isRow, [&] {
    b.store(countSteps(row), getOrderEntry(row, /*sorted=*/false), 4);
  });
  NVVM::Barrier0Op::create(b);
  b.when(isRow, [&] {
    auto load = [&](Value index) {
      return b.load(b.getI32Type(), getOrderEntry(index, /*sorted=*/false), 4);
    };
    Value own = load(row);
    // The rows in front: longer ones, and as long ones before this one.
    auto loop = scf::ForOp::create(b, b.i32(0), b.i32(kernel.sortedRows),
                                   b.i32(1), ValueRange{b.i32(0)});
    {
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToStart(loop.getBody());
      Value index = loop.getInductionVar(), other = load(index);
      Value tie = b.select(b.less(index, row), b.i32(1), b.i32(0));
      Value isBefore = b.select(b.less(own, other), b.i32(1),
                                b.select(b.less(other, own), b.i32(0), tie));
      scf::YieldOp::create(
          b, ValueRange{b.add(loop.getRegionIterArg(0), isBefore)});
    }
    b.store(row, getOrderEntry(loop.getResult(0), /*sorted=*/true), 4);
  });
  // Where blocks meet as a cluster, that orders no memory.
  NVVM::Barrier0Op::create(b);
}

Value WarpSpecializedEmitter::countRounds() {
  Value full = b.div(tileCount, clusterCount);
  Value place = getSortedTile(full);
  return b.add(full, b.select(b.less(place, tileCount), b.i32(1), b.i32(0)));
}

Value WarpSpecializedEmitter::getSortedTile(Value round) {
  Value backward = b.sub(b.sub(clusterCount, 1), clusterIndex);
  Value place =
      b.select(b.equal(b.bitAnd(round, 1), 0), clusterIndex, backward);
  return b.add(b.mul(round, clusterCount), place);
}

void WarpSpecializedEmitter::setSortedOrigins(Value tile) {
  Value row = b.load(b.getI32Type(),
                     getOrderEntry(b.div(tile, tileColumnCount), true), 4);
  origins = {b.mul(row, rowsPerCluster()),
             b.mul(b.rem(tile, tileColumnCount), columnsPerCluster())};
}
