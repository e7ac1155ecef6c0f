//===- Compile.cpp - runs the pipelines and embeds kernels ----------------===//

#include "sparsity/Execution/Compile.h"

#include "sparsity/Execution/PTX.h"
#include "sparsity/Target/KnownTargets.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectRegistry.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Target/LLVMIR/Dialect/GPU/GPUToLLVMIRTranslation.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace mlir::sparsity;

LogicalResult sparsity::runPassPipeline(ModuleOp module, StringRef pipeline) {
  std::string problem;
  llvm::raw_string_ostream stream(problem);
  // parsePassPipeline() into a PassManager would nest what it parses.
  FailureOr<OpPassManager> parsed =
      parsePassPipeline(("builtin.module(" + pipeline + ")").str(), stream);
  if (failed(parsed)) {
    return module.emitError(
               "expected a pipeline of registered passes, but got '")
           << pipeline << "': " << StringRef(problem).trim();
  }
  PassManager manager(module.getContext(), parsed->getOpAnchorName());
  static_cast<OpPassManager &>(manager) = std::move(*parsed);
  return manager.run(module);
}

LogicalResult sparsity::compileForTarget(ModuleOp module, StringRef target,
                                         bool allowTF32, StringRef options) {
  const TargetInfo *info = lookupTarget(target);
  if (!info) {
    return module.emitError("expected a target among ")
           << getKnownTargetNames() << ", but got '" << target << "'";
  }
  if (info->kind == TargetKind::Cpu) {
    return runPassPipeline(module, "sparsity-to-cpu");
  }
  std::string pipeline = ("sparsity-to-nvvm{target=" + target).str();
  pipeline += allowTF32 ? " allow-tf32=true " : " ";
  pipeline += options.str() + "}";
  return runPassPipeline(module, pipeline);
}

/// The highest level of cuModuleLoadDataEx, and its default.
static constexpr int32_t kDriverOptimizationLevel = 4;

LogicalResult sparsity::embedKernels(ModuleOp module) {
  DialectRegistry registry;
  gpu::registerOffloadingLLVMTranslationInterfaceExternalModels(registry);
  module.getContext()->appendDialectRegistry(registry);
  SmallVector<gpu::GPUModuleOp> kernels(module.getOps<gpu::GPUModuleOp>());
  for (gpu::GPUModuleOp kernel : kernels) {
    FailureOr<std::string> ptx = emitPTX(kernel);
    if (failed(ptx)) {
      return failure();
    }
    // The driver takes PTX as a C string, and the object's size as stored.
    ptx->push_back('\0');
    OpBuilder builder(kernel);
    auto object = builder.getAttr<gpu::ObjectAttr>(
        cast<Attribute>(kernel.getTargetsAttr()[0]),
        gpu::CompilationTarget::Assembly, builder.getStringAttr(*ptx),
        // What the driver's compiler is asked for; without it, nothing.
        builder.getDictionaryAttr(builder.getNamedAttr(
            "O", builder.getI32IntegerAttr(kDriverOptimizationLevel))),
        gpu::KernelTableAttr());
    gpu::BinaryOp::create(builder, kernel.getLoc(), kernel.getName(),
                          gpu::SelectObjectAttr::get(builder.getContext(), {}),
                          builder.getArrayAttr({object}));
    kernel.erase();
  }
  return success();
}
