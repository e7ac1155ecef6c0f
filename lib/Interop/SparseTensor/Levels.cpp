//===- Levels.cpp - reads maps from dimensions to levels ------------------===//

#include "Levels.h"

#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace mlir::sparsity::detail;
using sparse_tensor::LevelType;
using sparse_tensor::SparseTensorEncodingAttr;

namespace {
/// What a level holds of a dimension's index: all of it, or its quotient or
/// remainder by `size`.
struct Part {
  enum class Kind { Whole, Quotient, Remainder } kind;
  unsigned dim;
  int64_t size;
};

/// Reads the levels of one encoding, front to back.
class LevelReader {
public:
  LevelReader(SparseTensorEncodingAttr encoding, std::string &problem)
      : encoding(encoding), problem(problem) {
    for (AffineExpr expr : encoding.getDimToLvl().getResults()) {
      parts.push_back(getPart(expr));
    }
  }

  std::optional<Levels> read();

private:
  static std::optional<Part> getPart(AffineExpr expr);
  /// Always none.
  std::optional<Levels> refuse(unsigned level, const llvm::Twine &expected);
  std::optional<Levels> readDense();
  std::optional<Levels> readNOfM(unsigned first);
  std::optional<Levels> readList(unsigned first);
  bool isWhole(unsigned level) const {
    return parts[level] && parts[level]->kind == Part::Kind::Whole;
  }
  /// The whole index of a dimension, or its quotient.
  bool isOuter(unsigned level) const {
    return parts[level] && parts[level]->kind != Part::Kind::Remainder;
  }
  bool isRemainder(unsigned level, unsigned dim, int64_t size) const {
    return parts[level] && parts[level]->kind == Part::Kind::Remainder &&
           parts[level]->dim == dim && parts[level]->size == size;
  }
  unsigned count() const { return parts.size(); }

  SparseTensorEncodingAttr encoding;
  std::string &problem;
  SmallVector<std::optional<Part>> parts;
};
} // namespace

std::optional<Part> LevelReader::getPart(AffineExpr expr) {
  if (auto dim = dyn_cast<AffineDimExpr>(expr)) {
    return Part{Part::Kind::Whole, dim.getPosition(), 1};
  }
  auto binary = dyn_cast<AffineBinaryOpExpr>(expr);
  if (!binary) {
    return std::nullopt;
  }
  auto dim = dyn_cast<AffineDimExpr>(binary.getLHS());
  auto size = dyn_cast<AffineConstantExpr>(binary.getRHS());
  if (!dim || !size || size.getValue() < 1) {
    return std::nullopt;
  }
  if (expr.getKind() == AffineExprKind::FloorDiv) {
    return Part{Part::Kind::Quotient, dim.getPosition(), size.getValue()};
  }
  if (expr.getKind() == AffineExprKind::Mod) {
    return Part{Part::Kind::Remainder, dim.getPosition(), size.getValue()};
  }
  return std::nullopt;
}

std::optional<Levels> LevelReader::refuse(unsigned level,
                                          const llvm::Twine &expected) {
  llvm::raw_string_ostream stream(problem);
  stream << "expected level " << level << " to be " << expected;
  if (level < count()) {
    stream << ", but got " << encoding.getDimToLvl().getResult(level) << " : "
           << sparse_tensor::toMLIRString(encoding.getLvlType(level));
  } else {
    stream << ", but got " << count() << " levels";
  }
  return std::nullopt;
}

std::optional<Levels> LevelReader::readDense() {
  for (unsigned level = 0; level < count(); ++level) {
    if (!isWhole(level) || parts[level]->dim != level) {
      return refuse(level,
                    "d" + llvm::Twine(level) + ", since every level is dense");
    }
  }
  return Levels();
}

std::optional<Levels> LevelReader::readNOfM(unsigned first) {
  LevelType type = encoding.getLvlType(first);
  Levels levels;
  levels.kind = Levels::Kind::NOfM;
  levels.n = static_cast<int64_t>(sparse_tensor::getN(type));
  levels.m = static_cast<int64_t>(sparse_tensor::getM(type));
  if (levels.n < 1 || levels.n >= levels.m || levels.m > 16) {
    return refuse(first, "structured[n, m] with 0 < n < m <= 16");
  }
  const std::optional<Part> &inner = parts[first];
  if (!inner || inner->kind != Part::Kind::Remainder ||
      inner->size != levels.m) {
    return refuse(first, "a dimension mod " + llvm::Twine(levels.m));
  }
  levels.axis = inner->dim;
  if (first + 1 != count()) {
    return refuse(first + 1, "absent, since level " + llvm::Twine(first) +
                                 " is structured");
  }
  // The other dimensions in order, then the groups.
  unsigned other = 0;
  for (unsigned level = 0; level + 1 < first; ++level) {
    other += other == levels.axis;
    if (!isWhole(level) || parts[level]->dim != other) {
      return refuse(level, "d" + llvm::Twine(other) + " : dense");
    }
    ++other;
  }
  const std::optional<Part> &groups = parts[first - 1];
  if (!groups || groups->kind != Part::Kind::Quotient ||
      groups->dim != levels.axis || groups->size != levels.m) {
    return refuse(first - 1, "d" + llvm::Twine(levels.axis) + " floordiv " +
                                 llvm::Twine(levels.m) + " : dense");
  }
  return levels;
}

std::optional<Levels> LevelReader::readList(unsigned first) {
  Levels levels;
  levels.kind = Levels::Kind::List;
  if (first > 2) {
    return refuse(2, "compressed");
  }
  if (first == 2) {
    if (!isWhole(0) || parts[0]->dim != 0) {
      return refuse(0, "d0 : dense");
    }
    levels.batch = 0;
  }
  if (!isOuter(first - 1)) {
    return refuse(first - 1, "a dimension, or a dimension floordiv a number");
  }
  if (!isOuter(first) || parts[first]->dim == parts[first - 1]->dim) {
    return refuse(first, "another dimension, or its floordiv by a number");
  }
  levels.groupDim = parts[first - 1]->dim;
  levels.groupSize = parts[first - 1]->size;
  levels.listedDim = parts[first]->dim;
  levels.listedSize = parts[first]->size;
  unsigned next = first + 1;
  for (unsigned outer : {first - 1, first}) {
    if (isWhole(outer)) {
      continue;
    }
    if (next >= count() || !encoding.isDenseLvl(next) ||
        !isRemainder(next, parts[outer]->dim, parts[outer]->size)) {
      return refuse(next, "d" + llvm::Twine(parts[outer]->dim) + " mod " +
                              llvm::Twine(parts[outer]->size) + " : dense");
    }
    ++next;
  }
  if (next != count()) {
    return refuse(next, "absent, since level " + llvm::Twine(first) +
                            " is compressed");
  }
  return levels;
}

std::optional<Levels> LevelReader::read() {
  unsigned first = 0;
  while (first < count() && encoding.isDenseLvl(first)) {
    ++first;
  }
  if (first == count()) {
    return readDense();
  }
  if (first == 0) {
    return refuse(0, "dense");
  }
  if (encoding.isNOutOfMLvl(first)) {
    return readNOfM(first);
  }
  if (encoding.isCompressedLvl(first) && encoding.isOrderedLvl(first) &&
      encoding.isUniqueLvl(first)) {
    return readList(first);
  }
  return refuse(first, "dense, structured, or compressed with unique and "
                       "ordered coordinates");
}

std::optional<Levels>
sparsity::detail::readLevels(SparseTensorEncodingAttr encoding,
                             std::string &problem) {
  return LevelReader(encoding, problem).read();
}
