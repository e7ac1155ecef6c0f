//===- MaskFields.cpp - index fields of masks that are arguments ----------===//

#include "Inputs.h"

#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace mlir::sparsity;
using namespace mlir::sparsity::run;
using runtime::Status;

namespace {
/// The fields of one mask that are arguments of the program.
struct MaskFields {
  /// Keys, or -1 if no argument tells.
  int64_t columns = -1;
  /// Whether the list may end before its buffer does: one built at run time.
  bool hasSlack = false;
  std::map<std::string, Input *> inputs;
  std::map<std::string, int64_t> numbers;

  Input *find(const std::string &name) const {
    auto input = inputs.find(name);
    return input == inputs.end() ? nullptr : input->second;
  }
};
} // namespace

static int32_t *getData(Input &input) {
  return reinterpret_cast<int32_t *>(input.value.data.get());
}

static Status inArgument(const MaskFields &mask, const std::string &field,
                         const std::string &message) {
  return Status::error("argument " + std::to_string(mask.numbers.at(field)) +
                       " (" + field + " of a mask): " + message);
}

/// A list of as many entries as `coordinates` has room for, drawn from all
/// (group, column) pairs.
static Status fillList(const MaskFields &mask, const Coverage &list,
                       Input &positions, Input &coordinates, uint64_t seed) {
  int64_t groups = positions.value.count() - 1;
  int64_t columns =
      (mask.columns + list.granularity() - 1) / list.granularity();
  int64_t missing = coordinates.value.count(), left = groups * columns;
  if (missing > left) {
    return inArgument(mask, list.coordinates(),
                      "expected at most " + std::to_string(left) +
                          " entries, but got " + std::to_string(missing));
  }
  constexpr uint64_t kFirstStream = 2000;
  RandomBits bits(seed, kFirstStream + mask.numbers.at(list.positions()));
  int32_t next = 0;
  getData(positions)[0] = 0;
  for (int64_t group = 0; group < groups; ++group) {
    for (int64_t column = 0; column < columns; ++column, --left) {
      bool isTaken = bits.uniform(left) * static_cast<double>(left) <
                     static_cast<double>(missing);
      if (isTaken) {
        getData(coordinates)[next++] = static_cast<int32_t>(column);
        --missing;
      }
    }
    getData(positions)[group + 1] = next;
  }
  positions.given = coordinates.given = true;
  return Status::success();
}

static Status settleList(const MaskFields &mask, const Coverage &list,
                         uint64_t seed) {
  Input *positions = mask.find(list.positions());
  Input *coordinates = mask.find(list.coordinates());
  // What the program computes, or counts by rows, is its own.
  if (!positions || !coordinates || list.listedDim() != 1 || mask.columns < 0) {
    return Status::success();
  }
  if (positions->value.count() == 0) {
    return inArgument(mask, list.positions(),
                      "expected at least one position, but got none");
  }
  if (positions->given != coordinates->given) {
    return inArgument(
        mask, positions->given ? list.coordinates() : list.positions(),
        "expected a file beside the mask's other fields, but got none");
  }
  if (!positions->given) {
    return fillList(mask, list, *positions, *coordinates, seed);
  }
  Status status = runtime::checkList(
      {getData(*positions), getData(*coordinates), coordinates->value.count()},
      positions->value.count() - 1,
      (mask.columns + list.granularity() - 1) / list.granularity(),
      mask.hasSlack);
  return status.ok() ? status
                     : inArgument(mask, list.positions(), status.message);
}

static Status settleBounds(const MaskFields &mask, const Coverage &band,
                           uint64_t seed) {
  Input *lo = mask.find(band.lower().buffer);
  Input *hi = mask.find(band.upper().buffer);
  // Any bounds are good: what they exclude is empty.
  if (!lo || !hi || lo->given || hi->given || mask.columns < 0 ||
      lo->value.shape != hi->value.shape) {
    return Status::success();
  }
  constexpr uint64_t kFirstStream = 2000;
  fillDocuments(
      lo->value, hi->value, mask.columns,
      RandomBits(seed, kFirstStream + mask.numbers.at(band.lower().buffer)));
  lo->given = hi->given = true;
  return Status::success();
}

static Status settle(const MaskFields &mask, const Coverage &coverage,
                     uint64_t seed) {
  if (coverage.kind() == Coverage::Kind::Listed) {
    return settleList(mask, coverage, seed);
  }
  if (coverage.kind() == Coverage::Kind::Band) {
    return settleBounds(mask, coverage, seed);
  }
  for (const Coverage &member : coverage.members()) {
    Status status = settle(mask, member, seed);
    if (!status.ok()) {
      return status;
    }
  }
  return Status::success();
}

LogicalResult run::fillMaskFields(func::FuncOp function,
                                  std::vector<Input> &inputs,
                                  const Arguments &arguments) {
  auto getNumber = [&](Value value) -> int64_t {
    auto argument = dyn_cast<BlockArgument>(value);
    return argument && argument.getOwner() == &function.getBody().front()
               ? argument.getArgNumber()
               : -1;
  };
  Status status;
  function.walk([&](AttentionOp op) {
    if (!op.getEncoding() || op.getFields().empty()) {
      return WalkResult::advance();
    }
    MaskFields mask;
    RankedTensorType type = op.getMaskType();
    int64_t key = getNumber(op.getKey());
    mask.columns = key >= 0
                       ? inputs[key].value.shape[op.getKeyType().getRank() - 2]
                       : std::max<int64_t>(type.getDimSize(1), -1);
    mask.hasSlack = op.getEncoding().getBindingTime() == BindingTime::Run;
    for (auto [field, operand] :
         llvm::zip_equal(AttentionOp::getIndexFields(op.getEncoding(), type),
                         op.getFields())) {
      int64_t number = getNumber(operand);
      if (number >= 0 &&
          inputs[number].value.elementType == runtime::ElementType::I32) {
        mask.inputs[field.name] = &inputs[number];
        mask.numbers[field.name] = number;
      }
    }
    status = settle(mask, op.getEncoding().getCoverage(type), arguments.seed);
    return status.ok() ? WalkResult::advance() : WalkResult::interrupt();
  });
  if (!status.ok()) {
    printError(status.message);
    return failure();
  }
  return success();
}
