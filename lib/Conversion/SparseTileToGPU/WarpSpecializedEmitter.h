//===- WarpSpecializedEmitter.h - the emitter of warpgroups -----*- C++ -*-===//

#ifndef SPARSITY_CONVERSION_SPARSETILETOGPU_WARPSPECIALIZEDEMITTER_H
#define SPARSITY_CONVERSION_SPARSETILETOGPU_WARPSPECIALIZEDEMITTER_H

#include "LoadDetail.h"
#include "WarpSpecialized.h"
#include "WarpSpecializedKernel.h"

namespace mlir::sparsity::gpu_conversion {

inline constexpr int64_t kBarrierBytes = 16;
/// The two barriers of a stage.
inline constexpr int64_t kFull = 0, kEmpty = 8;
/// Of a thread, once roles are taken; 128 and 256 threads fill the file.
inline constexpr uint32_t kProducerRegisters = 40, kConsumerRegisters = 232;
/// Where the producer merges two lists.
inline constexpr uint32_t kJoinerRegisters = 88, kJoinedRegisters = 208;
/// Of three consumers.
inline constexpr uint32_t kManyConsumersRegisters = 152;

/// Where a ring buffer is: the stage, and the parity of its barriers.
struct RingPosition {
  Value stage, parity;
};

class WarpSpecializedEmitter : KernelFunction {
public:
  WarpSpecializedEmitter(sparse_tile::ForallOp forall,
                         sparse_tile::ConfigAttr config,
                         gpu::GPUModuleOp kernels, StringRef name,
                         const TargetInfo &target, WarpgroupOptions options)
      : KernelFunction(forall, config, kernels, name, target),
        state{b, forall, target, scalars, MultiplyType::F32}, kernel{state} {
    kernel.overlap = options.overlap;
    kernel.defersStores = options.defersStores;
  }

  FailureOr<KernelDescription> run();

private:
  LogicalResult readConfig();
  LogicalResult planPhases();
  LogicalResult planOperands();
  LogicalResult planOperand(Value tile, bool isA, BulkOperand &plan);
  LogicalResult planShared();
  InFlightDiagnostic emitUnsupported() {
    return forall.emitOpError(
        "expected a schedule that bulk copies and warpgroups can run, "
        "but got one with ");
  }

  /// Makes `phase` the one whose copies and products are emitted.
  void enterPhase(const BulkPhase &phase);
  void emitPrologue();
  void rereadThread();
  /// Emits `body`, behind which the thread's place is what it was before.
  void keepThread(function_ref<void()> body);
  /// Emits a tile, given the one behind it (or one that exists) and the values
  /// that the loop carries.
  using TileBody =
      function_ref<SmallVector<Value>(Value tile, Value next, ValueRange)>;
  /// Returns what the loop carries out.
  SmallVector<Value> emitTiles(bool takesTurns, ValueRange initial,
                               TileBody body);
  void emitProducer();
  void emitConsumer();
  /// Announces the bytes of the stage, of the tile whose origins are set.
  void emitExpect(Value stage, ValueRange places);
  void emitExpect(Value stage, Value bytes);
  /// Copies the operands of a stage that are packed, or those that are not.
  void emitCopies(bool packed, Value block, Value stage, ValueRange places);
  /// The first of the k-blocks that this block of a cluster multiplies.
  Value getFirstBlock();
  /// The packed operands of the first stages, a wait for the kernel in front,
  /// and the other operands. Returns how many stages that were.
  int64_t emitPrefetch();
  void emitOperandLoad(const BulkOperand &operand, Value block, Value base,
                       Value barrier, ValueRange place);
  /// Which boxes copy the rows of a part that exist. A row outside costs a
  /// tensor copy about seven cycles, one inside about one, and each box some
  /// sixty.
  struct EdgeBoxes {
    Value whole, half, quarter, quarterBehindHalf;
  };
  EdgeBoxes getEdgeBoxes(const BulkOperand &operand, int64_t before,
                         int64_t part);
  /// The bytes that copies of the operand bring into a stage.
  Value getCopiedBytes(const BulkOperand &operand);
  /// Of each listed operand, the indices of its tile at `block`, or where its
  /// record begins and ends.
  SmallVector<Value> getPlaces(Value block);
  static size_t getPlaceRank(const BulkOperand &operand);
  /// Copies what the lists of a pair of row tiles name, and marks the end.
  RingPosition emitJoinedCopies(Value tile, RingPosition at);
  RingPosition emitJoinedSums(RingPosition at, WarpgroupSums &sums);
  /// Where the producer says who multiplies a stage.
  Value getSharers(Value stage);
  /// The k-blocks of the tile whose origins are set, of this share of them.
  Value getBlockCount();
  /// The copies of a phase into the ring, from step `begun` on.
  RingPosition emitPhaseCopies(Value tile, RingPosition at, Value begun);
  /// The k-blocks of each phase of the tile whose origins are set.
  SmallVector<Value> getBlockCounts();
  /// Those of a list, of all shares.
  Value countEntries();
  /// The share of this consumer, or of its producer; the k-blocks before a
  /// share.
  Value getShare();
  Value getShareBegin(Value index);
  /// With turns, the products start when the barrier of this warpgroup has
  /// completed a phase of parity `turn`.
  RingPosition emitTile(RingPosition at, Value turn, ValueRange counts);
  /// The barrier behind those of the stages on which the other warpgroup says
  /// that it has started its last product of a tile.
  Value getTurnBarrier(Value warpgroup);
  /// Stores the tile in front, if there is one and `condition` holds.
  void emitDeferredStore(Value condition);
  Value getOpaqueOne();
  SmallVector<Value> getUndefinedSums();
  RingPosition emitSums(RingPosition at, WarpgroupSums &sums);
  RingPosition emitCountedSums(RingPosition at, Value count,
                               WarpgroupSums &sums);
  /// The same with A decoded into registers.
  RingPosition emitFragmentSums(RingPosition at, Value count,
                                WarpgroupSums &sums);
  void emitFragmentProducts(WarpgroupSums &sums, Value stage);
  /// Copies the records of this ring's share of the tile's list, and B, but for
  /// the first `begun`.
  RingPosition emitRecordCopies(RingPosition at, Value begun);
  /// The same for the first stages of the first tile: records, a wait for the
  /// kernel in front, B. Returns how many stages that were.
  Value emitRecordPrefetch();
  /// The places of an entry, which lane `lane` read.
  SmallVector<Value> takePlaces(ValueRange places, Value lane);
  /// `body` in the consumer that stores, with the sums of all rings.
  void combineRings(WarpgroupSums &sums, function_ref<void()> body);
  SmallVector<Value> flatten(const WarpgroupSums &sums);
  WarpgroupSums unflatten(ValueRange flat);
  /// The sums of a loop that may have no step, flat.
  SmallVector<Value> makeZeroSums();
  Type getSumType() {
    return state.multiply == MultiplyType::S8 ? Type(b.getI32Type())
                                              : Type(b.getF32Type());
  }
  size_t getNumSums() const {
    return kernel.accumulators * kernel.rowBlocks * kernel.columns / 2;
  }
  void emitStage(WarpgroupSums &sums, RingPosition at, Value accumulate,
                 Value releasePrevious, uint64_t inFlight);
  void emitProducts(WarpgroupSums &sums, Value base, Value accumulate);
  /// Blocks that split K: pushes the sums of each share of the columns to the
  /// block that stores it; then adds what was pushed here.
  void pushSplits(const WarpgroupSums &sums);
  void addSplits(WarpgroupSums &sums);
  /// Where four sums of a thread from block `source` lie.
  Value getExchange(Value base, Value source, int64_t index);
  /// Waits for all products in flight, after which `sums` may be read.
  void emitWaitForSums(WarpgroupSums &sums);
  void emitRelease(Value stage);
  void emitWait(Value barrier, Value parity);
  /// Waits for the threads of the cluster, and makes their writes visible.
  void emitClusterSync();
  /// Waits for the threads of the cluster.
  void emitClusterMeeting();
  Value getBarrier(Value stage, int64_t which);
  /// The stage's number among those of all rings.
  Value getStage(Value stage);
  RingPosition advance(RingPosition at);
  /// The position `count` stages on.
  RingPosition skip(RingPosition at, Value count);
  Value getPrevious(Value stage);
  /// Sets the origins of tile `index`: where it is among the rows as they are
  /// visited, and its first column.
  void setOrigins(Value index);
  /// The same with the row that is visited there, and what the schedule
  /// computes from it.
  void emitTileOrigins(Value index);
  /// The input with an order of the rows of tiles, or null.
  Value findOrder();
  /// The row that is visited at `place`.
  Value getOrderedRow(Value place);
  void setOrderedOrigins(Value tile);
  /// Where rows are ordered: the rounds in which this cluster has a tile, and
  /// the tile of a round.
  Value countRounds();
  Value getDealtTile(Value round);
  /// Makes the row at `first`, or the one at the place behind it, the row of
  /// the schedule. Returns whether it exists: otherwise it is the first one.
  Value enterRow(Value first, Value list);
  /// Follows the list of that row, and returns its steps: none if it does not
  /// exist.
  Value followList(Value first, int64_t list);
  /// Says what the schedule's origins are, and what it computes from them.
  void mapOrigins();
  void cloneSchedule();
  /// The row blocks of a compressed operand's tile that exist.
  Value getRowBlocks(const BulkOperand &operand);
  int64_t rowsPerCluster() const {
    return state.tileRows * (kernel.joins     ? 2
                             : kernel.sharesA ? 1
                                              : kernel.cluster);
  }
  int64_t columnsPerCluster() const {
    return state.tileColumns * (kernel.sharesA ? kernel.cluster : 1);
  }
  int64_t kBlocksPerTile() const { return kernel.kBlocks / kernel.splits; }
  WgmmaShape getShape(const BulkProduct &product) const;

  /// A tile that is not stored yet: whether there is one (not 0), where, and
  /// its packed results.
  struct DeferredTile {
    Value exists, row, column;
    SmallVector<Value> packed;
  };

  KernelState state;
  WarpSpecialized kernel;
  /// The ring of this consumer, or of this warp of the producer.
  Value ring;
  DeferredTile deferred;
  sparse_tile::PipelineOp pipeline;
  Value clusterIndex, clusterCount, tileCount, tileRowCount, tileColumnCount;
};

} // namespace mlir::sparsity::gpu_conversion

#endif // SPARSITY_CONVERSION_SPARSETILETOGPU_WARPSPECIALIZEDEMITTER_H
