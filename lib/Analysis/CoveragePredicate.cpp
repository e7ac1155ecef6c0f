//===- CoveragePredicate.cpp - membership in a coverage as code -----------===//

#include "sparsity/Analysis/CoveragePredicate.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace mlir::sparsity;

namespace {

class PredicateEmitter {
public:
  PredicateEmitter(OpBuilder &builder, Location loc, ArrayRef<Value> point,
                   function_ref<Value(StringRef)> getField,
                   function_ref<Value()> unknown)
      : builder(builder), loc(loc), point(point), getField(getField),
        unknown(unknown) {}

  Value emit(const Coverage &coverage);

private:
  Value emitBand(const Coverage &coverage);
  Value emitListed(const Coverage &coverage);
  Value emitPeriodic(const Coverage &coverage);
  /// Whether `column` is at least, or at most, `bound`; null if it always is.
  Value emitBound(const AffineBound &bound, Value row, Value column,
                  arith::CmpIPredicate predicate);

  Value constant(int64_t value) {
    return arith::ConstantIndexOp::create(builder, loc, value);
  }
  Value boolean(bool value) {
    return arith::ConstantIntOp::create(builder, loc, value, 1);
  }
  Value compare(arith::CmpIPredicate predicate, Value lhs, Value rhs) {
    return arith::CmpIOp::create(builder, loc, predicate, lhs, rhs);
  }
  Value size(Value field) {
    return isa<MemRefType>(field.getType())
               ? Value(memref::DimOp::create(builder, loc, field, 0))
               : Value(tensor::DimOp::create(builder, loc, field, 0));
  }
  /// Element `index` of a field, as an index.
  Value load(Value field, Value index) {
    Value element =
        isa<MemRefType>(field.getType())
            ? Value(memref::LoadOp::create(builder, loc, field, index))
            : Value(tensor::ExtractOp::create(builder, loc, field, index));
    return arith::IndexCastOp::create(builder, loc, builder.getIndexType(),
                                      element);
  }
  /// `body()` where `condition` holds, and false elsewhere.
  Value guarded(Value condition, function_ref<Value()> body) {
    auto branch = scf::IfOp::create(builder, loc, builder.getI1Type(),
                                    condition, /*withElseRegion=*/true);
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(branch.thenBlock());
    scf::YieldOp::create(builder, loc, body());
    builder.setInsertionPointToStart(branch.elseBlock());
    scf::YieldOp::create(builder, loc, boolean(false));
    return branch.getResult(0);
  }

  OpBuilder &builder;
  Location loc;
  ArrayRef<Value> point;
  function_ref<Value(StringRef)> getField;
  function_ref<Value()> unknown;
};

} // namespace

Value PredicateEmitter::emit(const Coverage &coverage) {
  switch (coverage.kind()) {
  case Coverage::Kind::All:
    return boolean(true);
  case Coverage::Kind::Band:
    return emitBand(coverage);
  case Coverage::Kind::Listed:
    return emitListed(coverage);
  case Coverage::Kind::Periodic:
    return emitPeriodic(coverage);
  case Coverage::Kind::AllOf:
  case Coverage::Kind::AnyOf: {
    bool all = coverage.kind() == Coverage::Kind::AllOf;
    Value result;
    for (const Coverage &member : coverage.members()) {
      Value holds = emit(member);
      if (!result) {
        result = holds;
      } else if (all) {
        result = arith::AndIOp::create(builder, loc, result, holds);
      } else {
        result = arith::OrIOp::create(builder, loc, result, holds);
      }
    }
    return result ? result : boolean(all);
  }
  case Coverage::Kind::Unknown:
    return unknown();
  }
  return unknown();
}

Value PredicateEmitter::emitBound(const AffineBound &bound, Value row,
                                  Value column,
                                  arith::CmpIPredicate predicate) {
  if (bound.unbounded) {
    return {};
  }
  if (!bound.buffer.empty()) {
    Value field = getField(bound.buffer);
    Value reached = compare(arith::CmpIPredicate::ult, row, size(field));
    return guarded(
        reached, [&] { return compare(predicate, column, load(field, row)); });
  }
  Value limit = constant(bound.offset);
  if (bound.scale != 0) {
    Value scaled = row;
    if (bound.scale != 1) {
      scaled = arith::MulIOp::create(builder, loc, row, constant(bound.scale));
    }
    limit = bound.offset == 0
                ? scaled
                : Value(arith::AddIOp::create(builder, loc, scaled, limit));
  }
  return compare(predicate, column, limit);
}

Value PredicateEmitter::emitBand(const Coverage &coverage) {
  Value row = point[coverage.rowDim()], column = point[coverage.colDim()];
  Value above =
      emitBound(coverage.lower(), row, column, arith::CmpIPredicate::sge);
  Value below =
      emitBound(coverage.upper(), row, column, arith::CmpIPredicate::sle);
  if (!above && !below) {
    return boolean(true);
  }
  if (!above || !below) {
    return above ? above : below;
  }
  return arith::AndIOp::create(builder, loc, above, below);
}

Value PredicateEmitter::emitListed(const Coverage &coverage) {
  Value positions = getField(coverage.positions());
  Value coordinates = getField(coverage.coordinates());
  auto divide = [&](Value value, int64_t granularity) -> Value {
    if (granularity == 1) {
      return value;
    }
    return arith::DivUIOp::create(builder, loc, value, constant(granularity));
  };
  Value row = point[coverage.groupDim()];
  Value group = divide(row, coverage.groupGranularity());
  Value block = divide(point[coverage.listedDim()], coverage.granularity());
  // A negative row, as an unsigned number, is beyond the last group too.
  Value reached = compare(arith::CmpIPredicate::sge, row, constant(0));
  auto alsoReached = [&](Value condition) {
    reached = arith::AndIOp::create(builder, loc, reached, condition);
  };
  if (const std::optional<Coverage::Batch> &batch = coverage.batch()) {
    Value groups = constant(batch->groups);
    alsoReached(compare(arith::CmpIPredicate::ult, group, groups));
    Value first =
        arith::MulIOp::create(builder, loc, point[batch->dim], groups);
    group = arith::AddIOp::create(builder, loc, first, group);
  }
  Value groupEnd = arith::AddIOp::create(builder, loc, group, constant(1));
  alsoReached(compare(arith::CmpIPredicate::ult, groupEnd, size(positions)));
  return guarded(reached, [&]() -> Value {
    Value begin = load(positions, group), end = load(positions, groupEnd);
    // The first entry that is not below `block`.
    auto search = scf::WhileOp::create(
        builder, loc, TypeRange{builder.getIndexType(), builder.getIndexType()},
        ValueRange{begin, end},
        [&](OpBuilder &inner, Location innerLoc, ValueRange range) {
          Value more = arith::CmpIOp::create(
              inner, innerLoc, arith::CmpIPredicate::slt, range[0], range[1]);
          scf::ConditionOp::create(inner, innerLoc, more, range);
        },
        [&](OpBuilder &, Location, ValueRange range) {
          Value sum = arith::AddIOp::create(builder, loc, range[0], range[1]);
          Value middle = arith::ShRUIOp::create(builder, loc, sum, constant(1));
          Value below = compare(arith::CmpIPredicate::slt,
                                load(coordinates, middle), block);
          Value next = arith::AddIOp::create(builder, loc, middle, constant(1));
          Value low =
              arith::SelectOp::create(builder, loc, below, next, range[0]);
          Value high =
              arith::SelectOp::create(builder, loc, below, range[1], middle);
          scf::YieldOp::create(builder, loc, ValueRange{low, high});
        });
    Value entry = search.getResult(0);
    Value found = compare(arith::CmpIPredicate::slt, entry, end);
    return guarded(found, [&] {
      return compare(arith::CmpIPredicate::eq, load(coordinates, entry), block);
    });
  });
}

Value PredicateEmitter::emitPeriodic(const Coverage &coverage) {
  Value column = point[coverage.listedDim()];
  Value offset = constant(coverage.offset());
  Value distance =
      coverage.offset() == 0
          ? column
          : Value(arith::SubIOp::create(builder, loc, column, offset));
  Value phase = arith::RemUIOp::create(builder, loc, distance,
                                       constant(coverage.period()));
  Value inside =
      compare(arith::CmpIPredicate::ult, phase, constant(coverage.length()));
  Value started = compare(arith::CmpIPredicate::sge, column, offset);
  return arith::AndIOp::create(builder, loc, started, inside);
}

Value mlir::sparsity::emitCoveragePredicate(
    OpBuilder &builder, Location loc, const Coverage &coverage,
    ArrayRef<Value> point, function_ref<Value(StringRef field)> getField,
    function_ref<Value()> unknown) {
  return PredicateEmitter(builder, loc, point, getField, unknown)
      .emit(coverage);
}

/// Whether every, or no, element of the box lies in a band.
static Value emitBandProof(OpBuilder &builder, Location loc,
                           const Coverage &band,
                           ArrayRef<std::pair<Value, Value>> box, bool full) {
  auto constant = [&](int64_t value) -> Value {
    return arith::ConstantIndexOp::create(builder, loc, value);
  };
  Value firstRow = box[band.rowDim()].first,
        lastRow = box[band.rowDim()].second;
  Value firstColumn = box[band.colDim()].first,
        lastColumn = box[band.colDim()].second;
  auto evaluate = [&](const AffineBound &bound, bool greatest) {
    if (bound.scale == 0) {
      return constant(bound.offset);
    }
    Value row = (bound.scale > 0) == greatest ? lastRow : firstRow;
    Value scaled =
        builder.createOrFold<arith::MulIOp>(loc, row, constant(bound.scale));
    return builder.createOrFold<arith::AddIOp>(loc, scaled,
                                               constant(bound.offset));
  };
  auto compare = [&](arith::CmpIPredicate predicate, Value lhs, Value rhs) {
    return builder.createOrFold<arith::CmpIOp>(loc, predicate, lhs, rhs);
  };
  const AffineBound &lo = band.lower(), &hi = band.upper();
  bool known = lo.buffer.empty() && hi.buffer.empty();
  Value result = arith::ConstantIntOp::create(builder, loc, full && known, 1);
  auto include = [&](Value part) {
    result = full ? builder.createOrFold<arith::AndIOp>(loc, result, part)
                  : builder.createOrFold<arith::OrIOp>(loc, result, part);
  };
  // A band is full if both bounds are passed, and empty if one is missed.
  if (!lo.unbounded && lo.buffer.empty()) {
    include(full ? compare(arith::CmpIPredicate::sle,
                           evaluate(lo, /*greatest=*/true), firstColumn)
                 : compare(arith::CmpIPredicate::sgt,
                           evaluate(lo, /*greatest=*/false), lastColumn));
  }
  if (!hi.unbounded && hi.buffer.empty()) {
    include(full ? compare(arith::CmpIPredicate::sge,
                           evaluate(hi, /*greatest=*/false), lastColumn)
                 : compare(arith::CmpIPredicate::slt,
                           evaluate(hi, /*greatest=*/true), firstColumn));
  }
  return result;
}

Value mlir::sparsity::emitCoverageProof(OpBuilder &builder, Location loc,
                                        const Coverage &coverage,
                                        ArrayRef<std::pair<Value, Value>> box,
                                        TileKind kind) {
  bool full = kind == TileKind::Full;
  switch (coverage.kind()) {
  case Coverage::Kind::All:
    return arith::ConstantIntOp::create(builder, loc, full, 1);
  case Coverage::Kind::Band:
    return emitBandProof(builder, loc, coverage, box, full);
  case Coverage::Kind::AllOf:
  case Coverage::Kind::AnyOf: {
    // All members must agree to prove an intersection full or a union empty.
    bool every = (coverage.kind() == Coverage::Kind::AllOf) == full;
    Value result = arith::ConstantIntOp::create(builder, loc, every, 1);
    for (const Coverage &member : coverage.members()) {
      Value part = emitCoverageProof(builder, loc, member, box, kind);
      result = every ? builder.createOrFold<arith::AndIOp>(loc, result, part)
                     : builder.createOrFold<arith::OrIOp>(loc, result, part);
    }
    return result;
  }
  case Coverage::Kind::Listed:
  case Coverage::Kind::Periodic:
  case Coverage::Kind::Unknown:
    break;
  }
  return arith::ConstantIntOp::create(builder, loc, 0, 1);
}
