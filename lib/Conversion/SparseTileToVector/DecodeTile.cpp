//===- DecodeTile.cpp - loads, expansion and masks into tile buffers ------===//

#include "WorkItem.h"

#include "sparsity/Analysis/ElementPredicate.h"

#include "mlir/Dialect/Affine/Utils.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace mlir::sparse_tile;

/// Fills `buffer` with the first `rows` rows and `steps` columns of `tile`.
void WorkItem::decode(Value tile, const TileBuffer &buffer, IRMapping &mapping,
                      Value rows, Value steps) {
  Operation *op = tile.getDefiningOp();
  if (auto mask = dyn_cast<MaskOp>(op)) {
    decode(mask.getTile(), buffer, mapping, rows, steps);
    applyMask(mask, buffer, mapping, rows, steps);
  } else if (auto expand = dyn_cast<ExpandOp>(op)) {
    decode(expand.getTile(), buffer, mapping, rows, steps);
  } else if (auto load = cast<LoadOp>(op); load.isGather()) {
    decodeGather(load, buffer, mapping, rows, steps);
  } else if (load.getTile().getType().getFormat()) {
    decodeNOfM(load, buffer, mapping, rows, steps);
  } else {
    decodeDense(load, buffer, mapping, rows, steps);
  }
}

void WorkItem::decodeDense(LoadOp load, const TileBuffer &buffer,
                           IRMapping &mapping, Value rows, Value steps) {
  Value source = mapping.lookup(load.getSources().front());
  SmallVector<Value> indices = lookupAll(mapping, load.getIndices());
  ArrayRef<int64_t> dims = load.getDims();
  auto type = cast<MemRefType>(source.getType());
  int64_t innermost = type.getRank() - 1;
  bool unitStride = type.getRank() > 0 && type.isLastDimUnitStride();
  if (unitStride && dims[1] == innermost && !buffer.kMajor) {
    return decodeContiguous(source, indices, dims, buffer, rows, steps,
                            /*alongK=*/true);
  }
  if (unitStride && dims[0] == innermost && buffer.kMajor) {
    return decodeContiguous(source, indices, dims, buffer, rows, steps,
                            /*alongK=*/false);
  }
  // A transposition reads along the source and writes across the buffer, which
  // is in the first-level cache.
  bool kInside = dims[1] == innermost;
  loop(index(0), kInside ? rows : steps, 1, [&](Value outer) {
    loop(index(0), kInside ? steps : rows, 1, [&](Value inner) {
      Value row = kInside ? outer : inner, k = kInside ? inner : outer;
      Value element = memref::LoadOp::create(
          builder, loc, source, logicalIndices(indices, dims, row, k));
      put(element, buffer, row, k);
    });
  });
}

/// Copies lines that are contiguous on both sides, as vectors and a scalar
/// tail.
void WorkItem::decodeContiguous(Value source, ValueRange indices,
                                ArrayRef<int64_t> dims,
                                const TileBuffer &buffer, Value rows,
                                Value steps, bool alongK) {
  auto vector = VectorType::get(
      {kVectorLanes}, cast<MemRefType>(source.getType()).getElementType());
  Value length = alongK ? steps : rows;
  Value whole = arith::MulIOp::create(
      builder, loc,
      arith::DivUIOp::create(builder, loc, length, index(kVectorLanes)),
      index(kVectorLanes));
  loop(index(0), alongK ? rows : steps, 1, [&](Value line) {
    auto copy = [&](Value position, bool asVector) {
      Value row = alongK ? line : position, k = alongK ? position : line;
      SmallVector<Value> from = logicalIndices(indices, dims, row, k);
      SmallVector<Value> to = buffer.at(row, k);
      if (asVector) {
        Value elements =
            vector::LoadOp::create(builder, loc, vector, source, from);
        vector::StoreOp::create(
            builder, loc, convertElement(elements, buffer.getElementType()),
            buffer.memref, to);
        return;
      }
      put(memref::LoadOp::create(builder, loc, source, from), buffer, row, k);
    };
    loop(index(0), whole, kVectorLanes,
         [&](Value position) { copy(position, true); });
    loop(whole, length, 1, [&](Value position) { copy(position, false); });
  });
}

/// `origin` is a multiple of `m`: it counts in steps or tiles that are.
static bool isGroupAligned(Value origin, int64_t m) {
  auto argument = dyn_cast<BlockArgument>(origin);
  if (!argument) {
    return false;
  }
  Operation *parent = argument.getOwner()->getParentOp();
  if (auto pipeline = dyn_cast<PipelineOp>(parent)) {
    return pipeline.getStep() % m == 0;
  }
  auto forall = dyn_cast<ForallOp>(parent);
  return forall && argument.getArgNumber() < forall.getNumParallel() &&
         forall.getTile()[argument.getArgNumber()] % m == 0;
}

void WorkItem::put(Value element, const TileBuffer &buffer, Value row,
                   Value k) {
  memref::StoreOp::create(builder, loc,
                          convertElement(element, buffer.getElementType()),
                          buffer.memref, buffer.at(row, k));
}

Value WorkItem::loadCode(Value metadata, ValueRange stored,
                         const sparsity::TileFormat &format) {
  Type byte = builder.getI8Type();
  int64_t bits = format.indexBits();
  Value bit = arith::MulIOp::create(builder, loc, stored.back(), index(bits));
  SmallVector<Value> place(stored.drop_back());
  place.push_back(arith::ShRUIOp::create(builder, loc, bit, index(3)));
  Value code = memref::LoadOp::create(builder, loc, metadata, place);
  Value shift = arith::AndIOp::create(builder, loc, bit, index(7));
  shift = arith::IndexCastUIOp::create(builder, loc, byte, shift);
  code = arith::ShRUIOp::create(builder, loc, code, shift);
  Value mask =
      arith::ConstantIntOp::create(builder, loc, byte, (1 << bits) - 1);
  code = arith::AndIOp::create(builder, loc, code, mask);
  return arith::IndexCastUIOp::create(builder, loc, builder.getIndexType(),
                                      code);
}

/// Zeroes the buffer and puts every stored slot in its place. The stored tensor
/// has the logical dimensions without the axis, then the slots, n for each
/// group of m; slot s has its position in the group in bits [s * b, s * b + b)
/// of its row of metadata, lowest bits first. A slot that holds no element
/// holds 0.
void WorkItem::decodeNOfM(LoadOp load, const TileBuffer &buffer,
                          IRMapping &mapping, Value rows, Value steps) {
  TileType tile = load.getTile().getType();
  const sparsity::TileFormat &format = tile.getFormat().getFormat();
  Value values = mapping.lookup(load.getSources()[0]);
  Value metadata = mapping.lookup(load.getSources()[1]);
  SmallVector<Value> indices = lookupAll(mapping, load.getIndices());
  ArrayRef<int64_t> dims = load.getDims();
  auto valuesType = cast<MemRefType>(values.getType());
  Value n = index(format.n), m = index(format.m);
  Value slots = memref::DimOp::create(builder, loc, values,
                                      index(valuesType.getRank() - 1));
  Value groups = arith::DivUIOp::create(builder, loc, slots, n);

  auto storedIndices = [&](Value row, Value k, Value slot) {
    SmallVector<Value> stored = logicalIndices(indices, dims, row, k);
    stored.erase(stored.begin() + format.axis);
    stored.push_back(slot);
    return stored;
  };
  auto place = [&](ValueRange stored, Value row, Value k) {
    put(memref::LoadOp::create(builder, loc, values, stored), buffer, row, k);
  };

  zero(buffer.memref, buffer.kMajor ? steps : rows);
  Value origin = indices[format.axis];
  bool alongK = dims[1] == format.axis, alongRows = dims[0] == format.axis;
  if (!alongK && !alongRows) {
    // The whole tile lies in one group of the axis: of its slots, the one at
    // the tile's position counts.
    Value group = arith::DivUIOp::create(builder, loc, origin, m);
    Value target = arith::RemUIOp::create(builder, loc, origin, m);
    Value first = arith::MulIOp::create(builder, loc, group, n);
    loop(index(0), rows, 1, [&](Value row) {
      loop(index(0), steps, 1, [&](Value k) {
        loop(first, add(first, n), 1, [&](Value slot) {
          SmallVector<Value> stored = storedIndices(row, k, slot);
          Value hit =
              arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::eq,
                                    loadCode(metadata, stored, format), target);
          putIf(hit, [&] { place(stored, row, k); });
        });
      });
    });
    return;
  }
  Value span = alongK ? steps : rows;
  Value begin = arith::DivUIOp::create(builder, loc, origin, m);
  Value end = minimum(
      groups, arith::CeilDivUIOp::create(builder, loc, add(origin, span), m));
  int64_t bits = format.indexBits();
  int64_t extent = tile.getShape()[alongK ? 1 : 0];
  // Without a test where no code can name an element outside the buffer.
  bool inside = isGroupAligned(load.getIndices()[format.axis], format.m) &&
                extent % format.m == 0 && format.m == int64_t(1) << bits;
  loop(index(0), alongK ? rows : steps, 1, [&](Value line) {
    loop(begin, end, 1, [&](Value group) {
      Value start = arith::SubIOp::create(
          builder, loc, arith::MulIOp::create(builder, loc, group, m), origin);
      Value first = arith::MulIOp::create(builder, loc, group, n);
      loop(index(0), n, 1, [&](Value j) {
        Value slot = add(first, j);
        Value none = index(0);
        SmallVector<Value> stored =
            storedIndices(alongK ? line : none, alongK ? none : line, slot);
        Value position = add(start, loadCode(metadata, stored, format));
        Value row = alongK ? line : position, k = alongK ? position : line;
        if (inside) {
          place(stored, row, k);
          return;
        }
        Value hit = arith::CmpIOp::create(
            builder, loc, arith::CmpIPredicate::ult, position, index(extent));
        putIf(hit, [&] { place(stored, row, k); });
      });
    });
  });
}

void WorkItem::applyMask(MaskOp mask, const TileBuffer &buffer,
                         IRMapping &mapping, Value rows, Value steps) {
  SmallVector<Value> indices = lookupAll(mapping, mask.getIndices());
  Type type = buffer.getElementType();
  Value absent = arith::ConstantOp::create(
      builder, loc, cast<TypedAttr>(builder.getZeroAttr(type)));
  SmallVector<IntegerSet> sets(
      mask.getPredicate().getAsValueRange<IntegerSetAttr>());
  loop(index(0), buffer.kMajor ? steps : rows, 1, [&](Value outer) {
    loop(index(0), buffer.kMajor ? rows : steps, 1, [&](Value inner) {
      Value row = buffer.kMajor ? inner : outer,
            k = buffer.kMajor ? outer : inner;
      Value element = memref::LoadOp::create(builder, loc, buffer.memref,
                                             buffer.at(row, k));
      Value present = sparsity::emitElementPredicate(
          builder, loc, sets, logicalIndices(indices, mask.getDims(), row, k));
      Value kept =
          arith::SelectOp::create(builder, loc, present, element, absent);
      memref::StoreOp::create(builder, loc, kept, buffer.memref,
                              buffer.at(row, k));
    });
  });
}
