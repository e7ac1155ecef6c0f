"""Random programs on encoded tensors: from a seed to a specification, and from that to MLIR.

A specification is a dict of plain values (it prints, and a minimizer can shrink it).
`build(spec)` gives the text, the inputs as bits and the operands' values in f64, which
`reference.py` turns into the expected results. Families:

    contract   out[b, m, n] = epilogue(sum over k of lhs * rhs), either side encoded
    ffn        two contractions with an activation function between them
    mask       an argument restricted by a mask, read by a contraction on either side
    activation a run-time encoded left operand
    moe        router, gate, expert projections, weighted combine
    attention  softmax(q k^T under a mask) v
    sddmm      a contraction into an encoded result
"""

import random

import numpy as np

import numerics
import patterns
from emit import BODIES, INTEGER_BODIES, Writer, make_bits

SIZES = (1, 2, 3, 5, 7, 8, 12, 15, 16, 17, 24, 31, 32, 33, 40, 48, 63, 64, 65, 72, 80, 96, 100,
         127, 128, 130, 160)
PATTERNS = ((2, 4), (2, 4), (1, 4), (1, 2), (4, 8), (3, 5), (7, 16), (2, 8), (1, 3), (3, 4))
BLOCKS = (1, 2, 3, 5, 8, 16, 17, 24, 32, 64, 100, 128)
TILES = (None, (16, 64), (8, 8), (64, 64), (1, 64), (32, 6), (64, 32), (4, 16), (128, 8))
DTYPES = ("f16", "bf16", "f32", "f32", "i8", "f8E4M3FN", "f8E5M2")
RESULTS = {
    "f16": ("f32", "f16", "bf16"),
    "bf16": ("f32", "bf16", "f16"),
    "f32": ("f32", "f32", "bf16"),
    "i8": ("i32", "i8", "bf16", "f32"),
    "f8E4M3FN": ("f32", "bf16", "f8E4M3FN"),
    "f8E5M2": ("f32", "f16", "f8E5M2"),
}
EPILOGUES = ("bias_columns", "bias_rows", "scale_columns", "scale_rows", "residual",
             *[name for name in BODIES if name != "swiglu"])
# Whether a union may have a member with buffers of its own (any_of_c4 says no).
UNION_OF_STORED = True
# How an encoded operand comes: packed by the tool, as the fields of an argument, as buffers
# that the program assembles, as a constant that the compiler packs, or as a dense argument
# that the program encodes. Fields are packed here, by code that is not the compiler's.
GIVEN = ("dense", "dense", "fields", "assemble", "constant", "encode")
FAMILIES = {"contract": 9, "ffn": 2, "activation": 2, "moe": 2, "attention": 5, "sddmm": 1}
MASKS = ("window", "strided", "prefix")


def choose_size(rng, high=160):
    return rng.choice([size for size in SIZES if size <= high])


def random_mask(rng, extent, kinds=MASKS, depth=2):
    """A mask over rows x `extent` columns; compositions up to `depth` deep."""
    kind = rng.choice(kinds + (("all_of", "any_of") if depth else ()))
    if kind == "window":
        reach = lambda: rng.choice((None, 0, 0, 1, 4, 7, 16, 33, extent, 4 * extent))
        left, right = reach(), reach()
        if left is None and right is None:
            right = 0
        return {"k": "window", "left": left, "right": right}
    if kind == "strided":
        period = rng.choice((1, 2, 3, 7, 16, 64, extent + 1))
        return {"k": "strided", "period": period, "offset": rng.randrange(period)}
    if kind == "prefix":
        return {"k": "prefix", "length": rng.choice((1, 2, 4, 17, 64, extent, 2 * extent))}
    if kind == "segments":
        return {"k": "segments"}
    if kind == "block":
        return random_block(rng)
    union = kind == "any_of"
    count, stored, chosen = rng.choice((1, 2, 2, 3)), False, []
    for _ in range(count):
        # One member of all_of may store.
        plain = stored or (union and not UNION_OF_STORED)
        member = random_mask(rng, extent, MASKS if plain else kinds, depth - 1)
        stored = stored or patterns.has(member, "segments", "block")
        chosen.append(member)
    return {"k": kind, "of": chosen}


def random_block(rng, inner=False):
    enc = {"k": "block", "b": rng.choice(BLOCKS), "c": rng.choice(BLOCKS),
           "density": rng.choice((0.1, 0.25, 0.5, 0.9))}
    if inner:
        n, m = rng.choice(PATTERNS)
        enc["inner"] = {"k": "n_of_m", "n": n, "m": m, "axis": rng.randrange(2)}
    return enc


def random_weight(rng, axes, dtype, sizes, kinds):
    """An encoding for an operand with these axes, of one of the `kinds`; None is dense."""
    kind = rng.choice(kinds)
    if kind == "dense" or not axes:
        return None
    rank = len(axes)
    extent = sizes[axes[-1]]
    if kind == "n_of_m":
        n, m = rng.choice(PATTERNS)
        axis = axes.index("k") if "k" in axes and rng.random() < 0.8 else rng.randrange(rank)
        return {"k": "n_of_m", "n": n, "m": m, "axis": axis}
    if kind in ("block", "vnm") and rank in (2, 3):
        enc = random_block(rng, inner=kind == "vnm")
        # Drawn aside: what other programs draw stays the same.
        if rank == 2 and random.Random(repr(rng.getstate())).random() < 0.3:
            enc["ordered"] = True
        return enc
    if kind == "unstructured" and rank == 2:
        tile = rng.choice(TILES)
        return {"k": "unstructured", "tile": tile and list(tile),
                "density": rng.choice((0.05, 0.3, 0.6))}
    if kind in ("mask", "segments") and rank >= 2:
        return random_mask(rng, extent, MASKS if kind == "mask" else MASKS + ("segments",) * 3)
    if kind == "mask_of_stored" and rank == 2:
        stored = random_weight(rng, axes, dtype, sizes, ("n_of_m", "block", "unstructured"))
        return {"k": "all_of", "of": [random_mask(rng, extent, depth=0), stored]}
    return None


WEIGHTS = ("n_of_m", "n_of_m", "block", "block", "vnm", "unstructured", "mask", "mask",
           "segments", "mask_of_stored", "dense")


def sample(seed, families=None, kinds=None):
    """The specification of program `seed`."""
    rng = random.Random(f"sparsity-{seed}")
    table = {name: FAMILIES[name] for name in (families or FAMILIES)}
    family = rng.choices(list(table), list(table.values()))[0]
    spec = {"family": family, "seed": seed}
    spec.update(SAMPLERS[family](rng, kinds or WEIGHTS))
    return spec


def _contract_spec(rng, kinds):
    dtype = rng.choice(DTYPES)
    sizes = {"m": choose_size(rng), "n": choose_size(rng), "k": choose_size(rng)}
    batch = rng.random() < 0.2
    if batch:
        sizes["b"] = rng.choice((1, 2, 3, 5))
    shape = rng.random()
    out = ["m", "n"]
    if shape < 0.08:
        out.remove(rng.choice(out))
    if batch:
        out.insert(0, "b")
    elif shape > 0.95:
        out.reverse()
    lhs = ["m", "k"] if rng.random() < 0.7 else ["k", "m"]
    rhs = ["n", "k"] if rng.random() < 0.6 else ["k", "n"]
    lhs = [axis for axis in lhs if axis in out + ["k"]]
    rhs = [axis for axis in rhs if axis in out + ["k"]]
    shared = rng.choice(("none", "none", "lhs", "rhs")) if batch else "none"
    if batch:
        lhs = lhs if shared == "lhs" else ["b"] + lhs
        rhs = rhs if shared == "rhs" else ["b"] + rhs
    side = rng.choice(("rhs", "rhs", "rhs", "lhs", "lhs", "both"))
    spec = {"dtype": dtype, "sizes": sizes, "out": out, "lhs": lhs, "rhs": rhs,
            "lhs_enc": None, "rhs_enc": None}
    if side != "rhs":
        spec["lhs_enc"] = random_weight(rng, lhs, dtype, sizes, kinds)
    if side != "lhs":
        spec["rhs_enc"] = random_weight(rng, rhs, dtype, sizes, kinds)
    dynamic = []
    for axis in ("m", "n", "k"):
        if rng.random() < 0.2 and axis in lhs + rhs:
            dynamic.append(axis)
    spec["dynamic"] = [axis for axis in dynamic if _may_be_dynamic(spec, axis)]
    spec["init"] = rng.random() < 0.15
    spec["gated"] = dtype != "i8" and rng.random() < 0.12 and not spec["init"]
    names = [name for name in EPILOGUES if dtype != "i8" or name in INTEGER_BODIES
             or name not in BODIES]
    spec["epilogue"] = [rng.choice(names) for _ in range(rng.choice((0, 0, 1, 1, 2, 3)))]
    spec["result"] = rng.choice(RESULTS[dtype])
    spec["named"] = rng.random() < 0.6
    spec["tf32"] = dtype == "f32" and rng.random() < 0.5
    # Groups, blocks and tiles with less in them than their encoding admits.
    spec["zeros"] = rng.choice((0.06, 0.06, 0.06, 0.6, 0.95))
    spec["given"] = rng.choice(GIVEN)
    return spec


def _may_be_dynamic(spec, axis):
    """Storing encodings are sampled with static sizes; masks leave them open."""
    for side in ("lhs", "rhs"):
        if axis in spec[side] and patterns.has(spec[side + "_enc"], *patterns.STORING):
            return False
    return True


def _ffn_spec(rng, kinds):
    dtype = rng.choice(("f16", "bf16", "f32"))
    sizes = {"t": choose_size(rng, 65), "d": choose_size(rng, 100), "f": choose_size(rng, 130)}
    sizes["k"] = sizes["d"]
    spec = {"dtype": dtype, "sizes": sizes, "gated": rng.random() < 0.5,
            "function": rng.choice(("relu", "silu", "gelu_tanh")),
            "dynamic": ["t"] * (rng.random() < 0.5), "result": rng.choice(("f32", dtype))}
    spec["up_enc"] = random_weight(rng, ["f", "d"], dtype, sizes, kinds)
    spec["down_enc"] = random_weight(rng, ["d", "f"], dtype, sizes, kinds)
    return spec


def _activation_spec(rng, kinds):
    dtype = rng.choice(("f16", "bf16", "f32"))
    sizes = {"t": rng.choice((1, 1, 2, 3, 8, 16)), "f": choose_size(rng), "n": choose_size(rng)}
    rule = rng.choice(("relu", "threshold", "top_k"))
    enc = {"k": "activation", "rule": rule}
    if rule == "threshold":
        enc["value"] = rng.choice((0.0, 0.25, 0.5, 1.5, 100.0))
    if rule == "top_k":
        enc["value"] = rng.randrange(1, sizes["f"] + 1)
    return {"dtype": dtype, "sizes": sizes, "enc": enc, "transposed": rng.random() < 0.5,
            "dynamic": ["t"] * (rng.random() < 0.5), "result": rng.choice(("f32", dtype)),
            "producer": rng.choice((None, None, "relu", "double")),
            "epilogue": rng.choice(([], [], ["relu"], ["silu"])),
            "given": rng.choice(("encode", "encode", "encode", "fields"))}


def _moe_spec(rng, kinds):
    dtype = rng.choice(("f16", "bf16", "f32"))
    experts = rng.choice((1, 2, 3, 8, 8, 16, 40))
    sizes = {"t": rng.choice((1, 2, 7, 16, 33, 70)), "e": experts,
             "d": choose_size(rng, 72), "f": choose_size(rng, 72)}
    score = rng.choice(("softmax", "softmax", "sigmoid"))
    enc = None
    luck = rng.random()
    if luck < 0.35:
        n, m = rng.choice(PATTERNS)
        enc = {"k": "n_of_m", "n": n, "m": m, "axis": 2}
    elif luck < 0.5:
        enc = random_block(rng)
    return {"dtype": dtype, "sizes": sizes, "top_k": rng.randrange(1, min(experts, 8) + 1),
            "score": score, "order": "before" if score == "sigmoid" else
            rng.choice(("before", "after")),
            "renormalize": rng.random() < 0.5, "bias": score == "sigmoid" and rng.random() < 0.7,
            "scaling": rng.choice((None, None, 2.5)),
            "capacity": rng.choice((None, None, None, 1, 4, 16)),
            "logits": rng.choice(("computed", "normal", "ties", "one_expert", "special")),
            "layer": rng.choice(("combine", "combine_each", "project", "ffn", "ffn")), "enc": enc,
            "hidden": rng.choice(("f32", dtype)),
            "dynamic": ["t"] * (rng.random() < 0.6), "result": rng.choice(("f32", dtype))}


def _attention_spec(rng, kinds):
    dtype = rng.choice(("f16", "bf16", "f32", "f32"))
    groups = rng.choice((1, 1, 2, 4))
    kv_heads = rng.choice((1, 1, 2))
    rows, keys = choose_size(rng, 130), choose_size(rng, 160)
    if rng.random() < 0.4:
        keys = rows
    head = rng.choice((1, 8, 16, 20, 32, 33, 64, 80, 96, 128))
    sizes = {"h": groups * kv_heads, "g": kv_heads, "q": rows, "s": keys, "d": head,
             "v": rng.choice((head, head, 16, 40))}
    if rng.random() < 0.3:
        sizes["b"] = rng.choice((1, 2))
    mask = None
    if rng.random() < 0.9:
        mask = random_mask(rng, keys, MASKS + ("segments", "block"))
    offset = None
    if rng.random() < 0.3:
        offset = rng.choice((-3, 0, 1, 5, keys - rows, keys - rows))
    return {"dtype": dtype, "sizes": sizes, "mask": mask, "offset": offset,
            "scale": rng.choice((None, 0.125, 0.3)), "softcap": rng.choice((None, None, 5.0)),
            "lse": rng.random() < 0.4, "result": rng.choice((dtype, "f32")),
            "dynamic": [axis for axis in ("q", "s") if rng.random() < 0.4]}


def _sddmm_spec(rng, kinds):
    spec = _contract_spec(rng, ("dense",))
    sizes = {axis: size for axis, size in spec["sizes"].items() if axis != "b"}
    enc = random_weight(rng, ["m", "n"], spec["dtype"], sizes,
                        ("mask", "block", "segments"))
    return {"dtype": rng.choice(("f16", "bf16", "f32")), "sizes": sizes,
            "sink": rng.choice(("decode", "multiply")), "named": False, "lhs": rng.choice((["m", "k"], ["k", "m"])),
            "rhs": rng.choice((["n", "k"], ["k", "n"])), "enc": enc or random_block(rng),
            "dynamic": [], "result": "f32"}


SAMPLERS = {"contract": _contract_spec, "ffn": _ffn_spec, "activation": _activation_spec,
            "moe": _moe_spec, "attention": _attention_spec, "sddmm": _sddmm_spec}


class Built:
    """A program: its MLIR text, its inputs as bits, and its operands in f64 by name."""

    def __init__(self, writer, text, operands, results):
        self.text, self.inputs, self.operands = text, writer.inputs, operands
        # (element type, tolerance) of each result.
        self.results = results


class _Data:
    """Random operands of a program; remembers their values."""

    def __init__(self, spec):
        self.rng = np.random.default_rng(spec["seed"] if isinstance(spec["seed"], int) else 0)
        self.operands = {}
        self.zeros = spec.get("zeros", 0.06)

    def values(self, shape, dtype, scale=1.0):
        if dtype == "i8":
            return self.rng.integers(-9, 10, shape).astype(float)
        values = self.rng.standard_normal(shape) * scale
        # Zeros of both signs are data like any other.
        zero = np.where(self.rng.random(shape) < 0.5, 0.0, -0.0)
        return np.where(self.rng.random(shape) < self.zeros, zero, values)

    def operand(self, writer, name, axes, dtype, enc=None, scale=1.0, given="dense", values=None):
        """An argument, random unless `values` are given, restricted to its encoding."""
        shape = tuple(writer.sizes[axis] for axis in axes)
        if values is None:
            values = self.values(shape, dtype, scale)
        bits, values = make_bits(values, dtype)
        fields = {}
        if enc:
            values, fields = patterns.restrict(enc, values, self.rng)
            bits = numerics.encode(values, dtype)
            if dtype not in ("i8",) and given == "dense":
                # A pruned element may be a zero of either sign.
                negative = np.where(self.rng.random(shape) < 0.5, -0.0, 0.0)
                bits = numerics.encode(np.where(values == 0, negative, values), dtype)
        self.operands[name] = values
        if enc and given in ("constant", "encode") and enc["k"] in patterns.STORING:
            # A constant is small, and nothing that the program does at run time.
            if given == "encode" or values.size <= 4096:
                dense = writer.constant(axes, dtype, bits) if given == "constant" else (
                    writer.argument(axes, dtype, bits))
                return writer.convert("encode", dense, enc)
        packed = None
        if given in ("fields", "assemble") or (fields and patterns.has(enc, "segments")):
            packed = self._pack(enc, numerics.encode(values + 0.0, dtype), fields)
        if given == "assemble" and packed is not None and not writer.dynamic & set(axes):
            return writer.assemble(axes, dtype, enc, packed)
        return writer.argument(axes, dtype, bits, enc, packed)

    @staticmethod
    def _pack(enc, bits, fields):
        if enc is None:
            return None
        if enc["k"] == "n_of_m":
            return patterns.pack_n_of_m(enc, bits)
        if enc["k"] == "block":
            return patterns.pack_block(enc, bits, fields)
        if enc["k"] == "unstructured":
            return patterns.pack_unstructured(enc, bits)
        if patterns.has(enc, "segments"):
            return {"values": bits, "lo": fields["lo"], "hi": fields["hi"]}
        return None


def _apply_epilogue(writer, data, value, spec, axes):
    """Applies the named epilogues in order; their operands become arguments."""
    dtype = spec["dtype"]
    for number, name in enumerate(spec["epilogue"]):
        if name in BODIES or name in INTEGER_BODIES:
            value = writer.function(value, name)
            continue
        wanted = {"bias_columns": "n", "scale_columns": "n", "bias_rows": "m", "scale_rows": "m",
                  "residual": "bmn"}[name]
        own = [axis for axis in axes if axis in wanted]
        kind = dtype if name == "residual" and value.dtype == "f32" else value.dtype
        scale = 1.0 if value.dtype == "f32" else 10.0
        shape = tuple(writer.sizes[axis] for axis in own)
        raw = data.values(shape, kind if kind in numerics.FLOATS else "i8", scale)
        other = data.operand(writer, f"epilogue{number}", own, kind, values=raw)
        value = writer.combine(value, other, "mul" if name.startswith("scale") else "add")
    return value


def _build_contract(spec):
    writer, data = Writer(spec["sizes"], spec["dynamic"]), _Data(spec)
    dtype, acc = spec["dtype"], "i32" if spec["dtype"] == "i8" else "f32"
    scale = (2.0 if dtype.startswith("f8") else 1.0) / np.sqrt(spec["sizes"]["k"])
    weights = {"lhs": 1.0, "rhs": scale}
    sides = ["lhs", "rhs"] + ["other"] * spec["gated"]
    values = {}
    for side in sides:
        source = "rhs" if side == "other" else side
        values[side] = data.operand(writer, side, spec[source], dtype, spec[source + "_enc"],
                                    weights[source], spec["given"])
    axes = spec["out"]
    init = data.operand(writer, "init", axes, acc,
                        values=data.values(tuple(spec["sizes"][a] for a in axes),
                                           "i8" if acc == "i32" else "f32")) if spec["init"] else None
    writer.find_extents(list(values.values()) + ([init] if init else []))
    named = None
    if spec["named"]:
        left, right, out = spec["lhs"], spec["rhs"], axes
        if out == ["m", "n"]:
            named = "linalg.matmul"
        elif (left, right, out) == (["b", "m", "k"], ["b", "k", "n"], ["b", "m", "n"]):
            named = "linalg.batch_matmul"
        elif (left, right, out) == (["m", "k"], ["k"], ["m"]):
            named = "linalg.matvec"
        elif (left, right, out) == (["k"], ["k", "n"], ["n"]):
            named = "linalg.vecmat"
    value = writer.contract([values["lhs"], values["rhs"]], init or writer.zeros(axes, acc), named)
    if spec["gated"]:
        other = writer.contract([values["lhs"], values["other"]], writer.zeros(axes, acc), named)
        value = writer.elementwise([value, other], acc, BODIES["swiglu"])
    value = _apply_epilogue(writer, data, value, spec, axes)
    value = writer.cast(value, spec["result"])
    return Built(writer, writer.finish(value), data.operands, [(spec["result"], 1e-5)])


def _build_ffn(spec):
    writer, data = Writer(spec["sizes"], spec["dynamic"]), _Data(spec)
    dtype, sizes = spec["dtype"], spec["sizes"]
    x = data.operand(writer, "x", "td", dtype)
    up = data.operand(writer, "up", "fd", dtype, spec["up_enc"], sizes["d"] ** -0.5)
    gate = data.operand(writer, "gate", "fd", dtype, spec["up_enc"], sizes["d"] ** -0.5) if (
        spec["gated"]) else None
    down = data.operand(writer, "down", "df", dtype, spec["down_enc"], sizes["f"] ** -0.5)
    writer.find_extents([x])
    hidden = writer.contract([x, up], writer.zeros("tf", "f32"))
    hidden = writer.function(hidden, spec["function"])
    if gate:
        other = writer.contract([x, gate], writer.zeros("tf", "f32"))
        hidden = writer.combine(hidden, other, "mul")
    hidden = writer.cast(hidden, dtype)
    y = writer.cast(writer.contract([hidden, down], writer.zeros("td", "f32")), spec["result"])
    step = {"f16": 1e-3, "bf16": 8e-3, "f32": 2e-5}[dtype]
    return Built(writer, writer.finish(y), data.operands, [(spec["result"], step)])


def _build_activation(spec):
    writer, data = Writer(spec["sizes"], spec["dynamic"]), _Data(spec)
    dtype = spec["dtype"]
    shape = (spec["sizes"]["t"], spec["sizes"]["f"])
    values = data.values(shape, dtype)
    # Values on a grid: ties, and elements at the threshold exactly.
    values = np.where(data.rng.random(shape) < 0.5, np.rint(values * 4) / 4, values)
    enc = spec["enc"]
    if spec["given"] == "fields":
        bits, values = make_bits(values, dtype)
        mask = patterns.kept(*shape, enc, values)
        positions, coordinates = patterns.lists(mask)
        data.operands["x"] = np.where(mask, values, 0.0)
        encoded = writer.argument("tf", dtype, bits, enc, {
            "positions": positions,
            "coordinates": np.pad(coordinates, (0, values.size - len(coordinates))),
            "values": bits})
        writer.find_extents([encoded])
    else:
        x = data.operand(writer, "x", "tf", dtype, values=values)
        writer.find_extents([x])
        if spec["producer"]:
            body = {"relu": [f"%z = arith.constant 0.0 : {dtype}",
                             f"%r = arith.maximumf %e0, %z : {dtype}"],
                    "double": [f"%r = arith.addf %e0, %e0 : {dtype}"]}[spec["producer"]]
            x = writer.elementwise([x], dtype, body)
        encoded = writer.convert("encode", x, enc)
    axes = "nf" if spec["transposed"] else "fn"
    weight = data.operand(writer, "w", axes, dtype, scale=spec["sizes"]["f"] ** -0.5)
    y = writer.contract([encoded, weight], writer.zeros("tn", "f32"))
    for function in spec["epilogue"]:
        y = writer.function(y, function)
    y = writer.cast(y, spec["result"])
    return Built(writer, writer.finish(y), data.operands, [(spec["result"], 1e-5)])


def _routing(spec, data):
    """Logits (an array of f32 values, or None if computed) and the bias of a gate."""
    tokens, experts, rng = spec["sizes"]["t"], spec["sizes"]["e"], data.rng
    bias = rng.integers(-2, 3, experts) / 8.0 if spec["bias"] else None
    kind = spec["logits"]
    if kind == "computed":
        return None, bias
    logits = rng.standard_normal((tokens, experts))
    if kind in ("ties", "special"):
        logits = np.rint(2 * logits) / 2
    if kind == "one_expert":
        logits[:, rng.integers(experts)] += 10.0
    if kind == "special":
        logits[rng.random(logits.shape) < 0.1] = np.nan
        logits[rng.random(logits.shape) < 0.1] = -np.inf
        logits[rng.integers(tokens)] = -np.inf
    return logits.astype(np.float32).astype(float), bias


def _is_clear(logits, bias, top_k):
    """Whether rounding cannot change which experts are kept: far apart, or equal."""
    import reference

    scores = np.sort(reference.route_scores(logits, bias), axis=1)[:, ::-1]
    if top_k >= scores.shape[1]:
        return True
    with np.errstate(invalid="ignore"):
        gap = scores[:, top_k - 1] - scores[:, top_k]
    return bool(np.all((gap == 0) | (gap > 1e-4) | np.isnan(gap)))


def _build_moe(spec):
    writer, data = Writer(spec["sizes"], spec["dynamic"]), _Data(spec)
    dtype, sizes, enc = spec["dtype"], spec["sizes"], spec["enc"]
    x = data.operand(writer, "x", "td", dtype)
    logits, bias = _routing(spec, data)
    for attempt in range(100):
        if logits is None:
            router = make_bits(data.values((sizes["e"], sizes["d"]), dtype), dtype)[1]
            candidate = data.operands["x"] @ router.T * 1.0
        else:
            candidate = logits
        if _is_clear(candidate, bias, spec["top_k"]):
            break
        if logits is not None:
            spec_logits = np.rint(2 * logits) / 2
            logits = spec_logits
    if logits is None:
        weight = data.operand(writer, "router", "ed", dtype, values=router)
        writer.find_extents([x])
        scores = writer.contract([x, weight], writer.zeros("te", "f32"))
    else:
        scores = data.operand(writer, "logits", "te", "f32", values=logits)
        writer.find_extents([x])
    options = f" score({spec['score']}) order({spec['order']})"
    data.operands["bias"] = bias
    if bias is not None:
        value = data.operand(writer, "bias", "e", "f32", values=bias)
        options += f" bias({value.name} : {writer.type_of(value)})"
    if spec["capacity"] is not None:
        capacity = writer.name()
        writer.line(f"{capacity} = arith.constant {spec['capacity']} : index")
        options += f" capacity({capacity})"
    options += " renormalize" * spec["renormalize"]
    if spec["scaling"]:
        options += f" scale({spec['scaling']})"
    gate = type(x)(writer.name(), "te", "f32", {"k": "gate", "top_k": spec["top_k"]})
    writer.line(f"{gate.name} = sparsity.route {scores.name}{options} : "
                f"{writer.type_of(scores)} to {writer.type_of(gate)}")
    layer, down = spec["layer"], sizes["d"] ** -0.5
    if layer == "combine":
        table = data.operand(writer, "v", "ed", dtype)
        y = writer.contract([gate, table], writer.zeros("td", "f32"))
    elif layer == "combine_each":
        table = data.operand(writer, "v", "ted", dtype)
        y = writer.contract([gate, table], writer.zeros("td", "f32"))
    elif layer == "project":
        weight = data.operand(writer, "w", "efd", dtype, enc, down)
        y = writer.contract([gate, x, weight], writer.zeros("tf", "f32"))
    else:
        up = data.operand(writer, "up", "efd", dtype, enc, down)
        gated = data.operand(writer, "gate", "efd", dtype, enc, down)
        back = data.operand(writer, "down", "edf", dtype, enc, sizes["f"] ** -0.5)
        first = writer.contract([x, gated], writer.zeros("tef", "f32"))
        second = writer.contract([x, up], writer.zeros("tef", "f32"))
        hidden = writer.elementwise([first, second], "f32", BODIES["swiglu"])
        hidden = writer.cast(hidden, spec["hidden"])
        y = writer.contract([gate, hidden, back], writer.zeros("td", "f32"))
    y = writer.cast(y, spec["result"])
    step = 2e-5
    if layer == "ffn" and spec["hidden"] != "f32":
        step = numerics.STEP[spec["hidden"]]
    # Routing weights pass through exp, whose relative error grows with its argument.
    return Built(writer, writer.finish(y), data.operands, [(spec["result"], step)])


def _build_attention(spec):
    writer, data = Writer(spec["sizes"], spec["dynamic"]), _Data(spec)
    dtype, sizes = spec["dtype"], spec["sizes"]
    lead = "b" if "b" in sizes else ""
    q = data.operand(writer, "q", lead + "hqd", dtype)
    k = data.operand(writer, "k", lead + "gsd", dtype)
    v = data.operand(writer, "v", lead + "gsv", dtype)
    options, offset = "", spec["offset"]
    data.operands["mask"] = np.ones((sizes["q"], sizes["s"]), bool)
    if spec["mask"]:
        mask, fields = patterns.admits(spec["mask"], (sizes["q"], sizes["s"]), data.rng,
                                       offset or 0)
        data.operands["mask"] = mask
        names, types = [], []
        for name in ("positions", "coordinates", "lo", "hi"):
            if name in fields:
                types.append("tensor<?xi32>")
                names.append(writer.raw_argument(types[-1], fields[name]))
        operands = f", {', '.join(names)} : {', '.join(types)}" if names else ""
        options += f" mask({patterns.text(spec['mask'])}{operands})"
    if spec["scale"] is not None:
        options += f" scale({spec['scale']})"
    if spec["softcap"] is not None:
        options += f" softcap({spec['softcap']})"
    if offset is not None:
        value, index = writer.raw_argument("i64", np.int64(offset)), writer.name()
        writer.line(f"{index} = arith.index_cast {value} : i64 to index")
        options += f" offset({index})"
    output = type(q)(writer.name(), lead + "hqv", spec["result"])
    lse = type(q)(writer.name(), lead + "hq", "f32")
    results = [output, lse] if spec["lse"] else [output]
    names = ", ".join(value.name for value in results)
    types = ", ".join(writer.type_of(value) for value in results)
    operands = ", ".join(writer.type_of(value) for value in (q, k, v))
    writer.line(f"{names} = sparsity.attention {q.name}, {k.name}, {v.name}{options}")
    writer.line(f"    : ({operands}) -> {f'({types})' if spec['lse'] else types}")
    text = writer.finish(*results)
    return Built(writer, text, data.operands, [(spec["result"], 2e-5), ("f32", 2e-5)])


def _build_sddmm(spec):
    writer, data = Writer({**spec["sizes"], "v": 24}, spec["dynamic"]), _Data(spec)
    dtype, scale = spec["dtype"], spec["sizes"]["k"] ** -0.5
    lhs = data.operand(writer, "lhs", spec["lhs"], dtype)
    rhs = data.operand(writer, "rhs", spec["rhs"], dtype, scale=scale)
    # No zeros: they would take their element or their block out of a stored pattern.
    shape = (spec["sizes"]["m"], spec["sizes"]["n"])
    values = 0.5 + np.abs(data.rng.standard_normal(shape))
    init = data.operand(writer, "init", "mn", "f32", spec["enc"], values=values)
    data.operands["mask"] = data.operands["init"] != 0
    y = writer.contract([lhs, rhs], init)
    if spec["sink"] == "multiply":
        table = data.operand(writer, "v", "nv", "f32")
        y = writer.contract([y, table], writer.zeros("mv", "f32"))
    else:
        y = writer.convert("decode", y, None)
    return Built(writer, writer.finish(y), data.operands, [("f32", 1e-5)])


BUILDERS = {"contract": _build_contract, "sddmm": _build_sddmm, "ffn": _build_ffn, "activation": _build_activation,
            "moe": _build_moe, "attention": _build_attention}


def build(spec):
    """The program of a specification."""
    return BUILDERS[spec["family"]](spec)
