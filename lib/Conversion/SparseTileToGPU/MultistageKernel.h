//===- MultistageKernel.h - kernels with a cp.async pipeline ----*- C++ -*-===//

#ifndef SPARSITY_CONVERSION_SPARSETILETOGPU_MULTISTAGEKERNEL_H
#define SPARSITY_CONVERSION_SPARSETILETOGPU_MULTISTAGEKERNEL_H

#include "sparsity/Dialect/SparseTile/IR/SparseTile.h"
#include "sparsity/Target/Target.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"

namespace mlir::sparsity::gpu_conversion {

/// One kernel parameter, as the host computes it from the forall's operands.
struct KernelParameter {
  enum class Kind : uint8_t { Size, Pointer, Stride, Scalar, Extent } kind;
  /// The position in the forall's sizes (Size) or in inputs then outputs; and
  /// the dimension of a stride or an extent.
  unsigned index, dim;
};

struct KernelDescription {
  std::string name;
  int64_t threads, sharedBytes;
  /// Tile extents of the last two parallel dimensions.
  int64_t tileRows, tileColumns;
  SmallVector<KernelParameter> parameters;
};

/// Builds the kernel of `forall` in `kernels`: multistage cp.async pipelines,
/// the configured instruction, the epilogue.
FailureOr<KernelDescription> buildMultistageKernel(sparse_tile::ForallOp forall,
                                                   gpu::GPUModuleOp kernels,
                                                   StringRef name,
                                                   const TargetInfo &target);

} // namespace mlir::sparsity::gpu_conversion

#endif // SPARSITY_CONVERSION_SPARSETILETOGPU_MULTISTAGEKERNEL_H
