//===- Epilogue.cpp - sums through shared memory, scalar body, writes -----===//
//
// A warp lays its sums out in shared memory of its own, along the result's
// innermost dimension, and reads them back as vectors: whichever operand took
// the A role, the writes are coalesced and the epilogue sees neighbouring
// elements.
//
//===----------------------------------------------------------------------===//

#include "Epilogue.h"
#include "Kernel.h"

#include "mlir/Dialect/Affine/Utils.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;
using namespace mlir::sparsity;
using namespace mlir::sparsity::gpu_conversion;

namespace {
/// How a warp's sums lie in shared memory: lines along `inner`, 4 bytes an
/// element.
struct Staging {
  /// The contiguous dimension is that of the rows (A), not of the columns.
  bool alongRows;
  int64_t inner, outer, pitch;
};
} // namespace

std::optional<unsigned>
gpu_conversion::getInnermostDim(sparse_tile::StoreOp store) {
  auto maps = store.getMaps().getAsValueRange<AffineMapAttr>();
  AffineMap map = *(maps.begin() + store.getInputs().size());
  if (map.getNumResults() == 0) {
    return std::nullopt;
  }
  auto dim = dyn_cast<AffineDimExpr>(map.getResults().back());
  return dim ? std::optional<unsigned>(dim.getPosition()) : std::nullopt;
}

/// Pitches that keep a fragment's stores free of bank conflicts: a quad writes
/// four lines that must be 8 banks apart (along rows), or a group eight lines
/// of pairs.
static Staging getStaging(const KernelState &state, bool alongRows) {
  if (alongRows) {
    return {true, state.rowsPerWarp(), state.columnsPerWarp(),
            state.rowsPerWarp() + 4};
  }
  return {false, state.columnsPerWarp(), state.rowsPerWarp(),
          state.columnsPerWarp() + 8};
}

int64_t gpu_conversion::getEpilogueBytes(const KernelState &state,
                                         unsigned accumulators) {
  int64_t bytes = 0;
  for (bool alongRows : {false, true}) {
    Staging staging = getStaging(state, alongRows);
    bytes = std::max(bytes, staging.outer * staging.pitch * 4);
  }
  return bytes * state.warpRows * state.warpColumns * accumulators;
}

/// Writes the fragment (PTX ISA, "mma.m16n8k16", C) of every tile to `base`.
static void stageSums(KernelState &state, const Staging &staging, Value base,
                      const Accumulators &sums) {
  KernelBuilder &b = state.b;
  Value group = b.shr(state.lane, 2), quad = b.bitAnd(state.lane, 3);
  Value row = group, column = b.mul(quad, 2);
  Value start = staging.alongRows ? b.add(b.mul(column, staging.pitch), row)
                                  : b.add(b.mul(row, staging.pitch), column);
  Value address = b.offset(state.shared, b.add(base, b.mul(start, 4)));
  for (auto [rowTile, tiles] : llvm::enumerate(sums)) {
    for (auto [columnTile, parts] : llvm::enumerate(tiles)) {
      for (int64_t part = 0; part < 4; ++part) {
        int64_t r = rowTile * 16 + (part / 2) * 8,
                c = columnTile * 8 + part % 2;
        int64_t at =
            staging.alongRows ? c * staging.pitch + r : r * staging.pitch + c;
        b.store(parts[part], b.offset(address, at * 4), 4);
      }
    }
  }
}

/// Whether a run along `innerDim` is one aligned vector of `target`.
bool Epilogue::isContiguous(AffineMap map, const GlobalBuffer &target,
                            unsigned innerDim, int64_t width) {
  int64_t rank = map.getNumResults();
  for (int64_t dim = 0; dim < rank; ++dim) {
    AffineExpr expr = map.getResult(dim);
    bool inner = expr == b.getAffineDimExpr(innerDim);
    if (inner != (dim == rank - 1) ||
        (!inner && expr.isFunctionOfDim(innerDim))) {
      return false;
    }
    std::optional<int64_t> stride = target.staticStrides[dim];
    if (inner ? stride != 1 : !(stride && *stride % width == 0)) {
      return false;
    }
  }
  if (rank == 0) {
    return false;
  }
  int64_t extent = target.type.getDimSize(rank - 1);
  return !ShapedType::isDynamic(extent) && extent % width == 0;
}

int64_t Epilogue::chooseWidth(unsigned innerDim, int64_t inner) {
  if (store.isScatter()) {
    // Only positions that are indices as they are make a vector.
    Block &at = store.getAt().front();
    Operation *yield = at.getTerminator();
    if (yield->getNumOperands() != at.getNumArguments() + 1 ||
        yield->getOperand(innerDim) != at.getArgument(innerDim)) {
      return 1;
    }
  }
  AffineMap map = maps[store.getInputs().size()];
  GlobalBuffer target = buffer(store.getOutputs().front());
  int64_t bytes =
      std::max<int64_t>(target.type.getElementTypeBitWidth() / 8, 1);
  int64_t width = std::min<int64_t>(8, 16 / bytes);
  while (width > 1 &&
         (!isContiguous(map, target, innerDim, width) || inner % width != 0)) {
    width /= 2;
  }
  return width;
}

Value Epilogue::evaluate(AffineExpr expr, ArrayRef<Value> indices) {
  if (auto dim = dyn_cast<AffineDimExpr>(expr)) {
    return indices[dim.getPosition()];
  }
  if (auto constant = dyn_cast<AffineConstantExpr>(expr)) {
    return b.i32(constant.getValue());
  }
  SmallVector<Value> wide;
  for (Value index : indices) {
    wide.push_back(arith::IndexCastUIOp::create(b, b.getIndexType(), index));
  }
  Value value = affine::expandAffineExpr(b, b.getLoc(), expr, wide, {});
  return arith::IndexCastUIOp::create(b, b.getI32Type(), value);
}

Value Epilogue::address(AffineMap map, const GlobalBuffer &target,
                        ArrayRef<Value> indices) {
  Value elements = b.i64(0);
  for (auto [expr, stride] :
       llvm::zip_equal(map.getResults(), target.strides)) {
    elements = b.add(elements, b.mul(b.toI64(evaluate(expr, indices)), stride));
  }
  int64_t bytes =
      std::max<int64_t>(target.type.getElementTypeBitWidth() / 8, 1);
  return b.offset(target.pointer, b.mul(elements, bytes));
}

SmallVector<Value> Epilogue::loadInput(unsigned index, const Run &run) {
  GlobalBuffer source = buffer(store.getInputs()[index]);
  AffineMap map = maps[index];
  Type type = source.type.getElementType(), stored = getStorageType(type);
  unsigned bytes = std::max<unsigned>(stored.getIntOrFloatBitWidth() / 8, 1);
  auto asType = [&](Value value) -> Value {
    return stored == type ? value : arith::BitcastOp::create(b, type, value);
  };
  bool moves = llvm::any_of(map.getResults(), [&](AffineExpr expr) {
    return expr.isFunctionOfDim(run.innerDim);
  });
  if (!moves) {
    Value value =
        asType(b.load(stored, address(map, source, run.indices), bytes));
    return SmallVector<Value>(run.width, value);
  }
  SmallVector<Value> values;
  if (run.width > 1 && isContiguous(map, source, run.innerDim, run.width)) {
    unsigned alignment = std::min<int64_t>(16, bytes * run.width);
    Value vector = b.load(VectorType::get({run.width}, stored),
                          address(map, source, run.indices), alignment);
    for (int64_t element = 0; element < run.width; ++element) {
      values.push_back(
          asType(LLVM::ExtractElementOp::create(b, vector, b.i32(element))));
    }
    return values;
  }
  for (int64_t element = 0; element < run.width; ++element) {
    SmallVector<Value> indices(run.indices);
    indices[run.innerDim] = b.add(indices[run.innerDim], element);
    values.push_back(
        asType(b.load(stored, address(map, source, indices), bytes)));
  }
  return values;
}

SmallVector<Value> Epilogue::evaluateBody(ArrayRef<Value> indices,
                                          ArrayRef<Value> sums,
                                          ArrayRef<Value> inputs) {
  Block &body = store.getBody().front();
  unsigned rank = indices.size();
  IRMapping mapping(scalars.values);
  for (unsigned dim = 0; dim < rank; ++dim) {
    BlockArgument argument = body.getArgument(dim);
    if (!argument.use_empty()) {
      mapping.map(argument, arith::IndexCastUIOp::create(b, b.getIndexType(),
                                                         indices[dim])
                                .getResult());
    }
  }
  for (auto [index, sum] : llvm::enumerate(sums)) {
    mapping.map(body.getArgument(rank + index), sum);
  }
  for (auto [index, input] : llvm::enumerate(inputs)) {
    mapping.map(body.getArgument(rank + sums.size() + index), input);
  }
  for (Operation &op : body.without_terminator()) {
    scalars.clone(op, mapping);
  }
  SmallVector<Value> results;
  for (Value value : body.getTerminator()->getOperands()) {
    results.push_back(mapping.lookupOrDefault(value));
  }
  return results;
}

void Epilogue::emit(const Run &run, ArrayRef<SmallVector<Value>> sums) {
  SmallVector<SmallVector<Value>> inputs;
  for (unsigned index = 0; index < store.getInputs().size(); ++index) {
    inputs.push_back(loadInput(index, run));
  }
  SmallVector<SmallVector<Value>> results(store.getOutputs().size());
  for (int64_t element = 0; element < run.width; ++element) {
    SmallVector<Value> indices(run.indices), elementSums, elementInputs;
    indices[run.innerDim] = b.add(indices[run.innerDim], element);
    for (const SmallVector<Value> &values : sums) {
      elementSums.push_back(values[element]);
    }
    for (const SmallVector<Value> &values : inputs) {
      elementInputs.push_back(values[element]);
    }
    SmallVector<Value> values =
        evaluateBody(indices, elementSums, elementInputs);
    for (auto [index, value] : llvm::enumerate(values)) {
      results[index].push_back(value);
    }
  }
  for (auto [index, output] : llvm::enumerate(store.getOutputs())) {
    GlobalBuffer target = buffer(output);
    AffineMap map = maps[store.getInputs().size() + index];
    Type stored = getStorageType(target.type.getElementType());
    unsigned bytes = std::max<unsigned>(stored.getIntOrFloatBitWidth() / 8, 1);
    for (Value &value : results[index]) {
      if (value.getType() != stored) {
        value = arith::BitcastOp::create(b, stored, value);
      }
    }
    if (run.width > 1 && isContiguous(map, target, run.innerDim, run.width)) {
      Value vector =
          LLVM::PoisonOp::create(b, VectorType::get({run.width}, stored));
      for (int64_t element = 0; element < run.width; ++element) {
        vector = LLVM::InsertElementOp::create(
            b, vector, results[index][element], b.i32(element));
      }
      b.store(vector, address(map, target, run.indices),
              std::min<int64_t>(16, bytes * run.width));
      continue;
    }
    for (int64_t element = 0; element < run.width; ++element) {
      SmallVector<Value> indices(run.indices);
      indices[run.innerDim] = b.add(indices[run.innerDim], element);
      b.store(results[index][element], address(map, target, indices), bytes);
    }
  }
}

void gpu_conversion::emitEpilogue(KernelState &state,
                                  sparse_tile::StoreOp store,
                                  ArrayRef<Accumulators> accumulators,
                                  ArrayRef<Value> origins,
                                  ArrayRef<Value> sizes) {
  KernelBuilder &b = state.b;
  unsigned rowDim = origins.size() - 2, columnDim = origins.size() - 1;
  bool alongRows = getInnermostDim(store) == rowDim;
  Staging staging = getStaging(state, alongRows);
  int64_t bytes = staging.outer * staging.pitch * 4;
  SmallVector<Value> bases;
  for (auto [index, sums] : llvm::enumerate(accumulators)) {
    Value base =
        b.mul(b.add(b.mul(state.warp, accumulators.size()), index), bytes);
    stageSums(state, staging, base, sums);
    bases.push_back(base);
  }
  if (!accumulators.empty()) {
    NVVM::SyncWarpOp::create(b, b.i32(-1));
  }
  Epilogue epilogue(b, state.scalars, store);
  unsigned innerDim = alongRows ? rowDim : columnDim;
  unsigned outerDim = alongRows ? columnDim : rowDim;
  int64_t width = epilogue.chooseWidth(innerDim, staging.inner);
  int64_t perLine = staging.inner / width;
  Value firstRow =
      b.add(origins[rowDim], b.mul(state.warpRow, state.rowsPerWarp()));
  Value firstColumn = b.add(origins[columnDim],
                            b.mul(state.warpColumn, state.columnsPerWarp()));
  b.loop(state.lane, b.i32(perLine * staging.outer), 32, [&](Value index) {
    Value line = b.div(index, perLine);
    Value place = b.mul(b.rem(index, perLine), width);
    Run run;
    run.indices.assign(origins.begin(), origins.end());
    run.innerDim = innerDim;
    run.width = width;
    run.indices[innerDim] = b.add(alongRows ? firstRow : firstColumn, place);
    run.indices[outerDim] = b.add(alongRows ? firstColumn : firstRow, line);
    Value inside = b.both(b.less(run.indices[innerDim], sizes[innerDim]),
                          b.less(run.indices[outerDim], sizes[outerDim]));
    if (store.isScatter()) {
      // A position behind the last one is not mapped: lists end there.
      auto mapped = scf::IfOp::create(
          b, SmallVector<Type>(store.getNumIndices() + 1, b.getI32Type()),
          inside, /*addThenBlock=*/true, /*addElseBlock=*/true);
      {
        OpBuilder::InsertionGuard guard(b);
        b.setInsertionPointToStart(mapped.elseBlock());
        scf::YieldOp::create(
            b, SmallVector<Value>(store.getNumIndices() + 1, b.i32(0)));
        b.setInsertionPointToStart(mapped.thenBlock());
        SmallVector<Value> results =
            state.scalars.inlineBlock(store.getAt().front(), run.indices);
        for (Value &result : results) {
          result =
              result.getType().isInteger(1)
                  ? Value(arith::ExtUIOp::create(b, b.getI32Type(), result))
                  : state.scalars.toI32(result);
        }
        scf::YieldOp::create(b, results);
      }
      run.indices.assign(mapped.getResults().begin(),
                         mapped.getResults().end());
      inside = b.equal(run.indices.pop_back_val(), 1);
    }
    b.when(inside, [&] {
      SmallVector<SmallVector<Value>> sums;
      for (auto [number, base] : llvm::enumerate(bases)) {
        Type type = accumulators[number].front().front().front().getType();
        Value address = b.offset(
            state.shared,
            b.add(base, b.mul(b.add(b.mul(line, staging.pitch), place), 4)));
        SmallVector<Value> elements;
        if (width == 1) {
          elements.push_back(b.load(type, address, 4));
        } else {
          Value vector = b.load(VectorType::get({width}, type), address,
                                std::min<int64_t>(16, 4 * width));
          for (int64_t element = 0; element < width; ++element) {
            elements.push_back(
                LLVM::ExtractElementOp::create(b, vector, b.i32(element)));
          }
        }
        sums.push_back(std::move(elements));
      }
      epilogue.emit(run, sums);
    });
  });
}
