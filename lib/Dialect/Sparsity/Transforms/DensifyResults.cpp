//===- DensifyResults.cpp - the oracle of sampled products ----------------===//

#include "DensifyResults.h"

#include "Gather.h"

#include "sparsity/Analysis/ElementPredicate.h"
#include "sparsity/Analysis/IterationDomain.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace mlir::sparsity;

/// Whether `value` is not zero, of either sign; a NaN is not.
static Value isNonZero(Body &body, Value value) {
  if (isa<FloatType>(value.getType())) {
    return arith::CmpFOp::create(body, arith::CmpFPredicate::UNE,
                                 body.toF32(value), body.f32(0));
  }
  Value zero = arith::ConstantOp::create(
      body, cast<TypedAttr>(body.getZeroAttr(value.getType())));
  return arith::CmpIOp::create(body, arith::CmpIPredicate::ne, value, zero);
}

/// An i32 for each block of `list` in `pattern`: whether it holds an element.
static Value emitOccupied(Body &builder, Value pattern, const Coverage &list) {
  unsigned rowDim = list.groupDim(), columnDim = list.listedDim();
  int64_t rows = list.groupGranularity(), columns = list.granularity();
  Value rowEnd = builder.extent(pattern, rowDim);
  Value columnEnd = builder.extent(pattern, columnDim);
  auto blocks = [&](Value extent, int64_t granularity) {
    Value rounded = builder.add(extent, builder.index(granularity - 1));
    return builder.divide(rounded, builder.index(granularity));
  };
  return gather(
      builder, {blocks(rowEnd, rows), blocks(columnEnd, columns)},
      builder.getI32Type(), [&](Body &body, ArrayRef<Value> block) {
        Value firstRow = body.multiply(block[0], body.index(rows));
        Value firstColumn = body.multiply(block[1], body.index(columns));
        Value pastRow =
            body.minimum(body.add(firstRow, body.index(rows)), rowEnd);
        Value pastColumn =
            body.minimum(body.add(firstColumn, body.index(columns)), columnEnd);
        return body.count(firstRow, pastRow, [&](Body &outer, Value row) {
          return outer.count(
              firstColumn, pastColumn, [&](Body &inner, Value column) {
                SmallVector<Value> at(2);
                at[rowDim] = row;
                at[columnDim] = column;
                return inner.toI32(isNonZero(inner, inner.load(pattern, at)));
              });
        });
      });
}

/// `value`, the result of `contraction`, with zeros where it has no element, or
/// null if a dense tensor does not tell.
static Value emitSampled(Body &builder, const Contraction &contraction,
                         Value value) {
  auto type = cast<RankedTensorType>(value.getType());
  SparsityEncodingAttrInterface encoding = getSparsityEncoding(type);
  std::optional<SmallVector<IntegerSet>> sets =
      encoding.getElementPredicate(type);
  Coverage list = encoding.getCoverage(type);
  bool byBlocks = list.kind() == Coverage::Kind::Listed && !list.batch() &&
                  type.getRank() == 2;
  if (!sets && !byBlocks) {
    return {};
  }
  Value occupied;
  if (!sets) {
    Value pattern = contraction.domain.init;
    if (auto fill = pattern.getDefiningOp<linalg::FillOp>()) {
      pattern = fill.getDpsInits().front();
    }
    occupied = emitOccupied(builder, pattern, list);
  }
  SmallVector<Value> sizes;
  for (int64_t dim = 0; dim < type.getRank(); ++dim) {
    sizes.push_back(builder.extent(value, dim));
  }
  return gather(
      builder, sizes, type.getElementType(),
      [&](Body &body, ArrayRef<Value> point) {
        Value present;
        if (sets) {
          present = emitElementPredicate(body, body.getLoc(), *sets,
                                         llvm::to_vector(point));
        } else {
          Value row = body.divide(point[list.groupDim()],
                                  body.index(list.groupGranularity()));
          Value column = body.divide(point[list.listedDim()],
                                     body.index(list.granularity()));
          present = body.less(body.i32(0),
                              body.load(occupied, ValueRange{row, column}));
        }
        Value element = body.load(value, point);
        Value zero = arith::ConstantOp::create(
            body, cast<TypedAttr>(body.getZeroAttr(element.getType())));
        return body.select(present, element, zero);
      });
}

void sparsity::densifyResults(Operation *root) {
  std::vector<Contraction> sampled;
  root->walk([&](Operation *op) {
    FailureOr<Contraction> contraction = matchContraction(op, [](StringRef) {});
    if (succeeded(contraction) &&
        getSparsityEncoding(contraction->getResultType())) {
      sampled.push_back(*contraction);
    }
  });
  for (const Contraction &contraction : sampled) {
    Value result = contraction.op->getResult(0);
    SmallVector<OpOperand *> uses;
    for (OpOperand &use : result.getUses()) {
      uses.push_back(&use);
    }
    Body builder(contraction.op->getLoc(), contraction.op->getContext());
    builder.setInsertionPointAfter(contraction.op);
    if (Value masked = emitSampled(builder, contraction, result)) {
      for (OpOperand *use : uses) {
        use->set(masked);
      }
    }
  }
}
