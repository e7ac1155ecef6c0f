//===- SparsitySelectConfig.cpp - tiles, stages and instruction -----------===//

#include "sparsity/Analysis/IterationDomain.h"
#include "sparsity/Dialect/SparseTile/IR/SparseTile.h"
#include "sparsity/Dialect/Sparsity/Transforms/Passes.h"
#include "sparsity/Target/KnownTargets.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Remarks.h"

namespace mlir::sparsity {
#define GEN_PASS_DEF_SPARSITYSELECTCONFIGPASS
#include "sparsity/Dialect/Sparsity/Transforms/Passes.h.inc"
} // namespace mlir::sparsity

using namespace mlir;
using namespace mlir::sparsity;

namespace {
/// The choices for one kernel, before they become an attribute.
struct Choice {
  SmallVector<int64_t> tile = {64, 64, 64};
  SmallVector<int64_t> warps = {1, 1};
  int64_t stages = 1;
  bool swap = false;
  std::string multiply;
  const MMAInstruction *instruction = nullptr;
  std::string why;
};
} // namespace

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

static void chooseCpuTiles(Choice &choice, int64_t rows, int64_t columns) {
  choice.tile = {fitTile(rows, 4, 64), fitTile(columns, 16, 64), 64};
}

namespace {
struct SparsitySelectConfigPass
    : sparsity::impl::SparsitySelectConfigPassBase<SparsitySelectConfigPass> {
  using SparsitySelectConfigPassBase::SparsitySelectConfigPassBase;

  void runOnOperation() override;
  LogicalResult configure(KernelGroup &group, const TargetInfo &target);
  sparse_tile::ConfigAttr makeAttr(const Choice &choice, bool sparse);
};
} // namespace

sparse_tile::ConfigAttr SparsitySelectConfigPass::makeAttr(const Choice &choice,
                                                           bool sparse) {
  SmallVector<int64_t> chosenTile(choice.tile), chosenWarps(choice.warps);
  if (!tile.empty()) {
    chosenTile.assign(tile.begin(), tile.end());
  }
  if (!warps.empty()) {
    chosenWarps.assign(warps.begin(), warps.end());
  }
  auto error = [&] { return emitError(getOperation().getLoc()); };
  function_ref<InFlightDiagnostic()> emitHere(error);
  return sparse_tile::ConfigAttr::getChecked(
      emitHere, &getContext(), ArrayRef<int64_t>(chosenTile),
      ArrayRef<int64_t>(chosenWarps), stages > 0 ? stages : choice.stages,
      /*raster=*/int64_t(1), choice.swap, StringRef(choice.multiply),
      choice.instruction ? choice.instruction->name : StringRef("elementwise"),
      sparse);
}

LogicalResult SparsitySelectConfigPass::configure(KernelGroup &group,
                                                  const TargetInfo &target) {
  bool gpu = target.kind == TargetKind::Gpu;
  Choice choice;
  if (group.contractions.empty()) {
    choice.multiply = "none";
    choice.tile = gpu ? SmallVector<int64_t>{32, 128, 1}
                      : SmallVector<int64_t>{16, 256, 1};
    choice.warps =
        gpu ? SmallVector<int64_t>{2, 2} : SmallVector<int64_t>{1, 1};
    sparse_tile::ConfigAttr config = makeAttr(choice, false);
    if (!config) {
      return failure();
    }
    group.epilogue->setAttr(sparse_tile::kConfigAttrName, config);
    return success();
  }
  const Contraction &first = group.contractions.front();
  MultiplyType type = chooseMultiplyType(first, allowTF32);
  bool sparse = false;
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
  }
  choice.multiply = stringifyMultiplyType(type).str();
  int64_t rows = sizeOfDim(first, choice.swap ? first.right : first.left);
  int64_t columns = sizeOfDim(first, choice.swap ? first.left : first.right);
  if (gpu) {
    chooseGpuTiles(choice, sparse, columns, group.contractions.size(), target);
  } else {
    chooseCpuTiles(choice, rows, columns);
  }
  sparse_tile::ConfigAttr config = makeAttr(choice, sparse);
  if (!config) {
    return failure();
  }
  for (Contraction &contraction : group.contractions) {
    contraction.op->setAttr(sparse_tile::kConfigAttrName, config);
  }
  std::string text =
      (choice.instruction->name + " in " + choice.multiply + ", tile " +
       Twine(config.getTile()[0]) + "x" + Twine(config.getTile()[1]) + "x" +
       Twine(config.getTile()[2]))
          .str();
  if (!choice.why.empty()) {
    text += "; " + choice.why;
  }
  remark::passed(first.op->getLoc(),
                 remark::RemarkOpts::name("SelectConfig").category("sparsity"))
      << text;
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
  if (result.wasInterrupted()) {
    signalPassFailure();
  }
}
