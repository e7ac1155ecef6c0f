//===- Levels.h - the meaning of a map from dimensions to levels *- C++ -*-===//

#ifndef SPARSITY_LIB_INTEROP_SPARSETENSOR_LEVELS_H
#define SPARSITY_LIB_INTEROP_SPARSETENSOR_LEVELS_H

#include "mlir/Dialect/SparseTensor/IR/SparseTensor.h"

#include <optional>
#include <string>

namespace mlir::sparsity::detail {

/// The levels of an encoding whose storage this project reads.
struct Levels {
  enum class Kind {
    /// Every level is dense, in the order of the dimensions.
    Dense,
    /// Groups of indices of one dimension, each with an ascending list of
    /// indices (or ranges of them) of another.
    List,
    /// At most n of each m elements along an axis.
    NOfM
  };
  Kind kind = Kind::Dense;

  /// List: its dimensions, and indices in a group and in an entry. `batch` is
  /// dimension 0 of three.
  std::optional<unsigned> batch;
  unsigned groupDim = 0, listedDim = 1;
  int64_t groupSize = 1, listedSize = 1;

  /// NOfM.
  int64_t n = 0, m = 0;
  unsigned axis = 0;

  /// List: groups run along a later dimension than entries (CSC).
  bool isTransposed() const { return groupDim > listedDim; }
  /// List: one value for each entry.
  bool hasUnitEntries() const { return groupSize == 1 && listedSize == 1; }
};

/// Reads the levels of `encoding`. If they are not of the kinds above there is
/// none, and `problem` says which level has to be what.
std::optional<Levels>
readLevels(sparse_tensor::SparseTensorEncodingAttr encoding,
           std::string &problem);

} // namespace mlir::sparsity::detail

#endif // SPARSITY_LIB_INTEROP_SPARSETENSOR_LEVELS_H
