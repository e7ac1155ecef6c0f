//===- Runner.h - compiled programs on the CPU and on the GPU ---*- C++ -*-===//

#ifndef SPARSITY_TOOLS_RUN_RUNNER_H
#define SPARSITY_TOOLS_RUN_RUNNER_H

#include "Inputs.h"

#include "mlir/ExecutionEngine/ExecutionEngine.h"
#include "mlir/IR/OwningOpRef.h"

#include <chrono>
#include <memory>

namespace mlir::sparsity::run {

/// A program compiled for one target, loaded into this process.
struct Program {
  OwningOpRef<ModuleOp> module;
  /// The compiled function.
  Operation *function = nullptr;
  EntryAbi abi;
  std::unique_ptr<ExecutionEngine> engine;
  /// Takes a pointer to each argument: for a buffer, to the pointer to its
  /// memref descriptor.
  void (*call)(void **) = nullptr;
};

/// Compiles a copy of `source` for `target`, with more `options` of the GPU
/// pipeline. Errors are diagnostics.
FailureOr<Program> compileProgram(ModuleOp source, const std::string &entry,
                                  const std::string &target, bool allowTF32,
                                  const std::string &options = {});

/// Compiles a copy of `source` to CPU code with the storage, the tiles and the
/// loops that `target` has, which reports its work (sparsityReadWorkCounts)
/// and runs only what the counts depend on. Of `options`, as in
/// compileProgram(), those count that decide how weights are stored.
FailureOr<Program> compileCountingProgram(ModuleOp source,
                                          const std::string &entry,
                                          const std::string &target,
                                          bool allowTF32,
                                          const std::string &options);

/// Median time of one run, over `runs` runs.
struct Timing {
  double milliseconds = 0;
  int64_t runs = 0;
};

/// How a GPU is timed.
struct TimingPlan {
  /// An idle GPU runs at a fraction of its clock rate and takes this long to
  /// raise it.
  std::chrono::milliseconds warmup{300};
  size_t runs = 31;
};

/// A program with its arguments in the memory of its device.
class Runner {
public:
  virtual ~Runner() = default;
  /// Runs once and brings the results back into the flat arguments.
  virtual runtime::Status run() = 0;
  /// Times runs that follow an untimed one.
  virtual runtime::StatusOr<Timing> time(const TimingPlan &plan = {}) = 0;
};

/// Both refer to `program` and `flat`, which must outlive the runner.
runtime::StatusOr<std::unique_ptr<Runner>>
createCpuRunner(const Program &program, std::vector<FlatArgument> &flat);
runtime::StatusOr<std::unique_ptr<Runner>>
createCudaRunner(const Program &program, std::vector<FlatArgument> &flat);

/// A memref descriptor ("MLIR LLVM IR Target", ranked memref types) of a
/// row-major buffer: pointer twice, offset, sizes, strides.
std::vector<int64_t> makeDescriptor(const void *data,
                                    llvm::ArrayRef<int64_t> shape);

double median(std::vector<double> values);

} // namespace mlir::sparsity::run

#endif // SPARSITY_TOOLS_RUN_RUNNER_H
