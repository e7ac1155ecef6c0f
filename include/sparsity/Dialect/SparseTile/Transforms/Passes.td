//===- Passes.td - passes of the schedule dialect ----------*- tablegen -*-===//

#ifndef SPARSE_TILE_TRANSFORMS_PASSES_TD
#define SPARSE_TILE_TRANSFORMS_PASSES_TD

include "mlir/Pass/PassBase.td"

def SparseTileSplitPartialPass : Pass<"sparse-tile-split-partial"> {
  let summary = "test elements only where a tile can be partial";
  let description = [{
    A `mask` whose coverage proves every tile full is removed.
  }];
}

def SparseTileLegalizeFormatsPass : Pass<"sparse-tile-legalize-formats"> {
  let summary = "expand the formats that the chosen instruction does not take";
  let description = [{
    Load sparse, compute dense: inserts `expand` before every `mma` operand whose format
    the configured instruction cannot read, with a remark naming format and target.
  }];
}

def SparseTileAssignWorkPass : Pass<"sparse-tile-assign-work"> {
  let summary = "order the work items for the L2 cache";
  let description = [{
    Groups the tiles of the first parallel dimension so that blocks that run at the same
    time share operand panels: sets `raster` of a forall's configuration from the number
    of tiles where it is known.
  }];
}

#endif // SPARSE_TILE_TRANSFORMS_PASSES_TD
