#!/usr/bin/env python3
"""Writes docs/generated/StatusTable.md from probes: what runs, natively or expanded.

Per encoding and class of element types a small program is parsed, packed, run on the CPU
with --check, and compiled for each GPU target; the compiler's remarks tell native from
expanded. What a GPU has run is in docs/generated/StatusGpu.json, which a machine with a
GPU writes:

    generate_status.py                     write the table
    generate_status.py --check             write nothing; print the difference
    generate_status.py --run-gpu           run the probes on the GPU and write StatusGpu.json

Exit status: 0 up to date (or written), 1 out of date, 77 no tools or no GPU.
"""

import argparse
import concurrent.futures
import difflib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
TABLE = ROOT / "docs" / "generated" / "StatusTable.md"
GPU = ROOT / "docs" / "generated" / "StatusGpu.json"
TARGETS = ("sm_80", "sm_90a")

# A class: its name in the table, element types, whether tf32 is allowed.
CLASSES = (
    ("f16, bf16", ("f16", "bf16"), False),
    ("f32", ("f32",), False),
    ("f32 with tf32", ("f32",), True),
    ("f8E4M3FN, f8E5M2", ("f8E4M3FN", "f8E5M2"), False),
    ("i8", ("i8",), False),
)
MASK = "#sparsity.window<left = 20, right = 3>"
MASKS = f"[{MASK}, #sparsity.prefix<length = 4>, #sparsity.strided<period = 16>]"
# Weights of y[m, n] = x[m, k] * w[n, k]: the table's name and the attribute.
WEIGHTS = (
    ("none", None),
    ("`n_of_m` 2:4 along the reduction", "#sparsity.n_of_m<2:4, axis = 1>"),
    ("`n_of_m` 1:2 along the reduction", "#sparsity.n_of_m<1:2, axis = 1>"),
    ("`n_of_m` 4:8 along the reduction", "#sparsity.n_of_m<4:8, axis = 1>"),
    ("`n_of_m` 2:4 along another axis", "#sparsity.n_of_m<2:4, axis = 0>"),
    ("`block<64x64>`", "#sparsity.block<64x64>"),
    ("`block<64x64, ordered>`", "#sparsity.block<64x64, ordered>"),
    ("`block<16x48>`", "#sparsity.block<16x48>"),
    ("`block<32x32, merged = 64x64>`", "#sparsity.block<32x32, merged = 64x64>"),
    ("`stored_dense` of `block<64x64>`", "#sparsity.stored_dense<#sparsity.block<64x64>>"),
    ("`block<64x64>` of 2:4 (V:N:M)",
     "#sparsity.block<64x64, inner = #sparsity.n_of_m<2:4, axis = 1>>"),
    ("`unstructured`", "#sparsity.unstructured"),
    ("`window`", MASK),
    ("`strided`", "#sparsity.strided<period = 16>"),
    ("`prefix`", "#sparsity.prefix<length = 40>"),
    ("`segments`", "#sparsity.segments"),
    ("`all_of` of masks", f"#sparsity.all_of<{MASKS}>"),
    ("`any_of` of masks", f"#sparsity.any_of<{MASKS}>"),
    ("`all_of` of a mask and 2:4", f"#sparsity.all_of<[{MASK}, #sparsity.n_of_m<2:4, axis = 1>]>"),
)
# Encodings of the left operand that are made at run time.
LISTS = (
    ("`activation<relu>`", "#sparsity.activation<relu>"),
    ("`activation<top_k>`", "#sparsity.activation<top_k = 9>"),
)
# Experts of a gate's layer: y[t, f] = gate[t, e] * x[t, d] * w[e, f, d].
EXPERTS = (
    ("`gate`, dense experts", None),
    ("`gate`, 2:4 experts", "#sparsity.n_of_m<2:4, axis = 2>"),
    ("`gate`, block experts", "#sparsity.block<16x16>"),
)
# Masks of attention, with their fields.
ATTENTION = (
    ("attention, no mask", None, 0),
    ("attention, `window`", MASK, 0),
    ("attention, `strided`", "#sparsity.strided<period = 16>", 0),
    ("attention, `prefix`", "#sparsity.prefix<length = 40>", 0),
    ("attention, `segments`", "#sparsity.segments", 2),
    ("attention, `all_of`", f"#sparsity.all_of<{MASKS}>", 0),
    ("attention, `any_of`", f"#sparsity.any_of<{MASKS}>", 0),
    ("attention, causal and `segments`",
     "#sparsity.all_of<[#sparsity.window<right = 0>, #sparsity.segments]>", 2),
)


def product(inputs, maps, kinds, types, out, element, acc):
    """A linalg.generic that sums the product of `inputs` into %init."""
    lines = ["  %y = linalg.generic {indexing_maps = [", f"      {', '.join(maps)}],",
             f"      iterator_types = [{', '.join(kinds)}]}}",
             f"      ins({', '.join(inputs)} : {', '.join(types)}) outs(%init : {out}) {{"]
    names = [f"%i{n}" for n in range(len(inputs))]
    blocks = ", ".join(f"{name}: {kind}" for name, kind in zip(names, element))
    lines.append(f"  ^bb0({blocks}, %o: {acc}):")
    suffix, extend = ("i", "extsi") if acc == "i32" else ("f", "extf")
    for number, kind in enumerate(element):
        if kind != acc:
            lines.append(f"    %x{number} = arith.{extend} %i{number} : {kind} to {acc}")
            names[number] = f"%x{number}"
    value = names[0]
    for number, name in enumerate(names[1:]):
        lines.append(f"    %p{number} = arith.mul{suffix} {value}, {name} : {acc}")
        value = f"%p{number}"
    lines += [f"    %s = arith.add{suffix} %o, {value} : {acc}", f"    linalg.yield %s : {acc}",
              f"  }} -> {out}", f"  return %y : {out}", "}", ""]
    return "\n".join(lines)


def init(out, acc):
    zero = "0" if acc == "i32" else "0.0"
    return (f"  %zero = arith.constant {zero} : {acc}\n  %e = tensor.empty() : {out}\n"
            f"  %init = linalg.fill ins(%zero : {acc}) outs(%e : {out}) -> {out}\n")


def amap(domain, axes):
    return f"affine_map<({', '.join(domain)}) -> ({', '.join(axes)})>"


def weight_program(enc, dtype, encode=False):
    acc = "i32" if dtype == "i8" else "f32"
    suffix = f", {enc}" if enc else ""
    encoded, dense = f"tensor<128x192x{dtype}{suffix}>", f"tensor<128x192x{dtype}>"
    x, out = f"tensor<70x192x{dtype}>", f"tensor<70x128x{acc}>"
    argument = f"%d: {dense}" if encode else f"%w: {encoded}"
    head = f"func.func @main(%x: {x}, {argument}) -> {out} {{\n"
    if encode:
        head += f"  %w = sparsity.encode %d : {dense} to {encoded}\n"
    maps = [amap("mnk", "mk"), amap("mnk", "nk"), amap("mnk", "mn")]
    return head + init(out, acc) + product(
        ["%x", "%w"], maps, ['"parallel"', '"parallel"', '"reduction"'], [x, encoded], out,
        [dtype, dtype], acc)


def list_program(enc, dtype):
    acc = "i32" if dtype == "i8" else "f32"
    x, w, out = f"tensor<6x96x{dtype}>", f"tensor<96x64x{dtype}>", f"tensor<6x64x{acc}>"
    encoded = f"tensor<6x96x{dtype}, {enc}>"
    head = (f"func.func @main(%x: {x}, %w: {w}) -> {out} {{\n"
            f"  %a = sparsity.encode %x : {x} to {encoded}\n")
    maps = [amap("mnk", "mk"), amap("mnk", "kn"), amap("mnk", "mn")]
    return head + init(out, acc) + product(
        ["%a", "%w"], maps, ['"parallel"', '"parallel"', '"reduction"'], [encoded, w], out,
        [dtype, dtype], acc)


def expert_program(enc, dtype):
    suffix = f", {enc}" if enc else ""
    logits, gate = "tensor<21x8xf32>", "tensor<21x8xf32, #sparsity.gate<top_k = 2>>"
    x, w, out = f"tensor<21x48x{dtype}>", f"tensor<8x40x48x{dtype}{suffix}>", "tensor<21x40xf32>"
    head = (f"func.func @main(%l: {logits}, %x: {x}, %w: {w}) -> {out} {{\n"
            f"  %g = sparsity.route %l : {logits} to {gate}\n")
    maps = [amap("tfed", "te"), amap("tfed", "td"), amap("tfed", "efd"), amap("tfed", "tf")]
    kinds = ['"parallel"', '"parallel"', '"reduction"', '"reduction"']
    return head + init(out, "f32") + product(
        ["%g", "%x", "%w"], maps, kinds, [gate, x, w], out, ["f32", dtype, dtype], "f32")


def attention_program(mask, fields, dtype):
    q, k = f"tensor<4x70x64x{dtype}>", f"tensor<2x90x64x{dtype}>"
    names = ["%lo", "%hi"][:fields]
    arguments = "".join(f", {name}: tensor<70xi32>" for name in names)
    types = ", ".join(["tensor<70xi32>"] * fields)
    operands = f", {', '.join(names)} : {types}" if fields else ""
    clause = f" mask({mask}{operands})" if mask else ""
    return (f"func.func @main(%q: {q}, %k: {k}, %v: {k}{arguments}) -> {q} {{\n"
            f"  %o = sparsity.attention %q, %k, %v{clause} : ({q}, {k}, {k}) -> {q}\n"
            f"  return %o : {q}\n}}\n")


class Probe:
    """One row: its name, class, and per element type the program and how packing is probed."""

    def __init__(self, name, kind, tf32, programs, packing):
        self.name, self.kind, self.tf32 = name, kind, tf32
        self.programs, self.packing = programs, packing


def make_probes():
    probes = []

    def add(name, build, packing, classes=CLASSES):
        for kind, dtypes, tf32 in classes:
            probes.append(Probe(name, kind, tf32, [build(dtype) for dtype in dtypes],
                                [packing(dtype) for dtype in dtypes]))

    floats = [entry for entry in CLASSES if entry[0] != "i8"]
    wide = [entry for entry in CLASSES if entry[0] in ("f16, bf16", "f32", "f32 with tf32")]
    for name, enc in WEIGHTS:
        if enc is None or re.search("window|strided|prefix|segments", enc):
            packing = (lambda dtype, enc=enc: "none needed") if enc is None or (
                "n_of_m" not in enc) else (lambda dtype, enc=enc: weight_program(enc, dtype, True))
        else:
            packing = lambda dtype, enc=enc: weight_program(enc, dtype, True)
        add(name, lambda dtype, enc=enc: weight_program(enc, dtype), packing)
    for name, enc in LISTS:
        add(name, lambda dtype, enc=enc: list_program(enc, dtype), lambda dtype: "at run time", floats)
    for name, enc in EXPERTS:
        add(name, lambda dtype, enc=enc: expert_program(enc, dtype), lambda dtype: "at run time", wide)
    for name, mask, fields in ATTENTION:
        add(name, lambda dtype, mask=mask, fields=fields: attention_program(mask, fields, dtype),
            lambda dtype: "none needed", floats)
    return probes


class Tools:
    """The compiler's programs, found by the rules of the tests."""

    def __init__(self):
        folders = [os.environ.get("SPARSITY_BIN")]
        if os.environ.get("SPARSITY_BUILD_DIR"):
            folders.append(os.path.join(os.environ["SPARSITY_BUILD_DIR"], "bin"))
        folders += os.environ.get("PATH", "").split(os.pathsep) + [str(ROOT / "build" / "bin")]
        self.path = os.pathsep.join(filter(None, folders))

    def find(self, name):
        return shutil.which(name, path=self.path)

    def run(self, name, text, *options):
        """(whether it succeeded, its output) of a tool on a program."""
        result = subprocess.run(
            [self.find(name), "-", *options], input=text, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, errors="replace",
            env=dict(os.environ, SPARSITY_NUM_THREADS="1"))
        return result.returncode == 0, result.stdout


def state_of(remarks):
    for word in ("expanded", "masked"):
        if re.search(rf"\b{word}\b", remarks):
            return word
    return "native"


def worst(states):
    """One word for the types of a class; types that differ are told apart."""
    return states[0] if len(set(states)) == 1 else " / ".join(states)


def check_cpu(tools, text):
    ok, output = tools.run("sparsity-run", text, "--device=cpu", "--check", "--explain")
    if "check: result" in output and not ok:
        return "wrong"
    return state_of(output) if ok else "no"


def check_gpu(tools, text, target, tf32):
    options = f"target={target}" + (" allow-tf32" if tf32 else "")
    ok, output = tools.run("sparsity-opt", text, f"--sparsity-to-nvvm={options}",
                           "--remark-format=emitRemark", "--remarks-filter=.*", "-o", os.devnull)
    return state_of(output) if ok else "no"


def check_pack(tools, packing):
    if not packing.startswith("func.func"):
        return packing
    ok, _ = tools.run("sparsity-run", packing, "--device=cpu", "--check")
    return "on the host" if ok else "no"


def measure(probe, tools, gpu):
    """The row's cells: verified, packed, cpu, and one a target."""
    parsed = [tools.run("sparsity-opt", text, "-o", os.devnull)[0] for text in probe.programs]
    if not all(parsed):
        return ["no", "no", "no"] + ["no"] * len(TARGETS)
    # Neither packing nor the CPU knows tf32: the row above says it all.
    if probe.tf32 and probe.packing[0].startswith("func.func"):
        cells = ["yes", "as f32"]
    else:
        cells = ["yes", worst([check_pack(tools, packing) for packing in probe.packing])]
    cells.append("as f32" if probe.tf32 else worst([check_cpu(tools, t) for t in probe.programs]))
    for target in TARGETS:
        cell = worst([check_gpu(tools, t, target, probe.tf32) for t in probe.programs])
        result = gpu.get("rows", {}).get(f"{probe.name}; {probe.kind}; {target}")
        if result == "failed":
            cell = "wrong"
        elif cell != "no" and result != "ok":
            cell += " ¹"
        cells.append(cell)
    return cells


def render(tools, jobs):
    gpu = json.loads(GPU.read_text()) if GPU.exists() else {}
    probes = make_probes()
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        rows = list(pool.map(lambda probe: measure(probe, tools, gpu), probes))
    ran = f"ran and was checked on {gpu['device']}" if gpu else "was run on no GPU"
    lines = [
        "# What runs", "",
        "Generated by `tools/scripts/generate_status.py` from programs that it compiles and "
        "runs; do not", "edit. [Status](../Status.md) says what the words mean.", "",
        f"¹ compiles; the rest of the GPU columns {ran}." if gpu else
        "¹ compiles; no results of a GPU are recorded.", "",
        "| encoding | element type | verified | packed | cpu | " + " | ".join(TARGETS) + " |",
        "|" + "---|" * (5 + len(TARGETS)),
    ]
    for probe, cells in zip(probes, rows):
        lines.append(f"| {probe.name} | {probe.kind} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def run_gpu(tools, jobs):
    """Runs every program for every target on the GPU; writes what passed."""
    listing = subprocess.run(["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"],
                             stdout=subprocess.PIPE, text=True)

    def run(case):
        probe, target = case
        states = set()
        for text in probe.programs:
            ok, output = tools.run("sparsity-run", text, "--device=cuda", "--check",
                                   f"--target={target}", *(["--allow-tf32"] * probe.tf32))
            states.add("ok" if ok else "failed" if "check: result" in output else "no")
        word = "failed" if "failed" in states else "no" if "no" in states else "ok"
        return f"{probe.name}; {probe.kind}; {target}", word

    cases = [(probe, target) for probe in make_probes() for target in TARGETS]
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        rows = dict(pool.map(run, cases))
    for name, word in rows.items():
        if word != "ok":
            print(f"{word}: {name}", flush=True)
    results = {"device": listing.stdout.splitlines()[0].strip(), "rows": rows}
    GPU.write_text(json.dumps(results, indent=1, sort_keys=True) + "\n")
    print(f"wrote {GPU}: "
          f"{sum(word == 'ok' for word in rows.values())} of {len(rows)} ok")


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing; print the difference")
    parser.add_argument("--run-gpu", action="store_true", help="run the probes on the GPU")
    parser.add_argument("--gpu-results", type=pathlib.Path, help="instead of StatusGpu.json")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    arguments = parser.parse_args()
    global GPU
    GPU = (arguments.gpu_results or GPU).resolve()
    tools = Tools()
    needed = ["nvidia-smi"] if arguments.run_gpu else ["sparsity-opt"]
    for name in ["sparsity-run", *needed]:
        if not tools.find(name):
            print(f"skipped: no {name}")
            return 77
    if arguments.run_gpu:
        run_gpu(tools, arguments.jobs)
        return 0
    new = render(tools, arguments.jobs)
    old = TABLE.read_text(encoding="utf-8") if TABLE.exists() else ""
    if arguments.check:
        lines = list(difflib.unified_diff(old.splitlines(), new.splitlines(),
                                          "docs/generated/StatusTable.md", "from a run", lineterm=""))
        print("\n".join(lines[:60]) if lines else "docs/generated/StatusTable.md: up to date")
        return 1 if lines else 0
    TABLE.write_text(new, encoding="utf-8")
    print(f"wrote {TABLE.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
