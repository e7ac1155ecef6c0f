//===- WarpSpecializedJoin.cpp - two rows of tiles on one stream of B -----===//
//
// Where rows of 64 follow lists of their own, the tiles of B take most of what
// the L2 cache can deliver. Two consumers take two neighbouring rows of tiles:
// the producer merges their lists, copies each tile of B once, and says beside
// the stage whose turn it is. Lists are ascending.
//
//===----------------------------------------------------------------------===//

#include "WarpSpecializedEmitter.h"

#include "mlir/Dialect/LLVMIR/NVVMDialect.h"

#include <array>

using namespace mlir;
using namespace mlir::sparsity;
using namespace mlir::sparsity::gpu_conversion;

/// What the producer writes beside a stage: a bit for each consumer that
/// multiplies, none behind the last stage of a tile.
static constexpr int64_t kEnd = 0;

Value WarpSpecializedEmitter::getSharers(Value stage) {
  return b.offset(state.shared, b.add(b.mul(stage, 4), kernel.sharersOffset));
}

/// A loop with `initial` as its state. `condition` gets it and returns whether
/// to go on; `body` returns the next one.
static ValueRange emitWhile(KernelBuilder &b, ArrayRef<Value> initial,
                            function_ref<Value(ValueRange)> condition,
                            function_ref<SmallVector<Value>(ValueRange)> body) {
  SmallVector<Type> types =
      llvm::map_to_vector(initial, [](Value value) { return value.getType(); });
  SmallVector<Location> locations(types.size(), b.getLoc());
  auto loop = scf::WhileOp::create(b, types, initial);
  OpBuilder::InsertionGuard guard(b);
  Block *before = b.createBlock(&loop.getBefore(), {}, types, locations);
  Value goesOn = condition(before->getArguments());
  scf::ConditionOp::create(b, goesOn, before->getArguments());
  Block *after = b.createBlock(&loop.getAfter(), {}, types, locations);
  scf::YieldOp::create(b, body(after->getArguments()));
  return loop.getResults();
}

Value WarpSpecializedEmitter::enterRow(Value first, Value list) {
  unsigned rowDim = origins.size() - 2;
  Value place = b.add(first, b.mul(list, state.tileRows));
  Value exists = b.less(place, sizes[rowDim]);
  origins[rowDim] = getOrderedRow(b.select(exists, place, first));
  mapOrigins();
  cloneSchedule();
  return exists;
}

Value WarpSpecializedEmitter::followList(Value first, int64_t list) {
  Value exists = enterRow(first, b.i32(list));
  return b.select(exists, getBlockCount(), b.i32(0));
}

RingPosition WarpSpecializedEmitter::emitJoinedCopies(Value tile,
                                                      RingPosition at) {
  constexpr size_t kLists = 2;
  const BulkOperand *a = nullptr, *shared = nullptr;
  size_t aPlace = 0, sharedPlace = 0, numPlaces = 0;
  for (const BulkOperand &operand : kernel.operands) {
    (operand.isA ? a : shared) = &operand;
    (operand.isA ? aPlace : sharedPlace) = numPlaces;
    numPlaces += getPlaceRank(operand);
  }
  struct List {
    IRMapping values;
    Value row, count;
  };
  std::array<List, kLists> lists;
  setOrigins(tile);
  unsigned rowDim = origins.size() - 2, columnDim = rowDim + 1;
  Value first = origins[rowDim];
  // A block of a cluster whose columns lie outside merges as the others do:
  // what is excluded has no place in K.
  origins[columnDim] = b.min(origins[columnDim], b.sub(sizes[columnDim], 1));
  for (size_t list = 0; list < kLists; ++list) {
    Value count = followList(first, list);
    lists[list] = {scalars.values, origins[rowDim], count};
  }
  auto getPlacesOf = [&](const List &list, Value entry) {
    scalars.values = list.values;
    origins[rowDim] = list.row;
    return getPlaces(entry);
  };
  SmallVector<Value> initial = {at.stage, at.parity, b.i32(0), b.i32(0)};
  for (const List &list : lists) {
    llvm::append_range(initial, getPlacesOf(list, b.i32(0)));
  }
  auto isInside = [&](ValueRange carried, size_t list) {
    return b.less(carried[2 + list], lists[list].count);
  };
  auto body = [&](ValueRange carried) {
    RingPosition stage{carried[0], carried[1]};
    std::array<ValueRange, kLists> places;
    std::array<Value, kLists> k, takes;
    for (size_t list = 0; list < kLists; ++list) {
      places[list] = carried.slice(4 + list * numPlaces, numPlaces);
      k[list] = b.select(isInside(carried, list),
                         places[list][sharedPlace + shared->kDim], b.i32(-1));
    }
    Value least = b.min(k[0], k[1]);
    SmallVector<Value> next = {Value(), Value()};
    SmallVector<Value> nextPlaces;
    Value sharers = b.i32(kEnd), bytes = b.i32(shared->bytes);
    for (size_t list = 0; list < kLists; ++list) {
      takes[list] = b.equal(k[list], least);
      // Lists are read a step ahead of the copies that follow them.
      Value entry = b.add(carried[2 + list], 1);
      for (auto [place, old] :
           llvm::zip_equal(getPlacesOf(lists[list], entry), places[list])) {
        nextPlaces.push_back(b.select(takes[list], place, old));
      }
      next.push_back(b.select(takes[list], entry, carried[2 + list]));
      sharers = b.add(
          sharers, b.select(takes[list], b.i32(int64_t(1) << list), b.i32(0)));
      bytes = b.add(bytes, b.select(takes[list], b.i32(a->bytes), b.i32(0)));
    }
    emitWait(getBarrier(stage.stage, kEmpty), stage.parity);
    b.store(sharers, getSharers(stage.stage), 4);
    Value barrier = getBarrier(stage.stage, kFull);
    emitExpect(stage.stage, bytes);
    Value base = b.offset(state.shared, b.mul(stage.stage, kernel.stageBytes));
    SmallVector<Value> where;
    for (size_t dim = 0; dim < getPlaceRank(*shared); ++dim) {
      where.push_back(b.select(takes[0], places[0][sharedPlace + dim],
                               places[1][sharedPlace + dim]));
    }
    emitOperandLoad(*shared, Value(), base, barrier, where);
    for (size_t list = 0; list < kLists; ++list) {
      b.when(takes[list], [&] {
        emitOperandLoad(*a, Value(), b.offset(base, list * a->bytes), barrier,
                        places[list].slice(aPlace, getPlaceRank(*a)));
      });
    }
    RingPosition behind = advance(stage);
    next[0] = behind.stage;
    next[1] = behind.parity;
    llvm::append_range(next, nextPlaces);
    return next;
  };
  ValueRange done = emitWhile(
      b, initial,
      [&](ValueRange carried) {
        return b.bitOr(isInside(carried, 0), isInside(carried, 1));
      },
      body);
  at = {done[0], done[1]};
  emitWait(getBarrier(at.stage, kEmpty), at.parity);
  b.store(b.i32(kEnd), getSharers(at.stage), 4);
  NVVM::MBarrierArriveOp::create(b, b.getI64Type(), getBarrier(at.stage, kFull),
                                 Value());
  return advance(at);
}

RingPosition WarpSpecializedEmitter::emitJoinedSums(RingPosition at,
                                                    WarpgroupSums &sums) {
  SmallVector<Value> initial = makeZeroSums();
  size_t numSums = initial.size();
  llvm::append_values(initial, at.stage, at.parity);
  // Uniform, as the stage's matrix instructions have to be.
  auto readSharers = [&](Value stage) -> Value {
    return makeUniform(b.load(b.getI32Type(), getSharers(stage), 4));
  };
  auto goesOn = [&](ValueRange carried) {
    emitWait(getBarrier(carried[numSums], kFull), carried[numSums + 1]);
    return b.createOrFold<arith::CmpIOp>(
        arith::CmpIPredicate::ne, readSharers(carried[numSums]), b.i32(kEnd));
  };
  auto multiply = [&](ValueRange carried) {
    RingPosition stage{carried[numSums], carried[numSums + 1]};
    Value mine = b.bitAnd(b.shr(readSharers(stage.stage), kernel.warpgroup), 1);
    ValueRange old = carried.take_front(numSums);
    auto branch = scf::IfOp::create(b, TypeRange(old), b.equal(mine, 1),
                                    /*withElseRegion=*/true);
    {
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToStart(branch.thenBlock());
      WarpgroupSums own = unflatten(old);
      emitProducts(own, stage.stage, Value());
      emitWaitForSums(own);
      scf::YieldOp::create(b, flatten(own));
      b.setInsertionPointToStart(branch.elseBlock());
      scf::YieldOp::create(b, old);
    }
    emitRelease(stage.stage);
    RingPosition behind = advance(stage);
    SmallVector<Value> next(branch.getResults());
    llvm::append_values(next, behind.stage, behind.parity);
    return next;
  };
  ValueRange done = emitWhile(b, initial, goesOn, multiply);
  sums = unflatten(done.take_front(numSums));
  emitRelease(done[numSums]);
  return advance({done[numSums], done[numSums + 1]});
}
