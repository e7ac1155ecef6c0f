//===- Scalars.h - scalar code of a schedule inside a kernel ----*- C++ -*-===//
//
// A schedule computes bounds, groups and indices with ops on scalars of type
// index and reads of its buffers. In the kernel these are the same ops; buffers
// are addresses there, and their extents are parameters.
//
//===----------------------------------------------------------------------===//

#ifndef SPARSITY_CONVERSION_SPARSETILETOGPU_SCALARS_H
#define SPARSITY_CONVERSION_SPARSETILETOGPU_SCALARS_H

#include "KernelBuilder.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/IRMapping.h"

namespace mlir::sparsity::gpu_conversion {

/// A buffer as the kernel sees it: address, strides in elements, and those
/// extents that the kernel was given.
struct GlobalBuffer {
  Value pointer;
  MemRefType type;
  SmallVector<Value> strides;
  SmallVector<std::optional<int64_t>> staticStrides;
  SmallVector<Value> extents;
};

/// The type in which LLVM loads and stores elements of `type`.
Type getStorageType(Type type);

/// An element of `type` at `pointer`; 8-bit floats are loaded as their bits.
Value loadElement(KernelBuilder &b, Type type, Value pointer);

/// The address of the element at `indices` (i32, i64 or index, one per
/// dimension).
Value elementAddress(KernelBuilder &b, const GlobalBuffer &buffer,
                     ArrayRef<Value> indices);

/// Clones scalar code into the kernel.
class ScalarCode {
public:
  explicit ScalarCode(KernelBuilder &b) : b(b) {}

  /// What block arguments of the schedule are in the kernel.
  DenseMap<Value, GlobalBuffer> buffers;
  IRMapping values;

  /// Clones `op` with everything inside it; its results are added to
  /// `mapping`.
  void clone(Operation &op, IRMapping &mapping);
  void clone(Operation &op) { clone(op, values); }

  /// The operands of the terminator of `block`, for `arguments` of type i32 or
  /// index.
  SmallVector<Value> inlineBlock(Block &block, ValueRange arguments,
                                 const IRMapping &mapping);
  SmallVector<Value> inlineBlock(Block &block, ValueRange arguments) {
    return inlineBlock(block, arguments, values);
  }

  /// A value of type index as i32, constants as constants.
  Value toI32(Value value);
  Value toIndex(Value value);

private:
  void lowerMemory(Operation *op);

  KernelBuilder &b;
};

} // namespace mlir::sparsity::gpu_conversion

#endif // SPARSITY_CONVERSION_SPARSETILETOGPU_SCALARS_H
