//===- StoreDenseTest.cpp - tensors of a pattern, stored densely ----------===//

#include "sparsity-c/Runtime.h"

#include "gtest/gtest.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

TEST(StoreDense, ZeroesWhatIsNotStored) {
  const int64_t shape[] = {4, 8};
  std::vector<float> dense(32), stored(32, 7);
  dense[0] = 1;
  dense[1] = -0.0F;
  dense[31] = -0.0F;
  SparsityBlock block = {};
  block.rank = 2;
  block.shape = shape;
  block.rows = block.columns = 4;
  block.elementType = SPARSITY_ELEMENT_F32;
  block.ordered = 1;
  ASSERT_EQ(sparsityBlockStoreDense(&block, dense.data(), stored.data()), 0);
  EXPECT_EQ(stored, dense);
  // A block that is stored keeps its bits, what is not stored is +0.
  EXPECT_TRUE(std::signbit(stored[1]));
  EXPECT_FALSE(std::signbit(stored[31]));

  SparsityUnstructured tiles = {2, shape, 8, 8, SPARSITY_ELEMENT_F32};
  std::fill(stored.begin(), stored.end(), 7);
  ASSERT_EQ(sparsityUnstructuredStoreDense(&tiles, dense.data(), stored.data()),
            0);
  EXPECT_EQ(stored, dense);
  EXPECT_FALSE(std::signbit(stored[1]));

  SparsityNOfM pattern = {2, 4, 1, 2, shape, SPARSITY_ELEMENT_F32, 0};
  std::fill(stored.begin(), stored.end(), 7);
  ASSERT_EQ(sparsityStoreDenseNOfM(&pattern, dense.data(), stored.data()), 0);
  EXPECT_EQ(stored, dense);
  dense[1] = dense[2] = 3;
  EXPECT_NE(sparsityStoreDenseNOfM(&pattern, dense.data(), stored.data()), 0);
  EXPECT_EQ(
      std::string(sparsityGetLastError())
          .rfind("expected at most 2 non-zero elements in each group of 4", 0),
      0u)
      << sparsityGetLastError();
  sparsityClearLastError();
  block.rows = 0;
  EXPECT_NE(sparsityBlockStoreDense(&block, dense.data(), stored.data()), 0);
  EXPECT_STREQ(sparsityGetLastError(),
               "expected tile sizes in 1..256, but got 0");
  sparsityClearLastError();
}
