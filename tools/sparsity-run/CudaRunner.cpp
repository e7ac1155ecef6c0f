//===- CudaRunner.cpp - runs compiled programs on an NVIDIA GPU -----------===//

#include "Runner.h"

#include "sparsity-c/Runtime.h"
#include "sparsity/Runtime/CudaDriver.h"

#include "llvm/ADT/STLExtras.h"

#include <chrono>

using namespace mlir;
using namespace mlir::sparsity;
using namespace mlir::sparsity::run;
using runtime::DeviceBuffer;
using runtime::Event;
using runtime::Graph;
using runtime::Status;
using runtime::StatusOr;
using runtime::Stream;

namespace {
class CudaRunner : public Runner {
public:
  CudaRunner(const Program &program, std::vector<FlatArgument> &flat)
      : program(program), flat(flat) {}
  ~CudaRunner() override { sparsitySetStream(nullptr); }

  Status upload();
  Status run() override;
  StatusOr<Timing> time(const TimingPlan &plan) override;

private:
  /// Queues the program once.
  Status launch();
  /// The program's launches as a graph; nothing if it does more than launch.
  std::optional<Graph> capture();

  const Program &program;
  std::vector<FlatArgument> &flat;
  Stream stream;
  std::vector<DeviceBuffer> buffers;
  std::vector<std::vector<int64_t>> descriptors;
  std::vector<void *> pointers;
  std::vector<uint64_t> scalars;
  std::vector<void *> packed;
  bool hasRun = false;
};
} // namespace

Status CudaRunner::upload() {
  StatusOr<Stream> created = Stream::create();
  if (!created.ok()) {
    return created.status();
  }
  stream = std::move(*created);
  sparsitySetStream(stream.handle());
  buffers.resize(flat.size());
  descriptors.resize(flat.size());
  pointers.resize(flat.size());
  scalars.resize(flat.size());
  for (auto [i, argument] : llvm::enumerate(flat)) {
    if (!argument.buffer) {
      scalars[i] = argument.scalar;
      packed.push_back(&scalars[i]);
      continue;
    }
    uint64_t bytes = argument.buffer->bytes();
    StatusOr<DeviceBuffer> buffer = DeviceBuffer::allocate(bytes);
    if (!buffer.ok()) {
      return buffer.status();
    }
    buffers[i] = std::move(*buffer);
    if (bytes) {
      Status status = runtime::copyToDevice(buffers[i].data(),
                                            argument.buffer->data.get(), bytes);
      if (!status.ok()) {
        return status;
      }
    }
    descriptors[i] = makeDescriptor(buffers[i].data(), argument.buffer->shape);
    pointers[i] = descriptors[i].data();
    packed.push_back(&pointers[i]);
  }
  return Status::success();
}

Status CudaRunner::launch() {
  sparsityClearLastError();
  program.call(packed.data());
  return runtime::takeLastError();
}

Status CudaRunner::run() {
  Status status = launch();
  if (status.ok()) {
    status = runtime::synchronizeStream(stream.handle());
  }
  hasRun = hasRun || status.ok();
  for (auto [i, argument] : llvm::enumerate(flat)) {
    if (status.ok() && argument.isResult && argument.buffer->bytes()) {
      status = runtime::copyToHost(argument.buffer->data.get(),
                                   buffers[i].data(), argument.buffer->bytes());
    }
  }
  return status;
}

std::optional<Graph> CudaRunner::capture() {
  if (!Graph::beginCapture().ok()) {
    return std::nullopt;
  }
  Status launched = launch();
  StatusOr<Graph> graph = Graph::endCapture();
  if (!launched.ok() || !graph.ok()) {
    return std::nullopt;
  }
  return std::move(*graph);
}

StatusOr<Timing> CudaRunner::time(const TimingPlan &plan) {
  StatusOr<Event> start = Event::create();
  StatusOr<Event> end = Event::create();
  if (!start.ok() || !end.ok()) {
    return start.ok() ? end.status() : start.status();
  }
  // The first launch loads the module and sizes the workspaces.
  if (Status status = hasRun ? Status::success() : run(); !status.ok()) {
    return status;
  }
  std::optional<Graph> graph = capture();
  std::vector<double> milliseconds;
  auto begin = std::chrono::steady_clock::now();
  while (milliseconds.size() < plan.runs) {
    Status status = runtime::flushL2();
    if (status.ok()) {
      status = start->record();
    }
    if (status.ok()) {
      status = graph ? graph->launch() : launch();
    }
    if (status.ok()) {
      status = end->record();
    }
    if (!status.ok()) {
      return status;
    }
    StatusOr<double> elapsed = Event::elapsed(*start, *end);
    if (!elapsed.ok()) {
      return elapsed.status();
    }
    if (std::chrono::steady_clock::now() - begin > plan.warmup) {
      milliseconds.push_back(*elapsed);
    }
  }
  Timing timing;
  timing.runs = plan.runs;
  timing.milliseconds = median(std::move(milliseconds));
  return timing;
}

StatusOr<std::unique_ptr<Runner>>
run::createCudaRunner(const Program &program, std::vector<FlatArgument> &flat) {
  auto runner = std::make_unique<CudaRunner>(program, flat);
  Status status = runner->upload();
  if (!status.ok()) {
    return status;
  }
  return std::unique_ptr<Runner>(std::move(runner));
}
