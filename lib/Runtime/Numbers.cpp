//===- Numbers.cpp - Element type names and array conversions -------------===//

#include "sparsity/Runtime/Numbers.h"

#include <cmath>
#include <limits>

using namespace mlir::sparsity;
using namespace mlir::sparsity::runtime;

static constexpr std::string_view kElementNames[] = {
    "f16",    "bf16", "f32", "f64", "f8E4M3FN",
    "f8E5M2", "i8",   "i32", "i64", "i1"};

std::string_view runtime::getElementName(ElementType type) {
  return kElementNames[static_cast<int32_t>(type)];
}

std::optional<ElementType> runtime::parseElementType(std::string_view name) {
  int32_t number = 0;
  for (std::string_view candidate : kElementNames) {
    if (candidate == name) {
      return static_cast<ElementType>(number);
    }
    ++number;
  }
  return std::nullopt;
}

std::optional<ElementType> runtime::elementTypeFromInt(int32_t number) {
  constexpr int32_t kCount = sizeof(kElementNames) / sizeof(kElementNames[0]);
  if (number < 0 || number >= kCount) {
    return std::nullopt;
  }
  return static_cast<ElementType>(number);
}

/// Applies `convert` to each element; `Stored` is the type in memory.
template <typename Stored, typename Target, typename Convert>
static void widen(const void *source, Target *target, int64_t count,
                  Convert convert) {
  const Stored *elements = static_cast<const Stored *>(source);
  for (int64_t i = 0; i < count; ++i) {
    target[i] = static_cast<Target>(convert(elements[i]));
  }
}

template <typename Target>
static void convertTo(ElementType type, const void *source, Target *target,
                      int64_t count) {
  auto same = [](auto value) { return value; };
  switch (type) {
  case ElementType::F16:
    return widen<uint16_t>(source, target, count, f16ToFloat);
  case ElementType::BF16:
    return widen<uint16_t>(source, target, count, bf16ToFloat);
  case ElementType::F32:
    return widen<float>(source, target, count, same);
  case ElementType::F64:
    return widen<double>(source, target, count, same);
  case ElementType::F8E4M3FN:
    return widen<uint8_t>(source, target, count, f8E4M3FNToFloat);
  case ElementType::F8E5M2:
    return widen<uint8_t>(source, target, count, f8E5M2ToFloat);
  case ElementType::I8:
    return widen<int8_t>(source, target, count, same);
  case ElementType::I32:
    return widen<int32_t>(source, target, count, same);
  case ElementType::I64:
    return widen<int64_t>(source, target, count, same);
  case ElementType::I1:
    return widen<uint8_t>(source, target, count,
                          [](uint8_t value) { return value != 0; });
  }
}

void runtime::convertToFloat(ElementType type, const void *source,
                             float *target, int64_t count) {
  convertTo(type, source, target, count);
}

void runtime::convertToDouble(ElementType type, const void *source,
                              double *target, int64_t count) {
  convertTo(type, source, target, count);
}

template <typename Stored, typename Convert>
static void narrow(const float *source, void *target, int64_t count,
                   Convert convert) {
  Stored *elements = static_cast<Stored *>(target);
  for (int64_t i = 0; i < count; ++i) {
    elements[i] = static_cast<Stored>(convert(source[i]));
  }
}

template <typename Integer> static Integer toInteger(float value) {
  // The limits are compared as powers of two, which a float holds exactly.
  constexpr int kBits = std::numeric_limits<Integer>::digits;
  if (value != value) {
    return 0;
  }
  float rounded = std::nearbyintf(value);
  if (rounded >= std::ldexp(1.0f, kBits)) {
    return std::numeric_limits<Integer>::max();
  }
  if (rounded < -std::ldexp(1.0f, kBits)) {
    return std::numeric_limits<Integer>::min();
  }
  return static_cast<Integer>(rounded);
}

void runtime::convertFromFloat(ElementType type, const float *source,
                               void *target, int64_t count) {
  auto same = [](float value) { return value; };
  switch (type) {
  case ElementType::F16:
    return narrow<uint16_t>(source, target, count, floatToF16);
  case ElementType::BF16:
    return narrow<uint16_t>(source, target, count, floatToBF16);
  case ElementType::F32:
    return narrow<float>(source, target, count, same);
  case ElementType::F64:
    return narrow<double>(source, target, count, same);
  case ElementType::F8E4M3FN:
    return narrow<uint8_t>(source, target, count, floatToF8E4M3FN);
  case ElementType::F8E5M2:
    return narrow<uint8_t>(source, target, count, floatToF8E5M2);
  case ElementType::I8:
    return narrow<int8_t>(source, target, count, toInteger<int8_t>);
  case ElementType::I32:
    return narrow<int32_t>(source, target, count, toInteger<int32_t>);
  case ElementType::I64:
    return narrow<int64_t>(source, target, count, toInteger<int64_t>);
  case ElementType::I1:
    return narrow<uint8_t>(source, target, count,
                           [](float value) { return value != 0; });
  }
}
