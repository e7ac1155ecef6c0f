//===- Runtime.h - C interface of the sparsity runtime ------------*- C -*-===//
//
// What compiled code and foreign callers use at run time: errors, the launch
// stream, workspaces, the parallel loop and the packers. Needs no LLVM, no
// MLIR and no CUDA header.
//
//===----------------------------------------------------------------------===//

#ifndef SPARSITY_C_RUNTIME_H
#define SPARSITY_C_RUNTIME_H

#include <stdint.h>

#define SPARSITY_RUNTIME_EXPORT __attribute__((visibility("default")))

#ifdef __cplusplus
extern "C" {
#endif

//===----------------------------------------------------------------------===//
// Errors
//===----------------------------------------------------------------------===//

/// The first failure on the calling thread since the last clear, or null. The
/// text lives until the next clear on this thread.
SPARSITY_RUNTIME_EXPORT const char *sparsityGetLastError(void);
SPARSITY_RUNTIME_EXPORT void sparsityClearLastError(void);

//===----------------------------------------------------------------------===//
// Device
//===----------------------------------------------------------------------===//

/// The CUstream that launches of the calling thread go to; null (the legacy
/// default stream) until set. The runtime neither owns nor waits for it.
SPARSITY_RUNTIME_EXPORT void sparsitySetStream(void *stream);
SPARSITY_RUNTIME_EXPORT void *sparsityGetStream(void);

/// Waits until the stream of the calling thread is idle. Returns 0, or nonzero
/// with the message in sparsityGetLastError().
SPARSITY_RUNTIME_EXPORT int32_t sparsitySynchronize(void);

/// Lets the next launch of the calling thread start while the kernel before it
/// in the stream drains (CUDA programmatic dependent launch). The kernel must
/// wait itself (PTX `griddepcontrol.wait`) before it reads what that kernel
/// writes. Holds for one launch.
SPARSITY_RUNTIME_EXPORT void sparsityOverlapNextLaunch(void);

/// A device allocation of at least `bytes`, 256-byte aligned, with unspecified
/// contents. It is remembered by (current context, stream of the thread, `key`)
/// and only ever grows, so a call with the same key and a size seen before
/// allocates nothing. Blocks that were outgrown stay allocated: a captured
/// graph may still refer to them. Null with the error recorded when memory is
/// out; null without an error for 0 bytes.
SPARSITY_RUNTIME_EXPORT void *sparsityWorkspace(uint64_t key, uint64_t bytes);

/// The same on the host, 64-byte aligned, remembered by (calling thread, `key`)
/// and freed with the thread. Growing frees the outgrown block.
SPARSITY_RUNTIME_EXPORT void *sparsityHostWorkspace(uint64_t key,
                                                    uint64_t bytes);

/// The multiprocessors of the current device; 0 with the error recorded where
/// there is none.
SPARSITY_RUNTIME_EXPORT int64_t sparsityMultiprocessorCount(void);

/// Writes a CUtensorMap (128 bytes, 64-byte aligned) for a tiled TMA copy;
/// arguments as those of cuTensorMapEncodeTiled, innermost dimension first:
/// `sizes` and `box` hold `rank` entries, `strides` rank - 1 in bytes; element
/// strides are 1 and interleave is none. Returns 0, or nonzero with the message
/// in sparsityGetLastError().
SPARSITY_RUNTIME_EXPORT int32_t sparsityEncodeTensorMap(
    void *tensorMap, int32_t dataType, int32_t rank, void *address,
    const uint64_t *sizes, const uint64_t *strides, const uint32_t *box,
    int32_t swizzle, int32_t l2Promotion, int32_t fill);

//===----------------------------------------------------------------------===//
// Host parallelism
//===----------------------------------------------------------------------===//

/// Runs `body(context, begin, end)` over disjoint ranges that cover
/// [0, count), on the calling thread and on a persistent pool, and returns when
/// all are done. The pool has as many threads as the hardware, or
/// $SPARSITY_NUM_THREADS. A nested call runs on its own thread alone. Errors
/// recorded by pool threads are recorded for the caller.
SPARSITY_RUNTIME_EXPORT void
sparsityParallelFor(int64_t count,
                    void (*body)(void *context, int64_t begin, int64_t end),
                    void *context);

/// Threads that sparsityParallelFor uses, the caller included; at least 1.
SPARSITY_RUNTIME_EXPORT int64_t sparsityNumThreads(void);

//===----------------------------------------------------------------------===//
// Work counts
//===----------------------------------------------------------------------===//

/// What the work items of one schedule did, summed. Only code compiled with
/// `count-work` (convert-sparse-tile-to-vector, sparsity-to-cpu) reports it.
typedef struct SparsityWorkCounts {
  int64_t items;      // work items that ran
  int64_t steps;      // reduction steps that ran
  int64_t totalSteps; // the same if no tile were skipped
  int64_t bytes;      // of the tiles that were read, as stored
  int64_t denseBytes; // the same if no tile were skipped and all were dense
} SparsityWorkCounts;

/// Adds one work item of schedule number `schedule`, counted from 0 in the
/// order of the module. May be called from any thread.
SPARSITY_RUNTIME_EXPORT void sparsityCountWork(int64_t schedule, int64_t steps,
                                               int64_t bytes);
/// Adds what one call of a schedule does if nothing is skipped.
SPARSITY_RUNTIME_EXPORT void sparsityCountDenseWork(int64_t schedule,
                                                    int64_t totalSteps,
                                                    int64_t denseBytes);

/// Writes the sums of the first `capacity` schedules, in order, and returns how
/// many there are; all zero for one that ran no work item. `sums` may be null
/// if `capacity` is 0.
SPARSITY_RUNTIME_EXPORT int64_t sparsityReadWorkCounts(SparsityWorkCounts *sums,
                                                       int64_t capacity);

/// Forgets all sums.
SPARSITY_RUNTIME_EXPORT void sparsityResetWorkCounts(void);

//===----------------------------------------------------------------------===//
// N:M packing (layouts: sparsity/Runtime/Pack.h)
//===----------------------------------------------------------------------===//

typedef enum SparsityElementType {
  SPARSITY_ELEMENT_F16 = 0,
  SPARSITY_ELEMENT_BF16 = 1,
  SPARSITY_ELEMENT_F32 = 2,
  SPARSITY_ELEMENT_F64 = 3,
  SPARSITY_ELEMENT_F8E4M3FN = 4,
  SPARSITY_ELEMENT_F8E5M2 = 5,
  SPARSITY_ELEMENT_I8 = 6,
  SPARSITY_ELEMENT_I32 = 7,
  SPARSITY_ELEMENT_I64 = 8,
  SPARSITY_ELEMENT_I1 = 9
} SparsityElementType;

typedef enum SparsityNOfMLayout {
  SPARSITY_N_OF_M_ROW_MAJOR = 0,
  SPARSITY_N_OF_M_CORE_MATRIX = 1
} SparsityNOfMLayout;

/// A dense row-major tensor with at most `n` non-zero elements in each group of
/// `m` along `axis`.
typedef struct SparsityNOfM {
  int64_t n;
  int64_t m;
  int64_t axis;
  int64_t rank;
  const int64_t *shape; // rank sizes
  int32_t elementType;  // SparsityElementType
  int32_t layout;       // SparsityNOfMLayout
} SparsityNOfM;

/// All of them return 0, or nonzero with the message in sparsityGetLastError().
SPARSITY_RUNTIME_EXPORT int32_t sparsityPackedSizesNOfM(
    const SparsityNOfM *spec, int64_t *valueBytes, int64_t *metadataBytes);
SPARSITY_RUNTIME_EXPORT int32_t sparsityPackNOfM(const SparsityNOfM *spec,
                                                 const void *dense,
                                                 void *values, void *metadata);
SPARSITY_RUNTIME_EXPORT int32_t sparsityUnpackNOfM(const SparsityNOfM *spec,
                                                   const void *values,
                                                   const void *metadata,
                                                   void *dense);
SPARSITY_RUNTIME_EXPORT int32_t sparsityPruneNOfM(const SparsityNOfM *spec,
                                                  void *dense);
/// Writes `values`, the buffer of a tensor of the pattern that is stored
/// densely: `dense`, if it fits the pattern.
SPARSITY_RUNTIME_EXPORT int32_t sparsityStoreDenseNOfM(const SparsityNOfM *spec,
                                                       const void *dense,
                                                       void *values);

//===----------------------------------------------------------------------===//
// Block packing (layouts: sparsity/Runtime/PackLists.h)
//===----------------------------------------------------------------------===//

/// A dense row-major tensor of rank 2 or 3 cut into blocks of `rows` x
/// `columns`, each 1..256.
typedef struct SparsityBlock {
  int64_t rank;
  const int64_t *shape; // rank sizes
  int64_t rows;
  int64_t columns;
  int64_t n; // 0 for dense blocks, else n:m along `axis` (0 or 1) of each block
  int64_t m;
  int64_t axis;
  int32_t elementType; // SparsityElementType
  int32_t layout;      // SparsityNOfMLayout
  int32_t ordered;     // nonzero if the storage has an order (rank 2 only)
} SparsityBlock;

/// Its storage. Read-only except for sparsityBlockPack and sparsityBlockOrder.
typedef struct SparsityBlockFields {
  int32_t *positions;   // groups + 1
  int32_t *coordinates; // entries
  int64_t entries;
  void *values;   // entries * valueBytes bytes
  void *metadata; // entries * metadataBytes bytes; null for dense blocks
  int32_t *order; // groups, a permutation; null if not `ordered`
} SparsityBlockFields;

/// All of them return 0, or nonzero with the message in sparsityGetLastError().

/// The rows of blocks of all matrices, and the bytes of one entry.
SPARSITY_RUNTIME_EXPORT int32_t sparsityBlockSizes(const SparsityBlock *spec,
                                                   int64_t *groups,
                                                   int64_t *valueBytes,
                                                   int64_t *metadataBytes);
/// The blocks of `dense` that hold a non-zero element: those that are stored.
SPARSITY_RUNTIME_EXPORT int32_t sparsityBlockCount(const SparsityBlock *spec,
                                                   const void *dense,
                                                   int64_t *entries);
/// Writes all buffers of `fields`, whose `entries` sparsityBlockCount told.
SPARSITY_RUNTIME_EXPORT int32_t
sparsityBlockPack(const SparsityBlock *spec, const void *dense,
                  const SparsityBlockFields *fields);
/// Writes `order`, a good one for the list that the other index buffers of
/// `fields` hold (orderBlocks()). Values and metadata are not looked at.
SPARSITY_RUNTIME_EXPORT int32_t sparsityBlockOrder(
    const SparsityBlock *spec, const SparsityBlockFields *fields);
/// Fails unless `fields` is the storage of such a tensor; an order or values
/// that are null are not looked at.
SPARSITY_RUNTIME_EXPORT int32_t sparsityBlockCheck(
    const SparsityBlock *spec, const SparsityBlockFields *fields);
/// Checks, then writes the whole dense tensor.
SPARSITY_RUNTIME_EXPORT int32_t sparsityBlockUnpack(
    const SparsityBlock *spec, const SparsityBlockFields *fields, void *dense);
/// Keeps the share `density` (0..1) of the blocks, those of largest Frobenius
/// norm, then the inner pattern by magnitude; sets the rest to +0 in place.
SPARSITY_RUNTIME_EXPORT int32_t sparsityBlockPrune(const SparsityBlock *spec,
                                                   double density, void *dense);
/// Writes `values`, the buffer of such a tensor that is stored densely: `dense`
/// with what is not stored set to +0.
SPARSITY_RUNTIME_EXPORT int32_t sparsityBlockStoreDense(
    const SparsityBlock *spec, const void *dense, void *values);

//===----------------------------------------------------------------------===//
// Bitmap packing (layouts: sparsity/Runtime/PackLists.h)
//===----------------------------------------------------------------------===//

/// A dense row-major matrix cut into tiles of `rows` x `columns`, each 1..256,
/// their product a multiple of 64.
typedef struct SparsityUnstructured {
  int64_t rank; // 2
  const int64_t *shape;
  int64_t rows;
  int64_t columns;
  int32_t elementType; // SparsityElementType
  int32_t layout;      // SparsityUnstructuredLayout
} SparsityUnstructured;

typedef enum SparsityUnstructuredLayout {
  SPARSITY_UNSTRUCTURED_ROW_MAJOR = 0,
  /// Tiles of 64x64, elements of 16 bits.
  SPARSITY_UNSTRUCTURED_FRAGMENTS = 1
} SparsityUnstructuredLayout;

/// Its storage. Read-only except for sparsityUnstructuredPack.
typedef struct SparsityUnstructuredFields {
  int32_t *positions;   // groups + 1
  int32_t *coordinates; // tiles
  uint64_t *bitmap;     // tiles * words; null in layout fragments
  int32_t *offsets;     // tiles * words; tiles + 1 in layout fragments
  void *values;         // elements
  int64_t tiles;
  int64_t elements;
} SparsityUnstructuredFields;

/// The rows of tiles, and the 64-bit words of one tile.
SPARSITY_RUNTIME_EXPORT int32_t sparsityUnstructuredSizes(
    const SparsityUnstructured *spec, int64_t *groups, int64_t *words);
/// The tiles of `dense` that hold a non-zero element, and the elements of
/// `values`.
SPARSITY_RUNTIME_EXPORT int32_t
sparsityUnstructuredCount(const SparsityUnstructured *spec, const void *dense,
                          int64_t *tiles, int64_t *elements);
/// Writes all buffers of `fields`, whose counts sparsityUnstructuredCount told.
SPARSITY_RUNTIME_EXPORT int32_t
sparsityUnstructuredPack(const SparsityUnstructured *spec, const void *dense,
                         const SparsityUnstructuredFields *fields);
/// Fails unless `fields` is the storage of such a tensor.
SPARSITY_RUNTIME_EXPORT int32_t sparsityUnstructuredCheck(
    const SparsityUnstructured *spec, const SparsityUnstructuredFields *fields);
/// Checks, then writes the whole dense tensor.
SPARSITY_RUNTIME_EXPORT int32_t sparsityUnstructuredUnpack(
    const SparsityUnstructured *spec, const SparsityUnstructuredFields *fields,
    void *dense);
/// Keeps the share `density` (0..1) of the elements, those of largest
/// magnitude, and sets the rest to +0 in place.
SPARSITY_RUNTIME_EXPORT int32_t sparsityUnstructuredPrune(
    const SparsityUnstructured *spec, double density, void *dense);
/// As sparsityBlockStoreDense().
SPARSITY_RUNTIME_EXPORT int32_t sparsityUnstructuredStoreDense(
    const SparsityUnstructured *spec, const void *dense, void *values);

#ifdef __cplusplus
}
#endif

#endif // SPARSITY_C_RUNTIME_H
