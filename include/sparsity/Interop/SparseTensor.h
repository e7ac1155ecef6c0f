//===- SparseTensor.h - encodings of MLIR's sparse_tensor dialect *- C++
//-*-===//

#ifndef SPARSITY_INTEROP_SPARSETENSOR_H
#define SPARSITY_INTEROP_SPARSETENSOR_H

namespace mlir {
class DialectRegistry;
} // namespace mlir

namespace mlir::sparsity {

/// Registers `sparse_tensor`, and lets `#sparse_tensor.encoding` answer
/// SparsityEncodingAttrInterface. Encodings that it cannot describe fail
/// verifyLowering() with the level that is not taken.
void registerSparseTensorModels(DialectRegistry &registry);

} // namespace mlir::sparsity

#endif // SPARSITY_INTEROP_SPARSETENSOR_H
