//===- HostSymbols.cpp - the table of functions compiled code may call ----===//

#include "HostSymbols.h"

#include "sparsity-c/Runtime.h"
#include "sparsity/Runtime/Mgpu.h"
#include "sparsity/Runtime/Numbers.h"

#include <cmath>
#include <cstring>

using namespace mlir::sparsity;

//===----------------------------------------------------------------------===//
// Small floats
//===----------------------------------------------------------------------===//

// The names and results are those of compiler-rt. A 16-bit float is returned in
// the low bits of a floating-point register, which is where these return it
// without needing a compiler that has the type.

static float inLowBits(uint32_t code) {
  return __builtin_bit_cast(float, code);
}
static uint16_t fromLowBits(float value) {
  return static_cast<uint16_t>(__builtin_bit_cast(uint32_t, value));
}

/// Rounds to odd, so that a second rounding to fewer bits is that of `value`.
static float roundToOdd(double value) {
  float nearest = static_cast<float>(value);
  if (static_cast<double>(nearest) == value || std::isnan(value)) {
    return nearest;
  }
  uint32_t bits = __builtin_bit_cast(uint32_t, nearest);
  bool isAway = std::fabs(static_cast<double>(nearest)) > std::fabs(value);
  uint32_t truncated = isAway ? bits - 1 : bits;
  return __builtin_bit_cast(float, truncated | 1u);
}

static float truncateToBF16(float value) {
  return inLowBits(runtime::floatToBF16(value));
}
static float truncateToF16(float value) {
  return inLowBits(runtime::floatToF16(value));
}
static float truncateDoubleToBF16(double value) {
  return inLowBits(runtime::floatToBF16(roundToOdd(value)));
}
static float truncateDoubleToF16(double value) {
  return inLowBits(runtime::floatToF16(roundToOdd(value)));
}
static float extendF16(float value) {
  return runtime::f16ToFloat(fromLowBits(value));
}

//===----------------------------------------------------------------------===//
// memref.copy
//===----------------------------------------------------------------------===//

namespace {
/// What memref.copy passes for a buffer of any rank ("MLIR LLVM IR Target",
/// unranked memref types).
struct UnrankedMemRef {
  int64_t rank;
  int64_t *descriptor;
};
} // namespace

static void copyMemRef(int64_t elementBytes, UnrankedMemRef *source,
                       UnrankedMemRef *target) {
  constexpr int64_t kAligned = 1, kOffset = 2, kSizes = 3;
  int64_t rank = source->rank;
  const int64_t *sizes = source->descriptor + kSizes;
  const int64_t *sourceStrides = sizes + rank;
  const int64_t *targetStrides = target->descriptor + kSizes + rank;
  auto *from = reinterpret_cast<char *>(source->descriptor[kAligned]) +
               source->descriptor[kOffset] * elementBytes;
  auto *to = reinterpret_cast<char *>(target->descriptor[kAligned]) +
             target->descriptor[kOffset] * elementBytes;
  int64_t count = 1;
  for (int64_t i = 0; i < rank; ++i) {
    count *= sizes[i];
  }
  for (int64_t element = 0; element < count; ++element) {
    int64_t rest = element, fromOffset = 0, toOffset = 0;
    for (int64_t i = rank - 1; i >= 0; --i) {
      fromOffset += rest % sizes[i] * sourceStrides[i];
      toOffset += rest % sizes[i] * targetStrides[i];
      rest /= sizes[i];
    }
    std::memcpy(to + toOffset * elementBytes, from + fromOffset * elementBytes,
                static_cast<size_t>(elementBytes));
  }
}

//===----------------------------------------------------------------------===//
// The table
//===----------------------------------------------------------------------===//

void mlir::sparsity::forEachHostSymbol(
    llvm::function_ref<void(llvm::StringRef, void *)> visit) {
#define FUNCTION(name) visit(#name, reinterpret_cast<void *>(name))
#define FUNCTION_AS(name, implementation)                                      \
  visit(#name, reinterpret_cast<void *>(implementation))
#define LIBM(name)                                                             \
  visit(#name,                                                                 \
        reinterpret_cast<void *>(static_cast<double (*)(double)>(::name)));    \
  visit(#name "f",                                                             \
        reinterpret_cast<void *>(static_cast<float (*)(float)>(::name##f)))
#define LIBM2(name)                                                            \
  visit(#name, reinterpret_cast<void *>(                                       \
                   static_cast<double (*)(double, double)>(::name)));          \
  visit(#name "f", reinterpret_cast<void *>(                                   \
                       static_cast<float (*)(float, float)>(::name##f)))

  FUNCTION(sparsityGetLastError);
  FUNCTION(sparsityClearLastError);
  FUNCTION(sparsitySetStream);
  FUNCTION(sparsityGetStream);
  FUNCTION(sparsitySynchronize);
  FUNCTION(sparsityOverlapNextLaunch);
  FUNCTION(sparsityWorkspace);
  FUNCTION(sparsityHostWorkspace);
  FUNCTION(sparsityEncodeTensorMap);
  FUNCTION(sparsityMultiprocessorCount);
  FUNCTION(sparsityParallelFor);
  FUNCTION(sparsityNumThreads);
  FUNCTION(sparsityCountWork);
  FUNCTION(sparsityCountDenseWork);
  FUNCTION(sparsityReadWorkCounts);
  FUNCTION(sparsityResetWorkCounts);
  FUNCTION(sparsityPackedSizesNOfM);
  FUNCTION(sparsityPackNOfM);
  FUNCTION(sparsityUnpackNOfM);
  FUNCTION(sparsityPruneNOfM);

  FUNCTION(mgpuModuleLoad);
  FUNCTION(mgpuModuleLoadJIT);
  FUNCTION(mgpuModuleUnload);
  FUNCTION(mgpuModuleGetFunction);
  FUNCTION(mgpuLaunchKernel);
  FUNCTION(mgpuLaunchClusterKernel);
  FUNCTION(mgpuStreamCreate);
  FUNCTION(mgpuStreamDestroy);
  FUNCTION(mgpuStreamSynchronize);
  FUNCTION(mgpuStreamWaitEvent);
  FUNCTION(mgpuEventCreate);
  FUNCTION(mgpuEventDestroy);
  FUNCTION(mgpuEventSynchronize);
  FUNCTION(mgpuEventRecord);
  FUNCTION(mgpuMemAlloc);
  FUNCTION(mgpuMemFree);
  FUNCTION(mgpuMemcpy);
  FUNCTION(mgpuMemset32);
  FUNCTION(mgpuMemset16);
  FUNCTION(mgpuMemHostRegister);
  FUNCTION(mgpuMemHostUnregister);
  FUNCTION(mgpuMemHostRegisterMemRef);
  FUNCTION(mgpuMemHostUnregisterMemRef);
  FUNCTION(mgpuSetDefaultDevice);

  FUNCTION_AS(memrefCopy, copyMemRef);
  FUNCTION_AS(__truncsfbf2, truncateToBF16);
  FUNCTION_AS(__truncdfbf2, truncateDoubleToBF16);
  FUNCTION_AS(__truncsfhf2, truncateToF16);
  FUNCTION_AS(__truncdfhf2, truncateDoubleToF16);
  FUNCTION_AS(__extendhfsf2, extendF16);

  LIBM(acos);
  LIBM(acosh);
  LIBM(asin);
  LIBM(asinh);
  LIBM(atan);
  LIBM(atanh);
  LIBM(cbrt);
  LIBM(ceil);
  LIBM(cos);
  LIBM(cosh);
  LIBM(erf);
  LIBM(erfc);
  LIBM(exp);
  LIBM(exp2);
  LIBM(expm1);
  LIBM(floor);
  LIBM(log);
  LIBM(log10);
  LIBM(log1p);
  LIBM(log2);
  LIBM(nearbyint);
  LIBM(rint);
  LIBM(round);
  LIBM(roundeven);
  LIBM(sin);
  LIBM(sinh);
  LIBM(sqrt);
  LIBM(tan);
  LIBM(tanh);
  LIBM(trunc);
  LIBM2(atan2);
  LIBM2(fmax);
  LIBM2(fmin);
  LIBM2(fmod);
  LIBM2(pow);
#undef LIBM2
#undef LIBM
#undef FUNCTION_AS
#undef FUNCTION
}
