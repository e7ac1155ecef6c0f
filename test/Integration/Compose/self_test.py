#!/usr/bin/env python3
"""Checks the differential test's own parts: a harness that finds nothing proves nothing."""

import sys

import numpy as np

import generate
import minimize
import numerics
import patterns
import reference
import run_differential

TESTS = []


def test(function):
    TESTS.append(function)
    return function


@test
def float8_values():
    # OCP 8-bit floating point specification 1.0, table 1.
    table = {"f8E4M3FN": {0x7E: 448.0, 0x08: 2.0**-6, 0x01: 2.0**-9, 0xFE: -448.0},
             "f8E5M2": {0x7B: 57344.0, 0x04: 2.0**-14, 0x01: 2.0**-16, 0x7C: np.inf}}
    for dtype, rows in table.items():
        for bits, value in rows.items():
            assert numerics.decode(np.array([bits], np.uint8), dtype)[0] == value
        every = np.arange(256, dtype=np.uint8)
        values = numerics.decode(every, dtype)
        finite = np.isfinite(values)
        assert np.array_equal(numerics.encode(values[finite], dtype), every[finite])


@test
def rounding_is_to_even():
    # bfloat16 has 7 bits after the point: halves go to the even neighbour.
    values = np.array([1 + 2.0**-8, 1 + 3 * 2.0**-8, -(1 + 2.0**-8), 3.0])
    assert list(numerics.rounded(values, "bf16")) == [1.0, 1 + 2.0**-6, -1.0, 3.0]
    assert list(numerics.rounded(np.array([17.0, 19.0]), "f8E4M3FN")) == [16.0, 20.0]


@test
def comparison_finds_one_wrong_element():
    rng = np.random.default_rng(0)
    expected = rng.standard_normal((50, 60))
    for dtype in numerics.FLOATS:
        near = numerics.rounded(expected, dtype)
        assert numerics.compare(near, expected, dtype, 0) is None
        wrong = near.copy()
        wrong[3, 4] += 16.0
        assert "(3, 4)" in numerics.compare(wrong, expected, dtype, 0)
        wrong = near.copy()
        wrong[7, 0] = np.nan
        assert "nan" in numerics.compare(wrong, expected, dtype, 0)
    assert numerics.compare(np.zeros((2, 2)), np.zeros((2, 3)), "f32", 0)
    nan = np.array([np.nan, 1.0, -np.inf])
    assert numerics.compare(nan, nan, "f32", 0) is None
    assert numerics.compare(np.array([3.0]), np.array([4.0]), "i32", 0)


@test
def packers_match_the_specification():
    dense = np.array([[0, 5, 0, 7, 1, 2, 0, 0], [3, 0, 0, 0, 0, 0, 0, 9]], np.float32)
    packed = patterns.pack_n_of_m({"n": 2, "m": 4, "axis": 1}, dense)
    assert packed["values"].tolist() == [[5, 7, 1, 2], [3, 0, 0, 9]]
    # Positions 1 3 | 0 1 and 0 1 | 0 3, two bits each, lowest first.
    assert packed["metadata"].view(np.uint8).tolist() == [[0b01001101], [0b11000100]]
    enc = {"k": "block", "b": 1, "c": 3}
    fields = {"positions": np.array([0, 2, 4], np.int32),
              "coordinates": np.array([0, 1, 0, 2], np.int32)}
    packed = patterns.pack_block(enc, dense, fields)
    assert packed["values"].tolist() == [[[0, 5, 0]], [[7, 1, 2]], [[3, 0, 0]], [[0, 9, 0]]]
    assert patterns.text(enc) == "#sparsity.block<1x3>"
    enc["ordered"] = True
    packed = patterns.pack_block(enc, dense, {**fields, "order": np.array([1, 0], np.int32)})
    assert list(packed) == ["positions", "coordinates", "values", "order"]
    assert packed["order"].tolist() == [1, 0]
    assert patterns.text(enc) == "#sparsity.block<1x3, ordered>"
    _, fields = patterns.admits({**enc, "density": 0.5}, (50, 9), np.random.default_rng(0))
    assert sorted(fields["order"]) == list(range(50)) != fields["order"].tolist()
    packed = patterns.pack_unstructured({"tile": [8, 8]}, dense)
    assert packed["positions"].tolist() == [0, 1] and packed["offsets"].tolist() == [[0]]
    assert packed["bitmap"].tolist() == [[0b1000000100111010]]
    assert packed["values"].tolist() == [5, 7, 1, 2, 3, 9]


@test
def patterns_are_the_definitions():
    rng = np.random.default_rng(0)
    shape = (6, 9)
    window, _ = patterns.admits({"k": "window", "left": 2, "right": 1}, shape, rng)
    strided, _ = patterns.admits({"k": "strided", "period": 4, "offset": 1}, shape, rng)
    for r, c in np.ndindex(shape):
        assert window[r, c] == (r - 2 <= c <= r + 1)
        assert strided[r, c] == (c % 4 == 1)
    both = {"k": "all_of", "of": [{"k": "window", "left": 2, "right": 1},
                                  {"k": "prefix", "length": 3}]}
    mask, _ = patterns.admits(both, shape, rng)
    assert np.array_equal(mask, window & (np.arange(9) < 3))
    mask, _ = patterns.admits({"k": "window", "left": None, "right": 0}, shape, rng, 3)
    assert mask[0].tolist() == [True] * 4 + [False] * 5
    pruned = patterns.prune(np.array([[1.0, -3.0, 2.0, -2.0, 5.0]]), 2, 4, 1)
    assert pruned.tolist() == [[0, -3, 2, 0, 5]]


@test
def routing_breaks_ties_to_the_lowest_expert():
    spec = {"top_k": 2, "score": "softmax", "order": "after", "renormalize": False,
            "capacity": 1, "scaling": None}
    logits = np.array([[1.0, 1.0, 1.0], [np.nan, 0.0, -np.inf], [-np.inf] * 3])
    weights = reference.route(spec, logits, None)
    # Token 1 finds expert 1 full, token 2 both of its own; neither has a weight left.
    assert weights.tolist() == [[0.5, 0.5, 0], [0, 0, 0], [0, 0, 0]]


@test
def empty_rows_of_attention_are_zero():
    q = np.ones((1, 2, 4))
    spec = {"scale": 1.0, "softcap": None, "lse": True}
    output, lse = reference.attention(spec, {
        "q": q, "k": q, "v": q, "mask": np.array([[True, False], [False, False]])})
    assert output.tolist() == [[[1.0] * 4, [0.0] * 4]] and lse[0, 1] == -np.inf
    assert lse[0, 0] == 4.0


@test
def every_program_builds_and_repeats():
    for seed in range(60):
        spec = generate.sample(seed)
        assert spec == generate.sample(seed)
        built, again = generate.build(spec), generate.build(spec)
        assert built.text == again.text and "func.func @main" in built.text
        for result in reference.expected(spec, built.operands):
            assert np.size(result) > 0


@test
def the_minimizer_keeps_what_fails():
    # A program "fails" when it has an n:m weight and more than 20 columns.
    seed = next(s for s in range(1000) if patterns.has(
        generate.sample(s, ["contract"]).get("rhs_enc"), "n_of_m")
        and generate.sample(s, ["contract"])["sizes"]["n"] > 40)

    def attempt(spec):
        bad = patterns.has(spec["rhs_enc"], "n_of_m") and spec["sizes"]["n"] > 20
        return run_differential.Outcome("wrong" if bad else "ok")

    spec = minimize.shrink(generate.sample(seed, ["contract"]),
                           run_differential.Outcome("wrong"), attempt)
    assert spec["sizes"]["n"] == 21 and spec["sizes"]["m"] == 1 and spec["sizes"]["k"] == 1
    assert spec["epilogue"] == [] and spec["dtype"] == "f32" and spec["lhs_enc"] is None


def main():
    failed = 0
    for function in TESTS:
        try:
            function()
        except AssertionError as error:
            failed += 1
            line = error.__traceback__.tb_next.tb_lineno
            print(f"FAIL {function.__name__} (line {line})")
    print(f"{len(TESTS) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
