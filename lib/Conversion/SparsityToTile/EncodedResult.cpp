//===- EncodedResult.cpp - contractions that write an encoded tensor ------===//
//
// Of a result with an encoding only the elements that may be present are
// computed (a sampled product). One stored by the entries of a list has a work
// item for each tile of each entry; one that is stored densely has the
// ordinary items, of which those without a present element run no loop.
//
//===----------------------------------------------------------------------===//

#include "GroupBuilder.h"

#include "sparsity/Analysis/CoveragePredicate.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"

using namespace mlir;
using namespace mlir::sparsity;

bool GroupBuilder::hasEncodedResult() const {
  return !group.epilogue && group.contractions.size() == 1 &&
         group.contractions.front().getResultType().getEncoding();
}

/// The dimension of the schedule that walks dimension `tensorDim` of the
/// result.
unsigned GroupBuilder::scheduleDim(unsigned tensorDim) {
  const Contraction &contraction = group.contractions.front();
  unsigned dim = contraction.domain.outputMap.getDimPosition(tensorDim);
  for (auto [position, origin] : llvm::enumerate(parallel)) {
    if (origin == dim) {
      return position;
    }
  }
  llvm_unreachable("a result walks parallel dimensions");
}

LogicalResult GroupBuilder::planResult() {
  Contraction &contraction = group.contractions.front();
  Location loc = contraction.op->getLoc();
  RankedTensorType type = contraction.getResultType();
  result.encoding = getSparsityEncoding(type);
  Value init = contraction.domain.init;
  bool zero = isZeroFill(init);
  if (zero) {
    init = init.getDefiningOp<linalg::FillOp>().getDpsInits().front();
  }
  resultSource = init;
  if (!result.encoding || failed(classify(init, type, loc, result)) ||
      result.data.size() != 1 ||
      result.format.kind != TileFormat::Kind::Dense ||
      (result.byEntry &&
       (contraction.outer.size() != 0 || !contraction.left ||
        !contraction.right || result.coverage != result.list))) {
    return contraction.op->emitOpError(
               "expected a result that is stored densely or by the blocks of a "
               "list, but got ")
           << type;
  }
  resultValues = inputs[result.data.front()];
  // Only what the sums start from is read.
  if (!zero) {
    contraction.domain.init = resultValues;
  }
  auto valuesType = cast<RankedTensorType>(resultValues.getType());
  outputs.push_back(tensor::EmptyOp::create(
      rewriter, loc, tensor::getMixedSizes(rewriter, loc, resultValues),
      valuesType.getElementType()));
  MLIRContext *context = rewriter.getContext();
  SmallVector<AffineExpr> exprs;
  if (!result.byEntry) {
    for (unsigned dim = 0; dim < type.getRank(); ++dim) {
      exprs.push_back(getAffineDimExpr(scheduleDim(dim), context));
    }
    resultMap = AffineMap::get(parallel.size(), 0, exprs, context);
    return success();
  }
  // The entry is a dimension in front; rows and columns are places in it.
  for (unsigned dim : {result.list.groupDim(), result.list.listedDim()}) {
    unsigned side = scheduleDim(dim) - (parallel.size() - 2);
    axes[side].kind = Axis::Kind::Block;
    axes[side].granularity = dim == result.list.groupDim()
                                 ? result.list.groupGranularity()
                                 : result.list.granularity();
    exprs.push_back(getAffineDimExpr(1 + side, context));
  }
  parallel.insert(parallel.begin(), std::nullopt);
  exprs.insert(exprs.begin(), getAffineDimExpr(0, context));
  resultMap = AffineMap::get(3, 0, exprs, context);
  return success();
}

/// The rows and columns of the entry that the work item belongs to.
void GroupBuilder::beginEntry(IndexBuilder &at) {
  Value entry = origins[0];
  Value positions = fieldOf(result, result.list.positions());
  Value coordinates = fieldOf(result, result.list.coordinates());
  Value count = at.b.createOrFold<tensor::DimOp>(at.loc, positions, int64_t(0));
  // The last group that begins at or before the entry.
  Value group = at.sub(
      emitLowerBound(at, positions, at.constant(0), count, entry, true), 1);
  for (unsigned side = 0; side < 2; ++side) {
    Axis &axis = axes[side];
    bool isRow = scheduleDimOfList(result.list.groupDim()) == side;
    Value block = isRow ? group : at.read(coordinates, entry);
    Value base = at.mul(block, axis.granularity);
    axis.origin = origins[1 + side];
    axis.begin = at.add(base, axis.origin);
    Value size = sizeArgs[sizes.size() - 2 + side];
    axis.end = at.min(
        at.min(at.add(axis.begin, axis.tile), at.add(base, axis.granularity)),
        size);
  }
}

/// 0 for rows, 1 for columns: the side that walks dimension `dim` of a result
/// by entry.
unsigned GroupBuilder::scheduleDimOfList(unsigned dim) {
  return scheduleDim(dim) - (parallel.size() - 2);
}

/// Whether some element of the tile may be present.
Value GroupBuilder::mayBePresent(IndexBuilder &at) {
  if (result.byEntry || result.coverage.isAll()) {
    return {};
  }
  RankedTensorType type = group.contractions.front().getResultType();
  unsigned columnDim = type.getRank() - 1;
  PhaseRequest request;
  request.coverage = result.coverage;
  request.columnDim = columnDim;
  std::pair<Value, Value> columns;
  for (unsigned dim = 0; dim < type.getRank(); ++dim) {
    unsigned position = scheduleDim(dim);
    std::pair<Value, Value> range;
    if (position + 2 >= parallel.size()) {
      Axis &axis = axes[position + 2 - parallel.size()];
      range = {axis.begin, axis.end};
    } else {
      range = {origins[position], at.add(origins[position], 1)};
    }
    if (dim == columnDim) {
      columns = range;
      range = {at.constant(0), sizeArgs[position]};
    }
    request.ranges.push_back(range);
  }
  request.isAligned = [](unsigned, int64_t) { return false; };
  request.field = [this](StringRef name) { return fieldOf(result, name); };
  Value some;
  for (const Phase &phase : buildPhases(rewriter, at.loc, request)) {
    if (!phase.identity) {
      return {};
    }
    Value meets = at.both(at.less(phase.lower, columns.second),
                          at.less(columns.first, phase.upper));
    some = some ? at.b.createOrFold<arith::OrIOp>(at.loc, some, meets) : meets;
  }
  return some;
}

/// `value` where the element at `indices` of the schedule is present, else 0.
Value GroupBuilder::maskResult(Value value, ValueRange indices, Location loc) {
  if (result.byEntry || result.coverage.isAll()) {
    return value;
  }
  SmallVector<Value> point;
  for (AffineExpr expr : resultMap->getResults()) {
    point.push_back(indices[cast<AffineDimExpr>(expr).getPosition()]);
  }
  Value present = emitCoveragePredicate(
      rewriter, loc, result.coverage, point,
      [&](StringRef name) { return fieldOf(result, name); },
      [&] { return emitUnknown(result, rewriter, loc, point); });
  Value zero = arith::ConstantOp::create(
      rewriter, loc, cast<TypedAttr>(rewriter.getZeroAttr(value.getType())));
  return arith::SelectOp::create(rewriter, loc, present, value, zero);
}

/// The encoded tensor with the values that the schedule wrote.
Value GroupBuilder::assembleResult(Value values) {
  RankedTensorType type = group.contractions.front().getResultType();
  Location loc = root->getLoc();
  SmallVector<Value> fields;
  for (const StorageField &field : result.encoding.getStorage(type)) {
    if (result.order && field.name == result.order->name) {
      // Not read here: the result's rows are those of its pattern.
      fields.push_back(
          FieldOp::create(rewriter, loc, field.type, resultSource, field.name));
      continue;
    }
    auto list = result.lists.find(field.name);
    fields.push_back(list == result.lists.end() ? values
                                                : inputs[list->second]);
  }
  return AssembleOp::create(rewriter, loc, type, fields);
}
