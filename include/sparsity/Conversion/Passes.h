//===- Passes.h - conversions -----------------------------------*- C++ -*-===//

#ifndef SPARSITY_CONVERSION_PASSES_H
#define SPARSITY_CONVERSION_PASSES_H

#include "mlir/Pass/Pass.h"

namespace mlir {
class ModuleOp;
} // namespace mlir

namespace mlir::sparsity {

#define GEN_PASS_DECL
#include "sparsity/Conversion/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "sparsity/Conversion/Passes.h.inc"

} // namespace mlir::sparsity

#endif // SPARSITY_CONVERSION_PASSES_H
