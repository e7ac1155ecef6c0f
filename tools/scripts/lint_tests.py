#!/usr/bin/env python3
"""Tests: every pass has the test of its flag, every numbered constraint a failing test.

A pass `Pass<"flag">` of a Passes.td is tested by test/Transforms/<flag>.mlir or
test/Conversion/<flag>.mlir, which runs it. A constraint (`n_of_m_c1`) of docs/Spec.md
is named in a test, and a test names no constraint that the specification lacks.
"""

import re

import lintlib

SPEC = "docs/Spec.md"
PASS = re.compile(r"\bPass<\s*\"([\w-]+)\"")
CONSTRAINT = re.compile(r"\b[a-z][a-z_]*_c[0-9]+\b")


def check_passes(root):
    findings = []
    for path in lintlib.walk(root, ("Passes.td",), ("include",)):
        text = lintlib.strip_comments(lintlib.read(root, path))
        for match in PASS.finditer(text):
            flag = match.group(1)
            line = text[: match.start()].count("\n") + 1
            homes = [f"test/{room}/{flag}.mlir" for room in ("Transforms", "Conversion")]
            tests = [home for home in homes if (root / home).exists()]
            if not tests:
                findings.append(f"{path}:{line}: expected {' or '.join(homes)}, but got neither")
            for test in tests:
                runs = re.findall(r"//\s*RUN:(.*)", lintlib.read(root, test))
                if not any(re.search(rf"\b{re.escape(flag)}\b", run) for run in runs):
                    findings.append(f"{test}:1: expected a RUN line with {flag}, but got none")
    return findings


def check_constraints(root):
    if not (root / SPEC).exists():
        return [f"{SPEC}:1: expected the specification"]
    stated = {}
    for line, text in lintlib.numbered(lintlib.read(root, SPEC)):
        for name in CONSTRAINT.findall(text):
            stated.setdefault(name, line)
    tested = {}
    for path in lintlib.walk(root, (".mlir", ".test", ".cpp", ".py"), ("test",)):
        for line, text in lintlib.numbered(lintlib.read(root, path)):
            for name in CONSTRAINT.findall(text):
                tested.setdefault(name, f"{path}:{line}")
    subjects = {name.rpartition("_c")[0] for name in stated}
    findings = [
        f"{SPEC}:{line}: expected a test that names {name}, but found none"
        for name, line in sorted(stated.items())
        if name not in tested
    ]
    findings += [
        f"{place}: expected {name} to be stated in {SPEC}, but it is not"
        for name, place in sorted(tested.items())
        if name not in stated and name.rpartition("_c")[0] in subjects
    ]
    return findings


def check(root):
    return check_passes(root) + check_constraints(root)


PASSES = "include/sparsity/X/Passes.td"
TD = 'def XPass : Pass<"do-x"> {}\n'
RUN = "// RUN: sparsity-opt %s --do-x | FileCheck %s\n"
CASES = [
    ("clean", {PASSES: TD, SPEC: "", "test/Transforms/do-x.mlir": RUN}, 0),
    ("conversion", {PASSES: TD, SPEC: "", "test/Conversion/do-x.mlir": RUN}, 0),
    ("no test", {PASSES: TD, SPEC: ""}, 1),
    ("test of another pass", {PASSES: TD, SPEC: "", "test/Transforms/do-x.mlir": "// RUN: a\n"}, 1),
    ("constraint", {SPEC: "`a_b_c1`\n", "test/a.mlir": "// a_b_c1\n"}, 0),
    ("untested constraint", {SPEC: "`a_b_c1` `a_b_c2`\n", "test/a.mlir": "// a_b_c1\n"}, 1),
    ("unstated constraint", {SPEC: "`a_b_c1`\n", "test/a.mlir": "// a_b_c1 a_b_c2\n"}, 1),
    ("value name", {SPEC: "\n", "test/a.mlir": "%a_b_c1 = x\n"}, 0),
    ("no specification", {"test/a.mlir": "\n"}, 1),
]

if __name__ == "__main__":
    lintlib.main(__doc__, check, CASES)
