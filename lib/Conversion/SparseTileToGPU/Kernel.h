//===- Kernel.h - what the parts of a kernel share --------------*- C++ -*-===//
//
// Shared memory holds, per pipeline stage and operand, rows of 128 bytes of K:
//
//   dense      row r at r * 128; its 16-byte chunk c at slot c ^ (r & 7), so
//   that
//              ldmatrix and 16-byte stores meet every bank once;
//   dense, MN-major (16-bit)   panels of 64 rows: K line k of a panel at k *
//   128,
//              chunk c at slot c ^ (k & 7), read with ldmatrix.trans;
//   compressed n_of_m   blocks of 64 rows in core-matrix order, 4096 bytes,
//   then their
//              metadata words (see the storage of `n_of_m`, layout
//              core_matrix). A core matrix is 128 contiguous bytes, free of
//              conflicts as it is.
//
// A k-block is those 128 bytes: 64 elements of 16 bits, 128 of 8, 32 of 32.
//
//===----------------------------------------------------------------------===//

#ifndef SPARSITY_CONVERSION_SPARSETILETOGPU_KERNEL_H
#define SPARSITY_CONVERSION_SPARSETILETOGPU_KERNEL_H

#include "Scalars.h"

#include "sparsity/Dialect/SparseTile/IR/SparseTile.h"
#include "sparsity/Target/Target.h"

namespace mlir::sparsity::gpu_conversion {

/// How one operand's tile travels from global to shared memory.
enum class LoadKind : uint8_t {
  /// Compressed core-matrix blocks, linear 16-byte copies.
  Packed,
  /// 16-byte chunks along K.
  AlongK,
  /// 16-byte chunks along the rows (16-bit elements).
  AlongRows,
  /// Element by element: any stride, alignment, format, predicate or type.
  Elements,
  /// 16-byte chunks along K or the rows, each where the load's region puts it.
  GatherAlongK,
  GatherAlongRows,
  /// 16-byte chunks along K of tiles in a format, decoded a chunk at a time.
  GatherDecode,
  /// Element by element, each where the load's region puts it.
  GatherElements
};

/// One operand tile of a pipeline.
struct OperandPlan {
  sparse_tile::TileType tile;
  sparse_tile::MaskOp mask;
  bool expand = false;
  LoadKind kind = LoadKind::Elements;
  int64_t rows = 0;
  /// Byte offset inside a stage, and of the metadata behind the values.
  int64_t stageOffset = 0, metadataOffset = 0, bytes = 0;
  SmallVector<GlobalBuffer> sources;
  /// The logical dimensions of rows (-1: none) and K, and every dimension's
  /// offset; K's is filled in per step.
  int64_t rowDim = -1, kDim = 0;
  SmallVector<Value> origins;
  Value rowLimit, kLimit;
  /// Position of the first k-block: the loop's lower bound.
  Value firstK;
  /// The load if it is a gather; its origin along the rows is a position.
  sparse_tile::LoadOp gather;
  Value rowPosition;

  /// Whether shared memory holds panels of rows for each K.
  bool isAlongRows() const {
    return kind == LoadKind::AlongRows || kind == LoadKind::GatherAlongRows;
  }
};

/// Everything about a kernel under construction.
struct KernelState {
  KernelBuilder &b;
  sparse_tile::ForallOp forall;
  const TargetInfo &target;
  ScalarCode &scalars;
  MultiplyType multiply;
  /// Threads of a block; its warps along the rows and along the columns.
  int64_t threads = 0, warpRows = 0, warpColumns = 0;
  /// `step` is a k-block's elements; a stage holds `blocksPerStage` of them.
  int64_t tileRows = 0, tileColumns = 0, step = 0, stages = 0;
  int64_t blocksPerStage = 1;
  Value shared = {}, thread = {}, lane = {};
  Value warp = {}, warpRow = {}, warpColumn = {};

  int64_t rowsPerWarp() const { return tileRows / warpRows; }
  int64_t columnsPerWarp() const { return tileColumns / warpColumns; }
  unsigned multiplyBits() const { return getMultiplyTypeBits(multiply); }
};

/// Decides how `plan` is loaded and how many bytes of a stage it takes.
void planLoad(KernelState &state, OperandPlan &plan);

/// Issues the copies of k-block `block` (i32, counted from the loop's lower
/// bound) to the stage at byte offset `stageBase`.
void emitLoad(KernelState &state, const OperandPlan &plan, Value stageBase,
              Value block);

/// The sums of one warp: [m16 tile][n8 tile][4], laid out as mma's C fragment.
using Accumulators = SmallVector<SmallVector<SmallVector<Value, 4>>>;

/// Four 8x16-byte matrices (PTX ISA, "ldmatrix"), one 32-bit register of each a
/// lane; `address` (i32, in shared memory) is this lane's row. Elements are
/// rounded where the multiply type is TF32.
SmallVector<Value, 4> emitLdMatrix(KernelState &state, Value address,
                                   bool transpose);

/// Multiplies one k-block: `sums` += a * transpose(b), for each (a, b, sums).
void emitCompute(KernelState &state, const OperandPlan &a, const OperandPlan &b,
                 Value stageBase, Accumulators &sums);

/// Bytes of shared memory that the epilogue of `accumulators` tiles needs.
int64_t getEpilogueBytes(const KernelState &state, unsigned accumulators);

/// The store op: sums through shared memory, the epilogue per element,
/// coalesced writes. `origins` are those of the work item, `sizes` the parallel
/// extents.
void emitEpilogue(KernelState &state, sparse_tile::StoreOp store,
                  ArrayRef<Accumulators> accumulators, ArrayRef<Value> origins,
                  ArrayRef<Value> sizes);

} // namespace mlir::sparsity::gpu_conversion

#endif // SPARSITY_CONVERSION_SPARSETILETOGPU_KERNEL_H
