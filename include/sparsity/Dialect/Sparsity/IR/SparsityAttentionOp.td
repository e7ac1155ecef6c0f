//===- SparsityAttentionOp.td - attention under a mask -----*- tablegen -*-===//

#ifndef SPARSITY_ATTENTION_OP_TD
#define SPARSITY_ATTENTION_OP_TD

include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Sparsity_AttentionOp : Sparsity_Op<"attention",
    [Pure, DeclareOpInterfaceMethods<ReifyRankedShapedTypeOpInterface,
                                    ["reifyResultShapes"]>,
     AttrSizedOperandSegments]> {
  let summary = "softmax(q k^T) v over the keys that a mask admits";
  let description = [{
    For each query row r of each head,

      s[c]   = scale * sum over d of query[r, d] * key[c, d]
      s[c]   = softcap * tanh(s[c] / softcap)                  if softcap is given
      lse    = log of the sum of exp(s[c])
      output = sum of exp(s[c] - lse) * value[c, :]

    where the sums go over the keys c that the mask admits. The mask is an encoding, on
    queries x keys, and never a tensor in memory: element (r + offset, c) of the pattern
    says whether row r sees key c. An absent logit stands for minus infinity. A row that
    sees no key gives 0 and an lse of minus infinity; a NaN among the logits of a row
    gives a row of NaN. Without a mask every key is present.

    `query` is [heads, queries, D] or [batch, heads, queries, D]; `key` and `value` are
    [.., kv heads, keys, D] and [.., kv heads, keys, Dv], where each key head serves
    heads / kv heads consecutive query heads. `output` is [.., heads, queries, Dv], in
    the query's element type or f32, the optional `lse` [.., heads, queries] in f32.
    `offset` (0 unless given) is the pattern's row of the first query: with a cache of
    keys it is keys - queries. It may be any number: rows before or beyond the pattern
    follow the pattern's own rule, and see no key where a buffer holds no row for them.
    `scale` is 1 / sqrt(D) unless given. `fields` are the mask's index fields in ABI
    order, without its values.

    ```mlir
    %o = sparsity.attention %q, %k, %v
           mask(#sparsity.window<left = 4096, right = 0>) scale(0.0883883)
           offset(%cached)
           : (tensor<32x?x128xbf16>, tensor<8x?x128xbf16>, tensor<8x?x128xbf16>)
           -> tensor<32x?x128xbf16>
    %p, %lse = sparsity.attention %q, %k, %v
           mask(#sparsity.segments, %lo, %hi : tensor<?xi32>, tensor<?xi32>)
           : (tensor<32x?x128xbf16>, tensor<8x?x128xbf16>, tensor<8x?x128xbf16>)
           -> (tensor<32x?x128xbf16>, tensor<32x?xf32>)
    ```
  }];
  let arguments = (ins AnyRankedTensor:$query, AnyRankedTensor:$key,
                       AnyRankedTensor:$value, Variadic<AnyRankedTensor>:$fields,
                       Optional<Index>:$offset, OptionalAttr<AnyAttr>:$mask,
                       OptionalAttr<F64Attr>:$scale, OptionalAttr<F64Attr>:$softcap);
  let results = (outs AnyRankedTensor:$output, Optional<AnyRankedTensor>:$lse);
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    ::mlir::RankedTensorType getQueryType() {
      return ::llvm::cast<::mlir::RankedTensorType>(getQuery().getType());
    }
    ::mlir::RankedTensorType getKeyType() {
      return ::llvm::cast<::mlir::RankedTensorType>(getKey().getType());
    }
    ::mlir::RankedTensorType getValueType() {
      return ::llvm::cast<::mlir::RankedTensorType>(getValue().getType());
    }
    ::mlir::RankedTensorType getOutputType() {
      return ::llvm::cast<::mlir::RankedTensorType>(getOutput().getType());
    }
    int64_t getHeadSize() { return getQueryType().getShape().back(); }
    int64_t getValueSize() { return getValueType().getShape().back(); }
    /// Query heads that share one key head.
    int64_t getGroupSize() {
      int64_t axis = getQueryType().getRank() - 3;
      return getQueryType().getDimSize(axis) / getKeyType().getDimSize(axis);
    }
    /// The factor of the logits.
    double getLogitScale();
    /// What an absent logit stands for.
    ::mlir::TypedAttr getImplicitLogit();
    /// The mask, or null if every key is present.
    ::mlir::sparsity::SparsityEncodingAttrInterface getEncoding();
    /// The tensor that the mask is the pattern of, [rows, keys] of f32. The rows are
    /// dynamic under an offset, which may reach beyond the queries.
    ::mlir::RankedTensorType getMaskType();
    /// The index fields of `encoding` on `type`, in ABI order: what `fields` holds.
    static ::llvm::SmallVector<::mlir::sparsity::StorageField>
    getIndexFields(::mlir::sparsity::SparsityEncodingAttrInterface encoding,
                   ::mlir::RankedTensorType type);
    /// Extents that agree: groups of (tensor, dimension).
    ::llvm::SmallVector<::llvm::SmallVector<::std::pair<::mlir::Value, int64_t>>>
    getEqualExtents();
    /// The operand that holds the mask's field `name`, or null.
    ::mlir::Value getField(::llvm::StringRef name);
  }];
}

#endif // SPARSITY_ATTENTION_OP_TD
