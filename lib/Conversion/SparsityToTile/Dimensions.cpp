//===- Dimensions.cpp - axes, sizes and operands of a schedule ------------===//

#include "GroupBuilder.h"

#include "sparsity/Analysis/StoredTensor.h"

#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/Remarks.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Transforms/RegionUtils.h"

using namespace mlir;
using namespace mlir::sparsity;

//===----------------------------------------------------------------------===//
// Dimensions
//===----------------------------------------------------------------------===//

GroupBuilder::Origin GroupBuilder::rootDim(const Contraction &contraction,
                                           Origin dim) {
  if (!dim || !group.epilogue) {
    return dim;
  }
  OpOperand &use = *contraction.op->getResult(0).use_begin();
  AffineMap map = group.epilogue.getMatchingIndexingMap(&use);
  for (auto [position, expr] :
       llvm::enumerate(contraction.domain.outputMap.getResults())) {
    if (cast<AffineDimExpr>(expr).getPosition() == *dim) {
      return map.getDimPosition(position);
    }
  }
  return std::nullopt;
}

void GroupBuilder::chooseDimensions() {
  if (group.contractions.empty()) {
    // The innermost dimension of the result is the column.
    unsigned loops = group.epilogue.getNumLoops();
    AffineMap map = group.epilogue.getMatchingIndexingMap(
        group.epilogue.getDpsInitOperand(0));
    for (unsigned position = 0; position < loops; ++position) {
      parallel.push_back(map.getDimPosition(position));
    }
    if (loops == 1) {
      parallel.insert(parallel.begin(), std::nullopt);
    }
    return;
  }
  const Contraction &first = group.contractions.front();
  for (unsigned dim : first.outer) {
    if (!first.rows || dim != first.rows->groupDim) {
      parallel.push_back(rootDim(first, dim));
    }
  }
  parallel.push_back(
      rootDim(first, config.getSwap() ? first.right : first.left));
  parallel.push_back(
      rootDim(first, config.getSwap() ? first.left : first.right));
}

/// The extent of dimension `dim`: of a contraction, or of the epilogue.
Value GroupBuilder::sizeOf(const Contraction *contraction, unsigned dim) {
  Location loc = root->getLoc();
  auto fromOperand = [&](Value operand, AffineMap map) -> Value {
    for (auto [axis, expr] : llvm::enumerate(map.getResults())) {
      auto plain = dyn_cast<AffineDimExpr>(expr);
      if (plain && plain.getPosition() == dim &&
          isa<RankedTensorType>(operand.getType())) {
        return getValueOrCreateConstantIndexOp(
            rewriter, loc, tensor::getMixedSize(rewriter, loc, operand, axis));
      }
    }
    return {};
  };
  if (contraction) {
    const ComputeDomain &domain = contraction->domain;
    // An encoded tensor is about to become buffers: ask others first.
    for (bool encoded : {false, true}) {
      for (auto [input, map] :
           llvm::zip_equal(domain.inputs, domain.inputMaps)) {
        bool isEncoded =
            static_cast<bool>(getSparsityEncoding(input.getType()));
        if (isEncoded == encoded) {
          if (Value size = fromOperand(input, map)) {
            return size;
          }
        }
      }
      if (!encoded) {
        if (Value size = fromOperand(domain.init, domain.outputMap)) {
          return size;
        }
      }
    }
    return {};
  }
  for (OpOperand &operand : root->getOpOperands()) {
    // A contraction's result is about to disappear; its sizes come from
    // elsewhere.
    bool fused = llvm::any_of(group.contractions, [&](const Contraction &c) {
      return c.op == operand.get().getDefiningOp();
    });
    if (fused) {
      continue;
    }
    AffineMap map = group.epilogue.getMatchingIndexingMap(&operand);
    if (Value size = fromOperand(operand.get(), map)) {
      return size;
    }
  }
  return {};
}

unsigned GroupBuilder::addInput(Value value) {
  auto found = llvm::find(inputs, value);
  if (found == inputs.end()) {
    inputs.push_back(value);
    return inputs.size() - 1;
  }
  return std::distance(inputs.begin(), found);
}

//===----------------------------------------------------------------------===//
// Axes
//===----------------------------------------------------------------------===//

/// Rows follow the groups of a list that an operand's coverage holds, so that a
/// work item meets one group; or the entries of the contraction's own list.
LogicalResult GroupBuilder::chooseAxes() {
  axes[0].tile = config.getTile()[0];
  axes[1].tile = config.getTile()[1];
  if (group.contractions.empty()) {
    return success();
  }
  const Contraction &first = group.contractions.front();
  for (const Contraction &contraction : group.contractions) {
    for (unsigned index = 0; index < 2; ++index) {
      std::optional<Coverage> list = getFollowedList(contraction, index);
      Axis &axis = axisOf(index);
      if (!list || list->groupGranularity() % axis.tile == 0 ||
          axis.kind == Axis::Kind::Block) {
        continue;
      }
      if (!axis.isPlain() && axis.granularity != list->groupGranularity()) {
        // The second list is searched element by element.
        continue;
      }
      axis.kind = Axis::Kind::Grouped;
      axis.granularity = list->groupGranularity();
    }
  }
  if (first.rows) {
    Axis &axis = axisOf(first.rows->rowDim == first.left ? 0 : 1);
    axis.kind = Axis::Kind::Listed;
    Location loc = root->getLoc();
    auto field = [&](const std::string &name) {
      auto type = cast<RankedTensorType>(first.rows->list.getType());
      for (const StorageField &candidate :
           getSparsityEncoding(type).getStorage(type)) {
        if (candidate.name == name) {
          return addInput(FieldOp::create(rewriter, loc, candidate.type,
                                          first.rows->list, name));
        }
      }
      llvm_unreachable("a coverage reads fields of its storage");
    };
    listPositions = field(first.rows->leaf.positions());
    listCoordinates = field(first.rows->leaf.coordinates());
  }
  return success();
}

DenseI64ArrayAttr GroupBuilder::findOrder() {
  if (group.contractions.empty() || parallel.size() != 2) {
    return {};
  }
  // Of the first product's list; the rows of the others come in it too.
  unsigned rows = config.getSwap() ? 1 : 0;
  const Operand &operand = operands.front()[rows];
  const Contraction &contraction = group.contractions.front();
  std::optional<Coverage> list = getFollowedList(contraction, rows);
  if (!operand.order || !list || *list != operand.list ||
      !axisOf(rows).isPlain()) {
    return {};
  }
  Value order =
      FieldOp::create(rewriter, root->getLoc(), operand.order->type,
                      contraction.domain.inputs[rows], operand.order->name);
  int64_t position = addInput(order);
  return rewriter.getDenseI64ArrayAttr({position, list->groupGranularity()});
}

/// Positions on an axis of `size` indices: whole tiles for each group.
Value GroupBuilder::sizeOfAxis(Axis &axis, Value size) {
  IndexBuilder index(rewriter, root->getLoc());
  switch (axis.kind) {
  case Axis::Kind::Plain:
    return size;
  case Axis::Kind::Block:
    return index.constant(axis.granularity);
  case Axis::Kind::Grouped: {
    int64_t tiles = llvm::divideCeil(axis.granularity, axis.tile);
    return index.mul(index.ceilDiv(size, axis.granularity), tiles * axis.tile);
  }
  case Axis::Kind::Listed: {
    // Group g begins at tile positions[g] / tile + g: the tiles of a group
    // never reach the next one, whatever the lists hold.
    Value entries = rewriter.createOrFold<tensor::DimOp>(
        root->getLoc(), inputs[listCoordinates], int64_t(0));
    Value groups = rewriter.createOrFold<tensor::DimOp>(
        root->getLoc(), inputs[listPositions], int64_t(0));
    Value tiles =
        index.add(index.div(entries, axis.tile), index.sub(groups, 1));
    return index.mul(tiles, axis.tile);
  }
  }
  return size;
}

/// The group of the list whose tiles hold tile `tile`: the last one that begins
/// at or before it.
static Value emitFindGroup(IndexBuilder &index, Value positions, Value groups,
                           Value tile, int64_t tileExtent) {
  OpBuilder &b = index.b;
  Location loc = index.loc;
  auto loop = scf::WhileOp::create(
      b, loc, TypeRange{b.getIndexType(), b.getIndexType()},
      ValueRange{index.constant(0), groups},
      [&](OpBuilder &, Location, ValueRange range) {
        scf::ConditionOp::create(
            b, loc, index.less(index.add(range[0], 1), range[1]), range);
      },
      [&](OpBuilder &, Location, ValueRange range) {
        Value middle = index.div(index.add(range[0], range[1]), 2);
        Value begin = index.add(
            index.div(index.read(positions, middle), tileExtent), middle);
        Value above = index.less(tile, begin);
        Value low = index.select(above, range[0], middle);
        Value high = index.select(above, middle, range[1]);
        scf::YieldOp::create(b, loc, ValueRange{low, high});
      });
  return loop.getResult(0);
}

/// What the tile at `position` among the origins holds.
void GroupBuilder::beginAxis(IndexBuilder &at, Axis &axis, unsigned position) {
  axis.origin = origins[position];
  switch (axis.kind) {
  case Axis::Kind::Plain:
    axis.begin = axis.origin;
    axis.end = at.min(at.add(axis.origin, axis.tile), sizeArgs[position]);
    return;
  case Axis::Kind::Block:
    // beginEntry knows both sides.
    return;
  case Axis::Kind::Grouped: {
    int64_t perGroup =
        llvm::divideCeil(axis.granularity, axis.tile) * axis.tile;
    Value inGroup = at.rem(axis.origin, perGroup);
    Value first = at.mul(at.div(axis.origin, perGroup), axis.granularity);
    axis.begin = at.add(first, inGroup);
    // `size` counts indices here: the last size arguments hold those.
    Value size = sizeArgs[sizes.size() - 2 + (&axis - axes)];
    axis.end = at.min(
        at.min(at.add(axis.begin, axis.tile), at.add(first, axis.granularity)),
        size);
    return;
  }
  case Axis::Kind::Listed: {
    Value positions = inputArgs[listPositions];
    axis.coordinates = inputArgs[listCoordinates];
    Value groups = at.sub(
        at.b.createOrFold<tensor::DimOp>(at.loc, positions, int64_t(0)), 1);
    Value tile = at.div(axis.origin, axis.tile);
    axis.group = emitFindGroup(at, positions, groups, tile, axis.tile);
    Value first = at.read(positions, axis.group);
    Value past = at.read(positions, at.add(axis.group, 1));
    Value firstTile = at.add(at.div(first, axis.tile), axis.group);
    axis.begin = at.add(first, at.mul(at.sub(tile, firstTile), axis.tile));
    axis.end = at.min(at.add(axis.begin, axis.tile), past);
    return;
  }
  }
}

//===----------------------------------------------------------------------===//
// Operands
//===----------------------------------------------------------------------===//

/// How `value` of the encoded type `type` is stored; its buffers become inputs.
/// Failure if the coverage leaves elements open that nothing else decides.
LogicalResult GroupBuilder::classify(Value value, RankedTensorType type,
                                     Location loc, Operand &operand) {
  StoredTensor stored = describeStorage(type);
  if (!stored.isDecidable) {
    return failure();
  }
  operand.coverage = stored.coverage;
  operand.format = stored.format;
  operand.byEntry = stored.byEntry;
  operand.list = stored.list;
  operand.order = stored.order;
  for (auto [field, isList] : llvm::zip_equal(stored.fields, stored.isList)) {
    unsigned position =
        addInput(FieldOp::create(rewriter, loc, field.type, value, field.name));
    if (isList) {
      operand.lists[field.name] = position;
    } else {
      operand.data.push_back(position);
    }
  }
  return success();
}

/// How each operand is stored; one that cannot be read tile by tile is an error
/// at the user's op.
LogicalResult GroupBuilder::collectOperands(const Contraction &contraction) {
  std::array<Operand, 2> both;
  for (unsigned index = 0; index < 2; ++index) {
    Operand &operand = both[index];
    Value input = contraction.domain.inputs[index];
    RankedTensorType type = contraction.getInputType(index);
    operand.encoding = getSparsityEncoding(type);
    operand.coverage = Coverage::all();
    if (!operand.encoding) {
      if (type.getEncoding()) {
        return contraction.op->emitOpError(
                   "expected an operand with an encoding of the "
                   "sparsity dialect, but got ")
               << type.getEncoding();
      }
      operand.data.push_back(addInput(input));
      continue;
    }
    if (failed(classify(input, type, contraction.op->getLoc(), operand))) {
      return contraction.op->emitOpError()
             << "expected operand #" << index
             << " with an encoding that has a lowering for contractions, but "
                "got "
             << operand.encoding << "; sparsity-densify runs it densely";
    }
  }
  operands.push_back(std::move(both));
  return success();
}

/// The extents of the forall: of the parallel dimensions in positions, of each
/// distinct reduction, and of rows and columns in indices where positions
/// differ.
LogicalResult GroupBuilder::collectSizes() {
  Location loc = root->getLoc();
  const Contraction *first =
      group.contractions.empty() ? nullptr : &group.contractions.front();
  Value one;
  auto dimOrOne = [&](Origin dim) {
    if (dim) {
      return sizeOf(first, *dim);
    }
    if (!one) {
      one = arith::ConstantIndexOp::create(rewriter, loc, 1);
    }
    return one;
  };
  SmallVector<Origin> dims(parallel);
  if (first) {
    dims.clear();
    for (unsigned dim : first->outer) {
      if (!first->rows || dim != first->rows->groupDim) {
        dims.push_back(dim);
      }
    }
    dims.push_back(config.getSwap() ? first->right : first->left);
    dims.push_back(config.getSwap() ? first->left : first->right);
  }
  if (result.byEntry) {
    sizes.push_back(rewriter.createOrFold<tensor::DimOp>(
        loc, inputs[result.lists.find(result.list.coordinates())->second],
        int64_t(0)));
  }
  for (Origin dim : dims) {
    sizes.push_back(dimOrOne(dim));
  }
  if (llvm::is_contained(sizes, Value())) {
    return root->emitOpError(
        "expected every dimension to be walked by an operand");
  }
  Value counts[2] = {sizes[sizes.size() - 2], sizes.back()};
  for (unsigned side = 0; side < 2; ++side) {
    unsigned position = parallel.size() - 2 + side;
    sizes[position] = sizeOfAxis(axes[side], counts[side]);
  }
  for (Contraction &contraction : group.contractions) {
    Value extent = sizeOf(&contraction, contraction.reduction);
    auto constant = getConstantIntValue(extent);
    // One pipeline serves all contractions with the same extent.
    auto same = llvm::find_if(extents, [&](unsigned position) {
      return sizes[position] == extent ||
             (constant && getConstantIntValue(sizes[position]) == constant);
    });
    if (same != extents.end()) {
      extents.push_back(*same);
    } else {
      extents.push_back(sizes.size());
      sizes.push_back(extent);
    }
  }
  if (!axes[0].isPlain() || !axes[1].isPlain()) {
    collectDenseSizes();
    sizes.push_back(counts[0]);
    sizes.push_back(counts[1]);
  }
  return success();
}

/// The indices that the list of `contraction` chooses from, or null if no size
/// that is at hand tells.
Value GroupBuilder::sizeOfListed(const Contraction &contraction) {
  const ListedRows &rows = *contraction.rows;
  Location loc = contraction.op->getLoc();
  auto type = cast<RankedTensorType>(rows.list.getType());
  unsigned dim = rows.leaf.listedDim();
  auto fromList = [&]() -> Value {
    return getValueOrCreateConstantIndexOp(
        rewriter, loc, tensor::getMixedSize(rewriter, loc, rows.list, dim));
  };
  if (!type.isDynamicDim(dim)) {
    return fromList();
  }
  for (unsigned index = 0; index < 2; ++index) {
    std::optional<unsigned> axis =
        contraction.domain.inputMaps[index].getResultPosition(
            getAffineDimExpr(rows.rowDim, rewriter.getContext()));
    if (rows.gathers[index] && axis) {
      return rewriter.createOrFold<tensor::DimOp>(
          loc, contraction.domain.inputs[index], *axis);
    }
  }
  Operation *producer = rows.list.getDefiningOp();
  return !producer || isa<ReifyRankedShapedTypeOpInterface>(producer)
             ? fromList()
             : Value();
}

/// Where positions differ from indices: the extents of the dense schedule, for
/// reports. To be called before the counts of rows and columns are added.
void GroupBuilder::collectDenseSizes() {
  for (unsigned position = 0; position < parallel.size(); ++position) {
    denseSizes.push_back(result.byEntry && position == 0
                             ? int64_t(-1)
                             : static_cast<int64_t>(position));
  }
  std::optional<unsigned> listed;
  for (unsigned side = 0; side < 2; ++side) {
    if (axes[side].kind == Axis::Kind::Listed) {
      listed = parallel.size() - 2 + side;
    }
  }
  if (listed) {
    Location loc = root->getLoc();
    Value indices = sizeOfListed(group.contractions.front());
    if (!indices) {
      denseSizes.clear();
      return;
    }
    IndexBuilder index(rewriter, loc);
    Value positions = rewriter.createOrFold<tensor::DimOp>(
        loc, inputs[listPositions], int64_t(0));
    denseSizes[*listed] = sizes.size();
    sizes.push_back(indices);
    denseSizes.push_back(sizes.size());
    sizes.push_back(index.sub(positions, 1));
  }
  for (unsigned side = 0; side < 2; ++side) {
    unsigned position = parallel.size() - 2 + side;
    if (!axes[side].isPlain() && position != listed) {
      denseSizes[position] = sizes.size() + side;
    }
  }
}

/// What the store body reads besides the sums.
void GroupBuilder::collectStoreInputs() {
  for (Contraction &contraction : group.contractions) {
    if (!isZeroFill(contraction.domain.init)) {
      addInput(contraction.domain.init);
    }
  }
  if (!group.epilogue) {
    return;
  }
  for (OpOperand &operand : group.epilogue->getOpOperands()) {
    bool fused = llvm::any_of(group.contractions, [&](const Contraction &c) {
      return c.op == operand.get().getDefiningOp();
    });
    if (!fused && group.epilogue.payloadUsesValueFromOperand(&operand)) {
      addInput(operand.get());
    }
  }
  SetVector<Value> captured;
  getUsedValuesDefinedAbove(group.epilogue.getRegion(), captured);
  for (Value value : captured) {
    if (!matchPattern(value, m_Constant())) {
      addInput(value);
    }
  }
}
