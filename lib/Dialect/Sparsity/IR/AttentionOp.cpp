//===- AttentionOp.cpp - verifier and assembly of sparsity.attention ------===//

#include "sparsity/Dialect/Sparsity/IR/Sparsity.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/TypeUtilities.h"
#include "llvm/ADT/STLExtras.h"

#include <cmath>

using namespace mlir;
using namespace mlir::sparsity;

/// A tile of queries and of keys has to fit a chip's registers and shared
/// memory for any head size that is let through.
static constexpr int64_t kMaxHeadSize = 256;

//===----------------------------------------------------------------------===//
// Answers
//===----------------------------------------------------------------------===//

double AttentionOp::getLogitScale() {
  if (std::optional<APFloat> scale = getScale()) {
    return scale->convertToDouble();
  }
  return 1.0 / std::sqrt(static_cast<double>(getHeadSize()));
}

TypedAttr AttentionOp::getImplicitLogit() {
  Type f32 = Float32Type::get(getContext());
  return FloatAttr::get(f32, -std::numeric_limits<double>::infinity());
}

SparsityEncodingAttrInterface AttentionOp::getEncoding() {
  return dyn_cast_or_null<SparsityEncodingAttrInterface>(getMaskAttr());
}

RankedTensorType AttentionOp::getMaskType() {
  int64_t axis = getQueryType().getRank() - 2;
  int64_t rows =
      getOffset() ? ShapedType::kDynamic : getQueryType().getDimSize(axis);
  return RankedTensorType::get({rows, getKeyType().getDimSize(axis)},
                               Float32Type::get(getContext()));
}

SmallVector<StorageField>
AttentionOp::getIndexFields(SparsityEncodingAttrInterface encoding,
                            RankedTensorType type) {
  SmallVector<StorageField> fields = encoding.getStorage(type);
  llvm::erase_if(fields, [](const StorageField &field) {
    return !field.type.getElementType().isSignlessInteger();
  });
  return fields;
}

Value AttentionOp::getField(StringRef name) {
  SparsityEncodingAttrInterface encoding = getEncoding();
  if (!encoding) {
    return {};
  }
  for (auto [field, operand] :
       llvm::zip_equal(getIndexFields(encoding, getMaskType()), getFields())) {
    if (field.name == name) {
      return operand;
    }
  }
  return {};
}

SmallVector<SmallVector<std::pair<Value, int64_t>>>
AttentionOp::getEqualExtents() {
  int64_t queryDim = getQueryType().getRank() - 2;
  SmallVector<SmallVector<std::pair<Value, int64_t>>> groups = {
      {{getKey(), queryDim}, {getValue(), queryDim}}};
  if (queryDim == 2) {
    groups.push_back({{getQuery(), 0}, {getKey(), 0}, {getValue(), 0}});
  }
  // Under an offset a field may hold more rows than there are queries.
  SparsityEncodingAttrInterface encoding = getEncoding();
  if (!encoding || getOffset()) {
    return groups;
  }
  // A field has an extent of the pattern if it follows it from one to two rows.
  Type f32 = Float32Type::get(getContext());
  auto storageOf = [&](int64_t rows) {
    return getIndexFields(encoding, RankedTensorType::get({rows, 1}, f32));
  };
  SmallVector<StorageField> one = storageOf(1), two = storageOf(2);
  SmallVector<std::pair<Value, int64_t>> rows = {{getQuery(), queryDim}};
  for (auto [first, second, operand] : llvm::zip_equal(one, two, getFields())) {
    for (auto [dim, extent] : llvm::enumerate(first.type.getShape())) {
      if (extent == 1 && second.type.getDimSize(dim) == 2) {
        rows.push_back({operand, static_cast<int64_t>(dim)});
      }
    }
  }
  groups.push_back(rows);
  return groups;
}

LogicalResult AttentionOp::reifyResultShapes(
    OpBuilder &builder, ReifiedRankedShapedTypeDims &reifiedReturnShapes) {
  SmallVector<OpFoldResult> output =
      tensor::getMixedSizes(builder, getLoc(), getQuery());
  SmallVector<OpFoldResult> lse(ArrayRef(output).drop_back());
  output.back() = builder.getIndexAttr(getValueSize());
  reifiedReturnShapes.push_back(output);
  if (getLse()) {
    reifiedReturnShapes.push_back(lse);
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Assembly
//===----------------------------------------------------------------------===//

/// `mask` `(` encoding (`,` fields `:` types)? `)`
static ParseResult
parseMask(OpAsmParser &parser, Attribute &mask,
          SmallVectorImpl<OpAsmParser::UnresolvedOperand> &fields,
          SmallVectorImpl<Type> &types) {
  if (parser.parseLParen() || parser.parseAttribute(mask)) {
    return failure();
  }
  if (succeeded(parser.parseOptionalComma()) &&
      (parser.parseOperandList(fields) || parser.parseColonTypeList(types))) {
    return failure();
  }
  return parser.parseRParen();
}

/// `(` number `)`
static ParseResult parseNumber(OpAsmParser &parser, FloatAttr &number) {
  return failure(
      parser.parseLParen() ||
      parser.parseAttribute(number, parser.getBuilder().getF64Type()) ||
      parser.parseRParen());
}

ParseResult AttentionOp::parse(OpAsmParser &parser, OperationState &result) {
  SmallVector<OpAsmParser::UnresolvedOperand> tensors, fields, offset;
  SmallVector<Type> types, fieldTypes, results;
  Properties &properties = result.getOrAddProperties<Properties>();
  if (parser.parseOperandList(tensors, /*requiredOperandCount=*/3)) {
    return failure();
  }
  Attribute mask;
  if (succeeded(parser.parseOptionalKeyword("mask")) &&
      parseMask(parser, mask, fields, fieldTypes)) {
    return failure();
  }
  properties.mask = mask;
  if (succeeded(parser.parseOptionalKeyword("scale")) &&
      parseNumber(parser, properties.scale)) {
    return failure();
  }
  if (succeeded(parser.parseOptionalKeyword("softcap")) &&
      parseNumber(parser, properties.softcap)) {
    return failure();
  }
  if (succeeded(parser.parseOptionalKeyword("offset")) &&
      parser.parseOperandList(offset, /*requiredOperandCount=*/1,
                              OpAsmParser::Delimiter::Paren)) {
    return failure();
  }
  SMLoc typesLoc;
  if (parser.parseOptionalAttrDict(result.attributes) || parser.parseColon() ||
      parser.getCurrentLocation(&typesLoc) || parser.parseLParen() ||
      parser.parseTypeList(types) || parser.parseRParen() ||
      parser.parseArrowTypeList(results)) {
    return failure();
  }
  // attention_c1
  if (types.size() != 3 || results.empty() || results.size() > 2) {
    return parser.emitError(typesLoc)
           << "expected three operand types and one or two result types, but "
              "got "
           << types.size() << " and " << results.size();
  }
  if (parser.resolveOperands(tensors, types, typesLoc, result.operands) ||
      parser.resolveOperands(fields, fieldTypes, typesLoc, result.operands) ||
      parser.resolveOperands(offset, parser.getBuilder().getIndexType(),
                             result.operands)) {
    return failure();
  }
  llvm::copy(ArrayRef<int32_t>({1, 1, 1, static_cast<int32_t>(fields.size()),
                                static_cast<int32_t>(offset.size())}),
             properties.operandSegmentSizes.begin());
  result.addTypes(results);
  return success();
}

void AttentionOp::print(OpAsmPrinter &printer) {
  printer << " " << getQuery() << ", " << getKey() << ", " << getValue();
  auto printNumber = [&](StringRef name, FloatAttr number) {
    if (number) {
      printer << " " << name << "(";
      printer.printAttributeWithoutType(number);
      printer << ")";
    }
  };
  if (Attribute mask = getMaskAttr()) {
    printer << " mask(" << mask;
    if (!getFields().empty()) {
      printer << ", " << getFields() << " : " << getFields().getTypes();
    }
    printer << ")";
  }
  printNumber("scale", getScaleAttr());
  printNumber("softcap", getSoftcapAttr());
  if (getOffset()) {
    printer << " offset(" << getOffset() << ")";
  }
  printer.printOptionalAttrDict(
      (*this)->getAttrs(),
      {"mask", "scale", "softcap", getOperandSegmentSizesAttrName()});
  printer << " : (" << getQuery().getType() << ", " << getKey().getType()
          << ", " << getValue().getType() << ") -> ";
  if (getLse()) {
    printer << "(" << getOutput().getType() << ", " << getLse().getType()
            << ")";
  } else {
    printer << getOutput().getType();
  }
}

//===----------------------------------------------------------------------===//
// Verification
//===----------------------------------------------------------------------===//

static bool agree(int64_t left, int64_t right) {
  return ShapedType::isDynamic(left) || ShapedType::isDynamic(right) ||
         left == right;
}

/// Query, key and value among each other.
static LogicalResult verifyOperands(AttentionOp op) {
  RankedTensorType query = op.getQueryType(), key = op.getKeyType(),
                   value = op.getValueType();
  for (auto [name, type] :
       {std::pair<StringRef, RankedTensorType>("query", query),
        {"key", key},
        {"value", value}}) {
    // attention_c2
    if (type.getEncoding()) {
      return op.emitOpError() << "expected a " << name
                              << " without an encoding, but got " << type;
    }
    // attention_c3
    if (type.getRank() != query.getRank() || type.getRank() < 3 ||
        type.getRank() > 4) {
      return op.emitOpError()
             << "expected query, key and value of the same rank, 3 or 4, but "
                "got a "
             << name << " of rank " << type.getRank();
    }
    // attention_c4
    if (type.getElementType() != query.getElementType() ||
        !isa<Float16Type, BFloat16Type, Float32Type, Float8E4M3FNType,
             Float8E5M2Type>(type.getElementType())) {
      return op.emitOpError()
             << "expected query, key and value of one element type among f16, "
                "bf16, f32, f8E4M3FN, f8E5M2, but got a "
             << name << " of " << type.getElementType();
    }
    // attention_c5
    int64_t size = type.getShape().back();
    if (ShapedType::isDynamic(size) || size < 1 || size > kMaxHeadSize) {
      return op.emitOpError() << "expected a head size in 1.." << kMaxHeadSize
                              << ", but got " << type;
    }
  }
  // attention_c6
  if (query.getShape().back() != key.getShape().back()) {
    return op.emitOpError()
           << "expected query and key of one head size, but got "
           << query.getShape().back() << " and " << key.getShape().back();
  }
  // attention_c7
  int64_t axis = query.getRank() - 3;
  int64_t heads = query.getDimSize(axis), keyHeads = key.getDimSize(axis);
  if (ShapedType::isDynamic(heads) || ShapedType::isDynamic(keyHeads) ||
      keyHeads < 1 || heads < 1 || heads % keyHeads != 0 ||
      value.getDimSize(axis) != keyHeads) {
    auto print = [](int64_t extent) {
      return ShapedType::isDynamic(extent) ? std::string("?")
                                           : std::to_string(extent);
    };
    return op.emitOpError() << "expected query heads that are a multiple of "
                               "the heads of key and "
                               "value, but got "
                            << print(heads) << ", " << print(keyHeads)
                            << " and " << print(value.getDimSize(axis));
  }
  // attention_c8
  bool batches =
      query.getRank() == 3 || (agree(query.getDimSize(0), key.getDimSize(0)) &&
                               agree(query.getDimSize(0), value.getDimSize(0)));
  if (!batches ||
      !agree(key.getDimSize(axis + 1), value.getDimSize(axis + 1))) {
    return op.emitOpError()
           << "expected one batch size, and one number of keys "
              "in key and value, but got "
           << query << ", " << key << " and " << value;
  }
  return success();
}

static LogicalResult verifyResults(AttentionOp op) {
  RankedTensorType query = op.getQueryType(), output = op.getOutputType();
  // attention_c9
  SmallVector<int64_t> shape(query.getShape());
  shape.back() = op.getValueSize();
  bool fits = !output.getEncoding() && output.getShape() == ArrayRef(shape) &&
              (output.getElementType() == query.getElementType() ||
               output.getElementType().isF32());
  if (!fits) {
    return op.emitOpError()
           << "expected an output of type "
           << RankedTensorType::get(shape, query.getElementType())
           << ", or the same of f32, but got " << output;
  }
  // attention_c10
  if (Value lse = op.getLse()) {
    auto expected = RankedTensorType::get(ArrayRef(shape).drop_back(),
                                          Float32Type::get(op.getContext()));
    if (lse.getType() != expected) {
      return op.emitOpError() << "expected a log-sum-exp of type " << expected
                              << ", but got " << lse.getType();
    }
  }
  return success();
}

/// Whether some part of `coverage` says nothing about elements.
static bool hasUnknown(const Coverage &coverage) {
  return coverage.kind() == Coverage::Kind::Unknown ||
         llvm::any_of(coverage.members(), hasUnknown);
}

static LogicalResult verifyMask(AttentionOp op) {
  Attribute mask = op.getMaskAttr();
  SparsityEncodingAttrInterface encoding = op.getEncoding();
  // attention_c11
  if (mask && !encoding) {
    return op.emitOpError() << "expected a mask that is a sparsity encoding, "
                               "but got "
                            << mask;
  }
  RankedTensorType type = op.getMaskType();
  SmallVector<StorageField> expected;
  if (encoding) {
    // attention_c12: what the encoding itself asks of a tensor.
    auto verifiable = dyn_cast<VerifiableTensorEncoding>(mask);
    if (verifiable &&
        failed(verifiable.verifyEncoding(type.getShape(), type.getElementType(),
                                         [&] { return op.emitOpError(); }))) {
      return failure();
    }
    // attention_c13
    bool decided =
        encoding.getPattern() == mask &&
        encoding.getTileFormat(type).kind == TileFormat::Kind::Dense &&
        (!hasUnknown(encoding.getCoverage(type)) ||
         encoding.getElementPredicate(type).has_value());
    if (!decided) {
      return op.emitOpError()
             << "expected a mask whose index fields decide each "
                "element, but got "
             << mask;
    }
    expected = AttentionOp::getIndexFields(encoding, type);
  }
  // attention_c14
  if (op.getFields().size() != expected.size()) {
    InFlightDiagnostic diag = op.emitOpError() << "expected " << expected.size()
                                               << " fields of the mask (";
    llvm::interleaveComma(
        expected, diag, [&](const StorageField &field) { diag << field.name; });
    return diag << "), but got " << op.getFields().size();
  }
  // attention_c15
  for (auto [field, operand] : llvm::zip_equal(expected, op.getFields())) {
    auto actual = cast<RankedTensorType>(operand.getType());
    if (actual.getElementType() != field.type.getElementType() ||
        actual.getEncoding() ||
        failed(verifyCompatibleShape(actual, field.type))) {
      return op.emitOpError() << "expected field " << field.name << " of type "
                              << field.type << ", but got " << actual;
    }
  }
  return success();
}

LogicalResult AttentionOp::verify() {
  if (failed(verifyOperands(*this)) || failed(verifyResults(*this)) ||
      failed(verifyMask(*this))) {
    return failure();
  }
  // attention_c16
  if (getScale() && !getScale()->isFinite()) {
    return emitOpError() << "expected a finite scale, but got "
                         << getScaleAttr();
  }
  // attention_c17
  if (getSoftcap() && (!getSoftcap()->isFinite() || getSoftcap()->isZero() ||
                       getSoftcap()->isNegative())) {
    return emitOpError() << "expected a softcap above 0, but got "
                         << getSoftcapAttr();
  }
  return success();
}
