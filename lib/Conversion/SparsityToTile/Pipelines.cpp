//===- Pipelines.cpp - loads and reduction loops of a work item -----------===//

#include "GroupBuilder.h"

#include "sparsity/Analysis/CoveragePredicate.h"
#include "sparsity/Analysis/ElementPredicate.h"
#include "sparsity/Dialect/SparseTile/IR/DenseWork.h"

#include "mlir/Dialect/SCF/IR/SCF.h"

#include <numeric>

using namespace mlir;
using namespace mlir::sparsity;

//===----------------------------------------------------------------------===//
// Operands in the body
//===----------------------------------------------------------------------===//

Value GroupBuilder::outerIndex(const Contraction &contraction, unsigned dim) {
  if (contraction.rows && dim == contraction.rows->groupDim) {
    return axes[0].kind == Axis::Kind::Listed ? axes[0].group : axes[1].group;
  }
  unsigned position = 0;
  for (unsigned outer : contraction.outer) {
    if (outer == dim) {
      break;
    }
    if (!contraction.rows || outer != contraction.rows->groupDim) {
      ++position;
    }
  }
  return origins[position];
}

Value GroupBuilder::fieldOf(const Operand &operand, StringRef name) {
  auto found = operand.lists.find(name.str());
  return found == operand.lists.end() ? Value() : inputArgs[found->second];
}

/// The element predicate of the whole encoding, for what its coverage leaves
/// open.
Value GroupBuilder::emitUnknown(const Operand &operand, OpBuilder &builder,
                                Location loc, ValueRange point) {
  auto type = RankedTensorType::get(
      SmallVector<int64_t>(point.size(), ShapedType::kDynamic),
      builder.getF32Type());
  std::optional<SmallVector<IntegerSet>> sets =
      operand.encoding.getElementPredicate(type);
  return emitElementPredicate(builder, loc, *sets, point);
}

/// Whether the list with the stored entries drives the loop of `phase`.
static bool isDrivenByList(const Phase &phase) {
  return static_cast<bool>(phase.entry);
}

SmallVector<Phase> GroupBuilder::phasesOf(unsigned member, unsigned index) {
  const Contraction &contraction = group.contractions[member];
  const Operand &operand = operands[member][index];
  PhaseRequest request;
  request.coverage = operand.coverage;
  request.step = config.getTile()[2];
  IndexBuilder at(rewriter, contraction.op->getLoc());
  std::optional<unsigned> row =
      index == 0 ? contraction.left : contraction.right;
  Axis &axis = axisOf(index);
  std::optional<unsigned> rowAxis;
  for (auto [tensorDim, expr] :
       llvm::enumerate(contraction.domain.inputMaps[index].getResults())) {
    unsigned dim = cast<AffineDimExpr>(expr).getPosition();
    if (dim == contraction.reduction) {
      request.columnDim = tensorDim;
      request.ranges.push_back({at.constant(0), sizeArgs[extents[member]]});
    } else if (row && dim == *row) {
      rowAxis = tensorDim;
      request.ranges.push_back({axis.begin, axis.end});
    } else {
      Value outer = outerIndex(contraction, dim);
      request.ranges.push_back({outer, at.add(outer, 1)});
    }
  }
  request.isAligned = [&](unsigned dim, int64_t granularity) {
    if (!rowAxis || dim != *rowAxis) {
      return true;
    }
    switch (axis.kind) {
    case Axis::Kind::Plain:
      return granularity % axis.tile == 0;
    case Axis::Kind::Grouped:
      return granularity == axis.granularity;
    case Axis::Kind::Block:
      return granularity % axis.granularity == 0;
    case Axis::Kind::Listed:
      return false;
    }
    return false;
  };
  // Bounds by the rows of a listed axis would need those rows' indices.
  if (axis.kind == Axis::Kind::Listed && !operand.coverage.isAll()) {
    request.coverage = Coverage::unknown();
  }
  request.field = [this, &operand](StringRef name) {
    return fieldOf(operand, name);
  };
  const Coverage *whole = &operand.coverage;
  bool hidden = axis.kind == Axis::Kind::Listed;
  request.unknown = [this, &operand, whole, hidden](
                        OpBuilder &builder, Location loc, ValueRange point) {
    if (hidden) {
      return emitCoveragePredicate(
          builder, loc, *whole, llvm::to_vector(point),
          [&](StringRef name) { return fieldOf(operand, name); },
          [&] { return emitUnknown(operand, builder, loc, point); });
    }
    return emitUnknown(operand, builder, loc, point);
  };
  return buildPhases(rewriter, contraction.op->getLoc(), request);
}

//===----------------------------------------------------------------------===//
// Loads
//===----------------------------------------------------------------------===//

/// The tile of one operand at step `k` of `phase`, which this operand's
/// coverage gave if `drives`.
Value GroupBuilder::buildLoad(unsigned member, unsigned index, int64_t rows,
                              int64_t step, Value k, const Phase &phase,
                              bool drives) {
  const Contraction &contraction = group.contractions[member];
  const Operand &operand = operands[member][index];
  Location loc = contraction.op->getLoc();
  RankedTensorType type = contraction.getInputType(index);
  Axis &axis = axisOf(index);
  std::optional<unsigned> row =
      index == 0 ? contraction.left : contraction.right;

  TileFormatAttr format;
  if (operand.encoding && operand.format.kind != TileFormat::Kind::Dense) {
    format = TileFormatAttr::get(rewriter.getContext(), operand.format,
                                 operand.encoding.getStorageLayout());
  }
  auto tileType = sparse_tile::TileType::get(
      rewriter.getContext(), {rows, step}, type.getElementType(), format);

  // An affine pattern in its own tile is a mask, which a proof can drop.
  std::optional<SmallVector<IntegerSet>> sets;
  if (!operand.coverage.isAll()) {
    sets = operand.encoding.getElementPredicate(type);
  }
  bool masked =
      operand.coverage.isAll() || (drives && !phase.present) ||
      (sets && !operand.byEntry && phase.identity && (!drives || phase.sole));
  if (!axis.isPlain() || !phase.identity || operand.byEntry || !masked) {
    return buildGather(member, index, tileType, k, phase, drives);
  }

  SmallVector<Value> indices;
  int64_t rowAxis = -1, reductionAxis = -1;
  for (auto [axisNumber, expr] :
       llvm::enumerate(contraction.domain.inputMaps[index].getResults())) {
    unsigned dim = cast<AffineDimExpr>(expr).getPosition();
    if (dim == contraction.reduction) {
      reductionAxis = axisNumber;
      indices.push_back(k);
    } else if (row && dim == *row) {
      rowAxis = axisNumber;
      indices.push_back(axis.origin);
    } else {
      indices.push_back(outerIndex(contraction, dim));
    }
  }
  SmallVector<Value> sources;
  for (unsigned position : operand.data) {
    sources.push_back(inputArgs[position]);
  }
  auto dims = rewriter.getDenseI64ArrayAttr({rowAxis, reductionAxis});
  Value tile = sparse_tile::LoadOp::create(rewriter, loc, tileType, sources,
                                           indices, dims);
  if (operand.coverage.isAll() || !sets || format) {
    return tile;
  }
  SmallVector<Attribute> setAttrs;
  for (IntegerSet set : *sets) {
    setAttrs.push_back(IntegerSetAttr::get(set));
  }
  Value result = sparse_tile::MaskOp::create(
      rewriter, loc, tileType, tile, indices, dims,
      rewriter.getArrayAttr(setAttrs),
      CoverageAttr::get(rewriter.getContext(), operand.coverage));
  return result;
}

/// The dimensions of an operand's logical storage.
int64_t GroupBuilder::storedRank(unsigned member, unsigned index) {
  const Operand &operand = operands[member][index];
  if (!operand.byEntry) {
    return group.contractions[member].domain.inputMaps[index].getNumResults();
  }
  auto values =
      cast<RankedTensorType>(inputArgs[operand.data.front()].getType());
  return operand.format.kind == TileFormat::Kind::Dense ? values.getRank() : 3;
}

/// The same where an index has to be computed for each element.
Value GroupBuilder::buildGather(unsigned member, unsigned index,
                                sparse_tile::TileType type, Value k,
                                const Phase &phase, bool drives) {
  const Contraction &contraction = group.contractions[member];
  const Operand &operand = operands[member][index];
  Location loc = contraction.op->getLoc();
  AffineMap map = contraction.domain.inputMaps[index];
  Axis &axis = axisOf(index);
  std::optional<unsigned> row =
      index == 0 ? contraction.left : contraction.right;
  SmallVector<Value> sources;
  for (unsigned position : operand.data) {
    sources.push_back(inputArgs[position]);
  }
  // What decides row by row and element by element leaves no runs along K.
  bool tested =
      drives ? static_cast<bool>(phase.present) : !operand.coverage.isAll();
  auto innermost = cast<AffineDimExpr>(map.getResults().back()).getPosition();
  bool kInnermost = innermost == contraction.reduction;
  int64_t kRun = 1, rowRun = 1;
  std::optional<int64_t> extent = getConstantIntValue(sizes[extents[member]]);
  // In a format the logical storage is what has runs.
  if (!tested) {
    bool dense = operand.format.kind == TileFormat::Kind::Dense;
    int64_t run = phase.identity ? config.getTile()[2] : phase.run;
    if (operand.byEntry && drives) {
      kRun = run;
    } else if (!operand.byEntry && kInnermost && extent) {
      kRun = std::gcd(run, *extent);
    } else if (dense && !operand.byEntry && row && innermost == *row &&
               axis.isPlain()) {
      std::optional<int64_t> rowExtent =
          getConstantIntValue(sizes[parallel.size() - (isA(index) ? 2 : 1)]);
      rowRun = rowExtent ? std::gcd(axis.tile, *rowExtent) : 1;
    }
  }
  auto load = sparse_tile::LoadOp::create(
      rewriter, loc, type, sources, ValueRange{axis.origin, k},
      rewriter.getDenseI64ArrayAttr({0, 1}),
      rewriter.getDenseI64ArrayAttr({rowRun, kRun}));
  OpBuilder::InsertionGuard guard(rewriter);
  Type indexType = rewriter.getIndexType();
  Block *at = rewriter.createBlock(&load.getAt(), {}, {indexType, indexType},
                                   {loc, loc});
  IndexBuilder ib(rewriter, loc);
  Value rowPosition = at->getArgument(0), kPosition = at->getArgument(1);

  // Positions behind the last row or entry: their lists are not read.
  Value inside = row ? axis.present(ib, rowPosition)
                     : ib.less(rowPosition, ib.constant(1));
  inside = ib.both(inside, ib.less(kPosition, phase.upper));
  int64_t rank = storedRank(member, index);
  SmallVector<Type> types(rank, indexType);
  types.push_back(rewriter.getI1Type());
  auto branch =
      scf::IfOp::create(rewriter, loc, types, inside, /*addThenBlock=*/true,
                        /*addElseBlock=*/true);
  {
    OpBuilder::InsertionGuard elseGuard(rewriter);
    rewriter.setInsertionPointToStart(branch.elseBlock());
    SmallVector<Value> nothing(rank, ib.constant(0));
    nothing.push_back(arith::ConstantIntOp::create(rewriter, loc, 0, 1));
    scf::YieldOp::create(rewriter, loc, nothing);
    rewriter.setInsertionPointToStart(branch.thenBlock());
    scf::YieldOp::create(rewriter, loc,
                         locateElement(member, index, phase, drives, ib,
                                       rowPosition, kPosition));
  }
  sparse_tile::YieldOp::create(rewriter, loc, branch.getResults());
  return load;
}

/// The indices of the element at two positions in the operand's logical
/// storage, and whether it is present. Storage by entry is logically [entry,
/// row in the group, column in the entry].
SmallVector<Value> GroupBuilder::locateElement(unsigned member, unsigned index,
                                               const Phase &phase, bool drives,
                                               IndexBuilder &ib,
                                               Value rowPosition,
                                               Value kPosition) {
  const Contraction &contraction = group.contractions[member];
  const Operand &operand = operands[member][index];
  Axis &axis = axisOf(index);
  std::optional<unsigned> row =
      index == 0 ? contraction.left : contraction.right;
  SmallVector<Value> point;
  Value column = phase.index(ib, kPosition);
  for (AffineExpr expr : contraction.domain.inputMaps[index].getResults()) {
    unsigned dim = cast<AffineDimExpr>(expr).getPosition();
    if (dim == contraction.reduction) {
      point.push_back(column);
    } else if (row && dim == *row) {
      bool byPlace = contraction.rows && dim == contraction.rows->rowDim &&
                     !contraction.rows->gathers[index];
      point.push_back(byPlace ? axis.place(ib, rowPosition)
                              : axis.index(ib, rowPosition));
    } else {
      point.push_back(outerIndex(contraction, dim));
    }
  }
  Value present;
  if (drives) {
    present = phase.present ? phase.present(ib, point) : Value();
  } else if (!operand.coverage.isAll() &&
             !(operand.byEntry && operand.coverage == operand.list)) {
    present = emitCoveragePredicate(
        rewriter, ib.loc, operand.coverage, point,
        [&](StringRef name) { return fieldOf(operand, name); },
        [&] { return emitUnknown(operand, rewriter, ib.loc, point); });
  }
  if (!operand.byEntry) {
    if (!phase.identity) {
      present = ib.both(present, ib.less(column, sizeArgs[extents[member]]));
    }
    point.push_back(present ? present : ib.truth());
    return point;
  }
  const Coverage &list = operand.list;
  // One value an entry has no place inside it.
  auto storage = [&](Value entry, Value inRow, Value inEntry, Value present) {
    if (!present) {
      present = ib.truth();
    }
    return storedRank(member, index) == 1
               ? SmallVector<Value>{entry, present}
               : SmallVector<Value>{entry, inRow, inEntry, present};
  };
  Value inRow = ib.rem(point[list.groupDim()], list.groupGranularity());
  if (drives && phase.entry) {
    auto [entry, inEntry] = phase.entry(ib, kPosition);
    return storage(entry, inRow, inEntry, present);
  }
  // The list does not drive: it is searched.
  Value positions = fieldOf(operand, list.positions());
  Value coordinates = fieldOf(operand, list.coordinates());
  Value groupIndex = ib.div(point[list.groupDim()], list.groupGranularity());
  if (list.batch()) {
    groupIndex = ib.add(groupIndex,
                        ib.mul(point[list.batch()->dim], list.batch()->groups));
  }
  // A gathered column may lie behind the last one: it has no group.
  bool mayLeave = !phase.identity && point[list.groupDim()] == column;
  Value inside =
      mayLeave ? ib.less(column, sizeArgs[extents[member]]) : Value();
  if (inside) {
    groupIndex = ib.select(inside, groupIndex, ib.constant(0));
    present = ib.both(present, inside);
  }
  Value first = ib.read(positions, groupIndex);
  Value past = ib.read(positions, ib.add(groupIndex, 1));
  Value wanted = ib.div(point[list.listedDim()], list.granularity());
  Value entry = emitLowerBound(ib, coordinates, first, past, wanted);
  auto found = scf::IfOp::create(rewriter, ib.loc, rewriter.getI1Type(),
                                 ib.less(entry, past), /*addThenBlock=*/true,
                                 /*addElseBlock=*/true);
  {
    OpBuilder::InsertionGuard guard(rewriter);
    rewriter.setInsertionPointToStart(found.thenBlock());
    Value same =
        arith::CmpIOp::create(rewriter, ib.loc, arith::CmpIPredicate::eq,
                              ib.read(coordinates, entry), wanted);
    scf::YieldOp::create(rewriter, ib.loc, same);
    rewriter.setInsertionPointToStart(found.elseBlock());
    Value absent = arith::ConstantIntOp::create(rewriter, ib.loc, 0, 1);
    scf::YieldOp::create(rewriter, ib.loc, absent);
  }
  present = ib.both(present, found.getResult(0));
  Value inEntry = ib.rem(point[list.listedDim()], list.granularity());
  return storage(entry, inRow, inEntry, present);
}

//===----------------------------------------------------------------------===//
// Pipelines
//===----------------------------------------------------------------------===//

/// One reduction loop for `members`, over the positions of `phase`, which the
/// coverage of operand `driver` gave (2: of none).
void GroupBuilder::buildPipeline(ArrayRef<unsigned> members, const Phase &phase,
                                 unsigned driver) {
  Location loc = root->getLoc();
  int64_t rows = config.getTile()[0], columns = config.getTile()[1];
  int64_t step = config.getTile()[2];
  SmallVector<Type> types;
  SmallVector<Value> inits;
  for (unsigned member : members) {
    types.push_back(sparse_tile::TileType::get(
        rewriter.getContext(), {rows, columns},
        getAccumulatorType(group.contractions[member]), {}));
    if (accumulators[member]) {
      inits.push_back(accumulators[member]);
    }
  }
  bool fromZero = getConstantIntValue(phase.lower) == 0;
  auto pipeline = sparse_tile::PipelineOp::create(
      rewriter, loc, types, fromZero ? Value() : phase.lower, phase.upper, step,
      config.getStages(), inits);
  pipeline->setAttr(sparse_tile::kReductionAttr,
                    rewriter.getI64IntegerAttr(extents[members.front()]));
  OpBuilder::InsertionGuard guard(rewriter);
  Block *load = rewriter.createBlock(&pipeline.getLoad(), {},
                                     {rewriter.getIndexType()}, {loc});
  // An operand that two contractions share is loaded once.
  SmallVector<Value> tiles;
  SmallVector<std::pair<unsigned, unsigned>> pairs;
  DenseMap<std::pair<Value, AffineMap>, unsigned> loaded;
  for (unsigned member : members) {
    Contraction &contraction = group.contractions[member];
    unsigned positions[2];
    for (unsigned index = 0; index < 2; ++index) {
      std::pair<Value, AffineMap> key(contraction.domain.inputs[index],
                                      contraction.domain.inputMaps[index]);
      auto [entry, isNew] = loaded.try_emplace(key, tiles.size());
      if (isNew) {
        rewriter.setInsertionPointToEnd(load);
        tiles.push_back(buildLoad(member, index, isA(index) ? rows : columns,
                                  step, load->getArgument(0), phase,
                                  index == driver));
      }
      positions[isA(index) ? 0 : 1] = entry->second;
    }
    pairs.push_back({positions[0], positions[1]});
  }
  rewriter.setInsertionPointToEnd(load);
  sparse_tile::YieldOp::create(rewriter, loc, tiles);

  SmallVector<Type> computeTypes(ValueRange(tiles).getTypes());
  llvm::append_range(computeTypes, types);
  SmallVector<Location> locs(computeTypes.size(), loc);
  Block *compute =
      rewriter.createBlock(&pipeline.getCompute(), {}, computeTypes, locs);
  SmallVector<Value> sums;
  for (auto [index, operand] : llvm::enumerate(pairs)) {
    sums.push_back(sparse_tile::MmaOp::create(
        rewriter, loc, types[index], compute->getArgument(operand.first),
        compute->getArgument(operand.second),
        compute->getArgument(tiles.size() + index)));
  }
  sparse_tile::YieldOp::create(rewriter, loc, sums);
  for (auto [index, member] : llvm::enumerate(members)) {
    accumulators[member] = pipeline.getResult(index);
  }
}

/// The loops of contractions that walk the same columns. A coverage that skips
/// belongs to a contraction of its own.
void GroupBuilder::buildPipelines(ArrayRef<unsigned> members) {
  unsigned member = members.front();
  const Contraction &contraction = group.contractions[member];
  IndexBuilder at(rewriter, contraction.op->getLoc());
  Phase whole;
  whole.lower = at.constant(0);
  whole.upper = sizeArgs[extents[member]];
  whole.run = config.getTile()[2];
  whole.index = [](IndexBuilder &, Value position) { return position; };
  SmallVector<Phase> phases;
  unsigned driver = 2;
  for (unsigned index = 0; index < 2; ++index) {
    if (operands[member][index].coverage.isAll()) {
      continue;
    }
    SmallVector<Phase> own = phasesOf(member, index);
    bool listed = llvm::any_of(own, isDrivenByList);
    bool known = llvm::any_of(phases, isDrivenByList);
    if (driver == 2 || (listed && !known)) {
      std::swap(phases, own);
      driver = index;
    }
    // Both annihilate: bounds of the operand that does not drive hold as well.
    if (own.size() == 1 && own.front().identity && phases.size() == 1 &&
        phases.front().identity && driver != 2) {
      phases.front().lower = at.max(phases.front().lower, own.front().lower);
      phases.front().upper = at.min(phases.front().upper, own.front().upper);
    }
  }
  if (driver == 2) {
    phases.push_back(whole);
  } else if (phases.empty()) {
    whole.upper = at.constant(0);
    phases.push_back(whole);
  }
  if (hasEncodedResult()) {
    if (Value some = mayBePresent(at)) {
      for (Phase &phase : phases) {
        phase.upper = at.select(some, phase.upper, phase.lower);
      }
    }
  }
  // No entry of the list is left for this tile: nothing runs.
  for (Axis &axis : axes) {
    if (axis.kind == Axis::Kind::Listed) {
      for (Phase &phase : phases) {
        Value some = at.less(axis.begin, axis.end);
        phase.upper = at.select(some, phase.upper, phase.lower);
      }
    }
  }
  for (const Phase &phase : phases) {
    buildPipeline(members, phase, driver);
  }
}
