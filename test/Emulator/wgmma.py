"""`wgmma.mma_async` of one warp: 16 rows of its warpgroup's 64.

Operands come out of shared memory through their matrix descriptors (PTX ISA, "Shared
Memory Matrix Layout", with the strides as in CUTLASS's `mma_sm90_desc.hpp`), are widened to
f32 (exact for all types here, tf32 without the bits that the instruction ignores) and
multiplied by NumPy.
"""

import functools
import re

import numpy as np

from arithmetic import bf16_to_f32
from memory import CHUNK, swizzle
from ptx import EmulationError, Immediate

# Bytes of an element; elements of K of a dense instruction.
_ELEMENTS = {
    "bf16": (2, 16), "f16": (2, 16), "tf32": (4, 8), "e4m3": (1, 32), "e5m2": (1, 32),
    "s8": (1, 32),
}  # fmt: skip
_SHAPE = re.compile(r"m64n(\d+)k(\d+)$")


@functools.lru_cache(maxsize=None)
def _table(name):
    from sparsity import dtypes

    codes = np.arange(256, dtype=np.uint8)
    return dtypes.decode(codes, {"e4m3": "f8E4M3FN", "e5m2": "f8E5M2"}[name])


def _widen(raw, name):
    if name == "bf16":
        return bf16_to_f32(raw)
    if name == "f16":
        return raw.view(np.float16).astype(np.float32)
    if name == "tf32":
        return (raw & np.uint32(0xFFFFE000)).view(np.float32)
    if name == "s8":
        return raw.view(np.int8).astype(np.float32)
    return _table(name)[raw]


@functools.lru_cache(maxsize=4096)
def decode_descriptor(descriptor, transposed, first, rows, depth, item):
    """Byte addresses [rows, depth] of a matrix's elements in the block's window.

    `rows` rows (of A) or columns (of B) behind `first`, `depth` elements along K.
    """
    start = (descriptor & 0x3FFF) << 4
    leading = (descriptor >> 16 & 0x3FFF) << 4
    stride = (descriptor >> 32 & 0x3FFF) << 4
    width = (0, 128, 64, 32)[descriptor >> 62]
    reserved = descriptor & ~(0x3FFF | 0x3FFF << 16 | 0x3FFF << 32 | 3 << 62)
    if reserved:
        raise EmulationError(
            f"expected a matrix descriptor without base offset or reserved bits, but got "
            f"{descriptor:#018x}"
        )
    row = np.arange(first, first + rows)[:, None]
    k = np.arange(depth)[None, :]
    unit = CHUNK // item  # elements of a chunk
    if not transposed:
        chunk, inside = k // unit, k % unit * item
        if width:
            # Chunks of a row lie side by side in one atom of `width` bytes.
            at = (row // 8) * stride + (row % 8) * width + chunk * CHUNK
            used = start % width + depth * item
            if used > width:
                raise EmulationError(
                    f"expected K inside one atom of {width} bytes, but got {used} bytes"
                )
        else:
            at = (row // 8) * stride + (row % 8) * CHUNK + chunk * leading
    else:
        if item != 2:
            raise EmulationError("expected transposed operands of 16 bits")
        inside = row % unit * item
        chunk = row // unit
        if width:
            # Atoms of `width` bytes of rows by 8 of K.
            per = width // CHUNK
            at = chunk % per * CHUNK + chunk // per * leading
            at = at + (k % 8) * width + (k // 8) * stride
        else:
            at = chunk * stride + (k % 8) * CHUNK + (k // 8) * leading
    addresses = swizzle(start + at + inside, width)
    chunks = np.unique(addresses // CHUNK)
    return addresses // item, chunks


def _metadata_chunks(words, item, selector):
    """[16 rows, chunks along K]: the nibbles of a warp (PTX ISA, sparse wgmma)."""
    lanes = words.reshape(8, 4)  # group, lane of the quad
    shifts = np.arange(8, dtype=np.uint32) * np.uint32(4)
    nibbles = (lanes[:, :, None] >> shifts) & np.uint32(15)
    if item != 1:
        pair = nibbles[:, 2 * selector : 2 * selector + 2]  # [group, half of K, nibble]
        low = pair[:, :, :4].reshape(8, 8)
        high = pair[:, :, 4:].reshape(8, 8)
        return np.concatenate([low, high])
    rows = [
        np.concatenate([nibbles[:, half], nibbles[:, half + 2]], axis=1) for half in (0, 1)
    ]
    return np.concatenate(rows)


def _fragment_rows(registers, item):
    """[16 rows, K] of four registers a lane (PTX ISA, "wgmma", register fragments): lane
    4 g + c has of row g, and of g + 8 in the odd ones, 4 bytes of K at 4 c; those 16 bytes on
    in the last two."""
    lanes = np.stack(registers).reshape(2, 2, 8, 4)  # half of K, half of rows, group, quad
    rows = np.ascontiguousarray(lanes.transpose(1, 2, 0, 3)).reshape(16, 8)
    return rows.view({1: np.uint8, 2: np.uint16}[item])


class Shape:
    """What the text of one instruction says."""

    def __init__(self, instruction):
        parts = instruction.parts
        self.sparse = "sp" in parts
        shape = next(match for match in map(_SHAPE.match, parts) if match)
        self.columns, self.depth = int(shape.group(1)), int(shape.group(2))
        self.result, self.a_type, self.b_type = parts[-3:]
        if self.a_type not in _ELEMENTS or self.b_type not in _ELEMENTS:
            raise EmulationError(f"expected known operand types, but got {instruction.opcode}")
        self.item, depth = _ELEMENTS[self.a_type]
        integer = self.a_type == "s8"
        unit = 16 if integer and self.columns > 32 else 8
        if (
            self.depth != depth * (2 if self.sparse else 1)
            or not 8 <= self.columns <= 256
            or self.columns % unit
            or self.result != ("s32" if integer else "f32")
            or _ELEMENTS[self.b_type][0] != self.item
        ):
            raise EmulationError(f"expected a legal shape, but got {instruction.opcode}")
        operands = list(instruction.operands)
        self.slots = tuple(item.slot for item in operands.pop(0).items)
        if len(self.slots) != self.columns // 2 or len(set(self.slots)) != len(self.slots):
            raise EmulationError(
                f"expected {self.columns // 2} sums, but got {len(set(self.slots))}"
            )
        self.sums = frozenset(self.slots)
        self.a, self.b = operands.pop(0), operands.pop(0)
        self.a_registers = list(getattr(self.a, "items", ()))
        if self.a_registers and (len(self.a_registers) != 4 or self.sparse):
            raise EmulationError(
                f"expected four registers of a dense A, but got {instruction.text}"
            )
        self.metadata, self.selector = None, 0
        if self.sparse:
            self.metadata, selector = operands.pop(0), operands.pop(0)
            self.selector = selector.value
            if self.selector not in ((0,) if self.item == 1 else (0, 1)):
                raise EmulationError(f"expected a legal selector, but got {self.selector}")
        # What may not be written before the instruction is done.
        self.inputs = frozenset(one.slot for one in self.a_registers)
        if self.sparse:
            self.inputs |= {self.metadata.slot}
        self.accumulate = operands.pop(0)
        rest = [self._immediate(operand) for operand in operands]
        self.signs = [1, 1] if integer else [rest.pop(0), rest.pop(0)]
        if self.a_registers and self.item == 2:
            rest.insert(0, 0)
        self.transposed = rest if rest else [0, 0]
        if rest and self.item != 2 or self.item == 2 and len(rest) != 2:
            raise EmulationError("expected transposes of operands of 16 bits only")

    @staticmethod
    def _immediate(operand):
        if not isinstance(operand, Immediate):
            raise EmulationError(f"expected a constant, but got {operand}")
        return operand.value


class Multiplication:
    """One instruction in flight in one warp. Reads shared memory when it runs."""

    def __init__(self, warp, shape, a, b, metadata, accumulate, line):
        self.warp, self.shape, self.line = warp, shape, line
        self.metadata, self.accumulate = metadata, accumulate
        self.done = False
        rows = 16 * (warp.index % 4)
        a_depth = shape.depth // 2 if shape.sparse else shape.depth
        self.a = None
        if shape.a_registers:
            self.a = _fragment_rows(a, shape.item)
        else:
            self.a_at, a_chunks = decode_descriptor(
                a, shape.transposed[0], rows, 16, a_depth, shape.item
            )
        self.b_at, b_chunks = decode_descriptor(
            b, shape.transposed[1], 0, shape.columns, shape.depth, shape.item
        )
        self.chunks = {"B": b_chunks} if shape.a_registers else {"A": a_chunks, "B": b_chunks}
        shared = warp.block.shared
        for at, chunks in self.chunks.items():
            what = f"operand {at} of a matrix instruction"
            shared.check(int(chunks[0]) * CHUNK, int(chunks[-1] + 1) * CHUNK, what)
            shared.check_async_read(chunks, what)
            shared.multiplying[chunks] += 1

    def run(self):
        if self.done:
            return
        self.done = True
        shape, warp = self.shape, self.warp
        view = warp.block.shared.views[shape.item]
        for at, chunks in self.chunks.items():
            warp.block.shared.check_read(chunks, f"operand {at} of a matrix instruction")
        a = _widen(view[self.a_at] if self.a is None else self.a, shape.a_type)
        b = _widen(view[self.b_at], shape.b_type)
        if shape.sparse:
            a = self._expand(a)
        with np.errstate(invalid="ignore", over="ignore"):
            product = a @ b.T
            if shape.signs[0] * shape.signs[1] < 0:
                product = -product
        # [half, group, tile, quad, odd] to [tile, half, odd][group, quad].
        product = product.reshape(2, 8, shape.columns // 8, 4, 2).transpose(2, 0, 4, 1, 3)
        product = np.ascontiguousarray(product).reshape(shape.columns // 2, 32)
        registers = warp.registers
        integer = shape.result == "s32"
        if integer:
            undefined = np.isnan(product)
            product = np.where(undefined, 0, product).astype(np.int32)
            product[undefined] = np.iinfo(np.int32).min
        if self.accumulate:
            before = warp.matrix_of(shape)
            with np.errstate(invalid="ignore", over="ignore"):
                product = before.view(product.dtype) + product
        raw = product.view(np.uint32)
        for index, slot in enumerate(shape.slots):
            registers[slot] = raw[index]
        warp.forget_matrices(shape.sums)
        warp.matrices[shape.slots] = raw

    def _expand(self, values):
        """Compressed rows to rows of K elements."""
        shape = self.shape
        nibbles = _metadata_chunks(self.metadata, shape.item, shape.selector)
        first, second = (nibbles & 3).astype(np.int64), (nibbles >> 2).astype(np.int64)
        if shape.item == 4:
            # A chunk is two elements; the halves of the kept one are named.
            legal = (first % 2 == 0) & (second == first + 1)
            dense = np.where(legal, np.float32(0), np.float32(np.nan))[:, :, None].repeat(2, 2)
            kept = np.where(legal, values.reshape(16, -1), np.float32(np.nan))
            np.put_along_axis(dense, first[:, :, None] // 2, kept[:, :, None], axis=2)
            return dense.reshape(16, shape.depth)
        dense = np.zeros((16, shape.depth // 4, 4), np.float32)
        # Undefined, and harmless in rows that are not stored (nothing is copied for them).
        dense[first >= second] = np.nan
        pairs = values.reshape(16, -1, 2)
        pairs = np.where((first >= second)[:, :, None], np.float32(np.nan), pairs)
        np.put_along_axis(dense, np.stack([first, second], axis=2), pairs, axis=2)
        return dense.reshape(16, shape.depth)

    def retire(self):
        self.run()
        for chunks in self.chunks.values():
            self.warp.block.shared.multiplying[chunks] -= 1
