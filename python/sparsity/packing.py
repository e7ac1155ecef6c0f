"""N:M weights: pruning, packing and unpacking on the host, by the runtime library.

The layouts "row_major" and "core_matrix" are those of `sparsity/Runtime/Pack.h`:

    row_major     any 0 < n < m <= 16. values [rows, G*n], metadata
                  [rows, ceil(G*n*b/8)] bytes with b = 1, 2, 4 index bits for m <= 2, 4, 16
    core_matrix   operand of mma.sp and wgmma.sp; values [KB, RB, 4096 bytes], metadata
                  [KB, RB, 128 or 256] 32-bit words, blocks of 64 rows by 64 bytes of a
                  compressed row

where rows is the product of all sizes but that of `axis`, and G = ceil(size of axis / m).
"""

import ctypes
import dataclasses
import functools

import numpy as np

from . import dtypes
from .tools import find_library

LAYOUTS = {"row_major": 0, "core_matrix": 1}


class _Spec(ctypes.Structure):
    """SparsityNOfM of sparsity-c/Runtime.h."""

    _fields_ = [
        ("n", ctypes.c_int64),
        ("m", ctypes.c_int64),
        ("axis", ctypes.c_int64),
        ("rank", ctypes.c_int64),
        ("shape", ctypes.POINTER(ctypes.c_int64)),
        ("element_type", ctypes.c_int32),
        ("layout", ctypes.c_int32),
    ]


@functools.lru_cache(maxsize=None)
def _library():
    library = ctypes.CDLL(find_library())
    spec, pointer = ctypes.POINTER(_Spec), ctypes.c_void_p
    size = ctypes.POINTER(ctypes.c_int64)
    library.sparsityPackedSizesNOfM.argtypes = [spec, size, size]
    library.sparsityPackNOfM.argtypes = [spec, pointer, pointer, pointer]
    library.sparsityUnpackNOfM.argtypes = [spec, pointer, pointer, pointer]
    library.sparsityPruneNOfM.argtypes = [spec, pointer]
    library.sparsityGetLastError.restype = ctypes.c_char_p
    return library


def _call(name, spec, *pointers):
    library = _library()
    if getattr(library, name)(ctypes.byref(spec), *pointers):
        message = library.sparsityGetLastError() or b"unknown error"
        library.sparsityClearLastError()
        raise ValueError(message.decode())


def _make_spec(shape, n, m, axis, dtype, layout):
    if layout not in LAYOUTS:
        raise ValueError(f"expected layout row_major or core_matrix, but got {layout}")
    for name, value in (("n", n), ("m", m), ("axis", axis)):
        if not isinstance(value, (int, np.integer)):
            raise TypeError(f"expected {name} to be an integer, but got {value!r}")
    rank = len(shape)
    if not -rank <= axis < rank:
        raise ValueError(f"expected an axis of a tensor of rank {rank}, but got axis {axis}")
    sizes = (ctypes.c_int64 * max(rank, 1))(*shape)
    number = dtypes.ELEMENT_TYPES[dtype][0]
    return _Spec(n, m, axis % rank, rank, sizes, number, LAYOUTS[layout])


@dataclasses.dataclass
class PackedNOfM:
    """The storage of an n:m tensor, in ABI order: `values`, then `metadata`.

    Both are flat uint8 arrays (NumPy, or PyTorch after `to`). The other fields describe
    the dense tensor: `shape`, MLIR's name of its element type, and its pattern.
    """

    values: object
    metadata: object
    shape: tuple
    dtype: str
    n: int
    m: int
    axis: int
    layout: str

    def to(self, device):
        """The same with PyTorch tensors on `device` as buffers."""
        import torch

        def move(buffer):
            if isinstance(buffer, np.ndarray):
                buffer = torch.from_numpy(buffer)
            return buffer.to(device)

        return dataclasses.replace(
            self, values=move(self.values), metadata=move(self.metadata)
        )

    @property
    def pattern(self):
        """The encoding as MLIR writes it, without a layout."""
        return f"#sparsity.n_of_m<{self.n}:{self.m}, axis = {self.axis}>"

    @property
    def nbytes(self):
        """Bytes of values and metadata together."""
        return sum(packed_sizes(self.shape, self.n, self.m, self.axis, self.dtype, self.layout))

    def _spec(self):
        return _make_spec(self.shape, self.n, self.m, self.axis, self.dtype, self.layout)


def packed_sizes(shape, n, m, axis, dtype, layout="core_matrix"):
    """(bytes of values, bytes of metadata) of a packed tensor of `shape` and `dtype`."""
    dtypes.storage_of(dtype)
    spec = _make_spec(shape, n, m, axis, dtype, layout)
    values, metadata = ctypes.c_int64(), ctypes.c_int64()
    _call("sparsityPackedSizesNOfM", spec, ctypes.byref(values), ctypes.byref(metadata))
    return values.value, metadata.value


def pack_n_of_m(array, n, m, axis=-1, layout="core_matrix", dtype=None):
    """Packs a dense tensor with at most n non-zero elements in each m along `axis`.

    `array` is a NumPy array or a PyTorch tensor on the CPU; `dtype` names the element
    type of bit patterns ("bf16", "f8E4M3FN", "f8E5M2"). Raises ValueError where a group
    has more than n non-zero elements or the layout does not take the pattern.
    """
    dense, dtype = dtypes.to_storage(array, dtype)
    spec = _make_spec(dense.shape, n, m, axis, dtype, layout)
    sizes = packed_sizes(dense.shape, n, m, axis, dtype, layout)
    values, metadata = (np.empty(size, np.uint8) for size in sizes)
    _call("sparsityPackNOfM", spec, dense.ctypes.data, values.ctypes.data, metadata.ctypes.data)
    return PackedNOfM(
        values, metadata, dense.shape, dtype, int(n), int(m), int(spec.axis), layout
    )


def unpack(packed):
    """The dense tensor of what a packer of this package made, in storage form."""
    if not isinstance(packed, PackedNOfM):
        from .lists import unpack_list

        return unpack_list(packed)
    buffers = []
    for name, size in zip(
        ("values", "metadata"),
        packed_sizes(packed.shape, packed.n, packed.m, packed.axis, packed.dtype, packed.layout),
    ):
        buffer = getattr(packed, name)
        if hasattr(buffer, "detach"):
            buffer = buffer.detach().cpu().numpy()
        buffer = np.ascontiguousarray(buffer).view(np.uint8).reshape(-1)
        if buffer.size != size:
            raise ValueError(f"expected {name} of {size} bytes, but got {buffer.size}")
        buffers.append(buffer)
    dense = np.empty(packed.shape, dtypes.storage_of(packed.dtype))
    values, metadata = (buffer.ctypes.data for buffer in buffers)
    _call("sparsityUnpackNOfM", packed._spec(), values, metadata, dense.ctypes.data)
    return dense


def prune_n_of_m(array, n, m, axis=-1, dtype=None):
    """A copy of `array` with the n elements of largest magnitude kept in each m.

    The others become +0. Ties go to the lowest index, NaN is the largest. The result is a
    NumPy array in storage form.
    """
    dense, dtype = dtypes.to_storage(array, dtype)
    dense = dense.copy()
    spec = _make_spec(dense.shape, n, m, axis, dtype, "row_major")
    _call("sparsityPruneNOfM", spec, dense.ctypes.data)
    return dense
