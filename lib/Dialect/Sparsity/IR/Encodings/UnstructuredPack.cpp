//===- UnstructuredPack.cpp - bitmap constants through the host packer ----===//

#include "PackUtils.h"

using namespace mlir;
using namespace mlir::sparsity;
using namespace mlir::sparsity::detail;

static runtime::UnstructuredSpec getSpec(UnstructuredAttr encoding,
                                         RankedTensorType type) {
  runtime::UnstructuredSpec spec;
  spec.shape.assign(type.getShape().begin(), type.getShape().end());
  spec.rows = encoding.getTile()[0];
  spec.columns = encoding.getTile()[1];
  spec.elementType = getRuntimeType(type.getElementType());
  return spec;
}

FailureOr<SmallVector<DenseElementsAttr>>
UnstructuredAttr::pack(RankedTensorType type, DenseElementsAttr dense,
                       bool prune,
                       function_ref<InFlightDiagnostic()> emitError) const {
  runtime::UnstructuredSpec spec = getSpec(*this, type);
  SmallVector<char> bytes = getBytes(dense);
  if (prune) {
    runtime::Status status = runtime::pruneUnstructured(
        spec, runtime::kDefaultDensity, bytes.data());
    if (!status.ok()) {
      return emitError() << status.message;
    }
  }
  runtime::StatusOr<runtime::UnstructuredSizes> sizes =
      runtime::unstructuredSizes(spec);
  if (!sizes.ok()) {
    return emitError() << sizes.status().message;
  }
  runtime::StatusOr<runtime::UnstructuredCounts> counts =
      runtime::countUnstructured(spec, bytes.data());
  if (!counts.ok()) {
    return emitError() << counts.status().message;
  }
  SmallVector<int32_t> positions(sizes->groups + 1), coordinates(counts->tiles),
      offsets(counts->tiles * sizes->words);
  SmallVector<uint64_t> bitmap(counts->tiles * sizes->words);
  SmallVector<char> values(counts->elements *
                           runtime::getElementSize(spec.elementType));
  runtime::Status status = runtime::packUnstructured(
      spec, bytes.data(),
      {positions.data(), coordinates.data(), bitmap.data(), offsets.data(),
       values.data(), *counts});
  if (!status.ok()) {
    return emitError() << status.message;
  }
  SmallVector<StorageField> fields = getStorage(type);
  return SmallVector<DenseElementsAttr>{
      makeConstant<int32_t>(fields[0], positions.size(), positions),
      makeConstant<int32_t>(fields[1], counts->tiles, coordinates),
      makeConstant<uint64_t>(fields[2], counts->tiles, bitmap),
      makeConstant<int32_t>(fields[3], counts->tiles, offsets),
      makeConstant<char>(fields[4], counts->elements, values)};
}

/// The fields as the runtime reads them; `bytes` holds them.
static runtime::UnstructuredFields
getFields(MutableArrayRef<SmallVector<char>> bytes,
          runtime::UnstructuredCounts counts) {
  return {reinterpret_cast<int32_t *>(bytes[0].data()),
          reinterpret_cast<int32_t *>(bytes[1].data()),
          reinterpret_cast<uint64_t *>(bytes[2].data()),
          reinterpret_cast<int32_t *>(bytes[3].data()),
          bytes[4].data(),
          counts};
}

FailureOr<DenseElementsAttr>
UnstructuredAttr::unpack(RankedTensorType type,
                         ArrayRef<DenseElementsAttr> fields,
                         function_ref<InFlightDiagnostic()> emitError) const {
  SmallVector<SmallVector<char>> bytes(llvm::map_range(fields, getBytes));
  return makeDense(type, emitError, [&](void *dense) {
    return runtime::unpackUnstructured(
        getSpec(*this, type),
        getFields(bytes,
                  {fields[1].getNumElements(), fields[4].getNumElements()}),
        dense);
  });
}

LogicalResult UnstructuredAttr::verifyStorage(
    RankedTensorType type, ArrayRef<DenseElementsAttr> fields,
    function_ref<InFlightDiagnostic()> emitError) const {
  SmallVector<SmallVector<char>> bytes(llvm::map_range(fields, getBytes));
  int64_t tiles = fields[1].getNumElements();
  // unstructured_c6
  for (size_t i : {2, 3}) {
    if (fields[i].getType().getDimSize(0) != tiles) {
      return emitError() << "expected " << tiles
                         << " entries, one for each coordinate, but got "
                         << fields[i].getType().getDimSize(0) << " in "
                         << getStorage(type)[i].name;
    }
  }
  // unstructured_c7
  runtime::Status status = runtime::checkUnstructured(
      getSpec(*this, type),
      getFields(bytes, {tiles, fields[4].getNumElements()}));
  if (!status.ok()) {
    return emitError() << status.message;
  }
  return success();
}
