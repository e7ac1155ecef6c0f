//===- SparsityDialect.cpp - registration of the `sparsity` dialect -------===//

#include "sparsity/Dialect/Sparsity/IR/Sparsity.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

using namespace mlir;
using namespace mlir::sparsity;

#include "sparsity/Dialect/Sparsity/IR/SparsityDialect.cpp.inc"

#include "sparsity/Dialect/Sparsity/IR/SparsityEnums.cpp.inc"

#include "sparsity/Dialect/Sparsity/IR/SparsityAttrInterfaces.cpp.inc"

#include "sparsity/Dialect/Sparsity/IR/SparsityOpInterfaces.cpp.inc"

void SparsityDialect::initialize() {
  registerAttributes();
  addOperations<
#define GET_OP_LIST
#include "sparsity/Dialect/Sparsity/IR/SparsityOps.cpp.inc"
      >();
}

//===----------------------------------------------------------------------===//
// Attributes on ops of other dialects
//===----------------------------------------------------------------------===//

/// Whether a list that is packed by the caller says what of `type` is stored.
static bool isPackedList(Type type) {
  SparsityEncodingAttrInterface encoding = getSparsityEncoding(type);
  return encoding && encoding.getBindingTime() == BindingTime::Pack &&
         encoding.getCoverage(cast<RankedTensorType>(type)).kind() ==
             Coverage::Kind::Listed;
}

LogicalResult
SparsityDialect::verifyOperationAttribute(Operation *op,
                                          NamedAttribute attribute) {
  // density_c3
  if (attribute.getName() == kDensityAttrName) {
    return op->emitOpError("expected ")
           << kDensityAttrName
           << " on a function argument, but got it on the op";
  }
  return success();
}

LogicalResult SparsityDialect::verifyRegionArgAttribute(
    Operation *op, unsigned, unsigned argument, NamedAttribute attribute) {
  if (attribute.getName() != kDensityAttrName) {
    return success();
  }
  // density_c1
  auto density = dyn_cast<FloatAttr>(attribute.getValue());
  if (!density || !density.getType().isF64() ||
      !(density.getValueAsDouble() > 0 && density.getValueAsDouble() <= 1)) {
    return op->emitOpError("expected a density in (0, 1] of type f64, but got ")
           << attribute.getValue() << " on argument #" << argument;
  }
  // density_c2
  auto function = dyn_cast<FunctionOpInterface>(op);
  Type type = function ? function.getArgumentTypes()[argument] : Type();
  if (!type || !isPackedList(type)) {
    return op->emitOpError("expected a density of an argument that is stored "
                           "as a packed list, but got one of argument #")
           << argument << " of type " << type;
  }
  return success();
}
