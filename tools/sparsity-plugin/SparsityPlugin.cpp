//===- SparsityPlugin.cpp - plugin for LLVM's own mlir-opt ----------------===//
//
//   mlir-opt --load-dialect-plugin=SparsityPlugin.so \
//     --load-pass-plugin=SparsityPlugin.so \
//     --pass-pipeline='builtin.module(...)'
//
// mlir-opt parses its command line before it loads pass plugins, so passes are
// named inside --pass-pipeline; a flag of their own is unknown to it.
//
//===----------------------------------------------------------------------===//

#include "sparsity/Pipelines/Pipelines.h"

#include "mlir/IR/DialectRegistry.h"
#include "mlir/Tools/Plugins/DialectPlugin.h"
#include "mlir/Tools/Plugins/PassPlugin.h"
#include "llvm/Config/llvm-config.h"

using namespace mlir;

/// The host asks once for each time that its options name this file.
static void registerOnce() {
  static bool registered = [] {
    sparsity::registerSparsityPasses();
    sparsity::registerSparsityPipelines();
    return true;
  }();
  (void)registered;
}

extern "C" __attribute__((visibility("default"))) DialectPluginLibraryInfo
mlirGetDialectPluginInfo() {
  return {MLIR_PLUGIN_API_VERSION, "Sparsity", LLVM_VERSION_STRING,
          [](DialectRegistry *registry) {
            sparsity::registerSparsityDialects(*registry);
          }};
}

extern "C" __attribute__((visibility("default"))) PassPluginLibraryInfo
mlirGetPassPluginInfo() {
  return {MLIR_PLUGIN_API_VERSION, "Sparsity", LLVM_VERSION_STRING,
          registerOnce};
}
