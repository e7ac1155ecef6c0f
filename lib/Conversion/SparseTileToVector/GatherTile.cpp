//===- GatherTile.cpp - loads whose elements lie at computed indices ------===//
//
// A gathered tile is zeroed, then filled run by run: the index region is
// evaluated at the first position of each aligned run of `runs` positions,
// whose elements follow each other along the last index. Nothing is read at the
// indices of a run that is absent; the buffer behind it may be empty.
//
//===----------------------------------------------------------------------===//

#include "IndexRegion.h"
#include "WorkItem.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace mlir::sparse_tile;

using Kind = sparsity::TileFormat::Kind;

/// Bits of one word of a bitmap.
static constexpr int64_t kWordBits = 64;

/// What the planner checks before anything is emitted.
LogicalResult WorkItem::planGather(LoadOp load) {
  TileType tile = load.getTile().getType();
  int64_t yielded = load.getAt().front().getTerminator()->getNumOperands() - 1;
  if (!tile.getFormat()) {
    return success();
  }
  const sparsity::TileFormat &format = tile.getFormat().getFormat();
  int64_t expected =
      cast<ShapedType>(load.getSources().front().getType()).getRank();
  if (format.kind == Kind::Bitmap) {
    // Its entry, its row and its column.
    expected = 3;
    if (format.columns < 1) {
      return load.emitOpError("expected a bitmap whose tile size is known, but "
                              "got ")
             << format.str();
    }
  } else if (format.axis >= expected) {
    return load.emitOpError("expected an axis below ")
           << expected << ", but got " << format.axis;
  }
  if (yielded != expected) {
    return load.emitOpError("expected the at region to yield ")
           << expected << " indices and an i1, but got " << yielded
           << " indices";
  }
  return success();
}

void WorkItem::decodeGather(LoadOp load, const TileBuffer &buffer,
                            IRMapping &mapping, Value rows, Value steps) {
  zero(buffer.memref, buffer.kMajor ? steps : rows);
  SmallVector<int64_t> runs = {1, 1};
  if (load.getRuns()) {
    runs.assign(load.getRuns()->begin(), load.getRuns()->end());
  }
  unsigned inner = runs[0] > runs[1] ? 0 : 1, outer = 1 - inner;
  Value origins[] = {mapping.lookup(load.getIndices()[0]),
                     mapping.lookup(load.getIndices()[1])};
  Value extents[] = {rows, steps};
  SmallVector<Value> sources = lookupAll(mapping, load.getSources());
  IndexRegion region(builder, load.getAt(), mapping);

  loop(index(0), extents[outer], 1, [&](Value line) {
    region.bind(outer, add(origins[outer], line));
    // `offset` counts from the tile's origin.
    auto emitRun = [&](Value position, Value offset, Value length) {
      region.bind(inner, position);
      Run run;
      run.indices = region.getIndices();
      run.row = inner == 0 ? offset : line;
      run.k = inner == 0 ? line : offset;
      run.alongK = inner == 1;
      run.length = length;
      putIf(region.getPresent(), [&] {
        TileType tile = load.getTile().getType();
        if (!tile.getFormat()) {
          copyRun(sources[0], run, buffer);
        } else if (tile.getFormat().getFormat().kind == Kind::NOfM) {
          decodeRunNOfM(load, sources, run, buffer);
        } else {
          decodeRunBitmap(load, sources, run, buffer);
        }
      });
    };
    if (runs[inner] == 1) {
      loop(index(0), extents[inner], 1, [&](Value offset) {
        emitRun(add(origins[inner], offset), offset, /*length=*/Value());
      });
      return;
    }
    Value size = index(runs[inner]);
    Value begin = origins[inner], end = add(begin, extents[inner]);
    Value first = arith::DivUIOp::create(builder, loc, begin, size);
    Value last = arith::CeilDivUIOp::create(builder, loc, end, size);
    loop(first, last, 1, [&](Value chunk) {
      Value start = arith::MulIOp::create(builder, loc, chunk, size);
      Value stop = minimum(add(start, size), end);
      start = arith::MaxSIOp::create(builder, loc, start, begin);
      emitRun(start, arith::SubIOp::create(builder, loc, start, begin),
              arith::SubIOp::create(builder, loc, stop, start));
    });
  });
}

/// Calls `body` with the offset in the run of each element, and the element's
/// row and K position in the tile.
void WorkItem::forEachOfRun(const Run &run,
                            function_ref<void(Value, Value, Value)> body) {
  if (!run.length) {
    body(index(0), run.row, run.k);
    return;
  }
  loop(index(0), run.length, 1, [&](Value offset) {
    body(offset, run.alongK ? run.row : add(run.row, offset),
         run.alongK ? add(run.k, offset) : run.k);
  });
}

void WorkItem::copyRun(Value source, const Run &run, const TileBuffer &buffer) {
  auto type = cast<MemRefType>(source.getType());
  auto at = [&](Value offset) {
    SmallVector<Value> from(run.indices);
    if (run.length) {
      from.back() = add(from.back(), offset);
    }
    return from;
  };
  Value begin = index(0);
  bool contiguous =
      run.length && type.isLastDimUnitStride() && run.alongK != buffer.kMajor;
  Run rest = run;
  if (contiguous) {
    auto vector = VectorType::get({kVectorLanes}, type.getElementType());
    Value lanes = index(kVectorLanes);
    Value whole = arith::MulIOp::create(
        builder, loc, arith::DivUIOp::create(builder, loc, run.length, lanes),
        lanes);
    loop(begin, whole, kVectorLanes, [&](Value offset) {
      Value elements =
          vector::LoadOp::create(builder, loc, vector, source, at(offset));
      Value row = run.alongK ? run.row : add(run.row, offset);
      Value k = run.alongK ? add(run.k, offset) : run.k;
      vector::StoreOp::create(builder, loc,
                              convertElement(elements, buffer.getElementType()),
                              buffer.memref, buffer.at(row, k));
    });
    rest.indices = at(whole);
    (run.alongK ? rest.k : rest.row) = add(run.alongK ? run.k : run.row, whole);
    rest.length = arith::SubIOp::create(builder, loc, run.length, whole);
  }
  forEachOfRun(rest, [&](Value offset, Value row, Value k) {
    SmallVector<Value> from(rest.indices);
    if (rest.length) {
      from.back() = add(from.back(), offset);
    }
    put(memref::LoadOp::create(builder, loc, source, from), buffer, row, k);
  });
}

void WorkItem::decodeRunNOfM(LoadOp load, ArrayRef<Value> sources,
                             const Run &run, const TileBuffer &buffer) {
  const sparsity::TileFormat &format =
      load.getTile().getType().getFormat().getFormat();
  Value values = sources[0], metadata = sources[1];
  Value n = index(format.n), m = index(format.m);
  auto storedAt = [&](ArrayRef<Value> indices, Value slot) {
    SmallVector<Value> stored(indices);
    stored.erase(stored.begin() + format.axis);
    stored.push_back(slot);
    return stored;
  };
  auto take = [&](ValueRange stored, Value row, Value k) {
    put(memref::LoadOp::create(builder, loc, values, stored), buffer, row, k);
  };
  int64_t last = static_cast<int64_t>(run.indices.size()) - 1;
  if (run.length && format.axis == last) {
    // The groups that the run touches, each slot to where its code says.
    Value origin = run.indices.back();
    Value begin = arith::DivUIOp::create(builder, loc, origin, m);
    Value end =
        arith::CeilDivUIOp::create(builder, loc, add(origin, run.length), m);
    loop(begin, end, 1, [&](Value group) {
      Value start = arith::SubIOp::create(
          builder, loc, arith::MulIOp::create(builder, loc, group, m), origin);
      Value first = arith::MulIOp::create(builder, loc, group, n);
      loop(first, add(first, n), 1, [&](Value slot) {
        SmallVector<Value> stored = storedAt(run.indices, slot);
        Value offset = add(start, loadCode(metadata, stored, format));
        // A group may begin before the run: `offset` is then negative.
        Value hit = arith::CmpIOp::create(
            builder, loc, arith::CmpIPredicate::ult, offset, run.length);
        putIf(hit, [&] {
          take(stored, run.alongK ? run.row : add(run.row, offset),
               run.alongK ? add(run.k, offset) : run.k);
        });
      });
    });
    return;
  }
  forEachOfRun(run, [&](Value offset, Value row, Value k) {
    SmallVector<Value> indices(run.indices);
    indices.back() = add(indices.back(), offset);
    Value along = indices[format.axis];
    Value target = arith::RemUIOp::create(builder, loc, along, m);
    Value first = arith::MulIOp::create(
        builder, loc, arith::DivUIOp::create(builder, loc, along, m), n);
    loop(first, add(first, n), 1, [&](Value slot) {
      SmallVector<Value> stored = storedAt(indices, slot);
      Value hit =
          arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::eq,
                                loadCode(metadata, stored, format), target);
      putIf(hit, [&] { take(stored, row, k); });
    });
  });
}

/// Element (r, c) of a stored tile is bit r * columns + c of its bitmap. The
/// values of a tile stand in the order of their bits; `offsets` counts those
/// before each word, from the first value of the tensor.
void WorkItem::decodeRunBitmap(LoadOp load, ArrayRef<Value> sources,
                               const Run &run, const TileBuffer &buffer) {
  Value bitmap = sources[0], offsets = sources[1], values = sources[2];
  int64_t columns = load.getTile().getType().getFormat().getFormat().columns;
  Type i64 = builder.getI64Type(), indexType = builder.getIndexType();
  Value entry = run.indices[0];
  Value origin =
      add(arith::MulIOp::create(builder, loc, run.indices[1], index(columns)),
          run.indices[2]);
  Value wordBits = index(kWordBits);
  auto loadWord = [&](Value buffer, Value bit) -> Value {
    Value word = arith::DivUIOp::create(builder, loc, bit, wordBits);
    return memref::LoadOp::create(builder, loc, buffer,
                                  ValueRange{entry, word});
  };
  auto bitInWord = [&](Value bit) -> Value {
    Value shift = arith::RemUIOp::create(builder, loc, bit, wordBits);
    return arith::IndexCastUIOp::create(builder, loc, i64, shift);
  };
  auto isSet = [&](Value word, Value shift) -> Value {
    Value shifted = arith::ShRUIOp::create(builder, loc, word, shift);
    return arith::TruncIOp::create(builder, loc, builder.getI1Type(), shifted);
  };
  auto take = [&](Value place, Value row, Value k) {
    put(memref::LoadOp::create(builder, loc, values, place), buffer, row, k);
  };

  Value word = loadWord(bitmap, origin), shift = bitInWord(origin);
  Value one = arith::ConstantIntOp::create(builder, loc, i64, 1);
  Value below = arith::SubIOp::create(
      builder, loc, arith::ShLIOp::create(builder, loc, one, shift), one);
  below = arith::AndIOp::create(builder, loc, word, below);
  Value before = arith::IndexCastUIOp::create(
      builder, loc, indexType, math::CtPopOp::create(builder, loc, below));
  Value next = add(arith::IndexCastOp::create(builder, loc, indexType,
                                              loadWord(offsets, origin)),
                   before);
  if (!run.length) {
    putIf(isSet(word, shift), [&] { take(next, run.row, run.k); });
    return;
  }
  auto elements = scf::ForOp::create(builder, loc, index(0), run.length,
                                     index(1), ValueRange{next});
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(elements.getBody());
  Value offset = elements.getInductionVar();
  Value place = elements.getRegionIterArg(0);
  Value bit = add(origin, offset);
  Value set = isSet(loadWord(bitmap, bit), bitInWord(bit));
  putIf(set, [&] {
    take(place, run.alongK ? run.row : add(run.row, offset),
         run.alongK ? add(run.k, offset) : run.k);
  });
  Value advance = arith::IndexCastUIOp::create(builder, loc, indexType, set);
  scf::YieldOp::create(builder, loc, add(place, advance));
}
