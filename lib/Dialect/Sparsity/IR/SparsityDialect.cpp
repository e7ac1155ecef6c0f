//===- SparsityDialect.cpp - registration of the `sparsity` dialect -------===//

#include "sparsity/Dialect/Sparsity/IR/Sparsity.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

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
