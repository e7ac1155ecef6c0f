//===- NOfMDetail.h - What the N:M packers share ----------------*- C++ -*-===//

#ifndef SPARSITY_LIB_RUNTIME_NOFMDETAIL_H
#define SPARSITY_LIB_RUNTIME_NOFMDETAIL_H

#include "sparsity/Runtime/Pack.h"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstring>

namespace mlir {
namespace sparsity {
namespace runtime {
namespace nofm {

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
              "packed metadata words are little-endian");

constexpr int64_t kMaxM = 16;
constexpr int64_t kRowBlock = 64;

/// A spec that was checked, seen as rows x extent.
struct Matrix {
  int64_t n, m;
  int64_t axis;
  int64_t rows;
  int64_t extent;
  /// Elements between neighbours along the axis; rows that differ by one below
  /// a multiple of `inner` are neighbours in memory.
  int64_t inner;
  /// Groups of m in a row.
  int64_t groups;
  ElementType type;
  /// The bits of an element that make it non-zero: all but a float's sign.
  uint64_t nonZeroMask;

  int64_t offset(int64_t row) const {
    return row / inner * extent * inner + row % inner;
  }
};

/// Checks everything but the layout.
StatusOr<Matrix> getMatrix(const NOfMSpec &spec);

/// Copies rows x width elements from (row, k) on into a dense tile; what lies
/// outside the matrix reads as zero.
template <typename Element>
void loadTile(const Matrix &matrix, const Element *dense, int64_t row,
              int64_t rows, int64_t k, int64_t width, Element *tile) {
  int64_t validRows = std::clamp<int64_t>(matrix.rows - row, 0, rows);
  int64_t validWidth = std::clamp<int64_t>(matrix.extent - k, 0, width);
  if (validRows != rows || validWidth != width) {
    std::memset(tile, 0, rows * width * sizeof(Element));
  }
  if (matrix.inner == 1) {
    for (int64_t r = 0; r < validRows; ++r) {
      std::memcpy(tile + r * width, dense + (row + r) * matrix.extent + k,
                  validWidth * sizeof(Element));
    }
    return;
  }
  for (int64_t r = 0; r < validRows;) {
    // A run of rows that are neighbours in memory.
    int64_t run =
        std::min(validRows - r, matrix.inner - (row + r) % matrix.inner);
    const Element *source = dense + matrix.offset(row + r) + k * matrix.inner;
    for (int64_t j = 0; j < validWidth; ++j) {
      for (int64_t i = 0; i < run; ++i) {
        tile[(r + i) * width + j] = source[j * matrix.inner + i];
      }
    }
    r += run;
  }
}

/// The inverse of loadTile; what lies outside the matrix is not written.
template <typename Element>
void storeTile(const Matrix &matrix, Element *dense, int64_t row, int64_t rows,
               int64_t k, int64_t width, const Element *tile) {
  int64_t validRows = std::clamp<int64_t>(matrix.rows - row, 0, rows);
  int64_t validWidth = std::clamp<int64_t>(matrix.extent - k, 0, width);
  if (matrix.inner == 1) {
    for (int64_t r = 0; r < validRows; ++r) {
      std::memcpy(dense + (row + r) * matrix.extent + k, tile + r * width,
                  validWidth * sizeof(Element));
    }
    return;
  }
  for (int64_t r = 0; r < validRows;) {
    int64_t run =
        std::min(validRows - r, matrix.inner - (row + r) % matrix.inner);
    Element *target = dense + matrix.offset(row + r) + k * matrix.inner;
    for (int64_t j = 0; j < validWidth; ++j) {
      for (int64_t i = 0; i < run; ++i) {
        target[j * matrix.inner + i] = tile[(r + i) * width + j];
      }
    }
    r += run;
  }
}

/// The first place where parallel work failed, in row-major order of (row,
/// group), so that the message does not depend on the threads.
class FirstFailure {
public:
  explicit FirstFailure(int64_t groupsPerRow) : groupsPerRow(groupsPerRow) {}

  void report(int64_t row, int64_t group) {
    int64_t place = row * groupsPerRow + group;
    int64_t seen = first.load(std::memory_order_relaxed);
    while (place < seen && !first.compare_exchange_weak(seen, place)) {
    }
  }

  bool any() const { return first.load() != INT64_MAX; }
  int64_t getRow() const { return first.load() / groupsPerRow; }
  int64_t getGroup() const { return first.load() % groupsPerRow; }

private:
  const int64_t groupsPerRow;
  std::atomic<int64_t> first{INT64_MAX};
};

/// "..., but got 3 at row 7, elements 12..15" for a group of m of `dense`.
Status tooManyNonZeros(const Matrix &matrix, const void *dense, int64_t row,
                       int64_t group);

/// Fails if a group of m holds more than n non-zero elements.
Status checkGroups(const Matrix &matrix, const void *dense);

/// "row 3, group 5".
std::string describePlace(int64_t row, int64_t group);

StatusOr<PackedSizes> getRowMajorSizes(const Matrix &matrix);
Status packRowMajor(const Matrix &matrix, const void *dense, void *values,
                    void *metadata);
Status unpackRowMajor(const Matrix &matrix, const void *values,
                      const void *metadata, void *dense);

/// Fails if no native pattern stores the matrix.
StatusOr<PackedSizes> getCoreMatrixSizes(const Matrix &matrix);
Status packCoreMatrix(const Matrix &matrix, const void *dense, void *values,
                      void *metadata);
Status unpackCoreMatrix(const Matrix &matrix, const void *values,
                        const void *metadata, void *dense);

/// Calls `function` with a value of the unsigned integer type that has the size
/// of an element.
template <typename Function>
auto dispatchBySize(const Matrix &matrix, Function &&function) {
  switch (getElementSize(matrix.type)) {
  case 1:
    return function(uint8_t());
  case 2:
    return function(uint16_t());
  case 4:
    return function(uint32_t());
  default:
    return function(uint64_t());
  }
}

} // namespace nofm
} // namespace runtime
} // namespace sparsity
} // namespace mlir

#endif // SPARSITY_LIB_RUNTIME_NOFMDETAIL_H
