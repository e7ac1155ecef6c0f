"""Evaluates a program of matrix products and element-wise bodies in f64 (integers: i64).

Nothing is rounded on the way. It reads MLIR as this project's tests write it: one function,
`linalg.fill`, `linalg.matmul`, `linalg.generic` with parallel dimensions only.
"""

import re

import numpy as np

_ARGUMENT = re.compile(r"(%\w+): (tensor<(?:[^<>]|<(?:[^<>]|<[^<>]*>)*>)*>)")
_MAP = re.compile(r"affine_map<\(([^)]*)\) -> \(([^)]*)\)>")
_OPERATION = re.compile(
    r"(%\w+) = (arith\.constant|tensor\.dim|tensor\.empty|linalg\.fill|linalg\.matmul"
    r"|linalg\.generic)\b|(\breturn )(%\w+)"
)
_BODY = {
    "arith.addf": np.add, "arith.subf": np.subtract, "arith.mulf": np.multiply,
    "arith.divf": np.divide, "arith.maximumf": np.maximum, "arith.minimumf": np.minimum,
    "arith.maxnumf": np.fmax, "arith.minnumf": np.fmin, "arith.negf": np.negative,
    "arith.addi": np.add, "arith.subi": np.subtract, "arith.muli": np.multiply,
    "arith.maxsi": np.maximum, "arith.minsi": np.minimum,
    "arith.extf": np.positive, "arith.truncf": np.positive, "arith.extsi": np.positive,
    "arith.sitofp": np.float64, "math.exp": np.exp, "math.tanh": np.tanh, "math.sqrt": np.sqrt,
    "math.absf": np.abs,
}  # fmt: skip


def _maps(text):
    """[(dimensions, results)] of the affine maps in `text`."""
    return [
        ([one.strip() for one in dims.split(",")], [one.strip() for one in results.split(",")])
        for dims, results in _MAP.findall(text)
    ]


def _operands(text, keyword):
    match = re.search(keyword + r"\(([^:)]*):", text)
    return re.findall(r"%\w+", match.group(1)) if match else []


def _spread(value, dims, results):
    """`value` with one axis for each of `dims`, of size 1 where it does not depend on it."""
    order = [results.index(dim) for dim in dims if dim in results]
    value = np.transpose(value, order)
    shape = iter(value.shape)
    return value.reshape([next(shape) if dim in results else 1 for dim in dims])


def _generic(text, values):
    if "reduction" in text:
        raise ValueError("expected element-wise bodies, but got a reduction")
    names = _operands(text, "ins")
    maps = _maps(text)
    block = re.search(r"\^bb0\((.*?)\):(.*?)linalg\.yield (%\w+)", text, re.S)
    local = dict(values)
    inside = re.findall(r"(%\w+):", block.group(1))
    for name, source, (dims, results) in zip(inside, names, maps):
        local[name] = _spread(values[source], dims, results)
    for name, operation, rest in re.findall(
        r"(%\w+) = ([\w.]+) (.*?) :", block.group(2)
    ):
        if operation not in _BODY:
            raise ValueError(f"expected a known operation, but got {operation}")
        local[name] = _BODY[operation](*(local[one] for one in re.findall(r"%\w+", rest)))
    dims, results = maps[-1]
    result = local[block.group(3)]
    order = [dims.index(dim) for dim in results]
    return np.transpose(result, order)


def evaluate(text, arguments):
    """The result of the function in `text` on arrays, in the order of its arguments."""
    header = text[: text.index(") ->")]
    values = dict(zip((name for name, _ in _ARGUMENT.findall(header)), arguments))
    found = list(_OPERATION.finditer(text))
    for match, after in zip(found, found[1:] + [None]):
        body = text[match.end() : after.start() if after else len(text)]
        name, operation = match.group(1), match.group(2)
        if match.group(3):
            return values[match.group(4)]
        if operation == "arith.constant":
            number = body.split(":")[0].strip()
            values[name] = float(number) if "." in number else int(number)
        elif operation == "linalg.fill":
            values[name] = values[_operands(body, "ins")[0]]
        elif operation == "linalg.matmul":
            left, right = (values[one] for one in _operands(body, "ins"))
            maps = _maps(body.split("ins(")[0])
            letters = ["".join(m[1]) for m in maps] if maps else ["mk", "kn", "mn"]
            formula = f"{letters[0]},{letters[1]}->{letters[2]}"
            product = np.einsum(formula, left, right, optimize=True)
            values[name] = product + values[_operands(body, "outs")[0]]
        elif operation == "linalg.generic":
            values[name] = _generic(body, values)
    raise ValueError("expected a function that returns a value")
