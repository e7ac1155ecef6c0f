//===- NumbersTest.cpp - Conversions against a double-precision reference -===//

#include "sparsity/Runtime/Numbers.h"

#include "gtest/gtest.h"

#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

using namespace mlir::sparsity::runtime;

namespace {
struct Format {
  const char *name;
  ElementType type;
  int exponentBits;
  int mantissaBits;
  bool finiteOnly;

  uint32_t codes() const { return 1u << (1 + exponentBits + mantissaBits); }
  uint32_t sign() const { return codes() / 2; }
  bool isNaN(uint32_t code) const {
    uint32_t magnitude = code & (sign() - 1);
    uint32_t infinity = ((1u << exponentBits) - 1) << mantissaBits;
    return finiteOnly ? magnitude == sign() - 1 : magnitude > infinity;
  }
  bool isInfinity(uint32_t code) const {
    uint32_t magnitude = code & (sign() - 1);
    return !finiteOnly && magnitude == ((1u << exponentBits) - 1)
                                           << mantissaBits;
  }
  /// The number that a finite code stands for, by the definition.
  double value(uint32_t code) const {
    int bias = (1 << (exponentBits - 1)) - 1;
    int exponent =
        static_cast<int>((code >> mantissaBits) & ((1u << exponentBits) - 1));
    int mantissa = static_cast<int>(code & ((1u << mantissaBits) - 1));
    double magnitude = exponent == 0
                           ? std::ldexp(mantissa, 1 - bias - mantissaBits)
                           : std::ldexp(mantissa + (1 << mantissaBits),
                                        exponent - bias - mantissaBits);
    return (code & sign()) ? -magnitude : magnitude;
  }
  /// Magnitude of the largest finite code.
  uint32_t largest() const {
    return finiteOnly ? sign() - 2
                      : (((1u << exponentBits) - 1) << mantissaBits) - 1;
  }
};

const Format kFormats[] = {
    {"f16", ElementType::F16, 5, 10, false},
    {"bf16", ElementType::BF16, 8, 7, false},
    {"f8E4M3FN", ElementType::F8E4M3FN, 4, 3, true},
    {"f8E5M2", ElementType::F8E5M2, 5, 2, false},
};

class SmallFloats : public testing::TestWithParam<Format> {
protected:
  float toFloat(uint32_t code) const {
    float value = 0;
    convertToFloat(GetParam().type, &code, &value, 1);
    return value;
  }
  uint32_t fromFloat(float value) const {
    uint32_t code = 0;
    convertFromFloat(GetParam().type, &value, &code, 1);
    return code;
  }
  uint32_t bits(float value) const {
    uint32_t result;
    std::memcpy(&result, &value, sizeof(result));
    return result;
  }

  /// Round to nearest even by searching the neighbours of `value`.
  uint32_t reference(float value) const {
    const Format &format = GetParam();
    uint32_t sign = std::signbit(value) ? format.sign() : 0;
    uint32_t overflow =
        format.finiteOnly ? format.sign() - 1 : format.largest() + 1;
    double magnitude = std::fabs(static_cast<double>(value));
    if (std::isinf(value)) {
      return sign | overflow;
    }
    uint32_t low = 0;
    uint32_t high = format.largest();
    while (low < high) {
      uint32_t middle = (low + high + 1) / 2;
      if (format.value(middle) <= magnitude) {
        low = middle;
      } else {
        high = middle - 1;
      }
    }
    double below = format.value(low);
    // Above the largest code the next one is where the exponent would go on.
    double above = low == format.largest()
                       ? below + (below - format.value(low - 1))
                       : format.value(low + 1);
    double distance = magnitude - below;
    double rest = above - magnitude;
    bool up = distance > rest || (distance == rest && (low & 1) != 0);
    uint32_t code = low + (up ? 1 : 0);
    return sign | (code > format.largest() ? overflow : code);
  }
};
} // namespace

TEST_P(SmallFloats, EveryCodeWidensExactlyAndComesBack) {
  const Format &format = GetParam();
  for (uint32_t code = 0; code < format.codes(); ++code) {
    float value = toFloat(code);
    if (format.isNaN(code)) {
      EXPECT_TRUE(std::isnan(value)) << code;
      uint32_t quiet = format.finiteOnly ? 0 : 1u << (format.mantissaBits - 1);
      EXPECT_EQ(fromFloat(value), code | quiet);
      // A widened NaN is quiet and keeps its sign.
      EXPECT_NE(bits(value) & 0x400000u, 0u) << code;
      EXPECT_EQ(bits(value) >> 31, code / format.sign()) << code;
      continue;
    }
    if (format.isInfinity(code)) {
      EXPECT_TRUE(std::isinf(value)) << code;
    } else {
      EXPECT_EQ(static_cast<double>(value), format.value(code)) << code;
    }
    EXPECT_EQ(std::signbit(value), (code & format.sign()) != 0) << code;
    EXPECT_EQ(fromFloat(value), code);
  }
}

TEST_P(SmallFloats, TiesAndTheirNeighboursRoundToNearestEven) {
  const Format &format = GetParam();
  for (uint32_t code = 0; code <= format.largest(); ++code) {
    double below = format.value(code);
    double above = code == format.largest() ? 2 * below - format.value(code - 1)
                                            : format.value(code + 1);
    // A midpoint of two bf16 or smaller numbers is an f32; past the largest f32
    // there is only infinity.
    float tie = static_cast<float>((below + above) / 2);
    for (float value :
         {std::nextafterf(tie, 0), tie, std::nextafterf(tie, INFINITY)}) {
      EXPECT_EQ(fromFloat(value), reference(value)) << value;
      EXPECT_EQ(fromFloat(-value), reference(-value)) << value;
    }
  }
}

TEST_P(SmallFloats, RandomFloatsRoundToNearestEven) {
  std::mt19937 random(7);
  for (int i = 0; i < 200000; ++i) {
    uint32_t pattern = random();
    if (i % 2 == 0) {
      // Half of them near the range of the small formats.
      pattern = (pattern & 0x807fffffu) | ((100 + random() % 50) << 23);
    }
    float value;
    std::memcpy(&value, &pattern, sizeof(value));
    if (std::isnan(value)) {
      EXPECT_TRUE(GetParam().isNaN(fromFloat(value))) << pattern;
      continue;
    }
    ASSERT_EQ(fromFloat(value), reference(value)) << pattern;
  }
}

TEST_P(SmallFloats, ArraysMatchSingleValues) {
  const Format &format = GetParam();
  std::vector<uint16_t> wide(format.codes());
  std::vector<uint8_t> narrow(format.codes());
  for (uint32_t code = 0; code < format.codes(); ++code) {
    wide[code] = static_cast<uint16_t>(code);
    narrow[code] = static_cast<uint8_t>(code);
  }
  const void *codes = getElementSize(format.type) == 2
                          ? static_cast<const void *>(wide.data())
                          : narrow.data();
  std::vector<float> floats(format.codes());
  std::vector<double> doubles(format.codes());
  convertToFloat(format.type, codes, floats.data(), format.codes());
  convertToDouble(format.type, codes, doubles.data(), format.codes());
  for (uint32_t code = 0; code < format.codes(); ++code) {
    EXPECT_EQ(bits(floats[code]), bits(toFloat(code)));
    if (!format.isNaN(code)) {
      EXPECT_EQ(doubles[code], static_cast<double>(floats[code]));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Formats, SmallFloats, testing::ValuesIn(kFormats),
                         [](const testing::TestParamInfo<Format> &info) {
                           return std::string(info.param.name);
                         });

TEST(Numbers, OverflowIsInfinityOrNaN) {
  EXPECT_EQ(floatToF8E4M3FN(448.0f), 0x7e);
  EXPECT_EQ(floatToF8E4M3FN(464.0f), 0x7e); // tie to even
  EXPECT_EQ(floatToF8E4M3FN(std::nextafterf(464.0f, 500.0f)), 0x7f);
  EXPECT_EQ(floatToF8E4M3FN(-1e9f), 0xff);
  EXPECT_EQ(floatToF8E4M3FN(INFINITY), 0x7f);
  EXPECT_EQ(floatToF8E5M2(57344.0f), 0x7b);
  EXPECT_EQ(floatToF8E5M2(61440.0f), 0x7c);
  EXPECT_EQ(floatToF16(65519.0f), 0x7bff);
  EXPECT_EQ(floatToF16(65520.0f), 0x7c00);
  EXPECT_EQ(floatToBF16(std::numeric_limits<float>::max()), 0x7f80);
  static_assert(f8E4M3FNToFloat(0x01) == 0x1p-9f, "usable in constants");
}

TEST(Numbers, IntegersRoundAndSaturate) {
  const float source[] = {0.5f, 1.5f, -2.5f, 127.4f, 200.0f, -1e30f, NAN};
  int8_t bytes[7];
  convertFromFloat(ElementType::I8, source, bytes, 7);
  const int8_t expectedBytes[] = {0, 2, -2, 127, 127, -128, 0};
  EXPECT_EQ(std::memcmp(bytes, expectedBytes, 7), 0);

  const float large[] = {2147483648.0f, -2147483648.0f, 1e20f};
  int32_t words[3];
  convertFromFloat(ElementType::I32, large, words, 3);
  EXPECT_EQ(words[0], INT32_MAX);
  EXPECT_EQ(words[1], INT32_MIN);
  EXPECT_EQ(words[2], INT32_MAX);
  int64_t longs[3];
  convertFromFloat(ElementType::I64, large, longs, 3);
  EXPECT_EQ(longs[0], 2147483648);
  EXPECT_EQ(longs[2], INT64_MAX);

  const int32_t exact[] = {INT32_MIN, -1, INT32_MAX};
  double doubles[3];
  convertToDouble(ElementType::I32, exact, doubles, 3);
  EXPECT_EQ(doubles[0], -2147483648.0);
  EXPECT_EQ(doubles[2], 2147483647.0);
  uint8_t flags[7];
  convertFromFloat(ElementType::I1, source, flags, 7);
  EXPECT_EQ(flags[0], 1);
}

TEST(Numbers, NamesParseBack) {
  for (int32_t number = 0; auto type = elementTypeFromInt(number); ++number) {
    EXPECT_EQ(parseElementType(getElementName(*type)), type);
    EXPECT_GT(getElementSize(*type), 0);
  }
  EXPECT_EQ(getElementName(ElementType::F8E4M3FN), "f8E4M3FN");
  EXPECT_FALSE(parseElementType("f8").has_value());
  EXPECT_FALSE(elementTypeFromInt(10).has_value());
  EXPECT_FALSE(elementTypeFromInt(-1).has_value());
}
