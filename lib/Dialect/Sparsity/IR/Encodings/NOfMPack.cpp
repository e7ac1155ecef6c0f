//===- NOfMPack.cpp - n_of_m constants through the host packer ------------===//

#include "PackUtils.h"

using namespace mlir;
using namespace mlir::sparsity;
using namespace mlir::sparsity::detail;

static runtime::NOfMSpec getSpec(NOfMAttr encoding, RankedTensorType type) {
  runtime::NOfMSpec spec;
  spec.n = encoding.getN();
  spec.m = encoding.getM();
  spec.shape.assign(type.getShape().begin(), type.getShape().end());
  spec.axis = encoding.getAxis();
  spec.elementType = getRuntimeType(type.getElementType());
  spec.layout = encoding.getLayout() == StorageLayout::CoreMatrix
                    ? runtime::NOfMLayout::CoreMatrix
                    : runtime::NOfMLayout::RowMajor;
  return spec;
}

FailureOr<SmallVector<DenseElementsAttr>>
NOfMAttr::pack(RankedTensorType type, DenseElementsAttr dense, bool prune,
               function_ref<InFlightDiagnostic()> emitError) const {
  runtime::NOfMSpec spec = getSpec(*this, type);
  runtime::StatusOr<runtime::PackedSizes> sizes = runtime::packedSizes(spec);
  if (!sizes.ok()) {
    return emitError() << sizes.status().message;
  }
  SmallVector<char> bytes = getBytes(dense);
  if (prune) {
    runtime::Status status = runtime::pruneNOfM(spec, bytes.data());
    if (!status.ok()) {
      return emitError() << status.message;
    }
  }
  SmallVector<char> values((*sizes).valueBytes),
      metadata((*sizes).metadataBytes);
  runtime::Status status =
      runtime::packNOfM(spec, bytes.data(), values.data(), metadata.data());
  if (!status.ok()) {
    return emitError() << status.message;
  }
  SmallVector<StorageField> fields = getStorage(type);
  return SmallVector<DenseElementsAttr>{
      DenseElementsAttr::getFromRawBuffer(fields[0].type, values),
      DenseElementsAttr::getFromRawBuffer(fields[1].type, metadata)};
}

FailureOr<DenseElementsAttr>
NOfMAttr::unpack(RankedTensorType type, ArrayRef<DenseElementsAttr> fields,
                 function_ref<InFlightDiagnostic()> emitError) const {
  SmallVector<char> values = getBytes(fields[0]),
                    metadata = getBytes(fields[1]);
  return makeDense(type, emitError, [&](void *dense) {
    return runtime::unpackNOfM(getSpec(*this, type), values.data(),
                               metadata.data(), dense);
  });
}

LogicalResult
NOfMAttr::verifyStorage(RankedTensorType type,
                        ArrayRef<DenseElementsAttr> fields,
                        function_ref<InFlightDiagnostic()> emitError) const {
  return unpack(type, fields, emitError);
}
