//===- NOfMCoreMatrix.cpp - The core_matrix layout of 2:4 and 1:2 ---------===//
//
// Works on tiles of 64 rows and one k-block, 128 bytes of each dense row, which
// are padded with zeros on the way in, so that nothing below has an edge case.
//
//===----------------------------------------------------------------------===//

#include "../NOfMDetail.h"

#include "sparsity/Runtime/ParallelFor.h"

using namespace mlir::sparsity;
using namespace mlir::sparsity::runtime;
using namespace mlir::sparsity::runtime::nofm;

namespace {
constexpr int64_t kTileRowBytes = 128;
constexpr int64_t kValueBlockBytes = 4096;

/// Sizes of the native pattern of an element: 2:4, or 1:2 of 32 bits.
template <typename Element> struct Native {
  static constexpr int64_t groupSize = sizeof(Element) == 4 ? 2 : 4;
  static constexpr int64_t kept = groupSize / 2;
  static constexpr int64_t tileExtent = kTileRowBytes / sizeof(Element);
  static constexpr int64_t tileGroups = tileExtent / groupSize;
  /// Two 32-bit words a row and k-block for 8-bit elements, else one.
  static constexpr int64_t metadataBytes = sizeof(Element) == 1 ? 1024 : 512;
};

/// How a group of 4 with the given non-zero positions is stored.
struct Choice {
  uint8_t first;
  uint8_t second;
  uint8_t nibble;
  bool tooMany;
};

struct ChoiceTable {
  Choice entries[16];
};

constexpr ChoiceTable makeChoices() {
  ChoiceTable table = {};
  for (unsigned mask = 0; mask < 16; ++mask) {
    unsigned kept = mask;
    unsigned count =
        (mask & 1) + ((mask >> 1) & 1) + ((mask >> 2) & 1) + ((mask >> 3) & 1);
    for (unsigned i = 0; i < 4 && count < 2; ++i) {
      if ((kept & (1u << i)) == 0) {
        kept |= 1u << i;
        ++count;
      }
    }
    uint8_t positions[4] = {};
    unsigned found = 0;
    for (unsigned i = 0; i < 4; ++i) {
      if ((kept & (1u << i)) != 0) {
        positions[found++] = static_cast<uint8_t>(i);
      }
    }
    table.entries[mask] = {
        positions[0], positions[1],
        static_cast<uint8_t>(positions[0] | positions[1] << 2), count > 2};
  }
  return table;
}

constexpr ChoiceTable kChoices = makeChoices();

/// Four elements as one integer.
template <typename Element> struct Quad;
template <> struct Quad<uint8_t> {
  using Type = uint32_t;
  static constexpr Type ones = 0x01010101u;
  /// Moves bits 0, 8, 16, 24 to the top nibble without a carry.
  static unsigned gather(Type bits) { return (bits * 0x10204080u) >> 28; }
};
template <> struct Quad<uint16_t> {
  using Type = uint64_t;
  static constexpr Type ones = 0x0001000100010001ull;
  static unsigned gather(Type bits) {
    return static_cast<unsigned>((bits * 0x0001000200040008ull) >> 48) & 0xf;
  }
};

/// One row of a tile after packing: 64 bytes of values and its nibbles.
template <typename Element> struct PackedRow {
  Element values[64 / sizeof(Element)];
  uint64_t nibbles[2];
};

/// Returns false if a group has too many non-zeros.
template <typename Element>
bool packTileRow(const Element *row, Element nonZeroMask,
                 PackedRow<Element> &packed) {
  using Type = typename Quad<Element>::Type;
  constexpr int bits = 8 * sizeof(Element);
  constexpr Type ones = Quad<Element>::ones;
  constexpr Type low = ones * ((Type(1) << (bits - 1)) - 1);
  const Type signIsValue = nonZeroMask >> (bits - 1) ? ~low : Type(0);
  bool tooMany = false;
  packed.nibbles[0] = 0;
  packed.nibbles[1] = 0;
  for (int64_t group = 0; group < Native<Element>::tileGroups; ++group) {
    Type quad;
    std::memcpy(&quad, row + 4 * group, sizeof(quad));
    // The top bit of each element: whether a bit that counts is set. The sum
    // cannot carry from one element into the next.
    Type top = (((quad & low) + low) | (quad & signIsValue)) & ~low;
    Type bit = top >> (bits - 1);
    quad &= bit * ((Type(1) << bits) - 1);
    const Choice &choice = kChoices.entries[Quad<Element>::gather(bit)];
    tooMany |= choice.tooMany;
    packed.values[2 * group] =
        static_cast<Element>(quad >> (bits * choice.first));
    packed.values[2 * group + 1] =
        static_cast<Element>(quad >> (bits * choice.second));
    packed.nibbles[group / 16] |= uint64_t(choice.nibble) << (group % 16 * 4);
  }
  return !tooMany;
}

template <>
bool packTileRow<uint32_t>(const uint32_t *row, uint32_t nonZeroMask,
                           PackedRow<uint32_t> &packed) {
  bool tooMany = false;
  packed.nibbles[0] = 0;
  for (int64_t group = 0; group < Native<uint32_t>::tileGroups; ++group) {
    bool first = (row[2 * group] & nonZeroMask) != 0;
    bool second = (row[2 * group + 1] & nonZeroMask) != 0;
    tooMany |= first && second;
    packed.values[group] = first    ? row[2 * group]
                           : second ? row[2 * group + 1]
                                    : 0;
    uint64_t nibble = second && !first ? 0xE : 0x4;
    packed.nibbles[0] |= nibble << (4 * group);
  }
  return !tooMany;
}

/// The positions that a nibble names; second < 0 for a group of 2, and first <
/// 0 for a nibble that the instructions do not define.
struct Positions {
  int first;
  int second;
};

template <typename Element> Positions decodeNibble(unsigned nibble) {
  if (sizeof(Element) == 4) {
    return {nibble == 0x4 ? 0 : nibble == 0xE ? 1 : -1, -1};
  }
  int first = nibble & 3;
  int second = nibble >> 2;
  return {first < second ? first : -1, second};
}

/// Byte offset of the 16-byte chunk q of row r in a block of values.
int64_t getChunkOffset(int64_t row, int64_t q) {
  return q * 1024 + row / 8 * 128 + row % 8 * 16;
}

/// Bytes of one run of nibbles in the metadata, and where run p of row r is: 16
/// logical elements of 16 bits, 8 of 32 bits and 32 of 8 bits make a run.
template <typename Element> struct Runs {
  static constexpr int64_t bytes = sizeof(Element) == 1 ? 4 : 2;
  static int64_t getOffset(int64_t row, int64_t p) {
    int64_t w = row / 16;
    int64_t g = row % 8;
    int64_t hi = row / 8 % 2;
    if (sizeof(Element) == 1) {
      int64_t kk = p / 2;
      int64_t khalf = p % 2;
      return 4 * (w * 64 + g * 8 + khalf * 4 + hi * 2 + kk);
    }
    return 4 * (w * 32 + g * 4 + p) + 2 * hi;
  }
};

/// The blocks of a matrix.
template <typename Element> struct Blocks {
  explicit Blocks(const Matrix &matrix)
      : rowBlocks((matrix.rows + kRowBlock - 1) / kRowBlock),
        kBlocks((matrix.extent + Native<Element>::tileExtent - 1) /
                Native<Element>::tileExtent),
        groupsPerRow(kBlocks * Native<Element>::tileGroups) {}

  int64_t rowBlocks;
  int64_t kBlocks;
  int64_t groupsPerRow; // native groups, the padding included
};

template <typename Element>
Status packTyped(const Matrix &matrix, const Element *dense, char *values,
                 char *metadata) {
  using N = Native<Element>;
  // Groups of the native pattern are checked while they are packed.
  bool isNative = matrix.n == N::kept && matrix.m == N::groupSize;
  if (!isNative) {
    Status status = checkGroups(matrix, dense);
    if (!status.ok()) {
      return status;
    }
  }
  const Blocks<Element> blocks(matrix);
  const Element nonZeroMask = static_cast<Element>(matrix.nonZeroMask);
  FirstFailure failure(blocks.groupsPerRow);
  // Neighbouring items read neighbouring bytes of the same rows.
  parallelFor(blocks.rowBlocks * blocks.kBlocks, [&](int64_t begin,
                                                     int64_t end) {
    alignas(64) Element tile[kRowBlock * N::tileExtent];
    alignas(64) char valueBlock[kValueBlockBytes];
    alignas(64) char metadataBlock[N::metadataBytes];
    PackedRow<Element> packed;
    for (int64_t item = begin; item < end; ++item) {
      int64_t rb = item / blocks.kBlocks;
      int64_t kb = item % blocks.kBlocks;
      loadTile(matrix, dense, rb * kRowBlock, kRowBlock, kb * N::tileExtent,
               N::tileExtent, tile);
      for (int64_t r = 0; r < kRowBlock; ++r) {
        const Element *row = tile + r * N::tileExtent;
        if (!packTileRow<Element>(row, nonZeroMask, packed)) {
          for (int64_t group = 0; group < N::tileGroups; ++group) {
            int64_t count = 0;
            for (int64_t i = 0; i < N::groupSize; ++i) {
              count += (row[group * N::groupSize + i] & nonZeroMask) != 0;
            }
            if (count > N::kept) {
              failure.report(rb * kRowBlock + r, kb * N::tileGroups + group);
              break;
            }
          }
        }
        for (int64_t q = 0; q < 4; ++q) {
          std::memcpy(valueBlock + getChunkOffset(r, q),
                      reinterpret_cast<const char *>(packed.values) + 16 * q,
                      16);
        }
        for (int64_t p = 0; p < 4; ++p) {
          std::memcpy(metadataBlock + Runs<Element>::getOffset(r, p),
                      reinterpret_cast<const char *>(packed.nibbles) +
                          p * Runs<Element>::bytes,
                      Runs<Element>::bytes);
        }
      }
      int64_t block = kb * blocks.rowBlocks + rb;
      std::memcpy(values + block * kValueBlockBytes, valueBlock,
                  sizeof(valueBlock));
      std::memcpy(metadata + block * N::metadataBytes, metadataBlock,
                  sizeof(metadataBlock));
    }
  });
  if (failure.any()) {
    return tooManyNonZeros(matrix, dense, failure.getRow(), failure.getGroup());
  }
  return Status::success();
}

/// Unpacks row r of a block into zeroed `row`. Returns the first group whose
/// nibble is not defined, or -1.
template <typename Element>
int64_t unpackTileRow(const char *valueBlock, const char *metadataBlock,
                      int64_t r, Element *row) {
  using N = Native<Element>;
  PackedRow<Element> packed = {};
  for (int64_t q = 0; q < 4; ++q) {
    std::memcpy(reinterpret_cast<char *>(packed.values) + 16 * q,
                valueBlock + getChunkOffset(r, q), 16);
  }
  for (int64_t p = 0; p < 4; ++p) {
    std::memcpy(
        reinterpret_cast<char *>(packed.nibbles) + p * Runs<Element>::bytes,
        metadataBlock + Runs<Element>::getOffset(r, p), Runs<Element>::bytes);
  }
  for (int64_t group = 0; group < N::tileGroups; ++group) {
    unsigned nibble = (packed.nibbles[group / 16] >> (group % 16 * 4)) & 0xf;
    Positions positions = decodeNibble<Element>(nibble);
    if (positions.first < 0) {
      return group;
    }
    Element *target = row + group * N::groupSize;
    target[positions.first] = packed.values[group * N::kept];
    if (N::kept == 2) {
      target[positions.second] = packed.values[group * N::kept + 1];
    }
  }
  return -1;
}

/// The message for a group that unpackTyped refused.
template <typename Element>
Status describeBadGroup(const Matrix &matrix, const Blocks<Element> &blocks,
                        const char *metadata, int64_t row, int64_t group) {
  using N = Native<Element>;
  int64_t block = group / N::tileGroups * blocks.rowBlocks + row / kRowBlock;
  int64_t bit = group % N::tileGroups * 4;
  constexpr int64_t runBits = Runs<Element>::bytes * 8;
  uint32_t run = 0;
  std::memcpy(&run,
              metadata + block * N::metadataBytes +
                  Runs<Element>::getOffset(row % kRowBlock, bit / runBits),
              Runs<Element>::bytes);
  unsigned nibble = (run >> (bit % runBits)) & 0xf;
  if (decodeNibble<Element>(nibble).first >= 0) {
    return Status::error("expected zero values in the padding of " +
                         std::to_string(matrix.rows) + " rows of " +
                         std::to_string(matrix.extent) +
                         " elements, but got a non-zero one at " +
                         describePlace(row, group));
  }
  const char *digits = "0123456789abcdef";
  return Status::error(
      std::string("expected a metadata nibble ") +
      (N::kept == 1 ? "0x4 or 0xe" : "0x4, 0x8, 0x9, 0xc, 0xd or 0xe") +
      ", but got 0x" + digits[nibble] + " at " + describePlace(row, group));
}

template <typename Element>
Status unpackTyped(const Matrix &matrix, const char *values,
                   const char *metadata, Element *dense) {
  using N = Native<Element>;
  const Blocks<Element> blocks(matrix);
  FirstFailure failure(blocks.groupsPerRow);
  parallelFor(blocks.rowBlocks * blocks.kBlocks, [&](int64_t begin,
                                                     int64_t end) {
    alignas(64) Element tile[kRowBlock * N::tileExtent];
    for (int64_t item = begin; item < end; ++item) {
      int64_t rb = item / blocks.kBlocks;
      int64_t kb = item % blocks.kBlocks;
      int64_t block = kb * blocks.rowBlocks + rb;
      std::memset(tile, 0, sizeof(tile));
      int64_t width =
          std::min(N::tileExtent, matrix.extent - kb * N::tileExtent);
      for (int64_t r = 0; r < kRowBlock; ++r) {
        Element *row = tile + r * N::tileExtent;
        int64_t bad =
            unpackTileRow<Element>(values + block * kValueBlockBytes,
                                   metadata + block * N::metadataBytes, r, row);
        bool isPadding = rb * kRowBlock + r >= matrix.rows;
        int64_t firstPadding = isPadding ? 0 : width;
        for (int64_t k = firstPadding; k < N::tileExtent; ++k) {
          if ((row[k] & matrix.nonZeroMask) != 0) {
            int64_t group = k / N::groupSize;
            bad = bad < 0 ? group : std::min(bad, group);
            break;
          }
        }
        if (bad >= 0) {
          failure.report(rb * kRowBlock + r, kb * N::tileGroups + bad);
        }
      }
      storeTile(matrix, dense, rb * kRowBlock, kRowBlock, kb * N::tileExtent,
                N::tileExtent, tile);
    }
  });
  if (failure.any()) {
    return describeBadGroup(matrix, blocks, metadata, failure.getRow(),
                            failure.getGroup());
  }
  bool isNative = matrix.n == N::kept && matrix.m == N::groupSize;
  return isNative ? Status::success() : checkGroups(matrix, dense);
}

template <typename Element>
StatusOr<PackedSizes> getSizes(const Matrix &matrix) {
  const Blocks<Element> blocks(matrix);
  int64_t count = 0;
  PackedSizes sizes;
  if (__builtin_mul_overflow(blocks.rowBlocks, blocks.kBlocks, &count) ||
      __builtin_mul_overflow(count, kValueBlockBytes, &sizes.valueBytes)) {
    return Status::error("expected packed buffers of less than 2^63 bytes, but "
                         "got " +
                         std::to_string(blocks.rowBlocks) + " x " +
                         std::to_string(blocks.kBlocks) + " blocks");
  }
  sizes.metadataBytes = count * Native<Element>::metadataBytes;
  return sizes;
}

/// As dispatchBySize, for the sizes that have a native pattern.
template <typename Function>
auto dispatchNative(const Matrix &matrix, Function &&function) {
  switch (getElementSize(matrix.type)) {
  case 1:
    return function(uint8_t());
  case 2:
    return function(uint16_t());
  default:
    return function(uint32_t());
  }
}
} // namespace

StatusOr<PackedSizes> nofm::getCoreMatrixSizes(const Matrix &matrix) {
  if (!nativeFit(matrix.n, matrix.m, 8 * getElementSize(matrix.type))) {
    return Status::error(
        "expected a pattern that fits 2:4 of 8- or 16-bit elements or 1:2 of "
        "32-bit elements for layout core_matrix, but got " +
        std::to_string(matrix.n) + ":" + std::to_string(matrix.m) + " of " +
        std::string(getElementName(matrix.type)));
  }
  return dispatchNative(
      matrix, [&](auto tag) { return getSizes<decltype(tag)>(matrix); });
}

Status nofm::packCoreMatrix(const Matrix &matrix, const void *dense,
                            void *values, void *metadata) {
  return dispatchNative(matrix, [&](auto tag) {
    using Element = decltype(tag);
    return packTyped(matrix, static_cast<const Element *>(dense),
                     static_cast<char *>(values),
                     static_cast<char *>(metadata));
  });
}

Status nofm::unpackCoreMatrix(const Matrix &matrix, const void *values,
                              const void *metadata, void *dense) {
  return dispatchNative(matrix, [&](auto tag) {
    using Element = decltype(tag);
    return unpackTyped(matrix, static_cast<const char *>(values),
                       static_cast<const char *>(metadata),
                       static_cast<Element *>(dense));
  });
}
