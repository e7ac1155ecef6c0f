//===- ListBuilder.h - lists of kept elements, built at run time *- C++ -*-===//

#ifndef SPARSITY_LIB_DIALECT_SPARSITY_TRANSFORMS_LISTBUILDER_H
#define SPARSITY_LIB_DIALECT_SPARSITY_TRANSFORMS_LISTBUILDER_H

#include "Gather.h"

#include <functional>

namespace mlir::sparsity {

/// `groups` lists over `items` items each: group g lists, ascending, the items
/// i that `keep` keeps, at most the first `limit` of them. Group g owns the
/// entries positions[g] .. positions[g + 1], in the order of the groups.
///
/// Kept items are counted by chunks of 64, and the counts summed over a tree of
/// radix 64 with three levels; an entry finds its chunk by binary search and
/// its item by a scan of the chunk. With N = groups x items the work is O(N)
/// for N up to 2^31, which i32 entries cannot exceed.
class ListBuilder {
public:
  /// Whether item `i` of group `g` is kept, an i1; indices in bounds.
  using Keep = std::function<Value(Body &, Value g, Value i)>;

  /// Emits the counts and the positions at `builder`. `limit` is an index, not
  /// negative, or null.
  ListBuilder(Body &builder, Keep keep, Value groups, Value items, Value limit);

  /// i32 tensor [groups + 1].
  Value getPositions() const { return positions; }
  /// i32 tensor [slots]: the item of each entry; 0 beyond the last entry.
  Value emitCoordinates(Body &builder, Value slots) const;
  /// The group of entry `entry`, an i32 below positions[groups].
  Value emitGroup(Body &body, Value entry) const;
  /// The entry (i32) of item `i` of group `g`, which is kept; -1 if it is
  /// beyond the limit.
  Value emitEntry(Body &body, Value g, Value i) const;

private:
  void emitSums(Body &builder);
  void emitPositions(Body &builder);

  Keep keep;
  Value groups, items, limit;
  /// Chunks a group, and in all (chunk c of group g is g * chunks + c).
  Value chunks, total;
  /// i32 [total + 1]: kept items in the chunks before, without a limit.
  Value bases;
  Value positions;
};

} // namespace mlir::sparsity

#endif // SPARSITY_LIB_DIALECT_SPARSITY_TRANSFORMS_LISTBUILDER_H
