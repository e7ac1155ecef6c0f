"""The SASS lint on hand-written kernels, and on what ptxas prints."""

import pathlib
import subprocess
import sys

import pytest

SCRIPTS = pathlib.Path(__file__).resolve().parents[2] / "tools" / "scripts"
sys.path.insert(0, str(SCRIPTS))

import lint_sass  # noqa: E402
import sasslib  # noqa: E402

SPARSE = "HGMMA.SP.64x256x32.F32.BF16 R24, gdesc[UR16], R24, {}, 0x0"
WAIT = "WARPGROUP.DEPBAR.LE gsb0, {:#x}"


def sass(*lines):
    """A listing of one kernel: labels end with a colon, all else is an instruction."""
    text, address = "\tFunction : test\n", 0
    for line in lines:
        if line.endswith(":"):
            text += f"{line}\n"
        else:
            text += f"        /*{address:04x}*/                   {line} ;\n"
            address += 16
    return text


def findings(*lines):
    return lint_sass.check_text(sass(*lines), "test")[0]


def sparse(register, commits=True):
    return SPARSE.format(register) + (", gsb0" if commits else "")


def loop(pending, *body):
    return (".L_x_0:", *body, WAIT.format(pending), "@P0 BRA `(.L_x_0)", "EXIT")


def test_good_loop():
    body = ("LDS R152, [R4]", sparse("R152", False), sparse("R152"))
    assert findings(*loop(0, *body)) == []


def test_bad_loop():
    body = ("LDS R152, [R4]", sparse("R152", False), sparse("R152"))
    found = findings(*loop(1, *body))
    # Both HGMMAs of the group read the word that the next iteration loads.
    assert len(found) == 2
    assert all("R152, the metadata of" in text for text in found)
    assert all("test:0x0" in text and "back edge 0x40 -> 0x0" in text for text in found)


def test_alternating_registers():
    body = (
        "LDS R152, [R4]", sparse("R152"), WAIT.format(1), "LDS R153, [R4+0x200]", sparse("R153"),
    )
    assert findings(*loop(1, *body)) == []
    # Two groups in flight keep the first word alive over the back edge.
    assert len(findings(*loop(2, *body))) == 1


def test_wait_counts_groups_and_not_instructions():
    one_group = (sparse("R152", False), sparse("R153", False), sparse("R154"), WAIT.format(1))
    assert len(findings(*one_group, "MOV R152, R1", "EXIT")) == 1
    three = (sparse("R152"), sparse("R153"), sparse("R154"), WAIT.format(2))
    assert findings(*three, "MOV R152, R1", "EXIT") == []
    assert len(findings(*three, "MOV R153, R1", "EXIT")) == 1


def test_uncommitted_outlives_waits():
    lines = (sparse("R152", False), WAIT.format(0), "MOV R152, R1")
    assert len(findings(*lines, sparse("R153"), "EXIT")) == 1


def test_group_without_result():
    empty = "HGMMA.64x8x16.F16 RZ, gdesc[URZ], RZ, !UPT, gsb0"
    assert findings(sparse("R152"), empty, WAIT.format(1), "MOV R152, R1", "EXIT") == []


def test_straight_line():
    (found,) = findings(sparse("R152"), "IMAD.U32 R152, RZ, RZ, UR4", WAIT.format(0), "EXIT")
    assert "straight line" in found and "'IMAD.U32 R152, RZ, RZ, UR4'" in found


BRANCH = (
    sparse("R152"), "@P0 BRA `(.L_x_1)", WAIT.format(0), "BRA `(.L_x_2)",
    ".L_x_1:", "{}", ".L_x_2:", "MOV R152, R1", "EXIT",
)


def branch(side):
    return [line.replace("{}", side) for line in BRANCH]


def test_branch_around_the_wait():
    (found,) = findings(*branch("NOP"))
    assert "test:0x50" in found and "(branch 0x10 -> 0x40)" in found


def test_wait_on_both_sides():
    assert findings(*branch(WAIT.format(0))) == []


def test_guarded_wait_may_not_happen():
    lines = (sparse("R152"), "@P0 " + WAIT.format(0), "MOV R152, R1", "EXIT")
    assert len(findings(*lines)) == 1


def test_guarded_write_may_happen():
    assert len(findings(sparse("R152"), "@!P1 LDS R152, [R4]", WAIT.format(0), "EXIT")) == 1


def test_reconvergence_goes_where_bssy_says():
    def kernel(target):
        return (
            "BSSY B0, `(.L_x_%d)" % target, sparse("R152"), "BSYNC B0",
            ".L_x_0:", "MOV R152, R1", "EXIT", ".L_x_1:", WAIT.format(0), "EXIT",
        )

    assert len(findings(*kernel(0))) == 1
    assert findings(*kernel(1)) == []


RS = "HGMMA.64x16x16.F32.BF16 R24, {}R32, gdesc[UR4], R24, gsb0"


@pytest.mark.parametrize("sign", ["", "-"])
@pytest.mark.parametrize("register, count", [(31, 0), (32, 1), (35, 1), (36, 0)])
def test_a_fragment(sign, register, count):
    found = findings(RS.format(sign), f"F2FP.BF16.F32.PACK_AB R{register}, R2, R3", WAIT.format(0), "EXIT")
    assert len(found) == count
    assert all("the A fragment" in text for text in found)


def test_a_fragment_and_metadata():
    wgmma = "QGMMA.SP.64x16x64.F32.E4M3.E4M3 R24, R32, gdesc[UR4], RZ, !UPT, R36, gsb0"
    for register, role in (("R33", "the A fragment"), ("R36", "the metadata")):
        (found,) = findings(wgmma, f"MOV {register}, R1", WAIT.format(0), "EXIT")
        assert role in found


def test_accumulators_and_descriptors_are_not_checked():
    lines = (RS.format(""), "MOV R24, R1", "UIADD3 UR4, UR4, 0x2, URZ", WAIT.format(0), "EXIT")
    assert findings(*lines) == []


@pytest.mark.parametrize("text, first, count", [
    ("LDS.128 R148, [R4]", 148, 4),
    ("LDS.64 R152, [R4+0x10]", 152, 2),
    ("LDSM.16.MT88.4 R4, [R20]", 4, 4),
    ("LDSM.16.M88 R4, [R20]", 4, 1),
    ("IMAD.WIDE.U32 R8, R9, R10, R11", 8, 2),
    ("SHFL.IDX PT, R5, R7, R4, 0x1f", 5, 1),
    ("LOP3.LUT P0, R6, R4, 0x1, RZ, 0xc0, !PT", 6, 1),
    ("HMMA.16816.F32.BF16 R8, R4, R6, R8", 8, 4),
    ("HMMA.16816.F16 R8, R4, R6, R8", 8, 2),
    ("HGMMA.64x256x16.F32.BF16 R24, gdesc[UR4], R24", 24, 128),
    ("HGMMA.64x64x16.F16 R24, gdesc[UR4], R24", 24, 16),
    ("IGMMA.64x8x32.S8.S8.SAT R24, gdesc[UR4], RZ", 24, 4),
    ("I2F.F64.S64 R4, R6", 4, 2),
    ("I2F.S64 R4, R6", 4, 1),
    ("F2I.S64.F64 R4, R6", 4, 2),
    ("F2F.F32.F64 R4, R6", 4, 1),
    ("CS2R R4, SRZ", 4, 2),
    ("ATOMG.E.ADD.F64.RN.STRONG.GPU PT, R4, desc[UR4][R2.64], R6", 4, 2),
    ("NEWOP.X R7, R8", 7, 1),
])
def test_written(text, first, count):
    ins = sasslib.parse_instruction(0, text)
    assert list(lint_sass.written(ins)) == list(range(first, first + count))


@pytest.mark.parametrize("text", [
    "STS.128 [R4+0x10], R8",
    "STG.E desc[UR4][R2.64], R5",
    "STSM.16.M88.4 [R3], R24",
    "ISETP.NE.U32.AND P0, PT, R12, RZ, PT",
    "SYNCS.PHASECHK.TRANS64.TRYWAIT P0, [R4+URZ], R5",
    "R2UR UR15, R0",
    "BAR.SYNC.DEFER_BLOCKING R4, 0x80",
    "LDGSTS.E.BYPASS.128 [R4], desc[UR4][R2.64]",
    "IADD3 RZ, P0, R4, R5, RZ",
])
def test_writes_no_register(text):
    assert list(lint_sass.written(sasslib.parse_instruction(0, text))) == []


def test_indirect_branch():
    lines = [sparse("R152"), 'BRXU UR4 -0x70  (*"BRANCH_TARGETS .L_x_1,.L_x_2"*)', ".L_x_1:",
             WAIT.format(0), "EXIT", ".L_x_2:", "MOV R152, R1", "EXIT"]
    (found,) = findings(*lines)
    assert "no write of R152" in found
    # Without the targets the lint says that it cannot follow, and never passes.
    lines[1] = "BRXU UR4 -0x70"
    (found,) = findings(*lines)
    assert "expected a jump whose targets are known" in found


def test_call_is_followed():
    lines = (sparse("R152"), "CALL.REL.NOINC `($f)", WAIT.format(0), "EXIT",
             "$f:", "MOV R152, R1", "RET.REL.NODEC R2 `(test)")
    assert len(findings(*lines)) == 1


def test_numeric_targets():
    text = sass("LDS R152, [R4]", sparse("R152"), WAIT.format(1), "@P0 BRA 0x0", "EXIT")
    (found,) = lint_sass.check_text(text, "test")[0]
    assert "back edge 0x30 -> 0x0" in found


def test_encodings_beside_the_text():
    text = (
        "\t\tFunction : k\n"
        "        /*0000*/                   NOP ;       /* 0x00000a00ff017b82 */\n"
        "                                               /* 0x000fe20000000800 */\n"
        "        /*0010*/                   EXIT ;      /* 0x000000000000794d */\n"
    )
    (kernel,) = sasslib.parse(text)
    assert kernel.name == "k" and [ins.opcode for ins in kernel.instructions] == ["NOP", "EXIT"]


def test_kernels_are_apart():
    def section(name, pending):
        lines = ("LDS R2, [R4]", sparse("R2"), WAIT.format(pending), "@P0 BRA 0x0", "EXIT")
        return f'\t.section\t.text.{name},"ax",@progbits\n{name}:\n' + sass(*lines).split("\n", 1)[1]

    found, kernels, wgmmas = lint_sass.check_text(section("good", 0) + section("bad", 1), "test")
    assert (kernels, wgmmas, len(found)) == (2, 2, 1) and found[0].startswith("bad:0x0")


def test_wgmma_of_another_form_is_no_silent_pass():
    with pytest.raises(sasslib.SassError, match="expected a metadata register at 0x0, but got"):
        findings("HGMMA.SP.64x8x32.F32.BF16 R24, gdesc[UR4], RZ, !UPT, UR3, 0x0, gsb0")
    with pytest.raises(sasslib.SassError, match="expected the operands of a wgmma"):
        findings("HGMMA.64x8x32.F32.BF16 R24, tmem[UR4], RZ, gsb0")


CLEAN = """ptxas info    : Compiling entry function 'k' for 'sm_90a'
ptxas info    : Function properties for k
    0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
ptxas info    : Used 168 registers, used 16 barriers
"""


@pytest.mark.parametrize("line", [
    "(C7511) Potential Performance Loss: wgmma.mma_async instructions are serialized due to "
    "insufficient register resources for the wgmma pipeline in the function 'k'",
    "(C7519) warpgroup.arrive is injected in around line 281 by compiler to allow use of "
    "registers in GMMA in function 'k'",
    "(C7508) Potential Performance Loss: 'setmaxnreg' ignored; unable to determine register "
    "count at entry.",
])
def test_advice(line):
    assert lint_sass.check_advice(CLEAN) == ([], 1)
    (found,) = lint_sass.check_advice(f"ptxas info    : {line}\n" + CLEAN)[0]
    assert line in found


def test_spills():
    (found,) = lint_sass.check_advice(CLEAN.replace("0 bytes spill loads", "8 bytes spill loads"))[0]
    assert found == "k: expected no spills, but got 0 bytes spill stores, 8 bytes spill loads"


def run(*arguments, text=""):
    command = [sys.executable, str(SCRIPTS / "lint_sass.py"), *arguments]
    return subprocess.run(command, input=text, capture_output=True, text=True)


def test_exit_status():
    body = ("LDS R2, [R4]", sparse("R2"))
    good = run("-", text=sass(*loop(0, *body)))
    assert good.returncode == 0 and good.stdout == "-: 1 kernels, 1 wgmmas checked, 0 findings\n"
    bad = run("-", text=sass(*loop(1, *body)))
    assert bad.returncode == 1 and "1 findings" in bad.stdout
    for text in ("", "no code\n"):
        none = run("-", text=text)
        assert none.returncode == 2
        assert f"expected SASS instructions, but got '{text.strip()}'" in none.stderr
    assert run("--ptxas", "-", text="no PTX").returncode == 2
    assert run("/does/not/exist").returncode == 2
    assert run("--self-test").returncode == 0


PTX = """.version 8.0
.target sm_90a
.address_size 64
.visible .entry k() { %s ret; }
"""


@pytest.mark.skipif(not sasslib.find_tool("ptxas"), reason="needs ptxas")
def test_ptxas():
    good = run("--ptxas", "-", text=PTX % "")
    assert good.returncode == 0 and "1 functions assembled, 0 findings" in good.stdout
    # Without .reqntid or .maxntid ptxas does not know the registers at entry.
    ignored = run("--ptxas", "-", text=PTX % "setmaxnreg.dec.sync.aligned.u32 24;")
    assert ignored.returncode == 1 and "'setmaxnreg' ignored" in ignored.stdout
    refused = run("--ptxas", "-", text=PTX % "no.such.instruction;")
    assert refused.returncode == 2 and "expected PTX that ptxas takes" in refused.stderr
    empty = run("--ptxas", "-", text=".version 8.0\n.target sm_90a\n.address_size 64\n")
    assert empty.returncode == 2 and "PTX without code" in empty.stderr


@pytest.mark.skipif(
    not sasslib.find_tool("ptxas") or not (sasslib.find_tool("nvdisasm") or sasslib.find_tool("cuobjdump")),
    reason="needs ptxas, and nvdisasm or cuobjdump",
)
def test_ptx_to_sass():
    result = run("-", text=PTX % "")
    assert result.returncode == 0 and "1 kernels, 0 wgmmas checked" in result.stdout
