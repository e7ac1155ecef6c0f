//===- SparsityRecordConstraints.cpp - what extents must agree at a call --===//

#include "sparsity/Dialect/Sparsity/IR/Sparsity.h"
#include "sparsity/Dialect/Sparsity/Transforms/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Interfaces/ValueBoundsOpInterface.h"

namespace mlir::sparsity {
#define GEN_PASS_DEF_SPARSITYRECORDCONSTRAINTSPASS
#include "sparsity/Dialect/Sparsity/Transforms/Passes.h.inc"
} // namespace mlir::sparsity

using namespace mlir;

namespace {
/// An extent: of an argument's dimension, or (argument -1) a number.
using Extent = std::pair<int64_t, int64_t>;
} // namespace

/// The extent of `value` in dimension `dim`, if it is that of an argument or
/// static.
static std::optional<Extent> traceExtent(Value value, int64_t dim) {
  auto type = cast<RankedTensorType>(value.getType());
  if (!type.isDynamicDim(dim)) {
    return Extent(-1, type.getDimSize(dim));
  }
  auto isArgument = [](Value candidate) {
    auto argument = dyn_cast<BlockArgument>(candidate);
    return argument && isa<func::FuncOp>(argument.getOwner()->getParentOp());
  };
  AffineMap bound;
  ValueDimList operands;
  LogicalResult found = ValueBoundsConstraintSet::computeBound(
      bound, operands, presburger::BoundType::EQ,
      ValueBoundsConstraintSet::Variable(value, dim),
      [&](Value candidate, std::optional<int64_t>, ValueBoundsConstraintSet &) {
        return isArgument(candidate);
      });
  if (failed(found) || operands.size() != 1 || !operands[0].second ||
      !isArgument(operands[0].first)) {
    return std::nullopt;
  }
  AffineExpr expr = bound.getResult(0);
  if (!isa<AffineDimExpr, AffineSymbolExpr>(expr)) {
    return std::nullopt;
  }
  return Extent(cast<BlockArgument>(operands[0].first).getArgNumber(),
                *operands[0].second);
}

/// Adds to `constraints` that `extent` equals `first`, or makes it the first.
static void relate(std::optional<Extent> extent, std::optional<Extent> &first,
                   SetVector<std::pair<Extent, Extent>> &constraints) {
  if (!extent || extent == first) {
    return;
  }
  if (!first) {
    first = extent;
  } else if (first->first >= 0) {
    constraints.insert({*first, *extent});
  } else {
    constraints.insert({*extent, *first});
  }
}

/// Adds to `constraints` the extents that attention takes to be equal.
static void collect(sparsity::AttentionOp op,
                    SetVector<std::pair<Extent, Extent>> &constraints) {
  for (auto &group : op.getEqualExtents()) {
    std::optional<Extent> first;
    for (auto [value, dim] : group) {
      relate(traceExtent(value, dim), first, constraints);
    }
  }
}

/// Adds to `constraints` the extents that `op` walks together.
static void collect(linalg::LinalgOp op,
                    SetVector<std::pair<Extent, Extent>> &constraints) {
  SmallVector<std::optional<Extent>> known(op.getNumLoops());
  for (OpOperand &operand : op->getOpOperands()) {
    if (!isa<RankedTensorType>(operand.get().getType())) {
      continue;
    }
    AffineMap map = op.getMatchingIndexingMap(&operand);
    for (auto [axis, expr] : llvm::enumerate(map.getResults())) {
      auto dim = dyn_cast<AffineDimExpr>(expr);
      if (!dim) {
        continue;
      }
      relate(traceExtent(operand.get(), axis), known[dim.getPosition()],
             constraints);
    }
  }
}

namespace {
struct SparsityRecordConstraintsPass
    : sparsity::impl::SparsityRecordConstraintsPassBase<
          SparsityRecordConstraintsPass> {
  void runOnOperation() override {
    Builder builder(&getContext());
    getOperation().walk([&](func::FuncOp func) {
      SetVector<std::pair<Extent, Extent>> constraints;
      func.walk([&](linalg::LinalgOp op) {
        if (op.hasPureTensorSemantics()) {
          collect(op, constraints);
        }
      });
      func.walk([&](sparsity::AttentionOp op) { collect(op, constraints); });
      SmallVector<Attribute> entries;
      for (auto [left, right] : constraints) {
        entries.push_back(builder.getDenseI64ArrayAttr(
            {left.first, left.second, right.first, right.second}));
      }
      if (!entries.empty()) {
        func->setAttr("sparsity.constraints", builder.getArrayAttr(entries));
      }
    });
  }
};
} // namespace
