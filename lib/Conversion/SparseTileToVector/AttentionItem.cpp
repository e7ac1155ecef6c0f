//===- AttentionItem.cpp - attention as loops over vectors ----------------===//

#include "AttentionItem.h"

#include "IndexRegion.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

#include <numeric>

using namespace mlir;
using namespace mlir::sparse_tile;

bool sparse_tile::isAttention(ForallOp forall) {
  return forall.getBody()
      .walk([](OnlineSoftmaxOp) { return WalkResult::interrupt(); })
      .wasInterrupted();
}

/// Whether `mma` multiplies queries and keys; the other one weights and values.
static bool isProduct(MmaOp mma) {
  return mma.getA().getDefiningOp<LoadOp>() != nullptr;
}

static Type vectorOf(Type element) {
  return VectorType::get({kVectorLanes}, element);
}

Value AttentionItem::number(double value, Type type) {
  Type element = type;
  if (auto vector = dyn_cast<VectorType>(type)) {
    element = vector.getElementType();
    auto attribute = cast<TypedAttr>(
        DenseElementsAttr::get(vector, builder.getFloatAttr(element, value)));
    return arith::ConstantOp::create(builder, loc, attribute);
  }
  return arith::ConstantOp::create(builder, loc,
                                   builder.getFloatAttr(element, value));
}

/// Per lane, whether its number is below `count`.
Value AttentionItem::isBelow(Value count) {
  SmallVector<int32_t> lanes(kVectorLanes);
  std::iota(lanes.begin(), lanes.end(), 0);
  Type i32 = builder.getI32Type();
  auto vector = VectorType::get({kVectorLanes}, i32);
  Value numbers = arith::ConstantOp::create(
      builder, loc, DenseElementsAttr::get(vector, ArrayRef<int32_t>(lanes)));
  Value narrow = arith::IndexCastOp::create(builder, loc, i32, count);
  Value counts = vector::BroadcastOp::create(builder, loc, vector, narrow);
  return arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::slt, numbers,
                               counts);
}

static constexpr double kMinusInfinity =
    -std::numeric_limits<double>::infinity();

//===----------------------------------------------------------------------===//
// Planning
//===----------------------------------------------------------------------===//

LogicalResult AttentionItem::planPipeline(PipelineOp pipeline) {
  Type f32 = builder.getF32Type();
  for (auto [init, result] :
       llvm::zip(pipeline.getInits(), pipeline.getAccumulators())) {
    accumulators[result] = accumulators.lookup(init);
  }
  if (pipeline.getInits().size() != pipeline.getNumResults()) {
    return pipeline.emitOpError("expected initial tiles, but got none");
  }
  for (auto load : pipeline.getLoad().front().getOps<LoadOp>()) {
    if (failed(planLoad(load))) {
      return failure();
    }
  }
  for (auto mma : pipeline.getCompute().front().getOps<MmaOp>()) {
    ArrayRef<int64_t> b = mma.getB().getType().getShape();
    TileBuffer &buffer = isProduct(mma) ? keyBuffer : valueBuffer;
    if (!buffer.memref) {
      buffer = allocate(b[0], b[1], f32, /*kMajor=*/true);
    }
    if (isProduct(mma) && !logitBuffer.memref) {
      ArrayRef<int64_t> logits = mma.getResult().getType().getShape();
      logitBuffer = allocate(logits[0], logits[1], f32, /*kMajor=*/false);
    }
  }
  return success();
}

LogicalResult AttentionItem::prepare() {
  Type f32 = builder.getF32Type();
  for (Operation &op : forall.getBody().front()) {
    if (auto load = dyn_cast<LoadOp>(op)) {
      ArrayRef<int64_t> shape = load.getTile().getType().getShape();
      queryBuffer = allocate(shape[0], shape[1], f32, /*kMajor=*/false);
    } else if (auto fill = dyn_cast<FillOp>(op)) {
      ArrayRef<int64_t> shape = fill.getTile().getType().getShape();
      accumulators[fill.getTile()] =
          allocate(shape[0], shape[1], f32, /*kMajor=*/false).memref;
    } else if (auto pipeline = dyn_cast<PipelineOp>(op)) {
      if (failed(planPipeline(pipeline))) {
        return failure();
      }
    }
  }
  if (stackBytes > kMaxStackBytes) {
    return forall.emitOpError("expected tiles of at most ")
           << kMaxStackBytes << " bytes in total, but got " << stackBytes;
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Softmax
//===----------------------------------------------------------------------===//

void AttentionItem::fill(Value buffer, FillOp op) {
  auto type = cast<MemRefType>(buffer.getType());
  Type vector = vectorOf(type.getElementType());
  Value value =
      number(cast<FloatAttr>(op.getValue()).getValueAsDouble(), vector);
  loop(index(0), index(type.getDimSize(0)), 1, [&](Value row) {
    loop(index(0), index(type.getDimSize(1)), kVectorLanes, [&](Value column) {
      vector::StoreOp::create(builder, loc, value, buffer,
                              ValueRange{row, column});
    });
  });
}

void AttentionItem::emitLogits(ScoreOp score, Value logits, Value row,
                               Value steps, IRMapping &mapping) {
  Type vector = vectorOf(builder.getF32Type());
  double scale = score.getScale().convertToDouble();
  loop(index(0), steps, kVectorLanes, [&](Value column) {
    Value value = vector::LoadOp::create(builder, loc, cast<VectorType>(vector),
                                         logits, ValueRange{row, column});
    if (std::optional<APFloat> softcap = score.getSoftcap()) {
      double cap = softcap->convertToDouble();
      value = arith::MulFOp::create(builder, loc, value,
                                    number(scale / cap, vector));
      value = math::TanhOp::create(builder, loc, value);
      value = arith::MulFOp::create(builder, loc, value, number(cap, vector));
    } else {
      value = arith::MulFOp::create(builder, loc, value, number(scale, vector));
    }
    Value left = arith::SubIOp::create(builder, loc, steps, column);
    Value inside = isBelow(left);
    value = arith::SelectOp::create(builder, loc, inside, value,
                                    number(kMinusInfinity, vector));
    vector::StoreOp::create(builder, loc, value, logits,
                            ValueRange{row, column});
  });
  if (score.getWhere().empty()) {
    return;
  }
  auto test = [&] {
    IndexRegion where(builder, score.getWhere(), mapping);
    Value origin = mapping.lookup(score.getIndices()[0]);
    Value first = mapping.lookup(score.getIndices()[1]);
    where.bind(0, add(origin, row));
    loop(index(0), steps, 1, [&](Value column) {
      IndexRegion element = where;
      element.bind(1, add(first, column));
      Value value =
          memref::LoadOp::create(builder, loc, logits, ValueRange{row, column});
      value =
          arith::SelectOp::create(builder, loc, element.getPresent(), value,
                                  number(kMinusInfinity, builder.getF32Type()));
      memref::StoreOp::create(builder, loc, value, logits,
                              ValueRange{row, column});
    });
  };
  if (!score.getFull()) {
    return test();
  }
  Value full = mapping.lookup(score.getFull());
  Value partial = arith::XOrIOp::create(
      builder, loc, full, arith::ConstantIntOp::create(builder, loc, 1, 1));
  putIf(partial, test);
}

void AttentionItem::emitWeights(Value logits, Value maximum, Value sum,
                                Value output, Value row, Value steps) {
  Type f32 = builder.getF32Type();
  auto vector = cast<VectorType>(vectorOf(f32));
  Value zero = index(0);
  auto load = [&](Value buffer) -> Value {
    return memref::LoadOp::create(builder, loc, buffer, ValueRange{row, zero});
  };
  auto store = [&](Value value, Value buffer) {
    memref::StoreOp::create(builder, loc, value, buffer, ValueRange{row, zero});
  };
  auto reduce = [&](Value start,
                    function_ref<Value(Value column, Value so)> body) {
    return scf::ForOp::create(
               builder, loc, zero, steps, index(kVectorLanes),
               ValueRange{start},
               [&](OpBuilder &, Location, Value column, ValueRange carried) {
                 scf::YieldOp::create(builder, loc, body(column, carried[0]));
               })
        .getResult(0);
  };
  auto loadLogits = [&](Value column) -> Value {
    return vector::LoadOp::create(builder, loc, vector, logits,
                                  ValueRange{row, column});
  };
  // A NaN does not win here; it comes through with its weight.
  Value largest =
      reduce(number(kMinusInfinity, vector), [&](Value column, Value so) {
        return arith::MaxNumFOp::create(builder, loc, so, loadLogits(column))
            .getResult();
      });
  Value before = load(maximum);
  Value now = vector::ReductionOp::create(
      builder, loc, vector::CombiningKind::MAXNUMF, largest, before);
  store(now, maximum);
  // A row without a key so far has nothing to measure by.
  Value none = arith::CmpFOp::create(builder, loc, arith::CmpFPredicate::OEQ,
                                     now, number(kMinusInfinity, f32));
  Value base =
      arith::SelectOp::create(builder, loc, none, number(0.0, f32), now);
  Value bases = vector::BroadcastOp::create(builder, loc, vector, base);
  Value partial = reduce(number(0.0, vector), [&](Value column, Value so) {
    Value weight = math::ExpOp::create(
        builder, loc,
        arith::SubFOp::create(builder, loc, loadLogits(column), bases));
    vector::StoreOp::create(builder, loc, weight, logits,
                            ValueRange{row, column});
    return arith::AddFOp::create(builder, loc, so, weight).getResult();
  });
  Value added = vector::ReductionOp::create(
      builder, loc, vector::CombiningKind::ADD, partial);
  Value factor = math::ExpOp::create(
      builder, loc, arith::SubFOp::create(builder, loc, before, base));
  Value scaled = arith::MulFOp::create(builder, loc, load(sum), factor);
  store(arith::AddFOp::create(builder, loc, scaled, added), sum);
  Value changes = arith::CmpFOp::create(builder, loc, arith::CmpFPredicate::UNE,
                                        factor, number(1.0, f32));
  putIf(changes, [&] {
    Value factors = vector::BroadcastOp::create(builder, loc, vector, factor);
    int64_t columns = cast<MemRefType>(output.getType()).getDimSize(1);
    loop(zero, index(columns), kVectorLanes, [&](Value column) {
      Value sums = vector::LoadOp::create(builder, loc, vector, output,
                                          ValueRange{row, column});
      sums = arith::MulFOp::create(builder, loc, sums, factors);
      vector::StoreOp::create(builder, loc, sums, output,
                              ValueRange{row, column});
    });
  });
}

//===----------------------------------------------------------------------===//
// Emission
//===----------------------------------------------------------------------===//

/// The elements of `buffer` along its K that hold the head, all of them: what
/// a load leaves out of the tile stays zero.
static int64_t getHeadSize(LoadOp load) {
  auto source = cast<ShapedType>(load.getSources().front().getType());
  return source.getShape().back();
}

LogicalResult AttentionItem::emitStep(PipelineOp pipeline, IRMapping &mapping,
                                      Value steps) {
  Block &compute = pipeline.getCompute().front();
  Operation *loaded = pipeline.getLoad().front().getTerminator();
  unsigned tiles = loaded->getNumOperands();
  DenseMap<Value, Value> sums;
  for (auto [argument, result] :
       llvm::zip(compute.getArguments().drop_front(tiles),
                 pipeline.getAccumulators())) {
    sums[argument] = accumulators[result];
  }
  auto loadOf = [&](Value tile) {
    unsigned number = cast<BlockArgument>(tile).getArgNumber();
    return loaded->getOperand(number).getDefiningOp<LoadOp>();
  };
  Value blockRows = roundUp(validRows, kBlockRows);
  for (Operation &op : compute.without_terminator()) {
    if (isa<FillOp>(op)) {
      // The products' start, which they are zeroed to.
      continue;
    }
    if (auto mma = dyn_cast<MmaOp>(op)) {
      LoadOp load = loadOf(mma.getB());
      Value head = index(getHeadSize(load));
      if (isProduct(mma)) {
        decode(load.getTile(), keyBuffer, mapping, steps, head);
        zero(logitBuffer.memref, blockRows);
        multiply(queryBuffer, keyBuffer, logitBuffer.memref, validRows, steps,
                 head);
        continue;
      }
      Value sum = sums.lookup(mma.getAccumulator());
      decode(load.getTile(), valueBuffer, mapping, head, steps);
      multiply(logitBuffer, valueBuffer, sum, validRows, validColumns, steps);
      sums[mma.getResult()] = sum;
    } else if (auto score = dyn_cast<ScoreOp>(op)) {
      loop(index(0), validRows, 1, [&](Value row) {
        emitLogits(score, logitBuffer.memref, row, steps, mapping);
      });
    } else if (auto softmax = dyn_cast<OnlineSoftmaxOp>(op)) {
      Value maximum = sums.lookup(softmax.getMaximum());
      Value sum = sums.lookup(softmax.getSum());
      Value output = sums.lookup(softmax.getOutput());
      loop(index(0), validRows, 1, [&](Value row) {
        emitWeights(logitBuffer.memref, maximum, sum, output, row, steps);
      });
      sums[softmax.getNewOutput()] = output;
    } else if (failed(emitScalarOp(&op, mapping))) {
      return failure();
    }
  }
  return success();
}

LogicalResult AttentionItem::emitPipeline(PipelineOp pipeline,
                                          IRMapping &mapping) {
  LogicalResult status = success();
  Value lower =
      pipeline.getLower() ? mapping.lookup(pipeline.getLower()) : index(0);
  Value extent = mapping.lookup(pipeline.getExtent());
  loop(lower, extent, pipeline.getStep(), [&](Value k) {
    Block &load = pipeline.getLoad().front();
    mapping.map(load.getArgument(0), k);
    mapping.map(pipeline.getCompute().front().getArguments().back(), k);
    Value steps = minimum(index(pipeline.getStep()),
                          arith::SubIOp::create(builder, loc, extent, k));
    for (Operation &op : load.without_terminator()) {
      if (!isa<LoadOp>(op) && failed(emitScalarOp(&op, mapping))) {
        status = failure();
        return;
      }
    }
    status = emitStep(pipeline, mapping, steps);
  });
  return status;
}

LogicalResult AttentionItem::emitOp(Operation &op, IRMapping &mapping) {
  if (auto load = dyn_cast<LoadOp>(op)) {
    decode(load.getTile(), queryBuffer, mapping, validRows,
           index(getHeadSize(load)));
    return success();
  }
  if (auto fillOp = dyn_cast<FillOp>(op)) {
    fill(accumulators[fillOp.getTile()], fillOp);
    return success();
  }
  if (auto pipeline = dyn_cast<PipelineOp>(op)) {
    return emitPipeline(pipeline, mapping);
  }
  if (auto store = dyn_cast<StoreOp>(op)) {
    return emitStore(store, mapping);
  }
  return emitScalarOp(&op, mapping);
}

LogicalResult AttentionItem::emit(IRMapping &mapping) {
  limitToDomain(mapping);
  for (Operation &op : forall.getBody().front().without_terminator()) {
    if (failed(emitOp(op, mapping))) {
      return failure();
    }
  }
  return success();
}
