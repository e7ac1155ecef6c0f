//===- NOfM.cpp - at most n elements in each group of m -------------------===//

#include "EncodingUtils.h"

#include "sparsity/Target/Target.h"

using namespace mlir;
using namespace mlir::sparsity;
using namespace mlir::sparsity::detail;

/// Rows of a core_matrix block, and bytes of one compressed row of it.
static constexpr int64_t kBlockRows = 64;
static constexpr int64_t kBlockRowBytes = 64;

/// The pattern the sparse tensor cores take for elements of `bits` bits:
/// 1:2 for 32-bit, 2:4 for narrower ones (PTX ISA, "mma.sp", sparse matrix
/// storage).
static TileFormat getNativePattern(unsigned bits) {
  return bits == 32 ? TileFormat::nOfM(1, 2, 0) : TileFormat::nOfM(2, 4, 0);
}

static bool fitsPattern(int64_t n, int64_t m, const TileFormat &wide) {
  return wide.m % m == 0 && (wide.m / m) * n <= wide.n;
}

//===----------------------------------------------------------------------===//
// Assembly
//===----------------------------------------------------------------------===//

Attribute NOfMAttr::parse(AsmParser &parser, Type) {
  SMLoc loc = parser.getCurrentLocation();
  int64_t n = 0, m = 0, axis = 0;
  if (parser.parseLess() || parser.parseInteger(n) || parser.parseColon() ||
      parser.parseInteger(m) || parser.parseComma() ||
      parser.parseKeyword("axis") || parser.parseEqual() ||
      parser.parseInteger(axis)) {
    return {};
  }
  StorageLayout layout = StorageLayout::RowMajor;
  if (succeeded(parser.parseOptionalComma())) {
    StringRef keyword;
    if (parser.parseKeyword("layout") || parser.parseEqual()) {
      return {};
    }
    SMLoc layoutLoc = parser.getCurrentLocation();
    if (parser.parseKeyword(&keyword)) {
      return {};
    }
    std::optional<StorageLayout> parsed = symbolizeStorageLayout(keyword);
    // n_of_m_c7
    if (!parsed || *parsed == StorageLayout::Fragments) {
      parser.emitError(layoutLoc)
          << "expected a layout among row_major, core_matrix, but got "
          << keyword;
      return {};
    }
    layout = *parsed;
  }
  if (parser.parseGreater()) {
    return {};
  }
  return parser.getChecked<NOfMAttr>(loc, parser.getContext(), n, m, axis,
                                     layout);
}

void NOfMAttr::print(AsmPrinter &printer) const {
  printer << "<" << getN() << ":" << getM() << ", axis = " << getAxis();
  if (getLayout() != StorageLayout::RowMajor) {
    printer << ", layout = " << stringifyStorageLayout(getLayout());
  }
  printer << ">";
}

//===----------------------------------------------------------------------===//
// Verification
//===----------------------------------------------------------------------===//

LogicalResult NOfMAttr::verify(EmitError emitError, int64_t n, int64_t m,
                               int64_t axis, StorageLayout layout) {
  // n_of_m_c1
  if (n <= 0 || n >= m || m > 16) {
    return emitError() << "expected n:m with 0 < n < m <= 16, but got " << n
                       << ":" << m;
  }
  // n_of_m_c2
  if (axis < 0) {
    return emitError() << "expected axis >= 0, but got " << axis;
  }
  return success();
}

LogicalResult NOfMAttr::verifyEncoding(ArrayRef<int64_t> shape,
                                       Type elementType,
                                       EmitError emitError) const {
  // n_of_m_c3
  if (getAxis() >= static_cast<int64_t>(shape.size())) {
    return emitError() << "expected axis < rank " << shape.size()
                       << ", but got " << getAxis();
  }
  // n_of_m_c4
  if (failed(verifyElementType(elementType, emitError))) {
    return failure();
  }
  if (getLayout() != StorageLayout::CoreMatrix) {
    return success();
  }
  // n_of_m_c5
  if (shape.size() != 2 || ShapedType::isDynamicShape(shape)) {
    return emitError() << "expected a static shape of rank 2 for layout "
                          "core_matrix, but got "
                       << RankedTensorType::get(shape, elementType);
  }
  // n_of_m_c6
  TileFormat native = getNativePattern(elementType.getIntOrFloatBitWidth());
  if (!fitsPattern(getN(), getM(), native)) {
    return emitError() << "expected a pattern that fits " << native.n << ":"
                       << native.m << " for layout core_matrix of "
                       << elementType << ", but got " << getN() << ":"
                       << getM();
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Answers
//===----------------------------------------------------------------------===//

Coverage NOfMAttr::getCoverage(RankedTensorType) const {
  return Coverage::all();
}

TileFormat NOfMAttr::getTileFormat(RankedTensorType) const {
  return TileFormat::nOfM(getN(), getM(), getAxis());
}

BindingTime NOfMAttr::getBindingTime() const { return BindingTime::Pack; }

bool NOfMAttr::hasPacker() const { return true; }

StorageLayout NOfMAttr::getStorageLayout() const { return getLayout(); }

/// [k blocks][row blocks][64 rows][64 bytes]; a block's metadata is 128 words,
/// or 256 for 8-bit elements, whose 2:4 groups are twice as many.
static SmallVector<StorageField> getCoreMatrixStorage(NOfMAttr encoding,
                                                      RankedTensorType type) {
  int64_t bytes = type.getElementTypeBitWidth() / 8;
  TileFormat native = getNativePattern(type.getElementTypeBitWidth());
  int64_t stored = kBlockRowBytes / bytes;
  int64_t k = stored / native.n * native.m;
  int64_t kBlocks = ceilDivExtent(type.getDimSize(encoding.getAxis()), k);
  int64_t rowBlocks =
      ceilDivExtent(type.getDimSize(1 - encoding.getAxis()), kBlockRows);
  int64_t words = bytes == 1 ? 256 : 128;
  return {makeField("values", {kBlocks, rowBlocks, kBlockRows, stored},
                    type.getElementType()),
          makeField("metadata", {kBlocks, rowBlocks, words},
                    IntegerType::get(type.getContext(), 32))};
}

SmallVector<StorageField> NOfMAttr::getStorage(RankedTensorType type) const {
  if (getLayout() == StorageLayout::CoreMatrix) {
    return getCoreMatrixStorage(*this, type);
  }
  SmallVector<int64_t> values, metadata;
  for (auto [index, extent] : llvm::enumerate(type.getShape())) {
    if (static_cast<int64_t>(index) != getAxis()) {
      values.push_back(extent);
      metadata.push_back(extent);
    }
  }
  int64_t extent = type.getDimSize(getAxis());
  if (ShapedType::isDynamic(extent)) {
    values.push_back(extent);
    metadata.push_back(extent);
  } else {
    TileFormat format = getTileFormat(type);
    int64_t stored = format.storedExtent(extent);
    values.push_back(stored);
    metadata.push_back(ceilDivExtent(stored, 8 / format.indexBits()));
  }
  return {makeField("values", values, type.getElementType()),
          makeField("metadata", metadata, IntegerType::get(getContext(), 8))};
}

Attribute NOfMAttr::resolveStorage(RankedTensorType type,
                                   TileTargetAttrInterface target) const {
  StorageLayout layout = StorageLayout::RowMajor;
  MultiplyType multiplyType;
  // Asked only for a tensor that an instruction takes compressed; for f32 that
  // is the TF32 one.
  if (type.getRank() == 2 && type.hasStaticShape() &&
      getMultiplyType(type.getElementType(), /*allowTF32=*/true,
                      multiplyType) &&
      target.getTargetInfo().findInstruction(multiplyType,
                                             getTileFormat(type))) {
    layout = StorageLayout::CoreMatrix;
  }
  return get(getContext(), getN(), getM(), getAxis(), layout);
}

Attribute NOfMAttr::getStoredDense(RankedTensorType) const {
  auto plain = get(getContext(), getN(), getM(), getAxis());
  return StoredDenseAttr::get(getContext(), plain);
}

Attribute NOfMAttr::permute(ArrayRef<int64_t> permutation) const {
  const int64_t *axis = llvm::find(permutation, getAxis());
  if (axis == permutation.end()) {
    return {};
  }
  return get(getContext(), getN(), getM(), axis - permutation.begin(),
             getLayout());
}
