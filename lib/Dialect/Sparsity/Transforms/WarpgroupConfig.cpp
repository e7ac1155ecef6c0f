//===- WarpgroupConfig.cpp - when and how warpgroups multiply -------------===//
//
// The cost of a tile is counted in cycles of one multiprocessor: for each
// k-block the longest of what the matrix units take, what they read from shared
// memory, what the L2 cache delivers and what memory does; then waves of tiles.
// The constants are a prototype's, corrected by what candidates took on an H200
// (docs/performance/hopper-tuning.md).
//
//===----------------------------------------------------------------------===//

#include "WarpgroupConfig.h"

#include "sparsity/Dialect/Sparsity/IR/Sparsity.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/raw_ostream.h"

#include <cmath>

using namespace mlir;
using namespace mlir::sparsity;

static constexpr int64_t kRowBlock = 64;
static constexpr int64_t kRowBytes = 128;

//===----------------------------------------------------------------------===//
// Whether
//===----------------------------------------------------------------------===//

/// Whether `value` becomes a whole buffer: slices may begin anywhere.
static bool isWholeBuffer(Value value) {
  Operation *op = value.getDefiningOp();
  if (!op) {
    return true;
  }
  if (isa<tensor::CollapseShapeOp, tensor::ExpandShapeOp, tensor::CastOp,
          AssembleOp, EncodeOp, PruneOp>(op)) {
    return isWholeBuffer(op->getOperand(0));
  }
  return isa<linalg::LinalgOp, arith::ConstantOp>(op);
}

/// Of an operand whose list of tiles decides what is loaded.
static std::optional<std::string>
findListObstacle(const Contraction &product, unsigned index,
                 const Coverage &coverage, MultiplyType type, bool decoded) {
  RankedTensorType tensor = product.getInputType(index);
  std::optional<Coverage> list = getFollowedList(product, index);
  if (coverage.kind() != Coverage::Kind::Listed || !list) {
    return "a pattern decides which tiles run";
  }
  if (!decoded && getSparsityEncoding(tensor).getTileFormat(tensor).kind !=
                      TileFormat::Kind::Dense) {
    return "tiles of a list are decoded";
  }
  int64_t step = kRowBytes * 8 / getMultiplyTypeBits(type);
  if (list->groupGranularity() % kRowBlock != 0 ||
      list->granularity() % step != 0) {
    return "blocks are no multiple of 64 rows and 128 bytes of the reduction";
  }
  return std::nullopt;
}

/// Whether `type` is stored as the dense tensor, all of which is read.
static bool isStoredDensely(RankedTensorType type) {
  SparsityEncodingAttrInterface encoding = getSparsityEncoding(type);
  if (!encoding) {
    return true;
  }
  SmallVector<StorageField> storage = encoding.getStorage(type);
  return encoding.getCoverage(type).isAll() && storage.size() == 1 &&
         storage[0].type == getDenseType(type);
}

static std::optional<std::string>
findOperandObstacle(const Contraction &product, unsigned index,
                    MultiplyType type, bool compressed, bool decoded) {
  RankedTensorType tensor = product.getInputType(index);
  auto say = [&](StringRef text) { return std::optional(text.str()); };
  MultiplyType own;
  bool allowTF32 = type == MultiplyType::TF32;
  if (!getMultiplyType(tensor.getElementType(), allowTF32, own) ||
      own != type) {
    return say("an operand is converted as it is loaded");
  }
  constexpr int64_t kMaxRank = 5;
  if (!isStoredDensely(tensor)) {
    Coverage coverage = getSparsityEncoding(tensor).getCoverage(tensor);
    if (coverage.kind() != Coverage::Kind::All) {
      return findListObstacle(product, index, coverage, type, decoded);
    }
    // Otherwise checked where its instruction was found.
    return compressed ? std::nullopt
                      : say("an operand is expanded as it is loaded");
  }
  int64_t bytes = getMultiplyTypeBits(type) / 8;
  AffineMap map = product.domain.inputMaps[index];
  unsigned last = map.getNumResults() - 1;
  int64_t inner = tensor.getDimSize(last);
  if (tensor.getRank() > kMaxRank || ShapedType::isDynamic(inner) ||
      inner * bytes % 16 != 0) {
    return say("rows are not known to be multiples of 16 bytes");
  }
  unsigned dim = map.getDimPosition(last);
  unsigned ownDim = index == 0 ? *product.left : *product.right;
  if (dim != product.reduction && (dim != ownDim || bytes != 2)) {
    return say("neither the reduction nor rows of 16-bit elements are "
               "contiguous");
  }
  if (!isWholeBuffer(product.domain.inputs[index])) {
    return say("an operand is part of another tensor");
  }
  return std::nullopt;
}

std::optional<std::string>
sparsity::findWarpgroupObstacle(const KernelGroup &kernel, unsigned a,
                                MultiplyType type, bool sparse, bool decoded) {
  for (const Contraction &product : kernel.contractions) {
    if (product.rows) {
      return "rows are listed";
    }
    if (!product.left || !product.right) {
      return "an operand is a vector";
    }
    if (getSparsityEncoding(product.getResultType())) {
      return "the result is encoded";
    }
    if (!isStoredDensely(product.getInputType(1 - a))) {
      return "both operands are encoded";
    }
    std::optional<Coverage> list = getFollowedList(product, a);
    std::optional<Coverage> first =
        getFollowedList(kernel.contractions.front(), a);
    if (list.has_value() != first.has_value() ||
        (list && list->groupGranularity() != first->groupGranularity())) {
      return "products follow lists of groups of different sizes";
    }
    for (unsigned index : {0u, 1u}) {
      if (std::optional<std::string> why =
              findOperandObstacle(product, index, type, sparse && index == a,
                                  decoded && index == a)) {
        return why;
      }
    }
  }
  return std::nullopt;
}

//===----------------------------------------------------------------------===//
// How
//===----------------------------------------------------------------------===//

namespace {
/// What one multiprocessor does in a cycle.
constexpr double kL2Bytes = 35, kMemoryBytes = 19;
/// Waiting, metadata and releases, as a factor on a k-block.
constexpr double kBookkeeping = 1.06;
/// Cycles of an epilogue: fixed, and for each element of the tile.
constexpr double kEpilogue = 1500, kEpilogueElement = 0.06;
constexpr double kExchange = 2500;
/// Cycles that no k-block goes below, and those of a cluster's signals.
constexpr double kLeastBlock = 300, kClusterWait = 60;
/// Those of a step of two joined lists, whose products are waited for in it.
constexpr double kLeastJoined = 600;
/// The share of bytes that the cache sends out for blocks in step.
constexpr double kCoalesced = 0.5;
/// The steps of two lists at a quarter of the blocks, by those of one, where
/// they are paired by what they have in common.
constexpr double kJoined = 1.5;
/// Where rows follow lists: the share of A's bytes that the cache sends out for
/// neighbouring columns, which read it nearly in step; and the cycles a tile of
/// the barriers between the blocks of a cluster, which a tile of few steps does
/// not make up for.
constexpr double kNearlyCoalesced = 0.55, kClusterTile = 300;
/// How much of what two lists of a share do not have in common by chance is
/// found where one of 2^n lists is paired with the best of the others, by n.
constexpr double kFoundByPairing = 0.025, kMostFound = 0.5;
/// Tiles of a row that run together read A from memory once, up to so many.
constexpr int64_t kReadersOfRows = 4;
/// The bytes of a record of 64 x 64 elements: at most, and where three in ten
/// are there, of the shares that are worth it one that leaves time to decode.
constexpr int64_t kMostRecord = 8960, kRecord = 3232;
/// Cycles of a record that nothing hides, those that other rings hide, those of
/// a product that is hidden, and what a wider one takes; as measured.
constexpr double kDecode = 244, kDecodeWait = 304, kHiddenProduct = 128,
                 kDecodeProduct = 1.3;
/// Three consumers have fewer registers.
constexpr int64_t kMostRings = 3, kMostSumsOfMany = 64;

} // namespace

/// The registers of a thread's sums leave room for little else; 8-bit operands
/// have two words of metadata.
static constexpr int64_t kMaxSums = 200, kMaxSumsOfBytes = 192;
/// Where an epilogue combines the sums of several products, and where it reads
/// as many elements as it writes.
static constexpr int64_t kMaxCombinedSums = 192, kMaxSumsBesideInputs = 128;
/// A stage is handed back when the products of the next one have started.
static constexpr int64_t kLeastStages = 2;
/// What is worth choosing: fewer do not hide the time of a copy.
static constexpr int64_t kGoodStages = 3;

static int64_t countKBlocks(const WarpgroupProblem &problem) {
  return llvm::divideCeil(problem.reduction,
                          kRowBytes * 8 / getMultiplyTypeBits(problem.type));
}

/// The products of a stage. Where each follows a list, a stage is of one.
static int64_t countStageProducts(const WarpgroupProblem &problem) {
  return problem.groupRows != 0 ? 1 : problem.accumulators;
}

/// Bytes of A, of all products, in a stage.
static int64_t getABytes(const WarpgroupProblem &problem, int64_t rows) {
  if (problem.decoded) {
    return rows / kRowBlock * kMostRecord;
  }
  int64_t bits = getMultiplyTypeBits(problem.type);
  int64_t rowBytes = !problem.sparse ? kRowBytes
                     : bits == 8     ? kRowBytes / 2 + 16
                                     : kRowBytes / 2 + 8;
  return rows * rowBytes * countStageProducts(problem);
}

/// Two consumers of a tile with rows for one have a tile each.
static bool isApart(const WarpgroupTile &tile) {
  return tile.consumers > 1 && tile.rows == kRowBlock;
}

/// Then those of two lists share tiles of B; others take turns.
static bool joins(const WarpgroupProblem &problem, const WarpgroupTile &tile) {
  return isApart(tile) && problem.groupRows != 0 && !problem.decoded;
}

/// Or two or more share one list, each out of a ring of its own.
static int64_t countRings(const WarpgroupProblem &problem,
                          const WarpgroupTile &tile) {
  return isApart(tile) && problem.decoded ? tile.consumers : 1;
}

/// The stages that fit into shared memory beside the rest.
static int64_t countStages(const WarpgroupProblem &problem,
                           const TargetInfo &target,
                           const WarpgroupTile &tile) {
  int64_t rows = joins(problem, tile) ? 2 * tile.rows : tile.rows;
  int64_t aBytes = llvm::alignTo(getABytes(problem, rows), 1024);
  int64_t stageBytes = llvm::alignTo(aBytes + tile.columns * kRowBytes, 1024);
  constexpr int64_t kStaging = 16384, kMaxStages = 16;
  int64_t rings = countRings(problem, tile);
  int64_t reserved = kStaging * (tile.consumers / rings) + 512;
  // Sums on their way between blocks, and between rings.
  int64_t exchanges = (tile.splits > 1 ? 1 : 0) + rings - 1;
  reserved += exchanges * tile.rows * tile.columns * 4 * problem.accumulators;
  return std::min<int64_t>(kMaxStages,
                           std::max<int64_t>(0, target.sharedBytes - reserved) /
                               (stageBytes * rings));
}

std::optional<std::string>
sparsity::findTileObstacle(const WarpgroupProblem &problem,
                           const TargetInfo &target,
                           const WarpgroupTile &tile) {
  auto say = [](const Twine &text) { return std::optional(text.str()); };
  int64_t parts = isApart(tile) ? 1 : tile.consumers;
  int64_t mostConsumers = problem.decoded ? kMostRings : 2;
  if (tile.consumers < 1 || tile.consumers > mostConsumers || tile.rows < 1 ||
      tile.rows % (kRowBlock * parts) != 0) {
    return say("expected one or two consumers with whole blocks of 64 rows "
               "each, but got " +
               Twine(tile.rows) + " rows for " + Twine(tile.consumers));
  }
  if (problem.decoded && (tile.rows != kRowBlock || tile.cluster > 1)) {
    return say("expected 64 rows and no cluster where A is decoded into "
               "registers, but got " +
               Twine(tile.rows) + " and " + Twine(tile.cluster));
  }
  if (isApart(tile) && tile.splits > 1 && !problem.decoded) {
    return say("expected no splits where each consumer has tiles of its own, "
               "but got " +
               Twine(tile.splits));
  }
  constexpr int64_t kMaxColumns = 256, kNarrow = 32, kCluster = 8;
  int64_t unit =
      problem.type == MultiplyType::S8 && tile.columns > kNarrow ? 16 : 8;
  unit = std::max<int64_t>(unit, problem.columnUnit);
  if (tile.columns < 1 || tile.columns > kMaxColumns ||
      tile.columns % unit != 0) {
    return say("expected columns that are a multiple of " + Twine(unit) +
               " up to " + Twine(kMaxColumns) + ", but got " +
               Twine(tile.columns));
  }
  int64_t sums =
      tile.columns / 2 * (tile.rows / kRowBlock / parts) * problem.accumulators;
  bool joinsSeveral = problem.accumulators > 1 && joins(problem, tile);
  int64_t mostSums = problem.readsMatrix || joinsSeveral ? kMaxSumsBesideInputs
                     : problem.accumulators > 1          ? kMaxCombinedSums
                     : getMultiplyTypeBits(problem.type) == 8 ? kMaxSumsOfBytes
                                                              : kMaxSums;
  if (tile.consumers > 2) {
    mostSums = std::min(mostSums, kMostSumsOfMany);
  }
  if (sums > mostSums) {
    return say("expected at most " + Twine(mostSums) +
               " sums a thread, but got " + Twine(sums));
  }
  if (tile.cluster < 1 || tile.splits < 1 ||
      std::max(tile.cluster, tile.splits) > kCluster ||
      std::min(tile.cluster, tile.splits) > 1) {
    return say("expected a cluster or splits between 1 and " + Twine(kCluster) +
               ", not both, but got " + Twine(tile.cluster) + " and " +
               Twine(tile.splits));
  }
  // The blocks of a cluster copy a part of B each, those of a split tile store
  // a part of the result.
  if (tile.columns < 8 * tile.cluster ||
      tile.columns % (8 * tile.splits) != 0) {
    return say("expected 8 columns or a multiple for each of " +
               Twine(tile.cluster * tile.splits) + " blocks, but got " +
               Twine(tile.columns));
  }
  if (problem.groupRows != 0 && !problem.decoded &&
      (problem.groupRows % tile.rows != 0 || tile.splits > 1)) {
    return say("expected a divisor of " + Twine(problem.groupRows) +
               " rows and no splits, but got " + Twine(tile.rows) + " and " +
               Twine(tile.splits));
  }
  if (!problem.decoded && countKBlocks(problem) % tile.splits != 0) {
    return say("expected whole k-blocks for each of " + Twine(tile.splits) +
               " splits, but got " + Twine(countKBlocks(problem)));
  }
  int64_t most = countStages(problem, target, tile);
  if (tile.stages < kLeastStages || tile.stages > most) {
    return say("expected " + Twine(kLeastStages) + " to " + Twine(most) +
               " stages, but got " + Twine(tile.stages));
  }
  return std::nullopt;
}

/// The cycles of tiles whose A is decoded: a record is copied, decoded and
/// multiplied, in part while other rings do so.
static double getDecodedCost(const WarpgroupProblem &problem,
                             const TargetInfo &target,
                             const WarpgroupTile &tile) {
  int64_t rings = countRings(problem, tile);
  int64_t resident = tile.splits > 2 ? target.multiprocessors * 10 / 11
                                     : target.multiprocessors;
  int64_t columnTiles = llvm::divideCeil(problem.columns, tile.columns);
  int64_t tiles =
      llvm::divideCeil(problem.rows, tile.rows) * columnTiles * tile.splits;
  double products = std::max(2.0 * tile.columns, kHiddenProduct);
  double busy = kDecode + kDecodeWait / rings +
                kDecodeProduct * (products - kHiddenProduct);
  double memory =
      kRecord / kMemoryBytes / std::min(columnTiles, kReadersOfRows);
  double l2 = (kRecord + tile.columns * kRowBytes * kCoalesced) / kL2Bytes;
  double block = std::max({busy, memory, l2, kLeastBlock / rings});
  double epilogue =
      kEpilogue + kEpilogueElement * tile.rows * tile.columns / tile.splits;
  double exchange = tile.splits > 1 ? kExchange : 0;
  double waves = llvm::divideCeil(tiles, resident / tile.splits * tile.splits);
  double steps = double(countKBlocks(problem)) * problem.accumulators;
  return waves * (block * steps / tile.splits + epilogue + exchange);
}

/// Cycles of the matrix units for a k-block of a tile.
static double getMultiplyCycles(const WarpgroupProblem &problem,
                                const WarpgroupTile &tile) {
  // An instruction reads A and B from shared memory as it multiplies.
  double perStep = problem.sparse
                       ? tile.columns / 2.0 + 16
                       : std::max(tile.columns / 2.0, tile.columns / 4.0 + 16);
  return perStep * (problem.sparse ? 2 : 4) * (tile.rows / double(kRowBlock)) *
         countStageProducts(problem) * kBookkeeping;
}

/// The blocks that run at once, of clusters of `perCluster`.
static int64_t countResident(const TargetInfo &target, int64_t perCluster) {
  // Clusters lie within a processing cluster, which larger ones do not fill.
  return perCluster > 2 ? target.multiprocessors * 10 / 11
                        : target.multiprocessors;
}

/// The steps of two lists of a share that are walked together, by those of one:
/// by count the union of two random ones, less what pairing finds in common.
static double getJoinedSteps(double density, int64_t lists) {
  double found = std::min(
      kMostFound, kFoundByPairing * std::log2(std::max<int64_t>(2, lists)));
  return (2 - density) * (1 - found * (1 - density));
}

/// The cycles of a tile whose rows follow lists of a known share.
static double getListCost(const WarpgroupProblem &problem,
                          const TargetInfo &target, const WarpgroupTile &tile) {
  // Each product has a loop over a list of its own.
  double steps = *problem.density * countKBlocks(problem) *
                 (problem.accumulators / countStageProducts(problem));
  int64_t aBytes = getABytes(problem, tile.rows);
  int64_t bBytes = tile.columns * kRowBytes;
  double multiply = getMultiplyCycles(problem, tile);
  int64_t rowTiles = llvm::divideCeil(problem.rows, tile.rows);
  int64_t columnTiles =
      llvm::divideCeil(problem.columns, tile.columns * tile.cluster);
  // Joined, each row of tiles waits for two lists: a multicast saves nothing.
  bool isMulticast = tile.cluster > 1 && !joins(problem, tile);
  bool hasNeighbours = columnTiles * tile.cluster > 1;
  double sent = isMulticast     ? 1.0 / tile.cluster
                : hasNeighbours ? kNearlyCoalesced
                                : 1;
  double copyA = aBytes * sent / kL2Bytes, copyB = bBytes / kL2Bytes;
  double memory = aBytes / kMemoryBytes / std::min(columnTiles, kReadersOfRows);
  double least = kLeastBlock + (tile.cluster > 1 ? kClusterWait : 0);
  double epilogue = kEpilogue + kEpilogueElement * tile.rows * tile.columns +
                    (tile.cluster > 1 ? kClusterTile : 0);
  double products = steps * std::max({multiply, copyA + copyB, memory, least});
  if (joins(problem, tile)) {
    // What both lists name is copied once, and multiplied by both.
    double joined = steps * getJoinedSteps(*problem.density, rowTiles);
    products =
        std::max({2 * steps * multiply, 2 * steps * copyA + joined * copyB,
                  2 * steps * memory, joined * kLeastJoined});
    rowTiles = llvm::divideCeil(rowTiles, 2);
  }
  // The stored order of the rows makes rounds of tiles even.
  int64_t clusters = countResident(target, tile.cluster) / tile.cluster;
  double waves = llvm::divideCeil(rowTiles * columnTiles, clusters);
  return waves * (products + epilogue);
}

double sparsity::getTileCost(const WarpgroupProblem &problem,
                             const TargetInfo &target,
                             const WarpgroupTile &tile) {
  if (problem.decoded) {
    return getDecodedCost(problem, target, tile);
  }
  if (problem.density) {
    return getListCost(problem, target, tile);
  }
  int64_t kBlocks = countKBlocks(problem);
  int64_t aBytes = getABytes(problem, tile.rows);
  int64_t bBytes = tile.columns * kRowBytes;
  double multiply = getMultiplyCycles(problem, tile);
  // Where rows follow lists, blocks share A; otherwise B.
  bool sharesA = problem.groupRows != 0;
  double shared = sharesA ? aBytes : bBytes, own = sharesA ? bBytes : aBytes;
  int64_t perCluster = tile.cluster * tile.splits;
  int64_t resident = countResident(target, perCluster);
  int64_t rowTiles =
      llvm::divideCeil(problem.rows, tile.rows * (sharesA ? 1 : tile.cluster));
  int64_t columnTiles = llvm::divideCeil(
      problem.columns, tile.columns * (sharesA ? tile.cluster : 1));
  int64_t tiles = rowTiles * columnTiles;
  // Blocks that read the same lines at the same time get them in one answer
  // of the cache: B, where there is one column of tiles.
  if (columnTiles == 1 && !sharesA) {
    shared *= kCoalesced;
  }
  // So do neighbouring columns A, where each row of tiles waits for two lists:
  // a multicast saves nothing there.
  double sent = joins(problem, tile) ? kCoalesced : 1.0 / tile.cluster;
  double l2 = (own + shared * sent) / kL2Bytes;
  double memory = aBytes / kMemoryBytes / std::min(columnTiles, kReadersOfRows);
  double least = kLeastBlock + (tile.cluster > 1 ? kClusterWait : 0);
  double block = std::max({multiply, l2, memory, least});
  double waves = llvm::divideCeil(tiles, resident / perCluster);
  double products = block * (kBlocks / tile.splits) *
                    (problem.accumulators / countStageProducts(problem));
  if (joins(problem, tile)) {
    // Half as many pairs; what both lists name is copied once.
    double pairs = llvm::divideCeil(llvm::divideCeil(rowTiles, 2) * columnTiles,
                                    resident / perCluster);
    double steps = kBlocks * problem.accumulators * kJoined;
    return pairs * (steps * std::max(block, kLeastJoined) + kEpilogue +
                    kEpilogueElement * tile.rows * tile.columns);
  }
  double epilogue =
      kEpilogue + kEpilogueElement * tile.rows * tile.columns / tile.splits;
  if (isApart(tile)) {
    // The epilogues but the last one hide behind the other's products.
    return waves * std::max(products, epilogue / 2) + epilogue;
  }
  double exchange = tile.splits > 1 ? kExchange : 0;
  return waves * (products + epilogue + exchange);
}

WarpgroupProblem sparsity::assumeExtents(WarpgroupProblem problem) {
  for (int64_t *size : {&problem.rows, &problem.columns}) {
    if (ShapedType::isDynamic(*size)) {
      *size = kUnknownExtent;
    }
    *size = std::max<int64_t>(*size, 1);
  }
  return problem;
}

SmallVector<WarpgroupTile>
sparsity::enumerateWarpgroupTiles(const WarpgroupProblem &given,
                                  const TargetInfo &target, size_t count) {
  WarpgroupProblem problem = assumeExtents(given);
  SmallVector<int64_t> widths = {32,  64,  96,  128, 152, 160, 176,
                                 184, 192, 200, 208, 224, 240, 256};
  if (problem.columns < 256) {
    widths.push_back(llvm::alignTo(problem.columns, 8));
  }
  int64_t unit = problem.type == MultiplyType::S8 ? 16 : 8;
  unit = std::max<int64_t>(unit, problem.columnUnit);
  for (int64_t &width : widths) {
    width = llvm::alignTo(width, unit);
  }
  // Units make equal widths of different ones.
  llvm::sort(widths);
  widths.erase(llvm::unique(widths), widths.end());
  constexpr std::pair<int64_t, int64_t> kShares[] = {
      {1, 1}, {2, 1}, {1, 2}, {1, 4}, {1, 8}};
  SmallVector<WarpgroupTile> tiles;
  SmallVector<std::pair<double, size_t>> costs;
  for (auto [rows, consumers] : {std::pair<int64_t, int64_t>{64, 1},
                                 {64, 2},
                                 {64, 3},
                                 {128, 2},
                                 {256, 2}}) {
    // A tile as wide as the problem leaves nothing to wider ones.
    bool isCovered[std::size(kShares)] = {};
    for (int64_t width : widths) {
      for (auto [number, share] : llvm::enumerate(kShares)) {
        auto [cluster, splits] = share;
        WarpgroupTile tile{rows, width, consumers, 0, cluster, splits};
        tile.stages = countStages(problem, target, tile);
        // Wider rows share B within a tile, and few columns leave blocks to
        // wait for two lists that could each have a row.
        bool joinsOne =
            joins(problem, tile) &&
            (problem.groupRows > kRowBlock || problem.columns <= kFewColumns);
        if (isCovered[number] || joinsOne || tile.stages < kGoodStages ||
            findTileObstacle(problem, target, tile)) {
          continue;
        }
        isCovered[number] = width >= problem.columns;
        costs.emplace_back(getTileCost(problem, target, tile), tiles.size());
        tiles.push_back(tile);
      }
    }
  }
  llvm::sort(costs);
  SmallVector<WarpgroupTile> best;
  for (auto [cycles, number] : ArrayRef(costs).take_front(count)) {
    best.push_back(tiles[number]);
  }
  return best;
}

std::optional<WarpgroupTile>
sparsity::chooseWarpgroupTile(const WarpgroupProblem &problem,
                              const TargetInfo &target) {
  SmallVector<WarpgroupTile> best = enumerateWarpgroupTiles(problem, target, 1);
  return best.empty() ? std::nullopt : std::optional(best.front());
}
