//===- PackNOfMTest.cpp - N:M layouts, round trips and refusals -----------===//

#include "sparsity/Runtime/Pack.h"

#include "sparsity-c/Runtime.h"

#include "gtest/gtest.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <random>

using namespace mlir::sparsity::runtime;

namespace {
using Bytes = std::vector<uint8_t>;

int64_t countElements(const NOfMSpec &spec) {
  int64_t count = 1;
  for (int64_t size : spec.shape) {
    count *= size;
  }
  return count;
}

/// Rows x extent of a spec, with the element offset of (row, k) by definition:
/// the row is the row-major index over the axes but `axis`.
struct Reference {
  explicit Reference(const NOfMSpec &spec) : spec(spec) {
    extent = spec.shape[spec.axis];
    for (size_t i = 0; i < spec.shape.size(); ++i) {
      if (static_cast<int64_t>(i) != spec.axis) {
        rows *= spec.shape[i];
      }
    }
    size = getElementSize(spec.elementType);
  }

  int64_t offset(int64_t row, int64_t k) const {
    std::vector<int64_t> index(spec.shape.size());
    for (int64_t i = spec.shape.size() - 1; i >= 0; --i) {
      if (i == spec.axis) {
        index[i] = k;
      } else {
        index[i] = row % spec.shape[i];
        row /= spec.shape[i];
      }
    }
    int64_t result = 0;
    for (size_t i = 0; i < spec.shape.size(); ++i) {
      result = result * spec.shape[i] + index[i];
    }
    return result;
  }

  uint64_t read(const Bytes &dense, int64_t row, int64_t k) const {
    uint64_t bits = 0;
    if (row < rows && k < extent) {
      std::memcpy(&bits, dense.data() + offset(row, k) * size, size);
    }
    return bits;
  }

  bool isNonZero(uint64_t bits) const {
    uint64_t sign = isFloat(spec.elementType) ? 1ull << (8 * size - 1) : 0;
    return (bits & ~sign) != 0;
  }

  NOfMSpec spec;
  int64_t rows = 1;
  int64_t extent;
  int64_t size;
};

/// Random elements with at most n non-zeros a group, some of them fewer; zeros
/// are -0.0 at times.
Bytes makeDense(const NOfMSpec &spec, std::mt19937 &random) {
  Reference matrix(spec);
  Bytes dense(countElements(spec) * matrix.size);
  uint64_t sign = 1ull << (8 * matrix.size - 1);
  for (int64_t row = 0; row < matrix.rows; ++row) {
    for (int64_t start = 0; start < matrix.extent; start += spec.m) {
      int64_t width = std::min(spec.m, matrix.extent - start);
      std::vector<int64_t> order(width);
      for (int64_t i = 0; i < width; ++i) {
        order[i] = i;
      }
      std::shuffle(order.begin(), order.end(), random);
      int64_t count = random() % 4 == 0 ? random() % (spec.n + 1) : spec.n;
      for (int64_t i = 0; i < width; ++i) {
        uint64_t bits = 0;
        if (i < count) {
          bits = random() | static_cast<uint64_t>(random()) << 32;
          bits |= 1; // never zero, whatever the sign
        } else if (isFloat(spec.elementType) && random() % 3 == 0) {
          bits = sign;
        }
        if (spec.elementType == ElementType::I1) {
          bits &= 1;
        }
        std::memcpy(dense.data() +
                        matrix.offset(row, start + order[i]) * matrix.size,
                    &bits, matrix.size);
      }
    }
  }
  return dense;
}

/// What unpack(pack(x)) is: x with +0.0 for -0.0.
Bytes withoutNegativeZeros(const NOfMSpec &spec, Bytes dense) {
  Reference matrix(spec);
  for (size_t i = 0; i < dense.size(); i += matrix.size) {
    uint64_t bits = 0;
    std::memcpy(&bits, dense.data() + i, matrix.size);
    if (!matrix.isNonZero(bits)) {
      std::memset(dense.data() + i, 0, matrix.size);
    }
  }
  return dense;
}

struct Packed {
  Bytes values;
  Bytes metadata;
};

Packed pack(const NOfMSpec &spec, const Bytes &dense) {
  StatusOr<PackedSizes> sizes = packedSizes(spec);
  EXPECT_TRUE(sizes.ok()) << sizes.status().message;
  // Poisoned, so that bytes nobody writes are seen.
  Packed packed{Bytes(sizes->valueBytes, 0xcd),
                Bytes(sizes->metadataBytes, 0xcd)};
  Status status = packNOfM(spec, dense.data(), packed.values.data(),
                           packed.metadata.data());
  EXPECT_TRUE(status.ok()) << status.message;
  return packed;
}

void expectRoundTrip(const NOfMSpec &spec, std::mt19937 &random) {
  Bytes dense = makeDense(spec, random);
  Packed packed = pack(spec, dense);
  Bytes unpacked(dense.size(), 0xab);
  Status status = unpackNOfM(spec, packed.values.data(), packed.metadata.data(),
                             unpacked.data());
  ASSERT_TRUE(status.ok()) << status.message;
  ASSERT_EQ(unpacked, withoutNegativeZeros(spec, dense));
}

/// The row_major layout written out from its definition.
Packed packRowMajorSlowly(const NOfMSpec &spec, const Bytes &dense) {
  Reference matrix(spec);
  int64_t groups = (matrix.extent + spec.m - 1) / spec.m;
  int64_t bits = spec.m <= 2 ? 1 : spec.m <= 4 ? 2 : 4;
  int64_t rowBytes = (groups * spec.n * bits + 7) / 8;
  Packed packed{Bytes(matrix.rows * groups * spec.n * matrix.size),
                Bytes(matrix.rows * rowBytes)};
  for (int64_t row = 0; row < matrix.rows; ++row) {
    for (int64_t group = 0; group < groups; ++group) {
      std::vector<bool> kept(spec.m);
      int64_t count = 0;
      for (int64_t pass = 0; pass < 2; ++pass) {
        for (int64_t i = 0; i < spec.m; ++i) {
          uint64_t element = matrix.read(dense, row, group * spec.m + i);
          if (!kept[i] && count < spec.n &&
              (pass == 1 || matrix.isNonZero(element))) {
            kept[i] = true;
            ++count;
          }
        }
      }
      int64_t slot = group * spec.n;
      for (int64_t i = 0; i < spec.m; ++i) {
        if (!kept[i]) {
          continue;
        }
        uint64_t element = matrix.read(dense, row, group * spec.m + i);
        if (!matrix.isNonZero(element)) {
          element = 0;
        }
        std::memcpy(packed.values.data() +
                        (row * groups * spec.n + slot) * matrix.size,
                    &element, matrix.size);
        for (int64_t b = 0; b < bits; ++b) {
          int64_t bit = slot * bits + b;
          packed.metadata[row * rowBytes + bit / 8] |= ((i >> b) & 1)
                                                       << (bit % 8);
        }
        ++slot;
      }
    }
  }
  return packed;
}

/// Bits 4j..4j+3 of metadata word `word`.
unsigned readNibble(const Bytes &metadata, int64_t word, int64_t j) {
  uint32_t bits = 0;
  std::memcpy(&bits, metadata.data() + 4 * word, 4);
  return (bits >> (4 * j)) & 0xf;
}

/// Checks each group of a core_matrix buffer through the addresses that the
/// instruction tables give.
void expectCoreMatrixLayout(const NOfMSpec &spec, const Bytes &dense,
                            const Packed &packed) {
  Reference matrix(spec);
  int64_t groupSize = matrix.size == 4 ? 2 : 4;
  int64_t kept = groupSize / 2;
  int64_t tile = 128 / matrix.size;
  int64_t rowBlocks = (matrix.rows + 63) / 64;
  int64_t kBlocks = (matrix.extent + tile - 1) / tile;
  int64_t wordsPerBlock = matrix.size == 1 ? 256 : 128;
  ASSERT_EQ(packed.values.size(),
            static_cast<size_t>(kBlocks * rowBlocks * 4096));
  ASSERT_EQ(packed.metadata.size(),
            static_cast<size_t>(kBlocks * rowBlocks * wordsPerBlock * 4));
  for (int64_t row = 0; row < rowBlocks * 64; ++row) {
    int64_t w = row % 64 / 16;
    int64_t g = row % 8;
    int64_t hi = row / 8 % 2;
    for (int64_t k = 0; k < kBlocks * tile; k += groupSize) {
      int64_t kb = k / tile;
      int64_t block = kb * rowBlocks + row / 64;
      int64_t inTile = k % tile;
      unsigned nibble = 0;
      if (matrix.size == 1) {
        int64_t kk = inTile / 64;
        int64_t khalf = inTile % 64 / 32;
        nibble =
            readNibble(packed.metadata,
                       block * 256 + w * 64 + g * 8 + khalf * 4 + hi * 2 + kk,
                       inTile % 32 / 4);
      } else {
        int64_t step = matrix.size == 2 ? 32 : 16;
        int64_t sel = inTile / step;
        int64_t khalf = inTile % step / (step / 2);
        int64_t j = inTile % (step / 2) / groupSize;
        nibble = readNibble(packed.metadata,
                            block * 128 + w * 32 + g * 4 + sel * 2 + khalf,
                            4 * hi + j);
      }
      std::vector<int64_t> positions;
      if (groupSize == 2) {
        ASSERT_TRUE(nibble == 0x4 || nibble == 0xe) << nibble;
        positions = {nibble == 0xe ? 1 : 0};
      } else {
        ASSERT_LT(nibble & 3, nibble >> 2) << "invalid nibble " << nibble;
        positions = {nibble & 3, nibble >> 2};
      }
      std::vector<uint64_t> group(groupSize);
      bool allZero = true;
      for (int64_t i = 0; i < kept; ++i) {
        int64_t byte = (k % tile / 2 + (groupSize == 2 ? 0 : i)) * matrix.size;
        uint64_t value = 0;
        std::memcpy(&value,
                    packed.values.data() + block * 4096 + byte / 16 * 1024 +
                        row % 64 / 8 * 128 + row % 8 * 16 + byte % 16,
                    matrix.size);
        group[positions[i]] = value;
      }
      for (int64_t i = 0; i < groupSize; ++i) {
        uint64_t expected = matrix.read(dense, row, k + i);
        if (!matrix.isNonZero(expected)) {
          expected = 0;
        }
        allZero = allZero && expected == 0;
        ASSERT_EQ(group[i], expected) << "row " << row << " k " << k + i;
      }
      if (allZero) {
        ASSERT_EQ(nibble, 0x4u);
      }
    }
  }
}

const int64_t kSizes[] = {0, 1, 3, 7, 63, 64, 65, 130};

std::string packError(const NOfMSpec &spec, const void *dense) {
  StatusOr<PackedSizes> sizes = packedSizes(spec);
  if (!sizes.ok()) {
    return sizes.status().message;
  }
  Bytes values(sizes->valueBytes);
  Bytes metadata(sizes->metadataBytes);
  return packNOfM(spec, dense, values.data(), metadata.data()).message;
}

std::string unpackError(const NOfMSpec &spec, const Packed &packed) {
  Bytes dense(countElements(spec) * getElementSize(spec.elementType));
  return unpackNOfM(spec, packed.values.data(), packed.metadata.data(),
                    dense.data())
      .message;
}
} // namespace

//===----------------------------------------------------------------------===//
// row_major
//===----------------------------------------------------------------------===//

TEST(PackNOfM, RowMajorEveryPatternMatchesTheDefinition) {
  std::mt19937 random(1);
  const ElementType types[] = {ElementType::BF16, ElementType::F32,
                               ElementType::I8, ElementType::F64};
  for (int64_t m = 2; m <= 16; ++m) {
    for (int64_t n = 1; n < m; ++n) {
      int64_t rows = kSizes[random() % 8];
      int64_t extent = kSizes[random() % 8] + random() % 9;
      NOfMSpec spec{
          n, m, {rows, extent}, 1, types[random() % 4], NOfMLayout::RowMajor};
      SCOPED_TRACE(testing::Message()
                   << n << ":" << m << " " << rows << "x" << extent);
      Bytes dense = makeDense(spec, random);
      Packed packed = pack(spec, dense);
      Packed expected = packRowMajorSlowly(spec, dense);
      ASSERT_EQ(packed.values, expected.values);
      ASSERT_EQ(packed.metadata, expected.metadata);
      expectRoundTrip(spec, random);
    }
  }
}

TEST(PackNOfM, RowMajorEveryAxisAndSize) {
  std::mt19937 random(2);
  for (int64_t extent : kSizes) {
    for (int64_t other : {0, 1, 5, 70}) {
      std::vector<NOfMSpec> specs = {
          {2, 4, {extent}, 0},           {2, 4, {extent, other}, 0},
          {3, 5, {other, extent}, 1},    {1, 2, {extent, other, 3}, 0},
          {2, 4, {3, extent, other}, 1}, {5, 16, {other, 2, extent}, 2},
      };
      for (NOfMSpec &spec : specs) {
        spec.elementType = ElementType::F16;
        Bytes dense = makeDense(spec, random);
        Packed packed = pack(spec, dense);
        Packed expected = packRowMajorSlowly(spec, dense);
        ASSERT_EQ(packed.values, expected.values);
        ASSERT_EQ(packed.metadata, expected.metadata);
        expectRoundTrip(spec, random);
      }
    }
  }
}

TEST(PackNOfM, RowMajorLongRowsCrossTiles) {
  std::mt19937 random(3);
  expectRoundTrip({2, 4, {3, 5001}, 1, ElementType::BF16}, random);
  expectRoundTrip({5, 7, {5001, 3}, 0, ElementType::F8E5M2}, random);
  expectRoundTrip({15, 16, {2, 3000}, 1, ElementType::I64}, random);
}

//===----------------------------------------------------------------------===//
// core_matrix
//===----------------------------------------------------------------------===//

TEST(PackNOfM, CoreMatrixMatchesTheInstructionTables) {
  std::mt19937 random(4);
  struct Case {
    int64_t n, m;
    ElementType type;
  };
  const Case cases[] = {
      {2, 4, ElementType::BF16},     {2, 4, ElementType::F16},
      {1, 4, ElementType::F16},      {1, 2, ElementType::BF16},
      {2, 8, ElementType::BF16},     {1, 3, ElementType::BF16},
      {2, 4, ElementType::F8E4M3FN}, {2, 4, ElementType::I8},
      {1, 2, ElementType::F8E5M2},   {1, 2, ElementType::F32},
      {1, 2, ElementType::I32},      {1, 4, ElementType::F32},
  };
  for (const Case &c : cases) {
    for (int64_t rows : kSizes) {
      int64_t extent = kSizes[random() % 8] + (random() % 2) * 128;
      NOfMSpec spec{c.n, c.m,    {rows, extent},
                    1,   c.type, NOfMLayout::CoreMatrix};
      SCOPED_TRACE(testing::Message()
                   << c.n << ":" << c.m << " " << getElementName(c.type) << " "
                   << rows << "x" << extent);
      Bytes dense = makeDense(spec, random);
      Packed packed = pack(spec, dense);
      expectCoreMatrixLayout(spec, dense, packed);
      expectRoundTrip(spec, random);
    }
  }
}

TEST(PackNOfM, CoreMatrixEveryAxis) {
  std::mt19937 random(5);
  for (int64_t extent : kSizes) {
    const NOfMSpec specs[] = {
        {2, 4, {extent}, 0, ElementType::BF16, NOfMLayout::CoreMatrix},
        {2, 4, {extent, 65}, 0, ElementType::BF16, NOfMLayout::CoreMatrix},
        {2, 4, {7, extent, 11}, 1, ElementType::I8, NOfMLayout::CoreMatrix},
        {1, 2, {extent, 3, 23}, 0, ElementType::F32, NOfMLayout::CoreMatrix},
        {2, 4, {5, 13, extent}, 2, ElementType::F16, NOfMLayout::CoreMatrix},
    };
    for (const NOfMSpec &spec : specs) {
      Bytes dense = makeDense(spec, random);
      expectCoreMatrixLayout(spec, dense, pack(spec, dense));
      expectRoundTrip(spec, random);
    }
  }
}

TEST(PackNOfM, NativeFitIsWhatEveryTensorOfThePatternAllows) {
  EXPECT_TRUE(nativeFit(2, 4, 16));
  EXPECT_TRUE(nativeFit(2, 4, 8));
  EXPECT_TRUE(nativeFit(1, 4, 16));
  EXPECT_TRUE(nativeFit(1, 2, 16));
  EXPECT_TRUE(nativeFit(1, 2, 32));
  EXPECT_FALSE(nativeFit(2, 4, 32));
  EXPECT_FALSE(nativeFit(3, 4, 16));
  EXPECT_FALSE(nativeFit(4, 8, 16));
  EXPECT_FALSE(nativeFit(2, 3, 16));
  EXPECT_FALSE(nativeFit(1, 2, 64));
  EXPECT_FALSE(nativeFit(0, 4, 16));
  // Against brute force: does any mask of the pattern overfill a group of 4?
  for (int64_t m = 2; m <= 8; ++m) {
    for (int64_t n = 1; n < m; ++n) {
      bool fits = true;
      for (int64_t start = 0; start < 4 * m; start += 4) {
        // Groups that touch elements start..start+3.
        int64_t first = start / m;
        int64_t span = ((start + 3) / m - first + 1) * m;
        for (uint32_t mask = 0; mask < (1u << span) && span <= 16; ++mask) {
          bool obeys = true;
          for (int64_t g = 0; g < span; g += m) {
            obeys =
                obeys && __builtin_popcount((mask >> g) & ((1u << m) - 1)) <= n;
          }
          int64_t count =
              __builtin_popcount((mask >> (start - first * m)) & 0xf);
          fits = fits && !(obeys && count > 2);
        }
      }
      EXPECT_EQ(nativeFit(n, m, 16), fits) << n << ":" << m;
    }
  }
}

//===----------------------------------------------------------------------===//
// Refusals
//===----------------------------------------------------------------------===//

TEST(PackNOfM, TooManyNonZerosNamesTheFirstGroup) {
  for (NOfMLayout layout : {NOfMLayout::RowMajor, NOfMLayout::CoreMatrix}) {
    NOfMSpec spec{2, 4, {70, 130}, 1, ElementType::BF16, layout};
    std::vector<uint16_t> dense(70 * 130);
    dense[7 * 130 + 12] = dense[7 * 130 + 13] = dense[7 * 130 + 15] = 0x3f80;
    dense[69 * 130 + 0] = dense[69 * 130 + 1] = dense[69 * 130 + 2] = 0x3f80;
    EXPECT_EQ(packError(spec, dense.data()),
              "expected at most 2 non-zero elements in each group of 4 along "
              "axis 1, but got 3 at row 7, elements 12..15");
    dense[7 * 130 + 13] = 0x8000; // -0.0 is zero
    EXPECT_EQ(packError(spec, dense.data()),
              "expected at most 2 non-zero elements in each group of 4 along "
              "axis 1, but got 3 at row 69, elements 0..3");
  }
  // A pattern that is stored as a wider one still holds itself.
  NOfMSpec narrow{1, 4, {1, 6}, 1, ElementType::BF16, NOfMLayout::CoreMatrix};
  const uint16_t two[] = {0, 0, 0, 0, 1, 1};
  EXPECT_EQ(packError(narrow, two),
            "expected at most 1 non-zero elements in each group of 4 along "
            "axis 1, but got 2 at row 0, elements 4..5");
}

TEST(PackNOfM, BadSpecsAreErrors) {
  const uint16_t dense[16] = {};
  EXPECT_EQ(packError({4, 4, {4}, 0}, dense),
            "expected 0 < n < m <= 16, but got 4:4");
  EXPECT_EQ(packError({2, 17, {4}, 0}, dense),
            "expected 0 < n < m <= 16, but got 2:17");
  EXPECT_EQ(packError({2, 4, {4}, 1}, dense),
            "expected an axis of a tensor of rank 1, but got axis 1");
  EXPECT_EQ(packError({2, 4, {}, 0}, dense),
            "expected an axis of a tensor of rank 0, but got axis 0");
  EXPECT_EQ(packError({2, 4, {-1, 4}, 1}, dense),
            "expected sizes of a tensor of less than 2^63 bytes, but got -1 at "
            "axis 0");
  EXPECT_EQ(packError({2, 4, {INT64_MAX, 4}, 1}, dense),
            "expected sizes of a tensor of less than 2^63 bytes, but got "
            "9223372036854775807 at axis 0");
  EXPECT_EQ(packError({15, 16, {int64_t(1) << 61, 1}, 1}, dense),
            "expected packed buffers of less than 2^63 bytes, but got "
            "2305843009213693952 rows of 15 values");
  EXPECT_EQ(
      packError({2, 4, {4}, 0, ElementType::F32, NOfMLayout::CoreMatrix},
                dense),
      "expected a pattern that fits 2:4 of 8- or 16-bit elements or 1:2 of "
      "32-bit elements for layout core_matrix, but got 2:4 of f32");
  EXPECT_EQ(packError({2, 4, {4}, 0, static_cast<ElementType>(99)}, dense),
            "expected an element type, but got number 99");
  EXPECT_EQ(
      packError({2, 4, {4}, 0, ElementType::F16, static_cast<NOfMLayout>(7)},
                dense),
      "expected layout row_major or core_matrix, but got 7");
}

TEST(PackNOfM, RowMajorRefusesBadMetadata) {
  NOfMSpec spec{2, 4, {3, 6}, 1, ElementType::F16};
  Packed good = pack(spec, Bytes(36));
  ASSERT_EQ(unpackError(spec, good), "");
  Packed bad = good;
  bad.metadata[1] = 0x0a; // group 0: 2, 2
  EXPECT_EQ(unpackError(spec, bad), "expected ascending positions below 4, but "
                                    "got 2, 2 at row 1, group 0");
  bad = good;
  bad.metadata[2] = 0x14; // group 1: 1, 0
  EXPECT_EQ(unpackError(spec, bad), "expected ascending positions below 4, but "
                                    "got 1, 0 at row 2, group 1");
  bad = good;
  bad.metadata[0] = 0x84; // group 1: 0, 2, and element 6 does not exist
  bad.values[2 * 3] = 1;
  EXPECT_EQ(unpackError(spec, bad),
            "expected zero values beyond element 5, but got a non-zero one at "
            "positions 0, 2 of row 0, group 1");
  NOfMSpec three{1, 3, {1, 3}, 1, ElementType::F16};
  Packed beyond = pack(three, Bytes(6));
  beyond.metadata[0] = 3;
  EXPECT_EQ(unpackError(three, beyond), "expected ascending positions below 3, "
                                        "but got 3 at row 0, group 0");
}

TEST(PackNOfM, CoreMatrixRefusesBadMetadata) {
  NOfMSpec spec{2, 4, {3, 6}, 1, ElementType::F16, NOfMLayout::CoreMatrix};
  Packed good = pack(spec, Bytes(36));
  ASSERT_EQ(unpackError(spec, good), "");
  for (unsigned nibble : {0x0u, 0x1u, 0x5u, 0x6u, 0xau, 0xfu}) {
    Packed bad = good;
    // Row 2 is g = 2 of warp 0: word 8, group 1 in bits 4..7.
    bad.metadata[4 * 8] = static_cast<uint8_t>(0x4 | nibble << 4);
    std::string digit(1, "0123456789abcdef"[nibble]);
    EXPECT_EQ(unpackError(spec, bad),
              "expected a metadata nibble 0x4, 0x8, 0x9, 0xc, 0xd or 0xe, but "
              "got 0x" +
                  digit + " at row 2, group 1");
  }
  Packed beyond = good;
  beyond.metadata[0] = 0x84; // row 0, group 1: positions 0, 2
  beyond.values[2 * 3] = 1;
  EXPECT_EQ(unpackError(spec, beyond),
            "expected zero values in the padding of 3 rows of 6 elements, but "
            "got a non-zero one at row 0, group 1");
  Packed padding = good;
  padding.values[16 * 5] = 1; // row 5 of 3
  EXPECT_EQ(unpackError(spec, padding),
            "expected zero values in the padding of 3 rows of 6 elements, but "
            "got a non-zero one at row 5, group 0");
  NOfMSpec wide{1, 2, {3, 6}, 1, ElementType::F32, NOfMLayout::CoreMatrix};
  Packed words = pack(wide, Bytes(72));
  words.metadata[0] = 0x48;
  EXPECT_EQ(unpackError(wide, words),
            "expected a metadata nibble 0x4 or 0xe, but got 0x8 at row 0, "
            "group 0");
  // 1:4 is stored as 2:4; both slots of a group taken is not 1:4.
  NOfMSpec narrow{1, 4, {1, 4}, 1, ElementType::F16, NOfMLayout::CoreMatrix};
  Packed both = pack(narrow, Bytes(8));
  both.values[0] = both.values[2] = 1;
  EXPECT_EQ(unpackError(narrow, both),
            "expected at most 1 non-zero elements in each group of 4 along "
            "axis 1, but got 2 at row 0, elements 0..3");
}

//===----------------------------------------------------------------------===//
// Pruning
//===----------------------------------------------------------------------===//

TEST(PackNOfM, PruneKeepsTheLargestMagnitudes) {
  NOfMSpec spec{2, 4, {10}, 0, ElementType::F32};
  float dense[] = {1, -3, 2, -2, NAN, INFINITY, -1e30f, NAN, -5, 0.5f};
  ASSERT_TRUE(pruneNOfM(spec, dense).ok());
  const float first[] = {0, -3, 2, 0}; // the tie of 2 and -2 goes to the first
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(dense[i], first[i]);
    EXPECT_FALSE(dense[i] == 0 && std::signbit(dense[i]));
  }
  EXPECT_TRUE(std::isnan(dense[4]));
  EXPECT_EQ(dense[5], 0);
  EXPECT_EQ(dense[6], 0);
  EXPECT_TRUE(std::isnan(dense[7]));
  EXPECT_EQ(dense[8], -5); // a tail of two keeps both
  EXPECT_EQ(dense[9], 0.5f);

  NOfMSpec bytes{1, 4, {4}, 0, ElementType::I8};
  int8_t small[] = {127, -128, 5, -127};
  ASSERT_TRUE(pruneNOfM(bytes, small).ok());
  const int8_t kept[] = {0, -128, 0, 0};
  EXPECT_EQ(std::memcmp(small, kept, 4), 0);

  // NaNs of different payloads tie; the first is kept.
  NOfMSpec one{1, 2, {4}, 0, ElementType::BF16};
  uint16_t nans[] = {0x7f81, 0xffff, 0x7f80, 0xffc0};
  ASSERT_TRUE(pruneNOfM(one, nans).ok());
  EXPECT_EQ(nans[0], 0x7f81);
  EXPECT_EQ(nans[1], 0);
  EXPECT_EQ(nans[2], 0);
  EXPECT_EQ(nans[3], 0xffc0);
}

TEST(PackNOfM, PrunedTensorsPackOnEveryAxis) {
  std::mt19937 random(6);
  for (ElementType type : {ElementType::F16, ElementType::F8E4M3FN,
                           ElementType::I32, ElementType::F64}) {
    for (int64_t axis = 0; axis < 3; ++axis) {
      for (auto [n, m] : {std::pair<int64_t, int64_t>{2, 4}, {3, 7}, {1, 16}}) {
        NOfMSpec spec{n, m, {9, 66, 21}, axis, type};
        Bytes dense(countElements(spec) * getElementSize(type));
        for (uint8_t &byte : dense) {
          byte = static_cast<uint8_t>(random() & 0x77); // no NaN, no infinity
        }
        Bytes pruned = dense;
        ASSERT_TRUE(pruneNOfM(spec, pruned.data()).ok());
        Reference matrix(spec);
        for (int64_t row = 0; row < matrix.rows; ++row) {
          for (int64_t start = 0; start < matrix.extent; start += m) {
            int64_t end = std::min(start + m, matrix.extent);
            // All positive, so that the bits order the magnitudes.
            std::vector<uint64_t> all;
            std::vector<uint64_t> kept;
            for (int64_t k = start; k < end; ++k) {
              all.push_back(matrix.read(dense, row, k));
              uint64_t value = matrix.read(pruned, row, k);
              if (value != 0) {
                ASSERT_EQ(value, all.back());
                kept.push_back(value);
              }
            }
            std::sort(all.rbegin(), all.rend());
            all.resize(std::min<size_t>(all.size(), n));
            all.erase(std::remove(all.begin(), all.end(), uint64_t(0)),
                      all.end());
            std::sort(kept.rbegin(), kept.rend());
            ASSERT_EQ(kept, all);
          }
        }
        pack(spec, pruned);
      }
    }
  }
}

//===----------------------------------------------------------------------===//
// C interface
//===----------------------------------------------------------------------===//

TEST(PackNOfM, CInterface) {
  sparsityClearLastError();
  const int64_t shape[] = {5, 12};
  SparsityNOfM spec = {
      2, 4, 1, 2, shape, SPARSITY_ELEMENT_BF16, SPARSITY_N_OF_M_ROW_MAJOR};
  std::vector<uint16_t> dense(60, 0x3f80);
  int64_t valueBytes = 0;
  int64_t metadataBytes = 0;
  ASSERT_EQ(sparsityPackedSizesNOfM(&spec, &valueBytes, &metadataBytes), 0);
  EXPECT_EQ(valueBytes, 5 * 6 * 2);
  EXPECT_EQ(metadataBytes, 5 * 2);
  Bytes values(valueBytes);
  Bytes metadata(metadataBytes);
  EXPECT_NE(
      sparsityPackNOfM(&spec, dense.data(), values.data(), metadata.data()), 0);
  ASSERT_NE(sparsityGetLastError(), nullptr);
  EXPECT_STREQ(sparsityGetLastError(),
               "expected at most 2 non-zero elements in each group of 4 along "
               "axis 1, but got 4 at row 0, elements 0..3");
  sparsityClearLastError();
  EXPECT_EQ(sparsityPruneNOfM(&spec, dense.data()), 0);
  EXPECT_EQ(
      sparsityPackNOfM(&spec, dense.data(), values.data(), metadata.data()), 0);
  std::vector<uint16_t> unpacked(60);
  EXPECT_EQ(sparsityUnpackNOfM(&spec, values.data(), metadata.data(),
                               unpacked.data()),
            0);
  EXPECT_EQ(unpacked, dense);
  EXPECT_EQ(sparsityGetLastError(), nullptr);
  EXPECT_NE(sparsityPruneNOfM(nullptr, dense.data()), 0);
  EXPECT_STREQ(sparsityGetLastError(),
               "expected a spec with a shape of rank 0 to 64, but got null");
  sparsityClearLastError();
}
