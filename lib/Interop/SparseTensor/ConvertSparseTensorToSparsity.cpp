//===- ConvertSparseTensorToSparsity.cpp - storage ops of sparse_tensor ---===//

#include "sparsity/Conversion/Passes.h"

#include "Levels.h"

#include "sparsity/Dialect/Sparsity/IR/Sparsity.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/PatternMatch.h"

namespace mlir::sparsity {
#define GEN_PASS_DEF_CONVERTSPARSETENSORTOSPARSITYPASS
#include "sparsity/Conversion/Passes.h.inc"
} // namespace mlir::sparsity

using namespace mlir;
using namespace mlir::sparsity;

static LogicalResult convert(sparse_tensor::ConvertOp op,
                             RewriterBase &rewriter) {
  auto source = cast<RankedTensorType>(op.getSource().getType());
  auto result = cast<RankedTensorType>(op.getType());
  // sparse_tensor_c8
  if (getDenseType(source) != getDenseType(result)) {
    return op.emitOpError() << "expected a result with the source's shape and "
                               "element type, but got "
                            << result << " from " << source;
  }
  if (source == result) {
    rewriter.replaceOp(op, op.getSource());
  } else if (!source.getEncoding()) {
    rewriter.replaceOpWithNewOp<EncodeOp>(op, result, op.getSource());
  } else if (!result.getEncoding()) {
    rewriter.replaceOpWithNewOp<DecodeOp>(op, result, op.getSource());
  } else {
    return op.emitOpError() << "expected a dense source or a dense result, "
                               "but got "
                            << source << " and " << result;
  }
  return success();
}

/// `indices` of type index as i64, which is what a caller passes for either.
static FailureOr<Value> toStoredIndices(sparse_tensor::AssembleOp op,
                                        Value indices, RewriterBase &rewriter) {
  auto type = cast<RankedTensorType>(indices.getType());
  if (!type.getElementType().isIndex()) {
    return indices;
  }
  auto argument = dyn_cast<BlockArgument>(indices);
  auto func = argument
                  ? dyn_cast<func::FuncOp>(argument.getOwner()->getParentOp())
                  : func::FuncOp();
  bool isOwn =
      func && func.isPublic() && argument.getOwner()->isEntryBlock() &&
      llvm::all_of(argument.getUsers(), [](Operation *user) {
        return isa<sparse_tensor::AssembleOp, AssembleOp, tensor::DimOp>(user);
      });
  // sparse_tensor_c12
  if (!isOwn) {
    return op.emitOpError() << "expected buffers of type index to be arguments "
                               "of a public function, used for assembly only, "
                               "but got "
                            << indices;
  }
  rewriter.modifyOpInPlace(func, [&] {
    argument.setType(
        RankedTensorType::get(type.getShape(), rewriter.getI64Type()));
    func.setFunctionType(rewriter.getFunctionType(
        func.getBody().getArgumentTypes(), func.getResultTypes()));
  });
  return indices;
}

/// The flat `values` as a tensor of entries.
static Value toEntries(Location loc, Value values, RankedTensorType stored,
                       RewriterBase &rewriter) {
  auto type = cast<RankedTensorType>(values.getType());
  if (type.getRank() == stored.getRank()) {
    return values;
  }
  int64_t rows = stored.getDimSize(1), columns = stored.getDimSize(2);
  OpFoldResult flat = tensor::getMixedSize(rewriter, loc, values, 0);
  int64_t entries = ShapedType::kDynamic;
  OpFoldResult count;
  if (type.hasStaticShape()) {
    entries = type.getDimSize(0) / (rows * columns);
    count = rewriter.getIndexAttr(entries);
  } else {
    count = arith::DivUIOp::create(
                rewriter, loc, cast<Value>(flat),
                arith::ConstantIndexOp::create(rewriter, loc, rows * columns))
                .getResult();
  }
  auto shaped =
      RankedTensorType::get({entries, rows, columns}, type.getElementType());
  SmallVector<OpFoldResult> sizes = {count, rewriter.getIndexAttr(rows),
                                     rewriter.getIndexAttr(columns)};
  return tensor::ExpandShapeOp::create(
      rewriter, loc, shaped, values, ArrayRef<ReassociationIndices>{{0, 1, 2}},
      sizes);
}

static LogicalResult convert(sparse_tensor::AssembleOp op,
                             RewriterBase &rewriter) {
  auto type = cast<RankedTensorType>(op.getType());
  auto encoding = sparse_tensor::getSparseTensorEncoding(type);
  SparsityEncodingAttrInterface answers = getSparsityEncoding(type);
  if (!answers ||
      failed(answers.verifyLowering(type, [&] { return op.emitOpError(); }))) {
    return failure();
  }
  std::string problem;
  std::optional<sparsity::detail::Levels> levels =
      sparsity::detail::readLevels(encoding, problem);
  // sparse_tensor_c9
  if (levels->kind != sparsity::detail::Levels::Kind::List) {
    return op.emitOpError()
           << "expected a compressed level, whose buffers are taken as they "
              "are, but got "
           << encoding;
  }
  SmallVector<StorageField> storage = answers.getStorage(type);
  SmallVector<Value> fields;
  for (Value indices : op.getLevels()) {
    FailureOr<Value> stored = toStoredIndices(op, indices, rewriter);
    if (failed(stored)) {
      return failure();
    }
    fields.push_back(*stored);
  }
  auto values = cast<RankedTensorType>(op.getValues().getType());
  int64_t entry = 1;
  for (int64_t size : storage.back().type.getShape().drop_front()) {
    entry *= size;
  }
  // sparse_tensor_c10
  if (values.getRank() != 1 ||
      (values.hasStaticShape() && values.getDimSize(0) % entry != 0)) {
    return op.emitOpError() << "expected flat values, a multiple of " << entry
                            << ", but got " << values;
  }
  fields.push_back(
      toEntries(op.getLoc(), op.getValues(), storage.back().type, rewriter));
  rewriter.replaceOpWithNewOp<AssembleOp>(op, type, fields);
  return success();
}

namespace {
struct ConvertSparseTensorToSparsityPass
    : sparsity::impl::ConvertSparseTensorToSparsityPassBase<
          ConvertSparseTensorToSparsityPass> {
  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    WalkResult result = getOperation().walk([&](Operation *op) {
      rewriter.setInsertionPoint(op);
      LogicalResult done = success();
      if (auto conversion = dyn_cast<sparse_tensor::ConvertOp>(op)) {
        done = convert(conversion, rewriter);
      } else if (auto assemble = dyn_cast<sparse_tensor::AssembleOp>(op)) {
        done = convert(assemble, rewriter);
      } else if (isa_and_present<sparse_tensor::SparseTensorDialect>(
                     op->getDialect())) {
        // sparse_tensor_c11
        done = op->emitOpError(
            "expected only sparse_tensor.convert and sparse_tensor.assemble of "
            "this dialect, but this op has no lowering");
      }
      return failed(done) ? WalkResult::interrupt() : WalkResult::advance();
    });
    if (result.wasInterrupted()) {
      signalPassFailure();
    }
  }
};
} // namespace
