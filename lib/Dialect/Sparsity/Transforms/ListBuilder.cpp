//===- ListBuilder.cpp - lists of kept elements, built at run time --------===//

#include "ListBuilder.h"

using namespace mlir;
using namespace mlir::sparsity;

/// Items a chunk, chunks a node of the tree and nodes a node above: one body
/// visits so many, so it balances the length of a body against their number.
static constexpr int64_t kRadix = 64;

ListBuilder::ListBuilder(Body &builder, Keep keep, Value groups, Value items,
                         Value limit)
    : keep(std::move(keep)), groups(groups), items(items), limit(limit) {
  chunks = builder.divide(builder.add(items, builder.index(kRadix - 1)),
                          builder.index(kRadix));
  total = builder.multiply(groups, chunks);
  emitSums(builder);
  emitPositions(builder);
}

/// [first, end) of the children of node `at`, of `count` children in all.
static std::pair<Value, Value> getChildren(Body &body, Value at, Value count) {
  Value first = body.multiply(at, body.index(kRadix));
  Value end = body.minimum(body.add(first, body.index(kRadix)), count);
  return {first, end};
}

void ListBuilder::emitSums(Body &builder) {
  Type i32 = builder.getI32Type();
  auto addUp = [](Value table) {
    return [table](Body &inner, Value at) { return inner.load(table, at); };
  };
  Value counts =
      gather(builder, total, i32, [&](Body &body, ArrayRef<Value> at) -> Value {
        Value group = body.divide(at[0], chunks);
        Value chunk = body.remainder(at[0], chunks);
        auto [first, end] = getChildren(body, chunk, items);
        return body.count(first, end, [&](Body &inner, Value item) {
          return inner.toI32(keep(inner, group, item));
        });
      });
  // One node more than is full, so that the sum of all chunks has a place.
  auto nodesOf = [&](Value below) {
    return builder.add(builder.divide(below, builder.index(kRadix)),
                       builder.index(1));
  };
  auto sumNodes = [&](Value table, Value below) {
    return gather(builder, nodesOf(below), i32,
                  [&](Body &body, ArrayRef<Value> at) -> Value {
                    auto [first, end] = getChildren(body, at[0], below);
                    return body.count(first, end, addUp(table));
                  });
  };
  Value nodes = nodesOf(total);
  Value nodeCounts = sumNodes(counts, total);
  Value topCounts = sumNodes(nodeCounts, nodes);
  Value nodeBases =
      gather(builder, nodes, i32, [&](Body &body, ArrayRef<Value> at) -> Value {
        Value top = body.divide(at[0], body.index(kRadix));
        Value before = body.count(body.index(0), top, addUp(topCounts));
        Value first = body.multiply(top, body.index(kRadix));
        return body.add(before, body.count(first, at[0], addUp(nodeCounts)));
      });
  bases = gather(builder, builder.add(total, builder.index(1)), i32,
                 [&](Body &body, ArrayRef<Value> at) -> Value {
                   Value node = body.divide(at[0], body.index(kRadix));
                   Value first = body.multiply(node, body.index(kRadix));
                   return body.add(body.load(nodeBases, node),
                                   body.count(first, at[0], addUp(counts)));
                 });
}

void ListBuilder::emitPositions(Body &builder) {
  Value size = builder.add(groups, builder.index(1));
  auto start = [&](Body &body, Value group) {
    return body.load(bases, body.multiply(group, chunks));
  };
  positions = gather(
      builder, size, builder.getI32Type(),
      [&](Body &body, ArrayRef<Value> at) -> Value {
        if (!limit) {
          return start(body, at[0]);
        }
        return body.count(
            body.index(0), at[0], [&](Body &inner, Value group) -> Value {
              Value next = inner.add(group, inner.index(1));
              Value length =
                  inner.subtract(start(inner, next), start(inner, group));
              // In indices: the limit may exceed an i32.
              return inner.toI32(inner.minimum(inner.toIndex(length), limit));
            });
      });
}

Value ListBuilder::emitGroup(Body &body, Value entry) const {
  return body.lastAtMost(positions, body.index(0), groups, entry);
}

Value ListBuilder::emitCoordinates(Body &builder, Value slots) const {
  return gather(
      builder, slots, builder.getI32Type(),
      [&](Body &body, ArrayRef<Value> at) -> Value {
        Value entry = body.toI32(at[0]);
        Value used = body.less(entry, body.load(positions, groups));
        return body.when(used, body.i32(0), [&](Body &inner) -> Value {
          // The same item's place if there were no limit.
          Value place = entry;
          if (limit) {
            Value group = emitGroup(inner, entry);
            Value within = inner.subtract(entry, inner.load(positions, group));
            place = inner.add(inner.load(bases, inner.multiply(group, chunks)),
                              within);
          }
          Value chunk = inner.lastAtMost(bases, inner.index(0), total, place);
          Value wanted = inner.subtract(place, inner.load(bases, chunk));
          Value group = inner.divide(chunk, chunks);
          auto [first, end] =
              getChildren(inner, inner.remainder(chunk, chunks), items);
          SmallVector<Value> found = inner.fold(
              first, end, {inner.i32(0), inner.i32(0)},
              [&](Body &scan, Value item,
                  ValueRange state) -> SmallVector<Value> {
                Value kept = keep(scan, group, item);
                Value here = scan.both(kept, scan.equal(state[0], wanted));
                return {scan.add(state[0], scan.toI32(kept)),
                        scan.select(here, scan.toI32(item), state[1])};
              });
          return found[1];
        });
      });
}

Value ListBuilder::emitEntry(Body &body, Value g, Value i) const {
  Value radix = body.index(kRadix);
  Value chunk = body.divide(i, radix);
  Value start = body.multiply(g, chunks);
  Value inChunk =
      body.count(body.multiply(chunk, radix), i, [&](Body &inner, Value item) {
        return inner.toI32(keep(inner, g, item));
      });
  Value place = body.add(body.load(bases, body.add(start, chunk)), inChunk);
  if (!limit) {
    return place;
  }
  Value within = body.subtract(place, body.load(bases, start));
  Value entry = body.add(body.load(positions, g), within);
  return body.select(body.less(body.toIndex(within), limit), entry,
                     body.i32(-1));
}
