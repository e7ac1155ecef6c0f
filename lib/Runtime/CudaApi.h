//===- CudaApi.h - The CUDA driver entry points in use ---------*- C++ -*-===//
//
// Declares just enough of the CUDA driver API (types, constants and prototypes
// as in the CUDA Driver API reference) to call it through dlopen, so that
// building needs no CUDA toolkit and running needs no CUDA library until a
// device is asked for.
//
//===----------------------------------------------------------------------===//

#ifndef SPARSITY_LIB_RUNTIME_CUDAAPI_H
#define SPARSITY_LIB_RUNTIME_CUDAAPI_H

#include "sparsity/Runtime/Errors.h"

#include <cstddef>
#include <cstdint>

namespace mlir {
namespace sparsity {
namespace runtime {
namespace cuda {

using Result = int;
using Ordinal = int;
using Pointer = unsigned long long;
using Context = void *;
using Module = void *;
using Function = void *;
using Stream = void *;
using Event = void *;
using Graph = void *;
using GraphExec = void *;

// CUresult.
constexpr Result kSuccess = 0;
constexpr Result kOutOfMemory = 2;
constexpr Result kNoDevice = 100;

// CUdevice_attribute.
constexpr int kAttributeMultiprocessorCount = 16;
constexpr int kAttributeL2CacheSize = 38;
constexpr int kAttributeComputeMajor = 75;
constexpr int kAttributeComputeMinor = 76;
constexpr int kAttributeSharedPerBlockOptin = 97;
constexpr int kAttributeMemoryPools = 115;

// CUfunction_attribute.
constexpr int kFunctionMaxDynamicShared = 8;

// CUjit_option.
constexpr int kJitErrorLog = 5;
constexpr int kJitErrorLogBytes = 6;
constexpr int kJitOptimizationLevel = 7;

// Other enumerators and flags.
constexpr unsigned kStreamNonBlocking = 1;
constexpr unsigned kEventDisableTiming = 2;
constexpr unsigned kMemAttachGlobal = 1;
constexpr int kCaptureThreadLocal = 1;
constexpr int kCaptureRelaxed = 2;
constexpr int kPointerMemoryType = 2;
constexpr unsigned kMemoryTypeDevice = 2;
constexpr unsigned kLaunchClusterDimension = 4;
constexpr unsigned kLaunchProgrammaticSerialization = 6;

/// CUlaunchAttribute: a tag and a 64-byte union.
struct alignas(8) LaunchAttribute {
  unsigned id;
  unsigned padding;
  union {
    char bytes[64];
    struct {
      unsigned x, y, z;
    } cluster;
    int enabled;
  } value;
};

/// CUlaunchConfig.
struct LaunchConfig {
  unsigned gridX, gridY, gridZ;
  unsigned blockX, blockY, blockZ;
  unsigned sharedBytes;
  Stream stream;
  LaunchAttribute *attributes;
  unsigned attributeCount;
};

// X(member, exported symbol, parameters). A driver without an entry of the
// first list is refused.
#define SPARSITY_CUDA_REQUIRED(X)                                              \
  X(init, "cuInit", (unsigned))                                                \
  X(getErrorName, "cuGetErrorName", (Result, const char **))                   \
  X(getErrorString, "cuGetErrorString", (Result, const char **))               \
  X(deviceGetCount, "cuDeviceGetCount", (int *))                               \
  X(deviceGet, "cuDeviceGet", (Ordinal *, int))                                \
  X(deviceGetName, "cuDeviceGetName", (char *, int, Ordinal))                  \
  X(deviceGetAttribute, "cuDeviceGetAttribute", (int *, int, Ordinal))         \
  X(deviceTotalMem, "cuDeviceTotalMem_v2", (size_t *, Ordinal))                \
  X(primaryContextRetain, "cuDevicePrimaryCtxRetain", (Context *, Ordinal))    \
  X(contextGetCurrent, "cuCtxGetCurrent", (Context *))                         \
  X(contextSetCurrent, "cuCtxSetCurrent", (Context))                           \
  X(contextGetDevice, "cuCtxGetDevice", (Ordinal *))                           \
  X(moduleLoadDataEx, "cuModuleLoadDataEx",                                    \
    (Module *, const void *, unsigned, int *, void **))                        \
  X(moduleUnload, "cuModuleUnload", (Module))                                  \
  X(moduleGetFunction, "cuModuleGetFunction",                                  \
    (Function *, Module, const char *))                                        \
  X(functionSetAttribute, "cuFuncSetAttribute", (Function, int, int))          \
  X(launchKernel, "cuLaunchKernel",                                            \
    (Function, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned,     \
     unsigned, Stream, void **, void **))                                      \
  X(memAlloc, "cuMemAlloc_v2", (Pointer *, size_t))                            \
  X(memAllocManaged, "cuMemAllocManaged", (Pointer *, size_t, unsigned))       \
  X(memFree, "cuMemFree_v2", (Pointer))                                        \
  X(memGetInfo, "cuMemGetInfo_v2", (size_t *, size_t *))                       \
  X(memcpyAsync, "cuMemcpyAsync", (Pointer, Pointer, size_t, Stream))          \
  X(memsetD8Async, "cuMemsetD8Async",                                          \
    (Pointer, unsigned char, size_t, Stream))                                  \
  X(memsetD16Async, "cuMemsetD16Async",                                        \
    (Pointer, unsigned short, size_t, Stream))                                 \
  X(memsetD32Async, "cuMemsetD32Async", (Pointer, unsigned, size_t, Stream))   \
  X(memHostRegister, "cuMemHostRegister_v2", (void *, size_t, unsigned))       \
  X(memHostUnregister, "cuMemHostUnregister", (void *))                        \
  X(pointerGetAttribute, "cuPointerGetAttribute", (void *, int, Pointer))      \
  X(streamCreate, "cuStreamCreate", (Stream *, unsigned))                      \
  X(streamDestroy, "cuStreamDestroy_v2", (Stream))                             \
  X(streamSynchronize, "cuStreamSynchronize", (Stream))                        \
  X(streamWaitEvent, "cuStreamWaitEvent", (Stream, Event, unsigned))           \
  X(streamIsCapturing, "cuStreamIsCapturing", (Stream, int *))                 \
  X(streamBeginCapture, "cuStreamBeginCapture_v2", (Stream, int))              \
  X(streamEndCapture, "cuStreamEndCapture", (Stream, Graph *))                 \
  X(exchangeCaptureMode, "cuThreadExchangeStreamCaptureMode", (int *))         \
  X(graphInstantiate, "cuGraphInstantiateWithFlags",                           \
    (GraphExec *, Graph, unsigned long long))                                  \
  X(graphLaunch, "cuGraphLaunch", (GraphExec, Stream))                         \
  X(graphExecDestroy, "cuGraphExecDestroy", (GraphExec))                       \
  X(graphDestroy, "cuGraphDestroy", (Graph))                                   \
  X(eventCreate, "cuEventCreate", (Event *, unsigned))                         \
  X(eventDestroy, "cuEventDestroy_v2", (Event))                                \
  X(eventRecord, "cuEventRecord", (Event, Stream))                             \
  X(eventSynchronize, "cuEventSynchronize", (Event))                           \
  X(eventElapsedTime, "cuEventElapsedTime", (float *, Event, Event))

// Entries that older drivers lack; null there.
#define SPARSITY_CUDA_OPTIONAL(X)                                              \
  X(memAllocAsync, "cuMemAllocAsync", (Pointer *, size_t, Stream))             \
  X(memFreeAsync, "cuMemFreeAsync", (Pointer, Stream))                         \
  X(launchKernelEx, "cuLaunchKernelEx",                                        \
    (const LaunchConfig *, Function, void **, void **))                        \
  X(tensorMapEncodeTiled, "cuTensorMapEncodeTiled",                            \
    (void *, int, uint32_t, void *, const uint64_t *, const uint64_t *,        \
     const uint32_t *, const uint32_t *, int, int, int, int))

struct Api {
#define SPARSITY_DECLARE(member, symbol, parameters)                           \
  Result(*member) parameters = nullptr;
  SPARSITY_CUDA_REQUIRED(SPARSITY_DECLARE)
  SPARSITY_CUDA_OPTIONAL(SPARSITY_DECLARE)
#undef SPARSITY_DECLARE
};

/// The driver, loaded and initialized on the first call. Fails where there is
/// no driver or no device.
StatusOr<const Api *> getApi();

/// Replaces the driver by `api` (tests), or restores it if null. Not to be
/// called while other threads use the runtime.
void overrideApi(const Api *api);

/// Success, or "expected <call> to succeed, but got <name> (<text>)".
Status check(const Api &api, Result result, const char *call);

/// Makes the primary context of `ordinal` current on this thread, and on every
/// thread that asks for a context later without having one.
Status setDefaultOrdinal(Ordinal ordinal);

/// The driver with a context current on this thread: the one the caller made
/// current, or else the primary context of the default ordinal.
struct Current {
  const Api *api;
  Context context;
};
StatusOr<Current> getCurrent();

/// Lets this thread allocate or load modules while one of its streams is
/// captured ("CUDA Driver API", cuThreadExchangeStreamCaptureMode).
class RelaxedCapture {
public:
  explicit RelaxedCapture(const Api &api) : api(api) {
    api.exchangeCaptureMode(&mode);
  }
  ~RelaxedCapture() { api.exchangeCaptureMode(&mode); }
  RelaxedCapture(const RelaxedCapture &) = delete;
  RelaxedCapture &operator=(const RelaxedCapture &) = delete;

private:
  const Api &api;
  int mode = kCaptureRelaxed;
};

/// cuMemAlloc with an error that names the bytes asked for and those free.
StatusOr<Pointer> allocate(const Current &current, uint64_t bytes);

} // namespace cuda
} // namespace runtime
} // namespace sparsity
} // namespace mlir

#endif // SPARSITY_LIB_RUNTIME_CUDAAPI_H
