"""The rows of the benchmarks: shapes, kinds of weights, their programs. Needs no GPU.

y[m, n] = x[m, k] W[n, k]^T. Row sets:

    prefill   2:4 weights, m >= 1024       decode   2:4 weights, few tokens
    fp8       2:4 weights, e4m3 to bf16    dense    our dense kernel on the prefill rows
    block     block weights                extra    more layers of language models, odd sizes
                                           odd      the odd sizes alone
    block-decode  block weights, few tokens
    bitmap    weights with any elements, few tokens; only where it is named
"""

import dataclasses

LAYERS = ((4096, 4096), (14336, 4096), (4096, 14336), (28672, 8192), (8192, 28672))
PREFILL = (1024, 4096, 8192)
DECODE = (16, 128)
ALL_DECODE = (1, 8, 16, 32, 64, 128)
BLOCK_SHAPES = ((4096, 4096, 4096), (14336, 4096, 4096))
BLOCKS = (128, 64)
DENSITIES = (0.10, 0.25, 0.50)
BITMAP_LAYERS = LAYERS[:3]
BITMAP_DENSITIES = (0.5, 0.4, 0.3, 0.2)
EXTRA_LAYERS = (
    (10240, 8192),  # Llama 3 70B, queries, keys and values
    (13824, 5120),  # Qwen2.5 14B, gate or up
    (5120, 13824),  # Qwen2.5 14B, down
    (24576, 3072),  # Gemma 7B, gate or up
    (7168, 2048),  # DeepSeek V3, down of one expert
)
EXTRA = (16, 1024, 4096)
# Sizes that fill no tile: of tokens, of outputs, of the reduction, of all.
ODD = ((4096, 4096, 1000), (4096, 4096, 77), (14336, 4096, 333), (4104, 4096, 1024),
       (4096, 4112, 1024), (4104, 4112, 1000))

SETS = ("prefill", "decode", "fp8", "dense", "block", "extra")
# Those that a run of everything leaves out: it has to fit into eight minutes.
OTHER_SETS = ("bitmap",)
MLIR_TYPES = {"bf16": "bf16", "f16": "f16", "fp8": "f8E4M3FN"}

# Tokens up to here are decode: weights are read from memory, cold.
MOST_DECODE_TOKENS = 512


@dataclasses.dataclass(frozen=True)
class Row:
    """`pattern` is 2:4, dense, block128, block64 or bitmap; `density` is that of the blocks or
    elements."""

    group: str
    n: int
    k: int
    m: int
    dtype: str = "bf16"
    pattern: str = "2:4"
    density: float = 1.0

    @property
    def name(self):
        name = f"{self.group}/{self.n}x{self.k}x{self.m}"
        dense = self.pattern in ("2:4", "dense")
        return name if dense else f"{name}/{self.pattern}@{self.density:g}"

    @property
    def block(self):
        return int(self.pattern[5:]) if self.pattern.startswith("block") else 0

    @property
    def is_decode(self):
        return self.m <= MOST_DECODE_TOKENS

    @property
    def result(self):
        """The element type of the result."""
        return "bf16" if self.dtype == "fp8" else self.dtype

    @property
    def competitors(self):
        if self.pattern == "dense":
            return ("cublas", "ours-dense")
        if self.pattern == "bitmap":
            return ("cublas", "ours", "ours-dense")
        sparse_library = "torch-bsr" if self.block else "cusparselt"
        return ("cublas", sparse_library, "ours", "ours-dense")

    @property
    def encoding(self):
        """The encoding of W; empty for a dense one."""
        if self.block:
            return f"#sparsity.block<{self.block}x{self.block}>"
        if self.pattern == "bitmap":
            return "#sparsity.unstructured"
        return "#sparsity.n_of_m<2:4, axis = 1>" if self.pattern == "2:4" else ""

    @property
    def launches(self):
        """Launches of one graph, at least."""
        return 20 if self.is_decode else 4


def make_rows(names, all_decode=False, dtype="bf16"):
    """The rows of the sets `names`, or of shapes written 4096x4096x1024, without repetition."""
    rows = []
    for name in names:
        if name == "prefill":
            rows += [Row(name, n, k, m, dtype) for n, k in LAYERS for m in PREFILL]
        elif name == "decode":
            rows += [Row(name, n, k, m, dtype) for n, k in LAYERS for m in DECODE]
            if all_decode:
                rows += [Row("decode-more", n, k, m, dtype) for n, k in LAYERS
                         for m in ALL_DECODE if m not in DECODE]
        elif name == "fp8":
            rows += [Row(name, n, k, m, "fp8") for n, k in LAYERS for m in PREFILL]
        elif name == "dense":
            # The prefill rows time our dense kernel too.
            if "prefill" not in names:
                rows += [Row(name, n, k, m, dtype, "dense") for n, k in LAYERS for m in PREFILL]
        elif name == "block":
            rows += [Row(name, *shape, dtype, f"block{block}", density) for shape in BLOCK_SHAPES
                     for block in BLOCKS for density in DENSITIES]
        elif name == "block-decode":
            rows += [Row(name, n, k, m, dtype, f"block{block}", density)
                     for n, k, _ in BLOCK_SHAPES for m in DECODE for block in BLOCKS
                     for density in DENSITIES]
        elif name == "bitmap":
            rows += [Row(name, n, k, m, dtype, name, density) for n, k in BITMAP_LAYERS
                     for density in BITMAP_DENSITIES for m in DECODE]
        elif name == "extra":
            rows += [Row("extra-decode" if m <= MOST_DECODE_TOKENS else "extra-prefill",
                         n, k, m, dtype) for n, k in EXTRA_LAYERS for m in EXTRA]
            rows += make_rows(["odd"], dtype=dtype)
        elif name == "odd":
            rows += [Row("extra-odd", *shape, dtype) for shape in ODD]
        else:
            rows.append(Row("given", *parse_shape(name), dtype))
    return list(dict.fromkeys(rows))


def parse_shape(text):
    """(n, k, m) of 4096x14336x16."""
    sizes = text.split("x")
    if len(sizes) != 3 or not all(size.isdigit() for size in sizes):
        raise ValueError(
            f"expected row sets among {', '.join(SETS + OTHER_SETS)} or a shape NxKxM, but got {text}")
    n, k, m = map(int, sizes)
    if min(n, k, m) < 1 or k % 4:
        raise ValueError(f"expected positive sizes, K a multiple of 4, but got {text}")
    return n, k, m


def find_row(name, dtype="bf16"):
    """The row that is printed as `name`; a shape alone is a 2:4 row."""
    sets = SETS + OTHER_SETS
    for row in make_rows(("dense",), dtype=dtype) + make_rows(sets, True, dtype):
        if row.name == name:
            return row
    if "/" in name:
        raise ValueError(f"expected the name of a row (--list prints them), but got {name}")
    return make_rows((name,), dtype=dtype)[0]


def parse_sweep(lines):
    """{row: [pipeline options]} of a CSV with the header n,k,m,options and optionally kind.

    `kind` is 2:4 (if it is left out), dense, fp8, or blocks or elements of a density:
    block128@0.1, bitmap@0.5. Without `kind`, the commas of options need no quotes.
    """
    import csv

    reader = csv.reader(line for line in lines if line.strip() and not line.startswith("#"))
    header = [cell.strip() for cell in next(reader, [])]
    if header not in (["n", "k", "m", "options"], ["n", "k", "m", "kind", "options"]):
        raise ValueError("expected the header n,k,m,options or n,k,m,kind,options, but got "
                         + ",".join(header))
    kinds = {"2:4": ("bf16", "2:4", 1.0), "dense": ("bf16", "dense", 1.0),
             "fp8": ("fp8", "2:4", 1.0)}
    kinds |= {f"block{block}@{density:g}": ("bf16", f"block{block}", density)
              for block in BLOCKS for density in DENSITIES}
    kinds |= {f"bitmap@{density:g}": ("bf16", "bitmap", density)
              for density in BITMAP_DENSITIES}
    found = {}
    for number, cells in enumerate(reader, 2):
        before = len(header) - 1
        if len(cells) < before:
            raise ValueError(f"expected {len(header)} cells, but got {','.join(cells)}")
        kind = cells[3].strip() if before == 4 else "2:4"
        if kind not in kinds:
            raise ValueError(f"expected a kind among {', '.join(kinds)}, but got {kind}")
        row = Row("sweep-" + kind, *parse_shape("x".join(cell.strip() for cell in cells[:3])),
                  *kinds[kind])
        options = ",".join(cells[before:]).strip()
        if options not in found.setdefault(row, []):
            found[row].append(options)
    if not found:
        raise ValueError("expected at least one candidate, but got none")
    return found


PROGRAM = """
func.func @main(%x: tensor<{m}x{k}x{t}>, %w: tensor<{n}x{k}x{t}{encoding}>)
    -> tensor<{m}x{n}x{r}> {{
  %zero = arith.constant 0.0 : f32
  %axis = arith.constant 0 : index
  %rows = tensor.dim %x, %axis : tensor<{m}x{k}x{t}>
  %empty = tensor.empty({rows}) : tensor<{m}x{n}xf32>
  %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<{m}x{n}xf32>)
      -> tensor<{m}x{n}xf32>
  %sum = linalg.matmul
      indexing_maps = [affine_map<(i, j, l) -> (i, l)>, affine_map<(i, j, l) -> (j, l)>,
                       affine_map<(i, j, l) -> (i, j)>]
      ins(%x, %w : tensor<{m}x{k}x{t}>, tensor<{n}x{k}x{t}{encoding}>)
      outs(%init : tensor<{m}x{n}xf32>) -> tensor<{m}x{n}xf32>
  %out = tensor.empty({rows}) : tensor<{m}x{n}x{r}>
  %y = linalg.generic {{indexing_maps = [affine_map<(i, j) -> (i, j)>,
                                        affine_map<(i, j) -> (i, j)>],
                       iterator_types = ["parallel", "parallel"]}}
      ins(%sum : tensor<{m}x{n}xf32>) outs(%out : tensor<{m}x{n}x{r}>) {{
  ^bb0(%a: f32, %o: {r}):
    %r = arith.truncf %a : f32 to {r}
    linalg.yield %r : {r}
  }} -> tensor<{m}x{n}x{r}>
  return %y : tensor<{m}x{n}x{r}>
}}
"""


def program_text(row, encoded, dynamic_m=False):
    """The program of a row; with `dynamic_m` one kernel for all numbers of tokens."""
    return PROGRAM.format(
        n=row.n, k=row.k, m="?" if dynamic_m else row.m, t=MLIR_TYPES[row.dtype], r=row.result,
        encoding=f", {row.encoding}" if encoded and row.encoding else "",
        rows="%rows" if dynamic_m else "")


def estimate_seconds(rows, rounds, idle_ms, sustained, candidates):
    """Device time of a run, roughly: compilation, data and checks, measurement.

    `candidates` are the configurations of each row of a sweep.
    """
    programs = sum(len(candidates.get(row, ("sparse", "dense"))) for row in rows)
    seconds = 30 + 0.4 * programs
    for row in rows:
        flops = 2.0 * row.n * row.k * row.m
        launch = max(flops / (1.2e15 if row.dtype == "fp8" else 7e14),
                     row.n * row.k * (1 if row.dtype == "fp8" else 2) / 4e12)
        # cuSPARSELt is measured in its two fastest forms.
        measured = 1 + len(candidates[row]) if row in candidates else len(row.competitors) + 1
        burst = (row.launches + 1) * launch
        seconds += measured * (0.65 if sustained else rounds * (idle_ms / 1000 + burst))
        # Random weights, packing on the host, the f32 reference, the search for algorithms.
        seconds += 0.5 + 5e-9 * row.n * row.k + flops / 4e13 + 60 * burst
    return seconds
