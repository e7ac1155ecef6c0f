//===- Mgpu.h - The launch ABI of LLVM's gpu.binary lowering ----*- C++ -*-===//
//
// The symbols that `gpu.binary` and `gpu-to-llvm` make host code call, with the
// signatures of LLVM 22's mgpu runtime. What differs from upstream's wrappers:
//
// - Nothing here ends the process: a failure becomes the last error of the
//   thread (sparsityGetLastError), and the call does nothing.
// - mgpuStreamCreate hands out the stream of the calling thread
//   (sparsitySetStream) instead of making one, and mgpuStreamDestroy is a
//   no-op: all work of a host entry is in one stream, in order.
//   mgpuStreamSynchronize waits only if this thread touched memory that the
//   host may read (a copy from or to host memory, a managed allocation,
//   registered memory), so an entry that only launches never waits and can be
//   captured into a CUDA graph.
// - Module and function handles are objects of the runtime, which load into the
//   context that is current when they are used, not only into the first.
//
//===----------------------------------------------------------------------===//

#ifndef SPARSITY_RUNTIME_MGPU_H
#define SPARSITY_RUNTIME_MGPU_H

#include "sparsity-c/Runtime.h"

#include <cstddef>
#include <cstdint>

extern "C" {

/// Takes a cubin or a fatbin of `bytes` bytes, which must outlive the module.
SPARSITY_RUNTIME_EXPORT void *mgpuModuleLoad(void *data, size_t bytes);
/// Takes PTX text that ends in a null byte and must outlive the module. The
/// driver's error log becomes part of the error message.
SPARSITY_RUNTIME_EXPORT void *mgpuModuleLoadJIT(void *data, int optLevel);
SPARSITY_RUNTIME_EXPORT void mgpuModuleUnload(void *module);
SPARSITY_RUNTIME_EXPORT void *mgpuModuleGetFunction(void *module,
                                                    const char *name);

/// A zero-sized grid launches nothing. `stream` null means the thread's.
SPARSITY_RUNTIME_EXPORT void
mgpuLaunchKernel(void *function, intptr_t gridX, intptr_t gridY, intptr_t gridZ,
                 intptr_t blockX, intptr_t blockY, intptr_t blockZ,
                 int32_t sharedBytes, void *stream, void **params, void **extra,
                 size_t paramsCount);
SPARSITY_RUNTIME_EXPORT void
mgpuLaunchClusterKernel(void *function, intptr_t clusterX, intptr_t clusterY,
                        intptr_t clusterZ, intptr_t gridX, intptr_t gridY,
                        intptr_t gridZ, intptr_t blockX, intptr_t blockY,
                        intptr_t blockZ, int32_t sharedBytes, void *stream,
                        void **params, void **extra);

SPARSITY_RUNTIME_EXPORT void *mgpuStreamCreate();
SPARSITY_RUNTIME_EXPORT void mgpuStreamDestroy(void *stream);
SPARSITY_RUNTIME_EXPORT void mgpuStreamSynchronize(void *stream);
SPARSITY_RUNTIME_EXPORT void mgpuStreamWaitEvent(void *stream, void *event);

SPARSITY_RUNTIME_EXPORT void *mgpuEventCreate();
SPARSITY_RUNTIME_EXPORT void mgpuEventDestroy(void *event);
SPARSITY_RUNTIME_EXPORT void mgpuEventSynchronize(void *event);
SPARSITY_RUNTIME_EXPORT void mgpuEventRecord(void *event, void *stream);

/// In stream order where the driver has memory pools; managed memory if
/// `isHostShared`.
SPARSITY_RUNTIME_EXPORT void *mgpuMemAlloc(uint64_t bytes, void *stream,
                                           bool isHostShared);
SPARSITY_RUNTIME_EXPORT void mgpuMemFree(void *pointer, void *stream);
SPARSITY_RUNTIME_EXPORT void mgpuMemcpy(void *target, void *source,
                                        size_t bytes, void *stream);
SPARSITY_RUNTIME_EXPORT void mgpuMemset32(void *target, unsigned int value,
                                          size_t count, void *stream);
SPARSITY_RUNTIME_EXPORT void mgpuMemset16(void *target, unsigned short value,
                                          size_t count, void *stream);

SPARSITY_RUNTIME_EXPORT void mgpuMemHostRegister(void *pointer, uint64_t bytes);
SPARSITY_RUNTIME_EXPORT void mgpuMemHostUnregister(void *pointer);
/// `descriptor` is a ranked, contiguous memref descriptor.
SPARSITY_RUNTIME_EXPORT void
mgpuMemHostRegisterMemRef(int64_t rank, void *descriptor, int64_t elementBytes);
SPARSITY_RUNTIME_EXPORT void mgpuMemHostUnregisterMemRef(int64_t rank,
                                                         void *descriptor,
                                                         int64_t elementBytes);

SPARSITY_RUNTIME_EXPORT void mgpuSetDefaultDevice(int32_t device);

} // extern "C"

#endif // SPARSITY_RUNTIME_MGPU_H
