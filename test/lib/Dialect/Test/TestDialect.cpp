//===- TestDialect.cpp - registration of the dialect `test` ---------------===//

#include "TestDialect.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "mlir/IR/DialectRegistry.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace mlir::sparsity;
using namespace mlir::sparsity::test;

#include "TestDialect.cpp.inc"

#define GET_ATTRDEF_CLASSES
#include "TestAttrs.cpp.inc"

void TestDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "TestAttrs.cpp.inc"
      >();
}

void mlir::sparsity::test::registerTestDialect(DialectRegistry &registry) {
  registry.insert<TestDialect>();
}
