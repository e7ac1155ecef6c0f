//===- FragmentDetail.h - Records of the fragments layout ------*- C++ -*-===//

#ifndef SPARSITY_LIB_RUNTIME_FRAGMENTDETAIL_H
#define SPARSITY_LIB_RUNTIME_FRAGMENTDETAIL_H

#include "ListDetail.h"

namespace mlir {
namespace sparsity {
namespace runtime {
namespace fragments {

/// Rows and columns of the tile that a record holds.
constexpr int64_t kTile = 64;
/// Patches of 2 x 16 elements, each of one 32-bit word.
constexpr int64_t kPatches = 128, kPatchElements = 32;
/// In 16-bit units: the words, then where each patch's elements begin.
constexpr int64_t kWords = 2 * kPatches, kHeader = kWords + kPatches;
/// Records begin at multiples of 16 bytes.
constexpr int64_t kAlignment = 8;

/// Units of a record with so many elements.
inline int64_t getRecordSize(int64_t elements) {
  return (kHeader + elements + kAlignment - 1) / kAlignment * kAlignment;
}

/// Writes the record of one tile.
void packRecord(const lists::Grid &grid, const lists::Grid::Tile &tile,
                const uint16_t *dense, uint16_t *record);

/// Fails unless `values`, `offsets` and the checked list hold records.
Status checkRecords(const lists::Grid &grid, const UnstructuredFields &fields);

/// Writes the elements of a checked record to a tensor of zeros.
void unpackRecord(const lists::Grid &grid, const lists::Grid::Tile &tile,
                  const uint16_t *record, uint16_t *dense);

} // namespace fragments
} // namespace runtime
} // namespace sparsity
} // namespace mlir

#endif // SPARSITY_LIB_RUNTIME_FRAGMENTDETAIL_H
