//===- BlockLists.cpp - lists of blocks, in any index width ---------------===//
//
// The packers list the blocks of rows, in 32-bit indices. An encoding may list
// the rows of columns (its groups run along the last axis), in wider indices.
//
//===----------------------------------------------------------------------===//

#include "Fields.h"

#include <cstring>
#include <limits>
#include <numeric>

using namespace mlir;
using namespace mlir::sparsity;
using namespace mlir::sparsity::run;
using runtime::ElementType;
using runtime::Status;
using runtime::StatusOr;

static Coverage getList(RankedTensorType stored) {
  return getSparsityEncoding(stored).getCoverage(stored);
}

bool run::isBlockList(RankedTensorType stored) {
  SparsityEncodingAttrInterface encoding = getSparsityEncoding(stored);
  return encoding.getCoverage(stored).kind() == Coverage::Kind::Listed &&
         encoding.getTileFormat(stored).kind != TileFormat::Kind::Bitmap &&
         encoding.getBindingTime() == BindingTime::Pack;
}

bool run::isNOfM(RankedTensorType stored) {
  SparsityEncodingAttrInterface encoding = getSparsityEncoding(stored);
  return encoding.getCoverage(stored).isAll() &&
         encoding.getTileFormat(stored).kind == TileFormat::Kind::NOfM;
}

/// Whether groups run along the last axis and entries along the one before.
static bool isTransposed(const Coverage &list) {
  return list.groupDim() > list.listedDim();
}

/// The field that holds an order of the groups; empty if there is none.
static std::string getOrderField(RankedTensorType stored) {
  return getSparsityEncoding(stored).getOrderField(stored).str();
}

runtime::BlockSpec run::getBlockSpec(RankedTensorType stored) {
  SparsityEncodingAttrInterface encoding = getSparsityEncoding(stored);
  Coverage list = encoding.getCoverage(stored);
  runtime::BlockSpec spec;
  spec.shape.assign(stored.getShape().begin(), stored.getShape().end());
  spec.rows = list.groupGranularity();
  spec.columns = list.granularity();
  if (isTransposed(list)) {
    std::swap(spec.shape[spec.shape.size() - 1],
              spec.shape[spec.shape.size() - 2]);
  }
  spec.elementType =
      getElementType(stored.getElementType()).value_or(ElementType::F32);
  TileFormat format = encoding.getTileFormat(stored);
  if (format.kind == TileFormat::Kind::NOfM) {
    spec.inner = runtime::BlockSpec::Inner{
        format.n, format.m, format.axis - (stored.getRank() - 2),
        encoding.getStorageLayout() == StorageLayout::CoreMatrix
            ? runtime::NOfMLayout::CoreMatrix
            : runtime::NOfMLayout::RowMajor};
  }
  spec.ordered = !getOrderField(stored).empty();
  return spec;
}

/// Exchanges the last two axes.
static StatusOr<HostTensor> transposeLast(const HostTensor &value) {
  size_t rank = value.shape.size();
  int64_t rows = value.shape[rank - 2], columns = value.shape[rank - 1];
  SmallVector<int64_t> shape(value.shape);
  std::swap(shape[rank - 1], shape[rank - 2]);
  StatusOr<HostTensor> result = HostTensor::create(value.elementType, shape);
  if (!result.ok()) {
    return result;
  }
  int64_t size = runtime::getElementSize(value.elementType);
  for (int64_t i = 0, e = value.count(); i < e; ++i) {
    int64_t row = i / columns % rows, column = i % columns;
    int64_t first = i - (row * columns + column);
    std::memcpy(result->data.get() + (first + column * rows + row) * size,
                value.data.get() + i * size, size);
  }
  return result;
}

/// `value` with its groups as rows.
static StatusOr<HostTensor> orient(RankedTensorType stored,
                                   const HostTensor &value) {
  return isTransposed(getList(stored)) ? transposeLast(value)
                                       : StatusOr<HostTensor>(value);
}

/// The indices as 32-bit ones, and back.
static StatusOr<HostTensor> narrow(const HostTensor &indices) {
  if (indices.elementType == ElementType::I32) {
    return indices;
  }
  StatusOr<HostTensor> result =
      HostTensor::create(ElementType::I32, indices.shape);
  if (!result.ok()) {
    return result;
  }
  const auto *source = reinterpret_cast<const int64_t *>(indices.data.get());
  auto *target = reinterpret_cast<int32_t *>(result->data.get());
  for (int64_t i = 0; i < indices.count(); ++i) {
    if (source[i] < 0 || source[i] > std::numeric_limits<int32_t>::max()) {
      return Status::error("expected indices in 0..2147483647, but got " +
                           std::to_string(source[i]) + " at [" +
                           std::to_string(i) + "]");
    }
    target[i] = static_cast<int32_t>(source[i]);
  }
  return result;
}

static void widen(const std::vector<int32_t> &indices, HostTensor &target) {
  for (size_t i = 0; i < indices.size(); ++i) {
    if (target.elementType == ElementType::I32) {
      reinterpret_cast<int32_t *>(target.data.get())[i] = indices[i];
    } else {
      reinterpret_cast<int64_t *>(target.data.get())[i] = indices[i];
    }
  }
}

static void *getValues(const Fields &fields, const char *name) {
  auto field = fields.find(name);
  return field == fields.end() ? nullptr : field->second.data.get();
}

Status run::pruneBlockList(RankedTensorType stored, double density,
                           HostTensor &value) {
  StatusOr<HostTensor> rows = orient(stored, value);
  if (!rows.ok()) {
    return rows.status();
  }
  Status status =
      runtime::pruneBlocks(getBlockSpec(stored), density, rows->data.get());
  if (!status.ok() || !isTransposed(getList(stored))) {
    return status;
  }
  StatusOr<HostTensor> back = transposeLast(*rows);
  if (!back.ok()) {
    return back.status();
  }
  std::memcpy(value.data.get(), back->data.get(), value.bytes());
  return Status::success();
}

StatusOr<Fields> run::packBlockList(RankedTensorType stored,
                                    const HostTensor &value) {
  runtime::BlockSpec spec = getBlockSpec(stored);
  StatusOr<HostTensor> rows = orient(stored, value);
  if (!rows.ok()) {
    return rows.status();
  }
  StatusOr<runtime::BlockSizes> sizes = runtime::blockSizes(spec);
  if (!sizes.ok()) {
    return sizes.status();
  }
  StatusOr<int64_t> count = runtime::countBlocks(spec, rows->data.get());
  if (!count.ok()) {
    return count.status();
  }
  StatusOr<Fields> fields = createFields(
      stored,
      {{"coordinates", *count}, {"values", *count}, {"metadata", *count}});
  if (!fields.ok()) {
    return fields;
  }
  std::vector<int32_t> positions(sizes->groups + 1), coordinates(*count),
      order(spec.ordered ? sizes->groups : 0);
  Status status =
      runtime::packBlocks(spec, rows->data.get(),
                          {positions.data(), coordinates.data(), *count,
                           getValues(*fields, "values"),
                           getValues(*fields, "metadata"), order.data()});
  if (!status.ok()) {
    return status;
  }
  widen(positions, fields->at("positions"));
  widen(coordinates, fields->at("coordinates"));
  if (spec.ordered) {
    widen(order, fields->at(getOrderField(stored)));
  }
  return fields;
}

namespace {
/// The fields as the runtime reads them.
struct NarrowFields {
  HostTensor positions, coordinates, order;
  runtime::BlockFields fields;
};
} // namespace

static StatusOr<NarrowFields> narrowFields(RankedTensorType stored,
                                           const Fields &fields) {
  NarrowFields result;
  for (const auto &[name, target] :
       {std::make_pair(std::string("positions"), &result.positions),
        std::make_pair(std::string("coordinates"), &result.coordinates),
        std::make_pair(getOrderField(stored), &result.order)}) {
    if (name.empty()) {
      continue;
    }
    StatusOr<HostTensor> indices = narrow(fields.at(name));
    if (!indices.ok()) {
      return Status::error(name + ": " + indices.status().message);
    }
    *target = *indices;
  }
  result.fields = {reinterpret_cast<int32_t *>(result.positions.data.get()),
                   reinterpret_cast<int32_t *>(result.coordinates.data.get()),
                   result.coordinates.count(),
                   getValues(fields, "values"),
                   getValues(fields, "metadata"),
                   reinterpret_cast<int32_t *>(result.order.data.get())};
  return result;
}

Status run::checkBlockList(RankedTensorType stored, const Fields &fields) {
  StatusOr<NarrowFields> narrow = narrowFields(stored, fields);
  return narrow.ok()
             ? runtime::checkBlocks(getBlockSpec(stored), narrow->fields)
             : narrow.status();
}

StatusOr<HostTensor> run::unpackBlockList(RankedTensorType stored,
                                          const Fields &fields) {
  StatusOr<NarrowFields> narrow = narrowFields(stored, fields);
  if (!narrow.ok()) {
    return narrow.status();
  }
  runtime::BlockSpec spec = getBlockSpec(stored);
  StatusOr<HostTensor> rows = HostTensor::create(spec.elementType, spec.shape);
  if (!rows.ok()) {
    return rows;
  }
  Status status = runtime::unpackBlocks(spec, narrow->fields, rows->data.get());
  if (!status.ok()) {
    return status;
  }
  return orient(stored, *rows);
}
