//===- TestDialect.td - an encoding from outside -----------*- tablegen -*-===//

#ifndef SPARSITY_TEST_DIALECT_TD
#define SPARSITY_TEST_DIALECT_TD

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/DialectBase.td"
include "mlir/IR/TensorEncoding.td"
include "sparsity/Dialect/Sparsity/IR/SparsityInterfaces.td"

def Test_Dialect : Dialect {
  let name = "test";
  let cppNamespace = "::mlir::sparsity::test";
  let summary = "What a user of this project may define";
  let description = [{
    Encodings that the project's libraries have never heard of. They must go through
    every pipeline by what their interface answers.
  }];
  let dependentDialects = ["::mlir::sparsity::SparsityDialect"];
  let useDefaultAttributePrinterParser = 1;
}

def Test_CheckerboardAttr : AttrDef<Test_Dialect, "Checkerboard", [
    DeclareAttrInterfaceMethods<SparsityEncodingAttrInterface, ["getElementPredicate"]>,
    DeclareAttrInterfaceMethods<VerifiableTensorEncoding>]> {
  let mnemonic = "checkerboard";
  let summary = "the squares of one colour";
  let description = [{
    `#test.checkerboard<8>` on a matrix: element (i, j) is present iff
    `(i floordiv 8 + j floordiv 8) mod 2 == 0`. The first step of an encoding: an
    element predicate and nothing else, so it is stored dense, skips nothing and is
    masked everywhere.
  }];
  let parameters = (ins "int64_t":$size);
  let assemblyFormat = "`<` $size `>`";
  let genVerifyDecl = 1;
}

#endif // SPARSITY_TEST_DIALECT_TD
