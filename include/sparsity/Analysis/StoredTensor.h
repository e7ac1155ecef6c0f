//===- StoredTensor.h - where a tensor's elements are kept ------*- C++ -*-===//

#ifndef SPARSITY_ANALYSIS_STOREDTENSOR_H
#define SPARSITY_ANALYSIS_STOREDTENSOR_H

#include "sparsity/Dialect/Sparsity/IR/Sparsity.h"

namespace mlir::sparsity {

/// How a tensor is stored, from what its encoding answers.
struct StoredTensor {
  Coverage coverage = Coverage::all();
  /// The axis of an n:m format counts the dimensions of the logical storage:
  /// those of the tensor, or [entry, row in the group, column in the entry].
  TileFormat format;
  /// Values follow the entries of the coverage's list: logically they are
  /// [entry, row in the group, column in the entry], or one for an entry.
  bool byEntry = false;
  Coverage list = Coverage::all();
  /// The coverage without `list`: what has to hold besides being listed. The
  /// whole coverage unless `byEntry`.
  Coverage rest = Coverage::all();
  /// The buffers in ABI order without the list the other way round
  /// (getEntriesField) and the order of its groups, and of each whether the
  /// coverage reads it; the others hold elements.
  SmallVector<StorageField> fields;
  SmallVector<bool> isList;
  /// An order in which to visit the groups of `list` (getOrderField).
  std::optional<StorageField> order;
  /// Whether the coverage, or the element predicate where it is unknown, says
  /// which elements are present.
  bool isDecidable = true;
};

/// The storage of an encoded tensor of `type`.
StoredTensor describeStorage(RankedTensorType type);

} // namespace mlir::sparsity

#endif // SPARSITY_ANALYSIS_STOREDTENSOR_H
