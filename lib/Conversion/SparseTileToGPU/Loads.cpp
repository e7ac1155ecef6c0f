//===- Loads.cpp - global to shared memory --------------------------------===//

#include "LoadDetail.h"

#include "sparsity/Analysis/ElementPredicate.h"

#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Remarks.h"
#include "llvm/Support/ScopedPrinter.h"

using namespace mlir;
using namespace mlir::sparsity;
using namespace mlir::sparsity::gpu_conversion;

static bool isMultipleOf(std::optional<int64_t> value, int64_t factor) {
  return value && *value % factor == 0;
}

bool gpu_conversion::keepsAlignment(const GlobalBuffer &buffer, int64_t unit,
                                    int64_t bytes) {
  for (auto [dim, stride] : llvm::enumerate(buffer.staticStrides)) {
    bool ok = static_cast<int64_t>(dim) == unit
                  ? stride == 1
                  : isMultipleOf(stride, kChunkBytes / bytes);
    if (!ok) {
      return false;
    }
  }
  return true;
}

void gpu_conversion::emitChunkCopy(KernelBuilder &b, Value to, Value from,
                                   Value valid) {
  Value size;
  if (!matchPattern(valid, m_One())) {
    size = b.select(valid, b.i32(kChunkBytes), b.i32(0));
  }
  NVVM::CpAsyncOp::create(b, to, from, kChunkBytes,
                          NVVM::LoadCacheModifierKind::CG, size);
}

void gpu_conversion::emitPerThread(KernelState &state, int64_t count,
                                   function_ref<void(Value, int64_t)> body) {
  KernelBuilder &b = state.b;
  for (int64_t first = 0; first < count; first += state.threads) {
    Value index = b.add(state.thread, first);
    Value inside =
        first + state.threads <= count ? b.trueValue() : b.less(index, count);
    b.when(inside, [&] { body(index, first); });
  }
}

Value gpu_conversion::swizzled(KernelBuilder &b, Value line, Value chunk) {
  return b.add(b.mul(line, kRowBytes),
               b.mul(b.bitXor(chunk, b.bitAnd(line, 7)), kChunkBytes));
}

int64_t gpu_conversion::metadataBytes(const KernelState &state) {
  return state.multiplyBits() == 8 ? 1024 : 512;
}

void gpu_conversion::planLoad(KernelState &state, OperandPlan &plan) {
  sparse_tile::TileType tile = plan.tile;
  Type element = tile.getElementType();
  plan.bytes = plan.rows * kRowBytes;
  if (tile.getFormat() && !plan.expand) {
    plan.kind = LoadKind::Packed;
    int64_t blocks = llvm::divideCeil(plan.rows, kBlockRows);
    plan.metadataOffset = blocks * kPackedBlockBytes;
    plan.bytes = blocks * (kPackedBlockBytes + metadataBytes(state));
    return;
  }
  if (plan.gather) {
    return planGather(state, plan);
  }
  plan.kind = LoadKind::Elements;
  MultiplyType own;
  bool sameType =
      getMultiplyType(element, state.multiply == MultiplyType::TF32, own) &&
      own == state.multiply;
  if (!sameType || plan.mask || tile.getFormat() ||
      !state.target.hasCopy(CopyKind::CpAsync)) {
    return;
  }
  int64_t bytes = element.getIntOrFloatBitWidth() / 8;
  const GlobalBuffer &source = plan.sources.front();
  auto extent = [&](int64_t dim) { return source.type.getDimSize(dim); };
  auto divides = [&](int64_t dim) {
    return !ShapedType::isDynamic(extent(dim)) &&
           extent(dim) % (kChunkBytes / bytes) == 0;
  };
  if (divides(plan.kDim) && keepsAlignment(source, plan.kDim, bytes)) {
    plan.kind = LoadKind::AlongK;
  } else if (plan.rowDim >= 0 && bytes == 2 && plan.rows % kBlockRows == 0 &&
             divides(plan.rowDim) &&
             keepsAlignment(source, plan.rowDim, bytes)) {
    plan.kind = LoadKind::AlongRows;
  } else {
    remark::missed(state.forall.getLoc(),
                   remark::RemarkOpts::name("SlowLoad").category("sparsity"))
        << "loads element by element: rows of " + llvm::to_string(source.type) +
               " are not known to be multiples of 16 bytes";
  }
}

/// Compressed blocks: row blocks of one k-block lie next to each other in
/// memory.
static void emitPackedLoad(KernelState &state, const OperandPlan &plan,
                           Value stageBase, Value block) {
  KernelBuilder &b = state.b;
  int64_t rowBlocks = plan.sources[0].type.getDimSize(1);
  int64_t tileBlocks = llvm::divideCeil(plan.rows, kBlockRows);
  Value firstBlock = b.div(plan.origins[plan.rowDim], kBlockRows);
  auto copy = [&](const GlobalBuffer &source, int64_t blockBytes,
                  int64_t offset) {
    emitPerThread(
        state, tileBlocks * blockBytes / kChunkBytes,
        [&](Value index, int64_t) {
          int64_t chunks = blockBytes / kChunkBytes;
          Value rowBlock = b.add(firstBlock, b.div(index, chunks));
          // Blocks behind the last one repeat it: their rows are never stored,
          // and metadata must stay legal.
          if (rowBlocks % tileBlocks != 0) {
            rowBlock = b.min(rowBlock, b.i32(rowBlocks - 1));
          }
          Value kBlock = b.add(block, b.div(plan.firstK, state.step));
          Value at =
              b.add(b.mul(b.toI64(kBlock), rowBlocks * blockBytes),
                    b.toI64(b.add(b.mul(rowBlock, blockBytes),
                                  b.mul(b.rem(index, chunks), kChunkBytes))));
          Value to = b.offset(state.shared,
                              b.add(b.add(stageBase, plan.stageOffset + offset),
                                    b.mul(index, kChunkBytes)));
          emitChunkCopy(b, to, b.offset(source.pointer, at), b.trueValue());
        });
  };
  copy(plan.sources[0], kPackedBlockBytes, 0);
  copy(plan.sources[1], metadataBytes(state), plan.metadataOffset);
}

/// The byte address of the tile's first row at K = 0, outer dimensions
/// included.
static Value emitTileBase(KernelBuilder &b, const OperandPlan &plan,
                          int64_t bytes) {
  const GlobalBuffer &source = plan.sources.front();
  Value elements = b.i64(0);
  for (auto [dim, origin] : llvm::enumerate(plan.origins)) {
    if (static_cast<int64_t>(dim) != plan.kDim) {
      elements = b.add(elements, b.mul(b.toI64(origin), source.strides[dim]));
    }
  }
  return b.offset(source.pointer, b.mul(elements, bytes));
}

static void emitLoadAlongK(KernelState &state, const OperandPlan &plan,
                           Value stageBase, Value block) {
  KernelBuilder &b = state.b;
  int64_t bytes = state.multiplyBits() / 8, perChunk = kChunkBytes / bytes;
  Value base = emitTileBase(b, plan, bytes);
  Value chunk = b.bitAnd(state.thread, 7);
  Value line = b.shr(state.thread, 3);
  Value k = b.add(plan.firstK,
                  b.add(b.mul(block, state.step), b.mul(chunk, perChunk)));
  Value inK = b.less(k, plan.kLimit);
  std::optional<int64_t> limit = getConstantIntValue(plan.kLimit);
  if (limit && *limit % state.step == 0) {
    inK = b.trueValue();
  }
  // A copy of no source bytes reads nothing, whatever its address.
  Value kBytes = b.mul(b.toI64(k), bytes);
  // Eight threads copy a row; the rows of a thread are threads / 8 apart, which
  // keeps the swizzle of all of them the same.
  Value to =
      b.add(b.add(stageBase, plan.stageOffset), swizzled(b, line, chunk));
  int64_t linesApart = state.threads / 8;
  std::optional<int64_t> rowLimit = getConstantIntValue(plan.rowLimit);
  bool fullRows = plan.rowDim >= 0 && rowLimit && *rowLimit % plan.rows == 0;
  for (int64_t first = 0; first < plan.rows; first += linesApart) {
    Value row = b.add(line, first);
    auto copy = [&] {
      Value inRows = b.trueValue();
      if (plan.rowDim < 0) {
        inRows = b.equal(row, 0);
      } else if (!fullRows) {
        inRows = b.less(b.add(plan.origins[plan.rowDim], row), plan.rowLimit);
      }
      Value at = kBytes;
      if (plan.rowDim >= 0) {
        Value stride = b.mul(plan.sources[0].strides[plan.rowDim], bytes);
        at = b.add(at, b.mul(b.toI64(row), stride));
      }
      emitChunkCopy(b, b.offset(state.shared, b.add(to, first * kRowBytes)),
                    b.offset(base, at), b.both(inK, inRows));
    };
    if (first + linesApart <= plan.rows) {
      copy();
    } else {
      b.when(b.less(row, plan.rows), copy);
    }
  }
}

static void emitLoadAlongRows(KernelState &state, const OperandPlan &plan,
                              Value stageBase, Value block) {
  KernelBuilder &b = state.b;
  int64_t bytes = state.multiplyBits() / 8, perChunk = kChunkBytes / bytes;
  Value base = emitTileBase(b, plan, bytes);
  int64_t panels = plan.rows / kBlockRows;
  const GlobalBuffer &source = plan.sources.front();
  emitPerThread(state, panels * state.step * 8, [&](Value index, int64_t) {
    Value chunk = b.bitAnd(index, 7);
    Value line = b.rem(b.shr(index, 3), state.step);
    Value panel = b.div(index, state.step * 8);
    Value k = b.add(plan.firstK, b.add(b.mul(block, state.step), line));
    Value row = b.add(b.mul(panel, kBlockRows), b.mul(chunk, perChunk));
    Value valid =
        b.both(b.less(k, plan.kLimit),
               b.less(b.add(plan.origins[plan.rowDim], row), plan.rowLimit));
    Value at =
        b.add(b.mul(b.toI64(k), source.strides[plan.kDim]), b.toI64(row));
    Value to = b.add(
        b.add(stageBase, plan.stageOffset),
        b.add(b.mul(panel, state.step * kRowBytes), swizzled(b, line, chunk)));
    emitChunkCopy(b, b.offset(state.shared, to),
                  b.offset(base, b.mul(at, bytes)), valid);
  });
}

//===----------------------------------------------------------------------===//
// Element by element
//===----------------------------------------------------------------------===//

/// Whether the element at `indices` satisfies one of the mask's sets.
static Value emitPredicate(KernelBuilder &b, sparse_tile::MaskOp mask,
                           ArrayRef<Value> indices) {
  SmallVector<Value> wide;
  for (Value index : indices) {
    wide.push_back(arith::IndexCastUIOp::create(b, b.getIndexType(), index));
  }
  SmallVector<IntegerSet> sets(
      mask.getPredicate().getAsValueRange<IntegerSetAttr>());
  return emitElementPredicate(b, b.getLoc(), sets, wide);
}

/// The element as the multiply type, zero where not `valid`. Addresses of
/// elements that are not valid are those of the tensor's first element.
static Value fetchElement(KernelState &state, const OperandPlan &plan,
                          SmallVector<Value> indices, Value valid) {
  KernelBuilder &b = state.b;
  for (Value &index : indices) {
    index = b.select(valid, index, b.i32(0));
  }
  Value value = fetchStored(b, plan, indices);
  if (plan.mask) {
    valid = b.both(valid, emitPredicate(b, plan.mask, indices));
  }
  value = toMultiplyType(state, value);
  return b.select(valid, value, zeroOf(b, value.getType()));
}

static void emitElementLoad(KernelState &state, const OperandPlan &plan,
                            Value stageBase, Value block) {
  KernelBuilder &b = state.b;
  int64_t bytes = state.multiplyBits() / 8, perChunk = kChunkBytes / bytes;
  // Neighbouring threads read neighbouring addresses: along the rows if those
  // are contiguous.
  bool alongRows = plan.rowDim >= 0 && !plan.tile.getFormat() &&
                   plan.sources.front().staticStrides[plan.rowDim] == 1;
  b.loop(state.thread, b.i32(plan.rows * 8), state.threads, [&](Value index) {
    Value row = alongRows ? b.rem(index, plan.rows) : b.shr(index, 3);
    Value chunk = alongRows ? b.div(index, plan.rows) : b.bitAnd(index, 7);
    Value firstK = b.add(
        plan.firstK, b.add(b.mul(block, state.step), b.mul(chunk, perChunk)));
    Value inRows =
        plan.rowDim >= 0
            ? b.less(b.add(plan.origins[plan.rowDim], row), plan.rowLimit)
            : b.equal(row, 0);
    SmallVector<Value> elements;
    for (int64_t element = 0; element < perChunk; ++element) {
      Value k = b.add(firstK, element);
      SmallVector<Value> indices(plan.origins);
      indices[plan.kDim] = k;
      if (plan.rowDim >= 0) {
        indices[plan.rowDim] = b.add(plan.origins[plan.rowDim], row);
      }
      elements.push_back(fetchElement(state, plan, indices,
                                      b.both(inRows, b.less(k, plan.kLimit))));
    }
    storeChunk(state, plan, stageBase, row, chunk, elements);
  });
}

void gpu_conversion::emitLoad(KernelState &state, const OperandPlan &plan,
                              Value stageBase, Value block) {
  switch (plan.kind) {
  case LoadKind::Packed:
    return emitPackedLoad(state, plan, stageBase, block);
  case LoadKind::AlongK:
    return emitLoadAlongK(state, plan, stageBase, block);
  case LoadKind::AlongRows:
    return emitLoadAlongRows(state, plan, stageBase, block);
  case LoadKind::Elements:
    return emitElementLoad(state, plan, stageBase, block);
  case LoadKind::GatherAlongK:
  case LoadKind::GatherAlongRows:
  case LoadKind::GatherDecode:
  case LoadKind::GatherElements:
    return emitGather(state, plan, stageBase, block);
  }
}
