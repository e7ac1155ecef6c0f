"""Packing, unpacking and pruning against the definitions of the layouts."""

import numpy as np
import pytest

import nm_reference
import sparsity
from sparsity import dtypes

pytestmark = pytest.mark.usefixtures("runtime_library")

PATTERNS = [(2, 4), (1, 4), (1, 2), (4, 8), (3, 5), (7, 16), (2, 8)]
STORED = ["f16", "bf16", "f32", "f64", "i8", "i32", "f8E4M3FN", "f8E5M2"]


def random_storage(shape, dtype, seed=0):
    """Random elements in storage form, without zeros, infinities and NaN."""
    values = np.random.default_rng(seed).standard_normal(shape)
    if dtype in ("i8", "i32", "i64"):
        return np.where(values < 0, -1, 1) * (1 + np.abs(values * 20).astype(np.int64) % 100)
    return np.where(np.abs(values) < 0.05, 0.5, values)


def make(shape, dtype, n, m, axis, seed=0):
    """A pruned tensor in storage form."""
    stored = dtypes.encode(random_storage(shape, dtype, seed).astype(
        np.float32 if dtype not in ("i8", "i32", "i64", "f64") else dtypes.storage_of(dtype)
    ), dtype)
    decoded = dtypes.decode(stored, dtype).astype(np.float64)
    return np.where(nm_reference.prune(decoded, n, m, axis) != 0, stored, 0).astype(stored.dtype)


@pytest.mark.parametrize("dtype", STORED)
@pytest.mark.parametrize("n, m", PATTERNS)
@pytest.mark.parametrize("shape, axis", [((5, 33), 1), ((17, 6), 0), ((2, 9, 5), 1)])
def test_row_major(dtype, n, m, shape, axis):
    dense = make(shape, dtype, n, m, axis)
    packed = sparsity.pack_n_of_m(dense, n, m, axis=axis, layout="row_major", dtype=dtype)
    values, metadata = nm_reference.row_major(dense, n, m, axis)
    assert packed.values.tobytes() == values.tobytes()
    assert packed.metadata.tobytes() == metadata.tobytes()
    assert packed.nbytes == values.nbytes + metadata.nbytes
    assert np.array_equal(sparsity.unpack(packed), dense)


@pytest.mark.parametrize("dtype", ["f16", "bf16", "f32", "i8", "f8E4M3FN", "f8E5M2"])
@pytest.mark.parametrize("shape, axis", [((70, 200), 1), ((130, 65), 0), ((3, 40, 20), 2)])
def test_core_matrix(dtype, shape, axis):
    n, m = (1, 2) if dtype == "f32" else (2, 4)
    dense = make(shape, dtype, n, m, axis, seed=3)
    packed = sparsity.pack_n_of_m(dense, n, m, axis=axis, layout="core_matrix", dtype=dtype)
    values, metadata = nm_reference.core_matrix(dense, axis)
    assert packed.values.tobytes() == values.tobytes()
    assert packed.metadata.tobytes() == metadata.tobytes()
    assert np.array_equal(sparsity.unpack(packed), dense)


@pytest.mark.parametrize("n, m", PATTERNS)
@pytest.mark.parametrize("dtype", ["f16", "f32", "i8", "bf16", "f8E4M3FN"])
def test_prune(dtype, n, m):
    source = random_storage((6, 37), dtype, seed=n * 16 + m)
    stored = dtypes.encode(source.astype(np.float32), dtype)
    pruned = sparsity.prune_n_of_m(stored, n, m, axis=1, dtype=dtype)
    decoded = dtypes.decode(stored, dtype).astype(np.float64)
    expected = nm_reference.prune(decoded, n, m, 1)
    assert np.array_equal(dtypes.decode(pruned, dtype).astype(np.float64), expected)


def test_prune_leaves_its_argument():
    source = np.ones((4, 8), np.float32)
    pruned = sparsity.prune_n_of_m(source, 2, 4)
    assert source.sum() == 32
    assert np.array_equal(pruned, np.tile([1, 1, 0, 0], (4, 2)))  # ties: the first two


def test_prune_of_nan_and_infinity():
    source = np.array([[np.nan, 3, np.inf, -5]], np.float16)
    pruned = sparsity.prune_n_of_m(source, 1, 4)
    assert np.isnan(pruned[0, 0]) and not pruned[0, 1:].any()


def test_negative_zero_is_zero():
    dense = np.array([[-0.0, 1, -0.0, 2]] * 3, np.float32)
    packed = sparsity.pack_n_of_m(dense, 2, 4, layout="row_major")
    assert not np.signbit(sparsity.unpack(packed)).any()


def test_strided_source():
    whole = make((8, 16), "f16", 2, 4, 0)
    view = whole.T
    packed = sparsity.pack_n_of_m(view, 2, 4, axis=1, layout="row_major")
    assert np.array_equal(sparsity.unpack(packed), view)


def test_empty():
    packed = sparsity.pack_n_of_m(np.zeros((0, 8), np.float16), 2, 4, axis=1, layout="row_major")
    assert sparsity.unpack(packed).shape == (0, 8)


def test_small_float_codes():
    for dtype in ("f8E4M3FN", "f8E5M2"):
        codes = np.arange(256, dtype=np.uint8)
        values = dtypes.decode(codes, dtype)
        known = ~np.isnan(values)
        assert np.array_equal(dtypes.encode(values, dtype)[known], codes[known])
    # OCP 8-bit floating point specification, table 1.
    assert dtypes.decode(np.uint8([0x7E, 0x01, 0x08]), "f8E4M3FN").tolist() == [
        448, 2.0**-9, 2.0**-6]
    assert dtypes.decode(np.uint8([0x7B, 0x01, 0x04, 0x7C]), "f8E5M2").tolist() == [
        57344, 2.0**-16, 2.0**-14, np.inf]
    # Ties go to the even code.
    assert dtypes.encode(np.float32([1.0625, 1.1875, 1.25]), "f8E4M3FN").tolist() == [
        0x38, 0x3A, 0x3A]
    assert dtypes.encode(np.float32([1.00390625, 1.01171875]), "bf16").tolist() == [0x3F80, 0x3F82]


@pytest.mark.parametrize(
    "call, error, message",
    [
        (lambda: sparsity.pack_n_of_m(np.ones((2, 8), np.float16), 2, 4), ValueError,
         "expected at most 2 non-zero elements in each group of 4 along axis 1, but got 4 at row "
         "0"),
        (lambda: sparsity.pack_n_of_m(np.zeros((2, 8), np.float16), 2, 4, axis=2), ValueError,
         "expected an axis of a tensor of rank 2, but got axis 2"),
        (lambda: sparsity.pack_n_of_m(np.zeros((2, 8), np.float16), 4, 2), ValueError,
         "expected 0 < n < m <= 16, but got 4:2"),
        (lambda: sparsity.pack_n_of_m(np.zeros((2, 8), np.float16), 2, 4, layout="csr"),
         ValueError, "expected layout row_major or core_matrix, but got csr"),
        (lambda: sparsity.pack_n_of_m(np.zeros((2, 8), np.uint16), 2, 4), TypeError,
         "expected dtype= to name the element type"),
        (lambda: sparsity.pack_n_of_m(np.zeros((2, 8), np.complex64), 2, 4), TypeError,
         "expected an element type among"),
        (lambda: sparsity.pack_n_of_m(np.zeros((2, 8), np.float32), 2, 4, dtype="bf16"),
         TypeError, "expected an array of uint16 for element type bf16, but got float32"),
        (lambda: sparsity.pack_n_of_m(np.zeros((2, 8), np.float16), 2.0, 4), TypeError,
         "expected n to be an integer, but got 2.0"),
        (lambda: sparsity.pack_n_of_m(np.zeros((2, 10), np.float16), 3, 5), ValueError,
         "expected"),
        (lambda: dtypes.storage_of("f4"), TypeError, "expected an element type among"),
    ],
)
def test_errors(call, error, message):
    with pytest.raises(error) as caught:
        call()
    assert message in str(caught.value)


def test_unpack_refuses_wrong_sizes():
    packed = sparsity.pack_n_of_m(np.zeros((4, 8), np.float16), 2, 4, layout="row_major")
    packed.values = packed.values[:-2]
    with pytest.raises(ValueError, match="expected values of 32 bytes, but got 30"):
        sparsity.unpack(packed)


def test_unpack_refuses_descending_positions():
    packed = sparsity.pack_n_of_m(np.zeros((1, 4), np.float16), 2, 4, layout="row_major")
    packed.metadata = np.array([0b0001], np.uint8)
    with pytest.raises(ValueError, match="row 0"):
        sparsity.unpack(packed)
