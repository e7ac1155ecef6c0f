//===- Gather.cpp - tensors computed element by element -------------------===//

#include "Gather.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace mlir::sparsity;

//===----------------------------------------------------------------------===//
// Scalars
//===----------------------------------------------------------------------===//

Value Body::index(int64_t value) {
  return arith::ConstantIndexOp::create(*this, value);
}
Value Body::i32(int64_t value) {
  return arith::ConstantIntOp::create(*this, value, 32);
}
Value Body::f32(double value) {
  return arith::ConstantOp::create(*this, getF32FloatAttr(value));
}

Value Body::add(Value left, Value right) {
  return createOrFold<arith::AddIOp>(left, right);
}
Value Body::subtract(Value left, Value right) {
  return createOrFold<arith::SubIOp>(left, right);
}
Value Body::multiply(Value left, Value right) {
  return createOrFold<arith::MulIOp>(left, right);
}
Value Body::divide(Value left, Value right) {
  return createOrFold<arith::DivUIOp>(left, right);
}
Value Body::remainder(Value left, Value right) {
  return createOrFold<arith::RemUIOp>(left, right);
}
Value Body::minimum(Value left, Value right) {
  return createOrFold<arith::MinSIOp>(left, right);
}
Value Body::shiftRight(Value value, int64_t bits) {
  return bits == 0 ? value : arith::ShRUIOp::create(*this, value, i32(bits));
}

Value Body::less(Value left, Value right) {
  return arith::CmpIOp::create(*this, arith::CmpIPredicate::slt, left, right);
}
Value Body::equal(Value left, Value right) {
  return arith::CmpIOp::create(*this, arith::CmpIPredicate::eq, left, right);
}
Value Body::both(Value left, Value right) {
  return arith::AndIOp::create(*this, left, right);
}
Value Body::either(Value left, Value right) {
  return arith::OrIOp::create(*this, left, right);
}
Value Body::select(Value condition, Value yes, Value otherwise) {
  return arith::SelectOp::create(*this, condition, yes, otherwise);
}

Value Body::toI32(Value value) {
  if (value.getType().isIndex()) {
    return arith::IndexCastOp::create(*this, getI32Type(), value);
  }
  if (value.getType().isInteger(32)) {
    return value;
  }
  return arith::ExtUIOp::create(*this, getI32Type(), value);
}
Value Body::toIndex(Value value) {
  return arith::IndexCastOp::create(*this, getIndexType(), value);
}

Value Body::toF32(Value value) {
  return convertScalarToDtype(*this, getLoc(), value, getF32Type(),
                              /*isUnsignedCast=*/false);
}
Value Body::fromF32(Value value, Type type) {
  return convertScalarToDtype(*this, getLoc(), value, type,
                              /*isUnsignedCast=*/false);
}
Value Body::isNaN(Value value) {
  return arith::CmpFOp::create(*this, arith::CmpFPredicate::UNO, value, value);
}
Value Body::greater(Value left, Value right) {
  return arith::CmpFOp::create(*this, arith::CmpFPredicate::OGT, left, right);
}

Value Body::load(Value tensor, ValueRange indices) {
  return tensor::ExtractOp::create(*this, tensor, indices);
}
Value Body::loadIndex(Value tensor, ValueRange indices) {
  return toIndex(load(tensor, indices));
}
Value Body::extent(Value tensor, int64_t dim) {
  return createOrFold<tensor::DimOp>(tensor, dim);
}

//===----------------------------------------------------------------------===//
// Control flow
//===----------------------------------------------------------------------===//

SmallVector<Value> Body::fold(Value from, Value to, ValueRange initial,
                              Step step) {
  auto loop = scf::ForOp::create(
      *this, from, to, index(1), initial,
      [&](OpBuilder &builder, Location loc, Value iv, ValueRange values) {
        Body inner(loc, builder);
        SmallVector<Value> next = step(inner, iv, values);
        scf::YieldOp::create(inner, next);
      });
  return loop.getResults();
}

Value Body::count(Value from, Value to,
                  function_ref<Value(Body &, Value)> term) {
  return fold(from, to, i32(0),
              [&](Body &inner, Value at, ValueRange sum) -> SmallVector<Value> {
                return {inner.add(sum[0], term(inner, at))};
              })
      .front();
}

Value Body::lastAtMost(Value table, Value from, Value to, Value value) {
  // [low, high) holds the answer: table[low] <= value < table[high].
  auto loop = scf::WhileOp::create(
      *this, TypeRange{from.getType(), to.getType()}, ValueRange{from, to},
      [&](OpBuilder &builder, Location loc, ValueRange bounds) {
        Body inner(loc, builder);
        Value more =
            inner.less(inner.add(bounds[0], inner.index(1)), bounds[1]);
        scf::ConditionOp::create(inner, more, bounds);
      },
      [&](OpBuilder &builder, Location loc, ValueRange bounds) {
        Body inner(loc, builder);
        Value middle =
            inner.divide(inner.add(bounds[0], bounds[1]), inner.index(2));
        Value above = inner.less(value, inner.load(table, middle));
        scf::YieldOp::create(
            inner, ValueRange{inner.select(above, bounds[0], middle),
                              inner.select(above, middle, bounds[1])});
      });
  return loop.getResult(0);
}

Value Body::when(Value condition, Value otherwise,
                 function_ref<Value(Body &)> yes) {
  auto branch = scf::IfOp::create(
      *this, condition,
      [&](OpBuilder &builder, Location loc) {
        Body inner(loc, builder);
        scf::YieldOp::create(inner, yes(inner));
      },
      [&](OpBuilder &builder, Location loc) {
        scf::YieldOp::create(builder, loc, otherwise);
      });
  return branch.getResult(0);
}

//===----------------------------------------------------------------------===//
// Tensors
//===----------------------------------------------------------------------===//

Value mlir::sparsity::gather(
    Body &builder, ArrayRef<Value> sizes, Type elementType,
    function_ref<Value(Body &, ArrayRef<Value> indices)> element) {
  Location loc = builder.getLoc();
  int64_t rank = sizes.size();
  Value init = tensor::EmptyOp::create(
      builder, getAsOpFoldResult(ValueRange(sizes)), elementType);
  SmallVector<AffineMap> maps(1, builder.getMultiDimIdentityMap(rank));
  SmallVector<utils::IteratorType> iterators(rank,
                                             utils::IteratorType::parallel);
  return linalg::GenericOp::create(
             builder, loc, init.getType(), ValueRange(), init, maps, iterators,
             [&](OpBuilder &nested, Location nestedLoc, ValueRange) {
               Body inner(nestedLoc, nested);
               SmallVector<Value> indices;
               for (int64_t dim = 0; dim < rank; ++dim) {
                 indices.push_back(linalg::IndexOp::create(inner, dim));
               }
               linalg::YieldOp::create(inner, element(inner, indices));
             })
      .getResult(0);
}
