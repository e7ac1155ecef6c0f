//===- StorageChoice.h - other forms of a packed operand --------*- C++ -*-===//
//
// Who packs a tensor can pack it in another form: densely, or in larger units
// of its list. Whether a kernel is faster so is asked by choosing a
// configuration for it as if the operand had that form.
//
//===----------------------------------------------------------------------===//

#ifndef SPARSITY_LIB_DIALECT_SPARSITY_TRANSFORMS_STORAGECHOICE_H
#define SPARSITY_LIB_DIALECT_SPARSITY_TRANSFORMS_STORAGECHOICE_H

#include "WarpgroupConfig.h"

namespace mlir::sparsity {

/// On an op until storage is resolved: {operand, storage, config, variants},
/// the encoding in which the op would rather have that operand, and what its
/// configuration and variants (if there are any) are then.
inline constexpr llvm::StringLiteral kStoredAttrName = "sparse_tile.stored";

/// Gives `value` another encoding while it lives.
class StoredAs {
public:
  StoredAs(Value value, Attribute storage)
      : value(value), own(value.getType()) {
    auto type = cast<RankedTensorType>(own);
    value.setType(
        RankedTensorType::get(type.getShape(), type.getElementType(), storage));
  }
  ~StoredAs() { value.setType(own); }
  StoredAs(const StoredAs &) = delete;
  StoredAs &operator=(const StoredAs &) = delete;

private:
  Value value;
  Type own;
};

/// Whether somebody still has to pack `value`: the owner of an argument, or the
/// compiler for a constant.
bool isYetToBePacked(Value value);

/// What the program says of the share of the list that `contraction` follows.
std::optional<double> getDensityHint(const Contraction &contraction);

/// The share of the units of `merged` that hold one of the present units of
/// `own`, which are a share `density` of all, if these are independent.
double getMergedDensity(double density, const Coverage &own,
                        const Coverage &merged);

/// The cycles of the best kernel for a list that only instructions of single
/// warps follow, by those of a kernel of warpgroups for `problem`.
std::optional<double> getSingleWarpsCost(const WarpgroupProblem &problem,
                                         const TargetInfo &target);

} // namespace mlir::sparsity

#endif // SPARSITY_LIB_DIALECT_SPARSITY_TRANSFORMS_STORAGECHOICE_H
