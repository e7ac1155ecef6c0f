//===- WarpSpecializedFragments.cpp - products with A in registers --------===//
//
// A consumer decodes its tile of A out of the stage into registers and starts
// the products, which take A from there and B from the stage. What a stage
// holds is handed back when they are done.
//
// Two consumers of a block do not share a tile's rows, of which there are only
// 64, but its list: each takes half of the entries, out of a ring of its own
// that a producer of its own fills, so that one decodes while the products of
// the other run, and neither waits for the other. In the end one adds both
// sums. Blocks of a cluster that split K divide the list further.
//
//===----------------------------------------------------------------------===//

#include "BitmapFragments.h"
#include "WarpSpecializedEmitter.h"

#include "mlir/Dialect/LLVMIR/NVVMDialect.h"

using namespace mlir;
using namespace mlir::sparsity;
using namespace mlir::sparsity::gpu_conversion;

void WarpSpecializedEmitter::emitFragmentProducts(WarpgroupSums &sums,
                                                  Value stage) {
  const BulkProduct &product = kernel.products.front();
  const BulkOperand &a = kernel.operands[product.a];
  const BulkOperand &right = kernel.operands[product.b];
  Value address =
      b.add(LLVM::PtrToIntOp::create(b, b.getI32Type(), state.shared),
            b.mul(getStage(stage), kernel.stageBytes));
  SmallVector<SmallVector<Value, 4>, 4> fragments = emitBitmapFragments(
      b, b.add(address, a.offset), kernel.groupWarp, state.lane);
  int64_t k = kernel.instruction->k;
  int64_t stepBytes = right.alongRows ? k * kRowBytes : k * 2;
  int64_t bits = right.alongRows ? getDescriptorBits(8192, 1024, 128)
                                 : getDescriptorBits(16, 1024, 128);
  Value descriptor = emitDescriptor(b, b.add(address, right.offset), bits);
  // No register that an instruction reads is written behind the fence.
  NVVM::WgmmaFenceAlignedOp::create(b);
  for (auto [step, registers] : llvm::enumerate(fragments)) {
    emitWgmmaOfRegisters(b, getShape(product),
                         sums[product.accumulator].front(), registers,
                         b.add(descriptor, (step * stepBytes) >> 4));
  }
  NVVM::WgmmaGroupSyncAlignedOp::create(b);
}

RingPosition WarpSpecializedEmitter::emitFragmentSums(RingPosition at,
                                                      Value count,
                                                      WarpgroupSums &sums) {
  Value zero = arith::ConstantOp::create(
      b, cast<TypedAttr>(b.getZeroAttr(getSumType())));
  SmallVector<Value> initial(getNumSums(), zero);
  size_t numSums = initial.size();
  llvm::append_values(initial, at.stage, at.parity);
  auto loop = scf::ForOp::create(b, b.i32(0), count, b.i32(1), initial);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  sums = unflatten(loop.getRegionIterArgs().take_front(numSums));
  RingPosition stage{loop.getRegionIterArg(numSums),
                     loop.getRegionIterArg(numSums + 1)};
  emitWait(getBarrier(stage.stage, kFull), stage.parity);
  emitFragmentProducts(sums, stage.stage);
  // The registers of A are those of the next tile, too.
  NVVM::WgmmaWaitGroupSyncOp::create(b, uint64_t(0));
  emitRelease(stage.stage);
  stage = advance(stage);
  SmallVector<Value> next = flatten(sums);
  llvm::append_values(next, stage.stage, stage.parity);
  scf::YieldOp::create(b, next);
  sums = unflatten(loop.getResults().take_front(numSums));
  return {loop.getResult(numSums), loop.getResult(numSums + 1)};
}

void WarpSpecializedEmitter::combineRings(WarpgroupSums &sums,
                                          function_ref<void()> body) {
  if (kernel.rings == 1) {
    return body();
  }
  Type vector = VectorType::get({4}, getSumType());
  // [four sums][thread][4], as of splits.
  auto address = [&](int64_t index) {
    Value at = b.mul(b.add(kernel.groupThread, index * kWarpgroup), 16);
    return b.offset(state.shared, b.add(at, kernel.combineOffset));
  };
  auto meet = [&] {
    // Behind the barriers of single warpgroups.
    NVVM::BarrierOp::create(b, Type(), b.i32(kernel.consumers + 1),
                            b.i32(kernel.consumers * kWarpgroup),
                            NVVM::BarrierReductionAttr(), Value());
  };
  auto branch = scf::IfOp::create(b, b.equal(ring, 0), /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(branch.elseBlock());
  int64_t index = 0;
  SmallVector<Value> flat = flatten(sums);
  for (size_t first = 0; first < flat.size(); first += 4) {
    Value packed = LLVM::PoisonOp::create(b, vector);
    for (int64_t part = 0; part < 4; ++part) {
      packed = LLVM::InsertElementOp::create(b, packed, flat[first + part],
                                             b.i32(part));
    }
    b.store(packed, address(index++), 16);
  }
  meet();
  meet();
  b.setInsertionPointToStart(branch.thenBlock());
  meet();
  index = 0;
  for (size_t first = 0; first < flat.size(); first += 4) {
    Value packed = b.load(vector, address(index++), 16);
    for (int64_t part = 0; part < 4; ++part) {
      flat[first + part] = b.createOrFold<arith::AddFOp>(
          flat[first + part],
          LLVM::ExtractElementOp::create(b, packed, b.i32(part)));
    }
  }
  // The other consumer may write those of its next tile.
  meet();
  sums = unflatten(flat);
  body();
}
