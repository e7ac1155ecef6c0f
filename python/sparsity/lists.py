"""Block and unstructured weights: pruning, packing, checking and unpacking on the host.

The layouts are those of `sparsity/Runtime/PackLists.h`. A tensor [R, C] is cut into tiles;
each row of tiles (a *group*) lists the tiles it holds, as in BSR:

    positions    int32 [groups + 1]    entries positions[g] .. positions[g+1) are group g's
    coordinates  int32 [n]             the column of tiles of each entry, ascending
    block         values [n, B, C], zero beyond the edge; with an inner n:m pattern
                  [n, bytes] of `values` and of `metadata` as in `sparsity.packing`;
                  of an ordered list `order` int32 [groups], a permutation of the groups
    unstructured  bitmap int64 [n, words] (bit r * columns + c of a tile), offsets int32
                  [n, words] (elements in all words before), values [nnz]; in layout
                  "fragments" (tiles of 64x64, elements of 16 bits) no bitmap, but a
                  record for each tile: offsets int32 [n + 1], values [offsets[n]]

A block tensor may have rank 3, [E, R, C]: group e * ceil(R / B) + row of blocks.
"""

import ctypes
import dataclasses
import functools

import numpy as np

from . import dtypes, packing

_POINTER = ctypes.c_void_p
_TILE_LAYOUTS = {"row_major": 0, "fragments": 1}


class _BlockSpec(ctypes.Structure):
    """SparsityBlock of sparsity-c/Runtime.h."""

    _fields_ = [
        ("rank", ctypes.c_int64),
        ("shape", ctypes.POINTER(ctypes.c_int64)),
        ("rows", ctypes.c_int64),
        ("columns", ctypes.c_int64),
        ("n", ctypes.c_int64),
        ("m", ctypes.c_int64),
        ("axis", ctypes.c_int64),
        ("element_type", ctypes.c_int32),
        ("layout", ctypes.c_int32),
        ("ordered", ctypes.c_int32),
    ]


class _BlockFields(ctypes.Structure):
    """SparsityBlockFields of sparsity-c/Runtime.h."""

    _fields_ = [
        ("positions", _POINTER),
        ("coordinates", _POINTER),
        ("entries", ctypes.c_int64),
        ("values", _POINTER),
        ("metadata", _POINTER),
        ("order", _POINTER),
    ]


class _TileSpec(ctypes.Structure):
    """SparsityUnstructured of sparsity-c/Runtime.h."""

    _fields_ = [
        ("rank", ctypes.c_int64),
        ("shape", ctypes.POINTER(ctypes.c_int64)),
        ("rows", ctypes.c_int64),
        ("columns", ctypes.c_int64),
        ("element_type", ctypes.c_int32),
        ("layout", ctypes.c_int32),
    ]


class _TileFields(ctypes.Structure):
    """SparsityUnstructuredFields of sparsity-c/Runtime.h."""

    _fields_ = [
        ("positions", _POINTER),
        ("coordinates", _POINTER),
        ("bitmap", _POINTER),
        ("offsets", _POINTER),
        ("values", _POINTER),
        ("tiles", ctypes.c_int64),
        ("elements", ctypes.c_int64),
    ]


@functools.lru_cache(maxsize=None)
def _declare():
    library, size = packing._library(), ctypes.POINTER(ctypes.c_int64)
    for kind, spec, fields, sizes in (
        ("Block", _BlockSpec, _BlockFields, 3),
        ("Unstructured", _TileSpec, _TileFields, 2),
    ):
        spec, fields = ctypes.POINTER(spec), ctypes.POINTER(fields)
        counts = sizes - 2 if kind == "Block" else 2
        for name, types in (
            ("Sizes", [spec] + [size] * sizes),
            ("Count", [spec, _POINTER] + [size] * counts),
            ("Pack", [spec, _POINTER, fields]),
            ("Check", [spec, fields]),
            ("Unpack", [spec, fields, _POINTER]),
            ("Prune", [spec, ctypes.c_double, _POINTER]),
        ):
            getattr(library, f"sparsity{kind}{name}").argtypes = types
    block = [ctypes.POINTER(_BlockSpec), ctypes.POINTER(_BlockFields)]
    library.sparsityBlockOrder.argtypes = block


def _call(name, spec, *arguments):
    _declare()
    packing._call(name, spec, *arguments)


def _numbers(name, spec, *arguments, count):
    values = [ctypes.c_int64() for _ in range(count)]
    _call(name, spec, *arguments, *(ctypes.byref(value) for value in values))
    return [value.value for value in values]


def _two_sizes(sizes, what):
    sizes = tuple(sizes)
    if len(sizes) != 2 or not all(isinstance(size, (int, np.integer)) for size in sizes):
        raise TypeError(f"expected {what} of two integers, but got {sizes}")
    return tuple(int(size) for size in sizes)


def _block_spec(shape, block, inner, dtype, layout, ordered=False):
    if layout not in packing.LAYOUTS:
        raise ValueError(f"expected layout row_major or core_matrix, but got {layout}")
    sizes = (ctypes.c_int64 * max(len(shape), 1))(*shape)
    n, m, axis = inner or (0, 0, 0)
    if inner and (n <= 0 or n >= m):
        raise ValueError(f"expected an inner pattern with 0 < n < m, but got {n}:{m}")
    number = dtypes.ELEMENT_TYPES[dtype][0]
    return _BlockSpec(
        len(shape), sizes, *block, n, m, axis, number, packing.LAYOUTS[layout], ordered
    )


def _tile_spec(shape, tile, dtype, layout="row_major"):
    if layout not in _TILE_LAYOUTS:
        raise ValueError(f"expected layout row_major or fragments, but got {layout}")
    sizes = (ctypes.c_int64 * max(len(shape), 1))(*shape)
    number = dtypes.ELEMENT_TYPES[dtype][0]
    return _TileSpec(len(shape), sizes, *tile, number, _TILE_LAYOUTS[layout])


class _Packed:
    """What packed lists share: dataclasses whose first fields are buffers in ABI order."""

    # Buffers that only some types of the same tensor have.
    OPTIONAL = ()

    def buffers(self):
        """The storage buffers, in ABI order, without optional ones."""
        return tuple(buffer for _, buffer in self._present(self.FIELDS))

    def to(self, device):
        """The same with PyTorch tensors on `device` as buffers."""
        present = self._present(self.FIELDS + self.OPTIONAL)
        moved = {name: _to_torch(buffer, device) for name, buffer in present}
        return dataclasses.replace(self, **moved)

    @property
    def nbytes(self):
        """Bytes of all buffers together, optional ones too."""
        present = self._present(self.FIELDS + self.OPTIONAL)
        return sum(_on_host(buffer).nbytes for _, buffer in present)

    def _present(self, names):
        found = ((name, getattr(self, name)) for name in names)
        return [(name, buffer) for name, buffer in found if buffer is not None]

    def _host(self, name, dtype, shape):
        """Field `name` as a contiguous host array of `dtype`; -1 in `shape` is any size."""
        array = np.ascontiguousarray(_on_host(getattr(self, name)))
        if array.dtype.itemsize != np.dtype(dtype).itemsize:
            raise TypeError(f"expected {name} of {np.dtype(dtype)}, but got {array.dtype}")
        fits = len(shape) == array.ndim and all(
            want in (-1, got) for want, got in zip(shape, array.shape)
        )
        if not fits:
            expected = "x".join("?" if size < 0 else str(size) for size in shape)
            found = "x".join(map(str, array.shape)) or "scalar"
            raise ValueError(f"expected {name} of shape {expected}, but got {found}")
        return array.view(dtype)


def _on_host(buffer):
    if not hasattr(buffer, "detach"):
        return np.asarray(buffer)
    buffer = buffer.detach().cpu()
    try:
        return buffer.numpy()
    except TypeError:
        # NumPy cannot take bf16 or 8-bit floats; their bits it can.
        return buffer.view({1: _torch().int8, 2: _torch().int16}[buffer.element_size()]).numpy()


def _torch():
    import torch

    return torch


def _to_torch(buffer, device):
    torch = _torch()
    if isinstance(buffer, np.ndarray):
        if buffer.dtype == np.uint16:
            buffer = torch.from_numpy(buffer.view(np.int16)).view(torch.bfloat16)
        else:
            buffer = torch.from_numpy(buffer)
    return buffer.to(device)


@dataclasses.dataclass
class PackedBlock(_Packed):
    """The storage of a block tensor, in ABI order; `metadata` is None for dense blocks.

    The other fields describe the dense tensor: `shape`, MLIR's name of its element type,
    the `block` sizes, and `inner` as (n, m, axis of a block) or None.

    `order` is what `#sparsity.block<..., ordered>` stores besides: a permutation of the
    rows of blocks, in which kernels visit them. `buffers()` leaves it out, so that one
    object serves both types; `with_order()` computes it for lists that were not made by
    `pack_block`. None if there is none, as in a tensor of rank 3.

    `merged` are the sizes of what is listed and stored as a whole where that is several
    blocks (`#sparsity.block<..., merged = ...>`), else None.
    """

    positions: object
    coordinates: object
    values: object
    metadata: object
    shape: tuple
    dtype: str
    block: tuple
    inner: tuple = None
    layout: str = "row_major"
    order: object = None
    merged: tuple = None

    FIELDS = ("positions", "coordinates", "values", "metadata")
    OPTIONAL = ("order",)

    @property
    def unit(self):
        """The sizes of an entry of the list."""
        return self.merged or self.block

    @property
    def pattern(self):
        """The encoding as MLIR writes it, without an order."""
        text = "#sparsity.block<" + "x".join(map(str, self.block))
        if self.inner:
            text += ", inner = #sparsity.n_of_m<{}:{}, axis = {}".format(*self.inner)
            text += ", layout = core_matrix>" if self.layout == "core_matrix" else ">"
        if self.merged:
            text += ", merged = " + "x".join(map(str, self.merged))
        return text + ">"

    def with_order(self):
        """The same with a good `order` for its lists, on the device of `positions`.

        Rank 2 only. Raises ValueError where positions and coordinates are no list; values
        are not looked at. `order` may be any permutation: the choice is one of speed.
        """
        spec = self._spec(ordered=True)
        groups, _, _ = _numbers("sparsityBlockSizes", spec, count=3)
        positions = self._host("positions", np.int32, (groups + 1,))
        coordinates = self._host("coordinates", np.int32, (-1,))
        order = np.empty(groups, np.int32)
        fields = _BlockFields(
            positions.ctypes.data, coordinates.ctypes.data, coordinates.size, None, None,
            order.ctypes.data,
        )
        _call("sparsityBlockOrder", spec, ctypes.byref(fields))
        if hasattr(self.positions, "detach"):
            order = _to_torch(order, self.positions.device)
        return dataclasses.replace(self, order=order)

    def _spec(self, ordered=None):
        ordered = self.order is not None if ordered is None else ordered
        return _block_spec(self.shape, self.unit, self.inner, self.dtype, self.layout, ordered)

    def _fields(self):
        groups, value_bytes, metadata_bytes = _numbers("sparsityBlockSizes", self._spec(), count=3)
        positions = self._host("positions", np.int32, (groups + 1,))
        coordinates = self._host("coordinates", np.int32, (-1,))
        n = coordinates.size
        if self.inner:
            values = self._host("values", np.uint8, (n, value_bytes))
            metadata = self._host("metadata", np.uint8, (n, metadata_bytes))
        else:
            values = self._host("values", dtypes.storage_of(self.dtype), (n, *self.unit))
            metadata = None
        order = None if self.order is None else self._host("order", np.int32, (groups,))
        arrays = (positions, coordinates, values, metadata, order)
        address = [None if array is None else array.ctypes.data for array in arrays]
        return _BlockFields(address[0], address[1], n, *address[2:]), arrays


@dataclasses.dataclass
class PackedUnstructured(_Packed):
    """The storage of an unstructured tensor, in ABI order; other fields as PackedBlock.
    `bitmap` is None in layout "fragments"."""

    positions: object
    coordinates: object
    bitmap: object
    offsets: object
    values: object
    shape: tuple
    dtype: str
    tile: tuple = (64, 64)
    layout: str = "row_major"

    FIELDS = ("positions", "coordinates", "bitmap", "offsets", "values")

    @property
    def pattern(self):
        """The encoding as MLIR writes it."""
        options = []
        if self.tile != (64, 64):
            options.append("tile = {}x{}".format(*self.tile))
        if self.layout != "row_major":
            options.append(f"layout = {self.layout}")
        return "#sparsity.unstructured" + ("<{}>".format(", ".join(options)) if options else "")

    def _spec(self):
        return _tile_spec(self.shape, self.tile, self.dtype, self.layout)

    def _fields(self):
        groups, words = _numbers("sparsityUnstructuredSizes", self._spec(), count=2)
        positions = self._host("positions", np.int32, (groups + 1,))
        coordinates = self._host("coordinates", np.int32, (-1,))
        n = coordinates.size
        records = self.layout == "fragments"
        bitmap = None if records else self._host("bitmap", np.int64, (n, words))
        offsets = self._host("offsets", np.int32, (n + 1,) if records else (n, words))
        values = self._host("values", dtypes.storage_of(self.dtype), (-1,))
        arrays = (positions, coordinates, bitmap, offsets, values)
        address = [None if array is None else array.ctypes.data for array in arrays]
        return _TileFields(*address, n, values.size), arrays


def pack_block(array, block, inner=None, layout="row_major", dtype=None, merged=None):
    """Packs the blocks of a dense tensor of rank 2 or 3 that hold a non-zero element.

    `block` is (rows, columns), each 1..256; `inner` is (n, m, axis) of an n:m pattern
    inside each block, stored in `layout`. `merged` are larger multiples of `block`: units of
    this size are listed and stored, whole if a block of theirs holds one. `array` and `dtype`
    as in `pack_n_of_m`. In rank 2 the result has an `order` too. Raises ValueError where a
    block does not fit the inner pattern.
    """
    dense, dtype = dtypes.to_storage(array, dtype)
    block = _two_sizes(block, "a block")
    unit = _two_sizes(merged, "a merged block") if merged else block
    if merged and (inner or unit == block or any(u % b for u, b in zip(unit, block))):
        what = f"inner {inner}" if inner else f"{unit[0]}x{unit[1]}"
        raise ValueError(
            "expected merged sizes that are larger multiples of "
            f"{block[0]}x{block[1]}, without an inner pattern, but got {what}"
        )
    ordered = dense.ndim == 2
    spec = _block_spec(dense.shape, unit, inner, dtype, layout, ordered)
    groups, value_bytes, metadata_bytes = _numbers("sparsityBlockSizes", spec, count=3)
    (n,) = _numbers("sparsityBlockCount", spec, dense.ctypes.data, count=1)
    packed = PackedBlock(
        np.empty(groups + 1, np.int32),
        np.empty(n, np.int32),
        np.empty((n, value_bytes), np.uint8) if inner else np.empty((n, *unit), dense.dtype),
        np.empty((n, metadata_bytes), np.uint8) if inner else None,
        dense.shape,
        dtype,
        block,
        tuple(int(value) for value in inner) if inner else None,
        layout,
        np.empty(groups, np.int32) if ordered else None,
        unit if merged else None,
    )
    fields, _ = packed._fields()
    _call("sparsityBlockPack", spec, dense.ctypes.data, ctypes.byref(fields))
    return packed


def pack_unstructured(array, tile=(64, 64), dtype=None, layout="row_major"):
    """Packs the non-zero elements of a dense matrix; `tile` holds a multiple of 64 elements.

    `layout` is "row_major", or "fragments" where the compiled type says so.
    """
    dense, dtype = dtypes.to_storage(array, dtype)
    tile = _two_sizes(tile, "a tile")
    spec = _tile_spec(dense.shape, tile, dtype, layout)
    groups, words = _numbers("sparsityUnstructuredSizes", spec, count=2)
    n, elements = _numbers("sparsityUnstructuredCount", spec, dense.ctypes.data, count=2)
    packed = PackedUnstructured(
        np.empty(groups + 1, np.int32),
        np.empty(n, np.int32),
        np.empty((n, words), np.int64) if words else None,
        np.empty((n, words) if words else n + 1, np.int32),
        np.empty(elements, dense.dtype),
        dense.shape,
        dtype,
        tile,
        layout,
    )
    fields, _ = packed._fields()
    _call("sparsityUnstructuredPack", spec, dense.ctypes.data, ctypes.byref(fields))
    return packed


def _kind(packed):
    return "Block" if isinstance(packed, PackedBlock) else "Unstructured"


def check(packed):
    """Raises ValueError unless the buffers of a PackedBlock or PackedUnstructured, on the
    host or not, hold such a tensor; the message names the buffer and the index in it."""
    fields, arrays = packed._fields()
    _call(f"sparsity{_kind(packed)}Check", packed._spec(), ctypes.byref(fields))
    del arrays


def unpack_list(packed):
    """The dense tensor of a PackedBlock or PackedUnstructured, in storage form; checks."""
    fields, arrays = packed._fields()
    dense = np.empty(packed.shape, dtypes.storage_of(packed.dtype))
    _call(
        f"sparsity{_kind(packed)}Unpack", packed._spec(), ctypes.byref(fields), dense.ctypes.data
    )
    del arrays
    return dense


@dataclasses.dataclass
class StoredDense(_Packed):
    """Weights of a pattern in one dense buffer, as `#sparsity.stored_dense<pattern>` stores
    them: `values` in storage form, the tensor's `shape`, MLIR's name of its element type, and
    the `pattern` as MLIR writes it."""

    values: object
    shape: tuple
    dtype: str
    pattern: str

    FIELDS = ("values",)


def store_dense(packed):
    """The dense storage of what a packer of this package made, for functions that the
    compiler gave `#sparsity.stored_dense` as an argument's type."""
    pattern = packed.pattern
    if getattr(packed, "merged", None):
        pattern = dataclasses.replace(packed, merged=None).pattern
    return StoredDense(packing.unpack(packed), tuple(packed.shape), packed.dtype, pattern)


def prune_block(array, block, density=0.5, inner=None, dtype=None):
    """A copy of `array` with the share `density` of its blocks kept, those of largest
    Frobenius norm, and inside them the pattern `inner`; the others become +0."""
    dense, dtype = dtypes.to_storage(array, dtype)
    dense = dense.copy()
    spec = _block_spec(dense.shape, _two_sizes(block, "a block"), inner, dtype, "row_major")
    _call("sparsityBlockPrune", spec, float(density), dense.ctypes.data)
    return dense


def prune_unstructured(array, density=0.5, dtype=None):
    """A copy of `array` with the share `density` of its elements kept, those of largest
    magnitude (ties to the lowest index, NaN the largest); the others become +0."""
    dense, dtype = dtypes.to_storage(array, dtype)
    dense = dense.copy()
    spec = _tile_spec(dense.shape, (64, 64), dtype)
    _call("sparsityUnstructuredPrune", spec, float(density), dense.ctypes.data)
    return dense
