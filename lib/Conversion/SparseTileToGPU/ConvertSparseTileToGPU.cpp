//===- ConvertSparseTileToGPU.cpp - schedules to kernels and launches -----===//

#include "HostLaunch.h"
#include "MultistageKernel.h"
#include "WarpSpecializedKernel.h"

#include "sparsity/Conversion/Passes.h"
#include "sparsity/Target/KnownTargets.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/SymbolTable.h"

namespace mlir::sparsity {
#define GEN_PASS_DEF_CONVERTSPARSETILETOGPUPASS
#include "sparsity/Conversion/Passes.h.inc"
} // namespace mlir::sparsity

using namespace mlir;
using namespace mlir::sparsity;
using namespace mlir::sparsity::gpu_conversion;

namespace {
struct ConvertSparseTileToGPUPass
    : sparsity::impl::ConvertSparseTileToGPUPassBase<
          ConvertSparseTileToGPUPass> {
  using ConvertSparseTileToGPUPassBase::ConvertSparseTileToGPUPassBase;

  LogicalResult convert(func::FuncOp func, gpu::GPUModuleOp kernels,
                        const TargetInfo &info);
  LogicalResult convert(sparse_tile::ForallOp forall, gpu::GPUModuleOp kernels,
                        StringRef name, const TargetInfo &info,
                        SmallVectorImpl<Attribute> &launches);
  void runOnOperation() override;
};
} // namespace

/// A kernel, or one for each variant of its tile: then the host asks for the
/// number of columns, few first.
LogicalResult ConvertSparseTileToGPUPass::convert(
    sparse_tile::ForallOp forall, gpu::GPUModuleOp kernels, StringRef name,
    const TargetInfo &info, SmallVectorImpl<Attribute> &launches) {
  OpBuilder builder(forall);
  if (!isWarpSpecialized(forall, info)) {
    FailureOr<KernelDescription> kernel =
        buildMultistageKernel(forall, kernels, name, info);
    if (failed(kernel)) {
      return failure();
    }
    launches.push_back(emitLaunch(builder, forall, kernels, *kernel));
    return success();
  }
  auto variants =
      forall->getAttrOfType<ArrayAttr>(sparse_tile::kVariantsAttrName);
  Location loc = forall.getLoc();
  Value columns = forall.getSizes()[forall.getNumParallel() - 1];
  int64_t above = -1;
  auto build = [&](sparse_tile::ConfigAttr config, const Twine &suffix,
                   int64_t most) -> LogicalResult {
    FailureOr<KernelDescription> kernel = buildWarpSpecializedKernel(
        forall, config, kernels, (name + suffix).str(), info,
        WarpgroupOptions{overlap, deferStores});
    if (failed(kernel)) {
      return failure();
    }
    kernel->columnsAbove = above;
    kernel->columnsAtMost = most;
    launches.push_back(emitLaunch(builder, forall, kernels, *kernel));
    return success();
  };
  for (Attribute entry :
       variants ? variants.getValue() : ArrayRef<Attribute>()) {
    auto pair = cast<ArrayAttr>(entry);
    int64_t most = cast<IntegerAttr>(pair[0]).getInt();
    auto few = arith::CmpIOp::create(
        builder, loc, arith::CmpIPredicate::ule, columns,
        arith::ConstantIndexOp::create(builder, loc, most));
    auto branch = scf::IfOp::create(builder, loc, few, /*withElseRegion=*/true);
    builder.setInsertionPointToStart(branch.thenBlock());
    if (failed(build(cast<sparse_tile::ConfigAttr>(pair[1]), "_" + Twine(most),
                     most))) {
      return failure();
    }
    builder.setInsertionPointToStart(branch.elseBlock());
    above = most;
  }
  return build(forall.getConfig(), "", -1);
}

LogicalResult ConvertSparseTileToGPUPass::convert(func::FuncOp func,
                                                  gpu::GPUModuleOp kernels,
                                                  const TargetInfo &info) {
  SmallVector<sparse_tile::ForallOp> foralls;
  func.walk([&](sparse_tile::ForallOp forall) { foralls.push_back(forall); });
  SmallVector<Attribute> launches;
  for (auto [index, forall] : llvm::enumerate(foralls)) {
    std::string name = (func.getName() + "_kernel" + Twine(index)).str();
    if (failed(convert(forall, kernels, name, info, launches))) {
      return failure();
    }
    forall.erase();
  }
  func->setAttr("sparsity.launches", ArrayAttr::get(&getContext(), launches));
  if (failed(lowerTemporaries(func))) {
    return failure();
  }
  // Whatever still touches memory would run on the host, on device pointers.
  WalkResult rest = func.walk([&](Operation *op) {
    bool touches =
        isa<linalg::LinalgOp, memref::LoadOp, memref::StoreOp, memref::CopyOp,
            affine::AffineLoadOp, affine::AffineStoreOp>(op);
    if (touches) {
      op->emitOpError(
          "expected an op that has a GPU lowering (a contraction or an "
          "elementwise op), but got ")
          << op->getName();
      return WalkResult::interrupt();
    }
    return WalkResult::advance();
  });
  return failure(rest.wasInterrupted());
}

void ConvertSparseTileToGPUPass::runOnOperation() {
  const TargetInfo *info = lookupTarget(target);
  if (!info || info->kind != TargetKind::Gpu) {
    emitError(getOperation().getLoc())
        << "expected a GPU target among " << getKnownTargetNames()
        << ", but got \"" << target << "\"";
    return signalPassFailure();
  }
  ModuleOp module = getOperation();
  OpBuilder builder = OpBuilder::atBlockBegin(module.getBody());
  auto kernels =
      gpu::GPUModuleOp::create(builder, module.getLoc(), "sparsity_kernels");
  SymbolTable(module).insert(kernels);
  kernels.setTargetsAttr(builder.getArrayAttr({NVVM::NVVMTargetAttr::get(
      &getContext(), /*optLevel=*/3, "nvptx64-nvidia-cuda", info->chip,
      info->features)}));
  for (auto func : llvm::to_vector(module.getOps<func::FuncOp>())) {
    if (!func.isDeclaration() && failed(convert(func, kernels, *info))) {
      return signalPassFailure();
    }
  }
  if (kernels.getBody()->empty()) {
    kernels.erase();
    return;
  }
  module->setAttr(gpu::GPUDialect::getContainerModuleAttrName(),
                  builder.getUnitAttr());
}
