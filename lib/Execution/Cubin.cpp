//===- Cubin.cpp - runs ptxas ---------------------------------------------===//

#include "sparsity/Execution/PTX.h"

#include "mlir/IR/Diagnostics.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;

static std::string findPtxas() {
  std::string home = llvm::sys::Process::GetEnv("CUDA_HOME").value_or("");
  for (const std::string &root : {home, std::string("/usr/local/cuda")}) {
    // $CUDA_HOME wins over PATH, which wins over the default prefix.
    if (root != home) {
      if (llvm::ErrorOr<std::string> path =
              llvm::sys::findProgramByName("ptxas")) {
        return *path;
      }
    }
    if (root.empty()) {
      continue;
    }
    llvm::SmallString<128> path(root);
    llvm::sys::path::append(path, "bin", "ptxas");
    if (llvm::sys::fs::can_execute(path)) {
      return path.str().str();
    }
  }
  return "";
}

static std::string readFile(StringRef path) {
  auto buffer = llvm::MemoryBuffer::getFile(path);
  return buffer ? (*buffer)->getBuffer().str() : std::string();
}

FailureOr<std::string> sparsity::assembleCubin(StringRef ptx, StringRef chip,
                                               Location location) {
  std::string ptxas = findPtxas();
  if (ptxas.empty()) {
    return emitError(
        location, "expected the assembler ptxas in $CUDA_HOME/bin, PATH or "
                  "/usr/local/cuda/bin, but got none (it comes with the CUDA "
                  "toolkit, package cuda-nvcc)");
  }
  llvm::SmallString<128> input, output, log;
  if (llvm::sys::fs::createTemporaryFile("sparsity", "ptx", input) ||
      llvm::sys::fs::createTemporaryFile("sparsity", "cubin", output) ||
      llvm::sys::fs::createTemporaryFile("sparsity", "log", log)) {
    return emitError(location, "expected a writable folder for temporary "
                               "files, but got none");
  }
  llvm::FileRemover removeInput(input), removeOutput(output), removeLog(log);
  {
    std::error_code failed;
    llvm::raw_fd_ostream stream(input, failed);
    stream << ptx;
    stream.close();
    if (failed || stream.has_error()) {
      stream.clear_error();
      return emitError(location, "expected room for a temporary file of ")
             << ptx.size() << " bytes, but got a failure to write " << input;
    }
  }
  std::string architecture = ("-arch=" + chip).str();
  SmallVector<StringRef> arguments = {ptxas, "-O3", architecture,
                                      input, "-o",  output};
  std::optional<StringRef> redirects[] = {StringRef(), StringRef(log),
                                          StringRef(log)};
  std::string problem;
  int status = llvm::sys::ExecuteAndWait(ptxas, arguments, std::nullopt,
                                         redirects, 0, 0, &problem);
  if (status != 0) {
    std::string text = problem.empty() ? readFile(log) : problem;
    return emitError(location, "expected PTX that ptxas assembles for ")
           << chip << ", but got: " << StringRef(text).trim();
  }
  return readFile(output);
}
