#!/usr/bin/env python3
"""SASS: no register that a wgmma in flight still reads is written.

A wgmma reads its metadata, and an A operand in registers, until a wait retires its
group. ptxas neither renames such a register nor warns when a program writes it too
early (across the back edge of a loop, say); the product is then wrong without a word.
This lint follows every path from each HGMMA, QGMMA, IGMMA and BGMMA to the wait that
retires it. Accumulators are not checked: ptxas orders them.

An input is a cubin, SASS text, or PTX, told apart by content; PTX is assembled first,
and what ptxas says of it is checked as well: no spills, no serialized wgmma, no waits of
ptxas' own, no ignored setmaxnreg. With --ptxas nothing else is checked, and no
disassembler is needed.

Exit status: 0 clean, 1 findings, 2 the input cannot be checked, 77 no input named.
"""

import argparse
import collections
import heapq
import itertools
import pathlib
import re
import subprocess
import sys
import tempfile

import lintlib
import sasslib
from sasslib import PREDICATE, SassError

# wgmma: D, [A,] descriptors, C, [predicate of C,] [metadata, [selector,]] [gsb0]
WGMMA = {"HGMMA", "QGMMA", "IGMMA", "BGMMA"}
# Their first register is a source: they set predicates, uniform registers or nothing.
NO_RESULT = set(
    "ISETP FSETP DSETP HSETP2 PSETP PLOP3 R2P FCHK WARPSYNC NANOSLEEP BAR B2B R2B "
    "BRX JMX CALL RET EXIT KILL SETLMEMBASE SETCTAID".split()
)
# Conversions, and the first types among their modifiers with which they write a pair.
WIDE_CONVERSIONS = {"F2F": {"F64"}, "FRND": {"F64"}, "I2F": {"F64"}, "F2I": {"S64", "U64"}}
REGISTER = re.compile(r"R(\d+)(?:\.[\w.]+)?$")
A_REGISTERS = 4  # m64 by 32 bytes of K, over 128 threads.

Wgmma = collections.namedtuple("Wgmma", "index instruction reads commits")
Finding = collections.namedtuple("Finding", "kernel wgmma index register role path")


def parse_wgmma(index, ins):
    """What the instruction reads from registers: {register: role}."""
    operands = list(ins.operands)
    commits = bool(operands) and operands[-1] == "gsb0"
    if commits:
        operands.pop()
    reads = {}
    body = operands[1:]
    fragment = re.match(r"-?R(\d+)", body[0]) if body else None
    if fragment:
        first = int(fragment.group(1))
        reads = {first + i: "the A fragment" for i in range(A_REGISTERS)}
        body = body[1:]
    if not body or not body[0].startswith("gdesc["):
        raise SassError(f"expected the operands of a wgmma at {ins.address:#x}, but got '{ins}'")
    if "SP" in ins.modifiers:
        tail = [part for part in body[2:] if not PREDICATE.match(part)]
        metadata = REGISTER.match(tail[0]) if tail else None
        if not metadata and tail[:1] != ["RZ"]:
            raise SassError(f"expected a metadata register at {ins.address:#x}, but got '{ins}'")
        if metadata:
            reads[int(metadata.group(1))] = "the metadata"
    return Wgmma(index, ins, reads, commits)


def result_width(ins):
    """How many registers from its first operand on an instruction writes."""
    kind, modifiers = ins.kind, ins.modifiers
    if kind in WGMMA:
        n = int(next(m for m in modifiers if m.startswith("64x")).split("x")[1])
        return n // 4 if "F16" in modifiers and "F32" not in modifiers else n // 2
    if kind in ("HMMA", "IMMA", "BMMA", "QMMA"):
        return 2 if "F16" in modifiers and "F32" not in modifiers else 4
    if kind == "DMMA":
        return 4 if "8x8x4" in modifiers else 8
    if kind in ("TEX", "TLD", "TLD4", "SULD", "LDSM"):
        counted = [int(m) for m in modifiers if m in ("2", "4")]
        return counted[-1] if counted else 1 if kind == "LDSM" else 4
    if kind in WIDE_CONVERSIONS:
        types = [m for m in modifiers if re.match(r"[FSU]\d+$", m)]
        return 2 if types and types[0] in WIDE_CONVERSIONS[kind] else 1
    if kind.startswith("ATOM") and {"F64", "S64", "U64"} & set(modifiers):
        return 2
    for modifier, width in (("128", 4), ("96", 3), ("64", 2), ("TRANS64", 2), ("WIDE", 2)):
        if modifier in modifiers:
            return width
    if kind in ("DADD", "DMUL", "DFMA", "DMNMX", "LEPC", "GETLMEMBASE"):
        return 2
    return 2 if kind == "CS2R" and "32" not in modifiers else 1


def written(ins):
    """The registers that an instruction writes.

    The first operand that is no predicate is the result; stores have an address there.
    An opcode that is not known here therefore counts as a writer.
    """
    if ins.kind in NO_RESULT:
        return range(0)
    operand = next((o for o in ins.operands if not PREDICATE.match(o)), "")
    match = REGISTER.match(operand)
    if not match:
        return range(0)
    first = int(match.group(1))
    return range(first, first + result_width(ins))


def pending_limit(ins):
    """How many groups a wait leaves in flight; None when it is no certain wait."""
    if ins.opcode != "WARPGROUP.DEPBAR.LE" or ins.guard or ins.operands[:1] != ("gsb0",):
        return None
    return int(ins.operands[1], 0)


def describe(kernel, path):
    """The kind of a path: which jumps lead from the wgmma to the write."""
    parts = []
    for edge in path:
        if edge.taken:
            source = kernel.instructions[kernel.blocks[edge.source].end - 1].address
            target = kernel.instructions[kernel.blocks[edge.target].first].address
            kind = "back edge" if edge.back else "branch"
            parts.append(f"{kind} {source:#x} -> {target:#x}")
    return ", ".join(parts) or "straight line"


def follow(kernel, wgmma, most_pending):
    """The writes that can happen while `wgmma` is in flight.

    `age` counts the groups committed after its own; it is -1 until its own group is.
    A wait that leaves N groups retires the ages from N on. Older instances of the same
    wgmma are retired no later than this one, so that one age stands for all of them.
    """
    findings = {}
    seen = set()
    start = kernel.block_of(wgmma.index)
    # Paths over fewer back edges, then fewer jumps, come first: the simplest is reported.
    age = 0 if wgmma.commits else -1
    tick = itertools.count()
    work = [(0, 0, next(tick), start, wgmma.index + 1, age, ())]
    while work:
        backs, jumps, _, b, first, age, path = heapq.heappop(work)
        if (b, first, age) in seen:
            continue
        seen.add((b, first, age))
        for index in range(first, kernel.blocks[b].end):
            ins = kernel.instructions[index]
            for register in written(ins):
                if register in wgmma.reads and index not in findings:
                    role = wgmma.reads[register]
                    findings[index] = Finding(kernel, wgmma, index, register, role, path)
            if not kernel.follows_all(ins) and index not in findings:
                findings[index] = Finding(kernel, wgmma, index, None, None, path)
            if ins.kind in WGMMA and ins.operands[-1:] == ("gsb0",) and not ins.guard:
                age = min(age + 1, most_pending)
            limit = pending_limit(ins)
            if limit is not None and age >= limit:
                break
        else:
            for edge in kernel.blocks[b].edges:
                entry = kernel.blocks[edge.target].first
                cost = (backs + edge.back, jumps + edge.taken, next(tick))
                heapq.heappush(work, (*cost, edge.target, entry, age, path + (edge,)))
    return list(findings.values())


def check_kernel(kernel):
    """The wgmmas of a kernel and what is wrong with them."""
    instructions = kernel.instructions
    wgmmas = [parse_wgmma(i, ins) for i, ins in enumerate(instructions) if ins.kind in WGMMA]
    limits = [pending_limit(ins) for ins in instructions]
    most_pending = max((limit for limit in limits if limit is not None), default=0)
    findings = []
    for wgmma in wgmmas:
        if wgmma.reads:
            findings += follow(kernel, wgmma, most_pending)
    return wgmmas, findings


def message(finding):
    kernel, reader = finding.kernel, finding.wgmma.instruction
    writer = kernel.instructions[finding.index]
    place = f"{kernel.name}:{writer.address:#x}"
    path = describe(kernel, finding.path)
    wgmma = f"'{reader}' at {reader.address:#x}"
    if finding.register is None:
        return (f"{place}: expected a jump whose targets are known while {wgmma} is in flight, "
                f"but got '{writer}' ({path})")
    return (f"{place}: expected no write of R{finding.register}, {finding.role} of {wgmma}, "
            f"before a wait retires it, but got '{writer}' ({path})")


def check_text(text, source):
    """Messages of the findings, and the numbers of kernels and of wgmmas."""
    kernels = sasslib.parse(text)
    if not kernels:
        shown = " ".join(text.split())[:60]
        raise SassError(f"{source}: expected SASS instructions, but got '{shown}'")
    messages, count = [], 0
    for kernel in kernels:
        wgmmas, findings = check_kernel(kernel)
        # ptxas commits an empty group with a wgmma that has no result.
        count += sum(wgmma.instruction.operands[0] != "RZ" for wgmma in wgmmas)
        messages += [message(finding) for finding in findings]
    return messages, len(kernels), count


SPILL = re.compile(r"(\d+) bytes spill stores, (\d+) bytes spill loads")
FUNCTION = re.compile(r"Function properties for (\S+)")
# C7510 to C7514: wgmma is serialized. C7517, C7519: ptxas adds a wait or an arrive. Each
# reason to serialize and to ignore setmaxnreg has a number of its own, hence the words.
ADVICE = re.compile(r"\(C75(?:10|11|13|14|17|19)\)|wgmma.*serialized|setmaxnreg.*ignored")


def check_advice(text):
    """Messages on what ptxas -v printed, and the number of functions in it."""
    messages, function, count = [], "(no name)", 0
    for line in text.splitlines():
        named = FUNCTION.search(line)
        if named:
            function = named.group(1)
            count += 1
        spill = SPILL.search(line)
        if spill and spill.groups() != ("0", "0"):
            messages.append(f"{function}: expected no spills, but got {spill.group(0)}")
        if ADVICE.search(line):
            messages.append(f"expected no advice from ptxas, but got '{line.strip()}'")
    return messages, count


def assemble(ptx, arch, cubin):
    """What ptxas -v says of a program, which it must accept."""
    ptxas = sasslib.find_tool("ptxas")
    if not ptxas:
        raise SassError("expected ptxas on PATH or in CUDA_HOME, but got none")
    command = [ptxas, "-v", f"-arch={arch}", str(ptx), "-o", str(cubin)]
    result = subprocess.run(command, capture_output=True, text=True)
    said = result.stdout + result.stderr
    if result.returncode:
        raise SassError(f"expected PTX that ptxas takes for {arch}, but got '{said.strip()}'")
    return said


def check_input(data, source, arch, advice_only, folder):
    """Messages and a summary for one input."""
    binary = data.startswith((b"\x7fELF", b"\x50\xed\x55\xba"))
    text = "" if binary else data.decode("utf-8", errors="replace")
    is_ptx = bool(re.search(r"^\s*\.version\s+\d", text, re.M))
    if advice_only and not is_ptx:
        raise SassError(f"{source}: expected PTX, but got {'a binary' if binary else 'other text'}")
    messages, parts = [], []
    cubin = folder / "input.cubin"
    if is_ptx:
        (folder / "input.ptx").write_bytes(data)
        messages, functions = check_advice(assemble(folder / "input.ptx", arch, cubin))
        if not functions:
            raise SassError(f"{source}: expected a kernel, but got PTX without code")
        parts.append(f"{functions} functions assembled")
    if not advice_only:
        if binary:
            cubin.write_bytes(data)
        if binary or is_ptx:
            text = sasslib.disassemble(cubin)
        found, kernels, wgmmas = check_text(text, source)
        messages += found
        parts.append(f"{kernels} kernels, {wgmmas} wgmmas checked")
    return messages, ", ".join(parts)


LOOP = """
 /*0000*/ LDS R2, [R0] ;
 /*0010*/ HGMMA.SP.64x8x32.F32.BF16 R24, gdesc[UR4], R24, R2, 0x0, gsb0 ;
 /*0020*/ WARPGROUP.DEPBAR.LE gsb0, %s ;
 /*0030*/ @P0 BRA 0x0 ;
 /*0040*/ EXIT ;
"""
CASES = [
    ("waits for all", {"a.sass": LOOP % "0x0"}, 0),
    ("leaves one in flight", {"a.sass": LOOP % "0x1"}, 1),
]


def check(root):
    return [m for f in sorted(root.glob("*.sass")) for m in check_text(f.read_text(), f.name)[0]]


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("inputs", nargs="*", help="cubin, SASS text or PTX; - is standard input")
    parser.add_argument("--ptxas", action="store_true", help="check only what ptxas says of PTX")
    parser.add_argument("--arch", default="sm_90a", help="what PTX is assembled for (%(default)s)")
    parser.add_argument("--self-test", action="store_true", help="prove that it can fail")
    arguments = parser.parse_args()
    if arguments.self_test:
        return 1 if lintlib.self_test(check, CASES) else 0
    if not arguments.inputs:
        print("skipped: no input named (a cubin, SASS text or PTX)")
        return lintlib.SKIPPED
    total = 0
    try:
        for name in arguments.inputs:
            data = sys.stdin.buffer.read() if name == "-" else pathlib.Path(name).read_bytes()
            with tempfile.TemporaryDirectory() as folder:
                messages, summary = check_input(
                    data, name, arguments.arch, arguments.ptxas, pathlib.Path(folder)
                )
            for text in messages:
                print(text)
            print(f"{name}: {summary}, {len(messages)} findings")
            total += len(messages)
    except (OSError, SassError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 1 if total else 0


if __name__ == "__main__":
    sys.exit(main())
