"""Global buffers, and the shared memory of a block with what is in flight over it."""

import bisect

import numpy as np

from arithmetic import SHARED_BASE
from ptx import EmulationError

CHUNK = 16  # bytes: the unit in which copies and matrix instructions are tracked
_GAP = 1 << 20


class GlobalMemory:
    """Buffers in a made-up address space with gaps; outside of them nothing exists."""

    def __init__(self):
        self.starts, self.buffers = [], []
        self._next = 0x10_0000_0000

    def add(self, data):
        """The address of a new buffer with the bytes of `data`."""
        data = np.ascontiguousarray(data).reshape(-1).view(np.uint8)
        padded = np.full((len(data) + 15) // 16 * 16, 0xFF, np.uint8)
        padded[: len(data)] = data
        start = self._next
        self.starts.append(start)
        self.buffers.append((start, len(data), padded))
        # A multiple of 256 bytes that is no multiple of more, as allocators return them.
        self._next += (len(data) + _GAP) // 512 * 512 + 256
        return start

    def find(self, address, size, what):
        """(array of bytes, offset) of `size` bytes that lie inside one buffer."""
        index = bisect.bisect_right(self.starts, address) - 1
        if index >= 0:
            start, length, data = self.buffers[index]
            if address + size <= start + length:
                return data, address - start
            if address < start + length + 4096:
                raise EmulationError(
                    f"expected {what} inside a buffer of {length} bytes, but got {size} bytes at "
                    f"offset {address - start}"
                )
        raise EmulationError(f"expected {what} inside a buffer, but got address {address:#x}")

    def contents(self, address, dtype, shape):
        size = int(np.prod(shape)) * np.dtype(dtype).itemsize
        data, offset = self.find(address, size, "a result")
        return data[offset : offset + size].view(dtype).reshape(shape)

    def _locate(self, addresses, size):
        low, high = int(addresses.min()), int(addresses.max())
        data, first = self.find(low, size, "an access")
        index = bisect.bisect_right(self.starts, low) - 1
        start, length, _ = self.buffers[index]
        if high + size > start + length:
            self.find(high, size, "an access")
            raise EmulationError("expected one buffer for all lanes, but got several")
        return data, (addresses - np.uint64(start)).astype(np.int64)

    def load(self, addresses, size, count):
        """Arrays of `count` elements of `size` bytes at each address."""
        data, offsets = self._locate(addresses, size * count)
        view = data.view(f"u{size}")
        return [view[offsets // size + index] for index in range(count)]

    def store(self, addresses, values, size):
        data, offsets = self._locate(addresses, size * len(values))
        view = data.view(f"u{size}")
        for index, value in enumerate(values):
            view[offsets // size + index] = value


class Barrier:
    """An mbarrier: pending arrivals and bytes of the current phase."""

    def __init__(self, count):
        self.count = self.pending = count
        self.bytes = 0
        self.phase = 0

    def arrive(self, count, what):
        if count > self.pending:
            raise EmulationError(
                f"expected at most {self.pending} arrivals at {what}, but got {count} more"
            )
        self.pending -= count
        self._settle()

    def expect(self, count):
        self.bytes += count

    def complete(self, count):
        self.bytes -= count
        self._settle()

    def _settle(self):
        if self.pending == 0 and self.bytes == 0:
            self.phase += 1
            self.pending = self.count

    def __str__(self):
        return f"phase {self.phase} pending {self.pending}/{self.count} bytes {self.bytes}"


class SharedMemory:
    """Bytes of a block. Addresses are those of its own window."""

    def __init__(self, size):
        self.size = size
        total = (SHARED_BASE + size + CHUNK - 1) // CHUNK * CHUNK
        self.data = np.full(total, 0xFF, np.uint8)
        self.views = {size: self.data.view(f"u{size}") for size in (1, 2, 4, 8)}
        self.barriers = {}
        chunks = total // CHUNK
        self.loading = np.zeros(chunks, np.int32)  # copies that will write
        self.multiplying = np.zeros(chunks, np.int32)  # matrix instructions that read
        self.storing = np.zeros(chunks, np.int32)  # copies that read, not waited for
        self.holds_barrier = np.zeros(chunks, bool)
        # Warp + 1 of the last ordinary write that no proxy fence has followed.
        self.unfenced = np.zeros(chunks, np.int16)

    def check(self, low, high, what):
        if low < SHARED_BASE or high > SHARED_BASE + self.size:
            raise EmulationError(
                f"expected {what} inside {self.size} bytes of shared memory, but got bytes "
                f"{low - SHARED_BASE} to {high - SHARED_BASE}"
            )

    def check_write(self, chunks, what, by_copy=False):
        if self.multiplying[chunks].any():
            raise EmulationError(f"{what} overwrites what a matrix instruction in flight reads")
        if self.storing[chunks].any():
            raise EmulationError(f"{what} overwrites what a tensor store in flight reads")
        if self.holds_barrier[chunks].any():
            raise EmulationError(f"{what} overwrites a barrier")
        if not by_copy and self.loading[chunks].any():
            raise EmulationError(f"{what} overwrites where a copy in flight writes")

    def check_read(self, chunks, what):
        if self.loading[chunks].any():
            raise EmulationError(f"{what} reads where a copy in flight writes")

    def check_async_read(self, chunks, what):
        self.check_read(chunks, what)
        if self.unfenced[chunks].any():
            raise EmulationError(f"{what} reads what no proxy fence has followed")

    def load(self, offsets, size, count):
        self.check(int(offsets.min()), int(offsets.max()) + size * count, "a load")
        self.check_read(offsets // CHUNK, "a load")
        view = self.views[size]
        return [view[offsets // size + index] for index in range(count)]

    def store(self, offsets, values, size, warp):
        self.check(int(offsets.min()), int(offsets.max()) + size * len(values), "a store")
        chunks = offsets // CHUNK
        self.check_write(chunks, "a store")
        self.unfenced[chunks] = warp + 1
        view = self.views[size]
        for index, value in enumerate(values):
            view[offsets // size + index] = value

    def barrier(self, address, what):
        found = self.barriers.get(address)
        if found is None:
            raise EmulationError(
                f"expected an initialized barrier for {what}, but got offset "
                f"{address - SHARED_BASE}"
            )
        return found

    def init_barrier(self, address, count):
        self.check(address, address + 8, "a barrier")
        if address % 8:
            raise EmulationError(f"expected a barrier aligned to 8 bytes, but got {address}")
        if not 1 <= count < 1 << 20:
            raise EmulationError(f"expected 1 to {2**20 - 1} arrivals, but got {count}")
        self.barriers[address] = Barrier(count)
        self.holds_barrier[address // CHUNK] = True


def swizzle(addresses, width):
    """Where the hardware puts the bytes at `addresses`: 16-byte chunks are permuted."""
    if not width:
        return addresses
    mask = {32: 1, 64: 3, 128: 7}[width]
    return addresses ^ (((addresses >> 7) & mask) << 4)
