//===- EntryAbi.h - what the arguments of a compiled entry are --*- C++ -*-===//
//
// A pipeline leaves a `sparsity.abi` attribute on every entry function: one
// dictionary per argument of the compiled function, in order. It says which
// argument or result of the source program each stands for.
//
//===----------------------------------------------------------------------===//

#ifndef SPARSITY_EXECUTION_ENTRYABI_H
#define SPARSITY_EXECUTION_ENTRYABI_H

#include "mlir/IR/AffineMap.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/BuiltinTypes.h"

#include <string>
#include <utility>

namespace mlir::sparsity {

/// The attribute on a compiled entry function.
constexpr llvm::StringLiteral kEntryAbiAttrName = "sparsity.abi";
/// The attribute that lists extents which have to agree at a call.
constexpr llvm::StringLiteral kConstraintsAttrName = "sparsity.constraints";
/// The attribute on a compiled entry function that lists its kernel launches.
constexpr llvm::StringLiteral kLaunchesAttrName = "sparsity.launches";

/// How the caller packs an argument: it passed an encoded tensor (None), or the
/// program encodes or prunes a dense one.
enum class PackKind { None, Encode, Prune };

/// One argument of the compiled function.
struct EntryArgument {
  enum class Kind { Tensor, Field, Dim, Scalar, Result };

  Kind kind = Kind::Tensor;
  /// Argument number in the source program; result number for Result.
  int64_t index = 0;
  /// Type in the source program; for Field the encoded type, with its layout.
  Type type;
  /// Field: name and type of the storage buffer, and who packs.
  std::string field;
  RankedTensorType storage;
  PackKind pack = PackKind::None;
  /// Dim: the dimension whose size is passed.
  int64_t dim = 0;
  /// Result: sizes of the result as `()[symbols] -> (sizes)`, and the
  /// (argument, dimension) pairs that the symbols stand for.
  AffineMap shape;
  SmallVector<std::pair<int64_t, int64_t>> symbols;
};

using EntryAbi = SmallVector<EntryArgument>;

/// Reads the attribute of `function`; a missing or malformed one is an error at
/// the function.
FailureOr<EntryAbi> readEntryAbi(Operation *function);

/// The function called `entry`, before or after its lowering to LLVM; null if
/// there is none.
Operation *lookupEntry(ModuleOp module, StringRef entry);

/// The sizes of a result, `getSize(argument, dimension)` giving the sizes of
/// the arguments.
SmallVector<int64_t>
getResultShape(const EntryArgument &result,
               llvm::function_ref<int64_t(int64_t, int64_t)> getSize);

/// Whether extents that the compiled function takes to be equal (its attribute
/// `sparsity.constraints`) are, `getSize` giving the sizes of the arguments;
/// else the first that is not is an error at the function.
LogicalResult
checkConstraints(Operation *function,
                 llvm::function_ref<int64_t(int64_t, int64_t)> getSize);

/// JSON text of the arguments, constraints and kernel launches of every entry
/// function of `module`, as their attributes state them.
std::string describeLaunches(ModuleOp module);

} // namespace mlir::sparsity

#endif // SPARSITY_EXECUTION_ENTRYABI_H
