"""The lit suite: what a test may rely on.

Features: `ptxas`, `nvdisasm`, `cuobjdump`, `cuda` (a device can be used),
`cuda-sm_<NN>` (its compute capability), `plugin`, `mlir-opt`. Substitutions:
`%sparsity_plugin`, `%sparsity_runtime`, `%ptxas`, `%lint_sass`, `%llvm_lib`.
"""

import ctypes
import os
import shutil

import lit.formats

config.name = "sparsity"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir", ".test"]
config.excludes = ["Inputs", "Embedding", "Unit", "lib", "python"]
config.test_source_root = os.path.dirname(__file__)
config.test_exec_root = os.path.join(config.sparsity_obj_root, "test")

config.environment["PATH"] = os.pathsep.join(
    [config.sparsity_bin_dir, config.llvm_tools_dir, config.environment.get("PATH", "")]
)
for name in (
    "CUDA_HOME",
    "CUDA_VISIBLE_DEVICES",
    "HOME",
    "LD_LIBRARY_PATH",
    "SPARSITY_NUM_THREADS",
):
    if name in os.environ:
        config.environment[name] = os.environ[name]


def find_cuda_tool(name):
    homes = [os.environ.get("CUDA_HOME"), "/usr/local/cuda"]
    folders = [os.path.join(home, "bin") for home in homes if home]
    return shutil.which(name) or shutil.which(name, path=os.pathsep.join(folders))


def cuda_capability():
    """(major, minor) of device 0; None without a driver or a device."""
    try:
        cuda = ctypes.CDLL("libcuda.so.1")
    except OSError:
        return None
    device = ctypes.c_int()
    if cuda.cuInit(0) != 0 or cuda.cuDeviceGet(ctypes.byref(device), 0) != 0:
        return None
    capability = []
    # CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR and _MINOR.
    for attribute in (75, 76):
        value = ctypes.c_int()
        if cuda.cuDeviceGetAttribute(ctypes.byref(value), attribute, device) != 0:
            return None
        capability.append(value.value)
    return tuple(capability)


ptxas = find_cuda_tool("ptxas")
if ptxas:
    config.available_features.add("ptxas")
    config.substitutions.append(("%ptxas", ptxas))
for disassembler in ("nvdisasm", "cuobjdump"):
    if find_cuda_tool(disassembler):
        config.available_features.add(disassembler)
config.substitutions.append(
    ("%lint_sass", f"python3 {config.sparsity_src_root}/tools/scripts/lint_sass.py")
)

capability = cuda_capability()
if capability:
    config.available_features.add("cuda")
    config.available_features.add("cuda-sm_%d%d" % capability)

plugin = os.path.join(config.sparsity_lib_dir, "SparsityPlugin.so")
if os.path.exists(plugin):
    config.available_features.add("plugin")
    config.substitutions.append(("%sparsity_plugin", plugin))

if os.path.exists(os.path.join(config.llvm_tools_dir, "mlir-opt")):
    config.available_features.add("mlir-opt")

config.substitutions.append(
    ("%sparsity_runtime", os.path.join(config.sparsity_lib_dir, "libsparsity_runtime.so"))
)
config.substitutions.append(("%llvm_lib", config.llvm_lib_dir))
