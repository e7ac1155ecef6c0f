//===- EntryAbi.cpp - reading the ABI attribute of an entry function ------===//

#include "sparsity/Execution/EntryAbi.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/SymbolTable.h"
#include "llvm/ADT/StringSwitch.h"

using namespace mlir;
using namespace mlir::sparsity;

Operation *sparsity::lookupEntry(ModuleOp module, StringRef entry) {
  return SymbolTable::lookupSymbolIn(module, entry);
}

/// Fills `argument` from `entry`; false if a member that its kind needs is
/// missing or of another type.
static bool readArgument(DictionaryAttr entry, EntryArgument &argument) {
  using Kind = EntryArgument::Kind;
  auto kind = entry.getAs<StringAttr>("kind");
  if (!kind) {
    return false;
  }
  std::optional<Kind> parsed =
      llvm::StringSwitch<std::optional<Kind>>(kind.getValue())
          .Case("tensor", Kind::Tensor)
          .Case("field", Kind::Field)
          .Case("dim", Kind::Dim)
          .Case("scalar", Kind::Scalar)
          .Case("result", Kind::Result)
          .Default(std::nullopt);
  if (!parsed) {
    return false;
  }
  argument.kind = *parsed;
  auto index =
      entry.getAs<IntegerAttr>(*parsed == Kind::Result ? "result" : "arg");
  if (!index) {
    return false;
  }
  argument.index = index.getInt();
  if (*parsed == Kind::Dim) {
    auto dim = entry.getAs<IntegerAttr>("dim");
    argument.dim = dim ? dim.getInt() : 0;
    return dim != nullptr;
  }
  auto type = entry.getAs<TypeAttr>("type");
  if (!type) {
    return false;
  }
  argument.type = type.getValue();
  if (*parsed != Kind::Scalar && !isa<RankedTensorType>(argument.type)) {
    return false;
  }
  if (*parsed == Kind::Field) {
    auto field = entry.getAs<StringAttr>("field");
    auto storage = entry.getAs<TypeAttr>("storage");
    if (!field || !storage || !isa<RankedTensorType>(storage.getValue())) {
      return false;
    }
    argument.field = field.str();
    argument.storage = cast<RankedTensorType>(storage.getValue());
    if (auto pack = entry.getAs<StringAttr>("pack")) {
      argument.pack =
          pack.getValue() == "prune" ? PackKind::Prune : PackKind::Encode;
    }
  }
  if (*parsed == Kind::Result) {
    auto shape = entry.getAs<AffineMapAttr>("shape");
    auto symbols = entry.getAs<DenseI64ArrayAttr>("symbols");
    if (!shape || shape.getValue().getNumDims() != 0) {
      return false;
    }
    argument.shape = shape.getValue();
    ArrayRef<int64_t> flat =
        symbols ? symbols.asArrayRef() : ArrayRef<int64_t>();
    if (flat.size() != 2 * argument.shape.getNumSymbols() ||
        argument.shape.getNumResults() !=
            static_cast<size_t>(
                cast<RankedTensorType>(argument.type).getRank())) {
      return false;
    }
    for (size_t i = 0; i < flat.size(); i += 2) {
      argument.symbols.emplace_back(flat[i], flat[i + 1]);
    }
  }
  return true;
}

FailureOr<EntryAbi> sparsity::readEntryAbi(Operation *function) {
  auto entries = function->getAttrOfType<ArrayAttr>(kEntryAbiAttrName);
  if (!entries) {
    return function->emitError("expected the attribute ")
           << kEntryAbiAttrName
           << " on a compiled entry function, but got none";
  }
  EntryAbi abi;
  for (Attribute attribute : entries) {
    auto entry = dyn_cast<DictionaryAttr>(attribute);
    if (!entry || !readArgument(entry, abi.emplace_back())) {
      return function->emitError("expected an entry of ")
             << kEntryAbiAttrName
             << " to describe a tensor, field, dim, scalar or result, but got "
             << attribute;
    }
  }
  return abi;
}

SmallVector<int64_t> sparsity::getResultShape(
    const EntryArgument &result,
    llvm::function_ref<int64_t(int64_t, int64_t)> getSize) {
  Builder builder(result.type.getContext());
  SmallVector<Attribute> symbols;
  for (auto [argument, dim] : result.symbols) {
    symbols.push_back(builder.getIndexAttr(getSize(argument, dim)));
  }
  SmallVector<int64_t> sizes;
  bool hasPoison = false;
  SmallVector<Attribute> folded;
  if (failed(result.shape.constantFold(symbols, folded, &hasPoison)) ||
      hasPoison) {
    return SmallVector<int64_t>(result.shape.getNumResults(), 0);
  }
  for (Attribute size : folded) {
    sizes.push_back(cast<IntegerAttr>(size).getInt());
  }
  return sizes;
}

LogicalResult sparsity::checkConstraints(
    Operation *function,
    llvm::function_ref<int64_t(int64_t, int64_t)> getSize) {
  auto constraints = function->getAttrOfType<ArrayAttr>(kConstraintsAttrName);
  if (!constraints) {
    return success();
  }
  for (Attribute attribute : constraints) {
    auto entry = dyn_cast<DenseI64ArrayAttr>(attribute);
    if (!entry || entry.size() != 4) {
      return function->emitError("expected an entry of ")
             << kConstraintsAttrName << " of four numbers, but got "
             << attribute;
    }
    ArrayRef<int64_t> at = entry.asArrayRef();
    int64_t left = getSize(at[0], at[1]);
    int64_t right = at[2] < 0 ? at[3] : getSize(at[2], at[3]);
    if (left == right) {
      continue;
    }
    InFlightDiagnostic error = function->emitError("expected dimension ")
                               << at[1] << " of argument " << at[0] << " to be "
                               << right;
    if (at[2] >= 0) {
      error << " as dimension " << at[3] << " of argument " << at[2];
    }
    return error << ", but got " << left;
  }
  return success();
}
