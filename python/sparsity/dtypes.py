"""Element types: their names in MLIR, their storage in NumPy, and small floats.

NumPy has no bf16 and no 8-bit float; these are arrays of their bit patterns (uint16,
uint8) with the type named beside them, or arrays of the package `ml_dtypes`.
"""

import numpy as np

# Name in MLIR: (number in SparsityElementType of sparsity-c/Runtime.h, NumPy storage).
ELEMENT_TYPES = {
    "f16": (0, np.dtype(np.float16)),
    "bf16": (1, np.dtype(np.uint16)),
    "f32": (2, np.dtype(np.float32)),
    "f64": (3, np.dtype(np.float64)),
    "f8E4M3FN": (4, np.dtype(np.uint8)),
    "f8E5M2": (5, np.dtype(np.uint8)),
    "i8": (6, np.dtype(np.int8)),
    "i32": (7, np.dtype(np.int32)),
    "i64": (8, np.dtype(np.int64)),
    "i1": (9, np.dtype(np.bool_)),
}

_BY_NUMPY_NAME = {
    "float16": "f16",
    "bfloat16": "bf16",
    "float32": "f32",
    "float64": "f64",
    "float8_e4m3fn": "f8E4M3FN",
    "float8_e5m2": "f8E5M2",
    "int8": "i8",
    "int32": "i32",
    "int64": "i64",
    "bool": "i1",
}

# Exponent bits, mantissa bits, whether the format has infinities.
_SMALL_FLOATS = {"bf16": (8, 7, True), "f8E4M3FN": (4, 3, False), "f8E5M2": (5, 2, True)}


def element_type(dtype):
    """MLIR's name of a NumPy or PyTorch dtype; TypeError for any other."""
    name = getattr(dtype, "name", None) or str(dtype)
    name = _BY_NUMPY_NAME.get(name.replace("torch.", ""))
    if name is None:
        raise TypeError(
            f"expected an element type among {', '.join(_BY_NUMPY_NAME)}, but got {dtype}"
        )
    return name


def storage_of(name):
    """The NumPy dtype that holds elements of `name`; TypeError for an unknown name."""
    if name not in ELEMENT_TYPES:
        raise TypeError(
            f"expected an element type among {', '.join(ELEMENT_TYPES)}, but got {name}"
        )
    return ELEMENT_TYPES[name][1]


def to_storage(array, name=None):
    """(C-contiguous array in storage dtype, element type name) of `array`.

    `array` is a NumPy array or a PyTorch tensor on the CPU. `name` is needed where the
    dtype does not say it: uint16 for "bf16", uint8 for an 8-bit float.
    """
    if hasattr(array, "detach"):
        return _from_torch(array, name)
    array = np.asarray(array)
    if name is None:
        if array.dtype.name in ("uint8", "uint16"):
            raise TypeError(
                "expected dtype= to name the element type of bit patterns (bf16, f8E4M3FN "
                f"or f8E5M2), but got an array of {array.dtype} without it"
            )
        name = element_type(array.dtype)
    storage = storage_of(name)
    if array.dtype != storage:
        if array.dtype.name not in _BY_NUMPY_NAME or element_type(array.dtype) != name:
            raise TypeError(
                f"expected an array of {storage} for element type {name}, but got "
                f"{array.dtype}"
            )
        array = array.view(storage)
    return np.ascontiguousarray(array), name


def _from_torch(tensor, name):
    import torch

    if tensor.device.type != "cpu":
        raise TypeError(f"expected a tensor on the CPU, but got one on {tensor.device}")
    found = element_type(tensor.dtype)
    if name not in (None, found):
        raise TypeError(f"expected a tensor of {name}, but got {found}")
    storage = storage_of(found)
    tensor = tensor.detach().contiguous()
    if storage.kind == "u":
        # NumPy cannot take these dtypes; an integer view of the same size can.
        signed = {1: torch.int8, 2: torch.int16}[storage.itemsize]
        return tensor.view(signed).numpy().view(storage), found
    return tensor.numpy(), found


def decode(array, name):
    """Elements of `name` in storage form as float32 (float64 and integers unchanged)."""
    array = np.asarray(array)
    if name == "f16":
        return array.astype(np.float32)
    if name == "bf16":
        return (array.astype(np.uint32) << 16).view(np.float32)
    if name in _SMALL_FLOATS:
        return _decode_table(name)[array]
    return array


def encode(array, name):
    """Rounds float32 to `name` in storage form, to nearest, ties to even."""
    array = np.asarray(array)
    if name == "bf16":
        bits = np.ascontiguousarray(array, np.float32).view(np.uint32)
        rounded = (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16
        quiet = (bits >> 16) | 0x40
        return np.where(np.isnan(array), quiet, rounded).astype(np.uint16)
    if name in _SMALL_FLOATS:
        return _encode_small(np.asarray(array, np.float32), name)
    return array.astype(storage_of(name))


def _decode_table(name):
    exponent_bits, mantissa_bits, has_infinity = _SMALL_FLOATS[name]
    code = np.arange(256)
    exponent = (code >> mantissa_bits) & ((1 << exponent_bits) - 1)
    mantissa = code & ((1 << mantissa_bits) - 1)
    bias = (1 << (exponent_bits - 1)) - 1
    fraction = mantissa / 2.0**mantissa_bits + (exponent > 0)
    value = fraction * 2.0 ** (np.maximum(exponent, 1) - bias)
    top = exponent == (1 << exponent_bits) - 1
    if has_infinity:
        value = np.where(top, np.where(mantissa == 0, np.inf, np.nan), value)
    else:
        value = np.where(top & (mantissa == (1 << mantissa_bits) - 1), np.nan, value)
    return (np.where(code & 0x80, -value, value)).astype(np.float32)


def _encode_small(array, name):
    table = _decode_table(name)[:128].astype(np.float64)
    finite = np.flatnonzero(np.isfinite(table))
    values = table[finite]
    # What rounds beyond the largest finite value takes the code after it.
    step = values[-1] - values[-2]
    magnitude = np.abs(array.astype(np.float64))
    bounds = np.append((values[1:] + values[:-1]) / 2, values[-1] + step / 2)
    code = np.searchsorted(bounds, magnitude, side="left")
    # A tie is at bounds[code]: the even code of the two neighbours.
    tie = (code < len(bounds)) & (magnitude == bounds[np.minimum(code, len(bounds) - 1)])
    code = np.where(tie & (code % 2 == 1), code + 1, code)
    code = np.where(np.isnan(array), 0x7F, code)
    return (code | np.where(np.signbit(array), 0x80, 0)).astype(np.uint8)
