//===- SparsityEnums.td - enumerations of the dialect ------*- tablegen -*-===//

#ifndef SPARSITY_ENUMS_TD
#define SPARSITY_ENUMS_TD

include "mlir/IR/EnumAttr.td"

def Sparsity_BindingTime : I32EnumAttr<"BindingTime",
    "when a pattern is known", [
      I32EnumAttrCase<"Compile", 0, "compile">,
      I32EnumAttrCase<"Pack", 1, "pack">,
      I32EnumAttrCase<"Run", 2, "run">]> {
  let cppNamespace = "::mlir::sparsity";
}

/// `row_major` is the interchange layout, for every n:m. `core_matrix` is the order
/// in which 8x16-byte core matrices are read by ldmatrix and by wgmma descriptors
/// without a swizzle (PTX ISA, "wgmma", matrix descriptor). `fragments` is the order
/// in which the threads of a warpgroup hold an operand in registers (PTX ISA, "wgmma",
/// register fragments).
def Sparsity_StorageLayout : I32EnumAttr<"StorageLayout",
    "byte order of the stored buffers", [
      I32EnumAttrCase<"RowMajor", 0, "row_major">,
      I32EnumAttrCase<"CoreMatrix", 1, "core_matrix">,
      I32EnumAttrCase<"Fragments", 2, "fragments">]> {
  let cppNamespace = "::mlir::sparsity";
}

def Sparsity_RouteScore : I32EnumAttr<"RouteScore",
    "how logits become scores", [
      I32EnumAttrCase<"Softmax", 0, "softmax">,
      I32EnumAttrCase<"Sigmoid", 1, "sigmoid">]> {
  let cppNamespace = "::mlir::sparsity";
}

def Sparsity_RouteOrder : I32EnumAttr<"RouteOrder",
    "whether a softmax comes before or after the choice", [
      I32EnumAttrCase<"Before", 0, "before">,
      I32EnumAttrCase<"After", 1, "after">]> {
  let cppNamespace = "::mlir::sparsity";
}

#endif // SPARSITY_ENUMS_TD
