//===- Tune.cpp - measures the tiles of a program's kernel ----------------===//
//
// The tiles come from sparsity-select-config (`tuning-candidates`), and each
// goes through the same pipeline again as its options `tile`, `warps`,
// `stages`, `cluster` and `splits`. These hold for every kernel, so that a
// program has one.
//
//===----------------------------------------------------------------------===//

#include "Tune.h"

#include "Tuner.h"

#include "sparsity/Dialect/Sparsity/Transforms/TuningCandidates.h"
#include "sparsity/Execution/Compile.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Builders.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace mlir::sparsity;
using namespace mlir::sparsity::run;

//===----------------------------------------------------------------------===//
// What to measure
//===----------------------------------------------------------------------===//

/// Gives dense arguments and the results the extents of this run: tiles are
/// chosen for sizes that the program says.
static LogicalResult specialize(func::FuncOp function,
                                std::vector<Input> &inputs) {
  Block &body = function.getBody().front();
  OpBuilder builder = OpBuilder::atBlockBegin(&body);
  for (auto [argument, input] : llvm::zip_equal(body.getArguments(), inputs)) {
    auto type = dyn_cast<RankedTensorType>(argument.getType());
    if (!type || type.hasStaticShape() || type.getEncoding()) {
      continue;
    }
    auto known =
        RankedTensorType::get(input.value.shape, type.getElementType());
    argument.setType(known);
    auto cast =
        tensor::CastOp::create(builder, argument.getLoc(), type, argument);
    argument.replaceAllUsesExcept(cast, cast);
    input.type = known;
  }
  auto setType = [&](TypeRange results) {
    function.setFunctionType(FunctionType::get(
        function.getContext(), body.getArgumentTypes(), results));
  };
  setType(function.getResultTypes());
  if (failed(runPassPipeline(function->getParentOfType<ModuleOp>(),
                             "canonicalize"))) {
    return failure();
  }
  // A result of another type than what the kernel stores would be a copy.
  Operation *end = function.getBody().back().getTerminator();
  for (OpOperand &result : end->getOpOperands()) {
    if (auto cast = result.get().getDefiningOp<tensor::CastOp>()) {
      result.set(cast.getSource());
    }
  }
  setType(end->getOperandTypes());
  return success();
}

/// The candidates of the program's one kernel.
static FailureOr<TuningCandidates> findCandidates(ModuleOp source,
                                                  const Arguments &arguments,
                                                  const std::string &target) {
  OwningOpRef<ModuleOp> module = source.clone();
  std::string options = arguments.pipelineOptions +
                        " tuning-candidates=" + std::to_string(arguments.tune);
  if (failed(compileForTarget(*module, target, arguments.allowTF32, options))) {
    return failure();
  }
  FailureOr<SmallVector<TuningCandidates>> kernels =
      readTuningCandidates(*module);
  if (failed(kernels)) {
    return failure();
  }
  Operation *entry = lookupEntry(source, arguments.entry);
  if (kernels->empty()) {
    return entry->emitError("expected a program with a kernel of warpgroups "
                            "(wgmma) to tune, but got none on ")
           << target << "; a run with --explain says why";
  }
  Operation *compiled = lookupEntry(*module, arguments.entry);
  auto launches = compiled
                      ? compiled->getAttrOfType<ArrayAttr>(kLaunchesAttrName)
                      : ArrayAttr();
  size_t count = std::max(kernels->size(), launches ? launches.size() : 0);
  if (count != 1) {
    Location location =
        kernels->size() > 1 ? (*kernels)[1].location : entry->getLoc();
    return emitError(location)
           << "expected a program of one kernel to tune, but got " << count;
  }
  TuningCandidates found = std::move(kernels->front());
  if (ShapedType::isDynamic(found.key.rows) ||
      ShapedType::isDynamic(found.key.columns)) {
    return emitError(found.location)
           << "expected a kernel of static extents to tune, but got an encoded "
              "operand of unknown size";
  }
  return found;
}

//===----------------------------------------------------------------------===//
// The report and the table
//===----------------------------------------------------------------------===//

static void printHeader(const TuningKey &key, const std::string &device) {
  llvm::outs() << "tune: " << stringifyMultiplyType(key.type) << " "
               << key.format << ", " << key.rows << " rows, reduction "
               << key.reduction << ", " << key.columns << " columns";
  if (key.density != 0) {
    llvm::outs() << ", density " << llvm::format("%g", key.density);
  }
  llvm::outs() << " (" << key.target << ", " << device << ")\n"
               << "      tile  consumers  stages  cluster  splits  "
                  "microseconds\n";
}

static void printMeasurement(const Measurement &measurement) {
  sparse_tile::ConfigAttr config = measurement.config;
  std::string tile = std::to_string(config.getTile()[0]) + "x" +
                     std::to_string(config.getTile()[1]);
  llvm::outs() << llvm::format("%10s  %9lld  %6lld  %7lld  %6lld  ",
                               tile.c_str(),
                               static_cast<long long>(config.getWarps()[0] / 4),
                               static_cast<long long>(config.getStages()),
                               static_cast<long long>(config.getCluster()),
                               static_cast<long long>(config.getSplits()));
  if (measurement.problem.empty()) {
    llvm::outs() << llvm::format("%12.2f", measurement.microseconds) << "\n";
  } else {
    llvm::outs() << (measurement.isRefused ? "refused: " : "FAILED: ")
                 << measurement.problem << "\n";
  }
  // A run takes minutes; a pipe would keep the lines back.
  llvm::outs().flush();
}

static TuningRow makeRow(const TuningKey &key, const Measurement &best) {
  sparse_tile::ConfigAttr config = best.config;
  return {key,
          config.getTile()[0],
          config.getTile()[1],
          config.getWarps()[0] / 4,
          config.getStages(),
          config.getCluster(),
          config.getSplits(),
          best.microseconds};
}

/// The table that the file holds; an empty one if there is no file.
static llvm::Expected<TuningTable> readTable(const std::string &file) {
  if (file.empty() || !llvm::sys::fs::exists(file)) {
    return TuningTable();
  }
  return TuningTable::read(file);
}

LogicalResult run::tuneProgram(ModuleOp source, std::vector<Input> &inputs,
                               const Arguments &arguments,
                               const std::string &target,
                               const std::string &device) {
  // Before minutes of measuring.
  if (llvm::Expected<TuningTable> table = readTable(arguments.tuneOutput);
      !table) {
    printError(llvm::toString(table.takeError()));
    return failure();
  }
  auto function = source.lookupSymbol<func::FuncOp>(arguments.entry);
  if (failed(specialize(function, inputs))) {
    return failure();
  }
  FailureOr<TuningCandidates> candidates =
      findCandidates(source, arguments, target);
  if (failed(candidates)) {
    return failure();
  }
  printHeader(candidates->key, device);
  Tuner tuner(source, inputs, arguments, target, arguments.pipelineOptions);
  std::optional<Measurement> best;
  bool ok = true;
  for (sparse_tile::ConfigAttr config : candidates->configs) {
    Measurement measurement = tuner.measure(config);
    printMeasurement(measurement);
    if (measurement.problem.empty() &&
        (!best || measurement.microseconds < best->microseconds)) {
      best = measurement;
    }
    ok = ok && (measurement.problem.empty() || measurement.isRefused);
  }
  if (!ok || !best) {
    printError(ok ? "expected a tile that the compiler takes, but got none"
                  : "expected the same result with every tile, but got a "
                    "failure: nothing was written");
    return failure();
  }
  TuningRow row = makeRow(candidates->key, *best);
  llvm::outs() << "best: " << printTuningRow(row) << "\n";
  if (arguments.tuneOutput.empty()) {
    return success();
  }
  // Again: another run may have written meanwhile.
  TableLock lock;
  if (runtime::Status status = lock.take(arguments.tuneOutput); !status.ok()) {
    printError(status.message);
    return failure();
  }
  llvm::Expected<TuningTable> table = readTable(arguments.tuneOutput);
  if (!table) {
    printError(llvm::toString(table.takeError()));
    return failure();
  }
  table->set(row);
  if (llvm::Error problem = table->write(arguments.tuneOutput)) {
    printError(llvm::toString(std::move(problem)));
    return failure();
  }
  return success();
}
