//===- CountWork.h - report what schedules read -----------------*- C++ -*-===//

#ifndef SPARSITY_LIB_CONVERSION_SPARSETILETOVECTOR_COUNTWORK_H
#define SPARSITY_LIB_CONVERSION_SPARSETILETOVECTOR_COUNTWORK_H

#include "sparsity/Dialect/SparseTile/IR/SparseTile.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/IRMapping.h"

namespace mlir::sparse_tile {

/// Entry points of the runtime that add up work (sparsity-c/Runtime.h).
inline constexpr StringLiteral kCountWork = "sparsityCountWork";
inline constexpr StringLiteral kCountDenseWork = "sparsityCountDenseWork";

/// The module attribute (unit) that asks for it.
inline constexpr StringLiteral kCountWorkAttr = "sparsity.count_work";

/// Emits the call of `callee`, which is the function kCountWork, at the end of
/// a work item of `forall`, the schedule number `number` of the module. The
/// bounds of its pipelines are in `mapping`.
///
/// Steps are those that run, summed over the pipelines. Bytes are those of
/// whole tiles, as stored, that are read; of a bitmap, of its average tile.
void emitWorkCount(OpBuilder &builder, ForallOp forall, int64_t number,
                   const IRMapping &mapping, LLVM::LLVMFuncOp callee);

/// Emits the call of `callee`, which is the function kCountDenseWork, beside
/// `forall`: the steps and bytes of all work items if every tile of every
/// dimension ran and were dense (sparsity/Dialect/SparseTile/IR/DenseWork.h). A
/// pipeline that starts from the sums of another one visits the same reduction
/// and adds nothing; nor does one of an extent that the forall's sizes do not
/// hold.
void emitDenseWork(OpBuilder &builder, ForallOp forall, int64_t number,
                   LLVM::LLVMFuncOp callee);

/// Emits what decides the bounds of the pipelines of a work item, and no more.
void emitBounds(OpBuilder &builder, ForallOp forall, IRMapping &mapping);

/// The schedules of `module` whose results decide, through any number of
/// others, how much work some schedule has; those have to run for the counts of
/// the others. `module` is in buffers.
DenseSet<Operation *> findDecidingSchedules(ModuleOp module);

} // namespace mlir::sparse_tile

#endif // SPARSITY_LIB_CONVERSION_SPARSETILETOVECTOR_COUNTWORK_H
