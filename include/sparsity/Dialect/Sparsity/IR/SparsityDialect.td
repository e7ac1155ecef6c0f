//===- SparsityDialect.td - the `sparsity` dialect ---------*- tablegen -*-===//

#ifndef SPARSITY_DIALECT_TD
#define SPARSITY_DIALECT_TD

include "mlir/IR/OpBase.td"

def Sparsity_Dialect : Dialect {
  let name = "sparsity";
  let cppNamespace = "::mlir::sparsity";
  let summary = "What is sparse, said on tensor types";
  let description = [{
    Attributes on tensor types say which elements may be present and how they are
    stored; ordinary `linalg` ops compute on such tensors. The dialect's own ops
    move between dense tensors, encoded tensors and their storage buffers.
    An encoding answers the compiler with data only (coverage, tile format, storage,
    binding time); it never builds IR.
  }];
  let extraClassDeclaration = [{
    void registerAttributes();
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::tensor::TensorDialect"
  ];
  let useDefaultAttributePrinterParser = 1;
  let hasOperationAttrVerify = 1;
  let hasRegionArgAttrVerify = 1;
  let discardableAttrs = (ins
    "::mlir::ArrayAttr":$abi,
    "::mlir::ArrayAttr":$constraints,
    "::mlir::FloatAttr":$density,
    "::mlir::StringAttr":$pack
  );
}

#endif // SPARSITY_DIALECT_TD
