//===- PTX.cpp - LLVM's NVPTX back end on a gpu.module --------------------===//

#include "sparsity/Execution/PTX.h"

#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/ExecutionEngine/OptUtils.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/IR/DiagnosticInfo.h"
#include "llvm/IR/DiagnosticPrinter.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/Instructions.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/CrashRecoveryContext.h"
#include "llvm/Support/ErrorHandling.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Target/TargetMachine.h"

using namespace mlir;

extern "C" {
void LLVMInitializeNVPTXTarget();
void LLVMInitializeNVPTXTargetInfo();
void LLVMInitializeNVPTXTargetMC();
void LLVMInitializeNVPTXAsmPrinter();
}

static constexpr unsigned kOptimizationLevel = 3;

/// Addresses in shared memory fit 32 bits; kernels are made of them, and as
/// 64-bit ones they cost registers. The back end has no other switch.
static void useShortPointers() {
  auto &options = llvm::cl::getRegisteredOptions();
  auto found = options.find("nvptx-short-ptr");
  if (found != options.end()) {
    static_cast<llvm::cl::opt<bool> *>(found->second)->setValue(true);
  }
}

static const llvm::Target *lookupNVPTX(const llvm::Triple &triple,
                                       std::string &problem) {
  static const bool initialized = [] {
    LLVMInitializeNVPTXTarget();
    LLVMInitializeNVPTXTargetInfo();
    LLVMInitializeNVPTXTargetMC();
    LLVMInitializeNVPTXAsmPrinter();
    useShortPointers();
    return true;
  }();
  (void)initialized;
  return llvm::TargetRegistry::lookupTarget(triple, problem);
}

/// llvm.inline_asm cannot say `convergent`, which PTX that acts on a whole warp
/// needs; Clang marks all assembly in device code so.
static void markAssemblyConvergent(llvm::Module &module) {
  for (llvm::Function &function : module) {
    for (llvm::Instruction &instruction : llvm::instructions(function)) {
      auto *call = llvm::dyn_cast<llvm::CallInst>(&instruction);
      if (call && call->isInlineAsm()) {
        call->addFnAttr(llvm::Attribute::Convergent);
      }
    }
  }
}

namespace {
/// What one code generation owns. It is abandoned, not destroyed, when the code
/// generator gives up halfway: what it leaves behind cannot be destroyed
/// safely.
struct Generation {
  llvm::LLVMContext context;
  std::unique_ptr<llvm::Module> module;
  std::unique_ptr<llvm::TargetMachine> machine;
  llvm::SmallString<0> text;
  llvm::raw_svector_ostream stream{text};
  llvm::legacy::PassManager passes;
  std::string problem;
};
} // namespace

/// LLVM's own handler would print an error and end the process.
static void collectError(const llvm::DiagnosticInfo *info, void *problem) {
  if (info->getSeverity() != llvm::DS_Error) {
    return;
  }
  llvm::raw_string_ostream stream(*static_cast<std::string *>(problem));
  llvm::DiagnosticPrinterRawOStream printer(stream);
  info->print(printer);
}

static void leaveFatalError(void *problem, const char *reason, bool) {
  *static_cast<std::string *>(problem) = reason;
  if (auto *recovery = llvm::CrashRecoveryContext::GetCurrent()) {
    recovery->HandleExit(/*RetCode=*/1);
  }
}

FailureOr<std::string> sparsity::emitPTX(gpu::GPUModuleOp module) {
  ArrayAttr targets = module.getTargetsAttr();
  auto target = targets && !targets.empty()
                    ? dyn_cast<NVVM::NVVMTargetAttr>(targets[0])
                    : NVVM::NVVMTargetAttr();
  if (!target) {
    return module.emitError("expected a gpu.module with an #nvvm.target, but "
                            "got none");
  }
  llvm::Triple triple(target.getTriple());
  std::string problem;
  const llvm::Target *backend = lookupNVPTX(triple, problem);
  if (!backend) {
    return module.emitError("expected a build of LLVM with the NVPTX back end, "
                            "but got: ")
           << problem;
  }
  auto generation = std::make_unique<Generation>();
  generation->context.setDiagnosticHandlerCallBack(collectError,
                                                   &generation->problem);
  generation->module =
      translateModuleToLLVMIR(module, generation->context, module.getName());
  if (!generation->module) {
    return module.emitError("expected kernels in the LLVM dialect, but got a "
                            "module that has no translation to LLVM IR");
  }
  llvm::Module &llvmModule = *generation->module;
  markAssemblyConvergent(llvmModule);
  generation->machine.reset(backend->createTargetMachine(
      triple, target.getChip(), target.getFeatures(), {}, std::nullopt,
      std::nullopt, llvm::CodeGenOptLevel::Aggressive));
  llvmModule.setTargetTriple(triple);
  llvmModule.setDataLayout(generation->machine->createDataLayout());

  // "Cannot select" and the like are report_fatal_error(), which aborts.
  llvm::ScopedFatalErrorHandler handler(leaveFatalError, &generation->problem);
  llvm::CrashRecoveryContext::Enable();
  bool finished = false;
  {
    llvm::CrashRecoveryContext recovery;
    finished = recovery.RunSafely([&] {
      auto optimize = makeOptimizingTransformer(
          kOptimizationLevel, /*sizeLevel=*/0, generation->machine.get());
      if (llvm::Error error = optimize(&llvmModule)) {
        generation->problem = llvm::toString(std::move(error));
        return;
      }
      if (generation->machine->addPassesToEmitFile(
              generation->passes, generation->stream, nullptr,
              llvm::CodeGenFileType::AssemblyFile)) {
        generation->problem = "the back end emits no assembly";
        return;
      }
      generation->passes.run(llvmModule);
    });
  }
  llvm::CrashRecoveryContext::Disable();
  if (!finished || !generation->problem.empty()) {
    module.emitError("expected kernels that LLVM can compile for ")
        << target.getChip() << ", but got: "
        << (generation->problem.empty()
                ? StringRef("a crash in LLVM")
                : StringRef(generation->problem).trim());
    if (!finished) {
      (void)generation.release();
    }
    return failure();
  }
  return std::string(generation->text.str());
}
