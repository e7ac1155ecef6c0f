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
/// Where rows follow lists, those that run together should read the same tiles
/// of the other operand, some at the same time: more panels, of few rows most.
static constexpr int64_t kListedRaster = 64, kNarrowListedRaster = 256;
static constexpr int64_t kNarrowRows = 64;

/// `config` with the raster for its tile.
static ConfigAttr assign(ForallOp forall, ConfigAttr config) {
  unsigned rowDim = forall.getNumParallel() - 2;
  std::optional<int64_t> rows = getConstantIntValue(forall.getSizes()[rowDim]);
  int64_t tileRows = config == forall.getConfig() ? forall.getTile()[rowDim]
                                                  : config.getTile()[0];
  bool followsLists = false;
  forall.walk([&](LoadOp load) { followsLists |= load.isGather(); });
  int64_t most = !followsLists             ? kRaster
                 : tileRows <= kNarrowRows ? kNarrowListedRaster
                                           : kListedRaster;
  int64_t raster = most;
  if (rows) {
    raster = std::clamp<int64_t>(llvm::divideCeil(*rows, tileRows), 1, most);
  }
  return ConfigAttr::get(forall.getContext(), config.getTile(),
                         config.getWarps(), config.getStages(), raster,
                         config.getSwap(), config.getMultiply(),
                         config.getInstruction(), config.getSparse(),
                         config.getCluster(), config.getSplits());
}

namespace {
struct SparseTileAssignWorkPass
    : sparse_tile::impl::SparseTileAssignWorkPassBase<
          SparseTileAssignWorkPass> {
  void runOnOperation() override {
    getOperation()->walk([](ForallOp forall) {
      forall.setConfigAttr(assign(forall, forall.getConfig()));
      auto variants = forall->getAttrOfType<ArrayAttr>(kVariantsAttrName);
      if (!variants) {
        return;
      }
      Builder builder(forall.getContext());
      SmallVector<Attribute> assigned;
      for (Attribute entry : variants) {
        auto pair = cast<ArrayAttr>(entry);
        assigned.push_back(builder.getArrayAttr(
            {pair[0], assign(forall, cast<ConfigAttr>(pair[1]))}));
      }
      forall->setAttr(kVariantsAttrName, builder.getArrayAttr(assigned));
    });
  }
};
} // namespace
