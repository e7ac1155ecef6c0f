//===- Inputs.h - the program's arguments, dense ----------------*- C++ -*-===//

#ifndef SPARSITY_TOOLS_RUN_INPUTS_H
#define SPARSITY_TOOLS_RUN_INPUTS_H

#include "Arguments.h"
#include "Fields.h"
#include "Values.h"

#include "sparsity/Execution/EntryAbi.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

#include <vector>

namespace mlir::sparsity::run {

/// One argument of the source program as a dense tensor, encoded or not.
struct Input {
  Type type;
  HostTensor value;
  /// Read from a file, or random.
  bool given = false;
  /// Storage of `type`: read from files and checked, or made beside the dense
  /// tensor where that does not tell it (row bounds). Empty if packing `value`
  /// makes it.
  Fields fields;
};

/// One argument of the compiled function: a buffer, or a scalar of up to eight
/// bytes.
struct FlatArgument {
  std::optional<HostTensor> buffer;
  bool isResult = false;
  uint64_t scalar = 0;
};

/// Finds the entry function, settles the shape of each of its arguments and
/// reads and checks the given files. Errors have been printed.
FailureOr<std::vector<Input>> readInputs(ModuleOp module,
                                         const Arguments &arguments);

/// Tells the compiler the densities of blocks that `arguments` say, as hints on
/// `function`, and takes those that only the program says.
void exchangeDensities(func::FuncOp function, Arguments &arguments);

/// Makes the arguments that no file gave: random values, then pruned and masked
/// as their encodings in `abi` ask. Masks given values too. Errors have been
/// printed.
LogicalResult fillInputs(std::vector<Input> &inputs, const EntryAbi &abi,
                         const Arguments &arguments);

/// Makes the index fields of attention masks that are arguments and that no
/// file gave, and checks those that a file did. Errors have been printed.
LogicalResult fillMaskFields(func::FuncOp function, std::vector<Input> &inputs,
                             const Arguments &arguments);

/// Random bounds, i32, of packed documents: each row of a document sees its
/// columns from the first on, up to the row (causal) or to the document's end.
void fillDocuments(HostTensor &lo, HostTensor &hi, int64_t columns,
                   const RandomBits &bits);

/// The arguments of the compiled function: `inputs` packed, and results filled
/// with poison or zeros. Errors have been printed.
FailureOr<std::vector<FlatArgument>>
flattenArguments(const std::vector<Input> &inputs, const EntryAbi &abi,
                 const Arguments &arguments);

/// The results among `flat`, in order.
std::vector<HostTensor> getResults(const std::vector<FlatArgument> &flat);

} // namespace mlir::sparsity::run

#endif // SPARSITY_TOOLS_RUN_INPUTS_H
