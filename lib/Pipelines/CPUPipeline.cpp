//===- CPUPipeline.cpp - the pipeline to multithreaded host code ----------===//

#include "sparsity/Pipelines/Pipelines.h"

#include "Schedule.h"

#include "sparsity/Conversion/Passes.h"

#include "mlir/Conversion/AffineToStandard/AffineToStandard.h"
#include "mlir/Conversion/ConvertToLLVM/ToLLVMPass.h"
#include "mlir/Conversion/ReconcileUnrealizedCasts/ReconcileUnrealizedCasts.h"
#include "mlir/Conversion/SCFToControlFlow/SCFToControlFlow.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/Passes.h"
#include "mlir/Dialect/Math/Transforms/Passes.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;
using namespace mlir::sparsity;

void sparsity::buildSparsityToCPUPipeline(OpPassManager &manager,
                                          const SparsityToCPUOptions &options) {
  ScheduleOptions schedule;
  schedule.target = options.target;
  schedule.allowTF32 = options.allowTF32;
  schedule.tile.assign(options.tile.begin(), options.tile.end());
  schedule.instruction = options.instruction;
  schedule.tuningTable = options.tuningTable;
  schedule.denseChoice = options.denseChoice;
  addSchedulePasses(manager, schedule);
  manager.addNestedPass<func::FuncOp>(createConvertLinalgToLoopsPass());
  ConvertSparseTileToVectorPassOptions vector;
  vector.countWork = options.countWork;
  vector.countOnly = options.countOnly;
  manager.addPass(createConvertSparseTileToVectorPass(vector));
  manager.addPass(createCanonicalizerPass());
  manager.addPass(createCSEPass());

  // Small floats: functions of them in f32, arithmetic on them in f32, and
  // conversions as integer arithmetic, so that no support library is called.
  manager.addPass(math::createMathExtendToSupportedTypes());
  manager.addPass(createSparsityExpandMathPass());
  arith::ArithEmulateUnsupportedFloatsOptions emulate;
  emulate.sourceTypeStrs = {"bf16"};
  emulate.targetTypeStr = "f32";
  manager.addPass(arith::createArithEmulateUnsupportedFloats(emulate));
  manager.addPass(createSparsityExpandFloat8Pass());
  arith::ArithExpandOpsPassOptions expand;
  expand.includeBf16 = true;
  manager.addPass(arith::createArithExpandOpsPass(expand));

  manager.addPass(createLoopInvariantCodeMotionPass());
  manager.addPass(createSCFToControlFlowPass());
  manager.addPass(memref::createExpandStridedMetadataPass());
  manager.addPass(createLowerAffinePass());
  manager.addPass(createConvertToLLVMPass());
  manager.addPass(createReconcileUnrealizedCastsPass());
  manager.addPass(createCanonicalizerPass());
  manager.addPass(createCSEPass());
}
