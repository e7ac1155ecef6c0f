//===- Tuner.h - one tile after another on a GPU ----------------*- C++ -*-===//

#ifndef SPARSITY_TOOLS_RUN_TUNER_H
#define SPARSITY_TOOLS_RUN_TUNER_H

#include "Runner.h"

#include "sparsity/Dialect/SparseTile/IR/SparseTile.h"

namespace mlir::sparsity::run {

/// What came of one candidate.
struct Measurement {
  sparse_tile::ConfigAttr config;
  double microseconds = 0;
  /// Why there is no time.
  std::string problem;
  /// The compiler refused it; else it compiled, and did not run as it should.
  bool isRefused = false;
};

/// Programs that add to the same table take turns with what they hold this
/// for: the file beside the table, `<table>.lock`, is locked until the end.
class TableLock {
public:
  TableLock() = default;
  TableLock(const TableLock &) = delete;
  TableLock &operator=(const TableLock &) = delete;
  ~TableLock();
  /// Waits for the others; nothing to wait for without a table.
  runtime::Status take(const std::string &table);

private:
  static constexpr int kNone = -1;
  int file = kNone;
};

/// Measures one program with one tile after another.
class Tuner {
public:
  /// `options` are options of the GPU pipeline beside those of the tile. What
  /// is referred to must outlive the tuner.
  Tuner(ModuleOp source, std::vector<Input> &inputs, const Arguments &arguments,
        const std::string &target, std::string options)
      : source(source), inputs(inputs), arguments(arguments), target(target),
        options(std::move(options)) {}

  /// Compiles, runs, checks and times the program; the result of the first
  /// tile that runs is what those of the others have to be.
  Measurement measure(sparse_tile::ConfigAttr config);

private:
  FailureOr<Program> compile(Measurement &measurement);
  runtime::Status prepare(const Program &program);
  /// The arguments, with results of their own: none must find the values of
  /// the kernel before.
  runtime::StatusOr<std::vector<FlatArgument>> makeArguments() const;
  runtime::Status checkFirst(const std::vector<HostTensor> &results);
  runtime::Status checkAgain(const std::vector<HostTensor> &results) const;

  /// Nothing else of those that tune runs meanwhile.
  runtime::Status runAlone(Runner &runner);
  runtime::StatusOr<Timing> timeAlone(Runner &runner);

  ModuleOp source;
  std::vector<Input> &inputs;
  const Arguments &arguments;
  const std::string &target;
  std::string options;
  /// Packed once: storage does not depend on tiles.
  std::vector<FlatArgument> packed;
  Attribute abi;
  bool isWarm = false;
  std::vector<HostTensor> reference;
};

} // namespace mlir::sparsity::run

#endif // SPARSITY_TOOLS_RUN_TUNER_H
