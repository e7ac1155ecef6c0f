//===- Coverage.h - Which boxes of a tensor may hold elements ---*- C++ -*-===//
//
// Sparsity gives a compiler one licence: to skip. A tile of the iteration space
// may be skipped when no element of it is present, and may run without any mask
// when every element is. Coverage is the answer to both questions, as data: a
// small immutable value with no storage, no IR and no code generation in it.
//
// It has three forms, two combinators and one default.
//
//   all                     every element is present.
//   band(row, col, lo, hi)  in row r the elements lo(r) <= c <= hi(r). A bound
//                           is affine in the row, infinite, or read from a
//                           buffer. Windows, causal masks, prefixes, packed
//                           documents.
//   listed(...)             rows fall into groups, columns into blocks; a
//                           group lists the blocks it holds, in two buffers:
//                           entries positions[g] .. positions[g + 1) of
//                           `coordinates`. Block weights, gates, occupied
//                           tiles. With a batch dimension (experts) the groups
//                           of all batches stand behind each other in one list.
//     periodic(...)         is `listed` with computed coordinates, so it needs
//                           no buffer. Strided masks.
//   all_of, any_of          intersection and union of what is present.
//   unknown                 nothing can be said about any tile.
//
// A tile is then one of three kinds, ordered empty < partial < full. `all_of`
// takes the minimum and `any_of` the maximum of the members' kinds, and
// `partial` is always a sound answer: a partial tile runs and its elements are
// masked one by one. So an encoding that can answer nothing but the element
// predicate is correct everywhere, and each better answer only buys speed.
//
//   sound   classify = empty  =>  no element of the box is present
//           classify = full   =>  every element of the box is present
//
// Worked table: a 16 x 16 tensor, the box of rows [8, 12) and columns [4, 8).
//
//   coverage                                     kind     because
//   all                                          full
//   band  c <= r                                 full     7 <= 8
//   band  r - 4 <= c <= r                        partial  row 8 has 4..8, row
//                                                         11 has 7..11
//   band  r <= c                                 empty    7 < 8
//   band  0 <= c <= 3 (prefix of 4)              empty    3 < 4
//   listed 4x4, group 2 holds {0, 1}             full     block 1 =
//   columns 4..7 listed 4x2, group 2 holds {2}                partial  block 2
//   = columns 4, 5 listed 4x4, group 2 holds {0, 2}             empty periodic
//   8, offset 0                         empty    columns 0, 8 periodic 4,
//   offset 0                         partial  column 4 periodic 4, offset 0,
//   length 4               full all_of [c <= r, periodic 4] partial  min(full,
//   partial) all_of [r - 4 <= c, c <= r - 5]              empty    bands of one
//   plane are
//                                                         intersected exactly
//   any_of [r <= c, periodic 4]                  partial  max(empty, partial)
//   any_of [c <= r, unknown]                     full     max(full, partial)
//   unknown                                      partial
//   listed, band with a buffer that is missing   partial  not known yet
//
// Dimensions are numbered as in the tensor type. Values a verifier would refuse
// (a granularity or period below 1) become `unknown`, and a dimension beyond
// the rank of the point or box asked about answers "present" and "partial":
// nothing here asserts.
//
//===----------------------------------------------------------------------===//

#ifndef SPARSITY_COVERAGE_COVERAGE_H
#define SPARSITY_COVERAGE_COVERAGE_H

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace mlir {
namespace sparsity {

/// How much of a tile is present.
enum class TileKind : uint8_t { Empty = 0, Partial = 1, Full = 2 };

/// The kind of an intersection, from the kinds of its members: the minimum.
TileKind meet(TileKind lhs, TileKind rhs);
/// The kind of a union, from the kinds of its members: the maximum.
TileKind join(TileKind lhs, TileKind rhs);
/// "empty", "partial" or "full".
const char *stringifyTileKind(TileKind kind);

/// The indices begin <= i < end.
struct Interval {
  int64_t begin = 0, end = 0;

  bool empty() const { return end <= begin; }
  int64_t size() const { return empty() ? 0 : end - begin; }
  bool operator==(const Interval &other) const {
    return begin == other.begin && end == other.end;
  }
};

/// One interval, or one index, for each dimension.
using Box = std::vector<Interval>;
using Point = std::vector<int64_t>;

/// A bound on the columns of a row: scale * row + offset; or buffer[row] when
/// `buffer` names a field; or infinite (minus as a lower, plus as an upper
/// bound) when `unbounded`.
struct AffineBound {
  int64_t scale = 0, offset = 0;
  bool unbounded = false;
  std::string buffer;

  static AffineBound constant(int64_t value) { return affine(0, value); }
  static AffineBound affine(int64_t scale, int64_t offset) {
    AffineBound bound;
    bound.scale = scale;
    bound.offset = offset;
    return bound;
  }
  static AffineBound infinite() {
    AffineBound bound;
    bound.unbounded = true;
    return bound;
  }
  static AffineBound read(std::string field) {
    AffineBound bound;
    bound.buffer = std::move(field);
    return bound;
  }

  /// True if the value depends on the row.
  bool usesRow() const { return !unbounded && (scale != 0 || !buffer.empty()); }
  bool operator==(const AffineBound &other) const {
    return scale == other.scale && offset == other.offset &&
           unbounded == other.unbounded && buffer == other.buffer;
  }
};

/// The storage fields a coverage reads, by name: a view, which does not own the
/// buffers. A field that is not bound (yet) makes the coverage that reads it
/// partial.
class IndexBuffers {
public:
  struct Field {
    const int64_t *data = nullptr;
    int64_t size = 0;
  };

  void bind(const std::string &name, const int64_t *data, int64_t size);
  void bind(const std::string &name, const std::vector<int64_t> &values);
  /// The field, or null if it is not bound.
  const Field *find(const std::string &name) const;

private:
  std::map<std::string, Field> fields;
};

/// The set of elements of a tensor that may be present. A value: cheap to copy,
/// never changes.
class Coverage {
public:
  enum class Kind : uint8_t {
    All,
    Band,
    Listed,
    Periodic,
    AllOf,
    AnyOf,
    Unknown
  };

  /// Same as all().
  Coverage();

  static Coverage all();
  /// Nothing present: the empty any_of.
  static Coverage none();

  /// Every tile is partial, and no element can be excluded here.
  static Coverage unknown();
  /// Every tile is partial, but the host can decide elements. `name` stands for
  /// the predicate in comparisons and in print, so two predicates need two
  /// names.
  static Coverage unknown(std::string name,
                          std::function<bool(const Point &)> contains);

  /// Element (.., r, .., c, ..) is present iff lo(r) <= c <= hi(r), both ends
  /// inclusive, r being the index along `rowDim` and c the one along `colDim`.
  static Coverage band(unsigned rowDim, unsigned colDim, AffineBound lo,
                       AffineBound hi);
  /// The first `length` indices of `dim`: a band with constant bounds.
  static Coverage prefix(unsigned dim, int64_t length);

  /// Rows r of `groupDim` form groups g = floor(r / groupGranularity); entry e
  /// among coordinates[positions[g] .. positions[g + 1]) says that the columns
  /// [e * granularity, (e + 1) * granularity) of `listedDim` are present in
  /// group g. Entries may come in any order and repeat. A group whose entries
  /// cannot be read (a field not bound, or too short) counts as not known.
  static Coverage listed(unsigned groupDim, int64_t groupGranularity,
                         unsigned listedDim, int64_t granularity,
                         std::string positions = "positions",
                         std::string coordinates = "coordinates");

  /// The groups of a list that runs over batches too: index b of `dim` owns the
  /// groups b * groups .. (b + 1) * groups - 1.
  struct Batch {
    unsigned dim = 0;
    int64_t groups = 0;

    bool operator==(const Batch &other) const {
      return dim == other.dim && groups == other.groups;
    }
  };
  /// The same with g = b * batch.groups + floor(r / groupGranularity), b being
  /// the index along `batch.dim`. A row whose floor(r / groupGranularity) is
  /// not below batch.groups counts as not known. `batch.dim` has to differ from
  /// the two others, and `batch.groups` to be 1 at least, or the coverage is
  /// unknown.
  static Coverage listed(Batch batch, unsigned groupDim,
                         int64_t groupGranularity, unsigned listedDim,
                         int64_t granularity,
                         std::string positions = "positions",
                         std::string coordinates = "coordinates");

  /// Columns c >= offset with (c - offset) mod period in [0, length).
  /// A length above the period means the period, one below 1 means none().
  static Coverage periodic(unsigned listedDim, int64_t period, int64_t offset,
                           int64_t length = 1);

  /// What is present in every, or in some, member. Nested combinators of the
  /// same kind are flattened, equal members and identities dropped, and a
  /// single member is returned as it is; allOf({}) is all().
  static Coverage allOf(std::vector<Coverage> members);
  static Coverage anyOf(std::vector<Coverage> members);

  Kind kind() const;
  bool isAll() const { return kind() == Kind::All; }
  /// True for the empty any_of only.
  bool isNone() const;

  /// Band. Zero or unbounded for other kinds.
  unsigned rowDim() const;
  unsigned colDim() const;
  const AffineBound &lower() const;
  const AffineBound &upper() const;
  /// Listed.
  unsigned groupDim() const;
  int64_t groupGranularity() const;
  const std::string &positions() const;
  const std::string &coordinates() const;
  /// Nothing unless the groups run over batches.
  const std::optional<Batch> &batch() const;
  /// Listed and Periodic. The granularity of a periodic one is its length.
  unsigned listedDim() const;
  int64_t granularity() const;
  /// Periodic.
  int64_t period() const;
  int64_t offset() const;
  int64_t length() const;
  /// AllOf and AnyOf; empty for other kinds.
  const std::vector<Coverage> &members() const;
  /// Unknown: the name given, or "".
  const std::string &name() const;
  /// False for an unknown without a predicate, alone or as a member: then
  /// contains() only says which elements cannot be excluded.
  bool hasPredicate() const;

  /// True unless the element is known to be absent.
  bool contains(const Point &point, const IndexBuffers &buffers = {}) const;

  /// Structural equality; members compare in order.
  bool operator==(const Coverage &other) const;
  bool operator!=(const Coverage &other) const { return !(*this == other); }
  size_t hash() const;
  /// For example
  /// "all_of<[band<d0, d1, lo = -inf, hi = d0>, periodic<d1, period = 512>]>".
  std::string str() const;

private:
  struct Node;
  explicit Coverage(std::shared_ptr<const Node> node);
  static Coverage combine(Kind kind, std::vector<Coverage> members);

  std::shared_ptr<const Node> node;
};

} // namespace sparsity
} // namespace mlir

#endif // SPARSITY_COVERAGE_COVERAGE_H
