//===- BlockPack.cpp - block constants through the host packer ------------===//

#include "PackUtils.h"

using namespace mlir;
using namespace mlir::sparsity;
using namespace mlir::sparsity::detail;

static runtime::BlockSpec getSpec(BlockAttr encoding, RankedTensorType type) {
  runtime::BlockSpec spec;
  spec.shape.assign(type.getShape().begin(), type.getShape().end());
  spec.rows = encoding.getStoredSizes()[0];
  spec.columns = encoding.getStoredSizes()[1];
  spec.elementType = getRuntimeType(type.getElementType());
  spec.ordered = encoding.getOrdered();
  if (auto inner = cast_or_null<NOfMAttr>(encoding.getInner())) {
    spec.inner =
        runtime::BlockSpec::Inner{inner.getN(), inner.getM(), inner.getAxis(),
                                  inner.getLayout() == StorageLayout::CoreMatrix
                                      ? runtime::NOfMLayout::CoreMatrix
                                      : runtime::NOfMLayout::RowMajor};
  }
  return spec;
}

FailureOr<SmallVector<DenseElementsAttr>>
BlockAttr::pack(RankedTensorType type, DenseElementsAttr dense, bool prune,
                function_ref<InFlightDiagnostic()> emitError) const {
  runtime::BlockSpec spec = getSpec(*this, type);
  runtime::StatusOr<runtime::BlockSizes> sizes = runtime::blockSizes(spec);
  if (!sizes.ok()) {
    return emitError() << sizes.status().message;
  }
  SmallVector<char> bytes = getBytes(dense);
  if (prune) {
    // What is kept is chosen block by block, whatever is stored together.
    runtime::BlockSpec single = spec;
    single.rows = getSizes()[0];
    single.columns = getSizes()[1];
    runtime::Status status =
        runtime::pruneBlocks(single, runtime::kDefaultDensity, bytes.data());
    if (!status.ok()) {
      return emitError() << status.message;
    }
  }
  runtime::StatusOr<int64_t> count = runtime::countBlocks(spec, bytes.data());
  if (!count.ok()) {
    return emitError() << count.status().message;
  }
  SmallVector<int32_t> positions(sizes->groups + 1), coordinates(*count);
  SmallVector<int32_t> order(getOrdered() ? sizes->groups : 0);
  SmallVector<char> values(*count * sizes->valueBytes),
      metadata(*count * sizes->metadataBytes);
  runtime::Status status =
      runtime::packBlocks(spec, bytes.data(),
                          {positions.data(), coordinates.data(), *count,
                           values.data(), metadata.data(), order.data()});
  if (!status.ok()) {
    return emitError() << status.message;
  }
  SmallVector<StorageField> fields = getStorage(type);
  SmallVector<DenseElementsAttr> constants = {
      makeConstant<int32_t>(fields[0], positions.size(), positions),
      makeConstant<int32_t>(fields[1], *count, coordinates),
      makeConstant<char>(fields[2], *count, values)};
  if (getInner()) {
    constants.push_back(makeConstant<char>(fields[3], *count, metadata));
  }
  if (getOrdered()) {
    constants.push_back(
        makeConstant<int32_t>(fields.back(), order.size(), order));
  }
  return constants;
}

/// The fields as the runtime reads them; `bytes` holds them.
static runtime::BlockFields getFields(BlockAttr encoding,
                                      MutableArrayRef<SmallVector<char>> bytes,
                                      int64_t entries) {
  return {reinterpret_cast<int32_t *>(bytes[0].data()),
          reinterpret_cast<int32_t *>(bytes[1].data()),
          entries,
          bytes[2].data(),
          encoding.getInner() ? bytes[3].data() : nullptr,
          encoding.getOrdered()
              ? reinterpret_cast<int32_t *>(bytes.back().data())
              : nullptr};
}

FailureOr<DenseElementsAttr>
BlockAttr::unpack(RankedTensorType type, ArrayRef<DenseElementsAttr> fields,
                  function_ref<InFlightDiagnostic()> emitError) const {
  SmallVector<SmallVector<char>> bytes(llvm::map_range(fields, getBytes));
  return makeDense(type, emitError, [&](void *dense) {
    return runtime::unpackBlocks(
        getSpec(*this, type),
        getFields(*this, bytes, fields[1].getNumElements()), dense);
  });
}

LogicalResult
BlockAttr::verifyStorage(RankedTensorType type,
                         ArrayRef<DenseElementsAttr> fields,
                         function_ref<InFlightDiagnostic()> emitError) const {
  SmallVector<SmallVector<char>> bytes(llvm::map_range(fields, getBytes));
  int64_t entries = fields[1].getNumElements();
  // block_c8
  size_t ofEntries = getInner() ? 4 : 3;
  for (size_t i = 2; i < ofEntries; ++i) {
    if (fields[i].getType().getDimSize(0) != entries) {
      return emitError() << "expected " << entries
                         << " entries, one for each coordinate, but got "
                         << fields[i].getType().getDimSize(0) << " in "
                         << getStorage(type)[i].name;
    }
  }
  // block_c9
  runtime::Status status = runtime::checkBlocks(
      getSpec(*this, type), getFields(*this, bytes, entries));
  if (!status.ok()) {
    return emitError() << status.message;
  }
  return success();
}
