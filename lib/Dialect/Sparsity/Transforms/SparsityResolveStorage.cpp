//===- SparsityResolveStorage.cpp - storage layouts into the types --------===//

#include "sparsity/Analysis/IterationDomain.h"
#include "sparsity/Dialect/SparseTile/IR/SparseTile.h"
#include "sparsity/Dialect/Sparsity/Transforms/Passes.h"
#include "sparsity/Target/KnownTargets.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Remarks.h"

namespace mlir::sparsity {
#define GEN_PASS_DEF_SPARSITYRESOLVESTORAGEPASS
#include "sparsity/Dialect/Sparsity/Transforms/Passes.h.inc"
} // namespace mlir::sparsity

using namespace mlir;
using namespace mlir::sparsity;

static std::string toString(Attribute attribute) {
  std::string text;
  llvm::raw_string_ostream(text) << attribute;
  return text;
}

/// Whether the op that owns `use` feeds it to an instruction compressed.
static bool isTakenCompressed(OpOperand &use) {
  auto config = use.getOwner()->getAttrOfType<sparse_tile::ConfigAttr>(
      sparse_tile::kConfigAttrName);
  if (!config || !config.getSparse()) {
    return false;
  }
  FailureOr<Contraction> contraction =
      matchContraction(use.getOwner(), [](StringRef) {});
  return succeeded(contraction) &&
         contraction->domain.inputs[config.getSwap() ? 1 : 0] == use.get();
}

namespace {
struct SparsityResolveStoragePass
    : sparsity::impl::SparsityResolveStoragePassBase<
          SparsityResolveStoragePass> {
  using SparsityResolveStoragePassBase::SparsityResolveStoragePassBase;

  void runOnOperation() override {
    if (!lookupTarget(target)) {
      emitError(getOperation().getLoc())
          << "expected a target among " << getKnownTargetNames()
          << ", but got \"" << target << "\"";
      return signalPassFailure();
    }
    auto targetAttr = TargetAttr::get(&getContext(), target);
    getOperation().walk([&](func::FuncOp func) {
      if (func.isDeclaration()) {
        return;
      }
      for (BlockArgument argument : func.getArguments()) {
        resolve(argument, targetAttr);
      }
      func.setFunctionType(FunctionType::get(&getContext(),
                                             func.getBody().getArgumentTypes(),
                                             func.getResultTypes()));
    });
  }

  /// Only an argument's layout is free: its owner packs it. Buffers that the
  /// program assembles are taken as they are.
  void resolve(BlockArgument argument, TileTargetAttrInterface targetAttr) {
    SparsityEncodingAttrInterface encoding =
        getSparsityEncoding(argument.getType());
    if (!encoding) {
      return;
    }
    auto type = cast<RankedTensorType>(argument.getType());
    bool used = false;
    for (OpOperand &use : argument.getUses()) {
      if (isa<tensor::DimOp>(use.getOwner())) {
        continue;
      }
      used = true;
      if (!isTakenCompressed(use)) {
        return;
      }
    }
    if (!used) {
      return;
    }
    Attribute resolved = encoding.resolveStorage(type, targetAttr);
    if (resolved == encoding) {
      return;
    }
    argument.setType(RankedTensorType::get(type.getShape(),
                                           type.getElementType(), resolved));
    remark::passed(
        argument.getLoc(),
        remark::RemarkOpts::name("ResolveStorage").category("sparsity"))
        << ("argument #" + Twine(argument.getArgNumber()) + " is stored as " +
            toString(resolved))
               .str();
  }
};
} // namespace
