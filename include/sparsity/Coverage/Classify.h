//===- Classify.h - The kind of a tile under a coverage ---------*- C++ -*-===//

#ifndef SPARSITY_COVERAGE_CLASSIFY_H
#define SPARSITY_COVERAGE_CLASSIFY_H

#include "sparsity/Coverage/Coverage.h"

namespace mlir {
namespace sparsity {

/// `tile` cut to [0, shape[d]) in each dimension; a negative (dynamic) or
/// missing extent leaves the upper end as it is.
Box clip(const Box &tile, const std::vector<int64_t> &shape);

/// How much of `tile`, cut to `shape`, is present. A box that holds no index
/// after the cut is Empty; Full speaks of the indices inside the shape only, so
/// a tail tile can be full.
///
/// Sound always: Empty means no element, Full means every element. Exact for
/// All, Band, Listed and Periodic whose buffers can be read, and for the
/// emptiness of an intersection of bands over one (row, column) plane; a union
/// answers the maximum and another intersection the minimum of its members.
/// Constant time, except that a bound read from a buffer costs a visit of each
/// row and a list a visit of the groups' entries.
TileKind classify(const Coverage &coverage, const Box &tile,
                  const std::vector<int64_t> &shape,
                  const IndexBuffers &buffers = {});

} // namespace sparsity
} // namespace mlir

#endif // SPARSITY_COVERAGE_CLASSIFY_H
