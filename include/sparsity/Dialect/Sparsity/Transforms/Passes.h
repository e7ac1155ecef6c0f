//===- Passes.h - passes of the sparsity dialect ----------------*- C++ -*-===//

#ifndef SPARSITY_DIALECT_SPARSITY_TRANSFORMS_PASSES_H
#define SPARSITY_DIALECT_SPARSITY_TRANSFORMS_PASSES_H

#include "mlir/Pass/Pass.h"

namespace mlir {
class ModuleOp;
namespace affine {
class AffineDialect;
} // namespace affine
namespace arith {
class ArithDialect;
} // namespace arith
namespace bufferization {
class BufferizationDialect;
} // namespace bufferization
namespace linalg {
class LinalgDialect;
} // namespace linalg
namespace LLVM {
class LLVMDialect;
} // namespace LLVM
namespace math {
class MathDialect;
} // namespace math
namespace memref {
class MemRefDialect;
} // namespace memref
namespace scf {
class SCFDialect;
} // namespace scf
namespace sparse_tile {
class SparseTileDialect;
} // namespace sparse_tile
} // namespace mlir

namespace mlir::sparsity {

#define GEN_PASS_DECL
#include "sparsity/Dialect/Sparsity/Transforms/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "sparsity/Dialect/Sparsity/Transforms/Passes.h.inc"

} // namespace mlir::sparsity

#endif // SPARSITY_DIALECT_SPARSITY_TRANSFORMS_PASSES_H
