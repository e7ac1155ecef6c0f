//===- AttentionItem.h - attention as loops over vectors --------*- C++ -*-===//
//
// The work item of an attention schedule. Rows are queries; products run along
// the keys as vectors (keys lie k-major), outputs along the head size:
//
//   queries   [rows][head size]        keys     [head size][step]
//   logits    [rows][step]             values   [step][head size]
//
// Weights take the place of the logits.
//
//===----------------------------------------------------------------------===//

#ifndef SPARSITY_LIB_CONVERSION_SPARSETILETOVECTOR_ATTENTIONITEM_H
#define SPARSITY_LIB_CONVERSION_SPARSETILETOVECTOR_ATTENTIONITEM_H

#include "WorkItem.h"

namespace mlir::sparse_tile {

/// Whether `forall` holds a softmax, which is this class's business.
bool isAttention(ForallOp forall);

/// The loops of one work item, used as WorkItem is.
class AttentionItem : public WorkItem {
public:
  using WorkItem::WorkItem;

  LogicalResult prepare();
  LogicalResult emit(IRMapping &mapping);

private:
  LogicalResult planPipeline(PipelineOp pipeline);
  LogicalResult emitOp(Operation &op, IRMapping &mapping);
  LogicalResult emitPipeline(PipelineOp pipeline, IRMapping &mapping);
  LogicalResult emitStep(PipelineOp pipeline, IRMapping &mapping, Value steps);
  void fill(Value buffer, FillOp op);
  /// Scales the logits of one row and leaves those that are absent at minus
  /// infinity, which those behind `steps` become.
  void emitLogits(ScoreOp score, Value logits, Value row, Value steps,
                  IRMapping &mapping);
  /// Weights in place of the logits of one row; the row's sums follow.
  void emitWeights(Value logits, Value maximum, Value sum, Value output,
                   Value row, Value steps);
  Value number(double value, Type type);
  Value isBelow(Value count);

  /// By value: queries, keys, values and weights, and in `accumulators` all
  /// that is summed into.
  TileBuffer queryBuffer, keyBuffer, valueBuffer, logitBuffer;
};

} // namespace mlir::sparse_tile

#endif // SPARSITY_LIB_CONVERSION_SPARSETILETOVECTOR_ATTENTIONITEM_H
