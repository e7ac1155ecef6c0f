//===- StoreDense.cpp - tensors of a pattern, stored densely --------------===//
//
// Packing and unpacking by the pattern leaves out what it lacks and finds what
// does not fit it.
//
//===----------------------------------------------------------------------===//

#include "sparsity/Runtime/PackLists.h"

#include <vector>

namespace mlir {
namespace sparsity {
namespace runtime {

Status storeNOfMDense(const NOfMSpec &spec, const void *dense, void *values) {
  StatusOr<PackedSizes> sizes = packedSizes(spec);
  if (!sizes.ok()) {
    return sizes.status();
  }
  std::vector<uint8_t> packed(sizes->valueBytes),
      metadata(sizes->metadataBytes);
  Status status = packNOfM(spec, dense, packed.data(), metadata.data());
  return status.ok() ? unpackNOfM(spec, packed.data(), metadata.data(), values)
                     : status;
}

Status storeBlocksDense(const BlockSpec &spec, const void *dense,
                        void *values) {
  BlockSpec unordered = spec;
  unordered.ordered = false;
  StatusOr<BlockSizes> sizes = blockSizes(unordered);
  if (!sizes.ok()) {
    return sizes.status();
  }
  StatusOr<int64_t> count = countBlocks(unordered, dense);
  if (!count.ok()) {
    return count.status();
  }
  std::vector<int32_t> positions(sizes->groups + 1), coordinates(*count);
  std::vector<uint8_t> blocks(*count * sizes->valueBytes),
      metadata(*count * sizes->metadataBytes);
  BlockFields fields{positions.data(), coordinates.data(), *count,
                     blocks.data(),    metadata.data(),    nullptr};
  Status status = packBlocks(unordered, dense, fields);
  return status.ok() ? unpackBlocks(unordered, fields, values) : status;
}

Status storeUnstructuredDense(const UnstructuredSpec &spec, const void *dense,
                              void *values) {
  StatusOr<UnstructuredSizes> sizes = unstructuredSizes(spec);
  if (!sizes.ok()) {
    return sizes.status();
  }
  StatusOr<UnstructuredCounts> counts = countUnstructured(spec, dense);
  if (!counts.ok()) {
    return counts.status();
  }
  int64_t words = counts->tiles * sizes->words;
  std::vector<int32_t> positions(sizes->groups + 1), coordinates(counts->tiles),
      offsets(words);
  std::vector<uint64_t> bitmap(words);
  std::vector<uint8_t> elements(counts->elements *
                                getElementSize(spec.elementType));
  UnstructuredFields fields{positions.data(), coordinates.data(), bitmap.data(),
                            offsets.data(),   elements.data(),    *counts};
  Status status = packUnstructured(spec, dense, fields);
  return status.ok() ? unpackUnstructured(spec, fields, values) : status;
}

} // namespace runtime
} // namespace sparsity
} // namespace mlir
