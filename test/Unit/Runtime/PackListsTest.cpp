//===- PackListsTest.cpp - Block and bitmap lists: round trips, refusals --===//

#include "sparsity/Runtime/PackLists.h"

#include "sparsity-c/Runtime.h"

#include "gtest/gtest.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>
#include <map>
#include <numeric>
#include <random>
#include <set>

using namespace mlir::sparsity::runtime;

namespace {
using Bytes = std::vector<uint8_t>;

constexpr ElementType kTypes[] = {
    ElementType::F16,    ElementType::BF16, ElementType::F32,
    ElementType::F64,    ElementType::I8,   ElementType::F8E4M3FN,
    ElementType::F8E5M2, ElementType::I32,  ElementType::I64};

int64_t product(const std::vector<int64_t> &shape) {
  return std::accumulate(shape.begin(), shape.end(), int64_t(1),
                         std::multiplies<int64_t>());
}

uint64_t readBits(const Bytes &dense, int64_t index, int64_t size) {
  uint64_t bits = 0;
  std::memcpy(&bits, dense.data() + index * size, size);
  return bits;
}

bool isZero(uint64_t bits, ElementType type) {
  uint64_t sign =
      isFloat(type) ? uint64_t(1) << (8 * getElementSize(type) - 1) : 0;
  return (bits & ~sign) == 0;
}

/// Random elements: some tiles empty, some full, some with a few elements;
/// zeros are -0.0 at times.
Bytes makeDense(const std::vector<int64_t> &shape, int64_t rows,
                int64_t columns, ElementType type, std::mt19937 &random) {
  int64_t size = getElementSize(type), count = product(shape);
  int64_t height = shape[shape.size() - 2], width = shape.back();
  Bytes dense(count * size);
  std::vector<int> keep(1 + count);
  int64_t tilesAcross = (width + columns - 1) / columns;
  for (int &share : keep) {
    constexpr int kShares[] = {0, 0, 1, 50, 100};
    share = kShares[random() % 5];
  }
  for (int64_t i = 0; i < count; ++i) {
    int64_t row = i / width % height + i / (height * width) * (height + rows);
    int64_t tile = row / rows * tilesAcross + i % width / columns;
    uint64_t bits = random() | static_cast<uint64_t>(random()) << 32;
    bits |= 1; // never zero, whatever the sign
    if (static_cast<int>(random() % 100) >= keep[tile % keep.size()]) {
      bool negative = isFloat(type) && random() % 3 == 0;
      bits = negative ? uint64_t(1) << (8 * size - 1) : 0;
    }
    std::memcpy(dense.data() + i * size, &bits, size);
  }
  return dense;
}

/// `dense` with +0.0 for every zero.
Bytes withPositiveZeros(Bytes dense, ElementType type) {
  int64_t size = getElementSize(type);
  for (size_t i = 0; i < dense.size(); i += size) {
    if (isZero(readBits(dense, i / size, size), type)) {
      std::memset(dense.data() + i, 0, size);
    }
  }
  return dense;
}

struct PackedBlocks {
  std::vector<int32_t> positions, coordinates, order;
  Bytes values, metadata;

  BlockFields fields() {
    return {positions.data(),
            coordinates.data(),
            static_cast<int64_t>(coordinates.size()),
            values.data(),
            metadata.data(),
            order.data()};
  }
};

PackedBlocks packBlocksOf(const BlockSpec &spec, const Bytes &dense) {
  PackedBlocks packed;
  StatusOr<BlockSizes> sizes = blockSizes(spec);
  StatusOr<int64_t> count = countBlocks(spec, dense.data());
  EXPECT_TRUE(sizes.ok() && count.ok())
      << sizes.status().message << count.status().message;
  // Poison: every byte has to be written.
  packed.positions.assign(sizes->groups + 1, -1);
  packed.coordinates.assign(*count, -1);
  packed.values.assign(*count * sizes->valueBytes, 0xA5);
  packed.metadata.assign(*count * sizes->metadataBytes, 0xA5);
  packed.order.assign(spec.ordered ? sizes->groups : 0, -1);
  Status status = packBlocks(spec, dense.data(), packed.fields());
  EXPECT_TRUE(status.ok()) << status.message;
  return packed;
}

/// The index fields of a list, whose values nobody looks at.
struct Lists {
  std::vector<int32_t> positions = {0}, coordinates;

  int64_t groups() const { return positions.size() - 1; }
  int64_t length(int64_t group) const {
    return positions[group + 1] - positions[group];
  }
  std::set<int32_t> columnsOf(int64_t group) const {
    return {coordinates.begin() + positions[group],
            coordinates.begin() + positions[group + 1]};
  }
};

Lists listsOf(const std::vector<std::vector<int32_t>> &columns) {
  Lists lists;
  for (const std::vector<int32_t> &group : columns) {
    lists.coordinates.insert(lists.coordinates.end(), group.begin(),
                             group.end());
    lists.positions.push_back(static_cast<int32_t>(lists.coordinates.size()));
  }
  return lists;
}

/// Random lists, a fifth of them empty.
Lists makeLists(int64_t groups, int64_t columns, std::mt19937 &random) {
  std::vector<std::vector<int32_t>> sets(groups);
  for (std::vector<int32_t> &set : sets) {
    uint32_t share = random() % 5 * 20;
    for (int32_t column = 0; column < columns; ++column) {
      if (random() % 100 < share) {
        set.push_back(column);
      }
    }
  }
  return listsOf(sets);
}

/// With a last row and column of blocks that hang over the edge.
BlockSpec orderedSpec(int64_t groups, int64_t rows, int64_t columns) {
  BlockSpec spec;
  spec.shape = {groups == 0 ? 0 : (groups - 1) * rows + 1, columns * 32 - 1};
  spec.rows = rows;
  spec.columns = 32;
  spec.ordered = true;
  return spec;
}

std::vector<int32_t> orderOf(const Lists &lists, int64_t rows,
                             int64_t columns) {
  std::vector<int32_t> order(lists.groups(), -1);
  Status status = orderBlocks(orderedSpec(lists.groups(), rows, columns),
                              lists.positions.data(), lists.coordinates.data(),
                              order.data());
  EXPECT_TRUE(status.ok()) << status.message;
  return order;
}

std::string checkOrder(Lists lists, int64_t rows, int64_t columns,
                       std::vector<int32_t> order) {
  BlockFields fields = {lists.positions.data(),
                        lists.coordinates.data(),
                        static_cast<int64_t>(lists.coordinates.size()),
                        nullptr,
                        nullptr,
                        order.data()};
  return checkBlocks(orderedSpec(lists.groups(), rows, columns), fields)
      .message;
}

/// orderBlocks() of blocks of at most 64 rows, by its definition.
std::vector<int32_t> orderByDefinition(const Lists &lists) {
  std::set<int32_t> left;
  for (int64_t group = 0; group < lists.groups(); ++group) {
    left.insert(static_cast<int32_t>(group));
  }
  auto takeBest = [&](const std::function<int64_t(int32_t)> &score) {
    // The first of the best, which is the lowest.
    int32_t best =
        *std::max_element(left.begin(), left.end(), [&](int32_t a, int32_t b) {
          return score(a) < score(b);
        });
    left.erase(best);
    return best;
  };
  // By the columns of the two together; equal ones stay in order.
  std::multimap<size_t, std::pair<int32_t, int32_t>, std::greater<>> pairs;
  while (left.size() >= 2) {
    int32_t first =
        takeBest([&](int32_t group) { return lists.length(group); });
    std::set<int32_t> own = lists.columnsOf(first);
    int32_t second = takeBest([&](int32_t group) -> int64_t {
      int64_t common = 0;
      for (int32_t column : lists.columnsOf(group)) {
        common += static_cast<int64_t>(own.count(column));
      }
      return common;
    });
    own.merge(lists.columnsOf(second));
    pairs.emplace(own.size(), std::make_pair(first, second));
  }
  std::vector<int32_t> order;
  for (const auto &[columns, pair] : pairs) {
    order.insert(order.end(), {pair.first, pair.second});
  }
  order.insert(order.end(), left.begin(), left.end());
  return order;
}

struct PackedTiles {
  std::vector<int32_t> positions, coordinates, offsets;
  std::vector<uint64_t> bitmap;
  Bytes values;
  UnstructuredCounts counts;

  UnstructuredFields fields() {
    return {positions.data(), coordinates.data(), bitmap.data(),
            offsets.data(),   values.data(),      counts};
  }
};

PackedTiles packTilesOf(const UnstructuredSpec &spec, const Bytes &dense) {
  PackedTiles packed;
  StatusOr<UnstructuredSizes> sizes = unstructuredSizes(spec);
  StatusOr<UnstructuredCounts> counts = countUnstructured(spec, dense.data());
  EXPECT_TRUE(sizes.ok() && counts.ok())
      << sizes.status().message << counts.status().message;
  packed.counts = *counts;
  packed.positions.assign(sizes->groups + 1, -1);
  packed.coordinates.assign(counts->tiles, -1);
  packed.bitmap.assign(counts->tiles * sizes->words, ~uint64_t(0));
  packed.offsets.assign(counts->tiles * sizes->words, -1);
  packed.values.assign(counts->elements * getElementSize(spec.elementType),
                       0xA5);
  Status status = packUnstructured(spec, dense.data(), packed.fields());
  EXPECT_TRUE(status.ok()) << status.message;
  return packed;
}
} // namespace

//===----------------------------------------------------------------------===//
// L3: unpack(pack(x)) = x
//===----------------------------------------------------------------------===//

TEST(PackBlocks, RoundTripOfEveryTypeAndOddShape) {
  std::mt19937 random(1);
  const std::vector<std::vector<int64_t>> shapes = {
      {1, 1}, {7, 13},    {64, 64},   {65, 3},     {130, 257}, {0, 5},
      {5, 0}, {3, 17, 9}, {4, 8, 16}, {1, 5, 300}, {0, 4, 4},  {2, 0, 4}};
  const std::pair<int64_t, int64_t> blocks[] = {
      {1, 1}, {1, 16}, {16, 1}, {3, 5}, {4, 8}, {64, 32}, {256, 256}};
  for (ElementType type : kTypes) {
    for (const auto &shape : shapes) {
      for (auto [rows, columns] : blocks) {
        BlockSpec spec;
        spec.shape = shape;
        spec.rows = rows;
        spec.columns = columns;
        spec.elementType = type;
        Bytes dense = makeDense(shape, rows, columns, type, random);
        PackedBlocks packed = packBlocksOf(spec, dense);
        Bytes unpacked(dense.size(), 0x5A);
        Status status = unpackBlocks(spec, packed.fields(), unpacked.data());
        ASSERT_TRUE(status.ok()) << status.message;
        ASSERT_EQ(withPositiveZeros(unpacked, type),
                  withPositiveZeros(dense, type));
        // Kept blocks keep all bits, and every kept block is needed.
        int64_t size = getElementSize(type);
        for (size_t entry = 0; entry < packed.coordinates.size(); ++entry) {
          bool any = false;
          for (int64_t i = 0; i < rows * columns; ++i) {
            any = any || !isZero(readBits(packed.values,
                                          entry * rows * columns + i, size),
                                 type);
          }
          ASSERT_TRUE(any);
        }
      }
    }
  }
}

// The layout by its definition: BSR with groups of all batches in one list.
TEST(PackBlocks, LayoutIsThatOfTheHeader) {
  std::mt19937 random(2);
  BlockSpec spec;
  spec.shape = {3, 10, 11};
  spec.rows = 4;
  spec.columns = 3;
  spec.elementType = ElementType::I32;
  Bytes dense = makeDense(spec.shape, 4, 3, ElementType::I32, random);
  PackedBlocks packed = packBlocksOf(spec, dense);
  ASSERT_EQ(packed.positions.size(), 3u * 3u + 1u);
  size_t entry = 0;
  for (int64_t e = 0; e < 3; ++e) {
    for (int64_t row = 0; row < 3; ++row) {
      EXPECT_EQ(packed.positions[e * 3 + row], static_cast<int32_t>(entry));
      for (int64_t column = 0; column < 4; ++column) {
        std::vector<uint64_t> block;
        for (int64_t r = row * 4; r < row * 4 + 4; ++r) {
          for (int64_t c = column * 3; c < column * 3 + 3; ++c) {
            block.push_back(r < 10 && c < 11
                                ? readBits(dense, (e * 10 + r) * 11 + c, 4)
                                : 0);
          }
        }
        if (std::all_of(block.begin(), block.end(),
                        [](uint64_t bits) { return bits == 0; })) {
          continue;
        }
        ASSERT_LT(entry, packed.coordinates.size());
        EXPECT_EQ(packed.coordinates[entry], column);
        for (int64_t i = 0; i < 12; ++i) {
          EXPECT_EQ(readBits(packed.values, entry * 12 + i, 4), block[i]);
        }
        ++entry;
      }
    }
  }
  EXPECT_EQ(packed.positions.back(), static_cast<int32_t>(entry));
  EXPECT_EQ(packed.coordinates.size(), entry);
}

TEST(PackBlocks, InnerPatternRoundTrips) {
  std::mt19937 random(3);
  for (ElementType type : kTypes) {
    for (int64_t axis : {0, 1}) {
      for (auto [n, m] : {std::pair<int64_t, int64_t>{2, 4}, {1, 2}, {4, 8}}) {
        for (const std::vector<int64_t> &shape :
             {std::vector<int64_t>{70, 45}, {2, 33, 64}}) {
          BlockSpec spec;
          spec.shape = shape;
          spec.rows = 16;
          spec.columns = 20;
          spec.elementType = type;
          spec.inner = BlockSpec::Inner{n, m, axis, NOfMLayout::RowMajor};
          Bytes dense = makeDense(shape, 16, 20, type, random);
          ASSERT_TRUE(pruneBlocks(spec, 0.7, dense.data()).ok());
          PackedBlocks packed = packBlocksOf(spec, dense);
          Bytes unpacked(dense.size(), 0x5A);
          Status status = unpackBlocks(spec, packed.fields(), unpacked.data());
          ASSERT_TRUE(status.ok()) << status.message;
          ASSERT_EQ(unpacked, withPositiveZeros(dense, type));
        }
      }
    }
  }
}

TEST(PackBlocks, InnerPatternInCoreMatrices) {
  std::mt19937 random(4);
  BlockSpec spec;
  spec.shape = {192, 200};
  spec.rows = spec.columns = 64;
  spec.elementType = ElementType::BF16;
  spec.inner = BlockSpec::Inner{2, 4, 1, NOfMLayout::CoreMatrix};
  Bytes dense = makeDense(spec.shape, 64, 64, ElementType::BF16, random);
  ASSERT_TRUE(pruneBlocks(spec, 1, dense.data()).ok());
  StatusOr<BlockSizes> sizes = blockSizes(spec);
  ASSERT_TRUE(sizes.ok());
  EXPECT_EQ(sizes->valueBytes, 4096);
  EXPECT_EQ(sizes->metadataBytes, 512);
  PackedBlocks packed = packBlocksOf(spec, dense);
  Bytes unpacked(dense.size());
  ASSERT_TRUE(unpackBlocks(spec, packed.fields(), unpacked.data()).ok());
  EXPECT_EQ(unpacked, withPositiveZeros(dense, ElementType::BF16));
}

TEST(PackUnstructured, RoundTripOfEveryTypeAndOddShape) {
  std::mt19937 random(5);
  const std::vector<std::vector<int64_t>> shapes = {
      {1, 1}, {7, 13}, {64, 64}, {65, 3}, {130, 257}, {0, 5}, {5, 0}};
  const std::pair<int64_t, int64_t> tiles[] = {
      {64, 64}, {16, 64}, {1, 64}, {64, 1}, {8, 8}, {3, 64}, {256, 256}};
  for (ElementType type : kTypes) {
    for (const auto &shape : shapes) {
      for (auto [rows, columns] : tiles) {
        UnstructuredSpec spec;
        spec.shape = shape;
        spec.rows = rows;
        spec.columns = columns;
        spec.elementType = type;
        Bytes dense = makeDense(shape, rows, columns, type, random);
        PackedTiles packed = packTilesOf(spec, dense);
        Bytes unpacked(dense.size(), 0x5A);
        Status status =
            unpackUnstructured(spec, packed.fields(), unpacked.data());
        ASSERT_TRUE(status.ok()) << status.message;
        ASSERT_EQ(unpacked, withPositiveZeros(dense, type));
      }
    }
  }
}

// Bit r * columns + c, and offsets into all values.
TEST(PackUnstructured, LayoutIsThatOfTheHeader) {
  UnstructuredSpec spec;
  spec.shape = {10, 70};
  spec.rows = 4;
  spec.columns = 32;
  spec.elementType = ElementType::F32;
  std::vector<float> dense(700);
  dense[1 * 70 + 3] = 1;   // group 0, column 0, bit 35: word 0
  dense[2 * 70 + 0] = 2;   // group 0, column 0, bit 64: word 1
  dense[3 * 70 + 69] = 3;  // group 0, column 2, bit 101: word 1
  dense[9 * 70 + 32] = -4; // group 2, column 1, bit 32: word 0
  dense[5 * 70 + 5] = -0.0f;
  Bytes bytes(dense.size() * 4);
  std::memcpy(bytes.data(), dense.data(), bytes.size());
  PackedTiles packed = packTilesOf(spec, bytes);
  EXPECT_EQ(packed.positions, (std::vector<int32_t>{0, 2, 2, 3}));
  EXPECT_EQ(packed.coordinates, (std::vector<int32_t>{0, 2, 1}));
  EXPECT_EQ(packed.bitmap,
            (std::vector<uint64_t>{uint64_t(1) << 35, 1, 0, uint64_t(1) << 37,
                                   uint64_t(1) << 32, 0}));
  EXPECT_EQ(packed.offsets, (std::vector<int32_t>{0, 1, 2, 2, 3, 4}));
  std::vector<float> values(4);
  ASSERT_EQ(packed.values.size(), 16u);
  std::memcpy(values.data(), packed.values.data(), 16);
  EXPECT_EQ(values, (std::vector<float>{1, 2, 3, -4}));
}

//===----------------------------------------------------------------------===//
// Pruning
//===----------------------------------------------------------------------===//

TEST(PackBlocks, PruningKeepsTheLargestNorms) {
  BlockSpec spec;
  spec.shape = {4, 6};
  spec.rows = spec.columns = 2;
  spec.elementType = ElementType::F32;
  // Norms squared by block: 4 9 4 | 1 4 NaN.
  std::vector<float> dense = {1, 1, 3, 0, 0, 2, //
                              1, 1, 0, 0, 0, 0, //
                              0, 1, 2, 0, 0, 0, //
                              0, 0, 0, 0, 0, std::nanf("")};
  ASSERT_TRUE(pruneBlocks(spec, 0.5, dense.data()).ok());
  EXPECT_EQ(dense[0], 1); // the first of the ties
  EXPECT_EQ(dense[2], 3);
  EXPECT_EQ(dense[5], 0);
  EXPECT_EQ(dense[13], 0);
  EXPECT_EQ(dense[14], 0);
  EXPECT_TRUE(std::isnan(dense[23]));
  ASSERT_TRUE(pruneBlocks(spec, 0, dense.data()).ok());
  EXPECT_TRUE(std::all_of(dense.begin(), dense.end(),
                          [](float value) { return value == 0; }));
}

TEST(PackUnstructured, PruningKeepsTheLargestMagnitudes) {
  UnstructuredSpec spec;
  spec.shape = {2, 5};
  spec.rows = 1;
  spec.columns = 64;
  spec.elementType = ElementType::F32;
  std::vector<float> dense = {1, -3, 2, -2, 0, 2, 5, -0.5f, std::nanf(""), 1};
  ASSERT_TRUE(pruneUnstructured(spec, 0.5, dense.data()).ok());
  EXPECT_EQ(dense[1], -3);
  EXPECT_EQ(dense[2], 2); // ties of 2: the first two of three
  EXPECT_EQ(dense[3], -2);
  EXPECT_EQ(dense[5], 0);
  EXPECT_EQ(dense[6], 5);
  EXPECT_TRUE(std::isnan(dense[8]));
  EXPECT_EQ(std::count(dense.begin(), dense.end(), 0.0f), 5);
}

TEST(PackUnstructured, PruningCountsAreThoseOfTheDensity) {
  std::mt19937 random(6);
  for (ElementType type : kTypes) {
    for (double density : {0.0, 0.01, 0.25, 0.5, 1.0}) {
      UnstructuredSpec spec;
      spec.shape = {37, 53};
      spec.elementType = type;
      Bytes dense = makeDense(spec.shape, 64, 64, type, random);
      for (auto &byte : dense) {
        byte |= 1; // no zeros, so that the count is exact
      }
      ASSERT_TRUE(pruneUnstructured(spec, density, dense.data()).ok());
      StatusOr<UnstructuredCounts> counts =
          countUnstructured(spec, dense.data());
      ASSERT_TRUE(counts.ok());
      EXPECT_EQ(counts->elements, std::llround(density * 37 * 53));
    }
  }
}

//===----------------------------------------------------------------------===//
// L7: refusals
//===----------------------------------------------------------------------===//

TEST(PackBlocks, RefusesWhatIsNoSpec) {
  auto message = [](BlockSpec spec) {
    return blockSizes(spec).status().message;
  };
  BlockSpec spec;
  spec.shape = {8, 8};
  spec.rows = spec.columns = 4;
  BlockSpec bad = spec;
  bad.shape = {8};
  EXPECT_EQ(message(bad), "expected a tensor of rank 2 or 3, but got rank 1");
  bad = spec;
  bad.rows = 0;
  EXPECT_EQ(message(bad), "expected tile sizes in 1..256, but got 0");
  bad = spec;
  bad.columns = 257;
  EXPECT_EQ(message(bad), "expected tile sizes in 1..256, but got 257");
  bad = spec;
  bad.shape = {int64_t(1) << 40, int64_t(1) << 40};
  EXPECT_EQ(message(bad), "expected sizes of a tensor of less than 2^63 bytes, "
                          "but got 1099511627776 at axis 1");
  bad = spec;
  bad.shape = {8, -1};
  EXPECT_EQ(message(bad), "expected sizes of a tensor of less than 2^63 bytes, "
                          "but got -1 at axis 1");
  bad = spec;
  bad.elementType = static_cast<ElementType>(77);
  EXPECT_EQ(message(bad), "expected an element type, but got number 77");
  bad = spec;
  bad.inner = BlockSpec::Inner{4, 4, 1, NOfMLayout::RowMajor};
  EXPECT_EQ(message(bad), "expected 0 < n < m <= 16, but got 4:4");
  bad = spec;
  bad.ordered = true;
  EXPECT_EQ(message(bad), "");
  bad.shape = {2, 8, 8};
  EXPECT_EQ(message(bad), "expected a tensor of rank 2 for an ordered list, "
                          "but got rank 3");
  bad.shape = {(int64_t(1) << 33) - 4, 0};
  EXPECT_EQ(message(bad), "");
  bad.shape[0] += 1;
  EXPECT_EQ(message(bad), "expected fewer than 2^31 groups in an ordered list, "
                          "but got 2147483648");
}

TEST(PackBlocks, RefusesWhatDoesNotFit) {
  BlockSpec spec;
  spec.shape = {8, 8};
  spec.rows = spec.columns = 4;
  spec.elementType = ElementType::F32;
  spec.inner = BlockSpec::Inner{};
  std::vector<float> dense(64);
  dense[5 * 8 + 4] = dense[5 * 8 + 5] = dense[5 * 8 + 6] = 1;
  std::vector<int32_t> positions(3), coordinates(1);
  Bytes values(64), metadata(16);
  BlockFields fields = {positions.data(), coordinates.data(), 1, values.data(),
                        metadata.data()};
  EXPECT_EQ(packBlocks(spec, dense.data(), fields).message,
            "expected at most 2 non-zero elements in each group of 4 along "
            "axis 1, but got 3 at row 1, elements 0..3, in the block at row of "
            "blocks 1, column of blocks 1");
  fields.entries = 2;
  EXPECT_EQ(packBlocks(spec, dense.data(), fields).message,
            "expected room for 1 entries, but got 2");
  EXPECT_EQ(pruneBlocks(spec, 1.5, dense.data()).message,
            "expected a density in 0..1, but got 1.500000");
}

TEST(PackBlocks, ChecksBuffersOfACaller) {
  BlockSpec spec;
  spec.shape = {6, 10};
  spec.rows = spec.columns = 4;
  spec.elementType = ElementType::F32;
  std::vector<float> dense(60, 1);
  Bytes bytes(240);
  std::memcpy(bytes.data(), dense.data(), 240);
  const PackedBlocks good = packBlocksOf(spec, bytes);
  auto check = [&](const std::function<void(PackedBlocks &)> &spoil) {
    PackedBlocks packed = good;
    spoil(packed);
    return checkBlocks(spec, packed.fields()).message;
  };
  EXPECT_EQ(check([](PackedBlocks &) {}), "");
  EXPECT_EQ(check([](PackedBlocks &p) { p.positions[0] = 1; }),
            "expected positions that begin at 0, but got 1 at positions[0]");
  EXPECT_EQ(check([](PackedBlocks &p) { p.positions[1] = 7; }),
            "expected ascending positions in 0..6, but got 7 after 0 at "
            "positions[1]");
  EXPECT_EQ(check([](PackedBlocks &p) { p.positions[1] = -1; }),
            "expected ascending positions in 0..6, but got -1 after 0 at "
            "positions[1]");
  EXPECT_EQ(check([](PackedBlocks &p) { p.positions[2] = 5; }),
            "expected positions that end at the 6 coordinates, but got 5 at "
            "positions[2]");
  EXPECT_EQ(check([](PackedBlocks &p) { p.coordinates[4] = 3; }),
            "expected coordinates below 3, but got 3 at coordinates[4] of "
            "group 1");
  EXPECT_EQ(check([](PackedBlocks &p) { p.coordinates[0] = -1; }),
            "expected coordinates below 3, but got -1 at coordinates[0] of "
            "group 0");
  EXPECT_EQ(check([](PackedBlocks &p) { p.coordinates[5] = 1; }),
            "expected ascending coordinates in a group, but got 1 after 1 at "
            "coordinates[5] of group 1");
  EXPECT_EQ(check([](PackedBlocks &p) {
              p.values[(2 * 16 + 1 * 4 + 2) * 4 + 3] = 0x40;
            }),
            "expected zero values beyond the edge, but got a non-zero one at "
            "values[2, 1, 2], in the block at row of blocks 0, column of "
            "blocks 2");
}

//===----------------------------------------------------------------------===//
// Order
//===----------------------------------------------------------------------===//

TEST(OrderBlocks, IsAPermutationOfTheGroups) {
  std::mt19937 random(7);
  for (int64_t rows : {1, 16, 64, 65, 128}) {
    for (int64_t groups : {0, 1, 2, 3, 7, 64, 301}) {
      for (int64_t columns : {1, 64, 65, 300}) {
        Lists lists = makeLists(groups, columns, random);
        std::vector<int32_t> order = orderOf(lists, rows, columns);
        std::vector<int32_t> sorted = order;
        std::sort(sorted.begin(), sorted.end());
        for (int64_t i = 0; i < groups; ++i) {
          ASSERT_EQ(sorted[i], i);
        }
        EXPECT_EQ(orderOf(lists, rows, columns), order);
        EXPECT_EQ(checkOrder(lists, rows, columns, order), "");
      }
    }
  }
}

TEST(OrderBlocks, LongestListFirst) {
  std::mt19937 random(8);
  for (int64_t rows : {65, 128, 256}) {
    Lists lists = makeLists(200, 37, random);
    std::vector<int32_t> order = orderOf(lists, rows, 37);
    for (size_t i = 1; i < order.size(); ++i) {
      int64_t before = lists.length(order[i - 1]);
      int64_t length = lists.length(order[i]);
      ASSERT_TRUE(before > length ||
                  (before == length && order[i - 1] < order[i]));
    }
  }
}

TEST(OrderBlocks, PairsShareTheirColumns) {
  // Two groups each of {8 9}, of {4 5} and of {0 1}, in disorder.
  Lists lists = listsOf({{8, 9}, {4, 5}, {0, 1}, {8, 9}, {0, 1}, {4, 5}});
  EXPECT_EQ(orderOf(lists, 64, 10), (std::vector<int32_t>{0, 3, 1, 5, 2, 4}));
  EXPECT_EQ(orderOf(lists, 65, 10), (std::vector<int32_t>{0, 1, 2, 3, 4, 5}));

  // The longest group shares more with a short one than with the next longest;
  // the pair that it leaves has more columns together, so it comes first.
  lists = listsOf({{0, 1, 2, 3, 4}, {5, 6, 7, 8}, {9, 10, 11, 12}, {0, 1}});
  EXPECT_EQ(orderOf(lists, 64, 13), (std::vector<int32_t>{1, 2, 0, 3}));
  EXPECT_EQ(orderOf(lists, 128, 13), (std::vector<int32_t>{0, 1, 2, 3}));

  // Columns of the second word of a set count like those of the first.
  lists = listsOf({{0, 100, 101}, {0, 1}, {100, 101}, {1, 2}});
  EXPECT_EQ(orderOf(lists, 64, 128), (std::vector<int32_t>{0, 2, 1, 3}));
}

TEST(OrderBlocks, TiesGoToTheLowerGroup) {
  // Of equal length, sharing equally: by number.
  Lists lists = listsOf({{0}, {1}, {2}, {3}});
  EXPECT_EQ(orderOf(lists, 64, 4), (std::vector<int32_t>{0, 1, 2, 3}));
  // Groups 1 and 3 share two columns with group 2; 3 is longer, 1 is lower.
  lists = listsOf({{9}, {0, 1}, {0, 1, 2, 3}, {0, 1, 8}});
  EXPECT_EQ(orderOf(lists, 64, 10), (std::vector<int32_t>{2, 1, 3, 0}));
}

TEST(OrderBlocks, AnOddGroupIsTheLast) {
  Lists lists = listsOf({{0, 1, 2}, {}, {0, 1, 2}});
  EXPECT_EQ(orderOf(lists, 64, 3), (std::vector<int32_t>{0, 2, 1}));
  lists = listsOf({{0, 1, 2, 3}, {4, 5, 6}, {0, 1, 2}});
  EXPECT_EQ(orderOf(lists, 64, 7), (std::vector<int32_t>{0, 2, 1}));
  EXPECT_EQ(orderOf(listsOf({{0, 2}}), 64, 3), (std::vector<int32_t>{0}));
  EXPECT_EQ(orderOf(listsOf({{}, {}, {}}), 64, 3),
            (std::vector<int32_t>{0, 1, 2}));
}

// The pairing by its definition, in sets of columns.
TEST(OrderBlocks, IsThatOfTheDefinition) {
  std::mt19937 random(9);
  for (int64_t groups : {2, 5, 40, 41}) {
    for (int64_t columns : {3, 64, 200}) {
      Lists lists = makeLists(groups, columns, random);
      EXPECT_EQ(orderOf(lists, 64, columns), orderByDefinition(lists));
    }
  }
}

TEST(OrderBlocks, LongListsArePairedNearby) {
  // The groups 2i and 2i + 1 share column i; those of odd number have shorter
  // lists, and are too far behind in the order of length to be looked at.
  std::vector<std::vector<int32_t>> sets;
  for (int32_t g = 0; g < 8194; ++g) {
    sets.push_back(g % 2 == 0 ? std::vector<int32_t>{g / 2, 4097}
                              : std::vector<int32_t>{g / 2});
  }
  auto countTogether = [](const std::vector<int32_t> &order) {
    int64_t together = 0;
    for (size_t i = 0; i + 1 < order.size(); i += 2) {
      together += order[i] / 2 == order[i + 1] / 2;
    }
    return together;
  };
  std::vector<int32_t> order = orderOf(listsOf(sets), 64, 4098);
  std::vector<int32_t> sorted = order;
  std::sort(sorted.begin(), sorted.end());
  for (size_t i = 0; i < sorted.size(); ++i) {
    ASSERT_EQ(sorted[i], static_cast<int32_t>(i));
  }
  EXPECT_EQ(countTogether(order), 0);
  // With lists of one length they are next to each other.
  for (auto &set : sets) {
    set.resize(1);
  }
  EXPECT_EQ(countTogether(orderOf(listsOf(sets), 64, 4098)), 4097);
}

TEST(OrderBlocks, RefusesWhatIsNoList) {
  BlockSpec spec = orderedSpec(2, 64, 3);
  std::vector<int32_t> positions = {0, 2, 1}, coordinates = {0, 1}, order(2);
  auto message = [&](const BlockSpec &of) {
    return orderBlocks(of, positions.data(), coordinates.data(), order.data())
        .message;
  };
  EXPECT_EQ(message(spec), "expected ascending positions in 0..1, but got 2 "
                           "after 0 at positions[1]");
  positions = {0, 2, 2};
  EXPECT_EQ(message(spec), "");
  coordinates = {1, 1};
  EXPECT_EQ(message(spec), "expected ascending coordinates in a group, but got "
                           "1 after 1 at coordinates[1] of group 0");
  coordinates = {0, 3};
  EXPECT_EQ(message(spec), "expected coordinates below 3, but got 3 at "
                           "coordinates[1] of group 0");
  coordinates = {0, 1};
  EXPECT_EQ(
      orderBlocks(spec, positions.data(), coordinates.data(), nullptr).message,
      "expected room for an order of 2 groups, but got none");
  // An order is of one matrix, whether or not the storage has it.
  spec.ordered = false;
  EXPECT_EQ(message(spec), "");
  spec.shape = {1, 128, 192};
  EXPECT_EQ(message(spec), "expected a tensor of rank 2 for an ordered list, "
                           "but got rank 3");
}

TEST(OrderBlocks, IsPackedAndChecked) {
  std::mt19937 random(10);
  BlockSpec spec;
  spec.shape = {70, 90};
  spec.rows = 16;
  spec.columns = 20;
  spec.elementType = ElementType::F16;
  spec.ordered = true;
  Bytes dense = makeDense(spec.shape, 16, 20, ElementType::F16, random);
  const PackedBlocks good = packBlocksOf(spec, dense);
  std::vector<int32_t> order(5);
  ASSERT_TRUE(orderBlocks(spec, good.positions.data(), good.coordinates.data(),
                          order.data())
                  .ok());
  EXPECT_EQ(good.order, order);
  Bytes unpacked(dense.size());
  for (auto run : {0, 1}) {
    auto check = [&](const std::vector<int32_t> &given) {
      PackedBlocks packed = good;
      packed.order = given;
      return run == 0
                 ? checkBlocks(spec, packed.fields()).message
                 : unpackBlocks(spec, packed.fields(), unpacked.data()).message;
    };
    EXPECT_EQ(check({4, 3, 2, 1, 0}), "");
    EXPECT_EQ(check({4, 3, 2, 3, 0}), "expected order to be a permutation of "
                                      "0..4, but got 3 twice at order[3]");
    EXPECT_EQ(check({4, 3, 2, 1, 5}), "expected order to be a permutation of "
                                      "0..4, but got 5 at order[4]");
    EXPECT_EQ(check({-1, 3, 2, 1, 0}), "expected order to be a permutation of "
                                       "0..4, but got -1 at order[0]");
  }
  EXPECT_EQ(withPositiveZeros(unpacked, ElementType::F16),
            withPositiveZeros(dense, ElementType::F16));
  // Without a buffer there is nothing to check, and nowhere to write to.
  PackedBlocks packed = good;
  BlockFields fields = packed.fields();
  fields.order = nullptr;
  EXPECT_TRUE(checkBlocks(spec, fields).ok());
  EXPECT_EQ(packBlocks(spec, dense.data(), fields).message,
            "expected room for an order of 5 groups, but got none");
  // A list that is not ordered does not read it.
  spec.ordered = false;
  packed.order = {7, 7, 7, 7, 7};
  EXPECT_TRUE(checkBlocks(spec, packed.fields()).ok());
  ASSERT_TRUE(packBlocks(spec, dense.data(), packed.fields()).ok());
  EXPECT_EQ(packed.order[0], 7);
}

TEST(PackUnstructured, ChecksBuffersOfACaller) {
  UnstructuredSpec spec;
  spec.shape = {6, 40};
  spec.rows = 4;
  spec.columns = 32;
  spec.elementType = ElementType::I8;
  const PackedTiles good = packTilesOf(spec, Bytes(240, 1));
  auto check = [&](const std::function<void(PackedTiles &)> &spoil) {
    PackedTiles packed = good;
    spoil(packed);
    return checkUnstructured(spec, packed.fields()).message;
  };
  EXPECT_EQ(check([](PackedTiles &) {}), "");
  EXPECT_EQ(check([](PackedTiles &p) { p.coordinates[1] = 0; }),
            "expected ascending coordinates in a group, but got 0 after 0 at "
            "coordinates[1] of group 0");
  EXPECT_EQ(check([](PackedTiles &p) { p.bitmap[2] |= uint64_t(1) << 8; }),
            "expected no bits beyond the edge, but got one at bitmap[1, 0]");
  EXPECT_EQ(check([](PackedTiles &p) { p.offsets[1] = 63; }),
            "expected the offset 64, the number of bits before, but got 63 at "
            "offsets[0, 1]");
  EXPECT_EQ(check([](PackedTiles &p) { p.counts.elements = 241; }),
            "expected a value for each of the 240 bits, but got 241 values");
  spec.rows = 3;
  EXPECT_EQ(unstructuredSizes(spec).status().message,
            "expected a tile whose size is a multiple of 64 elements, but got "
            "3x32");
  spec.shape = {2, 6, 40};
  EXPECT_EQ(unstructuredSizes(spec).status().message,
            "expected a tensor of rank 2, but got rank 3");
}

TEST(PackLists, SlackHasToBeZero) {
  std::vector<int32_t> positions = {0, 1, 2}, coordinates = {3, 0, 0, 0};
  ListFields list = {positions.data(), coordinates.data(), 4};
  EXPECT_EQ(checkList(list, 2, 4).message,
            "expected positions that end at the 4 coordinates, but got 2 at "
            "positions[2]");
  EXPECT_TRUE(checkList(list, 2, 4, /*hasSlack=*/true).ok());
  coordinates[3] = 1;
  EXPECT_EQ(checkList(list, 2, 4, /*hasSlack=*/true).message,
            "expected 0 beyond the last group, but got 1 at coordinates[3]");
}

//===----------------------------------------------------------------------===//
// C interface
//===----------------------------------------------------------------------===//

TEST(PackLists, CInterfaceRoundTrips) {
  const int64_t shape[] = {5, 70};
  std::vector<float> dense(350);
  dense[3] = 1;
  dense[4 * 70 + 69] = -2;
  SparsityBlock block = {};
  block.rank = 2;
  block.shape = shape;
  block.rows = 4;
  block.columns = 64;
  block.elementType = SPARSITY_ELEMENT_F32;
  int64_t groups = 0, valueBytes = 0, metadataBytes = -1, entries = 0;
  ASSERT_EQ(sparsityBlockSizes(&block, &groups, &valueBytes, &metadataBytes),
            0);
  ASSERT_EQ(sparsityBlockCount(&block, dense.data(), &entries), 0);
  EXPECT_EQ(groups, 2);
  EXPECT_EQ(valueBytes, 1024);
  EXPECT_EQ(metadataBytes, 0);
  EXPECT_EQ(entries, 2);
  std::vector<int32_t> positions(3), coordinates(2);
  std::vector<uint8_t> values(2048);
  SparsityBlockFields fields = {positions.data(), coordinates.data(),
                                entries,          values.data(),
                                nullptr,          nullptr};
  ASSERT_EQ(sparsityBlockPack(&block, dense.data(), &fields), 0);
  EXPECT_EQ(sparsityBlockCheck(&block, &fields), 0);
  std::vector<float> unpacked(350, 7);
  ASSERT_EQ(sparsityBlockUnpack(&block, &fields, unpacked.data()), 0);
  EXPECT_EQ(unpacked, dense);

  // Room where the list is ordered, and the same order for a list of one's own.
  std::vector<int32_t> order(2, -1), own(2, -1);
  fields.order = order.data();
  ASSERT_EQ(sparsityBlockPack(&block, dense.data(), &fields), 0);
  EXPECT_EQ(order, (std::vector<int32_t>{-1, -1}));
  block.ordered = 1;
  ASSERT_EQ(sparsityBlockPack(&block, dense.data(), &fields), 0);
  EXPECT_EQ(order, (std::vector<int32_t>{0, 1}));
  EXPECT_EQ(sparsityBlockCheck(&block, &fields), 0);
  SparsityBlockFields list = {positions.data(), coordinates.data(),
                              entries,          nullptr,
                              nullptr,          own.data()};
  ASSERT_EQ(sparsityBlockOrder(&block, &list), 0);
  EXPECT_EQ(own, order);
  block.ordered = 0;

  SparsityUnstructured tiles = {2, shape, 4, 64, SPARSITY_ELEMENT_F32};
  int64_t words = 0, count = 0, elements = 0;
  ASSERT_EQ(sparsityUnstructuredSizes(&tiles, &groups, &words), 0);
  ASSERT_EQ(sparsityUnstructuredCount(&tiles, dense.data(), &count, &elements),
            0);
  EXPECT_EQ(words, 4);
  EXPECT_EQ(count, 2);
  EXPECT_EQ(elements, 2);
  std::vector<uint64_t> bitmap(8);
  std::vector<int32_t> offsets(8);
  std::vector<float> kept(2);
  SparsityUnstructuredFields storage = {positions.data(), coordinates.data(),
                                        bitmap.data(),    offsets.data(),
                                        kept.data(),      count,
                                        elements};
  ASSERT_EQ(sparsityUnstructuredPack(&tiles, dense.data(), &storage), 0);
  EXPECT_EQ(kept, (std::vector<float>{1, -2}));
  std::fill(unpacked.begin(), unpacked.end(), 7);
  ASSERT_EQ(sparsityUnstructuredUnpack(&tiles, &storage, unpacked.data()), 0);
  EXPECT_EQ(unpacked, dense);

  ASSERT_EQ(sparsityUnstructuredPrune(&tiles, 0, unpacked.data()), 0);
  EXPECT_EQ(unpacked[3], 0);
  unpacked = dense;
  ASSERT_EQ(sparsityBlockPrune(&block, 0, unpacked.data()), 0);
  EXPECT_EQ(unpacked[3], 0);
}

TEST(PackLists, CInterfaceRecordsErrors) {
  sparsityClearLastError();
  int64_t count = 0;
  EXPECT_NE(sparsityBlockCount(nullptr, nullptr, &count), 0);
  EXPECT_STREQ(sparsityGetLastError(),
               "expected a spec with a shape of rank 0 to 64, but got null");
  sparsityClearLastError();
  const int64_t shape[] = {4, 4};
  SparsityBlock block = {};
  block.rank = 2;
  block.shape = shape;
  block.rows = block.columns = 2;
  // A list that claims more entries than there are is not read beyond them.
  std::vector<int32_t> positions = {0, 1, 1 << 30}, coordinates = {0, 1},
                       order = {0, 0};
  SparsityBlockFields fields = {
      positions.data(), coordinates.data(), 2, nullptr, nullptr, order.data()};
  EXPECT_NE(sparsityBlockOrder(&block, &fields), 0);
  EXPECT_STREQ(sparsityGetLastError(),
               "expected ascending positions in 0..2, but got 1073741824 after "
               "1 at positions[2]");
  sparsityClearLastError();
  positions[2] = 2;
  block.ordered = 1;
  EXPECT_NE(sparsityBlockCheck(&block, &fields), 0);
  EXPECT_STREQ(sparsityGetLastError(),
               "expected order to be a permutation of 0..1, but got 0 twice at "
               "order[1]");
  sparsityClearLastError();
  SparsityUnstructured tiles = {2, shape, 4, 4, SPARSITY_ELEMENT_F32};
  EXPECT_NE(sparsityUnstructuredSizes(&tiles, &count, &count), 0);
  EXPECT_STREQ(sparsityGetLastError(),
               "expected a tile whose size is a multiple of 64 elements, but "
               "got 4x4");
  sparsityClearLastError();
}
