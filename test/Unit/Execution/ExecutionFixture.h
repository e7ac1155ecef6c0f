//===- ExecutionFixture.h - parses IR and collects diagnostics --*- C++ -*-===//

#ifndef SPARSITY_TEST_UNIT_EXECUTION_FIXTURE_H
#define SPARSITY_TEST_UNIT_EXECUTION_FIXTURE_H

#include "sparsity/Pipelines/Pipelines.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"
#include "mlir/Parser/Parser.h"

#include "gtest/gtest.h"

#include <string>

namespace mlir::sparsity {

class ExecutionTest : public ::testing::Test {
protected:
  ExecutionTest()
      : handler(&context, [this](Diagnostic &diagnostic) {
          errors += diagnostic.str() + "\n";
          return success();
        }) {
    DialectRegistry registry;
    registerSparsityDialects(registry);
    registerUpstreamDialects(registry);
    context.appendDialectRegistry(registry);
    context.loadAllAvailableDialects();
    context.printOpOnDiagnostic(false);
  }

  OwningOpRef<ModuleOp> parse(const std::string &text) {
    return parseSourceString<ModuleOp>(text, &context);
  }

  MLIRContext context;
  std::string errors;
  ScopedDiagnosticHandler handler;
};

} // namespace mlir::sparsity

#endif // SPARSITY_TEST_UNIT_EXECUTION_FIXTURE_H
