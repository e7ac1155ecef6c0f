//===- Strided.cpp - every period-th column -------------------------------===//

#include "EncodingUtils.h"

#include "mlir/IR/AffineExpr.h"

using namespace mlir;
using namespace mlir::sparsity;
using namespace mlir::sparsity::detail;

Attribute StridedAttr::parse(AsmParser &parser, Type) {
  SMLoc loc = parser.getCurrentLocation();
  std::optional<int64_t> period, offset;
  if (parseNamedIntegers(parser, {{"period", &period}, {"offset", &offset}})) {
    return {};
  }
  if (!period) {
    parser.emitError(loc) << "expected period >= 1, but got none";
    return {};
  }
  return parser.getChecked<StridedAttr>(loc, parser.getContext(), *period,
                                        offset.value_or(0));
}

void StridedAttr::print(AsmPrinter &printer) const {
  printer << "<period = " << getPeriod();
  if (getOffset() != 0) {
    printer << ", offset = " << getOffset();
  }
  printer << ">";
}

LogicalResult StridedAttr::verify(EmitError emitError, int64_t period,
                                  int64_t offset) {
  // strided_c1
  if (period < 1) {
    return emitError() << "expected period >= 1, but got " << period;
  }
  // strided_c2
  if (offset < 0 || offset >= period) {
    return emitError() << "expected 0 <= offset < period " << period
                       << ", but got " << offset;
  }
  return success();
}

LogicalResult StridedAttr::verifyEncoding(ArrayRef<int64_t> shape, Type,
                                          EmitError emitError) const {
  // strided_c3
  return verifyMinRank(shape, 1, emitError);
}

Coverage StridedAttr::getCoverage(RankedTensorType type) const {
  return Coverage::periodic(type.getRank() - 1, getPeriod(), getOffset());
}

std::optional<SmallVector<IntegerSet>>
StridedAttr::getElementPredicate(RankedTensorType type) const {
  AffineExpr column = getAffineDimExpr(type.getRank() - 1, getContext());
  return SmallVector<IntegerSet>{IntegerSet::get(
      type.getRank(), /*symbolCount=*/0, {column % getPeriod() - getOffset()},
      /*eqFlags=*/{true})};
}

Attribute StridedAttr::simplify(RankedTensorType) const {
  return getPeriod() == 1 ? Attribute() : Attribute(*this);
}

Attribute StridedAttr::permute(ArrayRef<int64_t> permutation) const {
  return keepsLastAxes(permutation, 1) ? Attribute(*this) : Attribute();
}
