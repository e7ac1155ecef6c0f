//===- Target.cpp - questions a target's row answers ----------------------===//

#include "sparsity/Target/Target.h"

#include "mlir/IR/BuiltinTypes.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/ErrorHandling.h"

using namespace mlir;
using namespace mlir::sparsity;

StringRef mlir::sparsity::stringifyMultiplyType(MultiplyType type) {
  switch (type) {
  case MultiplyType::F16:
    return "f16";
  case MultiplyType::BF16:
    return "bf16";
  case MultiplyType::TF32:
    return "tf32";
  case MultiplyType::F32:
    return "f32";
  case MultiplyType::S8:
    return "s8";
  case MultiplyType::E4M3:
    return "e4m3";
  case MultiplyType::E5M2:
    return "e5m2";
  }
  llvm_unreachable("covered switch");
}

std::optional<MultiplyType> mlir::sparsity::parseMultiplyType(StringRef name) {
  for (MultiplyType type :
       {MultiplyType::F16, MultiplyType::BF16, MultiplyType::TF32,
        MultiplyType::F32, MultiplyType::S8, MultiplyType::E4M3,
        MultiplyType::E5M2}) {
    if (stringifyMultiplyType(type) == name) {
      return type;
    }
  }
  return std::nullopt;
}

unsigned mlir::sparsity::getMultiplyTypeBits(MultiplyType type) {
  switch (type) {
  case MultiplyType::F16:
  case MultiplyType::BF16:
    return 16;
  case MultiplyType::TF32:
  case MultiplyType::F32:
    return 32;
  case MultiplyType::S8:
  case MultiplyType::E4M3:
  case MultiplyType::E5M2:
    return 8;
  }
  llvm_unreachable("covered switch");
}

bool mlir::sparsity::getMultiplyType(Type elementType, bool allowTF32,
                                     MultiplyType &result) {
  if (elementType.isF16()) {
    result = MultiplyType::F16;
  } else if (elementType.isBF16()) {
    result = MultiplyType::BF16;
  } else if (elementType.isF32()) {
    result = allowTF32 ? MultiplyType::TF32 : MultiplyType::F32;
  } else if (isa<Float8E4M3FNType>(elementType)) {
    result = MultiplyType::E4M3;
  } else if (isa<Float8E5M2Type>(elementType)) {
    result = MultiplyType::E5M2;
  } else if (elementType.isSignlessInteger(8)) {
    result = MultiplyType::S8;
  } else {
    return false;
  }
  return true;
}

const MMAInstruction *TargetInfo::findInstruction(StringRef name,
                                                  MultiplyType type) const {
  const auto *found =
      llvm::find_if(instructions, [&](const MMAInstruction &instruction) {
        return instruction.name == name && instruction.type == type;
      });
  return found == instructions.end() ? nullptr : found;
}

const MMAInstruction *TargetInfo::findInstruction(MultiplyType type,
                                                  const TileFormat &aFormat,
                                                  bool warpgroup) const {
  for (const MMAInstruction &instruction : instructions) {
    if (instruction.type != type || instruction.warpgroup != warpgroup ||
        instruction.aFormat.kind != aFormat.kind) {
      continue;
    }
    if (aFormat.kind == TileFormat::Kind::Dense ||
        (aFormat.kind == TileFormat::Kind::Bitmap &&
         aFormat.rows == instruction.aFormat.rows &&
         aFormat.columns == instruction.aFormat.columns)) {
      return &instruction;
    }
    // n:m fits inside N:M when its groups nest in the wider ones: 1:2 in 2:4.
    if (aFormat.kind == TileFormat::Kind::NOfM) {
      int64_t wideN = instruction.aFormat.n, wideM = instruction.aFormat.m;
      if (wideM % aFormat.m == 0 && (wideM / aFormat.m) * aFormat.n <= wideN) {
        return &instruction;
      }
      if (aFormat.m == wideM && aFormat.n <= wideN) {
        return &instruction;
      }
    }
  }
  return nullptr;
}
