//===- PackFragmentsTest.cpp - Bitmap tiles in the order of registers -----===//

#include "sparsity-c/Runtime.h"
#include "sparsity/Runtime/PackLists.h"

#include "gtest/gtest.h"

#include <cstring>
#include <random>

using namespace mlir::sparsity::runtime;

namespace {
constexpr int64_t kHeader = 384;

UnstructuredSpec makeSpec(int64_t rows, int64_t columns,
                          ElementType type = ElementType::BF16) {
  UnstructuredSpec spec;
  spec.shape = {rows, columns};
  spec.elementType = type;
  spec.layout = UnstructuredLayout::Fragments;
  return spec;
}

/// Each tile keeps another share of its elements, some none and some all.
std::vector<uint16_t> makeDense(int64_t rows, int64_t columns,
                                std::mt19937 &random) {
  std::vector<uint16_t> dense(rows * columns);
  std::vector<double> shares(((rows + 63) / 64) * ((columns + 63) / 64));
  const double choices[] = {0, 0.01, 0.3, 0.5, 1};
  for (double &share : shares) {
    share = choices[random() % 5];
  }
  std::uniform_real_distribution<double> uniform;
  for (int64_t r = 0; r < rows; ++r) {
    for (int64_t c = 0; c < columns; ++c) {
      double share = shares[r / 64 * ((columns + 63) / 64) + c / 64];
      if (uniform(random) < share) {
        dense[r * columns + c] = static_cast<uint16_t>(1 + random() % 0x7f00);
      }
    }
  }
  return dense;
}

struct Packed {
  std::vector<int32_t> positions, coordinates, offsets;
  std::vector<uint16_t> values;
  UnstructuredCounts counts;

  UnstructuredFields fields() {
    UnstructuredFields fields;
    fields.positions = positions.data();
    fields.coordinates = coordinates.data();
    fields.offsets = offsets.data();
    fields.values = values.data();
    fields.counts = counts;
    return fields;
  }
};

Packed pack(const UnstructuredSpec &spec, const std::vector<uint16_t> &dense) {
  Packed packed;
  StatusOr<UnstructuredSizes> sizes = unstructuredSizes(spec);
  StatusOr<UnstructuredCounts> counts = countUnstructured(spec, dense.data());
  EXPECT_TRUE(sizes.ok() && counts.ok());
  EXPECT_EQ(sizes->words, 0);
  packed.counts = *counts;
  packed.positions.assign(sizes->groups + 1, -1);
  packed.coordinates.assign(counts->tiles, -1);
  packed.offsets.assign(counts->tiles + 1, -1);
  packed.values.assign(counts->elements, 0xA5A5);
  Status status = packUnstructured(spec, dense.data(), packed.fields());
  EXPECT_TRUE(status.ok()) << status.message;
  return packed;
}
} // namespace

TEST(PackFragments, RoundTripOfOddShapes) {
  std::mt19937 random(1);
  const std::pair<int64_t, int64_t> shapes[] = {
      {1, 1}, {64, 64}, {65, 3}, {130, 257}, {0, 5}, {5, 0}, {200, 90}};
  for (auto [rows, columns] : shapes) {
    for (ElementType type : {ElementType::BF16, ElementType::F16}) {
      UnstructuredSpec spec = makeSpec(rows, columns, type);
      std::vector<uint16_t> dense = makeDense(rows, columns, random);
      Packed packed = pack(spec, dense);
      std::vector<uint16_t> unpacked(dense.size(), 0x5A5A);
      Status status =
          unpackUnstructured(spec, packed.fields(), unpacked.data());
      ASSERT_TRUE(status.ok()) << status.message;
      ASSERT_EQ(unpacked, dense);
      for (int32_t offset : packed.offsets) {
        ASSERT_EQ(offset % 8, 0);
      }
    }
  }
}

// What a thread of a warpgroup finds is its fragment of m64k16: lane 4 g + c of
// warp w has in register r of step s row 16 w + g + 8 (r % 2), columns 16 s + 8
// (r / 2) + 2 c and the next (PTX ISA, "wgmma", register fragments).
TEST(PackFragments, ThreadsFindTheirRegisters) {
  std::mt19937 random(2);
  UnstructuredSpec spec = makeSpec(64, 64);
  std::vector<uint16_t> dense(64 * 64);
  for (uint16_t &element : dense) {
    element = random() % 2 ? static_cast<uint16_t>(1 + random() % 0x7f00) : 0;
  }
  Packed packed = pack(spec, dense);
  const uint16_t *record = packed.values.data();
  const auto *bytes = reinterpret_cast<const char *>(record);
  for (int64_t thread = 0; thread < 128; ++thread) {
    int64_t warp = thread / 32, lane = thread % 32, inPatch = lane % 8;
    for (int64_t step = 0; step < 4; ++step) {
      for (int64_t half = 0; half < 2; ++half) {
        int64_t number = ((warp * 4 + lane / 8) * 4 + step) * 2 + half;
        uint32_t word;
        std::memcpy(&word, record + 2 * number, sizeof(word));
        uint32_t lower = ((1u << inPatch) - 1) * 0x01010101u;
        uint32_t bits = (word >> inPatch) & 0x01010101u;
        int64_t at =
            record[256 + number] + 2 * __builtin_popcount(word & lower);
        for (int64_t element = 0; element < 4; ++element) {
          int64_t row = 16 * warp + lane / 4 + 8 * half;
          int64_t column =
              16 * step + 8 * (element / 2) + 2 * (lane % 4) + element % 2;
          uint16_t found = 0;
          if (bits >> (8 * element) & 1) {
            std::memcpy(&found, bytes + at, sizeof(found));
            at += sizeof(found);
          }
          ASSERT_EQ(found, dense[row * 64 + column]) << row << " " << column;
        }
      }
    }
  }
}

TEST(PackFragments, RecordsArePadded) {
  std::vector<uint16_t> dense(64 * 192);
  dense[1] = 7;
  dense[191] = 9;
  Packed packed = pack(makeSpec(64, 192), dense);
  EXPECT_EQ(packed.coordinates, (std::vector<int32_t>{0, 2}));
  EXPECT_EQ(packed.offsets, (std::vector<int32_t>{0, 392, 784}));
  EXPECT_EQ(packed.values.size(), 784u);
  EXPECT_EQ(packed.values[kHeader], 7);
  for (int64_t i = kHeader + 1; i < 392; ++i) {
    EXPECT_EQ(packed.values[i], 0);
  }
}

TEST(PackFragments, ChecksBuffersOfACaller) {
  UnstructuredSpec spec = makeSpec(64, 70);
  std::vector<uint16_t> dense(64 * 70);
  dense[3] = 1;
  dense[69] = 2;
  Packed good = pack(spec, dense);
  auto message = [&](auto &&spoil) {
    Packed bad = good;
    spoil(bad);
    return checkUnstructured(spec, bad.fields()).message;
  };
  EXPECT_EQ(message([](Packed &) {}), "");
  EXPECT_EQ(message([](Packed &bad) { bad.offsets[1] = 393; }),
            "expected the offset 392, where a record begins, but got 393 at "
            "offsets[1]");
  EXPECT_EQ(message([](Packed &bad) { bad.offsets[2] = 0; }),
            "expected the offset 784, where a record begins, but got 0 at "
            "offsets[2]");
  EXPECT_EQ(message([](Packed &bad) { bad.values[392 + 256] += 2; }),
            "expected 768, where a patch's elements begin in bytes, but got "
            "770 at values[648]");
  // Column 64 + 6 of 70.
  EXPECT_EQ(message([](Packed &bad) { bad.values[392] |= 8; }),
            "expected no bits beyond the edge, but got one at values[392]");
  EXPECT_EQ(message([](Packed &bad) { bad.counts.elements = 776; }),
            "expected values of at least 784 elements, but got 776");
  EXPECT_EQ(message([](Packed &bad) { bad.counts.elements = 792; }),
            "expected values of 784 elements, those of all records, but got "
            "792");
}

TEST(PackFragments, Refusals) {
  auto message = [](const UnstructuredSpec &spec) {
    return unstructuredSizes(spec).status().message;
  };
  EXPECT_EQ(message(makeSpec(4, 4, ElementType::F32)),
            "expected tiles of 64x64 elements of 16 bits for layout fragments, "
            "but got 64x64 of 32 bits");
  UnstructuredSpec narrow = makeSpec(4, 4);
  narrow.rows = 16;
  EXPECT_EQ(message(narrow),
            "expected tiles of 64x64 elements of 16 bits for layout fragments, "
            "but got 16x64 of 16 bits");
  UnstructuredSpec unknown = makeSpec(4, 4);
  unknown.layout = static_cast<UnstructuredLayout>(7);
  EXPECT_EQ(message(unknown),
            "expected layout row_major or fragments, but got 7");
}

TEST(PackFragments, CInterface) {
  const int64_t shape[] = {64, 64};
  SparsityUnstructured spec = {
      2, shape, 64, 64, SPARSITY_ELEMENT_BF16, SPARSITY_UNSTRUCTURED_FRAGMENTS};
  std::vector<uint16_t> dense(64 * 64), unpacked(64 * 64, 1);
  dense[65] = 5;
  int64_t groups = 0, words = -1, tiles = 0, elements = 0;
  ASSERT_EQ(sparsityUnstructuredSizes(&spec, &groups, &words), 0);
  ASSERT_EQ(sparsityUnstructuredCount(&spec, dense.data(), &tiles, &elements),
            0);
  EXPECT_EQ(groups, 1);
  EXPECT_EQ(words, 0);
  EXPECT_EQ(tiles, 1);
  EXPECT_EQ(elements, 392);
  int32_t positions[2], coordinates[1], offsets[2];
  std::vector<uint16_t> values(elements);
  SparsityUnstructuredFields fields = {
      positions, coordinates, nullptr, offsets, values.data(), tiles, elements};
  ASSERT_EQ(sparsityUnstructuredPack(&spec, dense.data(), &fields), 0);
  ASSERT_EQ(sparsityUnstructuredCheck(&spec, &fields), 0);
  ASSERT_EQ(sparsityUnstructuredUnpack(&spec, &fields, unpacked.data()), 0);
  EXPECT_EQ(unpacked, dense);
}
