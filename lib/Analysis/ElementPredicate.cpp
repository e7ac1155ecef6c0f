//===- ElementPredicate.cpp - affine patterns as code ---------------------===//

#include "sparsity/Analysis/ElementPredicate.h"

#include "mlir/Dialect/Affine/Utils.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;

Value sparsity::emitElementPredicate(OpBuilder &builder, Location loc,
                                     ArrayRef<IntegerSet> sets,
                                     ValueRange indices) {
  Value zero = arith::ConstantIndexOp::create(builder, loc, 0);
  Value any = arith::ConstantIntOp::create(builder, loc, 0, 1);
  for (IntegerSet set : sets) {
    Value all = arith::ConstantIntOp::create(builder, loc, 1, 1);
    for (unsigned index = 0; index < set.getNumConstraints(); ++index) {
      Value expr = affine::expandAffineExpr(
          builder, loc, set.getConstraint(index), indices, {});
      auto predicate = set.isEq(index) ? arith::CmpIPredicate::eq
                                       : arith::CmpIPredicate::sge;
      Value holds = arith::CmpIOp::create(builder, loc, predicate, expr, zero);
      all = arith::AndIOp::create(builder, loc, all, holds);
    }
    any = arith::OrIOp::create(builder, loc, any, all);
  }
  return any;
}
