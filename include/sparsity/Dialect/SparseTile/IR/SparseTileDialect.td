//===- SparseTileDialect.td - the schedule dialect ---------*- tablegen -*-===//

#ifndef SPARSE_TILE_DIALECT_TD
#define SPARSE_TILE_DIALECT_TD

include "mlir/IR/OpBase.td"

def SparseTile_Dialect : Dialect {
  let name = "sparse_tile";
  let cppNamespace = "::mlir::sparse_tile";
  let summary = "The schedule: work items, load/compute pipelines, tiles";
  let description = [{
    A schedule writes down what a kernel does before saying with which instructions:
    `forall` runs one work item per tile of the result, `pipeline` is its reduction
    loop with the producer (`load`) apart from the consumer (`compute`), `store` ends
    it with the fused elementwise epilogue. The same schedule lowers to multistage
    cp.async kernels on sm_80, and to vector loops on the CPU.
  }];
  let dependentDialects = ["::mlir::sparsity::SparsityDialect"];
  let useDefaultAttributePrinterParser = 1;
  let useDefaultTypePrinterParser = 1;
}

#endif // SPARSE_TILE_DIALECT_TD
