//===- Unstructured.cpp - Lists of bitmap tiles on the host ---------------===//

#include "../FragmentDetail.h"
#include "../Magnitude.h"
#include "../NOfMDetail.h"

#include "sparsity/Runtime/ParallelFor.h"

#include <limits>

using namespace mlir::sparsity;
using namespace mlir::sparsity::runtime;
using namespace mlir::sparsity::runtime::lists;

static constexpr int64_t kWordBits = 64;

static StatusOr<Grid> getTiles(const UnstructuredSpec &spec) {
  StatusOr<Grid> grid = getGrid(spec.shape, /*maxRank=*/2, spec.rows,
                                spec.columns, spec.elementType);
  if (grid.ok() && spec.rows * spec.columns % kWordBits != 0) {
    return Status::error(
        "expected a tile whose size is a multiple of 64 elements, but got " +
        std::to_string(spec.rows) + "x" + std::to_string(spec.columns));
  }
  if (!grid.ok() || spec.layout == UnstructuredLayout::RowMajor) {
    return grid;
  }
  if (spec.layout != UnstructuredLayout::Fragments) {
    return Status::error("expected layout row_major or fragments, but got " +
                         std::to_string(static_cast<int32_t>(spec.layout)));
  }
  if (spec.rows != fragments::kTile || spec.columns != fragments::kTile ||
      grid->elementSize != sizeof(uint16_t)) {
    return Status::error("expected tiles of 64x64 elements of 16 bits for "
                         "layout fragments, but got " +
                         std::to_string(spec.rows) + "x" +
                         std::to_string(spec.columns) + " of " +
                         std::to_string(grid->elementSize * 8) + " bits");
  }
  return grid;
}

static int64_t getWords(const Grid &grid) {
  return grid.tileRows * grid.tileColumns / kWordBits;
}

static bool hasRecords(const UnstructuredSpec &spec) {
  return spec.layout == UnstructuredLayout::Fragments;
}

/// What a tile with so many elements takes of `values`.
static int64_t getSize(const UnstructuredSpec &spec, int64_t elements) {
  return elements != 0 && hasRecords(spec) ? fragments::getRecordSize(elements)
                                           : elements;
}

StatusOr<UnstructuredSizes>
runtime::unstructuredSizes(const UnstructuredSpec &spec) {
  StatusOr<Grid> grid = getTiles(spec);
  if (!grid.ok()) {
    return grid.status();
  }
  UnstructuredSizes sizes;
  sizes.groups = grid->groups();
  sizes.columns = grid->columnTiles;
  sizes.words = hasRecords(spec) ? 0 : getWords(*grid);
  return sizes;
}

static UnstructuredCounts sumCounts(const UnstructuredSpec &spec,
                                    const std::vector<int32_t> &counts) {
  UnstructuredCounts sum;
  for (int32_t count : counts) {
    sum.tiles += count != 0;
    sum.elements += getSize(spec, count);
  }
  return sum;
}

StatusOr<UnstructuredCounts>
runtime::countUnstructured(const UnstructuredSpec &spec, const void *dense) {
  StatusOr<Grid> grid = getTiles(spec);
  if (!grid.ok()) {
    return grid.status();
  }
  UnstructuredCounts counts = sumCounts(spec, countTiles(*grid, dense));
  if (counts.elements > std::numeric_limits<int32_t>::max()) {
    return Status::error("expected fewer than 2^31 elements, but got " +
                         std::to_string(counts.elements));
  }
  return counts;
}

/// Writes bitmap, offsets and values of one tile whose elements go to `next`
/// on.
template <typename Element>
static void packTile(const Grid &grid, const Grid::Tile &tile,
                     const Element *dense, uint64_t *bitmap, int32_t *offsets,
                     Element *values, int32_t next) {
  auto mask = static_cast<Element>(grid.nonZeroMask);
  std::memset(bitmap, 0, getWords(grid) * sizeof(uint64_t));
  int64_t bit = 0;
  for (int64_t r = 0; r < grid.tileRows; ++r) {
    const Element *row = dense + tile.offset + r * grid.columns;
    for (int64_t c = 0; c < grid.tileColumns; ++c, ++bit) {
      if (bit % kWordBits == 0) {
        offsets[bit / kWordBits] = next;
      }
      if (r < tile.rows && c < tile.columns && (row[c] & mask) != 0) {
        bitmap[bit / kWordBits] |= uint64_t(1) << (bit % kWordBits);
        values[next++] = row[c];
      }
    }
  }
}

/// `begins` has where the record of each tile begins.
static void packRecords(const Grid &grid, const void *dense,
                        const std::vector<int32_t> &begins,
                        const UnstructuredFields &fields) {
  parallelFor(grid.groups(), [&](int64_t begin, int64_t end) {
    for (int64_t group = begin; group < end; ++group) {
      for (int64_t entry = fields.positions[group];
           entry < fields.positions[group + 1]; ++entry) {
        int64_t column = fields.coordinates[entry];
        int32_t first = begins[group * grid.columnTiles + column];
        fields.offsets[entry] = first;
        fragments::packRecord(grid, grid.tile(group, column),
                              static_cast<const uint16_t *>(dense),
                              static_cast<uint16_t *>(fields.values) + first);
      }
    }
  });
  fields.offsets[fields.counts.tiles] =
      static_cast<int32_t>(fields.counts.elements);
}

Status runtime::packUnstructured(const UnstructuredSpec &spec,
                                 const void *dense,
                                 const UnstructuredFields &fields) {
  StatusOr<Grid> checked = getTiles(spec);
  if (!checked.ok()) {
    return checked.status();
  }
  const Grid &grid = *checked;
  std::vector<int32_t> counts = countTiles(grid, dense);
  Status status = writeList(grid, counts, fields.counts.tiles, fields.positions,
                            fields.coordinates);
  if (!status.ok()) {
    return status;
  }
  int64_t elements = sumCounts(spec, counts).elements;
  if (elements != fields.counts.elements) {
    return Status::error("expected room for " + std::to_string(elements) +
                         " elements, but got " +
                         std::to_string(fields.counts.elements));
  }
  // Where the elements of each tile begin.
  int32_t next = 0;
  for (int32_t &count : counts) {
    auto size = static_cast<int32_t>(getSize(spec, count));
    next += size;
    count = next - size;
  }
  if (hasRecords(spec)) {
    packRecords(grid, dense, counts, fields);
    return Status::success();
  }
  int64_t words = getWords(grid);
  dispatchBySize(grid, [&](auto tag) {
    using Element = decltype(tag);
    parallelFor(grid.groups(), [&](int64_t begin, int64_t end) {
      for (int64_t group = begin; group < end; ++group) {
        for (int64_t entry = fields.positions[group];
             entry < fields.positions[group + 1]; ++entry) {
          int64_t column = fields.coordinates[entry];
          packTile(grid, grid.tile(group, column),
                   static_cast<const Element *>(dense),
                   fields.bitmap + entry * words,
                   fields.offsets + entry * words,
                   static_cast<Element *>(fields.values),
                   counts[group * grid.columnTiles + column]);
        }
      }
    });
  });
  return Status::success();
}

//===----------------------------------------------------------------------===//
// Checking and unpacking
//===----------------------------------------------------------------------===//

/// The bits of word `word` of a tile that lie beyond the edge.
static uint64_t getOutsideBits(const Grid &grid, const Grid::Tile &tile,
                               int64_t word) {
  if (tile.rows == grid.tileRows && tile.columns == grid.tileColumns) {
    return 0;
  }
  uint64_t bits = 0;
  for (int64_t i = 0; i < kWordBits; ++i) {
    int64_t bit = word * kWordBits + i;
    bool inside = bit / grid.tileColumns < tile.rows &&
                  bit % grid.tileColumns < tile.columns;
    bits |= uint64_t(!inside) << i;
  }
  return bits;
}

static Status checkBitmap(const Grid &grid, const UnstructuredFields &fields) {
  int64_t words = getWords(grid), next = 0;
  for (int64_t group = 0; group < grid.groups(); ++group) {
    for (int64_t entry = fields.positions[group];
         entry < fields.positions[group + 1]; ++entry) {
      Grid::Tile tile = grid.tile(group, fields.coordinates[entry]);
      for (int64_t word = 0; word < words; ++word) {
        std::string place =
            "[" + std::to_string(entry) + ", " + std::to_string(word) + "]";
        uint64_t bits = fields.bitmap[entry * words + word];
        if ((bits & getOutsideBits(grid, tile, word)) != 0) {
          return Status::error("expected no bits beyond the edge, but got one "
                               "at bitmap" +
                               place);
        }
        if (fields.offsets[entry * words + word] != next) {
          return Status::error(
              "expected the offset " + std::to_string(next) +
              ", the number of bits before, but got " +
              std::to_string(fields.offsets[entry * words + word]) +
              " at offsets" + place);
        }
        next += __builtin_popcountll(bits);
      }
    }
  }
  if (next != fields.counts.elements) {
    return Status::error("expected a value for each of the " +
                         std::to_string(next) + " bits, but got " +
                         std::to_string(fields.counts.elements) + " values");
  }
  return Status::success();
}

Status runtime::checkUnstructured(const UnstructuredSpec &spec,
                                  const UnstructuredFields &fields) {
  StatusOr<Grid> grid = getTiles(spec);
  if (!grid.ok()) {
    return grid.status();
  }
  Status status =
      checkList({fields.positions, fields.coordinates, fields.counts.tiles},
                grid->groups(), grid->columnTiles);
  if (!status.ok()) {
    return status;
  }
  return hasRecords(spec) ? fragments::checkRecords(*grid, fields)
                          : checkBitmap(*grid, fields);
}

Status runtime::unpackUnstructured(const UnstructuredSpec &spec,
                                   const UnstructuredFields &fields,
                                   void *dense) {
  Status status = checkUnstructured(spec, fields);
  if (!status.ok()) {
    return status;
  }
  const Grid grid = *getTiles(spec);
  std::memset(dense, 0, grid.rows * grid.columns * grid.elementSize);
  if (hasRecords(spec)) {
    parallelFor(grid.groups(), [&](int64_t begin, int64_t end) {
      for (int64_t group = begin; group < end; ++group) {
        for (int64_t entry = fields.positions[group];
             entry < fields.positions[group + 1]; ++entry) {
          fragments::unpackRecord(grid,
                                  grid.tile(group, fields.coordinates[entry]),
                                  static_cast<const uint16_t *>(fields.values) +
                                      fields.offsets[entry],
                                  static_cast<uint16_t *>(dense));
        }
      }
    });
    return Status::success();
  }
  int64_t words = getWords(grid);
  dispatchBySize(grid, [&](auto tag) {
    using Element = decltype(tag);
    auto *elements = static_cast<Element *>(dense);
    const auto *values = static_cast<const Element *>(fields.values);
    parallelFor(grid.groups(), [&](int64_t begin, int64_t end) {
      for (int64_t group = begin; group < end; ++group) {
        for (int64_t entry = fields.positions[group];
             entry < fields.positions[group + 1]; ++entry) {
          Grid::Tile tile = grid.tile(group, fields.coordinates[entry]);
          for (int64_t word = 0; word < words; ++word) {
            const Element *value =
                values + fields.offsets[entry * words + word];
            for (uint64_t bits = fields.bitmap[entry * words + word]; bits != 0;
                 bits &= bits - 1) {
              int64_t bit = word * kWordBits + __builtin_ctzll(bits);
              elements[tile.offset + bit / grid.tileColumns * grid.columns +
                       bit % grid.tileColumns] = *value++;
            }
          }
        }
      }
    });
  });
  return Status::success();
}

//===----------------------------------------------------------------------===//
// Pruning
//===----------------------------------------------------------------------===//

Status runtime::pruneUnstructured(const UnstructuredSpec &spec, double density,
                                  void *dense) {
  StatusOr<Grid> checked = getTiles(spec);
  Status status = checked.ok() ? checkDensity(density) : checked.status();
  if (!status.ok()) {
    return status;
  }
  const Grid &grid = *checked;
  int64_t count = grid.rows * grid.columns;
  int64_t kept = getKeptCount(density, count);
  dispatchBySize(grid, [&](auto tag) {
    using Element = decltype(tag);
    auto *elements = static_cast<Element *>(dense);
    if (kept == 0) {
      std::fill(elements, elements + count, Element(0));
      return;
    }
    Magnitude<Element> magnitude(grid.type);
    std::vector<Element> keys(count);
    std::transform(elements, elements + count, keys.begin(), magnitude);
    // The smallest magnitude kept, and how many of exactly that one.
    std::vector<Element> order = keys;
    auto last = order.begin() + (kept - 1);
    std::nth_element(order.begin(), last, order.end(),
                     [](Element a, Element b) { return a > b; });
    Element bound = *last;
    int64_t ties =
        kept - std::count_if(keys.begin(), keys.end(),
                             [&](Element key) { return key > bound; });
    for (int64_t i = 0; i < count; ++i) {
      bool isKept = keys[i] > bound || (keys[i] == bound && ties-- > 0);
      if (!isKept) {
        elements[i] = 0;
      }
    }
  });
  return Status::success();
}
