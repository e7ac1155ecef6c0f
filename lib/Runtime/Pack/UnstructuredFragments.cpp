//===- UnstructuredFragments.cpp - Bitmap tiles as registers hold them ----===//
//
// A warpgroup holds 16 columns of a 64 x 64 tile in four registers a thread:
// thread 4 g + c of warp w has, of rows 16 w + g and eight below, columns 2 c,
// 2 c + 1 and those eight on (PTX ISA, "wgmma", register fragments of m64k16).
// So eight neighbouring threads have a patch of two rows and 16 columns in two
// of the registers. A patch's elements lie thread after thread, and bit 8 e + t
// of its word is element e of its thread t: what lies before a thread's
// elements is counted with one population count.
//
//===----------------------------------------------------------------------===//

#include "../FragmentDetail.h"

using namespace mlir::sparsity;
using namespace mlir::sparsity::runtime;
using namespace mlir::sparsity::runtime::fragments;
using namespace mlir::sparsity::runtime::lists;

static constexpr int64_t kThreads = 8, kPerThread = 4;

namespace {
/// What numbers a patch: the warp, its pair of rows among eight, the 16
/// columns, and whether the rows are those eight below.
struct Patch {
  int64_t warp, pair, step, half;

  /// Among the words: those that a thread reads lie next to each other.
  int64_t word() const { return ((warp * 4 + pair) * 4 + step) * 2 + half; }

  /// The element of a thread: its row and column in the tile.
  int64_t row(int64_t thread) const {
    return warp * 16 + half * 8 + pair * 2 + thread / 4;
  }
  int64_t column(int64_t thread, int64_t element) const {
    return step * 16 + element / 2 * 8 + thread % 4 * 2 + element % 2;
  }
};
} // namespace

/// The patches in the order of their elements: those that a warp reads at the
/// same time lie next to each other.
template <typename Function> static void forEachPatch(Function &&function) {
  for (int64_t warp = 0; warp < 4; ++warp) {
    for (int64_t step = 0; step < 4; ++step) {
      for (int64_t half = 0; half < 2; ++half) {
        for (int64_t pair = 0; pair < 4; ++pair) {
          function(Patch{warp, pair, step, half});
        }
      }
    }
  }
}

/// Bit 8 e + t for element e of thread t.
static uint32_t getBit(int64_t thread, int64_t element) {
  return uint32_t(1) << (kThreads * element + thread);
}

static uint32_t loadWord(const uint16_t *record, const Patch &patch) {
  uint32_t word;
  std::memcpy(&word, record + 2 * patch.word(), sizeof(word));
  return word;
}

void fragments::packRecord(const Grid &grid, const Grid::Tile &tile,
                           const uint16_t *dense, uint16_t *record) {
  auto mask = static_cast<uint16_t>(grid.nonZeroMask);
  int64_t next = kHeader;
  forEachPatch([&](const Patch &patch) {
    uint32_t word = 0;
    record[kWords + patch.word()] = static_cast<uint16_t>(next * 2);
    for (int64_t thread = 0; thread < kThreads; ++thread) {
      for (int64_t element = 0; element < kPerThread; ++element) {
        int64_t row = patch.row(thread);
        int64_t column = patch.column(thread, element);
        if (row >= tile.rows || column >= tile.columns) {
          continue;
        }
        uint16_t value = dense[tile.offset + row * grid.columns + column];
        if ((value & mask) != 0) {
          word |= getBit(thread, element);
          record[next++] = value;
        }
      }
    }
    std::memcpy(record + 2 * patch.word(), &word, sizeof(word));
  });
  std::fill(record + next, record + getRecordSize(next - kHeader), uint16_t(0));
}

/// Fails unless the words and beginnings of the record at `first` are those of
/// `tile`; otherwise returns its elements.
static StatusOr<int64_t> checkRecord(const Grid::Tile &tile,
                                     const uint16_t *values, int64_t first) {
  const uint16_t *record = values + first;
  int64_t elements = 0;
  Status status = Status::success();
  forEachPatch([&](const Patch &patch) {
    if (!status.ok()) {
      return;
    }
    uint32_t word = loadWord(record, patch);
    for (int64_t thread = 0; thread < kThreads; ++thread) {
      for (int64_t element = 0; element < kPerThread; ++element) {
        bool inside = patch.row(thread) < tile.rows &&
                      patch.column(thread, element) < tile.columns;
        if ((word & getBit(thread, element)) != 0 && !inside) {
          status = Status::error(
              "expected no bits beyond the edge, but got one at values[" +
              std::to_string(first + 2 * patch.word()) + "]");
          return;
        }
      }
    }
    int64_t begin = 2 * (kHeader + elements);
    int64_t at = kWords + patch.word();
    if (record[at] != begin) {
      status = Status::error("expected " + std::to_string(begin) +
                             ", where a patch's elements begin in bytes, but "
                             "got " +
                             std::to_string(record[at]) + " at values[" +
                             std::to_string(first + at) + "]");
      return;
    }
    elements += __builtin_popcount(word);
  });
  if (!status.ok()) {
    return status;
  }
  return elements;
}

Status fragments::checkRecords(const Grid &grid,
                               const UnstructuredFields &fields) {
  const auto *values = static_cast<const uint16_t *>(fields.values);
  int64_t next = 0;
  auto checkOffset = [&](int64_t entry) {
    return fields.offsets[entry] == next
               ? Status::success()
               : Status::error("expected the offset " + std::to_string(next) +
                               ", where a record begins, but got " +
                               std::to_string(fields.offsets[entry]) +
                               " at offsets[" + std::to_string(entry) + "]");
  };
  auto checkEnd = [&](int64_t end) {
    return end <= fields.counts.elements
               ? Status::success()
               : Status::error("expected values of at least " +
                               std::to_string(end) + " elements, but got " +
                               std::to_string(fields.counts.elements));
  };
  for (int64_t group = 0; group < grid.groups(); ++group) {
    for (int64_t entry = fields.positions[group];
         entry < fields.positions[group + 1]; ++entry) {
      Status status = checkOffset(entry);
      if (status.ok()) {
        status = checkEnd(next + kHeader);
      }
      if (!status.ok()) {
        return status;
      }
      StatusOr<int64_t> elements = checkRecord(
          grid.tile(group, fields.coordinates[entry]), values, next);
      if (!elements.ok()) {
        return elements.status();
      }
      next += getRecordSize(*elements);
      status = checkEnd(next);
      if (!status.ok()) {
        return status;
      }
    }
  }
  Status status = checkOffset(fields.counts.tiles);
  if (status.ok() && next != fields.counts.elements) {
    status = Status::error("expected values of " + std::to_string(next) +
                           " elements, those of all records, but got " +
                           std::to_string(fields.counts.elements));
  }
  return status;
}

void fragments::unpackRecord(const Grid &grid, const Grid::Tile &tile,
                             const uint16_t *record, uint16_t *dense) {
  const uint16_t *next = record + kHeader;
  forEachPatch([&](const Patch &patch) {
    uint32_t word = loadWord(record, patch);
    for (int64_t thread = 0; thread < kThreads; ++thread) {
      for (int64_t element = 0; element < kPerThread; ++element) {
        if ((word & getBit(thread, element)) != 0) {
          dense[tile.offset + patch.row(thread) * grid.columns +
                patch.column(thread, element)] = *next++;
        }
      }
    }
  });
}
