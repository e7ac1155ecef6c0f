"""N:M pruning and both storage layouts, straight from their definitions, in NumPy.

Element by element and slow on purpose: nothing here is shared with what it checks.
"""

import numpy as np


def prune(array, n, m, axis, magnitude=np.abs):
    """Keeps the n largest magnitudes of each m along `axis`, the first of equals."""
    rows = np.moveaxis(array, axis, -1)
    result = np.zeros_like(rows)
    extent = rows.shape[-1]
    for index in np.ndindex(rows.shape[:-1]):
        for begin in range(0, extent, m):
            group = rows[index][begin : begin + m]
            order = sorted(range(len(group)), key=lambda i: (-float(magnitude(group[i])), i))
            for i in order[:n]:
                result[index][begin + i] = group[i]
    return np.moveaxis(result, -1, axis)


def _matrix(array, axis):
    rows = np.moveaxis(array, axis, -1)
    return rows.reshape(-1, rows.shape[-1])


def _kept(group, n, m):
    """Positions of the n stored elements of a group: the non-zeros, then the lowest others."""
    positions = [i for i, value in enumerate(group) if value != 0]
    for i in range(m):
        if len(positions) == n:
            break
        if i not in positions:
            positions.append(i)
    return sorted(positions)


def row_major(array, n, m, axis):
    """(values [rows, G*n], metadata [rows, bytes]) of an array with numeric elements."""
    matrix = _matrix(array, axis)
    rows, extent = matrix.shape
    groups = -(-extent // m)
    bits = 1 if m <= 2 else 2 if m <= 4 else 4
    values = np.zeros((rows, groups * n), array.dtype)
    metadata = np.zeros((rows, -(-groups * n * bits // 8)), np.uint8)
    for r in range(rows):
        for g in range(groups):
            group = list(matrix[r, g * m : (g + 1) * m])
            group += [0] * (m - len(group))
            for s, position in enumerate(_kept(group, n, m)):
                slot = g * n + s
                values[r, slot] = group[position]
                bit = slot * bits
                metadata[r, bit // 8] |= position << (bit % 8)
    return values, metadata


def core_matrix(array, axis):
    """(values bytes [KB, RB, 4096], metadata words [KB, RB, 128 or 256]).

    2:4 of 8- and 16-bit elements, 1:2 of 32-bit elements.
    """
    size = array.dtype.itemsize
    n, m = (1, 2) if size == 4 else (2, 4)
    matrix = _matrix(array, axis)
    # A k-block is 64 bytes of a compressed row.
    block_k = 64 // size * m // n
    row_blocks, k_blocks = -(-matrix.shape[0] // 64), -(-matrix.shape[1] // block_k)
    padded = np.zeros((row_blocks * 64, k_blocks * block_k), array.dtype)
    padded[: matrix.shape[0], : matrix.shape[1]] = matrix
    values = np.zeros((k_blocks, row_blocks, 4096), np.uint8)
    words = np.zeros((k_blocks, row_blocks, 256 if size == 1 else 128), np.uint32)
    for kb in range(k_blocks):
        for rb in range(row_blocks):
            for r in range(64):
                compressed, nibbles = [], []
                row = padded[rb * 64 + r, kb * block_k : (kb + 1) * block_k]
                for g in range(block_k // m):
                    group = row[g * m : (g + 1) * m]
                    kept = _kept(group, n, m)
                    compressed += [group[i] for i in kept]
                    # An element of 32 bits counts as two of 16.
                    nibbles.append(0xE if size == 4 and kept[0] else 0x4 if size == 4
                                   else kept[0] | kept[1] << 2)
                row_bytes = np.array(compressed, array.dtype).tobytes()
                for q in range(4):
                    at = q * 1024 + r // 8 * 128 + r % 8 * 16
                    values[kb, rb, at : at + 16] = np.frombuffer(
                        row_bytes[q * 16 : q * 16 + 16], np.uint8)
                _place(words[kb, rb], r, nibbles, size)
    return values, words


def _place(words, r, nibbles, size):
    warp, g, high = r // 16, r % 8, r % 16 // 8
    for i, nibble in enumerate(nibbles):
        if size == 1:
            # Groups of 4 logical elements: 64 to a kk, 32 to a khalf.
            k = i * 4
            word = warp * 64 + g * 8 + k % 64 // 32 * 4 + high * 2 + k // 64
            words[word] |= np.uint32(nibble << (i % 8 * 4))
        else:
            word = warp * 32 + g * 4 + i // 4
            words[word] |= np.uint32(nibble << (high * 16 + i % 4 * 4))
