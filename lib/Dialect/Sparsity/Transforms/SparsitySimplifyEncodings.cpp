//===- SparsitySimplifyEncodings.cpp - encodings in simplest form ---------===//

#include "sparsity/Dialect/Sparsity/IR/Sparsity.h"
#include "sparsity/Dialect/Sparsity/Transforms/Passes.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/AttrTypeSubElements.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/PatternMatch.h"

namespace mlir::sparsity {
#define GEN_PASS_DEF_SPARSITYSIMPLIFYENCODINGSPASS
#include "sparsity/Dialect/Sparsity/Transforms/Passes.h.inc"
} // namespace mlir::sparsity

using namespace mlir;
using namespace mlir::sparsity;

/// Fails unless every encoding of a value in `root` has a lowering.
static LogicalResult verifyLowerings(Operation *root) {
  auto verify = [](Operation *op, Type type) {
    SparsityEncodingAttrInterface encoding = getSparsityEncoding(type);
    return !encoding ||
           succeeded(encoding.verifyLowering(cast<RankedTensorType>(type),
                                             [&] { return op->emitError(); }));
  };
  WalkResult result = root->walk([&](Operation *op) {
    for (Type type : op->getResultTypes()) {
      if (!verify(op, type)) {
        return WalkResult::interrupt();
      }
    }
    for (Region &region : op->getRegions()) {
      for (Type type : region.getArgumentTypes()) {
        if (!verify(op, type)) {
          return WalkResult::interrupt();
        }
      }
    }
    return WalkResult::advance();
  });
  return failure(result.wasInterrupted());
}

/// Removes the ops between a tensor and its storage where no encoding is left:
/// both are the dense tensor then.
static void dropConversions(Operation *root) {
  IRRewriter rewriter(root->getContext());
  root->walk([&](Operation *op) {
    if (!isa<EncodeOp, DecodeOp, FieldOp, AssembleOp, DisassembleOp>(op) ||
        op->getNumResults() != 1) {
      return;
    }
    bool makes = isa<EncodeOp, AssembleOp>(op);
    Type encoded =
        makes ? op->getResult(0).getType() : op->getOperand(0).getType();
    if (cast<RankedTensorType>(encoded).getEncoding()) {
      return;
    }
    Value dense = op->getOperand(0);
    Type type = op->getResult(0).getType();
    if (dense.getType() != type) {
      rewriter.setInsertionPoint(op);
      dense = tensor::CastOp::create(rewriter, op->getLoc(), type, dense);
    }
    rewriter.replaceOp(op, dense);
  });
}

namespace {
struct SparsitySimplifyEncodingsPass
    : sparsity::impl::SparsitySimplifyEncodingsPassBase<
          SparsitySimplifyEncodingsPass> {
  void runOnOperation() override {
    if (failed(verifyLowerings(getOperation()))) {
      return signalPassFailure();
    }
    AttrTypeReplacer replacer;
    replacer.addReplacement([](RankedTensorType type)
                                -> std::optional<std::pair<Type, WalkResult>> {
      SparsityEncodingAttrInterface encoding = getSparsityEncoding(type);
      if (!encoding) {
        return std::nullopt;
      }
      Type simpler = RankedTensorType::get(
          type.getShape(), type.getElementType(), encoding.simplify(type));
      return std::make_pair(simpler, WalkResult::skip());
    });
    replacer.recursivelyReplaceElementsIn(getOperation(), /*replaceAttrs=*/true,
                                          /*replaceLocs=*/false,
                                          /*replaceTypes=*/true);
    dropConversions(getOperation());
  }
};
} // namespace
