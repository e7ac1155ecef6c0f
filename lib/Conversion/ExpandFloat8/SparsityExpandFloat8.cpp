//===- SparsityExpandFloat8.cpp - 8-bit floats as integer arithmetic ------===//
//
// Formats: OCP 8-bit Floating Point Specification (OFP8), revision 1.0.
//
//            exponent bias  mantissa  largest  infinity     NaN
//   E4M3FN   4 bits    7    3 bits    448      none         S.1111.111
//   E5M2     5 bits    15   2 bits    57344    S.11111.00   S.11111.{01,10,11}
//
//===----------------------------------------------------------------------===//

#include "sparsity/Conversion/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/IR/AttrTypeSubElements.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/IR/TypeUtilities.h"
#include "mlir/Transforms/DialectConversion.h"

#include <cmath>

namespace mlir::sparsity {
#define GEN_PASS_DEF_SPARSITYEXPANDFLOAT8PASS
#include "sparsity/Conversion/Passes.h.inc"
} // namespace mlir::sparsity

using namespace mlir;

static bool isFloat8(Type type) {
  return isa<Float8E4M3FNType, Float8E5M2Type>(getElementTypeOrSelf(type));
}

namespace {
/// Integer arithmetic on scalars or vectors of one shape.
class Float8Builder {
public:
  Float8Builder(OpBuilder &builder, Location loc, Type like, Type float8)
      : builder(builder), loc(loc), like(like),
        e4m3(isa<Float8E4M3FNType>(float8)), mantissa(e4m3 ? 3 : 2),
        bias(e4m3 ? 7 : 15) {}

  /// f32 from the code of an 8-bit float.
  Value decode(Value code);
  /// The code of the 8-bit float nearest to an f32, ties to even.
  Value encode(Value value);
  /// The bf16 that an f32 with a short mantissa is.
  Value upperHalf(Value value) {
    Value upper = shiftRight(bits(value, builder.getI32Type()), 16);
    Type i16 = builder.getI16Type();
    return bits(arith::TruncIOp::create(builder, loc, shaped(i16), upper),
                builder.getBF16Type());
  }
  /// An f32 from which `encode` rounds as from the f64 `value` itself.
  Value roundToOdd(Value value);

  Type shaped(Type element) const {
    auto vector = dyn_cast<VectorType>(like);
    return vector ? Type(vector.clone(element)) : element;
  }

private:
  template <typename Op> Value make(Value lhs, Value rhs) {
    return Op::create(builder, loc, lhs, rhs);
  }
  Value integer(int64_t value) {
    return constant(builder.getI32IntegerAttr(static_cast<int32_t>(value)));
  }
  Value real(double value) { return constant(builder.getF32FloatAttr(value)); }
  Value constant(TypedAttr attr) {
    if (auto vector = dyn_cast<VectorType>(like)) {
      attr =
          DenseElementsAttr::get(vector.clone(attr.getType()), Attribute(attr));
    }
    return arith::ConstantOp::create(builder, loc, attr);
  }
  Value bits(Value value, Type element) {
    return arith::BitcastOp::create(builder, loc, shaped(element), value);
  }
  Value shiftLeft(Value value, int64_t amount) {
    return make<arith::ShLIOp>(value, integer(amount));
  }
  Value shiftRight(Value value, int64_t amount) {
    return make<arith::ShRUIOp>(value, integer(amount));
  }
  Value mask(Value value, int64_t bits) {
    return make<arith::AndIOp>(value, integer(bits));
  }
  Value compare(arith::CmpIPredicate predicate, Value lhs, int64_t rhs) {
    return arith::CmpIOp::create(builder, loc, predicate, lhs, integer(rhs));
  }
  Value select(Value condition, Value yes, Value no) {
    return arith::SelectOp::create(builder, loc, condition, yes, no);
  }

  OpBuilder &builder;
  Location loc;
  Type like;
  bool e4m3;
  int64_t mantissa, bias;
};
} // namespace

Value Float8Builder::decode(Value code) {
  Type i32 = builder.getI32Type(), f32 = builder.getF32Type();
  code = arith::ExtUIOp::create(builder, loc, shaped(i32), code);
  Value magnitude = mask(code, 0x7f);
  Value sign = shiftLeft(mask(code, 0x80), 24);
  // Exponent and mantissa move to their places in an f32, and the bias changes.
  int64_t rebias = (127 - bias) << 23;
  Value normal =
      make<arith::AddIOp>(shiftLeft(magnitude, 23 - mantissa), integer(rebias));
  // Below the first normal number the code counts in units of the smallest one.
  Value counted = arith::UIToFPOp::create(builder, loc, shaped(f32), magnitude);
  double unit = std::ldexp(1.0, 1 - bias - mantissa);
  Value subnormal = bits(make<arith::MulFOp>(counted, real(unit)), i32);
  Value result = select(
      compare(arith::CmpIPredicate::ult, magnitude, int64_t(1) << mantissa),
      subnormal, normal);
  if (e4m3) {
    Value isNaN = compare(arith::CmpIPredicate::eq, magnitude, 0x7f);
    result = select(isNaN, integer(0x7ff00000), result);
  } else {
    // The largest exponent is that of infinity and, with the quiet bit set, of
    // NaN.
    Value special =
        make<arith::OrIOp>(shiftLeft(magnitude, 21), integer(0x7f800000));
    Value quiet = make<arith::OrIOp>(special, integer(0x00400000));
    Value isNaN = compare(arith::CmpIPredicate::ugt, magnitude, 0x7c);
    Value isInfinity = compare(arith::CmpIPredicate::eq, magnitude, 0x7c);
    result = select(isInfinity, special, select(isNaN, quiet, result));
  }
  return bits(make<arith::OrIOp>(result, sign), f32);
}

Value Float8Builder::encode(Value value) {
  Type i32 = builder.getI32Type(), f32 = builder.getF32Type();
  Value code = bits(value, i32);
  Value sign = mask(shiftRight(code, 24), 0x80);
  Value magnitude = mask(code, 0x7fffffff);
  // Adding half a unit less one, plus the bit that decides a tie, rounds to
  // even; a carry out of the mantissa goes into the exponent, as it should.
  int64_t shift = 23 - mantissa;
  Value odd = mask(shiftRight(magnitude, shift), 1);
  Value rounded = make<arith::AddIOp>(
      make<arith::AddIOp>(magnitude, integer((int64_t(1) << (shift - 1)) - 1)),
      odd);
  Value normal = make<arith::SubIOp>(shiftRight(rounded, shift),
                                     integer((127 - bias) << mantissa));
  // Below the first normal number, the addition to a number whose last place is
  // the smallest unit does the rounding.
  double anchor = std::ldexp(1.0, 23 + 1 - bias - mantissa);
  Value absolute = bits(magnitude, f32);
  Value counted = bits(make<arith::AddFOp>(absolute, real(anchor)), i32);
  Value anchorBits = bits(real(anchor), i32);
  Value subnormal = make<arith::SubIOp>(counted, anchorBits);
  Value result =
      select(compare(arith::CmpIPredicate::ult, magnitude, (128 - bias) << 23),
             subnormal, normal);
  // What rounds beyond the largest number, infinities, and NaN.
  int64_t overflow = e4m3 ? 0x7f : 0x7c;
  int64_t infinity = 0x7f800000;
  Value isLarge = make<arith::OrIOp>(
      compare(arith::CmpIPredicate::uge, magnitude, infinity),
      compare(arith::CmpIPredicate::sge, result, overflow));
  result = select(isLarge, integer(overflow), result);
  Value isNaN = compare(arith::CmpIPredicate::ugt, magnitude, infinity);
  Value nan = integer(0x7f);
  if (!e4m3) {
    Value payload = mask(shiftRight(magnitude, shift), 0x3);
    nan = make<arith::OrIOp>(payload, integer(0x7e));
  }
  result = make<arith::OrIOp>(select(isNaN, nan, result), sign);
  return arith::TruncIOp::create(builder, loc, shaped(builder.getI8Type()),
                                 result);
}

/// Rounding twice would break ties that the first rounding made. Rounding to
/// odd keeps one bit that says that more was there (Boldo and Melquiond,
/// "Emulation of FMA and correctly rounded sums: proved algorithms using
/// rounding to odd", 2008).
Value Float8Builder::roundToOdd(Value value) {
  Type i32 = builder.getI32Type(), f32 = builder.getF32Type();
  Type f64 = builder.getF64Type(), i64 = builder.getI64Type();
  Value nearest = arith::TruncFOp::create(builder, loc, shaped(f32), value);
  Value back = arith::ExtFOp::create(builder, loc, shaped(f64), nearest);
  // Magnitudes compare as integers.
  auto magnitude = [&](Value real) {
    Value one = constant(builder.getI64IntegerAttr(1));
    return make<arith::ShLIOp>(bits(real, i64), one);
  };
  Value above = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ugt,
                                      magnitude(back), magnitude(value));
  Value inexact = arith::CmpFOp::create(builder, loc, arith::CmpFPredicate::ONE,
                                        back, value);
  above = make<arith::AndIOp>(above, inexact);
  auto extend = [&](Value flag) {
    return arith::ExtUIOp::create(builder, loc, shaped(i32), flag);
  };
  Value toZero = make<arith::SubIOp>(bits(nearest, i32), extend(above));
  return bits(make<arith::OrIOp>(toZero, extend(inexact)), f32);
}

static void expandExtF(arith::ExtFOp op, OpBuilder &builder) {
  builder.setInsertionPoint(op);
  Location loc = op.getLoc();
  Type from = op.getIn().getType(), to = op.getType();
  Float8Builder numbers(builder, loc, from, getElementTypeOrSelf(from));
  Value code = arith::BitcastOp::create(
      builder, loc, numbers.shaped(builder.getI8Type()), op.getIn());
  Value value = numbers.decode(code);
  unsigned bits = getElementTypeOrSelf(to).getIntOrFloatBitWidth();
  if (bits > 32) {
    value = arith::ExtFOp::create(builder, loc, to, value);
  } else if (getElementTypeOrSelf(to).isBF16()) {
    value = numbers.upperHalf(value);
  } else if (bits < 32) {
    value = arith::TruncFOp::create(builder, loc, to, value);
  }
  op.replaceAllUsesWith(value);
  op.erase();
}

static LogicalResult expandTruncF(arith::TruncFOp op, OpBuilder &builder) {
  if (op.getRoundingmode().value_or(arith::RoundingMode::to_nearest_even) !=
      arith::RoundingMode::to_nearest_even) {
    return op.emitOpError("expected rounding to nearest even, but got ")
           << arith::stringifyRoundingMode(*op.getRoundingmode());
  }
  builder.setInsertionPoint(op);
  Location loc = op.getLoc();
  Value value = op.getIn();
  Float8Builder numbers(builder, loc, op.getType(),
                        getElementTypeOrSelf(op.getType()));
  unsigned bits = getElementTypeOrSelf(value.getType()).getIntOrFloatBitWidth();
  if (bits == 64) {
    value = numbers.roundToOdd(value);
  } else if (bits < 32) {
    value = arith::ExtFOp::create(builder, loc,
                                  numbers.shaped(builder.getF32Type()), value);
  }
  Value code = numbers.encode(value);
  op.replaceAllUsesWith(
      arith::BitcastOp::create(builder, loc, op.getType(), code).getResult());
  op.erase();
  return success();
}

namespace {
struct SparsityExpandFloat8Pass
    : sparsity::impl::SparsityExpandFloat8PassBase<SparsityExpandFloat8Pass> {
  void runOnOperation() override;
  LogicalResult emulateArithmetic();
  void replaceTypes();
};
} // namespace

/// Arithmetic on 8-bit floats other than conversions happens in f32.
LogicalResult SparsityExpandFloat8Pass::emulateArithmetic() {
  TypeConverter converter;
  Builder builder(&getContext());
  Type sources[] = {builder.getType<Float8E4M3FNType>(),
                    builder.getType<Float8E5M2Type>()};
  arith::populateEmulateUnsupportedFloatsConversions(converter, sources,
                                                     builder.getF32Type());
  RewritePatternSet patterns(&getContext());
  arith::populateEmulateUnsupportedFloatsPatterns(patterns, converter);
  ConversionTarget target(getContext());
  arith::populateEmulateUnsupportedFloatsLegality(target, converter);
  return applyPartialConversion(getOperation(), target, std::move(patterns));
}

/// The types that are left only pass codes around: they become i8, in place.
/// What describes the function to its caller keeps the types the caller knows.
void SparsityExpandFloat8Pass::replaceTypes() {
  Type i8 = IntegerType::get(&getContext(), 8);
  AttrTypeReplacer replacer;
  replacer.addReplacement([=](Type type) -> std::optional<Type> {
    if (isa<Float8E4M3FNType, Float8E5M2Type>(type)) {
      return i8;
    }
    return std::nullopt;
  });
  replacer.addReplacement([=](FloatAttr attr) -> std::optional<Attribute> {
    if (!isFloat8(attr.getType())) {
      return std::nullopt;
    }
    return IntegerAttr::get(i8, attr.getValue().bitcastToAPInt());
  });
  replacer.addReplacement(
      [=](DenseElementsAttr attr)
          -> std::optional<std::pair<Attribute, WalkResult>> {
        if (!isFloat8(attr.getElementType())) {
          return std::nullopt;
        }
        return std::make_pair(Attribute(attr.bitcast(i8)), WalkResult::skip());
      });
  getOperation()->walk([&](Operation *op) {
    SmallVector<NamedAttribute> kept;
    for (NamedAttribute attr : op->getDiscardableAttrs()) {
      if (attr.getName().getValue().starts_with("sparsity.")) {
        kept.push_back(attr);
      }
    }
    replacer.replaceElementsIn(op, /*replaceAttrs=*/true, /*replaceLocs=*/false,
                               /*replaceTypes=*/true);
    for (NamedAttribute attr : kept) {
      op->setDiscardableAttr(attr.getName(), attr.getValue());
    }
  });
  getOperation()->walk([](arith::BitcastOp cast) {
    if (cast.getIn().getType() == cast.getType()) {
      cast.replaceAllUsesWith(cast.getIn());
      cast.erase();
    }
  });
}

void SparsityExpandFloat8Pass::runOnOperation() {
  if (failed(emulateArithmetic())) {
    return signalPassFailure();
  }
  OpBuilder builder(&getContext());
  WalkResult result = getOperation()->walk([&](Operation *op) {
    if (auto extf = dyn_cast<arith::ExtFOp>(op);
        extf && isFloat8(extf.getIn().getType())) {
      expandExtF(extf, builder);
    } else if (auto truncf = dyn_cast<arith::TruncFOp>(op);
               truncf && isFloat8(truncf.getType())) {
      if (failed(expandTruncF(truncf, builder))) {
        return WalkResult::interrupt();
      }
    }
    return WalkResult::advance();
  });
  if (result.wasInterrupted()) {
    return signalPassFailure();
  }
  replaceTypes();
}
