"""Launches the kernels of a compiled function through the CUDA driver.

The compiler describes a function by two lists. `arguments` (`sparsity.abi`) says what
each argument of the compiled function stands for: a dense tensor, a storage field of an
encoded one, a dynamic size, a scalar, or a result. `launches` (`sparsity.launches`) gives
each kernel's grid and parameters as expressions over these arguments.
"""

import ctypes
import math
import re

from . import cuda
from .affine import evaluate
from .cuda import CudaError
from .dtypes import ELEMENT_TYPES, element_type
from .lists import PackedBlock, PackedUnstructured
from .packing import PackedNOfM

__all__ = ["BoundKernel", "CudaError", "DeviceArray", "Kernel"]

# What has a shape of its own and buffers in ABI order.
_LISTS = (PackedBlock, PackedUnstructured)
_TENSOR = re.compile(r"tensor<((?:(?:\?|\d+)x)*)([^,>]+)(?:,.*)?>$", re.S)
_SIZE = re.compile(r"size (?!computed)(.*)")
_POINTER = re.compile(r"pointer of argument (\d+)")
_STRIDE = re.compile(r"stride of argument (\d+) dim (\d+)")
_SCALAR = re.compile(r"scalar of argument (\d+)")
_TENSOR_MAP = re.compile(r"tensor_map of argument (\d+) box ([\dx]+) swizzle (\d+)")
_SCALAR_TYPES = {
    "f32": ctypes.c_float,
    "f64": ctypes.c_double,
    "i8": ctypes.c_int8,
    "i32": ctypes.c_int32,
    "i64": ctypes.c_int64,
    # The kernels compute sizes in 32 bits.
    "index": ctypes.c_int32,
}


class DeviceArray:
    """A contiguous row-major tensor in device memory that belongs to someone else.

    `dtype` is MLIR's name of the element type ("bf16"), `address` the device pointer.
    """

    def __init__(self, address, shape, dtype):
        self.address = int(address)
        self.shape = tuple(int(size) for size in shape)
        self.dtype = dtype


def parse_tensor_type(text):
    """(sizes with None where dynamic, element type) of "tensor<?x4096xbf16, ...>"."""
    match = _TENSOR.match(text.strip())
    if not match:
        raise ValueError(f"expected a ranked tensor type, but got {text}")
    sizes = [None if size == "?" else int(size) for size in match.group(1).split("x")[:-1]]
    return sizes, match.group(2).strip()


def _contiguous(shape, strides):
    expected = 1
    for size, stride in reversed(list(zip(shape, strides))):
        if size != 1 and stride != expected:
            return False
        expected *= size
    return True


def _as_device_array(value, what):
    if isinstance(value, DeviceArray):
        return value
    if hasattr(value, "data_ptr"):
        if value.device.type != "cuda":
            raise TypeError(f"expected {what} on a CUDA device, but got {value.device}")
        if not value.is_contiguous():
            raise ValueError(
                f"expected {what} to be contiguous, but got strides {tuple(value.stride())}"
            )
        name = str(value.dtype).replace("torch.", "")
        dtype = "i8" if name == "uint8" else element_type(value.dtype)
        return DeviceArray(value.data_ptr(), value.shape, dtype)
    interface = getattr(value, "__cuda_array_interface__", None)
    if interface is None:
        raise TypeError(
            f"expected {what} to be a CUDA tensor or a DeviceArray, but got "
            f"{type(value).__name__}"
        )
    import numpy as np

    dtype = np.dtype(interface["typestr"])
    shape, strides = interface["shape"], interface.get("strides")
    if strides and not _contiguous(shape, [s // dtype.itemsize for s in strides]):
        raise ValueError(f"expected {what} to be contiguous, but got strides {strides}")
    name = {"uint8": "i8", "uint16": "bf16"}.get(dtype.name) or element_type(dtype)
    return DeviceArray(interface["data"][0], shape, name)


def _print_shape(sizes):
    return "x".join("?" if size is None else str(size) for size in sizes) or "scalar"


def _check_tensor(array, text, what):
    sizes, dtype = parse_tensor_type(text)
    fits = len(sizes) == len(array.shape) and all(
        size in (None, got) for size, got in zip(sizes, array.shape)
    )
    if not fits:
        raise ValueError(
            f"expected {what} of shape {_print_shape(sizes)}, but got "
            f"{_print_shape(array.shape)}"
        )
    bits = array.dtype in ("i8", "i1") and ELEMENT_TYPES.get(dtype, (0, None))[1]
    same_bits = bits and bits.itemsize == 1
    if array.dtype != dtype and not same_bits:
        raise TypeError(f"expected {what} of {dtype}, but got {array.dtype}")


def _check_list(packed, text, what):
    """Refuses a list whose tile or inner pattern is not that of the type `text`, or that
    lacks an order that the type asks for."""
    ordered = False
    if isinstance(packed, PackedBlock):
        found = "block<" + "x".join(map(str, packed.block))
        if packed.inner:
            found += ", inner = #sparsity.n_of_m<{}:{}, axis = {}".format(*packed.inner)
            if packed.layout == "core_matrix":
                found += ", layout = core_matrix"
            found += ">"
        ordered = f"#sparsity.{found}, ordered>" in text
        found += ", ordered>" if ordered else ">"
    else:
        found, options = "unstructured", []
        if packed.tile != (64, 64):
            options.append("tile = {}x{}".format(*packed.tile))
        if packed.layout != "row_major":
            options.append(f"layout = {packed.layout}")
        if options:
            found += "<{}>".format(", ".join(options))
    plain = found == "unstructured" and "unstructured<" in text
    if f"#sparsity.{found}" not in text or plain:
        raise ValueError(f"expected {what} packed for {text}, but got {found}")
    if ordered and packed.order is None:
        raise ValueError(
            f"expected {what} with an order, which {text} stores, but got none "
            "(PackedBlock.with_order() makes it)"
        )


def _item_bytes(array):
    return ELEMENT_TYPES[array.dtype][1].itemsize


class TensorMapParameter:
    """A tensor map as a plan shows it; `encode` asks the driver for it."""

    def __init__(self, address, shape, item_bytes, box, swizzle):
        self.value = (address, shape, item_bytes, tuple(box), swizzle)

    def encode(self):
        return cuda.TensorMap(*self.value)


# Kernels copy 16 bytes at a time.
_ALIGNMENT = 16


class Kernel:
    """The launches of one entry function, on PTX that is loaded when first bound."""

    def __init__(self, name, ptx, arguments, launches, constraints=()):
        self.name = name
        self.ptx = ptx
        self.arguments = arguments
        self.launches = launches
        self.constraints = constraints
        self._modules = {}
        self._check_description()

    def _check_description(self):
        """Refuses what the description does not hold everything for."""
        if not self.launches:
            raise ValueError(f"expected kernel launches in {self.name}, but got none")
        written = set()
        for launch in self.launches:
            if "grid" not in launch:
                raise ValueError(
                    f"expected the grid of {launch['kernel']} as an expression of argument "
                    "sizes, but got one that is computed on the host (use sparsity-run)"
                )
            for parameter in launch["params"]:
                if not any(
                    kind.fullmatch(parameter)
                    for kind in (_SIZE, _POINTER, _STRIDE, _SCALAR, _TENSOR_MAP)
                ):
                    raise ValueError(
                        f"expected parameters of {launch['kernel']} that come from arguments, "
                        f"but got '{parameter}' (use sparsity-run)"
                    )
                pointer = _POINTER.fullmatch(parameter)
                if pointer:
                    written.add(int(pointer.group(1)))
        for position, argument in enumerate(self.arguments):
            if argument["kind"] == "result" and position not in written:
                raise ValueError(
                    f"expected a kernel that writes result {argument['result']} of "
                    f"{self.name}, but got none (use sparsity-run)"
                )

    def flatten(self, args):
        """The arguments of the compiled function from those of the source program.

        `args` are the source arguments in order, then one tensor per result. An encoded
        argument is a PackedNOfM, or the sequence of its storage buffers if all its sizes
        are static. Checks shapes and types; returns DeviceArrays and numbers.
        """
        sources = {a["arg"] for a in self.arguments if a["kind"] != "result"}
        results = [a for a in self.arguments if a["kind"] == "result"]
        if len(args) != len(sources) + len(results):
            raise ValueError(
                f"expected {len(sources)} arguments and {len(results)} results for "
                f"{self.name}, but got {len(args)}"
            )
        flat, fields_taken = [], {}
        for argument in self.arguments:
            kind = argument["kind"]
            if kind == "result":
                what = f"result {argument['result']}"
                array = _as_device_array(args[len(sources) + argument["result"]], what)
                _check_tensor(array, argument["type"], what)
                flat.append(array)
                continue
            value, what = args[argument["arg"]], f"argument {argument['arg']}"
            if kind == "tensor":
                array = _as_device_array(value, what)
                _check_tensor(array, argument["type"], what)
                flat.append(array)
            elif kind == "field":
                position = fields_taken.get(argument["arg"], 0)
                fields_taken[argument["arg"]] = position + 1
                flat.append(self._flatten_field(value, position, argument, what))
            elif kind == "dim":
                if not isinstance(value, (PackedNOfM, *_LISTS)):
                    raise TypeError(
                        f"expected {what}, whose sizes are dynamic, to be packed, "
                        f"but got {type(value).__name__}"
                    )
                flat.append(value.shape[argument["dim"]])
            elif kind == "scalar":
                flat.append(value)
            else:
                raise ValueError(f"expected a known kind of argument, but got '{kind}'")
        self._check_results(flat)
        return flat

    def _flatten_field(self, value, position, argument, what):
        if isinstance(value, PackedNOfM):
            sizes, dtype = parse_tensor_type(argument["type"])
            described = DeviceArray(0, value.shape, value.dtype)
            _check_tensor(described, argument["type"], what)
            pattern = re.search(r"<(\d+) ?: ?(\d+), axis = (\d+)", argument["type"])
            expected = pattern and tuple(int(group) for group in pattern.groups())
            found = (value.n, value.m, value.axis)
            if expected and found != expected:
                raise ValueError(
                    f"expected {what} packed as {expected[0]}:{expected[1]} along axis "
                    f"{expected[2]}, but got {found[0]}:{found[1]} along axis {found[2]}"
                )
            core = "core_matrix" in argument["type"]
            if core != (value.layout == "core_matrix"):
                raise ValueError(
                    f"expected {what} in layout {'core_matrix' if core else 'row_major'}, "
                    f"but got {value.layout}"
                )
            buffers = (value.values, value.metadata)
        elif isinstance(value, _LISTS):
            _check_tensor(DeviceArray(0, value.shape, value.dtype), argument["type"], what)
            _check_list(value, argument["type"], what)
            buffers = {name: getattr(value, name) for name in value.FIELDS + value.OPTIONAL}
            position = argument["field"]
        else:
            buffers = value
        try:
            buffer = buffers[position]
        except TypeError:
            raise TypeError(
                f"expected {what} to be a PackedNOfM or its storage buffers, but got "
                f"{type(value).__name__}"
            ) from None
        except (IndexError, KeyError):
            remedy = " (PackedBlock.with_order() makes it)" * (argument["field"] == "order")
            raise TypeError(
                f"expected {what} with a buffer {argument['field']}, but got "
                f"{type(value).__name__} without one{remedy}"
            ) from None
        what = f"{argument['field']} of {what}"
        array = _as_device_array(buffer, what)
        sizes, dtype = parse_tensor_type(argument["storage"])
        if None not in sizes:
            expected = math.prod(sizes) * ELEMENT_TYPES[dtype][1].itemsize
            found = math.prod(array.shape) * ELEMENT_TYPES[array.dtype][1].itemsize
            if found != expected:
                raise ValueError(f"expected {what} of {expected} bytes, but got {found}")
        return array

    def _check_results(self, flat):
        sizes = self._size_reader(flat)
        for position, argument in enumerate(self.arguments):
            if argument["kind"] != "result":
                continue
            pairs = argument["symbols"]
            # These pairs count the arguments of the source program.
            symbols = [
                self._source_size(flat, pairs[i], pairs[i + 1], sizes)
                for i in range(0, len(pairs), 2)
            ]
            expected = [evaluate(text, symbols) for text in argument["shape"]]
            if list(flat[position].shape) != expected:
                raise ValueError(
                    f"expected result {argument['result']} of shape {_print_shape(expected)}, "
                    f"but got {_print_shape(flat[position].shape)}"
                )

    def _check_constraints(self, flat):
        """Sizes that the program takes to be equal, of the source program's arguments."""
        sizes = self._size_reader(flat)
        for left, dim, right, other in self.constraints:
            got = self._source_size(flat, left, dim, sizes)
            expected = other if right < 0 else self._source_size(flat, right, other, sizes)
            if got != expected:
                raise ValueError(
                    f"expected dimension {dim} of argument {left} to be {expected}, but got {got}"
                )

    def _check_alignment(self, flat):
        for position, value in enumerate(flat):
            address = getattr(value, "address", 0)
            if address % _ALIGNMENT:
                raise ValueError(
                    f"expected argument {position} at an address that is a multiple of "
                    f"{_ALIGNMENT}, but got {address:#x}"
                )

    def _size_reader(self, flat):
        def read(argument, dim):
            value = flat[argument]
            return int(value) if dim < 0 else value.shape[dim]

        return read

    def _source_size(self, flat, source, dim, sizes):
        for position, argument in enumerate(self.arguments):
            if argument.get("arg") != source:
                continue
            if argument["kind"] == "tensor":
                return sizes(position, dim)
            if argument["kind"] == "dim" and argument["dim"] == dim:
                return flat[position]
        raise ValueError(f"expected a size for dimension {dim} of argument {source}")

    def plan(self, args):
        """[(kernel, grid, block, shared bytes, [value of each parameter])] of a call.

        Values are ctypes numbers or a TensorMapParameter; a persistent kernel's grid has
        all its tiles.

        Needs no device, so it shows what `launch` would do.
        """
        flat = self.flatten(args)
        self._check_constraints(flat)
        self._check_alignment(flat)
        sizes = self._size_reader(flat)
        plan = []
        for launch in self.launches:
            pairs = launch["symbols"]
            symbols = [sizes(pairs[i], pairs[i + 1]) for i in range(0, len(pairs), 2)]
            if "columns" in launch:
                # One of several kernels, for so many columns.
                columns = evaluate(launch["columns"][0], symbols)
                most = launch["columns_at_most"]
                if columns <= launch["columns_above"] or 0 <= most < columns:
                    continue
            grid = [evaluate(text, symbols) for text in launch["grid"]]
            values = [self._parameter(text, flat, symbols) for text in launch["params"]]
            plan.append((launch["kernel"], grid, launch["block"], launch["shared"], values))
        return plan

    def _parameter(self, text, flat, symbols):
        match = _SIZE.fullmatch(text)
        if match:
            return ctypes.c_int32(evaluate(match.group(1), symbols))
        match = _POINTER.fullmatch(text)
        if match:
            return ctypes.c_void_p(flat[int(match.group(1))].address)
        match = _STRIDE.fullmatch(text)
        if match:
            stride = 1
            for size in flat[int(match.group(1))].shape[int(match.group(2)) + 1 :]:
                stride *= size
            return ctypes.c_int64(stride)
        match = _TENSOR_MAP.fullmatch(text)
        if match:
            array = flat[int(match.group(1))]
            box = [int(extent) for extent in match.group(2).split("x")]
            storage = self.arguments[int(match.group(1))].get("storage")
            shape = array.shape
            if storage:  # A buffer of a packed weight may be given as flat bytes.
                sizes = parse_tensor_type(storage)[0]
                known = math.prod(size for size in sizes if size is not None)
                total = math.prod(array.shape)
                shape = [total // known if size is None else size for size in sizes]
            return TensorMapParameter(
                array.address, tuple(shape), _item_bytes(array), box, int(match.group(3))
            )
        position = int(_SCALAR.fullmatch(text).group(1))
        kind = self.arguments[position].get("type", "index")
        if kind not in _SCALAR_TYPES:
            raise TypeError(f"expected a scalar of f32, f64, i8, i32 or i64, but got {kind}")
        return _SCALAR_TYPES[kind](flat[position])

    def bind(self, args):
        """A call with its arguments settled, to be launched many times."""
        return BoundKernel(self, self.plan(args), args)

    def launch(self, args, stream=None):
        """Launches on `stream`, and does not wait.

        `args` as for `flatten`. `stream` is a CUstream as an integer or an object with
        `cuda_stream`; None is the legacy default stream. Allocates nothing, so a call may
        be captured into a CUDA graph once the kernels have been loaded (by a first call
        or `bind`).
        """
        self.bind(args).launch(stream)

    def _module(self):
        context = cuda.current_context()
        if context not in self._modules:
            self._modules[context] = cuda.Module(self.ptx)
        return self._modules[context]


class BoundKernel:
    """The launches of a Kernel with all parameters computed. Keeps the arguments alive."""

    def __init__(self, kernel, plan, args):
        module = kernel._module()
        self._keep = (kernel, args)
        self._launches = []
        launches = {launch["kernel"]: launch for launch in kernel.launches}
        for name, grid, block, shared, values in plan:
            launch = launches[name]
            if 0 in grid:
                continue
            if launch.get("persistent"):
                # Blocks take tiles until none is left: as many as run at once.
                cluster = launch.get("cluster", 1)
                resident = cuda.multiprocessors() // cluster * cluster
                if launch.get("even_rounds"):
                    rounds = -(-grid[0] // resident)
                    resident = -(-grid[0] // (rounds * cluster)) * cluster
                grid = [min(grid[0], resident), *grid[1:]]
            values = [
                value.encode() if isinstance(value, TensorMapParameter) else value
                for value in values
            ]
            pointers = (ctypes.c_void_p * len(values))(
                *(
                    value.address if isinstance(value, cuda.TensorMap) else ctypes.addressof(value)
                    for value in values
                )
            )
            function = module.function(name, shared)
            shape = (*grid, *block, shared)
            overlap = launch.get("overlap", False)
            self._launches.append(cuda.Launch(function, shape, pointers, overlap))
            self._keep += (values,)

    def launch(self, stream=None):
        """As Kernel.launch."""
        handle = getattr(stream, "cuda_stream", stream)
        for launch in self._launches:
            launch.launch(handle)
