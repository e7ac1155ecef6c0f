//===- TuningTable.cpp - reads, searches and writes measured tiles --------===//

#include "sparsity/Target/TuningTable.h"

#include "sparsity/Target/KnownTargets.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/ErrorHandling.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"

#include <cmath>
#include <limits>
#include <optional>
#include <tuple>

using namespace mlir;
using namespace mlir::sparsity;
using llvm::Error;
using llvm::Expected;
using llvm::Twine;

static Error makeError(const Twine &message) {
  return llvm::createStringError(message);
}

//===----------------------------------------------------------------------===//
// Keys
//===----------------------------------------------------------------------===//

/// Everything but the columns.
static auto getKernel(const TuningKey &key) {
  return std::make_tuple(StringRef(key.target), stringifyMultiplyType(key.type),
                         StringRef(key.format), key.rows, key.reduction,
                         key.density);
}

static bool isBefore(const TuningKey &left, const TuningKey &right) {
  return std::make_tuple(getKernel(left), left.columns) <
         std::make_tuple(getKernel(right), right.columns);
}

/// The bucket up to which few columns decide the tile: beyond it a kernel runs
/// whole waves of tiles.
static constexpr int64_t kFewColumns = 512;

int64_t sparsity::getTuningBucketEnd(int64_t columns) {
  constexpr int64_t kFirst = 16, kLastNarrow = 128;
  if (columns <= kFirst) {
    return kFirst;
  }
  if (columns > kLastNarrow && columns <= kFewColumns) {
    return kFewColumns;
  }
  return static_cast<int64_t>(llvm::PowerOf2Ceil(columns));
}

static constexpr double kDensities[] = {0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 1};

double sparsity::getTuningDensity(double density) {
  auto getRatio = [&](double bucket) {
    return std::max(bucket, density) / std::min(bucket, density);
  };
  return *llvm::min_element(kDensities, [&](double left, double right) {
    return getRatio(left) < getRatio(right);
  });
}

/// The first row whose key is not before `key`.
static auto findFrom(llvm::ArrayRef<TuningRow> rows, const TuningKey &key) {
  return llvm::lower_bound(rows, key,
                           [](const TuningRow &row, const TuningKey &wanted) {
                             return isBefore(row.key, wanted);
                           });
}

const TuningRow *TuningTable::lookup(const TuningKey &key) const {
  llvm::ArrayRef<TuningRow> all = rows;
  const TuningRow *found = findFrom(all, key);
  if (found != all.end() && getKernel(found->key) == getKernel(key)) {
    bool isSameBucket = getTuningBucketEnd(found->key.columns) ==
                        getTuningBucketEnd(key.columns);
    return isSameBucket ? found : nullptr;
  }
  // Every row of this kernel has fewer columns.
  if (found == all.begin()) {
    return nullptr;
  }
  const TuningRow *last = std::prev(found);
  bool serves =
      getKernel(last->key) == getKernel(key) && last->key.columns > kFewColumns;
  return serves ? last : nullptr;
}

void TuningTable::set(TuningRow row) {
  llvm::ArrayRef<TuningRow> all = rows;
  auto place = rows.begin() + (findFrom(all, row.key) - all.begin());
  if (place != rows.end() && !isBefore(row.key, place->key)) {
    *place = std::move(row);
  } else {
    rows.insert(place, std::move(row));
  }
}

//===----------------------------------------------------------------------===//
// Reading
//===----------------------------------------------------------------------===//

static bool isFormat(StringRef text) {
  return llvm::all_of(llvm::split(text, '+'), [](StringRef part) {
    auto [stored, listed] = part.split('/');
    unsigned n = 0, m = 0, rows = 0;
    if (part.contains('/') && (listed.getAsInteger(10, rows) || rows == 0)) {
      return false;
    }
    auto [kept, group] = stored.split(':');
    return stored == "dense" || stored == "bitmap" ||
           (!kept.getAsInteger(10, n) && !group.getAsInteger(10, m) && 1 <= n &&
            n <= m);
  });
}

/// Fills the last field of a row, which may be missing or empty.
static Error parseDensity(StringRef field, TuningKey &key) {
  if (field.empty()) {
    return Error::success();
  }
  if (field.getAsDouble(key.density) ||
      !llvm::is_contained(kDensities, key.density)) {
    return makeError("expected a density among 0.05, 0.1, 0.25, 0.5, 0.75, "
                     "0.9, 1, but got \"" +
                     field + "\"");
  }
  if (!StringRef(key.format).contains('/')) {
    return makeError("expected a density only beside lists, such as dense/128, "
                     "but got one beside \"" +
                     key.format + "\"");
  }
  return Error::success();
}

/// Fills `row`, or says what is wrong with `line`.
static Error parseRow(StringRef line, TuningRow &row) {
  llvm::SmallVector<StringRef> names, fields;
  StringRef(TuningTable::kHeader).split(names, ',');
  line.split(fields, ',');
  if (fields.size() + 1 == names.size()) {
    fields.push_back("");
  }
  if (fields.size() != names.size()) {
    return makeError("expected " + Twine(names.size() - 1) + " or " +
                     Twine(names.size()) + " fields, but got " +
                     Twine(fields.size()));
  }
  const TargetInfo *target = lookupTarget(fields[0]);
  if (!target) {
    return makeError("expected a target among " + getKnownTargetNames() +
                     ", but got \"" + fields[0] + "\"");
  }
  row.key.target = target->name.str();
  std::optional<MultiplyType> type = parseMultiplyType(fields[1]);
  if (!type) {
    return makeError("expected a type among f16, bf16, tf32, f32, s8, e4m3, "
                     "e5m2, but got \"" +
                     fields[1] + "\"");
  }
  row.key.type = *type;
  if (!isFormat(fields[2])) {
    return makeError("expected a format such as dense, 2:4, dense/128 or "
                     "2:4+2:4, but got \"" +
                     fields[2] + "\"");
  }
  row.key.format = fields[2].str();
  size_t next = 3;
  for (int64_t *number : {&row.key.rows, &row.key.reduction, &row.key.columns,
                          &row.tileRows, &row.tileColumns, &row.consumers,
                          &row.stages, &row.cluster, &row.splits}) {
    if (fields[next].getAsInteger(10, *number) || *number <= 0) {
      return makeError("expected a positive integer as " + names[next] +
                       ", but got \"" + fields[next] + "\"");
    }
    ++next;
  }
  if (fields[next].getAsDouble(row.microseconds) ||
      !(row.microseconds > 0 && std::isfinite(row.microseconds))) {
    return makeError("expected a positive number as microseconds, but got \"" +
                     fields[next] + "\"");
  }
  return parseDensity(fields[next + 1], row.key);
}

Expected<TuningTable> TuningTable::parse(llvm::StringRef text) {
  TuningTable table;
  size_t number = 0;
  for (StringRef line : llvm::split(text, '\n')) {
    ++number;
    std::string where = ("line " + Twine(number) + ": ").str();
    line = line.trim();
    if (number == 1) {
      if (line != kHeader && line != StringRef(kHeader).rsplit(',').first) {
        return makeError(where + "expected the header \"" + kHeader +
                         "\", but got \"" + line + "\"");
      }
      continue;
    }
    if (line.empty()) {
      continue;
    }
    TuningRow row;
    if (Error problem = parseRow(line, row)) {
      return makeError(where + llvm::toString(std::move(problem)));
    }
    size_t before = table.rows.size();
    table.set(row);
    if (table.rows.size() == before) {
      return makeError(where +
                       "expected one row for each kernel, but got a "
                       "second one for \"" +
                       line + "\"");
    }
  }
  return table;
}

Expected<TuningTable> TuningTable::read(llvm::StringRef file) {
  auto buffer = llvm::MemoryBuffer::getFile(file, /*IsText=*/true);
  if (!buffer) {
    return makeError("expected to read '" + file +
                     "', but got: " + buffer.getError().message());
  }
  Expected<TuningTable> table = parse((*buffer)->getBuffer());
  if (!table) {
    return makeError(file + ": " + llvm::toString(table.takeError()));
  }
  return table;
}

namespace {
struct BuiltinFile {
  const char *name, *text;
};
} // namespace

static const BuiltinFile kBuiltinFiles[] = {
#include "BuiltinTuningTables.inc"
};

static TuningTable readBuiltinFiles() {
  TuningTable all;
  for (const BuiltinFile &file : kBuiltinFiles) {
    Expected<TuningTable> table = TuningTable::parse(file.text);
    if (!table) {
      llvm::reportFatalInternalError(Twine(file.name) + ": " +
                                     llvm::toString(table.takeError()));
    }
    for (const TuningRow &row : table->getRows()) {
      all.set(row);
    }
  }
  return all;
}

const TuningTable &sparsity::getBuiltinTuningTable() {
  static const TuningTable table = readBuiltinFiles();
  return table;
}

//===----------------------------------------------------------------------===//
// Writing
//===----------------------------------------------------------------------===//

std::string sparsity::printTuningRow(const TuningRow &row) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  stream << row.key.target << "," << stringifyMultiplyType(row.key.type) << ","
         << row.key.format;
  for (int64_t number :
       {row.key.rows, row.key.reduction, row.key.columns, row.tileRows,
        row.tileColumns, row.consumers, row.stages, row.cluster, row.splits}) {
    stream << "," << number;
  }
  stream << "," << llvm::format("%.3f", row.microseconds);
  if (row.key.density != 0) {
    stream << "," << llvm::format("%g", row.key.density);
  }
  return text;
}

std::string TuningTable::str() const {
  std::string text = kHeader.str() + "\n";
  for (const TuningRow &row : rows) {
    text += printTuningRow(row) + "\n";
  }
  return text;
}

Error TuningTable::write(llvm::StringRef file) const {
  auto fail = [&](Error problem) {
    return makeError("expected to write '" + file +
                     "', but got: " + llvm::toString(std::move(problem)));
  };
  Expected<llvm::sys::fs::TempFile> temporary = llvm::sys::fs::TempFile::create(
      file + ".%%%%%%", llvm::sys::fs::all_read | llvm::sys::fs::all_write);
  if (!temporary) {
    return fail(temporary.takeError());
  }
  llvm::raw_fd_ostream stream(temporary->FD, /*shouldClose=*/false);
  stream << str();
  stream.flush();
  if (stream.has_error()) {
    std::error_code code = stream.error();
    stream.clear_error();
    return fail(
        llvm::joinErrors(llvm::errorCodeToError(code), temporary->discard()));
  }
  if (Error problem = temporary->keep(file)) {
    return fail(std::move(problem));
  }
  return Error::success();
}
