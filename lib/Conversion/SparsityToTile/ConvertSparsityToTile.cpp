//===- ConvertSparsityToTile.cpp - the one tiling: coverage is consumed ---===//

#include "sparsity/Analysis/IterationDomain.h"
#include "sparsity/Conversion/Passes.h"
#include "sparsity/Dialect/SparseTile/IR/SparseTile.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Transforms/RegionUtils.h"

namespace mlir::sparsity {
#define GEN_PASS_DEF_CONVERTSPARSITYTOTILEPASS
#include "sparsity/Conversion/Passes.h.inc"
} // namespace mlir::sparsity

using namespace mlir;
using namespace mlir::sparsity;

namespace {
/// Builds the schedule of one kernel group.
class GroupBuilder {
public:
  GroupBuilder(IRRewriter &rewriter, KernelGroup &group)
      : rewriter(rewriter), group(group),
        root(group.epilogue ? group.epilogue.getOperation()
                            : group.contractions.front().op) {}

  LogicalResult build();

private:
  /// Where a parallel dimension of the schedule comes from: a dimension of the
  /// root's iteration space, or none for the missing side of a matrix-vector
  /// product.
  using Origin = std::optional<unsigned>;

  void chooseDimensions();
  Origin rootDim(const Contraction &contraction, Origin dim);
  Value sizeOf(const Contraction *contraction, unsigned dim);
  unsigned addInput(Value value);
  LogicalResult collectSources(const Contraction &contraction,
                               SmallVectorImpl<SmallVector<unsigned>> &sources);
  void buildBody(sparse_tile::ForallOp forall);
  void buildPipeline(ArrayRef<unsigned> members);
  Value buildLoad(const Contraction &contraction, unsigned operand,
                  int64_t rows, int64_t step, Value k);
  void buildStore(sparse_tile::ForallOp forall);

  IRRewriter &rewriter;
  KernelGroup &group;
  Operation *root;
  sparse_tile::ConfigAttr config;
  SmallVector<Origin> parallel;
  SmallVector<Value> sizes, inputs, outputs;
  /// Per contraction: the position of its K extent in `sizes`, and per operand
  /// the positions of its storage buffers in `inputs`.
  SmallVector<unsigned> extents;
  SmallVector<SmallVector<SmallVector<unsigned>>> storage;
  /// Set while the body is built.
  MutableArrayRef<BlockArgument> origins, sizeArgs, inputArgs, outputArgs;
  SmallVector<Value> accumulators;
};
} // namespace

GroupBuilder::Origin GroupBuilder::rootDim(const Contraction &contraction,
                                           Origin dim) {
  if (!dim || !group.epilogue) {
    return dim;
  }
  OpOperand &use = *contraction.op->getResult(0).use_begin();
  AffineMap map = group.epilogue.getMatchingIndexingMap(&use);
  for (auto [position, expr] :
       llvm::enumerate(contraction.domain.outputMap.getResults())) {
    if (cast<AffineDimExpr>(expr).getPosition() == *dim) {
      return map.getDimPosition(position);
    }
  }
  return std::nullopt;
}

void GroupBuilder::chooseDimensions() {
  if (group.contractions.empty()) {
    // The innermost dimension of the result is the column.
    unsigned loops = group.epilogue.getNumLoops();
    AffineMap map = group.epilogue.getMatchingIndexingMap(
        group.epilogue.getDpsInitOperand(0));
    for (unsigned position = 0; position < loops; ++position) {
      parallel.push_back(map.getDimPosition(position));
    }
    if (loops == 1) {
      parallel.insert(parallel.begin(), std::nullopt);
    }
    return;
  }
  const Contraction &first = group.contractions.front();
  for (unsigned dim : first.outer) {
    parallel.push_back(rootDim(first, dim));
  }
  parallel.push_back(
      rootDim(first, config.getSwap() ? first.right : first.left));
  parallel.push_back(
      rootDim(first, config.getSwap() ? first.left : first.right));
}

/// The extent of dimension `dim`: of a contraction, or of the epilogue.
Value GroupBuilder::sizeOf(const Contraction *contraction, unsigned dim) {
  Location loc = root->getLoc();
  auto fromOperand = [&](Value operand, AffineMap map) -> Value {
    for (auto [axis, expr] : llvm::enumerate(map.getResults())) {
      auto plain = dyn_cast<AffineDimExpr>(expr);
      if (plain && plain.getPosition() == dim &&
          isa<RankedTensorType>(operand.getType())) {
        return getValueOrCreateConstantIndexOp(
            rewriter, loc, tensor::getMixedSize(rewriter, loc, operand, axis));
      }
    }
    return {};
  };
  if (contraction) {
    for (auto [input, map] : llvm::zip_equal(contraction->domain.inputs,
                                             contraction->domain.inputMaps)) {
      if (Value size = fromOperand(input, map)) {
        return size;
      }
    }
    return {};
  }
  for (OpOperand &operand : root->getOpOperands()) {
    // A contraction's result is about to disappear; its sizes come from
    // elsewhere.
    bool fused = llvm::any_of(group.contractions, [&](const Contraction &c) {
      return c.op == operand.get().getDefiningOp();
    });
    if (fused) {
      continue;
    }
    AffineMap map = group.epilogue.getMatchingIndexingMap(&operand);
    if (Value size = fromOperand(operand.get(), map)) {
      return size;
    }
  }
  return {};
}

unsigned GroupBuilder::addInput(Value value) {
  auto found = llvm::find(inputs, value);
  if (found == inputs.end()) {
    inputs.push_back(value);
    return inputs.size() - 1;
  }
  return std::distance(inputs.begin(), found);
}

/// The storage buffers of the operands; an operand that cannot be read tile by
/// tile is an error at the user's op.
LogicalResult
GroupBuilder::collectSources(const Contraction &contraction,
                             SmallVectorImpl<SmallVector<unsigned>> &sources) {
  for (unsigned index = 0; index < 2; ++index) {
    Value input = contraction.domain.inputs[index];
    RankedTensorType type = contraction.getInputType(index);
    SparsityEncodingAttrInterface encoding = getSparsityEncoding(type);
    SmallVector<unsigned> positions;
    if (!encoding) {
      if (type.getEncoding()) {
        return contraction.op->emitOpError(
                   "expected an operand with an encoding of the "
                   "sparsity dialect, but got ")
               << type.getEncoding();
      }
      positions.push_back(addInput(input));
      sources.push_back(positions);
      continue;
    }
    TileFormat format = encoding.getTileFormat(type);
    Coverage coverage = encoding.getCoverage(type);
    SmallVector<StorageField> fields = encoding.getStorage(type);
    bool storedDense =
        fields.size() == 1 && fields.front().type == getDenseType(type);
    bool masked = storedDense && format.kind == TileFormat::Kind::Dense &&
                  (coverage.kind() == Coverage::Kind::All ||
                   encoding.getElementPredicate(type).has_value());
    bool compressed = format.kind == TileFormat::Kind::NOfM &&
                      coverage.kind() == Coverage::Kind::All;
    if (!masked && !compressed) {
      return contraction.op->emitOpError()
             << "expected operand #" << index
             << " with an encoding that has a lowering for contractions, but "
                "got "
             << encoding << "; sparsity-densify runs it densely";
    }
    Location loc = contraction.op->getLoc();
    for (const StorageField &field : fields) {
      Value buffer =
          FieldOp::create(rewriter, loc, field.type, input, field.name);
      positions.push_back(addInput(buffer));
    }
    sources.push_back(positions);
  }
  return success();
}

LogicalResult GroupBuilder::build() {
  config = root->getAttrOfType<sparse_tile::ConfigAttr>(
      sparse_tile::kConfigAttrName);
  if (!group.contractions.empty()) {
    config =
        group.contractions.front().op->getAttrOfType<sparse_tile::ConfigAttr>(
            sparse_tile::kConfigAttrName);
  }
  if (!config) {
    return root->emitOpError("expected a ")
           << sparse_tile::kConfigAttrName
           << " attribute, but got none; run sparsity-select-config first";
  }
  chooseDimensions();
  rewriter.setInsertionPoint(root);
  Location loc = root->getLoc();
  Value one;
  const Contraction *first =
      group.contractions.empty() ? nullptr : &group.contractions.front();
  SmallVector<Origin> contractionDims;
  if (first) {
    for (unsigned dim : first->outer) {
      contractionDims.push_back(dim);
    }
    contractionDims.push_back(config.getSwap() ? first->right : first->left);
    contractionDims.push_back(config.getSwap() ? first->left : first->right);
  } else {
    contractionDims = parallel;
  }
  for (Origin dim : contractionDims) {
    if (dim) {
      sizes.push_back(sizeOf(first, *dim));
    } else {
      if (!one) {
        one = arith::ConstantIndexOp::create(rewriter, loc, 1);
      }
      sizes.push_back(one);
    }
  }
  if (llvm::is_contained(sizes, Value())) {
    return root->emitOpError(
        "expected every dimension to be walked by an operand");
  }
  for (Contraction &contraction : group.contractions) {
    Value extent = sizeOf(&contraction, contraction.reduction);
    auto constant = getConstantIntValue(extent);
    // One pipeline serves all contractions with the same extent.
    auto same = llvm::find_if(extents, [&](unsigned position) {
      return sizes[position] == extent ||
             (constant && getConstantIntValue(sizes[position]) == constant);
    });
    if (same != extents.end()) {
      extents.push_back(*same);
    } else {
      extents.push_back(sizes.size());
      sizes.push_back(extent);
    }
    SmallVector<SmallVector<unsigned>> sources;
    if (failed(collectSources(contraction, sources))) {
      return failure();
    }
    storage.push_back(std::move(sources));
  }

  // Outputs: the epilogue's inits, or the place of the lone contraction's
  // result.
  if (group.epilogue) {
    llvm::append_range(outputs, group.epilogue.getDpsInits());
  } else {
    Value init = first->domain.init;
    if (auto fill = init.getDefiningOp<linalg::FillOp>()) {
      outputs.push_back(fill.getDpsInits().front());
    } else {
      outputs.push_back(tensor::EmptyOp::create(
          rewriter, loc, tensor::getMixedSizes(rewriter, loc, init),
          first->getResultType().getElementType()));
    }
  }
  // Everything else that the store body reads.
  for (Contraction &contraction : group.contractions) {
    if (!isZeroFill(contraction.domain.init)) {
      addInput(contraction.domain.init);
    }
  }
  if (group.epilogue) {
    for (OpOperand &operand : group.epilogue->getOpOperands()) {
      bool fused = llvm::any_of(group.contractions, [&](const Contraction &c) {
        return c.op == operand.get().getDefiningOp();
      });
      if (!fused && group.epilogue.payloadUsesValueFromOperand(&operand)) {
        addInput(operand.get());
      }
    }
    SetVector<Value> captured;
    getUsedValuesDefinedAbove(group.epilogue.getRegion(), captured);
    for (Value value : captured) {
      if (!matchPattern(value, m_Constant())) {
        addInput(value);
      }
    }
  }

  SmallVector<int64_t> tile(parallel.size(), 1);
  tile[parallel.size() - 2] = config.getTile()[0];
  tile[parallel.size() - 1] = config.getTile()[1];
  SmallVector<Attribute> coverage;
  for (Contraction &contraction : group.contractions) {
    for (unsigned index = 0; index < 2; ++index) {
      RankedTensorType type = contraction.getInputType(index);
      SparsityEncodingAttrInterface encoding = getSparsityEncoding(type);
      coverage.push_back(CoverageAttr::get(rewriter.getContext(),
                                           encoding ? encoding.getCoverage(type)
                                                    : Coverage::all()));
    }
  }
  SmallVector<Type> resultTypes(ValueRange(outputs).getTypes());
  auto forall = sparse_tile::ForallOp::create(
      rewriter, loc, resultTypes, sizes, inputs, outputs, tile, config,
      coverage.empty() ? ArrayAttr() : rewriter.getArrayAttr(coverage));
  buildBody(forall);
  rewriter.replaceOp(root, forall.getResults());
  for (Contraction &contraction : group.contractions) {
    if (contraction.op != root) {
      rewriter.eraseOp(contraction.op);
    }
  }
  return success();
}

void GroupBuilder::buildBody(sparse_tile::ForallOp forall) {
  SmallVector<Type> types(parallel.size() + sizes.size(),
                          rewriter.getIndexType());
  llvm::append_range(types, ValueRange(inputs).getTypes());
  llvm::append_range(types, ValueRange(outputs).getTypes());
  SmallVector<Location> locs(types.size(), forall.getLoc());
  Block *block = rewriter.createBlock(&forall.getBody(), {}, types, locs);
  origins = forall.getOrigins();
  sizeArgs = forall.getSizeArgs();
  inputArgs = forall.getInputArgs();
  outputArgs = forall.getOutputArgs();
  accumulators.resize(group.contractions.size());
  llvm::SmallDenseSet<unsigned> done;
  for (unsigned extent : extents) {
    if (!done.insert(extent).second) {
      continue;
    }
    SmallVector<unsigned> members;
    for (auto [index, other] : llvm::enumerate(extents)) {
      if (other == extent) {
        members.push_back(index);
      }
    }
    rewriter.setInsertionPointToEnd(block);
    buildPipeline(members);
  }
  rewriter.setInsertionPointToEnd(block);
  buildStore(forall);
  rewriter.setInsertionPointToEnd(block);
  sparse_tile::YieldOp::create(rewriter, forall.getLoc(), ValueRange());
}

/// The tile of one operand at step `k`, masked if only part of it may be
/// present.
Value GroupBuilder::buildLoad(const Contraction &contraction, unsigned operand,
                              int64_t rows, int64_t step, Value k) {
  Location loc = contraction.op->getLoc();
  RankedTensorType type = contraction.getInputType(operand);
  SparsityEncodingAttrInterface encoding = getSparsityEncoding(type);
  AffineMap map = contraction.domain.inputMaps[operand];
  Origin rowDim = operand == 0 ? contraction.left : contraction.right;
  bool isA = (operand == 0) != config.getSwap();
  SmallVector<Value> indices;
  int64_t rowAxis = -1, reductionAxis = -1;
  for (auto [axis, expr] : llvm::enumerate(map.getResults())) {
    unsigned dim = cast<AffineDimExpr>(expr).getPosition();
    if (dim == contraction.reduction) {
      reductionAxis = axis;
      indices.push_back(k);
    } else if (rowDim && dim == *rowDim) {
      rowAxis = axis;
      indices.push_back(origins[origins.size() - (isA ? 2 : 1)]);
    } else {
      auto outer = llvm::find(contraction.outer, dim);
      indices.push_back(
          origins[std::distance(contraction.outer.begin(), outer)]);
    }
  }
  unsigned member = &contraction - group.contractions.data();
  SmallVector<Value> sources;
  for (unsigned position : storage[member][operand]) {
    sources.push_back(inputArgs[position]);
  }
  TileFormatAttr format;
  if (encoding &&
      encoding.getTileFormat(type).kind != TileFormat::Kind::Dense) {
    TileFormat tileFormat = encoding.getTileFormat(type);
    // The tile's K is its dimension 1; a pattern along another axis than K
    // cannot be fed to an instruction, and is expanded.
    format = TileFormatAttr::get(rewriter.getContext(), tileFormat,
                                 encoding.getStorageLayout());
  }
  auto tileType = sparse_tile::TileType::get(
      rewriter.getContext(), {rows, step}, type.getElementType(), format);
  SmallVector<int64_t> dims = {rowAxis, reductionAxis};
  Value tile =
      sparse_tile::LoadOp::create(rewriter, loc, tileType, sources, indices,
                                  rewriter.getDenseI64ArrayAttr(dims));
  if (!encoding || format) {
    return tile;
  }
  std::optional<SmallVector<IntegerSet>> predicate =
      encoding.getElementPredicate(type);
  Coverage coverage = encoding.getCoverage(type);
  if (coverage.kind() == Coverage::Kind::All || !predicate) {
    return tile;
  }
  SmallVector<Attribute> sets;
  for (IntegerSet set : *predicate) {
    sets.push_back(IntegerSetAttr::get(set));
  }
  return sparse_tile::MaskOp::create(
      rewriter, loc, tileType, tile, indices,
      rewriter.getDenseI64ArrayAttr(dims), rewriter.getArrayAttr(sets),
      CoverageAttr::get(rewriter.getContext(), coverage));
}

void GroupBuilder::buildPipeline(ArrayRef<unsigned> members) {
  Location loc = root->getLoc();
  int64_t rows = config.getTile()[0], columns = config.getTile()[1];
  int64_t step = config.getTile()[2];
  SmallVector<Type> types;
  for (unsigned member : members) {
    types.push_back(sparse_tile::TileType::get(
        rewriter.getContext(), {rows, columns},
        getAccumulatorType(group.contractions[member]), {}));
  }
  auto pipeline = sparse_tile::PipelineOp::create(
      rewriter, loc, types, sizeArgs[extents[members.front()]], step,
      config.getStages());
  OpBuilder::InsertionGuard guard(rewriter);
  Block *load = rewriter.createBlock(&pipeline.getLoad(), {},
                                     {rewriter.getIndexType()}, {loc});
  // An operand that two contractions share is loaded once.
  SmallVector<Value> tiles;
  SmallVector<std::pair<unsigned, unsigned>> operands;
  DenseMap<std::pair<Value, AffineMap>, unsigned> loaded;
  for (unsigned member : members) {
    Contraction &contraction = group.contractions[member];
    unsigned positions[2];
    for (unsigned index = 0; index < 2; ++index) {
      bool isA = (index == 0) != config.getSwap();
      std::pair<Value, AffineMap> key(contraction.domain.inputs[index],
                                      contraction.domain.inputMaps[index]);
      auto [entry, isNew] = loaded.try_emplace(key, tiles.size());
      if (isNew) {
        tiles.push_back(buildLoad(contraction, index, isA ? rows : columns,
                                  step, load->getArgument(0)));
      }
      positions[isA ? 0 : 1] = entry->second;
    }
    operands.push_back({positions[0], positions[1]});
  }
  sparse_tile::YieldOp::create(rewriter, loc, tiles);

  SmallVector<Type> computeTypes(ValueRange(tiles).getTypes());
  llvm::append_range(computeTypes, types);
  SmallVector<Location> locs(computeTypes.size(), loc);
  Block *compute =
      rewriter.createBlock(&pipeline.getCompute(), {}, computeTypes, locs);
  SmallVector<Value> sums;
  for (auto [index, operand] : llvm::enumerate(operands)) {
    sums.push_back(sparse_tile::MmaOp::create(
        rewriter, loc, types[index], compute->getArgument(operand.first),
        compute->getArgument(operand.second),
        compute->getArgument(tiles.size() + index)));
  }
  sparse_tile::YieldOp::create(rewriter, loc, sums);
  for (auto [index, member] : llvm::enumerate(members)) {
    accumulators[member] = pipeline.getResult(index);
  }
}

/// `value` widened or narrowed to `type`, both floats or both integers.
static Value convertScalar(OpBuilder &builder, Location loc, Value value,
                           Type type) {
  return convertScalarToDtype(builder, loc, value, type,
                              /*isUnsignedCast=*/false);
}

void GroupBuilder::buildStore(sparse_tile::ForallOp forall) {
  Location loc = root->getLoc();
  MLIRContext *context = rewriter.getContext();
  unsigned rank = parallel.size();
  // A map over the root's dimensions, as one over the parallel dimensions.
  unsigned rootDims = 0;
  for (Origin dim : parallel) {
    rootDims = std::max(rootDims, dim ? *dim + 1 : 0);
  }
  if (!group.epilogue) {
    rootDims = group.contractions.front().domain.iterators.size();
  }
  SmallVector<AffineExpr> toParallel(rootDims,
                                     getAffineConstantExpr(0, context));
  for (auto [position, dim] : llvm::enumerate(parallel)) {
    if (dim) {
      toParallel[*dim] = getAffineDimExpr(position, context);
    }
  }
  auto overParallel = [&](AffineMap map) {
    return map.replaceDimsAndSymbols(toParallel, {}, rank, 0);
  };

  SmallVector<Value> storeInputs;
  SmallVector<AffineMap> maps;
  DenseMap<std::pair<Value, AffineMap>, unsigned> inputIndex;
  auto addStoreInput = [&](Value value, AffineMap map) {
    auto [entry, isNew] =
        inputIndex.try_emplace({value, map}, storeInputs.size());
    if (isNew) {
      storeInputs.push_back(inputArgs[addInput(value)]);
      maps.push_back(map);
    }
    return entry->second;
  };
  // What each contraction's sum starts from, unless zero.
  SmallVector<std::optional<unsigned>> starts;
  for (Contraction &contraction : group.contractions) {
    if (!llvm::is_contained(inputs, contraction.domain.init)) {
      starts.push_back(std::nullopt);
      continue;
    }
    AffineMap map = contraction.domain.outputMap;
    if (group.epilogue) {
      map = group.epilogue.getMatchingIndexingMap(
          &*contraction.op->getResult(0).use_begin());
    }
    starts.push_back(addStoreInput(contraction.domain.init, overParallel(map)));
  }
  DenseMap<Value, unsigned>
      operandInput; // epilogue block argument -> store input
  if (group.epilogue) {
    for (OpOperand &operand : group.epilogue->getOpOperands()) {
      if (llvm::is_contained(inputs, operand.get()) &&
          isa<RankedTensorType>(operand.get().getType()) &&
          group.epilogue.payloadUsesValueFromOperand(&operand)) {
        operandInput[group.epilogue.getMatchingBlockArgument(&operand)] =
            addStoreInput(
                operand.get(),
                overParallel(group.epilogue.getMatchingIndexingMap(&operand)));
      }
    }
    for (OpOperand &init : group.epilogue.getDpsInitsMutable()) {
      maps.push_back(
          overParallel(group.epilogue.getMatchingIndexingMap(&init)));
    }
  } else {
    maps.push_back(overParallel(group.contractions.front().domain.outputMap));
  }

  SmallVector<Type> types(rank, rewriter.getIndexType());
  for (Value accumulator : accumulators) {
    types.push_back(
        cast<sparse_tile::TileType>(accumulator.getType()).getElementType());
  }
  for (Value input : storeInputs) {
    types.push_back(cast<RankedTensorType>(input.getType()).getElementType());
  }
  auto store = sparse_tile::StoreOp::create(
      rewriter, loc, accumulators, storeInputs,
      SmallVector<Value>(outputArgs.begin(), outputArgs.end()),
      rewriter.getAffineMapArrayAttr(maps));
  OpBuilder::InsertionGuard guard(rewriter);
  SmallVector<Location> locs(types.size(), loc);
  Block *body = rewriter.createBlock(&store.getBody(), {}, types, locs);
  auto inputArgument = [&](unsigned index) -> Value {
    return body->getArgument(rank + accumulators.size() + index);
  };

  SmallVector<Value> sums;
  for (auto [index, contraction] : llvm::enumerate(group.contractions)) {
    Value sum = body->getArgument(rank + index);
    if (starts[index]) {
      Value start = convertScalar(rewriter, loc, inputArgument(*starts[index]),
                                  sum.getType());
      sum = isa<FloatType>(sum.getType())
                ? Value(arith::AddFOp::create(rewriter, loc, start, sum))
                : Value(arith::AddIOp::create(rewriter, loc, start, sum));
    }
    sums.push_back(convertScalar(rewriter, loc, sum,
                                 contraction.getResultType().getElementType()));
  }
  if (!group.epilogue) {
    sparse_tile::YieldOp::create(rewriter, loc, sums);
    return;
  }
  IRMapping mapping;
  for (OpOperand &operand : group.epilogue->getOpOperands()) {
    Value argument = group.epilogue.getMatchingBlockArgument(&operand);
    for (auto [index, contraction] : llvm::enumerate(group.contractions)) {
      if (contraction.op == operand.get().getDefiningOp()) {
        mapping.map(argument, sums[index]);
      }
    }
    if (auto found = operandInput.find(argument); found != operandInput.end()) {
      mapping.map(argument, inputArgument(found->second));
    } else if (!isa<RankedTensorType>(operand.get().getType()) &&
               llvm::is_contained(inputs, operand.get())) {
      mapping.map(argument, inputArgs[addInput(operand.get())]);
    }
  }
  SetVector<Value> captured;
  getUsedValuesDefinedAbove(group.epilogue.getRegion(), captured);
  for (Value value : captured) {
    if (llvm::is_contained(inputs, value)) {
      mapping.map(value, inputArgs[addInput(value)]);
    } else {
      mapping.map(value,
                  rewriter.clone(*value.getDefiningOp())
                      ->getResult(cast<OpResult>(value).getResultNumber()));
    }
  }
  for (Operation &op : group.epilogue.getBody()->without_terminator()) {
    if (auto index = dyn_cast<linalg::IndexOp>(op)) {
      AffineExpr expr = toParallel[index.getDim()];
      mapping.map(index.getResult(),
                  body->getArgument(cast<AffineDimExpr>(expr).getPosition()));
      continue;
    }
    rewriter.clone(op, mapping);
  }
  SmallVector<Value> yielded;
  for (Value value : group.epilogue.getBody()->getTerminator()->getOperands()) {
    yielded.push_back(mapping.lookupOrDefault(value));
  }
  sparse_tile::YieldOp::create(rewriter, loc, yielded);
}

namespace {
struct ConvertSparsityToTilePass
    : sparsity::impl::ConvertSparsityToTilePassBase<ConvertSparsityToTilePass> {
  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    WalkResult result = getOperation().walk([&](func::FuncOp func) {
      if (func.isDeclaration()) {
        return WalkResult::advance();
      }
      for (Block &block : func.getBody()) {
        for (KernelGroup &group : findKernelGroups(block)) {
          // A schedule built before may have replaced what this one reads.
          for (Contraction &contraction : group.contractions) {
            contraction = *matchContraction(contraction.op, [](StringRef) {});
          }
          if (failed(GroupBuilder(rewriter, group).build())) {
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
};
} // namespace
