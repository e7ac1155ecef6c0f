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
  spec.layout = encoding.getLayout() == StorageLayout::Fragments
                    ? runtime::UnstructuredLayout::Fragments
                    : runtime::UnstructuredLayout::RowMajor;
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
  bool records = getLayout() == StorageLayout::Fragments;
  SmallVector<int32_t> positions(sizes->groups + 1), coordinates(counts->tiles),
      offsets(records ? counts->tiles + 1 : counts->tiles * sizes->words);
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
  if (records) {
    return SmallVector<DenseElementsAttr>{
        makeConstant<int32_t>(fields[0], positions.size(), positions),
        makeConstant<int32_t>(fields[1], counts->tiles, coordinates),
        makeConstant<int32_t>(fields[2], offsets.size(), offsets),
        makeConstant<char>(fields[3], counts->elements, values)};
  }
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
  bool records = getLayout() == StorageLayout::Fragments;
  // unstructured_c6
  for (size_t i = 2; i < (records ? 3 : 4); ++i) {
    int64_t found = fields[i].getType().getDimSize(0);
    if (records && found != tiles + 1) {
      return emitError() << "expected " << tiles + 1
                         << " offsets, one for each coordinate and the end, "
                            "but got "
                         << found;
    }
    if (!records && found != tiles) {
      return emitError() << "expected " << tiles
                         << " entries, one for each coordinate, but got "
                         << found << " in " << getStorage(type)[i].name;
    }
  }
  if (records) {
    // unstructured_c7
    runtime::UnstructuredFields found;
    found.positions = reinterpret_cast<int32_t *>(bytes[0].data());
    found.coordinates = reinterpret_cast<int32_t *>(bytes[1].data());
    found.offsets = reinterpret_cast<int32_t *>(bytes[2].data());
    found.values = bytes[3].data();
    found.counts = {tiles, fields[3].getNumElements()};
    runtime::Status status =
        runtime::checkUnstructured(getSpec(*this, type), found);
    return status.ok() ? success()
                       : LogicalResult(emitError() << status.message);
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
