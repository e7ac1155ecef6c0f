//===- Routing.cpp - scalar functions of `sparsity.route` -----------------===//

#include "Routing.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace mlir::sparsity;

static Value emitMinusInfinity(Body &body) {
  return body.f32(-std::numeric_limits<double>::infinity());
}

static Value emitEqualFloats(Body &body, Value left, Value right) {
  return arith::CmpFOp::create(body, arith::CmpFPredicate::OEQ, left, right);
}

/// 1 / (1 + exp(-x)): 0 at minus infinity, 1 at infinity.
static Value emitSigmoid(Body &body, Value x) {
  Value exp = math::ExpOp::create(body, arith::NegFOp::create(body, x));
  Value one = body.f32(1);
  return arith::DivFOp::create(body, one,
                               arith::AddFOp::create(body, one, exp));
}

static Value emitNaNAsLeast(Body &body, Value x) {
  return body.select(body.isNaN(x), emitMinusInfinity(body), x);
}

Routing::Routing(Body &builder, RouteOp op)
    : logits(op.getLogits()), topK(op.getTopK()),
      softmax(op.getScore() == RouteScore::Softmax),
      sumsChosen(op.getRenormalize() || op.getOrder() == RouteOrder::After),
      scale(op.getScale()) {
  tokens = builder.extent(logits, 0);
  experts = builder.extent(logits, 1);
  if (op.getCapacity()) {
    capacity = builder.createOrFold<arith::MaxSIOp>(op.getCapacity(),
                                                    builder.index(0));
  }
  if (op.getBias()) {
    keys = gather(
        builder, {tokens, experts}, builder.getF32Type(),
        [&](Body &body, ArrayRef<Value> at) {
          Value score = emitSigmoid(body, emitLogit(body, at[0], at[1]));
          Value bias = body.load(op.getBias(), at[1]);
          return emitNaNAsLeast(body, arith::AddFOp::create(body, score, bias));
        });
  }
  ranks = emitRanks(builder);
  if (softmax) {
    largest = emitLargest(builder);
  }
  if (softmax || op.getRenormalize()) {
    sums = emitSums(builder);
  }
}

Value Routing::emitLogit(Body &body, Value token, Value expert) const {
  return emitNaNAsLeast(body, body.toF32(body.load(logits, {token, expert})));
}

/// The sigmoid ascends, so without a bias the logits choose, which cannot tie
/// by rounding.
Value Routing::emitKey(Body &body, Value token, Value expert) const {
  return keys ? body.load(keys, {token, expert})
              : emitLogit(body, token, expert);
}

/// The score before it is divided. A logit that is the largest has the term 1
/// even where it is infinite.
Value Routing::emitTerm(Body &body, Value token, Value expert,
                        Value largest) const {
  Value logit = emitLogit(body, token, expert);
  if (!softmax) {
    return emitSigmoid(body, logit);
  }
  Value exp =
      math::ExpOp::create(body, arith::SubFOp::create(body, logit, largest));
  return body.select(emitEqualFloats(body, logit, largest), body.f32(1), exp);
}

Value Routing::emitRanks(Body &builder) const {
  return gather(
      builder, {tokens, experts}, builder.getI32Type(),
      [&](Body &body, ArrayRef<Value> at) {
        Value own = emitKey(body, at[0], at[1]);
        return body.count(
            body.index(0), experts, [&](Body &inner, Value other) {
              Value rival = emitKey(inner, at[0], other);
              Value tie = inner.both(emitEqualFloats(inner, rival, own),
                                     inner.less(other, at[1]));
              return inner.toI32(inner.either(inner.greater(rival, own), tie));
            });
      });
}

Value Routing::emitLargest(Body &builder) const {
  return gather(builder, tokens, builder.getF32Type(),
                [&](Body &body, ArrayRef<Value> at) {
                  return body
                      .fold(body.index(0), experts, emitMinusInfinity(body),
                            [&](Body &inner, Value expert,
                                ValueRange most) -> SmallVector<Value> {
                              Value logit = emitLogit(inner, at[0], expert);
                              return {
                                  inner.select(inner.greater(logit, most[0]),
                                               logit, most[0])};
                            })
                      .front();
                });
}

Value Routing::emitSums(Body &builder) const {
  return gather(
      builder, tokens, builder.getF32Type(),
      [&](Body &body, ArrayRef<Value> at) {
        Value most = softmax ? body.load(largest, at) : Value();
        return body
            .fold(body.index(0), experts, body.f32(0),
                  [&](Body &inner, Value expert,
                      ValueRange sum) -> SmallVector<Value> {
                    Value term = emitTerm(inner, at[0], expert, most);
                    if (sumsChosen) {
                      term = inner.select(emitChosen(inner, at[0], expert),
                                          term, inner.f32(0));
                    }
                    return {arith::AddFOp::create(inner, sum[0], term)};
                  })
            .front();
      });
}

Value Routing::emitChosen(Body &body, Value token, Value expert) const {
  return body.less(
      body.load(ranks, {token, expert}),
      body.i32(std::min<int64_t>(topK, std::numeric_limits<int32_t>::max())));
}

Value Routing::emitWeight(Body &body, Value token, Value expert) const {
  Value most = softmax ? body.load(largest, token) : Value();
  Value weight = emitTerm(body, token, expert, most);
  if (sums) {
    Value sum = body.load(sums, token);
    // Where there is nothing to share out every term is 0.
    Value none = softmax ? emitEqualFloats(body, most, emitMinusInfinity(body))
                         : emitEqualFloats(body, sum, body.f32(0));
    weight = body.select(none, body.f32(0),
                         arith::DivFOp::create(body, weight, sum));
  }
  if (scale) {
    weight =
        arith::MulFOp::create(body, weight, body.f32(scale->convertToFloat()));
  }
  return weight;
}
