//===- TileFormatTest.cpp - Arithmetic of tile formats against a count ----===//

#include "sparsity/Coverage/TileFormat.h"

#include "RandomCoverage.h"

#include <gtest/gtest.h>
#include <set>

using namespace mlir::sparsity;
using mlir::sparsity::test::RandomCoverage;

TEST(TileFormat, TextAndEquality) {
  EXPECT_EQ(TileFormat::dense().str(), "dense");
  EXPECT_EQ(TileFormat::bitmap().str(), "bitmap");
  EXPECT_EQ(TileFormat::bitmap(64, 32).str(), "bitmap<64x32>");
  EXPECT_EQ(TileFormat::nOfM(2, 4, 1).str(), "n_of_m<2:4, axis = 1>");
  EXPECT_EQ(TileFormat::nOfM(2, 4, 1), TileFormat::nOfM(2, 4, 1));
  EXPECT_EQ(TileFormat::nOfM(2, 4, 1).hash(), TileFormat::nOfM(2, 4, 1).hash());
  EXPECT_NE(TileFormat::nOfM(2, 4, 1), TileFormat::nOfM(2, 4, 0));
  EXPECT_NE(TileFormat::nOfM(2, 4, 1), TileFormat::nOfM(1, 4, 1));
  EXPECT_NE(TileFormat::dense(), TileFormat::bitmap());
  EXPECT_NE(TileFormat::bitmap(64, 32), TileFormat::bitmap(32, 64));
}

TEST(TileFormat, WorkedTable) {
  EXPECT_DOUBLE_EQ(TileFormat::dense().storedBytesRatio(16), 1.0);
  EXPECT_DOUBLE_EQ(TileFormat::nOfM(1, 2, 1).storedBytesRatio(32), 0.515625);
  EXPECT_DOUBLE_EQ(TileFormat::nOfM(2, 4, 1).storedBytesRatio(16), 0.5625);
  EXPECT_DOUBLE_EQ(TileFormat::nOfM(2, 4, 1).storedBytesRatio(8), 0.625);
  EXPECT_DOUBLE_EQ(TileFormat::nOfM(2, 8, 1).storedBytesRatio(16), 0.3125);
  EXPECT_DOUBLE_EQ(TileFormat::bitmap().storedBytesRatio(16, 0.3), 0.3625);
  EXPECT_EQ(TileFormat::nOfM(2, 4, 1).groups(4096), 1024);
  EXPECT_EQ(TileFormat::nOfM(2, 8, 1).storedExtent(4096), 1024);
  EXPECT_EQ(TileFormat::dense().storedExtent(4096), 4096);
  EXPECT_EQ(TileFormat::dense().indexBits(), 0u);
}

TEST(TileFormat, RefusedParametersStayDefined) {
  EXPECT_EQ(TileFormat::nOfM(2, 0, 0).groups(7), 7);
  EXPECT_EQ(TileFormat::nOfM(-1, 4, 0).storedExtent(7), 7);
  EXPECT_EQ(TileFormat::nOfM(2, 4, 0).groups(-3), 0);
  EXPECT_EQ(TileFormat::nOfM(2, 4, 0).storedExtent(0), 0);
  EXPECT_DOUBLE_EQ(TileFormat::nOfM(2, 0, 0).storedBytesRatio(16), 1.0);
  EXPECT_DOUBLE_EQ(TileFormat::nOfM(2, 4, 0).storedBytesRatio(0), 1.0);
}

// L3, the arithmetic part: groups and slots as counted element by element.
TEST(TileFormatLaws, StoredSizeMatchesCount) {
  RandomCoverage random(3);
  for (int test = 0; test < 10000; ++test) {
    int64_t m = random.between(1, 16), n = random.between(1, m);
    int64_t extent = random.between(0, 130);
    TileFormat format = TileFormat::nOfM(n, m, 0);
    std::set<int64_t> groups;
    int64_t slots = 0;
    for (int64_t i = 0; i < extent; ++i) {
      if (groups.insert(i / m).second) {
        slots += n;
      }
    }
    ASSERT_EQ(format.groups(extent), static_cast<int64_t>(groups.size()))
        << format.str() << " over " << extent;
    ASSERT_EQ(format.storedExtent(extent), slots)
        << format.str() << " over " << extent;
    // Every position inside a group has an index, up to 16 of them.
    ASSERT_GE(int64_t(1) << format.indexBits(), m);
    // Whole groups: the ratio is the bits of the slots over the dense bits.
    unsigned bits = 8u << random.between(0, 2);
    int64_t whole = format.groups(extent) * m;
    if (whole > 0) {
      double stored = static_cast<double>(slots) * (bits + format.indexBits()) /
                      (static_cast<double>(whole) * bits);
      ASSERT_NEAR(format.storedBytesRatio(bits), stored, 1e-12);
    }
  }
}
