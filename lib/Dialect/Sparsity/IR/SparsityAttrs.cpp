//===- SparsityAttrs.cpp - targets and the two normal forms ---------------===//

#include "sparsity/Dialect/Sparsity/IR/Sparsity.h"
#include "sparsity/Target/KnownTargets.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace mlir::sparsity;

#define GET_ATTRDEF_CLASSES
#include "sparsity/Dialect/Sparsity/IR/SparsityAttrs.cpp.inc"

void SparsityDialect::registerAttributes() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "sparsity/Dialect/Sparsity/IR/SparsityAttrs.cpp.inc"
      >();
}

SmallVector<StorageField>
mlir::sparsity::getDenseStorage(RankedTensorType type) {
  return {{"values", getDenseType(type)}};
}

//===----------------------------------------------------------------------===//
// Target
//===----------------------------------------------------------------------===//

LogicalResult TargetAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                 StringRef name) {
  // target_c1
  if (!lookupTarget(name)) {
    return emitError() << "expected a target among " << getKnownTargetNames()
                       << ", but got \"" << name << "\"";
  }
  return success();
}

const TargetInfo &TargetAttr::getTargetInfo() const {
  return *lookupTarget(getName());
}

//===----------------------------------------------------------------------===//
// Coverage
//===----------------------------------------------------------------------===//

/// bound ::= `-` `inf` | `inf` | `"` field `"` | scale `*` `row` `+` offset
static ParseResult parseBound(AsmParser &parser, bool lower,
                              AffineBound &bound) {
  std::string field;
  SMLoc loc = parser.getCurrentLocation();
  if (succeeded(parser.parseOptionalString(&field))) {
    bound = AffineBound::read(std::move(field));
    return success();
  }
  // A minus opens `-inf` as well as a negative scale, so it is read by itself.
  bool negative = succeeded(parser.parseOptionalMinus());
  if (succeeded(parser.parseOptionalKeyword("inf"))) {
    // coverage_c2
    if (negative != lower) {
      return parser.emitError(loc)
             << "expected -inf as a lower and inf as an upper bound, but got "
             << (negative ? "-inf" : "inf");
    }
    bound = AffineBound::infinite();
    return success();
  }
  int64_t scale = 0, offset = 0;
  if (parser.parseInteger(scale) || parser.parseStar() ||
      parser.parseKeyword("row") || parser.parsePlus() ||
      parser.parseInteger(offset)) {
    return failure();
  }
  bound = AffineBound::affine(negative ? -scale : scale, offset);
  return success();
}

static void printBound(AsmPrinter &printer, bool lower,
                       const AffineBound &bound) {
  if (bound.unbounded) {
    printer << (lower ? "-inf" : "inf");
  } else if (!bound.buffer.empty()) {
    printer.printString(bound.buffer);
  } else {
    printer << bound.scale << " * row + " << bound.offset;
  }
}

static ParseResult parseKey(AsmParser &parser, StringRef key) {
  return failure(parser.parseKeyword(key) || parser.parseEqual());
}

/// Parses `key = dim` of a dimension number.
static ParseResult parseDim(AsmParser &parser, StringRef key, unsigned &dim) {
  return failure(parseKey(parser, key) || parser.parseInteger(dim));
}

/// Parses `key = dim by granularity`.
static ParseResult parseDimBy(AsmParser &parser, StringRef key, unsigned &dim,
                              int64_t &granularity) {
  if (parseDim(parser, key, dim) || parser.parseKeyword("by")) {
    return failure();
  }
  SMLoc loc = parser.getCurrentLocation();
  if (parser.parseInteger(granularity)) {
    return failure();
  }
  // coverage_c3
  if (granularity < 1) {
    return parser.emitError(loc)
           << "expected a granularity >= 1, but got " << granularity;
  }
  return success();
}

static FailureOr<Coverage> parseCoverage(AsmParser &parser);

static FailureOr<Coverage> parseBand(AsmParser &parser) {
  unsigned rows = 0, columns = 0;
  AffineBound lo, hi;
  if (parser.parseLess() || parseDim(parser, "rows", rows) ||
      parser.parseComma() || parseDim(parser, "cols", columns) ||
      parser.parseComma() || parseKey(parser, "lo") ||
      parseBound(parser, /*lower=*/true, lo) || parser.parseComma() ||
      parseKey(parser, "hi") || parseBound(parser, /*lower=*/false, hi) ||
      parser.parseGreater()) {
    return failure();
  }
  return Coverage::band(rows, columns, lo, hi);
}

static FailureOr<Coverage> parseListed(AsmParser &parser) {
  unsigned groups = 0, entries = 0;
  int64_t groupGranularity = 0, granularity = 0;
  std::string positions, coordinates;
  std::optional<Coverage::Batch> batch;
  if (parser.parseLess()) {
    return failure();
  }
  if (succeeded(parser.parseOptionalKeyword("batches"))) {
    batch.emplace();
    if (parser.parseEqual() || parser.parseInteger(batch->dim) ||
        parser.parseKeyword("of")) {
      return failure();
    }
    SMLoc loc = parser.getCurrentLocation();
    if (parser.parseInteger(batch->groups)) {
      return failure();
    }
    // coverage_c5
    if (batch->groups < 1) {
      return parser.emitError(loc)
             << "expected a batch of >= 1 groups, but got " << batch->groups;
    }
    if (parser.parseComma()) {
      return failure();
    }
  }
  SMLoc dimsLoc = parser.getCurrentLocation();
  if (parseDimBy(parser, "groups", groups, groupGranularity) ||
      parser.parseComma() ||
      parseDimBy(parser, "entries", entries, granularity) ||
      parser.parseComma() || parseKey(parser, "positions") ||
      parser.parseString(&positions) || parser.parseComma() ||
      parseKey(parser, "coordinates") || parser.parseString(&coordinates) ||
      parser.parseGreater()) {
    return failure();
  }
  if (!batch) {
    return Coverage::listed(groups, groupGranularity, entries, granularity,
                            positions, coordinates);
  }
  // coverage_c6
  if (batch->dim == groups || batch->dim == entries) {
    return parser.emitError(dimsLoc)
           << "expected batches, groups and entries along different "
              "dimensions, but got dimension "
           << batch->dim << " twice";
  }
  return Coverage::listed(*batch, groups, groupGranularity, entries,
                          granularity, positions, coordinates);
}

static FailureOr<Coverage> parsePeriodic(AsmParser &parser) {
  unsigned dim = 0;
  int64_t period = 0, offset = 0, length = 0;
  SMLoc loc = parser.getCurrentLocation();
  if (parser.parseLess() || parseDim(parser, "dim", dim) ||
      parser.parseComma() || parseKey(parser, "period") ||
      parser.parseInteger(period) || parser.parseComma() ||
      parseKey(parser, "offset") || parser.parseInteger(offset) ||
      parser.parseComma() || parseKey(parser, "length") ||
      parser.parseInteger(length) || parser.parseGreater()) {
    return failure();
  }
  // coverage_c4
  if (period < 1) {
    return parser.emitError(loc) << "expected period >= 1, but got " << period;
  }
  return Coverage::periodic(dim, period, offset, length);
}

/// Parses `<[member, ...]>`.
static FailureOr<std::vector<Coverage>> parseMembers(AsmParser &parser) {
  std::vector<Coverage> members;
  if (parser.parseLess() ||
      parser.parseCommaSeparatedList(AsmParser::Delimiter::Square,
                                     [&]() -> ParseResult {
                                       FailureOr<Coverage> member =
                                           parseCoverage(parser);
                                       if (failed(member)) {
                                         return failure();
                                       }
                                       members.push_back(*member);
                                       return success();
                                     }) ||
      parser.parseGreater()) {
    return failure();
  }
  return members;
}

static FailureOr<Coverage> parseCoverage(AsmParser &parser) {
  SMLoc loc = parser.getCurrentLocation();
  StringRef form;
  if (parser.parseKeyword(&form)) {
    return failure();
  }
  if (form == "all") {
    return Coverage::all();
  }
  if (form == "unknown") {
    return Coverage::unknown();
  }
  if (form == "band") {
    return parseBand(parser);
  }
  if (form == "listed") {
    return parseListed(parser);
  }
  if (form == "periodic") {
    return parsePeriodic(parser);
  }
  if (form == "all_of" || form == "any_of") {
    FailureOr<std::vector<Coverage>> members = parseMembers(parser);
    if (failed(members)) {
      return failure();
    }
    return form == "all_of" ? Coverage::allOf(std::move(*members))
                            : Coverage::anyOf(std::move(*members));
  }
  // coverage_c1
  return parser.emitError(loc)
         << "expected a coverage among all, band, listed, periodic, all_of, "
            "any_of, unknown, but got "
         << form;
}

static void printCoverage(AsmPrinter &printer, const Coverage &coverage) {
  switch (coverage.kind()) {
  case Coverage::Kind::All:
    printer << "all";
    return;
  case Coverage::Kind::Unknown:
    printer << "unknown";
    return;
  case Coverage::Kind::Band:
    printer << "band<rows = " << coverage.rowDim()
            << ", cols = " << coverage.colDim() << ", lo = ";
    printBound(printer, /*lower=*/true, coverage.lower());
    printer << ", hi = ";
    printBound(printer, /*lower=*/false, coverage.upper());
    printer << ">";
    return;
  case Coverage::Kind::Listed:
    printer << "listed<";
    if (coverage.batch()) {
      printer << "batches = " << coverage.batch()->dim << " of "
              << coverage.batch()->groups << ", ";
    }
    printer << "groups = " << coverage.groupDim() << " by "
            << coverage.groupGranularity()
            << ", entries = " << coverage.listedDim() << " by "
            << coverage.granularity() << ", positions = ";
    printer.printString(coverage.positions());
    printer << ", coordinates = ";
    printer.printString(coverage.coordinates());
    printer << ">";
    return;
  case Coverage::Kind::Periodic:
    printer << "periodic<dim = " << coverage.listedDim()
            << ", period = " << coverage.period()
            << ", offset = " << coverage.offset()
            << ", length = " << coverage.length() << ">";
    return;
  case Coverage::Kind::AllOf:
  case Coverage::Kind::AnyOf:
    printer << (coverage.kind() == Coverage::Kind::AllOf ? "all_of" : "any_of")
            << "<[";
    llvm::interleaveComma(
        coverage.members(), printer,
        [&](const Coverage &member) { printCoverage(printer, member); });
    printer << "]>";
    return;
  }
}

Attribute CoverageAttr::parse(AsmParser &parser, Type) {
  if (parser.parseLess()) {
    return {};
  }
  FailureOr<Coverage> coverage = parseCoverage(parser);
  if (failed(coverage) || parser.parseGreater()) {
    return {};
  }
  return get(parser.getContext(), *coverage);
}

void CoverageAttr::print(AsmPrinter &printer) const {
  printer << "<";
  printCoverage(printer, getCoverage());
  printer << ">";
}

//===----------------------------------------------------------------------===//
// Tile format
//===----------------------------------------------------------------------===//

/// Parses `<n:m, axis = a>`.
static ParseResult parseNOfM(AsmParser &parser, TileFormat &format) {
  SMLoc loc = parser.getCurrentLocation();
  int64_t n = 0, m = 0, axis = 0;
  if (parser.parseLess() || parser.parseInteger(n) || parser.parseColon() ||
      parser.parseInteger(m) || parser.parseComma() ||
      parseKey(parser, "axis") || parser.parseInteger(axis) ||
      parser.parseGreater()) {
    return failure();
  }
  // format_c2
  if (n <= 0 || n >= m || m > 16) {
    return parser.emitError(loc)
           << "expected n:m with 0 < n < m <= 16, but got " << n << ":" << m;
  }
  // format_c3
  if (axis < 0) {
    return parser.emitError(loc) << "expected axis >= 0, but got " << axis;
  }
  format = TileFormat::nOfM(n, m, axis);
  return success();
}

/// Parses nothing or `<RxC>`.
static ParseResult parseBitmap(AsmParser &parser, TileFormat &format) {
  format = TileFormat::bitmap();
  if (failed(parser.parseOptionalLess())) {
    return success();
  }
  SMLoc loc = parser.getCurrentLocation();
  SmallVector<int64_t> sizes;
  if (parser.parseDimensionList(sizes, /*allowDynamic=*/false,
                                /*withTrailingX=*/false) ||
      parser.parseGreater()) {
    return failure();
  }
  auto inRange = [](int64_t size) { return size >= 1 && size <= 256; };
  // format_c5
  if (sizes.size() != 2 || !llvm::all_of(sizes, inRange) ||
      sizes[0] * sizes[1] % 64 != 0) {
    InFlightDiagnostic error = parser.emitError(
        loc, "expected two sizes in 1..256 whose product is a multiple of 64, "
             "but got ");
    llvm::interleave(sizes, error, "x");
    return error;
  }
  format = TileFormat::bitmap(sizes[0], sizes[1]);
  return success();
}

Attribute TileFormatAttr::parse(AsmParser &parser, Type) {
  StringRef kind;
  if (parser.parseLess()) {
    return {};
  }
  SMLoc loc = parser.getCurrentLocation();
  if (parser.parseKeyword(&kind)) {
    return {};
  }
  TileFormat format;
  if (kind == "bitmap") {
    if (parseBitmap(parser, format)) {
      return {};
    }
  } else if (kind == "n_of_m") {
    if (parseNOfM(parser, format)) {
      return {};
    }
  } else if (kind != "dense") {
    // format_c1
    parser.emitError(loc)
        << "expected a format among dense, n_of_m, bitmap, but got " << kind;
    return {};
  }
  StorageLayout layout = StorageLayout::RowMajor;
  if (succeeded(parser.parseOptionalComma())) {
    StringRef keyword;
    SMLoc layoutLoc;
    if (parseKey(parser, "layout") || (layoutLoc = parser.getCurrentLocation(),
                                       parser.parseKeyword(&keyword))) {
      return {};
    }
    std::optional<StorageLayout> parsed = symbolizeStorageLayout(keyword);
    // format_c4
    if (!parsed) {
      parser.emitError(layoutLoc) << "expected a layout among row_major, "
                                     "core_matrix, fragments, but got "
                                  << keyword;
      return {};
    }
    layout = *parsed;
  }
  if (parser.parseGreater()) {
    return {};
  }
  return get(parser.getContext(), format, layout);
}

void TileFormatAttr::print(AsmPrinter &printer) const {
  printer << "<" << getFormat().str();
  if (getLayout() != StorageLayout::RowMajor) {
    printer << ", layout = " << stringifyStorageLayout(getLayout());
  }
  printer << ">";
}
