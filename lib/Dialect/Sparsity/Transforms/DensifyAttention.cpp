//===- DensifyAttention.cpp - the oracle of sparsity.attention ------------===//

#include "DensifyAttention.h"

#include "sparsity/Analysis/CoveragePredicate.h"
#include "sparsity/Analysis/ElementPredicate.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace mlir::sparsity;

namespace {

/// Sums may be reordered: at 53 bits that changes nothing that f32 could show.
constexpr auto kSumFlags =
    arith::FastMathFlags::reassoc | arith::FastMathFlags::contract;

class AttentionDensifier {
public:
  AttentionDensifier(AttentionOp op, Type sumType, OpBuilder &builder)
      : op(op), sumType(sumType), builder(builder), loc(op.getLoc()) {}

  SmallVector<Value> emit();

private:
  Value constant(int64_t value) {
    return arith::ConstantIndexOp::create(builder, loc, value);
  }
  Value number(double value) {
    return arith::ConstantOp::create(builder, loc,
                                     builder.getFloatAttr(sumType, value));
  }
  Value minusInfinity() {
    return number(-std::numeric_limits<double>::infinity());
  }
  Value widen(Value value) {
    return convertScalarToDtype(builder, loc, value, sumType,
                                /*isUnsignedCast=*/false);
  }
  /// Element [.., head, row, column] of `tensor`, in the sums' type.
  Value extract(Value tensor, ArrayRef<Value> outer, Value row, Value column) {
    SmallVector<Value> indices(outer);
    indices.append({row, column});
    return widen(tensor::ExtractOp::create(builder, loc, tensor, indices));
  }
  /// A counted loop; `body` maps what it carries.
  SmallVector<Value>
  loop(Value extent, ValueRange carried,
       function_ref<SmallVector<Value>(Value, ValueRange)> body);
  /// `body` where `condition` holds, and `otherwise` elsewhere.
  SmallVector<Value> branch(Value condition, ValueRange otherwise,
                            function_ref<SmallVector<Value>()> body);
  Value present(Value row, Value column);
  Value logit(ArrayRef<Value> outer, Value row, Value column);
  Value logits(ArrayRef<Value> outer, Value row, Value scratch);
  SmallVector<Value> emitRow(ArrayRef<Value> outer, Value row,
                             ValueRange carried);

  AttentionOp op;
  Type sumType;
  OpBuilder &builder;
  Location loc;
  Value rowOffset, keys;
};

} // namespace

SmallVector<Value> AttentionDensifier::loop(
    Value extent, ValueRange carried,
    function_ref<SmallVector<Value>(Value, ValueRange)> body) {
  auto loop = scf::ForOp::create(builder, loc, constant(0), extent, constant(1),
                                 carried);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(loop.getBody());
  scf::YieldOp::create(builder, loc,
                       body(loop.getInductionVar(), loop.getRegionIterArgs()));
  return llvm::to_vector_of<Value>(loop.getResults());
}

SmallVector<Value>
AttentionDensifier::branch(Value condition, ValueRange otherwise,
                           function_ref<SmallVector<Value>()> body) {
  auto branch = scf::IfOp::create(builder, loc, otherwise.getTypes(), condition,
                                  /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(branch.thenBlock());
  scf::YieldOp::create(builder, loc, body());
  builder.setInsertionPointToStart(branch.elseBlock());
  scf::YieldOp::create(builder, loc, otherwise);
  return llvm::to_vector_of<Value>(branch.getResults());
}

Value AttentionDensifier::present(Value row, Value column) {
  SparsityEncodingAttrInterface encoding = op.getEncoding();
  if (!encoding) {
    return arith::ConstantIntOp::create(builder, loc, 1, 1);
  }
  RankedTensorType type = op.getMaskType();
  Value patternRow = row;
  if (rowOffset) {
    patternRow = arith::AddIOp::create(builder, loc, row, rowOffset);
  }
  Value point[] = {patternRow, column};
  return emitCoveragePredicate(
      builder, loc, encoding.getCoverage(type), point,
      [&](StringRef name) { return op.getField(name); },
      [&] {
        return emitElementPredicate(builder, loc,
                                    *encoding.getElementPredicate(type), point);
      });
}

/// scale * q k, then the softcap.
Value AttentionDensifier::logit(ArrayRef<Value> outer, Value row,
                                Value column) {
  SmallVector<Value> keyOuter(outer);
  if (op.getGroupSize() != 1) {
    keyOuter.back() = arith::DivUIOp::create(builder, loc, keyOuter.back(),
                                             constant(op.getGroupSize()));
  }
  Value sum = loop(constant(op.getHeadSize()), number(0.0),
                   [&](Value d, ValueRange carried) -> SmallVector<Value> {
                     Value product = arith::MulFOp::create(
                         builder, loc, extract(op.getQuery(), outer, row, d),
                         extract(op.getKey(), keyOuter, column, d), kSumFlags);
                     return {arith::AddFOp::create(builder, loc, carried[0],
                                                   product, kSumFlags)};
                   })[0];
  Value result =
      arith::MulFOp::create(builder, loc, sum, number(op.getLogitScale()));
  if (std::optional<APFloat> softcap = op.getSoftcap()) {
    Value cap = number(softcap->convertToDouble());
    result = arith::DivFOp::create(builder, loc, result, cap);
    result = math::TanhOp::create(builder, loc, result);
    result = arith::MulFOp::create(builder, loc, result, cap);
  }
  return result;
}

/// The logits of one row, [keys]; absent ones are minus infinity.
Value AttentionDensifier::logits(ArrayRef<Value> outer, Value row,
                                 Value scratch) {
  AffineMap map = builder.getMultiDimIdentityMap(1);
  auto generic = linalg::GenericOp::create(
      builder, loc, scratch.getType(), ValueRange(), scratch, map,
      utils::IteratorType::parallel, [&](OpBuilder &, Location, ValueRange) {
        Value column = linalg::IndexOp::create(builder, loc, 0);
        Value absent = minusInfinity();
        Value element = branch(present(row, column), absent, [&] {
          return SmallVector<Value>{logit(outer, row, column)};
        })[0];
        linalg::YieldOp::create(builder, loc, element);
      });
  return generic.getResult(0);
}

/// Carries the output, the lse if there is one, the scratch of the logits and
/// of one output row.
SmallVector<Value> AttentionDensifier::emitRow(ArrayRef<Value> outer, Value row,
                                               ValueRange carried) {
  Value scores = logits(outer, row, carried[carried.size() - 2]);
  Value clear =
      linalg::FillOp::create(builder, loc, number(0.0), carried.back())
          .getResult(0);
  Value largest =
      loop(keys, minusInfinity(), [&](Value column, ValueRange best) {
        Value score = tensor::ExtractOp::create(builder, loc, scores, column);
        return SmallVector<Value>{
            arith::MaximumFOp::create(builder, loc, best[0], score)};
      })[0];
  SmallVector<Value> keyOuter(outer);
  if (op.getGroupSize() != 1) {
    keyOuter.back() = arith::DivUIOp::create(builder, loc, keyOuter.back(),
                                             constant(op.getGroupSize()));
  }
  AffineMap map = builder.getMultiDimIdentityMap(1);
  SmallVector<Value> sums =
      loop(keys, {number(0.0), clear}, [&](Value column, ValueRange sums) {
        Value score = tensor::ExtractOp::create(builder, loc, scores, column);
        // A NaN counts as present.
        Value isPresent = arith::CmpFOp::create(
            builder, loc, arith::CmpFPredicate::UNE, score, minusInfinity());
        return branch(isPresent, sums, [&]() -> SmallVector<Value> {
          Value weight = math::ExpOp::create(
              builder, loc,
              arith::SubFOp::create(builder, loc, score, largest));
          Value total =
              arith::AddFOp::create(builder, loc, sums[0], weight, kSumFlags);
          auto weighted = linalg::GenericOp::create(
              builder, loc, sums[1].getType(), ValueRange(), sums[1], map,
              utils::IteratorType::parallel,
              [&](OpBuilder &, Location, ValueRange arguments) {
                Value d = linalg::IndexOp::create(builder, loc, 0);
                Value product = arith::MulFOp::create(
                    builder, loc, weight,
                    extract(op.getValue(), keyOuter, column, d), kSumFlags);
                linalg::YieldOp::create(
                    builder, loc,
                    Value(arith::AddFOp::create(builder, loc, arguments[0],
                                                product, kSumFlags)));
              });
          return {total, weighted.getResult(0)};
        });
      });
  // A row with a NaN is not empty.
  Value isEmpty = arith::CmpFOp::create(builder, loc, arith::CmpFPredicate::OEQ,
                                        sums[0], number(0.0));
  Value divisor =
      arith::SelectOp::create(builder, loc, isEmpty, number(1.0), sums[0]);
  Value output = loop(
      constant(op.getValueSize()), carried[0],
      [&](Value d, ValueRange rows) -> SmallVector<Value> {
        Value sum = tensor::ExtractOp::create(builder, loc, sums[1], d);
        Value element = convertScalarToDtype(
            builder, loc, arith::DivFOp::create(builder, loc, sum, divisor),
            op.getOutputType().getElementType(), false);
        SmallVector<Value> indices(outer);
        indices.append({row, d});
        return {
            tensor::InsertOp::create(builder, loc, element, rows[0], indices)};
      })[0];
  SmallVector<Value> results = {output};
  if (op.getLse()) {
    Value logSum = arith::AddFOp::create(
        builder, loc, largest, math::LogOp::create(builder, loc, divisor));
    Value lse =
        arith::SelectOp::create(builder, loc, isEmpty, minusInfinity(), logSum);
    SmallVector<Value> indices(outer);
    indices.push_back(row);
    results.push_back(tensor::InsertOp::create(
        builder, loc,
        convertScalarToDtype(builder, loc, lse, builder.getF32Type(), false),
        carried[1], indices));
  }
  results.append({scores, sums[1]});
  return results;
}

SmallVector<Value> AttentionDensifier::emit() {
  int64_t rank = op.getQueryType().getRank();
  rowOffset = op.getOffset();
  keys = tensor::DimOp::create(builder, loc, op.getKey(), rank - 2);
  SmallVector<Value> extents;
  for (int64_t axis = 0; axis + 1 < rank; ++axis) {
    extents.push_back(tensor::DimOp::create(builder, loc, op.getQuery(), axis));
  }
  SmallVector<OpFoldResult> sizes =
      tensor::getMixedSizes(builder, loc, op.getQuery());
  sizes.back() = builder.getIndexAttr(op.getValueSize());
  SmallVector<Value> carried = {tensor::EmptyOp::create(
      builder, loc, sizes, op.getOutputType().getElementType())};
  if (op.getLse()) {
    sizes.pop_back();
    carried.push_back(
        tensor::EmptyOp::create(builder, loc, sizes, builder.getF32Type()));
  }
  carried.push_back(tensor::EmptyOp::create(
      builder, loc, tensor::getMixedSizes(builder, loc, op.getKey())[rank - 2],
      sumType));
  carried.push_back(tensor::EmptyOp::create(
      builder, loc, ArrayRef<int64_t>(op.getValueSize()), sumType));

  SmallVector<Value> outer;
  std::function<SmallVector<Value>(ValueRange)> nest =
      [&](ValueRange values) -> SmallVector<Value> {
    size_t depth = outer.size();
    return loop(extents[depth], values, [&](Value index, ValueRange inside) {
      if (depth + 1 == extents.size()) {
        return emitRow(outer, index, inside);
      }
      outer.push_back(index);
      SmallVector<Value> results = nest(inside);
      outer.pop_back();
      return results;
    });
  };
  SmallVector<Value> results = nest(carried);
  results.truncate(op->getNumResults());
  return results;
}

void mlir::sparsity::densifyAttentions(Operation *root, bool sumInF64,
                                       RewriterBase &rewriter) {
  Type sumType = sumInF64 ? rewriter.getF64Type() : rewriter.getF32Type();
  SmallVector<AttentionOp> ops;
  root->walk([&](AttentionOp op) {
    // Without a mask it is dense as it is; only the sums could be wider.
    if (sumInF64 || op.getEncoding()) {
      ops.push_back(op);
    }
  });
  for (AttentionOp op : ops) {
    rewriter.setInsertionPoint(op);
    rewriter.replaceOp(op, AttentionDensifier(op, sumType, rewriter).emit());
  }
}
