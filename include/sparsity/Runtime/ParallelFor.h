//===- ParallelFor.h - C++ front of sparsityParallelFor ---------*- C++ -*-===//

#ifndef SPARSITY_RUNTIME_PARALLELFOR_H
#define SPARSITY_RUNTIME_PARALLELFOR_H

#include "sparsity-c/Runtime.h"

#include <type_traits>

namespace mlir {
namespace sparsity {
namespace runtime {

/// Runs `body(begin, end)` over disjoint ranges that cover [0, count), in
/// parallel (see sparsityParallelFor).
template <typename Body> void parallelFor(int64_t count, Body &&body) {
  using Callable = std::remove_reference_t<Body>;
  sparsityParallelFor(
      count,
      [](void *context, int64_t begin, int64_t end) {
        (*static_cast<Callable *>(context))(begin, end);
      },
      const_cast<void *>(static_cast<const void *>(&body)));
}

} // namespace runtime
} // namespace sparsity
} // namespace mlir

#endif // SPARSITY_RUNTIME_PARALLELFOR_H
