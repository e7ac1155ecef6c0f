//===- MultiplyTile.cpp - the micro-kernel
//---------------------------------===//

#include "WorkItem.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace mlir::sparse_tile;

/// accumulator[r][c] += sum over k of broadcast[r][k] * vectors[k][c], in
/// blocks of kBlockRows rows and up to two vectors, whose sums stay in
/// registers over k.
void WorkItem::multiply(const TileBuffer &broadcast, const TileBuffer &vectors,
                        Value accumulator, Value rows, Value columns,
                        Value steps) {
  auto sumType = cast<MemRefType>(accumulator.getType());
  Type type = sumType.getElementType();
  auto vector = VectorType::get({kVectorLanes}, type);
  int64_t lanes = sumType.getDimSize(1) % (2 * kVectorLanes) == 0 ? 2 : 1;
  Value zero = index(0);
  loop(zero, rows, kBlockRows, [&](Value row) {
    SmallVector<Value> rowIndices;
    for (int64_t r = 0; r < kBlockRows; ++r) {
      rowIndices.push_back(add(row, index(r)));
    }
    loop(zero, columns, lanes * kVectorLanes, [&](Value column) {
      SmallVector<Value> columnIndices, sums;
      for (int64_t lane = 0; lane < lanes; ++lane) {
        columnIndices.push_back(add(column, index(lane * kVectorLanes)));
      }
      for (Value r : rowIndices) {
        for (Value c : columnIndices) {
          sums.push_back(vector::LoadOp::create(builder, loc, vector,
                                                accumulator, ValueRange{r, c}));
        }
      }
      auto reduce = scf::ForOp::create(
          builder, loc, zero, steps, index(1), sums,
          [&](OpBuilder &, Location, Value k, ValueRange partial) {
            SmallVector<Value> b, next;
            for (Value c : columnIndices) {
              b.push_back(vector::LoadOp::create(
                  builder, loc, vector, vectors.memref, vectors.at(c, k)));
            }
            for (auto [r, rowIndex] : llvm::enumerate(rowIndices)) {
              Value element = memref::LoadOp::create(
                  builder, loc, broadcast.memref, broadcast.at(rowIndex, k));
              Value a =
                  vector::BroadcastOp::create(builder, loc, vector, element);
              for (int64_t lane = 0; lane < lanes; ++lane) {
                Value sum = partial[r * lanes + lane];
                if (isa<FloatType>(type)) {
                  next.push_back(
                      vector::FMAOp::create(builder, loc, a, b[lane], sum));
                } else {
                  Value product =
                      arith::MulIOp::create(builder, loc, a, b[lane]);
                  next.push_back(
                      arith::AddIOp::create(builder, loc, product, sum));
                }
              }
            }
            scf::YieldOp::create(builder, loc, next);
          });
      for (auto [r, rowIndex] : llvm::enumerate(rowIndices)) {
        for (auto [lane, c] : llvm::enumerate(columnIndices)) {
          vector::StoreOp::create(builder, loc,
                                  reduce.getResult(r * lanes + lane),
                                  accumulator, ValueRange{rowIndex, c});
        }
      }
    });
  });
}
