//===- SparsitySimplifyEncodings.cpp - encodings in simplest form ---------===//

#include "sparsity/Dialect/Sparsity/IR/Sparsity.h"
#include "sparsity/Dialect/Sparsity/Transforms/Passes.h"

#include "mlir/IR/AttrTypeSubElements.h"
#include "mlir/IR/BuiltinOps.h"

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
  }
};
} // namespace
