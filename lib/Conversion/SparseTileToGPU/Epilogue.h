//===- Epilogue.h - a store's body on elements ------------------*- C++ -*-===//

#ifndef SPARSITY_CONVERSION_SPARSETILETOGPU_EPILOGUE_H
#define SPARSITY_CONVERSION_SPARSETILETOGPU_EPILOGUE_H

#include "Scalars.h"

#include "sparsity/Dialect/SparseTile/IR/SparseTile.h"

namespace mlir::sparsity::gpu_conversion {

/// The parallel dimension that the first output's innermost dimension walks.
std::optional<unsigned> getInnermostDim(sparse_tile::StoreOp store);

/// One run of neighbouring elements along the innermost dimension.
struct Run {
  /// Per parallel dimension, the index of the first element.
  SmallVector<Value> indices;
  unsigned innerDim;
  int64_t width;
};

/// Evaluates the store body on runs of elements.
class Epilogue {
public:
  Epilogue(KernelBuilder &b, ScalarCode &scalars, sparse_tile::StoreOp store)
      : b(b), store(store), scalars(scalars) {
    for (AffineMap map : store.getMaps().getAsValueRange<AffineMapAttr>()) {
      maps.push_back(map);
    }
  }

  /// The widest run that never straddles the edge of an operand it touches as a
  /// vector.
  int64_t chooseWidth(unsigned innerDim, int64_t inner);
  /// Reads inputs, evaluates the body and writes, for each element of the run.
  void emit(const Run &run, ArrayRef<SmallVector<Value>> sums);

  /// The results of the body for one element.
  SmallVector<Value> evaluateBody(ArrayRef<Value> indices, ArrayRef<Value> sums,
                                  ArrayRef<Value> inputs);
  /// The scalar of input `index` at every element of the run.
  SmallVector<Value> loadInput(unsigned index, const Run &run);
  /// Of the inputs' and then the outputs' dimensions.
  ArrayRef<AffineMap> getMaps() const { return maps; }
  Value evaluate(AffineExpr expr, ArrayRef<Value> indices);

private:
  bool isContiguous(AffineMap map, const GlobalBuffer &target,
                    unsigned innerDim, int64_t width);
  Value address(AffineMap map, const GlobalBuffer &target,
                ArrayRef<Value> indices);
  GlobalBuffer buffer(Value argument) {
    return scalars.buffers.lookup(argument);
  }

  KernelBuilder &b;
  sparse_tile::StoreOp store;
  ScalarCode &scalars;
  SmallVector<AffineMap> maps;
};

} // namespace mlir::sparsity::gpu_conversion

#endif // SPARSITY_CONVERSION_SPARSETILETOGPU_EPILOGUE_H
