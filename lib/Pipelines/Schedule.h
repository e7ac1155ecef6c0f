//===- Schedule.h - the passes that every pipeline begins with --*- C++ -*-===//

#ifndef SPARSITY_LIB_PIPELINES_SCHEDULE_H
#define SPARSITY_LIB_PIPELINES_SCHEDULE_H

#include "llvm/ADT/SmallVector.h"

#include <cstdint>
#include <string>

namespace mlir {
class OpPassManager;
} // namespace mlir

namespace mlir::sparsity {

struct ScheduleOptions {
  std::string target = "cpu";
  bool allowTF32 = false;
  /// Overrides of the configuration; empty or 0 leaves the choice.
  llvm::SmallVector<int64_t> tile, warps;
  int64_t stages = 0, cluster = 0, splits = 0;
  std::string instruction;
  /// Measured tiles: a file, "none", or empty for the table that is built in.
  std::string tuningTable;
  /// Whether weights may be stored densely: "auto" or "never".
  std::string denseChoice = "auto";
  uint64_t tuningCandidates = 0;
};

/// From linalg on encoded tensors to sparse_tile on memrefs.
void addSchedulePasses(OpPassManager &manager, const ScheduleOptions &options);

} // namespace mlir::sparsity

#endif // SPARSITY_LIB_PIPELINES_SCHEDULE_H
