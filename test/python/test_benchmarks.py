"""What the benchmarks do without a GPU: rows, ratios, goals, files, the profiler's CSV."""

import math
import os
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "python" / "benchmarks"))

import bench_hopper  # noqa: E402
import compiling  # noqa: E402
import ncu  # noqa: E402
import report  # noqa: E402
import rows  # noqa: E402
import worker  # noqa: E402
from rows import Row  # noqa: E402


def test_row_sets():
    everything = rows.make_rows(rows.SETS)
    assert len({row.name for row in everything}) == len(everything) == 15 + 10 + 15 + 12 + 21
    prefill = rows.make_rows(("prefill",))
    assert {(row.n, row.k) for row in prefill} == set(rows.LAYERS)
    assert {row.m for row in prefill} == {1024, 4096, 8192}
    assert not any(row.is_decode for row in prefill)
    decode = rows.make_rows(("decode",), all_decode=True)
    assert {row.m for row in decode if row.group == "decode"} == {16, 128}
    assert {row.m for row in decode} == {1, 8, 16, 32, 64, 128}
    assert all(row.is_decode and row.launches == 20 for row in decode)
    fp8 = rows.make_rows(("fp8",))[0]
    assert fp8.result == "bf16" and "xf8E4M3FN" in rows.program_text(fp8, True)
    block = rows.make_rows(("block",))
    assert {row.block for row in block} == {64, 128}
    assert {row.density for row in block} == {0.1, 0.25, 0.5}
    bitmap = rows.make_rows(("bitmap",))
    assert {row.density for row in bitmap} == {0.2, 0.3, 0.4, 0.5}
    assert all(row.is_decode and not row.block for row in bitmap)
    assert "xbf16, #sparsity.unstructured>" in rows.program_text(bitmap[0], True)


def test_dense_rows_are_the_prefill_rows():
    dense = rows.make_rows(("dense",))
    assert all(row.competitors == ("cublas", "ours-dense") for row in dense)
    assert rows.make_rows(("dense", "prefill")) == rows.make_rows(("prefill",))
    shapes = [[(row.n, row.k, row.m) for row in rows.make_rows((name,))]
              for name in ("dense", "prefill", "fp8")]
    assert shapes[0] == shapes[1] == shapes[2]


@pytest.mark.parametrize("name", ["prefill/14336x4096x4096", "dense/4096x4096x1024",
                                  "block/4096x4096x4096/block64@0.25",
                                  "bitmap/4096x14336x16/bitmap@0.3", "decode-more/4096x4096x1"])
def test_rows_are_found_by_their_name(name):
    assert rows.find_row(name).name == name


@pytest.mark.parametrize("text", ["nothing", "12", "1x2", "4x6x1", "0x4x1", "4x4x-1", "a/4x4x4"])
def test_wrong_rows(text):
    with pytest.raises(ValueError, match="expected"):
        rows.find_row(text)


def test_a_shape_is_a_row():
    assert rows.find_row("77x44x5") == Row("given", 77, 44, 5)


def test_sweep():
    lines = ["# a comment", "n,k,m,options", "4096,4096,16,tile=128,16,64 stages=8", "",
             '4096,4096,16,"tile=64,16,64"', "4096,4096,16,tile=64,16,64", "256,512,1024,"]
    found = rows.parse_sweep(lines)
    assert found == {Row("sweep-2:4", 4096, 4096, 16): ["tile=128,16,64 stages=8", "tile=64,16,64"],
                     Row("sweep-2:4", 256, 512, 1024): [""]}
    kinds = rows.parse_sweep(["n,k,m,kind,options", "256,256,64,block128@0.25,stages=2",
                              "256,256,64,fp8,stages=2", "256,256,64,dense,stages=2"])
    assert [(row.dtype, row.pattern) for row in kinds] == [
        ("bf16", "block128"), ("fp8", "2:4"), ("bf16", "dense")]


@pytest.mark.parametrize("lines", [[], ["n,k,m"], ["n,k,m,options"], ["n,k,m,options", "1,2"],
                                   ["n,k,m,options", "a,4,1,"],
                                   ["n,k,m,kind,options", "4,4,4,coo,"]])
def test_wrong_sweeps(lines):
    with pytest.raises(ValueError, match="expected"):
        rows.parse_sweep(lines)


def test_estimate_grows_with_the_work():
    some, all_rows = rows.make_rows(("decode",)), rows.make_rows(rows.SETS)
    assert 0 < rows.estimate_seconds(some, 21, 25, False, {}) < rows.estimate_seconds(
        all_rows, 21, 25, False, {})
    # The run of everything has to fit into eight minutes.
    assert rows.estimate_seconds(all_rows, 21, 25, False, {}) < 480
    assert rows.estimate_seconds(all_rows, 21, 25, True, {}) < 480
    assert rows.estimate_seconds(some, 21, 25, False, {some[0]: [""] * 40}) > (
        rows.estimate_seconds(some, 21, 25, False, {}))


@pytest.mark.parametrize("row", [Row("t", 256, 128, 48), Row("t", 256, 128, 48, "f16"),
                                 Row("t", 256, 256, 48, "fp8"),
                                 Row("t", 256, 256, 48, "bf16", "block128", 0.5),
                                 Row("t", 256, 256, 48, "bf16", "block64", 0.5),
                                 Row("t", 256, 256, 48, "bf16", "bitmap", 0.5)])
@pytest.mark.parametrize("dynamic_m", [False, True])
@pytest.mark.parametrize("encoded", [False, True])
def test_programs_compile(translate_tool, row, encoded, dynamic_m):
    text = rows.program_text(row, encoded, dynamic_m)
    command = [translate_tool, "-", "--target=sm_90a", "--to-launch-json"]
    result = subprocess.run(command, input=text, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert (row.encoding[:12] in result.stdout) == encoded


def test_remarks():
    text = ('a.mlir:36:10: remark: [Passed] SelectConfig | Category:sparsity | '
            'Remark="mma.sp in bf16, tile 128x128x64"\n  %y = linalg.matmul\n'
            'a.mlir:28:17: remark: [Passed] ResolveStorage | Category:sparsity | Remark="argument"')
    assert compiling.parse_remarks(text) == "mma.sp in bf16, tile 128x128x64"
    assert compiling.parse_remarks("error: no") == ""


def test_remark_of_the_compiler(translate_tool):
    text = rows.program_text(Row("t", 256, 128, 48), True)
    assert "tile" in compiling.read_remark(text, "sm_80")
    assert "tile 64x" in compiling.read_remark(text, "sm_80", "tile=64,64,64 warps=2,2")


def test_density_hint(translate_tool):
    row = Row("t", 256, 256, 48, "bf16", "block64", 0.5)
    options = "density-hint dense-choice=never tuning-table=none"
    text, known = compiling.make_text(row, "ours", options, False)
    assert known == "dense-choice=never tuning-table=none"
    assert text.count("#sparsity.block<64x64>> {sparsity.density = 0.5 : f64})") == 1
    assert "at a density" not in compiling.read_remark(text, "sm_90a", known)
    # Rows of other densities have other programs then.
    sparser = Row("t", 256, 256, 48, "bf16", "block64", 0.1)
    for words, is_same in (("stages=3", True), (options, False)):
        keys = [compiling.program_key(one, "ours", words, False) for one in (row, sparser)]
        assert (keys[0] == keys[1]) == is_same
    assert compiling.make_text(row, "ours", "stages=3", False)[0] == rows.program_text(row, True)
    assert compiling.make_text(row, "ours-dense", options, False)[0] == rows.program_text(row, False)


def test_geometric_mean():
    assert report.geometric_mean([2, 8]) == pytest.approx(4)
    assert report.geometric_mean(iter([1.5])) == pytest.approx(1.5)
    assert math.isnan(report.geometric_mean([]))


def line(row, competitor, microseconds, **fields):
    samples = [microseconds * factor for factor in (0.9, 1, 1, 1, 1.3)]
    return report.make_line(row, competitor, samples_us=samples, error=1.7e-3, worst_element=0.01,
                            launches=4, sets=2, **fields)


def some_results(folder):
    """Two prefill rows, a decode row, a block row; of one row our kernel failed."""
    results = report.Results(folder)
    first, second, broken = rows.make_rows(("prefill",))[:3]
    decode = rows.make_rows(("decode",))[0]
    block = rows.make_rows(("block",))[0]
    results.environment = {"device": "a device"}
    results.lines = [
        line(first, "cublas", 160), line(first, "cusparselt", 125, config="alg=1"),
        line(first, "cusparselt", 115, config="alg=2, split"), line(first, "ours", 100),
        line(first, "ours-dense", 150),
        line(second, "cublas", 640), line(second, "ours", 400), line(second, "ours-dense", 640),
        report.make_line(second, "cusparselt", status="n/a", reason="not\nbuilt | in"),
        line(broken, "cublas", 1000),
        report.make_line(broken, "ours", status="failed", reason="wrong"),
        line(decode, "cublas", 33), line(decode, "ours", 20), line(decode, "ours-dense", 19),
        line(block, "cublas", 180), line(block, "torch-bsr", 80),
        line(block, "ours", 20, density=0.1),
    ]
    results.host = {"launch_us": 7.0, "to_cubin_s": {"2:4": 0.7, "dense": 2.5}}
    return results


def test_ratios(tmp_path):
    lines = some_results(tmp_path).lines
    name = lines[0]["row"]
    assert report.best(lines, name, "cusparselt")["config"] == "alg=2, split"
    assert report.ratio(lines, name, "cusparselt", "ours") == pytest.approx(1.15)
    assert report.ratio(lines, lines[9]["row"], "cublas", "ours") is None
    assert report.share_of_ideal(lines, lines[-1]["row"]) == pytest.approx(0.1 * 180 / 20)


def test_goals(tmp_path):
    found = {cells[0]: cells[3:] for cells in report.goal_rows(some_results(tmp_path))}
    assert found["prefill, 2:4 over cuSPARSELt"] == ("1.150", "1 of 3", "reached")
    assert found["prefill, 2:4 over cuBLAS"] == ("1.600", "2 of 3", "reached")
    assert found["decode, 2:4 over cuBLAS"] == ("1.650", "1 of 1", "reached")
    assert found["dense over cuBLAS"][0] == f"{math.sqrt(160 / 150):.3f}"
    assert found["fp8, 2:4 over cuBLAS fp8"] == ("n/a", "0 of 0", "not measured")
    assert found["block 128x128, share of ideal"] == ("0.900", "1 of 1", "reached")
    assert found["block 64x64, share of ideal"][2] == "not measured"
    assert found["sparse over own dense, worst row"] == ("0.950", "3 of 3", "MISSED")
    assert found["launch after the first, us of the host"][2] == "within the floor"
    # The slowest program counts.
    assert found["program to cubin, s, slowest"] == ("2.500", "1 of 1", "MISSED")


def test_goal_bounds():
    goals = {goal.title: goal for goal in report.GOALS}
    cslt = goals["prefill, 2:4 over cuSPARSELt"]
    assert (cslt.target, cslt.floor) == (1.15, 1.05)
    assert [cslt.judge(x) for x in (1.15, 1.1, 1.04, None)] == [
        "reached", "within the floor", "MISSED", "not measured"]
    launch = goals["launch after the first, us of the host"]
    assert [launch.judge(x) for x in (5, 10, 10.1)] == ["reached", "within the floor", "MISSED"]


def test_files(tmp_path):
    results = some_results(tmp_path / "new" / "folder")
    results.running = "a row"
    results.write()
    names = {path.name for path in results.folder.iterdir()}
    assert names == {"rows.csv", "summary.md", "environment.json"}
    again = report.Results(results.folder, resume=True)
    assert (again.host, again.running) == (results.host, "a row")
    assert report.format_csv(again.lines) == report.format_csv(results.lines)
    assert report.goal_rows(again) == report.goal_rows(results)
    assert again.done(rows.make_rows(("prefill",))[0])
    assert not again.done(rows.make_rows(("fp8",))[0])
    assert [one["competitor"] for one in again.failures()] == ["ours"]
    assert report.Results(results.folder).lines == []
    (tmp_path / "rows.csv").write_text("a,b\n1,2\n")
    with pytest.raises(ValueError, match="expected the columns of rows.csv"):
        report.Results(tmp_path, resume=True)


def test_a_write_that_fails_keeps_what_was_there(tmp_path, monkeypatch):
    path = tmp_path / "rows.csv"
    report.write_atomically(path, "old")

    def fail(*_):
        raise OSError("no space")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="no space"):
        report.write_atomically(path, "new")
    assert path.read_text() == "old"


def test_summary(tmp_path):
    text = report.format_summary(some_results(tmp_path))
    assert "| 4096 4096 1024 | 160.0 | 115.0 | 100.0 | 150.0 | 1.60x | 1.15x | 1.50x |" in text
    assert "Geometric mean, ours over cublas: 1.600 over 2 of 3 rows, worst 1.600." in text
    assert "block128 at 0.100" in text
    assert r"not built \| in" in text and "| failed | wrong |" in text
    widths = {row.count("|") for row in text.split("## prefill")[1].split("\n\n")[1].splitlines()}
    assert len(widths) == 1


def test_samples_of_a_line():
    one = line(Row("t", 4, 4, 4), "ours", 10.0)
    assert (one["median_us"], one["min_us"], one["max_us"], one["rounds"]) == (10, 9, 13, 5)
    assert len(one["samples_us"].split()) == 5


def test_sweep_goes_on_after_a_lost_candidate(tmp_path):
    path = tmp_path / "sweep.csv"
    path.write_text("n,k,m,options\n" + "".join(f"256,256,64,stages={i}\n" for i in (2, 3, 4)))
    arguments = bench_hopper.parse_arguments([f"--sweep={path}"])
    row, = arguments.chosen
    results = report.Results(tmp_path)
    assert worker.remaining(results, row, arguments)
    results.lines = [report.make_line(row, "ours", "stages=2", status="failed", reason="hangs"),
                     report.make_line(row, "ours", "[stages=3] mma", status="failed")]
    assert worker.remaining(results, row, arguments)
    assert arguments.candidates[row] == ["stages=4"]
    results.lines.append(line(row, "cublas", 10))
    assert not worker.remaining(results, row, arguments)


def test_command_line(tmp_path, capsys):
    assert bench_hopper.main(["--list", "--rows=decode,4104x4112x1000"]) == 0
    assert "given/4104x4112x1000" in capsys.readouterr().out
    for wrong in (["--rows=12"], ["--rounds=5"], ["--profile=a/b"], [f"--sweep={tmp_path}/none"]):
        with pytest.raises(SystemExit) as caught:
            bench_hopper.parse_arguments(wrong)
        assert caught.value.code == 2


WIDE = '''==PROF== Connected to process 12
"ID","Process ID","Kernel Name","dram__throughput.avg.pct_of_peak_sustained_elapsed","gpu__time_duration.sum","breakdown:l1tex__data_bank_reads.avg.pct_of_peak_sustained_elapsed","l1tex__data_bank_writes.avg.pct_of_peak_sustained_elapsed","lts__throughput.avg.pct_of_peak_sustained_elapsed","sm__pipe_tensor_cycles_active.avg.pct_of_peak_sustained_active","sm__pipe_tensor_cycles_active.avg.pct_of_peak_sustained_elapsed","smsp__inst_executed.sum"
"","","","%","us","%","%","%","%","%","inst"
"0","12","main_kernel0","12.5","1,364.25","61.5","20.0","76.25","75.0","73.5","1,000"
"1","12","reduce","80","2","1","n/a","30","0","0","9"
'''

LONG = '''"ID","Process ID","Kernel Name","Section Name","Metric Name","Metric Unit","Metric Value"
"0","12","nvjet, a template<1>","GPU Speed Of Light Throughput","Duration","ms","1.5"
"0","12","nvjet, a template<1>","GPU Speed Of Light Throughput","DRAM Throughput","%","33.1"
"0","12","nvjet, a template<1>","Command line","sm__pipe_tensor_cycles_active.avg.pct_of_peak_sustained_elapsed","%","93.2"
'''


def test_ncu_raw_page():
    first, second = ncu.parse(WIDE)
    assert first.name == "main_kernel0" and first.us == 1364.25
    assert first.share("tensor") == (73.5, "sm__pipe_tensor_cycles_active")
    assert first.share("smem") == (61.5, "l1tex__data_bank_reads")
    assert first.share("hbm")[0] == 12.5 and first.share("l2")[0] == 76.25
    assert second.share("smem")[0] == 1 and second.share("tensor")[0] == 0
    table = ncu.format_kernels([first, second])
    assert "73.5 %" in table and "main_kernel0" in table and "reduce" in table


def test_ncu_details_page():
    kernel, = ncu.parse(LONG)
    assert kernel.name == "nvjet, a template<1>" and kernel.us == 1500
    assert kernel.share("hbm")[0] == 33.1 and kernel.share("tensor")[0] == 93.2
    assert kernel.share("smem") is None
    assert "n/a" in ncu.format_kernels([kernel])


@pytest.mark.parametrize(
    "text", ["", "==ERROR== no permission", WIDE.splitlines()[1], '"ID","x"\n'])
def test_ncu_without_kernels(text, tmp_path, capsys):
    with pytest.raises(ValueError, match="expected"):
        ncu.parse(text)
    path = tmp_path / "ncu.csv"
    path.write_text(text)
    assert ncu.main([str(path)]) == 1
    assert "expected" in capsys.readouterr().err


def test_ncu_metrics_of_the_chip():
    available = ("Device NVIDIA\n----\ndram__throughput   Throughput %\n"
                 "sm__pipe_tensor_cycles_active  Counter cycle\nlts__t_sectors  Counter sector\n")
    assert ncu.wanted_metrics(available) == [
        "sm__pipe_tensor_cycles_active.avg.pct_of_peak_sustained_elapsed",
        "dram__throughput.avg.pct_of_peak_sustained_elapsed",
        "lts__t_sectors.avg.pct_of_peak_sustained_elapsed", "gpu__time_duration.sum"]
    with pytest.raises(ValueError, match="expected metrics"):
        ncu.wanted_metrics("no such chip")


@pytest.fixture(scope="module")
def harness():
    pytest.importorskip("torch")
    import harness

    return harness


def test_sets_leave_the_cache(harness):
    mib = 1 << 20
    assert harness.count_sets(18 * mib, 1, True) == 17  # 17 * 18 MiB of weights in decode
    assert harness.count_sets(500 * mib, 500 * mib, False) == 2
    assert harness.count_sets(20 * mib, 10 * mib, False) == 4
    assert harness.count_sets(1, 1, True) == harness.MOST_SETS


def test_wrong_results_are_found(harness):
    import torch

    generator = torch.Generator().manual_seed(3)
    expected = torch.randn(512, 768, generator=generator)
    right = expected.bfloat16()
    error, worst = harness.compare(right, expected)
    assert 1e-3 < error < 2.5e-3
    harness.check_errors(error, worst, right.dtype)
    one = right.clone()
    one[300, 5] += 0.5  # hides in the norm of the whole
    error, worst = harness.compare(one, expected)
    assert error < 1e-2
    with pytest.raises(harness.WrongResult, match="no element off by more"):
        harness.check_errors(error, worst, one.dtype)
    for wrong in (math.nan, math.inf):
        missing = right.clone()
        missing[-1, -1] = wrong
        with pytest.raises(harness.WrongResult, match="but got inf"):
            harness.check_errors(*harness.compare(missing, expected), missing.dtype)
    with pytest.raises(harness.WrongResult, match="relative error"):
        harness.check_errors(*harness.compare(1.02 * right, expected), right.dtype)


def test_weights_are_copied_as_a_whole(harness, runtime_library):
    import numpy as np
    import torch

    import sparsity

    dense = torch.eye(64).bfloat16()
    packed = sparsity.pack_n_of_m(dense, 2, 4, axis=1).to("cpu")
    blocks = sparsity.pack_block(np.eye(8, dtype=np.float32), (4, 4)).to("cpu")
    for weight, buffers in ((dense, 1), (packed, 2), (blocks, 4),
                            (dense.to_sparse_bsr((16, 16)), 3)):
        copy = harness.copy_weight(weight)
        ours, theirs = harness.tensors_of(weight), harness.tensors_of(copy)
        assert len(ours) == len(theirs) == buffers
        for one, other in zip(ours, theirs):
            assert torch.equal(one, other) and one.data_ptr() != other.data_ptr()
    assert harness.count_bytes(harness.tensors_of(packed)) == packed.nbytes


def test_pruning_keeps_the_largest(harness):
    import torch

    import contenders

    weight = torch.randn(32, 64, generator=torch.Generator().manual_seed(1))
    for dtype in (torch.bfloat16, torch.float8_e4m3fn):
        pruned = contenders.prune_2_of_4(weight.to(dtype))
        assert pruned.dtype == dtype
        groups = pruned.float().view(32, 16, 4)
        assert int((groups != 0).sum(dim=2).max()) == 2
        sums = weight.to(dtype).float().view(32, 16, 4).abs().sort(dim=2).values[:, :, 2:].sum()
        assert torch.allclose(groups.abs().sum(), sums)


def test_time_of_a_cubin(translate_tool):
    text = rows.program_text(Row("t", 256, 128, 48), True)
    try:
        assert 0 < compiling.time_cubin(text, "sm_80", repetitions=1) < 60
    except compiling.sparsity.CompileError as error:
        assert "expected the assembler ptxas" in str(error)
    with pytest.raises(compiling.sparsity.CompileError):
        compiling.time_cubin("func.func @main( {\n", "sm_80", repetitions=1)
