//===- Passes.h - passes of the schedule dialect ----------------*- C++ -*-===//

#ifndef SPARSITY_DIALECT_SPARSETILE_TRANSFORMS_PASSES_H
#define SPARSITY_DIALECT_SPARSETILE_TRANSFORMS_PASSES_H

#include "mlir/Pass/Pass.h"

namespace mlir::sparse_tile {

#define GEN_PASS_DECL
#include "sparsity/Dialect/SparseTile/Transforms/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "sparsity/Dialect/SparseTile/Transforms/Passes.h.inc"

} // namespace mlir::sparse_tile

#endif // SPARSITY_DIALECT_SPARSETILE_TRANSFORMS_PASSES_H
