//===- Inputs.cpp - the program's arguments: files, shapes, random values -===//

#include "Inputs.h"

#include "sparsity/Dialect/Sparsity/IR/Sparsity.h"

#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace mlir::sparsity;
using namespace mlir::sparsity::run;
using runtime::ElementType;
using runtime::Status;
using runtime::StatusOr;

//===----------------------------------------------------------------------===//
// Shapes and files
//===----------------------------------------------------------------------===//

static SmallVector<int64_t> getStaticShape(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  return tensor ? llvm::to_vector(tensor.getShape()) : SmallVector<int64_t>();
}

static StatusOr<SmallVector<int64_t>> settleShape(Type type, int64_t number,
                                                  const Arguments &arguments) {
  SmallVector<int64_t> shape = getStaticShape(type);
  auto given = arguments.shapes.find(number);
  if (given != arguments.shapes.end()) {
    bool matches = given->second.size() == shape.size();
    for (size_t i = 0; matches && i < shape.size(); ++i) {
      matches = shape[i] < 0 || shape[i] == given->second[i];
    }
    if (!matches) {
      return Status::error("expected --shape=" + std::to_string(number) +
                           " to match " + printShape(shape) + ", but got " +
                           printShape(given->second));
    }
    return given->second;
  }
  if (ShapedType::isDynamicShape(shape)) {
    std::string text;
    llvm::raw_string_ostream stream(text);
    stream << "expected sizes for the dynamic dimensions of argument " << number
           << " of type " << type << " (--shape=" << number
           << ":<sizes> or --input=" << number << ":<file.npy>), but got none";
    return Status::error(text);
  }
  return shape;
}

/// The settled sizes of argument `number`, those of its file or of --shape.
static StatusOr<HostTensor> readOrCreate(Type type, ElementType elementType,
                                         int64_t number,
                                         const Arguments &arguments,
                                         bool &given) {
  auto file = arguments.inputs.find(number);
  given = file != arguments.inputs.end();
  if (!given || arguments.shapes.count(number)) {
    StatusOr<SmallVector<int64_t>> shape = settleShape(type, number, arguments);
    if (!shape.ok()) {
      return shape.status();
    }
    return given ? readInput(file->second, std::to_string(number), elementType,
                             *shape)
                 : HostTensor::create(elementType, *shape);
  }
  return readInput(file->second, std::to_string(number), elementType,
                   getStaticShape(type));
}

/// Reads the storage fields of argument `number` that files give, checks them,
/// and replaces its dense tensor by what they hold.
static Status readFields(Input &input, int64_t number, uint64_t seed,
                         const std::map<std::string, std::string> &files) {
  std::string name = std::to_string(number);
  if (!getSparsityEncoding(input.type)) {
    std::string text;
    llvm::raw_string_ostream stream(text);
    stream << "expected an encoded argument " << name << " for --input=" << name
           << "." << files.begin()->first << ", but got " << input.type;
    return Status::error(text);
  }
  RankedTensorType stored =
      getStoringType(cast<RankedTensorType>(input.type), input.value);
  SmallVector<StorageField> storage =
      getSparsityEncoding(stored).getStorage(stored);
  for (const auto &[fieldName, file] : files) {
    const StorageField *field =
        llvm::find_if(storage, [&, &fieldName = fieldName](const auto &other) {
          return other.name == fieldName;
        });
    if (field == storage.end()) {
      std::string names;
      for (const StorageField &other : storage) {
        names += (names.empty() ? "" : ", ") + other.name;
      }
      return Status::error("expected a field among " + names + " of argument " +
                           name + ", but got " + fieldName);
    }
    StatusOr<HostTensor> value = readInput(
        file, name + "." + fieldName,
        getElementType(field->type.getElementType()).value_or(ElementType::I32),
        field->type.getShape());
    if (!value.ok()) {
      return value.status();
    }
    input.fields.emplace(fieldName, *value);
  }
  for (const StorageField &field : storage) {
    if (input.fields.count(field.name)) {
      continue;
    }
    // Dense values may come as the argument's own file, or be random.
    if (field.type != getDenseType(stored)) {
      return Status::error("expected --input=" + name + "." + field.name +
                           ":<file.npy> beside the other fields, but got none");
    }
    if (!input.given) {
      fillRandom(input.value, seed, number, 1);
    }
    input.fields.emplace(field.name, input.value);
  }
  Status status = checkFields(stored, input.fields);
  if (!status.ok()) {
    return Status::error("argument " + name + ": " + status.message);
  }
  StatusOr<HostTensor> dense = unpackFields(stored, input.fields);
  if (!dense.ok()) {
    return dense.status();
  }
  input.value = *dense;
  input.given = true;
  return Status::success();
}

static StatusOr<Input> makeInput(Type type, int64_t number,
                                 const Arguments &arguments) {
  Input input;
  input.type = type;
  auto tensor = dyn_cast<RankedTensorType>(type);
  std::optional<ElementType> elementType =
      getElementType(tensor ? tensor.getElementType() : type);
  if (!elementType) {
    std::string text;
    llvm::raw_string_ostream stream(text);
    stream
        << "expected argument " << number
        << " to be a ranked tensor or a scalar of a type among f16, bf16, f32, "
           "f64, f8E4M3FN, f8E5M2, i1, i8, i32, i64, but got "
        << type;
    return Status::error(text);
  }
  StatusOr<HostTensor> value =
      readOrCreate(type, *elementType, number, arguments, input.given);
  if (!value.ok()) {
    return value.status();
  }
  input.value = *value;
  auto files = arguments.fields.find(number);
  if (files != arguments.fields.end()) {
    Status status = readFields(input, number, arguments.seed, files->second);
    if (!status.ok()) {
      return status;
    }
  }
  return input;
}

FailureOr<std::vector<Input>> run::readInputs(ModuleOp module,
                                              const Arguments &arguments) {
  auto function = module.lookupSymbol<func::FuncOp>(arguments.entry);
  if (!function || function.isDeclaration()) {
    return module.emitError("expected a function @")
           << arguments.entry
           << " with a body to run (--entry=<name>), but got "
           << (function ? "a declaration" : "none");
  }
  auto getNumbers = [](const auto &map) {
    return llvm::map_to_vector(map, [](auto &entry) { return entry.first; });
  };
  for (const auto &[option, numbers] :
       {std::make_pair("shape", getNumbers(arguments.shapes)),
        std::make_pair("input", getNumbers(arguments.inputs)),
        std::make_pair("input", getNumbers(arguments.fields)),
        std::make_pair("density", getNumbers(arguments.densities))}) {
    for (int64_t number : numbers) {
      if (number >= function.getNumArguments()) {
        printError("expected --" + std::string(option) +
                   " for an argument number below " +
                   std::to_string(function.getNumArguments()) + ", but got " +
                   std::to_string(number));
        return failure();
      }
    }
  }
  for (const auto &[number, file] : arguments.outputs) {
    if (number >= function.getNumResults()) {
      printError("expected --output for a result number below " +
                 std::to_string(function.getNumResults()) + ", but got " +
                 std::to_string(number));
      return failure();
    }
  }
  for (auto [number, type] : llvm::enumerate(function.getResultTypes())) {
    auto tensor = dyn_cast<RankedTensorType>(type);
    if (!tensor || getSparsityEncoding(type) ||
        !getElementType(tensor.getElementType())) {
      return function.emitError(
                 "expected results that are dense tensors of f16, "
                 "bf16, f32, f64, f8E4M3FN, f8E5M2, i1, i8, i32 or "
                 "i64, but got ")
             << type;
    }
  }
  std::vector<Input> inputs;
  for (auto [number, type] : llvm::enumerate(function.getArgumentTypes())) {
    StatusOr<Input> input = makeInput(type, number, arguments);
    if (!input.ok()) {
      printError(input.status().message);
      return failure();
    }
    inputs.push_back(*input);
  }
  return inputs;
}
