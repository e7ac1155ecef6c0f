//===- SparsityTargets.td - targets as attributes ----------*- tablegen -*-===//

#ifndef SPARSITY_TARGETS_TD
#define SPARSITY_TARGETS_TD

include "mlir/IR/AttrTypeBase.td"
include "sparsity/Dialect/Sparsity/IR/SparsityDialect.td"
include "sparsity/Dialect/Sparsity/IR/SparsityInterfaces.td"

def Sparsity_TargetAttr : AttrDef<Sparsity_Dialect, "Target", [
    DeclareAttrInterfaceMethods<TileTargetAttrInterface>]> {
  let mnemonic = "target";
  let summary = "a row of the table of targets";
  let description = [{
    `#sparsity.target<"sm_80">`: the chip that code is generated for, by its name in
    the table of known targets.
  }];
  let parameters = (ins StringRefParameter<"the target's name">:$name);
  let assemblyFormat = "`<` $name `>`";
  let genVerifyDecl = 1;
}

#endif // SPARSITY_TARGETS_TD
