"""What run-time lists have to hold, in NumPy and plain loops.

Written from docs/Spec.md; shares no code with the compiler.
"""

import numpy as np


def choose(logits, top_k, bias=None):
    """The experts [T, min(k, E)] that each token of `logits` [T, E] chooses, ascending."""
    key = np.where(np.isnan(logits), -np.inf, logits)
    if bias is not None:
        with np.errstate(over="ignore"):
            key = (1 / (1 + np.exp(-key.astype(np.float32)))).astype(np.float32) + bias
        key = np.where(np.isnan(key), -np.inf, key)
    best_first = np.argsort(-key, axis=1, kind="stable")
    return np.sort(best_first[:, : min(top_k, logits.shape[1])], axis=1)


def weigh(logits, chosen, score, order, renormalize, scale):
    """The weights [T, E] in f64 of the chosen experts, 0 elsewhere."""
    logits = np.where(np.isnan(logits), -np.inf, logits.astype(np.float64))
    mask = np.zeros(logits.shape, bool)
    np.put_along_axis(mask, chosen, True, axis=1)
    weights = np.zeros(logits.shape)
    for row, kept, out in zip(logits, mask, weights):
        if score == "sigmoid":
            with np.errstate(over="ignore"):
                terms = 1 / (1 + np.exp(-row))
            total = terms[kept].sum() if renormalize else 1.0
        else:
            top = row.max()
            if top == -np.inf:
                continue
            terms = np.array([1.0 if x == top else np.exp(x - top) for x in row])
            total = terms[kept].sum() if renormalize or order == "after" else terms.sum()
        if total > 0:
            out[kept] = terms[kept] / total * (1.0 if scale is None else scale)
    return weights


def route(logits, top_k, bias=None, score="softmax", order="before", renormalize=False,
          scale=None, capacity=None):
    """{"positions", "coordinates", "weights", "entries", "dense"} of a gate."""
    tokens, experts = logits.shape
    chosen = choose(logits, top_k, bias)
    weights = weigh(logits, chosen, score, order, renormalize, scale)
    lists = [[] for _ in range(experts)]
    for token in range(tokens):
        for expert in chosen[token]:
            if capacity is None or len(lists[expert]) < max(capacity, 0):
                lists[expert].append(token)
    entries = np.full((tokens, top_k), -1, np.int32)
    coordinates = np.zeros(tokens * top_k, np.int32)
    listed = np.zeros(tokens * top_k)
    dense = np.zeros(logits.shape)
    positions = [0]
    for expert, members in enumerate(lists):
        for token in members:
            entry = positions[-1] + members.index(token)
            coordinates[entry] = token
            listed[entry] = dense[token, expert] = weights[token, expert]
            entries[token, list(chosen[token]).index(expert)] = entry
        positions.append(positions[-1] + len(members))
    return {"positions": np.array(positions, np.int32), "coordinates": coordinates,
            "weights": listed, "entries": entries, "dense": dense}


def keep(values, rule, number=None):
    """Which elements [T, F] (bool) `threshold`, `top_k` or `relu` keeps."""
    values = values.astype(np.float64)
    size = np.abs(values)
    if rule == "relu":
        return values > 0
    if rule == "threshold":
        return np.isnan(values) | (size > number)
    kept = np.zeros(values.shape, bool)
    # A NaN counts as the largest, and as no larger than another NaN.
    for row, out in zip(size, kept):
        keys = [(not np.isnan(x), 0.0 if np.isnan(x) else -x, f) for f, x in enumerate(row)]
        out[[f for _, _, f in sorted(keys)[:number]]] = True
    return kept


def listing(values, kept):
    """{"positions", "coordinates", "dense"} of an activation [T, F]."""
    coordinates = np.zeros(values.size, np.int32)
    columns = np.nonzero(kept)[1]
    coordinates[: columns.size] = columns
    positions = np.concatenate([[0], np.cumsum(kept.sum(axis=1))]).astype(np.int32)
    return {"positions": positions, "coordinates": coordinates,
            "dense": np.where(kept, values, 0)}
