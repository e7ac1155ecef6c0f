//===- Block.cpp - a list of dense or n:m blocks --------------------------===//

#include "EncodingUtils.h"

using namespace mlir;
using namespace mlir::sparsity;
using namespace mlir::sparsity::detail;

//===----------------------------------------------------------------------===//
// Assembly
//===----------------------------------------------------------------------===//

Attribute BlockAttr::parse(AsmParser &parser, Type) {
  SMLoc loc = parser.getCurrentLocation();
  SmallVector<int64_t> sizes;
  Attribute inner;
  if (parser.parseLess() ||
      parser.parseDimensionList(sizes, /*allowDynamic=*/false,
                                /*withTrailingX=*/false)) {
    return {};
  }
  if (succeeded(parser.parseOptionalComma()) &&
      (parser.parseKeyword("inner") || parser.parseEqual() ||
       parser.parseAttribute(inner))) {
    return {};
  }
  if (parser.parseGreater()) {
    return {};
  }
  return parser.getChecked<BlockAttr>(loc, parser.getContext(), ArrayRef(sizes),
                                      inner);
}

void BlockAttr::print(AsmPrinter &printer) const {
  printer << "<";
  printSizes(printer, getSizes());
  if (getInner()) {
    printer << ", inner = " << getInner();
  }
  printer << ">";
}

//===----------------------------------------------------------------------===//
// Verification
//===----------------------------------------------------------------------===//

LogicalResult BlockAttr::verify(EmitError emitError, ArrayRef<int64_t> sizes,
                                Attribute inner) {
  // block_c1, block_c2
  if (failed(verifyTileSizes(sizes, "block", emitError))) {
    return failure();
  }
  // block_c3
  if (inner && !isa<NOfMAttr>(inner)) {
    return emitError() << "expected an inner encoding n_of_m, but got "
                       << inner;
  }
  return success();
}

LogicalResult BlockAttr::verifyEncoding(ArrayRef<int64_t> shape,
                                        Type elementType,
                                        EmitError emitError) const {
  // block_c4, block_c5
  if (failed(verifyRank(shape, 2, emitError)) ||
      failed(verifyElementType(elementType, emitError))) {
    return failure();
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

Coverage BlockAttr::getCoverage(RankedTensorType) const {
  return Coverage::listed(/*groupDim=*/0, getSizes()[0], /*listedDim=*/1,
                          getSizes()[1]);
}

TileFormat BlockAttr::getTileFormat(RankedTensorType type) const {
  return getInner() ? cast<NOfMAttr>(getInner()).getTileFormat(type)
                    : TileFormat::dense();
}

StorageLayout BlockAttr::getStorageLayout() const {
  return getInner() ? cast<NOfMAttr>(getInner()).getLayout()
                    : StorageLayout::RowMajor;
}

BindingTime BlockAttr::getBindingTime() const { return BindingTime::Pack; }

SmallVector<StorageField> BlockAttr::getStorage(RankedTensorType type) const {
  int64_t rowBlocks = ceilDivExtent(type.getDimSize(0), getSizes()[0]);
  SmallVector<StorageField> fields = {
      makeIndexField("positions", incrementExtent(rowBlocks), getContext()),
      makeIndexField("coordinates", ShapedType::kDynamic, getContext())};
  auto block = RankedTensorType::get(getSizes(), type.getElementType());
  SmallVector<StorageField> blockFields =
      getInner() ? cast<NOfMAttr>(getInner()).getStorage(block)
                 : getDenseStorage(block);
  for (const StorageField &field : blockFields) {
    SmallVector<int64_t> shape = {ShapedType::kDynamic};
    llvm::append_range(shape, field.type.getShape());
    fields.push_back(makeField(field.name, shape, field.type.getElementType()));
  }
  return fields;
}

Attribute BlockAttr::permute(ArrayRef<int64_t> permutation) const {
  if (permutation.size() != 2) {
    return {};
  }
  if (isIdentityPermutation(permutation)) {
    return *this;
  }
  Attribute inner = getInner() ? cast<NOfMAttr>(getInner()).permute(permutation)
                               : Attribute();
  return get(getContext(), {getSizes()[1], getSizes()[0]}, inner);
}
