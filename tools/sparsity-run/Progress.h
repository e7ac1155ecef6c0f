//===- Progress.h - says what takes long ------------------------*- C++ -*-===//

#ifndef SPARSITY_TOOLS_RUN_PROGRESS_H
#define SPARSITY_TOOLS_RUN_PROGRESS_H

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

namespace mlir::sparsity::run {

/// While it lives, work of the given description is under way. Work that takes
/// longer than a second gets a line on standard error when the second is over
/// and one when it ends; shorter work gets none.
class Progress {
public:
  explicit Progress(std::string what);
  ~Progress();
  Progress(const Progress &) = delete;
  Progress &operator=(const Progress &) = delete;

private:
  std::string what;
  std::mutex mutex;
  std::condition_variable ended;
  bool isEnded = false;
  std::thread watcher;
};

} // namespace mlir::sparsity::run

#endif // SPARSITY_TOOLS_RUN_PROGRESS_H
