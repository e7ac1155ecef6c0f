//===- GroupedMatmulOp.cpp - a matmul over the entries of a list ----------===//

#include "sparsity/Dialect/Sparsity/IR/Sparsity.h"

using namespace mlir;
using namespace mlir::sparsity;

/// The coverage of a tensor whose storage lists rows by columns: the indices of
/// dimension 0 for each index of dimension 1. Null if it is another one.
static std::optional<Coverage> getRowList(Type type) {
  SparsityEncodingAttrInterface encoding = getSparsityEncoding(type);
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!encoding || tensor.getRank() != 2) {
    return std::nullopt;
  }
  Coverage coverage = encoding.getCoverage(tensor);
  bool fits = coverage.kind() == Coverage::Kind::Listed &&
              coverage.groupDim() == 1 && coverage.listedDim() == 0 &&
              coverage.groupGranularity() == 1 && coverage.granularity() == 1;
  return fits ? std::optional<Coverage>(coverage) : std::nullopt;
}

LogicalResult GroupedMatmulOp::verify() {
  // grouped_matmul_c1
  if (!getRowList(getList().getType())) {
    return emitOpError("expected a list of rows by column, but got ")
           << getList().getType();
  }
  auto lhs = cast<RankedTensorType>(getLhs().getType());
  auto rhs = cast<RankedTensorType>(getRhs().getType());
  auto result = cast<RankedTensorType>(getInit().getType());
  // grouped_matmul_c2
  if (lhs.getRank() != 2 || rhs.getRank() != 3 || result.getRank() != 2) {
    return emitOpError("expected operands of rank 2 and 3 and a result of rank "
                       "2, but got ")
           << lhs << ", " << rhs << " and " << result;
  }
  // grouped_matmul_c3
  AffineMap map = getRhsMap();
  if (map.getNumDims() != 3 || !map.isPermutation()) {
    return emitOpError("expected a permutation of (g, f, k), but got ")
           << getRhsMapAttr();
  }
  auto extent = [&](unsigned dim) {
    return rhs.getDimSize(
        *map.getResultPosition(getAffineDimExpr(dim, getContext())));
  };
  auto agree = [](int64_t left, int64_t right) {
    return ShapedType::isDynamic(left) || ShapedType::isDynamic(right) ||
           left == right;
  };
  auto list = cast<RankedTensorType>(getList().getType());
  // grouped_matmul_c4
  if (!agree(extent(2), lhs.getDimSize(1)) ||
      !agree(extent(1), result.getDimSize(1)) ||
      !agree(extent(0), list.getDimSize(1)) ||
      (!getCompact() && !agree(lhs.getDimSize(0), list.getDimSize(0)))) {
    return emitOpError("expected extents that agree, but got ")
           << lhs << ", " << rhs << ", " << list << " and " << result;
  }
  return success();
}

FailureOr<ComputeDomain>
GroupedMatmulOp::getComputeDomain(llvm::function_ref<void(StringRef)> reason) {
  MLIRContext *context = getContext();
  // Dimensions: entry, group, column of the result, reduction.
  AffineExpr n, g, f, k;
  bindDims(context, n, g, f, k);
  ComputeDomain domain;
  domain.iterators.assign(3, utils::IteratorType::parallel);
  domain.iterators.push_back(utils::IteratorType::reduction);
  domain.inputs = {getLhs(), getRhs()};
  AffineMap rhsMap = getRhsMap().replaceDimsAndSymbols({g, f, k}, {}, 4, 0);
  domain.inputMaps = {AffineMap::get(4, 0, {n, k}, context), rhsMap};
  domain.init = getInit();
  domain.outputMap = AffineMap::get(4, 0, {n, f}, context);
  domain.rows = ListedRows{getList(),
                           *getRowList(getList().getType()),
                           /*groupDim=*/1,
                           /*rowDim=*/0,
                           {!getCompact(), false}};
  return domain;
}

TypedAttr GroupedMatmulOp::getImplicitValue(unsigned index) {
  Type type = getElementTypeOrSelf(getOperation()->getOperand(index).getType());
  return cast<TypedAttr>(Builder(getContext()).getZeroAttr(type));
}
