//===- Program.cpp - compiles a program and loads it ----------------------===//

#include "Runner.h"

#include "sparsity-c/Runtime.h"
#include "sparsity/Execution/Compile.h"
#include "sparsity/Execution/JIT.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace mlir::sparsity;
using namespace mlir::sparsity::run;
using runtime::Status;

/// Loads the compiled `module`.
static FailureOr<Program> loadProgram(OwningOpRef<ModuleOp> compiled,
                                      const std::string &entry) {
  Program program;
  program.module = std::move(compiled);
  ModuleOp module = *program.module;
  Operation *function = lookupEntry(module, entry);
  if (!function) {
    return module.emitError("expected the compiled program to keep @")
           << entry << ", but got none";
  }
  FailureOr<EntryAbi> abi = readEntryAbi(function);
  if (failed(abi) || failed(embedKernels(module))) {
    return failure();
  }
  program.function = function;
  program.abi = std::move(*abi);
  // A wrong count would hand the entry function memory that is not an argument.
  Operation *wrapper = lookupEntry(module, "_mlir_ciface_" + entry);
  auto type = wrapper
                  ? dyn_cast<LLVM::LLVMFunctionType>(
                        cast<FunctionOpInterface>(wrapper).getFunctionType())
                  : LLVM::LLVMFunctionType();
  if (!type || type.getNumParams() != program.abi.size()) {
    return function->emitError(
               "expected the C interface of the compiled function to "
               "take ")
           << program.abi.size() << " arguments, but got "
           << (type ? std::to_string(type.getNumParams())
                    : "no such interface");
  }
  sparsityClearLastError();
  FailureOr<std::unique_ptr<ExecutionEngine>> engine = createJIT(module);
  if (failed(engine)) {
    return failure();
  }
  program.engine = std::move(*engine);
  // Loading kernels happens in global constructors, which have no result.
  if (Status status = runtime::takeLastError(); !status.ok()) {
    return module.emitError("expected kernels that the driver loads, but got: ")
           << status.message;
  }
  auto call = program.engine->lookupPacked("_mlir_ciface_" + entry);
  if (!call) {
    return module.emitError(
               "expected the compiled program to have a C interface "
               "for @")
           << entry << ", but got: " << llvm::toString(call.takeError());
  }
  program.call = *call;
  return program;
}

FailureOr<Program> run::compileProgram(ModuleOp source,
                                       const std::string &entry,
                                       const std::string &target,
                                       bool allowTF32,
                                       const std::string &options) {
  OwningOpRef<ModuleOp> module = source.clone();
  if (failed(compileForTarget(*module, target, allowTF32, options))) {
    return failure();
  }
  return loadProgram(std::move(module), entry);
}

/// Those of `options`, as on the GPU pipeline's command line, that decide how
/// weights are stored.
static std::string selectStorageOptions(StringRef options) {
  std::string selected;
  for (StringRef option : llvm::split(options, ' ')) {
    StringRef name = option.split('=').first;
    if (name == "dense-choice" || name == "instruction" ||
        name == "tuning-table") {
      selected += " " + option.str();
    }
  }
  return selected;
}

FailureOr<Program> run::compileCountingProgram(ModuleOp source,
                                               const std::string &entry,
                                               const std::string &target,
                                               bool allowTF32,
                                               const std::string &options) {
  OwningOpRef<ModuleOp> module = source.clone();
  std::string pipeline = "sparsity-to-cpu{count-only=true target=" + target +
                         " allow-tf32=" + (allowTF32 ? "true" : "false") +
                         selectStorageOptions(options) + "}";
  if (failed(runPassPipeline(*module, pipeline))) {
    return failure();
  }
  return loadProgram(std::move(module), entry);
}

std::vector<int64_t> run::makeDescriptor(const void *data,
                                         llvm::ArrayRef<int64_t> shape) {
  std::vector<int64_t> words(3 + 2 * shape.size());
  words[0] = words[1] = reinterpret_cast<int64_t>(data);
  int64_t stride = 1;
  for (size_t i = shape.size(); i-- > 0;) {
    words[3 + i] = shape[i];
    words[3 + shape.size() + i] = stride;
    stride *= shape[i];
  }
  return words;
}

double run::median(std::vector<double> values) {
  if (values.empty()) {
    return 0;
  }
  llvm::sort(values);
  size_t middle = values.size() / 2;
  return values.size() % 2 ? values[middle]
                           : (values[middle - 1] + values[middle]) / 2;
}
