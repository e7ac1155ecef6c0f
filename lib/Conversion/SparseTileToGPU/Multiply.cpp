//===- Multiply.cpp - fragments from shared memory, matrix instructions ---===//
//
// Everything is counted in bytes of K, so that one code serves all types:
// ldmatrix reads 8 rows of 16 bytes a matrix, a dense mma takes 32 bytes of K
// of A and B, a sparse one 32 compressed bytes of A and 64 of B (PTX ISA,
// "mma", "mma.sp", fragment tables).
//
//===----------------------------------------------------------------------===//

#include "Kernel.h"

#include "mlir/Dialect/LLVMIR/NVVMDialect.h"

using namespace mlir;
using namespace mlir::sparsity;
using namespace mlir::sparsity::gpu_conversion;

static constexpr int64_t kRowBytes = 128;

SmallVector<Value, 4> gpu_conversion::emitLdMatrix(KernelState &state,
                                                   Value address,
                                                   bool transpose) {
  KernelBuilder &b = state.b;
  Type i32 = b.getI32Type();
  auto type =
      LLVM::LLVMStructType::getLiteral(b.getContext(), {i32, i32, i32, i32});
  auto shape = NVVM::LdStMatrixShapeAttr::get(b.getContext(), 8, 8);
  Value matrices = NVVM::LdMatrixOp::create(
      b, type, b.offset(state.shared, address), 4u,
      transpose ? NVVM::MMALayout::col : NVVM::MMALayout::row, shape,
      NVVM::LdStMatrixEltType::B16);
  SmallVector<Value, 4> registers;
  for (int64_t index = 0; index < 4; ++index) {
    Value bits = b.extract(matrices, index);
    if (state.multiply == MultiplyType::TF32) {
      // The instruction would drop the low bits; rounding halves the error.
      Value rounded = NVVM::ConvertFloatToTF32Op::create(
          b, i32, b.bitcast(b.getF32Type(), bits), NVVM::FPRoundingMode::RNA);
      bits = rounded;
    }
    registers.push_back(bits);
  }
  return registers;
}

/// B of 8 columns and 64 bytes of K: four registers, 16 bytes of K each.
static SmallVector<Value, 4> loadB(KernelState &state, const OperandPlan &plan,
                                   Value base, int64_t tile, int64_t half) {
  KernelBuilder &b = state.b;
  Value column = b.mul(state.warpColumn, state.columnsPerWarp());
  Value low = b.bitAnd(state.lane, 7);
  if (plan.isAlongRows()) {
    // Lane l addresses K line 32 * half + l of the panel that holds the
    // columns.
    Value first = b.add(column, tile * 8);
    Value panel = b.div(first, 64);
    Value chunk = b.div(b.rem(first, 64), 8);
    Value line = b.add(state.lane, 32 * half);
    Value at =
        b.add(b.mul(panel, state.step * kRowBytes),
              b.add(b.mul(line, kRowBytes), b.mul(b.bitXor(chunk, low), 16)));
    return emitLdMatrix(state, b.add(base, at), /*transpose=*/true);
  }
  Value row = b.add(column, low);
  Value chunk = b.bitXor(b.shr(state.lane, 3), low);
  Value at =
      b.add(b.mul(row, kRowBytes), b.bitXor(b.mul(chunk, 16), half * 64));
  return emitLdMatrix(state, b.add(base, b.add(at, tile * 8 * kRowBytes)),
                      false);
}

/// Dense A of 16 rows and 32 bytes of K, the `quarter`th of the k-block.
static SmallVector<Value, 4> loadA(KernelState &state, const OperandPlan &plan,
                                   Value base, int64_t tile, int64_t quarter) {
  KernelBuilder &b = state.b;
  Value first = b.mul(state.warpRow, state.rowsPerWarp());
  Value low = b.bitAnd(state.lane, 7);
  Value lowerRows = b.bitAnd(b.shr(state.lane, 3), 1);
  Value secondChunk = b.shr(state.lane, 4);
  if (plan.isAlongRows()) {
    // Matrices in the order of the A registers: rows 0-7 and 8-15 of 8 K lines,
    // then of the next 8.
    Value row = b.add(b.add(first, tile * 16), b.mul(lowerRows, 8));
    Value panel = b.div(row, 64);
    Value chunk = b.div(b.rem(row, 64), 8);
    Value line = b.add(b.add(b.mul(secondChunk, 8), low), quarter * 16);
    Value at =
        b.add(b.mul(panel, state.step * kRowBytes),
              b.add(b.mul(line, kRowBytes), b.mul(b.bitXor(chunk, low), 16)));
    return emitLdMatrix(state, b.add(base, at), /*transpose=*/true);
  }
  Value row = b.add(first, b.add(b.mul(lowerRows, 8), low));
  Value chunk = b.bitXor(secondChunk, low);
  Value at =
      b.add(b.mul(row, kRowBytes), b.bitXor(b.mul(chunk, 16), quarter * 32));
  return emitLdMatrix(state, b.add(base, b.add(at, tile * 16 * kRowBytes)),
                      false);
}

/// Compressed A of 16 rows: 32 compressed bytes, the `half`th of the k-block.
static SmallVector<Value, 4> loadCompressedA(KernelState &state, Value base,
                                             int64_t tile, int64_t half) {
  KernelBuilder &b = state.b;
  Value row = b.add(b.mul(state.warpRow, state.rowsPerWarp()), tile * 16);
  Value at =
      b.add(b.add(b.mul(b.div(row, 64), 4096), b.mul(b.rem(row, 64), 16)),
            b.add(b.mul(b.shr(state.lane, 4), 1024),
                  b.add(b.mul(b.bitAnd(b.shr(state.lane, 3), 1), 128),
                        b.mul(b.bitAnd(state.lane, 7), 16))));
  return emitLdMatrix(state, b.add(base, b.add(at, half * 2048)), false);
}

/// The metadata of 16 rows and one k-block: one word that serves both halves by
/// its selector, or for 8-bit elements one word a half.
static SmallVector<Value, 2> loadMetadata(KernelState &state, Value base,
                                          int64_t tile) {
  KernelBuilder &b = state.b;
  int64_t words = state.multiplyBits() == 8 ? 2 : 1;
  Value row = b.add(b.mul(state.warpRow, state.rowsPerWarp()), tile * 16);
  Value at =
      b.add(b.mul(b.div(row, 16), 128 * words), b.mul(state.lane, 4 * words));
  Value address = b.offset(state.shared, b.add(base, at));
  if (words == 1) {
    return {b.load(b.getI32Type(), address, 4)};
  }
  Value pair = b.load(VectorType::get({2}, b.getI32Type()), address, 8);
  return {LLVM::ExtractElementOp::create(b, pair, b.i32(0)),
          LLVM::ExtractElementOp::create(b, pair, b.i32(1))};
}

//===----------------------------------------------------------------------===//
// Instructions
//===----------------------------------------------------------------------===//

static std::optional<NVVM::MMATypes> getPtxType(MultiplyType type) {
  switch (type) {
  case MultiplyType::F16:
    return NVVM::MMATypes::f16;
  case MultiplyType::BF16:
    return NVVM::MMATypes::bf16;
  case MultiplyType::TF32:
    return NVVM::MMATypes::tf32;
  case MultiplyType::S8:
    return NVVM::MMATypes::s8;
  case MultiplyType::F32:
  case MultiplyType::E4M3:
  case MultiplyType::E5M2:
    return std::nullopt;
  }
  return std::nullopt;
}

static void unpackSums(KernelState &state, Value result,
                       SmallVector<Value, 4> &sums) {
  for (int64_t index = 0; index < 4; ++index) {
    sums[index] = state.b.extract(result, index);
  }
}

static Type getResultType(KernelState &state, ArrayRef<Value> sums) {
  return LLVM::LLVMStructType::getLiteral(
      state.b.getContext(), SmallVector<Type>(4, sums.front().getType()));
}

/// f16 fragments travel as pairs; the other types as 32-bit registers.
static SmallVector<Value> asOperands(KernelState &state,
                                     ArrayRef<Value> registers) {
  SmallVector<Value> operands(registers);
  if (state.multiply == MultiplyType::F16) {
    Type pair = VectorType::get({2}, state.b.getF16Type());
    for (Value &operand : operands) {
      operand = state.b.bitcast(pair, operand);
    }
  }
  return operands;
}

/// 8-bit floats by intrinsic: the NVVM ops of LLVM 22 do not take them.
static void emitFloat8(KernelState &state, StringRef name,
                       ArrayRef<Value> operands, SmallVector<Value, 4> &sums) {
  StringRef type = stringifyMultiplyType(state.multiply);
  std::string intrinsic =
      (name + ".row.col.f32." + type + "." + type + ".f32").str();
  Value result = LLVM::CallIntrinsicOp::create(
                     state.b, getResultType(state, sums),
                     state.b.getStringAttr(intrinsic), ValueRange(operands))
                     .getResult(0);
  unpackSums(state, result, sums);
}

static void emitMma(KernelState &state, ArrayRef<Value> a, ArrayRef<Value> b,
                    SmallVector<Value, 4> &sums) {
  if (state.multiply == MultiplyType::E4M3 ||
      state.multiply == MultiplyType::E5M2) {
    SmallVector<Value> operands(a);
    llvm::append_range(operands, b);
    llvm::append_range(operands, sums);
    return emitFloat8(state, "llvm.nvvm.mma.m16n8k32", operands, sums);
  }
  int64_t k = 32 * 8 / state.multiplyBits();
  std::optional<NVVM::MMAIntOverflow> overflow;
  if (state.multiply == MultiplyType::S8) {
    overflow = NVVM::MMAIntOverflow::wrapped;
  }
  NVVM::MMATypes type = *getPtxType(state.multiply);
  Value result = NVVM::MmaOp::create(
      state.b, getResultType(state, sums), asOperands(state, a),
      asOperands(state, b), ValueRange(sums), ArrayRef<int64_t>{16, 8, k},
      std::nullopt, overflow, std::array<NVVM::MMATypes, 2>{type, type},
      std::array<NVVM::MMALayout, 2>{NVVM::MMALayout::row,
                                     NVVM::MMALayout::col});
  unpackSums(state, result, sums);
}

static void emitMmaSp(KernelState &state, ArrayRef<Value> a, ArrayRef<Value> b,
                      Value metadata, int64_t selector,
                      SmallVector<Value, 4> &sums) {
  KernelBuilder &builder = state.b;
  Value which = LLVM::ConstantOp::create(builder, builder.getI32Type(),
                                         builder.getI32IntegerAttr(selector));
  if (state.multiply == MultiplyType::E4M3 ||
      state.multiply == MultiplyType::E5M2) {
    SmallVector<Value> operands(a);
    llvm::append_range(operands, b);
    llvm::append_range(operands, sums);
    operands.push_back(metadata);
    operands.push_back(which);
    return emitFloat8(state, "llvm.nvvm.mma.sp.ordered.metadata.m16n8k64",
                      operands, sums);
  }
  int64_t k = 64 * 8 / state.multiplyBits();
  NVVM::MMATypes type = *getPtxType(state.multiply);
  std::optional<NVVM::MMAIntOverflow> overflow;
  if (state.multiply == MultiplyType::S8) {
    overflow = NVVM::MMAIntOverflow::wrapped;
  }
  auto op = NVVM::MmaSpOp::create(builder, getResultType(state, sums),
                                  asOperands(state, a), asOperands(state, b),
                                  ValueRange(sums), metadata, which,
                                  ArrayRef<int64_t>{16, 8, k}, overflow,
                                  std::array<NVVM::MMATypes, 2>{type, type});
  op.setOrderedMetadata(true);
  unpackSums(state, op.getRes(), sums);
}

//===----------------------------------------------------------------------===//
// The k-block
//===----------------------------------------------------------------------===//

/// f32 without TF32: multiply-adds with the operand placement of mma's C
/// fragment.
static void emitFma(KernelState &state, const OperandPlan &a,
                    const OperandPlan &b, Value stageBase, Accumulators &sums) {
  KernelBuilder &builder = state.b;
  Value group = builder.shr(state.lane, 2),
        quad = builder.bitAnd(state.lane, 3);
  auto rowAddress = [&](const OperandPlan &plan, Value row, int64_t chunk) {
    Value slot = builder.bitXor(builder.bitAnd(row, 7), chunk);
    return builder.offset(state.shared,
                          builder.add(builder.add(stageBase, plan.stageOffset),
                                      builder.add(builder.mul(row, kRowBytes),
                                                  builder.mul(slot, 16))));
  };
  Type vector = VectorType::get({4}, builder.getF32Type());
  auto loadRow = [&](const OperandPlan &plan, Value row, int64_t chunk) {
    return builder.load(vector, rowAddress(plan, row, chunk), 16);
  };
  Value rows =
      builder.add(builder.mul(state.warpRow, state.rowsPerWarp()), group);
  Value columns =
      builder.add(builder.mul(state.warpColumn, state.columnsPerWarp()),
                  builder.mul(quad, 2));
  for (int64_t chunk = 0; chunk < 8; ++chunk) {
    SmallVector<Value> left, right;
    for (size_t tile = 0; tile < sums.size(); ++tile) {
      left.push_back(loadRow(a, builder.add(rows, tile * 16), chunk));
      left.push_back(loadRow(a, builder.add(rows, tile * 16 + 8), chunk));
    }
    for (size_t tile = 0; tile < sums.front().size(); ++tile) {
      right.push_back(loadRow(b, builder.add(columns, tile * 8), chunk));
      right.push_back(loadRow(b, builder.add(columns, tile * 8 + 1), chunk));
    }
    for (int64_t k = 0; k < 4; ++k) {
      auto at = [&](Value vectorValue) -> Value {
        return LLVM::ExtractElementOp::create(builder, vectorValue,
                                              builder.i32(k));
      };
      for (size_t row = 0; row < sums.size(); ++row) {
        for (size_t column = 0; column < sums.front().size(); ++column) {
          for (int64_t part = 0; part < 4; ++part) {
            Value &sum = sums[row][column][part];
            sum = LLVM::FMAOp::create(builder, at(left[2 * row + part / 2]),
                                      at(right[2 * column + part % 2]), sum);
          }
        }
      }
    }
  }
}

void gpu_conversion::emitCompute(KernelState &state, const OperandPlan &a,
                                 const OperandPlan &b, Value stageBase,
                                 Accumulators &sums) {
  if (state.multiply == MultiplyType::F32) {
    return emitFma(state, a, b, stageBase, sums);
  }
  KernelBuilder &builder = state.b;
  Value baseA = builder.add(stageBase, a.stageOffset);
  Value baseB = builder.add(stageBase, b.stageOffset);
  size_t rowTiles = sums.size(), columnTiles = sums.front().size();
  SmallVector<SmallVector<Value, 2>> metadata;
  // An operand that could not be stored for the sparse instruction was
  // expanded; its dense tiles take the dense one.
  bool compressed = a.kind == LoadKind::Packed;
  if (compressed) {
    Value base = builder.add(baseA, a.metadataOffset);
    for (size_t tile = 0; tile < rowTiles; ++tile) {
      metadata.push_back(loadMetadata(state, base, tile));
    }
  }
  for (int64_t half = 0; half < 2; ++half) {
    SmallVector<SmallVector<Value, 4>> left;
    for (size_t tile = 0; tile < rowTiles; ++tile) {
      if (compressed) {
        left.push_back(loadCompressedA(state, baseA, tile, half));
        continue;
      }
      left.push_back(loadA(state, a, baseA, tile, 2 * half));
      left.push_back(loadA(state, a, baseA, tile, 2 * half + 1));
    }
    for (size_t column = 0; column < columnTiles; ++column) {
      SmallVector<Value, 4> right = loadB(state, b, baseB, column, half);
      for (size_t row = 0; row < rowTiles; ++row) {
        SmallVector<Value, 4> &target = sums[row][column];
        if (compressed) {
          bool wordPerHalf = metadata[row].size() == 2;
          emitMmaSp(state, left[row], right,
                    metadata[row][wordPerHalf ? half : 0],
                    wordPerHalf ? 0 : half, target);
          continue;
        }
        ArrayRef<Value> registers(right);
        emitMma(state, left[2 * row], registers.take_front(2), target);
        emitMma(state, left[2 * row + 1], registers.drop_front(2), target);
      }
    }
  }
}
