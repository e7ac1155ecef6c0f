//===- StoredTensor.cpp - where a tensor's elements are kept --------------===//

#include "sparsity/Analysis/StoredTensor.h"

#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace mlir::sparsity;

/// The names of the buffers that `coverage` reads.
static void collectNames(const Coverage &coverage,
                         SmallVectorImpl<std::string> &names) {
  auto add = [&](const std::string &name) {
    if (!name.empty() && !llvm::is_contained(names, name)) {
      names.push_back(name);
    }
  };
  if (coverage.kind() == Coverage::Kind::Band) {
    add(coverage.lower().buffer);
    add(coverage.upper().buffer);
  } else if (coverage.kind() == Coverage::Kind::Listed) {
    add(coverage.positions());
    add(coverage.coordinates());
  }
  for (const Coverage &member : coverage.members()) {
    collectNames(member, names);
  }
}

static bool hasUnknown(const Coverage &coverage) {
  return coverage.kind() == Coverage::Kind::Unknown ||
         llvm::any_of(coverage.members(), hasUnknown);
}

/// The member of `coverage` whose entries the storage follows.
static const Coverage *findStoredList(const Coverage &coverage) {
  if (coverage.kind() == Coverage::Kind::Listed) {
    return &coverage;
  }
  for (const Coverage &member : coverage.members()) {
    if (const Coverage *found = findStoredList(member)) {
      return found;
    }
  }
  return nullptr;
}

/// `coverage` where `list` is known to hold.
static Coverage dropList(const Coverage &coverage, const Coverage &list) {
  if (coverage == list) {
    return Coverage::all();
  }
  if (coverage.kind() != Coverage::Kind::AllOf) {
    return coverage;
  }
  std::vector<Coverage> members;
  for (const Coverage &member : coverage.members()) {
    members.push_back(dropList(member, list));
  }
  return Coverage::allOf(std::move(members));
}

StoredTensor mlir::sparsity::describeStorage(RankedTensorType type) {
  SparsityEncodingAttrInterface encoding = getSparsityEncoding(type);
  StoredTensor stored;
  stored.coverage = encoding.getCoverage(type);
  stored.rest = stored.coverage;
  stored.format = encoding.getTileFormat(type);
  stored.isDecidable = !hasUnknown(stored.coverage) ||
                       encoding.getElementPredicate(type).has_value();
  SmallVector<std::string> names;
  collectNames(stored.coverage, names);
  bool dense = true;
  for (StorageField &field : encoding.getStorage(type)) {
    if (field.name == encoding.getEntriesField()) {
      continue;
    }
    if (field.name == encoding.getOrderField(type)) {
      stored.order = std::move(field);
      continue;
    }
    bool isList = llvm::is_contained(names, field.name);
    dense &= isList || field.type == getDenseType(type);
    stored.fields.push_back(std::move(field));
    stored.isList.push_back(isList);
  }
  const Coverage *list = findStoredList(stored.coverage);
  if (dense || !list) {
    return stored;
  }
  stored.byEntry = true;
  stored.list = *list;
  stored.rest = dropList(stored.coverage, *list);
  if (stored.format.kind == TileFormat::Kind::NOfM) {
    bool alongRows = stored.format.axis == stored.list.groupDim();
    stored.format.axis = alongRows ? 1 : 2;
  }
  return stored;
}
