//===- sparsity-opt.cpp - mlir-opt with this project's passes -------------===//

#include "sparsity/Pipelines/Pipelines.h"

#include "mlir/IR/DialectRegistry.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"

int sparsityOptMain(int argc, char **argv) {
  mlir::DialectRegistry registry;
  mlir::sparsity::registerSparsityDialects(registry);
  mlir::sparsity::registerUpstreamDialects(registry);
  mlir::sparsity::registerSparsityPasses();
  mlir::sparsity::registerSparsityPipelines();
  mlir::sparsity::registerUpstreamPasses();
  return mlir::asMainReturnCode(
      mlir::MlirOptMain(argc, argv, "sparsity compiler driver\n", registry));
}
