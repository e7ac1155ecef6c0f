//===- Patterns.cpp - random values that fit their encodings --------------===//

#include "Inputs.h"

#include "sparsity/Runtime/ParallelFor.h"

#include "llvm/ADT/STLExtras.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>

using namespace mlir;
using namespace mlir::sparsity;
using namespace mlir::sparsity::run;
using runtime::Status;
using runtime::StatusOr;

/// Shares kept where --density does not say another.
static constexpr double kBlockDensity = 0.25;
static constexpr double kElementDensity = 0.5;

/// What the random pattern of an argument is drawn from; values are drawn from
/// the stream of its number.
static RandomBits getPatternBits(uint64_t seed, int64_t number) {
  constexpr uint64_t kFirstStream = 1000;
  return RandomBits(seed, kFirstStream + number);
}

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

//===----------------------------------------------------------------------===//
// Random patterns
//===----------------------------------------------------------------------===//

/// Keeps each tile with probability `density`; of two rows of tiles or more one
/// is empty and one is full, unless the density is 0 or 1.
static void keepTiles(HostTensor &value, int64_t tileRows, int64_t tileColumns,
                      double density, const RandomBits &bits) {
  int64_t rank = value.shape.size();
  int64_t rows = value.shape[rank - 2], columns = value.shape[rank - 1];
  int64_t rowTiles = (rows + tileRows - 1) / tileRows;
  int64_t columnTiles = (columns + tileColumns - 1) / tileColumns;
  int64_t groups = (rank == 3 ? value.shape[0] : 1) * rowTiles;
  int64_t size = runtime::getElementSize(value.elementType);
  bool forced = groups > 1 && density > 0 && density < 1;
  int64_t empty = forced ? bits.at(~uint64_t(0)) % groups : -1;
  int64_t full = forced ? (empty + 1) % groups : -1;
  runtime::parallelFor(
      value.count() == 0 ? 0 : value.count() / columns,
      [&](int64_t begin, int64_t end) {
        for (int64_t line = begin; line < end; ++line) {
          int64_t group = line / rows * rowTiles + line % rows / tileRows;
          for (int64_t tile = 0; tile < columnTiles; ++tile) {
            bool isKept = group == full ||
                          (group != empty &&
                           bits.uniform(group * columnTiles + tile) < density);
            if (!isKept) {
              int64_t first = tile * tileColumns;
              int64_t width = std::min(tileColumns, columns - first);
              std::memset(value.data.get() + (line * columns + first) * size, 0,
                          width * size);
            }
          }
        }
      });
}

/// Random weights, of sum 1 in each row, for top_k experts of each token. Where
/// there are more experts than that, one has no token.
static Status fillGate(HostTensor &value, int64_t topK,
                       const RandomBits &bits) {
  int64_t tokens = value.shape[0], experts = value.shape[1];
  if (topK > experts) {
    return Status::error("expected at least " + std::to_string(topK) +
                         " experts, but got " + std::to_string(experts));
  }
  std::vector<float> weights(value.count());
  int64_t idle = experts > topK ? bits.at(~uint64_t(0)) % experts : -1;
  std::vector<int64_t> order;
  for (int64_t t = 0; t < tokens; ++t) {
    order.clear();
    for (int64_t e = 0; e < experts; ++e) {
      if (e != idle) {
        order.push_back(e);
      }
    }
    double sum = 0;
    uint64_t base = 2 * t * experts;
    for (int64_t j = 0; j < topK; ++j) {
      std::swap(order[j], order[j + bits.at(base + j) % (order.size() - j)]);
      sum += 1 + bits.uniform(base + experts + j);
    }
    for (int64_t j = 0; j < topK; ++j) {
      weights[t * experts + order[j]] =
          static_cast<float>((1 + bits.uniform(base + experts + j)) / sum);
    }
  }
  runtime::convertFromFloat(value.elementType, weights.data(), value.data.get(),
                            value.count());
  return Status::success();
}

void run::fillDocuments(HostTensor &lo, HostTensor &hi, int64_t columns,
                        const RandomBits &bits) {
  int64_t rows = lo.count();
  auto *first = reinterpret_cast<int32_t *>(lo.data.get());
  auto *last = reinterpret_cast<int32_t *>(hi.data.get());
  bool isCausal = (bits.at(~uint64_t(0)) & 1) != 0;
  int64_t longest = std::max<int64_t>(1, rows / 3);
  for (int64_t begin = 0; begin < rows;) {
    int64_t end = std::min<int64_t>(
        rows, begin + 1 + static_cast<int64_t>(bits.at(begin) % longest));
    for (int64_t row = begin; row < end; ++row) {
      first[row] = static_cast<int32_t>(std::min(begin, columns));
      last[row] =
          static_cast<int32_t>(std::min(isCausal ? row : end - 1, columns - 1));
    }
    begin = end;
  }
}

static StatusOr<Fields> makeDocuments(const HostTensor &value,
                                      const RandomBits &bits) {
  int64_t rows = value.shape[value.shape.size() - 2];
  StatusOr<HostTensor> lo =
      HostTensor::create(runtime::ElementType::I32, {rows});
  StatusOr<HostTensor> hi =
      HostTensor::create(runtime::ElementType::I32, {rows});
  if (!lo.ok() || !hi.ok()) {
    return lo.ok() ? hi.status() : lo.status();
  }
  fillDocuments(*lo, *hi, value.shape.back(), bits);
  Fields fields;
  fields.emplace("lo", *lo);
  fields.emplace("hi", *hi);
  return fields;
}

//===----------------------------------------------------------------------===//
// One argument
//===----------------------------------------------------------------------===//

/// A random pattern in random values, or pruned values. `density` is what
/// --density said, if it did.
static Status applyPattern(Input &input, RankedTensorType stored, bool prunes,
                           std::optional<double> density,
                           const RandomBits &bits) {
  HostTensor &value = input.value;
  void *data = value.data.get();
  Attribute encoding = stored.getEncoding();
  double kept = density.value_or(runtime::kDefaultDensity);
  if (isBlockList(stored)) {
    if (prunes) {
      return pruneBlockList(stored, kept, value);
    }
    if (input.given) {
      return Status::success();
    }
    Coverage list = getSparsityEncoding(stored).getCoverage(stored);
    int64_t rows = list.groupGranularity(), columns = list.granularity();
    if (list.groupDim() > list.listedDim()) {
      std::swap(rows, columns);
    }
    keepTiles(value, rows, columns, density.value_or(kBlockDensity), bits);
    bool hasInner = getBlockSpec(stored).inner.has_value();
    return hasInner ? pruneBlockList(stored, 1, value) : Status::success();
  }
  if (isa<UnstructuredAttr>(encoding)) {
    if (prunes) {
      return runtime::pruneUnstructured(getUnstructuredSpec(stored), kept,
                                        data);
    }
    if (!input.given) {
      keepTiles(value, 1, 1, density.value_or(kElementDensity), bits);
    }
    return Status::success();
  }
  if (auto gate = dyn_cast<GateAttr>(encoding)) {
    return input.given ? Status::success()
                       : fillGate(value, gate.getTopK(), bits);
  }
  if (isNOfM(stored) && !input.given && !prunes) {
    return runtime::pruneNOfM(getNOfMSpec(stored), data);
  }
  return Status::success();
}

/// Makes the fields that the dense tensor does not tell, or that hold more than
/// it: the values under a mask known at run time. The dense tensor becomes what
/// they hold.
static Status makeFields(Input &input, RankedTensorType stored,
                         const RandomBits &bits) {
  bool hasBounds = !isPackable(stored);
  if (!hasBounds && !getSparsityEncoding(stored).getSelection(stored)) {
    return Status::success();
  }
  StatusOr<Fields> fields = hasBounds ? makeDocuments(input.value, bits)
                                      : packFields(stored, input.value);
  if (!fields.ok()) {
    return fields.status();
  }
  input.fields = std::move(*fields);
  input.fields["values"] = input.value;
  StatusOr<HostTensor> dense = unpackFields(stored, input.fields);
  if (!dense.ok()) {
    return dense.status();
  }
  input.value = *dense;
  return Status::success();
}

/// The encoded type and packing of argument `number`; null if it is dense.
static const EntryArgument *findField(const EntryAbi &abi, int64_t number) {
  const auto *found = llvm::find_if(abi, [&](const EntryArgument &argument) {
    return argument.kind == EntryArgument::Kind::Field &&
           argument.index == number;
  });
  return found == abi.end() ? nullptr : found;
}

static Status fillInput(Input &input, int64_t number,
                        const EntryArgument *field,
                        const Arguments &arguments) {
  RankedTensorType encoded;
  if (field) {
    encoded = cast<RankedTensorType>(field->type);
  } else if (getSparsityEncoding(input.type)) {
    encoded = cast<RankedTensorType>(input.type);
  }
  RankedTensorType stored =
      encoded ? getStoringType(encoded, input.value) : RankedTensorType();
  RankedTensorType pattern =
      stored ? getPatternType(stored) : RankedTensorType();
  bool isWeight = stored && getSparsityEncoding(stored).getBindingTime() ==
                                BindingTime::Pack;
  if (!input.given) {
    // Weights of a standard deviation that keeps sums over K near 1.
    // Eight-bit floats have no room below 1.
    double scale = 1;
    if (isWeight && !input.value.shape.empty() &&
        runtime::getElementSize(input.value.elementType) > 1) {
      TileFormat format = getSparsityEncoding(pattern).getTileFormat(pattern);
      int64_t terms = format.kind == TileFormat::Kind::NOfM
                          ? input.value.shape[format.axis]
                          : input.value.shape.back();
      scale = 1 / std::sqrt(static_cast<double>(std::max<int64_t>(1, terms)));
    }
    fillRandom(input.value, arguments.seed, number, scale);
  }
  if (!encoded) {
    return Status::success();
  }
  bool isStored = !input.fields.empty();
  maskOutside(input.value, getSparsityEncoding(encoded).getCoverage(encoded));
  if (isStored) {
    return Status::success();
  }
  auto density = arguments.densities.find(number);
  RandomBits bits = getPatternBits(arguments.seed, number);
  Status status =
      applyPattern(input, pattern, field && field->pack == PackKind::Prune,
                   density == arguments.densities.end()
                       ? std::nullopt
                       : std::optional<double>(density->second),
                   bits);
  if (status.ok() && getSparsityEncoding(input.type)) {
    status = makeFields(input, stored, bits);
  }
  return status;
}

/// How many blocks of the pattern of `type` a unit of its list holds.
static double countMerged(RankedTensorType type) {
  auto getUnit = [](RankedTensorType list) {
    Coverage coverage = getSparsityEncoding(list).getCoverage(list);
    return static_cast<double>(coverage.groupGranularity() *
                               coverage.granularity());
  };
  return getUnit(type) / getUnit(getPatternType(type));
}

/// The share of units that hold one of `count` independent blocks, present with
/// a share of `density`; with 1 / count the share of blocks, from that of
/// units.
static double uniteDensity(double density, double count) {
  return count == 1 ? density : 1 - std::pow(1 - density, count);
}

void run::exchangeDensities(func::FuncOp function, Arguments &arguments) {
  for (auto [number, argument] : llvm::enumerate(function.getArgumentTypes())) {
    auto type = dyn_cast<RankedTensorType>(argument);
    if (!type || !getSparsityEncoding(type) || !isBlockList(type)) {
      continue;
    }
    // Random blocks are independent, whatever is listed together.
    double merged = countMerged(type);
    auto own = function.getArgAttrOfType<FloatAttr>(number, kDensityAttrName);
    auto given = arguments.densities.find(number);
    if (given == arguments.densities.end()) {
      if (own) {
        arguments.densities[number] =
            uniteDensity(own.getValueAsDouble(), 1 / merged);
      }
      continue;
    }
    // No density says that nothing is there.
    if (arguments.densityHint && given->second > 0) {
      Builder builder(function.getContext());
      function.setArgAttr(
          number, kDensityAttrName,
          builder.getF64FloatAttr(uniteDensity(given->second, merged)));
    }
  }
}

LogicalResult run::fillInputs(std::vector<Input> &inputs, const EntryAbi &abi,
                              const Arguments &arguments) {
  for (auto [number, input] : llvm::enumerate(inputs)) {
    Status status = fillInput(input, number, findField(abi, number), arguments);
    if (!status.ok()) {
      printError("argument " + std::to_string(number) + ": " + status.message);
      return failure();
    }
  }
  return success();
}
