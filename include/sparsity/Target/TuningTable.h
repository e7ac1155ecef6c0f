//===- TuningTable.h - tiles that were measured, as data --------*- C++ -*-===//
//
// Rows of CSV, one for each kernel that was timed: what it multiplies, the tile
// that was fastest and its time. lib/Target/Tuning holds the rows that are
// built in; `sparsity-run --tune` writes them.
//
//===----------------------------------------------------------------------===//

#ifndef SPARSITY_TARGET_TUNINGTABLE_H
#define SPARSITY_TARGET_TUNINGTABLE_H

#include "sparsity/Target/Target.h"

#include "llvm/Support/Error.h"

#include <string>
#include <vector>

namespace mlir::sparsity {

/// What a kernel multiplies: A (rows x reduction) by B (reduction x columns).
struct TuningKey {
  /// A name of the target table.
  std::string target;
  MultiplyType type;
  /// The form in which the instruction takes A: "dense" or "2:4"; where every
  /// 128 rows list their part of the reduction, "dense/128"; for products that
  /// share a kernel, that of each, as in "2:4+2:4".
  std::string format;
  int64_t rows, reduction, columns;
  /// Of a list: the bucket of the share of the reduction that it is expected to
  /// name (getTuningDensity()); 0 where that is not known.
  double density = 0;
};

struct TuningRow {
  TuningKey key;
  int64_t tileRows, tileColumns;
  int64_t consumers, stages, cluster, splits;
  double microseconds;
};

/// The last number of columns that shares a row with `columns`: buckets end at
/// 16, 32, 64, 128, 512 and the powers of two from there on.
int64_t getTuningBucketEnd(int64_t columns);

/// The bucket that stands for `density`, in (0, 1]: of 0.05, 0.1, 0.25, 0.5,
/// 0.75, 0.9 and 1 the one that it has the least ratio to.
double getTuningDensity(double density);

class TuningTable {
public:
  /// A row without a density may end in front of it, and so may the header of a
  /// table that has none.
  static constexpr llvm::StringLiteral kHeader =
      "target,type,format,rows,reduction,columns,tile_rows,tile_columns,"
      "consumers,stages,cluster,splits,microseconds,density";

  /// Errors begin with "line <number>: ".
  static llvm::Expected<TuningTable> parse(llvm::StringRef text);
  /// Errors name the file.
  static llvm::Expected<TuningTable> read(llvm::StringRef file);

  /// The row for a kernel, or null. Everything but the columns has to be equal,
  /// a density too;
  /// of the rows with as many columns or more in the same bucket it is the one
  /// with the fewest. Columns beyond those of the last row take that row if it
  /// was itself measured where whole waves of tiles run, past the bucket that
  /// ends at 512.
  const TuningRow *lookup(const TuningKey &key) const;

  /// Adds `row` in place of the row of the same key, if there is one.
  void set(TuningRow row);

  /// The rows, sorted by their keys.
  llvm::ArrayRef<TuningRow> getRows() const { return rows; }

  /// The CSV text.
  std::string str() const;

  /// Writes the text beside `file` and renames it: readers see the old table or
  /// the new one, and a failure leaves the old.
  llvm::Error write(llvm::StringRef file) const;

private:
  std::vector<TuningRow> rows;
};

/// The fields of `row` as a line of CSV, without its end.
std::string printTuningRow(const TuningRow &row);

/// The table that is built in: every file of lib/Target/Tuning.
const TuningTable &getBuiltinTuningTable();

} // namespace mlir::sparsity

#endif // SPARSITY_TARGET_TUNINGTABLE_H
