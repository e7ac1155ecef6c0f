//===- StoredElements.cpp - elements out of their storage format ----------===//

#include "LoadDetail.h"

#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace mlir::sparsity;
using namespace mlir::sparsity::gpu_conversion;

Value gpu_conversion::zeroOf(KernelBuilder &b, Type type) {
  return arith::ConstantOp::create(b, cast<TypedAttr>(b.getZeroAttr(type)));
}

Value gpu_conversion::toMultiplyType(KernelState &state, Value value) {
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

//===----------------------------------------------------------------------===//
// One element
//===----------------------------------------------------------------------===//

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

Value gpu_conversion::fetchStored(KernelBuilder &b, const OperandPlan &plan,
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

//===----------------------------------------------------------------------===//
// A chunk of neighbours
//===----------------------------------------------------------------------===//

bool gpu_conversion::canDecodeChunks(const KernelState &state,
                                     const OperandPlan &plan) {
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

SmallVector<Value> gpu_conversion::decodeChunk(KernelState &state,
                                               const OperandPlan &plan,
                                               ArrayRef<Value> indices,
                                               int64_t perChunk) {
  bool bits =
      plan.tile.getFormat().getFormat().kind == TileFormat::Kind::Bitmap;
  return bits ? decodeBits(state, plan, indices, perChunk)
              : decodeGroups(state, plan, indices, perChunk);
}

void gpu_conversion::storeChunk(KernelState &state, const OperandPlan &plan,
                                Value stageBase, Value row, Value chunk,
                                ArrayRef<Value> elements) {
  KernelBuilder &b = state.b;
  auto count = static_cast<int64_t>(elements.size());
  Value packed = LLVM::PoisonOp::create(
      b, VectorType::get({count}, elements.front().getType()));
  for (auto [position, element] : llvm::enumerate(elements)) {
    packed = LLVM::InsertElementOp::create(b, packed, element, b.i32(position));
  }
  Value to = b.add(b.add(stageBase, plan.stageOffset), swizzled(b, row, chunk));
  b.store(packed, b.offset(state.shared, to), kChunkBytes);
}
