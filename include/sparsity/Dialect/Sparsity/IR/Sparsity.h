//===- Sparsity.h - the `sparsity` dialect ----------------------*- C++ -*-===//

#ifndef SPARSITY_DIALECT_SPARSITY_IR_SPARSITY_H
#define SPARSITY_DIALECT_SPARSITY_IR_SPARSITY_H

#include "sparsity/Coverage/Coverage.h"
#include "sparsity/Coverage/TileFormat.h"

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/Dialect/Utils/StructuredOpsUtils.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/IntegerSet.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/TensorEncoding.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include <array>
#include <optional>

#include "sparsity/Dialect/Sparsity/IR/SparsityEnums.h.inc"

namespace mlir::sparsity {

struct TargetInfo;

/// One buffer of an encoded tensor's storage.
struct StorageField {
  std::string name;
  RankedTensorType type;
};

/// The default storage: one dense `values` buffer.
SmallVector<StorageField> getDenseStorage(RankedTensorType type);

/// Which elements of a rank 2 tensor are listed, row by row, by their value x
/// at run time.
struct Selection {
  enum class Kind {
    /// |x| > threshold, or x is NaN.
    AboveThreshold,
    /// The `count` of largest |x| in each row; NaN counts as the largest, ties
    /// go to the lowest column.
    LargestInRow,
    /// x > 0, which a NaN is not.
    Positive
  };
  Kind kind;
  double threshold = 0;
  int64_t count = 0;
};

/// Rows that are the entries of a list (the tokens of each expert): the group
/// dimension is fixed within a row, and the list gives the row's index.
struct ListedRows {
  /// The tensor whose storage holds the list, and its place in the coverage.
  Value list;
  Coverage leaf;
  /// Iteration dimensions: the group, and the entry.
  unsigned groupDim = 0, rowDim = 0;
  /// Whether an operand is indexed by the index that the list gives, or by the
  /// entry itself.
  std::array<bool, 2> gathers = {false, false};
};

/// The iteration domain of a compute op whose reduction is a sum of products.
struct ComputeDomain {
  SmallVector<utils::IteratorType> iterators;
  /// The operands that annihilate (an absent element removes the term), each
  /// with its map from iteration dimensions to tensor dimensions.
  SmallVector<Value> inputs;
  SmallVector<AffineMap> inputMaps;
  /// What the sum starts from, and the result's map.
  Value init;
  AffineMap outputMap;
  /// Absent where every dimension is walked as it is.
  std::optional<ListedRows> rows;
};

inline llvm::hash_code hash_value(const Coverage &coverage) {
  return llvm::hash_code(coverage.hash());
}
inline llvm::hash_code hash_value(const TileFormat &format) {
  return llvm::hash_code(format.hash());
}

} // namespace mlir::sparsity

#include "sparsity/Dialect/Sparsity/IR/SparsityDialect.h.inc"

namespace mlir::sparsity {
class TileTargetAttrInterface;
} // namespace mlir::sparsity
#include "sparsity/Dialect/Sparsity/IR/SparsityAttrInterfaces.h.inc"

#include "sparsity/Dialect/Sparsity/IR/SparsityOpInterfaces.h.inc"

#define GET_ATTRDEF_CLASSES
#include "sparsity/Dialect/Sparsity/IR/SparsityAttrs.h.inc"

#define GET_OP_CLASSES
#include "sparsity/Dialect/Sparsity/IR/SparsityOps.h.inc"

namespace mlir::sparsity {

/// The encoding of `type` as this project's interface, or null.
inline SparsityEncodingAttrInterface getSparsityEncoding(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor || !tensor.getEncoding()) {
    return {};
  }
  return dyn_cast<SparsityEncodingAttrInterface>(tensor.getEncoding());
}

/// On a function argument that is stored as a packed list: the share of the
/// list's units that is expected to be present, an f64 in (0, 1].
inline constexpr llvm::StringLiteral kDensityAttrName = "sparsity.density";

/// `type` with shape and element type kept and the encoding removed.
inline RankedTensorType getDenseType(RankedTensorType type) {
  return RankedTensorType::get(type.getShape(), type.getElementType());
}

} // namespace mlir::sparsity

#endif // SPARSITY_DIALECT_SPARSITY_IR_SPARSITY_H
