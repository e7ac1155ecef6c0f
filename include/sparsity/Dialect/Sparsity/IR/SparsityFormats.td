//===- SparsityFormats.td - tile format normal form --------*- tablegen -*-===//

#ifndef SPARSITY_FORMATS_TD
#define SPARSITY_FORMATS_TD

include "mlir/IR/AttrTypeBase.td"
include "sparsity/Dialect/Sparsity/IR/SparsityDialect.td"
include "sparsity/Dialect/Sparsity/IR/SparsityEnums.td"

def Sparsity_TileFormatAttr : AttrDef<Sparsity_Dialect, "TileFormat"> {
  let mnemonic = "format";
  let summary = "how a stored tile is laid out inside";
  let description = [{
    The normal form in which instruction selection reads an encoding:
    `#sparsity.format<dense>`, `#sparsity.format<n_of_m<2:4, axis = 1>>`,
    `#sparsity.format<bitmap>`. `layout` says in which byte order the buffers hold
    it. `axis` counts the dimensions of the stored tensor.
  }];
  let parameters = (ins "::mlir::sparsity::TileFormat":$format,
                        "::mlir::sparsity::StorageLayout":$layout);
  let hasCustomAssemblyFormat = 1;
}

#endif // SPARSITY_FORMATS_TD
