#!/usr/bin/env python3
"""Writes the row bounds of documents packed into one sequence: documents.py FOLDER LENGTH...

FOLDER/lo.npy and FOLDER/hi.npy hold, for each token, the first and the last token of its
document, as i32.
"""

import pathlib
import struct
import sys


def write(path, values):
    header = f"{{'descr': '<i4', 'fortran_order': False, 'shape': ({len(values)},), }}".encode()
    header += b" " * (-(10 + len(header) + 1) % 64) + b"\n"
    path.write_bytes(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header +
                     struct.pack(f"<{len(values)}i", *values))


def main():
    folder, lengths = pathlib.Path(sys.argv[1]), [int(length) for length in sys.argv[2:]]
    lo, hi = [], []
    for length in lengths:
        begin = len(lo)
        lo += [begin] * length
        hi += [begin + length - 1] * length
    folder.mkdir(parents=True, exist_ok=True)
    write(folder / "lo.npy", lo)
    write(folder / "hi.npy", hi)


if __name__ == "__main__":
    main()
