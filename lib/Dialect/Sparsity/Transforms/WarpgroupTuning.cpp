//===- WarpgroupTuning.cpp - measured tiles, and those to measure ---------===//

#include "WarpgroupConfig.h"

#include "sparsity/Dialect/Sparsity/Transforms/TuningCandidates.h"

#include "mlir/IR/Builders.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace mlir::sparsity;

//===----------------------------------------------------------------------===//
// The table
//===----------------------------------------------------------------------===//

TuningKey sparsity::getTuningKey(const WarpgroupProblem &problem,
                                 const TargetInfo &target) {
  TuningKey key;
  key.target = target.name.str();
  key.type = problem.type;
  key.rows = problem.rows;
  key.reduction = problem.reduction;
  key.columns = problem.columns;
  key.density = problem.density ? getTuningDensity(*problem.density) : 0;
  for (const MMAInstruction &instruction : target.instructions) {
    bool isSparse = instruction.aFormat.kind == TileFormat::Kind::NOfM;
    bool isBitmap = instruction.aFormat.kind == TileFormat::Kind::Bitmap;
    if (!instruction.warpgroup || instruction.type != problem.type ||
        isSparse != problem.sparse || isBitmap != problem.decoded) {
      continue;
    }
    std::string format = isBitmap ? "bitmap"
                         : isSparse
                             ? std::to_string(instruction.aFormat.n) + ":" +
                                   std::to_string(instruction.aFormat.m)
                             : "dense";
    if (problem.groupRows != 0) {
      format += "/" + std::to_string(problem.groupRows);
    }
    SmallVector<std::string> formats(problem.accumulators, format);
    key.format = llvm::join(formats, "+");
    break;
  }
  return key;
}

static const TuningRow *lookupRow(const TuningTable &table,
                                  const WarpgroupProblem &problem,
                                  const TargetInfo &target) {
  TuningKey key = getTuningKey(problem, target);
  if (ShapedType::isDynamic(key.columns)) {
    key.columns = kUnknownExtent;
  }
  return table.lookup(key);
}

std::optional<MeasuredTimes> sparsity::lookupBesideDense(
    const TuningTable &table, const WarpgroupProblem &problem,
    const WarpgroupProblem &dense, const TargetInfo &target) {
  const TuningRow *own = lookupRow(table, problem, target);
  const TuningRow *other = lookupRow(table, dense, target);
  if (!own || !other || own->key.columns != other->key.columns) {
    return std::nullopt;
  }
  return MeasuredTimes{own->key.columns, own->microseconds,
                       other->microseconds};
}

/// `tile` as narrow as its tiles of `columns` can be: what lies outside of a
/// tensor is copied and multiplied for nothing.
static WarpgroupTile makeNarrow(const WarpgroupProblem &problem,
                                const TargetInfo &target,
                                const WarpgroupTile &tile) {
  int64_t tiles = llvm::divideCeil(problem.columns, tile.columns);
  int64_t unit = std::max<int64_t>(problem.columnUnit, 8) * tile.splits;
  WarpgroupTile narrow = tile;
  narrow.columns =
      llvm::alignTo(llvm::divideCeil(problem.columns, tiles), unit);
  return findTileObstacle(problem, target, narrow) ? tile : narrow;
}

/// The cost of the model's best tile.
static double getLeastCost(const WarpgroupProblem &problem,
                           const TargetInfo &target) {
  std::optional<WarpgroupTile> tile = chooseWarpgroupTile(problem, target);
  return tile ? getTileCost(problem, target, *tile)
              : std::numeric_limits<double>::infinity();
}

std::optional<WarpgroupTile> sparsity::lookupWarpgroupTile(
    const TuningTable &table, const WarpgroupProblem &problem,
    const TargetInfo &target, function_ref<void(StringRef)> reason) {
  const TuningRow *row = lookupRow(table, problem, target);
  if (!row) {
    return std::nullopt;
  }
  WarpgroupTile tile{row->tileRows, row->tileColumns, row->consumers,
                     row->stages,   row->cluster,     row->splits};
  if (std::optional<std::string> why =
          findTileObstacle(problem, target, tile)) {
    reason(*why);
    return std::nullopt;
  }
  if (ShapedType::isDynamic(problem.columns) ||
      row->key.columns == problem.columns) {
    return tile;
  }
  // It was measured with other columns: the model may know one for these, if it
  // likes that one more than any for the others.
  constexpr double kWorthwhile = 0.9;
  WarpgroupProblem inRow = problem;
  inRow.columns = row->key.columns;
  double liked = getLeastCost(inRow, target) / getTileCost(inRow, target, tile);
  tile = makeNarrow(problem, target, tile);
  double likes =
      getLeastCost(problem, target) / getTileCost(problem, target, tile);
  return likes < kWorthwhile * std::min(liked, 1.0) ? std::nullopt
                                                    : std::optional(tile);
}

//===----------------------------------------------------------------------===//
// Candidates
//===----------------------------------------------------------------------===//

static constexpr StringLiteral kTarget = "target", kType = "type",
                               kFormat = "format", kRows = "rows",
                               kReduction = "reduction", kColumns = "columns",
                               kDensity = "density", kLocation = "location",
                               kConfigs = "configs";

TuningCandidates sparsity::getTuningCandidates(Location location,
                                               const WarpgroupProblem &problem,
                                               const TargetInfo &target,
                                               sparse_tile::ConfigAttr chosen,
                                               size_t count) {
  TuningCandidates candidates{location, getTuningKey(problem, target), {}};
  for (const WarpgroupTile &tile :
       enumerateWarpgroupTiles(problem, target, count)) {
    int64_t extents[] = {tile.rows, tile.columns, chosen.getTile()[2]};
    candidates.configs.push_back(sparse_tile::ConfigAttr::get(
        location.getContext(), extents, {4 * tile.consumers, 1}, tile.stages,
        chosen.getRaster(), chosen.getSwap(), chosen.getMultiply(),
        chosen.getInstruction(), chosen.getSparse(), tile.cluster,
        tile.splits));
  }
  return candidates;
}

void sparsity::addTuningCandidates(ModuleOp module,
                                   const TuningCandidates &candidates) {
  Builder builder(module.getContext());
  const TuningKey &key = candidates.key;
  NamedAttrList members;
  members.append(kTarget, builder.getStringAttr(key.target));
  members.append(kType, builder.getStringAttr(stringifyMultiplyType(key.type)));
  members.append(kFormat, builder.getStringAttr(key.format));
  members.append(kRows, builder.getI64IntegerAttr(key.rows));
  members.append(kReduction, builder.getI64IntegerAttr(key.reduction));
  members.append(kColumns, builder.getI64IntegerAttr(key.columns));
  if (key.density != 0) {
    members.append(kDensity, builder.getF64FloatAttr(key.density));
  }
  members.append(kLocation, LocationAttr(candidates.location));
  SmallVector<Attribute> configs(candidates.configs.begin(),
                                 candidates.configs.end());
  members.append(kConfigs, builder.getArrayAttr(configs));
  SmallVector<Attribute> kernels;
  if (auto before = module->getAttrOfType<ArrayAttr>(kTuningAttrName)) {
    llvm::append_range(kernels, before);
  }
  kernels.push_back(members.getDictionary(module.getContext()));
  module->setAttr(kTuningAttrName, builder.getArrayAttr(kernels));
}

static FailureOr<TuningCandidates> readKernel(Attribute attribute) {
  auto kernel = dyn_cast<DictionaryAttr>(attribute);
  if (!kernel) {
    return failure();
  }
  auto location = kernel.getAs<LocationAttr>(kLocation);
  auto configs = kernel.getAs<ArrayAttr>(kConfigs);
  auto target = kernel.getAs<StringAttr>(kTarget);
  auto type = kernel.getAs<StringAttr>(kType);
  auto format = kernel.getAs<StringAttr>(kFormat);
  std::optional<MultiplyType> multiply =
      type ? parseMultiplyType(type.getValue()) : std::nullopt;
  if (!location || !configs || !target || !multiply || !format) {
    return failure();
  }
  TuningCandidates candidates{location, {}, {}};
  candidates.key.target = target.str();
  candidates.key.type = *multiply;
  candidates.key.format = format.str();
  if (auto density = kernel.getAs<FloatAttr>(kDensity)) {
    candidates.key.density = density.getValueAsDouble();
  }
  for (auto [name, value] :
       {std::make_pair(kRows, &candidates.key.rows),
        std::make_pair(kReduction, &candidates.key.reduction),
        std::make_pair(kColumns, &candidates.key.columns)}) {
    auto number = kernel.getAs<IntegerAttr>(name);
    if (!number) {
      return failure();
    }
    *value = number.getInt();
  }
  for (Attribute member : configs) {
    auto config = dyn_cast<sparse_tile::ConfigAttr>(member);
    if (!config) {
      return failure();
    }
    candidates.configs.push_back(config);
  }
  return candidates;
}

FailureOr<SmallVector<TuningCandidates>>
sparsity::readTuningCandidates(ModuleOp module) {
  SmallVector<TuningCandidates> kernels;
  Attribute attribute = module->getAttr(kTuningAttrName);
  if (!attribute) {
    return kernels;
  }
  auto list = dyn_cast<ArrayAttr>(attribute);
  for (Attribute member : list ? list.getValue() : ArrayRef(attribute)) {
    FailureOr<TuningCandidates> kernel = readKernel(member);
    if (failed(kernel)) {
      return module.emitError("expected ")
             << kTuningAttrName
             << " to be as sparsity-select-config writes it, but got "
             << attribute;
    }
    kernels.push_back(*kernel);
  }
  return kernels;
}
