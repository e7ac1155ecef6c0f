//===- PackListsTest.cpp - Block and bitmap lists: round trips, refusals --===//

#include "sparsity/Runtime/PackLists.h"

#include "sparsity-c/Runtime.h"

#include "gtest/gtest.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>
#include <numeric>
#include <random>

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
  std::vector<int32_t> positions, coordinates;
  Bytes values, metadata;

  BlockFields fields() {
    return {positions.data(), coordinates.data(),
            static_cast<int64_t>(coordinates.size()), values.data(),
            metadata.data()};
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
  Status status = packBlocks(spec, dense.data(), packed.fields());
  EXPECT_TRUE(status.ok()) << status.message;
  return packed;
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
  SparsityBlockFields fields = {positions.data(), coordinates.data(), entries,
                                values.data(), nullptr};
  ASSERT_EQ(sparsityBlockPack(&block, dense.data(), &fields), 0);
  EXPECT_EQ(sparsityBlockCheck(&block, &fields), 0);
  std::vector<float> unpacked(350, 7);
  ASSERT_EQ(sparsityBlockUnpack(&block, &fields, unpacked.data()), 0);
  EXPECT_EQ(unpacked, dense);

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
  SparsityUnstructured tiles = {2, shape, 4, 4, SPARSITY_ELEMENT_F32};
  EXPECT_NE(sparsityUnstructuredSizes(&tiles, &count, &count), 0);
  EXPECT_STREQ(sparsityGetLastError(),
               "expected a tile whose size is a multiple of 64 elements, but "
               "got 4x4");
  sparsityClearLastError();
}
