"""Element types in NumPy: values in f64 to and from the bits that .npy files hold.

Written from the formats' definitions (IEEE 754, bfloat16, OCP 8-bit floating point
specification 1.0); shares nothing with the compiler.
"""

import numpy as np

# MLIR's name: NumPy's type of the bits in a file.
STORAGE = {
    "f16": np.dtype("<f2"),
    "bf16": np.dtype("<u2"),
    "f32": np.dtype("<f4"),
    "f8E4M3FN": np.dtype("u1"),
    "f8E5M2": np.dtype("u1"),
    "i8": np.dtype("i1"),
    "i32": np.dtype("<i4"),
    "i64": np.dtype("<i8"),
    "index": np.dtype("<i8"),
}
FLOATS = ("f16", "bf16", "f32", "f8E4M3FN", "f8E5M2")
# Distance of two neighbours relative to their size; for f32 the error of a sum.
STEP = {"f32": 1e-5, "f16": 1e-3, "bf16": 8e-3, "f8E4M3FN": 0.125, "f8E5M2": 0.25}


def _float8_table(exponent_bits, mantissa_bits, bias, has_infinity):
    table = np.zeros(256)
    for bits in range(256):
        sign = -1.0 if bits & 0x80 else 1.0
        exponent = (bits >> mantissa_bits) & ((1 << exponent_bits) - 1)
        mantissa = bits & ((1 << mantissa_bits) - 1)
        last = (1 << exponent_bits) - 1
        if has_infinity and exponent == last:
            value = np.inf if mantissa == 0 else np.nan
        elif not has_infinity and bits & 0x7F == 0x7F:
            value = np.nan
        elif exponent == 0:
            value = mantissa * 2.0 ** (1 - bias - mantissa_bits)
        else:
            value = (1 + mantissa / (1 << mantissa_bits)) * 2.0 ** (exponent - bias)
        table[bits] = sign * value
    return table


_TABLES = {
    "f8E4M3FN": _float8_table(4, 3, 7, False),
    "f8E5M2": _float8_table(5, 2, 15, True),
}


def decode(bits, dtype):
    """The values in f64 of an array of bits."""
    if dtype == "bf16":
        return (bits.astype(np.uint32) << 16).view(np.float32).astype(np.float64)
    if dtype in _TABLES:
        return _TABLES[dtype][bits]
    return bits.astype(np.float64)


def encode(values, dtype):
    """The bits of the values rounded to nearest, ties to even; saturated in 8 bits."""
    values = np.asarray(values, np.float64)
    if dtype == "bf16":
        bits = values.astype(np.float32).view(np.uint32)
        rounded = (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16
        return np.where(np.isnan(values), 0x7FC0, rounded).astype(np.uint16)
    if dtype in _TABLES:
        # Finite positive values ascend with their bits.
        positive = _TABLES[dtype][:128]
        positive = positive[np.isfinite(positive)]
        magnitude = np.abs(values)
        high = np.clip(np.searchsorted(positive, magnitude), 1, len(positive) - 1)
        low = high - 1
        below, above = magnitude - positive[low], positive[high] - magnitude
        bits = np.where((below < above) | ((below == above) & (low % 2 == 0)), low, high)
        bits = bits | np.where(np.signbit(values), 0x80, 0)
        return np.where(np.isnan(values), 0x7F, bits).astype(np.uint8)
    if dtype in ("i8", "i32", "i64", "index"):
        return np.rint(values).astype(STORAGE[dtype])
    return values.astype(STORAGE[dtype])


def rounded(values, dtype):
    """The values in f64, rounded to the type."""
    return decode(encode(values, dtype), dtype)


def compare(got, expected, dtype, tolerance):
    """None if `got` is near `expected` (both f64), else a sentence that says how far off.

    Two conditions: the Frobenius error relative to the expected values, and each
    element's error, of which `tolerance` of the root mean square and two steps of the
    element type are allowed. NaN has to meet NaN, infinity the same infinity.
    """
    if got.shape != expected.shape:
        return f"expected shape {expected.shape}, but got {got.shape}"
    if dtype not in FLOATS:
        wrong = np.argwhere(got != expected)
        if len(wrong) == 0:
            return None
        at = tuple(wrong[0])
        return f"expected {expected[at]:g} at {at}, but got {got[at]:g} ({len(wrong)} differ)"
    special = ~np.isfinite(expected) | ~np.isfinite(got)
    same = (np.isnan(got) & np.isnan(expected)) | (got == expected)
    if np.any(special & ~same):
        wrong = np.argwhere(special & ~same)
        at = tuple(wrong[0])
        return f"expected {expected[at]:g} at {at}, but got {got[at]:g} ({len(wrong)} differ)"
    if special.all():
        return None
    left, right = got[~special], expected[~special]
    error = np.abs(left - right)
    size = np.sqrt(np.mean(right**2))
    tolerance = max(tolerance, STEP[dtype])
    tiny = 1e-30 if dtype == "f32" else 6e-8 if dtype == "f16" else 2e-3 if dtype == "f8E4M3FN" else 2e-5
    total = np.sqrt(np.mean(error**2))
    allowed = 2 * tolerance * np.abs(right) + 10 * tolerance * size + tiny
    if total <= tolerance * size + tiny and np.all(error <= allowed):
        return None
    # Where the excess is largest, in the array's own indices.
    excess = np.zeros(got.shape)
    excess[~special] = error - allowed
    at = np.unravel_index(np.argmax(excess), got.shape)
    count = int(np.sum(error > allowed))
    return (f"relative error {total / size if size else np.inf:.2e}, tolerance {tolerance:.0e}; "
            f"{count} of {got.size} elements off; at {tuple(int(i) for i in at)} expected "
            f"{expected[at]:.6g}, but got {got[at]:.6g}")
