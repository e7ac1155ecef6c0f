"""Shrinks a failing specification while it fails in the same way.

Candidates are tried from the boldest to the finest, and the search starts over at each
success, so the result is one of which no single step can be left out.
"""

import copy

# Keys whose presence can be dropped, with their neutral value.
NEUTRAL = {"gated": False, "init": False, "named": False, "tf32": False, "epilogue": [], "dynamic": [],
           "lhs_enc": None, "rhs_enc": None, "up_enc": None, "down_enc": None, "enc": None,
           "mask": None, "offset": None, "scale": None, "softcap": None, "lse": False,
           "bias": False, "scaling": None, "capacity": None, "producer": None,
           "renormalize": False, "given": "dense", "zeros": 0.06}


def _encodings(enc):
    """Simpler encodings than `enc`."""
    if not isinstance(enc, dict):
        return
    members = enc.get("of", [])
    yield from copy.deepcopy(members)
    for index, member in enumerate(members):
        if len(members) > 1:
            yield {**enc, "of": members[:index] + members[index + 1:]}
        for simpler in _encodings(member):
            yield {**enc, "of": members[:index] + [simpler] + members[index + 1:]}
    if enc.get("inner"):
        yield {**enc, "inner": None}
    if enc.get("ordered"):
        yield {**enc, "ordered": False}
    if enc.get("tile"):
        yield {**enc, "tile": None}
    for key in ("b", "c", "period", "length", "left", "right", "offset"):
        if isinstance(enc.get(key), int):
            floor = 1 if key in ("b", "c", "period", "length") else 0
            for value in {floor, enc[key] // 2, enc[key] - 1}:
                if floor <= value < enc[key]:
                    smaller = {**enc, key: value}
                    if smaller["k"] != "strided" or smaller["offset"] < smaller["period"]:
                        yield smaller


def candidates(spec):
    for key, value in NEUTRAL.items():
        required = spec["family"] in ("activation", "sddmm") and key in ("enc", "given")
        if key in spec and spec[key] != value and not required:
            yield {**spec, key: value}
    for key in ("epilogue", "dynamic"):
        for index in range(len(spec.get(key, ()))):
            yield {**spec, key: spec[key][:index] + spec[key][index + 1:]}
    for key in ("lhs_enc", "rhs_enc", "up_enc", "down_enc", "enc", "mask"):
        for simpler in _encodings(spec.get(key)):
            yield {**spec, key: simpler}
    if spec["dtype"] != "f32":
        yield {**spec, "dtype": "f32", "result": "f32"}
    if spec.get("result") != "f32" and spec["dtype"] != "i8":
        yield {**spec, "result": "f32"}
    if "b" in spec["sizes"] and "out" in spec:
        drop = lambda axes: [axis for axis in axes if axis != "b"]
        sizes = {axis: size for axis, size in spec["sizes"].items() if axis != "b"}
        yield {**spec, "sizes": sizes, **{key: drop(spec[key]) for key in ("out", "lhs", "rhs")}}
    for axis, size in spec["sizes"].items():
        for smaller in sorted({1, 2, 8, size // 2, size - 8, size - 1}):
            if 0 < smaller < size:
                yield {**spec, "sizes": {**spec["sizes"], axis: smaller}}
    if isinstance(spec.get("top_k"), int) and spec["top_k"] > 1:
        yield {**spec, "top_k": spec["top_k"] - 1}


def _fails_alike(outcome, first):
    if outcome.kind != first.kind:
        return False
    # Of errors, the same message; numbers and names in it may differ.
    strip = lambda text: "".join(c for c in text.split("error:")[-1] if not c.isdigit())[:60]
    return outcome.kind == "wrong" or strip(outcome.text) == strip(first.text)


def shrink(spec, first, attempt, limit=400):
    """The smallest specification found that still fails as `first` did.

    attempt(spec) gives an outcome, or raises where the generator has no such program.
    """
    tried, again = 0, True
    while again and tried < limit:
        again = False
        for candidate in candidates(spec):
            tried += 1
            try:
                outcome = attempt(candidate)
            except (ValueError, KeyError, IndexError, ZeroDivisionError):
                continue
            if _fails_alike(outcome, first):
                spec, again = candidate, True
                break
            if tried >= limit:
                break
    return spec
