//===- SparsityToNVVM.cpp - the pipeline to GPU kernels -------------------===//

#include "sparsity/Pipelines/Pipelines.h"

#include "Schedule.h"

#include "sparsity/Conversion/Passes.h"

#include "mlir/Conversion/AffineToStandard/AffineToStandard.h"
#include "mlir/Conversion/ConvertToLLVM/ToLLVMPass.h"
#include "mlir/Conversion/ReconcileUnrealizedCasts/ReconcileUnrealizedCasts.h"
#include "mlir/Conversion/SCFToControlFlow/SCFToControlFlow.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;
using namespace mlir::sparsity;

void sparsity::buildSparsityToNVVMPipeline(
    OpPassManager &manager, const SparsityToNVVMOptions &options) {
  ScheduleOptions schedule;
  schedule.target = options.target;
  schedule.allowTF32 = options.allowTF32;
  schedule.tile.assign(options.tile.begin(), options.tile.end());
  schedule.warps.assign(options.warps.begin(), options.warps.end());
  schedule.stages = options.stages;
  schedule.cluster = options.cluster;
  schedule.splits = options.splits;
  schedule.instruction = options.instruction;
  schedule.tuningTable = options.tuningTable;
  schedule.denseChoice = options.denseChoice;
  schedule.tuningCandidates = options.tuningCandidates;
  addSchedulePasses(manager, schedule);

  ConvertSparseTileToGPUPassOptions gpu;
  gpu.target = options.target;
  gpu.overlap = options.overlap;
  gpu.deferStores = options.deferStores;
  manager.addPass(createConvertSparseTileToGPUPass(gpu));
  // The same result as from the top, in a fifth of the time where loops carry
  // hundreds of sums.
  GreedyRewriteConfig bottomUp;
  bottomUp.setUseTopDownTraversal(false);
  manager.addPass(createCanonicalizerPass(bottomUp));
  manager.addPass(createCSEPass());
  manager.addPass(createSparsityExpandMathPass());
  manager.addPass(createSparsityExpandFloat8Pass());
  manager.addPass(createSCFToControlFlowPass());
  manager.addPass(memref::createExpandStridedMetadataPass());
  manager.addPass(createLowerAffinePass());
  manager.addPass(createConvertToLLVMPass());
  manager.addPass(createReconcileUnrealizedCastsPass());
  manager.addPass(createCSEPass());
}
