//===- WarpSpecializedKernel.cpp - plans, roles, tiles of warpgroups ------===//

#include "WarpSpecializedKernel.h"
#include "BitmapFragments.h"
#include "BoxAnalysis.h"
#include "WarpSpecializedEmitter.h"

#include "mlir/Dialect/LLVMIR/NVVMDialect.h"

using namespace mlir;
using namespace mlir::sparsity;
using namespace mlir::sparsity::gpu_conversion;

//===----------------------------------------------------------------------===//
// Plans
//===----------------------------------------------------------------------===//

LogicalResult WarpSpecializedEmitter::readConfig() {
  FailureOr<MultiplyType> multiply = getMultiply();
  if (failed(multiply)) {
    return failure();
  }
  state.multiply = *multiply;
  kernel.instruction =
      target.findInstruction(config.getInstruction(), *multiply);
  if (!kernel.instruction) {
    return forall.emitOpError("expected an instruction that multiplies ")
           << config.getMultiply() << ", but got " << config.getInstruction();
  }
  state.tileRows = config.getTile()[0];
  state.tileColumns = kernel.columns = config.getTile()[1];
  kernel.stepElements = kRowBytes * 8 / state.multiplyBits();
  kernel.stages = config.getStages();
  kernel.cluster = config.getCluster();
  kernel.splits = config.getSplits();
  kernel.consumers = config.getWarps()[0] / 4;
  forall.walk(
      [&](sparse_tile::LoadOp load) { kernel.sharesA |= load.isGather(); });
  bool apart = kernel.consumers > 1 && state.tileRows == kRowBlock;
  kernel.rings = apart && kernel.readsFragments() ? kernel.consumers : 1;
  kernel.joins = apart && kernel.sharesA && kernel.rings == 1;
  kernel.takesTurns = apart && !kernel.sharesA;
  int64_t parts = apart ? 1 : kernel.consumers;
  if (kernel.readsFragments() &&
      (state.tileRows != kRowBlock || kernel.cluster != 1)) {
    return forall.emitOpError("expected tiles of 64 rows and no clusters for "
                              "A in registers, but got ")
           << config;
  }
  if (config.getWarps()[0] % 4 != 0 || config.getWarps()[1] != 1 ||
      kernel.consumers < 1 ||
      kernel.consumers > (kernel.readsFragments() ? 3 : 2) ||
      state.tileRows % (kRowBlock * parts) != 0) {
    return forall.emitOpError("expected one or two warpgroups of 4x1 warps "
                              "with whole blocks of 64 rows each, but got ")
           << config;
  }
  // A stage is handed back when the products of the next one have started.
  if (kernel.stages < 2) {
    return forall.emitOpError("expected at least 2 stages, but got ") << config;
  }
  if (apart && kernel.splits > 1 && kernel.rings == 1) {
    return forall.emitOpError("expected no splits where each warpgroup has "
                              "tiles of its own, but got ")
           << config;
  }
  kernel.rowBlocks = state.tileRows / kRowBlock / parts;
  int64_t unit =
      state.multiply == MultiplyType::S8 && kernel.columns > 32 ? 16 : 8;
  if (kernel.columns % unit != 0 || kernel.columns > kernel.instruction->n ||
      config.getTile()[2] != kernel.stepElements) {
    return forall.emitOpError("expected columns that are a multiple of ")
           << unit << " up to " << kernel.instruction->n << ", and steps of "
           << kernel.stepElements << ", but got " << config;
  }
  if (kernel.columns % (8 * kernel.splits) != 0) {
    return forall.emitOpError("expected whole blocks of 8 columns for each of ")
           << kernel.splits << " splits, but got " << kernel.columns;
  }
  state.threads = (kernel.consumers + 1) * kWarpgroup;
  return success();
}

LogicalResult WarpSpecializedEmitter::planOperand(Value tile, bool isA,
                                                  BulkOperand &plan) {
  auto load = tile.getDefiningOp<sparse_tile::LoadOp>();
  if (!load) {
    return emitUnsupported() << "masked or expanded tiles";
  }
  plan.load = load;
  plan.isA = isA;
  sparse_tile::TileType type = load.getTile().getType();
  // A tile's rows are the configuration's: a variant has others than the
  // schedule says.
  plan.rows = isA ? state.tileRows : state.tileColumns;
  auto inputs = forall.getInputArgs();
  auto indexOf = [&](Value source) -> unsigned {
    return std::distance(inputs.begin(), llvm::find(inputs, source));
  };
  if (type.getFormat() && isA && kernel.readsFragments()) {
    if (!load.isGather() ||
        type.getFormat().getLayout() != StorageLayout::Fragments ||
        load.getSources().size() != 2) {
      return emitUnsupported() << "a tile " << type << " for registers";
    }
    plan.isRecord = plan.listed = true;
    plan.bytes = kMostRecordBytes;
    return success();
  }
  // The instruction would drop the low bits.
  bool rounds = state.multiply == MultiplyType::TF32;
  plan.packed = static_cast<bool>(type.getFormat());
  if (plan.packed) {
    if (!isA || !kernel.isSparse()) {
      return emitUnsupported() << "a compressed operand in another role";
    }
    int64_t blocks = plan.rows / kRowBlock;
    plan.bytes = blocks * kPackedBlockBytes;
    plan.metadataBytes = blocks * metadataBytes(state);
    if (rounds) {
      TensorMap map;
      map.roundsToTF32 = true;
      map.box = {kPackedBlockBytes / kRowBlock / 4, kRowBlock, blocks, 1};
      plan.maps.push_back(
          addTensorMap(indexOf(load.getSources().front()), std::move(map)));
    }
    return success();
  }
  MultiplyType own;
  if (!getMultiplyType(type.getElementType(), /*allowTF32=*/rounds, own) ||
      own != state.multiply) {
    return emitUnsupported() << "operands of another type";
  }
  auto buffer = cast<MemRefType>(load.getSources().front().getType());
  int64_t rowDim = load.getDims()[0], kDim = load.getDims()[1];
  plan.listed = load.isGather();
  if (plan.listed) {
    std::optional<BoxDims> box = findBox(load, plan.rows, kernel.stepElements);
    if (!box) {
      return emitUnsupported() << "gathered tiles that are no boxes";
    }
    rowDim = box->rowDim;
    kDim = box->kDim;
  }
  plan.rowDim = rowDim;
  plan.kDim = kDim;
  int64_t last = buffer.getRank() - 1;
  plan.alongRows = rowDim == last;
  int64_t bytes = state.multiplyBits() / 8;
  if (rowDim < 0 || (!plan.alongRows && kDim != last) ||
      (plan.alongRows && (bytes != 2 || plan.rows % kRowBlock != 0)) ||
      !buffer.getLayout().isIdentity() || buffer.isDynamicDim(last) ||
      buffer.getDimSize(last) * bytes % 16 != 0) {
    return emitUnsupported()
           << "rows of " << buffer << " that are no multiple of 16 bytes";
  }
  plan.bytes = plan.rows * kRowBytes;
  // Each block of the cluster copies a part of what it shares for all of them.
  int64_t shares = isA == kernel.sharesA ? kernel.cluster : 1;
  int64_t extent = plan.alongRows ? kernel.stepElements : plan.rows;
  int64_t units = extent / 8;
  if (units < shares) {
    return forall.emitOpError(
               "expected at least 8 rows of a shared operand for each of ")
           << shares << " blocks of a cluster, but got " << extent;
  }
  TensorMap edge;
  for (int64_t share = 0; share < shares; ++share) {
    int64_t part = (units / shares + (share < units % shares ? 1 : 0)) * 8;
    plan.parts.push_back(part);
    TensorMap map;
    map.swizzle = kRowBytes;
    map.roundsToTF32 = rounds;
    for (int64_t dim = last; dim >= 0; --dim) {
      int64_t box = 1;
      if (dim == rowDim) {
        box = plan.alongRows ? kRowBlock : part;
      } else if (dim == kDim) {
        box = plan.alongRows ? part : kernel.stepElements;
      }
      map.box.push_back(box);
    }
    plan.maps.push_back(addTensorMap(indexOf(load.getSources().front()), map));
    edge = std::move(map);
  }
  Value size = forall.getSizes()[forall.getNumParallel() - (isA ? 2 : 1)];
  std::optional<int64_t> known = getConstantIntValue(size);
  constexpr int64_t kEdgeUnit = 32, kLeastPart = 64;
  bool ends = !known || *known % plan.rows != 0;
  // The producer of a list has no registers and no time for it.
  if (ends && !plan.alongRows && !kernel.sharesA &&
      llvm::all_equal(plan.parts) && plan.parts[0] >= kLeastPart &&
      plan.parts[0] % kEdgeUnit == 0) {
    plan.edgeMaps.emplace();
    for (auto [number, map] : llvm::enumerate(*plan.edgeMaps)) {
      edge.box[last - rowDim] = plan.parts[0] >> (number + 1);
      map = addTensorMap(indexOf(load.getSources().front()), edge);
    }
  }
  return success();
}

LogicalResult WarpSpecializedEmitter::planPhases() {
  unsigned accumulators = 0;
  for (auto found :
       forall.getBody().front().getOps<sparse_tile::PipelineOp>()) {
    kernel.operands.clear();
    kernel.products.clear();
    pipeline = found;
    if (failed(planOperands())) {
      return failure();
    }
    kernel.phases.push_back(
        {pipeline, kernel.operands, kernel.products, accumulators});
    accumulators += kernel.accumulators;
    if (kernel.phases.size() > 1 && kernel.kBlocks != 0) {
      return emitUnsupported() << "several pipelines of a known length";
    }
  }
  if (kernel.phases.empty()) {
    return emitUnsupported() << "no pipeline";
  }
  // Of all of them, until one is entered.
  kernel.accumulators = accumulators;
  return success();
}

void WarpSpecializedEmitter::enterPhase(const BulkPhase &phase) {
  pipeline = phase.pipeline;
  kernel.operands = phase.operands;
  kernel.products = phase.products;
  kernel.accumulators = pipeline.getNumResults();
}

LogicalResult WarpSpecializedEmitter::planOperands() {
  if (pipeline.getLower() || !pipeline.getInits().empty()) {
    return emitUnsupported() << "a pipeline that starts anywhere but at zero";
  }
  Value extent = pipeline.getExtent();
  for (auto [argument, size] :
       llvm::zip_equal(forall.getSizeArgs(), forall.getSizes())) {
    if (argument == extent) {
      extent = size;
    }
  }
  std::optional<int64_t> k = getConstantIntValue(extent);
  kernel.kBlocks = k ? llvm::divideCeil(*k, kernel.stepElements) : 0;
  if (kernel.kBlocks == 0 && !kernel.readsFragments() &&
      (kernel.isSparse() || kernel.splits > 1)) {
    return emitUnsupported() << "a reduction of unknown length";
  }
  if (kernel.kBlocks != 0 && kernel.readsFragments()) {
    return emitUnsupported() << "records that no list finds";
  }
  if (kernel.kBlocks % kernel.splits != 0) {
    return forall.emitOpError("expected whole k-blocks for each of ")
           << kernel.splits << " splits, but got " << kernel.kBlocks;
  }
  Block &compute = pipeline.getCompute().front();
  Operation *yield = pipeline.getLoad().front().getTerminator();
  unsigned tiles = yield->getNumOperands();
  SmallVector<bool> isA(tiles, false);
  for (auto mma : compute.getOps<sparse_tile::MmaOp>()) {
    auto number = [](Value value) {
      return cast<BlockArgument>(value).getArgNumber();
    };
    isA[number(mma.getA())] = true;
    kernel.products.push_back({number(mma.getA()), number(mma.getB()),
                               number(mma.getAccumulator()) - tiles});
  }
  kernel.accumulators = pipeline.getNumResults();
  for (OpOperand &operand : yield->getOpOperands()) {
    BulkOperand plan;
    if (failed(planOperand(operand.get(), isA[operand.getOperandNumber()],
                           plan))) {
      return failure();
    }
    kernel.operands.push_back(std::move(plan));
  }
  if (kernel.joins &&
      (kernel.operands.size() != 2 ||
       llvm::any_of(kernel.operands, [](const BulkOperand &operand) {
         return !operand.listed;
       }))) {
    return emitUnsupported() << "operands beside one list";
  }
  if (kernel.readsFragments() && kernel.products.size() != 1) {
    return emitUnsupported() << "several products of A in registers";
  }
  for (const BulkProduct &product : kernel.products) {
    if (kernel.operands[product.b].isA ||
        kernel.operands[product.a].isRecord != kernel.readsFragments() ||
        kernel.operands[product.a].packed != kernel.isSparse()) {
      return emitUnsupported() << "operands in two roles or formats";
    }
  }
  return success();
}

LogicalResult WarpSpecializedEmitter::planShared() {
  for (BulkPhase &phase : kernel.phases) {
    int64_t next = 0;
    for (BulkOperand &operand : phase.operands) {
      operand.offset = next;
      int64_t tiles = kernel.joins && operand.isA ? 2 : 1;
      next += llvm::alignTo(operand.bytes * tiles, 1024);
    }
    for (BulkOperand &operand : phase.operands) {
      operand.metadataOffset = next;
      next += operand.metadataBytes;
    }
    kernel.stageBytes =
        std::max<int64_t>(kernel.stageBytes, llvm::alignTo(next, 1024));
  }
  kernel.stagingOffset = kernel.stageBytes * kernel.stages * kernel.rings;
  int64_t exchange = 0;
  if (kernel.splits > 1) {
    exchange = kernel.splits * kernel.accumulators * state.tileRows *
               kernel.storedColumns() * 4;
  }
  int64_t combine = (kernel.rings - 1) * kernel.accumulators * state.tileRows *
                    kernel.columns * 4;
  int64_t barriers = kBarrierBytes * (kernel.stages * kernel.rings +
                                      (kernel.takesTurns ? 1 : 0));
  int64_t sharers =
      kernel.joins ? llvm::alignTo(kernel.stages * 4, kBarrierBytes) : 0;
  // The ring leaves the rest to the results on their way out.
  int64_t rest = target.sharedBytes - kernel.stagingOffset - exchange -
                 combine - barriers - sharers;
  // Of consumers that share a tile's K, one stores.
  int64_t storers = kernel.consumers / kernel.rings;
  int64_t perConsumer = rest / storers / 1024 * 1024;
  for (auto store : forall.getBody().front().getOps<sparse_tile::StoreOp>()) {
    kernel.stores.push_back(planBulkStore(
        kernel, store, perConsumer, [&](unsigned index, TensorMap map) {
          return addTensorMap(index, std::move(map));
        }));
  }
  // Packed results take half as many registers as the sums of the next tile.
  constexpr size_t kMostSums = 128;
  // Lists are short, so that an epilogue is much of a tile.
  kernel.defersStores |= kernel.sharesA;
  kernel.defersStores &=
      kernel.stores.size() == 1 && kernel.stores.front().bulk &&
      kernel.splits == 1 && kernel.accumulators == 1 &&
      forall.getNumParallel() == 2 && !kernel.joins && !kernel.takesTurns &&
      !kernel.readsFragments() && getNumSums() <= kMostSums;
  kernel.stagingBytes = getBulkStagingBytes(kernel);
  kernel.exchangeOffset = kernel.stagingOffset + kernel.stagingBytes * storers;
  kernel.combineOffset = kernel.exchangeOffset + exchange;
  kernel.barrierOffset = kernel.combineOffset + combine;
  kernel.sharersOffset = kernel.barrierOffset + barriers;
  kernel.sharedBytes = kernel.sharersOffset + sharers;
  if (kernel.sharedBytes > target.sharedBytes) {
    return forall.emitOpError("expected at most ")
           << target.sharedBytes << " bytes of shared memory on " << target.name
           << ", but got " << kernel.sharedBytes << " for " << config;
  }
  return success();
}

WgmmaShape WarpSpecializedEmitter::getShape(const BulkProduct &product) const {
  WgmmaShape shape{kernel.instruction, kernel.columns};
  shape.transposeA = kernel.operands[product.a].alongRows;
  shape.transposeB = kernel.operands[product.b].alongRows;
  return shape;
}

//===----------------------------------------------------------------------===//
// Barriers
//===----------------------------------------------------------------------===//

Value WarpSpecializedEmitter::getStage(Value stage) {
  return kernel.rings > 1 ? b.add(stage, b.mul(ring, kernel.stages)) : stage;
}

Value WarpSpecializedEmitter::getBarrier(Value stage, int64_t which) {
  return b.offset(state.shared, b.add(b.mul(getStage(stage), kBarrierBytes),
                                      kernel.barrierOffset + which));
}

Value WarpSpecializedEmitter::getTurnBarrier(Value warpgroup) {
  return b.offset(getBarrier(b.i32(kernel.stages), 0), b.mul(warpgroup, 8));
}

/// Waits for a phase. Not nvvm's op, whose assembly claims not to touch memory:
/// what the barrier guards may not be read before it (PTX ISA,
/// "mbarrier.try_wait"; labels in braces are local).
void WarpSpecializedEmitter::emitWait(Value barrier, Value parity) {
  emitAssembly(b, {}, {barrier, parity},
               "{ .reg .pred p; WAIT: "
               "mbarrier.try_wait.parity.shared::cta.b64 p, [$0], $1; "
               "@p bra DONE; bra WAIT; DONE: }",
               "r,r,~{memory}");
}

RingPosition WarpSpecializedEmitter::skip(RingPosition at, Value count) {
  Value steps = b.add(at.stage, count);
  Value rounds = b.div(steps, kernel.stages);
  return {b.rem(steps, kernel.stages),
          b.bitXor(at.parity, b.bitAnd(rounds, 1))};
}

RingPosition WarpSpecializedEmitter::advance(RingPosition at) {
  Value next = b.add(at.stage, 1);
  Value wraps = b.equal(next, kernel.stages);
  return {b.select(wraps, b.i32(0), next),
          b.select(wraps, b.bitXor(at.parity, 1), at.parity)};
}

void WarpSpecializedEmitter::emitClusterMeeting() {
  NVVM::ClusterArriveRelaxedOp::create(b, /*aligned=*/b.getUnitAttr());
  NVVM::ClusterWaitOp::create(b, /*aligned=*/b.getUnitAttr());
}

void WarpSpecializedEmitter::emitClusterSync() {
  NVVM::ClusterArriveOp::create(b, /*aligned=*/b.getUnitAttr());
  NVVM::ClusterWaitOp::create(b, /*aligned=*/b.getUnitAttr());
}

/// Hands a stage back to the producers of every block that copies into it.
void WarpSpecializedEmitter::emitRelease(Value stage) {
  Value barrier = getBarrier(stage, kEmpty);
  b.when(b.less(state.lane, kernel.cluster), [&] {
    if (kernel.cluster == 1) {
      NVVM::MBarrierArriveOp::create(b, b.getI64Type(), barrier, Value());
      return;
    }
    // Without a scope: a release of cluster scope costs a fence of the whole
    // GPU each time, and nothing but shared memory is handed over.
    Value remote =
        NVVM::MapaOp::create(b, b.pointerType(7), barrier, state.lane);
    NVVM::MBarrierArriveOp::create(b, Type(), remote, Value());
  });
}

void WarpSpecializedEmitter::emitPrologue() {
  Type i32 = b.getI32Type();
  state.shared = getSharedMemory();
  state.thread = NVVM::ThreadIdXOp::create(b, i32);
  state.lane = b.bitAnd(state.thread, 31);
  kernel.groupThread = b.bitAnd(state.thread, kWarpgroup - 1);
  kernel.warpgroup = makeUniform(b.shr(state.thread, 7));
  bool ownRows = !kernel.takesTurns && kernel.rings == 1;
  kernel.rowPart = ownRows ? kernel.warpgroup : b.i32(0);
  ring = b.i32(0);
  kernel.groupWarp = b.shr(kernel.groupThread, 5);
  kernel.leader = b.equal(kernel.groupThread, 0);
  int64_t blocks = kernel.clusterSize();
  Value block = NVVM::BlockIdXOp::create(b, i32);
  Value grid = NVVM::GridDimXOp::create(b, i32);
  kernel.rank = b.i32(0);
  if (blocks > 1) {
    kernel.rank = NVVM::ClusterId::create(b, i32);
  }
  clusterIndex = b.div(block, blocks);
  clusterCount = b.div(grid, blocks);
  b.when(b.equal(state.thread, 0), [&] {
    for (Value map : tensorMaps) {
      NVVM::PrefetchOp::create(b, NVVM::PrefetchCacheLevelAttr(),
                               NVVM::CacheEvictionPriorityAttr(), map, Value(),
                               /*tensormap=*/b.getUnitAttr(), UnitAttr(),
                               /*in_param_space=*/UnitAttr());
    }
    Value one = b.i32(1);
    // A stage is one tile's.
    int64_t readers = kernel.takesTurns ? 1 : kernel.consumers / kernel.rings;
    Value warps = b.i32(readers * 4 * kernel.cluster);
    int64_t stages = kernel.stages * kernel.rings;
    for (int64_t stage = 0; stage < stages; ++stage) {
      NVVM::MBarrierInitOp::create(b, getBarrier(b.i32(stage), kFull), one,
                                   Value());
      NVVM::MBarrierInitOp::create(b, getBarrier(b.i32(stage), kEmpty), warps,
                                   Value());
    }
    for (int64_t which : {kFull, kEmpty}) {
      if (kernel.takesTurns) {
        NVVM::MBarrierInitOp::create(b, getBarrier(b.i32(kernel.stages), which),
                                     b.i32(4), Value());
      }
    }
    NVVM::FenceMbarrierInitOp::create(b);
  });
  if (kernel.isCluster()) {
    // The fence above releases the barriers to the cluster: a release here
    // would cost a fence of the whole GPU.
    emitClusterMeeting();
  } else {
    NVVM::Barrier0Op::create(b);
  }
  if (kernel.overlap) {
    NVVM::GriddepcontrolOp::create(b,
                                   NVVM::GridDepActionKind::launch_dependents);
  }

  unsigned parallel = forall.getNumParallel();
  tileRowCount = b.ceilDiv(sizes[parallel - 2], rowsPerCluster());
  tileColumnCount = b.ceilDiv(sizes[parallel - 1], columnsPerCluster());
  tileCount = b.mul(tileRowCount, tileColumnCount);
  for (unsigned dim = 0; dim + 2 < parallel; ++dim) {
    tileCount = b.mul(tileCount, sizes[dim]);
  }
}

/// Defines the thread's place again, by a read that nothing moves: addresses of
/// the epilogue would otherwise be computed before the first tile and stay in
/// registers next to the sums.
void WarpSpecializedEmitter::rereadThread() {
  state.thread =
      emitAssembly(b, b.getI32Type(), {}, "mov.u32 $0, %tid.x;", "=r");
  state.lane = b.bitAnd(state.thread, 31);
  kernel.groupThread = b.bitAnd(state.thread, kWarpgroup - 1);
  kernel.groupWarp = b.shr(kernel.groupThread, 5);
  kernel.leader = b.equal(kernel.groupThread, 0);
}

void WarpSpecializedEmitter::keepThread(function_ref<void()> body) {
  Value thread = state.thread, lane = state.lane;
  Value groupThread = kernel.groupThread, groupWarp = kernel.groupWarp;
  Value leader = kernel.leader;
  body();
  state.thread = thread;
  state.lane = lane;
  kernel.groupThread = groupThread;
  kernel.groupWarp = groupWarp;
  kernel.leader = leader;
}

void WarpSpecializedEmitter::setOrigins(Value index) {
  if (kernel.order) {
    setOrderedOrigins(index);
  } else {
    emitOrigins(index, tileRowCount, tileColumnCount, rowsPerCluster(),
                columnsPerCluster(), /*reverseRows=*/false);
  }
  if (kernel.cluster > 1) {
    Value &origin = origins[origins.size() - (kernel.sharesA ? 1 : 2)];
    origin = b.add(origin, b.mul(kernel.rank, kernel.sharesA ? state.tileColumns
                                                             : state.tileRows));
  }
}

void WarpSpecializedEmitter::emitTileOrigins(Value index) {
  setOrigins(index);
  unsigned rowDim = origins.size() - 2;
  if (!kernel.joins) {
    origins[rowDim] = getOrderedRow(origins[rowDim]);
    mapOrigins();
    cloneSchedule();
    return;
  }
  Value exists = enterRow(origins[rowDim], kernel.warpgroup);
  // Nothing is stored behind the last row.
  origins[rowDim] = b.select(exists, origins[rowDim], sizes[rowDim]);
}

void WarpSpecializedEmitter::mapOrigins() {
  for (auto [argument, origin] :
       llvm::zip_equal(forall.getOrigins(), origins)) {
    scalars.values.map(argument, scalars.toIndex(origin));
  }
}

void WarpSpecializedEmitter::cloneSchedule() {
  for (Operation &op : forall.getBody().front()) {
    if (!isa<sparse_tile::PipelineOp, sparse_tile::StoreOp,
             sparse_tile::YieldOp>(op)) {
      scalars.clone(op);
    }
  }
}

/// `body` for each tile of this cluster, or of this warpgroup if it takes
/// turns, with loop-carried values. Blocks that split a reduction have one
/// tile.
SmallVector<Value> WarpSpecializedEmitter::emitTiles(bool takesTurns,
                                                     ValueRange initial,
                                                     TileBody body) {
  if (kernel.splits > 1) {
    return body(clusterIndex, clusterIndex, initial);
  }
  Value last = b.sub(tileCount, 1);
  bool dealt = static_cast<bool>(kernel.order);
  Value first = dealt ? b.i32(0) : clusterIndex;
  Value end = dealt ? countRounds() : tileCount;
  Value step = dealt ? b.i32(1) : clusterCount;
  if (takesTurns) {
    first = b.add(first, b.mul(kernel.warpgroup, clusterCount));
    step = b.add(step, clusterCount);
  }
  auto loop = scf::ForOp::create(b, first, end, step, initial);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  Value at = loop.getInductionVar(), behind = b.add(at, step);
  Value tile = dealt ? getDealtTile(at) : at;
  Value next = b.min(dealt ? getDealtTile(behind) : behind, last);
  SmallVector<Value> yielded = body(tile, next, loop.getRegionIterArgs());
  scf::YieldOp::create(b, yielded);
  return SmallVector<Value>(loop.getResults());
}

FailureOr<KernelDescription> WarpSpecializedEmitter::run() {
  if (failed(readConfig()) || failed(planPhases()) || failed(planShared())) {
    return failure();
  }
  enterPhase(kernel.phases.front());
  kernel.order = findOrder();
  LLVM::LLVMFuncOp function = createFunction(state.threads);
  int32_t blocks = kernel.clusterSize();
  function->setAttr(NVVM::NVVMDialect::getMinctasmAttrName(),
                    b.getI32IntegerAttr(1));
  if (blocks > 1) {
    function->setAttr(NVVM::NVVMDialect::getClusterDimAttrName(),
                      b.getDenseI32ArrayAttr({blocks, 1, 1}));
  }
  b.setInsertionPointToStart(function.addEntryBlock(b));
  mapParameters(function);
  kernel.tensorMaps = tensorMaps;
  emitPrologue();
  auto roles = scf::IfOp::create(b, b.equal(kernel.warpgroup, kernel.consumers),
                                 /*withElseRegion=*/true);
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(roles.thenBlock());
    emitProducer();
    b.setInsertionPointToStart(roles.elseBlock());
    emitConsumer();
  }
  LLVM::ReturnOp::create(b, ValueRange());
  description.threads = state.threads;
  description.sharedBytes = kernel.sharedBytes;
  description.tileRows = state.tileRows * (kernel.joins ? 2 : 1);
  description.tileColumns = state.tileColumns;
  description.cluster = kernel.cluster;
  description.clusterAlongColumns = kernel.sharesA;
  description.splits = kernel.splits;
  description.persistent = kernel.splits == 1;
  description.evenRounds = static_cast<bool>(kernel.order);
  description.overlap = kernel.overlap;
  return description;
}

bool gpu_conversion::isWarpSpecialized(sparse_tile::ForallOp forall,
                                       const TargetInfo &target) {
  sparse_tile::ConfigAttr config = forall.getConfig();
  return llvm::any_of(target.instructions,
                      [&](const MMAInstruction &instruction) {
                        return instruction.warpgroup &&
                               instruction.name == config.getInstruction();
                      });
}

FailureOr<KernelDescription> gpu_conversion::buildWarpSpecializedKernel(
    sparse_tile::ForallOp forall, sparse_tile::ConfigAttr config,
    gpu::GPUModuleOp kernels, StringRef name, const TargetInfo &target,
    WarpgroupOptions options) {
  return WarpSpecializedEmitter(forall, config, kernels, name, target, options)
      .run();
}
