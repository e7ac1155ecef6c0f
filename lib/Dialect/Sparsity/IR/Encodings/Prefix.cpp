//===- Prefix.cpp - the first columns -------------------------------------===//

#include "EncodingUtils.h"

#include "mlir/IR/AffineExpr.h"

using namespace mlir;
using namespace mlir::sparsity;
using namespace mlir::sparsity::detail;

Attribute PrefixAttr::parse(AsmParser &parser, Type) {
  SMLoc loc = parser.getCurrentLocation();
  std::optional<int64_t> length;
  if (parseNamedIntegers(parser, {{"length", &length}})) {
    return {};
  }
  if (!length) {
    parser.emitError(loc) << "expected length >= 1, but got none";
    return {};
  }
  return parser.getChecked<PrefixAttr>(loc, parser.getContext(), *length);
}

void PrefixAttr::print(AsmPrinter &printer) const {
  printer << "<length = " << getLength() << ">";
}

LogicalResult PrefixAttr::verify(EmitError emitError, int64_t length) {
  // prefix_c1
  if (length < 1) {
    return emitError() << "expected length >= 1, but got " << length;
  }
  return success();
}

LogicalResult PrefixAttr::verifyEncoding(ArrayRef<int64_t> shape, Type,
                                         EmitError emitError) const {
  // prefix_c2
  return verifyMinRank(shape, 1, emitError);
}

Coverage PrefixAttr::getCoverage(RankedTensorType type) const {
  return Coverage::prefix(type.getRank() - 1, getLength());
}

std::optional<SmallVector<IntegerSet>>
PrefixAttr::getElementPredicate(RankedTensorType type) const {
  AffineExpr column = getAffineDimExpr(type.getRank() - 1, getContext());
  return SmallVector<IntegerSet>{
      IntegerSet::get(type.getRank(), /*symbolCount=*/0,
                      {-column + (getLength() - 1)}, /*eqFlags=*/{false})};
}

Attribute PrefixAttr::simplify(RankedTensorType type) const {
  int64_t columns = type.getDimSize(type.getRank() - 1);
  bool binds = ShapedType::isDynamic(columns) || getLength() < columns;
  return binds ? Attribute(*this) : Attribute();
}

Attribute PrefixAttr::permute(ArrayRef<int64_t> permutation) const {
  return keepsLastAxes(permutation, 1) ? Attribute(*this) : Attribute();
}
