//===- SparseTile.cpp - types, attributes and ops of the schedule ---------===//

#include "sparsity/Dialect/SparseTile/IR/SparseTile.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace mlir::sparse_tile;

#include "sparsity/Dialect/SparseTile/IR/SparseTileDialect.cpp.inc"

#define GET_ATTRDEF_CLASSES
#include "sparsity/Dialect/SparseTile/IR/SparseTileAttrs.cpp.inc"

#define GET_TYPEDEF_CLASSES
#include "sparsity/Dialect/SparseTile/IR/SparseTileTypes.cpp.inc"

#define GET_OP_CLASSES
#include "sparsity/Dialect/SparseTile/IR/SparseTileOps.cpp.inc"

void SparseTileDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "sparsity/Dialect/SparseTile/IR/SparseTileAttrs.cpp.inc"
      >();
  addTypes<
#define GET_TYPEDEF_LIST
#include "sparsity/Dialect/SparseTile/IR/SparseTileTypes.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "sparsity/Dialect/SparseTile/IR/SparseTileOps.cpp.inc"
      >();
}

//===----------------------------------------------------------------------===//
// Attributes and types
//===----------------------------------------------------------------------===//

LogicalResult ConfigAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                 ArrayRef<int64_t> tile,
                                 ArrayRef<int64_t> warps, int64_t stages,
                                 int64_t raster, bool swap, StringRef multiply,
                                 StringRef instruction, bool sparse,
                                 int64_t cluster, int64_t splits) {
  auto notPositive = [](int64_t value) { return value <= 0; };
  if (tile.size() != 3 || llvm::any_of(tile, notPositive)) {
    return emitError() << "expected three positive tile extents, but got ["
                       << tile << "]";
  }
  if (warps.size() != 2 || llvm::any_of(warps, notPositive)) {
    return emitError() << "expected two positive warp counts, but got ["
                       << warps << "]";
  }
  if (stages < 1) {
    return emitError() << "expected at least 1 stage, but got " << stages;
  }
  if (raster < 1) {
    return emitError() << "expected a raster of at least 1, but got " << raster;
  }
  constexpr int64_t kPortableCluster = 8;
  if (cluster < 1 || splits < 1 || cluster * splits > kPortableCluster ||
      (cluster > 1 && splits > 1)) {
    return emitError() << "expected a cluster or splits between 1 and "
                       << kPortableCluster << ", not both, but got " << cluster
                       << " and " << splits;
  }
  return success();
}

Type TileType::parse(AsmParser &parser) {
  SmallVector<int64_t> shape;
  Type elementType;
  sparsity::TileFormatAttr format;
  if (parser.parseLess() ||
      parser.parseDimensionList(shape, /*allowDynamic=*/false) ||
      parser.parseType(elementType)) {
    return {};
  }
  if (succeeded(parser.parseOptionalComma()) && parser.parseAttribute(format)) {
    return {};
  }
  if (parser.parseGreater()) {
    return {};
  }
  return get(parser.getContext(), shape, elementType, format);
}

void TileType::print(AsmPrinter &printer) const {
  printer << "<";
  for (int64_t extent : getShape()) {
    printer << extent << "x";
  }
  printer << getElementType();
  if (getFormat()) {
    printer << ", " << getFormat();
  }
  printer << ">";
}

//===----------------------------------------------------------------------===//
// Verifiers
//===----------------------------------------------------------------------===//

/// Static and dynamic extents may differ: what is known of an operand's shape
/// can grow after the body was built.
static bool isSameBuffer(Type argument, Type operand) {
  auto left = dyn_cast<RankedTensorType>(argument);
  auto right = dyn_cast<RankedTensorType>(operand);
  if (!left || !right) {
    return argument == operand;
  }
  return left.getElementType() == right.getElementType() &&
         left.getEncoding() == right.getEncoding() &&
         succeeded(verifyCompatibleShape(left, right));
}

/// kOrderAttrName, which names an input by its position.
static LogicalResult verifyOrder(ForallOp forall) {
  Attribute attribute = forall->getAttr(kOrderAttrName);
  if (!attribute) {
    return success();
  }
  auto order = dyn_cast<DenseI64ArrayAttr>(attribute);
  if (order && order.size() == 2 && order[1] > 0 && order[0] >= 0 &&
      order[0] < static_cast<int64_t>(forall.getInputs().size())) {
    auto type = dyn_cast<ShapedType>(forall.getInputs()[order[0]].getType());
    if (type && type.getRank() == 1 && type.getElementType().isInteger(32)) {
      return success();
    }
  }
  return forall.emitOpError("expected ")
         << kOrderAttrName
         << " with the position of an input of rank 1 and type i32, and a "
            "positive number of rows, but got "
         << attribute;
}

LogicalResult ForallOp::verify() {
  if (getNumParallel() < 2) {
    return emitOpError("expected at least two parallel dimensions, but got ")
           << getNumParallel();
  }
  for (int64_t extent : getTile()) {
    if (extent <= 0) {
      return emitOpError("expected positive tile extents, but got ") << extent;
    }
  }
  if (failed(verifyOrder(*this))) {
    return failure();
  }
  if (getSizes().size() < getNumParallel()) {
    return emitOpError("expected a size for each of ")
           << getNumParallel() << " parallel dimensions, but got "
           << getSizes().size();
  }
  size_t expected = getNumParallel() + getSizes().size() + getInputs().size() +
                    getOutputs().size();
  if (getBody().getNumArguments() != expected) {
    return emitOpError("expected ") << expected << " block arguments, but got "
                                    << getBody().getNumArguments();
  }
  for (BlockArgument argument : getBody().getArguments().take_front(
           getNumParallel() + getSizes().size())) {
    if (!argument.getType().isIndex()) {
      return emitOpError("expected block argument #")
             << argument.getArgNumber() << " of type index, but got "
             << argument.getType();
    }
  }
  for (auto [argument, operand] :
       llvm::zip_equal(getInputArgs(), getInputs())) {
    if (!isSameBuffer(argument.getType(), operand.getType())) {
      return emitOpError("expected block argument #")
             << argument.getArgNumber() << " of type " << operand.getType()
             << ", but got " << argument.getType();
    }
  }
  for (auto [argument, operand] :
       llvm::zip_equal(getOutputArgs(), getOutputs())) {
    if (!isSameBuffer(argument.getType(), operand.getType())) {
      return emitOpError("expected block argument #")
             << argument.getArgNumber() << " of type " << operand.getType()
             << ", but got " << argument.getType();
    }
  }
  auto tensors = llvm::make_filter_range(getOutputs(), [](Value output) {
    return isa<RankedTensorType>(output.getType());
  });
  if (!llvm::equal(ValueRange(llvm::to_vector(tensors)).getTypes(),
                   getResults().getTypes())) {
    return emitOpError("expected one result per output tensor, of its type");
  }
  return success();
}

LogicalResult PipelineOp::verify() {
  if (getStep() <= 0) {
    return emitOpError("expected a positive step, but got ") << getStep();
  }
  if (getStages() < 1) {
    return emitOpError("expected at least 1 stage, but got ") << getStages();
  }
  Block &load = getLoad().front();
  if (load.getNumArguments() != 1 || !load.getArgument(0).getType().isIndex()) {
    return emitOpError("expected the load region to take one index");
  }
  if (!getInits().empty() &&
      !llvm::equal(getInits().getTypes(), getAccumulators().getTypes())) {
    return emitOpError("expected no or one initial tile per accumulator, of "
                       "its type");
  }
  auto loaded = dyn_cast<YieldOp>(load.getTerminator());
  auto computed = dyn_cast<YieldOp>(getCompute().front().getTerminator());
  if (!loaded || !computed) {
    return emitOpError("expected both regions to end with a yield");
  }
  for (Type type : loaded.getValues().getTypes()) {
    if (!isa<TileType>(type)) {
      return emitOpError("expected the load region to yield tiles, but got ")
             << type;
    }
  }
  SmallVector<Type> arguments(loaded.getValues().getTypes());
  llvm::append_range(arguments, getAccumulators().getTypes());
  if (getCompute().front().getNumArguments() == arguments.size() + 1) {
    arguments.push_back(IndexType::get(getContext()));
  }
  if (!llvm::equal(getCompute().front().getArgumentTypes(), arguments)) {
    return emitOpError(
        "expected the compute region to take the loaded tiles, then the "
        "accumulators, then no or one index");
  }
  if (!llvm::equal(computed.getValues().getTypes(),
                   getAccumulators().getTypes())) {
    return emitOpError("expected the compute region to yield the accumulators");
  }
  return success();
}

/// The positions an `at` region takes and the indices and the flag it yields;
/// `indices` is -1 for any number.
static LogicalResult verifyAt(Operation *op, Region &at, unsigned positions,
                              int64_t indices) {
  Block &block = at.front();
  auto isIndex = [](Type type) { return type.isIndex(); };
  if (block.getNumArguments() != positions ||
      !llvm::all_of(block.getArgumentTypes(), isIndex)) {
    return op->emitOpError("expected the at region to take ")
           << positions << " positions of type index";
  }
  auto yield = dyn_cast<YieldOp>(block.getTerminator());
  if (!yield || yield.getValues().empty() ||
      !yield.getValues().back().getType().isInteger(1) ||
      !llvm::all_of(yield.getValues().drop_back().getTypes(), isIndex) ||
      (indices >= 0 &&
       static_cast<int64_t>(yield.getValues().size()) != indices + 1)) {
    return op->emitOpError("expected the at region to yield ")
           << (indices < 0 ? std::string("indices") : std::to_string(indices))
           << (indices < 0 ? "" : " indices") << " and an i1";
  }
  return success();
}

LogicalResult LoadOp::verify() {
  if (getSources().empty()) {
    return emitOpError("expected at least one source, but got none");
  }
  TileType tile = getTile().getType();
  if (getDims().size() != tile.getShape().size()) {
    return emitOpError("expected ")
           << tile.getShape().size()
           << " dims, one per tile dimension, but got " << getDims().size();
  }
  if (isGather()) {
    auto runs = getRuns();
    if (getIndices().size() != 2 || getDims()[0] != 0 || getDims()[1] != 1) {
      return emitOpError("expected the two positions of a gathered tile");
    }
    if (runs && (runs->size() != 2 || (*runs)[0] < 1 || (*runs)[1] < 1)) {
      return emitOpError("expected two positive runs, but got [")
             << *runs << "]";
    }
    int64_t indices =
        tile.getFormat()
            ? -1
            : cast<ShapedType>(getSources().front().getType()).getRank();
    return verifyAt(*this, getAt(), 2, indices);
  }
  int64_t rank = getIndices().size();
  if (!tile.getFormat()) {
    auto source = cast<ShapedType>(getSources().front().getType());
    if (source.getRank() != rank) {
      return emitOpError("expected ")
             << source.getRank() << " indices, but got " << rank;
    }
    if (source.getElementType() != tile.getElementType()) {
      return emitOpError("expected a tile of ")
             << source.getElementType() << ", but got "
             << tile.getElementType();
    }
  }
  for (int64_t dim : getDims()) {
    if (dim < -1 || dim >= rank) {
      return emitOpError("expected dims between -1 and ")
             << rank - 1 << ", but got " << dim;
    }
  }
  return success();
}

LogicalResult MmaOp::verify() {
  ArrayRef<int64_t> a = getA().getType().getShape();
  ArrayRef<int64_t> b = getB().getType().getShape();
  ArrayRef<int64_t> c = getAccumulator().getType().getShape();
  if (a.size() != 2 || b.size() != 2 || c.size() != 2 || a[1] != b[1] ||
      a[0] != c[0] || b[0] != c[1]) {
    return emitOpError("expected tiles r x k, c x k and r x c, but got ")
           << getA().getType() << ", " << getB().getType() << " and "
           << getAccumulator().getType();
  }
  return success();
}

LogicalResult MaskOp::verify() {
  if (getDims().size() != getTile().getType().getShape().size()) {
    return emitOpError("expected ")
           << getTile().getType().getShape().size()
           << " dims, one per tile dimension, but got " << getDims().size();
  }
  int64_t rank = getIndices().size();
  for (int64_t dim : getDims()) {
    if (dim < -1 || dim >= rank) {
      return emitOpError("expected dims between -1 and ")
             << rank - 1 << ", but got " << dim;
    }
  }
  for (Attribute attribute : getPredicate()) {
    auto set = dyn_cast<IntegerSetAttr>(attribute);
    if (!set || set.getValue().getNumDims() != rank ||
        set.getValue().getNumSymbols() != 0) {
      return emitOpError("expected affine sets over ")
             << rank << " dimensions, but got " << attribute;
    }
  }
  return success();
}

LogicalResult ExpandOp::verify() {
  TileType from = getTile().getType(), to = getResult().getType();
  if (!from.getFormat() || to.getFormat() || from.getShape() != to.getShape() ||
      from.getElementType() != to.getElementType()) {
    return emitOpError(
               "expected a tile with a format and the same tile without, but "
               "got ")
           << from << " and " << to;
  }
  return success();
}

LogicalResult StoreOp::verify() {
  auto forall = (*this)->getParentOfType<ForallOp>();
  if (!forall) {
    return emitOpError("expected to be inside a sparse_tile.forall");
  }
  if (isScatter() &&
      failed(verifyAt(*this, getAt(), forall.getNumParallel(), -1))) {
    return failure();
  }
  unsigned parallel = getNumIndices();
  if (getMaps().size() != getInputs().size() + getOutputs().size()) {
    return emitOpError("expected a map per input and output, but got ")
           << getMaps().size() << " maps";
  }
  for (AffineMap map : getMaps().getAsValueRange<AffineMapAttr>()) {
    if (map.getNumDims() != parallel) {
      return emitOpError("expected maps of ")
             << parallel << " dimensions, but got " << map.getNumDims();
    }
  }
  Block &body = getBody().front();
  if (body.getNumArguments() !=
      parallel + getTiles().size() + getInputs().size()) {
    return emitOpError("expected ")
           << parallel + getTiles().size() + getInputs().size()
           << " block arguments, but got " << body.getNumArguments();
  }
  auto yield = cast<YieldOp>(body.getTerminator());
  if (yield.getValues().size() != getOutputs().size()) {
    return emitOpError("expected ")
           << getOutputs().size() << " yielded values, but got "
           << yield.getValues().size();
  }
  for (auto [value, output] :
       llvm::zip_equal(yield.getValues(), getOutputs())) {
    if (value.getType() !=
        cast<ShapedType>(output.getType()).getElementType()) {
      return emitOpError("expected to yield ")
             << cast<ShapedType>(output.getType()).getElementType()
             << ", but got " << value.getType();
    }
  }
  return success();
}
