//===- CudaDriver.h - Devices, memory, events and graphs --------*- C++ -*-===//
//
// A thin layer over the CUDA driver API for programs that run, test and time
// compiled code. libcuda.so.1 is opened on the first use; without it, or
// without a device, every call returns an error that says so.
//
// Work goes to the stream of the calling thread (sparsitySetStream) unless a
// stream is given. Calls use the context that is current on the thread, or make
// the primary context of the first visible device current.
//
//===----------------------------------------------------------------------===//

#ifndef SPARSITY_RUNTIME_CUDADRIVER_H
#define SPARSITY_RUNTIME_CUDADRIVER_H

#include "sparsity/Runtime/Errors.h"

#include <cstdint>
#include <string>
#include <utility>

namespace mlir {
namespace sparsity {
namespace runtime {

struct Device {
  std::string name;
  int major = 0; // compute capability
  int minor = 0;
  int smCount = 0;
  int64_t sharedBytesPerBlockOptin = 0;
  int64_t l2Bytes = 0;
  int64_t totalBytes = 0;
};

/// The device of the context of this thread, which is made current if there is
/// none.
StatusOr<Device> getDevice();

/// Device memory, freed with the object.
class DeviceBuffer {
public:
  DeviceBuffer() = default;
  DeviceBuffer(DeviceBuffer &&other) noexcept { swap(other); }
  DeviceBuffer &operator=(DeviceBuffer &&other) noexcept {
    swap(other);
    return *this;
  }
  ~DeviceBuffer();

  /// `bytes` bytes, 256-byte aligned, contents unspecified; null for 0 bytes.
  static StatusOr<DeviceBuffer> allocate(uint64_t bytes);

  void *data() const { return pointer; }
  uint64_t size() const { return bytes; }

private:
  void swap(DeviceBuffer &other) {
    std::swap(pointer, other.pointer);
    std::swap(bytes, other.bytes);
  }

  void *pointer = nullptr;
  uint64_t bytes = 0;
};

/// Copies and returns when the source may be overwritten (to the device) or the
/// target may be read (to the host).
Status copyToDevice(void *device, const void *host, uint64_t bytes);
Status copyToHost(void *host, const void *device, uint64_t bytes);

/// Sets every byte, in stream order; does not wait. 0xFF poisons: it is a NaN
/// in every IEEE format and in f8E4M3FN.
Status fillDevice(void *device, uint8_t byte, uint64_t bytes);

/// Overwrites a 256 MiB buffer in stream order, so that what ran before leaves
/// nothing in the L2 cache. The buffer stays allocated.
Status flushL2();

/// Waits until `stream` is idle.
Status synchronizeStream(void *stream);

/// A stream that does not wait for the legacy default stream.
class Stream {
public:
  Stream() = default;
  Stream(Stream &&other) noexcept { std::swap(stream, other.stream); }
  Stream &operator=(Stream &&other) noexcept {
    std::swap(stream, other.stream);
    return *this;
  }
  ~Stream();

  static StatusOr<Stream> create();
  void *handle() const { return stream; }

private:
  void *stream = nullptr;
};

/// A point in a stream, with a time stamp.
class Event {
public:
  Event() = default;
  Event(Event &&other) noexcept { std::swap(event, other.event); }
  Event &operator=(Event &&other) noexcept {
    std::swap(event, other.event);
    return *this;
  }
  ~Event();

  static StatusOr<Event> create();
  Status record();
  Status synchronize();

  /// Milliseconds from `start` to `end`; waits for `end`.
  static StatusOr<double> elapsed(Event &start, Event &end);

private:
  void *event = nullptr;
};

/// An instantiated CUDA graph, made by capturing the stream of this thread.
///
///   beginCapture(); run(); auto graph = Graph::endCapture(); graph->launch();
///
/// The legacy default stream cannot be captured: set a created one first.
class Graph {
public:
  Graph() = default;
  Graph(Graph &&other) noexcept { swap(other); }
  Graph &operator=(Graph &&other) noexcept {
    swap(other);
    return *this;
  }
  ~Graph();

  static Status beginCapture();
  /// Ends the capture also when it fails.
  static StatusOr<Graph> endCapture();
  Status launch();

private:
  void swap(Graph &other) {
    std::swap(graph, other.graph);
    std::swap(executable, other.executable);
  }

  void *graph = nullptr;
  void *executable = nullptr;
};

} // namespace runtime
} // namespace sparsity
} // namespace mlir

#endif // SPARSITY_RUNTIME_CUDADRIVER_H
