//===- KnownTargets.h - the table of targets --------------------*- C++ -*-===//

#ifndef SPARSITY_TARGET_KNOWNTARGETS_H
#define SPARSITY_TARGET_KNOWNTARGETS_H

#include "sparsity/Target/Target.h"

namespace mlir::sparsity {

/// Every target, in the order in which help texts list them.
llvm::ArrayRef<TargetInfo> getKnownTargets();

/// The row called `name`, or null.
const TargetInfo *lookupTarget(llvm::StringRef name);

/// "cpu, sm_80, sm_90a", for diagnostics.
llvm::StringRef getKnownTargetNames();

} // namespace mlir::sparsity

#endif // SPARSITY_TARGET_KNOWNTARGETS_H
