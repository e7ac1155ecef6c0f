//===- NOfMRowMajor.cpp - The row_major layout of N:M tensors -------------===//

#include "../NOfMDetail.h"

#include "sparsity/Runtime/ParallelFor.h"

#include <memory>

using namespace mlir::sparsity;
using namespace mlir::sparsity::runtime;
using namespace mlir::sparsity::runtime::nofm;

namespace {
/// Sizes that follow from the matrix.
struct Geometry {
  explicit Geometry(const Matrix &matrix)
      : indexBits(matrix.m <= 2   ? 1
                  : matrix.m <= 4 ? 2
                                  : 4),
        slots(matrix.groups * matrix.n),
        metadataRowBytes((slots * indexBits + 7) / 8) {
    // A multiple of 8 groups ends on a byte of the metadata; about 1 KB of a
    // row keeps a tile of 64 rows in cache.
    constexpr int64_t kTileRowBytes = 1024;
    int64_t groupBytes = matrix.m * getElementSize(matrix.type);
    tileGroups = std::max<int64_t>(8, kTileRowBytes / groupBytes / 8 * 8);
    tiles = (matrix.groups + tileGroups - 1) / tileGroups;
    rowBlocks = (matrix.rows + kRowBlock - 1) / kRowBlock;
  }

  int64_t indexBits;
  int64_t slots; // stored values of a row
  int64_t metadataRowBytes;
  int64_t tileGroups;
  int64_t tiles;
  int64_t rowBlocks;
};

/// Runs `body(row, rows, firstGroup, groups, tile)` for blocks that cover the
/// matrix, with room for a tile of whole groups.
template <typename Element, typename Body>
void forEachTile(const Matrix &matrix, const Geometry &geometry, Body &&body) {
  int64_t tileElements = kRowBlock * geometry.tileGroups * matrix.m;
  parallelFor(
      geometry.rowBlocks * geometry.tiles, [&](int64_t begin, int64_t end) {
        std::unique_ptr<Element[]> tile(new Element[tileElements]);
        for (int64_t item = begin; item < end; ++item) {
          int64_t row = item / geometry.tiles * kRowBlock;
          int64_t firstGroup = item % geometry.tiles * geometry.tileGroups;
          body(row, std::min(kRowBlock, matrix.rows - row), firstGroup,
               std::min(geometry.tileGroups, matrix.groups - firstGroup),
               tile.get());
        }
      });
}

/// Packs `groups` groups of one row; false at the first with too many.
template <typename Element>
bool packRow(const Matrix &matrix, int64_t indexBits, const Element *elements,
             int64_t groups, Element *values, uint8_t *metadata,
             int64_t &failedGroup) {
  const Element nonZeroMask = static_cast<Element>(matrix.nonZeroMask);
  const int64_t n = matrix.n;
  const int64_t m = matrix.m;
  const uint32_t all = (1u << m) - 1;
  uint32_t pending = 0;
  int64_t pendingBits = 0;
  for (int64_t group = 0; group < groups; ++group, elements += m) {
    uint32_t nonZero = 0;
    for (int64_t j = 0; j < m; ++j) {
      nonZero |= static_cast<uint32_t>((elements[j] & nonZeroMask) != 0) << j;
    }
    int64_t missing = n - __builtin_popcount(nonZero);
    if (missing < 0) {
      failedGroup = group;
      return false;
    }
    uint32_t kept = nonZero;
    uint32_t others = all & ~nonZero;
    for (; missing > 0; --missing) {
      kept |= others & (0u - others);
      others &= others - 1;
    }
    for (int64_t slot = 0; slot < n; ++slot) {
      uint32_t index = __builtin_ctz(kept);
      kept &= kept - 1;
      *values++ = ((nonZero >> index) & 1u) ? elements[index] : Element(0);
      pending |= index << pendingBits;
      pendingBits += indexBits;
      if (pendingBits == 8) {
        *metadata++ = static_cast<uint8_t>(pending);
        pending = 0;
        pendingBits = 0;
      }
    }
  }
  if (pendingBits != 0) {
    *metadata = static_cast<uint8_t>(pending);
  }
  return true;
}

uint32_t readIndex(const uint8_t *metadata, int64_t slot, int64_t indexBits) {
  int64_t bit = slot * indexBits;
  return (metadata[bit / 8] >> (bit % 8)) & ((1u << indexBits) - 1);
}

/// Unpacks `groups` groups of one row into zeroed `elements`; false at the
/// first whose positions or padding are wrong. `validElements` counts from the
/// first element to the end of the row.
template <typename Element>
bool unpackRow(const Matrix &matrix, int64_t indexBits, const Element *values,
               const uint8_t *metadata, int64_t groups, int64_t validElements,
               Element *elements, int64_t &failedGroup) {
  for (int64_t group = 0; group < groups; ++group) {
    int64_t previous = -1;
    for (int64_t slot = 0; slot < matrix.n; ++slot) {
      int64_t stored = group * matrix.n + slot;
      int64_t index = readIndex(metadata, stored, indexBits);
      int64_t k = group * matrix.m + index;
      bool beyond =
          k >= validElements && (values[stored] & matrix.nonZeroMask) != 0;
      if (index <= previous || index >= matrix.m || beyond) {
        failedGroup = group;
        return false;
      }
      elements[k] = values[stored];
      previous = index;
    }
  }
  return true;
}

template <typename Element>
Status packTyped(const Matrix &matrix, const Element *dense, Element *values,
                 uint8_t *metadata) {
  const Geometry geometry(matrix);
  FirstFailure failure(matrix.groups);
  forEachTile<Element>(
      matrix, geometry,
      [&](int64_t row, int64_t rows, int64_t firstGroup, int64_t groups,
          Element *tile) {
        int64_t width = groups * matrix.m;
        loadTile(matrix, dense, row, rows, firstGroup * matrix.m, width, tile);
        for (int64_t r = 0; r < rows; ++r) {
          int64_t slot = firstGroup * matrix.n;
          int64_t failedGroup = 0;
          if (!packRow(matrix, geometry.indexBits, tile + r * width, groups,
                       values + (row + r) * geometry.slots + slot,
                       metadata + (row + r) * geometry.metadataRowBytes +
                           slot * geometry.indexBits / 8,
                       failedGroup)) {
            failure.report(row + r, firstGroup + failedGroup);
          }
        }
      });
  if (failure.any()) {
    return tooManyNonZeros(matrix, dense, failure.getRow(), failure.getGroup());
  }
  return Status::success();
}

/// The message for a group that unpackRow refused.
Status describeBadGroup(const Matrix &matrix, const Geometry &geometry,
                        const uint8_t *metadata, int64_t row, int64_t group) {
  const uint8_t *rowMetadata = metadata + row * geometry.metadataRowBytes;
  std::string indices;
  bool ascending = true;
  int64_t previous = -1;
  for (int64_t slot = 0; slot < matrix.n; ++slot) {
    int64_t index =
        readIndex(rowMetadata, group * matrix.n + slot, geometry.indexBits);
    indices += (slot != 0 ? ", " : "") + std::to_string(index);
    ascending = ascending && index > previous && index < matrix.m;
    previous = index;
  }
  if (!ascending) {
    return Status::error("expected ascending positions below " +
                         std::to_string(matrix.m) + ", but got " + indices +
                         " at " + describePlace(row, group));
  }
  return Status::error("expected zero values beyond element " +
                       std::to_string(matrix.extent - 1) +
                       ", but got a non-zero one at positions " + indices +
                       " of " + describePlace(row, group));
}

template <typename Element>
Status unpackTyped(const Matrix &matrix, const Element *values,
                   const uint8_t *metadata, Element *dense) {
  const Geometry geometry(matrix);
  FirstFailure failure(matrix.groups);
  forEachTile<Element>(
      matrix, geometry,
      [&](int64_t row, int64_t rows, int64_t firstGroup, int64_t groups,
          Element *tile) {
        int64_t width = groups * matrix.m;
        int64_t k = firstGroup * matrix.m;
        std::memset(tile, 0, rows * width * sizeof(Element));
        for (int64_t r = 0; r < rows; ++r) {
          int64_t slot = firstGroup * matrix.n;
          int64_t failedGroup = 0;
          if (!unpackRow(matrix, geometry.indexBits,
                         values + (row + r) * geometry.slots + slot,
                         metadata + (row + r) * geometry.metadataRowBytes +
                             slot * geometry.indexBits / 8,
                         groups, matrix.extent - k, tile + r * width,
                         failedGroup)) {
            failure.report(row + r, firstGroup + failedGroup);
          }
        }
        storeTile(matrix, dense, row, rows, k, width, tile);
      });
  if (failure.any()) {
    return describeBadGroup(matrix, geometry, metadata, failure.getRow(),
                            failure.getGroup());
  }
  return Status::success();
}
} // namespace

StatusOr<PackedSizes> nofm::getRowMajorSizes(const Matrix &matrix) {
  const Geometry geometry(matrix);
  PackedSizes sizes;
  // A short group can make the slots outnumber the elements.
  if (__builtin_mul_overflow(matrix.rows, geometry.slots, &sizes.valueBytes) ||
      __builtin_mul_overflow(sizes.valueBytes, getElementSize(matrix.type),
                             &sizes.valueBytes) ||
      __builtin_mul_overflow(matrix.rows, geometry.metadataRowBytes,
                             &sizes.metadataBytes)) {
    return Status::error("expected packed buffers of less than 2^63 bytes, but "
                         "got " +
                         std::to_string(matrix.rows) + " rows of " +
                         std::to_string(geometry.slots) + " values");
  }
  return sizes;
}

Status nofm::packRowMajor(const Matrix &matrix, const void *dense, void *values,
                          void *metadata) {
  return dispatchBySize(matrix, [&](auto tag) {
    using Element = decltype(tag);
    return packTyped(matrix, static_cast<const Element *>(dense),
                     static_cast<Element *>(values),
                     static_cast<uint8_t *>(metadata));
  });
}

Status nofm::unpackRowMajor(const Matrix &matrix, const void *values,
                            const void *metadata, void *dense) {
  return dispatchBySize(matrix, [&](auto tag) {
    using Element = decltype(tag);
    return unpackTyped(matrix, static_cast<const Element *>(values),
                       static_cast<const uint8_t *>(metadata),
                       static_cast<Element *>(dense));
  });
}
