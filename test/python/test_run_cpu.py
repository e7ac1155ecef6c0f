"""Numbers of `sparsity-run --device=cpu` against NumPy in f64.

Inputs are made and pruned here, go in as .npy files, and the result is compared with a
reference that is nothing but einsum and the textbook formulas of the epilogues.
"""

import math
import subprocess

import numpy as np
import pytest

import nm_reference
import programs
from programs import Program
from sparsity import dtypes

# Error allowed, relative to an element's size and to the root mean square of all; and, as
# the error of the sums in f32, TOLERANCE["f32"] of theirs.
TOLERANCE = {"f32": 2e-6, "f16": 6e-4, "bf16": 4.5e-3, "f8E4M3FN": 0.07, "f8E5M2": 0.14}

CASES = {
    "f16": Program(),
    "bf16-to-bf16": Program("bf16", result="bf16"),
    "f32-1:2": Program("f32", pattern=(1, 2)),
    "f32-2:4": Program("f32"),
    "i8": Program("i8"),
    "i8-to-i8": Program("i8", epilogue=("clamp",), result="i8"),
    "i8-relu-bias": Program("i8", epilogue=("bias_columns", "relu")),
    "e4m3": Program("f8E4M3FN", result="f16"),
    "e5m2-to-e5m2": Program("f8E5M2", k=64, result="f8E5M2"),
    "odd-sizes": Program(m=7, n=13, k=51),
    "one-row": Program("bf16", m=1, n=65, k=63),
    "one-column": Program(m=33, n=1, k=130),
    "k-of-one": Program(m=5, n=6, k=1),
    "lhs": Program(sparse="lhs", transpose_rhs=False),
    "lhs-transposed": Program("bf16", sparse="lhs", transpose_lhs=True, m=67, n=9, k=75),
    "rhs-axis-0": Program("f32", transpose_rhs=False, k=77),
    "1:4": Program(pattern=(1, 4), k=98),
    "4:8": Program("i8", pattern=(4, 8), k=100),
    "3:5": Program("f32", pattern=(3, 5), k=99),
    "7:16": Program("f8E4M3FN", pattern=(7, 16), k=120, result="f32"),
    "dynamic": Program(m=29, dynamic_m=True, result="f16"),
    "no-rows": Program(m=0, dynamic_m=True),
    "batch": Program("bf16", batch=3, m=10, n=20, k=36),
    "batch-one-weight": Program(batch=2, batched_weight=False, m=11, n=12, k=40),
    "matrix-vector": Program(sparse="lhs", n=None, m=70, k=90),
    "vector-matrix": Program("f32", m=None, n=50, k=70),
    "bias-gelu-residual": Program("bf16", epilogue=("bias_columns", "gelu_tanh", "residual"),
                                  result="bf16"),
    "scales-bias": Program("i8", epilogue=("scale_rows", "scale_columns", "bias_rows")),
    "silu-clamp": Program(epilogue=("bias_rows", "silu", "clamp")),
    "gelu-erf-scale": Program("f32", epilogue=("gelu_erf", "scale_columns", "relu")),
    "gated": Program("f16", gated=True, result="f16"),
    "dense": Program("f16", sparse=None, m=19, n=23, k=29),
}


def make_inputs(program, generator):
    """(arrays in storage form, the same as f64 and pruned, their axes), in order."""
    _, shapes = programs.emit(program)
    sparse = {None: (), "lhs": (0,), "rhs": (1, 2) if program.gated else (1,)}[program.sparse]
    weights = 3 if program.gated else 2
    stored, exact = [], []
    for number, shape in enumerate(shapes):
        dtype = program.dtype if number < weights else program.accumulator
        # A residual comes in the operands' type where these are floats.
        epilogues = [name for name in program.epilogue if programs.EPILOGUES[name]]
        if number >= weights and epilogues[number - weights] == "residual":
            dtype = program.dtype if program.accumulator == "f32" else "i32"
        if dtype in ("i8", "i32"):
            values = generator.integers(-8, 9, shape).astype(dtypes.storage_of(dtype))
        else:
            values = dtypes.encode(generator.standard_normal(shape).astype(np.float32), dtype)
        if number in sparse:
            axis = _reduction_axis(program, number)
            decoded = dtypes.decode(values, dtype).astype(np.float64)
            kept = nm_reference.prune(decoded, *program.pattern, axis) != 0
            values = np.where(kept, values, 0).astype(values.dtype)
        stored.append(values)
        exact.append(dtypes.decode(values, dtype).astype(np.float64))
    return stored, exact


def _letters(program, number):
    """einsum letters of operand 0 (lhs), 1 or 2 (rhs)."""
    side, own = ("lhs", "m") if number == 0 else ("rhs", "n")
    k_last = program.transpose_rhs if number else not program.transpose_lhs
    letters = own + "k" if k_last else "k" + own
    letters = letters if getattr(program, own) is not None else "k"
    batched = program.batch and (side != program.sparse or program.batched_weight)
    return "b" * bool(batched) + letters


def _reduction_axis(program, number):
    return _letters(program, number).index("k")


def apply(name, value, operand, program):
    """One epilogue in f64; vectors lie along the rows or the columns."""
    if operand is not None and name.endswith("rows"):
        operand = operand[:, None] if program.n is not None else operand
    with np.errstate(over="ignore"):
        return {
            "relu": lambda: np.maximum(value, 0),
            "clamp": lambda: np.clip(
                value, *((-50, 75) if program.dtype == "i8" else (-0.5, 0.75))),
            "silu": lambda: value / (1 + np.exp(-value)),
            "gelu_erf": lambda: value * 0.5 * (1 + np.vectorize(math.erf)(value / 2**0.5)),
            "gelu_tanh": lambda: value * 0.5 * (
                1 + np.tanh((2 / np.pi) ** 0.5 * (value + 0.044715 * value**3))),
            "residual": lambda: value + operand,
            "bias_rows": lambda: value + operand,
            "bias_columns": lambda: value + operand,
            "scale_rows": lambda: value * operand,
            "scale_columns": lambda: value * operand,
        }[name]()


def reference(program, exact):
    """The result, and the root mean square of the sums before the epilogues."""
    output = "b" * bool(program.batch) + "".join(
        axis for axis in "mn" if getattr(program, axis) is not None)

    def product(number):
        letters = f"{_letters(program, 0)},{_letters(program, number)}->{output}"
        return np.einsum(letters, exact[0], exact[number])

    value, position = product(1), 2
    size_of_sums = np.sqrt(np.mean(value**2)) if value.size else 0
    if program.gated:
        value, position = value / (1 + np.exp(-value)) * product(2), 3
    for name in program.epilogue:
        operand = None
        if programs.EPILOGUES[name]:
            operand, position = exact[position], position + 1
        value = apply(name, value, operand, program)
    if program.result_type == "i8":
        value = np.clip(value, -128, 127)
    return value, size_of_sums


@pytest.mark.parametrize("name", CASES)
def test_against_numpy(run_tool, tmp_path, name):
    program = CASES[name]
    stored, exact = make_inputs(program, np.random.default_rng(sum(map(ord, name))))
    text, _ = programs.emit(program)
    (tmp_path / "program.mlir").write_text(text)
    command = [run_tool, str(tmp_path / "program.mlir"), "--device=cpu",
               f"--output=0:{tmp_path}/out.npy"]
    for number, array in enumerate(stored):
        np.save(tmp_path / f"{number}.npy", array)
        command.append(f"--input={number}:{tmp_path}/{number}.npy")
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    got = np.load(tmp_path / "out.npy")
    got = dtypes.decode(got, program.result_type).astype(np.float64)
    expected, size_of_sums = reference(program, exact)
    assert got.shape == expected.shape
    if program.result_type in ("i8", "i32"):
        assert np.array_equal(got, expected)
        return
    if expected.size == 0:
        return
    scale = np.sqrt(np.mean(expected**2))
    allowed = TOLERANCE[program.result_type] * (np.abs(expected) + scale)
    allowed += TOLERANCE["f32"] * size_of_sums
    assert np.isfinite(got).all()
    assert (np.abs(got - expected) <= allowed).all()


def run(run_tool, tmp_path, text, *options):
    (tmp_path / "p.mlir").write_text(text)
    command = [run_tool, str(tmp_path / "p.mlir"), "--device=cpu", *options]
    return subprocess.run(command, capture_output=True, text=True)


def test_prune_in_the_program(run_tool, tmp_path):
    """sparsity.prune keeps what the definition of magnitude pruning keeps."""
    text = programs.emit(Program("f32", m=4, n=6, k=16))[0]
    encoded = "tensor<6x16xf32, #sparsity.n_of_m<2:4, axis = 1>>"
    assert text.count(encoded) == 2
    text = text.replace(f"%arg1: {encoded}", "%dense: tensor<6x16xf32>")
    text = text.replace("  %zero", f"  %arg1 = sparsity.prune %dense : tensor<6x16xf32> to "
                        f"{encoded}\n  %zero", 1)
    generator = np.random.default_rng(5)
    x, w = (generator.standard_normal(shape).astype(np.float32) for shape in ((4, 16), (6, 16)))
    np.save(tmp_path / "x.npy", x)
    np.save(tmp_path / "w.npy", w)
    result = run(run_tool, tmp_path, text, f"--input=0:{tmp_path}/x.npy",
                 f"--input=1:{tmp_path}/w.npy", f"--output=0:{tmp_path}/y.npy")
    assert result.returncode == 0, result.stderr
    expected = x.astype(np.float64) @ nm_reference.prune(w, 2, 4, 1).astype(np.float64).T
    assert np.allclose(np.load(tmp_path / "y.npy"), expected, rtol=1e-5, atol=1e-5)


def test_a_value_outside_the_pattern_is_an_error(run_tool, tmp_path):
    np.save(tmp_path / "w.npy", np.ones((80, 160), np.float16))
    result = run(run_tool, tmp_path, programs.emit(Program())[0],
                 f"--input=1:{tmp_path}/w.npy", f"--output=0:{tmp_path}/y.npy")
    assert result.returncode != 0
    assert "expected at most 2 non-zero elements in each group of 4" in result.stderr
    assert not (tmp_path / "y.npy").exists()


def test_a_nan_input_reaches_its_row_only(run_tool, tmp_path):
    x = np.ones((48, 160), np.float16)
    x[5, 7] = np.nan
    np.save(tmp_path / "x.npy", x)
    w = nm_reference.prune(np.arange(1, 80 * 160 + 1).reshape(80, 160) % 7 + 1.0, 2, 4, 1)
    w[:, 4:8] = [1, 0, 0, 2]  # position 3 of the group is stored everywhere
    np.save(tmp_path / "w.npy", w.astype(np.float16))
    result = run(run_tool, tmp_path, programs.emit(Program())[0], f"--input=0:{tmp_path}/x.npy",
                 f"--input=1:{tmp_path}/w.npy", f"--output=0:{tmp_path}/y.npy")
    assert result.returncode == 0, result.stderr
    rows_with_nan = np.isnan(np.load(tmp_path / "y.npy")).all(axis=1)
    assert np.flatnonzero(rows_with_nan).tolist() == [5]


def test_the_same_seed_gives_the_same_bits(run_tool, tmp_path):
    text = programs.emit(Program("bf16", result="bf16"))[0]
    for number, seed in enumerate((3, 3, 4)):
        result = run(run_tool, tmp_path, text, f"--seed={seed}",
                     f"--output=0:{tmp_path}/y{number}.npy")
        assert result.returncode == 0, result.stderr
    first, second, third = (np.load(tmp_path / f"y{i}.npy") for i in range(3))
    assert np.array_equal(first, second) and not np.array_equal(first, third)
