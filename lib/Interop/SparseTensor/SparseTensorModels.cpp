//===- SparseTensorModels.cpp - what sparse_tensor encodings answer -------===//
//
// The storage of a list is that of `sparse_tensor`: positions, coordinates,
// values, in its index widths (MLIR's SparseTensorStorageLayout.h); `block`
// differs from it in the shape of values and in those widths, so constants go
// through its packer. Of `structured` only the pattern is
// taken: MLIR stores a whole coordinate for each element.
//
//===----------------------------------------------------------------------===//

#include "sparsity/Interop/SparseTensor.h"

#include "Levels.h"

#include "sparsity/Dialect/Sparsity/IR/Sparsity.h"

#include "mlir/IR/DialectRegistry.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace mlir::sparsity;
using namespace mlir::sparsity::detail;
using sparse_tensor::SparseTensorEncodingAttr;
using EmitError = llvm::function_ref<InFlightDiagnostic()>;

//===----------------------------------------------------------------------===//
// As this project's encodings
//===----------------------------------------------------------------------===//

static std::optional<Levels> getLevels(Attribute attribute) {
  std::string problem;
  return sparsity::detail::readLevels(cast<SparseTensorEncodingAttr>(attribute),
                                      problem);
}

/// Swaps the last two elements.
static SmallVector<int64_t> swapLast(ArrayRef<int64_t> shape) {
  SmallVector<int64_t> swapped(shape);
  std::swap(swapped[shape.size() - 1], swapped[shape.size() - 2]);
  return swapped;
}

/// The tensor whose rows are the groups, under `block`.
static RankedTensorType getBlockType(const Levels &levels,
                                     RankedTensorType type) {
  SmallVector<int64_t> shape = levels.isTransposed()
                                   ? swapLast(type.getShape())
                                   : llvm::to_vector(type.getShape());
  return RankedTensorType::get(
      shape, type.getElementType(),
      BlockAttr::get(type.getContext(), {levels.groupSize, levels.listedSize},
                     Attribute()));
}

static NOfMAttr getNOfM(const Levels &levels, MLIRContext *context) {
  return NOfMAttr::get(context, levels.n, levels.m, levels.axis,
                       StorageLayout::RowMajor);
}

/// The constant with its last two axes exchanged.
static DenseElementsAttr transposeLast(DenseElementsAttr dense) {
  ShapedType type = dense.getType();
  auto swapped =
      RankedTensorType::get(swapLast(type.getShape()), type.getElementType());
  if (dense.isSplat()) {
    return dense.resizeSplat(swapped);
  }
  int64_t rows = swapped.getDimSize(type.getRank() - 1);
  int64_t columns = swapped.getDimSize(type.getRank() - 2);
  int64_t size = type.getElementTypeBitWidth() / 8;
  ArrayRef<char> source = dense.getRawData();
  SmallVector<char> target(source.size());
  int64_t matrix = rows * columns;
  for (int64_t i = 0, e = dense.getNumElements(); i < e; ++i) {
    int64_t row = i % matrix / columns, column = i % columns;
    int64_t at = i - i % matrix + column * rows + row;
    llvm::copy(source.slice(i * size, size), target.begin() + at * size);
  }
  return DenseElementsAttr::getFromRawBuffer(swapped, target);
}

/// An index that `width` bits do not hold, if there is one.
static std::optional<APInt> findWide(DenseElementsAttr indices,
                                     unsigned width) {
  for (const APInt &value : indices.getValues<APInt>()) {
    if (value.getSignificantBits() > width) {
      return value;
    }
  }
  return std::nullopt;
}

/// Indices in another width, which holds them.
static DenseElementsAttr toWidth(DenseElementsAttr indices, unsigned width) {
  return cast<DenseIntElementsAttr>(indices).mapValues(
      IntegerType::get(indices.getContext(), width),
      [&](const APInt &value) { return value.sextOrTrunc(width); });
}

//===----------------------------------------------------------------------===//
// Rules
//===----------------------------------------------------------------------===//

/// Index widths that a buffer is read with as they are.
static bool isTakenWidth(unsigned width) {
  return width == 0 || width == 32 || width == 64;
}

static LogicalResult verify(SparseTensorEncodingAttr encoding,
                            RankedTensorType type, EmitError emitError) {
  // sparse_tensor_c1
  if (encoding.isSlice()) {
    return emitError() << "expected dimensions without slices, but got "
                       << encoding;
  }
  // sparse_tensor_c2
  if (encoding.getExplicitVal()) {
    return emitError() << "expected stored values, but got the explicit value "
                       << encoding.getExplicitVal();
  }
  // sparse_tensor_c3
  std::string problem;
  std::optional<Levels> levels =
      sparsity::detail::readLevels(encoding, problem);
  if (!levels) {
    return emitError() << problem << " in " << encoding;
  }
  // sparse_tensor_c4
  for (unsigned width : {encoding.getPosWidth(), encoding.getCrdWidth()}) {
    if (levels->kind == Levels::Kind::List && !isTakenWidth(width)) {
      return emitError()
             << "expected widths of positions and coordinates among 0, 32, "
                "64, but got "
             << width;
    }
  }
  if (levels->kind == Levels::Kind::Dense) {
    return success();
  }
  // sparse_tensor_c5
  if (levels->kind == Levels::Kind::NOfM) {
    return getNOfM(*levels, encoding.getContext())
        .verifyEncoding(type.getShape(), type.getElementType(), emitError);
  }
  // sparse_tensor_c6
  if (failed(BlockAttr::verify(
          emitError, {levels->groupSize, levels->listedSize}, Attribute(),
          /*merged=*/{}, /*ordered=*/false))) {
    return failure();
  }
  RankedTensorType block = getBlockType(*levels, type);
  return cast<BlockAttr>(block.getEncoding())
      .verifyEncoding(block.getShape(), type.getElementType(), emitError);
}

//===----------------------------------------------------------------------===//
// Answers
//===----------------------------------------------------------------------===//

namespace {
struct SparseTensorModel
    : SparsityEncodingAttrInterface::ExternalModel<SparseTensorModel,
                                                   SparseTensorEncodingAttr> {
  LogicalResult verifyLowering(Attribute attribute, RankedTensorType type,
                               EmitError emitError) const {
    return verify(cast<SparseTensorEncodingAttr>(attribute), type, emitError);
  }

  Coverage getCoverage(Attribute attribute, RankedTensorType type) const;
  TileFormat getTileFormat(Attribute attribute, RankedTensorType type) const;
  SmallVector<StorageField> getStorage(Attribute attribute,
                                       RankedTensorType type) const;
  Attribute simplify(Attribute attribute, RankedTensorType type) const;
  FailureOr<SmallVector<DenseElementsAttr>>
  pack(Attribute attribute, RankedTensorType type, DenseElementsAttr dense,
       bool prune, EmitError emitError) const;
  LogicalResult verifyStorage(Attribute attribute, RankedTensorType type,
                              ArrayRef<DenseElementsAttr> fields,
                              EmitError emitError) const;

  BindingTime getBindingTime(Attribute attribute) const {
    std::optional<Levels> levels = getLevels(attribute);
    return levels && levels->kind == Levels::Kind::Dense ? BindingTime::Compile
                                                         : BindingTime::Pack;
  }
  bool hasPacker(Attribute attribute) const {
    std::optional<Levels> levels = getLevels(attribute);
    return levels && levels->kind != Levels::Kind::Dense;
  }
};
} // namespace

/// The groups of one matrix; dynamic if its extent is.
static int64_t countGroups(const Levels &levels, RankedTensorType type) {
  int64_t extent = type.getDimSize(levels.groupDim);
  return ShapedType::isDynamic(extent)
             ? extent
             : llvm::divideCeil(extent, levels.groupSize);
}

Coverage SparseTensorModel::getCoverage(Attribute attribute,
                                        RankedTensorType type) const {
  std::optional<Levels> levels = getLevels(attribute);
  if (!levels) {
    return Coverage::unknown();
  }
  if (levels->kind != Levels::Kind::List) {
    return Coverage::all();
  }
  if (!levels->batch) {
    return Coverage::listed(levels->groupDim, levels->groupSize,
                            levels->listedDim, levels->listedSize);
  }
  return Coverage::listed(
      Coverage::Batch{*levels->batch, countGroups(*levels, type)},
      levels->groupDim, levels->groupSize, levels->listedDim,
      levels->listedSize);
}

TileFormat SparseTensorModel::getTileFormat(Attribute attribute,
                                            RankedTensorType) const {
  std::optional<Levels> levels = getLevels(attribute);
  return levels && levels->kind == Levels::Kind::NOfM
             ? TileFormat::nOfM(levels->n, levels->m, levels->axis)
             : TileFormat::dense();
}

SmallVector<StorageField>
SparseTensorModel::getStorage(Attribute attribute,
                              RankedTensorType type) const {
  std::optional<Levels> levels = getLevels(attribute);
  if (!levels || levels->kind == Levels::Kind::Dense) {
    return getDenseStorage(type);
  }
  if (levels->kind == Levels::Kind::NOfM) {
    return getNOfM(*levels, type.getContext()).getStorage(type);
  }
  auto encoding = cast<SparseTensorEncodingAttr>(attribute);
  int64_t positions = countGroups(*levels, type);
  if (levels->batch && !ShapedType::isDynamic(positions)) {
    int64_t batches = type.getDimSize(*levels->batch);
    if (ShapedType::isDynamic(batches) ||
        llvm::MulOverflow(positions, batches, positions)) {
      positions = ShapedType::kDynamic;
    }
  }
  if (!ShapedType::isDynamic(positions)) {
    ++positions;
  }
  auto indexField = [&](StringRef name, int64_t extent, unsigned width) {
    auto element = IntegerType::get(type.getContext(), width == 0 ? 64 : width);
    return StorageField{name.str(), RankedTensorType::get({extent}, element)};
  };
  SmallVector<int64_t> values = {ShapedType::kDynamic};
  if (!levels->hasUnitEntries()) {
    values.append({levels->groupSize, levels->listedSize});
  }
  return {
      indexField("positions", positions, encoding.getPosWidth()),
      indexField("coordinates", ShapedType::kDynamic, encoding.getCrdWidth()),
      {"values", RankedTensorType::get(values, type.getElementType())}};
}

Attribute SparseTensorModel::simplify(Attribute attribute,
                                      RankedTensorType) const {
  std::optional<Levels> levels = getLevels(attribute);
  if (!levels || levels->kind == Levels::Kind::List) {
    return attribute;
  }
  if (levels->kind == Levels::Kind::Dense) {
    return {};
  }
  return getNOfM(*levels, attribute.getContext());
}

//===----------------------------------------------------------------------===//
// Constants
//===----------------------------------------------------------------------===//

FailureOr<SmallVector<DenseElementsAttr>>
SparseTensorModel::pack(Attribute attribute, RankedTensorType type,
                        DenseElementsAttr dense, bool prune,
                        EmitError emitError) const {
  if (failed(verifyLowering(attribute, type, emitError))) {
    return failure();
  }
  std::optional<Levels> levels = getLevels(attribute);
  if (levels->kind == Levels::Kind::Dense) {
    return SmallVector<DenseElementsAttr>{dense};
  }
  if (levels->kind == Levels::Kind::NOfM) {
    return getNOfM(*levels, type.getContext())
        .pack(type, dense, prune, emitError);
  }
  RankedTensorType block = getBlockType(*levels, type);
  FailureOr<SmallVector<DenseElementsAttr>> fields =
      getSparsityEncoding(block).pack(
          block, levels->isTransposed() ? transposeLast(dense) : dense, prune,
          emitError);
  if (failed(fields)) {
    return failure();
  }
  SmallVector<StorageField> storage = getStorage(attribute, type);
  for (unsigned i = 0; i < 2; ++i) {
    (*fields)[i] =
        toWidth((*fields)[i], storage[i].type.getElementTypeBitWidth());
  }
  if (levels->hasUnitEntries()) {
    DenseElementsAttr &values = fields->back();
    values = values.reshape(RankedTensorType::get({values.getNumElements()},
                                                  type.getElementType()));
  }
  return fields;
}

LogicalResult
SparseTensorModel::verifyStorage(Attribute attribute, RankedTensorType type,
                                 ArrayRef<DenseElementsAttr> fields,
                                 EmitError emitError) const {
  if (failed(verifyLowering(attribute, type, emitError))) {
    return failure();
  }
  std::optional<Levels> levels = getLevels(attribute);
  if (levels->kind == Levels::Kind::Dense) {
    return success();
  }
  if (levels->kind == Levels::Kind::NOfM) {
    return getNOfM(*levels, type.getContext())
        .verifyStorage(type, fields, emitError);
  }
  // sparse_tensor_c7: the rules of `block`, block_c8 and block_c9.
  SmallVector<DenseElementsAttr> narrow(fields);
  for (unsigned i = 0; i < 2; ++i) {
    if (std::optional<APInt> wide = findWide(fields[i], 32)) {
      return emitError() << "expected positions and coordinates in 32 bits, "
                            "but got "
                         << wide->getSExtValue();
    }
    narrow[i] = toWidth(fields[i], 32);
  }
  RankedTensorType block = getBlockType(*levels, type);
  int64_t entries = fields[2].getType().getDimSize(0);
  narrow[2] = narrow[2].reshape(RankedTensorType::get(
      {entries, levels->groupSize, levels->listedSize}, type.getElementType()));
  return getSparsityEncoding(block).verifyStorage(block, narrow, emitError);
}

void mlir::sparsity::registerSparseTensorModels(DialectRegistry &registry) {
  registry.insert<sparse_tensor::SparseTensorDialect>();
  registry.addExtension(
      +[](MLIRContext *context, sparse_tensor::SparseTensorDialect *) {
        // Its attributes are created here.
        context->loadDialect<SparsityDialect>();
        SparseTensorEncodingAttr::attachInterface<SparseTensorModel>(*context);
      });
}
