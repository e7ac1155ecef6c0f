//===- SparsityMaterializeStorage.cpp - encoded types to buffers, the ABI -===//

#include "sparsity/Dialect/Sparsity/IR/Sparsity.h"
#include "sparsity/Dialect/Sparsity/Transforms/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"
#include "mlir/Interfaces/ValueBoundsOpInterface.h"

namespace mlir::sparsity {
#define GEN_PASS_DEF_SPARSITYMATERIALIZESTORAGEPASS
#include "sparsity/Dialect/Sparsity/Transforms/Passes.h.inc"
} // namespace mlir::sparsity

using namespace mlir;
using namespace mlir::sparsity;

namespace {
/// Rewrites one function's boundary.
class Materializer {
public:
  explicit Materializer(func::FuncOp func)
      : func(func), builder(func.getContext()),
        original(func.getArgumentTypes()) {}

  LogicalResult run();

private:
  NamedAttribute attr(StringRef name, Attribute value) {
    return builder.getNamedAttr(name, value);
  }
  void note(ArrayRef<NamedAttribute> entries) {
    abi.push_back(builder.getDictionaryAttr(entries));
  }
  LogicalResult foldExtents();
  LogicalResult materializeResults();
  LogicalResult materializeArgument(unsigned index, BlockArgument argument);
  FailureOr<DictionaryAttr> describeResult(unsigned index, Value value);

  func::FuncOp func;
  OpBuilder builder;
  SmallVector<Type> original;
  SmallVector<Attribute> abi;
};
} // namespace

/// The extents of `value` in terms of the extents of the function's arguments.
FailureOr<DictionaryAttr> Materializer::describeResult(unsigned index,
                                                       Value value) {
  auto type = cast<RankedTensorType>(value.getType());
  SmallVector<AffineExpr> exprs;
  SmallVector<int64_t> symbols;
  MLIRContext *context = func.getContext();
  for (int64_t dim = 0; dim < type.getRank(); ++dim) {
    if (!type.isDynamicDim(dim)) {
      exprs.push_back(builder.getAffineConstantExpr(type.getDimSize(dim)));
      continue;
    }
    AffineMap bound;
    ValueDimList operands;
    auto stop = [&](Value candidate, std::optional<int64_t> candidateDim,
                    ValueBoundsConstraintSet &) {
      auto argument = dyn_cast<BlockArgument>(candidate);
      return argument && argument.getOwner() == &func.getBody().front();
    };
    if (failed(ValueBoundsConstraintSet::computeBound(
            bound, operands, presburger::BoundType::EQ,
            ValueBoundsConstraintSet::Variable(value, dim), stop))) {
      return func.emitOpError("expected dimension ")
             << dim << " of result #" << index
             << " to be computed from the arguments' dimensions";
    }
    SmallVector<AffineExpr> replacements;
    for (auto [operand, operandDim] : operands) {
      auto argument = dyn_cast<BlockArgument>(operand);
      if (!argument || !operandDim) {
        return func.emitOpError("expected dimension ")
               << dim << " of result #" << index
               << " to be computed from the arguments' dimensions";
      }
      replacements.push_back(getAffineSymbolExpr(symbols.size() / 2, context));
      symbols.push_back(argument.getArgNumber());
      symbols.push_back(*operandDim);
    }
    ArrayRef<AffineExpr> all(replacements);
    exprs.push_back(bound.getResult(0).replaceDimsAndSymbols(
        all.take_front(bound.getNumDims()),
        all.drop_front(bound.getNumDims())));
  }
  return builder.getDictionaryAttr(
      {attr("kind", builder.getStringAttr("result")),
       attr("result", builder.getI64IntegerAttr(index)),
       attr("type", TypeAttr::get(type)),
       attr("shape", AffineMapAttr::get(AffineMap::get(0, symbols.size() / 2,
                                                       exprs, context))),
       attr("symbols", builder.getDenseI64ArrayAttr(symbols))});
}

/// Extents of tensors that are assembled here are those that the op is given.
LogicalResult Materializer::foldExtents() {
  WalkResult result = func.walk([&](tensor::DimOp dim) {
    auto assemble = dim.getSource().getDefiningOp<AssembleOp>();
    if (!assemble) {
      return WalkResult::advance();
    }
    auto type = cast<RankedTensorType>(assemble.getType());
    std::optional<int64_t> number = dim.getConstantIndex();
    if (!number || *number >= type.getRank()) {
      dim.emitOpError("expected a constant dimension below ")
          << type.getRank() << " of an encoded tensor";
      return WalkResult::interrupt();
    }
    builder.setInsertionPoint(dim);
    OpFoldResult extent = assemble.getExtent(builder, *number);
    if (!extent) {
      assemble.emitOpError("expected sizes for the dynamic extents of ")
          << type << ", but got none, and dimension " << *number << " is used";
      return WalkResult::interrupt();
    }
    dim.getResult().replaceAllUsesWith(
        getValueOrCreateConstantIndexOp(builder, dim.getLoc(), extent));
    dim.erase();
    return WalkResult::advance();
  });
  return failure(result.wasInterrupted());
}

/// Every tensor result is written into an argument that the caller provides.
LogicalResult Materializer::materializeResults() {
  auto terminator =
      cast<func::ReturnOp>(func.getBody().front().getTerminator());
  for (OpOperand &operand : terminator->getOpOperands()) {
    Value value = operand.get();
    auto type = dyn_cast<RankedTensorType>(value.getType());
    if (!type || type.getEncoding()) {
      InFlightDiagnostic diag =
          func.emitOpError("expected dense tensor results, but got result #")
          << operand.getOperandNumber() << " of " << value.getType();
      if (getSparsityEncoding(value.getType())) {
        diag << "; sparsity.decode gives the dense tensor, "
                "sparsity.disassemble the storage buffers";
      }
      return diag;
    }
    FailureOr<DictionaryAttr> entry =
        describeResult(operand.getOperandNumber(), value);
    if (failed(entry)) {
      return failure();
    }
    abi.push_back(*entry);
    func.getBody().front().addArgument(type, func.getLoc());
  }
  // Afterwards, so that the bounds above saw the function as it was.
  unsigned first =
      func.getBody().getNumArguments() - terminator.getNumOperands();
  for (OpOperand &operand : terminator->getOpOperands()) {
    BlockArgument output =
        func.getBody().getArgument(first + operand.getOperandNumber());
    Value value = operand.get();
    auto producer = value.getDefiningOp<DestinationStyleOpInterface>();
    Value init = producer
                     ? producer.getTiedOpOperand(cast<OpResult>(value))->get()
                     : Value();
    bool direct = init && init.getDefiningOp<tensor::EmptyOp>() &&
                  init.getType() == output.getType() && value.hasOneUse();
    if (direct) {
      producer.getTiedOpOperand(cast<OpResult>(value))->set(output);
      continue;
    }
    builder.setInsertionPoint(terminator);
    operand.set(bufferization::MaterializeInDestinationOp::create(
                    builder, func.getLoc(), output.getType(), value, output)
                    .getResult());
  }
  return success();
}

LogicalResult Materializer::materializeArgument(unsigned index,
                                                BlockArgument argument) {
  Block &entry = func.getBody().front();
  auto indexAttr = builder.getI64IntegerAttr(index);
  SparsityEncodingAttrInterface encoding =
      getSparsityEncoding(argument.getType());
  if (!encoding) {
    bool tensor = isa<RankedTensorType>(argument.getType());
    note({attr("kind", builder.getStringAttr(tensor ? "tensor" : "scalar")),
          attr("arg", indexAttr),
          attr("type", TypeAttr::get(argument.getType()))});
    return success();
  }
  auto type = cast<RankedTensorType>(argument.getType());
  auto pack = func.getArgAttrOfType<StringAttr>(index, "sparsity.pack");
  // New arguments go right behind the old one, which disappears in the end.
  unsigned position = argument.getArgNumber();
  llvm::StringMap<BlockArgument> fields;
  for (const StorageField &field : encoding.getStorage(type)) {
    BlockArgument buffer =
        entry.insertArgument(++position, field.type, argument.getLoc());
    fields[field.name] = buffer;
    SmallVector<NamedAttribute> entries = {
        attr("kind", builder.getStringAttr("field")), attr("arg", indexAttr),
        attr("field", builder.getStringAttr(field.name)),
        attr("type", TypeAttr::get(type)),
        attr("storage", TypeAttr::get(field.type))};
    if (pack) {
      entries.push_back(attr("pack", pack));
    }
    note(entries);
  }
  DenseMap<int64_t, BlockArgument> extents;
  for (int64_t dim = 0; dim < type.getRank(); ++dim) {
    if (type.isDynamicDim(dim)) {
      extents[dim] = entry.insertArgument(++position, builder.getIndexType(),
                                          argument.getLoc());
      note({attr("kind", builder.getStringAttr("dim")), attr("arg", indexAttr),
            attr("dim", builder.getI64IntegerAttr(dim))});
    }
  }
  for (Operation *user : llvm::make_early_inc_range(argument.getUsers())) {
    if (auto field = dyn_cast<FieldOp>(user)) {
      field.getResult().replaceAllUsesWith(fields[field.getName()]);
      field.erase();
    } else if (auto disassemble = dyn_cast<DisassembleOp>(user)) {
      for (auto [result, field] : llvm::zip_equal(disassemble.getFields(),
                                                  encoding.getStorage(type))) {
        result.replaceAllUsesWith(fields[field.name]);
      }
      disassemble.erase();
    } else if (auto dim = dyn_cast<tensor::DimOp>(user)) {
      std::optional<int64_t> number = dim.getConstantIndex();
      if (!number || *number >= type.getRank()) {
        return dim.emitOpError("expected a constant dimension below ")
               << type.getRank() << " of an encoded tensor";
      }
      builder.setInsertionPoint(dim);
      Value extent =
          type.isDynamicDim(*number)
              ? Value(extents[*number])
              : Value(arith::ConstantIndexOp::create(builder, dim.getLoc(),
                                                     type.getDimSize(*number)));
      dim.getResult().replaceAllUsesWith(extent);
      dim.erase();
    } else {
      return user->emitOpError("expected an op that reads the storage of ")
             << type << ", but this op has no lowering for it";
    }
  }
  entry.eraseArgument(argument.getArgNumber());
  return success();
}

LogicalResult Materializer::run() {
  if (!llvm::hasSingleElement(func.getBody())) {
    return func.emitOpError("expected a body of one block, but got ")
           << func.getBody().getBlocks().size();
  }
  func.walk([](FieldOp field) {
    if (auto assemble = field.getSource().getDefiningOp<AssembleOp>()) {
      SparsityEncodingAttrInterface encoding =
          getSparsityEncoding(assemble.getType());
      for (auto [value, description] : llvm::zip_equal(
               assemble.getFields(), encoding.getStorage(cast<RankedTensorType>(
                                         assemble.getType())))) {
        if (description.name == field.getName()) {
          // A static size may stand for a dynamic one, and the reverse.
          Value buffer = value;
          if (buffer.getType() != field.getType()) {
            OpBuilder castBuilder(field);
            buffer = tensor::CastOp::create(castBuilder, field.getLoc(),
                                            field.getType(), buffer);
          }
          field.getResult().replaceAllUsesWith(buffer);
          field.erase();
          return;
        }
      }
    }
  });
  if (failed(foldExtents())) {
    return failure();
  }
  SmallVector<Attribute> results;
  if (failed(materializeResults())) {
    return failure();
  }
  std::swap(results, abi);
  for (unsigned index = 0; index < original.size(); ++index) {
    // Earlier arguments may have become several: the result of summing is the
    // count of entries noted so far.
    if (failed(materializeArgument(index,
                                   func.getBody().getArgument(abi.size())))) {
      return failure();
    }
  }
  llvm::append_range(abi, results);
  func->removeAttr(func.getArgAttrsAttrName());
  func.setFunctionType(builder.getFunctionType(
      func.getBody().getArgumentTypes(), func.getResultTypes()));
  // Outputs are the caller's to be written, inputs are not.
  unsigned firstOutput = func.getNumArguments() - results.size();
  for (unsigned index = 0; index < func.getNumArguments(); ++index) {
    if (isa<RankedTensorType>(func.getArgumentTypes()[index])) {
      func.setArgAttr(index,
                      bufferization::BufferizationDialect::kWritableAttrName,
                      builder.getBoolAttr(index >= firstOutput));
    }
  }
  func->setAttr("sparsity.abi", builder.getArrayAttr(abi));
  // What only carried encoded values is dead now.
  func.walk([](AssembleOp assemble) {
    if (assemble->use_empty()) {
      assemble.erase();
    }
  });
  return success();
}

namespace {
struct SparsityMaterializeStoragePass
    : sparsity::impl::SparsityMaterializeStoragePassBase<
          SparsityMaterializeStoragePass> {
  void runOnOperation() override {
    WalkResult result = getOperation().walk([](func::FuncOp func) {
      if (func.isDeclaration() || func->hasAttr("sparsity.abi")) {
        return WalkResult::advance();
      }
      return failed(Materializer(func).run()) ? WalkResult::interrupt()
                                              : WalkResult::advance();
    });
    if (result.wasInterrupted()) {
      signalPassFailure();
    }
  }
};
} // namespace
