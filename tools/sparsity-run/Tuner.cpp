//===- Tuner.cpp - one tile after another on a GPU ------------------------===//

#include "Tuner.h"

#include "Check.h"
#include "Oracle.h"
#include "Progress.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/raw_ostream.h"

#include <cmath>
#include <cstring>
#include <thread>

using namespace mlir;
using namespace mlir::sparsity;
using namespace mlir::sparsity::run;
using runtime::Status;
using runtime::StatusOr;

/// The pipeline options that make every kernel's configuration `config`.
static std::string printOverrides(sparse_tile::ConfigAttr config) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  stream << " tile=";
  llvm::interleave(config.getTile(), stream, ",");
  stream << " warps=";
  llvm::interleave(config.getWarps(), stream, ",");
  stream << " stages=" << config.getStages()
         << " cluster=" << config.getCluster()
         << " splits=" << config.getSplits();
  return text;
}

Status TableLock::take(const std::string &table) {
  if (table.empty()) {
    return Status::success();
  }
  std::string name = table + ".lock";
  std::error_code error =
      llvm::sys::fs::openFileForWrite(name, file, llvm::sys::fs::CD_OpenAlways);
  if (!error) {
    error = llvm::sys::fs::lockFile(file);
  }
  return error ? Status::error("expected to lock " + name + ", but got " +
                               error.message())
               : Status::success();
}

TableLock::~TableLock() {
  if (file != kNone) {
    llvm::sys::Process::SafelyCloseFileDescriptor(file);
  }
}

FailureOr<Program> Tuner::compile(Measurement &measurement) {
  ScopedDiagnosticHandler handler(
      source.getContext(), [&](Diagnostic &diagnostic) {
        if (measurement.problem.empty() &&
            diagnostic.getSeverity() == DiagnosticSeverity::Error) {
          measurement.problem = diagnostic.str();
        }
        return success();
      });
  return compileProgram(source, arguments.entry, target, arguments.allowTF32,
                        options + printOverrides(measurement.config));
}

Status Tuner::prepare(const Program &program) {
  Attribute own = program.function->getAttr(kEntryAbiAttrName);
  if (abi && abi != own) {
    return Status::error(
        "expected the storage of the first tile, but got another");
  }
  if (abi) {
    return Status::success();
  }
  Progress progress("making and packing the inputs");
  if (failed(fillInputs(inputs, program.abi, arguments))) {
    return Status::error("the inputs could not be made");
  }
  FailureOr<std::vector<FlatArgument>> flat =
      flattenArguments(inputs, program.abi, arguments);
  if (failed(flat)) {
    return Status::error("the inputs could not be packed");
  }
  packed = std::move(*flat);
  abi = own;
  return Status::success();
}

StatusOr<std::vector<FlatArgument>> Tuner::makeArguments() const {
  std::vector<FlatArgument> flat = packed;
  for (FlatArgument &argument : flat) {
    if (!argument.isResult) {
      continue;
    }
    // What was packed holds the poison: no kernel writes to it.
    StatusOr<HostTensor> result = argument.buffer->clone();
    if (!result.ok()) {
      return result.status();
    }
    argument.buffer = std::move(*result);
  }
  return flat;
}

Status Tuner::checkFirst(const std::vector<HostTensor> &results) {
  for (const HostTensor &result : results) {
    if (!runtime::isFloat(result.elementType) || !arguments.poison) {
      continue;
    }
    int64_t unwritten = llvm::count_if(
        toDoubles(result), [](double value) { return std::isnan(value); });
    if (unwritten) {
      return Status::error("expected a result without NaN, but got " +
                           std::to_string(unwritten) + " of " +
                           std::to_string(result.count()) + " elements");
    }
  }
  if (arguments.check) {
    Progress progress("computing the expected results");
    FailureOr<std::vector<HostTensor>> expected =
        runOracle(source, arguments.entry, inputs);
    if (failed(expected)) {
      return Status::error("the expected results could not be computed");
    }
    if (!checkResults(source, results, *expected, arguments, target)) {
      return Status::error("the result is not the expected one");
    }
  }
  reference = results;
  return Status::success();
}

Status Tuner::checkAgain(const std::vector<HostTensor> &results) const {
  bool isEqual =
      llvm::all_of(llvm::zip_equal(results, reference), [](const auto &pair) {
        const auto &[result, first] = pair;
        return result.bytes() == first.bytes() &&
               std::memcmp(result.data.get(), first.data.get(),
                           result.bytes()) == 0;
      });
  // Either may err by the tolerance.
  if (isEqual || checkResults(source, results, reference, arguments, target,
                              /*printsAll=*/false, /*factor=*/2)) {
    return Status::success();
  }
  return Status::error("the result is not that of the first tile");
}

Status Tuner::runAlone(Runner &runner) {
  TableLock lock;
  Status status = lock.take(arguments.tuneOutput);
  return status.ok() ? runner.run() : status;
}

StatusOr<Timing> Tuner::timeAlone(Runner &runner) {
  TableLock lock;
  if (Status status = lock.take(arguments.tuneOutput); !status.ok()) {
    return status;
  }
  if (!isWarm) {
    // What follows finds a GPU that is not idle, be it the first tile or not.
    TimingPlan warmup;
    warmup.runs = 1;
    if (StatusOr<Timing> ignored = runner.time(warmup); !ignored.ok()) {
      return ignored;
    }
    isWarm = true;
  }
  // Every tile is timed as cool as the others: load lowers the clock rate.
  constexpr std::chrono::milliseconds kPause(25), kWarmup(1);
  std::this_thread::sleep_for(kPause);
  TimingPlan plan;
  plan.warmup = kWarmup;
  plan.runs = 15;
  return runner.time(plan);
}

Measurement Tuner::measure(sparse_tile::ConfigAttr config) {
  Measurement measurement;
  measurement.config = config;
  FailureOr<Program> program = compile(measurement);
  if (failed(program)) {
    measurement.isRefused = true;
    if (measurement.problem.empty()) {
      measurement.problem = "it does not compile";
    }
    return measurement;
  }
  auto fail = [&](const Status &status) {
    measurement.problem = status.message;
    return measurement;
  };
  if (Status status = prepare(*program); !status.ok()) {
    return fail(status);
  }
  StatusOr<std::vector<FlatArgument>> flat = makeArguments();
  if (!flat.ok()) {
    return fail(flat.status());
  }
  StatusOr<std::unique_ptr<Runner>> runner = createCudaRunner(*program, *flat);
  Status status = runner.ok() ? runAlone(**runner) : runner.status();
  if (status.ok()) {
    std::vector<HostTensor> results = getResults(*flat);
    status = reference.empty() ? checkFirst(results) : checkAgain(results);
  }
  if (!status.ok()) {
    return fail(status);
  }
  StatusOr<Timing> timing = timeAlone(**runner);
  if (!timing.ok()) {
    return fail(timing.status());
  }
  constexpr double kMicroseconds = 1000;
  measurement.microseconds = timing->milliseconds * kMicroseconds;
  return measurement;
}
