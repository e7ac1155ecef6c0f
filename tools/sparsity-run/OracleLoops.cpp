//===- OracleLoops.cpp - makes upstream's loops fast enough to wait for ---===//

#include "Oracle.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Interfaces/ViewLikeInterface.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;
using namespace mlir::sparsity;

//===----------------------------------------------------------------------===//
// Loop order
//===----------------------------------------------------------------------===//

/// How well `loop` does as the innermost one: operands read in sequence count
/// for it, operands read with a stride against it.
static int64_t scoreInnermost(linalg::GenericOp op, unsigned loop) {
  int64_t score = 0;
  for (AffineMap map : op.getIndexingMapsArray()) {
    for (auto [position, result] : llvm::enumerate(map.getResults())) {
      if (result.isFunctionOfDim(loop)) {
        bool isLast = position + 1 == map.getNumResults();
        score += isLast && isa<AffineDimExpr>(result) ? 1 : -2;
      }
    }
  }
  return score;
}

void run::orderReductionLoops(ModuleOp module) {
  IRRewriter rewriter(module.getContext());
  SmallVector<linalg::GenericOp> ops;
  module.walk([&](linalg::GenericOp op) {
    if (op.getNumReductionLoops() && op.getNumLoops() > 1 &&
        !op.hasIndexSemantics()) {
      ops.push_back(op);
    }
  });
  for (linalg::GenericOp op : ops) {
    SmallVector<unsigned> order =
        llvm::to_vector(llvm::seq<unsigned>(0, op.getNumLoops()));
    SmallVector<int64_t> sizes = op.getStaticLoopRanges();
    SmallVector<utils::IteratorType> iterators = op.getIteratorTypesArray();
    unsigned innermost = *llvm::max_element(order, [&](unsigned a, unsigned b) {
      return scoreInnermost(op, a) < scoreInnermost(op, b);
    });
    // The longest parallel loop outermost: what it selects stays in the cache
    // while the others run.
    llvm::sort(order, [&](unsigned a, unsigned b) {
      auto key = [&](unsigned loop) {
        int64_t size = ShapedType::isDynamic(sizes[loop]) ? 0 : sizes[loop];
        return std::make_tuple(
            loop == innermost,
            iterators[loop] == utils::IteratorType::reduction, -size, loop);
      };
      return key(a) < key(b);
    });
    rewriter.setInsertionPoint(op);
    (void)linalg::interchangeGenericOp(rewriter, op, order);
  }
}

//===----------------------------------------------------------------------===//
// Sums in registers
//===----------------------------------------------------------------------===//

static Value getRoot(Value memref) {
  while (auto view = memref.getDefiningOp<ViewLikeOpInterface>()) {
    memref = view.getViewSource();
  }
  return memref;
}

/// The one load of the element that `store` writes, if nothing else in `loop`
/// touches its buffer and its indices do not change.
static memref::LoadOp findSum(scf::ForOp loop, memref::StoreOp store) {
  auto isInvariant = [&](Value value) {
    return !loop.getRegion().isAncestor(value.getParentRegion());
  };
  if (!isInvariant(store.getMemref()) ||
      !llvm::all_of(store.getIndices(), isInvariant)) {
    return {};
  }
  memref::LoadOp sum;
  Value root = getRoot(store.getMemref());
  for (Operation &op : loop.getBody()->without_terminator()) {
    if (&op == store.getOperation() || op.getNumRegions()) {
      if (op.getNumRegions()) {
        return {};
      }
      continue;
    }
    if (auto load = dyn_cast<memref::LoadOp>(op)) {
      if (load.getMemref() == store.getMemref() &&
          llvm::equal(load.getIndices(), store.getIndices()) && !sum) {
        sum = load;
        continue;
      }
    }
    for (Value operand : op.getOperands()) {
      if (isa<MemRefType>(operand.getType()) && getRoot(operand) == root) {
        return {};
      }
    }
  }
  return sum && sum->isBeforeInBlock(store) ? sum : memref::LoadOp();
}

void run::keepSumsInRegisters(ModuleOp module) {
  IRRewriter rewriter(module.getContext());
  SmallVector<memref::StoreOp> stores;
  module.walk([&](memref::StoreOp store) { stores.push_back(store); });
  for (memref::StoreOp store : stores) {
    auto loop = dyn_cast<scf::ForOp>(store->getParentOp());
    memref::LoadOp sum = loop ? findSum(loop, store) : memref::LoadOp();
    if (!sum) {
      continue;
    }
    Location loc = store.getLoc();
    Value memref = store.getMemref();
    SmallVector<Value> indices(store.getIndices());
    Value updated = store.getValue();
    rewriter.setInsertionPoint(loop);
    Value initial = memref::LoadOp::create(rewriter, loc, memref, indices);
    auto replaced = loop.replaceWithAdditionalYields(
        rewriter, initial, /*replaceInitOperandUsesInLoop=*/false,
        [&](OpBuilder &, Location, ArrayRef<BlockArgument> carried) {
          Value current = carried.back();
          rewriter.replaceAllUsesWith(sum.getResult(), current);
          return SmallVector<Value>{updated == sum.getResult() ? current
                                                               : updated};
        });
    if (failed(replaced)) {
      continue;
    }
    rewriter.eraseOp(store);
    rewriter.eraseOp(sum);
    rewriter.setInsertionPointAfter(*replaced);
    memref::StoreOp::create(rewriter, loc, (*replaced)->getResults().back(),
                            memref, indices);
  }
}

//===----------------------------------------------------------------------===//
// libm
//===----------------------------------------------------------------------===//

void run::callLibm(ModuleOp module) {
  static const llvm::StringSet<> names = {
      "acos",  "acosh", "asin", "asinh", "atan", "atanh", "cbrt", "cos",
      "cosh",  "erf",   "erfc", "exp",   "exp2", "expm1", "log",  "log10",
      "log1p", "log2",  "sin",  "sinh",  "tan",  "tanh"};
  SmallVector<Operation *> ops;
  module.walk([&](Operation *op) {
    if (isa_and_nonnull<math::MathDialect>(op->getDialect()) &&
        op->getNumOperands() == 1 &&
        isa<FloatType>(op->getResult(0).getType()) &&
        names.contains(op->getName().stripDialect())) {
      ops.push_back(op);
    }
  });
  IRRewriter rewriter(module.getContext());
  Type wide = rewriter.getF64Type();
  for (Operation *op : ops) {
    StringRef name = op->getName().stripDialect();
    if (!module.lookupSymbol(name)) {
      rewriter.setInsertionPointToStart(module.getBody());
      func::FuncOp::create(rewriter, op->getLoc(), name,
                           rewriter.getFunctionType(wide, wide))
          .setPrivate();
    }
    rewriter.setInsertionPoint(op);
    Location loc = op->getLoc();
    Type type = op->getResult(0).getType();
    Value value = op->getOperand(0);
    if (type != wide) {
      value = arith::ExtFOp::create(rewriter, loc, wide, value);
    }
    value = func::CallOp::create(rewriter, loc, name, wide, value).getResult(0);
    if (type != wide) {
      value = arith::TruncFOp::create(rewriter, loc, type, value);
    }
    rewriter.replaceOp(op, value);
  }
}
