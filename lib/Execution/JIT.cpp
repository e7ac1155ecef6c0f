//===- JIT.cpp - host code, compiled in this process ----------------------===//

#include "sparsity/Execution/JIT.h"

#include "HostSymbols.h"

#include "mlir/ExecutionEngine/ExecutionEngine.h"
#include "mlir/ExecutionEngine/OptUtils.h"
#include "llvm/ExecutionEngine/Orc/JITTargetMachineBuilder.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"

using namespace mlir;

static constexpr unsigned kOptimizationLevel = 3;

static LogicalResult report(ModuleOp module, llvm::Error error) {
  return module.emitError("expected host code that LLVM can compile, but got: ")
         << llvm::toString(std::move(error));
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
  auto optimize = makeOptimizingTransformer(kOptimizationLevel,
                                            /*sizeLevel=*/0, machine->get());
  ExecutionEngineOptions options;
  options.transformer = optimize;
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
