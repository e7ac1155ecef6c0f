//===- sparsity-translate.cpp - a program as PTX, cubin or launch JSON ----===//

#include "sparsity/Execution/Compile.h"
#include "sparsity/Execution/EntryAbi.h"
#include "sparsity/Execution/PTX.h"
#include "sparsity/Pipelines/Pipelines.h"
#include "sparsity/Target/KnownTargets.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/DialectRegistry.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Support/FileUtilities.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/ToolOutputFile.h"

namespace cl = llvm::cl;
using namespace mlir;

namespace {
enum class Output { Ptx, Cubin, LaunchJson };
} // namespace

/// The kernels of a compiled module. A module has one gpu.module: a cubin or a
/// PTX file has one symbol table.
static FailureOr<gpu::GPUModuleOp> getKernels(ModuleOp module) {
  SmallVector<gpu::GPUModuleOp> kernels(module.getOps<gpu::GPUModuleOp>());
  if (kernels.size() != 1) {
    return module.emitError("expected a program that compiles to one module of "
                            "kernels, but got ")
           << kernels.size();
  }
  return kernels[0];
}

static FailureOr<std::string> translate(ModuleOp module, Output output) {
  if (output == Output::LaunchJson) {
    return sparsity::describeLaunches(module);
  }
  FailureOr<gpu::GPUModuleOp> kernels = getKernels(module);
  if (failed(kernels)) {
    return failure();
  }
  FailureOr<std::string> ptx = sparsity::emitPTX(*kernels);
  if (failed(ptx) || output == Output::Ptx) {
    return ptx;
  }
  auto target = cast<NVVM::NVVMTargetAttr>(kernels->getTargetsAttr()[0]);
  return sparsity::assembleCubin(*ptx, target.getChip(), module.getLoc());
}

int sparsityTranslateMain(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);

  static cl::OptionCategory category("sparsity-translate options");
  static cl::opt<std::string> inputFile(
      cl::Positional, cl::desc("<program.mlir, or - for standard input>"),
      cl::init("-"), cl::cat(category));
  static cl::opt<std::string> outputFile("o", cl::desc("Write to this file"),
                                         cl::value_desc("file"), cl::init("-"),
                                         cl::cat(category));
  static cl::opt<Output> output(
      cl::desc("What to write:"), cl::Required,
      cl::values(clEnumValN(Output::Ptx, "to-ptx", "PTX text of the kernels"),
                 clEnumValN(Output::Cubin, "to-cubin",
                            "Machine code of the kernels (needs ptxas)"),
                 clEnumValN(Output::LaunchJson, "to-launch-json",
                            "Arguments and kernel launches of every entry "
                            "function, as JSON")),
      cl::cat(category));
  static cl::opt<std::string> target(
      "target",
      cl::desc("GPU to compile for (default: the one that runs on most)"),
      cl::init(sparsity::getDefaultGpuTarget().name.str()), cl::cat(category));
  static cl::opt<bool> allowTF32(
      "allow-tf32", cl::desc("Multiply f32 in tf32 (10 mantissa bits)"),
      cl::cat(category));
  static cl::opt<std::string> pipelineOptions(
      "pipeline-options",
      cl::desc("More options of the pipeline, such as "
               "\"tile=128,128,64 warps=2,2 stages=3\""),
      cl::cat(category));
  cl::HideUnrelatedOptions(category);
  cl::ParseCommandLineOptions(argc, argv, "sparse tensor programs to PTX\n");

  const sparsity::TargetInfo *info = sparsity::lookupTarget(target);
  if (!info || info->kind != sparsity::TargetKind::Gpu) {
    llvm::errs() << "sparsity-translate: error: expected a GPU target among "
                 << sparsity::getGpuTargetNames() << ", but got '" << target
                 << "'\n";
    return 1;
  }
  std::string problem;
  std::unique_ptr<llvm::MemoryBuffer> buffer =
      openInputFile(inputFile, &problem);
  if (!buffer) {
    llvm::errs() << "sparsity-translate: error: " << problem << "\n";
    return 1;
  }

  DialectRegistry registry;
  sparsity::registerSparsityDialects(registry);
  sparsity::registerUpstreamDialects(registry);
  sparsity::registerSparsityPasses();
  sparsity::registerSparsityPipelines();
  sparsity::registerUpstreamPasses();
  MLIRContext context(registry);
  context.loadAllAvailableDialects();
  context.printOpOnDiagnostic(false);

  llvm::SourceMgr sources;
  sources.AddNewSourceBuffer(std::move(buffer), llvm::SMLoc());
  SourceMgrDiagnosticHandler diagnostics(sources, &context);
  OwningOpRef<ModuleOp> module = parseSourceFile<ModuleOp>(sources, &context);
  if (!module || failed(sparsity::compileForTarget(*module, target, allowTF32,
                                                   pipelineOptions))) {
    return 1;
  }
  FailureOr<std::string> text = translate(*module, output);
  if (failed(text)) {
    return 1;
  }
  std::unique_ptr<llvm::ToolOutputFile> file =
      openOutputFile(outputFile, &problem);
  if (!file) {
    llvm::errs() << "sparsity-translate: error: " << problem << "\n";
    return 1;
  }
  file->os() << *text;
  file->os().flush();
  if (file->os().has_error()) {
    llvm::errs() << "sparsity-translate: error: expected room for "
                 << text->size() << " bytes, but got a failure to write '"
                 << outputFile << "'\n";
    file->os().clear_error();
    return 1;
  }
  file->keep();
  return 0;
}
