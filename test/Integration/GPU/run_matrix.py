#!/usr/bin/env python3
"""Runs several hundred small programs through `sparsity-run --check`.

Every program is compiled, run on random data, and compared with the same program on
dense tensors in f64 on the CPU. One line per failure, and at the end
`N passed, N failed, N skipped`; the exit status is 1 if any failed. Without a GPU,
`--device=cuda` skips all of them.

    run_matrix.py --device=cuda                    everything
    run_matrix.py --device=cpu --limit=40          a spread of 40
    run_matrix.py --device=none                    compile for the targets only, no run
    run_matrix.py --device=cuda --sanitizer=memcheck   odd shapes under compute-sanitizer
    run_matrix.py --device=cuda --filter='^example'    the examples, small and at real size
"""

import argparse
import concurrent.futures
import ctypes
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import kinds  # noqa: E402
import programs  # noqa: E402

ODD = (1, 7, 63, 65, 4095, 4097)
# Name of a kind of arithmetic: element type, its native pattern, tf32 allowed.
KINDS = {
    "f16": ("f16", (2, 4), False),
    "bf16": ("bf16", (2, 4), False),
    "f32": ("f32", (1, 2), False),
    "tf32": ("f32", (1, 2), True),
    "tf32w": ("f32", (2, 4), True),
    "i8": ("i8", (2, 4), False),
    "e4m3": ("f8E4M3FN", (2, 4), False),
    "e5m2": ("f8E5M2", (2, 4), False),
}
PATTERNS = ((2, 4), (1, 4), (1, 2), (4, 8), (3, 5), (7, 16), (2, 8))
RESULTS = {
    "f16": ("f32", "f16", "bf16"),
    "bf16": ("f32", "bf16", "f16"),
    "f32": ("f32", "bf16"),
    "tf32": ("f32", "f16"),
    "tf32w": ("f32", "bf16"),
    "i8": ("i32", "i8", "bf16"),
    "e4m3": ("f32", "bf16", "f8E4M3FN"),
    "e5m2": ("f32", "f16", "f8E5M2"),
}
SIDES = ("rhs", "lhs", None)


class Case:
    """A program, the target it is compiled for, and a name that says both."""

    def __init__(self, group, kind, target, **fields):
        dtype, pattern, tf32 = KINDS[kind]
        fields.setdefault("pattern", pattern)
        self.program = programs.Program(dtype=dtype, **fields)
        self.tf32 = tf32
        self.target = target
        self.group = group
        p = self.program
        sizes = "x".join(str(s) for s in (p.batch, p.m, p.n, p.k) if s is not None)
        parts = [group, kind, target, sizes, f"{p.sparse or 'dense'}"]
        if p.sparse:
            parts.append(f"{p.pattern[0]}:{p.pattern[1]}")
        parts.append("".join("T" if t else "N" for t in (p.transpose_lhs, p.transpose_rhs)))
        parts += ["dynamic"] * p.dynamic_m + ["gated"] * p.gated + list(p.epilogue)
        parts += ["shared"] * (p.batch is not None and not p.batched_weight)
        parts.append(p.result_type)
        self.name = "-".join(parts)

    def odd(self):
        p = self.program
        return any(size is not None and size % 8 for size in (p.m, p.n, p.k))

    def emit(self):
        """The text, and the sizes of each argument that has dynamic ones."""
        text, shapes = programs.emit(self.program)
        # Only dynamic sizes need it; a vector's absent axis leaves nothing to say.
        return text, {number: shape for number, shape in enumerate(shapes)
                      if self.program.dynamic_m and shape}


def make_cases():
    """All cases, the same on every machine."""
    choose = random.Random(20)

    def target():
        return choose.choice(("sm_90a", "sm_80"))

    def layout():
        return {
            "transpose_lhs": choose.random() < 0.3,
            "transpose_rhs": choose.random() < 0.6,
            "dynamic_m": choose.random() < 0.4,
        }

    cases = []
    # Tails: one size at a time is odd, the others are small.
    for kind in KINDS:
        for axis in "mnk":
            for number, size in enumerate(ODD):
                sizes = {"m": choose.choice((16, 33, 128)), "n": choose.choice((24, 40, 136)),
                         "k": choose.choice((64, 80, 200))}
                sizes[axis] = size
                side = SIDES[(number + "mnk".index(axis)) % 3] if choose.random() < 0.5 else "rhs"
                cases.append(Case("tail", kind, target(), sparse=side, **sizes, **layout(),
                                  result=choose.choice(RESULTS[kind])))
    # Patterns, along either operand and axis.
    for pattern in PATTERNS:
        for kind in ("f16", "bf16", "f32", "i8", "e4m3"):
            for side in ("rhs", "lhs"):
                cases.append(Case("pattern", kind, target(), sparse=side, pattern=pattern,
                                  m=choose.choice((32, 65, 100)), n=choose.choice((64, 72, 131)),
                                  k=choose.choice((96, 128, 250)), **layout()))
    # Epilogues, alone and chained.
    single = [(name,) for name in programs.EPILOGUES]
    chains = [
        ("bias_columns", "gelu_tanh", "residual"),
        ("scale_rows", "scale_columns", "bias_columns"),
        ("bias_rows", "silu", "clamp"),
        ("residual", "gelu_erf", "scale_columns"),
    ]
    for kind in ("f16", "bf16", "tf32", "i8", "e4m3"):
        for epilogue in [()] + single + chains:
            if kind == "i8" and set(epilogue) & {"gelu_tanh", "gelu_erf", "silu"}:
                continue
            results = RESULTS[kind]
            cases.append(Case("epilogue", kind, target(), sparse=choose.choice(SIDES),
                              epilogue=epilogue, m=choose.choice((31, 64, 130)),
                              n=choose.choice((56, 65, 128)), k=choose.choice((64, 136)),
                              **layout(), result=results[len(cases) % len(results)]))
    # Two weights and a gate.
    for kind in ("f16", "bf16", "tf32", "f32", "e4m3", "e5m2"):
        for side in ("rhs", None):
            cases.append(Case("gated", kind, target(), sparse=side, gated=True,
                              m=choose.choice((17, 64)), n=choose.choice((64, 100)), k=128,
                              **layout(), result=RESULTS[kind][1]))
    # A batch, with a weight per member and with one for all.
    for kind in KINDS:
        for shared in (False, True):
            cases.append(Case("batch", kind, target(), sparse=choose.choice(("rhs", "lhs")),
                              batch=choose.choice((1, 3, 5)), batched_weight=not shared,
                              m=choose.choice((16, 33)), n=choose.choice((40, 64)),
                              k=choose.choice((64, 72)), transpose_rhs=choose.random() < 0.5))
    # A vector on one side.
    for kind in KINDS:
        cases.append(Case("vector", kind, target(), sparse="lhs", m=choose.choice((65, 200)),
                          n=None, k=choose.choice((128, 250))))
        cases.append(Case("vector", kind, target(), sparse="rhs", m=None,
                          n=choose.choice((65, 200)), k=choose.choice((128, 250))))
    # One kernel for all lengths.
    for rows in (0, 1, 2, 15, 129, 1000):
        for kind in ("bf16", "e4m3", "i8"):
            cases.append(Case("length", kind, target(), m=rows, n=96, k=128, dynamic_m=True,
                              result=RESULTS[kind][1]))
    # Both targets on the same 8-bit program.
    for kind in ("e4m3", "e5m2", "i8"):
        for chip in ("sm_80", "sm_90a"):
            cases.append(Case("chip", kind, chip, m=64, n=128, k=256, result=RESULTS[kind][1]))
    # Dense operands go the same way.
    for kind in KINDS:
        for chip in ("sm_80", "sm_90a"):
            cases.append(Case("dense", kind, chip, sparse=None, m=choose.choice((64, 77)),
                              n=choose.choice((64, 90)), k=choose.choice((64, 100)), **layout()))
    names = {}
    for case in cases:
        names[case.name] = names.get(case.name, 0) + 1
        if names[case.name] > 1:
            case.name += f"-{names[case.name]}"
    return cases


def select(cases, arguments):
    if arguments.filter:
        cases = [case for case in cases if re.search(arguments.filter, case.name)]
    if arguments.sanitizer and not arguments.filter:
        cases = [case for case in cases if case.odd()]
        arguments.limit = arguments.limit or 24
    if arguments.limit and arguments.limit < len(cases):
        # A spread over all groups.
        cases = [cases[i * len(cases) // arguments.limit] for i in range(arguments.limit)]
    return cases


def command_of(case, path, seed, arguments):
    if arguments.device == "none":
        translate = os.path.join(os.path.dirname(arguments.run), "sparsity-translate")
        command = [translate, str(path), arguments.emit, f"--target={case.target}"]
        return command + ["--allow-tf32"] * case.tf32, case.emit()[0]
    command = [arguments.run, str(path), f"--device={arguments.device}", "--check",
               f"--seed={seed}"]
    if arguments.device == "cuda":
        command.append(f"--target={case.target}")
    if case.tf32:
        command.append("--allow-tf32")
    text, shapes = case.emit()
    for number, shape in shapes.items():
        command.append(f"--shape={number}:{'x'.join(map(str, shape))}")
    if arguments.sanitizer:
        command = ["compute-sanitizer", f"--tool={arguments.sanitizer}", "--error-exitcode=99",
                   *command]
    return command, text


def reason_of(output):
    """The line of the output that says best what went wrong."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    for mark in ("error:", "FAILED", "=========", "Assertion", "LLVM ERROR"):
        for line in lines:
            if mark in line:
                return line[:300]
    return lines[-1][:300] if lines else "no output"


def run_case(case, seed, folder, arguments):
    path = folder / f"{re.sub('[^A-Za-z0-9_.-]', '_', case.name)}.mlir"
    command, text = command_of(case, path, seed, arguments)
    path.write_text(text)
    if arguments.device != "none":
        for number, values in getattr(case, "inputs", {}).items():
            file = path.with_suffix(f".{number}.npy")
            kinds.write_i32(file, values)
            command.append(f"--input={number}:{file}")
    start = time.monotonic()
    environment = dict(os.environ)
    if not case.name.startswith("example-real"):
        # Small programs side by side; a large one's oracle takes the whole machine.
        environment["SPARSITY_NUM_THREADS"] = "1"
    try:
        result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                timeout=arguments.timeout, env=environment)
        status, output = result.returncode, result.stdout.decode(errors="replace")
    except subprocess.TimeoutExpired:
        status, output = "timeout", f"error: ran longer than {arguments.timeout} s"
    if arguments.device == "none":
        ok = status == 0
    else:
        ok = status == 0 and "check:" in output and "FAILED" not in output
    return case, ok, status, output, command, time.monotonic() - start


def has_device():
    try:
        driver = ctypes.CDLL("libcuda.so.1")
    except OSError:
        return False
    count = ctypes.c_int()
    return driver.cuInit(0) == 0 and driver.cuDeviceGetCount(ctypes.byref(count)) == 0 and (
        count.value > 0
    )


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
    parser.add_argument("--device", choices=("cuda", "cpu", "none"), default="cuda")
    parser.add_argument("--run", help="path of sparsity-run (default: found)")
    parser.add_argument("--filter", help="regular expression on the cases' names")
    parser.add_argument("--limit", type=int, default=0, help="a spread of so many cases")
    parser.add_argument("--jobs", type=int, default=0, help="processes at a time")
    parser.add_argument("--seed", type=int, default=1, help="first seed of the inputs")
    parser.add_argument("--timeout", type=float, default=120, help="seconds per case")
    parser.add_argument("--sanitizer", choices=("memcheck", "racecheck", "initcheck", "synccheck"))
    parser.add_argument("--keep", type=pathlib.Path, help="folder for the programs")
    parser.add_argument("--list", action="store_true", help="print the cases' names")
    parser.add_argument("--verbose", action="store_true", help="print the whole output of failures")
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    cases = select(make_cases() + kinds.make_cases(), arguments)
    if arguments.list:
        print("\n".join(case.name for case in cases))
        return 0
    if not cases:
        print(f"expected --filter to match a case, but got '{arguments.filter}'")
        return 1
    arguments.run = arguments.run or find_run()
    if not arguments.run:
        print("expected sparsity-run in $SPARSITY_BIN, $SPARSITY_BUILD_DIR/bin, build/bin or "
              "PATH, but got none")
        return 1
    missing = None
    if arguments.device == "cuda" and not has_device():
        missing = "no CUDA device"
    elif arguments.sanitizer and not shutil.which("compute-sanitizer"):
        missing = "no compute-sanitizer on PATH"
    if missing:
        print(f"skipped: {missing}")
        print(f"0 passed, 0 failed, {len(cases)} skipped")
        return 0
    # Machine code where there is an assembler: it rejects what PTX text may hold.
    homes = [os.environ.get("CUDA_HOME"), "/usr/local/cuda"]
    folders = os.pathsep.join(os.path.join(home, "bin") for home in homes if home)
    assembler = shutil.which("ptxas") or shutil.which("ptxas", path=folders)
    arguments.emit = "--to-cubin" if assembler else "--to-ptx"
    jobs = arguments.jobs or os.cpu_count() or 1
    passed, failures, slowest = 0, [], (0, "")
    with tempfile.TemporaryDirectory() as scratch:
        folder = arguments.keep or pathlib.Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
            tasks = [pool.submit(run_case, case, arguments.seed + i, folder, arguments)
                     for i, case in enumerate(cases)]
            for task in concurrent.futures.as_completed(tasks):
                case, ok, status, output, command, seconds = task.result()
                slowest = max(slowest, (seconds, case.name))
                if ok:
                    passed += 1
                    continue
                failures.append(case.name)
                print(f"FAIL {case.name} (status {status}): {reason_of(output)}", flush=True)
                if arguments.verbose:
                    print("  $ " + " ".join(command) + "\n" + output)
    print(f"slowest: {slowest[0]:.1f} s, {slowest[1]}")
    print(f"{passed} passed, {len(failures)} failed, 0 skipped")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
