//===- Arguments.cpp - the command line of sparsity-run -------------------===//

#include "Arguments.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/raw_ostream.h"

namespace cl = llvm::cl;
using namespace mlir::sparsity;
using llvm::StringRef;

void run::printError(const std::string &message) {
  llvm::errs() << "sparsity-run: error: " << message << "\n";
}

std::string run::printShape(llvm::ArrayRef<int64_t> shape) {
  if (shape.empty()) {
    return "scalar";
  }
  std::string text;
  for (int64_t size : shape) {
    text += (text.empty() ? "" : "x") +
            (size < 0 ? std::string("?") : std::to_string(size));
  }
  return text;
}

/// Splits "<number>:<rest>".
static bool splitNumber(StringRef text, int64_t &number, StringRef &rest) {
  StringRef head;
  std::tie(head, rest) = text.split(':');
  return !head.getAsInteger(10, number) && number >= 0 && !rest.empty();
}

static bool parseShapes(llvm::ArrayRef<std::string> texts,
                        std::map<int64_t, llvm::SmallVector<int64_t>> &shapes) {
  for (StringRef text : texts) {
    int64_t number = 0;
    StringRef rest;
    bool valid = splitNumber(text, number, rest);
    llvm::SmallVector<int64_t> sizes;
    llvm::SmallVector<StringRef> parts;
    rest.split(parts, 'x');
    for (StringRef part : parts) {
      int64_t &size = sizes.emplace_back();
      valid = valid && !part.getAsInteger(10, size) && size >= 0;
    }
    if (!valid) {
      run::printError("expected --shape=<argument>:<sizes>, such as 0:64x4096, "
                      "but got '" +
                      text.str() + "'");
      return false;
    }
    if (!shapes.emplace(number, sizes).second) {
      run::printError("expected one --shape for argument " +
                      std::to_string(number) + ", but got a second one");
      return false;
    }
  }
  return true;
}

static bool parseFiles(StringRef option, StringRef what,
                       llvm::ArrayRef<std::string> texts,
                       std::map<int64_t, std::string> &files) {
  for (StringRef text : texts) {
    int64_t number = 0;
    StringRef file;
    if (!splitNumber(text, number, file)) {
      run::printError(("expected --" + option + "=<" + what +
                       ">:<file.npy>, such as 0:x.npy, but got '" + text + "'")
                          .str());
      return false;
    }
    if (!files.emplace(number, file.str()).second) {
      run::printError(("expected one --" + option + " for " + what + " " +
                       llvm::Twine(number) + ", but got a second one")
                          .str());
      return false;
    }
  }
  return true;
}

/// Parses "<number>:<file>" into `files` and "<number>.<field>:<file>" into
/// `fields`.
static bool
parseInputs(llvm::ArrayRef<std::string> texts,
            std::map<int64_t, std::string> &files,
            std::map<int64_t, std::map<std::string, std::string>> &fields) {
  llvm::SmallVector<std::string> dense;
  for (StringRef text : texts) {
    auto [head, file] = text.split(':');
    auto [digits, field] = head.split('.');
    int64_t number = 0;
    if (!head.contains('.') || digits.getAsInteger(10, number) || number < 0 ||
        field.empty() || file.empty()) {
      dense.push_back(text.str());
      continue;
    }
    if (!fields[number].emplace(field.str(), file.str()).second) {
      run::printError(("expected one --input for field " + field +
                       " of argument " + llvm::Twine(number) +
                       ", but got a second one")
                          .str());
      return false;
    }
  }
  return parseFiles("input", "argument", dense, files);
}

static bool parseDensities(llvm::ArrayRef<std::string> texts,
                           std::map<int64_t, double> &densities) {
  for (StringRef text : texts) {
    int64_t number = 0;
    StringRef rest;
    double density = 0;
    if (!splitNumber(text, number, rest) || rest.getAsDouble(density) ||
        !(density >= 0 && density <= 1)) {
      run::printError("expected --density=<argument>:<share in 0..1>, such as "
                      "1:0.25, but got '" +
                      text.str() + "'");
      return false;
    }
    if (!densities.emplace(number, density).second) {
      run::printError("expected one --density for argument " +
                      std::to_string(number) + ", but got a second one");
      return false;
    }
  }
  return true;
}

/// The number of tiles that --tune asks for: `text` is what follows the sign,
/// empty for the default. 0 if it is no number.
static size_t parseTune(StringRef text) {
  constexpr size_t kDefault = 12;
  size_t count = 0;
  if (text.empty()) {
    return kDefault;
  }
  return text.getAsInteger(10, count) ? 0 : count;
}

std::optional<run::Arguments> run::parseArguments(int argc, char **argv) {
  // Local: the package's one binary for all tools holds other tools' options
  // too.
  static cl::OptionCategory category("sparsity-run options");
  static cl::opt<std::string> program(
      cl::Positional, cl::desc("<program.mlir, or - for standard input>"),
      cl::init("-"), cl::cat(category));
  static cl::opt<DeviceChoice> device(
      "device", cl::desc("Where to run:"), cl::init(DeviceChoice::Auto),
      cl::values(clEnumValN(DeviceChoice::Auto, "auto",
                            "the GPU if there is one, else the CPU (default)"),
                 clEnumValN(DeviceChoice::Cpu, "cpu", "the CPU"),
                 clEnumValN(DeviceChoice::Cuda, "cuda", "an NVIDIA GPU")),
      cl::cat(category));
  static cl::opt<std::string> entry("entry", cl::desc("Function to run"),
                                    cl::value_desc("name"), cl::init("main"),
                                    cl::cat(category));
  static cl::opt<std::string> target(
      "target",
      cl::desc("GPU to compile for (default: by its compute capability)"),
      cl::value_desc("name"), cl::cat(category));
  static cl::opt<bool> allowTF32(
      "allow-tf32", cl::desc("Multiply f32 in tf32 (10 mantissa bits)"),
      cl::cat(category));
  static cl::opt<bool> check(
      "check",
      cl::desc("Compare with the same program on dense tensors, "
               "accumulated in f64 on the CPU"),
      cl::cat(category));
  static cl::opt<double> tolerance(
      "tolerance",
      cl::desc("Largest relative error that --check accepts (default: by the "
               "result's element type)"),
      cl::init(-1), cl::cat(category));
  static cl::opt<bool> time(
      "time", cl::desc("Measure the program, and the same without sparsity"),
      cl::cat(category));
  static cl::opt<bool> explain(
      "explain",
      cl::desc("Print what the compiler decided and why, and for each kernel "
               "the tiles that run and the bytes that they read, of those of "
               "the dense program"),
      cl::cat(category));
  static cl::opt<std::string> tune(
      "tune",
      cl::desc("Instead of one run, measure the tiles of the program's kernel "
               "that the cost model likes best (default: 12)"),
      cl::value_desc("number"), cl::ValueOptional, cl::cat(category));
  static cl::opt<std::string> tuneOutput(
      "tune-output", cl::desc("Add the fastest tile to this tuning table"),
      cl::value_desc("table.csv"), cl::cat(category));
  static cl::opt<std::string> pipelineOptions(
      "pipeline-options",
      cl::desc("More options of the GPU pipeline, such as "
               "\"tuning-table=table.csv\""),
      cl::cat(category));
  static cl::opt<uint64_t> seed("seed", cl::desc("Seed of random inputs"),
                                cl::init(0), cl::cat(category));
  static cl::opt<bool> poison(
      "poison", cl::desc("Fill results with NaN before the run (default: on)"),
      cl::init(true), cl::cat(category));
  static cl::list<std::string> shapes(
      "shape", cl::desc("Sizes of an argument, such as 0:64x4096"),
      cl::value_desc("argument:sizes"), cl::cat(category));
  static cl::list<std::string> inputs(
      "input",
      cl::desc("Read an argument, or a storage field of it, from a .npy file: "
               "0:x.npy, 1.positions:p.npy"),
      cl::value_desc("argument[.field]:file"), cl::cat(category));
  static cl::list<std::string> densities(
      "density",
      cl::desc(
          "Share of blocks (default 0.25) or elements (default 0.5) in a "
          "random or pruned (default 0.5) argument; without it a program's "
          "own sparsity.density counts"),
      cl::value_desc("argument:share"), cl::cat(category));
  static cl::opt<bool> densityHint(
      "density-hint",
      cl::desc("Tell the compiler the shares of blocks that --density says "
               "(default: on)"),
      cl::init(true), cl::cat(category));
  static cl::opt<bool> checkInputs(
      "check-inputs",
      cl::desc(
          "Check every storage field before the run; fields that were read "
          "from files are checked always"),
      cl::cat(category));
  static cl::list<std::string> outputs(
      "output", cl::desc("Write a result to a .npy file"),
      cl::value_desc("result:file"), cl::cat(category));
  cl::HideUnrelatedOptions(category);
  cl::ParseCommandLineOptions(
      argc, argv,
      "compiles a program on sparse tensors, makes or reads its inputs, and "
      "runs it\n");

  Arguments arguments;
  arguments.program = program;
  arguments.device = device;
  arguments.entry = entry;
  arguments.target = target;
  arguments.allowTF32 = allowTF32;
  arguments.check = check;
  arguments.tolerance = tolerance;
  arguments.time = time;
  arguments.explain = explain;
  arguments.seed = seed;
  arguments.tuneOutput = tuneOutput;
  arguments.pipelineOptions = pipelineOptions;
  arguments.poison = poison;
  arguments.checkInputs = checkInputs;
  arguments.densityHint = densityHint;
  if (tolerance.getNumOccurrences() && !(tolerance >= 0)) {
    printError("expected --tolerance to be at least 0, but got " +
               std::to_string(tolerance.getValue()));
    return std::nullopt;
  }
  if (tune.getNumOccurrences()) {
    arguments.tune = parseTune(tune);
    if (arguments.tune == 0) {
      printError("expected --tune=<number of tiles>, at least 1, but got '" +
                 tune + "'");
      return std::nullopt;
    }
  } else if (!tuneOutput.empty()) {
    printError("expected --tune beside --tune-output, but got none");
    return std::nullopt;
  }
  if (!parseShapes(shapes, arguments.shapes) ||
      !parseInputs(inputs, arguments.inputs, arguments.fields) ||
      !parseDensities(densities, arguments.densities) ||
      !parseFiles("output", "result", outputs, arguments.outputs)) {
    return std::nullopt;
  }
  return arguments;
}
