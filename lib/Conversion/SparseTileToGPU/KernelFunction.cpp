//===- KernelFunction.cpp - a kernel's signature and parameters -----------===//

#include "KernelFunction.h"

#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "llvm/ADT/SmallSet.h"

using namespace mlir;
using namespace mlir::sparsity;
using namespace mlir::sparsity::gpu_conversion;

static constexpr llvm::StringLiteral kSharedName = "sparsity_shared";
static constexpr int64_t kTensorMapBytes = 128;

unsigned KernelFunction::addTensorMap(unsigned index, TensorMap map) {
  for (auto [position, known] : llvm::enumerate(requestedMaps)) {
    if (known.index == index && known.map == map) {
      return position;
    }
  }
  requestedMaps.push_back(
      {KernelParameter::Kind::TensorMap, index, 0, std::move(map)});
  return requestedMaps.size() - 1;
}

Value KernelFunction::getSharedMemory() {
  return LLVM::AddressOfOp::create(b, b.pointerType(kShared), kSharedName);
}

FailureOr<MultiplyType> KernelFunction::getMultiply() {
  StringRef name = config.getMultiply();
  if (std::optional<MultiplyType> type = parseMultiplyType(name)) {
    return *type;
  }
  return forall.emitOpError(
             "expected a type that an instruction multiplies, but got ")
         << name;
}

LLVM::LLVMFuncOp KernelFunction::createFunction(int64_t threads) {
  MLIRContext *context = forall.getContext();
  SmallVector<Type> types;
  using Kind = KernelParameter::Kind;
  auto parameter = [&](Kind kind, unsigned index, unsigned dim, Type type) {
    description.parameters.push_back({kind, index, dim});
    types.push_back(type);
  };
  for (auto [index, size] : llvm::enumerate(forall.getSizes())) {
    if (!getConstantIntValue(size)) {
      parameter(Kind::Size, index, 0, b.getI32Type());
    }
  }
  SmallVector<Value> operands(forall.getInputs());
  llvm::append_range(operands, forall.getOutputs());
  for (auto [index, operand] : llvm::enumerate(operands)) {
    auto type = dyn_cast<MemRefType>(operand.getType());
    if (!type) {
      parameter(Kind::Scalar, index, 0,
                operand.getType().isIndex() ? b.getI32Type()
                                            : operand.getType());
      continue;
    }
    parameter(Kind::Pointer, index, 0, b.pointerType(kGlobal));
    auto [strides, offset] = type.getStridesAndOffset();
    for (auto [dim, stride] : llvm::enumerate(strides)) {
      if (ShapedType::isDynamic(stride)) {
        parameter(Kind::Stride, index, dim, b.getI64Type());
      }
    }
  }
  // Extents that the body asks for.
  SmallVector<BlockArgument> arguments(forall.getInputArgs());
  llvm::append_range(arguments, forall.getOutputArgs());
  llvm::SmallSet<std::pair<unsigned, unsigned>, 8> known;
  forall.getBody().walk([&](memref::DimOp dim) {
    auto found = llvm::find(arguments, dim.getSource());
    std::optional<int64_t> number = dim.getConstantIndex();
    if (found == arguments.end() || !number) {
      return;
    }
    unsigned index = std::distance(arguments.begin(), found);
    if (known.insert({index, *number}).second) {
      parameter(Kind::Extent, index, *number, b.getI32Type());
    }
  });
  size_t firstMap = types.size();
  for (const KernelParameter &map : requestedMaps) {
    description.parameters.push_back(map);
    types.push_back(LLVM::LLVMPointerType::get(context));
  }
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToEnd(kernels.getBody());
  if (!kernels.lookupSymbol(kSharedName)) {
    // Dynamic shared memory, sized at the launch.
    LLVM::GlobalOp::create(b, LLVM::LLVMArrayType::get(b.getI8Type(), 0),
                           /*isConstant=*/false, LLVM::Linkage::External,
                           kSharedName, Attribute(), /*alignment=*/1024,
                           kShared);
  }
  auto type =
      LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(context), types);
  auto function = LLVM::LLVMFuncOp::create(b, description.name, type);
  function->setAttr(gpu::GPUDialect::getKernelFuncAttrName(), b.getUnitAttr());
  function->setAttr(NVVM::NVVMDialect::getKernelFuncAttrName(),
                    b.getUnitAttr());
  function->setAttr(NVVM::NVVMDialect::getReqntidAttrName(),
                    b.getDenseI32ArrayAttr({static_cast<int32_t>(threads)}));
  for (auto [index, argument] : llvm::enumerate(types)) {
    if (index >= firstMap) {
      // PTX ISA, "Tensor-map": in parameter space, never copied.
      Type bytes = LLVM::LLVMArrayType::get(b.getI8Type(), kTensorMapBytes);
      function.setArgAttr(index, LLVM::LLVMDialect::getByValAttrName(),
                          TypeAttr::get(bytes));
      function.setArgAttr(index, NVVM::NVVMDialect::getGridConstantAttrName(),
                          b.getUnitAttr());
      function.setArgAttr(index, LLVM::LLVMDialect::getAlignAttrName(),
                          b.getI64IntegerAttr(64));
    } else if (isa<LLVM::LLVMPointerType>(argument)) {
      // Of a list, only elements are promised: LLVM would read neighbouring
      // ones with what lies behind the last one.
      const KernelParameter &parameter = description.parameters[index];
      auto buffer = dyn_cast<MemRefType>(operands[parameter.index].getType());
      bool isList = buffer && buffer.getRank() == 1 &&
                    buffer.getElementType().isInteger(32);
      function.setArgAttr(index, LLVM::LLVMDialect::getAlignAttrName(),
                          b.getI64IntegerAttr(isList ? 4 : 16));
    }
  }
  return function;
}

void KernelFunction::mapParameters(LLVM::LLVMFuncOp function) {
  SmallVector<Value> operands(forall.getInputs());
  llvm::append_range(operands, forall.getOutputs());
  SmallVector<BlockArgument> arguments(forall.getInputArgs());
  llvm::append_range(arguments, forall.getOutputArgs());
  sizes.resize(forall.getSizes().size());
  for (auto [index, size] : llvm::enumerate(forall.getSizes())) {
    if (std::optional<int64_t> constant = getConstantIntValue(size)) {
      sizes[index] = b.i32(*constant);
    }
  }
  for (auto [parameter, value] :
       llvm::zip_equal(description.parameters, function.getArguments())) {
    switch (parameter.kind) {
    case KernelParameter::Kind::Size:
      sizes[parameter.index] = value;
      break;
    case KernelParameter::Kind::Scalar: {
      Value scalar = value;
      if (operands[parameter.index].getType().isIndex()) {
        scalar = arith::IndexCastOp::create(b, b.getIndexType(), value);
      }
      scalars.values.map(arguments[parameter.index], scalar);
      break;
    }
    case KernelParameter::Kind::Pointer: {
      GlobalBuffer &entry = scalars.buffers[arguments[parameter.index]];
      entry.pointer = value;
      entry.type = cast<MemRefType>(operands[parameter.index].getType());
      auto [strides, offset] = entry.type.getStridesAndOffset();
      for (int64_t stride : strides) {
        bool dynamic = ShapedType::isDynamic(stride);
        entry.strides.push_back(dynamic ? Value() : b.i64(stride));
        entry.staticStrides.push_back(dynamic ? std::nullopt
                                              : std::optional<int64_t>(stride));
      }
      for (int64_t extent : entry.type.getShape()) {
        entry.extents.push_back(ShapedType::isDynamic(extent) ? Value()
                                                              : b.i32(extent));
      }
      break;
    }
    case KernelParameter::Kind::TensorMap:
      tensorMaps.push_back(value);
      break;
    case KernelParameter::Kind::Stride:
      scalars.buffers[arguments[parameter.index]].strides[parameter.dim] =
          value;
      break;
    case KernelParameter::Kind::Extent:
      scalars.buffers[arguments[parameter.index]].extents[parameter.dim] =
          value;
      break;
    }
  }
  for (auto [argument, size] : llvm::zip_equal(forall.getSizeArgs(), sizes)) {
    scalars.values.map(argument, scalars.toIndex(size));
  }
}

Value KernelFunction::toI32(Value value) {
  for (auto [argument, size] : llvm::zip_equal(forall.getSizeArgs(), sizes)) {
    if (argument == value) {
      return size;
    }
  }
  for (auto [argument, origin] :
       llvm::zip_equal(forall.getOrigins(), origins)) {
    if (argument == value) {
      return origin;
    }
  }
  if (std::optional<int64_t> constant = getConstantIntValue(value)) {
    return b.i32(*constant);
  }
  return scalars.toI32(scalars.values.lookup(value));
}

Value KernelFunction::makeUniform(Value value) {
  return NVVM::ShflOp::create(b, b.getI32Type(), b.i32(-1), value, b.i32(0),
                              b.i32(31), NVVM::ShflKind::idx, UnitAttr());
}

void KernelFunction::emitOrigins(Value index, Value rows, Value columns,
                                 int64_t tileRows, int64_t tileColumns,
                                 bool reverseRows) {
  unsigned parallel = forall.getNumParallel();
  // The tiles of one matrix are consecutive.
  Value outer = b.i32(0), tile = index;
  if (parallel > 2) {
    Value tiles = b.mul(rows, columns);
    outer = b.div(index, tiles);
    tile = b.rem(index, tiles);
  }
  int64_t raster = config.getRaster();
  Value groupSize = b.mul(columns, raster);
  Value group = b.div(tile, groupSize);
  Value inGroup = b.rem(tile, groupSize);
  Value firstRow = b.mul(group, raster);
  Value height = b.min(b.sub(rows, firstRow), b.i32(raster));
  Value row = b.add(firstRow, b.rem(inGroup, height));
  Value column = b.div(inGroup, height);
  if (reverseRows) {
    row = b.sub(b.sub(rows, 1), row);
  }
  origins.resize(parallel);
  origins[parallel - 2] = b.mul(row, tileRows);
  origins[parallel - 1] = b.mul(column, tileColumns);
  for (int64_t dim = static_cast<int64_t>(parallel) - 3; dim >= 0; --dim) {
    origins[dim] = b.rem(outer, sizes[dim]);
    outer = b.div(outer, sizes[dim]);
  }
}
