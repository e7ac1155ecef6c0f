//===- SparsityOps.cpp - verifiers and folders of the `sparsity` ops ------===//

#include "sparsity/Dialect/Sparsity/IR/Sparsity.h"

#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/IR/TypeUtilities.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace mlir::sparsity;

#define GET_OP_CLASSES
#include "sparsity/Dialect/Sparsity/IR/SparsityOps.cpp.inc"

//===----------------------------------------------------------------------===//
// Shared rules
//===----------------------------------------------------------------------===//

/// Fails unless `type` carries an encoding of this project; `what` names it.
static LogicalResult verifyEncoded(Operation *op, Type type, StringRef what) {
  if (getSparsityEncoding(type)) {
    return success();
  }
  return op->emitOpError() << "expected a " << what
                           << " with a sparsity encoding, but got " << type;
}

static LogicalResult verifyUnencoded(Operation *op, Type type, StringRef what) {
  if (!cast<RankedTensorType>(type).getEncoding()) {
    return success();
  }
  return op->emitOpError() << "expected a " << what
                           << " without an encoding, but got " << type;
}

/// Fails unless both types agree in shape and element type.
static LogicalResult verifySameContent(Operation *op, Type source,
                                       Type result) {
  RankedTensorType dense = getDenseType(cast<RankedTensorType>(source));
  if (dense == getDenseType(cast<RankedTensorType>(result))) {
    return success();
  }
  return op->emitOpError()
         << "expected a result with the source's shape and element type "
         << dense << ", but got " << result;
}

/// Fails unless `fields` are the storage of `encoded`: a static size may stand
/// for a dynamic one and the reverse.
static LogicalResult verifyFields(Operation *op, Type encoded,
                                  TypeRange fields) {
  auto type = cast<RankedTensorType>(encoded);
  SmallVector<StorageField> storage =
      getSparsityEncoding(type).getStorage(type);
  if (storage.size() != fields.size()) {
    InFlightDiagnostic diag = op->emitOpError()
                              << "expected " << storage.size() << " fields (";
    llvm::interleaveComma(
        storage, diag, [&](const StorageField &field) { diag << field.name; });
    return diag << "), but got " << fields.size();
  }
  for (auto [field, actual] : llvm::zip_equal(storage, fields)) {
    auto tensor = cast<RankedTensorType>(actual);
    if (tensor.getElementType() != field.type.getElementType() ||
        tensor.getEncoding() != field.type.getEncoding() ||
        failed(verifyCompatibleShape(tensor, field.type))) {
      return op->emitOpError() << "expected field " << field.name << " of type "
                               << field.type << ", but got " << actual;
    }
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Encode, decode, prune
//===----------------------------------------------------------------------===//

LogicalResult EncodeOp::verify() {
  Type source = getSource().getType(), result = getResult().getType();
  // encode_c1, encode_c2, encode_c3
  return failure(failed(verifyUnencoded(*this, source, "source")) ||
                 failed(verifyEncoded(*this, result, "result")) ||
                 failed(verifySameContent(*this, source, result)));
}

LogicalResult DecodeOp::verify() {
  Type source = getSource().getType(), result = getResult().getType();
  // decode_c1, decode_c2, decode_c3
  return failure(failed(verifyEncoded(*this, source, "source")) ||
                 failed(verifyUnencoded(*this, result, "result")) ||
                 failed(verifySameContent(*this, source, result)));
}

OpFoldResult DecodeOp::fold(FoldAdaptor) {
  auto encode = getSource().getDefiningOp<EncodeOp>();
  if (!encode || encode.getSource().getType() != getResult().getType()) {
    return {};
  }
  // An encoding that excludes elements by position restricts the source; one
  // whose coverage is `all` only asks the source to fit, so it is the source.
  auto type = cast<RankedTensorType>(getSource().getType());
  if (!getSparsityEncoding(type).getCoverage(type).isAll()) {
    return {};
  }
  return encode.getSource();
}

LogicalResult PruneOp::verify() {
  Type source = getSource().getType(), result = getResult().getType();
  // prune_c1, prune_c2, prune_c3
  if (failed(verifyUnencoded(*this, source, "source")) ||
      failed(verifyEncoded(*this, result, "result")) ||
      failed(verifySameContent(*this, source, result))) {
    return failure();
  }
  // prune_c4
  SparsityEncodingAttrInterface encoding = getSparsityEncoding(result);
  if (!encoding.hasPacker()) {
    return emitOpError() << "expected an encoding with a packer, but got "
                         << encoding;
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Storage
//===----------------------------------------------------------------------===//

LogicalResult AssembleOp::verify() {
  // assemble_c1, assemble_c2, assemble_c3
  Type result = getResult().getType();
  if (failed(verifyEncoded(*this, result, "result")) ||
      failed(verifyFields(*this, result, getFields().getTypes()))) {
    return failure();
  }
  // assemble_c4
  size_t dynamic = cast<RankedTensorType>(result).getNumDynamicDims();
  if (!getSizes().empty() && getSizes().size() != dynamic) {
    return emitOpError() << "expected a size for each of the " << dynamic
                         << " dynamic extents of " << result << ", but got "
                         << getSizes().size();
  }
  return success();
}

OpFoldResult AssembleOp::getExtent(OpBuilder &builder, int64_t dim) {
  auto type = cast<RankedTensorType>(getType());
  if (!type.isDynamicDim(dim)) {
    return builder.getIndexAttr(type.getDimSize(dim));
  }
  if (!getSizes().empty()) {
    return getSizes()[type.getDynamicDimIndex(dim)];
  }
  for (auto [field, buffer] : llvm::zip_equal(
           getSparsityEncoding(type).getStorage(type), getFields())) {
    if (field.type == getDenseType(type)) {
      return tensor::getMixedSize(builder, getLoc(), buffer, dim);
    }
  }
  return {};
}

LogicalResult
AssembleOp::reifyResultShapes(OpBuilder &builder,
                              ReifiedRankedShapedTypeDims &shapes) {
  SmallVector<OpFoldResult> extents;
  int64_t rank = cast<RankedTensorType>(getType()).getRank();
  for (int64_t dim = 0; dim < rank; ++dim) {
    extents.push_back(getExtent(builder, dim));
    if (!extents.back()) {
      return failure();
    }
  }
  shapes.push_back(std::move(extents));
  return success();
}

namespace {
/// Extents come from what a tensor was made of, so that its only other uses are
/// those of its storage.
struct DimOfEncoded : OpRewritePattern<tensor::DimOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(tensor::DimOp dim,
                                PatternRewriter &rewriter) const override {
    Operation *source = dim.getSource().getDefiningOp();
    if (isa_and_present<EncodeOp, DecodeOp, PruneOp, RouteOp>(source)) {
      rewriter.modifyOpInPlace(
          dim, [&] { dim.getSourceMutable().assign(source->getOperand(0)); });
      return success();
    }
    auto assemble = dyn_cast_if_present<AssembleOp>(source);
    std::optional<int64_t> number = dim.getConstantIndex();
    if (!assemble || !number ||
        *number >= cast<RankedTensorType>(assemble.getType()).getRank()) {
      return rewriter.notifyMatchFailure(dim, "source is not made here");
    }
    OpFoldResult extent = assemble.getExtent(rewriter, *number);
    if (!extent) {
      return rewriter.notifyMatchFailure(dim, "extent is not given");
    }
    rewriter.replaceOp(
        dim, getValueOrCreateConstantIndexOp(rewriter, dim.getLoc(), extent));
    return success();
  }
};
} // namespace

void AssembleOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                             MLIRContext *context) {
  patterns.add<DimOfEncoded>(context);
}

LogicalResult DisassembleOp::verify() {
  // disassemble_c1, disassemble_c2, disassemble_c3
  Type source = getSource().getType();
  return failure(failed(verifyEncoded(*this, source, "source")) ||
                 failed(verifyFields(*this, source, getFields().getTypes())));
}

LogicalResult FieldOp::verify() {
  // field_c1
  if (failed(verifyEncoded(*this, getSource().getType(), "source"))) {
    return failure();
  }
  auto type = cast<RankedTensorType>(getSource().getType());
  SmallVector<StorageField> storage =
      getSparsityEncoding(type).getStorage(type);
  const StorageField *field =
      llvm::find_if(storage, [&](const StorageField &candidate) {
        return candidate.name == getName();
      });
  // field_c2
  if (field == storage.end()) {
    InFlightDiagnostic diag = emitOpError() << "expected a field among ";
    llvm::interleaveComma(storage, diag, [&](const StorageField &candidate) {
      diag << candidate.name;
    });
    return diag << ", but got \"" << getName() << "\"";
  }
  // field_c3
  if (getResult().getType() != field->type) {
    return emitOpError() << "expected field " << field->name << " of type "
                         << field->type << ", but got "
                         << getResult().getType();
  }
  return success();
}

/// The buffer that `field` reads from an assembled tensor; null if its source
/// is not assembled here.
static Value getAssembledField(FieldOp field) {
  auto assemble = field.getSource().getDefiningOp<AssembleOp>();
  if (!assemble) {
    return {};
  }
  auto type = cast<RankedTensorType>(assemble.getType());
  for (auto [description, operand] : llvm::zip_equal(
           getSparsityEncoding(type).getStorage(type), assemble.getFields())) {
    if (description.name == field.getName()) {
      return operand;
    }
  }
  return {};
}

OpFoldResult FieldOp::fold(FoldAdaptor) {
  Value buffer = getAssembledField(*this);
  return buffer && buffer.getType() == getResult().getType() ? buffer : Value();
}

namespace {
/// An assembled buffer may have a static size where the storage has a dynamic
/// one (the entries of a constant list), and the reverse.
struct CastAssembledField : OpRewritePattern<FieldOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(FieldOp field,
                                PatternRewriter &rewriter) const override {
    Value buffer = getAssembledField(field);
    if (!buffer) {
      return rewriter.notifyMatchFailure(field, "source is not assembled here");
    }
    rewriter.replaceOpWithNewOp<tensor::CastOp>(
        field, field.getResult().getType(), buffer);
    return success();
  }
};
} // namespace

namespace {
/// What is taken apart right after it was put together.
struct DropDisassembly : OpRewritePattern<DisassembleOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(DisassembleOp op,
                                PatternRewriter &rewriter) const override {
    auto assemble = op.getSource().getDefiningOp<AssembleOp>();
    if (!assemble) {
      return rewriter.notifyMatchFailure(op, "source is not assembled here");
    }
    SmallVector<Value> buffers;
    for (auto [buffer, result] :
         llvm::zip_equal(assemble.getFields(), op.getFields())) {
      buffers.push_back(buffer.getType() == result.getType()
                            ? buffer
                            : tensor::CastOp::create(rewriter, op.getLoc(),
                                                     result.getType(), buffer)
                                  .getResult());
    }
    rewriter.replaceOp(op, buffers);
    return success();
  }
};
} // namespace

void DisassembleOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                                MLIRContext *context) {
  patterns.add<DropDisassembly>(context);
}

void FieldOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                          MLIRContext *context) {
  patterns.add<CastAssembledField>(context);
}
