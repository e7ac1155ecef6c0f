//===- Target.h - what a chip has, as data ----------------------*- C++ -*-===//
//
// A target is one row of the table in lib/Target/KnownTargets.cpp. Passes ask
// the row; nothing outside lib/Target and the GPU conversion compares
// architecture numbers.
//
//===----------------------------------------------------------------------===//

#ifndef SPARSITY_TARGET_TARGET_H
#define SPARSITY_TARGET_TARGET_H

#include "sparsity/Coverage/TileFormat.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

#include <cstdint>
#include <optional>

namespace mlir {
class Type;
} // namespace mlir

namespace mlir::sparsity {

/// The element type that an instruction multiplies in.
enum class MultiplyType : uint8_t { F16, BF16, TF32, F32, S8, E4M3, E5M2 };

llvm::StringRef stringifyMultiplyType(MultiplyType type);

/// The type of that name, or nothing.
std::optional<MultiplyType> parseMultiplyType(llvm::StringRef name);

/// Bits of one element as it lies in shared memory.
unsigned getMultiplyTypeBits(MultiplyType type);

/// The multiply type of a tensor element type; f32 is TF32 only if `allowTF32`.
/// Returns false for a type that no instruction multiplies.
bool getMultiplyType(Type elementType, bool allowTF32, MultiplyType &result);

/// One matrix instruction: D (m x n) += A (m x k) * B (k x n).
struct MMAInstruction {
  /// As the target's ISA names it, e.g. "mma.sp::ordered_metadata.m16n8k32".
  llvm::StringRef name;
  MultiplyType type;
  int64_t m, n, k;
  /// What the A operand may be: `dense`, an `n_of_m` along k, or a `bitmap`
  /// whose tiles are decoded into the registers that hold A.
  TileFormat aFormat;
  /// The largest tile of one warp whose sums and operands stay in registers.
  int64_t warpRows = 64, warpColumns = 64;
  /// Executed by four warps together, with operands in shared memory that bulk
  /// copies brought there (a bitmap's A in registers); `n` is the most columns
  /// it takes.
  bool warpgroup = false;
};

/// How a tile can travel from global to shared memory.
enum class CopyKind : uint8_t { Plain, CpAsync, Tma };

enum class TargetKind : uint8_t { Cpu, Gpu };

struct TargetInfo {
  llvm::StringRef name;
  TargetKind kind;
  /// LLVM's name of the processor, and its PTX features.
  llvm::StringRef chip;
  llvm::StringRef features;
  /// The compute capability the code needs, and whether it runs on that one
  /// only.
  int64_t major, minor;
  bool exactCapability;
  /// Shared memory one thread block may use, in bytes.
  int64_t sharedBytes;
  int64_t warpSize;
  /// Of the part that tiles are chosen for.
  int64_t multiprocessors;
  llvm::ArrayRef<CopyKind> copies;
  llvm::ArrayRef<MMAInstruction> instructions;
  /// The largest relative error of a sum of 4096 products of 8-bit floats,
  /// where the matrix units keep fewer bits of it than f32 has; otherwise 0.
  /// Longer sums err more in proportion.
  double float8SumError = 0;

  bool hasCopy(CopyKind copy) const { return llvm::is_contained(copies, copy); }
  /// The instruction for `type` with A stored as `aFormat`, or null: then the
  /// operand is expanded. An n:m pattern that fits inside a native one counts.
  /// One warp's instruction, or a warpgroup's.
  const MMAInstruction *findInstruction(MultiplyType type,
                                        const TileFormat &aFormat,
                                        bool warpgroup = false) const;
  /// The instruction of that name for `type`, or null.
  const MMAInstruction *findInstruction(llvm::StringRef name,
                                        MultiplyType type) const;
};

} // namespace mlir::sparsity

#endif // SPARSITY_TARGET_TARGET_H
