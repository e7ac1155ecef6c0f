//===- SparsityFuseEpilogues.cpp - one op per chain of elementwise ops ----===//

#include "sparsity/Analysis/IterationDomain.h"
#include "sparsity/Dialect/Sparsity/Transforms/Passes.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace mlir::sparsity {
#define GEN_PASS_DEF_SPARSITYFUSEEPILOGUESPASS
#include "sparsity/Dialect/Sparsity/Transforms/Passes.h.inc"
} // namespace mlir::sparsity

using namespace mlir;
using namespace mlir::sparsity;

/// Whether `fill` only says that the sums of contractions start from zero.
static bool isZeroInit(linalg::FillOp fill) {
  return isZeroFill(fill->getResult(0)) &&
         llvm::all_of(fill->getUsers(), [](Operation *user) {
           return succeeded(matchContraction(user, [](StringRef) {}));
         });
}

namespace {
/// Named ops over parallel dimensions become generic ones.
struct GeneralizeElementwise : OpInterfaceRewritePattern<linalg::LinalgOp> {
  using OpInterfaceRewritePattern::OpInterfaceRewritePattern;

  LogicalResult matchAndRewrite(linalg::LinalgOp op,
                                PatternRewriter &rewriter) const override {
    if (isa<linalg::GenericOp>(op.getOperation())) {
      return rewriter.notifyMatchFailure(op, "already generic");
    }
    if (auto fill = dyn_cast<linalg::FillOp>(op.getOperation());
        fill && isZeroInit(fill)) {
      return rewriter.notifyMatchFailure(op, "what a sum starts from");
    }
    if (op.getNumReductionLoops() != 0 || !op.hasPureTensorSemantics()) {
      return rewriter.notifyMatchFailure(op, "not elementwise on tensors");
    }
    return linalg::generalizeNamedOp(rewriter, op);
  }
};

struct SparsityFuseEpiloguesPass
    : sparsity::impl::SparsityFuseEpiloguesPassBase<SparsityFuseEpiloguesPass> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<GeneralizeElementwise>(&getContext());
    linalg::populateElementwiseOpsFusionPatterns(
        patterns, [](OpOperand *operand) {
          // Contractions keep their operands as they are stored; only
          // elementwise chains fuse.
          auto producer = operand->get().getDefiningOp<linalg::GenericOp>();
          auto consumer = dyn_cast<linalg::GenericOp>(operand->getOwner());
          return producer && consumer && producer->hasOneUse() &&
                 isElementwise(producer) && isElementwise(consumer);
        });
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns)))) {
      signalPassFailure();
    }
  }
};
} // namespace
