//===- Candidates.cpp - Tiles and gathered pieces that may hold elements --===//

#include "Enumerator.h"

#include "IndexMath.h"

#include <iterator>

using namespace mlir::sparsity;
using namespace mlir::sparsity::detail;

/// The entries along `dim` of all groups `box` meets, ascending and without
/// repetition; false if some group cannot be read.
bool Enumerator::listedPieces(const Operand &operand, int dim, const Box &box,
                              Pieces &pieces) const {
  const Coverage &listed = operand.coverage;
  unsigned groupDim = listed.groupDim();
  // Cut to the tensor as classify() does: there are no groups past its end.
  auto rangeOf = [&](unsigned tensorDim) {
    return clip({box[static_cast<size_t>(operand.info->dims[tensorDim])]},
                {operand.info->shape[tensorDim]})[0];
  };
  if (groupDim >= operand.info->dims.size() ||
      (listed.batch() && listed.batch()->dim >= operand.info->dims.size())) {
    return false;
  }
  Interval rows = rangeOf(groupDim);
  Interval batches =
      listed.batch() ? rangeOf(listed.batch()->dim) : Interval{0, 1};
  if (rows.empty() || batches.empty() || sizes[dim] == 0) {
    return true;
  }
  int64_t lastBlock = (sizes[dim] - 1) / listed.granularity();
  std::vector<int64_t> blocks;
  int64_t firstGroup = rows.begin / listed.groupGranularity();
  int64_t lastGroup = (rows.end - 1) / listed.groupGranularity();
  for (int64_t batch = batches.begin; batch < batches.end; ++batch) {
    for (int64_t group = firstGroup; group <= lastGroup; ++group) {
      GroupEntries entries =
          readGroup(listed, batch, group, operand.info->buffers);
      if (!entries.readable) {
        return false;
      }
      std::copy_if(
          entries.begin, entries.end, std::back_inserter(blocks),
          [&](int64_t block) { return block >= 0 && block <= lastBlock; });
    }
  }
  std::sort(blocks.begin(), blocks.end());
  blocks.erase(std::unique(blocks.begin(), blocks.end()), blocks.end());
  for (int64_t block : blocks) {
    int64_t begin = block * listed.granularity();
    pieces.push_back(
        {begin, begin + std::min(listed.granularity(), sizes[dim] - begin)});
  }
  return true;
}

/// The runs of a periodic coverage along `dim`.
void Enumerator::periodicPieces(const Operand &operand, int dim,
                                Pieces &pieces) const {
  const Coverage &periodic = operand.coverage;
  for (Wide begin = firstRunEndingAfter(periodic, 0); begin < sizes[dim];
       begin += periodic.period()) {
    Wide end = std::min<Wide>(begin + periodic.length(), sizes[dim]);
    pieces.push_back({static_cast<int64_t>(std::max<Wide>(begin, 0)),
                      static_cast<int64_t>(end)});
  }
}

/// Makes tiles and pieces ascending and disjoint. Tiles win over pieces: they
/// run with the predicate of the whole coverage, so they already visit the
/// pieces inside them.
void Enumerator::normalize(Candidates &candidates) const {
  std::vector<int64_t> &runs = candidates.tiles;
  std::sort(runs.begin(), runs.end());
  runs.erase(std::unique(runs.begin(), runs.end()), runs.end());
  std::sort(candidates.pieces.begin(), candidates.pieces.end(),
            [](const Interval &a, const Interval &b) {
              return a.begin < b.begin || (a.begin == b.begin && a.end < b.end);
            });
  Pieces kept;
  int64_t done = 0;
  for (const Interval &piece : candidates.pieces) {
    int64_t begin = std::max(piece.begin, done);
    auto run = std::lower_bound(runs.begin(), runs.end(), begin / tiles[inner]);
    while (begin < piece.end) {
      Interval covered{piece.end, piece.end};
      if (run != runs.end()) {
        covered = tileRange(inner, *run++);
      }
      int64_t end = std::min(piece.end, covered.begin);
      if (begin < end) {
        kept.push_back({begin, end});
      }
      begin = std::max(begin, covered.end);
    }
    done = std::max(done, piece.end);
  }
  candidates.pieces = std::move(kept);
}

/// Splits pieces into steps of at most `tile` indices; no piece is split
/// further, as each is smaller than the tile.
std::vector<Pieces> Enumerator::pack(const Pieces &pieces, int64_t tile) const {
  std::vector<Pieces> steps;
  int64_t room = 0;
  for (const Interval &piece : pieces) {
    if (piece.size() > room) {
      steps.emplace_back();
      room = tile;
    }
    steps.back().push_back(piece);
    room -= piece.size();
  }
  return steps;
}

/// Steps, then indices visited.
std::pair<int64_t, int64_t>
Enumerator::cost(const Candidates &candidates) const {
  int64_t indices = 0;
  for (int64_t tile : candidates.tiles) {
    indices += tileRange(inner, tile).size();
  }
  for (const Interval &piece : candidates.pieces) {
    indices += piece.size();
  }
  int64_t steps = static_cast<int64_t>(
      candidates.tiles.size() + pack(candidates.pieces, tiles[inner]).size());
  return {steps, indices};
}

/// Drops the tiles and pieces that are empty by `kindOf`.
void Enumerator::filter(Candidates &candidates, Region &region,
                        const std::function<TileKind(Region &)> &kindOf) const {
  Interval &range = region.box[static_cast<size_t>(inner)];
  auto isEmpty = [&](const Interval &candidate) {
    range = candidate;
    return kindOf(region) == TileKind::Empty;
  };
  std::vector<int64_t> &runs = candidates.tiles;
  runs.erase(std::remove_if(
                 runs.begin(), runs.end(),
                 [&](int64_t tile) { return isEmpty(tileRange(inner, tile)); }),
             runs.end());
  Pieces &pieces = candidates.pieces;
  pieces.erase(std::remove_if(pieces.begin(), pieces.end(), isEmpty),
               pieces.end());
}

/// Every tile in which the operand may hold an element.
Candidates Enumerator::tilesOf(const Operand &operand, Region &region) const {
  Candidates candidates;
  for (int64_t tile = 0, count = tileCount(inner); tile < count; ++tile) {
    region.box[static_cast<size_t>(inner)] = tileRange(inner, tile);
    if (classifyRegion(operand, region) != TileKind::Empty) {
      candidates.tiles.push_back(tile);
    }
  }
  return candidates;
}

/// Tiles and pieces, disjoint, that hold every element of the operand in the
/// region. `depth` bounds how often intersections are distributed over unions,
/// which is what keeps nested compositions from growing exponentially.
Candidates Enumerator::candidatesOf(const Operand &operand, Region &region,
                                    int depth) const {
  const Coverage &coverage = operand.coverage;
  auto kindOf = [&](Region &part) { return classifyRegion(operand, part); };
  const bool listed = coverage.kind() == Coverage::Kind::Listed;
  if ((listed || coverage.kind() == Coverage::Kind::Periodic) &&
      coverage.granularity() < tiles[inner] &&
      mapsTo(*operand.info, coverage.listedDim(), inner)) {
    region.box[static_cast<size_t>(inner)] = whole(inner);
    Candidates gathered;
    if (region.gatherDim >= 0) {
      // The hull of the gathered rows: more groups than needed, then filtered.
      region.box[static_cast<size_t>(region.gatherDim)] = {
          region.pieces.front().begin, region.pieces.back().end};
    }
    bool readable = true;
    if (listed) {
      readable = listedPieces(operand, inner, region.box, gathered.pieces);
    } else {
      periodicPieces(operand, inner, gathered.pieces);
    }
    if (readable) {
      filter(gathered, region, kindOf);
      Candidates runs = tilesOf(operand, region);
      return runs.tiles.size() < pack(gathered.pieces, tiles[inner]).size()
                 ? runs
                 : gathered;
    }
  }
  if (coverage.kind() == Coverage::Kind::AnyOf) {
    Candidates united;
    for (const Coverage &member : coverage.members()) {
      Candidates part = candidatesOf({operand.info, member}, region, depth);
      united.tiles.insert(united.tiles.end(), part.tiles.begin(),
                          part.tiles.end());
      united.pieces.insert(united.pieces.end(), part.pieces.begin(),
                           part.pieces.end());
    }
    normalize(united);
    return united;
  }
  if (coverage.kind() != Coverage::Kind::AllOf) {
    return tilesOf(operand, region);
  }
  Candidates best;
  const std::vector<Coverage> &members = coverage.members();
  for (size_t i = 0; i < members.size(); ++i) {
    Coverage driver = members[i];
    int driverDepth = depth;
    if (driver.kind() == Coverage::Kind::AnyOf && depth > 0) {
      // Distribute: what the other members exclude is then excluded for each
      // member of the union by itself, before tiles win over pieces.
      std::vector<Coverage> terms;
      for (const Coverage &term : driver.members()) {
        std::vector<Coverage> conjuncts = members;
        conjuncts[i] = term;
        terms.push_back(Coverage::allOf(std::move(conjuncts)));
      }
      driver = Coverage::anyOf(std::move(terms));
      driverDepth = depth - 1;
    }
    Candidates candidates =
        candidatesOf({operand.info, driver}, region, driverDepth);
    filter(candidates, region, kindOf);
    if (i == 0 || cost(candidates) < cost(best)) {
      best = std::move(candidates);
    }
  }
  return best;
}
