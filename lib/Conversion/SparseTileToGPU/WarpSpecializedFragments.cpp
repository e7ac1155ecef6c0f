//===- WarpSpecializedFragments.cpp - products with A in registers --------===//
//
// A consumer decodes its tile of A out of the stage into registers and starts
// the products, which take A from there and B from the stage. What a stage
// holds is handed back when they are done.
//
// The consumers of a block do not share a tile's rows, of which there are only
// 64, but its list: each takes a part of the entries, out of a ring of its own
// that a producer of its own fills, so that one decodes while the products of
// the others run, and none waits for another. In the end one adds all sums.
// Blocks of a cluster that split K divide the list further.
//
// A producer is a warp: its lanes read where the records and the tiles of B of
// 32 entries are, which takes as long as for one, and the first lane copies.
//
//===----------------------------------------------------------------------===//

#include "BitmapFragments.h"
#include "WarpSpecializedEmitter.h"

#include "mlir/Dialect/LLVMIR/NVVMDialect.h"

using namespace mlir;
using namespace mlir::sparsity;
using namespace mlir::sparsity::gpu_conversion;

static constexpr int64_t kLanes = 32;

SmallVector<Value> WarpSpecializedEmitter::takePlaces(ValueRange places,
                                                      Value lane) {
  SmallVector<Value> taken;
  for (Value place : places) {
    taken.push_back(NVVM::ShflOp::create(b, b.getI32Type(), b.i32(-1), place,
                                         lane, b.i32(kLanes - 1),
                                         NVVM::ShflKind::idx, UnitAttr()));
  }
  return taken;
}

Value WarpSpecializedEmitter::emitRecordPrefetch() {
  // The grid has no block without a first tile.
  emitTileOrigins(clusterIndex);
  Value count = b.min(getBlockCount(), b.i32(std::min(kernel.stages, kLanes)));
  SmallVector<Value> places = getPlaces(b.add(getFirstBlock(), state.lane));
  auto copy = [&](bool packed) {
    b.loop(b.i32(0), count, 1, [&](Value stage) {
      SmallVector<Value> ofEntry = takePlaces(places, stage);
      b.when(b.equal(state.lane, 0), [&] {
        if (packed) {
          emitExpect(stage, ofEntry);
        }
        emitCopies(packed, Value(), stage, ofEntry);
      });
    });
  };
  copy(/*packed=*/true);
  NVVM::GriddepcontrolOp::create(b, NVVM::GridDepActionKind::wait);
  copy(/*packed=*/false);
  return count;
}

RingPosition WarpSpecializedEmitter::emitRecordCopies(RingPosition at,
                                                      Value begun) {
  Value first = getFirstBlock(), count = getBlockCount();
  auto read = [&](Value chunk) {
    return getPlaces(b.add(first, b.add(chunk, state.lane)));
  };
  SmallVector<Value> initial = {at.stage, at.parity, begun};
  size_t numPosition = initial.size();
  llvm::append_range(initial, read(b.i32(0)));
  auto chunks = scf::ForOp::create(b, b.i32(0), count, b.i32(kLanes), initial);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(chunks.getBody());
  Value chunk = chunks.getInductionVar();
  ValueRange carried = chunks.getRegionIterArgs();
  // The places of the next chunk, long before they are needed.
  SmallVector<Value> next = read(b.add(chunk, kLanes));
  auto entries = scf::ForOp::create(b, carried[2],
                                    b.min(b.sub(count, chunk), b.i32(kLanes)),
                                    b.i32(1), carried.take_front(2));
  {
    OpBuilder::InsertionGuard entryGuard(b);
    b.setInsertionPointToStart(entries.getBody());
    RingPosition stage{entries.getRegionIterArg(0),
                       entries.getRegionIterArg(1)};
    SmallVector<Value> ofEntry =
        takePlaces(carried.drop_front(numPosition), entries.getInductionVar());
    b.when(b.equal(state.lane, 0), [&] {
      emitWait(getBarrier(stage.stage, kEmpty), stage.parity);
      emitExpect(stage.stage, ofEntry);
      emitCopies(/*packed=*/true, Value(), stage.stage, ofEntry);
      emitCopies(/*packed=*/false, Value(), stage.stage, ofEntry);
    });
    RingPosition behind = advance(stage);
    scf::YieldOp::create(b, ValueRange{behind.stage, behind.parity});
  }
  SmallVector<Value> yielded(entries.getResults());
  yielded.push_back(b.i32(0));
  llvm::append_range(yielded, next);
  scf::YieldOp::create(b, yielded);
  return {chunks.getResult(0), chunks.getResult(1)};
}

void WarpSpecializedEmitter::emitFragmentProducts(WarpgroupSums &sums,
                                                  Value stage) {
  const BulkProduct &product = kernel.products.front();
  const BulkOperand &a = kernel.operands[product.a];
  const BulkOperand &right = kernel.operands[product.b];
  Value address =
      b.add(LLVM::PtrToIntOp::create(b, b.getI32Type(), state.shared),
            b.mul(getStage(stage), kernel.stageBytes));
  SmallVector<SmallVector<Value, 4>, 4> fragments = emitBitmapFragments(
      b, b.add(address, a.offset), kernel.groupWarp, state.lane);
  int64_t k = kernel.instruction->k;
  int64_t stepBytes = right.alongRows ? k * kRowBytes : k * 2;
  int64_t bits = right.alongRows ? getDescriptorBits(8192, 1024, 128)
                                 : getDescriptorBits(16, 1024, 128);
  Value descriptor = emitDescriptor(b, b.add(address, right.offset), bits);
  // No register that an instruction reads is written behind the fence.
  NVVM::WgmmaFenceAlignedOp::create(b);
  for (auto [step, registers] : llvm::enumerate(fragments)) {
    emitWgmmaOfRegisters(b, getShape(product),
                         sums[product.accumulator].front(), registers,
                         b.add(descriptor, (step * stepBytes) >> 4));
  }
  NVVM::WgmmaGroupSyncAlignedOp::create(b);
}

RingPosition WarpSpecializedEmitter::emitFragmentSums(RingPosition at,
                                                      Value count,
                                                      WarpgroupSums &sums) {
  SmallVector<Value> initial = makeZeroSums();
  size_t numSums = initial.size();
  llvm::append_values(initial, at.stage, at.parity);
  auto loop = scf::ForOp::create(b, b.i32(0), count, b.i32(1), initial);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  sums = unflatten(loop.getRegionIterArgs().take_front(numSums));
  RingPosition stage{loop.getRegionIterArg(numSums),
                     loop.getRegionIterArg(numSums + 1)};
  emitWait(getBarrier(stage.stage, kFull), stage.parity);
  emitFragmentProducts(sums, stage.stage);
  // The registers of A are those of the next tile, too.
  NVVM::WgmmaWaitGroupSyncOp::create(b, uint64_t(0));
  emitRelease(stage.stage);
  stage = advance(stage);
  SmallVector<Value> next = flatten(sums);
  llvm::append_values(next, stage.stage, stage.parity);
  scf::YieldOp::create(b, next);
  sums = unflatten(loop.getResults().take_front(numSums));
  return {loop.getResult(numSums), loop.getResult(numSums + 1)};
}

void WarpSpecializedEmitter::combineRings(WarpgroupSums &sums,
                                          function_ref<void()> body) {
  if (kernel.rings == 1) {
    return body();
  }
  Type vector = VectorType::get({4}, getSumType());
  SmallVector<Value> flat = flatten(sums);
  int64_t fours = flat.size() / 4;
  // [ring but the first][four sums][thread][4].
  auto address = [&](Value source, int64_t index) {
    Value at = b.add(b.mul(source, fours * kWarpgroup),
                     b.add(kernel.groupThread, index * kWarpgroup));
    return b.offset(state.shared, b.add(b.mul(at, 16), kernel.combineOffset));
  };
  auto meet = [&] {
    // Behind the barriers of single warpgroups.
    NVVM::BarrierOp::create(b, Type(), b.i32(kernel.consumers + 1),
                            b.i32(kernel.consumers * kWarpgroup),
                            NVVM::BarrierReductionAttr(), Value());
  };
  auto branch = scf::IfOp::create(b, b.equal(ring, 0), /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(branch.elseBlock());
  for (int64_t index = 0; index < fours; ++index) {
    Value packed = LLVM::PoisonOp::create(b, vector);
    for (int64_t part = 0; part < 4; ++part) {
      packed = LLVM::InsertElementOp::create(b, packed, flat[4 * index + part],
                                             b.i32(part));
    }
    b.store(packed, address(b.sub(ring, 1), index), 16);
  }
  meet();
  meet();
  b.setInsertionPointToStart(branch.thenBlock());
  meet();
  for (int64_t source = 0; source + 1 < kernel.rings; ++source) {
    for (int64_t index = 0; index < fours; ++index) {
      Value packed = b.load(vector, address(b.i32(source), index), 16);
      for (int64_t part = 0; part < 4; ++part) {
        Value &sum = flat[4 * index + part];
        sum = b.createOrFold<arith::AddFOp>(
            sum, LLVM::ExtractElementOp::create(b, packed, b.i32(part)));
      }
    }
  }
  // The other consumers may write those of their next tile.
  meet();
  sums = unflatten(flat);
  body();
}
