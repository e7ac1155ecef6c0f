//===- Fields.cpp - dense tensors to storage fields and back --------------===//

#include "Fields.h"

#include "llvm/ADT/STLExtras.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>
#include <tuple>

using namespace mlir;
using namespace mlir::sparsity;
using namespace mlir::sparsity::run;
using runtime::ElementType;
using runtime::Status;
using runtime::StatusOr;

//===----------------------------------------------------------------------===//
// Types and packers
//===----------------------------------------------------------------------===//

RankedTensorType run::getStoringType(RankedTensorType type,
                                     const HostTensor &value) {
  Attribute encoding = type.getEncoding();
  auto withEncoding = [&](Attribute attribute) {
    return RankedTensorType::get(value.shape, type.getElementType(), attribute);
  };
  auto getStorage = [](RankedTensorType whole) {
    return getSparsityEncoding(whole).getStorage(whole);
  };
  RankedTensorType whole = withEncoding(encoding);
  SmallVector<StorageField> storage = getStorage(whole);
  auto allOf = dyn_cast<AllOfAttr>(encoding);
  if (!allOf) {
    return whole;
  }
  for (Attribute member : allOf.getMembers()) {
    RankedTensorType candidate = withEncoding(member);
    bool isSame =
        llvm::equal(storage, getStorage(candidate),
                    [](const StorageField &lhs, const StorageField &rhs) {
                      return lhs.name == rhs.name && lhs.type == rhs.type;
                    });
    if (isSame &&
        (storage.size() > 1 || storage[0].type != getDenseType(whole))) {
      return getStoringType(candidate, value);
    }
  }
  return whole;
}

static RankedTensorType withEncoding(RankedTensorType type,
                                     Attribute encoding) {
  return RankedTensorType::get(type.getShape(), type.getElementType(),
                               encoding);
}

RankedTensorType run::getPatternType(RankedTensorType stored) {
  auto block = dyn_cast<BlockAttr>(stored.getEncoding());
  if (block && !block.getMerged().empty()) {
    return withEncoding(
        stored,
        BlockAttr::get(block.getContext(), block.getSizes(), block.getInner()));
  }
  return withEncoding(stored, getSparsityEncoding(stored).getPattern());
}

static ElementType getTypeNumber(RankedTensorType type) {
  return getElementType(type.getElementType()).value_or(ElementType::F32);
}

static std::vector<int64_t> getShape(RankedTensorType type) {
  return std::vector<int64_t>(type.getShape().begin(), type.getShape().end());
}

runtime::NOfMSpec run::getNOfMSpec(RankedTensorType stored) {
  SparsityEncodingAttrInterface encoding = getSparsityEncoding(stored);
  TileFormat format = encoding.getTileFormat(stored);
  runtime::NOfMSpec spec;
  spec.n = format.n;
  spec.m = format.m;
  spec.axis = format.axis;
  spec.shape = getShape(stored);
  spec.elementType = getTypeNumber(stored);
  spec.layout = encoding.getStorageLayout() == StorageLayout::CoreMatrix
                    ? runtime::NOfMLayout::CoreMatrix
                    : runtime::NOfMLayout::RowMajor;
  return spec;
}

runtime::UnstructuredSpec run::getUnstructuredSpec(RankedTensorType stored) {
  auto encoding = cast<UnstructuredAttr>(stored.getEncoding());
  runtime::UnstructuredSpec spec;
  spec.shape = getShape(stored);
  spec.rows = encoding.getTile()[0];
  spec.columns = encoding.getTile()[1];
  spec.elementType = getTypeNumber(stored);
  spec.layout = encoding.getLayout() == StorageLayout::Fragments
                    ? runtime::UnstructuredLayout::Fragments
                    : runtime::UnstructuredLayout::RowMajor;
  return spec;
}

/// Whether a tile's bits and elements lie in one record.
static bool hasRecords(RankedTensorType stored) {
  return getUnstructuredSpec(stored).layout ==
         runtime::UnstructuredLayout::Fragments;
}

template <typename Element>
static Element *getData(const Fields &fields, StringRef name) {
  auto field = fields.find(name.str());
  return field == fields.end()
             ? nullptr
             : reinterpret_cast<Element *>(field->second.data.get());
}

static runtime::UnstructuredFields getTileFields(const Fields &fields) {
  return {getData<int32_t>(fields, "positions"),
          getData<int32_t>(fields, "coordinates"),
          getData<uint64_t>(fields, "bitmap"),
          getData<int32_t>(fields, "offsets"),
          getData<void>(fields, "values"),
          {fields.at("coordinates").count(), fields.at("values").count()}};
}

static Status notPacked(RankedTensorType stored) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  stream << "expected an encoding that the host packs, but got "
         << stored.getEncoding();
  return Status::error(text);
}

StatusOr<Fields>
run::createFields(RankedTensorType stored,
                  const std::map<std::string, int64_t> &counts) {
  Fields fields;
  for (const StorageField &field :
       getSparsityEncoding(stored).getStorage(stored)) {
    std::optional<ElementType> elementType =
        getElementType(field.type.getElementType());
    SmallVector<int64_t> shape(field.type.getShape());
    for (int64_t &size : shape) {
      if (ShapedType::isDynamic(size)) {
        auto count = counts.find(field.name);
        if (count == counts.end()) {
          elementType.reset();
          break;
        }
        size = count->second;
      }
    }
    if (!elementType) {
      return notPacked(stored);
    }
    StatusOr<HostTensor> buffer = HostTensor::create(*elementType, shape);
    if (!buffer.ok()) {
      return buffer.status();
    }
    fields.emplace(field.name, *buffer);
  }
  return fields;
}

//===----------------------------------------------------------------------===//
// Lists of single elements: gates and activations
//===----------------------------------------------------------------------===//

/// Which elements of a row of `columns` values a rule lists.
static std::vector<bool> selectRow(const Selection &selection,
                                   const double *row, int64_t columns) {
  std::vector<bool> selected(columns);
  if (selection.kind != Selection::Kind::LargestInRow) {
    for (int64_t c = 0; c < columns; ++c) {
      selected[c] = selection.kind == Selection::Kind::Positive
                        ? row[c] > 0
                        : !(std::fabs(row[c]) <= selection.threshold);
    }
    return selected;
  }
  std::vector<int64_t> order(columns);
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](int64_t a, int64_t b) {
    bool aNaN = std::isnan(row[a]), bNaN = std::isnan(row[b]);
    double left = aNaN ? 0 : std::fabs(row[a]);
    double right = bNaN ? 0 : std::fabs(row[b]);
    // NaN first, then by magnitude; ties go to the lowest column.
    return std::make_tuple(!aNaN, -left, a) < std::make_tuple(!bNaN, -right, b);
  });
  for (int64_t i = 0; i < std::min(selection.count, columns); ++i) {
    selected[order[i]] = true;
  }
  return selected;
}

static StatusOr<Fields> packActivation(RankedTensorType stored,
                                       const HostTensor &value,
                                       const Selection &selection) {
  int64_t rows = value.shape[0], columns = value.shape[1];
  StatusOr<Fields> fields =
      createFields(stored, {{"coordinates", rows * columns}});
  if (!fields.ok()) {
    return fields;
  }
  auto *positions = getData<int32_t>(*fields, "positions");
  auto *coordinates = getData<int32_t>(*fields, "coordinates");
  std::vector<double> values = toDoubles(value);
  int32_t next = 0;
  for (int64_t r = 0; r < rows; ++r) {
    std::vector<bool> selected =
        selectRow(selection, values.data() + r * columns, columns);
    for (int64_t c = 0; c < columns; ++c) {
      if (selected[c]) {
        coordinates[next++] = static_cast<int32_t>(c);
      }
    }
    positions[r + 1] = next;
  }
  fields->at("values") = value;
  return fields;
}

static StatusOr<Fields> packGate(RankedTensorType stored,
                                 const HostTensor &value) {
  int64_t tokens = value.shape[0], experts = value.shape[1];
  int64_t topK = cast<GateAttr>(stored.getEncoding()).getTopK();
  StatusOr<Fields> fields = createFields(
      stored, {{"coordinates", tokens * topK}, {"weights", tokens * topK}});
  if (!fields.ok()) {
    return fields;
  }
  auto *positions = getData<int32_t>(*fields, "positions");
  auto *coordinates = getData<int32_t>(*fields, "coordinates");
  auto *entries = getData<int32_t>(*fields, "entries");
  auto *weights = getData<uint8_t>(*fields, "weights");
  std::fill(entries, entries + tokens * topK, -1);
  int64_t size = runtime::getElementSize(value.elementType);
  std::vector<double> values = toDoubles(value);
  std::vector<int64_t> kept(tokens);
  int32_t next = 0;
  for (int64_t e = 0; e < experts; ++e) {
    for (int64_t t = 0; t < tokens; ++t) {
      int64_t at = t * experts + e;
      if (values[at] == 0) {
        continue;
      }
      if (kept[t] == topK) {
        return Status::error("expected at most " + std::to_string(topK) +
                             " experts for each token, but got more at token " +
                             std::to_string(t));
      }
      entries[t * topK + kept[t]++] = next;
      coordinates[next] = static_cast<int32_t>(t);
      std::memcpy(weights + next * size, value.data.get() + at * size, size);
      ++next;
    }
    positions[e + 1] = next;
  }
  return fields;
}

/// Each entry is that of one token's place, in the order of its experts.
static Status checkGateEntries(const Fields &fields, int64_t used,
                               int64_t tokens, int64_t topK) {
  const auto *coordinates = getData<int32_t>(fields, "coordinates");
  const auto *entries = getData<int32_t>(fields, "entries");
  int64_t found = 0;
  for (int64_t t = 0; t < tokens; ++t) {
    int64_t previous = -1;
    for (int64_t j = 0; j < topK; ++j) {
      int64_t entry = entries[t * topK + j];
      if (entry == -1) {
        continue;
      }
      if (entry <= previous || entry >= used || coordinates[entry] != t) {
        return Status::error(
            "expected -1 or an entry of the token's own, ascending, but got " +
            std::to_string(entry) + " at entries[" + std::to_string(t) + ", " +
            std::to_string(j) + "]");
      }
      previous = entry;
      ++found;
    }
  }
  if (found != used) {
    return Status::error("expected each of the " + std::to_string(used) +
                         " entries in the field entries, but got " +
                         std::to_string(found));
  }
  return Status::success();
}

/// Fails unless field `name` has `count` entries.
static Status checkCount(const Fields &fields, const std::string &name,
                         int64_t count) {
  int64_t found = fields.at(name).shape[0];
  if (found == count) {
    return Status::success();
  }
  return Status::error("expected " + std::to_string(count) +
                       " entries in the field " + name + ", but got " +
                       std::to_string(found));
}

//===----------------------------------------------------------------------===//
// Every kind
//===----------------------------------------------------------------------===//

/// Whether row bounds say which of the dense values are present.
static bool hasBounds(RankedTensorType stored) {
  SmallVector<StorageField> storage =
      getSparsityEncoding(stored).getStorage(stored);
  return storage.size() == 3 && storage[0].type == getDenseType(stored) &&
         storage[1].name == "lo" && storage[2].name == "hi";
}

bool run::isPackable(RankedTensorType stored) { return !hasBounds(stored); }

/// Packing and unpacking by the pattern leaves out what it lacks.
static StatusOr<Fields> packDensely(RankedTensorType stored,
                                    const HostTensor &value) {
  RankedTensorType pattern = getPatternType(stored);
  StatusOr<Fields> packed = packFields(pattern, value);
  if (!packed.ok()) {
    return packed;
  }
  StatusOr<HostTensor> dense = unpackFields(pattern, *packed);
  if (!dense.ok()) {
    return dense.status();
  }
  Fields fields;
  fields.emplace("values", *dense);
  return fields;
}

StatusOr<Fields> run::packFields(RankedTensorType stored,
                                 const HostTensor &value) {
  SparsityEncodingAttrInterface encoding = getSparsityEncoding(stored);
  if (isa<StoredDenseAttr>(stored.getEncoding())) {
    return packDensely(stored, value);
  }
  if (std::optional<Selection> selection = encoding.getSelection(stored)) {
    return packActivation(stored, value, *selection);
  }
  Attribute attribute = stored.getEncoding();
  if (isa<GateAttr>(attribute)) {
    return packGate(stored, value);
  }
  if (isBlockList(stored)) {
    return packBlockList(stored, value);
  }
  std::map<std::string, int64_t> counts;
  Status status;
  if (isa<UnstructuredAttr>(attribute)) {
    StatusOr<runtime::UnstructuredCounts> count = runtime::countUnstructured(
        getUnstructuredSpec(stored), value.data.get());
    status = count.status();
    if (status.ok()) {
      for (const char *name : {"coordinates", "bitmap", "offsets"}) {
        counts[name] = count->tiles;
      }
      if (hasRecords(stored)) {
        counts["offsets"] = count->tiles + 1;
      }
      counts["values"] = count->elements;
    }
  }
  if (!status.ok()) {
    return status;
  }
  StatusOr<Fields> fields = createFields(stored, counts);
  if (!fields.ok()) {
    return fields;
  }
  if (isa<UnstructuredAttr>(attribute)) {
    status = runtime::packUnstructured(
        getUnstructuredSpec(stored), value.data.get(), getTileFields(*fields));
  } else if (isNOfM(stored)) {
    status = runtime::packNOfM(getNOfMSpec(stored), value.data.get(),
                               getData<void>(*fields, "values"),
                               getData<void>(*fields, "metadata"));
  } else if (fields->size() == 1 && fields->count("values") &&
             fields->at("values").shape == value.shape) {
    fields->at("values") = value;
  } else {
    status = notPacked(stored);
  }
  if (!status.ok()) {
    return status;
  }
  return fields;
}

Status run::checkFields(RankedTensorType stored, const Fields &fields) {
  Attribute attribute = stored.getEncoding();
  if (isa<StoredDenseAttr>(attribute)) {
    return packDensely(stored, fields.at("values")).status();
  }
  if (isBlockList(stored)) {
    int64_t entries = fields.at("coordinates").count();
    for (const char *name : {"values", "metadata"}) {
      Status status = fields.count(name) ? checkCount(fields, name, entries)
                                         : Status::success();
      if (!status.ok()) {
        return status;
      }
    }
    return checkBlockList(stored, fields);
  }
  if (isa<UnstructuredAttr>(attribute)) {
    int64_t entries = fields.at("coordinates").count();
    bool records = hasRecords(stored);
    Status counted = checkCount(fields, "offsets", entries + records);
    if (counted.ok() && !records) {
      counted = checkCount(fields, "bitmap", entries);
    }
    if (!counted.ok()) {
      return counted;
    }
    return runtime::checkUnstructured(getUnstructuredSpec(stored),
                                      getTileFields(fields));
  }
  bool isGate = isa<GateAttr>(attribute);
  if (!isGate && !getSparsityEncoding(stored).getSelection(stored)) {
    // Bounds may be any, and unpacking finds what is wrong with n:m metadata.
    StatusOr<HostTensor> dense = unpackFields(stored, fields);
    return dense.ok() ? Status::success() : dense.status();
  }
  int64_t rows = stored.getDimSize(0), columns = stored.getDimSize(1);
  int64_t topK = isGate ? cast<GateAttr>(attribute).getTopK() : columns;
  Status status = checkCount(fields, "coordinates", rows * topK);
  if (status.ok() && isGate) {
    status = checkCount(fields, "weights", rows * topK);
  }
  if (status.ok()) {
    status = runtime::checkList(
        {getData<int32_t>(fields, "positions"),
         getData<int32_t>(fields, "coordinates"), rows * topK},
        isGate ? columns : rows, isGate ? rows : columns, /*hasSlack=*/true);
  }
  if (status.ok() && isGate) {
    int64_t used = getData<int32_t>(fields, "positions")[columns];
    status = checkGateEntries(fields, used, rows, topK);
  }
  return status;
}

/// Zeroes the elements that the pattern of `stored` lacks, which the index
/// fields decide.
static void maskOutside(HostTensor &value, RankedTensorType stored,
                        const Fields &fields) {
  std::map<std::string, std::vector<int64_t>> numbers;
  IndexBuffers buffers;
  for (const auto &[name, field] : fields) {
    if (field.elementType == ElementType::I32) {
      const auto *data = reinterpret_cast<const int32_t *>(field.data.get());
      numbers[name].assign(data, data + field.count());
      buffers.bind(name, numbers[name]);
    }
  }
  Coverage coverage = getSparsityEncoding(stored).getCoverage(stored);
  int64_t size = runtime::getElementSize(value.elementType);
  Point point(value.shape.size());
  for (int64_t element = 0; element < value.count(); ++element) {
    int64_t rest = element;
    for (size_t dim = point.size(); dim-- > 0;) {
      point[dim] = rest % value.shape[dim];
      rest /= value.shape[dim];
    }
    if (!coverage.contains(point, buffers)) {
      std::memset(value.data.get() + element * size, 0, size);
    }
  }
}

StatusOr<HostTensor> run::unpackFields(RankedTensorType stored,
                                       const Fields &fields) {
  if (isBlockList(stored)) {
    return unpackBlockList(stored, fields);
  }
  StatusOr<HostTensor> dense =
      HostTensor::create(getTypeNumber(stored), stored.getShape());
  if (!dense.ok()) {
    return dense;
  }
  Attribute attribute = stored.getEncoding();
  void *data = dense->data.get();
  int64_t size = runtime::getElementSize(dense->elementType);
  Status status;
  if (isa<UnstructuredAttr>(attribute)) {
    status = runtime::unpackUnstructured(getUnstructuredSpec(stored),
                                         getTileFields(fields), data);
  } else if (isNOfM(stored)) {
    status = runtime::unpackNOfM(getNOfMSpec(stored),
                                 getData<void>(fields, "values"),
                                 getData<void>(fields, "metadata"), data);
  } else if (hasBounds(stored)) {
    std::memcpy(data, fields.at("values").data.get(), dense->bytes());
    maskOutside(*dense, stored, fields);
  } else if (isa<GateAttr>(attribute) ||
             getSparsityEncoding(stored).getSelection(stored)) {
    bool isGate = isa<GateAttr>(attribute);
    int64_t columns = stored.getDimSize(1);
    int64_t groups = isGate ? columns : stored.getDimSize(0);
    const auto *positions = getData<int32_t>(fields, "positions");
    const auto *coordinates = getData<int32_t>(fields, "coordinates");
    const auto *source =
        getData<uint8_t>(fields, isGate ? "weights" : "values");
    for (int64_t g = 0; g < groups; ++g) {
      for (int64_t entry = positions[g]; entry < positions[g + 1]; ++entry) {
        int64_t at = isGate ? coordinates[entry] * columns + g
                            : g * columns + coordinates[entry];
        std::memcpy(dense->data.get() + at * size,
                    source + (isGate ? entry : at) * size, size);
      }
    }
  } else if (fields.size() == 1 && fields.count("values") &&
             fields.at("values").bytes() == dense->bytes()) {
    std::memcpy(data, fields.at("values").data.get(), dense->bytes());
  } else {
    status = notPacked(stored);
  }
  if (!status.ok()) {
    return status;
  }
  return dense;
}
