//===- SparsityVerifyMaterialized.cpp - the gate before bufferization -----===//

#include "sparsity/Dialect/Sparsity/Transforms/Passes.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

namespace mlir::sparsity {
#define GEN_PASS_DEF_SPARSITYVERIFYMATERIALIZEDPASS
#include "sparsity/Dialect/Sparsity/Transforms/Passes.h.inc"
} // namespace mlir::sparsity

using namespace mlir;

static bool isEncoded(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  return tensor && tensor.getEncoding();
}

namespace {
struct SparsityVerifyMaterializedPass
    : sparsity::impl::SparsityVerifyMaterializedPassBase<
          SparsityVerifyMaterializedPass> {
  void runOnOperation() override {
    bool clean = true;
    getOperation().walk([&](Operation *op) {
      SmallVector<Type> types(op->getOperandTypes());
      llvm::append_range(types, op->getResultTypes());
      if (auto function = dyn_cast<FunctionOpInterface>(op)) {
        llvm::append_range(types, function.getArgumentTypes());
        llvm::append_range(types, function.getResultTypes());
      }
      auto found = llvm::find_if(types, isEncoded);
      if (found != types.end()) {
        op->emitOpError(
            "expected no encoded tensor after storage was materialized, but "
            "got ")
            << *found;
        clean = false;
      }
    });
    if (!clean) {
      signalPassFailure();
    }
  }
};
} // namespace
