//===- SparsityDensify.cpp - the oracle: the same program, dense ----------===//

#include "DensifyAttention.h"
#include "DensifyLists.h"
#include "DensifyResults.h"
#include "Selector.h"

#include "sparsity/Analysis/ElementPredicate.h"
#include "sparsity/Analysis/IterationDomain.h"
#include "sparsity/Dialect/Sparsity/Transforms/Passes.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/AttrTypeSubElements.h"

namespace mlir::sparsity {
#define GEN_PASS_DEF_SPARSITYDENSIFYPASS
#include "sparsity/Dialect/Sparsity/Transforms/Passes.h.inc"
} // namespace mlir::sparsity

using namespace mlir;
using namespace mlir::sparsity;

/// An elementwise op over `value` whose body yields `body(builder, loc,
/// element)`.
static Value
mapElements(OpBuilder &builder, Location loc, Value value, Type resultType,
            function_ref<Value(OpBuilder &, Location, Value)> body) {
  auto type = cast<RankedTensorType>(value.getType());
  Value init = tensor::EmptyOp::create(
      builder, loc, tensor::getMixedSizes(builder, loc, value), resultType);
  SmallVector<AffineMap> maps(2,
                              builder.getMultiDimIdentityMap(type.getRank()));
  SmallVector<utils::IteratorType> iterators(type.getRank(),
                                             utils::IteratorType::parallel);
  return linalg::GenericOp::create(
             builder, loc, init.getType(), value, init, maps, iterators,
             [&](OpBuilder &inner, Location innerLoc, ValueRange arguments) {
               linalg::YieldOp::create(inner, innerLoc,
                                       body(inner, innerLoc, arguments[0]));
             })
      .getResult(0);
}

/// `value` with the elements outside its encoding's affine pattern zeroed.
/// Encodings whose stored data decides keep every element.
static Value restrict(OpBuilder &builder, Location loc, Value value,
                      SparsityEncodingAttrInterface encoding,
                      RankedTensorType type) {
  std::optional<SmallVector<IntegerSet>> sets =
      encoding.getElementPredicate(type);
  if (!sets) {
    return value;
  }
  return mapElements(
      builder, loc, value, type.getElementType(),
      [&](OpBuilder &inner, Location innerLoc, Value element) -> Value {
        SmallVector<Value> indices;
        for (int64_t dim = 0; dim < type.getRank(); ++dim) {
          indices.push_back(linalg::IndexOp::create(inner, innerLoc, dim));
        }
        Value present = emitElementPredicate(inner, innerLoc, *sets, indices);
        Value zero = arith::ConstantOp::create(
            inner, innerLoc,
            cast<TypedAttr>(inner.getZeroAttr(type.getElementType())));
        return arith::SelectOp::create(inner, innerLoc, present, element, zero);
      });
}

/// Magnitude pruning to n of every m along an axis, as an explicit rank: an
/// element stays if fewer than n of its group are larger, or equal and before
/// it.
static FailureOr<Value> emitPrune(PruneOp op, OpBuilder &builder) {
  auto type = cast<RankedTensorType>(op.getType());
  SparsityEncodingAttrInterface encoding = getSparsityEncoding(type);
  auto pattern = cast<SparsityEncodingAttrInterface>(encoding.getPattern());
  TileFormat format = pattern.getTileFormat(type);
  if (format.kind != TileFormat::Kind::NOfM ||
      !pattern.getCoverage(type).isAll()) {
    return op.emitOpError(
               "expected an encoding whose pruning has a dense form, but got ")
           << encoding;
  }
  Value source = op.getSource();
  Location loc = op.getLoc();
  Value extent = tensor::DimOp::create(builder, loc, source, format.axis);
  return mapElements(
      builder, loc, source, type.getElementType(),
      [&](OpBuilder &inner, Location innerLoc, Value element) -> Value {
        auto constant = [&](int64_t value) -> Value {
          return arith::ConstantIndexOp::create(inner, innerLoc, value);
        };
        Body scalars(innerLoc, inner);
        SmallVector<Value> indices;
        for (int64_t dim = 0; dim < type.getRank(); ++dim) {
          indices.push_back(linalg::IndexOp::create(inner, innerLoc, dim));
        }
        Value self = indices[format.axis];
        Value place =
            arith::RemUIOp::create(inner, innerLoc, self, constant(format.m));
        Value base = arith::SubIOp::create(inner, innerLoc, self, place);
        Value own = emitMagnitude(scalars, element);
        Value larger = constant(0);
        for (int64_t other = 0; other < format.m; ++other) {
          Value at =
              arith::AddIOp::create(inner, innerLoc, base, constant(other));
          Value inside = arith::CmpIOp::create(
              inner, innerLoc, arith::CmpIPredicate::ult, at, extent);
          SmallVector<Value> position(indices);
          position[format.axis] =
              arith::SelectOp::create(inner, innerLoc, inside, at, self);
          Value rival = emitMagnitude(scalars, scalars.load(source, position));
          Value before = arith::CmpIOp::create(
              inner, innerLoc, arith::CmpIPredicate::ult, at, self);
          Value tie = scalars.both(scalars.equal(rival, own), before);
          Value wins = scalars.either(scalars.less(own, rival), tie);
          wins = arith::AndIOp::create(inner, innerLoc, wins, inside);
          larger = arith::AddIOp::create(
              inner, innerLoc, larger,
              arith::IndexCastUIOp::create(inner, innerLoc,
                                           inner.getIndexType(), wins));
        }
        Value stays =
            arith::CmpIOp::create(inner, innerLoc, arith::CmpIPredicate::ult,
                                  larger, constant(format.n));
        Value zero = arith::ConstantOp::create(
            inner, innerLoc,
            cast<TypedAttr>(inner.getZeroAttr(type.getElementType())));
        return arith::SelectOp::create(inner, innerLoc, stays, element, zero);
      });
}

/// The contraction with operands and sums in f64. Reassociation lets the
/// reduction be vectorized; at 53 bits it changes nothing that f32 could show.
static void accumulateInF64(Contraction &contraction, RewriterBase &rewriter) {
  Type element = contraction.getResultType().getElementType();
  if (!isa<FloatType>(element)) {
    return;
  }
  Location loc = contraction.op->getLoc();
  rewriter.setInsertionPoint(contraction.op);
  Type f64 = rewriter.getF64Type();
  Value init = mapElements(
      rewriter, loc, contraction.domain.init, f64,
      [&](OpBuilder &inner, Location innerLoc, Value value) {
        return convertScalarToDtype(inner, innerLoc, value, f64, false);
      });
  SmallVector<AffineMap> maps(contraction.domain.inputMaps);
  maps.push_back(contraction.domain.outputMap);
  auto wide = linalg::GenericOp::create(
      rewriter, loc, init.getType(), contraction.domain.inputs, init, maps,
      contraction.domain.iterators,
      [&](OpBuilder &inner, Location innerLoc, ValueRange arguments) {
        Value left =
            convertScalarToDtype(inner, innerLoc, arguments[0], f64, false);
        Value right =
            convertScalarToDtype(inner, innerLoc, arguments[1], f64, false);
        auto flags =
            arith::FastMathFlags::reassoc | arith::FastMathFlags::contract;
        Value product =
            arith::MulFOp::create(inner, innerLoc, left, right, flags);
        Value sum = arith::AddFOp::create(inner, innerLoc, arguments[2],
                                          product, flags);
        linalg::YieldOp::create(inner, innerLoc, sum);
      });
  Value narrow = mapElements(
      rewriter, loc, wide.getResult(0), element,
      [&](OpBuilder &inner, Location innerLoc, Value value) {
        return convertScalarToDtype(inner, innerLoc, value, element, false);
      });
  rewriter.replaceOp(contraction.op, narrow);
}

namespace {
struct SparsityDensifyPass
    : sparsity::impl::SparsityDensifyPassBase<SparsityDensifyPass> {
  using SparsityDensifyPassBase::SparsityDensifyPassBase;

  LogicalResult dropOps();
  void runOnOperation() override;
};
} // namespace

/// Removes this dialect's ops; what they admit is said densely first.
LogicalResult SparsityDensifyPass::dropOps() {
  IRRewriter rewriter(&getContext());
  SmallVector<Operation *> ops;
  getOperation().walk([&](Operation *op) {
    if (isa<EncodeOp, DecodeOp, PruneOp, RouteOp, AssembleOp, DisassembleOp,
            FieldOp>(op)) {
      ops.push_back(op);
    }
  });
  for (Operation *op : ops) {
    rewriter.setInsertionPoint(op);
    if (auto prune = dyn_cast<PruneOp>(op)) {
      FailureOr<Value> pruned = emitPrune(prune, rewriter);
      if (failed(pruned)) {
        return failure();
      }
      rewriter.replaceOp(op, *pruned);
    } else if (auto encode = dyn_cast<EncodeOp>(op)) {
      auto type = cast<RankedTensorType>(encode.getType());
      SparsityEncodingAttrInterface encoding = getSparsityEncoding(type);
      std::optional<Selection> rule = encoding.getSelection(type);
      rewriter.replaceOp(
          op, rule ? densifySelection(op->getLoc(), encode.getSource(), *rule,
                                      rewriter)
                   : restrict(rewriter, op->getLoc(), encode.getSource(),
                              encoding, type));
    } else if (auto route = dyn_cast<RouteOp>(op)) {
      rewriter.replaceOp(op, densifyRoute(route, rewriter));
    } else if (isa<DecodeOp>(op)) {
      rewriter.replaceOp(op, op->getOperand(0));
    } else if (!op->use_empty()) {
      return op->emitOpError(
          "expected a program without storage buffers, which have no "
          "dense form");
    }
  }
  return success();
}

void SparsityDensifyPass::runOnOperation() {
  if (!accumulate.empty() && accumulate != "f64") {
    emitError(getOperation().getLoc())
        << "expected accumulate=f64, but got " << accumulate;
    return signalPassFailure();
  }
  WalkResult entries = getOperation().walk([](GroupedMatmulOp op) {
    op.emitOpError("expected a program without rows by the entries of a list, "
                   "which have no dense form");
    return WalkResult::interrupt();
  });
  if (entries.wasInterrupted()) {
    return signalPassFailure();
  }
  IRRewriter rewriter(&getContext());
  getOperation().walk([&](func::FuncOp func) {
    // It speaks of a list.
    for (unsigned number = 0; number < func.getFunctionType().getNumInputs();
         ++number) {
      func.removeArgAttr(number, kDensityAttrName);
    }
    if (func.isDeclaration()) {
      return;
    }
    rewriter.setInsertionPointToStart(&func.getBody().front());
    for (BlockArgument argument : func.getArguments()) {
      if (SparsityEncodingAttrInterface encoding =
              getSparsityEncoding(argument.getType())) {
        auto type = cast<RankedTensorType>(argument.getType());
        SmallVector<OpOperand *> uses;
        for (OpOperand &use : argument.getUses()) {
          uses.push_back(&use);
        }
        Value restricted =
            restrict(rewriter, argument.getLoc(), argument, encoding, type);
        for (OpOperand *use : uses) {
          use->set(restricted);
        }
      }
    }
  });
  densifyAttentions(getOperation(), accumulate == "f64", rewriter);
  densifyResults(getOperation());
  if (failed(dropOps())) {
    return signalPassFailure();
  }
  AttrTypeReplacer replacer;
  replacer.addReplacement(
      [](RankedTensorType type) -> std::optional<std::pair<Type, WalkResult>> {
        if (!getSparsityEncoding(type)) {
          return std::nullopt;
        }
        return std::make_pair(Type(getDenseType(type)), WalkResult::skip());
      });
  replacer.recursivelyReplaceElementsIn(getOperation(), /*replaceAttrs=*/true,
                                        /*replaceLocs=*/false,
                                        /*replaceTypes=*/true);
  if (accumulate == "f64") {
    SmallVector<Operation *> candidates;
    getOperation().walk([&](Operation *op) { candidates.push_back(op); });
    for (Operation *op : candidates) {
      FailureOr<Contraction> contraction =
          matchContraction(op, [](StringRef) {});
      if (succeeded(contraction)) {
        accumulateInF64(*contraction, rewriter);
      }
    }
  }
}
