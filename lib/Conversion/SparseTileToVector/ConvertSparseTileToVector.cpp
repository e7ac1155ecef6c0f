//===- ConvertSparseTileToVector.cpp - schedules to multithreaded loops ---===//

#include "AttentionItem.h"
#include "CountWork.h"
#include "WorkItem.h"

#include "sparsity/Conversion/Passes.h"
#include "sparsity/Dialect/SparseTile/IR/DenseWork.h"

#include "mlir/Conversion/LLVMCommon/TypeConverter.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/IR/TypeUtilities.h"

namespace mlir::sparsity {
#define GEN_PASS_DEF_CONVERTSPARSETILETOVECTORPASS
#include "sparsity/Conversion/Passes.h.inc"
} // namespace mlir::sparsity

using namespace mlir;
using namespace mlir::sparse_tile;

/// Entry point of the runtime's thread pool (sparsity-c/Runtime.h).
static constexpr StringLiteral kParallelFor = "sparsityParallelFor";

namespace {
/// Moves one forall into a work function
/// `void work(ptr context, i64 begin, i64 end)` and calls it through the thread
/// pool.
class Outliner {
public:
  /// With `counts` the schedules report what they read.
  Outliner(ModuleOp module, SymbolTable &symbols, LLVMTypeConverter &converter,
           bool counts)
      : symbols(symbols), converter(converter), builder(module.getContext()),
        pointer(LLVM::LLVMPointerType::get(module.getContext())),
        counts(counts) {}

  /// `number` counts the schedules of the module. One that does not `run` is
  /// only counted.
  LogicalResult outline(ForallOp forall, int64_t number, bool run);

private:
  Value index(int64_t value) {
    return arith::ConstantIndexOp::create(builder, loc, value);
  }
  LogicalResult planContext(ForallOp forall);
  LLVM::LLVMFuncOp declareRuntime(StringRef name, ArrayRef<Type> arguments);
  LogicalResult emitWork(ForallOp forall, int64_t number, bool run,
                         LLVM::LLVMFuncOp work);
  void emitCall(ForallOp forall, int64_t number, LLVM::LLVMFuncOp work);

  SymbolTable &symbols;
  LLVMTypeConverter &converter;
  OpBuilder builder;
  LLVM::LLVMPointerType pointer;
  bool counts;
  Location loc = builder.getUnknownLoc();
  /// The operands that the work function reads from its context, and their
  /// types there.
  SmallVector<Value> captured;
  LLVM::LLVMStructType context;
};
} // namespace

/// A function of the runtime that returns nothing.
LLVM::LLVMFuncOp Outliner::declareRuntime(StringRef name,
                                          ArrayRef<Type> arguments) {
  if (auto found = symbols.lookup<LLVM::LLVMFuncOp>(name)) {
    return found;
  }
  OpBuilder::InsertionGuard guard(builder);
  auto type = LLVM::LLVMFunctionType::get(
      LLVM::LLVMVoidType::get(builder.getContext()), arguments);
  builder.clearInsertionPoint();
  auto function = LLVM::LLVMFuncOp::create(builder, loc, name, type);
  symbols.insert(function);
  return function;
}

LogicalResult Outliner::planContext(ForallOp forall) {
  captured.clear();
  SmallVector<Type> types;
  for (Value operand : forall->getOperands()) {
    if (matchPattern(operand, m_Constant()) ||
        llvm::is_contained(captured, operand)) {
      continue;
    }
    Type type = isa<TensorType>(operand.getType())
                    ? Type()
                    : converter.convertType(operand.getType());
    if (!type) {
      return forall.emitOpError("expected operands in buffers, but got ")
             << operand.getType() << "; run one-shot-bufferize first";
    }
    captured.push_back(operand);
    types.push_back(type);
  }
  context = LLVM::LLVMStructType::getLiteral(builder.getContext(), types);
  return success();
}

LogicalResult Outliner::emitWork(ForallOp forall, int64_t number, bool run,
                                 LLVM::LLVMFuncOp work) {
  Block *entry = work.addEntryBlock(builder);
  builder.setInsertionPointToStart(entry);
  IRMapping values;
  for (auto [position, value] : llvm::enumerate(captured)) {
    Value field = LLVM::GEPOp::create(
        builder, loc, pointer, context, entry->getArgument(0),
        ArrayRef<LLVM::GEPArg>{0, static_cast<int32_t>(position)});
    Value loaded =
        LLVM::LoadOp::create(builder, loc, context.getBody()[position], field);
    values.map(value, UnrealizedConversionCastOp::create(
                          builder, loc, value.getType(), loaded)
                          .getResult(0));
  }
  IRMapping mapping;
  auto mapArguments = [&](ValueRange arguments, ValueRange operands) {
    for (auto [argument, operand] : llvm::zip_equal(arguments, operands)) {
      if (!values.contains(operand)) {
        values.map(operand,
                   builder.clone(*operand.getDefiningOp())
                       ->getResult(cast<OpResult>(operand).getResultNumber()));
      }
      mapping.map(argument, values.lookup(operand));
    }
  };
  mapArguments(ValueRange(forall.getSizeArgs()), forall.getSizes());
  mapArguments(ValueRange(forall.getInputArgs()), forall.getInputs());
  mapArguments(ValueRange(forall.getOutputArgs()), forall.getOutputs());

  WorkItem item(builder, forall);
  AttentionItem attention(builder, forall);
  bool isSoftmax = isAttention(forall);
  if (run && failed(isSoftmax ? attention.prepare() : item.prepare())) {
    return failure();
  }
  unsigned rank = forall.getNumParallel();
  SmallVector<Value> tiles;
  for (unsigned dim = 0; dim < rank; ++dim) {
    tiles.push_back(arith::CeilDivUIOp::create(
        builder, loc, mapping.lookup(forall.getSizeArgs()[dim]),
        index(forall.getTile()[dim])));
  }
  auto toIndex = [&](Value value) {
    return arith::IndexCastOp::create(builder, loc, builder.getIndexType(),
                                      value);
  };
  auto loop = scf::ForOp::create(builder, loc, toIndex(entry->getArgument(1)),
                                 toIndex(entry->getArgument(2)), index(1));
  LLVM::ReturnOp::create(builder, loc, ValueRange());
  builder.setInsertionPointToStart(loop.getBody());
  // Rows vary fastest: consecutive items share the columns' panel in the cache.
  SmallVector<unsigned> order = {rank - 2, rank - 1};
  for (unsigned dim = rank - 2; dim-- > 0;) {
    order.push_back(dim);
  }
  Value rest = loop.getInductionVar();
  for (unsigned dim : order) {
    Value tile = rest;
    if (dim != order.back()) {
      tile = arith::RemUIOp::create(builder, loc, rest, tiles[dim]);
      rest = arith::DivUIOp::create(builder, loc, rest, tiles[dim]);
    }
    mapping.map(forall.getOrigins()[dim],
                arith::MulIOp::create(builder, loc, tile,
                                      index(forall.getTile()[dim])));
  }
  if (!run) {
    emitBounds(builder, forall, mapping);
  } else if (failed(isSoftmax ? attention.emit(mapping) : item.emit(mapping))) {
    return failure();
  }
  if (counts) {
    SmallVector<Type> arguments(3, builder.getI64Type());
    emitWorkCount(builder, forall, number, mapping,
                  declareRuntime(kCountWork, arguments));
  }
  return success();
}

void Outliner::emitCall(ForallOp forall, int64_t number,
                        LLVM::LLVMFuncOp work) {
  // On the stack of the caller's entry block, where loops do not repeat it.
  auto caller = forall->getParentOfType<FunctionOpInterface>();
  builder.setInsertionPointToStart(&caller.getFunctionBody().front());
  Value one = LLVM::ConstantOp::create(builder, loc, builder.getI64Type(), 1);
  Value place = LLVM::AllocaOp::create(builder, loc, pointer, context, one,
                                       /*alignment=*/0);
  builder.setInsertionPoint(forall);
  for (auto [position, value] : llvm::enumerate(captured)) {
    Value field = LLVM::GEPOp::create(
        builder, loc, pointer, context, place,
        ArrayRef<LLVM::GEPArg>{0, static_cast<int32_t>(position)});
    Value stored = UnrealizedConversionCastOp::create(
                       builder, loc, context.getBody()[position], value)
                       .getResult(0);
    LLVM::StoreOp::create(builder, loc, stored, field);
  }
  Value count = index(1);
  for (auto [size, tile] : llvm::zip(forall.getSizes(), forall.getTile())) {
    Value tiles = arith::CeilDivUIOp::create(builder, loc, size, index(tile));
    count = arith::MulIOp::create(builder, loc, count, tiles);
  }
  count = arith::IndexCastOp::create(builder, loc, builder.getI64Type(), count);
  Value function = LLVM::AddressOfOp::create(builder, loc, work);
  LLVM::CallOp::create(
      builder, loc,
      declareRuntime(kParallelFor, {builder.getI64Type(), pointer, pointer}),
      ValueRange{count, function, place});
  if (counts) {
    SmallVector<Type> arguments(3, builder.getI64Type());
    emitDenseWork(builder, forall, number,
                  declareRuntime(kCountDenseWork, arguments));
  }
}

LogicalResult Outliner::outline(ForallOp forall, int64_t number, bool run) {
  loc = forall.getLoc();
  auto caller = forall->getParentOfType<FunctionOpInterface>();
  if (!caller) {
    return forall.emitOpError("expected to be inside a function");
  }
  if (failed(planContext(forall))) {
    return failure();
  }
  builder.clearInsertionPoint();
  auto type = LLVM::LLVMFunctionType::get(
      LLVM::LLVMVoidType::get(builder.getContext()),
      {pointer, builder.getI64Type(), builder.getI64Type()});
  auto name = (caller.getName() + "_work").str();
  auto work = LLVM::LLVMFuncOp::create(builder, loc, name, type,
                                       LLVM::Linkage::Internal);
  symbols.insert(work);
  if (failed(emitWork(forall, number, run, work))) {
    return failure();
  }
  emitCall(forall, number, work);
  forall.erase();
  return success();
}

/// Frees each allocation at the end of its block, unless the block passes it
/// on.
static void insertDeallocations(func::FuncOp func) {
  SmallVector<memref::AllocOp> allocations;
  func.walk([&](memref::AllocOp alloc) { allocations.push_back(alloc); });
  for (memref::AllocOp alloc : allocations) {
    Operation *terminator = alloc->getBlock()->getTerminator();
    bool escapes = false, freed = false;
    SmallVector<Value> aliases = {alloc.getResult()};
    for (size_t next = 0; next < aliases.size(); ++next) {
      for (Operation *user : aliases[next].getUsers()) {
        escapes |=
            user == terminator || (user->hasTrait<OpTrait::IsTerminator>() &&
                                   user->getNumOperands() > 0);
        freed |= isa<memref::DeallocOp>(user);
        for (Value result : user->getResults()) {
          if (isa<BaseMemRefType>(result.getType()) &&
              !llvm::is_contained(aliases, result)) {
            aliases.push_back(result);
          }
        }
      }
    }
    if (!escapes && !freed) {
      OpBuilder builder(terminator);
      memref::DeallocOp::create(builder, alloc.getLoc(), alloc.getResult());
    }
  }
}

/// Selects between bf16 as between their bits: LLVM's x86 backend would widen
/// both and call `__truncsfbf2` for the result.
static void selectBits(func::FuncOp func) {
  func.walk([](arith::SelectOp select) {
    Type type = select.getType();
    if (!getElementTypeOrSelf(type).isBF16()) {
      return;
    }
    OpBuilder builder(select);
    Type bits = builder.getI16Type();
    if (auto vector = dyn_cast<VectorType>(type)) {
      bits = vector.clone(bits);
    }
    auto cast = [&](Value value, Type to) -> Value {
      return arith::BitcastOp::create(builder, select.getLoc(), to, value);
    };
    Value chosen = arith::SelectOp::create(
        builder, select.getLoc(), select.getCondition(),
        cast(select.getTrueValue(), bits), cast(select.getFalseValue(), bits));
    select.replaceAllUsesWith(cast(chosen, type));
    select.erase();
  });
}

/// Copies between buffers that may not be contiguous, element by element;
/// upstream would call its own runtime library for them.
static void expandStridedCopies(func::FuncOp func) {
  func.walk([](memref::CopyOp copy) {
    auto source = dyn_cast<MemRefType>(copy.getSource().getType());
    auto target = dyn_cast<MemRefType>(copy.getTarget().getType());
    if (!source || !target ||
        (source.getLayout().isIdentity() && target.getLayout().isIdentity())) {
      return;
    }
    OpBuilder builder(copy);
    Location loc = copy.getLoc();
    Value zero = arith::ConstantIndexOp::create(builder, loc, 0);
    Value one = arith::ConstantIndexOp::create(builder, loc, 1);
    SmallVector<Value> position;
    for (int64_t dim = 0; dim < source.getRank(); ++dim) {
      Value end = memref::DimOp::create(builder, loc, copy.getSource(), dim);
      auto loop = scf::ForOp::create(builder, loc, zero, end, one);
      builder.setInsertionPointToStart(loop.getBody());
      position.push_back(loop.getInductionVar());
    }
    Value element =
        memref::LoadOp::create(builder, loc, copy.getSource(), position);
    memref::StoreOp::create(builder, loc, element, copy.getTarget(), position);
    copy.erase();
  });
}

namespace {
struct ConvertSparseTileToVectorPass
    : sparsity::impl::ConvertSparseTileToVectorPassBase<
          ConvertSparseTileToVectorPass> {
  using ConvertSparseTileToVectorPassBase::ConvertSparseTileToVectorPassBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    SymbolTable symbols(module);
    LLVMTypeConverter converter(&getContext());
    bool counts = countWork || countOnly || module->hasAttr(kCountWorkAttr);
    module->removeAttr(kCountWorkAttr);
    Outliner outliner(module, symbols, converter, counts);
    SmallVector<ForallOp> foralls;
    module.walk([&](ForallOp forall) { foralls.push_back(forall); });
    DenseSet<Operation *> deciding;
    if (countOnly) {
      deciding = findDecidingSchedules(module);
    }
    if (counts) {
      SmallVector<Attribute> locations;
      for (ForallOp forall : foralls) {
        locations.push_back(LocationAttr(forall.getLoc()));
      }
      module->setAttr(kSchedulesAttr, ArrayAttr::get(&getContext(), locations));
    }
    for (func::FuncOp func : module.getOps<func::FuncOp>()) {
      if (func.isDeclaration()) {
        continue;
      }
      insertDeallocations(func);
      expandStridedCopies(func);
      selectBits(func);
    }
    for (auto [number, forall] : llvm::enumerate(foralls)) {
      bool run = !countOnly || deciding.contains(forall);
      if (failed(outliner.outline(forall, static_cast<int64_t>(number), run))) {
        return signalPassFailure();
      }
    }
  }
};
} // namespace
