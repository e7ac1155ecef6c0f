#!/usr/bin/env python3
"""This compiler beside cuBLAS, cuSPARSELt and torch's BSR, in one run on one GPU.

y[m, n] = x[m, k] W[n, k]^T. Row sets of --rows, separated by commas: prefill, decode, fp8,
dense, block, extra, bitmap (rows.py), or shapes such as 4096x14336x16. Contenders of a row:

    cublas       torch.mm on the dense weights; torch._scaled_mm for fp8
    cusparselt   torch._cslt_sparse_mm: every algorithm, both layouts of the result and what
                 its own search names are timed in graphs, the two fastest are measured
    torch-bsr    torch's Triton kernels on the same blocks
    ours         the product with encoded weights
    ours-dense   the same program without the encoding

Method: docs/performance/README.md. A contender is one CUDA graph of at least 4 launches (20
in decode) that rotate through copies of all tensors: more than 120 MB together, in decode
300 MB of weights. Before it is timed every result is filled with NaN, computed, and compared
as a whole with a product in f32. Cool (--regime cool): 25 ms idle before each burst, rounds
forward and backward, medians of 21. Sustained: each contender alone, 0.2 s of load, 0.25 s
measured. All our kernels are compiled first.

    bench_hopper.py --out DIR                             everything
    bench_hopper.py --rows prefill,decode --regime sustained --out DIR
    bench_hopper.py --rows 14336x4096x4096 --pipeline-options "tile=256,200,64 stages=4"
    bench_hopper.py --sweep candidates.csv --out DIR      n,k,m,options beside cuBLAS
    bench_hopper.py --rows block --pipeline-options "density-hint"    programs say their density
    bench_hopper.py --profile prefill/14336x4096x4096     one launch, for a profiler (ncu.sh)

DIR gets rows.csv, summary.md and environment.json, rewritten after each row. A kernel that
hangs or breaks the device costs its row only: the run goes on in a new process. Exit status
1 if a kernel of ours failed. The run of everything is estimated at six and a half minutes of
the device, a sustained one at seven; the estimate for the rows asked for is printed first.
"""

import argparse
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

from rows import SETS, estimate_seconds, find_row, make_rows, parse_sweep  # noqa: E402
from worker import Bench  # noqa: E402

# New processes after hangs and lost devices.
MOST_RESTARTS = 8


def parse_arguments(argv):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", default=",".join(SETS))
    parser.add_argument("--all-decode", action="store_true", help="m 1 8 16 32 64 128")
    parser.add_argument("--out", type=pathlib.Path, help="folder of the results")
    parser.add_argument("--resume", action="store_true", help="leave out rows that DIR has")
    parser.add_argument("--commit", default="", help="what was built, for the record")
    parser.add_argument("--regime", choices=("cool", "sustained"), default="cool")
    parser.add_argument("--rounds", type=int, default=21)
    parser.add_argument("--idle-ms", type=float, default=25)
    parser.add_argument("--dtype", choices=("bf16", "f16"), default="bf16")
    parser.add_argument("--target", choices=("sm_80", "sm_90a"), help="default: of the device")
    parser.add_argument("--dynamic-m", action="store_true", help="one kernel for all m")
    parser.add_argument("--skip", default="", help="contenders to leave out, with commas")
    parser.add_argument("--pipeline-options", default="", help="configuration of ours")
    parser.add_argument("--dense-pipeline-options", default="", help="of ours-dense")
    parser.add_argument("--sweep", type=pathlib.Path, help="CSV of n,k,m,options to compare")
    parser.add_argument("--profile", metavar="ROW", help="one launch of this row, no graph")
    parser.add_argument("--contender", default="ours", help="which one --profile launches")
    parser.add_argument("--row-limit", type=float, default=90, help="seconds for one row")
    parser.add_argument("--time-limit", type=float, default=0,
                        help="start no row after so many seconds")
    parser.add_argument("--list", action="store_true", help="print the rows and an estimate")
    parser.add_argument("--worker", type=float, help=argparse.SUPPRESS)
    arguments = parser.parse_args(argv)
    arguments.skip = [name for name in arguments.skip.split(",") if name]
    if arguments.rounds < 20:
        parser.error(f"expected at least 20 rounds, but got {arguments.rounds}")
    try:
        arguments.candidates = {}
        if arguments.sweep:
            arguments.candidates = parse_sweep(arguments.sweep.read_text().splitlines())
            arguments.chosen = list(arguments.candidates)
        elif arguments.profile:
            arguments.chosen = [find_row(arguments.profile, arguments.dtype)]
        else:
            names = [name for name in arguments.rows.split(",") if name]
            arguments.chosen = make_rows(names, arguments.all_decode, arguments.dtype)
    except (OSError, ValueError) as error:
        parser.error(str(error))
    return arguments


def supervise(argv, arguments):
    """Runs workers until one comes to its end; returns the exit status."""
    start, restarts = time.time(), 0
    argv = [*argv, f"--out={arguments.out}", f"--worker={start}"]
    child = None

    def forward(number, frame):
        child.send_signal(number)

    while True:
        child = subprocess.Popen([sys.executable, str(HERE / "bench_hopper.py"), *argv])
        signal.signal(signal.SIGTERM, forward)
        signal.signal(signal.SIGINT, forward)
        status = child.wait()
        stopped = status in (-signal.SIGTERM, -signal.SIGINT, 128 + signal.SIGINT)
        if status in (0, 1, 2) or stopped or restarts == MOST_RESTARTS:
            break
        restarts += 1
        print(f"a worker ended with status {status}; the rows after go on in a new one", flush=True)
        argv = [*argv, "--resume"] if "--resume" not in argv else argv
    summary = arguments.out / "summary.md"
    if summary.exists():
        text = summary.read_text()
        print(text[text.find("## Goals"):].split("\n## ")[0] if "## Goals" in text else "")
    print(f"{time.time() - start:.0f} s; results in {arguments.out}")
    return status if status in (0, 1, 2) else 1


def main(argv):
    arguments = parse_arguments(argv)
    estimate = estimate_seconds(arguments.chosen, arguments.rounds, arguments.idle_ms,
                                arguments.regime == "sustained", arguments.candidates)
    if arguments.list:
        print("\n".join(row.name for row in arguments.chosen))
        print(f"about {estimate:.0f} s")
        return 0
    if arguments.profile:
        arguments.out = arguments.out or pathlib.Path(os.devnull)
        return Bench(arguments).profile(arguments.chosen[0])
    if arguments.worker is None:
        arguments.out = arguments.out or pathlib.Path(tempfile.mkdtemp(prefix="bench-"))
        print(f"{len(arguments.chosen)} rows, about {estimate:.0f} s", flush=True)
        return supervise(argv, arguments)
    try:
        return Bench(arguments).run()
    except KeyboardInterrupt:
        return 128 + signal.SIGINT


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
