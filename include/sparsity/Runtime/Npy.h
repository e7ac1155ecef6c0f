//===- Npy.h - Tensors in NumPy .npy files ----------------------*- C++ -*-===//
//
// Reads versions 1.0 and 2.0 of the format, writes 1.0 ("numpy.lib.format",
// NumPy reference). C order, little-endian.
//
// | element type | written as | also read from |
// |--------------|------------|----------------|
// | f16          | '<f2'      |                |
// | f32          | '<f4'      |                |
// | f64          | '<f8'      |                |
// | i8           | '|i1'      |                |
// | i32          | '<i4'      |                |
// | i64          | '<i8'      |                |
// | i1           | '|b1'      |                |
// | bf16         | '<u2'      | '<V2', '|V2'   |
// | f8E4M3FN     | '|u1'      | '|V1'          |
// | f8E5M2       | '|u1'      | '|V1'          |
//
// NumPy has no bf16 and no 8-bit float, so these are written as their raw bit
// patterns; numpy.save of an ml_dtypes array writes 'V2' or 'V1', which hold
// the same bytes. A reader that names no type takes '<u2' for bf16 and '|u1'
// for f8E4M3FN.
//
//===----------------------------------------------------------------------===//

#ifndef SPARSITY_RUNTIME_NPY_H
#define SPARSITY_RUNTIME_NPY_H

#include "sparsity/Runtime/Errors.h"
#include "sparsity/Runtime/Numbers.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace mlir {
namespace sparsity {
namespace runtime {

struct NpyArray {
  ElementType elementType = ElementType::F32;
  std::vector<int64_t> shape;
  /// Product of the shape times the element size, row-major.
  std::vector<uint8_t> data;
};

/// Reads `path`. With `expected`, a file of any other element type is refused.
/// Every error names the file.
StatusOr<NpyArray> readNpy(const std::string &path,
                           std::optional<ElementType> expected = std::nullopt);

/// Writes `path` whole or not at all: through a temporary file beside it, which
/// then takes its name.
Status writeNpy(const std::string &path, ElementType elementType,
                const std::vector<int64_t> &shape, const void *data);

} // namespace runtime
} // namespace sparsity
} // namespace mlir

#endif // SPARSITY_RUNTIME_NPY_H
