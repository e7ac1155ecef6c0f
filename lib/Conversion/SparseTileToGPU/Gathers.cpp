//===- Gathers.cpp - tiles whose elements a region locates ----------------===//

#include "LoadDetail.h"

#include "mlir/IR/Remarks.h"
#include "llvm/Support/ScopedPrinter.h"

using namespace mlir;
using namespace mlir::sparsity;
using namespace mlir::sparsity::gpu_conversion;

/// A gather moves 16-byte chunks if its runs hold whole ones.
void gpu_conversion::planGather(KernelState &state, OperandPlan &plan) {
  Type element = plan.tile.getElementType();
  plan.kind = LoadKind::GatherElements;
  if (plan.tile.getFormat()) {
    if (canDecodeChunks(state, plan)) {
      plan.kind = LoadKind::GatherDecode;
    }
    return;
  }
  MultiplyType own;
  bool sameType =
      getMultiplyType(element, state.multiply == MultiplyType::TF32, own) &&
      own == state.multiply;
  if (!sameType || plan.mask || !state.target.hasCopy(CopyKind::CpAsync)) {
    return;
  }
  int64_t bytes = element.getIntOrFloatBitWidth() / 8;
  auto runs = plan.gather.getRuns();
  const GlobalBuffer &source = plan.sources.front();
  int64_t perChunk = kChunkBytes / bytes;
  if (runs && keepsAlignment(source, source.type.getRank() - 1, bytes)) {
    if ((*runs)[1] % perChunk == 0) {
      plan.kind = LoadKind::GatherAlongK;
      return;
    }
    if (bytes == 2 && plan.rows % kBlockRows == 0 &&
        (*runs)[0] % perChunk == 0) {
      plan.kind = LoadKind::GatherAlongRows;
      return;
    }
  }
  remark::missed(state.forall.getLoc(),
                 remark::RemarkOpts::name("SlowLoad").category("sparsity"))
      << "gathers element by element: rows of " + llvm::to_string(source.type) +
             " do not lie in runs of 16 bytes";
}

/// The indices of the element at two positions (i32), and whether there is one.
static std::pair<SmallVector<Value>, Value>
locate(KernelState &state, const OperandPlan &plan, Value row, Value k) {
  sparse_tile::LoadOp load = plan.gather;
  SmallVector<Value> results =
      state.scalars.inlineBlock(load.getAt().front(), ValueRange{row, k});
  Value valid = results.pop_back_val();
  for (Value &index : results) {
    index = state.scalars.toI32(index);
  }
  return {results, valid};
}

static void emitGatherAlongK(KernelState &state, const OperandPlan &plan,
                             Value stageBase, Value block) {
  KernelBuilder &b = state.b;
  int64_t perChunk = kChunkBytes * 8 / state.multiplyBits();
  Value chunk = b.bitAnd(state.thread, 7);
  Value line = b.shr(state.thread, 3);
  Value k = b.add(plan.firstK,
                  b.add(b.mul(block, state.step), b.mul(chunk, perChunk)));
  Value to =
      b.add(b.add(stageBase, plan.stageOffset), swizzled(b, line, chunk));
  int64_t linesApart = state.threads / 8;
  for (int64_t first = 0; first < plan.rows; first += linesApart) {
    Value row = b.add(line, first);
    b.when(first + linesApart <= plan.rows ? b.trueValue()
                                           : b.less(row, plan.rows),
           [&] {
             auto [indices, valid] =
                 locate(state, plan, b.add(plan.rowPosition, row), k);
             emitChunkCopy(
                 b, b.offset(state.shared, b.add(to, first * kRowBytes)),
                 elementAddress(b, plan.sources.front(), indices), valid);
           });
  }
}

static void emitGatherAlongRows(KernelState &state, const OperandPlan &plan,
                                Value stageBase, Value block) {
  KernelBuilder &b = state.b;
  int64_t perChunk = kChunkBytes * 8 / state.multiplyBits();
  int64_t panels = plan.rows / kBlockRows;
  emitPerThread(state, panels * state.step * 8, [&](Value index, int64_t) {
    Value chunk = b.bitAnd(index, 7);
    Value line = b.rem(b.shr(index, 3), state.step);
    Value panel = b.div(index, state.step * 8);
    Value k = b.add(plan.firstK, b.add(b.mul(block, state.step), line));
    Value row = b.add(b.mul(panel, kBlockRows), b.mul(chunk, perChunk));
    auto [indices, valid] =
        locate(state, plan, b.add(plan.rowPosition, row), k);
    Value to = b.add(
        b.add(stageBase, plan.stageOffset),
        b.add(b.mul(panel, state.step * kRowBytes), swizzled(b, line, chunk)));
    emitChunkCopy(b, b.offset(state.shared, to),
                  elementAddress(b, plan.sources.front(), indices), valid);
  });
}

static void emitGatherElements(KernelState &state, const OperandPlan &plan,
                               Value stageBase, Value block) {
  KernelBuilder &b = state.b;
  int64_t bytes = state.multiplyBits() / 8, perChunk = kChunkBytes / bytes;
  sparse_tile::LoadOp load = plan.gather;
  auto runs = load.getRuns();
  bool alongRows = runs && (*runs)[0] > (*runs)[1];
  b.loop(state.thread, b.i32(plan.rows * state.step), state.threads,
         [&](Value index) {
           Value row =
               alongRows ? b.rem(index, plan.rows) : b.div(index, state.step);
           Value place =
               alongRows ? b.div(index, plan.rows) : b.rem(index, state.step);
           Value k = b.add(plan.firstK, b.add(b.mul(block, state.step), place));
           auto [indices, valid] =
               locate(state, plan, b.add(plan.rowPosition, row), k);
           Type stored = getStorageType(plan.tile.getElementType());
           // Where there is no element its buffer may be empty.
           auto branch = scf::IfOp::create(b, TypeRange{stored}, valid,
                                           /*addThenBlock=*/true,
                                           /*addElseBlock=*/true);
           {
             OpBuilder::InsertionGuard guard(b);
             b.setInsertionPointToStart(branch.thenBlock());
             Value value = fetchStored(b, plan, indices);
             if (value.getType() != stored) {
               value = arith::BitcastOp::create(b, stored, value);
             }
             scf::YieldOp::create(b, value);
             b.setInsertionPointToStart(branch.elseBlock());
             scf::YieldOp::create(b, zeroOf(b, stored));
           }
           Value value = branch.getResult(0);
           if (stored != plan.tile.getElementType()) {
             value =
                 arith::BitcastOp::create(b, plan.tile.getElementType(), value);
           }
           value = toMultiplyType(state, value);
           Value to = b.add(b.add(stageBase, plan.stageOffset),
                            b.add(swizzled(b, row, b.div(place, perChunk)),
                                  b.mul(b.rem(place, perChunk), bytes)));
           b.store(value, b.offset(state.shared, to), bytes);
         });
}

static void emitGatherDecode(KernelState &state, const OperandPlan &plan,
                             Value stageBase, Value block) {
  KernelBuilder &b = state.b;
  int64_t perChunk = kChunkBytes * 8 / state.multiplyBits();
  Type type = plan.tile.getElementType(), stored = getStorageType(type);
  b.loop(state.thread, b.i32(plan.rows * 8), state.threads, [&](Value index) {
    Value row = b.shr(index, 3), chunk = b.bitAnd(index, 7);
    Value k = b.add(plan.firstK,
                    b.add(b.mul(block, state.step), b.mul(chunk, perChunk)));
    auto [indices, valid] =
        locate(state, plan, b.add(plan.rowPosition, row), k);
    // Where there is no chunk its buffers may be empty.
    auto branch = scf::IfOp::create(b, SmallVector<Type>(perChunk, stored),
                                    valid, /*addThenBlock=*/true,
                                    /*addElseBlock=*/true);
    {
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToStart(branch.thenBlock());
      SmallVector<Value> elements = decodeChunk(state, plan, indices, perChunk);
      scf::YieldOp::create(b, elements);
      b.setInsertionPointToStart(branch.elseBlock());
      scf::YieldOp::create(b, SmallVector<Value>(perChunk, zeroOf(b, stored)));
    }
    SmallVector<Value> elements;
    for (Value value : branch.getResults()) {
      if (stored != type) {
        value = arith::BitcastOp::create(b, type, value);
      }
      elements.push_back(toMultiplyType(state, value));
    }
    storeChunk(state, plan, stageBase, row, chunk, elements);
  });
}

void gpu_conversion::emitGather(KernelState &state, const OperandPlan &plan,
                                Value stageBase, Value block) {
  switch (plan.kind) {
  case LoadKind::GatherAlongK:
    return emitGatherAlongK(state, plan, stageBase, block);
  case LoadKind::GatherAlongRows:
    return emitGatherAlongRows(state, plan, stageBase, block);
  case LoadKind::GatherDecode:
    return emitGatherDecode(state, plan, stageBase, block);
  default:
    return emitGatherElements(state, plan, stageBase, block);
  }
}
