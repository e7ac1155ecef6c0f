"""Compiles the rows' programs, says what the compiler chose, and times compilation."""

import concurrent.futures
import os
import re
import statistics
import subprocess
import tempfile
import time

import sparsity
from rows import program_text


# A word among the options of a row of blocks that the compiler itself does not know: the
# program says the density of its weights.
HINT = "density-hint"


def make_text(row, name, options, dynamic_m):
    """(the program of a contender, the compiler's options for it)."""
    text = program_text(row, name == "ours", dynamic_m)
    words = options.split()
    if HINT in words and row.block and name == "ours":
        weight = f"{row.encoding}>"
        text = text.replace(weight, f"{weight} {{sparsity.density = {row.density} : f64}}", 1)
    return text, " ".join(word for word in words if word != HINT)


def describe(program, remark=""):
    """What the compiler chose: its remark, and how each kernel is launched."""
    parts = [remark] if remark else []
    for launch in program.functions["main"]["launches"]:
        cluster = f", clusters of {launch['cluster']}" if launch.get("cluster", 1) > 1 else ""
        parts.append(f"{launch['block'][0]} threads, {launch['shared']} B{cluster}")
    return "; ".join(parts)


def read_remark(text, target, options=""):
    """The text of the compiler's remarks on its configuration; empty if it prints none."""
    try:
        command = [sparsity.find_tool("sparsity-opt"), "-", "--remarks-filter=sparsity",
                   "-o", os.devnull,
                   f"--sparsity-to-nvvm=target={target}{' ' + options if options else ''}"]
    except sparsity.ToolError:
        return ""
    result = subprocess.run(command, input=text, capture_output=True, text=True)
    return parse_remarks(result.stderr)


def parse_remarks(text):
    found = re.findall(r'remark: \[Passed\] SelectConfig \|.*?Remark="(.*?)"', text)
    return "; ".join(dict.fromkeys(found))


class Compiled:
    """A program of a row, its loaded kernel, and what was chosen; or the error."""

    def __init__(self, row, name, options, target, dynamic_m):
        self.program = self.kernel = self.error = None
        text, known = make_text(row, name, options, dynamic_m)
        try:
            self.program = sparsity.compile(text, target, pipeline_options=known)
            self.kernel = self.program.kernel("main")
            # The driver assembles PTX here; later that would hold up the measurement.
            self.kernel._module()
            self.config = describe(self.program, read_remark(text, target, known))
            if options:
                self.config = f"[{options}] {self.config}"
        except Exception as error:  # belongs to this program's rows alone
            self.error = error


def program_key(row, name, options, dynamic_m):
    """Rows with the same key have the same program."""
    return make_text(row, name, options, dynamic_m)[0], options


def compile_all(wanted, target, dynamic_m):
    """{program_key: Compiled} of [(row, ours or ours-dense, options)], on all processors."""
    keys = {program_key(row, name, options, dynamic_m): (row, name, options)
            for row, name, options in wanted}
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        made = pool.map(lambda one: Compiled(*one, target, dynamic_m), keys.values())
        return dict(zip(keys, made))


def _median_seconds(action, repetitions):
    times = []
    for _ in range(repetitions):
        start = time.perf_counter()
        action()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def time_cubin(text, target, options="", repetitions=3):
    """Seconds from program to machine code; CompileError where there is no assembler."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sparsity.find_tool("sparsity-translate"), "-", f"--target={target}",
                   "--to-cubin", "-o", os.path.join(folder, "kernels.cubin")]
        if options:
            command.append(f"--pipeline-options={options}")

        def action():
            result = subprocess.run(command, input=text, capture_output=True, text=True)
            if result.returncode:
                raise sparsity.CompileError(result.stderr.strip())
            with open(command[command.index("-o") + 1], "rb") as file:
                start = file.read(4)
            if start != b"\x7fELF":
                raise sparsity.CompileError(f"expected machine code in ELF, but got {start}")

        return _median_seconds(action, repetitions)


def time_load(text, target, options="", repetitions=3):
    """Seconds from program to a module that the driver has loaded."""
    def action():
        sparsity.compile(text, target, pipeline_options=options).kernel("main")._module()

    return _median_seconds(action, repetitions)
