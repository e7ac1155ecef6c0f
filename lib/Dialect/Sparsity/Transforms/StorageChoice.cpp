//===- StorageChoice.cpp - other forms of a packed operand ----------------===//

#include "StorageChoice.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Matchers.h"

#include <cmath>

using namespace mlir;
using namespace mlir::sparsity;

/// The function whose argument `value` is, or null.
static func::FuncOp getFunction(Value value) {
  auto argument = dyn_cast<BlockArgument>(value);
  auto func = argument
                  ? dyn_cast<func::FuncOp>(argument.getOwner()->getParentOp())
                  : func::FuncOp();
  return func && argument.getOwner()->isEntryBlock() ? func : func::FuncOp();
}

bool sparsity::isYetToBePacked(Value value) {
  Operation *op = value.getDefiningOp();
  return op ? isa<EncodeOp, PruneOp>(op) &&
                  matchPattern(op->getOperand(0), m_Constant())
            : getFunction(value) != nullptr;
}

std::optional<double> sparsity::getDensityHint(const Contraction &contraction) {
  for (unsigned index : {0u, 1u}) {
    Value value = contraction.domain.inputs[index];
    func::FuncOp func = getFunction(value);
    if (!func || !getFollowedList(contraction, index)) {
      continue;
    }
    unsigned number = cast<BlockArgument>(value).getArgNumber();
    if (auto density =
            func.getArgAttrOfType<FloatAttr>(number, kDensityAttrName)) {
      return density.getValueAsDouble();
    }
  }
  return std::nullopt;
}

double sparsity::getMergedDensity(double density, const Coverage &own,
                                  const Coverage &merged) {
  auto getUnit = [](const Coverage &list) {
    return static_cast<double>(list.groupGranularity() * list.granularity());
  };
  return 1 - std::pow(1 - density, getUnit(merged) / getUnit(own));
}

std::optional<double>
sparsity::getSingleWarpsCost(const WarpgroupProblem &problem,
                             const TargetInfo &target) {
  // Blocks of 32 beside as large a share of blocks of 64, on an H200: 3.1
  // to 3.4 without what a cold start takes.
  constexpr double kOfWarpgroups = 3;
  std::optional<WarpgroupTile> tile = chooseWarpgroupTile(problem, target);
  if (!tile) {
    return std::nullopt;
  }
  return kOfWarpgroups * getTileCost(assumeExtents(problem), target, *tile);
}
