//===- Enumerate.cpp - Items and steps of a sparse iteration space --------===//

#include "sparsity/Coverage/Enumerate.h"

#include "Enumerator.h"
#include "IndexMath.h"

#include <algorithm>
#include <limits>

using namespace mlir::sparsity;
using namespace mlir::sparsity::detail;

/// Writes the first index and the length of each piece.
static void splitPieces(const Pieces &pieces, std::vector<int64_t> &coordinates,
                        std::vector<int64_t> &lengths) {
  coordinates.clear();
  lengths.clear();
  for (const Interval &piece : pieces) {
    coordinates.push_back(piece.begin);
    lengths.push_back(piece.size());
  }
}

/// An operand whose dimensions cannot be placed in the space is not consulted.
static bool isPlaced(const OperandCoverage &operand, int rank) {
  return operand.dims.size() == operand.shape.size() &&
         std::all_of(operand.dims.begin(), operand.dims.end(),
                     [&](int dim) { return dim >= 0 && dim < rank; });
}

Enumerator::Enumerator(const IterationSpace &space,
                       const std::function<void(const WorkItem &)> &visit)
    : visit(visit), rank(static_cast<int>(space.sizes.size())) {
  for (int d = 0; d < rank; ++d) {
    size_t index = static_cast<size_t>(d);
    int64_t size = std::max<int64_t>(space.sizes[index], 0);
    int64_t tile = index < space.tiles.size() ? space.tiles[index] : 0;
    sizes.push_back(size);
    tiles.push_back(tile >= 1 ? tile : std::max<int64_t>(size, 1));
    isReduction.push_back(index < space.reduction.size() &&
                          space.reduction[index]);
  }
  for (const OperandCoverage &operand : space.operands) {
    if (isPlaced(operand, rank)) {
      operands.push_back({&operand, operand.coverage});
    }
  }
  gather.dim = space.gatherDim;
  findGather();
  std::vector<int> reductions;
  for (int d = 0; d < rank; ++d) {
    if (isReduction[d] && d != gather.groupDim) {
      reductions.push_back(d);
    } else if (d != gather.dim) {
      itemDims.push_back(d);
    }
  }
  if (!reductions.empty()) {
    inner = reductions.back();
    outerDims.assign(reductions.begin(), reductions.end() - 1);
  }
}

/// Completes `gather` for the dimension asked for (-2: the first that will do),
/// or clears it.
void Enumerator::findGather() {
  int wanted = gather.dim;
  gather = Gather();
  for (int dim = 0; dim < rank; ++dim) {
    if (isReduction[dim] || (wanted != dim && wanted != -2)) {
      continue;
    }
    for (const Operand &operand : operands) {
      std::vector<Coverage> conjuncts = operand.coverage.members();
      if (operand.coverage.kind() != Coverage::Kind::AllOf) {
        conjuncts = {operand.coverage};
      }
      for (const Coverage &listed : conjuncts) {
        // An item fixes one group dimension, so lists over batches stay runs.
        if (listed.kind() != Coverage::Kind::Listed || listed.batch() ||
            listed.granularity() >= tiles[dim] ||
            listed.groupDim() >= operand.info->dims.size() ||
            !mapsTo(*operand.info, listed.listedDim(), dim) ||
            mapsTo(*operand.info, listed.groupDim(), dim)) {
          continue;
        }
        Box box;
        for (int d = 0; d < rank; ++d) {
          box.push_back(whole(d));
        }
        Pieces pieces;
        if (listedPieces({operand.info, listed}, dim, box, pieces)) {
          gather.dim = dim;
          gather.groupDim = operand.info->dims[listed.groupDim()];
          gather.operand = operand.info;
          gather.listed = listed;
          return;
        }
      }
    }
  }
}

int64_t Enumerator::denseSteps() const {
  Wide product = 1;
  for (int d = 0; d < rank; ++d) {
    product *= tileCount(d);
    // Stops at the largest value a count can hold; 0 is still possible.
    product = std::min<Wide>(product, std::numeric_limits<int64_t>::max());
  }
  return static_cast<int64_t>(product);
}

void Enumerator::forEachTile(
    const std::vector<int> &dims,
    const std::function<void(const std::vector<int64_t> &)> &body) const {
  for (int dim : dims) {
    if (tileCount(dim) == 0) {
      return;
    }
  }
  std::vector<int64_t> index(dims.size(), 0);
  while (true) {
    body(index);
    size_t position = dims.size();
    while (position > 0 &&
           ++index[position - 1] == tileCount(dims[position - 1])) {
      index[--position] = 0;
    }
    if (position == 0) {
      return;
    }
  }
}

//===----------------------------------------------------------------------===//
// Kinds of regions
//===----------------------------------------------------------------------===//

TileKind Enumerator::classifyBox(const Operand &operand, const Box &box) const {
  Box projected;
  for (int dim : operand.info->dims) {
    projected.push_back(box[static_cast<size_t>(dim)]);
  }
  TileKind kind = classify(operand.coverage, projected, operand.info->shape,
                           operand.info->buffers);
  // Iterations beyond the tensor hold no element, which classify() leaves out
  // of what it calls full.
  bool inside = clip(projected, operand.info->shape) == projected;
  return inside ? kind : meet(kind, TileKind::Partial);
}

TileKind Enumerator::classifyRegion(const Operand &operand,
                                    Region &region) const {
  if (region.gatherDim < 0) {
    return classifyBox(operand, region.box);
  }
  bool first = true;
  TileKind kind = TileKind::Empty;
  for (const Interval &piece : region.pieces) {
    region.box[static_cast<size_t>(region.gatherDim)] = piece;
    TileKind pieceKind = classifyBox(operand, region.box);
    kind = first || kind == pieceKind ? pieceKind : TileKind::Partial;
    first = false;
  }
  return kind;
}

TileKind Enumerator::classifyRegion(Region &region) const {
  TileKind kind = TileKind::Full;
  for (const Operand &operand : operands) {
    kind = meet(kind, classifyRegion(operand, region));
    if (kind == TileKind::Empty) {
      break;
    }
  }
  return kind;
}

//===----------------------------------------------------------------------===//
// Items and steps
//===----------------------------------------------------------------------===//

void Enumerator::appendSteps(WorkItem &item, Region &region,
                             const std::vector<int64_t> &outer) const {
  auto append = [&](const Pieces &pieces, bool gathered) {
    Step step;
    step.outer = outer;
    step.gathered = gathered;
    splitPieces(pieces, step.coordinates, step.lengths);
    step.range = {pieces.front().begin, pieces.back().end};
    bool first = true;
    for (const Interval &piece : pieces) {
      region.box[static_cast<size_t>(inner)] = piece;
      TileKind kind = classifyRegion(region);
      step.kind = first || step.kind == kind ? kind : TileKind::Partial;
      first = false;
    }
    item.steps.push_back(std::move(step));
  };
  if (inner < 0) {
    TileKind kind = classifyRegion(region);
    if (kind != TileKind::Empty) {
      Step step;
      step.coordinates = {0};
      step.lengths = {1};
      step.range = {0, 1};
      step.kind = kind;
      item.steps.push_back(std::move(step));
    }
    return;
  }
  constexpr int distributions = 2;
  auto kindOf = [&](Region &part) { return classifyRegion(part); };
  Candidates best;
  for (int64_t tile = 0, count = tileCount(inner);
       operands.empty() && tile < count; ++tile) {
    best.tiles.push_back(tile);
  }
  for (size_t i = 0; i < operands.size(); ++i) {
    Candidates candidates = candidatesOf(operands[i], region, distributions);
    filter(candidates, region, kindOf);
    if (i == 0 || cost(candidates) < cost(best)) {
      best = std::move(candidates);
    }
  }
  for (int64_t tile : best.tiles) {
    append({tileRange(inner, tile)}, false);
    item.steps.back().coordinates = {tile};
  }
  for (const Pieces &pieces : pack(best.pieces, tiles[inner])) {
    append(pieces, true);
  }
}

void Enumerator::visitItem(WorkItem &item, Region &region) const {
  item.steps.clear();
  forEachTile(outerDims, [&](const std::vector<int64_t> &outer) {
    for (size_t i = 0; i < outer.size(); ++i) {
      region.box[static_cast<size_t>(outerDims[i])] =
          tileRange(outerDims[i], outer[i]);
    }
    appendSteps(item, region, outer);
  });
  visit(item);
}

void Enumerator::run() {
  WorkItem item;
  item.tile.assign(sizes.size(), 0);
  forEachTile(itemDims, [&](const std::vector<int64_t> &index) {
    Region region;
    for (int d = 0; d < rank; ++d) {
      region.box.push_back(whole(d));
    }
    for (size_t i = 0; i < index.size(); ++i) {
      size_t dim = static_cast<size_t>(itemDims[i]);
      item.tile[dim] = index[i];
      region.box[dim] = tileRange(itemDims[i], index[i]);
    }
    if (gather.dim < 0) {
      visitItem(item, region);
      return;
    }
    Pieces pieces;
    listedPieces({gather.operand, gather.listed}, gather.dim, region.box,
                 pieces);
    for (Pieces &rows : pack(pieces, tiles[gather.dim])) {
      item.gatherDim = region.gatherDim = gather.dim;
      splitPieces(rows, item.coordinates, item.lengths);
      region.pieces = std::move(rows);
      visitItem(item, region);
    }
  });
}

void mlir::sparsity::enumerate(
    const IterationSpace &space,
    const std::function<void(const WorkItem &)> &visit) {
  Enumerator(space, visit).run();
}

WorkSummary mlir::sparsity::summarize(const IterationSpace &space) {
  WorkSummary summary;
  std::function<void(const WorkItem &)> count = [&](const WorkItem &item) {
    ++summary.items;
    summary.emptyItems += item.steps.empty();
    for (const Step &step : item.steps) {
      ++summary.steps;
      summary.partialSteps += step.kind == TileKind::Partial;
      summary.fullSteps += step.kind == TileKind::Full;
      summary.gatheredSteps += step.gathered;
    }
  };
  Enumerator enumerator(space, count);
  enumerator.run();
  summary.stepsTotal = enumerator.denseSteps();
  return summary;
}

int mlir::sparsity::findGatherDim(const IterationSpace &space) {
  IterationSpace any = space;
  any.gatherDim = -2;
  std::function<void(const WorkItem &)> ignore = [](const WorkItem &) {};
  return Enumerator(any, ignore).gatherDim();
}

bool mlir::sparsity::contains(const IterationSpace &space, const Point &point) {
  int rank = static_cast<int>(space.sizes.size());
  if (static_cast<int>(point.size()) != rank) {
    return false;
  }
  for (const OperandCoverage &operand : space.operands) {
    if (!isPlaced(operand, rank)) {
      continue;
    }
    Point projected;
    for (size_t i = 0; i < operand.dims.size(); ++i) {
      int64_t index = point[static_cast<size_t>(operand.dims[i])];
      if (index < 0 || (operand.shape[i] >= 0 && index >= operand.shape[i])) {
        return false;
      }
      projected.push_back(index);
    }
    if (!operand.coverage.contains(projected, operand.buffers)) {
      return false;
    }
  }
  return true;
}
