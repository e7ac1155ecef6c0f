//===- BitmapFragments.cpp - records of bits into registers ---------------===//
//
// Eight threads share a patch of 32 elements, four each: two neighbours of a
// row and those eight columns on, which are two of the thread's registers. A
// byte of the patch's word has one bit of each of the eight threads. So one
// mask and one population count find where the thread's elements begin, and one
// shift leaves its four bits in a byte each:
//
//   word >> thread & 0x01010101      X, a byte 0 or 1 for each element
//   beginning + 2 popc(word & lower) address of the first element
//   dp4a(X, 0x0202, first)           address of the third: two bytes for each
//                                    element before it that is there
//   0x66226622 - 0x12 X              selectors of prmt: each half of a register
//                                    is the element that was loaded, or the
//                                    zeros in the upper half of its load
//
// Elements are loaded whether they are there or not: those that are not read
// their successor's bytes. The lanes of a warp read patches that lie next to
// each other, so loads of half-empty tiles meet every bank about once.
//
//===----------------------------------------------------------------------===//

#include "BitmapFragments.h"

using namespace mlir;
using namespace mlir::sparsity;
using namespace mlir::sparsity::gpu_conversion;

/// In a record: 128 words, 128 beginnings.
static constexpr int64_t kWordBytes = 128 * 4;
/// The patches that a thread reads.
static constexpr int64_t kPatches = 8;
static constexpr int64_t kOneBitEach = 0x01010101;

static Value callIntrinsic(KernelBuilder &b, StringRef name,
                           ValueRange operands) {
  return LLVM::CallIntrinsicOp::create(b, b.getI32Type(), b.getStringAttr(name),
                                       operands)
      .getResult(0);
}

static Value loadVector(KernelBuilder &b, Value address) {
  Value pointer = LLVM::IntToPtrOp::create(b, b.pointerType(kShared), address);
  return b.load(VectorType::get({4}, b.getI32Type()), pointer, 16);
}

static Value getPart(KernelBuilder &b, Value vector, int64_t part) {
  return LLVM::ExtractElementOp::create(b, vector, b.i32(part));
}

/// The element at `address`, and zeros in the upper half.
static Value loadElement(KernelBuilder &b, Value address) {
  Value pointer = LLVM::IntToPtrOp::create(b, b.pointerType(kShared), address);
  return arith::ExtUIOp::create(b, b.getI32Type(),
                                b.load(b.getI16Type(), pointer, 2));
}

SmallVector<SmallVector<Value, 4>, 4>
gpu_conversion::emitBitmapFragments(KernelBuilder &b, Value address, Value warp,
                                    Value lane) {
  Value thread = b.bitAnd(lane, 7);
  Value rows = b.add(b.mul(warp, 4), b.shr(lane, 3));
  Value lower = b.mul(b.sub(b.shl(b.i32(1), thread), 1), kOneBitEach);
  Value words = b.add(address, b.mul(rows, kPatches * 4));
  Value begins = b.add(address, b.add(b.mul(rows, kPatches * 2), kWordBytes));
  Value wordVectors[] = {loadVector(b, words), loadVector(b, b.add(words, 16))};
  Value beginVector = loadVector(b, begins);

  SmallVector<SmallVector<Value, 4>, 4> registers(
      4, SmallVector<Value, 4>(4, Value()));
  for (int64_t patch = 0; patch < kPatches; ++patch) {
    Value word = getPart(b, wordVectors[patch / 4], patch % 4);
    // The beginning is one of two 16-bit numbers; dp2a adds it to an address.
    Value pair = getPart(b, beginVector, patch / 2);
    Value none = arith::ConstantOp::create(b, b.getBoolAttr(false));
    Value begin = callIntrinsic(
        b, "llvm.nvvm.idp2a.u.u",
        {pair, b.i32(patch % 2 ? 0x0100 : 0x0001), none, address});
    Value before =
        LLVM::CtPopOp::create(b, b.getI32Type(), b.bitAnd(word, lower));
    Value first = b.add(begin, b.shl(before, 1));
    Value bits = b.bitAnd(b.shr(word, thread), kOneBitEach);
    SmallVector<Value, 4> elements = {loadElement(b, first)};
    for (int64_t counted : {0x000002, 0x000202, 0x020202}) {
      elements.push_back(
          loadElement(b, callIntrinsic(b, "llvm.nvvm.idp4a.u.u",
                                       {bits, b.i32(counted), first})));
    }
    Value selectors = b.sub(b.i32(0x66226622), b.mul(bits, 0x12));
    for (int64_t half = 0; half < 2; ++half) {
      registers[patch / 2][patch % 2 + 2 * half] =
          callIntrinsic(b, "llvm.nvvm.prmt",
                        {elements[2 * half], elements[2 * half + 1],
                         half ? b.shr(selectors, 16) : selectors});
    }
  }
  return registers;
}
