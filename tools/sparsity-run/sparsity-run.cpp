//===- sparsity-run.cpp - compiles a program and runs it ------------------===//

#include "Arguments.h"
#include "Check.h"
#include "Inputs.h"
#include "Oracle.h"
#include "Progress.h"
#include "Report.h"
#include "Runner.h"
#include "Tune.h"

#include "sparsity/Dialect/Sparsity/IR/Sparsity.h"
#include "sparsity/Execution/Compile.h"
#include "sparsity/Pipelines/Pipelines.h"
#include "sparsity/Runtime/CudaDriver.h"
#include "sparsity/Target/KnownTargets.h"

#include "mlir/IR/DialectRegistry.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Support/FileUtilities.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/SourceMgr.h"

using namespace mlir;
using namespace mlir::sparsity;
using namespace mlir::sparsity::run;
using runtime::StatusOr;

namespace {
/// Where the program runs, and what it is compiled for.
struct Place {
  bool isCuda = false;
  std::string target = "cpu";
  /// For the report: the GPU's name.
  std::string device = "CPU";
};
} // namespace

/// The newest target that a device of this compute capability runs; "a" targets
/// run on theirs only.
static StatusOr<std::string> getDefaultTarget(const runtime::Device &device) {
  if (const TargetInfo *info = selectGpuTarget(device.major, device.minor)) {
    return info->name.str();
  }
  return runtime::Status::error(
      "expected a GPU of compute capability 8.0 or newer, but got " +
      device.name + " of " + std::to_string(device.major) + "." +
      std::to_string(device.minor));
}

static StatusOr<Place> choosePlace(const Arguments &arguments) {
  Place place;
  if (!arguments.target.empty()) {
    const TargetInfo *info = lookupTarget(arguments.target);
    if (!info) {
      return runtime::Status::error("expected --target among " +
                                    getKnownTargetNames().str() +
                                    ", but got '" + arguments.target + "'");
    }
    bool isGpu = info->kind == TargetKind::Gpu;
    if (isGpu == (arguments.device == DeviceChoice::Cpu) &&
        arguments.device != DeviceChoice::Auto) {
      return runtime::Status::error(
          "expected --target to name a target of the device, but got '" +
          arguments.target + "'");
    }
    if (!isGpu) {
      return place;
    }
  }
  if (arguments.device == DeviceChoice::Cpu) {
    return place;
  }
  StatusOr<runtime::Device> device = runtime::getDevice();
  runtime::Status problem = device.ok() ? runtime::Status() : device.status();
  if (problem.ok()) {
    StatusOr<std::string> target = getDefaultTarget(*device);
    problem = target.ok() ? runtime::Status() : target.status();
    if (problem.ok()) {
      place.isCuda = true;
      place.target = arguments.target.empty() ? *target : arguments.target;
      place.device = device->name;
      return place;
    }
  }
  if (arguments.device == DeviceChoice::Cuda || !arguments.target.empty()) {
    return problem;
  }
  llvm::errs() << "sparsity-run: running on the CPU: " << problem.message
               << "\n";
  return place;
}

static StatusOr<std::unique_ptr<Runner>>
createRunner(const Place &place, const Program &program,
             std::vector<FlatArgument> &flat) {
  return place.isCuda ? createCudaRunner(program, flat)
                      : createCpuRunner(program, flat);
}

/// The time of the program without sparsity on the same inputs. Not every one
/// can be had: without its lists a gate's sum has no kernel on a GPU.
static StatusOr<Timing> timeDense(ModuleOp source, const Arguments &arguments,
                                  const Place &place,
                                  const std::vector<Input> &inputs) {
  std::string reason;
  ScopedDiagnosticHandler handler(
      source.getContext(), [&](Diagnostic &diagnostic) {
        if (reason.empty() &&
            diagnostic.getSeverity() == DiagnosticSeverity::Error) {
          reason = diagnostic.str();
        }
        return success();
      });
  auto fail = [&] {
    return runtime::Status::error(
        reason.empty() ? "the dense program does not compile" : reason);
  };
  OwningOpRef<ModuleOp> denseSource = source.clone();
  // Without sparsity attention visits every key.
  denseSource->walk([](AttentionOp op) {
    op.removeMaskAttr();
    op.getFieldsMutable().clear();
  });
  // The inputs are pruned already: packing is the caller's, dense or not.
  if (failed(runPassPipeline(*denseSource,
                             "sparsity-hoist-packing,sparsity-densify"))) {
    return fail();
  }
  FailureOr<Program> dense = compileProgram(*denseSource, arguments.entry,
                                            place.target, arguments.allowTF32);
  if (failed(dense)) {
    return fail();
  }
  FailureOr<std::vector<FlatArgument>> flat =
      flattenArguments(inputs, dense->abi, arguments);
  if (failed(flat)) {
    return fail();
  }
  StatusOr<std::unique_ptr<Runner>> runner = createRunner(place, *dense, *flat);
  return runner.ok() ? (*runner)->time() : StatusOr<Timing>(runner.status());
}

/// Times `runner`, and the program without sparsity beside it.
static LogicalResult printTimes(ModuleOp source, const Arguments &arguments,
                                const Place &place,
                                const std::vector<Input> &inputs,
                                Runner &runner) {
  StatusOr<Timing> sparse = runner.time();
  if (!sparse.ok()) {
    printError(sparse.status().message);
    return failure();
  }
  StatusOr<Timing> dense = timeDense(source, arguments, place, inputs);
  llvm::outs() << "time: " << llvm::format("%.4f", sparse->milliseconds)
               << " ms, ";
  if (dense.ok()) {
    llvm::outs() << "dense " << llvm::format("%.4f", dense->milliseconds)
                 << " ms, ratio "
                 << llvm::format("%.2f",
                                 dense->milliseconds / sparse->milliseconds);
  } else {
    llvm::outs() << "no dense time: " << dense.status().message;
  }
  llvm::outs() << " (median of " << sparse->runs << " runs, " << place.device
               << ")\n";
  return success();
}

static LogicalResult writeOutputs(const std::vector<HostTensor> &results,
                                  const Arguments &arguments) {
  for (const auto &[number, file] : arguments.outputs) {
    runtime::Status status = writeOutput(file, results[number]);
    if (!status.ok()) {
      printError("result " + std::to_string(number) + ": " + status.message);
      return failure();
    }
  }
  return success();
}

/// Removes what the entry function does not call: it need not compile.
static LogicalResult keepEntry(ModuleOp module, const std::string &entry) {
  for (auto function : module.getOps<FunctionOpInterface>()) {
    if (SymbolTable::getSymbolName(function).getValue() != entry) {
      SymbolTable::setSymbolVisibility(function,
                                       SymbolTable::Visibility::Private);
    }
  }
  return runPassPipeline(module, "symbol-dce");
}

static LogicalResult runProgram(ModuleOp source, Arguments arguments,
                                RemarkCollector &remarks) {
  FailureOr<std::vector<Input>> inputs = readInputs(source, arguments);
  if (succeeded(inputs)) {
    exchangeDensities(source.lookupSymbol<func::FuncOp>(arguments.entry),
                      arguments);
  }
  if (failed(inputs) || failed(keepEntry(source, arguments.entry)) ||
      failed(fillMaskFields(source.lookupSymbol<func::FuncOp>(arguments.entry),
                            *inputs, arguments))) {
    return failure();
  }
  StatusOr<Place> place = choosePlace(arguments);
  if (!place.ok()) {
    printError(place.status().message);
    return failure();
  }
  if (arguments.tune != 0) {
    if (!place->isCuda) {
      printError(
          "expected a GPU to measure tiles on (--tune), but got the CPU");
      return failure();
    }
    return tuneProgram(source, *inputs, arguments, place->target,
                       place->device);
  }
  FailureOr<Program> program = failure();
  {
    Progress progress("compiling for " + place->target);
    remarks.setEnabled(arguments.explain);
    program = compileProgram(source, arguments.entry, place->target,
                             arguments.allowTF32, arguments.pipelineOptions);
    remarks.setEnabled(false);
  }
  if (failed(program)) {
    return failure();
  }
  remarks.print();
  auto getSize = [&](int64_t argument, int64_t dim) {
    return (*inputs)[argument].value.shape[dim];
  };
  if (failed(checkConstraints(program->function, getSize))) {
    return failure();
  }
  FailureOr<std::vector<FlatArgument>> flat = failure();
  {
    Progress progress("making and packing the inputs");
    if (failed(fillInputs(*inputs, program->abi, arguments))) {
      return failure();
    }
    flat = flattenArguments(*inputs, program->abi, arguments);
  }
  if (failed(flat)) {
    return failure();
  }
  StatusOr<std::unique_ptr<Runner>> runner =
      createRunner(*place, *program, *flat);
  runtime::Status status = runner.ok() ? runtime::Status() : runner.status();
  if (status.ok()) {
    Progress progress("running on the " + place->device);
    status = (*runner)->run();
  }
  if (!status.ok()) {
    printError(status.message);
    return failure();
  }
  std::vector<HostTensor> results = getResults(*flat);
  for (auto [number, result] : llvm::enumerate(results)) {
    llvm::outs() << "result " << number << ": " << printShape(result.shape)
                 << " " << runtime::getElementName(result.elementType) << " ("
                 << place->target << ")\n";
  }
  if (failed(writeOutputs(results, arguments))) {
    return failure();
  }
  if (arguments.explain) {
    Progress progress("counting the work");
    explainWork(source, arguments, place->target, program->abi, *flat);
  }
  printSkipped(*inputs, program->abi, *flat, place->target);

  bool ok = true;
  if (arguments.check) {
    FailureOr<std::vector<HostTensor>> expected = failure();
    {
      Progress progress("computing the expected results");
      expected = runOracle(source, arguments.entry, *inputs);
    }
    if (failed(expected)) {
      return failure();
    }
    ok = checkResults(source, results, *expected, arguments, place->target);
  }
  if (arguments.time &&
      failed(printTimes(source, arguments, *place, *inputs, **runner))) {
    return failure();
  }
  return success(ok);
}

int sparsityRunMain(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  std::optional<Arguments> arguments = parseArguments(argc, argv);
  if (!arguments) {
    return 1;
  }
  std::string problem;
  std::unique_ptr<llvm::MemoryBuffer> buffer =
      openInputFile(arguments->program, &problem);
  if (!buffer) {
    printError(problem);
    return 1;
  }
  DialectRegistry registry;
  registerSparsityDialects(registry);
  registerUpstreamDialects(registry);
  registerSparsityPasses();
  registerSparsityPipelines();
  registerUpstreamPasses();
  MLIRContext context(registry);
  context.loadAllAvailableDialects();
  context.printOpOnDiagnostic(false);

  llvm::SourceMgr sources;
  sources.AddNewSourceBuffer(std::move(buffer), llvm::SMLoc());
  SourceMgrDiagnosticHandler diagnostics(sources, &context);
  OwningOpRef<ModuleOp> module = parseSourceFile<ModuleOp>(sources, &context);
  if (!module) {
    return 1;
  }
  RemarkCollector remarks(context);
  return failed(runProgram(*module, *arguments, remarks)) ? 1 : 0;
}
