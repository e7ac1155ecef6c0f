"""Encodings in NumPy: their text, the elements they admit, random data, storage fields.

An encoding is a dict: {"k": kind, ...}. Predicates and storage are written from the
specification (docs/Spec.md) element by element; nothing is shared with the compiler.
"""

import numpy as np

STORING = ("n_of_m", "block", "unstructured")


def text(enc):
    """The attribute as a user writes it."""
    kind = enc["k"]
    if kind == "n_of_m":
        layout = f", layout = {enc['layout']}" if enc.get("layout") else ""
        return f"#sparsity.n_of_m<{enc['n']}:{enc['m']}, axis = {enc['axis']}{layout}>"
    if kind == "block":
        inner = f", inner = {text(enc['inner'])}" if enc.get("inner") else ""
        ordered = ", ordered" if enc.get("ordered") else ""
        return f"#sparsity.block<{enc['b']}x{enc['c']}{inner}{ordered}>"
    if kind == "unstructured":
        tile = enc.get("tile")
        return f"#sparsity.unstructured<tile = {tile[0]}x{tile[1]}>" if tile else (
            "#sparsity.unstructured")
    if kind == "window":
        bounds = [f"{side} = {enc[side]}" for side in ("left", "right") if enc[side] is not None]
        return f"#sparsity.window<{', '.join(bounds)}>"
    if kind == "strided":
        return f"#sparsity.strided<period = {enc['period']}, offset = {enc['offset']}>"
    if kind == "prefix":
        return f"#sparsity.prefix<length = {enc['length']}>"
    if kind == "segments":
        return "#sparsity.segments"
    if kind == "gate":
        return f"#sparsity.gate<top_k = {enc['top_k']}>"
    if kind == "activation":
        rule = enc["rule"]
        value = {"relu": "relu", "threshold": f"threshold = {enc.get('value')!r}",
                 "top_k": f"top_k = {enc.get('value')}"}[rule]
        return f"#sparsity.activation<{value}>"
    return f"#sparsity.{kind}<[{', '.join(text(member) for member in enc['of'])}]>"


def members(enc):
    """The encoding and everything inside it."""
    yield enc
    for member in enc.get("of", ()):
        yield from members(member)


def has(enc, *kinds):
    return enc is not None and any(member["k"] in kinds for member in members(enc))


def _grid(groups, columns, density, rng):
    """Which blocks are there: random, with rows of none and of all among them."""
    grid = rng.random((groups, columns)) < density
    for row in range(groups):
        luck = rng.random()
        if luck < 0.15:
            grid[row] = False
        elif luck < 0.25:
            grid[row] = True
    return grid


def segment_bounds(rows, columns, rng, causal=False):
    """Random documents: (lo, hi) i32 per row; some rows empty, some reach over the edge."""
    lo, hi = np.zeros(rows, np.int32), np.zeros(rows, np.int32)
    row = begin = 0
    while row < rows:
        length = int(rng.integers(1, max(2, rows // 2 + 1)))
        end = min(columns, begin + length)
        last = min(rows, row + length)
        for r in range(row, last):
            lo[r] = begin
            hi[r] = min(end - 1, begin + r - row) if causal else end - 1
        row, begin = last, end if end < columns else 0
    if rows > 3 and rng.random() < 0.3:
        empty = int(rng.integers(0, rows))
        lo[empty], hi[empty] = 5, 4
    return lo, hi


def admits(enc, shape, rng, row_offset=0):
    """(bool array of admitted elements, fields by name) of one random pattern.

    n_of_m admits all: which elements are present, the data decide. `row_offset` is added
    to the row before a mask looks at it; rows for which no buffer has an entry admit
    nothing. Fields are those that a caller passes besides the values.
    """
    kind = enc["k"]
    fields = {}
    if kind in ("n_of_m", "activation"):
        return np.ones(shape, bool), fields
    columns = np.arange(shape[-1])
    rows = (np.arange(shape[-2]) + row_offset)[:, None] if len(shape) > 1 else None
    if kind == "window":
        mask = np.ones(shape[-2:], bool)
        if enc["left"] is not None:
            mask &= columns >= rows - enc["left"]
        if enc["right"] is not None:
            mask &= columns <= rows + enc["right"]
    elif kind == "strided":
        mask = columns % enc["period"] == enc["offset"]
    elif kind == "prefix":
        mask = columns < enc["length"]
    elif kind == "segments":
        extent = max(0, shape[-2] + row_offset)
        fields["lo"], fields["hi"] = segment_bounds(extent, shape[-1], rng, enc.get("causal"))
        full = (columns >= fields["lo"][:, None]) & (columns <= fields["hi"][:, None])
        mask = _take_rows(full, shape[-2], row_offset)
    elif kind == "block":
        height = max(0, shape[-2] + row_offset)
        groups, across = -(-height // enc["b"]), -(-shape[-1] // enc["c"])
        experts = shape[0] if len(shape) == 3 else 1
        grid = _grid(experts * groups, across, enc["density"], rng)
        full = np.repeat(np.repeat(grid.reshape(experts, groups, across), enc["b"], 1), enc["c"], 2)
        full = full[:, :height, : shape[-1]]
        mask = full if len(shape) == 3 else _take_rows(full[0], shape[-2], row_offset)
        fields["positions"], fields["coordinates"] = lists(grid)
        if enc.get("ordered"):
            # Any order is right.
            fields["order"] = rng.permutation(groups).astype(np.int32)
    elif kind == "unstructured":
        tile = enc.get("tile") or [64, 64]
        groups, across = -(-shape[0] // tile[0]), -(-shape[1] // tile[1])
        grid = _grid(groups, across, 0.7, rng)
        full = np.repeat(np.repeat(grid, tile[0], 0), tile[1], 1)[: shape[0], : shape[1]]
        mask = full & (rng.random(shape) < enc["density"])
    elif kind in ("all_of", "any_of"):
        mask = None
        for member in enc["of"]:
            other, more = admits(member, shape, rng, row_offset)
            fields.update(more)
            other = np.broadcast_to(other, shape)
            mask = other if mask is None else (
                mask & other if kind == "all_of" else mask | other)
    else:
        raise ValueError(f"expected a known encoding, but got {kind}")
    return np.broadcast_to(mask, shape).copy(), fields


def _take_rows(full, count, offset):
    """Rows offset .. offset + count of `full`; all False where it has none."""
    mask = np.zeros((count, full.shape[1]), bool)
    for row in range(count):
        if 0 <= row + offset < len(full):
            mask[row] = full[row + offset]
    return mask


def lists(grid):
    """(positions, coordinates) in i32 of a bool matrix of groups x entries."""
    counts = grid.sum(axis=1)
    positions = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
    return positions, np.nonzero(grid)[1].astype(np.int32)


def prune(values, n, m, axis):
    """Keeps the n largest magnitudes of each m along `axis`, the first of equals."""
    rows = np.moveaxis(values, axis, -1)
    extent = rows.shape[-1]
    padded = np.full(rows.shape[:-1] + (-(-extent // m) * m,), 0.0)
    padded[..., :extent] = rows
    groups = padded.reshape(rows.shape[:-1] + (-1, m))
    order = np.argsort(-np.abs(groups), axis=-1, kind="stable")
    keep = np.zeros(groups.shape, bool)
    np.put_along_axis(keep, order[..., :n], True, axis=-1)
    pruned = np.where(keep, groups, 0.0).reshape(padded.shape)[..., :extent]
    return np.moveaxis(pruned, -1, axis)


def restrict(enc, values, rng):
    """(values that fit the encoding, fields): admitted elements, pruned where n:m asks."""
    mask, fields = admits(enc, values.shape, rng)
    result = np.where(mask, values, 0.0)
    for member in members(enc):
        if member["k"] == "n_of_m":
            result = prune(result, member["n"], member["m"], member["axis"])
        if member["k"] == "block" and member.get("inner"):
            result = _prune_blocks(member, result)
    return result, fields


def _prune_blocks(enc, values):
    """n:m inside each block; groups begin at the block's edge."""
    inner, result = enc["inner"], np.zeros_like(values)
    for r in range(0, values.shape[-2], enc["b"]):
        for c in range(0, values.shape[-1], enc["c"]):
            box = (Ellipsis, slice(r, r + enc["b"]), slice(c, c + enc["c"]))
            axis = values.ndim - 2 + inner["axis"]
            result[box] = prune(values[box], inner["n"], inner["m"], axis)
    return result


def kept(rows, columns, enc, values):
    """Bool matrix of the elements that an activation's rule keeps; values in f64."""
    if enc["rule"] == "relu":
        return values > 0
    if enc["rule"] == "threshold":
        return (np.abs(values) > enc["value"]) | np.isnan(values)
    magnitude = np.where(np.isnan(values), np.inf, np.abs(values))
    order = np.argsort(-magnitude, axis=1, kind="stable")
    mask = np.zeros((rows, columns), bool)
    np.put_along_axis(mask, order[:, : enc["value"]], True, axis=1)
    return mask


def pack_n_of_m(enc, bits):
    """values and metadata (row_major) of an array of bits that fits the pattern."""
    n, m, axis = enc["n"], enc["m"], enc["axis"]
    rows = np.moveaxis(bits, axis, -1)
    groups = -(-rows.shape[-1] // m)
    width = 1 if m <= 2 else 2 if m <= 4 else 4
    values = np.zeros(rows.shape[:-1] + (groups * n,), bits.dtype)
    metadata = np.zeros(rows.shape[:-1] + (-(-groups * n * width // 8),), np.uint8)
    for index in np.ndindex(rows.shape[:-1]):
        for g in range(groups):
            group = [rows[index][i] for i in range(g * m, min(rows.shape[-1], (g + 1) * m))]
            group += [bits.dtype.type(0)] * (m - len(group))
            places = [i for i, value in enumerate(group) if value != 0]
            places += [i for i in range(m) if i not in places][: n - len(places)]
            for s, place in enumerate(sorted(places)):
                slot = g * n + s
                values[index][slot] = group[place]
                metadata[index][slot * width // 8] |= np.uint8(place << (slot * width % 8))
    return {"values": values, "metadata": metadata.view(np.int8)}


def pack_block(enc, bits, fields):
    """All fields of a block tensor of rank 2 or 3, given its lists and its bits."""
    cube = bits if bits.ndim == 3 else bits[None]
    positions, coordinates = fields["positions"], fields["coordinates"]
    groups = -(-cube.shape[1] // enc["b"])
    blocks = np.zeros((len(coordinates), enc["b"], enc["c"]), bits.dtype)
    for group in range(len(positions) - 1):
        expert, row = divmod(group, groups)
        for entry in range(positions[group], positions[group + 1]):
            r, c = row * enc["b"], coordinates[entry] * enc["c"]
            box = cube[expert, r : r + enc["b"], c : c + enc["c"]]
            blocks[entry, : box.shape[0], : box.shape[1]] = box
    packed = {"positions": positions, "coordinates": coordinates}
    order = {"order": fields["order"]} if enc.get("ordered") else {}
    if not enc.get("inner"):
        return {**packed, "values": blocks, **order}
    inner = dict(enc["inner"], axis=1 + enc["inner"]["axis"])
    if len(blocks) == 0:
        inner_fields = {name: array[:0] for name, array in pack_n_of_m(
            inner, np.zeros((1, enc["b"], enc["c"]), bits.dtype)).items()}
    else:
        inner_fields = pack_n_of_m(inner, blocks)
    return {**packed, **inner_fields, **order}


def pack_unstructured(enc, bits):
    """All fields of a matrix of bits; a tile is stored iff it holds a non-zero element."""
    height, width = enc.get("tile") or [64, 64]
    groups, across = -(-bits.shape[0] // height), -(-bits.shape[1] // width)
    words = height * width // 64
    positions, coordinates, bitmap, offsets, values = [0], [], [], [], []
    for group in range(groups):
        for column in range(across):
            tile = np.zeros((height, width), bits.dtype)
            box = bits[group * height : (group + 1) * height, column * width : (column + 1) * width]
            tile[: box.shape[0], : box.shape[1]] = box
            flat = tile.reshape(words, 64)
            if not flat.any():
                continue
            coordinates.append(column)
            row_bitmap, row_offsets = [], []
            for word in flat:
                row_offsets.append(len(values))
                present = np.nonzero(word)[0]
                row_bitmap.append(sum(1 << int(bit) for bit in present))
                values.extend(word[present])
            bitmap.append(row_bitmap)
            offsets.append(row_offsets)
        positions.append(len(coordinates))
    bitmap = np.array(bitmap, np.uint64).reshape(-1, words).view(np.int64)
    return {
        "positions": np.array(positions, np.int32),
        "coordinates": np.array(coordinates, np.int32),
        "bitmap": bitmap,
        "offsets": np.array(offsets, np.int32).reshape(-1, words),
        "values": np.array(values, bits.dtype),
    }
