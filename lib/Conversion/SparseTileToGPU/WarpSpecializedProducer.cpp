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
    auto copies = [&] {
      copy(0, kPackedBlockBytes, operand.offset);
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
  auto emitPart = [&](int64_t share) {
    int64_t before = 0;
    for (int64_t index = 0; index < share; ++index) {
      before += operand.parts[index];
    }
    // Panels of rows one after the other; tiles with K innermost are one.
    int64_t panels = operand.alongRows ? operand.rows / kRowBlock : 1;
    int64_t panelBytes = kRowBlock * kRowBytes;
    for (int64_t panel = 0; panel < panels; ++panel) {
      SmallVector<Value> coordinates;
      for (int64_t dim = buffer.getRank() - 1; dim >= 0; --dim) {
        Value at = operand.listed ? place[dim]
                   : dim == kDim  ? b.mul(block, kernel.stepElements)
                                  : toI32(load.getIndices()[dim]);
        if (dim == kDim) {
          at = operand.alongRows ? b.add(at, before) : at;
        } else if (dim == rowDim) {
          at = b.add(at, operand.alongRows ? panel * kRowBlock : before);
        }
        coordinates.push_back(at);
      }
      Value to = b.offset(base, operand.offset + panel * panelBytes +
                                    before * kRowBytes);
      NVVM::CpAsyncBulkTensorGlobalToSharedClusterOp::create(
          b, clusterPointer(to), tensorMaps[operand.maps[share]], coordinates,
          barrier, ValueRange(), mask, Value(), NVVM::TMALoadMode::TILE,
          /*isCTAOnly=*/false, NVVM::CTAGroupKindAttr(), Value());
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

Value WarpSpecializedEmitter::getShareBegin(Value index) {
  Value blocks = b.ceilDiv(toI32(pipeline.getExtent()), kernel.stepElements);
  return b.div(b.mul(blocks, index), kernel.shares());
}

Value WarpSpecializedEmitter::getBlockCount() {
  if (kernel.kBlocks != 0) {
    return b.i32(kBlocksPerTile());
  }
  if (kernel.shares() > 1) {
    Value share = b.add(b.mul(kernel.rank, kernel.rings), ring);
    return b.sub(getShareBegin(b.add(share, 1)), getShareBegin(share));
  }
  return b.ceilDiv(toI32(pipeline.getExtent()), kernel.stepElements);
}

Value WarpSpecializedEmitter::getFirstBlock() {
  if (kernel.kBlocks == 0 && kernel.shares() > 1) {
    return getShareBegin(b.add(b.mul(kernel.rank, kernel.rings), ring));
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
      bytes = b.add(bytes, operand.bytes);
      continue;
    }
    int64_t perBlock =
        (operand.bytes + operand.metadataBytes) / (operand.rows / kRowBlock);
    bytes = b.add(bytes, b.mul(getRowBlocks(operand), perBlock));
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
          if (kernel.joins) {
            RingPosition behind =
                emitJoinedCopies(tile, {carried[0], carried[1]});
            return SmallVector<Value>{behind.stage, behind.parity, b.i32(0)};
          }
          emitTileOrigins(tile);
          if (kernel.readsFragments()) {
            RingPosition behind =
                emitRecordCopies({carried[0], carried[1]}, carried[2]);
            return SmallVector<Value>{behind.stage, behind.parity, b.i32(0)};
          }
          Value firstBlock = getFirstBlock();
          // Lists are read a step ahead of the copies that follow them.
          SmallVector<Value> initial(carried.take_front(2));
          llvm::append_range(initial, getPlaces(firstBlock));
          auto loop = scf::ForOp::create(b, carried[2], getBlockCount(),
                                         b.i32(1), initial);
          {
            OpBuilder::InsertionGuard guard(b);
            b.setInsertionPointToStart(loop.getBody());
            RingPosition at{loop.getRegionIterArg(0), loop.getRegionIterArg(1)};
            ValueRange places = loop.getRegionIterArgs().drop_front(2);
            Value block = b.add(firstBlock, loop.getInductionVar());
            SmallVector<Value> nextPlaces = getPlaces(b.add(block, 1));
            emitWait(getBarrier(at.stage, kEmpty), at.parity);
            emitExpect(at.stage, places);
            emitCopies(/*packed=*/false, block, at.stage, places);
            emitCopies(/*packed=*/true, block, at.stage, places);
            RingPosition next = advance(at);
            SmallVector<Value> yielded = {next.stage, next.parity};
            llvm::append_range(yielded, nextPlaces);
            scf::YieldOp::create(b, yielded);
          }
          return SmallVector<Value>{loop.getResult(0), loop.getResult(1),
                                    b.i32(0)};
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
