"""What the lints share: walking the tree, stripping comments, reporting.

A lint is a function `check(root) -> list of "path:line: message"` and a list of
`(name, files, expected)` cases for its self-test: `files` maps paths to contents, and
`expected` is how many findings the lint must make on that tree. Exit status: 0 clean,
1 findings, 77 skipped (a tool is missing).
"""

import argparse
import os
import pathlib
import re
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDERS = ("include", "lib", "tools", "test", "python", "docs")
CXX = (".cpp", ".h")
SKIPPED = 77


class Skip(Exception):
    """Raised by a check that cannot run here; the text says what would bring it."""


def walk(root, suffixes, folders=FOLDERS):
    """The files with one of `suffixes` below `folders`, relative to `root`, sorted."""
    found = []
    for folder in folders:
        for directory, names, files in os.walk(root / folder):
            names[:] = sorted(n for n in names if not n.startswith((".", "__")))
            for file in sorted(files):
                if file.endswith(tuple(suffixes)):
                    found.append((pathlib.Path(directory) / file).relative_to(root))
    return found


def read(root, path):
    return (root / path).read_text(encoding="utf-8", errors="replace")


COMMENT = re.compile(
    r'"(?:\\.|[^"\\\n])*"'  # a string, kept
    r"|'(?:\\.|[^'\\\n])'"
    r"|//[^\n]*"
    r"|/\*.*?\*/",
    re.S,
)


def strip_comments(text):
    """C++ or TableGen without comments; line numbers stay."""

    def replace(match):
        token = match.group(0)
        return token if token[0] in "\"'" else "\n" * token.count("\n")

    return COMMENT.sub(replace, text)


def numbered(text):
    return enumerate(text.splitlines(), start=1)


def self_test(check, cases):
    """Runs `check` on each case's own small tree; the number of wrong answers."""
    wrong = 0
    for name, files, expected in cases:
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            for path, content in files.items():
                (root / path).parent.mkdir(parents=True, exist_ok=True)
                (root / path).write_text(content, encoding="utf-8")
            findings = check(root)
        if len(findings) != expected:
            wrong += 1
            print(f"self-test '{name}': expected {expected} findings, but got {findings}")
    print(f"self-test: {len(cases) - wrong} of {len(cases)} cases right")
    return wrong


def main(description, check, cases):
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--root", type=pathlib.Path, default=ROOT)
    parser.add_argument("--self-test", action="store_true", help="prove that it can fail")
    arguments = parser.parse_args()
    try:
        if arguments.self_test:
            sys.exit(1 if self_test(check, cases) else 0)
        findings = check(arguments.root)
    except Skip as skip:
        print(f"skipped: {skip}")
        sys.exit(SKIPPED)
    for finding in findings:
        print(finding)
    print(f"{len(findings)} findings")
    sys.exit(1 if findings else 0)
