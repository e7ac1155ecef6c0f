//===- Values.cpp - tensors in host memory --------------------------------===//

#include "Values.h"

#include "Arguments.h"

#include "sparsity/Runtime/Npy.h"
#include "sparsity/Runtime/ParallelFor.h"

#include "llvm/Support/MathExtras.h"
#include "llvm/Support/raw_ostream.h"

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <unistd.h>

using namespace mlir;
using namespace mlir::sparsity;
using namespace mlir::sparsity::run;
using runtime::ElementType;
using runtime::Status;
using runtime::StatusOr;

//===----------------------------------------------------------------------===//
// HostTensor
//===----------------------------------------------------------------------===//

int64_t HostTensor::count() const {
  int64_t product = 1;
  for (int64_t size : shape) {
    product *= size;
  }
  return product;
}

StatusOr<HostTensor> HostTensor::create(ElementType elementType,
                                        llvm::ArrayRef<int64_t> shape) {
  constexpr uint64_t kAlignment = 64;
  uint64_t bytes = runtime::getElementSize(elementType);
  bool tooLarge = false;
  for (int64_t size : shape) {
    tooLarge = tooLarge || (size != 0 && bytes > uint64_t(INT64_MAX) / size);
    bytes = tooLarge ? bytes : bytes * size;
  }
  // The system promises more than it has, and ends the process that uses it.
  uint64_t memory = static_cast<uint64_t>(sysconf(_SC_PHYS_PAGES)) *
                    static_cast<uint64_t>(sysconf(_SC_PAGE_SIZE));
  tooLarge = tooLarge || bytes > memory;
  HostTensor tensor;
  tensor.elementType = elementType;
  tensor.shape.assign(shape.begin(), shape.end());
  if (!tooLarge) {
    // Fresh pages are zero, and touched only when used.
    uint64_t room = llvm::alignTo(bytes + 1, kAlignment) + kAlignment;
    void *base = std::calloc(room, 1);
    if (base) {
      auto address = reinterpret_cast<uintptr_t>(base);
      auto *data = reinterpret_cast<uint8_t *>(
          llvm::alignTo(address, uint64_t(kAlignment)));
      tensor.data = std::shared_ptr<uint8_t>(
          data, [base](uint8_t *) { std::free(base); });
      return tensor;
    }
  }
  return Status::error(
      "expected memory for a tensor of shape " + printShape(shape) +
      " and type " + std::string(runtime::getElementName(elementType)) +
      ", but got " + std::to_string(memory >> 30) + " GiB in all");
}

StatusOr<HostTensor> HostTensor::clone() const {
  StatusOr<HostTensor> copy = create(elementType, shape);
  if (copy.ok()) {
    std::memcpy(copy->data.get(), data.get(), bytes());
  }
  return copy;
}

std::optional<ElementType> run::getElementType(Type type) {
  if (type.isIndex()) {
    return ElementType::I64;
  }
  std::string name;
  llvm::raw_string_ostream stream(name);
  stream << type;
  return runtime::parseElementType(name);
}

std::vector<double> run::toDoubles(const HostTensor &tensor) {
  std::vector<double> values(tensor.count());
  int64_t elementBytes = runtime::getElementSize(tensor.elementType);
  runtime::parallelFor(tensor.count(), [&](int64_t begin, int64_t end) {
    runtime::convertToDouble(tensor.elementType,
                             tensor.data.get() + begin * elementBytes,
                             values.data() + begin, end - begin);
  });
  return values;
}

//===----------------------------------------------------------------------===//
// Random values
//===----------------------------------------------------------------------===//

/// SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number
/// generators", OOPSLA 2014): element i needs no state but i.
static uint64_t mix(uint64_t value) {
  value += 0x9e3779b97f4a7c15ull;
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9ull;
  value = (value ^ (value >> 27)) * 0x94d049bb133111ebull;
  return value ^ (value >> 31);
}

/// The sum of four uniform numbers, centred and scaled to variance 1: normal
/// but for its tails, which end at 3.46, and the same on every machine.
static float toNormal(uint64_t bits) {
  constexpr float kUnit = 1.7320508f / 65536.0f;
  int32_t sum = static_cast<int32_t>(bits & 0xffff) +
                static_cast<int32_t>((bits >> 16) & 0xffff) +
                static_cast<int32_t>((bits >> 32) & 0xffff) +
                static_cast<int32_t>(bits >> 48) - 2 * 65535;
  return static_cast<float>(sum) * kUnit;
}

static float toInteger(uint64_t bits) {
  constexpr uint64_t kValues = 17;
  return static_cast<float>(static_cast<int64_t>((bits >> 32) % kValues) - 8);
}

RandomBits::RandomBits(uint64_t seed, uint64_t stream)
    : key(mix(mix(seed) + stream)) {}

uint64_t RandomBits::at(uint64_t index) const { return mix(key + index); }

double RandomBits::uniform(uint64_t index) const {
  return static_cast<double>(at(index) >> 11) * 0x1p-53;
}

void run::fillRandom(HostTensor &tensor, uint64_t seed, uint64_t stream,
                     double scale) {
  constexpr int64_t kChunk = 1024;
  uint64_t key = mix(mix(seed) + stream);
  bool isFloat = runtime::isFloat(tensor.elementType);
  int64_t elementBytes = runtime::getElementSize(tensor.elementType);
  auto factor = static_cast<float>(scale);
  int64_t count = tensor.count();
  int64_t chunks = (count + kChunk - 1) / kChunk;
  runtime::parallelFor(chunks, [&](int64_t begin, int64_t end) {
    float values[kChunk];
    for (int64_t chunk = begin; chunk < end; ++chunk) {
      int64_t first = chunk * kChunk;
      int64_t size = std::min(kChunk, count - first);
      for (int64_t i = 0; i < size; ++i) {
        uint64_t bits = mix(key + static_cast<uint64_t>(first + i));
        values[i] = isFloat ? toNormal(bits) * factor : toInteger(bits);
        if (tensor.elementType == ElementType::I1) {
          values[i] = static_cast<float>(bits & 1);
        }
      }
      uint8_t *target = tensor.data.get() + first * elementBytes;
      if (tensor.elementType == ElementType::F64) {
        for (int64_t i = 0; i < size; ++i) {
          double wide = values[i];
          std::memcpy(target + i * sizeof(wide), &wide, sizeof(wide));
        }
      } else {
        runtime::convertFromFloat(tensor.elementType, values, target, size);
      }
    }
  });
}

//===----------------------------------------------------------------------===//
// Files
//===----------------------------------------------------------------------===//

StatusOr<HostTensor> run::readInput(const std::string &path,
                                    const std::string &name,
                                    ElementType elementType,
                                    llvm::ArrayRef<int64_t> expected) {
  StatusOr<runtime::NpyArray> array = runtime::readNpy(path, elementType);
  if (!array.ok()) {
    return Status::error("input " + name + ": " + array.status().message);
  }
  bool matches = array->shape.size() == expected.size();
  for (size_t i = 0; matches && i < expected.size(); ++i) {
    matches = expected[i] < 0 || expected[i] == array->shape[i];
  }
  if (!matches) {
    return Status::error("expected input " + name + " of shape " +
                         printShape(expected) + ", but got " +
                         printShape(array->shape) + " in '" + path + "'");
  }
  StatusOr<HostTensor> tensor = HostTensor::create(elementType, array->shape);
  if (tensor.ok()) {
    std::memcpy(tensor->data.get(), array->data.data(), array->data.size());
  }
  return tensor;
}

Status run::writeOutput(const std::string &path, const HostTensor &tensor) {
  return runtime::writeNpy(
      path, tensor.elementType,
      std::vector<int64_t>(tensor.shape.begin(), tensor.shape.end()),
      tensor.data.get());
}
