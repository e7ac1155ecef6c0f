//===- StoreBody.cpp - the epilogue of a work item ------------------------===//

#include "GroupBuilder.h"

#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Transforms/RegionUtils.h"

using namespace mlir;
using namespace mlir::sparsity;

/// `value` widened or narrowed to `type`, both floats or both integers.
static Value convertScalar(OpBuilder &builder, Location loc, Value value,
                           Type type) {
  return convertScalarToDtype(builder, loc, value, type,
                              /*isUnsignedCast=*/false);
}

void GroupBuilder::buildStore(sparse_tile::ForallOp forall) {
  Location loc = root->getLoc();
  MLIRContext *context = rewriter.getContext();
  unsigned rank = parallel.size();
  // A map over the root's dimensions, as one over the parallel dimensions.
  unsigned rootDims = 0;
  for (Origin dim : parallel) {
    rootDims = std::max(rootDims, dim ? *dim + 1 : 0);
  }
  if (!group.epilogue) {
    rootDims = group.contractions.front().domain.iterators.size();
  }
  SmallVector<AffineExpr> toParallel(rootDims,
                                     getAffineConstantExpr(0, context));
  for (auto [position, dim] : llvm::enumerate(parallel)) {
    if (dim) {
      toParallel[*dim] = getAffineDimExpr(position, context);
    }
  }
  auto overParallel = [&](AffineMap map) {
    return map.replaceDimsAndSymbols(toParallel, {}, rank, 0);
  };

  SmallVector<Value> storeInputs;
  SmallVector<AffineMap> maps;
  DenseMap<std::pair<Value, AffineMap>, unsigned> inputIndex;
  auto addStoreInput = [&](Value value, AffineMap map) {
    auto [entry, isNew] =
        inputIndex.try_emplace({value, map}, storeInputs.size());
    if (isNew) {
      storeInputs.push_back(inputArgs[addInput(value)]);
      maps.push_back(map);
    }
    return entry->second;
  };
  // What each contraction's sum starts from, unless zero.
  SmallVector<std::optional<unsigned>> starts;
  for (Contraction &contraction : group.contractions) {
    if (!llvm::is_contained(inputs, contraction.domain.init)) {
      starts.push_back(std::nullopt);
      continue;
    }
    if (resultMap) {
      starts.push_back(addStoreInput(contraction.domain.init, *resultMap));
      continue;
    }
    AffineMap map = contraction.domain.outputMap;
    if (group.epilogue) {
      map = group.epilogue.getMatchingIndexingMap(
          &*contraction.op->getResult(0).use_begin());
    }
    starts.push_back(addStoreInput(contraction.domain.init, overParallel(map)));
  }
  DenseMap<Value, unsigned>
      operandInput; // epilogue block argument -> store input
  if (group.epilogue) {
    for (OpOperand &operand : group.epilogue->getOpOperands()) {
      if (llvm::is_contained(inputs, operand.get()) &&
          isa<RankedTensorType>(operand.get().getType()) &&
          group.epilogue.payloadUsesValueFromOperand(&operand)) {
        operandInput[group.epilogue.getMatchingBlockArgument(&operand)] =
            addStoreInput(
                operand.get(),
                overParallel(group.epilogue.getMatchingIndexingMap(&operand)));
      }
    }
    for (OpOperand &init : group.epilogue.getDpsInitsMutable()) {
      maps.push_back(
          overParallel(group.epilogue.getMatchingIndexingMap(&init)));
    }
  } else {
    maps.push_back(
        resultMap ? *resultMap
                  : overParallel(group.contractions.front().domain.outputMap));
  }

  SmallVector<Type> types(rank, rewriter.getIndexType());
  for (Value accumulator : accumulators) {
    types.push_back(
        cast<sparse_tile::TileType>(accumulator.getType()).getElementType());
  }
  for (Value input : storeInputs) {
    types.push_back(cast<RankedTensorType>(input.getType()).getElementType());
  }
  auto store = sparse_tile::StoreOp::create(
      rewriter, loc, accumulators, storeInputs,
      SmallVector<Value>(outputArgs.begin(), outputArgs.end()),
      rewriter.getAffineMapArrayAttr(maps));
  OpBuilder::InsertionGuard guard(rewriter);
  SmallVector<Location> locs(types.size(), loc);
  Block *body = rewriter.createBlock(&store.getBody(), {}, types, locs);
  auto inputArgument = [&](unsigned index) -> Value {
    return body->getArgument(rank + accumulators.size() + index);
  };

  SmallVector<Value> sums;
  for (auto [index, contraction] : llvm::enumerate(group.contractions)) {
    Value sum = body->getArgument(rank + index);
    if (starts[index]) {
      Value start = convertScalar(rewriter, loc, inputArgument(*starts[index]),
                                  sum.getType());
      sum = isa<FloatType>(sum.getType())
                ? Value(arith::AddFOp::create(rewriter, loc, start, sum))
                : Value(arith::AddIOp::create(rewriter, loc, start, sum));
    }
    sums.push_back(convertScalar(rewriter, loc, sum,
                                 contraction.getResultType().getElementType()));
  }
  if (!group.epilogue) {
    if (resultMap) {
      sums.front() = maskResult(sums.front(), body->getArguments(), loc);
    }
    sparse_tile::YieldOp::create(rewriter, loc, sums);
    buildScatter(store);
    return;
  }
  IRMapping mapping;
  for (OpOperand &operand : group.epilogue->getOpOperands()) {
    Value argument = group.epilogue.getMatchingBlockArgument(&operand);
    for (auto [index, contraction] : llvm::enumerate(group.contractions)) {
      if (contraction.op == operand.get().getDefiningOp()) {
        mapping.map(argument, sums[index]);
      }
    }
    if (auto found = operandInput.find(argument); found != operandInput.end()) {
      mapping.map(argument, inputArgument(found->second));
    } else if (!isa<RankedTensorType>(operand.get().getType()) &&
               llvm::is_contained(inputs, operand.get())) {
      mapping.map(argument, inputArgs[addInput(operand.get())]);
    }
  }
  SetVector<Value> captured;
  getUsedValuesDefinedAbove(group.epilogue.getRegion(), captured);
  for (Value value : captured) {
    if (llvm::is_contained(inputs, value)) {
      mapping.map(value, inputArgs[addInput(value)]);
    } else {
      mapping.map(value,
                  rewriter.clone(*value.getDefiningOp())
                      ->getResult(cast<OpResult>(value).getResultNumber()));
    }
  }
  for (Operation &op : group.epilogue.getBody()->without_terminator()) {
    if (auto index = dyn_cast<linalg::IndexOp>(op)) {
      AffineExpr expr = toParallel[index.getDim()];
      mapping.map(index.getResult(),
                  body->getArgument(cast<AffineDimExpr>(expr).getPosition()));
      continue;
    }
    rewriter.clone(op, mapping);
  }
  SmallVector<Value> yielded;
  for (Value value : group.epilogue.getBody()->getTerminator()->getOperands()) {
    yielded.push_back(mapping.lookupOrDefault(value));
  }
  sparse_tile::YieldOp::create(rewriter, loc, yielded);
  buildScatter(store);
}

/// Where positions are not indices, the store computes these.
void GroupBuilder::buildScatter(sparse_tile::StoreOp store) {
  auto isScattered = [](const Axis &axis) {
    return axis.kind == Axis::Kind::Grouped || axis.kind == Axis::Kind::Listed;
  };
  if (!isScattered(axes[0]) && !isScattered(axes[1])) {
    return;
  }
  Location loc = store.getLoc();
  unsigned rank = parallel.size();
  OpBuilder::InsertionGuard guard(rewriter);
  SmallVector<Type> types(rank, rewriter.getIndexType());
  SmallVector<Location> locs(rank, loc);
  Block *at = rewriter.createBlock(&store.getAt(), {}, types, locs);
  IndexBuilder ib(rewriter, loc);
  SmallVector<Value> results;
  for (unsigned dim = 0; dim + 2 < rank; ++dim) {
    results.push_back(at->getArgument(dim));
  }
  Value present;
  for (unsigned side = 0; side < 2; ++side) {
    Value position = at->getArgument(rank - 2 + side);
    results.push_back(axes[side].place(ib, position));
    present = ib.both(present, axes[side].present(ib, position));
  }
  results.push_back(present);
  sparse_tile::YieldOp::create(rewriter, loc, results);
}
