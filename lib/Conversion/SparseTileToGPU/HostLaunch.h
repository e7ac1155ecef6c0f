//===- HostLaunch.h - the host side of a kernel -----------------*- C++ -*-===//

#ifndef SPARSITY_CONVERSION_SPARSETILETOGPU_HOSTLAUNCH_H
#define SPARSITY_CONVERSION_SPARSETILETOGPU_HOSTLAUNCH_H

#include "MultistageKernel.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace mlir::sparsity::gpu_conversion {

/// Emits the launch of `kernel` of `forall`, on the runtime's stream, and
/// returns its description: {kernel, grid, block, shared, params}.
Attribute emitLaunch(OpBuilder &builder, sparse_tile::ForallOp forall,
                     gpu::GPUModuleOp kernels, const KernelDescription &kernel);

/// Temporaries come from the runtime's workspace, one key each, which allocates
/// on the first call only; copies become asynchronous ones on the stream.
LogicalResult lowerTemporaries(func::FuncOp func);

} // namespace mlir::sparsity::gpu_conversion

#endif // SPARSITY_CONVERSION_SPARSETILETOGPU_HOSTLAUNCH_H
