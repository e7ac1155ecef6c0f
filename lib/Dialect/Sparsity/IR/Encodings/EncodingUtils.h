//===- EncodingUtils.h - what several kinds of encoding share ---*- C++ -*-===//

#ifndef SPARSITY_LIB_DIALECT_SPARSITY_IR_ENCODINGS_ENCODINGUTILS_H
#define SPARSITY_LIB_DIALECT_SPARSITY_IR_ENCODINGS_ENCODINGUTILS_H

#include "sparsity/Dialect/Sparsity/IR/Sparsity.h"

namespace mlir::sparsity::detail {

using EmitError = llvm::function_ref<InFlightDiagnostic()>;

/// Fails unless `elementType` is one the project computes in: f16, bf16, f32,
/// f8E4M3FN, f8E5M2, i8.
LogicalResult verifyElementType(Type elementType, EmitError emitError);

/// Fails unless `shape` has exactly, or at least, `rank` dimensions.
LogicalResult verifyRank(ArrayRef<int64_t> shape, size_t rank,
                         EmitError emitError);
LogicalResult verifyMinRank(ArrayRef<int64_t> shape, size_t rank,
                            EmitError emitError);

/// Fails unless `sizes` are two sizes in 1..256; `what` names them.
LogicalResult verifyTileSizes(ArrayRef<int64_t> sizes, StringRef what,
                              EmitError emitError);

/// `extent / divisor` rounded up, and `extent + 1`; dynamic stays dynamic.
int64_t ceilDivExtent(int64_t extent, int64_t divisor);
int64_t incrementExtent(int64_t extent);

/// The storage field `name` of the given shape and element type.
StorageField makeField(StringRef name, ArrayRef<int64_t> shape,
                       Type elementType);
/// An i32 index field.
StorageField makeIndexField(StringRef name, int64_t extent,
                            MLIRContext *context);

/// True if axis i of the result is axis i of the source, for every i, or for
/// the last `count`.
bool isIdentityPermutation(ArrayRef<int64_t> permutation);
bool keepsLastAxes(ArrayRef<int64_t> permutation, size_t count);
/// True if the last two axes change places and no axis leaves or enters them.
bool swapsLastTwoAxes(ArrayRef<int64_t> permutation);

/// A parameter written as `name = integer`.
struct NamedInteger {
  StringRef name;
  std::optional<int64_t> *value;
};

/// Parses `<` (`name = integer` (`,` ...)*)? `>`, in any order, each at most
/// once.
ParseResult parseNamedIntegers(AsmParser &parser,
                               ArrayRef<NamedInteger> parameters);

/// Prints `rows x columns` as `64x64`.
void printSizes(AsmPrinter &printer, ArrayRef<int64_t> sizes);

} // namespace mlir::sparsity::detail

#endif // SPARSITY_LIB_DIALECT_SPARSITY_IR_ENCODINGS_ENCODINGUTILS_H
