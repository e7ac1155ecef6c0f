//===- Values.h - tensors in host memory ------------------------*- C++ -*-===//

#ifndef SPARSITY_TOOLS_RUN_VALUES_H
#define SPARSITY_TOOLS_RUN_VALUES_H

#include "sparsity/Runtime/Errors.h"
#include "sparsity/Runtime/Numbers.h"

#include "mlir/IR/BuiltinTypes.h"
#include "llvm/ADT/SmallVector.h"

#include <cstdint>
#include <memory>
#include <string>

namespace mlir::sparsity::run {

/// A dense, row-major tensor without gaps; a scalar has rank 0.
struct HostTensor {
  runtime::ElementType elementType = runtime::ElementType::F32;
  llvm::SmallVector<int64_t> shape;
  std::shared_ptr<uint8_t> data;

  /// Zeros, 64-byte aligned; an error if the size is beyond memory.
  static runtime::StatusOr<HostTensor> create(runtime::ElementType elementType,
                                              llvm::ArrayRef<int64_t> shape);
  runtime::StatusOr<HostTensor> clone() const;

  int64_t count() const;
  int64_t bytes() const {
    return count() * runtime::getElementSize(elementType);
  }
};

/// The element type as it lies in memory; `index` is i64. Nothing for types
/// that this tool cannot make or print.
std::optional<runtime::ElementType> getElementType(Type type);

/// Fills `tensor` from a generator seeded by (`seed`, `stream`): floats of a
/// normal distribution of standard deviation `scale`, integers from -8 to 8.
void fillRandom(HostTensor &tensor, uint64_t seed, uint64_t stream,
                double scale);

/// Random 64-bit numbers, the same on every machine: the one at `index` needs
/// no state.
class RandomBits {
public:
  RandomBits(uint64_t seed, uint64_t stream);
  uint64_t at(uint64_t index) const;
  /// In [0, 1).
  double uniform(uint64_t index) const;

private:
  uint64_t key;
};

/// Reads a .npy file as `elementType`; a static size of `expected` that the
/// file's shape does not match is an error that names the argument `name` ("0",
/// or "1.positions" for a field).
runtime::StatusOr<HostTensor> readInput(const std::string &path,
                                        const std::string &name,
                                        runtime::ElementType elementType,
                                        llvm::ArrayRef<int64_t> expected);

runtime::Status writeOutput(const std::string &path, const HostTensor &tensor);

/// All elements as f64.
std::vector<double> toDoubles(const HostTensor &tensor);

} // namespace mlir::sparsity::run

#endif // SPARSITY_TOOLS_RUN_VALUES_H
