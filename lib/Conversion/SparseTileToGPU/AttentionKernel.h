//===- AttentionKernel.h - attention on matrix instructions -----*- C++ -*-===//
//
// FlashAttention-2's division of work (arXiv:2307.08691): the warps of a block
// split the query rows only, so that a row's maximum and sum never leave four
// lanes. Queries stay in registers; keys and values arrive in a ring of stages;
// logits are C fragments, which hold the weights as A fragments of the second
// product without moving between lanes.
//
// A tile in shared memory is rows of whole 16-byte chunks, an odd number of
// them: 8 rows at one chunk then meet every bank once (ldmatrix), with no
// permutation, so that addresses differ by constants.
//
//===----------------------------------------------------------------------===//

#ifndef SPARSITY_CONVERSION_SPARSETILETOGPU_ATTENTIONKERNEL_H
#define SPARSITY_CONVERSION_SPARSETILETOGPU_ATTENTIONKERNEL_H

#include "Kernel.h"

namespace mlir::sparsity::gpu_conversion {

/// Whether `forall` holds a softmax, which has a kernel of its own.
bool isAttention(sparse_tile::ForallOp forall);

/// Emits the body of `state.forall`, an attention schedule. The bytes of shared
/// memory it takes, or failure after an error.
FailureOr<int64_t> emitAttention(KernelState &state, ArrayRef<Value> sizes);

/// A tile in shared memory.
struct SharedTile {
  /// Byte offset of its first row (i32), and bytes between rows.
  Value base;
  int64_t pitch = 0;
};

/// One row block of 16 rows a warp: C fragments along the columns, and per half
/// (rows 0-7, 8-15) the maximum and this lane's part of the sum.
struct AttentionRows {
  SmallVector<SmallVector<Value, 4>> output;
  SmallVector<Value, 2> maximum, sum;
};

class AttentionEmitter {
public:
  AttentionEmitter(KernelState &state, ArrayRef<Value> sizes);

  FailureOr<int64_t> run();

private:
  using Fragment = SmallVector<Value, 4>;
  using Logits = SmallVector<SmallVector<Value, 4>>;

  // Loads.
  int64_t pitchOf(int64_t columns) const;
  /// Copies `load` to shared memory, rows along the keys or queries. `outside`
  /// has what the load's operands and region use.
  void emitCopy(sparse_tile::LoadOp load, const SharedTile &tile,
                const IRMapping &outside);
  bool isVectorLoad(sparse_tile::LoadOp load);
  void emitElements(sparse_tile::LoadOp load, Value to, Value from,
                    Value column, Value valid);
  Value toI32(Value value, const IRMapping &mapping);

  // The loop.
  LogicalResult checkForm();
  SmallVector<AttentionRows> emitPipeline(sparse_tile::PipelineOp op,
                                          ArrayRef<AttentionRows> start);
  void emitStep(sparse_tile::PipelineOp op, Value position, Value slot,
                MutableArrayRef<AttentionRows> rows);
  SmallVector<Value> flatten(ArrayRef<AttentionRows> rows);
  SmallVector<AttentionRows> unflatten(ValueRange values);

  // Products.
  void multiply(ArrayRef<Value> a, Value b0, Value b1,
                SmallVector<Value, 4> &sums);
  void loadQueries();
  Fragment queryFragment(int64_t rowBlock, int64_t step);
  SmallVector<Logits> emitProducts(const SharedTile &keys);
  SmallVector<Logits> emitProductsF32(const SharedTile &keys);
  void emitOutputs(ArrayRef<Logits> weights, const SharedTile &values,
                   MutableArrayRef<AttentionRows> rows);
  void emitOutputsF32(ArrayRef<Logits> weights, const SharedTile &values,
                      MutableArrayRef<AttentionRows> rows);

  // Softmax.
  void emitScore(sparse_tile::ScoreOp score, const IRMapping &mapping,
                 Value position, MutableArrayRef<Logits> logits);
  void emitSoftmax(MutableArrayRef<Logits> logits,
                   MutableArrayRef<AttentionRows> rows);
  Value exp2(Value value);
  Value overQuad(Value value, bool maximum);
  Value f32(double value);
  Value rowOf(int64_t rowBlock, int64_t half);
  void emitStore(sparse_tile::StoreOp store, ArrayRef<AttentionRows> rows);

  bool isF32() const { return state.multiply == MultiplyType::F32; }
  int64_t bytes() const { return state.multiplyBits() / 8; }
  /// Elements of a chunk.
  int64_t perChunk() const { return 16 / bytes(); }

  KernelState &state;
  KernelBuilder &b;
  ScalarCode &scalars;
  ArrayRef<Value> sizes;
  /// Head sizes, padded; query rows, keys of a step, row blocks of a warp.
  int64_t headSize = 0, valueSize = 0, queries = 0, step = 0, rowBlocks = 0;
  /// Factor of logits in the exponent of 2; logits are kept without it.
  double exponent = 1.0;
  /// First byte of the stages and of the weights (f32 only); of one stage.
  int64_t ringOffset = 0, weightOffset = 0, stageBytes = 0;
  SharedTile queryTile;
  /// [row block][16 elements of the head], unless they stay in shared memory.
  SmallVector<SmallVector<Fragment>> queryFragments;
  DenseMap<Value, SmallVector<AttentionRows>> sums;
};

} // namespace mlir::sparsity::gpu_conversion

#endif // SPARSITY_CONVERSION_SPARSETILETOGPU_ATTENTIONKERNEL_H
