//===- SparsityFinalizeAbi.cpp - entry functions as their callers see them ===//

#include "sparsity/Dialect/Sparsity/Transforms/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

namespace mlir::sparsity {
#define GEN_PASS_DEF_SPARSITYFINALIZEABIPASS
#include "sparsity/Dialect/Sparsity/Transforms/Passes.h.inc"
} // namespace mlir::sparsity

using namespace mlir;

/// Results were written into the last arguments; they are not returned as well.
static void dropResults(func::FuncOp func) {
  auto terminator = cast<func::ReturnOp>(func.getBody().back().getTerminator());
  unsigned first = func.getNumArguments() - terminator.getNumOperands();
  OpBuilder builder(terminator);
  for (OpOperand &operand : terminator->getOpOperands()) {
    Value value = operand.get();
    while (auto cast = value.getDefiningOp<memref::CastOp>()) {
      value = cast.getSource();
    }
    Value output = func.getArgument(first + operand.getOperandNumber());
    if (value != output) {
      memref::CopyOp::create(builder, func.getLoc(), value, output);
    }
  }
  terminator->setOperands({});
  func.setFunctionType(builder.getFunctionType(func.getArgumentTypes(), {}));
  func->removeAttr(func.getResAttrsAttrName());
}

namespace {
struct SparsityFinalizeAbiPass
    : sparsity::impl::SparsityFinalizeAbiPassBase<SparsityFinalizeAbiPass> {
  void runOnOperation() override {
    getOperation().walk([&](func::FuncOp func) {
      if (func.isDeclaration() || !func->hasAttr("sparsity.abi")) {
        return;
      }
      dropResults(func);
      if (func.isPublic()) {
        func->setAttr(LLVM::LLVMDialect::getEmitCWrapperAttrName(),
                      UnitAttr::get(&getContext()));
      }
    });
  }
};
} // namespace
