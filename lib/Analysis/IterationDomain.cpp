//===- IterationDomain.cpp - contractions, kernels, operand coverage ------===//

#include "sparsity/Analysis/IterationDomain.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/SmallSet.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace mlir::sparsity;

//===----------------------------------------------------------------------===//
// TileableComputeOpInterface for linalg
//===----------------------------------------------------------------------===//

namespace {
/// A linalg contraction: absent elements of its operands are zeros, which
/// annihilate.
template <typename LinalgOpTy>
struct LinalgContractionModel
    : TileableComputeOpInterface::ExternalModel<
          LinalgContractionModel<LinalgOpTy>, LinalgOpTy> {
  FailureOr<ComputeDomain>
  getComputeDomain(Operation *op, function_ref<void(StringRef)> reason) const {
    auto linalgOp = cast<linalg::LinalgOp>(op);
    if (!linalgOp.hasPureTensorSemantics()) {
      reason("expected tensor operands, but got buffers");
      return failure();
    }
    if (linalgOp.getNumDpsInputs() != 2 || linalgOp.getNumDpsInits() != 1) {
      reason("expected two inputs and one init");
      return failure();
    }
    if (linalgOp.getNumReductionLoops() == 0) {
      reason("expected a reduction dimension, but every dimension is parallel");
      return failure();
    }
    std::string why;
    llvm::raw_string_ostream stream(why);
    bool matches = linalg::detail::isContractionBody(
        *linalgOp.getBlock(),
        [](Operation *multiply, Operation *add) {
          return (isa<arith::MulFOp>(multiply) && isa<arith::AddFOp>(add)) ||
                 (isa<arith::MulIOp>(multiply) && isa<arith::AddIOp>(add));
        },
        stream);
    if (!matches) {
      reason("expected a body that adds products: " + why);
      return failure();
    }
    for (Operation &inner : linalgOp.getBlock()->without_terminator()) {
      if (isa<arith::ExtUIOp>(inner)) {
        reason("expected signed integers, but got an unsigned extension");
        return failure();
      }
    }
    ComputeDomain domain;
    domain.iterators = linalgOp.getIteratorTypesArray();
    for (OpOperand *input : linalgOp.getDpsInputOperands()) {
      if (!isa<RankedTensorType>(input->get().getType())) {
        reason("expected tensor operands, but got a scalar");
        return failure();
      }
      domain.inputs.push_back(input->get());
      domain.inputMaps.push_back(linalgOp.getMatchingIndexingMap(input));
    }
    domain.init = linalgOp.getDpsInits().front();
    domain.outputMap =
        linalgOp.getMatchingIndexingMap(linalgOp.getDpsInitOperand(0));
    return domain;
  }

  TypedAttr getImplicitValue(Operation *op, unsigned index) const {
    Type type = getElementTypeOrSelf(op->getOperand(index).getType());
    return cast<TypedAttr>(Builder(op->getContext()).getZeroAttr(type));
  }
};

template <typename... Ops> void attachModels(MLIRContext *context) {
  (Ops::template attachInterface<LinalgContractionModel<Ops>>(*context), ...);
}
} // namespace

void mlir::sparsity::registerTileableComputeOpExternalModels(
    DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, linalg::LinalgDialect *) {
    attachModels<linalg::GenericOp, linalg::MatmulOp, linalg::BatchMatmulOp,
                 linalg::BatchReduceMatmulOp, linalg::MatvecOp,
                 linalg::VecmatOp, linalg::BatchMatvecOp, linalg::BatchVecmatOp,
                 linalg::DotOp, linalg::ContractOp>(context);
  });
}

//===----------------------------------------------------------------------===//
// Contractions
//===----------------------------------------------------------------------===//

FailureOr<Contraction>
mlir::sparsity::matchContraction(Operation *op,
                                 function_ref<void(StringRef)> reason) {
  auto computeOp = dyn_cast<TileableComputeOpInterface>(op);
  if (!computeOp) {
    reason("expected a contraction");
    return failure();
  }
  Contraction result;
  result.op = op;
  FailureOr<ComputeDomain> domain = computeOp.getComputeDomain(reason);
  if (failed(domain)) {
    return failure();
  }
  result.domain = *domain;
  result.rows = domain->rows;

  SmallVector<AffineMap> maps = result.domain.inputMaps;
  maps.push_back(result.domain.outputMap);
  SmallVector<llvm::SmallSet<unsigned, 4>> dims(3);
  for (auto [map, used] : llvm::zip_equal(maps, dims)) {
    for (AffineExpr expr : map.getResults()) {
      auto dim = dyn_cast<AffineDimExpr>(expr);
      if (!dim || !used.insert(dim.getPosition()).second) {
        reason("expected operands indexed by distinct plain dimensions");
        return failure();
      }
    }
  }
  SmallVector<unsigned> reductions;
  std::optional<unsigned> lastLeft, lastRight;
  // The last dimension of an operand that the other lacks is its row or column;
  // ones before it are outer dimensions which the other operand does not walk.
  for (unsigned dim = 0, e = result.domain.iterators.size(); dim < e; ++dim) {
    bool inLeft = dims[0].contains(dim), inRight = dims[1].contains(dim);
    if (result.domain.iterators[dim] == utils::IteratorType::reduction) {
      if (!inLeft || !inRight) {
        reason("expected reduction dimensions that both operands walk");
        return failure();
      }
      reductions.push_back(dim);
      continue;
    }
    if (!inLeft && !inRight) {
      reason("expected parallel dimensions that an operand walks");
      return failure();
    }
    if (inLeft && !inRight) {
      lastLeft = dim;
    }
    if (inRight && !inLeft) {
      lastRight = dim;
    }
  }
  if (reductions.size() != 1) {
    reason("expected one reduction dimension, but got more");
    return failure();
  }
  result.reduction = reductions.front();
  result.left = lastLeft;
  result.right = lastRight;
  for (unsigned dim = 0, e = result.domain.iterators.size(); dim < e; ++dim) {
    if (dim != result.reduction && dim != lastLeft && dim != lastRight) {
      result.outer.push_back(dim);
    }
  }
  Type left = result.getInputType(0).getElementType();
  Type right = result.getInputType(1).getElementType();
  MultiplyType ignored;
  if (!getMultiplyType(left, false, ignored) ||
      !getMultiplyType(right, false, ignored) ||
      isa<IntegerType>(left) != isa<IntegerType>(right)) {
    reason("expected operands of f16, bf16, f32, f8E4M3FN, f8E5M2 or i8");
    return failure();
  }
  Type sum = result.getResultType().getElementType();
  if (isa<IntegerType>(left) ? !sum.isSignlessInteger(32)
                             : !(sum.isF32() || sum.isF16() || sum.isBF16())) {
    reason("expected sums of f32, f16 or bf16, or of i32 for i8 operands");
    return failure();
  }
  return result;
}

/// The dimension of operand `index` that the reduction walks.
static std::optional<unsigned> reductionAxis(const Contraction &contraction,
                                             unsigned index) {
  return contraction.domain.inputMaps[index].getResultPosition(
      getAffineDimExpr(contraction.reduction, contraction.op->getContext()));
}

/// The list in `coverage` whose groups are ranges of dimension `row` and whose
/// entries lie along dimension `column`, or null.
static const Coverage *findList(const Coverage &coverage, unsigned row,
                                unsigned column) {
  if (coverage.kind() == Coverage::Kind::Listed && coverage.groupDim() == row &&
      coverage.listedDim() == column) {
    return &coverage;
  }
  for (const Coverage &member : coverage.members()) {
    if (const Coverage *found = findList(member, row, column)) {
      return found;
    }
  }
  return nullptr;
}

std::optional<Coverage>
mlir::sparsity::getFollowedList(const Contraction &contraction,
                                unsigned index) {
  RankedTensorType type = contraction.getInputType(index);
  SparsityEncodingAttrInterface encoding = getSparsityEncoding(type);
  std::optional<unsigned> row =
      index == 0 ? contraction.left : contraction.right;
  std::optional<unsigned> column = reductionAxis(contraction, index);
  if (!encoding || !row || !column) {
    return std::nullopt;
  }
  std::optional<unsigned> rowAxis =
      contraction.domain.inputMaps[index].getResultPosition(
          getAffineDimExpr(*row, contraction.op->getContext()));
  Coverage coverage = encoding.getCoverage(type);
  const Coverage *list =
      rowAxis ? findList(coverage, *rowAxis, *column) : nullptr;
  return list ? std::optional<Coverage>(*list) : std::nullopt;
}

bool mlir::sparsity::isZeroFill(Value value) {
  auto fill = value.getDefiningOp<linalg::FillOp>();
  return fill && (matchPattern(fill.getInputs().front(), m_AnyZeroFloat()) ||
                  matchPattern(fill.getInputs().front(), m_Zero()));
}

Type mlir::sparsity::getAccumulatorType(const Contraction &contraction) {
  MLIRContext *context = contraction.op->getContext();
  if (isa<IntegerType>(contraction.getInputType(0).getElementType())) {
    return IntegerType::get(context, 32);
  }
  return Float32Type::get(context);
}

//===----------------------------------------------------------------------===//
// Kernels
//===----------------------------------------------------------------------===//

bool mlir::sparsity::isElementwise(linalg::GenericOp op) {
  return op.hasPureTensorSemantics() && op.getNumReductionLoops() == 0 &&
         op.getNumLoops() > 0 &&
         llvm::all_of(op.getDpsInitsMutable(), [&](OpOperand &init) {
           return op.getMatchingIndexingMap(&init).isPermutation();
         });
}

/// Whether `contraction` can end in `epilogue`: its result is used there only,
/// at every point of the epilogue's space once.
static bool feedsOnly(const Contraction &contraction,
                      linalg::GenericOp epilogue) {
  Value result = contraction.op->getResult(0);
  if (!result.hasOneUse()) {
    return false;
  }
  OpOperand &use = *result.use_begin();
  return use.getOwner() == epilogue.getOperation() &&
         epilogue.isDpsInput(&use) &&
         epilogue.getMatchingIndexingMap(&use).isPermutation();
}

/// The epilogue's dimension that walks dimension `dim` of the contraction.
static std::optional<unsigned> epilogueDim(const Contraction &contraction,
                                           linalg::GenericOp epilogue,
                                           std::optional<unsigned> dim) {
  if (!dim) {
    return std::nullopt;
  }
  OpOperand &use = *contraction.op->getResult(0).use_begin();
  AffineMap map = epilogue.getMatchingIndexingMap(&use);
  AffineMap output = contraction.domain.outputMap;
  for (auto [position, expr] : llvm::enumerate(output.getResults())) {
    if (cast<AffineDimExpr>(expr).getPosition() == *dim) {
      return map.getDimPosition(position);
    }
  }
  return std::nullopt;
}

/// Whether two contractions that `epilogue` reads walk its dimensions in the
/// same roles and hold their operands alike, so that one configuration serves
/// both.
static bool canShareKernel(const Contraction &first,
                           const Contraction &candidate,
                           linalg::GenericOp epilogue) {
  auto sameDim = [&](std::optional<unsigned> left,
                     std::optional<unsigned> right) {
    return epilogueDim(first, epilogue, left) ==
           epilogueDim(candidate, epilogue, right);
  };
  if (!sameDim(first.left, candidate.left) ||
      !sameDim(first.right, candidate.right) ||
      first.outer.size() != candidate.outer.size()) {
    return false;
  }
  for (auto [left, right] : llvm::zip_equal(first.outer, candidate.outer)) {
    if (!sameDim(left, right)) {
      return false;
    }
  }
  if (first.rows.has_value() != candidate.rows.has_value() ||
      (first.rows && (first.rows->list != candidate.rows->list ||
                      first.rows->gathers != candidate.rows->gathers))) {
    return false;
  }
  return llvm::all_of(ArrayRef<unsigned>{0, 1}, [&](unsigned index) {
    return first.getInputType(index) == candidate.getInputType(index) &&
           reductionAxis(first, index) == reductionAxis(candidate, index);
  });
}

std::vector<KernelGroup> mlir::sparsity::findKernelGroups(Block &block) {
  std::vector<KernelGroup> groups;
  DenseMap<Operation *, Contraction> contractions;
  llvm::SmallPtrSet<Operation *, 8> grouped;
  for (Operation &op : block) {
    FailureOr<Contraction> match = matchContraction(&op, [](StringRef) {});
    if (succeeded(match)) {
      contractions.try_emplace(&op, *match);
    }
  }
  // Epilogues claim their contractions first, so that a lone contraction is
  // known.
  DenseMap<Operation *, KernelGroup> epilogues;
  for (Operation &op : block) {
    auto generic = dyn_cast<linalg::GenericOp>(op);
    if (!generic || !isElementwise(generic)) {
      continue;
    }
    KernelGroup group;
    group.epilogue = generic;
    for (Value input : generic.getDpsInputs()) {
      auto found = contractions.find(input.getDefiningOp());
      if (!input.getDefiningOp() || found == contractions.end() ||
          !feedsOnly(found->second, generic)) {
        continue;
      }
      const Contraction &candidate = found->second;
      if (!group.contractions.empty()) {
        const Contraction &first = group.contractions.front();
        if (!canShareKernel(first, candidate, generic)) {
          continue;
        }
      }
      group.contractions.push_back(candidate);
      grouped.insert(candidate.op);
    }
    epilogues.try_emplace(&op, std::move(group));
  }
  for (Operation &op : block) {
    if (auto found = epilogues.find(&op); found != epilogues.end()) {
      groups.push_back(found->second);
    } else if (auto match = contractions.find(&op);
               match != contractions.end() && !grouped.contains(&op)) {
      KernelGroup group;
      group.contractions.push_back(match->second);
      groups.push_back(group);
    }
  }
  return groups;
}

//===----------------------------------------------------------------------===//
// Coverage
//===----------------------------------------------------------------------===//

FailureOr<IterationSpace>
mlir::sparsity::getIterationSpace(const Contraction &contraction,
                                  ArrayRef<int64_t> tile, bool swap) {
  IterationSpace space;
  unsigned dims = contraction.domain.iterators.size();
  space.sizes.assign(dims, ShapedType::kDynamic);
  for (unsigned index = 0; index < 2; ++index) {
    RankedTensorType type = contraction.getInputType(index);
    if (!type.hasStaticShape()) {
      return failure();
    }
    OperandCoverage operand;
    auto encoding = getSparsityEncoding(type);
    operand.coverage = encoding ? encoding.getCoverage(type) : Coverage::all();
    for (auto [axis, expr] :
         llvm::enumerate(contraction.domain.inputMaps[index].getResults())) {
      unsigned dim = cast<AffineDimExpr>(expr).getPosition();
      space.sizes[dim] = type.getDimSize(axis);
      operand.dims.push_back(dim);
      operand.shape.push_back(type.getDimSize(axis));
    }
    space.operands.push_back(std::move(operand));
  }
  space.tiles.assign(dims, 1);
  space.reduction.assign(dims, false);
  std::optional<unsigned> rows = swap ? contraction.right : contraction.left;
  std::optional<unsigned> columns = swap ? contraction.left : contraction.right;
  if (rows) {
    space.tiles[*rows] = tile[0];
  }
  if (columns) {
    space.tiles[*columns] = tile[1];
  }
  space.tiles[contraction.reduction] = tile[2];
  space.reduction[contraction.reduction] = true;
  return space;
}
