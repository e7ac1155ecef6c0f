//===- Gather.h - tensors computed element by element -----------*- C++ -*-===//
//
// Run-time list building is written in gather form: each element of a result is
// computed by a body of its own, which may loop and read any captured tensor.
// Such an op is elementwise, so it becomes a kernel without further code, and
// no element is ever written twice.
//
//===----------------------------------------------------------------------===//

#ifndef SPARSITY_LIB_DIALECT_SPARSITY_TRANSFORMS_GATHER_H
#define SPARSITY_LIB_DIALECT_SPARSITY_TRANSFORMS_GATHER_H

#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace mlir::sparsity {

/// Emits scalar code at a location.
class Body : public ImplicitLocOpBuilder {
public:
  using ImplicitLocOpBuilder::ImplicitLocOpBuilder;

  Value index(int64_t value);
  Value i32(int64_t value);
  Value f32(double value);

  /// Integers of one type, folded where both are constants.
  Value add(Value left, Value right);
  Value subtract(Value left, Value right);
  Value multiply(Value left, Value right);
  /// Of values that are not negative, rounded down, and the rest.
  Value divide(Value left, Value right);
  Value remainder(Value left, Value right);
  Value minimum(Value left, Value right);
  /// Of an i32, shifting in zeros.
  Value shiftRight(Value value, int64_t bits);

  /// Signed integers or indices.
  Value less(Value left, Value right);
  Value equal(Value left, Value right);
  Value both(Value left, Value right);
  Value either(Value left, Value right);
  Value select(Value condition, Value yes, Value otherwise);

  /// i1 or i32 to another integer type; `toIndex` takes an i32.
  Value toI32(Value value);
  Value toIndex(Value value);

  /// An int or a float as f32, exact for every type of 16 bits or less.
  Value toF32(Value value);
  /// Branches and selects belong before it: hosts without bf16 arithmetic have
  /// none for that type.
  Value fromF32(Value value, Type type);
  Value isNaN(Value value);
  Value greater(Value left, Value right);

  /// An element of a tensor; `loadIndex` of an i32 tensor, as an index.
  Value load(Value tensor, ValueRange indices);
  Value loadIndex(Value tensor, ValueRange indices);
  /// The extent of dimension `dim`, folded where it is static.
  Value extent(Value tensor, int64_t dim);

  /// The values that `step(body, i, values)` has made of `initial` after every
  /// i in [from, to).
  using Step =
      function_ref<SmallVector<Value>(Body &, Value index, ValueRange values)>;
  SmallVector<Value> fold(Value from, Value to, ValueRange initial, Step step);
  /// The sum of `term(body, i)`, an i32, over [from, to).
  Value count(Value from, Value to, function_ref<Value(Body &, Value)> term);

  /// The largest i in [from, to) with table[i] <= value, for an ascending i32
  /// `table` with table[from] <= value; `from` if the interval is empty.
  Value lastAtMost(Value table, Value from, Value to, Value value);

  /// `yes(body)` where `condition` holds, else `otherwise`.
  Value when(Value condition, Value otherwise, function_ref<Value(Body &)> yes);
};

/// The tensor of `sizes` (indices) and `elementType` whose element at `indices`
/// is `element(body, indices)`. Its type is static where the sizes fold.
Value gather(Body &builder, ArrayRef<Value> sizes, Type elementType,
             function_ref<Value(Body &, ArrayRef<Value> indices)> element);

} // namespace mlir::sparsity

#endif // SPARSITY_LIB_DIALECT_SPARSITY_TRANSFORMS_GATHER_H
