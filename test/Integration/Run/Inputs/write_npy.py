#!/usr/bin/env python3
"""Writes a .npy file without NumPy: write_npy.py FILE f4|i4|i8 SIZES VALUE...

SIZES is "3" or "2x4". One VALUE stands for all elements; `nan` and `-inf` are values.
"""

import math
import struct
import sys


def main():
    path, kind, sizes, *values = sys.argv[1:]
    shape = tuple(int(size) for size in sizes.split("x"))
    count = math.prod(shape)
    number = float if kind.startswith("f") else int
    data = [number(value) for value in values]
    data = data * count if len(data) == 1 else data
    assert len(data) == count, f"expected {count} values, but got {len(data)}"
    header = f"{{'descr': '<{kind}', 'fortran_order': False, 'shape': {shape}, }}".encode()
    header += b" " * (-(10 + len(header) + 1) % 64) + b"\n"
    code = {"f4": "f", "i4": "i", "i8": "q"}[kind]
    with open(path, "wb") as file:
        file.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header)
        file.write(struct.pack(f"<{count}{code}", *data))


if __name__ == "__main__":
    main()
