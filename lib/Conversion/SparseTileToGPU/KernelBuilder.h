//===- KernelBuilder.h - short forms for building kernel code ---*- C++ -*-===//
//
// A kernel is built from i32 index arithmetic, byte addresses and nvvm ops.
// These short forms fold constants as they go, so that static shapes leave no
// code behind.
//
//===----------------------------------------------------------------------===//

#ifndef SPARSITY_CONVERSION_SPARSETILETOGPU_KERNELBUILDER_H
#define SPARSITY_CONVERSION_SPARSETILETOGPU_KERNELBUILDER_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/Matchers.h"

namespace mlir::sparsity::gpu_conversion {

/// The address spaces of PTX that kernels use.
enum AddressSpace : unsigned { kGlobal = 1, kShared = 3 };

class KernelBuilder : public ImplicitLocOpBuilder {
public:
  using ImplicitLocOpBuilder::ImplicitLocOpBuilder;

  Value i32(int64_t value) {
    return arith::ConstantOp::create(*this, getI32IntegerAttr(value));
  }
  Value i64(int64_t value) {
    return arith::ConstantOp::create(*this, getI64IntegerAttr(value));
  }
  /// A constant of the type of `like`.
  Value constantLike(Value like, int64_t value) {
    return like.getType().isInteger(64) ? i64(value) : i32(value);
  }

  Value add(Value a, Value b) { return createOrFold<arith::AddIOp>(a, b); }
  Value sub(Value a, Value b) { return createOrFold<arith::SubIOp>(a, b); }
  Value mul(Value a, Value b) { return createOrFold<arith::MulIOp>(a, b); }
  /// Unsigned: indices are never negative.
  Value div(Value a, Value b) { return createOrFold<arith::DivUIOp>(a, b); }
  Value rem(Value a, Value b) { return createOrFold<arith::RemUIOp>(a, b); }
  Value min(Value a, Value b) { return createOrFold<arith::MinUIOp>(a, b); }
  Value bitXor(Value a, Value b) { return createOrFold<arith::XOrIOp>(a, b); }
  Value bitAnd(Value a, Value b) { return createOrFold<arith::AndIOp>(a, b); }
  Value bitOr(Value a, Value b) { return createOrFold<arith::OrIOp>(a, b); }
  Value shl(Value a, Value b) { return createOrFold<arith::ShLIOp>(a, b); }
  Value shr(Value a, Value b) { return createOrFold<arith::ShRUIOp>(a, b); }
  Value add(Value a, int64_t b) { return add(a, constantLike(a, b)); }
  Value sub(Value a, int64_t b) { return sub(a, constantLike(a, b)); }
  Value mul(Value a, int64_t b) { return mul(a, constantLike(a, b)); }
  Value div(Value a, int64_t b) { return div(a, constantLike(a, b)); }
  Value rem(Value a, int64_t b) { return rem(a, constantLike(a, b)); }
  Value bitXor(Value a, int64_t b) { return bitXor(a, constantLike(a, b)); }
  Value bitAnd(Value a, int64_t b) { return bitAnd(a, constantLike(a, b)); }
  Value shl(Value a, int64_t b) { return shl(a, constantLike(a, b)); }
  Value shr(Value a, int64_t b) { return shr(a, constantLike(a, b)); }
  Value ceilDiv(Value a, int64_t b) { return div(add(a, b - 1), b); }

  Value less(Value a, Value b) {
    return createOrFold<arith::CmpIOp>(arith::CmpIPredicate::ult, a, b);
  }
  Value less(Value a, int64_t b) { return less(a, constantLike(a, b)); }
  Value equal(Value a, Value b) {
    return createOrFold<arith::CmpIOp>(arith::CmpIPredicate::eq, a, b);
  }
  Value equal(Value a, int64_t b) { return equal(a, constantLike(a, b)); }
  Value both(Value a, Value b) { return createOrFold<arith::AndIOp>(a, b); }
  Value select(Value condition, Value a, Value b) {
    return createOrFold<arith::SelectOp>(condition, a, b);
  }
  Value trueValue() {
    return arith::ConstantOp::create(*this, getBoolAttr(true));
  }
  Value toI64(Value value) {
    return value.getType().isInteger(64)
               ? value
               : createOrFold<arith::ExtUIOp>(getI64Type(), value);
  }
  Value toI32(Value value) {
    return value.getType().isInteger(32)
               ? value
               : createOrFold<arith::TruncIOp>(getI32Type(), value);
  }

  Type pointerType(unsigned space) {
    return LLVM::LLVMPointerType::get(getContext(), space);
  }
  /// The address `bytes` behind `base`.
  Value offset(Value base, Value bytes) {
    if (matchPattern(bytes, m_Zero())) {
      return base;
    }
    return LLVM::GEPOp::create(*this, base.getType(), getI8Type(), base,
                               ValueRange{bytes});
  }
  Value offset(Value base, int64_t bytes) {
    if (bytes == 0) {
      return base;
    }
    return LLVM::GEPOp::create(
        *this, base.getType(), getI8Type(), base,
        ArrayRef<LLVM::GEPArg>{static_cast<int32_t>(bytes)});
  }
  Value load(Type type, Value pointer, unsigned alignment) {
    return LLVM::LoadOp::create(*this, type, pointer, alignment);
  }
  void store(Value value, Value pointer, unsigned alignment) {
    LLVM::StoreOp::create(*this, value, pointer, alignment);
  }
  Value extract(Value aggregate, int64_t index) {
    return LLVM::ExtractValueOp::create(*this, aggregate, index);
  }
  Value bitcast(Type type, Value value) {
    return value.getType() == type
               ? value
               : LLVM::BitcastOp::create(*this, type, value);
  }
  /// `body` where `condition` holds; no branch if it is known to.
  void when(Value condition, function_ref<void()> body) {
    if (matchPattern(condition, m_One())) {
      return body();
    }
    if (matchPattern(condition, m_Zero())) {
      return;
    }
    auto branch = scf::IfOp::create(*this, condition, /*withElseRegion=*/false);
    OpBuilder::InsertionGuard guard(*this);
    setInsertionPoint(branch.thenBlock()->getTerminator());
    body();
  }
  /// `for (i = from; i < to; i += step) body(i)`, i32.
  void loop(Value from, Value to, int64_t step,
            function_ref<void(Value)> body) {
    auto loop = scf::ForOp::create(*this, from, to, i32(step));
    OpBuilder::InsertionGuard guard(*this);
    setInsertionPointToStart(loop.getBody());
    body(loop.getInductionVar());
  }
};

} // namespace mlir::sparsity::gpu_conversion

#endif // SPARSITY_CONVERSION_SPARSETILETOGPU_KERNELBUILDER_H
