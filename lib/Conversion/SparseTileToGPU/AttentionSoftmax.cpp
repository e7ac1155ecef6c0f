//===- AttentionSoftmax.cpp - logits, running softmax and results ---------===//

#include "AttentionKernel.h"

#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace mlir::sparsity;
using namespace mlir::sparsity::gpu_conversion;

static constexpr double kMinusInfinity =
    -std::numeric_limits<double>::infinity();
static constexpr double kLog2E = 1.4426950408889634;

Value AttentionEmitter::f32(double value) {
  return arith::ConstantOp::create(b, b.getF32FloatAttr(value));
}

/// 2 to the power of `value`, at a relative error of 2^-22 (PTX ISA,
/// "ex2.approx").
Value AttentionEmitter::exp2(Value value) {
  return LLVM::CallIntrinsicOp::create(
             b, b.getF32Type(), b.getStringAttr("llvm.nvvm.ex2.approx.ftz.f"),
             ValueRange{value})
      .getResult(0);
}

/// The maximum, or the sum, over the four lanes that share a row.
Value AttentionEmitter::overQuad(Value value, bool maximum) {
  for (int64_t distance : {1, 2}) {
    Value other = NVVM::ShflOp::create(b, b.getF32Type(), b.i32(-1), value,
                                       b.i32(distance), b.i32(31),
                                       NVVM::ShflKind::bfly, UnitAttr());
    value = maximum ? Value(arith::MaxNumFOp::create(b, value, other))
                    : Value(arith::AddFOp::create(b, value, other));
  }
  return value;
}

/// The position of this lane's row (i32).
Value AttentionEmitter::rowOf(int64_t rowBlock, int64_t half) {
  unsigned dim = state.forall.getNumParallel() - 2;
  Value origin = toI32(state.forall.getOrigins()[dim], scalars.values);
  Value row = b.add(b.mul(state.warp, rowBlocks * 16), b.shr(state.lane, 2));
  return b.add(b.add(origin, row), rowBlock * 16 + half * 8);
}

void AttentionEmitter::emitScore(sparse_tile::ScoreOp score,
                                 const IRMapping &mapping, Value position,
                                 MutableArrayRef<Logits> logits) {
  double scale = score.getScale().convertToDouble();
  if (std::optional<APFloat> softcap = score.getSoftcap()) {
    // cap * tanh(x) = cap - 2 * cap / (exp(2 x) + 1)
    double cap = softcap->convertToDouble();
    exponent = 1.0;
    for (Logits &block : logits) {
      for (auto &tile : block) {
        for (Value &value : tile) {
          Value power = exp2(
              arith::MulFOp::create(b, value, f32(2 * scale / cap * kLog2E)));
          Value below = arith::AddFOp::create(b, power, f32(1.0));
          Value part = LLVM::CallIntrinsicOp::create(
                           b, b.getF32Type(),
                           b.getStringAttr("llvm.nvvm.rcp.approx.ftz.f"),
                           ValueRange{below})
                           .getResult(0);
          part = arith::MulFOp::create(b, part, f32(-2 * cap * kLog2E));
          value = arith::AddFOp::create(b, part, f32(cap * kLog2E));
        }
      }
    }
  } else if (scale > 0) {
    exponent = scale * kLog2E;
  } else {
    // The largest product is not the largest logit.
    exponent = 1.0;
    for (Logits &block : logits) {
      for (auto &tile : block) {
        for (Value &value : tile) {
          value = arith::MulFOp::create(b, value, f32(scale * kLog2E));
        }
      }
    }
  }
  if (score.getWhere().empty()) {
    return;
  }
  Value full = score.getFull() ? mapping.lookup(score.getFull())
                               : arith::ConstantIntOp::create(b, 0, 1);
  SmallVector<Value> flat;
  for (Logits &block : logits) {
    for (auto &tile : block) {
      llvm::append_range(flat, tile);
    }
  }
  auto branch = scf::IfOp::create(b, ValueRange(flat).getTypes(), full,
                                  /*addThenBlock=*/true, /*addElseBlock=*/true);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(branch.thenBlock());
  scf::YieldOp::create(b, flat);
  b.setInsertionPointToStart(branch.elseBlock());
  Value column = b.mul(b.bitAnd(state.lane, 3), 2);
  SmallVector<Value> masked;
  for (auto [number, block] : llvm::enumerate(logits)) {
    for (auto [place, tile] : llvm::enumerate(block)) {
      for (int64_t part = 0; part < 4; ++part) {
        Value key = b.add(b.add(position, column), place * 8 + part % 2);
        Value present =
            scalars
                .inlineBlock(score.getWhere().front(),
                             {rowOf(number, part / 2), key}, mapping)
                .front();
        masked.push_back(b.select(present, tile[part], f32(kMinusInfinity)));
      }
    }
  }
  scf::YieldOp::create(b, masked);
  size_t next = 0;
  for (Logits &block : logits) {
    for (auto &tile : block) {
      for (Value &value : tile) {
        value = branch.getResult(next++);
      }
    }
  }
}

void AttentionEmitter::emitSoftmax(MutableArrayRef<Logits> logits,
                                   MutableArrayRef<AttentionRows> rows) {
  for (auto [block, state] : llvm::zip_equal(logits, rows)) {
    for (int64_t half = 0; half < 2; ++half) {
      Value largest = state.maximum[half];
      for (auto &tile : block) {
        for (int64_t part : {2 * half, 2 * half + 1}) {
          largest = arith::MaxNumFOp::create(b, largest, tile[part]);
        }
      }
      largest = overQuad(largest, /*maximum=*/true);
      // A row without a key so far has nothing to measure by.
      Value none = arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, largest,
                                         f32(kMinusInfinity));
      Value base = b.select(none, f32(0.0),
                            arith::MulFOp::create(b, largest, f32(-exponent)));
      auto power = [&](Value value) {
        return exp2(math::FmaOp::create(b, value, f32(exponent), base));
      };
      Value factor = power(state.maximum[half]);
      state.maximum[half] = largest;
      Value sum = arith::MulFOp::create(b, state.sum[half], factor);
      for (auto &tile : block) {
        for (int64_t part : {2 * half, 2 * half + 1}) {
          tile[part] = power(tile[part]);
          sum = arith::AddFOp::create(b, sum, tile[part]);
        }
      }
      state.sum[half] = sum;
      for (auto &tile : state.output) {
        for (int64_t part : {2 * half, 2 * half + 1}) {
          tile[part] = arith::MulFOp::create(b, tile[part], factor);
        }
      }
    }
  }
}

//===----------------------------------------------------------------------===//
// f32
//===----------------------------------------------------------------------===//

/// Products as multiply-adds, in the places of C fragments.
SmallVector<AttentionEmitter::Logits>
AttentionEmitter::emitProductsF32(const SharedTile &keys) {
  Value group = b.shr(state.lane, 2), quad = b.bitAnd(state.lane, 3);
  Value firstRow = b.add(b.mul(state.warp, rowBlocks * 16), group);
  int64_t tiles = step / 8;
  SmallVector<Value> initial(rowBlocks * tiles * 4, f32(0.0));
  auto loop =
      scf::ForOp::create(b, b.i32(0), b.i32(headSize), b.i32(4), initial);
  auto vector = VectorType::get({4}, b.getF32Type());
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    Value at = b.mul(loop.getInductionVar(), 4);
    auto load = [&](const SharedTile &tile, Value row, int64_t more) {
      Value address = b.add(b.add(tile.base, b.mul(row, tile.pitch)),
                            b.add(at, more * tile.pitch));
      return b.load(vector, b.offset(state.shared, address), 16);
    };
    SmallVector<Value> sums(loop.getRegionIterArgs());
    SmallVector<Value> left;
    for (int64_t row = 0; row < rowBlocks * 2; ++row) {
      left.push_back(load(queryTile, firstRow, row * 8));
    }
    for (int64_t tile = 0; tile < tiles; ++tile) {
      for (int64_t column = 0; column < 2; ++column) {
        Value right = load(keys, b.mul(quad, 2), tile * 8 + column);
        for (int64_t row = 0; row < rowBlocks * 2; ++row) {
          Value &sum =
              sums[((row / 2) * tiles + tile) * 4 + row % 2 * 2 + column];
          for (int64_t d = 0; d < 4; ++d) {
            sum = math::FmaOp::create(
                b, LLVM::ExtractElementOp::create(b, left[row], b.i32(d)),
                LLVM::ExtractElementOp::create(b, right, b.i32(d)), sum);
          }
        }
      }
    }
    scf::YieldOp::create(b, sums);
  }
  SmallVector<Logits> logits(rowBlocks, Logits(tiles));
  size_t next = 0;
  for (Logits &block : logits) {
    for (auto &tile : block) {
      for (int64_t part = 0; part < 4; ++part) {
        tile.push_back(loop.getResult(next++));
      }
    }
  }
  return logits;
}

/// Weights go through shared memory, as every lane of a row needs all of them.
void AttentionEmitter::emitOutputsF32(ArrayRef<Logits> weights,
                                      const SharedTile &values,
                                      MutableArrayRef<AttentionRows> rows) {
  Value group = b.shr(state.lane, 2), quad = b.bitAnd(state.lane, 3);
  int64_t pitch = (step + 4) * 4;
  Value firstRow = b.add(b.mul(state.warp, rowBlocks * 16), group);
  Value line = b.add(b.mul(firstRow, pitch), weightOffset);
  for (auto [block, tiles] : llvm::enumerate(weights)) {
    for (auto [place, tile] : llvm::enumerate(tiles)) {
      for (int64_t part = 0; part < 4; ++part) {
        int64_t at =
            (block * 16 + part / 2 * 8) * pitch + (place * 8 + part % 2) * 4;
        b.store(tile[part],
                b.offset(state.shared, b.add(b.add(line, b.mul(quad, 8)), at)),
                4);
      }
    }
  }
  NVVM::SyncWarpOp::create(b, b.i32(-1));
  SmallVector<Value> initial;
  for (const AttentionRows &block : rows) {
    for (auto &tile : block.output) {
      llvm::append_range(initial, tile);
    }
  }
  auto loop = scf::ForOp::create(b, b.i32(0), b.i32(step), b.i32(1), initial);
  auto pairType = VectorType::get({2}, b.getF32Type());
  int64_t tiles = valueSize / 8;
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    Value key = loop.getInductionVar();
    SmallVector<Value> sums(loop.getRegionIterArgs());
    SmallVector<Value> left;
    for (int64_t row = 0; row < rowBlocks * 2; ++row) {
      Value address = b.add(b.add(line, row * 8 * pitch), b.mul(key, 4));
      left.push_back(
          b.load(b.getF32Type(), b.offset(state.shared, address), 4));
    }
    Value base =
        b.add(b.add(values.base, b.mul(key, values.pitch)), b.mul(quad, 8));
    for (int64_t tile = 0; tile < tiles; ++tile) {
      Value right =
          b.load(pairType, b.offset(state.shared, b.add(base, tile * 32)), 8);
      for (int64_t column = 0; column < 2; ++column) {
        Value element = LLVM::ExtractElementOp::create(b, right, b.i32(column));
        for (int64_t row = 0; row < rowBlocks * 2; ++row) {
          Value &sum =
              sums[((row / 2) * tiles + tile) * 4 + row % 2 * 2 + column];
          sum = math::FmaOp::create(b, left[row], element, sum);
        }
      }
    }
    scf::YieldOp::create(b, sums);
  }
  NVVM::SyncWarpOp::create(b, b.i32(-1));
  size_t next = 0;
  for (AttentionRows &block : rows) {
    for (auto &tile : block.output) {
      for (Value &value : tile) {
        value = loop.getResult(next++);
      }
    }
  }
}

//===----------------------------------------------------------------------===//
// Results
//===----------------------------------------------------------------------===//

/// Evaluates the body in registers: an output that has no column dimension is
/// written by the first lane of each row.
void AttentionEmitter::emitStore(sparse_tile::StoreOp store,
                                 ArrayRef<AttentionRows> rows) {
  unsigned rank = state.forall.getNumParallel();
  Block &body = store.getBody().front();
  auto map = cast<AffineMapAttr>(store.getMaps()[0]).getValue();
  const GlobalBuffer &target = scalars.buffers[store.getOutputs().front()];
  Type stored = getStorageType(target.type.getElementType());
  unsigned size = stored.getIntOrFloatBitWidth() / 8;
  bool perRow = !map.isFunctionOfDim(rank - 1);
  Value quad = b.bitAnd(state.lane, 3);
  SmallVector<Value> position;
  for (Value origin : state.forall.getOrigins()) {
    position.push_back(toI32(origin, scalars.values));
  }
  int64_t columnExtent = *getConstantIntValue(sizes[rank - 1]);
  for (auto [number, block] : llvm::enumerate(rows)) {
    for (int64_t half = 0; half < 2; ++half) {
      position[rank - 2] = rowOf(number, half);
      Value sum = overQuad(block.sum[half], /*maximum=*/false);
      // Maxima are kept as multiples of 1 / exponent in base 2.
      Value maximum =
          arith::MulFOp::create(b, block.maximum[half], f32(exponent / kLog2E));
      auto evaluate = [&](Value column, Value output) {
        SmallVector<Value> arguments(position);
        arguments[rank - 1] = column;
        for (Value tile : store.getTiles()) {
          auto pipeline = tile.getDefiningOp<sparse_tile::PipelineOp>();
          unsigned result =
              pipeline ? cast<OpResult>(tile).getResultNumber() : 3;
          arguments.push_back(result == 0   ? output
                              : result == 1 ? maximum
                                            : sum);
        }
        Value value = scalars.inlineBlock(body, arguments).front();
        return value.getType() == stored
                   ? value
                   : Value(arith::BitcastOp::create(b, stored, value));
      };
      auto addressOf = [&](Value column) {
        SmallVector<Value> indices;
        for (AffineExpr expr : map.getResults()) {
          unsigned dim = cast<AffineDimExpr>(expr).getPosition();
          indices.push_back(dim == rank - 1 ? column : position[dim]);
        }
        return elementAddress(b, target, indices);
      };
      Value inside = b.less(position[rank - 2], sizes[rank - 2]);
      if (perRow) {
        b.when(b.both(inside, b.equal(quad, 0)), [&] {
          Value column = b.i32(0);
          b.store(evaluate(column, f32(0.0)), addressOf(column), size);
        });
        continue;
      }
      bool pairs = target.type.getShape().back() % 2 == 0 &&
                   target.type.getLayout().isIdentity();
      b.when(inside, [&] {
        for (auto [tile, parts] : llvm::enumerate(block.output)) {
          Value column = b.add(b.mul(quad, 2), tile * 8);
          Value low = evaluate(column, parts[2 * half]);
          Value high = evaluate(b.add(column, 1), parts[2 * half + 1]);
          Value known = static_cast<int64_t>(tile + 1) * 8 <= columnExtent
                            ? b.trueValue()
                            : b.less(column, columnExtent);
          b.when(known, [&] {
            Value address = addressOf(column);
            if (pairs) {
              Value both =
                  LLVM::PoisonOp::create(b, VectorType::get({2}, stored));
              both = LLVM::InsertElementOp::create(b, both, low, b.i32(0));
              both = LLVM::InsertElementOp::create(b, both, high, b.i32(1));
              b.store(both, address, 2 * size);
              return;
            }
            b.store(low, address, size);
            Value next = b.add(column, 1);
            b.when(b.less(next, columnExtent),
                   [&] { b.store(high, addressOf(next), size); });
          });
        }
      });
    }
  }
}
