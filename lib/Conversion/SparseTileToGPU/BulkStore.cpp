//===- BulkStore.cpp - sums of warpgroups through shared memory -----------===//
//
// The body is evaluated on the sums where they are, in registers; 16-bit
// results go to shared memory by `stmatrix` (transposed if the result's
// innermost dimension is that of the rows) and out by tensor copies, which clip
// at the result's edges. Whatever this does not fit takes the epilogue of
// warps, a few columns at a time.
//
//===----------------------------------------------------------------------===//

#include "Epilogue.h"
#include "WarpSpecialized.h"

#include "mlir/Dialect/LLVMIR/NVVMDialect.h"

using namespace mlir;
using namespace mlir::sparsity;
using namespace mlir::sparsity::gpu_conversion;

static constexpr int64_t kLeastBuffers = 2, kMostBuffers = 4;
static constexpr int64_t kSwizzle = 128;

Value WarpSpecialized::rowOffset(int64_t block) {
  KernelBuilder &b = state.b;
  // Joined rows of tiles have origins of their own.
  Value first = joins ? b.i32(0) : b.mul(rowPart, rowBlocks);
  return b.mul(b.add(first, block), kRowBlock);
}

Value WarpSpecialized::getStaging() {
  KernelBuilder &b = state.b;
  return b.offset(state.shared,
                  b.add(b.mul(warpgroup, stagingBytes), stagingOffset));
}

void WarpSpecialized::syncWarpgroup() {
  KernelBuilder &b = state.b;
  NVVM::BarrierOp::create(b, Type(), b.add(warpgroup, 1), b.i32(kWarpgroup),
                          NVVM::BarrierReductionAttr(), Value());
}

//===----------------------------------------------------------------------===//
// Plans
//===----------------------------------------------------------------------===//

/// Dimensions of the output by dimension of the forall, or nothing if one of
/// them is not a plain dimension.
static std::optional<SmallVector<unsigned>> getPlainDims(AffineMap map) {
  SmallVector<unsigned> dims;
  for (AffineExpr expr : map.getResults()) {
    auto dim = dyn_cast<AffineDimExpr>(expr);
    if (!dim) {
      return std::nullopt;
    }
    dims.push_back(dim.getPosition());
  }
  return dims;
}

/// The columns of a copy where they are lines of `kRowBlock` elements: few
/// copies, as equal as can be, if that leaves room for two.
static int64_t getChunk(int64_t columns, int64_t stagingBytes) {
  constexpr int64_t kMost = 80;
  int64_t copies = llvm::divideCeil(columns, kMost);
  int64_t chunk = llvm::alignTo(llvm::divideCeil(columns, copies), 8);
  return kLeastBuffers * kRowBlock * chunk * 2 <= stagingBytes
             ? chunk
             : std::min<int64_t>(columns, kRowBlock);
}

BulkStore gpu_conversion::planBulkStore(
    WarpSpecialized &kernel, sparse_tile::StoreOp store, int64_t stagingBytes,
    function_ref<unsigned(unsigned, TensorMap)> addMap) {
  BulkStore plan;
  plan.op = store;
  sparse_tile::ForallOp forall = kernel.state.forall;
  unsigned rowDim = forall.getNumParallel() - 2, columnDim = rowDim + 1;
  if (store.isScatter() || store.getOutputs().size() != 1 ||
      store.getTiles().empty()) {
    return plan;
  }
  Value output = store.getOutputs().front();
  auto type = cast<MemRefType>(output.getType());
  auto maps = store.getMaps().getAsValueRange<AffineMapAttr>();
  AffineMap map = *(maps.begin() + store.getInputs().size());
  std::optional<SmallVector<unsigned>> dims = getPlainDims(map);
  constexpr int64_t kUnit = 8; // elements of 16 bytes
  constexpr int64_t kMaxRank = 5;
  if (!dims || dims->empty() || type.getRank() > kMaxRank ||
      !(type.getElementType().isBF16() || type.getElementType().isF16()) ||
      !type.getLayout().isIdentity() ||
      ShapedType::isDynamic(type.getShape().back()) ||
      type.getShape().back() % kUnit != 0 || llvm::count(*dims, rowDim) != 1 ||
      llvm::count(*dims, columnDim) != 1 ||
      (dims->back() != rowDim && dims->back() != columnDim)) {
    return plan;
  }
  plan.alongRows = dims->back() == rowDim;
  int64_t columns = kernel.storedColumns();
  plan.chunk = plan.alongRows ? getChunk(columns, stagingBytes)
                              : std::min<int64_t>(columns, kRowBlock);
  if (!plan.alongRows && columns % kRowBlock != 0) {
    // The rows of a box are as long as the box in shared memory.
    if (columns > kRowBlock) {
      return plan;
    }
    plan.swizzled = false;
  }
  plan.bulk = true;
  int64_t copies = kernel.rowBlocks * llvm::divideCeil(columns, plan.chunk);
  plan.buffers = std::clamp(stagingBytes / (kRowBlock * plan.chunk * 2),
                            kLeastBuffers, kMostBuffers);
  plan.buffers = std::min(plan.buffers, copies);
  auto outputs = forall.getOutputArgs();
  unsigned index = forall.getInputArgs().size() +
                   std::distance(outputs.begin(), llvm::find(outputs, output));
  auto makeMap = [&](int64_t width) {
    TensorMap tensorMap;
    tensorMap.swizzle = plan.swizzled ? kSwizzle : 0;
    for (unsigned dim : llvm::reverse(*dims)) {
      tensorMap.box.push_back(dim == rowDim      ? kRowBlock
                              : dim == columnDim ? width
                                                 : 1);
    }
    return addMap(index, std::move(tensorMap));
  };
  plan.map = makeMap(plan.chunk);
  if (columns % plan.chunk != 0) {
    plan.tailMap = makeMap(columns % plan.chunk);
  }
  return plan;
}

/// Columns that the epilogue of warps takes at a time.
static int64_t getStagedColumns(const WarpSpecialized &kernel) {
  constexpr int64_t kColumns = 48;
  return std::min<int64_t>(
      kernel.storedColumns(),
      std::max<int64_t>(8, kColumns / kernel.accumulators / 8 * 8));
}

/// A warp's view of a row block's chunk: 16 rows, `columns` columns.
static KernelState getWarpState(const WarpSpecialized &kernel,
                                int64_t columns) {
  KernelState warp = kernel.state;
  warp.warpRows = 4;
  warp.warpColumns = 1;
  warp.tileRows = kRowBlock;
  warp.tileColumns = columns;
  return warp;
}

int64_t gpu_conversion::getBulkStagingBytes(const WarpSpecialized &kernel) {
  int64_t bytes = 0;
  for (BulkStore store : kernel.stores) {
    int64_t own =
        store.bulk
            ? store.buffers * kRowBlock * store.chunk * 2
            : getEpilogueBytes(getWarpState(kernel, getStagedColumns(kernel)),
                               store.op.getTiles().size());
    bytes = std::max<int64_t>(bytes, llvm::alignTo(own, 1024));
  }
  return bytes;
}

//===----------------------------------------------------------------------===//
// By tensor copies
//===----------------------------------------------------------------------===//

namespace {
/// The fragment of one row block, evaluated and packed in pairs.
class FragmentWriter {
public:
  FragmentWriter(WarpSpecialized &kernel, const BulkStore &plan,
                 const WarpgroupSums &sums, ArrayRef<Value> origins,
                 ArrayRef<Value> sizes)
      : kernel(kernel), b(kernel.state.b), plan(plan), store(plan.op),
        sums(sums), sizes(sizes), epilogue(b, kernel.state.scalars, store) {
    this->origins.assign(origins.begin(), origins.end());
  }

  void write(int64_t block, int64_t firstColumn, int64_t width, Value buffer);
  SmallVector<Value> pack();
  /// What pack() returned, to be written in place of sums.
  ArrayRef<Value> packed;

private:
  void beginChunk();
  Value getResult(int64_t block, int64_t tile, int64_t part);
  Value getPair(int64_t block, int64_t tile, int64_t half);
  Value getInput(unsigned index, int64_t block, int64_t tile, int64_t part);
  /// The index of a fragment's row or column, at most the last one.
  Value getRow(int64_t block, int64_t half);
  Value getColumn(int64_t tile, int64_t odd);

  WarpSpecialized &kernel;
  KernelBuilder &b;
  const BulkStore &plan;
  sparse_tile::StoreOp store;
  const WarpgroupSums &sums;
  SmallVector<Value> origins;
  ArrayRef<Value> sizes;
  Epilogue epilogue;
  Value lane, groupWarp, group, quad;
  DenseMap<std::pair<int64_t, int64_t>, Value> rows, columns;
  DenseMap<std::tuple<unsigned, int64_t, int64_t>, Value> inputs;
};
} // namespace

/// Places of a chunk are computed from a read of the thread's index that
/// nothing moves or merges with another: indices and addresses of all chunks at
/// once would not fit into registers next to the sums.
void FragmentWriter::beginChunk() {
  Value thread =
      emitAssembly(b, b.getI32Type(), {}, "mov.u32 $0, %tid.x;", "=r");
  lane = b.bitAnd(thread, 31);
  groupWarp = b.bitAnd(b.shr(thread, 5), 3);
  group = b.shr(lane, 2);
  quad = b.mul(b.bitAnd(lane, 3), 2);
  rows.clear();
  columns.clear();
  // What depends on the row alone is few and serves every chunk.
  SmallVector<std::tuple<unsigned, int64_t, int64_t>> ofColumns;
  for (const auto &[key, value] : inputs) {
    if (std::get<2>(key) >= 0) {
      ofColumns.push_back(key);
    }
  }
  for (const auto &key : ofColumns) {
    inputs.erase(key);
  }
}

Value FragmentWriter::getRow(int64_t block, int64_t half) {
  Value &row = rows[{block, half}];
  if (!row) {
    unsigned dim = origins.size() - 2;
    Value first =
        b.add(kernel.rowOffset(block), b.add(b.mul(groupWarp, 16), group));
    row = b.min(b.add(origins[dim], b.add(first, 8 * half)),
                b.sub(sizes[dim], 1));
  }
  return row;
}

Value FragmentWriter::getColumn(int64_t tile, int64_t odd) {
  Value &column = columns[{tile, odd}];
  if (!column) {
    unsigned dim = origins.size() - 1;
    column = b.min(b.add(origins[dim], b.add(quad, tile * 8 + odd)),
                   b.sub(sizes[dim], 1));
  }
  return column;
}

Value FragmentWriter::getInput(unsigned index, int64_t block, int64_t tile,
                               int64_t part) {
  unsigned rowDim = origins.size() - 2, columnDim = rowDim + 1;
  AffineMap map = epilogue.getMaps()[index];
  bool onRow = map.isFunctionOfDim(rowDim);
  bool onColumn = map.isFunctionOfDim(columnDim);
  std::tuple<unsigned, int64_t, int64_t> key = {
      index, onRow ? 2 * block + part / 2 : -1,
      onColumn ? 2 * tile + part % 2 : -1};
  Value &value = inputs[key];
  if (!value) {
    Run run;
    run.indices = origins;
    run.indices[rowDim] = getRow(block, part / 2);
    run.indices[columnDim] = getColumn(tile, part % 2);
    run.innerDim = columnDim;
    run.width = 1;
    value = epilogue.loadInput(index, run).front();
  }
  return value;
}

Value FragmentWriter::getResult(int64_t block, int64_t tile, int64_t part) {
  SmallVector<Value> indices(origins), elements, values;
  indices[origins.size() - 2] = getRow(block, part / 2);
  indices[origins.size() - 1] = getColumn(tile, part % 2);
  for (const auto &blocks : sums) {
    elements.push_back(blocks[block][4 * tile + part]);
  }
  for (unsigned index = 0; index < store.getInputs().size(); ++index) {
    values.push_back(getInput(index, block, tile, part));
  }
  return epilogue.evaluateBody(indices, elements, values).front();
}

/// Two neighbouring columns of one row as a register.
Value FragmentWriter::getPair(int64_t block, int64_t tile, int64_t half) {
  Value low = getResult(block, tile, 2 * half);
  Value high = getResult(block, tile, 2 * half + 1);
  Type type = low.getType();
  Type pair = VectorType::get({2}, type);
  auto lowCast = low.getDefiningOp<arith::TruncFOp>();
  auto highCast = high.getDefiningOp<arith::TruncFOp>();
  auto isSingle = [](arith::TruncFOp cast) {
    return cast && cast.getIn().getType().isF32();
  };
  Value packed;
  if (isSingle(lowCast) && isSingle(highCast)) {
    // One instruction rounds both (PTX ISA, "cvt", .bf16x2 and .f16x2).
    StringRef name =
        type.isBF16() ? "llvm.nvvm.ff2bf16x2.rn" : "llvm.nvvm.ff2f16x2.rn";
    packed = LLVM::CallIntrinsicOp::create(
                 b, pair, b.getStringAttr(name),
                 ValueRange{highCast.getIn(), lowCast.getIn()})
                 .getResult(0);
    for (arith::TruncFOp cast : {lowCast, highCast}) {
      if (cast->use_empty()) {
        cast->erase();
      }
    }
  } else {
    packed = LLVM::PoisonOp::create(b, pair);
    packed = LLVM::InsertElementOp::create(b, packed, low, b.i32(0));
    packed = LLVM::InsertElementOp::create(b, packed, high, b.i32(1));
  }
  return b.bitcast(b.getI32Type(), packed);
}

/// The chunk of `width` columns behind `firstColumn` of a row block, as the
/// tensor map reads it: 128-byte lines (PTX ISA, "stmatrix").
void FragmentWriter::write(int64_t block, int64_t firstColumn, int64_t width,
                           Value buffer) {
  beginChunk();
  Value low = b.bitAnd(lane, 7);
  Value lowerRows = b.bitAnd(b.shr(lane, 3), 1), second = b.shr(lane, 4);
  auto shape = NVVM::LdStMatrixShapeAttr::get(b.getContext(), 8, 8);
  for (int64_t tile = 0; tile < width / 8; tile += 2) {
    int64_t tiles = std::min<int64_t>(2, width / 8 - tile);
    // A single tile takes the addresses of the first sixteen lanes.
    Value which = tiles == 2 ? b.add(second, tile) : b.i32(tile);
    Value at;
    if (plan.alongRows) {
      Value line = b.add(b.mul(which, 8), low);
      Value chunk = b.add(b.mul(groupWarp, 2), lowerRows);
      at = b.add(b.mul(line, 128), b.mul(b.bitXor(chunk, low), 16));
    } else {
      Value line = b.add(b.mul(groupWarp, 16), b.bitAnd(lane, 15));
      at = plan.swizzled
               ? b.add(b.mul(line, 128), b.mul(b.bitXor(which, low), 16))
               : b.add(b.mul(line, 2 * plan.chunk), b.mul(which, 16));
    }
    SmallVector<Value> registers;
    for (int64_t next = 0; next < tiles; ++next) {
      for (int64_t half = 0; half < 2; ++half) {
        int64_t columnTile = firstColumn / 8 + tile + next;
        int64_t index = block * kernel.storedColumns() / 8 + columnTile;
        registers.push_back(packed.empty() ? getPair(block, columnTile, half)
                                           : packed[index * 2 + half]);
      }
    }
    NVVM::StMatrixOp::create(b, b.offset(buffer, at), registers,
                             plan.alongRows ? NVVM::MMALayout::col
                                            : NVVM::MMALayout::row,
                             shape, NVVM::LdStMatrixEltType::B16);
  }
}

SmallVector<Value> FragmentWriter::pack() {
  SmallVector<Value> all;
  int64_t tiles = kernel.storedColumns() / 8, perChunk = plan.chunk / 8;
  for (int64_t block = 0; block < kernel.rowBlocks; ++block) {
    for (int64_t tile = 0; tile < tiles; ++tile) {
      if (tile % perChunk == 0) {
        beginChunk();
      }
      for (int64_t half = 0; half < 2; ++half) {
        all.push_back(getPair(block, tile, half));
      }
    }
  }
  return all;
}

/// Waits until all copies but the last `pending` have read their buffers.
static void waitForCopies(WarpSpecialized &kernel, uint32_t pending) {
  KernelBuilder &b = kernel.state.b;
  b.when(kernel.leader, [&] {
    NVVM::CpAsyncBulkWaitGroupOp::create(b, pending, b.getUnitAttr());
  });
  kernel.syncWarpgroup();
}

static void emitBulk(WarpSpecialized &kernel, const BulkStore &plan,
                     const WarpgroupSums &sums, ArrayRef<Value> packed,
                     ArrayRef<Value> origins, ArrayRef<Value> sizes) {
  KernelBuilder &b = kernel.state.b;
  unsigned rowDim = origins.size() - 2, columnDim = rowDim + 1;
  int64_t columns = kernel.storedColumns();
  int64_t bufferBytes = kRowBlock * plan.chunk * 2;
  Value staging = kernel.getStaging();
  FragmentWriter writer(kernel, plan, sums, origins, sizes);
  writer.packed = packed;
  sparse_tile::StoreOp store = plan.op;
  auto maps = store.getMaps().getAsValueRange<AffineMapAttr>();
  AffineMap map = *(maps.begin() + store.getInputs().size());
  int64_t number = 0;
  for (int64_t block = 0; block < kernel.rowBlocks; ++block) {
    Value row = b.add(origins[rowDim], kernel.rowOffset(block));
    for (int64_t first = 0; first < columns; first += plan.chunk, ++number) {
      int64_t width = std::min(plan.chunk, columns - first);
      Value buffer = b.offset(staging, number % plan.buffers * bufferBytes);
      // All copies of the tile or store before have read their buffers, then
      // the one that had this buffer last.
      if (number == 0 || number >= plan.buffers) {
        uint32_t pending = number == 0 ? 0 : plan.buffers - 1;
        waitForCopies(kernel, pending);
      }
      writer.write(block, first, width, buffer);
      NVVM::FenceProxyOp::create(
          b, NVVM::ProxyKind::async_shared,
          NVVM::SharedSpaceAttr::get(b.getContext(),
                                     NVVM::SharedSpace::shared_cta));
      kernel.syncWarpgroup();
      SmallVector<Value> coordinates;
      for (AffineExpr expr : llvm::reverse(map.getResults())) {
        unsigned dim = cast<AffineDimExpr>(expr).getPosition();
        coordinates.push_back(dim == rowDim ? row
                              : dim == columnDim
                                  ? b.add(origins[columnDim], first)
                                  : origins[dim]);
      }
      b.when(kernel.leader, [&] {
        NVVM::CpAsyncBulkTensorSharedCTAToGlobalOp::create(
            b, kernel.tensorMaps[width == plan.chunk ? plan.map : plan.tailMap],
            buffer, coordinates, Value(), NVVM::TMAStoreMode::TILE, Value());
        NVVM::CpAsyncBulkCommitGroupOp::create(b);
      });
    }
  }
}

//===----------------------------------------------------------------------===//
// By warps
//===----------------------------------------------------------------------===//

static void emitByWarps(WarpSpecialized &kernel, const BulkStore &plan,
                        const WarpgroupSums &sums, ArrayRef<Value> origins,
                        ArrayRef<Value> sizes) {
  KernelBuilder &b = kernel.state.b;
  unsigned rowDim = origins.size() - 2, columnDim = rowDim + 1;
  int64_t columns = kernel.storedColumns();
  int64_t step = getStagedColumns(kernel);
  int64_t bytesPerWarp =
      getEpilogueBytes(getWarpState(kernel, step), sums.size()) / 4;
  if (kernel.stores.size() > 1) {
    // Another store's copies may still read the buffers.
    waitForCopies(kernel, 0);
  }
  for (int64_t block = 0; block < kernel.rowBlocks; ++block) {
    for (int64_t first = 0; first < columns; first += step) {
      int64_t width = std::min(step, columns - first);
      KernelState warp = getWarpState(kernel, width);
      // Each warp stays in a part of its own, whatever the chunk's width.
      warp.shared =
          b.offset(kernel.getStaging(), b.mul(kernel.groupWarp, bytesPerWarp));
      warp.warp = b.i32(0);
      warp.warpRow = kernel.groupWarp;
      warp.warpColumn = b.i32(0);
      SmallVector<Accumulators> fragments;
      for (const auto &blocks : sums) {
        Accumulators tiles(1);
        for (int64_t tile = first / 8; tile < (first + width) / 8; ++tile) {
          ArrayRef<Value> values(blocks[block]);
          tiles.front().push_back(
              SmallVector<Value, 4>(values.slice(4 * tile, 4)));
        }
        fragments.push_back(std::move(tiles));
      }
      SmallVector<Value> from(origins);
      from[rowDim] = b.add(from[rowDim], kernel.rowOffset(block));
      from[columnDim] = b.add(from[columnDim], first);
      // What was read before is overwritten.
      NVVM::SyncWarpOp::create(b, b.i32(-1));
      emitEpilogue(warp, plan.op, fragments, from, sizes);
    }
  }
}

SmallVector<Value> gpu_conversion::packResults(WarpSpecialized &kernel,
                                               const BulkStore &store,
                                               const WarpgroupSums &sums,
                                               ArrayRef<Value> origins,
                                               ArrayRef<Value> sizes) {
  return FragmentWriter(kernel, store, sums, origins, sizes).pack();
}

void gpu_conversion::emitPackedStore(WarpSpecialized &kernel,
                                     const BulkStore &store,
                                     ArrayRef<Value> packed,
                                     ArrayRef<Value> origins,
                                     ArrayRef<Value> sizes) {
  emitBulk(kernel, store, {}, packed, origins, sizes);
}

void gpu_conversion::emitBulkStore(WarpSpecialized &kernel,
                                   const BulkStore &store,
                                   const WarpgroupSums &sums,
                                   ArrayRef<Value> origins,
                                   ArrayRef<Value> sizes) {
  store.bulk ? emitBulk(kernel, store, sums, {}, origins, sizes)
             : emitByWarps(kernel, store, sums, origins, sizes);
}
