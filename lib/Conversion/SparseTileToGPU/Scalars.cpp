//===- Scalars.cpp - scalar code of a schedule inside a kernel ------------===//

#include "Scalars.h"

#include "mlir/Dialect/LLVMIR/NVVMDialect.h"

using namespace mlir;
using namespace mlir::sparsity;
using namespace mlir::sparsity::gpu_conversion;

Type gpu_conversion::getStorageType(Type type) {
  if (isa<FloatType>(type) && type.getIntOrFloatBitWidth() == 8) {
    return IntegerType::get(type.getContext(), 8);
  }
  return type;
}

Value gpu_conversion::loadElement(KernelBuilder &b, Type type, Value pointer) {
  Type stored = type.isIndex() ? b.getI64Type() : getStorageType(type);
  Value value =
      b.load(stored, pointer,
             std::max<unsigned>(stored.getIntOrFloatBitWidth() / 8, 1));
  if (stored == type) {
    return value;
  }
  if (type.isIndex()) {
    return arith::IndexCastOp::create(b, type, value);
  }
  return arith::BitcastOp::create(b, type, value);
}

Value gpu_conversion::elementAddress(KernelBuilder &b,
                                     const GlobalBuffer &buffer,
                                     ArrayRef<Value> indices) {
  Value elements = b.i64(0);
  for (auto [index, stride] : llvm::zip_equal(indices, buffer.strides)) {
    Value wide = index.getType().isIndex()
                     ? b.createOrFold<arith::IndexCastOp>(b.getI64Type(), index)
                     : b.toI64(index);
    elements = b.add(elements, b.mul(wide, stride));
  }
  unsigned bits = buffer.type.getElementType().isIndex()
                      ? 64
                      : buffer.type.getElementTypeBitWidth();
  return b.offset(buffer.pointer,
                  b.mul(elements, std::max<int64_t>(bits / 8, 1)));
}

Value ScalarCode::toI32(Value value) {
  if (value.getType().isInteger(32)) {
    return value;
  }
  if (std::optional<int64_t> constant = getConstantIntValue(value)) {
    return b.i32(*constant);
  }
  return b.createOrFold<arith::IndexCastOp>(b.getI32Type(), value);
}

Value ScalarCode::toIndex(Value value) {
  if (value.getType().isIndex()) {
    return value;
  }
  if (std::optional<int64_t> constant = getConstantIntValue(value)) {
    return arith::ConstantIndexOp::create(b, *constant);
  }
  return b.createOrFold<arith::IndexCastOp>(b.getIndexType(), value);
}

/// Reads of buffers and their extents, which are not ops on memrefs here.
void ScalarCode::lowerMemory(Operation *root) {
  SmallVector<Operation *> ops;
  root->walk([&](Operation *op) {
    if (isa<memref::LoadOp, memref::DimOp>(op)) {
      ops.push_back(op);
    }
  });
  for (Operation *op : ops) {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPoint(op);
    Value result;
    if (auto load = dyn_cast<memref::LoadOp>(op)) {
      const GlobalBuffer &source = buffers.find(load.getMemRef())->second;
      SmallVector<Value> indices(load.getIndices());
      result =
          loadElement(b, load.getType(), elementAddress(b, source, indices));
    } else {
      auto dim = cast<memref::DimOp>(op);
      const GlobalBuffer &source = buffers.find(dim.getSource())->second;
      result = toIndex(source.extents[*dim.getConstantIndex()]);
    }
    op->getResult(0).replaceAllUsesWith(result);
    op->erase();
  }
}

void ScalarCode::clone(Operation &op, IRMapping &mapping) {
  // A read that is not inside anything has no clone to hold its result.
  if (auto load = dyn_cast<memref::LoadOp>(op)) {
    SmallVector<Value> indices;
    for (Value index : load.getIndices()) {
      indices.push_back(mapping.lookupOrDefault(index));
    }
    const GlobalBuffer &source = buffers.find(load.getMemRef())->second;
    mapping.map(
        load.getResult(),
        loadElement(b, load.getType(), elementAddress(b, source, indices)));
    return;
  }
  if (auto dim = dyn_cast<memref::DimOp>(op)) {
    const GlobalBuffer &source = buffers.find(dim.getSource())->second;
    mapping.map(dim.getResult(),
                toIndex(source.extents[*dim.getConstantIndex()]));
    return;
  }
  Operation *copy = b.clone(op, mapping);
  if (copy->getNumRegions() > 0) {
    lowerMemory(copy);
  }
}

SmallVector<Value> ScalarCode::inlineBlock(Block &block, ValueRange arguments,
                                           const IRMapping &mapping) {
  IRMapping local(mapping);
  for (auto [argument, value] :
       llvm::zip_equal(block.getArguments(), arguments)) {
    local.map(argument,
              argument.getType().isIndex() ? toIndex(value) : Value(value));
  }
  for (Operation &op : block.without_terminator()) {
    clone(op, local);
  }
  SmallVector<Value> results;
  for (Value value : block.getTerminator()->getOperands()) {
    results.push_back(local.lookupOrDefault(value));
  }
  return results;
}
