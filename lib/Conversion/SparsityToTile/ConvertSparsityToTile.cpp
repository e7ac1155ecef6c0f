//===- ConvertSparsityToTile.cpp - the one tiling: coverage is consumed ---===//

#include "AttentionTiling.h"
#include "GroupBuilder.h"

#include "sparsity/Conversion/Passes.h"
#include "sparsity/Dialect/SparseTile/IR/DenseWork.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

namespace mlir::sparsity {
#define GEN_PASS_DEF_CONVERTSPARSITYTOTILEPASS
#include "sparsity/Conversion/Passes.h.inc"
} // namespace mlir::sparsity

using namespace mlir;
using namespace mlir::sparsity;

LogicalResult GroupBuilder::build() {
  config = root->getAttrOfType<sparse_tile::ConfigAttr>(
      sparse_tile::kConfigAttrName);
  if (!group.contractions.empty()) {
    config =
        group.contractions.front().op->getAttrOfType<sparse_tile::ConfigAttr>(
            sparse_tile::kConfigAttrName);
  }
  if (!config) {
    return root->emitOpError("expected a ")
           << sparse_tile::kConfigAttrName
           << " attribute, but got none; run sparsity-select-config first";
  }
  chooseDimensions();
  rewriter.setInsertionPoint(root);
  Location loc = root->getLoc();
  for (Contraction &contraction : group.contractions) {
    if (failed(collectOperands(contraction))) {
      return failure();
    }
  }
  if (hasEncodedResult() && failed(planResult())) {
    return failure();
  }
  if (failed(chooseAxes()) || failed(collectSizes())) {
    return failure();
  }
  // Outputs: the epilogue's inits, or the place of the lone contraction's
  // result.
  if (group.epilogue) {
    llvm::append_range(outputs, group.epilogue.getDpsInits());
  } else if (outputs.empty()) {
    const Contraction &first = group.contractions.front();
    Value init = first.domain.init;
    if (auto fill = init.getDefiningOp<linalg::FillOp>()) {
      outputs.push_back(fill.getDpsInits().front());
    } else {
      outputs.push_back(tensor::EmptyOp::create(
          rewriter, loc, tensor::getMixedSizes(rewriter, loc, init),
          first.getResultType().getElementType()));
    }
  }
  collectStoreInputs();
  DenseI64ArrayAttr order = findOrder();

  SmallVector<int64_t> tile(parallel.size(), 1);
  tile[parallel.size() - 2] = config.getTile()[0];
  tile[parallel.size() - 1] = config.getTile()[1];
  SmallVector<Attribute> coverage;
  for (const std::array<Operand, 2> &both : operands) {
    for (const Operand &operand : both) {
      coverage.push_back(
          CoverageAttr::get(rewriter.getContext(), operand.coverage));
    }
  }
  SmallVector<Type> resultTypes(ValueRange(outputs).getTypes());
  auto forall = sparse_tile::ForallOp::create(
      rewriter, loc, resultTypes, sizes, inputs, outputs, tile, config,
      coverage.empty() ? ArrayAttr() : rewriter.getArrayAttr(coverage));
  if (!denseSizes.empty()) {
    forall->setAttr(sparse_tile::kDenseSizesAttr,
                    rewriter.getDenseI64ArrayAttr(denseSizes));
  }
  if (order) {
    forall->setAttr(sparse_tile::kOrderAttrName, order);
  }
  if (!group.contractions.empty()) {
    if (Attribute variants = group.contractions.front().op->getAttr(
            sparse_tile::kVariantsAttrName)) {
      forall->setAttr(sparse_tile::kVariantsAttrName, variants);
    }
  }
  buildBody(forall);
  if (resultMap) {
    rewriter.setInsertionPointAfter(forall);
    auto fill =
        group.contractions.front().op->getOperands().back().getDefiningOp();
    rewriter.replaceOp(root, assembleResult(forall.getResult(0)));
    if (fill && isOpTriviallyDead(fill)) {
      rewriter.eraseOp(fill);
    }
    return success();
  }
  rewriter.replaceOp(root, forall.getResults());
  for (Contraction &contraction : group.contractions) {
    if (contraction.op != root) {
      rewriter.eraseOp(contraction.op);
    }
  }
  return success();
}

void GroupBuilder::buildBody(sparse_tile::ForallOp forall) {
  Location loc = forall.getLoc();
  SmallVector<Type> types(parallel.size() + sizes.size(),
                          rewriter.getIndexType());
  llvm::append_range(types, ValueRange(inputs).getTypes());
  llvm::append_range(types, ValueRange(outputs).getTypes());
  SmallVector<Location> locs(types.size(), loc);
  Block *block = rewriter.createBlock(&forall.getBody(), {}, types, locs);
  origins = forall.getOrigins();
  sizeArgs = forall.getSizeArgs();
  inputArgs = forall.getInputArgs();
  outputArgs = forall.getOutputArgs();
  accumulators.resize(group.contractions.size());
  IndexBuilder at(rewriter, loc);
  if (!group.contractions.empty()) {
    beginAxis(at, axes[0], parallel.size() - 2);
    beginAxis(at, axes[1], parallel.size() - 1);
    if (result.byEntry) {
      beginEntry(at);
    }
  }
  // Contractions that run every step share a loop.
  auto runsAll = [&](unsigned member) {
    return llvm::all_of(operands[member], [](const Operand &operand) {
      return operand.coverage.isAll();
    });
  };
  llvm::SmallDenseSet<unsigned> done;
  for (unsigned member = 0; member < group.contractions.size(); ++member) {
    if (!done.insert(member).second) {
      continue;
    }
    SmallVector<unsigned> members = {member};
    for (unsigned other = member + 1; other < extents.size(); ++other) {
      if (runsAll(member) && runsAll(other) &&
          extents[other] == extents[member] && done.insert(other).second) {
        members.push_back(other);
      }
    }
    rewriter.setInsertionPointToEnd(block);
    buildPipelines(members);
  }
  rewriter.setInsertionPointToEnd(block);
  buildStore(forall);
  rewriter.setInsertionPointToEnd(block);
  sparse_tile::YieldOp::create(rewriter, loc, ValueRange());
}

namespace {
struct ConvertSparsityToTilePass
    : sparsity::impl::ConvertSparsityToTilePassBase<ConvertSparsityToTilePass> {
  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    WalkResult result = getOperation().walk([&](func::FuncOp func) {
      if (func.isDeclaration()) {
        return WalkResult::advance();
      }
      for (Block &block : func.getBody()) {
        for (KernelGroup &group : findKernelGroups(block)) {
          // A schedule built before may have replaced what this one reads.
          for (Contraction &contraction : group.contractions) {
            contraction = *matchContraction(contraction.op, [](StringRef) {});
          }
          if (failed(GroupBuilder(rewriter, group).build())) {
            return WalkResult::interrupt();
          }
        }
      }
      return WalkResult::advance();
    });
    if (result.wasInterrupted() ||
        failed(tileAttentions(getOperation(), rewriter))) {
      signalPassFailure();
    }
  }
};
} // namespace
