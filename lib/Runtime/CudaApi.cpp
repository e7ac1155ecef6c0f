//===- CudaApi.cpp - Loads the CUDA driver and names its errors -----------===//

#include "CudaApi.h"

#include <atomic>
#include <mutex>
#include <unordered_map>

#include <dlfcn.h>

using namespace mlir::sparsity::runtime;
using namespace mlir::sparsity::runtime::cuda;

namespace {
struct LoadedApi {
  Api api;
  Status status;
};

std::atomic<const Api *> replacement{nullptr};
std::atomic<Ordinal> defaultOrdinal{0};

Status loadSymbols(Api &api) {
  void *library = dlopen("libcuda.so.1", RTLD_NOW | RTLD_GLOBAL);
  if (!library) {
    const char *reason = dlerror();
    return Status::error(
        std::string("expected a CUDA driver (libcuda.so.1), but got ") +
        (reason ? reason : "no reason from dlopen"));
  }
#define SPARSITY_LOAD(member, symbol, parameters)                              \
  api.member = reinterpret_cast<decltype(api.member)>(dlsym(library, symbol));
#define SPARSITY_LOAD_REQUIRED(member, symbol, parameters)                     \
  SPARSITY_LOAD(member, symbol, parameters)                                    \
  if (!api.member) {                                                           \
    return Status::error(                                                      \
        "expected a CUDA driver (libcuda.so.1) that exports " symbol           \
        ", but got one that does not");                                        \
  }
  SPARSITY_CUDA_REQUIRED(SPARSITY_LOAD_REQUIRED)
  SPARSITY_CUDA_OPTIONAL(SPARSITY_LOAD)
#undef SPARSITY_LOAD_REQUIRED
#undef SPARSITY_LOAD
  return Status::success();
}

LoadedApi load() {
  LoadedApi loaded;
  loaded.status = loadSymbols(loaded.api);
  if (!loaded.status.ok()) {
    return loaded;
  }
  const Status noDevice =
      Status::error("expected a CUDA device, but the driver reports none");
  Result result = loaded.api.init(0);
  if (result == kNoDevice) {
    loaded.status = noDevice;
    return loaded;
  }
  loaded.status = check(loaded.api, result, "cuInit");
  if (!loaded.status.ok()) {
    return loaded;
  }
  int count = 0;
  loaded.status =
      check(loaded.api, loaded.api.deviceGetCount(&count), "cuDeviceGetCount");
  if (loaded.status.ok() && count == 0) {
    loaded.status = noDevice;
  }
  return loaded;
}
} // namespace

StatusOr<const Api *> cuda::getApi() {
  if (const Api *api = replacement.load(std::memory_order_acquire)) {
    return api;
  }
  // Never destroyed: compiled code unloads its modules from its own
  // destructors, after those of this library may have run.
  static const LoadedApi *loaded = new LoadedApi(load());
  if (!loaded->status.ok()) {
    return loaded->status;
  }
  return &loaded->api;
}

void cuda::overrideApi(const Api *api) {
  replacement.store(api, std::memory_order_release);
}

Status cuda::check(const Api &api, Result result, const char *call) {
  if (result == kSuccess) {
    return Status::success();
  }
  const char *name = nullptr;
  const char *text = nullptr;
  api.getErrorName(result, &name);
  api.getErrorString(result, &text);
  std::string message =
      std::string("expected ") + call + " to succeed, but got " +
      (name ? std::string(name) : "CUDA error " + std::to_string(result));
  if (text) {
    message += std::string(" (") + text + ")";
  }
  return Status::error(std::move(message));
}

/// Retains the primary context of `ordinal` once a process; it is never
/// released, as other users of the device share it.
static StatusOr<Context> getPrimaryContext(const Api &api, Ordinal ordinal) {
  static std::mutex *mutex = new std::mutex();
  static auto *contexts =
      new std::unordered_map<const Api *,
                             std::unordered_map<Ordinal, Context>>();
  std::lock_guard<std::mutex> lock(*mutex);
  Context &context = (*contexts)[&api][ordinal];
  if (!context) {
    Ordinal device = 0;
    Status status = check(api, api.deviceGet(&device, ordinal), "cuDeviceGet");
    if (!status.ok()) {
      return status;
    }
    status = check(api, api.primaryContextRetain(&context, device),
                   "cuDevicePrimaryCtxRetain");
    if (!status.ok()) {
      context = nullptr;
      return status;
    }
  }
  return context;
}

static StatusOr<Context> makePrimaryCurrent(const Api &api, Ordinal ordinal) {
  StatusOr<Context> primary = getPrimaryContext(api, ordinal);
  if (!primary.ok()) {
    return primary;
  }
  Status status =
      check(api, api.contextSetCurrent(*primary), "cuCtxSetCurrent");
  if (!status.ok()) {
    return status;
  }
  return primary;
}

Status cuda::setDefaultOrdinal(Ordinal ordinal) {
  StatusOr<const Api *> api = getApi();
  if (!api.ok()) {
    return api.status();
  }
  StatusOr<Context> primary = makePrimaryCurrent(**api, ordinal);
  if (!primary.ok()) {
    return primary.status();
  }
  defaultOrdinal.store(ordinal, std::memory_order_relaxed);
  return Status::success();
}

StatusOr<Current> cuda::getCurrent() {
  StatusOr<const Api *> api = getApi();
  if (!api.ok()) {
    return api.status();
  }
  Context context = nullptr;
  Status status =
      check(**api, (*api)->contextGetCurrent(&context), "cuCtxGetCurrent");
  if (!status.ok()) {
    return status;
  }
  if (!context) {
    // The driver applies CUDA_VISIBLE_DEVICES, so ordinal 0 is its first entry.
    StatusOr<Context> primary = makePrimaryCurrent(
        **api, defaultOrdinal.load(std::memory_order_relaxed));
    if (!primary.ok()) {
      return primary.status();
    }
    context = *primary;
  }
  return Current{*api, context};
}

StatusOr<Pointer> cuda::allocate(const Current &current, uint64_t bytes) {
  RelaxedCapture relaxed(*current.api);
  Pointer pointer = 0;
  Result result = current.api->memAlloc(&pointer, bytes);
  if (result != kOutOfMemory) {
    Status status = check(*current.api, result, "cuMemAlloc");
    if (!status.ok()) {
      return status;
    }
    return pointer;
  }
  size_t free = 0;
  size_t total = 0;
  current.api->memGetInfo(&free, &total);
  return Status::error("expected at most " + std::to_string(free) +
                       " bytes (free of the device's " + std::to_string(total) +
                       "), but got a request for " + std::to_string(bytes) +
                       " bytes (CUDA_ERROR_OUT_OF_MEMORY)");
}
