//===- Classify.cpp - Sound, and where cheap exact, kinds of tiles --------===//

#include "sparsity/Coverage/Classify.h"

#include "IndexMath.h"

#include <algorithm>
#include <iterator>

using namespace mlir::sparsity;
using namespace mlir::sparsity::detail;

Box mlir::sparsity::clip(const Box &tile, const std::vector<int64_t> &shape) {
  Box box = tile;
  for (size_t d = 0; d < box.size(); ++d) {
    box[d].begin = std::max<int64_t>(box[d].begin, 0);
    if (d < shape.size() && shape[d] >= 0) {
      box[d].end = std::min(box[d].end, shape[d]);
    }
  }
  return box;
}

namespace {

/// An affine function of the row.
struct Line {
  Wide scale, offset;
  Wide at(Wide row) const { return scale * row + offset; }
};

/// The bounds of an intersection of bands over one (row, column) plane.
struct BandSystem {
  std::vector<Line> lowerLines, upperLines;
  std::vector<IndexBuffers::Field> lowerFields, upperFields;
  /// False if some bound is not known for some row of the box, so that the box
  /// cannot be called full.
  bool known = true;
};

} // namespace

static void addBound(BandSystem &system, bool isLower, const AffineBound &bound,
                     const Coverage &band, const Box &box,
                     const IndexBuffers &buffers) {
  if (bound.unbounded) {
    return;
  }
  if (bound.buffer.empty()) {
    if (bound.scale != 0 && band.rowDim() >= box.size()) {
      system.known = false;
      return;
    }
    (isLower ? system.lowerLines : system.upperLines)
        .push_back({bound.scale, bound.offset});
    return;
  }
  const IndexBuffers::Field *field = buffers.find(bound.buffer);
  if (!field || band.rowDim() >= box.size()) {
    system.known = false;
    return;
  }
  if (box[band.rowDim()].end > field->size) {
    system.known = false;
  }
  (isLower ? system.lowerFields : system.upperFields).push_back(*field);
}

/// The kind in rows [rows.begin, rows.end), each taken by itself: costs a visit
/// of each row. A field that ends before a row says nothing about it.
static TileKind classifyRows(const BandSystem &system, Interval rows,
                             Interval cols) {
  bool anyPresent = false, allPresent = system.known;
  for (int64_t row = rows.begin; row < rows.end; ++row) {
    Wide lower = cols.begin, upper = Wide(cols.end) - 1;
    for (const Line &line : system.lowerLines) {
      lower = std::max(lower, line.at(row));
    }
    for (const Line &line : system.upperLines) {
      upper = std::min(upper, line.at(row));
    }
    for (const IndexBuffers::Field &field : system.lowerFields) {
      if (row < field.size) {
        lower = std::max<Wide>(lower, field.data[row]);
      }
    }
    for (const IndexBuffers::Field &field : system.upperFields) {
      if (row < field.size) {
        upper = std::min<Wide>(upper, field.data[row]);
      }
    }
    anyPresent |= lower <= upper;
    allPresent &= lower == cols.begin && upper == Wide(cols.end) - 1;
    if (anyPresent && !allPresent) {
      return TileKind::Partial;
    }
  }
  if (!anyPresent) {
    return TileKind::Empty;
  }
  return allPresent ? TileKind::Full : TileKind::Partial;
}

/// Cuts [begin, end) to the rows with line(row) >= 0.
static void restrictRows(const Line &line, Wide &begin, Wide &end) {
  if (line.scale > 0) {
    begin = std::max(begin, ceilDiv(-line.offset, line.scale));
  } else if (line.scale < 0) {
    end = std::min(end, floorDiv(line.offset, -line.scale) + 1);
  } else if (line.offset < 0) {
    end = begin;
  }
}

/// Bounds that are all affine. A row r holds a column of the box iff every
/// lower bound is at most every upper bound and the last column, and every
/// upper bound at least the first column: linear inequalities in the one
/// variable r, which cut an interval. Fullness needs the ends only, as an
/// affine function takes its extremes there.
static TileKind classifyLines(const BandSystem &system, Interval rows,
                              Interval cols) {
  std::vector<Line> lowers = system.lowerLines, uppers = system.upperLines;
  Wide firstCol = cols.begin, lastCol = Wide(cols.end) - 1;
  bool allPresent = system.known;
  for (Wide row : {Wide(rows.begin), Wide(rows.end) - 1}) {
    for (const Line &line : lowers) {
      allPresent &= line.at(row) <= firstCol;
    }
    for (const Line &line : uppers) {
      allPresent &= line.at(row) >= lastCol;
    }
  }
  if (allPresent) {
    return TileKind::Full;
  }
  lowers.push_back({0, firstCol});
  uppers.push_back({0, lastCol});
  Wide begin = rows.begin, end = rows.end;
  for (const Line &lower : lowers) {
    for (const Line &upper : uppers) {
      restrictRows({upper.scale - lower.scale, upper.offset - lower.offset},
                   begin, end);
    }
  }
  return begin < end ? TileKind::Partial : TileKind::Empty;
}

/// The kind of the intersection of `bands`, all over one (row, column) plane.
/// `box` is clipped and holds an index.
static TileKind classifyBands(const std::vector<const Coverage *> &bands,
                              const Box &box, const IndexBuffers &buffers) {
  const Coverage &front = *bands.front();
  if (front.colDim() >= box.size()) {
    return TileKind::Partial;
  }
  BandSystem system;
  for (const Coverage *band : bands) {
    addBound(system, true, band->lower(), *band, box, buffers);
    addBound(system, false, band->upper(), *band, box, buffers);
  }
  // Without a row dimension every bound left is constant: one row stands for
  // all.
  Interval rows{0, 1};
  if (front.rowDim() < box.size()) {
    rows = box[front.rowDim()];
  }
  Interval cols = box[front.colDim()];
  if (system.lowerFields.empty() && system.upperFields.empty()) {
    return classifyLines(system, rows, cols);
  }
  // Rows past the end of every field have affine bounds only, so even a box
  // that no shape has cut costs no more visits than there are entries.
  int64_t readable = 0;
  for (const auto *fields : {&system.lowerFields, &system.upperFields}) {
    for (const IndexBuffers::Field &field : *fields) {
      readable = std::max(readable, field.size);
    }
  }
  Interval visited{rows.begin, std::min(rows.end, readable)};
  Interval rest{std::max(rows.begin, readable), rows.end};
  if (visited.empty()) {
    return classifyLines(system, rest, cols);
  }
  TileKind kind = classifyRows(system, visited, cols);
  if (!rest.empty() && classifyLines(system, rest, cols) != kind) {
    return TileKind::Partial;
  }
  return kind;
}

static TileKind classifyListed(const Coverage &listed, const Box &box,
                               const IndexBuffers &buffers) {
  if (listed.groupDim() >= box.size() || listed.listedDim() >= box.size() ||
      (listed.batch() && listed.batch()->dim >= box.size())) {
    return TileKind::Partial;
  }
  Interval batches = listed.batch() ? box[listed.batch()->dim] : Interval{0, 1};
  Interval rows = box[listed.groupDim()], cols = box[listed.listedDim()];
  int64_t firstBlock = cols.begin / listed.granularity();
  int64_t lastBlock = (cols.end - 1) / listed.granularity();
  int64_t needed = lastBlock - firstBlock + 1;
  bool anyPresent = false, allPresent = true;
  std::vector<int64_t> hits;
  int64_t firstGroup = rows.begin / listed.groupGranularity();
  int64_t lastGroup = (rows.end - 1) / listed.groupGranularity();
  for (int64_t batch = batches.begin; batch < batches.end; ++batch) {
    for (int64_t group = firstGroup; group <= lastGroup; ++group) {
      GroupEntries entries = readGroup(listed, batch, group, buffers);
      if (!entries.readable) {
        return TileKind::Partial;
      }
      hits.clear();
      for (const int64_t *entry = entries.begin; entry != entries.end;
           ++entry) {
        if (*entry >= firstBlock && *entry <= lastBlock) {
          hits.push_back(*entry);
        }
      }
      std::sort(hits.begin(), hits.end());
      hits.erase(std::unique(hits.begin(), hits.end()), hits.end());
      anyPresent |= !hits.empty();
      allPresent &= static_cast<int64_t>(hits.size()) == needed;
      if (anyPresent && !allPresent) {
        return TileKind::Partial;
      }
    }
  }
  return anyPresent ? TileKind::Full : TileKind::Empty;
}

static TileKind classifyPeriodic(const Coverage &periodic, const Box &box) {
  if (periodic.listedDim() >= box.size()) {
    return TileKind::Partial;
  }
  Interval cols = box[periodic.listedDim()];
  Wide run = firstRunEndingAfter(periodic, cols.begin);
  if (run >= cols.end) {
    return TileKind::Empty;
  }
  if (run > cols.begin) {
    return TileKind::Partial;
  }
  // Runs of a whole period touch, so only the last one's end could matter, and
  // there is none.
  bool endless = periodic.length() == periodic.period();
  return endless || run + periodic.length() >= cols.end ? TileKind::Full
                                                        : TileKind::Partial;
}

static bool usesRow(const Coverage *band) {
  return band->lower().usesRow() || band->upper().usesRow();
}

/// `box` is clipped and holds an index.
static TileKind classifyClipped(const Coverage &coverage, const Box &box,
                                const IndexBuffers &buffers) {
  switch (coverage.kind()) {
  case Coverage::Kind::All:
    return TileKind::Full;
  case Coverage::Kind::Unknown:
    return TileKind::Partial;
  case Coverage::Kind::Band:
    return classifyBands({&coverage}, box, buffers);
  case Coverage::Kind::Listed:
    return classifyListed(coverage, box, buffers);
  case Coverage::Kind::Periodic:
    return classifyPeriodic(coverage, box);
  case Coverage::Kind::AnyOf: {
    TileKind kind = TileKind::Empty;
    for (const Coverage &member : coverage.members()) {
      kind = join(kind, classifyClipped(member, box, buffers));
      if (kind == TileKind::Full) {
        break;
      }
    }
    return kind;
  }
  case Coverage::Kind::AllOf:
    break;
  }
  TileKind kind = TileKind::Full;
  std::vector<const Coverage *> bands;
  for (const Coverage &member : coverage.members()) {
    if (member.kind() == Coverage::Kind::Band) {
      bands.push_back(&member);
      continue;
    }
    kind = meet(kind, classifyClipped(member, box, buffers));
    if (kind == TileKind::Empty) {
      return kind;
    }
  }
  // Bands of one plane are taken together: a causal mask and a window can both
  // be partial in a tile they share no element of. A constant band lies in
  // every plane of its columns and joins them all, which keeps the answer from
  // rising when members are added.
  for (size_t i = 0; i < bands.size(); ++i) {
    auto joins = [&](const Coverage *band) {
      return band->colDim() == bands[i]->colDim() &&
             (!usesRow(band) ||
              (usesRow(bands[i]) && band->rowDim() == bands[i]->rowDim()));
    };
    bool isSeen = std::any_of(
        bands.begin(), bands.begin() + static_cast<std::ptrdiff_t>(i),
        [&](const Coverage *band) {
          return usesRow(band) == usesRow(bands[i]) && joins(band);
        });
    if (isSeen) {
      continue;
    }
    std::vector<const Coverage *> plane{bands[i]};
    std::copy_if(
        bands.begin(), bands.end(), std::back_inserter(plane),
        [&](const Coverage *band) { return band != bands[i] && joins(band); });
    kind = meet(kind, classifyBands(plane, box, buffers));
  }
  return kind;
}

TileKind mlir::sparsity::classify(const Coverage &coverage, const Box &tile,
                                  const std::vector<int64_t> &shape,
                                  const IndexBuffers &buffers) {
  Box box = clip(tile, shape);
  for (const Interval &interval : box) {
    if (interval.empty()) {
      return TileKind::Empty;
    }
  }
  return classifyClipped(coverage, box, buffers);
}
