//===- SparsityResolveStorage.cpp - storage layouts into the types --------===//

#include "sparsity/Analysis/IterationDomain.h"
#include "sparsity/Dialect/SparseTile/IR/SparseTile.h"
#include "sparsity/Dialect/Sparsity/Transforms/Passes.h"
#include "sparsity/Target/KnownTargets.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/IR/Remarks.h"
#include "llvm/Support/ScopedPrinter.h"

namespace mlir::sparsity {
#define GEN_PASS_DEF_SPARSITYRESOLVESTORAGEPASS
#include "sparsity/Dialect/Sparsity/Transforms/Passes.h.inc"
} // namespace mlir::sparsity

using namespace mlir;
using namespace mlir::sparsity;

/// The configuration of the op that owns `use`, if it is a contraction whose
/// tiles take their rows from it; otherwise null.
static sparse_tile::ConfigAttr getConfigOfRows(OpOperand &use) {
  auto config = use.getOwner()->getAttrOfType<sparse_tile::ConfigAttr>(
      sparse_tile::kConfigAttrName);
  if (!config) {
    return {};
  }
  FailureOr<Contraction> contraction =
      matchContraction(use.getOwner(), [](StringRef) {});
  bool ofRows =
      succeeded(contraction) &&
      contraction->domain.inputs[config.getSwap() ? 1 : 0] == use.get();
  return ofRows ? config : sparse_tile::ConfigAttr();
}

/// Whether tiles of `config` are multiplied by warpgroups, whose kernels visit
/// the groups of a list in a stored order.
static bool takesOrder(sparse_tile::ConfigAttr config,
                       TileTargetAttrInterface targetAttr) {
  std::optional<MultiplyType> type = parseMultiplyType(config.getMultiply());
  const MMAInstruction *instruction =
      type ? targetAttr.getTargetInfo().findInstruction(config.getInstruction(),
                                                        *type)
           : nullptr;
  return instruction && instruction->warpgroup && !config.getSparse();
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
    WalkResult result = getOperation().walk([&](func::FuncOp func) {
      if (func.isDeclaration()) {
        return WalkResult::advance();
      }
      for (BlockArgument argument : func.getArguments()) {
        resolve(argument, targetAttr);
      }
      func.setFunctionType(FunctionType::get(&getContext(),
                                             func.getBody().getArgumentTypes(),
                                             func.getResultTypes()));
      if (failed(resolveConstants(func, targetAttr))) {
        return WalkResult::interrupt();
      }
      fallBack(func, targetAttr);
      return WalkResult::advance();
    });
    if (result.wasInterrupted()) {
      signalPassFailure();
    }
  }

  void resolve(Value value, TileTargetAttrInterface targetAttr);
  LogicalResult resolveConstants(func::FuncOp func,
                                 TileTargetAttrInterface targetAttr);
  void fallBack(func::FuncOp func, TileTargetAttrInterface targetAttr);
};
} // namespace

/// The layout is free where somebody still has to pack: the owner of an
/// argument, or this pass for a constant. Buffers that the program assembles
/// are taken as they are.
void SparsityResolveStoragePass::resolve(Value value,
                                         TileTargetAttrInterface targetAttr) {
  SparsityEncodingAttrInterface encoding = getSparsityEncoding(value.getType());
  if (!encoding) {
    return;
  }
  auto type = cast<RankedTensorType>(value.getType());
  bool used = false, compressed = true, ordered = true;
  for (OpOperand &use : value.getUses()) {
    if (isa<tensor::DimOp>(use.getOwner())) {
      continue;
    }
    used = true;
    sparse_tile::ConfigAttr config = getConfigOfRows(use);
    compressed &= config && config.getSparse();
    ordered &= config && takesOrder(config, targetAttr);
  }
  if (!used || (!compressed && !ordered)) {
    return;
  }
  Attribute resolved = compressed ? encoding.resolveStorage(type, targetAttr)
                                  : encoding.orderStorage(type);
  if (resolved == encoding) {
    return;
  }
  value.setType(
      RankedTensorType::get(type.getShape(), type.getElementType(), resolved));
  auto argument = dyn_cast<BlockArgument>(value);
  std::string what = argument
                         ? ("argument #" + Twine(argument.getArgNumber())).str()
                         : "a constant";
  remark::passed(
      value.getLoc(),
      remark::RemarkOpts::name("ResolveStorage").category("sparsity"))
      << what + " is stored as " + llvm::to_string(resolved);
}

/// The constant behind `value`, or null.
static DenseElementsAttr getConstant(Value value) {
  DenseElementsAttr elements;
  matchPattern(value, m_Constant(&elements));
  return elements;
}

LogicalResult SparsityResolveStoragePass::resolveConstants(
    func::FuncOp func, TileTargetAttrInterface targetAttr) {
  SmallVector<Operation *> packed;
  WalkResult result = func.walk([&](Operation *op) {
    if (isa<EncodeOp, PruneOp>(op) && getConstant(op->getOperand(0))) {
      packed.push_back(op);
      return WalkResult::advance();
    }
    auto assemble = dyn_cast<AssembleOp>(op);
    if (!assemble) {
      return WalkResult::advance();
    }
    SmallVector<DenseElementsAttr> fields(
        llvm::map_range(assemble.getFields(), getConstant));
    if (llvm::is_contained(fields, DenseElementsAttr())) {
      return WalkResult::advance();
    }
    auto type = cast<RankedTensorType>(assemble.getType());
    return failed(getSparsityEncoding(type).verifyStorage(
               type, fields, [&] { return assemble.emitOpError(); }))
               ? WalkResult::interrupt()
               : WalkResult::advance();
  });
  if (result.wasInterrupted()) {
    return failure();
  }
  IRRewriter rewriter(&getContext());
  for (Operation *op : packed) {
    resolve(op->getResult(0), targetAttr);
    auto type = cast<RankedTensorType>(op->getResult(0).getType());
    FailureOr<SmallVector<DenseElementsAttr>> fields =
        getSparsityEncoding(type).pack(type, getConstant(op->getOperand(0)),
                                       isa<PruneOp>(op),
                                       [&] { return op->emitOpError(); });
    if (failed(fields)) {
      return failure();
    }
    rewriter.setInsertionPoint(op);
    SmallVector<Value> buffers;
    for (DenseElementsAttr field : *fields) {
      buffers.push_back(
          arith::ConstantOp::create(rewriter, op->getLoc(), field));
    }
    rewriter.replaceOpWithNewOp<AssembleOp>(op, type, buffers);
  }
  return success();
}

/// Whether the operand that `op` takes compressed is stored for that.
static bool isStoredCompressed(Operation *op, sparse_tile::ConfigAttr config,
                               TileTargetAttrInterface targetAttr) {
  FailureOr<Contraction> contraction = matchContraction(op, [](StringRef) {});
  if (failed(contraction)) {
    return false;
  }
  RankedTensorType type = contraction->getInputType(config.getSwap() ? 1 : 0);
  SparsityEncodingAttrInterface encoding = getSparsityEncoding(type);
  return encoding && encoding.resolveStorage(type, targetAttr) == encoding;
}

/// Ops whose operand keeps another layout take the configuration that can
/// expand it; ops of one kernel agree.
void SparsityResolveStoragePass::fallBack(func::FuncOp func,
                                          TileTargetAttrInterface targetAttr) {
  for (Block &block : func.getBody()) {
    for (KernelGroup &group : findKernelGroups(block)) {
      if (group.contractions.empty() || !group.contractions.front().op->hasAttr(
                                            sparse_tile::kFallbackAttrName)) {
        continue;
      }
      bool stored = true;
      for (const Contraction &contraction : group.contractions) {
        auto config = contraction.op->getAttrOfType<sparse_tile::ConfigAttr>(
            sparse_tile::kConfigAttrName);
        stored &= isStoredCompressed(contraction.op, config, targetAttr);
      }
      for (const Contraction &contraction : group.contractions) {
        Attribute fallback =
            contraction.op->removeAttr(sparse_tile::kFallbackAttrName);
        if (fallback && !stored) {
          contraction.op->setAttr(sparse_tile::kConfigAttrName, fallback);
          contraction.op->removeAttr(sparse_tile::kVariantsAttrName);
        }
      }
    }
  }
}
