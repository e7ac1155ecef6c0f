//===- SparsityCoverage.td - coverage normal form ----------*- tablegen -*-===//

#ifndef SPARSITY_COVERAGE_TD
#define SPARSITY_COVERAGE_TD

include "mlir/IR/AttrTypeBase.td"
include "sparsity/Dialect/Sparsity/IR/SparsityDialect.td"

def Sparsity_CoverageAttr : AttrDef<Sparsity_Dialect, "Coverage"> {
  let mnemonic = "coverage";
  let summary = "which index boxes may hold elements";
  let description = [{
    The normal form in which tiling reads an encoding. Forms:
    `all` | `unknown` |
    `band<rows = r, cols = c, lo = bound, hi = bound>` |
    `listed<groups = d by g, entries = e by h, positions = "p", coordinates = "c">` |
    `periodic<dim = d, period = p, offset = o, length = l>` |
    `all_of<[...]>` | `any_of<[...]>`, where a bound is `-inf`, `inf`,
    `scale * row + offset` or `"field"`.
  }];
  let parameters = (ins "::mlir::sparsity::Coverage":$coverage);
  let hasCustomAssemblyFormat = 1;
}

#endif // SPARSITY_COVERAGE_TD
