//===- KnownTargets.cpp - THE TABLE ---------------------------------------===//
//
// One row a target. Shapes and types: PTX ISA, "mma", "mma.sp" and their tables
// of supported shapes; shared memory per block: CUDA C++ Programming Guide,
// compute capabilities.
//
//===----------------------------------------------------------------------===//

#include "sparsity/Target/KnownTargets.h"

#include "mlir/IR/BuiltinTypes.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace mlir::sparsity;

static const TileFormat kDense = TileFormat::dense();
static const TileFormat kTwoOfFour = TileFormat::nOfM(2, 4, 1);
static const TileFormat kOneOfTwo = TileFormat::nOfM(1, 2, 1);
static const TileFormat kBitmap = TileFormat::bitmap(64, 64);

/// The multiply-add loop of the vector conversion: any type, one row at a time.
static const MMAInstruction kCpuInstructions[] = {
    {"vector.fma", MultiplyType::F32, 1, 16, 1, kDense},
    {"vector.fma", MultiplyType::F16, 1, 16, 1, kDense},
    {"vector.fma", MultiplyType::BF16, 1, 16, 1, kDense},
    {"vector.fma", MultiplyType::E4M3, 1, 16, 1, kDense},
    {"vector.fma", MultiplyType::E5M2, 1, 16, 1, kDense},
    {"vector.mul-add", MultiplyType::S8, 1, 16, 1, kDense},
};

static const MMAInstruction kSm80Instructions[] = {
    {"mma.m16n8k16", MultiplyType::F16, 16, 8, 16, kDense},
    {"mma.m16n8k16", MultiplyType::BF16, 16, 8, 16, kDense},
    {"mma.m16n8k8", MultiplyType::TF32, 16, 8, 8, kDense},
    {"mma.m16n8k32", MultiplyType::S8, 16, 8, 32, kDense},
    {"mma.sp::ordered_metadata.m16n8k32", MultiplyType::F16, 16, 8, 32,
     kTwoOfFour},
    {"mma.sp::ordered_metadata.m16n8k32", MultiplyType::BF16, 16, 8, 32,
     kTwoOfFour},
    {"mma.sp::ordered_metadata.m16n8k16", MultiplyType::TF32, 16, 8, 16,
     kOneOfTwo},
    {"mma.sp::ordered_metadata.m16n8k64", MultiplyType::S8, 16, 8, 64,
     kTwoOfFour},
    {"fma", MultiplyType::F32, 16, 8, 4, kDense},
};

/// What sm_80 has, and 8-bit floating point (from sm_89 on). On this chip ptxas
/// emulates 8-bit mma with others, which takes registers: warps get small
/// tiles.
static const MMAInstruction kSm90aInstructions[] = {
    {"mma.m16n8k16", MultiplyType::F16, 16, 8, 16, kDense},
    {"mma.m16n8k16", MultiplyType::BF16, 16, 8, 16, kDense},
    {"mma.m16n8k8", MultiplyType::TF32, 16, 8, 8, kDense},
    {"mma.m16n8k32", MultiplyType::S8, 16, 8, 32, kDense},
    {"mma.m16n8k32", MultiplyType::E4M3, 16, 8, 32, kDense, 16, 32},
    {"mma.m16n8k32", MultiplyType::E5M2, 16, 8, 32, kDense, 16, 32},
    {"mma.sp::ordered_metadata.m16n8k32", MultiplyType::F16, 16, 8, 32,
     kTwoOfFour},
    {"mma.sp::ordered_metadata.m16n8k32", MultiplyType::BF16, 16, 8, 32,
     kTwoOfFour},
    {"mma.sp::ordered_metadata.m16n8k16", MultiplyType::TF32, 16, 8, 16,
     kOneOfTwo},
    {"mma.sp::ordered_metadata.m16n8k64", MultiplyType::S8, 16, 8, 64,
     kTwoOfFour},
    {"mma.sp::ordered_metadata.m16n8k64", MultiplyType::E4M3, 16, 8, 64,
     kTwoOfFour, 16, 32},
    {"mma.sp::ordered_metadata.m16n8k64", MultiplyType::E5M2, 16, 8, 64,
     kTwoOfFour, 16, 32},
    {"fma", MultiplyType::F32, 16, 8, 4, kDense},
    // PTX ISA, "wgmma.mma_async" and "wgmma.mma_async.sp": the columns are any
    // multiple of 8 (of 16 above 32 for integers) up to 256.
    {"wgmma.m64k16", MultiplyType::F16, 64, 256, 16, kDense, 64, 64, true},
    {"wgmma.m64k16", MultiplyType::BF16, 64, 256, 16, kDense, 64, 64, true},
    {"wgmma.m64k8", MultiplyType::TF32, 64, 256, 8, kDense, 64, 64, true},
    {"wgmma.m64k32", MultiplyType::S8, 64, 256, 32, kDense, 64, 64, true},
    {"wgmma.m64k32", MultiplyType::E4M3, 64, 256, 32, kDense, 64, 64, true},
    {"wgmma.m64k32", MultiplyType::E5M2, 64, 256, 32, kDense, 64, 64, true},
    {"wgmma.sp.m64k32", MultiplyType::F16, 64, 256, 32, kTwoOfFour, 64, 64,
     true},
    {"wgmma.sp.m64k32", MultiplyType::BF16, 64, 256, 32, kTwoOfFour, 64, 64,
     true},
    {"wgmma.sp.m64k16", MultiplyType::TF32, 64, 256, 16, kOneOfTwo, 64, 64,
     true},
    {"wgmma.sp.m64k64", MultiplyType::S8, 64, 256, 64, kTwoOfFour, 64, 64,
     true},
    {"wgmma.sp.m64k64", MultiplyType::E4M3, 64, 256, 64, kTwoOfFour, 64, 64,
     true},
    {"wgmma.sp.m64k64", MultiplyType::E5M2, 64, 256, 64, kTwoOfFour, 64, 64,
     true},
    // The dense ones with A in registers, which a tile is decoded into.
    {"wgmma.registers.m64k16", MultiplyType::F16, 64, 256, 16, kBitmap, 64, 64,
     true},
    {"wgmma.registers.m64k16", MultiplyType::BF16, 64, 256, 16, kBitmap, 64, 64,
     true},
};

static const CopyKind kCpuCopies[] = {CopyKind::Plain};
static const CopyKind kSm80Copies[] = {CopyKind::Plain, CopyKind::CpAsync};
static const CopyKind kSm90Copies[] = {CopyKind::Plain, CopyKind::CpAsync,
                                       CopyKind::Tma};

/// About 14 bits of a sum are kept (DeepSeek-V3 Technical Report, 3.3.2); on an
/// H200 7e-4 on average with 4096 terms, 2.6e-3 with 28672.
static constexpr double kHopperFloat8SumError = 2e-3;

static const TargetInfo kTargets[] = {
    {"cpu", TargetKind::Cpu, "", "", 0, 0, false, 0, 1, 0, kCpuCopies,
     kCpuInstructions},
    {"sm_80", TargetKind::Gpu, "sm_80", "+ptx85", 8, 0, false, 163 * 1024, 32,
     108, kSm80Copies, kSm80Instructions},
    {"sm_90a", TargetKind::Gpu, "sm_90a", "+ptx85", 9, 0, true, 227 * 1024, 32,
     132, kSm90Copies, kSm90aInstructions, kHopperFloat8SumError},
};

ArrayRef<TargetInfo> mlir::sparsity::getKnownTargets() { return kTargets; }

const TargetInfo *mlir::sparsity::lookupTarget(StringRef name) {
  const TargetInfo *found = llvm::find_if(
      kTargets, [&](const TargetInfo &info) { return info.name == name; });
  return found == std::end(kTargets) ? nullptr : found;
}

const TargetInfo &mlir::sparsity::getDefaultGpuTarget() {
  return *llvm::find_if(kTargets, [](const TargetInfo &info) {
    return info.kind == TargetKind::Gpu && !info.exactCapability;
  });
}

const TargetInfo *mlir::sparsity::selectGpuTarget(int64_t major,
                                                  int64_t minor) {
  const TargetInfo *best = nullptr;
  for (const TargetInfo &info : kTargets) {
    std::pair<int64_t, int64_t> needs(info.major, info.minor),
        has(major, minor);
    bool runs = info.exactCapability ? has == needs : has >= needs;
    if (info.kind == TargetKind::Gpu && runs) {
      best = &info;
    }
  }
  return best;
}

static std::string joinNames(bool gpuOnly) {
  std::string text;
  for (const TargetInfo &info : kTargets) {
    if (!gpuOnly || info.kind == TargetKind::Gpu) {
      text += (text.empty() ? "" : ", ") + info.name.str();
    }
  }
  return text;
}

StringRef mlir::sparsity::getGpuTargetNames() {
  static const std::string names = joinNames(/*gpuOnly=*/true);
  return names;
}

StringRef mlir::sparsity::getKnownTargetNames() {
  static const std::string names = joinNames(/*gpuOnly=*/false);
  return names;
}
