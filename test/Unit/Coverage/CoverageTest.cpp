//===- CoverageTest.cpp - Coverage as algebra: text, kinds and laws -------===//

#include "sparsity/Coverage/Coverage.h"
#include "sparsity/Coverage/Classify.h"

#include "RandomCoverage.h"

#include <gtest/gtest.h>
#include <limits>

using namespace mlir::sparsity;
using namespace mlir::sparsity::test;

namespace {

constexpr int64_t big = std::numeric_limits<int64_t>::max();

/// r + lo <= c <= r + hi over a matrix.
Coverage window(int64_t lo, int64_t hi) {
  return Coverage::band(0, 1, AffineBound::affine(1, lo),
                        AffineBound::affine(1, hi));
}
Coverage causal() {
  return Coverage::band(0, 1, AffineBound::infinite(),
                        AffineBound::affine(1, 0));
}
Coverage notBefore(int64_t lo) {
  return Coverage::band(0, 1, AffineBound::affine(1, lo),
                        AffineBound::infinite());
}

/// What classify should answer if it could look at every element.
TileKind bruteForce(const Coverage &coverage, const Box &tile,
                    const std::vector<int64_t> &shape,
                    const IndexBuffers &buffers) {
  int64_t present = 0, total = 0;
  forEachPoint(clip(tile, shape), [&](const Point &point) {
    ++total;
    present += coverage.contains(point, buffers);
  });
  if (present == 0) {
    return TileKind::Empty;
  }
  return present == total ? TileKind::Full : TileKind::Partial;
}

std::string describe(const Coverage &coverage, const Box &box,
                     const std::vector<int64_t> &shape) {
  std::string text = coverage.str();
  for (size_t d = 0; d < box.size(); ++d) {
    text += " [" + std::to_string(box[d].begin) + ", " +
            std::to_string(box[d].end) + ") of " + std::to_string(shape[d]);
  }
  return text;
}

std::vector<int64_t> randomShape(RandomCoverage &random) {
  std::vector<int64_t> shape;
  for (int64_t rank = random.between(1, 3); rank > 0; --rank) {
    shape.push_back(random.extent());
  }
  return shape;
}

} // namespace

TEST(Coverage, WorkedTable) {
  const Box box{{8, 12}, {4, 8}};
  const std::vector<int64_t> shape{16, 16};
  auto kind = [&](const Coverage &coverage, const IndexBuffers &buffers = {}) {
    return classify(coverage, box, shape, buffers);
  };
  Coverage above = notBefore(0);
  EXPECT_EQ(kind(Coverage::all()), TileKind::Full);
  EXPECT_EQ(kind(causal()), TileKind::Full);
  EXPECT_EQ(kind(window(-4, 0)), TileKind::Partial);
  EXPECT_EQ(kind(above), TileKind::Empty);
  EXPECT_EQ(kind(Coverage::prefix(1, 4)), TileKind::Empty);

  const std::vector<int64_t> positions{0, 0, 0, 2, 2};
  const std::vector<int64_t> both{0, 1}, two{2, 2}, apart{0, 2};
  IndexBuffers buffers;
  buffers.bind("positions", positions);
  buffers.bind("coordinates", both);
  EXPECT_EQ(kind(Coverage::listed(0, 4, 1, 4), buffers), TileKind::Full);
  buffers.bind("coordinates", two);
  EXPECT_EQ(kind(Coverage::listed(0, 4, 1, 2), buffers), TileKind::Partial);
  buffers.bind("coordinates", apart);
  EXPECT_EQ(kind(Coverage::listed(0, 4, 1, 4), buffers), TileKind::Empty);
  EXPECT_EQ(kind(Coverage::listed(0, 4, 1, 4)), TileKind::Partial);

  EXPECT_EQ(kind(Coverage::periodic(1, 8, 0)), TileKind::Empty);
  EXPECT_EQ(kind(Coverage::periodic(1, 4, 0)), TileKind::Partial);
  EXPECT_EQ(kind(Coverage::periodic(1, 4, 0, 4)), TileKind::Full);

  Coverage fourth = Coverage::periodic(1, 4, 0);
  EXPECT_EQ(kind(Coverage::allOf({causal(), fourth})), TileKind::Partial);
  EXPECT_EQ(kind(window(-4, -5)), TileKind::Empty);
  EXPECT_EQ(kind(Coverage::allOf(
                {notBefore(-4), Coverage::band(0, 1, AffineBound::infinite(),
                                               AffineBound::affine(1, -5))})),
            TileKind::Empty);
  EXPECT_EQ(kind(Coverage::anyOf({above, fourth})), TileKind::Partial);
  EXPECT_EQ(kind(Coverage::anyOf({causal(), Coverage::unknown()})),
            TileKind::Full);
  EXPECT_EQ(kind(Coverage::unknown()), TileKind::Partial);
  EXPECT_EQ(kind(Coverage::band(0, 1, AffineBound::infinite(),
                                AffineBound::read("hi"))),
            TileKind::Partial);
}

TEST(Coverage, KindsAreOrdered) {
  EXPECT_EQ(meet(TileKind::Partial, TileKind::Full), TileKind::Partial);
  EXPECT_EQ(meet(TileKind::Partial, TileKind::Empty), TileKind::Empty);
  EXPECT_EQ(join(TileKind::Partial, TileKind::Full), TileKind::Full);
  EXPECT_EQ(join(TileKind::Partial, TileKind::Empty), TileKind::Partial);
  EXPECT_STREQ(stringifyTileKind(TileKind::Partial), "partial");
}

TEST(Coverage, CombinatorsAreCanonical) {
  Coverage a = causal(), b = Coverage::periodic(1, 5, 0), c = window(-3, 0);
  EXPECT_EQ(Coverage::allOf({}), Coverage::all());
  EXPECT_TRUE(Coverage::anyOf({}).isNone());
  EXPECT_EQ(Coverage::allOf({a}), a);
  EXPECT_EQ(Coverage::allOf({a, Coverage::all(), a}), a);
  EXPECT_EQ(Coverage::anyOf({a, Coverage::none(), a}), a);
  EXPECT_TRUE(Coverage::anyOf({a, Coverage::all()}).isAll());
  EXPECT_TRUE(Coverage::allOf({a, Coverage::none()}).isNone());
  Coverage nested = Coverage::allOf({a, Coverage::allOf({b, c})});
  EXPECT_EQ(nested, Coverage::allOf({a, b, c}));
  EXPECT_EQ(nested.hash(), Coverage::allOf({a, b, c}).hash());
  EXPECT_EQ(nested.members().size(), 3u);
  EXPECT_NE(nested, Coverage::anyOf({a, b, c}));
  EXPECT_EQ(Coverage(), Coverage::all());
  EXPECT_TRUE(
      Coverage::band(0, 1, AffineBound::infinite(), AffineBound::infinite())
          .isAll());
}

TEST(Coverage, Text) {
  Coverage mask =
      Coverage::allOf({causal(), Coverage::anyOf({notBefore(-512),
                                                  Coverage::periodic(1, 512, 0),
                                                  Coverage::prefix(1, 4)})});
  EXPECT_EQ(mask.str(),
            "all_of<[band<d0, d1, lo = -inf, hi = d0>, any_of<[band<d0, d1, "
            "lo = d0 - 512, hi = inf>, periodic<d1, period = 512>, band<d1, "
            "d1, lo = 0, hi = 3>]>]>");
  EXPECT_EQ(
      Coverage::band(0, 2, AffineBound::read("lo"), AffineBound::affine(-2, 7))
          .str(),
      "band<d0, d2, lo = lo[d0], hi = -2 * d0 + 7>");
  EXPECT_EQ(Coverage::band(0, 1, AffineBound::infinite(),
                           AffineBound::affine(1, -big - 1))
                .str(),
            "band<d0, d1, lo = -inf, hi = d0 - 9223372036854775808>");
  EXPECT_EQ(Coverage::listed(0, 64, 1, 32).str(),
            "listed<d0 by 64, d1 by 32, positions, coordinates>");
  EXPECT_EQ(Coverage::periodic(1, 8, 3, 2).str(),
            "periodic<d1, period = 8, offset = 3, length = 2>");
  EXPECT_EQ(Coverage::none().str(), "any_of<[]>");
  EXPECT_EQ(Coverage::unknown().str(), "unknown");
  EXPECT_EQ(Coverage::unknown("odd", [](const Point &) { return true; }).str(),
            "unknown<odd>");
}

TEST(Coverage, RefusedValuesAreUnknown) {
  EXPECT_EQ(Coverage::listed(0, 0, 1, 4).kind(), Coverage::Kind::Unknown);
  EXPECT_EQ(Coverage::listed(0, 4, 1, -1).kind(), Coverage::Kind::Unknown);
  EXPECT_EQ(Coverage::periodic(1, 0, 0).kind(), Coverage::Kind::Unknown);
  EXPECT_TRUE(Coverage::periodic(1, 4, 0, 0).isNone());
  EXPECT_EQ(Coverage::periodic(1, 4, 0, 9).length(), 4);
  EXPECT_TRUE(Coverage::unknown().contains({3, 4}));
  EXPECT_FALSE(Coverage::unknown().hasPredicate());
  EXPECT_FALSE(Coverage::allOf({causal(), Coverage::unknown()}).hasPredicate());
  EXPECT_TRUE(Coverage::allOf({causal(), window(-3, 0)}).hasPredicate());
}

TEST(Coverage, DimensionsBeyondTheRankAreNotKnown) {
  IndexBuffers none;
  for (const Coverage &coverage :
       {Coverage::band(0, 7, AffineBound::affine(1, 0),
                       AffineBound::infinite()),
        Coverage::band(7, 0, AffineBound::affine(1, 0),
                       AffineBound::infinite()),
        Coverage::band(7, 0, AffineBound::read("lo"), AffineBound::infinite()),
        Coverage::listed(7, 1, 0, 1), Coverage::listed(0, 1, 7, 1),
        Coverage::periodic(7, 4, 1)}) {
    EXPECT_TRUE(coverage.contains({1, 2}, none)) << coverage.str();
    EXPECT_EQ(classify(coverage, {{0, 4}, {0, 4}}, {8, 8}), TileKind::Partial)
        << coverage.str();
  }
}

TEST(Coverage, ExtremeValuesDoNotOverflow) {
  Coverage steep = Coverage::band(0, 1, AffineBound::affine(big, big),
                                  AffineBound::infinite());
  EXPECT_EQ(classify(steep, {{1, 4}, {0, 4}}, {8, 8}), TileKind::Empty);
  EXPECT_FALSE(steep.contains({3, 3}));
  Coverage low = Coverage::band(0, 1, AffineBound::affine(-big, -big),
                                AffineBound::infinite());
  EXPECT_EQ(classify(low, {{1, 4}, {0, 4}}, {8, 8}), TileKind::Full);
  // Row 0 starts at the last 64-bit index, which a half-open box cannot hold.
  EXPECT_EQ(classify(Coverage::allOf({steep, low}), {{0, big}, {0, big}}, {}),
            TileKind::Empty);
  Coverage far = Coverage::periodic(1, big, -big, big);
  EXPECT_EQ(classify(far, {{0, 1}, {0, 4}}, {8, 8}), TileKind::Full);
  EXPECT_EQ(classify(Coverage::periodic(1, big, big), {{0, 1}, {0, big}}, {}),
            TileKind::Empty);
  const std::vector<int64_t> positions{0, 2}, coordinates{big, -big - 1};
  IndexBuffers buffers;
  buffers.bind("positions", positions);
  buffers.bind("coordinates", coordinates);
  Coverage wild = Coverage::listed(0, 8, 1, 64);
  EXPECT_EQ(classify(wild, {{0, 4}, {0, 8}}, {8, 8}, buffers), TileKind::Empty);
  EXPECT_FALSE(wild.contains({0, 0}, buffers));
}

TEST(Coverage, DynamicExtentsAreNotCut) {
  EXPECT_EQ(classify(causal(), {{0, 4}, {4, 8}}, {-1, -1}), TileKind::Empty);
  EXPECT_EQ(classify(causal(), {{0, 4}, {-4, 1}}, {-1, -1}), TileKind::Full);
  EXPECT_EQ(classify(causal(), {{0, 4}, {-4, 0}}, {-1, -1}), TileKind::Empty);
  const std::vector<int64_t> lo{0, 1};
  IndexBuffers buffers;
  buffers.bind("lo", lo);
  // Constant time even though only two of the rows can be read.
  EXPECT_EQ(classify(Coverage::band(0, 1, AffineBound::read("lo"),
                                    AffineBound::infinite()),
                     {{0, big}, {0, 4}}, {}, buffers),
            TileKind::Partial);
}

// contains() cannot exclude what it cannot read, so only these pins tell an
// unread element from a present one.
TEST(Coverage, WhatCannotBeReadIsNeverFull) {
  const std::vector<int64_t> hi{9, 9, 9, 9}, positions{0, 1, 5};
  const std::vector<int64_t> coordinates{0, 0};
  IndexBuffers buffers;
  buffers.bind("hi", hi);
  buffers.bind("positions", positions);
  buffers.bind("coordinates", coordinates);
  const std::vector<int64_t> shape{8, 8};
  Coverage band =
      Coverage::band(0, 1, AffineBound::infinite(), AffineBound::read("hi"));
  EXPECT_EQ(classify(band, {{0, 4}, {0, 8}}, shape, buffers), TileKind::Full);
  EXPECT_EQ(classify(band, {{3, 5}, {0, 8}}, shape, buffers),
            TileKind::Partial);
  EXPECT_EQ(classify(band, {{4, 8}, {0, 8}}, shape, buffers),
            TileKind::Partial);
  EXPECT_EQ(classify(band, {{0, 4}, {0, 8}}, shape), TileKind::Partial);
  // Group 1 ends past the coordinates, and group 2 has no position.
  Coverage listed = Coverage::listed(0, 2, 1, 8);
  EXPECT_EQ(classify(listed, {{0, 2}, {0, 8}}, shape, buffers), TileKind::Full);
  EXPECT_EQ(classify(listed, {{2, 4}, {0, 8}}, shape, buffers),
            TileKind::Partial);
  EXPECT_EQ(classify(listed, {{4, 6}, {0, 8}}, shape, buffers),
            TileKind::Partial);
  EXPECT_TRUE(listed.contains({4, 0}, buffers));
  // What can be read still excludes.
  Coverage lower = Coverage::band(0, 1, AffineBound::constant(4),
                                  AffineBound::read("missing"));
  EXPECT_EQ(classify(lower, {{0, 8}, {0, 4}}, shape), TileKind::Empty);
}

TEST(Coverage, ConstantBandsJoinEveryPlane) {
  // Columns 0..3 and c >= r - 2: rows 8.. hold none of the columns 0..3.
  Coverage sinks = Coverage::allOf({Coverage::prefix(1, 4), notBefore(-2)});
  EXPECT_EQ(classify(sinks, {{5, 9}, {2, 6}}, {16, 16}), TileKind::Partial);
  EXPECT_EQ(classify(sinks, {{6, 9}, {0, 4}}, {16, 16}), TileKind::Empty);
  // A band over another plane of the same columns takes nothing away.
  Coverage tensor =
      Coverage::allOf({Coverage::band(2, 1, AffineBound::affine(1, -99),
                                      AffineBound::affine(1, 6)),
                       sinks});
  EXPECT_EQ(classify(tensor, {{6, 9}, {0, 4}, {0, 8}}, {16, 16, 16}),
            TileKind::Empty);
}

// A window longer than the sequence, and a period longer than the row.
TEST(Coverage, LongerThanTheSequence) {
  Coverage mask = window(-4096, 0);
  EXPECT_EQ(classify(mask, {{8, 16}, {0, 8}}, {16, 16}), TileKind::Full);
  EXPECT_EQ(classify(Coverage::prefix(1, 99), {{0, 16}, {0, 16}}, {16, 16}),
            TileKind::Full);
  Coverage strided = Coverage::periodic(1, 512, 3);
  EXPECT_EQ(classify(strided, {{0, 16}, {4, 16}}, {16, 16}), TileKind::Empty);
  EXPECT_EQ(classify(strided, {{0, 16}, {0, 4}}, {16, 16}), TileKind::Partial);
}

// L1: empty means no element, full means every element.
TEST(CoverageLaws, ClassifyIsSound) {
  RandomCoverage random(1);
  int64_t seen[3] = {0, 0, 0}, exact = 0, total = 0;
  for (int test = 0; test < 40000; ++test) {
    random.reset();
    std::vector<int64_t> shape = randomShape(random);
    IndexBuffers buffers;
    Coverage coverage = random.any(shape, 3, buffers);
    for (int i = 0; i < 4; ++i) {
      Box box = random.box(shape);
      TileKind kind = classify(coverage, box, shape, buffers);
      TileKind truth = bruteForce(coverage, box, shape, buffers);
      ASSERT_TRUE(kind == TileKind::Partial || kind == truth)
          << describe(coverage, box, shape) << ": " << stringifyTileKind(kind)
          << " but " << stringifyTileKind(truth);
      ++seen[static_cast<int>(kind)];
      exact += kind == truth;
      ++total;
    }
  }
  // The answers are of all three kinds and mostly the best one there is.
  EXPECT_GT(seen[0], 10000);
  EXPECT_GT(seen[1], 10000);
  EXPECT_GT(seen[2], 10000);
  EXPECT_GT(static_cast<double>(exact), 0.85 * static_cast<double>(total));
}

// Single forms whose buffers are readable, and intersections of affine bands,
// answer exactly.
TEST(CoverageLaws, SimpleFormsAreExact) {
  RandomCoverage random(11);
  for (int test = 0; test < 20000; ++test) {
    random.reset();
    std::vector<int64_t> shape{random.extent(), random.extent()};
    Box box = random.box(shape);
    std::vector<Coverage> bands;
    for (int64_t count = random.between(1, 3); count > 0; --count) {
      auto bound = [&] {
        int64_t scale = random.between(-3, 3), offset = random.between(-9, 20);
        return random.oneIn(4) ? AffineBound::infinite()
                               : AffineBound::affine(scale, offset);
      };
      AffineBound lo = bound();
      bands.push_back(Coverage::band(0, 1, lo, bound()));
    }
    Coverage coverage = random.oneIn(4) ? random.periodic(shape)
                                        : Coverage::allOf(std::move(bands));
    if (coverage.kind() == Coverage::Kind::Unknown) {
      continue;
    }
    ASSERT_EQ(classify(coverage, box, shape),
              bruteForce(coverage, box, shape, {}))
        << describe(coverage, box, shape);
  }
}

TEST(CoverageLaws, ReadableBuffersAreExact) {
  RandomCoverage random(12);
  for (int test = 0; test < 20000; ++test) {
    std::vector<int64_t> shape{random.extent(), random.extent()};
    Box box = random.box(shape);
    std::vector<int64_t> lo, hi, positions{0}, coordinates;
    int64_t groupSize = random.between(1, 4), blockSize = random.between(1, 4);
    for (int64_t row = 0; row < shape[0]; ++row) {
      lo.push_back(random.between(-2, 9));
      hi.push_back(random.between(2, 17));
    }
    for (int64_t group = 0; group * groupSize < shape[0]; ++group) {
      for (int64_t block = 0; block * blockSize < shape[1]; ++block) {
        if (!random.oneIn(3)) {
          coordinates.push_back(block);
        }
      }
      positions.push_back(static_cast<int64_t>(coordinates.size()));
    }
    IndexBuffers buffers;
    buffers.bind("lo", lo);
    buffers.bind("hi", hi);
    buffers.bind("positions", positions);
    buffers.bind("coordinates", coordinates);
    for (const Coverage &coverage :
         {Coverage::band(0, 1, AffineBound::read("lo"),
                         AffineBound::read("hi")),
          Coverage::allOf(
              {causal(), Coverage::band(0, 1, AffineBound::read("lo"),
                                        AffineBound::infinite())}),
          Coverage::listed(0, groupSize, 1, blockSize)}) {
      ASSERT_EQ(classify(coverage, box, shape, buffers),
                bruteForce(coverage, box, shape, buffers))
          << describe(coverage, box, shape);
    }
  }
}

// L4: the element predicate is and/or. A union's kind is the maximum of its
// members' and may never be below it; an intersection's is at most the minimum,
// below it only where bands of one plane were intersected exactly.
TEST(CoverageLaws, CombinatorsAreMinAndMax) {
  RandomCoverage random(4);
  int64_t sharper = 0;
  for (int test = 0; test < 60000; ++test) {
    random.reset();
    std::vector<int64_t> shape = randomShape(random);
    IndexBuffers buffers;
    std::vector<Coverage> members;
    int64_t bands = 0;
    for (int64_t count = random.between(0, 3); count >= 0; --count) {
      members.push_back(random.any(shape, 1, buffers));
      bands += members.back().kind() == Coverage::Kind::Band ||
               members.back().kind() == Coverage::Kind::AllOf;
    }
    Coverage all = Coverage::allOf(members), any = Coverage::anyOf(members);
    Box box = random.box(shape);
    TileKind least = TileKind::Full, most = TileKind::Empty;
    for (const Coverage &member : members) {
      TileKind kind = classify(member, box, shape, buffers);
      least = meet(least, kind);
      most = join(most, kind);
    }
    TileKind allKind = classify(all, box, shape, buffers);
    TileKind anyKind = classify(any, box, shape, buffers);
    ASSERT_LE(allKind, least) << describe(all, box, shape);
    ASSERT_EQ(anyKind, most) << describe(any, box, shape);
    if (bands < 2) {
      ASSERT_EQ(allKind, least) << describe(all, box, shape);
    }
    sharper += allKind < least;
    forEachPoint(clip(box, shape), [&](const Point &point) {
      bool every = true, some = false;
      for (const Coverage &member : members) {
        bool present = member.contains(point, buffers);
        every &= present;
        some |= present;
      }
      ASSERT_EQ(all.contains(point, buffers), every) << all.str();
      ASSERT_EQ(any.contains(point, buffers), some) << any.str();
    });
    if (HasFatalFailure()) {
      return;
    }
  }
  EXPECT_GT(sharper, 20);
}

// Two batches of three row groups each, the last group short: group b * 3 + g.
TEST(Coverage, ListOverBatches) {
  Coverage coverage = Coverage::listed(Coverage::Batch{0, 3}, 1, 4, 2, 2);
  EXPECT_EQ(coverage.str(),
            "listed<d0 of 3, d1 by 4, d2 by 2, positions, coordinates>");
  EXPECT_NE(coverage, Coverage::listed(1, 4, 2, 2));
  EXPECT_NE(coverage, Coverage::listed(Coverage::Batch{0, 2}, 1, 4, 2, 2));
  EXPECT_NE(coverage.hash(), Coverage::listed(1, 4, 2, 2).hash());
  const std::vector<int64_t> shape{2, 10, 6};
  const std::vector<int64_t> positions{0, 3, 3, 4, 4, 5, 6};
  const std::vector<int64_t> coordinates{0, 1, 2, 1, 0, 2};
  IndexBuffers buffers;
  buffers.bind("positions", positions);
  buffers.bind("coordinates", coordinates);
  auto kind = [&](Interval batches, Interval rows, Interval columns) {
    return classify(coverage, {batches, rows, columns}, shape, buffers);
  };
  EXPECT_EQ(kind({0, 1}, {0, 4}, {0, 6}), TileKind::Full);
  EXPECT_EQ(kind({0, 1}, {4, 8}, {0, 6}), TileKind::Empty);
  EXPECT_EQ(kind({0, 1}, {8, 12}, {0, 6}), TileKind::Partial);
  EXPECT_EQ(kind({0, 1}, {8, 12}, {2, 4}), TileKind::Full);
  EXPECT_EQ(kind({1, 2}, {0, 4}, {0, 6}), TileKind::Empty);
  EXPECT_EQ(kind({1, 2}, {4, 8}, {0, 2}), TileKind::Full);
  EXPECT_EQ(kind({1, 2}, {8, 10}, {4, 6}), TileKind::Full);
  EXPECT_EQ(kind({0, 2}, {0, 4}, {0, 6}), TileKind::Partial);
  EXPECT_TRUE(coverage.contains({1, 9, 5}, buffers));
  EXPECT_FALSE(coverage.contains({1, 9, 3}, buffers));
  // A row past the groups of its batch is not known, not one of the next batch.
  EXPECT_TRUE(coverage.contains({0, 12, 5}, buffers));
  EXPECT_EQ(Coverage::listed(Coverage::Batch{1, 3}, 1, 4, 2, 2),
            Coverage::unknown());
  EXPECT_EQ(Coverage::listed(Coverage::Batch{0, 0}, 1, 4, 2, 2),
            Coverage::unknown());
}
