//===- Report.h - what the compiler decided and skipped ---------*- C++ -*-===//

#ifndef SPARSITY_TOOLS_RUN_REPORT_H
#define SPARSITY_TOOLS_RUN_REPORT_H

#include "Runner.h"

#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/MLIRContext.h"

namespace mlir::sparsity::run {

/// Collects optimization remarks and diagnostics of severity remark.
class RemarkCollector {
public:
  explicit RemarkCollector(MLIRContext &context);

  /// Prints what was collected, a line each.
  void print() const;

  /// Remarks that come while this is off are dropped.
  void setEnabled(bool value) { isEnabled = value; }

private:
  void add(Location location, const std::string &message);

  bool isEnabled = false;
  std::vector<std::string> lines;
  ScopedDiagnosticHandler handler;
};

/// Prints, for each kernel with a reduction, the tiles that it runs and the
/// bytes that it reads, and those of the dense program: `source` compiled for
/// `target` and called with `flat`, which fits `abi`. The counts come from a
/// run of the kernels' loops on the CPU, whatever the target, without their
/// work.
void explainWork(ModuleOp source, const Arguments &arguments,
                 const std::string &target, const EntryAbi &abi,
                 const std::vector<FlatArgument> &flat);

/// Prints which share of the bytes of encoded arguments their storage does
/// without. `abi` is the program's storage as compiled, `flat` the buffers of
/// its call.
void printSkipped(const std::vector<Input> &inputs, const EntryAbi &abi,
                  const std::vector<FlatArgument> &flat,
                  const std::string &target);

} // namespace mlir::sparsity::run

#endif // SPARSITY_TOOLS_RUN_REPORT_H
