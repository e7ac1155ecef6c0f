//===- Pack.h - Host packers for N:M weights --------------------*- C++ -*-===//
//
// A dense row-major tensor, at most n of each m elements along `axis` non-zero,
// is stored as its kept values and the positions they came from. It is seen as
// `rows` x `extent`: the extent of `axis`, and all other axes in their order,
// outermost first. A group is m consecutive elements of a row; the last group
// of a row is short if m does not divide the extent.
//
// **row_major**, any 0 < n < m <= 16. G = ceil(extent / m), b = 1, 2 or 4 index
// bits for m <= 2, m <= 4, m <= 16.
//
//   values    [rows][G * n] elements
//   metadata  [rows][ceil(G * n * b / 8)] bytes: index s of a row, the position
//             of value s in its group, at bits s*b .. s*b+b-1, lowest first
//
// **core_matrix**, the operand of mma.sp and wgmma.sp: 2:4 of 8- and 16-bit
// elements, 1:2 of 32-bit elements, and any pattern that nativeFit() admits.
// The matrix is padded with zeros to RB blocks of 64 rows and KB k-blocks, each
// 64 bytes of a compressed row (64 logical elements of 16 bits, 128 of 8, 32 of
// 32).
//
//   values    [KB][RB][4096 bytes]; the 16-byte chunk q (0..3) of compressed
//   row
//             r is at q*1024 + (r/8)*128 + (r%8)*16, the no-swizzle K-major
//             core matrices of a shared-memory descriptor (PTX ISA,
//             "Asynchronous Warpgroup Level Matrix Shared Memory Layout")
//   metadata  u32 words; a nibble is i0 | i1 << 2 (i0 < i1) of a group of 4, or
//             0x4 / 0xE for element 0 / 1 of a group of 2 (PTX ISA, "Sparse
//             matrix storage", ordered metadata)
//     16, 32  [KB][RB][128]: word w*32 + g*4 + p holds row 16w + g in its low
//     bits    and row 16w + g + 8 in its high half, nibbles of the quarter p of
//             the k-block, lowest first
//     8 bits  [KB][RB][256]: word w*64 + g*8 + khalf*4 + hi*2 + kk holds row
//             16w + g + 8*hi, logical k 64*kk + 32*khalf .. +31 of the k-block
//
// A zero group of 4 is 0x4, never 0x0, which the instructions do not define.
//
// **Which elements are kept.** Those that are not zero; -0.0 counts as zero.
// Where these are fewer than n, the lowest other positions fill up, with value
// +0. So unpack(pack(x)) is x bit for bit, but for -0.0, which becomes +0.0.
//
// All functions run in parallel (sparsityParallelFor). Buffers need no
// alignment beyond that of an element.
//
//===----------------------------------------------------------------------===//

#ifndef SPARSITY_RUNTIME_PACK_H
#define SPARSITY_RUNTIME_PACK_H

#include "sparsity/Runtime/Errors.h"
#include "sparsity/Runtime/Numbers.h"

#include <cstdint>
#include <vector>

namespace mlir {
namespace sparsity {
namespace runtime {

enum class NOfMLayout : int32_t { RowMajor = 0, CoreMatrix = 1 };

struct NOfMSpec {
  int64_t n = 2;
  int64_t m = 4;
  /// Of the dense tensor, which is row-major without gaps.
  std::vector<int64_t> shape;
  int64_t axis = 0;
  ElementType elementType = ElementType::BF16;
  NOfMLayout layout = NOfMLayout::RowMajor;
};

struct PackedSizes {
  int64_t valueBytes = 0;
  int64_t metadataBytes = 0;
};

/// Whether every n:m tensor of such elements is also one of the native pattern
/// (2:4 of 8 and 16 bits, 1:2 of 32 bits), which then stores it.
bool nativeFit(int64_t n, int64_t m, int64_t elementBits);

/// Bytes of the two buffers, or what is wrong with `spec`.
StatusOr<PackedSizes> packedSizes(const NOfMSpec &spec);

/// Writes all bytes of `values` and `metadata`. A group with more than n
/// non-zero elements is an error that names the first such row and its
/// elements; the buffers are then unspecified.
Status packNOfM(const NOfMSpec &spec, const void *dense, void *values,
                void *metadata);

/// Writes the whole dense tensor. Positions that do not ascend, that lie beyond
/// m or that the instruction does not define, and values that are not zero in
/// the padding are errors that name the first such row and group; `dense` is
/// then unspecified.
Status unpackNOfM(const NOfMSpec &spec, const void *values,
                  const void *metadata, void *dense);

/// Writes the whole dense tensor again as packing and unpacking leave it, with
/// the errors of packing: the storage of such a tensor that is stored densely.
Status storeNOfMDense(const NOfMSpec &spec, const void *dense, void *values);

/// Keeps the n elements of largest magnitude in each group and sets the others
/// to +0, in place. Ties go to the lowest position; a NaN is larger than all
/// numbers. The layout of `spec` is not looked at.
Status pruneNOfM(const NOfMSpec &spec, void *dense);

} // namespace runtime
} // namespace sparsity
} // namespace mlir

#endif // SPARSITY_RUNTIME_PACK_H
