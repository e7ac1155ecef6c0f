"""The contenders of a row: this compiler's kernels, cuBLAS, cuSPARSELt, torch's BSR."""

import itertools
import re
import statistics

import torch

import sparsity
from harness import Contender

DTYPES = {"bf16": torch.bfloat16, "f16": torch.float16, "fp8": torch.float8_e4m3fn}


def first_line(error):
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def random_matrix(rows, columns, dtype, seed):
    """Standard normal; 8-bit floats hold exactly what the reference is computed from."""
    generator = torch.Generator("cuda").manual_seed(seed)
    values = torch.randn(rows, columns, device="cuda", generator=generator,
                         dtype=torch.float32 if dtype == "fp8" else DTYPES[dtype])
    return values.to(DTYPES[dtype])


def prune_2_of_4(weight):
    """`weight` with the two largest magnitudes of each 4 along the rows kept."""
    groups = weight.float().view(weight.shape[0], -1, 4)
    kept = groups.abs().topk(2, dim=2).indices
    mask = torch.zeros_like(groups, dtype=torch.bool).scatter_(2, kept, True)
    return torch.where(mask, groups, 0.0).view_as(weight).to(weight.dtype)


def prune_blocks(weight, block, density):
    """(`weight` with a random share of its blocks kept, the share of elements kept)."""
    n, k = weight.shape
    grid = (-(-n // block), -(-k // block))
    generator = torch.Generator("cuda").manual_seed(n * 31 + k + block)
    order = torch.rand(grid[0] * grid[1], device="cuda", generator=generator).argsort()
    kept = torch.zeros(grid[0] * grid[1], dtype=torch.bool, device="cuda")
    kept[order[: max(1, round(density * kept.numel()))]] = True
    mask = kept.view(grid).repeat_interleave(block, 0).repeat_interleave(block, 1)[:n, :k]
    pruned = torch.where(mask, weight, torch.zeros((), dtype=weight.dtype, device="cuda"))
    return pruned, float(mask.float().mean())


def prune_elements(weight, density):
    """(`weight` with a random share of its elements kept, that share)."""
    generator = torch.Generator("cuda").manual_seed(weight.shape[0] * 31 + weight.shape[1])
    mask = torch.rand(weight.shape, device="cuda", generator=generator) < density
    pruned = torch.where(mask, weight, torch.zeros((), dtype=weight.dtype, device="cuda"))
    return pruned, float(mask.float().mean())


class Weights:
    """One layer's weights in every contender's form; forms are made when first asked for."""

    def __init__(self, row):
        self.row, self._packed, self._compressed = row, {}, None
        self.dense = random_matrix(row.n, row.k, row.dtype, row.n * 7 + row.k)
        self.density = 1.0
        if row.block:
            self.pruned, self.density = prune_blocks(self.dense, row.block, row.density)
        elif row.pattern == "bitmap":
            self.pruned, self.density = prune_elements(self.dense, row.density)
        elif row.pattern == "2:4":
            self.pruned = prune_2_of_4(self.dense)
        else:
            self.pruned = self.dense

    @staticmethod
    def key(row):
        return row.n, row.k, row.dtype, row.pattern, row.density

    def packed(self, storage):
        """As the compiled function stores it; `storage` is storage_form()."""
        if storage not in self._packed:
            host = self.pruned.cpu()
            layout, merged, is_dense = storage
            if self.row.block:
                block = (self.row.block, self.row.block)
                found = sparsity.pack_block(host, block, merged=merged)
            elif self.row.pattern == "bitmap":
                found = sparsity.pack_unstructured(host, layout=layout)
            else:
                found = sparsity.pack_n_of_m(host, 2, 4, axis=1, layout=layout)
            found = sparsity.store_dense(found) if is_dense else found
            self._packed[storage] = found.to("cuda")
        return self._packed[storage]

    def compressed(self):
        """cuSPARSELt's form; RuntimeError if it takes no such weights."""
        if self._compressed is None:
            self._compressed = torch._cslt_compress(self.pruned)
        return self._compressed


def reference(x, weight):
    """The product in f32; TF32 is off."""
    return x.float() @ weight.float().t()


# ---------------------------------------------------------------------------------------
# This compiler
# ---------------------------------------------------------------------------------------


def storage_form(program, argument=1):
    """(layout, merged sizes, whether densely) of how an encoded argument of `main` is stored."""
    for entry in program.functions["main"]["arguments"]:
        if entry.get("arg") == argument and entry["kind"] == "field":
            layout = re.search(r"layout = (\w+)", entry["type"])
            merged = re.search(r"merged = (\d+)x(\d+)", entry["type"])
            return (layout.group(1) if layout else "row_major",
                    tuple(map(int, merged.groups())) if merged else None,
                    "stored_dense<" in entry["type"])
    raise ValueError(f"expected argument {argument} of main to be encoded, but got a dense one")


def ours(name, kernel, program, config, weights):
    if name == "ours":
        weight, kind = weights.packed(storage_form(program)), "pruned"
    else:
        weight, kind = weights.dense, "dense"

    def prepare(x, weight, y):
        bound = kernel.bind([x, weight, y])
        return lambda: bound.launch(torch.cuda.current_stream())

    return Contender(name, config, weight, kind, prepare,
                     weights.density if name == "ours" else 1.0)


# ---------------------------------------------------------------------------------------
# Libraries
# ---------------------------------------------------------------------------------------


def cublas(weights):
    """torch.mm; for 8-bit floats _scaled_mm with scales of 1, in both ways to accumulate."""
    if weights.row.dtype != "fp8":
        def prepare(x, weight, y):
            def call():
                torch.mm(x, weight.t(), out=y)

            return call

        return [Contender("cublas", "", weights.dense, "dense", prepare)]
    one = torch.ones((), device="cuda")

    def prepare_scaled(fast):
        def prepare(x, weight, y):
            def call():
                torch._scaled_mm(x, weight.t(), one, one, out_dtype=torch.bfloat16,
                                 use_fast_accum=fast, out=y)

            return call

        return prepare

    return [Contender("cublas", f"fast_accum={fast}", weights.dense, "dense",
                      prepare_scaled(fast)) for fast in (True, False)]


def cusparselt(weights, algorithm, split, mode, transpose):
    out_dtype = torch.bfloat16 if weights.row.dtype == "fp8" else None

    def prepare(x, weight, y):
        def call():
            # W x^T, whose transpose is the result.
            out = torch._cslt_sparse_mm(
                weight, x.t(), out_dtype=out_dtype, transpose_result=transpose,
                alg_id=algorithm, split_k=split, split_k_mode=mode)
            return out if transpose else out.t()

        return call

    config = f"alg={algorithm}" + (f" split={split},{mode}" if split != 1 else "")
    config += " transposed" if transpose else ""
    return Contender("cusparselt", config, weights.compressed(), "pruned", prepare)


def search_cusparselt(x, weights):
    """Every (algorithm, split, mode, transpose): all algorithms, and what its search names."""
    out_dtype = torch.bfloat16 if weights.row.dtype == "fp8" else None
    found, refused = [], []
    for transpose in (True, False):
        try:
            algorithm, split, mode, last = torch._C._cusparselt.mm_search(
                weights.compressed(), x.t(), None, None, out_dtype, transpose)
        except (AttributeError, RuntimeError) as error:
            refused.append(first_line(error))
            continue
        # A mode without a split changes nothing, but keeps apart from the search what torch
        # has cached of it under algorithm 0 and mode -1.
        choices = [(index, 1, 0) for index in range(max(last, algorithm) + 1)]
        if split != 1:
            choices.append((algorithm, split, mode))
        found += [(*choice, transpose) for choice in choices]
    if not found:
        raise RuntimeError("cuSPARSELt's search: " + "; ".join(refused))
    return found


def fastest(candidates, sets, row, expected, keep):
    """The `keep` fastest correct ones of `candidates` by a few replays, ready to be measured.

    RuntimeError with every reason if none is.
    """
    found, refused = [], []
    for make in candidates:
        contender = None
        try:
            contender = make()
            contender.build(sets, row.launches)
            contender.verify(expected[contender.reference])
        except Exception as error:  # whatever a library raises is its reason
            label = contender.label() if contender else ""
            refused.append(f"{label}: {first_line(error)}")
            continue
        median = statistics.median(itertools.chain(*(contender.bursts() for _ in range(5))))
        found.append((median, contender))
        found.sort(key=lambda pair: pair[0])
        for _, slow in found[keep:]:
            slow.release()
        del found[keep:]
    if not found:
        raise RuntimeError("; ".join(refused))
    return [contender for _, contender in found]


def cusparselt_candidates(x, weights):
    return [lambda choice=choice: cusparselt(weights, *choice)
            for choice in search_cusparselt(x, weights)]


def torch_bsr_candidates(weights):
    """torch's Triton kernels with BSR weights: as the left operand, and through linear."""
    blocks = (weights.row.block, weights.row.block)
    matrix = weights.pruned.to_sparse_bsr(blocks)

    def prepare_left(x, weight, y):
        from torch.sparse._triton_ops import bsr_dense_addmm

        # Not read where beta is 0.
        out = torch.empty(weight.shape[0], x.shape[0], dtype=y.dtype, device=y.device)

        def call():
            bsr_dense_addmm(out, weight, x.t(), beta=0, out=out)
            return out.t()

        return call

    def prepare_linear(x, weight, y):
        return lambda: torch.nn.functional.linear(x, weight)

    return [lambda: Contender("torch-bsr", "W x^T", matrix, "pruned", prepare_left),
            lambda: Contender("torch-bsr", "linear", matrix, "pruned", prepare_linear)]
