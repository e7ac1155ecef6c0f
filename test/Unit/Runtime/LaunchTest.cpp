//===- LaunchTest.cpp - The launch ABI against a recording driver ---------===//
//
// Replaces the CUDA driver by functions that record their calls, so that what
// the launch path asks of the driver is tested on machines without a GPU.
//
//===----------------------------------------------------------------------===//

#include "../../../lib/Runtime/CudaApi.h"

#include "sparsity/Runtime/CudaDriver.h"
#include "sparsity/Runtime/Mgpu.h"

#include "gtest/gtest.h"

#include <cstdlib>
#include <cstring>
#include <map>
#include <set>
#include <vector>

using namespace mlir::sparsity::runtime;

namespace {
/// What the driver was asked.
struct Recording {
  std::map<std::string, int> calls;
  std::vector<cuda::LaunchConfig> launches;
  std::vector<cuda::LaunchAttribute> attributes;
  std::vector<int> sharedLimits;
  int jitLevel = -1;
  bool moduleFails = false;
  bool launchFails = false;
  bool outOfMemory = false;
  cuda::Context context = nullptr;
  std::set<void *> live;
};

Recording *recording = nullptr;

/// Records a call; the name is that of the member it stands in for.
cuda::Result succeed(const char *name) {
  ++recording->calls[name];
  return cuda::kSuccess;
}

cuda::Result allocateHost(cuda::Pointer *pointer, size_t bytes) {
  if (recording->outOfMemory) {
    return cuda::kOutOfMemory;
  }
  void *memory = std::aligned_alloc(256, (bytes + 255) / 256 * 256);
  recording->live.insert(memory);
  *pointer = reinterpret_cast<cuda::Pointer>(memory);
  return cuda::kSuccess;
}

cuda::Result freeHost(cuda::Pointer pointer) {
  recording->live.erase(reinterpret_cast<void *>(pointer));
  std::free(reinterpret_cast<void *>(pointer));
  return cuda::kSuccess;
}

cuda::Api makeRecordingDriver() {
  cuda::Api api;
  api.getErrorName = [](cuda::Result result, const char **name) {
    *name = result == 218 ? "CUDA_ERROR_INVALID_PTX" : "CUDA_ERROR_UNKNOWN";
    return cuda::kSuccess;
  };
  api.getErrorString = [](cuda::Result, const char **text) {
    *text = "a text";
    return cuda::kSuccess;
  };
  api.deviceGet = [](cuda::Ordinal *device, int ordinal) {
    *device = ordinal;
    return cuda::kSuccess;
  };
  api.deviceGetAttribute = [](int *value, int which, cuda::Ordinal) {
    *value = which == cuda::kAttributeMemoryPools ? 1 : which;
    return cuda::kSuccess;
  };
  api.primaryContextRetain = [](cuda::Context *context, cuda::Ordinal ordinal) {
    *context = reinterpret_cast<void *>(0x1000 + ordinal);
    return succeed("primaryContextRetain");
  };
  api.contextGetCurrent = [](cuda::Context *context) {
    *context = recording->context;
    return cuda::kSuccess;
  };
  api.contextSetCurrent = [](cuda::Context context) {
    recording->context = context;
    return cuda::kSuccess;
  };
  api.contextGetDevice = [](cuda::Ordinal *device) {
    *device = 0;
    return cuda::kSuccess;
  };
  api.moduleLoadDataEx = [](cuda::Module *module, const void *, unsigned count,
                            int *options, void **values) -> cuda::Result {
    succeed("moduleLoadDataEx");
    for (unsigned i = 0; i < count; ++i) {
      if (options[i] == cuda::kJitOptimizationLevel) {
        recording->jitLevel =
            static_cast<int>(reinterpret_cast<intptr_t>(values[i]));
      }
      if (options[i] == cuda::kJitErrorLog && recording->moduleFails) {
        std::strcpy(static_cast<char *>(values[i]), "line 3: syntax error");
      }
    }
    *module = reinterpret_cast<void *>(0x2000);
    return recording->moduleFails ? 218 : cuda::kSuccess;
  };
  api.moduleUnload = [](cuda::Module) { return succeed("moduleUnload"); };
  api.moduleGetFunction = [](cuda::Function *function, cuda::Module,
                             const char *) {
    *function = reinterpret_cast<void *>(0x3000);
    return succeed("moduleGetFunction");
  };
  api.functionSetAttribute = [](cuda::Function, int which, int value) {
    EXPECT_EQ(which, cuda::kFunctionMaxDynamicShared);
    recording->sharedLimits.push_back(value);
    return cuda::kSuccess;
  };
  api.launchKernel = [](cuda::Function function, unsigned gx, unsigned gy,
                        unsigned gz, unsigned bx, unsigned by, unsigned bz,
                        unsigned shared, cuda::Stream stream, void **,
                        void **) -> cuda::Result {
    EXPECT_EQ(function, reinterpret_cast<void *>(0x3000));
    recording->launches.push_back(
        {gx, gy, gz, bx, by, bz, shared, stream, nullptr, 0});
    return recording->launchFails ? 999 : cuda::kSuccess;
  };
  api.launchKernelEx = [](const cuda::LaunchConfig *config, cuda::Function,
                          void **, void **) {
    recording->launches.push_back(*config);
    recording->attributes.assign(config->attributes,
                                 config->attributes + config->attributeCount);
    return cuda::kSuccess;
  };
  api.memAlloc = [](cuda::Pointer *pointer, size_t bytes) {
    succeed("memAlloc");
    return allocateHost(pointer, bytes);
  };
  api.memAllocManaged = [](cuda::Pointer *pointer, size_t bytes, unsigned) {
    succeed("memAllocManaged");
    return allocateHost(pointer, bytes);
  };
  api.memAllocAsync = [](cuda::Pointer *pointer, size_t bytes, cuda::Stream) {
    succeed("memAllocAsync");
    return allocateHost(pointer, bytes);
  };
  api.memFree = [](cuda::Pointer pointer) {
    succeed("memFree");
    return freeHost(pointer);
  };
  api.memFreeAsync = [](cuda::Pointer pointer, cuda::Stream) {
    succeed("memFreeAsync");
    return freeHost(pointer);
  };
  api.memGetInfo = [](size_t *free, size_t *total) {
    *free = 1000;
    *total = 5000;
    return cuda::kSuccess;
  };
  api.memcpyAsync = [](cuda::Pointer target, cuda::Pointer source, size_t bytes,
                       cuda::Stream) {
    std::memcpy(reinterpret_cast<void *>(target),
                reinterpret_cast<void *>(source), bytes);
    return succeed("memcpyAsync");
  };
  api.pointerGetAttribute = [](void *value, int, cuda::Pointer pointer) {
    bool device = recording->live.count(reinterpret_cast<void *>(pointer)) != 0;
    *static_cast<unsigned *>(value) = cuda::kMemoryTypeDevice;
    return device ? cuda::kSuccess : cuda::Result(1);
  };
  api.streamSynchronize = [](cuda::Stream) {
    return succeed("streamSynchronize");
  };
  api.streamIsCapturing = [](cuda::Stream, int *capturing) {
    *capturing = 0;
    return cuda::kSuccess;
  };
  api.exchangeCaptureMode = [](int *) {
    return succeed("exchangeCaptureMode");
  };
  return api;
}

class Launch : public testing::Test {
protected:
  void SetUp() override {
    recording = &calls;
    cuda::overrideApi(&driver);
    sparsityClearLastError();
    sparsitySetStream(nullptr);
  }
  void TearDown() override {
    sparsityClearLastError();
    sparsitySetStream(nullptr);
    cuda::overrideApi(nullptr);
    for (void *pointer : calls.live) {
      std::free(pointer);
    }
    recording = nullptr;
  }

  void *function() {
    module = mgpuModuleLoadJIT(const_cast<char *>(".version 8.0"), 3);
    return mgpuModuleGetFunction(module, "kernel");
  }
  void launch(void *kernel, intptr_t grid, int32_t shared = 0) {
    mgpuLaunchKernel(kernel, grid, 2, 3, 128, 1, 1, shared, mgpuStreamCreate(),
                     nullptr, nullptr, 0);
  }

  Recording calls;
  cuda::Api driver = makeRecordingDriver();
  void *module = nullptr;
};
} // namespace

TEST_F(Launch, LoadsOnceAndNeverWaits) {
  void *stream = reinterpret_cast<void *>(0x77);
  sparsitySetStream(stream);
  void *kernel = function();
  for (int i = 0; i < 10; ++i) {
    void *handle = mgpuStreamCreate();
    EXPECT_EQ(handle, stream);
    EXPECT_EQ(mgpuModuleGetFunction(module, "kernel"), kernel);
    launch(kernel, 7, 1000);
    mgpuStreamSynchronize(handle);
    mgpuStreamDestroy(handle);
  }
  EXPECT_EQ(sparsityGetLastError(), nullptr);
  EXPECT_EQ(calls.calls["moduleLoadDataEx"], 1);
  EXPECT_EQ(calls.calls["moduleGetFunction"], 1);
  EXPECT_EQ(calls.calls["primaryContextRetain"], 1);
  EXPECT_EQ(calls.calls["streamSynchronize"], 0);
  EXPECT_EQ(calls.jitLevel, 3);
  EXPECT_TRUE(calls.sharedLimits.empty());
  ASSERT_EQ(calls.launches.size(), 10u);
  EXPECT_EQ(calls.launches[0].gridX, 7u);
  EXPECT_EQ(calls.launches[0].gridZ, 3u);
  EXPECT_EQ(calls.launches[0].blockX, 128u);
  EXPECT_EQ(calls.launches[0].sharedBytes, 1000u);
  EXPECT_EQ(calls.launches[0].stream, stream);
  mgpuModuleUnload(module);
  EXPECT_EQ(calls.calls["moduleUnload"], 1);
}

TEST_F(Launch, LargeSharedMemoryIsReservedOnce) {
  void *kernel = function();
  launch(kernel, 1, 48 << 10);
  EXPECT_TRUE(calls.sharedLimits.empty());
  launch(kernel, 1, 100 << 10);
  launch(kernel, 1, 100 << 10);
  launch(kernel, 1, 64 << 10);
  launch(kernel, 1, 200 << 10);
  EXPECT_EQ(calls.sharedLimits, (std::vector<int>{100 << 10, 200 << 10}));
  mgpuModuleUnload(module);
}

TEST_F(Launch, EmptyGridsLaunchNothingAndBadOnesAreErrors) {
  void *kernel = function();
  launch(kernel, 0);
  EXPECT_TRUE(calls.launches.empty());
  EXPECT_EQ(sparsityGetLastError(), nullptr);
  launch(kernel, (intptr_t(1) << 32) + 1);
  EXPECT_TRUE(calls.launches.empty());
  EXPECT_STREQ(sparsityGetLastError(),
               "expected grid, block and cluster sizes between 1 and "
               "2147483647 x 65535 x 65535, but got 4294967297 x 2 x 3");
  sparsityClearLastError();
  launch(nullptr, 1);
  EXPECT_STREQ(sparsityGetLastError(),
               "expected a kernel function, but got null");
  mgpuModuleUnload(module);
}

TEST_F(Launch, EachContextGetsItsOwnModule) {
  void *kernel = function();
  launch(kernel, 1);
  calls.context = reinterpret_cast<void *>(0x4444);
  launch(kernel, 1);
  launch(kernel, 1);
  EXPECT_EQ(calls.calls["moduleLoadDataEx"], 2);
  EXPECT_EQ(calls.launches.size(), 3u);
  mgpuModuleUnload(module);
  EXPECT_EQ(calls.calls["moduleUnload"], 2);
  EXPECT_EQ(calls.context, reinterpret_cast<void *>(0x4444));
}

TEST_F(Launch, ClusterAndOverlapBecomeAttributes) {
  void *kernel = function();
  mgpuLaunchClusterKernel(kernel, 2, 1, 1, 8, 1, 1, 384, 1, 1, 0, nullptr,
                          nullptr, nullptr);
  ASSERT_EQ(calls.attributes.size(), 1u);
  EXPECT_EQ(calls.attributes[0].id, 4u);
  EXPECT_EQ(calls.attributes[0].value.cluster.x, 2u);
  sparsityOverlapNextLaunch();
  launch(kernel, 1);
  ASSERT_EQ(calls.attributes.size(), 1u);
  EXPECT_EQ(calls.attributes[0].id, 6u);
  EXPECT_EQ(calls.attributes[0].value.enabled, 1);
  launch(kernel, 1);
  ASSERT_EQ(calls.launches.size(), 3u);
  EXPECT_EQ(calls.launches[2].attributeCount, 0u);
  mgpuModuleUnload(module);
}

TEST_F(Launch, ModuleErrorsCarryTheLogAndTheFirstErrorStays) {
  calls.moduleFails = true;
  void *kernel = function();
  const char *expected = "expected loading a GPU module to succeed, but got "
                         "CUDA_ERROR_INVALID_PTX (a text): line 3: syntax "
                         "error";
  EXPECT_STREQ(sparsityGetLastError(), expected);
  sparsityClearLastError();
  launch(kernel, 1);
  launch(kernel, 1);
  EXPECT_STREQ(sparsityGetLastError(), expected);
  EXPECT_EQ(calls.calls["moduleLoadDataEx"], 1);
  EXPECT_TRUE(calls.launches.empty());
  mgpuModuleUnload(module);
  EXPECT_EQ(calls.calls["moduleUnload"], 0);
}

TEST_F(Launch, LaunchErrorsAreNamed) {
  void *kernel = function();
  calls.launchFails = true;
  launch(kernel, 1);
  EXPECT_STREQ(sparsityGetLastError(),
               "expected cuLaunchKernel to succeed, but got "
               "CUDA_ERROR_UNKNOWN (a text)");
  mgpuModuleUnload(module);
}

TEST_F(Launch, WaitsOnlyForWhatTheHostMayRead) {
  void *a = mgpuMemAlloc(64, nullptr, false);
  void *b = mgpuMemAlloc(64, nullptr, false);
  mgpuMemcpy(a, b, 64, nullptr);
  mgpuStreamSynchronize(nullptr);
  EXPECT_EQ(calls.calls["streamSynchronize"], 0);
  char host[64] = {};
  mgpuMemcpy(host, a, 64, nullptr);
  mgpuStreamSynchronize(nullptr);
  mgpuStreamSynchronize(nullptr);
  EXPECT_EQ(calls.calls["streamSynchronize"], 1);
  mgpuMemFree(a, nullptr);
  mgpuMemFree(b, nullptr);
  EXPECT_EQ(calls.calls["memFreeAsync"], 2);
  EXPECT_EQ(mgpuMemAlloc(0, nullptr, false), nullptr);
  EXPECT_EQ(sparsityGetLastError(), nullptr);
}

TEST_F(Launch, WithoutPoolsAllocationsAreFreedTheSameWay) {
  driver.memAllocAsync = nullptr;
  driver.memFreeAsync = nullptr;
  void *plain = mgpuMemAlloc(64, nullptr, false);
  ASSERT_NE(plain, nullptr);
  mgpuMemFree(plain, nullptr);
  EXPECT_EQ(calls.calls["memAlloc"], 1);
  EXPECT_EQ(calls.calls["memFree"], 1);
}

TEST_F(Launch, WorkspaceGrowsAndKeeps) {
  const uint64_t key = 0xabcdef01;
  void *block = sparsityWorkspace(key, 1000);
  ASSERT_NE(block, nullptr);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(block) % 256, 0u);
  EXPECT_EQ(sparsityWorkspace(key, 900), block);
  EXPECT_NE(sparsityWorkspace(key + 1, 1000), block);
  sparsitySetStream(reinterpret_cast<void *>(0x99));
  EXPECT_NE(sparsityWorkspace(key, 1000), block);
  sparsitySetStream(nullptr);
  EXPECT_EQ(calls.calls["memAlloc"], 3);
  void *grown = sparsityWorkspace(key, 1001);
  EXPECT_NE(grown, block);
  EXPECT_EQ(sparsityWorkspace(key, 2000), grown);
  EXPECT_EQ(calls.calls["memAlloc"], 4);
  EXPECT_EQ(calls.calls["memFree"], 0);
  EXPECT_EQ(sparsityWorkspace(key + 2, 0), nullptr);
  EXPECT_EQ(sparsityGetLastError(), nullptr);
  calls.outOfMemory = true;
  EXPECT_EQ(sparsityWorkspace(key, 9000), nullptr);
  EXPECT_STREQ(sparsityGetLastError(),
               "expected at most 1000 bytes (free of the device's 5000), but "
               "got a request for 9000 bytes (CUDA_ERROR_OUT_OF_MEMORY)");
  EXPECT_EQ(sparsityWorkspace(key, 2000), grown);
}

TEST_F(Launch, BuffersAreFreedOnce) {
  {
    StatusOr<DeviceBuffer> buffer = DeviceBuffer::allocate(100);
    ASSERT_TRUE(buffer.ok());
    DeviceBuffer moved = std::move(*buffer);
    EXPECT_EQ(moved.size(), 100u);
    const char text[] = "abc";
    char back[4] = {};
    ASSERT_TRUE(copyToDevice(moved.data(), text, 4).ok());
    ASSERT_TRUE(copyToHost(back, moved.data(), 4).ok());
    EXPECT_STREQ(back, "abc");
  }
  EXPECT_EQ(calls.calls["memFree"], 1);
  EXPECT_EQ(calls.calls["streamSynchronize"], 2);
  ASSERT_TRUE(DeviceBuffer::allocate(0).ok());
  EXPECT_EQ(calls.calls["memAlloc"], 1);
}
