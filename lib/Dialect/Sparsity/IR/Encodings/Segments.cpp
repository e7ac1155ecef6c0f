//===- Segments.cpp - per row an interval read from buffers ---------------===//

#include "EncodingUtils.h"

using namespace mlir;
using namespace mlir::sparsity;
using namespace mlir::sparsity::detail;

LogicalResult SegmentsAttr::verifyEncoding(ArrayRef<int64_t> shape, Type,
                                           EmitError emitError) const {
  // segments_c1
  return verifyMinRank(shape, 2, emitError);
}

Coverage SegmentsAttr::getCoverage(RankedTensorType type) const {
  return Coverage::band(type.getRank() - 2, type.getRank() - 1,
                        AffineBound::read("lo"), AffineBound::read("hi"));
}

BindingTime SegmentsAttr::getBindingTime() const { return BindingTime::Run; }

SmallVector<StorageField>
SegmentsAttr::getStorage(RankedTensorType type) const {
  int64_t rows = type.getDimSize(type.getRank() - 2);
  SmallVector<StorageField> fields = getDenseStorage(type);
  fields.push_back(makeIndexField("lo", rows, getContext()));
  fields.push_back(makeIndexField("hi", rows, getContext()));
  return fields;
}

Attribute SegmentsAttr::permute(ArrayRef<int64_t> permutation) const {
  return keepsLastAxes(permutation, 2) ? Attribute(*this) : Attribute();
}
