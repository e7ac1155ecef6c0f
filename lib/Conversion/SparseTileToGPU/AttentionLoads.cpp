//===- AttentionLoads.cpp - rows of queries, keys and values --------------===//

#include "AttentionKernel.h"

#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/IR/Remarks.h"
#include "llvm/Support/ScopedPrinter.h"

using namespace mlir;
using namespace mlir::sparsity;
using namespace mlir::sparsity::gpu_conversion;

static constexpr int64_t kChunkBytes = 16;

/// Bytes between rows: an odd number of chunks.
int64_t AttentionEmitter::pitchOf(int64_t columns) const {
  return (columns / perChunk() | 1) * kChunkBytes;
}

/// Whether chunks of `load` are 16 aligned bytes of memory each.
bool AttentionEmitter::isVectorLoad(sparse_tile::LoadOp load) {
  const GlobalBuffer &source = scalars.buffers[load.getSources().front()];
  Type element = source.type.getElementType();
  MultiplyType own;
  bool same = getMultiplyType(element, /*allowTF32=*/false, own) &&
              own == state.multiply;
  int64_t rank = source.type.getRank();
  bool aligned = source.type.getShape().back() % perChunk() == 0;
  // Strides of a contiguous buffer are multiples of its last extent.
  if (!source.type.getLayout().isIdentity()) {
    for (auto [dim, stride] : llvm::enumerate(source.staticStrides)) {
      aligned = aligned && (static_cast<int64_t>(dim) == rank - 1
                                ? stride == 1
                                : stride && *stride % perChunk() == 0);
    }
  }
  return same && aligned && state.target.hasCopy(CopyKind::CpAsync);
}

/// One chunk element by element, converted, zeros where there is no element.
void AttentionEmitter::emitElements(sparse_tile::LoadOp load, Value to,
                                    Value from, Value column, Value valid) {
  const GlobalBuffer &source = scalars.buffers[load.getSources().front()];
  Type type = source.type.getElementType();
  Type wanted = isF32()                               ? Type(b.getF32Type())
                : state.multiply == MultiplyType::F16 ? Type(b.getF16Type())
                                                      : Type(b.getBF16Type());
  int64_t extent = source.type.getShape().back();
  int64_t size = source.type.getElementTypeBitWidth() / 8;
  Value zero =
      arith::ConstantOp::create(b, cast<TypedAttr>(b.getZeroAttr(wanted)));
  Value vector =
      LLVM::PoisonOp::create(b, VectorType::get({perChunk()}, wanted));
  Value stride = source.strides.back();
  for (int64_t index = 0; index < perChunk(); ++index) {
    Value inside = b.both(valid, b.less(b.add(column, index), extent));
    // Absent elements read the tensor's first one, which may not exist either.
    auto branch =
        scf::IfOp::create(b, TypeRange{wanted}, inside, /*addThenBlock=*/true,
                          /*addElseBlock=*/true);
    {
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToStart(branch.thenBlock());
      Value address = b.offset(from, b.mul(stride, index * size));
      Value value = convertScalarToDtype(b, b.getLoc(),
                                         loadElement(b, type, address), wanted,
                                         /*isUnsignedCast=*/false);
      scf::YieldOp::create(b, value);
      b.setInsertionPointToStart(branch.elseBlock());
      scf::YieldOp::create(b, zero);
    }
    vector = LLVM::InsertElementOp::create(b, vector, branch.getResult(0),
                                           b.i32(index));
  }
  b.store(vector, b.offset(state.shared, to), kChunkBytes);
}

void AttentionEmitter::emitCopy(sparse_tile::LoadOp load,
                                const SharedTile &tile,
                                const IRMapping &outside) {
  const GlobalBuffer &source = scalars.buffers[load.getSources().front()];
  int64_t rank = source.type.getRank();
  ArrayRef<int64_t> shape = load.getTile().getType().getShape();
  // Rows of the tile in shared memory are keys, which values have as K.
  SmallVector<int64_t> runs = {1, 1};
  if (load.getRuns()) {
    runs.assign(load.getRuns()->begin(), load.getRuns()->end());
  }
  bool transposed =
      load.isGather() ? runs[0] > runs[1] : load.getDims()[0] == rank - 1;
  int64_t rows = shape[transposed ? 1 : 0], columns = shape[transposed ? 0 : 1];
  int64_t chunks = columns / perChunk();
  bool vectors = isVectorLoad(load);
  if (!vectors) {
    remark::missed(load.getLoc(),
                   remark::RemarkOpts::name("SlowLoad").category("sparsity"))
        << "loads element by element: rows of " + llvm::to_string(source.type) +
               " are not known to be multiples of 16 bytes of the type that "
               "is multiplied";
  }
  SmallVector<Value> origins;
  for (Value index : load.getIndices()) {
    origins.push_back(toI32(index, outside));
  }
  Value rowLimit;
  if (!load.isGather()) {
    int64_t rowDim = load.getDims()[transposed ? 1 : 0];
    unsigned parallel = state.forall.getNumParallel();
    // Queries are the rows of the schedule, keys its reduction.
    rowLimit = transposed || load->getParentOp() != state.forall
                   ? sizes[parallel]
                   : sizes[parallel - 2];
    (void)rowDim;
  }
  int64_t total = rows * chunks;
  for (int64_t first = 0; first < total; first += state.threads) {
    Value index = b.add(state.thread, first);
    Value inside =
        first + state.threads <= total ? b.trueValue() : b.less(index, total);
    b.when(inside, [&] {
      Value row = b.div(index, chunks);
      Value column = b.mul(b.rem(index, chunks), perChunk());
      Value to = b.add(tile.base,
                       b.add(b.mul(row, tile.pitch), b.mul(column, bytes())));
      Value from, valid;
      if (load.isGather()) {
        SmallVector<Value> positions = {b.add(origins[transposed ? 1 : 0], row),
                                        column};
        if (transposed) {
          std::swap(positions[0], positions[1]);
        }
        SmallVector<Value> where =
            scalars.inlineBlock(load.getAt().front(), positions, outside);
        valid = where.pop_back_val();
        from = elementAddress(b, source, where);
      } else {
        SmallVector<Value> indices(origins);
        int64_t rowDim = load.getDims()[transposed ? 1 : 0];
        indices[rowDim] = b.add(indices[rowDim], row);
        indices[rank - 1] = column;
        valid = b.less(indices[rowDim], rowLimit);
        from = elementAddress(b, source, indices);
      }
      if (!vectors) {
        return emitElements(load, to, from, column, valid);
      }
      // The padding of the head is zeros.
      int64_t extent = source.type.getShape().back();
      if (extent < columns) {
        valid = b.both(valid, b.less(column, extent));
      }
      Value size = b.select(valid, b.i32(kChunkBytes), b.i32(0));
      NVVM::CpAsyncOp::create(b, b.offset(state.shared, to), from, kChunkBytes,
                              NVVM::LoadCacheModifierKind::CG, size);
    });
  }
}
