"""A spread of the GPU case matrix on the CPU, and that the matrix is what it says."""

import subprocess
import sys

import pytest

import programs
import run_matrix


def test_matrix_covers_its_dimensions():
    cases = run_matrix.make_cases()
    assert len(cases) >= 200
    assert len({case.name for case in cases}) == len(cases)
    for kind in run_matrix.KINDS:
        of_kind = [case.program for case in cases if f"-{kind}-" in case.name]
        for axis in "mnk":
            assert set(run_matrix.ODD) <= {getattr(program, axis) for program in of_kind}
    every = [case.program for case in cases]
    assert {p.pattern for p in every} >= set(run_matrix.PATTERNS)
    assert {p.sparse for p in every} == {"lhs", "rhs", None}
    assert {name for p in every for name in p.epilogue} == set(programs.EPILOGUES)
    assert any(len(p.epilogue) == 3 for p in every)
    assert {case.target for case in cases} == {"sm_80", "sm_90a"}
    assert run_matrix.make_cases()[17].name == cases[17].name


def test_cpu_spread(run_tool):
    command = [sys.executable, run_matrix.__file__, "--device=cpu", "--limit=30",
               f"--run={run_tool}"]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout
    assert "30 passed, 0 failed, 0 skipped" in result.stdout


def test_a_failure_is_reported(tmp_path):
    wrong = tmp_path / "wrong"
    wrong.write_text("#!/bin/sh\necho 'check: result 0: max abs error 1: FAILED'\nexit 1\n")
    wrong.chmod(0o755)
    command = [sys.executable, run_matrix.__file__, "--device=cpu", "--limit=2", f"--run={wrong}"]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 1
    assert result.stdout.count("FAIL ") == 2
    assert "0 passed, 2 failed, 0 skipped" in result.stdout


def test_without_a_device(run_tool):
    if run_matrix.has_device():
        pytest.skip("there is a device")
    command = [sys.executable, run_matrix.__file__, "--device=cuda", "--limit=5",
               f"--run={run_tool}"]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 0 and "0 passed, 0 failed, 5 skipped" in result.stdout
