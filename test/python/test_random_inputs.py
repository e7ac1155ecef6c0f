"""The random patterns that sparsity-run makes: their shares, and what every one contains."""

import subprocess

import numpy as np
import pytest

# y = identity · Wᵀ shows the encoded argument.
PROGRAM = """
func.func @main(%x: tensor<{k}x{k}xf32>, %w: tensor<{n}x{k}xf32, #sparsity.{encoding}>) -> tensor<{k}x{n}xf32> {{
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<{k}x{n}xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<{k}x{n}xf32>) -> tensor<{k}x{n}xf32>
  %y = linalg.matmul
      indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>,
                       affine_map<(m, n, k) -> (m, n)>]
      ins(%x, %w : tensor<{k}x{k}xf32>, tensor<{n}x{k}xf32, #sparsity.{encoding}>)
      outs(%f : tensor<{k}x{n}xf32>) -> tensor<{k}x{n}xf32>
  return %y : tensor<{k}x{n}xf32>
}}
"""


def run(run_tool, tmp_path, encoding, n, k, *options):
    """The argument as a dense array."""
    program, identity, output = (tmp_path / name for name in ("p.mlir", "x.npy", "y.npy"))
    program.write_text(PROGRAM.format(encoding=encoding, n=n, k=k))
    np.save(identity, np.eye(k, dtype=np.float32))
    command = [run_tool, program, "--device=cpu", f"--input=0:{identity}", f"--output=0:{output}"]
    subprocess.run([*map(str, command), *options], check=True, capture_output=True)
    return np.load(output).T


@pytest.mark.parametrize("density", [None, 0.1, 0.6])
@pytest.mark.parametrize("inner", ["", ", inner = #sparsity.n_of_m<2:4, axis = 1>"])
def test_block(run_tool, tmp_path, density, inner):
    options = [] if density is None else [f"--density=1:{density}"]
    dense = run(run_tool, tmp_path, f"block<8x4{inner}>", 160, 128, *options)
    blocks = dense.reshape(20, 8, 32, 4).swapaxes(1, 2)
    kept = (blocks != 0).any((2, 3))
    rows = kept.sum(axis=1)
    assert rows.min() == 0 and rows.max() == 32
    # 18 rows are random; 4 standard deviations of 576 draws.
    share, expected = (kept.sum() - 32) / (18 * 32), density or 0.25
    assert abs(share - expected) < 4 * np.sqrt(expected * (1 - expected) / 576)
    groups = (dense.reshape(-1, 4) != 0).sum(axis=1)
    assert groups.max() == (2 if inner else 4)


def test_unstructured(run_tool, tmp_path):
    dense = run(run_tool, tmp_path, "unstructured", 96, 80)
    rows = (dense != 0).sum(axis=1)
    assert rows.min() == 0 and rows.max() == 80
    assert abs((rows.sum() - 80) / (94 * 80) - 0.5) < 0.03


def test_activation(run_tool, tmp_path):
    dense = run(run_tool, tmp_path, "activation<top_k = 7>", 33, 40)
    assert ((dense != 0).sum(axis=1) == 7).all()
    dense = run(run_tool, tmp_path, "activation<threshold = 0.5>", 33, 40)
    assert (np.abs(dense[dense != 0]) > 0.5).all() and (dense < -0.5).any()


def test_segments(run_tool, tmp_path):
    dense = run(run_tool, tmp_path, "segments", 48, 48)
    spans = [(row.nonzero()[0].min(), row.nonzero()[0].max()) for row in dense]
    assert all(low <= row <= high for row, (low, high) in enumerate(spans))
    assert len({low for low, _ in spans}) > 1
    assert all((row[low : high + 1] != 0).all() for row, (low, high) in zip(dense, spans))
