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

static bool isDenseValues(const StorageField &field, RankedTensorType type) {
  return field.name == "values" && field.type == getDenseType(type);
}

/// True if `member` holds its values in another form than the dense tensor.
static bool storesValues(Attribute member, RankedTensorType type) {
  return llvm::none_of(
      asEncoding(member).getStorage(type),
      [&](const StorageField &field) { return isDenseValues(field, type); });
}

/// The member that does, or null.
static SparsityEncodingAttrInterface
getStoringMember(ArrayRef<Attribute> members, RankedTensorType type) {
  for (Attribute member : members) {
    if (storesValues(member, type)) {
      return asEncoding(member);
    }
  }
  return {};
}

/// The names of the buffers that `coverage` reads.
static void collectNames(const Coverage &coverage,
                         llvm::SmallSetVector<StringRef, 4> &names) {
  if (coverage.kind() == Coverage::Kind::Band) {
    names.insert(coverage.lower().buffer);
    names.insert(coverage.upper().buffer);
  } else if (coverage.kind() == Coverage::Kind::Listed) {
    names.insert(coverage.positions());
    names.insert(coverage.coordinates());
  }
  for (const Coverage &member : coverage.members()) {
    collectNames(member, names);
  }
}

/// The buffers that say which elements `member` holds.
static SmallVector<StorageField> getPatternFields(Attribute member,
                                                  RankedTensorType type) {
  Coverage coverage = asEncoding(member).getCoverage(type);
  llvm::SmallSetVector<StringRef, 4> names;
  collectNames(coverage, names);
  SmallVector<StorageField> fields = asEncoding(member).getStorage(type);
  llvm::erase_if(fields, [&](const StorageField &field) {
    return !names.contains(field.name);
  });
  return fields;
}

/// Whether the buffers of getPatternFields() decide every element.
static bool hasPattern(Attribute member, RankedTensorType type) {
  SparsityEncodingAttrInterface encoding = asEncoding(member);
  if (encoding.getPattern() != member) {
    return false;
  }
  return !storesValues(member, type) ||
         (encoding.getTileFormat(type).kind == TileFormat::Kind::Dense &&
          encoding.getCoverage(type).hasPredicate());
}

/// What `member` adds to the storage of a composition: all of its own if
/// `storing` is the member that holds the values, else what says where its
/// elements are.
static SmallVector<StorageField>
getMemberFields(Attribute member, Attribute storing, RankedTensorType type) {
  if (member == storing) {
    return asEncoding(member).getStorage(type);
  }
  return getPatternFields(member, type);
}

/// The fields of the members in their order, after dense values unless
/// `storing` holds the values. A member named twice counts once.
static SmallVector<StorageField> getMembersStorage(ArrayRef<Attribute> members,
                                                   Attribute storing,
                                                   RankedTensorType type) {
  SmallVector<StorageField> storage;
  if (!storing) {
    storage = getDenseStorage(type);
  }
  llvm::SmallSetVector<Attribute, 4> unique(members.begin(), members.end());
  for (Attribute member : unique) {
    llvm::append_range(storage, getMemberFields(member, storing, type));
  }
  return storage;
}

/// all_of_c5, any_of_c5: buffers are found by name.
static LogicalResult verifyDistinctNames(ArrayRef<StorageField> storage,
                                         EmitError emitError) {
  llvm::SmallSetVector<StringRef, 4> names;
  for (const StorageField &field : storage) {
    if (!names.insert(field.name)) {
      return emitError() << "expected members whose storage fields have "
                            "distinct names, but got two fields "
                         << field.name;
    }
  }
  return success();
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
    if (storesValues(member, type) && member != storing) {
      return emitError()
             << "expected at most one member that stores its values, but got "
             << Attribute(storing) << " and " << member;
    }
  }
  return verifyDistinctNames(getMembersStorage(getMembers(), storing, type),
                             emitError);
}

Coverage AllOfAttr::getCoverage(RankedTensorType type) const {
  return Coverage::allOf(getCoverages(getMembers(), type));
}

TileFormat AllOfAttr::getTileFormat(RankedTensorType type) const {
  SparsityEncodingAttrInterface storing = getStoringMember(getMembers(), type);
  return storing ? storing.getTileFormat(type) : TileFormat::dense();
}

SmallVector<StorageField> AllOfAttr::getStorage(RankedTensorType type) const {
  return getMembersStorage(getMembers(), getStoringMember(getMembers(), type),
                           type);
}

StorageLayout AllOfAttr::getStorageLayout() const {
  // Members with dense values answer row_major, and at most one has others.
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

StringRef AllOfAttr::getOrderField(RankedTensorType type) const {
  SparsityEncodingAttrInterface storing = getStoringMember(getMembers(), type);
  return storing ? storing.getOrderField(type) : StringRef();
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
  for (Attribute member : getMembers()) {
    if (!hasPattern(member, type)) {
      return emitError() << "expected members whose index fields decide every "
                            "element, but got "
                         << member;
    }
  }
  return verifyDistinctNames(getStorage(type), emitError);
}

SmallVector<StorageField> AnyOfAttr::getStorage(RankedTensorType type) const {
  return getMembersStorage(getMembers(), /*storing=*/{}, type);
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
      // Buffers that are arguments of the program stay.
      return getStorage(type).size() == 1 ? Attribute() : Attribute(*this);
    }
    if (auto nested = dyn_cast<AnyOfAttr>(simple)) {
      members.insert_range(nested.getMembers());
    } else {
      members.insert(simple);
    }
  }
  // Alone, a member may store its values in another form.
  return members.size() == 1 && !storesValues(members.front(), type)
             ? members.front()
             : Attribute(get(getContext(), members.getArrayRef()));
}

Attribute AnyOfAttr::permute(ArrayRef<int64_t> permutation) const {
  FailureOr<SmallVector<Attribute>> members =
      permuteMembers(getMembers(), permutation);
  return failed(members) ? Attribute() : Attribute(get(getContext(), *members));
}
