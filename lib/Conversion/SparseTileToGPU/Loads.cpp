//===- Loads.cpp - global to shared memory --------------------------------===//

#include "Kernel.h"

#include "sparsity/Analysis/ElementPredicate.h"

#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Remarks.h"
#include "llvm/Support/ScopedPrinter.h"

using namespace mlir;
using namespace mlir::sparsity;
using namespace mlir::sparsity::gpu_conversion;

static constexpr int64_t kRowBytes = 128;
static constexpr int64_t kChunkBytes = 16;
static constexpr int64_t kBlockRows = 64;
static constexpr int64_t kBlockBytes = 4096;

static bool isMultipleOf(std::optional<int64_t> value, int64_t factor) {
  return value && *value % factor == 0;
}

/// Whether every stride but that of `unit` keeps addresses 16-byte aligned.
static bool keepsAlignment(const GlobalBuffer &buffer, int64_t unit,
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

/// Metadata bytes of 64 compressed rows: eight times fewer than the values' for
/// 16-bit and 32-bit elements, four times fewer for 8-bit ones.
static int64_t metadataBytes(const KernelState &state) {
  return state.multiplyBits() == 8 ? 1024 : 512;
}

/// A gather moves 16-byte chunks if its runs hold whole ones.
static void planGather(KernelState &state, OperandPlan &plan, int64_t bytes) {
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

/// Whether 16 bytes of K of the multiply type, of a gather in a format, are
/// whole groups, or bits of one word.
static bool canDecodeChunks(const KernelState &state, const OperandPlan &plan) {
  sparse_tile::LoadOp load = plan.gather;
  const TileFormat &format = plan.tile.getFormat().getFormat();
  int64_t perChunk = kChunkBytes * 8 / state.multiplyBits();
  auto runs = load.getRuns();
  if (!runs || (*runs)[1] % perChunk != 0) {
    return false;
  }
  if (format.kind == TileFormat::Kind::Bitmap) {
    return format.columns % perChunk == 0 && 64 % perChunk == 0;
  }
  int64_t rank = load.getAt().front().getTerminator()->getNumOperands() - 1;
  return format.axis == rank - 1 && perChunk % format.m == 0;
}

void gpu_conversion::planLoad(KernelState &state, OperandPlan &plan) {
  sparse_tile::TileType tile = plan.tile;
  Type element = tile.getElementType();
  plan.bytes = plan.rows * kRowBytes;
  if (tile.getFormat() && !plan.expand) {
    plan.kind = LoadKind::Packed;
    int64_t blocks = llvm::divideCeil(plan.rows, kBlockRows);
    plan.metadataOffset = blocks * kBlockBytes;
    plan.bytes = blocks * (kBlockBytes + metadataBytes(state));
    return;
  }
  plan.kind = plan.gather ? LoadKind::GatherElements : LoadKind::Elements;
  MultiplyType own;
  bool sameType =
      getMultiplyType(element, state.multiply == MultiplyType::TF32, own) &&
      own == state.multiply;
  if (plan.gather && tile.getFormat() && canDecodeChunks(state, plan)) {
    plan.kind = LoadKind::GatherDecode;
    return;
  }
  if (!sameType || plan.mask || tile.getFormat() ||
      !state.target.hasCopy(CopyKind::CpAsync)) {
    return;
  }
  int64_t bytes = element.getIntOrFloatBitWidth() / 8;
  const GlobalBuffer &source = plan.sources.front();
  if (plan.gather) {
    planGather(state, plan, bytes);
    return;
  }
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

/// 16 bytes from global to shared memory, asynchronously; zeros where not
/// `valid`.
static void emitCopy(KernelBuilder &b, Value to, Value from, Value valid) {
  Value size;
  if (!matchPattern(valid, m_One())) {
    size = b.select(valid, b.i32(kChunkBytes), b.i32(0));
  }
  NVVM::CpAsyncOp::create(b, to, from, kChunkBytes,
                          NVVM::LoadCacheModifierKind::CG, size);
}

/// Runs `body(index)` for every index below `count`, spread over the threads,
/// unrolled.
static void emitPerThread(KernelState &state, int64_t count,
                          function_ref<void(Value, int64_t)> body) {
  KernelBuilder &b = state.b;
  for (int64_t first = 0; first < count; first += state.threads) {
    Value index = b.add(state.thread, first);
    Value inside =
        first + state.threads <= count ? b.trueValue() : b.less(index, count);
    b.when(inside, [&] { body(index, first); });
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
          emitCopy(b, to, b.offset(source.pointer, at), b.trueValue());
        });
  };
  copy(plan.sources[0], kBlockBytes, 0);
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

/// `index` of a line and chunk in shared memory, swizzled; both i32.
static Value swizzled(KernelBuilder &b, Value line, Value chunk) {
  return b.add(b.mul(line, kRowBytes),
               b.mul(b.bitXor(chunk, b.bitAnd(line, 7)), kChunkBytes));
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
      emitCopy(b, b.offset(state.shared, b.add(to, first * kRowBytes)),
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
    emitCopy(b, b.offset(state.shared, to), b.offset(base, b.mul(at, bytes)),
             valid);
  });
}

//===----------------------------------------------------------------------===//
// Element by element
//===----------------------------------------------------------------------===//

static Value zeroOf(KernelBuilder &b, Type type) {
  return arith::ConstantOp::create(b, cast<TypedAttr>(b.getZeroAttr(type)));
}

/// The element of an n_of_m tensor, row-major storage: looks for its position
/// among the n kept ones of its group.
static Value fetchNOfM(KernelBuilder &b, const OperandPlan &plan,
                       const TileFormat &format, ArrayRef<Value> indices) {
  const GlobalBuffer &values = plan.sources[0], &metadata = plan.sources[1];
  Type type = values.type.getElementType();
  int64_t bits = format.indexBits();
  Value position = indices[format.axis];
  Value group = b.div(position, format.m), place = b.rem(position, format.m);
  SmallVector<Value> others;
  for (auto [dim, index] : llvm::enumerate(indices)) {
    if (static_cast<int64_t>(dim) != format.axis) {
      others.push_back(index);
    }
  }
  Value first = b.mul(group, format.n);
  auto loop = scf::ForOp::create(b, b.i32(0), b.i32(format.n), b.i32(1),
                                 ValueRange{zeroOf(b, getStorageType(type))});
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    Value slot = b.add(first, loop.getInductionVar());
    Value bit = b.mul(slot, bits);
    SmallVector<Value> at(others);
    at.push_back(b.shr(bit, 3));
    Value byte = b.load(b.getI8Type(), elementAddress(b, metadata, at), 1);
    Value word = arith::ExtUIOp::create(b, b.getI32Type(), byte);
    Value index = b.bitAnd(b.shr(word, b.bitAnd(bit, 7)), (1 << bits) - 1);
    at.back() = slot;
    Type stored = getStorageType(type);
    Value value = b.load(stored, elementAddress(b, values, at),
                         stored.getIntOrFloatBitWidth() / 8);
    Value here =
        b.createOrFold<arith::CmpIOp>(arith::CmpIPredicate::eq, index, place);
    scf::YieldOp::create(b, b.select(here, value, loop.getRegionIterArg(0)));
  }
  Value found = loop.getResult(0);
  return getStorageType(type) == type
             ? found
             : Value(arith::BitcastOp::create(b, type, found));
}

/// The element [entry, row, column] of a list of tiles with a bitmap each: its
/// place among the stored values is the number of bits before its own, of which
/// `offsets` holds those of the words before.
static Value fetchBitmap(KernelBuilder &b, const OperandPlan &plan,
                         const TileFormat &format, ArrayRef<Value> indices) {
  const GlobalBuffer &bitmap = plan.sources[0], &offsets = plan.sources[1],
                     &values = plan.sources[2];
  Type type = values.type.getElementType();
  Value bit = b.add(b.mul(indices[1], format.columns), indices[2]);
  SmallVector<Value> at = {indices[0], b.shr(bit, 6)};
  Value place = b.toI64(b.bitAnd(bit, 63));
  Value word = b.load(b.getI64Type(), elementAddress(b, bitmap, at), 8);
  Value present = b.equal(b.bitAnd(b.shr(word, place), b.i64(1)), 1);
  Value below = b.sub(b.shl(b.i64(1), place), b.i64(1));
  Value before =
      b.toI32(math::CtPopOp::create(b, b.bitAnd(word, below)).getResult());
  Value offset = b.load(b.getI32Type(), elementAddress(b, offsets, at), 4);
  Type stored = getStorageType(type);
  auto branch = scf::IfOp::create(b, TypeRange{stored}, present,
                                  /*addThenBlock=*/true, /*addElseBlock=*/true);
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(branch.thenBlock());
    Value address = elementAddress(b, values, b.add(offset, before));
    scf::YieldOp::create(
        b, b.load(stored, address, stored.getIntOrFloatBitWidth() / 8));
    b.setInsertionPointToStart(branch.elseBlock());
    scf::YieldOp::create(b, zeroOf(b, stored));
  }
  Value found = branch.getResult(0);
  return stored == type ? found
                        : Value(arith::BitcastOp::create(b, type, found));
}

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

/// `value` of the tile's element type as the multiply type, in the type that
/// shared memory holds.
static Value toMultiplyType(KernelState &state, Value value) {
  KernelBuilder &b = state.b;
  Type type = value.getType();
  switch (state.multiply) {
  case MultiplyType::F16:
    type = b.getF16Type();
    break;
  case MultiplyType::BF16:
    type = b.getBF16Type();
    break;
  case MultiplyType::F32:
  case MultiplyType::TF32:
    type = b.getF32Type();
    break;
  case MultiplyType::S8:
  case MultiplyType::E4M3:
  case MultiplyType::E5M2:
    break;
  }
  value = convertScalarToDtype(b, b.getLoc(), value, type,
                               /*isUnsignedCast=*/false);
  Type stored = getStorageType(type);
  return stored == type ? value
                        : Value(arith::BitcastOp::create(b, stored, value));
}

/// The element at `indices` of the logical storage, in whatever format.
static Value fetchStored(KernelBuilder &b, const OperandPlan &plan,
                         ArrayRef<Value> indices) {
  TileFormatAttr attr = plan.tile.getFormat();
  if (!attr) {
    return loadElement(b, plan.tile.getElementType(),
                       elementAddress(b, plan.sources.front(), indices));
  }
  const TileFormat &format = attr.getFormat();
  return format.kind == TileFormat::Kind::Bitmap
             ? fetchBitmap(b, plan, format, indices)
             : fetchNOfM(b, plan, format, indices);
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
    Value packed;
    for (int64_t element = 0; element < perChunk; ++element) {
      Value k = b.add(firstK, element);
      SmallVector<Value> indices(plan.origins);
      indices[plan.kDim] = k;
      if (plan.rowDim >= 0) {
        indices[plan.rowDim] = b.add(plan.origins[plan.rowDim], row);
      }
      Value value = fetchElement(state, plan, indices,
                                 b.both(inRows, b.less(k, plan.kLimit)));
      if (!packed) {
        packed = LLVM::PoisonOp::create(
            b, VectorType::get({perChunk}, value.getType()));
      }
      packed = LLVM::InsertElementOp::create(b, packed, value, b.i32(element));
    }
    Value to =
        b.add(b.add(stageBase, plan.stageOffset), swizzled(b, row, chunk));
    b.store(packed, b.offset(state.shared, to), kChunkBytes);
  });
}

//===----------------------------------------------------------------------===//
// Gathers
//===----------------------------------------------------------------------===//

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
             emitCopy(b, b.offset(state.shared, b.add(to, first * kRowBytes)),
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
    emitCopy(b, b.offset(state.shared, to),
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

/// The elements of a chunk of whole groups, from the one at `indices` on.
static SmallVector<Value> decodeGroups(KernelState &state,
                                       const OperandPlan &plan,
                                       ArrayRef<Value> indices,
                                       int64_t perChunk) {
  KernelBuilder &b = state.b;
  const TileFormat &format = plan.tile.getFormat().getFormat();
  const GlobalBuffer &values = plan.sources[0], &metadata = plan.sources[1];
  Type type = values.type.getElementType(), stored = getStorageType(type);
  int64_t bits = format.indexBits();
  SmallVector<Value> at(indices.drop_back());
  Value firstSlot = b.mul(b.div(indices.back(), format.m), format.n);
  SmallVector<Value> elements(perChunk, zeroOf(b, stored));
  for (int64_t group = 0; group < perChunk / format.m; ++group) {
    for (int64_t slot = 0; slot < format.n; ++slot) {
      Value place = b.add(firstSlot, group * format.n + slot);
      Value bit = b.mul(place, bits);
      at.push_back(b.shr(bit, 3));
      Value byte = b.load(b.getI8Type(), elementAddress(b, metadata, at), 1);
      Value word = arith::ExtUIOp::create(b, b.getI32Type(), byte);
      Value index = b.bitAnd(b.shr(word, b.bitAnd(bit, 7)), (1 << bits) - 1);
      at.back() = place;
      Value value = b.load(stored, elementAddress(b, values, at),
                           stored.getIntOrFloatBitWidth() / 8);
      at.pop_back();
      // Positions in a group are distinct.
      for (int64_t position = 0; position < format.m; ++position) {
        Value &element = elements[group * format.m + position];
        Value here = b.equal(index, position);
        element = b.select(here, value, element);
      }
    }
  }
  return elements;
}

/// The elements of a chunk of one bitmap word.
static SmallVector<Value> decodeBits(KernelState &state,
                                     const OperandPlan &plan,
                                     ArrayRef<Value> indices,
                                     int64_t perChunk) {
  KernelBuilder &b = state.b;
  const TileFormat &format = plan.tile.getFormat().getFormat();
  const GlobalBuffer &bitmap = plan.sources[0], &offsets = plan.sources[1],
                     &values = plan.sources[2];
  Type type = values.type.getElementType(), stored = getStorageType(type);
  Value bit = b.add(b.mul(indices[1], format.columns), indices[2]);
  SmallVector<Value> at = {indices[0], b.shr(bit, 6)};
  Value place = b.toI64(b.bitAnd(bit, 63));
  Value word = b.load(b.getI64Type(), elementAddress(b, bitmap, at), 8);
  Value below = b.bitAnd(word, b.sub(b.shl(b.i64(1), place), b.i64(1)));
  Value next = b.add(b.load(b.getI32Type(), elementAddress(b, offsets, at), 4),
                     b.toI32(math::CtPopOp::create(b, below).getResult()));
  Value chunk = b.toI32(b.shr(word, place));
  SmallVector<Value> elements;
  for (int64_t element = 0; element < perChunk; ++element) {
    Value set = b.bitAnd(b.shr(chunk, element), 1);
    auto branch = scf::IfOp::create(b, TypeRange{stored}, b.equal(set, 1),
                                    /*addThenBlock=*/true,
                                    /*addElseBlock=*/true);
    {
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToStart(branch.thenBlock());
      scf::YieldOp::create(b, b.load(stored, elementAddress(b, values, next),
                                     stored.getIntOrFloatBitWidth() / 8));
      b.setInsertionPointToStart(branch.elseBlock());
      scf::YieldOp::create(b, zeroOf(b, stored));
    }
    elements.push_back(branch.getResult(0));
    next = b.add(next, set);
  }
  return elements;
}

static void emitGatherDecode(KernelState &state, const OperandPlan &plan,
                             Value stageBase, Value block) {
  KernelBuilder &b = state.b;
  int64_t perChunk = kChunkBytes * 8 / state.multiplyBits();
  Type type = plan.tile.getElementType(), stored = getStorageType(type);
  bool bits =
      plan.tile.getFormat().getFormat().kind == TileFormat::Kind::Bitmap;
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
      SmallVector<Value> elements =
          bits ? decodeBits(state, plan, indices, perChunk)
               : decodeGroups(state, plan, indices, perChunk);
      scf::YieldOp::create(b, elements);
      b.setInsertionPointToStart(branch.elseBlock());
      scf::YieldOp::create(b, SmallVector<Value>(perChunk, zeroOf(b, stored)));
    }
    Value packed;
    for (int64_t element = 0; element < perChunk; ++element) {
      Value value = branch.getResult(element);
      if (stored != type) {
        value = arith::BitcastOp::create(b, type, value);
      }
      value = toMultiplyType(state, value);
      if (!packed) {
        packed = LLVM::PoisonOp::create(
            b, VectorType::get({perChunk}, value.getType()));
      }
      packed = LLVM::InsertElementOp::create(b, packed, value, b.i32(element));
    }
    Value to =
        b.add(b.add(stageBase, plan.stageOffset), swizzled(b, row, chunk));
    b.store(packed, b.offset(state.shared, to), kChunkBytes);
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
    return emitGatherAlongK(state, plan, stageBase, block);
  case LoadKind::GatherAlongRows:
    return emitGatherAlongRows(state, plan, stageBase, block);
  case LoadKind::GatherDecode:
    return emitGatherDecode(state, plan, stageBase, block);
  case LoadKind::GatherElements:
    return emitGatherElements(state, plan, stageBase, block);
  }
}
