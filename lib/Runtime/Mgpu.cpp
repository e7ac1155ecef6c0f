//===- Mgpu.cpp - Streams, events and memory of the launch ABI ------------===//

#include "sparsity/Runtime/Mgpu.h"

#include "CudaApi.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <unordered_set>

using namespace mlir::sparsity::runtime;

namespace {
thread_local void *threadStream = nullptr;

/// The host may read what the work queued by this thread writes.
thread_local bool hostWaits = false;
/// Memory shared with the host exists, so every wait has to be a real one.
std::atomic<bool> sharedMemoryExists{false};

void *orThreadStream(void *stream) { return stream ? stream : threadStream; }

cuda::Pointer toPointer(const void *address) {
  return reinterpret_cast<cuda::Pointer>(address);
}

/// Runs `call(api)` with a current context and records its failure.
template <typename Call> bool attempt(const char *name, Call &&call) {
  StatusOr<cuda::Current> current = cuda::getCurrent();
  if (!current.ok()) {
    recordLastError(current.status());
    return false;
  }
  Status status = cuda::check(*current->api, call(*current->api), name);
  recordLastError(status);
  return status.ok();
}

/// Allocations that cuMemFreeAsync does not take.
struct PlainAllocations {
  std::mutex mutex;
  std::unordered_set<cuda::Pointer> pointers;

  void insert(cuda::Pointer pointer) {
    std::lock_guard<std::mutex> lock(mutex);
    pointers.insert(pointer);
  }
  bool erase(cuda::Pointer pointer) {
    std::lock_guard<std::mutex> lock(mutex);
    return pointers.erase(pointer) != 0;
  }
};

PlainAllocations &getPlainAllocations() {
  static auto *allocations = new PlainAllocations();
  return *allocations;
}

bool hasMemoryPools(const cuda::Api &api) {
  cuda::Ordinal ordinal = 0;
  int supported = 0;
  return api.memAllocAsync && api.memFreeAsync &&
         api.contextGetDevice(&ordinal) == cuda::kSuccess &&
         api.deviceGetAttribute(&supported, cuda::kAttributeMemoryPools,
                                ordinal) == cuda::kSuccess &&
         supported != 0;
}

bool isHostMemory(const cuda::Api &api, const void *address) {
  unsigned type = 0;
  return api.pointerGetAttribute(&type, cuda::kPointerMemoryType,
                                 toPointer(address)) != cuda::kSuccess ||
         type != cuda::kMemoryTypeDevice;
}

/// Start and bytes of a contiguous memref: {allocated, aligned, offset,
/// sizes[rank], strides[rank]} ("MLIR LLVM IR Target", ranked memref).
struct HostRange {
  char *start;
  uint64_t bytes;
};

HostRange getHostRange(int64_t rank, void *descriptor, int64_t elementBytes) {
  auto *words = static_cast<int64_t *>(descriptor);
  char *aligned = reinterpret_cast<char *>(words[1]);
  int64_t count = 1;
  for (int64_t i = 0; i < rank; ++i) {
    count *= words[3 + i];
  }
  return {aligned + words[2] * elementBytes,
          static_cast<uint64_t>(count * elementBytes)};
}
} // namespace

//===----------------------------------------------------------------------===//
// Streams and events
//===----------------------------------------------------------------------===//

extern "C" void sparsitySetStream(void *stream) { threadStream = stream; }

extern "C" void *sparsityGetStream(void) { return threadStream; }

extern "C" int32_t sparsitySynchronize(void) {
  return attempt("cuStreamSynchronize",
                 [](const cuda::Api &api) {
                   return api.streamSynchronize(threadStream);
                 })
             ? 0
             : 1;
}

extern "C" void *mgpuStreamCreate() { return threadStream; }

extern "C" void mgpuStreamDestroy(void *) {}

extern "C" void mgpuStreamSynchronize(void *stream) {
  if (!hostWaits && !sharedMemoryExists.load(std::memory_order_relaxed)) {
    return;
  }
  hostWaits = false;
  attempt("cuStreamSynchronize", [&](const cuda::Api &api) {
    int capturing = 0;
    api.streamIsCapturing(orThreadStream(stream), &capturing);
    return capturing ? cuda::kSuccess
                     : api.streamSynchronize(orThreadStream(stream));
  });
}

extern "C" void mgpuStreamWaitEvent(void *stream, void *event) {
  attempt("cuStreamWaitEvent", [&](const cuda::Api &api) {
    return api.streamWaitEvent(orThreadStream(stream), event, 0);
  });
}

extern "C" void *mgpuEventCreate() {
  cuda::Event event = nullptr;
  attempt("cuEventCreate", [&](const cuda::Api &api) {
    return api.eventCreate(&event, cuda::kEventDisableTiming);
  });
  return event;
}

extern "C" void mgpuEventDestroy(void *event) {
  attempt("cuEventDestroy",
          [&](const cuda::Api &api) { return api.eventDestroy(event); });
}

extern "C" void mgpuEventSynchronize(void *event) {
  attempt("cuEventSynchronize",
          [&](const cuda::Api &api) { return api.eventSynchronize(event); });
}

extern "C" void mgpuEventRecord(void *event, void *stream) {
  attempt("cuEventRecord", [&](const cuda::Api &api) {
    return api.eventRecord(event, orThreadStream(stream));
  });
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

extern "C" void *mgpuMemAlloc(uint64_t bytes, void *stream, bool isHostShared) {
  if (bytes == 0) {
    return nullptr;
  }
  StatusOr<cuda::Current> current = cuda::getCurrent();
  if (!current.ok()) {
    recordLastError(current.status());
    return nullptr;
  }
  const cuda::Api &api = *current->api;
  cuda::Pointer pointer = 0;
  if (isHostShared) {
    sharedMemoryExists.store(true, std::memory_order_relaxed);
    Status status = cuda::check(
        api, api.memAllocManaged(&pointer, bytes, cuda::kMemAttachGlobal),
        "cuMemAllocManaged");
    if (!status.ok()) {
      recordLastError(status);
      return nullptr;
    }
    getPlainAllocations().insert(pointer);
    return reinterpret_cast<void *>(pointer);
  }
  if (hasMemoryPools(api) &&
      api.memAllocAsync(&pointer, bytes, orThreadStream(stream)) ==
          cuda::kSuccess) {
    return reinterpret_cast<void *>(pointer);
  }
  StatusOr<cuda::Pointer> allocated = cuda::allocate(*current, bytes);
  if (!allocated.ok()) {
    recordLastError(allocated.status());
    return nullptr;
  }
  getPlainAllocations().insert(*allocated);
  return reinterpret_cast<void *>(*allocated);
}

extern "C" void mgpuMemFree(void *pointer, void *stream) {
  if (!pointer) {
    return;
  }
  if (getPlainAllocations().erase(toPointer(pointer))) {
    attempt("cuMemFree", [&](const cuda::Api &api) {
      return api.memFree(toPointer(pointer));
    });
    return;
  }
  attempt("cuMemFreeAsync", [&](const cuda::Api &api) {
    return api.memFreeAsync
               ? api.memFreeAsync(toPointer(pointer), orThreadStream(stream))
               : api.memFree(toPointer(pointer));
  });
}

extern "C" void mgpuMemcpy(void *target, void *source, size_t bytes,
                           void *stream) {
  if (bytes == 0) {
    return;
  }
  attempt("cuMemcpyAsync", [&](const cuda::Api &api) {
    hostWaits =
        hostWaits || isHostMemory(api, target) || isHostMemory(api, source);
    return api.memcpyAsync(toPointer(target), toPointer(source), bytes,
                           orThreadStream(stream));
  });
}

extern "C" void mgpuMemset32(void *target, unsigned int value, size_t count,
                             void *stream) {
  if (count == 0) {
    return;
  }
  attempt("cuMemsetD32Async", [&](const cuda::Api &api) {
    return api.memsetD32Async(toPointer(target), value, count,
                              orThreadStream(stream));
  });
}

extern "C" void mgpuMemset16(void *target, unsigned short value, size_t count,
                             void *stream) {
  if (count == 0) {
    return;
  }
  attempt("cuMemsetD16Async", [&](const cuda::Api &api) {
    return api.memsetD16Async(toPointer(target), value, count,
                              orThreadStream(stream));
  });
}

extern "C" void mgpuMemHostRegister(void *pointer, uint64_t bytes) {
  sharedMemoryExists.store(true, std::memory_order_relaxed);
  attempt("cuMemHostRegister", [&](const cuda::Api &api) {
    return api.memHostRegister(pointer, bytes, 0);
  });
}

extern "C" void mgpuMemHostUnregister(void *pointer) {
  attempt("cuMemHostUnregister",
          [&](const cuda::Api &api) { return api.memHostUnregister(pointer); });
}

extern "C" void mgpuMemHostRegisterMemRef(int64_t rank, void *descriptor,
                                          int64_t elementBytes) {
  HostRange range = getHostRange(rank, descriptor, elementBytes);
  mgpuMemHostRegister(range.start, range.bytes);
}

extern "C" void mgpuMemHostUnregisterMemRef(int64_t rank, void *descriptor,
                                            int64_t elementBytes) {
  mgpuMemHostUnregister(getHostRange(rank, descriptor, elementBytes).start);
}

extern "C" void mgpuSetDefaultDevice(int32_t device) {
  recordLastError(cuda::setDefaultOrdinal(device));
}

//===----------------------------------------------------------------------===//
// The device and tensor maps
//===----------------------------------------------------------------------===//

extern "C" int64_t sparsityMultiprocessorCount(void) {
  int count = 0;
  attempt("cuDeviceGetAttribute", [&](const cuda::Api &api) {
    cuda::Ordinal ordinal = 0;
    cuda::Result result = api.contextGetDevice(&ordinal);
    return result != cuda::kSuccess
               ? result
               : api.deviceGetAttribute(
                     &count, cuda::kAttributeMultiprocessorCount, ordinal);
  });
  return count;
}

extern "C" int32_t sparsityEncodeTensorMap(void *tensorMap, int32_t dataType,
                                           int32_t rank, void *address,
                                           const uint64_t *sizes,
                                           const uint64_t *strides,
                                           const uint32_t *box, int32_t swizzle,
                                           int32_t l2Promotion, int32_t fill) {
  StatusOr<const cuda::Api *> api = cuda::getApi();
  Status status = api.status();
  constexpr int32_t kMaxRank = 5;
  if (status.ok() && (rank < 1 || rank > kMaxRank)) {
    status = Status::error("expected a tensor map of rank 1 to 5, but got " +
                           std::to_string(rank));
  }
  if (status.ok() && !(*api)->tensorMapEncodeTiled) {
    status = Status::error("expected a CUDA driver with cuTensorMapEncodeTiled "
                           "(12.0 or newer), but got an older one");
  }
  if (status.ok()) {
    const uint32_t ones[kMaxRank] = {1, 1, 1, 1, 1};
    // A tensor without elements (weights of which no block is stored) has no
    // map, and nothing is copied by it: any valid one will do.
    uint64_t nonzeroSizes[kMaxRank], nonzeroStrides[kMaxRank];
    constexpr uint64_t kStrideUnit = 16;
    for (int32_t dim = 0; dim < rank; ++dim) {
      nonzeroSizes[dim] = std::max<uint64_t>(sizes[dim], 1);
    }
    for (int32_t dim = 0; dim + 1 < rank; ++dim) {
      nonzeroStrides[dim] = std::max(strides[dim], kStrideUnit);
    }
    status = cuda::check(**api,
                         (*api)->tensorMapEncodeTiled(
                             tensorMap, dataType, static_cast<uint32_t>(rank),
                             address ? address : tensorMap, nonzeroSizes,
                             nonzeroStrides, box, ones,
                             /*interleave=*/0, swizzle, l2Promotion, fill),
                         "cuTensorMapEncodeTiled");
  }
  recordLastError(status);
  return status.ok() ? 0 : 1;
}
