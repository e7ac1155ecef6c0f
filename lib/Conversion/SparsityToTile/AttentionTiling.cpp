//===- AttentionTiling.cpp - the schedule of sparsity.attention -----------===//

#include "AttentionTiling.h"

#include "Phases.h"

#include "sparsity/Analysis/CoveragePredicate.h"
#include "sparsity/Analysis/ElementPredicate.h"
#include "sparsity/Dialect/SparseTile/IR/DenseWork.h"
#include "sparsity/Dialect/SparseTile/IR/SparseTile.h"

#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

#include <numeric>

using namespace mlir;
using namespace mlir::sparsity;

/// Elements of K that matrix instructions take at a time: head sizes are padded
/// to them with zeros.
static constexpr int64_t kHeadGranularity = 16;

namespace {

class AttentionTiler {
public:
  AttentionTiler(AttentionOp op, sparse_tile::ConfigAttr config,
                 IRRewriter &rewriter)
      : op(op), config(config), b(rewriter), loc(op.getLoc()),
        rank(op.getQueryType().getRank()), at(rewriter, loc) {}

  void tile();

private:
  sparse_tile::TileType tileType(int64_t rows, int64_t columns, Type type) {
    return sparse_tile::TileType::get({rows, columns}, type);
  }
  Value fill(sparse_tile::TileType type, double value) {
    return sparse_tile::FillOp::create(
        b, loc, type, b.getFloatAttr(type.getElementType(), value));
  }
  int64_t queries() const { return config.getTile()[0]; }
  int64_t step() const { return config.getTile()[2]; }
  static int64_t padded(int64_t size) {
    return llvm::alignTo(size, kHeadGranularity);
  }
  /// The body's value for an operand of the attention op.
  Value inBody(Value operand) { return values.lookup(operand); }

  void collectInputs();
  void buildBody(sparse_tile::ForallOp forall);
  SmallVector<Phase> phases();
  Value patternRow(Value row) { return offset ? at.add(row, offset) : row; }
  SmallVector<Value> buildPipeline(const Phase &phase, ValueRange sums);
  Value loadKeys(const Phase &phase, Value operand, int64_t size, Value k,
                 bool transposed);
  Value buildScore(const Phase &phase, Value products, Value k);
  Value provenFull(const Phase &phase, Value k);
  void buildStores(ValueRange sums);

  AttentionOp op;
  sparse_tile::ConfigAttr config;
  IRRewriter &b;
  Location loc;
  int64_t rank;
  IndexBuilder at;
  SmallVector<Value> sizes, inputs, outputs;
  DenseMap<Value, Value> values;
  /// Of the work item: the outer indices of a query and of its keys, the query
  /// rows [firstRow, endRow), and the pattern's row of query 0 (or null).
  SmallVector<Value> outer, keyOuter;
  Value firstRow, endRow, offset, keys, queryTile;
  MutableArrayRef<BlockArgument> outputArgs;
};

} // namespace

void AttentionTiler::collectInputs() {
  for (Value operand : op->getOperands()) {
    if (!llvm::is_contained(inputs, operand)) {
      inputs.push_back(operand);
    }
  }
  auto size = [&](Value tensor, int64_t dim) {
    return getValueOrCreateConstantIndexOp(
        b, loc, tensor::getMixedSize(b, loc, tensor, dim));
  };
  for (int64_t dim = 0; dim + 1 < rank; ++dim) {
    sizes.push_back(size(op.getQuery(), dim));
  }
  sizes.push_back(size(op.getValue(), rank - 1));
  sizes.push_back(size(op.getKey(), rank - 2));
  SmallVector<OpFoldResult> extents =
      tensor::getMixedSizes(b, loc, op.getQuery());
  extents.back() = b.getIndexAttr(op.getValueSize());
  outputs.push_back(tensor::EmptyOp::create(
      b, loc, extents, op.getOutputType().getElementType()));
  if (op.getLse()) {
    extents.pop_back();
    outputs.push_back(tensor::EmptyOp::create(b, loc, extents, b.getF32Type()));
  }
}

void AttentionTiler::tile() {
  b.setInsertionPoint(op);
  collectInputs();
  SmallVector<int64_t> extents(rank, 1);
  extents[rank - 2] = queries();
  extents[rank - 1] = padded(op.getValueSize());
  Coverage coverage = op.getEncoding()
                          ? op.getEncoding().getCoverage(op.getMaskType())
                          : Coverage::all();
  Attribute coverages[] = {CoverageAttr::get(b.getContext(), coverage)};
  SmallVector<Type> types(ValueRange(outputs).getTypes());
  auto forall =
      sparse_tile::ForallOp::create(b, loc, types, sizes, inputs, outputs,
                                    extents, config, b.getArrayAttr(coverages));
  {
    OpBuilder::InsertionGuard guard(b);
    buildBody(forall);
  }
  b.replaceOp(op, forall.getResults());
}

void AttentionTiler::buildBody(sparse_tile::ForallOp forall) {
  SmallVector<Type> types(rank + sizes.size(), b.getIndexType());
  llvm::append_range(types, ValueRange(inputs).getTypes());
  llvm::append_range(types, ValueRange(outputs).getTypes());
  SmallVector<Location> locs(types.size(), loc);
  b.createBlock(&forall.getBody(), {}, types, locs);
  for (auto [operand, argument] :
       llvm::zip_equal(inputs, forall.getInputArgs())) {
    values[operand] = argument;
  }
  outputArgs = forall.getOutputArgs();
  auto origins = forall.getOrigins();
  auto sizeArgs = forall.getSizeArgs();
  keys = sizeArgs.back();
  firstRow = origins[rank - 2];
  endRow = at.min(at.add(firstRow, queries()), sizeArgs[rank - 2]);
  outer.assign(origins.begin(), origins.end() - 2);
  keyOuter = outer;
  keyOuter.back() = at.div(keyOuter.back(), op.getGroupSize());
  if (op.getOffset()) {
    offset = inBody(op.getOffset());
  }

  SmallVector<Phase> loops = phases();
  SmallVector<Value> indices(outer);
  indices.append({firstRow, at.constant(0)});
  Type element = op.getQueryType().getElementType();
  queryTile = sparse_tile::LoadOp::create(
      b, loc, tileType(queries(), padded(op.getHeadSize()), element),
      inBody(op.getQuery()), indices,
      b.getDenseI64ArrayAttr({rank - 2, rank - 1}));
  Type f32 = b.getF32Type();
  SmallVector<Value> sums = {
      fill(tileType(queries(), padded(op.getValueSize()), f32), 0.0),
      fill(tileType(queries(), 1, f32),
           -std::numeric_limits<double>::infinity()),
      fill(tileType(queries(), 1, f32), 0.0)};
  for (const Phase &phase : loops) {
    sums = buildPipeline(phase, sums);
  }
  buildStores(sums);
  sparse_tile::YieldOp::create(b, loc, ValueRange());
}

SmallVector<Phase> AttentionTiler::phases() {
  PhaseRequest request;
  SparsityEncodingAttrInterface encoding = op.getEncoding();
  RankedTensorType type = op.getMaskType();
  request.coverage = encoding ? encoding.getCoverage(type) : Coverage::all();
  Value begin = patternRow(firstRow), end = patternRow(endRow);
  if (offset && !op.getFields().empty()) {
    // Buffers hold no rows before the first: those rows see no key.
    begin = at.max(begin, 0);
  }
  request.ranges = {{begin, end}, {at.constant(0), keys}};
  request.isAligned = [&](unsigned, int64_t granularity) {
    return !offset && granularity % queries() == 0;
  };
  request.field = [this](StringRef name) {
    Value field = op.getField(name);
    return field ? inBody(field) : Value();
  };
  request.unknown = [encoding, type](OpBuilder &builder, Location loc,
                                     ValueRange point) {
    return emitElementPredicate(builder, loc,
                                *encoding.getElementPredicate(type), point);
  };
  request.step = step();
  return buildPhases(b, loc, request);
}

/// The positions k .. k + step - 1 of `phase` in the keys or the values:
/// [positions x size], or its transpose.
Value AttentionTiler::loadKeys(const Phase &phase, Value operand, int64_t size,
                               Value k, bool transposed) {
  Type element = cast<RankedTensorType>(operand.getType()).getElementType();
  int64_t width = padded(size);
  auto type = transposed ? tileType(width, step(), element)
                         : tileType(step(), width, element);
  if (phase.identity) {
    SmallVector<Value> indices(keyOuter);
    indices.append({k, at.constant(0)});
    SmallVector<int64_t> dims = {rank - 2, rank - 1};
    if (transposed) {
      std::swap(dims[0], dims[1]);
    }
    return sparse_tile::LoadOp::create(b, loc, type, inBody(operand), indices,
                                       b.getDenseI64ArrayAttr(dims));
  }
  SmallVector<Value> indices = {k, at.constant(0)};
  SmallVector<int64_t> runs = {1, std::gcd(size, width)};
  if (transposed) {
    std::swap(indices[0], indices[1]);
    std::swap(runs[0], runs[1]);
  }
  auto load = sparse_tile::LoadOp::create(
      b, loc, type, inBody(operand), indices, b.getDenseI64ArrayAttr({0, 1}),
      b.getDenseI64ArrayAttr(runs));
  OpBuilder::InsertionGuard guard(b);
  Type indexType = b.getIndexType();
  Block *block =
      b.createBlock(&load.getAt(), {}, {indexType, indexType}, {loc, loc});
  Value position = block->getArgument(transposed ? 1 : 0);
  Value column = block->getArgument(transposed ? 0 : 1);
  // Behind the last position there may be no entry to read.
  Value inside = at.less(position, phase.upper);
  if (size != width) {
    inside = at.both(inside, at.less(column, at.constant(size)));
  }
  auto branch = scf::IfOp::create(b, loc, TypeRange{indexType, b.getI1Type()},
                                  inside, /*addThenBlock=*/true,
                                  /*addElseBlock=*/true);
  b.setInsertionPointToStart(branch.thenBlock());
  Value key = phase.index(at, position);
  scf::YieldOp::create(b, loc, ValueRange{key, at.less(key, keys)});
  b.setInsertionPointToStart(branch.elseBlock());
  scf::YieldOp::create(
      b, loc,
      ValueRange{at.constant(0),
                 arith::ConstantIntOp::create(b, loc, 0, 1).getResult()});
  b.setInsertionPointToEnd(block);
  SmallVector<Value> yielded(keyOuter);
  yielded.append({branch.getResult(0), column, branch.getResult(1)});
  sparse_tile::YieldOp::create(b, loc, yielded);
  return load;
}

/// Whether the tile at `k` is known to hold no absent logit.
Value AttentionTiler::provenFull(const Phase &phase, Value k) {
  Value last = at.sub(at.min(at.add(k, step()), phase.upper), 1);
  Value whole = at.negate(at.less(phase.upper, at.add(k, step())));
  std::pair<Value, Value> box[] = {
      {patternRow(firstRow), patternRow(at.sub(endRow, 1))},
      {phase.index(at, k), phase.index(at, last)}};
  Value full = emitCoverageProof(b, loc, phase.filters, box, TileKind::Full);
  Value apart = emitCoverageProof(b, loc, phase.earlier, box, TileKind::Empty);
  Value inside = at.less(box[1].second, keys);
  return at.both(at.both(whole, inside), at.both(full, apart));
}

Value AttentionTiler::buildScore(const Phase &phase, Value products, Value k) {
  FloatAttr softcap;
  if (std::optional<APFloat> cap = op.getSoftcap()) {
    softcap = b.getF32FloatAttr(cap->convertToDouble());
  }
  auto score = sparse_tile::ScoreOp::create(
      b, loc, products.getType(), products, ValueRange{firstRow, k},
      b.getF32FloatAttr(op.getLogitScale()), softcap, provenFull(phase, k));
  OpBuilder::InsertionGuard guard(b);
  Type indexType = b.getIndexType();
  Block *block =
      b.createBlock(&score.getWhere(), {}, {indexType, indexType}, {loc, loc});
  Value row = block->getArgument(0), position = block->getArgument(1);
  Value inside = at.less(position, phase.upper);
  auto decide = [&]() -> Value {
    Value column = phase.index(at, position);
    Value present = phase.identity ? Value() : at.less(column, keys);
    if (phase.present) {
      Value point[] = {patternRow(row), column};
      present = at.both(present, phase.present(at, point));
    }
    return present ? present : at.truth();
  };
  Value result;
  if (phase.entry) {
    // Behind the last position there may be no entry to read.
    auto branch =
        scf::IfOp::create(b, loc, TypeRange{b.getI1Type()}, inside,
                          /*addThenBlock=*/true, /*addElseBlock=*/true);
    b.setInsertionPointToStart(branch.thenBlock());
    scf::YieldOp::create(b, loc, decide());
    b.setInsertionPointToStart(branch.elseBlock());
    scf::YieldOp::create(
        b, loc, arith::ConstantIntOp::create(b, loc, 0, 1).getResult());
    b.setInsertionPointToEnd(block);
    result = branch.getResult(0);
  } else {
    result = at.both(inside, decide());
  }
  sparse_tile::YieldOp::create(b, loc, result);
  return score;
}

/// One loop over the positions of `phase`; `sums` are the output, the maximum
/// and the sum so far.
SmallVector<Value> AttentionTiler::buildPipeline(const Phase &phase,
                                                 ValueRange sums) {
  SmallVector<Type> types(sums.getTypes());
  bool fromZero = getConstantIntValue(phase.lower) == 0;
  auto pipeline = sparse_tile::PipelineOp::create(
      b, loc, types, fromZero ? Value() : phase.lower, phase.upper, step(),
      config.getStages(), sums);
  pipeline->setAttr(sparse_tile::kReductionAttr,
                    b.getI64IntegerAttr(sizes.size() - 1));
  OpBuilder::InsertionGuard guard(b);
  Block *load =
      b.createBlock(&pipeline.getLoad(), {}, {b.getIndexType()}, {loc});
  Value k = load->getArgument(0);
  Value keyTile = loadKeys(phase, op.getKey(), op.getHeadSize(), k,
                           /*transposed=*/false);
  Value valueTile = loadKeys(phase, op.getValue(), op.getValueSize(), k,
                             /*transposed=*/true);
  sparse_tile::YieldOp::create(b, loc, ValueRange{keyTile, valueTile});

  SmallVector<Type> arguments = {keyTile.getType(), valueTile.getType()};
  llvm::append_range(arguments, types);
  arguments.push_back(b.getIndexType());
  SmallVector<Location> locs(arguments.size(), loc);
  Block *compute = b.createBlock(&pipeline.getCompute(), {}, arguments, locs);
  keyTile = compute->getArgument(0);
  valueTile = compute->getArgument(1);
  auto logitType = tileType(queries(), step(), b.getF32Type());
  Value products = sparse_tile::MmaOp::create(b, loc, logitType, queryTile,
                                              keyTile, fill(logitType, 0.0));
  Value logits = buildScore(phase, products, compute->getArguments().back());
  Type element = op.getQueryType().getElementType();
  auto softmax = sparse_tile::OnlineSoftmaxOp::create(
      b, loc, tileType(queries(), step(), element), types[1], types[2],
      types[0], logits, compute->getArgument(3), compute->getArgument(4),
      compute->getArgument(2));
  Value output =
      sparse_tile::MmaOp::create(b, loc, types[0], softmax.getWeights(),
                                 valueTile, softmax.getNewOutput());
  sparse_tile::YieldOp::create(
      b, loc, ValueRange{output, softmax.getNewMaximum(), softmax.getNewSum()});
  return llvm::to_vector_of<Value>(pipeline.getResults());
}

void AttentionTiler::buildStores(ValueRange sums) {
  Type f32 = b.getF32Type(), indexType = b.getIndexType();
  auto number = [&](double value) -> Value {
    return arith::ConstantOp::create(b, loc, b.getF32FloatAttr(value));
  };
  // A NaN makes a row that is not empty.
  auto isEmpty = [&](Value sum) -> Value {
    return arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OEQ, sum,
                                 number(0.0));
  };
  {
    auto store = sparse_tile::StoreOp::create(
        b, loc, ValueRange{sums[0], sums[2]}, ValueRange(),
        ValueRange{outputArgs[0]},
        b.getAffineMapArrayAttr({b.getMultiDimIdentityMap(rank)}));
    OpBuilder::InsertionGuard guard(b);
    SmallVector<Type> types(rank, indexType);
    types.append({f32, f32});
    SmallVector<Location> locs(types.size(), loc);
    Block *block = b.createBlock(&store.getBody(), {}, types, locs);
    Value output = block->getArgument(rank), sum = block->getArgument(rank + 1);
    // One division a row.
    Value empty = isEmpty(sum);
    Value factor = arith::DivFOp::create(
        b, loc, number(1.0),
        arith::SelectOp::create(b, loc, empty, number(1.0), sum));
    Value result = arith::MulFOp::create(b, loc, output, factor);
    result = convertScalarToDtype(b, loc, result,
                                  op.getOutputType().getElementType(), false);
    sparse_tile::YieldOp::create(b, loc, result);
  }
  if (!op.getLse()) {
    return;
  }
  // The columns of a row agree.
  AffineMap rows = b.getMultiDimIdentityMap(rank).getMajorSubMap(rank - 1);
  auto store = sparse_tile::StoreOp::create(
      b, loc, ValueRange{sums[1], sums[2]}, ValueRange(),
      ValueRange{outputArgs[1]}, b.getAffineMapArrayAttr({rows}));
  OpBuilder::InsertionGuard guard(b);
  SmallVector<Type> types(rank, indexType);
  types.append({f32, f32});
  SmallVector<Location> locs(types.size(), loc);
  Block *block = b.createBlock(&store.getBody(), {}, types, locs);
  Value maximum = block->getArgument(rank), sum = block->getArgument(rank + 1);
  Value lse =
      arith::AddFOp::create(b, loc, maximum, math::LogOp::create(b, loc, sum));
  lse = arith::SelectOp::create(
      b, loc, isEmpty(sum), number(-std::numeric_limits<double>::infinity()),
      lse);
  sparse_tile::YieldOp::create(b, loc, lse);
}

LogicalResult mlir::sparsity::tileAttentions(Operation *root,
                                             IRRewriter &rewriter) {
  SmallVector<AttentionOp> ops;
  root->walk([&](AttentionOp op) { ops.push_back(op); });
  for (AttentionOp op : ops) {
    auto config = op->getAttrOfType<sparse_tile::ConfigAttr>(
        sparse_tile::kConfigAttrName);
    if (!config) {
      return op.emitOpError("expected a ")
             << sparse_tile::kConfigAttrName
             << " attribute, but got none; run sparsity-select-config first";
    }
    AttentionTiler(op, config, rewriter).tile();
  }
  return success();
}
