//===- DensifyLists.cpp - run-time lists as dense tensors -----------------===//
//
// The definitions, without lists: a capacity counts the tokens before, the
// largest of a row are those with few larger ones. Quadratic, for the oracle.
//
//===----------------------------------------------------------------------===//

#include "DensifyLists.h"

#include "Routing.h"
#include "Selector.h"

using namespace mlir;
using namespace mlir::sparsity;

Value mlir::sparsity::densifyRoute(RouteOp op, RewriterBase &rewriter) {
  Body builder(op.getLoc(), rewriter);
  Routing routing(builder, op);
  Type type = cast<RankedTensorType>(op.getType()).getElementType();
  Value capacity = routing.getCapacity();
  return gather(
      builder, {routing.getTokens(), routing.getExperts()}, type,
      [&](Body &body, ArrayRef<Value> at) {
        Value kept = routing.emitChosen(body, at[0], at[1]);
        if (capacity) {
          Value before =
              body.count(body.index(0), at[0], [&](Body &inner, Value token) {
                return inner.toI32(routing.emitChosen(inner, token, at[1]));
              });
          kept = body.both(kept, body.less(body.toIndex(before), capacity));
        }
        Value weight = routing.emitWeight(body, at[0], at[1]);
        return body.fromF32(body.select(kept, weight, body.f32(0)), type);
      });
}

/// Whether fewer than `count` elements of the row are larger, or equal and
/// before.
static Value emitAmongLargest(Body &body, Value source, Value row, Value column,
                              int64_t count) {
  Value own = emitMagnitude(body, body.load(source, {row, column}));
  Value columns = body.extent(source, 1);
  Value better =
      body.count(body.index(0), columns, [&](Body &inner, Value other) {
        Value rival = emitMagnitude(inner, inner.load(source, {row, other}));
        Value tie =
            inner.both(inner.equal(rival, own), inner.less(other, column));
        return inner.toI32(inner.either(inner.less(own, rival), tie));
      });
  return body.less(body.toIndex(better), body.index(count));
}

Value mlir::sparsity::densifySelection(Location loc, Value source,
                                       Selection rule, RewriterBase &rewriter) {
  Body builder(loc, rewriter);
  bool largest = rule.kind == Selection::Kind::LargestInRow;
  std::optional<Selector> selector;
  if (!largest) {
    selector.emplace(builder, source, rule);
  }
  Type type = cast<RankedTensorType>(source.getType()).getElementType();
  Value rows = builder.extent(source, 0), columns = builder.extent(source, 1);
  return gather(
      builder, {rows, columns}, type, [&](Body &body, ArrayRef<Value> at) {
        Value kept =
            largest ? emitAmongLargest(body, source, at[0], at[1], rule.count)
                    : selector->emitKept(body, at[0], at[1]);
        Value element = body.toF32(body.load(source, at));
        return body.fromF32(body.select(kept, element, body.f32(0)), type);
      });
}
