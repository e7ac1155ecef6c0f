//===- SparsityBuildLists.cpp - lists of patterns known at run time -------===//

#include "ListBuilder.h"
#include "Routing.h"
#include "Selector.h"

#include "sparsity/Dialect/Sparsity/Transforms/Passes.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/StringMap.h"

namespace mlir::sparsity {
#define GEN_PASS_DEF_SPARSITYBUILDLISTSPASS
#include "sparsity/Dialect/Sparsity/Transforms/Passes.h.inc"
} // namespace mlir::sparsity

using namespace mlir;
using namespace mlir::sparsity;

static Value emitCast(Body &builder, Value value, Type type) {
  return value.getType() == type
             ? value
             : Value(tensor::CastOp::create(builder, type, value));
}

/// Replaces `op` by the storage `fields`, by name. Users that ask for fields
/// get them, `decode` gets `emitDense()`, and extents are those of `dense`.
static LogicalResult replace(Operation *op, Value dense, Body &builder,
                             const llvm::StringMap<Value> &fields,
                             function_ref<Value()> emitDense,
                             RewriterBase &rewriter) {
  auto type = cast<RankedTensorType>(op->getResult(0).getType());
  SmallVector<Value> storage;
  for (const StorageField &field : getSparsityEncoding(type).getStorage(type)) {
    auto found = fields.find(field.name);
    if (found == fields.end()) {
      return op->emitOpError("expected storage that is listed at run time, but "
                             "got the field ")
             << field.name;
    }
    storage.push_back(emitCast(builder, found->second, field.type));
  }
  Value decoded;
  for (Operation *user :
       llvm::make_early_inc_range(op->getResult(0).getUsers())) {
    if (auto field = dyn_cast<FieldOp>(user)) {
      rewriter.replaceOp(
          field,
          emitCast(builder, fields.lookup(field.getName()), field.getType()));
    } else if (auto disassemble = dyn_cast<DisassembleOp>(user)) {
      SmallVector<Value> values;
      for (auto [value, result] :
           llvm::zip_equal(storage, disassemble.getFields())) {
        values.push_back(emitCast(builder, value, result.getType()));
      }
      rewriter.replaceOp(disassemble, values);
    } else if (isa<DecodeOp>(user)) {
      decoded = decoded ? decoded : emitDense();
      rewriter.replaceOp(user, decoded);
    } else if (isa<tensor::DimOp>(user)) {
      rewriter.modifyOpInPlace(user, [&] { user->setOperand(0, dense); });
    }
  }
  rewriter.setInsertionPoint(op);
  SmallVector<Value> sizes;
  for (int64_t dim = 0; dim < type.getRank(); ++dim) {
    if (type.isDynamicDim(dim)) {
      sizes.push_back(builder.extent(dense, dim));
    }
  }
  rewriter.replaceOpWithNewOp<AssembleOp>(op, type, storage, sizes);
  return success();
}

/// The rule of an `encode` that lists elements by their value.
static std::optional<Selection> getRule(Operation *op) {
  auto encode = dyn_cast<EncodeOp>(op);
  if (!encode) {
    return std::nullopt;
  }
  auto type = cast<RankedTensorType>(encode.getType());
  return getSparsityEncoding(type).getSelection(type);
}

static LogicalResult buildRoute(RouteOp op, RewriterBase &rewriter) {
  Body builder(op.getLoc(), rewriter);
  Routing routing(builder, op);
  Value tokens = routing.getTokens(), experts = routing.getExperts();
  ListBuilder lists(
      builder,
      [&](Body &body, Value expert, Value token) {
        return routing.emitChosen(body, token, expert);
      },
      experts, tokens, routing.getCapacity());
  Value topK = builder.index(op.getTopK());
  Value slots = builder.multiply(tokens, topK);
  Value coordinates = lists.emitCoordinates(builder, slots);
  Type type = cast<RankedTensorType>(op.getType()).getElementType();
  Value weights = gather(
      builder, slots, type, [&](Body &body, ArrayRef<Value> at) -> Value {
        Value entry = body.toI32(at[0]);
        Value used = body.less(entry, body.load(lists.getPositions(), experts));
        Value weight = body.when(used, body.f32(0), [&](Body &inner) {
          Value token = inner.loadIndex(coordinates, at);
          Value expert = lists.emitGroup(inner, entry);
          return routing.emitWeight(inner, token, expert);
        });
        return body.fromF32(weight, type);
      });
  Value entries =
      gather(builder, {tokens, topK}, builder.getI32Type(),
             [&](Body &body, ArrayRef<Value> at) -> Value {
               // The expert with as many chosen ones before it as the column
               // says.
               SmallVector<Value> found = body.fold(
                   body.index(0), experts, {body.index(0), body.index(-1)},
                   [&](Body &inner, Value expert,
                       ValueRange state) -> SmallVector<Value> {
                     Value chosen = routing.emitChosen(inner, at[0], expert);
                     Value here =
                         inner.both(chosen, inner.equal(state[0], at[1]));
                     Value next = inner.add(state[0], inner.index(1));
                     return {inner.select(chosen, next, state[0]),
                             inner.select(here, expert, state[1])};
                   });
               Value exists = body.less(body.index(-1), found[1]);
               return body.when(exists, body.i32(-1), [&](Body &inner) {
                 return lists.emitEntry(inner, found[1], at[0]);
               });
             });
  auto emitDense = [&] {
    return gather(
        builder, {tokens, experts}, type,
        [&](Body &body, ArrayRef<Value> at) -> Value {
          Value chosen = routing.emitChosen(body, at[0], at[1]);
          Value weight = body.when(chosen, body.f32(0), [&](Body &inner) {
            Value entry = lists.emitEntry(inner, at[1], at[0]);
            return inner.select(inner.less(entry, inner.i32(0)), inner.f32(0),
                                routing.emitWeight(inner, at[0], at[1]));
          });
          return body.fromF32(weight, type);
        });
  };
  return replace(op, op.getLogits(), builder,
                 {{"positions", lists.getPositions()},
                  {"coordinates", coordinates},
                  {"weights", weights},
                  {"entries", entries}},
                 emitDense, rewriter);
}

static LogicalResult buildSelection(EncodeOp op, Selection rule,
                                    RewriterBase &rewriter) {
  Body builder(op.getLoc(), rewriter);
  Value source = op.getSource();
  Selector selector(builder, source, rule);
  Value rows = builder.extent(source, 0), columns = builder.extent(source, 1);
  ListBuilder lists(
      builder,
      [&](Body &body, Value row, Value column) {
        return selector.emitKept(body, row, column);
      },
      rows, columns, /*limit=*/Value());
  Value coordinates =
      lists.emitCoordinates(builder, builder.multiply(rows, columns));
  Type type = cast<RankedTensorType>(op.getType()).getElementType();
  auto emitDense = [&] {
    return gather(builder, {rows, columns}, type,
                  [&](Body &body, ArrayRef<Value> at) -> Value {
                    Value kept = selector.emitKept(body, at[0], at[1]);
                    Value element = body.toF32(body.load(source, at));
                    return body.fromF32(body.select(kept, element, body.f32(0)),
                                        type);
                  });
  };
  return replace(op, source, builder,
                 {{"positions", lists.getPositions()},
                  {"coordinates", coordinates},
                  {"values", source}},
                 emitDense, rewriter);
}

namespace {
struct SparsityBuildListsPass
    : sparsity::impl::SparsityBuildListsPassBase<SparsityBuildListsPass> {
  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    SmallVector<Operation *> ops;
    getOperation().walk([&](Operation *op) {
      if (isa<RouteOp>(op) || getRule(op)) {
        ops.push_back(op);
      }
    });
    for (Operation *op : ops) {
      if (op->use_empty()) {
        rewriter.eraseOp(op);
        continue;
      }
      rewriter.setInsertionPoint(op);
      auto route = dyn_cast<RouteOp>(op);
      if (failed(route ? buildRoute(route, rewriter)
                       : buildSelection(cast<EncodeOp>(op), *getRule(op),
                                        rewriter))) {
        return signalPassFailure();
      }
    }
  }
};
} // namespace
