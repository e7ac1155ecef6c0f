//===- WorkCounts.cpp - Sums of the work that kernels report --------------===//

#include "sparsity-c/Runtime.h"

#include <algorithm>
#include <mutex>
#include <vector>

namespace {
struct Counts {
  std::mutex mutex;
  /// By number of the schedule in its module.
  std::vector<SparsityWorkCounts> schedules;
};
} // namespace

static Counts &getCounts() {
  // Never destroyed: a worker may report while the process ends.
  static auto *counts = new Counts();
  return *counts;
}

static void add(int64_t schedule, const SparsityWorkCounts &work) {
  if (schedule < 0) {
    return;
  }
  Counts &counts = getCounts();
  std::lock_guard<std::mutex> lock(counts.mutex);
  auto position = static_cast<size_t>(schedule);
  if (counts.schedules.size() <= position) {
    counts.schedules.resize(position + 1, SparsityWorkCounts{});
  }
  SparsityWorkCounts &sums = counts.schedules[position];
  sums.items += work.items;
  sums.steps += work.steps;
  sums.totalSteps += work.totalSteps;
  sums.bytes += work.bytes;
  sums.denseBytes += work.denseBytes;
}

extern "C" void sparsityCountWork(int64_t schedule, int64_t steps,
                                  int64_t bytes) {
  add(schedule, {/*items=*/1, steps, /*totalSteps=*/0, bytes,
                 /*denseBytes=*/0});
}

extern "C" void sparsityCountDenseWork(int64_t schedule, int64_t totalSteps,
                                       int64_t denseBytes) {
  add(schedule,
      {/*items=*/0, /*steps=*/0, totalSteps, /*bytes=*/0, denseBytes});
}

extern "C" int64_t sparsityReadWorkCounts(SparsityWorkCounts *sums,
                                          int64_t capacity) {
  Counts &counts = getCounts();
  std::lock_guard<std::mutex> lock(counts.mutex);
  auto size = static_cast<int64_t>(counts.schedules.size());
  std::copy_n(counts.schedules.begin(),
              std::max<int64_t>(0, std::min(size, capacity)), sums);
  return size;
}

extern "C" void sparsityResetWorkCounts(void) {
  Counts &counts = getCounts();
  std::lock_guard<std::mutex> lock(counts.mutex);
  counts.schedules.clear();
}
