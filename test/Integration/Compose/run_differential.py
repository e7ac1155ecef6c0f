#!/usr/bin/env python3
"""Runs random programs through `sparsity-run` and compares with NumPy references in f64.

Program number N is a function of N alone. Each is compiled, run on inputs written by the
generator, and its results are compared with `reference.py`, which shares no code with the
compiler. One line per failure, a summary by family, and at the end
`N passed, N failed, N skipped`; the exit status is 1 if any failed.

    run_differential.py --count=2000                  all of them, on the CPU
    run_differential.py --count=200 --stride=10       every tenth
    run_differential.py --seed=1234 --count=1 --print one program, its text shown
    run_differential.py --seed=1234 --count=1 --minimize   shrink it while it fails
    run_differential.py --device=cuda --count=500     on the GPU (needs NumPy and the package)
    run_differential.py --device=none --target=sm_90a --count=500   compile only
    run_differential.py --device=cuda --families=contract,ffn --kinds=n_of_m --multiple-of=16
        more kernels of warpgroups; none: --pipeline-options="instruction=mma"
"""

import argparse
import concurrent.futures
import copy
import ctypes
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

try:
    import numpy as np
except ImportError:
    # Distributions install NumPy for their own Python only.
    system = "/usr/bin/python3"
    if os.path.exists(system) and not os.environ.get("SPARSITY_PYTHON_RETRIED"):
        os.environ["SPARSITY_PYTHON_RETRIED"] = "1"
        os.execv(system, [system, *sys.argv])
    print("skipped: no NumPy (apt-get install python3-numpy)")
    sys.exit(77)

import generate  # noqa: E402
import minimize  # noqa: E402
import numerics  # noqa: E402
import reference  # noqa: E402
import regressions  # noqa: E402


class Outcome:
    """How a program ended: `kind` is ok, wrong, error, crash or timeout."""

    def __init__(self, kind, text="", output=""):
        self.kind, self.text, self.output = kind, text, output


def write_inputs(built, folder):
    """Writes the inputs; the options that name them."""
    options = []
    for number, (form, value, shape) in enumerate(built.inputs):
        if form == "fields":
            # The fields alone do not say how long a short last block is.
            options.append(f"--shape={number}:{'x'.join(map(str, shape))}")
        files = {"": value} if form == "dense" else {f".{name}": v for name, v in value.items()}
        for suffix, bits in files.items():
            path = folder / f"{number}{suffix}.npy"
            np.save(path, np.ascontiguousarray(bits) if np.ndim(bits) else np.asarray(bits))
            options.append(f"--input={number}{suffix}:{path}")
    return options


def reason_of(output):
    """The line of the output that says best what went wrong."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    for mark in ("error:", "Assertion", "LLVM ERROR", "PLEASE submit"):
        for line in lines:
            if mark in line:
                return line[:300]
    return lines[-1][:300] if lines else "no output"


def execute(command, arguments):
    """Runs a command; ok, error, crash or timeout."""
    environment = dict(os.environ, SPARSITY_NUM_THREADS=str(arguments.threads))
    try:
        result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                timeout=arguments.timeout, env=environment)
    except subprocess.TimeoutExpired:
        return Outcome("timeout", f"ran longer than {arguments.timeout} s")
    except OSError as error:
        return Outcome("error", f"cannot run: {error}")
    output = result.stdout.decode(errors="replace")
    if result.returncode == 0:
        return Outcome("ok", output=output)
    kind = "error" if result.returncode == 1 else "crash"
    return Outcome(kind, f"status {result.returncode}: {reason_of(output)}", output)


def compile_program(program, spec, arguments):
    """Compiles for a GPU without running: to machine code where there is an assembler."""
    translate = os.path.join(os.path.dirname(arguments.run), "sparsity-translate")
    homes = [os.environ.get("CUDA_HOME"), "/usr/local/cuda"]
    folders = os.pathsep.join(os.path.join(home, "bin") for home in homes if home)
    assembler = shutil.which("ptxas") or shutil.which("ptxas", path=folders)
    command = [translate, str(program), "--to-cubin" if assembler else "--to-ptx",
               "-o", os.devnull, f"--target={arguments.target or 'sm_80'}"]
    command += ["--allow-tf32"] * bool(spec.get("tf32"))
    return execute(command + pipeline_options(arguments), arguments)


def pipeline_options(arguments):
    return [f"--pipeline-options={arguments.pipeline_options}"] * bool(arguments.pipeline_options)


def run_program(spec, folder, arguments):
    """Builds, runs and compares one program in `folder`."""
    built = generate.build(spec)
    expected = reference.expected(spec, built.operands)
    program = folder / "program.mlir"
    program.write_text(built.text)
    if arguments.device == "none":
        return compile_program(program, spec, arguments)
    command = [arguments.run, str(program), f"--device={arguments.device}"]
    if arguments.target:
        command.append(f"--target={arguments.target}")
    if spec.get("tf32") and arguments.device == "cuda":
        command.append("--allow-tf32")
    command += ["--check"] * arguments.check + write_inputs(built, folder)
    if arguments.device == "cuda":
        command += pipeline_options(arguments)
    outputs = [folder / f"result{i}.npy" for i in range(len(expected))]
    command += [f"--output={i}:{path}" for i, path in enumerate(outputs)]
    if arguments.sanitizer:
        command = ["compute-sanitizer", f"--tool={arguments.sanitizer}", "--error-exitcode=99",
                   *command]
    outcome = execute(command, arguments)
    if outcome.kind != "ok":
        return outcome
    for number, (path, want) in enumerate(zip(outputs, expected)):
        dtype, tolerance = built.results[number]
        if arguments.device == "cuda":
            # tf32 keeps 10 bits of a factor; 8-bit tensor cores sum with 14 bits.
            tolerance = max(tolerance, 2e-3 if spec.get("tf32") else
                            2e-3 if spec["dtype"].startswith("f8") else 2e-5)
            if spec["family"] == "attention" and number == 0:
                # Tensor cores take the weights of the keys in the operands' type.
                tolerance = max(tolerance, numerics.STEP[spec["dtype"]])
        got = numerics.decode(np.load(path), dtype)
        problem = numerics.compare(got, want, dtype, tolerance)
        if problem:
            return Outcome("wrong", f"result {number}: {problem}", outcome.output)
    return outcome


_lock = threading.Lock()
# How often each message was seen; one that repeats is printed a few times only.
_seen = {}
_REPEATS = 5


def try_spec(spec, arguments):
    """The outcome of a specification; a generator that rejects it counts as ok."""
    with tempfile.TemporaryDirectory() as scratch:
        return run_program(spec, pathlib.Path(scratch), arguments)


def has_device():
    try:
        driver = ctypes.CDLL("libcuda.so.1")
    except OSError:
        return False
    count = ctypes.c_int()
    return driver.cuInit(0) == 0 and driver.cuDeviceGetCount(ctypes.byref(count)) == 0 and (
        count.value > 0)


def find_run():
    folders = [os.environ.get("SPARSITY_BIN")]
    if os.environ.get("SPARSITY_BUILD_DIR"):
        folders.append(os.path.join(os.environ["SPARSITY_BUILD_DIR"], "bin"))
    folders += os.environ.get("PATH", "").split(os.pathsep)
    folders.append(str(HERE.parents[2] / "build" / "bin"))
    return shutil.which("sparsity-run", path=os.pathsep.join(filter(None, folders)))


def parse_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", choices=("cuda", "cpu", "none"), default="cpu",
                        help="none: compile for --target only")
    parser.add_argument("--target", help="GPU to compile for (default: the device's)")
    parser.add_argument("--run", help="path of sparsity-run (default: found)")
    parser.add_argument("--seed", type=int, default=0, help="number of the first program")
    parser.add_argument("--count", type=int, default=2000, help="how many programs")
    parser.add_argument("--stride", type=int, default=1, help="distance of two programs' numbers")
    parser.add_argument("--families", help=f"among {', '.join(generate.FAMILIES)}")
    parser.add_argument("--kinds", help="encodings of weights: n_of_m, block, vnm, ...")
    parser.add_argument("--jobs", type=int, default=0, help="processes at a time")
    parser.add_argument("--threads", type=int, default=1, help="threads of each program")
    parser.add_argument("--timeout", type=float, default=60, help="seconds per program")
    parser.add_argument("--sanitizer", choices=("memcheck", "racecheck", "initcheck", "synccheck"))
    parser.add_argument("--pipeline-options", help='of the GPU pipeline: "instruction=mma"')
    parser.add_argument("--multiple-of", type=int, default=1,
                        help="sizes are rounded up to multiples, as bulk copies want them")
    parser.add_argument("--spec", help="run this specification (JSON) instead")
    parser.add_argument("--check", action="store_true",
                        help="also compare with the compiler's own dense program")
    parser.add_argument("--regressions", action="store_true",
                        help="run the programs of regressions.py instead")
    parser.add_argument("--minimize", action="store_true", help="shrink each failure")
    parser.add_argument("--print", action="store_true", help="print programs and their output")
    parser.add_argument("--keep", type=pathlib.Path, help="folder for the failures' files")
    return parser.parse_args()


def make_specs(arguments):
    if arguments.spec:
        return [json.loads(arguments.spec)]
    if arguments.regressions:
        return regressions.make_specs()
    families = arguments.families.split(",") if arguments.families else None
    kinds = tuple(arguments.kinds.split(",")) if arguments.kinds else None
    specs = [generate.sample(arguments.seed + i * arguments.stride, families, kinds)
             for i in range(arguments.count)]
    for spec in specs:
        for axis, size in spec.get("sizes", {}).items():
            spec["sizes"][axis] = -(-size // arguments.multiple_of) * arguments.multiple_of
    return specs


def report(spec, outcome, arguments):
    message = re.sub(r"\d+|/\S+", "", outcome.text)[:100]
    with _lock:
        _seen[message] = _seen.get(message, 0) + 1
        if outcome.kind != "wrong" and _seen[message] > _REPEATS and not arguments.print:
            return
        print(f"FAIL {spec['seed']} {spec['family']} ({outcome.kind}): {outcome.text}")
        print(f"  --spec='{json.dumps(spec)}'", flush=True)
        if arguments.print:
            print(generate.build(spec).text + outcome.output)
    if arguments.keep:
        folder = arguments.keep / str(spec["seed"])
        folder.mkdir(parents=True, exist_ok=True)
        run_program(spec, folder, arguments)
        (folder / "spec.json").write_text(json.dumps(spec) + "\n")


def run_one(spec, arguments):
    start = time.monotonic()
    outcome = try_spec(spec, arguments)
    if outcome.kind != "ok":
        report(spec, outcome, arguments)
        if arguments.minimize:
            shrunk = minimize.shrink(
                copy.deepcopy(spec), outcome,
                lambda candidate: try_spec(candidate, arguments))
            again = try_spec(shrunk, arguments)
            with _lock:
                print(f"minimized {spec['seed']} ({again.kind}): {again.text}")
                print(f"  --spec='{json.dumps(shrunk)}'")
                print(generate.build(shrunk).text, flush=True)
    return spec, outcome, time.monotonic() - start


def main():
    arguments = parse_arguments()
    arguments.run = arguments.run or find_run()
    if not arguments.run:
        print("expected sparsity-run in $SPARSITY_BIN, $SPARSITY_BUILD_DIR/bin, build/bin or "
              "PATH, but got none")
        return 1
    specs = make_specs(arguments)
    missing = None
    if arguments.device == "cuda" and not has_device():
        missing = "no CUDA device"
    elif arguments.sanitizer and not shutil.which("compute-sanitizer"):
        missing = "no compute-sanitizer on PATH"
    if missing:
        print(f"skipped: {missing}\n0 passed, 0 failed, {len(specs)} skipped")
        return 0
    tally, slowest, begin = {}, (0, None), time.monotonic()
    jobs = arguments.jobs or os.cpu_count() or 1
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        tasks = [pool.submit(run_one, spec, arguments) for spec in specs]
        for task in concurrent.futures.as_completed(tasks):
            spec, outcome, seconds = task.result()
            slowest = max(slowest, (seconds, spec["seed"]), key=lambda pair: pair[0])
            row = tally.setdefault(spec["family"], {})
            row[outcome.kind] = row.get(outcome.kind, 0) + 1
    for message, count in sorted(_seen.items()):
        if count > _REPEATS:
            print(f"{count} times: {message}")
    for family in sorted(tally):
        print(f"{family}: " + ", ".join(f"{n} {kind}" for kind, n in sorted(tally[family].items())))
    passed = sum(row.get("ok", 0) for row in tally.values())
    print(f"{time.monotonic() - begin:.0f} s; slowest: program {slowest[1]}, {slowest[0]:.1f} s")
    print(f"{passed} passed, {len(specs) - passed} failed, 0 skipped")
    return 1 if passed < len(specs) else 0


if __name__ == "__main__":
    sys.exit(main())
