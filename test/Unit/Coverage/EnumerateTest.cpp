//===- EnumerateTest.cpp - Exact cover and counts of work items -----------===//

#include "sparsity/Coverage/Enumerate.h"

#include "RandomCoverage.h"

#include <gtest/gtest.h>
#include <numeric>

using namespace mlir::sparsity;
using namespace mlir::sparsity::test;

namespace {

/// Rows x columns, the columns reduced, one mask over both.
IterationSpace maskSpace(int64_t size, int64_t tileRows, int64_t tileCols,
                         const Coverage &mask) {
  IterationSpace space;
  space.sizes = {size, size};
  space.reduction = {false, true};
  space.tiles = {tileRows, tileCols};
  OperandCoverage operand;
  operand.coverage = mask;
  operand.dims = {0, 1};
  operand.shape = {size, size};
  space.operands.push_back(operand);
  return space;
}

Coverage notAfter() {
  return Coverage::band(0, 1, AffineBound::infinite(),
                        AffineBound::affine(1, 0));
}
Coverage notBefore(int64_t left) {
  return Coverage::band(0, 1, AffineBound::affine(1, -left),
                        AffineBound::infinite());
}

int64_t sum(const std::vector<int64_t> &values) {
  return std::accumulate(values.begin(), values.end(), int64_t(0));
}

/// The intervals an item or a step visits along its dimension.
std::vector<Interval> pieces(const std::vector<int64_t> &coordinates,
                             const std::vector<int64_t> &lengths) {
  std::vector<Interval> result;
  for (size_t i = 0; i < coordinates.size(); ++i) {
    result.push_back({coordinates[i], coordinates[i] + lengths[i]});
  }
  return result;
}

/// Counts how often each point of a space is visited, and checks what a step
/// says about itself, from nothing but the items.
class Visits {
public:
  Visits(const IterationSpace &space, int groupDim = -1) : space(space) {
    int64_t volume = 1;
    for (int64_t size : space.sizes) {
      volume *= size;
    }
    counts.assign(static_cast<size_t>(volume), 0);
    for (size_t d = 0; d < space.sizes.size(); ++d) {
      if (space.reduction[d] && static_cast<int>(d) != groupDim) {
        reductions.push_back(d);
      }
    }
  }

  void add(const WorkItem &item) {
    for (const Step &step : item.steps) {
      add(item, step);
    }
  }

  /// Every contained point once, no point twice.
  void check() const {
    Box box;
    for (int64_t size : space.sizes) {
      box.push_back({0, size});
    }
    forEachPoint(box, [&](const Point &point) {
      int visits = counts[index(point)];
      if (contains(space, point)) {
        ASSERT_EQ(visits, 1) << text(point);
      } else {
        ASSERT_LE(visits, 1) << text(point);
      }
    });
  }

private:
  size_t index(const Point &point) const {
    size_t result = 0;
    for (size_t d = 0; d < point.size(); ++d) {
      result = result * static_cast<size_t>(space.sizes[d]) +
               static_cast<size_t>(point[d]);
    }
    return result;
  }

  std::string text(const Point &point) const {
    std::string result = "point";
    for (size_t d = 0; d < point.size(); ++d) {
      result += " " + std::to_string(point[d]) + "/" +
                std::to_string(space.sizes[d]) + " by " +
                std::to_string(space.tiles[d]) +
                (space.reduction[d] ? "r" : "");
    }
    for (const OperandCoverage &operand : space.operands) {
      result += "; " + operand.coverage.str() + " on";
      for (int dim : operand.dims) {
        result += " " + std::to_string(dim);
      }
    }
    return result;
  }

  Interval tileRange(size_t dim, int64_t tile) const {
    return {tile * space.tiles[dim],
            std::min((tile + 1) * space.tiles[dim], space.sizes[dim])};
  }

  void add(const WorkItem &item, const Step &step) {
    Box box;
    for (size_t d = 0; d < space.sizes.size(); ++d) {
      box.push_back(tileRange(d, item.tile[d]));
    }
    ASSERT_EQ(step.outer.size() + 1, std::max<size_t>(reductions.size(), 1));
    for (size_t i = 0; i < step.outer.size(); ++i) {
      box[reductions[i]] = tileRange(reductions[i], step.outer[i]);
    }
    std::vector<Interval> steps{step.range}, rows{{0, 1}};
    ASSERT_EQ(step.coordinates.size(), step.lengths.size());
    if (step.gathered) {
      ASSERT_LE(sum(step.lengths), space.tiles[reductions.back()]);
      steps = pieces(step.coordinates, step.lengths);
      ASSERT_EQ(step.range, (Interval{steps.front().begin, steps.back().end}));
    } else if (!reductions.empty()) {
      ASSERT_EQ(step.coordinates.size(), 1u);
      ASSERT_EQ(step.range,
                tileRange(reductions.back(), step.coordinates.front()));
    }
    if (item.gatherDim >= 0) {
      ASSERT_LE(sum(item.lengths),
                space.tiles[static_cast<size_t>(item.gatherDim)]);
      rows = pieces(item.coordinates, item.lengths);
    }
    int64_t present = 0, total = 0;
    for (const Interval &row : rows) {
      for (const Interval &part : steps) {
        if (item.gatherDim >= 0) {
          box[static_cast<size_t>(item.gatherDim)] = row;
        }
        if (!reductions.empty()) {
          box[reductions.back()] = part;
        }
        forEachPoint(box, [&](const Point &point) {
          ++counts[index(point)];
          ++total;
          present += contains(space, point);
        });
      }
    }
    ASSERT_NE(step.kind, TileKind::Empty);
    if (step.kind == TileKind::Full) {
      ASSERT_EQ(present, total);
    }
  }

  const IterationSpace &space;
  std::vector<size_t> reductions;
  std::vector<int> counts;
};

/// A random space of 1 to 4 dimensions with 0 to 3 operands of any coverage.
IterationSpace randomSpace(RandomCoverage &random) {
  IterationSpace space;
  int64_t rank = random.between(1, 4), volume = 1;
  for (int64_t d = 0; d < rank; ++d) {
    int64_t size = random.extent();
    if (volume * size > 700) {
      size = random.between(1, 2);
    }
    volume *= std::max<int64_t>(size, 1);
    space.sizes.push_back(size);
    space.reduction.push_back(random.oneIn(2));
    space.tiles.push_back(random.between(1, 9));
  }
  for (int64_t count = random.between(0, 3); count > 0; --count) {
    OperandCoverage operand;
    for (int64_t d = 0; d < rank; ++d) {
      if (!random.oneIn(4)) {
        operand.dims.push_back(static_cast<int>(d));
      }
    }
    if (operand.dims.empty() || random.oneIn(10)) {
      operand.dims.push_back(static_cast<int>(random.between(0, rank - 1)));
    }
    if (random.oneIn(2)) {
      std::swap(operand.dims.front(), operand.dims.back());
    }
    for (int dim : operand.dims) {
      int64_t size = space.sizes[static_cast<size_t>(dim)];
      // A tensor that ends before the space does holds nothing beyond.
      operand.shape.push_back(random.oneIn(30) ? size / 2 : size);
    }
    operand.coverage = random.any(operand.shape, 3, operand.buffers);
    space.operands.push_back(std::move(operand));
  }
  return space;
}

} // namespace

// L2: enumeration meets every present element once, and no element twice.
TEST(EnumerateLaws, ExactCover) {
  RandomCoverage random(2);
  int64_t gathered = 0, full = 0, partial = 0, skipped = 0;
  for (int test = 0; test < 20000; ++test) {
    random.reset();
    IterationSpace space = randomSpace(random);
    Visits visits(space);
    enumerate(space, [&](const WorkItem &item) { visits.add(item); });
    visits.check();
    if (HasFatalFailure()) {
      FAIL() << "in case " << test;
    }
    WorkSummary summary = summarize(space);
    ASSERT_EQ(summary.steps, summary.partialSteps + summary.fullSteps);
    ASSERT_LE(summary.steps, summary.stepsTotal);
    gathered += summary.gatheredSteps;
    full += summary.fullSteps;
    partial += summary.partialSteps;
    skipped += summary.stepsTotal - summary.steps;
  }
  EXPECT_GT(gathered, 3000);
  EXPECT_GT(full, 10000);
  EXPECT_GT(partial, 10000);
  EXPECT_GT(skipped, 10000);
}

// L2 for items that gather a parallel dimension: groups of the gate and of
// further operands that the random coverages add.
TEST(EnumerateLaws, ExactCoverOfGatheredItems) {
  RandomCoverage random(22);
  int64_t gatheredItems = 0;
  for (int test = 0; test < 10000; ++test) {
    random.reset();
    IterationSpace space = randomSpace(random);
    space.sizes.insert(space.sizes.begin(),
                       {random.between(0, 6), random.between(0, 4)});
    space.reduction.insert(space.reduction.begin(), {false, random.oneIn(2)});
    space.tiles.insert(space.tiles.begin(),
                       {random.between(2, 4), random.between(1, 2)});
    while (space.sizes.size() > 4) {
      space.sizes.pop_back();
      space.reduction.pop_back();
      space.tiles.pop_back();
    }
    space.operands.clear();
    std::vector<int64_t> positions{0}, tokens;
    for (int64_t group = 0; group < space.sizes[1]; ++group) {
      for (int64_t token = 0; token < space.sizes[0]; ++token) {
        if (random.oneIn(2)) {
          tokens.push_back(token);
        }
      }
      positions.push_back(static_cast<int64_t>(tokens.size()));
    }
    OperandCoverage gate;
    gate.coverage = Coverage::listed(1, 1, 0, 1);
    gate.dims = {0, 1};
    gate.shape = {space.sizes[0], space.sizes[1]};
    gate.buffers.bind("positions", positions);
    gate.buffers.bind("coordinates", tokens);
    space.operands.push_back(gate);
    OperandCoverage other;
    for (size_t d = 0; d < space.sizes.size(); ++d) {
      other.dims.push_back(static_cast<int>(d));
    }
    other.shape = space.sizes;
    other.coverage = random.any(other.shape, 2, other.buffers);
    space.operands.push_back(other);
    ASSERT_EQ(findGatherDim(space), 0);
    space.gatherDim = 0;
    Visits visits(space, 1);
    enumerate(space, [&](const WorkItem &item) {
      ++gatheredItems;
      ASSERT_EQ(item.gatherDim, 0);
      visits.add(item);
    });
    visits.check();
    if (HasFatalFailure()) {
      FAIL() << "in case " << test;
    }
  }
  EXPECT_GT(gatheredItems, 10000);
}

// 16 x 16 tiles of 64; row tile i meets tiles j <= i whose last column
// 64 j + 63 is at least 64 i - 255: j >= i - 4. Rows 0..3 have i + 1 tiles, the
// other twelve have 5, the one at i - 4 being reached by its last column only.
TEST(Enumerate, CausalWindow) {
  Coverage window = Coverage::band(0, 1, AffineBound::affine(1, -255),
                                   AffineBound::affine(1, 0));
  WorkSummary summary = summarize(maskSpace(1024, 64, 64, window));
  EXPECT_EQ(summary.items, 16);
  EXPECT_EQ(summary.emptyItems, 0);
  EXPECT_EQ(summary.stepsTotal, 256);
  EXPECT_EQ(summary.steps, 1 + 2 + 3 + 4 + 12 * 5);
  // Partial: the diagonal, and j = i - 4 from i = 4 on.
  EXPECT_EQ(summary.partialSteps, 16 + 12);
  EXPECT_EQ(summary.gatheredSteps, 0);
  // The same mask as an intersection of two half planes.
  WorkSummary split = summarize(
      maskSpace(1024, 64, 64, Coverage::allOf({notAfter(), notBefore(255)})));
  EXPECT_EQ(split.steps, summary.steps);
  EXPECT_EQ(split.fullSteps, summary.fullSteps);
}

TEST(Enumerate, WindowLongerThanTheSequence) {
  Coverage window = Coverage::band(0, 1, AffineBound::affine(1, -4096),
                                   AffineBound::affine(1, 0));
  WorkSummary summary = summarize(maskSpace(100, 32, 32, window));
  EXPECT_EQ(summary.steps, 1 + 2 + 3 + 4);
  EXPECT_EQ(summary.partialSteps, 4);
}

// Gathered steps are ceil(S / period / T) a row tile, where a block mask would
// run all S / T tiles, each with a key in it.
TEST(Enumerate, StridedMaskIsGathered) {
  for (int64_t size : {1000, 4096, 8192}) {
    IterationSpace space =
        maskSpace(size, 128, 64, Coverage::periodic(1, 32, 0));
    WorkSummary summary = summarize(space);
    int64_t items = (size + 127) / 128, keys = (size + 31) / 32;
    EXPECT_EQ(summary.items, items);
    EXPECT_EQ(summary.steps, items * ((keys + 63) / 64));
    EXPECT_EQ(summary.gatheredSteps, summary.steps);
    EXPECT_EQ(summary.fullSteps, summary.steps);
  }
  enumerate(maskSpace(256, 256, 4, Coverage::periodic(1, 32, 5)),
            [](const WorkItem &item) {
              ASSERT_EQ(item.steps.size(), 2u);
              EXPECT_EQ(item.steps[0].coordinates,
                        (std::vector<int64_t>{5, 37, 69, 101}));
              EXPECT_EQ(item.steps[1].range, (Interval{133, 230}));
            });
}

TEST(Enumerate, PeriodLongerThanTheSequence) {
  WorkSummary summary =
      summarize(maskSpace(256, 64, 64, Coverage::periodic(1, 512, 200)));
  EXPECT_EQ(summary.steps, 4);
  EXPECT_EQ(summary.gatheredSteps, 4);
  summary = summarize(maskSpace(256, 64, 64, Coverage::periodic(1, 512, 300)));
  EXPECT_EQ(summary.steps, 0);
  EXPECT_EQ(summary.emptyItems, 4);
}

// Window 512, every 512th key and four sinks, all causal: S = 4096, 64 x 64.
TEST(Enumerate, WindowStrideAndSinks) {
  Coverage mask = Coverage::allOf(
      {notAfter(),
       Coverage::anyOf({notBefore(512), Coverage::periodic(1, 512, 0),
                        Coverage::prefix(1, 4)})});
  IterationSpace space = maskSpace(4096, 64, 64, mask);
  int64_t gathered = 0;
  enumerate(space, [&](const WorkItem &item) {
    int64_t row = item.tile[0];
    // The tiles of the window, and tile 0 for the sinks where the window has
    // left it.
    int64_t runs = std::min<int64_t>(row, 8) + 1 + (row > 8);
    // Keys 512 k before the window's first tile; key 0 is among the sinks.
    int64_t keys = row > 8 ? (row - 9) / 8 : 0;
    ASSERT_EQ(static_cast<int64_t>(item.steps.size()), runs + (keys > 0))
        << "row tile " << row;
    if (keys > 0) {
      ASSERT_TRUE(item.steps.back().gathered);
      EXPECT_EQ(static_cast<int64_t>(item.steps.back().coordinates.size()),
                keys);
      EXPECT_EQ(item.steps.back().coordinates.front(), 512);
      EXPECT_EQ(item.steps.back().kind, TileKind::Full);
      ++gathered;
    }
  });
  EXPECT_EQ(gathered, 64 - 17);
  EXPECT_EQ(summarize(space).gatheredSteps, gathered);
}

// W[n, k] in 32 x 32 blocks; x · Wᵀ reduces k.
TEST(Enumerate, BlockList) {
  IterationSpace space;
  space.sizes = {128, 64, 256};
  space.reduction = {false, false, true};
  space.tiles = {128, 32, 64};
  const std::vector<int64_t> positions{0, 5, 5};
  const std::vector<int64_t> coordinates{0, 2, 4, 6, 7};
  OperandCoverage weight;
  weight.coverage = Coverage::listed(0, 32, 1, 32);
  weight.dims = {1, 2};
  weight.shape = {64, 256};
  weight.buffers.bind("positions", positions);
  weight.buffers.bind("coordinates", coordinates);
  space.operands.push_back(weight);
  WorkSummary summary = summarize(space);
  // Two blocks a step: ceil(5 / 2); the second block row is empty.
  EXPECT_EQ(summary.items, 2);
  EXPECT_EQ(summary.emptyItems, 1);
  EXPECT_EQ(summary.steps, 3);
  EXPECT_EQ(summary.gatheredSteps, 3);
  EXPECT_EQ(summary.fullSteps, 3);
  EXPECT_EQ(summary.stepsTotal, 8);
  // A tile of a block: an entry is one tile.
  space.tiles[2] = 32;
  summary = summarize(space);
  EXPECT_EQ(summary.steps, 5);
  EXPECT_EQ(summary.gatheredSteps, 0);
  EXPECT_EQ(summary.fullSteps, 5);
  // A tile of half a block: an entry is a run of two tiles.
  space.tiles[2] = 16;
  EXPECT_EQ(summarize(space).steps, 10);
}

// Of two lists the shorter drives and the longer filters, whichever comes
// first.
TEST(Enumerate, ShorterListDrives) {
  std::vector<int64_t> many, few{3, 40, 77, 90};
  for (int64_t i = 0; i < 100; i += 2) {
    many.push_back(i);
  }
  const std::vector<int64_t> manyPositions{0, 50}, fewPositions{0, 4};
  for (bool swapped : {false, true}) {
    IterationSpace space;
    space.sizes = {8, 100};
    space.reduction = {false, true};
    space.tiles = {8, 2};
    for (bool isFew : {swapped, !swapped}) {
      OperandCoverage operand;
      operand.coverage = Coverage::listed(0, 8, 1, 1);
      operand.dims = {0, 1};
      operand.shape = {8, 100};
      operand.buffers.bind("positions", isFew ? fewPositions : manyPositions);
      operand.buffers.bind("coordinates", isFew ? few : many);
      space.operands.push_back(operand);
    }
    enumerate(space, [](const WorkItem &item) {
      ASSERT_EQ(item.steps.size(), 1u);
      EXPECT_EQ(item.steps[0].coordinates, (std::vector<int64_t>{40, 90}));
      EXPECT_EQ(item.steps[0].kind, TileKind::Full);
    });
  }
}

TEST(Enumerate, OverlappingUnionMembersAreVisitedOnce) {
  Coverage twice =
      Coverage::anyOf({Coverage::periodic(1, 4, 0),
                       Coverage::periodic(1, 6, 0, 2), Coverage::prefix(1, 3)});
  IterationSpace space = maskSpace(48, 16, 8, twice);
  Visits visits(space);
  enumerate(space, [&](const WorkItem &item) {
    visits.add(item);
    // Tile 0 for the prefix; 8, 12(2), 16, 18(2), 20, 24(2), 28, 30(2), 32,
    // 36(2), 40, 42(2), 44 gathered: 19 indices.
    ASSERT_EQ(item.steps.size(), 1u + 3u);
    EXPECT_FALSE(item.steps[0].gathered);
    int64_t indices = 0;
    for (size_t i = 1; i < item.steps.size(); ++i) {
      indices += sum(item.steps[i].lengths);
    }
    EXPECT_EQ(indices, 19);
  });
  visits.check();
}

// y[t, f] += r[t, e] x[t, d] w[e, f, d]: eight tokens, three experts.
TEST(Enumerate, GateIsAGroupedProduct) {
  IterationSpace space;
  space.sizes = {8, 32, 3, 64};
  space.reduction = {false, false, true, true};
  space.tiles = {4, 16, 1, 32};
  const std::vector<int64_t> positions{0, 5, 5, 8};
  const std::vector<int64_t> tokens{0, 1, 4, 6, 7, 2, 3, 5};
  OperandCoverage gate;
  gate.coverage = Coverage::listed(1, 1, 0, 1);
  gate.dims = {0, 2};
  gate.shape = {8, 3};
  gate.buffers.bind("positions", positions);
  gate.buffers.bind("coordinates", tokens);
  space.operands.push_back(gate);
  EXPECT_EQ(findGatherDim(space), 0);
  space.gatherDim = 0;
  // Expert 0 takes ceil(5 / 4) items, expert 1 none, expert 2 one; each for two
  // tiles of f, each with two steps over d.
  WorkSummary summary = summarize(space);
  EXPECT_EQ(summary.items, 2 * (2 + 0 + 1));
  EXPECT_EQ(summary.steps, 2 * summary.items);
  EXPECT_EQ(summary.fullSteps, summary.steps);
  EXPECT_EQ(summary.stepsTotal, 2 * 2 * 3 * 2);
  Visits visits(space, 2);
  enumerate(space, [&](const WorkItem &item) {
    visits.add(item);
    if (item.tile[2] == 0 && item.coordinates.size() == 4) {
      EXPECT_EQ(item.coordinates, (std::vector<int64_t>{0, 1, 4, 6}));
    }
  });
  visits.check();
  // Nothing to gather without the lists.
  space.operands[0].buffers = IndexBuffers();
  EXPECT_EQ(findGatherDim(space), -1);
  enumerate(space, [](const WorkItem &item) {
    EXPECT_EQ(item.gatherDim, -1);
    EXPECT_EQ(item.steps.size(), 6u);
  });
}

TEST(Enumerate, EmptyAndMissingDimensions) {
  IterationSpace space = maskSpace(0, 64, 64, notAfter());
  EXPECT_EQ(summarize(space).items, 0);
  EXPECT_EQ(summarize(space).stepsTotal, 0);
  // An empty reduction still has outputs to write.
  space.sizes = {10, 0};
  space.tiles = {4, 4};
  space.operands[0].shape = {10, 0};
  WorkSummary summary = summarize(space);
  EXPECT_EQ(summary.items, 3);
  EXPECT_EQ(summary.emptyItems, 3);
  // No dimensions at all: one item of one step.
  summary = summarize(IterationSpace());
  EXPECT_EQ(summary.items, 1);
  EXPECT_EQ(summary.fullSteps, 1);
  // A tile below 1 is the whole dimension, a negative size is 0, and an operand
  // that does not fit the space is not consulted.
  space.sizes = {10, 10};
  space.tiles = {0};
  space.operands[0].shape = {10, 10};
  space.operands[0].dims = {0, 7};
  summary = summarize(space);
  EXPECT_EQ(summary.items, 1);
  EXPECT_EQ(summary.fullSteps, 1);
  space.sizes = {-4, 10};
  EXPECT_EQ(summarize(space).items, 0);
}

// y[e, n, t] += w[e, n, k] * x[e, k, t] with the blocks of two experts in one
// list: an item runs the blocks of its expert's rows only.
TEST(Enumerate, BlockListOverBatches) {
  IterationSpace space;
  space.sizes = {2, 64, 8, 256};
  space.reduction = {false, false, false, true};
  space.tiles = {1, 32, 8, 32};
  const std::vector<int64_t> positions{0, 5, 5, 6, 9};
  const std::vector<int64_t> coordinates{0, 2, 4, 6, 7, 3, 0, 1, 5};
  OperandCoverage weight;
  weight.coverage = Coverage::listed(Coverage::Batch{0, 2}, 1, 32, 2, 32);
  weight.dims = {0, 1, 3};
  weight.shape = {2, 64, 256};
  weight.buffers.bind("positions", positions);
  weight.buffers.bind("coordinates", coordinates);
  space.operands.push_back(weight);
  std::vector<size_t> steps;
  enumerate(space,
            [&](const WorkItem &item) { steps.push_back(item.steps.size()); });
  EXPECT_EQ(steps, (std::vector<size_t>{5, 0, 1, 3}));
  // Gathered: ceil(5 / 2) + 1 + ceil(3 / 2) steps of two blocks.
  space.tiles[3] = 64;
  WorkSummary summary = summarize(space);
  EXPECT_EQ(summary.steps, 3 + 1 + 2);
  EXPECT_EQ(summary.fullSteps, 6);
}
