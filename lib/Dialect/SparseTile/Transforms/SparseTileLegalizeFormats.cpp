//===- SparseTileLegalizeFormats.cpp - load sparse, compute dense ---------===//

#include "sparsity/Dialect/SparseTile/IR/SparseTile.h"
#include "sparsity/Dialect/SparseTile/Transforms/Passes.h"

#include "mlir/IR/PatternMatch.h"
#include "mlir/IR/Remarks.h"

namespace mlir::sparse_tile {
#define GEN_PASS_DEF_SPARSETILELEGALIZEFORMATSPASS
#include "sparsity/Dialect/SparseTile/Transforms/Passes.h.inc"
} // namespace mlir::sparse_tile

using namespace mlir;
using namespace mlir::sparse_tile;

/// Whether the instruction of `config` reads `tile` as it is: only the A
/// operand, and only in a layout that was resolved for it.
static bool isNative(ConfigAttr config, TileType tile, bool isA) {
  return isA && config.getSparse() &&
         tile.getFormat().getLayout() != sparsity::StorageLayout::RowMajor;
}

namespace {
struct SparseTileLegalizeFormatsPass
    : sparse_tile::impl::SparseTileLegalizeFormatsPassBase<
          SparseTileLegalizeFormatsPass> {
  void runOnOperation() override {
    getOperation()->walk([&](PipelineOp pipeline) { legalize(pipeline); });
  }

  /// The tiles are expanded where they are loaded, so that the compute region
  /// sees dense tiles.
  void legalize(PipelineOp pipeline) {
    auto forall = pipeline->getParentOfType<ForallOp>();
    ConfigAttr config = forall.getConfig();
    Operation *yield = pipeline.getLoad().front().getTerminator();
    Block &compute = pipeline.getCompute().front();
    bool anyNative = false;
    for (OpOperand &operand : yield->getOpOperands()) {
      auto type = cast<TileType>(operand.get().getType());
      if (!type.getFormat()) {
        continue;
      }
      BlockArgument argument = compute.getArgument(operand.getOperandNumber());
      bool native = llvm::all_of(argument.getUses(), [&](OpOperand &use) {
        auto mma = dyn_cast<MmaOp>(use.getOwner());
        return mma && isNative(config, type, mma.getA() == use.get());
      });
      anyNative |= native;
      if (native) {
        continue;
      }
      OpBuilder builder(yield);
      auto dense = TileType::get(type.getShape(), type.getElementType());
      operand.set(
          ExpandOp::create(builder, pipeline.getLoc(), dense, operand.get()));
      argument.setType(dense);
      remark::passed(
          pipeline.getLoc(),
          remark::RemarkOpts::name("LegalizeFormats").category("sparsity"))
          << ("expanded: " + config.getInstruction() + " does not take " +
              type.getFormat().getFormat().str() + " compressed")
                 .str();
    }
    if (config.getSparse() && !anyNative) {
      remark::missed(
          forall.getLoc(),
          remark::RemarkOpts::name("LegalizeFormats").category("sparsity"))
          << ("expected an operand in the layout of " +
              config.getInstruction() + ", but every one is expanded")
                 .str();
    }
  }
};
} // namespace
