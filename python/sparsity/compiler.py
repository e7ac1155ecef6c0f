"""Programs in MLIR to PTX and a description of their launches."""

import concurrent.futures
import json
import os
import subprocess

from .launch import Kernel
from .tools import find_tool

TARGETS = ("sm_80", "sm_90a")


class CompileError(RuntimeError):
    """The compiler's diagnostics, at the locations of the program."""


class Program:
    """A compiled program.

    `ptx` is the text of its kernels. `functions` maps the name of each entry function to
    {"arguments": [...], "launches": [...]}, the attributes `sparsity.abi` and
    `sparsity.launches` that the compiler left on it.
    """

    def __init__(self, ptx, functions, target):
        self.ptx = ptx
        self.functions = functions
        self.target = target

    def kernel(self, name="main"):
        """The launcher of the entry function `name`."""
        if name not in self.functions:
            raise KeyError(
                f"expected an entry function among {', '.join(sorted(self.functions))}, "
                f"but got {name}"
            )
        function = self.functions[name]
        return Kernel(
            name,
            self.ptx,
            function["arguments"],
            function["launches"],
            function["constraints"],
        )

    def __repr__(self):
        return f"Program({', '.join(sorted(self.functions))} for {self.target})"


def compile(program, target, allow_tf32=False, pipeline_options=""):
    """Compiles MLIR text, or the file at a path that ends in `.mlir`, for a GPU.

    `target` is "sm_80" or "sm_90a". `allow_tf32` lets f32 contractions multiply in tf32.
    `pipeline_options` are options of the pipeline, such as "tile=128,256,64 stages=3",
    instead of what the compiler chooses. Raises CompileError with the diagnostics.
    """
    if target not in TARGETS:
        raise ValueError(f"expected target sm_80 or sm_90a, but got {target}")
    if isinstance(program, os.PathLike) or (
        isinstance(program, str) and "\n" not in program and program.endswith(".mlir")
    ):
        path, text = os.fspath(program), None
        if not os.path.exists(path):
            raise FileNotFoundError(f"expected a program at {path}, but got no such file")
    else:
        path, text = "-", program
    command = [find_tool("sparsity-translate"), path, f"--target={target}"]
    if allow_tf32:
        command.append("--allow-tf32")
    if pipeline_options:
        command.append(f"--pipeline-options={pipeline_options}")
    # Two independent runs of the tool, at the same time.
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        results = list(
            pool.map(
                lambda output: subprocess.run(
                    command + [output], input=text, capture_output=True, text=True
                ),
                ("--to-ptx", "--to-launch-json"),
            )
        )
    for result in results:
        if result.returncode:
            raise CompileError(
                result.stderr.strip()
                or f"expected exit status 0 of {command[0]}, but got {result.returncode}"
            )
    description = json.loads(results[1].stdout)
    functions = {entry["name"]: entry for entry in description["functions"]}
    return Program(results[0].stdout, functions, target)
