//===- Oracle.cpp - the same program on dense tensors, by upstream's loops ===//

#include "Oracle.h"

#include "sparsity/Execution/Compile.h"
#include "sparsity/Execution/JIT.h"

#include "Runner.h"

#include "mlir/IR/AttrTypeSubElements.h"
#include "mlir/IR/PatternMatch.h"

#include <cstdlib>
#include <cstring>

using namespace mlir;
using namespace mlir::sparsity;
using namespace mlir::sparsity::run;
using runtime::StatusOr;

/// What the oracle allocates: results, which belong to the caller, and
/// temporaries, which upstream's bufferization leaves to other passes. All go
/// at the end.
static thread_local std::vector<void *> allocations;

static void *allocate(size_t bytes) {
  void *memory = std::malloc(bytes);
  allocations.push_back(memory);
  return memory;
}

static void release(void *) {}

static bool usesFloat8(ModuleOp module) {
  bool found = false;
  AttrTypeWalker walker;
  walker.addWalk([&](FloatType type) {
    found = found || type.getWidth() == 8;
    return WalkResult::advance();
  });
  module.walk([&](Operation *op) {
    for (Type type : op->getResultTypes()) {
      walker.walk(type);
    }
    walker.walk(op->getAttrDictionary());
  });
  return found;
}

/// Pruning by what whole tiles hold has no form as a loop nest on one element;
/// the inputs have been pruned, so such an argument is taken as it is.
static void acceptPrunedInputs(func::FuncOp entry) {
  IRRewriter rewriter(entry.getContext());
  SmallVector<PruneOp> prunes;
  entry.walk([&](PruneOp prune) {
    RankedTensorType type =
        getPatternType(cast<RankedTensorType>(prune.getType()));
    if (isa<BlockArgument>(prune.getSource()) &&
        (!getSparsityEncoding(type).getCoverage(type).isAll())) {
      prunes.push_back(prune);
    }
  });
  for (PruneOp prune : prunes) {
    rewriter.setInsertionPoint(prune);
    rewriter.replaceOpWithNewOp<EncodeOp>(prune, prune.getType(),
                                          prune.getSource());
  }
}

static LogicalResult lowerOracle(ModuleOp module, func::FuncOp entry) {
  entry->setAttr("llvm.emit_c_interface", UnitAttr::get(module.getContext()));
  acceptPrunedInputs(entry);
  if (failed(runPassPipeline(module,
                             "convert-sparse-tensor-to-sparsity,"
                             "sparsity-densify{accumulate=f64},"
                             "func.func(linalg-generalize-named-ops)"))) {
    return failure();
  }
  orderReductionLoops(module);
  if (failed(runPassPipeline(
          module, "one-shot-bufferize{bufferize-function-boundaries "
                  "function-boundary-type-conversion=identity-layout-map},"
                  "func.func(convert-linalg-to-loops),canonicalize,cse"))) {
    return failure();
  }
  keepSumsInRegisters(module);
  callLibm(module);
  std::string lowering = usesFloat8(module) ? "sparsity-expand-float8," : "";
  lowering += "func.func(arith-expand),convert-scf-to-cf,"
              "expand-strided-metadata,lower-affine,convert-to-llvm,"
              "reconcile-unrealized-casts";
  return runPassPipeline(module, lowering);
}

/// Copies a result out of the memory that compiled code returned it in.
static StatusOr<HostTensor> copyResult(const int64_t *descriptor,
                                       RankedTensorType type) {
  constexpr int64_t kAligned = 1, kOffset = 2, kSizes = 3;
  runtime::ElementType elementType = *getElementType(type.getElementType());
  StatusOr<HostTensor> result = HostTensor::create(
      elementType, ArrayRef<int64_t>(descriptor + kSizes, type.getRank()));
  if (result.ok()) {
    const auto *data = reinterpret_cast<const uint8_t *>(descriptor[kAligned]);
    std::memcpy(result->data.get(),
                data +
                    descriptor[kOffset] * runtime::getElementSize(elementType),
                result->bytes());
  }
  return result;
}

FailureOr<std::vector<HostTensor>>
run::runOracle(ModuleOp source, const std::string &entry,
               const std::vector<Input> &inputs) {
  OwningOpRef<ModuleOp> module = source.clone();
  auto function = module->lookupSymbol<func::FuncOp>(entry);
  SmallVector<Type> resultTypes(function.getResultTypes());
  if (failed(lowerOracle(*module, function))) {
    return failure();
  }
  FailureOr<std::unique_ptr<ExecutionEngine>> engine =
      createJIT(*module, allocate, release);
  if (failed(engine)) {
    return failure();
  }
  auto call = (*engine)->lookupPacked("_mlir_ciface_" + entry);
  if (!call) {
    return module->emitError("expected the oracle to have a C interface for @")
           << entry << ", but got: " << llvm::toString(call.takeError());
  }

  // Results come back in one struct of descriptors, whose address goes first.
  size_t resultWords = 0;
  for (Type type : resultTypes) {
    resultWords += 3 + 2 * cast<RankedTensorType>(type).getRank();
  }
  std::vector<int64_t> results(resultWords);
  void *resultsPointer = results.data();
  std::vector<std::vector<int64_t>> descriptors;
  std::vector<void *> pointers;
  std::vector<uint64_t> scalars(inputs.size());
  for (auto [i, input] : llvm::enumerate(inputs)) {
    descriptors.push_back(
        makeDescriptor(input.value.data.get(), input.value.shape));
    pointers.push_back(descriptors.back().data());
    if (!isa<RankedTensorType>(input.type)) {
      std::memcpy(&scalars[i], input.value.data.get(), input.value.bytes());
    }
  }
  std::vector<void *> packed;
  if (!resultTypes.empty()) {
    packed.push_back(&resultsPointer);
  }
  for (auto [i, input] : llvm::enumerate(inputs)) {
    packed.push_back(isa<RankedTensorType>(input.type)
                         ? static_cast<void *>(&pointers[i])
                         : static_cast<void *>(&scalars[i]));
  }
  (*call)(packed.data());

  std::vector<HostTensor> values;
  const int64_t *descriptor = results.data();
  bool complete = true;
  for (Type type : resultTypes) {
    auto tensor = cast<RankedTensorType>(type);
    StatusOr<HostTensor> value = copyResult(descriptor, tensor);
    if (!value.ok()) {
      printError("the oracle's result: " + value.status().message);
      complete = false;
      break;
    }
    values.push_back(*value);
    descriptor += 3 + 2 * tensor.getRank();
  }
  for (void *memory : allocations) {
    std::free(memory);
  }
  allocations.clear();
  if (!complete) {
    return failure();
  }
  return values;
}
