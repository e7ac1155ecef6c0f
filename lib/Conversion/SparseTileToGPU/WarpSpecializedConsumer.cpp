//===- WarpSpecializedConsumer.cpp - products out of the ring -------------===//

#include "WarpSpecializedEmitter.h"

#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

#include <numeric>

using namespace mlir;
using namespace mlir::sparsity;
using namespace mlir::sparsity::gpu_conversion;

/// Stages of one loop iteration. At least two, so that a metadata word is not
/// in the register of the one before, which the instruction in flight reads
/// (PTX ISA says nothing; ptxas reuses it).
/// A loop of one such stage leaves no product in flight.
static constexpr int64_t kUnroll = 4;
/// Where a stage takes so many instructions that the descriptors and metadata
/// of four do not fit into registers beside the sums.
static constexpr int64_t kManyUnroll = 2;
static constexpr int64_t kManyInstructions = 8;

Value WarpSpecializedEmitter::getPrevious(Value stage) {
  return b.select(b.equal(stage, 0), b.i32(kernel.stages - 1), b.sub(stage, 1));
}

void WarpSpecializedEmitter::emitProducts(WarpgroupSums &sums, Value base,
                                          Value accumulate) {
  // Everything that instructions read is computed before the fence: nothing may
  // come between them.
  struct Step {
    const BulkProduct *product;
    int64_t block;
    Value a, right, metadata;
    int64_t selector;
  };
  SmallVector<Step> steps;
  Value units = b.toI64(b.shr(b.mul(base, kernel.stageBytes), 4));
  Value address = LLVM::PtrToIntOp::create(b, b.getI32Type(), state.shared);
  bool sparse = kernel.isSparse();
  int64_t elementBytes = state.multiplyBits() / 8;
  int64_t stepBytes = kernel.instruction->k * elementBytes;
  int64_t numSteps = kRowBytes / stepBytes;
  int64_t lineBytes = kernel.instruction->k * kRowBytes;
  Value firstBlock = b.mul(kernel.rowPart, kernel.rowBlocks);
  DenseMap<std::pair<unsigned, int64_t>, SmallVector<Value>> metadata;
  for (int64_t step = 0; step < numSteps; ++step) {
    for (int64_t block = 0; block < kernel.rowBlocks; ++block) {
      for (const BulkProduct &product : kernel.products) {
        const BulkOperand &a = kernel.operands[product.a];
        const BulkOperand &right = kernel.operands[product.b];
        int64_t blockBytes =
            a.packed ? kPackedBlockBytes : kRowBlock * kRowBytes;
        Value aAddress =
            b.add(b.add(address, a.offset), b.mul(firstBlock, blockBytes));
        int64_t aBits = a.packed      ? getDescriptorBits(1024, 128, 0)
                        : a.alongRows ? getDescriptorBits(8192, 1024, 128)
                                      : getDescriptorBits(16, 1024, 128);
        int64_t aStep = a.packed      ? kPackedBlockBytes / numSteps
                        : a.alongRows ? lineBytes
                                      : stepBytes;
        int64_t bBits = right.alongRows ? getDescriptorBits(8192, 1024, 128)
                                        : getDescriptorBits(16, 1024, 128);
        int64_t bStep = right.alongRows ? lineBytes : stepBytes;
        Step next{&product, block, {}, {}, {}, 0};
        next.a = b.add(b.add(emitDescriptor(b, aAddress, aBits), units),
                       (block * blockBytes + step * aStep) >> 4);
        next.right =
            b.add(b.add(emitDescriptor(b, b.add(address, right.offset), bBits),
                        units),
                  (step * bStep) >> 4);
        if (sparse) {
          bool wordPerStep = elementBytes == 1;
          SmallVector<Value> &words = metadata[{product.a, block}];
          if (words.empty()) {
            int64_t rowBytes = a.metadataBytes / (a.rows / kRowBlock);
            Value at = b.add(b.add(b.mul(base, kernel.stageBytes),
                                   b.mul(firstBlock, rowBytes)),
                             b.mul(kernel.groupThread, rowBytes / kWarpgroup));
            Value from = b.offset(b.offset(state.shared, at),
                                  a.metadataOffset + block * rowBytes);
            if (wordPerStep) {
              Value pair =
                  b.load(VectorType::get({2}, b.getI32Type()), from, 8);
              for (int64_t word = 0; word < 2; ++word) {
                words.push_back(
                    LLVM::ExtractElementOp::create(b, pair, b.i32(word)));
              }
            } else {
              words.push_back(b.load(b.getI32Type(), from, 4));
            }
          }
          next.metadata = words[wordPerStep ? step : 0];
          next.selector = wordPerStep ? 0 : step;
        }
        steps.push_back(next);
      }
    }
  }
  NVVM::WgmmaFenceAlignedOp::create(b);
  DenseSet<std::pair<unsigned, int64_t>> started;
  for (const Step &step : steps) {
    bool isFirst =
        started.insert({step.product->accumulator, step.block}).second;
    emitWgmma(b, getShape(*step.product),
              sums[step.product->accumulator][step.block], step.a, step.right,
              step.metadata, step.selector, isFirst ? accumulate : Value());
  }
  NVVM::WgmmaGroupSyncAlignedOp::create(b);
}

/// One stage: its products are started, those of the stage before are waited
/// for, and that stage is handed back where `releasePrevious` holds. Where it
/// does not, the tile begins, and the one in front may wait to be stored.
void WarpSpecializedEmitter::emitStage(WarpgroupSums &sums, RingPosition at,
                                       Value accumulate, Value releasePrevious,
                                       uint64_t inFlight) {
  emitWait(getBarrier(at.stage, kFull), at.parity);
  emitProducts(sums, at.stage, accumulate);
  if (kernel.defersStores && !getConstantIntValue(releasePrevious)) {
    emitDeferredStore(b.bitXor(releasePrevious, b.trueValue()));
  }
  NVVM::WgmmaWaitGroupSyncOp::create(b, inFlight);
  Value previous = getPrevious(at.stage);
  b.when(releasePrevious, [&] { emitRelease(previous); });
}

SmallVector<Value> WarpSpecializedEmitter::flatten(const WarpgroupSums &sums) {
  SmallVector<Value> flat;
  for (const auto &blocks : sums) {
    for (const auto &block : blocks) {
      llvm::append_range(flat, block);
    }
  }
  return flat;
}

WarpgroupSums WarpSpecializedEmitter::unflatten(ValueRange flat) {
  size_t perBlock = kernel.columns / 2;
  WarpgroupSums sums(kernel.accumulators);
  size_t next = 0;
  for (auto &blocks : sums) {
    for (int64_t block = 0; block < kernel.rowBlocks; ++block) {
      blocks.push_back(SmallVector<Value>(flat.slice(next, perBlock)));
      next += perBlock;
    }
  }
  return sums;
}

/// What a loop carries that was 0 in front of it. With a constant the first
/// iteration would be peeled off: twice the instructions, each with a tile of
/// sums as operands, take ptxas twice the time.
Value WarpSpecializedEmitter::getOpaqueOne() {
  return emitAssembly(b, b.getI32Type(), {}, "mov.b32 $0, 1;", "=r");
}

/// Sums that the first product of a tile does not add to. Their registers are
/// written in PTX, with what nothing has written, which takes no instruction:
/// ptxas would otherwise keep the sums of the tile in front until then.
SmallVector<Value> WarpSpecializedEmitter::getUndefinedSums() {
  size_t count = getNumSums();
  std::string text = "{ .reg .b32 u;", constraints;
  for (size_t index = 0; index < count; ++index) {
    text += " mov.b32 $" + std::to_string(index) + ", u;";
    constraints += index ? "," : "";
    constraints += getSumType().isF32() ? "=f" : "=r";
  }
  auto type = LLVM::LLVMStructType::getLiteral(
      b.getContext(), SmallVector<Type>(count, getSumType()));
  Value all = emitAssembly(b, type, {}, text + " }", constraints);
  SmallVector<Value> sums;
  for (size_t index = 0; index < count; ++index) {
    sums.push_back(b.extract(all, index));
  }
  return sums;
}

/// The sums of a tile whose number of k-blocks is known, in unrolled steps.
/// Returns the ring position behind it.
RingPosition WarpSpecializedEmitter::emitSums(RingPosition at,
                                              WarpgroupSums &sums) {
  int64_t total = kBlocksPerTile();
  bool sparse = kernel.isSparse();
  // A divisor: products behind the loop would make the compiler move sums.
  int64_t stepBytes = kernel.instruction->k * state.multiplyBits() / 8;
  int64_t instructions =
      kRowBytes / stepBytes * kernel.rowBlocks * kernel.products.size();
  // Packed results take registers too; compressed stages have fewer addresses.
  bool isTight =
      instructions >= kManyInstructions || (kernel.defersStores && !sparse);
  int64_t unroll = std::gcd(total, isTight ? kManyUnroll : kUnroll);
  SmallVector<Value> initial = getUndefinedSums();
  size_t numSums = initial.size();
  llvm::append_values(initial, b.i32(0), at.stage, at.parity);
  auto loop =
      scf::ForOp::create(b, b.i32(0), b.i32(total), b.i32(unroll), initial);
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    sums = unflatten(loop.getRegionIterArgs().take_front(numSums));
    Value accumulate = loop.getRegionIterArg(numSums);
    RingPosition stage{loop.getRegionIterArg(numSums + 1),
                       loop.getRegionIterArg(numSums + 2)};
    for (int64_t step = 0; step < unroll; ++step) {
      Value release =
          step == 0 ? b.createOrFold<arith::CmpIOp>(arith::CmpIPredicate::ne,
                                                    accumulate, b.i32(0))
                    : b.trueValue();
      emitStage(sums, stage, step == 0 ? accumulate : Value(), release,
                /*inFlight=*/sparse && unroll == 1 ? 0 : 1);
      stage = advance(stage);
    }
    SmallVector<Value> next = flatten(sums);
    llvm::append_values(next, getOpaqueOne(), stage.stage, stage.parity);
    scf::YieldOp::create(b, next);
  }
  sums = unflatten(loop.getResults().take_front(numSums));
  RingPosition stage{loop.getResult(numSums + 1), loop.getResult(numSums + 2)};
  return stage;
}

SmallVector<Value> WarpSpecializedEmitter::makeZeroSums() {
  Value zero = arith::ConstantOp::create(
      b, cast<TypedAttr>(b.getZeroAttr(getSumType())));
  return SmallVector<Value>(getNumSums(), zero);
}

/// The same for a number that the tile computes, which may be zero.
RingPosition WarpSpecializedEmitter::emitCountedSums(RingPosition at,
                                                     Value count,
                                                     WarpgroupSums &sums) {
  SmallVector<Value> initial = makeZeroSums();
  size_t numSums = initial.size();
  llvm::append_values(initial, b.i32(0), at.stage, at.parity);
  auto loop = scf::ForOp::create(b, b.i32(0), count, b.i32(1), initial);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  sums = unflatten(loop.getRegionIterArgs().take_front(numSums));
  RingPosition stage{loop.getRegionIterArg(numSums + 1),
                     loop.getRegionIterArg(numSums + 2)};
  Value begun = b.createOrFold<arith::CmpIOp>(
      arith::CmpIPredicate::ne, loop.getRegionIterArg(numSums), b.i32(0));
  emitStage(sums, stage, Value(), begun, /*inFlight=*/1);
  stage = advance(stage);
  SmallVector<Value> next = flatten(sums);
  // Peeled off, the first step would have the zeros behind its fence.
  llvm::append_values(next, getOpaqueOne(), stage.stage, stage.parity);
  scf::YieldOp::create(b, next);
  sums = unflatten(loop.getResults().take_front(numSums));
  return {loop.getResult(numSums + 1), loop.getResult(numSums + 2)};
}

void WarpSpecializedEmitter::emitWaitForSums(WarpgroupSums &sums) {
  // Copies of sums that the tied waits may take come behind this one.
  NVVM::WgmmaWaitGroupSyncOp::create(b, uint64_t(0));
  for (auto &blocks : sums) {
    for (auto &block : blocks) {
      emitWgmmaDrain(b, block);
    }
  }
}

void WarpSpecializedEmitter::emitDeferredStore(Value condition) {
  Value exists = b.createOrFold<arith::CmpIOp>(arith::CmpIPredicate::ne,
                                               deferred.exists, b.i32(0));
  b.when(b.both(condition, exists), [&] {
    keepThread([&] {
      rereadThread();
      emitPackedStore(
          kernel, kernel.stores.front(), deferred.packed,
          {deferred.row, deferred.column},
          ArrayRef<Value>(sizes).take_front(forall.getNumParallel()));
    });
  });
}

/// A tile: its sums, and what is stored of them. Returns the ring position
/// behind it.
RingPosition WarpSpecializedEmitter::emitTile(RingPosition at, Value turn,
                                              ValueRange counts) {
  if (kernel.takesTurns) {
    // A wait tells a phase from the one before it, not from earlier ones: the
    // stages in front have to be the other warpgroup's last ones.
    emitWait(getTurnBarrier(kernel.warpgroup), turn);
  }
  WarpgroupSums sums;
  RingPosition stage = at;
  for (auto [phase, count] : llvm::zip_equal(kernel.phases, counts)) {
    enterPhase(phase);
    WarpgroupSums own;
    stage = kernel.readsFragments() ? emitFragmentSums(stage, count, own)
            : kernel.joins          ? emitJoinedSums(stage, own)
            : kernel.kBlocks != 0   ? emitSums(stage, own)
                                    : emitCountedSums(stage, count, own);
    if (kernel.takesTurns) {
      Value other = getTurnBarrier(b.bitXor(kernel.warpgroup, 1));
      b.when(b.equal(state.lane, 0), [&] {
        NVVM::MBarrierArriveOp::create(b, b.getI64Type(), other, Value());
      });
    }
    emitWaitForSums(own);
    if (!kernel.joins && !kernel.readsFragments()) {
      b.when(b.less(b.i32(0), count),
             [&] { emitRelease(getPrevious(stage.stage)); });
    }
    llvm::append_range(sums, own);
  }
  // Stores take the sums of all phases.
  kernel.accumulators = sums.size();
  rereadThread();
  SmallVector<Value> from(origins);
  ArrayRef<Value> parallelSizes =
      ArrayRef<Value>(sizes).take_front(forall.getNumParallel());
  auto store = [&] {
    for (const BulkStore &store : kernel.stores) {
      WarpgroupSums used;
      sparse_tile::StoreOp op = store.op;
      for (Value tile : op.getTiles()) {
        auto phase =
            llvm::find_if(kernel.phases, [&](const BulkPhase &candidate) {
              return candidate.pipeline == tile.getDefiningOp();
            });
        used.push_back(sums[phase->firstAccumulator +
                            cast<OpResult>(tile).getResultNumber()]);
      }
      emitBulkStore(kernel, store, used, from, parallelSizes);
    }
  };
  if (kernel.splits > 1) {
    combineRings(sums, [&] { pushSplits(sums); });
    emitClusterSync();
    Value &column = from.back();
    column = b.add(column, b.mul(kernel.rank, kernel.storedColumns()));
    Value stores = kernel.rings > 1 ? b.equal(ring, 0) : b.trueValue();
    b.when(stores, [&] {
      addSplits(sums);
      store();
    });
    return stage;
  }
  if (kernel.defersStores) {
    if (kernel.kBlocks == 0) {
      // No products, behind which the tile in front would have been stored.
      emitDeferredStore(b.equal(counts.front(), 0));
    }
    deferred = {
        getOpaqueOne(), from[from.size() - 2], from.back(),
        packResults(kernel, kernel.stores.front(), sums, from, parallelSizes)};
    return stage;
  }
  combineRings(sums, store);
  return stage;
}

/// [source rank][four sums][thread][4]: a warp writes 512 bytes in a row.
Value WarpSpecializedEmitter::getExchange(Value base, Value source,
                                          int64_t index) {
  int64_t share = kernel.storedColumns() / 2; // sums a thread and row block
  int64_t perRank = kernel.accumulators * kernel.rowBlocks * share;
  int64_t threads = kernel.consumers / kernel.rings * kWarpgroup;
  Value thread = kernel.groupThread;
  if (kernel.rings == 1) {
    thread = b.add(b.mul(kernel.warpgroup, kWarpgroup), thread);
  }
  Value at = b.mul(
      b.add(b.mul(b.add(b.mul(source, perRank / 4), index), threads), thread),
      16);
  return b.offset(base, b.add(at, kernel.exchangeOffset));
}

void WarpSpecializedEmitter::pushSplits(const WarpgroupSums &sums) {
  int64_t share = kernel.storedColumns() / 2;
  Type vector = VectorType::get({4}, sums.front().front().front().getType());
  for (int64_t target = 0; target < kernel.splits; ++target) {
    Value remote =
        NVVM::MapaOp::create(b, b.pointerType(7), state.shared, b.i32(target));
    int64_t index = 0;
    for (const auto &blocks : sums) {
      for (const auto &block : blocks) {
        for (int64_t first = 0; first < share; first += 4, ++index) {
          Value packed = LLVM::PoisonOp::create(b, vector);
          for (int64_t part = 0; part < 4; ++part) {
            packed = LLVM::InsertElementOp::create(
                b, packed, block[target * share + first + part], b.i32(part));
          }
          b.store(packed, getExchange(remote, kernel.rank, index), 16);
        }
      }
    }
  }
}

/// In the order of ranks.
void WarpSpecializedEmitter::addSplits(WarpgroupSums &sums) {
  int64_t share = kernel.storedColumns() / 2;
  Type element = sums.front().front().front().getType();
  Type vector = VectorType::get({4}, element);
  bool isInteger = element.isInteger(32);
  int64_t index = 0;
  for (auto &blocks : sums) {
    for (auto &block : blocks) {
      SmallVector<Value> total;
      for (int64_t first = 0; first < share; first += 4, ++index) {
        SmallVector<Value, 4> four(4);
        for (int64_t source = 0; source < kernel.splits; ++source) {
          Value packed = b.load(
              vector, getExchange(state.shared, b.i32(source), index), 16);
          for (int64_t part = 0; part < 4; ++part) {
            Value value =
                LLVM::ExtractElementOp::create(b, packed, b.i32(part));
            Value &sum = four[part];
            if (!sum) {
              sum = value;
            } else if (isInteger) {
              sum = b.add(sum, value);
            } else {
              sum = b.createOrFold<arith::AddFOp>(sum, value);
            }
          }
        }
        llvm::append_range(total, four);
      }
      block = std::move(total);
    }
  }
}

void WarpSpecializedEmitter::emitConsumer() {
  if (kernel.consumers > 1) {
    NVVM::SetMaxRegisterOp::create(b,
                                   kernel.joins ? kJoinedRegisters
                                   : kernel.consumers > 2
                                       ? kManyConsumersRegisters
                                       : kConsumerRegisters,
                                   NVVM::SetMaxRegisterAction::increase);
  }
  if (kernel.overlap) {
    // Nothing is read or written that the kernel in front may still use.
    NVVM::GriddepcontrolOp::create(b, NVVM::GridDepActionKind::wait);
  }
  ring = kernel.rings > 1 ? kernel.warpgroup : b.i32(0);
  RingPosition start{b.i32(0), b.i32(0)};
  // The first warpgroup begins; a new barrier's phase before counts as done.
  Value turn = b.bitXor(kernel.warpgroup, 1);
  if (kernel.takesTurns) {
    // The second consumer's first tile lies behind the first one's.
    emitTileOrigins(clusterIndex);
    start = skip(start, b.mul(getBlockCount(), kernel.warpgroup));
  }
  // The length of a tile's list is read a tile ahead.
  bool counts = kernel.kBlocks == 0 && !kernel.joins;
  size_t numCounts = counts ? kernel.phases.size() : 0;
  SmallVector<Value> first = {start.stage, start.parity, turn};
  if (counts) {
    Value tile = kernel.order ? getDealtTile(b.i32(0)) : clusterIndex;
    emitTileOrigins(b.min(tile, b.sub(tileCount, 1)));
    llvm::append_range(first, getBlockCounts());
  }
  size_t firstDeferred = first.size();
  if (kernel.defersStores) {
    first.append(3 + getNumSums() / 2, b.i32(0));
  }
  auto enterDeferred = [&](ValueRange carried) {
    ValueRange values = carried.drop_front(firstDeferred);
    if (kernel.defersStores) {
      deferred = {values[0], values[1], values[2],
                  SmallVector<Value>(values.drop_front(3))};
    }
  };
  SmallVector<Value> done;
  // A tile defines the thread's place again, inside the loop.
  keepThread([&] {
    done = emitTiles(
        kernel.takesTurns, first,
        [&](Value tile, Value next, ValueRange carried) {
          enterDeferred(carried);
          RingPosition at{carried[0], carried[1]};
          Value turn = carried[2];
          SmallVector<Value> tileCounts(carried.slice(3, numCounts));
          SmallVector<Value> nextCounts;
          if (counts) {
            emitTileOrigins(next);
            nextCounts = getBlockCounts();
          }
          emitTileOrigins(tile);
          at = emitTile(at, turn, counts ? tileCounts : getBlockCounts());
          if (kernel.takesTurns) {
            // The other consumer's tile; behind the last one nothing is
            // left to do.
            Value last = b.sub(tileCount, 1);
            emitTileOrigins(b.min(b.add(tile, clusterCount), last));
            at = skip(at, getBlockCount());
            turn = b.bitXor(turn, 1);
          }
          SmallVector<Value> behind = {at.stage, at.parity, turn};
          llvm::append_range(behind, nextCounts);
          if (kernel.defersStores) {
            llvm::append_values(behind, deferred.exists, deferred.row,
                                deferred.column);
            llvm::append_range(behind, deferred.packed);
          }
          return behind;
        });
  });
  if (kernel.defersStores) {
    enterDeferred(done);
    emitDeferredStore(b.trueValue());
  }
  b.when(kernel.leader,
         [&] { NVVM::CpAsyncBulkWaitGroupOp::create(b, 0u, UnitAttr()); });
  NVVM::SyncWarpOp::create(b, b.i32(-1));
  if (kernel.cluster > 1) {
    // No block leaves while another may still signal its barriers. Those that
    // split a tile signal none after their exchange.
    emitClusterMeeting();
  }
}
