//===- SparsityEncodings.td - what a tensor's elements may be -*- tablegen -*-===//
//
// One definition a kind of sparsity. Constraints, storage shapes and messages are in
// docs/Spec.md.
//
//===----------------------------------------------------------------------===//

#ifndef SPARSITY_ENCODINGS_TD
#define SPARSITY_ENCODINGS_TD

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/TensorEncoding.td"
include "sparsity/Dialect/Sparsity/IR/SparsityCoverage.td"
include "sparsity/Dialect/Sparsity/IR/SparsityDialect.td"
include "sparsity/Dialect/Sparsity/IR/SparsityEnums.td"
include "sparsity/Dialect/Sparsity/IR/SparsityFormats.td"
include "sparsity/Dialect/Sparsity/IR/SparsityInterfaces.td"
include "sparsity/Dialect/Sparsity/IR/SparsityTargets.td"

/// `answers` are the interface methods whose default the kind overrides.
class Sparsity_Encoding<string name, string keyword, list<string> answers>
    : AttrDef<Sparsity_Dialect, name, [
        DeclareAttrInterfaceMethods<SparsityEncodingAttrInterface, answers>,
        DeclareAttrInterfaceMethods<VerifiableTensorEncoding>]> {
  let mnemonic = keyword;
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
}

class Sparsity_OptionalInteger<string description>
    : OptionalParameter<"::std::optional<int64_t>", description>;

//===----------------------------------------------------------------------===//
// Weights
//===----------------------------------------------------------------------===//

def Sparsity_NOfMAttr : Sparsity_Encoding<"NOfM", "n_of_m", [
    "getCoverage", "getTileFormat", "getStorage", "getBindingTime", "resolveStorage",
    "permute", "hasPacker", "getStorageLayout", "pack", "unpack", "verifyStorage",
    "getStoredDense"]> {
  let summary = "at most n elements in each group of m along an axis";
  let description = [{
    `#sparsity.n_of_m<2:4, axis = 1>`: of every m consecutive elements along `axis`
    (the last group may be shorter) at most n are present. Stored as `values` and
    `metadata` (the kept positions), in the byte order that `layout` names.
  }];
  let parameters = (ins "int64_t":$n, "int64_t":$m, "int64_t":$axis,
                        "::mlir::sparsity::StorageLayout":$layout);
  let builders = [AttrBuilder<(ins "int64_t":$n, "int64_t":$m, "int64_t":$axis), [{
    return $_get($_ctxt, n, m, axis, ::mlir::sparsity::StorageLayout::RowMajor);
  }]>];
}

def Sparsity_BlockAttr : Sparsity_Encoding<"Block", "block", [
    "getCoverage", "getTileFormat", "getStorage", "getStorageLayout", "getOrderField",
    "orderStorage", "mergeStorage", "getStoredDense", "getBindingTime", "permute",
    "hasPacker", "pack", "unpack", "verifyStorage"]> {
  let summary = "a list of dense or n:m blocks";
  let description = [{
    `#sparsity.block<64x64>`: each row of blocks lists the blocks that are present
    (`positions`, `coordinates`, as in BSR); a block is stored dense, or by `inner`:
    `#sparsity.block<64x64, inner = #sparsity.n_of_m<2:4, axis = 1>>` (V:N:M). In a
    tensor of rank 3 the outermost dimension numbers matrices (experts), whose rows of
    blocks follow each other in one list. `#sparsity.block<64x64, ordered>` stores one
    buffer more, `order`: the rows of blocks in an order that kernels follow ("row
    swizzle", Gale et al., "Sparse GPU Kernels for Deep Learning", 2020).
    `#sparsity.block<32x32, merged = 64x64>` stores and lists units of several blocks,
    whole if one of their blocks is present.
  }];
  let parameters = (ins ArrayRefParameter<"int64_t", "rows x columns">:$sizes,
                        OptionalParameter<"::mlir::Attribute">:$inner,
                        OptionalArrayRefParameter<"int64_t", "rows x columns">:$merged,
                        "bool":$ordered);
  let builders = [AttrBuilder<(ins "::llvm::ArrayRef<int64_t>":$sizes,
                                   "::mlir::Attribute":$inner), [{
    return $_get($_ctxt, sizes, inner, ::llvm::ArrayRef<int64_t>(), /*ordered=*/false);
  }]>];
  let extraClassDeclaration = [{
    /// The rows x columns of what is listed and stored as a whole.
    ::llvm::ArrayRef<int64_t> getStoredSizes() const {
      return getMerged().empty() ? getSizes() : getMerged();
    }
  }];
}

def Sparsity_UnstructuredAttr : Sparsity_Encoding<"Unstructured", "unstructured", [
    "getCoverage", "getTileFormat", "getStorage", "getStorageLayout",
    "resolveStorage", "getBindingTime", "permute", "hasPacker", "pack", "unpack",
    "verifyStorage", "getStoredDense"]> {
  let summary = "any elements, as a list of occupied tiles with a bitmap each";
  let description = [{
    `#sparsity.unstructured` or `#sparsity.unstructured<tile = 16x64>`: each row of
    tiles (64x64 unless given) lists the tiles that hold an element; a tile is one bit
    an element and the present elements. `#sparsity.unstructured<layout = fragments>`
    keeps bits and elements of a tile in one record, in the order in which a warpgroup
    holds them in registers.
  }];
  let parameters = (ins ArrayRefParameter<"int64_t", "rows x columns">:$tile,
                        "::mlir::sparsity::StorageLayout":$layout);
  let builders = [AttrBuilder<(ins "::llvm::ArrayRef<int64_t>":$tile), [{
    return $_get($_ctxt, tile, ::mlir::sparsity::StorageLayout::RowMajor);
  }]>];
}

def Sparsity_StoredDenseAttr : Sparsity_Encoding<"StoredDense", "stored_dense", [
    "getCoverage", "getBindingTime", "simplify", "permute", "getPattern", "hasPacker",
    "pack", "unpack", "verifyStorage"]> {
  let summary = "weights of a pattern, stored as a dense tensor";
  let description = [{
    `#sparsity.stored_dense<#sparsity.block<64x64>>`: what `inner` admits is stored in
    one dense buffer, zero elsewhere, and read as a dense tensor. Where a dense kernel is
    the faster one, `sparsity-resolve-storage` writes it into the type; who packs still
    sees which pattern the weights have.
  }];
  let parameters = (ins "::mlir::Attribute":$inner);
}

//===----------------------------------------------------------------------===//
// Masks: stored nowhere
//===----------------------------------------------------------------------===//

def Sparsity_WindowAttr : Sparsity_Encoding<"Window", "window", [
    "getCoverage", "getElementPredicate", "simplify", "permute"]> {
  let summary = "a band around the diagonal of the last two dimensions";
  let description = [{
    `#sparsity.window<left = 4096, right = 0>`: element (row, col) is present iff
    row - left <= col <= row + right; a bound that is not given does not bind.
  }];
  let parameters = (ins Sparsity_OptionalInteger<"columns before the row">:$left,
                        Sparsity_OptionalInteger<"columns after the row">:$right);
}

def Sparsity_StridedAttr : Sparsity_Encoding<"Strided", "strided", [
    "getCoverage", "getElementPredicate", "simplify", "permute"]> {
  let summary = "every period-th column";
  let description = [{
    `#sparsity.strided<period = 512>`, with `offset = k` if it is not 0: column c of
    the last dimension is present iff c mod period = offset.
  }];
  let parameters = (ins "int64_t":$period, "int64_t":$offset);
}

def Sparsity_PrefixAttr : Sparsity_Encoding<"Prefix", "prefix", [
    "getCoverage", "getElementPredicate", "simplify", "permute"]> {
  let summary = "the first columns (attention sinks)";
  let description = [{
    `#sparsity.prefix<length = 4>`: column c of the last dimension is present iff
    c < length.
  }];
  let parameters = (ins "int64_t":$length);
}

//===----------------------------------------------------------------------===//
// Patterns known at run time
//===----------------------------------------------------------------------===//

def Sparsity_SegmentsAttr : Sparsity_Encoding<"Segments", "segments", [
    "getCoverage", "getStorage", "getBindingTime", "permute"]> {
  let summary = "per row an interval of columns, read from buffers";
  let description = [{
    `#sparsity.segments`: element (row, col) of the last two dimensions is present iff
    lo[row] <= col <= hi[row] (packed documents). All batches share the bounds.
  }];
  let genVerifyDecl = 0;
  let hasCustomAssemblyFormat = 0;
}

def Sparsity_GateAttr : Sparsity_Encoding<"Gate", "gate", [
    "getEntriesField", "getCoverage", "getStorage", "getBindingTime", "permute"]> {
  let summary = "top-k routing of tokens to experts";
  let description = [{
    `#sparsity.gate<top_k = 2>` on tokens x experts: top_k experts of each token are
    present. Stored by expert: the list of its tokens and their weights; and by token:
    where its entries are in these lists.
  }];
  let parameters = (ins "int64_t":$topK);
}

def Sparsity_ActivationAttr : Sparsity_Encoding<"Activation", "activation", [
    "getCoverage", "getStorage", "getBindingTime", "getSelection", "permute"]> {
  let summary = "activations that a rule on their value keeps";
  let description = [{
    On tokens x features. `#sparsity.activation<threshold = 5.0e-02>` keeps x with
    |x| > threshold, `<top_k = 128>` the 128 of largest |x| in each row, `<relu>`
    x > 0.
  }];
  let parameters = (ins OptionalParameter<"::mlir::FloatAttr", "an f64">:$threshold,
                        Sparsity_OptionalInteger<"elements kept a row">:$topK,
                        "bool":$relu);
}

//===----------------------------------------------------------------------===//
// Composition
//===----------------------------------------------------------------------===//

class Sparsity_Composition<string name, string keyword, list<string> answers>
    : Sparsity_Encoding<name, keyword, !listconcat(answers, [
        "getCoverage", "getElementPredicate", "getBindingTime", "simplify",
        "permute"])> {
  let parameters = (ins ArrayRefParameter<"::mlir::Attribute">:$members);
}

def Sparsity_AllOfAttr : Sparsity_Composition<"AllOf", "all_of", [
    "getTileFormat", "getStorage", "getStorageLayout", "getOrderField",
    "resolveStorage"]> {
  let summary = "elements that every member admits";
  let description = [{
    `#sparsity.all_of<[#sparsity.window<right = 0>, #sparsity.segments]>`. At most one
    member stores its values in a form of its own (a list of blocks, 2:4); the values are
    stored as that member stores them, and the other members add the buffers that say
    where their elements are.
  }];
}

def Sparsity_AnyOfAttr : Sparsity_Composition<"AnyOf", "any_of", ["getStorage"]> {
  let summary = "elements that at least one member admits";
  let description = [{
    `#sparsity.any_of<[#sparsity.window<left = 512>, #sparsity.prefix<length = 4>]>`.
    The values are stored densely; members add the buffers that say where their elements
    are.
  }];
}

#endif // SPARSITY_ENCODINGS_TD
