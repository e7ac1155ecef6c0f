//===- WorkItem.h - one work item as loops over vectors ---------*- C++ -*-===//
//
// Emits the body of a `sparse_tile.forall` for one work item. Tiles live in
// buffers on the stack, in the type the sums accumulate in:
//
//   operand along the vector side   [K step][extent]      ("k-major")
//   operand along the other side    [extent][K step]
//   accumulator                     [other side][vector side]
//
// so that the multiplication reads one row of the k-major buffer as vectors,
// and broadcasts single elements of the other operand. The vector side is the
// parallel dimension along which the first output is contiguous.
//
//===----------------------------------------------------------------------===//

#ifndef SPARSITY_LIB_CONVERSION_SPARSETILETOVECTOR_WORKITEM_H
#define SPARSITY_LIB_CONVERSION_SPARSETILETOVECTOR_WORKITEM_H

#include "sparsity/Dialect/SparseTile/IR/SparseTile.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/IRMapping.h"

namespace mlir::sparse_tile {

/// Elements of the vectors that the loops are written in.
inline constexpr int64_t kVectorLanes = 16;
/// Rows that the innermost multiplication keeps in registers.
inline constexpr int64_t kBlockRows = 4;
/// What one work item may take of a worker's stack.
inline constexpr int64_t kMaxStackBytes = 1 << 20;

/// A tile held on the stack: `memref<extent x step>`, or its transpose.
struct TileBuffer {
  Value memref;
  bool kMajor = false;

  /// The position of element (row, k).
  SmallVector<Value> at(Value row, Value k) const {
    return kMajor ? SmallVector<Value>{k, row} : SmallVector<Value>{row, k};
  }
  Type getElementType() const {
    return cast<MemRefType>(memref.getType()).getElementType();
  }
};

inline SmallVector<Value> lookupAll(IRMapping &mapping, ValueRange values) {
  return llvm::map_to_vector(
      values, [&](Value value) { return mapping.lookup(value); });
}

/// The loops of one work item. The driver creates it once a work function,
/// calls `prepare` where buffers are allocated and `emit` inside the loop over
/// work items.
class WorkItem {
public:
  WorkItem(OpBuilder &builder, ForallOp forall);

  /// Allocates the buffers of every tile at the insertion point, all elements
  /// zero. Fails with a diagnostic if the schedule has a form that this
  /// lowering has none for.
  LogicalResult prepare();

  /// Emits the work item at the insertion point. `mapping` takes the forall's
  /// block arguments to values of the work function.
  LogicalResult emit(IRMapping &mapping);

protected:
  using LoopBody = function_ref<void(Value)>;

  /// Elements of a gathered tile that follow each other along the last index.
  struct Run {
    /// Of the first element.
    SmallVector<Value> indices;
    /// Its place in the tile.
    Value row, k;
    /// The dimension of the tile that the run walks.
    bool alongK = true;
    /// Number of elements; null for a run of 1.
    Value length;
  };

  // Helpers.
  Value index(int64_t value);
  Value add(Value lhs, Value rhs);
  Value minimum(Value lhs, Value rhs);
  Value roundUp(Value value, int64_t multiple);
  void loop(Value begin, Value end, int64_t step, LoopBody body);
  Value convertElement(Value value, Type type);
  void putIf(Value condition, function_ref<void()> emitThen);
  /// A zeroed buffer, or one that an earlier pipeline is done with.
  TileBuffer allocate(int64_t extent, int64_t columns, Type type, bool kMajor);
  void zero(Value buffer, Value rows);
  /// Copies the first `rows` rows between buffers of one type.
  void copy(Value from, Value to, Value rows);
  /// Origin plus offset of each logical dimension that a tile dimension walks.
  SmallVector<Value> logicalIndices(ValueRange indices, ArrayRef<int64_t> dims,
                                    Value row, Value k);

  // Planning.
  LogicalResult planPipeline(PipelineOp pipeline);
  LogicalResult planOperand(PipelineOp pipeline, Value operand, bool isA,
                            Type type, SmallVectorImpl<Value> &used);
  LogicalResult planLoad(LoadOp load);
  LogicalResult planGather(LoadOp load);
  Value resolveTile(PipelineOp pipeline, Value tile);

  // Emission.
  /// Finds out how much of the work item lies inside the iteration space.
  void limitToDomain(IRMapping &mapping);
  LogicalResult emitPipeline(PipelineOp pipeline, IRMapping &mapping);
  LogicalResult emitScalarOp(Operation *op, IRMapping &mapping);
  void decode(Value tile, const TileBuffer &buffer, IRMapping &mapping,
              Value rows, Value steps);
  void decodeDense(LoadOp load, const TileBuffer &buffer, IRMapping &mapping,
                   Value rows, Value steps);
  void decodeContiguous(Value source, ValueRange indices,
                        ArrayRef<int64_t> dims, const TileBuffer &buffer,
                        Value rows, Value steps, bool alongK);
  void decodeNOfM(LoadOp load, const TileBuffer &buffer, IRMapping &mapping,
                  Value rows, Value steps);
  /// Stores `element` at (row, k), in the type of the buffer.
  void put(Value element, const TileBuffer &buffer, Value row, Value k);
  /// The position in its group of the slot that is last in `stored`.
  Value loadCode(Value metadata, ValueRange stored,
                 const sparsity::TileFormat &format);
  void decodeGather(LoadOp load, const TileBuffer &buffer, IRMapping &mapping,
                    Value rows, Value steps);
  void forEachOfRun(const Run &run,
                    function_ref<void(Value, Value, Value)> body);
  void copyRun(Value source, const Run &run, const TileBuffer &buffer);
  void decodeRunNOfM(LoadOp load, ArrayRef<Value> sources, const Run &run,
                     const TileBuffer &buffer);
  void decodeRunBitmap(LoadOp load, ArrayRef<Value> sources, const Run &run,
                       const TileBuffer &buffer);
  void applyMask(MaskOp mask, const TileBuffer &buffer, IRMapping &mapping,
                 Value rows, Value steps);
  void multiply(const TileBuffer &broadcast, const TileBuffer &vectors,
                Value accumulator, Value rows, Value columns, Value steps);
  LogicalResult emitStore(StoreOp store, IRMapping &mapping);

  OpBuilder &builder;
  ForallOp forall;
  Location loc;
  /// The rows of the A operand are the vector side.
  bool vectorIsA = false;
  int64_t stackBytes = 0;
  /// Operand buffers, by loaded value and place in the product (0 for A, 1 for
  /// B); accumulators, by pipeline result.
  DenseMap<std::pair<Value, unsigned>, TileBuffer> operands;
  DenseMap<Value, Value> accumulators;
  /// Operand buffers of pipelines before the one being planned, by type.
  DenseMap<Type, SmallVector<Value>> idle;
  /// Elements of the work item inside the iteration space, by side.
  Value validRows, validColumns;
};

} // namespace mlir::sparse_tile

#endif // SPARSITY_LIB_CONVERSION_SPARSETILETOVECTOR_WORKITEM_H
