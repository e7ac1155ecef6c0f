//===- Passes.td - passes of the sparsity dialect ----------*- tablegen -*-===//

#ifndef SPARSITY_TRANSFORMS_PASSES_TD
#define SPARSITY_TRANSFORMS_PASSES_TD

include "mlir/Pass/PassBase.td"

def SparsityPropagateEncodingsPass
    : Pass<"sparsity-propagate-encodings", "ModuleOp"> {
  let summary = "carry encodings through ops that keep the pattern";
  let description = [{
    `tensor.cast` and `linalg.transpose` of an encoded tensor yield an encoded tensor:
    the transpose permutes the encoding, so that a transposed weight stays compressed.
  }];
}

def SparsitySimplifyEncodingsPass
    : Pass<"sparsity-simplify-encodings", "ModuleOp"> {
  let summary = "rewrite every encoding to its simplest form";
  let description = [{
    Flattens nested compositions, drops members that say nothing, and removes an
    encoding that admits every element.
  }];
}

def SparsityGroupContractionsPass : Pass<"sparsity-group-contractions"> {
  let summary = "sums over a gate as grouped matmuls over its lists";
  let description = [{
    A sum of products over e with a factor r[t, e] whose storage lists the t of each e
    (a gate) counts the pairs on the list only. What it is multiplied with is computed
    for these: contractions over (t, e, ...) become `sparsity.grouped_matmul`,
    elementwise ops between them ops over the entries, and the sum over e one over the
    entries of each t. Where that cannot be done a remark says so and the op stays.
  }];
  let dependentDialects = ["::mlir::sparsity::SparsityDialect",
                           "::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect",
                           "::mlir::scf::SCFDialect", "::mlir::tensor::TensorDialect"];
}

def SparsityBuildListsPass : Pass<"sparsity-build-lists", "ModuleOp"> {
  let summary = "build the lists of patterns known at run time";
  let description = [{
    `sparsity.route`, and `sparsity.encode` to an encoding that keeps elements by a rule
    on their value, become `linalg.generic` ops that compute the storage fields, and a
    `sparsity.assemble` of these. Every element of a field has a body of its own, which
    loops over what it reads: nothing is scattered, so these ops are elementwise and run
    wherever elementwise ops do, without the host waiting for a count. `decode` of the
    result becomes the dense tensor.
  }];
  let dependentDialects = ["::mlir::linalg::LinalgDialect", "::mlir::math::MathDialect",
                           "::mlir::scf::SCFDialect"];
}

def SparsityLowerDecodePass : Pass<"sparsity-lower-decode", "ModuleOp"> {
  let summary = "find the elements of a decoded tensor in its storage";
  let description = [{
    `sparsity.decode` becomes an elementwise op over the dense tensor, each element of
    which finds its own place in the storage: by bisection in the list of its group, by
    its code in a group of n:m, by counting bits of a bitmap. What the coverage excludes
    is zero. Such ops fuse with their consumers like any other.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect",
                           "::mlir::math::MathDialect", "::mlir::scf::SCFDialect",
                           "::mlir::tensor::TensorDialect"];
}

def SparsityFuseEpiloguesPass : Pass<"sparsity-fuse-epilogues", "ModuleOp"> {
  let summary = "make each chain of elementwise ops one op";
  let description = [{
    Turns named elementwise ops into `linalg.generic` and fuses chains of them with
    upstream's elementwise fusion, so that what follows a contraction is one op with one
    scalar body. There is no list of known epilogues.
  }];
  let dependentDialects = ["::mlir::linalg::LinalgDialect", "::mlir::affine::AffineDialect"];
}

def SparsityHoistPackingPass : Pass<"sparsity-hoist-packing", "ModuleOp"> {
  let summary = "move packing of arguments and constants out of the function";
  let description = [{
    A pattern bound at pack time is packed on the host, once per weight. An `encode` or
    `prune` of a function argument turns the argument itself into the encoded tensor and
    notes `sparsity.pack = "encode" | "prune"` on it for the caller's packer. Of a
    constant it stays: `sparsity-resolve-storage` packs it in the layout it chooses.
  }];
}

def SparsityResolveStoragePass : Pass<"sparsity-resolve-storage", "ModuleOp"> {
  let summary = "choose the storage layout of every encoded tensor";
  let description = [{
    An operand that every one of its compute ops feeds to an instruction compressed (the
    configuration says so) gets the layout that the instruction reads, written into the
    type, where the following stages, and the reader, see it. Where every op that reads a
    tensor is faster with another form of it (`sparse_tile.stored`), densely stored or in
    larger blocks, the type becomes that form. An `encode` or `prune` of is packed in that layout; constant storage given to `assemble` is checked.
  }];
  let options = [
    Option<"target", "target", "std::string", "\"cpu\"", "target of the table">];
  let dependentDialects = ["::mlir::arith::ArithDialect"];
}

def SparsitySelectConfigPass : Pass<"sparsity-select-config", "ModuleOp"> {
  let summary = "choose tiles, stages and instruction of every compute op";
  let description = [{
    Leaves a `sparse_tile.config` attribute on each op that `convert-sparsity-to-tile`
    will schedule, and says in a remark why. `sparsity.density` of an argument, the share
    of its list that is expected to be present, is used here. Where weights stored in
    another form are faster, `sparse_tile.stored` beside it has that form and its
    configuration, for `sparsity-resolve-storage` to choose.
  }];
  let options = [
    Option<"target", "target", "std::string", "\"cpu\"", "target of the table">,
    Option<"allowTF32", "allow-tf32", "bool", "false",
           "f32 operands may be rounded to tf32 (10 mantissa bits)">,
    ListOption<"tile", "tile", "int64_t",
               "rows of A, rows of B and K of a tile, instead of the choice made here">,
    ListOption<"warps", "warps", "int64_t",
               "warps along the rows of A and of B, instead of the choice made here">,
    Option<"stages", "stages", "int64_t", "0",
           "pipeline stages, instead of the choice made here">,
    Option<"cluster", "cluster", "int64_t", "0",
           "blocks that share tiles of B, instead of the choice made here">,
    Option<"splits", "splits", "int64_t", "0",
           "blocks that share a reduction, instead of the choice made here">,
    Option<"instruction", "instruction", "std::string", "\"\"",
           "only instructions of warpgroups whose name starts with this; "
           "\"mma\" leaves all of them out">,
    Option<"tuningTable", "tuning-table", "std::string", "\"\"",
           "file of measured tiles, instead of the table that is built in; none for no table">,
    Option<"denseChoice", "dense-choice", "std::string", "\"auto\"",
           "auto stores weights densely where that is known to be faster; never does not">,
    Option<"tuningCandidates", "tuning-candidates", "uint64_t", "0",
           "tiles that are listed for each kernel of warpgroups in `sparsity.tuning`">];
  let dependentDialects = ["::mlir::sparse_tile::SparseTileDialect"];
}

def SparsityRecordConstraintsPass
    : Pass<"sparsity-record-constraints", "ModuleOp"> {
  let summary = "say which extents of its arguments a function takes to be equal";
  let description = [{
    Where an op walks two tensors together and the types do not say that their extents
    agree, kernels take one of them. What has to hold is recorded on the function for its
    callers, as `sparsity.constraints = [array<i64: a, i, b, j>, ...]`: dimension i of
    argument a is dimension j of argument b, or, if b is -1, the number j.
  }];
}

def SparsityMaterializeStoragePass
    : Pass<"sparsity-materialize-storage", "ModuleOp"> {
  let summary = "turn encoded types into their buffers, and results into arguments";
  let dependentDialects = ["::mlir::bufferization::BufferizationDialect"];
  let description = [{
    An argument of encoded type becomes one argument per storage field, followed by one
    `index` per dynamic dimension of the tensor; every tensor result becomes a trailing
    argument that the function writes. The function keeps a `sparsity.abi` attribute
    that says for each argument what it is.
  }];
}

def SparsityFinalizeAbiPass : Pass<"sparsity-finalize-abi", "ModuleOp"> {
  let summary = "make bufferized functions write their results, not return them";
  let description = [{
    After bufferization, a function with a `sparsity.abi` writes each result into its
    output argument (a copy where that is not the case yet) and returns nothing; public
    ones get a C interface.
  }];
  let dependentDialects = ["::mlir::memref::MemRefDialect", "::mlir::LLVM::LLVMDialect"];
}

def SparsityVerifyMaterializedPass
    : Pass<"sparsity-verify-materialized", "ModuleOp"> {
  let summary = "fail if an encoded tensor is left before bufferization";
  let description = [{
    Bufferization drops encodings without a word, which would compute on storage buffers
    as if they were dense; this pass makes that an error.
  }];
}

def SparsityDensifyPass : Pass<"sparsity-densify", "ModuleOp"> {
  let summary = "the oracle: the same program on dense tensors";
  let description = [{
    Encoded types lose their encoding and elements outside an affine pattern are
    zeroed; `encode` and `decode` disappear, `prune` becomes an explicit loop, and so do
    `route` and an `encode` that keeps elements by a rule on their value. With
    `accumulate=f64` contractions accumulate in f64.
  }];
  let options = [
    Option<"accumulate", "accumulate", "std::string", "\"\"",
           "accumulate contractions of floats in this type (f64)">];
  let dependentDialects = ["::mlir::linalg::LinalgDialect", "::mlir::affine::AffineDialect",
                           "::mlir::math::MathDialect", "::mlir::scf::SCFDialect"];
}

def SparsitySimulateSchedulePass
    : Pass<"sparsity-simulate-schedule", "ModuleOp"> {
  let summary = "print the order and the counts of work items, without a GPU";
  let description = [{
    For every contraction that `sparsity-select-config` configured, enumerates the work
    items of its coverage with the configured tile sizes and prints them, then the
    totals. Needs static shapes.
  }];
  let options = [
    Option<"summaryOnly", "summary-only", "bool", "false", "print the totals only">];
}

#endif // SPARSITY_TRANSFORMS_PASSES_TD
