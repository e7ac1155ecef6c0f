//===- Report.cpp - what the compiler decided and skipped -----------------===//

#include "Report.h"

#include "sparsity-c/Runtime.h"
#include "sparsity/Dialect/SparseTile/IR/DenseWork.h"

#include "mlir/IR/Remarks.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"

#include <set>

using namespace mlir;
using namespace mlir::sparsity;
using namespace mlir::sparsity::run;

//===----------------------------------------------------------------------===//
// Remarks
//===----------------------------------------------------------------------===//

static std::string printLocation(Location location) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  if (auto file = location->findInstanceOf<FileLineColLoc>()) {
    stream << file.getFilename().getValue() << ":" << file.getLine() << ":"
           << file.getColumn() << ": ";
  }
  return text;
}

namespace {
class Streamer : public remark::detail::MLIRRemarkStreamerBase {
public:
  using Add = std::function<void(Location, const std::string &)>;
  explicit Streamer(Add add) : add(std::move(add)) {}

  void streamOptimizationRemark(const remark::detail::Remark &remark) override {
    std::string text;
    llvm::raw_string_ostream stream(text);
    stream << remark.getRemarkName() << ": ";
    for (const remark::detail::Remark::Arg &argument : remark.getArgs()) {
      // Text streamed into a remark arrives in pieces under this key.
      if (argument.key != "Remark") {
        stream << ", " << argument.key << " = ";
      }
      stream << argument.val;
    }
    add(remark.getLocation(), text);
  }

private:
  Add add;
};
} // namespace

RemarkCollector::RemarkCollector(MLIRContext &context)
    : handler(&context, [this](Diagnostic &diagnostic) {
        if (diagnostic.getSeverity() != DiagnosticSeverity::Remark) {
          return failure();
        }
        add(diagnostic.getLocation(), diagnostic.str());
        return success();
      }) {
  remark::RemarkCategories categories;
  // Each kind that is not named is off, whatever `all` says.
  categories.passed = categories.missed = categories.analysis =
      categories.failed = ".*";
  (void)remark::enableOptimizationRemarks(
      context,
      std::make_unique<Streamer>(
          [this](Location location, const std::string &message) {
            add(location, message);
          }),
      std::make_unique<remark::RemarkEmittingPolicyAll>(), categories);
}

void RemarkCollector::add(Location location, const std::string &message) {
  if (isEnabled) {
    lines.push_back(printLocation(location) + "remark: " + message);
  }
}

void RemarkCollector::print() const {
  std::set<std::string> seen;
  for (const std::string &line : lines) {
    if (seen.insert(line).second) {
      llvm::outs() << line << "\n";
    }
  }
}

//===----------------------------------------------------------------------===//
// What is skipped
//===----------------------------------------------------------------------===//

static constexpr double kPercent = 100;

static double getPercent(double part, double whole) {
  return whole > 0 ? kPercent * part / whole : 0;
}

static std::string printBytes(double bytes) {
  constexpr double kThousand = 1000;
  constexpr const char *kUnits[] = {"B", "kB", "MB", "GB", "TB"};
  size_t unit = 0;
  while (bytes >= kThousand && unit + 1 < std::size(kUnits)) {
    bytes /= kThousand;
    ++unit;
  }
  std::string text;
  llvm::raw_string_ostream stream(text);
  stream << llvm::format(unit ? "%.1f " : "%.0f ", bytes) << kUnits[unit];
  return text;
}

/// The sums of one run of `program` on `flat`, by number of the schedule.
static runtime::StatusOr<std::vector<SparsityWorkCounts>>
countWork(const Program &program, std::vector<FlatArgument> flat) {
  // Results are not those of the program.
  for (FlatArgument &argument : flat) {
    if (!argument.isResult) {
      continue;
    }
    runtime::StatusOr<HostTensor> scratch = HostTensor::create(
        argument.buffer->elementType, argument.buffer->shape);
    if (!scratch.ok()) {
      return scratch.status();
    }
    argument.buffer = std::move(*scratch);
  }
  runtime::StatusOr<std::unique_ptr<Runner>> runner =
      createCpuRunner(program, flat);
  if (!runner.ok()) {
    return runner.status();
  }
  sparsityResetWorkCounts();
  if (runtime::Status status = (*runner)->run(); !status.ok()) {
    return status;
  }
  std::vector<SparsityWorkCounts> counts(sparsityReadWorkCounts(nullptr, 0));
  sparsityReadWorkCounts(counts.data(), static_cast<int64_t>(counts.size()));
  sparsityResetWorkCounts();
  return counts;
}

void run::explainWork(ModuleOp source, const Arguments &arguments,
                      const std::string &target, const EntryAbi &abi,
                      const std::vector<FlatArgument> &flat) {
  std::string problem;
  FailureOr<Program> program = failure();
  {
    // The program itself has compiled: its report is no reason to fail.
    ScopedDiagnosticHandler handler(
        source.getContext(), [&](Diagnostic &diagnostic) {
          if (problem.empty() &&
              diagnostic.getSeverity() == DiagnosticSeverity::Error) {
            problem = diagnostic.str();
          }
          return success();
        });
    program =
        compileCountingProgram(source, arguments.entry, target,
                               arguments.allowTF32, arguments.pipelineOptions);
  }
  auto isSame = [](const EntryArgument &left, const EntryArgument &right) {
    return left.kind == right.kind && left.type == right.type;
  };
  if (succeeded(program) && !llvm::equal(program->abi, abi, isSame)) {
    problem = "its weights would be stored in another form";
    program = failure();
  }
  if (failed(program)) {
    llvm::outs() << "explain: no work counts: " << problem << "\n";
    return;
  }
  runtime::StatusOr<std::vector<SparsityWorkCounts>> counts =
      countWork(*program, flat);
  if (!counts.ok()) {
    llvm::outs() << "explain: no work counts: " << counts.status().message
                 << "\n";
    return;
  }
  auto locations =
      (*program->module)->getAttrOfType<ArrayAttr>(sparse_tile::kSchedulesAttr);
  for (auto [number, sums] : llvm::enumerate(*counts)) {
    // Elementwise kernels have no loop.
    if (sums.steps == 0 && sums.totalSteps == 0) {
      continue;
    }
    llvm::outs() << "explain: kernel " << number;
    auto location = locations && number < locations.size()
                        ? dyn_cast<LocationAttr>(locations[number])
                        : LocationAttr();
    if (auto file = location ? location.findInstanceOf<FileLineColLoc>()
                             : FileLineColLoc()) {
      llvm::outs() << " (line " << file.getLine() << ")";
    }
    auto bytes = static_cast<double>(sums.bytes);
    auto denseBytes = static_cast<double>(sums.denseBytes);
    llvm::outs() << ": tiles " << sums.steps << " of " << sums.totalSteps
                 << " ("
                 << llvm::format(
                        "%.1f",
                        getPercent(static_cast<double>(sums.steps),
                                   static_cast<double>(sums.totalSteps)))
                 << " %), bytes " << printBytes(bytes) << " of "
                 << printBytes(denseBytes) << " ("
                 << llvm::format("%.1f", getPercent(bytes, denseBytes))
                 << " %)\n";
  }
}

void run::printSkipped(const std::vector<Input> &inputs, const EntryAbi &abi,
                       const std::vector<FlatArgument> &flat,
                       const std::string &target) {
  double storedBytes = 0, denseBytes = 0;
  std::set<int64_t> encoded;
  for (const auto &[argument, actual] : llvm::zip_equal(abi, flat)) {
    if (argument.kind != EntryArgument::Kind::Field) {
      continue;
    }
    storedBytes += static_cast<double>(actual.buffer->bytes());
    if (encoded.insert(argument.index).second) {
      denseBytes += static_cast<double>(inputs[argument.index].value.bytes());
    }
  }
  llvm::outs() << "skipped: "
               << llvm::format("%.1f",
                               getPercent(denseBytes - storedBytes, denseBytes))
               << " % of weight bytes"
               << (storedBytes > denseBytes ? ", padding included" : "") << " ("
               << target << ")\n";
}
