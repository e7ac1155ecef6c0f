//===- sparsity-test-opt.cpp - sparsity-opt with the test dialect ---------===//

#include "TestDialect.h"
#include "sparsity/Pipelines/Pipelines.h"

#include "mlir/IR/DialectRegistry.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  mlir::sparsity::registerSparsityDialects(registry);
  mlir::sparsity::registerUpstreamDialects(registry);
  mlir::sparsity::test::registerTestDialect(registry);
  mlir::sparsity::registerSparsityPasses();
  mlir::sparsity::registerSparsityPipelines();
  mlir::sparsity::registerUpstreamPasses();
  return mlir::asMainReturnCode(
      mlir::MlirOptMain(argc, argv, "sparsity test driver\n", registry));
}
