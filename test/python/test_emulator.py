"""Kernels of warpgroups, run instruction by instruction on the CPU (test/Emulator)."""

import pathlib
import re
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "Emulator"))

import cases  # noqa: E402
import copies  # noqa: E402
import ptx  # noqa: E402
import random_tiles  # noqa: E402
import run_emulated  # noqa: E402

WGMMA = "instruction=wgmma "
TF32 = random_tiles.ALLOW_TF32
ONE_GROUP = WGMMA + "tile=128,64,64 warps=4,1 stages=2 cluster=1"
TWO_GROUPS = WGMMA + "tile=128,64,64 warps=8,1 stages=3 cluster=2"
CASES = {
    # Boxes that leave the tensors on every side; a persistent loop with an odd number of
    # staged chunks in a tile.
    "sparse": (dict(n=200, k=264, m=77), TWO_GROUPS),
    "dense": (dict(n=200, k=264, m=150, sparse=False), TWO_GROUPS),
    # Columns that are no multiple of 64, and a tile of rows that is outside in one block.
    "sparse 152 columns": (
        dict(n=328, k=512, m=300, bias=True, relu=True),
        WGMMA + "tile=256,152,64 warps=8,1 stages=3 cluster=2",
    ),
    "W stored as [k, n]": (
        dict(n=256, k=200, m=72, sparse=False, transposed=True, residual=True),
        ONE_GROUP,
    ),
    "float8": (
        dict(n=192, k=400, m=40, dtype="f8E4M3FN"),
        WGMMA + "tile=128,40,128 warps=8,1 stages=4 cluster=2",
    ),
    "i8 to i32": (
        dict(n=192, k=384, m=80, dtype="i8", result="i32"),
        WGMMA + "tile=128,80,128 warps=4,1 stages=3 cluster=1",
    ),
    # The copies round to tf32, zeros behind the last block of packed values included.
    "tf32": (
        dict(n=328, k=132, m=77, dtype="f32", result="f32", bias=True),
        WGMMA + "tile=128,64,32 warps=8,1 stages=3 cluster=2" + TF32,
    ),
    "tf32, odd number of k-blocks, overlap": (
        dict(n=199, k=164, m=150, dtype="f32"),
        WGMMA + "tile=64,80,32 warps=8,1 stages=3 cluster=1 overlap" + TF32,
    ),
    "tf32, split": (
        dict(n=128, k=508, m=16, dtype="f32", result="f32"),
        WGMMA + "tile=64,16,32 warps=4,1 stages=3 cluster=1 splits=2" + TF32,
    ),
    "tf32, dense": (
        dict(n=200, k=132, m=150, dtype="f32", result="f32", sparse=False),
        WGMMA + "tile=128,64,32 warps=8,1 stages=3 cluster=2" + TF32,
    ),
    "tf32, dense, deferred": (
        dict(n=712, k=132, m=340, dtype="f32", sparse=False, relu=True),
        WGMMA + "tile=128,72,32 warps=8,1 stages=3 cluster=2 defer-stores" + TF32,
    ),
    "tf32, blocks, joined": (
        dict(n=520, k=224, m=200, dtype="f32", result="f32", block=(64, 32)),
        WGMMA + "tile=64,64,32 warps=8,1 stages=3 cluster=2" + TF32,
    ),
    "f32, odd columns": (dict(n=199, k=328, m=129, result="f32"), ONE_GROUP),
    # Lists of blocks, some of them empty, that leave the tensor at the end.
    "blocks": (dict(n=256, k=512, m=200, block=(128, 128)), WGMMA),
    "blocks, A shared": (
        dict(n=256, k=512, m=200, block=(128, 128)),
        WGMMA + "tile=128,64,64 warps=8,1 stages=3 cluster=2",
    ),
    "blocks of 64": (dict(n=328, k=320, m=77, block=(64, 64)), WGMMA),
    # Two consumers follow a list each: an odd number of rows, an even one, short lists.
    "blocks, joined": (
        dict(n=520, k=448, m=200, block=(64, 64)),
        WGMMA + "tile=64,64,64 warps=8,1 stages=3 cluster=2",
    ),
    "blocks, joined, alone": (
        dict(n=384, k=1024, m=150, block=(64, 128)),
        WGMMA + "tile=64,72,64 warps=8,1 stages=4 cluster=1",
    ),
    # The second block of a cluster has no column, and has to merge as the first one does.
    "blocks, joined, columns outside": (
        dict(n=520, k=304, m=16, block=(64, 64), relu=True),
        WGMMA + "tile=64,16,64 warps=8,1 stages=6 cluster=2",
    ),
    # In the order of the list, in rounds: more rounds than one, rows without a block, a last
    # row of blocks that is not whole.
    "blocks, ordered": (
        dict(n=1240, k=512, m=300, block=(128, 128)),
        WGMMA + "tile=128,64,64 warps=8,1 stages=3 cluster=2",
    ),
    "blocks, joined and ordered": (
        dict(n=520, k=448, m=200, block=(64, 64)),
        WGMMA + "tile=64,64,64 warps=8,1 stages=3 cluster=2",
    ),
    # Blocks of 32 in units of 64, of which some blocks are absent.
    "blocks of 32, merged": (dict(n=328, k=320, m=77, block=(32, 32)), WGMMA),
    "blocks of 32, merged and joined": (
        dict(n=520, k=448, m=200, block=(32, 16)),
        WGMMA + "tile=64,64,64 warps=8,1 stages=3 cluster=2",
    ),
    # Weights of a pattern that are stored and read as dense ones.
    "blocks, stored densely": (
        dict(n=200, k=264, m=150, block=(64, 64), stored_dense=True),
        TWO_GROUPS,
    ),
    "sparse, stored densely": (dict(n=200, k=264, m=77, stored_dense=True), WGMMA),
    # The dense kernel can split K.
    "nearly all blocks": (dict(n=256, k=1024, m=64, block=(64, 64), density=1.0), WGMMA),
    # Copies in boxes of half and of a quarter of a part, where the last tile ends outside: one row
    # of 128, just over a half of them, one in the second part of a cluster.
    "boxes at the edge, one row": (
        dict(n=64, k=256, m=129),
        WGMMA + "tile=64,128,64 warps=4,1 stages=3 cluster=1 splits=2",
    ),
    "boxes at the edge, over a half": (
        dict(n=64, k=256, m=77, sparse=False),
        WGMMA + "tile=64,128,64 warps=4,1 stages=3 cluster=1",
    ),
    "boxes at the edge, two parts": (
        dict(n=256, k=256, m=193),
        WGMMA + "tile=64,128,64 warps=4,1 stages=3 cluster=2",
    ),
    # Two products with a list each, one after the other.
    "blocks, gated": (
        dict(n=640, k=320, m=150, block=(128, 64), gated=True, bias=True),
        WGMMA + "tile=128,64,64 warps=8,1 stages=3 cluster=2",
    ),
    "blocks, joined, gated": (
        dict(n=328, k=320, m=77, block=(64, 64), gated=True),
        WGMMA + "tile=64,72,64 warps=8,1 stages=3 cluster=1",
    ),
    "blocks, joined, gated, stored by warps": (
        dict(n=256, k=512, m=7, block=(64, 128), gated=True, result="f32"),
        WGMMA + "tile=64,72,64 warps=8,1 stages=2 cluster=1",
    ),
    # Weights with any elements, decoded into registers: tiles of all shares of them, rows of
    # tiles without any, on every edge.
    "bitmap": (
        dict(n=200, k=264, m=13, sparse=False, bitmap=True),
        WGMMA + "tile=64,16,64 warps=4,1 stages=3",
    ),
    "bitmap, two rings": (
        dict(n=199, k=712, m=33, sparse=False, bitmap=True, bias=True, relu=True),
        WGMMA + "tile=64,40,64 warps=8,1 stages=2",
    ),
    "bitmap, f16, several tiles": (
        dict(n=456, k=200, m=150, sparse=False, bitmap=True, dtype="f16", result="f16"),
        WGMMA + "tile=64,64,64 warps=8,1 stages=2",
    ),
    "bitmap, three rings": (
        dict(n=328, k=2400, m=70, sparse=False, bitmap=True, relu=True),
        WGMMA + "tile=64,72,64 warps=12,1 stages=2",
    ),
    "bitmap, splits": (
        dict(n=136, k=1032, m=32, sparse=False, bitmap=True, residual=True),
        WGMMA + "tile=64,32,64 warps=12,1 stages=3 splits=2",
    ),
    "bitmap, splits without rings": (
        dict(n=72, k=328, m=70, sparse=False, bitmap=True, result="f32"),
        WGMMA + "tile=64,32,64 warps=4,1 stages=2 splits=4 overlap",
    ),
    # Lists shorter and longer than the ring, and than the lanes of a warp.
    "bitmap, overlap": (
        dict(n=456, k=2696, m=21, sparse=False, bitmap=True),
        WGMMA + "tile=64,24,64 warps=4,1 stages=5 overlap",
    ),
    "bitmap, overlap, three rings": (
        dict(n=392, k=456, m=16, sparse=False, bitmap=True),
        WGMMA + "tile=64,16,64 warps=12,1 stages=2 overlap",
    ),
    # Two products, whose records come one after the other.
    "bitmap, gated": (
        dict(n=136, k=1032, m=32, sparse=False, bitmap=True, gated=True),
        WGMMA + "tile=64,32,64 warps=8,1 stages=3 splits=2",
    ),
    "bitmap, chosen": (
        dict(n=328, k=520, m="?", sparse=False, bitmap=True),
        WGMMA + "tuning-table=none",
    ),
    # A tile is stored behind the first products of the next one, or without them where the next
    # one's list is empty.
    "dense, deferred": (
        dict(n=712, k=264, m=340, sparse=False, bias=True),
        WGMMA + "tile=128,72,64 warps=8,1 stages=3 cluster=2 defer-stores",
    ),
    "sparse, deferred": (
        dict(n=776, k=328, m=277),
        WGMMA + "tile=128,64,64 warps=8,1 stages=3 cluster=1 defer-stores",
    ),
    "blocks, deferred": (
        dict(n=1240, k=512, m=300, block=(128, 128), relu=True),
        WGMMA + "tile=128,64,64 warps=8,1 stages=3 cluster=2 defer-stores",
    ),
    # Each of the two consumers has tiles of its own, and they take turns.
    "dense, in turn": (
        dict(n=200, k=264, m=340, sparse=False),
        WGMMA + "tile=64,72,64 warps=8,1 stages=3 cluster=1",
    ),
    "sparse, in turn": (
        dict(n=456, k=328, m=150, bias=True),
        WGMMA + "tile=64,80,64 warps=8,1 stages=3 cluster=2",
    ),
    "odd number of k-blocks": (
        dict(n=136, k=328, m=200),
        WGMMA + "tile=128,96,64 warps=8,1 stages=3 cluster=2",
    ),
    "overlap": (dict(n=256, k=512, m=64), TWO_GROUPS + " overlap"),
    "overlap, split": (
        dict(n=128, k=1024, m=16),
        WGMMA + "tile=64,16,64 warps=4,1 stages=3 cluster=1 splits=2 overlap",
    ),
    # More k-blocks for a block than stages.
    "split": (
        dict(n=128, k=1024, m=16),
        WGMMA + "tile=64,16,64 warps=4,1 stages=3 cluster=1 splits=2",
    ),
}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("seed", [0, 1])
def test_kernel(translate_tool, runtime_library, name, seed):
    fields, options = CASES[name]
    outcome = run_emulated.run(cases.program(**fields), options, seed)
    assert outcome.passed, outcome


def test_nearly_all_blocks_are_stored_densely(translate_tool):
    fields, options = CASES["nearly all blocks"]
    text = cases.program(**fields)
    program = run_emulated.compile_program(text, "sm_90a", pipeline_options=options)
    (weights,) = [a for a in program.kernel().arguments if a["kind"] == "field"]
    assert "#sparsity.stored_dense<#sparsity.block<64x64>>" in weights["type"]
    (launch,) = program.kernel().launches
    copied = [one for one in launch["params"] if one.startswith("tensor_map of argument 1 ")]
    assert len(copied) == 1 and "wgmma.mma_async" in program.ptx


@pytest.mark.parametrize("number", range(0, 60, 5))
def test_random_tile(translate_tool, runtime_library, number):
    text, options, _ = random_tiles.make(number)
    outcome, output = random_tiles.emulate(text, options, number)
    assert outcome in ("ok", "refused"), output


@pytest.mark.parametrize("number", range(0, 40, 8))
def test_random_tile_of_tf32(translate_tool, runtime_library, number):
    text, options, _ = random_tiles.make(number, tf32=True)
    outcome, output = random_tiles.emulate(text, options, number)
    assert outcome in ("ok", "refused"), output


@pytest.mark.parametrize("number", range(0, 40, 5))
def test_random_bitmap_tile(translate_tool, runtime_library, number):
    text, options, _ = random_tiles.make_bitmap(number)
    outcome, output = random_tiles.emulate(text, options, number)
    assert outcome in ("ok", "refused"), output


@pytest.mark.parametrize("sparse", [False, True])
def test_missing_rounding_is_found(translate_tool, runtime_library, monkeypatch, sparse):
    monkeypatch.setattr(copies, "round_to_tf32", lambda elements: elements)
    text = cases.program(n=64, k=64, m=64, dtype="f32", result="f32", sparse=sparse)
    outcome = run_emulated.run(text, TF32)
    assert 1e-4 < outcome.error < 1e-3, outcome


@pytest.mark.parametrize("tokens", [1, 16, 17, 128, 200, 600])
def test_kernel_is_picked_by_columns(translate_tool, runtime_library, tokens):
    program = cases.program(n=256, k=512, m="?")
    outcome = run_emulated.run(program, WGMMA, seed=tokens, dynamic=tokens)
    assert outcome.passed, outcome
    assert outcome.expected.shape == (tokens, 256)


@pytest.mark.parametrize("tokens", [1, 33, 600])
def test_bitmap_kernel_is_picked_by_columns(translate_tool, runtime_library, tokens):
    program = cases.program(n=200, k=328, m="?", sparse=False, bitmap=True)
    outcome = run_emulated.run(program, WGMMA, seed=tokens, dynamic=tokens)
    assert outcome.passed, outcome
    assert outcome.expected.shape == (tokens, 200)


# What a kernel must not do, made by changing the text of one that is right.
DEFECTS = {
    "bytes that never come": (r"(mov\.b32\s+%r\d+), 24576;", r"\1, 24592;", "deadlock"),
    "no proxy fence": (r"fence\.proxy\.async[^;]*;", "", "no proxy fence"),
    "sums read in flight": (
        r"wgmma\.wait_group\.sync\.aligned\s+0;", "", "sums of the matrix instruction in flight"
    ),
    "sums not fenced": (r"wgmma\.fence[^;]*;", "", "wgmma.fence"),
    "no wait for copies": (
        r"mbarrier\.try_wait[^;]*?(\w+), \[[^;]*;", r"setp.eq.b32 \1, 0, 0;", "in flight|arrivals"
    ),
    "stores not waited for": (
        r"cp\.async\.bulk\.wait_group(\.read)?\s+\d;", "", "tensor stores?"
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", DEFECTS)
def test_defect_is_found(translate_tool, runtime_library, monkeypatch, name):
    pattern, replacement, message = DEFECTS[name]
    compile_program = run_emulated.compile_program

    def broken(*arguments, **options):
        program = compile_program(*arguments, **options)
        text, count = re.subn(pattern, replacement, program.ptx)
        assert count, f"expected {pattern} in the kernel"
        program.ptx = text
        return program

    monkeypatch.setattr(run_emulated, "compile_program", broken)
    text = cases.program(n=256, k=256, m=128, sparse=False)
    with pytest.raises(ptx.EmulationError, match=message):
        run_emulated.run(text, ONE_GROUP)


# The same for A in registers.
REGISTER_DEFECTS = {
    "A written in flight": (
        [(r"wgmma\.wait_group\.sync\.aligned\s+0;", "")], "A of the matrix instruction in flight"
    ),
    "A written behind the fence": (
        [
            (r"wgmma\.fence\.sync\.aligned;", ""),
            (r"(popc\.b32[^;]*;)", r"wgmma.fence.sync.aligned; \1"),
        ],
        "wgmma.fence after A was written",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REGISTER_DEFECTS)
def test_defect_of_registers_is_found(translate_tool, runtime_library, monkeypatch, name):
    changes, message = REGISTER_DEFECTS[name]
    compile_program = run_emulated.compile_program

    def broken(*arguments, **options):
        program = compile_program(*arguments, **options)
        for pattern, replacement in changes:
            program.ptx, count = re.subn(pattern, replacement, program.ptx)
            assert count, f"expected {pattern} in the kernel"
        return program

    monkeypatch.setattr(run_emulated, "compile_program", broken)
    text = cases.program(n=256, k=512, m=16, sparse=False, bitmap=True)
    with pytest.raises(ptx.EmulationError, match=message):
        run_emulated.run(text, WGMMA + "tile=64,16,64 warps=4,1 stages=3")
