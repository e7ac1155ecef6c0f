//===- JIT.cpp - host code, compiled in this process ----------------------===//

#include "sparsity/Execution/JIT.h"

#include "HostSymbols.h"

#include "mlir/ExecutionEngine/ExecutionEngine.h"
#include "llvm/ExecutionEngine/Orc/JITTargetMachineBuilder.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"

using namespace mlir;

static LogicalResult report(ModuleOp module, llvm::Error error) {
  return module.emitError("expected host code that LLVM can compile, but got: ")
         << llvm::toString(std::move(error));
}

/// LLVM's pipeline without its loop vectorizer: our loops hold vectors where it
/// matters, and on nests of scalar loops with one iteration the vectorizer of
/// LLVM 22 takes time exponential in their depth (vputils::isSingleScalar).
static llvm::Error optimizeHost(llvm::Module &host,
                                llvm::TargetMachine *target) {
  llvm::PipelineTuningOptions tuning;
  tuning.LoopVectorization = false;
  tuning.LoopInterleaving = false;
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager components;
  llvm::ModuleAnalysisManager modules;
  llvm::PassBuilder builder(target, tuning);
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(components);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, components, modules);
  builder.buildPerModuleDefaultPipeline(llvm::OptimizationLevel::O3)
      .run(host, modules);
  return llvm::Error::success();
}

FailureOr<std::unique_ptr<ExecutionEngine>>
sparsity::createJIT(ModuleOp module, void *(*allocate)(size_t),
                    void (*release)(void *)) {
  static const bool initialized = [] {
    llvm::InitializeNativeTarget();
    llvm::InitializeNativeTargetAsmPrinter();
    return true;
  }();
  (void)initialized;

  auto builder = llvm::orc::JITTargetMachineBuilder::detectHost();
  if (!builder) {
    return report(module, builder.takeError());
  }
  builder->setCodeGenOptLevel(llvm::CodeGenOptLevel::Aggressive);
  auto machine = builder->createTargetMachine();
  if (!machine) {
    return report(module, machine.takeError());
  }
  llvm::TargetMachine *target = machine->get();
  auto optimizeHere = [target](llvm::Module *host) {
    return optimizeHost(*host, target);
  };
  ExecutionEngineOptions options;
  options.transformer = optimizeHere;
  options.jitCodeGenOptLevel = llvm::CodeGenOptLevel::Aggressive;
  options.enableGDBNotificationListener = false;
  options.enablePerfNotificationListener = false;
  auto engine = ExecutionEngine::create(module, options, std::move(*machine));
  if (!engine) {
    return report(module, engine.takeError());
  }
  (*engine)->registerSymbols([&](llvm::orc::MangleAndInterner intern) {
    llvm::orc::SymbolMap symbols;
    auto define = [&](StringRef name, void *address) {
      symbols[intern(name)] = llvm::orc::ExecutorSymbolDef(
          llvm::orc::ExecutorAddr::fromPtr(address),
          llvm::JITSymbolFlags::Exported | llvm::JITSymbolFlags::Callable);
    };
    forEachHostSymbol(define);
    if (allocate && release) {
      define("malloc", reinterpret_cast<void *>(allocate));
      define("free", reinterpret_cast<void *>(release));
    }
    return symbols;
  });
  (*engine)->initialize();
  return std::move(*engine);
}
