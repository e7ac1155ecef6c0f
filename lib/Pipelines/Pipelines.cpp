//===- Pipelines.cpp - pipelines under their names ------------------------===//

#include "sparsity/Pipelines/Pipelines.h"

#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"

using namespace mlir;

void sparsity::registerSparsityPipelines() {
  PassPipelineRegistration<SparsityToNVVMOptions>(
      "sparsity-to-nvvm",
      "linalg on encoded tensors to GPU kernels (nvvm) and their host code",
      buildSparsityToNVVMPipeline);
  PassPipelineRegistration<SparsityToCPUOptions>(
      "sparsity-to-cpu",
      "linalg on encoded tensors to multithreaded host code (llvm)",
      buildSparsityToCPUPipeline);
}
