//===- TileFormat.h - How a stored tile is laid out inside ------*- C++ -*-===//
//
// Coverage says which tiles exist; a tile format says what one of them looks
// like in memory. The two are independent: an N:M weight skips no tile (its
// coverage is `all`) and still stores half of each; an attention window skips
// most tiles and stores nothing. Tiling asks coverage, instruction selection
// asks the format, and neither asks the other.
//
// There are three formats.
//
//   dense             every element is stored, in order.
//   n_of_m<n:m, axis> along one axis of the tensor, each group of m
//                     consecutive elements keeps at most n. A group stores
//                     exactly n values and n indices (the position inside the
//                     group); a group with fewer non-zeros pads with zeros, so
//                     the address of a group never depends on the data. When m
//                     does not divide the extent the last group is short in the
//                     dense tensor but keeps its n slots in storage.
//   bitmap<RxC>       one bit for each element of a stored tile of R rows and C
//                     columns says whether it is present; the present values
//                     follow, packed in element order. The amount stored
//                     depends on the data.
//
// Stored size of one row of 4096 elements; `ratio` is stored bits / dense bits.
//
//   format             element  groups  stored extent  index bits  ratio
//   dense              bf16     4096    4096           0           1
//   n_of_m<1:2>        f32      2048    2048           1           0.515625
//   n_of_m<2:4>        bf16     1024    2048           2           0.5625
//   n_of_m<2:4>        i8       1024    2048           2           0.625
//   n_of_m<2:8>        bf16      512    1024           4           0.3125
//   bitmap, 30 % kept  bf16     4096    4096           0           0.3625
//
// The index widths are those of the metadata operand of the sparse tensor-core
// instructions (PTX ISA, "mma.sp", sparse matrix storage): 1 bit would identify
// an element of a pair, 2 bits an element of four; wider groups use a nibble.
//
//===----------------------------------------------------------------------===//

#ifndef SPARSITY_COVERAGE_TILEFORMAT_H
#define SPARSITY_COVERAGE_TILEFORMAT_H

#include <cstddef>
#include <cstdint>
#include <string>

namespace mlir {
namespace sparsity {

struct TileFormat {
  enum class Kind : uint8_t { Dense, NOfM, Bitmap };

  Kind kind = Kind::Dense;
  /// Kept elements of a group, and elements of a group; 0 unless NOfM.
  int64_t n = 0, m = 0;
  /// The tensor axis groups run along; 0 unless NOfM.
  int64_t axis = 0;
  /// Rows and columns of a stored tile; 0 unless Bitmap, or if not known.
  int64_t rows = 0, columns = 0;

  static TileFormat dense();
  /// Expects 1 <= n <= m; other values are carried unchanged for a verifier to
  /// refuse, and the arithmetic below stays defined on them.
  static TileFormat nOfM(int64_t n, int64_t m, int64_t axis);
  static TileFormat bitmap(int64_t rows = 0, int64_t columns = 0);

  bool operator==(const TileFormat &other) const;
  bool operator!=(const TileFormat &other) const { return !(*this == other); }
  size_t hash() const;
  /// "dense", "n_of_m<2:4, axis = 1>", "bitmap" or "bitmap<64x64>".
  std::string str() const;

  /// Groups along the axis for `extent` elements: ceil(extent / m), the last
  /// one possibly short. Outside NOfM an element is its own group.
  int64_t groups(int64_t extent) const;

  /// Stored value slots along the axis: groups * n for NOfM, else `extent`
  /// (for a bitmap the upper bound: what is stored depends on the data).
  int64_t storedExtent(int64_t extent) const;

  /// Bits of one stored index: 1 for m <= 2, 2 for m <= 4, else 4; 0 outside
  /// NOfM.
  unsigned indexBits() const;

  /// (values + indices or bitmap) bits / dense bits, for elements of
  /// `elementBits` bits. `density`, in [0, 1], is the fraction of elements a
  /// bitmap keeps; the other formats ignore it.
  double storedBytesRatio(unsigned elementBits, double density = 1.0) const;
};

} // namespace sparsity
} // namespace mlir

#endif // SPARSITY_COVERAGE_TILEFORMAT_H
