//===- Arguments.h - the command line of sparsity-run -----------*- C++ -*-===//

#ifndef SPARSITY_TOOLS_RUN_ARGUMENTS_H
#define SPARSITY_TOOLS_RUN_ARGUMENTS_H

#include "llvm/ADT/SmallVector.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace mlir::sparsity::run {

enum class DeviceChoice { Auto, Cpu, Cuda };

struct Arguments {
  std::string program;
  DeviceChoice device = DeviceChoice::Auto;
  std::string entry;
  /// Empty: by the GPU's compute capability.
  std::string target;
  bool allowTF32 = false;
  bool check = false;
  bool time = false;
  bool explain = false;
  /// How many tiles to measure; 0 to run the program as it is.
  size_t tune = 0;
  /// The table that tuning adds to; empty: none.
  std::string tuneOutput;
  /// More options of the GPU pipeline, as on its command line.
  std::string pipelineOptions;
  bool poison = true;
  /// Check storage fields that this tool packed too, not only those it read.
  bool checkInputs = false;
  uint64_t seed = 0;
  /// Negative: by the result's element type.
  double tolerance = -1;
  std::map<int64_t, llvm::SmallVector<int64_t>> shapes;
  /// Files by argument number and by result number.
  std::map<int64_t, std::string> inputs, outputs;
  /// Files of storage fields by argument number and field name.
  std::map<int64_t, std::map<std::string, std::string>> fields;
  /// The share of blocks or elements that are kept, by argument number.
  std::map<int64_t, double> densities;
  /// Whether the compiler is told these shares of blocks.
  bool densityHint = true;
};

/// The parsed command line; nothing if it is wrong, which has been printed
/// then. Ends the process on --help, --version and unknown options.
std::optional<Arguments> parseArguments(int argc, char **argv);

/// Prints "sparsity-run: error: <message>".
void printError(const std::string &message);

/// "64x4096", or "scalar" for no sizes.
std::string printShape(llvm::ArrayRef<int64_t> shape);

} // namespace mlir::sparsity::run

#endif // SPARSITY_TOOLS_RUN_ARGUMENTS_H
