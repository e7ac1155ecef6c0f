//===- SparsityResolveStorage.cpp - storage layouts into the types --------===//

#include "StorageChoice.h"

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

/// The form in which the owner of `use` would rather have the tensor (see
/// kStoredAttrName); null if it has no such wish.
static DictionaryAttr getWish(OpOperand &use) {
  auto wish = use.getOwner()->getAttrOfType<DictionaryAttr>(kStoredAttrName);
  FailureOr<Contraction> contraction =
      wish ? matchContraction(use.getOwner(), [](StringRef) {})
           : FailureOr<Contraction>(failure());
  if (failed(contraction)) {
    return {};
  }
  int64_t operand = wish.getAs<IntegerAttr>("operand").getInt();
  bool isIt = contraction->domain.inputs[operand] == use.get() &&
              contraction->domain.inputs[1 - operand] != use.get();
  return isIt ? wish : DictionaryAttr();
}

/// "argument #1" or "a constant".
static std::string describeValue(Value value) {
  auto argument = dyn_cast<BlockArgument>(value);
  return argument ? ("argument #" + Twine(argument.getArgNumber())).str()
                  : "a constant";
}

static void setEncoding(Value value, Attribute encoding) {
  auto type = cast<RankedTensorType>(value.getType());
  value.setType(
      RankedTensorType::get(type.getShape(), type.getElementType(), encoding));
  remark::passed(
      value.getLoc(),
      remark::RemarkOpts::name("ResolveStorage").category("sparsity"))
      << describeValue(value) + " is stored as " + llvm::to_string(encoding);
}

/// Gives `value` the form that every op which reads it wishes, if they agree,
/// and these ops the configuration that goes with it.
static void grantWish(Value value) {
  Attribute storage;
  bool agree = true;
  SmallVector<Operation *> readers;
  for (OpOperand &use : value.getUses()) {
    if (isa<tensor::DimOp>(use.getOwner())) {
      continue;
    }
    DictionaryAttr wish = getWish(use);
    Attribute wanted = wish ? wish.get("storage") : Attribute();
    agree &= readers.empty() || wanted == storage;
    storage = storage ? storage : wanted;
    readers.push_back(use.getOwner());
  }
  if (!storage) {
    return;
  }
  if (!agree) {
    remark::missed(
        value.getLoc(),
        remark::RemarkOpts::name("ResolveStorage").category("sparsity"))
        << describeValue(value) + " is not stored as " +
               llvm::to_string(storage) +
               ": not every op that reads it is faster so";
    return;
  }
  for (Operation *reader : readers) {
    auto wish = reader->getAttrOfType<DictionaryAttr>(kStoredAttrName);
    reader->setAttr(sparse_tile::kConfigAttrName, wish.get("config"));
    reader->removeAttr(sparse_tile::kFallbackAttrName);
    reader->removeAttr(sparse_tile::kVariantsAttrName);
    if (Attribute variants = wish.get("variants")) {
      reader->setAttr(sparse_tile::kVariantsAttrName, variants);
    }
  }
  setEncoding(value, storage);
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
        // It spoke of the form that was chosen from.
        func.removeArgAttr(argument.getArgNumber(), kDensityAttrName);
      }
      func.setFunctionType(FunctionType::get(&getContext(),
                                             func.getBody().getArgumentTypes(),
                                             func.getResultTypes()));
      if (failed(resolveConstants(func, targetAttr))) {
        return WalkResult::interrupt();
      }
      fallBack(func, targetAttr);
      func.walk(
          [](Operation *op) { op->removeDiscardableAttr(kStoredAttrName); });
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
  grantWish(value);
  encoding = getSparsityEncoding(value.getType());
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
  setEncoding(value, resolved);
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
