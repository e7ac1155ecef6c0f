//===- SparsityOps.td - ops of the `sparsity` dialect ------*- tablegen -*-===//

#ifndef SPARSITY_OPS_TD
#define SPARSITY_OPS_TD

include "sparsity/Dialect/Sparsity/IR/SparsityDialect.td"
include "sparsity/Dialect/Sparsity/IR/SparsityInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "mlir/Interfaces/InferTypeOpInterface.td"

class Sparsity_Op<string mnemonic, list<Trait> traits = []>
    : Op<Sparsity_Dialect, mnemonic, traits>;

def Sparsity_EncodeOp : Sparsity_Op<"encode", [Pure]> {
  let summary = "dense tensor to encoded tensor";
  let description = [{
    The encoded tensor with the source's elements. The source must fit the pattern:
    an element outside it that is not zero is an error where the pattern is bound
    (-0.0 counts as zero). Executes where the encoding's binding time says: folded for
    constants, by the host packer, or on the device.

    ```mlir
    %w = sparsity.encode %d : tensor<64x64xf16>
           to tensor<64x64xf16, #sparsity.n_of_m<2:4, axis = 1>>
    ```
  }];
  let arguments = (ins AnyRankedTensor:$source);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$source attr-dict `:` type($source) `to` type($result)";
  let hasVerifier = 1;
}

def Sparsity_DecodeOp : Sparsity_Op<"decode", [Pure]> {
  let summary = "encoded tensor to dense tensor";
  let description = [{
    The dense tensor with the source's elements and zero elsewhere.
  }];
  let arguments = (ins AnyRankedTensor:$source);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$source attr-dict `:` type($source) `to` type($result)";
  let hasVerifier = 1;
  let hasFolder = 1;
}

def Sparsity_PruneOp : Sparsity_Op<"prune", [Pure]> {
  let summary = "keep the elements of largest magnitude that the encoding admits";
  let description = [{
    Magnitude pruning to any encoding with a packer. For `n_of_m` each group along the
    axis keeps its n elements of largest absolute value; ties go to the lowest index,
    NaN counts as the largest. `unstructured` keeps half of all elements in the same
    way; `block` keeps the half of all blocks with the largest Frobenius norm, then the
    inner pattern, if any, inside each. `encode` keeps what is not zero.

    ```mlir
    %w = sparsity.prune %d : tensor<64x64xf16>
           to tensor<64x64xf16, #sparsity.n_of_m<2:4, axis = 1>>
    ```
  }];
  let arguments = (ins AnyRankedTensor:$source);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$source attr-dict `:` type($source) `to` type($result)";
  let hasVerifier = 1;
}

def Sparsity_AssembleOp : Sparsity_Op<"assemble",
    [Pure, AttrSizedOperandSegments,
     DeclareOpInterfaceMethods<ReifyRankedShapedTypeOpInterface,
                               ["reifyResultShapes"]>]> {
  let summary = "storage buffers to encoded tensor";
  let description = [{
    The encoded tensor held by the given buffers, in the ABI order of its encoding
    (see `getStorage`). A static extent of a buffer may stand for a dynamic one of the
    storage, and the reverse. `sizes` are the dynamic extents of the tensor, in order;
    without them only those are known that a buffer of the tensor's own shape has.

    ```mlir
    %g = sparsity.assemble %p, %c, %w, %e sizes(%tokens)
           : tensor<9xi32>, tensor<?xi32>, tensor<?xf32>, tensor<?x2xi32>
           to tensor<?x8xf32, #sparsity.gate<top_k = 2>>
    ```
  }];
  let arguments = (ins Variadic<AnyRankedTensor>:$fields, Variadic<Index>:$sizes);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = [{
    $fields (`sizes` `(` $sizes^ `)`)? attr-dict `:` type($fields) `to` type($result)
  }];
  let builders = [OpBuilder<(ins "::mlir::Type":$result, "::mlir::ValueRange":$fields), [{
    build($_builder, $_state, result, fields, ::mlir::ValueRange());
  }]>];
  let extraClassDeclaration = [{
    /// The extent of dimension `dim`, emitted at `builder` if need be; null if it is
    /// neither static, nor given, nor that of a buffer.
    ::mlir::OpFoldResult getExtent(::mlir::OpBuilder &builder, int64_t dim);
  }];
  let hasVerifier = 1;
  let hasCanonicalizer = 1;
}

def Sparsity_DisassembleOp : Sparsity_Op<"disassemble", [Pure]> {
  let summary = "encoded tensor to its storage buffers";
  let arguments = (ins AnyRankedTensor:$source);
  let results = (outs Variadic<AnyRankedTensor>:$fields);
  let assemblyFormat = [{
    $source attr-dict `:` type($source) `to` type($fields)
  }];
  let hasVerifier = 1;
  let hasCanonicalizer = 1;
}

def Sparsity_FieldOp : Sparsity_Op<"field", [Pure]> {
  let summary = "one storage buffer of an encoded tensor";
  let description = [{
    Reads the storage of an encoded tensor by name (`values`, `metadata`, ...).

    ```mlir
    %v = sparsity.field %w "values" : tensor<64x64xf16, #sparsity.n_of_m<2:4, axis = 1>>
           to tensor<64x32xf16>
    ```
  }];
  let arguments = (ins AnyRankedTensor:$source, StrAttr:$name);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$source $name attr-dict `:` type($source) `to` type($result)";
  let hasVerifier = 1;
  let hasFolder = 1;
  let hasCanonicalizer = 1;
}

include "sparsity/Dialect/Sparsity/IR/SparsityAttentionOp.td"

include "sparsity/Dialect/Sparsity/IR/SparsityRouteOps.td"

include "sparsity/Dialect/Sparsity/IR/SparsityGroupedOp.td"

#endif // SPARSITY_OPS_TD
