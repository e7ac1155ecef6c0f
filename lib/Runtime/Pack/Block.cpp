//===- Block.cpp - Lists of dense or n:m blocks on the host ---------------===//

#include "../ListDetail.h"
#include "../NOfMDetail.h"

#include "sparsity/Runtime/ParallelFor.h"

#include <cmath>
#include <limits>
#include <numeric>

using namespace mlir::sparsity;
using namespace mlir::sparsity::runtime;
using namespace mlir::sparsity::runtime::lists;

namespace {
/// A checked spec.
struct Blocks {
  Grid grid;
  BlockSizes sizes;
  std::optional<NOfMSpec> inner;
};
} // namespace

static StatusOr<Blocks> getBlocks(const BlockSpec &spec) {
  StatusOr<Grid> grid = getGrid(spec.shape, /*maxRank=*/3, spec.rows,
                                spec.columns, spec.elementType);
  if (!grid.ok()) {
    return grid.status();
  }
  if (spec.ordered && spec.shape.size() != 2) {
    return Status::error(
        "expected a tensor of rank 2 for an ordered list, but got rank " +
        std::to_string(spec.shape.size()));
  }
  if (spec.ordered && grid->groups() > std::numeric_limits<int32_t>::max()) {
    return Status::error(
        "expected fewer than 2^31 groups in an ordered list, but got " +
        std::to_string(grid->groups()));
  }
  Blocks blocks;
  blocks.grid = *grid;
  blocks.sizes.groups = grid->groups();
  blocks.sizes.columns = grid->columnTiles;
  blocks.sizes.valueBytes = spec.rows * spec.columns * grid->elementSize;
  if (spec.inner) {
    NOfMSpec inner;
    inner.n = spec.inner->n;
    inner.m = spec.inner->m;
    inner.axis = spec.inner->axis;
    inner.shape = {spec.rows, spec.columns};
    inner.elementType = spec.elementType;
    inner.layout = spec.inner->layout;
    StatusOr<PackedSizes> sizes = packedSizes(inner);
    if (!sizes.ok()) {
      return sizes.status();
    }
    blocks.sizes.valueBytes = sizes->valueBytes;
    blocks.sizes.metadataBytes = sizes->metadataBytes;
    blocks.inner = std::move(inner);
  }
  return blocks;
}

StatusOr<BlockSizes> runtime::blockSizes(const BlockSpec &spec) {
  StatusOr<Blocks> blocks = getBlocks(spec);
  if (!blocks.ok()) {
    return blocks.status();
  }
  return blocks->sizes;
}

StatusOr<int64_t> runtime::countBlocks(const BlockSpec &spec,
                                       const void *dense) {
  StatusOr<Blocks> blocks = getBlocks(spec);
  if (!blocks.ok()) {
    return blocks.status();
  }
  std::vector<int32_t> counts = countTiles(blocks->grid, dense);
  int64_t entries = std::count_if(counts.begin(), counts.end(),
                                  [](int32_t count) { return count != 0; });
  if (entries > std::numeric_limits<int32_t>::max()) {
    return Status::error("expected fewer than 2^31 blocks, but got " +
                         std::to_string(entries));
  }
  return entries;
}

/// Calls `body(group, entry, buffer)` for each entry of the list, in parallel,
/// with a buffer for one dense block, and names the first block where it fails.
template <typename Element, typename Body>
static Status forEachEntry(const Grid &grid, const BlockFields &fields,
                           Body &&body) {
  nofm::FirstFailure failure(1);
  parallelFor(grid.groups(), [&](int64_t begin, int64_t end) {
    std::vector<Element> buffer(grid.tileRows * grid.tileColumns);
    for (int64_t group = begin; group < end; ++group) {
      for (int64_t entry = fields.positions[group];
           entry < fields.positions[group + 1]; ++entry) {
        if (!body(group, entry, buffer.data()).ok()) {
          failure.report(entry, 0);
        }
      }
    }
  });
  if (!failure.any()) {
    return Status::success();
  }
  // Its message does not depend on the threads: the entry is done again.
  int64_t entry = failure.getRow(), group = 0;
  while (fields.positions[group + 1] <= entry) {
    ++group;
  }
  std::vector<Element> buffer(grid.tileRows * grid.tileColumns);
  return Status::error(
      body(group, entry, buffer.data()).message + ", in the block at " +
      describeTile(grid, "blocks", group, fields.coordinates[entry]));
}

static uint8_t *getEntry(void *base, int64_t entry, int64_t bytes) {
  return static_cast<uint8_t *>(base) + entry * bytes;
}

Status runtime::packBlocks(const BlockSpec &spec, const void *dense,
                           const BlockFields &fields) {
  StatusOr<Blocks> checked = getBlocks(spec);
  if (!checked.ok()) {
    return checked.status();
  }
  const Blocks &blocks = *checked;
  const Grid &grid = blocks.grid;
  Status status = writeList(grid, countTiles(grid, dense), fields.entries,
                            fields.positions, fields.coordinates);
  if (status.ok() && spec.ordered) {
    status =
        orderBlocks(spec, fields.positions, fields.coordinates, fields.order);
  }
  if (!status.ok()) {
    return status;
  }
  return dispatchBySize(grid, [&](auto tag) {
    using Element = decltype(tag);
    const auto *elements = static_cast<const Element *>(dense);
    return forEachEntry<Element>(
        grid, fields, [&](int64_t group, int64_t entry, Element *buffer) {
          Grid::Tile tile = grid.tile(group, fields.coordinates[entry]);
          uint8_t *values =
              getEntry(fields.values, entry, blocks.sizes.valueBytes);
          loadTile(grid, tile, elements, buffer);
          if (!blocks.inner) {
            std::memcpy(values, buffer, blocks.sizes.valueBytes);
            return Status::success();
          }
          return packNOfM(
              *blocks.inner, buffer, values,
              getEntry(fields.metadata, entry, blocks.sizes.metadataBytes));
        });
  });
}

//===----------------------------------------------------------------------===//
// Checking and unpacking
//===----------------------------------------------------------------------===//

/// Writes the block at `entry` into `buffer`, and fails if it is not one.
template <typename Element>
static Status readBlock(const Blocks &blocks, const BlockFields &fields,
                        int64_t group, int64_t entry, Element *buffer) {
  const Grid &grid = blocks.grid;
  const uint8_t *values =
      getEntry(fields.values, entry, blocks.sizes.valueBytes);
  if (blocks.inner) {
    Status status = unpackNOfM(
        *blocks.inner, values,
        getEntry(fields.metadata, entry, blocks.sizes.metadataBytes), buffer);
    if (!status.ok()) {
      return status;
    }
  } else {
    std::memcpy(buffer, values, blocks.sizes.valueBytes);
  }
  Grid::Tile tile = grid.tile(group, fields.coordinates[entry]);
  auto mask = static_cast<Element>(grid.nonZeroMask);
  for (int64_t r = 0; r < grid.tileRows; ++r) {
    for (int64_t c = r < tile.rows ? tile.columns : 0; c < grid.tileColumns;
         ++c) {
      if ((buffer[r * grid.tileColumns + c] & mask) != 0) {
        return Status::error("expected zero values beyond the edge, but got a "
                             "non-zero one at values[" +
                             std::to_string(entry) + ", " + std::to_string(r) +
                             ", " + std::to_string(c) + "]");
      }
    }
  }
  return Status::success();
}

/// Reads every block, and stores it unless `dense` is null.
static Status readBlocks(const Blocks &blocks, const BlockFields &fields,
                         void *dense) {
  const Grid &grid = blocks.grid;
  return dispatchBySize(grid, [&](auto tag) {
    using Element = decltype(tag);
    return forEachEntry<Element>(
        grid, fields, [&](int64_t group, int64_t entry, Element *buffer) {
          Status status = readBlock(blocks, fields, group, entry, buffer);
          if (status.ok() && dense) {
            storeTile(grid, grid.tile(group, fields.coordinates[entry]), buffer,
                      static_cast<Element *>(dense));
          }
          return status;
        });
  });
}

/// Checks the index fields.
static Status checkIndices(const BlockSpec &spec, const Blocks &blocks,
                           const BlockFields &fields) {
  Status status =
      checkList({fields.positions, fields.coordinates, fields.entries},
                blocks.sizes.groups, blocks.sizes.columns);
  if (!status.ok() || !spec.ordered || !fields.order) {
    return status;
  }
  return checkPermutation(fields.order, blocks.sizes.groups);
}

Status runtime::checkBlocks(const BlockSpec &spec, const BlockFields &fields) {
  StatusOr<Blocks> blocks = getBlocks(spec);
  if (!blocks.ok()) {
    return blocks.status();
  }
  Status status = checkIndices(spec, *blocks, fields);
  if (!status.ok() || !fields.values) {
    return status;
  }
  return readBlocks(*blocks, fields, nullptr);
}

Status runtime::unpackBlocks(const BlockSpec &spec, const BlockFields &fields,
                             void *dense) {
  StatusOr<Blocks> blocks = getBlocks(spec);
  if (!blocks.ok()) {
    return blocks.status();
  }
  Status status = checkIndices(spec, *blocks, fields);
  if (!status.ok()) {
    return status;
  }
  const Grid &grid = blocks->grid;
  std::memset(dense, 0,
              grid.batches * grid.rows * grid.columns * grid.elementSize);
  return readBlocks(*blocks, fields, dense);
}

//===----------------------------------------------------------------------===//
// Pruning
//===----------------------------------------------------------------------===//

/// The sum of squares of a tile; infinite if it holds a NaN, as no sum is
/// larger.
static double getNorm(const Grid &grid, const Grid::Tile &tile,
                      const void *dense) {
  const auto *bytes = static_cast<const uint8_t *>(dense);
  double row[256];
  double sum = 0;
  for (int64_t r = 0; r < tile.rows; ++r) {
    convertToDouble(grid.type,
                    bytes + (tile.offset + r * grid.columns) * grid.elementSize,
                    row, tile.columns);
    for (int64_t c = 0; c < tile.columns; ++c) {
      sum += row[c] * row[c];
    }
  }
  return std::isnan(sum) ? std::numeric_limits<double>::infinity() : sum;
}

Status runtime::pruneBlocks(const BlockSpec &spec, double density,
                            void *dense) {
  StatusOr<Blocks> checked = getBlocks(spec);
  Status status = checked.ok() ? checkDensity(density) : checked.status();
  if (!status.ok()) {
    return status;
  }
  const Blocks &blocks = *checked;
  const Grid &grid = blocks.grid;
  int64_t count = grid.groups() * grid.columnTiles;
  std::vector<double> norms(count);
  parallelFor(count, [&](int64_t begin, int64_t end) {
    for (int64_t tile = begin; tile < end; ++tile) {
      norms[tile] = getNorm(
          grid, grid.tile(tile / grid.columnTiles, tile % grid.columnTiles),
          dense);
    }
  });
  std::vector<int64_t> order(count);
  std::iota(order.begin(), order.end(), 0);
  int64_t kept = getKeptCount(density, count);
  std::nth_element(order.begin(), order.begin() + kept, order.end(),
                   [&](int64_t a, int64_t b) {
                     return norms[a] > norms[b] ||
                            (norms[a] == norms[b] && a < b);
                   });
  std::vector<uint8_t> isKept(count);
  for (int64_t i = 0; i < kept; ++i) {
    isKept[order[i]] = 1;
  }
  dispatchBySize(grid, [&](auto tag) {
    using Element = decltype(tag);
    auto *elements = static_cast<Element *>(dense);
    parallelFor(count, [&](int64_t begin, int64_t end) {
      std::vector<Element> buffer(grid.tileRows * grid.tileColumns);
      for (int64_t index = begin; index < end; ++index) {
        Grid::Tile tile =
            grid.tile(index / grid.columnTiles, index % grid.columnTiles);
        if (!isKept[index]) {
          std::fill(buffer.begin(), buffer.end(), Element(0));
        } else if (blocks.inner) {
          loadTile(grid, tile, elements, buffer.data());
          // The spec has been checked, and nothing else fails.
          (void)pruneNOfM(*blocks.inner, buffer.data());
        } else {
          continue;
        }
        storeTile(grid, tile, buffer.data(), elements);
      }
    });
  });
  return Status::success();
}
