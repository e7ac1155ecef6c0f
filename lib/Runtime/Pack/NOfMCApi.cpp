//===- NOfMCApi.cpp - C interface of the N:M packers ----------------------===//

#include "sparsity-c/Runtime.h"
#include "sparsity/Runtime/Pack.h"

using namespace mlir::sparsity::runtime;

static_assert(SPARSITY_ELEMENT_I1 == static_cast<int>(ElementType::I1) &&
                  SPARSITY_ELEMENT_BF16 == static_cast<int>(ElementType::BF16),
              "the C and C++ enumerations are numbered alike");
static_assert(SPARSITY_N_OF_M_CORE_MATRIX ==
                  static_cast<int>(NOfMLayout::CoreMatrix),
              "the C and C++ enumerations are numbered alike");

/// Runs `body` on the C++ form of `spec` and records its failure.
template <typename Body>
static int32_t run(const SparsityNOfM *spec, Body &&body) {
  Status status;
  // Also bounds what is read from `shape` when the struct is not initialized.
  constexpr int64_t kMaxRank = 64;
  if (!spec || spec->rank < 0 || spec->rank > kMaxRank ||
      (spec->rank != 0 && !spec->shape)) {
    status = Status::error(
        "expected a spec with a shape of rank 0 to 64, but "
        "got " +
        (!spec ? std::string("null") : "rank " + std::to_string(spec->rank)));
  } else {
    NOfMSpec converted;
    converted.n = spec->n;
    converted.m = spec->m;
    converted.axis = spec->axis;
    converted.shape.assign(spec->shape, spec->shape + spec->rank);
    converted.elementType = static_cast<ElementType>(spec->elementType);
    converted.layout = static_cast<NOfMLayout>(spec->layout);
    status = body(converted);
  }
  recordLastError(status);
  return status.ok() ? 0 : 1;
}

extern "C" int32_t sparsityPackedSizesNOfM(const SparsityNOfM *spec,
                                           int64_t *valueBytes,
                                           int64_t *metadataBytes) {
  return run(spec, [&](const NOfMSpec &converted) {
    StatusOr<PackedSizes> sizes = packedSizes(converted);
    if (sizes.ok()) {
      *valueBytes = sizes->valueBytes;
      *metadataBytes = sizes->metadataBytes;
    }
    return sizes.status();
  });
}

extern "C" int32_t sparsityPackNOfM(const SparsityNOfM *spec, const void *dense,
                                    void *values, void *metadata) {
  return run(spec, [&](const NOfMSpec &converted) {
    return packNOfM(converted, dense, values, metadata);
  });
}

extern "C" int32_t sparsityUnpackNOfM(const SparsityNOfM *spec,
                                      const void *values, const void *metadata,
                                      void *dense) {
  return run(spec, [&](const NOfMSpec &converted) {
    return unpackNOfM(converted, values, metadata, dense);
  });
}

extern "C" int32_t sparsityPruneNOfM(const SparsityNOfM *spec, void *dense) {
  return run(spec, [&](const NOfMSpec &converted) {
    return pruneNOfM(converted, dense);
  });
}

extern "C" int32_t sparsityStoreDenseNOfM(const SparsityNOfM *spec,
                                          const void *dense, void *values) {
  return run(spec, [&](const NOfMSpec &converted) {
    return storeNOfMDense(converted, dense, values);
  });
}
