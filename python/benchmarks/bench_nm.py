#!/usr/bin/env python3
"""2:4 weights: this compiler beside cuBLAS and cuSPARSELt, in one run on one GPU.

y[m, n] = x[m, k] W[n, k]^T in bf16 or f16 with f32 accumulation. Contenders:

    cublas       torch.mm on the dense, unpruned weights
    cusparselt   torch._cslt_sparse_mm, its fastest algorithm for the row, found before
    ours         the same product with #sparsity.n_of_m<2:4> weights
    ours-dense   the same program without the encoding

Method. Each contender is one CUDA graph of several launches. Consecutive launches work on
different copies of all tensors, together larger than the L2 cache (120 MB and more), in an
order that repeats; weights, activations and results all rotate. Repetitions go round the
contenders, in alternating order; the table shows medians of at least 20. Data are standard
normal; the weights' pattern is their own magnitude, which is random. Before it is timed,
every result is filled with NaN, computed, and compared as a whole with a float32 product
of the same (pruned or dense) weights: the relative Frobenius error is printed, and a
contender over the tolerance is not timed. Device time only, by CUDA events around the
graph. Power: by default *cool*, an idle gap before each burst; with --sustained each
contender runs alone under load for 0.2 s and is then measured for 0.25 s more.

    bench_nm.py --out results                          all rows
    bench_nm.py --rows 4096,4096,4096 --tile 128,256,64 128,128,64 --stages 3 4
"""

import argparse
import concurrent.futures
import csv
import itertools
import json
import math
import os
import pathlib
import statistics
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import torch  # noqa: E402

import sparsity  # noqa: E402
from harness import Contender, geometric_mean, launches_for, measure  # noqa: E402

LAYERS = ((4096, 4096), (14336, 4096), (4096, 14336), (28672, 8192), (8192, 28672))
PREFILL = (1024, 4096, 8192)
DECODE = (16, 128)
TOLERANCE = {"bf16": 4e-3, "f16": 1e-3}
DTYPES = {"bf16": torch.bfloat16, "f16": torch.float16}

PROGRAM = """
func.func @main(%x: tensor<{m}x{k}x{t}>, %w: tensor<{n}x{k}x{t}{encoding}>)
    -> tensor<{m}x{n}x{t}> {{
  %zero = arith.constant 0.0 : f32
  %axis = arith.constant 0 : index
  %rows = tensor.dim %x, %axis : tensor<{m}x{k}x{t}>
  %empty = tensor.empty({rows}) : tensor<{m}x{n}xf32>
  %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<{m}x{n}xf32>)
      -> tensor<{m}x{n}xf32>
  %sum = linalg.matmul
      indexing_maps = [affine_map<(i, j, l) -> (i, l)>, affine_map<(i, j, l) -> (j, l)>,
                       affine_map<(i, j, l) -> (i, j)>]
      ins(%x, %w : tensor<{m}x{k}x{t}>, tensor<{n}x{k}x{t}{encoding}>)
      outs(%init : tensor<{m}x{n}xf32>) -> tensor<{m}x{n}xf32>
  %out = tensor.empty({rows}) : tensor<{m}x{n}x{t}>
  %y = linalg.generic {{indexing_maps = [affine_map<(i, j) -> (i, j)>,
                                        affine_map<(i, j) -> (i, j)>],
                       iterator_types = ["parallel", "parallel"]}}
      ins(%sum : tensor<{m}x{n}xf32>) outs(%out : tensor<{m}x{n}x{t}>) {{
  ^bb0(%a: f32, %o: {t}):
    %r = arith.truncf %a : f32 to {t}
    linalg.yield %r : {t}
  }} -> tensor<{m}x{n}x{t}>
  return %y : tensor<{m}x{n}x{t}>
}}
"""


def program_text(n, k, m, dtype, sparse):
    """`m` of None is a dynamic size: one kernel for all lengths."""
    encoding = ", #sparsity.n_of_m<2:4, axis = 1>" if sparse else ""
    rows = "%rows" if m is None else ""
    return PROGRAM.format(n=n, k=k, m="?" if m is None else m, t=dtype, encoding=encoding,
                          rows=rows)


def prune_2_of_4(weight):
    """`weight` with the two largest magnitudes of each 4 along the rows kept."""
    groups = weight.view(weight.shape[0], -1, 4)
    kept = groups.abs().topk(2, dim=2).indices
    mask = torch.zeros_like(groups, dtype=torch.bool).scatter_(2, kept, True)
    return (groups * mask).view_as(weight).contiguous()


class Weights:
    """One layer's weights in every contender's form, for all its rows."""

    def __init__(self, n, k, dtype):
        torch.cuda.synchronize()
        generator = torch.Generator("cuda").manual_seed(n * 7 + k)
        self.dense = torch.randn(n, k, device="cuda", dtype=DTYPES[dtype], generator=generator)
        self.pruned = prune_2_of_4(self.dense)
        packed = sparsity.pack_n_of_m(self.pruned.cpu(), 2, 4, axis=1, layout="core_matrix")
        self.packed = packed.to("cuda")
        self.compressed = None
        if hasattr(torch, "_cslt_compress"):
            self.compressed = torch._cslt_compress(self.pruned)


def compile_all(rows, arguments):
    """{(contender, row, options): program, or the error}, compiled on all processors."""
    names = [name for name in ("ours", "ours-dense") if name not in arguments.skip]
    keys = list(itertools.product(names, rows, configurations(arguments)))

    def compile_one(key):
        name, (n, k, m), options = key
        m = None if arguments.dynamic_m else m
        text = program_text(n, k, m, arguments.dtype, name == "ours")
        try:
            return sparsity.compile(text, arguments.target, pipeline_options=options)
        except sparsity.CompileError as error:
            return error

    with concurrent.futures.ThreadPoolExecutor(max(1, (os.cpu_count() or 2) // 2)) as pool:
        return dict(zip(keys, pool.map(compile_one, keys)))


def ours(name, program, weights, options):
    kernel = program.kernel("main")

    def prepare(x, weight, y):
        bound = kernel.bind([x, weight, y])
        return lambda: bound.launch(torch.cuda.current_stream())

    sparse = name == "ours"
    weight = weights.packed if sparse else weights.dense
    return Contender(name, options, weight, "pruned" if sparse else "dense", prepare)


def cublas(weights):
    def prepare(x, weight, y):
        def call():
            torch.mm(x, weight.t(), out=y)

        return call

    return Contender("cublas", "", weights.dense, "dense", prepare)


def cusparselt_candidates(x, weights):
    """(alg_id, transpose_result) pairs: what the search names, and the first four."""
    algorithms = {0, 1, 2, 3}
    try:
        algorithms.add(int(torch._cslt_sparse_mm_search(weights.compressed, x.t())))
    except (RuntimeError, TypeError) as error:
        print(f"  cusparselt search: {str(error).splitlines()[0]}", file=sys.stderr)
    return sorted(itertools.product(algorithms, (True, False)))


def cusparselt(weights, algorithm, transpose):
    def prepare(x, weight, y):
        def call():
            # W x^T, whose transpose is the result.
            out = torch._cslt_sparse_mm(
                weight, x.t(), transpose_result=transpose, alg_id=algorithm)
            return out if transpose else out.t()

        return call

    config = f"alg={algorithm}{' transposed' if transpose else ''}"
    return Contender("cusparselt", config, weights.compressed, "pruned", prepare)


def best_cusparselt(x, weights, m, n, expected):
    """The two fastest correct candidates by a few replays; both are then measured."""
    found, refused = [], []
    for algorithm, transpose in cusparselt_candidates(x, weights):
        contender = cusparselt(weights, algorithm, transpose)
        try:
            contender.build(x, m, n, 4)
            contender.verify(expected)
        except RuntimeError as error:
            refused.append(f"{contender.config}: {str(error).splitlines()[0]}")
            continue
        if not contender.error < 1e-2:
            refused.append(f"{contender.config}: error {contender.error}")
            continue
        median = statistics.median(contender.burst() for _ in range(5))
        found.append((median, algorithm, transpose))
    if not found:
        print("  cusparselt: " + "; ".join(refused), file=sys.stderr)
    return [cusparselt(weights, algorithm, transpose)
            for _, algorithm, transpose in sorted(found)[:2]]


def configurations(arguments):
    """Pipeline options of every combination of --tile, --warps and --stages."""
    choices = []
    for option in ("tile", "warps", "stages"):
        values = getattr(arguments, option)
        choices.append([f"{option}={value}" for value in values] or [""])
    return [" ".join(filter(None, combination)) for combination in itertools.product(*choices)]


def run_row(row, weights, programs, arguments):
    n, k, m = row
    generator = torch.Generator("cuda").manual_seed(m)
    x = torch.randn(m, k, device="cuda", dtype=DTYPES[arguments.dtype], generator=generator)
    expected = {"dense": x.float() @ weights.dense.float().t(),
                "pruned": x.float() @ weights.pruned.float().t()}
    contenders = [cublas(weights)]
    if weights.compressed is not None and "cusparselt" not in arguments.skip:
        contenders += best_cusparselt(x, weights, m, n, expected["pruned"])
    for (name, of_row, options), program in programs.items():
        if of_row != row:
            continue
        try:
            if isinstance(program, Exception):
                raise program
            contenders.append(ours(name, program, weights, options))
        except (sparsity.CompileError, ValueError) as error:
            print(f"  {name}[{options}]: {error}", file=sys.stderr)
            arguments.failures += 1
    dense_ms = 2.0 * n * k * m / 700e9  # an estimate, for the graphs' length only
    usable = []
    for contender in contenders:
        try:
            contender.build(x, m, n, launches_for(max(dense_ms, 0.02)))
            contender.verify(expected[contender.reference])
        except (RuntimeError, ValueError) as error:
            print(f"  {contender.label()}: {error}", file=sys.stderr)
            contender.error = math.nan
            arguments.failures += 1
            continue
        if not contender.error <= TOLERANCE[arguments.dtype]:
            print(f"  {contender.label()}: expected a relative error of at most "
                  f"{TOLERANCE[arguments.dtype]}, but got {contender.error}", file=sys.stderr)
            arguments.failures += 1
            continue
        usable.append(contender)
    del expected
    measure(usable, arguments)
    return usable


def print_row(row, contenders, arguments, ratios):
    n, k, m = row
    medians = {}
    for contender in contenders:
        median = statistics.median(contender.times)
        name = contender.name
        if name not in medians or median < medians[name][0]:
            medians[name] = (median, contender)
        if len(configurations(arguments)) > 1:
            print(f"    {contender.label()}: {median * 1000:.1f} us")
    cells = [f"{n:>6} {k:>6} {m:>5}"]
    for name in ("cublas", "cusparselt", "ours", "ours-dense"):
        cells.append(f"{medians[name][0] * 1000:10.1f}" if name in medians else " " * 9 + "-")
    for ours_name, peer in (("ours", "cublas"), ("ours", "cusparselt"), ("ours-dense", "cublas")):
        if ours_name in medians and peer in medians:
            ratio = medians[peer][0] / medians[ours_name][0]
            ratios.setdefault((ours_name, peer), {})[row] = ratio
            cells.append(f"{ratio:7.2f}x")
        else:
            cells.append("       -")
    if "ours" in medians:
        median, contender = medians["ours"]
        cells.append(f"{2.0 * n * k * m / median / 1e9:8.0f}  {contender.error:.1e}")
        cells.append(medians.get("cusparselt", (0, contender))[1].config)
    print(" ".join(cells), flush=True)


def write_results(path, info, raw, ratios):
    path.mkdir(parents=True, exist_ok=True)
    with open(path / "bench_nm_raw.csv", "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["n", "k", "m", "contender", "config", "launches", "error", "rep", "ms"])
        writer.writerows(raw)
    times = {}
    for n, k, m, name, config, *_, milliseconds in raw:
        label = f"{name}[{config}]" if config else name
        times.setdefault(f"{n},{k},{m}", {}).setdefault(label, []).append(float(milliseconds))
    summary = dict(info)
    summary["median_ms"] = {row: {label: statistics.median(values) for label, values in by.items()}
                            for row, by in times.items()}
    summary["ratios"] = [
        {"of": peer, "over": name, "rows": {",".join(map(str, r)): v for r, v in rows.items()}}
        for (name, peer), rows in ratios.items()
    ]
    (path / "bench_nm.json").write_text(json.dumps(summary, indent=1) + "\n")


def parse_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", nargs="*", default=["all"],
                        help="all, prefill, decode, or n,k,m triples")
    parser.add_argument("--out", type=pathlib.Path, help="folder for the raw rows (CSV) and JSON")
    parser.add_argument("--dtype", choices=sorted(DTYPES), default="bf16")
    parser.add_argument("--target", choices=("sm_80", "sm_90a"), default=None)
    parser.add_argument("--dynamic-m", action="store_true", help="compile once for all m")
    parser.add_argument("--tile", nargs="*", default=[], help="tiles to compare, as 128,256,64")
    parser.add_argument("--warps", nargs="*", default=[], help="warps to compare, as 2,4")
    parser.add_argument("--stages", nargs="*", default=[], help="stages to compare")
    parser.add_argument("--skip", nargs="*", default=[], help="contenders to leave out")
    parser.add_argument("--reps", type=int, default=21)
    parser.add_argument("--gap", type=float, default=10, help="idle ms before a burst")
    parser.add_argument("--sustained", action="store_true", help="measure under steady load")
    return parser.parse_args()


def settle_rows(names):
    rows = []
    for name in names:
        if name in ("all", "prefill"):
            rows += [(n, k, m) for n, k in LAYERS for m in PREFILL]
        if name in ("all", "decode"):
            rows += [(n, k, m) for n, k in LAYERS for m in DECODE]
        if name not in ("all", "prefill", "decode"):
            sizes = tuple(int(size) for size in name.split(","))
            if len(sizes) != 3 or min(sizes) <= 0 or sizes[1] % 4:
                raise SystemExit(f"expected --rows n,k,m with k a multiple of 4, but got {name}")
            rows.append(sizes)
    # One layer after the other: its weights are made once.
    return sorted(dict.fromkeys(rows), key=lambda row: (row[0] * row[1], row))


def main():
    arguments = parse_arguments()
    arguments.failures = 0
    if not torch.cuda.is_available():
        raise SystemExit("expected a CUDA device, but got none")
    capability = torch.cuda.get_device_capability()
    arguments.target = arguments.target or ("sm_90a" if capability[0] == 9 else "sm_80")
    torch.backends.cuda.matmul.allow_tf32 = False
    start = time.monotonic()
    regime = ("sustained: each contender alone, 0.2 s of load before it is measured"
              if arguments.sustained else
              f"cool: {arguments.gap:g} ms idle before each burst, contenders in turn")
    cslt = getattr(torch.backends.cusparselt, "version", lambda: None)() if hasattr(
        torch.backends, "cusparselt") else None
    info = {"device": torch.cuda.get_device_name(), "torch": torch.__version__,
            "cuda": torch.version.cuda, "cusparselt": cslt, "target": arguments.target,
            "dtype": arguments.dtype, "power": regime, "reps": arguments.reps,
            "m": "dynamic" if arguments.dynamic_m else "static"}
    print("  ".join(f"{key}: {value}" for key, value in info.items()))
    print("median us of one launch; ratio = peer time / our time; TFLOP/s of the dense product")
    print("     n      k     m     cublas cusparselt       ours ours-dense  vs cublas  vs cslt"
          "  dense/cublas  TFLOP/s  error  cuSPARSELt algorithm")
    raw, ratios, layer, weights = [], {}, None, None
    rows = settle_rows(arguments.rows)
    programs = compile_all(rows, arguments)
    for row in rows:
        n, k, _ = row
        if layer != (n, k):
            weights = None
            torch.cuda.empty_cache()
            weights, layer = Weights(n, k, arguments.dtype), (n, k)
        contenders = run_row(row, weights, programs, arguments)
        print_row(row, contenders, arguments, ratios)
        for contender in contenders:
            raw += [(*row, contender.name, contender.config, contender.launches, contender.error,
                     index, f"{value:.6f}") for index, value in enumerate(contender.times)]
        if arguments.out:
            write_results(arguments.out, info, raw, ratios)
        del contenders
        torch.cuda.empty_cache()
    for title, chosen in (("m >= 1024", lambda m: m >= 1024), ("m < 1024", lambda m: m < 1024)):
        for (name, peer), values in ratios.items():
            picked = [value for row, value in values.items() if chosen(row[2])]
            if picked:
                print(f"geometric mean, {title}: {name} is {geometric_mean(picked):.3f}x of "
                      f"{peer} over {len(picked)} rows (worst {min(picked):.2f}x)")
    print(f"{time.monotonic() - start:.0f} s; {arguments.failures} contenders refused")
    return 1 if arguments.failures else 0


if __name__ == "__main__":
    sys.exit(main())
