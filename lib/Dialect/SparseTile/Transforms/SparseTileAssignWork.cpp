//===- SparseTileAssignWork.cpp - work items in an order for the L2 -------===//

#include "sparsity/Dialect/SparseTile/IR/SparseTile.h"
#include "sparsity/Dialect/SparseTile/Transforms/Passes.h"

#include "mlir/Dialect/Utils/StaticValueUtils.h"

namespace mlir::sparse_tile {
#define GEN_PASS_DEF_SPARSETILEASSIGNWORKPASS
#include "sparsity/Dialect/SparseTile/Transforms/Passes.h.inc"
} // namespace mlir::sparse_tile

using namespace mlir;
using namespace mlir::sparse_tile;

/// Row panels that are visited together: with as many columns in flight they
/// share operands in the L2 cache. More than a wave holds gains nothing.
static constexpr int64_t kRaster = 16;

namespace {
struct SparseTileAssignWorkPass
    : sparse_tile::impl::SparseTileAssignWorkPassBase<
          SparseTileAssignWorkPass> {
  void runOnOperation() override {
    getOperation()->walk([](ForallOp forall) {
      unsigned rowDim = forall.getNumParallel() - 2;
      std::optional<int64_t> rows =
          getConstantIntValue(forall.getSizes()[rowDim]);
      int64_t raster = kRaster;
      if (rows) {
        int64_t tiles = llvm::divideCeil(*rows, forall.getTile()[rowDim]);
        raster = std::clamp<int64_t>(tiles, 1, kRaster);
      }
      ConfigAttr config = forall.getConfig();
      forall.setConfigAttr(ConfigAttr::get(
          forall.getContext(), config.getTile(), config.getWarps(),
          config.getStages(), raster, config.getSwap(), config.getMultiply(),
          config.getInstruction(), config.getSparse(), config.getCluster(),
          config.getSplits()));
    });
  }
};
} // namespace
