//===- IndexBuilder.h - short forms for index arithmetic --------*- C++ -*-===//
//
// What a work item computes before its loops: bounds, groups, entries. Values
// are of type index and signed; constants fold, so that static shapes and
// absent bounds leave no code behind.
//
//===----------------------------------------------------------------------===//

#ifndef SPARSITY_LIB_CONVERSION_SPARSITYTOTILE_INDEXBUILDER_H
#define SPARSITY_LIB_CONVERSION_SPARSITYTOTILE_INDEXBUILDER_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

namespace mlir::sparsity {

struct IndexBuilder {
  IndexBuilder(OpBuilder &builder, Location loc) : b(builder), loc(loc) {}

  Value constant(int64_t value) {
    return arith::ConstantIndexOp::create(b, loc, value);
  }
  Value add(Value x, Value y) { return fold<arith::AddIOp>(x, y); }
  Value sub(Value x, Value y) { return fold<arith::SubIOp>(x, y); }
  Value mul(Value x, Value y) { return fold<arith::MulIOp>(x, y); }
  Value min(Value x, Value y) { return fold<arith::MinSIOp>(x, y); }
  Value max(Value x, Value y) { return fold<arith::MaxSIOp>(x, y); }
  Value add(Value x, int64_t y) { return y ? add(x, constant(y)) : x; }
  Value sub(Value x, int64_t y) { return y ? sub(x, constant(y)) : x; }
  Value mul(Value x, int64_t y) { return y == 1 ? x : mul(x, constant(y)); }
  Value min(Value x, int64_t y) { return min(x, constant(y)); }
  Value max(Value x, int64_t y) { return max(x, constant(y)); }
  /// Quotient and remainder of a value that is not negative.
  Value div(Value x, int64_t y) {
    return y == 1 ? x : fold<arith::DivUIOp>(x, constant(y));
  }
  Value rem(Value x, int64_t y) {
    return y == 1 ? constant(0) : fold<arith::RemUIOp>(x, constant(y));
  }
  Value ceilDiv(Value x, int64_t y) { return div(add(x, y - 1), y); }
  Value less(Value x, Value y) {
    return b.createOrFold<arith::CmpIOp>(loc, arith::CmpIPredicate::slt, x, y);
  }
  Value both(Value x, Value y) {
    return !x ? y : !y ? x : fold<arith::AndIOp>(x, y);
  }
  Value negate(Value x) {
    return fold<arith::XOrIOp>(x, arith::ConstantIntOp::create(b, loc, 1, 1));
  }
  Value truth() { return arith::ConstantIntOp::create(b, loc, 1, 1); }
  Value select(Value condition, Value x, Value y) {
    return b.createOrFold<arith::SelectOp>(loc, condition, x, y);
  }
  /// Element `position` of a one-dimensional buffer of indices.
  Value read(Value buffer, Value position) {
    Value value = tensor::ExtractOp::create(b, loc, buffer, position);
    return value.getType().isIndex()
               ? value
               : arith::IndexCastOp::create(b, loc, b.getIndexType(), value);
  }

  OpBuilder &b;
  Location loc;

private:
  template <typename Op> Value fold(Value x, Value y) {
    return b.createOrFold<Op>(loc, x, y);
  }
};

/// The first position in [begin, end) of the ascending `buffer` whose element
/// is not below `bound` (`orEqual`: is above it), by binary search.
Value emitLowerBound(IndexBuilder &index, Value buffer, Value begin, Value end,
                     Value bound, bool orEqual = false);

} // namespace mlir::sparsity

#endif // SPARSITY_LIB_CONVERSION_SPARSITYTOTILE_INDEXBUILDER_H
