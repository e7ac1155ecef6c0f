//===- Schedule.cpp - linalg to schedules on buffers ----------------------===//

#include "Schedule.h"

#include "sparsity/Conversion/Passes.h"
#include "sparsity/Dialect/SparseTile/Transforms/Passes.h"
#include "sparsity/Dialect/Sparsity/Transforms/Passes.h"

#include "mlir/Dialect/Bufferization/Transforms/Passes.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;
using namespace mlir::sparsity;

void sparsity::addSchedulePasses(OpPassManager &manager,
                                 const ScheduleOptions &options) {
  manager.addPass(createConvertSparseTensorToSparsityPass());
  // Early: canonicalization rewrites what the program says about extents.
  manager.addPass(createSparsityRecordConstraintsPass());
  manager.addPass(createSparsityPropagateEncodingsPass());
  manager.addPass(createSparsitySimplifyEncodingsPass());
  manager.addPass(createSparsityGroupContractionsPass());
  manager.addPass(createSparsityBuildListsPass());
  manager.addPass(createSparsityLowerDecodePass());
  manager.addPass(createSparsityHoistPackingPass());
  manager.addPass(createCanonicalizerPass());
  manager.addPass(createSparsityFuseEpiloguesPass());

  SparsitySelectConfigPassOptions config;
  config.target = options.target;
  config.allowTF32 = options.allowTF32;
  config.tile.assign(options.tile.begin(), options.tile.end());
  config.warps.assign(options.warps.begin(), options.warps.end());
  config.stages = options.stages;
  config.cluster = options.cluster;
  config.splits = options.splits;
  config.instruction = options.instruction;
  config.tuningTable = options.tuningTable;
  config.denseChoice = options.denseChoice;
  config.tuningCandidates = options.tuningCandidates;
  manager.addPass(createSparsitySelectConfigPass(config));
  SparsityResolveStoragePassOptions storage;
  storage.target = options.target;
  manager.addPass(createSparsityResolveStoragePass(storage));

  manager.addPass(createConvertSparsityToTilePass());
  manager.addPass(sparse_tile::createSparseTileSplitPartialPass());
  manager.addPass(sparse_tile::createSparseTileLegalizeFormatsPass());
  manager.addPass(sparse_tile::createSparseTileAssignWorkPass());

  manager.addPass(createSparsityMaterializeStoragePass());
  manager.addPass(createCanonicalizerPass());
  manager.addPass(createCSEPass());
  manager.addPass(createSparsityVerifyMaterializedPass());
  bufferization::OneShotBufferizePassOptions bufferize;
  bufferize.bufferizeFunctionBoundaries = true;
  bufferize.functionBoundaryTypeConversion =
      bufferization::LayoutMapOption::IdentityLayoutMap;
  manager.addPass(bufferization::createOneShotBufferizePass(bufferize));
  manager.addPass(createSparsityFinalizeAbiPass());
  manager.addPass(createCanonicalizerPass());
}
