//===- BufferizableOpInterfaceImpl.cpp - schedules on buffers -------------===//
//
// Only `forall` meets tensors from outside: its body is isolated, so its
// operands and block arguments change type together and the ops in the body
// follow by themselves.
//
//===----------------------------------------------------------------------===//

#include "sparsity/Dialect/SparseTile/IR/SparseTile.h"

#include "mlir/Dialect/Bufferization/IR/BufferizableOpInterface.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Bufferization/IR/DstBufferizableOpInterfaceImpl.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/PatternMatch.h"

using namespace mlir;
using namespace mlir::bufferization;
using namespace mlir::sparse_tile;

/// Gives `argument` a buffer type, and the ops on tensors among its users their
/// counterpart on buffers.
static void retypeArgument(RewriterBase &rewriter, BlockArgument argument,
                           Type type) {
  argument.setType(type);
  for (Operation *user : llvm::make_early_inc_range(argument.getUsers())) {
    OpBuilder::InsertionGuard guard(rewriter);
    rewriter.setInsertionPoint(user);
    if (auto dim = dyn_cast<tensor::DimOp>(user)) {
      rewriter.replaceOpWithNewOp<memref::DimOp>(dim, argument, dim.getIndex());
    } else if (auto extract = dyn_cast<tensor::ExtractOp>(user)) {
      rewriter.replaceOpWithNewOp<memref::LoadOp>(extract, argument,
                                                  extract.getIndices());
    } else if (auto buffer = dyn_cast<ToBufferOp>(user)) {
      // An op inside became one on buffers before the forall did.
      Value replacement = argument;
      if (type != buffer.getType()) {
        replacement = memref::CastOp::create(rewriter, buffer.getLoc(),
                                             buffer.getType(), argument);
      }
      rewriter.replaceOp(buffer, replacement);
    }
  }
}

namespace {
struct ForallModel
    : DstBufferizableOpInterfaceExternalModel<ForallModel, ForallOp> {
  bool bufferizesToMemoryRead(Operation *op, OpOperand &operand,
                              const AnalysisState &) const {
    auto forall = cast<ForallOp>(op);
    if (!forall.isDpsInit(&operand)) {
      return true;
    }
    // Each element of an output is written exactly once, and read by nobody,
    // unless it is a store that says which elements it writes.
    return llvm::any_of(forall.getBody().front().getOps<StoreOp>(),
                        [](StoreOp store) { return store.isScatter(); });
  }

  LogicalResult bufferize(Operation *op, RewriterBase &rewriter,
                          const BufferizationOptions &options,
                          BufferizationState &state) const {
    auto forall = cast<ForallOp>(op);
    auto toBuffers = [&](ValueRange values) -> FailureOr<SmallVector<Value>> {
      SmallVector<Value> buffers;
      for (Value value : values) {
        if (!isa<TensorType>(value.getType())) {
          buffers.push_back(value);
          continue;
        }
        FailureOr<Value> buffer = getBuffer(rewriter, value, options, state);
        if (failed(buffer)) {
          return failure();
        }
        buffers.push_back(*buffer);
      }
      return buffers;
    };
    FailureOr<SmallVector<Value>> inputs = toBuffers(forall.getInputs());
    FailureOr<SmallVector<Value>> outputs = toBuffers(forall.getOutputs());
    if (failed(inputs) || failed(outputs)) {
      return failure();
    }
    auto buffered = ForallOp::create(
        rewriter, forall.getLoc(), TypeRange(), forall.getSizes(), *inputs,
        *outputs, forall.getTileAttr(), forall.getConfigAttr(),
        forall.getCoverageAttr());
    buffered->setDiscardableAttrs(forall->getDiscardableAttrDictionary());
    buffered.getBody().takeBody(forall.getBody());
    for (auto [argument, value] :
         llvm::zip_equal(buffered.getInputArgs(), buffered.getInputs())) {
      retypeArgument(rewriter, argument, value.getType());
    }
    for (auto [argument, value] :
         llvm::zip_equal(buffered.getOutputArgs(), buffered.getOutputs())) {
      retypeArgument(rewriter, argument, value.getType());
    }
    // Results belong to the tensors among the outputs, in order.
    SmallVector<Value> results;
    for (auto [before, after] :
         llvm::zip_equal(forall.getOutputs(), *outputs)) {
      if (isa<TensorType>(before.getType())) {
        results.push_back(after);
      }
    }
    replaceOpWithBufferizedValues(rewriter, forall, results);
    return success();
  }
};
} // namespace

void sparse_tile::registerBufferizableOpInterfaceExternalModels(
    DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, SparseTileDialect *) {
    ForallOp::attachInterface<ForallModel>(*context);
    context->loadDialect<memref::MemRefDialect>();
  });
}
