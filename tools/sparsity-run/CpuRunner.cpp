//===- CpuRunner.cpp - runs compiled programs on the CPU ------------------===//

#include "Runner.h"

#include "sparsity-c/Runtime.h"

#include "llvm/ADT/STLExtras.h"

#include <algorithm>
#include <chrono>

using namespace mlir;
using namespace mlir::sparsity;
using namespace mlir::sparsity::run;
using runtime::Status;
using runtime::StatusOr;

namespace {
class CpuRunner : public Runner {
public:
  CpuRunner(const Program &program, std::vector<FlatArgument> &flat);
  Status run() override;
  StatusOr<Timing> time(const TimingPlan &plan) override;

private:
  const Program &program;
  std::vector<std::vector<int64_t>> descriptors;
  std::vector<void *> pointers;
  std::vector<uint64_t> scalars;
  std::vector<void *> packed;
};
} // namespace

CpuRunner::CpuRunner(const Program &program, std::vector<FlatArgument> &flat)
    : program(program), descriptors(flat.size()), pointers(flat.size()),
      scalars(flat.size()) {
  for (auto [i, argument] : llvm::enumerate(flat)) {
    if (argument.buffer) {
      descriptors[i] =
          makeDescriptor(argument.buffer->data.get(), argument.buffer->shape);
      pointers[i] = descriptors[i].data();
      packed.push_back(&pointers[i]);
    } else {
      scalars[i] = argument.scalar;
      packed.push_back(&scalars[i]);
    }
  }
}

Status CpuRunner::run() {
  sparsityClearLastError();
  program.call(packed.data());
  return runtime::takeLastError();
}

StatusOr<Timing> CpuRunner::time(const TimingPlan &) {
  using Clock = std::chrono::steady_clock;
  constexpr size_t kRuns = 21, kFewestRuns = 3;
  constexpr std::chrono::seconds kBudget(10);
  if (Status status = run(); !status.ok()) {
    return status;
  }
  std::vector<double> milliseconds;
  Clock::time_point begin = Clock::now();
  while (milliseconds.size() < kRuns && (milliseconds.size() < kFewestRuns ||
                                         Clock::now() - begin < kBudget)) {
    Clock::time_point start = Clock::now();
    if (Status status = run(); !status.ok()) {
      return status;
    }
    std::chrono::duration<double, std::milli> elapsed = Clock::now() - start;
    milliseconds.push_back(elapsed.count());
  }
  Timing timing;
  timing.runs = milliseconds.size();
  timing.milliseconds = median(std::move(milliseconds));
  return timing;
}

StatusOr<std::unique_ptr<Runner>>
run::createCpuRunner(const Program &program, std::vector<FlatArgument> &flat) {
  return std::unique_ptr<Runner>(std::make_unique<CpuRunner>(program, flat));
}
