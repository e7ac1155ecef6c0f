"""MLIR text of contractions with epilogues, for tests that run many of them."""

import dataclasses

INTEGER = ("i8",)
# What an epilogue adds to the signature: the axes of its operand.
EPILOGUES = {
    "bias_columns": "n",
    "bias_rows": "m",
    "scale_columns": "n",
    "scale_rows": "m",
    "residual": "mn",
    "relu": None,
    "gelu_tanh": None,
    "gelu_erf": None,
    "silu": None,
    "clamp": None,
}


@dataclasses.dataclass(frozen=True)
class Program:
    """out[b, m, n] = epilogue(sum over k of lhs[b, m, k] * rhs[b, k, n]).

    `sparse` is "lhs", "rhs" or None, the n:m groups of `pattern` lying along k. A
    transposed operand is stored with k first (lhs) or last (rhs). `batch` of None means
    no axis b, and a sparse operand has it only with `batched_weight`. `m` or `n` of None
    leaves the axis out (a vector times a matrix). With `gated`, a second weight gives
    silu(x W1) * (x W3). Epilogues run on the accumulator in order; then it is cast to
    `result`. `encoding` is the sparse operand's instead of n:m, `{k}` standing for the axis
    of the reduction.
    """

    dtype: str = "f16"
    m: int = 48
    n: int = 80
    k: int = 160
    sparse: str = "rhs"
    pattern: tuple = (2, 4)
    transpose_lhs: bool = False
    transpose_rhs: bool = True
    batch: int = None
    batched_weight: bool = True
    dynamic_m: bool = False
    gated: bool = False
    epilogue: tuple = ()
    result: str = None
    encoding: str = None

    @property
    def accumulator(self):
        return "i32" if self.dtype in INTEGER else "f32"

    @property
    def result_type(self):
        return self.result or self.accumulator


def _size(value, dynamic):
    return "?" if dynamic else str(value)


class _Writer:
    def __init__(self, program):
        self.program = program
        self.lines = []
        self.signature = []
        self.shapes = []
        self.count = 0
        self.axes = [axis for axis in "bmn" if self._has(axis)]

    def _has(self, axis):
        value = {"b": self.program.batch, "m": self.program.m, "n": self.program.n}[axis]
        return value is not None

    def sizes(self, axes):
        p = self.program
        table = {"b": p.batch, "m": p.m, "n": p.n, "k": p.k}
        return [(table[axis], axis == "m" and p.dynamic_m) for axis in axes]

    def tensor(self, axes, dtype, encoding=""):
        shape = "".join(_size(*size) + "x" for size in self.sizes(axes))
        return f"tensor<{shape}{dtype}{encoding}>"

    def map(self, domain, axes):
        return f"affine_map<({', '.join(domain)}) -> ({', '.join(axes)})>"

    def argument(self, axes, dtype, encoding=""):
        name = f"%arg{len(self.signature)}"
        type_text = self.tensor(axes, dtype, encoding)
        self.shapes.append([size for size, _ in self.sizes(axes)])
        self.signature.append((name, type_text, axes))
        return name, type_text

    def value(self):
        self.count += 1
        return f"%v{self.count}"

    def emit(self, line):
        self.lines.append("  " + line)

    def empty(self, dtype):
        """tensor.empty of the output's shape."""
        name, type_text = self.value(), self.tensor(self.axes, dtype)
        rows = "%rows" if self.program.dynamic_m and "m" in self.axes else ""
        self.emit(f"{name} = tensor.empty({rows}) : {type_text}")
        return name, type_text


def _weight_axes(writer, side):
    p = writer.program
    own = "m" if side == "lhs" else "n"
    transposed = p.transpose_lhs if side == "lhs" else p.transpose_rhs
    last_is_k = (side == "lhs") != transposed
    axes = [own, "k"] if last_is_k else ["k", own]
    axes = [axis for axis in axes if axis == "k" or writer._has(axis)]
    batched = p.batch is not None and (side != p.sparse or p.batched_weight)
    return (["b"] if batched else []) + axes


def _operand(writer, side):
    p = writer.program
    axes = _weight_axes(writer, side)
    encoding = ""
    if p.sparse == side:
        axis = axes.index("k")
        n_of_m = f"#sparsity.n_of_m<{p.pattern[0]}:{p.pattern[1]}, axis = {axis}>"
        encoding = ", " + (p.encoding or n_of_m).replace("{k}", str(axis))
    name, type_text = writer.argument(axes, p.dtype, encoding)
    return name, type_text, axes


def _contract(writer, lhs, rhs):
    acc = writer.program.accumulator
    empty, out_type = writer.empty(acc)
    init, result = writer.value(), writer.value()
    writer.emit(
        f"{init} = linalg.fill ins(%zero : {acc}) outs({empty} : {out_type}) -> {out_type}"
    )
    domain = writer.axes + ["k"]
    maps = ", ".join(writer.map(domain, axes) for axes in (lhs[2], rhs[2], writer.axes))
    plain = writer.axes == ["m", "n"]
    if plain:
        writer.emit(f"{result} = linalg.matmul indexing_maps = [{maps}]")
        writer.emit(f"    ins({lhs[0]}, {rhs[0]} : {lhs[1]}, {rhs[1]})")
        writer.emit(f"    outs({init} : {out_type}) -> {out_type}")
        return result
    kinds = ", ".join(['"parallel"'] * len(writer.axes) + ['"reduction"'])
    dtype = writer.program.dtype
    writer.emit(f"{result} = linalg.generic {{indexing_maps = [{maps}],")
    writer.emit(f"    iterator_types = [{kinds}]}}")
    writer.emit(f"    ins({lhs[0]}, {rhs[0]} : {lhs[1]}, {rhs[1]}) outs({init} : {out_type}) {{")
    writer.emit(f"^bb0(%a: {dtype}, %b: {dtype}, %c: {acc}):")
    left, right = "%a", "%b"
    if dtype != acc:
        extend = "arith.extsi" if acc == "i32" else "arith.extf"
        writer.emit(f"  %ax = {extend} %a : {dtype} to {acc}")
        writer.emit(f"  %bx = {extend} %b : {dtype} to {acc}")
        left, right = "%ax", "%bx"
    suffix = "i" if acc == "i32" else "f"
    writer.emit(f"  %p = arith.mul{suffix} {left}, {right} : {acc}")
    writer.emit(f"  %s = arith.add{suffix} %c, %p : {acc}")
    writer.emit(f"  linalg.yield %s : {acc}")
    writer.emit(f"}} -> {out_type}")
    return result


def _elementwise(writer, inputs, out_dtype, body):
    """linalg.generic over the output's axes; `inputs` are (value, axes, element type)."""
    empty, out_type = writer.empty(out_dtype)
    result = writer.value()
    maps = [writer.map(writer.axes, axes) for _, axes, _ in inputs]
    maps.append(writer.map(writer.axes, writer.axes))
    kinds = ", ".join(['"parallel"'] * len(writer.axes))
    types = ", ".join(writer.tensor(axes, dtype) for _, axes, dtype in inputs)
    names = ", ".join(value for value, _, _ in inputs)
    writer.emit(f"{result} = linalg.generic {{indexing_maps = [{', '.join(maps)}],")
    writer.emit(f"    iterator_types = [{kinds}]}}")
    writer.emit(f"    ins({names} : {types}) outs({empty} : {out_type}) {{")
    arguments = ", ".join(f"%e{i}: {dtype}" for i, (_, _, dtype) in enumerate(inputs))
    writer.emit(f"^bb0({arguments}, %o: {out_dtype}):")
    for line in body:
        writer.emit("  " + line)
    writer.emit(f"  linalg.yield %r : {out_dtype}")
    writer.emit(f"}} -> {out_type}")
    return result


_SILU = [
    "%one = arith.constant 1.0 : f32",
    "%neg = arith.negf %e0 : f32",
    "%exp = math.exp %neg : f32",
    "%den = arith.addf %one, %exp : f32",
    "%sig = arith.divf %one, %den : f32",
]
_FLOAT_BODIES = {
    "relu": ["%z = arith.constant 0.0 : f32", "%r = arith.maximumf %e0, %z : f32"],
    "clamp": [
        "%low = arith.constant -0.5 : f32",
        "%high = arith.constant 0.75 : f32",
        "%l = arith.maximumf %e0, %low : f32",
        "%r = arith.minimumf %l, %high : f32",
    ],
    "silu": _SILU + ["%r = arith.mulf %e0, %sig : f32"],
    "gelu_erf": [
        "%half = arith.constant 0.5 : f32",
        "%one = arith.constant 1.0 : f32",
        "%root = arith.constant 0.707106769 : f32",
        "%x = arith.mulf %e0, %root : f32",
        "%erf = math.erf %x : f32",
        "%p = arith.addf %one, %erf : f32",
        "%h = arith.mulf %e0, %half : f32",
        "%r = arith.mulf %h, %p : f32",
    ],
    "gelu_tanh": [
        "%half = arith.constant 0.5 : f32",
        "%one = arith.constant 1.0 : f32",
        "%c = arith.constant 0.0447149985 : f32",
        "%root = arith.constant 0.797884583 : f32",
        "%x2 = arith.mulf %e0, %e0 : f32",
        "%x3 = arith.mulf %x2, %e0 : f32",
        "%cx = arith.mulf %x3, %c : f32",
        "%s = arith.addf %e0, %cx : f32",
        "%t = arith.mulf %s, %root : f32",
        "%tanh = math.tanh %t : f32",
        "%p = arith.addf %one, %tanh : f32",
        "%h = arith.mulf %e0, %half : f32",
        "%r = arith.mulf %h, %p : f32",
    ],
}
_INTEGER_BODIES = {
    "relu": ["%z = arith.constant 0 : i32", "%r = arith.maxsi %e0, %z : i32"],
    "clamp": [
        "%low = arith.constant -50 : i32",
        "%high = arith.constant 75 : i32",
        "%l = arith.maxsi %e0, %low : i32",
        "%r = arith.minsi %l, %high : i32",
    ],
}


def _epilogue(writer, value, name, dtype):
    """Applies one epilogue to the accumulator `value` of element type `dtype`."""
    inputs = [(value, writer.axes, dtype)]
    if EPILOGUES[name] is not None:
        axes = [axis for axis in writer.axes if axis in EPILOGUES[name] or axis == "b"]
        if name != "residual":
            axes = [axis for axis in axes if axis != "b"]
        # A residual arrives in the operands' type, vectors in the accumulator's.
        own = writer.program.dtype if name == "residual" and dtype == "f32" else dtype
        argument, _ = writer.argument(axes, own)
        inputs.append((argument, axes, own))
        operation = "mul" if name.startswith("scale") else "add"
        suffix = "i" if dtype == "i32" else "f"
        other, body = "%e1", []
        if own != dtype:
            body.append(f"%x1 = arith.extf %e1 : {own} to {dtype}")
            other = "%x1"
        body.append(f"%r = arith.{operation}{suffix} %e0, {other} : {dtype}")
    else:
        table = _INTEGER_BODIES if dtype == "i32" else _FLOAT_BODIES
        body = table[name]
    return _elementwise(writer, inputs, dtype, body)


def _cast(writer, value, source, target):
    if source == target:
        return value
    if source == "f32":
        body = [f"%r = arith.truncf %e0 : f32 to {target}"]
    elif target == "i8":
        body = [
            "%low = arith.constant -128 : i32",
            "%high = arith.constant 127 : i32",
            "%l = arith.maxsi %e0, %low : i32",
            "%h = arith.minsi %l, %high : i32",
            "%r = arith.trunci %h : i32 to i8",
        ]
    else:
        body = ["%f = arith.sitofp %e0 : i32 to f32"]
        body += (
            ["%u = arith.constant 0.001 : f32", "%r = arith.mulf %f, %u : f32"]
            if target == "f32"
            else [
                "%u = arith.constant 0.001 : f32",
                "%m = arith.mulf %f, %u : f32",
                f"%r = arith.truncf %m : f32 to {target}",
            ]
        )
    return _elementwise(writer, [(value, writer.axes, source)], target, body)


def emit(program):
    """(MLIR text of @main, sizes of each argument) of `program`."""
    writer = _Writer(program)
    lhs = _operand(writer, "lhs")
    rhs = _operand(writer, "rhs")
    value = _contract(writer, lhs, rhs)
    dtype = program.accumulator
    if program.gated:
        other = _contract(writer, lhs, _operand(writer, "rhs"))
        body = _SILU + ["%s = arith.mulf %e0, %sig : f32", "%r = arith.mulf %s, %e1 : f32"]
        inputs = [(value, writer.axes, dtype), (other, writer.axes, dtype)]
        value = _elementwise(writer, inputs, dtype, body)
    for name in program.epilogue:
        value = _epilogue(writer, value, name, dtype)
    value = _cast(writer, value, dtype, program.result_type)
    out_type = writer.tensor(writer.axes, program.result_type)
    signature = ", ".join(f"{name}: {text}" for name, text, _ in writer.signature)
    zero = "0" if dtype == "i32" else "0.0"
    head = [f"func.func @main({signature}) -> {out_type} {{"]
    head.append(f"  %zero = arith.constant {zero} : {dtype}")
    if program.dynamic_m and "m" in writer.axes:
        axis = lhs[2].index("m")
        head.append(f"  %axis = arith.constant {axis} : index")
        head.append(f"  %rows = tensor.dim {lhs[0]}, %axis : {lhs[1]}")
    tail = [f"  return {value} : {out_type}", "}", ""]
    return "\n".join(head + writer.lines + tail), writer.shapes
