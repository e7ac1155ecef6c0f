//===- IterationDomain.h - operands pulled into iteration space -*- C++ -*-===//
//
// A contraction is seen as parallel dimensions (outer..., rows, columns) and
// one reduction dimension. Rows and columns are named after the roles of the
// matrix instruction: the operand that walks `rows` is its A, the one that
// walks `columns` its B. Which operand of the program takes which role is a
// configuration choice.
//
//===----------------------------------------------------------------------===//

#ifndef SPARSITY_ANALYSIS_ITERATIONDOMAIN_H
#define SPARSITY_ANALYSIS_ITERATIONDOMAIN_H

#include "sparsity/Coverage/Enumerate.h"
#include "sparsity/Dialect/Sparsity/IR/Sparsity.h"
#include "sparsity/Target/Target.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"

namespace mlir::sparsity {

/// A contraction whose operands index with plain dimensions.
struct Contraction {
  Operation *op = nullptr;
  ComputeDomain domain;
  /// Iteration dimensions: parallel dimensions other than rows and columns,
  /// then the last dimension that only the left and only the right operand
  /// walks (absent for a matrix-vector product), and the reduction dimension.
  SmallVector<unsigned> outer;
  std::optional<unsigned> left, right;
  unsigned reduction = 0;
  /// Absent where rows are the indices of their dimension.
  std::optional<ListedRows> rows;

  RankedTensorType getInputType(unsigned index) const {
    return cast<RankedTensorType>(domain.inputs[index].getType());
  }
  RankedTensorType getResultType() const {
    return cast<RankedTensorType>(op->getResult(0).getType());
  }
};

/// The contraction that `op` is, or failure after `reason` was told why not.
FailureOr<Contraction> matchContraction(Operation *op,
                                        function_ref<void(StringRef)> reason);

/// Whether `value` is filled with zero, so that a sum that starts from it
/// starts from nothing.
bool isZeroFill(Value value);

/// The list of operand `index`'s coverage whose groups are ranges of the
/// operand's own parallel dimension and whose entries lie along the reduction:
/// the list that a loop over the entries of a row's group can follow.
std::optional<Coverage> getFollowedList(const Contraction &contraction,
                                        unsigned index);

/// One kernel: contractions over the same parallel dimensions and the
/// elementwise op that consumes them; or only an elementwise op; or only a
/// contraction.
struct KernelGroup {
  std::vector<Contraction> contractions;
  /// Null if the contraction's result is stored as it is.
  linalg::GenericOp epilogue;
};

/// An op over parallel dimensions only, with a scalar body.
bool isElementwise(linalg::GenericOp op);

/// The kernels of a block, in program order.
std::vector<KernelGroup> findKernelGroups(Block &block);

/// The element type in which sums accumulate: f32, or i32 for i8 operands.
Type getAccumulatorType(const Contraction &contraction);

/// Operand coverages of a contraction with static shapes, for enumeration;
/// `tile` is (rows, columns, reduction) and `swap` exchanges the operands'
/// roles.
FailureOr<IterationSpace> getIterationSpace(const Contraction &contraction,
                                            ArrayRef<int64_t> tile, bool swap);

/// Attaches TileableComputeOpInterface to linalg's contractions.
void registerTileableComputeOpExternalModels(DialectRegistry &registry);

} // namespace mlir::sparsity

#endif // SPARSITY_ANALYSIS_ITERATIONDOMAIN_H
