//===- SparseTileOps.td - ops of the schedule dialect ------*- tablegen -*-===//

#ifndef SPARSE_TILE_OPS_TD
#define SPARSE_TILE_OPS_TD

include "sparsity/Dialect/SparseTile/IR/SparseTileAttrs.td"
include "sparsity/Dialect/Sparsity/IR/SparsityCoverage.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"
include "mlir/Interfaces/DestinationStyleOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "mlir/IR/BuiltinAttributes.td"
include "mlir/IR/CommonAttrConstraints.td"

class SparseTile_Op<string mnemonic, list<Trait> traits = []>
    : Op<SparseTile_Dialect, mnemonic, traits>;

def SparseTile_Buffer
    : AnyTypeOf<[AnyRankedTensor, AnyNon0RankedMemRef, MemRefRankOf<[AnyType], [0]>]>;

/// What a schedule reads: buffers, and scalars that its epilogue captured.
def SparseTile_Input
    : AnyTypeOf<[AnyRankedTensor, AnyNon0RankedMemRef, MemRefRankOf<[AnyType], [0]>,
                 AnyFloat, AnySignlessIntegerOrIndex]>;

def SparseTile_ForallOp : SparseTile_Op<"forall",
    [AttrSizedOperandSegments, IsolatedFromAbove, DestinationStyleOpInterface,
     SingleBlockImplicitTerminator<"YieldOp">]> {
  let summary = "one work item per tile of the result";
  let description = [{
    Runs the body for every tile of the parallel iteration space. `sizes` holds the
    extents of the parallel dimensions, then those of the reduction dimensions;
    `tile` the tile extents of the parallel dimensions. Block arguments, in order: the
    origin of the work item (an element index per parallel dimension), the sizes, the
    inputs, the outputs.

    The last two parallel dimensions are the rows of the A and of the B operand;
    the ones before them are batch dimensions with a tile extent of 1.
  }];
  let arguments = (ins Variadic<Index>:$sizes, Variadic<SparseTile_Input>:$inputs,
                       Variadic<SparseTile_Buffer>:$outputs,
                       DenseI64ArrayAttr:$tile, SparseTile_ConfigAttr:$config,
                       OptionalAttr<ArrayAttr>:$coverage);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = [{
    `sizes` `(` $sizes `)` `tile` $tile
    `ins` `(` ($inputs^ `:` type($inputs))? `)`
    `outs` `(` $outputs `:` type($outputs) `)`
    `config` `=` $config (`coverage` `=` $coverage^)?
    $body attr-dict (`->` type($results)^)?
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    MutableOperandRange getDpsInitsMutable() { return getOutputsMutable(); }
    unsigned getNumParallel() { return getTile().size(); }
    /// The block arguments, by group.
    MutableArrayRef<BlockArgument> getOrigins() {
      return getBody().getArguments().take_front(getNumParallel());
    }
    MutableArrayRef<BlockArgument> getSizeArgs() {
      return getBody().getArguments().slice(getNumParallel(), getSizes().size());
    }
    MutableArrayRef<BlockArgument> getInputArgs() {
      return getBody().getArguments().slice(getNumParallel() + getSizes().size(),
                                            getInputs().size());
    }
    MutableArrayRef<BlockArgument> getOutputArgs() {
      return getBody().getArguments().take_back(getOutputs().size());
    }
  }];
}

def SparseTile_PipelineOp : SparseTile_Op<"pipeline",
    [HasParent<"ForallOp">]> {
  let summary = "the reduction loop of a work item";
  let description = [{
    Runs k = 0, step, 2*step, ... below `extent`. The `load` region, given k, yields the
    tiles of that step; the `compute` region, given the tiles and the accumulators,
    yields the new accumulators. Accumulators start from zero. Loads run up to
    `stages - 1` steps ahead of the compute region.
  }];
  let arguments = (ins Index:$extent, I64Attr:$step, I64Attr:$stages);
  let results = (outs Variadic<SparseTile_TileType>:$accumulators);
  let regions = (region SizedRegion<1>:$load, SizedRegion<1>:$compute);
  let assemblyFormat = [{
    `below` $extent `step` $step `stages` $stages
    `load` $load `compute` $compute attr-dict `->` type($accumulators)
  }];
  let hasVerifier = 1;
}

def SparseTile_LoadOp : SparseTile_Op<"load", [AttrSizedOperandSegments]> {
  let summary = "read one tile of a tensor";
  let description = [{
    `sources` are the storage buffers in ABI order (one for a dense tensor), `indices`
    the element offset in each dimension of the logical tensor, `dims` the logical
    dimension that each tile dimension walks (-1: the tile dimension has no
    counterpart and only its index 0 holds elements). Elements outside the tensor read
    as zero.

    ```mlir
    %a = sparse_tile.load %x[%i, %k] dims [0, 1]
           : tensor<?x4096xbf16> -> !sparse_tile.tile<128x64xbf16>
    ```
  }];
  let arguments = (ins Variadic<SparseTile_Buffer>:$sources, Variadic<Index>:$indices,
                       DenseI64ArrayAttr:$dims);
  let results = (outs SparseTile_TileType:$tile);
  let assemblyFormat = [{
    $sources `[` $indices `]` `dims` $dims attr-dict `:` type($sources) `->` type($tile)
  }];
  let hasVerifier = 1;
}

def SparseTile_MmaOp : SparseTile_Op<"mma", [Pure,
    AllTypesMatch<["accumulator", "result"]>]> {
  let summary = "accumulator[r, c] += sum over k of a[r, k] * b[c, k]";
  let description = [{
    Both operands have K as their last dimension. An operand may be in a format;
    sparse-tile-legalize-formats leaves that only where the target's instruction takes
    it natively.
  }];
  let arguments = (ins SparseTile_TileType:$a, SparseTile_TileType:$b,
                       SparseTile_TileType:$accumulator);
  let results = (outs SparseTile_TileType:$result);
  let assemblyFormat = [{
    $a `,` $b `,` $accumulator attr-dict
    `:` type($a) `,` type($b) `,` type($accumulator)
  }];
  let hasVerifier = 1;
}

def SparseTile_MaskOp : SparseTile_Op<"mask", [Pure,
    AllTypesMatch<["tile", "result"]>]> {
  let summary = "zero the elements outside an element predicate";
  let description = [{
    `predicate` is a disjunction of affine sets over the logical indices of the tensor
    the tile was read from; `indices` and `dims` are the load's. `coverage` is the
    pattern's normal form: where it proves a tile full the mask goes away.
  }];
  let arguments = (ins SparseTile_TileType:$tile, Variadic<Index>:$indices,
                       DenseI64ArrayAttr:$dims, ArrayAttr:$predicate,
                       Sparsity_CoverageAttr:$coverage);
  let results = (outs SparseTile_TileType:$result);
  let assemblyFormat = [{
    $tile `[` $indices `]` `dims` $dims `where` $predicate `coverage` `=` $coverage
    attr-dict `:` type($tile)
  }];
  let hasVerifier = 1;
}

def SparseTile_ExpandOp : SparseTile_Op<"expand", [Pure]> {
  let summary = "compressed tile to dense tile: load sparse, compute dense";
  let arguments = (ins SparseTile_TileType:$tile);
  let results = (outs SparseTile_TileType:$result);
  let assemblyFormat = "$tile attr-dict `:` type($tile) `->` type($result)";
  let hasVerifier = 1;
}

def SparseTile_StoreOp : SparseTile_Op<"store",
    [AttrSizedOperandSegments, SingleBlockImplicitTerminator<"YieldOp">]> {
  let summary = "finish a work item: elementwise epilogue and write";
  let description = [{
    For every element of the work item that lies inside the iteration space, evaluates
    the body and writes what it yields. Block arguments: the element's index in each
    parallel dimension, one scalar per tile, one scalar per input. `maps` take the
    parallel dimensions to the dimensions of each input, then of each output.
  }];
  let arguments = (ins Variadic<SparseTile_TileType>:$tiles,
                       Variadic<SparseTile_Buffer>:$inputs,
                       Variadic<SparseTile_Buffer>:$outputs,
                       AffineMapArrayAttr:$maps);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = [{
    `tiles` `(` ($tiles^ `:` type($tiles))? `)`
    `ins` `(` ($inputs^ `:` type($inputs))? `)`
    `outs` `(` $outputs `:` type($outputs) `)`
    `maps` $maps $body attr-dict
  }];
  let hasVerifier = 1;
}

def SparseTile_YieldOp : SparseTile_Op<"yield", [Pure, Terminator, ReturnLike]> {
  let summary = "end a region";
  let arguments = (ins Variadic<AnyType>:$values);
  let assemblyFormat = "attr-dict ($values^ `:` type($values))?";
  let builders = [OpBuilder<(ins), [{ build($_builder, $_state, ::mlir::ValueRange()); }]>];
}

#endif // SPARSE_TILE_OPS_TD
