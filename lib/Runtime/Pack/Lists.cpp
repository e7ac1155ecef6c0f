//===- Lists.cpp - Tiles of a dense tensor and the lists that name them ---===//

#include "../ListDetail.h"
#include "../NOfMDetail.h"

#include "sparsity/Runtime/ParallelFor.h"

#include <cmath>

using namespace mlir::sparsity;
using namespace mlir::sparsity::runtime;
using namespace mlir::sparsity::runtime::lists;

static constexpr int64_t kMaxTile = 256;

StatusOr<Grid> lists::getGrid(const std::vector<int64_t> &shape,
                              int64_t maxRank, int64_t tileRows,
                              int64_t tileColumns, ElementType type) {
  if (!elementTypeFromInt(static_cast<int32_t>(type))) {
    return Status::error("expected an element type, but got number " +
                         std::to_string(static_cast<int32_t>(type)));
  }
  int64_t rank = shape.size();
  if (rank < 2 || rank > maxRank) {
    return Status::error(std::string("expected a tensor of rank 2") +
                         (maxRank > 2 ? " or 3" : "") + ", but got rank " +
                         std::to_string(rank));
  }
  for (int64_t size : {tileRows, tileColumns}) {
    if (size < 1 || size > kMaxTile) {
      return Status::error("expected tile sizes in 1..256, but got " +
                           std::to_string(size));
    }
  }
  Grid grid;
  grid.elementSize = getElementSize(type);
  // The product of the sizes without zeros bounds all that is derived here.
  int64_t bytes = grid.elementSize;
  for (int64_t i = 0; i < rank; ++i) {
    if (shape[i] < 0 ||
        __builtin_mul_overflow(bytes, std::max<int64_t>(shape[i], 1), &bytes)) {
      return Status::error("expected sizes of a tensor of less than 2^63 "
                           "bytes, but got " +
                           std::to_string(shape[i]) + " at axis " +
                           std::to_string(i));
    }
  }
  grid.batches = rank == 3 ? shape[0] : 1;
  grid.rows = shape[rank - 2];
  grid.columns = shape[rank - 1];
  grid.tileRows = tileRows;
  grid.tileColumns = tileColumns;
  grid.rowTiles = grid.rows / tileRows + (grid.rows % tileRows != 0);
  grid.columnTiles =
      grid.columns / tileColumns + (grid.columns % tileColumns != 0);
  grid.type = type;
  uint64_t sign = uint64_t(1) << (8 * grid.elementSize - 1);
  grid.nonZeroMask = isFloat(type) ? sign - 1 : sign | (sign - 1);
  return grid;
}

Status lists::checkDensity(double density) {
  if (density >= 0 && density <= 1) {
    return Status::success();
  }
  return Status::error("expected a density in 0..1, but got " +
                       std::to_string(density));
}

int64_t lists::getKeptCount(double density, int64_t count) {
  return std::min<int64_t>(count,
                           std::llround(density * static_cast<double>(count)));
}

std::string lists::describeTile(const Grid &grid, const char *what,
                                int64_t group, int64_t column) {
  std::string text;
  if (grid.batches > 1) {
    text = "batch " + std::to_string(group / grid.rowTiles) + ", ";
  }
  return text + "row of " + what + " " + std::to_string(group % grid.rowTiles) +
         ", column of " + what + " " + std::to_string(column);
}

std::vector<int32_t> lists::countTiles(const Grid &grid, const void *dense) {
  std::vector<int32_t> counts(grid.groups() * grid.columnTiles);
  dispatchBySize(grid, [&](auto tag) {
    using Element = decltype(tag);
    parallelFor(grid.groups(), [&](int64_t begin, int64_t end) {
      for (int64_t group = begin; group < end; ++group) {
        for (int64_t column = 0; column < grid.columnTiles; ++column) {
          counts[group * grid.columnTiles + column] = static_cast<int32_t>(
              countNonZeros(grid, grid.tile(group, column),
                            static_cast<const Element *>(dense)));
        }
      }
    });
  });
  return counts;
}

Status lists::writeList(const Grid &grid, const std::vector<int32_t> &counts,
                        int64_t entries, int32_t *positions,
                        int32_t *coordinates) {
  int64_t found = std::count_if(counts.begin(), counts.end(),
                                [](int32_t count) { return count != 0; });
  if (found != entries) {
    return Status::error("expected room for " + std::to_string(found) +
                         " entries, but got " + std::to_string(entries));
  }
  int32_t next = 0;
  positions[0] = 0;
  for (int64_t group = 0; group < grid.groups(); ++group) {
    for (int64_t column = 0; column < grid.columnTiles; ++column) {
      if (counts[group * grid.columnTiles + column] != 0) {
        coordinates[next++] = static_cast<int32_t>(column);
      }
    }
    positions[group + 1] = next;
  }
  return Status::success();
}

//===----------------------------------------------------------------------===//
// Checking
//===----------------------------------------------------------------------===//

/// The first group whose positions or coordinates break a rule.
static Status describeBadList(const ListFields &list, int64_t group,
                              int64_t columns) {
  int64_t begin = list.positions[group], end = list.positions[group + 1];
  if (end < begin || begin < 0 || end > list.entries) {
    return Status::error(
        "expected ascending positions in 0.." + std::to_string(list.entries) +
        ", but got " + std::to_string(end) + " after " + std::to_string(begin) +
        " at positions[" + std::to_string(group + 1) + "]");
  }
  for (int64_t entry = begin; entry < end; ++entry) {
    int64_t column = list.coordinates[entry];
    std::string place = " at coordinates[" + std::to_string(entry) +
                        "] of group " + std::to_string(group);
    if (column < 0 || column >= columns) {
      return Status::error("expected coordinates below " +
                           std::to_string(columns) + ", but got " +
                           std::to_string(column) + place);
    }
    if (entry > begin && column <= list.coordinates[entry - 1]) {
      return Status::error("expected ascending coordinates in a group, but "
                           "got " +
                           std::to_string(column) + " after " +
                           std::to_string(list.coordinates[entry - 1]) + place);
    }
  }
  return Status::success();
}

Status runtime::checkList(const ListFields &list, int64_t groups,
                          int64_t columns, bool hasSlack) {
  if (list.positions[0] != 0) {
    return Status::error("expected positions that begin at 0, but got " +
                         std::to_string(list.positions[0]) +
                         " at positions[0]");
  }
  nofm::FirstFailure failure(1);
  parallelFor(groups, [&](int64_t first, int64_t last) {
    for (int64_t group = first; group < last; ++group) {
      int64_t begin = list.positions[group], end = list.positions[group + 1];
      bool valid = begin >= 0 && begin <= end && end <= list.entries;
      int64_t previous = -1;
      for (int64_t entry = begin; valid && entry < end; ++entry) {
        int64_t column = list.coordinates[entry];
        valid = column > previous && column < columns;
        previous = column;
      }
      if (!valid) {
        failure.report(group, 0);
        return;
      }
    }
  });
  if (failure.any()) {
    return describeBadList(list, failure.getRow(), columns);
  }
  int64_t last = list.positions[groups];
  if (!hasSlack && last != list.entries) {
    return Status::error("expected positions that end at the " +
                         std::to_string(list.entries) +
                         " coordinates, but got " + std::to_string(last) +
                         " at positions[" + std::to_string(groups) + "]");
  }
  for (int64_t entry = last; entry < list.entries; ++entry) {
    if (list.coordinates[entry] != 0) {
      return Status::error("expected 0 beyond the last group, but got " +
                           std::to_string(list.coordinates[entry]) +
                           " at coordinates[" + std::to_string(entry) + "]");
    }
  }
  return Status::success();
}
