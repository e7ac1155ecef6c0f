"""Compile sparse tensor programs, pack their weights, launch their kernels.

    import sparsity

    program = sparsity.compile("ffn.mlir", target="sm_90a")
    weight = sparsity.pack_n_of_m(sparsity.prune_n_of_m(w, 2, 4, axis=1), 2, 4, axis=1)
    program.kernel("main").launch([x, weight.to(x.device), y])

The compiler (`sparsity-translate`) and the runtime library are found by the rules of
`sparsity.tools`. Importing needs NumPy only: neither PyTorch nor CUDA.
"""

from .compiler import CompileError, Program, compile
from .launch import BoundKernel, CudaError, DeviceArray, Kernel
from .lists import (
    PackedBlock,
    PackedUnstructured,
    StoredDense,
    check,
    pack_block,
    pack_unstructured,
    prune_block,
    prune_unstructured,
    store_dense,
)
from .packing import PackedNOfM, pack_n_of_m, packed_sizes, prune_n_of_m, unpack
from .tools import ToolError, find_library, find_tool

__version__ = "0.1.0"

__all__ = [
    "BoundKernel",
    "CompileError",
    "CudaError",
    "DeviceArray",
    "Kernel",
    "PackedBlock",
    "PackedNOfM",
    "PackedUnstructured",
    "Program",
    "StoredDense",
    "ToolError",
    "check",
    "compile",
    "find_library",
    "find_tool",
    "pack_block",
    "pack_n_of_m",
    "pack_unstructured",
    "packed_sizes",
    "prune_block",
    "prune_n_of_m",
    "prune_unstructured",
    "store_dense",
    "unpack",
]
