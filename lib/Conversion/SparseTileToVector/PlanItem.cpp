//===- PlanItem.cpp - the buffers of a work item --------------------------===//

#include "IndexRegion.h"
#include "WorkItem.h"

using namespace mlir;
using namespace mlir::sparse_tile;

WorkItem::WorkItem(OpBuilder &builder, ForallOp forall)
    : builder(builder), forall(forall), loc(forall.getLoc()) {
  unsigned rank = forall.getNumParallel();
  auto store = llvm::find_if(forall.getBody().front(),
                             [](Operation &op) { return isa<StoreOp>(op); });
  if (store == forall.getBody().front().end()) {
    return;
  }
  auto storeOp = cast<StoreOp>(*store);
  unsigned firstOutput = storeOp.getInputs().size();
  AffineMap map =
      cast<AffineMapAttr>(storeOp.getMaps()[firstOutput]).getValue();
  if (map.getNumResults() == 0) {
    return;
  }
  AffineExpr last = map.getResults().back();
  if (!storeOp.isScatter()) {
    vectorIsA = last == builder.getAffineDimExpr(rank - 2);
  } else if (auto dim = dyn_cast<AffineDimExpr>(last)) {
    Block &at = storeOp.getAt().front();
    Value computed = at.getTerminator()->getOperand(dim.getPosition());
    vectorIsA = dependsOn(computed, at.getArgument(rank - 2)) &&
                !dependsOn(computed, at.getArgument(rank - 1));
  }
}

/// What the compute region's argument `tile` is outside of it: a value of the
/// load region.
Value WorkItem::resolveTile(PipelineOp pipeline, Value tile) {
  auto argument = dyn_cast<BlockArgument>(tile);
  if (!argument || argument.getOwner() != &pipeline.getCompute().front()) {
    return tile;
  }
  ValueRange loaded =
      cast<YieldOp>(pipeline.getLoad().front().getTerminator()).getValues();
  return argument.getArgNumber() < loaded.size()
             ? loaded[argument.getArgNumber()]
             : Value();
}

LogicalResult WorkItem::planLoad(LoadOp load) {
  using Kind = sparsity::TileFormat::Kind;
  sparsity::TileFormatAttr format = load.getTile().getType().getFormat();
  auto isKnown = [&](Kind kind, size_t sources) {
    return format.getFormat().kind == kind &&
           format.getLayout() == sparsity::StorageLayout::RowMajor &&
           load.getSources().size() == sources;
  };
  if (format && !isKnown(Kind::NOfM, 2) &&
      !(load.isGather() && isKnown(Kind::Bitmap, 3))) {
    return load.emitOpError("expected a tile that is dense, n_of_m in layout "
                            "row_major or a gathered bitmap, but got ")
           << load.getTile().getType();
  }
  return load.isGather() ? planGather(load) : success();
}

LogicalResult WorkItem::planOperand(PipelineOp pipeline, Value operand,
                                    bool isA, Type type,
                                    SmallVectorImpl<Value> &used) {
  auto tile = cast<TileType>(operand.getType());
  if (tile.getFormat()) {
    return pipeline.emitOpError("expected dense tiles to multiply, but got ")
           << tile << "; run sparse-tile-legalize-formats first";
  }
  Value source = resolveTile(pipeline, operand);
  for (Value from = source;;) {
    Operation *op = from ? from.getDefiningOp() : nullptr;
    if (auto mask = dyn_cast_or_null<MaskOp>(op)) {
      from = mask.getTile();
    } else if (auto expand = dyn_cast_or_null<ExpandOp>(op)) {
      from = expand.getTile();
    } else if (auto load = dyn_cast_or_null<LoadOp>(op)) {
      if (failed(planLoad(load))) {
        return failure();
      }
      break;
    } else {
      return pipeline.emitOpError(
                 "expected to multiply tiles that are loaded, masked or "
                 "expanded in the load region, but got ")
             << operand;
    }
  }
  auto [entry, isNew] = operands.try_emplace({source, isA ? 0u : 1u});
  if (isNew) {
    entry->second = allocate(tile.getShape()[0], tile.getShape()[1], type,
                             /*kMajor=*/isA == vectorIsA);
    used.push_back(entry->second.memref);
  } else if (entry->second.getElementType() != type) {
    return pipeline.emitOpError(
        "expected one accumulator type for all uses of a tile");
  }
  return success();
}

LogicalResult WorkItem::planPipeline(PipelineOp pipeline) {
  SmallVector<Value> used;
  for (auto [position, accumulator] :
       llvm::enumerate(pipeline.getAccumulators())) {
    auto tile = cast<TileType>(accumulator.getType());
    int64_t rows = tile.getShape()[vectorIsA ? 1 : 0];
    int64_t columns = tile.getShape()[vectorIsA ? 0 : 1];
    Type type = tile.getElementType();
    if (tile.getFormat() ||
        !(type.isF32() || type.isF64() || type.isInteger(32))) {
      return pipeline.emitOpError(
                 "expected accumulators of f32, f64 or i32, but got ")
             << tile;
    }
    if (!pipeline.getInits().empty()) {
      Value init = pipeline.getInits()[position];
      Value buffer = accumulators.lookup(init);
      if (!buffer) {
        return pipeline.emitOpError(
                   "expected to start from sums of a pipeline, but got ")
               << init;
      }
      if (init.hasOneUse()) {
        accumulators[accumulator] = buffer;
        continue;
      }
    }
    accumulators[accumulator] = allocate(rows, columns, type, false).memref;
  }
  for (Operation &op : pipeline.getCompute().front().without_terminator()) {
    auto mma = dyn_cast<MmaOp>(op);
    if (!mma) {
      return op.emitOpError(
          "expected only sparse_tile.mma in a compute region");
    }
    if (!mma.getResult().hasOneUse()) {
      return mma.emitOpError("expected a sum that is used once");
    }
    Type type = mma.getAccumulator().getType().getElementType();
    if (failed(planOperand(pipeline, mma.getA(), true, type, used)) ||
        failed(planOperand(pipeline, mma.getB(), false, type, used))) {
      return failure();
    }
  }
  // The next pipeline decodes into the same memory.
  for (Value buffer : used) {
    idle[buffer.getType()].push_back(buffer);
  }
  return success();
}

LogicalResult WorkItem::prepare() {
  ArrayRef<int64_t> tile = forall.getTile();
  if (llvm::any_of(tile.drop_back(2),
                   [](int64_t extent) { return extent != 1; })) {
    return forall.emitOpError(
               "expected a tile extent of 1 for batch dimensions, but got ")
           << forall.getTileAttr();
  }
  for (Operation &op : forall.getBody().front()) {
    auto pipeline = dyn_cast<PipelineOp>(op);
    if (pipeline && failed(planPipeline(pipeline))) {
      return failure();
    }
  }
  if (stackBytes > kMaxStackBytes) {
    return forall.emitOpError("expected tiles of at most ")
           << kMaxStackBytes << " bytes in total, but got " << stackBytes;
  }
  return success();
}
