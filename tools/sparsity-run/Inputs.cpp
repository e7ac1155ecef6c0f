//===- Inputs.cpp - the program's arguments: files, shapes, random values -===//

#include "Inputs.h"

#include "sparsity/Dialect/Sparsity/IR/Sparsity.h"
#include "sparsity/Runtime/Pack.h"
#include "sparsity/Runtime/ParallelFor.h"

#include "llvm/ADT/STLExtras.h"

#include <cmath>
#include <cstring>

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
  auto file = arguments.inputs.find(number);
  if (file != arguments.inputs.end()) {
    SmallVector<int64_t> expected = getStaticShape(type);
    if (arguments.shapes.count(number)) {
      StatusOr<SmallVector<int64_t>> shape =
          settleShape(type, number, arguments);
      if (!shape.ok()) {
        return shape.status();
      }
      expected = *shape;
    }
    StatusOr<HostTensor> value =
        readInput(file->second, number, *elementType, expected);
    if (!value.ok()) {
      return value.status();
    }
    input.value = *value;
    input.given = true;
    return input;
  }
  StatusOr<SmallVector<int64_t>> shape = settleShape(type, number, arguments);
  if (!shape.ok()) {
    return shape.status();
  }
  StatusOr<HostTensor> value = HostTensor::create(*elementType, *shape);
  if (!value.ok()) {
    return value.status();
  }
  input.value = *value;
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
  for (const auto &[option, numbers] :
       {std::make_pair("shape", llvm::map_to_vector(
                                    arguments.shapes,
                                    [](auto &entry) { return entry.first; })),
        std::make_pair("input",
                       llvm::map_to_vector(arguments.inputs, [](auto &entry) {
                         return entry.first;
                       }))}) {
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

//===----------------------------------------------------------------------===//
// Random values that fit their encodings
//===----------------------------------------------------------------------===//

/// Zeroes what the encoding's pattern excludes wherever the data does not
/// decide.
static void maskOutside(HostTensor &value, const Coverage &coverage) {
  if (coverage.isAll() || !coverage.hasPredicate()) {
    return;
  }
  int64_t elementBytes = runtime::getElementSize(value.elementType);
  runtime::parallelFor(value.count(), [&](int64_t begin, int64_t end) {
    Point point(value.shape.size());
    for (int64_t element = begin; element < end; ++element) {
      int64_t rest = element;
      for (size_t i = point.size(); i-- > 0;) {
        point[i] = rest % value.shape[i];
        rest /= value.shape[i];
      }
      if (!coverage.contains(point)) {
        std::memset(value.data.get() + element * elementBytes, 0, elementBytes);
      }
    }
  });
}

/// The encoded type and packing of argument `number`; null if it is dense.
static const EntryArgument *findField(const EntryAbi &abi, int64_t number) {
  const auto *found = llvm::find_if(abi, [&](const EntryArgument &argument) {
    return argument.kind == EntryArgument::Kind::Field &&
           argument.index == number;
  });
  return found == abi.end() ? nullptr : found;
}

LogicalResult run::fillInputs(std::vector<Input> &inputs, const EntryAbi &abi,
                              const Arguments &arguments) {
  for (auto [number, input] : llvm::enumerate(inputs)) {
    const EntryArgument *field = findField(abi, number);
    RankedTensorType encoded = field ? cast<RankedTensorType>(field->type)
                                     : (getSparsityEncoding(input.type)
                                            ? cast<RankedTensorType>(input.type)
                                            : RankedTensorType());
    TileFormat format = TileFormat::dense();
    if (encoded) {
      format = getSparsityEncoding(encoded).getTileFormat(encoded);
    }
    if (!input.given) {
      // Weights of a standard deviation that keeps sums over K near 1.
      // Eight-bit floats have no room below 1.
      double scale = 1;
      if (format.kind == TileFormat::Kind::NOfM &&
          runtime::getElementSize(input.value.elementType) > 1) {
        scale = 1 / std::sqrt(static_cast<double>(
                        std::max<int64_t>(1, input.value.shape[format.axis])));
      }
      fillRandom(input.value, arguments.seed, number, scale);
    }
    if (!encoded) {
      continue;
    }
    maskOutside(input.value, getSparsityEncoding(encoded).getCoverage(encoded));
    bool packsByMagnitude = field && field->pack == PackKind::Prune;
    if (!input.given && !packsByMagnitude &&
        format.kind == TileFormat::Kind::NOfM) {
      Status status = runtime::pruneNOfM(getPackerSpec(encoded, input.value),
                                         input.value.data.get());
      if (!status.ok()) {
        printError("argument " + std::to_string(number) + ": " +
                   status.message);
        return failure();
      }
    }
  }
  return success();
}
