//===- SparsitySimulateSchedule.cpp - work items in order, with counts ----===//

#include "sparsity/Analysis/IterationDomain.h"
#include "sparsity/Dialect/SparseTile/IR/SparseTile.h"
#include "sparsity/Dialect/Sparsity/Transforms/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/Support/raw_ostream.h"

namespace mlir::sparsity {
#define GEN_PASS_DEF_SPARSITYSIMULATESCHEDULEPASS
#include "sparsity/Dialect/Sparsity/Transforms/Passes.h.inc"
} // namespace mlir::sparsity

using namespace mlir;
using namespace mlir::sparsity;

static void printItem(raw_ostream &os, int64_t number, const WorkItem &item) {
  os << "  item " << number << " tile [";
  llvm::interleaveComma(item.tile, os);
  os << "]: ";
  if (item.steps.empty()) {
    os << "nothing to do";
  }
  llvm::interleave(
      item.steps, os,
      [&](const Step &step) {
        if (step.gathered) {
          os << "gather {";
          llvm::interleaveComma(step.coordinates, os);
          os << "}";
        } else {
          os << "[" << step.range.begin << ", " << step.range.end << ")";
        }
        os << " " << stringifyTileKind(step.kind);
      },
      ", ");
  os << "\n";
}

namespace {
struct SparsitySimulateSchedulePass
    : sparsity::impl::SparsitySimulateSchedulePassBase<
          SparsitySimulateSchedulePass> {
  using SparsitySimulateSchedulePassBase::SparsitySimulateSchedulePassBase;

  void runOnOperation() override {
    WalkResult result = getOperation().walk([&](Operation *op) {
      auto config = op->getAttrOfType<sparse_tile::ConfigAttr>(
          sparse_tile::kConfigAttrName);
      FailureOr<Contraction> contraction =
          matchContraction(op, [](StringRef) {});
      if (!config || failed(contraction)) {
        return WalkResult::advance();
      }
      return failed(simulate(*contraction, config)) ? WalkResult::interrupt()
                                                    : WalkResult::advance();
    });
    if (result.wasInterrupted()) {
      signalPassFailure();
    }
  }

  LogicalResult simulate(const Contraction &contraction,
                         sparse_tile::ConfigAttr config) {
    FailureOr<IterationSpace> space =
        getIterationSpace(contraction, config.getTile(), config.getSwap());
    if (failed(space)) {
      return contraction.op->emitOpError(
                 "expected operands of static shape to simulate, but got ")
             << contraction.getInputType(0) << " and "
             << contraction.getInputType(1);
    }
    llvm::outs() << contraction.op->getName() << " sizes [";
    llvm::interleaveComma(space->sizes, llvm::outs());
    llvm::outs() << "] tiles [";
    llvm::interleaveComma(space->tiles, llvm::outs());
    llvm::outs() << "]\n";
    if (!summaryOnly) {
      int64_t number = 0;
      enumerate(*space, [&](const WorkItem &item) {
        printItem(llvm::outs(), number++, item);
      });
    }
    WorkSummary summary = summarize(*space);
    llvm::outs() << "  items " << summary.items << ", empty items "
                 << summary.emptyItems << ", steps " << summary.steps << " of "
                 << summary.stepsTotal << ", full " << summary.fullSteps
                 << ", partial " << summary.partialSteps << ", gathered "
                 << summary.gatheredSteps << "\n";
    return success();
  }
};
} // namespace
