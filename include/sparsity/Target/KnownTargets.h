//===- KnownTargets.h - the table of targets --------------------*- C++ -*-===//

#ifndef SPARSITY_TARGET_KNOWNTARGETS_H
#define SPARSITY_TARGET_KNOWNTARGETS_H

#include "sparsity/Target/Target.h"

namespace mlir::sparsity {

/// Every target, in the order in which help texts list them.
llvm::ArrayRef<TargetInfo> getKnownTargets();

/// The row called `name`, or null.
const TargetInfo *lookupTarget(llvm::StringRef name);

/// The GPU row whose code runs on most devices.
const TargetInfo &getDefaultGpuTarget();

/// The GPU row to compile for on a device of this compute capability, or null.
const TargetInfo *selectGpuTarget(int64_t major, int64_t minor);

/// Names of the GPU rows, comma-separated, for help texts and diagnostics.
llvm::StringRef getGpuTargetNames();

/// Names of all rows, likewise.
llvm::StringRef getKnownTargetNames();

} // namespace mlir::sparsity

#endif // SPARSITY_TARGET_KNOWNTARGETS_H
