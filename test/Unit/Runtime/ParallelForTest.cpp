//===- ParallelForTest.cpp - Coverage, nesting and errors of the pool -----===//

#include "sparsity/Runtime/ParallelFor.h"

#include "sparsity/Runtime/Errors.h"

#include "gtest/gtest.h"

#include <atomic>
#include <cstring>
#include <thread>
#include <vector>

using namespace mlir::sparsity::runtime;

TEST(ParallelFor, MeetsEveryIndexOnce) {
  for (int64_t count : {0, 1, 2, 7, 64, 1000, 100003}) {
    std::vector<std::atomic<int>> met(count);
    parallelFor(count, [&](int64_t begin, int64_t end) {
      ASSERT_LT(begin, end);
      for (int64_t i = begin; i < end; ++i) {
        met[i].fetch_add(1);
      }
    });
    for (int64_t i = 0; i < count; ++i) {
      ASSERT_EQ(met[i].load(), 1) << i << " of " << count;
    }
  }
}

TEST(ParallelFor, NegativeCountDoesNothing) {
  bool ran = false;
  parallelFor(-5, [&](int64_t, int64_t) { ran = true; });
  EXPECT_FALSE(ran);
}

TEST(ParallelFor, ManyShortLoops) {
  std::atomic<int64_t> sum{0};
  for (int64_t loop = 0; loop < 5000; ++loop) {
    parallelFor(16, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        sum.fetch_add(i, std::memory_order_relaxed);
      }
    });
  }
  EXPECT_EQ(sum.load(), 5000 * 120);
}

TEST(ParallelFor, NestedLoopsRunOnTheirOwnThread) {
  std::atomic<int64_t> sum{0};
  std::atomic<bool> moved{false};
  parallelFor(64, [&](int64_t begin, int64_t end) {
    std::thread::id outer = std::this_thread::get_id();
    for (int64_t i = begin; i < end; ++i) {
      parallelFor(100, [&](int64_t innerBegin, int64_t innerEnd) {
        if (std::this_thread::get_id() != outer) {
          moved = true;
        }
        sum.fetch_add(innerEnd - innerBegin);
      });
    }
  });
  EXPECT_EQ(sum.load(), 6400);
  // With one thread in the pool the outer loop is not parallel either.
  EXPECT_FALSE(moved.load());
}

TEST(ParallelFor, CallersOnSeveralThreads) {
  std::atomic<int64_t> sum{0};
  std::vector<std::thread> callers;
  for (int caller = 0; caller < 4; ++caller) {
    callers.emplace_back([&] {
      for (int loop = 0; loop < 200; ++loop) {
        parallelFor(50, [&](int64_t begin, int64_t end) {
          sum.fetch_add(end - begin);
        });
      }
    });
  }
  for (std::thread &caller : callers) {
    caller.join();
  }
  EXPECT_EQ(sum.load(), 4 * 200 * 50);
}

TEST(ParallelFor, ErrorsOfWorkersReachTheCaller) {
  sparsityClearLastError();
  parallelFor(64, [&](int64_t, int64_t) {
    recordLastError(Status::error("expected a test, but got one"));
  });
  ASSERT_NE(sparsityGetLastError(), nullptr);
  EXPECT_STREQ(sparsityGetLastError(), "expected a test, but got one");
  sparsityClearLastError();
  parallelFor(64, [](int64_t, int64_t) {});
  EXPECT_EQ(sparsityGetLastError(), nullptr);
}

TEST(Errors, TheFirstOneStaysUntilCleared) {
  sparsityClearLastError();
  recordLastError(Status::success());
  EXPECT_EQ(sparsityGetLastError(), nullptr);
  recordLastError(Status::error("first"));
  recordLastError(Status::error("second"));
  EXPECT_STREQ(sparsityGetLastError(), "first");
  std::thread([] { EXPECT_EQ(sparsityGetLastError(), nullptr); }).join();
  sparsityClearLastError();
  EXPECT_EQ(sparsityGetLastError(), nullptr);
}

TEST(HostWorkspace, GrowsAndKeeps) {
  sparsityClearLastError();
  void *block = sparsityHostWorkspace(1, 1000);
  ASSERT_NE(block, nullptr);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(block) % 64, 0u);
  std::memset(block, 1, 1000);
  EXPECT_EQ(sparsityHostWorkspace(1, 10), block);
  EXPECT_NE(sparsityHostWorkspace(2, 1000), block);
  void *grown = sparsityHostWorkspace(1, 1 << 20);
  ASSERT_NE(grown, nullptr);
  std::memset(grown, 1, 1 << 20);
  EXPECT_EQ(sparsityHostWorkspace(1, 1 << 20), grown);
  EXPECT_EQ(sparsityHostWorkspace(3, 0), nullptr);
  EXPECT_EQ(sparsityGetLastError(), nullptr);
  EXPECT_EQ(sparsityHostWorkspace(1, UINT64_MAX), nullptr);
  ASSERT_NE(sparsityGetLastError(), nullptr);
  EXPECT_STREQ(
      sparsityGetLastError(),
      "expected 18446744073709551615 bytes of host memory, but got none");
  sparsityClearLastError();
  EXPECT_EQ(sparsityHostWorkspace(1, 8), grown);
}
