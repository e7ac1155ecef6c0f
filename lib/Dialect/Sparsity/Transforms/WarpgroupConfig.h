//===- WarpgroupConfig.h - when and how warpgroups multiply -----*- C++ -*-===//

#ifndef SPARSITY_LIB_DIALECT_SPARSITY_TRANSFORMS_WARPGROUPCONFIG_H
#define SPARSITY_LIB_DIALECT_SPARSITY_TRANSFORMS_WARPGROUPCONFIG_H

#include "sparsity/Analysis/IterationDomain.h"
#include "sparsity/Dialect/Sparsity/Transforms/TuningCandidates.h"
#include "sparsity/Target/TuningTable.h"

namespace mlir::sparsity {

/// The choices for a kernel of warpgroups.
struct WarpgroupTile {
  /// Rows of A and of B of a tile.
  int64_t rows, columns;
  /// Warpgroups that multiply; each holds whole blocks of 64 rows.
  int64_t consumers;
  int64_t stages;
  int64_t cluster = 1, splits = 1;

  bool operator==(const WarpgroupTile &other) const {
    return rows == other.rows && columns == other.columns &&
           consumers == other.consumers && stages == other.stages &&
           cluster == other.cluster && splits == other.splits;
  }
};

/// What the choice depends on.
struct WarpgroupProblem {
  /// Extents of A's rows, B's rows and K; kDynamic where unknown.
  int64_t rows, columns, reduction;
  MultiplyType type;
  bool sparse;
  /// Products of a step, each with an A of its own.
  unsigned accumulators;
  /// The epilogue reads a matrix of the result's extents (a residual).
  bool readsMatrix = false;
  /// What a tile's columns have to be a multiple of.
  int64_t columnUnit = 8;
  /// The rows that share a list of K; 0 where K is walked as a whole.
  int64_t groupRows = 0;
  /// The share of K that such a list is expected to name, if the program says.
  std::optional<double> density;
  /// A's tiles of a list are decoded into registers.
  bool decoded = false;
};

/// Columns with which kernels wait for memory and for each other, not for the
/// matrix units.
constexpr int64_t kFewColumns = 128;

/// What an extent is taken for that the program does not say.
constexpr int64_t kUnknownExtent = 4096;

/// Why bulk copies and warpgroups cannot run `kernel` with operand `a` (0 or 1)
/// as A, compressed if `sparse` and decoded into registers if `decoded`, or
/// nothing if they can.
std::optional<std::string> findWarpgroupObstacle(const KernelGroup &kernel,
                                                 unsigned a, MultiplyType type,
                                                 bool sparse, bool decoded);

/// Why a kernel for `problem` cannot have `tile`, or nothing if it can.
std::optional<std::string> findTileObstacle(const WarpgroupProblem &problem,
                                            const TargetInfo &target,
                                            const WarpgroupTile &tile);

/// `problem` with kUnknownExtent for extents that it does not say.
WarpgroupProblem assumeExtents(WarpgroupProblem problem);

/// The cycles of a multiprocessor that a kernel for `problem`, all of whose
/// extents are known, takes with `tile`, which fits.
double getTileCost(const WarpgroupProblem &problem, const TargetInfo &target,
                   const WarpgroupTile &tile);

/// At most `count` different tiles for `problem`, the best first, by a cost
/// model of shared memory, the L2 cache and whole waves of blocks; none if none
/// fits.
SmallVector<WarpgroupTile>
enumerateWarpgroupTiles(const WarpgroupProblem &problem,
                        const TargetInfo &target, size_t count);

/// The first of them; nothing if none fits.
std::optional<WarpgroupTile>
chooseWarpgroupTile(const WarpgroupProblem &problem, const TargetInfo &target);

/// What the tuning table calls `problem`; an extent that is unknown stays so.
TuningKey getTuningKey(const WarpgroupProblem &problem,
                       const TargetInfo &target);

/// The tile that `table` has for `problem`. A row whose tile does not fit
/// counts as none, after `reason` was told why.
std::optional<WarpgroupTile>
lookupWarpgroupTile(const TuningTable &table, const WarpgroupProblem &problem,
                    const TargetInfo &target,
                    function_ref<void(StringRef)> reason);

/// What `table` says a kernel that leaves out a part of A costs and saves.
struct MeasuredTimes {
  int64_t columns;
  double sparse, dense; // microseconds
};

/// The times of the rows for `problem` and for `dense`, which is the same with
/// A dense, if both were measured with as many columns.
std::optional<MeasuredTimes> lookupBesideDense(const TuningTable &table,
                                               const WarpgroupProblem &problem,
                                               const WarpgroupProblem &dense,
                                               const TargetInfo &target);

/// The best `count` tiles for `problem` as configurations like `chosen`.
TuningCandidates getTuningCandidates(Location location,
                                     const WarpgroupProblem &problem,
                                     const TargetInfo &target,
                                     sparse_tile::ConfigAttr chosen,
                                     size_t count);

} // namespace mlir::sparsity

#endif // SPARSITY_LIB_DIALECT_SPARSITY_TRANSFORMS_WARPGROUPCONFIG_H
