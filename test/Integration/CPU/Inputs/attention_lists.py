"""Writes the index fields that attention-lists.mlir reads, as .npy files.

Documents of 5, 12, 1, 22 and 30 rows (`lo`, `hi`, row 10 sees nothing), block lists
(`positions`, `coordinates`, group 0 to 4 of which one is empty) and three offsets.
"""

import os
import struct
import sys


def save(path, values, shape, kind):
    code = {"i4": "i", "i8": "q"}[kind]
    header = "{'descr': '<%s', 'fortran_order': False, 'shape': (%s), }" % (
        kind,
        "".join("%d," % extent for extent in shape),
    )
    header += " " * ((64 - (11 + len(header)) % 64) % 64) + "\n"
    with open(path, "wb") as file:
        file.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode())
        file.write(struct.pack("<%d%s" % (len(values), code), *values))


folder = sys.argv[1]
os.makedirs(folder, exist_ok=True)
lo, hi, start = [], [], 0
for end in (5, 17, 18, 40, 70):
    lo += [start] * (end - start)
    hi += [end - 1] * (end - start)
    start = end
lo[10], hi[10] = 3, -1
save(os.path.join(folder, "lo.npy"), lo, [70], "i4")
save(os.path.join(folder, "hi.npy"), hi, [70], "i4")
save(os.path.join(folder, "positions.npy"), [0, 2, 2, 5, 6, 8], [6], "i4")
save(os.path.join(folder, "coordinates.npy"), [0, 3, 1, 2, 6, 5, 0, 6], [8], "i4")
for name, offset in (("cached", 57), ("before", -9), ("beyond", 1000)):
    save(os.path.join(folder, name + ".npy"), [offset], [], "i8")
