//===- CountWork.h - report what a work item read ---------------*- C++ -*-===//

#ifndef SPARSITY_LIB_CONVERSION_SPARSETILETOVECTOR_COUNTWORK_H
#define SPARSITY_LIB_CONVERSION_SPARSETILETOVECTOR_COUNTWORK_H

#include "sparsity/Dialect/SparseTile/IR/SparseTile.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/IRMapping.h"

namespace mlir::sparse_tile {

/// Entry point of the runtime that adds up work (sparsity-c/Runtime.h).
inline constexpr StringLiteral kCountWork = "sparsityCountWork";

/// The module attribute (unit) that asks for it.
inline constexpr StringLiteral kCountWorkAttr = "sparsity.count_work";

/// The attribute of a pipeline (i64) with the extent of the reduction that the
/// pipeline visits a part of.
inline constexpr StringLiteral kTotalAttr = "sparsity.total";

/// Emits the call of `callee`, which is the function kCountWork, at the end of
/// a work item of `forall`, the schedule number `number` of the module. The
/// bounds of its pipelines are in `mapping`.
///
/// Steps are those that run, summed over the pipelines. The total is the steps
/// over the extent in kTotalAttr; a pipeline that starts from the sums of
/// another one visits the same reduction and adds nothing to it. Without the
/// attribute the total is the steps that run. Bytes are those of whole tiles,
/// as stored, for the steps that run; a bitmap counts as if every element were
/// present. Dense bytes are those of dense tiles for all steps.
void emitWorkCount(OpBuilder &builder, ForallOp forall, int64_t number,
                   const IRMapping &mapping, LLVM::LLVMFuncOp callee);

} // namespace mlir::sparse_tile

#endif // SPARSITY_LIB_CONVERSION_SPARSETILETOVECTOR_COUNTWORK_H
