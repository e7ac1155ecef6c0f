//===- Selector.h - rules that keep elements by their value -----*- C++ -*-===//

#ifndef SPARSITY_LIB_DIALECT_SPARSITY_TRANSFORMS_SELECTOR_H
#define SPARSITY_LIB_DIALECT_SPARSITY_TRANSFORMS_SELECTOR_H

#include "Gather.h"

#include "sparsity/Dialect/Sparsity/IR/Sparsity.h"

namespace mlir::sparsity {

/// |element| as an i32 of `getMagnitudeBits` bits that orders as |element|
/// does, NaN above all.
Value emitMagnitude(Body &body, Value element);
int64_t getMagnitudeBits(Type elementType);

/// Which elements of a dense rank 2 tensor a rule on their value keeps.
/// Choosing the largest of a row is a radix selection: O(256) visits an element
/// and digit of 8 bits, whatever the count.
class Selector {
public:
  /// Emits what is shared by all elements at `builder`.
  Selector(Body &builder, Value source, Selection rule);

  /// Whether the element is kept, an i1.
  Value emitKept(Body &body, Value row, Value column) const;

private:
  void emitRowLimits(Body &builder);
  Value emitDigitCounts(Body &builder, Value state, int64_t shift) const;
  Value emitNextState(Body &builder, Value state, Value counts) const;
  Value emitElement(Body &body, Value row, Value column) const;

  Value source;
  Selection rule;
  Value rows, columns;
  /// i32 [rows, 2]: the magnitude of the last element kept of each row, and how
  /// many of that magnitude are kept.
  Value limits;
  /// i32 [rows]: the last column kept of that magnitude.
  Value lastColumns;
};

} // namespace mlir::sparsity

#endif // SPARSITY_LIB_DIALECT_SPARSITY_TRANSFORMS_SELECTOR_H
