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
    the ones before them are batch dimensions with a tile extent of 1. An extent may
    count *positions* rather than indices: the positions of a list, cut into whole
    tiles for each of its groups. The body then computes the group and the entries of
    the work item with scalar ops (arith, scf, `tensor.extract` of an input), and loads
    and stores map positions to indices in regions of their own.

    Work items may run in any order. `sparse_tile.order = array<i64: I, N>` suggests
    one: input `I` (i32, rank 1) holds a permutation of the groups of `N` consecutive
    rows.
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
    [HasParent<"ForallOp">, AttrSizedOperandSegments]> {
  let summary = "a reduction loop of a work item";
  let description = [{
    Runs the positions k = lower, lower + step, ... below `extent` (lower is 0 unless
    given). The `load` region, given k, yields the tiles of that step; the `compute`
    region, given the tiles, the accumulators and, if it has one argument more, k,
    yields the new accumulators, which start from `init`, or from zero. Loads run up to `stages - 1` steps ahead of the
    compute region. Both bounds may be computed by the work item: the entries of a
    list, or the columns of a band. The pipelines of a union follow each other, each
    starting from the sums of the one before.

    ```mlir
    %s = sparse_tile.pipeline below %count step 64 stages 3
           load { ... } compute { ... } -> !sparse_tile.tile<128x128xf32>
    %t = sparse_tile.pipeline from %lo below %hi step 64 stages 3
           init(%s : !sparse_tile.tile<128x128xf32>)
           load { ... } compute { ... } -> !sparse_tile.tile<128x128xf32>
    ```
  }];
  let arguments = (ins Optional<Index>:$lower, Index:$extent, I64Attr:$step,
                       I64Attr:$stages, Variadic<SparseTile_TileType>:$inits);
  let results = (outs Variadic<SparseTile_TileType>:$accumulators);
  let regions = (region SizedRegion<1>:$load, SizedRegion<1>:$compute);
  let assemblyFormat = [{
    (`from` $lower^)? `below` $extent `step` $step `stages` $stages
    (`init` `(` $inits^ `:` type($inits) `)`)?
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

    With an `at` region the tile is *gathered*: `indices` are the two positions of the
    tile's origin, and the region takes the two positions of an element to its index in
    each dimension of the logical tensor and to whether there is such an element; one
    that there is not reads as zero and its indices are ignored. `runs` says for each tile dimension
    that positions in an aligned run of so many are present or absent together and
    have, as last index (the dimension that varies fastest), consecutive ones.

    ```mlir
    %b = sparse_tile.load %x[%q, %k] dims [0, 1] runs [1, 64] at {
    ^bb0(%position: index, %column: index):
      %token = tensor.extract %coordinates[%position] : tensor<?xi32>
      ...
      sparse_tile.yield %row, %column, %present : index, index, i1
    } : tensor<?x4096xbf16> -> !sparse_tile.tile<128x64xbf16>
    ```
  }];
  let arguments = (ins Variadic<SparseTile_Buffer>:$sources, Variadic<Index>:$indices,
                       DenseI64ArrayAttr:$dims,
                       OptionalAttr<DenseI64ArrayAttr>:$runs);
  let results = (outs SparseTile_TileType:$tile);
  let regions = (region MaxSizedRegion<1>:$at);
  let assemblyFormat = [{
    $sources `[` $indices `]` `dims` $dims (`runs` $runs^)? (`at` $at^)? attr-dict
    `:` type($sources) `->` type($tile)
  }];
  let builders = [
    OpBuilder<(ins "Type":$tile, "ValueRange":$sources, "ValueRange":$indices,
                   "DenseI64ArrayAttr":$dims), [{
      build($_builder, $_state, tile, sources, indices, dims, DenseI64ArrayAttr());
    }]>
  ];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// Whether an `at` region maps positions to indices.
    bool isGather() { return !getAt().empty(); }
  }];
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
    parallel dimensions to the dimensions of each input, then of each output. A map that
    leaves out a dimension has to be given the same value along it, and a tile of one
    column holds one value for all columns.

    With an `at` region the indices are computed: it takes the element's position in
    each parallel dimension to any number of indices, which take the place of the
    parallel dimensions in `maps` and in the body, and to whether the element is
    written.
  }];
  let arguments = (ins Variadic<SparseTile_TileType>:$tiles,
                       Variadic<SparseTile_Buffer>:$inputs,
                       Variadic<SparseTile_Buffer>:$outputs,
                       AffineMapArrayAttr:$maps);
  let regions = (region SizedRegion<1>:$body, MaxSizedRegion<1>:$at);
  let assemblyFormat = [{
    `tiles` `(` ($tiles^ `:` type($tiles))? `)`
    `ins` `(` ($inputs^ `:` type($inputs))? `)`
    `outs` `(` $outputs `:` type($outputs) `)`
    `maps` $maps $body (`at` $at^)? attr-dict
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// Whether an `at` region maps positions to indices.
    bool isScatter() { return !getAt().empty(); }
    /// The indices that `maps` and the body take.
    unsigned getNumIndices() {
      return isScatter() ? getAt().front().getTerminator()->getNumOperands() - 1
                         : (*this)->getParentOfType<ForallOp>().getNumParallel();
    }
  }];
}

def SparseTile_YieldOp : SparseTile_Op<"yield", [Pure, Terminator, ReturnLike]> {
  let summary = "end a region";
  let arguments = (ins Variadic<AnyType>:$values);
  let assemblyFormat = "attr-dict ($values^ `:` type($values))?";
  let builders = [OpBuilder<(ins), [{ build($_builder, $_state, ::mlir::ValueRange()); }]>];
}

include "sparsity/Dialect/SparseTile/IR/SparseTileAttentionOps.td"

#endif // SPARSE_TILE_OPS_TD
