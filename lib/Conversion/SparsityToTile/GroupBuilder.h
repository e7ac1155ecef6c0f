//===- GroupBuilder.h - the schedule of one kernel group --------*- C++ -*-===//
//
// The rows and the columns of a schedule are *axes*. Positions on an axis are
// the indices of its dimension (plain); or the rows of the groups of a list,
// each group cut into whole tiles (grouped); or the entries of a list, likewise
// cut by group (listed): then the index of a position is read from the list.
//
//===----------------------------------------------------------------------===//

#ifndef SPARSITY_LIB_CONVERSION_SPARSITYTOTILE_GROUPBUILDER_H
#define SPARSITY_LIB_CONVERSION_SPARSITYTOTILE_GROUPBUILDER_H

#include "Phases.h"

#include "sparsity/Analysis/IterationDomain.h"
#include "sparsity/Dialect/SparseTile/IR/SparseTile.h"

#include "mlir/IR/PatternMatch.h"

namespace mlir::sparsity {

/// Rows or columns of a work item.
struct Axis {
  enum class Kind : uint8_t {
    Plain,
    Grouped,
    Listed,
    Block
  } kind = Kind::Plain;
  int64_t tile = 1;
  /// Grouped: rows of a group. Block: rows or columns of an entry.
  int64_t granularity = 1;

  /// In the body: the position of the tile; the indices [begin, end) that it
  /// holds (plain, grouped), or the entries (listed).
  Value origin, begin, end;
  /// Listed: the group of the tile and the list's coordinates.
  Value group, coordinates;

  bool isPlain() const { return kind == Kind::Plain; }
  /// Index (plain, grouped) or entry (listed) of a position.
  Value place(IndexBuilder &at, Value position) const {
    return isPlain() ? position : at.add(begin, at.sub(position, origin));
  }
  /// The index of a position that is present.
  Value index(IndexBuilder &at, Value position) const {
    Value where = place(at, position);
    return kind == Kind::Listed ? at.read(coordinates, where) : where;
  }
  Value present(IndexBuilder &at, Value position) const {
    return at.less(place(at, position), end);
  }
};

/// Builds the schedule of one kernel group.
class GroupBuilder {
public:
  GroupBuilder(IRRewriter &rewriter, KernelGroup &group)
      : rewriter(rewriter), group(group),
        root(group.epilogue ? group.epilogue.getOperation()
                            : group.contractions.front().op) {}

  LogicalResult build();

private:
  /// Where a parallel dimension of the schedule comes from: a dimension of the
  /// root's iteration space, or none for the missing side of a matrix-vector
  /// product.
  using Origin = std::optional<unsigned>;

  /// How an operand is stored and read.
  struct Operand {
    SparsityEncodingAttrInterface encoding;
    Coverage coverage;
    TileFormat format;
    /// Values follow the entries of the coverage's list: logically they are
    /// [entry, row in the group, column in the entry], or one for an entry.
    bool byEntry = false;
    Coverage list;
    /// Positions in `inputs` of the buffers with elements, and of those that
    /// the coverage reads, by name.
    SmallVector<unsigned> data;
    std::map<std::string, unsigned> lists;
    /// An order of the groups of `list`, before it is among the inputs.
    std::optional<StorageField> order;
  };

  // Dimensions.
  void chooseDimensions();
  Origin rootDim(const Contraction &contraction, Origin dim);
  Value sizeOf(const Contraction *contraction, unsigned dim);
  LogicalResult chooseAxes();
  /// kOrderAttrName of the schedule, or null. Its buffer becomes an input.
  DenseI64ArrayAttr findOrder();
  Value sizeOfAxis(Axis &axis, Value size);
  void beginAxis(IndexBuilder &at, Axis &axis, unsigned position);
  unsigned addInput(Value value);
  LogicalResult collectOperands(const Contraction &contraction);
  LogicalResult collectSizes();
  Value sizeOfListed(const Contraction &contraction);
  void collectDenseSizes();
  void collectStoreInputs();
  LogicalResult classify(Value value, RankedTensorType type, Location loc,
                         Operand &operand);

  // A result with an encoding.
  bool hasEncodedResult() const;
  LogicalResult planResult();
  unsigned scheduleDim(unsigned tensorDim);
  unsigned scheduleDimOfList(unsigned dim);
  void beginEntry(IndexBuilder &at);
  Value mayBePresent(IndexBuilder &at);
  Value maskResult(Value value, ValueRange indices, Location loc);
  Value assembleResult(Value values);

  // The body.
  void buildBody(sparse_tile::ForallOp forall);
  void buildPipelines(ArrayRef<unsigned> members);
  void buildPipeline(ArrayRef<unsigned> members, const Phase &phase,
                     unsigned driver);
  SmallVector<Phase> phasesOf(unsigned member, unsigned operand);
  Value buildLoad(unsigned member, unsigned operand, int64_t rows, int64_t step,
                  Value k, const Phase &phase, bool drives);
  Value buildGather(unsigned member, unsigned operand,
                    sparse_tile::TileType type, Value k, const Phase &phase,
                    bool drives);
  int64_t storedRank(unsigned member, unsigned operand);
  SmallVector<Value> locateElement(unsigned member, unsigned operand,
                                   const Phase &phase, bool drives,
                                   IndexBuilder &ib, Value rowPosition,
                                   Value kPosition);
  bool isA(unsigned operand) const {
    return (operand == 0) != config.getSwap();
  }
  /// The axis that walks the operand's own parallel dimension.
  Axis &axisOf(unsigned operand) { return axes[isA(operand) ? 0 : 1]; }
  /// The index, or the range of them, of an iteration dimension that is neither
  /// row, column nor reduction.
  Value outerIndex(const Contraction &contraction, unsigned dim);
  Value fieldOf(const Operand &operand, StringRef name);
  Value emitUnknown(const Operand &operand, OpBuilder &builder, Location loc,
                    ValueRange point);
  void buildStore(sparse_tile::ForallOp forall);
  void buildScatter(sparse_tile::StoreOp store);

  IRRewriter &rewriter;
  KernelGroup &group;
  Operation *root;
  sparse_tile::ConfigAttr config;
  SmallVector<Origin> parallel;
  SmallVector<Value> sizes, inputs, outputs;
  /// kDenseSizesAttr of the schedule; empty where positions are indices.
  SmallVector<int64_t> denseSizes;
  /// Rows and columns.
  Axis axes[2];
  /// Listed axis: positions and coordinates in `inputs`.
  unsigned listPositions = 0, listCoordinates = 0;
  /// Per contraction: the position of its K extent in `sizes`, and its
  /// operands.
  SmallVector<unsigned> extents;
  std::vector<std::array<Operand, 2>> operands;
  /// An encoded result: how it is stored, the tensor with its pattern, its
  /// values, and where the schedule's dimensions lie in these.
  Operand result;
  Value resultSource, resultValues;
  std::optional<AffineMap> resultMap;
  /// Set while the body is built.
  MutableArrayRef<BlockArgument> origins, sizeArgs, inputArgs, outputArgs;
  SmallVector<Value> accumulators;
};

} // namespace mlir::sparsity

#endif // SPARSITY_LIB_CONVERSION_SPARSITYTOTILE_GROUPBUILDER_H
