"""Where the tests find the package and the tools; what is skipped without them."""

import os
import pathlib
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [
    str(ROOT / "python"),
    str(ROOT / "python" / "examples"),
    str(ROOT / "test" / "Integration" / "GPU"),
]


def _found(find, *arguments):
    from sparsity import ToolError

    try:
        return find(*arguments)
    except ToolError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def run_tool():
    """The path of sparsity-run."""
    from sparsity import find_tool

    return _found(find_tool, "sparsity-run")


@pytest.fixture(scope="session")
def translate_tool():
    """The path of sparsity-translate."""
    from sparsity import find_tool

    return _found(find_tool, "sparsity-translate")


@pytest.fixture(scope="session")
def runtime_library():
    """The path of the runtime library."""
    from sparsity import find_library

    return _found(find_library)


@pytest.fixture(scope="session")
def download_folder(tmp_path_factory):
    """Where downloads are kept: in the build folder if there is one."""
    build = os.environ.get("SPARSITY_BUILD_DIR")
    if build and os.path.isdir(build):
        return pathlib.Path(build) / "downloads"
    return tmp_path_factory.mktemp("downloads")
