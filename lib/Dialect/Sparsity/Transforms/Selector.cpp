//===- Selector.cpp - rules that keep elements by their value -------------===//

#include "Selector.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace mlir::sparsity;

static constexpr int64_t kDigitBits = 8;

/// Low bits of an f32 that are 0 in every value of `type`.
static int64_t getUnusedBits(FloatType type) {
  return 24 - static_cast<int64_t>(
                  APFloat::semanticsPrecision(type.getFloatSemantics()));
}

int64_t mlir::sparsity::getMagnitudeBits(Type elementType) {
  if (auto type = dyn_cast<FloatType>(elementType)) {
    return 31 - getUnusedBits(type);
  }
  return elementType.getIntOrFloatBitWidth();
}

Value mlir::sparsity::emitMagnitude(Body &body, Value element) {
  auto type = dyn_cast<FloatType>(element.getType());
  if (!type) {
    Value wide = arith::ExtSIOp::create(body, body.getI32Type(), element);
    return math::AbsIOp::create(body, wide);
  }
  // The bits of an f32 without its sign ascend with its magnitude.
  Value wide = body.toF32(element);
  Value bits = arith::BitcastOp::create(body, body.getI32Type(), wide);
  Value magnitude =
      body.both(bits, body.i32(std::numeric_limits<int32_t>::max()));
  Value used = body.shiftRight(magnitude, getUnusedBits(type));
  return body.select(body.isNaN(wide),
                     body.i32((int64_t(1) << getMagnitudeBits(type)) - 1),
                     used);
}

Selector::Selector(Body &builder, Value source, Selection rule)
    : source(source), rule(rule) {
  rows = builder.extent(source, 0);
  columns = builder.extent(source, 1);
  if (rule.kind == Selection::Kind::LargestInRow) {
    emitRowLimits(builder);
  }
}

Value Selector::emitElement(Body &body, Value row, Value column) const {
  return body.load(source, {row, column});
}

/// i32 [rows, 256]: elements of the row whose digits so far are those of
/// `state` and whose next digit, from bit `shift`, is the column.
Value Selector::emitDigitCounts(Body &builder, Value state,
                                int64_t shift) const {
  return gather(
      builder, {rows, builder.index(int64_t(1) << kDigitBits)},
      builder.getI32Type(), [&](Body &body, ArrayRef<Value> at) {
        Value digits = body.load(state, {at[0], body.index(0)});
        Value wanted =
            body.add(body.multiply(digits, body.i32(int64_t(1) << kDigitBits)),
                     body.toI32(at[1]));
        return body.count(
            body.index(0), columns, [&](Body &inner, Value column) {
              Value magnitude =
                  emitMagnitude(inner, emitElement(inner, at[0], column));
              return inner.toI32(
                  inner.equal(inner.shiftRight(magnitude, shift), wanted));
            });
      });
}

/// The digits so far and how many elements that have them are kept, one digit
/// further: digits are taken from the largest down until enough have been seen.
Value Selector::emitNextState(Body &builder, Value state, Value counts) const {
  int64_t radix = int64_t(1) << kDigitBits;
  return gather(
      builder, {rows, builder.index(2)}, builder.getI32Type(),
      [&](Body &body, ArrayRef<Value> at) {
        Value digits = body.load(state, {at[0], body.index(0)});
        Value left = body.load(state, {at[0], body.index(1)});
        SmallVector<Value> found = body.fold(
            body.index(0), body.index(radix), {body.i32(-1), left},
            [&](Body &inner, Value step,
                ValueRange values) -> SmallVector<Value> {
              Value digit = inner.subtract(inner.index(radix - 1), step);
              Value count = inner.load(counts, {at[0], digit});
              Value open = inner.less(values[0], inner.i32(0));
              Value enough = inner.either(inner.less(values[1], count),
                                          inner.equal(values[1], count));
              Value here = inner.both(open, enough);
              Value rest = inner.subtract(values[1], count);
              Value kept = inner.select(enough, values[1], rest);
              return {inner.select(here, inner.toI32(digit), values[0]),
                      inner.select(open, kept, values[1])};
            });
        Value next = body.add(body.multiply(digits, body.i32(radix)), found[0]);
        return body.select(body.equal(at[1], body.index(0)), next, found[1]);
      });
}

void Selector::emitRowLimits(Body &builder) {
  Type i32 = builder.getI32Type();
  // A row that is shorter than the count is kept whole.
  Value count = builder.minimum(builder.index(rule.count), columns);
  limits = gather(builder, {rows, builder.index(2)}, i32,
                  [&](Body &body, ArrayRef<Value> at) {
                    return body.select(body.equal(at[1], body.index(0)),
                                       body.i32(0), body.toI32(count));
                  });
  auto type = cast<RankedTensorType>(source.getType());
  int64_t digits =
      llvm::divideCeil(getMagnitudeBits(type.getElementType()), kDigitBits);
  for (int64_t digit = digits - 1; digit >= 0; --digit) {
    Value counts = emitDigitCounts(builder, limits, digit * kDigitBits);
    limits = emitNextState(builder, limits, counts);
  }
  lastColumns = gather(builder, rows, i32, [&](Body &body, ArrayRef<Value> at) {
    Value limit = body.load(limits, {at[0], body.index(0)});
    Value wanted = body.load(limits, {at[0], body.index(1)});
    SmallVector<Value> found = body.fold(
        body.index(0), columns, {body.i32(0), body.i32(-1)},
        [&](Body &inner, Value column,
            ValueRange values) -> SmallVector<Value> {
          Value magnitude =
              emitMagnitude(inner, emitElement(inner, at[0], column));
          Value tie = inner.equal(magnitude, limit);
          Value seen = inner.add(values[0], inner.toI32(tie));
          Value last = inner.both(tie, inner.equal(seen, wanted));
          return {seen, inner.select(last, inner.toI32(column), values[1])};
        });
    return found[1];
  });
}

Value Selector::emitKept(Body &body, Value row, Value column) const {
  Value element = emitElement(body, row, column);
  switch (rule.kind) {
  case Selection::Kind::Positive:
    return body.greater(body.toF32(element), body.f32(0));
  case Selection::Kind::AboveThreshold: {
    // x > t exactly when x > the largest f32 that is not above t.
    APFloat threshold(rule.threshold);
    bool inexact = false;
    threshold.convert(APFloat::IEEEsingle(), APFloat::rmTowardNegative,
                      &inexact);
    Value size = math::AbsFOp::create(body, body.toF32(element));
    return arith::CmpFOp::create(body, arith::CmpFPredicate::UGT, size,
                                 body.f32(threshold.convertToFloat()));
  }
  case Selection::Kind::LargestInRow: {
    Value magnitude = emitMagnitude(body, element);
    Value limit = body.load(limits, {row, body.index(0)});
    Value early = body.less(body.toI32(column),
                            body.add(body.load(lastColumns, row), body.i32(1)));
    return body.either(body.less(limit, magnitude),
                       body.both(body.equal(magnitude, limit), early));
  }
  }
  llvm_unreachable("every rule is listed above");
}
