"""Bulk copies: when they are issued, what they read and write, and what they signal."""

import numpy as np

from arithmetic import round_to_tf32
from memory import CHUNK, swizzle
from ptx import EmulationError


class TensorMap:
    """What cuTensorMapEncodeTiled is given; dimensions from the innermost."""

    def __init__(self, address, shape, item_bytes, box, swizzle_bytes, rounds_to_tf32=False):
        self.address, self.item, self.swizzle = address, item_bytes, swizzle_bytes
        self.rounds = rounds_to_tf32
        self.sizes = [max(size, 1) for size in reversed(shape)]
        self.box = list(box)
        inner = self.box[0] * item_bytes
        stride = item_bytes
        strides = []
        for size in self.sizes:
            stride *= size
            strides.append(stride)
        problems = [
            (len(self.sizes) != len(self.box), "a box of the tensor's rank"),
            (not 1 <= len(self.box) <= 5, "one to five dimensions"),
            (address % 16, "an address that is a multiple of 16"),
            (any(one % 16 for one in strides[:-1]), "strides that are multiples of 16"),
            (any(not 1 <= extent <= 256 for extent in self.box), "box sizes of 1 to 256"),
            (inner % 16, "inner box bytes that are a multiple of 16"),
            (swizzle_bytes and inner > swizzle_bytes, "an inner box within the swizzle"),
            (rounds_to_tf32 and item_bytes != 4, "elements of f32 to round"),
        ]
        for wrong, expected in problems:
            if wrong:
                raise EmulationError(
                    f"expected {expected} in a tensor map, but got sizes {self.sizes}, box "
                    f"{self.box}, {item_bytes} bytes an element"
                )
        if swizzle_bytes and inner != swizzle_bytes:
            raise EmulationError("expected an inner box as wide as the swizzle (not modelled)")
        self.bytes = inner * int(np.prod(self.box[1:], dtype=np.int64))

    def regions(self, coordinates):
        """(slices of the tensor, slices of the box), or None where they do not meet."""
        outer, inner = [], []
        for at, size, extent in zip(coordinates, self.sizes, self.box):
            low, high = max(at, 0), min(at + extent, size)
            if low >= high:
                return None
            outer.append(slice(low, high))
            inner.append(slice(low - at, high - at))
        return tuple(reversed(outer)), tuple(reversed(inner))

    def tensor(self, memory):
        sizes = list(reversed(self.sizes))
        return memory.contents(self.address, f"u{self.item}", sizes)

    def addresses(self, start):
        """Byte addresses in shared memory of a box's 16-byte chunks."""
        return swizzle(start + np.arange(0, self.bytes, CHUNK), self.swizzle)


def _check_shared(address, alignment):
    if address % alignment:
        raise EmulationError(
            f"expected shared memory aligned to {alignment} bytes for a copy, but got {address:#x}"
        )


class Load:
    """A copy from global to the shared memory of one block."""

    def __init__(self, block, chunks, read, barrier_address, size, line, rng):
        self.block, self.chunks, self.read = block, chunks, read
        self.barrier_address, self.size, self.line = barrier_address, size, line
        shared = block.shared
        if block.exited:
            raise EmulationError(f"expected a block that runs, but got block {block.number}")
        shared.check(int(chunks.min()) * CHUNK, int(chunks.max() + 1) * CHUNK, "a copy")
        shared.barrier(barrier_address, "a copy")
        shared.check_write(chunks, "a copy", by_copy=True)
        shared.loading[chunks] += 1
        self.written = False
        # Some copies arrive at once and are only signalled late.
        if rng.random() < 0.3:
            self._write()

    def _write(self):
        self.written = True
        shared = self.block.shared
        shared.data.reshape(-1, CHUNK)[self.chunks] = self.read()
        shared.unfenced[self.chunks] = 0

    def step(self):
        """Whether it is complete."""
        shared = self.block.shared
        if not self.written:
            self._write()
        shared.loading[self.chunks] -= 1
        shared.barrier(self.barrier_address, "a copy").complete(self.size)
        return True

    def __str__(self):
        return f"load of {self.size} bytes to block {self.block.number} (line {self.line})"


class Store:
    """A tensor store: reads shared memory late, writes global memory later."""

    def __init__(self, block, tensor_map, coordinates, start, memory, line):
        self.block, self.map, self.coordinates = block, tensor_map, coordinates
        self.memory, self.line = memory, line
        self.chunks = tensor_map.addresses(start) // CHUNK
        shared = block.shared
        shared.check(int(self.chunks.min()) * CHUNK, int(self.chunks.max() + 1) * CHUNK, "a copy")
        shared.check_async_read(self.chunks, "a tensor store")
        shared.storing[self.chunks] += 1
        self.data = None
        self.waited = self.done = False

    @property
    def has_read(self):
        return self.data is not None

    def release(self):
        """After its reads have been waited for."""
        if not self.waited:
            self.waited = True
            self.block.shared.storing[self.chunks] -= 1

    def step(self):
        if self.data is None:
            self.data = self.block.shared.data.reshape(-1, CHUNK)[self.chunks]
            return False
        regions = self.map.regions(self.coordinates)
        if regions:
            outer, inner = regions
            box = self.data.reshape(-1).view(f"u{self.map.item}")
            box = box.reshape(list(reversed(self.map.box)))
            self.map.tensor(self.memory)[outer] = box[inner]
        self.done = True
        return True

    def __str__(self):
        return f"tensor store at {self.coordinates} (line {self.line})"


def bulk_load(block, start, source, size, barrier_address, memory, line, rng):
    _check_shared(start, 16)
    if size % 16 or source % 16 or size <= 0:
        raise EmulationError(
            f"expected a positive multiple of 16 bytes at a multiple of 16, but got {size} "
            f"bytes at {source:#x}"
        )
    data, offset = memory.find(source, size, "the source of a copy")

    def read():
        return data[offset : offset + size].reshape(-1, CHUNK)

    chunks = np.arange(start // CHUNK, (start + size) // CHUNK)
    return Load(block, chunks, read, barrier_address, size, line, rng)


def tensor_load(block, start, tensor_map, coordinates, barrier_address, memory, line, rng):
    _check_shared(start, 128)
    if len(coordinates) != len(tensor_map.box):
        raise EmulationError(f"expected {len(tensor_map.box)} coordinates")

    def read():
        box = np.zeros(list(reversed(tensor_map.box)), f"u{tensor_map.item}")
        regions = tensor_map.regions(coordinates)
        if regions:
            outer, inner = regions
            elements = tensor_map.tensor(memory)[outer]
            box[inner] = round_to_tf32(elements) if tensor_map.rounds else elements
        return box.reshape(-1).view(np.uint8).reshape(-1, CHUNK)

    chunks = tensor_map.addresses(start) // CHUNK
    return Load(block, chunks, read, barrier_address, tensor_map.bytes, line, rng)


def tensor_store(block, start, tensor_map, coordinates, memory, line):
    _check_shared(start, 128)
    if len(coordinates) != len(tensor_map.box):
        raise EmulationError(f"expected {len(tensor_map.box)} coordinates")
    return Store(block, tensor_map, coordinates, start, memory, line)
