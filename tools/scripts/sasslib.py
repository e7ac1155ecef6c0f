"""SASS as data: disassembles a cubin, and builds each kernel's control-flow graph.

The text is what nvdisasm -c or cuobjdump -sass print. nvdisasm is preferred: only it
names the targets of an indirect branch.
"""

import dataclasses
import os
import re
import shutil
import subprocess


class SassError(Exception):
    """The input cannot be checked; the text says what was expected."""


def find_tool(name):
    """The path of a program of the CUDA toolkit, or None."""
    homes = [os.environ.get("CUDA_HOME"), "/usr/local/cuda"]
    folders = [os.path.join(home, "bin") for home in homes if home]
    return shutil.which(name) or shutil.which(name, path=os.pathsep.join(folders))


def disassemble(path):
    """The SASS text of a cubin."""
    for name, options in (("nvdisasm", ["-c"]), ("cuobjdump", ["-sass"])):
        tool = find_tool(name)
        if tool:
            result = subprocess.run([tool, *options, str(path)], capture_output=True, text=True)
            if result.returncode:
                said = (result.stderr or result.stdout).strip()
                raise SassError(f"expected a cubin that {name} reads, but got '{said}'")
            return result.stdout
    raise SassError("expected nvdisasm or cuobjdump on PATH or in CUDA_HOME, but got neither")


@dataclasses.dataclass(frozen=True)
class Instruction:
    """One instruction; `guard` is '' when it always executes."""

    address: int
    guard: str
    opcode: str
    operands: tuple
    targets: tuple = ()  # Labels or addresses that the text names.

    @property
    def kind(self):
        return self.opcode.split(".")[0]

    @property
    def modifiers(self):
        return self.opcode.split(".")[1:]

    def __str__(self):
        guard = f"{self.guard} " if self.guard else ""
        return f"{guard}{self.opcode} {', '.join(self.operands)}".strip()


@dataclasses.dataclass
class Edge:
    """Control goes from the end of block `source` to the start of block `target`."""

    source: int
    target: int
    taken: bool  # False: control falls through.
    back: bool = False


@dataclasses.dataclass
class Block:
    first: int
    end: int
    edges: list = dataclasses.field(default_factory=list)


HEADER = re.compile(r"^\s*(?:\.section\s+\.text\.([^\s,]+)|Function : (\S+))")
LABEL = re.compile(r"^\s*([^\s/:]+):\s*$")
LINE = re.compile(r"^\s*/\*([0-9a-f]{4,})\*/\s*(.*?)\s*;?\s*(?:/\*.*)?$")
TEXT = re.compile(r"^(?:(@!?U?P\w+)\s+)?([A-Z][\w.]*)\s*(.*)$")
BRANCH_TARGETS = re.compile(r'\(\*"BRANCH_TARGETS ([^"]*)"\*\)')
REFERENCE = re.compile(r"`\(([^()]+)\)")
NUMBER = re.compile(r"0x[0-9a-f]+$")
PREDICATE = re.compile(r"!?U?P(?:\d+|T)$")
# The last operand of these is an address of code.
JUMPS = {"BRA", "JMP", "CALL", "BSSY", "WARPSYNC"}
INDIRECT = {"BRX", "BRXU", "JMX", "JMXU"}
CONDITIONAL = {"BRA", "JMP", "EXIT", "KILL"}
NO_FALL_THROUGH = {"BRA", "JMP", "EXIT", "RET", "KILL", "RTT"} | INDIRECT


def parse_instruction(address, text):
    named = BRANCH_TARGETS.search(text)
    match = TEXT.match(BRANCH_TARGETS.sub("", text).strip())
    if not match:
        raise SassError(f"expected an instruction at {address:#x}, but got '{text}'")
    guard, opcode, rest = match.groups()
    if guard in ("@PT", "@UPT"):
        guard = ""
    operands = tuple(part.strip() for part in rest.split(",")) if rest else ()
    kind = opcode.split(".")[0]
    targets = ()
    if named:
        targets = tuple(label.strip() for label in named.group(1).split(","))
    elif kind in JUMPS and operands:
        label = REFERENCE.search(operands[-1])
        if label:
            targets = (label.group(1),)
        # An absolute address is one of another section until it is linked.
        elif NUMBER.match(operands[-1]) and kind != "WARPSYNC" and ".ABS" not in opcode:
            targets = (int(operands[-1], 16),)
    return Instruction(address, guard or "", opcode, operands, targets)


class Kernel:
    """The instructions of one section of code, and its basic blocks."""

    def __init__(self, name, instructions, labels):
        self.name = name
        self.instructions = instructions
        self.labels = labels  # Label to index of the instruction that follows it.
        self._index = {ins.address: i for i, ins in enumerate(instructions)}
        self.blocks = self._split()
        self._connect()
        self._mark_back_edges()

    def resolve(self, target):
        """The index of the instruction at `target`; None outside of this section."""
        table = self._index if isinstance(target, int) else self.labels
        index = table.get(target)
        return index if index is not None and index < len(self.instructions) else None

    def follows_all(self, ins):
        """Whether every place that control reaches from `ins` is known."""
        if ins.kind not in INDIRECT | {"CALL", "BRA", "JMP"}:
            return True
        return bool(ins.targets) and all(self.resolve(t) is not None for t in ins.targets)

    def block_of(self, index):
        return self._block_of[index]

    def _split(self):
        starts = {0}
        for i, ins in enumerate(self.instructions):
            starts.update(filter(None, map(self.resolve, ins.targets)))
            if ins.targets or ins.kind in NO_FALL_THROUGH | {"BSYNC"}:
                starts.add(i + 1)
        starts = sorted(s for s in starts if s < len(self.instructions))
        ends = starts[1:] + [len(self.instructions)]
        blocks = [Block(first, end) for first, end in zip(starts, ends)]
        self._block_of = [
            b for b, block in enumerate(blocks) for _ in range(block.first, block.end)
        ]
        return blocks

    def _connect(self):
        """BSYNC goes where the BSSY that set its barrier says, so edges and the values
        of barriers are found together."""
        entering = {}
        work = []
        # A block that only an unknown branch reaches still needs its edges.
        unreached = list(reversed(range(len(self.blocks))))
        while work or unreached:
            if not work:
                b = unreached.pop()
                if b in entering:
                    continue
                entering[b] = {}
                work.append(b)
            b = work.pop()
            block = self.blocks[b]
            barriers = {name: set(targets) for name, targets in entering[b].items()}
            for ins in self.instructions[block.first : block.end]:
                if ins.kind == "BSSY":
                    barriers[ins.operands[0]] = set(map(self.resolve, ins.targets)) - {None}
            block.edges = self._edges(b, barriers)
            for edge in block.edges:
                known = entering.get(edge.target)
                state = entering.setdefault(edge.target, {})
                before = sum(map(len, state.values()))
                for name, targets in barriers.items():
                    state.setdefault(name, set()).update(targets)
                if known is None or sum(map(len, state.values())) != before:
                    work.append(edge.target)

    def _edges(self, b, barriers):
        block = self.blocks[b]
        last = self.instructions[block.end - 1]
        if last.kind == "BSYNC":
            places = barriers.get(last.operands[0]) or {block.end}
            if last.guard:
                places = places | {block.end}
        else:
            jumps = last.targets if last.kind != "BSSY" else ()
            places = {self.resolve(target) for target in jumps} - {None}
            # More operands than the target are conditions, as in BRA.DIV UR4, L.
            conditions = len(last.operands) - (last.kind in JUMPS)
            conditional = last.guard or (last.kind in CONDITIONAL and conditions > 0)
            if last.kind not in NO_FALL_THROUGH or conditional:
                places.add(block.end)
        return [
            Edge(b, self._block_of[place], place != block.end)
            for place in sorted(places)
            if place < len(self.instructions)
        ]

    def _mark_back_edges(self):
        """An edge to a block that the depth-first walk is still inside closes a loop."""
        seen = set()
        for root in range(len(self.blocks)):
            if root in seen:
                continue
            seen.add(root)
            open_blocks = {root}
            stack = [(root, iter(self.blocks[root].edges))]
            while stack:
                b, edges = stack[-1]
                edge = next(edges, None)
                if edge is None:
                    open_blocks.discard(b)
                    stack.pop()
                elif edge.target in open_blocks:
                    edge.back = True
                elif edge.target not in seen:
                    seen.add(edge.target)
                    open_blocks.add(edge.target)
                    stack.append((edge.target, iter(self.blocks[edge.target].edges)))


def parse(text):
    """The kernels of a disassembly; text without a header is one kernel."""
    kernels = []
    name, instructions, labels = "(no name)", [], {}

    def close():
        if instructions:
            kernels.append(Kernel(name, instructions, labels))

    for line in text.splitlines():
        header = HEADER.match(line)
        if header or line.lstrip().startswith(".section"):
            close()
            name = (header.group(1) or header.group(2)) if header else "(no name)"
            instructions, labels = [], {}
            continue
        label = LABEL.match(line)
        if label:
            labels[label.group(1)] = len(instructions)
            continue
        match = LINE.match(line)
        if match and match.group(2):
            instructions.append(parse_instruction(int(match.group(1), 16), match.group(2)))
    close()
    return kernels
