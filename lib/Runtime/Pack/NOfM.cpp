//===- NOfM.cpp - Checks, magnitude pruning and dispatch for N:M ----------===//

#include "../Magnitude.h"
#include "../NOfMDetail.h"

#include "sparsity/Runtime/ParallelFor.h"

#include <array>

using namespace mlir::sparsity;
using namespace mlir::sparsity::runtime;
using namespace mlir::sparsity::runtime::nofm;

//===----------------------------------------------------------------------===//
// Checking a spec
//===----------------------------------------------------------------------===//

StatusOr<Matrix> nofm::getMatrix(const NOfMSpec &spec) {
  if (!elementTypeFromInt(static_cast<int32_t>(spec.elementType))) {
    return Status::error(
        "expected an element type, but got number " +
        std::to_string(static_cast<int32_t>(spec.elementType)));
  }
  if (spec.n <= 0 || spec.n >= spec.m || spec.m > kMaxM) {
    return Status::error("expected 0 < n < m <= 16, but got " +
                         std::to_string(spec.n) + ":" + std::to_string(spec.m));
  }
  int64_t rank = spec.shape.size();
  if (spec.axis < 0 || spec.axis >= rank) {
    return Status::error("expected an axis of a tensor of rank " +
                         std::to_string(rank) + ", but got axis " +
                         std::to_string(spec.axis));
  }
  Matrix matrix;
  matrix.n = spec.n;
  matrix.m = spec.m;
  matrix.axis = spec.axis;
  matrix.type = spec.elementType;
  matrix.rows = 1;
  matrix.inner = 1;
  matrix.extent = spec.shape[spec.axis];
  // The product of the sizes without zeros bounds all that is derived here.
  int64_t bytes = getElementSize(spec.elementType);
  for (int64_t i = 0; i < rank; ++i) {
    int64_t size = spec.shape[i];
    if (size < 0 ||
        __builtin_mul_overflow(bytes, std::max<int64_t>(size, 1), &bytes)) {
      return Status::error("expected sizes of a tensor of less than 2^63 "
                           "bytes, but got " +
                           std::to_string(size) + " at axis " +
                           std::to_string(i));
    }
    if (i != spec.axis) {
      matrix.rows *= size;
    }
    if (i > spec.axis) {
      matrix.inner *= std::max<int64_t>(size, 1);
    }
  }
  matrix.groups = matrix.extent / spec.m + (matrix.extent % spec.m != 0);
  uint64_t sign = uint64_t(1) << (8 * getElementSize(spec.elementType) - 1);
  matrix.nonZeroMask = isFloat(spec.elementType) ? sign - 1 : sign | (sign - 1);
  return matrix;
}

bool runtime::nativeFit(int64_t n, int64_t m, int64_t elementBits) {
  if (n <= 0 || n >= m || m > kMaxM) {
    return false;
  }
  if (elementBits != 8 && elementBits != 16 && elementBits != 32) {
    return false;
  }
  int64_t nativeM = elementBits == 32 ? 2 : 4;
  int64_t nativeN = nativeM / 2;
  // The groups of both patterns meet again after m * nativeM elements; the
  // worst n:m tensor fills the part of each group that a native group overlaps.
  for (int64_t start = 0; start < m * nativeM; start += nativeM) {
    int64_t worst = 0;
    for (int64_t k = start; k < start + nativeM;) {
      int64_t end = std::min((k / m + 1) * m, start + nativeM);
      worst += std::min(n, end - k);
      k = end;
    }
    if (worst > nativeN) {
      return false;
    }
  }
  return true;
}

StatusOr<PackedSizes> runtime::packedSizes(const NOfMSpec &spec) {
  StatusOr<Matrix> matrix = getMatrix(spec);
  if (!matrix.ok()) {
    return matrix.status();
  }
  switch (spec.layout) {
  case NOfMLayout::RowMajor:
    return getRowMajorSizes(*matrix);
  case NOfMLayout::CoreMatrix:
    return getCoreMatrixSizes(*matrix);
  }
  return Status::error("expected layout row_major or core_matrix, but got " +
                       std::to_string(static_cast<int32_t>(spec.layout)));
}

//===----------------------------------------------------------------------===//
// Counting non-zeros
//===----------------------------------------------------------------------===//

std::string nofm::describePlace(int64_t row, int64_t group) {
  return "row " + std::to_string(row) + ", group " + std::to_string(group);
}

Status nofm::tooManyNonZeros(const Matrix &matrix, const void *dense,
                             int64_t row, int64_t group) {
  int64_t begin = group * matrix.m;
  int64_t end = std::min(begin + matrix.m, matrix.extent);
  int64_t count = dispatchBySize(matrix, [&](auto tag) {
    using Element = decltype(tag);
    const Element *elements =
        static_cast<const Element *>(dense) + matrix.offset(row);
    int64_t found = 0;
    for (int64_t k = begin; k < end; ++k) {
      found += (elements[k * matrix.inner] & matrix.nonZeroMask) != 0;
    }
    return found;
  });
  return Status::error(
      "expected at most " + std::to_string(matrix.n) +
      " non-zero elements in each group of " + std::to_string(matrix.m) +
      " along axis " + std::to_string(matrix.axis) + ", but got " +
      std::to_string(count) + " at row " + std::to_string(row) + ", elements " +
      std::to_string(begin) + ".." + std::to_string(end - 1));
}

Status nofm::checkGroups(const Matrix &matrix, const void *dense) {
  if (matrix.rows == 0 || matrix.extent == 0) {
    return Status::success();
  }
  FirstFailure failure(matrix.groups);
  dispatchBySize(matrix, [&](auto tag) {
    using Element = decltype(tag);
    parallelFor(matrix.rows, [&](int64_t firstRow, int64_t endRow) {
      for (int64_t row = firstRow; row < endRow; ++row) {
        const Element *elements =
            static_cast<const Element *>(dense) + matrix.offset(row);
        for (int64_t group = 0; group < matrix.groups; ++group) {
          int64_t begin = group * matrix.m;
          int64_t end = std::min(begin + matrix.m, matrix.extent);
          int64_t count = 0;
          for (int64_t k = begin; k < end; ++k) {
            count += (elements[k * matrix.inner] & matrix.nonZeroMask) != 0;
          }
          if (count > matrix.n) {
            failure.report(row, group);
            break;
          }
        }
      }
    });
  });
  if (failure.any()) {
    return tooManyNonZeros(matrix, dense, failure.getRow(), failure.getGroup());
  }
  return Status::success();
}

//===----------------------------------------------------------------------===//
// Packing and unpacking
//===----------------------------------------------------------------------===//

Status runtime::packNOfM(const NOfMSpec &spec, const void *dense, void *values,
                         void *metadata) {
  StatusOr<PackedSizes> sizes = packedSizes(spec);
  if (!sizes.ok()) {
    return sizes.status();
  }
  StatusOr<Matrix> matrix = getMatrix(spec);
  if (matrix->rows == 0 || matrix->extent == 0) {
    return Status::success();
  }
  return spec.layout == NOfMLayout::RowMajor
             ? packRowMajor(*matrix, dense, values, metadata)
             : packCoreMatrix(*matrix, dense, values, metadata);
}

Status runtime::unpackNOfM(const NOfMSpec &spec, const void *values,
                           const void *metadata, void *dense) {
  StatusOr<PackedSizes> sizes = packedSizes(spec);
  if (!sizes.ok()) {
    return sizes.status();
  }
  StatusOr<Matrix> matrix = getMatrix(spec);
  if (matrix->rows == 0 || matrix->extent == 0) {
    return Status::success();
  }
  return spec.layout == NOfMLayout::RowMajor
             ? unpackRowMajor(*matrix, values, metadata, dense)
             : unpackCoreMatrix(*matrix, values, metadata, dense);
}

//===----------------------------------------------------------------------===//
// Pruning
//===----------------------------------------------------------------------===//

namespace {
template <typename Element>
void pruneGroup(const Matrix &matrix, const Magnitude<Element> &magnitude,
                Element *first, int64_t count) {
  std::array<Element, kMaxM> keys;
  for (int64_t i = 0; i < count; ++i) {
    keys[i] = magnitude(first[i * matrix.inner]);
  }
  for (int64_t i = 0; i < count; ++i) {
    int64_t before = 0;
    for (int64_t j = 0; j < count; ++j) {
      before += keys[j] > keys[i] || (keys[j] == keys[i] && j < i);
    }
    if (before >= matrix.n) {
      first[i * matrix.inner] = 0;
    }
  }
}
} // namespace

Status runtime::pruneNOfM(const NOfMSpec &spec, void *dense) {
  StatusOr<Matrix> checked = getMatrix(spec);
  if (!checked.ok()) {
    return checked.status();
  }
  const Matrix &matrix = *checked;
  if (matrix.rows == 0 || matrix.extent == 0) {
    return Status::success();
  }
  dispatchBySize(matrix, [&](auto tag) {
    using Element = decltype(tag);
    Magnitude<Element> magnitude(matrix.type);
    Element *elements = static_cast<Element *>(dense);
    // One item is the same group of `inner` rows, which share cache lines.
    int64_t outer = matrix.rows / matrix.inner;
    parallelFor(outer * matrix.groups, [&](int64_t begin, int64_t end) {
      for (int64_t item = begin; item < end; ++item) {
        int64_t k = item % matrix.groups * matrix.m;
        int64_t count = std::min(matrix.m, matrix.extent - k);
        Element *first = elements + (item / matrix.groups * matrix.extent + k) *
                                        matrix.inner;
        for (int64_t i = 0; i < matrix.inner && count > matrix.n; ++i) {
          pruneGroup(matrix, magnitude, first + i, count);
        }
      }
    });
  });
  return Status::success();
}
