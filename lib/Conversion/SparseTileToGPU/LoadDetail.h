//===- LoadDetail.h - what the ways to load a tile share --------*- C++ -*-===//

#ifndef SPARSITY_CONVERSION_SPARSETILETOGPU_LOADDETAIL_H
#define SPARSITY_CONVERSION_SPARSETILETOGPU_LOADDETAIL_H

#include "Kernel.h"

namespace mlir::sparsity::gpu_conversion {

/// Bytes of a row of a k-block in shared memory, and of a copy; rows of a
/// panel.
inline constexpr int64_t kRowBytes = 128;
inline constexpr int64_t kChunkBytes = 16;
inline constexpr int64_t kBlockRows = 64;
/// Values of 64 compressed rows and one k-block.
inline constexpr int64_t kPackedBlockBytes = 4096;

/// Metadata bytes of 64 compressed rows: eight times fewer than the values' for
/// 16-bit and 32-bit elements, four times fewer for 8-bit ones.
int64_t metadataBytes(const KernelState &state);

/// Whether every stride but that of `unit` keeps addresses 16-byte aligned.
bool keepsAlignment(const GlobalBuffer &buffer, int64_t unit, int64_t bytes);

/// `line` and 16-byte `chunk` (i32) as a swizzled offset in shared memory.
Value swizzled(KernelBuilder &b, Value line, Value chunk);

/// 16 bytes from global to shared memory, asynchronously; zeros where not
/// `valid`.
void emitChunkCopy(KernelBuilder &b, Value to, Value from, Value valid);

/// Runs `body(index)` for every index below `count`, spread over the threads,
/// unrolled.
void emitPerThread(KernelState &state, int64_t count,
                   function_ref<void(Value, int64_t)> body);

Value zeroOf(KernelBuilder &b, Type type);

/// `value` of the tile's element type as the multiply type, in the type that
/// shared memory holds.
Value toMultiplyType(KernelState &state, Value value);

/// The element at `indices` of the logical storage, in whatever format.
Value fetchStored(KernelBuilder &b, const OperandPlan &plan,
                  ArrayRef<Value> indices);

/// Whether 16 bytes of K of the multiply type, of a gather in a format, are
/// whole groups, or bits of one word.
bool canDecodeChunks(const KernelState &state, const OperandPlan &plan);

/// The elements of a chunk of the logical storage, from the one at `indices`
/// on, in their storage type.
SmallVector<Value> decodeChunk(KernelState &state, const OperandPlan &plan,
                               ArrayRef<Value> indices, int64_t perChunk);

/// Writes the elements of a chunk, in the multiply type, to shared memory.
void storeChunk(KernelState &state, const OperandPlan &plan, Value stageBase,
                Value row, Value chunk, ArrayRef<Value> elements);

/// Loads whose elements a region locates.
void planGather(KernelState &state, OperandPlan &plan);
void emitGather(KernelState &state, const OperandPlan &plan, Value stageBase,
                Value block);

} // namespace mlir::sparsity::gpu_conversion

#endif // SPARSITY_CONVERSION_SPARSETILETOGPU_LOADDETAIL_H
