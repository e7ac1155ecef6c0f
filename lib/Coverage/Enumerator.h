//===- Enumerator.h - State shared by parts of enumeration ------*- C++ -*-===//
//
// Private to lib/Coverage: Candidates.cpp finds what may run along the
// innermost reduction dimension, Enumerate.cpp makes items and steps of it.
//
//===----------------------------------------------------------------------===//

#ifndef SPARSITY_LIB_COVERAGE_ENUMERATOR_H
#define SPARSITY_LIB_COVERAGE_ENUMERATOR_H

#include "sparsity/Coverage/Enumerate.h"

#include <algorithm>

namespace mlir {
namespace sparsity {
namespace detail {

using Pieces = std::vector<Interval>;

/// What a coverage may hold along one dimension: whole tiles, and pieces
/// smaller than a tile that are to be gathered.
struct Candidates {
  /// Ascending tile indices.
  std::vector<int64_t> tiles;
  Pieces pieces;
};

/// A box of iterations in which one dimension may hold pieces in place of an
/// interval.
struct Region {
  Box box;
  int gatherDim = -1;
  Pieces pieces;
};

/// One sparse operand; what it covers may be narrowed to one of its members.
struct Operand {
  const OperandCoverage *info;
  Coverage coverage;
};

class Enumerator {
public:
  Enumerator(const IterationSpace &space,
             const std::function<void(const WorkItem &)> &visit);

  void run();
  int gatherDim() const { return gather.dim; }
  int64_t denseSteps() const;

private:
  struct Gather {
    int dim = -1, groupDim = -1;
    const OperandCoverage *operand = nullptr;
    Coverage listed;
  };

  int64_t tileCount(int dim) const {
    return sizes[dim] / tiles[dim] + (sizes[dim] % tiles[dim] != 0);
  }
  Interval tileRange(int dim, int64_t tile) const {
    int64_t begin = tile * tiles[dim];
    return {begin, begin + std::min(tiles[dim], sizes[dim] - begin)};
  }
  Interval whole(int dim) const { return {0, sizes[dim]}; }

  /// Calls `body` with the tile index of each dimension of `dims`, the last one
  /// fastest.
  void forEachTile(
      const std::vector<int> &dims,
      const std::function<void(const std::vector<int64_t> &)> &body) const;

  void findGather();
  TileKind classifyBox(const Operand &operand, const Box &box) const;
  TileKind classifyRegion(const Operand &operand, Region &region) const;
  TileKind classifyRegion(Region &region) const;

  bool listedPieces(const Operand &operand, int dim, const Box &box,
                    Pieces &pieces) const;
  void periodicPieces(const Operand &operand, int dim, Pieces &pieces) const;
  void normalize(Candidates &candidates) const;
  std::vector<Pieces> pack(const Pieces &pieces, int64_t tile) const;
  std::pair<int64_t, int64_t> cost(const Candidates &candidates) const;
  void filter(Candidates &candidates, Region &region,
              const std::function<TileKind(Region &)> &kindOf) const;
  Candidates tilesOf(const Operand &operand, Region &region) const;
  Candidates candidatesOf(const Operand &operand, Region &region,
                          int depth) const;

  void visitItem(WorkItem &item, Region &region) const;
  void appendSteps(WorkItem &item, Region &region,
                   const std::vector<int64_t> &outer) const;

  const std::function<void(const WorkItem &)> &visit;
  int rank;
  std::vector<int64_t> sizes, tiles;
  std::vector<bool> isReduction;
  std::vector<Operand> operands;
  Gather gather;
  /// Dimensions the items run over, and reductions outside the innermost one.
  std::vector<int> itemDims, outerDims;
  /// The innermost reduction dimension the item does not fix, or -1.
  int inner = -1;
};

/// True if tensor dimension `tensorDim` of the operand is iteration dimension
/// `dim`.
inline bool mapsTo(const OperandCoverage &operand, unsigned tensorDim,
                   int dim) {
  return tensorDim < operand.dims.size() && operand.dims[tensorDim] == dim;
}

} // namespace detail
} // namespace sparsity
} // namespace mlir

#endif // SPARSITY_LIB_COVERAGE_ENUMERATOR_H
