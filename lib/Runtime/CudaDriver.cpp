//===- CudaDriver.cpp - Devices, memory, events and graphs ----------------===//

#include "sparsity/Runtime/CudaDriver.h"

#include "CudaApi.h"
#include "sparsity-c/Runtime.h"

#include <mutex>
#include <unordered_map>

using namespace mlir::sparsity;
using namespace mlir::sparsity::runtime;

static cuda::Pointer toPointer(const void *address) {
  return reinterpret_cast<cuda::Pointer>(address);
}

/// Runs `call(api)` with a current context and turns its result into a Status.
template <typename Call>
static Status withDriver(const char *name, Call &&call) {
  StatusOr<cuda::Current> current = cuda::getCurrent();
  if (!current.ok()) {
    return current.status();
  }
  return cuda::check(*current->api, call(*current->api), name);
}

//===----------------------------------------------------------------------===//
// Device and memory
//===----------------------------------------------------------------------===//

StatusOr<Device> runtime::getDevice() {
  StatusOr<cuda::Current> current = cuda::getCurrent();
  if (!current.ok()) {
    return current.status();
  }
  const cuda::Api &api = *current->api;
  cuda::Ordinal ordinal = 0;
  Status status =
      cuda::check(api, api.contextGetDevice(&ordinal), "cuCtxGetDevice");
  char name[256] = {};
  if (status.ok()) {
    status = cuda::check(api, api.deviceGetName(name, sizeof(name), ordinal),
                         "cuDeviceGetName");
  }
  size_t totalBytes = 0;
  if (status.ok()) {
    status = cuda::check(api, api.deviceTotalMem(&totalBytes, ordinal),
                         "cuDeviceTotalMem");
  }
  auto attribute = [&](int which) {
    int value = 0;
    if (status.ok()) {
      status = cuda::check(api, api.deviceGetAttribute(&value, which, ordinal),
                           "cuDeviceGetAttribute");
    }
    return value;
  };
  Device device;
  device.name = name;
  device.totalBytes = static_cast<int64_t>(totalBytes);
  device.major = attribute(cuda::kAttributeComputeMajor);
  device.minor = attribute(cuda::kAttributeComputeMinor);
  device.smCount = attribute(cuda::kAttributeMultiprocessorCount);
  device.sharedBytesPerBlockOptin =
      attribute(cuda::kAttributeSharedPerBlockOptin);
  device.l2Bytes = attribute(cuda::kAttributeL2CacheSize);
  if (!status.ok()) {
    return status;
  }
  return device;
}

StatusOr<DeviceBuffer> DeviceBuffer::allocate(uint64_t bytes) {
  DeviceBuffer buffer;
  if (bytes == 0) {
    return buffer;
  }
  StatusOr<cuda::Current> current = cuda::getCurrent();
  if (!current.ok()) {
    return current.status();
  }
  StatusOr<cuda::Pointer> pointer = cuda::allocate(*current, bytes);
  if (!pointer.ok()) {
    return pointer.status();
  }
  buffer.pointer = reinterpret_cast<void *>(*pointer);
  buffer.bytes = bytes;
  return buffer;
}

DeviceBuffer::~DeviceBuffer() {
  if (pointer) {
    recordLastError(withDriver("cuMemFree", [&](const cuda::Api &api) {
      return api.memFree(toPointer(pointer));
    }));
  }
}

static Status copyAndWait(void *target, const void *source, uint64_t bytes) {
  if (bytes == 0) {
    return Status::success();
  }
  Status status = withDriver("cuMemcpyAsync", [&](const cuda::Api &api) {
    return api.memcpyAsync(toPointer(target), toPointer(source), bytes,
                           sparsityGetStream());
  });
  return status.ok() ? synchronizeStream(sparsityGetStream()) : status;
}

Status runtime::copyToDevice(void *device, const void *host, uint64_t bytes) {
  return copyAndWait(device, host, bytes);
}

Status runtime::copyToHost(void *host, const void *device, uint64_t bytes) {
  return copyAndWait(host, device, bytes);
}

Status runtime::fillDevice(void *device, uint8_t byte, uint64_t bytes) {
  if (bytes == 0) {
    return Status::success();
  }
  return withDriver("cuMemsetD8Async", [&](const cuda::Api &api) {
    return api.memsetD8Async(toPointer(device), byte, bytes,
                             sparsityGetStream());
  });
}

Status runtime::flushL2() {
  constexpr uint64_t kFlushBytes = 256ull << 20;
  StatusOr<cuda::Current> current = cuda::getCurrent();
  if (!current.ok()) {
    return current.status();
  }
  static std::mutex *mutex = new std::mutex();
  static auto *buffers = new std::unordered_map<cuda::Context, void *>();
  void *buffer = nullptr;
  {
    std::lock_guard<std::mutex> lock(*mutex);
    auto found = buffers->find(current->context);
    if (found == buffers->end()) {
      StatusOr<cuda::Pointer> made = cuda::allocate(*current, kFlushBytes);
      if (!made.ok()) {
        return made.status();
      }
      found =
          buffers->emplace(current->context, reinterpret_cast<void *>(*made))
              .first;
    }
    buffer = found->second;
  }
  return fillDevice(buffer, 0, kFlushBytes);
}

//===----------------------------------------------------------------------===//
// Streams and events
//===----------------------------------------------------------------------===//

Status runtime::synchronizeStream(void *stream) {
  return withDriver("cuStreamSynchronize", [&](const cuda::Api &api) {
    return api.streamSynchronize(stream);
  });
}

StatusOr<Stream> Stream::create() {
  Stream made;
  Status status = withDriver("cuStreamCreate", [&](const cuda::Api &api) {
    return api.streamCreate(&made.stream, cuda::kStreamNonBlocking);
  });
  if (!status.ok()) {
    made.stream = nullptr;
    return status;
  }
  return made;
}

Stream::~Stream() {
  if (stream) {
    recordLastError(withDriver("cuStreamDestroy", [&](const cuda::Api &api) {
      return api.streamDestroy(stream);
    }));
  }
}

StatusOr<Event> Event::create() {
  Event made;
  Status status = withDriver("cuEventCreate", [&](const cuda::Api &api) {
    return api.eventCreate(&made.event, 0);
  });
  if (!status.ok()) {
    made.event = nullptr;
    return status;
  }
  return made;
}

Event::~Event() {
  if (event) {
    recordLastError(withDriver("cuEventDestroy", [&](const cuda::Api &api) {
      return api.eventDestroy(event);
    }));
  }
}

Status Event::record() {
  return withDriver("cuEventRecord", [&](const cuda::Api &api) {
    return api.eventRecord(event, sparsityGetStream());
  });
}

Status Event::synchronize() {
  return withDriver("cuEventSynchronize", [&](const cuda::Api &api) {
    return api.eventSynchronize(event);
  });
}

StatusOr<double> Event::elapsed(Event &start, Event &end) {
  Status status = end.synchronize();
  if (!status.ok()) {
    return status;
  }
  float milliseconds = 0;
  status = withDriver("cuEventElapsedTime", [&](const cuda::Api &api) {
    return api.eventElapsedTime(&milliseconds, start.event, end.event);
  });
  if (!status.ok()) {
    return status;
  }
  return static_cast<double>(milliseconds);
}

//===----------------------------------------------------------------------===//
// Graphs
//===----------------------------------------------------------------------===//

Status Graph::beginCapture() {
  return withDriver("cuStreamBeginCapture", [&](const cuda::Api &api) {
    return api.streamBeginCapture(sparsityGetStream(),
                                  cuda::kCaptureThreadLocal);
  });
}

StatusOr<Graph> Graph::endCapture() {
  Graph made;
  Status status = withDriver("cuStreamEndCapture", [&](const cuda::Api &api) {
    return api.streamEndCapture(sparsityGetStream(), &made.graph);
  });
  if (!status.ok()) {
    return status;
  }
  status = withDriver("cuGraphInstantiate", [&](const cuda::Api &api) {
    return api.graphInstantiate(&made.executable, made.graph, 0);
  });
  if (!status.ok()) {
    made.executable = nullptr;
    return status;
  }
  return made;
}

Status Graph::launch() {
  return withDriver("cuGraphLaunch", [&](const cuda::Api &api) {
    return api.graphLaunch(executable, sparsityGetStream());
  });
}

Graph::~Graph() {
  if (executable) {
    recordLastError(withDriver("cuGraphExecDestroy", [&](const cuda::Api &api) {
      return api.graphExecDestroy(executable);
    }));
  }
  if (graph) {
    recordLastError(withDriver("cuGraphDestroy", [&](const cuda::Api &api) {
      return api.graphDestroy(graph);
    }));
  }
}
