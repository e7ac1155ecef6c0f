//===- BlockOrder.cpp - In which order kernels visit the groups of a list -===//
//
// Row swizzle: the work of a group is the length of its list, and a group that
// starts late should be short (Gale et al., "Sparse GPU Kernels for Deep
// Learning", 2020).
//
//===----------------------------------------------------------------------===//

#include "../ListDetail.h"

#include <numeric>

using namespace mlir::sparsity;
using namespace mlir::sparsity::runtime;
using namespace mlir::sparsity::runtime::lists;

/// Two groups of so many rows are one tile of 128.
static constexpr int64_t kMaxPairedRows = 64;

/// How much is looked at to find one partner, in words of 64 columns.
static constexpr int64_t kMaxSearchedGroups = 8192;
static constexpr int64_t kWindow = 1024;
static constexpr int64_t kWordsOfFullWindow = 8;

/// The groups by the length of their lists, longest first.
static std::vector<int32_t> sortByLength(const int32_t *positions,
                                         int64_t groups) {
  std::vector<int32_t> sorted(groups);
  std::iota(sorted.begin(), sorted.end(), 0);
  std::sort(sorted.begin(), sorted.end(), [&](int32_t a, int32_t b) {
    int32_t lengthA = positions[a + 1] - positions[a];
    int32_t lengthB = positions[b + 1] - positions[b];
    return lengthA > lengthB || (lengthA == lengthB && a < b);
  });
  return sorted;
}

static int64_t countCommon(const uint64_t *a, const uint64_t *b,
                           int64_t words) {
  int64_t count = 0;
  for (int64_t i = 0; i < words; ++i) {
    count += __builtin_popcountll(a[i] & b[i]);
  }
  return count;
}

namespace {
/// Finds pairs of groups. A group is named by its rank: its place in the order
/// of length.
class Pairing {
public:
  Pairing(const int32_t *positions, const int32_t *coordinates, int64_t groups,
          int64_t columns);

  void write(int32_t *order);

private:
  struct Pair {
    /// Ranks.
    int32_t first, second;
    /// Columns of the two together.
    int64_t columns;
  };
  Pair takePair();
  void unlink(int32_t before) { next[before + 1] = next[next[before + 1] + 1]; }

  std::vector<int32_t> sorted;
  std::vector<int64_t> lengths;
  /// One bit a column, `words` words a rank.
  std::vector<uint64_t> bits;
  /// The ranks that are left, ascending: next[rank + 1] follows `rank`, next[0]
  /// is the first, and the number of groups stands for none.
  std::vector<int32_t> next;
  int64_t words, window;
};
} // namespace

Pairing::Pairing(const int32_t *positions, const int32_t *coordinates,
                 int64_t groups, int64_t columns)
    : sorted(sortByLength(positions, groups)), lengths(groups),
      next(groups + 1), words(std::max<int64_t>(1, (columns + 63) / 64)) {
  bits.resize(groups * words);
  for (int64_t rank = 0; rank < groups; ++rank) {
    int32_t begin = positions[sorted[rank]], end = positions[sorted[rank] + 1];
    lengths[rank] = end - begin;
    for (int32_t entry = begin; entry < end; ++entry) {
      int32_t column = coordinates[entry];
      bits[rank * words + column / 64] |= uint64_t(1) << (column % 64);
    }
  }
  std::iota(next.begin(), next.end(), 0);
  int64_t most = groups > kMaxSearchedGroups ? kWindow : kMaxSearchedGroups;
  window = std::max<int64_t>(1, most * kWordsOfFullWindow /
                                    std::max(words, kWordsOfFullWindow));
}

/// Takes the first rank that is left and its best partner; two have to be left.
Pairing::Pair Pairing::takePair() {
  auto end = static_cast<int32_t>(sorted.size());
  int32_t first = next[0];
  unlink(-1);
  const uint64_t *own = bits.data() + first * words;
  int64_t best = -1;
  int32_t beforeBest = -1, before = -1;
  for (int64_t seen = 0; seen < window; ++seen) {
    int32_t candidate = next[before + 1];
    // Lists get shorter: none of the rest has as many columns in common.
    if (candidate == end || lengths[candidate] < best) {
      break;
    }
    int64_t common = countCommon(own, bits.data() + candidate * words, words);
    if (common > best ||
        (common == best && sorted[candidate] < sorted[next[beforeBest + 1]])) {
      best = common;
      beforeBest = before;
    }
    before = candidate;
  }
  int32_t second = next[beforeBest + 1];
  unlink(beforeBest);
  return {first, second, lengths[first] + lengths[second] - best};
}

void Pairing::write(int32_t *order) {
  std::vector<Pair> pairs(sorted.size() / 2);
  for (Pair &pair : pairs) {
    pair = takePair();
  }
  // Pairs of as many columns stay as they were taken, by their first ranks.
  std::sort(pairs.begin(), pairs.end(), [](const Pair &a, const Pair &b) {
    return a.columns > b.columns ||
           (a.columns == b.columns && a.first < b.first);
  });
  for (const Pair &pair : pairs) {
    *order++ = sorted[pair.first];
    *order++ = sorted[pair.second];
  }
  if (sorted.size() % 2 != 0) {
    *order = sorted[next[0]];
  }
}

Status runtime::orderBlocks(const BlockSpec &spec, const int32_t *positions,
                            const int32_t *coordinates, int32_t *order) {
  BlockSpec ordered = spec;
  ordered.ordered = true;
  StatusOr<BlockSizes> sizes = blockSizes(ordered);
  if (!sizes.ok()) {
    return sizes.status();
  }
  int64_t groups = sizes->groups;
  Status status = checkList({positions, coordinates, positions[groups]}, groups,
                            sizes->columns);
  if (!status.ok()) {
    return status;
  }
  if (groups > 0 && !order) {
    return Status::error("expected room for an order of " +
                         std::to_string(groups) + " groups, but got none");
  }
  if (spec.rows > kMaxPairedRows) {
    std::vector<int32_t> sorted = sortByLength(positions, groups);
    std::copy(sorted.begin(), sorted.end(), order);
  } else {
    Pairing(positions, coordinates, groups, sizes->columns).write(order);
  }
  return Status::success();
}

Status lists::checkPermutation(const int32_t *order, int64_t groups) {
  std::vector<bool> found(groups);
  for (int64_t i = 0; i < groups; ++i) {
    int64_t group = order[i];
    bool isGroup = group >= 0 && group < groups;
    if (!isGroup || found[group]) {
      return Status::error("expected order to be a permutation of 0.." +
                           std::to_string(groups - 1) + ", but got " +
                           std::to_string(group) + (isGroup ? " twice" : "") +
                           " at order[" + std::to_string(i) + "]");
    }
    found[group] = true;
  }
  return Status::success();
}
