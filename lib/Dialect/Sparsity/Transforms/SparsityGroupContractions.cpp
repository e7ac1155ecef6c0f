//===- SparsityGroupContractions.cpp - sums over a gate, by its lists -----===//
//
// A gate r[t, e] in a sum over e says that only the pairs (t, e) on its list
// count. So what is multiplied with it is computed for the entries of the list
// only: tensors over (t, e, ...) become tensors over (n, ...), contractions
// become grouped matmuls, and the sum over e becomes one over the few entries
// of each t:
//
//   y[t, d] = sum over e, f of r[t, e] * h[t, e, f] * w[e, d, f]
//     z[n, d] = grouped_matmul(h compact, w)
//     y[t, d] = sum over j of weights[entries[t, j]] * z[entries[t, j], d]
//
//===----------------------------------------------------------------------===//

#include "sparsity/Analysis/IterationDomain.h"
#include "sparsity/Dialect/Sparsity/Transforms/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Remarks.h"
#include "mlir/Transforms/RegionUtils.h"

namespace mlir::sparsity {
#define GEN_PASS_DEF_SPARSITYGROUPCONTRACTIONSPASS
#include "sparsity/Dialect/Sparsity/Transforms/Passes.h.inc"
} // namespace mlir::sparsity

using namespace mlir;
using namespace mlir::sparsity;

namespace {
/// A generic op that sums products with a listed factor: gate[t, e] with t
/// parallel and e reduced.
struct GatedSum {
  linalg::GenericOp op;
  unsigned gate;
  unsigned tokenDim, groupDim;
  SmallVector<unsigned> factors;
};

/// Rewrites one gated sum.
class Grouper {
public:
  Grouper(IRRewriter &rewriter, GatedSum &sum)
      : rewriter(rewriter), sum(sum), loc(sum.op.getLoc()) {}

  LogicalResult run();

private:
  Value field(StringRef name);
  bool canCompact(Value value, unsigned rank);
  Value compact(Value value);
  Value compactContraction(const Contraction &contraction);
  Value compactElementwise(linalg::GenericOp op);
  Value emptyEntries(ArrayRef<OpFoldResult> sizes, Type element);
  Value zeros(Value empty);
  Value products();
  void combine(Value products);

  IRRewriter &rewriter;
  GatedSum &sum;
  Location loc;
  DenseMap<Value, Value> compacted;
};
} // namespace

/// The scalar behind conversions between float types.
static Value stripCasts(Value value) {
  while (Operation *op = value.getDefiningOp()) {
    if (!isa<arith::ExtFOp, arith::TruncFOp>(op)) {
      break;
    }
    value = op->getOperand(0);
  }
  return value;
}

/// Whether `value` is a product of each of the block's first arguments, once.
static bool isProductOf(Value value, unsigned factors, Block &body,
                        SmallVectorImpl<bool> &seen) {
  value = stripCasts(value);
  if (auto argument = dyn_cast<BlockArgument>(value)) {
    if (argument.getOwner() != &body || argument.getArgNumber() >= factors ||
        seen[argument.getArgNumber()]) {
      return false;
    }
    return seen[argument.getArgNumber()] = true;
  }
  auto product = value.getDefiningOp<arith::MulFOp>();
  return product && isProductOf(product.getLhs(), factors, body, seen) &&
         isProductOf(product.getRhs(), factors, body, seen);
}

static bool sumsProducts(linalg::GenericOp op) {
  Block &body = *op.getBody();
  unsigned factors = op.getNumDpsInputs();
  auto add = stripCasts(body.getTerminator()->getOperand(0))
                 .getDefiningOp<arith::AddFOp>();
  if (!add || op.getNumDpsInits() != 1) {
    return false;
  }
  for (unsigned side = 0; side < 2; ++side) {
    auto start = dyn_cast<BlockArgument>(stripCasts(add->getOperand(side)));
    SmallVector<bool> seen(factors, false);
    if (start && start.getOwner() == &body && start.getArgNumber() == factors &&
        isProductOf(add->getOperand(1 - side), factors, body, seen) &&
        llvm::all_of(seen, [](bool s) { return s; })) {
      return true;
    }
  }
  return false;
}

static std::optional<GatedSum> matchGatedSum(linalg::GenericOp op) {
  unsigned inputs = op.getNumDpsInputs();
  if (!op.hasPureTensorSemantics() || inputs < 2 || inputs > 3 ||
      !sumsProducts(op)) {
    return std::nullopt;
  }
  for (OpOperand *operand : op.getDpsInputOperands()) {
    SparsityEncodingAttrInterface encoding =
        getSparsityEncoding(operand->get().getType());
    if (!encoding || encoding.getEntriesField().empty()) {
      continue;
    }
    auto type = cast<RankedTensorType>(operand->get().getType());
    Coverage coverage = encoding.getCoverage(type);
    AffineMap map = op.getMatchingIndexingMap(operand);
    if (coverage.kind() != Coverage::Kind::Listed || type.getRank() != 2 ||
        coverage.listedDim() != 0 || !map.isProjectedPermutation()) {
      continue;
    }
    GatedSum sum{op,
                 operand->getOperandNumber(),
                 map.getDimPosition(0),
                 map.getDimPosition(1),
                 {}};
    auto iterators = op.getIteratorTypesArray();
    if (iterators[sum.tokenDim] != utils::IteratorType::parallel ||
        iterators[sum.groupDim] != utils::IteratorType::reduction) {
      continue;
    }
    for (unsigned index = 0; index < inputs; ++index) {
      if (index != sum.gate) {
        sum.factors.push_back(index);
      }
    }
    return sum;
  }
  return std::nullopt;
}

Value Grouper::field(StringRef name) {
  Value gate = sum.op.getDpsInputs()[sum.gate];
  auto type = cast<RankedTensorType>(gate.getType());
  for (const StorageField &field : getSparsityEncoding(type).getStorage(type)) {
    if (field.name == name) {
      return FieldOp::create(rewriter, loc, field.type, gate, name);
    }
  }
  llvm_unreachable("a coverage reads fields of its storage");
}

//===----------------------------------------------------------------------===//
// Compact values
//===----------------------------------------------------------------------===//

/// The operand of a contraction over (t, e, ...) that walks e, and the other.
static std::optional<std::pair<unsigned, unsigned>>
findSides(const Contraction &contraction) {
  AffineMap output = contraction.domain.outputMap;
  MLIRContext *context = contraction.op->getContext();
  unsigned token = output.getDimPosition(0), expert = output.getDimPosition(1);
  auto walks = [&](unsigned index, unsigned dim) {
    return contraction.domain.inputMaps[index]
        .getResultPosition(getAffineDimExpr(dim, context))
        .has_value();
  };
  for (unsigned index = 0; index < 2; ++index) {
    if (!walks(index, token) && walks(index, expert) &&
        walks(1 - index, token)) {
      return std::make_pair(index, 1 - index);
    }
  }
  return std::nullopt;
}

/// Whether `value` over (t, e, ...) can be computed for the entries alone.
bool Grouper::canCompact(Value value, unsigned rank) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  Operation *op = value.getDefiningOp();
  if (!op || !type || type.getRank() != rank || type.getEncoding()) {
    return false;
  }
  FailureOr<Contraction> contraction = matchContraction(op, [](StringRef) {});
  if (succeeded(contraction)) {
    AffineMap output = contraction->domain.outputMap;
    if (rank != 3 || !isZeroFill(contraction->domain.init)) {
      return false;
    }
    auto sides = findSides(*contraction);
    if (!sides) {
      return false;
    }
    auto [weights, rows] = *sides;
    RankedTensorType left = contraction->getInputType(rows);
    AffineMap map = contraction->domain.inputMaps[rows];
    if (contraction->getInputType(weights).getRank() != 3) {
      return false;
    }
    // x[t, k], or a value over (t, e, k).
    if (left.getRank() == 2) {
      return map.getDimPosition(0) == output.getDimPosition(0) &&
             !left.getEncoding();
    }
    return left.getRank() == 3 &&
           map.getDimPosition(0) == output.getDimPosition(0) &&
           map.getDimPosition(1) == output.getDimPosition(1) &&
           canCompact(contraction->domain.inputs[rows], 3);
  }
  auto generic = dyn_cast<linalg::GenericOp>(op);
  if (!generic || !isElementwise(generic) || generic.getNumDpsInits() != 1 ||
      !generic.getMatchingIndexingMap(generic.getDpsInitOperand(0))
           .isIdentity() ||
      generic.hasIndexSemantics() ||
      generic.payloadUsesValueFromOperand(generic.getDpsInitOperand(0))) {
    return false;
  }
  return llvm::all_of(generic.getDpsInputOperands(), [&](OpOperand *input) {
    AffineMap map = generic.getMatchingIndexingMap(input);
    bool uses = map.isFunctionOfDim(0) || map.isFunctionOfDim(1);
    return !uses || (map.isIdentity() && canCompact(input->get(), rank));
  });
}

/// An empty tensor with a row for each entry.
Value Grouper::emptyEntries(ArrayRef<OpFoldResult> sizes, Type element) {
  Value gate = sum.op.getDpsInputs()[sum.gate];
  auto type = cast<RankedTensorType>(gate.getType());
  Coverage coverage = getSparsityEncoding(type).getCoverage(type);
  Value entries = rewriter.createOrFold<tensor::DimOp>(
      loc, field(coverage.coordinates()), int64_t(0));
  SmallVector<OpFoldResult> all = {entries};
  llvm::append_range(all, sizes);
  return tensor::EmptyOp::create(rewriter, loc, all, element);
}

Value Grouper::zeros(Value empty) {
  Type element = getElementTypeOrSelf(empty.getType());
  Value zero = arith::ConstantOp::create(
      rewriter, loc, cast<TypedAttr>(rewriter.getZeroAttr(element)));
  return linalg::FillOp::create(rewriter, loc, zero, empty).getResult(0);
}

Value Grouper::compactContraction(const Contraction &contraction) {
  auto [weights, rows] = *findSides(contraction);
  MLIRContext *context = rewriter.getContext();
  AffineMap output = contraction.domain.outputMap;
  Value left = contraction.domain.inputs[rows];
  bool gathers = contraction.getInputType(rows).getRank() == 2;
  if (!gathers) {
    left = compact(left);
  }
  // (g, f, k) of the weights.
  SmallVector<AffineExpr> roles(contraction.domain.iterators.size(),
                                getAffineConstantExpr(0, context));
  roles[output.getDimPosition(1)] = getAffineDimExpr(0, context);
  roles[output.getDimPosition(2)] = getAffineDimExpr(1, context);
  roles[contraction.reduction] = getAffineDimExpr(2, context);
  AffineMap map = contraction.domain.inputMaps[weights].replaceDimsAndSymbols(
      roles, {}, 3, 0);
  Value original = contraction.op->getResult(0);
  Value init = zeros(emptyEntries(
      tensor::getMixedSize(rewriter, loc, contraction.domain.init, 2),
      getElementTypeOrSelf(original.getType())));
  return GroupedMatmulOp::create(rewriter, contraction.op->getLoc(), left,
                                 contraction.domain.inputs[weights],
                                 sum.op.getDpsInputs()[sum.gate], init, map,
                                 /*compact=*/!gathers);
}

Value Grouper::compactElementwise(linalg::GenericOp op) {
  MLIRContext *context = rewriter.getContext();
  unsigned rank = op.getNumLoops() - 1;
  // (t, e, rest...) -> (n, rest...); both t and e are walked together or not.
  SmallVector<AffineExpr> dims = {getAffineDimExpr(0, context),
                                  getAffineConstantExpr(0, context)};
  for (unsigned dim = 1; dim < rank; ++dim) {
    dims.push_back(getAffineDimExpr(dim, context));
  }
  SmallVector<Value> inputs;
  SmallVector<AffineMap> maps;
  for (OpOperand *input : op.getDpsInputOperands()) {
    AffineMap map = op.getMatchingIndexingMap(input);
    if (map.isFunctionOfDim(0)) {
      inputs.push_back(compact(input->get()));
      maps.push_back(AffineMap::getMultiDimIdentityMap(rank, context));
      continue;
    }
    inputs.push_back(input->get());
    maps.push_back(map.replaceDimsAndSymbols(dims, {}, rank, 0));
  }
  maps.push_back(AffineMap::getMultiDimIdentityMap(rank, context));
  SmallVector<OpFoldResult> sizes =
      tensor::getMixedSizes(rewriter, loc, op.getDpsInits().front());
  Value init = emptyEntries(ArrayRef<OpFoldResult>(sizes).drop_front(2),
                            getElementTypeOrSelf(op.getResult(0).getType()));
  SmallVector<utils::IteratorType> iterators(rank,
                                             utils::IteratorType::parallel);
  auto result = linalg::GenericOp::create(rewriter, op.getLoc(), init.getType(),
                                          inputs, init, maps, iterators);
  IRMapping mapping;
  rewriter.cloneRegionBefore(op.getRegion(), result.getRegion(),
                             result.getRegion().end(), mapping);
  return result.getResult(0);
}

Value Grouper::compact(Value value) {
  Value &known = compacted[value];
  if (known) {
    return known;
  }
  Operation *op = value.getDefiningOp();
  FailureOr<Contraction> contraction = matchContraction(op, [](StringRef) {});
  Value result = succeeded(contraction)
                     ? compactContraction(*contraction)
                     : compactElementwise(cast<linalg::GenericOp>(op));
  return compacted[value] = result;
}

//===----------------------------------------------------------------------===//
// The sum
//===----------------------------------------------------------------------===//

/// The products of the other factors, summed over what is not the group, for
/// each entry: over (n, d).
Value Grouper::products() {
  linalg::GenericOp op = sum.op;
  if (sum.factors.size() == 1) {
    return compact(op.getDpsInputs()[sum.factors.front()]);
  }
  // An ordinary contraction over (t, e, d), made to be compacted.
  unsigned loops = op.getNumLoops();
  AffineMap output = op.getMatchingIndexingMap(op.getDpsInitOperand(0));
  MLIRContext *context = rewriter.getContext();
  SmallVector<AffineExpr> results = {getAffineDimExpr(sum.tokenDim, context),
                                     getAffineDimExpr(sum.groupDim, context)};
  SmallVector<OpFoldResult> sizes;
  SmallVector<Range> ranges =
      cast<linalg::LinalgOp>(op.getOperation()).createLoopRanges(rewriter, loc);
  sizes.push_back(ranges[sum.tokenDim].size);
  sizes.push_back(ranges[sum.groupDim].size);
  for (AffineExpr expr : output.getResults()) {
    unsigned dim = cast<AffineDimExpr>(expr).getPosition();
    if (dim != sum.tokenDim) {
      results.push_back(expr);
      sizes.push_back(ranges[dim].size);
    }
  }
  SmallVector<utils::IteratorType> iterators = op.getIteratorTypesArray();
  iterators[sum.groupDim] = utils::IteratorType::parallel;
  Type f32 = rewriter.getF32Type();
  Value init = zeros(tensor::EmptyOp::create(rewriter, loc, sizes, f32));
  SmallVector<Value> inputs;
  SmallVector<AffineMap> maps;
  for (unsigned factor : sum.factors) {
    inputs.push_back(op.getDpsInputs()[factor]);
    maps.push_back(op.getMatchingIndexingMap(op.getDpsInputOperand(factor)));
  }
  maps.push_back(AffineMap::get(loops, 0, results, context));
  auto product = linalg::GenericOp::create(
      rewriter, loc, init.getType(), inputs, init, maps, iterators,
      [&](OpBuilder &b, Location at, ValueRange arguments) {
        Value left = convertScalarToDtype(b, at, arguments[0], f32, false);
        Value right = convertScalarToDtype(b, at, arguments[1], f32, false);
        Value term = arith::MulFOp::create(b, at, left, right);
        Value total = arith::AddFOp::create(b, at, arguments[2], term);
        linalg::YieldOp::create(b, at, total);
      });
  if (!canCompact(product.getResult(0), 3)) {
    rewriter.eraseOp(product);
    return {};
  }
  Value result = compact(product.getResult(0));
  rewriter.eraseOp(product);
  return result;
}

/// y[t, d] = init + sum over the entries of t of weight * products[entry, d].
void Grouper::combine(Value products) {
  linalg::GenericOp op = sum.op;
  Value gate = op.getDpsInputs()[sum.gate];
  auto gateType = cast<RankedTensorType>(gate.getType());
  SparsityEncodingAttrInterface encoding = getSparsityEncoding(gateType);
  Coverage coverage = encoding.getCoverage(gateType);
  Value entries = field(encoding.getEntriesField());
  Value weights;
  for (const StorageField &candidate : encoding.getStorage(gateType)) {
    if (candidate.name != coverage.positions() &&
        candidate.name != coverage.coordinates() &&
        candidate.name != encoding.getEntriesField()) {
      weights = field(candidate.name);
    }
  }
  int64_t most = cast<RankedTensorType>(entries.getType()).getDimSize(1);
  AffineMap output = op.getMatchingIndexingMap(op.getDpsInitOperand(0));
  Value init = op.getDpsInits().front();
  unsigned rank = output.getNumResults();
  std::optional<unsigned> tokenAxis = output.getResultPosition(
      getAffineDimExpr(sum.tokenDim, rewriter.getContext()));
  Type f32 = rewriter.getF32Type();
  bool fromZero = isZeroFill(init);
  Value place = init;
  if (fromZero) {
    place = tensor::EmptyOp::create(rewriter, loc,
                                    tensor::getMixedSizes(rewriter, loc, init),
                                    getElementTypeOrSelf(init.getType()));
  }
  SmallVector<AffineMap> maps(1, rewriter.getMultiDimIdentityMap(rank));
  SmallVector<Value> inputs;
  if (!fromZero) {
    inputs.push_back(init);
    maps.push_back(maps.front());
  }
  SmallVector<utils::IteratorType> iterators(rank,
                                             utils::IteratorType::parallel);
  auto result = linalg::GenericOp::create(
      rewriter, loc, init.getType(), inputs, place, maps, iterators,
      [&](OpBuilder &b, Location at, ValueRange arguments) {
        SmallVector<Value> rest;
        Value token;
        for (unsigned axis = 0; axis < rank; ++axis) {
          Value index = linalg::IndexOp::create(b, at, axis);
          axis == *tokenAxis ? void(token = index) : rest.push_back(index);
        }
        Value start = arith::ConstantOp::create(b, at, b.getF32FloatAttr(0));
        if (!fromZero) {
          start = convertScalarToDtype(b, at, arguments[0], f32, false);
        }
        Value zero = arith::ConstantIndexOp::create(b, at, 0);
        Value one = arith::ConstantIndexOp::create(b, at, 1);
        Value count = arith::ConstantIndexOp::create(b, at, most);
        auto loop = scf::ForOp::create(
            b, at, zero, count, one, ValueRange{start},
            [&](OpBuilder &ib, Location in, Value j, ValueRange so) {
              Value entry = tensor::ExtractOp::create(ib, in, entries,
                                                      ValueRange{token, j});
              Value position =
                  arith::IndexCastOp::create(ib, in, ib.getIndexType(), entry);
              Value kept = arith::CmpIOp::create(
                  ib, in, arith::CmpIPredicate::sge, position, zero);
              auto some = scf::IfOp::create(
                  ib, in, kept,
                  [&](OpBuilder &tb, Location then) {
                    Value weight =
                        tensor::ExtractOp::create(tb, then, weights, position);
                    SmallVector<Value> indices = {position};
                    llvm::append_range(indices, rest);
                    Value value =
                        tensor::ExtractOp::create(tb, then, products, indices);
                    weight = convertScalarToDtype(tb, then, weight, f32, false);
                    value = convertScalarToDtype(tb, then, value, f32, false);
                    Value term = arith::MulFOp::create(tb, then, weight, value);
                    Value total = arith::AddFOp::create(tb, then, so[0], term);
                    scf::YieldOp::create(tb, then, total);
                  },
                  [&](OpBuilder &eb, Location otherwise) {
                    scf::YieldOp::create(eb, otherwise, so);
                  });
              scf::YieldOp::create(ib, in, some.getResults());
            });
        Value total =
            convertScalarToDtype(b, at, loop.getResult(0),
                                 getElementTypeOrSelf(init.getType()), false);
        linalg::YieldOp::create(b, at, total);
      });
  rewriter.replaceOp(op, result.getResults());
}

LogicalResult Grouper::run() {
  rewriter.setInsertionPoint(sum.op);
  AffineMap output = sum.op.getMatchingIndexingMap(sum.op.getDpsInitOperand(0));
  bool fits = output.getNumResults() == 2;
  if (sum.factors.size() == 1) {
    Value factor = sum.op.getDpsInputs()[sum.factors.front()];
    AffineMap map = sum.op.getMatchingIndexingMap(
        sum.op.getDpsInputOperand(sum.factors.front()));
    fits &= map.getNumResults() == 3 && map.getDimPosition(0) == sum.tokenDim &&
            map.getDimPosition(1) == sum.groupDim && canCompact(factor, 3);
  }
  Value entryProducts = fits ? products() : Value();
  if (!entryProducts) {
    remark::missed(
        loc, remark::RemarkOpts::name("GroupContractions").category("sparsity"))
        << "not grouped: expected the listed operand in a sum of products of "
           "tensors that are computed for each pair on the list";
    return failure();
  }
  combine(entryProducts);
  return success();
}

namespace {
struct SparsityGroupContractionsPass
    : sparsity::impl::SparsityGroupContractionsPassBase<
          SparsityGroupContractionsPass> {
  void runOnOperation() override {
    SmallVector<linalg::GenericOp> ops;
    getOperation()->walk([&](linalg::GenericOp op) { ops.push_back(op); });
    IRRewriter rewriter(&getContext());
    for (linalg::GenericOp op : ops) {
      if (std::optional<GatedSum> sum = matchGatedSum(op)) {
        (void)Grouper(rewriter, *sum).run();
      }
    }
  }
};
} // namespace
