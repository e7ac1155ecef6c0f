//===- SparsityExpandMath.cpp - math functions as polynomials -------------===//

#include "sparsity/Conversion/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Math/Transforms/Passes.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace mlir::sparsity {
#define GEN_PASS_DEF_SPARSITYEXPANDMATHPASS
#include "sparsity/Conversion/Passes.h.inc"
} // namespace mlir::sparsity

using namespace mlir;

namespace {
struct SparsityExpandMathPass
    : sparsity::impl::SparsityExpandMathPassBase<SparsityExpandMathPass> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    // Ops that LLVM lowers to an instruction on every target stay.
    auto needsExpansion = [](StringRef name) {
      return !llvm::is_contained({"math.absf", "math.absi", "math.ceil",
                                  "math.copysign", "math.floor", "math.fma",
                                  "math.sqrt"},
                                 name);
    };
    populateMathF32ExpansionPatterns(patterns, needsExpansion);
    populateMathPolynomialApproximationPatterns(patterns, needsExpansion);
    math::populateExpansionPatterns(
        patterns, {"powf", "fpowi", "rsqrt", "round", "roundeven", "exp2",
                   "sinh", "cosh", "asinh", "acosh", "atanh", "tan", "clampf"});
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns)))) {
      signalPassFailure();
    }
  }
};
} // namespace
