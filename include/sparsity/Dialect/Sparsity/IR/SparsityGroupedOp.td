//===- SparsityGroupedOp.td - a matmul over the entries of a list -*- tablegen -*-===//

#ifndef SPARSITY_GROUPED_OP_TD
#define SPARSITY_GROUPED_OP_TD

include "sparsity/Dialect/Sparsity/IR/SparsityDialect.td"
include "sparsity/Dialect/Sparsity/IR/SparsityInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Sparsity_GroupedMatmulOp : Op<Sparsity_Dialect, "grouped_matmul",
    [Pure, DeclareOpInterfaceMethods<TileableComputeOpInterface>,
     TypesMatchWith<"result has the type of init", "init", "result", "$_self">]> {
  let summary = "per entry of a list, a row times its group's matrix";
  let description = [{
    `list` holds a tensor whose storage lists indices by group (a gate lists tokens by
    expert). For entry n, of group g(n) and with index i(n):

        result[n, f] = init[n, f] + sum over k of lhs[i(n), k] * rhs[g(n), f, k]

    With `compact`, `lhs` has a row for each entry instead: lhs[n, k]. `rhs_map` says
    which of (g, f, k) each dimension of `rhs` walks; `rhs` may have an encoding. Rows
    of `result` that no group of the list holds are not written. Sums are f32.

    ```mlir
    %h = sparsity.grouped_matmul %x, %w by %gate outs(%init)
           rhs_map affine_map<(g, f, k) -> (g, f, k)>
           : tensor<?x4096xbf16>, tensor<8x14336x4096xbf16>,
             tensor<?x8xf32, #sparsity.gate<top_k = 2>> -> tensor<?x14336xf32>
    ```
  }];
  let arguments = (ins AnyRankedTensor:$lhs, AnyRankedTensor:$rhs,
                       AnyRankedTensor:$list, AnyRankedTensor:$init,
                       AffineMapAttr:$rhs_map, UnitAttr:$compact);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = [{
    $lhs `,` $rhs `by` $list (`compact` $compact^)? `outs` `(` $init `)`
    `rhs_map` $rhs_map attr-dict
    `:` type($lhs) `,` type($rhs) `,` type($list) `->` type($init)
  }];
  let hasVerifier = 1;
}

#endif // SPARSITY_GROUPED_OP_TD
