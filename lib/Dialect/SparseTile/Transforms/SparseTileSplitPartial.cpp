//===- SparseTileSplitPartial.cpp - test elements only where needed -------===//

#include "sparsity/Coverage/Classify.h"
#include "sparsity/Dialect/SparseTile/IR/SparseTile.h"
#include "sparsity/Dialect/SparseTile/Transforms/Passes.h"

#include "mlir/IR/PatternMatch.h"

namespace mlir::sparse_tile {
#define GEN_PASS_DEF_SPARSETILESPLITPARTIALPASS
#include "sparsity/Dialect/SparseTile/Transforms/Passes.h.inc"
} // namespace mlir::sparse_tile

using namespace mlir;
using namespace mlir::sparse_tile;

/// Whether the coverage proves that every element of the tensor behind `mask`
/// is present.
static bool isAlwaysFull(MaskOp mask) {
  sparsity::Coverage coverage = mask.getCoverage().getCoverage();
  if (coverage.kind() == sparsity::Coverage::Kind::All) {
    return true;
  }
  auto load = mask.getTile().getDefiningOp<LoadOp>();
  if (!load) {
    return false;
  }
  auto type = cast<ShapedType>(load.getSources().front().getType());
  if (!type.hasStaticShape()) {
    return false;
  }
  sparsity::Box whole;
  std::vector<int64_t> shape(type.getShape().begin(), type.getShape().end());
  for (int64_t extent : shape) {
    whole.push_back({0, extent});
  }
  return sparsity::classify(coverage, whole, shape) == sparsity::TileKind::Full;
}

namespace {
struct SparseTileSplitPartialPass
    : sparse_tile::impl::SparseTileSplitPartialPassBase<
          SparseTileSplitPartialPass> {
  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    getOperation()->walk([&](MaskOp mask) {
      if (isAlwaysFull(mask)) {
        rewriter.replaceOp(mask, mask.getTile());
      }
    });
  }
};
} // namespace
