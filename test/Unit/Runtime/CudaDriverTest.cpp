//===- CudaDriverTest.cpp - The real driver, or the error without it ------===//

#include "sparsity/Runtime/CudaDriver.h"

#include "sparsity/Runtime/Mgpu.h"

#include "gtest/gtest.h"

#include <chrono>
#include <cstring>
#include <string>
#include <vector>

using namespace mlir::sparsity::runtime;

namespace {
/// y[i] = x[i] + 1 for i < count, through dynamic shared memory when asked for.
const char kAddOne[] = R"(
.version 7.0
.target sm_80
.address_size 64
.extern .shared .align 16 .b8 scratch[];
.visible .entry add_one(.param .u64 px, .param .u64 py, .param .u32 pn) {
  .reg .pred %p<2>;
  .reg .b32 %r<8>;
  .reg .b64 %d<8>;
  ld.param.u64 %d1, [px];
  ld.param.u64 %d2, [py];
  ld.param.u32 %r1, [pn];
  mov.u32 %r2, %ctaid.x;
  mov.u32 %r3, %ntid.x;
  mov.u32 %r4, %tid.x;
  mad.lo.s32 %r5, %r2, %r3, %r4;
  setp.ge.u32 %p1, %r5, %r1;
  @%p1 ret;
  cvta.to.global.u64 %d3, %d1;
  cvta.to.global.u64 %d4, %d2;
  mul.wide.u32 %d5, %r5, 4;
  add.s64 %d6, %d3, %d5;
  add.s64 %d7, %d4, %d5;
  ld.global.u32 %r6, [%d6];
  add.u32 %r7, %r6, 1;
  st.global.u32 [%d7], %r7;
  ret;
}
)";

class CudaDriver : public testing::Test {
protected:
  void SetUp() override {
    sparsityClearLastError();
    StatusOr<Device> found = getDevice();
    if (!found.ok()) {
      GTEST_SKIP() << found.status().message;
    }
    device = *found;
    StatusOr<Stream> made = Stream::create();
    ASSERT_TRUE(made.ok()) << made.status().message;
    stream = std::move(*made);
    sparsitySetStream(stream.handle());
  }
  void TearDown() override {
    sparsitySetStream(nullptr);
    sparsityClearLastError();
  }

  Device device;
  Stream stream;
};
} // namespace

TEST(CudaDriverMissing, EveryCallSaysWhatIsMissing) {
  StatusOr<Device> found = getDevice();
  if (found.ok()) {
    GTEST_SKIP() << "this machine has a CUDA device";
  }
  const std::string &message = found.status().message;
  EXPECT_TRUE(message.rfind("expected a CUDA driver (libcuda.so.1), but got ",
                            0) == 0 ||
              message == "expected a CUDA device, but the driver reports none")
      << message;
  EXPECT_EQ(DeviceBuffer::allocate(16).status().message, message);
  EXPECT_EQ(Stream::create().status().message, message);
  EXPECT_EQ(flushL2().message, message);
  EXPECT_EQ(Graph::beginCapture().message, message);

  sparsityClearLastError();
  EXPECT_EQ(sparsityWorkspace(1, 16), nullptr);
  EXPECT_STREQ(sparsityGetLastError(), message.c_str());
  sparsityClearLastError();
  // Loading a library on a machine without a GPU is no error; launching is.
  void *module = mgpuModuleLoadJIT(const_cast<char *>(kAddOne), 2);
  EXPECT_EQ(sparsityGetLastError(), nullptr);
  void *kernel = mgpuModuleGetFunction(module, "add_one");
  mgpuLaunchKernel(kernel, 0, 1, 1, 1, 1, 1, 0, nullptr, nullptr, nullptr, 0);
  EXPECT_EQ(sparsityGetLastError(), nullptr);
  mgpuLaunchKernel(kernel, 1, 1, 1, 1, 1, 1, 0, nullptr, nullptr, nullptr, 0);
  EXPECT_STREQ(sparsityGetLastError(), message.c_str());
  mgpuModuleUnload(module);
  EXPECT_NE(sparsitySynchronize(), 0);
  sparsityClearLastError();
}

TEST_F(CudaDriver, DeviceIsDescribed) {
  EXPECT_FALSE(device.name.empty());
  EXPECT_GE(device.major, 5);
  EXPECT_GT(device.smCount, 0);
  EXPECT_GE(device.sharedBytesPerBlockOptin, 48 << 10);
  EXPECT_GT(device.l2Bytes, 0);
  EXPECT_GT(device.totalBytes, 1 << 28);
}

TEST_F(CudaDriver, LaunchesCapturesAndTimes) {
  if (device.major < 8) {
    GTEST_SKIP() << "the kernel is for sm_80";
  }
  const uint32_t count = 100003;
  StatusOr<DeviceBuffer> x = DeviceBuffer::allocate(count * 4);
  StatusOr<DeviceBuffer> y = DeviceBuffer::allocate(count * 4);
  ASSERT_TRUE(x.ok() && y.ok());
  std::vector<uint32_t> host(count);
  for (uint32_t i = 0; i < count; ++i) {
    host[i] = 3 * i;
  }
  ASSERT_TRUE(copyToDevice(x->data(), host.data(), x->size()).ok());
  ASSERT_TRUE(fillDevice(y->data(), 0xff, y->size()).ok());

  void *module = mgpuModuleLoadJIT(const_cast<char *>(kAddOne), 3);
  ASSERT_EQ(sparsityGetLastError(), nullptr) << sparsityGetLastError();
  void *px = x->data();
  void *py = y->data();
  uint32_t n = count;
  void *params[] = {&px, &py, &n};
  auto launch = [&](int32_t shared) {
    void *handle = mgpuStreamCreate();
    mgpuLaunchKernel(mgpuModuleGetFunction(module, "add_one"),
                     (count + 127) / 128, 1, 1, 128, 1, 1, shared, handle,
                     params, nullptr, 3);
    mgpuStreamSynchronize(handle);
    mgpuStreamDestroy(handle);
  };
  auto expectResult = [&] {
    std::vector<uint32_t> result(count);
    ASSERT_TRUE(copyToHost(result.data(), y->data(), y->size()).ok());
    for (uint32_t i = 0; i < count; ++i) {
      ASSERT_EQ(result[i], 3 * i + 1);
    }
  };
  launch(static_cast<int32_t>(device.sharedBytesPerBlockOptin));
  ASSERT_EQ(sparsityGetLastError(), nullptr) << sparsityGetLastError();
  expectResult();

  // A host entry, with a workspace of its own, can be captured.
  ASSERT_TRUE(fillDevice(y->data(), 0xff, y->size()).ok());
  ASSERT_TRUE(Graph::beginCapture().ok());
  EXPECT_NE(sparsityWorkspace(77, 1 << 20), nullptr);
  launch(0);
  StatusOr<Graph> graph = Graph::endCapture();
  ASSERT_TRUE(graph.ok()) << graph.status().message;
  ASSERT_EQ(sparsityGetLastError(), nullptr) << sparsityGetLastError();
  ASSERT_TRUE(graph->launch().ok());
  expectResult();

  StatusOr<Event> start = Event::create();
  StatusOr<Event> end = Event::create();
  ASSERT_TRUE(start.ok() && end.ok());
  ASSERT_TRUE(flushL2().ok());
  ASSERT_TRUE(start->record().ok());
  ASSERT_TRUE(graph->launch().ok());
  ASSERT_TRUE(end->record().ok());
  StatusOr<double> milliseconds = Event::elapsed(*start, *end);
  ASSERT_TRUE(milliseconds.ok());
  EXPECT_GT(*milliseconds, 0.0);
  EXPECT_LT(*milliseconds, 1000.0);

  // Host cost of a launch, the driver's own included; reported, not judged.
  constexpr int kLaunches = 500;
  ASSERT_EQ(sparsitySynchronize(), 0);
  auto before = std::chrono::steady_clock::now();
  for (int i = 0; i < kLaunches; ++i) {
    launch(0);
  }
  std::chrono::duration<double, std::micro> elapsed =
      std::chrono::steady_clock::now() - before;
  RecordProperty("microseconds_per_launch",
                 std::to_string(elapsed.count() / kLaunches));
  ASSERT_EQ(sparsitySynchronize(), 0);
  mgpuModuleUnload(module);
}

TEST_F(CudaDriver, ErrorsNameTheirCause) {
  char bad[] = ".version 7.0\n.target sm_80\n.address_size 64\nnonsense\n";
  void *module = mgpuModuleLoadJIT(bad, 2);
  ASSERT_NE(sparsityGetLastError(), nullptr);
  std::string message = sparsityGetLastError();
  EXPECT_NE(message.find("CUDA_ERROR_INVALID_PTX"), std::string::npos)
      << message;
  EXPECT_NE(message.find("nonsense"), std::string::npos) << message;
  mgpuModuleUnload(module);
  sparsityClearLastError();

  module = mgpuModuleLoadJIT(const_cast<char *>(kAddOne), 2);
  mgpuLaunchKernel(mgpuModuleGetFunction(module, "absent"), 1, 1, 1, 1, 1, 1, 0,
                   nullptr, nullptr, nullptr, 0);
  ASSERT_NE(sparsityGetLastError(), nullptr);
  EXPECT_NE(std::string(sparsityGetLastError()).find("'absent'"),
            std::string::npos);
  mgpuModuleUnload(module);
  sparsityClearLastError();

  StatusOr<DeviceBuffer> huge = DeviceBuffer::allocate(uint64_t(1) << 50);
  ASSERT_FALSE(huge.ok());
  EXPECT_NE(huge.status().message.find("1125899906842624 bytes"),
            std::string::npos)
      << huge.status().message;
}

TEST_F(CudaDriver, MemoryOfTheLaunchAbi) {
  void *pointer = mgpuMemAlloc(1024, mgpuStreamCreate(), false);
  ASSERT_NE(pointer, nullptr);
  mgpuMemset32(pointer, 0x01020304, 256, mgpuStreamCreate());
  std::vector<uint32_t> host(256);
  mgpuMemcpy(host.data(), pointer, 1024, mgpuStreamCreate());
  mgpuStreamSynchronize(mgpuStreamCreate());
  EXPECT_EQ(host, std::vector<uint32_t>(256, 0x01020304));
  mgpuMemFree(pointer, mgpuStreamCreate());
  void *event = mgpuEventCreate();
  mgpuEventRecord(event, mgpuStreamCreate());
  mgpuStreamWaitEvent(mgpuStreamCreate(), event);
  mgpuEventSynchronize(event);
  mgpuEventDestroy(event);
  EXPECT_EQ(sparsityGetLastError(), nullptr) << sparsityGetLastError();
}
