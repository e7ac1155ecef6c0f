//===- Phases.cpp - bounds, lists and predicates of reduction loops -------===//

#include "Phases.h"

#include "sparsity/Analysis/CoveragePredicate.h"

#include "mlir/Dialect/SCF/IR/SCF.h"

#include <numeric>

using namespace mlir;
using namespace mlir::sparsity;

/// Terms of a disjunctive form beyond which a coverage is not taken apart.
static constexpr size_t kMaxTerms = 16;

Value sparsity::emitLowerBound(IndexBuilder &index, Value buffer, Value begin,
                               Value end, Value bound, bool orEqual) {
  OpBuilder &b = index.b;
  Location loc = index.loc;
  // Invariant: elements before `low` are below the bound, those from `high` on
  // are not.
  auto loop = scf::WhileOp::create(
      b, loc, TypeRange{b.getIndexType(), b.getIndexType()},
      ValueRange{begin, end},
      [&](OpBuilder &, Location, ValueRange range) {
        scf::ConditionOp::create(b, loc, index.less(range[0], range[1]), range);
      },
      [&](OpBuilder &, Location, ValueRange range) {
        Value middle = index.div(index.add(range[0], range[1]), 2);
        Value element = index.read(buffer, middle);
        Value below = orEqual ? index.negate(index.less(bound, element))
                              : index.less(element, bound);
        Value low = index.select(below, index.add(middle, 1), range[0]);
        Value high = index.select(below, range[1], middle);
        scf::YieldOp::create(b, loc, ValueRange{low, high});
      });
  return loop.getResult(0);
}

namespace {
/// A conjunction of bands, lists and unknowns.
using Term = std::vector<Coverage>;

/// Builds the phase of one term.
class PhaseBuilder {
public:
  PhaseBuilder(IndexBuilder &index, const PhaseRequest &request,
               const Term &term)
      : index(index), request(request), term(term) {}

  Phase build();

  /// The member that drives the loop, or null.
  const Coverage *driver = nullptr;

private:
  unsigned columnDim() const { return request.columnDim; }
  Value begin(unsigned dim) { return request.ranges[dim].first; }
  Value end(unsigned dim) { return request.ranges[dim].second; }
  void bound(const Coverage &band);
  /// The least (or greatest) value of a bound over the rows of the work item.
  Value extreme(const AffineBound &bound, unsigned rowDim, bool least);
  Value evaluate(const AffineBound &bound, Value row);
  bool canDrive(const Coverage &leaf) const;
  void drivePeriodic(Phase &phase, const Coverage &leaf);
  void driveListed(Phase &phase, const Coverage &leaf);

  IndexBuilder &index;
  const PhaseRequest &request;
  const Term &term;
  Value lower, upper;
};
} // namespace

//===----------------------------------------------------------------------===//
// Disjunctive form
//===----------------------------------------------------------------------===//

/// Each term of `left` with each of `right`.
static std::vector<Term> conjunction(const std::vector<Term> &left,
                                     const std::vector<Term> &right) {
  std::vector<Term> result;
  for (const Term &l : left) {
    for (const Term &r : right) {
      Term both = l;
      both.insert(both.end(), r.begin(), r.end());
      result.push_back(std::move(both));
    }
  }
  return result;
}

static std::vector<Term> getTerms(const Coverage &coverage) {
  switch (coverage.kind()) {
  case Coverage::Kind::All:
    return {Term()};
  case Coverage::Kind::Band:
  case Coverage::Kind::Listed:
  case Coverage::Kind::Periodic:
  case Coverage::Kind::Unknown:
    return {Term{coverage}};
  case Coverage::Kind::AnyOf: {
    std::vector<Term> result;
    for (const Coverage &member : coverage.members()) {
      for (Term &term : getTerms(member)) {
        result.push_back(std::move(term));
      }
    }
    return result.size() > kMaxTerms ? std::vector<Term>{Term{coverage}}
                                     : result;
  }
  case Coverage::Kind::AllOf: {
    std::vector<Term> result = {Term()};
    for (const Coverage &member : coverage.members()) {
      result = conjunction(result, getTerms(member));
      if (result.size() > kMaxTerms) {
        return {Term{coverage}};
      }
    }
    return result;
  }
  }
  return {Term{coverage}};
}

//===----------------------------------------------------------------------===//
// Bounds
//===----------------------------------------------------------------------===//

Value PhaseBuilder::evaluate(const AffineBound &bound, Value row) {
  return index.add(index.mul(row, bound.scale), bound.offset);
}

Value PhaseBuilder::extreme(const AffineBound &bound, unsigned rowDim,
                            bool least) {
  Value first = begin(rowDim), past = end(rowDim);
  if (bound.buffer.empty()) {
    if (bound.scale == 0) {
      return index.constant(bound.offset);
    }
    bool atFirst = (bound.scale > 0) == least;
    return evaluate(bound, atFirst ? first : index.sub(past, 1));
  }
  // Rows may come in any order: every one is looked at. Rows that the buffer
  // lacks hold nothing.
  Value buffer = request.field(bound.buffer);
  OpBuilder &b = index.b;
  Value known = index.min(
      past, b.createOrFold<tensor::DimOp>(index.loc, buffer, int64_t(0)));
  Value start = least ? request.ranges[columnDim()].second : index.constant(-1);
  auto loop = scf::ForOp::create(
      b, index.loc, first, known, index.constant(1), ValueRange{start},
      [&](OpBuilder &, Location, Value row, ValueRange so) {
        Value value = index.read(buffer, row);
        scf::YieldOp::create(b, index.loc,
                             least ? index.min(so[0], value)
                                   : index.max(so[0], value));
      });
  return loop.getResult(0);
}

/// Narrows the loop to the columns that `band` admits for some row.
void PhaseBuilder::bound(const Coverage &band) {
  const AffineBound &lo = band.lower(), &hi = band.upper();
  if (band.colDim() == columnDim() && band.rowDim() != columnDim()) {
    if (!lo.unbounded) {
      lower = index.max(lower, extreme(lo, band.rowDim(), /*least=*/true));
    }
    if (!hi.unbounded) {
      upper = index.min(
          upper, index.add(extreme(hi, band.rowDim(), /*least=*/false), 1));
    }
    return;
  }
  if (band.colDim() == columnDim()) {
    // Bounds without a row, in one dimension.
    if (!lo.unbounded && lo.buffer.empty() && lo.scale == 0) {
      lower = index.max(lower, lo.offset);
    }
    if (!hi.unbounded && hi.buffer.empty() && hi.scale == 0) {
      upper = index.min(upper, hi.offset + 1);
    }
    return;
  }
  // The other way round: the loop walks the band's rows. row + offset <= c says
  // row <= c - offset.
  bool walksRows = band.rowDim() == columnDim();
  unsigned other = band.colDim();
  auto empty = [&](Value condition) {
    upper = index.select(condition, index.constant(0), upper);
  };
  if (!lo.unbounded && lo.buffer.empty()) {
    if (lo.scale == 1 && walksRows) {
      upper = index.min(upper, index.sub(end(other), lo.offset));
    } else if (lo.scale == 0) {
      empty(index.negate(index.less(index.constant(lo.offset), end(other))));
    }
  }
  if (!hi.unbounded && hi.buffer.empty()) {
    if (hi.scale == 1 && walksRows) {
      lower = index.max(lower, index.sub(begin(other), hi.offset));
    } else if (hi.scale == 0) {
      empty(index.less(index.constant(hi.offset), begin(other)));
    }
  }
}

//===----------------------------------------------------------------------===//
// Drivers
//===----------------------------------------------------------------------===//

bool PhaseBuilder::canDrive(const Coverage &leaf) const {
  if (leaf.kind() == Coverage::Kind::Periodic) {
    return leaf.listedDim() == columnDim() && leaf.length() < leaf.period();
  }
  return leaf.kind() == Coverage::Kind::Listed &&
         leaf.listedDim() == columnDim() && leaf.groupDim() != columnDim() &&
         !(leaf.batch() && leaf.batch()->dim == columnDim()) &&
         request.isAligned(leaf.groupDim(), leaf.groupGranularity());
}

/// Positions count the columns of the pattern from its first period on.
void PhaseBuilder::drivePeriodic(Phase &phase, const Coverage &leaf) {
  int64_t period = leaf.period(), offset = leaf.offset(),
          length = leaf.length();
  Value first = index.max(index.sub(lower, offset), 0);
  Value past = index.max(index.sub(upper, offset), 0);
  phase.lower = index.mul(index.div(first, period), length);
  Value whole = index.mul(index.div(past, period), length);
  phase.upper = index.add(whole, index.min(index.rem(past, period), length));
  phase.run = length == 1 ? 1 : std::gcd(std::gcd(length, period), offset);
  phase.index = [=](IndexBuilder &at, Value position) {
    Value base = at.mul(at.div(position, length), period);
    return at.add(at.add(base, at.rem(position, length)), offset);
  };
}

/// Positions count the columns of the entries of the work item's group.
void PhaseBuilder::driveListed(Phase &phase, const Coverage &leaf) {
  int64_t granularity = leaf.granularity();
  Value positions = request.field(leaf.positions());
  Value coordinates = request.field(leaf.coordinates());
  Value group = index.div(begin(leaf.groupDim()), leaf.groupGranularity());
  if (leaf.batch()) {
    group = index.add(
        group, index.mul(begin(leaf.batch()->dim), leaf.batch()->groups));
  }
  Value first = index.read(positions, group);
  Value past = index.read(positions, index.add(group, 1));
  // Bands of the term cut the list, which ascends.
  if (getConstantIntValue(lower) != 0) {
    Value least = index.div(index.max(lower, 0), granularity);
    first = emitLowerBound(index, coordinates, first, past, least);
  }
  if (upper != end(columnDim())) {
    Value most = index.ceilDiv(index.max(upper, 0), granularity);
    past = emitLowerBound(index, coordinates, first, past, most);
  }
  phase.lower = index.constant(0);
  phase.upper = index.mul(index.sub(past, first), granularity);
  phase.run = granularity;
  phase.index = [=](IndexBuilder &at, Value position) {
    Value entry = at.add(first, at.div(position, granularity));
    Value column = at.mul(at.read(coordinates, entry), granularity);
    return at.add(column, at.rem(position, granularity));
  };
  phase.entry = [=](IndexBuilder &at, Value position) {
    return std::make_pair(at.add(first, at.div(position, granularity)),
                          at.rem(position, granularity));
  };
}

Phase PhaseBuilder::build() {
  lower = index.constant(0);
  upper = end(columnDim());
  for (const Coverage &leaf : term) {
    if (leaf.kind() == Coverage::Kind::Band) {
      bound(leaf);
    } else if (canDrive(leaf) &&
               (!driver || (leaf.kind() == Coverage::Kind::Listed &&
                            driver->kind() == Coverage::Kind::Periodic))) {
      driver = &leaf;
    }
  }
  Phase phase;
  if (driver) {
    phase.identity = false;
    driver->kind() == Coverage::Kind::Periodic ? drivePeriodic(phase, *driver)
                                               : driveListed(phase, *driver);
  } else {
    // Steps begin at multiples of the step, where loads are aligned.
    phase.lower =
        index.mul(index.div(index.max(lower, 0), request.step), request.step);
    phase.upper = upper;
    phase.run = request.step;
    phase.index = [](IndexBuilder &, Value position) { return position; };
  }
  return phase;
}

//===----------------------------------------------------------------------===//
// Phases
//===----------------------------------------------------------------------===//

SmallVector<Phase> sparsity::buildPhases(OpBuilder &builder, Location loc,
                                         const PhaseRequest &request) {
  IndexBuilder index(builder, loc);
  std::vector<Term> terms = getTerms(request.coverage);
  SmallVector<Phase> phases;
  Term before;
  for (const Term &term : terms) {
    PhaseBuilder phaseBuilder(index, request, term);
    Phase phase = phaseBuilder.build();
    // What the loop does not decide by itself.
    Term filters;
    for (const Coverage &leaf : term) {
      if (&leaf != phaseBuilder.driver) {
        filters.push_back(leaf);
      }
    }
    Coverage here = Coverage::allOf(filters);
    Coverage earlier = Coverage::anyOf(before);
    phase.filters = here;
    phase.earlier = earlier;
    if (!here.isAll() || !earlier.isNone()) {
      auto field = request.field;
      auto unknown = request.unknown;
      phase.present = [=](IndexBuilder &at, ValueRange point) -> Value {
        auto contains = [&](const Coverage &coverage) {
          return emitCoveragePredicate(
              at.b, at.loc, coverage, llvm::to_vector(point), field,
              [&] { return unknown(at.b, at.loc, point); });
        };
        Value present;
        if (!here.isAll()) {
          present = contains(here);
        }
        if (!earlier.isNone()) {
          present = at.both(present, at.negate(contains(earlier)));
        }
        return present;
      };
    }
    phase.sole = terms.size() == 1;
    phases.push_back(std::move(phase));
    before.push_back(Coverage::allOf(term));
  }
  return phases;
}
