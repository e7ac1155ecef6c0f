//===- Wgmma.cpp - warpgroup matrix instructions --------------------------===//

#include "Wgmma.h"

#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace mlir::sparsity;
using namespace mlir::sparsity::gpu_conversion;

int64_t gpu_conversion::getDescriptorBits(int64_t leadingOffset,
                                          int64_t strideOffset,
                                          int64_t swizzle) {
  // The swizzle's code in the top two bits: 1, 2, 3 for 128, 64, 32 bytes.
  uint64_t code = swizzle == 128  ? 1
                  : swizzle == 64 ? 2
                  : swizzle == 32 ? 3
                                  : 0;
  return static_cast<int64_t>(static_cast<uint64_t>(leadingOffset >> 4) << 16 |
                              static_cast<uint64_t>(strideOffset >> 4) << 32 |
                              code << 62);
}

Value gpu_conversion::emitDescriptor(KernelBuilder &b, Value address,
                                     int64_t bits) {
  constexpr int64_t kAddressMask = 0x3ffff;
  Value units = b.toI64(b.shr(b.bitAnd(address, kAddressMask), 4));
  return b.bitOr(units, b.i64(bits));
}

Value gpu_conversion::emitAssembly(KernelBuilder &b, Type type,
                                   ValueRange operands, StringRef text,
                                   StringRef constraints) {
  auto dialect =
      LLVM::AsmDialectAttr::get(b.getContext(), LLVM::AsmDialect::AD_ATT);
  return LLVM::InlineAsmOp::create(b, type ? TypeRange{type} : TypeRange(),
                                   operands, text, constraints,
                                   /*has_side_effects=*/true,
                                   /*is_align_stack=*/false,
                                   LLVM::tailcallkind::TailCallKind::None,
                                   dialect, ArrayAttr())
      .getRes();
}

/// Inline assembly whose first operands are `sums`, which it replaces.
static void emitTied(KernelBuilder &b, MutableArrayRef<Value> sums,
                     ArrayRef<Value> operands, StringRef text,
                     StringRef constraints) {
  bool isFloat = sums.front().getType().isF32();
  std::string all;
  for (size_t index = 0; index < sums.size(); ++index) {
    all += isFloat ? "=f," : "=r,";
  }
  for (size_t index = 0; index < sums.size(); ++index) {
    all += std::to_string(index) + ",";
  }
  all += constraints;
  auto type = LLVM::LLVMStructType::getLiteral(
      b.getContext(), SmallVector<Type>(sums.size(), sums.front().getType()));
  SmallVector<Value> inputs(sums.begin(), sums.end());
  llvm::append_range(inputs, operands);
  Value results = emitAssembly(b, type, inputs, text, all);
  for (size_t index = 0; index < sums.size(); ++index) {
    sums[index] = b.extract(results, index);
  }
}

void gpu_conversion::emitWgmma(KernelBuilder &b, const WgmmaShape &shape,
                               MutableArrayRef<Value> sums, Value a,
                               Value right, Value metadata, int64_t selector,
                               Value accumulate) {
  const MMAInstruction &instruction = *shape.instruction;
  StringRef type = stringifyMultiplyType(instruction.type);
  bool isInteger = instruction.type == MultiplyType::S8;
  bool sparse = shape.isSparse();
  size_t next = 2 * sums.size();
  std::string registers;
  for (size_t index = 0; index < sums.size(); ++index) {
    registers += (index ? ", $" : "$") + std::to_string(index);
  }
  std::string text =
      llvm::formatv("wgmma.mma_async{0}.sync.aligned.m64n{1}k{2}.{3}.{4}.{4} "
                    "{{{5}}, ${6}, ${7}, ",
                    sparse ? ".sp" : "", shape.columns, instruction.k,
                    isInteger ? "s32" : "f32", type, registers, next, next + 1);
  next += 2;
  std::string constraints = "l,l";
  SmallVector<Value> operands = {a, right};
  if (sparse) {
    text += llvm::formatv("${0}, {1}, ", next++, selector);
    constraints += ",r";
    operands.push_back(metadata);
  }
  text += accumulate ? "p" : "1";
  if (!isInteger) {
    text += ", 1, 1";
  }
  if (getMultiplyTypeBits(instruction.type) == 16) {
    text += llvm::formatv(", {0}, {1}", int(shape.transposeA),
                          int(shape.transposeB));
  }
  text += ";";
  if (accumulate) {
    text = llvm::formatv("{{ .reg .pred p; setp.ne.b32 p, ${0}, 0; {1} }", next,
                         text);
    constraints += ",r";
    operands.push_back(accumulate);
  }
  emitTied(b, sums, operands, text, constraints);
}

void gpu_conversion::emitWgmmaOfRegisters(KernelBuilder &b,
                                          const WgmmaShape &shape,
                                          MutableArrayRef<Value> sums,
                                          ArrayRef<Value> a, Value right) {
  const MMAInstruction &instruction = *shape.instruction;
  std::string results, registers, constraints;
  for (size_t index = 0; index < sums.size(); ++index) {
    results += (index ? ", $" : "$") + std::to_string(index);
  }
  size_t next = 2 * sums.size();
  for (size_t index = 0; index < a.size(); ++index) {
    registers += (index ? ", $" : "$") + std::to_string(next++);
    constraints += "r,";
  }
  SmallVector<Value> operands(a);
  operands.push_back(right);
  std::string text = llvm::formatv(
      "wgmma.mma_async.sync.aligned.m64n{0}k{1}.f32.{2}.{2} "
      "{{{3}}, {{{4}}, ${5}, 1, 1, 1, {6};",
      shape.columns, instruction.k, stringifyMultiplyType(instruction.type),
      results, registers, next, int(shape.transposeB));
  emitTied(b, sums, operands, text, constraints + "l");
}

void gpu_conversion::emitWgmmaDrain(KernelBuilder &b,
                                    MutableArrayRef<Value> sums) {
  emitTied(b, sums, {}, "wgmma.wait_group.sync.aligned 0;", "~{memory}");
}
