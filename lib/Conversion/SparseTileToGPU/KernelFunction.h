//===- KernelFunction.h - a kernel's signature and parameters ---*- C++ -*-===//

#ifndef SPARSITY_CONVERSION_SPARSETILETOGPU_KERNELFUNCTION_H
#define SPARSITY_CONVERSION_SPARSETILETOGPU_KERNELFUNCTION_H

#include "Scalars.h"

#include "sparsity/Dialect/SparseTile/IR/SparseTile.h"
#include "sparsity/Target/Target.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"

namespace mlir::sparsity::gpu_conversion {

/// How bulk tensor copies see a buffer: all of it, in boxes (CUDA Driver API,
/// "cuTensorMapEncodeTiled").
struct TensorMap {
  /// Extents of a box, innermost dimension first.
  SmallVector<int64_t> box;
  /// Bytes of the swizzle's span: 0 (none), 32, 64 or 128.
  int64_t swizzle = 0;
  /// Elements are f32, and copies out of the buffer round them to tf32.
  bool roundsToTF32 = false;

  bool operator==(const TensorMap &other) const {
    return box == other.box && swizzle == other.swizzle &&
           roundsToTF32 == other.roundsToTF32;
  }
};

/// One kernel parameter, as the host computes it from the forall's operands.
struct KernelParameter {
  enum class Kind : uint8_t {
    Size,
    Pointer,
    Stride,
    Scalar,
    Extent,
    TensorMap
  } kind;
  /// The position in the forall's sizes (Size) or in inputs then outputs; and
  /// the dimension of a stride or an extent.
  unsigned index, dim;
  TensorMap map = {};
};

struct KernelDescription {
  std::string name;
  int64_t threads, sharedBytes;
  /// Tile extents of the last two parallel dimensions.
  int64_t tileRows, tileColumns;
  SmallVector<KernelParameter> parameters;
  /// Blocks of a cluster, with neighbouring row tiles or column tiles, whose
  /// number is rounded up to it.
  int64_t cluster = 1;
  bool clusterAlongColumns = false;
  /// Blocks of a cluster that work on one tile.
  int64_t splits = 1;
  /// Blocks take tiles until none is left: no more are launched than run at
  /// once.
  bool persistent = false;
  /// Of a persistent grid no more blocks run than take the same number of tiles
  /// each, but for the last round.
  bool evenRounds = false;
  /// Of several kernels of a schedule, the one for so many columns; -1: any.
  int64_t columnsAbove = -1, columnsAtMost = -1;
  /// It may start while the kernel before it drains, and waits for that one
  /// itself.
  bool overlap = false;
};

/// The base of kernel emitters: the function, and what its parameters are in
/// the schedule.
class KernelFunction {
public:
  KernelFunction(sparse_tile::ForallOp forall, sparse_tile::ConfigAttr config,
                 gpu::GPUModuleOp kernels, StringRef name,
                 const TargetInfo &target)
      : forall(forall), config(config), kernels(kernels), target(target),
        b(forall.getLoc(), forall.getContext()), scalars(b) {
    description.name = name.str();
  }

protected:
  /// The parameter for `map` of operand `index` (inputs, then outputs), as a
  /// position in `tensorMaps`. Before createFunction.
  unsigned addTensorMap(unsigned index, TensorMap map);
  LLVM::LLVMFuncOp createFunction(int64_t threads);
  void mapParameters(LLVM::LLVMFuncOp function);
  Value getSharedMemory();
  /// The configured type, or an error.
  FailureOr<MultiplyType> getMultiply();
  /// A value of the body as i32.
  Value toI32(Value value);
  /// `value`, the same in all lanes of the warp, said so: branches and
  /// addresses that depend on it stay uniform.
  Value makeUniform(Value value);
  /// Sets `origins` to those of tile `index` (i32) of a grid of `rows` by
  /// `columns` tiles, grouped along the rows, so that tiles in flight share
  /// panels of both operands; `tileRows` and `tileColumns` elements each. With
  /// `reverseRows` the last row of tiles comes first.
  void emitOrigins(Value index, Value rows, Value columns, int64_t tileRows,
                   int64_t tileColumns, bool reverseRows);

  sparse_tile::ForallOp forall;
  /// The forall's own, or a variant of it.
  sparse_tile::ConfigAttr config;
  gpu::GPUModuleOp kernels;
  const TargetInfo &target;
  KernelBuilder b;
  KernelDescription description;
  /// Block arguments of the forall in the kernel; sizes and origins as i32.
  ScalarCode scalars;
  SmallVector<Value> sizes, origins;
  SmallVector<Value> tensorMaps;

private:
  SmallVector<KernelParameter> requestedMaps;
};

} // namespace mlir::sparsity::gpu_conversion

#endif // SPARSITY_CONVERSION_SPARSETILETOGPU_KERNELFUNCTION_H
