//===- BoxAnalysis.cpp - gathers that are boxes ---------------------------===//
//
// Each value of the region is classified by how it changes while a position
// walks one tile: not at all, in step with it, or in a way that is not
// followed.
//
//===----------------------------------------------------------------------===//

#include "BoxAnalysis.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;
using namespace mlir::sparsity;
using namespace mlir::sparsity::gpu_conversion;

namespace {
enum class Motion : uint8_t { Fixed, InStep, Other };

/// Of one position of the region over `length` aligned steps.
class MotionAnalysis {
public:
  MotionAnalysis(BlockArgument position, int64_t length)
      : position(position), length(length) {}

  Motion get(Value value);

private:
  Motion compute(Value value);

  BlockArgument position;
  int64_t length;
  DenseMap<Value, Motion> known;
};
} // namespace

Motion MotionAnalysis::get(Value value) {
  auto found = known.find(value);
  if (found != known.end()) {
    return found->second;
  }
  Motion motion = compute(value);
  known[value] = motion;
  return motion;
}

Motion MotionAnalysis::compute(Value value) {
  if (value == position) {
    return Motion::InStep;
  }
  Operation *op = value.getDefiningOp();
  if (!op ||
      !position.getOwner()->getParent()->isAncestor(op->getParentRegion())) {
    return Motion::Fixed;
  }
  if (isa<arith::IndexCastOp, arith::IndexCastUIOp>(op)) {
    return get(op->getOperand(0));
  }
  if (isa<arith::AddIOp>(op)) {
    Motion left = get(op->getOperand(0)), right = get(op->getOperand(1));
    if (left == Motion::Fixed) {
      return right;
    }
    return right == Motion::Fixed ? left : Motion::Other;
  }
  if (isa<arith::SubIOp>(op)) {
    return get(op->getOperand(1)) == Motion::Fixed ? get(op->getOperand(0))
                                                   : Motion::Other;
  }
  if (isa<arith::DivUIOp, arith::RemUIOp>(op) &&
      op->getOperand(0) == position) {
    // Tiles begin at multiples of their length: none straddles a multiple of a
    // multiple.
    std::optional<int64_t> divisor = getConstantIntValue(op->getOperand(1));
    if (divisor && *divisor > 0 && *divisor % length == 0) {
      return isa<arith::DivUIOp>(op) ? Motion::Fixed : Motion::InStep;
    }
    return Motion::Other;
  }
  if (auto select = dyn_cast<arith::SelectOp>(op)) {
    // The other value belongs to a position that is excluded.
    return get(select.getTrueValue());
  }
  if (auto branch = dyn_cast<scf::IfOp>(op)) {
    unsigned number = cast<OpResult>(value).getResultNumber();
    return get(branch.thenYield().getOperand(number));
  }
  if (op->getNumRegions() != 0) {
    return Motion::Other;
  }
  bool fixed = llvm::all_of(op->getOperands(), [&](Value operand) {
    return get(operand) == Motion::Fixed;
  });
  return fixed ? Motion::Fixed : Motion::Other;
}

/// Whether `limit` is the end of a dimension or of the loop, or less in the
/// last tile only.
static bool isExtent(Value limit, sparse_tile::ForallOp forall,
                     sparse_tile::PipelineOp pipeline) {
  if (limit == pipeline.getExtent() ||
      llvm::is_contained(forall.getSizeArgs(), limit)) {
    return true;
  }
  if (std::optional<int64_t> constant = getConstantIntValue(limit)) {
    return llvm::any_of(forall.getSizes(), [&](Value size) {
      return getConstantIntValue(size) == constant;
    });
  }
  // min(origin + tile, size).
  auto least = limit.getDefiningOp<arith::MinSIOp>();
  if (!least) {
    return false;
  }
  for (auto [end, size] :
       {std::pair<Value, Value>{least.getLhs(), least.getRhs()},
        {least.getRhs(), least.getLhs()}}) {
    auto sum = end.getDefiningOp<arith::AddIOp>();
    if (sum && isExtent(size, forall, pipeline) &&
        llvm::is_contained(forall.getOrigins(), sum.getLhs()) &&
        getConstantIntValue(sum.getRhs())) {
      return true;
    }
  }
  return false;
}

/// Whether `condition` holds for every position below the extents.
static bool isBound(Value condition, sparse_tile::ForallOp forall,
                    sparse_tile::PipelineOp pipeline) {
  if (getConstantIntValue(condition) == -1 ||
      getConstantIntValue(condition) == 1) {
    return true;
  }
  Operation *op = condition.getDefiningOp();
  if (!op) {
    return false;
  }
  if (isa<arith::AndIOp>(op)) {
    return isBound(op->getOperand(0), forall, pipeline) &&
           isBound(op->getOperand(1), forall, pipeline);
  }
  if (auto branch = dyn_cast<scf::IfOp>(op)) {
    unsigned number = cast<OpResult>(condition).getResultNumber();
    return isBound(branch.getCondition(), forall, pipeline) &&
           isBound(branch.thenYield().getOperand(number), forall, pipeline);
  }
  auto compare = dyn_cast<arith::CmpIOp>(op);
  return compare &&
         (compare.getPredicate() == arith::CmpIPredicate::slt ||
          compare.getPredicate() == arith::CmpIPredicate::ult) &&
         isExtent(compare.getRhs(), forall, pipeline);
}

std::optional<BoxDims> gpu_conversion::findBox(sparse_tile::LoadOp load,
                                               int64_t rows, int64_t columns) {
  Block &at = load.getAt().front();
  auto pipeline = load->getParentOfType<sparse_tile::PipelineOp>();
  auto forall = load->getParentOfType<sparse_tile::ForallOp>();
  Operation *yield = at.getTerminator();
  if (at.getNumArguments() != 2 || !pipeline || !forall) {
    return std::nullopt;
  }
  unsigned rank = yield->getNumOperands() - 1;
  if (!isBound(yield->getOperand(rank), forall, pipeline)) {
    return std::nullopt;
  }
  MotionAnalysis ofRows(at.getArgument(0), rows);
  MotionAnalysis ofColumns(at.getArgument(1), columns);
  BoxDims box{-1, -1};
  for (unsigned dim = 0; dim < rank; ++dim) {
    Value index = yield->getOperand(dim);
    Motion row = ofRows.get(index), column = ofColumns.get(index);
    if (row == Motion::Other || column == Motion::Other ||
        (row == Motion::InStep && column == Motion::InStep)) {
      return std::nullopt;
    }
    if (row == Motion::InStep) {
      if (box.rowDim >= 0) {
        return std::nullopt;
      }
      box.rowDim = dim;
    } else if (column == Motion::InStep) {
      if (box.kDim >= 0) {
        return std::nullopt;
      }
      box.kDim = dim;
    }
  }
  if (box.rowDim < 0 || box.kDim < 0) {
    return std::nullopt;
  }
  return box;
}
