//===- WarpSpecializedProducer.cpp - bulk copies into the ring ------------===//

#include "WarpSpecializedEmitter.h"

#include "mlir/Dialect/LLVMIR/NVVMDialect.h"

using namespace mlir;
using namespace mlir::sparsity;
using namespace mlir::sparsity::gpu_conversion;

Value WarpSpecializedEmitter::getRowBlocks(const BulkOperand &operand) {
  sparse_tile::LoadOp load = operand.load;
  int64_t rowBlocks =
      cast<MemRefType>(load.getSources()[0].getType()).getDimSize(1);
  int64_t tileBlocks = operand.rows / kRowBlock;
  if (rowBlocks % (tileBlocks * kernel.cluster) == 0) {
    return b.i32(tileBlocks);
  }
  Value first = b.div(toI32(load.getIndices()[load.getDims()[0]]), kRowBlock);
  Value inside = b.min(first, b.i32(rowBlocks));
  return b.min(b.sub(b.i32(rowBlocks), inside), b.i32(tileBlocks));
}

void WarpSpecializedEmitter::emitOperandLoad(const BulkOperand &operand,
                                             Value block, Value base,
                                             Value barrier, ValueRange place) {
  auto clusterPointer = [&](Value pointer) -> Value {
    return LLVM::AddrSpaceCastOp::create(b, b.pointerType(7), pointer);
  };
  auto copyTensor = [&](unsigned map, int64_t offset,
                        ArrayRef<Value> coordinates, Value mask) {
    NVVM::CpAsyncBulkTensorGlobalToSharedClusterOp::create(
        b, clusterPointer(b.offset(base, offset)), tensorMaps[map], coordinates,
        barrier, ValueRange(), mask, Value(), NVVM::TMALoadMode::TILE,
        /*isCTAOnly=*/false, NVVM::CTAGroupKindAttr(), Value());
  };
  sparse_tile::LoadOp load = operand.load;
  if (operand.isRecord) {
    const GlobalBuffer &values = scalars.buffers.lookup(load.getSources()[1]);
    int64_t bytes = state.multiplyBits() / 8;
    Value from = b.offset(values.pointer, b.mul(b.toI64(place[0]), bytes));
    NVVM::CpAsyncBulkGlobalToSharedClusterOp::create(
        b, clusterPointer(b.offset(base, operand.offset)), from, barrier,
        b.mul(place[1], bytes), Value(), Value());
    return;
  }
  if (operand.packed) {
    // Row blocks of one k-block lie next to each other.
    int64_t rowBlocks =
        cast<MemRefType>(load.getSources()[0].getType()).getDimSize(1);
    int64_t tileBlocks = operand.rows / kRowBlock;
    Value first = b.div(toI32(load.getIndices()[load.getDims()[0]]), kRowBlock);
    Value count = getRowBlocks(operand);
    Value at = b.add(b.mul(block, rowBlocks), first);
    auto copy = [&](unsigned source, int64_t unit, int64_t offset) {
      const GlobalBuffer &buffer =
          scalars.buffers.lookup(load.getSources()[source]);
      Value from = b.offset(buffer.pointer, b.mul(b.toI64(at), unit));
      NVVM::CpAsyncBulkGlobalToSharedClusterOp::create(
          b, clusterPointer(b.offset(base, offset)), from, barrier,
          b.mul(count, unit), Value(), Value());
    };
    bool rounds = operand.isRounded();
    if (rounds) {
      // Blocks behind the last one come as zeros.
      SmallVector<Value> coordinates = {b.i32(0), b.i32(0), first, block};
      copyTensor(operand.maps.front(), operand.offset, coordinates, Value());
    }
    auto copies = [&] {
      if (!rounds) {
        copy(0, kPackedBlockBytes, operand.offset);
      }
      copy(1, operand.metadataBytes / tileBlocks, operand.metadataOffset);
    };
    if (getConstantIntValue(count)) {
      copies();
    } else {
      b.when(b.less(b.i32(0), count), copies);
    }
    return;
  }
  auto buffer = cast<MemRefType>(load.getSources().front().getType());
  int64_t rowDim = operand.rowDim, kDim = operand.kDim;
  Value mask;
  if (operand.parts.size() > 1) {
    mask = LLVM::ConstantOp::create(
        b, b.getI16Type(), b.getI16IntegerAttr((1 << kernel.cluster) - 1));
  }
  // A box from row `row` of the tile on, to line `line` of its stage.
  auto emitBox = [&](unsigned map, int64_t row, int64_t k, int64_t line) {
    SmallVector<Value> coordinates;
    for (int64_t dim = buffer.getRank() - 1; dim >= 0; --dim) {
      Value at = operand.listed ? place[dim]
                 : dim == kDim  ? b.mul(block, kernel.stepElements)
                                : toI32(load.getIndices()[dim]);
      if (dim == kDim) {
        at = b.add(at, k);
      } else if (dim == rowDim) {
        at = b.add(at, row);
      }
      coordinates.push_back(at);
    }
    copyTensor(map, operand.offset + line * kRowBytes, coordinates, mask);
  };
  auto emitPart = [&](int64_t share) {
    int64_t before = 0;
    for (int64_t index = 0; index < share; ++index) {
      before += operand.parts[index];
    }
    if (operand.alongRows) {
      // Panels of rows one after the other.
      for (int64_t row = 0; row < operand.rows; row += kRowBlock) {
        emitBox(operand.maps[share], row, before, row + before);
      }
      return;
    }
    if (!operand.edgeMaps) {
      emitBox(operand.maps[share], before, 0, before);
      return;
    }
    int64_t part = operand.parts[share];
    auto [half, quarter] = *operand.edgeMaps;
    EdgeBoxes boxes = getEdgeBoxes(operand, before, part);
    for (auto [exists, map, row] :
         {std::tuple(boxes.whole, operand.maps[share], before),
          std::tuple(boxes.half, half, before),
          std::tuple(boxes.quarter, quarter, before),
          std::tuple(boxes.quarterBehindHalf, quarter, before + part / 2)}) {
      b.when(exists, [&] { emitBox(map, row, 0, row); });
    }
  };
  if (operand.parts.size() == 1) {
    emitPart(0);
    return;
  }
  // A tensor map is a parameter and cannot be selected; a copy of each can.
  for (int64_t share = 0; share < kernel.cluster; ++share) {
    b.when(b.equal(kernel.rank, share), [&] { emitPart(share); });
  }
}

WarpSpecializedEmitter::EdgeBoxes
WarpSpecializedEmitter::getEdgeBoxes(const BulkOperand &operand, int64_t before,
                                     int64_t part) {
  unsigned dim = forall.getNumParallel() - (operand.isA ? 2 : 1);
  Value first = b.add(origins[dim], before), size = sizes[dim];
  Value inside = b.sub(size, b.min(first, size));
  auto exceeds = [&](int64_t rows) { return b.less(b.i32(rows), inside); };
  auto without = [&](Value condition, Value other) {
    return b.both(condition, b.bitXor(other, b.trueValue()));
  };
  Value whole = exceeds(part / 4 * 3), half = exceeds(part / 4);
  return {whole, without(half, whole), without(exceeds(0), half),
          without(exceeds(part / 2), whole)};
}

Value WarpSpecializedEmitter::getCopiedBytes(const BulkOperand &operand) {
  if (!operand.edgeMaps) {
    return b.i32(operand.bytes);
  }
  Value bytes = b.i32(0);
  int64_t before = 0;
  for (int64_t part : operand.parts) {
    EdgeBoxes boxes = getEdgeBoxes(operand, before, part);
    for (auto [exists, rows] :
         {std::pair(boxes.whole, part), std::pair(boxes.half, part / 2),
          std::pair(boxes.quarter, part / 4),
          std::pair(boxes.quarterBehindHalf, part / 4)}) {
      bytes = b.add(bytes, b.select(exists, b.i32(rows * kRowBytes), b.i32(0)));
    }
    before += part;
  }
  return bytes;
}

size_t WarpSpecializedEmitter::getPlaceRank(const BulkOperand &operand) {
  if (!operand.listed) {
    return 0;
  }
  if (operand.isRecord) {
    return 2;
  }
  sparse_tile::LoadOp load = operand.load;
  return cast<MemRefType>(load.getSources().front().getType()).getRank();
}

SmallVector<Value> WarpSpecializedEmitter::getPlaces(Value block) {
  SmallVector<Value> places;
  Value k = b.mul(block, kernel.stepElements);
  for (const BulkOperand &operand : kernel.operands) {
    if (!operand.listed) {
      continue;
    }
    sparse_tile::LoadOp load = operand.load;
    SmallVector<Value> results = scalars.inlineBlock(
        load.getAt().front(), {toI32(load.getIndices()[0]), k});
    Value exists = results.pop_back_val();
    if (operand.isRecord) {
      // Behind the list no record is read, nor where it would end.
      const GlobalBuffer &offsets =
          scalars.buffers.lookup(load.getSources()[0]);
      Value entry = scalars.toI32(results.front());
      Value past =
          b.add(entry, b.createOrFold<arith::ExtUIOp>(b.getI32Type(), exists));
      auto read = [&](Value index) {
        return b.load(b.getI32Type(), elementAddress(b, offsets, index), 4);
      };
      Value begin = read(entry);
      llvm::append_values(places, begin, b.sub(read(past), begin));
      continue;
    }
    // Whether a box exists: findBox.
    for (Value index : results) {
      places.push_back(scalars.toI32(index));
    }
  }
  return places;
}

Value WarpSpecializedEmitter::countEntries() {
  return b.ceilDiv(toI32(pipeline.getExtent()), kernel.stepElements);
}

Value WarpSpecializedEmitter::getShare() {
  return b.add(b.mul(kernel.rank, kernel.rings), ring);
}

Value WarpSpecializedEmitter::getShareBegin(Value index) {
  return b.div(b.mul(countEntries(), index), kernel.shares());
}

Value WarpSpecializedEmitter::getBlockCount() {
  if (kernel.kBlocks != 0) {
    return b.i32(kBlocksPerTile());
  }
  if (kernel.shares() > 1) {
    Value share = getShare();
    return b.sub(getShareBegin(b.add(share, 1)), getShareBegin(share));
  }
  return countEntries();
}

SmallVector<Value> WarpSpecializedEmitter::getBlockCounts() {
  SmallVector<Value> counts;
  for (const BulkPhase &phase : kernel.phases) {
    enterPhase(phase);
    counts.push_back(getBlockCount());
  }
  return counts;
}

Value WarpSpecializedEmitter::getFirstBlock() {
  if (kernel.kBlocks == 0 && kernel.shares() > 1) {
    return getShareBegin(getShare());
  }
  return kernel.splits > 1 ? b.mul(kernel.rank, kBlocksPerTile()) : b.i32(0);
}

void WarpSpecializedEmitter::emitExpect(Value stage, ValueRange places) {
  Value bytes = b.i32(0);
  size_t next = 0;
  for (const BulkOperand &operand : kernel.operands) {
    size_t first = next;
    next += getPlaceRank(operand);
    if (operand.isRecord) {
      int64_t each = state.multiplyBits() / 8;
      bytes = b.add(bytes, b.mul(places[first + 1], each));
      continue;
    }
    if (!operand.packed) {
      bytes = b.add(bytes, getCopiedBytes(operand));
      continue;
    }
    // A tensor copy counts the blocks that do not exist, too.
    bool rounds = operand.isRounded();
    int64_t perBlock = (operand.metadataBytes + (rounds ? 0 : operand.bytes)) /
                       (operand.rows / kRowBlock);
    bytes = b.add(b.add(bytes, rounds ? operand.bytes : 0),
                  b.mul(getRowBlocks(operand), perBlock));
  }
  emitExpect(stage, bytes);
}

void WarpSpecializedEmitter::emitExpect(Value stage, Value bytes) {
  NVVM::MBarrierArriveExpectTxOp::create(b, Type(), getBarrier(stage, kFull),
                                         bytes, NVVM::MemScopeKind::CTA,
                                         /*relaxed=*/false, Value());
}

void WarpSpecializedEmitter::emitCopies(bool packed, Value block, Value stage,
                                        ValueRange places) {
  Value barrier = getBarrier(stage, kFull);
  Value base =
      b.offset(state.shared, b.mul(getStage(stage), kernel.stageBytes));
  size_t next = 0;
  for (const BulkOperand &operand : kernel.operands) {
    size_t rank = getPlaceRank(operand);
    if ((operand.packed || operand.isRecord) == packed) {
      emitOperandLoad(operand, block, base, barrier, places.slice(next, rank));
    }
    next += rank;
  }
}

int64_t WarpSpecializedEmitter::emitPrefetch() {
  auto waitForKernelInFront = [&] {
    NVVM::GriddepcontrolOp::create(b, NVVM::GridDepActionKind::wait);
  };
  bool packed = llvm::any_of(kernel.operands, [](const BulkOperand &operand) {
    return operand.packed;
  });
  if (!packed) {
    waitForKernelInFront();
    return 0;
  }
  // The grid has no block without a first tile.
  emitTileOrigins(clusterIndex);
  int64_t count = std::min(kernel.stages, kBlocksPerTile());
  Value first = getFirstBlock();
  b.loop(b.i32(0), b.i32(count), 1, [&](Value stage) {
    emitExpect(stage, ValueRange());
    emitCopies(/*packed=*/true, b.add(first, stage), stage, {});
  });
  waitForKernelInFront();
  b.loop(b.i32(0), b.i32(count), 1, [&](Value stage) {
    emitCopies(/*packed=*/false, b.add(first, stage), stage, {});
  });
  return count;
}

RingPosition WarpSpecializedEmitter::emitPhaseCopies(Value tile,
                                                     RingPosition at,
                                                     Value begun) {
  if (kernel.joins) {
    return emitJoinedCopies(tile, at);
  }
  emitTileOrigins(tile);
  if (kernel.readsFragments()) {
    return emitRecordCopies(at, begun);
  }
  Value firstBlock = getFirstBlock();
  // Lists are read a step ahead of the copies that follow them.
  SmallVector<Value> initial = {at.stage, at.parity};
  llvm::append_range(initial, getPlaces(firstBlock));
  auto loop = scf::ForOp::create(b, begun, getBlockCount(), b.i32(1), initial);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  RingPosition stage{loop.getRegionIterArg(0), loop.getRegionIterArg(1)};
  ValueRange places = loop.getRegionIterArgs().drop_front(2);
  Value block = b.add(firstBlock, loop.getInductionVar());
  SmallVector<Value> nextPlaces = getPlaces(b.add(block, 1));
  emitWait(getBarrier(stage.stage, kEmpty), stage.parity);
  emitExpect(stage.stage, places);
  emitCopies(/*packed=*/false, block, stage.stage, places);
  emitCopies(/*packed=*/true, block, stage.stage, places);
  RingPosition next = advance(stage);
  SmallVector<Value> yielded = {next.stage, next.parity};
  llvm::append_range(yielded, nextPlaces);
  scf::YieldOp::create(b, yielded);
  return {loop.getResult(0), loop.getResult(1)};
}

void WarpSpecializedEmitter::emitProducer() {
  if (kernel.consumers > 1) {
    NVVM::SetMaxRegisterOp::create(
        b, kernel.joins ? kJoinerRegisters : kProducerRegisters,
        NVVM::SetMaxRegisterAction::decrease);
  }
  Value produces = b.equal(state.thread, kernel.consumers * kWarpgroup);
  if (kernel.readsFragments()) {
    // A warp for each ring.
    ring = makeUniform(kernel.groupWarp);
    produces = b.less(ring, kernel.rings);
  }
  b.when(produces, [&] {
    Value begun = b.i32(0);
    if (kernel.overlap) {
      begun = kernel.readsFragments() ? emitRecordPrefetch()
                                      : b.i32(emitPrefetch());
    }
    // The empty barriers' first phase counts as done.
    Value wraps = b.equal(begun, kernel.stages);
    SmallVector<Value> start = {b.select(wraps, b.i32(0), begun),
                                b.select(wraps, b.i32(0), b.i32(1)), begun};
    emitTiles(
        /*takesTurns=*/false, start,
        [&](Value tile, Value, ValueRange carried) {
          RingPosition at{carried[0], carried[1]};
          Value begun = carried[2];
          for (const BulkPhase &phase : kernel.phases) {
            enterPhase(phase);
            at = emitPhaseCopies(tile, at, begun);
            begun = b.i32(0);
          }
          return SmallVector<Value>{at.stage, at.parity, begun};
        });
  });
  NVVM::SyncWarpOp::create(b, b.i32(-1));
  if (kernel.splits > 1) {
    emitClusterSync(); // The consumers' exchange.
  }
  if (kernel.cluster > 1) {
    emitClusterMeeting();
  }
}
