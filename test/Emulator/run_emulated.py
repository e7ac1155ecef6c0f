#!/usr/bin/env python3
"""Compiles a program for sm_90a, runs its kernels in the emulator, compares with f64."""

import argparse
import dataclasses
import pathlib
import re
import sys
import time

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "python"), str(pathlib.Path(__file__).resolve().parent)]

import ptx  # noqa: E402
import reference  # noqa: E402
from arithmetic import PARAMETERS, round_to_tf32  # noqa: E402
from copies import TensorMap  # noqa: E402
from machine import Machine  # noqa: E402
from memory import GlobalMemory  # noqa: E402
from steps import PARAMETER_STRIDE  # noqa: E402

from sparsity import dtypes  # noqa: E402
from sparsity.compiler import compile as compile_program  # noqa: E402
from sparsity.launch import DeviceArray, TensorMapParameter, parse_tensor_type  # noqa: E402
from sparsity.lists import pack_block, pack_unstructured, store_dense  # noqa: E402
from sparsity.packing import pack_n_of_m, prune_n_of_m  # noqa: E402

# Of a whole matrix, by the type of its elements: the result's rounding and little else.
TOLERANCES = {"bf16": 4e-3, "f16": 1e-3, "f32": 1e-5}
_BLOCK = re.compile(
    r"#sparsity\.block<(\d+)x(\d+)(?:, merged = (\d+)x(\d+))?(, ordered)?>"
)


@dataclasses.dataclass
class Outcome:
    """What a run showed. `error` is relative, in the Frobenius norm; integers: the count of
    wrong elements."""

    error: float
    tolerance: float
    undefined: int
    steps: int
    serialized: int
    seconds: float

    @property
    def passed(self):
        return self.undefined == 0 and self.error <= self.tolerance

    def __str__(self):
        word = "pass" if self.passed else "FAIL"
        return (
            f"{word}: relative error {self.error:.2e} (at most {self.tolerance:.0e}), "
            f"{self.undefined} undefined elements, {self.steps} steps, {self.serialized} times "
            f"serialized, {self.seconds:.1f} s"
        )


def random_elements(rng, shape, dtype):
    """Random elements in storage form, none of them zero."""
    if dtype in ("i8", "i32"):
        magnitude = rng.integers(1, 128, shape)
        return (magnitude * rng.choice([-1, 1], shape)).astype(dtypes.storage_of(dtype))
    values = rng.standard_normal(shape)
    values = np.where(np.abs(values) < 0.05, np.copysign(0.05, values), values)
    return dtypes.encode(values.astype(np.float32), dtype)


def to_reference(array, dtype, tf32=False):
    if tf32 and dtype == "f32":
        array = round_to_tf32(array.view(np.uint32)).view(np.float32)
    decoded = dtypes.decode(array, dtype)
    return decoded.astype(np.int64 if dtype[0] == "i" else np.float64)


def _shape(text, dynamic):
    sizes, dtype = parse_tensor_type(text)
    return tuple(dynamic if size is None else size for size in sizes), dtype


def _pattern(text):
    found = re.search(r"n_of_m<(\d+) ?: ?(\d+), axis = (\d+)", text)
    if not found:
        raise ValueError(f"expected a dense, n:m or block argument, but got {text}")
    return tuple(int(one) for one in found.groups())


def _store_dense(packed, memory):
    stored = store_dense(packed)
    return dataclasses.replace(
        stored, values=DeviceArray(memory.add(stored.values), stored.shape, stored.dtype)
    )


def _pack_blocks(array, text, memory, rng, dtype):
    """Keeps half of the blocks, and of every third row of blocks none. An order that the
    type asks for is a random one: the result may not depend on it."""
    *sizes, ordered = re.search(_BLOCK, text).groups()
    sizes = [int(size) for size in sizes if size]
    block, merged = tuple(sizes[:2]), tuple(sizes[2:]) or None
    rows, columns = (-(-size // part) for size, part in zip(array.shape, block))
    kept = rng.random((rows, columns)) < 0.5
    kept[::3] = rng.random() < 0.5 and rows > 2
    mask = np.kron(kept, np.ones(block, bool))[: array.shape[0], : array.shape[1]]
    array = np.where(mask, array, np.zeros((), array.dtype))
    packed = pack_block(array, block, dtype=dtype, merged=merged)
    if "stored_dense" in text:
        return array, _store_dense(packed, memory)
    values = packed.values
    if values.size == 0:  # A buffer has an address even if no block is kept.
        values = np.zeros((1, *packed.unit), values.dtype)
    coordinates = packed.coordinates if packed.coordinates.size else np.zeros(1, np.int32)
    if ordered:
        order = rng.permutation(packed.positions.size - 1).astype(np.int32)
        packed.order = DeviceArray(memory.add(order), order.shape, "i32")
    return array, dataclasses.replace(
        packed,
        positions=DeviceArray(memory.add(packed.positions), packed.positions.shape, "i32"),
        coordinates=DeviceArray(memory.add(coordinates), packed.coordinates.shape, "i32"),
        values=DeviceArray(memory.add(values), packed.values.shape, dtype),
    )


def _pack_bits(array, memory, rng, dtype):
    """Keeps some elements: of each tile another share, of every fifth tile and of some rows of
    tiles none, of some tiles all."""
    tiles = [-(-size // 64) for size in array.shape]
    share = rng.choice([0.0, 0.02, 0.3, 0.5, 1.0], tiles)
    share[:: rng.integers(2, 5)] *= rng.random() < 0.7
    kept = np.kron(share, np.ones((64, 64)))[: array.shape[0], : array.shape[1]]
    array = np.where(rng.random(array.shape) < kept, array, np.zeros((), array.dtype))
    packed = pack_unstructured(array, dtype=dtype, layout="fragments")
    # A buffer has an address even if it is empty.
    buffers = {
        name: (getattr(packed, name) if getattr(packed, name).size else np.zeros(8, np.int32))
        for name in ("positions", "coordinates", "offsets", "values")
    }
    return array, dataclasses.replace(
        packed,
        **{
            name: DeviceArray(
                memory.add(data), getattr(packed, name).shape, dtype if name == "values" else "i32"
            )
            for name, data in buffers.items()
        },
    )


def make_arguments(kernel, memory, rng, dynamic, tf32):
    """(arguments for `Kernel.plan`, arrays for the reference: rounded where `tf32`)."""
    arguments, arrays = [], []
    for entry in kernel.arguments:
        if entry["kind"] == "result" or entry.get("arg", -1) < len(arguments):
            continue
        if entry["kind"] not in ("tensor", "field"):
            raise ValueError(f"expected tensors only, but got {entry}")
        shape, dtype = _shape(entry["type"], dynamic)
        array = random_elements(rng, shape, dtype)
        if entry["kind"] == "tensor":
            arguments.append(DeviceArray(memory.add(array), shape, dtype))
        elif re.search(_BLOCK, entry["type"]):
            array, packed = _pack_blocks(array, entry["type"], memory, rng, dtype)
            arguments.append(packed)
        elif "#sparsity.unstructured<layout = fragments>" in entry["type"]:
            array, packed = _pack_bits(array, memory, rng, dtype)
            arguments.append(packed)
        else:
            n, m, axis = _pattern(entry["type"])
            array = prune_n_of_m(array, n, m, axis, dtype)
            layout = "core_matrix" if "core_matrix" in entry["type"] else "row_major"
            packed = pack_n_of_m(array, n, m, axis, layout, dtype)
            if "stored_dense" in entry["type"]:
                arguments.append(_store_dense(packed, memory))
                arrays.append(to_reference(array, dtype))
                continue
            buffers = {}
            for name in ("values", "metadata"):
                data = getattr(packed, name)
                buffers[name] = DeviceArray(memory.add(data), data.shape, "i8")
            arguments.append(dataclasses.replace(packed, **buffers))
        arrays.append(to_reference(array, dtype, tf32))
    return arguments, arrays


def make_results(kernel, memory, expected):
    """Poisoned results: one, of the shape that the reference found."""
    results = [entry for entry in kernel.arguments if entry["kind"] == "result"]
    if len(results) != 1:
        raise ValueError(f"expected one result, but got {len(results)}")
    dtype = parse_tensor_type(results[0]["type"])[1]
    item = dtypes.storage_of(dtype).itemsize
    poison = np.full(int(np.prod(expected.shape)) * item, 0xFF, np.uint8)
    return DeviceArray(memory.add(poison), expected.shape, dtype)


def run_launches(program, kernel, memory, arguments, seed, multiprocessors, allow_serialized):
    """Runs every launch; returns the steps taken and how often ptxas would serialize."""
    kernels = ptx.parse(program.ptx)
    steps = serialized = 0
    launches = {launch["kernel"]: launch for launch in kernel.launches}
    for name, grid, block, shared, values in kernel.plan(arguments):
        launch = launches[name]
        if launch.get("persistent"):
            cluster = launch.get("cluster", 1)
            resident = max(multiprocessors // cluster * cluster, cluster)
            grid = [min(grid[0], resident), *grid[1:]]
        parameters, maps = [], {}
        for index, value in enumerate(values):
            if isinstance(value, TensorMapParameter):
                maps[PARAMETERS + index * PARAMETER_STRIDE] = TensorMap(*value.value)
                parameters.append(bytes(128))
            else:
                parameters.append(bytes(value))
        threads = block[0] * block[1] * block[2]
        machine = Machine(
            kernels[name], memory, parameters, maps, threads, shared, seed, allow_serialized
        )
        machine.launch(grid)
        steps += machine.steps
        serialized += machine.serialized
    return steps, serialized


def compare(found, expected, dtype):
    """(error, tolerance, undefined elements)."""
    if dtype[0] == "i":
        return float((found != expected).sum()), 0.0, 0
    undefined = int(np.isnan(found).sum())
    difference = np.linalg.norm(np.nan_to_num(found) - expected)
    return float(difference / np.linalg.norm(expected)), TOLERANCES[dtype], undefined


def run(text, pipeline_options="", seed=0, multiprocessors=4, dynamic=77,
        allow_serialized=False):
    """The Outcome of the program `text`; EmulationError where a kernel breaks a rule."""
    start = time.time()
    program = compile_program(text, "sm_90a", pipeline_options=pipeline_options)
    kernel = program.kernel(next(iter(program.functions)))
    rng = np.random.default_rng(seed)
    memory = GlobalMemory()
    tf32 = "allow-tf32" in pipeline_options
    arguments, arrays = make_arguments(kernel, memory, rng, dynamic, tf32)
    expected = reference.evaluate(text, arrays)
    result = make_results(kernel, memory, expected)
    steps, serialized = run_launches(
        program, kernel, memory, arguments + [result], seed, multiprocessors, allow_serialized
    )
    storage = memory.contents(result.address, dtypes.storage_of(result.dtype), expected.shape)
    found = to_reference(storage, result.dtype)
    error, tolerance, undefined = compare(found, expected, result.dtype)
    outcome = Outcome(error, tolerance, undefined, steps, serialized, time.time() - start)
    outcome.found, outcome.expected = found, expected
    return outcome


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("program", help="a file of MLIR")
    parser.add_argument("--pipeline-options", default="")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--multiprocessors", type=int, default=4)
    parser.add_argument("--dynamic", type=int, default=77, help="the size of `?` dimensions")
    parser.add_argument(
        "--allow-serialized",
        action="store_true",
        help="go on where ptxas would serialize matrix instructions (it warns), and count",
    )
    options = parser.parse_args()
    try:
        outcome = run(
            pathlib.Path(options.program).read_text(),
            options.pipeline_options,
            options.seed,
            options.multiprocessors,
            options.dynamic,
            options.allow_serialized,
        )
    except ptx.EmulationError as error:
        print(f"FAIL: {error}")
        return 1
    print(outcome)
    if not outcome.passed:
        wrong = np.argwhere(~np.isclose(outcome.found, outcome.expected, rtol=0.05, atol=0.05))
        print(f"{len(wrong)} wrong elements of {outcome.found.size}, the first at:")
        for place in wrong[:8]:
            at = tuple(int(one) for one in place)
            print(f"  {at}: {outcome.found[at]:.5g}, expected {outcome.expected[at]:.5g}")
    return 0 if outcome.passed else 1


if __name__ == "__main__":
    sys.exit(main())
