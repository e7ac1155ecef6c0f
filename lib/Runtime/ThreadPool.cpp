//===- ThreadPool.cpp - Persistent workers behind sparsityParallelFor -----===//

#include "sparsity-c/Runtime.h"
#include "sparsity/Runtime/Errors.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <thread>
#include <vector>

#include <unistd.h>

using namespace mlir::sparsity::runtime;

using LoopBody = void (*)(void *context, int64_t begin, int64_t end);

namespace {
/// Ranges per thread: enough that uneven work evens out, few enough that taking
/// one is free.
constexpr int64_t kRangesPerThread = 8;
constexpr int64_t kMaxThreads = 1024;

thread_local bool insideParallelLoop = false;

int64_t chooseThreadCount() {
  int64_t count = std::max(1u, std::thread::hardware_concurrency());
  if (const char *text = std::getenv("SPARSITY_NUM_THREADS")) {
    char *end = nullptr;
    long long asked = std::strtoll(text, &end, 10);
    if (end != text && *end == '\0' && asked >= 1) {
      count = asked;
    }
  }
  return std::min(count, kMaxThreads);
}

class ThreadPool {
public:
  ThreadPool() : threadCount(chooseThreadCount()), owner(getpid()) {}

  ~ThreadPool() {
    if (owner != getpid()) {
      // A forked child has the thread objects but not the threads.
      for (std::thread &worker : workers) {
        worker.detach();
      }
      return;
    }
    {
      std::lock_guard<std::mutex> lock(mutex);
      stopping = true;
    }
    wake.notify_all();
    for (std::thread &worker : workers) {
      worker.join();
    }
  }

  void run(int64_t total, LoopBody body, void *bodyContext) {
    // One loop at a time owns the pool; a nested or a concurrent one runs on
    // its own thread, which is always correct and cannot deadlock.
    if (insideParallelLoop || total == 1 || threadCount == 1 ||
        owner != getpid()) {
      body(bodyContext, 0, total);
      return;
    }
    std::unique_lock<std::mutex> ownership(submission, std::try_to_lock);
    if (!ownership.owns_lock()) {
      body(bodyContext, 0, total);
      return;
    }
    {
      std::lock_guard<std::mutex> lock(mutex);
      startWorkers();
      loopBody = body;
      loopContext = bodyContext;
      count = total;
      rangeSize =
          std::max<int64_t>(1, total / (threadCount * kRangesPerThread));
      next.store(0, std::memory_order_relaxed);
      failure = Status::success();
      open = true;
      ++generation;
    }
    wake.notify_all();
    drain();
    {
      std::unique_lock<std::mutex> lock(mutex);
      open = false;
      idle.wait(lock, [&] { return active == 0; });
      recordLastError(failure);
    }
  }

  int64_t getThreadCount() const { return threadCount; }

private:
  /// With `mutex` held.
  void startWorkers() {
    while (static_cast<int64_t>(workers.size()) < threadCount - 1) {
      workers.emplace_back([this] { work(); });
    }
  }

  void drain() {
    insideParallelLoop = true;
    while (true) {
      int64_t begin = next.fetch_add(rangeSize, std::memory_order_relaxed);
      if (begin >= count) {
        break;
      }
      loopBody(loopContext, begin, std::min(count, begin + rangeSize));
    }
    insideParallelLoop = false;
  }

  void work() {
    uint64_t seen = 0;
    std::unique_lock<std::mutex> lock(mutex);
    while (true) {
      wake.wait(lock, [&] { return stopping || (open && generation != seen); });
      if (stopping) {
        return;
      }
      seen = generation;
      ++active;
      lock.unlock();
      drain();
      Status error = takeLastError();
      lock.lock();
      if (!error.ok() && failure.ok()) {
        failure = std::move(error);
      }
      if (--active == 0) {
        idle.notify_all();
      }
    }
  }

  const int64_t threadCount;
  const pid_t owner;
  std::mutex submission;
  std::mutex mutex;
  std::condition_variable wake, idle;
  std::vector<std::thread> workers;
  bool stopping = false;

  // The loop under way. Written with `mutex` held while no worker is active.
  bool open = false;
  uint64_t generation = 0;
  int64_t active = 0;
  LoopBody loopBody = nullptr;
  void *loopContext = nullptr;
  int64_t count = 0;
  int64_t rangeSize = 1;
  Status failure;
  std::atomic<int64_t> next{0};
};
} // namespace

static ThreadPool &getPool() {
  static ThreadPool pool;
  return pool;
}

extern "C" void sparsityParallelFor(int64_t count, LoopBody body,
                                    void *context) {
  if (count <= 0) {
    return;
  }
  getPool().run(count, body, context);
}

extern "C" int64_t sparsityNumThreads(void) {
  return getPool().getThreadCount();
}
