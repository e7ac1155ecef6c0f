//===- Flatten.cpp - from tensors to the compiled function's arguments ----===//

#include "Inputs.h"

#include <cstring>

using namespace mlir;
using namespace mlir::sparsity;
using namespace mlir::sparsity::run;
using runtime::ElementType;
using runtime::Status;
using runtime::StatusOr;

/// The buffers of an encoded argument, by field name.
static StatusOr<Fields> packArgument(const Input &input,
                                     const EntryArgument &description,
                                     bool checks) {
  auto type = cast<RankedTensorType>(description.type);
  RankedTensorType stored = getStoringType(type, input.value);
  auto source = dyn_cast<RankedTensorType>(input.type);
  // Fields of another layout than the compiled one are packed anew. Values
  // under bounds are stored alike however the pattern is written.
  if (!input.fields.empty() &&
      (!isPackable(stored) || getStoringType(source, input.value) == stored)) {
    return input.fields;
  }
  HostTensor value = input.value;
  RankedTensorType pattern = getPatternType(stored);
  if (description.pack == PackKind::Prune && isNOfM(pattern)) {
    StatusOr<HostTensor> copy = input.value.clone();
    if (!copy.ok()) {
      return copy.status();
    }
    value = *copy;
    Status status = runtime::pruneNOfM(getNOfMSpec(pattern), value.data.get());
    if (!status.ok()) {
      return status;
    }
  }
  StatusOr<Fields> fields = packFields(stored, value);
  if (fields.ok() && checks) {
    Status status = checkFields(stored, *fields);
    if (!status.ok()) {
      return status;
    }
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
  std::map<int64_t, Fields> packed;
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
        StatusOr<Fields> fields =
            packArgument(input, description, arguments.checkInputs);
        if (!fields.ok()) {
          return fail(description, fields.status());
        }
        packed[description.index] = std::move(*fields);
      }
      Fields &fields = packed[description.index];
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
