//===- Gate.cpp - top-k routing of tokens to experts ----------------------===//

#include "EncodingUtils.h"

using namespace mlir;
using namespace mlir::sparsity;
using namespace mlir::sparsity::detail;

Attribute GateAttr::parse(AsmParser &parser, Type) {
  SMLoc loc = parser.getCurrentLocation();
  std::optional<int64_t> topK;
  if (parseNamedIntegers(parser, {{"top_k", &topK}})) {
    return {};
  }
  if (!topK) {
    parser.emitError(loc) << "expected top_k >= 1, but got none";
    return {};
  }
  return parser.getChecked<GateAttr>(loc, parser.getContext(), *topK);
}

void GateAttr::print(AsmPrinter &printer) const {
  printer << "<top_k = " << getTopK() << ">";
}

LogicalResult GateAttr::verify(EmitError emitError, int64_t topK) {
  // gate_c1
  if (topK < 1) {
    return emitError() << "expected top_k >= 1, but got " << topK;
  }
  return success();
}

LogicalResult GateAttr::verifyEncoding(ArrayRef<int64_t> shape,
                                       Type elementType,
                                       EmitError emitError) const {
  // gate_c2
  if (failed(verifyRank(shape, 2, emitError))) {
    return failure();
  }
  // gate_c3
  if (!isa<Float16Type, BFloat16Type, Float32Type>(elementType)) {
    return emitError()
           << "expected an element type among f16, bf16, f32, but got "
           << elementType;
  }
  // gate_c4
  if (!ShapedType::isDynamic(shape[1]) && getTopK() > shape[1]) {
    return emitError() << "expected top_k <= " << shape[1]
                       << " experts, but got " << getTopK();
  }
  return success();
}

Coverage GateAttr::getCoverage(RankedTensorType) const {
  return Coverage::listed(/*groupDim=*/1, /*groupGranularity=*/1,
                          /*listedDim=*/0, /*granularity=*/1);
}

BindingTime GateAttr::getBindingTime() const { return BindingTime::Run; }

SmallVector<StorageField> GateAttr::getStorage(RankedTensorType type) const {
  return {makeIndexField("positions", incrementExtent(type.getDimSize(1)),
                         getContext()),
          makeIndexField("coordinates", ShapedType::kDynamic, getContext()),
          makeField("weights", {ShapedType::kDynamic}, type.getElementType()),
          makeField("entries", {type.getDimSize(0), getTopK()},
                    IntegerType::get(getContext(), 32))};
}

StringRef GateAttr::getEntriesField() const { return "entries"; }

Attribute GateAttr::permute(ArrayRef<int64_t> permutation) const {
  return isIdentityPermutation(permutation) ? Attribute(*this) : Attribute();
}
