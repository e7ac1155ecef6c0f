//===- Check.cpp - results against the oracle -----------------------------===//
//
// Two conditions, t being the tolerance of the result's type:
//
//   sqrt(sum of squared errors) <= t * sqrt(sum of squared expected values)
//   |error| <= 2 t |expected| + t * r, r being the largest root mean square of
//              the expected values: of all, or of the element's row or column
//
// The first is the error of the result as a whole; the second finds a few
// elements that are wrong among many, and allows one rounding to the other
// neighbour. Rows and columns count apart because they may have sums of very
// different sizes: an attention row of one key beside one of thousands, a full
// row of blocks beside an empty one. t is the distance of two neighbours in the
// type, relative to their size, or for f32, where the sum's order is what
// counts, the error of a sum of many terms, and more where the target keeps
// fewer bits of sums of 8-bit floats. Integers have to be equal.
//
//===----------------------------------------------------------------------===//

#include "Check.h"

#include "sparsity/Target/KnownTargets.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"

#include <algorithm>
#include <cmath>

using namespace mlir;
using namespace mlir::sparsity;
using namespace mlir::sparsity::run;
using runtime::ElementType;

static double getTolerance(ElementType type) {
  switch (type) {
  case ElementType::F8E5M2:
    return 0.16;
  case ElementType::F8E4M3FN:
    return 0.08;
  case ElementType::BF16:
    return 1e-2;
  case ElementType::F16:
    return 1e-3;
  case ElementType::F32:
  case ElementType::F64: // the program's own sums are in f32
    return 1e-5;
  default:
    return 0;
  }
}

/// The longest sum in the program, as far as its sizes are static.
static int64_t getLongestSum(ModuleOp module) {
  int64_t longest = 1;
  module.walk([&](linalg::LinalgOp op) {
    int64_t terms = 1;
    for (auto [size, iterator] : llvm::zip_equal(op.getStaticLoopRanges(),
                                                 op.getIteratorTypesArray())) {
      if (iterator == utils::IteratorType::reduction && size > 0) {
        terms *= size;
      }
    }
    longest = std::max(longest, terms);
  });
  return longest;
}

/// The coarsest type that values of the program are rounded to on their way.
static double getRoundingTolerance(ModuleOp module) {
  double tolerance = 0;
  auto consider = [&](Type type) {
    if (std::optional<ElementType> element =
            getElementType(getElementTypeOrSelf(type))) {
      tolerance = std::max(tolerance, getTolerance(*element));
    }
  };
  module.walk([&](Operation *op) {
    if (isa<arith::TruncFOp>(op)) {
      consider(op->getResult(0).getType());
    }
    // A contraction's own result is rounded to its type before it is used
    // again.
    if (auto linalgOp = dyn_cast<linalg::LinalgOp>(op)) {
      if (linalgOp.getNumReductionLoops()) {
        llvm::for_each(op->getResultTypes(), consider);
      }
    }
    if (op->getName().getStringRef() == "sparsity.attention") {
      llvm::for_each(op->getOperandTypes(), consider);
    }
  });
  return tolerance;
}

/// Whether a contraction multiplies 8-bit floats.
static bool multipliesFloat8(ModuleOp module) {
  WalkResult found = module.walk([](linalg::LinalgOp op) {
    bool all = op.getNumReductionLoops() != 0 &&
               llvm::all_of(op.getDpsInputs(), [](Value operand) {
                 Type element = getElementTypeOrSelf(operand.getType());
                 return isa<FloatType>(element) &&
                        element.getIntOrFloatBitWidth() == 8;
               });
    return all ? WalkResult::interrupt() : WalkResult::advance();
  });
  return found.wasInterrupted();
}

static double settleTolerance(ModuleOp module, ElementType type,
                              const Arguments &arguments, StringRef target) {
  // Rounding both operands to 10 bits errs by 3e-4 of the result's scale on
  // average; single elements by several times that.
  constexpr double kTF32 = 2e-3;
  constexpr double kSumOfTolerance = 4096;
  if (arguments.tolerance >= 0) {
    return arguments.tolerance;
  }
  if (!runtime::isFloat(type)) {
    return 0;
  }
  double tolerance = std::max(getTolerance(type), getRoundingTolerance(module));
  if (arguments.allowTF32) {
    tolerance = std::max(tolerance, kTF32);
  }
  double length = static_cast<double>(getLongestSum(module)) / kSumOfTolerance;
  if (const TargetInfo *info = lookupTarget(target);
      info && info->float8SumError > 0 && multipliesFloat8(module)) {
    tolerance =
        std::max(tolerance, info->float8SumError * std::max(1.0, length));
  }
  // The error of a sum in f32 grows with the root of its length.
  double growth = std::sqrt(length);
  return std::max(tolerance,
                  getTolerance(ElementType::F32) * std::max(1.0, growth));
}

static std::string printIndex(int64_t element, ArrayRef<int64_t> shape) {
  SmallVector<int64_t> index(shape.size());
  for (size_t i = shape.size(); i-- > 0;) {
    index[i] = element % shape[i];
    element /= shape[i];
  }
  std::string text;
  for (int64_t position : index) {
    text += (text.empty() ? "" : ", ") + std::to_string(position);
  }
  return "[" + text + "]";
}

/// The root mean square of the finite values on each line along a dimension of
/// `extent` values that lie `stride` apart, for every element.
static void raiseToLines(const std::vector<double> &values, size_t extent,
                         size_t stride, std::vector<double> &scale) {
  for (size_t first = 0; extent != 0 && first < values.size(); ++first) {
    if (first / stride % extent != 0) {
      continue;
    }
    double sum = 0;
    for (size_t i = 0; i < extent; ++i) {
      double value = values[first + i * stride];
      sum += std::isfinite(value) ? value * value : 0;
    }
    double line = std::sqrt(sum / extent);
    for (size_t i = 0; i < extent; ++i) {
      double &here = scale[first + i * stride];
      here = std::max(here, line);
    }
  }
}

static bool checkResult(size_t number, const HostTensor &result,
                        const HostTensor &expected, double tolerance,
                        bool printsAll) {
  constexpr int kShown = 5;
  llvm::raw_ostream &out = llvm::outs();
  std::string label = "check: result " + std::to_string(number) + ": ";
  if (!llvm::equal(result.shape, expected.shape)) {
    out << label << "expected shape " << printShape(expected.shape)
        << ", but got " << printShape(result.shape) << ": FAILED\n";
    return false;
  }
  std::vector<double> got = toDoubles(result), want = toDoubles(expected);
  double sumOfSquares = 0;
  for (double value : want) {
    sumOfSquares += std::isfinite(value) ? value * value : 0;
  }
  double rms = want.empty() ? 0 : std::sqrt(sumOfSquares / want.size());
  std::vector<double> scale(want.size(), rms);
  if (size_t rank = expected.shape.size(); rank >= 2) {
    size_t columns = expected.shape[rank - 1];
    raiseToLines(want, columns, 1, scale);
    raiseToLines(want, expected.shape[rank - 2], columns, scale);
  }
  double largest = 0, sumOfErrors = 0;
  std::vector<size_t> wrong;
  size_t wrongCount = 0;
  for (size_t i = 0; i < want.size(); ++i) {
    double error = std::fabs(got[i] - want[i]);
    bool same =
        got[i] == want[i] || (std::isnan(got[i]) && std::isnan(want[i]));
    if (same) {
      continue;
    }
    bool close =
        std::isfinite(error) &&
        error <= 2 * tolerance * std::fabs(want[i]) + tolerance * scale[i];
    largest = std::isnan(error) || std::isnan(largest)
                  ? std::nan("")
                  : std::max(largest, error);
    sumOfErrors += error * error;
    if (!close) {
      ++wrongCount;
      if (wrong.size() < kShown) {
        wrong.push_back(i);
      }
    }
  }
  double relative =
      sumOfErrors == 0 ? 0 : std::sqrt(sumOfErrors) / std::sqrt(sumOfSquares);
  bool ok = wrongCount == 0 && relative <= tolerance;
  if (ok && !printsAll) {
    return true;
  }
  out << label << "max abs error " << llvm::format("%.3g", largest)
      << ", relative (Frobenius) error " << llvm::format("%.3g", relative)
      << ", tolerance " << llvm::format("%.3g", tolerance) << ": "
      << (ok ? "ok" : "FAILED") << "\n";
  for (size_t element : wrong) {
    out << "  at " << printIndex(element, result.shape) << ": expected "
        << llvm::format("%.9g", want[element]) << ", but got "
        << llvm::format("%.9g", got[element]) << "\n";
  }
  if (wrongCount > wrong.size()) {
    out << "  and " << wrongCount - wrong.size() << " more of " << want.size()
        << " elements\n";
  }
  return ok;
}

bool run::checkResults(ModuleOp source, const std::vector<HostTensor> &results,
                       const std::vector<HostTensor> &expected,
                       const Arguments &arguments, StringRef target,
                       bool printsAll, double factor) {
  if (results.size() != expected.size()) {
    printError("expected " + std::to_string(expected.size()) +
               " results, but got " + std::to_string(results.size()));
    return false;
  }
  bool ok = true;
  for (size_t i = 0; i < results.size(); ++i) {
    double tolerance = factor * settleTolerance(source, results[i].elementType,
                                                arguments, target);
    ok = checkResult(i, results[i], expected[i], tolerance, printsAll) && ok;
  }
  return ok;
}
