"""Block and unstructured lists against definitions written here with NumPy alone."""

import dataclasses

import numpy as np
import pytest

import sparsity
from sparsity import dtypes

DTYPES = ["f16", "bf16", "f32", "f8E4M3FN", "f8E5M2", "i8"]


def make_dense(rng, shape, tile, dtype):
    """Elements in storage form; some tiles empty, some full, some with a few elements."""
    rows, columns = tile
    grid = (-(-shape[-2] // rows), -(-shape[-1] // columns))
    shares = rng.choice([0, 0, 0.05, 0.5, 1], size=(*shape[:-2], *grid))
    mask = np.repeat(np.repeat(shares, rows, -2), columns, -1)[..., : shape[-2], : shape[-1]]
    values = rng.standard_normal(shape).astype(np.float32) * 4
    values = np.where(rng.random(shape) < mask, values, np.where(values < 0, -0.0, 0.0))
    return dtypes.encode(values.astype(np.float32), dtype)


def is_nonzero(dense, dtype):
    return dtypes.decode(dense, dtype) != 0


def reference_blocks(dense, block, dtype):
    """positions, coordinates, values by their definition."""
    rows, columns = block
    count = dense.shape[0] if dense.ndim == 3 else 1
    matrices = dense.reshape(count, *dense.shape[-2:])
    pad = ((0, 0), (0, -dense.shape[-2] % rows), (0, -dense.shape[-1] % columns))
    matrices = np.pad(matrices, pad)
    positions, coordinates, values = [0], [], []
    for matrix in matrices:
        for row in range(0, matrix.shape[0], rows):
            for column in range(0, matrix.shape[1], columns):
                tile = matrix[row : row + rows, column : column + columns]
                if is_nonzero(tile, dtype).any():
                    coordinates.append(column // columns)
                    values.append(tile)
            positions.append(len(coordinates))
    values = np.array(values, dense.dtype).reshape(len(values), rows, columns)
    return np.array(positions), np.array(coordinates, int), values


def positive_zeros(dense, dtype):
    return np.where(is_nonzero(dense, dtype), dense, np.zeros_like(dense))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(1, 1), (37, 70), (64, 64), (3, 9, 20), (0, 5), (2, 0, 8)])
@pytest.mark.parametrize("block", [(1, 1), (3, 5), (16, 8), (64, 64)])
def test_block(shape, block, dtype):
    dense = make_dense(np.random.default_rng(0), shape, block, dtype)
    packed = sparsity.pack_block(dense, block, dtype=dtype)
    positions, coordinates, values = reference_blocks(dense, block, dtype)
    np.testing.assert_array_equal(packed.positions, positions)
    np.testing.assert_array_equal(packed.coordinates, coordinates)
    np.testing.assert_array_equal(packed.values.view(np.uint8), values.view(np.uint8))
    sparsity.check(packed)
    unpacked = sparsity.unpack(packed)
    np.testing.assert_array_equal(
        positive_zeros(unpacked, dtype), positive_zeros(dense, dtype)
    )
    assert len(packed.buffers()) == 3
    order = [] if packed.order is None else [packed.order]
    assert packed.nbytes == sum(buffer.nbytes for buffer in (*packed.buffers(), *order))
    assert bool(order) == (len(shape) == 2)
    if order:
        assert packed.order.dtype == np.int32
        assert sorted(packed.order) == list(range(len(positions) - 1))


def block_rows(rows, columns, block):
    """A dense matrix of blocks of ones: rows[g] are the columns of row of blocks g."""
    grid = np.zeros((len(rows), columns), np.float32)
    for group, listed in enumerate(rows):
        grid[group, listed] = 1
    return np.kron(grid, np.ones(block, np.float32))


def test_order():
    rows = [[0], [0, 1, 2], [], [3, 4, 5], [0, 1]]
    # More than 64 rows: longest first, ties to the lower row.
    packed = sparsity.pack_block(block_rows(rows, 6, (65, 2)), (65, 2))
    assert packed.order.tolist() == [1, 3, 4, 0, 2]
    # At most 64: 1 with 4, which it shares most with; then 3 with the lower of none.
    packed = sparsity.pack_block(block_rows(rows, 6, (64, 2)), (64, 2))
    assert packed.order.tolist() == [3, 0, 1, 4, 2]
    assert sparsity.pack_block(np.ones((2, 8, 8), np.float32), (4, 4)).order is None


def test_order_of_own_buffers():
    rows = [[0], [0, 1, 2], [], [3, 4, 5], [0, 1]]
    packed = sparsity.pack_block(block_rows(rows, 6, (4, 2)), (4, 2))
    own = sparsity.PackedBlock(
        packed.positions, packed.coordinates, packed.values, None, packed.shape, "f32", (4, 2)
    )
    assert own.order is None
    sparsity.check(own)
    ordered = own.with_order()
    assert own.order is None
    np.testing.assert_array_equal(ordered.order, packed.order)
    sparsity.check(ordered)
    assert ordered.nbytes == own.nbytes + 20
    assert len(ordered.buffers()) == len(own.buffers()) == 3
    np.testing.assert_array_equal(sparsity.unpack(ordered), sparsity.unpack(own))
    # Values may be where the host does not see them.
    hidden = dataclasses.replace(own, values=sparsity.DeviceArray(0x1000, (9, 4, 2), "f32"))
    np.testing.assert_array_equal(hidden.with_order().order, packed.order)
    bad = dataclasses.replace(own, coordinates=np.array([0, 0, 0, 2, 3, 4, 5, 0, 1], np.int32))
    with pytest.raises(ValueError, match=r"got 0 after 0 at coordinates\[2\] of group 1"):
        bad.with_order()
    short = dataclasses.replace(own, coordinates=own.coordinates[:-1])
    with pytest.raises(ValueError, match=r"positions in 0..8, but got 9 after 7"):
        short.with_order()
    wide = dataclasses.replace(own, positions=own.positions.astype(np.int64))
    with pytest.raises(TypeError, match="expected positions of int32, but got int64"):
        wide.with_order()
    batch = sparsity.pack_block(np.ones((2, 8, 8), np.float32), (4, 4))
    with pytest.raises(ValueError, match="rank 2 for an ordered list, but got rank 3"):
        batch.with_order()


def test_order_moves_with_the_other_buffers():
    torch = pytest.importorskip("torch")
    packed = sparsity.pack_block(np.ones((8, 8), np.float32), (4, 4))
    moved = packed.to("cpu")
    assert isinstance(moved.order, torch.Tensor) and moved.order.tolist() == [0, 1]
    sparsity.check(moved)
    assert moved.nbytes == packed.nbytes
    again = dataclasses.replace(moved, order=None).with_order()
    assert isinstance(again.order, torch.Tensor) and torch.equal(again.order, moved.order)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(1, 1), (37, 70), (64, 64), (130, 257), (0, 5)])
@pytest.mark.parametrize("tile", [(64, 64), (16, 64), (1, 64), (8, 8)])
def test_unstructured(shape, tile, dtype):
    dense = make_dense(np.random.default_rng(1), shape, tile, dtype)
    packed = sparsity.pack_unstructured(dense, tile, dtype=dtype)
    positions, coordinates, tiles = reference_blocks(dense, tile, dtype)
    np.testing.assert_array_equal(packed.positions, positions)
    np.testing.assert_array_equal(packed.coordinates, coordinates)
    bits = is_nonzero(tiles, dtype).reshape(len(tiles), tile[0] * tile[1])
    words = np.packbits(bits, axis=-1, bitorder="little")
    np.testing.assert_array_equal(packed.bitmap.view(np.uint8), words)
    counts = bits.reshape(-1, 64).sum(axis=-1)
    offsets = np.concatenate([[0], np.cumsum(counts)])[:-1].reshape(packed.offsets.shape)
    np.testing.assert_array_equal(packed.offsets, offsets)
    kept = tiles.reshape(bits.shape)[bits]
    np.testing.assert_array_equal(packed.values, kept)
    np.testing.assert_array_equal(sparsity.unpack(packed), positive_zeros(dense, dtype))


@pytest.mark.parametrize("axis", [0, 1])
def test_inner_pattern(axis):
    rng = np.random.default_rng(2)
    dense = rng.standard_normal((70, 90)).astype(np.float16)
    pruned = sparsity.prune_block(dense, (16, 20), density=0.3, inner=(2, 4, axis))
    packed = sparsity.pack_block(pruned, (16, 20), inner=(2, 4, axis))
    np.testing.assert_array_equal(sparsity.unpack(packed), pruned)
    # Blocks by norm, to the nearest count; 2 of 4 inside each block.
    norms = np.add.reduceat(
        np.add.reduceat(dense.astype(np.float64) ** 2, np.arange(0, 70, 16), axis=0),
        np.arange(0, 90, 20),
        axis=1,
    )
    count = int(np.floor(0.3 * norms.size + 0.5))
    largest = np.sort(np.argsort(-norms.reshape(-1))[:count])
    rows = np.repeat(np.arange(5), np.diff(packed.positions))
    np.testing.assert_array_equal(rows * 5 + packed.coordinates, largest)
    with pytest.raises(ValueError, match="expected at most 2 non-zero elements in each group"):
        sparsity.pack_block(dense, (16, 20), inner=(2, 4, axis))


def fragment_record(tile):
    """The record of a 64x64 tile by the definition of docs/Spec.md."""
    words, begins, elements = np.zeros(128, np.uint32), np.zeros(128, np.uint16), []
    for w, s, h, q in np.ndindex(4, 4, 2, 4):
        number = ((4 * w + q) * 4 + s) * 2 + h
        begins[number] = 2 * (384 + len(elements))
        for r, c, e in np.ndindex(2, 4, 4):
            row, column = 16 * w + 8 * h + 2 * q + r, 16 * s + 2 * c + e % 2 + 8 * (e // 2)
            if tile[row, column]:
                words[number] |= np.uint32(1 << (8 * e + 4 * r + c))
                elements.append(tile[row, column])
    record = np.concatenate([words.view(np.uint16), begins, np.array(elements, np.uint16)])
    return np.pad(record, (0, -len(record) % 8))


@pytest.mark.parametrize("shape", [(64, 64), (70, 200), (1, 1), (130, 65)])
@pytest.mark.parametrize("dtype", ["bf16", "f16"])
def test_fragments(shape, dtype):
    rng = np.random.default_rng(sum(shape))
    dense = rng.integers(1, 0x7C00, shape).astype(np.uint16)
    dense[rng.random(shape) < 0.5] = 0
    dense[:, 64:128] = 0
    if dtype == "f16":
        dense = dense.view(np.float16)
    packed = sparsity.pack_unstructured(dense, dtype=dtype, layout="fragments")
    bits = np.pad(dense.view(np.uint16), [(0, -size % 64) for size in shape])
    positions, coordinates, records = [0], [], []
    for row in range(0, bits.shape[0], 64):
        for column in range(0, bits.shape[1], 64):
            tile = bits[row : row + 64, column : column + 64]
            if tile.any():
                coordinates.append(column // 64)
                records.append(fragment_record(tile))
        positions.append(len(coordinates))
    assert packed.bitmap is None
    np.testing.assert_array_equal(packed.positions, positions)
    np.testing.assert_array_equal(packed.coordinates, coordinates)
    np.testing.assert_array_equal(packed.offsets, np.cumsum([0, *map(len, records)]))
    records = np.concatenate([np.zeros(0, np.uint16), *records])
    np.testing.assert_array_equal(packed.values.view(np.uint16), records)
    sparsity.check(packed)
    np.testing.assert_array_equal(sparsity.unpack(packed), dense)


def test_prune_unstructured():
    dense = np.random.default_rng(3).standard_normal((31, 17)).astype(np.float32)
    pruned = sparsity.prune_unstructured(dense, density=0.25)
    count = int(np.floor(0.25 * dense.size + 0.5))
    bound = np.sort(np.abs(dense).reshape(-1))[-count]
    np.testing.assert_array_equal(pruned, np.where(np.abs(dense) >= bound, dense, 0))


def test_check_names_the_place():
    packed = sparsity.pack_block(np.ones((8, 8), np.float32), (4, 4))
    packed.coordinates[3] = 0
    with pytest.raises(ValueError, match=r"ascending coordinates .* 0 after 0 at coordinates\[3\]"):
        sparsity.check(packed)
    packed.coordinates[3] = 2
    with pytest.raises(ValueError, match=r"coordinates below 2, but got 2 at coordinates\[3\]"):
        sparsity.unpack(packed)
    packed.coordinates[3] = 1
    packed.order[:] = [1, 1]
    with pytest.raises(ValueError, match=r"permutation of 0..1, but got 1 twice at order\[1\]"):
        sparsity.check(packed)
    packed.order[:] = [2, 1]
    with pytest.raises(ValueError, match=r"permutation of 0..1, but got 2 at order\[0\]"):
        sparsity.unpack(packed)
    packed.order = packed.order[:1]
    with pytest.raises(ValueError, match="expected order of shape 2, but got 1"):
        sparsity.check(packed)
    packed.order = None
    sparsity.check(packed)
    packed.positions = packed.positions[:-1]
    with pytest.raises(ValueError, match="expected positions of shape 3, but got 2"):
        sparsity.check(packed)
    tiles = sparsity.pack_unstructured(np.ones((8, 8), np.float32), (8, 8))
    tiles.offsets[0, 0] = 1
    with pytest.raises(ValueError, match=r"the offset 0, .* but got 1 at offsets\[0, 0\]"):
        sparsity.check(tiles)


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda x: sparsity.pack_block(x, (4, 0)), "tile sizes in 1..256, but got 0"),
        (lambda x: sparsity.pack_block(x[0], (4, 4)), "rank 2 or 3, but got rank 1"),
        (lambda x: sparsity.pack_block(x, (4, 4), inner=(4, 4, 1)), "0 < n < m, but got 4:4"),
        (lambda x: sparsity.pack_unstructured(x, (3, 3)), "multiple of 64 elements, but got 3x3"),
        (lambda x: sparsity.pack_unstructured(x, layout="csr"),
         "expected layout row_major or fragments, but got csr"),
        (lambda x: sparsity.pack_unstructured(x, layout="fragments"),
         "expected tiles of 64x64 elements of 16 bits for layout fragments"),
        (lambda x: sparsity.prune_block(x, (4, 4), density=2), "density in 0..1, but got 2"),
    ],
)
def test_refusals(call, message):
    with pytest.raises(ValueError, match=message):
        call(np.ones((8, 8), np.float32))


PROGRAM = """
!W = tensor<256x128xf16, #sparsity.block<64x64>>
func.func @main(%x: tensor<64x128xf16>, %w: !W) -> tensor<64x256xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<64x256xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<64x256xf32>) -> tensor<64x256xf32>
  %y = linalg.matmul
      indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>,
                       affine_map<(m, n, k) -> (m, n)>]
      ins(%x, %w : tensor<64x128xf16>, !W) outs(%f : tensor<64x256xf32>) -> tensor<64x256xf32>
  return %y : tensor<64x256xf32>
}
"""


def on_device(packed):
    """Buffers at made-up device addresses."""
    names = {"int32": "i32", "int64": "i64", "float16": "f16"}
    buffers = {
        field: sparsity.DeviceArray(0x10000 * (i + 1), array.shape, names[array.dtype.name])
        for i, field in enumerate(packed.FIELDS + packed.OPTIONAL)
        for array in [getattr(packed, field)]
        if array is not None
    }
    return dataclasses.replace(packed, **buffers)


def test_launch_takes_packed_blocks(translate_tool):
    kernel = sparsity.compile(PROGRAM, "sm_80").kernel()
    dense = np.ones((256, 128), np.float16)
    x = sparsity.DeviceArray(0x1000, (64, 128), "f16")
    y = sparsity.DeviceArray(0x2000, (64, 256), "f32")
    packed = on_device(sparsity.pack_block(dense, (64, 64)))
    values = kernel.plan([x, packed, y])[0][4]
    found = {value.value for value in values}
    assert {0x1000, 0x2000, 0x10000, 0x20000, 0x30000} <= found
    other = on_device(sparsity.pack_block(dense, (64, 32)))
    with pytest.raises(ValueError, match="packed for .*block<64x64>.*, but got block<64x32>"):
        kernel.plan([x, other, y])
    small = on_device(sparsity.pack_block(dense[:128], (64, 64)))
    with pytest.raises(ValueError, match="argument 1 of shape 256x128, but got 128x128"):
        kernel.plan([x, small, y])


def test_launch_takes_records(translate_tool):
    text = PROGRAM.replace("#sparsity.block<64x64>", "#sparsity.unstructured")
    kernel = sparsity.compile(text, "sm_90a").kernel()
    dense = np.ones((256, 128), np.float16)
    x = sparsity.DeviceArray(0x1000, (64, 128), "f16")
    y = sparsity.DeviceArray(0x2000, (64, 256), "f32")
    packed = on_device(sparsity.pack_unstructured(dense, layout="fragments"))
    values = kernel.plan([x, packed, y])[0][4]
    pointers = {value.value for value in values if hasattr(value, "value")}
    assert packed.offsets.address in pointers and packed.values.address in pointers
    rows = on_device(sparsity.pack_unstructured(dense))
    with pytest.raises(ValueError, match="packed for .*layout = fragments.*, but got unstructured"):
        kernel.plan([x, rows, y])


def make_kernel(encoding, fields):
    """A kernel that is given the storage of its one argument and writes one result."""
    arguments = [
        {"kind": "field", "arg": 0, "field": field, "storage": storage,
         "type": f"tensor<256x128xf16, #sparsity.{encoding}>"}
        for field, storage in fields.items()
    ]
    arguments.append({"kind": "result", "result": 0, "type": "tensor<4xf32>", "shape": ["4"],
                      "symbols": []})
    launch = {"kernel": "k", "grid": ["1", "1", "1"], "block": [32, 1, 1], "shared": 0,
              "symbols": [], "params": [f"pointer of argument {i}" for i in range(len(arguments))]}
    return sparsity.Kernel("main", "", arguments, [launch])


LIST = {"positions": "tensor<5xi32>", "coordinates": "tensor<?xi32>"}
DENSE = {**LIST, "values": "tensor<?x64x64xf16>"}
VNM = {**LIST, "values": "tensor<?x64x32xf16>", "metadata": "tensor<?x64x8xi8>"}
ORDER = {"order": "tensor<4xi32>"}


@pytest.mark.parametrize(
    "encoding, fields, inner",
    [
        ("block<64x64>", DENSE, None),
        ("block<64x64, ordered>", {**DENSE, **ORDER}, None),
        ("block<64x64, inner = #sparsity.n_of_m<2:4, axis = 1>>", VNM, (2, 4, 1)),
        ("block<64x64, inner = #sparsity.n_of_m<2:4, axis = 1>, ordered>", {**VNM, **ORDER},
         (2, 4, 1)),
    ],
)
def test_one_packed_object_serves_both_types(encoding, fields, inner):
    dense = np.zeros((256, 128), np.float16)
    dense[::2, ::2] = 1
    packed = sparsity.pack_block(dense, (64, 64), inner=inner)
    buffers = {
        name: sparsity.DeviceArray(
            0x10000 * (i + 1), array.shape, {"i": "i32", "f": "f16", "u": "i8"}[array.dtype.kind])
        for i, name in enumerate(packed.FIELDS + packed.OPTIONAL)
        for array in [getattr(packed, name)]
        if array is not None
    }
    packed = dataclasses.replace(packed, **buffers)
    y = sparsity.DeviceArray(0x2000, (4,), "f32")
    found = make_kernel(encoding, fields).plan([packed, y])[0][4]
    expected = [buffers[name].address for name in fields] + [0x2000]
    assert [value.value for value in found] == expected


def test_an_ordered_type_asks_for_an_order():
    kernel = make_kernel("block<64x64, ordered>", {**DENSE, **ORDER})
    y = sparsity.DeviceArray(0x2000, (4,), "f32")
    packed = on_device(sparsity.pack_block(np.ones((256, 128), np.float16), (64, 64)))
    unordered = dataclasses.replace(packed, order=None)
    with pytest.raises(ValueError, match=r"argument 0 with an order, .*PackedBlock.with_order\(\)"):
        kernel.plan([unordered, y])
    with pytest.raises(TypeError, match=r"with a buffer order, but got tuple .*with_order\(\)"):
        kernel.plan([unordered.buffers(), y])
    short = dataclasses.replace(packed, order=sparsity.DeviceArray(0x9000, (3,), "i32"))
    with pytest.raises(ValueError, match="expected order of argument 0 of 16 bytes, but got 12"):
        kernel.plan([short, y])
    other = on_device(sparsity.pack_block(np.ones((256, 128), np.float16), (64, 32)))
    with pytest.raises(ValueError, match="packed for .*64x64, ordered>.*, but got block<64x32>"):
        kernel.plan([other, y])


MERGED = {"positions": "tensor<3xi32>", "coordinates": "tensor<?xi32>",
          "values": "tensor<?x128x64xf16>"}


@pytest.mark.parametrize("dtype", DTYPES)
def test_merged_blocks_are_stored_as_units(dtype):
    dense = make_dense(np.random.default_rng(0), (37, 70), (8, 4), dtype)
    merged = sparsity.pack_block(dense, (8, 4), dtype=dtype, merged=(16, 12))
    units = sparsity.pack_block(dense, (16, 12), dtype=dtype)
    for name in ("positions", "coordinates", "values", "order"):
        np.testing.assert_array_equal(
            getattr(merged, name).view(np.uint8), getattr(units, name).view(np.uint8))
    sparsity.check(merged)
    assert merged.with_order().merged == (16, 12)
    np.testing.assert_array_equal(
        positive_zeros(sparsity.unpack(merged), dtype), positive_zeros(dense, dtype))


def test_launch_takes_merged_blocks():
    kernel = make_kernel("block<64x32, merged = 128x64, ordered>",
                         {**MERGED, "order": "tensor<2xi32>"})
    y = sparsity.DeviceArray(0x2000, (4,), "f32")
    dense = np.ones((256, 128), np.float16)
    merged = on_device(sparsity.pack_block(dense, (64, 32), merged=(128, 64)))
    assert len(kernel.plan([merged, y])[0][4]) == 5
    units = on_device(sparsity.pack_block(dense, (128, 64)))
    with pytest.raises(ValueError, match="merged = 128x64, ordered>>, but got block<128x64>"):
        kernel.plan([units, y])


PACKERS = {
    "#sparsity.n_of_m<2:4, axis = 1>": lambda x, t: sparsity.pack_n_of_m(x, 2, 4, 1, dtype=t),
    "#sparsity.block<16x32>": lambda x, t: sparsity.pack_block(x, (16, 32), dtype=t),
    "#sparsity.block<16x32, inner = #sparsity.n_of_m<2:4, axis = 1>>":
        lambda x, t: sparsity.pack_block(x, (16, 32), inner=(2, 4, 1), dtype=t),
    "#sparsity.unstructured": lambda x, t: sparsity.pack_unstructured(x, dtype=t),
    "#sparsity.unstructured<tile = 16x64>":
        lambda x, t: sparsity.pack_unstructured(x, (16, 64), dtype=t),
}


@pytest.mark.parametrize("dtype", ["f16", "bf16", "f8E4M3FN", "i8"])
@pytest.mark.parametrize("pattern", PACKERS)
def test_store_dense(pattern, dtype):
    dense = make_dense(np.random.default_rng(0), (64, 128), (16, 32), dtype)
    dense = sparsity.prune_n_of_m(dense, 2, 4, axis=1, dtype=dtype)
    packed = PACKERS[pattern](dense, dtype)
    stored = sparsity.store_dense(packed)
    assert (stored.pattern, stored.dtype, stored.shape) == (pattern, dtype, (64, 128))
    np.testing.assert_array_equal(
        positive_zeros(stored.values, dtype), positive_zeros(dense, dtype))
    assert stored.nbytes == dense.nbytes


@pytest.mark.parametrize("pattern", PACKERS)
def test_launch_takes_dense_storage_by_its_pattern(pattern):
    kernel = make_kernel(
        f"stored_dense<{pattern}>".replace("sparsity.stored_dense<#", "stored_dense<#"),
        {"values": "tensor<256x128xf16>"})
    dense = sparsity.prune_n_of_m(np.ones((256, 128), np.float16), 2, 4, axis=1)
    y = sparsity.DeviceArray(0x2000, (4,), "f32")
    packed = PACKERS[pattern](dense, "f16")
    found = kernel.plan([on_device(sparsity.store_dense(packed)), y])[0][4]
    assert [value.value for value in found] == [0x10000, 0x2000]
    # Packed as the program said it, and by another pattern.
    with pytest.raises(ValueError, match=r"packed for .*stored_dense<.*store_dense\(\)"):
        kernel.plan([packed, y])
    other = sparsity.store_dense(sparsity.pack_block(dense, (8, 8)))
    with pytest.raises(ValueError, match="but got stored_dense<#sparsity.block<8x8>>"):
        kernel.plan([on_device(other), y])


def test_merged_refusals():
    dense = np.ones((8, 8), np.float32)
    for options in (dict(merged=(6, 8)), dict(merged=(4, 4)), dict(merged=(8, 8), inner=(2, 4, 1))):
        with pytest.raises(ValueError, match="larger multiples of 4x4"):
            sparsity.pack_block(dense, (4, 4), **options)
