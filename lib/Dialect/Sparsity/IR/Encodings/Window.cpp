//===- Window.cpp - a band around the diagonal ----------------------------===//

#include "EncodingUtils.h"

#include "mlir/IR/AffineExpr.h"

using namespace mlir;
using namespace mlir::sparsity;
using namespace mlir::sparsity::detail;

Attribute WindowAttr::parse(AsmParser &parser, Type) {
  SMLoc loc = parser.getCurrentLocation();
  std::optional<int64_t> left, right;
  if (parseNamedIntegers(parser, {{"left", &left}, {"right", &right}})) {
    return {};
  }
  return parser.getChecked<WindowAttr>(loc, parser.getContext(), left, right);
}

void WindowAttr::print(AsmPrinter &printer) const {
  printer << "<";
  if (getLeft()) {
    printer << "left = " << *getLeft() << (getRight() ? ", " : "");
  }
  if (getRight()) {
    printer << "right = " << *getRight();
  }
  printer << ">";
}

LogicalResult WindowAttr::verify(EmitError emitError,
                                 std::optional<int64_t> left,
                                 std::optional<int64_t> right) {
  // window_c1
  if (!left && !right) {
    return emitError() << "expected left, right or both, but got neither";
  }
  // window_c2
  if (left && *left < 0) {
    return emitError() << "expected left >= 0, but got " << *left;
  }
  // window_c3
  if (right && *right < 0) {
    return emitError() << "expected right >= 0, but got " << *right;
  }
  return success();
}

LogicalResult WindowAttr::verifyEncoding(ArrayRef<int64_t> shape, Type,
                                         EmitError emitError) const {
  // window_c4
  return verifyMinRank(shape, 2, emitError);
}

Coverage WindowAttr::getCoverage(RankedTensorType type) const {
  unsigned row = type.getRank() - 2, column = type.getRank() - 1;
  AffineBound lo =
      getLeft() ? AffineBound::affine(1, -*getLeft()) : AffineBound::infinite();
  AffineBound hi = getRight() ? AffineBound::affine(1, *getRight())
                              : AffineBound::infinite();
  return Coverage::band(row, column, lo, hi);
}

std::optional<SmallVector<IntegerSet>>
WindowAttr::getElementPredicate(RankedTensorType type) const {
  unsigned rank = type.getRank();
  AffineExpr row = getAffineDimExpr(rank - 2, getContext());
  AffineExpr column = getAffineDimExpr(rank - 1, getContext());
  SmallVector<AffineExpr> constraints;
  if (getLeft()) {
    constraints.push_back(column - row + *getLeft());
  }
  if (getRight()) {
    constraints.push_back(row - column + *getRight());
  }
  SmallVector<bool> equalities(constraints.size(), false);
  return SmallVector<IntegerSet>{
      IntegerSet::get(rank, /*symbolCount=*/0, constraints, equalities)};
}

Attribute WindowAttr::simplify(RankedTensorType type) const {
  int64_t rows = type.getDimSize(type.getRank() - 2);
  int64_t columns = type.getDimSize(type.getRank() - 1);
  bool leftBinds =
      getLeft() && (ShapedType::isDynamic(rows) || *getLeft() < rows - 1);
  bool rightBinds = getRight() && (ShapedType::isDynamic(columns) ||
                                   *getRight() < columns - 1);
  if (!leftBinds && !rightBinds) {
    return {};
  }
  return get(getContext(), leftBinds ? getLeft() : std::nullopt,
             rightBinds ? getRight() : std::nullopt);
}

Attribute WindowAttr::permute(ArrayRef<int64_t> permutation) const {
  if (keepsLastAxes(permutation, 2)) {
    return *this;
  }
  // row - left <= col <= row + right is col - right <= row <= col + left.
  if (swapsLastTwoAxes(permutation)) {
    return get(getContext(), getRight(), getLeft());
  }
  return {};
}
