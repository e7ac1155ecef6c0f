"""Programs that some compiler or library got wrong: others' bugs, and our own.

`run_differential.py --regressions` runs them. The name says what is tested; a number after
a project is its issue.
"""

_WEIGHT = {"family": "contract", "dtype": "f16", "sizes": {"m": 17, "n": 40, "k": 64},
           "out": ["m", "n"], "lhs": ["m", "k"], "rhs": ["n", "k"], "lhs_enc": None,
           "rhs_enc": {"k": "n_of_m", "n": 2, "m": 4, "axis": 1}, "dynamic": [], "init": False,
           "gated": False, "epilogue": [], "result": "f32", "named": True, "given": "dense"}
_ATTENTION = {"family": "attention", "dtype": "f16",
              "sizes": {"h": 2, "g": 1, "q": 33, "s": 65, "d": 64, "v": 64}, "mask": None,
              "offset": None, "scale": None, "softcap": None, "lse": True, "result": "f32",
              "dynamic": ["q", "s"]}
_MOE = {"family": "moe", "dtype": "f16", "sizes": {"t": 17, "e": 8, "d": 32, "f": 40}, "top_k": 2,
        "score": "softmax", "order": "after", "renormalize": False, "bias": False,
        "scaling": None, "capacity": None, "logits": "one_expert", "layer": "ffn", "enc": None,
        "hidden": "f16", "dynamic": ["t"], "result": "f32"}


def _weight(n=2, m=4, axis=1, sizes=None, **changes):
    spec = {**_WEIGHT, "rhs_enc": {"k": "n_of_m", "n": n, "m": m, "axis": axis}, **changes}
    return {**spec, "sizes": {**_WEIGHT["sizes"], **(sizes or {})}}


def _attention(mask, sizes=None, **changes):
    return {**_ATTENTION, "mask": mask, **changes,
            "sizes": {**_ATTENTION["sizes"], **(sizes or {})}}


def _window(left, right):
    return {"k": "window", "left": left, "right": right}


PROGRAMS = {
    # A pruned element may be stored as -0.0; it is absent all the same (vLLM 13198).
    "negative-zero-is-absent": _weight(zeros=0.5),
    "negative-zero-in-blocks": _weight(rhs_enc={"k": "block", "b": 8, "c": 8, "density": 0.4}),
    "negative-zero-in-bitmaps": _weight(rhs_enc={
        "k": "unstructured", "tile": None, "density": 0.3}),
    # A reduction that no instruction's depth divides, or shorter than one (TileLang 2605).
    "reduction-3": _weight(sizes={"k": 3}),
    "reduction-17": _weight(sizes={"k": 17}),
    "reduction-100": _weight(sizes={"k": 100}),
    "reduction-130-bf16": _weight(sizes={"k": 130}, dtype="bf16"),
    "reduction-33-i8": _weight(sizes={"k": 33}, dtype="i8", result="i32"),
    # Columns that are 8 more than a multiple of 16 (TileLang 2603).
    "columns-24": _weight(sizes={"n": 24, "m": 64}),
    "columns-72": _weight(sizes={"n": 72, "m": 130}),
    # A bias along rows or columns, whichever side the sparse operand takes (vLLM 13198).
    "bias-of-columns": _weight(epilogue=["bias_columns"]),
    "bias-of-rows": _weight(epilogue=["bias_rows"]),
    "bias-of-columns-sparse-left": {
        **_weight(epilogue=["bias_columns"]), "rhs_enc": None,
        "lhs_enc": {"k": "n_of_m", "n": 2, "m": 4, "axis": 1}},
    "bias-of-rows-sparse-left": {
        **_weight(epilogue=["bias_rows"]), "rhs_enc": None,
        "lhs_enc": {"k": "n_of_m", "n": 2, "m": 4, "axis": 1}},
    # Every selector and every order of the metadata: several tiles in all directions.
    "metadata-16-bit": _weight(sizes={"m": 130, "n": 130, "k": 160}),
    "metadata-8-bit": _weight(sizes={"m": 130, "n": 130, "k": 160}, dtype="i8", result="i32"),
    "metadata-32-bit": _weight(1, 2, sizes={"m": 130, "n": 130, "k": 160}, dtype="f32", tf32=True),
    # Groups with fewer elements than they may have: indices stay distinct and ascend.
    "groups-with-one-element": _weight(zeros=0.7),
    "groups-with-none": _weight(zeros=0.97),
    # Rows whose size in bytes is no multiple of 16 (PyTorch 150374).
    "row-of-65-elements": _weight(sizes={"k": 65, "n": 33}),
    "row-of-7-bytes": _weight(sizes={"k": 7, "n": 13}, dtype="i8", result="i32"),
    # A wider pattern is not a narrower one (MLIR prunes 4:8 to 2:4 when lowering it).
    "pattern-4-of-8": _weight(4, 8),
    "pattern-2-of-8": _weight(2, 8),
    "pattern-7-of-16": _weight(7, 16),
    # Experts without tokens, rows of a mask without elements (FlashInfer refuses them).
    "experts-without-tokens": _MOE,
    "one-token": {**_MOE, "sizes": {**_MOE["sizes"], "t": 1}, "logits": "normal"},
    "more-experts-than-tokens": {**_MOE, "sizes": {"t": 3, "e": 40, "d": 16, "f": 24},
                                 "top_k": 8, "logits": "normal"},
    "block-rows-without-blocks": _weight(rhs_enc={"k": "block", "b": 8, "c": 8, "density": 0.02}),
    # A query that sees no key: 0, and a log-sum-exp of minus infinity, never NaN.
    "queries-without-keys": _attention({"k": "all_of", "of": [
        _window(None, 0), {"k": "strided", "period": 16, "offset": 9}]}),
    "no-query-sees-a-key": _attention({"k": "all_of", "of": [
        {"k": "prefix", "length": 3}, {"k": "strided", "period": 64, "offset": 60}]}),
    # A window wider than the sequence; lengths that are no multiple of a tile.
    "window-wider-than-sequence": _attention(_window(4096, 0), {"q": 33, "s": 33}),
    "window-over-odd-lengths": _attention(_window(17, 0), {"q": 127, "s": 127}),
    "more-queries-than-keys": _attention(_window(None, 0), {"q": 100, "s": 40}),
    "decode-one-query": _attention(_window(None, 0), {"q": 1, "s": 130}, offset=129),
    # V:N:M with a batch: the inner axis counts the axes of a block, not of the tensor.
    "batched-vnm-inner-rows": {
        **_WEIGHT, "dtype": "f32", "sizes": {"m": 2, "n": 1, "k": 1, "b": 1},
        "out": ["b", "m", "n"], "lhs": ["b", "m", "k"], "rhs_enc": None, "lhs_enc": {
            "k": "block", "b": 2, "c": 1, "density": 0.9,
            "inner": {"k": "n_of_m", "n": 1, "m": 4, "axis": 0}}},
    "batched-vnm-inner-columns": {
        **_WEIGHT, "dtype": "bf16", "sizes": {"m": 48, "n": 65, "k": 32, "b": 2},
        "out": ["b", "m", "n"], "lhs": ["b", "m", "k"], "rhs": ["b", "k", "n"], "rhs_enc": {
            "k": "block", "b": 24, "c": 16, "density": 0.9,
            "inner": {"k": "n_of_m", "n": 2, "m": 4, "axis": 1}}},
    # Two lists in one product: the columns that the first gathers may lie behind the
    # groups of the second.
    "two-bitmap-operands": {
        **_WEIGHT, "dtype": "f32", "sizes": {"m": 2, "n": 1, "k": 2}, "out": ["m", "n"],
        "lhs": ["m", "k"], "rhs": ["k", "n"],
        "lhs_enc": {"k": "unstructured", "tile": None, "density": 0.5},
        "rhs_enc": {"k": "unstructured", "tile": [1, 64], "density": 0.5}},
    # One token: nests of loops with one iteration, which took minutes to compile.
    "one-token-forty-experts": {**_MOE, "sizes": {"t": 1, "e": 40, "d": 8, "f": 48},
                                "top_k": 8, "logits": "normal"},
}


def make_specs():
    """All of them; the name stands where a random program has its number."""
    return [{"seed": name, **spec} for name, spec in PROGRAMS.items()]
