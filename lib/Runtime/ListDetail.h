//===- ListDetail.h - What the packers of lists share -----------*- C++ -*-===//

#ifndef SPARSITY_LIB_RUNTIME_LISTDETAIL_H
#define SPARSITY_LIB_RUNTIME_LISTDETAIL_H

#include "sparsity/Runtime/PackLists.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace mlir {
namespace sparsity {
namespace runtime {
namespace lists {

/// A checked dense tensor cut into tiles; one without batches has one.
struct Grid {
  int64_t batches, rows, columns;
  int64_t tileRows, tileColumns;
  /// Rows of tiles of one batch, and columns of tiles.
  int64_t rowTiles, columnTiles;
  ElementType type;
  int64_t elementSize;
  /// The bits of an element that make it non-zero: all but a float's sign.
  uint64_t nonZeroMask;

  int64_t groups() const { return batches * rowTiles; }

  /// What of a tile lies inside the tensor.
  struct Tile {
    /// Index of its first element in the dense tensor.
    int64_t offset;
    int64_t rows, columns;
  };
  Tile tile(int64_t group, int64_t column) const {
    int64_t row = group % rowTiles * tileRows, col = column * tileColumns;
    return {(group / rowTiles * rows + row) * columns + col,
            std::min(tileRows, rows - row),
            std::min(tileColumns, columns - col)};
  }
};

/// Checks shape, tile and type.
StatusOr<Grid> getGrid(const std::vector<int64_t> &shape, int64_t maxRank,
                       int64_t tileRows, int64_t tileColumns, ElementType type);

/// Fails unless 0 <= density <= 1.
Status checkDensity(double density);
/// round(density * count).
int64_t getKeptCount(double density, int64_t count);

/// Calls `function` with a value of the unsigned integer type that has the size
/// of an element.
template <typename Function>
auto dispatchBySize(const Grid &grid, Function &&function) {
  switch (grid.elementSize) {
  case 1:
    return function(uint8_t());
  case 2:
    return function(uint16_t());
  case 4:
    return function(uint32_t());
  default:
    return function(uint64_t());
  }
}

/// Copies a tile between the dense tensor and a buffer of tileRows x
/// tileColumns elements. Loading writes zeros beyond the edge, storing leaves
/// them out.
template <typename Element>
void loadTile(const Grid &grid, const Grid::Tile &tile, const Element *dense,
              Element *buffer) {
  if (tile.rows != grid.tileRows || tile.columns != grid.tileColumns) {
    std::memset(buffer, 0, grid.tileRows * grid.tileColumns * sizeof(Element));
  }
  for (int64_t r = 0; r < tile.rows; ++r) {
    std::memcpy(buffer + r * grid.tileColumns,
                dense + tile.offset + r * grid.columns,
                tile.columns * sizeof(Element));
  }
}
template <typename Element>
void storeTile(const Grid &grid, const Grid::Tile &tile, const Element *buffer,
               Element *dense) {
  for (int64_t r = 0; r < tile.rows; ++r) {
    std::memcpy(dense + tile.offset + r * grid.columns,
                buffer + r * grid.tileColumns, tile.columns * sizeof(Element));
  }
}

/// How many elements of a tile are not zero.
template <typename Element>
int64_t countNonZeros(const Grid &grid, const Grid::Tile &tile,
                      const Element *dense) {
  int64_t count = 0;
  auto mask = static_cast<Element>(grid.nonZeroMask);
  for (int64_t r = 0; r < tile.rows; ++r) {
    const Element *row = dense + tile.offset + r * grid.columns;
    for (int64_t c = 0; c < tile.columns; ++c) {
      count += (row[c] & mask) != 0;
    }
  }
  return count;
}

/// Non-zero elements of every tile, in row-major order of (group, column).
std::vector<int32_t> countTiles(const Grid &grid, const void *dense);

/// Writes positions and coordinates of the tiles that hold an element; fails if
/// these are not `entries`.
Status writeList(const Grid &grid, const std::vector<int32_t> &counts,
                 int64_t entries, int32_t *positions, int32_t *coordinates);

/// Fails unless order[0 .. groups) holds each of 0 .. groups - 1 once.
Status checkPermutation(const int32_t *order, int64_t groups);

/// "row of blocks 3, column of blocks 5" for what = "blocks"; with "batch 1, "
/// in front if there are batches.
std::string describeTile(const Grid &grid, const char *what, int64_t group,
                         int64_t column);

} // namespace lists
} // namespace runtime
} // namespace sparsity
} // namespace mlir

#endif // SPARSITY_LIB_RUNTIME_LISTDETAIL_H
