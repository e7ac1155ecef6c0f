//===- EncodingUtils.cpp - what several kinds of encoding share -----------===//

#include "EncodingUtils.h"

#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace mlir::sparsity;
using namespace mlir::sparsity::detail;

LogicalResult sparsity::detail::verifyElementType(Type elementType,
                                                  EmitError emitError) {
  if (isa<Float16Type, BFloat16Type, Float32Type, Float8E4M3FNType,
          Float8E5M2Type>(elementType) ||
      elementType.isSignlessInteger(8)) {
    return success();
  }
  return emitError() << "expected an element type among f16, bf16, f32, "
                        "f8E4M3FN, f8E5M2, i8, but got "
                     << elementType;
}

LogicalResult sparsity::detail::verifyRank(ArrayRef<int64_t> shape, size_t rank,
                                           EmitError emitError) {
  if (shape.size() == rank) {
    return success();
  }
  return emitError() << "expected a tensor of rank " << rank
                     << ", but got rank " << shape.size();
}

LogicalResult sparsity::detail::verifyMinRank(ArrayRef<int64_t> shape,
                                              size_t rank,
                                              EmitError emitError) {
  if (shape.size() >= rank) {
    return success();
  }
  return emitError() << "expected a tensor of rank at least " << rank
                     << ", but got rank " << shape.size();
}

LogicalResult sparsity::detail::verifyTileSizes(ArrayRef<int64_t> sizes,
                                                StringRef what,
                                                EmitError emitError) {
  if (sizes.size() != 2) {
    return emitError() << "expected two " << what << " sizes, but got "
                       << sizes.size();
  }
  for (int64_t size : sizes) {
    if (size < 1 || size > 256) {
      return emitError() << "expected " << what << " sizes in 1..256, but got "
                         << size;
    }
  }
  return success();
}

int64_t sparsity::detail::ceilDivExtent(int64_t extent, int64_t divisor) {
  if (ShapedType::isDynamic(extent)) {
    return extent;
  }
  return extent / divisor + (extent % divisor != 0);
}

int64_t sparsity::detail::incrementExtent(int64_t extent) {
  if (ShapedType::isDynamic(extent) ||
      extent == std::numeric_limits<int64_t>::max()) {
    return ShapedType::kDynamic;
  }
  return extent + 1;
}

StorageField sparsity::detail::makeField(StringRef name,
                                         ArrayRef<int64_t> shape,
                                         Type elementType) {
  return {name.str(), RankedTensorType::get(shape, elementType)};
}

StorageField sparsity::detail::makeIndexField(StringRef name, int64_t extent,
                                              MLIRContext *context) {
  return makeField(name, {extent}, IntegerType::get(context, 32));
}

bool sparsity::detail::isIdentityPermutation(ArrayRef<int64_t> permutation) {
  return keepsLastAxes(permutation, permutation.size());
}

bool sparsity::detail::keepsLastAxes(ArrayRef<int64_t> permutation,
                                     size_t count) {
  if (permutation.size() < count) {
    return false;
  }
  for (size_t i = permutation.size() - count; i < permutation.size(); ++i) {
    if (permutation[i] != static_cast<int64_t>(i)) {
      return false;
    }
  }
  return true;
}

bool sparsity::detail::swapsLastTwoAxes(ArrayRef<int64_t> permutation) {
  int64_t rank = permutation.size();
  return rank >= 2 && permutation[rank - 2] == rank - 1 &&
         permutation[rank - 1] == rank - 2;
}

ParseResult
sparsity::detail::parseNamedIntegers(AsmParser &parser,
                                     ArrayRef<NamedInteger> parameters) {
  return parser.parseCommaSeparatedList(
      AsmParser::Delimiter::LessGreater, [&]() -> ParseResult {
        StringRef name;
        SMLoc loc = parser.getCurrentLocation();
        if (parser.parseKeyword(&name) || parser.parseEqual()) {
          return failure();
        }
        const NamedInteger *found =
            llvm::find_if(parameters, [&](const NamedInteger &parameter) {
              return parameter.name == name;
            });
        // parameter_c1
        if (found == parameters.end()) {
          InFlightDiagnostic diag = parser.emitError(loc)
                                    << "expected a parameter among ";
          llvm::interleaveComma(
              parameters, diag,
              [&](const NamedInteger &parameter) { diag << parameter.name; });
          return diag << ", but got " << name;
        }
        // parameter_c2
        if (found->value->has_value()) {
          return parser.emitError(loc)
                 << "expected each parameter once, but got " << name
                 << " twice";
        }
        int64_t value = 0;
        if (parser.parseInteger(value)) {
          return failure();
        }
        *found->value = value;
        return success();
      });
}

void sparsity::detail::printSizes(AsmPrinter &printer,
                                  ArrayRef<int64_t> sizes) {
  llvm::interleave(
      sizes, printer.getStream(), [&](int64_t size) { printer << size; }, "x");
}
