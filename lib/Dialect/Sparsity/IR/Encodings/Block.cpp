//===- Block.cpp - a list of dense or n:m blocks --------------------------===//

#include "EncodingUtils.h"

#include "llvm/Support/MathExtras.h"

#include <numeric>

using namespace mlir;
using namespace mlir::sparsity;
using namespace mlir::sparsity::detail;

//===----------------------------------------------------------------------===//
// Assembly
//===----------------------------------------------------------------------===//

Attribute BlockAttr::parse(AsmParser &parser, Type) {
  SMLoc loc = parser.getCurrentLocation();
  SmallVector<int64_t> sizes;
  SmallVector<int64_t> merged;
  Attribute inner;
  bool ordered = false;
  if (parser.parseLess() ||
      parser.parseDimensionList(sizes, /*allowDynamic=*/false,
                                /*withTrailingX=*/false)) {
    return {};
  }
  while (!ordered && succeeded(parser.parseOptionalComma())) {
    if (!inner && merged.empty() &&
        succeeded(parser.parseOptionalKeyword("inner"))) {
      if (parser.parseEqual() || parser.parseAttribute(inner)) {
        return {};
      }
    } else if (merged.empty() &&
               succeeded(parser.parseOptionalKeyword("merged"))) {
      if (parser.parseEqual() ||
          parser.parseDimensionList(merged, /*allowDynamic=*/false,
                                    /*withTrailingX=*/false)) {
        return {};
      }
    } else {
      if (parser.parseKeyword("ordered")) {
        return {};
      }
      ordered = true;
    }
  }
  if (parser.parseGreater()) {
    return {};
  }
  return parser.getChecked<BlockAttr>(loc, parser.getContext(), ArrayRef(sizes),
                                      inner, ArrayRef(merged), ordered);
}

void BlockAttr::print(AsmPrinter &printer) const {
  printer << "<";
  printSizes(printer, getSizes());
  if (getInner()) {
    printer << ", inner = " << getInner();
  }
  if (!getMerged().empty()) {
    printer << ", merged = ";
    printSizes(printer, getMerged());
  }
  if (getOrdered()) {
    printer << ", ordered";
  }
  printer << ">";
}

//===----------------------------------------------------------------------===//
// Verification
//===----------------------------------------------------------------------===//

LogicalResult BlockAttr::verify(EmitError emitError, ArrayRef<int64_t> sizes,
                                Attribute inner, ArrayRef<int64_t> merged,
                                bool) {
  // block_c1, block_c2
  if (failed(verifyTileSizes(sizes, "block", emitError))) {
    return failure();
  }
  // block_c3
  if (inner && !isa<NOfMAttr>(inner)) {
    return emitError() << "expected an inner encoding n_of_m, but got "
                       << inner;
  }
  if (merged.empty()) {
    return success();
  }
  // block_c11
  if (failed(verifyTileSizes(merged, "merged block", emitError))) {
    return failure();
  }
  // block_c12
  if (merged == sizes || merged[0] % sizes[0] != 0 ||
      merged[1] % sizes[1] != 0) {
    return emitError() << "expected merged sizes that are larger multiples of "
                       << sizes[0] << "x" << sizes[1] << ", but got "
                       << merged[0] << "x" << merged[1];
  }
  // block_c13: the inner axis counts the axes of one block.
  if (inner) {
    return emitError()
           << "expected no inner encoding in blocks that are merged, but got "
           << inner;
  }
  return success();
}

LogicalResult BlockAttr::verifyEncoding(ArrayRef<int64_t> shape,
                                        Type elementType,
                                        EmitError emitError) const {
  // block_c4
  if (shape.size() != 2 && shape.size() != 3) {
    return emitError() << "expected a tensor of rank 2 or 3, but got rank "
                       << shape.size();
  }
  // block_c5
  if (failed(verifyElementType(elementType, emitError))) {
    return failure();
  }
  // block_c7: the list of a batch begins at a number known at compile time.
  if (shape.size() == 3 && ShapedType::isDynamic(shape[1])) {
    return emitError()
           << "expected a static number of rows in a tensor of rank 3, but got "
           << RankedTensorType::get(shape, elementType);
  }
  // block_c10: matrices of a batch would share one order.
  if (getOrdered() && shape.size() != 2) {
    return emitError()
           << "expected a tensor of rank 2 for an ordered list, but got rank "
           << shape.size();
  }
  // block_c6: a block is a tensor that the inner encoding must accept.
  if (getInner()) {
    return cast<NOfMAttr>(getInner())
        .verifyEncoding(getSizes(), elementType, emitError);
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Answers
//===----------------------------------------------------------------------===//

static constexpr llvm::StringLiteral kOrderField = "order";

/// Rows of blocks of one matrix; dynamic if its rows are.
static int64_t getRowBlocks(BlockAttr encoding, RankedTensorType type) {
  return ceilDivExtent(type.getDimSize(type.getRank() - 2),
                       encoding.getStoredSizes()[0]);
}

Coverage BlockAttr::getCoverage(RankedTensorType type) const {
  if (type.getRank() == 2) {
    return Coverage::listed(/*groupDim=*/0, getStoredSizes()[0],
                            /*listedDim=*/1, getStoredSizes()[1]);
  }
  return Coverage::listed(Coverage::Batch{0, getRowBlocks(*this, type)},
                          /*groupDim=*/1, getStoredSizes()[0], /*listedDim=*/2,
                          getStoredSizes()[1]);
}

TileFormat BlockAttr::getTileFormat(RankedTensorType type) const {
  if (!getInner()) {
    return TileFormat::dense();
  }
  // The inner axis counts the axes of a block, the last two of the tensor.
  auto inner = cast<NOfMAttr>(getInner());
  return TileFormat::nOfM(inner.getN(), inner.getM(),
                          inner.getAxis() + type.getRank() - 2);
}

StorageLayout BlockAttr::getStorageLayout() const {
  return getInner() ? cast<NOfMAttr>(getInner()).getLayout()
                    : StorageLayout::RowMajor;
}

BindingTime BlockAttr::getBindingTime() const { return BindingTime::Pack; }

bool BlockAttr::hasPacker() const { return true; }

/// The length of `positions`: one more than the rows of blocks of all batches.
static int64_t getPositionCount(BlockAttr encoding, RankedTensorType type) {
  int64_t groups = getRowBlocks(encoding, type);
  if (type.getRank() == 3) {
    int64_t batches = type.getDimSize(0);
    if (ShapedType::isDynamic(batches) ||
        llvm::MulOverflow(groups, batches, groups)) {
      return ShapedType::kDynamic;
    }
  }
  return incrementExtent(groups);
}

SmallVector<StorageField> BlockAttr::getStorage(RankedTensorType type) const {
  SmallVector<StorageField> fields = {
      makeIndexField("positions", getPositionCount(*this, type), getContext()),
      makeIndexField("coordinates", ShapedType::kDynamic, getContext())};
  auto block = RankedTensorType::get(getStoredSizes(), type.getElementType());
  SmallVector<StorageField> blockFields =
      getInner() ? cast<NOfMAttr>(getInner()).getStorage(block)
                 : getDenseStorage(block);
  for (const StorageField &field : blockFields) {
    SmallVector<int64_t> shape = {ShapedType::kDynamic};
    llvm::append_range(shape, field.type.getShape());
    fields.push_back(makeField(field.name, shape, field.type.getElementType()));
  }
  if (getOrdered()) {
    fields.push_back(
        makeIndexField(kOrderField, getRowBlocks(*this, type), getContext()));
  }
  return fields;
}

StringRef BlockAttr::getOrderField(RankedTensorType) const {
  return getOrdered() ? StringRef(kOrderField) : StringRef();
}

Attribute BlockAttr::orderStorage(RankedTensorType type) const {
  return get(getContext(), getSizes(), getInner(), getMerged(),
             getOrdered() || type.getRank() == 2);
}

Attribute BlockAttr::mergeStorage(RankedTensorType, int64_t groups,
                                  int64_t entries) const {
  constexpr int64_t kMaxSize = 256;
  SmallVector<int64_t> merged = {std::lcm(getSizes()[0], groups),
                                 std::lcm(getSizes()[1], entries)};
  bool fits = merged[0] <= kMaxSize && merged[1] <= kMaxSize;
  if (getInner() || !getMerged().empty() || !fits ||
      getSizes() == ArrayRef<int64_t>(merged)) {
    return {};
  }
  return get(getContext(), getSizes(), getInner(), merged, getOrdered());
}

Attribute BlockAttr::getStoredDense(RankedTensorType) const {
  auto plain = get(getContext(), getSizes(), getInner());
  return StoredDenseAttr::get(getContext(), plain);
}

Attribute BlockAttr::permute(ArrayRef<int64_t> permutation) const {
  if (permutation.size() != 2 && permutation.size() != 3) {
    return {};
  }
  if (isIdentityPermutation(permutation)) {
    return *this;
  }
  // Batches are numbered by the outermost axis.
  if (!swapsLastTwoAxes(permutation)) {
    return {};
  }
  Attribute inner =
      getInner() ? cast<NOfMAttr>(getInner()).permute({1, 0}) : Attribute();
  SmallVector<int64_t> merged(llvm::reverse(getMerged()));
  return get(getContext(), {getSizes()[1], getSizes()[0]}, inner, merged,
             getOrdered());
}
