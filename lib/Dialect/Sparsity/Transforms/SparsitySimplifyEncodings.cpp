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

namespace {
struct SparsitySimplifyEncodingsPass
    : sparsity::impl::SparsitySimplifyEncodingsPassBase<
          SparsitySimplifyEncodingsPass> {
  void runOnOperation() override {
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
