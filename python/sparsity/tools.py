"""Where the compiler's programs and the runtime library are.

In this order, the first that has the file:

    $SPARSITY_BIN            a folder of programs; libraries in the `lib` beside it
    $SPARSITY_BUILD_DIR      a build or installation folder, with `bin` and `lib`
    the source tree's build  `build/bin` and `build/lib`, three levels above this file
    PATH                     programs; libraries in `../lib` of the program's folder

$SPARSITY_RUNTIME names the runtime library itself.
"""

import os
import pathlib
import shutil

LIBRARY = "libsparsity_runtime.so"


class ToolError(RuntimeError):
    """A program or library of this project is missing."""


def _prefixes():
    """Pairs of a folder of programs and one of libraries."""
    bin_folder = os.environ.get("SPARSITY_BIN")
    if bin_folder:
        folder = pathlib.Path(bin_folder)
        yield folder, folder.parent / "lib"
    build = os.environ.get("SPARSITY_BUILD_DIR")
    if build:
        yield pathlib.Path(build) / "bin", pathlib.Path(build) / "lib"
    root = pathlib.Path(__file__).resolve().parents[2]
    yield root / "build" / "bin", root / "build" / "lib"


def find_tool(name):
    """The path of a program such as "sparsity-run"; ToolError if there is none."""
    for folder, _ in _prefixes():
        if os.access(folder / name, os.X_OK):
            return str(folder / name)
    found = shutil.which(name)
    if found:
        return found
    raise ToolError(
        f"expected {name} in $SPARSITY_BIN, $SPARSITY_BUILD_DIR/bin, build/bin or PATH, "
        "but got none"
    )


def find_library():
    """The path of the runtime library; ToolError if there is none."""
    named = os.environ.get("SPARSITY_RUNTIME")
    if named:
        if os.path.exists(named):
            return named
        raise ToolError(f"expected $SPARSITY_RUNTIME to name a file, but got {named}")
    folders = [folder for _, folder in _prefixes()]
    program = shutil.which("sparsity-translate")
    if program:
        folders.append(pathlib.Path(program).parent.parent / "lib")
    for folder in folders:
        if (folder / LIBRARY).exists():
            return str(folder / LIBRARY)
    raise ToolError(
        f"expected {LIBRARY} named by $SPARSITY_RUNTIME, or in a lib folder beside the "
        "programs, but got none"
    )
