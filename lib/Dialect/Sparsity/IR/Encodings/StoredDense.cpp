//===- StoredDense.cpp - weights of a pattern in one dense buffer ---------===//

#include "EncodingUtils.h"

using namespace mlir;
using namespace mlir::sparsity;
using namespace mlir::sparsity::detail;

static SparsityEncodingAttrInterface getInnerEncoding(StoredDenseAttr attr) {
  return cast<SparsityEncodingAttrInterface>(attr.getInner());
}

Attribute StoredDenseAttr::parse(AsmParser &parser, Type) {
  SMLoc loc = parser.getCurrentLocation();
  Attribute inner;
  if (parser.parseLess() || parser.parseAttribute(inner) ||
      parser.parseGreater()) {
    return {};
  }
  return parser.getChecked<StoredDenseAttr>(loc, parser.getContext(), inner);
}

void StoredDenseAttr::print(AsmPrinter &printer) const {
  printer << "<" << getInner() << ">";
}

LogicalResult StoredDenseAttr::verify(EmitError emitError, Attribute inner) {
  // stored_dense_c1
  if (!isa<NOfMAttr, BlockAttr, UnstructuredAttr>(inner)) {
    return emitError() << "expected an inner encoding among n_of_m, block, "
                          "unstructured, but got "
                       << inner;
  }
  return success();
}

LogicalResult StoredDenseAttr::verifyEncoding(ArrayRef<int64_t> shape,
                                              Type elementType,
                                              EmitError emitError) const {
  // stored_dense_c2
  return cast<VerifiableTensorEncoding>(getInner())
      .verifyEncoding(shape, elementType, emitError);
}

Coverage StoredDenseAttr::getCoverage(RankedTensorType) const {
  return Coverage::all();
}

BindingTime StoredDenseAttr::getBindingTime() const {
  return BindingTime::Pack;
}

bool StoredDenseAttr::hasPacker() const { return true; }

Attribute StoredDenseAttr::getPattern() const { return getInner(); }

Attribute StoredDenseAttr::simplify(RankedTensorType type) const {
  Attribute inner = getInnerEncoding(*this).simplify(type);
  return inner ? Attribute(get(getContext(), inner)) : inner;
}

Attribute StoredDenseAttr::permute(ArrayRef<int64_t> permutation) const {
  Attribute inner = getInnerEncoding(*this).permute(permutation);
  return inner ? Attribute(get(getContext(), inner)) : inner;
}

//===----------------------------------------------------------------------===//
// Constants
//===----------------------------------------------------------------------===//

static RankedTensorType getInnerType(StoredDenseAttr attr,
                                     RankedTensorType type) {
  return RankedTensorType::get(type.getShape(), type.getElementType(),
                               attr.getInner());
}

/// Packing and unpacking by the pattern zeroes what it lacks, and reports what
/// does not fit it.
FailureOr<SmallVector<DenseElementsAttr>>
StoredDenseAttr::pack(RankedTensorType type, DenseElementsAttr dense,
                      bool prune, EmitError emitError) const {
  RankedTensorType inner = getInnerType(*this, type);
  FailureOr<SmallVector<DenseElementsAttr>> fields =
      getInnerEncoding(*this).pack(inner, dense, prune, emitError);
  if (failed(fields)) {
    return failure();
  }
  FailureOr<DenseElementsAttr> values =
      getInnerEncoding(*this).unpack(inner, *fields, emitError);
  if (failed(values)) {
    return failure();
  }
  return SmallVector<DenseElementsAttr>{*values};
}

FailureOr<DenseElementsAttr>
StoredDenseAttr::unpack(RankedTensorType type,
                        ArrayRef<DenseElementsAttr> fields, EmitError) const {
  DenseElementsAttr values = fields[0];
  return values.reshape(getDenseType(type));
}

LogicalResult StoredDenseAttr::verifyStorage(RankedTensorType type,
                                             ArrayRef<DenseElementsAttr> fields,
                                             EmitError emitError) const {
  // stored_dense_c3
  DenseElementsAttr values = fields[0];
  return getInnerEncoding(*this).pack(getInnerType(*this, type),
                                      values.reshape(getDenseType(type)),
                                      /*prune=*/false, emitError);
}
