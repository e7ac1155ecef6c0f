"""Expected results of the generated programs, in NumPy and f64.

Each family is computed from its mathematical definition on dense arrays that hold zero
at absent elements; no code is shared with the compiler.
"""

import math

import numpy as np

import numerics
import patterns

_erf = np.vectorize(math.erf, otypes=[float])


def sigmoid(x):
    with np.errstate(over="ignore"):
        return 1 / (1 + np.exp(-x))


FUNCTIONS = {
    "relu": lambda x: np.maximum(x, 0),
    "silu": lambda x: x * sigmoid(x),
    "clamp": lambda x: np.clip(x, -0.5, 0.75),
    "gelu_erf": lambda x: 0.5 * x * (1 + _erf(x * 0.707106769)) if x.size else x,
    "gelu_tanh": lambda x: 0.5 * x * (1 + np.tanh(0.797884583 * (x + 0.0447149985 * x**3))),
}
INTEGER_FUNCTIONS = {
    "relu": lambda x: np.maximum(x, 0),
    "clamp": lambda x: np.clip(x, -50, 75),
}


def cast(values, source, target):
    """The accumulator's cast; rounding to a float type is left to the tolerance."""
    if source != "i32" or target == "i32":
        return values
    return np.clip(values, -128, 127) if target == "i8" else values * 0.001


def _einsum(out, *pairs):
    terms = ",".join("".join(axes) for axes, _ in pairs)
    return np.einsum(f"{terms}->{''.join(out)}", *[array for _, array in pairs], optimize=True)


def contract(spec, operands):
    out, integer = spec["out"], spec["dtype"] == "i8"
    y = _einsum(out, (spec["lhs"], operands["lhs"]), (spec["rhs"], operands["rhs"]))
    if spec["init"]:
        y = y + operands["init"]
    if spec["gated"]:
        other = _einsum(out, (spec["lhs"], operands["lhs"]), (spec["rhs"], operands["other"]))
        y = FUNCTIONS["silu"](y) * other
    for number, name in enumerate(spec["epilogue"]):
        table = INTEGER_FUNCTIONS if integer else FUNCTIONS
        if name in table:
            y = table[name](y)
            continue
        other = operands[f"epilogue{number}"]
        axis = {"columns": "n", "rows": "m"}.get(name.partition("_")[2])
        if axis:
            other = other.reshape([-1 if a == axis else 1 for a in out])
        y = y * other if name.startswith("scale") else y + other
    return [cast(y, "i32" if integer else "f32", spec["result"])]


def sddmm(spec, operands):
    product = _einsum("mn", (spec["lhs"], operands["lhs"]), (spec["rhs"], operands["rhs"]))
    y = operands["init"] + np.where(operands["mask"], product, 0.0)
    return [y @ operands["v"] if spec["sink"] == "multiply" else y]


def ffn(spec, operands):
    hidden = FUNCTIONS[spec["function"]](operands["x"] @ operands["up"].T)
    if spec["gated"]:
        hidden = hidden * (operands["x"] @ operands["gate"].T)
    return [numerics.rounded(hidden, spec["dtype"]) @ operands["down"].T]


def activation(spec, operands):
    x = operands["x"]
    if spec["given"] != "fields":
        if spec["producer"] == "relu":
            x = np.maximum(x, 0)
        if spec["producer"] == "double":
            x = numerics.rounded(2 * x, spec["dtype"])
        x = np.where(patterns.kept(*x.shape, spec["enc"], x), x, 0.0)
    y = x @ (operands["w"].T if spec["transposed"] else operands["w"])
    for name in spec["epilogue"]:
        y = FUNCTIONS[name](y)
    return [y]


def route_scores(logits, bias):
    """What orders the experts: the logits, or with a bias their sigmoids plus the bias."""
    logits = np.where(np.isnan(logits), -np.inf, logits)
    return logits if bias is None else sigmoid(logits) + bias


def route(spec, logits, bias):
    """Dense weights [tokens, experts] of the gate, 0 at experts that are not kept."""
    tokens, experts = logits.shape
    scores = route_scores(logits, bias)
    logits = np.where(np.isnan(logits), -np.inf, logits)
    weights = np.zeros((tokens, experts))
    taken = np.zeros(experts, int)
    for t in range(tokens):
        order = sorted(range(experts), key=lambda e: (-scores[t, e], e))
        kept = sorted(order[: spec["top_k"]])
        if spec["score"] == "sigmoid":
            value = sigmoid(logits[t])
            total = value[kept].sum() if spec["renormalize"] else 1.0
        else:
            among = kept if spec["renormalize"] or spec["order"] == "after" else range(experts)
            high = max(logits[t][e] for e in among)
            value = np.exp(logits[t] - high) if high > -np.inf else np.zeros(experts)
            total = sum(value[e] for e in among)
        for e in kept:
            weight = value[e] / total if total > 0 else 0.0
            taken[e] += 1
            if spec["capacity"] is None or taken[e] <= spec["capacity"]:
                weights[t, e] = weight * (spec["scaling"] or 1.0)
    return weights


def moe(spec, operands):
    x = operands["x"]
    logits = operands["logits"] if "logits" in operands else x @ operands["router"].T
    gate, layer = route(spec, logits, operands["bias"]), spec["layer"]
    if layer == "combine":
        return [gate @ operands["v"]]
    if layer == "combine_each":
        return [np.einsum("te,ted->td", gate, operands["v"])]
    if layer == "project":
        return [np.einsum("te,td,efd->tf", gate, x, operands["w"], optimize=True)]
    first = np.einsum("td,efd->tef", x, operands["gate"], optimize=True)
    second = np.einsum("td,efd->tef", x, operands["up"], optimize=True)
    hidden = numerics.rounded(FUNCTIONS["silu"](first) * second, spec["hidden"])
    return [np.einsum("te,tef,edf->td", gate, hidden, operands["down"], optimize=True)]


def attention(spec, operands):
    q, k, v, mask = (operands[name] for name in ("q", "k", "v", "mask"))
    group = q.shape[-3] // k.shape[-3]
    k, v = np.repeat(k, group, axis=-3), np.repeat(v, group, axis=-3)
    scale = spec["scale"] if spec["scale"] is not None else q.shape[-1] ** -0.5
    logits = scale * (q @ np.swapaxes(k, -1, -2))
    if spec["softcap"] is not None:
        logits = spec["softcap"] * np.tanh(logits / spec["softcap"])
    logits = np.where(mask, logits, -np.inf)
    high = logits.max(axis=-1, keepdims=True)
    weights = np.exp(logits - np.where(np.isfinite(high), high, 0.0))
    total = weights.sum(axis=-1, keepdims=True)
    output = (weights / np.where(total > 0, total, 1.0)) @ v
    with np.errstate(divide="ignore"):
        log = np.log(total)
    lse = (log + np.where(np.isfinite(high), high, 0.0))[..., 0]
    return [output, lse] if spec["lse"] else [output]


EXPECTED = {"contract": contract, "ffn": ffn, "activation": activation, "moe": moe, "sddmm": sddmm,
            "attention": attention}


def expected(spec, operands):
    """The results in f64, in order."""
    with np.errstate(all="ignore"):
        return EXPECTED[spec["family"]](spec, operands)
