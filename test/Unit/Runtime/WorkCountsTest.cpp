//===- WorkCountsTest.cpp - Sums over threads and schedules ---------------===//

#include "sparsity/Runtime/ParallelFor.h"

#include "gtest/gtest.h"

#include <array>

using namespace mlir::sparsity::runtime;

TEST(WorkCounts, SumsOverThreadsBySchedule) {
  sparsityResetWorkCounts();
  EXPECT_EQ(sparsityReadWorkCounts(nullptr, 0), 0);
  constexpr int64_t kItems = 10000;
  parallelFor(kItems, [](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      sparsityCountWork(/*schedule=*/2, /*steps=*/1, /*bytes=*/i);
      sparsityCountDenseWork(/*schedule=*/2, /*totalSteps=*/4,
                             /*denseBytes=*/3);
    }
  });
  std::array<SparsityWorkCounts, 4> sums;
  sums.fill({-1, -1, -1, -1, -1});
  ASSERT_EQ(sparsityReadWorkCounts(sums.data(), 4), 3);
  EXPECT_EQ(sums[0].items, 0);
  EXPECT_EQ(sums[1].bytes, 0);
  EXPECT_EQ(sums[2].items, kItems);
  EXPECT_EQ(sums[2].steps, kItems);
  EXPECT_EQ(sums[2].totalSteps, 4 * kItems);
  EXPECT_EQ(sums[2].bytes, kItems * (kItems - 1) / 2);
  EXPECT_EQ(sums[2].denseBytes, 3 * kItems);
  EXPECT_EQ(sums[3].items, -1);
  sparsityResetWorkCounts();
  EXPECT_EQ(sparsityReadWorkCounts(sums.data(), 4), 0);
}

TEST(WorkCounts, WritesNoMoreThanFits) {
  sparsityResetWorkCounts();
  sparsityCountWork(0, 1, 1);
  sparsityCountWork(1, 2, 2);
  sparsityCountWork(-1, 9, 9);
  std::array<SparsityWorkCounts, 2> sums;
  sums.fill({-1, -1, -1, -1, -1});
  EXPECT_EQ(sparsityReadWorkCounts(sums.data(), 1), 2);
  EXPECT_EQ(sums[0].steps, 1);
  EXPECT_EQ(sums[1].steps, -1);
  sparsityResetWorkCounts();
}
