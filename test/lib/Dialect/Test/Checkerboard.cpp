//===- Checkerboard.cpp - an encoding with an element predicate only ------===//

#include "TestDialect.h"

#include "mlir/IR/AffineExpr.h"

using namespace mlir;
using namespace mlir::sparsity::test;

LogicalResult
CheckerboardAttr::verify(llvm::function_ref<InFlightDiagnostic()> emitError,
                         int64_t size) {
  if (size < 1) {
    return emitError() << "expected squares of at least 1 element a side, but "
                          "got "
                       << size;
  }
  return success();
}

LogicalResult CheckerboardAttr::verifyEncoding(
    ArrayRef<int64_t> shape, Type elementType,
    llvm::function_ref<InFlightDiagnostic()> emitError) const {
  if (shape.size() != 2) {
    return emitError() << "expected a matrix, but got " << shape.size()
                       << " dimensions";
  }
  return success();
}

std::optional<SmallVector<IntegerSet>>
CheckerboardAttr::getElementPredicate(RankedTensorType type) const {
  AffineExpr row = getAffineDimExpr(0, getContext());
  AffineExpr column = getAffineDimExpr(1, getContext());
  AffineExpr colour =
      (row.floorDiv(getSize()) + column.floorDiv(getSize())) % 2;
  return SmallVector<IntegerSet>{IntegerSet::get(/*dimCount=*/2,
                                                 /*symbolCount=*/0, {colour},
                                                 /*eqFlags=*/{true})};
}
