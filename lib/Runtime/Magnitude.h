//===- Magnitude.h - Elements ordered by their absolute value ---*- C++ -*-===//

#ifndef SPARSITY_LIB_RUNTIME_MAGNITUDE_H
#define SPARSITY_LIB_RUNTIME_MAGNITUDE_H

#include "sparsity/Runtime/Numbers.h"

namespace mlir {
namespace sparsity {
namespace runtime {

/// Orders elements by magnitude as unsigned integers. For a float these are its
/// bits without the sign, all NaNs being one value above infinity.
template <typename Element> struct Magnitude {
  explicit Magnitude(ElementType type)
      : floating(isFloat(type)), boolean(type == ElementType::I1),
        mask(static_cast<Element>(~sign)), largest(mask) {
    switch (type) {
    case ElementType::F16:
      largest = static_cast<Element>(0x7c00);
      break;
    case ElementType::BF16:
      largest = static_cast<Element>(0x7f80);
      break;
    case ElementType::F32:
      largest = static_cast<Element>(0x7f800000);
      break;
    case ElementType::F64:
      largest = static_cast<Element>(0x7ff0000000000000);
      break;
    case ElementType::F8E4M3FN:
      largest = static_cast<Element>(0x7e);
      break;
    case ElementType::F8E5M2:
      largest = static_cast<Element>(0x7c);
      break;
    default:
      break;
    }
  }

  Element operator()(Element bits) const {
    if (floating) {
      Element magnitude = bits & mask;
      return magnitude > largest ? static_cast<Element>(largest + 1)
                                 : magnitude;
    }
    if (boolean) {
      return bits != 0;
    }
    return (bits & sign) ? static_cast<Element>(Element(0) - bits) : bits;
  }

  static constexpr Element sign =
      static_cast<Element>(Element(1) << (8 * sizeof(Element) - 1));
  bool floating, boolean;
  Element mask;
  /// Bits of infinity, or of the largest number in a format without one.
  Element largest;
};

} // namespace runtime
} // namespace sparsity
} // namespace mlir

#endif // SPARSITY_LIB_RUNTIME_MAGNITUDE_H
