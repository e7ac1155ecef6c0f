#!/usr/bin/env python3
"""Layering: shared passes know no encoding by name, only targets know chip numbers,
and only lib/Interop knows other projects' encodings.

The encodings' names come from SparsityEncodings.td, so a new encoding is covered the
moment it is defined. Comments are not code and may name anything.
"""

import re

import lintlib

ENCODINGS = "include/sparsity/Dialect/Sparsity/IR/SparsityEncodings.td"
SHARED = (
    "Dialect/Sparsity/Transforms",
    "Dialect/SparseTile/IR",
    "Dialect/SparseTile/Transforms",
    "Conversion",
    "Pipelines",
    "Analysis",
)
# The table of targets, and the conversion that picks instructions from it.
KNOWS_CHIPS = (
    "lib/Target/",
    "include/sparsity/Target/",
    "lib/Conversion/SparseTileToGPU/",
)
# External models of encodings that other dialects define.
KNOWS_FOREIGN = ("lib/Interop/", "include/sparsity/Interop/")
FOREIGN = re.compile(r"\b(?:sparse_tensor|SparseTensorEncodingAttr)\b")
DEFINITION = re.compile(
    r"^def\s+Sparsity_\w+\s*:\s*Sparsity_\w+\s*<\s*\"(\w+)\"\s*,\s*\"(\w+)\"", re.M
)
CHIP = re.compile(r"\bsm_?\d{2,3}a?\b")


def encodings(root):
    """(class, mnemonic) of every encoding."""
    text = lintlib.strip_comments(lintlib.read(root, ENCODINGS))
    return [(f"{name}Attr", mnemonic) for name, mnemonic in DEFINITION.findall(text)]


def check(root):
    try:
        names = encodings(root)
    except FileNotFoundError:
        return [f"{ENCODINGS}:1: expected the file that defines the encodings"]
    if not names:
        return [f"{ENCODINGS}:1: expected definitions of encodings, but found none"]
    classes = "|".join(name for name, _ in names)
    mnemonics = "|".join(mnemonic for _, mnemonic in names)
    concrete = re.compile(rf"\b(?:{classes})\b|#sparsity\.(?:{mnemonics})\b")
    shared = tuple(f"{top}/{room}/" for top in ("lib", "include/sparsity") for room in SHARED)

    findings = []
    for path in lintlib.walk(root, lintlib.CXX + (".td",), ("include", "lib", "tools")):
        name = path.as_posix()
        code = lintlib.strip_comments(lintlib.read(root, path))
        for line, text in lintlib.numbered(code):
            if name.startswith(shared):
                for match in concrete.finditer(text):
                    findings.append(
                        f"{name}:{line}: expected no concrete encoding in a shared pass, "
                        f"but got {match.group(0)}: ask SparsityEncodingAttrInterface"
                    )
            if not name.startswith(KNOWS_FOREIGN):
                for match in FOREIGN.finditer(text):
                    findings.append(
                        f"{name}:{line}: expected other dialects' encodings only in "
                        f"lib/Interop, but got {match.group(0)}: ask "
                        "SparsityEncodingAttrInterface"
                    )
            if path.suffix in lintlib.CXX and not name.startswith(KNOWS_CHIPS):
                for match in CHIP.finditer(text):
                    findings.append(
                        f"{name}:{line}: expected chip numbers only in lib/Target and "
                        f"lib/Conversion/SparseTileToGPU, but got {match.group(0)}: "
                        "ask TileTargetAttrInterface"
                    )
    return findings


TD = 'def Sparsity_NOfMAttr : Sparsity_Encoding<"NOfM", "n_of_m", []>;\n'
CASES = [
    ("clean", {ENCODINGS: TD, "lib/Analysis/A.cpp": "TileFormat::nOfM(2, 4, 1);\n"}, 0),
    ("class", {ENCODINGS: TD, "lib/Conversion/X/A.cpp": "isa<NOfMAttr>(a);\n"}, 1),
    ("header", {ENCODINGS: TD, "include/sparsity/Analysis/A.h": "NOfMAttr a;\n"}, 1),
    ("mnemonic", {ENCODINGS: TD, "lib/Pipelines/A.cpp": 'p("#sparsity.n_of_m<2:4>");\n'}, 1),
    ("comment", {ENCODINGS: TD, "lib/Pipelines/A.cpp": "// NOfMAttr, sm_80\nint a;\n"}, 0),
    ("own room", {ENCODINGS: TD, "lib/Dialect/Sparsity/IR/A.cpp": "NOfMAttr a;\n"}, 0),
    ("chip", {ENCODINGS: TD, "lib/Pipelines/A.cpp": 'auto t = "sm_90a";\n'}, 1),
    ("chip in the table", {ENCODINGS: TD, "lib/Target/A.cpp": 'auto t = "sm_90a";\n'}, 0),
    ("foreign", {ENCODINGS: TD, "tools/A.cpp": "sparse_tensor::LevelType a;\n"}, 1),
    ("foreign at home", {ENCODINGS: TD, "lib/Interop/A.cpp": "sparse_tensor::X a;\n"}, 0),
    ("no definitions", {ENCODINGS: "// none\n"}, 1),
    ("no file", {"lib/A.cpp": "\n"}, 1),
]

if __name__ == "__main__":
    lintlib.main(__doc__, check, CASES)
