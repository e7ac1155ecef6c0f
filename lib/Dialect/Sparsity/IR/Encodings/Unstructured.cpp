//===- Unstructured.cpp - occupied tiles with a bitmap each ---------------===//

#include "EncodingUtils.h"

using namespace mlir;
using namespace mlir::sparsity;
using namespace mlir::sparsity::detail;

/// 64x64 bits are 512 bytes of bitmap: one 16-byte load for each lane of a
/// warp.
static constexpr int64_t kDefaultTile[] = {64, 64};

Attribute UnstructuredAttr::parse(AsmParser &parser, Type) {
  SMLoc loc = parser.getCurrentLocation();
  SmallVector<int64_t> tile = llvm::to_vector(ArrayRef<int64_t>(kDefaultTile));
  if (succeeded(parser.parseOptionalLess())) {
    tile.clear();
    if (parser.parseKeyword("tile") || parser.parseEqual() ||
        parser.parseDimensionList(tile, /*allowDynamic=*/false,
                                  /*withTrailingX=*/false) ||
        parser.parseGreater()) {
      return {};
    }
  }
  return parser.getChecked<UnstructuredAttr>(loc, parser.getContext(),
                                             ArrayRef(tile));
}

void UnstructuredAttr::print(AsmPrinter &printer) const {
  if (getTile() != ArrayRef<int64_t>(kDefaultTile)) {
    printer << "<tile = ";
    printSizes(printer, getTile());
    printer << ">";
  }
}

LogicalResult UnstructuredAttr::verify(EmitError emitError,
                                       ArrayRef<int64_t> tile) {
  // unstructured_c1, unstructured_c2
  if (failed(verifyTileSizes(tile, "tile", emitError))) {
    return failure();
  }
  // unstructured_c3
  if (tile[0] * tile[1] % 64 != 0) {
    return emitError()
           << "expected a tile whose size is a multiple of 64 elements, "
              "but got "
           << tile[0] << "x" << tile[1];
  }
  return success();
}

LogicalResult UnstructuredAttr::verifyEncoding(ArrayRef<int64_t> shape,
                                               Type elementType,
                                               EmitError emitError) const {
  // unstructured_c4, unstructured_c5
  return failure(failed(verifyRank(shape, 2, emitError)) ||
                 failed(verifyElementType(elementType, emitError)));
}

Coverage UnstructuredAttr::getCoverage(RankedTensorType) const {
  return Coverage::listed(/*groupDim=*/0, getTile()[0], /*listedDim=*/1,
                          getTile()[1]);
}

TileFormat UnstructuredAttr::getTileFormat(RankedTensorType) const {
  return TileFormat::bitmap(getTile()[0], getTile()[1]);
}

BindingTime UnstructuredAttr::getBindingTime() const {
  return BindingTime::Pack;
}

bool UnstructuredAttr::hasPacker() const { return true; }

SmallVector<StorageField>
UnstructuredAttr::getStorage(RankedTensorType type) const {
  int64_t rowTiles = ceilDivExtent(type.getDimSize(0), getTile()[0]);
  int64_t words = getTile()[0] * getTile()[1] / 64;
  return {makeIndexField("positions", incrementExtent(rowTiles), getContext()),
          makeIndexField("coordinates", ShapedType::kDynamic, getContext()),
          makeField("bitmap", {ShapedType::kDynamic, words},
                    IntegerType::get(getContext(), 64)),
          makeField("offsets", {ShapedType::kDynamic, words},
                    IntegerType::get(getContext(), 32)),
          makeField("values", {ShapedType::kDynamic}, type.getElementType())};
}

Attribute UnstructuredAttr::getStoredDense(RankedTensorType) const {
  return StoredDenseAttr::get(getContext(), *this);
}

Attribute UnstructuredAttr::permute(ArrayRef<int64_t> permutation) const {
  if (permutation.size() != 2) {
    return {};
  }
  if (isIdentityPermutation(permutation)) {
    return *this;
  }
  return get(getContext(), {getTile()[1], getTile()[0]});
}
