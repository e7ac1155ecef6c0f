//===- Workspace.cpp - Grow-only scratch memory by key --------------------===//

#include "CudaApi.h"
#include "sparsity-c/Runtime.h"

#include <algorithm>
#include <cstdlib>
#include <map>
#include <memory>
#include <mutex>
#include <tuple>
#include <unordered_map>

using namespace mlir::sparsity::runtime;

namespace {
struct Block {
  void *pointer = nullptr;
  uint64_t bytes = 0;
};

struct DeviceBlocks {
  std::mutex mutex;
  std::map<std::tuple<cuda::Context, void *, uint64_t>, Block> blocks;
};

struct FreeHost {
  void operator()(void *pointer) const { std::free(pointer); }
};

struct HostBlock {
  std::unique_ptr<void, FreeHost> pointer;
  uint64_t bytes = 0;
};

thread_local std::unordered_map<uint64_t, HostBlock> hostBlocks;

/// At least twice the outgrown size, so that a key whose request creeps up
/// leaves behind no more than it holds.
uint64_t grownSize(uint64_t old, uint64_t asked) {
  uint64_t doubled = old > UINT64_MAX / 2 ? old : 2 * old;
  return std::max(asked, doubled);
}

StatusOr<void *> getDeviceBlock(uint64_t key, uint64_t bytes) {
  StatusOr<cuda::Current> current = cuda::getCurrent();
  if (!current.ok()) {
    return current.status();
  }
  static auto *store = new DeviceBlocks();
  std::lock_guard<std::mutex> lock(store->mutex);
  Block &block =
      store
          ->blocks[std::make_tuple(current->context, sparsityGetStream(), key)];
  if (block.bytes < bytes) {
    uint64_t size = grownSize(block.bytes, bytes);
    StatusOr<cuda::Pointer> pointer = cuda::allocate(*current, size);
    if (!pointer.ok() && size != bytes) {
      size = bytes;
      pointer = cuda::allocate(*current, size);
    }
    if (!pointer.ok()) {
      return pointer.status();
    }
    block = {reinterpret_cast<void *>(*pointer), size};
  }
  return block.pointer;
}
} // namespace

extern "C" void *sparsityWorkspace(uint64_t key, uint64_t bytes) {
  if (bytes == 0) {
    return nullptr;
  }
  StatusOr<void *> pointer = getDeviceBlock(key, bytes);
  if (!pointer.ok()) {
    recordLastError(pointer.status());
    return nullptr;
  }
  return *pointer;
}

extern "C" void *sparsityHostWorkspace(uint64_t key, uint64_t bytes) {
  constexpr uint64_t kAlignment = 64;
  if (bytes == 0) {
    return nullptr;
  }
  HostBlock &block = hostBlocks[key];
  if (block.bytes < bytes) {
    void *pointer = nullptr;
    if (bytes <= UINT64_MAX - kAlignment) {
      uint64_t rounded = (bytes + kAlignment - 1) / kAlignment * kAlignment;
      pointer = std::aligned_alloc(kAlignment, rounded);
    }
    if (!pointer) {
      recordLastError(Status::error("expected " + std::to_string(bytes) +
                                    " bytes of host memory, but got none"));
      return nullptr;
    }
    block.pointer.reset(pointer);
    block.bytes = bytes;
  }
  return block.pointer.get();
}
