//===- WarpSpecialized.h - what parts of a wgmma kernel share ---*- C++ -*-===//
//
// One thread of a producer warpgroup fills a ring of stages in shared memory by
// bulk copies; consumer warpgroups multiply out of it. Two barriers a stage:
// `full` counts the copied bytes, `empty` the consumer warps that are done, of
// every block of the cluster.
//
//   shared memory   stages | staging of the epilogue | exchange of split sums |
//                   barriers | who multiplies a stage, where lists are joined
//   a stage         operand tiles, each at a multiple of 1024 bytes, metadata
//                   last
//
// A stage holds a k-block: 128 bytes of K of every operand, 64 compressed ones
// of an n:m operand. A dense operand lies as its tensor map's 128-byte swizzle
// leaves it, K innermost or in panels of 64 rows for each K; a compressed one
// in blocks of 64 rows of core matrices, without a swizzle (PTX ISA,
// "Asynchronous Warpgroup Level Matrix Shared Memory Layout"). A tile of a list
// that is stored as a record (bits and elements) lies as it is stored, and each
// consumer decodes it into the registers that its instruction takes A from.
//
//===----------------------------------------------------------------------===//

#ifndef SPARSITY_CONVERSION_SPARSETILETOGPU_WARPSPECIALIZED_H
#define SPARSITY_CONVERSION_SPARSETILETOGPU_WARPSPECIALIZED_H

#include "Kernel.h"
#include "KernelFunction.h"
#include "Wgmma.h"

namespace mlir::sparsity::gpu_conversion {

inline constexpr int64_t kWarpgroup = 128;
inline constexpr int64_t kRowBlock = 64;

/// One operand tile of a stage.
struct BulkOperand {
  sparse_tile::LoadOp load;
  bool isA = false;
  /// Compressed blocks with metadata, by linear copies; values that are rounded
  /// on the way by a tensor copy, which leaves them as they lie.
  bool packed = false;
  /// Panels of rows for each K.
  bool alongRows = false;
  /// A record of bits and elements, of as many bytes as it takes.
  bool isRecord = false;
  int64_t rows = 0;
  /// The source dimensions that the tile's rows and K walk.
  int64_t rowDim = 0, kDim = 0;
  /// Where the tile lies depends on the step: the load's region says.
  bool listed = false;
  /// In the stage; metadata behind the values.
  int64_t offset = 0, bytes = 0;
  int64_t metadataOffset = 0, metadataBytes = 0;
  /// The tensor map of each block of the cluster that copies a part; of
  /// compressed values that are rounded, theirs.
  SmallVector<unsigned> maps;
  /// Rows (or K, in panels) that each block of the cluster copies.
  SmallVector<int64_t> parts;
  /// Where tiles may end outside of the tensor: boxes of half and of a quarter
  /// of a part.
  std::optional<std::array<unsigned, 2>> edgeMaps = {};

  /// Compressed, and copied by a tensor map.
  bool isRounded() const { return packed && !maps.empty(); }
};

/// A product of the compute region.
struct BulkProduct {
  unsigned a, b, accumulator;
};

/// A pipeline of the schedule: a reduction loop with sums of its own.
struct BulkPhase {
  sparse_tile::PipelineOp pipeline;
  SmallVector<BulkOperand> operands;
  SmallVector<BulkProduct> products;
  /// Its first sums among those of all phases.
  unsigned firstAccumulator = 0;
};

/// How a store op's result leaves the kernel.
struct BulkStore {
  sparse_tile::StoreOp op;
  /// By tensor copies of 64 x `chunk` tiles out of shared memory; otherwise by
  /// the epilogue of warps.
  bool bulk = false;
  /// The result's innermost dimension walks the rows.
  bool alongRows = false;
  bool swizzled = true;
  /// Columns of a copy, and the copies that shared memory holds.
  int64_t chunk = 64, buffers = 0;
  /// The tensor maps of whole chunks and of a narrower last one.
  unsigned map = 0, tailMap = 0;
};

/// A consumer's sums: [accumulator][row block], as wgmma's D fragment.
using WarpgroupSums = SmallVector<SmallVector<SmallVector<Value>>>;

/// Everything about a kernel under construction.
struct WarpSpecialized {
  KernelState &state;
  int64_t consumers = 0, rowBlocks = 0, columns = 0, stages = 0;
  int64_t cluster = 1, splits = 1;
  /// The blocks of a cluster have neighbouring column tiles and share A: where
  /// each row tile follows a list of its own, nothing else can be shared.
  /// Otherwise they have neighbouring row tiles and share B.
  bool sharesA = false;
  /// Two consumers with a tile each ("ping-pong"): one stores while the other
  /// multiplies. Otherwise consumers share a tile's rows.
  bool takesTurns = false;
  /// Two consumers with a row of tiles each that follow lists of their own, and
  /// tiles of B for both (WarpSpecializedJoin.cpp).
  bool joins = false;
  /// Consumers that each take a share of a tile's list, out of a ring of their
  /// own with a producer of its own, or 1 (WarpSpecializedFragments.cpp).
  int64_t rings = 1;
  /// Packed weights are copied before the kernel in front has ended.
  bool overlap = false;
  /// A tile's results are packed, and stored while the first products of the
  /// next tile run.
  bool defersStores = false;
  /// The input that says in which order rows of tiles are taken, or null
  /// (WarpSpecializedOrder.cpp).
  Value order = {};
  /// K-blocks of a tile, or 0 if each tile has its own number.
  int64_t stageBytes = 0, kBlocks = 0, stepElements = 0;
  int64_t stagingOffset = 0, stagingBytes = 0, exchangeOffset = 0;
  int64_t combineOffset = 0, barrierOffset = 0, sharersOffset = 0;
  int64_t sharedBytes = 0;
  const MMAInstruction *instruction = nullptr;
  /// Where products follow a list each, they come one after another through the
  /// same ring. The operands, products and sums are those of the phase that is
  /// being emitted.
  std::vector<BulkPhase> phases;
  SmallVector<BulkOperand> operands;
  SmallVector<BulkProduct> products;
  unsigned accumulators = 0;
  SmallVector<BulkStore> stores;
  ArrayRef<Value> tensorMaps;

  /// In the kernel: this warpgroup, its thread and warp, this block's rank.
  Value warpgroup = {}, groupThread = {}, groupWarp = {}, rank = {};
  /// Which part of the tile's rows is this warpgroup's.
  Value rowPart = {};
  Value leader = {};

  int64_t clusterSize() const { return cluster * splits; }
  bool isCluster() const { return clusterSize() > 1; }
  /// The instruction takes A compressed.
  bool isSparse() const {
    return instruction->aFormat.kind == TileFormat::Kind::NOfM;
  }
  /// The instruction takes A in registers.
  bool readsFragments() const {
    return instruction->aFormat.kind == TileFormat::Kind::Bitmap;
  }
  /// Consumers of a cluster that share a tile's K.
  int64_t shares() const { return splits * rings; }
  /// Where a row block of this warpgroup begins in the tile.
  Value rowOffset(int64_t block);
  /// This warpgroup's part of the staging.
  Value getStaging();
  /// Columns of the sums that a block stores.
  int64_t storedColumns() const { return columns / splits; }
  /// Waits for the threads of this warpgroup.
  void syncWarpgroup();
};

/// Decides how `store` writes, with so many bytes of shared memory a warpgroup
/// (or the least it can do with), and asks for its tensor maps.
BulkStore planBulkStore(WarpSpecialized &kernel, sparse_tile::StoreOp store,
                        int64_t stagingBytes,
                        function_ref<unsigned(unsigned, TensorMap)> addMap);

/// Bytes of shared memory that staging the results takes.
int64_t getBulkStagingBytes(const WarpSpecialized &kernel);

/// Writes `sums` of the tile at `origins`; its columns start at the last
/// origin.
void emitBulkStore(WarpSpecialized &kernel, const BulkStore &store,
                   const WarpgroupSums &sums, ArrayRef<Value> origins,
                   ArrayRef<Value> sizes);

/// The registers of a bulk store, [row block][eight columns][rows and those
/// eight below]: two neighbouring columns each.
SmallVector<Value> packResults(WarpSpecialized &kernel, const BulkStore &store,
                               const WarpgroupSums &sums,
                               ArrayRef<Value> origins, ArrayRef<Value> sizes);
/// Stores what packResults() returned.
void emitPackedStore(WarpSpecialized &kernel, const BulkStore &store,
                     ArrayRef<Value> packed, ArrayRef<Value> origins,
                     ArrayRef<Value> sizes);

} // namespace mlir::sparsity::gpu_conversion

#endif // SPARSITY_CONVERSION_SPARSETILETOGPU_WARPSPECIALIZED_H
