//===- Enumerate.h - Work items of a sparse iteration space -----*- C++ -*-===//
//
// An operation visits a box of iterations, some dimensions parallel (each point
// of them is an output element) and some a reduction. Its sparse operands each
// cover part of that box; as all of them annihilate, an iteration contributes
// only if every operand holds its element. Enumeration cuts the parallel part
// into tiles, one *work item* each, and lists for each item the *steps* along
// the innermost reduction dimension that are not empty.
//
// A step comes in two shapes, and the granularity g of a list against the tile
// T along that dimension decides which:
//
//   run       g >= T, bands, all, unknown: the step is one aligned tile, and an
//             entry is a run of tiles.
//   gathered  g < T: the step collects up to T / g entries, which need not be
//             neighbours, into one dense tile. A strided mask that puts one key
//             in every tile would skip nothing tile by tile; gathered, it takes
//             one step for T keys.
//
// Intersections have one *driver*, the member that yields the fewest steps (and
// of these, the fewest elements); the others filter what the driver yields.
// Unions take the tiles of all members and gather only what lies in none of
// those tiles, so that no element is visited twice. A list falls back to runs
// where gathering would take more steps than the tiles it touches.
//
//   exact cover   each element present in every operand lies in exactly one
//                 step; no element lies in two.
//
// A step may visit absent elements if, and only if, its kind is Partial.
//
//===----------------------------------------------------------------------===//

#ifndef SPARSITY_COVERAGE_ENUMERATE_H
#define SPARSITY_COVERAGE_ENUMERATE_H

#include "sparsity/Coverage/Classify.h"
#include "sparsity/Coverage/Coverage.h"

#include <functional>

namespace mlir {
namespace sparsity {

/// The coverage of one operand and its place in the iteration space.
struct OperandCoverage {
  Coverage coverage;
  /// Tensor dimension i is iteration dimension dims[i]. An operand with a
  /// dimension outside the space, or without one for each extent of `shape`,
  /// is taken to be dense.
  std::vector<int> dims;
  std::vector<int64_t> shape;
  IndexBuffers buffers;
};

/// Sizes below 0 count as 0; a tile that is missing or below 1 is the whole
/// dimension.
struct IterationSpace {
  std::vector<int64_t> sizes;
  std::vector<bool> reduction;
  std::vector<int64_t> tiles;
  /// All annihilate: an iteration counts only if every one holds its element.
  std::vector<OperandCoverage> operands;
  /// A parallel dimension whose listed entries the *items* gather, or -1. An
  /// MoE gate lists the tokens of each expert: an item is then up to T / g
  /// tokens of one group, in place of a tile of neighbours. The group dimension
  /// becomes a dimension of the items even if it is a reduction, so items of
  /// different groups may update the same output, and an output no group lists
  /// belongs to no item. Ignored unless findGatherDim() would allow it.
  int gatherDim = -1;
};

/// One tile of work along the reduction.
struct Step {
  /// The tile index of each reduction dimension outside the innermost one,
  /// outermost first; dimensions fixed by the item are left out.
  std::vector<int64_t> outer;
  /// A run: the tile index. Gathered: the first index of each entry, ascending.
  std::vector<int64_t> coordinates;
  /// The number of indices of each coordinate, cut to the size; at most the
  /// tile in sum.
  std::vector<int64_t> lengths;
  /// From the first to past the last index visited. [0, 1) if no reduction
  /// dimension is left to step along.
  Interval range;
  /// Partial or Full; an empty step is not listed.
  TileKind kind = TileKind::Partial;
  bool gathered = false;
};

/// One tile of the parallel dimensions.
struct WorkItem {
  /// The tile index of each iteration dimension; 0 for reductions (except one
  /// the item fixes, see gatherDim) and for a gathered dimension.
  std::vector<int64_t> tile;
  std::vector<Step> steps;
  /// The parallel dimension this item gathers, or -1, and its entries as in a
  /// gathered step.
  int gatherDim = -1;
  std::vector<int64_t> coordinates, lengths;
};

/// Counts over all items. `stepsTotal` is what the dense operation would run;
/// steps = partialSteps + fullSteps, and gatheredSteps of them are gathered.
struct WorkSummary {
  int64_t items = 0, emptyItems = 0, steps = 0, stepsTotal = 0,
          partialSteps = 0, fullSteps = 0, gatheredSteps = 0;
};

/// Calls `visit` for each item, the last item dimension fastest; items without
/// steps are visited too, as their output still has to be written. Runs come
/// before gathered steps, each in ascending order. Host time is proportional to
/// the tiles of the space, not to what is present.
void enumerate(const IterationSpace &space,
               const std::function<void(const WorkItem &)> &visit);

WorkSummary summarize(const IterationSpace &space);

/// A parallel dimension that may be gathered by the items: an operand, or a
/// member of its top-level all_of, lists entries along it that are smaller than
/// its tile, in groups of another dimension, and all its groups can be read.
/// -1 if there is none.
int findGatherDim(const IterationSpace &space);

/// True unless some operand is known not to hold its element at `point`.
bool contains(const IterationSpace &space, const Point &point);

} // namespace sparsity
} // namespace mlir

#endif // SPARSITY_COVERAGE_ENUMERATE_H
