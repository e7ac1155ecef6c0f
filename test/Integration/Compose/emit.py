"""MLIR text of a function on tensors, written op by op, with its inputs beside it."""

import numpy as np

import numerics
import patterns

_SILU = [
    "%one = arith.constant 1.0 : f32",
    "%neg = arith.negf %e0 : f32",
    "%exp = math.exp %neg : f32",
    "%den = arith.addf %one, %exp : f32",
    "%sig = arith.divf %one, %den : f32",
]
BODIES = {
    "relu": ["%z = arith.constant 0.0 : f32", "%r = arith.maximumf %e0, %z : f32"],
    "clamp": [
        "%low = arith.constant -0.5 : f32",
        "%high = arith.constant 0.75 : f32",
        "%l = arith.maximumf %e0, %low : f32",
        "%r = arith.minimumf %l, %high : f32",
    ],
    "silu": _SILU + ["%r = arith.mulf %e0, %sig : f32"],
    "swiglu": _SILU + ["%s = arith.mulf %e0, %sig : f32", "%r = arith.mulf %s, %e1 : f32"],
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
INTEGER_BODIES = {
    "relu": ["%z = arith.constant 0 : i32", "%r = arith.maxsi %e0, %z : i32"],
    "clamp": [
        "%low = arith.constant -50 : i32",
        "%high = arith.constant 75 : i32",
        "%l = arith.maxsi %e0, %low : i32",
        "%r = arith.minsi %l, %high : i32",
    ],
}


class Value:
    """An SSA value: its name, axes (letters), element type and encoding."""

    def __init__(self, name, axes, dtype, enc=None):
        self.name, self.axes, self.dtype, self.enc = name, tuple(axes), dtype, enc


class Writer:
    """Builds `@main`. Axes are letters; `sizes` holds their extents, `dynamic` which are `?`.

    `inputs` collects, per argument, ("dense", bits, shape) or ("fields", {name: bits},
    shape), the shape being that of the tensor.
    """

    def __init__(self, sizes, dynamic=()):
        self.sizes, self.dynamic = dict(sizes), set(dynamic)
        self.signature, self.inputs, self.lines = [], [], []
        self.extents, self.results, self.count = {}, [], 0

    def name(self):
        self.count += 1
        return f"%v{self.count}"

    def line(self, text):
        self.lines.append("  " + text)

    def type(self, axes, dtype, enc=None):
        shape = "".join(("?" if axis in self.dynamic else str(self.sizes[axis])) + "x"
                        for axis in axes)
        suffix = f", {patterns.text(enc)}" if enc else ""
        return f"tensor<{shape}{dtype}{suffix}>"

    def type_of(self, value):
        return self.type(value.axes, value.dtype, value.enc)

    def argument(self, axes, dtype, bits, enc=None, fields=None):
        """A tensor argument; an encoded one is given dense, or by `fields`."""
        value = Value(f"%arg{len(self.signature)}", axes, dtype, enc)
        self.signature.append((value.name, self.type_of(value)))
        shape = [self.sizes[axis] for axis in axes]
        self.inputs.append(("dense", bits, shape) if fields is None else ("fields", fields, shape))
        return value

    def raw_argument(self, type_text, bits):
        """An argument of any other type."""
        name = f"%arg{len(self.signature)}"
        self.signature.append((name, type_text))
        self.inputs.append(("dense", bits, np.shape(bits)))
        return name

    def constant(self, axes, dtype, bits):
        """A constant tensor, its bytes in hexadecimal."""
        value = Value(self.name(), axes, dtype)
        text = np.ascontiguousarray(bits).tobytes().hex().upper()
        if bits.size == 1 or len(set(bits.tobytes())) == 1 and bits.tobytes()[0] == 0:
            # One element, or one for all: hexadecimal bytes would be ambiguous.
            literal = f"0x{bits.flat[0].tobytes()[::-1].hex().upper()}"
        else:
            literal = f'"0x{text}"'
        self.line(f"{value.name} = arith.constant dense<{literal}> : {self.type_of(value)}")
        return value

    def convert(self, operation, value, enc):
        """sparsity.encode or sparsity.decode of a value."""
        result = Value(self.name(), value.axes, value.dtype, enc)
        self.line(f"{result.name} = sparsity.{operation} {value.name} : {self.type_of(value)} to "
                  f"{self.type_of(result)}")
        return result

    def assemble(self, axes, dtype, enc, fields):
        """sparsity.assemble of arguments that hold the fields."""
        kinds = {"positions": "i32", "coordinates": "i32", "offsets": "i32", "lo": "i32",
                 "hi": "i32", "bitmap": "i64", "metadata": "i8", "order": "i32"}
        names, types = [], []
        for name, bits in fields.items():
            sizes = "".join(f"{size}x" for size in bits.shape)
            types.append(f"tensor<{sizes}{kinds.get(name, dtype)}>")
            names.append(self.raw_argument(types[-1], bits))
        value = Value(self.name(), axes, dtype, enc)
        self.line(f"{value.name} = sparsity.assemble {', '.join(names)} : {', '.join(types)}")
        self.line(f"    to {self.type_of(value)}")
        return value

    def find_extents(self, values):
        """Defines the dynamic sizes from `values`, dense ones first."""
        for value in sorted(values, key=lambda value: value.enc is not None):
            for position, axis in enumerate(value.axes):
                if axis in self.dynamic and axis not in self.extents:
                    constant, size = self.name(), self.name()
                    self.line(f"{constant} = arith.constant {position} : index")
                    self.line(f"{size} = tensor.dim {value.name}, {constant} : "
                              f"{self.type_of(value)}")
                    self.extents[axis] = size

    def empty(self, axes, dtype):
        value = Value(self.name(), axes, dtype)
        sizes = ", ".join(self.extents[axis] for axis in axes if axis in self.dynamic)
        self.line(f"{value.name} = tensor.empty({sizes}) : {self.type_of(value)}")
        return value

    def zeros(self, axes, dtype):
        empty, value = self.empty(axes, dtype), Value(self.name(), axes, dtype)
        constant = self.name()
        self.line(f"{constant} = arith.constant {'0' if dtype == 'i32' else '0.0'} : {dtype}")
        out = self.type_of(value)
        self.line(f"{value.name} = linalg.fill ins({constant} : {dtype}) outs({empty.name} : "
                  f"{out}) -> {out}")
        return value

    def maps(self, domain, lists):
        return ", ".join(f"affine_map<({', '.join(domain)}) -> ({', '.join(axes)})>"
                         for axes in lists)

    def contract(self, inputs, init, named=None):
        """sum over the axes that `init` lacks of the product of `inputs`, plus `init`."""
        out = init.axes
        summed = []
        for value in inputs:
            summed += [axis for axis in value.axes if axis not in out and axis not in summed]
        domain = list(out) + summed
        result = Value(self.name(), out, init.dtype, init.enc)
        names = ", ".join(value.name for value in inputs)
        types = ", ".join(self.type_of(value) for value in inputs)
        out_type = self.type_of(init)
        maps = self.maps(domain, [value.axes for value in inputs] + [out])
        if named:
            attributes = f" indexing_maps = [{maps}]" if named == "linalg.matmul" else ""
            self.line(f"{result.name} = {named}{attributes}")
            self.line(f"    ins({names} : {types}) outs({init.name} : {out_type}) -> {out_type}")
            return result
        kinds = ", ".join(['"parallel"'] * len(out) + ['"reduction"'] * len(summed))
        acc = init.dtype
        self.line(f"{result.name} = linalg.generic {{indexing_maps = [{maps}],")
        self.line(f"    iterator_types = [{kinds}]}}")
        self.line(f"    ins({names} : {types}) outs({init.name} : {out_type}) {{")
        blocks = ", ".join(f"%i{n}: {value.dtype}" for n, value in enumerate(inputs))
        self.line(f"^bb0({blocks}, %o: {acc}):")
        factors = []
        for number, value in enumerate(inputs):
            factors.append(f"%i{number}")
            if value.dtype != acc:
                extend = "arith.extsi" if acc == "i32" else "arith.extf"
                self.line(f"  %x{number} = {extend} %i{number} : {value.dtype} to {acc}")
                factors[-1] = f"%x{number}"
        suffix = "i" if acc == "i32" else "f"
        product = factors[0]
        for number, factor in enumerate(factors[1:]):
            self.line(f"  %p{number} = arith.mul{suffix} {product}, {factor} : {acc}")
            product = f"%p{number}"
        self.line(f"  %s = arith.add{suffix} %o, {product} : {acc}")
        self.line(f"  linalg.yield %s : {acc}")
        self.line(f"}} -> {out_type}")
        return result

    def elementwise(self, inputs, dtype, body, axes=None):
        """A generic over `axes` (the first input's); the body gives %r from %e0, %e1, ..."""
        axes = axes or inputs[0].axes
        empty, result = self.empty(axes, dtype), Value(self.name(), axes, dtype)
        maps = self.maps(axes, [value.axes for value in inputs] + [axes])
        kinds = ", ".join(['"parallel"'] * len(axes))
        names = ", ".join(value.name for value in inputs)
        types = ", ".join(self.type_of(value) for value in inputs)
        out = self.type_of(result)
        self.line(f"{result.name} = linalg.generic {{indexing_maps = [{maps}],")
        self.line(f"    iterator_types = [{kinds}]}}")
        self.line(f"    ins({names} : {types}) outs({empty.name} : {out}) {{")
        blocks = ", ".join(f"%e{n}: {value.dtype}" for n, value in enumerate(inputs))
        self.line(f"^bb0({blocks}, %o: {dtype}):")
        for line in body:
            self.line("  " + line)
        self.line(f"  linalg.yield %r : {dtype}")
        self.line(f"}} -> {out}")
        return result

    def function(self, value, name):
        """One named elementwise function of an accumulator."""
        table = INTEGER_BODIES if value.dtype == "i32" else BODIES
        return self.elementwise([value], value.dtype, table[name])

    def combine(self, value, other, operation):
        """value + other or value * other, the other broadcast and extended."""
        body, right = [], "%e1"
        if other.dtype != value.dtype:
            body.append(f"%x1 = arith.extf %e1 : {other.dtype} to {value.dtype}")
            right = "%x1"
        suffix = "i" if value.dtype == "i32" else "f"
        body.append(f"%r = arith.{operation}{suffix} %e0, {right} : {value.dtype}")
        return self.elementwise([value, other], value.dtype, body)

    def cast(self, value, target):
        """f32 to any float; i32 saturated to i8, or scaled by 0.001 to a float."""
        source = value.dtype
        if source == target:
            return value
        if source == "f32":
            body = [f"%r = arith.truncf %e0 : f32 to {target}"]
        elif source != "i32":
            body = [f"%r = arith.extf %e0 : {source} to {target}"]
        elif target == "i8":
            body = [
                "%low = arith.constant -128 : i32",
                "%high = arith.constant 127 : i32",
                "%l = arith.maxsi %e0, %low : i32",
                "%h = arith.minsi %l, %high : i32",
                "%r = arith.trunci %h : i32 to i8",
            ]
        else:
            body = ["%f = arith.sitofp %e0 : i32 to f32", "%u = arith.constant 0.001 : f32"]
            name = "%r" if target == "f32" else "%m"
            body.append(f"{name} = arith.mulf %f, %u : f32")
            if target != "f32":
                body.append(f"%r = arith.truncf %m : f32 to {target}")
        return self.elementwise([value], target, body)

    def finish(self, *values):
        """The function's text."""
        signature = ", ".join(f"{name}: {type_text}" for name, type_text in self.signature)
        types = ", ".join(self.type_of(value) for value in values)
        names = ", ".join(value.name for value in values)
        outputs = f"({types})" if len(values) > 1 else types
        head = f"func.func @main({signature}) -> {outputs} {{"
        return "\n".join([head, *self.lines, f"  return {names} : {types}", "}", ""])


def make_bits(values, dtype):
    """Rounds to the type: (bits, the rounded values in f64)."""
    bits = numerics.encode(values, dtype)
    return bits, numerics.decode(bits, dtype)
