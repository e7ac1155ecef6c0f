//===- AttentionConfig.cpp - tiles of sparsity.attention ------------------===//

#include "AttentionConfig.h"

#include "sparsity/Dialect/SparseTile/IR/SparseTile.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/Remarks.h"
#include "llvm/Support/MathExtras.h"

#include <numeric>

using namespace mlir;
using namespace mlir::sparsity;

/// Rows of queries that one warp holds: the rows of one matrix instruction.
static constexpr int64_t kWarpRows = 16;

/// Rows such that a tile meets one group of each list along the rows, or
/// `rows` where that would leave fewer than `least`: then the list is searched
/// key by key.
static int64_t alignToLists(const Coverage &coverage, int64_t rows,
                            int64_t least) {
  if (coverage.kind() == Coverage::Kind::Listed && coverage.groupDim() == 0) {
    int64_t common = std::gcd(rows, coverage.groupGranularity());
    return common >= least ? common : rows;
  }
  for (const Coverage &member : coverage.members()) {
    rows = alignToLists(member, rows, least);
  }
  return rows;
}

/// f16 holds every 8-bit float. Products of f32 stay f32 unless the user lets
/// them be rounded to tf32.
static MultiplyType chooseMultiplyType(Type element) {
  MultiplyType type = MultiplyType::F32;
  getMultiplyType(element, /*allowTF32=*/false, type);
  return type == MultiplyType::E4M3 || type == MultiplyType::E5M2
             ? MultiplyType::F16
             : type;
}

LogicalResult mlir::sparsity::configureAttentions(Operation *root,
                                                  const TargetInfo &target,
                                                  bool allowTF32,
                                                  int64_t stages) {
  bool gpu = target.kind == TargetKind::Gpu;
  WalkResult result = root->walk([&](AttentionOp op) {
    MultiplyType type = chooseMultiplyType(op.getQueryType().getElementType());
    const MMAInstruction *instruction =
        target.findInstruction(type, TileFormat::dense());
    if (!instruction) {
      op.emitOpError("expected operands that ")
          << target.name << " can multiply, but got "
          << op.getQueryType().getElementType();
      return WalkResult::interrupt();
    }
    int64_t queryCount =
        op.getQueryType().getDimSize(op.getQueryType().getRank() - 2);
    int64_t head =
        llvm::alignTo(std::max(op.getHeadSize(), op.getValueSize()), kWarpRows);
    bool few = !ShapedType::isDynamic(queryCount) && queryCount <= 64;
    bool wide = getMultiplyTypeBits(type) > 16;
    SmallVector<int64_t> tile = {32, head, 64}, warps = {1, 1};
    int64_t chosenStages = 1;
    if (gpu) {
      // Sums of an m16 tile take head / 2 registers a thread, logits 32.
      tile[0] = few || wide || head > 128 ? 64 : 128;
      tile[2] = wide ? 32 : 64;
      chosenStages = 2;
      int64_t rowBytes = head * getMultiplyTypeBits(type) / 8 + 16;
      auto sharedBytes = [&] {
        int64_t weights = wide ? tile[0] * (tile[2] + 4) * 4 : 0;
        return (tile[0] + chosenStages * 2 * tile[2]) * rowBytes + weights;
      };
      while (tile[2] > kWarpRows && sharedBytes() > target.sharedBytes) {
        tile[2] /= 2;
      }
    }
    if (SparsityEncodingAttrInterface encoding = op.getEncoding()) {
      tile[0] = alignToLists(encoding.getCoverage(op.getMaskType()), tile[0],
                             gpu ? kWarpRows : 4);
    }
    if (gpu) {
      warps[0] = tile[0] / kWarpRows;
    }
    auto config = sparse_tile::ConfigAttr::get(
        op.getContext(), tile, warps, stages > 0 ? stages : chosenStages,
        /*raster=*/1, /*swap=*/false, stringifyMultiplyType(type),
        instruction->name, /*sparse=*/false, /*cluster=*/1, /*splits=*/1);
    op->setAttr(sparse_tile::kConfigAttrName, config);
    remark::passed(
        op.getLoc(),
        remark::RemarkOpts::name("SelectConfig").category("sparsity"))
        << (instruction->name + " in " + stringifyMultiplyType(type) +
            ", tile " + Twine(tile[0]) + "x" + Twine(tile[2]))
               .str();
    return WalkResult::advance();
  });
  return failure(result.wasInterrupted());
}
