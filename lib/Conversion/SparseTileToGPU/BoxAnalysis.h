//===- BoxAnalysis.h - gathers that are boxes -------------------*- C++ -*-===//

#ifndef SPARSITY_CONVERSION_SPARSETILETOGPU_BOXANALYSIS_H
#define SPARSITY_CONVERSION_SPARSETILETOGPU_BOXANALYSIS_H

#include "sparsity/Dialect/SparseTile/IR/SparseTile.h"

namespace mlir::sparsity::gpu_conversion {

/// How a load's tile lies in its source, if it is a box of it.
struct BoxDims {
  /// The source dimensions that walk the tile's rows and K; every other index
  /// is that of the tile's first element.
  int64_t rowDim, kDim;
};

/// The box that every tile of `load` is, where its rows begin at multiples of
/// `rows` and its K at multiples of `columns`; nothing if the load's `at`
/// region may send the elements of a tile anywhere else. Positions that the
/// region excludes must lie outside of the source or of the result, where a
/// copy reads zeros or nothing is stored: then the region asks no more than
/// whether they are below a size of `forall` or the end of `pipeline`.
std::optional<BoxDims> findBox(sparse_tile::LoadOp load, int64_t rows,
                               int64_t columns);

} // namespace mlir::sparsity::gpu_conversion

#endif // SPARSITY_CONVERSION_SPARSETILETOGPU_BOXANALYSIS_H
