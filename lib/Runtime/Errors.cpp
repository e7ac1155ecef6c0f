//===- Errors.cpp - The last error of each thread -------------------------===//

#include "sparsity/Runtime/Errors.h"

#include "sparsity-c/Runtime.h"

using namespace mlir::sparsity::runtime;

static thread_local Status lastError;

void mlir::sparsity::runtime::recordLastError(const Status &status) {
  if (!status.ok() && lastError.ok()) {
    lastError = status;
  }
}

Status mlir::sparsity::runtime::takeLastError() {
  Status taken = std::move(lastError);
  lastError = Status::success();
  return taken;
}

extern "C" const char *sparsityGetLastError(void) {
  return lastError.ok() ? nullptr : lastError.message.c_str();
}

extern "C" void sparsityClearLastError(void) { lastError = Status::success(); }
