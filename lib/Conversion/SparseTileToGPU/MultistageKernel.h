//===- MultistageKernel.h - kernels with a cp.async pipeline ----*- C++ -*-===//

#ifndef SPARSITY_CONVERSION_SPARSETILETOGPU_MULTISTAGEKERNEL_H
#define SPARSITY_CONVERSION_SPARSETILETOGPU_MULTISTAGEKERNEL_H

#include "KernelFunction.h"

namespace mlir::sparsity::gpu_conversion {

/// Builds the kernel of `forall` in `kernels`: multistage cp.async pipelines,
/// the configured instruction, the epilogue.
FailureOr<KernelDescription> buildMultistageKernel(sparse_tile::ForallOp forall,
                                                   gpu::GPUModuleOp kernels,
                                                   StringRef name,
                                                   const TargetInfo &target);

} // namespace mlir::sparsity::gpu_conversion

#endif // SPARSITY_CONVERSION_SPARSETILETOGPU_MULTISTAGEKERNEL_H
