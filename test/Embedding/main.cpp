//===- main.cpp - the smallest compiler that embeds this project ----------===//

#include "sparsity/Pipelines/Pipelines.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"

using namespace mlir;

static constexpr llvm::StringLiteral kProgram = R"mlir(
#w = #sparsity.n_of_m<2:4, axis = 1>
func.func @main(%x: tensor<4x64xf32>, %w: tensor<32x64xf32, #w>)
    -> tensor<4x32xf32> {
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<4x32xf32>
  %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<4x32xf32>)
      -> tensor<4x32xf32>
  %y = linalg.generic {
      indexing_maps = [affine_map<(m, n, k) -> (m, k)>,
                       affine_map<(m, n, k) -> (n, k)>,
                       affine_map<(m, n, k) -> (m, n)>],
      iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : tensor<4x64xf32>, tensor<32x64xf32, #w>)
      outs(%init : tensor<4x32xf32>) {
    ^bb0(%a: f32, %b: f32, %c: f32):
      %p = arith.mulf %a, %b : f32
      %s = arith.addf %c, %p : f32
      linalg.yield %s : f32
  } -> tensor<4x32xf32>
  return %y : tensor<4x32xf32>
}
)mlir";

int main() {
  DialectRegistry registry;
  sparsity::registerSparsityDialects(registry);
  sparsity::registerUpstreamDialects(registry);
  sparsity::registerSparsityPasses();
  sparsity::registerSparsityPipelines();

  MLIRContext context(registry);
  OwningOpRef<ModuleOp> module =
      parseSourceString<ModuleOp>(kProgram, &context);
  if (!module) {
    return 1;
  }
  PassManager manager(&context);
  if (failed(parsePassPipeline("sparsity-to-cpu", manager)) ||
      failed(manager.run(*module))) {
    return 1;
  }
  llvm::outs() << "ok\n";
  return 0;
}
