//===- Fields.h - the storage of encoded arguments --------------*- C++ -*-===//

#ifndef SPARSITY_TOOLS_RUN_FIELDS_H
#define SPARSITY_TOOLS_RUN_FIELDS_H

#include "Values.h"

#include "sparsity/Dialect/Sparsity/IR/Sparsity.h"
#include "sparsity/Runtime/PackLists.h"

#include <map>
#include <string>

namespace mlir::sparsity::run {

/// Storage buffers by field name.
using Fields = std::map<std::string, HostTensor>;

/// The type of `value` under the member of `type`'s encoding that stores it: of
/// an all_of the one member whose buffers are all of its own, else the encoding
/// itself. All sizes static.
RankedTensorType getStoringType(RankedTensorType type, const HostTensor &value);

/// `stored` under the encoding that says which elements are present, where its
/// own only says how they are stored: densely, or in merged blocks.
RankedTensorType getPatternType(RankedTensorType stored);

/// The packers' descriptions of a tensor of type `stored` (getStoringType()).
runtime::NOfMSpec getNOfMSpec(RankedTensorType stored);
runtime::UnstructuredSpec getUnstructuredSpec(RankedTensorType stored);

/// Whether the storage is that of an n:m tensor, or a list of blocks, each
/// dense or n:m, whatever the encoding is called.
bool isNOfM(RankedTensorType stored);
bool isBlockList(RankedTensorType stored);

/// The packers' description of a list of blocks: of the tensor whose rows are
/// the groups, which may be the transposed one.
runtime::BlockSpec getBlockSpec(RankedTensorType stored);

/// The functions below for a list of blocks, and pruning by magnitude in place.
runtime::StatusOr<Fields> packBlockList(RankedTensorType stored,
                                        const HostTensor &value);
runtime::Status checkBlockList(RankedTensorType stored, const Fields &fields);
runtime::StatusOr<HostTensor> unpackBlockList(RankedTensorType stored,
                                              const Fields &fields);
runtime::Status pruneBlockList(RankedTensorType stored, double density,
                               HostTensor &value);

/// Zeroed buffers for the storage of `stored`; the dynamic size of field `name`
/// is counts.at(name).
runtime::StatusOr<Fields>
createFields(RankedTensorType stored,
             const std::map<std::string, int64_t> &counts);

/// Whether the fields can be made from the dense tensor alone: not row bounds
/// (segments), which no tensor tells.
bool isPackable(RankedTensorType stored);

/// The fields of `value`, which has to fit the pattern. For `activation` the
/// elements that its rule selects are listed.
runtime::StatusOr<Fields> packFields(RankedTensorType stored,
                                     const HostTensor &value);

/// Fails unless `fields` hold a tensor of type `stored`; the message names the
/// field and the index in it. Every field of the storage has to be there.
runtime::Status checkFields(RankedTensorType stored, const Fields &fields);

/// The dense tensor that checked fields hold.
runtime::StatusOr<HostTensor> unpackFields(RankedTensorType stored,
                                           const Fields &fields);

} // namespace mlir::sparsity::run

#endif // SPARSITY_TOOLS_RUN_FIELDS_H
