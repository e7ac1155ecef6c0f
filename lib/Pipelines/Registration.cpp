//===- Registration.cpp - this project's dialects and passes --------------===//

#include "sparsity/Pipelines/Pipelines.h"

#include "sparsity/Analysis/IterationDomain.h"
#include "sparsity/Conversion/Passes.h"
#include "sparsity/Dialect/SparseTile/IR/SparseTile.h"
#include "sparsity/Dialect/SparseTile/Transforms/Passes.h"
#include "sparsity/Dialect/Sparsity/IR/Sparsity.h"
#include "sparsity/Dialect/Sparsity/Transforms/Passes.h"
#include "sparsity/Interop/SparseTensor.h"

#include "mlir/IR/DialectRegistry.h"

using namespace mlir;

void sparsity::registerSparsityDialects(DialectRegistry &registry) {
  registry.insert<SparsityDialect, sparse_tile::SparseTileDialect>();
  registerSparseTensorModels(registry);
  sparse_tile::registerBufferizableOpInterfaceExternalModels(registry);
  registerTileableComputeOpExternalModels(registry);
}

void sparsity::registerSparsityPasses() {
  registerSparsityTransformsPasses();
  sparse_tile::registerSparseTileTransformsPasses();
  registerSparsityConversionPasses();
}
