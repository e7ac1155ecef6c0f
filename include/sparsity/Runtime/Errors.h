//===- Errors.h - Status values and the last error of a thread --*- C++ -*-===//
//
// Functions of the runtime that can fail return a Status or a StatusOr, whose
// message reads "expected <rule>, but got <value>". The `extern "C"` entry
// points, which compiled code calls without looking at a result, record their
// failure in a store of the calling thread instead (sparsityGetLastError).
//
//===----------------------------------------------------------------------===//

#ifndef SPARSITY_RUNTIME_ERRORS_H
#define SPARSITY_RUNTIME_ERRORS_H

#include <optional>
#include <string>
#include <utility>

namespace mlir {
namespace sparsity {
namespace runtime {

/// Success, or a failure with its message.
struct [[nodiscard]] Status {
  /// Empty means success.
  std::string message;

  bool ok() const { return message.empty(); }

  static Status success() { return Status(); }
  static Status error(std::string message) {
    Status status;
    status.message =
        message.empty() ? std::string("unknown error") : std::move(message);
    return status;
  }
};

/// A value, or the failure that kept it from being made.
template <typename T> class [[nodiscard]] StatusOr {
public:
  StatusOr(T value) : value(std::move(value)) {}
  StatusOr(Status status) : failure(std::move(status)) {
    if (failure.ok()) {
      failure = Status::error("expected a value, but got none");
    }
  }

  bool ok() const { return value.has_value(); }
  const Status &status() const { return failure; }

  /// Only after `ok()`.
  T &operator*() { return *value; }
  const T &operator*() const { return *value; }
  T *operator->() { return &*value; }
  const T *operator->() const { return &*value; }

private:
  std::optional<T> value;
  Status failure;
};

/// Stores `status` as the last error of the calling thread. Success is ignored;
/// the first failure stays until sparsityClearLastError().
void recordLastError(const Status &status);

/// Takes the last error of the calling thread out of its store.
Status takeLastError();

} // namespace runtime
} // namespace sparsity
} // namespace mlir

#endif // SPARSITY_RUNTIME_ERRORS_H
