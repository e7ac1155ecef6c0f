//===- LaunchDescription.cpp - entry functions and their launches as JSON -===//
//
// {"functions": [{"name": ..., "arguments": [...], "launches": [...]}]}, the
// two lists being the attributes sparsity.abi and sparsity.launches word for
// word: dictionaries as objects, maps as the list of their expressions, types
// as MLIR prints them.
//
//===----------------------------------------------------------------------===//

#include "sparsity/Execution/EntryAbi.h"

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/SymbolTable.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace mlir::sparsity;

template <typename T> static std::string printToString(T value) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  stream << value;
  return text;
}

static llvm::json::Value toJSON(Attribute attribute) {
  using llvm::json::Array;
  using llvm::json::Object;
  if (auto dictionary = dyn_cast<DictionaryAttr>(attribute)) {
    Object object;
    for (NamedAttribute member : dictionary) {
      object[member.getName().str()] = toJSON(member.getValue());
    }
    return object;
  }
  Array array;
  if (auto list = dyn_cast<ArrayAttr>(attribute)) {
    for (Attribute member : list) {
      array.push_back(toJSON(member));
    }
    return array;
  }
  if (auto map = dyn_cast<AffineMapAttr>(attribute)) {
    for (AffineExpr expression : map.getValue().getResults()) {
      array.push_back(printToString(expression));
    }
    return array;
  }
  if (auto numbers = dyn_cast<DenseI64ArrayAttr>(attribute)) {
    return Array(numbers.asArrayRef());
  }
  if (auto numbers = dyn_cast<DenseI32ArrayAttr>(attribute)) {
    return Array(numbers.asArrayRef());
  }
  if (auto flag = dyn_cast<BoolAttr>(attribute)) {
    return flag.getValue();
  }
  if (auto number = dyn_cast<IntegerAttr>(attribute)) {
    return number.getValue().getSExtValue();
  }
  if (auto number = dyn_cast<FloatAttr>(attribute)) {
    return number.getValueAsDouble();
  }
  if (auto text = dyn_cast<StringAttr>(attribute)) {
    return text.str();
  }
  if (auto type = dyn_cast<TypeAttr>(attribute)) {
    return printToString(type.getValue());
  }
  if (isa<UnitAttr>(attribute)) {
    return true;
  }
  if (auto symbol = dyn_cast<FlatSymbolRefAttr>(attribute)) {
    return symbol.getValue().str();
  }
  return printToString(attribute);
}

std::string sparsity::describeLaunches(ModuleOp module) {
  llvm::json::Array functions;
  for (Operation &op : *module.getBody()) {
    Attribute abi = op.getAttr(kEntryAbiAttrName);
    auto symbol =
        op.getAttrOfType<StringAttr>(SymbolTable::getSymbolAttrName());
    // The wrapper for C callers has a copy of the function's attributes.
    if (!abi || !symbol || symbol.getValue().starts_with("_mlir_ciface_")) {
      continue;
    }
    llvm::json::Object function;
    function["name"] = symbol.str();
    function["arguments"] = toJSON(abi);
    Attribute constraints = op.getAttr(kConstraintsAttrName);
    function["constraints"] = constraints
                                  ? toJSON(constraints)
                                  : llvm::json::Value(llvm::json::Array());
    Attribute launches = op.getAttr(kLaunchesAttrName);
    function["launches"] =
        launches ? toJSON(launches) : llvm::json::Value(llvm::json::Array());
    functions.push_back(std::move(function));
  }
  llvm::json::Value root =
      llvm::json::Object{{"functions", std::move(functions)}};
  std::string text;
  llvm::raw_string_ostream stream(text);
  stream << llvm::formatv("{0:2}", root) << "\n";
  return text;
}
