//===- AttentionKernel.cpp - the loop over keys of an attention kernel ----===//

#include "AttentionKernel.h"

#include "mlir/Dialect/LLVMIR/NVVMDialect.h"

using namespace mlir;
using namespace mlir::sparsity;
using namespace mlir::sparsity::gpu_conversion;

/// Head sizes up to which query fragments stay in registers.
static constexpr int64_t kMaxRegisterHead = 128;

bool gpu_conversion::isAttention(sparse_tile::ForallOp forall) {
  return forall.getBody()
      .walk(
          [](sparse_tile::OnlineSoftmaxOp) { return WalkResult::interrupt(); })
      .wasInterrupted();
}

AttentionEmitter::AttentionEmitter(KernelState &state, ArrayRef<Value> sizes)
    : state(state), b(state.b), scalars(state.scalars), sizes(sizes) {}

Value AttentionEmitter::toI32(Value value, const IRMapping &mapping) {
  if (std::optional<int64_t> constant = getConstantIntValue(value)) {
    return b.i32(*constant);
  }
  return scalars.toI32(mapping.lookupOrDefault(value));
}

/// The form that the tiling gives: a load of queries, and pipelines that each
/// load keys and values.
LogicalResult AttentionEmitter::checkForm() {
  auto loads = state.forall.getBody().front().getOps<sparse_tile::LoadOp>();
  if (std::distance(loads.begin(), loads.end()) != 1) {
    return state.forall.emitOpError("expected one load of queries");
  }
  ArrayRef<int64_t> shape = (*loads.begin()).getTile().getType().getShape();
  queries = shape[0];
  headSize = shape[1];
  step = state.forall.getConfig().getTile()[2];
  valueSize = state.tileColumns;
  rowBlocks = state.rowsPerWarp() / 16;
  if (state.warpColumns != 1 || queries != state.tileRows || step % 16 != 0 ||
      headSize % 16 != 0 || valueSize % 16 != 0) {
    return state.forall.emitOpError(
               "expected warps along the rows and tiles in "
               "multiples of 16, but got ")
           << state.forall.getConfig();
  }
  if (state.multiply != MultiplyType::F16 &&
      state.multiply != MultiplyType::BF16 && !isF32()) {
    return state.forall.emitOpError("expected to multiply in f16, bf16 or f32, "
                                    "but got ")
           << state.forall.getConfig().getMultiply();
  }
  return success();
}

FailureOr<int64_t> AttentionEmitter::run() {
  if (failed(checkForm())) {
    return failure();
  }
  Block &body = state.forall.getBody().front();
  queryTile.pitch = pitchOf(headSize);
  queryTile.base = b.i32(0);
  ringOffset = queries * queryTile.pitch;
  stageBytes = step * (pitchOf(headSize) + pitchOf(valueSize));
  weightOffset = ringOffset + state.stages * stageBytes;
  int64_t sharedBytes = weightOffset;
  if (isF32()) {
    sharedBytes += queries * (step + 4) * 4;
  }
  Type type = b.getF32Type();
  for (Operation &op : body.without_terminator()) {
    if (auto load = dyn_cast<sparse_tile::LoadOp>(op)) {
      emitCopy(load, queryTile, scalars.values);
      NVVM::CpAsyncCommitGroupOp::create(b);
      NVVM::CpAsyncWaitGroupOp::create(b, 0u);
      NVVM::Barrier0Op::create(b);
      loadQueries();
    } else if (auto fill = dyn_cast<sparse_tile::FillOp>(op)) {
      Value value = arith::ConstantOp::create(
          b, b.getFloatAttr(
                 type, cast<FloatAttr>(fill.getValue()).getValueAsDouble()));
      AttentionRows rows;
      rows.output.assign(valueSize / 8, SmallVector<Value, 4>(4, value));
      rows.maximum.assign(2, value);
      rows.sum.assign(2, value);
      sums[fill.getTile()].assign(rowBlocks, rows);
    } else if (auto pipeline = dyn_cast<sparse_tile::PipelineOp>(op)) {
      // Output, maximum and sum are three tiles of the schedule.
      SmallVector<AttentionRows> start(rowBlocks);
      for (int64_t block = 0; block < rowBlocks; ++block) {
        start[block].output = sums[pipeline.getInits()[0]][block].output;
        start[block].maximum = sums[pipeline.getInits()[1]][block].maximum;
        start[block].sum = sums[pipeline.getInits()[2]][block].sum;
      }
      SmallVector<AttentionRows> end = emitPipeline(pipeline, start);
      for (Value result : pipeline.getResults()) {
        sums[result] = end;
      }
    } else if (auto store = dyn_cast<sparse_tile::StoreOp>(op)) {
      SmallVector<AttentionRows> rows(rowBlocks);
      for (Value tile : store.getTiles()) {
        rows = sums[tile];
        if (tile.getDefiningOp<sparse_tile::PipelineOp>()) {
          break;
        }
      }
      emitStore(store, rows);
    } else {
      scalars.clone(op);
    }
  }
  return sharedBytes;
}

FailureOr<int64_t> gpu_conversion::emitAttention(KernelState &state,
                                                 ArrayRef<Value> sizes) {
  return AttentionEmitter(state, sizes).run();
}

//===----------------------------------------------------------------------===//
// The loop
//===----------------------------------------------------------------------===//

SmallVector<Value> AttentionEmitter::flatten(ArrayRef<AttentionRows> rows) {
  SmallVector<Value> values;
  for (const AttentionRows &block : rows) {
    for (auto &tile : block.output) {
      llvm::append_range(values, tile);
    }
    llvm::append_range(values, block.maximum);
    llvm::append_range(values, block.sum);
  }
  return values;
}

SmallVector<AttentionRows> AttentionEmitter::unflatten(ValueRange values) {
  SmallVector<AttentionRows> rows(rowBlocks);
  size_t next = 0;
  auto take = [&](auto &to, size_t count) {
    to.assign(values.begin() + next, values.begin() + next + count);
    next += count;
  };
  for (AttentionRows &block : rows) {
    block.output.resize(valueSize / 8);
    for (auto &tile : block.output) {
      take(tile, 4);
    }
    take(block.maximum, 2);
    take(block.sum, 2);
  }
  return rows;
}

SmallVector<AttentionRows>
AttentionEmitter::emitPipeline(sparse_tile::PipelineOp op,
                               ArrayRef<AttentionRows> start) {
  Value upper = toI32(op.getExtent(), scalars.values);
  Value lower = op.getLower() ? toI32(op.getLower(), scalars.values) : b.i32(0);
  Value some =
      b.createOrFold<arith::CmpIOp>(arith::CmpIPredicate::slt, lower, upper);
  Value length = b.select(some, b.sub(upper, lower), b.i32(0));
  Value steps = b.ceilDiv(length, step);
  int64_t ahead = state.stages - 1;
  Block &load = op.getLoad().front();
  auto emitLoads = [&](Value number, Value slot) {
    b.when(b.less(number, steps), [&] {
      IRMapping mapping(scalars.values);
      Value position = b.add(lower, b.mul(number, step));
      mapping.map(load.getArgument(0), scalars.toIndex(position));
      Value base = b.add(b.mul(slot, stageBytes), ringOffset);
      unsigned place = 0;
      for (Operation &inner : load.without_terminator()) {
        auto tile = dyn_cast<sparse_tile::LoadOp>(inner);
        if (!tile) {
          scalars.clone(inner, mapping);
          continue;
        }
        place = tile.getTile() == load.getTerminator()->getOperand(0) ? 0 : 1;
        SharedTile shared;
        shared.pitch = pitchOf(place == 0 ? headSize : valueSize);
        shared.base = place == 0 ? base : b.add(base, step * pitchOf(headSize));
        emitCopy(tile, shared, mapping);
      }
    });
    // A group per stage, empty ones included, so that waiting can count.
    NVVM::CpAsyncCommitGroupOp::create(b);
  };
  for (int64_t stage = 0; stage < ahead; ++stage) {
    emitLoads(b.i32(stage), b.i32(stage));
  }
  SmallVector<Value> initial = flatten(start);
  size_t count = initial.size();
  initial.push_back(b.i32(0));     // the slot to compute from
  initial.push_back(b.i32(ahead)); // the slot to load into
  auto loop = scf::ForOp::create(b, b.i32(0), steps, b.i32(1), initial);
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    SmallVector<AttentionRows> rows =
        unflatten(loop.getRegionIterArgs().take_front(count));
    Value readSlot = loop.getRegionIterArg(count);
    Value writeSlot = loop.getRegionIterArg(count + 1);
    // The stage has arrived for every thread, and every thread is done with the
    // slot that is about to be overwritten.
    NVVM::CpAsyncWaitGroupOp::create(b, static_cast<uint32_t>(ahead - 1));
    NVVM::Barrier0Op::create(b);
    emitLoads(b.add(loop.getInductionVar(), ahead), writeSlot);
    Value position = b.add(lower, b.mul(loop.getInductionVar(), step));
    emitStep(op, position, readSlot, rows);
    SmallVector<Value> next = flatten(rows);
    for (Value slot : {readSlot, writeSlot}) {
      Value following = b.add(slot, 1);
      next.push_back(
          b.select(b.equal(following, state.stages), b.i32(0), following));
    }
    scf::YieldOp::create(b, next);
  }
  // The stages become the next pipeline's.
  NVVM::CpAsyncWaitGroupOp::create(b, 0u);
  NVVM::Barrier0Op::create(b);
  return unflatten(loop.getResults().take_front(count));
}

void AttentionEmitter::emitStep(sparse_tile::PipelineOp op, Value position,
                                Value slot,
                                MutableArrayRef<AttentionRows> rows) {
  Block &compute = op.getCompute().front();
  IRMapping mapping(scalars.values);
  mapping.map(compute.getArguments().back(), scalars.toIndex(position));
  Value base = b.add(b.mul(slot, stageBytes), ringOffset);
  SharedTile keys{base, pitchOf(headSize)};
  SharedTile values{b.add(base, step * keys.pitch), pitchOf(valueSize)};
  SmallVector<Logits> logits;
  for (Operation &inner : compute.without_terminator()) {
    if (isa<sparse_tile::FillOp, sparse_tile::OnlineSoftmaxOp>(inner)) {
      continue;
    }
    if (auto mma = dyn_cast<sparse_tile::MmaOp>(inner)) {
      bool isProduct = mma.getA().getDefiningOp<sparse_tile::LoadOp>();
      if (isProduct) {
        logits = isF32() ? emitProductsF32(keys) : emitProducts(keys);
        continue;
      }
      emitSoftmax(logits, rows);
      if (isF32()) {
        emitOutputsF32(logits, values, rows);
      } else {
        emitOutputs(logits, values, rows);
      }
    } else if (auto score = dyn_cast<sparse_tile::ScoreOp>(inner)) {
      emitScore(score, mapping, position, logits);
    } else {
      scalars.clone(inner, mapping);
    }
  }
}

//===----------------------------------------------------------------------===//
// Matrix instructions
//===----------------------------------------------------------------------===//

/// sums += a * b, m16n8k16; operands are pairs in 32-bit registers.
void AttentionEmitter::multiply(ArrayRef<Value> a, Value b0, Value b1,
                                SmallVector<Value, 4> &sums) {
  bool half = state.multiply == MultiplyType::F16;
  Type pair = VectorType::get({2}, b.getF16Type());
  auto operands = [&](ArrayRef<Value> registers) {
    SmallVector<Value> result(registers);
    for (Value &value : result) {
      value = half ? b.bitcast(pair, value) : value;
    }
    return result;
  };
  NVVM::MMATypes type = half ? NVVM::MMATypes::f16 : NVVM::MMATypes::bf16;
  Type f32 = b.getF32Type();
  auto results =
      LLVM::LLVMStructType::getLiteral(b.getContext(), {f32, f32, f32, f32});
  Value result = NVVM::MmaOp::create(
      b, results, operands(a), operands({b0, b1}), ValueRange(sums),
      ArrayRef<int64_t>{16, 8, 16}, std::nullopt, std::nullopt,
      std::array<NVVM::MMATypes, 2>{type, type},
      std::array<NVVM::MMALayout, 2>{NVVM::MMALayout::row,
                                     NVVM::MMALayout::col});
  for (int64_t index = 0; index < 4; ++index) {
    sums[index] = b.extract(result, index);
  }
}

/// A fragment (PTX ISA, "mma.m16n8k16"): rows 0-7 and 8-15 of 8 elements, then
/// of the next 8.
AttentionEmitter::Fragment AttentionEmitter::queryFragment(int64_t rowBlock,
                                                           int64_t kStep) {
  if (!queryFragments.empty()) {
    return queryFragments[rowBlock][kStep];
  }
  Value row =
      b.add(b.mul(state.warp, rowBlocks * 16), b.bitAnd(state.lane, 15));
  Value at =
      b.add(b.mul(row, queryTile.pitch), b.mul(b.shr(state.lane, 4), 16));
  return emitLdMatrix(state,
                      b.add(b.add(queryTile.base, at),
                            rowBlock * 16 * queryTile.pitch + kStep * 32),
                      /*transposed=*/false);
}

void AttentionEmitter::loadQueries() {
  if (isF32() || headSize > kMaxRegisterHead) {
    return;
  }
  SmallVector<SmallVector<Fragment>> fragments(rowBlocks);
  for (int64_t block = 0; block < rowBlocks; ++block) {
    for (int64_t kStep = 0; kStep < headSize / 16; ++kStep) {
      fragments[block].push_back(queryFragment(block, kStep));
    }
  }
  queryFragments = std::move(fragments);
}

/// Queries times keys: a key is a column of B, contiguous along the head.
SmallVector<AttentionEmitter::Logits>
AttentionEmitter::emitProducts(const SharedTile &keys) {
  SmallVector<Logits> logits(
      rowBlocks, Logits(step / 8, SmallVector<Value, 4>(4, f32(0.0))));
  Value row = b.add(b.mul(b.shr(state.lane, 4), 8), b.bitAnd(state.lane, 7));
  Value chunk = b.bitAnd(b.shr(state.lane, 3), 1);
  Value lane =
      b.add(keys.base, b.add(b.mul(row, keys.pitch), b.mul(chunk, 16)));
  for (int64_t kStep = 0; kStep < headSize / 16; ++kStep) {
    SmallVector<Fragment> a;
    for (int64_t block = 0; block < rowBlocks; ++block) {
      a.push_back(queryFragment(block, kStep));
    }
    for (int64_t pair = 0; pair < step / 16; ++pair) {
      Fragment right = emitLdMatrix(
          state, b.add(lane, pair * 16 * keys.pitch + kStep * 32), false);
      for (int64_t block = 0; block < rowBlocks; ++block) {
        multiply(a[block], right[0], right[1], logits[block][2 * pair]);
        multiply(a[block], right[2], right[3], logits[block][2 * pair + 1]);
      }
    }
  }
  return logits;
}

/// Weights times values: a C fragment of the logits is, pair by pair, an A
/// fragment; a key is a row of B, which ldmatrix transposes.
void AttentionEmitter::emitOutputs(ArrayRef<Logits> weights,
                                   const SharedTile &values,
                                   MutableArrayRef<AttentionRows> rows) {
  bool half = state.multiply == MultiplyType::F16;
  Type element = half ? Type(b.getF16Type()) : Type(b.getBF16Type());
  Type pairType = VectorType::get({2}, element);
  // The first operand becomes the upper half.
  auto pack = [&](Value low, Value high) -> Value {
    StringRef name = half ? "llvm.nvvm.ff2f16x2.rn" : "llvm.nvvm.ff2bf16x2.rn";
    Value packed =
        LLVM::CallIntrinsicOp::create(b, pairType, b.getStringAttr(name),
                                      ValueRange{high, low})
            .getResult(0);
    return b.bitcast(b.getI32Type(), packed);
  };
  Value row = b.bitAnd(state.lane, 15);
  Value lane = b.add(values.base, b.add(b.mul(row, values.pitch),
                                        b.mul(b.shr(state.lane, 4), 16)));
  for (int64_t kStep = 0; kStep < step / 16; ++kStep) {
    SmallVector<Fragment> a;
    for (int64_t block = 0; block < rowBlocks; ++block) {
      const auto &left = weights[block][2 * kStep];
      const auto &right = weights[block][2 * kStep + 1];
      a.push_back({pack(left[0], left[1]), pack(left[2], left[3]),
                   pack(right[0], right[1]), pack(right[2], right[3])});
    }
    for (int64_t pair = 0; pair < valueSize / 16; ++pair) {
      Fragment right = emitLdMatrix(
          state, b.add(lane, kStep * 16 * values.pitch + pair * 32), true);
      for (int64_t block = 0; block < rowBlocks; ++block) {
        multiply(a[block], right[0], right[1], rows[block].output[2 * pair]);
        multiply(a[block], right[2], right[3],
                 rows[block].output[2 * pair + 1]);
      }
    }
  }
}
