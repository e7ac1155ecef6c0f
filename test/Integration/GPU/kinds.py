"""Cases of every kind of sparsity for the matrix: operands, attention, experts, examples.

All shapes are odd somewhere. The files of test/Examples run small, as their own RUN lines
say, and at their real size.
"""

import pathlib
import random
import re
import struct

EXAMPLES = pathlib.Path(__file__).resolve().parents[2] / "Examples"
MASKS = {
    "window": "#sparsity.window<left = 40, right = 3>",
    "causal": "#sparsity.window<right = 0>",
    "strided": "#sparsity.strided<period = 16, offset = 5>",
    "prefix": "#sparsity.prefix<length = 21>",
}
MASKS["all_of"] = f"#sparsity.all_of<[{MASKS['causal']}, {MASKS['strided']}]>"
MASKS["any_of"] = f"#sparsity.any_of<[{MASKS['window']}, {MASKS['strided']}, {MASKS['prefix']}]>"
MASKS["longformer"] = f"#sparsity.all_of<[{MASKS['causal']}, {MASKS['any_of']}]>"
OPERANDS = {
    **MASKS,
    "block-1x1": "#sparsity.block<1x1>",
    "block-3x5": "#sparsity.block<3x5>",
    "block-16x16": "#sparsity.block<16x16>",
    "block-64x64": "#sparsity.block<64x64>",
    "block-128x32": "#sparsity.block<128x32>",
    "block-32x32": "#sparsity.block<32x32>",
    "block-merged": "#sparsity.block<16x32, merged = 64x64>",
    "stored-dense": "#sparsity.stored_dense<#sparsity.block<16x16>>",
    "vnm-64x64": "#sparsity.block<64x64, inner = #sparsity.n_of_m<2:4, axis = {k}>>",
    "vnm-17x24": "#sparsity.block<17x24, inner = #sparsity.n_of_m<4:8, axis = {k}>>",
    "bitmap": "#sparsity.unstructured",
    "bitmap-16x64": "#sparsity.unstructured<tile = 16x64>",
    "segments": "#sparsity.segments",
    "window-2:4": "#sparsity.all_of<[#sparsity.window<left = 50, right = 9>, "
                  "#sparsity.n_of_m<2:4, axis = {k}>]>",
    "window-block": "#sparsity.all_of<[#sparsity.window<left = 50, right = 9>, "
                    "#sparsity.block<16x32>]>",
}
# Shapes of the examples' dynamic arguments at real size; others run with 64 tokens.
REAL = {
    "fine_grained_moe": {0: (13, 2048)},
    "longformer": {n: (8, 8192, 64) for n in range(3)},
    "mistral_window_gqa": {0: (32, 4500, 128), 1: (8, 4500, 128), 2: (8, 4500, 128)},
    "mixtral_2_4": {0: (5, 4096)},
    "mixtral_layer": {0: (5, 4096)},
    "packed_documents": {n: (8, 4096, 128) for n in range(3)},
    "relu_ffn_activation": {0: (8, 4096)},
    "sparse_left": {1: (2048, 512)},
}


def documents(rows, choose):
    """(lo, hi) of random documents packed into one sequence, one entry a row."""
    lo, hi = [], []
    while len(lo) < rows:
        begin = len(lo)
        length = min(rows - begin, choose.randrange(1, max(2, rows // 3)))
        lo += [begin] * length
        hi += [begin + length - 1] * length
    return lo, hi


def write_i32(path, values):
    """A .npy file of a vector of i32."""
    header = f"{{'descr': '<i4', 'fortran_order': False, 'shape': ({len(values)},), }}".encode()
    header += b" " * (-(10 + len(header) + 1) % 64) + b"\n"
    path.write_bytes(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header +
                     struct.pack(f"<{len(values)}i", *values))


class TextCase:
    """A program as text, with the sizes of its dynamic arguments and some i32 inputs."""

    def __init__(self, name, target, text, shapes=None, tf32=False, is_odd=True, inputs=None):
        self.name, self.target, self.text = name, target, text
        self.shapes, self.tf32, self.is_odd = shapes or {}, tf32, is_odd
        self.inputs = inputs or {}

    def odd(self):
        return self.is_odd

    def emit(self):
        return self.text, self.shapes


def attention(dtype, heads, kv_heads, head, value, mask, fields=0, options="", lse=False):
    """Text of an attention over dynamic lengths; `fields` row bounds follow q, k and v."""
    q, out = f"tensor<{heads}x?x{head}x{dtype}>", f"tensor<{heads}x?x{value}x{dtype}>"
    k, v = f"tensor<{kv_heads}x?x{head}x{dtype}>", f"tensor<{kv_heads}x?x{value}x{dtype}>"
    names = ["%lo", "%hi"][:fields]
    arguments = "".join(f", {name}: tensor<?xi32>" for name in names)
    types = ", ".join(["tensor<?xi32>"] * fields)
    operands = f", {', '.join(names)} : {types}" if fields else ""
    clause = f" mask({mask}{operands})" if mask else ""
    results = f"({out}, tensor<{heads}x?xf32>)" if lse else out
    returned, values = ("%o, %l", f"{out}, tensor<{heads}x?xf32>") if lse else ("%o", out)
    return (f"func.func @main(%q: {q}, %k: {k}, %v: {v}{arguments}) -> {results} {{\n"
            f"  {returned} = sparsity.attention %q, %k, %v{clause}{options}\n"
            f"      : ({q}, {k}, {v}) -> {results}\n  return {returned} : {values}\n}}\n")


def _attention_cases(choose, target):
    cases = []

    def add(name, dtype, heads, kv_heads, head, rows, keys, mask, fields=0, options="", lse=False,
            value=None, tf32=False):
        value = value or head
        shapes = {0: (heads, rows, head), 1: (kv_heads, keys, head), 2: (kv_heads, keys, value)}
        inputs = dict(zip((3, 4), documents(rows, choose))) if fields else {}
        text = attention(dtype, heads, kv_heads, head, value, mask, fields, options, lse)
        parts = ["attention", name, dtype, f"{heads}h{kv_heads}", f"{rows}x{keys}x{head}"]
        cases.append(TextCase("-".join(parts), target(), text, shapes, tf32, inputs=inputs))

    for name, mask in {"full": None, **MASKS}.items():
        for dtype in ("f16", "bf16", "f32"):
            rows = choose.choice((1, 63, 65, 130, 200))
            add(name, dtype, 4, 2, choose.choice((64, 128)), rows,
                rows if name == "causal" else choose.choice((65, 129, 300)), mask)
    for head in (16, 32, 64, 80, 96, 128, 256, 40, 33):
        add("heads", choose.choice(("f16", "bf16")), 2, 2, head, 70, 70, MASKS["causal"])
    for dtype in ("f16", "bf16"):
        add("segments", dtype, 4, 1, 64, 135, 135, "#sparsity.segments", 2)
        add("documents", dtype, 4, 4, 64, 135, 135,
            f"#sparsity.all_of<[{MASKS['causal']}, #sparsity.segments]>", 2)
        add("softcap", dtype, 4, 2, 64, 70, 90, MASKS["window"], options=" softcap(5.0)", lse=True)
        add("scale", dtype, 8, 1, 128, 33, 257, MASKS["causal"], options=" scale(0.3)", lse=True)
        add("value", dtype, 2, 1, 96, 33, 77, None, value=40)
        add("one-row", dtype, 32, 8, 128, 1, 1000, None, lse=True)
        add("long", dtype, 2, 1, 64, 1025, 1025, MASKS["longformer"])
        add("more-rows", dtype, 2, 1, 64, 100, 40, MASKS["causal"])
    add("tf32", "f32", 2, 1, 64, 70, 70, MASKS["causal"], tf32=True)
    return cases


def experts(dtype, count, top_k, features, hidden, options, encoding):
    """Text of y[t, f] = sum over e, d of gate[t, e] * x[t, d] * w[e, f, d]."""
    suffix = f", {encoding}" if encoding else ""
    logits, x = f"tensor<?x{count}xf32>", f"tensor<?x{features}x{dtype}>"
    gate = f"tensor<?x{count}xf32, #sparsity.gate<top_k = {top_k}>>"
    w, out = f"tensor<{count}x{hidden}x{features}x{dtype}{suffix}>", f"tensor<?x{hidden}xf32>"
    extend = "" if dtype == "f32" else (
        f"    %ax = arith.extf %a : {dtype} to f32\n    %bx = arith.extf %b : {dtype} to f32\n")
    left, right = ("%a", "%b") if dtype == "f32" else ("%ax", "%bx")
    return f"""func.func @main(%logits: {logits}, %x: {x}, %w: {w}) -> {out} {{
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %tokens = tensor.dim %x, %c0 : {x}
  %g = sparsity.route %logits{options} : {logits} to {gate}
  %e = tensor.empty(%tokens) : {out}
  %init = linalg.fill ins(%zero : f32) outs(%e : {out}) -> {out}
  %y = linalg.generic {{indexing_maps = [
      affine_map<(t, f, e, d) -> (t, e)>, affine_map<(t, f, e, d) -> (t, d)>,
      affine_map<(t, f, e, d) -> (e, f, d)>, affine_map<(t, f, e, d) -> (t, f)>],
      iterator_types = ["parallel", "parallel", "reduction", "reduction"]}}
      ins(%g, %x, %w : {gate}, {x}, {w}) outs(%init : {out}) {{
  ^bb0(%r: f32, %a: {dtype}, %b: {dtype}, %o: f32):
{extend}    %p = arith.mulf %r, {left} : f32
    %q = arith.mulf %p, {right} : f32
    %s = arith.addf %o, %q : f32
    linalg.yield %s : f32
  }} -> {out}
  return %y : {out}
}}
"""


def _expert_cases(choose, target):
    cases = []
    options = ("", " order(after)", " renormalize", " score(sigmoid) renormalize scale(2.5)")
    kinds = {"dense": None, "2:4": "#sparsity.n_of_m<2:4, axis = 2>",
             "block": "#sparsity.block<16x32>"}
    for count, top_k in ((1, 1), (2, 1), (8, 2), (64, 6), (128, 8), (512, 8)):
        for tokens in (0, 1, 7, 65):
            dtype = choose.choice(("f16", "bf16", "f32"))
            kind = choose.choice(list(kinds))
            features, hidden = choose.choice((32, 40, 65)), choose.choice((24, 33, 64))
            text = experts(dtype, count, top_k, features, hidden, choose.choice(options),
                           kinds[kind])
            name = f"experts-{kind}-{dtype}-{count}e{top_k}-{tokens}x{hidden}x{features}"
            cases.append(TextCase(name, target(), text,
                                  {0: (tokens, count), 1: (tokens, features)}))
    return cases


def _operand_cases(case, choose, target):
    cases = []
    for name, encoding in OPERANDS.items():
        for kind in ("f16", "bf16", "f32", "tf32", "i8", "e4m3"):
            for side in ("rhs", "lhs"):
                cases.append(case(f"kind-{name}", kind, target(), sparse=side, encoding=encoding,
                                  m=choose.choice((17, 64, 100)), n=choose.choice((40, 65, 130)),
                                  k=choose.choice((64, 130, 200)),
                                  transpose_lhs=choose.random() < 0.3,
                                  transpose_rhs=choose.random() < 0.6,
                                  dynamic_m=side == "rhs" and choose.random() < 0.5,
                                  epilogue=choose.choice(((), (), ("relu",), ("bias_columns",)))))
    return cases


def _substitute(text, script):
    """Applies a sed script of s/from/to/g commands on plain text."""
    for command in filter(None, (part.strip() for part in script.split(";"))):
        _, old, new, flags = command.split("/")
        text = "\n".join(line.replace(old, new) if "g" in flags else line.replace(old, new, 1)
                         for line in text.split("\n"))
    return text


def _shapes(options):
    found = re.findall(r"--shape=(\d+):([\dx]+)", options)
    return {int(number): tuple(map(int, sizes.split("x"))) for number, sizes in found}


def _example_cases():
    cases = []
    for path in sorted(EXAMPLES.glob("*.mlir")):
        text, name = path.read_text(), path.stem
        script = re.search(r"RUN: sed '([^']+)' %s > %t.small.mlir", text)
        line = re.search(r"RUN: sparsity-run (\S+) --device=cpu(.*) --check", text)
        if not line:
            continue
        small = _substitute(text, script.group(1)) if script else text
        tf32 = "--allow-tf32" in line.group(2)
        for target in ("sm_80", "sm_90a"):
            shapes = _shapes(line.group(2))
            cases.append(TextCase(f"example-small-{name}-{target}", target, small, shapes, tf32,
                                  inputs=_inputs(name, shapes)))
            shapes = REAL.get(name)
            if shapes is None:
                shapes = {number: (64, *sizes[1:]) for number, sizes in _shapes(
                    _unscaled(line.group(2), script)).items()}
            cases.append(TextCase(f"example-real-{name}-{target}", target, text, shapes, tf32,
                                  is_odd=False, inputs=_inputs(name, shapes)))
    return cases


def _inputs(name, shapes):
    """The row bounds that a masked example takes after q, k and v."""
    if name != "packed_documents":
        return {}
    return dict(zip((3, 4), documents(shapes[0][1], random.Random(22))))


def _unscaled(options, script):
    """The options of a small run with the sizes that the program has at real size."""
    for command in (script.group(1).split(";") if script else ()):
        _, old, new, _ = command.strip().split("/")
        options = re.sub(rf"(?<=[x:]){new}\b", old, options)
    return options


def make_cases():
    """All of them, the same on every machine."""
    # Not at the top: run_matrix imports this file.
    from run_matrix import Case

    choose = random.Random(21)

    def target():
        return choose.choice(("sm_90a", "sm_80"))

    cases = _operand_cases(Case, choose, target)
    cases += _attention_cases(choose, target) + _expert_cases(choose, target)
    cases += _example_cases()
    names = {}
    for case in cases:
        names[case.name] = names.get(case.name, 0) + 1
        if names[case.name] > 1:
            case.name += f"-{names[case.name]}"
    return cases
