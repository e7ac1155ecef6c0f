//===- Launch.cpp - Modules, kernel functions and launches ----------------===//
//
// A launch after the first costs one cuCtxGetCurrent and a look at the function
// object's slot for that context before the driver is called.
//
//===----------------------------------------------------------------------===//

#include "CudaApi.h"
#include "sparsity/Runtime/Mgpu.h"

#include <atomic>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <unordered_map>

using namespace mlir::sparsity::runtime;

namespace {
constexpr int kMaxContexts = 16;

/// Shared memory a block gets without asking ("CUDA C++ Programming Guide",
/// compute capabilities 5.0 and above).
constexpr int kDefaultSharedBytes = 48 << 10;

class LoadedModule;

/// A kernel by name, with its handle in each context it was launched in.
class KernelFunction {
public:
  struct Slot {
    std::atomic<cuda::Context> context{nullptr};
    cuda::Function function = nullptr;
    std::atomic<int> dynamicShared{kDefaultSharedBytes};
  };

  KernelFunction(LoadedModule &module, std::string name)
      : module(module), name(std::move(name)) {}

  StatusOr<Slot *> resolve(const cuda::Current &current) {
    for (Slot &slot : slots) {
      cuda::Context context = slot.context.load(std::memory_order_acquire);
      if (context == current.context) {
        return &slot;
      }
      if (!context) {
        break;
      }
    }
    return load(current);
  }

private:
  StatusOr<Slot *> load(const cuda::Current &current);

  LoadedModule &module;
  std::string name;
  std::mutex mutex;
  Slot slots[kMaxContexts];
};

/// A module image, loaded into each context when it is first needed there.
class LoadedModule {
public:
  /// `optLevel` is negative for a binary image.
  LoadedModule(const void *image, int optLevel)
      : image(image), optLevel(optLevel) {}

  ~LoadedModule() {
    StatusOr<cuda::Current> current = cuda::getCurrent();
    if (!current.ok()) {
      return;
    }
    const cuda::Api &api = *current->api;
    for (auto &[context, loaded] : modules) {
      // Fails without harm if the driver has shut down at process exit.
      if (loaded.module && api.contextSetCurrent(context) == cuda::kSuccess) {
        api.moduleUnload(loaded.module);
      }
    }
    api.contextSetCurrent(current->context);
  }

  KernelFunction *getFunction(const char *name) {
    {
      std::shared_lock<std::shared_mutex> lock(functionsMutex);
      auto found = functions.find(name);
      if (found != functions.end()) {
        return found->second.get();
      }
    }
    std::unique_lock<std::shared_mutex> lock(functionsMutex);
    std::unique_ptr<KernelFunction> &function = functions[name];
    if (!function) {
      function = std::make_unique<KernelFunction>(*this, name);
    }
    return function.get();
  }

  /// The module in the current context. A failure is kept, so that a program
  /// that launches in a loop does not compile bad PTX again and again.
  StatusOr<cuda::Module> get(const cuda::Current &current) {
    std::lock_guard<std::mutex> lock(modulesMutex);
    auto [found, isNew] = modules.try_emplace(current.context);
    if (isNew) {
      found->second.status = load(*current.api, found->second.module);
    }
    if (!found->second.status.ok()) {
      return found->second.status;
    }
    return found->second.module;
  }

private:
  struct PerContext {
    cuda::Module module = nullptr;
    Status status;
  };

  Status load(const cuda::Api &api, cuda::Module &module) const {
    cuda::RelaxedCapture relaxed(api);
    std::string log(16 << 10, '\0');
    int options[] = {cuda::kJitErrorLog, cuda::kJitErrorLogBytes,
                     cuda::kJitOptimizationLevel};
    void *values[] = {
        log.data(), reinterpret_cast<void *>(log.size()),
        reinterpret_cast<void *>(static_cast<intptr_t>(optLevel))};
    unsigned optionCount = optLevel < 0 ? 2 : 3;
    cuda::Result result =
        api.moduleLoadDataEx(&module, image, optionCount, options, values);
    Status status = cuda::check(api, result, "loading a GPU module");
    if (!status.ok()) {
      module = nullptr;
      std::string text = log.c_str();
      if (!text.empty()) {
        status.message += ": " + text;
      }
    }
    return status;
  }

  const void *image;
  const int optLevel;
  std::mutex modulesMutex;
  std::unordered_map<cuda::Context, PerContext> modules;
  std::shared_mutex functionsMutex;
  std::unordered_map<std::string, std::unique_ptr<KernelFunction>> functions;
};

StatusOr<KernelFunction::Slot *>
KernelFunction::load(const cuda::Current &current) {
  std::lock_guard<std::mutex> lock(mutex);
  for (Slot &slot : slots) {
    cuda::Context context = slot.context.load(std::memory_order_relaxed);
    if (context == current.context) {
      return &slot;
    }
    if (context) {
      continue;
    }
    StatusOr<cuda::Module> loaded = module.get(current);
    if (!loaded.ok()) {
      return loaded.status();
    }
    cuda::Result result =
        current.api->moduleGetFunction(&slot.function, *loaded, name.c_str());
    Status status = cuda::check(*current.api, result,
                                ("finding the kernel '" + name + "'").c_str());
    if (!status.ok()) {
      return status;
    }
    slot.context.store(current.context, std::memory_order_release);
    return &slot;
  }
  return Status::error("expected at most " + std::to_string(kMaxContexts) +
                       " CUDA contexts to use the kernel '" + name +
                       "', but got one more");
}

struct Size3 {
  intptr_t x, y, z;
};

std::string toString(Size3 size) {
  return std::to_string(size.x) + " x " + std::to_string(size.y) + " x " +
         std::to_string(size.z);
}

thread_local bool overlapNextLaunch = false;

Status launch(void *function, const Size3 *cluster, Size3 grid, Size3 block,
              int32_t sharedBytes, void *stream, void **params, void **extra) {
  bool overlap = overlapNextLaunch;
  overlapNextLaunch = false;
  if (grid.x == 0 || grid.y == 0 || grid.z == 0) {
    return Status::success();
  }
  // Also keeps the narrowing below from wrapping a size around.
  constexpr intptr_t kMaxX = 0x7fffffff;
  constexpr intptr_t kMaxYZ = 0xffff;
  auto fits = [](const Size3 &size) {
    return size.x > 0 && size.x <= kMaxX && size.y > 0 && size.y <= kMaxYZ &&
           size.z > 0 && size.z <= kMaxYZ;
  };
  for (const Size3 &size : {grid, block, cluster ? *cluster : block}) {
    if (!fits(size)) {
      return Status::error("expected grid, block and cluster sizes between 1 "
                           "and 2147483647 x 65535 x 65535, but got " +
                           toString(size));
    }
  }
  if (!function) {
    return Status::error("expected a kernel function, but got null");
  }
  StatusOr<cuda::Current> current = cuda::getCurrent();
  if (!current.ok()) {
    return current.status();
  }
  const cuda::Api &api = *current->api;
  StatusOr<KernelFunction::Slot *> resolved =
      static_cast<KernelFunction *>(function)->resolve(*current);
  if (!resolved.ok()) {
    return resolved.status();
  }
  KernelFunction::Slot &slot = **resolved;
  if (sharedBytes > slot.dynamicShared.load(std::memory_order_relaxed)) {
    Status status = cuda::check(
        api,
        api.functionSetAttribute(slot.function, cuda::kFunctionMaxDynamicShared,
                                 sharedBytes),
        ("reserving " + std::to_string(sharedBytes) +
         " bytes of dynamic shared memory")
            .c_str());
    if (!status.ok()) {
      return status;
    }
    slot.dynamicShared.store(sharedBytes, std::memory_order_relaxed);
  }

  auto u = [](intptr_t value) { return static_cast<unsigned>(value); };
  if (!stream) {
    stream = sparsityGetStream();
  }
  if (!cluster && !overlap) {
    return cuda::check(api,
                       api.launchKernel(slot.function, u(grid.x), u(grid.y),
                                        u(grid.z), u(block.x), u(block.y),
                                        u(block.z), u(sharedBytes), stream,
                                        params, extra),
                       "cuLaunchKernel");
  }
  if (!api.launchKernelEx) {
    return Status::error("expected a CUDA driver with cuLaunchKernelEx (11.8 "
                         "or newer), but got an older one");
  }
  cuda::LaunchAttribute attributes[2] = {};
  unsigned attributeCount = 0;
  if (cluster) {
    cuda::LaunchAttribute &attribute = attributes[attributeCount++];
    attribute.id = cuda::kLaunchClusterDimension;
    attribute.value.cluster = {u(cluster->x), u(cluster->y), u(cluster->z)};
  }
  if (overlap) {
    cuda::LaunchAttribute &attribute = attributes[attributeCount++];
    attribute.id = cuda::kLaunchProgrammaticSerialization;
    attribute.value.enabled = 1;
  }
  cuda::LaunchConfig config = {
      u(grid.x),  u(grid.y),      u(grid.z), u(block.x), u(block.y),
      u(block.z), u(sharedBytes), stream,    attributes, attributeCount};
  return cuda::check(api,
                     api.launchKernelEx(&config, slot.function, params, extra),
                     "cuLaunchKernelEx");
}

/// Loads right away where a device is at hand, so that errors come early and
/// the first launch is not slow; without one, the first launch reports it.
void *makeModule(const void *image, int optLevel) {
  auto *module = new LoadedModule(image, optLevel);
  StatusOr<cuda::Current> current = cuda::getCurrent();
  if (current.ok()) {
    recordLastError(module->get(*current).status());
  }
  return module;
}
} // namespace

extern "C" void sparsityOverlapNextLaunch(void) { overlapNextLaunch = true; }

extern "C" void *mgpuModuleLoad(void *data, size_t) {
  return makeModule(data, -1);
}

extern "C" void *mgpuModuleLoadJIT(void *data, int optLevel) {
  // cuModuleLoadDataEx takes the levels 0 to 4.
  constexpr int kHighestLevel = 4;
  bool known = optLevel >= 0 && optLevel <= kHighestLevel;
  return makeModule(data, known ? optLevel : kHighestLevel);
}

extern "C" void mgpuModuleUnload(void *module) {
  delete static_cast<LoadedModule *>(module);
}

extern "C" void *mgpuModuleGetFunction(void *module, const char *name) {
  if (!module) {
    recordLastError(Status::error("expected a GPU module, but got null"));
    return nullptr;
  }
  return static_cast<LoadedModule *>(module)->getFunction(name);
}

extern "C" void mgpuLaunchKernel(void *function, intptr_t gridX, intptr_t gridY,
                                 intptr_t gridZ, intptr_t blockX,
                                 intptr_t blockY, intptr_t blockZ,
                                 int32_t sharedBytes, void *stream,
                                 void **params, void **extra, size_t) {
  recordLastError(launch(function, nullptr, {gridX, gridY, gridZ},
                         {blockX, blockY, blockZ}, sharedBytes, stream, params,
                         extra));
}

extern "C" void mgpuLaunchClusterKernel(void *function, intptr_t clusterX,
                                        intptr_t clusterY, intptr_t clusterZ,
                                        intptr_t gridX, intptr_t gridY,
                                        intptr_t gridZ, intptr_t blockX,
                                        intptr_t blockY, intptr_t blockZ,
                                        int32_t sharedBytes, void *stream,
                                        void **params, void **extra) {
  Size3 cluster = {clusterX, clusterY, clusterZ};
  recordLastError(launch(function, &cluster, {gridX, gridY, gridZ},
                         {blockX, blockY, blockZ}, sharedBytes, stream, params,
                         extra));
}
