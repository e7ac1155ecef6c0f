"""Python code for the instructions that touch registers only.

A register is a NumPy array of 32 lanes that holds raw bits (uint16, uint32, uint64, bool)
and is never changed in place. Every instruction becomes one statement; runs of them are
compiled into two functions: for warps whose lanes are all active, and for others.
"""

import numpy as np

from ptx import (
    EmulationError,
    Immediate,
    Register,
    Special,
    Symbol,
    Vector,
)

LANES = 32
# Windows of the generic address space.
PARAMETERS = 0x0100_0000_0000
SHARED = 0x0200_0000_0000
# Where dynamic shared memory starts in the window of a block: behind 1 KB of the system.
SHARED_BASE = 1024
RANK_SHIFT = 24

_TYPES = {
    "u8": "u1", "s8": "i1", "b8": "u1",
    "u16": "u2", "s16": "i2", "b16": "u2", "f16": "f2",
    "u32": "u4", "s32": "i4", "b32": "u4", "f32": "f4",
    "u64": "u8", "s64": "i8", "b64": "u8", "f64": "f8",
}  # fmt: skip
_BITS = {1: "?", 8: "u1", 16: "u2", 32: "u4", 64: "u8"}
_BITS_OF = {"pred": 1, "bf16": 16, "f16x2": 32, "bf16x2": 32}
_BITS_OF.update({name: int(name[1:]) for name in _TYPES})


def bits_of(type_name):
    return _BITS_OF[type_name]


# ---------------------------------------------------------------------------
# What the generated code calls.


def bf16_to_f32(bits):
    return (bits.astype(np.uint32) << 16).view(np.float32)


def round_to_tf32(bits):
    """Bits of f32, rounded to the nearest number with 10 bits of mantissa, ties away from zero."""
    bits = np.asarray(bits, np.uint32)
    finite = (bits & 0x7F800000) != 0x7F800000
    rounded = (bits + np.uint32(0x1000)) & np.uint32(0xFFFFE000)
    return np.where(finite, rounded, bits)


def f32_to_bf16(value):
    bits = np.ascontiguousarray(value, np.float32).view(np.uint32)
    rounded = (bits + np.uint32(0x7FFF) + ((bits >> 16) & 1)) >> 16
    return np.where(np.isnan(value), 0x7FFF, rounded).astype(np.uint16)


def f64_to_bf16(value):
    """One rounding, to nearest even, of normal numbers."""
    fraction, exponent = np.frexp(np.asarray(value, np.float64))
    rounded = np.ldexp(np.rint(np.ldexp(fraction, 8)), exponent - 8)
    return f32_to_bf16(rounded.astype(np.float32))


def _shift(value, amount, left):
    bits = value.dtype.itemsize * 8
    inside = np.minimum(amount, bits - 1).astype(value.dtype)
    shifted = value << inside if left else value >> inside
    if value.dtype.kind == "i" and not left:
        return shifted  # Fills with the sign.
    return np.where(amount >= bits, value.dtype.type(0), shifted)


def shift_left(value, amount):
    return _shift(value, amount, True)


def shift_right(value, amount):
    return _shift(value, amount, False)


def divide(a, b):
    """Rounded to zero; all ones where the divisor is 0."""
    safe = np.where(b == 0, b.dtype.type(1), b)
    quotient = a // safe
    if a.dtype.kind == "i":
        quotient = quotient + ((quotient < 0) & (quotient * safe != a)).astype(a.dtype)
        # NumPy rounds to minus infinity, so -1 // 2 == -1 must become 0.
    return np.where(b == 0, ~np.zeros_like(a), quotient)


def remainder(a, b):
    return a - divide(a, b) * b


def to_integer(value, dtype, mode):
    """A float to an integer: NaN becomes 0, the rest is clamped."""
    value = np.asarray(value, np.float64)
    rounding = {"rni": np.rint, "rzi": np.trunc, "rmi": np.floor, "rpi": np.ceil}[mode]
    limits = np.iinfo(dtype)
    rounded = np.nan_to_num(rounding(value), nan=0.0, posinf=np.inf, neginf=-np.inf)
    low = rounded <= limits.min
    high = rounded >= limits.max
    inside = np.where(low | high, 0, rounded).astype(dtype)
    return np.where(high, limits.max, np.where(low, limits.min, inside)).astype(dtype)


def high_product(a, b):
    if a.dtype.itemsize == 8:
        product = a.astype(object) * b.astype(object)
        bits = [(int(one) >> 64) & (2**64 - 1) for one in product]
        return np.array(bits, np.uint64).view(a.dtype)
    wide = np.dtype(f"{a.dtype.kind}{a.dtype.itemsize * 2}")
    return ((a.astype(wide) * b.astype(wide)) >> (a.dtype.itemsize * 8)).astype(a.dtype)


def extract_bits(value, first, length):
    bits = value.dtype.itemsize * 8
    unsigned = value.view(f"u{value.dtype.itemsize}")
    first = (first & 0xFF).astype(np.uint64)
    length = (length & 0xFF).astype(np.uint64)
    mask = np.where(length >= 64, ~np.uint64(0), (np.uint64(1) << np.minimum(length, 63)) - 1)
    field = shift_right(unsigned.astype(np.uint64), first) & mask
    if value.dtype.kind == "i":
        sign = (length > 0) & ((field >> np.maximum(length, 1) - np.uint64(1)) & 1 == 1)
        field = np.where(sign & (length < bits), field | ~mask, field)
    return field.astype(unsigned.dtype).view(value.dtype)


def insert_bits(field, into, first, length):
    first, length = (first & 0xFF).astype(np.uint64), (length & 0xFF).astype(np.uint64)
    mask = np.where(length >= 64, ~np.uint64(0), (np.uint64(1) << np.minimum(length, 63)) - 1)
    mask = shift_left(mask, first)
    moved = shift_left(field.astype(np.uint64), first)
    return ((into.astype(np.uint64) & ~mask) | (moved & mask)).astype(into.dtype)


def permute_bytes(a, b, selector):
    source = a.astype(np.uint64) | b.astype(np.uint64) << np.uint64(32)
    result = np.zeros(LANES, np.uint64)
    for position in range(4):
        nibble = (selector >> np.uint32(4 * position)).astype(np.uint64)
        byte = (source >> ((nibble & 7) * np.uint64(8))) & 0xFF
        sign = np.where(byte & 0x80, np.uint64(0xFF), np.uint64(0))
        result |= np.where(nibble & 8, sign, byte) << np.uint64(8 * position)
    return result.astype(np.uint32)


def nan_max(a, b):
    return np.maximum(a, b)


def number_max(a, b):
    return np.fmax(a, b)


def nan_min(a, b):
    return np.minimum(a, b)


def number_min(a, b):
    return np.fmin(a, b)


def popcount(value):
    return np.array([bin(int(one)).count("1") for one in value], np.uint32)


def dot_bytes(a, b, c):
    """dp4a of unsigned bytes."""
    products = a.view(np.uint8).astype(np.uint32) * b.view(np.uint8)
    return c + products.reshape(-1, 4).sum(axis=1, dtype=np.uint32)


def dot_halves(a, b, c, first):
    """dp2a of unsigned 16-bit numbers and the bytes `first` and on."""
    bytes_ = b.view(np.uint8).reshape(-1, 4)[:, first : first + 2]
    products = a.view(np.uint16).reshape(-1, 2).astype(np.uint32) * bytes_
    return c + products.sum(axis=1, dtype=np.uint32)


def leading_zeros(value):
    bits = value.dtype.itemsize * 8
    return np.array([bits - int(one).bit_length() for one in value], np.uint32)


def map_shared(address, rank):
    """Addresses in other blocks. Ranks that do not exist make addresses that may not be used:
    compilers move the instruction out of branches."""
    offset = address & np.uint32((1 << RANK_SHIFT) - 1)
    number = np.minimum(rank, np.uint32(0xFE)) + np.uint32(1)
    return offset | (number << np.uint32(RANK_SHIFT))


def to_half_pair(low, high):
    """Two arrays of 16 bits as one of 32."""
    return low.astype(np.uint32) | (high.astype(np.uint32) << np.uint32(16))


def to_f16(value):
    with np.errstate(over="ignore"):
        return np.asarray(value).astype(np.float16).view(np.uint16)


def from_f16(bits):
    return bits.view(np.float16).astype(np.float32)


def from_pair(bits, decode):
    low = decode((bits & np.uint32(0xFFFF)).astype(np.uint16))
    return low, decode((bits >> np.uint32(16)).astype(np.uint16))


def to_float8_pair(high, low, name):
    from sparsity import dtypes

    limit = {"f8E4M3FN": 448.0, "f8E5M2": 57344.0}[name]

    def one(value):
        finite = np.where(np.isnan(value), value, np.clip(value, -limit, limit))
        return dtypes.encode(finite, name).astype(np.uint16)

    return one(low) | (one(high) << np.uint16(8))


def from_float8_pair(bits, name):
    from sparsity import dtypes

    table = dtypes.decode(np.arange(256, dtype=np.uint8), name)
    return to_half_pair(to_f16(table[bits & 0xFF]), to_f16(table[bits >> 8]))


# ---------------------------------------------------------------------------
# Code.

_COMPARE = {"eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}
_UNSIGNED_COMPARE = {"lo": "<", "ls": "<=", "hi": ">", "hs": ">="}
_FLOATS = ("f16", "bf16", "f32", "f64", "f16x2", "bf16x2")
_UNARY_MATH = {
    "sqrt": "np.sqrt({0})", "rsqrt": "1 / np.sqrt({0})", "rcp": "1 / {0}",
    "ex2": "np.exp2({0})", "lg2": "np.log2({0})", "tanh": "np.tanh({0})",
    "sin": "np.sin({0})", "cos": "np.cos({0})", "neg": "-({0})", "abs": "np.abs({0})",
}  # fmt: skip
_BINARY_MATH = {"add": "{0} + {1}", "sub": "{0} - {1}", "mul": "{0} * {1}", "div": "{0} / {1}"}
NAMES = frozenset(
    "add sub mul mad fma div rem min max neg abs and or xor not shl shr bfe bfi prmt selp "
    "setp cvt mov cvta mapa sqrt rsqrt rcp ex2 lg2 tanh sin cos popc clz dp4a dp2a".split()
)


class Coder:
    """Statements of one kernel's instructions."""

    def __init__(self, kernel, parameter_offsets, symbols):
        self.kernel = kernel
        self.parameters = parameter_offsets
        self.symbols = symbols
        self.constants = []
        self._known = {}

    def constant(self, value, dtype):
        key = (value, dtype)
        if key not in self._known:
            self._known[key] = len(self.constants)
            if dtype == "?":
                array = np.full(LANES, bool(value))
            else:
                width = np.dtype(dtype).itemsize
                raw = np.full(LANES, value & (2 ** (8 * width) - 1), f"u{width}")
                array = raw.view(dtype)
            self.constants.append(array)
        return f"K[{self._known[key]}]"

    def address_of(self, symbol):
        if symbol.name in self.parameters:
            return PARAMETERS + self.parameters[symbol.name] + symbol.offset
        if symbol.name in self.symbols:
            return self.symbols[symbol.name] + symbol.offset
        raise EmulationError(f"expected a known symbol, but got {symbol.name}")

    def raw(self, operand, bits):
        """The bits of an operand as an unsigned array of `bits`."""
        dtype = _BITS[bits]
        if isinstance(operand, Register):
            if operand.bits == bits:
                return f"R[{operand.slot}]"
            if operand.bits == 1 or bits == 1:
                raise EmulationError(f"expected a register of {bits} bits, but got a predicate")
            return f"R[{operand.slot}].astype('{dtype}')"
        if isinstance(operand, Immediate):
            value = operand.value
            if operand.bits == 64 and bits == 32:
                number = np.array(value, np.uint64).view(np.float64)
                value = int(number.astype(np.float32).view(np.uint32))
            return self.constant(value, dtype)
        if isinstance(operand, Special):
            return f"w.special['{operand.name}'].astype('{dtype}')"
        if isinstance(operand, Symbol):
            return self.constant(self.address_of(operand), dtype)
        raise EmulationError(f"expected a register or a constant, but got {operand}")

    def read(self, operand, type_name):
        """An operand as numbers of a type; small floats as f32, pairs as two of them."""
        bits = bits_of(type_name)
        raw = self.raw(operand, bits)
        if type_name == "pred" or type_name[0] in "ub" and type_name not in ("bf16", "bf16x2"):
            return raw
        if type_name == "bf16":
            return f"bf16_to_f32({raw})"
        if type_name == "f16":
            return f"from_f16({raw})"
        if type_name in ("f16x2", "bf16x2"):
            raise EmulationError("expected no numbers of pairs here")
        return f"{raw}.view('{_TYPES[type_name]}')"

    def write(self, operand, expression, bits, masked):
        """`expression` is an array of `bits` bits of any type."""
        if not isinstance(operand, Register):
            if operand == Symbol("_"):
                return ""
            raise EmulationError(f"expected a register to write, but got {operand}")
        dtype = _BITS[operand.bits]
        if operand.bits == 1:
            value = f"({expression})"
        elif operand.bits == bits:
            value = f"({expression}).view('{dtype}')"
        else:
            value = f"({expression}).view('{_BITS[bits]}').astype('{dtype}')"
        if masked:
            value = f"np.where(M, {value}, R[{operand.slot}])"
        return f"R[{operand.slot}] = {value}"

    def encode(self, expression, type_name):
        """A number expression in f32 or f64 as the bits of a float type."""
        if type_name == "bf16":
            return f"f64_to_bf16({expression})"
        if type_name == "f16":
            return f"to_f16({expression})"
        return f"({expression}).astype('{_TYPES[type_name]}')"

    # Statements -----------------------------------------------------------

    def statement(self, instruction, masked):
        name = instruction.parts[0]
        method = getattr(self, "_" + name, None)
        if method:
            return method(instruction, masked)
        type_name = instruction.parts[-1]
        if name in ("shl", "shr"):
            value = self.read(instruction.operands[1], type_name)
            amount = instruction.operands[2]
            bits = bits_of(type_name)
            if isinstance(amount, Immediate) and amount.value < bits:
                sign = "<<" if name == "shl" else ">>"
                by = self.constant(amount.value, _TYPES[type_name])
                code = f"{value} {sign} {by}"
            else:
                function = "shift_left" if name == "shl" else "shift_right"
                code = f"{function}({value}, {self.raw(amount, 32)})"
            return self.write(instruction.operands[0], code, bits, masked)
        return self._math(instruction, masked)

    def _float_pairs(self, instruction, masked, code):
        type_name = instruction.parts[-1]
        single = type_name[:-2]
        decode = "bf16_to_f32" if single == "bf16" else "from_f16"
        halves = []
        for half in (0, 1):
            values = [
                f"from_pair({self.raw(one, 32)}, {decode})[{half}].astype('f8')"
                for one in instruction.operands[1:]
            ]
            halves.append(self.encode(code.format(*values), single))
        pair = f"to_half_pair({halves[0]}, {halves[1]})"
        return self.write(instruction.operands[0], pair, 32, masked)

    def _math(self, instruction, masked):
        name, parts = instruction.parts[0], instruction.parts
        type_name = parts[-1]
        known = set("rn rz approx full ftz lo wide NaN f16 bf16 f16x2 bf16x2".split())
        extra = [part for part in parts[1:-1] if part not in known]
        if extra and (name, extra) not in (("mul", ["hi"]), ("fma", ["relu"])):
            raise EmulationError(f"expected a known modifier, but got {instruction.opcode}")
        target, *sources = instruction.operands
        if type_name in _FLOATS:
            if name in ("min", "max"):
                code = ("nan_" if "NaN" in parts else "number_") + name + "({0}, {1})"
            elif name == "fma":
                code = "{0} * {1} + {2}"
                if "relu" in parts:
                    code = "nan_max(" + code + ", 0.0)"
            else:
                code = _UNARY_MATH.get(name) or _BINARY_MATH.get(name)
            if not code:
                raise EmulationError(f"expected a known instruction, but got {instruction.opcode}")
            if type_name.endswith("x2"):
                return self._float_pairs(instruction, masked, code)
            values = [self.read(one, type_name) for one in sources]
            # Once in f64 and rounded: what one instruction of f32 gives, or nearly.
            exact = name in ("add", "sub", "mul", "min", "max", "neg", "abs") and type_name == "f32"
            if not exact:
                values = [f"{value}.astype('f8')" for value in values]
            code = code.format(*values)
            return self.write(target, self.encode(code, type_name), bits_of(type_name), masked)
        bits = bits_of(type_name)
        values = [self.read(one, type_name) for one in sources]
        if name in ("mul", "mad") and "wide" in parts:
            wide = f"'{_TYPES[type_name][0]}{bits // 4}'"
            code = f"{values[0]}.astype({wide}) * {values[1]}.astype({wide})"
            if name == "mad":
                code += " + " + self.read(sources[2], f"{type_name[0]}{2 * bits}")
            return self.write(target, code, 2 * bits, masked)
        codes = {
            "add": "{0} + {1}", "sub": "{0} - {1}", "mul": "{0} * {1}", "mad": "{0} * {1} + {2}",
            "div": "divide({0}, {1})", "rem": "remainder({0}, {1})",
            "min": "np.minimum({0}, {1})", "max": "np.maximum({0}, {1})",
            "neg": "-({0})", "abs": "np.abs({0})", "and": "{0} & {1}", "or": "{0} | {1}",
            "xor": "{0} ^ {1}", "not": "~{0}", "popc": "popcount({0})",
            "clz": "leading_zeros({0})",
        }  # fmt: skip
        if "hi" in parts:
            codes["mul"] = "high_product({0}, {1})"
        if name not in codes:
            raise EmulationError(f"expected a known instruction, but got {instruction.opcode}")
        result = 32 if name in ("popc", "clz") else bits
        return self.write(target, codes[name].format(*values), result, masked)

    def _bfe(self, instruction, masked):
        target, value, first, length = instruction.operands
        type_name = instruction.parts[-1]
        code = (
            f"extract_bits({self.read(value, type_name)}, {self.raw(first, 32)}, "
            f"{self.raw(length, 32)})"
        )
        return self.write(target, code, bits_of(type_name), masked)

    def _bfi(self, instruction, masked):
        target, field, into, first, length = instruction.operands
        bits = bits_of(instruction.parts[-1])
        code = (
            f"insert_bits({self.raw(field, bits)}, {self.raw(into, bits)}, "
            f"{self.raw(first, 32)}, {self.raw(length, 32)})"
        )
        return self.write(target, code, bits, masked)

    def _prmt(self, instruction, masked):
        if instruction.opcode != "prmt.b32":
            raise EmulationError(f"expected prmt.b32, but got {instruction.opcode}")
        values = ", ".join(self.raw(one, 32) for one in instruction.operands[1:])
        return self.write(instruction.operands[0], f"permute_bytes({values})", 32, masked)

    def _dp4a(self, instruction, masked):
        if instruction.opcode != "dp4a.u32.u32":
            raise EmulationError(f"expected dp4a.u32.u32, but got {instruction.opcode}")
        values = ", ".join(self.raw(one, 32) for one in instruction.operands[1:])
        return self.write(instruction.operands[0], f"dot_bytes({values})", 32, masked)

    def _dp2a(self, instruction, masked):
        if instruction.opcode not in ("dp2a.lo.u32.u32", "dp2a.hi.u32.u32"):
            raise EmulationError(f"expected dp2a of u32, but got {instruction.opcode}")
        values = ", ".join(self.raw(one, 32) for one in instruction.operands[1:])
        first = 2 if "hi" in instruction.parts else 0
        code = f"dot_halves({values}, {first})"
        return self.write(instruction.operands[0], code, 32, masked)

    def _selp(self, instruction, masked):
        target, first, second, which = instruction.operands
        bits = bits_of(instruction.parts[-1])
        code = f"np.where(R[{which.slot}], {self.raw(first, bits)}, {self.raw(second, bits)})"
        return self.write(target, code, bits, masked)

    def _setp(self, instruction, masked):
        parts = instruction.parts
        type_name, compare = parts[-1], parts[1]
        targets = [instruction.operands[0]]
        sources = instruction.operands[1:]
        combine = next((part for part in parts[2:-1] if part in ("and", "or", "xor")), None)
        if len(sources) > (3 if combine else 2):
            targets.append(sources.pop(0))
        a, b = (self.read(one, type_name) for one in sources[:2])
        if type_name in _FLOATS and compare in ("num", "nan"):
            code = f"(np.isnan({a}) | np.isnan({b}))"
            code = f"~{code}" if compare == "num" else code
        elif type_name in _FLOATS and compare[:-1] in _COMPARE and compare[-1] == "u":
            code = f"(({a} {_COMPARE[compare[:-1]]} {b}) | np.isnan({a}) | np.isnan({b}))"
        elif type_name in _FLOATS and compare == "ne":
            code = f"(({a} != {b}) & ~np.isnan({a}) & ~np.isnan({b}))"
        elif compare in _COMPARE or compare in _UNSIGNED_COMPARE:
            code = f"({a} {_COMPARE.get(compare) or _UNSIGNED_COMPARE[compare]} {b})"
        else:
            raise EmulationError(f"expected a known comparison, but got {instruction.opcode}")
        join = ""
        if combine:
            join = {"and": " & ", "or": " | ", "xor": " ^ "}[combine] + self.raw(sources[2], 1)
        lines = [self.write(targets[0], code + join, 1, masked)]
        if len(targets) > 1:
            lines.append(self.write(targets[1], f"~{code}{join}", 1, masked))
        return "; ".join(line for line in lines if line)

    def _cvt(self, instruction, masked):
        parts = instruction.parts[1:]
        target, *sources = instruction.operands
        types = [p for p in parts if p in _BITS_OF or p in ("e4m3x2", "e5m2x2")]
        modes = [p for p in parts if p not in types and p not in ("ftz", "satfinite")]
        if len(types) != 2 or not set(modes) <= {"rn", "rz", "rni", "rzi", "rmi", "rpi", "sat"}:
            raise EmulationError(f"expected a known conversion, but got {instruction.opcode}")
        to, source = types
        small = {"e4m3x2": "f8E4M3FN", "e5m2x2": "f8E5M2"}
        if "rz" in modes and to in _FLOATS:
            raise EmulationError(f"expected rounding to nearest, but got {instruction.opcode}")
        if to in ("f16x2", "bf16x2") and source == "f32":
            high, low = (self.encode(self.read(one, "f32"), to[:-2]) for one in sources)
            return self.write(target, f"to_half_pair({low}, {high})", 32, masked)
        if to in small:
            high, low = (self.read(one, source) for one in sources)
            return self.write(target, f"to_float8_pair({high}, {low}, '{small[to]}')", 16, masked)
        if source in small:
            code = f"from_float8_pair({self.raw(sources[0], 16)}, '{small[source]}')"
            return self.write(target, code, 32, masked)
        value = self.read(sources[0], source)
        bits = bits_of(to)
        if to in _FLOATS:
            if source == to or source in _FLOATS and set(modes) & {"rni", "rzi", "rmi", "rpi"}:
                rounding = {"rni": "rint", "rzi": "trunc", "rmi": "floor", "rpi": "ceil"}
                for mode in modes:
                    value = f"np.{rounding[mode]}({value})" if mode in rounding else value
            if "sat" in modes:
                value = f"np.clip(np.nan_to_num({value}), 0.0, 1.0)"
            if to != "f32" or source[0] in "us":
                value = f"{value}.astype('f8')"
            code = self.encode(value, to)
        elif source in _FLOATS:
            mode = next(m for m in modes if m != "sat")
            code = f"to_integer({value}, '{_TYPES[to]}', '{mode}')"
        elif "sat" in modes:
            limits = np.iinfo(_TYPES[to])
            clipped = f"np.clip({value}.astype('i8'), {limits.min}, {limits.max})"
            code = f"{clipped}.astype('{_TYPES[to]}')"
        else:
            # Extends by the source's sign, or cuts.
            code = f"{value}.astype('{_TYPES[to]}')"
            if isinstance(target, Register) and target.bits > bits:
                code = f"{code}.astype('{_TYPES[to][0]}{target.bits // 8}')"
                bits = target.bits
        return self.write(target, code, bits, masked)

    def _mov(self, instruction, masked):
        target, source = instruction.operands
        if instruction.parts[1] == "pred":
            return self.write(target, self.raw(source, 1), 1, masked)
        bits = bits_of(instruction.parts[-1])
        if isinstance(target, Vector):
            part = bits // len(target.items)
            lines = []
            value = self.raw(source, bits)
            for index, item in enumerate(target.items):
                shift = self.constant(part * index, _BITS[bits])
                code = f"({value} >> {shift}).astype('{_BITS[part]}')"
                lines.append(self.write(item, code, part, masked))
            return "; ".join(line for line in lines if line)
        if isinstance(source, Vector):
            part = bits // len(source.items)
            terms = []
            for index, item in enumerate(source.items):
                shift = self.constant(part * index, _BITS[bits])
                terms.append(f"({self.raw(item, part)}.astype('{_BITS[bits]}') << {shift})")
            return self.write(target, " | ".join(terms), bits, masked)
        return self.write(target, self.raw(source, bits), bits, masked)

    def _cvta(self, instruction, masked):
        target, source = instruction.operands
        value = self.raw(source, 64)
        if any(part.startswith("shared") for part in instruction.parts):
            sign = "-" if "to" in instruction.parts else "+"
            value = f"{value} {sign} {self.constant(SHARED, 'u8')}"
        return self.write(target, value, 64, masked)

    def _mapa(self, instruction, masked):
        target, address, rank = instruction.operands
        if instruction.parts[-1] != "u32":
            raise EmulationError(f"expected mapa of 32 bits, but got {instruction.opcode}")
        code = f"map_shared({self.raw(address, 32)}, {self.raw(rank, 32)})"
        return self.write(target, code, 32, masked)

    def compile(self, statements):
        """One function of (registers, warp, mask) from statements."""
        scope = dict(globals())
        scope["K"] = self.constants
        lines = "\n".join("    " + line for line in statements if line) or "    pass"
        exec(f"def run(R, w, M):\n{lines}\n", scope)
        return scope["run"]

