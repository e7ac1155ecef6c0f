//===- Unstructured.cpp - occupied tiles with a bitmap each ---------------===//

#include "EncodingUtils.h"

#include "sparsity/Target/Target.h"

using namespace mlir;
using namespace mlir::sparsity;
using namespace mlir::sparsity::detail;

/// 64x64 bits are 512 bytes of bitmap: one 16-byte load for each lane of a
/// warp.
static constexpr int64_t kDefaultTile[] = {64, 64};
/// The registers of a matrix instruction's A hold two elements of 16 bits each.
static constexpr unsigned kFragmentBits = 16;

/// `layout = <keyword>`, whose first word was parsed.
static ParseResult parseLayout(AsmParser &parser, StorageLayout &layout) {
  StringRef keyword;
  if (parser.parseEqual()) {
    return failure();
  }
  SMLoc loc = parser.getCurrentLocation();
  if (parser.parseKeyword(&keyword)) {
    return failure();
  }
  std::optional<StorageLayout> parsed = symbolizeStorageLayout(keyword);
  // unstructured_c8
  if (!parsed || *parsed == StorageLayout::CoreMatrix) {
    return parser.emitError(loc)
           << "expected a layout among row_major, fragments, but got "
           << keyword;
  }
  layout = *parsed;
  return success();
}

Attribute UnstructuredAttr::parse(AsmParser &parser, Type) {
  SMLoc loc = parser.getCurrentLocation();
  SmallVector<int64_t> tile = llvm::to_vector(ArrayRef<int64_t>(kDefaultTile));
  StorageLayout layout = StorageLayout::RowMajor;
  if (succeeded(parser.parseOptionalLess())) {
    bool more = true;
    if (succeeded(parser.parseOptionalKeyword("tile"))) {
      tile.clear();
      if (parser.parseEqual() ||
          parser.parseDimensionList(tile, /*allowDynamic=*/false,
                                    /*withTrailingX=*/false)) {
        return {};
      }
      more = succeeded(parser.parseOptionalComma());
    }
    if ((more &&
         (parser.parseKeyword("layout") || parseLayout(parser, layout))) ||
        parser.parseGreater()) {
      return {};
    }
  }
  return parser.getChecked<UnstructuredAttr>(loc, parser.getContext(),
                                             ArrayRef(tile), layout);
}

void UnstructuredAttr::print(AsmPrinter &printer) const {
  bool tile = getTile() != ArrayRef<int64_t>(kDefaultTile);
  bool layout = getLayout() != StorageLayout::RowMajor;
  if (!tile && !layout) {
    return;
  }
  printer << "<";
  if (tile) {
    printer << "tile = ";
    printSizes(printer, getTile());
  }
  if (layout) {
    printer << (tile ? ", " : "")
            << "layout = " << stringifyStorageLayout(getLayout());
  }
  printer << ">";
}

LogicalResult UnstructuredAttr::verify(EmitError emitError,
                                       ArrayRef<int64_t> tile,
                                       StorageLayout layout) {
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
  // unstructured_c9
  if (layout == StorageLayout::Fragments &&
      tile != ArrayRef<int64_t>(kDefaultTile)) {
    return emitError() << "expected a tile of 64x64 for layout fragments, but "
                          "got "
                       << tile[0] << "x" << tile[1];
  }
  return success();
}

LogicalResult UnstructuredAttr::verifyEncoding(ArrayRef<int64_t> shape,
                                               Type elementType,
                                               EmitError emitError) const {
  // unstructured_c4, unstructured_c5
  if (failed(verifyRank(shape, 2, emitError)) ||
      failed(verifyElementType(elementType, emitError))) {
    return failure();
  }
  // unstructured_c10
  if (getLayout() == StorageLayout::Fragments &&
      elementType.getIntOrFloatBitWidth() != kFragmentBits) {
    return emitError() << "expected elements of 16 bits for layout fragments, "
                          "but got "
                       << elementType;
  }
  return success();
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

StorageLayout UnstructuredAttr::getStorageLayout() const { return getLayout(); }

Attribute
UnstructuredAttr::resolveStorage(RankedTensorType type,
                                 TileTargetAttrInterface target) const {
  StorageLayout layout = StorageLayout::RowMajor;
  MultiplyType multiplyType;
  if (type.getElementTypeBitWidth() == kFragmentBits &&
      getMultiplyType(type.getElementType(), /*allowTF32=*/false,
                      multiplyType) &&
      target.getTargetInfo().findInstruction(multiplyType, getTileFormat(type),
                                             /*warpgroup=*/true)) {
    layout = StorageLayout::Fragments;
  }
  return get(getContext(), getTile(), layout);
}

SmallVector<StorageField>
UnstructuredAttr::getStorage(RankedTensorType type) const {
  int64_t rowTiles = ceilDivExtent(type.getDimSize(0), getTile()[0]);
  if (getLayout() == StorageLayout::Fragments) {
    return {
        makeIndexField("positions", incrementExtent(rowTiles), getContext()),
        makeIndexField("coordinates", ShapedType::kDynamic, getContext()),
        makeIndexField("offsets", ShapedType::kDynamic, getContext()),
        makeField("values", {ShapedType::kDynamic}, type.getElementType())};
  }
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
  // A register's two elements are neighbours in a row.
  if (getLayout() == StorageLayout::Fragments) {
    return {};
  }
  return get(getContext(), {getTile()[1], getTile()[0]});
}
