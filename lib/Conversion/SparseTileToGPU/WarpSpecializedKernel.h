//===- WarpSpecializedKernel.h - kernels of wgmma and bulk copies *- C++
//-*-===//

#ifndef SPARSITY_CONVERSION_SPARSETILETOGPU_WARPSPECIALIZEDKERNEL_H
#define SPARSITY_CONVERSION_SPARSETILETOGPU_WARPSPECIALIZEDKERNEL_H

#include "KernelFunction.h"

namespace mlir::sparsity::gpu_conversion {

/// Whether the configured instruction is one of warpgroups.
bool isWarpSpecialized(sparse_tile::ForallOp forall, const TargetInfo &target);

struct WarpgroupOptions {
  /// Copies of packed weights begin while the kernel in front drains (PTX ISA,
  /// "griddepcontrol").
  bool overlap = false;
  /// A tile is stored while the first products of the next one run.
  bool defersStores = false;
};

/// Builds the kernel of `forall` in `kernels` with the tile of `config`: a
/// producer warpgroup that copies in bulk, consumer warpgroups that multiply, a
/// persistent grid.
FailureOr<KernelDescription>
buildWarpSpecializedKernel(sparse_tile::ForallOp forall,
                           sparse_tile::ConfigAttr config,
                           gpu::GPUModuleOp kernels, StringRef name,
                           const TargetInfo &target, WarpgroupOptions options);

} // namespace mlir::sparsity::gpu_conversion

#endif // SPARSITY_CONVERSION_SPARSETILETOGPU_WARPSPECIALIZEDKERNEL_H
