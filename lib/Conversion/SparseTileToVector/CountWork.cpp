//===- CountWork.cpp - report what schedules read -------------------------===//

#include "CountWork.h"

#include "sparsity/Dialect/SparseTile/IR/DenseWork.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "llvm/Support/MathExtras.h"

#include <cmath>

using namespace mlir;
using namespace mlir::sparse_tile;
using sparsity::TileFormat;

namespace {
/// Emits 64-bit integer arithmetic on counts.
struct Counter {
  OpBuilder &b;
  Location loc;

  Value constant(int64_t value) {
    return arith::ConstantIntOp::create(b, loc, b.getI64Type(), value);
  }
  Value fromIndex(Value value) {
    return b.createOrFold<arith::IndexCastOp>(loc, b.getI64Type(), value);
  }
  Value add(Value lhs, Value rhs) {
    return b.createOrFold<arith::AddIOp>(loc, lhs, rhs);
  }
  Value mul(Value lhs, Value rhs) {
    return b.createOrFold<arith::MulIOp>(loc, lhs, rhs);
  }
  Value mul(Value lhs, int64_t rhs) { return mul(lhs, constant(rhs)); }
  Value ceilDiv(Value lhs, int64_t rhs) {
    return b.createOrFold<arith::CeilDivSIOp>(loc, lhs, constant(rhs));
  }
  Value dim(Value buffer, int64_t dim) {
    return fromIndex(b.createOrFold<memref::DimOp>(loc, buffer, dim));
  }
};
} // namespace

//===----------------------------------------------------------------------===//
// Bytes
//===----------------------------------------------------------------------===//

static int64_t getDenseBytes(TileType tile) {
  int64_t elements = 1;
  for (int64_t extent : tile.getShape()) {
    elements *= extent;
  }
  unsigned bits = tile.getElementType().getIntOrFloatBitWidth();
  return llvm::divideCeil(static_cast<uint64_t>(elements) * bits, 8);
}

/// Of the tiles that `block` loads once.
static int64_t getDenseBytes(Block &block) {
  int64_t bytes = 0;
  for (auto load : block.getOps<LoadOp>()) {
    bytes += getDenseBytes(load.getTile().getType());
  }
  return bytes;
}

/// Bytes of a tile of bitmaps: of all buffers, in proportion to the elements
/// that the bitmaps stand for. These are one a bit of the first buffer, or a
/// tile for each record, where the first buffer says where records begin and
/// the last one ends.
static Value emitBitmapBytes(Counter &counter, LoadOp load,
                             const IRMapping &mapping) {
  auto getBits = [](Value source) {
    return cast<ShapedType>(source.getType())
        .getElementType()
        .getIntOrFloatBitWidth();
  };
  auto count = [&](Value source) {
    Value elements = counter.constant(1);
    int64_t rank = cast<ShapedType>(source.getType()).getRank();
    for (int64_t dim = 0; dim < rank; ++dim) {
      elements =
          counter.mul(elements, counter.dim(mapping.lookup(source), dim));
    }
    return elements;
  };
  Value bits = counter.constant(0);
  for (Value source : load.getSources()) {
    bits = counter.add(bits, counter.mul(count(source), getBits(source)));
  }
  Value first = load.getSources().front();
  sparsity::TileFormatAttr format = load.getTile().getType().getFormat();
  Value stored = counter.mul(count(first), getBits(first));
  if (format.getLayout() == sparsity::StorageLayout::Fragments) {
    int64_t perTile = format.getFormat().rows * format.getFormat().columns;
    stored = counter.mul(counter.add(count(first), counter.constant(-1)),
                         counter.constant(perTile));
  }
  int64_t elements = 1;
  for (int64_t extent : load.getTile().getType().getShape()) {
    elements *= extent;
  }
  OpBuilder &b = counter.b;
  Value bytes = arith::DivSIOp::create(
      b, counter.loc, counter.mul(bits, elements),
      arith::MaxSIOp::create(b, counter.loc, counter.mul(stored, 8),
                             counter.constant(1)));
  return bytes;
}

/// Bytes as stored of the tiles that `block` loads once.
static Value emitStoredBytes(Counter &counter, Block &block,
                             const IRMapping &mapping) {
  int64_t known = 0;
  Value bytes;
  for (auto load : block.getOps<LoadOp>()) {
    TileType tile = load.getTile().getType();
    TileFormat format =
        tile.getFormat() ? tile.getFormat().getFormat() : TileFormat::dense();
    if (format.kind == TileFormat::Kind::Bitmap) {
      Value own = emitBitmapBytes(counter, load, mapping);
      bytes = bytes ? counter.add(bytes, own) : own;
      continue;
    }
    unsigned bits = tile.getElementType().getIntOrFloatBitWidth();
    known += std::llround(static_cast<double>(getDenseBytes(tile)) *
                          format.storedBytesRatio(bits));
  }
  Value sum = counter.constant(known);
  return bytes ? counter.add(bytes, sum) : sum;
}

//===----------------------------------------------------------------------===//
// Counts
//===----------------------------------------------------------------------===//

void sparse_tile::emitWorkCount(OpBuilder &builder, ForallOp forall,
                                int64_t number, const IRMapping &mapping,
                                LLVM::LLVMFuncOp callee) {
  Counter counter{builder, forall.getLoc()};
  Location loc = forall.getLoc();
  Block &body = forall.getBody().front();
  Value steps = counter.constant(0);
  Value bytes = emitStoredBytes(counter, body, mapping);
  for (auto pipeline : body.getOps<PipelineOp>()) {
    Value length = counter.fromIndex(mapping.lookup(pipeline.getExtent()));
    if (pipeline.getLower()) {
      Value lower = counter.fromIndex(mapping.lookup(pipeline.getLower()));
      length = arith::SubIOp::create(builder, loc, length, lower);
    }
    length = arith::MaxSIOp::create(builder, loc, length, counter.constant(0));
    Value run = counter.ceilDiv(length, pipeline.getStep());
    steps = counter.add(steps, run);
    Value step = emitStoredBytes(counter, pipeline.getLoad().front(), mapping);
    bytes = counter.add(bytes, counter.mul(run, step));
  }
  LLVM::CallOp::create(builder, loc, callee,
                       ValueRange{counter.constant(number), steps, bytes});
}

/// The position among the forall's sizes of the reduction of `pipeline`, or
/// none.
static std::optional<int64_t> getReduction(ForallOp forall,
                                           PipelineOp pipeline) {
  if (auto position = pipeline->getAttrOfType<IntegerAttr>(kReductionAttr)) {
    return position.getInt();
  }
  auto sizes = forall.getSizeArgs();
  auto found = llvm::find(sizes, pipeline.getExtent());
  return found == sizes.end()
             ? std::nullopt
             : std::optional<int64_t>(std::distance(sizes.begin(), found));
}

void sparse_tile::emitDenseWork(OpBuilder &builder, ForallOp forall,
                                int64_t number, LLVM::LLVMFuncOp callee) {
  Counter counter{builder, forall.getLoc()};
  auto size = [&](int64_t position) -> Value {
    return position >= 0 &&
                   position < static_cast<int64_t>(forall.getSizes().size())
               ? counter.fromIndex(forall.getSizes()[position])
               : counter.constant(1);
  };
  SmallVector<int64_t> positions =
      llvm::to_vector(llvm::seq<int64_t>(forall.getNumParallel()));
  if (auto dense = forall->getAttrOfType<DenseI64ArrayAttr>(kDenseSizesAttr)) {
    positions.assign(dense.asArrayRef().begin(), dense.asArrayRef().end());
  }
  Value items = counter.constant(1);
  for (auto [dim, position] : llvm::enumerate(positions)) {
    int64_t tile = dim < forall.getTile().size() ? forall.getTile()[dim] : 1;
    items = counter.mul(items, counter.ceilDiv(size(position), tile));
  }
  Block &body = forall.getBody().front();
  Value steps = counter.constant(0);
  Value bytes = counter.constant(getDenseBytes(body));
  for (auto pipeline : body.getOps<PipelineOp>()) {
    std::optional<int64_t> reduction = getReduction(forall, pipeline);
    bool continues = llvm::any_of(pipeline.getInits(), [](Value init) {
      return init.getDefiningOp<PipelineOp>() != nullptr;
    });
    if (continues || !reduction) {
      continue;
    }
    Value all = counter.ceilDiv(size(*reduction), pipeline.getStep());
    steps = counter.add(steps, all);
    bytes = counter.add(
        bytes, counter.mul(all, getDenseBytes(pipeline.getLoad().front())));
  }
  LLVM::CallOp::create(builder, forall.getLoc(), callee,
                       ValueRange{counter.constant(number),
                                  counter.mul(items, steps),
                                  counter.mul(items, bytes)});
}

//===----------------------------------------------------------------------===//
// Bounds alone
//===----------------------------------------------------------------------===//

/// The ops of the body that the bounds of the pipelines come from.
static DenseSet<Operation *> getBoundOps(ForallOp forall) {
  Block *body = &forall.getBody().front();
  SmallVector<Value> values;
  for (auto pipeline : body->getOps<PipelineOp>()) {
    values.push_back(pipeline.getExtent());
    if (pipeline.getLower()) {
      values.push_back(pipeline.getLower());
    }
  }
  DenseSet<Operation *> ops;
  while (!values.empty()) {
    Operation *op = values.pop_back_val().getDefiningOp();
    op = op ? body->findAncestorOpInBlock(*op) : nullptr;
    if (op && ops.insert(op).second) {
      op->walk([&](Operation *nested) {
        llvm::append_range(values, nested->getOperands());
      });
    }
  }
  return ops;
}

void sparse_tile::emitBounds(OpBuilder &builder, ForallOp forall,
                             IRMapping &mapping) {
  DenseSet<Operation *> ops = getBoundOps(forall);
  for (Operation &op : forall.getBody().front()) {
    if (ops.contains(&op)) {
      builder.clone(op, mapping);
    }
  }
}

namespace {
/// Finds the buffers that decide how much work there is.
class DecidingBuffers {
public:
  explicit DecidingBuffers(ModuleOp module);
  DenseSet<Operation *> getSchedules() const;

private:
  /// The buffer that `value` is a view of.
  static Value getRoot(Value value);
  bool add(Value buffer) { return buffers.insert(getRoot(buffer)).second; }
  void addHostReads(Operation *op);
  void addBounds(ForallOp forall);
  bool isDeciding(ForallOp forall) const;
  bool propagate();

  SmallVector<ForallOp> schedules;
  SmallVector<memref::CopyOp> copies;
  DenseSet<Value> buffers;
  /// A buffer comes from where it cannot be followed.
  bool all = false;
};
} // namespace

Value DecidingBuffers::getRoot(Value value) {
  while (auto view = value.getDefiningOp<ViewLikeOpInterface>()) {
    value = view.getViewSource();
  }
  return value;
}

/// Buffers that code outside of schedules reads; it always runs.
void DecidingBuffers::addHostReads(Operation *op) {
  if (isa<ViewLikeOpInterface, memref::DimOp, memref::DeallocOp>(op) ||
      op->hasTrait<OpTrait::ReturnLike>()) {
    return;
  }
  for (Value operand : op->getOperands()) {
    if (isa<BaseMemRefType>(operand.getType()) &&
        !(isa<memref::StoreOp>(op) && op->getNumResults() == 0)) {
      add(operand);
    }
  }
  for (Value result : op->getResults()) {
    all |= isa<BaseMemRefType>(result.getType()) &&
           !isa<memref::AllocOp, memref::AllocaOp, memref::GetGlobalOp>(op);
  }
  all |= isa<CallOpInterface>(op);
}

void DecidingBuffers::addBounds(ForallOp forall) {
  auto arguments = forall.getInputArgs();
  for (Operation *op : getBoundOps(forall)) {
    op->walk([&](Operation *nested) {
      for (Value operand : nested->getOperands()) {
        auto found = llvm::find(arguments, getRoot(operand));
        if (found != arguments.end() && !isa<memref::DimOp>(nested)) {
          add(forall.getInputs()[std::distance(arguments.begin(), found)]);
        }
      }
    });
  }
}

DecidingBuffers::DecidingBuffers(ModuleOp module) {
  module.walk<WalkOrder::PreOrder>([&](Operation *op) {
    if (auto forall = dyn_cast<ForallOp>(op)) {
      schedules.push_back(forall);
      addBounds(forall);
      return WalkResult::skip();
    }
    if (auto copy = dyn_cast<memref::CopyOp>(op)) {
      copies.push_back(copy);
    } else {
      addHostReads(op);
    }
    return WalkResult::advance();
  });
  while (propagate()) {
  }
}

bool DecidingBuffers::isDeciding(ForallOp forall) const {
  return all || llvm::any_of(forall.getOutputs(), [&](Value output) {
           return buffers.contains(getRoot(output));
         });
}

/// One round; returns whether there was something new.
bool DecidingBuffers::propagate() {
  bool changed = false;
  for (memref::CopyOp copy : copies) {
    if (buffers.contains(getRoot(copy.getTarget()))) {
      changed |= add(copy.getSource());
    }
  }
  for (ForallOp forall : schedules) {
    if (isDeciding(forall)) {
      for (Value operand : forall->getOperands()) {
        changed |= isa<BaseMemRefType>(operand.getType()) && add(operand);
      }
    }
  }
  return changed;
}

DenseSet<Operation *> DecidingBuffers::getSchedules() const {
  DenseSet<Operation *> found;
  for (ForallOp forall : schedules) {
    if (isDeciding(forall)) {
      found.insert(forall);
    }
  }
  return found;
}

DenseSet<Operation *> sparse_tile::findDecidingSchedules(ModuleOp module) {
  return DecidingBuffers(module).getSchedules();
}
