//===- RandomCoverage.h - Random coverages and boxes for laws ---*- C++ -*-===//
//
// A fixed seed makes every case repeatable, on every compiler: no two numbers
// are drawn in one argument list, whose order is not specified. Extents are
// small, so that a law can be checked against every element, and lean to 0, 1,
// primes and tails.
//
//===----------------------------------------------------------------------===//

#ifndef SPARSITY_TEST_UNIT_COVERAGE_RANDOMCOVERAGE_H
#define SPARSITY_TEST_UNIT_COVERAGE_RANDOMCOVERAGE_H

#include "sparsity/Coverage/Coverage.h"

#include <functional>
#include <list>
#include <random>

namespace mlir {
namespace sparsity {
namespace test {

class RandomCoverage {
public:
  explicit RandomCoverage(unsigned seed) : engine(seed) {}

  int64_t between(int64_t low, int64_t high) {
    return std::uniform_int_distribution<int64_t>(low, high)(engine);
  }
  bool oneIn(int64_t n) { return between(1, n) == 1; }

  int64_t extent() {
    static const int64_t extents[] = {0, 1, 2, 3, 5, 7, 8, 11, 12, 13, 17};
    return oneIn(12) ? extents[between(0, 1)] : extents[between(2, 10)];
  }

  /// A box around the shape: parts of it may be outside or hold nothing.
  Box box(const std::vector<int64_t> &shape) {
    Box result;
    for (int64_t extent : shape) {
      int64_t begin = between(-2, extent + 1);
      result.push_back({begin, begin + between(oneIn(10) ? 0 : 1, 8)});
    }
    return result;
  }

  /// One coverage of any form over `shape`, its fields bound in `buffers` to
  /// arrays this object owns until reset(). At most `depth` nested combinators.
  Coverage any(const std::vector<int64_t> &shape, int depth,
               IndexBuffers &buffers) {
    if (depth > 0 && oneIn(2)) {
      std::vector<Coverage> members;
      for (int64_t count = between(0, 3); count >= 0; --count) {
        members.push_back(any(shape, depth - 1, buffers));
      }
      return oneIn(2) ? Coverage::allOf(std::move(members))
                      : Coverage::anyOf(std::move(members));
    }
    switch (between(0, 9)) {
    case 0:
      return Coverage::all();
    case 1:
      return unknown();
    case 2:
    case 3:
    case 4:
      return band(shape, buffers);
    case 5:
    case 6:
    case 7:
      return listed(shape, buffers);
    default:
      return periodic(shape);
    }
  }

  Coverage unknown() {
    switch (between(0, 3)) {
    case 0:
      return Coverage::unknown();
    case 1:
      return Coverage::none();
    default: {
      int64_t modulus = between(2, 5);
      return Coverage::unknown("checkerboard" + std::to_string(modulus),
                               [modulus](const Point &point) {
                                 int64_t sum = 0;
                                 for (int64_t index : point) {
                                   sum += index;
                                 }
                                 return sum % modulus == 0;
                               });
    }
    }
  }

  Coverage band(const std::vector<int64_t> &shape, IndexBuffers &buffers) {
    unsigned row = dim(shape), col = dim(shape);
    AffineBound lo = bound(shape, row, true, buffers);
    return Coverage::band(row, col, lo, bound(shape, row, false, buffers));
  }

  Coverage listed(const std::vector<int64_t> &shape, IndexBuffers &buffers) {
    unsigned group = dim(shape), column = dim(shape);
    int64_t groupGranularity = between(1, 5), granularity = between(1, 5);
    int64_t groups = (shape[group] + groupGranularity - 1) / groupGranularity;
    Coverage::Batch batch;
    batch.dim = dim(shape);
    batch.groups = groups + (oneIn(8) ? between(-1, 1) : 0);
    bool hasBatches = oneIn(3) && batch.dim != group && batch.dim != column &&
                      batch.groups >= 1;
    if (hasBatches) {
      groups = batch.groups * shape[batch.dim];
    }
    int64_t blocks = (shape[column] + granularity - 1) / granularity;
    bool tidy = !oneIn(4);
    std::vector<int64_t> positions{0}, coordinates;
    int64_t keepOneIn = between(1, 4);
    for (int64_t g = 0; g < groups; ++g) {
      for (int64_t b = tidy ? 0 : -1; b < blocks + (tidy ? 0 : 2); ++b) {
        if (oneIn(keepOneIn)) {
          coordinates.push_back(b);
        }
      }
      if (!tidy && !coordinates.empty() && oneIn(2)) {
        coordinates.push_back(coordinates.front());
        std::swap(coordinates[coordinates.size() / 2], coordinates.back());
      }
      positions.push_back(static_cast<int64_t>(coordinates.size()));
    }
    // Malformed positions: a group that cannot be read.
    if (oneIn(12)) {
      positions[static_cast<size_t>(between(0, groups))] = between(-3, 99);
    }
    if (oneIn(12)) {
      positions.pop_back();
    }
    std::string p = fresh("positions"), c = fresh("coordinates");
    if (!oneIn(15)) {
      buffers.bind(p, keep(std::move(positions)));
    }
    if (!oneIn(15)) {
      buffers.bind(c, keep(std::move(coordinates)));
    }
    return hasBatches ? Coverage::listed(batch, group, groupGranularity, column,
                                         granularity, p, c)
                      : Coverage::listed(group, groupGranularity, column,
                                         granularity, p, c);
  }

  Coverage periodic(const std::vector<int64_t> &shape) {
    unsigned column = dim(shape);
    int64_t period = between(1, oneIn(4) ? 40 : 6), offset = between(-9, 5);
    return Coverage::periodic(column, period, offset, between(0, 4));
  }

  /// Frees the arrays of earlier coverages.
  void reset() { arrays.clear(); }

private:
  unsigned dim(const std::vector<int64_t> &shape) {
    return static_cast<unsigned>(
        between(0, static_cast<int64_t>(shape.size()) - 1));
  }

  AffineBound bound(const std::vector<int64_t> &shape, unsigned row,
                    bool isLower, IndexBuffers &buffers) {
    switch (between(0, 5)) {
    case 0:
      return AffineBound::infinite();
    case 1:
      return AffineBound::constant(between(-3, 14));
    case 2: {
      std::string field = fresh(isLower ? "lo" : "hi");
      int64_t size = shape[row] + (oneIn(6) ? between(-2, 2) : 0);
      std::vector<int64_t> values;
      for (int64_t i = 0; i < size; ++i) {
        values.push_back(isLower ? between(-2, 8) : between(2, 18));
      }
      if (!oneIn(12)) {
        buffers.bind(field, keep(std::move(values)));
      }
      return AffineBound::read(field);
    }
    case 3: {
      int64_t scale = between(-3, 3);
      return AffineBound::affine(scale, between(-9, 20));
    }
    default:
      return AffineBound::affine(1, isLower ? between(-6, 2) : between(-2, 6));
    }
  }

  std::string fresh(const std::string &stem) {
    return stem + std::to_string(names++);
  }
  const std::vector<int64_t> &keep(std::vector<int64_t> values) {
    arrays.push_back(std::move(values));
    return arrays.back();
  }

  std::mt19937 engine;
  int64_t names = 0;
  std::list<std::vector<int64_t>> arrays;
};

/// Calls `body` with each point of `box`.
inline void forEachPoint(const Box &box,
                         const std::function<void(const Point &)> &body) {
  Point point;
  for (const Interval &interval : box) {
    if (interval.empty()) {
      return;
    }
    point.push_back(interval.begin);
  }
  while (true) {
    body(point);
    size_t d = box.size();
    while (d > 0 && ++point[d - 1] == box[d - 1].end) {
      --d;
      point[d] = box[d].begin;
    }
    if (d == 0) {
      return;
    }
  }
}

} // namespace test
} // namespace sparsity
} // namespace mlir

#endif // SPARSITY_TEST_UNIT_COVERAGE_RANDOMCOVERAGE_H
