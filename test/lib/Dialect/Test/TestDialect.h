//===- TestDialect.h - a dialect from outside, for tests --------*- C++ -*-===//

#ifndef SPARSITY_TEST_LIB_DIALECT_TEST_TESTDIALECT_H
#define SPARSITY_TEST_LIB_DIALECT_TEST_TESTDIALECT_H

#include "sparsity/Dialect/Sparsity/IR/Sparsity.h"

#include "TestDialect.h.inc"

#define GET_ATTRDEF_CLASSES
#include "TestAttrs.h.inc"

namespace mlir {
class DialectRegistry;
} // namespace mlir

namespace mlir::sparsity::test {

/// Adds the dialect `test` to `registry`.
void registerTestDialect(DialectRegistry &registry);

} // namespace mlir::sparsity::test

#endif // SPARSITY_TEST_LIB_DIALECT_TEST_TESTDIALECT_H
