//===- Activation.cpp - activations kept by a rule on their value ---------===//

#include "EncodingUtils.h"

#include "mlir/IR/BuiltinAttributes.h"
#include "llvm/ADT/SmallString.h"

using namespace mlir;
using namespace mlir::sparsity;
using namespace mlir::sparsity::detail;

//===----------------------------------------------------------------------===//
// Assembly
//===----------------------------------------------------------------------===//

Attribute ActivationAttr::parse(AsmParser &parser, Type) {
  SMLoc loc = parser.getCurrentLocation();
  FloatAttr threshold;
  std::optional<int64_t> topK;
  bool relu = false;
  auto parseRule = [&]() -> ParseResult {
    SMLoc ruleLoc = parser.getCurrentLocation();
    StringRef rule;
    if (parser.parseKeyword(&rule)) {
      return failure();
    }
    if (rule == "relu" && !relu) {
      relu = true;
      return success();
    }
    if (rule == "threshold" && !threshold) {
      double value = 0;
      if (parser.parseEqual() || parser.parseFloat(value)) {
        return failure();
      }
      threshold = FloatAttr::get(Float64Type::get(parser.getContext()), value);
      return success();
    }
    if (rule == "top_k" && !topK) {
      int64_t value = 0;
      if (parser.parseEqual() || parser.parseInteger(value)) {
        return failure();
      }
      topK = value;
      return success();
    }
    // activation_c7
    return parser.emitError(ruleLoc) << "expected a rule among threshold, "
                                        "top_k, relu, each once, but got "
                                     << rule;
  };
  if (parser.parseCommaSeparatedList(AsmParser::Delimiter::LessGreater,
                                     parseRule)) {
    return {};
  }
  return parser.getChecked<ActivationAttr>(loc, parser.getContext(), threshold,
                                           topK, relu);
}

void ActivationAttr::print(AsmPrinter &printer) const {
  printer << "<";
  if (getThreshold()) {
    printer << "threshold = ";
    printer.printFloat(getThreshold().getValue());
  } else if (getTopK()) {
    printer << "top_k = " << *getTopK();
  } else {
    printer << "relu";
  }
  printer << ">";
}

//===----------------------------------------------------------------------===//
// Verification
//===----------------------------------------------------------------------===//

LogicalResult ActivationAttr::verify(EmitError emitError, FloatAttr threshold,
                                     std::optional<int64_t> topK, bool relu) {
  // activation_c1
  int rules = (threshold ? 1 : 0) + (topK ? 1 : 0) + (relu ? 1 : 0);
  if (rules != 1) {
    return emitError()
           << "expected exactly one of threshold, top_k, relu, but got "
           << rules;
  }
  // activation_c2
  if (threshold &&
      (!threshold.getType().isF64() || !threshold.getValue().isFinite() ||
       threshold.getValue().isNegative())) {
    SmallString<32> value;
    threshold.getValue().toString(value);
    return emitError() << "expected a finite threshold >= 0, but got " << value;
  }
  // activation_c3
  if (topK && *topK < 1) {
    return emitError() << "expected top_k >= 1, but got " << *topK;
  }
  return success();
}

LogicalResult ActivationAttr::verifyEncoding(ArrayRef<int64_t> shape,
                                             Type elementType,
                                             EmitError emitError) const {
  // activation_c4, activation_c5
  if (failed(verifyRank(shape, 2, emitError)) ||
      failed(verifyElementType(elementType, emitError))) {
    return failure();
  }
  // activation_c6
  if (getTopK() && !ShapedType::isDynamic(shape[1]) && *getTopK() > shape[1]) {
    return emitError() << "expected top_k <= " << shape[1]
                       << " features, but got " << *getTopK();
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Answers
//===----------------------------------------------------------------------===//

Coverage ActivationAttr::getCoverage(RankedTensorType) const {
  return Coverage::listed(/*groupDim=*/0, /*groupGranularity=*/1,
                          /*listedDim=*/1, /*granularity=*/1);
}

BindingTime ActivationAttr::getBindingTime() const { return BindingTime::Run; }

SmallVector<StorageField>
ActivationAttr::getStorage(RankedTensorType type) const {
  SmallVector<StorageField> fields = {
      makeIndexField("positions", incrementExtent(type.getDimSize(0)),
                     getContext()),
      makeIndexField("coordinates", ShapedType::kDynamic, getContext())};
  fields.append(getDenseStorage(type));
  return fields;
}

std::optional<Selection> ActivationAttr::getSelection(RankedTensorType) const {
  if (getThreshold()) {
    return Selection{Selection::Kind::AboveThreshold,
                     getThreshold().getValueAsDouble()};
  }
  if (getTopK()) {
    return Selection{Selection::Kind::LargestInRow, /*threshold=*/0,
                     *getTopK()};
  }
  return Selection{Selection::Kind::Positive};
}

Attribute ActivationAttr::permute(ArrayRef<int64_t> permutation) const {
  return isIdentityPermutation(permutation) ? Attribute(*this) : Attribute();
}
