//===- PackUtils.cpp - constants as the host packers see them -------------===//

#include "PackUtils.h"

using namespace mlir;
using namespace mlir::sparsity;

runtime::ElementType sparsity::detail::getRuntimeType(Type element) {
  return element.isF16()                  ? runtime::ElementType::F16
         : element.isBF16()               ? runtime::ElementType::BF16
         : element.isF32()                ? runtime::ElementType::F32
         : isa<Float8E4M3FNType>(element) ? runtime::ElementType::F8E4M3FN
         : isa<Float8E5M2Type>(element)   ? runtime::ElementType::F8E5M2
                                          : runtime::ElementType::I8;
}

SmallVector<char> sparsity::detail::getBytes(DenseElementsAttr elements) {
  ArrayRef<char> raw = elements.getRawData();
  if (!elements.isSplat()) {
    return SmallVector<char>(raw);
  }
  SmallVector<char> bytes;
  bytes.reserve(elements.getNumElements() * raw.size());
  for (int64_t index = 0; index < elements.getNumElements(); ++index) {
    llvm::append_range(bytes, raw);
  }
  return bytes;
}

FailureOr<DenseElementsAttr>
sparsity::detail::makeDense(RankedTensorType type, EmitError emitError,
                            function_ref<runtime::Status(void *)> write) {
  int64_t elementBytes =
      runtime::getElementSize(getRuntimeType(type.getElementType()));
  SmallVector<char> dense(type.getNumElements() * elementBytes);
  runtime::Status status = write(dense.data());
  if (!status.ok()) {
    return emitError() << status.message;
  }
  return DenseElementsAttr::getFromRawBuffer(getDenseType(type), dense);
}
