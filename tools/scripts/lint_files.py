#!/usr/bin/env python3
"""Files: sizes (.td 600 lines, .cpp 1,000), and a banner of one sentence on each.

C++ and TableGen open with `//===- <File> - <sentence> ---===//`, which names the file;
CMake, Python and shell files with a comment or a docstring.
"""

import re

import lintlib

LIMITS = {".td": 600, ".cpp": 1000}
# clang-format may wrap a long banner onto a second line.
BANNER = re.compile(r"^//===- (\S+) - (?!-)\S.*?(?:\n//.*?)?//$", re.M)
GENERATED = ("python/sparsity/_",)


def banner_finding(path, lines):
    first = lines[0] if lines else ""
    match = BANNER.match("\n".join(lines[:2]))
    if not match:
        return f"expected a banner `//===- {path.name} - ... ---===//`, but got '{first}'"
    if match.group(1) != path.name:
        return f"expected the banner to name {path.name}, but got {match.group(1)}"
    return None


def script_finding(lines):
    body = [line for line in lines if not line.startswith("#!")]
    first = next((line for line in body if line.strip()), "")
    if not first.startswith(("#", '"""', 'r"""')):
        return f"expected a comment or docstring that says what the file does, but got '{first}'"
    return None


def is_script(root, path):
    if path.suffix in (".py", ".cmake"):
        return True
    return path.parts[0] == "tools" and not path.suffix and path.name != "CMakeLists.txt"


def check(root):
    findings = []
    for path in lintlib.walk(root, ("",)):
        name = path.as_posix()
        if name.startswith("docs/") or name.startswith(GENERATED):
            continue
        if path.suffix in lintlib.CXX + (".td",):
            lines = lintlib.read(root, path).splitlines()
            limit = LIMITS.get(path.suffix)
            if limit and len(lines) > limit:
                findings.append(
                    f"{name}:{limit}: expected at most {limit} lines, but got {len(lines)}"
                )
            finding = banner_finding(path, lines)
        elif is_script(root, path):
            lines = lintlib.read(root, path).splitlines()
            # An empty __init__.py marks a package and needs no sentence.
            finding = script_finding(lines) if lines else None
        else:
            continue
        if finding:
            findings.append(f"{name}:1: {finding}")
    return findings


def cpp(name, lines=0):
    return f"//===- {name} - a sentence ---===//\n" + "\n" * lines


CASES = [
    ("clean", {"lib/A.cpp": cpp("A.cpp"), "include/A.td": cpp("A.td")}, 0),
    ("header", {"include/A.h": "//===- A.h - text ---*- C++ -*-===//\n"}, 0),
    ("wrapped", {"lib/A.h": "//===- A.h - long text -*- C++\n// -*-===//\n"}, 0),
    ("no banner", {"lib/A.cpp": "int a;\n"}, 1),
    ("empty", {"lib/A.cpp": ""}, 1),
    ("other name", {"lib/A.cpp": cpp("B.cpp")}, 1),
    ("no sentence", {"lib/A.cpp": "//===- A.cpp ---===//\n"}, 1),
    ("long .cpp", {"lib/A.cpp": cpp("A.cpp", 1000)}, 1),
    (".cpp at the limit", {"lib/A.cpp": cpp("A.cpp", 999)}, 0),
    ("long .td", {"include/A.td": cpp("A.td", 600)}, 1),
    ("script", {"tools/a.py": "#!/usr/bin/env python3\nimport os\n"}, 1),
    ("script with docstring", {"tools/a.py": '#!/usr/bin/env python3\n"""Text."""\n'}, 0),
    ("tool", {"tools/check": "#!/bin/bash\nset -e\n"}, 1),
]

if __name__ == "__main__":
    lintlib.main(__doc__, check, CASES)
