//===- SparsityPropagateEncodings.cpp - encodings through layout ops ------===//

#include "sparsity/Dialect/Sparsity/IR/Sparsity.h"
#include "sparsity/Dialect/Sparsity/Transforms/Passes.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace mlir::sparsity {
#define GEN_PASS_DEF_SPARSITYPROPAGATEENCODINGSPASS
#include "sparsity/Dialect/Sparsity/Transforms/Passes.h.inc"
} // namespace mlir::sparsity

using namespace mlir;
using namespace mlir::sparsity;

/// Replaces `operand` of `op` by `source`, whose axis i is `operand`'s axis
/// permutation[i], adapting the operand's indexing map.
static LogicalResult readThrough(linalg::LinalgOp op, OpOperand &operand,
                                 Value source, ArrayRef<int64_t> permutation,
                                 PatternRewriter &rewriter) {
  SmallVector<AffineMap> maps = op.getIndexingMapsArray();
  AffineMap &map = maps[operand.getOperandNumber()];
  SmallVector<AffineExpr> results(permutation.size());
  // transposed axis i walks source axis permutation[i]
  for (auto [axis, from] : llvm::enumerate(permutation)) {
    results[from] = map.getResult(axis);
  }
  map = AffineMap::get(map.getNumDims(), map.getNumSymbols(), results,
                       rewriter.getContext());
  SmallVector<Value> inputs(op.getDpsInputs());
  inputs[operand.getOperandNumber()] = source;
  auto generic = linalg::GenericOp::create(
      rewriter, op.getLoc(), op->getResultTypes(), inputs, op.getDpsInits(),
      maps, op.getIteratorTypesArray());
  rewriter.inlineRegionBefore(op->getRegion(0), generic.getRegion(),
                              generic.getRegion().begin());
  rewriter.replaceOp(op, generic.getResults());
  return success();
}

namespace {
/// A compute op that reads a transposed encoded tensor reads the tensor itself:
/// a compressed weight is never transposed in memory.
struct ReadThroughTranspose : OpInterfaceRewritePattern<linalg::LinalgOp> {
  using OpInterfaceRewritePattern::OpInterfaceRewritePattern;

  LogicalResult matchAndRewrite(linalg::LinalgOp op,
                                PatternRewriter &rewriter) const override {
    if (isa<linalg::TransposeOp>(op.getOperation()) ||
        !op.hasPureTensorSemantics()) {
      return rewriter.notifyMatchFailure(op, "not a compute op on tensors");
    }
    for (OpOperand *operand : op.getDpsInputOperands()) {
      auto transpose = operand->get().getDefiningOp<linalg::TransposeOp>();
      if (!transpose || !getSparsityEncoding(transpose.getInput().getType())) {
        continue;
      }
      return readThrough(op, *operand, transpose.getInput(),
                         transpose.getPermutation(), rewriter);
    }
    return rewriter.notifyMatchFailure(
        op, "no operand is a transposed encoded tensor");
  }
};

/// A cast that only forgets the encoding or static extents is looked through.
struct ReadThroughCast : OpInterfaceRewritePattern<linalg::LinalgOp> {
  using OpInterfaceRewritePattern::OpInterfaceRewritePattern;

  LogicalResult matchAndRewrite(linalg::LinalgOp op,
                                PatternRewriter &rewriter) const override {
    for (OpOperand *operand : op.getDpsInputOperands()) {
      auto cast = operand->get().getDefiningOp<tensor::CastOp>();
      if (!cast || !getSparsityEncoding(cast.getSource().getType()) ||
          getSparsityEncoding(cast.getType()) !=
              getSparsityEncoding(cast.getSource().getType())) {
        continue;
      }
      rewriter.modifyOpInPlace(op, [&] { operand->set(cast.getSource()); });
      return success();
    }
    return rewriter.notifyMatchFailure(op,
                                       "no operand is a cast encoded tensor");
  }
};

struct SparsityPropagateEncodingsPass
    : sparsity::impl::SparsityPropagateEncodingsPassBase<
          SparsityPropagateEncodingsPass> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<ReadThroughTranspose, ReadThroughCast>(&getContext());
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns)))) {
      signalPassFailure();
    }
  }
};
} // namespace
