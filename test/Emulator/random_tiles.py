#!/usr/bin/env python3
"""Random products with random tiles of warpgroups, on a GPU or in the emulator.

    random_tiles.py --count 300 --jobs 14                    on the GPU: sparsity-run --check
    random_tiles.py --emulate --count 100                    instruction by instruction
    random_tiles.py --sanitizer racecheck --count 30         under compute-sanitizer
    random_tiles.py --kinds block --count 50                 of 50 numbers those with block weights
    random_tiles.py --tf32 --count 100                       all of f32 with allow-tf32
    random_tiles.py --first 17 --count 1 --print             one of them, with its text
    random_tiles.py --bitmap --emulate --count 50            weights with any elements

Number N is a function of N and --tf32: sizes, element types, n:m, dense and block weights,
epilogues, a second product, consumers, stages, clusters, splits, overlap, deferred stores. A tile
that does not fit is refused with a message ("expected ..."), which is right too. One line for each
failure; the exit status is 1 if there was one.
"""

import argparse
import concurrent.futures
import os
import pathlib
import random
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import cases  # noqa: E402

KINDS = ("sparse", "dense", "block")
REFUSED = "op expected"
ALLOW_TF32 = " allow-tf32"
CLEAN = ("ERROR SUMMARY: 0 errors", "RACECHECK SUMMARY: 0 hazards")


def add_epilogue(pick, fields):
    """What follows the product, if anything, or a result of f32."""
    epilogue = pick.choice(["", "bias", "relu", "residual", "f32"])
    if epilogue == "f32":
        fields["result"] = "f32"
    elif epilogue:
        fields[epilogue] = True


def make(number, tf32=False):
    """(program, pipeline options, sizes) of a number. The sizes begin with the kind."""
    pick = random.Random(number)
    dtype = pick.choice(["bf16", "bf16", "bf16", "f16", "f8E4M3FN", "i8"])
    dtype = "f32" if tf32 else dtype
    kind = pick.choice(["sparse", "sparse", "dense", "block"])
    wide = dtype in ("bf16", "f16", "f32")
    if kind == "block" and not wide:
        kind = "sparse"
    step = 32 if tf32 else 64 if wide else 128
    fields = {
        "n": pick.randint(1, 90) * 8,
        "k": max(64, pick.randint(2, 100) * 8 // 16 * 16) if wide else pick.randint(4, 60) * 16,
        "m": pick.choice([1, 7, 16, 33, 64, 77, 128, 200, 333, 512, pick.randint(1, 900)]),
        "dtype": dtype,
        "result": {"i8": "i32", "f16": "f16"}.get(dtype, "bf16"),
        "sparse": kind == "sparse",
    }
    if kind == "block":
        fields["block"] = pick.choice([(64, 64), (128, 128), (64, 128)])
    if tf32:
        fields["k"] -= pick.choice([0, 4, 8, 12])
    if dtype in ("bf16", "f32"):
        add_epilogue(pick, fields)
    if kind == "dense" and wide and not tf32 and pick.random() < 0.3:
        fields["transposed"] = True
    rows, consumers = pick.choice([(64, 1), (64, 2), (128, 1), (128, 2), (256, 2)])
    if kind == "block":
        rows = min(rows, fields["block"][0])
        consumers = 2 if rows == 64 else consumers
    unit = 16 if dtype == "i8" else 64 if fields.get("transposed") else 8
    columns = pick.choice([16, 32, 40, 48, 64, 72, 96, 128, 152, 200, 256])
    columns = -(-columns // unit) * unit
    cluster, splits = pick.choice([(1, 1), (2, 1), (1, 2), (4, 1), (1, 4)])
    if kind == "block":
        splits = 1
    options = (
        f"tile={rows},{columns},{step} warps={4 * consumers},1 stages={pick.choice([2, 3, 4, 6])}"
        f" cluster={cluster} splits={splits}"
    )
    if pick.random() < 0.3:
        options += " overlap"
    if pick.random() < 0.3:
        options += " defer-stores"
    if pick.random() < 0.15:
        options = "tuning-table=none"
    if tf32:
        options += ALLOW_TF32
    if dtype == "bf16" and pick.random() < 0.2:
        fields["gated"] = True
    sizes = " ".join([kind, *(f"{key}={value}" for key, value in fields.items())])
    return cases.program(**fields), options, sizes


def make_bitmap(number):
    """The same with weights of any elements, decoded into registers."""
    pick = random.Random(number)
    dtype = pick.choice(["bf16", "bf16", "f16"])
    fields = {
        "n": pick.choice([pick.randint(1, 90) * 8, pick.randint(1, 700)]),
        "k": pick.randint(1, 150) * 8,
        "m": pick.choice([1, 7, 8, 16, 16, 32, 33, 64, 77, 128, pick.randint(1, 600)]),
        "dtype": dtype,
        "result": dtype,
        "sparse": False,
        "bitmap": True,
    }
    add_epilogue(pick, fields)
    columns = pick.choice([8, 16, 16, 24, 32, 48, 64, 96, 128, 200, 256])
    splits = pick.choice([1, 1, 2, 4])
    columns = -(-columns // (8 * splits)) * 8 * splits
    options = (
        f"tile=64,{columns},64 warps={pick.choice([4, 8, 12])},1 stages={pick.choice([2, 3, 4, 6])}"
        f" splits={splits}"
    )
    if pick.random() < 0.3:
        options += " overlap"
    if pick.random() < 0.15:
        options = "tuning-table=none"
    sizes = " ".join(f"{k}={v}" for k, v in fields.items())
    return cases.program(**fields), options, sizes


def emulate(text, options, number):
    import ptx
    import run_emulated

    try:
        outcome = run_emulated.run(text, options, number)
    except (ptx.EmulationError, AssertionError) as error:
        return "WRONG", str(error)
    except RuntimeError as error:
        return ("refused" if REFUSED in str(error) else "WRONG"), str(error)
    # A row without blocks, and nothing else: 0 / 0.
    empty = not outcome.expected.any() and not outcome.found.any()
    return ("ok" if outcome.passed or empty else "WRONG"), str(outcome)


def run_on_gpu(text, options, number, arguments):
    binaries = os.environ.get("SPARSITY_BIN")
    tool = str(pathlib.Path(binaries) / "sparsity-run") if binaries else "sparsity-run"
    command = [tool, "-", "--device=cuda", "--check", f"--seed={number}"]
    # A flag of the tool, whose check then allows for the rounding.
    command += ["--allow-tf32"] * (ALLOW_TF32 in options)
    command.append(f"--pipeline-options={options.replace(ALLOW_TF32, '')}")
    if arguments.bitmap:
        share = random.Random(number).choice([0.01, 0.1, 0.3, 0.5, 0.9])
        command.append(f"--density=1:{share}")
    if arguments.sanitizer:
        command = ["compute-sanitizer", "--tool", arguments.sanitizer] + command
    try:
        done = subprocess.run(
            command, input=text, capture_output=True, text=True, timeout=arguments.timeout
        )
    except subprocess.TimeoutExpired:
        return "HANGS", f"after {arguments.timeout} s"
    output = done.stdout + done.stderr
    checked = "check:" in output
    if not checked and REFUSED in output:
        return "refused", output
    clean = not arguments.sanitizer or any(line in output for line in CLEAN)
    if done.returncode == 0 and checked and clean:
        return "ok", output
    words = ("error", "check:", "hazard", "expected")
    lines = [line for line in output.splitlines() if any(word in line.lower() for word in words)]
    return "WRONG", " | ".join(lines)[:600]


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--first", type=int, default=0, help="the number of the first")
    parser.add_argument("--kinds", default="", help="sparse, dense, block; with commas")
    parser.add_argument("--tf32", action="store_true", help="f32 in place of the other types")
    parser.add_argument("--emulate", action="store_true")
    parser.add_argument("--bitmap", action="store_true", help="weights with any elements")
    parser.add_argument("--sanitizer", choices=["memcheck", "racecheck", "initcheck", "synccheck"])
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--timeout", type=int, default=100, help="seconds for one")
    parser.add_argument("--print", action="store_true", help="programs and output of all")
    arguments = parser.parse_args()

    kinds = set(arguments.kinds.split(",")) - {""}
    if kinds - set(KINDS):
        parser.error(f"expected kinds among {', '.join(KINDS)}, but got {arguments.kinds}")
    if arguments.bitmap and (arguments.tf32 or kinds):
        parser.error("expected one of --bitmap, --tf32 and --kinds, but got --bitmap and another")

    def one(number):
        bitmap = arguments.bitmap
        text, options, sizes = make_bitmap(number) if bitmap else make(number, arguments.tf32)
        if arguments.emulate:
            outcome, output = emulate(text, options, number)
        else:
            outcome, output = run_on_gpu(text, options, number, arguments)
        return number, outcome, output, f"{sizes} [{options}]", text

    jobs = 1 if arguments.emulate else arguments.jobs
    tally = {}
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        numbers = [number for number in range(arguments.first, arguments.first + arguments.count)
                   if not kinds or make(number)[2].split()[0] in kinds]
        for number, outcome, output, title, text in pool.map(one, numbers):
            tally[outcome] = tally.get(outcome, 0) + 1
            if arguments.print:
                print(text)
            if arguments.print or outcome not in ("ok", "refused"):
                print(f"{outcome} {number}: {title}\n  {output}", flush=True)
    print(", ".join(f"{count} {outcome}" for outcome, count in sorted(tally.items())))
    return 0 if set(tally) <= {"ok", "refused"} else 1


if __name__ == "__main__":
    sys.exit(main())
