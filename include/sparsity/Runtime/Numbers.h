//===- Numbers.h - Element types and small-float conversions ----*- C++ -*-===//
//
// Conversions between f32 and the 16- and 8-bit floats, with the results of
// LLVM's APFloat::convert under round-to-nearest-even:
//
// | format   | exponent | mantissa | largest | beyond it | infinity | NaN     |
// |----------|----------|----------|---------|-----------|----------|---------|
// | f16      | 5 bits   | 10 bits  | 65504   | infinity  | yes      | payload |
// | bf16     | 8 bits   | 7 bits   | 3.39e38 | infinity  | yes      | payload |
// | f8E5M2   | 5 bits   | 2 bits   | 57344   | infinity  | yes      | payload |
// | f8E4M3FN | 4 bits   | 3 bits   | 448     | NaN       | none     |
// s.1111.111 |
//
// Widening is exact. A NaN keeps its sign and the bits of its payload that fit
// and becomes quiet, in both directions, as in hardware; so a code survives
// small -> f32 -> small bit for bit unless it is a signaling NaN.
//
//===----------------------------------------------------------------------===//

#ifndef SPARSITY_RUNTIME_NUMBERS_H
#define SPARSITY_RUNTIME_NUMBERS_H

#include <cstdint>
#include <optional>
#include <string_view>

namespace mlir {
namespace sparsity {
namespace runtime {

//===----------------------------------------------------------------------===//
// Element types
//===----------------------------------------------------------------------===//

/// Numbered as SparsityElementType of the C interface.
enum class ElementType : int32_t {
  F16 = 0,
  BF16 = 1,
  F32 = 2,
  F64 = 3,
  F8E4M3FN = 4,
  F8E5M2 = 5,
  I8 = 6,
  I32 = 7,
  I64 = 8,
  I1 = 9
};

/// Bytes of one element in memory; an I1 takes a byte.
constexpr int64_t getElementSize(ElementType type) {
  switch (type) {
  case ElementType::F8E4M3FN:
  case ElementType::F8E5M2:
  case ElementType::I8:
  case ElementType::I1:
    return 1;
  case ElementType::F16:
  case ElementType::BF16:
    return 2;
  case ElementType::F32:
  case ElementType::I32:
    return 4;
  case ElementType::F64:
  case ElementType::I64:
    return 8;
  }
  return 0;
}

constexpr bool isFloat(ElementType type) {
  switch (type) {
  case ElementType::I8:
  case ElementType::I32:
  case ElementType::I64:
  case ElementType::I1:
    return false;
  default:
    return true;
  }
}

/// MLIR's spelling: "f16", "bf16", "f32", "f64", "f8E4M3FN", "f8E5M2", "i8",
/// "i32", "i64", "i1".
std::string_view getElementName(ElementType type);
std::optional<ElementType> parseElementType(std::string_view name);

/// The type with the number of SparsityElementType, if there is one.
std::optional<ElementType> elementTypeFromInt(int32_t number);

//===----------------------------------------------------------------------===//
// Single values
//===----------------------------------------------------------------------===//

namespace detail {
/// IEEE-style float of 1 + exponentBits + mantissaBits bits. `finiteOnly`
/// formats have no infinity and one NaN, the all-ones code.
template <int exponentBits, int mantissaBits, bool finiteOnly>
struct SmallFloat {
  static constexpr int kBias = (1 << (exponentBits - 1)) - 1;
  static constexpr int kDropped = 23 - mantissaBits;
  static constexpr uint32_t kSign = 1u << (exponentBits + mantissaBits);
  static constexpr uint32_t kMagnitude = kSign - 1;
  static constexpr uint32_t kExponent =
      kMagnitude & ~((1u << mantissaBits) - 1);
  static constexpr uint32_t kQuiet = 1u << (mantissaBits - 1);
  static constexpr uint32_t kOverflow = finiteOnly ? kMagnitude : kExponent;

  static constexpr uint32_t fromFloat(float value) {
    uint32_t bits = __builtin_bit_cast(uint32_t, value);
    uint32_t sign = (bits >> 31) << (exponentBits + mantissaBits);
    uint32_t magnitude = bits & 0x7fffffffu;
    if (magnitude > 0x7f800000u) {
      uint32_t payload = (magnitude & 0x7fffffu) >> kDropped;
      return sign | (finiteOnly ? kMagnitude : (kExponent | kQuiet | payload));
    }
    if (magnitude == 0x7f800000u) {
      return sign | kOverflow;
    }
    constexpr uint32_t kSmallestNormal = static_cast<uint32_t>(128 - kBias)
                                         << 23;
    if (exponentBits == 8 || magnitude >= kSmallestNormal) {
      // Rounding may carry into the exponent field, which is what it must do.
      uint32_t rebased = magnitude - (static_cast<uint32_t>(127 - kBias) << 23);
      uint32_t odd = (rebased >> kDropped) & 1u;
      uint32_t code = (rebased + (1u << (kDropped - 1)) - 1 + odd) >> kDropped;
      return sign | (code >= kOverflow ? kOverflow : code);
    }
    // Subnormal in the small format: count in units of its smallest value.
    int exponent = static_cast<int>(magnitude >> 23) - 127;
    int shift = 24 - kBias - mantissaBits - exponent;
    if (shift > 24) {
      return sign;
    }
    uint32_t significand = (magnitude & 0x7fffffu) | 0x800000u;
    uint32_t code = significand >> shift;
    uint32_t rest = significand & ((1u << shift) - 1);
    uint32_t half = 1u << (shift - 1);
    if (rest > half || (rest == half && (code & 1u) != 0)) {
      ++code;
    }
    return sign | code;
  }

  static constexpr float toFloat(uint32_t code) {
    uint32_t sign = (code & kSign) << (31 - exponentBits - mantissaBits);
    uint32_t magnitude = code & kMagnitude;
    uint32_t bits = 0;
    if (finiteOnly && magnitude == kMagnitude) {
      bits = 0x7f800000u | ((magnitude & ~kExponent) << kDropped);
    } else if (!finiteOnly && magnitude >= kExponent) {
      bits = 0x7f800000u | ((magnitude & ~kExponent) << kDropped);
      bits |= magnitude > kExponent ? 0x400000u : 0u;
    } else if (exponentBits == 8) {
      bits = magnitude << kDropped;
    } else if (magnitude < (1u << mantissaBits)) {
      constexpr float kUnit =
          1.0f / static_cast<float>(1u << ((kBias - 1 + mantissaBits) & 31));
      bits =
          __builtin_bit_cast(uint32_t, static_cast<float>(magnitude) * kUnit);
    } else {
      bits =
          (magnitude << kDropped) + (static_cast<uint32_t>(127 - kBias) << 23);
    }
    return __builtin_bit_cast(float, sign | bits);
  }
};

using F16Format = SmallFloat<5, 10, false>;
using BF16Format = SmallFloat<8, 7, false>;
using F8E4M3FNFormat = SmallFloat<4, 3, true>;
using F8E5M2Format = SmallFloat<5, 2, false>;
} // namespace detail

constexpr uint16_t floatToF16(float value) {
  return static_cast<uint16_t>(detail::F16Format::fromFloat(value));
}
constexpr float f16ToFloat(uint16_t code) {
  return detail::F16Format::toFloat(code);
}
constexpr uint16_t floatToBF16(float value) {
  return static_cast<uint16_t>(detail::BF16Format::fromFloat(value));
}
constexpr float bf16ToFloat(uint16_t code) {
  return detail::BF16Format::toFloat(code);
}
constexpr uint8_t floatToF8E4M3FN(float value) {
  return static_cast<uint8_t>(detail::F8E4M3FNFormat::fromFloat(value));
}
constexpr float f8E4M3FNToFloat(uint8_t code) {
  return detail::F8E4M3FNFormat::toFloat(code);
}
constexpr uint8_t floatToF8E5M2(float value) {
  return static_cast<uint8_t>(detail::F8E5M2Format::fromFloat(value));
}
constexpr float f8E5M2ToFloat(uint8_t code) {
  return detail::F8E5M2Format::toFloat(code);
}

//===----------------------------------------------------------------------===//
// Arrays
//===----------------------------------------------------------------------===//

/// Converts `count` elements of `type` at `source` to f32. Exact for the floats
/// up to 32 bits, I8 and I1; F64, I32 and I64 round to nearest.
void convertToFloat(ElementType type, const void *source, float *target,
                    int64_t count);

/// Converts to f64. Exact for all types but I64, which rounds to nearest.
void convertToDouble(ElementType type, const void *source, double *target,
                     int64_t count);

/// Converts f32 to `type`. Integers round to nearest even and saturate, and a
/// NaN becomes 0; an I1 is whether the value is not zero.
void convertFromFloat(ElementType type, const float *source, void *target,
                      int64_t count);

} // namespace runtime
} // namespace sparsity
} // namespace mlir

#endif // SPARSITY_RUNTIME_NUMBERS_H
