//===- SparsityInterfaces.td - the three interfaces --------*- tablegen -*-===//

#ifndef SPARSITY_INTERFACES_TD
#define SPARSITY_INTERFACES_TD

include "mlir/IR/OpBase.td"

def SparsityEncodingAttrInterface : AttrInterface<"SparsityEncodingAttrInterface"> {
  let cppNamespace = "::mlir::sparsity";
  let description = [{
    What is sparse. An encoding answers with data, never with IR builders, and every
    default is sound: an encoding that implements none of these methods is correct
    everywhere and skips nothing. `type` is the ranked tensor type that carries the
    encoding.
  }];
  let methods = [
    InterfaceMethod<[{
        Which index boxes may hold elements. The default, `unknown`, makes every tile
        partial.
      }], "::mlir::sparsity::Coverage", "getCoverage",
      (ins "::mlir::RankedTensorType":$type), "", [{
        return ::mlir::sparsity::Coverage::unknown();
      }]>,
    InterfaceMethod<[{
        How a stored tile is laid out inside.
      }], "::mlir::sparsity::TileFormat", "getTileFormat",
      (ins "::mlir::RankedTensorType":$type), "", [{
        return ::mlir::sparsity::TileFormat::dense();
      }]>,
    InterfaceMethod<[{
        In which byte order the storage buffers hold the tensor.
      }], "::mlir::sparsity::StorageLayout", "getStorageLayout", (ins), "", [{
        return ::mlir::sparsity::StorageLayout::RowMajor;
      }]>,
    InterfaceMethod<[{
        The element predicate as a disjunction of affine sets over the tensor's
        indices: an element is present iff at least one set holds. `std::nullopt`
        says that the predicate is not affine: the stored data decides.
      }], "::std::optional<::llvm::SmallVector<::mlir::IntegerSet>>",
      "getElementPredicate", (ins "::mlir::RankedTensorType":$type), "", [{
        return ::std::nullopt;
      }]>,
    InterfaceMethod<[{
        The buffers that hold the tensor, in ABI order. The default is one dense
        `values` buffer of the tensor's own shape.
      }], "::llvm::SmallVector<::mlir::sparsity::StorageField>", "getStorage",
      (ins "::mlir::RankedTensorType":$type), "", [{
        return ::mlir::sparsity::getDenseStorage(type);
      }]>,
    InterfaceMethod<[{
        When the pattern is known.
      }], "::mlir::sparsity::BindingTime", "getBindingTime", (ins), "", [{
        return ::mlir::sparsity::BindingTime::Compile;
      }]>,
    InterfaceMethod<[{
        The rule by which `encode` lists elements at run time, if a rule on their value
        does; the storage then is `positions`, `coordinates` and dense `values`.
      }], "::std::optional<::mlir::sparsity::Selection>", "getSelection",
      (ins "::mlir::RankedTensorType":$type), "", [{
        return ::std::nullopt;
      }]>,
    InterfaceMethod<[{
        The storage field that gives the list the other way round: for each index of
        the listed dimension, the positions in the list of its entries (-1 behind the
        last), shape [indices, most entries of an index]. Empty if there is none.
      }], "::llvm::StringRef", "getEntriesField", (ins), "", [{ return ""; }]>,
    InterfaceMethod<[{
        The storage field with an order of the groups of the list, a permutation, in
        which kernels that follow the list visit them: any is right, a good one is
        faster. Empty if there is none.
      }], "::llvm::StringRef", "getOrderField", (ins "::mlir::RankedTensorType":$type),
      "", [{ return ""; }]>,
    InterfaceMethod<[{
        Same pattern, simplest attribute: nested compositions flattened, members that
        say nothing removed. A null attribute says that the tensor is dense.
      }], "::mlir::Attribute", "simplify", (ins "::mlir::RankedTensorType":$type), "",
      [{ return $_attr; }]>,
    InterfaceMethod<[{
        Fails after an error if the answers above do not describe `type`: an encoding
        of another dialect can say more than this interface can.
      }], "::llvm::LogicalResult", "verifyLowering",
      (ins "::mlir::RankedTensorType":$type,
           "::llvm::function_ref<::mlir::InFlightDiagnostic()>":$emitError), "", [{
        return ::mlir::success();
      }]>,
    InterfaceMethod<[{
        The same pattern with the storage layout that `target`'s instructions take
        compressed. Asked only for operands that such an instruction consumes; the
        default keeps the layout as it is.
      }], "::mlir::Attribute", "resolveStorage",
      (ins "::mlir::RankedTensorType":$type,
           "::mlir::sparsity::TileTargetAttrInterface":$target), "", [{
        return $_attr;
      }]>,
    InterfaceMethod<[{
        The same pattern, stored with an order of its list's groups (getOrderField).
        Asked only for operands whose list a kernel follows that makes use of it; the
        default keeps the storage as it is.
      }], "::mlir::Attribute", "orderStorage", (ins "::mlir::RankedTensorType":$type),
      "", [{ return $_attr; }]>,
    InterfaceMethod<[{
        The same pattern in one dense buffer of the tensor's shape, for kernels that are
        faster without sparsity; its packer zeroes what this one would not store. A null
        attribute if there is no such form.
      }], "::mlir::Attribute", "getStoredDense", (ins "::mlir::RankedTensorType":$type),
      "", [{ return ::mlir::Attribute(); }]>,
    InterfaceMethod<[{
        The same pattern stored in larger units: a list whose groups are a multiple of
        `groups` and whose entries are one of `entries`. A null attribute if this one
        already is so, or cannot be.
      }], "::mlir::Attribute", "mergeStorage",
      (ins "::mlir::RankedTensorType":$type, "int64_t":$groups, "int64_t":$entries), "",
      [{ return ::mlir::Attribute(); }]>,
    InterfaceMethod<[{
        The encoding that says which elements are present, where this one only says how
        they are stored; else this one.
      }], "::mlir::Attribute", "getPattern", (ins), "", [{ return $_attr; }]>,
    InterfaceMethod<[{
        The encoding of the tensor whose axis `i` is this tensor's axis
        `permutation[i]`; a null attribute if there is none.
      }], "::mlir::Attribute", "permute", (ins "::llvm::ArrayRef<int64_t>":$permutation),
      "", [{ return ::mlir::Attribute(); }]>,
    InterfaceMethod<[{
        Whether a host packer turns a dense tensor into this storage (`encode`), and by
        magnitude (`prune`).
      }], "bool", "hasPacker", (ins), "", [{ return false; }]>,
    InterfaceMethod<[{
        The storage buffers, in ABI order, of a constant dense tensor; after pruning by
        magnitude if `prune`. Failure after an error if it does not fit the pattern.
      }], "::llvm::FailureOr<::llvm::SmallVector<::mlir::DenseElementsAttr>>", "pack",
      (ins "::mlir::RankedTensorType":$type, "::mlir::DenseElementsAttr":$dense,
           "bool":$prune,
           "::llvm::function_ref<::mlir::InFlightDiagnostic()>":$emitError), "", [{
        return emitError() << "expected an encoding with a host packer, but got "
                           << $_attr;
      }]>,
    InterfaceMethod<[{
        The dense tensor that constant storage buffers, as `pack` makes them, hold.
        Failure after an error if there is no such function.
      }], "::llvm::FailureOr<::mlir::DenseElementsAttr>", "unpack",
      (ins "::mlir::RankedTensorType":$type,
           "::llvm::ArrayRef<::mlir::DenseElementsAttr>":$fields,
           "::llvm::function_ref<::mlir::InFlightDiagnostic()>":$emitError), "", [{
        return emitError() << "expected an encoding that the host unpacks, but got "
                           << $_attr;
      }]>,
    InterfaceMethod<[{
        Whether constant storage buffers, in ABI order, hold a tensor of this encoding.
        The default knows no rule.
      }], "::llvm::LogicalResult", "verifyStorage",
      (ins "::mlir::RankedTensorType":$type,
           "::llvm::ArrayRef<::mlir::DenseElementsAttr>":$fields,
           "::llvm::function_ref<::mlir::InFlightDiagnostic()>":$emitError), "", [{
        return ::mlir::success();
      }]>
  ];
}

def TileTargetAttrInterface : AttrInterface<"TileTargetAttrInterface"> {
  let cppNamespace = "::mlir::sparsity";
  let description = [{
    What the chip has. No file outside `lib/Target` and the GPU conversion compares
    architecture numbers.
  }];
  let methods = [
    InterfaceMethod<"The table row of this target.",
      "const ::mlir::sparsity::TargetInfo &", "getTargetInfo", (ins)>
  ];
}

def TileableComputeOpInterface : OpInterface<"TileableComputeOpInterface"> {
  let cppNamespace = "::mlir::sparsity";
  let description = [{
    What is computed: a reduction over an iteration domain, with the value an absent
    element stands for. Attached to linalg contractions by an external model.
  }];
  let methods = [
    InterfaceMethod<[{
        The iteration domain and its operands, or failure with a reason if this op
        instance cannot be tiled by coverage.
      }], "::llvm::FailureOr<::mlir::sparsity::ComputeDomain>", "getComputeDomain",
      (ins "::llvm::function_ref<void(::llvm::StringRef)>":$reason)>,
    InterfaceMethod<[{
        The value an absent element of operand `index` stands for: 0 for a matmul
        operand, minus infinity for an attention logit.
      }], "::mlir::TypedAttr", "getImplicitValue", (ins "unsigned":$index)>
  ];
}

#endif // SPARSITY_INTERFACES_TD
