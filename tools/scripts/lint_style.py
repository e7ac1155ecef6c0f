#!/usr/bin/env python3
"""Style: C++ is what clang-format 22 writes with this tree's .clang-format."""

import re
import shutil
import subprocess

import lintlib

STYLE = lintlib.ROOT / ".clang-format"
FINDING = re.compile(r"^(.+?):(\d+):\d+: (?:error|warning): (.*)$", re.M)


def clang_format():
    for name in ("clang-format-22", "clang-format"):
        program = shutil.which(name)
        if program:
            version = subprocess.run([program, "--version"], capture_output=True, text=True)
            if " 22." in version.stdout:
                return program
    raise lintlib.Skip("no clang-format 22 (apt-get install clang-format-22)")


def check(root):
    program = clang_format()
    files = [str(root / path) for path in lintlib.walk(root, lintlib.CXX)]
    if not files:
        return []
    command = [program, "--dry-run", "-Werror", f"--style=file:{STYLE}", *files]
    result = subprocess.run(command, capture_output=True, text=True)
    findings = {}
    for path, line, message in FINDING.findall(result.stderr):
        name = path[len(str(root)) + 1 :] if path.startswith(str(root)) else path
        findings.setdefault(name, f"{name}:{line}: {message} (clang-format-22 -i {name})")
    if result.returncode and not findings:
        return [result.stderr.strip()]
    return list(findings.values())


CASES = [
    ("clean", {"lib/A.cpp": "int a() { return 1; }\n"}, 0),
    ("spacing", {"lib/A.cpp": "int  a( ) {return 1;}\n"}, 1),
    ("no braces", {"lib/A.cpp": "int f(int a) {\n  if (a)\n    return 1;\n  return 0;\n}\n"}, 1),
]

if __name__ == "__main__":
    lintlib.main(__doc__, check, CASES)
