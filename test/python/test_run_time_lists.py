"""Lists built at run time (`sparsity.route`, `encode` to an activation) against NumPy."""

import itertools
import subprocess

import numpy as np
import pytest

import list_reference
from sparsity import dtypes

# Relative error of a weight that is computed in f32 and stored in the type.
TOLERANCE = {"f32": 3e-6, "f16": 1e-3, "bf16": 8e-3}


def emit(arguments, lines, encoded, fields, dense):
    """@main that returns the fields of %encoded, and it decoded."""
    results = [(name, kind) for name, kind in fields] + [("dense", dense)]
    kinds = ", ".join(kind for _, kind in results)
    reads = [f'  %{name} = sparsity.field %encoded "{name}" : {encoded} to {kind}'
             for name, kind in fields]
    names = ", ".join(f"%{name}" for name, _ in results)
    return "\n".join([f"func.func @main({arguments}) -> ({kinds}) {{", *lines, *reads,
                      f"  %dense = sparsity.decode %encoded : {encoded} to {dense}",
                      f"  return {names} : {kinds}", "}", ""])


def route_program(dtype, experts, top_k, *, bias=False, score="softmax", order="before",
                  renormalize=False, scale=None, capacity=None, weight=None):
    """@main(logits[, bias]) -> the four fields and the dense tensor."""
    weight = weight or dtype
    size = "?" if experts is None else experts
    logits = f"tensor<?x{size}x{dtype}>"
    encoded = f"tensor<?x{size}x{weight}, #sparsity.gate<top_k = {top_k}>>"
    fields = [("positions", f"tensor<{'?' if experts is None else experts + 1}xi32>"),
              ("coordinates", "tensor<?xi32>"), ("weights", f"tensor<?x{weight}>"),
              ("entries", f"tensor<?x{top_k}xi32>")]
    arguments, lines, clauses = f"%logits: {logits}", [], [f"score({score})"]
    if order != "before":
        clauses.append(f"order({order})")
    if bias:
        arguments += f", %bias: tensor<{size}xf32>"
        clauses.append(f"bias(%bias : tensor<{size}xf32>)")
    if capacity is not None:
        lines.append(f"  %capacity = arith.constant {capacity} : index")
        clauses.append("capacity(%capacity)")
    if renormalize:
        clauses.append("renormalize")
    if scale is not None:
        clauses.append(f"scale({scale:e})")
    lines.append(f"  %encoded = sparsity.route %logits {' '.join(clauses)} : "
                 f"{logits} to {encoded}")
    return emit(arguments, lines, encoded, fields, f"tensor<?x{size}x{weight}>")


def activation_program(dtype, features, rule):
    """@main(x) -> the three fields and the dense tensor."""
    dense = f"tensor<?x{features}x{dtype}>"
    encoded = f"tensor<?x{features}x{dtype}, #sparsity.activation<{rule}>>"
    fields = [("positions", "tensor<?xi32>"), ("coordinates", "tensor<?xi32>"),
              ("values", dense)]
    return emit(f"%x: {dense}", [f"  %encoded = sparsity.encode %x : {dense} to {encoded}"],
                encoded, fields, dense)


def run(tool, folder, text, inputs, results):
    """The results of @main on arrays."""
    (folder / "p.mlir").write_text(text)
    command = [tool, str(folder / "p.mlir"), "--device=cpu"]
    for number, array in enumerate(inputs):
        np.save(folder / f"in{number}.npy", array)
        command.append(f"--input={number}:{folder}/in{number}.npy")
    command += [f"--output={number}:{folder}/out{number}.npy" for number in range(results)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return [np.load(folder / f"out{number}.npy") for number in range(results)]


#===-------------------------------------------------------------------------===#
# Routing
#===-------------------------------------------------------------------------===#


def check_route(tool, folder, logits, dtype, top_k, bias=None, dynamic=False, weight=None,
                **options):
    """Runs one routing and compares everything it returns."""
    stored = dtypes.encode(logits.astype(np.float32), dtype)
    exact = dtypes.decode(stored, dtype).astype(np.float32)
    text = route_program(dtype, None if dynamic else logits.shape[1], top_k,
                         bias=bias is not None, weight=weight, **options)
    inputs = [stored] if bias is None else [stored, bias]
    positions, coordinates, weights, entries, dense = run(tool, folder, text, inputs, 5)
    expected = list_reference.route(exact, top_k, bias, **options)
    np.testing.assert_array_equal(positions, expected["positions"])
    np.testing.assert_array_equal(coordinates, expected["coordinates"])
    np.testing.assert_array_equal(entries, expected["entries"])
    weight = weight or dtype
    for got, name in ((weights, "weights"), (dense, "dense")):
        got = dtypes.decode(got, weight).astype(np.float64)
        np.testing.assert_allclose(got, expected[name], rtol=TOLERANCE[weight],
                                   atol=1e-7 if weight == "f16" else 1e-30)


def random_logits(tokens, experts, seed=0):
    return np.random.default_rng(seed).standard_normal((tokens, experts)) * 3


@pytest.mark.parametrize("experts,top_k", [(1, 1), (2, 1), (2, 2), (8, 1), (8, 2), (8, 8),
                                           (128, 1), (128, 8), (512, 2), (512, 8)])
def test_route_shapes(run_tool, tmp_path, experts, top_k):
    for tokens in (0, 1, 63, 64, 65, 1000):
        if tokens * experts > 130000 and top_k != 8:
            continue  # half a million logits are compared once
        check_route(run_tool, tmp_path, random_logits(tokens, experts), "f32", top_k,
                    renormalize=True)


OPTIONS = {
    "softmax-before": {},
    "softmax-after": {"order": "after"},
    "softmax-renormalize": {"renormalize": True},
    "switch": {"capacity": 9},
    "capacity-0": {"capacity": 0},
    "capacity-negative": {"capacity": -3},
    "capacity-huge": {"capacity": 2**40},
    "scale": {"scale": 2.5},
    "sigmoid": {"score": "sigmoid"},
    "sigmoid-bias": {"score": "sigmoid", "bias": True},
    "deepseek": {"score": "sigmoid", "bias": True, "renormalize": True, "scale": 2.5},
    "deepseek-capacity": {"score": "sigmoid", "bias": True, "renormalize": True,
                          "capacity": 12},
}


@pytest.mark.parametrize("name", OPTIONS)
def test_route_options(run_tool, tmp_path, name):
    options = dict(OPTIONS[name])
    generator = np.random.default_rng(7)
    biased = options.pop("bias", False)
    bias = generator.standard_normal(16).astype(np.float32) if biased else None
    for top_k in (1, 2, 8):
        check_route(run_tool, tmp_path, random_logits(130, 16, top_k), "f32", top_k, bias,
                    **options)


@pytest.mark.parametrize("dtype,weight", [("f16", "f16"), ("bf16", "bf16"), ("bf16", "f32"),
                                          ("f32", "bf16")])
def test_route_types(run_tool, tmp_path, dtype, weight):
    check_route(run_tool, tmp_path, random_logits(70, 8), dtype, 2, weight=weight)


@pytest.mark.parametrize("score", ["softmax", "sigmoid"])
@pytest.mark.parametrize("renormalize", [False, True])
def test_route_special_values(run_tool, tmp_path, score, renormalize):
    """Ties, NaN and infinities, in every mix of four experts: no NaN comes out."""
    values = [0.0, -0.0, 1.0, np.nan, np.inf, -np.inf]
    logits = np.array(list(itertools.product(values, repeat=4)))
    bias = np.array([0, 5, np.nan, -np.inf], np.float32)
    for top_k in (1, 2, 3, 4):
        check_route(run_tool, tmp_path, logits, "f32", top_k, score=score,
                    renormalize=renormalize)
        if score == "sigmoid":
            check_route(run_tool, tmp_path, logits, "f32", top_k, bias, score=score,
                        renormalize=renormalize)


def test_route_ties_go_to_the_lowest_experts(run_tool, tmp_path):
    logits = np.random.default_rng(1).integers(0, 2, (200, 16)).astype(np.float64)
    check_route(run_tool, tmp_path, logits, "f32", 4, renormalize=True)


def test_route_all_to_one_expert(run_tool, tmp_path):
    """One expert takes every token, the others none; with a capacity it takes the first."""
    logits = np.zeros((300, 8))
    logits[:, 5] = 4
    for capacity in (None, 100):
        check_route(run_tool, tmp_path, logits, "f32", 1, capacity=capacity)


def test_route_unknown_number_of_experts(run_tool, tmp_path):
    """With fewer experts than k known only at run time, every expert is kept."""
    for experts in (1, 2, 3, 9):
        check_route(run_tool, tmp_path, random_logits(70, experts), "f32", 3, dynamic=True)


def test_route_many_chunks(run_tool, tmp_path):
    """Enough chunks for all three levels of the tree of sums."""
    check_route(run_tool, tmp_path, random_logits(40000, 16), "f32", 2, capacity=4900)


#===-------------------------------------------------------------------------===#
# Activations
#===-------------------------------------------------------------------------===#


def check_activation(tool, folder, stored, dtype, rule, number=None):
    label = rule if number is None else f"{rule} = {number}"
    text = activation_program(dtype, stored.shape[1], label)
    positions, coordinates, values, dense = run(tool, folder, text, [stored], 4)
    exact = dtypes.decode(stored, dtype).astype(np.float32)
    expected = list_reference.listing(exact, list_reference.keep(exact, rule, number))
    np.testing.assert_array_equal(positions, expected["positions"])
    np.testing.assert_array_equal(coordinates, expected["coordinates"])
    np.testing.assert_array_equal(values.view(np.uint8), stored.view(np.uint8))
    np.testing.assert_array_equal(dtypes.decode(dense, dtype).astype(np.float32),
                                  expected["dense"])


@pytest.mark.parametrize("dtype", ["f32", "f16", "bf16", "f8E4M3FN", "f8E5M2", "i8"])
@pytest.mark.parametrize("rule,number", [("relu", None), ("threshold", 0.5),
                                         ("threshold", 0.0), ("top_k", 1), ("top_k", 7),
                                         ("top_k", 130)])
def test_activation_types(run_tool, tmp_path, dtype, rule, number):
    generator = np.random.default_rng(3)
    if dtype == "i8":
        stored = generator.integers(-128, 128, (9, 200)).astype(np.int8)
    else:
        values = generator.standard_normal((9, 200)).astype(np.float32)
        values[0, ::3] = np.nan
        values[1] = np.nan
        values[2, 5:9] = [0.0, -0.0, 1.0, -1.0]
        if dtype != "f8E4M3FN":
            values[3, 50:60] = [np.inf, -np.inf] * 5
        stored = dtypes.encode(values, dtype)
    check_activation(run_tool, tmp_path, stored, dtype, rule, number)


@pytest.mark.parametrize("tokens,features", [(0, 64), (1, 1), (1, 63), (1, 64), (3, 65),
                                             (16, 1000), (70, 129), (1, 14336)])
def test_activation_shapes(run_tool, tmp_path, tokens, features):
    generator = np.random.default_rng(tokens)
    stored = generator.standard_normal((tokens, features)).astype(np.float32)
    check_activation(run_tool, tmp_path, stored, "f32", "relu")
    check_activation(run_tool, tmp_path, stored, "f32", "top_k", max(features // 3, 1))


def test_activation_ties_go_to_the_lowest_columns(run_tool, tmp_path):
    stored = np.random.default_rng(2).integers(-2, 3, (20, 150)).astype(np.float32)
    for count in (1, 40, 75, 150):
        check_activation(run_tool, tmp_path, stored, "f32", "top_k", count)


def test_a_threshold_between_two_floats(run_tool, tmp_path):
    """0.1 is no f32: the next one above it is kept, the one below is not."""
    above = np.float32(0.1)  # 0.100000001...
    below = np.nextafter(above, np.float32(0))
    stored = np.array([[above, below, -above, -below]], np.float32)
    check_activation(run_tool, tmp_path, stored, "f32", "threshold", 0.1)
