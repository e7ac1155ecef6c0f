//===- IndexMath.h - Index arithmetic that cannot overflow ------*- C++ -*-===//
//
// Private to lib/Coverage. Bounds come from attributes a user writes, so
// scale * row + offset may leave 64 bits; everything of degree two is computed
// in 128.
//
//===----------------------------------------------------------------------===//

#ifndef SPARSITY_LIB_COVERAGE_INDEXMATH_H
#define SPARSITY_LIB_COVERAGE_INDEXMATH_H

#include "sparsity/Coverage/Coverage.h"

namespace mlir {
namespace sparsity {
namespace detail {

__extension__ typedef __int128 Wide;

/// Quotients rounded towards minus and plus infinity; `divisor` > 0.
inline Wide floorDiv(Wide value, Wide divisor) {
  Wide quotient = value / divisor;
  return quotient - (value % divisor < 0 ? 1 : 0);
}
inline Wide ceilDiv(Wide value, Wide divisor) {
  return -floorDiv(-value, divisor);
}

/// The entries of one group of a listed coverage, as they lie in its buffer.
struct GroupEntries {
  const int64_t *begin = nullptr, *end = nullptr;
  /// False if a field is not bound or too short, or the positions do not
  /// describe a range of the coordinates.
  bool readable = false;
};

/// The entries of row group `rowGroup` of batch `batch` of a Listed coverage
/// (0 if it has no batches).
GroupEntries readGroup(const Coverage &listed, int64_t batch, int64_t rowGroup,
                       const IndexBuffers &buffers);

/// The first run of a Periodic coverage that ends after `column`: its first
/// column. `periodic` must have a length of at least 1.
Wide firstRunEndingAfter(const Coverage &periodic, int64_t column);

} // namespace detail
} // namespace sparsity
} // namespace mlir

#endif // SPARSITY_LIB_COVERAGE_INDEXMATH_H
