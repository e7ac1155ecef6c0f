//===- CountWork.cpp - report what a work item read -----------------------===//

#include "CountWork.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/Support/MathExtras.h"

#include <cmath>

using namespace mlir;
using namespace mlir::sparse_tile;

namespace {
/// Bytes of the tiles that a block loads once.
struct TileBytes {
  int64_t stored = 0, dense = 0;
};
} // namespace

static TileBytes getTileBytes(Block &block) {
  TileBytes bytes;
  for (auto load : block.getOps<LoadOp>()) {
    TileType tile = load.getTile().getType();
    unsigned bits = tile.getElementType().getIntOrFloatBitWidth();
    int64_t elements = 1;
    for (int64_t extent : tile.getShape()) {
      elements *= extent;
    }
    int64_t dense = llvm::divideCeil(static_cast<uint64_t>(elements) * bits, 8);
    double ratio = tile.getFormat()
                       ? tile.getFormat().getFormat().storedBytesRatio(bits)
                       : 1.0;
    bytes.dense += dense;
    bytes.stored += std::llround(static_cast<double>(dense) * ratio);
  }
  return bytes;
}

void sparse_tile::emitWorkCount(OpBuilder &builder, ForallOp forall,
                                int64_t number, const IRMapping &mapping,
                                LLVM::LLVMFuncOp callee) {
  Location loc = forall.getLoc();
  Type i64 = builder.getI64Type();
  auto constant = [&](int64_t value) -> Value {
    return arith::ConstantIntOp::create(builder, loc, i64, value);
  };
  auto addProduct = [&](Value &sum, Value value, int64_t factor) {
    Value product =
        arith::MulIOp::create(builder, loc, value, constant(factor));
    sum = arith::AddIOp::create(builder, loc, sum, product);
  };
  Block &body = forall.getBody().front();
  TileBytes once = getTileBytes(body);
  Value steps = constant(0), total = constant(0);
  Value bytes = constant(once.stored), denseBytes = constant(once.dense);
  for (auto pipeline : body.getOps<PipelineOp>()) {
    Value extent = arith::IndexCastOp::create(
        builder, loc, i64, mapping.lookup(pipeline.getExtent()));
    Value lower =
        pipeline.getLower()
            ? arith::IndexCastOp::create(builder, loc, i64,
                                         mapping.lookup(pipeline.getLower()))
                  .getResult()
            : constant(0);
    Value length = arith::SubIOp::create(builder, loc, extent, lower);
    length = arith::MaxSIOp::create(builder, loc, length, constant(0));
    Value run = arith::CeilDivSIOp::create(builder, loc, length,
                                           constant(pipeline.getStep()));
    Value all = run;
    if (auto extentOfAll = pipeline->getAttrOfType<IntegerAttr>(kTotalAttr)) {
      bool continues = llvm::any_of(pipeline.getInits(), [](Value init) {
        return init.getDefiningOp<PipelineOp>() != nullptr;
      });
      all = constant(continues ? 0
                               : llvm::divideCeilSigned(extentOfAll.getInt(),
                                                        pipeline.getStep()));
    }
    TileBytes step = getTileBytes(pipeline.getLoad().front());
    addProduct(steps, run, 1);
    addProduct(total, all, 1);
    addProduct(bytes, run, step.stored);
    addProduct(denseBytes, all, step.dense);
  }
  LLVM::CallOp::create(
      builder, loc, callee,
      ValueRange{constant(number), steps, total, bytes, denseBytes});
}
