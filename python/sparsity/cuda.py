"""The part of the CUDA driver API that loading and launching kernels takes."""

import ctypes
import functools

_SUCCESS = 0
_ERROR_LOG_BUFFER, _ERROR_LOG_BYTES = 5, 6  # CUjit_option
_MAX_DYNAMIC_SHARED = 8  # CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES
_MULTIPROCESSORS = 16  # CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT
_DEFAULT_SHARED = 48 * 1024


class CudaError(RuntimeError):
    """A failure of the CUDA driver, or its absence."""


@functools.lru_cache(maxsize=None)
def driver():
    """libcuda.so.1, initialized; CudaError without a driver or a device."""
    try:
        library = ctypes.CDLL("libcuda.so.1")
    except OSError as error:
        raise CudaError(f"expected the CUDA driver libcuda.so.1, but got: {error}") from None
    _check_with(library, library.cuInit(0), "cuInit")
    pointer, integer = ctypes.c_void_p, ctypes.c_uint
    library.cuFuncSetAttribute.argtypes = [pointer, ctypes.c_int, ctypes.c_int]
    library.cuModuleGetFunction.argtypes = [pointer, pointer, ctypes.c_char_p]
    library.cuModuleUnload.argtypes = [pointer]
    library.cuCtxSetCurrent.argtypes = [pointer]
    if hasattr(library, "cuLaunchKernelEx"):
        library.cuLaunchKernelEx.argtypes = [pointer] * 4
    if hasattr(library, "cuTensorMapEncodeTiled"):
        library.cuTensorMapEncodeTiled.argtypes = (
            [pointer, ctypes.c_int, integer] + [pointer] * 5 + [ctypes.c_int] * 4
        )
    return library


def _check_with(library, status, call):
    if status == _SUCCESS:
        return
    text = ctypes.c_char_p()
    library.cuGetErrorString(status, ctypes.byref(text))
    reason = text.value.decode() if text.value else "unknown error"
    raise CudaError(f"expected {call} to succeed, but got error {status}: {reason}")


def check(status, call):
    """Raises CudaError unless `status`, of the driver function `call`, is success."""
    if status != _SUCCESS:
        _check_with(driver(), status, call)


def current_context():
    """The context of this thread; device 0's primary context is made current if none is."""
    library = driver()
    context = ctypes.c_void_p()
    check(library.cuCtxGetCurrent(ctypes.byref(context)), "cuCtxGetCurrent")
    if context.value is None:
        device = ctypes.c_int()
        check(library.cuDeviceGet(ctypes.byref(device), 0), "cuDeviceGet")
        check(
            library.cuDevicePrimaryCtxRetain(ctypes.byref(context), device),
            "cuDevicePrimaryCtxRetain",
        )
        check(library.cuCtxSetCurrent(context), "cuCtxSetCurrent")
    return context.value


class _LaunchAttribute(ctypes.Structure):
    """CUlaunchAttribute: a tag and a 64-byte union."""

    _fields_ = [("id", ctypes.c_uint), ("padding", ctypes.c_uint), ("value", ctypes.c_int * 16)]


class Launch(ctypes.Structure):
    """A launch whose arguments are settled: a CUlaunchConfig and what goes with it.

    `shape` is the grid, the block and the bytes of shared memory; `pointers` an array of the
    parameters' addresses. With `overlap` the kernel starts while the one in front of it drains.
    """

    _PROGRAMMATIC_SERIALIZATION = 6  # CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_STREAM_SERIALIZATION
    _fields_ = [(name, ctypes.c_uint) for name in ("gx", "gy", "gz", "bx", "by", "bz", "shared")] + [
        ("stream", ctypes.c_void_p),
        ("attributes", ctypes.POINTER(_LaunchAttribute)),
        ("count", ctypes.c_uint),
    ]

    def __init__(self, function, shape, pointers, overlap):
        attributes = (_LaunchAttribute * 1)()
        attributes[0].id = self._PROGRAMMATIC_SERIALIZATION
        attributes[0].value[0] = 1
        super().__init__(*shape, None, attributes, 1 if overlap else 0)
        self._keep = attributes, pointers
        library = driver()
        if not hasattr(library, "cuLaunchKernelEx"):
            raise CudaError("expected a CUDA driver with cuLaunchKernelEx (11.8 or newer)")
        # Converting arguments takes ctypes longer than the launch takes the driver.
        self._call = library.cuLaunchKernelEx
        self._arguments = (
            ctypes.c_void_p(ctypes.addressof(self)),
            function,
            ctypes.c_void_p(ctypes.addressof(pointers)),
            None,
        )
        self._last = None

    def launch(self, stream):
        """Launches on the stream, an address or None."""
        if stream != self._last:
            self.stream = self._last = stream
        status = self._call(*self._arguments)
        if status:
            check(status, "cuLaunchKernelEx")


@functools.lru_cache(maxsize=None)
def _multiprocessors(context):
    library = driver()
    device, count = ctypes.c_int(), ctypes.c_int()
    check(library.cuCtxGetDevice(ctypes.byref(device)), "cuCtxGetDevice")
    check(
        library.cuDeviceGetAttribute(ctypes.byref(count), _MULTIPROCESSORS, device),
        "cuDeviceGetAttribute",
    )
    return count.value


def multiprocessors():
    """The multiprocessors of the device of the current context."""
    return _multiprocessors(current_context())


class TensorMap:
    """A CUtensorMap (128 bytes, 64-byte aligned) over a contiguous tensor."""

    BYTES, ALIGNMENT = 128, 64

    def __init__(self, address, shape, item_bytes, box, swizzle):
        library = driver()
        if not hasattr(library, "cuTensorMapEncodeTiled"):
            raise CudaError("expected a CUDA driver with cuTensorMapEncodeTiled (12.0 or newer)")
        rank = len(shape)
        # Nothing is copied from a tensor without elements, which may have no address.
        sizes = [max(size, 1) for size in reversed(shape)]
        strides, stride = [], item_bytes
        for size in sizes:
            stride *= size
            strides.append(stride)
        self._memory = (ctypes.c_char * (self.BYTES + self.ALIGNMENT))()
        start = ctypes.addressof(self._memory)
        self.address = (start + self.ALIGNMENT - 1) // self.ALIGNMENT * self.ALIGNMENT
        # What lies outside is zero in any type: only the width of elements matters.
        kind = {1: 0, 2: 1, 4: 2}[item_bytes]
        check(
            library.cuTensorMapEncodeTiled(
                self.address,
                kind,
                rank,
                address or self.address,
                (ctypes.c_uint64 * rank)(*sizes),
                (ctypes.c_uint64 * rank)(*strides),
                (ctypes.c_uint32 * rank)(*box),
                (ctypes.c_uint32 * rank)(*[1] * rank),
                0,
                {0: 0, 32: 1, 64: 2, 128: 3}[swizzle],
                3,  # L2 promotion to 256 bytes
                0,
            ),
            "cuTensorMapEncodeTiled",
        )


class Module:
    """PTX compiled by the driver, in the context that is current now."""

    def __init__(self, ptx):
        library = driver()
        current_context()
        self._handle = ctypes.c_void_p()
        self._functions = {}
        log = ctypes.create_string_buffer(16384)
        options = (ctypes.c_int * 2)(_ERROR_LOG_BUFFER, _ERROR_LOG_BYTES)
        values = (ctypes.c_void_p * 2)(ctypes.addressof(log), len(log))
        status = library.cuModuleLoadDataEx(
            ctypes.byref(self._handle), ctypes.c_char_p(ptx.encode()), 2, options, values
        )
        try:
            check(status, "cuModuleLoadDataEx")
        except CudaError as error:
            text = log.value.decode(errors="replace").strip()
            raise CudaError(f"{error}\n{text}" if text else str(error)) from None

    def function(self, name, shared_bytes):
        """The handle of a kernel that is launched with `shared_bytes` of dynamic memory."""
        if name not in self._functions:
            library = driver()
            handle = ctypes.c_void_p()
            check(
                library.cuModuleGetFunction(
                    ctypes.byref(handle), self._handle, name.encode()
                ),
                f"cuModuleGetFunction of {name}",
            )
            if shared_bytes > _DEFAULT_SHARED:
                check(
                    library.cuFuncSetAttribute(handle, _MAX_DYNAMIC_SHARED, shared_bytes),
                    f"cuFuncSetAttribute of {name} to {shared_bytes} bytes of shared memory",
                )
            self._functions[name] = handle
        return self._functions[name]
