//===- Report.cpp - what the compiler decided and skipped -----------------===//

#include "Report.h"

#include "sparsity/Dialect/Sparsity/IR/Sparsity.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
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

/// The share of the multiply-adds with an operand of this storage that the
/// compiled program does without: what an instruction that takes the compressed
/// operand leaves out (2:4, or 1:2 for 32-bit elements). Formats that are
/// expanded save bytes only, masks save neither.
static double getSkippedShare(RankedTensorType type) {
  bool isNative =
      getSparsityEncoding(type).getStorageLayout() == StorageLayout::CoreMatrix;
  return isNative ? 0.5 : 0.0;
}

/// The function argument that `value` holds, through ops that move nothing.
static BlockArgument traceArgument(Value value) {
  while (Operation *op = value.getDefiningOp()) {
    if (!isa<EncodeOp, PruneOp, DecodeOp>(op) &&
        op->getName().getStringRef() != "tensor.cast" &&
        op->getName().getStringRef() != "linalg.transpose") {
      return {};
    }
    value = op->getOperand(0);
  }
  return cast<BlockArgument>(value);
}

void run::printSkipped(ModuleOp source, const std::string &entry,
                       const std::vector<Input> &inputs, const EntryAbi &abi,
                       const std::vector<FlatArgument> &flat,
                       const std::string &target) {
  auto function = source.lookupSymbol<func::FuncOp>(entry);
  double storedBytes = 0, denseBytes = 0;
  std::map<int64_t, RankedTensorType> encoded;
  for (const auto &[argument, actual] : llvm::zip_equal(abi, flat)) {
    if (argument.kind != EntryArgument::Kind::Field) {
      continue;
    }
    storedBytes += static_cast<double>(actual.buffer->bytes());
    auto type = cast<RankedTensorType>(argument.type);
    const HostTensor &value = inputs[argument.index].value;
    auto concrete = RankedTensorType::get(value.shape, type.getElementType(),
                                          type.getEncoding());
    if (encoded.emplace(argument.index, concrete).second) {
      denseBytes += static_cast<double>(value.bytes());
    }
  }

  // Dynamic loops of a program run over its one symbol (tokens); its value then
  // does not change a share.
  int64_t symbol = 1;
  for (const Input &input : inputs) {
    auto type = dyn_cast<RankedTensorType>(input.type);
    for (int64_t i = 0; type && i < type.getRank(); ++i) {
      symbol = type.isDynamicDim(i) ? std::max<int64_t>(1, input.value.shape[i])
                                    : symbol;
    }
  }
  double total = 0, skipped = 0;
  function.walk([&](linalg::LinalgOp op) {
    if (!op.getNumReductionLoops() || op.getNumDpsInputs() < 2) {
      return;
    }
    double work = 1;
    for (int64_t size : op.getStaticLoopRanges()) {
      work *= static_cast<double>(size < 0 ? symbol : size);
    }
    double share = 1;
    for (Value operand : op.getDpsInputs()) {
      BlockArgument argument = traceArgument(operand);
      auto found =
          argument ? encoded.find(argument.getArgNumber()) : encoded.end();
      if (found != encoded.end()) {
        share *= 1 - getSkippedShare(found->second);
      }
    }
    total += work;
    skipped += work * (1 - share);
  });
  constexpr double kPercent = 100;
  llvm::outs() << "skipped: "
               << llvm::format("%.1f",
                               total > 0 ? kPercent * skipped / total : 0)
               << " % of multiply-adds, "
               << llvm::format("%.1f",
                               denseBytes > 0
                                   ? kPercent * (1 - storedBytes / denseBytes)
                                   : 0)
               << " % of weight bytes"
               << (storedBytes > denseBytes ? ", padding included" : "") << " ("
               << target << ")\n";
}
