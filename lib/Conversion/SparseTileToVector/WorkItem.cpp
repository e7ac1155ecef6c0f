//===- WorkItem.cpp - tile buffers and the reduction loop -----------------===//

#include "WorkItem.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/TypeUtilities.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace mlir::sparse_tile;

//===----------------------------------------------------------------------===//
// Helpers
//===----------------------------------------------------------------------===//

Value WorkItem::index(int64_t value) {
  return arith::ConstantIndexOp::create(builder, loc, value);
}

Value WorkItem::add(Value lhs, Value rhs) {
  return arith::AddIOp::create(builder, loc, lhs, rhs);
}

Value WorkItem::minimum(Value lhs, Value rhs) {
  return arith::MinSIOp::create(builder, loc, lhs, rhs);
}

Value WorkItem::roundUp(Value value, int64_t multiple) {
  Value groups =
      arith::CeilDivUIOp::create(builder, loc, value, index(multiple));
  return arith::MulIOp::create(builder, loc, groups, index(multiple));
}

void WorkItem::loop(Value begin, Value end, int64_t step, LoopBody body) {
  auto loopOp = scf::ForOp::create(builder, loc, begin, end, index(step));
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(loopOp.getBody());
  body(loopOp.getInductionVar());
}

/// `value`, a scalar or a vector, in element type `type`; integers are signed.
Value WorkItem::convertElement(Value value, Type type) {
  Type from = getElementTypeOrSelf(value.getType());
  if (from == type) {
    return value;
  }
  Type to = type;
  if (auto vector = dyn_cast<VectorType>(value.getType())) {
    to = vector.clone(type);
  }
  unsigned fromBits = from.getIntOrFloatBitWidth(),
           toBits = type.getIntOrFloatBitWidth();
  if (isa<FloatType>(from) && isa<FloatType>(type)) {
    if (fromBits < toBits) {
      return arith::ExtFOp::create(builder, loc, to, value);
    }
    return arith::TruncFOp::create(builder, loc, to, value);
  }
  if (isa<FloatType>(type)) {
    return arith::SIToFPOp::create(builder, loc, to, value);
  }
  if (isa<FloatType>(from)) {
    return arith::FPToSIOp::create(builder, loc, to, value);
  }
  if (fromBits < toBits) {
    return arith::ExtSIOp::create(builder, loc, to, value);
  }
  return arith::TruncIOp::create(builder, loc, to, value);
}

void WorkItem::putIf(Value condition, function_ref<void()> emitThen) {
  auto branch =
      scf::IfOp::create(builder, loc, condition, /*withElseRegion=*/false);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(branch.thenBlock());
  emitThen();
}

TileBuffer WorkItem::allocate(int64_t extent, int64_t columns, Type type,
                              bool kMajor) {
  int64_t padded = llvm::alignTo(extent, kMajor ? kVectorLanes : kBlockRows);
  int64_t inner = kMajor ? padded : llvm::alignTo(columns, kVectorLanes);
  auto memref = MemRefType::get({kMajor ? columns : padded, inner}, type);
  if (SmallVector<Value> &free = idle[memref]; !free.empty()) {
    return {free.pop_back_val(), kMajor};
  }
  stackBytes += memref.getNumElements() *
                llvm::divideCeil(type.getIntOrFloatBitWidth(), 8);
  Value buffer = memref::AllocaOp::create(builder, loc, memref,
                                          builder.getI64IntegerAttr(64));
  zero(buffer, index(memref.getDimSize(0)));
  return {buffer, kMajor};
}

/// Zeroes the first `rows` rows of a buffer.
void WorkItem::zero(Value buffer, Value rows) {
  auto type = cast<MemRefType>(buffer.getType());
  auto vector = VectorType::get({kVectorLanes}, type.getElementType());
  Value zeros = arith::ConstantOp::create(
      builder, loc, cast<TypedAttr>(builder.getZeroAttr(vector)));
  loop(index(0), rows, 1, [&](Value row) {
    loop(index(0), index(type.getDimSize(1)), kVectorLanes, [&](Value column) {
      vector::StoreOp::create(builder, loc, zeros, buffer,
                              ValueRange{row, column});
    });
  });
}

void WorkItem::copy(Value from, Value to, Value rows) {
  auto type = cast<MemRefType>(to.getType());
  auto vector = VectorType::get({kVectorLanes}, type.getElementType());
  loop(index(0), rows, 1, [&](Value row) {
    loop(index(0), index(type.getDimSize(1)), kVectorLanes, [&](Value column) {
      Value sums = vector::LoadOp::create(builder, loc, vector, from,
                                          ValueRange{row, column});
      vector::StoreOp::create(builder, loc, sums, to, ValueRange{row, column});
    });
  });
}

SmallVector<Value> WorkItem::logicalIndices(ValueRange indices,
                                            ArrayRef<int64_t> dims, Value row,
                                            Value k) {
  SmallVector<Value> result(indices);
  if (dims[0] >= 0) {
    result[dims[0]] = add(result[dims[0]], row);
  }
  if (dims[1] >= 0) {
    result[dims[1]] = add(result[dims[1]], k);
  }
  return result;
}

//===----------------------------------------------------------------------===//
// Emission
//===----------------------------------------------------------------------===//

LogicalResult WorkItem::emitScalarOp(Operation *op, IRMapping &mapping) {
  auto isTile = [](Type type) { return isa<TileType>(type); };
  WalkResult scheduled = op->walk([&](Operation *nested) {
    if (isa_and_present<SparseTileDialect>(nested->getDialect()) ||
        llvm::any_of(nested->getOperandTypes(), isTile) ||
        llvm::any_of(nested->getResultTypes(), isTile)) {
      nested->emitOpError("expected an op of the schedule that has a lowering "
                          "to vectors");
      return WalkResult::interrupt();
    }
    return WalkResult::advance();
  });
  if (scheduled.wasInterrupted()) {
    return failure();
  }
  builder.clone(*op, mapping);
  return success();
}

LogicalResult WorkItem::emitPipeline(PipelineOp pipeline, IRMapping &mapping) {
  Value sideRows = vectorIsA ? validColumns : validRows;
  Value sideColumns = vectorIsA ? validRows : validColumns;
  Value blockRows = roundUp(sideRows, kBlockRows);
  for (auto [position, result] : llvm::enumerate(pipeline.getAccumulators())) {
    Value buffer = accumulators[result];
    if (pipeline.getInits().empty()) {
      zero(buffer, blockRows);
    } else if (Value from = accumulators[pipeline.getInits()[position]];
               from != buffer) {
      copy(from, buffer, blockRows);
    }
  }
  LogicalResult status = success();
  Value lower =
      pipeline.getLower() ? mapping.lookup(pipeline.getLower()) : index(0);
  Value extent = mapping.lookup(pipeline.getExtent());
  loop(lower, extent, pipeline.getStep(), [&](Value k) {
    Block &load = pipeline.getLoad().front();
    Block &compute = pipeline.getCompute().front();
    Value steps = minimum(index(pipeline.getStep()),
                          arith::SubIOp::create(builder, loc, extent, k));
    mapping.map(load.getArgument(0), k);
    for (Operation &op : load.without_terminator()) {
      if (!isa<LoadOp, MaskOp, ExpandOp>(op) &&
          failed(emitScalarOp(&op, mapping))) {
        status = failure();
        return;
      }
    }
    DenseSet<std::pair<Value, unsigned>> decoded;
    auto operand = [&](Value tile, bool isA) {
      Value source = resolveTile(pipeline, tile);
      std::pair<Value, unsigned> key(source, isA ? 0 : 1);
      const TileBuffer &buffer = operands.find(key)->second;
      if (decoded.insert(key).second) {
        decode(source, buffer, mapping, isA ? validRows : validColumns, steps);
      }
      return buffer;
    };
    // Sums are accumulated in place.
    DenseMap<Value, Value> sums;
    unsigned tiles = compute.getNumArguments() - pipeline.getNumResults();
    for (auto [argument, result] :
         llvm::zip_equal(compute.getArguments().drop_front(tiles),
                         pipeline.getAccumulators())) {
      sums[argument] = accumulators[result];
    }
    for (Operation &op : compute.without_terminator()) {
      auto mma = cast<MmaOp>(op);
      TileBuffer a = operand(mma.getA(), true);
      TileBuffer b = operand(mma.getB(), false);
      Value sum = sums.lookup(mma.getAccumulator());
      if (!sum) {
        status = mma.emitOpError("expected an accumulator of this pipeline");
        return;
      }
      multiply(vectorIsA ? b : a, vectorIsA ? a : b, sum, sideRows, sideColumns,
               steps);
      sums[mma.getResult()] = sum;
    }
    auto yield = cast<YieldOp>(compute.getTerminator());
    for (auto [value, result] :
         llvm::zip_equal(yield.getValues(), pipeline.getAccumulators())) {
      if (sums.lookup(value) != accumulators[result]) {
        status =
            yield.emitOpError("expected to yield each sum in the place of its "
                              "accumulator");
      }
    }
  });
  return status;
}

void WorkItem::limitToDomain(IRMapping &mapping) {
  unsigned rank = forall.getNumParallel();
  auto valid = [&](unsigned dim) {
    Value left = arith::SubIOp::create(
        builder, loc, mapping.lookup(forall.getSizeArgs()[dim]),
        mapping.lookup(forall.getOrigins()[dim]));
    return minimum(index(forall.getTile()[dim]), left);
  };
  validRows = valid(rank - 2);
  validColumns = valid(rank - 1);
}

LogicalResult WorkItem::emit(IRMapping &mapping) {
  limitToDomain(mapping);
  for (Operation &op : forall.getBody().front().without_terminator()) {
    LogicalResult status = success();
    if (auto pipeline = dyn_cast<PipelineOp>(op)) {
      status = emitPipeline(pipeline, mapping);
    } else if (auto store = dyn_cast<StoreOp>(op)) {
      status = emitStore(store, mapping);
    } else {
      status = emitScalarOp(&op, mapping);
    }
    if (failed(status)) {
      return failure();
    }
  }
  return success();
}
