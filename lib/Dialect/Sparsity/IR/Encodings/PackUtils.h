//===- PackUtils.h - constants as the host packers see them -----*- C++ -*-===//

#ifndef SPARSITY_LIB_DIALECT_SPARSITY_IR_ENCODINGS_PACKUTILS_H
#define SPARSITY_LIB_DIALECT_SPARSITY_IR_ENCODINGS_PACKUTILS_H

#include "EncodingUtils.h"

#include "sparsity/Runtime/PackLists.h"

namespace mlir::sparsity::detail {

/// The runtime's number of an element type that verifyElementType() admits.
runtime::ElementType getRuntimeType(Type element);

/// The bytes of every element; a splat is written out.
SmallVector<char> getBytes(DenseElementsAttr elements);

/// The constant `field` with `count` in place of its one dynamic size; `data`
/// holds its elements.
template <typename Element>
DenseElementsAttr makeConstant(const StorageField &field, int64_t count,
                               ArrayRef<Element> data) {
  SmallVector<int64_t> shape(field.type.getShape());
  for (int64_t &size : shape) {
    size = ShapedType::isDynamic(size) ? count : size;
  }
  ArrayRef<char> bytes(reinterpret_cast<const char *>(data.data()),
                       data.size() * sizeof(Element));
  return DenseElementsAttr::getFromRawBuffer(
      RankedTensorType::get(shape, field.type.getElementType()), bytes);
}

/// The dense constant of `type` that `write` fills.
FailureOr<DenseElementsAttr>
makeDense(RankedTensorType type, EmitError emitError,
          llvm::function_ref<runtime::Status(void *)> write);

} // namespace mlir::sparsity::detail

#endif // SPARSITY_LIB_DIALECT_SPARSITY_IR_ENCODINGS_PACKUTILS_H
