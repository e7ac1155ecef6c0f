//===- Progress.cpp - says what takes long --------------------------------===//

#include "Progress.h"

#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"

#include <chrono>

using namespace mlir::sparsity::run;

Progress::Progress(std::string description) : what(std::move(description)) {
  auto start = std::chrono::steady_clock::now();
  watcher = std::thread([this, start] {
    std::unique_lock<std::mutex> lock(mutex);
    if (ended.wait_for(lock, std::chrono::seconds(1),
                       [this] { return isEnded; })) {
      return;
    }
    llvm::errs() << "sparsity-run: " << what << " ...\n";
    ended.wait(lock, [this] { return isEnded; });
    std::chrono::duration<double> seconds =
        std::chrono::steady_clock::now() - start;
    llvm::errs() << "sparsity-run: " << what << " took "
                 << llvm::format("%.1f", seconds.count()) << " s\n";
  });
}

Progress::~Progress() {
  {
    std::lock_guard<std::mutex> lock(mutex);
    isEnded = true;
  }
  ended.notify_one();
  watcher.join();
}
