//===- SparseTile.h - the schedule dialect ----------------------*- C++ -*-===//

#ifndef SPARSITY_DIALECT_SPARSETILE_IR_SPARSETILE_H
#define SPARSITY_DIALECT_SPARSETILE_IR_SPARSETILE_H

#include "sparsity/Dialect/Sparsity/IR/Sparsity.h"

#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"

#include "sparsity/Dialect/SparseTile/IR/SparseTileDialect.h.inc"

#define GET_TYPEDEF_CLASSES
#include "sparsity/Dialect/SparseTile/IR/SparseTileTypes.h.inc"

#define GET_ATTRDEF_CLASSES
#include "sparsity/Dialect/SparseTile/IR/SparseTileAttrs.h.inc"

#define GET_OP_CLASSES
#include "sparsity/Dialect/SparseTile/IR/SparseTileOps.h.inc"

namespace mlir {
class DialectRegistry;
} // namespace mlir

namespace mlir::sparse_tile {

/// The name under which select-config leaves its choice on a compute op.
inline constexpr llvm::StringLiteral kConfigAttrName = "sparse_tile.config";
/// On an op until storage is resolved: the configuration that takes its place
/// if the operand that would be multiplied compressed is not stored so.
inline constexpr llvm::StringLiteral kFallbackAttrName = "sparse_tile.fallback";
/// On an op or a forall: [[columns, config], ...], ascending. Where the columns
/// are known at the launch only, the first entry that has at least as many
/// replaces the configuration.
inline constexpr llvm::StringLiteral kVariantsAttrName = "sparse_tile.variants";

/// On a forall: [the position of an input, rows]. The input, of type i32, holds
/// a permutation of the groups of so many rows of the second last parallel
/// dimension. Kernels may visit the groups in its order, which makes no
/// difference to the result.
inline constexpr llvm::StringLiteral kOrderAttrName = "sparse_tile.order";

void registerBufferizableOpInterfaceExternalModels(DialectRegistry &registry);

} // namespace mlir::sparse_tile

#endif // SPARSITY_DIALECT_SPARSETILE_IR_SPARSETILE_H
