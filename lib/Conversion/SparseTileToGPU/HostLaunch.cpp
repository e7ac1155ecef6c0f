//===- HostLaunch.cpp - grids, parameters, temporaries on the host --------===//

#include "HostLaunch.h"

#include "mlir/Conversion/LLVMCommon/MemRefBuilder.h"
#include "mlir/Conversion/LLVMCommon/TypeConverter.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/FunctionCallUtils.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

using namespace mlir;
using namespace mlir::sparsity;
using namespace mlir::sparsity::gpu_conversion;

static LLVM::LLVMPointerType hostPointer(MLIRContext *context) {
  return LLVM::LLVMPointerType::get(context);
}

/// The declaration of a runtime function in `module`.
static LLVM::LLVMFuncOp getRuntimeFunction(ModuleOp module, StringRef name,
                                           Type result,
                                           ArrayRef<Type> arguments) {
  if (auto known = module.lookupSymbol<LLVM::LLVMFuncOp>(name)) {
    return known;
  }
  OpBuilder builder = OpBuilder::atBlockBegin(module.getBody());
  return LLVM::LLVMFuncOp::create(
      builder, module.getLoc(), name,
      LLVM::LLVMFunctionType::get(result, arguments));
}

static Value toI64(ImplicitLocOpBuilder &b, Value index) {
  return b.createOrFold<arith::IndexCastUIOp>(b.getI64Type(), index);
}

//===----------------------------------------------------------------------===//
// Descriptions
//===----------------------------------------------------------------------===//

namespace {
/// Sizes as expressions over the extents of the function's arguments.
struct SizeExpressions {
  explicit SizeExpressions(MLIRContext *context) : context(context) {}

  /// Null for a size that is computed in another way.
  AffineExpr get(Value value);
  AffineExpr extent(Value buffer, int64_t dim);
  AffineExpr symbol(int64_t argument, int64_t dim);

  MLIRContext *context;
  /// (argument, dimension) pairs; dimension -1 is the value of an index
  /// argument.
  SmallVector<int64_t> symbols;
};
} // namespace

AffineExpr SizeExpressions::symbol(int64_t argument, int64_t dim) {
  for (unsigned index = 0; index < symbols.size(); index += 2) {
    if (symbols[index] == argument && symbols[index + 1] == dim) {
      return getAffineSymbolExpr(index / 2, context);
    }
  }
  symbols.push_back(argument);
  symbols.push_back(dim);
  return getAffineSymbolExpr(symbols.size() / 2 - 1, context);
}

AffineExpr SizeExpressions::get(Value value) {
  if (std::optional<int64_t> constant = getConstantIntValue(value)) {
    return getAffineConstantExpr(*constant, context);
  }
  if (auto argument = dyn_cast<BlockArgument>(value)) {
    return symbol(argument.getArgNumber(), -1);
  }
  Operation *op = value.getDefiningOp();
  if (auto dim = dyn_cast<memref::DimOp>(op)) {
    std::optional<int64_t> number = dim.getConstantIndex();
    return number ? extent(dim.getSource(), *number) : AffineExpr();
  }
  if (isa<arith::AddIOp, arith::SubIOp, arith::MulIOp, arith::DivUIOp>(op)) {
    AffineExpr left = get(op->getOperand(0)), right = get(op->getOperand(1));
    if (!left || !right) {
      return {};
    }
    if (isa<arith::DivUIOp>(op)) {
      auto divisor = dyn_cast<AffineConstantExpr>(right);
      return divisor && divisor.getValue() > 0
                 ? left.floorDiv(divisor.getValue())
                 : AffineExpr();
    }
    return isa<arith::AddIOp>(op)   ? left + right
           : isa<arith::SubIOp>(op) ? left - right
                                    : left * right;
  }
  return {};
}

/// The extent of a buffer: of an argument, or of a temporary by the size that
/// it is allocated with.
AffineExpr SizeExpressions::extent(Value buffer, int64_t dim) {
  auto type = cast<MemRefType>(buffer.getType());
  if (!type.isDynamicDim(dim)) {
    return getAffineConstantExpr(type.getDimSize(dim), context);
  }
  if (auto argument = dyn_cast<BlockArgument>(buffer)) {
    return symbol(argument.getArgNumber(), dim);
  }
  if (auto alloc = buffer.getDefiningOp<memref::AllocOp>()) {
    return get(alloc.getDynamicSizes()[type.getDynamicDimIndex(dim)]);
  }
  return {};
}

/// The elements of dimension `dim` that a launch counts as one tile.
static int64_t getTileExtent(sparse_tile::ForallOp forall,
                             const KernelDescription &kernel, unsigned dim) {
  unsigned rows = forall.getNumParallel() - 2;
  // The kernel's own: a variant has another tile than the schedule, and blocks
  // may take two rows of tiles.
  int64_t tile = dim < rows    ? forall.getTile()[dim]
                 : dim == rows ? kernel.tileRows
                               : kernel.tileColumns;
  unsigned clustered =
      forall.getNumParallel() - (kernel.clusterAlongColumns ? 1 : 2);
  return dim == clustered ? tile * kernel.cluster : tile;
}

static Attribute describe(sparse_tile::ForallOp forall,
                          const KernelDescription &kernel) {
  OpBuilder builder(forall.getContext());
  SizeExpressions sizes(forall.getContext());
  AffineExpr blocks =
      builder.getAffineConstantExpr(kernel.cluster * kernel.splits);
  unsigned parallel = forall.getNumParallel();
  for (unsigned dim = 0; dim < parallel && blocks; ++dim) {
    AffineExpr size = sizes.get(forall.getSizes()[dim]);
    int64_t tile = getTileExtent(forall, kernel, dim);
    blocks = size ? blocks * size.ceilDiv(tile) : AffineExpr();
  }
  SmallVector<Value> operands(forall.getInputs());
  llvm::append_range(operands, forall.getOutputs());
  SmallVector<Attribute> parameters;
  using Kind = KernelParameter::Kind;
  for (const KernelParameter &parameter : kernel.parameters) {
    Value source = parameter.kind == Kind::Size
                       ? forall.getSizes()[parameter.index]
                       : operands[parameter.index];
    std::string text;
    llvm::raw_string_ostream stream(text);
    if (parameter.kind == Kind::Size || parameter.kind == Kind::Extent) {
      AffineExpr expr = parameter.kind == Kind::Size
                            ? sizes.get(source)
                            : sizes.extent(source, parameter.dim);
      stream << "size ";
      expr ? stream << expr : stream << "computed";
    } else {
      StringRef names[] = {"size",   "pointer", "stride",
                           "scalar", "size",    "tensor_map"};
      stream << names[static_cast<unsigned>(parameter.kind)] << " of ";
      if (auto argument = dyn_cast<BlockArgument>(source)) {
        stream << "argument " << argument.getArgNumber();
      } else {
        stream << "temporary";
      }
      if (parameter.kind == Kind::Stride) {
        stream << " dim " << parameter.dim;
      }
      if (parameter.kind == Kind::TensorMap) {
        stream << " box ";
        llvm::interleave(parameter.map.box, stream, "x");
        stream << " swizzle " << parameter.map.swizzle;
        stream << (parameter.map.roundsToTF32 ? " tf32" : "");
      }
    }
    parameters.push_back(builder.getStringAttr(text));
  }
  auto name = [&](StringRef key, Attribute value) {
    return builder.getNamedAttr(key, value);
  };
  SmallVector<NamedAttribute> entries = {
      name("kernel", builder.getStringAttr(kernel.name)),
      name("block", builder.getDenseI64ArrayAttr({kernel.threads, 1, 1})),
      name("shared", builder.getI64IntegerAttr(kernel.sharedBytes)),
      name("params", builder.getArrayAttr(parameters)),
      name("symbols", builder.getDenseI64ArrayAttr(sizes.symbols))};
  if (kernel.cluster * kernel.splits > 1) {
    entries.push_back(name(
        "cluster", builder.getI64IntegerAttr(kernel.cluster * kernel.splits)));
  }
  if (kernel.overlap) {
    entries.push_back(name("overlap", builder.getUnitAttr()));
  }
  if (kernel.columnsAbove >= 0 || kernel.columnsAtMost >= 0) {
    AffineExpr columns = sizes.get(forall.getSizes()[parallel - 1]);
    if (columns) {
      entries.push_back(
          name("columns", AffineMapAttr::get(AffineMap::get(
                              0, sizes.symbols.size() / 2, columns))));
      entries.push_back(name("columns_above",
                             builder.getI64IntegerAttr(kernel.columnsAbove)));
      entries.push_back(name("columns_at_most",
                             builder.getI64IntegerAttr(kernel.columnsAtMost)));
    }
  }
  if (kernel.persistent) {
    entries.push_back(name("persistent", builder.getUnitAttr()));
  }
  if (kernel.evenRounds) {
    entries.push_back(name("even_rounds", builder.getUnitAttr()));
  }
  if (blocks) {
    AffineExpr one = builder.getAffineConstantExpr(1);
    entries.push_back(name(
        "grid", AffineMapAttr::get(AffineMap::get(0, sizes.symbols.size() / 2,
                                                  {blocks, one, one},
                                                  forall.getContext()))));
  }
  return builder.getDictionaryAttr(entries);
}

//===----------------------------------------------------------------------===//
// Launches
//===----------------------------------------------------------------------===//

/// CUtensorMapDataType for elements of so many bits: only their width matters,
/// since what lies outside is zero, unless they are rounded.
static int64_t getTensorMapType(unsigned bits, bool roundsToTF32) {
  constexpr int64_t kTF32 = 11;
  return roundsToTF32 ? kTF32 : bits == 8 ? 0 : bits == 16 ? 1 : 2;
}

/// A tensor map of `buffer` at `address` as a value of 16 words; `failed` (i32)
/// accumulates the runtime's status.
static Value emitTensorMap(ImplicitLocOpBuilder &b, ModuleOp module,
                           Value buffer, Value address, const TensorMap &map,
                           Value &failed) {
  MLIRContext *context = b.getContext();
  auto pointer = hostPointer(context);
  auto type = cast<MemRefType>(buffer.getType());
  Type i64 = b.getI64Type(), i32 = b.getI32Type();
  auto constant = [&](Type integer, int64_t value) -> Value {
    return arith::ConstantOp::create(b, b.getIntegerAttr(integer, value));
  };
  auto allocate = [&](Type element, int64_t count, unsigned alignment) {
    return LLVM::AllocaOp::create(b, pointer, element, constant(i64, count),
                                  alignment);
  };
  auto put = [&](Value array, Type element, int64_t index, Value value) {
    Value at = LLVM::GEPOp::create(
        b, pointer, element, array,
        ArrayRef<LLVM::GEPArg>{static_cast<int32_t>(index)});
    LLVM::StoreOp::create(b, value, at);
  };
  int64_t rank = type.getRank();
  int64_t bytes = type.getElementTypeBitWidth() / 8;
  constexpr int64_t kWords = 16;
  Value memory = allocate(i64, kWords, 64);
  Value sizes = allocate(i64, rank, 8), strides = allocate(i64, rank, 8);
  Value box = allocate(i32, rank, 4);
  Value stride = constant(i64, bytes);
  for (int64_t index = 0; index < rank; ++index) {
    Value size =
        toI64(b, b.createOrFold<memref::DimOp>(buffer, rank - 1 - index));
    put(sizes, i64, index, size);
    stride = b.createOrFold<arith::MulIOp>(stride, size);
    put(strides, i64, index, stride);
    put(box, i32, index, constant(i32, map.box[index]));
  }
  int64_t swizzle = map.swizzle == 128  ? 3
                    : map.swizzle == 64 ? 2
                    : map.swizzle == 32 ? 1
                                        : 0;
  constexpr int64_t kPromoteTo256Bytes = 3;
  auto encode = getRuntimeFunction(
      module, "sparsityEncodeTensorMap", i32,
      {pointer, i32, i32, pointer, pointer, pointer, pointer, i32, i32, i32});
  Value status =
      LLVM::CallOp::create(
          b, encode,
          ValueRange{
              memory,
              constant(i32, getTensorMapType(type.getElementTypeBitWidth(),
                                             map.roundsToTF32)),
              constant(i32, rank), address, sizes, strides, box,
              constant(i32, swizzle), constant(i32, kPromoteTo256Bytes),
              constant(i32, 0)})
          .getResult();
  failed = failed ? b.createOrFold<arith::OrIOp>(failed, status) : status;
  return LLVM::LoadOp::create(b, LLVM::LLVMArrayType::get(i64, kWords), memory);
}

Attribute gpu_conversion::emitLaunch(OpBuilder &builder,
                                     sparse_tile::ForallOp forall,
                                     gpu::GPUModuleOp kernels,
                                     const KernelDescription &kernel) {
  ImplicitLocOpBuilder b(forall.getLoc(), builder);
  MLIRContext *context = forall.getContext();
  auto module = forall->getParentOfType<ModuleOp>();
  unsigned parallel = forall.getNumParallel();
  Value blocks = arith::ConstantIndexOp::create(b, 1);
  for (unsigned dim = 0; dim < parallel; ++dim) {
    Value size = forall.getSizes()[dim];
    int64_t tile = getTileExtent(forall, kernel, dim);
    if (tile > 1) {
      size = b.createOrFold<arith::DivUIOp>(
          b.createOrFold<arith::AddIOp>(
              size, arith::ConstantIndexOp::create(b, tile - 1)),
          arith::ConstantIndexOp::create(b, tile));
    }
    blocks = b.createOrFold<arith::MulIOp>(blocks, size);
  }

  SmallVector<Value> operands(forall.getInputs());
  llvm::append_range(operands, forall.getOutputs());
  DenseMap<Value, memref::ExtractStridedMetadataOp> metadata;
  auto getMetadata = [&](Value buffer) {
    memref::ExtractStridedMetadataOp &op = metadata[buffer];
    if (!op) {
      op = memref::ExtractStridedMetadataOp::create(b, buffer);
    }
    return op;
  };
  auto getAddress = [&](Value buffer) -> Value {
    auto type = cast<MemRefType>(buffer.getType());
    Value address = memref::ExtractAlignedPointerAsIndexOp::create(b, buffer);
    auto [strides, offset] = type.getStridesAndOffset();
    if (offset != 0) {
      Value bytes = b.createOrFold<arith::MulIOp>(
          getMetadata(buffer).getOffset(),
          arith::ConstantIndexOp::create(b, type.getElementTypeBitWidth() / 8));
      address = b.createOrFold<arith::AddIOp>(address, bytes);
    }
    return LLVM::IntToPtrOp::create(b, hostPointer(context), toI64(b, address));
  };
  SmallVector<Value> arguments;
  Value failed;
  for (const KernelParameter &parameter : kernel.parameters) {
    switch (parameter.kind) {
    case KernelParameter::Kind::TensorMap: {
      Value buffer = operands[parameter.index];
      arguments.push_back(emitTensorMap(b, module, buffer, getAddress(buffer),
                                        parameter.map, failed));
      break;
    }
    case KernelParameter::Kind::Size:
      arguments.push_back(b.createOrFold<arith::IndexCastUIOp>(
          b.getI32Type(), forall.getSizes()[parameter.index]));
      break;
    case KernelParameter::Kind::Extent:
      arguments.push_back(b.createOrFold<arith::IndexCastUIOp>(
          b.getI32Type(), b.createOrFold<memref::DimOp>(
                              operands[parameter.index], parameter.dim)));
      break;
    case KernelParameter::Kind::Scalar: {
      Value scalar = operands[parameter.index];
      if (scalar.getType().isIndex()) {
        scalar = b.createOrFold<arith::IndexCastUIOp>(b.getI32Type(), scalar);
      }
      arguments.push_back(scalar);
      break;
    }
    case KernelParameter::Kind::Pointer:
      arguments.push_back(getAddress(operands[parameter.index]));
      break;
    case KernelParameter::Kind::Stride:
      arguments.push_back(toI64(
          b,
          getMetadata(operands[parameter.index]).getStrides()[parameter.dim]));
      break;
    }
  }
  auto getStream =
      getRuntimeFunction(module, "sparsityGetStream", hostPointer(context), {});
  Value stream = LLVM::CallOp::create(b, getStream, ValueRange()).getResult();
  Value one = arith::ConstantOp::create(b, b.getI64IntegerAttr(1));
  Value threads =
      arith::ConstantOp::create(b, b.getI64IntegerAttr(kernel.threads));
  Value shared =
      arith::ConstantOp::create(b, b.getI32IntegerAttr(kernel.sharedBytes));
  Value grid = toI64(b, blocks);
  if (kernel.cluster * kernel.splits > 1 || kernel.persistent) {
    int64_t cluster = kernel.cluster * kernel.splits;
    Value perCluster =
        arith::ConstantOp::create(b, b.getI64IntegerAttr(cluster));
    if (kernel.persistent) {
      // As many clusters as run at once take all tiles.
      auto count = getRuntimeFunction(module, "sparsityMultiprocessorCount",
                                      b.getI64Type(), {});
      Value resident = b.createOrFold<arith::DivUIOp>(
          LLVM::CallOp::create(b, count, ValueRange()).getResult(), perCluster);
      if (kernel.evenRounds) {
        auto ceilDiv = [&](Value value, Value divisor) -> Value {
          Value least = b.createOrFold<arith::MaxUIOp>(divisor, one);
          Value more = b.createOrFold<arith::SubIOp>(least, one);
          return b.createOrFold<arith::DivUIOp>(
              b.createOrFold<arith::AddIOp>(value, more), least);
        };
        resident = ceilDiv(grid, ceilDiv(grid, resident));
      }
      grid = b.createOrFold<arith::MinUIOp>(grid, resident);
    }
    grid = b.createOrFold<arith::MulIOp>(grid, perCluster);
  }
  if (failed) {
    // Nothing runs on a map that was not made; the error is recorded.
    Value ok = b.createOrFold<arith::CmpIOp>(
        arith::CmpIPredicate::eq, failed,
        arith::ConstantOp::create(b, b.getI32IntegerAttr(0)));
    grid = b.createOrFold<arith::SelectOp>(
        ok, grid, arith::ConstantOp::create(b, b.getI64IntegerAttr(0)));
  }
  if (kernel.overlap) {
    auto overlap = getRuntimeFunction(module, "sparsityOverlapNextLaunch",
                                      LLVM::LLVMVoidType::get(context), {});
    LLVM::CallOp::create(b, overlap, ValueRange());
  }
  auto symbol =
      SymbolRefAttr::get(context, kernels.getName(),
                         {FlatSymbolRefAttr::get(context, kernel.name)});
  gpu::LaunchFuncOp::create(b, symbol, gpu::KernelDim3{grid, one, one},
                            gpu::KernelDim3{threads, one, one}, shared,
                            arguments, stream);
  return describe(forall, kernel);
}

//===----------------------------------------------------------------------===//
// Temporaries
//===----------------------------------------------------------------------===//

/// The bytes that `type` with `sizes` for its dynamic extents takes.
static Value emitBytes(ImplicitLocOpBuilder &b, MemRefType type,
                       ValueRange sizes) {
  Value bytes = arith::ConstantIndexOp::create(
      b, std::max<int64_t>(type.getElementTypeBitWidth() / 8, 1));
  unsigned next = 0;
  for (int64_t extent : type.getShape()) {
    Value size = ShapedType::isDynamic(extent)
                     ? sizes[next++]
                     : Value(arith::ConstantIndexOp::create(b, extent));
    bytes = b.createOrFold<arith::MulIOp>(bytes, size);
  }
  return bytes;
}

/// Device memory for a buffer of `type`, from the runtime's workspace.
static Value emitWorkspace(ImplicitLocOpBuilder &b, MemRefType type,
                           ValueRange dynamicSizes, unsigned number,
                           func::FuncOp func) {
  MLIRContext *context = func.getContext();
  auto module = func->getParentOfType<ModuleOp>();
  auto pointer = hostPointer(context);
  // The address of a global of this module is a key that no other module has.
  std::string name = (func.getName() + "_workspace" + Twine(number)).str();
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(module.getBody());
    LLVM::GlobalOp::create(b, b.getI8Type(), /*isConstant=*/false,
                           LLVM::Linkage::Internal, name,
                           b.getI8IntegerAttr(0));
  }
  Value key = LLVM::PtrToIntOp::create(
      b, b.getI64Type(), LLVM::AddressOfOp::create(b, pointer, name));
  auto workspace = getRuntimeFunction(module, "sparsityWorkspace", pointer,
                                      {b.getI64Type(), b.getI64Type()});
  Value bytes = toI64(b, emitBytes(b, type, dynamicSizes));
  Value memory =
      LLVM::CallOp::create(b, workspace, ValueRange{key, bytes}).getResult();
  LLVMTypeConverter converter(context);
  auto descriptor =
      MemRefDescriptor::poison(b, b.getLoc(), converter.convertType(type));
  descriptor.setAllocatedPtr(b, b.getLoc(), memory);
  descriptor.setAlignedPtr(b, b.getLoc(), memory);
  descriptor.setConstantOffset(b, b.getLoc(), 0);
  SmallVector<Value> sizes;
  unsigned next = 0;
  for (int64_t extent : type.getShape()) {
    Value size = ShapedType::isDynamic(extent)
                     ? dynamicSizes[next++]
                     : Value(arith::ConstantIndexOp::create(b, extent));
    sizes.push_back(toI64(b, size));
  }
  Value stride = arith::ConstantOp::create(b, b.getI64IntegerAttr(1));
  for (int64_t dim = type.getRank() - 1; dim >= 0; --dim) {
    descriptor.setSize(b, b.getLoc(), dim, sizes[dim]);
    descriptor.setStride(b, b.getLoc(), dim, stride);
    stride = b.createOrFold<arith::MulIOp>(stride, sizes[dim]);
  }
  return UnrealizedConversionCastOp::create(b, type, Value(descriptor))
      .getResult(0);
}

/// `to` = `from`, contiguous buffers, in order with the kernels.
static void emitCopy(ImplicitLocOpBuilder &b, Value from, Value to,
                     func::FuncOp func) {
  auto type = cast<MemRefType>(from.getType());
  auto module = func->getParentOfType<ModuleOp>();
  auto pointer = hostPointer(func.getContext());
  SmallVector<Value> sizes;
  for (int64_t dim = 0; dim < type.getRank(); ++dim) {
    if (type.isDynamicDim(dim)) {
      sizes.push_back(memref::DimOp::create(b, from, dim));
    }
  }
  auto address = [&](Value buffer) -> Value {
    Value index = memref::ExtractAlignedPointerAsIndexOp::create(b, buffer);
    return LLVM::IntToPtrOp::create(b, pointer, toI64(b, index));
  };
  auto getStream = getRuntimeFunction(module, "sparsityGetStream", pointer, {});
  auto memcpy = getRuntimeFunction(module, "mgpuMemcpy",
                                   LLVM::LLVMVoidType::get(func.getContext()),
                                   {pointer, pointer, b.getI64Type(), pointer});
  Value stream = LLVM::CallOp::create(b, getStream, ValueRange()).getResult();
  Value bytes = toI64(b, emitBytes(b, type, sizes));
  LLVM::CallOp::create(b, memcpy,
                       ValueRange{address(to), address(from), bytes, stream});
}

LogicalResult gpu_conversion::lowerTemporaries(func::FuncOp func) {
  unsigned number = 0;
  for (Operation &op : llvm::make_early_inc_range(func.getBody().front())) {
    ImplicitLocOpBuilder b(op.getLoc(), &op);
    if (auto alloc = dyn_cast<memref::AllocOp>(op)) {
      alloc.getResult().replaceAllUsesWith(emitWorkspace(
          b, alloc.getType(), alloc.getDynamicSizes(), number++, func));
      alloc.erase();
    } else if (auto global = dyn_cast<memref::GetGlobalOp>(op)) {
      // A constant lies in host memory; kernels read a copy.
      b.setInsertionPointAfter(global);
      Value copy = emitWorkspace(b, global.getType(), {}, number++, func);
      global.getResult().replaceAllUsesWith(copy);
      emitCopy(b, global, copy, func);
    } else if (isa<memref::DeallocOp>(op)) {
      op.erase();
    } else if (auto copy = dyn_cast<memref::CopyOp>(op)) {
      auto from = cast<MemRefType>(copy.getSource().getType());
      auto to = cast<MemRefType>(copy.getTarget().getType());
      if (!from.getLayout().isIdentity() || !to.getLayout().isIdentity()) {
        return copy.emitOpError("expected contiguous buffers to copy on the "
                                "device, but got ")
               << from << " and " << to;
      }
      emitCopy(b, copy.getSource(), copy.getTarget(), func);
      copy.erase();
    }
  }
  return success();
}
