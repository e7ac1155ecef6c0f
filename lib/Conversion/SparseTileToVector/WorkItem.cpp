//===- WorkItem.cpp - buffers, reduction loop and micro-kernel ------------===//

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

TileBuffer WorkItem::allocate(int64_t extent, int64_t columns, Type type,
                              bool kMajor) {
  int64_t padded = llvm::alignTo(extent, kMajor ? kVectorLanes : kBlockRows);
  int64_t inner = kMajor ? padded : llvm::alignTo(columns, kVectorLanes);
  auto memref = MemRefType::get({kMajor ? columns : padded, inner}, type);
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
// Planning
//===----------------------------------------------------------------------===//

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
  if (map.getNumResults() > 0) {
    vectorIsA = map.getResults().back() == builder.getAffineDimExpr(rank - 2);
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

LogicalResult WorkItem::planOperand(PipelineOp pipeline, Value operand,
                                    bool isA, Type type) {
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
      sparsity::TileFormatAttr format = load.getTile().getType().getFormat();
      bool known =
          !format ||
          (format.getFormat().kind == sparsity::TileFormat::Kind::NOfM &&
           format.getLayout() == sparsity::StorageLayout::RowMajor &&
           load.getSources().size() == 2);
      if (!known) {
        return load.emitOpError(
                   "expected a tile that is dense or n_of_m in layout "
                   "row_major, but got ")
               << load.getTile().getType();
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
  } else if (entry->second.getElementType() != type) {
    return pipeline.emitOpError(
        "expected one accumulator type for all uses of a tile");
  }
  return success();
}

LogicalResult WorkItem::planPipeline(PipelineOp pipeline) {
  for (Value accumulator : pipeline.getAccumulators()) {
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
    if (failed(planOperand(pipeline, mma.getA(), true, type)) ||
        failed(planOperand(pipeline, mma.getB(), false, type))) {
      return failure();
    }
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

//===----------------------------------------------------------------------===//
// Emission
//===----------------------------------------------------------------------===//

LogicalResult WorkItem::emitScalarOp(Operation *op, IRMapping &mapping) {
  auto isTile = [](Type type) { return isa<TileType>(type); };
  if (op->getNumRegions() || llvm::any_of(op->getOperandTypes(), isTile) ||
      llvm::any_of(op->getResultTypes(), isTile)) {
    return op->emitOpError(
        "expected an op of the schedule that has a lowering to "
        "vectors");
  }
  builder.clone(*op, mapping);
  return success();
}

LogicalResult WorkItem::emitPipeline(PipelineOp pipeline, IRMapping &mapping) {
  Value sideRows = vectorIsA ? validColumns : validRows;
  Value sideColumns = vectorIsA ? validRows : validColumns;
  for (Value accumulator : pipeline.getAccumulators()) {
    zero(accumulators[accumulator], roundUp(sideRows, kBlockRows));
  }
  LogicalResult status = success();
  Value extent = mapping.lookup(pipeline.getExtent());
  loop(index(0), extent, pipeline.getStep(), [&](Value k) {
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

/// accumulator[r][c] += sum over k of broadcast[r][k] * vectors[k][c], in
/// blocks of kBlockRows rows and up to two vectors, whose sums stay in
/// registers over k.
void WorkItem::multiply(const TileBuffer &broadcast, const TileBuffer &vectors,
                        Value accumulator, Value rows, Value columns,
                        Value steps) {
  auto sumType = cast<MemRefType>(accumulator.getType());
  Type type = sumType.getElementType();
  auto vector = VectorType::get({kVectorLanes}, type);
  int64_t lanes = sumType.getDimSize(1) % (2 * kVectorLanes) == 0 ? 2 : 1;
  Value zero = index(0);
  loop(zero, rows, kBlockRows, [&](Value row) {
    SmallVector<Value> rowIndices;
    for (int64_t r = 0; r < kBlockRows; ++r) {
      rowIndices.push_back(add(row, index(r)));
    }
    loop(zero, columns, lanes * kVectorLanes, [&](Value column) {
      SmallVector<Value> columnIndices, sums;
      for (int64_t lane = 0; lane < lanes; ++lane) {
        columnIndices.push_back(add(column, index(lane * kVectorLanes)));
      }
      for (Value r : rowIndices) {
        for (Value c : columnIndices) {
          sums.push_back(vector::LoadOp::create(builder, loc, vector,
                                                accumulator, ValueRange{r, c}));
        }
      }
      auto reduce = scf::ForOp::create(
          builder, loc, zero, steps, index(1), sums,
          [&](OpBuilder &, Location, Value k, ValueRange partial) {
            SmallVector<Value> b, next;
            for (Value c : columnIndices) {
              b.push_back(vector::LoadOp::create(
                  builder, loc, vector, vectors.memref, vectors.at(c, k)));
            }
            for (auto [r, rowIndex] : llvm::enumerate(rowIndices)) {
              Value element = memref::LoadOp::create(
                  builder, loc, broadcast.memref, broadcast.at(rowIndex, k));
              Value a =
                  vector::BroadcastOp::create(builder, loc, vector, element);
              for (int64_t lane = 0; lane < lanes; ++lane) {
                Value sum = partial[r * lanes + lane];
                if (isa<FloatType>(type)) {
                  next.push_back(
                      vector::FMAOp::create(builder, loc, a, b[lane], sum));
                } else {
                  Value product =
                      arith::MulIOp::create(builder, loc, a, b[lane]);
                  next.push_back(
                      arith::AddIOp::create(builder, loc, product, sum));
                }
              }
            }
            scf::YieldOp::create(builder, loc, next);
          });
      for (auto [r, rowIndex] : llvm::enumerate(rowIndices)) {
        for (auto [lane, c] : llvm::enumerate(columnIndices)) {
          vector::StoreOp::create(builder, loc,
                                  reduce.getResult(r * lanes + lane),
                                  accumulator, ValueRange{rowIndex, c});
        }
      }
    });
  });
}

LogicalResult WorkItem::emit(IRMapping &mapping) {
  unsigned rank = forall.getNumParallel();
  auto valid = [&](unsigned dim) {
    Value left = arith::SubIOp::create(
        builder, loc, mapping.lookup(forall.getSizeArgs()[dim]),
        mapping.lookup(forall.getOrigins()[dim]));
    return minimum(index(forall.getTile()[dim]), left);
  };
  validRows = valid(rank - 2);
  validColumns = valid(rank - 1);
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
