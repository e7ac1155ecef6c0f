//===- Wgmma.h - warpgroup matrix instructions ------------------*- C++ -*-===//
//
// LLVM 22 has no op for `wgmma.mma_async.sp`, and its op for the dense form
// takes no accumulate flag that is known at run time, so both are inline
// assembly with tied accumulators (PTX ISA, "wgmma.mma_async[.sp]"). Fences,
// groups and waits are nvvm ops.
//
//===----------------------------------------------------------------------===//

#ifndef SPARSITY_CONVERSION_SPARSETILETOGPU_WGMMA_H
#define SPARSITY_CONVERSION_SPARSETILETOGPU_WGMMA_H

#include "KernelBuilder.h"

#include "sparsity/Target/Target.h"

namespace mlir::sparsity::gpu_conversion {

/// One instruction: D (64 x n) += A (64 x k) * B (k x n), A and B in shared
/// memory.
struct WgmmaShape {
  const MMAInstruction *instruction;
  int64_t columns;
  /// Operands that lie with K as the outer dimension (16-bit types).
  bool transposeA = false, transposeB = false;

  bool isSparse() const {
    return instruction->aFormat.kind != TileFormat::Kind::Dense;
  }
  /// Sums a thread holds.
  int64_t numSums() const { return columns / 2; }
};

/// Inline assembly with side effects; its result, or null without a `type`.
Value emitAssembly(KernelBuilder &b, Type type, ValueRange operands,
                   StringRef text, StringRef constraints);

/// The bits of a shared-memory matrix descriptor behind its address (PTX ISA,
/// "Matrix descriptor"). Offsets in bytes.
int64_t getDescriptorBits(int64_t leadingOffset, int64_t strideOffset,
                          int64_t swizzle);

/// A descriptor (i64) for the shared address `address` (i32).
Value emitDescriptor(KernelBuilder &b, Value address, int64_t bits);

/// Starts one instruction; `sums` become its results. `metadata` (i32) and
/// `selector` are for sparse ones. With `accumulate` (i32) 0 the sums before it
/// are ignored; null means that they count.
void emitWgmma(KernelBuilder &b, const WgmmaShape &shape,
               MutableArrayRef<Value> sums, Value a, Value right,
               Value metadata, int64_t selector, Value accumulate);

/// The same with A in four registers a thread, K innermost.
void emitWgmmaOfRegisters(KernelBuilder &b, const WgmmaShape &shape,
                          MutableArrayRef<Value> sums, ArrayRef<Value> a,
                          Value right);

/// Waits until every group is done, tied to `sums` so that no read of them can
/// move in front of it.
void emitWgmmaDrain(KernelBuilder &b, MutableArrayRef<Value> sums);

} // namespace mlir::sparsity::gpu_conversion

#endif // SPARSITY_CONVERSION_SPARSETILETOGPU_WGMMA_H
