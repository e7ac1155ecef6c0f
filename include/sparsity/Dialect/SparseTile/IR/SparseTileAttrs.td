//===- SparseTileAttrs.td - attributes and the tile type ---*- tablegen -*-===//

#ifndef SPARSE_TILE_ATTRS_TD
#define SPARSE_TILE_ATTRS_TD

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/BuiltinTypeInterfaces.td"
include "sparsity/Dialect/SparseTile/IR/SparseTileDialect.td"

def SparseTile_ConfigAttr : AttrDef<SparseTile_Dialect, "Config"> {
  let mnemonic = "config";
  let summary = "the choices a kernel is built from";
  let description = [{
    * `tile`: rows of A, rows of B, and K elements of one work item's step.
    * `warps`: how the warps of a block split the two parallel dimensions.
    * `stages`: depth of the load pipeline.
    * `raster`: tiles of the first dimension visited together, for the L2 cache.
    * `swap`: the right-hand operand takes the A role (rows of the instruction).
    * `multiply`: the type that is multiplied in ("bf16", "tf32", ...).
    * `instruction`: as the target's table names it.
    * `sparse`: the instruction takes A compressed.
    * `cluster`: neighbouring row tiles whose blocks share each tile of B, or,
      where rows follow lists, neighbouring column tiles whose blocks share each
      tile of A (PTX ISA, "Cluster of Cooperative Thread Arrays").
    * `splits`: blocks of a cluster that share a tile's reduction instead; each
      sums a part of K, and they add their sums in a fixed order.

    The blocks of a `wgmma` instruction have a warpgroup more than `warps` says,
    which copies; at most one of `cluster` and `splits` exceeds 1.

    ```mlir
    #sparse_tile.config<tile = [128, 128, 64], warps = [2, 2], stages = 4, raster = 8,
                        swap = true, multiply = "bf16",
                        instruction = "mma.sp::ordered_metadata.m16n8k32", sparse = true>
    ```
  }];
  let parameters = (ins ArrayRefParameter<"int64_t">:$tile,
                        ArrayRefParameter<"int64_t">:$warps,
                        "int64_t":$stages, "int64_t":$raster, "bool":$swap,
                        StringRefParameter<>:$multiply,
                        StringRefParameter<>:$instruction, "bool":$sparse,
                        DefaultValuedParameter<"int64_t", "1">:$cluster,
                        DefaultValuedParameter<"int64_t", "1">:$splits);
  let assemblyFormat = [{
    `<` `tile` `=` `[` $tile `]` `,` `warps` `=` `[` $warps `]` `,`
        `stages` `=` $stages `,` `raster` `=` $raster `,` `swap` `=` $swap `,`
        `multiply` `=` $multiply `,` `instruction` `=` $instruction `,`
        `sparse` `=` $sparse (`,` `cluster` `=` $cluster^)?
        (`,` `splits` `=` $splits^)? `>`
  }];
  let genVerifyDecl = 1;
}

def SparseTile_TileType : TypeDef<SparseTile_Dialect, "Tile"> {
  let mnemonic = "tile";
  let summary = "a tile of elements, held by the whole work item";
  let description = [{
    `!sparse_tile.tile<128x64xbf16>` is dense;
    `!sparse_tile.tile<128x64xbf16, #sparsity.format<...>>` is still stored as its
    format says. Shapes count logical elements.
  }];
  let parameters = (ins ArrayRefParameter<"int64_t">:$shape, "Type":$elementType,
                        OptionalParameter<"::mlir::sparsity::TileFormatAttr">:$format);
  let hasCustomAssemblyFormat = 1;
  let builders = [
    TypeBuilderWithInferredContext<(ins "ArrayRef<int64_t>":$shape,
                                        "Type":$elementType), [{
      return $_get(elementType.getContext(), shape, elementType,
                   ::mlir::sparsity::TileFormatAttr());
    }]>
  ];
}

#endif // SPARSE_TILE_ATTRS_TD
