//===- SparsityHoistPacking.cpp - packing once per weight -----------------===//

#include "sparsity/Dialect/Sparsity/IR/Sparsity.h"
#include "sparsity/Dialect/Sparsity/Transforms/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"

namespace mlir::sparsity {
#define GEN_PASS_DEF_SPARSITYHOISTPACKINGPASS
#include "sparsity/Dialect/Sparsity/Transforms/Passes.h.inc"
} // namespace mlir::sparsity

using namespace mlir;
using namespace mlir::sparsity;

/// Where packing noted on an argument is kept.
static constexpr llvm::StringLiteral kPackAttrName = "sparsity.pack";

static bool isListedAtRunTime(Operation *op) {
  auto type = cast<RankedTensorType>(op->getResult(0).getType());
  return getSparsityEncoding(type).getSelection(type).has_value();
}

/// `how` is "encode" or "prune".
static LogicalResult hoist(Operation *op, StringRef how,
                           RewriterBase &rewriter) {
  Value source = op->getOperand(0);
  auto type = cast<RankedTensorType>(op->getResult(0).getType());
  SparsityEncodingAttrInterface encoding = getSparsityEncoding(type);
  if (!encoding.hasPacker()) {
    return op->emitOpError("expected an encoding with a host packer, but got ")
           << encoding;
  }
  auto argument = dyn_cast<BlockArgument>(source);
  auto func = argument
                  ? dyn_cast<func::FuncOp>(argument.getOwner()->getParentOp())
                  : func::FuncOp();
  if (!func || !argument.getOwner()->isEntryBlock()) {
    return op->emitOpError(
               "expected a function argument to pack on the host, but got a "
               "value computed at run time, for a pattern bound at ")
           << stringifyBindingTime(encoding.getBindingTime()) << " time";
  }
  if (!func.isPublic()) {
    return op->emitOpError(
               "expected a public function, whose caller packs, but got the "
               "private @")
           << func.getName();
  }
  auto pack =
      func.getArgAttrOfType<StringAttr>(argument.getArgNumber(), kPackAttrName);
  if (pack && (pack.getValue() != how || argument.getType() != type)) {
    return op->emitOpError(
               "expected one packing per argument, but got a second one of "
               "argument #")
           << argument.getArgNumber();
  }
  // The dense tensor may be used elsewhere; then it stays an argument of its
  // own.
  unsigned number = argument.getArgNumber();
  bool shared = llvm::any_of(argument.getUsers(), [&](Operation *user) {
    if (isa<tensor::DimOp>(user)) {
      return false;
    }
    return user->getName() != op->getName() ||
           user->getResult(0).getType() != type;
  });
  if (shared) {
    return op->emitOpError("expected every use of argument #")
           << number
           << " to be the same packing, since the caller passes it packed";
  }
  rewriter.startOpModification(func);
  argument.setType(type);
  func.setArgAttr(number, kPackAttrName, rewriter.getStringAttr(how));
  func.setFunctionType(rewriter.getFunctionType(
      func.getBody().getArgumentTypes(), func.getResultTypes()));
  rewriter.finalizeOpModification(func);
  for (Operation *user : llvm::make_early_inc_range(argument.getUsers())) {
    if (isa<EncodeOp, PruneOp>(user)) {
      rewriter.replaceOp(user, argument);
    }
  }
  return success();
}

namespace {
struct SparsityHoistPackingPass
    : sparsity::impl::SparsityHoistPackingPassBase<SparsityHoistPackingPass> {
  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    while (true) {
      Operation *next = nullptr;
      getOperation().walk([&](Operation *op) {
        // A constant is packed once its layout is chosen, and what is listed
        // by value is listed where the value is computed.
        if (isa<EncodeOp, PruneOp>(op) && !isListedAtRunTime(op) &&
            !matchPattern(op->getOperand(0), m_Constant())) {
          next = op;
          return WalkResult::interrupt();
        }
        return WalkResult::advance();
      });
      if (!next) {
        return;
      }
      if (next->use_empty()) {
        rewriter.eraseOp(next);
        continue;
      }
      if (failed(hoist(next, isa<EncodeOp>(next) ? "encode" : "prune",
                       rewriter))) {
        return signalPassFailure();
      }
    }
  }
};
} // namespace
