//===- MultistageKernel.cpp - a work item per block, cp.async stages ------===//

#include "MultistageKernel.h"
#include "AttentionKernel.h"
#include "Kernel.h"
#include "KernelFunction.h"

#include "mlir/Dialect/LLVMIR/NVVMDialect.h"

using namespace mlir;
using namespace mlir::sparsity;
using namespace mlir::sparsity::gpu_conversion;

namespace {
/// A pipeline of the forall with its operands planned.
struct PipelinePlan {
  sparse_tile::PipelineOp op;
  std::vector<OperandPlan> operands;
  /// Positions [lower, upper), i32.
  Value lower, upper;
  /// Bytes of one k-block of all operands.
  int64_t blockBytes = 0;
};

class KernelEmitter : KernelFunction {
public:
  using KernelFunction::KernelFunction;

  FailureOr<KernelDescription> run();

private:
  LogicalResult readConfig(KernelState &state);
  void emitWorkItem(KernelState &state);
  LogicalResult planPipeline(KernelState &state, sparse_tile::PipelineOp op,
                             PipelinePlan &plan);
  LogicalResult planOperand(KernelState &state, PipelinePlan &pipeline,
                            Value tile, bool isA);
  SmallVector<Accumulators> emitPipeline(KernelState &state,
                                         PipelinePlan &plan);

  DenseMap<Value, Accumulators> sums;
};
} // namespace

LogicalResult KernelEmitter::readConfig(KernelState &state) {
  sparse_tile::ConfigAttr config = forall.getConfig();
  state.tileRows = config.getTile()[0];
  state.tileColumns = config.getTile()[1];
  state.step = config.getTile()[2];
  state.warpRows = config.getWarps()[0];
  state.warpColumns = config.getWarps()[1];
  state.stages = std::max<int64_t>(config.getStages(), 2);
  state.threads = 32 * state.warpRows * state.warpColumns;
  if (state.tileRows % state.warpRows != 0 || state.rowsPerWarp() % 16 != 0) {
    return forall.emitOpError(
               "expected a multiple of 16 rows per warp, but got ")
           << state.tileRows << " over " << state.warpRows << " warps";
  }
  if (state.tileColumns % state.warpColumns != 0 ||
      state.columnsPerWarp() % 8 != 0) {
    return forall.emitOpError(
               "expected a multiple of 8 columns per warp, but got ")
           << state.tileColumns << " over " << state.warpColumns << " warps";
  }
  if (state.threads > 1024 || state.threads % 8 != 0) {
    return forall.emitOpError("expected at most 1024 threads, but got ")
           << state.threads;
  }
  bool pipelines =
      !forall.getBody().front().getOps<sparse_tile::PipelineOp>().empty();
  if (!pipelines) {
    return success();
  }
  FailureOr<MultiplyType> multiply = getMultiply();
  if (failed(multiply)) {
    return failure();
  }
  state.multiply = *multiply;
  int64_t block = 1024 / state.multiplyBits();
  if (!isAttention(forall) && state.step % block != 0) {
    return forall.emitOpError("expected a step of whole blocks of ")
           << block << " elements, 128 bytes of K, but got " << state.step;
  }
  state.blocksPerStage = state.step / block;
  state.step = block;
  return success();
}

/// Which tile this block computes.
void KernelEmitter::emitWorkItem(KernelState &state) {
  Type i32 = b.getI32Type();
  state.thread = NVVM::ThreadIdXOp::create(b, i32);
  state.lane = b.bitAnd(state.thread, 31);
  state.warp = makeUniform(b.shr(state.thread, 5));
  state.warpRow = b.div(state.warp, state.warpColumns);
  state.warpColumn = b.rem(state.warp, state.warpColumns);
  Value index = NVVM::BlockIdXOp::create(b, i32);

  unsigned parallel = forall.getNumParallel();
  Value rows = b.ceilDiv(sizes[parallel - 2], state.tileRows);
  Value columns = b.ceilDiv(sizes[parallel - 1], state.tileColumns);
  // Under a causal mask later rows see more keys: the longest go first.
  emitOrigins(index, rows, columns, state.tileRows, state.tileColumns,
              /*reverseRows=*/isAttention(forall));
  for (auto [argument, origin] :
       llvm::zip_equal(forall.getOrigins(), origins)) {
    scalars.values.map(argument, scalars.toIndex(origin));
  }
}

LogicalResult KernelEmitter::planOperand(KernelState &state,
                                         PipelinePlan &pipeline, Value tile,
                                         bool isA) {
  OperandPlan plan;
  if (auto expand = tile.getDefiningOp<sparse_tile::ExpandOp>()) {
    plan.expand = true;
    tile = expand.getTile();
  }
  if (auto mask = tile.getDefiningOp<sparse_tile::MaskOp>()) {
    plan.mask = mask;
    tile = mask.getTile();
  }
  auto load = tile.getDefiningOp<sparse_tile::LoadOp>();
  if (!load) {
    return forall.emitOpError(
        "expected tiles that are loaded, masked and expanded in "
        "the load region");
  }
  plan.tile = load.getTile().getType();
  if (plan.expand &&
      plan.tile.getFormat().getLayout() == StorageLayout::Fragments) {
    return load.emitOpError("expected a tile in layout row_major to expand, "
                            "but got ")
           << plan.tile;
  }
  plan.rows = plan.tile.getShape()[0];
  plan.rowDim = load.getDims()[0];
  plan.kDim = load.getDims()[1];
  for (Value source : load.getSources()) {
    plan.sources.push_back(scalars.buffers.lookup(source));
  }
  Value k = pipeline.op.getLoad().front().getArgument(0);
  for (Value index : load.getIndices()) {
    plan.origins.push_back(index == k ? b.i32(0) : toI32(index));
  }
  if (load.isGather()) {
    plan.gather = load;
    plan.rowPosition = plan.origins[0];
  }
  unsigned parallel = forall.getNumParallel();
  plan.rowLimit = sizes[parallel - (isA ? 2 : 1)];
  plan.firstK = pipeline.lower;
  plan.kLimit = pipeline.upper;
  plan.stageOffset = pipeline.blockBytes;
  planLoad(state, plan);
  pipeline.blockBytes += plan.bytes;
  pipeline.operands.push_back(std::move(plan));
  return success();
}

LogicalResult KernelEmitter::planPipeline(KernelState &state,
                                          sparse_tile::PipelineOp op,
                                          PipelinePlan &plan) {
  plan.op = op;
  plan.upper = toI32(op.getExtent());
  plan.lower = op.getLower() ? toI32(op.getLower()) : b.i32(0);
  std::optional<int64_t> extent = getConstantIntValue(plan.upper);
  if (op.getLower()) {
    extent = std::nullopt;
  }
  int64_t stage = state.step * state.blocksPerStage;
  if (state.blocksPerStage > 1 && (!extent || *extent % stage != 0)) {
    return op.emitOpError("expected an extent of whole steps of ")
           << stage << " for a step of several blocks of 128 bytes of K";
  }
  Operation *yield = op.getLoad().front().getTerminator();
  Block &compute = op.getCompute().front();
  for (OpOperand &operand : yield->getOpOperands()) {
    BlockArgument tile = compute.getArgument(operand.getOperandNumber());
    bool isA = false, isB = false;
    for (Operation *user : tile.getUsers()) {
      auto mma = dyn_cast<sparse_tile::MmaOp>(user);
      if (!mma) {
        return user->emitOpError(
            "expected only sparse_tile.mma in a compute region");
      }
      isA |= mma.getA() == tile;
      isB |= mma.getB() == tile;
    }
    if (isA && isB) {
      return op.emitOpError(
          "expected a tile to be an A or a B operand, but got both");
    }
    if (failed(planOperand(state, plan, operand.get(), isA))) {
      return failure();
    }
  }
  return success();
}

SmallVector<Accumulators> KernelEmitter::emitPipeline(KernelState &state,
                                                      PipelinePlan &plan) {
  // Several k-blocks a stage halve the barriers; only whole stages, so that no
  // block needs a test of its own.
  int64_t perStage = state.blocksPerStage;
  int64_t stageBytes = plan.blockBytes * perStage;
  Value length = plan.upper;
  if (getConstantIntValue(plan.lower) != 0 ||
      !getConstantIntValue(plan.upper)) {
    // Computed bounds may have nothing between them.
    Value some = b.createOrFold<arith::CmpIOp>(arith::CmpIPredicate::slt,
                                               plan.lower, plan.upper);
    length = b.select(some, b.sub(plan.upper, plan.lower), b.i32(0));
  }
  Value stages = b.ceilDiv(length, state.step * perStage);
  int64_t ahead = state.stages - 1;
  auto load = [&](Value stage, Value slot) {
    b.when(b.less(stage, stages), [&] {
      for (int64_t block = 0; block < perStage; ++block) {
        Value base = b.add(b.mul(slot, stageBytes), block * plan.blockBytes);
        for (const OperandPlan &operand : plan.operands) {
          emitLoad(state, operand, base, b.add(b.mul(stage, perStage), block));
        }
      }
    });
    // A group per stage, empty ones included, so that waiting can count.
    NVVM::CpAsyncCommitGroupOp::create(b);
  };
  for (int64_t stage = 0; stage < ahead; ++stage) {
    load(b.i32(stage), b.i32(stage));
  }

  int64_t rowTiles = state.rowsPerWarp() / 16,
          columnTiles = state.columnsPerWarp() / 8;
  SmallVector<Value> initial;
  for (Value init : plan.op.getInits()) {
    for (auto &row : sums.find(init)->second) {
      for (auto &tile : row) {
        llvm::append_range(initial, tile);
      }
    }
  }
  for (Type type : plan.op.getAccumulators().getTypes()) {
    if (!plan.op.getInits().empty()) {
      break;
    }
    Type element = cast<sparse_tile::TileType>(type).getElementType();
    Value zero =
        arith::ConstantOp::create(b, cast<TypedAttr>(b.getZeroAttr(element)));
    initial.append(rowTiles * columnTiles * 4, zero);
  }
  size_t numSums = initial.size();
  initial.push_back(b.i32(0));     // the slot to compute from
  initial.push_back(b.i32(ahead)); // the slot to load into
  auto loop = scf::ForOp::create(b, b.i32(0), stages, b.i32(1), initial);
  auto unflatten = [&](ValueRange flat) {
    SmallVector<Accumulators> all(plan.op.getNumResults());
    size_t next = 0;
    for (Accumulators &sums : all) {
      sums.resize(rowTiles);
      for (auto &row : sums) {
        row.resize(columnTiles);
        for (auto &tile : row) {
          llvm::append_range(tile, flat.slice(next, 4));
          next += 4;
        }
      }
    }
    return all;
  };
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    SmallVector<Accumulators> partial =
        unflatten(loop.getRegionIterArgs().take_front(numSums));
    Value readSlot = loop.getRegionIterArg(numSums);
    Value writeSlot = loop.getRegionIterArg(numSums + 1);
    // The stage has arrived for every thread, and every thread is done with the
    // slot that is about to be overwritten.
    NVVM::CpAsyncWaitGroupOp::create(b, static_cast<uint32_t>(ahead - 1));
    NVVM::Barrier0Op::create(b);
    load(b.add(loop.getInductionVar(), ahead), writeSlot);
    Block &compute = plan.op.getCompute().front();
    for (int64_t block = 0; block < perStage; ++block) {
      Value base = b.add(b.mul(readSlot, stageBytes), block * plan.blockBytes);
      for (auto mma : compute.getOps<sparse_tile::MmaOp>()) {
        unsigned a = cast<BlockArgument>(mma.getA()).getArgNumber();
        unsigned right = cast<BlockArgument>(mma.getB()).getArgNumber();
        unsigned sum =
            cast<BlockArgument>(mma.getAccumulator()).getArgNumber() -
            plan.operands.size();
        emitCompute(state, plan.operands[a], plan.operands[right], base,
                    partial[sum]);
      }
    }
    SmallVector<Value> next;
    for (Accumulators &tiles : partial) {
      for (auto &row : tiles) {
        for (auto &tile : row) {
          llvm::append_range(next, tile);
        }
      }
    }
    for (Value slot : {readSlot, writeSlot}) {
      Value following = b.add(slot, 1);
      next.push_back(
          b.select(b.equal(following, state.stages), b.i32(0), following));
    }
    scf::YieldOp::create(b, next);
  }
  // The stages become the epilogue's, or the next pipeline's.
  NVVM::CpAsyncWaitGroupOp::create(b, 0u);
  NVVM::Barrier0Op::create(b);
  return unflatten(loop.getResults().take_front(numSums));
}

FailureOr<KernelDescription> KernelEmitter::run() {
  KernelState state{b, forall, target, scalars, MultiplyType::F32};
  if (failed(readConfig(state))) {
    return failure();
  }
  LLVM::LLVMFuncOp function = createFunction(state.threads);
  b.setInsertionPointToStart(function.addEntryBlock(b));
  mapParameters(function);
  state.shared = getSharedMemory();
  emitWorkItem(state);

  int64_t sharedBytes = 0;
  bool softmax = isAttention(forall);
  if (softmax) {
    FailureOr<int64_t> attentionBytes = emitAttention(state, sizes);
    if (failed(attentionBytes)) {
      return failure();
    }
    sharedBytes = *attentionBytes;
  }
  for (Operation &op : forall.getBody().front()) {
    if (softmax) {
      break;
    }
    if (auto pipeline = dyn_cast<sparse_tile::PipelineOp>(op)) {
      PipelinePlan plan;
      if (failed(planPipeline(state, pipeline, plan))) {
        return failure();
      }
      sharedBytes = std::max(
          sharedBytes, plan.blockBytes * state.blocksPerStage * state.stages);
      for (auto [result, tiles] :
           llvm::zip_equal(pipeline.getResults(), emitPipeline(state, plan))) {
        sums[result] = tiles;
      }
      continue;
    }
    auto store = dyn_cast<sparse_tile::StoreOp>(op);
    if (!store) {
      if (!isa<sparse_tile::YieldOp>(op)) {
        scalars.clone(op);
      }
      continue;
    }
    SmallVector<Value> touched(store.getInputs());
    llvm::append_range(touched, store.getOutputs());
    for (Value buffer : touched) {
      auto type = dyn_cast<MemRefType>(buffer.getType());
      if (type && type.getElementType().isIndex()) {
        return store.emitOpError("expected elements of a fixed width, but got ")
               << type;
      }
    }
    SmallVector<Accumulators> accumulators;
    for (Value tile : store.getTiles()) {
      accumulators.push_back(sums.lookup(tile));
    }
    sharedBytes =
        std::max(sharedBytes, getEpilogueBytes(state, accumulators.size()));
    emitEpilogue(state, store, accumulators, origins,
                 ArrayRef<Value>(sizes).take_front(forall.getNumParallel()));
  }
  LLVM::ReturnOp::create(b, ValueRange());
  if (sharedBytes > target.sharedBytes) {
    return forall.emitOpError("expected at most ")
           << target.sharedBytes << " bytes of shared memory on " << target.name
           << ", but got " << sharedBytes << " for " << state.stages
           << " stages of " << forall.getConfig();
  }
  description.threads = state.threads;
  description.sharedBytes = sharedBytes;
  description.tileRows = state.tileRows;
  description.tileColumns = state.tileColumns;
  return description;
}

FailureOr<KernelDescription>
gpu_conversion::buildMultistageKernel(sparse_tile::ForallOp forall,
                                      gpu::GPUModuleOp kernels, StringRef name,
                                      const TargetInfo &target) {
  return KernelEmitter(forall, forall.getConfig(), kernels, name, target).run();
}
