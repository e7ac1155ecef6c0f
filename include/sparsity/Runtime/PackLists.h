//===- PackLists.h - Host packers for block and tile lists ------*- C++ -*-===//
//
// A dense row-major tensor [R, C], or [E, R, C] (E tensors of one shape), is
// cut into tiles of `rows` x `columns` elements, the last row and column of
// tiles possibly hanging over the edge. Rows of tiles are numbered e * ceil(R /
// rows)
// + row of tiles: these are the *groups*. A group lists the tiles it holds:
//
//   positions    i32 [groups + 1]  entries positions[g] .. positions[g+1) are
//                                  those of group g; from 0 to n
//   coordinates  i32 [n]           the column of tiles of each entry, strictly
//                                  ascending in a group
//
// **block**. Every entry is stored whole:
//
//   values       [n][rows][columns] elements, zero beyond the edge; with an
//                inner n:m pattern [n][the values of an n:m tensor of rows x
//                columns] (Pack.h), its groups of m starting anew in each block
//   metadata     with an inner pattern [n][its metadata]
//   order        of an ordered list i32 [groups], a permutation: kernels visit
//                the groups in this order. Any is right, a good one is faster.
//
// **unstructured**. Only non-zero elements are stored. words = rows * columns /
// 64, and bit b = r * columns + c of a tile is bit b % 64 of its word b / 64.
//
//   bitmap       i64 [n][words]    which elements of the tile are present
//   offsets      i32 [n][words]    elements present in all words before
//   values       [nnz] elements, in the order of their bits
//
// **unstructured**, layout fragments, of tiles of 64 x 64 and elements of 16
// bits: each entry is a record of 16-bit units, at a multiple of 16 bytes.
//
//   offsets      i32 [n + 1]       where each record begins, in units; and the
//                                  end of the last one
//   values       [offsets[n]]      of each record 128 words of 32 bits, 128
//                                  beginnings of 16 bits, the elements, zeros
//
// A tile is 128 patches of 2 rows and 16 columns. Patch (w, q, s, h) has rows
// 16 w + 8 h + 2 q and the next, columns 16 s and on; each is below 4 but for
// h, which is below 2. Its word, and the byte of the record where its elements
// begin, is number ((4 w + q) 4 + s) 2 + h. Bit 8 e + 4 r + c of the word is
// row r, column 2 c + e % 2 + 8 (e / 2). Its elements are in ascending order of
// (r, c, e), and those of the patches in ascending order of (w, s, h, q).
//
// **What is kept.** A tile that holds an element which is not zero, -0.0
// counting as zero. A dense block keeps all of its bits; elsewhere -0.0 becomes
// +0.0. So unpack(pack(x)) is x bit for bit, but for -0.0.
//
// Tiles have 1..256 rows and columns, a bitmap tile a multiple of 64 elements.
// What is stored depends on the data: count first, then allocate, then pack.
// All functions run in parallel (sparsityParallelFor). Buffers need no
// alignment beyond that of an element.
//
//===----------------------------------------------------------------------===//

#ifndef SPARSITY_RUNTIME_PACKLISTS_H
#define SPARSITY_RUNTIME_PACKLISTS_H

#include "sparsity/Runtime/Pack.h"

#include <optional>

namespace mlir {
namespace sparsity {
namespace runtime {

/// The share that pruning keeps where nobody says another.
constexpr double kDefaultDensity = 0.5;

//===----------------------------------------------------------------------===//
// Any list
//===----------------------------------------------------------------------===//

/// The two index fields of a list, as a caller holds them.
struct ListFields {
  const int32_t *positions = nullptr;
  const int32_t *coordinates = nullptr;
  /// The length of `coordinates`.
  int64_t entries = 0;
};

/// Fails unless positions[0 .. groups] ascend from 0 to `list.entries` and each
/// group's coordinates ascend strictly in [0, columns). With `hasSlack` the
/// list may end before `list.entries`; what is beyond has to be 0. The message
/// names the field and the index in it.
Status checkList(const ListFields &list, int64_t groups, int64_t columns,
                 bool hasSlack = false);

//===----------------------------------------------------------------------===//
// Blocks
//===----------------------------------------------------------------------===//

struct BlockSpec {
  /// Of the dense tensor, two or three sizes.
  std::vector<int64_t> shape;
  int64_t rows = 0;
  int64_t columns = 0;
  ElementType elementType = ElementType::BF16;

  /// The pattern inside a block; `axis` is 0 (its rows) or 1 (its columns).
  struct Inner {
    int64_t n = 2;
    int64_t m = 4;
    int64_t axis = 1;
    NOfMLayout layout = NOfMLayout::RowMajor;
  };
  std::optional<Inner> inner;

  /// Whether the storage has an order of the groups; rank 2 only.
  bool ordered = false;
};

/// What does not depend on the data.
struct BlockSizes {
  int64_t groups = 0;
  /// Columns of blocks.
  int64_t columns = 0;
  /// Bytes of one entry; no metadata without an inner pattern.
  int64_t valueBytes = 0;
  int64_t metadataBytes = 0;
};

/// The storage of a tensor, in ABI order; `metadata` is null without an inner
/// pattern, `order` if the list is not ordered. The packer writes it, others
/// read.
struct BlockFields {
  int32_t *positions = nullptr;
  int32_t *coordinates = nullptr;
  int64_t entries = 0;
  void *values = nullptr;
  void *metadata = nullptr;
  int32_t *order = nullptr;
};

/// Or what is wrong with `spec`.
StatusOr<BlockSizes> blockSizes(const BlockSpec &spec);

/// The blocks of `dense` that are kept. 2^31 of them or more are an error.
StatusOr<int64_t> countBlocks(const BlockSpec &spec, const void *dense);

/// Writes all of `fields`, whose `entries` has to be what countBlocks() says. A
/// block that does not fit the inner pattern is an error that names the first
/// one; the buffers are then unspecified.
Status packBlocks(const BlockSpec &spec, const void *dense,
                  const BlockFields &fields);

/// Writes a good order of the groups of a list of which positions[groups] are
/// the entries, whether or not `spec` asks for one; fails unless checkList()
/// accepts the list. Blocks of more than 64 rows: longest list first. Smaller
/// ones: in pairs that share as many columns as can be found, for kernels that
/// join the lists of two groups. The longest group that is left is paired with
/// the one that has most columns in common with it; the pairs that have most
/// columns together come first, and a group without a partner is the last of
/// all. Ties go to the lower group.
///
/// A partner is looked for among all groups that are left if the list has at
/// most 8192, in a longer one among the next 1024 in order of length. With more
/// than 512 columns of blocks it is among fewer, so that the time is the same.
Status orderBlocks(const BlockSpec &spec, const int32_t *positions,
                   const int32_t *coordinates, int32_t *order);

/// Fails unless `fields` is the storage of a tensor of `spec`: checkList(), an
/// order that is a permutation, values that are zero beyond the edge, and what
/// unpackNOfM() checks. An order or values that are null are not looked at.
Status checkBlocks(const BlockSpec &spec, const BlockFields &fields);

/// Checks, then writes the whole dense tensor.
Status unpackBlocks(const BlockSpec &spec, const BlockFields &fields,
                    void *dense);

/// As storeNOfMDense(): the tensor with what is not stored set to +0.
Status storeBlocksDense(const BlockSpec &spec, const void *dense, void *values);

/// Keeps the round(density * blocks) blocks of largest Frobenius norm and sets
/// the others to +0, in place; then prunes inside the kept ones by the inner
/// pattern, if there is one (pruneNOfM()). Ties go to the lowest index in
/// row-major order; the norm of a block with a NaN is infinite. A density
/// outside [0, 1] is an error.
Status pruneBlocks(const BlockSpec &spec, double density, void *dense);

//===----------------------------------------------------------------------===//
// Bitmap tiles
//===----------------------------------------------------------------------===//

enum class UnstructuredLayout : int32_t { RowMajor = 0, Fragments = 1 };

struct UnstructuredSpec {
  /// Of the dense tensor, two sizes.
  std::vector<int64_t> shape;
  int64_t rows = 64;
  int64_t columns = 64;
  ElementType elementType = ElementType::BF16;
  UnstructuredLayout layout = UnstructuredLayout::RowMajor;
};

struct UnstructuredSizes {
  int64_t groups = 0;
  /// Columns of tiles.
  int64_t columns = 0;
  /// 64-bit words of one tile in `bitmap`; none in layout fragments.
  int64_t words = 0;
};

struct UnstructuredCounts {
  int64_t tiles = 0;
  /// Of `values`: the elements that are present, or the units of all records.
  int64_t elements = 0;
};

/// As BlockFields.
struct UnstructuredFields {
  int32_t *positions = nullptr;
  int32_t *coordinates = nullptr;
  uint64_t *bitmap = nullptr;
  int32_t *offsets = nullptr;
  void *values = nullptr;
  UnstructuredCounts counts;
};

StatusOr<UnstructuredSizes> unstructuredSizes(const UnstructuredSpec &spec);

/// The occupied tiles of `dense` and what `values` takes. 2^31 elements or more
/// are an error.
StatusOr<UnstructuredCounts> countUnstructured(const UnstructuredSpec &spec,
                                               const void *dense);

/// Writes all of `fields`, whose `counts` have to be those of
/// countUnstructured().
Status packUnstructured(const UnstructuredSpec &spec, const void *dense,
                        const UnstructuredFields &fields);

/// Fails unless `fields` is the storage of a tensor of `spec`: checkList(), no
/// bit beyond the edge, and offsets (and beginnings) that count the bits.
/// Values are any.
Status checkUnstructured(const UnstructuredSpec &spec,
                         const UnstructuredFields &fields);

/// Checks, then writes the whole dense tensor.
Status unpackUnstructured(const UnstructuredSpec &spec,
                          const UnstructuredFields &fields, void *dense);

/// As storeNOfMDense().
Status storeUnstructuredDense(const UnstructuredSpec &spec, const void *dense,
                              void *values);

/// Keeps the round(density * elements) elements of largest magnitude and sets
/// the others to +0, in place. Ties go to the lowest index; a NaN is larger
/// than all numbers.
Status pruneUnstructured(const UnstructuredSpec &spec, double density,
                         void *dense);

} // namespace runtime
} // namespace sparsity
} // namespace mlir

#endif // SPARSITY_RUNTIME_PACKLISTS_H
