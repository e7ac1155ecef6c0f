//===- Composition.cpp - all_of and any_of --------------------------------===//

#include "EncodingUtils.h"

#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace mlir::sparsity;
using namespace mlir::sparsity::detail;

/// Disjuncts that the product of the members' predicates may grow to.
static constexpr size_t kMaxPredicateSets = 64;

//===----------------------------------------------------------------------===//
// Shared by both
//===----------------------------------------------------------------------===//

static SparsityEncodingAttrInterface asEncoding(Attribute member) {
  return cast<SparsityEncodingAttrInterface>(member);
}

/// True if `member` stores more than the dense tensor.
static bool storesFields(Attribute member, RankedTensorType type) {
  SmallVector<StorageField> storage = asEncoding(member).getStorage(type);
  return storage.size() != 1 || storage.front().name != "values" ||
         storage.front().type != getDenseType(type);
}

/// The member that stores more than the dense tensor, or null.
static SparsityEncodingAttrInterface
getStoringMember(ArrayRef<Attribute> members, RankedTensorType type) {
  for (Attribute member : members) {
    if (storesFields(member, type)) {
      return asEncoding(member);
    }
  }
  return {};
}

static FailureOr<SmallVector<Attribute>> parseMembers(AsmParser &parser) {
  SmallVector<Attribute> members;
  if (parser.parseLess() ||
      parser.parseCommaSeparatedList(
          AsmParser::Delimiter::Square,
          [&] { return parser.parseAttribute(members.emplace_back()); }) ||
      parser.parseGreater()) {
    return failure();
  }
  return members;
}

static void printMembers(AsmPrinter &printer, ArrayRef<Attribute> members) {
  printer << "<[";
  llvm::interleaveComma(members, printer);
  printer << "]>";
}

static LogicalResult verifyMembers(ArrayRef<Attribute> members,
                                   EmitError emitError) {
  // all_of_c1, any_of_c1
  if (members.empty()) {
    return emitError() << "expected at least one member, but got none";
  }
  // all_of_c2, any_of_c2
  for (Attribute member : members) {
    if (!isa<SparsityEncodingAttrInterface>(member)) {
      return emitError()
             << "expected members that are sparsity encodings, but got "
             << member;
    }
  }
  return success();
}

/// all_of_c3, any_of_c3: each member must accept the tensor.
static LogicalResult verifyMemberEncodings(ArrayRef<Attribute> members,
                                           ArrayRef<int64_t> shape,
                                           Type elementType,
                                           EmitError emitError) {
  for (Attribute member : members) {
    auto verifiable = dyn_cast<VerifiableTensorEncoding>(member);
    if (verifiable &&
        failed(verifiable.verifyEncoding(shape, elementType, emitError))) {
      return failure();
    }
  }
  return success();
}

static std::vector<Coverage> getCoverages(ArrayRef<Attribute> members,
                                          RankedTensorType type) {
  std::vector<Coverage> coverages;
  for (Attribute member : members) {
    coverages.push_back(asEncoding(member).getCoverage(type));
  }
  return coverages;
}

static BindingTime getLatestBindingTime(ArrayRef<Attribute> members) {
  BindingTime latest = BindingTime::Compile;
  for (Attribute member : members) {
    latest = std::max(latest, asEncoding(member).getBindingTime());
  }
  return latest;
}

/// The permuted members; failure if one has no permuted form.
static FailureOr<SmallVector<Attribute>>
permuteMembers(ArrayRef<Attribute> members, ArrayRef<int64_t> permutation) {
  SmallVector<Attribute> permuted;
  for (Attribute member : members) {
    permuted.push_back(asEncoding(member).permute(permutation));
    if (!permuted.back()) {
      return failure();
    }
  }
  return permuted;
}

//===----------------------------------------------------------------------===//
// all_of
//===----------------------------------------------------------------------===//

Attribute AllOfAttr::parse(AsmParser &parser, Type) {
  SMLoc loc = parser.getCurrentLocation();
  FailureOr<SmallVector<Attribute>> members = parseMembers(parser);
  if (failed(members)) {
    return {};
  }
  return parser.getChecked<AllOfAttr>(loc, parser.getContext(),
                                      ArrayRef(*members));
}

void AllOfAttr::print(AsmPrinter &printer) const {
  printMembers(printer, getMembers());
}

LogicalResult AllOfAttr::verify(EmitError emitError,
                                ArrayRef<Attribute> members) {
  return verifyMembers(members, emitError);
}

LogicalResult AllOfAttr::verifyEncoding(ArrayRef<int64_t> shape,
                                        Type elementType,
                                        EmitError emitError) const {
  if (failed(
          verifyMemberEncodings(getMembers(), shape, elementType, emitError))) {
    return failure();
  }
  // all_of_c4
  auto type = RankedTensorType::get(shape, elementType);
  SparsityEncodingAttrInterface storing = getStoringMember(getMembers(), type);
  for (Attribute member : getMembers()) {
    if (storesFields(member, type) && member != storing) {
      return emitError() << "expected at most one member that stores, but got "
                         << Attribute(storing) << " and " << member;
    }
  }
  return success();
}

Coverage AllOfAttr::getCoverage(RankedTensorType type) const {
  return Coverage::allOf(getCoverages(getMembers(), type));
}

TileFormat AllOfAttr::getTileFormat(RankedTensorType type) const {
  SparsityEncodingAttrInterface storing = getStoringMember(getMembers(), type);
  return storing ? storing.getTileFormat(type) : TileFormat::dense();
}

SmallVector<StorageField> AllOfAttr::getStorage(RankedTensorType type) const {
  SparsityEncodingAttrInterface storing = getStoringMember(getMembers(), type);
  return storing ? storing.getStorage(type) : getDenseStorage(type);
}

StorageLayout AllOfAttr::getStorageLayout() const {
  // Members that store nothing answer row_major, and at most one stores.
  for (Attribute member : getMembers()) {
    StorageLayout layout = asEncoding(member).getStorageLayout();
    if (layout != StorageLayout::RowMajor) {
      return layout;
    }
  }
  return StorageLayout::RowMajor;
}

BindingTime AllOfAttr::getBindingTime() const {
  return getLatestBindingTime(getMembers());
}

std::optional<SmallVector<IntegerSet>>
AllOfAttr::getElementPredicate(RankedTensorType type) const {
  std::optional<SmallVector<IntegerSet>> product;
  for (Attribute member : getMembers()) {
    std::optional<SmallVector<IntegerSet>> sets =
        asEncoding(member).getElementPredicate(type);
    if (!sets) {
      return std::nullopt;
    }
    if (!product) {
      product = std::move(sets);
      continue;
    }
    if (product->size() * sets->size() > kMaxPredicateSets) {
      return std::nullopt;
    }
    SmallVector<IntegerSet> next;
    for (IntegerSet lhs : *product) {
      for (IntegerSet rhs : *sets) {
        SmallVector<AffineExpr> constraints(lhs.getConstraints());
        llvm::append_range(constraints, rhs.getConstraints());
        SmallVector<bool> equalities(lhs.getEqFlags());
        llvm::append_range(equalities, rhs.getEqFlags());
        next.push_back(IntegerSet::get(type.getRank(), /*symbolCount=*/0,
                                       constraints, equalities));
      }
    }
    product = std::move(next);
  }
  return product;
}

Attribute AllOfAttr::simplify(RankedTensorType type) const {
  llvm::SmallSetVector<Attribute, 4> members;
  for (Attribute member : getMembers()) {
    Attribute simple = asEncoding(member).simplify(type);
    if (auto nested = dyn_cast_or_null<AllOfAttr>(simple)) {
      members.insert_range(nested.getMembers());
    } else if (simple) {
      members.insert(simple);
    }
  }
  if (members.size() <= 1) {
    return members.empty() ? Attribute() : members.front();
  }
  return get(getContext(), members.getArrayRef());
}

Attribute AllOfAttr::resolveStorage(RankedTensorType type,
                                    TileTargetAttrInterface target) const {
  SmallVector<Attribute> members;
  for (Attribute member : getMembers()) {
    members.push_back(asEncoding(member).resolveStorage(type, target));
  }
  return get(getContext(), members);
}

Attribute AllOfAttr::permute(ArrayRef<int64_t> permutation) const {
  FailureOr<SmallVector<Attribute>> members =
      permuteMembers(getMembers(), permutation);
  return failed(members) ? Attribute() : Attribute(get(getContext(), *members));
}

//===----------------------------------------------------------------------===//
// any_of
//===----------------------------------------------------------------------===//

Attribute AnyOfAttr::parse(AsmParser &parser, Type) {
  SMLoc loc = parser.getCurrentLocation();
  FailureOr<SmallVector<Attribute>> members = parseMembers(parser);
  if (failed(members)) {
    return {};
  }
  return parser.getChecked<AnyOfAttr>(loc, parser.getContext(),
                                      ArrayRef(*members));
}

void AnyOfAttr::print(AsmPrinter &printer) const {
  printMembers(printer, getMembers());
}

LogicalResult AnyOfAttr::verify(EmitError emitError,
                                ArrayRef<Attribute> members) {
  return verifyMembers(members, emitError);
}

LogicalResult AnyOfAttr::verifyEncoding(ArrayRef<int64_t> shape,
                                        Type elementType,
                                        EmitError emitError) const {
  if (failed(
          verifyMemberEncodings(getMembers(), shape, elementType, emitError))) {
    return failure();
  }
  // any_of_c4
  auto type = RankedTensorType::get(shape, elementType);
  if (SparsityEncodingAttrInterface storing =
          getStoringMember(getMembers(), type)) {
    return emitError() << "expected members that store nothing, but got "
                       << Attribute(storing);
  }
  return success();
}

Coverage AnyOfAttr::getCoverage(RankedTensorType type) const {
  return Coverage::anyOf(getCoverages(getMembers(), type));
}

BindingTime AnyOfAttr::getBindingTime() const {
  return getLatestBindingTime(getMembers());
}

std::optional<SmallVector<IntegerSet>>
AnyOfAttr::getElementPredicate(RankedTensorType type) const {
  SmallVector<IntegerSet> sum;
  for (Attribute member : getMembers()) {
    std::optional<SmallVector<IntegerSet>> sets =
        asEncoding(member).getElementPredicate(type);
    if (!sets || sum.size() + sets->size() > kMaxPredicateSets) {
      return std::nullopt;
    }
    llvm::append_range(sum, *sets);
  }
  return sum;
}

Attribute AnyOfAttr::simplify(RankedTensorType type) const {
  llvm::SmallSetVector<Attribute, 4> members;
  for (Attribute member : getMembers()) {
    Attribute simple = asEncoding(member).simplify(type);
    if (!simple) {
      return {};
    }
    if (auto nested = dyn_cast<AnyOfAttr>(simple)) {
      members.insert_range(nested.getMembers());
    } else {
      members.insert(simple);
    }
  }
  return members.size() == 1
             ? members.front()
             : Attribute(get(getContext(), members.getArrayRef()));
}

Attribute AnyOfAttr::permute(ArrayRef<int64_t> permutation) const {
  FailureOr<SmallVector<Attribute>> members =
      permuteMembers(getMembers(), permutation);
  return failed(members) ? Attribute() : Attribute(get(getContext(), *members));
}
