//===- Flatten.cpp - from tensors to the compiled function's arguments ----===//

#include "Inputs.h"

#include "sparsity/Dialect/Sparsity/IR/Sparsity.h"
#include "sparsity/Runtime/Pack.h"

#include <cstring>

using namespace mlir;
using namespace mlir::sparsity;
using namespace mlir::sparsity::run;
using runtime::ElementType;
using runtime::Status;
using runtime::StatusOr;

runtime::NOfMSpec run::getPackerSpec(RankedTensorType type,
                                     const HostTensor &value) {
  SparsityEncodingAttrInterface encoding = getSparsityEncoding(type);
  TileFormat format = encoding.getTileFormat(type);
  runtime::NOfMSpec spec;
  spec.n = format.n;
  spec.m = format.m;
  spec.axis = format.axis;
  spec.shape.assign(value.shape.begin(), value.shape.end());
  spec.elementType = value.elementType;
  spec.layout = encoding.getStorageLayout() == StorageLayout::CoreMatrix
                    ? runtime::NOfMLayout::CoreMatrix
                    : runtime::NOfMLayout::RowMajor;
  return spec;
}

/// The buffers of an encoded argument, by field name.
static StatusOr<std::map<std::string, HostTensor>>
packArgument(const Input &input, const EntryArgument &description) {
  auto type = cast<RankedTensorType>(description.type);
  SparsityEncodingAttrInterface encoding = getSparsityEncoding(type);
  auto concrete = RankedTensorType::get(
      input.value.shape, type.getElementType(), type.getEncoding());
  std::map<std::string, HostTensor> fields;
  SmallVector<StorageField> storage = encoding.getStorage(concrete);
  for (const StorageField &field : storage) {
    std::optional<ElementType> elementType =
        getElementType(field.type.getElementType());
    if (!elementType || !field.type.hasStaticShape()) {
      std::string text;
      llvm::raw_string_ostream stream(text);
      stream << "expected an encoding that the host packs (n_of_m, masks), but "
                "got "
             << encoding;
      return Status::error(text);
    }
    StatusOr<HostTensor> buffer =
        HostTensor::create(*elementType, field.type.getShape());
    if (!buffer.ok()) {
      return buffer.status();
    }
    fields.emplace(field.name, *buffer);
  }
  if (storage.size() == 1 && storage[0].name == "values" &&
      storage[0].type == getDenseType(concrete)) {
    fields.at("values") = input.value;
    return fields;
  }
  if (encoding.getTileFormat(concrete).kind != TileFormat::Kind::NOfM ||
      fields.size() != 2 || !fields.count("values") ||
      !fields.count("metadata")) {
    std::string text;
    llvm::raw_string_ostream stream(text);
    stream
        << "expected an encoding that the host packs (n_of_m, masks), but got "
        << encoding;
    return Status::error(text);
  }
  runtime::NOfMSpec spec = getPackerSpec(concrete, input.value);
  StatusOr<runtime::PackedSizes> sizes = runtime::packedSizes(spec);
  if (!sizes.ok()) {
    return sizes.status();
  }
  HostTensor &values = fields.at("values");
  HostTensor &metadata = fields.at("metadata");
  if (sizes->valueBytes != values.bytes() ||
      sizes->metadataBytes != metadata.bytes()) {
    return Status::error("expected buffers of " +
                         std::to_string(sizes->valueBytes) + " and " +
                         std::to_string(sizes->metadataBytes) +
                         " bytes, but got " + std::to_string(values.bytes()) +
                         " and " + std::to_string(metadata.bytes()));
  }
  HostTensor source = input.value;
  if (description.pack == PackKind::Prune) {
    StatusOr<HostTensor> copy = input.value.clone();
    if (!copy.ok()) {
      return copy.status();
    }
    source = *copy;
    Status status = runtime::pruneNOfM(spec, source.data.get());
    if (!status.ok()) {
      return status;
    }
  }
  Status status = runtime::packNOfM(spec, source.data.get(), values.data.get(),
                                    metadata.data.get());
  if (!status.ok()) {
    return status;
  }
  return fields;
}

static StatusOr<HostTensor> makeResult(const EntryArgument &description,
                                       const std::vector<Input> &inputs,
                                       const Arguments &arguments) {
  auto type = cast<RankedTensorType>(description.type);
  std::optional<ElementType> elementType =
      getElementType(type.getElementType());
  if (!elementType) {
    return Status::error("expected a result of a type that has values on the "
                         "host, but got another");
  }
  SmallVector<int64_t> shape =
      getResultShape(description, [&](int64_t argument, int64_t dim) {
        return inputs[argument].value.shape[dim];
      });
  StatusOr<HostTensor> result = HostTensor::create(*elementType, shape);
  if (result.ok() && arguments.poison) {
    // A NaN in every float format.
    std::memset(result->data.get(), 0xFF, result->bytes());
  }
  return result;
}

FailureOr<std::vector<FlatArgument>>
run::flattenArguments(const std::vector<Input> &inputs, const EntryAbi &abi,
                      const Arguments &arguments) {
  using Kind = EntryArgument::Kind;
  std::vector<FlatArgument> flat;
  std::map<int64_t, std::map<std::string, HostTensor>> packed;
  auto fail = [&](const EntryArgument &description, const Status &status) {
    printError((description.kind == Kind::Result ? "result " : "argument ") +
               std::to_string(description.index) + ": " + status.message);
    return failure();
  };
  for (const EntryArgument &description : abi) {
    FlatArgument &argument = flat.emplace_back();
    if (description.kind == Kind::Result) {
      StatusOr<HostTensor> result = makeResult(description, inputs, arguments);
      if (!result.ok()) {
        return fail(description, result.status());
      }
      argument.buffer = *result;
      argument.isResult = true;
      continue;
    }
    if (description.index >= static_cast<int64_t>(inputs.size())) {
      return fail(description,
                  Status::error("expected an argument of the program, "
                                "but got a number beyond them"));
    }
    const Input &input = inputs[description.index];
    switch (description.kind) {
    case Kind::Tensor:
      argument.buffer = input.value;
      break;
    case Kind::Dim:
      argument.scalar = input.value.shape[description.dim];
      break;
    case Kind::Scalar:
      std::memcpy(&argument.scalar, input.value.data.get(),
                  input.value.bytes());
      break;
    default: {
      if (!packed.count(description.index)) {
        StatusOr<std::map<std::string, HostTensor>> fields =
            packArgument(input, description);
        if (!fields.ok()) {
          return fail(description, fields.status());
        }
        packed[description.index] = std::move(*fields);
      }
      auto &fields = packed[description.index];
      auto field = fields.find(description.field);
      if (field == fields.end()) {
        return fail(description,
                    Status::error("expected a field of the storage, "
                                  "but got '" +
                                  description.field + "'"));
      }
      argument.buffer = field->second;
      break;
    }
    }
  }
  return flat;
}

std::vector<HostTensor> run::getResults(const std::vector<FlatArgument> &flat) {
  std::vector<HostTensor> results;
  for (const FlatArgument &argument : flat) {
    if (argument.isResult) {
      results.push_back(*argument.buffer);
    }
  }
  return results;
}
