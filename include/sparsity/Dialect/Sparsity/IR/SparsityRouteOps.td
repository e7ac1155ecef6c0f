//===- SparsityRouteOps.td - routing of tokens to experts --*- tablegen -*-===//

#ifndef SPARSITY_ROUTE_OPS_TD
#define SPARSITY_ROUTE_OPS_TD

include "sparsity/Dialect/Sparsity/IR/SparsityDialect.td"
include "sparsity/Dialect/Sparsity/IR/SparsityEnums.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Sparsity_RouteOp : Op<Sparsity_Dialect, "route", [Pure, AttrSizedOperandSegments]> {
  let summary = "choose the experts of each token, and their weights";
  let description = [{
    The gate of a mixture of experts. Each token of `logits` (tokens x experts) keeps the
    `top_k` experts of the result's encoding with the largest logit, or, if there is a
    `bias` (one value an expert), the largest sigmoid of the logit plus bias. Ties go to
    the lowest expert; a NaN counts as minus infinity.

    The weight of a kept expert, computed in f32:
    - `score(softmax)`: its softmax over all experts, or over the kept ones with
      `order(after)` or `renormalize`;
    - `score(sigmoid)`: the sigmoid of its logit, without the bias (DeepSeek-V3,
      arXiv:2412.19437, equation 16), with `renormalize` over the sum of the kept ones.

    It is 0 where no kept score is above 0 (a token whose logits are all minus infinity
    or NaN). `scale` multiplies it. `capacity` is the most tokens an expert takes: of
    those that chose it the first stay, the others lose this expert and keep the
    weights of the rest (Switch Transformer, arXiv:2101.03961); below 0 counts as 0.

    ```mlir
    %g = sparsity.route %logits score(sigmoid) bias(%b : tensor<256xf32>) renormalize
           scale(2.5) : tensor<?x256xf32> to tensor<?x256xf32, #sparsity.gate<top_k = 8>>
    ```
  }];
  let arguments = (ins AnyRankedTensor:$logits, Optional<AnyRankedTensor>:$bias,
                       Optional<Index>:$capacity,
                       DefaultValuedAttr<Sparsity_RouteScore,
                           "::mlir::sparsity::RouteScore::Softmax">:$score,
                       DefaultValuedAttr<Sparsity_RouteOrder,
                           "::mlir::sparsity::RouteOrder::Before">:$order,
                       UnitAttr:$renormalize,
                       OptionalAttr<F32Attr>:$scale);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = [{
    $logits (`score` `(` $score^ `)`)? (`order` `(` $order^ `)`)?
    (`bias` `(` $bias^ `:` type($bias) `)`)? (`capacity` `(` $capacity^ `)`)?
    (`renormalize` $renormalize^)? (`scale` `(` $scale^ `)`)?
    attr-dict `:` type($logits) `to` type($result)
  }];
  let extraClassDeclaration = [{
    /// Experts that a token chooses.
    int64_t getTopK();
  }];
  let hasVerifier = 1;
}

#endif // SPARSITY_ROUTE_OPS_TD
