//===- TuningCandidates.h - tiles that are worth measuring ------*- C++ -*-===//
//
// With `tuning-candidates`, sparsity-select-config leaves on the module, for
// each kernel of warpgroups, what it multiplies and the tiles that its cost
// model likes best. A tuner reads them after any part of the pipeline, and
// compiles the program with each (options `tile`, `warps`, `stages`, `cluster`
// and `splits`).
//
//===----------------------------------------------------------------------===//

#ifndef SPARSITY_DIALECT_SPARSITY_TRANSFORMS_TUNINGCANDIDATES_H
#define SPARSITY_DIALECT_SPARSITY_TRANSFORMS_TUNINGCANDIDATES_H

#include "sparsity/Dialect/SparseTile/IR/SparseTile.h"
#include "sparsity/Target/TuningTable.h"

#include "mlir/IR/BuiltinOps.h"

namespace mlir::sparsity {

/// Of a module (array of dictionaries): the candidates of each kernel.
inline constexpr llvm::StringLiteral kTuningAttrName = "sparsity.tuning";

struct TuningCandidates {
  /// Of the kernel's first contraction.
  Location location;
  /// ShapedType::kDynamic for extents that the program does not say.
  TuningKey key;
  /// The best by the cost model first.
  SmallVector<sparse_tile::ConfigAttr> configs;
};

/// Adds a kernel to the list of `module`.
void addTuningCandidates(ModuleOp module, const TuningCandidates &candidates);

/// The list of `module`; empty if it has none. One that is not of this form is
/// an error.
FailureOr<SmallVector<TuningCandidates>> readTuningCandidates(ModuleOp module);

} // namespace mlir::sparsity

#endif // SPARSITY_DIALECT_SPARSITY_TRANSFORMS_TUNINGCANDIDATES_H
