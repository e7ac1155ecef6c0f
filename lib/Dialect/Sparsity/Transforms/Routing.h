//===- Routing.h - scalar functions of `sparsity.route` ---------*- C++ -*-===//

#ifndef SPARSITY_LIB_DIALECT_SPARSITY_TRANSFORMS_ROUTING_H
#define SPARSITY_LIB_DIALECT_SPARSITY_TRANSFORMS_ROUTING_H

#include "Gather.h"

#include "sparsity/Dialect/Sparsity/IR/Sparsity.h"

namespace mlir::sparsity {

/// Which experts a token chooses and with which weight, as `sparsity.route`
/// says. The work is O(tokens x experts^2): an expert's rank is the count of
/// better ones.
class Routing {
public:
  /// Emits what is shared by all elements at `builder`.
  Routing(Body &builder, RouteOp op);

  Value getTokens() const { return tokens; }
  Value getExperts() const { return experts; }
  /// The capacity, not negative, as an index; null without one.
  Value getCapacity() const { return capacity; }
  /// Whether `token` chooses `expert`, an i1, before any capacity.
  Value emitChosen(Body &body, Value token, Value expert) const;
  /// The weight (f32) of an expert that is chosen.
  Value emitWeight(Body &body, Value token, Value expert) const;

private:
  Value emitLogit(Body &body, Value token, Value expert) const;
  Value emitKey(Body &body, Value token, Value expert) const;
  Value emitTerm(Body &body, Value token, Value expert, Value largest) const;
  Value emitRanks(Body &builder) const;
  Value emitLargest(Body &builder) const;
  Value emitSums(Body &builder) const;

  Value logits;
  int64_t topK;
  bool softmax;
  /// Whether the divisor is the sum over the chosen experts only.
  bool sumsChosen;
  std::optional<APFloat> scale;
  Value tokens, experts, capacity;
  /// f32 [tokens, experts], what the choice compares; null for the logits.
  Value keys;
  /// i32 [tokens, experts]: experts that the token prefers to this one.
  Value ranks;
  /// f32 [tokens]: the largest logit; what terms are divided by, or null.
  Value largest, sums;
};

} // namespace mlir::sparsity

#endif // SPARSITY_LIB_DIALECT_SPARSITY_TRANSFORMS_ROUTING_H
