"""Compiling to PTX, and what a launch would do by its description."""

import re

import numpy as np
import pytest

import programs
import sparsity
from sparsity import DeviceArray, Kernel, affine
from sparsity.launch import parse_tensor_type


def ffn(**fields):
    fields = {"dtype": "bf16", "n": 256, "k": 128, "result": "bf16", **fields}
    return programs.emit(programs.Program(**fields))[0]


@pytest.fixture(scope="module")
def dynamic_program(translate_tool):
    return sparsity.compile(ffn(m=100, dynamic_m=True), "sm_80")


@pytest.mark.parametrize(
    "target, instruction",
    [("sm_80", "mma.sp::ordered_metadata"), ("sm_90a", "wgmma.mma_async.sp")])
def test_ptx_has_the_sparse_instruction(translate_tool, target, instruction):
    program = sparsity.compile(ffn(m=128), target)
    assert re.search(rf"^\.target {target}\b", program.ptx, re.M)
    assert instruction in program.ptx
    assert ".visible .entry main_kernel0" in program.ptx


def test_sm_80_uses_ordered_metadata(dynamic_program):
    assert "mma.sp::ordered_metadata.sync.aligned.m16n8k32.row.col.f32.bf16" in dynamic_program.ptx


def test_dense_has_none(translate_tool):
    program = sparsity.compile(ffn(m=128, sparse=None), "sm_80")
    assert "mma.sync" in program.ptx and "mma.sp" not in program.ptx


def test_tf32_is_asked_for(translate_tool):
    text = programs.emit(programs.Program(dtype="f32", pattern=(1, 2)))[0]
    assert "tf32" not in sparsity.compile(text, "sm_80").ptx
    assert "tf32" in sparsity.compile(text, "sm_80", allow_tf32=True).ptx


def test_compile_of_a_file(translate_tool, tmp_path):
    path = tmp_path / "ffn.mlir"
    path.write_text(ffn())
    assert "main" in sparsity.compile(path, "sm_80").functions
    assert "main" in sparsity.compile(str(path), "sm_80").functions


def test_compile_errors(translate_tool, tmp_path):
    with pytest.raises(ValueError, match="expected target sm_80 or sm_90a, but got sm_75"):
        sparsity.compile(ffn(), "sm_75")
    with pytest.raises(FileNotFoundError, match="expected a program at"):
        sparsity.compile(str(tmp_path / "none.mlir"), "sm_80")
    with pytest.raises(sparsity.CompileError, match="error:"):
        sparsity.compile("func.func @main( {\n}\n", "sm_80")
    with pytest.raises(sparsity.CompileError, match="expected 0 < n < m <= 16, but got 4:2|n_of_m"):
        sparsity.compile(ffn(pattern=(4, 2)), "sm_80")


def test_missing_tools(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(sparsity.ToolError, match="expected sparsity-none in"):
        sparsity.find_tool("sparsity-none")
    monkeypatch.setenv("SPARSITY_RUNTIME", str(tmp_path / "none.so"))
    with pytest.raises(sparsity.ToolError, match="expected .SPARSITY_RUNTIME to name a file"):
        sparsity.find_library()


def operands(rows, packed_shape=(256, 128)):
    weight = sparsity.PackedNOfM(
        DeviceArray(0x2000, (256 * 128,), "i8"), DeviceArray(0x3000, (256 * 128 // 8,), "i8"),
        packed_shape, "bf16", 2, 4, 1, "core_matrix")
    x = DeviceArray(0x1000, (rows, 128), "bf16")
    return [x, weight, DeviceArray(0x4000, (rows, 256), "bf16")]


def test_plan(dynamic_program):
    kernel = dynamic_program.kernel()
    launch = kernel.launches[0]
    for rows in (1, 100, 1000):
        name, grid, block, shared, values = kernel.plan(operands(rows))[0]
        assert name == "main_kernel0" and grid[1:] == [1, 1]
        assert block[0] % 32 == 0 and 0 < shared <= 163 * 1024
        assert len(values) == len(launch["params"])
        found = dict(zip(launch["params"], (value.value for value in values)))
        addresses = [found[f"pointer of argument {i}"] for i in range(4)]
        assert addresses == [0x1000, 0x2000, 0x3000, 0x4000]
        assert found["size s0"] == rows
    few, many = (kernel.plan(operands(rows))[0][1][0] for rows in (1, 100000))
    assert many > few >= 1
    # Every result element lies in a tile of 1 to 512 on each side.
    assert 256 * 100000 / (512 * 512) <= many <= 256 * 100000 / 16


@pytest.mark.parametrize(
    "change, error, message",
    [
        (lambda a: a[:2], ValueError, "expected 2 arguments and 1 results for main, but got 2"),
        (lambda a: [DeviceArray(1, (7, 127), "bf16"), *a[1:]], ValueError,
         "expected argument 0 of shape ?x128, but got 7x127"),
        (lambda a: [DeviceArray(1, (7, 128), "f16"), *a[1:]], TypeError,
         "expected argument 0 of bf16, but got f16"),
        (lambda a: [*a[:2], DeviceArray(1, (8, 256), "bf16")], ValueError,
         "expected result 0 of shape 7x256, but got 8x256"),
        (lambda a: [a[0], np.zeros(3), a[2]], TypeError,
         "expected values of argument 1 to be a CUDA tensor or a DeviceArray, but got"),
        (lambda a: [a[0], 5, a[2]], TypeError,
         "expected argument 1 to be a PackedNOfM or its storage buffers, but got int"),
        (lambda a: [np.zeros((7, 128)), *a[1:]], TypeError,
         "expected argument 0 to be a CUDA tensor or a DeviceArray, but got ndarray"),
        (lambda a: [a[0], operands(7, (256, 64))[1], a[2]], ValueError,
         "expected argument 1 of shape 256x128, but got 256x64"),
        (lambda a: [a[0], (DeviceArray(1, (8,), "i8"),) * 2, a[2]], ValueError,
         "expected values of argument 1 of 32768 bytes, but got 8"),
    ],
)
def test_launch_errors(dynamic_program, change, error, message):
    with pytest.raises(error) as caught:
        dynamic_program.kernel().plan(change(operands(7)))
    assert message in str(caught.value)


def test_unknown_function(dynamic_program):
    with pytest.raises(KeyError, match="expected an entry function among main, but got none"):
        dynamic_program.kernel("none")


def test_launch_without_a_driver(dynamic_program):
    try:
        sparsity.cuda.driver()
    except sparsity.CudaError as error:
        assert "expected" in str(error)
        with pytest.raises(sparsity.CudaError):
            dynamic_program.kernel().launch(operands(7))
    else:
        pytest.skip("there is a driver")


def describe(**launch):
    arguments = [
        {"kind": "tensor", "arg": 0, "type": "tensor<?xf32>"},
        {"kind": "scalar", "arg": 1, "type": "f32"},
        {"kind": "result", "result": 0, "type": "tensor<?xf32>", "shape": ["s0 * 2"],
         "symbols": [0, 0]},
    ]
    base = {"kernel": "k", "grid": ["s0 ceildiv 32", "1", "1"], "block": [32, 1, 1],
            "shared": 0, "symbols": [0, 0],
            "params": ["size s0 * 2", "pointer of argument 0", "stride of argument 0 dim 0",
                       "scalar of argument 1", "pointer of argument 2"]}
    base.update(launch)
    return Kernel("f", "", arguments, [{k: v for k, v in base.items() if v is not None}])


def test_description_of_another_function():
    x, y = DeviceArray(32, (70,), "f32"), DeviceArray(16, (140,), "f32")
    name, grid, _, _, values = describe().plan([x, 2.5, y])[0]
    assert (name, grid) == ("k", [3, 1, 1])
    assert [value.value for value in values] == [140, 32, 1, 2.5, 16]


@pytest.mark.parametrize(
    "launch, message",
    [
        ({"grid": None}, "expected the grid of k as an expression"),
        ({"params": ["pointer of temporary"]}, "but got 'pointer of temporary'"),
        ({"params": ["size computed"]}, "but got 'size computed'"),
        ({"params": ["pointer of argument 0"]}, "expected a kernel that writes result 0 of f"),
    ],
)
def test_incomplete_descriptions_are_refused(launch, message):
    with pytest.raises(ValueError) as caught:
        describe(**launch)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    "text, value",
    [("7", 7), ("s0", 130), ("(s0 ceildiv 128) * 112", 224), ("s0 * -1 + s1", -123),
     ("(s0 floordiv 8) mod 5 + s1 * 2", 15), ("-s0 floordiv 128", -2), ("s0 - (s1 - 2)", 125)],
)
def test_affine(text, value):
    assert affine.evaluate(text, [130, 7]) == value


@pytest.mark.parametrize("text", ["", "s0 +", "(s0", "s0 s1", "s0 / 2", "s2", "s0 mod 0", "d0"])
def test_affine_errors(text):
    with pytest.raises(ValueError, match="expected"):
        affine.evaluate(text, [130, 7])


def test_tensor_types():
    encoded = "tensor<?x4096xbf16, #sparsity.n_of_m<2:4, axis = 1, layout = core_matrix>>"
    assert parse_tensor_type(encoded) == ([None, 4096], "bf16")
    assert parse_tensor_type("tensor<f32>") == ([], "f32")
    assert parse_tensor_type("tensor<3x2xf8E4M3FN>") == ([3, 2], "f8E4M3FN")
    with pytest.raises(ValueError, match="expected a ranked tensor type"):
        parse_tensor_type("memref<2xf32>")


OPEN_MATMUL = """
func.func @main(%x: tensor<4x?xf16>, %w: tensor<8x?xf16>) -> tensor<4x8xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<4x8xf32>
  %i = linalg.fill ins(%zero : f32) outs(%e : tensor<4x8xf32>) -> tensor<4x8xf32>
  %y = linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (m, k)>,
                                      affine_map<(m, n, k) -> (n, k)>,
                                      affine_map<(m, n, k) -> (m, n)>]
      ins(%x, %w : tensor<4x?xf16>, tensor<8x?xf16>)
      outs(%i : tensor<4x8xf32>) -> tensor<4x8xf32>
  return %y : tensor<4x8xf32>
}
"""


def test_constraints_and_alignment():
    kernel = sparsity.compile(OPEN_MATMUL, "sm_80").kernel()

    def plan(k, other, address=0x1000):
        return kernel.plan([DeviceArray(address, (4, k), "f16"),
                            DeviceArray(0x2000, (8, other), "f16"),
                            DeviceArray(0x3000, (4, 8), "f32")])

    assert plan(24, 24)
    with pytest.raises(ValueError, match="expected dimension 1 of argument 0 to be 16, but got 24"):
        plan(24, 16)
    with pytest.raises(ValueError, match="expected argument 0 at an address that is a multiple of 16"):
        plan(24, 24, address=0x1008)
