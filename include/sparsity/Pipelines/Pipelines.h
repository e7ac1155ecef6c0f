//===- Pipelines.h - registration of dialects, passes, pipelines *- C++ -*-===//
//
// What a compiler calls to use this project. The functions with `Upstream` in
// their name are for this project's own tools: they register the part of MLIR
// that our pipelines lower to, and a host that has its own list does not need
// them.
//
//===----------------------------------------------------------------------===//

#ifndef SPARSITY_PIPELINES_PIPELINES_H
#define SPARSITY_PIPELINES_PIPELINES_H

#include "sparsity/Target/KnownTargets.h"

#include "mlir/Pass/PassOptions.h"

namespace mlir {
class DialectRegistry;
class OpPassManager;
} // namespace mlir

namespace mlir::sparsity {

/// Options of `sparsity-to-nvvm`.
struct SparsityToNVVMOptions : PassPipelineOptions<SparsityToNVVMOptions> {
  Option<std::string> target{*this, "target",
                             llvm::cl::init(getDefaultGpuTarget().name.str()),
                             llvm::cl::desc("target of the table")};
  Option<bool> allowTF32{
      *this, "allow-tf32", llvm::cl::init(false),
      llvm::cl::desc("f32 operands may be rounded to tf32 (10 mantissa bits)")};
  ListOption<int64_t> tile{
      *this, "tile",
      llvm::cl::desc("tile extents, instead of the chosen ones")};
  ListOption<int64_t> warps{
      *this, "warps", llvm::cl::desc("warps, instead of the chosen ones")};
  Option<int64_t> stages{
      *this, "stages", llvm::cl::init(0),
      llvm::cl::desc("stages, instead of the chosen number")};
  Option<int64_t> cluster{
      *this, "cluster", llvm::cl::init(0),
      llvm::cl::desc("blocks that share tiles of B, instead of the choice")};
  Option<int64_t> splits{
      *this, "splits", llvm::cl::init(0),
      llvm::cl::desc("blocks that share a reduction, instead of the choice")};
  Option<bool> overlap{
      *this, "overlap", llvm::cl::init(false),
      llvm::cl::desc("kernels of warpgroups copy packed weights while the "
                     "kernel in front drains, which must not write them")};
  Option<bool> deferStores{
      *this, "defer-stores", llvm::cl::init(false),
      llvm::cl::desc("kernels of warpgroups store a tile while the first "
                     "products of the next one run")};
  Option<std::string> instruction{
      *this, "instruction", llvm::cl::init(""),
      llvm::cl::desc("only instructions of warpgroups whose name starts with "
                     "this; mma leaves all of them out")};
  Option<std::string> tuningTable{
      *this, "tuning-table", llvm::cl::init(""),
      llvm::cl::desc("file of measured tiles, instead of the table that is "
                     "built in; none for no table")};
  Option<std::string> denseChoice{
      *this, "dense-choice", llvm::cl::init("auto"),
      llvm::cl::desc("auto stores weights densely where that is known to be "
                     "faster; never does not")};
  Option<uint64_t> tuningCandidates{
      *this, "tuning-candidates", llvm::cl::init(0),
      llvm::cl::desc("tiles that are listed for each kernel of warpgroups in "
                     "sparsity.tuning")};
};

/// linalg on encoded tensors to kernels in a gpu.module (llvm and nvvm) and
/// host code in the llvm dialect that launches them.
void buildSparsityToNVVMPipeline(OpPassManager &manager,
                                 const SparsityToNVVMOptions &options);

/// Options of `sparsity-to-cpu`.
struct SparsityToCPUOptions : PassPipelineOptions<SparsityToCPUOptions> {
  ListOption<int64_t> tile{
      *this, "tile",
      llvm::cl::desc("tile extents, instead of the chosen ones")};
  Option<bool> countWork{*this, "count-work", llvm::cl::init(false),
                         llvm::cl::desc("work items report what they read "
                                        "(sparsityReadWorkCounts)")};
  Option<bool> countOnly{
      *this, "count-only", llvm::cl::init(false),
      llvm::cl::desc("report the same, and leave results as they are that no "
                     "list depends on")};
  Option<std::string> target{
      *this, "target", llvm::cl::init("cpu"),
      llvm::cl::desc("target of the table whose storage, tiles and loops are "
                     "taken")};
  Option<bool> allowTF32{
      *this, "allow-tf32", llvm::cl::init(false),
      llvm::cl::desc("choose as a GPU does that may round f32 to tf32")};
  Option<std::string> instruction{
      *this, "instruction", llvm::cl::init(""),
      llvm::cl::desc("choose as sparsity-to-nvvm does with this")};
  Option<std::string> tuningTable{
      *this, "tuning-table", llvm::cl::init(""),
      llvm::cl::desc("choose as sparsity-to-nvvm does with this")};
  Option<std::string> denseChoice{
      *this, "dense-choice", llvm::cl::init("auto"),
      llvm::cl::desc("choose as sparsity-to-nvvm does with this")};
};

/// linalg on encoded tensors to functions in the llvm dialect, whose loops run
/// on the thread pool of the runtime (`sparsityParallelFor`). Functions with a
/// `sparsity.abi` have a C wrapper (`_mlir_ciface_<name>`).
void buildSparsityToCPUPipeline(OpPassManager &manager,
                                const SparsityToCPUOptions &options);

/// Adds the dialects `sparsity` and `sparse_tile`, and the interface models
/// that they attach to other dialects.
void registerSparsityDialects(DialectRegistry &registry);

/// Registers every pass of this project under its flag. To be called once a
/// process.
void registerSparsityPasses();

/// Registers the pipelines `sparsity-to-nvvm`, `sparsity-to-cpu` and
/// `sparsity-densify`. To be called once a process.
void registerSparsityPipelines();

/// Adds the upstream dialects that our pipelines accept and produce, with the
/// external models that lowering needs: bufferization, tiling, value bounds,
/// subsets, inlining, conversion to LLVM and translation to LLVM IR.
void registerUpstreamDialects(DialectRegistry &registry);

/// Registers the upstream passes that our pipelines consist of.
void registerUpstreamPasses();

} // namespace mlir::sparsity

#endif // SPARSITY_PIPELINES_PIPELINES_H
