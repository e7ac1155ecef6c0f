//===- BitmapFragments.h - records of bits into registers -------*- C++ -*-===//

#ifndef SPARSITY_CONVERSION_SPARSETILETOGPU_BITMAPFRAGMENTS_H
#define SPARSITY_CONVERSION_SPARSETILETOGPU_BITMAPFRAGMENTS_H

#include "KernelBuilder.h"

namespace mlir::sparsity::gpu_conversion {

/// The bytes of a tile's longest record (sparsity/Runtime/PackLists.h).
inline constexpr int64_t kMostRecordBytes = 128 * 4 + 128 * 2 + 64 * 64 * 2;

/// Decodes the record at `address` (i32, in shared memory) into the registers
/// of A of the four products of a 64x64 tile: [16 columns][4] (PTX ISA,
/// "wgmma", register fragments), for thread `lane` of warp `warp` of a
/// warpgroup. Reads up to one element behind the record.
SmallVector<SmallVector<Value, 4>, 4>
emitBitmapFragments(KernelBuilder &b, Value address, Value warp, Value lane);

} // namespace mlir::sparsity::gpu_conversion

#endif // SPARSITY_CONVERSION_SPARSETILETOGPU_BITMAPFRAGMENTS_H
