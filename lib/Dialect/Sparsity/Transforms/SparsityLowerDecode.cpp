//===- SparsityLowerDecode.cpp - encoded to dense, element by element -----===//

#include "Gather.h"

#include "sparsity/Analysis/CoveragePredicate.h"
#include "sparsity/Analysis/ElementPredicate.h"
#include "sparsity/Analysis/StoredTensor.h"
#include "sparsity/Dialect/Sparsity/Transforms/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/PatternMatch.h"
#include "llvm/ADT/StringMap.h"

namespace mlir::sparsity {
#define GEN_PASS_DEF_SPARSITYLOWERDECODEPASS
#include "sparsity/Dialect/Sparsity/Transforms/Passes.h.inc"
} // namespace mlir::sparsity

using namespace mlir;
using namespace mlir::sparsity;

/// Bits of one word of a bitmap, and of one byte of codes.
static constexpr int64_t kWordBits = 64, kByteBits = 8;

namespace {
/// Reads the elements of one encoded tensor out of its storage buffers.
class Reader {
public:
  Reader(Body &builder, Value source);

  /// The buffer of the tensor's own shape if there is one, else null.
  Value getDense() const {
    return stored.byEntry || stored.format.kind != TileFormat::Kind::Dense
               ? Value()
               : data.front();
  }
  /// The element at `point`, zero where there is none. `dense` is the element
  /// of the dense buffer.
  Value emit(Body &body, ArrayRef<Value> point, Value dense);

private:
  Value emitPresent(Body &body, ArrayRef<Value> point);
  Value emitEntry(Body &body, ArrayRef<Value> point);
  Value emitStored(Body &body, ArrayRef<Value> place);
  Value emitNOfM(Body &body, ArrayRef<Value> place);
  Value emitBitmap(Body &body, ArrayRef<Value> place);

  /// Branches carry elements in a type that every host computes in.
  Value widen(Body &body, Value element) {
    return isa<FloatType>(element.getType()) ? body.toF32(element) : element;
  }
  Value zero(Body &body) {
    Type element = type.getElementType();
    return isa<FloatType>(element)
               ? body.f32(0)
               : Value(arith::ConstantOp::create(
                     body, cast<TypedAttr>(body.getZeroAttr(element))));
  }
  Value load(Body &body, Value buffer, ArrayRef<Value> place) {
    return widen(body, body.load(buffer, place));
  }
  /// A word or a byte of bits, as an i64.
  Value loadBits(Body &body, Value buffer, ArrayRef<Value> place);

  RankedTensorType type;
  SparsityEncodingAttrInterface encoding;
  StoredTensor stored;
  /// The buffers with elements, and those that the coverage reads, by name.
  SmallVector<Value> data;
  llvm::StringMap<Value> lists;
};
} // namespace

Reader::Reader(Body &builder, Value source)
    : type(cast<RankedTensorType>(source.getType())),
      encoding(getSparsityEncoding(type)), stored(describeStorage(type)) {
  for (auto [field, isList] : llvm::zip_equal(stored.fields, stored.isList)) {
    // What an encoding stores densely is there before it is encoded.
    auto encode = source.getDefiningOp<EncodeOp>();
    Value buffer;
    if (encode && stored.fields.size() == 1 &&
        encode.getSource().getType() == field.type) {
      buffer = encode.getSource();
    } else {
      buffer = FieldOp::create(builder, field.type, source, field.name);
    }
    if (isList) {
      lists[field.name] = buffer;
    } else {
      data.push_back(buffer);
    }
  }
}

Value Reader::loadBits(Body &body, Value buffer, ArrayRef<Value> place) {
  Value bits = body.load(buffer, place);
  Type i64 = body.getI64Type();
  return bits.getType() == i64 ? bits
                               : Value(arith::ExtUIOp::create(body, i64, bits));
}

/// Whether the coverage admits `point`, besides being listed.
Value Reader::emitPresent(Body &body, ArrayRef<Value> point) {
  return emitCoveragePredicate(
      body, body.getLoc(), stored.rest, point,
      [&](StringRef name) { return lists.lookup(name); },
      [&] {
        return emitElementPredicate(body, body.getLoc(),
                                    *encoding.getElementPredicate(type), point);
      });
}

/// The entry that lists `point`, or -1.
Value Reader::emitEntry(Body &body, ArrayRef<Value> point) {
  const Coverage &list = stored.list;
  Value positions = lists.lookup(list.positions());
  Value coordinates = lists.lookup(list.coordinates());
  Value group =
      body.divide(point[list.groupDim()], body.index(list.groupGranularity()));
  if (list.batch()) {
    Value first = body.multiply(point[list.batch()->dim],
                                body.index(list.batch()->groups));
    group = body.add(first, group);
  }
  Value begin = body.loadIndex(positions, group);
  Value end = body.loadIndex(positions, body.add(group, body.index(1)));
  Value wanted = arith::IndexCastOp::create(
      body, getElementTypeOrSelf(coordinates.getType()),
      body.divide(point[list.listedDim()], body.index(list.granularity())));
  Value none = body.index(-1);
  return body.when(body.less(begin, end), none, [&](Body &inner) {
    Value entry = inner.lastAtMost(coordinates, begin, end, wanted);
    Value found = inner.equal(inner.load(coordinates, entry), wanted);
    return inner.select(found, entry, none);
  });
}

/// The element at `place` of the logical storage, of which the n slots of its
/// group hold at most one.
Value Reader::emitNOfM(Body &body, ArrayRef<Value> place) {
  const TileFormat &format = stored.format;
  Value m = body.index(format.m), n = body.index(format.n);
  Value target = body.remainder(place[format.axis], m);
  Value first = body.multiply(body.divide(place[format.axis], m), n);
  SmallVector<Value> slot(place);
  slot.erase(slot.begin() + format.axis);
  slot.push_back(first);
  int64_t bits = format.indexBits();
  Type i64 = body.getI64Type();
  Value wanted = arith::IndexCastOp::create(body, i64, target);
  SmallVector<Value> found = body.fold(
      body.index(0), n, body.index(-1),
      [&](Body &inner, Value number, ValueRange state) -> SmallVector<Value> {
        Value at = inner.add(first, number);
        Value bit = inner.multiply(at, inner.index(bits));
        Value perByte = inner.index(kByteBits);
        SmallVector<Value> code(slot);
        code.back() = inner.divide(bit, perByte);
        Value byte = loadBits(inner, data[1], code);
        Value shift = arith::IndexCastOp::create(inner, i64,
                                                 inner.remainder(bit, perByte));
        Value mask =
            arith::ConstantIntOp::create(inner, i64, (int64_t(1) << bits) - 1);
        Value shifted = arith::ShRUIOp::create(inner, byte, shift);
        Value hit = inner.equal(inner.both(shifted, mask), wanted);
        return {inner.select(hit, at, state[0])};
      });
  Value exists = body.less(body.index(-1), found[0]);
  return body.when(exists, zero(body), [&](Body &inner) {
    slot.back() = found[0];
    return load(inner, data[0], slot);
  });
}

/// Element (r, c) of an entry is bit r * columns + c of its bitmap; the values
/// of set bits follow each other, and `offsets` counts those before each word.
Value Reader::emitBitmap(Body &body, ArrayRef<Value> place) {
  Value word = body.index(kWordBits);
  Value columns = body.index(stored.format.columns);
  Value bit = body.add(body.multiply(place[1], columns), place[2]);
  SmallVector<Value> at = {place[0], body.divide(bit, word)};
  Type i64 = body.getI64Type();
  Value bits = loadBits(body, data[0], at);
  Value shift =
      arith::IndexCastOp::create(body, i64, body.remainder(bit, word));
  Value one = arith::ConstantIntOp::create(body, i64, 1);
  Value mask = arith::ShLIOp::create(body, one, shift);
  Value isSet = arith::CmpIOp::create(
      body, arith::CmpIPredicate::ne, body.both(bits, mask),
      arith::ConstantIntOp::create(body, i64, 0));
  return body.when(isSet, zero(body), [&](Body &inner) {
    Value below = inner.both(bits, inner.subtract(mask, one));
    Value before = inner.toIndex(math::CtPopOp::create(inner, below));
    Value index = inner.add(inner.loadIndex(data[1], at), before);
    return load(inner, data[2], index);
  });
}

Value Reader::emitStored(Body &body, ArrayRef<Value> place) {
  switch (stored.format.kind) {
  case TileFormat::Kind::Dense:
    return load(body, data.front(), place);
  case TileFormat::Kind::NOfM:
    return emitNOfM(body, place);
  case TileFormat::Kind::Bitmap:
    return emitBitmap(body, place);
  }
  return zero(body);
}

Value Reader::emit(Body &body, ArrayRef<Value> point, Value dense) {
  auto emitAt = [&](Body &outer) -> Value {
    if (dense) {
      return widen(outer, dense);
    }
    if (!stored.byEntry) {
      return emitStored(outer, point);
    }
    Value entry = emitEntry(outer, point);
    Value listed = outer.less(outer.index(-1), entry);
    return outer.when(listed, zero(outer), [&](Body &inner) {
      const Coverage &list = stored.list;
      SmallVector<Value> place = {entry};
      bool single =
          stored.format.kind == TileFormat::Kind::Dense &&
          cast<RankedTensorType>(data.front().getType()).getRank() == 1;
      if (!single) {
        place.push_back(inner.remainder(point[list.groupDim()],
                                        inner.index(list.groupGranularity())));
        place.push_back(inner.remainder(point[list.listedDim()],
                                        inner.index(list.granularity())));
      }
      return emitStored(inner, place);
    });
  };
  Value element;
  if (stored.rest.isAll()) {
    element = emitAt(body);
  } else if (Value present = emitPresent(body, point); dense) {
    element = body.select(present, emitAt(body), zero(body));
  } else {
    element = body.when(present, zero(body), emitAt);
  }
  return isa<FloatType>(element.getType())
             ? body.fromF32(element, type.getElementType())
             : element;
}

/// An elementwise op over `sizes`. A dense buffer is an operand of it, so that
/// the op fuses with what computes the buffer.
static Value emitElements(Body &builder, Reader &reader, RankedTensorType type,
                          ArrayRef<Value> sizes) {
  int64_t rank = type.getRank();
  Value init = tensor::EmptyOp::create(
      builder, getAsOpFoldResult(ValueRange(sizes)), type.getElementType());
  SmallVector<Value> inputs;
  if (Value dense = reader.getDense()) {
    inputs.push_back(dense);
  }
  SmallVector<AffineMap> maps(inputs.size() + 1,
                              builder.getMultiDimIdentityMap(rank));
  SmallVector<utils::IteratorType> iterators(rank,
                                             utils::IteratorType::parallel);
  return linalg::GenericOp::create(
             builder, builder.getLoc(), init.getType(), inputs, init, maps,
             iterators,
             [&](OpBuilder &nested, Location loc, ValueRange arguments) {
               Body body(loc, nested);
               SmallVector<Value> point;
               for (int64_t dim = 0; dim < rank; ++dim) {
                 point.push_back(linalg::IndexOp::create(body, dim));
               }
               Value dense = inputs.empty() ? Value() : arguments.front();
               linalg::YieldOp::create(body, reader.emit(body, point, dense));
             })
      .getResult(0);
}

/// Failure after an error if nothing tells the elements of `op`'s source.
static LogicalResult lowerDecode(DecodeOp op, RewriterBase &rewriter) {
  rewriter.setInsertionPoint(op);
  SmallVector<Value> folded;
  if (succeeded(rewriter.tryFold(op, folded))) {
    rewriter.replaceOp(op, folded);
    return success();
  }
  auto type = cast<RankedTensorType>(op.getSource().getType());
  SparsityEncodingAttrInterface encoding = getSparsityEncoding(type);
  if (!describeStorage(type).isDecidable) {
    return op.emitOpError("expected a source with an encoding whose elements "
                          "the compiler can find, but got ")
           << encoding << "; sparsity-densify runs it densely";
  }
  if (encoding.getStorageLayout() != StorageLayout::RowMajor) {
    return op.emitOpError("expected a source in layout row_major, but got ")
           << encoding;
  }
  Body builder(op.getLoc(), rewriter);
  Reader reader(builder, op.getSource());
  // An encoded tensor that only lends its extents would have to be made.
  auto encode = op.getSource().getDefiningOp<EncodeOp>();
  Value shaped = encode ? encode.getSource() : op.getSource();
  SmallVector<Value> sizes;
  for (int64_t dim = 0; dim < type.getRank(); ++dim) {
    sizes.push_back(builder.extent(shaped, dim));
  }
  Value dense = emitElements(builder, reader, type, sizes);
  if (dense.getType() != op.getType()) {
    dense = tensor::CastOp::create(builder, op.getType(), dense);
  }
  rewriter.replaceOp(op, dense);
  return success();
}

namespace {
struct SparsityLowerDecodePass
    : sparsity::impl::SparsityLowerDecodePassBase<SparsityLowerDecodePass> {
  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    SmallVector<DecodeOp> ops;
    getOperation().walk([&](DecodeOp op) { ops.push_back(op); });
    for (DecodeOp op : ops) {
      if (op->use_empty()) {
        rewriter.eraseOp(op);
        continue;
      }
      if (failed(lowerDecode(op, rewriter))) {
        return signalPassFailure();
      }
    }
  }
};
} // namespace
