//===- MultistageKernel.cpp - a work item per block, cp.async stages ------===//

#include "MultistageKernel.h"
#include "AttentionKernel.h"
#include "Kernel.h"

#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "llvm/ADT/SmallSet.h"

using namespace mlir;
using namespace mlir::sparsity;
using namespace mlir::sparsity::gpu_conversion;

static constexpr llvm::StringLiteral kSharedName = "sparsity_shared";

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

class KernelEmitter {
public:
  KernelEmitter(sparse_tile::ForallOp forall, gpu::GPUModuleOp kernels,
                StringRef name, const TargetInfo &target)
      : forall(forall), kernels(kernels), target(target),
        b(forall.getLoc(), forall.getContext()), scalars(b) {
    description.name = name.str();
  }

  FailureOr<KernelDescription> run();

private:
  LogicalResult readConfig(KernelState &state);
  LLVM::LLVMFuncOp createFunction(int64_t threads);
  void mapParameters(LLVM::LLVMFuncOp function);
  void emitWorkItem(KernelState &state);
  LogicalResult planPipeline(KernelState &state, sparse_tile::PipelineOp op,
                             PipelinePlan &plan);
  LogicalResult planOperand(KernelState &state, PipelinePlan &pipeline,
                            Value tile, bool isA);
  SmallVector<Accumulators> emitPipeline(KernelState &state,
                                         PipelinePlan &plan);
  /// A value of the body as i32.
  Value toI32(Value value);

  sparse_tile::ForallOp forall;
  gpu::GPUModuleOp kernels;
  const TargetInfo &target;
  KernelBuilder b;
  KernelDescription description;
  /// Block arguments of the forall in the kernel; sizes and origins as i32.
  ScalarCode scalars;
  SmallVector<Value> sizes, origins;
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
  bool found = false;
  for (MultiplyType type :
       {MultiplyType::F16, MultiplyType::BF16, MultiplyType::TF32,
        MultiplyType::F32, MultiplyType::S8, MultiplyType::E4M3,
        MultiplyType::E5M2}) {
    if (stringifyMultiplyType(type) == config.getMultiply()) {
      state.multiply = type;
      found = true;
    }
  }
  if (!found) {
    return forall.emitOpError(
               "expected a type that an instruction multiplies, but got ")
           << config.getMultiply();
  }
  int64_t block = 1024 / state.multiplyBits();
  if (!isAttention(forall) && state.step % block != 0) {
    return forall.emitOpError("expected a step of whole blocks of ")
           << block << " elements, 128 bytes of K, but got " << state.step;
  }
  state.blocksPerStage = state.step / block;
  state.step = block;
  return success();
}

LLVM::LLVMFuncOp KernelEmitter::createFunction(int64_t threads) {
  MLIRContext *context = forall.getContext();
  SmallVector<Type> types;
  using Kind = KernelParameter::Kind;
  auto parameter = [&](Kind kind, unsigned index, unsigned dim, Type type) {
    description.parameters.push_back({kind, index, dim});
    types.push_back(type);
  };
  for (auto [index, size] : llvm::enumerate(forall.getSizes())) {
    if (!getConstantIntValue(size)) {
      parameter(Kind::Size, index, 0, b.getI32Type());
    }
  }
  SmallVector<Value> operands(forall.getInputs());
  llvm::append_range(operands, forall.getOutputs());
  for (auto [index, operand] : llvm::enumerate(operands)) {
    auto type = dyn_cast<MemRefType>(operand.getType());
    if (!type) {
      parameter(Kind::Scalar, index, 0,
                operand.getType().isIndex() ? b.getI32Type()
                                            : operand.getType());
      continue;
    }
    parameter(Kind::Pointer, index, 0, b.pointerType(kGlobal));
    auto [strides, offset] = type.getStridesAndOffset();
    for (auto [dim, stride] : llvm::enumerate(strides)) {
      if (ShapedType::isDynamic(stride)) {
        parameter(Kind::Stride, index, dim, b.getI64Type());
      }
    }
  }
  // Extents that the body asks for.
  SmallVector<BlockArgument> arguments(forall.getInputArgs());
  llvm::append_range(arguments, forall.getOutputArgs());
  llvm::SmallSet<std::pair<unsigned, unsigned>, 8> known;
  forall.getBody().walk([&](memref::DimOp dim) {
    auto found = llvm::find(arguments, dim.getSource());
    std::optional<int64_t> number = dim.getConstantIndex();
    if (found == arguments.end() || !number) {
      return;
    }
    unsigned index = std::distance(arguments.begin(), found);
    if (known.insert({index, *number}).second) {
      parameter(Kind::Extent, index, *number, b.getI32Type());
    }
  });
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToEnd(kernels.getBody());
  if (!kernels.lookupSymbol(kSharedName)) {
    // Dynamic shared memory, sized at the launch.
    LLVM::GlobalOp::create(b, LLVM::LLVMArrayType::get(b.getI8Type(), 0),
                           /*isConstant=*/false, LLVM::Linkage::External,
                           kSharedName, Attribute(), /*alignment=*/1024,
                           kShared);
  }
  auto type =
      LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(context), types);
  auto function = LLVM::LLVMFuncOp::create(b, description.name, type);
  function->setAttr(gpu::GPUDialect::getKernelFuncAttrName(), b.getUnitAttr());
  function->setAttr(NVVM::NVVMDialect::getKernelFuncAttrName(),
                    b.getUnitAttr());
  function->setAttr(NVVM::NVVMDialect::getReqntidAttrName(),
                    b.getDenseI32ArrayAttr({static_cast<int32_t>(threads)}));
  for (auto [index, argument] : llvm::enumerate(types)) {
    if (isa<LLVM::LLVMPointerType>(argument)) {
      function.setArgAttr(index, LLVM::LLVMDialect::getAlignAttrName(),
                          b.getI64IntegerAttr(16));
    }
  }
  return function;
}

void KernelEmitter::mapParameters(LLVM::LLVMFuncOp function) {
  SmallVector<Value> operands(forall.getInputs());
  llvm::append_range(operands, forall.getOutputs());
  SmallVector<BlockArgument> arguments(forall.getInputArgs());
  llvm::append_range(arguments, forall.getOutputArgs());
  sizes.resize(forall.getSizes().size());
  for (auto [index, size] : llvm::enumerate(forall.getSizes())) {
    if (std::optional<int64_t> constant = getConstantIntValue(size)) {
      sizes[index] = b.i32(*constant);
    }
  }
  for (auto [parameter, value] :
       llvm::zip_equal(description.parameters, function.getArguments())) {
    switch (parameter.kind) {
    case KernelParameter::Kind::Size:
      sizes[parameter.index] = value;
      break;
    case KernelParameter::Kind::Scalar: {
      Value scalar = value;
      if (operands[parameter.index].getType().isIndex()) {
        scalar = arith::IndexCastOp::create(b, b.getIndexType(), value);
      }
      scalars.values.map(arguments[parameter.index], scalar);
      break;
    }
    case KernelParameter::Kind::Pointer: {
      GlobalBuffer &entry = scalars.buffers[arguments[parameter.index]];
      entry.pointer = value;
      entry.type = cast<MemRefType>(operands[parameter.index].getType());
      auto [strides, offset] = entry.type.getStridesAndOffset();
      for (int64_t stride : strides) {
        bool dynamic = ShapedType::isDynamic(stride);
        entry.strides.push_back(dynamic ? Value() : b.i64(stride));
        entry.staticStrides.push_back(dynamic ? std::nullopt
                                              : std::optional<int64_t>(stride));
      }
      for (int64_t extent : entry.type.getShape()) {
        entry.extents.push_back(ShapedType::isDynamic(extent) ? Value()
                                                              : b.i32(extent));
      }
      break;
    }
    case KernelParameter::Kind::Stride:
      scalars.buffers[arguments[parameter.index]].strides[parameter.dim] =
          value;
      break;
    case KernelParameter::Kind::Extent:
      scalars.buffers[arguments[parameter.index]].extents[parameter.dim] =
          value;
      break;
    }
  }
  for (auto [argument, size] : llvm::zip_equal(forall.getSizeArgs(), sizes)) {
    scalars.values.map(argument, scalars.toIndex(size));
  }
}

Value KernelEmitter::toI32(Value value) {
  for (auto [argument, size] : llvm::zip_equal(forall.getSizeArgs(), sizes)) {
    if (argument == value) {
      return size;
    }
  }
  for (auto [argument, origin] :
       llvm::zip_equal(forall.getOrigins(), origins)) {
    if (argument == value) {
      return origin;
    }
  }
  if (std::optional<int64_t> constant = getConstantIntValue(value)) {
    return b.i32(*constant);
  }
  return scalars.toI32(scalars.values.lookup(value));
}

/// Which tile this block computes: grouped along the rows, so that blocks in
/// flight share panels of both operands.
void KernelEmitter::emitWorkItem(KernelState &state) {
  Type i32 = b.getI32Type();
  state.thread = NVVM::ThreadIdXOp::create(b, i32);
  state.lane = b.bitAnd(state.thread, 31);
  // Uniform within a warp; saying so keeps addresses in uniform registers.
  Value warp = b.shr(state.thread, 5);
  state.warp = NVVM::ShflOp::create(b, i32, b.i32(-1), warp, b.i32(0),
                                    b.i32(31), NVVM::ShflKind::idx, UnitAttr());
  state.warpRow = b.div(state.warp, state.warpColumns);
  state.warpColumn = b.rem(state.warp, state.warpColumns);
  Value index = NVVM::BlockIdXOp::create(b, i32);

  unsigned parallel = forall.getNumParallel();
  Value rows = b.ceilDiv(sizes[parallel - 2], state.tileRows);
  Value columns = b.ceilDiv(sizes[parallel - 1], state.tileColumns);
  // The tiles of one matrix are consecutive blocks.
  Value outer = b.i32(0), block = index;
  if (parallel > 2) {
    Value tiles = b.mul(rows, columns);
    outer = b.div(index, tiles);
    block = b.rem(index, tiles);
  }
  int64_t raster = forall.getConfig().getRaster();
  Value groupSize = b.mul(columns, raster);
  Value group = b.div(block, groupSize);
  Value inGroup = b.rem(block, groupSize);
  Value firstRow = b.mul(group, raster);
  Value height = b.min(b.sub(rows, firstRow), b.i32(raster));
  Value row = b.add(firstRow, b.rem(inGroup, height));
  Value column = b.div(inGroup, height);
  if (isAttention(forall)) {
    // Under a causal mask later rows see more keys: the longest go first.
    row = b.sub(b.sub(rows, 1), row);
  }

  origins.resize(parallel);
  origins[parallel - 2] = b.mul(row, state.tileRows);
  origins[parallel - 1] = b.mul(column, state.tileColumns);
  for (int64_t dim = static_cast<int64_t>(parallel) - 3; dim >= 0; --dim) {
    origins[dim] = b.rem(outer, sizes[dim]);
    outer = b.div(outer, sizes[dim]);
  }
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
  state.shared =
      LLVM::AddressOfOp::create(b, b.pointerType(kShared), kSharedName);
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
  return KernelEmitter(forall, kernels, name, target).run();
}
