//===- CoveragePredicate.h - membership in a coverage as code ---*- C++ -*-===//

#ifndef SPARSITY_ANALYSIS_COVERAGEPREDICATE_H
#define SPARSITY_ANALYSIS_COVERAGEPREDICATE_H

#include "sparsity/Coverage/Coverage.h"

#include "mlir/IR/Builders.h"

namespace mlir::sparsity {

/// An i1: whether the element at `point` (of type index, one for each
/// dimension of the tensor) is present in `coverage`.
///
/// `getField` gives the storage field of a name, an i32 tensor or memref of
/// rank 1, and is asked where the coverage reads a buffer; so the code may
/// stand in the body of a linalg.generic as well as in a loop nest over
/// memrefs. A listed coverage is searched by bisection, which needs the entries
/// of a group in ascending order. A row or a group that a buffer does not reach
/// holds no element. `unknown` gives the answer (an i1) where the coverage says
/// nothing.
Value emitCoveragePredicate(OpBuilder &builder, Location loc,
                            const Coverage &coverage, ArrayRef<Value> point,
                            function_ref<Value(StringRef field)> getField,
                            function_ref<Value()> unknown);

/// An i1 that holds only if every element of a box is present in `coverage`
/// (`kind` Full), or none is (`kind` Empty): where no band with affine bounds
/// decides, it does not hold. `box` has the first and the last index in each
/// dimension.
Value emitCoverageProof(OpBuilder &builder, Location loc,
                        const Coverage &coverage,
                        ArrayRef<std::pair<Value, Value>> box, TileKind kind);

} // namespace mlir::sparsity

#endif // SPARSITY_ANALYSIS_COVERAGEPREDICATE_H
