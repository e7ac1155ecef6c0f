//===- SparseTileAttentionOps.td - a softmax in one pass ---*- tablegen -*-===//
//
// What attention adds to the schedule: logits of a tile, and the softmax that is kept
// up to date while tiles of keys come in (Milakov and Gimelshein, arXiv:1805.02867).
//
//===----------------------------------------------------------------------===//

#ifndef SPARSE_TILE_ATTENTION_OPS_TD
#define SPARSE_TILE_ATTENTION_OPS_TD

def SparseTile_FillOp : SparseTile_Op<"fill", [Pure]> {
  let summary = "a tile of one value";
  let arguments = (ins TypedAttrInterface:$value);
  let results = (outs SparseTile_TileType:$tile);
  let assemblyFormat = "$value attr-dict `->` type($tile)";
  let hasVerifier = 1;
}

def SparseTile_ScoreOp : SparseTile_Op<"score",
    [AttrSizedOperandSegments, AllTypesMatch<["tile", "result"]>]> {
  let summary = "products to logits";
  let description = [{
    s * scale, then softcap * tanh(s / softcap) if there is a softcap, then minus
    infinity where the `where` region, given the positions of an element, says that it
    is absent. `indices` are the positions of the tile's origin. The region is skipped
    for a tile of which `full` (true unless given) knows that every element is present;
    without a region every element is.

    ```mlir
    %l = sparse_tile.score %s[%row, %k] scale 8.838830e-02 full %inside where {
    ^bb0(%r: index, %c: index):
      %causal = arith.cmpi sle, %c, %r : index
      sparse_tile.yield %causal : i1
    } : !sparse_tile.tile<64x64xf32>
    ```
  }];
  let arguments = (ins SparseTile_TileType:$tile, Variadic<Index>:$indices,
                       F32Attr:$scale, OptionalAttr<F32Attr>:$softcap,
                       Optional<I1>:$full);
  let results = (outs SparseTile_TileType:$result);
  let regions = (region MaxSizedRegion<1>:$where);
  let assemblyFormat = [{
    $tile `[` $indices `]` `scale` $scale (`softcap` $softcap^)? (`full` $full^)?
    (`where` $where^)? attr-dict `:` type($tile)
  }];
  let hasVerifier = 1;
}

def SparseTile_OnlineSoftmaxOp : SparseTile_Op<"online_softmax", [Pure,
    AllTypesMatch<["maximum", "newMaximum"]>, AllTypesMatch<["sum", "newSum"]>,
    AllTypesMatch<["output", "newOutput"]>]> {
  let summary = "weights of one tile of logits, and the sums so far in their measure";
  let description = [{
    For each row, with m' the larger of `maximum` and the row's logits:

      weights = exp(logits - m')
      sum'    = sum * exp(maximum - m') + sum of the row's weights
      output' = output * exp(maximum - m')

    A row whose m' is minus infinity has weights 0 and keeps its sums. `logits` and
    `weights` are rows x keys, the other tiles have the same rows; `maximum` and `sum`
    have one column.
  }];
  let arguments = (ins SparseTile_TileType:$logits, SparseTile_TileType:$maximum,
                       SparseTile_TileType:$sum, SparseTile_TileType:$output);
  let results = (outs SparseTile_TileType:$weights, SparseTile_TileType:$newMaximum,
                      SparseTile_TileType:$newSum, SparseTile_TileType:$newOutput);
  let assemblyFormat = [{
    $logits `,` $maximum `,` $sum `,` $output attr-dict
    `:` type($logits) `,` type($maximum) `,` type($sum) `,` type($output) `->` type($weights)
  }];
  let hasVerifier = 1;
}

#endif // SPARSE_TILE_ATTENTION_OPS_TD
