//===- SparsitySelectConfig.cpp - tiles, stages and instruction -----------===//

#include "AttentionConfig.h"
#include "StorageChoice.h"
#include "WarpgroupConfig.h"

#include "sparsity/Analysis/IterationDomain.h"
#include "sparsity/Dialect/SparseTile/IR/SparseTile.h"
#include "sparsity/Dialect/Sparsity/Transforms/Passes.h"
#include "sparsity/Target/KnownTargets.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Remarks.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/FormatVariadic.h"

namespace mlir::sparsity {
#define GEN_PASS_DEF_SPARSITYSELECTCONFIGPASS
#include "sparsity/Dialect/Sparsity/Transforms/Passes.h.inc"
} // namespace mlir::sparsity

using namespace mlir;
using namespace mlir::sparsity;

namespace {
/// The choices for one kernel, before they become an attribute.
struct Choice {
  /// Whether the instruction takes A compressed; then, if it is one of
  /// warpgroups, what takes its place where A is not stored so.
  bool sparse = false;
  sparse_tile::ConfigAttr fallback;
  SmallVector<int64_t> tile = {64, 64, 64};
  SmallVector<int64_t> warps = {1, 1};
  int64_t stages = 1;
  int64_t cluster = 1, splits = 1;
  /// Tiles for at most so many columns, where a call says how many there are.
  SmallVector<std::pair<int64_t, WarpgroupTile>> variants;
  bool swap = false;
  std::string multiply;
  const MMAInstruction *instruction = nullptr;
  /// Takes the tile of warpgroups.
  void use(const WarpgroupTile &found) {
    tile = {found.rows, found.columns,
            1024 / int64_t(getMultiplyTypeBits(instruction->type))};
    warps = {4 * found.consumers, 1};
    stages = found.stages;
    cluster = found.cluster;
    splits = found.splits;
  }
  std::string why;
  /// Remarks of what was missed, for the choice that is taken.
  SmallVector<std::string> missed;
  /// Of a kernel of warpgroups: what its tile was chosen for, and by what.
  std::optional<WarpgroupProblem> problem;
  std::optional<WarpgroupTile> found;
  StringRef source;
  bool isMeasured = false;
  /// If it was measured, and a dense one too: both times.
  std::optional<MeasuredTimes> times;
};

/// A form of an operand's storage with which the kernel is faster.
struct StorageChoice {
  unsigned operand;
  Attribute storage;
  Choice choice;
};

/// A tile of warpgroups, and what chose it, for the remark.
struct ChosenTile {
  WarpgroupTile tile;
  StringRef source;
  bool isMeasured;
};
} // namespace

static void remarkMissed(const Contraction &contraction, const Twine &text) {
  remark::missed(contraction.op->getLoc(),
                 remark::RemarkOpts::name("SelectConfig").category("sparsity"))
      << text.str();
}

/// "391.9 us with 4096 columns, 627.3 us for dense weights".
static std::string describe(const MeasuredTimes &times) {
  return llvm::formatv(
             "{0:f1} us with {1} columns, {2:f1} us for dense weights",
             times.sparse, times.columns, times.dense)
      .str();
}

/// The type that both operands are multiplied in: their own, or the wider float
/// that holds both exactly.
static MultiplyType chooseMultiplyType(const Contraction &contraction,
                                       bool allowTF32) {
  MultiplyType types[2];
  for (unsigned index = 0; index < 2; ++index) {
    getMultiplyType(contraction.getInputType(index).getElementType(), allowTF32,
                    types[index]);
  }
  if (types[0] == types[1]) {
    return types[0];
  }
  auto isFloat8 = [](MultiplyType type) {
    return type == MultiplyType::E4M3 || type == MultiplyType::E5M2;
  };
  if (isFloat8(types[0]) && isFloat8(types[1])) {
    return MultiplyType::F16;
  }
  for (unsigned index = 0; index < 2; ++index) {
    if (isFloat8(types[index]) && types[1 - index] == MultiplyType::F16) {
      return MultiplyType::F16;
    }
  }
  return MultiplyType::F32;
}

/// f16 holds every 8-bit float: the type to multiply in where the chip has no
/// 8-bit instruction. Integers have no wider form here.
static MultiplyType widen(MultiplyType type) {
  return type == MultiplyType::E4M3 || type == MultiplyType::E5M2
             ? MultiplyType::F16
             : type;
}

/// The dimension of operand `index` that the reduction walks.
static int64_t reductionAxis(const Contraction &contraction, unsigned index) {
  for (auto [axis, expr] :
       llvm::enumerate(contraction.domain.inputMaps[index].getResults())) {
    if (cast<AffineDimExpr>(expr).getPosition() == contraction.reduction) {
      return axis;
    }
  }
  return -1;
}

/// Whether `coverage` makes loops gather: a list or a pattern along `column`.
static bool gathers(const Coverage &coverage, unsigned column) {
  bool here = (coverage.kind() == Coverage::Kind::Listed ||
               coverage.kind() == Coverage::Kind::Periodic) &&
              coverage.listedDim() == column;
  return here || llvm::any_of(coverage.members(), [&](const Coverage &member) {
           return gathers(member, column);
         });
}

static Coverage coverageOf(const Contraction &contraction, unsigned index) {
  RankedTensorType type = contraction.getInputType(index);
  SparsityEncodingAttrInterface encoding = getSparsityEncoding(type);
  return encoding ? encoding.getCoverage(type) : Coverage::all();
}

/// The rows of a group of operand `index`'s list that a loop can follow, or 0.
static int64_t groupRows(const Contraction &contraction, unsigned index) {
  std::optional<Coverage> list = getFollowedList(contraction, index);
  return list ? list->groupGranularity() : 0;
}

/// The instruction that takes operand `index` compressed, or null with a
/// reason.
static const MMAInstruction *
findSparseInstruction(const Contraction &contraction, unsigned index,
                      MultiplyType type, const TargetInfo &target,
                      std::string &why) {
  RankedTensorType tensor = contraction.getInputType(index);
  SparsityEncodingAttrInterface encoding = getSparsityEncoding(tensor);
  if (!encoding) {
    return nullptr;
  }
  TileFormat format = encoding.getTileFormat(tensor);
  if (format.kind == TileFormat::Kind::Dense) {
    return nullptr;
  }
  MultiplyType own;
  getMultiplyType(tensor.getElementType(), /*allowTF32=*/true, own);
  if (coverageOf(contraction, index).kind() != Coverage::Kind::All) {
    why = format.str() + " lies in the tiles of a list";
    return nullptr;
  }
  int64_t otherColumn = reductionAxis(contraction, 1 - index);
  if (otherColumn >= 0 &&
      gathers(coverageOf(contraction, 1 - index), otherColumn)) {
    why = "the other operand's pattern gathers the reduction";
    return nullptr;
  }
  if (format.axis != reductionAxis(contraction, index)) {
    why = format.str() + " is not along the reduction";
    return nullptr;
  }
  if (tensor.getRank() != 2 || !tensor.hasStaticShape()) {
    why = "the packed layout needs a static matrix";
    return nullptr;
  }
  if (own != type) {
    why = ("operands are multiplied in " + stringifyMultiplyType(type)).str();
    return nullptr;
  }
  TileFormat alongK = format;
  alongK.axis = 1;
  const MMAInstruction *found = target.findInstruction(type, alongK);
  if (!found) {
    why = (target.name + " has no native " + format.str() + " of " +
           stringifyMultiplyType(type))
              .str();
  }
  return found;
}

static int64_t sizeOfDim(const Contraction &contraction,
                         std::optional<unsigned> dim) {
  if (!dim) {
    return 1;
  }
  for (unsigned index = 0; index < 2; ++index) {
    for (auto [axis, expr] :
         llvm::enumerate(contraction.domain.inputMaps[index].getResults())) {
      if (cast<AffineDimExpr>(expr).getPosition() == *dim) {
        return contraction.getInputType(index).getDimSize(axis);
      }
    }
  }
  return ShapedType::kDynamic;
}

/// The smallest power of two between `low` and `high` that holds `size`.
static int64_t fitTile(int64_t size, int64_t low, int64_t high) {
  if (ShapedType::isDynamic(size)) {
    return high;
  }
  int64_t tile = low;
  while (tile < size && tile < high) {
    tile *= 2;
  }
  return tile;
}

static void chooseGpuTiles(Choice &choice, bool sparse, int64_t columns,
                           unsigned accumulators, const TargetInfo &target) {
  // A warp holds 64 x 64 sums in 128 registers a thread; several accumulators
  // share them. Narrow problems (few tokens) shrink the columns.
  int64_t limit = accumulators > 1 ? 64 : 128;
  int64_t tileColumns = fitTile(columns, 16, limit);
  int64_t bits = getMultiplyTypeBits(choice.instruction->type);
  bool simt = choice.instruction->name == "fma";
  int64_t tileRows = accumulators > 2 ? 64 : 128;
  if (simt) {
    tileRows = 64;
    tileColumns = std::min<int64_t>(tileColumns, 64);
  }
  choice.warps = {2, tileColumns >= 32 ? 2 : 1};
  int64_t warpRows = choice.instruction->warpRows;
  int64_t warpColumns =
      std::max<int64_t>(8, choice.instruction->warpColumns / accumulators);
  if (tileRows > choice.warps[0] * warpRows ||
      tileColumns > choice.warps[1] * warpColumns) {
    // Eight warps, as large as the instruction's registers allow.
    choice.warps = {4, tileColumns >= 2 * warpColumns ? 2 : 1};
    tileRows = std::min(tileRows, choice.warps[0] * warpRows);
    tileColumns = std::min(tileColumns, choice.warps[1] * warpColumns);
  }
  choice.tile = {tileRows, tileColumns, 128 * 8 / bits};
  // One step holds 128 bytes of K of both operands, of A only 64 compressed
  // ones and their metadata.
  int64_t rowBytes = sparse ? (bits == 8 ? 80 : 72) : 128;
  int64_t stageBytes = tileRows * rowBytes + tileColumns * 128;
  // Two blocks an SM hide each other's barriers; a fourth stage measured no
  // gain.
  int64_t stages = target.sharedBytes / 2 / stageBytes;
  choice.stages = std::clamp<int64_t>(stages, 2, 3);
}

/// Rows of a tile that follow groups of `group` rows: a divisor of a group if
/// there is one of whole instructions, or else little more than it.
static int64_t fitGroup(int64_t group, int64_t low, int64_t high) {
  for (int64_t tile = high; tile >= low; tile /= 2) {
    if (group % tile == 0) {
      return tile;
    }
  }
  return fitTile(group, low, high);
}

static void chooseCpuTiles(Choice &choice, int64_t rows, int64_t columns) {
  choice.tile = {fitTile(rows, 4, 64), fitTile(columns, 16, 64), 64};
}

/// The tile's rows, and the warps over them, for groups of `group` rows.
static void followGroups(Choice &choice, int64_t group, bool gpu) {
  int64_t &rows = choice.tile[0];
  if (!gpu) {
    rows = fitGroup(group, std::min<int64_t>(4, rows), rows);
    return;
  }
  rows = fitGroup(group, 16, rows);
  // As many warps as before, each with at least 16 rows and 8 columns.
  int64_t warps = choice.warps[0] * choice.warps[1];
  while (choice.warps[0] > 1 && rows / choice.warps[0] < 16) {
    choice.warps[0] /= 2;
  }
  int64_t columns = choice.tile[1];
  choice.warps[1] = std::min(warps / choice.warps[0], columns / 8);
}

/// Tiles no larger than the entries of a result that is stored by a list.
static void followResult(Choice &choice, const Contraction &contraction,
                         bool gpu) {
  RankedTensorType type = contraction.getResultType();
  SparsityEncodingAttrInterface encoding = getSparsityEncoding(type);
  if (!encoding || type.getRank() != 2 || !contraction.left) {
    return;
  }
  Coverage coverage = encoding.getCoverage(type);
  if (coverage.kind() != Coverage::Kind::Listed) {
    return;
  }
  bool leftIsGroup = contraction.domain.outputMap.getDimPosition(
                         coverage.groupDim()) == *contraction.left;
  int64_t rows = coverage.groupGranularity(), columns = coverage.granularity();
  if (leftIsGroup == choice.swap) {
    std::swap(rows, columns);
  }
  followGroups(choice, rows, gpu);
  choice.tile[1] = std::min(choice.tile[1], fitTile(columns, 16, 128));
  if (gpu) {
    choice.warps[1] = std::min(choice.warps[1], choice.tile[1] / 8);
  }
}

namespace {
struct SparsitySelectConfigPass
    : sparsity::impl::SparsitySelectConfigPassBase<SparsitySelectConfigPass> {
  using SparsitySelectConfigPassBase::SparsitySelectConfigPassBase;

  void runOnOperation() override;
  LogicalResult configure(KernelGroup &group, const TargetInfo &target);
  LogicalResult configureElementwise(linalg::GenericOp op, bool gpu);
  FailureOr<Choice> choose(const KernelGroup &kernel, const TargetInfo &target,
                           std::optional<double> density);
  FailureOr<Choice> chooseStoredAs(const KernelGroup &kernel, unsigned operand,
                                   Attribute storage, const TargetInfo &target,
                                   std::optional<double> density);
  std::optional<StorageChoice> chooseStorage(const KernelGroup &kernel,
                                             Choice &own,
                                             const TargetInfo &target);
  std::optional<StorageChoice> chooseMerged(const KernelGroup &kernel,
                                            const Choice &own, unsigned operand,
                                            const TargetInfo &target,
                                            std::optional<double> &cost);
  void useWarpgroups(Choice &choice, const KernelGroup &kernel,
                     const TargetInfo &target, std::optional<double> density);
  ArrayAttr makeVariants(const Choice &choice);
  std::string describeChoice(const Choice &choice,
                             sparse_tile::ConfigAttr config);
  std::optional<ChosenTile> chooseTile(const WarpgroupProblem &problem,
                                       const TargetInfo &target,
                                       function_ref<void(StringRef)> misfit);
  void chooseVariants(Choice &choice, WarpgroupProblem problem,
                      const WarpgroupTile &most, const TargetInfo &target);
  LogicalResult loadTuningTable();
  sparse_tile::ConfigAttr makeAttr(const Choice &choice);

  TuningTable measured;
};
} // namespace

sparse_tile::ConfigAttr
SparsitySelectConfigPass::makeAttr(const Choice &choice) {
  SmallVector<int64_t> chosenTile(choice.tile), chosenWarps(choice.warps);
  if (!tile.empty()) {
    chosenTile.assign(tile.begin(), tile.end());
  }
  if (!warps.empty()) {
    chosenWarps.assign(warps.begin(), warps.end());
  }
  // What was chosen belongs together: with a tile, a cluster or splits given,
  // the rest of them is 1 unless it is given too.
  bool given = !tile.empty() || cluster > 0 || splits > 0;
  int64_t chosenCluster = cluster > 0 ? cluster : given ? 1 : choice.cluster;
  int64_t chosenSplits = splits > 0 ? splits : given ? 1 : choice.splits;
  auto error = [&] { return emitError(getOperation().getLoc()); };
  function_ref<InFlightDiagnostic()> emitHere(error);
  return sparse_tile::ConfigAttr::getChecked(
      emitHere, &getContext(), ArrayRef<int64_t>(chosenTile),
      ArrayRef<int64_t>(chosenWarps), stages > 0 ? stages : choice.stages,
      /*raster=*/int64_t(1), choice.swap, StringRef(choice.multiply),
      choice.instruction ? choice.instruction->name : StringRef("elementwise"),
      choice.sparse, chosenCluster, chosenSplits);
}

LogicalResult SparsitySelectConfigPass::loadTuningTable() {
  if (tuningTable.empty()) {
    measured = getBuiltinTuningTable();
    return success();
  }
  measured = TuningTable();
  if (tuningTable == "none") {
    return success();
  }
  llvm::Expected<TuningTable> table = TuningTable::read(tuningTable);
  if (!table) {
    return emitError(getOperation().getLoc())
           << llvm::toString(table.takeError());
  }
  measured = std::move(*table);
  return success();
}

/// A measured tile if there is one that fits, else the cost model's; nothing if
/// none fits. `misfit` is told why a measured one does not.
std::optional<ChosenTile>
SparsitySelectConfigPass::chooseTile(const WarpgroupProblem &problem,
                                     const TargetInfo &target,
                                     function_ref<void(StringRef)> misfit) {
  std::optional<WarpgroupTile> tile =
      lookupWarpgroupTile(measured, problem, target, misfit);
  bool isMeasured = tile.has_value();
  if (!tile) {
    tile = chooseWarpgroupTile(problem, target);
  }
  StringRef source =
      isMeasured ? " from the tuning table" : " by the cost model";
  return tile ? std::optional(ChosenTile{*tile, source, isMeasured})
              : std::nullopt;
}

/// Whether what is stored depends on an element of another matrix for each
/// element: a residual, or what the sums start from.
static bool readsMatrix(const KernelGroup &kernel) {
  if (!isZeroFill(kernel.contractions.front().domain.init)) {
    return true;
  }
  linalg::GenericOp epilogue = kernel.epilogue;
  if (!epilogue) {
    return false;
  }
  return llvm::any_of(epilogue.getDpsInputOperands(), [&](OpOperand *operand) {
    bool isSum =
        llvm::any_of(kernel.contractions, [&](const Contraction &product) {
          return operand->get().getDefiningOp() == product.op;
        });
    return !isSum &&
           epilogue.getMatchingIndexingMap(operand).getNumResults() > 1;
  });
}

/// The instruction of warpgroups that takes operand `index` as the tiles of its
/// list are stored, or null.
static const MMAInstruction *findDecodingInstruction(const Contraction &product,
                                                     unsigned index,
                                                     MultiplyType type,
                                                     const TargetInfo &target) {
  RankedTensorType tensor = product.getInputType(index);
  SparsityEncodingAttrInterface encoding = getSparsityEncoding(tensor);
  MultiplyType own;
  if (!encoding || groupRows(product, index) == 0 ||
      !getMultiplyType(tensor.getElementType(), /*allowTF32=*/false, own) ||
      own != type) {
    return nullptr;
  }
  // An n:m of a list's tiles is not one packed matrix.
  TileFormat format = encoding.getTileFormat(tensor);
  return format.kind == TileFormat::Kind::Bitmap
             ? target.findInstruction(type, format, /*warpgroup=*/true)
             : nullptr;
}

/// Replaces an instruction of warps by one of warpgroups where the target and
/// the program allow it.
void SparsitySelectConfigPass::useWarpgroups(Choice &choice,
                                             const KernelGroup &kernel,
                                             const TargetInfo &target,
                                             std::optional<double> density) {
  bool sparse = choice.sparse;
  const MMAInstruction *found =
      target.findInstruction(choice.instruction->type,
                             choice.instruction->aFormat, /*warpgroup=*/true);
  const MMAInstruction *decoding = nullptr;
  if (!sparse) {
    decoding = findDecodingInstruction(kernel.contractions.front(),
                                       choice.swap ? 1 : 0,
                                       choice.instruction->type, target);
    found = decoding ? decoding : found;
  }
  if (!target.hasCopy(CopyKind::Tma) || !found ||
      !found->name.starts_with(instruction)) {
    return;
  }
  auto give = [&](StringRef why) {
    choice.why +=
        (choice.why.empty() ? "no warpgroups: " : "; no warpgroups: ");
    choice.why += why;
  };
  const Contraction &first = kernel.contractions.front();
  bool swap = choice.swap;
  int64_t group = groupRows(first, swap ? 1 : 0);
  if (!sparse && group == 0 && first.left && first.right) {
    // Stores of whole lines for any number of columns, and few tokens make few
    // columns: A's rows are the result's innermost dimension.
    auto last = cast<AffineDimExpr>(first.domain.outputMap.getResults().back());
    swap = last.getPosition() == *first.right;
  }
  unsigned a = swap ? 1 : 0;
  if (std::optional<std::string> why = findWarpgroupObstacle(
          kernel, a, found->type, sparse, decoding != nullptr)) {
    return give(*why);
  }
  WarpgroupProblem problem;
  problem.rows = sizeOfDim(first, swap ? first.right : first.left);
  problem.columns = sizeOfDim(first, swap ? first.left : first.right);
  problem.reduction = sizeOfDim(first, first.reduction);
  problem.type = found->type;
  problem.sparse = sparse;
  problem.accumulators = kernel.contractions.size();
  problem.groupRows = group;
  if (group != 0) {
    problem.density = density;
  }
  problem.decoded = decoding != nullptr;
  problem.readsMatrix = readsMatrix(kernel);
  AffineMap right = first.domain.inputMaps[1 - a];
  if (right.getDimPosition(right.getNumResults() - 1) != first.reduction) {
    problem.columnUnit = 64; // Panels of columns.
  }
  if (ShapedType::isDynamic(problem.reduction) || problem.reduction == 0) {
    return give("the reduction's length is not known");
  }
  auto remarkMisfit = [&](StringRef why) {
    choice.missed.push_back("the row of the tuning table does not fit: " +
                            why.str());
  };
  std::optional<ChosenTile> chosen = chooseTile(problem, target, remarkMisfit);
  if (!chosen) {
    return give("no tile fits");
  }
  choice.problem = problem;
  choice.found = chosen->tile;
  choice.source = chosen->source;
  choice.isMeasured = chosen->isMeasured;
  if (chosen->isMeasured && sparse) {
    WarpgroupProblem dense = problem;
    dense.sparse = false;
    choice.times = lookupBesideDense(measured, problem, dense, target);
  }
  choice.instruction = found;
  choice.swap = swap;
  choice.use(chosen->tile);
  if (decoding) {
    choice.sparse = true;
    choice.why.clear();
  }
  bool given = !this->tile.empty() || !warps.empty() || stages > 0 ||
               cluster > 0 || splits > 0;
  if (ShapedType::isDynamic(problem.columns) && !given) {
    chooseVariants(choice, problem, chosen->tile, target);
  }
}

/// The best tile whose part of a schedule for `most` is that of all columns:
/// the rows follow a group of the list, and the loads reach as far as its
/// columns.
static std::optional<WarpgroupTile>
chooseListVariant(const WarpgroupProblem &problem, const WarpgroupTile &most,
                  const TargetInfo &target) {
  for (const WarpgroupTile &tile :
       enumerateWarpgroupTiles(problem, target, SIZE_MAX)) {
    if (tile.rows == most.rows && tile.columns <= most.columns) {
      return tile;
    }
  }
  return std::nullopt;
}

/// A small set of tiles for few columns, each unlike the next larger one.
void SparsitySelectConfigPass::chooseVariants(Choice &choice,
                                              WarpgroupProblem problem,
                                              const WarpgroupTile &most,
                                              const TargetInfo &target) {
  constexpr int64_t kColumns[] = {512, 128, 64, 32, 16};
  WarpgroupTile next = most;
  for (int64_t columns : kColumns) {
    problem.columns = columns;
    std::optional<WarpgroupTile> tile;
    if (problem.groupRows == 0 || problem.decoded) {
      if (std::optional<ChosenTile> chosen =
              chooseTile(problem, target, /*misfit=*/[](StringRef) {})) {
        tile = chosen->tile;
      }
    } else {
      tile = chooseListVariant(problem, most, target);
    }
    if (tile && !(*tile == next)) {
      choice.variants.insert(choice.variants.begin(), {columns, *tile});
      next = *tile;
    }
  }
}

LogicalResult
SparsitySelectConfigPass::configureElementwise(linalg::GenericOp op, bool gpu) {
  Choice choice;
  choice.multiply = "none";
  choice.tile =
      gpu ? SmallVector<int64_t>{32, 128, 1} : SmallVector<int64_t>{16, 256, 1};
  choice.warps = gpu ? SmallVector<int64_t>{2, 2} : SmallVector<int64_t>{1, 1};
  sparse_tile::ConfigAttr config = makeAttr(choice);
  if (!config) {
    return failure();
  }
  op->setAttr(sparse_tile::kConfigAttrName, config);
  return success();
}

/// The choice for `kernel` as its operands are stored. Of a list that it
/// follows `density` is the share that is expected to be present.
FailureOr<Choice>
SparsitySelectConfigPass::choose(const KernelGroup &kernel,
                                 const TargetInfo &target,
                                 std::optional<double> density) {
  bool gpu = target.kind == TargetKind::Gpu;
  Choice choice;
  const Contraction &first = kernel.contractions.front();
  MultiplyType type = chooseMultiplyType(first, allowTF32);
  bool &sparse = choice.sparse;
  for (unsigned index : {1u, 0u}) {
    std::string why;
    const MMAInstruction *found =
        findSparseInstruction(first, index, type, target, why);
    if (found) {
      choice.instruction = found;
      choice.swap = index == 1;
      sparse = true;
    } else if (!why.empty()) {
      choice.why += (choice.why.empty() ? "expanded: " : "; ") + why;
    }
  }
  if (!sparse) {
    type =
        target.findInstruction(type, TileFormat::dense()) ? type : widen(type);
    choice.instruction = target.findInstruction(type, TileFormat::dense());
    if (!choice.instruction) {
      return first.op->emitOpError("expected operands that ")
             << target.name << " can multiply, but got "
             << first.getInputType(0).getElementType() << " and "
             << first.getInputType(1).getElementType();
    }
    // The CPU vectorizes along the columns, which should be the result's
    // innermost dimension; so should the GPU's coalesced direction.
    AffineMap output = first.domain.outputMap;
    if (output.getNumResults() > 0 && first.left) {
      auto last = cast<AffineDimExpr>(output.getResults().back());
      choice.swap = last.getPosition() == *first.left;
    }
    // An operand that lists its tiles, or lists the rows, takes the rows: a
    // tile follows its groups.
    int64_t left = groupRows(first, 0), right = groupRows(first, 1);
    if (left != 0 || right != 0) {
      choice.swap = left == 0;
    }
  }
  int64_t group = groupRows(first, choice.swap ? 1 : 0);
  choice.multiply = stringifyMultiplyType(type).str();
  int64_t rows = sizeOfDim(first, choice.swap ? first.right : first.left);
  int64_t columns = sizeOfDim(first, choice.swap ? first.left : first.right);
  if (gpu) {
    chooseGpuTiles(choice, sparse, columns, kernel.contractions.size(), target);
  } else {
    chooseCpuTiles(choice, rows, columns);
  }
  if (group != 0 && !sparse) {
    followGroups(choice, group, gpu);
  }
  followResult(choice, first, gpu);
  unsigned listed = choice.swap ? 1 : 0;
  SparsityEncodingAttrInterface encoding =
      getSparsityEncoding(first.getInputType(listed));
  bool decodes =
      encoding && encoding.getTileFormat(first.getInputType(listed)).kind !=
                      TileFormat::Kind::Dense;
  bool gathersMuch =
      first.rows || (group != 0 && (decodes || kernel.contractions.size() > 1));
  if (gpu && gathersMuch && choice.tile[0] % 64 == 0) {
    // Addresses of gathered elements live next to the sums: eight warps share
    // the registers.
    choice.warps = {4, choice.tile[1] >= 16 ? 2 : 1};
  }
  if (gpu) {
    Choice before = choice;
    useWarpgroups(choice, kernel, target, density);
    if (sparse && choice.instruction->warpgroup) {
      choice.fallback = makeAttr(before);
      if (!choice.fallback) {
        return failure();
      }
    }
  }
  return choice;
}

//===----------------------------------------------------------------------===//
// Other forms of an operand
//===----------------------------------------------------------------------===//

FailureOr<Choice> SparsitySelectConfigPass::chooseStoredAs(
    const KernelGroup &kernel, unsigned operand, Attribute storage,
    const TargetInfo &target, std::optional<double> density) {
  StoredAs stored(kernel.contractions.front().domain.inputs[operand], storage);
  return choose(kernel, target, density);
}

/// The cycles of a kernel of warpgroups by the cost model, with the tile that
/// it likes best: the model knows nothing that speaks for a measured one.
static double getCost(const Choice &choice, const TargetInfo &target) {
  WarpgroupTile tile =
      chooseWarpgroupTile(*choice.problem, target).value_or(*choice.found);
  return getTileCost(assumeExtents(*choice.problem), target, tile);
}

/// A list in units that warpgroups take, where these do not take its own.
/// `cost` becomes the cycles of the better form, if they are known.
std::optional<StorageChoice> SparsitySelectConfigPass::chooseMerged(
    const KernelGroup &kernel, const Choice &own, unsigned operand,
    const TargetInfo &target, std::optional<double> &cost) {
  constexpr int64_t kRows = 64, kBits = 1024; // Of K, in a row.
  const Contraction &product = kernel.contractions.front();
  RankedTensorType type = product.getInputType(operand);
  SparsityEncodingAttrInterface encoding = getSparsityEncoding(type);
  if (own.problem || !getFollowedList(product, operand)) {
    return std::nullopt;
  }
  Attribute merged = encoding.mergeStorage(
      type, kRows, kBits / getMultiplyTypeBits(own.instruction->type));
  if (!merged) {
    return std::nullopt;
  }
  std::optional<double> single = getDensityHint(product), density;
  if (single) {
    density = getMergedDensity(
        *single, encoding.getCoverage(type),
        cast<SparsityEncodingAttrInterface>(merged).getCoverage(type));
  }
  FailureOr<Choice> other =
      chooseStoredAs(kernel, operand, merged, target, density);
  if (failed(other) || !other->problem) {
    return std::nullopt;
  }
  // With few columns a list takes single warps longer than dense weights,
  // however short it is.
  bool isFew = !ShapedType::isDynamic(other->problem->columns) &&
               other->problem->columns <= kFewColumns;
  if (!density || isFew) {
    other->why = "blocks are merged for warpgroups";
    return StorageChoice{operand, merged, *other};
  }
  WarpgroupProblem alone = *other->problem;
  alone.density = single;
  double together = getCost(*other, target);
  cost = getSingleWarpsCost(alone, target);
  if (!cost || *cost <= together) {
    return std::nullopt;
  }
  other->why =
      llvm::formatv("blocks are merged for warpgroups: {0:f0} cycles, {1:f0} "
                    "one by one, by the cost model",
                    together, *cost)
          .str();
  cost = together;
  return StorageChoice{operand, merged, *other};
}

/// The form of the operand that takes the rows with which `kernel` is known to
/// be faster; nothing if that is its own form.
std::optional<StorageChoice>
SparsitySelectConfigPass::chooseStorage(const KernelGroup &kernel, Choice &own,
                                        const TargetInfo &target) {
  const Contraction &product = kernel.contractions.front();
  unsigned operand = own.swap ? 1 : 0;
  RankedTensorType type = product.getInputType(operand);
  SparsityEncodingAttrInterface encoding = getSparsityEncoding(type);
  if (target.kind != TargetKind::Gpu || kernel.contractions.size() != 1 ||
      !encoding || !isYetToBePacked(product.domain.inputs[operand])) {
    return std::nullopt;
  }
  std::optional<double> density = getDensityHint(product), cost;
  // What decoding costs does not depend on the density.
  bool decodes = own.problem && own.problem->decoded && tile.empty() &&
                 !ShapedType::isDynamic(own.problem->columns);
  if (own.problem && (density || decodes)) {
    cost = getCost(own, target);
  }
  std::optional<StorageChoice> best =
      chooseMerged(kernel, own, operand, target, cost);
  Attribute storage = encoding.getStoredDense(type);
  if (denseChoice == "never" || !storage) {
    return best;
  }
  FailureOr<Choice> dense = chooseStoredAs(kernel, operand, storage, target,
                                           /*density=*/std::nullopt);
  if (failed(dense) || !dense->problem) {
    return best;
  }
  if (own.isMeasured && dense->isMeasured && !own.times) {
    own.times =
        lookupBesideDense(measured, *own.problem, *dense->problem, target);
  }
  if (own.times) {
    if (own.times->sparse <= own.times->dense) {
      return best;
    }
    dense->why = "dense: " + describe(*own.times);
    return StorageChoice{operand, storage, *dense};
  }
  if (!cost) {
    return best;
  }
  double denseCost = getCost(*dense, target);
  std::string text = llvm::formatv("{0:f0} cycles", *cost).str();
  if (density) {
    text += llvm::formatv(" at a density of {0}", llvm::format("%g", *density));
  }
  text +=
      llvm::formatv(", {0:f0} for dense weights, by the cost model", denseCost);
  // Measured lists of nearly all blocks take less than the model says.
  constexpr double kMargin = 1.05;
  if (*cost <= kMargin * denseCost) {
    std::string &why = best ? best->choice.why : own.why;
    why += (why.empty() ? "" : "; ") + text;
    return best;
  }
  dense->why = "dense: " + text;
  return StorageChoice{operand, storage, *dense};
}

//===----------------------------------------------------------------------===//
// What is left on the ops
//===----------------------------------------------------------------------===//

/// The tiles for fewer columns; null if there are none.
ArrayAttr SparsitySelectConfigPass::makeVariants(const Choice &choice) {
  if (choice.variants.empty()) {
    return {};
  }
  Builder builder(&getContext());
  SmallVector<Attribute> variants;
  for (const auto &[columns, variant] : choice.variants) {
    Choice few = choice;
    few.use(variant);
    variants.push_back(builder.getArrayAttr(
        {builder.getI64IntegerAttr(columns), makeAttr(few)}));
  }
  return builder.getArrayAttr(variants);
}

std::string
SparsitySelectConfigPass::describeChoice(const Choice &choice,
                                         sparse_tile::ConfigAttr config) {
  std::string text =
      (choice.instruction->name + " in " + choice.multiply + ", tile " +
       Twine(config.getTile()[0]) + "x" + Twine(config.getTile()[1]) + "x" +
       Twine(config.getTile()[2]) + (tile.empty() ? choice.source : ""))
          .str();
  if (config.getCluster() > 1) {
    text += ", clusters of " + std::to_string(config.getCluster());
  }
  if (config.getSplits() > 1) {
    text += ", K split by " + std::to_string(config.getSplits());
  }
  if (choice.times && tile.empty()) {
    text += ": " + describe(*choice.times);
  }
  if (!choice.variants.empty()) {
    text += ", and " + std::to_string(choice.variants.size()) +
            " tiles for fewer columns";
  }
  if (!choice.why.empty()) {
    text += "; " + choice.why;
  }
  return text;
}

LogicalResult SparsitySelectConfigPass::configure(KernelGroup &kernel,
                                                  const TargetInfo &target) {
  if (kernel.contractions.empty()) {
    return configureElementwise(kernel.epilogue,
                                target.kind == TargetKind::Gpu);
  }
  const Contraction &first = kernel.contractions.front();
  FailureOr<Choice> own = choose(kernel, target, getDensityHint(first));
  if (failed(own)) {
    return failure();
  }
  std::optional<StorageChoice> other = chooseStorage(kernel, *own, target);
  Choice &taken = other ? other->choice : *own;
  sparse_tile::ConfigAttr config = makeAttr(*own),
                          takenConfig = other ? makeAttr(taken) : config;
  if (!config || !takenConfig) {
    return failure();
  }
  for (const Contraction &contraction : kernel.contractions) {
    contraction.op->setAttr(sparse_tile::kConfigAttrName, config);
    if (own->fallback) {
      contraction.op->setAttr(sparse_tile::kFallbackAttrName, own->fallback);
    }
  }
  if (ArrayAttr variants = makeVariants(*own)) {
    first.op->setAttr(sparse_tile::kVariantsAttrName, variants);
  }
  if (other) {
    Builder builder(&getContext());
    NamedAttrList stored;
    stored.append("operand", builder.getI64IntegerAttr(other->operand));
    stored.append("storage", other->storage);
    stored.append("config", takenConfig);
    if (ArrayAttr variants = makeVariants(taken)) {
      stored.append("variants", variants);
    }
    first.op->setAttr(kStoredAttrName, stored.getDictionary(&getContext()));
  }
  if (taken.problem && taken.instruction->warpgroup && tuningCandidates) {
    addTuningCandidates(getOperation(),
                        getTuningCandidates(first.op->getLoc(), *taken.problem,
                                            target, takenConfig,
                                            tuningCandidates));
  }
  for (const std::string &missed : taken.missed) {
    remarkMissed(first, missed);
  }
  if (taken.times && tile.empty() && taken.times->dense < taken.times->sparse) {
    // Compressed weights are all that the kernel is given.
    remarkMissed(first,
                 "dense weights would be faster: " + describe(*taken.times));
  }
  remark::passed(first.op->getLoc(),
                 remark::RemarkOpts::name("SelectConfig").category("sparsity"))
      << describeChoice(taken, takenConfig);
  return success();
}

void SparsitySelectConfigPass::runOnOperation() {
  const TargetInfo *info = lookupTarget(target);
  if (!info) {
    emitError(getOperation().getLoc())
        << "expected a target among " << getKnownTargetNames() << ", but got \""
        << target << "\"";
    return signalPassFailure();
  }
  if ((!tile.empty() && tile.size() != 3) ||
      (!warps.empty() && warps.size() != 2)) {
    emitError(getOperation().getLoc())
        << "expected three tile extents and two warp counts, but got "
        << tile.size() << " and " << warps.size();
    return signalPassFailure();
  }
  if (denseChoice != "auto" && denseChoice != "never") {
    emitError(getOperation().getLoc())
        << "expected dense-choice to be auto or never, but got " << denseChoice;
    return signalPassFailure();
  }
  if (failed(loadTuningTable())) {
    return signalPassFailure();
  }
  WalkResult result = getOperation().walk([&](func::FuncOp func) {
    for (Block &block : func.getBody()) {
      for (KernelGroup &group : findKernelGroups(block)) {
        if (failed(configure(group, *info))) {
          return WalkResult::interrupt();
        }
      }
    }
    return WalkResult::advance();
  });
  if (result.wasInterrupted() ||
      failed(configureAttentions(getOperation(), *info, allowTF32, stages))) {
    signalPassFailure();
  }
}
