//===- Passes.td - conversions -----------------------------*- tablegen -*-===//

#ifndef SPARSITY_CONVERSION_PASSES_TD
#define SPARSITY_CONVERSION_PASSES_TD

include "mlir/Pass/PassBase.td"

def ConvertSparseTensorToSparsityPass
    : Pass<"convert-sparse-tensor-to-sparsity", "ModuleOp"> {
  let summary = "the storage ops of MLIR's sparse tensors to those of `sparsity`";
  let description = [{
    `convert` from a dense tensor becomes `sparsity.encode` and to one `sparsity.decode`;
    `assemble` becomes `sparsity.assemble` of the same buffers. Encodings stay as they are:
    they answer the interface. Arguments that are buffers of type `index` become `i64`.
  }];
  let dependentDialects = ["::mlir::sparsity::SparsityDialect",
                           "::mlir::arith::ArithDialect",
                           "::mlir::tensor::TensorDialect"];
}

def ConvertSparsityToTilePass : Pass<"convert-sparsity-to-tile", "ModuleOp"> {
  let summary = "linalg on encoded tensors to schedules; coverage is consumed here";
  let description = [{
    Every contraction becomes a `sparse_tile.forall`, together with the elementwise op
    that consumes it; contractions that feed the same elementwise op share one. The
    remaining elementwise ops become foralls without a reduction.
  }];
  let dependentDialects = ["::mlir::sparse_tile::SparseTileDialect",
                           "::mlir::sparsity::SparsityDialect",
                           "::mlir::linalg::LinalgDialect",
                           "::mlir::arith::ArithDialect", "::mlir::scf::SCFDialect",
                           "::mlir::tensor::TensorDialect"];
}

def ConvertSparseTileToGPUPass : Pass<"convert-sparse-tile-to-gpu", "ModuleOp"> {
  let summary = "schedules to GPU kernels; format is consumed here";
  let description = [{
    Each forall becomes a kernel in a `gpu.module` (nvvm, llvm, scf, arith) and a
    `gpu.launch_func` on the stream that the runtime names. Temporary buffers come from
    the runtime's workspace, which allocates on the first call only.
  }];
  let options = [
    Option<"target", "target", "std::string", "\"sm_80\"", "target of the table">,
    Option<"overlap", "overlap", "bool", "false",
           "kernels of warpgroups start while the kernel in front of them drains "
           "(programmatic dependent launch) and copy packed weights meanwhile: "
           "these must have been written before that kernel was launched">,
    Option<"deferStores", "defer-stores", "bool", "false",
           "kernels of warpgroups store a tile while the first products of the next one "
           "run, where its results fit into registers beside the sums">];
  let dependentDialects = ["::mlir::gpu::GPUDialect", "::mlir::NVVM::NVVMDialect",
                           "::mlir::LLVM::LLVMDialect", "::mlir::scf::SCFDialect",
                           "::mlir::arith::ArithDialect", "::mlir::affine::AffineDialect",
                           "::mlir::memref::MemRefDialect", "::mlir::func::FuncDialect"];
}

def ConvertSparseTileToVectorPass
    : Pass<"convert-sparse-tile-to-vector", "ModuleOp"> {
  let summary = "schedules to multithreaded vector loops";
  let description = [{
    Each forall becomes a function over a range of work items, which the runtime's
    thread pool calls. Tiles are decoded into buffers on the stack, multiplied with
    vector.fma and finished by the epilogue.

    With `count-work`, or the module attribute `sparsity.count_work`, each work item
    reports its steps and bytes to the runtime (`sparsityCountWork`), and each forall
    those that it would have without sparsity (`sparsityCountDenseWork`). With
    `count-only` a forall runs only if the bounds of a loop depend on what it writes (a
    gate's lists, and the logits that they come from); the others compute their bounds,
    report and leave their results as they are.
  }];
  let options = [
    Option<"countWork", "count-work", "bool", "false",
           "work items report what they read">,
    Option<"countOnly", "count-only", "bool", "false",
           "report the same without running what no list depends on">];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect", "::mlir::scf::SCFDialect",
                           "::mlir::arith::ArithDialect", "::mlir::affine::AffineDialect",
                           "::mlir::math::MathDialect", "::mlir::memref::MemRefDialect",
                           "::mlir::func::FuncDialect", "::mlir::vector::VectorDialect"];
}

def SparsityExpandFloat8Pass : Pass<"sparsity-expand-float8"> {
  let summary = "8-bit float conversions to integer arithmetic";
  let description = [{
    LLVM has no 8-bit float types. arith.extf and arith.truncf on f8E4M3FN and f8E5M2
    become integer arithmetic, rounding to nearest even (OCP OFP8; f8E4M3FN overflows to
    NaN, f8E5M2 to infinity); remaining values of these types become i8.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect"];
}

def SparsityExpandMathPass : Pass<"sparsity-expand-math"> {
  let summary = "math functions to polynomials";
  let description = [{
    Upstream's polynomial approximations, in f32: neither libm nor libdevice is needed,
    and the CPU computes what the GPU computes.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::math::MathDialect",
                           "::mlir::vector::VectorDialect"];
}

#endif // SPARSITY_CONVERSION_PASSES_TD
