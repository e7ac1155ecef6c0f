//===- ListsCApi.cpp - C interface of the block and bitmap packers --------===//

#include "sparsity-c/Runtime.h"
#include "sparsity/Runtime/PackLists.h"

using namespace mlir::sparsity::runtime;

/// Runs `body` on the C++ form of `spec`, made by `convert`, and records its
/// failure.
template <typename Spec, typename Convert, typename Body>
static int32_t run(const Spec *spec, Convert &&convert, Body &&body) {
  Status status;
  // Also bounds what is read from `shape` when the struct is not initialized.
  constexpr int64_t kMaxRank = 64;
  if (!spec || spec->rank < 0 || spec->rank > kMaxRank ||
      (spec->rank != 0 && !spec->shape)) {
    status = Status::error(
        "expected a spec with a shape of rank 0 to 64, but got " +
        (!spec ? std::string("null") : "rank " + std::to_string(spec->rank)));
  } else {
    auto converted = convert(*spec);
    converted.shape.assign(spec->shape, spec->shape + spec->rank);
    converted.rows = spec->rows;
    converted.columns = spec->columns;
    converted.elementType = static_cast<ElementType>(spec->elementType);
    status = body(converted);
  }
  recordLastError(status);
  return status.ok() ? 0 : 1;
}

//===----------------------------------------------------------------------===//
// Blocks
//===----------------------------------------------------------------------===//

static BlockSpec convertBlock(const SparsityBlock &spec) {
  BlockSpec converted;
  converted.ordered = spec.ordered != 0;
  if (spec.n != 0) {
    converted.inner = BlockSpec::Inner{spec.n, spec.m, spec.axis,
                                       static_cast<NOfMLayout>(spec.layout)};
  }
  return converted;
}

/// The pointers are only written where the packer says so.
static BlockFields getFields(const SparsityBlockFields &fields) {
  return {fields.positions, fields.coordinates, fields.entries,
          fields.values,    fields.metadata,    fields.order};
}

extern "C" int32_t sparsityBlockSizes(const SparsityBlock *spec,
                                      int64_t *groups, int64_t *valueBytes,
                                      int64_t *metadataBytes) {
  return run(spec, convertBlock, [&](const BlockSpec &converted) {
    StatusOr<BlockSizes> sizes = blockSizes(converted);
    if (sizes.ok()) {
      *groups = sizes->groups;
      *valueBytes = sizes->valueBytes;
      *metadataBytes = sizes->metadataBytes;
    }
    return sizes.status();
  });
}

extern "C" int32_t sparsityBlockCount(const SparsityBlock *spec,
                                      const void *dense, int64_t *entries) {
  return run(spec, convertBlock, [&](const BlockSpec &converted) {
    StatusOr<int64_t> count = countBlocks(converted, dense);
    if (count.ok()) {
      *entries = *count;
    }
    return count.status();
  });
}

extern "C" int32_t sparsityBlockPack(const SparsityBlock *spec,
                                     const void *dense,
                                     const SparsityBlockFields *fields) {
  return run(spec, convertBlock, [&](const BlockSpec &converted) {
    return packBlocks(converted, dense, getFields(*fields));
  });
}

extern "C" int32_t sparsityBlockOrder(const SparsityBlock *spec,
                                      const SparsityBlockFields *fields) {
  return run(spec, convertBlock, [&](const BlockSpec &converted) {
    // orderBlocks() takes the list's own word for its length.
    BlockFields list;
    list.positions = fields->positions;
    list.coordinates = fields->coordinates;
    list.entries = fields->entries;
    Status status = checkBlocks(converted, list);
    return status.ok() ? orderBlocks(converted, list.positions,
                                     list.coordinates, fields->order)
                       : status;
  });
}

extern "C" int32_t sparsityBlockCheck(const SparsityBlock *spec,
                                      const SparsityBlockFields *fields) {
  return run(spec, convertBlock, [&](const BlockSpec &converted) {
    return checkBlocks(converted, getFields(*fields));
  });
}

extern "C" int32_t sparsityBlockUnpack(const SparsityBlock *spec,
                                       const SparsityBlockFields *fields,
                                       void *dense) {
  return run(spec, convertBlock, [&](const BlockSpec &converted) {
    return unpackBlocks(converted, getFields(*fields), dense);
  });
}

extern "C" int32_t sparsityBlockPrune(const SparsityBlock *spec, double density,
                                      void *dense) {
  return run(spec, convertBlock, [&](const BlockSpec &converted) {
    return pruneBlocks(converted, density, dense);
  });
}

extern "C" int32_t sparsityBlockStoreDense(const SparsityBlock *spec,
                                           const void *dense, void *values) {
  return run(spec, convertBlock, [&](const BlockSpec &converted) {
    return storeBlocksDense(converted, dense, values);
  });
}

//===----------------------------------------------------------------------===//
// Bitmap tiles
//===----------------------------------------------------------------------===//

static_assert(SPARSITY_UNSTRUCTURED_FRAGMENTS ==
                  static_cast<int>(UnstructuredLayout::Fragments),
              "the C and C++ numbers of layouts differ");

static UnstructuredSpec convertUnstructured(const SparsityUnstructured &spec) {
  UnstructuredSpec converted;
  converted.layout = static_cast<UnstructuredLayout>(spec.layout);
  return converted;
}

static UnstructuredFields getFields(const SparsityUnstructuredFields &fields) {
  return {fields.positions, fields.coordinates,
          fields.bitmap,    fields.offsets,
          fields.values,    {fields.tiles, fields.elements}};
}

extern "C" int32_t sparsityUnstructuredSizes(const SparsityUnstructured *spec,
                                             int64_t *groups, int64_t *words) {
  return run(spec, convertUnstructured, [&](const UnstructuredSpec &converted) {
    StatusOr<UnstructuredSizes> sizes = unstructuredSizes(converted);
    if (sizes.ok()) {
      *groups = sizes->groups;
      *words = sizes->words;
    }
    return sizes.status();
  });
}

extern "C" int32_t sparsityUnstructuredCount(const SparsityUnstructured *spec,
                                             const void *dense, int64_t *tiles,
                                             int64_t *elements) {
  return run(spec, convertUnstructured, [&](const UnstructuredSpec &converted) {
    StatusOr<UnstructuredCounts> counts = countUnstructured(converted, dense);
    if (counts.ok()) {
      *tiles = counts->tiles;
      *elements = counts->elements;
    }
    return counts.status();
  });
}

extern "C" int32_t
sparsityUnstructuredPack(const SparsityUnstructured *spec, const void *dense,
                         const SparsityUnstructuredFields *fields) {
  return run(spec, convertUnstructured, [&](const UnstructuredSpec &converted) {
    return packUnstructured(converted, dense, getFields(*fields));
  });
}

extern "C" int32_t
sparsityUnstructuredCheck(const SparsityUnstructured *spec,
                          const SparsityUnstructuredFields *fields) {
  return run(spec, convertUnstructured, [&](const UnstructuredSpec &converted) {
    return checkUnstructured(converted, getFields(*fields));
  });
}

extern "C" int32_t
sparsityUnstructuredUnpack(const SparsityUnstructured *spec,
                           const SparsityUnstructuredFields *fields,
                           void *dense) {
  return run(spec, convertUnstructured, [&](const UnstructuredSpec &converted) {
    return unpackUnstructured(converted, getFields(*fields), dense);
  });
}

extern "C" int32_t sparsityUnstructuredPrune(const SparsityUnstructured *spec,
                                             double density, void *dense) {
  return run(spec, convertUnstructured, [&](const UnstructuredSpec &converted) {
    return pruneUnstructured(converted, density, dense);
  });
}

extern "C" int32_t
sparsityUnstructuredStoreDense(const SparsityUnstructured *spec,
                               const void *dense, void *values) {
  return run(spec, convertUnstructured, [&](const UnstructuredSpec &converted) {
    return storeUnstructuredDense(converted, dense, values);
  });
}
